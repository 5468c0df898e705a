"""Files with baselines: a look, storing, taking back."""

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.response import Response

from core.api import ErrorSerializer, VisibleKeyField
from core.models import Region
from core.rest import ModelPermissions, VerbPermissions
from slumareas import checking
from slumareas.api.values import NumberField, WithClass
from slumareas.api.visible import Visible
from slumareas.filters import ImportFilter
from slumareas.importing import importer, storing
from slumareas.importing.preview import read_report
from slumareas.models import Import
from slumareas.models.places import FIRST_YEAR, LAST_YEAR
from slumareas.models.years import RULE_SET_CHOICES


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


class ImportDetailSerializer(ImportSerializer):
    sheets = ReadSheetSerializer(many=True, read_only=True)
    undo_result = serializers.SerializerMethodField(help_text="Null until it is taken back.")

    class Meta(ImportSerializer.Meta):
        fields = [*ImportSerializer.Meta.fields, "sheets", "undo_result"]

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
        return [VerbPermissions()] if self.action in ("apply", "undo") else [ModelPermissions()]

    def get_serializer_class(self):
        return ImportSerializer if self.action == "list" else ImportDetailSerializer

    def _record(self, permission: str) -> Import:
        record = self.get_object()
        if not self.request.user.has_perm(permission):
            raise PermissionDenied
        return record

    @extend_schema(request={"multipart/form-data": UploadSerializer}, responses={201: ImportDetailSerializer})
    def create(self, request):
        """Keep a file and look at it. What cannot be read is refused at `file`."""
        sent = UploadSerializer(data=request.data, context=self.get_serializer_context())
        sent.is_valid(raise_exception=True)
        record = importer.upload(**sent.validated_data, by=request.user)
        return Response(self.get_serializer(record).data, status=status.HTTP_201_CREATED)

    def perform_destroy(self, instance):
        instance.discard()

    @extend_schema(request=WordsToStoreSerializer, responses=ImportDetailSerializer)
    @action(detail=True, methods=["post"])
    def apply(self, request, key):
        """Store the valid rows, all or none. Where the stored figures changed meanwhile it is looked at again first."""
        record = self._record("slumareas.add_import")
        words = WordsToStoreSerializer(data=request.data)
        words.is_valid(raise_exception=True)
        importer.apply(record, **words.validated_data, by=request.user)
        return Response(self.get_serializer(record).data)

    @extend_schema(request=None, responses=ImportDetailSerializer)
    @action(detail=True, methods=["post"])
    def undo(self, request, key):
        """New rows go, changed ones are as they were; `undo_result` names those that were changed since and are kept."""
        record = self._record("slumareas.undo_import")
        storing.undo(record, by=request.user, at=timezone.now())
        return Response(self.get_serializer(self.get_object()).data)

    @extend_schema(responses={200: ReportSerializer, 409: ErrorSerializer})
    @action(detail=True)
    def report(self, request, key):
        """All rows and findings of a file that is not stored yet, at once: this answer is not paged."""
        record = self.get_object()
        record.require_previewed()
        return Response(read_report(record))
