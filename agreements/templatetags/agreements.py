"""Small words of the pages of agreements."""

import re
import uuid
from datetime import date
from decimal import Decimal

from django import template
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from slumareas.templatetags.results import quantity

register = template.Library()

STATUS_ICONS = {
    "not_started": "circle",
    "in_progress": "play-circle",
    "done": "check-circle-fill",
    "blocked": "sign-stop",
    "cancelled": "x-circle",
}


@register.filter
def status_icon(status: str) -> str:
    return STATUS_ICONS[status]


@register.filter
def plain_percent(value: Decimal | None) -> str:
    """`40 %`, `33,5 %`: as many decimals as were stored."""
    return "–" if value is None else f"{quantity(value)}\u00a0%"


@register.filter
def rupiah(value: Decimal | None) -> str:
    return "–" if value is None else f"Rp{quantity(value)}"


@register.filter
def bar_length(value: Decimal | None) -> str:
    """Per cent as a length out of 100, as SVG reads it in every language."""
    return f"{value or 0:f}"


@register.filter
def days_from(day: date | None, today: date) -> str:
    """`in 3 days`, `today`, `5 days ago`, `7 months ago`, `6 years ago`: as exact as anyone wants to know."""
    if day is None:
        return ""
    days = (day - today).days
    number, later, earlier = _distance(abs(days))
    if days == 0:
        return _("today")
    return (later if days > 0 else earlier) % {"number": number}


def _distance(days: int) -> tuple[int, str, str]:
    if days <= 60:
        return (
            days,
            ngettext("in %(number)s day", "in %(number)s days", days),
            ngettext("%(number)s day ago", "%(number)s days ago", days),
        )
    months = days * 12 // 365
    if months < 24:
        return (
            months,
            ngettext("in %(number)s month", "in %(number)s months", months),
            ngettext("%(number)s month ago", "%(number)s months ago", months),
        )
    years = months // 12
    return (
        years,
        ngettext("in %(number)s year", "in %(number)s years", years),
        ngettext("%(number)s year ago", "%(number)s years ago", years),
    )


@register.filter
def written_value(value: str) -> str:
    """A value of the history: an ISO date as a date, a number as people write it."""
    if re.fullmatch(r"\d{4}-\d\d-\d\d", value):
        return date_format(date.fromisoformat(value), "j M Y")
    if re.fullmatch(r"-?\d+\.\d+", value):
        return quantity(Decimal(value))
    return value


@register.filter
def words(text: str) -> list[str]:
    return text.split()


@register.filter
def item(mapping, name: str) -> str:
    """What a query string says under this name."""
    return mapping.get(name, "")


@register.filter
def item_of(form, name: str):
    """A bound field by a name that the template puts together."""
    return form[name]


@register.simple_tag
def new_uid() -> str:
    """Goes out with a form, so that sending it twice makes one record."""
    return str(uuid.uuid4())
