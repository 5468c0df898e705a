"""How pages of the handover write money and days, in the language of the page."""

from decimal import Decimal

from django import template
from django.utils.formats import number_format
from django.utils.translation import gettext, ngettext

from assets.models import Package

register = template.Library()
AREA_ROWS = 20
THOUSAND_MILLION = 10**9


@register.filter
def rupiah(amount) -> str:
    """`Rp1.250.000.000`; sen only where there are any."""
    if amount is None:
        return ""
    places = 0 if amount == amount.to_integral_value() else 2
    return f"Rp{number_format(amount, decimal_pos=places, use_l10n=True, force_grouping=True)}"


@register.filter
def short_rupiah(amount) -> str:
    """`Rp1,25 miliar`, for a tile or the side of a picture; the exact sum stands in the table."""
    if amount is None:
        return ""
    amount = Decimal(amount)
    if amount < THOUSAND_MILLION:
        return gettext("Rp%(number)s million") % {"number": _short(amount / 10**6)}
    if amount < 1000 * THOUSAND_MILLION:
        return gettext("Rp%(number)s billion") % {"number": _short(amount / THOUSAND_MILLION)}
    return gettext("Rp%(number)s trillion") % {"number": _short(amount / (1000 * THOUSAND_MILLION))}


def _short(number: Decimal) -> str:
    text = number_format(round(number, 2), force_grouping=True)
    mark = number_format(Decimal("0.5"))[1]
    return text.rstrip("0").rstrip(mark) if mark in text else text


@register.filter
def days(number) -> str:
    """`1 day`, `412 days`, `12.5 days`; a dash where nothing was counted."""
    if number is None:
        return "–"
    shown = number_format(number, decimal_pos=0 if number == int(number) else 1, force_grouping=True)
    return ngettext("%(number)s day", "%(number)s days", 1 if number == 1 else 2) % {"number": shown}


@register.filter
def quantity(number) -> str:
    """Without noughts behind the comma."""
    return number_format(number.normalize() + 0, force_grouping=True) if number is not None else ""


@register.inclusion_tag("assets/_of_area.html")
def packages_of(area, user):
    """The packages of a slum area that a person may see, with their assets."""
    found = Package.objects.visible_to(user).filter(slum_area=area).select_related("holder").order_by("number")
    packages = list(found.prefetch_related("assets")[: AREA_ROWS + 1])
    return {"packages": packages[:AREA_ROWS], "has_more": len(packages) > AREA_ROWS, "area": area}
