"""What is told about a file: a sentence for every finding, and the report that other programs read."""

from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from openpyxl.utils import get_column_letter

from slumareas import checking
from slumareas.importing.analysis import ERROR, Analysis, Finding
from slumareas.importing.rows import ReadRow
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
    known = SENTENCES.get(finding.code) or checking.FINDINGS[finding.code][1]
    label = str(checking.label_of(finding.field)) if finding.field in QUANTITIES else finding.field or ""
    words = {"value": finding.value or "", "detail": finding.detail, "label": label}
    return str(known) % words if "%(" in str(known) else str(known)


def report(found: Analysis, state: str, import_id: int | None, seconds: dict[str, float]) -> dict:
    """The report of the contract."""
    return {
        "file": found.file,
        "sha256": found.sha256,
        "year": found.year,
        "rule_set": found.rule_set,
        "import_id": import_id,
        "state": state,
        "counts": found.counts(),
        "sheets": [
            {
                "name": table.sheet.name,
                "header_rows": table.heading_rows,
                "columns": {key: get_column_letter(column + 1) for key, column in table.columns.items()},
                "unmapped": [get_column_letter(column + 1) for column in table.unmapped],
                "ignored_rows": [{"row": number, "reason": reason} for number, reason in table.ignored],
            }
            for table in found.tables
        ],
        "rows": [_row(found, row) for row in found.rows],
        "findings": [_finding(finding) for finding in found.findings],
        "seconds": seconds,
    }


def _row(found: Analysis, row: ReadRow) -> dict:
    state = found.state_of(row)
    result = row.result if state != ERROR else None
    return {
        "sheet": row.sheet,
        "row": row.number,
        "state": state,
        "region": row.region or None,
        "rw": row.unit.rw,
        "rt": row.unit.rt,
        "values": {key: plain(value) for key, value in row.values.items()},
        "total": result and result.total,
        "class": result and result.slum_class,
    }


def _finding(finding: Finding) -> dict:
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


def refusal(found: Analysis) -> str:
    """One sentence why nothing was stored."""
    errors = sum(finding.is_error for finding in found.findings)
    if errors:
        return _("%(number)s errors in %(file)s: nothing was stored. Mend them, or import only the valid rows.") % {
            "number": errors,
            "file": found.file,
        }
    return _("%(number)s warnings in %(file)s: nothing was stored. Look at them, then accept them.") % {
        "number": len(found.findings),
        "file": found.file,
    }
