"""Baselines as files that come in again unchanged, and the blank workbook of a region. Columns are those of the contract."""

import io
import json
from collections.abc import Iterator
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from openpyxl import Workbook
from openpyxl.comments import Comment
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.datavalidation import DataValidation

from core.models import Region
from core.spreadsheet import write_csv, write_xlsx
from slumareas import checking, scoring
from slumareas.importing.report import plain
from slumareas.importing.rows import unit_of
from slumareas.models import AssessmentYear, Baseline, NeighbourhoodUnit
from slumareas.scoring import DENOMINATORS, OPEN_SPACE, RuleSet

FORMATS = ("xlsx", "csv", "json", "geojson")
IDENTITY = ("region", "rw", "rt", "year", "rule_set")
RESULT = ("total", "class", "is_made_up")


def measured_columns(rules: RuleSet) -> list[str]:
    return [*DENOMINATORS, *rules.keys, OPEN_SPACE.key]


def export(year: AssessmentYear, kind: str, user=None) -> bytes:
    """The baselines of a year in one of FORMATS; of those that `user` may see, where one is named."""
    baselines = Baseline.objects.filter(assessment_year=year)
    if user is not None:
        baselines = baselines.visible_to(user)
    rules = year.rules
    columns = [*IDENTITY, *measured_columns(rules), *RESULT]
    rows = _rows(baselines, year, measured_columns(rules))
    if kind == "json":
        return _json([dict(zip(columns, map(_number, row), strict=True)) for row in rows])
    if kind == "geojson":
        return _json({"type": "FeatureCollection", "features": _features(baselines, columns, rows)})
    if kind == "csv":
        return write_csv([columns, *([_fixed(value) for value in row] for row in rows)])
    return write_xlsx([columns, *rows], title=str(year.year))


def _rows(baselines, year: AssessmentYear, measured: list[str]) -> Iterator[list]:
    names = ("unit__region__code", "unit__rw", "unit__rt", *measured, "total", "slum_class", "is_made_up")
    ordered = baselines.order_by("unit__region__code", "unit__rw", "unit__rt", "pk")
    for region, rw, rt, *values, slum_class, is_made_up in ordered.values_list(*names).iterator(2_000):
        yield [region, rw, rt, year.year, year.rule_set, *values, slum_class or None, is_made_up]


def _fixed(value):
    """Decimals with all their places: `1.250` could be read as a thousand, `1.250000` cannot."""
    return f"{value:f}" if isinstance(value, Decimal) else value


def _number(value):
    """A JSON number where it survives the way through a float digit by digit, else the digits as text."""
    if not isinstance(value, Decimal):
        return value
    if value == value.to_integral_value():
        return int(value)
    return float(value) if Decimal(repr(float(value))) == value else plain(value)


def _features(baselines, columns: list[str], rows: Iterator[list]) -> list[dict]:
    """A neighbourhood without a boundary keeps its row, without a geometry (RFC 7946)."""
    places = baselines.exclude(unit__boundary=None).values_list(
        "unit__region__code", "unit__rw", "unit__rt", "unit__boundary"
    )
    outlines = {(region, rw, rt): outline for region, rw, rt, outline in places}
    return [
        {
            "type": "Feature",
            "id": "/".join(row[:3]),
            "geometry": outlines.get(tuple(row[:3])),
            "properties": dict(zip(columns, map(_number, row), strict=True)),
        }
        for row in rows
    ]


def _json(data) -> bytes:
    return json.dumps(data, ensure_ascii=False, indent=1).encode()


# --- the blank workbook ----------------------------------------------------------------------------------
_TITLE, _HELP, _LABELS, _KEYS = 1, 2, 4, 5
_EMPTY_ROWS = 30  # for a village of which no neighbourhood is recorded
_FILLS = {name: PatternFill("solid", fgColor=colour) for name, colour in (
    ("who", "E5E7EB"), ("whole", "DBEAFE"), ("part", "E0F1ED"), ("space", "FEF3C7"),
)}  # fmt: skip
_LINE = Side(style="thin", color="9CA3AF")


def template(region: Region, year: int, rule_set: str) -> bytes:
    """A workbook with the neighbourhoods of the region and last year's wholes; it comes in again without a question."""
    rules = scoring.RULE_SETS[rule_set]
    measured = measured_columns(rules)
    workbook = Workbook()
    sheet = workbook.active
    sheet.title = _("Baseline")
    sheet.cell(_TITLE, 1, _("Baseline %(year)s: %(region)s") % {"year": year, "region": region.full_name}).font = Font(
        bold=True, size=14
    )
    sheet.cell(_HELP, 1, _("One row for each RT. Nothing there: 0. Not known: leave it empty. No per cents, no sums."))
    columns = ["region", "village", "rw", "rt", *measured]
    for place, key in enumerate(columns, start=1):
        _write_heading(sheet, place, key, rules)
    first = _KEYS + 1
    rows = list(_template_rows(region, year, measured))
    for number, row in enumerate(rows, start=first):
        for place, value in enumerate(row, start=1):
            cell = sheet.cell(number, place, value)
            cell.border = Border(bottom=_LINE)
            if place <= 4:
                cell.number_format = "@"
            else:
                cell.number_format = {0: "0", 2: "0.00", 6: "0.0000"}[unit_of(columns[place - 1]).places]
    for place, key in enumerate(columns[4:], start=5):
        _write_validation(sheet, get_column_letter(place), key, first, first + len(rows) - 1)
    sheet.freeze_panes = sheet.cell(first, 5)
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = f"{_LABELS}:{_KEYS}"
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def _template_rows(region: Region, year: int, measured: list[str]) -> Iterator[list]:
    villages = Region.objects.villages().within(region).order_by("code")
    before = AssessmentYear.objects.measured().filter(year__lt=year).order_by("-year", "rule_set").first()
    known = {}
    if before is not None:
        stored = before.baselines.filter(unit__region__in=villages)
        known = {
            pk: dict(zip(DENOMINATORS, values, strict=True))
            for pk, *values in stored.values_list("unit", *DENOMINATORS)
        }
    units = NeighbourhoodUnit.objects.filter(region__in=villages).exclude(rw="", rt="")
    by_village: dict[int, list[NeighbourhoodUnit]] = {}
    for unit in units:
        by_village.setdefault(unit.region_id, []).append(unit)
    for village in villages:
        recorded = sorted(by_village.get(village.pk, []), key=lambda unit: (_counted(unit.rw), _counted(unit.rt)))
        for unit in recorded:
            wholes = known.get(unit.pk, {})
            yield [village.code, village.name, unit.rw, unit.rt, *(wholes.get(key) for key in measured)]
        for _number in range(0 if recorded else _EMPTY_ROWS):
            yield [village.code, village.name, None, None, *(None for _key in measured)]


def _counted(text: str) -> tuple[int, str]:
    """RT 2 before RT 10."""
    return (len(text), text)


def _write_heading(sheet, place: int, key: str, rules: RuleSet) -> None:
    label, help_text, fill = _heading(key, rules)
    cell = sheet.cell(_LABELS, place, str(label))
    cell.font, cell.fill = Font(bold=True), _FILLS[fill]
    cell.alignment = Alignment(wrap_text=True, vertical="top")
    cell.border = Border(top=_LINE, left=_LINE, right=_LINE)
    if help_text:
        cell.comment = Comment(str(help_text), "kotaku", width=320, height=120)
    name = sheet.cell(_KEYS, place, key)
    name.font, name.fill = Font(size=8, color="6B7280"), _FILLS[fill]
    name.border = Border(bottom=_LINE, left=_LINE, right=_LINE)
    sheet.column_dimensions[get_column_letter(place)].width = {"region": 15, "village": 20, "rw": 6, "rt": 6}.get(
        key, 16
    )
    sheet.row_dimensions[_LABELS].height = 90


def _heading(key: str, rules: RuleSet) -> tuple:
    """(label, help, colour)"""
    if key in _WHO:
        return _WHO[key], "", "who"
    if key in DENOMINATORS:
        return checking.label_of(key), DENOMINATORS[key].help_text, "whole"
    if key == OPEN_SPACE.key:
        return checking.label_of(key), OPEN_SPACE.help_text, "space"
    criterion = scoring.CRITERIA[key]
    return f"{criterion.codes[rules.key]}. {checking.label_of(key)}", criterion.help_text, "part"


_WHO = {
    "region": gettext_lazy("Code of the village"),
    "village": gettext_lazy("Village"),
    "rw": "RW",
    "rt": "RT",
}


def _write_validation(sheet, letter: str, key: str, first: int, last: int) -> None:
    """The program in which it is filled says at once what the import would say; it warns, since odd figures may be true."""
    whole = unit_of(key).places == 0
    rule = DataValidation(
        type="whole" if whole else "decimal", operator="greaterThanOrEqual", formula1="0", allow_blank=True
    )
    rule.errorStyle = "warning"
    rule.errorTitle = _("Check this figure")
    rule.error = _("A whole number, 0 or more.") if whole else _("A number, 0 or more; not a per cent.")
    sheet.add_data_validation(rule)
    rule.add(f"{letter}{first}:{letter}{max(first, last)}")
