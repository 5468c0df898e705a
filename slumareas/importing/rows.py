"""The rows of a table as baselines, with everything that is to be said about each cell. Stores nothing.

Errors stop a row, warnings do not. The codes are those of the findings table; sentences stand in `sentences`.
"""

import operator
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal

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
        return {
            key: None if number is None else Decimal(number).scaleb(-unit_of(key).places)
            for key, number in self.scaled_values.items()
        }

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
        self.made_up = columns.get(headings.MADE_UP)
        self.styles = {key: style_of(self._column(column)) for key, column, _unit in self.quantities}
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

    def _column(self, column: int) -> Sequence[Value]:
        return self.cells[column] if self.cells else ()

    def _looks_like_percent(self, column: int) -> bool:
        """A column of counts that holds fractions of 1 or per cents nearly everywhere."""
        broken = [value for value in self._column(column) if type(value) is float and not value.is_integer()]
        if len(broken) < 2:
            return False
        numbers = [value for value in self._column(column) if type(value) is float]
        return len(broken) * 2 > len([value for value in numbers if value]) and max(numbers) <= 100

    def read(self) -> Iterator[ReadRow]:
        """Every data row. One in which nothing is odd takes the short way; it would say the same on the long one."""
        plain = PlainRows(self)
        for index, row in enumerate(self.table.rows):
            found = plain.read(index, row) or self.explain(row)
            if self.made_up is not None:
                found.is_made_up = says_made_up(row.values[self.made_up])
            yield found

    def explain(self, row: Row) -> ReadRow:
        """The long way: every cell is judged by itself."""
        found = ReadRow(self.table, row.number)
        if broken := self._broken_identity(row):
            found.notes.append(broken)
        else:
            self.find_place(row, found)
            self.find_unit(row, found)
        self._find_marks(row, found)
        values = {key: self._quantity(row, key, column, unit, found.notes) for key, column, unit in self.quantities}
        self._check_row(row, found, values)
        found.scaled = tuple(
            None if values[key] is None else int(values[key].scaleb(unit.places))
            for key, _column, unit in self.quantities
        )
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
        place = (row.number, column)
        if place in self.marks.error_cells:
            notes.append(Note("not_a_number", key, column, self.marks.error_cells[place]))
            return None
        if place in self.spread:
            notes.append(Note("not_a_number", key, column, value, MERGED))
            return None
        if value is None and place in self.marks.without_value:
            notes.append(Note("formula_without_value", key, column))
            return None
        if place in self.marks.percent_cells and isinstance(value, int | float):
            notes.append(Note("percent_as_volume", key, column, value))
            return None
        if value is None and key == OPEN_SPACE.key:
            return None  # recorded where there is any, never scored
        reading = read_number(value, self.styles[key], _UNIT_WORDS[unit.key])
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

    def _check_row(self, row: Row, found: ReadRow, values: dict[str, Decimal | None]) -> None:
        seen = {(note.code, note.field) for note in found.notes}
        spoken = {note.field for note in found.notes}
        columns = {key: column for key, column, _unit in self.quantities}
        is_village = not (found.unit.rw or found.unit.rt)
        result = scoring.score(values, values, self.rules)
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


class PlainRows:
    """The rows of a table that need no word: whole tables are nearly all such rows, and they cost little here.

    A cell that is not simply a number within its bounds, or a row with any mark, is left to `Reader.explain`.
    """

    def __init__(self, reader: Reader):
        self.reader, self.rules = reader, reader.rules
        self.odd: set[int] = set()
        columns = {key: self._scaled(key, column, unit) for key, column, unit in reader.quantities}
        self.values = list(zip(*columns.values(), strict=True))
        # Without the whole beside it, or in a table of odd columns, every row takes the long way.
        known = {*DENOMINATORS, *self.rules.keys}
        self.is_usual = known == columns.keys() - {OPEN_SPACE.key}
        self.totals: list[int] = []
        if self.is_usual and self.values:
            self._find_odd(columns)
            self.totals = self._totals(columns)
        marks = reader.marks
        used = {column for _key, column, _unit in reader.quantities} | set(self._columns(*IDENTITY_COLUMNS))
        self.marked = marks.hidden_rows | marks.struck_rows | {row for row, _column in reader.spread}
        self.marked |= {row for row, column in marks.error_cells if column in used}
        self.marked |= marks.without_value.rows_of(used) | marks.percent_cells.rows_of(used)
        self.place_columns = self._columns(*PLACE_COLUMNS)
        self.unit_columns = self._columns(*UNIT_COLUMNS)
        self.places: dict[tuple, str] = {}
        self.units: dict[tuple, Unit] = {}
        self.total = reader.table.columns.get(headings.TOTAL)
        self.named_class = reader.table.columns.get(headings.CLASS)
        self.compares = bool(
            reader.table.scores or reader.table.percents or self.total is not None or self.named_class is not None
        )

    def _find_odd(self, columns: dict[str, list[int]]) -> None:
        """Rows of which a number, or two of them together, may need a word. By column: rows are many, columns few."""
        odd = self.odd
        for key in DENOMINATORS:
            limit = int(checking.LIMITS[key][0].scaleb(unit_of(key).places))
            odd.update([index for index, whole in enumerate(columns[key]) if not 0 < whole <= limit])
        for criterion in self.rules.criteria:
            pairs = zip(columns[criterion.key], columns[criterion.denominator], strict=True)
            odd.update([index for index, (part, whole) in enumerate(pairs) if not 0 <= part <= whole])
        for name, (first, second) in scoring.PARTS_OF_WHOLE:
            triples = zip(columns[first], columns[second], columns[name], strict=True)
            odd.update([index for index, (one, other, whole) in enumerate(triples) if one + other > whole])
        dense = zip(
            columns["verified_area_ha"], columns["population"], columns["household_count"], columns["building_count"],
            strict=True,
        )  # fmt: skip
        odd.update(
            [
                index
                for index, (area, people, households, buildings) in enumerate(dense)
                if people < households
                or buildings * _PER_HECTARE > checking.MOST_BUILDINGS_PER_HA * area
                or people * _PER_HECTARE > checking.MOST_PEOPLE_PER_HA * area
            ]
        )
        most = checking.LIMITS[OPEN_SPACE.key][0] * 10**OPEN_SPACE.unit.places
        spaces = enumerate(columns.get(OPEN_SPACE.key, ()))
        odd.update([index for index, space in spaces if space is not None and not 0 <= space <= most])

    def _totals(self, columns: dict[str, list[int]]) -> list[int]:
        points = [
            scoring.points_of_many(columns[criterion.key], columns[criterion.denominator])
            for criterion in self.rules.criteria
        ]
        return list(map(sum, zip(*points, strict=True)))

    def _scaled(self, key: str, column: int, unit: scoring.Unit) -> list[int]:
        """The column as stored integers; the places of odd cells are noted in `odd`, with 0 in their stead."""
        cells = self.reader.cells[column] if self.reader.cells else ()
        kinds = set(map(type, cells))
        if float in kinds and kinds <= {float, type(None)}:
            blanks = _places_of_blanks(cells) if len(kinds) > 1 else []
            floats = list(cells)
            for index in blanks:
                floats[index] = 0.0
            numbers = _whole_numbers(floats, unit)
            if numbers is not None:
                if key != OPEN_SPACE.key:
                    self.odd.update(blanks)
                else:
                    for index in blanks:
                        numbers[index] = None
                return numbers
        style, words, factor = self.reader.styles[key], _UNIT_WORDS[unit.key], 10**unit.places
        texts: dict[str, int | None] = {}
        found, odd = [], self.odd
        for index, value in enumerate(cells):
            number = None
            if type(value) is float:
                scaled = value * factor
                if abs(scaled) < _EXACT_BELOW:
                    number = round(scaled)
                    if abs(scaled - number) > (_NEARLY if unit.places else 0):
                        number = None
            elif type(value) is str:
                if value not in texts:
                    reading = read_number(value, style, words)
                    exact = None if reading.finding or reading.value is None else reading.value.scaleb(unit.places)
                    texts[value] = int(exact) if exact is not None and exact == int(exact) else None
                number = texts[value]
            elif type(value) is int:
                number = value * factor
            if number is None and not (value is None and key == OPEN_SPACE.key):
                odd.add(index)
                number = 0
            found.append(number)
        return found

    def read(self, index: int, row: Row) -> ReadRow | None:
        """The row, or None where there may be something to say about it."""
        if index in self.odd or not self.is_usual or row.number in self.marked:
            return None
        values = self.values[index]
        identity = self._identity(row)
        if identity is None:
            return None
        total = self.totals[index]
        slum_class = self.rules.class_of(total)
        if self.compares and self._may_differ(row, values, total, slum_class):
            return None
        region, unit = identity
        return ReadRow(self.reader.table, row.number, region, unit, values, [], total, slum_class)

    def _columns(self, *names: str) -> list[int]:
        columns = self.reader.table.columns
        return [columns[name] for name in names if name in columns]

    def _identity(self, row: Row) -> tuple[str, Unit] | None:
        """Village and RT where they can be told without a word; each different text is looked at once."""
        cells = row.values
        place = tuple([cells[column] for column in self.place_columns])
        if place not in self.places:
            found = ReadRow(self.reader.table, row.number)
            self.reader.find_place(row, found)
            self.places[place] = "" if found.notes else found.region
        asked = tuple([cells[column] for column in self.unit_columns])
        if asked not in self.units:
            found = ReadRow(self.reader.table, row.number)
            self.reader.find_unit(row, found)
            self.units[asked] = Unit() if found.notes else found.unit
        region, unit = self.places[place], self.units[asked]
        return (region, unit) if region and unit.rt else None

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


def _places_of_blanks(cells: Sequence[Value]) -> list[int]:
    """Of few among many: from one to the next."""
    places, last = [], -1
    with suppress(ValueError):
        while True:
            last = cells.index(None, last + 1)
            places.append(last)
    return places


def _whole_numbers(floats: Sequence[float], unit: scoring.Unit) -> list[int] | None:
    """All of a column as stored integers, or None where one of them has further digits or is too large."""
    factor = 10**unit.places
    if max(map(abs, floats)) * factor >= _EXACT_BELOW:
        return None
    scaled = [value * factor for value in floats] if unit.places else floats
    numbers = list(map(round, scaled))
    if numbers == scaled or (unit.places and max(map(abs, map(operator.sub, scaled, numbers))) <= _NEARLY):
        return numbers
    return None


_EXACT_BELOW = 2**40  # below it a float still tells a thousandth of the last stored digit
_NEARLY = 0.001
_SAME_PERCENT = 0.0105  # a little less than `_same_percent` lets pass
_PER_HECTARE = 10**scoring.HECTARE.places


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
