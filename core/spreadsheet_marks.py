"""What a workbook says beside its values: hidden and struck-out rows, errors, per cents, formulas without a value.

The reading library hands over values alone and turns an error into an empty cell; here the parts of the file are
searched for what it leaves out. Belongs to core because every import must not take such cells silently. The parts come
in pieces, each ending where a row, a cell or at least a tag begins, so that no part is ever whole in memory.
"""

import io
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator
from html import unescape
from typing import Protocol

from core.spreadsheet_shapes import Marks, Unreadable, column_letters, column_number

__all__ = ["Marks", "OdsScan", "XlsxScan", "sheet_parts", "styles_of", "xls_marks"]

MAX_ERRORS = 20_000  # more are no slip but a sheet of broken formulas, and each costs memory


class Scan(Protocol):
    """`filled`: rows with something in them; `cells`: how many there are at most, empty ones included."""

    ends: tuple[bytes, ...]
    filled: int
    cells: int

    def feed(self, piece: bytes) -> None: ...


def _add_error(marks: Marks, row: int, column: int, text: str) -> None:
    if len(marks.error_cells) >= MAX_ERRORS:
        raise Unreadable("too_many_errors", cell=f"{column_letters(column)}{row}", limit=MAX_ERRORS)
    marks.error_cells[row, column] = text or "#ERROR!"


# --- xlsx ------------------------------------------------------------------------------------------------
_TAG = re.compile(rb"<(/?)(?:[\w.-]+:)?(row|c|f|v|t)(?=[\s/>])([^>]*)>([^<]*)")
_HIDDEN_ROW = re.compile(rb'<row r="(\d{1,7})"[^>]*? hidden="(?:1|true)"')
_ERROR = re.compile(rb'<c r="([A-Za-z]{1,3})(\d{1,7})"(?=[^>]* t="e")[^>]*(?<!/)>(.*?)</c>', re.DOTALL)
# Found from its formula on, since a pattern that begins with the cell would be tried at every cell.
_UNSTORED = re.compile(rb"<f\b[^>]*?(?:/>|>[^<]*</f>)\s*(?:<v\s*/>|<v>\s*</v>)?\s*</c>")
_CELL = re.compile(rb'<c r="([A-Za-z]{1,3})(\d{1,7})"([^>]*)>')
_VALUE = re.compile(rb"<v>([^<]*)<")
_MERGED = re.compile(
    rb"""<(?:[\w.-]+:)?mergeCell\s[^>]*?\bref\s*=\s*["']([A-Za-z]{1,3})(\d{1,7}):([A-Za-z]{1,3})(\d{1,7})["']"""
)
_ATTRIBUTES = {
    name: re.compile(rb"""(?:^|\s)%s\s*=\s*["']([^"']*)["']""" % name) for name in (b"r", b"s", b"t", b"hidden")
}
_REFERENCE = re.compile(rb"([A-Za-z]{1,3})(\d{1,7})$")


def _of(attributes: bytes, name: bytes) -> bytes:
    found = _ATTRIBUTES[name].search(attributes)
    return found[1] if found else b""


class XlsxScan:
    """One sheet. What Excel, LibreOffice and openpyxl write is searched by patterns, anything else tag by tag."""

    ends = (b'<row r="', b'<c r="')

    def __init__(self, percent: set[bytes] = frozenset(), struck: set[bytes] = frozenset()):
        self.percent, self.struck = percent, struck
        self.marks, self.filled, self.cells = Marks(), 0, 0
        self._styled = {
            styles: (
                [b' s="%s"' % style for style in styles],
                re.compile(rb'<c r="([A-Za-z]{1,3})(\d{1,7})"[^>]*? s="(?:%s)"' % b"|".join(styles)),
            )
            for styles in (frozenset(percent), frozenset(struck))
            if styles
        }
        self._goes_by_tags = False
        # Where the tag by tag search stands.
        self._row, self._column, self._row_is_filled = 0, -1, False
        self._open: tuple[bytes, bool, bytes] | None = None  # type, has a formula, value

    def feed(self, piece: bytes) -> None:
        cells, hides = piece.count(b'<c r="'), b"h" in piece and b" hidden=" in piece  # one byte is found at once
        self._goes_by_tags = self._goes_by_tags or not _is_regular(piece, cells, hides)
        if self._goes_by_tags:
            self._by_tags(piece)
        else:
            self.cells += cells
            self._by_patterns(piece, hides)
        if b"m" in piece and b"mergeCell" in piece:
            self.marks.merged += [
                ((int(top) - 1, column_number(left)), (int(bottom) - 1, column_number(right)))
                for left, top, right, bottom in _MERGED.findall(piece)
            ]

    def _by_patterns(self, piece: bytes, hides: bool) -> None:
        marks = self.marks
        rows = piece.split(b"<row ")
        self.filled += sum(b"<v" in row or b"<is" in row or b"<f" in row for row in rows[1:])
        if len(rows) > 1:
            self._row = int(re.match(rb'(?:r="(\d{1,7}))?', rows[-1])[1] or 0)
        if hides:
            marks.hidden_rows.update(map(int, _HIDDEN_ROW.findall(piece)))
        if b' t="e"' in piece:
            for letters, row, body in _ERROR.findall(piece):
                value = _VALUE.search(body)
                _add_error(
                    marks, int(row), column_number(letters), value[1].decode("utf-8", "replace") if value else ""
                )
        if b"f" in piece and b"<f" in piece:
            for found in _UNSTORED.finditer(piece):
                cell = _CELL.match(piece, piece.rfind(b'<c r="', 0, found.start()))
                # A formula that gives an empty text has a value, and says so.
                if cell and b' t="str"' not in cell[3] and b' t="e"' not in cell[3]:
                    marks.without_value.add(int(cell[2]), column_number(cell[1]))
        if any(literal in piece for literals, _pattern in self._styled.values() for literal in literals):
            rows_of = defaultdict(list)
            for letters, row in self._cells_of(self.percent, piece):
                rows_of[letters].append(row)
            for letters, found in rows_of.items():
                first, column = int(found[0]), column_number(letters)
                # Mostly a whole column; one by one takes as long as reading the file.
                if int(found[-1]) - first == len(found) - 1:
                    marks.percent_cells.add(first, column, len(found))
                else:
                    for row in found:
                        marks.percent_cells.add(int(row), column)
            marks.struck_rows.update(int(row) for _letters, row in self._cells_of(self.struck, piece))

    def _cells_of(self, styles: set[bytes], piece: bytes) -> list[tuple[bytes, bytes]]:
        return self._styled[frozenset(styles)][1].findall(piece) if styles else []

    def _by_tags(self, piece: bytes) -> None:
        for end, name, attributes, text in _TAG.findall(piece):
            if name == b"c":
                if end:
                    self._close_cell()
                else:
                    self._open_cell(attributes)
            elif name == b"row":
                if end:
                    self.filled += self._row_is_filled
                    self._row_is_filled = False
                else:
                    told = _of(attributes, b"r")
                    self._row, self._column = int(told[:8]) if told.isdigit() else self._row + 1, -1
                    self._row_is_filled = False
                    if _of(attributes, b"hidden") in (b"1", b"true"):
                        self.marks.hidden_rows.add(self._row)
            elif self._open and not end:
                kind, has_formula, value = self._open
                self._row_is_filled = True
                self._open = (kind, has_formula or name == b"f", value if name == b"f" else value + text.strip())

    def _open_cell(self, attributes: bytes) -> None:
        self.cells += 1
        told = _REFERENCE.match(_of(attributes, b"r"))
        # The reference may be left out: then the cell follows the one before.
        self._column = column_number(told[1]) if told else self._column + 1
        if told:
            self._row = int(told[2])
        style = _of(attributes, b"s")
        if style in self.percent:
            self.marks.percent_cells.add(self._row, self._column)
        if style in self.struck:
            self.marks.struck_rows.add(self._row)
        self._open = (_of(attributes, b"t"), False, b"")
        if attributes.endswith(b"/"):
            self._close_cell()

    def _close_cell(self) -> None:
        if not self._open:
            return
        kind, has_formula, value = self._open
        if kind == b"e":
            _add_error(self.marks, self._row, self._column, value.decode("utf-8", "replace"))
        elif has_formula and not value and kind != b"str":
            self.marks.without_value.add(self._row, self._column)
        self._open = None


def _is_regular(piece: bytes, cells: int, hides: bool) -> bool:
    """Whether each cell, and row where it matters, begins with its reference in double quotes, without a prefix."""
    others = piece.count(b"<c") - cells
    return (
        (not others or others == piece.count(b"<col"))
        and not (b"'" in piece and b"='" in piece)
        and not (b":" in piece and re.search(rb":(?:row|c)[\s/>]", piece))
        and not (hides and re.search(rb'<row(?! r="|Breaks)', piece))
    )


def sheet_parts(workbook: bytes, relations: bytes) -> Iterator[tuple[str, str]]:
    """(name, path in the package) of each sheet."""
    targets = {
        _attribute(tag, "Id"): _attribute(tag, "Target")
        for tag in re.findall(r"<(?:[\w.-]+:)?Relationship\s[^>]*>", relations.decode("utf-8", "replace"))
    }
    for tag in re.findall(r"<(?:[\w.-]+:)?sheet\s[^>]*>", workbook.decode("utf-8", "replace")):
        target = targets.get(_attribute(tag, "id"), "").replace("\\", "/")
        if target:
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(f"xl/{target}")
            yield unescape(_attribute(tag, "name")), path


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf"""\s(?:[\w.-]+:)?{name}\s*=\s*(?:"([^"]*)"|'([^']*)')""", tag)
    return (found[1] or found[2] or "") if found else ""


def styles_of(xml: bytes) -> tuple[set[bytes], set[bytes]]:
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


# --- ods -------------------------------------------------------------------------------------------------
_ODS_PIECE = re.compile(rb"<(/?)table:(table|table-row|table-row-group|table-cell|covered-table-cell)(?![\w-])([^>]*)>")
_ODS_TIMES = re.compile(rb"""number-(?:rows|columns)-repeated\s*=\s*["'](\d{1,9})["']""")
_ODS_SPANS = re.compile(rb"""number-(columns|rows)-spanned\s*=\s*["'](\d{1,7})["']""")
_ODS_TEXT = re.compile(rb"\s*<text:p\b[^>]*>(.*?)</text:p>", re.DOTALL)
_ODS_ERROR = re.compile(rb"(?:Err:\d+|#[A-Z][A-Z0-9/!?]*)$")
_ODS_STYLE = re.compile(rb"<style:style\b([^>]*[^/])>(.*?)</style:style>", re.DOTALL)
_ODS_STRUCK = re.compile(rb"""line-through-(?:style|type)\s*=\s*["'](?!none)""")
MOST_ROWS = 1_048_576


class OdsScan:
    """All tables of a document; `sheets`: {name: marks}."""

    ends = (b"<table:table-row", b"<table:table-cell", b"<style:style ")

    def __init__(self):
        self.sheets: dict[str, Marks] = {}
        self.filled, self.cells = 0, 0
        self._marks: Marks | None = None
        self._struck: set[str] = set()
        self._row, self._next_row, self._column, self._times = 0, 1, 0, 1
        self._row_is_filled, self._groups = False, []

    def feed(self, piece: bytes) -> None:
        if b"line-through" in piece:
            self._struck.update(
                _attribute(attributes.decode("utf-8", "replace"), "name")
                for attributes, body in _ODS_STYLE.findall(piece)
                if _ODS_STRUCK.search(body)
            )
        for found in _ODS_PIECE.finditer(piece):
            end, what, attributes = found.groups()
            if what == b"table":
                self._marks = None
                if not end:
                    name = unescape(_attribute(attributes.decode("utf-8", "replace"), "name"))
                    if name in self.sheets:
                        raise Unreadable("damaged")
                    self._marks = self.sheets[name] = Marks()
                    self._next_row, self._groups = 1, []
            elif self._marks is None:
                continue  # a table of tracked changes
            elif what == b"table-row-group":
                if end:
                    self._groups = self._groups[:-1]
                else:
                    self._groups.append(b'table:display="false"' in attributes)
            elif what == b"table-row":
                self._end_row() if end else self._begin_row(attributes)
            elif not end:
                self._cell(attributes, piece, found.end())

    def _begin_row(self, attributes: bytes) -> None:
        self._times = min(_times(attributes), MOST_ROWS)
        self._row, self._column, self._row_is_filled = self._next_row, 0, False
        self._next_row += self._times
        self._is_hidden = any(self._groups) or re.search(rb'visibility="(?:collapse|filter)"', attributes) is not None

    def _end_row(self) -> None:
        if self._row_is_filled:
            self.filled += self._times
            if self._is_hidden:
                self._marks.hidden_rows.update(range(self._row, self._row + min(self._times, 200_000)))

    def _cell(self, attributes: bytes, piece: bytes, end: int) -> None:
        times, row, column = min(_times(attributes), 16_384), self._row, self._column
        self._column += times
        is_closed = attributes.rstrip().endswith(b"/")
        if is_closed and b"value" not in attributes and b"formula" not in attributes:
            return
        self._row_is_filled = True
        self.cells += times * self._times
        marks, has_formula = self._marks, b"table:formula=" in attributes
        text = None if is_closed else _ODS_TEXT.match(piece, end)
        shown = text[1] if text else b""
        where = range(column, column + times)
        if b'calcext:value-type="error"' in attributes or (has_formula and _ODS_ERROR.match(shown)):
            for place in where:
                for down in range(self._times):
                    _add_error(marks, row + down, place, shown.decode("utf-8", "replace"))
        elif has_formula and b"office:value-type=" not in attributes:
            for place in where:
                marks.without_value.add(row, place, self._times)
        if b'value-type="percentage"' in attributes:
            for place in where:
                marks.percent_cells.add(row, place, self._times)
        if self._struck and _attribute(attributes.decode("utf-8", "replace"), "style-name") in self._struck:
            marks.struck_rows.update(range(row, row + min(self._times, 200_000)))
        if b"-spanned" in attributes:
            spans = {name: int(number) for name, number in _ODS_SPANS.findall(attributes)}
            bottom, right = spans.get(b"rows", 1) + row - 2, spans.get(b"columns", 1) + column - 1
            if (bottom, right) != (row - 1, column):
                marks.merged.append(((row - 1, column), (bottom, right)))


def _times(attributes: bytes) -> int:
    repeated = _ODS_TIMES.search(attributes)
    return int(repeated[1]) if repeated else 1


# --- xls -------------------------------------------------------------------------------------------------
def xls_marks(content: bytes) -> dict[str, Marks]:
    """{sheet name: marks} of an old workbook, read a second time by a library that keeps what the first leaves out."""
    import xlrd  # slow to import, and needed for this kind alone

    try:
        book = xlrd.open_workbook(file_contents=content, formatting_info=True, logfile=io.StringIO())
        return {sheet.name: _xls_sheet(xlrd, book, sheet) for sheet in book.sheets()}
    except Unreadable:
        raise
    except MemoryError:
        raise
    except Exception as error:  # the library falls over broken files in many ways
        raise Unreadable("encrypted" if "encrypted" in str(error) else "damaged") from error


def _xls_sheet(xlrd, book, sheet) -> Marks:
    marks = Marks(hidden_rows={number + 1 for number, info in sheet.rowinfo_map.items() if info.hidden})
    formats = [book.format_map[style.format_key].format_str for style in book.xf_list]
    percent = {place for place, text in enumerate(formats) if "%" in text}
    struck = {place for place, style in enumerate(book.xf_list) if book.font_list[style.font_index].struck_out}
    for number in range(sheet.nrows):
        kinds = sheet.row_types(number)
        if xlrd.XL_CELL_ERROR in kinds:
            for column, kind in enumerate(kinds):
                if kind == xlrd.XL_CELL_ERROR:
                    code = sheet.cell_value(number, column)
                    _add_error(marks, number + 1, column, xlrd.error_text_from_code.get(code, ""))
        if percent or struck:
            for column, kind in enumerate(kinds):
                if kind == xlrd.XL_CELL_EMPTY:
                    continue
                style = sheet.cell_xf_index(number, column)
                if style in percent:
                    marks.percent_cells.add(number + 1, column)
                if style in struck and kind != xlrd.XL_CELL_BLANK:
                    marks.struck_rows.add(number + 1)
    return marks
