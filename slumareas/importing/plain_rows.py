"""The rows of a table that need no word: whole tables are nearly all such rows, and they cost little here.

Judged by column, since rows are many and columns few. Whatever is not simply right is left to `Reader.explain`.
"""

from collections.abc import Callable, Iterator

import numpy as np

from core.spreadsheet import Row
from slumareas import checking, scoring
from slumareas.importing import headings
from slumareas.importing.cells import Unit, read_number
from slumareas.importing.rows import (
    IDENTITY_COLUMNS,
    PLACE_COLUMNS,
    UNIT_COLUMNS,
    UNIT_WORDS,
    Reader,
    ReadRow,
    class_of,
    says_made_up,
    unit_of,
)
from slumareas.scoring import DENOMINATORS, OPEN_SPACE

_EXACT_BELOW = 2**40  # below it a float still tells a thousandth of the last stored digit
_NEARLY = 0.001
_SAME_PERCENT = 0.0105  # a little less than the long way lets pass
_PER_HECTARE = 10**scoring.HECTARE.places
Scaled = dict[str, np.ndarray]  # of each quantity the stored integers, with 0 where a cell is odd or blank


def read_rows(reader: Reader) -> Iterator[ReadRow]:
    """Every data row. One in which nothing is odd takes the short way; it would say the same on the long one."""
    plain = PlainRows(reader)
    for index, row in enumerate(reader.table.rows):
        found = plain.read(index, row) or reader.explain(row, plain.known(index, row))
        if reader.made_up is not None:
            found.is_made_up = says_made_up(row.values[reader.made_up])
        yield found


class PlainRows:
    """A row with a mark, or a cell that is not simply a number within its bounds, takes the long way."""

    def __init__(self, reader: Reader):
        self.reader, self.rules = reader, reader.rules
        table = reader.table
        self.total, self.named_class = table.columns.get(headings.TOTAL), table.columns.get(headings.CLASS)
        self.compares = bool(table.scores or table.percents or {headings.TOTAL, headings.CLASS} & table.columns.keys())
        self.marked = self._marked_rows()
        self.is_plain, self.values, self.totals = [False] * len(table.rows), [], []
        # Without the whole beside it, or in a table of odd columns, every row takes the long way.
        if table.rows and set(table.keys) - {OPEN_SPACE.key} == {*DENOMINATORS, *self.rules.keys}:
            self._judge()

    def _columns(self, *names: str) -> list[int]:
        columns = self.reader.table.columns
        return [columns[name] for name in names if name in columns]

    def known(self, index: int, row: Row) -> dict[str, int | None]:
        """Of any row the cells that need no word by themselves, as stored integers."""
        if not self.values or row.number in self.marked:
            return {}
        values = zip(self.values[index], self.is_right[index], strict=True)
        return {key: value for key, (value, is_right) in zip(self.reader.table.keys, values, strict=True) if is_right}

    def _judge(self) -> None:
        is_odd = np.array([row.number in self.marked for row in self.reader.table.rows])
        scaled, stored, right = {}, [], []
        for key, column, unit in self.reader.quantities:
            numbers = self._numbers(key, column, unit) * 10**unit.places
            scaled[key] = np.rint(numbers)
            with np.errstate(invalid="ignore"):  # infinity less itself
                is_right = np.abs(numbers - scaled[key]) <= (_NEARLY if unit.places else 0)
            is_right &= np.abs(numbers) < _EXACT_BELOW
            scaled[key] = np.where(is_right, scaled[key], 0).astype(np.int64)
            stored.append(scaled[key].tolist())
            if key == OPEN_SPACE.key:  # recorded where there is any
                cells = self.reader.column(column)
                for index in np.flatnonzero(~is_right).tolist():
                    if cells[index] is None:
                        stored[-1][index], is_right[index] = None, True
            right.append(is_right)
            is_odd |= ~is_right
        is_odd |= self._is_odd_together(scaled)
        self.is_plain = (~is_odd).tolist()
        self.is_right = np.stack(right, axis=1)
        self.values = list(zip(*stored, strict=True))
        self.totals = self._totals(scaled).tolist()
        self.classes = {total: self.rules.class_of(total) for total in set(self.totals)}
        self.regions = self._each(PLACE_COLUMNS, self._region)
        self.units = self._each(UNIT_COLUMNS, self._unit)

    def _marked_rows(self) -> set[int]:
        marks = self.reader.marks
        used = {column for _key, column, _unit in self.reader.quantities} | set(self._columns(*IDENTITY_COLUMNS))
        marked = marks.hidden_rows | marks.struck_rows | {row for row, _column in self.reader.spread}
        marked |= {row for row, column in marks.error_cells if column in used}
        return marked | marks.without_value.rows_of(used) | marks.percent_cells.rows_of(used)

    def _numbers(self, key: str, column: int, unit: scoring.Unit) -> np.ndarray:
        """What the cells say, NaN where they do not plainly say a number that is stored without rounding."""
        numbers = self.reader.floats(column).copy()
        cells, style, words = self.reader.column(column), self.reader.styles[key], UNIT_WORDS[unit.key]
        known: dict[str, float] = {}
        for index in np.flatnonzero(np.isnan(numbers)).tolist():
            value = cells[index]
            if type(value) is str:
                if value not in known:
                    reading = read_number(value, style, words)
                    exact = None if reading.finding or reading.value is None else reading.value.scaleb(unit.places)
                    known[value] = float(reading.value) if exact is not None and exact == int(exact) else np.nan
                numbers[index] = known[value]
            elif type(value) is int and abs(value) < _EXACT_BELOW:
                numbers[index] = value
        return numbers

    def _is_odd_together(self, scaled: Scaled) -> np.ndarray:
        """Rows of which a number, or two of them together, may need a word."""
        odd = np.zeros(len(self.reader.table.rows), bool)
        for key in DENOMINATORS:
            limit = int(checking.LIMITS[key][0].scaleb(unit_of(key).places))
            odd |= (scaled[key] <= 0) | (scaled[key] > limit)
        for criterion in self.rules.criteria:
            odd |= (scaled[criterion.key] < 0) | (scaled[criterion.key] > scaled[criterion.denominator])
        for whole, (first, second) in scoring.PARTS_OF_WHOLE:
            odd |= scaled[first] + scaled[second] > scaled[whole]
        area, people = scaled["verified_area_ha"], scaled["population"]
        odd |= people < scaled["household_count"]
        odd |= scaled["building_count"] * _PER_HECTARE > checking.MOST_BUILDINGS_PER_HA * area
        odd |= people * _PER_HECTARE > checking.MOST_PEOPLE_PER_HA * area
        if OPEN_SPACE.key in scaled:
            most = int(checking.LIMITS[OPEN_SPACE.key][0].scaleb(OPEN_SPACE.unit.places))
            odd |= (scaled[OPEN_SPACE.key] < 0) | (scaled[OPEN_SPACE.key] > most)
        return odd

    def _totals(self, scaled: Scaled) -> np.ndarray:
        return sum(
            scoring.points_of_many(scaled[criterion.key], scaled[criterion.denominator])
            for criterion in self.rules.criteria
        )

    def _each(self, names: tuple[str, ...], told: Callable) -> list:
        """What these columns say in each row, by `told`; each different text is looked at once."""
        rows, columns = self.reader.table.rows, self._columns(*names)
        if not columns:
            return [told(rows[0])] * len(rows)
        keys = list(zip(*map(self.reader.column, columns), strict=True))
        known = {}
        for key, row in zip(keys, rows, strict=True):
            if key not in known:
                known[key] = told(row)
        return [known[key] for key in keys]

    def _region(self, row: Row) -> str:
        """The village where it can be told without a word."""
        found = ReadRow(self.reader.table, row.number)
        self.reader.find_place(row, found)
        return "" if found.notes else found.region

    def _unit(self, row: Row) -> Unit | None:
        """RT and RW where they can be told without a word."""
        found = ReadRow(self.reader.table, row.number)
        self.reader.find_unit(row, found)
        return found.unit if not found.notes and found.unit.rt else None

    # --- by row ----------------------------------------------------------------------------------------------
    def read(self, index: int, row: Row) -> ReadRow | None:
        """The row, or None where there may be something to say about it."""
        if not self.is_plain[index]:
            return None
        region, unit = self.regions[index], self.units[index]
        if not (region and unit):
            return None
        values, total = self.values[index], self.totals[index]
        slum_class = self.classes[total]
        if self.compares and self._may_differ(row, values, total, slum_class):
            return None
        return ReadRow(self.reader.table, row.number, region, unit, values, [], total, slum_class)

    def _may_differ(self, row: Row, values: tuple[int, ...], total: int, slum_class: str) -> bool:
        """Whether a score, per cent, total or class beside the volumes is not plainly the one that follows."""
        table, cells = self.reader.table, row.values
        by_key = dict(zip(table.keys, values, strict=True))
        result = scoring.score(by_key, by_key, self.rules)
        if any(cells[column] != result.score[key] for key, column in table.scores.items() if key in result.score):
            return True
        for key, column in table.percents.items():
            share = cells[column]
            if key not in result.fractions:
                return True
            part, whole = result.fractions[key]
            percent = 100 * part / whole
            if type(share) is not float or min(abs(share - percent), abs(share * 100 - percent)) > _SAME_PERCENT:
                return True
        if self.total is not None and cells[self.total] != total:
            return True
        return self.named_class is not None and class_of(cells[self.named_class]) != slum_class
