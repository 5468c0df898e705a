"""What a page shows of a file before it is stored: kept in parts, so that a large file is never read whole for one page."""

import io
import json
import zipfile
from decimal import Decimal

from django.core.files.base import ContentFile

from core.spreadsheet import as_text
from slumareas.importing.analysis import CHANGED, ERROR, NEW, UNCHANGED, Analysis, Finding, finding_of
from slumareas.importing.report import finding_report, plain, row_report
from slumareas.importing.rows import ReadRow, unit_of
from slumareas.importing.tables import Table, cell_at, shape_of
from slumareas.models import Import

ROWS_A_PAGE = 25
WARNING = "warning"
STATES = (ERROR, WARNING, CHANGED, NEW, UNCHANGED)


def write_preview(record: Import, found: Analysis) -> None:
    """Keep it with the record. The caller saves the record, and deletes an earlier one."""
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as package:
        numbers = {}
        for state in STATES:
            rows = [row for row in found.rows if _is_in(row, state)]
            numbers[state] = len(rows)
            for page, start in enumerate(range(0, len(rows), ROWS_A_PAGE), start=1):
                shown = [_row(row) for row in rows[start : start + ROWS_A_PAGE]]
                package.writestr(f"{state}/{page}.json", json.dumps(shown, ensure_ascii=False))
        package.writestr("summary.json", json.dumps(_summary(found, numbers), ensure_ascii=False))
    record.preview.save("preview.zip", ContentFile(stream.getvalue()), save=False)


def read_summary(record: Import) -> dict:
    return _part(record, "summary.json")


def read_rows(record: Import, state: str, page: int) -> list[dict]:
    return _part(record, f"{state}/{page}.json") or []


def _part(record: Import, name: str):
    with record.preview.open("rb") as file, zipfile.ZipFile(file) as package:
        return json.loads(package.read(name)) if name in package.namelist() else None


def _is_in(row: ReadRow, state: str) -> bool:
    return any(not note.is_error for note in row.notes) if state == WARNING else row.state == state


def _row(row: ReadRow) -> dict:
    """As in the report, with the findings of the row and, where it changes something, what is stored now."""
    now, before = row.scaled_values, row.before or {}
    changes = {
        key: [_shown(key, before[key]), _shown(key, now[key])] for key in now if row.before and before[key] != now[key]
    }
    findings = [finding_report(finding_of(row, note)) for note in row.notes]
    return {**row_report(row), "changes": changes, "findings": findings}


def _shown(key: str, scaled: int | None) -> str | None:
    return None if scaled is None else plain(Decimal(scaled).scaleb(-unit_of(key).places))


def _summary(found: Analysis, numbers: dict[str, int]) -> dict:
    """`apart`: findings of the file and its columns; `villages`: names that resemble one and wait to be confirmed."""
    apart = [finding for finding in found.findings if finding.row is None or finding.code == "unknown_column"]
    villages = {finding.value: finding.detail for finding in found.findings if finding.code == "similar_region"}
    return {
        "numbers": numbers,
        "apart": [finding_report(finding) for finding in apart],
        "villages": villages,
        "columns": [_columns(table, apart) for table in found.tables if table.unmapped],
        "headings": [{"sheet": table.sheet.name, "shape": shape_of(table)} for table in found.tables],
        "has_changes": bool(found.changing_rows),
    }


def _columns(table: Table, apart: list[Finding]) -> dict:
    """What a person must say about the columns of a table, and for which of its fields there is none."""
    return {
        "sheet": table.sheet.name,
        "unmapped": [
            {"column": finding.cell.rstrip("0123456789"), "heading": finding.value, "values": _examples(table, finding)}
            for finding in apart
            if finding.code == "unknown_column" and finding.sheet == table.sheet.name
        ],
        "missing": [f.field for f in apart if f.code == "missing_column" and f.sheet == table.sheet.name],
    }


def _examples(table: Table, finding: Finding) -> list[str]:
    column = cell_at(finding.cell)[1]
    return [as_text(row.values[column]) for row in table.rows[:3] if column < len(row.values)]
