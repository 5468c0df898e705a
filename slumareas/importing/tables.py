"""Finding the import table in a sheet: its heading, what each column means, and which rows are data. No database."""

import hashlib
import re
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import product

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from openpyxl.utils import column_index_from_string

from core.spreadsheet import Sheet, Value
from slumareas.importing import headings
from slumareas.importing.cells import BLANK_SIGNS, tidy
from slumareas.importing.headings import PERCENT, SCORE, SHARE, VOLUME, Meaning, meaning_of, normalised
from slumareas.importing.merging import Merged, Spans
from slumareas.scoring import CRITERIA, DENOMINATORS, OPEN_SPACE, RULE_SETS

SEARCHED_ROWS = 30
MOST_HEADING_ROWS = 3
LEAST_QUANTITIES = 4  # fewer understood columns are no import table
IDENTITY = {headings.REGION_CODE, headings.VILLAGE, headings.RW, headings.RT, headings.RT_RW, headings.RW_RT}
QUANTITIES = {*DENOMINATORS, *CRITERIA, OPEN_SPACE.key}
MAPPABLE = (
    QUANTITIES
    | IDENTITY
    | {headings.DISTRICT, headings.HAMLET, headings.YEAR, headings.PUBLIC_SPACE, headings.TOTAL, headings.MADE_UP}
)
BEFORE, AFTER = "awal", "akhir"
_KIND_WORDS = {
    "volume", "persen", "%", "nilai", "proporsi", "awal", "akhir", "baseline", "numerik", "satuan", "ha", "m", "m2", "unit",
    "kk", "jiwa", "kebutuhan",
}  # fmt: skip


@dataclass
class Table:
    """`columns`: field -> index of the volume; `percents`, `scores`: criterion -> index; rows are numbers as in Excel."""

    sheet: Sheet
    heading_rows: list[int]
    columns: dict[str, int]
    percents: dict[str, int] = field(default_factory=dict)
    scores: dict[str, int] = field(default_factory=dict)
    unmapped: list[int] = field(default_factory=list)
    ignored: list[tuple[int, str]] = field(default_factory=list)
    rows: list = field(default_factory=list)
    above: list[str] = field(default_factory=list)
    codes: dict[str, str] = field(default_factory=dict)
    keys: tuple[str, ...] = ()  # the quantities that are read, in the order of a row's numbers
    anchor: int | None = None  # the column of the RT, or of what else names a row

    @property
    def last_row(self) -> int:
        return self.sheet.rows[-1].number

    @property
    def width(self) -> int:
        return max(len(row.values) for row in self.sheet.rows)


def find_table(
    sheet: Sheet,
    rule_set: str,
    merged: Iterable[Merged] = (),
    mapping: dict | None = None,
) -> Table | None:
    """The table of a sheet, or None where none is recognised. `merged`: ((row, column), (row, column)) from 0.

    `mapping`: {"header_rows": [3, 4], "columns": {field: letter or None}, "ignored": [letter]}, all optional, goes
    before what the headings say. Raises ValidationError where it does not fit the sheet.
    """
    spans = Spans(merged)
    if mapping and mapping.get("header_rows"):
        table = _heading_at(sheet, mapping["header_rows"], rule_set, spans)
    else:
        table = _best_heading(sheet, rule_set, spans)
        if table is None:
            return None
        if _is_lower_heading(sheet, table.heading_rows):
            table = _read_heading(sheet, table.heading_rows[0] - 1, len(table.heading_rows) + 1, rule_set, spans)
    if mapping:
        _apply(mapping, table)
    if len(QUANTITIES & table.columns.keys()) < (1 if mapping else LEAST_QUANTITIES):
        return None
    _sort_rows(table)
    _drop_empty_of_other_rule_set(table, rule_set)
    above = sheet.rows[: table.heading_rows[0] - 1]
    table.above = [tidy(str(value)) for row in above for value in row.values if value]
    return table


def _best_heading(sheet: Sheet, rule_set: str, spans: Spans) -> Table | None:
    best, best_rank = None, (0, 0, 0)
    for start, depth in product(range(min(SEARCHED_ROWS, len(sheet.rows))), range(1, MOST_HEADING_ROWS + 1)):
        if start + depth > len(sheet.rows) or sheet.rows[start].is_empty:
            continue
        table = _read_heading(sheet, start, depth, rule_set, spans)
        understood = len(QUANTITIES & table.columns.keys())
        rank = (understood + 2 * bool(IDENTITY & table.columns.keys()), len(table.percents) + len(table.scores), -depth)
        if rank > best_rank:
            best, best_rank = table, rank
    return best


def heading_of(table: Table) -> str:
    """The words of the heading, column by column."""
    rows = [table.sheet.rows[number - 1].values for number in table.heading_rows]
    return " | ".join(tidy(str(value)) for row in rows for value in row if value is not None)


def shape_of(table: Table) -> str:
    """The same for two sheets with the same heading, whatever stands below."""
    rows = [table.sheet.rows[number - 1].values for number in table.heading_rows]
    texts = [normalised(value) if isinstance(value, str) else "" for row in rows for value in row]
    return hashlib.sha256("|".join(texts).encode()).hexdigest()


# --- what a person said about the columns ------------------------------------------------------------------
def cell_at(address: str) -> tuple[int, int]:
    """(row, column from 0) of `K5`. Raises ValidationError."""
    found = re.fullmatch("([A-Z]{1,3})([1-9][0-9]{0,6})", address)
    if not found:
        raise ValidationError(_("“%(cell)s” is no cell. Write it like K5.") % {"cell": address})
    return int(found[2]), column_index_from_string(found[1]) - 1


def _heading_at(sheet: Sheet, header_rows: list[int], rule_set: str, spans: Spans) -> Table:
    first, depth = header_rows[0], len(header_rows)
    if header_rows != list(range(first, first + depth)) or depth > MOST_HEADING_ROWS or first < 1:
        raise ValidationError(_("Name one to three heading rows that follow each other."))
    if first + depth - 1 > len(sheet.rows):
        raise ValidationError(_("The sheet “%(sheet)s” has no row %(row)s.") % {"sheet": sheet.name, "row": first})
    return _read_heading(sheet, first - 1, depth, rule_set, spans)


def _apply(mapping: dict, table: Table) -> None:
    for field_name, letters in (mapping.get("columns") or {}).items():
        if field_name not in MAPPABLE:
            raise ValidationError(_("“%(field)s” is no field of a baseline.") % {"field": field_name})
        table.columns.pop(field_name, None)
        if letters is not None:
            column = _column_at(letters, table)
            for known in (table.columns, table.percents, table.scores):
                for other in [name for name, place in known.items() if place == column]:
                    del known[other]
            table.columns[field_name] = column
            table.unmapped = [one for one in table.unmapped if one != column]
    ignored = {_column_at(letters, table) for letters in mapping.get("ignored") or []}
    table.unmapped = [column for column in table.unmapped if column not in ignored]


def _column_at(letters: str, table: Table) -> int:
    column = column_index_from_string(letters) - 1 if re.fullmatch("[A-Z]{1,3}", str(letters)) else table.width
    if column >= table.width:
        raise ValidationError(_("There is no column “%(column)s” in this sheet.") % {"column": letters})
    return column


def _is_lower_heading(sheet: Sheet, heading_rows: list[int]) -> bool:
    """Whether the row below the heading says nothing but VOLUME, PROSEN, NILAI or units: then it belongs to it."""
    if len(heading_rows) == MOST_HEADING_ROWS or heading_rows[-1] >= len(sheet.rows):
        return False
    above, below = (sheet.rows[place].values for place in (heading_rows[-1] - 1, heading_rows[-1]))
    values = [value for value, over in zip(below, above, strict=False) if value is not None and value != over]
    return len(values) > 2 and all(
        isinstance(value, str) and set(normalised(value).split() or [tidy(value).lower()]) <= _KIND_WORDS
        for value in values
    )


def _read_heading(sheet: Sheet, start: int, depth: int, rule_set: str, spans: Spans) -> Table:
    rows = [list(row.values) for row in sheet.rows[start : start + depth]]
    width = max(map(len, rows))
    for number, row in enumerate(rows):
        row.extend([None] * (width - len(row)))
        if number < depth - 1:
            _fill_right(rows, number, start, spans)
    table = Table(sheet, list(range(start + 1, start + depth + 1)), {})
    found: dict[tuple[str, str], list[tuple[int, str]]] = defaultdict(list)
    for column in range(width):
        parts = [tidy(str(row[column])) for row in rows if isinstance(row[column], str) and tidy(row[column])]
        meaning, stage = _meaning(list(dict.fromkeys(parts)), rule_set)
        if meaning is None:
            if parts:
                table.unmapped.append(column)
        elif meaning.field != headings.KNOWN:
            found[meaning.field, meaning.kind].append((column, stage))
            if meaning.code:
                table.codes[meaning.field] = meaning.code
    _place_columns(table, found)
    return table


def _fill_right(rows: list[list[Value]], number: int, start: int, spans: Spans) -> None:
    """The text of a heading that spans several columns, in each of them. Without marks of merging: while below is text."""
    row, last = rows[number], None
    beside = spans.beside(start + number, len(row))
    for column, value in enumerate(row):
        if column in beside:
            row[column] = row[beside[column]]
        elif value is not None:
            last = value
        elif not spans and last is not None and any(isinstance(below[column], str) for below in rows[number + 1 :]):
            row[column] = last


def _meaning(parts: list[str], rule_set: str) -> tuple[Meaning | None, str]:
    """The most particular words first: the lowest heading alone, then with what stands above it."""
    stage, kind, particular = "", None, []
    for part in parts:
        words = set(normalised(part).split())
        if words and words <= _KIND_WORDS:
            stage = stage or next((name for name in (BEFORE, AFTER) if name in words), "")
            kind = _kind(words) or kind
        else:
            stage = stage or next((name for name in (BEFORE, AFTER) if name in words), "")
            particular.append(part)
    if not particular:
        meaning = meaning_of(" ".join(parts), rule_set) if parts else None
        return meaning, stage
    for size in range(1, len(particular) + 1):
        meaning = meaning_of(" ".join(particular[-size:]), rule_set)
        if meaning:
            return (Meaning(meaning.field, kind, meaning.code) if kind else meaning), stage
    return None, stage


def _kind(words: set[str]) -> str | None:
    if words & {"persen", "%"}:
        return PERCENT
    if words & {"nilai", "numerik"}:
        return SCORE
    if "proporsi" in words:
        return SHARE
    return VOLUME if words & {"volume", "kebutuhan"} else None


def _place_columns(table: Table, found) -> None:
    """One column for each meaning. AKHIR is read where there is AWAL too; what stands twice is not understood."""
    for (name, kind), places in found.items():
        stages = {stage for _column, stage in places}
        if AFTER in stages and len(stages) > 1:
            places = [(column, stage) for column, stage in places if stage == AFTER]
        if len(places) > 1:
            table.unmapped += [column for column, _stage in places]
            continue
        column = places[0][0]
        if name in CRITERIA and kind in (PERCENT, SHARE):
            table.percents[name] = column
        elif name in CRITERIA and kind == SCORE:
            table.scores[name] = column
        else:
            table.columns[name] = column
    table.unmapped.sort()


# --- rows ------------------------------------------------------------------------------------------------
_SUM_WORDS = re.compile(
    r"^(?:sub\s*[-.]?\s*total|grand\s*total|total|jumlah|sub\s*jumlah|rata\s*-?\s*rata|rerata|average)\b", re.IGNORECASE
)


def _sort_rows(table: Table) -> None:
    """Data rows, and the others with the reason why they are none."""
    heading = {tidy(str(value)).lower() for value in table.sheet.rows[table.heading_rows[-1] - 1].values if value}
    quantity_columns = [column for name, column in table.columns.items() if name in QUANTITIES]
    for row in table.sheet.rows[table.heading_rows[-1] :]:
        if row.is_empty:
            continue
        reason = _no_data(row.values, quantity_columns, heading, row.number == table.heading_rows[-1] + 1)
        if reason:
            table.ignored.append((row.number, reason))
        else:
            table.rows.append(row)


def _no_data(values: tuple[Value, ...], quantity_columns: list[int], heading: set[str], is_first: bool) -> str:
    texts = [value for value in values if value.__class__ is str]
    if any(map(_says_sum, texts)):
        return "subtotal"
    if is_first and _is_counting(values):
        return "column_numbers"
    if any(type(values[column]) is float for column in quantity_columns if column < len(values)):
        return ""
    if len(texts) > 2 and sum(tidy(text).lower() in heading for text in texts if tidy(text)) > len(texts) / 2:
        return "heading"
    has_quantity = any(
        column < len(values) and values[column] is not None and not _is_words(values[column])
        for column in quantity_columns
    )
    if not has_quantity and sum(value is not None for value in values) <= 2:
        return "note"
    return ""


@lru_cache(maxsize=10_000)
def _says_sum(text: str) -> bool:
    return bool(_SUM_WORDS.match(tidy(text)))


def _is_words(value: Value) -> bool:
    """Text without a digit that is no sign for a blank."""
    return isinstance(value, str) and not re.search("[0-9]", value) and tidy(value).lower() not in BLANK_SIGNS


def _is_counting(values: tuple[Value, ...]) -> bool:
    """`(1) (2) (3) …` or `1 2 3 …` under the headings."""
    numbers = []
    for value in values:
        if value is None:
            continue
        text = tidy(str(value)).strip("()")
        if not re.fullmatch(r"[0-9]+(?:\.0)?", text):
            return False
        numbers.append(int(float(text)))
    return len(numbers) > 5 and numbers == list(range(numbers[0], numbers[0] + len(numbers)))


def speaks_of_other_rule_set(table: Table, rule_set: str) -> bool:
    """Whether the criteria columns, or the codes before their names, are those of another rule set."""
    named = CRITERIA.keys() & (table.columns.keys() | table.percents.keys())
    if named - {criterion.key for criterion in RULE_SETS[rule_set].criteria}:
        return True
    wrong = {
        name: sum(CRITERIA[key].codes.get(name) != code for key, code in table.codes.items() if key in CRITERIA)
        for name in RULE_SETS
    }
    return wrong[rule_set] > 0 and min(wrong.values()) == 0


def _drop_empty_of_other_rule_set(table: Table, rule_set: str) -> None:
    """A table for both rule sets has columns that one of them leaves empty."""
    for key in CRITERIA.keys() & table.columns.keys() - set(RULE_SETS[rule_set].keys):
        column = table.columns[key]
        if all(column >= len(row.values) or row.values[column] is None for row in table.rows):
            del table.columns[key]
