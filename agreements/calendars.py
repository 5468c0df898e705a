"""Due dates of follow-ups for a calendar, each a day of its own."""

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta

from django.db.models import Max
from django.utils import timezone
from icalendar import Event

from agreements.models import FollowUp
from core.models import User

# What was due longer ago stays out: a calendar is about what comes, and the list shows the rest.
PAST = timedelta(days=365)


def due_dates_of(user: User, on: date):
    """What this person's organization or village has to do: open, or due in the last year or later. One query."""
    rows = FollowUp.objects.visible_to(user).owned_by(user).exclude(due_on=None)
    return (
        (rows.open() | rows.filter(due_on__gte=on - PAST))
        .select_related("agreement", "workshop", "responsible_organization")
        .annotate(changed_at=Max("changes__at"))
        .order_by("due_on", "pk")
    )


def events(follow_ups, *, host: str, scheme: str = "https") -> Iterator[Event]:
    """One VEVENT a follow-up of `due_dates_of`. The words are Indonesian, as those of the workshops are."""
    for follow_up in follow_ups:
        event = Event()
        event.add("uid", f"follow-up-{follow_up.pk}@{host}")
        changed_at = follow_up.changed_at or timezone.make_aware(datetime.combine(follow_up.updated_on, time.min))
        event.add("dtstamp", changed_at)
        event.add("last-modified", changed_at)
        event.add("sequence", follow_up.version)
        event.add("status", "CANCELLED" if follow_up.status == FollowUp.Status.CANCELLED else "CONFIRMED")
        done = follow_up.status == FollowUp.Status.DONE
        event.add(
            "summary",
            " ".join(f"{'Selesai' if done else 'Tenggat'} {follow_up.code}".split()) + f": {follow_up.activity}",
        )
        event.add("description", f"{follow_up.responsible_organization.name}\n{follow_up.workshop.title}")
        if follow_up.location:
            event.add("location", follow_up.location)
        event.add("url", f"{scheme}://{host}{follow_up.get_absolute_url()}")
        event.add("dtstart", follow_up.due_on)
        event.add("dtend", follow_up.due_on + timedelta(days=1))
        # A day on which something is due leaves nobody busy.
        event.add("transp", "TRANSPARENT")
        yield event
