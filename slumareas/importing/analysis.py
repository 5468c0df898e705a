"""A file as it would be imported: its tables, rows and findings, and what storing it would do. Stores nothing."""

import hashlib
import re
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal

from django.core.exceptions import ValidationError
from openpyxl.utils import get_column_letter

from core.models import Region
from core.spreadsheet import Row, Sheet, Value, as_text, read_book
from core.spreadsheet_marks import Marks
from slumareas import checking, scoring
from slumareas.importing import headings
from slumareas.importing.places import Villages, plain_name
from slumareas.importing.rows import Note, Reader, ReadRow
from slumareas.importing.tables import Table, find_table, speaks_of_other_rule_set
from slumareas.models import AssessmentYear, Baseline
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
class Analysis:
    file: str
    sha256: str
    year: int
    rule_set: str
    tables: list[Table] = field(default_factory=list)
    rows: list[ReadRow] = field(default_factory=list)
    states: dict[int, str] = field(default_factory=dict)  # id of a row -> its state
    findings: list[Finding] = field(default_factory=list)

    def state_of(self, row: ReadRow) -> str:
        return self.states[id(row)]

    @property
    def is_unreadable(self) -> bool:
        return not self.tables

    @property
    def valid_rows(self) -> list[ReadRow]:
        return [row for row in self.rows if self.state_of(row) in (NEW, CHANGED)]

    def counts(self) -> dict[str, int]:
        states = Counter(self.states.values())
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
    content: bytes, name: str, *, year: int, rule_set: str | None = None, region: Region | None = None
) -> Analysis:
    """Read every visible sheet. `region` is the village of the file, or a district in which to look."""
    rules = scoring.RULE_SETS[rule_set or scoring.default_rule_set(year)]
    found = Analysis(name, hashlib.sha256(content).hexdigest(), year, rules.key)
    villages = Villages(region)
    try:
        book = read_book(content, name)
    except ValidationError as refused:
        found.findings.append(Finding("unreadable_file", detail=refused.messages[0], is_error=True))
        return found
    marks = book.marks
    for sheet in book.sheets:
        if sheet.is_hidden:
            found.findings.append(Finding("hidden_sheet", sheet.name))
            continue
        marked = marks.get(sheet.name) or Marks()
        table = find_table(_filled_down(sheet, marked), rules.key, marked.merged)
        if table is not None:
            _read_table(found, table, rules, villages, marked)
    if not found.tables:
        found.findings.append(Finding("no_table", is_error=True))
    _find_duplicates(found)
    _compare(found)
    for row in found.rows:
        found.findings += [_finding(row, note) for note in row.notes]
    return found


def _filled_down(sheet: Sheet, marks: Marks) -> Sheet:
    """The value of a cell that was merged downwards in each of its rows: a village above its neighbourhoods."""
    down = [((top, left), bottom) for (top, left), (bottom, right) in marks.merged if bottom > top and left == right]
    if not down:
        return sheet
    rows = [list(row.values) for row in sheet.rows]
    for (top, left), bottom in down:
        for number in range(top + 1, min(bottom + 1, len(rows))):
            if left < len(rows[number]) and rows[number][left] is None:
                rows[number][left] = rows[top][left]
    filled = (Row(row.number, tuple(values)) for row, values in zip(sheet.rows, rows, strict=True))
    return Sheet(sheet.name, tuple(filled), sheet.is_hidden)


# --- one sheet -------------------------------------------------------------------------------------------
def _read_table(found: Analysis, table: Table, rules, villages: Villages, marks: Marks) -> None:
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
    for row in table.rows:
        read = reader.read(row)
        read.notes += [Note(code, "", reader.anchor, None) for code in whole]
        found.rows.append(read)


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
    groups: dict[tuple, list[ReadRow]] = defaultdict(list)
    for row in found.rows:
        if row.region and not row.unit.finding:
            groups[row.identity].append(row)
    for rows in groups.values():
        first, *others = rows
        if all(other.values == first.values for other in others):
            for other in others:
                other.notes.append(Note("repeated_row", "rt", other.anchor, None, str(first.number)))
        else:
            for row in rows:
                row.notes.append(
                    Note(
                        "duplicate_row",
                        "rt",
                        row.anchor,
                        None,
                        ", ".join(str(one.number) for one in rows if one is not row),
                    )
                )


def _compare(found: Analysis) -> None:
    """New, changed or unchanged against what is stored; jumps against the year before; a year that is closed."""
    codes = {row.region for row in found.rows if row.region}
    stored = _stored(codes, assessment_year__year=found.year, assessment_year__rule_set=found.rule_set)
    before_year = (
        AssessmentYear.objects.filter(year__lt=found.year, baselines__isnull=False)
        .order_by("-year")
        .values_list("year", flat=True)
        .first()
    )
    before = _stored(codes, assessment_year__year=before_year) if before_year else {}
    is_closed = (
        AssessmentYear.objects.filter(year=found.year, rule_set=found.rule_set)
        .exclude(status=AssessmentYear.Status.DRAFT)
        .exists()
    )
    for row in found.rows:
        if is_closed:
            row.notes.append(Note("locked_year", "", row.anchor))
        previous = before.get(row.identity)
        if previous and not row.has_error:
            row.notes += [
                Note(one.code, one.field, row.columns[one.field]) for one in checking.jumps(row.values, previous)
            ]
        if row.has_error:
            state = ERROR
        elif any(note.code == "repeated_row" for note in row.notes) or row.identity in stored:
            kept = stored.get(row.identity)
            state = (
                UNCHANGED if kept is None or all(kept[key] == value for key, value in row.values.items()) else CHANGED
            )
        else:
            state = NEW
        found.states[id(row)] = state


def _stored(codes: set[str], **where) -> dict[tuple[str, str, str], dict[str, Decimal | None]]:
    rows = Baseline.objects.filter(unit__region__code__in=codes, **where).order_by("assessment_year__rule_set")
    names = ("unit__region__code", "unit__rw", "unit__rt", *QUANTITY_KEYS)
    return {row[:3]: dict(zip(QUANTITY_KEYS, row[3:], strict=True)) for row in rows.values_list(*names)}


def _finding(row: ReadRow, note: Note) -> Finding:
    column = note.column
    cell = None if column is None else f"{get_column_letter(column + 1)}{row.number}"
    return Finding(
        note.code, row.sheet, cell, row.number, note.field or None, _as_written(note.value), note.detail, note.is_error
    )


def _as_written(value: Value) -> str | None:
    return None if value is None else as_text(value)
