"""Results above the neighbourhood."""

from django.http import Http404
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers, viewsets

from slumareas.api.values import NumberField, ResultsSerializer, WithClass, confirmable
from slumareas.api.visible import Visible
from slumareas.filters import AssessmentFilter
from slumareas.models import Assessment, AssessmentYear
from slumareas.models.assessments import METHODS
from slumareas.models.years import RULE_SET_CHOICES


class AssessmentSerializer(WithClass, serializers.ModelSerializer):
    key = serializers.CharField(read_only=True)
    year = serializers.IntegerField(source="assessment_year.year", read_only=True)
    rule_set = serializers.ChoiceField(source="assessment_year.rule_set", choices=RULE_SET_CHOICES, read_only=True)
    status = serializers.ChoiceField(
        source="assessment_year.status", choices=AssessmentYear.Status.choices, read_only=True
    )
    name = serializers.CharField(source="place", read_only=True)
    slum_area = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    region = serializers.SlugRelatedField(slug_field="code", read_only=True)
    hectares = serializers.SerializerMethodField(help_text="By class, of method a (areas) and b (neighbourhoods).")
    changes = serializers.SerializerMethodField(
        help_text="Of the slum hectares against the year before, by cause and method; a reduction is negative. "
        "Null for whoever may not see the year before, because it is still drafted."
    )

    class Meta:
        model = Assessment
        fields = [
            "key",
            "level",
            "name",
            "slum_area",
            "region",
            "year",
            "rule_set",
            "status",
            "is_village_survey",
            "unit_count",
            "assessed_count",
            "has_made_up",
            "total",
            "hectares",
            "changes",
        ]

    @extend_schema_field(serializers.DictField(child=serializers.DictField(child=NumberField())))
    def get_hectares(self, assessment):
        return self._by_method(assessment.hectares)

    @extend_schema_field(serializers.DictField(child=serializers.DictField(child=NumberField()), allow_null=True))
    def get_changes(self, assessment):
        return self._by_method(assessment.changes) if self._may_compare(assessment.assessment_year) else None

    def _may_compare(self, year: AssessmentYear) -> bool:
        """The difference would tell what is drafted for the year before. Asked once for each year."""
        user = self.context["request"].user
        if user.role not in (user.Role.VIEWER, user.Role.VILLAGE_USER):
            return True
        known = self.context.setdefault("comparable_years", {})
        if year.pk not in known:
            previous = year.previous()
            known[year.pk] = previous is None or not previous.is_draft
        return known[year.pk]

    @staticmethod
    def _by_method(read):
        written = NumberField().to_representation
        return {method: {name: written(value) for name, value in read(method).items()} for method in METHODS}


class AssessmentDetailSerializer(ResultsSerializer, AssessmentSerializer):
    """With the sums, and what follows from them, unrounded; null stands for what could not be assessed."""

    denominators = serializers.DictField(child=NumberField(allow_null=True), read_only=True)
    numerators = serializers.SerializerMethodField(help_text="Of the criteria of the rule set.")

    class Meta(AssessmentSerializer.Meta):
        fields = [*AssessmentSerializer.Meta.fields, "denominators", "numerators", *ResultsSerializer.RESULTS]

    @extend_schema_field(serializers.DictField(child=NumberField(allow_null=True)))
    def get_numerators(self, assessment):
        written = NumberField().to_representation
        found = {name: assessment.numerators[name] for name in assessment.scored.score}
        return {name: None if value is None else written(value) for name, value in found.items()}

    def noticed(self, assessment):
        return confirmable(assessment.scored.warnings)


class AssessmentViewSet(Visible, viewsets.ReadOnlyModelViewSet):
    """Computed from the baselines, never set. The class of a village, district or regency is a calculated one."""

    queryset = Assessment.objects.select_related("assessment_year", "slum_area", "region")
    lookup_value_regex = r"\d{4}-[a-z0-9_]+-[a-z]+-[-\w.]+"
    filterset_class = AssessmentFilter
    ordering_names = {
        "year": "assessment_year__year",
        "level": "level",
        "region": "region__code",
        "slum_area": "slum_area__slug",
        "total": "total",
        "class": "slum_class",
    }

    def get_serializer_class(self):
        return AssessmentDetailSerializer if self.action == "retrieve" else AssessmentSerializer

    def get_object(self):
        year, rule_set, level, place = self.kwargs["key"].split("-", 3)
        found = self.get_queryset().filter(assessment_year__year=year, assessment_year__rule_set=rule_set, level=level)
        path = "slum_area__slug" if level == Assessment.Level.AREA else "region__code"
        assessment = found.filter(**{path: place}).first()
        if assessment is None:
            raise Http404
        return assessment
