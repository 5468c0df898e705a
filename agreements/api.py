"""The API of agreements: the same records, rights and doors as the pages."""

from django.db import transaction
from django.http import FileResponse, Http404
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.parsers import FormParser, JSONParser, MultiPartParser
from rest_framework.response import Response

from agreements.filters import (
    AgreementFilter,
    EvidenceFilter,
    FollowUpFilter,
    RaisedEntryFilter,
    ReviewFilter,
    SignatoryFilter,
)
from agreements.models import (
    Agreement,
    AgreementCriterion,
    AgreementRecord,
    Evidence,
    FollowUp,
    FollowUpChange,
    Funding,
    RaisedEntry,
    Review,
    ReviewItem,
    Signatory,
)
from agreements.models.records import CRITERION_CHOICES
from core import formats
from core.api import CheckedSerializer, NotesPersonalAccess, ReasonSerializer, VisibleKeyField
from core.models import Organization, Region, User
from core.rest import ModelPermissions, VerbPermissions
from slumareas.api.values import MeasuredSerializer
from slumareas.api.visible import Visible
from slumareas.models import SlumArea
from workshops.models import AgendaItem, Workshop

PEOPLE = "agreements.view_people"
CHANGED_BY_SOMEONE = "The version that was read; somebody else's change in between is refused."


class WithoutPeople:
    """Fields that name a person are left out for those who may not see them."""

    PERSONAL: tuple[str, ...] = ()

    def get_fields(self):
        fields = super().get_fields()
        request = self.context.get("request")
        if request and not request.user.has_perm(PEOPLE):
            for name in self.PERSONAL:
                fields.pop(name, None)
        return fields


class Verbs:
    """Who may see an object may ask for a verb of it; the verb then asks for its own right."""

    VERBS: tuple[str, ...] = ()

    def get_permissions(self):
        return [VerbPermissions()] if self.action in self.VERBS else [ModelPermissions()]

    def said(self, serializer_class) -> dict:
        words = serializer_class(data=self.request.data, context=self.get_serializer_context())
        words.is_valid(raise_exception=True)
        return {**words.validated_data, "by": self.request.user, "at": timezone.now()}

    def allowed(self, permission: str):
        """The object, for who may do this with it."""
        found = self.get_object()
        if not self.request.user.has_perm(permission):
            raise PermissionDenied
        return found

    def shown(self):
        return Response(self.get_serializer(self.get_object()).data)


class NoWordsSerializer(serializers.Serializer):
    """Nothing needs to be said."""


# --- agreements and their record ---------------------------------------------------------------------------


class VersionSerializer(serializers.Serializer):
    version = serializers.IntegerField()
    text = serializers.CharField()
    reason = serializers.CharField()
    replaced_at = serializers.DateTimeField()


class AgreementSerializer(MeasuredSerializer):
    """Text and number stay as they are once the record is open for signing; `amend` puts a new text in force."""

    workshop = VisibleKeyField(slug_field="slug", queryset=Workshop.objects.all())
    agenda_item = VisibleKeyField(slug_field="id", queryset=AgendaItem.objects.all(), required=False, allow_null=True)
    source_entry = VisibleKeyField(
        slug_field="uid", queryset=RaisedEntry.objects.all(), required=False, allow_null=True
    )
    organizations = VisibleKeyField(slug_field="key", queryset=Organization.objects.all(), many=True, required=False)
    slum_areas = VisibleKeyField(slug_field="slug", queryset=SlumArea.objects.all(), many=True, required=False)
    criteria = serializers.ListField(
        child=serializers.ChoiceField(choices=CRITERION_CHOICES), required=False, source="criterion_keys"
    )
    record_status = serializers.ChoiceField(
        source="workshop.agreement_record.status", choices=AgreementRecord.Status.choices, read_only=True
    )
    versions = VersionSerializer(many=True, read_only=True)

    LISTS = ("organizations", "slum_areas", "criterion_keys")

    class Meta:
        model = Agreement
        fields = [
            "key",
            "workshop",
            "number",
            "text",
            "note",
            "version",
            "versions",
            "record_status",
            "kind",
            "target_kind",
            "target",
            "target_number",
            "target_unit",
            "organizations",
            "slum_areas",
            "criteria",
            "agenda_item",
            "source_entry",
        ]
        read_only_fields = ["key", "number", "version"]

    def to_representation(self, instance):
        instance.criterion_keys = [row.criterion for row in instance.criteria.all()]
        return super().to_representation(instance)

    def create(self, validated_data):
        lists = {name: validated_data.pop(name) for name in self.LISTS if name in validated_data}
        agreement = Agreement(**validated_data, created_by=self.context["request"].user)
        return self._store(agreement, lists)

    def update(self, instance, validated_data):
        if validated_data.pop("workshop", instance.workshop) != instance.workshop:
            raise serializers.ValidationError({"workshop": ["An agreement stays with its workshop."]})
        lists = {name: validated_data.pop(name) for name in self.LISTS if name in validated_data}
        for name, value in validated_data.items():
            setattr(instance, name, value)
        return self._store(instance, lists)

    def _store(self, agreement, lists):
        with transaction.atomic():
            agreement.full_clean(exclude=["key", "number"])
            agreement.save()
            for name in ("organizations", "slum_areas"):
                if name in lists:
                    getattr(agreement, name).set(lists[name])
            if "criterion_keys" in lists:
                agreement.criteria.exclude(criterion__in=lists["criterion_keys"]).delete()
                for criterion in lists["criterion_keys"]:
                    AgreementCriterion.objects.get_or_create(agreement=agreement, criterion=criterion)
        return self.context["view"].get_queryset().get(pk=agreement.pk)


class AmendmentSerializer(serializers.Serializer):
    text = serializers.CharField()
    reason = serializers.CharField(max_length=1000)


class AgreementViewSet(Verbs, Visible, viewsets.ModelViewSet):
    queryset = Agreement.objects.select_related("workshop__agreement_record", "agenda_item", "source_entry")
    serializer_class = AgreementSerializer
    lookup_field = "key"
    lookup_value_regex = r"[-\w]{1,90}"
    filterset_class = AgreementFilter
    ordering_names = {"workshop": "workshop", "number": "number", "kind": "kind"}
    VERBS = ("amend",)

    def get_queryset(self):
        return super().get_queryset().prefetch_related("organizations", "slum_areas", "criteria", "versions")

    @extend_schema(request=AmendmentSerializer, responses=AgreementSerializer)
    @action(detail=True, methods=["post"])
    def amend(self, request, key):
        """Put another text in force. What it replaces stays under `versions`, with the reason."""
        self.allowed("agreements.amend_agreement").amend(**self.said(AmendmentSerializer))
        return self.shown()


class SignatorySerializer(WithoutPeople, CheckedSerializer):
    """`nip` is masked for those who do not keep the record; the signature itself is no part of this."""

    key = serializers.CharField(source="id", read_only=True)
    workshop = serializers.SlugRelatedField(source="record.workshop", slug_field="slug", read_only=True)
    organization = VisibleKeyField(
        slug_field="key", queryset=Organization.objects.all(), required=False, allow_null=True
    )
    nip = serializers.SerializerMethodField()

    PERSONAL = ("rank_grade", "nip", "reason", "note")

    class Meta:
        model = Signatory
        fields = [
            "key",
            "workshop",
            "order",
            "name",
            "position",
            "organization",
            "organization_name",
            "represents",
            "rank_grade",
            "nip",
            "note",
            "state",
            "how",
            "signed_on",
            "reason",
            "signs_for",
            "delegate_name",
            "delegate_position",
        ]
        read_only_fields = [
            "order", "state", "how", "signed_on", "reason", "signs_for", "delegate_name", "delegate_position",
        ]  # fmt: skip

    def get_nip(self, signatory) -> str:
        request = self.context.get("request")
        if request and request.user.has_perm("agreements.view_signature"):
            return signatory.nip
        return formats.masked_nip(signatory.nip)


class NewSignatorySerializer(SignatorySerializer):
    workshop = VisibleKeyField(slug_field="slug", queryset=Workshop.objects.all())
    nip = serializers.CharField(max_length=21, required=False, allow_blank=True)

    def create(self, validated_data):
        workshop = validated_data.pop("workshop")
        return self.store(Signatory(record=AgreementRecord.of(workshop), **validated_data))

    def store(self, instance):
        with transaction.atomic():
            if not instance.pk:
                instance.record = AgreementRecord.lock_for_drafting(instance.record.workshop_id)
            return super().store(instance)

    def to_representation(self, instance):
        return SignatorySerializer(instance, context=self.context).data


class SignSerializer(serializers.Serializer):
    """`file` is the picture of a drawn signature, or the scan."""

    how = serializers.ChoiceField(choices=Signatory.How.choices)
    on = serializers.DateField()
    file = serializers.FileField(required=False)


class DelegateSerializer(serializers.Serializer):
    signs_for = serializers.ChoiceField(choices=Signatory.SignsFor.choices)
    name = serializers.CharField(max_length=200)
    position = serializers.CharField(max_length=200, required=False, allow_blank=True)


class SignatoryViewSet(NotesPersonalAccess, Verbs, Visible, viewsets.ModelViewSet):
    PERSONAL_RIGHT = "agreements.view_signature"
    queryset = Signatory.objects.select_related("record__workshop", "organization")
    filterset_class = SignatoryFilter
    ordering_names = {"order": "order", "name": "name", "state": "state"}
    parser_classes = [JSONParser, MultiPartParser, FormParser]
    http_method_names = ["get", "post", "patch", "delete", "head", "options"]
    VERBS = ("sign", "decline", "delegate", "take_back")
    MAY = "agreements.change_signatory"

    def get_serializer_class(self):
        return NewSignatorySerializer if self.action == "create" else SignatorySerializer

    @extend_schema(
        request={"application/json": SignSerializer, "multipart/form-data": SignSerializer},
        responses=SignatorySerializer,
    )
    @action(detail=True, methods=["post"])
    def sign(self, request, key):
        """Note how somebody signed. This is no certified electronic signature."""
        self.allowed(self.MAY).sign(**self.said(SignSerializer))
        return self.shown()

    @extend_schema(request=ReasonSerializer, responses=SignatorySerializer)
    @action(detail=True, methods=["post"])
    def decline(self, request, key):
        self.allowed(self.MAY).decline(**self.said(ReasonSerializer))
        return self.shown()

    @extend_schema(request=DelegateSerializer, responses=SignatorySerializer)
    @action(detail=True, methods=["post"])
    def delegate(self, request, key):
        self.allowed(self.MAY).delegate(**self.said(DelegateSerializer))
        return self.shown()

    @extend_schema(request=ReasonSerializer, responses=SignatorySerializer)
    @action(detail=True, methods=["post"], url_path="take-back")
    def take_back(self, request, key):
        self.allowed(self.MAY).take_back(**self.said(ReasonSerializer))
        return self.shown()


class AgreementRecordSerializer(serializers.ModelSerializer):
    key = serializers.CharField(source="workshop.slug", read_only=True)
    agreements = serializers.SlugRelatedField(source="workshop.agreements", slug_field="key", many=True, read_only=True)
    signatories = SignatorySerializer(many=True, read_only=True)

    class Meta:
        model = AgreementRecord
        fields = ["key", "status", "number", "preamble", "place", "agreed_on", "agreements", "signatories"]
        read_only_fields = ["status"]


class AgreementRecordViewSet(Verbs, Visible, mixins.UpdateModelMixin, viewsets.ReadOnlyModelViewSet):
    """The record of one workshop, under its key: preamble, place, date, and the course of signing."""

    queryset = AgreementRecord.objects.select_related("workshop")
    serializer_class = AgreementRecordSerializer
    lookup_field = "workshop__slug"
    lookup_value_regex = r"[-\w]{1,80}"
    ordering_names = {"workshop": "workshop__held_on", "status": "status"}
    http_method_names = ["get", "post", "patch", "head", "options"]
    VERBS = ("open_for_signing", "withdraw", "publish")

    def get_queryset(self):
        return (
            super()
            .get_queryset()
            .prefetch_related("workshop__agreements", "signatories__organization", "signatories__record__workshop")
        )

    @extend_schema(request=NoWordsSerializer, responses=AgreementRecordSerializer)
    @action(detail=True, methods=["post"], url_path="open-for-signing")
    def open_for_signing(self, request, key):
        """Freeze the texts, so that everyone signs the same."""
        self.allowed(AgreementRecord.permission_for("open_for_signing")).open_for_signing(
            **self.said(NoWordsSerializer)
        )
        return self.shown()

    @extend_schema(request=ReasonSerializer, responses=AgreementRecordSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request, key):
        """Back to the draft, as long as nobody has answered."""
        self.allowed(AgreementRecord.permission_for("withdraw")).withdraw(**self.said(ReasonSerializer))
        return self.shown()

    @extend_schema(request=NoWordsSerializer, responses=AgreementRecordSerializer)
    @action(detail=True, methods=["post"])
    def publish(self, request, key):
        self.allowed(AgreementRecord.permission_for("publish")).publish(**self.said(NoWordsSerializer))
        return self.shown()


# --- follow-ups ---------------------------------------------------------------------------------------------


class FundingSerializer(MeasuredSerializer):
    class Meta:
        model = Funding
        fields = ["source", "note", "amount"]


class ChangeSerializer(WithoutPeople, serializers.ModelSerializer):
    """One step: what was done, and each field before and after."""

    by = serializers.CharField(source="by.__str__", read_only=True)

    class Meta:
        model = FollowUpChange
        fields = ["verb", "by", "at", "note", "before", "after"]


class FollowUpSerializer(WithoutPeople, MeasuredSerializer):
    """The plan is written here; status and progress change by the verbs alone."""

    key = serializers.CharField(source="id", read_only=True)
    code = serializers.CharField(read_only=True)
    workshop = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    agreement = VisibleKeyField(slug_field="key", queryset=Agreement.objects.all(), required=False, allow_null=True)
    source_entry = VisibleKeyField(
        slug_field="uid", queryset=RaisedEntry.objects.all(), required=False, allow_null=True
    )
    responsible_organization = VisibleKeyField(slug_field="key", queryset=Organization.objects.all())
    partners = VisibleKeyField(slug_field="key", queryset=Organization.objects.all(), many=True, required=False)
    region = VisibleKeyField(slug_field="code", queryset=Region.objects.all(), required=False, allow_null=True)
    slum_area = VisibleKeyField(slug_field="slug", queryset=SlumArea.objects.all(), required=False, allow_null=True)
    fundings = FundingSerializer(many=True, required=False)
    overdue = serializers.BooleanField(source="is_overdue", read_only=True)
    silent = serializers.BooleanField(source="is_silent", read_only=True)
    version = serializers.IntegerField(required=False, min_value=0, help_text=CHANGED_BY_SOMEONE)

    PERSONAL = ("responsible_person", "cancel_reason")

    class Meta:
        model = FollowUp
        fields = [
            "key",
            "code",
            "workshop",
            "agreement",
            "source_entry",
            "activity",
            "output",
            "volume",
            "unit",
            "location",
            "region",
            "slum_area",
            "criterion",
            "responsible_organization",
            "responsible_person",
            "partners",
            "other_parties",
            "starts_on",
            "due_on",
            "recurrence",
            "is_proposal",
            "needs_confirmation",
            "fundings",
            "status",
            "physical_percent",
            "financial_percent",
            "obstacle",
            "direction",
            "next_check_on",
            "done_on",
            "cancel_reason",
            "updated_on",
            "overdue",
            "silent",
            "version",
        ]
        read_only_fields = [
            "status", "physical_percent", "financial_percent", "obstacle", "direction", "next_check_on", "done_on",
            "cancel_reason", "updated_on",
        ]  # fmt: skip

    def create(self, validated_data):
        return self._write(FollowUp(), validated_data)

    def update(self, instance, validated_data):
        return self._write(instance, validated_data)

    def _write(self, follow_up, values):
        partners, fundings = values.pop("partners", None), values.pop("fundings", None)
        based_on = values.pop("version", None)
        for name, value in values.items():
            setattr(follow_up, name, value)
        with transaction.atomic():
            follow_up.full_clean(exclude=["workshop", "updated_on"])
            follow_up.record(
                by=self.context["request"].user, at=timezone.now(), based_on=based_on if follow_up.pk else None
            )
            if partners is not None:
                follow_up.partners.set(partners)
            if fundings is not None:
                self._store_fundings(follow_up, fundings)
        return self.context["view"].get_queryset().get(pk=follow_up.pk)

    @staticmethod
    def _store_fundings(follow_up, rows):
        follow_up.fundings.all().delete()
        for row in rows:
            funding = Funding(follow_up=follow_up, **row)
            funding.full_clean()
            funding.save()


class BasedOnSerializer(serializers.Serializer):
    based_on = serializers.IntegerField(required=False, min_value=0, help_text=CHANGED_BY_SOMEONE)


class FollowUpNoteSerializer(BasedOnSerializer):
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class ReportSerializer(FollowUpNoteSerializer):
    """What is left out stays as it is."""

    physical_percent = serializers.DecimalField(
        max_digits=5, decimal_places=2, min_value=0, max_value=100, required=False
    )
    financial_percent = serializers.DecimalField(
        max_digits=5, decimal_places=2, min_value=0, max_value=100, required=False
    )
    obstacle = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class FinishSerializer(FollowUpNoteSerializer):
    on = serializers.DateField(required=False, help_text="The day on which it was done; today where it is left out.")


class StepReasonSerializer(BasedOnSerializer):
    reason = serializers.CharField(max_length=2000)


class FollowUpViewSet(Verbs, Visible, viewsets.ModelViewSet):
    queryset = FollowUp.objects.select_related(
        "workshop", "agreement", "source_entry", "responsible_organization", "region", "slum_area"
    )
    serializer_class = FollowUpSerializer
    filterset_class = FollowUpFilter
    ordering_names = {
        "due_on": "due_on",
        "status": "status",
        "updated_on": "updated_on",
        "organization": "responsible_organization__short_name",
        "agreement": "agreement__number",
    }
    VERBS = ("start", "report", "block", "unblock", "finish", "cancel", "reopen", "changes")

    def get_queryset(self):
        return super().get_queryset().with_facts(timezone.localdate()).prefetch_related("partners", "fundings")

    def _do(self, verb: str, words) -> Response:
        follow_up = self.get_object()
        follow_up.require(self.request.user, verb)
        getattr(follow_up, verb)(**self.said(words))
        return self.shown()

    @extend_schema(request=FollowUpNoteSerializer, responses=FollowUpSerializer)
    @action(detail=True, methods=["post"])
    def start(self, request, key):
        return self._do("start", FollowUpNoteSerializer)

    @extend_schema(request=ReportSerializer, responses=FollowUpSerializer)
    @action(detail=True, methods=["post"])
    def report(self, request, key):
        """How far it is."""
        return self._do("report", ReportSerializer)

    @extend_schema(request=StepReasonSerializer, responses=FollowUpSerializer)
    @action(detail=True, methods=["post"])
    def block(self, request, key):
        return self._do("block", StepReasonSerializer)

    @extend_schema(request=FollowUpNoteSerializer, responses=FollowUpSerializer)
    @action(detail=True, methods=["post"])
    def unblock(self, request, key):
        return self._do("unblock", FollowUpNoteSerializer)

    @extend_schema(request=FinishSerializer, responses=FollowUpSerializer)
    @action(detail=True, methods=["post"])
    def finish(self, request, key):
        """Done. There has to be evidence that was not returned."""
        return self._do("finish", FinishSerializer)

    @extend_schema(request=StepReasonSerializer, responses=FollowUpSerializer)
    @action(detail=True, methods=["post"])
    def cancel(self, request, key):
        """Who asks for this approves it."""
        return self._do("cancel", StepReasonSerializer)

    @extend_schema(request=StepReasonSerializer, responses=FollowUpSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request, key):
        return self._do("reopen", StepReasonSerializer)

    @extend_schema(responses=ChangeSerializer(many=True))
    @action(detail=True, pagination_class=None, filterset_class=None, filter_backends=[])
    def changes(self, request, key):
        """Every step with who, when, and each field before and after, the oldest first."""
        follow_up = self.allowed("agreements.view_followupchange")
        rows = follow_up.changes.select_related("by")
        return Response(ChangeSerializer(rows, many=True, context=self.get_serializer_context()).data)


# --- evidence -----------------------------------------------------------------------------------------------


class EvidenceSerializer(WithoutPeople, MeasuredSerializer):
    """A photo or document is sent as a form with its `file`, a link with its `url`."""

    key = serializers.CharField(source="id", read_only=True)
    follow_up = VisibleKeyField(slug_field="id", queryset=FollowUp.objects.all())
    file = serializers.FileField(write_only=True, required=False)
    has_file = serializers.BooleanField(source="file", read_only=True)
    submitted_by = serializers.CharField(source="submitted_by.__str__", read_only=True)
    reviewed_by = serializers.SerializerMethodField()

    class Meta:
        model = Evidence
        fields = [
            "key",
            "follow_up",
            "kind",
            "title",
            "file",
            "has_file",
            "url",
            "taken_on",
            "location",
            "latitude",
            "longitude",
            "sha256",
            "size",
            "status",
            "submitted_by",
            "submitted_at",
            "reviewed_by",
            "reviewed_at",
            "review_note",
        ]
        read_only_fields = ["sha256", "size", "status", "submitted_at", "reviewed_at", "review_note"]

    def get_reviewed_by(self, evidence) -> str | None:
        return str(evidence.reviewed_by) if evidence.reviewed_by_id else None

    def create(self, validated_data):
        user = self.context["request"].user
        validated_data["follow_up"].require(user, "report")
        evidence = Evidence(**validated_data)
        evidence.submit(by=user, at=timezone.now())
        return evidence


class JudgementSerializer(serializers.Serializer):
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class ReturnSerializer(serializers.Serializer):
    note = serializers.CharField(max_length=2000)


class EvidenceViewSet(Verbs, Visible, mixins.CreateModelMixin, mixins.DestroyModelMixin, viewsets.ReadOnlyModelViewSet):
    queryset = Evidence.objects.select_related("follow_up", "submitted_by", "reviewed_by")
    serializer_class = EvidenceSerializer
    filterset_class = EvidenceFilter
    ordering_names = {"submitted_at": "submitted_at", "status": "status"}
    parser_classes = [JSONParser, MultiPartParser, FormParser]
    VERBS = ("accept", "send_back", "file")

    def perform_destroy(self, instance):
        instance.follow_up.require(self.request.user, "report")
        instance.delete()

    def _judged(self) -> Evidence:
        return self.allowed("agreements.review_evidence")

    @extend_schema(request=JudgementSerializer, responses=EvidenceSerializer)
    @action(detail=True, methods=["post"])
    def accept(self, request, key):
        self._judged().accept(**self.said(JudgementSerializer))
        return self.shown()

    @extend_schema(request=ReturnSerializer, responses=EvidenceSerializer)
    @action(detail=True, methods=["post"], url_path="return")
    def send_back(self, request, key):
        """Return it with a note. Work that counted as done because of it goes on."""
        self._judged().send_back(**self.said(ReturnSerializer))
        return self.shown()

    @extend_schema(responses={(200, "application/octet-stream"): OpenApiTypes.BINARY})
    @action(detail=True)
    def file(self, request, key):
        """The photo or document itself."""
        evidence = self.get_object()
        if not evidence.file:
            raise Http404
        return FileResponse(evidence.file.open("rb"), as_attachment=True, filename=evidence.file_name)


# --- sittings -----------------------------------------------------------------------------------------------


class ReviewItemSerializer(serializers.ModelSerializer):
    follow_up = serializers.CharField(source="follow_up_id", read_only=True)
    by = serializers.CharField(source="by.__str__", read_only=True)

    class Meta:
        model = ReviewItem
        fields = ["follow_up", "decision", "note", "next_check_on", "status", "by", "at", "version"]


class ReviewSerializer(CheckedSerializer):
    key = serializers.CharField(source="id", read_only=True)
    members = serializers.SlugRelatedField(
        slug_field="username", queryset=User.objects.filter(is_active=True), many=True, required=False
    )
    items = ReviewItemSerializer(many=True, read_only=True)

    class Meta:
        model = Review
        fields = [
            "key",
            "held_on",
            "place",
            "subject",
            "members",
            "other_members",
            "note",
            "status",
            "closed_at",
            "items",
        ]
        read_only_fields = ["status", "closed_at"]

    def create(self, validated_data):
        members = validated_data.pop("members", [])
        with transaction.atomic():
            review = self.store(Review(**validated_data, created_by=self.context["request"].user))
            review.members.set(members)
        return review

    def update(self, instance, validated_data):
        members = validated_data.pop("members", None)
        with transaction.atomic():
            review = super().update(instance, validated_data)
            if members is not None:
                review.members.set(members)
        return review


class QueueSerializer(FollowUpSerializer):
    """A follow-up with why the sitting looks at it."""

    is_due = serializers.BooleanField(read_only=True)
    is_blocked = serializers.BooleanField(read_only=True)
    is_changed = serializers.BooleanField(read_only=True)
    is_to_check = serializers.BooleanField(read_only=True)
    is_unconfirmed = serializers.BooleanField(read_only=True)
    is_decided = serializers.BooleanField(read_only=True)

    REASONS = ("is_due", "is_blocked", "is_changed", "is_to_check", "is_unconfirmed", "is_decided")

    class Meta(FollowUpSerializer.Meta):
        fields = [
            *(name for name in FollowUpSerializer.Meta.fields if name != "silent"),
            "is_due",
            "is_blocked",
            "is_changed",
            "is_to_check",
            "is_unconfirmed",
            "is_decided",
        ]

    silent = None


class DecisionSerializer(serializers.Serializer):
    """`based_on` is the version of the decision that is changed."""

    follow_up = VisibleKeyField(slug_field="id", queryset=FollowUp.objects.all())
    decision = serializers.ChoiceField(choices=ReviewItem.Decision.choices)
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True)
    next_check_on = serializers.DateField(required=False, allow_null=True)
    based_on = serializers.IntegerField(required=False, min_value=0)


class ReviewViewSet(Verbs, Visible, viewsets.ModelViewSet):
    queryset = Review.objects.all()
    serializer_class = ReviewSerializer
    filterset_class = ReviewFilter
    ordering_names = {"held_on": "held_on", "status": "status"}
    VERBS = ("queue", "decide", "close", "reopen")

    def get_queryset(self):
        return super().get_queryset().prefetch_related("members", "items__by")

    @extend_schema(responses=QueueSerializer(many=True), filters=False)
    @action(detail=True)
    def queue(self, request, key):
        """What the sitting looks at: due, overdue, blocked, changed, to be checked, or done but unconfirmed."""
        rows = (
            self.get_object()
            .queue(request.user)
            .select_related("workshop", "agreement", "source_entry", "responsible_organization", "region", "slum_area")
        )
        page = self.paginate_queryset(rows.prefetch_related("partners", "fundings"))
        return self.get_paginated_response(QueueSerializer(page, many=True, context=self.get_serializer_context()).data)

    @extend_schema(request=DecisionSerializer, responses=ReviewItemSerializer)
    @action(detail=True, methods=["post"])
    def decide(self, request, key):
        """One decision about one follow-up."""
        review = self.allowed("agreements.decide_review")
        item = review.decide(**self.said(DecisionSerializer))
        return Response(ReviewItemSerializer(item).data)

    @extend_schema(request=NoWordsSerializer, responses=ReviewSerializer)
    @action(detail=True, methods=["post"])
    def close(self, request, key):
        self.allowed(Review.permission_for("close")).close(**self.said(NoWordsSerializer))
        return self.shown()

    @extend_schema(request=ReasonSerializer, responses=ReviewSerializer)
    @action(detail=True, methods=["post"])
    def reopen(self, request, key):
        self.allowed(Review.permission_for("reopen")).reopen(**self.said(ReasonSerializer))
        return self.shown()


# --- problems and promises -----------------------------------------------------------------------------------


class RaisedEntrySerializer(serializers.ModelSerializer):
    key = serializers.UUIDField(source="uid", read_only=True)
    workshop = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    agreements = serializers.SlugRelatedField(slug_field="key", many=True, read_only=True)
    follow_ups = serializers.SerializerMethodField()
    refusal = serializers.SerializerMethodField()

    class Meta:
        model = RaisedEntry
        fields = ["key", "workshop", "kind", "title", "location", "text", "agreements", "follow_ups", "refusal"]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_follow_ups(self, entry):
        return [str(follow_up.pk) for follow_up in entry.follow_ups.all()]

    def get_refusal(self, entry) -> str | None:
        refusal = getattr(entry, "refusal", None)
        return refusal.reason if refusal else None


class RaisedEntryViewSet(Verbs, Visible, viewsets.ReadOnlyModelViewSet):
    """Problems and promises of the minutes, and what became of them."""

    queryset = RaisedEntry.objects.select_related("workshop", "refusal")
    serializer_class = RaisedEntrySerializer
    lookup_field = "uid"
    lookup_value_regex = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
    filterset_class = RaisedEntryFilter
    ordering_names = {"workshop": "workshop", "order": "order"}
    VERBS = ("refuse",)

    def get_queryset(self):
        return super().get_queryset().prefetch_related("agreements", "follow_ups")

    @extend_schema(request=ReasonSerializer, responses=RaisedEntrySerializer)
    @action(detail=True, methods=["post"])
    def refuse(self, request, key):
        """Answer with a reason instead of an agreement or a follow-up."""
        self.allowed("agreements.add_entryrefusal").refuse(**self.said(ReasonSerializer))
        return self.shown()
