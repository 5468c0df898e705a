"""Baselines with their score and warnings."""

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers, viewsets
from rest_framework.exceptions import ValidationError

from core.models import Region
from slumareas import scoring
from slumareas.api.values import MeasuredSerializer, ResultsSerializer, VillageField, WithClass, confirmable
from slumareas.api.visible import Visible
from slumareas.filters import BaselineFilter
from slumareas.models import AssessmentYear, Baseline, NeighbourhoodUnit
from slumareas.models.places import FIRST_YEAR, LAST_YEAR, normalised_unit
from slumareas.models.quantities import QUANTITY_KEYS
from slumareas.models.years import RULE_SET_CHOICES


class UnitField(serializers.CharField):
    """RW or RT however it is written: `RT 001`, `001` and `1` are stored as `1`."""

    def __init__(self, **kwargs):
        super().__init__(**{"max_length": 40, "allow_blank": True, "default": ""} | kwargs)

    def to_internal_value(self, data):
        text = super().to_internal_value(data)
        self.run_validators(text)  # of what was sent; the normal form would hide it
        return normalised_unit(text)


class BaselineSerializer(WithClass, MeasuredSerializer):
    """Named by `region`, `rw`, `rt`, `year` and `rule_set`; without RW and RT it is the survey of a whole village."""

    key = serializers.CharField(source="id", read_only=True)
    region = VillageField(source="unit.region", queryset=Region.objects.villages())
    rw = UnitField(source="unit.rw")
    rt = UnitField(source="unit.rt")
    year = serializers.IntegerField(source="assessment_year.year", min_value=FIRST_YEAR, max_value=LAST_YEAR)
    rule_set = serializers.ChoiceField(
        source="assessment_year.rule_set",
        choices=RULE_SET_CHOICES,
        required=False,
        help_text="Where it is not given: permen_2_2016 up to 2018, permen_14_2018 from 2019.",
    )
    status = serializers.ChoiceField(
        source="assessment_year.status", choices=AssessmentYear.Status.choices, read_only=True
    )
    neighbourhood = serializers.CharField(source="unit_id", read_only=True)
    slum_area = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    photo = serializers.SerializerMethodField(help_text="Address of the photo, or null.")

    class Meta:
        model = Baseline
        fields = [
            "key",
            "region",
            "rw",
            "rt",
            "year",
            "rule_set",
            "status",
            "neighbourhood",
            "slum_area",
            *QUANTITY_KEYS,
            "open_space_kind",
            "open_space_note",
            "note",
            "source",
            "is_made_up",
            "photo",
            "total",
        ]
        read_only_fields = ["total"]

    @extend_schema_field({"type": "string", "nullable": True})
    def get_photo(self, baseline):
        return reverse("slumareas:baseline_photo", args=[baseline.pk]) if baseline.photo else None


class BaselineDetailSerializer(ResultsSerializer, BaselineSerializer):
    """With what follows from the volumes, unrounded, and the warnings; null stands for what could not be assessed."""

    class Meta(BaselineSerializer.Meta):
        fields = [*BaselineSerializer.Meta.fields, *ResultsSerializer.RESULTS]

    def noticed(self, baseline):
        return confirmable(baseline.findings())

    @transaction.atomic
    def create(self, validated_data):
        place, measured = validated_data.pop("unit"), validated_data.pop("assessment_year")
        year = measured["year"]
        rule_set = measured.get("rule_set") or scoring.default_rule_set(year)
        held = AssessmentYear.lock_for_change(year, rule_set)
        return self.store(Baseline(unit=self._unit(**place), assessment_year=held, **validated_data))

    def _unit(self, **place) -> NeighbourhoodUnit:
        found = NeighbourhoodUnit.objects.select_related("region", "slum_area").filter(**place).first()
        if found:
            return found
        if not self.context["request"].user.has_perm("slumareas.add_neighbourhoodunit"):
            raise ValidationError({"rt": [_("This RT is not recorded in the village, and you may not record it.")]})
        unit = NeighbourhoodUnit(**place)
        unit.full_clean()
        return NeighbourhoodUnit.objects.get_or_create(**place)[0]

    @transaction.atomic
    def update(self, instance, validated_data):
        self._stays(instance.unit, validated_data.pop("unit", {}))
        self._stays(instance.assessment_year, validated_data.pop("assessment_year", {}))
        AssessmentYear.lock_for_change(instance.assessment_year.year, instance.assessment_year.rule_set)
        # What somebody else stored since this request began is kept where it is not sent.
        baseline = self.context["view"].get_queryset().get(pk=instance.pk)
        return super().update(baseline, validated_data)

    def _stays(self, record, given: dict) -> None:
        for name, value in given.items():
            # PUT sends what was left out as empty; a rule set that is left out is the stored one.
            if value != getattr(record, name) and name in self.initial_data:
                sentence = _("A baseline stays in its neighbourhood and year. Create a new one there instead.")
                raise ValidationError({name: [sentence]})


class BaselineViewSet(Visible, viewsets.ModelViewSet):
    """What was measured in a neighbourhood for a year. Numbers are strings; blank is null, never 0.

    An RT that is not recorded in the village yet is recorded with its first baseline. Errors are refused with 400,
    warnings come back with the stored object, a verified or locked year answers 409.
    """

    queryset = Baseline.objects.select_related("unit__region", "unit__slum_area", "assessment_year", "slum_area")
    filterset_class = BaselineFilter
    ordering_names = {
        "year": "assessment_year__year",
        "rule_set": "assessment_year__rule_set",
        "region": "unit__region__code",
        "rw": "unit__rw",
        "rt": "unit__rt",
        "total": "total",
        "class": "slum_class",
        "verified_area_ha": "verified_area_ha",
    }

    def get_serializer_class(self):
        return BaselineSerializer if self.action == "list" else BaselineDetailSerializer
