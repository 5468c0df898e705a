"""Calendar files (RFC 5545). Belongs to core because every app has days that belong in a calendar."""

from collections.abc import Iterable

from django.conf import settings
from icalendar import Calendar, Event


def calendar_file(events: Iterable[Event], *, name: str) -> bytes:
    calendar = Calendar()
    calendar.add("prodid", "-//kotaku//ID")
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("x-wr-timezone", settings.TIME_ZONE)
    for event in events:
        calendar.add_component(event)
    return calendar.to_ical()
