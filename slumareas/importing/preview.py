"""What a page shows of a file before it is stored: kept in parts, so that a large file is never read whole for one page."""

import io
import json
import zipfile
from contextlib import contextmanager
from dataclasses import asdict
from decimal import Decimal

from django.core.files.base import ContentFile

from core.spreadsheet import as_text
from slumareas.importing.analysis import CHANGED, ERROR, NEW, UNCHANGED, Analysis, Finding, finding_of
from slumareas.importing.headings import MADE_UP
from slumareas.importing.report import finding_report, plain, row_report
from slumareas.importing.rows import ReadRow, unit_of
from slumareas.importing.tables import Table, cell_at, heading_of, shape_of
from slumareas.models import Import

ROWS_A_PAGE = 25
WARNING = "warning"
STATES = (ERROR, WARNING, CHANGED, NEW, UNCHANGED)
STATES_OF_A_ROW = {ERROR, CHANGED, NEW, UNCHANGED}  # each row is in one of them; one with warnings stands there again


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
    with _package(record) as package:
        summary = json.loads(package.read("summary.json"))
    return {**summary, "apart": _worded(summary["apart"])}


def read_rows(record: Import, state: str, page: int) -> list[dict]:
    name = f"{state}/{page}.json"
    with _package(record) as package:
        rows = json.loads(package.read(name)) if name in package.namelist() else []
    return [{**row, "findings": _worded(row["findings"])} for row in rows]


def read_report(record: Import) -> dict:
    """The report of the contract as it was when the file was looked at; nobody counted the seconds."""
    with _package(record) as package:
        names = [name for name in package.namelist() if name.partition("/")[0] in STATES_OF_A_ROW]
        rows = [row for name in names for row in json.loads(package.read(name))]
        findings = json.loads(package.read("summary.json"))["apart"]
    place = {sheet["name"]: number for number, sheet in enumerate(record.sheets)}
    rows.sort(key=lambda row: (place[row["sheet"]], row["row"]))
    for row in rows:
        del row["changes"]
        findings += row.pop("findings")
    findings = _worded(findings)
    return {
        "file": record.file_name,
        "sha256": record.sha256,
        "year": record.year,
        "rule_set": record.rule_set,
        "import_id": record.pk,
        "state": record.state,
        "counts": record.counts,
        "sheets": record.sheets,
        "rows": rows,
        "findings": findings,
    }


def _worded(kept: list[dict]) -> list[dict]:
    """As in the report, in the language of whoever looks now."""
    return [finding_report(Finding(**one)) for one in kept]


@contextmanager
def _package(record: Import):
    with record.preview.open("rb") as file, zipfile.ZipFile(file) as package:
        yield package


def _is_in(row: ReadRow, state: str) -> bool:
    return any(not note.is_error for note in row.notes) if state == WARNING else row.state == state


def _row(row: ReadRow) -> dict:
    """As in the report, with the findings of the row and, where it changes something, what is stored now."""
    now, before = row.scaled_values, row.before or {}
    changes = {
        key: [_shown(key, before[key]), _shown(key, now[key])] for key in now if row.before and before[key] != now[key]
    }
    if row.state == CHANGED and row.is_made_up not in (None, row.was_made_up):
        changes[MADE_UP] = [row.was_made_up, row.is_made_up]
    findings = [asdict(finding_of(row, note)) for note in row.notes]
    return {**row_report(row), "changes": changes, "findings": findings}


def _shown(key: str, scaled: int | None) -> str | None:
    return None if scaled is None else plain(Decimal(scaled).scaleb(-unit_of(key).places))


def _summary(found: Analysis, numbers: dict[str, int]) -> dict:
    """`apart`: findings of the file and its columns; `villages`: names that resemble one and wait to be confirmed."""
    apart = [finding for finding in found.findings if finding.row is None or finding.code == "unknown_column"]
    villages = {finding.value: finding.detail for finding in found.findings if finding.code == "similar_region"}
    return {
        "numbers": numbers,
        "apart": [asdict(finding) for finding in apart],
        "villages": villages,
        "columns": [_columns(table, apart) for table in found.tables if table.unmapped],
        "headings": [
            {"sheet": table.sheet.name, "shape": shape_of(table), "heading": heading_of(table)}
            for table in found.tables
        ],
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
