"""Where the bars of a timeline lie: days as parts of a line. Pure; no database, no Django."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

LEAST_DAYS = 60  # a line of a few days would say nothing
MOST_TICKS = 8
MONTH_STEPS = (1, 2, 3, 6, 12, 24, 60, 120)


@dataclass(frozen=True)
class Scale:
    """From the first day to the last, both within. Positions are parts of 100, written as SVG reads them."""

    first: date
    last: date

    @classmethod
    def around(cls, days: Iterable[date | None]) -> "Scale":
        """From the first of the days to the last, with a little room at both ends."""
        known = [day for day in days if day]
        first, last = min(known), max(known)
        missing = max(0, LEAST_DAYS - (last - first).days)
        room = timedelta(days=max((last - first).days // 25, missing // 2, 3))
        return cls(first - room, last + room)

    @property
    def days(self) -> int:
        return (self.last - self.first).days

    def part(self, day: date) -> float:
        return max(0.0, min(100.0, 100 * (day - self.first).days / self.days))

    def at(self, day: date | None) -> str | None:
        return None if day is None else f"{self.part(day):.2f}"

    def length(self, start: date, end: date) -> str:
        return f"{max(0.6, self.part(end) - self.part(start)):.2f}"

    def ticks(self) -> list[tuple[str, date]]:
        """(position, first day of a month): so many months apart that there are few enough."""
        months = self.days // 30 + 1
        step = next((step for step in MONTH_STEPS if months / step <= MOST_TICKS), MONTH_STEPS[-1])
        found = []
        for number in range(self.first.year * 12 + self.first.month, self.last.year * 12 + self.last.month + 1):
            year, month = divmod(number - 1, 12)
            day = date(year, month + 1, 1)
            if month % step == 0 and (step <= 12 or year % (step // 12) == 0) and self.first <= day <= self.last:
                found.append((f"{self.part(day):.2f}", day))
        return found


@dataclass(frozen=True)
class Bar:
    """One follow-up: from its start to its due day, the days that it took or takes beyond, and its marks."""

    start: str
    length: str
    late_start: str | None
    late_length: str | None
    due: str | None


def bar(scale: Scale, start: date, due: date | None, end: date) -> Bar:
    """`end` is the day on which it was done, or today while it is not. What lies behind the due day is late."""
    planned_end = due or end
    late = due is not None and end > due
    return Bar(
        start=scale.at(start),
        length=scale.length(start, max(planned_end, start)),
        late_start=scale.at(due) if late else None,
        late_length=scale.length(due, end) if late else None,
        due=scale.at(due),
    )
