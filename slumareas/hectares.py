"""Slum hectares over the years as their page tells them: measured, reported, aimed at. Reads no database.

Two computations exist and are never mixed (domain 1.8): method A counts an area as a whole, method B each of its
neighbourhoods. A reduction is the hectares of the earlier year less those of the later one; negative where they grew.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from django.utils.translation import gettext_lazy as _

from slumareas import scoring
from slumareas.models import Assessment, AssessmentYear, ReportedHectares
from slumareas.models.assessments import METHODS

# The columns of every table of hectares; `slum` is the sum of the three before it.
COLUMNS = {
    scoring.HEAVY: scoring.SLUM_CLASSES[scoring.HEAVY],
    scoring.MODERATE: scoring.SLUM_CLASSES[scoring.MODERATE],
    scoring.LIGHT: scoring.SLUM_CLASSES[scoring.LIGHT],
    "slum": _("Slum together"),
    "not_assessed": _("Not assessed"),
    scoring.NOT_SLUM: scoring.SLUM_CLASSES[scoring.NOT_SLUM],
}
LONGEST_GAP = 3  # so many years without figures are drawn one by one; a longer gap becomes one place


@dataclass(frozen=True)
class Reduction:
    """`missing`: the part of the difference that comes from what was measured in one of the years only."""

    before: Decimal
    after: Decimal
    missing: Decimal = Decimal(0)

    @property
    def hectares(self) -> Decimal:
        return self.before - self.after + self.missing

    @property
    def change(self) -> Decimal:
        """With the sign of a change: below 0 where slum hectares became fewer."""
        return -self.hectares

    @property
    def percent(self) -> Decimal | None:
        """The reduction as a share of the earlier year's hectares; None where it had none."""
        return 100 * self.hectares / self.before if self.before else None

    @property
    def change_percent(self) -> Decimal | None:
        return None if self.percent is None else -self.percent


@dataclass
class Measured:
    """The result of one place in one year by one method, beside that of the year with which it is compared."""

    assessment: Assessment
    method: str
    previous: "Measured | None" = None

    @property
    def year(self) -> AssessmentYear:
        return self.assessment.assessment_year

    @property
    def by_class(self) -> dict[str, Decimal]:
        return self.assessment.hectares(self.method)

    @property
    def slum(self) -> Decimal:
        return self.assessment.slum_hectares(self.method)

    @property
    def not_assessed(self) -> Decimal:
        return self.by_class["not_assessed"]

    @property
    def cells(self) -> list[tuple[str, str, Decimal]]:
        """(column, label, hectares) of each column."""
        values = {**self.by_class, "slum": self.slum}
        return [(name, label, values[name]) for name, label in COLUMNS.items()]

    @property
    def reduction(self) -> Reduction | None:
        return self.previous and Reduction(self.previous.slum, self.slum, self.causes["missing"])

    @property
    def causes(self) -> dict[str, Decimal] | None:
        """{cause: change}; None where the year before is missing, or is not for this reader."""
        return self.previous and self.assessment.changes(self.method)

    @property
    def crosses_rule_change(self) -> bool:
        return bool(self.previous) and self.previous.year.rule_set != self.year.rule_set


@dataclass
class Slot:
    """One place on the time axis: a year under a rule set, a year with reported figures alone, or a gap."""

    first: int
    last: int
    measured: Measured | None = None
    reported: ReportedHectares | None = None
    target: ReportedHectares | None = None
    reduction_reported: Reduction | None = None
    has_two_rule_sets: bool = False

    @property
    def key(self) -> str:
        return f"{self.first}-{self.measured.year.rule_set}" if self.has_two_rule_sets else str(self.first)

    @property
    def label(self) -> str:
        return str(self.first) if self.first == self.last else f"{self.first}–{self.last}"


@dataclass
class Comparison:
    """A reported figure beside what was measured in the same regions and year; `measured` by method, if anything was."""

    figure: ReportedHectares
    year: AssessmentYear | None = None
    measured: dict[str, Decimal] = field(default_factory=dict)
    not_assessed: dict[str, Decimal] = field(default_factory=dict)
    missing: list[str] = field(default_factory=list)

    def difference(self, method: str) -> Decimal | None:
        return self.measured[method] - self.figure.hectares if self.measured else None


@dataclass
class PartsOfWhole:
    """The figures of the groups of a year, their sum, and the figure for the whole regency."""

    year: int
    parts: list[ReportedHectares]
    whole: ReportedHectares

    @property
    def total(self) -> Decimal:
        return sum(part.hectares for part in self.parts)

    @property
    def difference(self) -> Decimal:
        return self.total - self.whole.hectares


def measured(
    assessments: Iterable[Assessment], method: str, every_year: Iterable[AssessmentYear]
) -> dict[int, dict[int, Measured]]:
    """{place: {assessment year: what was measured}}, each beside the year before it where that is among them.

    `every_year` includes the years that this reader may not see: a change is shown against the true year before, or
    not at all.
    """
    found = defaultdict(dict)
    for assessment in assessments:
        place = assessment.region_id or assessment.slum_area_id
        found[place][assessment.assessment_year_id] = Measured(assessment, method)
    before = previous_years(every_year)
    for years in found.values():
        for key, one in years.items():
            one.previous = years.get(before.get(key))
    return dict(found)


def previous_years(years: Iterable[AssessmentYear]) -> dict[int, int]:
    """{year: the year with which it is compared}, as `AssessmentYear.previous` chooses it."""
    years = list(years)
    found = {}
    for one in years:
        earlier = [other for other in years if other.year < one.year]
        newest = max((other.year for other in earlier), default=None)
        candidates = sorted(
            (other for other in earlier if other.year == newest),
            key=lambda other: (other.rule_set != one.rule_set, other.rule_set),
        )
        if candidates:
            found[one.pk] = candidates[0].pk
    return found


def whole_figures(figures: Iterable[ReportedHectares], kind: str) -> dict[int, ReportedHectares]:
    """{year: the figure for the whole regency}."""
    return {figure.year: figure for figure in figures if figure.kind == kind and _is_whole(figure)}


def _is_whole(figure: ReportedHectares) -> bool:
    return any(region.level == "regency" for region in figure.group.regions.all())


def timeline(years: Iterable[Measured], figures: Iterable[ReportedHectares]) -> list[Slot]:
    """Every year from the first to the last of which anything is known: a year without data is a gap, never a zero."""
    figures = list(figures)
    bars = defaultdict(list)
    for one in sorted(years, key=lambda one: (one.year.year, one.year.rule_set)):
        bars[one.year.year].append(one)
    reported = whole_figures(figures, ReportedHectares.Kind.REPORTED)
    targets = whole_figures(figures, ReportedHectares.Kind.TARGET)
    known = sorted({*bars, *reported, *targets})
    slots: list[Slot] = []
    for year in known:
        if slots:
            slots += _gap(slots[-1].last + 1, year - 1)
        for number, one in enumerate(bars[year] or [None]):
            slots.append(
                Slot(
                    year,
                    year,
                    one,
                    reported=None if number else reported.get(year),
                    target=None if number else targets.get(year),
                    has_two_rule_sets=len(bars[year]) > 1,
                )
            )
    told = [slot for slot in slots if slot.reported]
    for earlier, later in zip(told, told[1:], strict=False):
        later.reduction_reported = Reduction(earlier.reported.hectares, later.reported.hectares)
    return slots


def _gap(first: int, last: int) -> list[Slot]:
    if last - first + 1 > LONGEST_GAP:
        return [Slot(first, last)]
    return [Slot(year, year) for year in range(first, last + 1)]


def comparisons(figures: Iterable[ReportedHectares], assessments: Iterable[Assessment]) -> list[Comparison]:
    """What was reported beside what was measured. A group counts its regions as stored, never their parts again."""
    by_place = defaultdict(dict)
    for assessment in assessments:
        if assessment.region_id:
            by_place[assessment.assessment_year.year, assessment.region_id][assessment.assessment_year.rule_set] = (
                assessment
            )
    return [_compared(figure, by_place) for figure in figures if figure.kind == ReportedHectares.Kind.REPORTED]


def _compared(figure: ReportedHectares, by_place) -> Comparison:
    regions = list(figure.group.regions.all())
    codes = {region.code for region in regions}
    regions = [one for one in regions if not any(one.code.startswith(f"{code}.") for code in codes)]
    found = {region: by_place.get((figure.year, region.pk), {}) for region in regions}
    sets = sorted(
        {rule_set for results in found.values() for rule_set in results},
        key=lambda name: (name != scoring.default_rule_set(figure.year), name),
    )
    if not sets:
        return Comparison(figure)
    results = {region: by_rule[sets[0]] for region, by_rule in found.items() if sets[0] in by_rule}
    return Comparison(
        figure,
        next(iter(results.values())).assessment_year,
        {method: sum(one.slum_hectares(method) for one in results.values()) for method in METHODS},
        {method: sum(one.hectares(method)["not_assessed"] for one in results.values()) for method in METHODS},
        [region.full_name for region in regions if region not in results],
    )


def parts_of_whole(figures: Iterable[ReportedHectares]) -> list[PartsOfWhole]:
    """The years that give both the whole regency and its groups."""
    figures = [figure for figure in figures if figure.kind == ReportedHectares.Kind.REPORTED]
    wholes = whole_figures(figures, ReportedHectares.Kind.REPORTED)
    parts = defaultdict(list)
    for figure in figures:
        if not _is_whole(figure):
            parts[figure.year].append(figure)
    return [PartsOfWhole(year, parts[year], wholes[year]) for year in sorted(parts) if year in wholes]
