"""What the thematic map shows of a result: the calculated class, or one criterion. Reads no database."""

from dataclasses import dataclass
from decimal import Decimal

from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from slumareas import scoring
from slumareas.models import Assessment
from slumareas.models.quantities import rounded

CLASS = "class"
THEMES = (CLASS, *scoring.CRITERIA)
NOT_ASSESSED, NO_DATA = "not_assessed", "no_data"
# The same fills for the worst to the best, whether they stand for classes or for the points of a criterion.
FILLS = (scoring.HEAVY, scoring.MODERATE, scoring.LIGHT, scoring.NOT_SLUM)


@dataclass(frozen=True)
class Bin:
    """One entry of a legend."""

    key: str
    fill: str
    label: str


_REST = (Bin(NOT_ASSESSED, NOT_ASSESSED, _("Not assessed")), Bin(NO_DATA, NO_DATA, _("No data")))
CLASS_BINS = (*(Bin(key, key, label) for key, label in scoring.SLUM_CLASSES.items()), *_REST)


def _percent_bins():
    """The bands of the score, so that the map shows where a criterion costs points."""
    above = None
    for fill, (least, points) in zip(FILLS, (*scoring.CUTS, (0, 0)), strict=True):
        if above is None:
            label = format_lazy(_("{least} % and more: {points} points"), least=least, points=points)
        elif points:
            label = format_lazy(
                _("{least} to below {above} %: {points} points"), least=least, above=above, points=points
            )
        else:
            label = format_lazy(_("below {above} %: no points"), above=above)
        yield Bin(f"points{points}", fill, label)
        above = least


PERCENT_BINS = (*_percent_bins(), *_REST)


@dataclass(frozen=True)
class Shown:
    """One result under one theme; `percent` to two decimals, as it is printed."""

    bin: str
    slum_class: str
    total: int | None
    percent: Decimal | None = None
    points: int | None = None

    @property
    def order(self):
        """From the best to the worst; what is not assessed comes before all."""
        number = self.total if self.points is None else self.percent
        return (number is not None, number or 0)


def shown(assessment: Assessment, theme: str) -> Shown:
    slum_class = assessment.slum_class or NOT_ASSESSED
    if theme == CLASS:
        return Shown(slum_class, slum_class, assessment.total)
    result = assessment.result()
    if theme not in result.score:
        return Shown(NO_DATA, slum_class, assessment.total)
    points = result.score[theme]
    if points is None:
        return Shown(NOT_ASSESSED, slum_class, assessment.total)
    return Shown(f"points{points}", slum_class, assessment.total, rounded(result.percent[theme], 2), points)


def village_values(assessment: Assessment) -> dict:
    """Everything that the map can show of a village's year, small: percentages and points in the order of CRITERIA."""
    result = assessment.result()
    return {
        "class": assessment.slum_class or NOT_ASSESSED,
        "total": assessment.total,
        "max": result.rule_set.maximum,
        "percent": [_number(result.percent.get(key)) for key in scoring.CRITERIA],
        # A criterion that the rule set does not have is -1, one that was not assessed null.
        "points": [result.score.get(key, -1) for key in scoring.CRITERIA],
        "slum": [_number(assessment.slum_hectares(method)) for method in ("a", "b")],
        "made_up": assessment.has_made_up,
        "survey": assessment.is_village_survey,
    }


def area_values(assessment: Assessment) -> dict:
    return {
        "class": assessment.slum_class or NOT_ASSESSED,
        "total": assessment.total,
        "max": assessment.assessment_year.rules.maximum,
        "hectares": _number(assessment.verified_area_ha),
        "made_up": assessment.has_made_up,
    }


def _number(value: Decimal | None) -> float | None:
    """For drawing and reading only: what is printed to two decimals."""
    return None if value is None else float(rounded(value, 2))
