"""Forms of agreements and of those who sign them."""

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from agreements.models import Agreement, AgreementCriterion, AgreementRecord, RaisedEntry, Signatory
from agreements.models.records import CRITERION_CHOICES
from core.forms import FreshModelForm, NativeInputsMixin
from core.models import Organization


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
            "text",
            "agenda_item",
            "source_entry",
            "kind",
            "target_kind",
            "target",
            "target_number",
            "target_unit",
            "organizations",
            "slum_areas",
            "note",
        ]
        widgets = {
            "text": forms.Textarea(attrs={"rows": 4}),
            "note": forms.Textarea(attrs={"rows": 2}),
            "organizations": forms.CheckboxSelectMultiple,
            "slum_areas": forms.CheckboxSelectMultiple,
        }

    def __init__(self, *args, is_draft: bool, **kwargs):
        super().__init__(*args, **kwargs)
        workshop = self.instance.workshop
        self.fields["criteria"].initial = [row.criterion for row in self.instance.criteria.all()]
        self.fields["organizations"].queryset = Organization.objects.filter(
            Q(is_active=True) | Q(agreements=self.instance)
        ).distinct()
        self.fields["source_entry"].queryset = RaisedEntry.objects.filter(workshop=workshop)
        self.fields["agenda_item"].queryset = workshop.agenda_items.all()
        if not is_draft:
            del self.fields["text"]

    def _save_m2m(self):
        super()._save_m2m()
        wanted = set(self.cleaned_data["criteria"])
        stored = {row.criterion: row for row in self.instance.criteria.all()}
        for criterion in stored.keys() - wanted:
            stored[criterion].delete()
        for criterion in (key for key, _label in CRITERION_CHOICES if key in wanted - stored.keys()):
            AgreementCriterion.objects.create(agreement=self.instance, criterion=criterion)


class RecordForm(FreshModelForm):
    """The frame of the record: what stands above the numbered sentences."""

    class Meta:
        model = AgreementRecord
        fields = ["number", "preamble", "place", "agreed_on"]

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
        if not user.has_perm("agreements.view_signature"):
            del self.fields["nip"]


class SignForm(NativeInputsMixin, forms.Form):
    """How somebody signed. A drawn signature comes as a picture from the page, a scan as a file."""

    how = forms.ChoiceField(label=_("How it was signed"), choices=Signatory.How, widget=forms.RadioSelect)
    on = forms.DateField(label=_("Signed on"))
    file = forms.FileField(
        label=_("Scan or picture of the signature"),
        required=False,
        help_text=_("Not needed for a signature on paper."),
    )


class DelegateForm(forms.Form):
    """Who signs in somebody's place."""

    signs_for = forms.ChoiceField(label=_("Signs as"), choices=Signatory.SignsFor)
    name = forms.CharField(label=_("Signs in their place"), max_length=200)
    position = forms.CharField(label=_("Position of who signs"), max_length=200, required=False)


class ReasonForm(forms.Form):
    reason = forms.CharField(label=_("Reason"), max_length=1000, widget=forms.Textarea(attrs={"rows": 3}))


class AmendmentForm(forms.Form):
    """A new text, and why it replaces the one in force."""

    text = forms.CharField(label=_("New text"), widget=forms.Textarea(attrs={"rows": 5}))
    reason = forms.CharField(
        label=_("Reason"),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Who decided it, when, and why."),
    )
