"""Tables of an HTML page, which many programs save under the name of an Excel file.

Belongs to core because every import takes such files. As in Excel, all tables of the page stand one below the other on
one sheet, and a line of text between them is a row. Numbers stay the text that a person sees.
"""

import re
from html.parser import HTMLParser

from core.spreadsheet_shapes import Marks, Unreadable

MAX_COLUMNS = 1_000
_UNSEEN = {"script", "style", "head", "title", "xml", "template"}
_BLOCKS = {"p", "div", "h1", "h2", "h3", "h4", "h5", "h6", "li", "caption", "br", "table", "center", "body", "hr"}
_STRUCK = {"s", "strike", "del"}


def is_html(text: str) -> bool:
    """Whether a text, or its beginning, is a page and no csv file that speaks of one."""
    return bool(
        re.match(r"\s*<[!?a-z]", text, re.IGNORECASE) and re.search(r"<(?:html|table|body)\b", text, re.IGNORECASE)
    )


class TableReader(HTMLParser):
    """`rows` from row 1 on, of different widths, and their `marks`."""

    def __init__(self, max_cells: int):
        super().__init__(convert_charrefs=True)
        self.rows: list[list[str]] = []
        self.marks = Marks()
        self._left = max_cells
        self._text: list[str] = []
        self._unseen = self._tables = self._struck = 0
        self._row: list[str] | None = None
        self._cell: tuple[int, int] | None = None  # columns and rows of the open cell
        self._below: dict[int, int] = {}  # column -> for how many rows a cell from above still covers it
        self._is_struck = self._is_hidden = False

    def handle_starttag(self, tag, attrs):
        if tag in _UNSEEN:
            self._unseen += 1
        elif tag in _STRUCK:
            self._struck += 1
        elif tag == "table":
            self._break()
            self._tables += 1
            if self._tables == 1:
                self._below = {}
        elif self._tables == 1 and tag == "tr":
            self._end_row()
            self._row = []
            self._is_hidden = (
                re.search(r"display\s*:\s*none", dict(attrs).get("style") or "", re.IGNORECASE) is not None
            )
        elif self._tables == 1 and tag in ("td", "th"):
            self._end_cell()
            if self._row is None:
                self._row = []
            spans = dict(attrs)
            self._cell = (_span(spans.get("colspan")), _span(spans.get("rowspan")))
        elif tag in _BLOCKS or self._tables > 1:
            self._break()

    def handle_startendtag(self, tag, attrs):
        if tag in _BLOCKS:
            self._break()

    def handle_endtag(self, tag):
        if tag in _UNSEEN:
            self._unseen = max(self._unseen - 1, 0)
        elif tag in _STRUCK:
            self._struck = max(self._struck - 1, 0)
        elif tag == "table" and self._tables:
            self._tables -= 1
            if not self._tables:
                self._end_row()
        elif self._tables == 1 and tag == "tr":
            self._end_row()
        elif self._tables == 1 and tag in ("td", "th"):
            self._end_cell()
        elif tag in _BLOCKS:
            self._break()

    def handle_data(self, data):
        if self._unseen or (self._tables and self._cell is None):
            return
        self._text.append(data)
        if self._struck and self._cell and data.strip():
            self._is_struck = True

    def close(self):
        super().close()
        self._end_row()
        self._end_line()

    def _break(self) -> None:
        if self._tables:
            self._text.append(" ")
        else:
            self._end_line()

    def _taken_text(self) -> str:
        text, self._text = " ".join("".join(self._text).split()), []
        return text

    def _end_line(self) -> None:
        text = self._taken_text()
        if text:
            self._add([text])

    def _end_cell(self) -> None:
        if self._cell is None:
            return
        columns, rows = self._cell
        self._cell = None
        while self._below.get(len(self._row)):
            self._row.append("")
        left = len(self._row)
        self._row += [self._taken_text(), *[""] * (columns - 1)]
        if len(self._row) > MAX_COLUMNS:
            raise Unreadable("too_complicated")
        if rows > 1:
            # Counted down at the end of each row, of this one too.
            self._below.update(dict.fromkeys(range(left, left + columns), rows))
        if rows > 1 or columns > 1:
            top = len(self.rows)
            self.marks.merged.append(((top, left), (top + rows - 1, left + columns - 1)))

    def _end_row(self) -> None:
        self._end_cell()
        if self._row is None:
            return
        if self._is_hidden:
            self.marks.hidden_rows.add(len(self.rows) + 1)
        if self._is_struck:
            self.marks.struck_rows.add(len(self.rows) + 1)
        self._below = {column: rows - 1 for column, rows in self._below.items() if rows > 1}
        self._add(self._row)
        self._row, self._is_struck, self._is_hidden = None, False, False

    def _add(self, row: list[str]) -> None:
        self._left -= len(row)
        if self._left < 0:
            raise Unreadable("too_complicated")
        self.rows.append(row)


def _span(told: str | None) -> int:
    return max(1, min(int(told), MAX_COLUMNS)) if told and told.strip().isdecimal() and len(told) < 8 else 1
