"""How long files lie at each stage and with each holder, and what the packages add up to.

Everything is counted by the database, in a number of queries that does not depend on how many packages there are. The
median is found by its place in the order of an index, since neither database knows it as an aggregate that the other
knows too. All functions take packages (or moves) that were chosen by `visible_to` before.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from django.db.models import Count, F, Max, Min, Q, QuerySet, Subquery, Sum
from django.utils.translation import gettext_lazy as _

from assets import stages
from assets.models import Package
from core.models import Organization

MOST_HOLDERS = 40
BLOCKED = Count("pk", filter=Q(condition__in=["blocked", "rejected"]))


@dataclass
class Wait:
    """Files at one place. Days are whole; the median of an even number is the mean of the two in the middle."""

    count: int
    worst: int
    median: float = 0
    stuck: int = 0  # of them blocked or refused


@dataclass
class StageWait(Wait):
    stage: stages.Stage = None


@dataclass
class HolderWait(Wait):
    holder: Organization = None
    desk: str = ""


def by_stage(packages: QuerySet, on: date) -> list[StageWait]:
    """The files that are on their way, at each stage where there are any, in the order of stages. Two queries."""
    waiting = packages.open().order_by()
    groups = {
        row["stage"]: row
        for row in waiting.values("stage").annotate(n=Count("pk"), first=Min("stage_reached_on"), stuck=BLOCKED)
    }
    keys = [key for key in stages.STAGES if key in groups]
    medians = _medians(
        [(waiting.filter(stage=key), groups[key]["n"]) for key in keys],
        "stage_reached_on",
        lambda since: (on - since).days,
    )
    return [
        StageWait(groups[key]["n"], (on - groups[key]["first"]).days, median, groups[key]["stuck"], stages.STAGES[key])
        for key, median in zip(keys, medians, strict=True)
    ]


def by_holder(packages: QuerySet, on: date, most: int = MOST_HOLDERS) -> list[HolderWait]:
    """The files that are on their way, with each organization and desk; most files first. Three queries."""
    waiting = packages.open().order_by()
    groups = list(
        waiting.values("holder", "holder_desk")
        .annotate(n=Count("pk"), first=Min("holder_reached_on"), stuck=BLOCKED)
        .order_by("-n", "first", "holder", "holder_desk")[:most]
    )
    medians = _medians(
        [(waiting.filter(holder=row["holder"], holder_desk=row["holder_desk"]), row["n"]) for row in groups],
        "holder_reached_on",
        lambda since: (on - since).days,
    )
    holders = Organization.objects.in_bulk({row["holder"] for row in groups})
    return [
        HolderWait(row["n"], (on - row["first"]).days, median, row["stuck"], holders[row["holder"]], row["holder_desk"])
        for row, median in zip(groups, medians, strict=True)
    ]


def past_by_stage(moves: QuerySet) -> list[StageWait]:
    """How long files had been at a stage when they left it. Two queries."""
    left = moves.exclude(stage_days=None).order_by()
    groups = {
        row["from_stage"]: row for row in left.values("from_stage").annotate(n=Count("pk"), worst=Max("stage_days"))
    }
    keys = [key for key in stages.STAGES if key in groups]
    medians = _medians([(left.filter(from_stage=key), groups[key]["n"]) for key in keys], "stage_days")
    return [
        StageWait(groups[key]["n"], groups[key]["worst"], median, stage=stages.STAGES[key])
        for key, median in zip(keys, medians, strict=True)
    ]


def past_by_holder(moves: QuerySet, most: int = MOST_HOLDERS) -> list[HolderWait]:
    """How long files had been with a holder when they left it; the slowest first. Three queries."""
    left = moves.exclude(holder_days=None).order_by()
    groups = list(
        left.values("from_holder", "from_desk")
        .annotate(n=Count("pk"), worst=Max("holder_days"))
        .order_by("-worst", "from_holder", "from_desk")[:most]
    )
    medians = _medians(
        [(left.filter(from_holder=row["from_holder"], from_desk=row["from_desk"]), row["n"]) for row in groups],
        "holder_days",
    )
    holders = Organization.objects.in_bulk({row["from_holder"] for row in groups})
    return [
        HolderWait(row["n"], row["worst"], median, holder=holders[row["from_holder"]], desk=row["from_desk"])
        for row, median in zip(groups, medians, strict=True)
    ]


def _medians(groups: list[tuple[QuerySet, int]], column: str, days: Callable = int) -> list[float]:
    """The median of a column in each group of known size: one query that reads the one or two in the middle of each."""
    if not groups:
        return []
    places = [sorted({(count - 1) // 2, count // 2}) for _rows, count in groups]
    middles = {
        f"middle_{group}_{place}": Subquery(rows.order_by(column).values(column)[place : place + 1])
        for group, (rows, _count) in enumerate(groups)
        for place in places[group]
    }
    # Any one row serves to hang them on; there is one, since no group is empty.
    read = groups[0][0].model.objects.order_by().annotate(**middles).values(*middles)[:1].get()
    found = [[days(read[f"middle_{group}_{place}"]) for place in places[group]] for group in range(len(groups))]
    return [sum(values) / len(values) for values in found]


# --- what the packages add up to -----------------------------------------------------------------------


@dataclass
class Total:
    """Some packages: how many, and what those are worth whose value is known."""

    count: int = 0
    value: Decimal = Decimal(0)
    unknown: int = 0  # of them without a known value
    done: int = 0  # of them handed over
    stuck: int = 0  # of them blocked or refused

    @property
    def on_the_way(self) -> int:
        return self.count - self.done - self.stuck

    def add(self, other: "Total") -> None:
        for name in ("count", "value", "unknown", "done", "stuck"):
            setattr(self, name, getattr(self, name) + getattr(other, name))


HANDED_OVER = Q(stage__in=stages.AFTER_HANDOVER) & ~Q(condition__in=["blocked", "rejected"])
COUNTED = {
    "count": Count("pk"),
    "value": Sum("value"),
    "unknown": Count("pk", filter=Q(value=None)),
    "done": Count("pk", filter=HANDED_OVER),
    "stuck": BLOCKED,
}


@dataclass
class Totals:
    """By what they are added up; every dictionary adds up to `all`."""

    all: Total = field(default_factory=Total)
    sector: dict[str, Total] = field(default_factory=dict)
    receiver: dict[Organization | None, Total] = field(default_factory=dict)
    year: dict[int | None, Total] = field(default_factory=dict)
    condition: dict[str, Total] = field(default_factory=dict)


def totals(packages: QuerySet) -> Totals:
    """By sector, receiver, budget year and condition. Two queries."""
    names = ("sector", "receiver", "budget_year", "condition")
    # `total`, since a name in a group may not be that of the column it adds up.
    counted = {name if name != "value" else "total": sums for name, sums in COUNTED.items()}
    found: dict[str, dict] = {name: {} for name in names}
    whole = Total()
    for *keys, count, value, unknown, done, stuck in packages.order_by().values_list(*names).annotate(**counted):
        group = Total(count, value or Decimal(0), unknown, done, stuck)
        whole.add(group)
        for name, key in zip(names, keys, strict=True):
            found[name].setdefault(key, Total()).add(group)
    receivers = Organization.objects.in_bulk([key for key in found["receiver"] if key])
    by_count = sorted(found["receiver"].items(), key=lambda item: (-item[1].count, item[0] or 0))
    return Totals(
        all=whole,
        sector=found["sector"],
        receiver={receivers.get(key): total for key, total in by_count},
        year=dict(sorted(found["budget_year"].items(), key=lambda item: (item[0] is None, item[0]))),
        condition={key: found["condition"][key] for key in Package.Condition.values if key in found["condition"]},
    )


MILLION = 1_000_000
# (key, label, from, up to): Rupiah; up to is not included.
VALUE_BANDS = [
    ("under_100", _("below Rp100 million"), 0, 100 * MILLION),
    ("under_500", _("Rp100 to 500 million"), 100 * MILLION, 500 * MILLION),
    ("under_1000", _("Rp500 million to 1 billion"), 500 * MILLION, 1_000 * MILLION),
    ("under_5000", _("Rp1 to 5 billion"), 1_000 * MILLION, 5_000 * MILLION),
    ("over_5000", _("Rp5 billion and more"), 5_000 * MILLION, None),
]
UNKNOWN_VALUE = "unknown"


def by_value(packages: QuerySet) -> dict[str, Total]:
    """Packages by the band of their value, unknown ones last. One query."""
    bands = {UNKNOWN_VALUE: Q(value=None)}
    for key, _label, low, high in VALUE_BANDS:
        bands[key] = Q(value__gte=low) if high is None else Q(value__gte=low, value__lt=high)
    stuck, asked = Q(condition__in=["blocked", "rejected"]), {}
    for key, band in bands.items():
        asked |= {
            f"{key}_n": Count("pk", filter=band),
            f"{key}_total": Sum("value", filter=band),
            f"{key}_done": Count("pk", filter=band & HANDED_OVER),
            f"{key}_stuck": Count("pk", filter=band & stuck),
        }
    found = packages.order_by().aggregate(**asked)
    return {
        key: Total(
            found[f"{key}_n"], found[f"{key}_total"] or Decimal(0), found[f"{key}_n"] if key == UNKNOWN_VALUE else 0,
            found[f"{key}_done"], found[f"{key}_stuck"],
        )
        for key in (*(key for key, *_rest in VALUE_BANDS), UNKNOWN_VALUE)
    }  # fmt: skip


def by_asset_condition(assets: QuerySet) -> dict[str, int]:
    """{condition: how many assets}; an empty condition is one that nobody wrote down. One query."""
    return dict(assets.order_by().values_list("condition").annotate(n=Count("pk")).values_list("condition", "n"))


@dataclass(frozen=True)
class Holding:
    """So many files of one stage lie with one holder."""

    stage: str
    holder: Organization
    desk: str
    count: int


def who_holds(packages: QuerySet) -> list[Holding]:
    """For each stage who has the files, most files first. Two queries."""
    rows = list(packages.order_by().values_list("stage", "holder", "holder_desk").annotate(n=Count("pk")))
    holders = Organization.objects.in_bulk({holder for _stage, holder, _desk, _number in rows})
    found = [Holding(stage, holders[holder], desk, number) for stage, holder, desk, number in rows]
    return sorted(found, key=lambda one: (-one.count, one.holder.short_name, one.desk))


def conditions_at_stages(packages: QuerySet) -> dict[tuple[str, str], int]:
    """{(stage, condition): how many}. One query."""
    return {
        (stage, condition): number
        for stage, condition, number in packages.order_by().values_list("stage", "condition").annotate(n=Count("pk"))
    }


def longest_waiting(packages: QuerySet, on: date, most: int = 10) -> Iterable[Package]:
    """Those on their way whose file lies longest where it is. Three queries: joined, they would all be sorted."""
    rows = packages.open().days_waiting(on).prefetch_related("holder", "village")
    return rows.order_by(F("holder_reached_on").asc(), "number")[:most]
