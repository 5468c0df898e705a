"""The admin of the handover: the same rights and doors as the pages. Stages, holders and states change by verbs alone."""

from datetime import datetime

from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from import_export import fields, widgets

from assets.models import Asset, AssetPhoto, Document, DocumentVersion, FunctionCheck, Move, Package, Signatory
from core.admin import ExportingAdmin, HouseAdmin, ReadOnly, RefusalsAsMessages, by_key
from core.models import Organization, Region
from core.refusals import Refused
from core.resources import KeyWidget
from core.spreadsheet import as_text
from slumareas.admin import MeasuredResource
from slumareas.models import SlumArea


# --- spreadsheets --------------------------------------------------------------------------------------
class DayWidget(widgets.DateWidget):
    """A day; spreadsheet programs keep it as a moment."""

    def clean(self, value, row=None, **kwargs):
        return value.date() if isinstance(value, datetime) else super().clean(value, row, **kwargs)


def day(column: str) -> fields.Field:
    return fields.Field(column_name=column, attribute=column, widget=DayWidget())


class VillageWidget(KeyWidget):
    def get_queryset(self, value, row, *args, **kwargs):
        return Region.objects.villages()


# What says where a package stood when the register began: written once, when the package is new.
OPENING = (
    "stage", "stage_reached_on", "condition", "reason", "condition_note", "holder", "holder_desk", "holder_reached_on",
    "accepted_on", "grant_deed_on", "handover_on",
)  # fmt: skip


class AssetResource(MeasuredResource):
    package = by_key("package", Package, "number")
    manager = by_key("manager", Organization, "key")
    next_check_on = day("next_check_on")

    class Meta(MeasuredResource.Meta):
        model = Asset
        import_id_fields = ["package", "number"]
        fields = [
            "package", "number", "asset_type", "name", "quantity", "unit", "built_year", "condition", "land_status",
            "latitude", "longitude", "value", "state_code", "kib_class", "kib_code", "manager", "duties",
            "next_check_on",
        ]  # fmt: skip

    def before_import_row(self, row, **kwargs):
        row["package"] = as_text(row.get("package")).upper()
        if not as_text(row.get("number")):
            raise ValidationError({"number": gettext("Give the asset a number in its package, e.g. 1.")})


class PackageResource(MeasuredResource):
    """One row a package. A new one is taken up at the stage and holder of its row; of a known one these stay.

    The assets of the packages may stand on a sheet of their own beside them, and go out so.
    """

    beside = AssetResource
    giver = by_key("giver", Organization, "key")
    receiver = by_key("receiver", Organization, "key")
    holder = by_key("holder", Organization, "key")
    village = fields.Field(column_name="village", attribute="village", widget=VillageWidget(Region, "code", "village"))
    slum_area = by_key("slum_area", SlumArea, "slug")
    stage_reached_on = day("stage_reached_on")
    holder_reached_on = day("holder_reached_on")
    accepted_on = day("accepted_on")
    grant_deed_on = day("grant_deed_on")
    handover_on = day("handover_on")

    class Meta(MeasuredResource.Meta):
        model = Package
        import_id_fields = ["number"]
        fields = [
            "number", "name", "sector", "giver", "receiver", "legal_basis", "budget_year", "value", "village",
            "slum_area", "path", "is_planned_as_grant", "is_made_up", "note", *OPENING,
        ]  # fmt: skip

    def before_import(self, dataset, **kwargs):
        super().before_import(dataset, **kwargs)
        self.seen: dict[str, int] = {}

    def before_import_row(self, row, **kwargs):
        number = row["number"] = as_text(row.get("number")).upper()
        here = self.row_in_file(kwargs["row_number"])
        if number and self.seen.setdefault(number, here) != here:
            sentence = gettext("This number stands in row %(row)s already.")
            raise ValidationError({"number": sentence % {"row": self.seen[number]}})
        for name in (*OPENING, "path"):
            if not as_text(row.get(name)):
                row.pop(name, None)

    def import_instance(self, instance, row, **kwargs):
        """A row says where a new package stands; a known one it does not move."""
        columns = {name: Package._meta.get_field(name).attname for name in OPENING if name in row}
        before = {name: getattr(instance, column) for name, column in columns.items()}
        super().import_instance(instance, row, **kwargs)
        self.opening = {} if instance.pk else {name: getattr(instance, name) for name in columns}
        moved = [name for name, column in columns.items() if instance.pk and getattr(instance, column) != before[name]]
        if moved:
            sentence = gettext(
                "This package is known already: its stage, condition and holder change on its page alone."
            )
            raise ValidationError(dict.fromkeys(moved, sentence))

    def after_save_instance(self, instance, row, **kwargs):
        if not self.opening:
            return
        given = {"stage": instance.stage, "holder": instance.giver, **self.opening}
        given["desk"] = given.pop("holder_desk", "")
        instance.take_up(by=kwargs.get("user"), at=timezone.now(), **given)

    def export(self, queryset=None, **kwargs):
        dataset = super().export(queryset, **kwargs)
        dataset.title = Package._meta.verbose_name_plural
        assets = Asset.objects.visible_to(self.user).filter(package__in=queryset).order_by("package__number", "number")
        dataset.beside = [AssetResource().export(assets)]
        dataset.beside[0].title = Asset._meta.verbose_name_plural
        return dataset


# --- packages ------------------------------------------------------------------------------------------
class AssetInline(admin.TabularInline):
    model = Asset
    extra = 0
    fields = ["asset_type", "name", "quantity", "unit", "built_year", "condition", "value"]
    show_change_link = True

    def has_add_permission(self, request, obj=None):
        return super().has_add_permission(request, obj) and not (obj and obj.is_deed_closed())

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and not (obj and obj.is_deed_closed())


class LookedAt(admin.TabularInline):
    """Rows that something else writes."""

    extra = 0

    def has_add_permission(self, request, obj=None):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class DocumentInline(LookedAt):
    model = Document
    fields = readonly_fields = ["kind", "is_required", "needed_before", "state", "dated_on", "valid_until"]
    show_change_link = True


class MoveInline(LookedAt):
    model = Move
    fk_name = "package"
    fields = readonly_fields = ["on", "kind", "to_stage", "to_condition", "to_holder", "to_desk", "by", "note"]


class SignatoryInline(admin.StackedInline):
    model = Signatory
    extra = 0
    classes = ["collapse"]
    fields = [
        "role", "name", "position", "organization_name", "signs_for", "signs_for_office", "rank_grade", "nip",
    ]  # fmt: skip


@admin.register(Package)
class PackageAdmin(RefusalsAsMessages, HouseAdmin):
    resource_classes = [PackageResource]
    list_display = ["number", "name", "sector", "stage", "condition", "holder", "holder_desk", "holder_reached_on"]
    list_select_related = ["holder"]
    list_filter = ["sector", "stage", "condition", "is_published", ("receiver", admin.RelatedOnlyFieldListFilter)]
    search_fields = ["number", "name", "village__name"]
    autocomplete_fields = ["giver", "receiver", "village", "slum_area"]
    raw_id_fields = ["agreement", "follow_up"]
    readonly_fields = list(Package.MOVED_FIELDS)
    inlines = [AssetInline, SignatoryInline, DocumentInline, MoveInline]
    actions = ["publish", "withdraw"]
    fieldsets = [
        (None, {"fields": ["number", "name", "sector", "path", "is_planned_as_grant", "is_made_up"]}),
        (_("Giver and receiver"), {"fields": ["giver", "receiver", "legal_basis", "budget_year", "value"]}),
        (_("Place"), {"fields": ["village", "slum_area"]}),
        (_("Related"), {"fields": ["agreement", "follow_up", "note"]}),
        (_("Where it is"), {"fields": list(Package.MOVED_FIELDS)}),
    ]

    def shows_personal(self, request):
        return request.user.has_perm("assets.view_signatory")

    def has_publish_permission(self, request):
        return request.user.has_perm("assets.publish_package")

    @admin.action(description=_("Publish the chosen packages"), permissions=["publish"])
    def publish(self, request, queryset):
        self._each(request, queryset, "publish")

    @admin.action(description=_("Publish the chosen packages no longer"), permissions=["publish"])
    def withdraw(self, request, queryset):
        self._each(request, queryset, "withdraw")

    def _each(self, request, queryset, verb):
        done = 0
        for package in queryset:
            try:
                getattr(package, verb)(by=request.user, at=timezone.now())
                done += 1
            except Refused as refusal:
                self.message_user(request, f"{package}: {refusal.sentence}", messages.ERROR)
        self.message_user(request, gettext("Changed: %(count)s.") % {"count": done}, messages.SUCCESS)


# --- assets and papers ---------------------------------------------------------------------------------
class CheckInline(LookedAt):
    model = FunctionCheck
    fields = readonly_fields = ["checked_on", "is_functioning", "condition", "note", "by"]


@admin.register(Asset)
class AssetAdmin(RefusalsAsMessages, HouseAdmin):
    resource_classes = [AssetResource]
    list_display = ["key", "name", "asset_type", "condition", "manager", "next_check_on"]
    list_select_related = ["package", "manager"]
    list_filter = ["asset_type", "condition", "land_status", "package__sector"]
    search_fields = ["name", "package__number", "state_code"]
    autocomplete_fields = ["package", "manager"]
    readonly_fields = ["number"]
    inlines = [CheckInline]


@admin.register(Document)
class DocumentAdmin(RefusalsAsMessages, ExportingAdmin):
    """Papers are filed and judged on the page of their package."""

    list_display = ["__str__", "state", "is_required", "needed_before", "valid_until"]
    list_select_related = ["package"]
    list_filter = ["state", "is_required", "kind"]
    search_fields = ["package__number", "number"]
    readonly_fields = ["package", "kind", "is_required", "needed_before", "state", "changed_on", "settled_on"]

    def has_add_permission(self, request):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


@admin.register(DocumentVersion)
class DocumentVersionAdmin(ReadOnly):
    """Files are fetched on the page of the package, where their rights are checked."""

    list_display = ["document", "number", "sha256", "size", "by", "at"]
    list_select_related = ["document__package", "by"]
    search_fields = ["document__package__number", "sha256"]
    fields = ["document", "number", "sha256", "size", "dated_on", "note", "by", "at"]


@admin.register(AssetPhoto)
class AssetPhotoAdmin(ReadOnly):
    list_display = ["__str__", "asset", "taken_on"]
    list_select_related = ["asset__package"]
    search_fields = ["asset__package__number", "caption"]
    fields = ["asset", "caption", "taken_on"]


@admin.register(Move)
class MoveAdmin(ReadOnly):
    list_display = ["package", "on", "kind", "from_stage", "to_stage", "to_holder", "to_desk", "by"]
    list_select_related = ["package", "to_holder", "by"]
    list_filter = ["kind", "to_stage"]
    search_fields = ["package__number", "note"]


@admin.register(FunctionCheck)
class FunctionCheckAdmin(ReadOnly):
    list_display = ["asset", "year", "is_functioning", "condition", "by"]
    list_select_related = ["asset__package", "by"]
    list_filter = ["is_functioning", "condition"]
    search_fields = ["asset__package__number", "note"]
