"""What a workbook says beside its values: hidden and struck-out rows, errors, per cents, formulas without a value.

The reading library hands over values alone and turns an error into an empty cell; here the parts of the file are
searched for what it leaves out. Belongs to core because every import must not take such cells silently.
"""

import io
import posixpath
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape

from openpyxl.utils import column_index_from_string
from python_calamine import CalamineWorkbook

Cell = tuple[int, int]  # row as in Excel, column from 0


@dataclass
class Marks:
    """Of one sheet; `merged`: ((top, left), (bottom, right)), both from 0."""

    hidden_rows: set[int] = field(default_factory=set)
    struck_rows: set[int] = field(default_factory=set)
    without_value: set[Cell] = field(default_factory=set)
    error_cells: dict[Cell, str] = field(default_factory=dict)
    percent_cells: set[Cell] = field(default_factory=set)
    merged: list[tuple[Cell, Cell]] = field(default_factory=list)


def read_marks(content: bytes, ending: str) -> dict[str, Marks]:
    """{sheet name: marks} of a workbook that `read_tables` has read; nothing for csv."""
    if ending == "xlsx":
        marks = _xlsx_marks(content)
    elif ending == "ods":
        marks = _ods_marks(content)
    else:
        marks = {}
    if ending in ("xlsx", "xls"):
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for name in workbook.sheet_names:
            ranges = workbook.get_sheet_by_name(name).merged_cell_ranges
            if ranges:
                marks.setdefault(name, Marks()).merged = list(ranges)
    return marks


# --- xlsx ------------------------------------------------------------------------------------------------
_ATTRIBUTE = r"""\s(?:[\w]+:)?{}\s*=\s*["']([^"']*)["']"""
_HIDDEN_ROW = re.compile(
    rb"""<(?:\w+:)?row\s[^>]*?\br="(\d+)"[^>]*?\bhidden="(?:1|true)"|<(?:\w+:)?row\s[^>]*?\bhidden="(?:1|true)"[^>]*?\br="(\d+)" """.strip()
)
_ERROR = re.compile(rb"""<(?:\w+:)?c\s([^>]*?\bt="e"[^>]*)>(.*?)</(?:\w+:)?c>""", re.DOTALL)
_FORMULA = re.compile(
    rb"""<(?:\w+:)?c\s([^>]*)>\s*<(?:\w+:)?f\b[^>]*?(?:/>|>[^<]*</(?:\w+:)?f>)\s*(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"""
)
_VALUE = re.compile(rb"<(?:\w+:)?v>([^<]*)<")
_REFERENCE = re.compile(rb"""\br="([A-Z]{1,3})(\d{1,7})" """.strip())


def _xlsx_marks(content: bytes) -> dict[str, Marks]:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        names = {name.replace("\\", "/").lstrip("/").lower(): name for name in package.namelist()}
        percent, struck = _styles(_part(package, names, "xl/styles.xml"))
        found = {}
        for sheet, path in _sheet_parts(package, names):
            found[sheet] = _sheet_marks(_part(package, names, path), percent, struck)
        return found


def _part(package: zipfile.ZipFile, names: dict[str, str], path: str) -> bytes:
    stored = names.get(path.lower())
    return package.read(stored) if stored else b""


def _sheet_parts(package, names) -> Iterator[tuple[str, str]]:
    relations = dict(_relations(_part(package, names, "xl/_rels/workbook.xml.rels").decode("utf-8", "replace")))
    text = _part(package, names, "xl/workbook.xml").decode("utf-8", "replace")
    for tag in re.findall(r"<(?:\w+:)?sheet\s[^>]*>", text):
        name, target = _attribute(tag, "name"), relations.get(_attribute(tag, "id"), "")
        if target:
            yield unescape(name), target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")


def _relations(text: str) -> Iterator[tuple[str, str]]:
    for tag in re.findall(r"<(?:\w+:)?Relationship\s[^>]*>", text):
        yield _attribute(tag, "Id"), _attribute(tag, "Target")


def _attribute(tag: str, name: str) -> str:
    found = re.search(_ATTRIBUTE.format(name), tag)
    return found[1] if found else ""


def _styles(xml: bytes) -> tuple[set[bytes], set[bytes]]:
    """The numbers of the cell styles that show a per cent, and of those whose text is struck out."""
    text = xml.decode("utf-8", "replace")
    formats = {
        _attribute(tag, "numFmtId")
        for tag in re.findall(r"<(?:\w+:)?numFmt\s[^>]*>", text)
        if "%" in _attribute(tag, "formatCode")
    }
    formats |= {"9", "10"}
    fonts = re.search(r"<(?:\w+:)?fonts\b.*?</(?:\w+:)?fonts>", text, re.DOTALL)
    each = (
        re.findall(r"<(?:\w+:)?font\s*/>|<(?:\w+:)?font\b[^>]*>.*?</(?:\w+:)?font>", fonts[0], re.DOTALL)
        if fonts
        else []
    )
    struck_fonts = {
        str(place)
        for place, font in enumerate(each)
        if (tag := re.search(r"<(?:\w+:)?strike\b[^>]*>", font)) and _attribute(tag[0], "val") not in ("0", "false")
    }
    cells = re.search(r"<(?:\w+:)?cellXfs\b.*?</(?:\w+:)?cellXfs>", text, re.DOTALL)
    percent, struck = set(), set()
    for place, tag in enumerate(re.findall(r"<(?:\w+:)?xf\b[^>]*>", cells[0]) if cells else []):
        if _attribute(tag, "numFmtId") in formats:
            percent.add(str(place).encode())
        if _attribute(tag, "fontId") in struck_fonts:
            struck.add(str(place).encode())
    return percent, struck


def _sheet_marks(xml: bytes, percent: set[bytes], struck: set[bytes]) -> Marks:
    marks = Marks()
    if b"hidden" in xml:
        marks.hidden_rows = {int(one or other) for one, other in _HIDDEN_ROW.findall(xml)}
    if b't="e"' in xml:
        for attributes, body in _ERROR.findall(xml):
            cell = _cell(attributes)
            value = _VALUE.search(body)
            if cell:
                marks.error_cells[cell] = value[1].decode("utf-8", "replace") if value else "#ERROR!"
    if b"<f" in xml or b":f" in xml:
        marks.without_value = {cell for attributes in _FORMULA.findall(xml) if (cell := _cell(attributes))}
    for styles, cells in ((percent, marks.percent_cells), (struck, struck_cells := set())):
        if styles:
            pattern = re.compile(rb"""<(?:\w+:)?c\s([^>]*\bs="(?:%s)"[^>]*)>""" % b"|".join(styles))
            cells.update(cell for attributes in pattern.findall(xml) if (cell := _cell(attributes)))
    marks.struck_rows = {row for row, _column in struck_cells}
    return marks


def _cell(attributes: bytes) -> Cell | None:
    found = _REFERENCE.search(b" " + attributes)
    return (int(found[2]), column_index_from_string(found[1].decode()) - 1) if found else None


# --- ods -------------------------------------------------------------------------------------------------
_ODS_PIECE = re.compile(rb"<table:table\s([^>]*)>|<table:table-row\b([^>]*)>|<table:(?:covered-)?table-cell\b([^>]*)>")
_ODS_TIMES = re.compile(rb"""number-(?:rows|columns)-repeated\s*=\s*["'](\d{1,9})["']""")


def _ods_marks(content: bytes) -> dict[str, Marks]:
    with zipfile.ZipFile(io.BytesIO(content)) as package:
        xml = package.read("content.xml")
    found: dict[str, Marks] = {}
    marks, row, column, next_row = Marks(), 0, 0, 1
    for table, line, cell in _ODS_PIECE.findall(xml):
        if table:
            name = _attribute(f" {table.decode('utf-8', 'replace')}", "name")
            marks = found[unescape(name)] = Marks()
            next_row = 1
        elif cell:
            if b'value-type="percentage"' in cell:
                marks.percent_cells.add((row, column))
            column += _times(cell)
        else:
            row, column = next_row, 0
            next_row += _times(line)
            if b'visibility="collapse"' in line or b'visibility="filter"' in line:
                marks.hidden_rows.add(row)
    return found


def _times(attributes: bytes) -> int:
    repeated = _ODS_TIMES.search(attributes)
    return int(repeated[1]) if repeated else 1
