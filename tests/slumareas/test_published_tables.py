"""Published tables of three governments, computed again from their volumes and denominators.

The tables are no part of the product: they are looked for beside it and the tests are skipped where they are not. What
in them is damaged is listed here by name and asserted to be exactly that; every other figure must come out the same.
"""

import csv
from collections import defaultdict
from decimal import Decimal
from pathlib import Path

import pytest

from slumareas.scoring import (
    CRITERIA,
    HEAVY,
    LIGHT,
    MODERATE,
    NOT_SLUM,
    PERMEN_14_2018,
    RULE_SETS,
    after_works,
    handling_contribution,
    score,
)

TABLES = Path(__file__).resolve().parents[3] / "shared" / "data" / "kumuh"
pytestmark = pytest.mark.skipif(not TABLES.is_dir(), reason="the published tables (../shared/data/kumuh) are not here")

RULES = RULE_SETS[PERMEN_14_2018]
WHOLES = {
    "verified_area_ha": "luas_verifikasi_ha",
    "building_count": "jumlah_bangunan",
    "population": "jumlah_penduduk",
    "household_count": "jumlah_kk",
    "ideal_road_m": "panjang_jalan_ideal_m",
    "ideal_drainage_m": "panjang_drainase_ideal_m",
}
CODES = {criterion.key: criterion.codes[PERMEN_14_2018] for criterion in RULES.criteria}
CLASSES = {"KB": HEAVY, "KS": MODERATE, "KR": LIGHT, "TK": NOT_SLUM}
ASPECTS = range(1, 8)
YEARS = ("2019", "2020", "2021", "2022", "2023")
PRECISION = Decimal("1e-9")  # the tables hold binary floats

# --- damaged in the source -----------------------------------------------------------------------------------
# Kauman: all 16 RT in all years stand one column to the right, their total comes first.
SHIFTED_UNITS = {str(number) for number in range(221, 237)}
# Podosugih: the means of the first two years were left from other volumes, in the RT and in the kelurahan.
STALE_MEANS = {(str(number), year) for number in range(1, 9) for year in ("2019", "2020")}
STALE_KELURAHAN_MEANS = {("Podosugih", "2019"), ("Podosugih", "2020")}
# Kauman, shifted: the one sector mean that does not follow from the volumes either.
STALE_SHIFTED_MEAN = {("221", "2019")}
# Nothing changed in Podosugih in 2022, and the contribution of 2021 is printed again.
STALE_CONTRIBUTION = {("Podosugih", "2022")}
# Sums of a kelurahan that are not those of its RT in the baseline of 2019: three wholes of Kauman come from other
# columns, an area is counted twice in two kelurahan, and flooded areas are netted in one sheet and cut in the other.
NOT_THE_SUM = {
    ("Kauman", "household_count"): ("594", "157"),
    ("Kauman", "ideal_road_m"): ("4220", "1250"),
    ("Kauman", "ideal_drainage_m"): ("4883", "1028"),
    ("Poncol", "building_density"): ("0.167756", "0.335512"),
    ("Krapyak", "building_density"): ("0.368148", "0.736296"),
    ("Tirto", "drainage_flooding"): ("15.762213", "15.759445"),
    ("Bendan Kergon", "drainage_flooding"): ("1.168584", "1.164455"),
    ("Kuripan Yosorejo", "drainage_flooding"): ("4.561587", "4.558634"),
    ("Banyurip", "drainage_flooding"): ("1.912574", "1.904466"),
    ("Poncol", "drainage_flooding"): ("8.306337", "8.302941"),
    ("Kauman", "drainage_flooding"): ("3.569119", "3.557729"),
    ("Bandengan", "drainage_flooding"): ("16.825000", "16.548000"),
}
# Volumes of a kelurahan that are not last year's less the works of the year.
NOT_LESS_THE_WORKS = {
    ("Podosugih", "2021", "drainage_flooding"),  # a negative one was set to 0
    ("Podosugih", "2023", "waste_facility"),
    ("Banyurip", "2021", "drainage_flooding"),  # 1.904466 - 1.58 is printed as 1.324466
}


def read(name: str) -> list[dict]:
    with (TABLES / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


@pytest.fixture(scope="module")
def units() -> dict[str, dict]:
    return {row["rt_id"]: row for row in read("pekalongan_rt_a.csv")}


@pytest.fixture(scope="module")
def unit_rows(units) -> list[tuple[dict, dict]]:
    """(the RT with its denominators, its values of a year)"""
    return [(units[row["rt_id"]], row) for row in read("pekalongan_rt_nilai_a.csv")]


@pytest.fixture(scope="module")
def kelurahan() -> dict[tuple, dict]:
    return {(row["kelurahan"], row["tahun"]): row for row in read("pekalongan_kelurahan_nilai_a.csv")}


def wholes_of(row: dict) -> dict[str, Decimal]:
    return {key: Decimal(row[column]) for key, column in WHOLES.items()}


def volumes_of(row: dict, column: str = "volume") -> dict[str, Decimal]:
    return {key: Decimal(row[f"{code}_{column}"]) for key, code in CODES.items()}


def near(ours: Decimal, printed: str, precision=PRECISION) -> bool:
    return abs(ours - Decimal(printed)) <= precision


def differing_cells(result, row: dict) -> list[str]:
    """Shares, scores, total and class that are not as printed."""
    cells = [f"{code}_nilai" for key, code in CODES.items() if str(result.score[key]) != row[f"{code}_nilai"]]
    cells += [
        f"{code}_proporsi"
        for key, code in CODES.items()
        if not near(result.percent[key] / 100, row[f"{code}_proporsi"])
    ]
    cells += ["total_nilai"] * (str(result.total) != row["total_nilai"])
    return cells + ["tingkat"] * (result.slum_class != CLASSES[row["tingkat"]])


def differing_means(result, row: dict) -> list[str]:
    wrong = [
        f"rata_{number}" for number in ASPECTS if not near(result.aspect_average[number] / 100, row[f"rata_{number}"])
    ]
    return wrong + ["rata_rata"] * (not near(result.sector_average / 100, row["rata_rata"]))


# --- Pekalongan, 161 RT and 13 kelurahan in five years -----------------------------------------------------------
def test_the_samples_are_as_large_as_they_were(units, unit_rows, kelurahan):
    assert (len(units), len(unit_rows), len(kelurahan)) == (161, 805, 65)


def test_every_rt_but_the_shifted_ones_comes_out_as_printed(unit_rows):
    differing = {
        row["rt_id"]: cells
        for unit, row in unit_rows
        if (cells := differing_cells(score(wholes_of(unit), volumes_of(row), RULES), row))
    }
    assert set(differing) == SHIFTED_UNITS


def test_the_shifted_rows_are_all_of_kauman_and_nothing_else(units):
    assert {number for number, unit in units.items() if unit["kelurahan"] == "Kauman"} == SHIFTED_UNITS


def test_shifted_rows_read_one_column_to_the_left_come_out_too(unit_rows):
    """So nothing in them contradicts the rule: the total stands first, then each volume, then its share."""
    shifted = [(unit, row) for unit, row in unit_rows if row["rt_id"] in SHIFTED_UNITS]
    assert len(shifted) == 80
    stale = set()
    for unit, row in shifted:
        result = score(wholes_of(unit), volumes_of(row, "proporsi"), RULES)
        assert all(near(result.percent[key] / 100, row[f"{code}_nilai"]) for key, code in CODES.items())
        assert str(result.total) == row["1a_volume"]
        assert result.slum_class == CLASSES[row["tingkat"]]
        if not near(result.sector_average / 100, row["rata_rata"]):
            stale.add((row["rt_id"], row["tahun"]))
    assert stale == STALE_SHIFTED_MEAN


def test_the_means_of_every_rt_come_out_as_printed(unit_rows):
    differing = {
        (row["rt_id"], row["tahun"])
        for unit, row in unit_rows
        if row["rt_id"] not in SHIFTED_UNITS and differing_means(score(wholes_of(unit), volumes_of(row), RULES), row)
    }
    assert differing == STALE_MEANS


def test_stale_means_belong_to_podosugih_and_their_sector_mean_is_the_mean_of_what_is_printed(unit_rows):
    """The seven printed aspect means are old, the mean of the seven was taken of them all the same."""
    stale = [(unit, row) for unit, row in unit_rows if (row["rt_id"], row["tahun"]) in STALE_MEANS]
    assert {unit["kelurahan"] for unit, _row in stale} == {"Podosugih"}
    for _unit, row in stale:
        assert near(sum(Decimal(row[f"rata_{number}"]) for number in ASPECTS) / 7, row["rata_rata"])


def test_every_kelurahan_comes_out_as_printed(kelurahan):
    stale = set()
    for key, row in kelurahan.items():
        result = score(wholes_of(row), volumes_of(row), RULES)
        assert differing_cells(result, row) == [], key
        if differing_means(result, row):
            stale.add(key)
    assert stale == STALE_KELURAHAN_MEANS


def test_negative_percentages_count_as_0_in_the_printed_means(unit_rows):
    """The flooded area is negative in three RT: the city's sheet cuts it, as the rule here does."""
    cut = set()
    for unit, row in unit_rows:
        result = score(wholes_of(unit), volumes_of(row), RULES)
        if row["rt_id"] not in SHIFTED_UNITS and result.percent["drainage_flooding"] < 0:
            assert near(result.aspect_average[4] / 100, row["rata_4"])
            cut.add((row["rt_id"], row["tahun"]))
    assert cut == {(number, year) for number in ("1", "3", "6") for year in ("2019", "2020")}


@pytest.fixture(scope="module")
def sums(unit_rows):
    """{(kelurahan, year): (denominators, numerators)} added up from the RT, the shifted ones put right."""
    found = defaultdict(lambda: (defaultdict(Decimal), defaultdict(Decimal)))
    for unit, row in unit_rows:
        wholes, volumes = found[unit["kelurahan"], row["tahun"]]
        column = "proporsi" if row["rt_id"] in SHIFTED_UNITS else "volume"
        for key, value in wholes_of(unit).items():
            wholes[key] += value
        for key, value in volumes_of(row, column).items():
            volumes[key] += value
    return found


def test_a_kelurahan_adds_the_volumes_and_the_wholes_of_its_rt(sums, kelurahan):
    differing = {}
    for (name, year), row in kelurahan.items():
        if year == "2019":
            wholes, volumes = sums[name, year]
            printed = wholes_of(row) | volumes_of(row)
            for key, value in (wholes | volumes).items():
                if abs(value - printed[key]) > Decimal("1e-6"):
                    differing[name, key] = (value, printed[key])
    assert set(differing) == set(NOT_THE_SUM)
    for key, (ours, printed) in NOT_THE_SUM.items():
        assert near(differing[key][0], ours, Decimal("1e-6"))
        assert near(differing[key][1], printed, Decimal("1e-6"))


def test_a_kelurahan_scored_again_from_its_rt_has_the_printed_scores_total_and_class(sums, kelurahan):
    """None but Kauman's own wholes stand in the way; with those it has them as well."""
    for (name, year), row in kelurahan.items():
        if year != "2019":
            continue
        wholes, volumes = sums[name, year]
        result = score(wholes_of(row) if name == "Kauman" else wholes, volumes, RULES)
        assert {key: str(points) for key, points in result.score.items()} == {
            key: row[f"{code}_nilai"] for key, code in CODES.items()
        }, name
        assert (str(result.total), result.slum_class) == (row["total_nilai"], CLASSES[row["tingkat"]])


def test_averages_of_rt_would_give_other_totals(sums, unit_rows, kelurahan):
    """The sums are no accident: averaging the scores of the RT misses most printed totals."""
    totals = defaultdict(list)
    for unit, row in unit_rows:
        if row["tahun"] == "2019" and row["rt_id"] not in SHIFTED_UNITS:
            totals[unit["kelurahan"]].append(int(row["total_nilai"]))
    means = {name: round(sum(values) / len(values)) for name, values in totals.items()}
    same = [name for name, mean in means.items() if str(mean) == kelurahan[name, "2019"]["total_nilai"]]
    assert len(same) < len(means) / 2


def test_a_year_begins_with_what_the_works_of_the_year_left(kelurahan):
    """Volume of a year = that of the year before less what works delivered, never below 0 (domain 1.5)."""
    delivered = defaultdict(Decimal)
    for row in read("pekalongan_investasi_a.csv"):
        delivered[row["kelurahan"], row["tahun"], row["kriteria"]] += Decimal(row["volume"])
    differing = set()
    for (name, year), row in kelurahan.items():
        if year == YEARS[0]:
            continue
        before = volumes_of(kelurahan[name, str(int(year) - 1)])
        for key, code in CODES.items():
            works = delivered.get((name, year, code))
            left = before[key] if works is None else after_works(before[key], works)
            if not near(left, row[f"{code}_volume"], Decimal("1e-6")):
                differing.add((name, year, key))
    assert differing == NOT_LESS_THE_WORKS


def test_the_contribution_of_works_comes_out_as_printed(kelurahan):
    """Against the year before: (average before - average after) / average before."""
    differing = set()
    for (name, year), row in kelurahan.items():
        if year == YEARS[0]:
            assert row["kontribusi"] == "0"
            continue
        before = Decimal(kelurahan[name, str(int(year) - 1)]["rata_rata"])
        if not near(handling_contribution(before, Decimal(row["rata_rata"])), row["kontribusi"]):
            differing.add((name, year))
    assert differing == STALE_CONTRIBUTION


# --- East Java, 13 sheets typed over from the province's site -------------------------------------------------------
# The site prints areas with two decimals and takes the per cent of unrounded ones: (volume, area, printed per cent).
ROUNDED_AREAS = {
    ("16/164/1162", "drainage_flooding"): ("0.7", "0.95", "73.74"),
    ("16/164/1169", "drainage_flooding"): ("1", "2.13", "47"),
    ("34/123/779", "drainage_flooding"): ("0.64", "1.51", "42.51"),
}


def test_every_east_java_sheet_comes_out_as_printed():
    """Per cents are printed with two decimals."""
    rows = read("jatim_rt_a.csv")
    assert len(rows) == 13
    printed_class = {"TIDAK KUMUH": NOT_SLUM, "KUMUH RINGAN": LIGHT, "KUMUH SEDANG": MODERATE}
    differing = {}
    for row in rows:
        result = score(wholes_of(row), volumes_of(row), RULES)
        assert {key: str(points) for key, points in result.score.items()} == {
            key: row[f"{code}_nilai"] for key, code in CODES.items()
        }, row["id"]
        for key, code in CODES.items():
            if not near(result.percent[key], row[f"{code}_persen"], Decimal("0.005")):
                differing[row["id"], key] = (row[f"{code}_volume"], row["luas_verifikasi_ha"], row[f"{code}_persen"])
        assert str(result.total) == row["total_nilai"]
        for column in ("tingkat_tercetak", "tingkat_menurut_ambang"):
            assert not row[column] or result.slum_class == printed_class[row[column]]
    assert differing == ROUNDED_AREAS
    for volume, area, percent in ROUNDED_AREAS.values():
        assert round(Decimal(percent) * Decimal(area) / 100, 2) == Decimal(volume)


def test_the_means_of_east_java_are_the_means_of_the_printed_percentages():
    for row in read("jatim_rt_a.csv"):
        result = score(wholes_of(row), volumes_of(row), RULES)
        for number in ASPECTS:
            keys = [key for key in CODES if CRITERIA[key].aspect == number]
            mean = sum(Decimal(row[f"{CODES[key]}_persen"]) for key in keys) / len(keys)
            assert near(mean, row[f"rata_{number}_persen"], Decimal("0.0051")), (row["id"], number)
            if not {(row["id"], key) for key in keys} & set(ROUNDED_AREAS):
                assert near(result.aspect_average[number], row[f"rata_{number}_persen"], Decimal("0.0151"))


# --- Serang, 317 RT: scores without denominators ------------------------------------------------------------------
def test_the_class_of_every_rt_of_serang_follows_from_its_scores():
    rows = read("serang_rt_kebutuhan_a.csv")
    assert len(rows) == 317
    for row in rows:
        points = [int(value) for column, value in row.items() if column.endswith("-NUMERIK")]
        assert len(points) == 16
        assert set(points) <= {0, 1, 3, 5}
        assert sum(points) == int(row["Bobot Kumuh"])
        assert (
            RULES.class_of(sum(points))
            == {"KUMUH RINGAN": LIGHT, "KUMUH SEDANG": MODERATE}[row["Tingkat Kekumuhan Awal"]]
        )


# --- Baubau, under the older regulation -----------------------------------------------------------------------------
def test_the_classes_of_baubau_are_those_of_the_older_rule_set():
    rows = read("baubau_rt_2018.csv")
    classes = {"Tidak_Kumuh": NOT_SLUM, "Kumuh_Ringan": LIGHT, "Kumuh_Sedang": MODERATE, "Kumuh_Berat": HEAVY}
    older = RULE_SETS["permen_2_2016"]
    seen = [
        (int(row[f"nilai_{half}"]), classes[row[f"tingkat_{half}"]])
        for row in rows
        for half in ("awal", "akhir")
        if row[f"nilai_{half}"].isdigit() and row[f"tingkat_{half}"] in classes
    ]
    assert len(seen) > 20
    assert [total for total, printed in seen if older.class_of(total) != printed] == []
