"""What official papers write, letter by letter."""

from datetime import date, time
from decimal import Decimal

import pytest

from core import formats

HELD = date(2019, 7, 16)


def test_a_date_is_written_with_the_month_in_words():
    assert formats.official_date(HELD) == "16 Juli 2019"
    assert formats.official_day_date(HELD) == "Selasa, 16 Juli 2019"
    assert formats.official_date(date(2026, 1, 1)) == "1 Januari 2026"


def test_a_berita_acara_opens_with_the_date_in_words():
    assert formats.date_in_words(HELD) == "Selasa, tanggal enam belas bulan Juli tahun dua ribu sembilan belas"
    assert (
        formats.date_in_words(date(2000, 2, 29)) == "Selasa, tanggal dua puluh sembilan bulan Februari tahun dua ribu"
    )


def test_every_day_and_month_has_its_name():
    week = [formats.day_name(date(2024, 1, day)) for day in range(1, 8)]
    assert week == ["Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu"]
    assert [formats.official_date(date(2024, month, 1)).split()[1] for month in range(1, 13)] == list(formats.MONTHS)


@pytest.mark.parametrize(
    ("start", "end", "written"),
    [
        (time(9, 15), time(16, 30), "09.15 s.d. 16.30 WIB"),
        (time(9, 15), None, "09.15 WIB s.d. selesai"),
        (None, time(16, 30), "s.d. 16.30 WIB"),
        (None, None, ""),
        (time(0, 0), time(23, 59), "00.00 s.d. 23.59 WIB"),
    ],
)
def test_a_time_range(start, end, written):
    assert formats.time_range(start, end) == written


def test_a_time_carries_its_zone():
    assert formats.official_time(time(9, 15)) == "09.15 WIB"
    assert formats.official_time(time(9, 15), "WITA") == "09.15 WITA"


@pytest.mark.parametrize(
    ("value", "places", "written"),
    [
        (Decimal("85.20"), None, "85,20"),
        (Decimal("85.2"), 2, "85,20"),
        (Decimal("1234567.5"), 2, "1.234.567,50"),
        (0, None, "0"),
        (1000, None, "1.000"),
        (Decimal("-1234.5"), None, "-1.234,5"),
        (Decimal("0.005"), 2, "0,01"),
        (Decimal("-0.001"), 2, "0,00"),
        (Decimal("1E+3"), None, "1.000"),
    ],
)
def test_a_number_has_points_between_thousands_and_a_comma_before_decimals(value, places, written):
    assert formats.decimal_number(value, places) == written


@pytest.mark.parametrize(
    ("amount", "written", "in_words"),
    [
        (Decimal("100000000"), "Rp100.000.000,00", "seratus juta rupiah"),
        (Decimal("50000000.00"), "Rp50.000.000,00", "lima puluh juta rupiah"),
        (Decimal("5000.50"), "Rp5.000,50", "lima ribu rupiah lima puluh sen"),
        (Decimal("0.01"), "Rp0,01", "nol rupiah satu sen"),
        (0, "Rp0,00", "nol rupiah"),
        (Decimal("-5000"), "-Rp5.000,00", "min lima ribu rupiah"),
        (Decimal("999999999999999.99"), "Rp999.999.999.999.999,99", None),
    ],
)
def test_money(amount, written, in_words):
    assert formats.money(amount) == written
    if in_words:
        assert formats.money_in_words(amount) == in_words


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "nol"),
        (1, "satu"),
        (10, "sepuluh"),
        (11, "sebelas"),
        (12, "dua belas"),
        (19, "sembilan belas"),
        (20, "dua puluh"),
        (21, "dua puluh satu"),
        (100, "seratus"),
        (101, "seratus satu"),
        (111, "seratus sebelas"),
        (1000, "seribu"),
        (1001, "seribu satu"),
        (1100, "seribu seratus"),
        (1111, "seribu seratus sebelas"),
        (2000, "dua ribu"),
        (2019, "dua ribu sembilan belas"),
        (11_000, "sebelas ribu"),
        (21_000, "dua puluh satu ribu"),
        (101_000, "seratus satu ribu"),
        (1_000_000, "satu juta"),
        (1_001_000, "satu juta seribu"),
        (1_001_001, "satu juta seribu satu"),
        (1_100_000, "satu juta seratus ribu"),
        (1_101_000, "satu juta seratus satu ribu"),
        (21_001_000, "dua puluh satu juta seribu"),
        (1_000_000_000, "satu miliar"),
        (1_000_001_000, "satu miliar seribu"),
        (10**12, "satu triliun"),
        (-5, "min lima"),
        (-1000, "min seribu"),
        (Decimal("85.20"), "delapan puluh lima koma dua nol"),
        (Decimal("0.05"), "nol koma nol lima"),
        (Decimal("-2.5"), "min dua koma lima"),
        (Decimal("1E+3"), "seribu"),
        (Decimal("1000.5"), "seribu koma lima"),
        (Decimal("0.00000001"), "nol koma nol nol nol nol nol nol nol satu"),
    ],
)
def test_numbers_in_words(number, words):
    assert formats.number_in_words(number) == words


def _value(words: str) -> int:
    """Reads number words back, by rules of its own."""
    small = {
        word: value
        for value, word in enumerate(
            [
                "nol",
                "satu",
                "dua",
                "tiga",
                "empat",
                "lima",
                "enam",
                "tujuh",
                "delapan",
                "sembilan",
                "sepuluh",
                "sebelas",
            ]
        )
    }
    total = group = digit = 0
    for word in words.split():
        if word in small:
            group, digit = group + small[word], small[word]
        elif word == "belas":
            group += 10
        elif word == "puluh":
            group += digit * 9
        elif word == "seratus":
            group += 100
        elif word == "ratus":
            group += digit * 99
        elif word == "seribu":
            total += 1000
        else:
            total += group * {"ribu": 10**3, "juta": 10**6, "miliar": 10**9, "triliun": 10**12}[word]
            group = 0
    return total + group


def test_words_say_the_number_they_were_made_from():
    numbers = [*range(2300), *range(2300, 10**15, 10**15 // 997 + 1), *(10**power for power in range(15))]
    assert [number for number in numbers if _value(formats.number_in_words(number)) != number] == []


def test_one_thousand_is_seribu_wherever_it_stands():
    for millions in range(130):
        words = formats.number_in_words(millions * 1_000_000 + 1000)
        assert words.endswith("seribu")
        assert "satu ribu" not in words


def test_a_number_beyond_words_is_refused():
    with pytest.raises(OverflowError):
        formats.number_in_words(10**18)


def test_a_count_is_written_twice():
    assert formats.counted(1) == "1 (satu)"
    assert formats.counted(12) == "12 (dua belas)"


def test_a_nip_is_grouped_as_on_papers_and_masked_elsewhere():
    assert formats.grouped_nip("198001012005011001") == "19800101 200501 1 001"
    assert formats.grouped_nip("19800101 200501 1 001") == "19800101 200501 1 001"
    assert formats.masked_nip("198001012005011001") == "••••1001"


@pytest.mark.parametrize("nip", ["", "12345", "1980010120050110012", "١٩٨٠٠١٠١٢٠٠٥٠١١٠٠١"])
def test_what_is_no_nip_is_not_regrouped(nip):
    assert formats.grouped_nip(nip) == nip


def test_a_short_nip_is_masked_whole():
    assert formats.masked_nip("123") == "•••"
    assert formats.masked_nip("") == ""


@pytest.mark.parametrize(("size", "written"), [(12, "12 B"), (3400, "3,4 kB"), (1_250_000, "1,3 MB")])
def test_a_file_size(size, written):
    assert formats.file_size(size) == written
