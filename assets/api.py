"""The API of the handover: packages, what they hold, their papers; the same rights and doors as the pages."""

from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from drf_spectacular.utils import OpenApiResponse, extend_schema, extend_schema_field
from rest_framework import mixins, serializers, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.response import Response

from agreements.models import Agreement, FollowUp
from assets import asset_types, stages
from assets.filters import AssetFilter, DocumentFilter, PackageFilter
from assets.models import Asset, AssetPhoto, Document, DocumentVersion, FunctionCheck, Move, Package
from core.api import CheckedSerializer, VisibleKeyField
from core.models import Organization, Region
from core.rest import ModelPermissions, VerbPermissions
from slumareas.api.values import MeasuredSerializer
from slumareas.api.visible import NamedOrdering, Visible
from slumareas.models import SlumArea

NUMBER = r"[A-Za-z0-9][A-Za-z0-9.\-]{0,39}"


def organization(**kwargs) -> VisibleKeyField:
    return VisibleKeyField(slug_field="key", queryset=Organization.objects.all(), **kwargs)


class AgeOrdering(NamedOrdering):
    """What is older waits longer: ordering by days turns that of the stored date."""

    def get_ordering(self, request, queryset, view):
        names = super().get_ordering(request, queryset, view)
        return names and [name.removeprefix("--") for name in names]


class ByVerbs(Visible):
    """Records that change by verbs: who may see one may ask, the package says whether the person may."""

    filter_backends = [DjangoFilterBackend, AgeOrdering]
    VERBS: tuple[str, ...] = ()

    def get_permissions(self):
        return [VerbPermissions()] if self.action in self.VERBS else [ModelPermissions()]

    def _sent(self, serializer_class) -> dict:
        sent = serializer_class(data=self.request.data, context=self.get_serializer_context())
        sent.is_valid(raise_exception=True)
        return dict(sent.validated_data)


# --- packages ------------------------------------------------------------------------------------------
class WordsSerializer(serializers.Serializer):
    on = serializers.DateField(required=False, help_text="The day on which it happened; today where it is not given.")
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class AdvanceSerializer(WordsSerializer):
    stage = serializers.ChoiceField(choices=stages.STAGE_CHOICES)
    holder = organization(required=False, help_text="Who has the file from now on; where it is where not given.")
    desk = serializers.CharField(max_length=100, required=False, allow_blank=True)


class SendSerializer(WordsSerializer):
    holder = organization()
    desk = serializers.CharField(max_length=100, required=False, allow_blank=True)


class BlockSerializer(WordsSerializer):
    reason = serializers.ChoiceField(choices=stages.REASON_CHOICES)


class ReasonedSerializer(BlockSerializer):
    note = serializers.CharField(max_length=2000, help_text="What is the matter, in a sentence.")


class ResumeSerializer(WordsSerializer):
    note = serializers.CharField(max_length=2000, help_text="What changed.")


class InterimSerializer(WordsSerializer):
    number = serializers.CharField(max_length=100, help_text="Number of the interim record.")


class MoveSerializer(serializers.ModelSerializer):
    from_holder = serializers.SlugRelatedField(slug_field="key", read_only=True)
    to_holder = serializers.SlugRelatedField(slug_field="key", read_only=True)
    by = serializers.SlugRelatedField(slug_field="username", read_only=True)

    class Meta:
        model = Move
        fields = [
            "kind", "on", "from_stage", "to_stage", "from_condition", "to_condition", "from_holder", "from_desk",
            "to_holder", "to_desk", "reason", "note", "by", "at", "stage_days", "holder_days",
        ]  # fmt: skip


class NextStageSerializer(serializers.Serializer):
    """A stage that may follow, and what stands in the way of it today: a sentence each."""

    stage = serializers.ChoiceField(choices=stages.STAGE_CHOICES)
    needs_note = serializers.BooleanField()
    hindrances = serializers.ListField(child=serializers.CharField())


class PackageSerializer(MeasuredSerializer):
    """Stage, condition and holder change by the verbs alone."""

    key = serializers.CharField(read_only=True)
    giver = organization()
    receiver = organization(required=False, allow_null=True)
    holder = serializers.SlugRelatedField(slug_field="key", read_only=True)
    village = VisibleKeyField(slug_field="code", queryset=Region.objects.villages(), required=False, allow_null=True)
    slum_area = VisibleKeyField(slug_field="slug", queryset=SlumArea.objects.all(), required=False, allow_null=True)
    agreement = VisibleKeyField(slug_field="key", queryset=Agreement.objects.all(), required=False, allow_null=True)
    follow_up = VisibleKeyField(slug_field="id", queryset=FollowUp.objects.all(), required=False, allow_null=True)
    days_waiting = serializers.SerializerMethodField(help_text="Whole days with the present holder.")
    days_at_stage = serializers.SerializerMethodField(help_text="Whole days at the present stage.")
    papers_required = serializers.IntegerField(read_only=True)
    papers_accepted = serializers.IntegerField(read_only=True, help_text="Of the required ones; valid today.")

    INSIDE = ("note", "condition_note", "holder_desk", "agreement", "follow_up")

    class Meta:
        model = Package
        fields = [
            "key", "number", "name", "sector", "giver", "receiver", "legal_basis", "budget_year", "value", "village",
            "slum_area", "agreement", "follow_up", "path", "is_planned_as_grant", "is_made_up", "note", "stage",
            "stage_reached_on", "days_at_stage", "condition", "reason", "condition_note", "holder", "holder_desk",
            "holder_reached_on", "days_waiting", "accepted_on", "grant_deed_on", "handover_on", "interim_on",
            "interim_number", "is_published", "papers_required", "papers_accepted",
        ]  # fmt: skip
        read_only_fields = [name for name in Package.MOVED_FIELDS if name != "holder"]

    def get_fields(self):
        """Whoever may not read the moves reads no notes either."""
        fields = super().get_fields()
        request = self.context.get("request")
        if request and not request.user.has_perm("assets.view_move"):
            for name in self.INSIDE:
                fields.pop(name)
        return fields

    def get_days_waiting(self, package) -> int:
        return package.waited_days(timezone.localdate())

    def get_days_at_stage(self, package) -> int:
        return (timezone.localdate() - package.stage_reached_on).days

    def store(self, instance):
        user = self.context["request"].user
        if user.role == user.Role.OPD_USER and instance.giver_id != user.organization_id:
            raise PermissionDenied(_("An agency records and changes the packages that it gives itself."))
        super().store(instance)
        return Package.objects.with_papers(timezone.localdate()).get(pk=instance.pk)


class PackageDetailSerializer(PackageSerializer):
    next_stages = serializers.SerializerMethodField(help_text="The usual next one first.")
    verbs = serializers.SerializerMethodField(help_text="Which verbs you may use now.")
    moves = serializers.SerializerMethodField(help_text="The way of the file; empty for readers.")

    class Meta(PackageSerializer.Meta):
        fields = [*PackageSerializer.Meta.fields, "next_stages", "verbs", "moves"]

    @extend_schema_field(NextStageSerializer(many=True))
    def get_next_stages(self, package):
        if not self.context["request"].user.has_perm("assets.view_document"):
            return []
        today = timezone.localdate()
        return [
            {"stage": stage, "needs_note": needs_note, "hindrances": package.hindrances(stage, today)}
            for stage, needs_note in package.next_stages()
        ]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_verbs(self, package):
        user = self.context["request"].user
        return [verb for verb in PackageViewSet.VERBS if package.can(verb) and package.may(user, verb)]

    @extend_schema_field(MoveSerializer(many=True))
    def get_moves(self, package):
        moves = Move.objects.visible_to(self.context["request"].user).filter(package=package)
        return MoveSerializer(moves.select_related("from_holder", "to_holder", "by"), many=True).data


class PackageViewSet(ByVerbs, viewsets.ModelViewSet):
    """What one giver hands over in one go, its stage, and who has the file for how many days."""

    queryset = Package.objects.select_related(
        "giver", "receiver", "holder", "village", "slum_area", "agreement", "follow_up"
    )
    lookup_value_regex = NUMBER
    filterset_class = PackageFilter
    ordering_names = {
        "number": "number",
        "name": "name",
        "sector": "sector",
        "budget_year": "budget_year",
        "value": "value",
        "days_waiting": "-holder_reached_on",
        "days_at_stage": "-stage_reached_on",
    }
    VERBS = (
        "advance", "send_to", "accept", "reject", "return_to_giver", "block", "unblock", "set_aside", "resume",
        "hand_over_for_use", "publish", "withdraw",
    )  # fmt: skip

    def get_queryset(self):
        return super().get_queryset().with_papers(timezone.localdate())

    def get_serializer_class(self):
        return PackageSerializer if self.action == "list" else PackageDetailSerializer

    def get_object(self):
        package = get_object_or_404(self.get_queryset(), number=self.kwargs["key"].upper())
        self.check_object_permissions(self.request, package)
        return package

    def _editable(self, package) -> None:
        if not Package.objects.editable_by(self.request.user).filter(pk=package.pk).exists():
            raise PermissionDenied

    def perform_update(self, serializer):
        self._editable(serializer.instance)
        serializer.save()

    def perform_destroy(self, instance):
        self._editable(instance)
        instance.delete()

    def _do(self, verb: str, serializer_class=None) -> Response:
        package = self.get_object()
        arguments = self._sent(serializer_class) if serializer_class else {}
        package.require_may(self.request.user, verb, arguments.get("stage", ""))
        if "stage" in arguments:
            arguments["to"] = arguments.pop("stage")
        getattr(package, verb)(by=self.request.user, at=timezone.now(), **arguments)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request=AdvanceSerializer, responses=PackageDetailSerializer)
    @action(detail=True, methods=["post"])
    def advance(self, request, key):
        """To another stage of the table of allowed moves; 409 with a sentence where papers or facts are missing."""
        return self._do("advance", AdvanceSerializer)

    @extend_schema(request=SendSerializer, responses=PackageDetailSerializer)
    @action(detail=True, methods=["post"], url_path="send-to")
    def send_to(self, request, key):
        """Hand the file to another organization or desk."""
        return self._do("send_to", SendSerializer)

    @extend_schema(request=WordsSerializer, responses=PackageDetailSerializer)
    @action(detail=True, methods=["post"])
    def accept(self, request, key):
        """The receiving organization is willing to take the package. Never by the giver."""
        return self._do("accept", WordsSerializer)

    @extend_schema(request=ReasonedSerializer, responses=PackageDetailSerializer)
    @action(detail=True, methods=["post"])
    def reject(self, request, key):
        """The receiving organization does not take it; the file goes back to the giver."""
        return self._do("reject", ReasonedSerializer)

    @extend_schema(request=ReasonedSerializer, responses=PackageDetailSerializer)
    @action(detail=True, methods=["post"], url_path="return-to-giver")
    def return_to_giver(self, request, key):
        """Back to the giver, who completes the documents."""
        return self._do("return_to_giver", ReasonedSerializer)

    @extend_schema(request=BlockSerializer, responses=PackageDetailSerializer)
    @action(detail=True, methods=["post"])
    def block(self, request, key):
        return self._do("block", BlockSerializer)

    @extend_schema(request=WordsSerializer, responses=PackageDetailSerializer)
    @action(detail=True, methods=["post"])
    def unblock(self, request, key):
        return self._do("unblock", WordsSerializer)

    @extend_schema(request=ReasonedSerializer, responses=PackageDetailSerializer)
    @action(detail=True, methods=["post"], url_path="set-aside")
    def set_aside(self, request, key):
        """There is nothing to hand over here after all."""
        return self._do("set_aside", ReasonedSerializer)

    @extend_schema(request=ResumeSerializer, responses=PackageDetailSerializer)
    @action(detail=True, methods=["post"])
    def resume(self, request, key):
        """Take up again what was refused or set aside."""
        return self._do("resume", ResumeSerializer)

    @extend_schema(request=InterimSerializer, responses=PackageDetailSerializer)
    @action(detail=True, methods=["post"], url_path="hand-over-for-use")
    def hand_over_for_use(self, request, key):
        """The interim record, by which the regency may use and maintain before the deed is signed."""
        return self._do("hand_over_for_use", InterimSerializer)

    @extend_schema(request=None, responses=PackageDetailSerializer)
    @action(detail=True, methods=["post"])
    def publish(self, request, key):
        return self._do("publish")

    @extend_schema(request=None, responses=PackageDetailSerializer)
    @action(detail=True, methods=["post"])
    def withdraw(self, request, key):
        """No longer for readers outside the programme."""
        return self._do("withdraw")


# --- assets --------------------------------------------------------------------------------------------
class PackageField(VisibleKeyField):
    """The package, said once, when the asset is recorded."""

    def __init__(self, **kwargs):
        super().__init__(slug_field="number", queryset=Package.objects.all(), **kwargs)


class FunctionCheckSerializer(serializers.ModelSerializer):
    class Meta:
        model = FunctionCheck
        fields = ["year", "checked_on", "is_functioning", "condition", "note"]


class BookSerializer(serializers.Serializer):
    kib_class = serializers.ChoiceField(choices=asset_types.KIB_CHOICES)
    kib_code = serializers.CharField(max_length=60)


class ManagerSerializer(serializers.Serializer):
    manager = organization()
    duties = serializers.CharField(max_length=2000, allow_blank=True, default="")


class CheckSerializer(serializers.Serializer):
    is_functioning = serializers.BooleanField()
    condition = serializers.ChoiceField(choices=Asset.Condition.choices)
    on = serializers.DateField(required=False, help_text="The day of the check; today where it is not given.")
    note = serializers.CharField(max_length=2000, allow_blank=True, default="")


class PhotoSerializer(CheckedSerializer):
    """`picture` is only sent; the photo as it is kept has an address of its own, `photos/KEY/` of its asset."""

    key = serializers.CharField(source="id", read_only=True)

    class Meta:
        model = AssetPhoto
        fields = ["key", "picture", "caption", "taken_on"]
        extra_kwargs = {"picture": {"write_only": True}}


class AssetSerializer(MeasuredSerializer):
    key = serializers.CharField(read_only=True)
    package = PackageField()
    manager = organization(required=False, allow_null=True)
    checks = serializers.SerializerMethodField(help_text="The yearly checks; empty for readers.")
    photos = serializers.SerializerMethodField(help_text="Empty for readers.")

    class Meta:
        model = Asset
        fields = [
            "key", "package", "number", "asset_type", "name", "quantity", "unit", "built_year", "condition",
            "land_status", "latitude", "longitude", "value", "state_code", "kib_class", "kib_code", "manager",
            "duties", "next_check_on", "checks", "photos",
        ]  # fmt: skip
        read_only_fields = ["number"]

    @extend_schema_field(FunctionCheckSerializer(many=True))
    def get_checks(self, asset):
        if not self.context["request"].user.has_perm("assets.view_functioncheck"):
            return []
        return FunctionCheckSerializer(asset.checks.all(), many=True).data

    @extend_schema_field(PhotoSerializer(many=True))
    def get_photos(self, asset):
        if not self.context["request"].user.has_perm("assets.view_assetphoto"):
            return []
        return PhotoSerializer(asset.photos.all(), many=True).data

    def store(self, instance):
        if not Package.objects.editable_by(self.context["request"].user).filter(pk=instance.package_id).exists():
            raise PermissionDenied
        return super().store(instance)


class AssetViewSet(ByVerbs, viewsets.ModelViewSet):
    """What a package holds. Once the deed is signed, what it lists stays as it is."""

    queryset = Asset.objects.select_related("package", "manager").prefetch_related("checks", "photos")
    serializer_class = AssetSerializer
    lookup_value_regex = NUMBER + r"-\d{1,5}"
    filterset_class = AssetFilter
    ordering_names = {
        "package": "package__number",
        "name": "name",
        "asset_type": "asset_type",
        "value": "value",
        "next_check_on": "next_check_on",
    }
    VERBS = ("enter_in_books", "assign_manager", "record_check", "add_photo", "photo")

    def get_object(self):
        package, _hyphen, number = self.kwargs["key"].rpartition("-")
        asset = get_object_or_404(self.get_queryset(), package__number=package.upper(), number=number)
        self.check_object_permissions(self.request, asset)
        return asset

    def perform_destroy(self, instance):
        self._require_editor(instance, "assets.delete_asset")
        instance.delete()

    def _asset(self, right: str) -> Asset:
        asset = self.get_object()
        asset.package.require_may(self.request.user, right)
        return asset

    @extend_schema(request=BookSerializer, responses=AssetSerializer)
    @action(detail=True, methods=["post"], url_path="enter-in-books")
    def enter_in_books(self, request, key):
        """The entry in the asset register of the regency (KIB), after the handover record."""
        asset = self._asset("book_asset")
        asset.enter_in_books(**self._sent(BookSerializer), by=request.user)
        return Response(self.get_serializer(asset).data)

    @extend_schema(request=ManagerSerializer, responses=AssetSerializer)
    @action(detail=True, methods=["post"], url_path="assign-manager")
    def assign_manager(self, request, key):
        asset = self._asset("book_asset")
        asset.assign_manager(**self._sent(ManagerSerializer), by=request.user)
        return Response(self.get_serializer(asset).data)

    @extend_schema(request=CheckSerializer, responses=AssetSerializer)
    @action(detail=True, methods=["post"], url_path="record-check")
    def record_check(self, request, key):
        """Once a year: whether it works and how it is. The next check is planned a year later."""
        asset = self._asset("check_asset")
        asset.record_check(**self._sent(CheckSerializer), by=request.user, at=timezone.now())
        return Response(self.get_serializer(self.get_object()).data)

    def _require_editor(self, asset: Asset, permission: str) -> None:
        editable = Asset.objects.editable_by(self.request.user).filter(pk=asset.pk).exists()
        if not (editable and self.request.user.has_perm(permission)):
            raise PermissionDenied

    @extend_schema(request={"multipart/form-data": PhotoSerializer}, responses=AssetSerializer)
    @action(detail=True, methods=["post"], url_path="photos")
    def add_photo(self, request, key):
        """A JPEG or PNG; it is drawn anew, and what the camera wrote into it is left out."""
        asset = self.get_object()
        self._require_editor(asset, "assets.add_assetphoto")
        sent = PhotoSerializer(data=request.data, context=self.get_serializer_context())
        sent.is_valid(raise_exception=True)
        sent.save(asset=asset)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(methods=["GET"], responses={(200, "image/jpeg"): OpenApiResponse(bytes, description="The photo.")})
    @extend_schema(methods=["DELETE"], responses={204: None})
    @action(detail=True, methods=["get", "delete"], url_path=r"photos/(?P<photo>\d{1,18})")
    def photo(self, request, key, photo):
        """The photo as it is kept."""
        asset = self.get_object()
        found = AssetPhoto.objects.visible_to(request.user).filter(asset=asset, pk=photo).first()
        if found is None:
            raise Http404
        if request.method == "DELETE":
            self._require_editor(asset, "assets.delete_assetphoto")
            found.delete()
            return Response(status=204)
        try:
            return FileResponse(found.picture.open("rb"), content_type="image/jpeg")
        except FileNotFoundError as error:
            raise Http404 from error


# --- documents -----------------------------------------------------------------------------------------
class ReceiveSerializer(serializers.Serializer):
    file = serializers.FileField(help_text="PDF, picture or office document.")
    dated_on = serializers.DateField(required=False, allow_null=True, help_text="The date that the paper bears.")
    valid_until = serializers.DateField(
        required=False, allow_null=True, help_text="Follows from the date where the checklist says how long it holds."
    )
    number = serializers.CharField(max_length=100, required=False, allow_blank=True)
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class NoteSerializer(serializers.Serializer):
    note = serializers.CharField(max_length=2000, required=False, allow_blank=True)


class SendBackSerializer(serializers.Serializer):
    note = serializers.CharField(max_length=2000, help_text="What is wrong with the paper.")


class DocumentVersionSerializer(serializers.ModelSerializer):
    by = serializers.SlugRelatedField(slug_field="username", read_only=True)
    file_name = serializers.CharField(read_only=True)

    class Meta:
        model = DocumentVersion
        fields = ["number", "file_name", "sha256", "size", "dated_on", "note", "by", "at"]


class DocumentSerializer(serializers.ModelSerializer):
    key = serializers.CharField(read_only=True)
    package = serializers.SlugRelatedField(slug_field="number", read_only=True)
    label = serializers.CharField(read_only=True)
    issuer = serializers.CharField(read_only=True)
    has_expired = serializers.SerializerMethodField()

    class Meta:
        model = Document
        fields = [
            "key", "package", "kind", "label", "issuer", "is_required", "needed_before", "state", "number", "dated_on",
            "valid_until", "has_expired", "note", "changed_on", "settled_on",
        ]  # fmt: skip

    def get_has_expired(self, document) -> bool:
        return document.has_expired(timezone.localdate())


class DocumentDetailSerializer(DocumentSerializer):
    versions = DocumentVersionSerializer(many=True, read_only=True)

    class Meta(DocumentSerializer.Meta):
        fields = [*DocumentSerializer.Meta.fields, "versions"]


class DocumentViewSet(ByVerbs, mixins.RetrieveModelMixin, mixins.ListModelMixin):
    """The places of the checklist: which paper is missing, received, accepted or returned."""

    queryset = Document.objects.select_related("package")
    lookup_value_regex = NUMBER + r":[a-z_]{1,24}"
    filterset_class = DocumentFilter
    ordering_names = {"package": "package__number", "kind": "kind", "state": "state", "valid_until": "valid_until"}
    VERBS = ("receive", "accept", "send_back", "version")

    def get_queryset(self):
        documents = super().get_queryset()
        return documents if self.action == "list" else documents.prefetch_related("versions__by")

    def get_serializer_class(self):
        return DocumentSerializer if self.action == "list" else DocumentDetailSerializer

    def get_object(self):
        package, _colon, kind = self.kwargs["key"].rpartition(":")
        document = get_object_or_404(self.get_queryset(), package__number=package.upper(), kind=kind)
        self.check_object_permissions(self.request, document)
        return document

    def _do(self, verb: str, right: str, serializer_class) -> Response:
        document = self.get_object()
        document.package.require_may(self.request.user, right)
        arguments = self._sent(serializer_class)
        getattr(document, verb)(by=self.request.user, at=timezone.now(), **arguments)
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(request={"multipart/form-data": ReceiveSerializer}, responses=DocumentDetailSerializer)
    @action(detail=True, methods=["post"])
    def receive(self, request, key):
        """Put a file into the place: a new version, which waits to be accepted."""
        return self._do("receive", "receive_document", ReceiveSerializer)

    @extend_schema(request=NoteSerializer, responses=DocumentDetailSerializer)
    @action(detail=True, methods=["post"])
    def accept(self, request, key):
        """Never by the organization that gives the package."""
        return self._do("accept", "judge_document", NoteSerializer)

    @extend_schema(request=SendBackSerializer, responses=DocumentDetailSerializer)
    @action(detail=True, methods=["post"], url_path="send-back")
    def send_back(self, request, key):
        return self._do("send_back", "judge_document", SendBackSerializer)

    @extend_schema(
        responses={(200, "application/octet-stream"): OpenApiResponse(bytes, description="The file as it was sent.")}
    )
    @action(detail=True, url_path=r"versions/(?P<number>\d{1,4})")
    def version(self, request, key, number):
        """A file of the paper, as it was sent."""
        found = DocumentVersion.objects.visible_to(request.user).filter(document=self.get_object(), number=number)
        version = found.first()
        if version is None:
            raise Http404
        return FileResponse(version.file.open("rb"), as_attachment=True, filename=version.file_name)
