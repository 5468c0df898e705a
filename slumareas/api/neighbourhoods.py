"""Neighbourhoods (RT)."""

from rest_framework import serializers, viewsets

from core.api import CheckedSerializer, VisibleKeyField
from core.models import Region
from slumareas.api.values import VillageField
from slumareas.api.visible import Visible
from slumareas.filters import NeighbourhoodFilter
from slumareas.models import NeighbourhoodUnit, SlumArea


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
