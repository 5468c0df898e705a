"""Merged cells: what they cover, and that thousands of them over the whole sheet cost no more than their number."""

import sys

import pytest

from core.spreadsheet import Row, Sheet
from slumareas.importing.merging import Spans, downwards
from slumareas.importing.tables import find_table
from slumareas.scoring import DENOMINATORS, PERMEN_14_2018, RULE_SETS

KEYS = ["region", "rw", "rt", *DENOMINATORS, *RULE_SETS[PERMEN_14_2018].keys]


def test_a_heading_stands_in_each_column_that_it_covers():
    spans = Spans([((0, 1), (0, 3)), ((1, 0), (2, 0)), ((0, 5), (1, 9))])
    assert spans.beside(0, 8) == {2: 1, 3: 1, 6: 5, 7: 5}
    assert spans.beside(1, 8) == {}


def test_where_two_overlap_each_cell_counts_once():
    spans = Spans([((0, 0), (0, 4)), ((0, 2), (0, 6)), ((0, 0), (0, 1))])
    assert spans.beside(0, 10) == {1: 0, 2: 0, 3: 0, 4: 0, 5: 2, 6: 2}
    assert list(downwards([((0, 2), (4, 2)), ((2, 1), (9, 3))], {2, 3}, 8)) == [(2, 0, 4), (2, 5, 7), (3, 2, 7)]


def test_beside_each_other_is_not_downwards():
    assert list(downwards([((3, 0), (3, 9))], {1, 2}, 20)) == []


def steps(action) -> int:
    """Lines of the program that it runs: its work, which no busy machine makes more of."""
    counted = 0

    def count(_frame, event, _argument):
        nonlocal counted
        counted += event == "line"
        return count

    before = sys.gettrace()
    sys.settrace(count)
    try:
        action()
    finally:
        sys.settrace(before)
    return counted


ROWS, COLUMNS = 300, len(KEYS)
SHEET = Sheet(
    "Jebakan",
    (
        Row(1, tuple(KEYS)),
        *(Row(number, ("19.05.01.1001", "1", str(number), *[1.0] * (COLUMNS - 3))) for number in range(2, ROWS + 1)),
    ),
)
TRAPS = {
    "over the whole sheet": lambda number: ((0, 0), (1_048_575, 16_383)),
    "from every row": lambda number: ((number % ROWS, 0), (1_048_575, 16_383)),
    "from every column": lambda number: ((0, number % 16_000), (1_048_575, 16_383)),
    "columns downwards": lambda number: ((number % ROWS, number % COLUMNS), (1_048_575, number % COLUMNS)),
}


@pytest.mark.parametrize("trap", TRAPS.values(), ids=TRAPS)
def test_many_large_merged_cells_cost_as_much_as_their_number(trap):
    def work(many):
        merged = [trap(number) for number in range(many)]

        def look():
            find_table(SHEET, PERMEN_14_2018, merged)
            cells = sum(bottom - top + 1 for _column, top, bottom in downwards(merged, range(COLUMNS), ROWS))
            assert cells <= ROWS * COLUMNS

        return steps(look)

    work(10)  # what is looked up once is known now
    none, few, many = work(0), work(1_000), work(4_000)
    assert many - none < 5 * max(few - none, 1_000)
    assert many - none < 4_000 * COLUMNS * 8
