"""Messy workbooks with known truth: one kind of mess each, the same bytes every time.

`KINDS` maps a name to a function that makes a `Mess`: the file, and what must be read and said of it. Villages are those
of the test region: Tanjung 19.05.01.1001 and Sungai Baru 19.05.01.1003. Used by the tests and part of the conformance kit.
"""

import csv
import io
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from openpyxl import Workbook
from openpyxl.styles import Font
from openpyxl.utils import get_column_letter

from slumareas import scoring
from slumareas.scoring import PERMEN_14_2018, RULE_SETS

CRITERIA = [criterion.key for criterion in RULE_SETS[PERMEN_14_2018].criteria]
DENOMINATORS = [
    "verified_area_ha",
    "building_count",
    "population",
    "household_count",
    "ideal_road_m",
    "ideal_drainage_m",
]
QUANTITIES = [*DENOMINATORS, *CRITERIA]
HEADINGS = {
    "village": "Kelurahan/Desa",
    "rw": "RW",
    "rt": "RT",
    "verified_area_ha": "Luas Verifikasi (Ha)",
    "building_count": "Jumlah Bangunan (Unit)",
    "population": "Jumlah Penduduk (Jiwa)",
    "household_count": "Jumlah KK",
    "ideal_road_m": "Panjang Jalan Lingkungan Ideal (m)",
    "ideal_drainage_m": "Panjang Drainase Lingkungan Ideal (m)",
    "building_irregular": "1a. Ketidakteraturan Bangunan (Unit)",
    "building_density": "1b. Kepadatan Bangunan (Ha)",
    "building_substandard": "1c. Ketidaksesuaian dengan Persyaratan Teknis Bangunan (Unit)",
    "road_coverage": "2a. Cakupan Pelayanan Jalan Lingkungan (m)",
    "road_surface": "2b. Kualitas Permukaan Jalan Lingkungan (m)",
    "water_access": "3a. Ketidaktersediaan Akses Aman Air Minum (KK)",
    "water_quantity": "3b. Tidak Terpenuhinya Kebutuhan Air Minum (KK)",
    "drainage_flooding": "4a. Ketidakmampuan Mengalirkan Limpasan Air (Ha)",
    "drainage_missing": "4b. Ketidaktersediaan Drainase (m)",
    "drainage_construction": "4c. Kualitas Konstruksi Drainase (m)",
    "wastewater_system": "5a. Sistem Pengelolaan Air Limbah Tidak Sesuai Standar Teknis (KK)",
    "wastewater_facility": "5b. Prasarana dan Sarana Air Limbah Tidak Sesuai Persyaratan Teknis (KK)",
    "waste_facility": "6a. Prasarana dan Sarana Persampahan Tidak Sesuai Persyaratan Teknis (KK)",
    "waste_system": "6b. Sistem Pengelolaan Persampahan Tidak Sesuai Standar Teknis (KK)",
    "fire_infrastructure": "7a. Ketidaktersediaan Prasarana Proteksi Kebakaran (Unit)",
    "fire_equipment": "7b. Ketidaktersediaan Sarana Proteksi Kebakaran (Unit)",
}
TANJUNG, SUNGAI_BARU = ("Tanjung", "19.05.01.1001"), ("Sungai Baru", "19.05.01.1003")


@dataclass
class Mess:
    """`truth`: identity -> values of each row that must be read; `said`: (code, cell) of each finding, and no other."""

    content: bytes
    name: str
    truth: dict[tuple[str, str, str], dict] = field(default_factory=dict)
    said: set[tuple[str, str | None]] = field(default_factory=set)
    ignored: int = 0


def truth(rows: int = 6) -> list[dict]:
    """Plausible rows whose scores and parts hold together."""
    chance = random.Random(20190716)  # noqa: S311  the same figures every time
    found = []
    for number in range(rows):
        name, code = (TANJUNG, SUNGAI_BARU)[number * 2 // rows]
        buildings, road, drain = chance.randint(40, 90), chance.randint(30, 60) * 10, chance.randint(30, 60) * 10
        households = buildings + chance.randint(1, 9)
        row = {
            "village": name, "code": code, "rw": str(number // 2 + 1), "rt": str(number % 2 + 1),
            "verified_area_ha": round(buildings / 45, 2), "building_count": buildings, "population": households * 4,
            "household_count": households, "ideal_road_m": road, "ideal_drainage_m": drain,
            "building_irregular": buildings // 2, "building_density": 0, "building_substandard": buildings // 5,
            "road_coverage": road // 10, "road_surface": road // 3, "water_access": households // 2,
            "water_quantity": households // 6, "drainage_flooding": round(buildings / 200, 2),
            "drainage_missing": drain // 4, "drainage_construction": drain // 3, "wastewater_system": households // 4,
            "wastewater_facility": households // 3, "waste_facility": households, "waste_system": households - 3,
            "fire_infrastructure": buildings - 4, "fire_equipment": buildings,
        }  # fmt: skip
        found.append(row)
    return found


def identity(row: dict) -> tuple[str, str, str]:
    return row["code"], row["rw"], row["rt"]


def told(rows: list[dict]) -> dict:
    return {identity(row): {key: row[key] for key in QUANTITIES} for row in rows}


def grid(rows: list[dict], keys: list[str] | None = None) -> list[list]:
    keys = keys or list(HEADINGS)
    return [[HEADINGS.get(key, key) for key in keys], *[[row[key] for key in keys] for row in rows]]


def column(key: str, keys: list[str] | None = None) -> str:
    return get_column_letter((keys or list(HEADINGS)).index(key) + 1)


def workbook(cells: list[list], title: str = "Baseline", change: Callable | None = None) -> bytes:
    book = Workbook()
    sheet = book.active
    sheet.title = title
    for line in cells:
        sheet.append(line)
    if change:
        change(book, sheet)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def text_file(cells: list[list], delimiter: str = ",", encoding: str = "utf-8") -> bytes:
    stream = io.StringIO(newline="")
    csv.writer(stream, delimiter=delimiter).writerows(
        ["" if value is None else value for value in line] for line in cells
    )
    return stream.getvalue().encode(encoding)


def comma(value) -> str:
    return str(value).replace(".", ",")


KINDS: dict[str, Callable[[], Mess]] = {}


def kind(make: Callable[[], Mess]) -> Callable[[], Mess]:
    KINDS[make.__name__] = make
    return make


def plain(change: Callable | None = None, said=(), rows: list[dict] | None = None, without=(), **values) -> Mess:
    """The plain workbook, changed in one place; rows of the numbers in `without` are not to be read as valid."""
    rows = rows or truth()
    cells = grid(rows)
    if change:
        change(cells, rows)
    kept = [row for place, row in enumerate(rows) if place not in without]
    return Mess(workbook(cells, **values), "baseline.xlsx", told(kept), set(said))


# --- as it should be -------------------------------------------------------------------------------------
@kind
def clean() -> Mess:
    return plain()


@kind
def columns_in_another_order() -> Mess:
    rows, keys = truth(), list(HEADINGS)
    random.Random(7).shuffle(keys)  # noqa: S311  the same order every time
    return Mess(workbook(grid(rows, keys)), "baseline.xlsx", told(rows))


@kind
def comma_separated() -> Mess:
    return Mess(text_file(grid(truth())), "baseline.csv", told(truth()))


@kind
def semicolons_and_decimal_commas_in_windows_1252() -> Mess:
    cells = [[comma(value) if isinstance(value, float) else value for value in line] for line in grid(truth())]
    return Mess(text_file(cells, ";", "cp1252"), "baseline.csv", told(truth()))


@kind
def tabs_in_utf_16() -> Mess:
    return Mess(text_file(grid(truth()), "\t", "utf-16"), "baseline.csv", told(truth()))


# --- around the table --------------------------------------------------------------------------------------
@kind
def title_rows_above_and_notes_below() -> Mess:
    rows = truth()
    cells = [["DATA NUMERIK KUMUH KABUPATEN BANGKA BARAT TAHUN 2019"], [], *grid(rows), [], ["Sumber: survei lapangan"]]
    return Mess(workbook(cells), "baseline.xlsx", told(rows), ignored=1)


@kind
def numbered_columns_subtotals_and_a_total() -> Mess:
    rows = truth()
    head, *body = grid(rows)
    total = ["JUMLAH", *[None] * (len(head) - 2), 99]
    cells = [head, list(range(1, len(head) + 1)), *body[:3], total, *body[3:], total, ["Rata-rata", *total[1:]]]
    return Mess(workbook(cells), "baseline.xlsx", told(rows), ignored=4)


@kind
def heading_of_three_merged_rows() -> Mess:
    rows, keys = truth(), list(HEADINGS)
    aspects = {"1": "KONDISI BANGUNAN", "2": "KONDISI JALAN LINGKUNGAN", "3": "PENYEDIAAN AIR MINUM", "4": "KONDISI DRAINASE",
               "5": "PENGELOLAAN AIR LIMBAH", "6": "PENGELOLAAN PERSAMPAHAN", "7": "PROTEKSI KEBAKARAN"}  # fmt: skip
    top, middle, low = [], [], []
    for key in keys:
        heading = HEADINGS[key]
        is_criterion = heading[0].isdigit()
        top.append(aspects[heading[0]] if is_criterion else heading)
        middle.append(heading if is_criterion else None)
        low.append("VOLUME" if is_criterion else None)

    def merge(_book, sheet):
        start = 0
        for place in range(1, len(top) + 1):
            if place == len(top) or top[place] != top[start]:
                last = get_column_letter(place)
                rows_down = 1 if middle[start] else 3
                if place - start > 1 or rows_down > 1:
                    sheet.merge_cells(f"{get_column_letter(start + 1)}1:{last}{rows_down}")
                start = place

    return Mess(workbook([top, middle, low, *grid(rows)[1:]], change=merge), "baseline.xlsx", told(rows))


@kind
def volume_per_cent_and_score_side_by_side() -> Mess:
    rows = truth()
    keys = [key for key in HEADINGS if key not in CRITERIA]
    head = [HEADINGS[key] for key in keys]
    for key in CRITERIA:
        head += [f"{HEADINGS[key]} VOLUME", f"{HEADINGS[key]} PROSEN (%)", f"{HEADINGS[key]} NILAI"]

    body = []
    for row in rows:
        numbers = {key: Decimal(str(row[key])) for key in QUANTITIES}
        result = scoring.score(numbers, numbers, RULE_SETS[PERMEN_14_2018])
        line = [row[key] for key in keys]
        for key in CRITERIA:
            line += [row[key], round(float(result.percent[key]), 2), result.score[key]]
        body.append(line)
    return Mess(workbook([head, *body]), "baseline.xlsx", told(rows))


@kind
def before_and_after_beside_each_other() -> Mess:
    rows = truth()
    keys = [key for key in HEADINGS if key not in CRITERIA]
    head = (
        [HEADINGS[key] for key in keys]
        + [f"{HEADINGS[key]} AWAL" for key in CRITERIA]
        + [f"{HEADINGS[key]} AKHIR" for key in CRITERIA]
    )
    body = [[row[key] for key in keys] + [1 for _key in CRITERIA] + [row[key] for key in CRITERIA] for row in rows]
    return Mess(workbook([head, *body]), "baseline.xlsx", told(rows))


@kind
def a_hidden_sheet() -> Mess:
    def hide(book, _sheet):
        old = book.create_sheet("Tahun lalu")
        for line in grid(truth()):
            old.append(line)
        old.sheet_state = "hidden"

    return Mess(workbook(grid(truth()), change=hide), "baseline.xlsx", told(truth()), {("hidden_sheet", None)})


@kind
def a_hidden_row() -> Mess:
    def hide(_book, sheet):
        sheet.row_dimensions[3].hidden = True

    return Mess(
        workbook(grid(truth()), change=hide), "baseline.xlsx", told(truth()), {("hidden_row", f"{column('rt')}3")}
    )


@kind
def a_struck_out_row() -> Mess:
    def strike(_book, sheet):
        for cell in sheet[4]:
            cell.font = Font(strike=True)

    return Mess(
        workbook(grid(truth()), change=strike), "baseline.xlsx", told(truth()), {("struck_out_row", f"{column('rt')}4")}
    )


# --- who ------------------------------------------------------------------------------------------------------
@kind
def rt_and_rw_in_one_column() -> Mess:
    rows = truth()
    keys = ["village", "RT/RW", *QUANTITIES]
    forms = [
        "RT{rt:0>3}-RW{rw:0>3}",
        "RT {rt} RW {rw}",
        "RT{rt:0>2} - RW{rw:0>2}",
        "KAMPUNG TENGAH RT00{rt}-RW00{rw}",
        "{rt:0>2}/{rw:0>2}",
        "rt.{rt}/rw.{rw}",
    ]
    for row, form in zip(rows, forms, strict=True):
        row["RT/RW"] = form.format(**row)
    return Mess(workbook(grid(rows, keys)), "baseline.xlsx", told(rows))


@kind
def leading_zeros_and_numbers_as_text() -> Mess:
    def pad(cells, rows):
        for line, row in zip(cells[1:], rows, strict=True):
            line[1], line[2] = f"0{row['rw']}", f"RT 00{row['rt']}"
            line[4] = str(line[4])

    return plain(pad)


@kind
def village_merged_downwards() -> Mess:
    rows = truth()

    def merge(_book, sheet):
        sheet.merge_cells("A2:A4")
        sheet.merge_cells("A5:A7")

    return Mess(workbook(grid(rows), change=merge), "baseline.xlsx", told(rows))


@kind
def a_figure_merged_over_several_rows() -> Mess:
    rows, letter = truth(), column("ideal_road_m")
    return Mess(
        workbook(grid(rows), change=lambda _book, sheet: sheet.merge_cells(f"{letter}3:{letter}5")),
        "baseline.xlsx",
        told([rows[0], *rows[4:]]),
        {("not_a_number", f"{letter}{number}") for number in (3, 4, 5)},
    )


@kind
def village_in_a_line_above() -> Mess:
    rows = truth()[:3]
    keys = [key for key in HEADINGS if key != "village"]
    return Mess(workbook([["Kelurahan : Tanjung"], [], *grid(rows, keys)]), "baseline.xlsx", told(rows))


@kind
def a_sheet_for_each_village() -> Mess:
    rows = truth()
    keys = [key for key in HEADINGS if key != "village"]

    def second(book, sheet):
        other = book.create_sheet("Sungai Baru ")
        for line in grid(rows[3:], keys):
            other.append(line)

    return Mess(workbook(grid(rows[:3], keys), title="TANJUNG", change=second), "baseline.xlsx", told(rows))


@kind
def other_spellings_of_the_village() -> Mess:
    def spell(cells, _rows):
        for place, name in enumerate(
            ("TANJUNG", " Kel. Tanjung", "19.05.01.1001", "Sei Baru", "SUNGAIBARU", "Kelurahan Sungai  Baru")
        ):
            cells[place + 1][0] = name

    return plain(spell)


@kind
def a_misspelt_village() -> Mess:
    def spell(cells, _rows):
        cells[4][0] = "Sungai Baroe"

    return plain(spell, {("similar_region", "A5")}, without={3})


@kind
def an_unknown_village() -> Mess:
    def spell(cells, _rows):
        cells[4][0] = "Kuala Lumpur"

    return plain(spell, {("unknown_region", "A5")}, without={3})


@kind
def a_date_made_of_rt_and_rw() -> Mess:
    def turn(cells, _rows):
        cells[2][2] = date(2019, 2, 1)

    return plain(turn, {("date_in_cell", "C3")}, without={1})


@kind
def the_same_rt_twice_with_other_values() -> Mess:
    rows = truth()
    rows[2] = {**rows[1], "building_irregular": rows[1]["building_irregular"] + 1}
    return Mess(
        workbook(grid(rows)),
        "baseline.xlsx",
        told([rows[0], *rows[3:]]),
        {("duplicate_row", "C3"), ("duplicate_row", "C4")},
    )


@kind
def the_same_rt_twice_with_the_same_values() -> Mess:
    rows = truth()
    rows[2] = dict(rows[1])
    return Mess(workbook(grid(rows)), "baseline.xlsx", told(rows), {("repeated_row", "C4")})


# --- cells ------------------------------------------------------------------------------------------------------
def cell_kind(name: str, key: str, value, said: str, kept=...) -> None:
    """A kind with one cell of row 3 replaced; `kept` is the value that is read, without it the row is no valid one."""

    def make() -> Mess:
        rows = truth()
        cells = grid(rows)
        cells[2][list(HEADINGS).index(key)] = value
        if kept is not ...:
            rows[1][key] = kept
        else:
            del rows[1]
        return Mess(workbook(cells), "baseline.xlsx", told(rows), {(said, f"{column(key)}3")} if said else set())

    make.__name__ = name
    kind(make)


cell_kind("text_in_a_number", "water_access", "tiga", "not_a_number")
cell_kind("a_range_in_a_number", "water_access", "20-30", "not_a_number")
cell_kind("a_boolean", "water_access", True, "not_a_number")
cell_kind("a_date_in_a_number", "water_access", date(2019, 2, 1), "date_in_cell")
cell_kind("a_formula_without_a_value", "water_access", "=10+11", "formula_without_value")
cell_kind("a_per_cent_sign", "road_surface", "12,5 %", "percent_as_volume")
cell_kind("a_fraction_of_a_household", "water_access", 20.5, "fraction_in_count")
cell_kind("an_area_of_nought", "verified_area_ha", 0, "zero_area")
cell_kind("a_denominator_below_nought", "ideal_road_m", -100, "negative_denominator")
cell_kind("square_metres_as_hectares", "verified_area_ha", 12_400, "out_of_range")
cell_kind("a_thousand_or_a_fraction", "ideal_road_m", "1.234", "ambiguous_number")
cell_kind("a_blank", "water_access", None, "blank_value", None)
cell_kind("a_dash", "water_access", "-", "blank_value", None)
cell_kind("a_word_for_nothing", "water_access", "nihil", "word_as_zero", 0)
cell_kind("below_nought", "drainage_flooding", -0.05, "negative_value", -0.05)
cell_kind("a_number_in_words_of_its_unit", "ideal_road_m", "500 m", "", 500)


@kind
def an_error_cell() -> Mess:
    rows = truth()
    place = f"{column('waste_system')}3"

    def spoil(_book, sheet):
        sheet[place] = "#DIV/0!"
        sheet[place].data_type = "e"

    return Mess(
        workbook(grid(rows), change=spoil), "baseline.xlsx", told([rows[0], *rows[2:]]), {("not_a_number", place)}
    )


@kind
def an_error_where_rt_and_rw_should_be() -> Mess:
    rows = truth()

    def spoil(_book, sheet):
        for key in ("rw", "rt"):
            sheet[f"{column(key)}3"] = "#REF!"
            sheet[f"{column(key)}3"].data_type = "e"

    return Mess(
        workbook(grid(rows), change=spoil),
        "baseline.xlsx",
        told([rows[0], *rows[2:]]),
        {("no_identity", f"{column('rt')}3")},
    )


@kind
def a_cell_shown_as_per_cent() -> Mess:
    rows = truth()
    place = f"{column('road_surface')}3"

    def show(_book, sheet):
        sheet[place] = 0.125
        sheet[place].number_format = "0.0%"

    return Mess(
        workbook(grid(rows), change=show), "baseline.xlsx", told([rows[0], *rows[2:]]), {("percent_as_volume", place)}
    )


@kind
def thousands_decided_by_their_column() -> Mess:
    rows = truth()
    for place, row in enumerate(rows):
        row["ideal_drainage_m"] = 1234 + place
    cells = grid(rows)
    place = list(HEADINGS).index("ideal_drainage_m")
    for number, line in enumerate(cells[1:]):
        line[place] = f"1.{234 + number}" if number else "1.234,00"
    return Mess(workbook(cells), "baseline.xlsx", told(rows))


@kind
def more_than_the_whole() -> Mess:
    rows = truth()
    rows[1]["water_access"] = rows[1]["household_count"] + 5
    return Mess(
        workbook(grid(rows)), "baseline.xlsx", told(rows), {("above_denominator", f"{column('water_access')}3")}
    )


@kind
def something_over_nothing() -> Mess:
    rows = truth()
    rows[1]["ideal_road_m"] = 0
    rows[1]["road_coverage"] = 0
    cells = grid(rows)
    return Mess(
        workbook(cells),
        "baseline.xlsx",
        told([rows[0], *rows[2:]]),
        {("zero_denominator", f"{column('road_surface')}3")},
    )


@kind
def parts_longer_than_the_whole() -> Mess:
    rows = truth()
    rows[1]["road_coverage"] = rows[1]["road_surface"] = rows[1]["ideal_road_m"] * 6 // 10
    return Mess(
        workbook(grid(rows)), "baseline.xlsx", told(rows), {("parts_above_whole", f"{column('ideal_road_m')}3")}
    )


@kind
def fewer_people_than_households() -> Mess:
    rows = truth()
    rows[1]["population"] = rows[1]["household_count"] - 1
    return Mess(workbook(grid(rows)), "baseline.xlsx", told(rows), {("implausible", f"{column('rt')}3")})


# --- columns and rows ---------------------------------------------------------------------------------------------
@kind
def a_criterion_that_is_missing() -> Mess:
    rows, keys = truth(), [key for key in HEADINGS if key != "fire_equipment"]
    for row in rows:
        row["fire_equipment"] = None
    return Mess(workbook(grid(rows, keys)), "baseline.xlsx", told(rows), {("missing_column", None)})


@kind
def empty_columns_of_the_other_rule_set() -> Mess:
    rows = truth()
    cells = grid(rows)
    for number, line in enumerate(cells):
        line += [None, None] if number else ["drainage_unconnected", "waste_unmaintained"]
    return Mess(workbook(cells), "baseline.xlsx", told(rows))


@kind
def a_heading_that_nobody_understands() -> Mess:
    rows = truth()
    cells = grid(rows)
    for number, line in enumerate(cells):
        line.append("Surveyor" if not number else f"Petugas {number}")
    return Mess(
        workbook(cells), "baseline.xlsx", told(rows), {("unknown_column", f"{get_column_letter(len(cells[0]))}1")}
    )


@kind
def a_total_that_does_not_follow() -> Mess:
    rows = truth()
    cells = grid(rows)
    for number, line in enumerate(cells):
        line.append("Total Nilai" if not number else 80 if number == 2 else None)
    return Mess(
        workbook(cells), "baseline.xlsx", told(rows), {("total_differs", f"{get_column_letter(len(cells[0]))}3")}
    )


@kind
def another_year_in_the_title() -> Mess:
    rows = truth()
    cells = [["DATA NUMERIK TAHUN 2017"], *grid(rows)]
    return Mess(
        workbook(cells), "baseline.xlsx", {}, {("year_mismatch", f"{column('rt')}{number}") for number in range(3, 9)}
    )


def damaged() -> bytes:
    """Several faults in one workbook: a word in a figure, a misspelt village, a figure not known, a column nobody knows."""
    cells, place = grid(truth()), list(HEADINGS).index
    cells[2][place("water_access")] = "tiga"
    cells[3][place("village")] = "Tanjng"
    cells[5][place("drainage_flooding")] = "-"
    for number, line in enumerate(cells):
        line.append(f"Petugas {number}" if number else "Surveyor")
    return workbook(cells)
