"""Forms of agreements: classification, amendments, signatures, follow-ups, evidence, sittings."""

import base64
import binascii

from django import forms
from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db.models import Q
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from agreements.models import (
    Agreement,
    AgreementCriterion,
    AgreementRecord,
    Evidence,
    FollowUp,
    Funding,
    RaisedEntry,
    Review,
    ReviewItem,
    Signatory,
)
from agreements.models.records import CRITERION_CHOICES
from core.forms import FreshModelForm, NativeInputsMixin
from core.models import Organization, Region, User
from slumareas.forms import NumberField
from slumareas.models import SlumArea
from slumareas.models.quantities import QuantityField

# What is kept of a drawn signature; a canvas of a tablet stays far below.
MOST_DRAWN_BYTES = 2 * 1024 * 1024
PICTURES = "image/jpeg,image/png"  # named one by one, so that phones hand over a JPEG instead of their own format
PAPERS = ".pdf,.jpg,.jpeg,.png,.doc,.docx,.xls,.xlsx,.ppt,.pptx,.odt,.ods,.odp"


def _formfield(column, **kwargs):
    """Measured columns get the field that reads numbers as people write them, all others Django's own."""
    if isinstance(column, QuantityField):
        return NumberField(
            column=column,
            label=column.verbose_name,
            help_text=column.help_text,
            required=not column.blank and not column.has_default(),
            validators=column.validators,
            is_grouped=column.name == "amount",
        )
    return column.formfield(**kwargs)


def active_organizations(*kept):
    """Those in use, and those that a record names already."""
    return Organization.objects.filter(Q(is_active=True) | Q(pk__in=[pk for pk in kept if pk]))


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": _("Write down the reason first.")},
    )


# --- agreements ----------------------------------------------------------------------------------------------
class NewAgreementForm(forms.ModelForm):
    """One sentence, while others speak; everything else is added afterwards. The uid makes sending twice one."""

    uid = forms.UUIDField(widget=forms.HiddenInput)

    class Meta:
        model = Agreement
        fields = ["text", "agenda_item"]

    def __init__(self, *args, workshop, **kwargs):
        super().__init__(*args, **kwargs)
        self.instance.workshop = workshop
        self.fields["agenda_item"].queryset = workshop.agenda_items.all()


class AgreementForm(FreshModelForm):
    """All of an agreement. Once it is frozen its text is shown and no longer asked for."""

    criteria = forms.MultipleChoiceField(
        label=_("Criteria"), choices=CRITERION_CHOICES, required=False, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Agreement
        fields = [
            "text", "agenda_item", "source_entry", "kind", "target_kind", "target", "target_number", "target_unit",
            "organizations", "slum_areas", "note",
        ]  # fmt: skip
        formfield_callback = _formfield
        widgets = {
            "text": forms.Textarea(attrs={"rows": 4}),
            "note": forms.Textarea(attrs={"rows": 2}),
            "organizations": forms.CheckboxSelectMultiple,
            "slum_areas": forms.CheckboxSelectMultiple,
        }

    def __init__(self, *args, is_draft: bool, **kwargs):
        super().__init__(*args, **kwargs)
        agreement, workshop = self.instance, self.instance.workshop
        stored = agreement.pk is not None
        self.fields["criteria"].initial = [row.criterion for row in agreement.criteria.all()] if stored else []
        chosen = agreement.organizations.values_list("pk", flat=True) if stored else []
        self.fields["organizations"].queryset = active_organizations(*chosen)
        self.fields["source_entry"].queryset = RaisedEntry.objects.filter(workshop=workshop)
        self.fields["source_entry"].empty_label = _("none")
        self.fields["source_entry"].label_from_instance = entry_label
        self.fields["agenda_item"].queryset = workshop.agenda_items.all()
        self.fields["agenda_item"].empty_label = _("none")
        self.fields["target_kind"].choices = [("", _("none yet")), *Agreement.TargetKind.choices]
        if not is_draft:
            del self.fields["text"]

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("target_kind") != Agreement.TargetKind.NUMBER and cleaned.get("target_number") is not None:
            self.add_error("target_kind", _("There is a target number. Choose “a number”, or empty the number."))
        return cleaned

    def _save_m2m(self):
        super()._save_m2m()
        wanted = set(self.cleaned_data["criteria"])
        stored = {row.criterion: row for row in self.instance.criteria.all()}
        for criterion in stored.keys() - wanted:
            stored[criterion].delete()
        for criterion in (key for key, _label in CRITERION_CHOICES if key in wanted - stored.keys()):
            AgreementCriterion.objects.create(agreement=self.instance, criterion=criterion)


class AmendForm(forms.Form):
    """Another text for a published agreement. `version` is the one that the person saw."""

    version = forms.IntegerField(widget=forms.HiddenInput)
    text = forms.CharField(
        label=_("New text"),
        widget=forms.Textarea(attrs={"rows": 6}),
        error_messages={"required": _("Write down what was agreed.")},
    )
    reason = forms.CharField(
        label=_("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Who asked for the change, and where it was decided. It stands beside the replaced text."),
        error_messages={"required": _("Write down the reason first.")},
    )


class RefuseForm(forms.Form):
    reason = forms.CharField(
        label=_("Why it leads to nothing"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Whoever raised it reads this."),
        error_messages={"required": _("Write down the reason first.")},
    )


# --- the record and its signatures -----------------------------------------------------------------------------
class RecordForm(FreshModelForm):
    """The frame of the record: what stands above the numbered sentences."""

    class Meta:
        model = AgreementRecord
        fields = ["number", "preamble", "place", "agreed_on"]
        widgets = {"preamble": forms.Textarea(attrs={"rows": 4})}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if not self.instance.is_draft:
            for name in AgreementRecord.SIGNED_FIELDS:
                del self.fields[name]


class NewSignatoryForm(forms.ModelForm):
    """Who signs, in the order in which they are written down."""

    uid = forms.UUIDField(widget=forms.HiddenInput)

    class Meta:
        model = Signatory
        fields = ["name", "position", "organization_name"]

    def __init__(self, *args, record, **kwargs):
        super().__init__(*args, **kwargs)
        self.instance.record = record
        self.fields["name"].required = True


class SignatoryForm(FreshModelForm):
    """All of a signatory, while the record is a draft."""

    class Meta:
        model = Signatory
        fields = ["name", "position", "organization_name", "organization", "represents", "rank_grade", "nip", "note"]
        widgets = {"note": forms.Textarea(attrs={"rows": 2})}

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True
        self.fields["organization"].queryset = active_organizations(self.instance.organization_id)
        if not user.has_perm("agreements.view_signature"):
            del self.fields["nip"]


class SignForm(NativeInputsMixin, forms.Form):
    """One signature, in one of three ways. `drawing` is the picture of the canvas as a data address."""

    how = forms.ChoiceField(label=_("How is it signed?"), choices=Signatory.How.choices, widget=forms.RadioSelect)
    drawing = forms.CharField(required=False, widget=forms.HiddenInput)
    file = forms.FileField(
        label=_("Scan"),
        required=False,
        widget=forms.ClearableFileInput(attrs={"accept": ".pdf,.jpg,.jpeg,.png"}),
        help_text=_("A photo or a PDF of the signed sheet."),
    )
    on = forms.DateField(label=_("Signed on"), widget=forms.DateInput)

    def clean_drawing(self):
        written = self.cleaned_data["drawing"]
        if not written:
            return None
        head, _comma, body = written.partition(",")
        try:
            if head != "data:image/png;base64" or len(body) > MOST_DRAWN_BYTES:
                raise ValueError(head)
            content = base64.b64decode(body, validate=True)
        except (ValueError, binascii.Error) as error:
            raise ValidationError(_("The drawing did not arrive whole. Please sign again.")) from error
        return ContentFile(content, name="tanda-tangan.png")

    def clean_on(self):
        on = self.cleaned_data["on"]
        if on > timezone.localdate():
            raise ValidationError(_("This day is still to come."))
        return on

    def clean(self):
        cleaned = super().clean()
        how = cleaned.get("how")
        is_drawn = cleaned.get("drawing") or cleaned.get("file")
        if how == Signatory.How.DRAWN and not is_drawn and "drawing" not in self.errors:
            self.add_error("drawing", _("Sign in the field first."))
        if how == Signatory.How.SCAN and not cleaned.get("file") and "file" not in self.errors:
            self.add_error("file", _("Choose the scan first."))
        return cleaned

    @property
    def signature(self):
        """The drawing, or the file that was sent; nothing for a signature on paper."""
        how = self.cleaned_data["how"]
        if how == Signatory.How.DRAWN and self.cleaned_data.get("drawing"):
            return self.cleaned_data["drawing"]
        return (self.cleaned_data.get("file") or None) if how != Signatory.How.PAPER else None

    def add_refusal(self, error: ValidationError) -> None:
        """What the model says of the file belongs to the field by which it came."""
        place = "drawing" if self.cleaned_data.get("drawing") else "file"
        for name, sentences in getattr(error, "message_dict", {None: error.messages}).items():
            self.add_error(place if name == "file" else name if name in self.fields else None, sentences)


class DelegateForm(forms.Form):
    signs_for = forms.ChoiceField(
        label=_("In which way"), choices=Signatory.SignsFor.choices, widget=forms.RadioSelect, initial="a.n."
    )
    name = forms.CharField(
        label=_("Who signs in their place"),
        max_length=200,
        error_messages={"required": _("Write down who signs in their place.")},
    )
    position = forms.CharField(label=_("Position of who signs"), max_length=200, required=False)


# --- follow-ups ------------------------------------------------------------------------------------------------
class FollowUpForm(NativeInputsMixin, forms.ModelForm):
    """The plan of a follow-up. `based_on` is the version that the person saw."""

    based_on = forms.IntegerField(required=False, min_value=0, widget=forms.HiddenInput)

    class Meta:
        model = FollowUp
        fields = [
            "agreement", "source_entry", "activity", "output", "volume", "unit", "location", "region", "slum_area",
            "criterion", "responsible_organization", "responsible_person", "partners", "other_parties", "starts_on",
            "due_on", "recurrence", "is_proposal", "needs_confirmation",
        ]  # fmt: skip
        formfield_callback = _formfield
        widgets = {
            "activity": forms.Textarea(attrs={"rows": 3}),
            "partners": forms.CheckboxSelectMultiple,
        }

    def __init__(self, *args, user, workshop=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = user
        stored = self.instance
        workshop = stored.workshop if stored.pk else workshop
        agreements = Agreement.objects.visible_to(user).filter(workshop=workshop).order_by("number")
        entries = RaisedEntry.objects.visible_to(user).filter(workshop=workshop)
        self.fields["agreement"].queryset = agreements
        self.fields["agreement"].empty_label = _("none: it answers a problem or promise")
        self.fields["source_entry"].queryset = entries
        self.fields["source_entry"].empty_label = _("none")
        self.fields["source_entry"].label_from_instance = entry_label
        self.fields["region"].queryset = Region.objects.select_related("parent").defer("boundary", "parent__boundary")
        self.fields["region"].label_from_instance = region_label
        self.fields["slum_area"].queryset = SlumArea.objects.visible_to(user)
        self.fields["responsible_organization"].queryset = active_organizations(stored.responsible_organization_id)
        partners = stored.partners.values_list("pk", flat=True) if stored.pk else []
        self.fields["partners"].queryset = active_organizations(*partners)
        self.fields["based_on"].initial = stored.version if stored.pk else 0

    def record(self, by, at):
        follow_up = self.instance
        based_on = self.cleaned_data["based_on"] if follow_up.pk else None
        follow_up.record(by=by, at=at, based_on=based_on)
        self._save_m2m()
        return follow_up


def entry_label(entry) -> str:
    words = " · ".join(part for part in (entry.title, entry.text) if part)
    return f"{entry.get_kind_display().capitalize()}: {words[:90]}"


def region_label(region: Region) -> str:
    return f"{region.full_name}, {region.parent.name}" if region.parent_id else region.full_name


class FundingForm(NativeInputsMixin, forms.ModelForm):
    class Meta:
        model = Funding
        fields = ["source", "amount", "note"]
        formfield_callback = _formfield

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.hide_optional = True


FundingFormSet = forms.inlineformset_factory(FollowUp, Funding, form=FundingForm, extra=1, can_delete=True)


def photo_field(**kwargs) -> forms.FileField:
    return forms.FileField(
        label=_("Photo"),
        required=False,
        widget=forms.FileInput(attrs={"accept": PICTURES, "data-photo": ""}),
        **kwargs,
    )


class ReportForm(NativeInputsMixin, forms.Form):
    """Progress in one form on a phone: how far, a word, a photo, and whether that was all."""

    based_on = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    physical_percent = NumberField(
        column=FollowUp._meta.get_field("physical_percent"),
        label=_("Physical progress (%)"),
        required=False,
        validators=FollowUp._meta.get_field("physical_percent").validators,
    )
    financial_percent = NumberField(
        column=FollowUp._meta.get_field("financial_percent"),
        label=_("Financial progress (%)"),
        required=False,
        validators=FollowUp._meta.get_field("financial_percent").validators,
    )
    note = forms.CharField(
        label=_("What was done"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    photo = photo_field()
    photo_title = forms.CharField(label=_("What the photo shows"), required=False, max_length=200)
    is_done = forms.BooleanField(label=_("With this the work is done"), required=False)

    def __init__(self, *args, follow_up: FollowUp, **kwargs):
        super().__init__(*args, **kwargs)
        self.follow_up = follow_up
        for name in ("physical_percent", "financial_percent"):
            self.fields[name].initial = getattr(follow_up, name)
            self.fields[name].hide_optional = True
        self.fields["based_on"].initial = follow_up.version
        if not follow_up.can("report") or follow_up.status == FollowUp.Status.BLOCKED:
            del self.fields["is_done"]

    def clean(self):
        cleaned = super().clean()
        said = any(cleaned.get(name) for name in ("note", "photo", "is_done"))
        moved = any(
            cleaned.get(name) is not None and cleaned[name] != getattr(self.follow_up, name)
            for name in ("physical_percent", "financial_percent")
        )
        if not said and not moved and not self.errors:
            raise ValidationError(_("Say what is new: progress, a few words, or a photo."))
        if (
            cleaned.get("is_done")
            and not cleaned.get("photo")
            and "photo" not in self.errors
            and not self.follow_up.evidence.standing().exists()
        ):
            self.add_error("photo", _("Add evidence first: a photo, a document or a link that shows that it is done."))
        return cleaned

    @property
    def told(self) -> dict:
        """What is handed to the verb; a field that was emptied stays as it is."""
        names = ("note", "physical_percent", "financial_percent")
        return {name: self.cleaned_data[name] for name in names if self.cleaned_data.get(name) not in (None, "")}


class NoteForm(forms.Form):
    """A step that needs no reason: a word is welcome."""

    based_on = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}))


class FollowUpReasonForm(ReasonForm):
    based_on = forms.IntegerField(min_value=0, widget=forms.HiddenInput)


class BlockForm(FollowUpReasonForm):
    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].label = _("What blocks it")
        self.fields["reason"].help_text = _("Say who could help. The Pokja sees it in its next sitting.")
        self.fields["reason"].error_messages["required"] = _("Write down what blocks it.")


class FinishForm(NativeInputsMixin, NoteForm):
    on = forms.DateField(label=_("Done on"))
    photo = photo_field(help_text=_("Where there is no evidence yet, a photo of what is there now is enough."))

    def clean_on(self):
        on = self.cleaned_data["on"]
        if on > timezone.localdate():
            raise ValidationError(_("It cannot be done on a day that is still to come."))
        return on


class EvidenceForm(NativeInputsMixin, forms.ModelForm):
    class Meta:
        model = Evidence
        fields = ["kind", "title", "file", "url", "taken_on", "location"]
        widgets = {
            "kind": forms.RadioSelect,
            "file": forms.FileInput(attrs={"accept": f"{PICTURES},{PAPERS}", "data-photo": ""}),
            "url": forms.URLInput(attrs={"placeholder": "https://"}),
        }
        help_texts = {
            "file": _("Place and day are read from a photo; everything else that the camera wrote is removed."),
            "taken_on": format_lazy(
                "{} {}", _("Of the photo or document."), _("Empty: the day that the camera wrote into the photo.")
            ),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = Evidence.Kind.choices
        self.fields["kind"].initial = Evidence.Kind.PHOTO
        self.fields["title"].required = False
        self.fields["url"].hide_optional = self.fields["file"].hide_optional = True

    def clean(self):
        """A file is taken as what it is; a chosen kind that does not fit is not a reason to lose it."""
        cleaned = super().clean()
        file, url = cleaned.get("file"), cleaned.get("url")
        if cleaned.get("kind") == Evidence.Kind.LINK and not url and "url" not in self.errors:
            self.add_error("url", _("A link needs its address, a photo or document its file."))
        if cleaned.get("kind") != Evidence.Kind.LINK and not file and "file" not in self.errors:
            self.add_error("file", _("Choose a file."))
        return cleaned

    def _post_clean(self):
        """The model judges when it is submitted, behind its lock and with who submits it."""
        for name, value in self.cleaned_data.items():
            setattr(self.instance, name, value if value is not None or name != "file" else "")


class JudgeForm(forms.Form):
    """The judgement of one piece of evidence; a return says what is missing."""

    note = forms.CharField(label=_("Note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


# --- sittings ----------------------------------------------------------------------------------------------------
class ReviewForm(FreshModelForm):
    class Meta:
        model = Review
        fields = ["held_on", "place", "subject", "members", "other_members", "note"]
        widgets = {
            "members": forms.CheckboxSelectMultiple,
            "other_members": forms.Textarea(attrs={"rows": 2}),
            "note": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        chosen = self.instance.members.values_list("pk", flat=True) if self.instance.pk else []
        members = Q(is_active=True, role__in=[User.Role.POKJA_MEMBER, User.Role.PLANNER, User.Role.VERIFIER])
        self.fields["members"].queryset = (
            User.objects.filter(members | Q(pk__in=chosen)).select_related("organization").order_by("name", "username")
        )
        self.fields["members"].label_from_instance = member_label


def member_label(user: User) -> str:
    return f"{user} · {user.organization.short_name or user.organization}" if user.organization_id else str(user)


class DecideForm(NativeInputsMixin, forms.Form):
    """One decision of a sitting. `version` is that of an earlier one which is changed, 0 for the first."""

    version = forms.IntegerField(min_value=0, widget=forms.HiddenInput)
    decision = forms.ChoiceField(
        label=_("Decision"),
        choices=ReviewItem.Decision.choices,
        widget=forms.RadioSelect,
        error_messages={"required": _("Choose what is decided.")},
    )
    note = forms.CharField(
        label=_("Direction"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("What is asked of whom, until when."),
    )
    next_check_on = forms.DateField(label=_("Look at it again on"), required=False)

    def __init__(self, *args, review: Review, item: ReviewItem | None = None, **kwargs):
        super().__init__(*args, **kwargs)
        self.review = review
        self.fields["version"].initial = item.version if item else 0
        for name in ("decision", "note", "next_check_on") if item else ():
            self.fields[name].initial = getattr(item, name)

    def clean_next_check_on(self):
        day = self.cleaned_data["next_check_on"]
        if day and day <= self.review.held_on:
            raise ValidationError(_("The next check lies after the sitting."))
        return day
