"""What is noticed about the values of one baseline: errors stop the row, warnings are confirmed. No database.

The same findings in form, API and import; `FINDINGS` gives each code its severity and its sentence.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from slumareas import scoring
from slumareas.scoring import CRITERIA, DENOMINATORS, OPEN_SPACE, RuleSet

ERROR, WARNING = "error", "warning"
Values = Mapping[str, Decimal | None]

# code: (severity, sentence). Those that only a file can have stand with the importer.
FINDINGS = {
    "negative_denominator": (ERROR, _("This cannot be below 0.")),
    "zero_denominator": (ERROR, _("This is above 0, but the whole it is a part of is 0. Correct one of the two.")),
    "zero_area": (ERROR, _("An area of 0 cannot be. Enter the verified area in hectares, or leave it empty.")),
    "fraction_in_count": (ERROR, _("Only whole numbers here.")),
    "out_of_range": (ERROR, _("Larger than any neighbourhood can be. Check the unit and the number of zeros.")),
    "negative_value": (WARNING, _("Below 0: kept as entered, counts as 0 in the score.")),
    "above_denominator": (WARNING, _("More than the whole it is a part of: kept as entered, scores 5.")),
    "parts_above_whole": (WARNING, _("Missing and damaged length together are more than the ideal length.")),
    "blank_value": (WARNING, _("Left empty: this criterion stays “not assessed”, and there is no final class.")),
    "implausible": (WARNING, _("Fewer people than households, more than 600 buildings or 3,000 people a hectare.")),
    "year_jump": (WARNING, _("Very different from the year before. Check whether it is true.")),
}
# The largest that a neighbourhood (RT) can be, and a whole village.
LIMITS = {
    "verified_area_ha": (Decimal(200), Decimal(50_000)),
    "building_count": (Decimal(2_000), Decimal(50_000)),
    "population": (Decimal(10_000), Decimal(200_000)),
    "household_count": (Decimal(3_000), Decimal(60_000)),
    "ideal_road_m": (Decimal(20_000), Decimal(500_000)),
    "ideal_drainage_m": (Decimal(40_000), Decimal(1_000_000)),
    "open_space_m2": (Decimal(2_000_000), Decimal(500_000_000)),
}
COUNTS = frozenset(key for key, one in {**DENOMINATORS, **CRITERIA}.items() if one.unit.places == 0)
MOST_BUILDINGS_PER_HA, MOST_PEOPLE_PER_HA = 600, 3_000
MORE_THAN_HALF = 2  # a year changes things by less than the half


@dataclass(frozen=True)
class Finding:
    """`field` is a key of a baseline, or empty where the row as a whole is meant."""

    code: str
    field: str = ""

    @property
    def severity(self) -> str:
        return FINDINGS[self.code][0]

    @property
    def message(self) -> str:
        return FINDINGS[self.code][1]


def label_of(key: str):
    """The words for a column of a baseline, with its unit."""
    if key in CRITERIA:
        return format_lazy("{} ({})", CRITERIA[key].numerator_label, CRITERIA[key].unit.label)
    quantity = OPEN_SPACE if key == OPEN_SPACE.key else DENOMINATORS[key]
    return format_lazy("{} ({})", quantity.label, quantity.unit.label)


def check_values(
    values: Values,
    rule_set: RuleSet,
    *,
    previous: Values | None = None,
    is_village: bool = False,
    result: scoring.Result | None = None,
) -> list[Finding]:
    """Everything to be said about one row. `values` by key, None for blank; `previous` those of the year before.

    `result` is the score of the values, where the caller has it.
    """
    numerators = rule_set.keys
    result = result or scoring.score(values, values, rule_set)
    found = [Finding(warning.code, warning.field) for warning in result.warnings if warning.code != "parts_above_whole"]
    found += [
        Finding("negative_denominator", key)
        for key in (*DENOMINATORS, OPEN_SPACE.key)
        if _below_zero(values.get(key)) and Finding("negative_denominator", key) not in found
    ]
    if values.get("verified_area_ha") == 0:  # one sentence about it is enough
        found = [one for one in found if not (one.code == "zero_denominator" and _is_of_area(one.field))]
        found.append(Finding("zero_area", "verified_area_ha"))
    counts = [key for key in (*DENOMINATORS, *numerators) if key in COUNTS]
    found += [Finding("fraction_in_count", key) for key in counts if _has_fraction(values.get(key))]
    found += [Finding("out_of_range", key) for key in (*LIMITS, *numerators) if _too_large(key, values, is_village)]
    found += [Finding("blank_value", key) for key in (*DENOMINATORS, *numerators) if values.get(key) is None]
    # A whole of 0 or below has an error of its own.
    parts = [Finding(one.code, one.field) for one in result.warnings if one.code == "parts_above_whole"]
    found += [one for one in parts if values[one.field] > 0]
    if _implausible(values):
        found.append(Finding("implausible"))
    if previous:
        found += jumps({key: values.get(key) for key in (*DENOMINATORS, *numerators)}, previous)
    return list(dict.fromkeys(found))


def jumps(values: Values, previous: Values) -> list[Finding]:
    """What differs from the year before by more than a year can do."""
    return [Finding("year_jump", key) for key in values if key != OPEN_SPACE.key and _jumped(key, values, previous)]


def _below_zero(value: Decimal | None) -> bool:
    return value is not None and value < 0


def _is_of_area(key: str) -> bool:
    return CRITERIA[key].denominator == "verified_area_ha"


def _has_fraction(value: Decimal | None) -> bool:
    return value is not None and value != int(value)


def _too_large(key: str, values: Values, is_village: bool) -> bool:
    value = values.get(key)
    limits = LIMITS[key if key in LIMITS else CRITERIA[key].denominator]
    return value is not None and value > limits[is_village]


def _implausible(values: Values) -> bool:
    hectares, people = values.get("verified_area_ha"), values.get("population")
    households, buildings = values.get("household_count"), values.get("building_count")
    if people is not None and households is not None and people < households:
        return True
    if not hectares or hectares < 0:
        return False
    return (buildings or 0) > MOST_BUILDINGS_PER_HA * hectares or (people or 0) > MOST_PEOPLE_PER_HA * hectares


def _jumped(key: str, values: Values, previous: Values) -> bool:
    """A denominator changed by more than half; a numerator rose by more than half of its denominator."""
    now, before = values.get(key), previous.get(key)
    if now is None or before is None:
        return False
    if key in DENOMINATORS:
        return before > 0 and abs(now - before) * MORE_THAN_HALF > before
    whole = values.get(CRITERIA[key].denominator)
    return whole is not None and whole > 0 and (now - before) * MORE_THAN_HALF > whole
