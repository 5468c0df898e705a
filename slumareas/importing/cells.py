"""What a cell says: numbers as people write them, signs for "not known", RT and RW in their many forms. No database.

Nothing is guessed: a cell that may be read in two ways is a finding, and so is every cell that cannot be read.
"""

import math
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache

from core.spreadsheet import Value
from slumareas.models.places import hamlet_prefix, normalised_unit

BLANK_SIGNS = {
    "", "-", "--", "---", "–", "—", "_", ".", "..", "...", "…", "?", "??", "n/a", "na", "n.a", "n.a.", "#n/a", "null", "none",
    "tad", "t.a.d", "tidak diketahui", "belum diketahui", "belum ada data", "tidak ada data", "belum didata",
}  # fmt: skip
ZERO_WORDS = {"nihil", "nil", "tidak ada", "tdk ada", "kosong/nihil", "0 (nihil)"}
_SPACES = re.compile(r"[\s\u00a0\u2007\u202f\ufeff\u200b]+")
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,\s']*")
INDONESIAN, ENGLISH = "id", "en"  # 1.234,5 and 1,234.5


@dataclass(frozen=True)
class Reading:
    """A value, None for blank or unreadable, and the code of what is to be said about it."""

    value: Decimal | None = None
    finding: str = ""


_WHOLE = re.compile(r"[+-]?[0-9]+")
_POINTS = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+")
_COMMAS = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+")
_POINTS_COMMA = re.compile(r"[+-]?[0-9]{1,3}(?:\.[0-9]{3})+,[0-9]+")
_COMMAS_POINT = re.compile(r"[+-]?[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+")
_COMMA = re.compile(r"[+-]?[0-9]*,[0-9]+")
_POINT = re.compile(r"[+-]?[0-9]*\.[0-9]+")


def tidy(text: str) -> str:
    return _SPACES.sub(" ", text).strip()


def style_of(values: Iterable[Value]) -> str | None:
    """How the texts of a column write numbers, by those that can be read in one way only; None where they do not tell.

    `1,25` and `1.234,5` are Indonesian, `1.5` and `1,234.5` English; `1.234` and `1,234` tell nothing. A column that
    mixes both tells nothing either.
    """
    told = set()
    for value in {value for value in values if type(value) is str}:
        text = _joined_groups(tidy(value).rstrip("% "))
        if _POINTS_COMMA.fullmatch(text) or (_COMMA.fullmatch(text) and not _COMMAS.fullmatch(text)):
            told.add(INDONESIAN)
        elif _COMMAS_POINT.fullmatch(text) or (_POINT.fullmatch(text) and not _POINTS.fullmatch(text)):
            told.add(ENGLISH)
        elif text.count(".") > 1 and _POINTS.fullmatch(text):
            told.add(INDONESIAN)
        elif text.count(",") > 1 and _COMMAS.fullmatch(text):
            told.add(ENGLISH)
    return told.pop() if len(told) == 1 else None


def read_number(value: Value, style: str | None = None, units: frozenset[str] = frozenset()) -> Reading:
    """A number with what is to be said about it; `units` are words that may stand behind it (`12 m`)."""
    if value is None:
        return Reading(None, "blank_value")
    if isinstance(value, bool):
        return Reading(None, "not_a_number")
    if isinstance(value, date | datetime | time | timedelta):
        return Reading(None, "date_in_cell")
    if isinstance(value, int | float | Decimal):
        number = Decimal(repr(value)) if isinstance(value, float) else Decimal(value)
        return Reading(number) if number.is_finite() else Reading(None, "not_a_number")
    return _read_text(value, style, units)


def _read_text(value: str, style: str | None, units: frozenset[str]) -> Reading:
    text = tidy(value)
    plain = text.lower()
    if plain in BLANK_SIGNS:
        return Reading(None, "blank_value")
    if plain in ZERO_WORDS:
        return Reading(Decimal(0), "word_as_zero")
    if plain.endswith("%"):
        return Reading(None, "percent_as_volume" if _NUMBER.fullmatch(plain[:-1].strip()) else "not_a_number")
    text = text.replace("−", "-")
    if not _NUMBER.fullmatch(text):
        amount, _space, unit = text.rpartition(" ")
        if not amount and (glued := re.fullmatch(r"([+-]?[0-9.,]+)([A-Za-z²]+)", text)):
            amount, unit = glued.groups()
        if unit.lower().rstrip(".") not in units or not _NUMBER.fullmatch(amount):
            return Reading(None, "not_a_number")
        text = amount
    return _read_digits(_joined_groups(text), style)


def _joined_groups(text: str) -> str:
    """`1 234,5` as `1234,5`; other spaces inside a number stay and make it unreadable."""
    if re.fullmatch(r"[+-]?[0-9]{1,3}(?:[ '][0-9]{3})+(?:[.,][0-9]+)?", text):
        return text.replace(" ", "").replace("'", "")
    return text


def _read_digits(text: str, style: str | None) -> Reading:
    if _WHOLE.fullmatch(text):
        return _decimal(text)
    if _POINTS_COMMA.fullmatch(text):
        return _decimal(text.replace(".", "").replace(",", "."))
    if _COMMAS_POINT.fullmatch(text):
        return _decimal(text.replace(",", ""))
    if _POINTS.fullmatch(text):
        return _grouped(text, ".", INDONESIAN, style)
    if _COMMAS.fullmatch(text):
        return _grouped(text, ",", ENGLISH, style)
    if _COMMA.fullmatch(text):
        return _decimal(text.replace(",", "."))
    if _POINT.fullmatch(text):
        return _decimal(text)
    return Reading(None, "not_a_number")


def _grouped(text: str, mark: str, thousands_in: str, style: str | None) -> Reading:
    """`1.234`: a thousand where the column writes so, a fraction where it writes the other way, else ambiguous."""
    digits = text.lstrip("+-")
    if text.count(mark) > 1:
        return _decimal(text.replace(mark, ""))
    if digits.startswith("0"):
        return _decimal(text.replace(mark, "."))  # no thousand begins with a nought
    if style is None:
        return Reading(None, "ambiguous_number")
    return _decimal(text.replace(mark, "" if style == thousands_in else "."))


def _decimal(text: str) -> Reading:
    try:
        return Reading(Decimal(text))
    except InvalidOperation:
        return Reading(None, "not_a_number")


# --- RT and RW -----------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Unit:
    """RT and RW in their plain form, or the code of why they cannot be told."""

    rw: str = ""
    rt: str = ""
    finding: str = ""


_PART = r"[0-9]{1,4}[A-Z]?"
_RT = re.compile(rf"(?<![A-Z])RT\W*({_PART})(?![A-Z0-9])")
_RW = re.compile(rf"(?<![A-Z])RW\W*({_PART})(?![A-Z0-9])")
_HAMLET = re.compile(rf"\b(?:DUSUN|DSN|DS)\W*({_PART})\b")
_PAIR = re.compile(rf"({_PART})\s*[/\-–.\\|]\s*({_PART})")


@lru_cache(10_000, typed=True)  # few are written many times; 1 and True are not the same
def plain_part(value: Value) -> str | None:
    """What a cell says as `normalised_unit` writes it: `1.0` is `1` as well; None for what is neither RT nor RW."""
    if value is None:
        return ""
    if isinstance(value, bool | date | datetime | time | timedelta):
        return None
    if isinstance(value, int | float | Decimal):
        return str(int(value)) if math.isfinite(value) and value == int(value) and value >= 0 else None
    text = tidy(value).upper()
    if text.lower() in BLANK_SIGNS:
        return ""
    if re.fullmatch(r"[0-9]+\.0+", text):
        text = text.partition(".")[0]
    return normalised_unit(text) if _ONE_PART.fullmatch(text) else None


_ONE_PART = re.compile(
    rf"(?:(?:RT|RW|NO)[\s.:\-]*)?[0-9]+\s*[A-Z]?|(?:DUSUN|DSN|DS)[\s.:\-]*{_PART}(?:[\s.:\-]*(?:RW)?[\s.:\-]*{_PART})?"
)


def read_unit(rw: Value = None, rt: Value = None, hamlet: Value = None) -> Unit:
    """RT and RW of two columns; a dusun goes in front of the RW. Both blank: the survey of a whole village."""
    if any(isinstance(value, date | datetime | time) for value in (rw, rt)):
        return Unit(finding="date_in_cell")
    if isinstance(rt, str) and _RT.search(rt.upper()) and (_RW.search(rt.upper()) or _HAMLET.search(rt.upper())):
        return read_pair(rt)  # both in the one column
    parts = [plain_part(value) for value in (rw, rt)]
    if None in parts:
        return Unit(finding="no_identity")
    before = hamlet_part(hamlet)
    rw_text = before + parts[0]
    if rw_text and not parts[1]:
        return Unit(finding="no_identity")  # a row of an RW is no row of an RT
    return Unit(rw_text, parts[1])


def hamlet_part(value: Value) -> str:
    """`DS03` for `3` or `Dusun 3`; a name that is no number says nothing here."""
    text = tidy(str(value)).upper() if value is not None else ""
    found = _HAMLET.fullmatch(text) or re.fullmatch(rf"({_PART})(?:\.0)?", text)
    return _hamlet(found[1]) if found else ""


def _hamlet(number: str) -> str:
    digits = re.match(r"[0-9]+", number)[0]
    return f"{hamlet_prefix(digits)}{number[len(digits) :]}"


def read_pair(value: Value, rw_first: bool = False) -> Unit:
    """RT and RW of one column: `RT001-RW002`, `RT 39 RW 07`, `RT503-DS03`, `KAMPUNG RT006-RW001`, `01/02`."""
    if isinstance(value, date | datetime | time):
        return Unit(finding="date_in_cell")
    if value is None or (isinstance(value, str) and tidy(value).lower() in BLANK_SIGNS):
        return Unit()
    if not isinstance(value, str):
        return Unit(finding="no_identity")
    text = tidy(value).upper()
    rt, rw, hamlet = (pattern.findall(text) for pattern in (_RT, _RW, _HAMLET))
    if len(rt) == 1 and len(rw) <= 1 and len(hamlet) <= 1 and (rw or hamlet):
        before = hamlet_part(hamlet[0]) if hamlet else ""
        return Unit(before + (plain_part(rw[0]) if rw else ""), plain_part(rt[0]))
    pair = _PAIR.fullmatch(text)
    if pair and not rt and not rw:
        first, second = (plain_part(part) for part in pair.groups())
        return Unit(first, second) if rw_first else Unit(second, first)
    return Unit(finding="no_identity")
