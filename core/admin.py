"""The admin's common manner, and the admin of people and places."""

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib import admin, messages
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.forms import BaseUserCreationForm
from django.contrib.auth.models import Group
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.shortcuts import redirect
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from import_export import fields, resources, widgets
from import_export.admin import ExportMixin, ImportExportMixin
from knox.models import AuthToken
from openpyxl.utils import get_column_letter
from simple_history.admin import SimpleHistoryAdmin

from core.invitations import send_invitation
from core.models import Letterhead, Organization, Region, RegionAlias, User
from core.refusals import Refused
from core.spreadsheet import EXPORT_FORMATS, IMPORT_FORMATS


class HouseResource(resources.ModelResource):
    """All rows or none, each checked by the model, related records by their keys."""

    class Meta:
        abstract = True
        use_transactions = True
        clean_model_instances = True
        skip_unchanged = True
        report_skipped = True


class KeyWidget(widgets.ForeignKeyWidget):
    """A key that leads nowhere gets a sentence."""

    def clean(self, value, row=None, **kwargs):
        try:
            return super().clean(value, row, **kwargs)
        except self.model.DoesNotExist:
            sentence = gettext("There is no %(kind)s “%(key)s”.")
            raise ValueError(sentence % {"kind": self.model._meta.verbose_name, "key": value})


def by_key(column: str, model, key: str) -> fields.Field:
    """A column that names a related record by its key."""
    return fields.Field(column_name=column, attribute=column, widget=KeyWidget(model, key))


class NamesCells(HouseResource):
    """What is wrong with a row is said with its cell, as the spreadsheet program names it: `E5: …`."""

    class Meta(HouseResource.Meta):
        abstract = True

    def before_import(self, dataset, **kwargs):
        super().before_import(dataset, **kwargs)
        self.columns = {
            heading: get_column_letter(place) for place, heading in enumerate(dataset.headers or [], start=1)
        }
        # Blank rows are left out of the table, so its rows know where they stood.
        self.row_numbers = getattr(dataset, "row_numbers", None) or range(2, len(dataset) + 2)

    def import_row(self, row, instance_loader, **kwargs):
        result = super().import_row(row, instance_loader, **kwargs)
        if result.validation_error is not None:
            number = self.row_numbers[kwargs["row_number"] - 1]
            result.validation_error = self._with_cells(result.validation_error, number)
        return result

    def _with_cells(self, error: ValidationError, number: int) -> ValidationError:
        said = error.message_dict if hasattr(error, "error_dict") else {NON_FIELD_ERRORS: error.messages}
        return ValidationError(
            {
                name: [f"{self.columns.get(name, '')}{number}: {sentence}" for sentence in sentences]
                for name, sentences in said.items()
            }
        )


class ExportingAdmin(ExportMixin, SimpleHistoryAdmin):
    """History, lists as spreadsheets, and only what the person may see."""

    export_formats = EXPORT_FORMATS
    list_per_page = 50
    show_full_result_count = False

    def get_queryset(self, request):
        queryset = super().get_queryset(request)
        return queryset.visible_to(request.user) if hasattr(queryset, "visible_to") else queryset

    def has_export_permission(self, request):
        return self.has_view_permission(request)


class HouseAdmin(ImportExportMixin, ExportingAdmin):
    """With lists that come in as well."""

    import_formats = IMPORT_FORMATS

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
class UserAdmin(HouseAdmin, DjangoUserAdmin):
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
        (_("Account"), {"fields": ["last_login", "date_joined"]}),
    ]
    add_fieldsets = [
        (None, {"fields": ["username", "name", "position", "email", "role", "organization", "region"]}),
    ]

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


@admin.register(Letterhead)
class LetterheadAdmin(SimpleHistoryAdmin):
    list_display = ["name", "government", "is_active"]
    search_fields = ["name", "government"]


# What a role may do is the table in kotaku.roles; a second place to change it would be overwritten by it.
# Addresses, tokens and second factors are their owners' own business, on their account page.
for packaged in (Group, EmailAddress, AuthToken, Authenticator):
    admin.site.unregister(packaged)
