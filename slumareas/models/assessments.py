"""Results above the neighbourhood: sums of numerators and denominators, scored again; hectares; what changed and why.

Everything here is computed from the baselines by `refresh`, in the transaction that changed them, and proved by
`manage.py reassess --check`. Numbers are read as the scaled integers in which they are stored, so sums are exact and
the same on every database.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from django.db import models, transaction
from django.db.models import BigIntegerField, ExpressionWrapper, F, Q
from django.utils.translation import gettext_lazy as _

from core.models import Region
from slumareas import scoring
from slumareas.models.places import NeighbourhoodUnit, SlumArea
from slumareas.models.quantities import QUANTITY_KEYS, Quantities, QuantityField
from slumareas.models.years import AssessmentYear

METHODS = ("a", "b")
BUCKETS = (*scoring.SLUM_CLASSES, "not_assessed")
CAUSES = ("works", "delineation", "rule", "correction", "missing")
HECTARE_KEYS = tuple(f"{method}_{bucket}" for method in METHODS for bucket in BUCKETS)
CHANGE_KEYS = tuple(f"{method}_by_{cause}" for method in METHODS for cause in CAUSES)
CAUSE_LABELS = {
    "works": _("works"),
    "delineation": _("boundaries drawn anew"),
    "rule": _("change of rule"),
    "correction": _("corrected or measured anew"),
    "missing": _("completely measured in one of the two years only"),
}
METHOD_LABELS = {"a": _("method A: whole areas"), "b": _("method B: neighbourhoods")}


def _hectares(label) -> QuantityField:
    return QuantityField(label, places=6, default=0)


class AssessmentQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The public sees verified years; a village user in a draft year only what lies in the own region."""
        if not user.is_authenticated or not user.has_perm("slumareas.view_assessment"):
            return self.none()
        published = ~Q(assessment_year__status=AssessmentYear.Status.DRAFT)
        if user.role == user.Role.VIEWER:
            return self.filter(published)
        if user.role == user.Role.VILLAGE_USER:
            inside = Region.objects.within(user.region)
            own_areas = SlumArea.villages.through.objects.filter(region__in=inside).values("slumarea")
            return self.filter(published | Q(region__in=inside) | Q(slum_area__in=own_areas))
        return self


class Assessment(Quantities):
    """The result of an area, village, district or the regency for a year; above the area the class is a calculated one."""

    class Level(models.TextChoices):
        AREA = "area", _("slum area")
        VILLAGE = "village", _("village")
        DISTRICT = "district", _("district")
        REGENCY = "regency", _("regency")

    assessment_year = models.ForeignKey(
        AssessmentYear, models.CASCADE, related_name="assessments", verbose_name=_("assessment year")
    )
    level = models.CharField(_("level"), max_length=8, choices=Level)
    slum_area = models.ForeignKey(
        SlumArea, models.PROTECT, null=True, related_name="assessments", verbose_name=_("slum area")
    )
    region = models.ForeignKey(Region, models.PROTECT, null=True, related_name="assessments", verbose_name=_("region"))
    is_village_survey = models.BooleanField(_("from surveys of whole villages"), default=False)
    unit_count = models.PositiveIntegerField(_("rows"), default=0)
    assessed_count = models.PositiveIntegerField(_("rows completely assessed"), default=0)
    total = models.PositiveSmallIntegerField(_("total score"), null=True)
    slum_class = models.CharField(_("slum class"), max_length=8, choices=list(scoring.SLUM_CLASSES.items()), blank=True)
    has_made_up = models.BooleanField(_("contains made-up figures"), default=False)
    # Hectares by class, of method A (each area as a whole) and B (each neighbourhood that belongs to an area).
    a_heavy = _hectares(_("heavy, method A (ha)"))
    a_moderate = _hectares(_("moderate, method A (ha)"))
    a_light = _hectares(_("light, method A (ha)"))
    a_not_slum = _hectares(_("not a slum, method A (ha)"))
    a_not_assessed = _hectares(_("not assessed, method A (ha)"))
    b_heavy = _hectares(_("heavy, method B (ha)"))
    b_moderate = _hectares(_("moderate, method B (ha)"))
    b_light = _hectares(_("light, method B (ha)"))
    b_not_slum = _hectares(_("not a slum, method B (ha)"))
    b_not_assessed = _hectares(_("not assessed, method B (ha)"))
    # Change of slum hectares against the previous year, by cause; a reduction is negative.
    a_by_works = _hectares(_("change by works, method A (ha)"))
    a_by_delineation = _hectares(_("change by boundaries, method A (ha)"))
    a_by_rule = _hectares(_("change by the rule, method A (ha)"))
    a_by_correction = _hectares(_("change by correction, method A (ha)"))
    a_by_missing = _hectares(_("change by missing figures, method A (ha)"))
    b_by_works = _hectares(_("change by works, method B (ha)"))
    b_by_delineation = _hectares(_("change by boundaries, method B (ha)"))
    b_by_rule = _hectares(_("change by the rule, method B (ha)"))
    b_by_correction = _hectares(_("change by correction, method B (ha)"))
    b_by_missing = _hectares(_("change by missing figures, method B (ha)"))
    objects = AssessmentQuerySet.as_manager()

    class Meta:
        ordering = ["-assessment_year__year", "level", "region__code", "slum_area__name"]
        verbose_name = _("assessment")
        verbose_name_plural = _("assessments")
        constraints = [
            models.UniqueConstraint(
                fields=["assessment_year", "slum_area"], name="assessment_area_once", condition=~Q(slum_area=None)
            ),
            models.UniqueConstraint(
                fields=["assessment_year", "region"], name="assessment_region_once", condition=~Q(region=None)
            ),
            models.CheckConstraint(
                name="assessment_of_one_place",
                condition=Q(level="area", region=None, slum_area__isnull=False)
                | (~Q(level="area") & Q(slum_area=None, region__isnull=False)),
            ),
        ]
        indexes = [models.Index(fields=["level", "assessment_year"], name="assessment_level_year")]

    def __str__(self):
        return f"{self.place}, {self.assessment_year}"

    @property
    def place(self) -> SlumArea | Region:
        return self.slum_area or self.region

    @property
    def place_key(self) -> str:
        return self.slum_area.slug if self.slum_area_id else self.region.code

    @property
    def key(self) -> str:
        return f"{self.assessment_year.key}-{self.level}-{self.place_key}"

    def result(self) -> scoring.Result:
        return scoring.score(self.denominators, self.numerators, self.assessment_year.rules)

    def hectares(self, method: str) -> dict:
        """{bucket: hectares} by method `a` or `b`."""
        return {bucket: getattr(self, f"{method}_{bucket}") for bucket in BUCKETS}

    def slum_hectares(self, method: str):
        return sum(getattr(self, f"{method}_{name}") for name in scoring.SLUM)

    def changes(self, method: str) -> dict:
        """{cause: hectares} against the previous year; a reduction is negative."""
        return {cause: getattr(self, f"{method}_by_{cause}") for cause in CAUSES}


# --- refresh -------------------------------------------------------------------------------------------
# The order of columns in which rows are read; quantities follow.
_HEAD = (
    "pk",
    "unit_id",
    "unit__region_id",
    "slum_area_id",
    "unit__rw",
    "unit__rt",
    "total",
    "slum_class",
    "is_made_up",
)
_PK, _UNIT, _VILLAGE, _AREA, _RW, _RT, _TOTAL, _CLASS, _MADE_UP = range(len(_HEAD))
FIRST_QUANTITY = len(_HEAD)
_HECTARES = FIRST_QUANTITY + QUANTITY_KEYS.index("verified_area_ha")


class _AsStored(BigIntegerField):
    """Django would pass every integer through `int` once more: of 100,000 rows that is a fifth of the time."""

    def get_internal_type(self):
        return "AsStored"


def _raw(name: str):
    """The column as the integer that is stored, without turning it into a Decimal."""
    return ExpressionWrapper(F(name), output_field=_AsStored())


def row_of(unit: int, area: int | None, village: int, rw: str, rt: str, result: tuple, quantities: Iterable) -> tuple:
    """A baseline that is just written, as `read_rows` would give it; `result`: (total, class, whether made up)."""
    return (None, unit, village, area, rw, rt, *result, *quantities)


def read_rows(year: AssessmentYear, villages: Collection[int] | None = None) -> list[tuple]:
    """The baselines of a year as plain tuples, see `_HEAD`; of all villages where none are named."""
    baselines = year.baselines.order_by()
    if villages is not None:
        baselines = baselines.filter(unit__region__in=villages)
    return list(baselines.values_list(*_HEAD, *[_raw(key) for key in QUANTITY_KEYS]))


def stored_rows(year: AssessmentYear, villages: Collection[int]) -> dict[tuple[int, str, str], tuple[bool, tuple]]:
    """{(village, RW, RT): (whether made up, the quantities of the year as stored integers)}"""
    rows = read_rows(year, villages)
    return {(row[_VILLAGE], row[_RW], row[_RT]): (row[_MADE_UP], row[FIRST_QUANTITY:]) for row in rows}


def _added_up(columns: Iterable[tuple]) -> list[int | None]:
    """A sum that misses a value is itself not known."""
    return [None if None in column else sum(column) for column in columns]


@dataclass
class _Sums:
    """What is added up for one place; a place of the year before without a row of this one keeps its quantities empty."""

    quantities: list[int | None] = field(default_factory=lambda: [None] * len(QUANTITY_KEYS))
    unit_count: int = 0
    assessed_count: int = 0
    is_village_survey: bool = False
    has_made_up: bool = False
    total: int | None = None
    slum_class: str = ""
    hectares: dict[str, int] = field(default_factory=lambda: dict.fromkeys(HECTARE_KEYS, 0))
    changes: dict[str, int] = field(default_factory=lambda: dict.fromkeys(CHANGE_KEYS, 0))

    def add_rows(self, rows: list[tuple]):
        columns = list(zip(*rows, strict=True))
        self.quantities = _added_up(columns[FIRST_QUANTITY:])
        self.unit_count = len(rows)
        self.assessed_count = sum(map(bool, columns[_CLASS]))
        self.has_made_up = any(columns[_MADE_UP])

    def add_sums(self, others: "list[_Sums]"):
        self.quantities = _added_up(zip(*(other.quantities for other in others), strict=True))
        self.unit_count = sum(other.unit_count for other in others)
        self.assessed_count = sum(other.assessed_count for other in others)
        self.has_made_up = any(other.has_made_up for other in others)
        self.is_village_survey = others[0].is_village_survey

    def add_hectares(self, other: "_Sums"):
        for mine, others in ((self.hectares, other.hectares), (self.changes, other.changes)):
            for key, value in others.items():
                mine[key] += value

    def score(self, rules: scoring.RuleSet):
        values = dict(zip(QUANTITY_KEYS, self.quantities, strict=True))
        result = scoring.score(values, values, rules)
        self.total, self.slum_class = result.total, result.slum_class or ""

    def columns(self) -> dict:
        """As stored: the attribute of a field takes the number that it stands for."""
        scaled = {**dict(zip(QUANTITY_KEYS, self.quantities, strict=True)), **self.hectares, **self.changes}
        numbers = {
            name: Assessment._meta.get_field(name).from_db_value(value, None, None) for name, value in scaled.items()
        }
        plain = ("unit_count", "assessed_count", "is_village_survey", "has_made_up", "total", "slum_class")
        return {**numbers, **{name: getattr(self, name) for name in plain}}


def _is_survey(row: tuple) -> bool:
    return not (row[_RW] or row[_RT])


@transaction.atomic
def refresh(
    year: AssessmentYear,
    villages: Iterable[int] | None = None,
    areas: Iterable[int] = (),
    rows: list[tuple] | None = None,
) -> None:
    """Compute the results anew that depend on the baselines of these villages and areas; of all where none are named.

    `rows` are all baselines of the year as `read_rows` gives them, where they were just written.

    The caller holds the year (`AssessmentYear.lock_for_change`). The years compared with this one get their changes
    anew as well; they are held too, later ones after earlier ones, so that nobody waits in a circle.
    """
    # With its first row a year begins to be compared, with its last one it ends: that touches every place.
    turns = year.assessments.exists() != year.baselines.exists()
    scope = None if villages is None or turns else _closed(year, set(villages), set(areas))
    _store(year, compute(year, scope, rows and (lambda one: rows if one == year else read_rows(one))), scope)
    compared = list(year.next_measured()) if turns else year.followers()
    keys = [follower.pk for follower in compared]
    for follower in AssessmentYear.objects.select_for_update().filter(pk__in=keys).order_by("year", "rule_set"):
        touched = None if scope is None else _closed(follower, *scope)
        _store(follower, compute(follower, touched), touched)


def _closed(year: AssessmentYear, villages: set[int], areas: set[int]) -> tuple[set[int], set[int]]:
    """Areas and villages that share rows, this year or the year before: none of them can be computed alone."""
    years = [year, *filter(None, [year.previous()])]
    rows = year.baselines.model.objects.filter(assessment_year__in=years, slum_area__isnull=False).order_by()
    while True:
        more_areas = areas | set(rows.filter(unit__region__in=villages).values_list("slum_area", flat=True).distinct())
        more_villages = villages | set(
            rows.filter(slum_area__in=more_areas).values_list("unit__region", flat=True).distinct()
        )
        if (more_villages, more_areas) == (villages, areas):
            return villages, areas
        villages, areas = more_villages, more_areas


@dataclass
class Computed:
    areas: dict[int, _Sums] = field(default_factory=dict)
    regions: dict[int, _Sums] = field(default_factory=dict)
    levels: dict[int, str] = field(default_factory=dict)


class WholeYears:
    """The rows of whole years, each read once: a year is needed again by the one that is compared with it."""

    def __init__(self):
        self._rows: dict[AssessmentYear, list[tuple]] = {}

    def __call__(self, year: AssessmentYear) -> list[tuple]:
        if year not in self._rows:
            self.keep(year, read_rows(year))
        return self._rows[year]

    def keep(self, year: AssessmentYear, rows: list[tuple]) -> None:
        self._rows[year] = rows
        measured = sorted({known.year for known, rows in self._rows.items() if rows})
        self._rows = {known: rows for known, rows in self._rows.items() if known.year in measured[-2:]} | {year: rows}


def compute(year: AssessmentYear, scope: tuple[set[int], set[int]] | None = None, rows_of=None) -> Computed:
    """The results as they follow from the rows, by area and by region; stores nothing.

    `rows_of` is a function from a year to its rows, where they are at hand.
    """
    rows_of = rows_of or (lambda year: read_rows(year, scope and scope[0]))
    rows = rows_of(year)
    if not rows and not year.baselines.exists():
        return Computed()
    before_year = year.previous()
    before = rows_of(before_year) if before_year else []
    units = [row for row in rows if not _is_survey(row)]

    area_sums = _summed(units, _AREA, year.rules)
    area_sums.pop(None, None)
    # A village shows its neighbourhoods; only where it has none the survey of the whole village.
    by_village = _summed(units, _VILLAGE, year.rules)
    for village, sums in _summed([row for row in rows if _is_survey(row)], _VILLAGE, year.rules).items():
        sums.is_village_survey = True
        by_village.setdefault(village, sums)

    class_a = {area: sums.slum_class for area, sums in area_sums.items()}
    for row in units:
        if row[_AREA] is not None and row[_HECTARES] is not None:
            for method, name in (("a", class_a[row[_AREA]]), ("b", row[_CLASS])):
                key = f"{method}_{name or 'not_assessed'}"
                for sums in (area_sums[row[_AREA]], by_village[row[_VILLAGE]]):
                    sums.hectares[key] += row[_HECTARES]
    if before_year:
        _add_changes(year, before_year, units, before, class_a, area_sums, by_village, scope)
    return _with_higher_regions(year, area_sums, by_village, scope)


def _summed(rows: list[tuple], column: int, rules: scoring.RuleSet) -> dict[int, _Sums]:
    groups = defaultdict(list)
    for row in rows:
        groups[row[column]].append(row)
    found = {}
    for key, members in groups.items():
        sums = found[key] = _Sums()
        sums.add_rows(members)
        sums.score(rules)
    return found


def _add_changes(year, before_year, units, before, class_a, area_sums, by_village, scope):
    """Slum hectares that came or went since the year before, by cause (domain 1.8).

    What has a row or a class in one of the years only tells nothing of a change on the ground: figures are missing. A
    neighbourhood that is in an area in one of the years only, or whose hectares differ while it stays a slum, was drawn
    anew; a class that changed is due to works where there were any since, else to the rule where it changed, else to a
    correction. One that moved leaves the one area and joins the other: by method A, which speaks of whole areas, always
    drawn anew. So the changes of every place add up to the difference between its slum hectares.
    """
    measured_now = {row[_UNIT] for row in units}
    measured_before = {row[_UNIT] for row in before}
    before = [row for row in before if not _is_survey(row) and row[_AREA] is not None]
    before_a = {area: sums.slum_class for area, sums in _summed(before, _AREA, before_year.rules).items()}
    now_by_unit = {row[_UNIT]: row for row in units if row[_AREA] is not None}
    before_by_unit = {row[_UNIT]: row for row in before}
    worked = NeighbourhoodUnit.objects.filter(works__year__gt=before_year.year, works__year__lte=year.year)
    if scope is not None:
        worked = worked.filter(region__in=scope[0])
    worked_units = set(worked.values_list("pk", flat=True))
    worked_areas = {row[_AREA] for row in now_by_unit.values() if row[_UNIT] in worked_units}
    rule_changed = before_year.rule_set != year.rule_set

    def slum_hectares(row, name) -> int:
        return (row[_HECTARES] or 0) if name in scoring.SLUM else 0

    for unit in now_by_unit.keys() | before_by_unit.keys():
        now, then = now_by_unit.get(unit), before_by_unit.get(unit)
        moved = now and then and now[_AREA] != then[_AREA]
        for method in METHODS:
            by_area = method == "a"
            name_now = now and (class_a[now[_AREA]] if by_area else now[_CLASS])
            name_then = then and (before_a[then[_AREA]] if by_area else then[_CLASS])
            after = slum_hectares(now, name_now) if now else 0
            earlier = slum_hectares(then, name_then) if then else 0
            if after == earlier and not moved:
                continue
            if unit not in measured_now or unit not in measured_before or "" in (name_now, name_then):
                cause = "missing"
            elif not now or not then or (moved and by_area) or (name_now in scoring.SLUM and name_then in scoring.SLUM):
                cause = "delineation"
            elif (now[_AREA] in worked_areas) if by_area else (unit in worked_units):
                cause = "works"
            else:
                cause = "rule" if rule_changed else "correction"
            key = f"{method}_by_{cause}"
            for row, delta in [(then, -earlier), (now, after)] if moved else [(now or then, after - earlier)]:
                for sums in (area_sums.setdefault(row[_AREA], _Sums()), by_village.setdefault(row[_VILLAGE], _Sums())):
                    sums.changes[key] += delta


def _with_higher_regions(year: AssessmentYear, areas, by_village, scope) -> Computed:
    """Districts and the regency as sums of what lies below: fresh where it was computed now, else as stored."""
    regions, levels = dict(by_village), dict.fromkeys(by_village, Assessment.Level.VILLAGE)
    fresh, touched = by_village, set(by_village) | (scope[0] if scope else set())
    for level, child_level in (
        (Assessment.Level.DISTRICT, Assessment.Level.VILLAGE),
        (Assessment.Level.REGENCY, Assessment.Level.DISTRICT),
    ):
        parents = set(Region.objects.filter(children__in=touched).values_list("pk", flat=True))
        children = dict(fresh)
        if scope:
            stored = year.assessments.filter(level=child_level, region__parent__in=parents)
            children |= {child.region_id: _as_sums(child) for child in stored.exclude(region__in=touched)}
        members = defaultdict(list)
        placed = Region.objects.filter(pk__in=list(children), parent__isnull=False)
        for child, parent in placed.order_by("pk").values_list("pk", "parent_id"):
            members[parent].append(children[child])
        fresh, touched = {parent: _added(members[parent], year.rules) for parent in members}, parents
        regions |= fresh
        levels |= dict.fromkeys(fresh, level)
    return Computed(areas, regions, levels)


def _added(members: list[_Sums], rules: scoring.RuleSet) -> _Sums:
    """Surveys of whole villages are never added to neighbourhoods; they count where there are no others."""
    measured = [member for member in members if member.unit_count]
    counted = [member for member in measured if not member.is_village_survey] or measured
    sums = _Sums()
    for member in members:
        sums.add_hectares(member)
    if counted:
        sums.add_sums(counted)
        sums.score(rules)
    return sums


def _as_sums(stored: Assessment) -> _Sums:
    def scaled(name):
        return Assessment._meta.get_field(name).get_prep_value(getattr(stored, name))

    return _Sums(
        quantities=[scaled(key) for key in QUANTITY_KEYS],
        unit_count=stored.unit_count,
        assessed_count=stored.assessed_count,
        is_village_survey=stored.is_village_survey,
        has_made_up=stored.has_made_up,
        hectares={key: scaled(key) for key in HECTARE_KEYS},
        changes={key: scaled(key) for key in CHANGE_KEYS},
    )


def _store(year: AssessmentYear, computed: Computed, scope) -> None:
    stored = year.assessments.all()
    if scope is not None:
        villages, areas = scope
        districts = set(Region.objects.filter(children__in=villages).values_list("pk", flat=True))
        regencies = set(Region.objects.filter(children__in=districts).values_list("pk", flat=True))
        stored = stored.filter(Q(slum_area__in=areas) | Q(region__in=villages | districts | regencies))
    stored.delete()
    Assessment.objects.bulk_create(assessments_of(year, computed), batch_size=200)


def assessments_of(year: AssessmentYear, computed: Computed) -> list[Assessment]:
    """Unsaved records of what was computed."""
    return [
        Assessment(assessment_year=year, level=Assessment.Level.AREA, slum_area_id=area, **sums.columns())
        for area, sums in computed.areas.items()
    ] + [
        Assessment(assessment_year=year, level=computed.levels[region], region_id=region, **sums.columns())
        for region, sums in computed.regions.items()
    ]


# --- the whole year --------------------------------------------------------------------------------------
@dataclass
class Compared:
    """How many rows and results there are, and the keys of those whose stored result was another."""

    baselines: int
    assessments: int
    differing: list[str]


def reassess(year: AssessmentYear, rows_of: WholeYears, *, store: bool = True) -> Compared:
    """Score every row of a year again and compute its results; without `store` only compare.

    The caller holds all years and goes from the earliest to the latest with the same `rows_of`.
    """
    scored, changed = _scored_again(year, rows_of(year))
    differing = _keys_of_rows(year, [key for keys in changed.values() for key in keys])
    rows_of.keep(year, scored)
    computed = compute(year, rows_of=rows_of)
    count, differing_results = _compare_stored(year, computed)
    if store:
        _store_scores(year, changed)
        if differing_results:
            _store(year, computed, None)
            count = len(computed.areas) + len(computed.regions)
    return Compared(len(scored), count, differing + differing_results)


def _compare_stored(year: AssessmentYear, computed: Computed) -> tuple[int, list[str]]:
    """How many results are stored, and the keys of those that are wrong, missing or superfluous."""
    columns = [field.attname for field in Assessment._meta.concrete_fields if not field.primary_key]
    stored = list(year.assessments.select_related("slum_area", "region", "assessment_year"))
    fresh = {tuple(getattr(one, name) for name in columns): one for one in assessments_of(year, computed)}
    kept = {tuple(getattr(one, name) for name in columns): one for one in stored}
    differing = {
        one.key for values, one in (*fresh.items(), *kept.items()) if values not in fresh or values not in kept
    }
    return len(stored), sorted(differing)


def score_again(year: AssessmentYear, villages: Collection[int]) -> None:
    """Score the rows of these villages again, where numbers came in beside their own door. The caller holds the year."""
    _store_scores(year, _scored_again(year, read_rows(year, villages))[1])


def _store_scores(year: AssessmentYear, changed: dict[tuple, list[int]]) -> None:
    for (total, slum_class), keys in changed.items():
        for chunk in _chunks(keys):
            year.baselines.filter(pk__in=chunk).update(total=total, slum_class=slum_class)


def _scored_again(year: AssessmentYear, rows: list[tuple]) -> tuple[list[tuple], dict]:
    """(the rows with the results that follow from them, {(total, class): keys of the rows that had another})."""
    scored, changed = [], defaultdict(list)
    rules = year.rules
    for row in rows:
        values = dict(zip(QUANTITY_KEYS, row[FIRST_QUANTITY:], strict=True))
        result = scoring.score(values, values, rules)
        fresh = result.total, result.slum_class or ""
        if fresh != (row[_TOTAL], row[_CLASS]):
            changed[fresh].append(row[_PK])
            row = (*row[:_TOTAL], *fresh, *row[_CLASS + 1 :])
        scored.append(row)
    return scored, changed


def _keys_of_rows(year: AssessmentYear, primary_keys: list[int]) -> list[str]:
    found = []
    for chunk in _chunks(primary_keys):
        rows = year.baselines.filter(pk__in=chunk).order_by()
        for code, rw, rt in rows.values_list("unit__region__code", "unit__rw", "unit__rt"):
            found.append(f"{code}/{rw}/{rt}/{year.year}/{year.rule_set}")
    return sorted(found)


def _chunks(keys: list[int], size: int = 10_000) -> Iterable[list[int]]:
    """As many as every database takes in one query."""
    return (keys[start : start + size] for start in range(0, len(keys), size))
