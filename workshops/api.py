"""The API of workshops: the same records, rights and doors as the pages."""

from datetime import date

from django.db.models import Prefetch
from django.utils import timezone
from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema
from rest_framework import serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.response import Response

from core.api import CheckedSerializer, NotesPersonalAccess, ReasonSerializer, VisibleKeyField
from core.models import Organization
from core.rest import ModelPermissions, VerbPermissions
from workshops.filters import WorkshopFilter
from workshops.models import AgendaItem, MinutesEntry, Participant, Workshop, WorkshopArea
from workshops.models.minutes import EntryConflict


class AreaSerializer(serializers.ModelSerializer):
    region = serializers.SlugRelatedField(slug_field="code", read_only=True)
    slum_area = serializers.SlugRelatedField(slug_field="slug", read_only=True)

    class Meta:
        model = WorkshopArea
        fields = ["name", "region", "slum_area"]


class AgreedSerializer(serializers.Serializer):
    """An agreement in short; all of it stands under `agreements`."""

    key = serializers.CharField()
    number = serializers.IntegerField()
    text = serializers.CharField()


class WorkshopSerializer(CheckedSerializer):
    key = serializers.CharField(source="slug", read_only=True)
    organizer = VisibleKeyField(slug_field="key", queryset=Organization.objects.all(), required=False, allow_null=True)
    areas = AreaSerializer(many=True, read_only=True)
    agreement_preamble = serializers.SerializerMethodField()
    agreement_place = serializers.SerializerMethodField()
    agreement_on = serializers.SerializerMethodField()
    agreements = AgreedSerializer(many=True, read_only=True)
    report_due_on = serializers.DateField(read_only=True)

    class Meta:
        model = Workshop
        fields = [
            "key",
            "title",
            "programme",
            "level",
            "organizer",
            "unit",
            "consultant",
            "status",
            "held_on",
            "call_time",
            "start_time",
            "end_time",
            "place",
            "areas",
            "invitation_number",
            "invitation_on",
            "minutes_number",
            "copies",
            "agreement_preamble",
            "agreement_place",
            "agreement_on",
            "agreements",
            "tags",
            "report_due_on",
            "reported_on",
        ]
        read_only_fields = ["status", "reported_on"]

    def get_agreement_preamble(self, workshop) -> str:
        return self._of_record(workshop, "preamble") or ""

    def get_agreement_place(self, workshop) -> str:
        return self._of_record(workshop, "place") or ""

    def get_agreement_on(self, workshop) -> date | None:
        return self._of_record(workshop, "agreed_on")

    @staticmethod
    def _of_record(workshop, name):
        """Of the record of agreement, where there is one that this person may read."""
        return getattr(getattr(workshop, "agreement_record", None), name, None)

    def store(self, instance):
        if not instance.pk:
            instance.created_by = self.context["request"].user
            instance.full_clean(exclude=["slug", "check_in_code"])
            instance.save()
            return instance
        return super().store(instance)


class WorkshopRecordSerializer(CheckedSerializer):
    """A record of a workshop; which workshop it belongs to is said once, when it is created."""

    key = serializers.CharField(source="id", read_only=True)
    workshop = VisibleKeyField(slug_field="slug", queryset=Workshop.objects.all())

    def validate_workshop(self, workshop):
        if self.instance and workshop.pk != self.instance.workshop_id:
            raise serializers.ValidationError(_("A record stays with its workshop. Create a new one there instead."))
        return workshop


class AgendaItemSerializer(WorkshopRecordSerializer):
    parent = VisibleKeyField(slug_field="id", queryset=AgendaItem.objects.all(), required=False, allow_null=True)

    class Meta:
        model = AgendaItem
        fields = [
            "key",
            "workshop",
            "parent",
            "order",
            "kind",
            "title",
            "planned_start",
            "planned_end",
            "actual_start",
            "actual_end",
            "person_in_charge",
            "moderator",
            "note",
        ]
        read_only_fields = ["order"]


class ParticipantSerializer(WorkshopRecordSerializer):
    organization = VisibleKeyField(
        slug_field="key", queryset=Organization.objects.all(), required=False, allow_null=True
    )

    CONTACT = ("phone", "email")

    class Meta:
        model = Participant
        fields = [
            "key",
            "workshop",
            "name",
            "position",
            "organization",
            "organization_name",
            "sex",
            "phone",
            "email",
            "is_invited",
            "arrived_at",
            "left_at",
            "note",
        ]
        read_only_fields = ["arrived_at", "left_at"]

    def get_fields(self):
        fields = super().get_fields()
        request = self.context.get("request")
        if request and not request.user.has_perm("workshops.view_contact"):
            for name in self.CONTACT:
                fields.pop(name)
        return fields


class MinutesEntrySerializer(WorkshopRecordSerializer):
    """`version` is what the change is based on: 0 or nothing for a new entry, else the one that was read."""

    key = serializers.UUIDField(source="uid", read_only=True)
    agenda_item = VisibleKeyField(slug_field="id", queryset=AgendaItem.objects.all(), required=False, allow_null=True)
    parent = VisibleKeyField(slug_field="uid", queryset=MinutesEntry.objects.all(), required=False, allow_null=True)
    version = serializers.IntegerField(min_value=0, max_value=2_000_000_000, required=False)

    class Meta:
        model = MinutesEntry
        fields = [
            "key",
            "workshop",
            "agenda_item",
            "parent",
            "kind",
            "title",
            "speaker",
            "speaker_position",
            "speaker_organization",
            "on_behalf_of",
            "addressed_to",
            "text",
            "points",
            "figures",
            "verse",
            "statement",
            "location",
            "amount",
            "has_slides",
            "has_hardcopy",
            "version",
            "updated_at",
        ]

    def create(self, validated_data):
        validated_data.pop("version", None)
        return self._write(MinutesEntry(**validated_data), 0)

    def update(self, instance, validated_data):
        if "version" not in validated_data:
            raise serializers.ValidationError({"version": [_("Say which version your change is based on.")]})
        based_on = validated_data.pop("version")
        for name, value in validated_data.items():
            setattr(instance, name, value)
        return self._write(instance, based_on)

    def _write(self, entry, based_on):
        entry.full_clean()
        entry.write(by=self.context["request"].user, based_on=based_on)
        return entry


class WorkshopViewSet(viewsets.ModelViewSet):
    queryset = Workshop.objects.select_related("organizer").prefetch_related("areas__region", "areas__slum_area")
    serializer_class = WorkshopSerializer
    lookup_field = "slug"
    lookup_url_kwarg = "key"
    lookup_value_regex = r"[-\w]{1,80}"
    filterset_class = WorkshopFilter
    search_fields: list[str] = []  # the filter searches, as on the page
    ordering_fields = ["held_on", "title", "status"]

    VERBS = ("invite", "start", "finish", "close", "reopen", "cancel", "report_sent")

    def get_permissions(self):
        return [VerbPermissions()] if self.action in self.VERBS else [ModelPermissions()]

    def get_queryset(self):
        workshops = super().get_queryset().visible_to(self.request.user)
        return workshops.prefetch_related(
            *(Prefetch(name, queryset=self._visible(name)) for name in ("agreement_record", "agreements"))
        )

    def _visible(self, name: str):
        """What belongs to a workshop under this name, as far as this person may see it."""
        return Workshop._meta.get_field(name).related_model.objects.visible_to(self.request.user)

    def _do(self, verb: str, **arguments) -> Response:
        workshop = self.get_object()
        if not self.request.user.has_perm(Workshop.permission_for(verb)):
            raise PermissionDenied
        if Workshop.TRANSITIONS[verb][2]:
            reason = ReasonSerializer(data=self.request.data)
            reason.is_valid(raise_exception=True)
            arguments["reason"] = reason.validated_data["reason"]
        getattr(workshop, verb)(by=self.request.user, at=timezone.now(), **arguments)
        return Response(self.get_serializer(workshop).data)

    @extend_schema(request=None, responses=WorkshopSerializer)
    @action(detail=True, methods=["post"])
    def invite(self, request, key):
        return self._do("invite")

    @extend_schema(request=None, responses=WorkshopSerializer)
    @action(detail=True, methods=["post"])
    def start(self, request, key):
        return self._do("start")

    @extend_schema(request=None, responses=WorkshopSerializer)
    @action(detail=True, methods=["post"])
    def finish(self, request, key):
        return self._do("finish")

    @extend_schema(request=None, responses=WorkshopSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request, key):
        return self._do("close")

    @extend_schema(request=ReasonSerializer, responses=WorkshopSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request, key):
        return self._do("reopen")

    @extend_schema(request=ReasonSerializer, responses=WorkshopSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request, key):
        return self._do("cancel")

    @extend_schema(request=None, responses=WorkshopSerializer)
    @action(detail=True, methods=["post"], url_path="report-sent")
    def report_sent(self, request, key):
        workshop = self.get_object()
        if not request.user.has_perm("workshops.change_workshop"):
            raise PermissionDenied
        workshop.mark_reported(by=request.user, on=timezone.localdate())
        return Response(self.get_serializer(workshop).data)


class WorkshopRecordViewSet(viewsets.ModelViewSet):
    lookup_url_kwarg = "key"
    lookup_value_regex = r"\d{1,18}"

    def get_queryset(self):
        return super().get_queryset().visible_to(self.request.user)


class AgendaItemViewSet(WorkshopRecordViewSet):
    queryset = AgendaItem.objects.select_related("workshop", "parent")
    serializer_class = AgendaItemSerializer
    filterset_fields = {"workshop__slug": ["exact"], "kind": ["exact"]}
    search_fields = ["title", "person_in_charge"]
    ordering_fields = ["workshop", "order", "planned_start"]


class ParticipantViewSet(NotesPersonalAccess, WorkshopRecordViewSet):
    PERSONAL_RIGHT = "workshops.view_contact"
    queryset = Participant.objects.select_related("workshop", "organization")
    serializer_class = ParticipantSerializer
    filterset_fields = {"workshop__slug": ["exact"], "is_invited": ["exact"], "sex": ["exact"]}
    search_fields = ["name", "position", "organization_name", "organization__name"]
    ordering_fields = ["workshop", "order", "name", "arrived_at"]

    VERBS = ("arrive", "leave")

    def get_permissions(self):
        return [VerbPermissions()] if self.action in self.VERBS else [ModelPermissions()]

    def _do(self, verb: str) -> Response:
        participant = self.get_object()
        if not self.request.user.has_perm("workshops.change_participant"):
            raise PermissionDenied
        getattr(participant, verb)(at=timezone.now(), by=self.request.user)
        participant.refresh_from_db()
        return Response(self.get_serializer(participant).data)

    @extend_schema(request=None, responses=ParticipantSerializer)
    @action(detail=True, methods=["post"])
    def arrive(self, request, key):
        return self._do("arrive")

    @extend_schema(request=None, responses=ParticipantSerializer)
    @action(detail=True, methods=["post"])
    def leave(self, request, key):
        return self._do("leave")


class MinutesEntryViewSet(WorkshopRecordViewSet):
    queryset = MinutesEntry.objects.select_related("workshop", "agenda_item", "parent")
    serializer_class = MinutesEntrySerializer
    lookup_field = "uid"
    lookup_value_regex = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    filterset_fields = {"workshop__slug": ["exact"], "kind": ["exact"]}
    search_fields = ["title", "speaker", "text"]
    ordering_fields = ["workshop", "order", "updated_at"]

    def handle_exception(self, exc):
        """A conflict answers with what is stored, so that nobody has to overwrite blindly."""
        if isinstance(exc, EntryConflict):
            return Response(
                {
                    "detail": _("Someone else saved this entry in between. Compare, then send your change again."),
                    "stored": self.get_serializer(exc.stored).data,
                },
                status=status.HTTP_409_CONFLICT,
            )
        return super().handle_exception(exc)
