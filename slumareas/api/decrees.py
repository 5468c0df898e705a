"""Decrees, reporting groups and the hectares that they report."""

from django.db import transaction
from django.utils.translation import gettext as _
from rest_framework import serializers, viewsets
from rest_framework.exceptions import ValidationError

from core.api import CheckedSerializer, VisibleKeyField
from core.models import Region
from slumareas.api.values import MeasuredSerializer
from slumareas.api.visible import Visible
from slumareas.filters import DecreeFilter, ReportedHectaresFilter
from slumareas.models import Decree, DecreeArea, ReportedHectares, ReportingGroup, SlumArea


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
