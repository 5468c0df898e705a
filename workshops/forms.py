"""Forms of workshops. A long record is edited in parts that fit a phone."""

import re
from datetime import datetime

from django import forms
from django.db import transaction
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from core.forms import FreshModelForm, NativeInputsMixin
from core.models import Organization, normalised_name
from workshops.entry_kinds import CONTENT_FIELDS, ENTRY_KINDS, FOLDED_FIELDS
from workshops.models import (
    AgendaItem,
    Attachment,
    Checkpoint,
    Leader,
    MinutesEntry,
    Participant,
    ReportSection,
    TextualNote,
    Workshop,
    WorkshopArea,
)
from workshops.models.participants import organizations_by_spelling


class WorkshopForm(FreshModelForm):
    """Identity, time and place: enough to create a workshop."""

    class Meta:
        model = Workshop
        fields = [
            "title",
            "programme",
            "level",
            "held_on",
            "start_time",
            "end_time",
            "call_time",
            "place",
            "organizer",
            "unit",
            "consultant",
        ]
        widgets = {"title": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["organizer"].queryset = Organization.objects.filter(
            Q(is_active=True) | Q(pk=self.instance.organizer_id)
        )

    def clean_title(self):
        return " ".join(self.cleaned_data["title"].split())


class InvitationForm(FreshModelForm):
    """The letter of invitation."""

    class Meta:
        model = Workshop
        fields = [
            "invitation_number",
            "invitation_on",
            "invitation_nature",
            "invitation_enclosure",
            "invitation_to",
            "invitation_opening",
            "invitation_closing",
            "carbon_copies",
        ]


class OfficialRecordForm(FreshModelForm):
    """What stands around the minutes: number, copies, credits."""

    class Meta:
        model = Workshop
        fields = [
            "minutes_number",
            "copies",
            "report_addressed_to",
            "credit_source",
            "credit_author",
            "credit_photographer",
            "credit_editor",
            "information_unit",
            "tags",
        ]


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))


class AgendaItemForm(FreshModelForm):
    class Meta:
        model = AgendaItem
        fields = [
            "title",
            "kind",
            "planned_start",
            "planned_end",
            "actual_start",
            "actual_end",
            "person_in_charge",
            "moderator",
            "note",
        ]
        widgets = {"note": forms.Textarea(attrs={"rows": 2})}


class NewAgendaItemForm(NativeInputsMixin, forms.ModelForm):
    """The short form below the agenda; the rest is filled in on the item's own page."""

    class Meta:
        model = AgendaItem
        fields = ["title", "kind", "planned_start", "planned_end", "person_in_charge"]


class CopyAgendaForm(forms.Form):
    source = forms.ModelChoiceField(
        label=_("Earlier workshop"), queryset=Workshop.objects.none(), to_field_name="slug", empty_label=None
    )

    def __init__(self, *args, user, target, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["source"].queryset = (
            Workshop.objects.visible_to(user).exclude(pk=target.pk).filter(agenda_items__isnull=False).distinct()
        )


class AttachmentForm(forms.ModelForm):
    class Meta:
        model = Attachment
        fields = ["file", "kind", "title", "credit", "entry"]

    def __init__(self, *args, workshop, **kwargs):
        super().__init__(*args, **kwargs)
        self.instance.workshop = workshop
        entries = workshop.minutes_entries.filter(kind__in=["presentation", "speech"])
        self.fields["entry"].queryset = entries
        self.fields["entry"].empty_label = _("the workshop as a whole")
        self.fields["file"].widget.attrs["accept"] = "image/*,.pdf,.doc,.docx,.xls,.xlsx,.ppt,.pptx,.odt,.ods,.odp"


def _rows(model, fields, **widgets):
    """A formset of the workshop's own small records, with a number for the order and a box to remove a row."""
    return forms.inlineformset_factory(
        Workshop, model, form=_row_form(model, fields, widgets), extra=1, can_delete=True, can_order=True
    )


def _row_form(model, row_fields, row_widgets):
    class RowForm(NativeInputsMixin, forms.ModelForm):
        class Meta:
            fields = row_fields
            widgets = row_widgets

        def __init__(self, *args, **kwargs):
            super().__init__(*args, **kwargs)
            for field in self.fields.values():
                field.hide_optional = True

    RowForm.Meta.model = model
    return RowForm


LeaderFormSet = _rows(
    Leader,
    ["role", "name", "position", "organization_name", "signs_for", "signs_for_office", "rank_grade", "nip"],
)
AreaFormSet = _rows(WorkshopArea, ["name", "region", "slum_area"])
ReportSectionFormSet = _rows(
    ReportSection,
    ["kind", "numeral", "heading", "text", "items"],
    text=forms.Textarea(attrs={"rows": 2}),
    items=forms.Textarea(attrs={"rows": 3}),
)
TextualNoteFormSet = _rows(
    TextualNote,
    ["subject", "as_written", "read_as"],
    as_written=forms.Textarea(attrs={"rows": 2}),
    read_as=forms.Textarea(attrs={"rows": 2}),
)


class MinutesEntryForm(forms.ModelForm):
    """One entry of the minutes. All fields are there; a page shows those of the kind and any that hold something.

    `parent` and `after` are uids and count only for a new entry. What was deleted meanwhile is left out, since
    the text is worth more than its place.
    """

    based_on = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    parent = forms.UUIDField(required=False, widget=forms.HiddenInput)
    after = forms.UUIDField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = MinutesEntry
        fields = [
            "kind",
            "agenda_item",
            "speaker",
            "speaker_position",
            "speaker_organization",
            "on_behalf_of",
            "addressed_to",
            "title",
            "location",
            "text",
            "figures",
            "points",
            "amount",
            "verse",
            "statement",
            "has_slides",
            "has_hardcopy",
        ]
        # Whoever is named here may also sign, open or promise.
        labels = {"speaker": _("Name")}
        localized_fields = ["amount"]
        error_messages = {"amount": {"invalid": _("Write the amount in figures, e.g. 50.000.000.")}}

    def __init__(self, *args, workshop, items=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.instance.workshop = workshop
        self.fields["based_on"].initial = self.instance.version if self.instance.pk else 0
        item_field = self.fields["agenda_item"]
        item_field.queryset = workshop.agenda_items.all()
        item_field.empty_label = _("without agenda item")
        if items is not None:
            item_field.choices = [("", item_field.empty_label), *((item.pk, item.title) for item in items)]
        self.fields["speaker"].widget.attrs |= {"list": "speakers", "autocomplete": "off"}
        self.fields["amount"].widget.attrs["inputmode"] = "decimal"
        for name, field in self.fields.items():
            field.hide_optional = True
            # A browser would cut a pasted text short without a word; the form says which field is too long.
            field.widget.attrs.pop("maxlength", None)
            if isinstance(field.widget, forms.Textarea):
                field.widget.attrs["rows"] = 5 if name == "text" else 3

    @property
    def kind_key(self) -> str:
        kind = self["kind"].value()
        return kind if kind in ENTRY_KINDS else "note"

    def content(self):
        """(bound field, whether it is shown) in the order of every form, without those that are folded."""
        return [(field, is_shown) for field, is_shown in self._content() if field.name not in FOLDED_FIELDS]

    def folded(self):
        return [(field, is_shown) for field, is_shown in self._content() if field.name in FOLDED_FIELDS]

    def _content(self):
        used = ENTRY_KINDS[self.kind_key].fields
        return [(self[name], name in used or bool(self[name].value())) for name in CONTENT_FIELDS]

    @property
    def has_folded(self):
        return any(is_shown for _field, is_shown in self.folded())

    @property
    def is_unfolded(self):
        return any(field.value() or field.errors for field, _is_shown in self.folded())

    def shown(self):
        return [field for field, is_shown in self._content() if is_shown]

    def clean(self):
        cleaned = super().clean()
        for name, value in cleaned.items():
            if isinstance(value, str):
                cleaned[name] = value.replace("\r\n", "\n")
        if not self.instance.pk:
            entries = self.instance.workshop.minutes_entries
            parent, after = cleaned.get("parent"), cleaned.get("after")
            self.instance.parent = entries.filter(uid=parent).first() if parent else None
            cleaned["after"] = entries.filter(uid=after).first() if after else None
        if self.instance.parent:
            cleaned["agenda_item"] = self.instance.parent.agenda_item
        return cleaned


class CheckpointForm(forms.ModelForm):
    class Meta:
        model = Checkpoint
        fields = ["name"]


# --- participants and check-in ---------------------------------------------------------------------------


class ParticipantForm(FreshModelForm):
    """One person as written on the day. Someone who looks like a row already there is asked about, never refused."""

    CONTACTS = ("phone", "email")

    arrived_time = forms.TimeField(label=_("Arrived at"), required=False)
    left_time = forms.TimeField(label=_("Left at"), required=False)
    is_another_person = forms.BooleanField(label=_("This is another person; save anyway"), required=False)

    class Meta:
        model = Participant
        fields = ["name", "position", "organization_name", "sex", "phone", "email", "is_invited", "note"]

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        self.looks_like = []
        if not user.has_perm("workshops.view_contact"):
            for name in self.CONTACTS:
                del self.fields[name]
        if self.instance.workshop.status in Participant.DESK_STATES:
            for name, moment in (("arrived_time", self.instance.arrived_at), ("left_time", self.instance.left_at)):
                self.fields[name].initial = (
                    timezone.localtime(moment).time().replace(second=0, microsecond=0) if moment else None
                )
        else:
            del self.fields["arrived_time"], self.fields["left_time"]
        for name, suggestions in (("name", "names"), ("position", "positions"), ("organization_name", "organizations")):
            self.fields[name].widget.attrs |= {"list": suggestions, "autocomplete": "off"}

    def clean(self):
        cleaned = super().clean()
        name, institution = cleaned.get("name", ""), cleaned.get("organization_name", "")
        if (
            not self.errors
            and not cleaned["is_another_person"]
            and {"name", "organization_name"} & set(self.changed_data)
        ):
            others = self.instance.workshop.participants.exclude(pk=self.instance.pk)
            self.looks_like = others.same_person(name, institution)
        if self.looks_like:
            raise forms.ValidationError(
                _("%(name)s of %(organization)s is already listed. Tick below if this is another person.")
                % {"name": self.looks_like[0].name, "organization": self.looks_like[0].institution or "–"}
            )
        if cleaned.get("left_time") and not cleaned.get("arrived_time"):
            self.add_error("left_time", _("Someone can leave only after arriving."))
        if cleaned.get("left_time") and cleaned.get("arrived_time") and cleaned["left_time"] < cleaned["arrived_time"]:
            self.add_error("left_time", _("The time of leaving lies before the time of arriving."))
        return cleaned

    def save(self, commit=True):
        person = self.instance
        if "organization_name" in self.changed_data:
            person.organization = organizations_by_spelling().get(normalised_name(person.organization_name))
        with transaction.atomic():
            super().save()
            if {"arrived_time", "left_time"} & set(self.changed_data):
                person.correct_times(
                    arrived_at=self._moment("arrived_time", person.arrived_at),
                    left_at=self._moment("left_time", person.left_at),
                    by=self.user,
                )
        return person

    def _moment(self, name, before):
        """The typed time on the day of the event, or of the earlier moment; what was not touched keeps its seconds."""
        if name not in self.changed_data:
            return before
        at = self.cleaned_data[name]
        on = timezone.localtime(before).date() if before else self.instance.workshop.held_on
        return timezone.make_aware(datetime.combine(on, at)) if at else None


class WalkInForm(ParticipantForm):
    """Someone at the desk who is not on the list: as little as possible."""

    class Meta(ParticipantForm.Meta):
        fields = ["name", "organization_name", "position", "sex"]

    CONTACTS = ()

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name in ("arrived_time", "left_time"):
            self.fields.pop(name, None)
        self.fields["name"].required = True

    def save(self, commit=True):
        person = self.instance
        person.organization = organizations_by_spelling().get(normalised_name(person.organization_name))
        person.walk_in(at=timezone.now(), by=self.user)
        return person


class InviteForm(forms.Form):
    """Several organizations with their seats, and people by name, in one go."""

    organizations = forms.ModelMultipleChoiceField(
        label=_("Organizations"),
        queryset=Organization.objects.none(),
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )
    seats = forms.IntegerField(
        label=_("Seats for each"),
        min_value=1,
        max_value=50,
        initial=1,
        help_text=_("Seats in all: what an organization already has is counted."),
    )
    people = forms.CharField(
        label=_("People"),
        required=False,
        max_length=20_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One per line: name; position; organization. The name alone is enough."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["organizations"].queryset = Organization.objects.filter(is_active=True)

    def clean_people(self):
        people = []
        for line in self.cleaned_data["people"].splitlines():
            parts = [" ".join(part.split()) for part in line.split(";")]
            if not any(parts):
                continue
            if len(parts) > 3 or any(len(part) > 200 for part in parts):
                raise forms.ValidationError(
                    _("This line cannot be read: “%(line)s”. Write name; position; organization.") % {"line": line[:60]}
                )
            people.append([*parts, "", ""][:3])
        return people

    def clean(self):
        cleaned = super().clean()
        if not self.errors and not cleaned["organizations"] and not cleaned["people"]:
            raise forms.ValidationError(_("Choose an organization or write down a name."))
        return cleaned


class ParticipantImportForm(forms.Form):
    file = forms.FileField(label=_("File"), help_text=_("Excel (xlsx, xls), LibreOffice (ods) or csv."))

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["file"].widget.attrs["accept"] = ".xlsx,.xls,.ods,.csv"


class CheckInCodeForm(forms.Form):
    code = forms.CharField(label=_("Short code"), max_length=20)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["code"].widget.attrs |= {
            "autocomplete": "off",
            "autocapitalize": "characters",
            "class": "input code-input",
        }

    def clean_code(self):
        code = re.sub(r"[^A-Z0-9]", "", self.cleaned_data["code"].upper())
        if len(code) != 6:
            raise forms.ValidationError(_("The code on the poster has six letters and digits."))
        return code


class SelfCheckInForm(forms.ModelForm):
    """What a person types on the own phone, without an account."""

    token = forms.UUIDField(widget=forms.HiddenInput)

    class Meta:
        model = Participant
        fields = ["name", "organization_name", "position", "sex", "phone"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True
        self.fields["name"].widget.attrs["autocomplete"] = "name"
        self.fields["organization_name"].widget.attrs["autocomplete"] = "organization"
        self.fields["position"].widget.attrs["autocomplete"] = "organization-title"
        self.fields["phone"].widget = forms.TextInput(attrs={"type": "tel", "autocomplete": "tel", "maxlength": 40})
        self.fields["phone"].help_text = _(
            "Only the committee sees it, to reach you about this event. You need not give it, and you may ask for it to be deleted."
        )

    @property
    def typed(self) -> dict[str, str]:
        return {name: self.cleaned_data[name] for name in self.Meta.fields}
