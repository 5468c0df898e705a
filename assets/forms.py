"""Forms of the handover: packages and assets, one small form for each verb, papers, photos, signatures."""

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from agreements.models import Agreement, FollowUp
from assets import asset_types, stages
from assets.models import Asset, AssetPhoto, Document, DocumentVersion, Package, Signatory
from core.forms import FreshModelForm, NativeInputsMixin
from core.models import Organization, Region
from core.uploads import validate_document
from slumareas.forms import NumberField
from slumareas.models import SlumArea
from slumareas.models.quantities import QuantityField

GROUPED = {"value"}
COORDINATES = {"latitude", "longitude"}


class CoordinateField(NumberField):
    """Degrees: a point or comma always parts the decimals, whatever the language, as navigation devices write them."""

    def to_python(self, value):
        text = str(value or "").strip().replace("−", "-").replace(",", ".")
        return self.column.to_python(text or None)

    def prepare_value(self, value):
        return f"{value:f}" if hasattr(value, "as_tuple") else value


def measured(column, **kwargs):
    """Measured columns are typed as people write numbers; all others get Django's own field."""
    if not isinstance(column, QuantityField):
        return column.formfield(**kwargs)
    field_class = CoordinateField if column.name in COORDINATES else NumberField
    return field_class(
        column=column, is_grouped=column.name in GROUPED, label=column.verbose_name, help_text=column.help_text,
        required=not column.blank,
    )  # fmt: skip


def organizations(*kept: int | None):
    """Those in use, and those that the record names already."""
    return Organization.objects.filter(Q(is_active=True) | Q(pk__in=[pk for pk in kept if pk]))


# --- package and asset -------------------------------------------------------------------------------------
class PackageForm(FreshModelForm):
    class Meta:
        model = Package
        fields = [
            "number", "name", "sector", "giver", "receiver", "path", "is_planned_as_grant", "budget_year", "value",
            "legal_basis", "village", "slum_area", "agreement", "follow_up", "note",
        ]  # fmt: skip
        widgets = {"note": forms.Textarea(attrs={"rows": 3})}
        formfield_callback = measured

    identity = ("number", "name", "sector")
    parties = ("giver", "receiver", "path", "is_planned_as_grant")
    money = ("budget_year", "value", "legal_basis")
    place = ("village", "slum_area")
    relations = ("agreement", "follow_up")

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        package, fields = self.instance, self.fields
        fields["giver"].queryset = organizations(package.giver_id)
        fields["receiver"].queryset = organizations(package.receiver_id)
        if user.role == user.Role.OPD_USER:
            # An agency writes down what it gives itself, and nothing in another's name.
            fields["giver"].queryset = Organization.objects.filter(pk=user.organization_id)
            fields["giver"].initial = user.organization_id
            fields["giver"].empty_label = None
        fields["village"].queryset = Region.objects.villages().select_related("parent").order_by("parent__name", "name")
        fields["village"].label_from_instance = lambda village: f"{village.full_name}, {village.parent.name}"
        fields["slum_area"].queryset = SlumArea.objects.visible_to(user)
        fields["agreement"].queryset = Agreement.objects.visible_to(user)
        fields["follow_up"].queryset = FollowUp.objects.visible_to(user)
        fields["number"].widget.attrs |= {"placeholder": "PLP-044", "autocapitalize": "characters"}
        fields["value"].widget.attrs["placeholder"] = "1.250.000.000"
        for name in package.DEED_FIELDS if package.pk and package.is_deeded else ():
            fields[name].disabled = True

    def sections(self):
        """[(heading, fields)] in the order of the form."""
        headings = {
            "identity": _("Package"), "parties": _("From whom to whom"), "money": _("Budget and value"),
            "place": _("Place"), "relations": _("Belongs to"),
        }  # fmt: skip
        return [(heading, [self[name] for name in getattr(self, part)]) for part, heading in headings.items()]


class AssetForm(FreshModelForm):
    class Meta:
        model = Asset
        fields = [
            "asset_type", "name", "quantity", "unit", "built_year", "value", "condition", "land_status", "latitude",
            "longitude", "state_code",
        ]  # fmt: skip
        formfield_callback = measured

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        package = self.instance.package
        offered = asset_types.of_sector(package.sector)
        self.fields["asset_type"].choices = [("", "---------"), *((one.key, one.label) for one in offered)]
        self.fields["latitude"].widget.attrs["placeholder"] = "-2.0712"
        self.fields["longitude"].widget.attrs["placeholder"] = "105.1630"
        for name in Asset.DEED_FIELDS if self.instance.pk and package.is_deeded else ():
            if name in self.fields:
                self.fields[name].disabled = True


class PhotoForm(NativeInputsMixin, forms.ModelForm):
    class Meta:
        model = AssetPhoto
        fields = ["picture", "caption", "taken_on"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["picture"].widget = forms.FileInput(attrs={"accept": ".jpg,.jpeg,.png", "capture": "environment"})
        self.fields["picture"].help_text = _("JPEG or PNG.")


class BookForm(forms.Form):
    kib_class = forms.ChoiceField(label=_("KIB class"), choices=asset_types.KIB_CHOICES)
    kib_code = forms.CharField(
        label=_("asset code of the regency"), max_length=60, help_text=_("As in the asset register (SIMBADA, e-BMD).")
    )

    def __init__(self, *args, asset, **kwargs):
        usual = asset_types.ASSET_TYPES[asset.asset_type].kib_class
        super().__init__(*args, initial={"kib_class": asset.kib_class or usual, "kib_code": asset.kib_code}, **kwargs)
        self.fields["kib_code"].widget.attrs["placeholder"] = "1.3.3.01.01.01.001"


class ManagerForm(forms.Form):
    manager = forms.ModelChoiceField(
        label=_("manager"),
        queryset=Organization.objects.none(),
        help_text=_("Village, BUMDes or operating group (KPP) that runs it."),
    )
    duties = forms.CharField(
        label=_("duties of the manager"), required=False, max_length=4000, widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("One a line, with the tariff where there is one."),
    )  # fmt: skip

    def __init__(self, *args, asset, **kwargs):
        super().__init__(*args, initial={"manager": asset.manager_id, "duties": asset.duties}, **kwargs)
        self.fields["manager"].queryset = organizations(asset.manager_id)


class CheckForm(NativeInputsMixin, forms.Form):
    is_functioning = forms.TypedChoiceField(
        label=_("Does it work?"), choices=[("yes", _("yes, it works")), ("no", _("no"))],
        coerce=lambda value: value == "yes", widget=forms.RadioSelect,
    )  # fmt: skip
    condition = forms.ChoiceField(label=_("condition"), choices=Asset.Condition.choices, widget=forms.RadioSelect)
    on = forms.DateField(label=_("checked on"), initial=timezone.localdate)
    note = forms.CharField(
        label=_("note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("What was seen, and what has to be done."),
    )  # fmt: skip


class SignatoryForm(NativeInputsMixin, forms.ModelForm):
    class Meta:
        model = Signatory
        fields = [
            "role", "name", "position", "organization_name", "signs_for", "signs_for_office", "rank_grade", "nip",
        ]  # fmt: skip

    def clean(self):
        cleaned = super().clean()
        if not any(cleaned.get(name) for name in ("name", "position", "organization_name")):
            self.add_error("name", _("Write a name or at least the office that signs."))
        return cleaned


class SignatoryFormSetBase(forms.BaseInlineFormSet):
    def save(self, commit=True):
        for number, form in enumerate(self.forms):
            form.instance.order = number
        return super().save(commit)


SignatoryFormSet = forms.inlineformset_factory(
    Package, Signatory, SignatoryForm, formset=SignatoryFormSetBase, extra=1, max_num=20, can_delete=True
)


# --- verbs of a package ------------------------------------------------------------------------------------
def _day(label) -> forms.DateField:
    return forms.DateField(label=label, initial=timezone.localdate)


def _note(label, *, required=True, help_text="") -> forms.CharField:
    return forms.CharField(
        label=label, required=required, max_length=4000, widget=forms.Textarea(attrs={"rows": 3}), help_text=help_text
    )


class VerbForm(NativeInputsMixin, forms.Form):
    """`arguments()` is what the verb is called with."""

    def __init__(self, *args, package, user, **kwargs):
        self.package, self.user = package, user
        super().__init__(*args, **kwargs)

    def arguments(self) -> dict:
        return dict(self.cleaned_data)


class SureForm(VerbForm):
    """Nothing to fill in: the button says it all."""


class HandOnForm(VerbForm):
    """To whom the file goes."""

    holder = forms.ModelChoiceField(label=_("Who has the file now"), queryset=Organization.objects.none())
    desk = forms.CharField(
        label=_("Desk"), required=False, max_length=100, help_text=_("Office or unit, not the name of a person.")
    )
    on = _day(_("on"))
    note = _note(_("note"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["holder"].queryset = organizations()
        self.fields["holder"].initial = self.package.holder_id
        self.fields["desk"].initial = self.package.holder_desk
        self.fields["desk"].widget.attrs |= {"placeholder": "Bupati", "list": "desks"}
        self.fields["desk"].hide_optional = False

    @property
    def desks(self):
        """Desks that files have lain on, so that one desk is not written in two ways."""
        used = Package.objects.exclude(holder_desk="").order_by("holder_desk")
        return used.values_list("holder_desk", flat=True).distinct()[:100]


class AdvanceForm(HandOnForm):
    to = forms.ChoiceField(label=_("To the stage"), widget=forms.RadioSelect)
    field_order = ["to", "on", "holder", "desk", "note"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["to"].choices = [
            (target, self._label(target, needs_note))
            for target, needs_note in self.package.next_stages()
            if self.package.may(self.user, "advance", target)
        ]
        self.fields["on"].label = _("It happened on")
        self.fields["on"].help_text = _("The day of the signature, not of typing.")
        self.fields["holder"].label = _("Who has the file then")

    @staticmethod
    def _label(target: str, needs_note: bool) -> str:
        label = stages.STAGES[target].label
        return str(format_lazy("{} ({})", label, _("with a note")) if needs_note else label)

    def clean(self):
        """A note where the step leaves the usual order, said at its field."""
        cleaned = super().clean()
        if dict(self.package.next_stages()).get(cleaned.get("to")) and not cleaned.get("note"):
            self.add_error("note", _("This leaves the usual order of stages. Write down why."))
        return cleaned


class NoteForm(VerbForm):
    on = _day(_("on"))
    note = _note(_("note"), required=False)


class ResumeForm(NoteForm):
    note = _note(_("What changed"))


class ReasonForm(VerbForm):
    reason = forms.ChoiceField(label=_("Reason"), choices=[("", _("choose a reason")), *stages.REASON_CHOICES])
    note = _note(_("What is the matter"), help_text=_("A sentence that the other side can act on."))
    on = _day(_("on"))


class BlockForm(ReasonForm):
    note = _note(_("What is the matter"), required=False)


class InterimForm(VerbForm):
    number = forms.CharField(label=_("number of the record"), max_length=100)
    on = _day(_("signed on"))
    note = _note(_("note"), required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["number"].widget.attrs["placeholder"] = "BA/12/BPPW/2019"


# --- papers ------------------------------------------------------------------------------------------------
class ReceiveForm(NativeInputsMixin, forms.Form):
    file = forms.FileField(
        label=_("File"), help_text=_("PDF, picture or office file; judged by its content."),
        widget=forms.FileInput(attrs={"accept": ".pdf,.jpg,.jpeg,.png,.docx,.xlsx,.odt,.ods,.doc,.xls,.pptx,.odp,.ppt"}),
    )  # fmt: skip
    number = forms.CharField(label=_("number of the paper"), required=False, max_length=100)
    dated_on = forms.DateField(label=_("date of the paper"), required=False)
    valid_until = forms.DateField(label=_("valid until"), required=False)
    note = forms.CharField(label=_("note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))

    def __init__(self, *args, document, **kwargs):
        super().__init__(*args, **kwargs)
        days = document.requirement.valid_days
        if days:
            self.fields["dated_on"].required = True
            self.fields["valid_until"].help_text = _("Empty: %(days)s days after its date, as is the practice.") % {
                "days": days
            }

    def clean_file(self):
        file = self.cleaned_data["file"]
        longest = DocumentVersion._meta.get_field("file").max_length // 2
        if len(file.name) > longest:
            raise ValidationError(_("The name of this file is too long. Give it a shorter one."))
        validate_document(file)
        return file


class JudgeForm(forms.Form):
    """Accepting may have a note, sending back must have one."""

    note = forms.CharField(label=_("note"), required=False, max_length=2000, widget=forms.Textarea(attrs={"rows": 2}))


class ReturnForm(forms.Form):
    note = forms.CharField(
        label=_("What is wrong with the paper"), max_length=2000, widget=forms.Textarea(attrs={"rows": 2})
    )


class DocumentForm(FreshModelForm):
    """Number and dates of a paper, for who knows them without having its file."""

    class Meta:
        model = Document
        fields = ["number", "dated_on", "valid_until", "note"]
