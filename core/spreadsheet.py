"""One door for tables that people send and for tables that we give: xlsx, xls, ods, csv and html.

Belongs to core because every app takes and gives tables. Knows sheets, rows and cells; what a column means is the
business of whoever asks. What cannot be read is refused with one sentence (`ValidationError`), never a traceback.
"""

import csv
import io
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal

import tablib
from django.conf import settings
from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from import_export.formats.base_formats import Format
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import get_column_letter

from core import spreadsheet_reading
from core.spreadsheet_process import read_apart
from core.spreadsheet_reading import KINDS, MAX_ROWS, ending_of
from core.spreadsheet_shapes import Book, Marks, Row, Sheet, Unreadable, Value, escaped

__all__ = ["Book", "Row", "Sheet", "Value", "escaped"]

# --- reading ---------------------------------------------------------------------------------------------

SENTENCES = {
    "empty": gettext_lazy("This file is empty. Choose another one."),
    "too_large": gettext_lazy(
        "This file is %(size)s; at most %(limit)s is accepted. Make it smaller and choose it again."
    ),
    "unknown_kind": gettext_lazy("Files of this kind are not accepted. Choose one of: %(kinds)s."),
    "not_what_it_says": gettext_lazy(
        "This file is not what its name says (%(extension)s). Open it, save it again in that format and retry."
    ),
    "damaged": gettext_lazy("This file is damaged and cannot be read. Open it, save it again and retry."),
    "encrypted": gettext_lazy("This file is protected by a password. Take the password off and choose it again."),
    "macros": gettext_lazy("This file holds macros. Save it as a workbook without macros (.xlsx) and choose that one."),
    "unpacks_too_large": gettext_lazy("Unpacked, this file is too large to be read. Split it and retry."),
    "too_many_filled_rows": gettext_lazy("This file has more than %(limit)s filled rows. Split it and retry."),
    "too_many_rows": gettext_lazy(
        "The sheet “%(sheet)s” has %(rows)s rows; at most %(limit)s are accepted. Split the file."
    ),
    "too_many_errors": gettext_lazy(
        "This file has more than %(limit)s cells with errors such as #REF!, see %(cell)s. Mend the formulas and retry."
    ),
    "too_complicated": gettext_lazy(
        "This file is too large or too complicated to be read. Copy the table alone into a new file, or split it."
    ),
    "no_table": gettext_lazy("There is no table in this file. Choose another one."),
}


def read_upload(file, *, max_bytes: int | None = None, max_rows: int = MAX_ROWS) -> list[Sheet]:
    """The sheets of an uploaded file, whose size is judged before it is read. Raises ValidationError."""
    refuse_size(file.size, max_bytes)
    file.seek(0)
    content = file.read()
    file.seek(0)
    return read_tables(content, file.name or "", max_bytes=max_bytes, max_rows=max_rows)


def read_tables(content: bytes, name: str, *, max_bytes: int | None = None, max_rows: int = MAX_ROWS) -> list[Sheet]:
    """The sheets of a file as `read_book` gives them."""
    return read_book(content, name, max_bytes=max_bytes, max_rows=max_rows).sheets


def read_book(content: bytes, name: str, *, max_bytes: int | None = None, max_rows: int = MAX_ROWS) -> Book:
    """The sheets of a file, hidden ones included and marked, and what they say beside their values.

    The kind is told by the content and must agree with the ending of `name`. For csv and html the sheet bears the name
    of the file, the first line is row 1, and every value is text. A leading apostrophe that `write_csv` or `write_xlsx`
    put before a would-be formula is taken off again. The file is read in a process of its own. Raises ValidationError
    with a sentence for what is empty, too large, encrypted, damaged, hostile or not what its name says.
    """
    return _read(read_apart, content, name, max_bytes, max_rows)


def read_here(content: bytes, name: str, *, max_bytes: int | None = None, max_rows: int = MAX_ROWS) -> Book:
    """The same in this process: only for files that we made ourselves."""
    return _read(spreadsheet_reading.read_here, content, name, max_bytes, max_rows)


def _read(reader: Callable[..., Book], content: bytes, name: str, max_bytes: int | None, max_rows: int) -> Book:
    refuse_size(len(content), max_bytes)
    try:
        if ending_of(name) not in KINDS:
            raise Unreadable("unknown_kind", kinds=", ".join(KINDS))
        return reader(content, name, max_rows=max_rows)
    except Unreadable as refused:
        params = {**refused.params, "sheet": refused.params.get("sheet") or name}
        raise ValidationError(SENTENCES[refused.code] % params, code=refused.code) from refused


def refuse_size(size: int, max_bytes: int | None = None) -> None:
    """Raises ValidationError for what is too large or empty, before it is read."""
    limit = max_bytes or settings.UPLOAD_MAX_BYTES
    if size > limit:
        sizes = {"size": filesizeformat(size), "limit": filesizeformat(limit)}
        raise ValidationError(SENTENCES["too_large"] % sizes, code="too_large")
    if not size:
        raise ValidationError(SENTENCES["empty"], code="empty")


def as_text(value: Value) -> str:
    """A value as a person wrote it: whole numbers without a point, dates as ISO, spaces made single, None as ``.

    A telephone number that the spreadsheet program took for a number comes back with its digits.
    """
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).split())


# --- writing ---------------------------------------------------------------------------------------------


def _plain(value):
    """What a cell can hold: numbers, dates and None stay, moments become local time, anything else becomes text."""
    if isinstance(value, datetime):
        return timezone.make_naive(value) if timezone.is_aware(value) else value
    if value is None or isinstance(value, (bool, int, float, Decimal, date, time, timedelta)):
        return value
    return escaped(ILLEGAL_CHARACTERS_RE.sub("", str(value)))


def write_csv(rows: Iterable[Sequence], *, delimiter: str = ",") -> bytes:
    """Rows, the headings first, as UTF-8 with the mark by which Excel knows it."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, delimiter=delimiter)
    writer.writerows([_plain(value) for value in row] for row in rows)
    return text.getvalue().encode("utf-8-sig")


def write_xlsx(
    rows: Iterable[Sequence],
    *,
    title: str = "Data",
    beside: Iterable[tuple[str, Iterable[Sequence]]] = (),
    notes: Sequence[str] = (),
) -> bytes:
    """Rows as a workbook; the first row holds the headings, shown bold and kept in view.

    `beside` are further sheets, each a title with its rows; `notes` fill a last one, for what the reader of a template
    should know.
    """
    workbook = Workbook(write_only=True)
    for name, table in ((title, rows), *beside):
        _add_sheet(workbook, name, [[_plain(value) for value in row] for row in table])
    if notes:
        explained = workbook.create_sheet(_("Notes")[:31])
        explained.column_dimensions["A"].width = 90
        for note in notes:
            explained.append([_cell(explained, escaped(str(note)))])
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


def _add_sheet(workbook: Workbook, title: str, rows: list[list]) -> None:
    sheet = workbook.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", str(title))[:31])
    sheet.freeze_panes = "A2"
    for place, column in enumerate(zip(*rows, strict=False), start=1):
        longest = max(len(str(value)) for value in column if value is not None) if any(column) else 8
        sheet.column_dimensions[get_column_letter(place)].width = min(max(longest + 2, 10), 60)
    for number, row in enumerate(rows):
        sheet.append([_heading_cell(sheet, value) if number == 0 else _cell(sheet, value) for value in row])


def _cell(sheet, value):
    """Text stays text: the library would make a formula of whatever begins with an equals sign."""
    if not isinstance(value, str):
        return value
    cell = WriteOnlyCell(sheet, value)
    cell.data_type = "s"
    return cell


def _heading_cell(sheet, value):
    cell = WriteOnlyCell(sheet, value)
    cell.font = Font(bold=True)
    cell.fill = PatternFill("solid", fgColor="E0F1ED")
    cell.alignment = Alignment(vertical="top", wrap_text=True)
    return cell


# --- the admin's import and export -----------------------------------------------------------------------


@dataclass(frozen=True)
class Origin:
    """Where the rows of a dataset stand: the sheet that was read, those that were not, and what is marked in it."""

    sheet: str
    rows: Sequence[Row]
    others: Sequence[str]
    marks: Marks


class _TableFormat(Format):
    """Reading and writing by the functions above, in the shape that django-import-export asks for."""

    EXTENSION = ""
    CONTENT_TYPE = ""

    def __init__(self, encoding=None):
        self.encoding = encoding

    def get_title(self):
        return self.EXTENSION

    def get_extension(self):
        return self.EXTENSION

    def get_content_type(self):
        return self.CONTENT_TYPE

    def can_import(self):
        return True

    def can_export(self):
        return True

    def create_dataset(self, in_stream: bytes) -> tablib.Dataset:
        """The first visible sheet; its first filled row holds the headings, until `core.resources` finds better ones.

        The other visible ones stand in `beside`, each as a dataset of its own.
        """
        book = read_book(in_stream, f"import.{self.EXTENSION}")
        shown = [sheet for sheet in book.sheets if not sheet.is_hidden and any(not row.is_empty for row in sheet.rows)]
        first, *beside = shown or book.sheets[:1]
        dataset = self._dataset(book, first, [sheet.name for sheet in book.sheets if sheet is not first and sheet.rows])
        dataset.beside = [self._dataset(book, sheet) for sheet in beside]
        return dataset

    def _dataset(self, book: Book, sheet: Sheet, others: Sequence[str] = ()) -> tablib.Dataset:
        filled = [row.values for row in sheet.rows if not row.is_empty]
        width = max((place + 1 for place, value in enumerate(filled[0]) if value is not None), default=0)
        dataset = tablib.Dataset(headers=[as_text(value) for value in filled[0][:width]])
        for values in filled[1:]:
            dataset.append(["" if value is None else value for value in values[:width]])
        dataset.origin = Origin(sheet.name, sheet.rows, others, book.marks.get(sheet.name) or Marks())
        return dataset

    def _table(self, dataset: tablib.Dataset) -> list[Sequence]:
        return [dataset.headers or [], *dataset]

    def _title(self, dataset: tablib.Dataset) -> str:
        return dataset.title or "Data"


class Xlsx(_TableFormat):
    EXTENSION = "xlsx"
    CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def export_data(self, dataset, **kwargs) -> bytes:
        beside = [(self._title(other), self._table(other)) for other in getattr(dataset, "beside", [])]
        return write_xlsx(self._table(dataset), title=self._title(dataset), beside=beside)


class Csv(_TableFormat):
    EXTENSION = "csv"
    CONTENT_TYPE = "text/csv; charset=utf-8"

    def export_data(self, dataset, **kwargs) -> bytes:
        return write_csv(self._table(dataset))


class Ods(_TableFormat):
    EXTENSION = "ods"
    CONTENT_TYPE = "application/vnd.oasis.opendocument.spreadsheet"

    def can_export(self):
        return False


class Xls(Ods):
    EXTENSION = "xls"
    CONTENT_TYPE = "application/vnd.ms-excel"


class Html(Ods):
    EXTENSION = "html"
    CONTENT_TYPE = "text/html"


IMPORT_FORMATS = [Xlsx, Csv, Ods, Xls, Html]
EXPORT_FORMATS = [Xlsx, Csv]
