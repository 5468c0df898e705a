"""Reading xlsx, xls, ods, csv and html into plain values. Knows neither Django nor who asks.

Belongs to core because every app takes tables. What comes from outside is read in a process of its own, by
`core.spreadsheet_process`: the libraries used here may be led into using any time and memory. `read_here` reads without
that shelter.
"""

import codecs
import csv
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import PurePath

from python_calamine import CalamineError, CalamineWorkbook, PasswordError, SheetVisibleEnum

from core.spreadsheet_html import TableReader, is_html
from core.spreadsheet_marks import OdsScan, Scan, XlsxScan, sheet_parts, styles_of, xls_marks
from core.spreadsheet_shapes import Book, Marks, Row, Sheet, Unreadable, unescaped

# Ending of the name -> what the content may be.
KINDS = {"xlsx": {"xlsx"}, "xls": {"xls", "html"}, "ods": {"ods"}, "csv": {"csv"}, "html": {"html"}, "htm": {"html"}}
MAX_ROWS = 200_000
# A sheet is laid out as one full rectangle.
MAX_CELLS = 6_000_000
MAX_UNPACKED_BYTES = 200 * 1024 * 1024
MAX_PART_BYTES = 32 * 1024 * 1024  # of the parts that are read whole: styles, names of sheets
MAX_PARTS = 5_000
MAX_CELL_CHARACTERS = 32_767  # as in Excel
MAX_MERGED = 50_000
CHUNK = 1024 * 1024
MAX_ROW_BYTES, MAX_TAG_BYTES = 2 * CHUNK, 8 * CHUNK
BATCH = 1_000  # rows

Piece = tuple


def ending_of(name: str) -> str:
    return PurePath(name).suffix.lower().lstrip(".")


def read_here(content: bytes, name: str, *, max_rows: int = MAX_ROWS) -> Book:
    """The sheets and marks of a file that is trusted, read in this process. Raises Unreadable."""
    return book_of(read_pieces(content, ending_of(name), max_rows), name)


def book_of(pieces: Iterable[Piece], name: str) -> Book:
    """Puts together what `read_pieces` gives."""
    sheets: list[Sheet] = []
    marks: dict[str, Marks] = {}
    rows: list[Row] = []
    for what, *values in pieces:
        if what == "rows":
            rows += [Row(number, row) for number, row in enumerate(values[0], start=len(rows) + 1)]
        elif what == "sheet":
            title, is_hidden, width, plain = values
            title = PurePath(name).name if title is None else title
            if any(len(row.values) < width for row in rows):
                rows = [Row(row.number, row.values + (None,) * (width - len(row.values))) for row in rows]
            sheets.append(Sheet(title, tuple(rows), is_hidden))
            if plain:
                marks[title] = Marks.from_plain(plain)
            rows = []
    return Book(sheets, marks)


def read_pieces(content: bytes, ending: str, max_rows: int = MAX_ROWS) -> Iterator[Piece]:
    """("cells", number) before the parsing begins; then ("rows", [values, ...]) several times for each sheet, closed by
    ("sheet", name or None for that of the file, is hidden, width, plain marks or None)."""
    kind = _kind(content)
    if kind not in KINDS[ending]:
        raise Unreadable("not_what_it_says", extension=ending)
    reader = {"csv": _csv_sheet, "html": _html_sheet, "xls": _xls_sheets}.get(kind, _packed_sheets)
    is_empty = True
    for piece in reader(content, max_rows):
        is_empty = is_empty and piece[0] != "rows"
        yield piece
    if is_empty:
        raise Unreadable("no_table")


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
OLD_EXCEL = (b"\x09\x08", b"\x09\x04", b"\x09\x02", b"\x09\x00")


def _kind(content: bytes) -> str:
    """A kind of file, or an empty text for anything else."""
    if content.startswith(b"PK"):
        return _packed_kind(content)
    if content.startswith(OLE):
        if "EncryptedPackage".encode("utf-16-le") in content:
            raise Unreadable("encrypted")
        return "xls" if any(name.encode("utf-16-le") in content for name in ("Workbook", "Book")) else ""
    if content.startswith(OLD_EXCEL):
        return "xls"
    encoding = _encoding(content)
    if not encoding:
        return ""
    return "html" if is_html(_beginning(content, encoding)) else "csv"


def _rows(rows: Iterable[Sequence], *, left: int = 0) -> Iterator[Piece]:
    """Rows as pieces, without the empty ones at the end; `left` empty columns go before each."""
    before = (None,) * left
    batch: list[tuple] = []
    filled = 0  # up to the last one with something in it
    for row in rows:
        values = before + tuple([value if value.__class__ is float else _cleaned(value) for value in row])
        batch.append(values)
        if any(value is not None for value in values):
            filled = len(batch)
        if filled >= BATCH:
            yield "rows", batch[:filled]
            batch, filled = batch[filled:], 0
    if filled:
        yield "rows", batch[:filled]


def _cleaned(value):
    if not isinstance(value, str):
        return value
    if len(value) > MAX_CELL_CHARACTERS:
        raise Unreadable("too_complicated")
    return unescaped(value) or None


def _refuse_size(sheet: str | None, rows: int, columns: int, max_rows: int) -> None:
    if rows > max_rows:
        raise Unreadable("too_many_rows", sheet=sheet, rows=rows, limit=max_rows)
    if rows * columns > MAX_CELLS:
        raise Unreadable("too_complicated")


# --- xlsx and ods ----------------------------------------------------------------------------------------
_BROKEN_PACKAGE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError, OSError, ValueError)


def _packed_kind(content: bytes) -> str:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            names = archive.namelist()
            if "mimetype" in names:
                with archive.open("mimetype") as stream:
                    if b"opendocument.spreadsheet" in stream.read(200):
                        return "ods"
    except _BROKEN_PACKAGE as error:
        raise Unreadable("damaged") from error
    # Some programs write Windows paths.
    return "xlsx" if any(re.match(r"[/\\]?xl[/\\].*\.xml$", name, re.IGNORECASE) for name in names) else ""


class Package:
    """The parts of a packed workbook, read in pieces and never beyond what all of them together may take."""

    def __init__(self, archive: zipfile.ZipFile):
        self.archive = archive
        self.left = MAX_UNPACKED_BYTES
        parts = archive.infolist()
        self.parts = {part.filename.replace("\\", "/").lstrip("/").lower(): part for part in parts}
        if len(self.parts) != len(parts):  # of two parts with one name, another reader may take the other
            raise Unreadable("damaged")
        if len(parts) > MAX_PARTS:
            raise Unreadable("too_complicated")
        if sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
            raise Unreadable("unpacks_too_large")
        if any(part.flag_bits & 0x1 for part in parts):
            raise Unreadable("encrypted")
        if any(part.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) for part in parts):
            raise Unreadable("damaged")
        if any(_holds_macros(path) for path in self.parts):
            raise Unreadable("macros")

    def whole(self, path: str) -> bytes:
        """A small part, or nothing where it is missing."""
        part = self.parts.get(path.lower())
        if part is None:
            return b""
        if part.file_size > MAX_PART_BYTES:
            raise Unreadable("too_complicated")
        with self.archive.open(part) as stream:
            return stream.read(MAX_PART_BYTES)

    def scan(self, path: str, scan: Scan | None) -> None:
        """Unpack a part once, count it, refuse what no workbook needs, and show it to `scan`."""
        part = self.parts[path]
        told = part.file_size
        part.file_size = 2 * MAX_UNPACKED_BYTES  # what a part says of its own size may be a lie
        size, rest = 0, b""
        is_xml = path.endswith((".xml", ".rels"))
        try:
            with self.archive.open(part) as stream:
                while chunk := stream.read(CHUNK):
                    size += len(chunk)
                    self.left -= len(chunk)
                    if self.left < 0:
                        raise Unreadable("unpacks_too_large")
                    if not is_xml:
                        continue
                    if size == len(chunk) and chunk.startswith((b"\xff\xfe", b"\xfe\xff", b"<\0", b"\0<")):
                        raise Unreadable("damaged")  # in two bytes a letter nothing below would be found
                    rest += chunk
                    ends = scan.ends if scan else ()
                    if not rest.startswith(ends) or len(rest) > MAX_ROW_BYTES:  # a row or a cell stays whole
                        ends = (*ends, b"<")
                    cut = next((place for end in ends if (place := rest.rfind(end)) > 0), -1)
                    if cut > 0:
                        _look_at(rest[:cut], scan)
                        rest = rest[cut:]
                    if len(rest) > MAX_TAG_BYTES:
                        raise Unreadable("too_complicated")
        finally:
            part.file_size = told
        if size != told:
            raise Unreadable("damaged")
        _look_at(rest, scan)


def _look_at(piece: bytes, scan: Scan | None) -> None:
    # Nothing that a spreadsheet program writes defines entities; those who do want to blow them up or fetch files.
    if b"!" in piece and (b"<!DOCTYPE" in piece or b"<!ENTITY" in piece):
        raise Unreadable("damaged")
    if scan:
        scan.feed(piece)
        if scan.filled > MAX_ROWS:
            raise Unreadable("too_many_filled_rows", limit=MAX_ROWS)


def _holds_macros(path: str) -> bool:
    if path.startswith("basic/"):  # LibreOffice always writes lists of modules, mostly empty ones
        return path.endswith(".xml") and not path.endswith(("script-lb.xml", "script-lc.xml", "script-lb-lc.xml"))
    return path.endswith("vbaproject.bin") or (path.startswith("scripts/") and not path.endswith("/"))


def _packed_sheets(content: bytes, max_rows: int) -> Iterator[Piece]:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            package = Package(archive)
            scans, marks = _scan_ods(package) if "content.xml" in package.parts else _scan_xlsx(package)
    except _BROKEN_PACKAGE as error:
        raise Unreadable("damaged") from error
    if sum(scan.filled for scan in scans) > MAX_ROWS:
        raise Unreadable("too_many_filled_rows", limit=MAX_ROWS)
    yield "cells", min(sum(scan.cells for scan in scans), MAX_CELLS)
    yield from _workbook_sheets(content, max_rows, marks)


def _scan_xlsx(package: Package) -> tuple[list[Scan], dict[str, Marks]]:
    styles = styles_of(package.whole("xl/styles.xml"))
    paths: dict[str, str] = {}
    for name, path in sheet_parts(package.whole("xl/workbook.xml"), package.whole("xl/_rels/workbook.xml.rels")):
        if name in paths:
            raise Unreadable("damaged")
        paths[name] = path.lower()
    scans = {path: XlsxScan(*styles) for path in paths.values() if path in package.parts}
    for path in package.parts:
        package.scan(path, scans.get(path))
    # Several sheets may be the same part.
    found = [scans[path] for path in paths.values() if path in scans]
    return found, {name: scans[path].marks for name, path in paths.items() if path in scans}


def _scan_ods(package: Package) -> tuple[list[Scan], dict[str, Marks]]:
    if b"manifest:encryption-data" in package.whole("META-INF/manifest.xml"):
        raise Unreadable("encrypted")
    scan = OdsScan()
    for path in package.parts:
        package.scan(path, scan if path == "content.xml" else None)
    if scan.cells > MAX_CELLS:
        raise Unreadable("too_complicated")
    return [scan], scan.sheets


# --- the reading library ---------------------------------------------------------------------------------


def _xls_sheets(content: bytes, max_rows: int) -> Iterator[Piece]:
    if "_VBA_PROJECT_CUR".encode("utf-16-le") in content:
        raise Unreadable("macros")
    yield "cells", len(content) // 8
    yield from _workbook_sheets(content, max_rows, xls_marks(content))


def _workbook_sheets(content: bytes, max_rows: int, marks: dict[str, Marks]) -> Iterator[Piece]:
    try:
        workbook = CalamineWorkbook.from_filelike(io.BytesIO(content))
        for meta in workbook.sheets_metadata:
            if "Work" not in str(meta.typ):
                continue
            if meta.name not in marks:  # read, but not searched for what the library leaves out
                raise Unreadable("damaged")
            sheet, marked = workbook.get_sheet_by_name(meta.name), marks[meta.name]
            _refuse_size(meta.name, sheet.total_height, sheet.total_width, max_rows)
            yield from _rows(sheet.iter_rows(), left=sheet.start[1] if sheet.start else 0)
            marked.merged = marked.merged or list(sheet.merged_cell_ranges or ())
            if len(marked.merged) > MAX_MERGED:
                raise Unreadable("too_complicated")
            hidden = meta.visible != SheetVisibleEnum.Visible
            yield "sheet", meta.name, hidden, sheet.total_width, marked.plain() if marked != Marks() else None
    except PasswordError as error:
        raise Unreadable("encrypted") from error
    except (CalamineError, OSError, ValueError, OverflowError, struct.error) as error:
        raise Unreadable("damaged") from error
    except BaseException as error:
        # The library is written in Rust; where it gives up on a broken file it raises this, and only this.
        if type(error).__name__ != "PanicException":
            raise
        raise Unreadable("damaged") from error


# --- csv -------------------------------------------------------------------------------------------------
_NO_TEXT = re.compile("[\x00-\x08\x0e-\x1f]")


def _encoding(content: bytes) -> str:
    """UTF-8, UTF-16 or Windows-1252, whichever fits the whole of a text; nothing for what is no text."""
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        encodings = ["utf-16"]
    elif content[:200].count(b"\0") * 3 > len(content[:200]):
        encodings = ["utf-16-le" if content[1:2] == b"\0" else "utf-16-be"]
    else:
        encodings = ["utf-8-sig", "cp1252"]
    for encoding in encodings:
        decoder = codecs.getincrementaldecoder(encoding)()
        try:
            for start in range(0, len(content) + 1, CHUNK):
                if _NO_TEXT.search(decoder.decode(content[start : start + CHUNK], start + CHUNK > len(content))):
                    return ""
        except UnicodeDecodeError:
            continue
        return encoding
    return ""


def _beginning(content: bytes, encoding: str) -> str:
    return codecs.getincrementaldecoder(encoding)().decode(content[:60_000])[:20_000]


def _csv_sheet(content: bytes, max_rows: int) -> Iterator[Piece]:
    encoding = _encoding(content)
    text = _beginning(content, encoding)
    told = re.match(r"sep=(.)\r?\n", text)
    delimiter = told[1] if told else _delimiter(text)

    def records() -> Iterator[list[str]]:
        lines = io.TextIOWrapper(io.BytesIO(content), encoding, newline="")
        if told:
            lines.read(told.end())
        return csv.reader(lines, delimiter=delimiter)

    try:
        count, width, filled = 0, 0, 0
        for record in records():  # once for the size: what is too large is never held
            count += 1
            width = max(width, len(record))
            filled += any(record)
            if width * count > MAX_CELLS or filled > MAX_ROWS:
                break
        if filled > MAX_ROWS:
            raise Unreadable("too_many_filled_rows", limit=MAX_ROWS)
        _refuse_size(None, count, width, max_rows)
        yield "cells", width * count
        yield from _rows(records())
        yield "sheet", None, False, width, None
    except csv.Error as error:
        raise Unreadable("damaged") from error


def _delimiter(text: str) -> str:
    """The separator with which most of the first lines have the same number of cells, more than one."""

    def fit(delimiter: str) -> tuple[int, int]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        try:
            widths = [len(record) for record in reader if len(record) > 1][:50]
        except csv.Error:
            return (0, 0)
        usual = max(widths, key=widths.count, default=0)
        return (widths.count(usual), usual)

    return max(";,\t", key=fit)


# --- html ------------------------------------------------------------------------------------------------


def _html_sheet(content: bytes, max_rows: int) -> Iterator[Piece]:
    encoding = _encoding(content)
    yield "cells", len(content) // 100
    reader = TableReader(MAX_CELLS)
    lines = io.TextIOWrapper(io.BytesIO(content), encoding)
    while text := lines.read(CHUNK // 16):
        reader.feed(text)
        if len(reader.rawdata) > CHUNK:  # a tag or comment without end, looked through again with each piece
            raise Unreadable("too_complicated")
    reader.close()
    width = max(map(len, reader.rows), default=0)
    _refuse_size(None, len(reader.rows), width, max_rows)
    yield from _rows(reader.rows)
    yield "sheet", None, False, width, reader.marks.plain() if reader.marks != Marks() else None
