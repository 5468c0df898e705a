"""Small words of the pages of agreements."""

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
    """`in 3 days`, `today`, `5 days ago`."""
    if day is None:
        return ""
    days = (day - today).days
    if days == 0:
        return _("today")
    if days > 0:
        return ngettext("in %(days)s day", "in %(days)s days", days) % {"days": days}
    return ngettext("%(days)s day ago", "%(days)s days ago", -days) % {"days": -days}


@register.filter
def written_value(value: str) -> str:
    """A value of the history: an ISO date as a date, a number as people write it."""
    try:
        return date_format(date.fromisoformat(value), "j M Y")
    except (TypeError, ValueError):
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
