"""Measured numbers that sum exactly on every database: decimals stored as scaled integers."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from slumareas.checking import FINDINGS
from slumareas.scoring import CRITERIA, DENOMINATORS, OPEN_SPACE

DENOMINATOR_KEYS = tuple(DENOMINATORS)
NUMERATOR_KEYS = tuple(CRITERIA)
QUANTITY_KEYS = (*DENOMINATOR_KEYS, *NUMERATOR_KEYS, OPEN_SPACE.key)
DIGITS = 18  # what a bigint holds


class QuantityField(models.Field):
    """A Decimal with a fixed number of places, stored as a bigint: SQLite keeps Django's decimals as floats.

    Further digits are rounded half up; a fraction of what is counted is refused. Sums, comparisons and constraints work as on a number.
    """

    description = _("Measured number")
    empty_strings_allowed = False
    default_error_messages = {
        "invalid": _("Enter a number."),
        "too_large": _("This number is too large."),
        "fraction_in_count": FINDINGS["fraction_in_count"][1],
    }

    def __init__(self, *args, places: int = 0, **kwargs):
        self.places = places
        super().__init__(*args, **kwargs)

    def deconstruct(self):
        name, path, args, kwargs = super().deconstruct()
        return name, path, args, {**kwargs, "places": self.places}

    def get_internal_type(self):
        return "BigIntegerField"

    def from_db_value(self, value, expression, connection):
        return None if value is None else Decimal(value).scaleb(-self.places)

    def to_python(self, value):
        if value is None or value == "":
            return None
        try:
            number = Decimal(value if isinstance(value, int | Decimal) else str(value).strip())
        except (InvalidOperation, ValueError):
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        if not number.is_finite():
            raise ValidationError(self.error_messages["invalid"], code="invalid")
        if number and number.adjusted() >= DIGITS - self.places:
            raise ValidationError(self.error_messages["too_large"], code="too_large")
        if not self.places and number != number.to_integral_value():
            raise ValidationError(self.error_messages["fraction_in_count"], code="fraction_in_count")
        return rounded(number, self.places)

    def get_prep_value(self, value):
        value = self.to_python(super().get_prep_value(value))
        return None if value is None else int(value.scaleb(self.places))

    def value_to_string(self, obj):
        value = self.value_from_object(obj)
        return "" if value is None else f"{value:f}"

    def formfield(self, **kwargs):
        return super().formfield(
            **{"form_class": forms.DecimalField, "localize": True, "max_digits": DIGITS + self.places, **kwargs}
        )


def rounded(number: Decimal, places: int) -> Decimal:
    """Half up, away from zero, to so many places: the one rounding of stored numbers."""
    return number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)


def _denominator(key: str) -> QuantityField:
    quantity = DENOMINATORS[key]
    return QuantityField(
        quantity.label, places=quantity.unit.places, null=True, blank=True, help_text=quantity.help_text
    )


def _numerator(key: str) -> QuantityField:
    criterion = CRITERIA[key]
    return QuantityField(
        criterion.numerator_label, places=criterion.unit.places, null=True, blank=True, help_text=criterion.help_text
    )


class Quantities(models.Model):
    """The columns of a baseline and of the sums over many. Blank is "not assessed", never 0."""

    verified_area_ha = _denominator("verified_area_ha")
    building_count = _denominator("building_count")
    population = _denominator("population")
    household_count = _denominator("household_count")
    ideal_road_m = _denominator("ideal_road_m")
    ideal_drainage_m = _denominator("ideal_drainage_m")
    building_irregular = _numerator("building_irregular")
    building_density = _numerator("building_density")
    building_substandard = _numerator("building_substandard")
    road_coverage = _numerator("road_coverage")
    road_surface = _numerator("road_surface")
    water_access = _numerator("water_access")
    water_quantity = _numerator("water_quantity")
    drainage_flooding = _numerator("drainage_flooding")
    drainage_missing = _numerator("drainage_missing")
    drainage_unconnected = _numerator("drainage_unconnected")
    drainage_unmaintained = _numerator("drainage_unmaintained")
    drainage_construction = _numerator("drainage_construction")
    wastewater_system = _numerator("wastewater_system")
    wastewater_facility = _numerator("wastewater_facility")
    waste_facility = _numerator("waste_facility")
    waste_system = _numerator("waste_system")
    waste_unmaintained = _numerator("waste_unmaintained")
    fire_infrastructure = _numerator("fire_infrastructure")
    fire_equipment = _numerator("fire_equipment")
    open_space_m2 = QuantityField(
        OPEN_SPACE.label, places=OPEN_SPACE.unit.places, null=True, blank=True, help_text=OPEN_SPACE.help_text
    )

    class Meta:
        abstract = True

    def round_quantities(self) -> None:
        """Take the numbers as they will be stored: a score must never follow from digits that are not kept."""
        for key in QUANTITY_KEYS:
            setattr(self, key, self._meta.get_field(key).to_python(getattr(self, key)))

    @property
    def denominators(self) -> dict[str, Decimal | None]:
        return {key: getattr(self, key) for key in DENOMINATOR_KEYS}

    @property
    def numerators(self) -> dict[str, Decimal | None]:
        return {key: getattr(self, key) for key in NUMERATOR_KEYS}

    @property
    def values(self) -> dict[str, Decimal | None]:
        """Every measured column by its key."""
        return {key: getattr(self, key) for key in QUANTITY_KEYS}
