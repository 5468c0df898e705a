"""The API of slum areas: the same records, rights and doors as the pages."""

import copy
import re

import django_filters
from django.db import transaction
from django.db.models import OuterRef, Prefetch, Subquery
from django.http import Http404
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_serializer, extend_schema_view
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied, ValidationError
from rest_framework.filters import OrderingFilter
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response

from core.api import CheckedSerializer, ErrorSerializer, ReasonSerializer, VisibleKeyField
from core.jobs import Job
from core.models import Region
from core.refusals import Refused
from core.rest import ModelPermissions, VerbPermissions
from slumareas import checking, scoring
from slumareas.filters import (
    AssessmentFilter,
    AssessmentYearFilter,
    BaselineFilter,
    DecreeFilter,
    ImportFilter,
    NeighbourhoodFilter,
    RegionFilter,
    ReportedHectaresFilter,
    SlumAreaFilter,
    WorkFilter,
    YearFilter,
    years_with_results,
)
from slumareas.importing import doors
from slumareas.importing.preview import read_report
from slumareas.models import (
    AreaBoundary,
    Assessment,
    AssessmentYear,
    Baseline,
    Decree,
    DecreeArea,
    Import,
    NeighbourhoodUnit,
    ReportedHectares,
    ReportingGroup,
    SlumArea,
    Work,
    YearStatusChange,
)
from slumareas.models.assessments import METHODS
from slumareas.models.places import FIRST_YEAR, LAST_YEAR, normalised_unit
from slumareas.models.quantities import QUANTITY_KEYS, QuantityField
from slumareas.models.years import RULE_SET_CHOICES


# --- how values are written ------------------------------------------------------------------------------
@extend_schema_field({"type": "string", "format": "decimal"})
class NumberField(serializers.Field):
    """A decimal as a string without trailing zeros; a JSON number is understood as well. Blank is null, never 0."""

    PLAIN = re.compile(r"^\s*[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d{1,3})?\s*$", re.ASCII | re.IGNORECASE)

    def __init__(self, *args, quantity: QuantityField | None = None, **kwargs):
        self.quantity = quantity
        super().__init__(*args, **kwargs)

    def validate_empty_values(self, data):
        return super().validate_empty_values(None if data == "" and self.allow_null else data)

    def to_internal_value(self, data):
        is_number = isinstance(data, int | float) and not isinstance(data, bool)
        if not is_number and not (isinstance(data, str) and self.PLAIN.match(data[:60])):
            raise ValidationError(self.quantity.error_messages["invalid"])
        return self.quantity.to_python(data)

    def to_representation(self, value):
        text = f"{value:f}"
        return text.rstrip("0").rstrip(".") if "." in text else text


class ClassField(serializers.ChoiceField):
    """The slum class; null while something is not assessed."""

    def __init__(self, **kwargs):
        super().__init__(
            **{"source": "slum_class", "choices": list(scoring.SLUM_CLASSES.items()), "read_only": True} | kwargs,
            allow_null=True,
        )

    def to_representation(self, value):
        return value or None


class WithClass:
    """Adds `class`, a word that cannot be an attribute."""

    def get_fields(self):
        return {**super().get_fields(), "class": ClassField()}


class VillageField(VisibleKeyField):
    """A kelurahan or desa by its code; a village user knows of the own one alone."""

    def __init__(self, **kwargs):
        super().__init__(slug_field="code", **kwargs)

    def get_queryset(self):
        user, villages = self.context["request"].user, Region.objects.villages()
        return villages.within(user.region) if user.role == user.Role.VILLAGE_USER else villages


class WarningSerializer(serializers.Serializer):
    """Something to be confirmed: stored all the same. `field` is empty where the row as a whole is meant."""

    code = serializers.CharField()
    field = serializers.CharField()
    message = serializers.CharField()


def _warnings(findings) -> list[dict]:
    return [
        {"code": one.code, "field": one.field, "message": checking.FINDINGS[one.code][1]}
        for one in findings
        if checking.FINDINGS[one.code][0] == checking.WARNING
    ]


class ResultsSerializer(serializers.Serializer):
    """What follows from the volumes, unrounded; null stands for what could not be assessed."""

    percent = serializers.DictField(child=NumberField(allow_null=True), source="scored.percent", read_only=True)
    score = serializers.DictField(
        child=serializers.IntegerField(allow_null=True), source="scored.score", read_only=True
    )
    aspect_average = serializers.DictField(
        child=NumberField(allow_null=True), source="scored.aspect_average", read_only=True
    )
    sector_average = NumberField(source="scored.sector_average", allow_null=True, read_only=True)
    not_assessed = serializers.ListField(child=serializers.CharField(), source="scored.not_assessed", read_only=True)
    warnings = WarningSerializer(many=True, source="noticed", read_only=True)

    RESULTS = ("percent", "score", "aspect_average", "sector_average", "not_assessed", "warnings")

    def to_representation(self, instance):
        instance.scored = instance.result()
        instance.noticed = self.noticed(instance)
        return super().to_representation(instance)


class MeasuredSerializer(CheckedSerializer):
    serializer_field_mapping = {**CheckedSerializer.serializer_field_mapping, QuantityField: NumberField}

    def build_standard_field(self, field_name, model_field):
        field_class, arguments = super().build_standard_field(field_name, model_field)
        return field_class, {**arguments, "quantity": model_field} if field_class is NumberField else arguments


# --- how records are found -------------------------------------------------------------------------------
class NamedOrdering(OrderingFilter):
    """`?ordering=-year`: by the names that the objects have in the API; the primary key decides between equals."""

    def get_schema_operation_parameters(self, view):
        parameters = super().get_schema_operation_parameters(view)
        names = ", ".join(view.ordering_names)
        return [{**one, "description": f"One or several of: {names}; - in front turns it."} for one in parameters]

    def get_valid_fields(self, queryset, view, context=None):
        return [(name, name) for name in view.ordering_names]

    def get_ordering(self, request, queryset, view):
        names = super().get_ordering(request, queryset, view)
        if not names:
            return names
        paths = [("-" if name.startswith("-") else "") + view.ordering_names[name.lstrip("-")] for name in names]
        return [*paths, "pk"]


class Visible(viewsets.GenericViewSet):
    """Only what this person may see. The filter searches, as on the page."""

    lookup_url_kwarg = "key"
    lookup_value_regex = r"\d{1,18}"
    filter_backends = [DjangoFilterBackend, NamedOrdering]
    ordering_names: dict[str, str] = {}

    def get_queryset(self):
        queryset = super().get_queryset()
        return queryset.visible_to(self.request.user) if hasattr(queryset, "visible_to") else queryset


# --- results above the neighbourhood ---------------------------------------------------------------------
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
        return _warnings(assessment.scored.warnings)


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


# --- areas -----------------------------------------------------------------------------------------------
class GeoJSONRenderer(JSONRenderer):
    """RFC 7946: each object a Feature with its other fields as properties, a list of them a FeatureCollection."""

    media_type = "application/geo+json"
    format = "geojson"

    def render(self, data, accepted_media_type=None, renderer_context=None):
        return super().render(self._shape(data), accepted_media_type, renderer_context)

    def _shape(self, data):
        if isinstance(data, dict) and "results" in data:
            return {**self._collection(data.pop("results")), **data}
        return self._collection(data) if isinstance(data, list) else self._feature(data)

    def _collection(self, rows):
        return {"type": "FeatureCollection", "features": [self._feature(row) for row in rows]}

    @staticmethod
    def _feature(row):
        properties = dict(row)
        geometry = properties.pop("geometry")
        return {"type": "Feature", "id": row["key"], "geometry": geometry, "properties": properties}


class FeatureSerializer(serializers.Serializer):
    type = serializers.ChoiceField(choices=["Feature"])
    id = serializers.CharField()
    geometry = serializers.JSONField(
        allow_null=True, help_text="WGS84 longitude and latitude; null where none is drawn."
    )
    properties = serializers.JSONField(help_text="The object as in the list.")


@extend_schema_serializer(many=False)
class FeatureCollectionSerializer(serializers.Serializer):
    type = serializers.ChoiceField(choices=["FeatureCollection"])
    features = FeatureSerializer(many=True)
    count = serializers.IntegerField(required=False, help_text="Only where a page was asked for.")
    next = serializers.URLField(required=False, allow_null=True)
    previous = serializers.URLField(required=False, allow_null=True)


class SlumAreaSerializer(CheckedSerializer):
    key = serializers.CharField(source="slug", read_only=True)
    villages = VisibleKeyField(slug_field="code", queryset=Region.objects.villages(), many=True, allow_empty=False)
    is_legal = serializers.BooleanField(read_only=True, allow_null=True)
    assessment = serializers.SerializerMethodField(
        help_text="The result of the year that was asked for, else of the latest; null where there is none."
    )

    class Meta:
        model = SlumArea
        fields = [
            "key",
            "name",
            "kind",
            "villages",
            "description",
            "is_strategic",
            "has_community_support",
            "is_tenure_clear",
            "fits_spatial_plan",
            "has_building_permits",
            "is_legal",
            "assessment",
        ]

    @extend_schema_field(AssessmentSerializer(allow_null=True))
    def get_assessment(self, area):
        found = getattr(area, "shown_assessments", None) or [None]
        return found[0] and AssessmentSerializer(found[0], context=self.context).data

    @transaction.atomic
    def create(self, validated_data):
        villages = validated_data.pop("villages")
        area = SlumArea(**validated_data)
        area.full_clean(exclude=["slug"])
        area.check_villages(villages)
        area.save()
        area.villages.set(villages)
        return area

    @transaction.atomic
    def update(self, instance, validated_data):
        villages = validated_data.pop("villages", None)
        area = super().update(instance, validated_data)
        area.check_villages(area.villages.all() if villages is None else villages)
        if villages is not None:
            area.villages.set(villages)
        return area


class SlumAreaFeatureSerializer(SlumAreaSerializer):
    geometry = serializers.JSONField(read_only=True)

    class Meta(SlumAreaSerializer.Meta):
        fields = [*SlumAreaSerializer.Meta.fields, "geometry"]


class PlaceFilterBackend(DjangoFilterBackend):
    def get_filterset_kwargs(self, request, queryset, view):
        return {**super().get_filterset_kwargs(request, queryset, view), "results": view.results()}


class SlumAreaQuery(SlumAreaFilter):
    """As on the page, and which year's results are meant; `class` as elsewhere in the API."""

    region = RegionFilter(method="filter_region")
    year = YearFilter(method="take_all")
    rule_set = django_filters.ChoiceFilter(label=gettext_lazy("Rule set"), choices=RULE_SET_CHOICES, method="take_all")

    @classmethod
    def get_filters(cls):
        filters = super().get_filters()
        return {**filters, "class": copy.copy(filters["slum_class"])}

    def take_all(self, queryset, name, value):
        """The view reads it: no area is left out because it was not measured in the year."""
        return queryset


@extend_schema_view(
    list=extend_schema(
        responses={
            (200, "application/json"): SlumAreaSerializer(many=True),
            (200, "application/geo+json"): FeatureCollectionSerializer,
        }
    ),
    retrieve=extend_schema(
        responses={(200, "application/json"): SlumAreaSerializer, (200, "application/geo+json"): FeatureSerializer}
    ),
)
class SlumAreaViewSet(Visible, viewsets.ModelViewSet):
    """Areas with the result of one year: of `year` (and `rule_set`), else of the latest that this person may see.

    `format=geojson` answers as RFC 7946 with the latest boundary up to `year`, or null. A list in this form holds all
    areas at once; it is paged, with `count`, `next` and `previous`, only where `page` or `page_size` is given.
    """

    queryset = SlumArea.objects.all()
    serializer_class = SlumAreaSerializer
    lookup_field = "slug"
    lookup_value_regex = r"[-\w]{1,80}"
    filter_backends = [PlaceFilterBackend, NamedOrdering]
    filterset_class = SlumAreaQuery
    ordering_names = {"name": "name", "key": "slug", "kind": "kind"}

    def get_renderers(self):
        """Only what is read has a form for maps."""
        renderers = super().get_renderers()
        return [*renderers, GeoJSONRenderer()] if self.action in ("list", "retrieve") else renderers

    @property
    def is_geojson(self) -> bool:
        renderer = getattr(self.request, "accepted_renderer", None)
        return isinstance(renderer, GeoJSONRenderer)

    def get_serializer_class(self):
        return SlumAreaFeatureSerializer if self.is_geojson else SlumAreaSerializer

    def paginate_queryset(self, queryset):
        is_paged = not self.is_geojson or {"page", "page_size"} & self.request.query_params.keys()
        return super().paginate_queryset(queryset) if is_paged else None

    def finalize_response(self, request, response, *args, **kwargs):
        if response.status_code >= 400:  # errors have one form
            request.accepted_renderer, request.accepted_media_type = JSONRenderer(), JSONRenderer.media_type
        return super().finalize_response(request, response, *args, **kwargs)

    def shown_year(self) -> AssessmentYear | None:
        asked = self.request.query_params
        found = (
            year
            for year in years_with_results(self.request.user)
            if (asked.get("year") or str(year.year)) == str(year.year)
            and (asked.get("rule_set") or year.rule_set) == year.rule_set
        )
        return next(found, None)

    def results(self):
        return self._results

    def get_queryset(self):
        self._results = Assessment.objects.visible_to(self.request.user).filter(assessment_year=self.shown_year())
        shown = self._results.select_related("assessment_year", "slum_area", "region")
        areas = (
            super()
            .get_queryset()
            .prefetch_related("villages", Prefetch("assessments", queryset=shown, to_attr="shown_assessments"))
        )
        if self.is_geojson:
            drawn = AreaBoundary.objects.filter(slum_area=OuterRef("pk")).order_by("-year")
            year = self.request.query_params.get("year", "")
            if re.fullmatch(r"\d{4}", year, re.ASCII):  # anything else the filter refuses
                drawn = drawn.filter(year__lte=int(year))
            areas = areas.annotate(geometry=Subquery(drawn.values("geometry")[:1]))
        return areas


# --- decrees and what they report ------------------------------------------------------------------------
class DecreeAreaSerializer(MeasuredSerializer):
    slum_area = VisibleKeyField(slug_field="slug", queryset=SlumArea.objects.all())

    class Meta:
        model = DecreeArea
        fields = ["slum_area", "hectares"]


class DecreeSerializer(MeasuredSerializer):
    """`areas` is written as a whole: what is not in it is taken out of the decree."""

    key = serializers.CharField(source="id", read_only=True)
    areas = DecreeAreaSerializer(many=True, required=False)

    class Meta:
        model = Decree
        fields = ["key", "number", "year", "issued_on", "title", "note", "areas"]

    def validate_areas(self, areas):
        named = [row["slum_area"] for row in areas]
        if len(set(named)) < len(named):
            raise ValidationError(_("The decree names a slum area twice."))
        return areas

    def create(self, validated_data):
        return self._write(Decree(), **validated_data)

    def update(self, instance, validated_data):
        return self._write(instance, **validated_data)

    @transaction.atomic
    def _write(self, decree, areas=None, **values):
        for name, value in values.items():
            setattr(decree, name, value)
        self.store(decree)
        if areas is not None:
            stored = {row.slum_area_id: row for row in decree.areas.all()}
            for row in areas:
                found = stored.pop(row["slum_area"].pk, None) or DecreeArea(decree=decree, slum_area=row["slum_area"])
                found.hectares = row.get("hectares")
                self.store(found)
            for left in stored.values():
                left.delete()
        return Decree.objects.prefetch_related("areas__slum_area").get(pk=decree.pk)


class DecreeViewSet(Visible, viewsets.ModelViewSet):
    queryset = Decree.objects.prefetch_related("areas__slum_area")
    serializer_class = DecreeSerializer
    filterset_class = DecreeFilter
    ordering_names = {"year": "year", "number": "number", "issued_on": "issued_on"}


class ReportingGroupSerializer(CheckedSerializer):
    key = serializers.SlugField(source="slug", max_length=60)
    regions = VisibleKeyField(slug_field="code", queryset=Region.objects.all(), many=True, allow_empty=False)

    class Meta:
        model = ReportingGroup
        fields = ["key", "name", "regions"]

    def create(self, validated_data):
        return self._write(ReportingGroup(), **validated_data)

    def update(self, instance, validated_data):
        return self._write(instance, **validated_data)

    @transaction.atomic
    def _write(self, group, regions=None, **values):
        for name, value in values.items():
            setattr(group, name, value)
        self.store(group)
        if regions is not None:
            group.regions.set(regions)
        return group


class ReportingGroupViewSet(Visible, viewsets.ModelViewSet):
    """Regions whose hectares are published as one figure, which is never split."""

    queryset = ReportingGroup.objects.prefetch_related("regions")
    serializer_class = ReportingGroupSerializer
    lookup_field = "slug"
    lookup_value_regex = r"[-\w]{1,60}"
    ordering_names = {"name": "name", "key": "slug"}


class ReportedHectaresSerializer(MeasuredSerializer):
    key = serializers.CharField(source="id", read_only=True)
    group = serializers.SlugRelatedField(slug_field="slug", queryset=ReportingGroup.objects.all())
    decree = serializers.SlugRelatedField(
        slug_field="id", queryset=Decree.objects.all(), required=False, allow_null=True
    )

    class Meta:
        model = ReportedHectares
        fields = ["key", "group", "year", "kind", "hectares", "decree", "source", "explanation"]


class ReportedHectaresViewSet(Visible, viewsets.ModelViewSet):
    """Slum hectares as a decree, a report or a plan gives them for a group and a year."""

    queryset = ReportedHectares.objects.select_related("group", "decree")
    serializer_class = ReportedHectaresSerializer
    filterset_class = ReportedHectaresFilter
    ordering_names = {"year": "year", "group": "group__slug", "kind": "kind"}


# --- years -----------------------------------------------------------------------------------------------
class YearStatusChangeSerializer(serializers.ModelSerializer):
    by = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = YearStatusChange
        fields = ["verb", "status", "by", "at", "reason"]


class AssessmentYearSerializer(serializers.ModelSerializer):
    key = serializers.CharField(read_only=True)

    class Meta:
        model = AssessmentYear
        fields = ["key", "year", "rule_set", "status"]


class AssessmentYearDetailSerializer(AssessmentYearSerializer):
    status_changes = serializers.SerializerMethodField(help_text="Who moved the year, when and why; empty for readers.")

    class Meta(AssessmentYearSerializer.Meta):
        fields = [*AssessmentYearSerializer.Meta.fields, "status_changes"]

    @extend_schema_field(YearStatusChangeSerializer(many=True))
    def get_status_changes(self, year):
        if not self.context["request"].user.has_perm("slumareas.view_yearstatuschange"):
            return []
        return YearStatusChangeSerializer(year.status_changes.select_related("by"), many=True).data


class AssessmentYearViewSet(Visible, viewsets.ReadOnlyModelViewSet):
    """A year appears with its first baseline; its status changes by the verbs alone."""

    queryset = AssessmentYear.objects.all()
    lookup_value_regex = r"\d{4}-[a-z0-9_]+"
    filterset_class = AssessmentYearFilter
    ordering_names = {"year": "year", "rule_set": "rule_set", "status": "status"}

    def get_permissions(self):
        return [VerbPermissions()] if self.action in AssessmentYear.TRANSITIONS else [ModelPermissions()]

    def get_serializer_class(self):
        return AssessmentYearSerializer if self.action == "list" else AssessmentYearDetailSerializer

    def get_object(self):
        year, rule_set = self.kwargs["key"].split("-", 1)
        return get_object_or_404(self.get_queryset(), year=year, rule_set=rule_set)

    def _do(self, verb: str) -> Response:
        year = self.get_object()
        if not self.request.user.has_perm(f"slumareas.{verb}_assessmentyear"):
            raise PermissionDenied
        arguments = {}
        if AssessmentYear.TRANSITIONS[verb][2]:
            reason = ReasonSerializer(data=self.request.data)
            reason.is_valid(raise_exception=True)
            arguments = reason.validated_data
        getattr(year, verb)(by=self.request.user, at=timezone.now(), **arguments)
        return Response(self.get_serializer(year).data)

    @extend_schema(request=None, responses=AssessmentYearDetailSerializer)
    @action(detail=True, methods=["post"])
    def verify(self, request, key):
        return self._do("verify")

    @extend_schema(request=None, responses=AssessmentYearDetailSerializer)
    @action(detail=True, methods=["post"])
    def lock(self, request, key):
        return self._do("lock")

    @extend_schema(request=ReasonSerializer, responses=AssessmentYearDetailSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request, key):
        return self._do("reopen")


# --- neighbourhoods --------------------------------------------------------------------------------------
class NeighbourhoodSerializer(CheckedSerializer):
    key = serializers.CharField(source="id", read_only=True)
    region = VillageField(queryset=Region.objects.villages())
    slum_area = VisibleKeyField(slug_field="slug", queryset=SlumArea.objects.all(), required=False, allow_null=True)
    label = serializers.CharField(read_only=True)

    class Meta:
        model = NeighbourhoodUnit
        fields = ["key", "region", "rw", "rt", "label", "slum_area", "is_village_survey"]


class NeighbourhoodDetailSerializer(NeighbourhoodSerializer):
    class Meta(NeighbourhoodSerializer.Meta):
        fields = [*NeighbourhoodSerializer.Meta.fields, "boundary"]
        read_only_fields = ["boundary"]


class NeighbourhoodViewSet(Visible, viewsets.ModelViewSet):
    """With `rw` and `rt` empty it stands for the survey of the whole village."""

    queryset = NeighbourhoodUnit.objects.select_related("region", "slum_area")
    filterset_class = NeighbourhoodFilter
    ordering_names = {"region": "region__code", "rw": "rw", "rt": "rt", "slum_area": "slum_area__slug"}

    def get_queryset(self):
        units = super().get_queryset()
        return units.defer("boundary") if self.action == "list" else units

    def get_serializer_class(self):
        return NeighbourhoodSerializer if self.action == "list" else NeighbourhoodDetailSerializer


# --- baselines -------------------------------------------------------------------------------------------
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
        return _warnings(baseline.findings())

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


# --- files with baselines --------------------------------------------------------------------------------
class CountsSerializer(serializers.Serializer):
    """Of rows, but for `warnings`, which counts what is said."""

    rows = serializers.IntegerField()
    new = serializers.IntegerField()
    changed = serializers.IntegerField()
    unchanged = serializers.IntegerField()
    errors = serializers.IntegerField()
    warnings = serializers.IntegerField()
    ignored = serializers.IntegerField()


class IgnoredRowSerializer(serializers.Serializer):
    row = serializers.IntegerField()
    reason = serializers.CharField()


class ReadSheetSerializer(serializers.Serializer):
    """`columns`: the letter of each field; `unmapped`: letters of the columns that were not understood."""

    name = serializers.CharField()
    header_rows = serializers.ListField(child=serializers.IntegerField())
    columns = serializers.DictField(child=serializers.CharField())
    unmapped = serializers.ListField(child=serializers.CharField())
    ignored_rows = IgnoredRowSerializer(many=True)


class KeptRowSerializer(serializers.Serializer):
    region = serializers.CharField()
    rw = serializers.CharField()
    rt = serializers.CharField()
    reason = serializers.CharField()


class UndoResultSerializer(serializers.Serializer):
    """How many rows were taken back, and which were kept because somebody changed or deleted them since."""

    import_id = serializers.IntegerField()
    undone = serializers.IntegerField()
    kept = KeptRowSerializer(many=True)


class ImportSerializer(serializers.ModelSerializer):
    key = serializers.CharField(source="id", read_only=True)
    region = serializers.SlugRelatedField(slug_field="code", read_only=True, help_text="Of the file, or null.")
    by = serializers.SlugRelatedField(slug_field="username", read_only=True)
    counts = CountsSerializer(read_only=True)

    class Meta:
        model = Import
        fields = [
            "key",
            "file_name",
            "sha256",
            "year",
            "rule_set",
            "region",
            "state",
            "counts",
            "valid_rows_only",
            "accepts_warnings",
            "reason",
            "by",
            "at",
            "applied_at",
            "undone_at",
        ]


class JobSerializer(serializers.ModelSerializer):
    """Work of the background worker: `done` of `total` rows in this step, 0 where nobody knows."""

    class Meta:
        model = Job
        fields = ["about", "state", "step", "done", "total", "message", "asked_at", "ended_at"]


class ImportDetailSerializer(ImportSerializer):
    sheets = ReadSheetSerializer(many=True, read_only=True)
    job = serializers.SerializerMethodField(help_text="The latest work in the background, null where there was none.")
    undo_result = serializers.SerializerMethodField(help_text="Null until it is taken back.")

    class Meta(ImportSerializer.Meta):
        fields = [*ImportSerializer.Meta.fields, "is_large", "sheets", "undo_result", "job"]

    @extend_schema_field(JobSerializer(allow_null=True))
    def get_job(self, record):
        job = record.latest_job()
        return JobSerializer(job).data if job else None

    @extend_schema_field(UndoResultSerializer(allow_null=True))
    def get_undo_result(self, record):
        return record.undo_result or None


class UploadSerializer(serializers.Serializer):
    file = serializers.FileField(help_text="xlsx, xls, ods, csv, html, or json and geojson of the own export.")
    year = serializers.IntegerField(min_value=FIRST_YEAR, max_value=LAST_YEAR)
    rule_set = serializers.ChoiceField(
        choices=RULE_SET_CHOICES,
        allow_blank=True,
        default="",
        help_text="Where it is not given: what a column of the file says, else permen_2_2016 up to 2018, "
        "permen_14_2018 from 2019.",
    )
    region = VisibleKeyField(
        slug_field="code",
        queryset=Region.objects.all(),
        allow_null=True,
        default=None,
        help_text="The village where the file does not name one, or a district to look in.",
    )


class WordsToStoreSerializer(serializers.Serializer):
    """What is let pass: needed where `counts` tells of errors or warnings."""

    valid_rows_only = serializers.BooleanField(default=False, help_text="Leave out the rows with errors.")
    reason = serializers.CharField(
        max_length=2000, allow_blank=True, default="", help_text="Why the warnings may pass; kept with the import."
    )


class ReportRowSerializer(WithClass, serializers.Serializer):
    sheet = serializers.CharField()
    row = serializers.IntegerField()
    state = serializers.ChoiceField(choices=["new", "changed", "unchanged", "error"])
    region = serializers.CharField(allow_null=True)
    rw = serializers.CharField()
    rt = serializers.CharField()
    values = serializers.DictField(child=NumberField(allow_null=True))
    total = serializers.IntegerField(allow_null=True)


class FindingSerializer(serializers.Serializer):
    """`cell` as Excel names it; null where the sheet or the file as a whole is meant."""

    severity = serializers.ChoiceField(choices=[checking.ERROR, checking.WARNING])
    code = serializers.CharField()
    sheet = serializers.CharField(allow_null=True)
    cell = serializers.CharField(allow_null=True)
    row = serializers.IntegerField(allow_null=True)
    field = serializers.CharField(allow_null=True)
    value = serializers.CharField(allow_null=True)
    message = serializers.CharField()


class ReportSerializer(serializers.Serializer):
    """What `import_baseline --report` writes, but for the seconds."""

    file = serializers.CharField()
    sha256 = serializers.CharField()
    year = serializers.IntegerField()
    rule_set = serializers.ChoiceField(choices=RULE_SET_CHOICES)
    import_id = serializers.IntegerField()
    state = serializers.ChoiceField(choices=[Import.State.PREVIEWED.value])
    counts = CountsSerializer()
    sheets = ReadSheetSerializer(many=True)
    rows = ReportRowSerializer(many=True)
    findings = FindingSerializer(many=True)


class ImportViewSet(Visible, mixins.DestroyModelMixin, viewsets.ReadOnlyModelViewSet):
    """Files with baselines: sent and looked at, then stored by `apply`, taken back by `undo`.

    Nothing is stored before `apply`. Only a file that was never stored is deleted.
    """

    queryset = Import.objects.select_related("by", "region")
    filterset_class = ImportFilter
    ordering_names = {
        "file_name": "file_name",
        "year": "year",
        "rule_set": "rule_set",
        "state": "state",
        "at": "at",
        "applied_at": "applied_at",
    }

    def get_permissions(self):
        return [VerbPermissions()] if self.action in ("apply", "undo", "stop") else [ModelPermissions()]

    def get_serializer_class(self):
        return ImportSerializer if self.action == "list" else ImportDetailSerializer

    def _record(self, permission: str) -> Import:
        record = self.get_object()
        if not self.request.user.has_perm(permission):
            raise PermissionDenied
        return record

    @extend_schema(
        request={"multipart/form-data": UploadSerializer},
        responses={200: ImportDetailSerializer, 201: ImportDetailSerializer, 202: ImportDetailSerializer},
    )
    def create(self, request):
        """Keep a file and look at it (201); a large one is looked at in the background (202).

        What cannot be read is refused at `file`. A file that the same person sent before and that still waits is
        given again (200).
        """
        given = UploadSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        sent = doors.send(**given.validated_data, by=request.user, address=self._address)
        if sent.is_known:
            return self._told(sent.record, None)
        code = status.HTTP_202_ACCEPTED if sent.record.is_large else status.HTTP_201_CREATED
        return Response(self.get_serializer(sent.record).data, status=code)

    def _address(self, record: Import) -> str:
        """For the mail: the page, which a person can open."""
        return self.request.build_absolute_uri(record.get_absolute_url())

    def _told(self, record: Import, job: Job | None) -> Response:
        code = status.HTTP_202_ACCEPTED if job else status.HTTP_200_OK
        return Response(self.get_serializer(record).data, status=code)

    def perform_destroy(self, instance):
        instance.discard()

    @extend_schema(request=WordsToStoreSerializer, responses={200: ImportDetailSerializer, 202: ImportDetailSerializer})
    @action(detail=True, methods=["post"])
    def apply(self, request, key):
        """Store the valid rows, all or none; those of a large file in the background (202).

        Where the stored figures changed meanwhile the file is looked at again first.
        """
        record = self._record("slumareas.add_import")
        words = WordsToStoreSerializer(data=request.data)
        words.is_valid(raise_exception=True)
        job = doors.apply(record, **words.validated_data, by=request.user, address=self._address)
        return self._told(record, job)

    @extend_schema(request=None, responses={200: ImportDetailSerializer, 202: ImportDetailSerializer})
    @action(detail=True, methods=["post"])
    def undo(self, request, key):
        """New rows go, changed ones are as they were; a large import is taken back in the background (202).

        `undo_result` names those that were changed since and are kept.
        """
        record = self._record("slumareas.undo_import")
        job = doors.undo(record, by=request.user, address=self._address)
        return self._told(self.get_object(), job)

    @extend_schema(request=None, responses=ImportDetailSerializer)
    @action(detail=True, methods=["post"])
    def stop(self, request, key):
        """What is done in the background about this file ends, and changes nothing."""
        record = self._record("slumareas.add_import")
        job = record.latest_job()
        if job is None:
            raise Refused(_("This work has ended already."))
        job.stop()
        return Response(self.get_serializer(record).data)

    @extend_schema(responses={200: ReportSerializer, 409: ErrorSerializer})
    @action(detail=True)
    def report(self, request, key):
        """All rows and findings of a file that is not stored yet, at once: this answer is not paged."""
        record = self.get_object()
        record.require_previewed()
        return Response(read_report(record))


# --- works -----------------------------------------------------------------------------------------------
class WorkSerializer(MeasuredSerializer):
    key = serializers.CharField(source="id", read_only=True)
    neighbourhood = VisibleKeyField(slug_field="id", source="unit", queryset=NeighbourhoodUnit.objects.all())
    region = serializers.CharField(source="unit.region.code", read_only=True)
    rw = serializers.CharField(source="unit.rw", read_only=True)
    rt = serializers.CharField(source="unit.rt", read_only=True)

    class Meta:
        model = Work
        fields = [
            "key",
            "neighbourhood",
            "region",
            "rw",
            "rt",
            "year",
            "criterion",
            "activity",
            "volume",
            "funding_source",
            "cost",
        ]


class WorkViewSet(Visible, viewsets.ModelViewSet):
    """Works that change a number; `volume` in the unit of the criterion."""

    queryset = Work.objects.select_related("unit__region")
    serializer_class = WorkSerializer
    filterset_class = WorkFilter
    ordering_names = {"year": "year", "criterion": "criterion", "region": "unit__region__code", "volume": "volume"}
