"""How official Indonesian papers write dates, times, numbers and money. Pure functions; no database, no settings.

Papers are Indonesian whatever language the page is in, so nothing here is translated. Belongs to core because
every app prints papers.
"""

import re
from datetime import date, time
from decimal import ROUND_HALF_UP, Decimal

from num2words import num2words

DAYS = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
MONTHS = (
    "Januari",
    "Februari",
    "Maret",
    "April",
    "Mei",
    "Juni",
    "Juli",
    "Agustus",
    "September",
    "Oktober",
    "November",
    "Desember",
)
Number = int | Decimal

# The library says "satu juta satu ribu"; written Indonesian has "seribu" wherever exactly one thousand stands.
_ONE_THOUSAND = re.compile(r"(^|\b(?:juta|miliar|triliun|kuadriliun) )satu ribu\b")


def day_name(on: date) -> str:
    """`Selasa`."""
    return DAYS[on.weekday()]


def official_date(on: date) -> str:
    """`16 Juli 2019`."""
    return f"{on.day} {MONTHS[on.month - 1]} {on.year}"


def official_day_date(on: date) -> str:
    """`Selasa, 16 Juli 2019`."""
    return f"{day_name(on)}, {official_date(on)}"


def date_in_words(on: date) -> str:
    """`Selasa, tanggal enam belas bulan Juli tahun dua ribu sembilan belas`, as a berita acara opens."""
    return (
        f"{day_name(on)}, tanggal {number_in_words(on.day)} bulan {MONTHS[on.month - 1]} "
        f"tahun {number_in_words(on.year)}"
    )


def official_time(at: time, zone: str = "WIB") -> str:
    """`09.15 WIB`; with an empty zone `09.15`."""
    return f"{at.hour:02d}.{at.minute:02d} {zone}".strip()


def time_range(start: time | None, end: time | None, zone: str = "WIB") -> str:
    """`09.15 s.d. 16.30 WIB`; `09.15 WIB s.d. selesai` where no end is known; empty where nothing is known."""
    if start and end:
        return f"{official_time(start, '')} s.d. {official_time(end, zone)}"
    if start:
        return f"{official_time(start, zone)} s.d. selesai"
    return f"s.d. {official_time(end, zone)}" if end else ""


def decimal_number(value: Number, places: int | None = None) -> str:
    """`1.234,50`: a point between thousands, a comma before decimals.

    With `places` rounded half up to so many decimals; without, exactly the decimals that the value has.
    """
    number = Decimal(value)
    if places is not None:
        number = number.quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    text = f"{number:,f}"
    if text.startswith("-") and not number:
        text = text[1:]  # minus nought is nought
    return text.translate(str.maketrans(",.", ".,"))


def plain_number(value: Number) -> str:
    """`33`, `85,2`: without the zeros that only the number of stored decimals brings."""
    number = Decimal(value)
    return decimal_number(number.normalize() if number % 1 else number.quantize(Decimal(1)))


def money(amount: Number) -> str:
    """`Rp100.000.000,00`; a negative amount as `-Rp5.000,00`."""
    text = decimal_number(amount, 2)
    return f"-Rp{text[1:]}" if text.startswith("-") else f"Rp{text}"


def number_in_words(value: Number) -> str:
    """`seribu seratus`; decimals digit by digit (`delapan puluh lima koma dua nol`), negatives with `min`.

    Raises OverflowError from 10^18 on, for which Indonesian has no settled words.
    """
    number = Decimal(value)
    if abs(number) >= 10**18:
        raise OverflowError(f"no words for {value}")
    whole, _point, decimals = f"{abs(number):f}".partition(".")
    words = num2words(int(whole), lang="id")
    if decimals:  # digit by digit: the library misreads a Decimal in exponent form
        words += " koma " + " ".join(num2words(int(digit), lang="id") for digit in decimals)
    words = _ONE_THOUSAND.sub(r"\1seribu", words)
    return f"min {words}" if number < 0 else words


def money_in_words(amount: Number) -> str:
    """`seratus juta rupiah`; `lima ribu rupiah lima puluh sen`. Rounded half up to whole sen."""
    sen = int((Decimal(amount) * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))
    rupiah, rest = divmod(abs(sen), 100)
    words = f"{number_in_words(rupiah)} rupiah"
    if rest:
        words += f" {number_in_words(rest)} sen"
    return f"min {words}" if sen < 0 else words


def counted(number: int) -> str:
    """`1 (satu)`, as papers write a count."""
    return f"{decimal_number(number)} ({number_in_words(number)})"


def grouped_nip(nip: str) -> str:
    """`19800101 200501 1 001`: birth date 8, appointment 6, sex 1, serial 3. Anything else stays as it is written."""
    digits = nip.replace(" ", "")
    if not re.fullmatch(r"[0-9]{18}", digits):
        return nip
    return f"{digits[:8]} {digits[8:14]} {digits[14]} {digits[15:]}"


def masked_nip(nip: str) -> str:
    """Only the last four figures: a NIP tells date of birth and sex, which concern nobody outside a sign-off."""
    digits = nip.replace(" ", "")
    return f"••••{digits[-4:]}" if len(digits) > 4 else "•" * len(digits)


def file_size(size: int) -> str:
    """`12 B`, `3,4 kB`, `1,2 MB`."""
    if size < 1000:
        return f"{size} B"
    if size < 1_000_000:
        return f"{decimal_number(Decimal(size) / 1000, 1)} kB"
    return f"{decimal_number(Decimal(size) / 1_000_000, 1)} MB"
