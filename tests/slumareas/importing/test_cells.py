"""What cells say: numbers in both manners of writing, signs for blanks, RT and RW in their many forms."""

import datetime
from decimal import Decimal

import pytest

from slumareas.importing.cells import Unit, plain_part, read_number, read_pair, read_unit, style_of


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (7, "7"), (2.75, "2.75"), (0.1 + 0.2, "0.30000000000000004"), ("1,25", "1.25"), ("1.234,5", "1234.5"),
        ("1,234.5", "1234.5"), ("1.2", "1.2"), ("0.125", "0.125"), ("0,125", "0.125"), ("1.234.567", "1234567"),
        ("1 234,5", "1234.5"), (" 7 ", "7"), ("−3", "-3"), ("-3", "-3"), ("12 m", "12"), ("1,5ha", "1.5"), ("0", "0"),
        ("\u00a012\u00a0", "12"),
    ],
)  # fmt: skip
def test_numbers_are_read_exactly(value, number):
    reading = read_number(value, units=frozenset(("m", "ha")))
    assert (reading.value, reading.finding) == (Decimal(number), "")


@pytest.mark.parametrize("value", [None, "", " ", "-", "–", "?", "n/a", "N/A", "...", "…", "tidak diketahui"])
def test_signs_for_not_known_are_blanks_and_never_nought(value):
    assert (read_number(value).value, read_number(value).finding) == (None, "blank_value")


@pytest.mark.parametrize("value", ["nihil", "Nihil", "tidak ada", "TIDAK ADA"])
def test_words_for_nothing_are_nought_and_said(value):
    assert (read_number(value).value, read_number(value).finding) == (Decimal(0), "word_as_zero")


@pytest.mark.parametrize(
    ("value", "finding"),
    [
        ("tiga", "not_a_number"), (True, "not_a_number"), (float("nan"), "not_a_number"), (float("inf"), "not_a_number"),
        ("20-30", "not_a_number"), ("5/6", "not_a_number"), ("1e5", "not_a_number"), ("12,", "not_a_number"),
        ("#DIV/0!", "not_a_number"), ("12 km", "not_a_number"), ("١٢", "not_a_number"), ("1 2", "not_a_number"),
        ("12 %", "percent_as_volume"), ("12,5%", "percent_as_volume"), ("=1+1", "not_a_number"),
        (datetime.date(2019, 2, 1), "date_in_cell"), (datetime.datetime(2019, 2, 1), "date_in_cell"),
        ("1.234", "ambiguous_number"), ("1,234", "ambiguous_number"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_said_and_stays_empty(value, finding):
    assert (read_number(value).value, read_number(value).finding) == (None, finding)


def test_a_thousand_or_a_fraction_is_decided_by_the_column():
    assert read_number("1.234", style_of(["1.234", "7,5"])).value == 1234
    assert read_number("1.234", style_of(["1.234", "7.5"])).value == Decimal("1.234")
    assert read_number("1,234", style_of(["7.5"])).value == 1234
    assert read_number("1,234", style_of(["7,5"])).value == Decimal("1.234")


@pytest.mark.parametrize("column", [[], ["12", "1.234"], ["1,5", "1.5"], [1.5, 2.5], ["-", None]])
def test_a_column_that_does_not_tell_leaves_it_open(column):
    assert style_of(column) is None


@pytest.mark.parametrize(
    ("text", "rw", "rt"),
    [
        ("RT001-RW002", "2", "1"), ("RT01-RW05", "5", "1"), ("RT 39 RW 07", "7", "39"), ("RT008 - RW009", "9", "8"),
        ("RT06A-RW002", "2", "6A"), ("RT503-DS03", "DS03", "503"), ("SAMPUNG KIDUL RT006-RW001", "1", "6"),
        ("01/02", "2", "1"), ("RT.01/RW.02", "2", "1"), ("RW 02 RT 01", "2", "1"),
    ],
)  # fmt: skip
def test_rt_and_rw_of_one_column(text, rw, rt):
    assert read_pair(text) == Unit(rw, rt)


def test_the_heading_tells_the_order_of_a_pair():
    assert read_pair("01/02", rw_first=True) == Unit("1", "2")


@pytest.mark.parametrize("text", ["RT 1", "12", 5, "RT001 RW002 RT003", "Kampung Baru", True])
def test_a_pair_that_cannot_be_told_is_no_identity(text):
    assert read_pair(text).finding == "no_identity"


def test_a_date_that_the_spreadsheet_made_of_a_pair_is_said():
    assert read_pair(datetime.date(2019, 2, 1)).finding == "date_in_cell"
    assert read_unit("1", datetime.datetime(2019, 2, 1)).finding == "date_in_cell"


@pytest.mark.parametrize(
    ("rw", "rt", "unit"),
    [
        ("001", "002", Unit("1", "2")), (1.0, "RT 01", Unit("1", "1")), ("", "06a", Unit("", "6A")),
        ("Dusun 3", "1", Unit("DS03", "1")), (None, None, Unit()), ("-", "3", Unit("", "3")),
    ],
)  # fmt: skip
def test_rt_and_rw_of_two_columns(rw, rt, unit):
    assert read_unit(rw, rt) == unit


@pytest.mark.parametrize(("rw", "rt"), [("1", None), ("I", "2"), ("1", "satu"), ("1", 2.5), ("1", -2)])
def test_a_row_of_no_rt_has_no_identity(rw, rt):
    assert read_unit(rw, rt).finding == "no_identity"


def test_a_hamlet_goes_in_front_of_the_rw():
    assert read_unit("1", "2", "Dusun 3") == Unit("DS031", "2")
    assert plain_part("dusun 03") == "DS03"
