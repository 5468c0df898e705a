"""Files with baselines: a look, storing, taking back."""

from django.utils.translation import gettext as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.response import Response

from core.api import ErrorSerializer, VisibleKeyField
from core.jobs import Job
from core.models import Region
from core.refusals import Refused
from core.rest import ModelPermissions, VerbPermissions
from slumareas import checking
from slumareas.api.values import NumberField, WithClass
from slumareas.api.visible import Visible
from slumareas.filters import ImportFilter
from slumareas.importing import doors
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


class JobSerializer(serializers.ModelSerializer):
    """Work of the background worker: `done` of `total` rows in this step, 0 where nobody knows."""

    class Meta:
        model = Job
        fields = ["about", "state", "step", "done", "total", "message", "asked_at", "ended_at"]


class ImportDetailSerializer(ImportSerializer):
    sheets = ReadSheetSerializer(many=True, read_only=True)
    job = serializers.SerializerMethodField(help_text="The latest work in the background, null where there was none.")
    undo_result = serializers.SerializerMethodField(help_text="Null until it is taken back.")

    class Meta(ImportSerializer.Meta):
        fields = [*ImportSerializer.Meta.fields, "is_large", "sheets", "undo_result", "job"]

    @extend_schema_field(JobSerializer(allow_null=True))
    def get_job(self, record):
        job = record.latest_job()
        return JobSerializer(job).data if job else None

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
        return [VerbPermissions()] if self.action in ("apply", "undo", "stop") else [ModelPermissions()]

    def get_serializer_class(self):
        return ImportSerializer if self.action == "list" else ImportDetailSerializer

    def _record(self, permission: str) -> Import:
        record = self.get_object()
        if not self.request.user.has_perm(permission):
            raise PermissionDenied
        return record

    @extend_schema(
        request={"multipart/form-data": UploadSerializer},
        responses={200: ImportDetailSerializer, 201: ImportDetailSerializer, 202: ImportDetailSerializer},
    )
    def create(self, request):
        """Keep a file and look at it (201); a large one is looked at in the background (202).

        What cannot be read is refused at `file`. A file that the same person sent before and that still waits is
        given again (200).
        """
        given = UploadSerializer(data=request.data, context=self.get_serializer_context())
        given.is_valid(raise_exception=True)
        sent = doors.send(**given.validated_data, by=request.user, address=self._address)
        if sent.is_known:
            return self._told(sent.record, None)
        code = status.HTTP_202_ACCEPTED if sent.record.is_large else status.HTTP_201_CREATED
        return Response(self.get_serializer(sent.record).data, status=code)

    def _address(self, record: Import) -> str:
        """For the mail: the page, which a person can open."""
        return self.request.build_absolute_uri(record.get_absolute_url())

    def _told(self, record: Import, job: Job | None) -> Response:
        code = status.HTTP_202_ACCEPTED if job else status.HTTP_200_OK
        return Response(self.get_serializer(record).data, status=code)

    def perform_destroy(self, instance):
        instance.discard()

    @extend_schema(request=WordsToStoreSerializer, responses={200: ImportDetailSerializer, 202: ImportDetailSerializer})
    @action(detail=True, methods=["post"])
    def apply(self, request, key):
        """Store the valid rows, all or none; those of a large file in the background (202).

        Where the stored figures changed meanwhile the file is looked at again first.
        """
        record = self._record("slumareas.add_import")
        words = WordsToStoreSerializer(data=request.data)
        words.is_valid(raise_exception=True)
        job = doors.apply(record, **words.validated_data, by=request.user, address=self._address)
        return self._told(record, job)

    @extend_schema(request=None, responses={200: ImportDetailSerializer, 202: ImportDetailSerializer})
    @action(detail=True, methods=["post"])
    def undo(self, request, key):
        """New rows go, changed ones are as they were; a large import is taken back in the background (202).

        `undo_result` names those that were changed since and are kept.
        """
        record = self._record("slumareas.undo_import")
        job = doors.undo(record, by=request.user, address=self._address)
        return self._told(self.get_object(), job)

    @extend_schema(request=None, responses=ImportDetailSerializer)
    @action(detail=True, methods=["post"])
    def stop(self, request, key):
        """What is done in the background about this file ends, and changes nothing."""
        record = self._record("slumareas.add_import")
        job = record.latest_job()
        if job is None:
            raise Refused(_("This work has ended already."))
        job.stop()
        return Response(self.get_serializer(record).data)

    @extend_schema(responses={200: ReportSerializer, 409: ErrorSerializer})
    @action(detail=True)
    def report(self, request, key):
        """All rows and findings of a file that is not stored yet, at once: this answer is not paged."""
        record = self.get_object()
        record.require_previewed()
        return Response(read_report(record))
