"""Works that change a number."""

from rest_framework import serializers, viewsets

from core.api import VisibleKeyField
from slumareas.api.values import MeasuredSerializer
from slumareas.api.visible import Visible
from slumareas.filters import WorkFilter
from slumareas.models import NeighbourhoodUnit, Work


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
