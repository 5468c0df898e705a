"""Calendar files of workshops (RFC 5545): one workshop, or all that a person may see."""

import datetime
from collections.abc import Iterable, Iterator

from django.db.models import Count, Max, OuterRef, Subquery
from django.utils import timezone
from icalendar import Event

from workshops.models import Workshop

EVENT_STATUS = {Workshop.Status.DRAFT: "TENTATIVE", Workshop.Status.CANCELLED: "CANCELLED"}


def with_revisions(workshops):
    """Workshops with what a calendar needs to know of their changes: how many there were, and the latest."""
    rows = Workshop.history.filter(id=OuterRef("pk")).order_by().values("id")
    return workshops.annotate(
        revisions=Subquery(rows.annotate(number=Count("pk")).values("number")),
        changed_at=Subquery(rows.annotate(latest=Max("history_date")).values("latest")),
    )


def events(workshops: Iterable[Workshop], *, host: str, scheme: str = "https") -> Iterator[Event]:
    """One VEVENT a workshop, from `with_revisions`. Times are local to the agency's zone and written in UTC.

    The UID stays for the life of a workshop, SEQUENCE grows with every change of its record, and a cancelled
    one is CANCELLED instead of missing. A workshop without a start time is an event of the whole day.
    """
    for workshop in workshops:
        yield _event(workshop, host, scheme)


def _event(workshop: Workshop, host: str, scheme: str) -> Event:
    event = Event()
    event.add("uid", f"workshop-{workshop.pk}@{host}")
    event.add("dtstamp", workshop.changed_at)
    event.add("last-modified", workshop.changed_at)
    event.add("sequence", max(workshop.revisions - 1, 0))
    event.add("status", EVENT_STATUS.get(workshop.status, "CONFIRMED"))
    event.add("summary", workshop.title)
    if workshop.place:
        event.add("location", workshop.place)
    event.add("url", f"{scheme}://{host}{workshop.get_absolute_url()}")
    if workshop.start_time:
        event.add("dtstart", _moment(workshop.held_on, workshop.start_time))
        if workshop.end_time:
            event.add("dtend", _moment(workshop.held_on, workshop.end_time))
    else:
        event.add("dtstart", workshop.held_on)
        event.add("dtend", workshop.held_on + datetime.timedelta(days=1))
    return event


def _moment(day: datetime.date, time: datetime.time) -> datetime.datetime:
    return timezone.make_aware(datetime.datetime.combine(day, time)).astimezone(datetime.UTC)
