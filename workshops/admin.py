"""The admin of workshops: the same rights and doors as the pages. What is final is read-only here too."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html_join
from django.utils.translation import gettext_lazy as _
from simple_history.admin import SimpleHistoryAdmin

from core.admin import HouseAdmin, HouseResource, NotesPersonalAccess, ReadOnly, RefusalsAsMessages, by_key
from core.models import Organization
from workshops.models import (
    AgendaItem,
    Attachment,
    Checkpoint,
    Leader,
    MinutesEntry,
    Participant,
    ReportSection,
    StatusChange,
    TextualNote,
    Workshop,
    WorkshopArea,
)


class WhileOpen(RefusalsAsMessages):
    """Changing and deleting only while the workshop is not final; a refusal becomes a message, nothing is lost."""

    @staticmethod
    def _workshop(obj):
        return obj if isinstance(obj, Workshop) else getattr(obj, "workshop", None)

    def has_change_permission(self, request, obj=None):
        workshop = self._workshop(obj)
        return super().has_change_permission(request, obj) and not (workshop and workshop.is_final)

    def has_delete_permission(self, request, obj=None):
        workshop = self._workshop(obj)
        return super().has_delete_permission(request, obj) and not (workshop and workshop.is_final)


class SmallRows(admin.TabularInline):
    """Small children of a workshop, closed with it."""

    extra = 0
    show_change_link = True

    def has_add_permission(self, request, obj=None):
        return super().has_add_permission(request, obj) and not (obj and obj.is_final)

    def has_change_permission(self, request, obj=None):
        return super().has_change_permission(request, obj) and not (obj and obj.is_final)

    def has_delete_permission(self, request, obj=None):
        return super().has_delete_permission(request, obj) and not (obj and obj.is_final)


class AreaInline(SmallRows):
    model = WorkshopArea
    fields = ["name", "region"]
    autocomplete_fields = ["region"]


class LeaderInline(SmallRows):
    model = Leader
    fields = ["role", "name", "position", "organization_name"]


class AgendaInline(SmallRows):
    model = AgendaItem
    fields = ["title", "kind", "planned_start", "planned_end", "person_in_charge"]


class WorkshopResource(HouseResource):
    organizer = by_key("organizer", Organization, "key")

    class Meta(HouseResource.Meta):
        model = Workshop
        import_id_fields = ["slug"]
        # The status is no column: it changes by the verbs alone.
        fields = [
            "slug",
            "title",
            "programme",
            "level",
            "organizer",
            "unit",
            "held_on",
            "call_time",
            "start_time",
            "end_time",
            "place",
            "tags",
        ]


@admin.register(Workshop)
class WorkshopAdmin(WhileOpen, HouseAdmin):
    resource_classes = [WorkshopResource]
    list_display = ["title", "held_on", "status", "organizer", "reported_on"]
    list_select_related = ["organizer"]
    list_filter = ["status", "level", "held_on"]
    date_hierarchy = "held_on"
    search_fields = ["title", "slug", "place"]
    autocomplete_fields = ["organizer"]
    readonly_fields = ["slug", "status", "steps", "reported_on"]
    inlines = [AreaInline, LeaderInline, AgendaInline]
    fieldsets = [
        (None, {"fields": ["title", "slug", "status", "steps"]}),
        (_("Time and place"), {"fields": ["held_on", "call_time", "start_time", "end_time", "place"]}),
        (_("Organizer"), {"fields": ["programme", "level", "organizer", "unit", "consultant"]}),
        (_("Official record and authors"), {"fields": ["minutes_number", "copies", "tags", "reported_on"]}),
    ]

    @admin.display(description=_("next steps"))
    def steps(self, workshop):
        """Links to the pages of the verbs that the state allows; nothing is decided here."""
        if not workshop.pk:
            return "–"
        verbs = [verb for verb in Workshop.TRANSITIONS if workshop.can(verb)]
        return (
            format_html_join(
                " · ",
                '<a href="{}">{}</a>',
                ((reverse(f"workshops:workshop_{verb}", args=[workshop.slug]), VERB_LABELS[verb]) for verb in verbs),
            )
            or "–"
        )

    def view_on_site(self, workshop):
        return workshop.get_absolute_url()


VERB_LABELS = {
    "invite": _("Announce the workshop"),
    "start": _("Start the event"),
    "finish": _("End the event"),
    "close": _("Close the minutes"),
    "reopen": _("Reopen the minutes"),
    "cancel": _("Cancel the workshop"),
}


class AgendaItemResource(HouseResource):
    workshop = by_key("workshop", Workshop, "slug")

    class Meta(HouseResource.Meta):
        model = AgendaItem
        import_id_fields = ["workshop", "title"]
        fields = ["workshop", "title", "kind", "planned_start", "planned_end", "person_in_charge", "moderator", "note"]


class RecordAdmin(WhileOpen, HouseAdmin):
    """A record of a workshop."""

    autocomplete_fields = ["workshop"]
    list_select_related = ["workshop"]


@admin.register(AgendaItem)
class AgendaItemAdmin(RecordAdmin):
    resource_classes = [AgendaItemResource]
    list_display = ["title", "workshop", "kind", "planned_start", "planned_end"]
    list_filter = ["kind"]
    search_fields = ["title", "person_in_charge", "workshop__title"]
    autocomplete_fields = ["workshop", "parent"]


class ParticipantResource(HouseResource):
    workshop = by_key("workshop", Workshop, "slug")
    organization = by_key("organization", Organization, "key")

    class Meta(HouseResource.Meta):
        model = Participant
        import_id_fields = ["workshop", "name", "organization_name"]
        fields = ["workshop", "name", "position", "organization", "organization_name", "sex", "is_invited", "note"]


@admin.register(Participant)
class ParticipantAdmin(RecordAdmin):
    resource_classes = [ParticipantResource]
    list_display = ["__str__", "workshop", "organization_name", "is_invited", "arrived_at"]
    list_select_related = ["workshop", "organization"]
    list_filter = ["is_invited", "sex"]
    search_fields = ["name", "position", "organization_name", "workshop__title"]
    autocomplete_fields = ["workshop", "organization"]
    readonly_fields = ["arrived_at", "left_at"]

    def shows_personal(self, request):
        return request.user.has_perm("workshops.view_contact")

    def get_exclude(self, request, obj=None):
        return [] if self.shows_personal(request) else ["phone", "email"]


class MinutesEntryResource(HouseResource):
    workshop = by_key("workshop", Workshop, "slug")

    class Meta(HouseResource.Meta):
        model = MinutesEntry
        import_id_fields = ["uid"]
        fields = [
            "uid",
            "workshop",
            "kind",
            "title",
            "speaker",
            "speaker_position",
            "speaker_organization",
            "text",
            "points",
        ]


@admin.register(MinutesEntry)
class MinutesEntryAdmin(RecordAdmin):
    resource_classes = [MinutesEntryResource]
    list_display = ["__str__", "workshop", "kind", "updated_at", "updated_by"]
    list_select_related = ["workshop", "updated_by"]
    list_filter = ["kind"]
    search_fields = ["title", "speaker", "text", "workshop__title"]
    autocomplete_fields = ["workshop", "agenda_item", "parent"]

    def save_model(self, request, obj, form, change):
        """The entry's own door counts the version, so that nobody who writes in the page overwrites this."""
        obj.write(by=request.user, based_on=obj.version if change else 0)


@admin.register(WorkshopArea)
class WorkshopAreaAdmin(WhileOpen, SimpleHistoryAdmin):
    list_display = ["name", "workshop", "region"]
    list_select_related = ["workshop", "region"]
    search_fields = ["name", "workshop__title"]
    autocomplete_fields = ["workshop", "region"]


@admin.register(Leader)
class LeaderAdmin(NotesPersonalAccess, WhileOpen, SimpleHistoryAdmin):
    list_display = ["name", "role", "workshop"]
    list_select_related = ["workshop"]
    list_filter = ["role"]
    search_fields = ["name", "workshop__title"]
    autocomplete_fields = ["workshop"]

    def shows_personal(self, request):
        return True


@admin.register(ReportSection, TextualNote)
class TextAdmin(WhileOpen, SimpleHistoryAdmin):
    list_display = ["__str__", "workshop"]
    list_select_related = ["workshop"]
    search_fields = ["workshop__title"]
    autocomplete_fields = ["workshop"]


@admin.register(Attachment)
class AttachmentAdmin(WhileOpen, SimpleHistoryAdmin):
    """Files are stored and fetched on the workshop's page, where their rights are checked."""

    list_display = ["title", "kind", "workshop", "size"]
    list_select_related = ["workshop"]
    list_filter = ["kind"]
    search_fields = ["title", "workshop__title"]
    fields = ["workshop", "title", "kind", "credit", "sha256", "size"]
    readonly_fields = ["workshop", "sha256", "size"]

    def has_add_permission(self, request):
        return False


@admin.register(StatusChange)
class StatusChangeAdmin(ReadOnly):
    list_display = ["workshop", "from_status", "to_status", "by", "at", "reason"]
    list_select_related = ["workshop", "by"]
    search_fields = ["workshop__title"]


@admin.register(Checkpoint)
class CheckpointAdmin(ReadOnly):
    list_display = ["name", "workshop", "at", "by"]
    list_select_related = ["workshop", "by"]
    search_fields = ["name", "workshop__title"]
    fields = ["workshop", "name", "at", "by"]
