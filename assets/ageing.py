"""How long packages wait: at each stage and with each holder, the middle and the worst.

Grouped by date in the database, so that the cost grows with the number of days and places, not of packages.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date

from django.db.models import Count, Min

from core.models import Organization


@dataclass
class Spread:
    """So many, and for how many days: the middle one and the longest."""

    counts: dict[int, int] = field(default_factory=lambda: defaultdict(int))

    def add(self, days: int, number: int) -> None:
        self.counts[max(days, 0)] += number

    @property
    def count(self) -> int:
        return sum(self.counts.values())

    @property
    def worst(self) -> int | None:
        return max(self.counts, default=None)

    @property
    def median(self) -> float | None:
        """The middle value, between the two middle ones where their number is even."""
        size = self.count
        if not size:
            return None
        low, high = self._at((size - 1) // 2), self._at(size // 2)
        return low if low == high else (low + high) / 2

    def _at(self, place: int) -> int:
        passed = 0
        for days in sorted(self.counts):
            passed += self.counts[days]
            if passed > place:
                return days
        raise IndexError(place)


Place = tuple[int, str]  # the holder's pk and the desk


def at_stages(packages, on: date) -> dict[str, Spread]:
    """{stage: days since they came there} of the packages that are there now."""
    rows = packages.order_by().values_list("stage", "stage_reached_on").annotate(number=Count("pk"))
    return _spreads((stage, (on - since).days, number) for stage, since, number in rows)


def with_holders(packages, on: date) -> dict[Place, Spread]:
    """{(holder, desk): days since the file came there} of the packages that are there now."""
    rows = packages.order_by().values_list("holder", "holder_desk", "holder_reached_on").annotate(number=Count("pk"))
    return _spreads(((holder, desk), (on - since).days, number) for holder, desk, since, number in rows)


def stages_left(moves) -> dict[str, Spread]:
    """{stage: how long the packages that left it had been there}."""
    rows = _gone_on(moves).exclude(stage_days=None).order_by().values_list("from_stage", "stage_days")
    return _spreads(rows.annotate(number=Count("pk")))


def holders_left(moves) -> dict[Place, Spread]:
    """{(holder, desk): how long the files that left had been there}."""
    rows = _gone_on(moves).exclude(holder_days=None).order_by().values_list("from_holder", "from_desk", "holder_days")
    return _spreads(((holder, desk), days, number) for holder, desk, days, number in rows.annotate(number=Count("pk")))


def _gone_on(moves):
    """What was taken up from paper had no days here before."""
    return moves.exclude(kind="take_up")


def _spreads(rows: Iterable) -> dict:
    found = defaultdict(Spread)
    for key, days, number in rows:
        found[key].add(days, number)
    return dict(found)


@dataclass(frozen=True)
class Holding:
    """So many files of one stage lie with one holder, the longest for so many days."""

    stage: str
    holder: int
    desk: str
    count: int
    longest: int


def who_holds(packages, on: date) -> list[Holding]:
    """For each stage who has the files, most files first."""
    rows = (
        packages.order_by()
        .values_list("stage", "holder", "holder_desk")
        .annotate(number=Count("pk"), since=Min("holder_reached_on"))
    )
    found = [Holding(stage, holder, desk, number, (on - since).days) for stage, holder, desk, number, since in rows]
    return sorted(found, key=lambda one: (-one.count, -one.longest, one.holder, one.desk))


def conditions_at_stages(packages) -> dict[tuple[str, str], int]:
    """{(stage, condition): how many}."""
    rows = packages.order_by().values_list("stage", "condition").annotate(number=Count("pk"))
    return {(stage, condition): number for stage, condition, number in rows}


def names_of(pks: Iterable[int]) -> dict[int, Organization]:
    return Organization.objects.in_bulk(set(pks))
