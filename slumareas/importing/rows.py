"""The rows of a table as baselines, with everything that is to be said about each cell. Stores nothing.

Errors stop a row, warnings do not. The codes are those of the findings table; sentences stand in `sentences`.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np

from core.spreadsheet import Row, Value
from core.spreadsheet_shapes import Marks
from slumareas import checking, scoring
from slumareas.importing import headings
from slumareas.importing.cells import Unit, hamlet_part, plain_part, read_number, read_pair, read_unit, style_of, tidy
from slumareas.importing.merging import downwards
from slumareas.importing.places import Villages
from slumareas.importing.tables import QUANTITIES, Table
from slumareas.models.quantities import DIGITS, rounded
from slumareas.scoring import CRITERIA, DENOMINATORS, OPEN_SPACE, RuleSet

ERRORS = {
    "no_table", "unreadable_file", "no_identity", "unknown_region", "similar_region", "duplicate_row", "shifted_row",
    "year_mismatch", "rule_set_mismatch", "locked_year", "not_a_number", "formula_without_value", "date_in_cell",
    "ambiguous_number", "fraction_in_count", "negative_denominator", "zero_denominator", "zero_area", "out_of_range",
    "percent_as_volume",
}  # fmt: skip
MERGED = "merged"  # the detail of a finding
PLACE_COLUMNS = (headings.REGION_CODE, headings.VILLAGE, headings.DISTRICT, headings.YEAR)
UNIT_COLUMNS = (
    headings.RW, headings.RT, headings.RT_RW, headings.RW_RT, headings.HAMLET, headings.RULE_SET,
)  # fmt: skip
IDENTITY_COLUMNS = (*PLACE_COLUMNS, *UNIT_COLUMNS)
SCORES = frozenset((0, *(reached for _least, reached in scoring.CUTS)))
UNIT_WORDS = {
    "ha": frozenset(("ha", "hektar", "hektare")),
    "m": frozenset(("m", "meter", "mtr")),
    "m2": frozenset(("m2", "m²")),
    "building": frozenset(("unit", "bangunan", "rumah", "buah", "bh")),
    "household": frozenset(("kk",)),
    "person": frozenset(("jiwa", "orang", "org")),
}


def unit_of(key: str) -> scoring.Unit:
    if key in CRITERIA:
        return CRITERIA[key].unit
    return OPEN_SPACE.unit if key == OPEN_SPACE.key else DENOMINATORS[key].unit


def _unscaled(number: int | None, unit: scoring.Unit) -> Decimal | None:
    return None if number is None else Decimal(number).scaleb(-unit.places)


@dataclass(frozen=True)
class Note:
    """What is said about a cell, or with `column` None about the row as a whole."""

    code: str
    field: str = ""
    column: int | None = None
    value: Value = None
    detail: str = ""

    @property
    def is_error(self) -> bool:
        return self.code in ERRORS


@dataclass(slots=True)
class ReadRow:
    """`scaled` are the quantities of `table.keys` as they are stored: integers, None for blank or unreadable."""

    table: Table
    number: int
    region: str = ""
    unit: Unit = Unit()
    scaled: tuple[int | None, ...] = ()
    notes: list[Note] = field(default_factory=list)
    total: int | None = None
    slum_class: str | None = None
    state: str = ""
    before: dict[str, int | None] | None = None  # what is stored where this row would change it
    is_made_up: bool | None = None  # None: no column says so
    was_made_up: bool = False

    @property
    def sheet(self) -> str:
        return self.table.sheet.name

    @property
    def values(self) -> dict[str, Decimal | None]:
        return {key: _unscaled(number, unit_of(key)) for key, number in self.scaled_values.items()}

    @property
    def scaled_values(self) -> dict[str, int | None]:
        return dict(zip(self.table.keys, self.scaled, strict=True))

    @property
    def has_error(self) -> bool:
        return any(note.is_error for note in self.notes)

    @property
    def identity(self) -> tuple[str, str, str]:
        return self.region, self.unit.rw, self.unit.rt


class Reader:
    """Reads the rows of one table. `default` is the village of the sheet, where no column names one."""

    def __init__(
        self, table: Table, rules: RuleSet, villages: Villages, year: int, marks: Marks | None = None, default: str = ""
    ):
        self.table, self.rules, self.villages, self.year = table, rules, villages, year
        self.marks, self.default = marks or Marks(), default
        columns = table.columns
        self.cells = list(zip(*(row.values for row in table.rows), strict=True))  # by column
        self.quantities = [(key, columns[key], unit_of(key)) for key in QUANTITIES if key in columns]
        if OPEN_SPACE.key not in columns and headings.PUBLIC_SPACE in columns:
            self.quantities.append((OPEN_SPACE.key, columns[headings.PUBLIC_SPACE], OPEN_SPACE.unit))
        table.keys = tuple(key for key, _column, _unit in self.quantities)
        # Merged downwards, a figure would be that of several neighbourhoods together.
        used = {column for _key, column, _unit in self.quantities}
        self.spread = {
            (number + 1, column)
            for column, top, bottom in downwards(self.marks.merged, used, table.last_row)
            for number in range(top, bottom + 1)
        }
        self.has_marked_cells = bool(
            self.spread or self.marks.error_cells or self.marks.without_value or self.marks.percent_cells
        )
        self.made_up = columns.get(headings.MADE_UP)
        self._kinds = [set(map(type, cells)) for cells in self.cells]
        self._floats: dict[int, np.ndarray] = {}
        self.styles = {
            key: style_of(self.column(column)) if self._kinds and str in self._kinds[column] else None
            for key, column, _unit in self.quantities
        }
        self.shares = {
            key for key, column, unit in self.quantities if unit.places == 0 and self._looks_like_percent(column)
        }
        table.anchor = self.anchor = next(
            (
                columns[name]
                for name in (headings.RT, headings.RT_RW, headings.RW_RT, headings.RW, headings.VILLAGE)
                if name in columns
            ),
            None,
        )

    def column(self, column: int) -> Sequence[Value]:
        return self.cells[column] if self.cells else ()

    def floats(self, column: int) -> np.ndarray:
        """The numbers of a column, NaN for every cell that is none of its own accord."""
        if column not in self._floats:
            cells = self.column(column)
            if self._kinds and self._kinds[column] - {float, type(None)}:
                cells = [value if type(value) is float else None for value in cells]
            self._floats[column] = np.array(cells, float)
        return self._floats[column]

    def _looks_like_percent(self, column: int) -> bool:
        """A column of counts that holds fractions of 1 or per cents nearly everywhere."""
        numbers = self.floats(column)
        numbers = numbers[np.isfinite(numbers)]
        broken = np.count_nonzero(numbers != np.rint(numbers))
        return broken >= 2 and broken * 2 > np.count_nonzero(numbers) and numbers.max() <= 100

    def explain(self, row: Row, known: Mapping[str, int | None] | None = None) -> ReadRow:
        """The long way: every cell is judged by itself, save those that are `known`, as stored integers."""
        found = ReadRow(self.table, row.number)
        if broken := self._broken_identity(row):
            found.notes.append(broken)
        else:
            self.find_place(row, found)
            self.find_unit(row, found)
        self._find_marks(row, found)
        known = known or {}
        values = {
            key: _unscaled(known[key], unit) if key in known else self._quantity(row, key, column, unit, found.notes)
            for key, column, unit in self.quantities
        }
        found.scaled = tuple(
            known[key] if key in known else None if values[key] is None else int(values[key].scaleb(unit.places))
            for key, _column, unit in self.quantities
        )
        self._check_row(row, found, values)
        return found

    # --- who -----------------------------------------------------------------------------------------------
    def find_place(self, row: Row, found: ReadRow) -> None:
        cell = self._cells(row)
        place = self.villages.find(
            cell(headings.REGION_CODE), cell(headings.VILLAGE) or self.default or None, cell(headings.DISTRICT)
        )
        found.region = place.code
        if place.finding:
            names = (headings.REGION_CODE, headings.VILLAGE)
            column = next((self.table.columns[name] for name in names if cell(name) is not None), self.anchor)
            value = row.values[column] if column is not None and column < len(row.values) else None
            found.notes.append(Note(place.finding, "region", column, value or self.default, place.suggestion))
        year = cell(headings.YEAR)
        if year is not None and plain_part(year) != str(self.year):
            found.notes.append(Note("year_mismatch", "year", self.table.columns[headings.YEAR], year))

    def find_unit(self, row: Row, found: ReadRow) -> None:
        cell = self._cells(row)
        found.unit = self._unit(cell)
        if found.unit.finding:
            found.notes.append(Note(found.unit.finding, "rt", self.anchor, self._anchor_value(row)))
        rule_set = cell(headings.RULE_SET)
        if rule_set is not None and rule_set_of(rule_set) != self.rules.key:
            column = self.table.columns[headings.RULE_SET]
            found.notes.append(Note("rule_set_mismatch", "rule_set", column, rule_set))

    def _find_marks(self, row: Row, found: ReadRow) -> None:
        for rows, code in ((self.marks.hidden_rows, "hidden_row"), (self.marks.struck_rows, "struck_out_row")):
            if row.number in rows:
                found.notes.append(Note(code, "", self.anchor, self._anchor_value(row)))

    def _unit(self, cell) -> Unit:
        for name, rw_first in ((headings.RT_RW, False), (headings.RW_RT, True)):
            if name in self.table.columns:
                unit = read_pair(cell(name), rw_first)
                before = hamlet_part(cell(headings.HAMLET))
                return Unit(before + unit.rw, unit.rt, unit.finding) if before and unit.rt else unit
        return read_unit(cell(headings.RW), cell(headings.RT), cell(headings.HAMLET))

    def _broken_identity(self, row: Row) -> Note | None:
        """An RT or village that is an error or a formula without value: the empty cell must not pass for a blank."""
        for name in IDENTITY_COLUMNS:
            place = (row.number, self.table.columns.get(name, -1))
            if place in self.marks.error_cells:
                return Note("no_identity", "rt", self.anchor, self.marks.error_cells[place])
            if place in self.marks.without_value and row.values[place[1]] is None:
                return Note("formula_without_value", name, place[1])
        return None

    def _cells(self, row: Row):
        def cell(name: str) -> Value:
            column = self.table.columns.get(name)
            value = row.values[column] if column is not None and column < len(row.values) else None
            return None if isinstance(value, str) and not tidy(value) else value

        return cell

    def _anchor_value(self, row: Row) -> Value:
        return row.values[self.anchor] if self.anchor is not None and self.anchor < len(row.values) else None

    # --- numbers -------------------------------------------------------------------------------------------
    def _quantity(self, row: Row, key: str, column: int, unit: scoring.Unit, notes: list[Note]) -> Decimal | None:
        value = row.values[column] if column < len(row.values) else None
        if self.has_marked_cells and (note := self._said_of_cell(row, key, column, value)):
            notes.append(note)
            return None
        if value is None and key == OPEN_SPACE.key:
            return None  # recorded where there is any, never scored
        reading = read_number(value, self.styles[key], UNIT_WORDS[unit.key])
        if reading.finding:
            notes.append(Note(reading.finding, key, column, value))
        if reading.value is None:
            return None
        if reading.value and reading.value.adjusted() >= DIGITS - unit.places:
            notes.append(Note("out_of_range", key, column, value))
            return None
        if unit.places == 0:
            if reading.value == reading.value.to_integral_value():
                return reading.value
            notes.append(Note("percent_as_volume" if key in self.shares else "fraction_in_count", key, column, value))
            return None
        return rounded(reading.value, unit.places)

    def _said_of_cell(self, row: Row, key: str, column: int, value: Value) -> Note | None:
        """Why a cell says no number whatever stands in it."""
        place = (row.number, column)
        if place in self.marks.error_cells:
            return Note("not_a_number", key, column, self.marks.error_cells[place])
        if place in self.spread:
            return Note("not_a_number", key, column, value, MERGED)
        if value is None and place in self.marks.without_value:
            return Note("formula_without_value", key, column)
        if place in self.marks.percent_cells and isinstance(value, int | float):
            return Note("percent_as_volume", key, column, value)
        return None

    def _check_row(self, row: Row, found: ReadRow, values: dict[str, Decimal | None]) -> None:
        seen = {(note.code, note.field) for note in found.notes}
        spoken = {note.field for note in found.notes}
        columns = {key: column for key, column, _unit in self.quantities}
        is_village = not (found.unit.rw or found.unit.rt)
        scaled = found.scaled_values  # numerator and denominator in one scale
        result = scoring.score(scaled, scaled, self.rules)
        for one in checking.check_values(values, self.rules, is_village=is_village, result=result):
            if one.code == "blank_value" and (one.field not in columns or one.field in spoken):
                continue
            if (one.code, one.field) not in seen:
                column = columns.get(one.field, self.anchor)
                value = row.values[column] if column is not None and column < len(row.values) else None
                found.notes.append(Note(one.code, one.field, column, value))
        if self._is_shifted(row, found):
            found.notes.append(Note("shifted_row", "", self.anchor, self._anchor_value(row)))
        if not found.has_error:
            found.total, found.slum_class = result.total, result.slum_class
            self._compare_totals(row, found, result)

    # --- damage that no single cell shows --------------------------------------------------------------------
    def _is_shifted(self, row: Row, found: ReadRow) -> bool:
        """Scores that are no scores, or errors that vanish when the row is read one or two columns beside."""
        scores = [
            read_number(row.values[column]).value for column in self.table.scores.values() if column < len(row.values)
        ]
        odd = [score for score in scores if score is not None and score not in SCORES]
        if len(odd) >= 2:
            return True
        errors = sum(note.is_error for note in found.notes if note.field in self.table.keys)
        if errors < 2:
            return False
        return any(self._errors_beside(row, offset) * 3 <= errors for offset in (1, -1, 2, -2))

    def _errors_beside(self, row: Row, offset: int) -> int:
        notes: list[Note] = []
        values = {}
        for key, column, unit in self.quantities:
            beside = column + offset
            value = row.values[beside] if 0 <= beside < len(row.values) else None
            moved = Row(row.number, (*([None] * column), value))
            values[key] = self._quantity(moved, key, column, unit, notes)
        notes += [Note(one.code, one.field) for one in checking.check_values(values, self.rules)]
        return sum(note.is_error or note.code == "above_denominator" for note in notes)

    def _compare_totals(self, row: Row, found: ReadRow, result: scoring.Result) -> None:
        """Scores, per cents, total and class of the sheet against what follows from its volumes."""
        different = []
        for key, column in self.table.scores.items():
            reading = read_number(row.values[column] if column < len(row.values) else None)
            if reading.value is not None and result.score.get(key) not in (None, reading.value):
                different.append((key, column))
        for key, column in self.table.percents.items():
            reading = read_number(row.values[column] if column < len(row.values) else None)
            percent = result.percent.get(key)
            if reading.value is not None and percent is not None and not _same_percent(reading.value, percent):
                different.append((key, column))
        cell = self._cells(row)
        total = read_number(cell(headings.TOTAL)).value if cell(headings.TOTAL) is not None else None
        if total is not None and result.total is not None and total != result.total:
            different.append(("total", self.table.columns[headings.TOTAL]))
        named = class_of(cell(headings.CLASS))
        if named and result.slum_class and named != result.slum_class:
            different.append(("class", self.table.columns[headings.CLASS]))
        if different:
            name, column = different[-1]
            found.notes.append(Note("total_differs", name, column, row.values[column]))


def _same_percent(written: Decimal, percent: Decimal) -> bool:
    """As per cent or as share, within the rounding of two decimals."""
    return abs(written - percent) <= Decimal("0.011") or abs(written * 100 - percent) <= Decimal("0.011")


def says_made_up(value: Value) -> bool:
    """Whatever is no plain no: figures that are not meant seriously must not become real by a misspelt word."""
    return tidy(str(value)).lower() not in _NOT_MADE_UP if value is not None else False


_NOT_MADE_UP = {"", "0", "0.0", "false", "no", "n", "tidak", "t", "bukan", "-"}


def rule_set_of(value: Value) -> str | None:
    """`permen_14_2018`, or the regulation as people write it; None for anything else."""
    text = tidy(str(value)).lower().replace(" ", "_")
    if text in scoring.RULE_SETS:
        return text
    numbers = {int(number) for number in re.findall("[0-9]+", text)}
    return next((key for key, named in _REGULATIONS.items() if named <= numbers), None)


_REGULATIONS = {scoring.PERMEN_14_2018: {14, 2018}, scoring.PERMEN_2_2016: {2, 2016}}
_CLASS_WORDS = (
    (scoring.NOT_SLUM, ("tidak", "bukan", "tk")),
    (scoring.HEAVY, ("berat", "kb")),
    (scoring.MODERATE, ("sedang", "ks")),
    (scoring.LIGHT, ("ringan", "kr")),
)


def class_of(value: Value) -> str | None:
    """`KR`, `Kumuh Ringan`, `ringan`, `Bukan Kumuh` as a class; None for anything else."""
    words = tidy(str(value)).lower().replace("_", " ").split() if value is not None else []
    return next((name for name, signs in _CLASS_WORDS if any(sign in words for sign in signs)), None)
