"""One door for tables that people send and for tables that we give: xlsx, xls, ods and csv.

Belongs to core because every app takes and gives tables. Knows sheets, rows and cells; what a column means is the
business of whoever asks. What cannot be read is refused with one sentence (`ValidationError`), never a traceback.
"""

import csv
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from pathlib import PurePath

import tablib
from django.conf import settings
from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat
from django.utils import timezone
from django.utils.translation import gettext as _
from import_export.formats.base_formats import Format
from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.cell.cell import ILLEGAL_CHARACTERS_RE
from openpyxl.styles import Alignment, Font, PatternFill
from openpyxl.utils import column_index_from_string, get_column_letter
from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

from core.spreadsheet_marks import Marks, read_marks

Value = str | int | float | bool | date | datetime | time | timedelta | None

KINDS = ("xlsx", "xls", "ods", "csv")
MAX_ROWS = 100_000
# The reading library lays a sheet out as one full rectangle, so a single cell far away would take all memory.
MAX_CELLS = 5_000_000
MAX_UNPACKED_BYTES = 300 * 1024 * 1024


@dataclass(frozen=True)
class Row:
    """One row as the spreadsheet program counts it (from 1). An empty cell is None."""

    number: int
    values: tuple[Value, ...]

    def address(self, column: int) -> str:
        """`B17` for column 1 (counted from 0) of row 17."""
        return f"{get_column_letter(column + 1)}{self.number}"

    @property
    def is_empty(self) -> bool:
        return all(value is None for value in self.values)


@dataclass(frozen=True)
class Sheet:
    """A sheet with all its rows from row 1 on, each as wide as the sheet. A csv file is one sheet."""

    name: str
    rows: tuple[Row, ...]
    is_hidden: bool = False


@dataclass(frozen=True)
class Book:
    sheets: list[Sheet]
    marks: dict[str, Marks]


def read_book(content: bytes, name: str, *, max_bytes: int | None = None, max_rows: int = 200_000) -> Book:
    sheets = read_tables(content, name, max_bytes=max_bytes, max_rows=max_rows)
    return Book(sheets, read_marks(content, PurePath(name).suffix.lower().lstrip(".")))


# --- reading ---------------------------------------------------------------------------------------------


def read_upload(file, *, max_bytes: int | None = None, max_rows: int = MAX_ROWS) -> list[Sheet]:
    """The sheets of an uploaded file, whose size is judged before it is read. Raises ValidationError."""
    _refuse_size(file.size, max_bytes)
    file.seek(0)
    content = file.read()
    file.seek(0)
    return read_tables(content, file.name or "", max_bytes=max_bytes, max_rows=max_rows)


def read_tables(content: bytes, name: str, *, max_bytes: int | None = None, max_rows: int = MAX_ROWS) -> list[Sheet]:
    """The sheets of a file, hidden ones included and marked.

    The kind is told by the content and must agree with the ending of `name`. For csv the sheet bears the name of the
    file, the first line is row 1, and every value is text. A leading apostrophe that `write_csv` or `write_xlsx` put
    before a would-be formula is taken off again. Raises ValidationError with a sentence for what is empty, too large,
    encrypted, damaged, hostile or not what its name says.
    """
    _refuse_size(len(content), max_bytes)
    ending = PurePath(name).suffix.lower().lstrip(".")
    if ending not in KINDS:
        raise ValidationError(
            _("Files of this kind are not accepted. Choose one of: %(kinds)s.") % {"kinds": ", ".join(KINDS)}
        )
    if ending != _kind(content):
        raise ValidationError(
            _("This file is not what its name says (%(extension)s). Open it, save it again in that format and retry.")
            % {"extension": ending}
        )
    sheets = [_csv_sheet(content, name)] if ending == "csv" else _workbook_sheets(content, ending)
    for sheet in sheets:
        if len(sheet.rows) > max_rows:
            raise ValidationError(
                _("The sheet “%(sheet)s” has %(rows)s rows; at most %(limit)s are accepted. Split the file.")
                % {"sheet": sheet.name, "rows": len(sheet.rows), "limit": max_rows}
            )
    if all(row.is_empty for sheet in sheets for row in sheet.rows):
        raise ValidationError(_("There is no table in this file. Choose another one."))
    return sheets


def as_text(value: Value) -> str:
    """A value as a person wrote it: whole numbers without a point, dates as ISO, spaces made single, None as ``.

    A telephone number that the spreadsheet program took for a number comes back with its digits.
    """
    if value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return " ".join(str(value).split())


def _refuse_size(size: int, max_bytes: int | None) -> None:
    limit = max_bytes or settings.UPLOAD_MAX_BYTES
    if size > limit:
        raise ValidationError(
            _("This file is %(size)s; at most %(limit)s is accepted. Make it smaller and choose it again.")
            % {"size": filesizeformat(size), "limit": filesizeformat(limit)}
        )
    if not size:
        raise ValidationError(_("This file is empty. Choose another one."))


def _damaged() -> ValidationError:
    return ValidationError(_("This file is damaged and cannot be read. Open it, save it again and retry."))


def _encrypted() -> ValidationError:
    return ValidationError(_("This file is protected by a password. Take the password off and choose it again."))


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OLD_EXCEL = (b"\x09\x08", b"\x09\x04", b"\x09\x02", b"\x09\x00")


def _kind(content: bytes) -> str:
    """One of KINDS, or an empty text for anything else."""
    if content.startswith(b"PK"):
        return _packed_kind(content)
    if content.startswith(OLE):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise _encrypted()
        return "xls" if any(name.encode("utf-16-le") in content for name in ("Workbook", "Book")) else ""
    if content.startswith(OLD_EXCEL):
        return "xls"
    return "csv" if _decoded(content) is not None else ""


def _packed_kind(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            names = package.namelist()
            if sum(member.file_size for member in package.infolist()) > MAX_UNPACKED_BYTES:
                raise ValidationError(_("Unpacked, this file is too large to be read. Split it and retry."))
            if "mimetype" in names and b"opendocument.spreadsheet" in package.read("mimetype")[:200]:
                if b"manifest:encryption-data" in _member(package, "META-INF/manifest.xml"):
                    raise _encrypted()
                return "ods"
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise _damaged() from error
    # Some programs write Windows paths.
    return "xlsx" if any(re.match(r"[/\\]?xl[/\\].*\.xml$", name, re.IGNORECASE) for name in names) else ""


def _member(package: zipfile.ZipFile, name: str) -> bytes:
    """One packed file, never more than it claims to be."""
    try:
        info = package.getinfo(name)
    except KeyError:
        return b""
    with package.open(info) as stream:
        return stream.read(info.file_size)


_XLSX_CELL = re.compile(
    rb"""<(?:\w+:)?(?:c|row)\s(?:[^>]*?\s)?r\s*=\s*["']([A-Za-z]{0,3})([0-9]{1,10})["'][^>]*(?<!/)>"""
)
_ODS_PIECE = re.compile(rb"<(/?)table:(table|table-row|table-cell|covered-table-cell)(?![\w-])([^>]*)>")
_ODS_REPEATED = re.compile(rb"""number-(?:rows|columns)-repeated\s*=\s*["']([0-9]{1,12})["']""")


def _refuse_far_cells(content: bytes, kind: str) -> None:
    """Refuse a workbook whose filled cells span more than can be laid out."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as package:
            if kind == "ods":
                spans = [_ods_span(_member(package, "content.xml"))]
            else:
                spans = [_xlsx_span(_member(package, name)) for name in package.namelist() if _may_be_sheet(name)]
    except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError) as error:
        raise _damaged() from error
    if any(rows * columns > MAX_CELLS for rows, columns in spans):
        raise ValidationError(
            _("The cells of this file reach too far down or to the right. Copy the table into a new file and retry.")
        )


def _may_be_sheet(name: str) -> bool:
    return not name.endswith((".rels", "sharedStrings.xml", "styles.xml")) and "/media/" not in name


def _xlsx_span(xml: bytes) -> tuple[int, int]:
    rows, columns = 0, {b"A"}
    for match in _XLSX_CELL.finditer(xml):
        letters, digits = match.groups()
        rows = max(rows, int(digits))
        columns.add(letters.upper())
    return rows, max(column_index_from_string(letters.decode()) for letters in columns if letters)


def _ods_span(xml: bytes) -> tuple[int, int]:
    """The largest table of a document: the rows down to the last filled one, times the widest row."""
    tallest, widest = 0, 1
    rows = width = repeat = 0
    is_filled = False
    for match in _ODS_PIECE.finditer(xml):
        is_end, what, attributes = match.groups()
        repeated = _ODS_REPEATED.search(attributes)
        times = int(repeated[1]) if repeated else 1
        if what == b"table":
            rows = 0
        elif what == b"table-row" and not is_end:
            rows, repeat, width, is_filled = rows + times, times, 0, False
        elif what == b"table-row":
            if is_filled:
                tallest = max(tallest, rows)
        elif not is_end:
            width += times
            if not attributes.rstrip().endswith(b"/") or b"value" in attributes:
                is_filled = True
                widest = max(widest, width)
    return max(tallest, repeat if is_filled else 0), widest


def _workbook_sheets(content: bytes, kind: str) -> list[Sheet]:
    if kind != "xls":
        _refuse_far_cells(content, kind)
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        return [
            Sheet(
                meta.name,
                _rows(workbook.get_sheet_by_name(meta.name).to_python(skip_empty_area=False)),
                meta.visible != SheetVisibleEnum.Visible,
            )
            for meta in workbook.sheets_metadata
            if "Work" in str(meta.typ)
        ]
    except PasswordError as error:
        raise _encrypted() from error
    except (CalamineError, OSError, ValueError, OverflowError, struct.error) as error:
        raise _damaged() from error
    except BaseException as error:
        # The reading library is written in Rust; where it gives up on a broken file it raises this, and only this.
        if type(error).__name__ != "PanicException":
            raise
        raise _damaged() from error


def _rows(values: Iterable[Sequence]) -> tuple[Row, ...]:
    rows = [
        Row(number, tuple(None if value == "" else _unescaped(value) for value in row))
        for number, row in enumerate(values, start=1)
    ]
    while rows and rows[-1].is_empty:
        rows.pop()
    return tuple(rows)


# --- csv -------------------------------------------------------------------------------------------------

_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f]")


def _decoded(content: bytes) -> str | None:
    """The text of a csv file in UTF-8, UTF-16 or Windows-1252; None for what is no text."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif content[:200].count(b"\0") * 3 > len(content[:200]):
        encodings = ["utf-16-le" if content[1:2] == b"\0" else "utf-16-be"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        return None if _NO_TEXT.search(text) else text
    return None


def _csv_sheet(content: bytes, name: str) -> Sheet:
    text = _decoded(content) or ""
    told = re.match(r"sep=(.)\r?\n", text)
    if told:
        text, delimiter = text[told.end() :], told[1]
    else:
        delimiter = _delimiter(text)
    try:
        records = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as error:
        raise _damaged() from error
    width = max((len(record) for record in records), default=0)
    if width * len(records) > MAX_CELLS:
        raise ValidationError(
            _("The cells of this file reach too far down or to the right. Copy the table into a new file and retry.")
        )
    return Sheet(PurePath(name).name, _rows([*record, *[""] * (width - len(record))] for record in records))


def _delimiter(text: str) -> str:
    """The separator with which most of the first lines have the same number of cells, more than one."""

    def fit(delimiter: str) -> tuple[int, int]:
        reader = csv.reader(io.StringIO(text[:20_000], newline=""), delimiter=delimiter)
        try:
            widths = [len(record) for record in reader if len(record) > 1][:50]
        except csv.Error:
            return (0, 0)
        usual = max(widths, key=widths.count, default=0)
        return (widths.count(usual), usual)

    return max(";,\t", key=fit)


# --- formulas --------------------------------------------------------------------------------------------

# What a spreadsheet program may run as a formula, also behind spaces; the wide forms count in East Asian editions.
_WOULD_BE_FORMULA = re.compile(r"'*(?:\s*[=+\-@＝＋－＠]|[\t\r])")


def escaped(value):
    """Text that a spreadsheet program might run gets an apostrophe in front; everything else stays as it is.

    `escaped` and the reader undo each other for every text, also for one that already begins with an apostrophe.
    """
    return f"'{value}" if isinstance(value, str) and _WOULD_BE_FORMULA.match(value) else value


def _unescaped(value):
    is_escaped = isinstance(value, str) and value.startswith("'") and _WOULD_BE_FORMULA.match(value[1:])
    return value[1:] if is_escaped else value


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


def write_xlsx(rows: Iterable[Sequence], *, title: str = "Data", notes: Sequence[str] = ()) -> bytes:
    """Rows as a workbook of one sheet; the first row holds the headings, shown bold and kept in view.

    `notes` fill a second sheet, for what the reader of a template should know.
    """
    workbook = Workbook(write_only=True)
    sheet = workbook.create_sheet(re.sub(r"[\[\]:*?/\\]", " ", str(title))[:31])
    sheet.freeze_panes = "A2"
    rows = [[_plain(value) for value in row] for row in rows]
    for place, column in enumerate(zip(*rows, strict=False), start=1):
        longest = max(len(str(value)) for value in column if value is not None) if any(column) else 8
        sheet.column_dimensions[get_column_letter(place)].width = min(max(longest + 2, 10), 60)
    for number, row in enumerate(rows):
        sheet.append([_heading_cell(sheet, value) if number == 0 else _cell(sheet, value) for value in row])
    if notes:
        explained = workbook.create_sheet(_("Notes")[:31])
        explained.column_dimensions["A"].width = 90
        for note in notes:
            explained.append([_cell(explained, escaped(str(note)))])
    stream = io.BytesIO()
    workbook.save(stream)
    return stream.getvalue()


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
        """The first visible sheet; its first filled row holds the headings."""
        sheets = read_tables(in_stream, f"import.{self.EXTENSION}")
        sheet = next((sheet for sheet in sheets if not sheet.is_hidden and sheet.rows), sheets[0])
        filled = [row.values for row in sheet.rows if not row.is_empty]
        width = max((place + 1 for place, value in enumerate(filled[0]) if value is not None), default=0)
        dataset = tablib.Dataset(headers=[as_text(value) for value in filled[0][:width]])
        for values in filled[1:]:
            dataset.append(["" if value is None else value for value in values[:width]])
        return dataset

    def _table(self, dataset: tablib.Dataset) -> list[Sequence]:
        return [dataset.headers or [], *dataset]


class Xlsx(_TableFormat):
    EXTENSION = "xlsx"
    CONTENT_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"

    def export_data(self, dataset, **kwargs) -> bytes:
        return write_xlsx(self._table(dataset), title=dataset.title or "Data")


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


IMPORT_FORMATS = [Xlsx, Csv, Ods, Xls]
EXPORT_FORMATS = [Xlsx, Csv]
