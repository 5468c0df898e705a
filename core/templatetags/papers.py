"""Filters of the papers' templates: the official formats, and texts cut into what a list needs.

Belongs here because every app's papers use them.
"""

import re

from django import template
from django.conf import settings
from django.utils import timezone

from core import formats

register = template.Library()

register.filter("official_date", lambda on: formats.official_date(on) if on else "")
register.filter("official_day_date", lambda on: formats.official_day_date(on) if on else "")
register.filter("date_in_words", lambda on: formats.date_in_words(on) if on else "")
register.filter("money", formats.money)
register.filter("money_in_words", formats.money_in_words)
register.filter("counted", formats.counted)
register.filter("grouped_nip", formats.grouped_nip)
register.filter("masked_nip", formats.masked_nip)
register.filter("file_size", formats.file_size)
register.filter("plain_number", formats.plain_number)


@register.filter
def official_time(at) -> str:
    return formats.official_time(at, settings.TIME_ZONE_LABEL) if at else ""


@register.filter
def clock_of(moment) -> str:
    """`09.15`, the local time of a moment."""
    return formats.official_time(timezone.localtime(moment).time(), "") if moment else ""


@register.filter
def moment_of(moment) -> str:
    """`16 Juli 2019, 09.15 WIB`, the local day and time of a moment."""
    local = timezone.localtime(moment)
    return f"{formats.official_date(local.date())}, {formats.official_time(local.time(), settings.TIME_ZONE_LABEL)}"


@register.simple_tag
def time_range(start, end, zone=True) -> str:
    return formats.time_range(start, end, settings.TIME_ZONE_LABEL if zone else "")


@register.filter
def points(text: str) -> list[str]:
    """The lines of a list that the paper numbers itself. A number that stands there already is not printed twice."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    bare = [re.sub(rf"^{number}[.)]\s+", "", line) for number, line in enumerate(lines, start=1)]
    return bare if all(line != other for line, other in zip(lines, bare, strict=True)) else lines


@register.filter
def letter(number: int) -> str:
    """1 -> a, 26 -> z, 27 -> aa: how sub-items are counted."""
    letters = ""
    while number:
        number, rest = divmod(number - 1, 26)
        letters = chr(97 + rest) + letters
    return letters


@register.filter
def blank_rows(count: int) -> range:
    return range(count)
