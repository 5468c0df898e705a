"""What every app's API shares, and the API of the shared nouns."""

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied
from django.core.exceptions import ValidationError as DjangoValidationError
from django.db import transaction
from django.db.models import ProtectedError
from django.utils.translation import gettext as _
from drf_spectacular.openapi import AutoSchema
from rest_framework import exceptions, mixins, permissions, serializers, status, viewsets
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework.views import exception_handler as default_exception_handler

from core.models import Organization, Region
from core.personal_access import Way, note
from core.refusals import refusal_of


def exception_handler(exc, context):
    """Errors as `{"field": ["sentence"]}` or `{"detail": "sentence"}`; what the present state forbids is a 409."""
    if refused := refusal_of(exc, context["request"].method):
        return Response({"detail": refused.sentence}, status=status.HTTP_409_CONFLICT)
    if isinstance(exc, ProtectedError):
        sentence = _("Other records still refer to this one, so it cannot be deleted.")
        return Response({"detail": sentence}, status=status.HTTP_409_CONFLICT)
    if isinstance(exc, DjangoValidationError):
        exc = exceptions.ValidationError(_named(exc))
    if isinstance(exc, PermissionDenied):
        exc = exceptions.PermissionDenied()
    return default_exception_handler(exc, context)


def _named(error: DjangoValidationError) -> dict:
    if not hasattr(error, "error_dict"):
        return {"detail": error.messages[0]}
    found = error.message_dict
    whole = found.pop(NON_FIELD_ERRORS, [])
    return {**found, **({"detail": whole[0]} if whole else {})}


class ErrorSerializer(serializers.Serializer):
    """`detail` for the request as a whole; otherwise each wrong field by its name, with its sentences."""

    detail = serializers.CharField(required=False)


class Schema(AutoSchema):
    """Names every status code that can come, since each operation shares the same doors."""

    def _map_serializer_field(self, field, *args, **kwargs):
        if isinstance(field, serializers.ChoiceField) and field.read_only and _may_be(field, "blank"):
            field.allow_blank = True  # which the framework says of what is written alone
        told = super()._map_serializer_field(field, *args, **kwargs)
        if isinstance(field, serializers.TimeField):
            # What schemas call a time bears an offset; ours are times of the house.
            return {**told, "format": "local-time", "pattern": r"^\d{2}:\d{2}(:\d{2}(\.\d+)?)?$"}
        if isinstance(field, serializers.SlugRelatedField) and field.read_only and _may_be(field, "null"):
            return {**told, "nullable": True}
        return told

    def _get_response_bodies(self, direction="response"):
        bodies = super()._get_response_bodies(direction)
        codes = {"400", "401", "403", "404", "406"}
        if self.method != "GET":
            codes |= {"409", "415"}
        codes |= set(getattr(self.view, "extra_status_codes", ()))
        for code in sorted(codes - set(bodies)):
            bodies[code] = self._get_response_for_code(ErrorSerializer, code, ["application/json"])
        return bodies


def _may_be(field: serializers.Field, state: str) -> bool:
    """Whether what a field shows may be `null` or `blank`, as the model says."""
    model = getattr(getattr(field.parent, "Meta", None), "model", None)
    for name in field.source.split(".") if model else ():
        shown = next((one for one in model._meta.get_fields() if one.name == name), None)
        if shown is None or getattr(shown, state, False):
            return shown is not None
        model = shown.related_model
    return False


class NoSuchAddress(APIView):
    """What no resource answers, in the manner of the API; with a slash at its end as all its addresses."""

    schema = None
    permission_classes = [permissions.IsAuthenticated]

    def initial(self, request, *args, **kwargs):
        super().initial(request, *args, **kwargs)
        raise exceptions.NotFound


class ReasonSerializer(serializers.Serializer):
    """Why a step is taken that needs saying so."""

    reason = serializers.CharField(max_length=1000)


class NotesPersonalAccess:
    """Of answers that show personal fields a line is written; `PERSONAL_RIGHT` is what a person needs to be shown them."""

    PERSONAL_RIGHT: str

    def finalize_response(self, request, response, *args, **kwargs):
        answer = super().finalize_response(request, response, *args, **kwargs)
        if answer.status_code in (200, 201) and request.user.has_perm(self.PERSONAL_RIGHT):
            note(request.user, self.queryset.model, self.kwargs.get("key", ""), Way.API)
        return answer


class VisibleKeyField(serializers.SlugRelatedField):
    """A related object by its key; one that the person may not see does not exist for them."""

    def get_queryset(self):
        queryset = super().get_queryset()
        request = self.context.get("request")
        return queryset.visible_to(request.user) if request else queryset


class CheckedSerializer(serializers.ModelSerializer):
    """Runs the model's own checks before storing, so that its sentences answer here as they do on a form."""

    def get_validators(self):
        return []  # what must be true of several fields together the model says, in its own words

    def create(self, validated_data):
        return self.store(self.Meta.model(**validated_data))

    def update(self, instance, validated_data):
        for name, value in validated_data.items():
            setattr(instance, name, value)
        return self.store(instance)

    def store(self, instance):
        with transaction.atomic():
            instance.full_clean()
            instance.save()
        return instance


class RegionSerializer(serializers.ModelSerializer):
    key = serializers.CharField(source="code", read_only=True)
    full_name = serializers.CharField(read_only=True)
    parent = serializers.SlugRelatedField(slug_field="code", read_only=True)
    aliases = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)

    class Meta:
        model = Region
        fields = ["key", "code", "name", "full_name", "level", "kind", "parent", "aliases"]


class RegionDetailSerializer(RegionSerializer):
    class Meta(RegionSerializer.Meta):
        fields = [*RegionSerializer.Meta.fields, "boundary"]


class OrganizationSerializer(CheckedSerializer):
    region = VisibleKeyField(slug_field="code", queryset=Region.objects.all(), required=False, allow_null=True)

    class Meta:
        model = Organization
        fields = ["key", "name", "short_name", "kind", "region", "is_active"]


class RegionViewSet(viewsets.ReadOnlyModelViewSet):
    queryset = Region.objects.all()
    lookup_field = "code"
    lookup_url_kwarg = "key"
    lookup_value_regex = r"[0-9.]{2,13}"
    filterset_fields = ["level", "kind"]
    search_fields = ["code", "name", "aliases__name"]
    ordering_fields = ["code", "name", "level"]

    def get_queryset(self):
        regions = super().get_queryset().visible_to(self.request.user)
        if self.action == "list":
            regions = regions.defer("boundary")
        return regions.select_related("parent").prefetch_related("aliases")

    def get_serializer_class(self):
        return RegionDetailSerializer if self.action == "retrieve" else RegionSerializer


class OrganizationViewSet(
    mixins.CreateModelMixin, mixins.UpdateModelMixin, mixins.DestroyModelMixin, viewsets.ReadOnlyModelViewSet
):
    queryset = Organization.objects.select_related("region")
    serializer_class = OrganizationSerializer
    lookup_field = "key"
    lookup_value_regex = r"[-\w]{1,60}"
    filterset_fields = ["kind", "is_active"]
    search_fields = ["name", "short_name", "key"]
    ordering_fields = ["key", "name", "short_name"]

    def get_queryset(self):
        return super().get_queryset().visible_to(self.request.user)
