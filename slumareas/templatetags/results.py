"""Filters for measured numbers, as the pages of slum areas write them."""

from decimal import Decimal

from django import template
from django.utils.formats import number_format

register = template.Library()
LEAST_PLACES, MINUS = 2, "−"


@register.filter
def quantity(value: Decimal | None, unit=None) -> str:
    """`2.044`, `0,0047`: all digits that were stored and no zeros behind them; hectares have at least two."""
    if value is None:
        return "–"
    digits = -value.normalize().as_tuple().exponent
    return _written(value, max(digits, LEAST_PLACES if unit and unit.key == "ha" else 0))


@register.filter
def hectares(value: Decimal | None) -> str:
    """`8,12`: two decimals, half up."""
    return "–" if value is None else _written(value, LEAST_PLACES)


@register.filter
def percent(value: Decimal | None) -> str:
    """`34,15 %`, never broken over two lines."""
    return "–" if value is None else f"{_written(value, LEAST_PLACES)}\u00a0%"


@register.filter
def share(value: Decimal | None) -> str:
    """A part of one as per cent, with its sign: `+12,50 %`."""
    return "–" if value is None else f"{_signed(100 * value, LEAST_PLACES)}\u00a0%"


@register.filter
def signed(value: Decimal | int | None) -> str:
    """`+3`, `−1,20`: whole numbers stay whole, others have two decimals."""
    if value is None:
        return "–"
    return _signed(value, 0 if isinstance(value, int) else LEAST_PLACES)


@register.filter
def criterion_url(page, key: str) -> str:
    """The address that tells how the number of a criterion came about."""
    return page.criterion_url(key)


def _signed(value, places: int) -> str:
    text = _written(value, places)
    return f"+{text}" if value > 0 and any(digit in text for digit in "123456789") else text


def _written(value, places: int) -> str:
    rounded = round(value, places) if isinstance(value, Decimal) else value
    text = number_format(abs(rounded), decimal_pos=places, force_grouping=True)
    return f"{MINUS}{text}" if rounded < 0 else text
