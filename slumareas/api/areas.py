"""Slum areas with the result of a year, as JSON and as GeoJSON."""

import copy
import re

import django_filters
from django.db import transaction
from django.db.models import OuterRef, Prefetch, Subquery
from django.utils.translation import gettext_lazy
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import extend_schema, extend_schema_field, extend_schema_serializer, extend_schema_view
from rest_framework import serializers, viewsets
from rest_framework.renderers import JSONRenderer

from core.api import CheckedSerializer, VisibleKeyField
from core.models import Region
from slumareas.api.assessments import AssessmentSerializer
from slumareas.api.visible import NamedOrdering, Visible
from slumareas.filters import RegionFilter, SlumAreaFilter, YearFilter, years_with_results
from slumareas.models import AreaBoundary, Assessment, AssessmentYear, SlumArea
from slumareas.models.years import RULE_SET_CHOICES


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
