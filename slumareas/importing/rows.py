"""The rows of a table as baselines, with everything that is to be said about each cell. Stores nothing.

Errors stop a row, warnings do not. The codes are those of the findings table; sentences stand in `sentences`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from decimal import Decimal

from core.spreadsheet import Row, Value
from core.spreadsheet_marks import Marks
from slumareas import checking, scoring
from slumareas.importing import headings
from slumareas.importing.cells import Unit, hamlet_part, plain_part, read_number, read_pair, read_unit, style_of, tidy
from slumareas.importing.places import Villages
from slumareas.importing.tables import QUANTITIES, Table
from slumareas.models.quantities import rounded
from slumareas.scoring import CRITERIA, DENOMINATORS, OPEN_SPACE, RuleSet

ERRORS = {
    "no_table", "unreadable_file", "no_identity", "unknown_region", "similar_region", "duplicate_row", "shifted_row",
    "year_mismatch", "rule_set_mismatch", "locked_year", "not_a_number", "formula_without_value", "date_in_cell",
    "ambiguous_number", "fraction_in_count", "negative_denominator", "zero_denominator", "zero_area", "out_of_range",
    "percent_as_volume",
}  # fmt: skip
SCORES = frozenset((0, *(reached for _least, reached in scoring.CUTS)))
_UNIT_WORDS = {
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


@dataclass
class ReadRow:
    sheet: str
    number: int
    region: str = ""
    unit: Unit = Unit()
    values: dict[str, Decimal | None] = field(default_factory=dict)
    notes: list[Note] = field(default_factory=list)
    result: scoring.Result | None = None
    columns: dict[str, int] = field(default_factory=dict)
    anchor: int | None = None

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
        self.quantities = [(key, columns[key], unit_of(key)) for key in QUANTITIES if key in columns]
        if OPEN_SPACE.key not in columns and headings.PUBLIC_SPACE in columns:
            self.quantities.append((OPEN_SPACE.key, columns[headings.PUBLIC_SPACE], OPEN_SPACE.unit))
        self.styles = {key: style_of(self._column(column)) for key, column, _unit in self.quantities}
        self.shares = {
            key for key, column, unit in self.quantities if unit.places == 0 and self._looks_like_percent(column)
        }
        self.anchor = next(
            (
                columns[name]
                for name in (headings.RT, headings.RT_RW, headings.RW_RT, headings.RW, headings.VILLAGE)
                if name in columns
            ),
            None,
        )

    def _column(self, column: int) -> Iterable[Value]:
        return (row.values[column] for row in self.table.rows if column < len(row.values))

    def _looks_like_percent(self, column: int) -> bool:
        """A column of counts that holds fractions of 1 or per cents nearly everywhere."""
        numbers = [value for value in self._column(column) if isinstance(value, float)]
        broken = [value for value in numbers if not value.is_integer()]
        return len(broken) >= 2 and len(broken) * 2 > len([value for value in numbers if value]) and max(numbers) <= 100

    def read(self, row: Row) -> ReadRow:
        found = ReadRow(self.table.sheet.name, row.number, columns=self.table.columns, anchor=self.anchor)
        self._identify(row, found)
        for key, column, unit in self.quantities:
            found.values[key] = self._quantity(row, key, column, unit, found.notes)
        self._check_row(row, found)
        return found

    # --- who -----------------------------------------------------------------------------------------------
    def _identify(self, row: Row, found: ReadRow) -> None:
        cell = self._cells(row)
        place = self.villages.find(
            cell(headings.REGION_CODE), cell(headings.VILLAGE) or self.default or None, cell(headings.DISTRICT)
        )
        found.region = place.code
        if place.finding:
            names = (headings.REGION_CODE, headings.VILLAGE)
            column = next((self.table.columns[name] for name in names if cell(name) is not None), self.anchor)
            value = row.values[column] if column is not None and column < len(row.values) else None
            found.notes.append(Note(place.finding, "region", column, value, place.suggestion))
        found.unit = self._unit(cell)
        if found.unit.finding:
            found.notes.append(Note(found.unit.finding, "rt", self.anchor, self._anchor_value(row)))
        for rows, code in ((self.marks.hidden_rows, "hidden_row"), (self.marks.struck_rows, "struck_out_row")):
            if row.number in rows:
                found.notes.append(Note(code, "", self.anchor, self._anchor_value(row)))
        year = cell(headings.YEAR)
        if year is not None and plain_part(year) != str(self.year):
            found.notes.append(Note("year_mismatch", "year", self.table.columns[headings.YEAR], year))

    def _unit(self, cell) -> Unit:
        for name, rw_first in ((headings.RT_RW, False), (headings.RW_RT, True)):
            if name in self.table.columns:
                unit = read_pair(cell(name), rw_first)
                before = hamlet_part(cell(headings.HAMLET))
                return Unit(before + unit.rw, unit.rt, unit.finding) if before and unit.rt else unit
        return read_unit(cell(headings.RW), cell(headings.RT), cell(headings.HAMLET))

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
        place = (row.number, column)
        if place in self.marks.error_cells:
            notes.append(Note("not_a_number", key, column, self.marks.error_cells[place]))
            return None
        if value is None and place in self.marks.without_value:
            notes.append(Note("formula_without_value", key, column))
            return None
        if place in self.marks.percent_cells and isinstance(value, int | float):
            notes.append(Note("percent_as_volume", key, column, value))
            return None
        reading = read_number(value, self.styles[key], _UNIT_WORDS[unit.key])
        if reading.finding:
            notes.append(Note(reading.finding, key, column, value))
        if reading.value is None:
            return None
        if unit.places == 0:
            if reading.value == reading.value.to_integral_value():
                return reading.value
            notes.append(Note("percent_as_volume" if key in self.shares else "fraction_in_count", key, column, value))
            return None
        return rounded(reading.value, unit.places)

    def _check_row(self, row: Row, found: ReadRow) -> None:
        seen = {(note.code, note.field) for note in found.notes}
        spoken = {note.field for note in found.notes}
        columns = {key: column for key, column, _unit in self.quantities}
        is_village = not (found.unit.rw or found.unit.rt)
        for one in checking.check_values(found.values, self.rules, is_village=is_village):
            if one.code == "blank_value" and (one.field not in columns or one.field in spoken):
                continue
            if (one.code, one.field) not in seen:
                column = columns.get(one.field, self.anchor)
                value = row.values[column] if column is not None and column < len(row.values) else None
                found.notes.append(Note(one.code, one.field, column, value))
        if self._is_shifted(row, found):
            found.notes.append(Note("shifted_row", "", self.anchor, self._anchor_value(row)))
        if not found.has_error:
            found.result = scoring.score(found.values, found.values, self.rules)
            self._compare_totals(row, found)

    # --- damage that no single cell shows --------------------------------------------------------------------
    def _is_shifted(self, row: Row, found: ReadRow) -> bool:
        """Scores that are no scores, or errors that vanish when the row is read one or two columns beside."""
        scores = [
            read_number(row.values[column]).value for column in self.table.scores.values() if column < len(row.values)
        ]
        odd = [score for score in scores if score is not None and score not in SCORES]
        if len(odd) >= 2:
            return True
        errors = sum(note.is_error for note in found.notes if note.field in found.values)
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

    def _compare_totals(self, row: Row, found: ReadRow) -> None:
        """Scores, per cents, total and class of the sheet against what follows from its volumes."""
        result, different = found.result, []
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
