"""Forms of workshops. A long record is edited in parts that fit a phone."""

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from core.forms import FreshModelForm, NativeInputsMixin
from core.models import Organization
from workshops.entry_kinds import CONTENT_FIELDS, ENTRY_KINDS, FOLDED_FIELDS
from workshops.models import (
    AgendaItem,
    Attachment,
    Checkpoint,
    Leader,
    MinutesEntry,
    ReportSection,
    TextualNote,
    Workshop,
    WorkshopArea,
)


class WorkshopForm(FreshModelForm):
    """Identity, time and place: enough to create a workshop."""

    class Meta:
        model = Workshop
        fields = [
            "title",
            "programme",
            "level",
            "held_on",
            "call_time",
            "start_time",
            "end_time",
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
    """What stands around the minutes: number, copies, agreements' preamble, credits."""

    class Meta:
        model = Workshop
        fields = [
            "minutes_number",
            "copies",
            "report_addressed_to",
            "agreement_preamble",
            "agreement_place",
            "agreement_on",
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
AreaFormSet = _rows(WorkshopArea, ["name", "region"])
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
            "signature",
        ]
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
