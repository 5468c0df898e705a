"""The short way through a table reads what the long way reads, and leaves to it every row of which something is said."""

import datetime
import random

import pytest

from core.spreadsheet import Row, Sheet
from slumareas.importing.places import Villages
from slumareas.importing.plain_rows import PlainRows
from slumareas.importing.rows import Reader
from slumareas.importing.tables import find_table
from slumareas.scoring import PERMEN_14_2018, RULE_SETS, score
from tests import factories
from tests.slumareas.importing.messy import CRITERIA, DENOMINATORS, grid, truth

pytestmark = pytest.mark.django_db
RULES = RULE_SETS[PERMEN_14_2018]
ODD = [
    None, "", "-", "nihil", "n/a", "12", " 12 ", "1.234", "1,5", "1.5", "x", True, 0, 0.0, -1.0, -0.004, 0.5, 2.675, 0.1 + 0.2,
    3.14159265, 1e9, 1e300, 250.0, 99999.0, 10**6, "25 %", "#REF!", datetime.date(2019, 1, 2), float("nan"), float("inf"),
]  # fmt: skip


@pytest.fixture
def villages():
    factories.VillageFactory(code="19.05.01.1001", name="Tanjung", kind="kelurahan")
    factories.VillageFactory(code="19.05.01.1003", name="Sungai Baru", kind="kelurahan")
    return Villages()


def with_results(cells: list[list], rows: list[dict]) -> list[list]:
    """A total, a class, a score and a per cent beside the volumes."""
    found = [[*cells[0], "1a. Ketidakteraturan Bangunan (%)", "1a. Ketidakteraturan Bangunan NILAI", "Total Nilai"]]
    for line, row in zip(cells[1:], rows, strict=True):
        values = {key: round(row[key] * 10**6) for key in (*DENOMINATORS, *CRITERIA)}
        result = score(values, values, RULES)
        percent = float(round(result.percent["building_irregular"], 2))
        found.append([*line, percent, result.score["building_irregular"], result.total])
    return found


def as_read(cells: list[list]) -> Sheet:
    rows = [tuple(float(v) if isinstance(v, int) and not isinstance(v, bool) else v for v in line) for line in cells]
    return Sheet("Baseline", tuple(Row(number, values) for number, values in enumerate(rows, start=1)))


@pytest.mark.parametrize("seed", range(12))
def test_both_ways_read_the_same(villages, seed):
    dice, rows = random.Random(seed), truth(40)  # noqa: S311
    cells = grid(rows) if seed % 2 else with_results(grid(rows), rows)
    for line in dice.sample(cells[1:], 30):
        for _time in range(dice.choice((1, 1, 1, 2, 6))):
            line[dice.randrange(len(line))] = dice.choice(ODD)
    table = find_table(as_read(cells), PERMEN_14_2018)
    reader = Reader(table, RULES, villages, 2019)
    plain = PlainRows(reader)
    short = {row.number: plain.read(index, row) for index, row in enumerate(table.rows)}
    assert sum(one is not None for one in short.values()) >= 8
    for index, row in enumerate(table.rows):
        found, long = short[row.number], reader.explain(row)
        assert reader.explain(row, plain.known(index, row)) == long
        if found is not None:
            assert long.notes == []
            assert (found.identity, found.scaled) == (long.identity, long.scaled)
            assert (found.total, found.slum_class) == (long.total, long.slum_class)
            assert list(map(type, found.scaled)) == list(map(type, long.scaled))
