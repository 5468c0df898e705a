"""A file as it would be imported: its tables, rows and findings, and what storing it would do. Stores nothing."""

import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from openpyxl.utils import get_column_letter

from core.jobs import no_progress
from core.models import Region
from core.spreadsheet import Row, Sheet, Value, as_text
from core.spreadsheet_shapes import Marks
from slumareas import checking, scoring
from slumareas.importing import headings
from slumareas.importing.book import Book
from slumareas.importing.merging import downwards
from slumareas.importing.places import Villages, plain_name
from slumareas.importing.plain_rows import read_rows
from slumareas.importing.rows import Note, Reader, ReadRow, rule_set_of
from slumareas.importing.steps import CHECKING, COMPARING, ROWS_A_SIGN
from slumareas.importing.tables import SEARCHED_ROWS, Table, cell_at, find_table, shape_of, speaks_of_other_rule_set
from slumareas.models import AssessmentYear
from slumareas.models.assessments import stored_rows
from slumareas.models.baselines import stamp_of
from slumareas.models.quantities import QUANTITY_KEYS

NEW, CHANGED, UNCHANGED, ERROR = "new", "changed", "unchanged", "error"


@dataclass(frozen=True)
class Finding:
    """Something that is said about a file, sheet, column, row or cell; `cell` as Excel names it."""

    code: str
    sheet: str | None = None
    cell: str | None = None
    row: int | None = None
    field: str | None = None
    value: str | None = None
    detail: str = ""
    is_error: bool = False


@dataclass
class Choices:
    """What people decided about a file: where its columns stand, which village is meant, what a cell should say.

    `mapping`: [{"sheet", "header_rows", "columns": {field: letter}}]; `villages`: {name as written: code};
    `cells`: {sheet: {"K5": "12"}}.
    """

    mapping: list[dict] = field(default_factory=list)
    villages: dict[str, str] = field(default_factory=dict)
    cells: dict[str, dict[str, str]] = field(default_factory=dict)
    remembered: dict[str, dict] = field(default_factory=dict)  # shape of a heading: its mapping


@dataclass
class Analysis:
    file: str
    sha256: str
    year: int
    rule_set: str
    tables: list[Table] = field(default_factory=list)
    rows: list[ReadRow] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    stamp: list = field(default_factory=list)  # of the stored rows it was compared with

    @property
    def is_unreadable(self) -> bool:
        return not self.tables

    @property
    def changing_rows(self) -> list[ReadRow]:
        return [row for row in self.rows if row.state in (NEW, CHANGED)]

    @property
    def has_errors(self) -> bool:
        return any(finding.is_error for finding in self.findings)

    @property
    def has_warnings(self) -> bool:
        return any(not finding.is_error for finding in self.findings)

    def counts(self) -> dict[str, int]:
        states = Counter(row.state for row in self.rows)
        return {
            "rows": len(self.rows),
            NEW: states[NEW],
            CHANGED: states[CHANGED],
            UNCHANGED: states[UNCHANGED],
            "errors": states[ERROR],
            "warnings": sum(not finding.is_error for finding in self.findings),
            "ignored": sum(len(table.ignored) for table in self.tables),
        }


def analyse(
    book: Book | ValidationError,
    sha256: str,
    name: str,
    *,
    year: int,
    rule_set: str | None = None,
    region: Region | None = None,
    choices: Choices | None = None,
    progress=no_progress,
) -> Analysis:
    """Look at every visible sheet. `book` is the file as it was read, or why it could not be.

    `region` is the village of the file, or a district in which to look. Raises ValidationError where the choices do not
    fit the file.
    """
    choices = choices or Choices()
    if isinstance(book, ValidationError):
        found = Analysis(name, sha256, year, rule_set or scoring.default_rule_set(year))
        found.findings.append(Finding("unreadable_file", detail=book.messages[0], is_error=True))
        found.stamp = stamp_of(None)
        return found
    rules = scoring.RULE_SETS[rule_set or _named_rule_set(book) or scoring.default_rule_set(year)]
    found = Analysis(name, sha256, year, rules.key)
    _refuse_unknown_sheets(book, choices)
    villages = Villages(region, {plain_name(written): code for written, code in choices.villages.items()})
    for sheet in book.sheets:
        if sheet.is_hidden:
            found.findings.append(Finding("hidden_sheet", sheet.name))
            continue
        marks = book.marks.get(sheet.name) or Marks()
        sheet = _corrected(_filled_down(sheet, marks), marks, choices.cells.get(sheet.name, {}))
        mapping = next((one for one in choices.mapping if one.get("sheet") in (None, sheet.name)), None)
        table = find_table(sheet, rules.key, marks.merged, mapping)
        if table is not None and mapping is None and (mapping := choices.remembered.get(shape_of(table))):
            table = find_table(sheet, rules.key, marks.merged, mapping)
        if table is not None:
            _read_table(found, table, rules, villages, marks, progress)
    if not found.tables:
        found.findings.append(Finding("no_table", is_error=True))
    _find_duplicates(found)
    progress(COMPARING)
    compare(found)
    for row in found.rows:
        if row.notes:
            found.findings += [finding_of(row, note) for note in row.notes]
    return found


def _refuse_unknown_sheets(book: Book, choices: Choices) -> None:
    names = {sheet.name for sheet in book.sheets}
    for name in (*(one.get("sheet") for one in choices.mapping), *choices.cells):
        if name is not None and name not in names:
            raise ValidationError(_("There is no sheet “%(name)s” in this file.") % {"name": name})


def _named_rule_set(book: Book) -> str | None:
    """The rule set that a column of the file names, where it names one only."""
    named = set()
    for sheet in book.sheets:
        for row in () if sheet.is_hidden else sheet.rows[:SEARCHED_ROWS]:
            for column, value in enumerate(row.values):
                if isinstance(value, str) and headings.normalised(value) == "rule set":
                    below = {below.values[column] for below in sheet.rows[row.number :]}
                    named |= {rule_set_of(text) for text in below if text is not None}
    return named.pop() if len(named) == 1 else None


def _corrected(sheet: Sheet, marks: Marks, cells: dict[str, str]) -> Sheet:
    """The sheet with what people wrote instead; such a cell loses what was said about it."""
    if not cells:
        return sheet
    rows = {row.number: row for row in sheet.rows}
    for address, text in cells.items():
        number, column = cell_at(address)
        row = rows.get(number)
        if row is None or column >= len(row.values):
            raise ValidationError(_("There is no cell %(cell)s in this file.") % {"cell": address})
        values = list(row.values)
        values[column] = text.strip() or None
        rows[number] = Row(number, tuple(values))
        marks.error_cells.pop((number, column), None)
        marks.without_value.discard((number, column))
        marks.percent_cells.discard((number, column))
    return Sheet(sheet.name, tuple(rows.values()), sheet.is_hidden)


def _filled_down(sheet: Sheet, marks: Marks) -> Sheet:
    """The value of a cell that was merged downwards in each of its rows: a village above its neighbourhoods."""
    down = [one for one in marks.merged if one[1][0] > one[0][0] and one[0][1] == one[1][1]]
    if not down:
        return sheet
    rows = [list(row.values) for row in sheet.rows]
    for column, top, bottom in downwards(down, {left for (_top, left), _end in down}, len(rows)):
        above = rows[top][column] if column < len(rows[top]) else None
        for number in range(top + 1, bottom + 1):
            if column < len(rows[number]) and rows[number][column] is None:
                rows[number][column] = above
    filled = (Row(row.number, tuple(values)) for row, values in zip(sheet.rows, rows, strict=True))
    return Sheet(sheet.name, tuple(filled), sheet.is_hidden)


# --- one sheet -------------------------------------------------------------------------------------------
def _read_table(found: Analysis, table: Table, rules, villages: Villages, marks: Marks, progress) -> None:
    found.tables.append(table)
    sheet = table.sheet.name
    letter = {key: get_column_letter(column + 1) for key, column in table.columns.items()}
    last = table.heading_rows[-1]
    for column in table.unmapped:
        text = next(
            (
                row.values[column]
                for row in reversed(table.sheet.rows[table.heading_rows[0] - 1 : last])
                if row.values[column] is not None
            ),
            None,
        )
        cell = f"{get_column_letter(column + 1)}{last}"
        found.findings.append(Finding("unknown_column", sheet, cell, last, None, as_text(text)))
    wanted = [*scoring.DENOMINATORS, *(criterion.key for criterion in rules.criteria)]
    found.findings += [Finding("missing_column", sheet, None, None, key) for key in wanted if key not in letter]
    default = _village_of_sheet(table, villages)
    reader = Reader(table, rules, villages, found.year, marks, default)
    whole = [code for code, is_so in _whole_sheet(found, table, rules.key) if is_so]
    for number, row in enumerate(read_rows(reader)):
        if number % ROWS_A_SIGN == 0:
            progress(CHECKING, number, len(table.rows))
        if whole:
            row.notes += [Note(code, "", reader.anchor, None) for code in whole]
        found.rows.append(row)


def _whole_sheet(found: Analysis, table: Table, rule_set: str):
    named = {
        int(year) for text in (*table.above, table.sheet.name) for year in re.findall(r"(?<!\d)(20\d\d)(?!\d)", text)
    }
    yield "year_mismatch", bool(named) and found.year not in named and headings.YEAR not in table.columns
    yield "rule_set_mismatch", speaks_of_other_rule_set(table, rule_set)


def _village_of_sheet(table: Table, villages: Villages) -> str:
    """The village that a line above the table or the sheet's name gives, where no column does."""
    if {headings.VILLAGE, headings.REGION_CODE} & table.columns.keys():
        return ""
    for text in (*table.above, table.sheet.name):
        for part in re.split(r"[:,;]|\s{2,}", text):
            if plain_name(part) in villages.by_name:
                return part.strip()
    return ""


# --- the whole file --------------------------------------------------------------------------------------
def _find_duplicates(found: Analysis) -> None:
    """Both rows of a conflict are errors; one of the same values is kept once, with a warning on the other."""
    named = [row for row in found.rows if row.region and not row.unit.finding]
    times = Counter([row.identity for row in named])
    groups: dict[tuple, list[ReadRow]] = defaultdict(list)
    for row in named if len(times) < len(named) else ():
        if times[row.identity] > 1:
            groups[row.identity].append(row)
    for rows in groups.values():
        first, *others = rows
        if all(other.scaled_values == first.scaled_values for other in others):
            for other in others:
                other.notes.append(Note("repeated_row", "rt", other.table.anchor, None, str(first.number)))
        else:
            for row in rows:
                row.notes.append(
                    Note(
                        "duplicate_row",
                        "rt",
                        row.table.anchor,
                        None,
                        ", ".join(str(one.number) for one in rows if one is not row),
                    )
                )


def compare(found: Analysis) -> None:
    """New, changed or unchanged against what is stored; jumps against the year before; a year that is closed."""
    codes = {row.region for row in found.rows if row.region}
    regions = dict(Region.objects.filter(code__in=codes).values_list("pk", "code"))
    year = AssessmentYear.objects.filter(year=found.year, rule_set=found.rule_set).first()
    found.stamp = stamp_of(year)
    stored = _stored(year, regions)
    before = _stored(_year_before(found), regions)
    for row in found.rows:
        if year is not None and not year.is_draft:
            row.notes.append(Note("locked_year", "", row.table.anchor))
        if not (before or stored or row.notes):
            row.state = NEW
            continue
        previous = before.get(row.identity)
        if previous and not row.has_error:
            columns = row.table.columns
            jumps = checking.jumps(row.scaled_values, previous[1])
            row.notes += [Note(one.code, one.field, columns.get(one.field, row.table.anchor)) for one in jumps]
        if row.has_error:
            row.state = ERROR
        elif any(note.code == "repeated_row" for note in row.notes):
            row.state = UNCHANGED
        else:
            _compare_row(row, stored.get(row.identity), found.rule_set)


def _compare_row(row: ReadRow, stored: tuple[bool, dict[str, int | None]] | None, rule_set: str) -> None:
    """What the file has no column for stays as it is stored, and counts in the score."""
    if stored is None:
        row.state = NEW
        return
    row.was_made_up, kept = stored
    now = row.scaled_values
    is_same = all(kept[key] == value for key, value in now.items())
    row.state = UNCHANGED if is_same and row.is_made_up in (None, row.was_made_up) else CHANGED
    row.before = kept if row.state == CHANGED else None
    result = scoring.score(kept | now, kept | now, scoring.RULE_SETS[rule_set])
    row.total, row.slum_class = result.total, result.slum_class


def _year_before(found: Analysis) -> AssessmentYear | None:
    return AssessmentYear.objects.measured().filter(year__lt=found.year).order_by("-year", "rule_set").first()


def _stored(year: AssessmentYear | None, regions: dict[int, str]) -> dict[tuple, tuple[bool, dict[str, int | None]]]:
    """{(code, rw, rt): (whether made up, quantities as they are stored)}"""
    if year is None or not regions:
        return {}
    return {
        (regions[region], rw, rt): (is_made_up, dict(zip(QUANTITY_KEYS, values, strict=True)))
        for (region, rw, rt), (is_made_up, values) in stored_rows(year, regions).items()
    }


def finding_of(row: ReadRow, note: Note) -> Finding:
    column = note.column
    cell = None if column is None else f"{get_column_letter(column + 1)}{row.number}"
    return Finding(
        note.code, row.sheet, cell, row.number, note.field or None, _as_written(note.value), note.detail, note.is_error
    )


def _as_written(value: Value) -> str | None:
    return None if value is None else as_text(value)
