"""The admin's common manner, and the admin of people and places."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import BaseUserCreationForm
from django.contrib.auth.models import Group
from django.core.exceptions import ObjectDoesNotExist
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django_q.models import Failure, OrmQ, Schedule, Success
from import_export.admin import ExportMixin, ImportExportMixin
from import_export.forms import SelectableFieldsExportForm
from knox.models import AuthToken
from simple_history.admin import SimpleHistoryAdmin

from core.invitations import send_invitation
from core.jobs import Job
from core.models import (
    Backup,
    IssuedPaper,
    Letterhead,
    Organization,
    PersonalAccess,
    Region,
    RegionAlias,
    Reminder,
    User,
)
from core.personal_access import Way, note
from core.refusals import Refused
from core.resources import HouseResource, by_key
from core.spreadsheet import EXPORT_FORMATS, IMPORT_FORMATS


class NotesPersonalAccess:
    """Of change forms and histories that show personal fields a line is written."""

    def shows_personal(self, request) -> bool:
        """Whether this person is shown personal fields of these records, of which a line is written."""
        return False

    def _note(self, request, about: object, way: str) -> None:
        if self.shows_personal(request):
            note(request.user, self.model, about, way)

    def render_change_form(self, request, context, *args, obj=None, **kwargs):
        if obj:
            self._note(request, obj.pk, Way.ADMIN)
        return super().render_change_form(request, context, *args, obj=obj, **kwargs)

    def history_view(self, request, object_id, *args, **kwargs):
        self._note(request, object_id, Way.HISTORY)
        return super().history_view(request, object_id, *args, **kwargs)


class HouseExportForm(SelectableFieldsExportForm):
    """A workbook unless something else is chosen, and the columns under the names that people know."""

    def _init_formats(self, formats):
        super()._init_formats(formats)
        self.fields["format"].initial = "0"

    def _get_field_label(self, resource, field_name):
        column = resource.fields[field_name].column_name
        label = resource.label_of(field_name) if issubclass(resource, HouseResource) else column
        return capfirst(label) if label == column else f"{capfirst(label)} ({column})"


class ExportingAdmin(NotesPersonalAccess, ExportMixin, SimpleHistoryAdmin):
    """History, lists as spreadsheets, and only what the person may see."""

    export_formats = EXPORT_FORMATS
    export_form_class = HouseExportForm
    export_template_name = "admin/house_export.html"
    list_per_page = 50
    show_full_result_count = False

    def history_view(self, request, object_id, *args, **kwargs):
        return self._unless_nameless(super().history_view, request, object_id, *args, **kwargs)

    def history_form_view(self, request, object_id, *args, **kwargs):
        return self._unless_nameless(super().history_form_view, request, object_id, *args, **kwargs)

    def _unless_nameless(self, view, request, *args, **kwargs):
        try:
            return view(request, *args, **kwargs)
        except ObjectDoesNotExist:
            messages.error(request, _("What this belonged to was deleted since, so it can no longer be shown here."))
            return redirect(f"admin:{self.opts.app_label}_{self.opts.model_name}_changelist")

    def get_export_data(self, file_format, request, queryset, **kwargs):
        self._note(request, "", Way.FILE)
        return super().get_export_data(file_format, request, queryset, **kwargs)

    def get_queryset(self, request):
        queryset = super().get_queryset(request)
        return queryset.visible_to(request.user) if hasattr(queryset, "visible_to") else queryset

    def has_export_permission(self, request):
        return self.has_view_permission(request)


class HouseAdmin(ImportExportMixin, ExportingAdmin):
    """With lists that come in as well."""

    import_formats = IMPORT_FORMATS
    import_template_name = "admin/house_import.html"

    def get_import_context_data(self, **kwargs):
        return super().get_import_context_data(**kwargs) | {"beside": self._list_beside()}

    def get_export_resource_kwargs(self, request, **kwargs):
        return super().get_export_resource_kwargs(request, **kwargs) | {"user": request.user}

    def get_export_context_data(self, **kwargs):
        return super().get_export_context_data(**kwargs) | {"beside": self._list_beside()}

    def _list_beside(self):
        """The resource of the list that may stand on a second sheet."""
        beside = self.resource_classes[0].beside if self.resource_classes else None
        return beside and {"name": beside._meta.model._meta.verbose_name_plural, "columns": beside()._columns()}

    def add_success_message(self, result, request):
        """Each list of the workbook with its own numbers."""
        lists = [(self.model, result), *((told.model, told) for told in getattr(result, "beside", []))]
        for model, told in lists:
            words = {
                "what": capfirst(model._meta.verbose_name_plural),
                "new": told.totals["new"],
                "changed": told.totals["update"],
                "unchanged": told.totals["skip"],
            }
            said = _("%(what)s: %(new)s new, %(changed)s changed, %(unchanged)s unchanged.") % words
            messages.success(request, said)

    def has_import_permission(self, request):
        """A list adds and changes records, so it needs both rights; the package itself lets everyone import."""
        return self.has_add_permission(request) and self.has_change_permission(request)


class RefusalsAsMessages:
    """A refusal of a record's own door becomes a message, and nothing is changed."""

    def changeform_view(self, request, object_id=None, form_url="", extra_context=None):
        try:
            return super().changeform_view(request, object_id, form_url, extra_context)
        except Refused as refusal:
            self.message_user(request, refusal.sentence, messages.ERROR)
            return redirect(request.path)

    def delete_view(self, request, object_id, extra_context=None):
        try:
            return super().delete_view(request, object_id, extra_context)
        except Refused as refusal:
            self.message_user(request, refusal.sentence, messages.ERROR)
            return redirect(request.path)

    def delete_queryset(self, request, queryset):
        """One by one, so that each record's own door is asked."""
        for record in queryset:
            try:
                record.delete()
            except Refused as refusal:
                self.message_user(request, f"{record}: {refusal.sentence}", messages.ERROR)


class ReadOnly(admin.ModelAdmin):
    """Written by the product, never by hand."""

    def has_add_permission(self, request):
        return False

    def has_change_permission(self, request, obj=None):
        return False

    def has_delete_permission(self, request, obj=None):
        return False


class RegionResource(HouseResource):
    parent = by_key("parent", Region, "code")

    class Meta(HouseResource.Meta):
        model = Region
        import_id_fields = ["code"]
        fields = ["code", "name", "level", "kind", "parent"]


class RegionAliasInline(admin.TabularInline):
    model = RegionAlias
    extra = 1


@admin.register(Region)
class RegionAdmin(HouseAdmin):
    resource_classes = [RegionResource]
    list_display = ["code", "full_name", "level", "parent"]
    list_select_related = ["parent"]
    list_filter = ["level", "kind"]
    search_fields = ["code", "name", "aliases__name"]
    autocomplete_fields = ["parent"]
    fields = ["code", "name", "level", "kind", "parent", "boundary"]
    inlines = [RegionAliasInline]


class OrganizationResource(HouseResource):
    region = by_key("region", Region, "code")

    class Meta(HouseResource.Meta):
        model = Organization
        import_id_fields = ["key"]
        fields = ["key", "name", "short_name", "kind", "region", "is_active"]


@admin.register(Organization)
class OrganizationAdmin(HouseAdmin):
    resource_classes = [OrganizationResource]
    list_display = ["short_name", "name", "kind", "region", "is_active"]
    list_select_related = ["region"]
    list_filter = ["kind", "is_active"]
    search_fields = ["key", "name", "short_name"]
    autocomplete_fields = ["region"]
    prepopulated_fields = {"key": ["short_name"]}


class UserResource(HouseResource):
    """Without passwords: whoever comes in by a list is invited afterwards and chooses one."""

    organization = by_key("organization", Organization, "key")
    region = by_key("region", Region, "code")

    class Meta(HouseResource.Meta):
        model = User
        import_id_fields = ["username"]
        fields = ["username", "name", "position", "email", "role", "organization", "region", "is_active"]

    def init_instance(self, row=None):
        user = super().init_instance(row)
        user.set_unusable_password()
        return user


class InvitedUserForm(BaseUserCreationForm):
    """A new person needs no password from the administrator: the invitation asks them to choose one."""

    class Meta:
        model = User
        fields = ["username", "name", "position", "email", "role", "organization", "region"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("password1", "password2"):
            self.fields.pop(name)
        self.fields["email"].required = True

    def clean(self):
        return super(BaseUserCreationForm, self).clean()

    def _post_clean(self):
        super(BaseUserCreationForm, self)._post_clean()

    def save(self, commit=True):
        user = super(BaseUserCreationForm, self).save(commit=False)
        user.set_unusable_password()
        if commit:
            user.save()
        return user


@admin.register(User)
class UserAdmin(RefusalsAsMessages, HouseAdmin, DjangoUserAdmin):
    resource_classes = [UserResource]
    add_form = InvitedUserForm
    list_display = ["username", "name", "role", "organization", "region", "has_accepted", "is_active"]
    list_select_related = ["organization", "region"]
    list_filter = ["role", "is_active"]
    search_fields = ["username", "name", "email"]
    autocomplete_fields = ["organization", "region"]
    ordering = ["username"]
    filter_horizontal: list[str] = []
    readonly_fields = ["last_login", "date_joined"]
    actions = ["invite_again"]
    fieldsets = [
        (None, {"fields": ["username", "password"]}),
        (_("Person"), {"fields": ["name", "position", "email"]}),
        (_("Role and scope"), {"fields": ["role", "organization", "region", "is_active"]}),
        (_("Account"), {"fields": ["last_login", "date_joined", "reminders_paused_until"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "name", "position", "email", "role", "organization", "region"]}),
    ]

    def shows_personal(self, request):
        return True

    @admin.display(description=_("invitation accepted"), boolean=True)
    def has_accepted(self, user):
        return user.has_usable_password()

    def save_model(self, request, obj, form, change):
        super().save_model(request, obj, form, change)
        if not change:
            self._invite(request, obj)

    @admin.action(description=_("Send the invitation again"), permissions=["change"])
    def invite_again(self, request, queryset):
        for user in queryset:
            self._invite(request, user)

    def _invite(self, request, user):
        try:
            send_invitation(user, request)
        except Refused as refusal:
            self.message_user(request, refusal.sentence, messages.ERROR)
        else:
            sentence = _("An invitation went to %(email)s; it works for a week.") % {"email": user.email}
            self.message_user(request, sentence, messages.SUCCESS)


class ConfirmedFilter(admin.SimpleListFilter):
    title = _("went out")
    parameter_name = "sent"

    def lookups(self, request, model_admin):
        return [("yes", _("yes")), ("unknown", _("nobody knows"))]

    def queryset(self, request, queryset):
        if self.value() == "unknown":
            return queryset.unconfirmed()
        return queryset.exclude(sent_at=None) if self.value() == "yes" else queryset


@admin.register(Reminder)
class ReminderAdmin(ReadOnly):
    """What went out to whom. Of what nobody knows, a person says whether it did, after asking the recipient."""

    list_display = ["recipient", "kind", "key", "claimed_at", "sent_at"]
    list_select_related = ["recipient"]
    list_filter = [ConfirmedFilter, "kind"]
    search_fields = ["key", "recipient__name", "recipient__username"]
    date_hierarchy = "run_on"
    list_per_page = 50
    show_full_result_count = False
    actions = ["call_sent", "send_again"]

    def has_settle_permission(self, request):
        return request.user.has_perm("core.settle_reminder")

    @admin.action(description=_("Call it sent"), permissions=["settle"])
    def call_sent(self, request, queryset):
        number = queryset.unconfirmed().update(sent_at=timezone.now())
        self.message_user(request, _("%(number)s reminders are called sent.") % {"number": number})

    @admin.action(description=_("Let the next run send it again"), permissions=["settle"])
    def send_again(self, request, queryset):
        number, _by_model = queryset.unconfirmed().delete()
        self.message_user(request, _("The next run sends %(number)s reminders again.") % {"number": number})


@admin.register(Letterhead)
class LetterheadAdmin(SimpleHistoryAdmin):
    list_display = ["name", "government", "is_active"]
    search_fields = ["name", "government"]


@admin.register(IssuedPaper)
class IssuedPaperAdmin(ReadOnly):
    """Published and taken back on the paper's own page, which is linked here."""

    list_display = ["code", "kind", "title", "edition", "issued_at", "issued_by", "is_published", "standing"]
    list_select_related = ["issued_by"]
    list_filter = ["kind", "is_published"]
    search_fields = ["code", "key", "number", "title", "sha256"]
    exclude = ["file", "archive", "record_id"]

    def get_queryset(self, request):
        return super().get_queryset(request).visible_to(request.user)

    def view_on_site(self, paper):
        return reverse("verify_paper", args=[paper.code])

    @admin.display(description=_("in force"), boolean=True)
    def standing(self, paper):
        return paper.is_in_force


@admin.register(Backup)
class BackupAdmin(ReadOnly):
    list_display = ["made_at", "file_name", "version", "size", "sha256"]


@admin.register(PersonalAccess)
class PersonalAccessAdmin(ReadOnly):
    """Who was shown telephone numbers, e-mail addresses or NIP of others."""

    list_display = ["day", "by", "model", "about", "way", "first_at", "last_at"]
    list_select_related = ["by"]
    list_filter = ["way", "model"]
    search_fields = ["by__username", "about"]
    date_hierarchy = "day"
    list_per_page = 50
    show_full_result_count = False


@admin.register(Job)
class JobAdmin(ReadOnly):
    """What the background worker does and did. Jobs begin and are stopped on the pages of what they are about."""

    list_display = ["about", "state", "step_label", "done", "total", "by", "asked_at", "ended_at"]
    list_select_related = ["by"]
    list_filter = ["state"]
    search_fields = ["about", "by__username"]
    list_per_page = 50

    def get_queryset(self, request):
        return super().get_queryset(request).visible_to(request.user)


# What a role may do is the table in kotaku.roles; a second place to change it would be overwritten by it.
# Addresses, tokens and second factors are their owners' own business, on their account page.
# The queue knows jobs by their number alone; what they are is told above.
for packaged in (Group, EmailAddress, AuthToken, Authenticator, Schedule, Success, Failure, OrmQ):
    admin.site.unregister(packaged)
