"""Assessment years and their verbs."""

from django.shortcuts import get_object_or_404
from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.response import Response

from core.api import ReasonSerializer
from core.rest import ModelPermissions, VerbPermissions
from slumareas.api.visible import Visible
from slumareas.filters import AssessmentYearFilter
from slumareas.models import AssessmentYear, YearStatusChange


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
