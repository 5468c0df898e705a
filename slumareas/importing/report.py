"""What is told about a file: a sentence for every finding, and the report that other programs read."""

import json
from collections.abc import Iterable
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from openpyxl.utils import get_column_letter

from slumareas import checking
from slumareas.importing.analysis import ERROR, Analysis, Finding
from slumareas.importing.rows import MERGED, ReadRow
from slumareas.importing.tables import QUANTITIES

SENTENCES = {
    "no_table": gettext_lazy(
        "No import table was recognised. Use one row for each RT under one heading; the template shows how."
    ),
    "missing_column": gettext_lazy("The column “%(label)s” is missing: not assessed."),
    "unknown_column": gettext_lazy("The heading “%(value)s” was not understood and is left out."),
    "hidden_sheet": gettext_lazy("This sheet is hidden and was not read. Show it if it belongs to the data."),
    "no_identity": gettext_lazy(
        "The village, RW or RT cannot be told from “%(value)s”. Write for example RW 1 and RT 2."
    ),
    "unknown_region": gettext_lazy("There is no village “%(value)s” here. Check the spelling, or give its code."),
    "similar_region": gettext_lazy("There is no village “%(value)s”. Is %(detail)s meant?"),
    "duplicate_row": gettext_lazy("The same RT stands here twice with different values: see row %(detail)s."),
    "repeated_row": gettext_lazy("The same RT with the same values stands in row %(detail)s: kept once."),
    "shifted_row": gettext_lazy("The values of this row stand one or more columns beside their place. Move them back."),
    "hidden_row": gettext_lazy("This row is hidden; it was read all the same."),
    "struck_out_row": gettext_lazy("This row is struck out; it was read all the same."),
    "year_mismatch": gettext_lazy("The sheet speaks of another year than the one that is imported."),
    "rule_set_mismatch": gettext_lazy("These columns belong to another rule set. Import the file under that one."),
    "locked_year": gettext_lazy("This year is verified or locked. Ask a verifier to reopen it first."),
    "not_a_number": gettext_lazy("“%(value)s” is no number. Write one number, without words or ranges."),
    "formula_without_value": gettext_lazy("This formula has no stored value. Open the file, save it again and retry."),
    "date_in_cell": gettext_lazy("“%(value)s” is a date. Write the number, or RT and RW as text."),
    "ambiguous_number": gettext_lazy(
        "“%(value)s” may be a thousand or a fraction. Write it without a point, or with a comma before decimals."
    ),
    "percent_as_volume": gettext_lazy("“%(value)s” is a per cent. Write the volume in its unit here."),
    "word_as_zero": gettext_lazy("“%(value)s” was read as 0."),
    "total_differs": gettext_lazy("“%(value)s” does not follow from the volumes of this row."),
}


def sentence(finding: Finding) -> str:
    """What was found and what to do, in the language in use."""
    if finding.code == "unreadable_file":
        return finding.detail
    if finding.detail == MERGED:
        return _("This cell is merged over several rows. Write the figure of each RT in its own row.")
    known = SENTENCES.get(finding.code) or checking.FINDINGS[finding.code][1]
    label = str(checking.label_of(finding.field)) if finding.field in QUANTITIES else finding.field or ""
    words = {"value": finding.value or "", "detail": finding.detail, "label": label}
    return str(known) % words if "%(" in str(known) else str(known)


def report(found: Analysis, state: str, import_id: int | None, seconds: dict[str, float], rows=None) -> dict:
    """The report of the contract; `rows` are those of the file unless others are named."""
    return {
        "file": found.file,
        "sha256": found.sha256,
        "year": found.year,
        "rule_set": found.rule_set,
        "import_id": import_id,
        "state": state,
        "counts": found.counts(),
        "sheets": sheets_of(found),
        "rows": [row_report(row) for row in (found.rows if rows is None else rows)],
        "findings": [finding_report(finding) for finding in found.findings],
        "seconds": seconds,
    }


def report_as_json(told: dict, rows: Iterable[ReadRow]) -> str:
    """The report with these rows as text, made row by row: a hundred thousand of them at once would take half a gigabyte."""
    head, tail = json.dumps({**told, "rows": []}, ensure_ascii=False).split('"rows": []', 1)
    shown = ", ".join(json.dumps(row_report(row), ensure_ascii=False) for row in rows)
    return f'{head}"rows": [{shown}]{tail}'


def sheets_of(found: Analysis) -> list[dict]:
    """Of each table: its name, heading, the column of each field, and the rows that are no data."""
    return [
        {
            "name": table.sheet.name,
            "header_rows": table.heading_rows,
            "columns": {key: get_column_letter(column + 1) for key, column in table.columns.items()},
            "unmapped": [get_column_letter(column + 1) for column in table.unmapped],
            "ignored_rows": [{"row": number, "reason": reason} for number, reason in table.ignored],
        }
        for table in found.tables
    ]


def row_report(row: ReadRow) -> dict:
    is_error = row.state == ERROR
    return {
        "sheet": row.sheet,
        "row": row.number,
        "state": row.state,
        "region": row.region or None,
        "rw": row.unit.rw,
        "rt": row.unit.rt,
        "values": {key: plain(value) for key, value in row.values.items()},
        "total": None if is_error else row.total,
        "class": None if is_error else row.slum_class,
    }


def finding_report(finding: Finding) -> dict:
    return {
        "severity": "error" if finding.is_error else "warning",
        "code": finding.code,
        "sheet": finding.sheet,
        "cell": finding.cell,
        "row": finding.row,
        "field": finding.field,
        "value": finding.value,
        "message": sentence(finding),
    }


def plain(value: Decimal | None) -> str | None:
    """A decimal without trailing zeros."""
    if value is None:
        return None
    text = f"{value:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def place_of(finding: Finding) -> str:
    """`Baseline!K5`, or as much of it as there is."""
    return "!".join(filter(None, (finding.sheet, finding.cell))) or _("File")


def refusal(found: Analysis, valid_rows_only: bool = False) -> str:
    """One sentence why nothing was stored."""
    errors = sum(finding.is_error for finding in found.findings)
    words = {"file": found.file, "number": errors}
    if errors and valid_rows_only and not any(row.state != ERROR for row in found.rows):
        return _("No row of %(file)s is valid: nothing was stored.") % words
    if errors and not valid_rows_only:
        return _("%(number)s errors in %(file)s: nothing was stored. Mend them, or import only the valid rows.") % words
    if not found.rows:
        return _("There is no row with figures in %(file)s: nothing was stored.") % words
    return _("%(number)s warnings in %(file)s: nothing was stored. Look at them, then accept them.") % {
        **words,
        "number": len(found.findings) - errors,
    }
