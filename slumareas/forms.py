"""Forms of slum areas: numbers as people write them, areas, boundaries, neighbourhoods, baselines, works."""

import re
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from itertools import groupby

from django import forms
from django.conf import settings
from django.core import signing
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db.models import Sum
from django.utils.formats import get_format, number_format
from django.utils.text import format_lazy
from django.utils.translation import gettext, ngettext
from django.utils.translation import gettext_lazy as _

from core.forms import FreshModelForm
from core.models import Region
from slumareas import checking, geo, scoring
from slumareas.models import (
    AreaBoundary,
    AssessmentYear,
    Baseline,
    Decree,
    DecreeArea,
    NeighbourhoodUnit,
    SlumArea,
    Work,
)
from slumareas.models.places import YEARS
from slumareas.models.quantities import DENOMINATOR_KEYS, NUMERATOR_KEYS, QUANTITY_KEYS, QuantityField
from slumareas.models.years import RULE_SET_CHOICES

# --- numbers -----------------------------------------------------------------------------------------------
MOST_CHARACTERS = 40


def typed_number(text: str, decimal_separator: str) -> Decimal:
    """A number as a person wrote it, point or comma. Raises ValueError. `static/js/baseline.js` reads in the same way.

    The last of two different marks parts the decimals. A single mark does too, unless it is the other one than that of
    the page's language and stands as a separator of thousands would: 1.234 is a thousand in Indonesian, 2.75 is not.
    """
    match = re.fullmatch(r"([-−]?)([0-9][0-9.,]*|[.,][0-9]+)", text.strip())
    if not match or len(text) > MOST_CHARACTERS:
        raise ValueError(text)
    sign, body = "-" if match[1] else "", match[2]
    marks = re.findall(r"[.,]", body)
    point = ""
    if len(set(marks)) == 2:
        point = marks[-1]
    elif len(marks) == 1 and (marks[0] == decimal_separator or not re.fullmatch(r"[1-9][0-9]{0,2}[.,][0-9]{3}", body)):
        point = marks[0]
    whole, fraction = body.split(point, 1) if point else (body, "")
    if re.search(r"[.,]", fraction) or not re.fullmatch(r"[0-9]*|[0-9]{1,3}([.,][0-9]{3})+", whole):
        raise ValueError(text)
    return Decimal(f"{sign}{re.sub(r'[.,]', '', whole) or '0'}.{fraction or '0'}")


def plain_number(number: Decimal | None) -> str:
    """For an input: the page's decimal mark, no separators of thousands, no trailing noughts."""
    if number is None:
        return ""
    text = f"{number:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text.replace(".", get_format("DECIMAL_SEPARATOR"))


def shown_percent(numerator: Decimal, denominator: Decimal) -> str:
    """Per cent with two decimals, or as many more as it takes not to show a value that would score otherwise."""
    percent, score = Decimal(0), scoring.points(numerator, denominator)
    for places in range(2, 10):
        step = Decimal(1).scaleb(-places)
        percent = (100 * numerator / denominator).quantize(step, ROUND_HALF_UP) if denominator else Decimal(0)
        if scoring.points(percent, Decimal(100)) == score:
            break
    return number_format(percent, decimal_pos=max(2, -percent.as_tuple().exponent))


class NumberField(forms.Field):
    """A measured number in the precision of its column; `is_grouped` shows thousands apart, as money is read."""

    def __init__(self, *, column: QuantityField, is_grouped: bool = False, **kwargs):
        self.column, self.is_grouped = column, is_grouped
        super().__init__(**kwargs)

    def widget_attrs(self, widget):
        return {
            "inputmode": "decimal" if self.column.places else "numeric",
            "autocomplete": "off",
            "enterkeyhint": "next",
        }

    def to_python(self, value):
        text = str(value or "").strip()
        if not text:
            return None
        try:
            number = typed_number(text, get_format("DECIMAL_SEPARATOR"))
        except ValueError:
            raise ValidationError(self.column.error_messages["invalid"], code="invalid")
        return self.column.to_python(number)

    def prepare_value(self, value):
        if not isinstance(value, Decimal):
            return value
        return number_format(value.normalize() + 0) if self.is_grouped else plain_number(value)


def _formfield(column, **kwargs):
    """Measured columns get the field above, all others Django's own."""
    if isinstance(column, QuantityField):
        return NumberField(
            column=column, label=column.verbose_name, help_text=column.help_text, required=not column.blank
        )
    return column.formfield(**kwargs)


# --- areas ---------------------------------------------------------------------------------------------------
class WithVillages:
    """A form of a slum area whose villages are checked together with its name."""

    def _post_clean(self):
        super()._post_clean()
        if not {"name", "villages"} & self.errors.keys():
            try:
                self.instance.check_villages(self.cleaned_data["villages"])
            except ValidationError as error:
                self.add_error(None, error)


class AreaForm(WithVillages, FreshModelForm):
    class Meta:
        model = SlumArea
        fields = [
            "name",
            "kind",
            "villages",
            "description",
            "is_strategic",
            "has_community_support",
            "is_tenure_clear",
            "fits_spatial_plan",
            "has_building_permits",
        ]
        widgets = {"villages": forms.CheckboxSelectMultiple, "description": forms.Textarea(attrs={"rows": 3})}
        error_messages = {"villages": {"required": _("Choose at least one village.")}}

    CONSIDERATIONS = ("is_strategic", "has_community_support")
    LEGALITY = ("is_tenure_clear", "fits_spatial_plan", "has_building_permits")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["villages"].queryset = (
            Region.objects.villages().select_related("parent").defer("boundary", "parent__boundary")
        )
        for name in (*self.CONSIDERATIONS, *self.LEGALITY):
            self.fields[name].hide_optional = True
        for name in self.CONSIDERATIONS:
            self.fields[name].choices = [("", _("not known yet")), *SlumArea.Rating.choices]
        for name in self.LEGALITY:
            self.fields[name].widget.choices = [("unknown", _("not known yet")), ("true", _("yes")), ("false", _("no"))]

    def considerations(self):
        return [self[name] for name in self.CONSIDERATIONS]

    def legality(self):
        return [self[name] for name in self.LEGALITY]

    def districts(self) -> list[dict]:
        """The villages by district, and which are chosen."""
        chosen = {str(getattr(value, "pk", value)) for value in self["villages"].value() or ()}
        villages = [
            (village, str(village.pk) in chosen) for village in self.fields["villages"].queryset.order_by("code")
        ]
        groups = [(district, list(rows)) for district, rows in groupby(villages, key=lambda row: row[0].parent)]
        return [
            {
                "district": district,
                "villages": rows,
                "chosen": sum(is_chosen for _village, is_chosen in rows),
                "is_open": len(groups) == 1 or any(is_chosen for _village, is_chosen in rows),
            }
            for district, rows in groups
        ]


class DecreeRowForm(FreshModelForm):
    class Meta:
        model = DecreeArea
        fields = ["decree", "hectares"]
        formfield_callback = _formfield

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["hectares"].hide_optional = True


class DecreeRows(forms.BaseInlineFormSet):
    def add_fields(self, form, index):
        super().add_fields(form, index)
        form.fields["id"].error_messages["invalid_choice"] = _(
            "Someone else removed this row while you were typing. Open the page again."
        )
        if "DELETE" in form.fields:
            form.fields["DELETE"].label = _("Take this decree off the area")


DecreeFormSet = forms.inlineformset_factory(
    SlumArea, DecreeArea, form=DecreeRowForm, formset=DecreeRows, extra=1, can_delete_extra=False
)


class NewDecreeForm(forms.ModelForm):
    """A decree that is not in the list yet, and what it says of this area. Left empty, nothing is stored."""

    hectares = NumberField(column=DecreeArea._meta.get_field("hectares"), label=_("Hectares"), required=False)

    class Meta:
        model = Decree
        fields = ["number", "year", "issued_on", "title"]
        widgets = {"issued_on": forms.DateInput(attrs={"type": "date"}, format="%Y-%m-%d")}

    def __init__(self, *args, **kwargs):
        super().__init__(*args, prefix="new", empty_permitted=True, use_required_attribute=False, **kwargs)
        for one in self.fields.values():
            one.hide_optional = True

    def clean_hectares(self):
        hectares = self.cleaned_data["hectares"]
        if hectares is not None and hectares <= 0:
            raise ValidationError(_("Hectares must be above 0; leave the field empty where they are not known."))
        return hectares

    def save_for(self, area: SlumArea) -> None:
        if self.has_changed():
            DecreeArea(decree=self.save(), slum_area=area, hectares=self.cleaned_data["hectares"]).save()


# --- boundaries ------------------------------------------------------------------------------------------------
MOSTLY_INSIDE, WHOLLY_INSIDE = Decimal("0.5"), Decimal("0.98")
MAX_KEPT = 2 * 1024 * 1024


@dataclass(frozen=True)
class Part:
    """One area of a file that is being chosen from."""

    label: str
    geometry: dict
    area_ha: Decimal
    notes: list[str]


class BoundaryForm(forms.ModelForm):
    """A file with one area, or with several of which some are chosen and joined.

    What was read is handed to the page signed (`kept`), so that nobody has to choose the file twice.
    """

    SALT = "slumareas.boundary"

    file = forms.FileField(label=_("File"), required=False, allow_empty_file=True)
    kept = forms.CharField(required=False, widget=forms.HiddenInput)
    parts = forms.MultipleChoiceField(
        label=_("Areas of the file"), required=False, widget=forms.CheckboxSelectMultiple, choices=[]
    )

    class Meta:
        model = AreaBoundary
        fields = ["year", "source"]

    def __init__(self, data, files, *, area: SlumArea):
        super().__init__(data, files if data is not None else None)
        self.instance.slum_area = self.area = area
        self.found: list[Part] = []
        self.notes: list[str] = []
        self.fields["file"].widget.attrs["accept"] = ",".join((".geojson", ".json", ".zip", ".kml", ".kmz", ".gpkg"))
        self.fields["file"].help_text = _("GeoJSON, shapefile (zip), KML, KMZ or GeoPackage.")
        self.fields["source"].help_text = _("Who drew it, when, from what.")
        self.fields["source"].hide_optional = self.fields["file"].hide_optional = True
        if self.is_bound:
            self._read()

    def _read(self):
        """Before the fields are cleaned: the choices depend on what the file holds."""
        self.reading_error = None
        file = self.files.get(self.add_prefix("file"))
        try:
            if file:
                self.found = [_part(one, number) for number, one in enumerate(self._read_file(file), 1)]
            elif self.data.get(self.add_prefix("kept")):
                self.found = self._unpack(self.data[self.add_prefix("kept")])
        except ValidationError as error:
            self.reading_error = error
        self.fields["parts"].choices = [(str(place), part.label) for place, part in enumerate(self.found)]
        self.data = self.data.copy()
        self.data[self.add_prefix("kept")] = self._pack()
        if file:
            self.data.setlist(self.add_prefix("parts"), [])

    @staticmethod
    def _read_file(file):
        if file.size > settings.UPLOAD_MAX_BYTES:
            raise ValidationError(_("This file is too large. Leave only the boundary of the area in it."))
        return geo.read_boundaries(file.read(), file.name)

    def _pack(self) -> str:
        rows = [[part.label, part.geometry, str(part.area_ha), part.notes] for part in self.found]
        packed = signing.dumps([self.area.pk, rows], salt=self.SALT, compress=True) if rows else ""
        return packed if len(packed) <= MAX_KEPT else ""

    def _unpack(self, packed: str) -> list[Part]:
        try:
            area, rows = signing.loads(packed, salt=self.SALT)
        except signing.BadSignature:
            area, rows = None, []
        if area != self.area.pk:
            raise ValidationError(_("Please choose the file once more."))
        return [Part(label, geometry, Decimal(area_ha), notes) for label, geometry, area_ha, notes in rows]

    @property
    def is_choosing(self) -> bool:
        return len(self.found) > 1

    def clean(self):
        cleaned = super().clean()
        if self.reading_error:
            self.add_error("file", self.reading_error)
        elif not self.found:
            self.add_error("file", _("Choose a file."))
        elif self.is_choosing and not self.data[self.add_prefix("kept")]:
            self.add_error("file", _("This file holds too much to choose from. Leave only this area in it."))
        elif self.is_choosing and not cleaned.get("parts"):
            if "parts" not in self.errors:
                self.add_error("parts", self._question())
        else:
            self._take([int(place) for place in cleaned.get("parts", ())] or [0])
        year = cleaned.get("year")
        if year and self.area.boundaries.filter(year=year).exists():
            self.add_error("year", _("There is already a boundary of this area for this year. Delete that one first."))
        return cleaned

    def _question(self) -> str:
        return ngettext(
            "The file holds %(count)d area. Tick it.",
            "The file holds %(count)d areas. Tick the one that is meant; several are joined to one boundary.",
            len(self.found),
        ) % {"count": len(self.found)}

    def _take(self, places: list[int]) -> None:
        chosen = [self.found[place] for place in places]
        self.notes = list(dict.fromkeys(note for part in chosen for note in part.notes))
        self.instance.geometry = chosen[0].geometry
        if len(chosen) > 1:
            self.instance.geometry = geo.union([part.geometry for part in chosen])
            self.notes.append(gettext("%(count)d areas were joined to one boundary.") % {"count": len(chosen)})
        self.instance.area_ha = geo.area_ha(self.instance.geometry)
        self._check_place()

    def _check_place(self) -> None:
        """Refused where most of it lies outside its villages, as far as their boundaries are known."""
        villages = list(self.area.villages.all())
        known = [boundary for boundary in map(_village_boundary, villages) if boundary]
        names = ", ".join(village.full_name for village in villages)
        if not villages or len(known) < len(villages):
            self.notes.append(
                gettext("Not every village has a boundary here, so the place of this one could not be checked.")
            )
            return
        share = geo.share_within(self.instance.geometry, geo.union(known))
        words = {"share": number_format(100 * share, decimal_pos=0), "villages": names}
        if share < MOSTLY_INSIDE:
            self.add_error(
                "file",
                _(
                    "Only %(share)s %% of this boundary lies in %(villages)s. Check the file and the villages of the area."
                )
                % words,
            )
        elif share < WHOLLY_INSIDE:
            self.notes.append(gettext("%(share)s %% of this boundary lies in %(villages)s, the rest outside.") % words)


def _part(read: geo.ReadBoundary, number: int) -> Part:
    words = [str(value).strip() for value in read.properties.values() if isinstance(value, str) and value.strip()]
    name = " · ".join(dict.fromkeys(words[:3])) or gettext("area %(number)d") % {"number": number}
    label = f"{name} – {number_format(read.area_ha, decimal_pos=2)} ha"
    return Part(label[:150], read.geometry, read.area_ha, list(read.notes))


def _village_boundary(village: Region) -> dict | None:
    try:
        return geo.checked_geometry(village.boundary)[0] if village.boundary else None
    except ValidationError:
        return None


# --- neighbourhoods --------------------------------------------------------------------------------------------
def villages_for(user):
    """The villages in which this person may enter something."""
    villages = Region.objects.villages().select_related("parent")
    return (
        villages.filter(pk__in=Region.objects.within(user.region)) if user.role == user.Role.VILLAGE_USER else villages
    )


def _by_district(villages) -> list:
    rows = [(village.parent.full_name, (village.code, village.full_name)) for village in villages]
    return [(district, [row for _district, row in group]) for district, group in groupby(rows, key=lambda row: row[0])]


class VillageChoice(forms.ModelChoiceField):
    """A village by its code, in groups by district."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, to_field_name="code", **kwargs)

    def offer(self, villages):
        self.queryset = villages
        self.choices = [("", _("choose a village")), *_by_district(villages.order_by("code"))]


class NeighbourhoodForm(FreshModelForm):
    region = VillageChoice(label=_("Village"), queryset=Region.objects.none())
    is_whole_village = forms.BooleanField(label=_("This is a survey of the whole village, without RT"), required=False)

    class Meta:
        model = NeighbourhoodUnit
        fields = ["region", "rw", "rt", "slum_area"]

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        unit = self.instance
        region = self.fields["region"]
        region.offer(villages_for(user))
        if unit.pk:
            self.initial["region"] = unit.region.code
            self.initial["is_whole_village"] = unit.is_village_survey
            if unit.baselines.exists():
                region.disabled = True
                region.help_text = _("Cannot be changed any more: there are baselines of this neighbourhood.")
        for name, hint in (("rt", "001"), ("rw", "04")):
            self.fields[name].widget.attrs |= {"inputmode": "text", "autocapitalize": "characters", "placeholder": hint}
            self.fields[name].hide_optional = True
        self.fields["rt"].help_text = _("As written: “001” or “RT 1”, both are kept as 1.")
        self.fields["rw"].help_text = _("May be empty; a dusun goes in front: DS03.")
        self._offer_areas()

    def _offer_areas(self):
        """Only the areas of the village; before one is chosen, all of them by their villages."""
        area = self.fields["slum_area"]
        area.empty_label = _("in no slum area")
        area.error_messages["invalid_choice"] = _("This slum area does not lie in the village of the RT.")
        code = self["region"].value()
        villages = self.fields["region"].queryset
        if code:
            area.queryset = SlumArea.objects.filter(villages__code=code, villages__in=villages)
            return
        area.queryset = SlumArea.objects.filter(villages__in=villages).distinct()
        pairs = SlumArea.villages.through.objects.filter(region__in=villages).order_by("region__code", "slumarea__name")
        rows = pairs.values_list("region__name", "slumarea_id", "slumarea__name")
        area.choices = [
            ("", area.empty_label),
            *((name, [row[1:] for row in group]) for name, group in groupby(rows, key=lambda row: row[0])),
        ]

    def clean(self):
        cleaned = super().clean()
        is_named = bool((cleaned.get("rt") or "").strip() or (cleaned.get("rw") or "").strip())
        if not is_named and not cleaned.get("is_whole_village"):
            self.add_error("rt", _("Enter the RT, or tick below that the whole village is meant."))
        elif is_named and cleaned.get("is_whole_village"):
            self.add_error("is_whole_village", _("Leave RT and RW empty for a whole village, or do not tick this."))
        return cleaned


# --- which neighbourhood, which year -----------------------------------------------------------------------------
class StartForm(forms.Form):
    """Village, then neighbourhood: never the list of all neighbourhoods of the regency."""

    village = VillageChoice(label=_("Village"), queryset=Region.objects.none())
    unit = forms.ModelChoiceField(
        label=_("Neighbourhood (RT)"), queryset=NeighbourhoodUnit.objects.none(), empty_label=None
    )

    def __init__(self, data, *, user, unit: NeighbourhoodUnit | None = None):
        villages = villages_for(user)
        data = data.copy()
        if unit:
            data["village"], data["unit"] = unit.region.code, unit.pk
        elif "village" not in data and user.role == user.Role.VILLAGE_USER and villages.count() == 1:
            data["village"] = villages.get().code
        super().__init__(data)
        self.user = user
        self.fields["village"].offer(villages)
        self.village_chosen = villages.filter(code=data.get("village") or "-").first()
        units = NeighbourhoodUnit.objects.visible_to(user).defer("boundary").order_by("rw", "rt")
        self.fields["unit"].queryset = units.filter(region=self.village_chosen) if self.village_chosen else units.none()
        self.fields["unit"].label_from_instance = lambda one: one.label
        self.has_units = bool(self.village_chosen) and self.fields["unit"].queryset.exists()


class BaselineStartForm(StartForm):
    year = forms.IntegerField(label=_("Year"), validators=YEARS)
    rule_set = forms.ChoiceField(
        label=_("Rule set"), required=False, choices=[("", _("as usual in that year")), *RULE_SET_CHOICES]
    )

    def __init__(self, data, **kwargs):
        super().__init__(data, **kwargs)
        self.fields["rule_set"].hide_optional = True
        if "year" not in self.data:
            newest = AssessmentYear.objects.filter(status=AssessmentYear.Status.DRAFT).first()
            self.data["year"] = newest.year if newest else ""
            self.data["rule_set"] = newest.rule_set if newest else ""

    def clean(self):
        cleaned = super().clean()
        if year := cleaned.get("year"):
            rule_set = cleaned.get("rule_set") or scoring.default_rule_set(year)
            stored = AssessmentYear.objects.filter(year=year, rule_set=rule_set).first()
            if not stored and not self.user.has_perm("slumareas.add_assessmentyear"):
                self.add_error("year", _("This year is not open for entry. Ask the planner to begin it."))
            cleaned["assessment_year"] = stored or AssessmentYear(year=year, rule_set=rule_set)
        return cleaned


# --- baselines -------------------------------------------------------------------------------------------------
# At the field a short word does; the whole sentence stands once above the form.
SHORT_WARNINGS = {"blank_value": _("Left empty: not assessed.")}


@dataclass
class Measure:
    """One number of the form with all that stands beside it."""

    field: forms.BoundField
    label: str
    unit: str
    code: str = ""
    whole: str = ""
    percent: str = ""
    score: int | None = None
    previous: str | None = None
    after_works: str | None = None
    warnings: list[str] = field(default_factory=list)


class BaselineForm(FreshModelForm):
    """One neighbourhood in one year. Warnings are confirmed, never refused; those that are new are asked about again."""

    remove_photo = forms.BooleanField(label=_("Remove the photo"), required=False)
    warnings_seen = forms.CharField(required=False, widget=forms.HiddenInput)
    confirmed = forms.BooleanField(label=_("I have checked these warnings"), required=False)

    class Meta:
        model = Baseline
        fields = [
            *QUANTITY_KEYS,
            "open_space_kind",
            "open_space_note",
            "note",
            "photo",
            "source",
            "is_made_up",
        ]
        formfield_callback = _formfield

    ASKED = ("seen", "warnings_seen", "confirmed")

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.rules = self.instance.assessment_year.rules
        self.previous = self.instance.previous()
        self.after_works = self._after_works()
        self.duplicate = None
        self.warnings: list[checking.Finding] = []
        kept = {criterion.key for criterion in self.rules.criteria}
        for key in NUMERATOR_KEYS:
            if key not in kept:
                del self.fields[key]
        self.fields["photo"].widget = forms.FileInput(attrs={"accept": "image/jpeg,image/png"})
        self.fields["photo"].help_text = _("JPEG or PNG.")
        self.fields["note"].widget.attrs["rows"] = 3
        if not self.instance.photo:
            del self.fields["remove_photo"]
        for one in self.fields.values():
            one.hide_optional = True
        if self.instance.pk and not self.is_bound:
            self._notice(self._findings())

    def _after_works(self) -> dict[str, Decimal]:
        """What works recorded since the earlier baseline should have left of its volumes."""
        if self.previous is None:
            return {}
        since, until = self.previous.assessment_year.year, self.instance.assessment_year.year
        works = Work.objects.filter(unit=self.instance.unit_id, year__gt=since, year__lte=until)
        delivered = dict(works.order_by().values_list("criterion").annotate(Sum("volume")))
        volumes = {key: getattr(self.previous, key) for key in delivered}
        return {
            key: scoring.after_works(volume, delivered[key]) for key, volume in volumes.items() if volume is not None
        }

    # --- checking ---
    def _findings(self) -> list[checking.Finding]:
        values = self.previous and self.previous.values
        found = checking.check_values(
            self.instance.values, self.rules, previous=values, is_village=self.instance.unit.is_village_survey
        )
        return [one for one in found if one.severity == checking.WARNING and one.field not in self.errors]

    def _notice(self, warnings: list[checking.Finding]) -> None:
        self.warnings = warnings
        tokens = " ".join(self._token(one) for one in warnings)
        self.initial["warnings_seen"] = tokens
        if self.is_bound:
            self.data = self.data.copy()
            self.data[self.add_prefix("warnings_seen")] = tokens

    def _token(self, finding: checking.Finding) -> str:
        """What exactly was confirmed: the same warning about another number is a new one."""
        value = getattr(self.instance, finding.field) if finding.field else None
        return f"{finding.code}:{finding.field}:{'' if value is None else f'{value.normalize():f}'}"

    def clean(self):
        cleaned = super().clean()
        same = Baseline.objects.filter(
            unit=self.instance.unit, assessment_year__year=self.instance.assessment_year.year,
            assessment_year__rule_set=self.instance.assessment_year.rule_set,
        )  # fmt: skip
        self.duplicate = same.exclude(pk=self.instance.pk).first()
        if self.duplicate:
            raise ValidationError(_("This neighbourhood already has a baseline for this year and rule set."))
        return cleaned

    def _post_clean(self):
        """Here the instance holds what was typed."""
        super()._post_clean()
        seen = set(self.cleaned_data.get("warnings_seen", "").split())
        self._notice(self._findings())
        new = [one for one in self.warnings if self._token(one) not in seen]
        if self.warnings and (new or not self.cleaned_data.get("confirmed")):
            if new:
                self.data.pop(self.add_prefix("confirmed"), None)
            if not self.errors:
                sentence = _("Not saved yet: please look at the warnings. Correct the numbers, or confirm them below.")
                self.add_error(None, ValidationError(sentence, code="unconfirmed"))

    def is_unchanged(self) -> bool:
        """Whether a POST brings nothing that is not stored already, as a second click does."""
        return bool(self.instance.pk) and set(self.changed_data) <= set(self.ASKED)

    def save(self, commit=True):
        if self.cleaned_data.get("remove_photo") and "photo" not in self.changed_data:
            self.instance.photo = ""
        return super().save(commit)

    # --- showing ---
    def current(self) -> dict[str, Decimal | None]:
        """The numbers as they stand in the form, unreadable ones as blank."""
        values = {}
        for key in QUANTITY_KEYS:
            try:
                values[key] = self.fields[key].to_python(self[key].value()) if key in self.fields else None
            except ValidationError:
                values[key] = None
        return values

    def result(self) -> scoring.Result:
        values = self.current()
        return scoring.score(values, values, self.rules)

    def wholes(self) -> list[Measure]:
        return [
            self._measure(key, scoring.DENOMINATORS[key].label, scoring.DENOMINATORS[key].unit.label)
            for key in DENOMINATOR_KEYS
        ]

    def aspects(self, result: scoring.Result) -> list[dict]:
        return [
            {
                "aspect": scoring.ASPECTS[number],
                "measures": [self._criterion(criterion, result) for criterion in criteria],
            }
            for number, criteria in groupby(self.rules.criteria, key=lambda criterion: criterion.aspect)
        ]

    def open_space(self) -> Measure:
        return self._measure("open_space_m2", scoring.OPEN_SPACE.label, scoring.OPEN_SPACE.unit.label)

    def _measure(self, key: str, label: str, unit: str) -> Measure:
        earlier = getattr(self.previous, key) if self.previous else None
        return Measure(
            field=self[key],
            label=label,
            unit=unit,
            previous=None if earlier is None else plain_number(earlier),
            after_works=plain_number(self.after_works[key]) if key in self.after_works else None,
            warnings=[SHORT_WARNINGS.get(one.code, one.message) for one in self.warnings if one.field == key],
        )

    def _criterion(self, criterion: scoring.Criterion, result: scoring.Result) -> Measure:
        measure = self._measure(criterion.key, criterion.numerator_label, criterion.unit.label)
        measure.code = criterion.codes[self.rules.key]
        measure.whole = criterion.denominator
        measure.score = result.score[criterion.key]
        if measure.score is not None:
            measure.percent = shown_percent(*result.values[criterion.key])
        return measure

    def warnings_together(self) -> list[tuple]:
        """[(sentence, the fields that it is about)]"""
        together = {}
        for one in self.warnings:
            together.setdefault(one.message, []).extend([self[one.field]] if one.field in self.fields else [])
        return list(together.items())

    def wrong_fields(self) -> list[forms.BoundField]:
        return [self[name] for name in self.fields if name in self.errors]

    @property
    def is_only_unconfirmed(self) -> bool:
        return self.has_error(NON_FIELD_ERRORS, "unconfirmed") and len(self.errors) == 1

    def scheme(self) -> dict:
        """What the page's script needs to compute as `scoring` does: the table and the cuts, written nowhere else."""
        return {
            "decimal": get_format("DECIMAL_SEPARATOR"),
            "thousands": get_format("THOUSAND_SEPARATOR"),
            "places": {key: self.fields[key].column.places for key in QUANTITY_KEYS if key in self.fields},
            "criteria": [{"key": one.key, "whole": one.denominator} for one in self.rules.criteria],
            "cuts": scoring.CUTS,
            "bands": self.rules.bands,
            "lowest": scoring.NOT_SLUM,
            "classes": {
                **{key: str(label) for key, label in scoring.SLUM_CLASSES.items()},
                "not_assessed": gettext("Not assessed"),
            },
        }


# --- works -----------------------------------------------------------------------------------------------------
def _criterion_choices() -> list:
    return [
        (
            scoring.ASPECTS[number].label,
            [(one.key, format_lazy("{} ({})", one.label, one.unit.label)) for one in criteria],
        )
        for number, criteria in groupby(scoring.CRITERIA.values(), key=lambda criterion: criterion.aspect)
    ]


class WorkForm(FreshModelForm):
    """Works in one neighbourhood; which one may be chosen is limited to its village."""

    class Meta:
        model = Work
        fields = ["unit", "year", "criterion", "activity", "volume", "funding_source", "cost"]
        formfield_callback = _formfield

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        units = NeighbourhoodUnit.objects.visible_to(user).filter(region=self.instance.unit.region)
        self.fields["unit"].queryset = units.defer("boundary").order_by("rw", "rt")
        self.fields["unit"].label_from_instance = lambda unit: unit.label
        self.fields["unit"].empty_label = None
        self.fields["criterion"].choices = [("", _("choose what it improves")), *_criterion_choices()]
        self.fields["cost"].is_grouped = True
        self.fields["volume"].help_text = _("In the unit that stands behind the criterion.")
        self.fields["activity"].widget.attrs["placeholder"] = "Perkerasan jalan lingkungan"
        self.fields["funding_source"].widget.attrs["placeholder"] = "APBD kabupaten"


# --- files with baselines ----------------------------------------------------------------------------------------
class YearOfFileForm(forms.Form):
    """The year and rule set that a file speaks of."""

    year = forms.IntegerField(label=_("Year"), validators=YEARS)
    rule_set_named = forms.ChoiceField(
        label=_("Rule set"), required=False, choices=[("", _("as usual in that year")), *RULE_SET_CHOICES]
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["rule_set_named"].hide_optional = True


class ImportForm(YearOfFileForm):
    file = forms.FileField(
        label=_("File"),
        help_text=_("xlsx, xls, ods, csv or html, as it was sent. Nothing is stored before you say so."),
        widget=forms.ClearableFileInput(attrs={"accept": ".xlsx,.xls,.ods,.csv,.html,.htm,.json,.geojson"}),
    )
    region = VillageChoice(
        label=_("Village, where the file does not name one"), queryset=Region.objects.none(), required=False
    )

    field_order = ["file", "year", "rule_set_named", "region"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["region"].offer(Region.objects.villages())


class BlankWorkbookForm(YearOfFileForm):
    region = forms.ModelChoiceField(
        label=_("Region"), queryset=Region.objects.all(), to_field_name="code", empty_label=_("choose a region")
    )

    field_order = ["region", "year", "rule_set_named"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, prefix="blank", **kwargs)
        self.fields["region"].label_from_instance = lambda region: f"{region.full_name} ({region.code})"

    @property
    def rule_set(self) -> str:
        return self.cleaned_data["rule_set_named"] or scoring.default_rule_set(self.cleaned_data["year"])


class ReasonToStoreForm(forms.Form):
    """What is let pass, each by an explicit word; which of them are needed is asked where it is stored."""

    valid_rows_only = forms.BooleanField(label=_("Store only the valid rows and leave the others out"), required=False)
    reason = forms.CharField(
        label=_("Why the warnings may pass"),
        required=False,
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 2}),
        help_text=_("For example: checked with the facilitator on the spot."),
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["reason"].hide_optional = True
