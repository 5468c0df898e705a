"""What the pages say of results: rows of tables, differences between years, lengths of bars. No database, no HTTP.

An `Assessment` and a `Baseline` are read alike: both have quantities, a year, a total and a class.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from functools import cached_property

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from slumareas import scoring
from slumareas.models import Assessment, AssessmentYear, Baseline

Measured = Assessment | Baseline


def length(part, whole) -> str:
    """A part of a whole as a length out of 100, as SVG reads it in every language."""
    return f"{max(0, min(100, 100 * Decimal(part) / Decimal(whole))) if whole else 0:.2f}"


def whole_hectares(measured: Measured | None) -> Decimal | None:
    """The measured area, slum or not."""
    if measured is None:
        return None
    if isinstance(measured, Assessment) and measured.level == Assessment.Level.AREA:
        return sum(measured.hectares("a").values())
    return measured.verified_area_ha


def slum_hectares(measured: Measured | None, method: str) -> Decimal | None:
    """Slum hectares of a result; None where none of its hectares has a class, since that is not 0."""
    if not isinstance(measured, Assessment):
        return None
    found = measured.hectares(method)
    unknown = found.pop("not_assessed")
    return None if unknown and not any(found.values()) else measured.slum_hectares(method)


def unknown_hectares(measured: Measured | None, method: str) -> Decimal:
    """Hectares of which the class is not known."""
    return measured.hectares(method)["not_assessed"] if isinstance(measured, Assessment) else Decimal(0)


def hectares_change(now: Measured | None, before: Measured | None, method: str) -> Decimal | None:
    """The difference of slum hectares; None as long as a part of either year is not assessed."""
    if not isinstance(now, Assessment) or not isinstance(before, Assessment):
        return None
    if unknown_hectares(now, method) or unknown_hectares(before, method):
        return None
    return now.slum_hectares(method) - before.slum_hectares(method)


# --- one result ------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class CriterionRow:
    criterion: scoring.Criterion
    code: str
    numerator: Decimal | None
    denominator: Decimal | None
    percent: Decimal | None
    score: int | None
    warnings: tuple[str, ...]

    @property
    def key(self) -> str:
        return self.criterion.key

    @property
    def unit(self) -> scoring.Unit:
        return self.criterion.unit

    @property
    def bar(self) -> str:
        return length(self.percent or 0, 100)


def criterion_row(measured: Measured, result: scoring.Result, criterion: scoring.Criterion) -> CriterionRow:
    return CriterionRow(
        criterion,
        criterion.codes[result.rule_set.key],
        getattr(measured, criterion.key),
        getattr(measured, criterion.denominator),
        result.percent[criterion.key],
        result.score[criterion.key],
        tuple(one.code for one in result.warnings if one.field in (criterion.key, criterion.denominator)),
    )


@dataclass(frozen=True)
class AspectRow:
    aspect: scoring.Aspect
    average: Decimal | None
    criteria: list[CriterionRow]

    @property
    def bar(self) -> str:
        return length(self.average or 0, 100)

    @property
    def service(self) -> Decimal | None:
        return None if self.average is None else 100 - self.average

    @property
    def is_service(self) -> bool:
        return self.aspect.number in scoring.SERVICE_ASPECTS

    @property
    def meets_service(self) -> bool:
        return self.service is not None and self.service > scoring.SERVICE_LEVEL

    @property
    def points(self) -> int | None:
        scores = [row.score for row in self.criteria]
        return None if None in scores else sum(scores)


@dataclass
class Reading:
    """One result in full."""

    measured: Measured

    @cached_property
    def result(self) -> scoring.Result:
        return self.measured.result()

    @property
    def rules(self) -> scoring.RuleSet:
        return self.result.rule_set

    @cached_property
    def criteria(self) -> list[CriterionRow]:
        return [criterion_row(self.measured, self.result, criterion) for criterion in self.rules.criteria]

    @cached_property
    def aspects(self) -> list[AspectRow]:
        return [
            AspectRow(aspect, self.result.aspect_average[number], self._of_aspect(number))
            for number, aspect in scoring.ASPECTS.items()
        ]

    def _of_aspect(self, number: int) -> list[CriterionRow]:
        return [row for row in self.criteria if row.criterion.aspect == number]

    @cached_property
    def costliest(self) -> list[CriterionRow]:
        """What most of the points come from: at most three criteria, the highest share first."""
        costly = [row for row in self.criteria if row.score]
        return sorted(costly, key=lambda row: (-row.score, -row.percent))[:3]

    @property
    def points_of_costliest(self) -> int:
        return sum(row.score for row in self.costliest)

    @property
    def equally_costly(self) -> int:
        """How many more criteria give as many points as the last of the costliest."""
        least = min((row.score for row in self.costliest), default=0)
        return sum(row.score == least for row in self.criteria if row not in self.costliest) if least else 0

    @property
    def not_assessed(self) -> list[CriterionRow]:
        return [row for row in self.criteria if row.score is None]

    @property
    def most_points(self) -> int:
        """What one criterion can give."""
        return scoring.CUTS[0][1]

    @property
    def points_so_far(self) -> int:
        """The points that are known; a total only where nothing is missing."""
        return sum(row.score or 0 for row in self.criteria)

    @property
    def points_at_most(self) -> int:
        return self.points_so_far + self.most_points * len(self.not_assessed)

    @property
    def possible_classes(self) -> list[str]:
        """The classes that can still come out, the lightest first."""
        totals = range(self.points_so_far, self.points_at_most + 1)
        return list(dict.fromkeys(self.rules.class_of(total) for total in totals))

    @property
    def possible_span(self) -> dict[str, str]:
        """Where the total can lie, as a length out of 100."""
        span = self.points_at_most - self.points_so_far
        return {"x": length(self.points_so_far, self.rules.maximum), "width": length(span, self.rules.maximum)}

    @property
    def bands(self) -> list[dict]:
        """The classes from the lowest on, with the length of each out of 100."""
        starts = [(0, scoring.NOT_SLUM), *reversed(self.rules.bands)]
        ends = [least for least, _name in starts[1:]] + [self.rules.maximum + 1]
        return [
            {
                "class": name,
                "from": start,
                "to": end - 1,
                "x": length(start, self.rules.maximum),
                "width": length(min(end, self.rules.maximum) - start, self.rules.maximum),
            }
            for (start, name), end in zip(starts, ends, strict=True)
        ]

    @property
    def mark(self) -> str | None:
        return None if self.measured.total is None else length(self.measured.total, self.rules.maximum)


# --- how many points a share gives --------------------------------------------------------------------------
def cuts() -> list[dict]:
    """The four steps of the score, from the lowest on."""
    starts = [(0, 0), *reversed(scoring.CUTS)]
    ends = [least for least, _points in starts[1:]] + [100]
    return [
        {"points": points, "from": start, "to": end, "x": str(start), "width": str(end - start)}
        for (start, points), end in zip(starts, ends, strict=True)
    ]


def points_sentence(score: int | None) -> str:
    """`from 25 % on: 1 point`, `below 25 %: 0 points`."""
    if score is None:
        return ""
    least = next((least for least, points in scoring.CUTS if points == score), None)
    if least is None:
        return _("below %(least)s %%: 0 points") % {"least": scoring.CUTS[-1][0]}
    sentence = ngettext("from %(least)s %% on: %(points)s point", "from %(least)s %% on: %(points)s points", score)
    return sentence % {"least": least, "points": score}


# --- years side by side ---------------------------------------------------------------------------------------
@dataclass
class YearRow:
    """A year beside the one before and the first one. What may not be compared across rules is None."""

    measured: Measured
    before: "YearRow | None" = None
    first: "YearRow | None" = None

    @cached_property
    def reading(self) -> Reading:
        return Reading(self.measured)

    @property
    def year(self) -> AssessmentYear:
        return self.measured.assessment_year

    @property
    def is_complete(self) -> bool:
        return self.measured.total is not None

    @property
    def hectares(self) -> Decimal | None:
        return whole_hectares(self.measured)

    @property
    def slum_a(self) -> Decimal | None:
        """Slum hectares by method A; of a neighbourhood, which has no whole area, None."""
        return slum_hectares(self.measured, "a")

    @property
    def slum_b(self) -> Decimal | None:
        return slum_hectares(self.measured, "b")

    @property
    def unknown_a(self) -> Decimal:
        return unknown_hectares(self.measured, "a")

    @cached_property
    def sector_average(self) -> Decimal | None:
        return self.reading.result.sector_average

    @property
    def crosses_rule(self) -> bool:
        return self.before is not None and self.before.year.rule_set != self.year.rule_set

    @property
    def points_change(self) -> int | None:
        if self.before is None or self.crosses_rule or None in (self.measured.total, self.before.measured.total):
            return None
        return self.measured.total - self.before.measured.total

    @property
    def fewer(self) -> int | None:
        return None if self.points_change is None else -self.points_change

    @property
    def hectares_change(self) -> Decimal | None:
        """Of slum hectares; of a neighbourhood, of its area."""
        if isinstance(self.measured, Assessment):
            return hectares_change(self.measured, self.before and self.before.measured, "a")
        return self._difference(self.before, lambda row: row.hectares)

    @property
    def average_change(self) -> Decimal | None:
        return None if self.crosses_rule else self._difference(self.before, lambda row: row.sector_average)

    def _difference(self, other: "YearRow | None", of: Callable) -> Decimal | None:
        return None if other is None or None in (of(self), of(other)) else of(self) - of(other)

    @property
    def against_last(self) -> Decimal | None:
        return self._contribution(self.before)

    @property
    def against_first(self) -> Decimal | None:
        return self._contribution(self.first)

    def _contribution(self, earlier: "YearRow | None") -> Decimal | None:
        if earlier is None or earlier.year.rule_set != self.year.rule_set:
            return None
        return scoring.handling_contribution(earlier.sector_average, self.sector_average)

    @property
    def class_changed(self) -> bool:
        return self.before is not None and self.before.measured.slum_class != self.measured.slum_class

    @property
    def criteria(self) -> dict[str, CriterionRow]:
        return {row.key: row for row in self.reading.criteria}


def year_rows(results: Iterable[Measured]) -> list[YearRow]:
    """The results of one place or neighbourhood, the earliest first, each with those that it is compared with.

    Of two rule sets in one year each is compared with its own kind where the year before has it.
    """
    ordered = sorted(results, key=lambda one: (one.assessment_year.year, one.assessment_year.rule_set))
    rows: list[YearRow] = []
    for measured in ordered:
        row = YearRow(measured)
        earlier = [other for other in rows if other.year.year < row.year.year]
        if earlier:
            last = [other for other in earlier if other.year.year == earlier[-1].year.year]
            row.before = next((other for other in last if other.year.rule_set == row.year.rule_set), last[0])
            row.first = earlier[0]
        rows.append(row)
    return rows


# --- lists of places --------------------------------------------------------------------------------------------
@dataclass
class PlaceRow:
    """A line of a list: the place, its result of the year and of the year before, either of which may be missing."""

    place: object
    result: Assessment | None = None
    before: Assessment | None = None
    areas: Sequence = field(default_factory=tuple)

    @property
    def slum_class(self) -> str:
        return self.result.slum_class if self.result else ""

    @property
    def is_made_up(self) -> bool:
        return bool(self.result) and self.result.has_made_up

    @property
    def is_measured(self) -> bool:
        return bool(self.result) and not self.result.has_made_up

    @property
    def maximum(self) -> int | None:
        return self.result and self.result.assessment_year.rules.maximum

    @property
    def crosses_rule(self) -> bool:
        pair = self.result and self.before
        return bool(pair) and self.before.assessment_year.rule_set != self.result.assessment_year.rule_set

    @property
    def hectares(self) -> Decimal | None:
        return whole_hectares(self.result)

    @cached_property
    def slum_a(self) -> Decimal | None:
        return slum_hectares(self.result, "a")

    @cached_property
    def slum_b(self) -> Decimal | None:
        return slum_hectares(self.result, "b")

    @property
    def unknown_a(self) -> Decimal:
        return unknown_hectares(self.result, "a")

    @property
    def unknown_b(self) -> Decimal:
        return unknown_hectares(self.result, "b")

    @property
    def points_change(self) -> int | None:
        if not self.result or not self.before or self.crosses_rule:
            return None
        if None in (self.result.total, self.before.total):
            return None
        return self.result.total - self.before.total

    @property
    def fewer(self) -> int | None:
        return None if self.points_change is None else -self.points_change

    @property
    def hectares_change(self) -> Decimal | None:
        return hectares_change(self.result, self.before, "a")

    @property
    def class_changed(self) -> bool:
        return bool(self.result and self.before) and self.result.slum_class != self.before.slum_class

    @property
    def is_complete(self) -> bool:
        return bool(self.result) and self.result.unit_count == self.result.assessed_count

    @property
    def complete_bar(self) -> str:
        return length(self.result.assessed_count, self.result.unit_count) if self.result else "0"


def place_row(place, year: AssessmentYear | None, before: AssessmentYear | None) -> PlaceRow:
    """`place.results` holds its results of both years."""
    found = {result.assessment_year_id: result for result in place.results}
    areas = place.slum_areas.all() if hasattr(place, "slum_areas") else ()
    return PlaceRow(place, found.get(year and year.pk), found.get(before and before.pk), areas)


# --- the picture above a list -------------------------------------------------------------------------------------
def class_counts(counts: dict[str, int]) -> list[dict]:
    """How many places each class has, the heaviest first, with lengths out of 100; `""` counts the not assessed."""
    whole = sum(counts.values())
    rows, start = [], Decimal(0)
    for name in (*scoring.SLUM_CLASSES, ""):
        number = counts.get(name, 0)
        size = 100 * Decimal(number) / whole if whole else Decimal(0)
        rows.append({"class": name, "count": number, "x": f"{start:.2f}", "width": f"{size:.2f}"})
        start += size
    return rows
