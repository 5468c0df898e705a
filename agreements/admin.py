"""The admin of agreements: the same rights and doors as the pages. States change by the verbs of the pages alone."""

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.utils import timezone
from import_export import widgets
from import_export.fields import Field
from simple_history.admin import SimpleHistoryAdmin

from agreements.models import (
    Agreement,
    AgreementCriterion,
    AgreementRecord,
    AgreementVersion,
    EntryRefusal,
    Evidence,
    FollowUp,
    FollowUpChange,
    Funding,
    RecordChange,
    Review,
    ReviewItem,
    Signatory,
)
from core.admin import ExportingAdmin, HouseAdmin, HouseResource, ReadOnly, RefusalsAsMessages, by_key
from core.models import Organization, Region
from slumareas.admin import MeasuredResource
from slumareas.models import SlumArea
from workshops.models import Workshop


class CriterionInline(admin.TabularInline):
    model = AgreementCriterion
    extra = 0


class AgreementResource(MeasuredResource):
    workshop = by_key("workshop", Workshop, "slug")

    class Meta(HouseResource.Meta):
        model = Agreement
        import_id_fields = ["key"]
        # Numbers and keys follow the order of the draft; a row without a key is a new agreement at the end.
        fields = [
            "key",
            "workshop",
            "number",
            "text",
            "note",
            "kind",
            "target_kind",
            "target",
            "target_number",
            "target_unit",
        ]

    def get_instance(self, instance_loader, row):
        return super().get_instance(instance_loader, row) if row.get("key") else None


@admin.register(Agreement)
class AgreementAdmin(RefusalsAsMessages, HouseAdmin):
    resource_classes = [AgreementResource]
    list_display = ["__str__", "workshop", "kind", "target", "version"]
    list_select_related = ["workshop"]
    list_filter = ["kind", "workshop__agreement_record__status"]
    search_fields = ["text", "key", "workshop__title"]
    autocomplete_fields = ["workshop", "organizations", "slum_areas", "agenda_item", "source_entry"]
    readonly_fields = ["key", "number", "version"]
    inlines = [CriterionInline]

    def get_readonly_fields(self, request, obj=None):
        """A text that is frozen is read here too."""
        record = getattr(obj.workshop, "agreement_record", None) if obj else None
        frozen = ["text", "workshop"] if record and not record.is_draft else []
        return [*self.readonly_fields, *frozen]


class SignatoryInline(admin.TabularInline):
    model = Signatory
    fields = ["name", "position", "organization_name", "state", "how", "signed_on"]
    readonly_fields = ["state", "how", "signed_on"]
    extra = 0
    show_change_link = True

    def has_add_permission(self, request, obj=None):
        return super().has_add_permission(request, obj) and (obj is None or obj.is_draft)

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and (obj is None or obj.is_draft)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and (obj is None or obj.is_draft)


class RecordResource(HouseResource):
    workshop = by_key("workshop", Workshop, "slug")

    class Meta(HouseResource.Meta):
        model = AgreementRecord
        import_id_fields = ["workshop"]
        fields = ["workshop", "number", "preamble", "place", "agreed_on"]


@admin.register(AgreementRecord)
class AgreementRecordAdmin(RefusalsAsMessages, HouseAdmin):
    resource_classes = [RecordResource]
    list_display = ["workshop", "status", "number", "agreed_on"]
    list_select_related = ["workshop"]
    list_filter = ["status"]
    search_fields = ["workshop__title", "number"]
    autocomplete_fields = ["workshop"]
    readonly_fields = ["status"]
    inlines = [SignatoryInline]

    def get_readonly_fields(self, request, obj=None):
        frozen = ["workshop", *AgreementRecord.SIGNED_FIELDS] if obj and not obj.is_draft else []
        return [*self.readonly_fields, *frozen]


class SignatoryResource(HouseResource):
    workshop = Field(
        column_name="workshop", attribute="record", widget=widgets.ForeignKeyWidget(AgreementRecord, "workshop__slug")
    )
    organization = by_key("organization", Organization, "key")

    class Meta(HouseResource.Meta):
        model = Signatory
        import_id_fields = ["workshop", "name"]
        # Neither NIP nor what became of the signature: the one is personal, the other the verbs' own.
        fields = ["workshop", "name", "position", "organization", "organization_name", "represents"]


@admin.register(Signatory)
class SignatoryAdmin(RefusalsAsMessages, HouseAdmin):
    resource_classes = [SignatoryResource]
    list_display = ["name", "position", "organization_name", "record", "state", "how"]
    list_select_related = ["record__workshop"]
    list_filter = ["state", "how"]
    search_fields = ["name", "organization_name", "record__workshop__title"]
    autocomplete_fields = ["record", "organization"]
    readonly_fields = ["state", "how", "signed_on", "reason", "signs_for", "delegate_name", "delegate_position"]
    exclude = ["signs_for_office"]

    def get_exclude(self, request, obj=None):
        hidden = [] if request.user.has_perm("agreements.view_signature") else ["nip"]
        return [*self.exclude, *hidden]


class FundingInline(admin.TabularInline):
    model = Funding
    extra = 0


class FollowUpResource(MeasuredResource):
    """The plan as a list. Status and progress are shown and never taken in: they change by the verbs."""

    agreement = by_key("agreement", Agreement, "key")
    responsible_organization = by_key("responsible_organization", Organization, "key")
    region = by_key("region", Region, "code")
    slum_area = by_key("slum_area", SlumArea, "slug")
    status = Field(column_name="status", attribute="status", readonly=True)
    physical_percent = Field(column_name="physical_percent", attribute="physical_percent", readonly=True)
    financial_percent = Field(column_name="financial_percent", attribute="financial_percent", readonly=True)

    class Meta(HouseResource.Meta):
        model = FollowUp
        import_id_fields = ["id"]
        fields = [
            "id",
            "agreement",
            "activity",
            "output",
            "volume",
            "unit",
            "location",
            "region",
            "slum_area",
            "criterion",
            "responsible_organization",
            "other_parties",
            "starts_on",
            "due_on",
            "recurrence",
            "is_proposal",
            "needs_confirmation",
            "status",
            "physical_percent",
            "financial_percent",
        ]

    def get_instance(self, instance_loader, row):
        return super().get_instance(instance_loader, row) if row.get("id") else None

    def validate_instance(self, instance, import_validation_errors=None, validate_unique=True):
        """What the door fills in itself is not asked of the row."""
        try:
            instance.full_clean(exclude=["workshop", "updated_on"], validate_unique=validate_unique)
        except ValidationError as error:
            raise ValidationError({**(import_validation_errors or {}), **error.message_dict})
        if import_validation_errors:
            raise ValidationError(import_validation_errors)

    def do_instance_save(self, instance, is_create):
        instance.record(by=self.by, at=timezone.now())

    def before_import(self, dataset, **kwargs):
        self.by = kwargs.get("user")
        super().before_import(dataset, **kwargs)


@admin.register(FollowUp)
class FollowUpAdmin(RefusalsAsMessages, HouseAdmin):
    resource_classes = [FollowUpResource]
    list_display = ["__str__", "responsible_organization", "due_on", "status", "physical_percent", "updated_on"]
    list_select_related = ["agreement", "responsible_organization"]
    list_filter = ["status", "is_proposal", "responsible_organization"]
    date_hierarchy = "due_on"
    search_fields = ["activity", "output", "agreement__text"]
    autocomplete_fields = [
        "agreement",
        "source_entry",
        "region",
        "slum_area",
        "responsible_organization",
        "partners",
    ]
    readonly_fields = [
        "status",
        "physical_percent",
        "financial_percent",
        "obstacle",
        "direction",
        "next_check_on",
        "done_on",
        "cancel_reason",
        "cancelled_by",
        "updated_on",
    ]
    inlines = [FundingInline]

    def save_model(self, request, obj, form, change):
        """The plan's own door leaves the line that says who changed what."""
        obj.record(by=request.user, at=timezone.now(), based_on=obj.version if change else None)

    def get_exclude(self, request, obj=None):
        return [] if request.user.has_perm("agreements.view_people") else ["responsible_person"]


@admin.register(Evidence)
class EvidenceAdmin(ExportingAdmin):
    """Evidence is sent and judged on the pages, where its rights are asked; here it is read."""

    list_display = ["title", "kind", "follow_up", "status", "submitted_by", "submitted_at"]
    list_select_related = ["follow_up__agreement", "submitted_by"]
    list_filter = ["status", "kind"]
    search_fields = ["title", "follow_up__activity"]
    exclude = ["file"]

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class ReviewItemInline(admin.TabularInline):
    model = ReviewItem
    fields = readonly_fields = ["follow_up", "decision", "note", "next_check_on", "by", "at"]
    extra = 0
    can_delete = False

    def has_add_permission(self, request, obj=None):
        return False


class ReviewResource(HouseResource):
    class Meta(HouseResource.Meta):
        model = Review
        import_id_fields = ["held_on"]
        fields = ["held_on", "place", "subject", "other_members", "note"]


@admin.register(Review)
class ReviewAdmin(RefusalsAsMessages, HouseAdmin):
    resource_classes = [ReviewResource]
    list_display = ["held_on", "subject", "place", "status"]
    list_filter = ["status"]
    date_hierarchy = "held_on"
    search_fields = ["subject", "place"]
    autocomplete_fields = ["members"]
    readonly_fields = ["status", "closed_at"]
    inlines = [ReviewItemInline]

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and not (obj and obj.is_closed)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and not (obj and obj.is_closed)


@admin.register(EntryRefusal)
class EntryRefusalAdmin(ReadOnly, SimpleHistoryAdmin):
    list_display = ["entry", "reason", "by", "at"]
    list_select_related = ["entry", "by"]
    search_fields = ["reason", "entry__title"]


@admin.register(AgreementVersion)
class AgreementVersionAdmin(ReadOnly):
    list_display = ["agreement", "version", "reason", "replaced_by", "replaced_at"]
    list_select_related = ["agreement", "replaced_by"]
    search_fields = ["text", "reason"]


@admin.register(RecordChange)
class RecordChangeAdmin(ReadOnly):
    list_display = ["record", "from_status", "to_status", "by", "at", "reason"]
    list_select_related = ["record__workshop", "by"]
    search_fields = ["record__workshop__title"]


@admin.register(FollowUpChange)
class FollowUpChangeAdmin(ReadOnly):
    list_display = ["follow_up", "verb", "by", "at", "note"]
    list_select_related = ["follow_up__agreement", "by"]
    list_filter = ["verb"]
    search_fields = ["follow_up__activity", "note"]
