"""The file as it was sent, with every finding at its cell: coloured, with the reason as a note and in a column of its own.

It can be corrected and sent again; the column is known to the reader and left out.
"""

import io
import re
from collections import defaultdict

from openpyxl import Workbook, load_workbook
from openpyxl.cell import MergedCell, WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from slumareas.importing.analysis import Analysis, Finding
from slumareas.importing.report import place_of, sentence
from slumareas.importing.tables import Table, cell_at

HEADING = "Pemeriksaan kotaku"  # in every language, so that it is known again
_ERROR, _WARNING = (PatternFill("solid", fgColor=colour) for colour in ("FCA5A5", "FDE68A"))
LONGEST_NOTE = 1_000
MOST_STYLED_CELLS = 300_000


def error_workbook(content: bytes, found: Analysis) -> bytes:
    """An xlsx with the sheets that were read.

    An xlsx of usual size keeps its looks, as far as the writing library does; its formulas become their values. Anything
    else becomes a plain table.
    """
    by_place: dict[str, dict[int, list[Finding]]] = defaultdict(lambda: defaultdict(list))
    for finding in found.findings:
        by_place[finding.sheet or ""][finding.row or 0].append(finding)
    cells = sum(len(table.sheet.rows) * table.width for table in found.tables)
    if found.file.lower().endswith(".xlsx") and 0 < cells <= MOST_STYLED_CELLS:
        workbook = load_workbook(io.BytesIO(content), data_only=True)
        for table in found.tables:
            _mark_sheet(workbook[table.sheet.name], table, by_place[table.sheet.name])
    else:
        workbook = Workbook(write_only=True)
        for table in found.tables:
            _write_sheet(workbook, table, by_place[table.sheet.name])
    apart = [finding for finding in found.findings if not finding.row or not finding.sheet]
    if apart or not found.tables:
        sheet = workbook.create_sheet(HEADING)
        for finding in apart:
            sheet.append([place_of(finding), _clean(sentence(finding))])
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def _mark_sheet(sheet, table: Table, findings: dict[int, list[Finding]]) -> None:
    place = _column_of_reasons(table)
    heading = sheet.cell(table.heading_rows[-1], place, HEADING)
    heading.font = Font(bold=True)
    sheet.column_dimensions[get_column_letter(place)].width = 60
    for number, told in findings.items():
        if not number:
            continue
        for address, here in _by_cell(told).items():
            cell = sheet[address]
            if not isinstance(cell, MergedCell):
                _mark(cell, here)
        if number == table.heading_rows[-1]:
            continue  # by its own heading the column of reasons is known when the file comes back
        reason = sheet.cell(number, place, _reasons(told))
        reason.alignment = Alignment(wrap_text=True, vertical="top")


def _write_sheet(workbook: Workbook, table: Table, findings: dict[int, list[Finding]]) -> None:
    sheet = workbook.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", table.sheet.name)[:31])
    width = _column_of_reasons(table) - 1
    for row in table.sheet.rows:
        told = findings.get(row.number, [])
        cells = [_plain_cell(sheet, value) for value in row.values[:width]]
        cells += [None] * (width - len(cells))
        for address, here in _by_cell(told).items():
            column = cell_at(address)[1]
            cell = cells[column] if isinstance(cells[column], WriteOnlyCell) else WriteOnlyCell(sheet, cells[column])
            _mark(cell, here)
            cells[column] = cell
        if row.number == table.heading_rows[-1]:
            cells.append(HEADING)
        elif told:
            cells.append(_plain_cell(sheet, _reasons(told)))
        sheet.append(cells)


def _column_of_reasons(table: Table) -> int:
    """Behind the last column that says anything, counted from 1; the same one where the file comes back."""
    heading = table.sheet.rows[table.heading_rows[-1] - 1].values
    if HEADING in heading:
        return heading.index(HEADING) + 1
    filled = [place for row in table.sheet.rows for place, value in enumerate(row.values, 1) if value is not None]
    return max(filled) + 1


def _by_cell(told: list[Finding]) -> dict[str, list[Finding]]:
    found = defaultdict(list)
    for finding in told:
        if finding.cell:
            found[finding.cell].append(finding)
    return found


def _mark(cell, told: list[Finding]) -> None:
    cell.fill = _ERROR if any(finding.is_error for finding in told) else _WARNING
    cell.comment = Comment(_clean("\n".join(map(sentence, told)))[:LONGEST_NOTE], "kotaku", width=320, height=120)


def _reasons(told: list[Finding]) -> str:
    return _clean("; ".join(f"{finding.cell}: {sentence(finding)}" for finding in told))[:30_000]


def _clean(text: str) -> str:
    return ILLEGAL_CHARACTERS_RE.sub("", text)


def _plain_cell(sheet, value):
    """Text stays text: the library would make a formula of whatever begins with an equals sign."""
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, _clean(value))
    cell.data_type = "s"
    return cell
