"""Tables that people send and tables that we give: what is read, what is refused, and that nothing runs as a formula."""

import io
import zipfile
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from openpyxl import Workbook, load_workbook

from core.spreadsheet import (
    EXPORT_FORMATS,
    IMPORT_FORMATS,
    Csv,
    Xlsx,
    as_text,
    escaped,
    read_tables,
    read_upload,
    write_csv,
    write_xlsx,
)

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"
TABLE = [["Nama", "Instansi"], ["Budi Contoh", "Dinas Uji"], ["Sari Contoh", "LKM Uji"]]


def workbook(*cells, title="Lembar", state="visible") -> bytes:
    """An xlsx file with the given ("B2", value) cells."""
    book = Workbook()
    book.active.title = title
    for address, value in cells:
        book.active[address] = value
    if state != "visible":
        book.create_sheet("Rahasia").sheet_state = state
        book["Rahasia"]["A1"] = "lama"
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def values(sheet) -> list[list]:
    return [list(row.values) for row in sheet.rows]


def refusal(content: bytes, name: str, **limits) -> str:
    with pytest.raises(ValidationError) as caught:
        read_tables(content, name, **limits)
    (sentence,) = caught.value.messages
    return sentence


# --- reading ---------------------------------------------------------------------------------------------


def test_cells_keep_their_address_also_when_the_table_begins_further_in():
    (sheet,) = read_tables(workbook(("B16", "Nama"), ("B17", "Budi Contoh")), "daftar.xlsx")
    row = sheet.rows[16]
    assert (row.number, row.values[1], row.address(1)) == (17, "Budi Contoh", "B17")
    assert row.address(26) == "AA17"


def test_values_keep_their_kind():
    cells = ("A1", 12), ("B1", 1.5), ("C1", True), ("D1", date(2019, 7, 16)), ("E1", None), ("F1", "085")
    (sheet,) = read_tables(workbook(*cells), "daftar.xlsx")
    assert values(sheet) == [[12, 1.5, True, date(2019, 7, 16), None, "085"]]


@pytest.mark.parametrize(
    ("value", "text"),
    [(81234567890.0, "81234567890"), (None, ""), ("  Budi\u00a0 Contoh\n", "Budi Contoh"), (1.5, "1.5"), (3, "3")],
)
def test_values_as_people_write_them(value, text):
    assert as_text(value) == text


@pytest.mark.parametrize("state", ["hidden", "veryHidden"])
def test_hidden_sheets_are_marked(state):
    sheets = read_tables(workbook(("A1", "Nama"), state=state), "daftar.xlsx")
    assert [(sheet.name, sheet.is_hidden) for sheet in sheets] == [("Lembar", False), ("Rahasia", True)]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_csv_in_every_encoding_and_separator(encoding, delimiter):
    lines = [["Nama", "Luas"], ["Café Budi", "4"], [f"a{delimiter}b", "5"]]
    text = "\r\n".join(delimiter.join(f'"{cell}"' for cell in line) for line in lines)
    (sheet,) = read_tables(text.encode(encoding), "daftar.CSV")
    assert (sheet.name, values(sheet)) == ("daftar.CSV", lines)


def test_decimal_commas_do_not_make_columns():
    (sheet,) = read_tables(b"RT;Luas;Jumlah\n001;1,5;2,25\n002;3,5;4,75\n", "x.csv")
    assert values(sheet)[1] == ["001", "1,5", "2,25"]


def test_the_separator_line_of_excel_is_no_row():
    (sheet,) = read_tables(b"sep=;\r\nNama;Instansi\r\nBudi;Dinas, Uji\r\n", "x.csv")
    assert values(sheet) == [["Nama", "Instansi"], ["Budi", "Dinas, Uji"]]


def test_short_csv_lines_are_filled_up_and_empty_ones_counted():
    (sheet,) = read_tables(b"a,b,c\n\n1\n", "x.csv")
    assert [(row.number, row.values) for row in sheet.rows] == [
        (1, ("a", "b", "c")),
        (2, (None, None, None)),
        (3, ("1", None, None)),
    ]


# --- refusing --------------------------------------------------------------------------------------------

PICTURE = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00\x1f\x15\xc4\x89"


def packed(**members) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as package:
        for name, content in members.items():
            package.writestr(name.replace("__", "/").replace("_", "."), content)
    return stream.getvalue()


BAD_FILES = {
    "picture as xlsx": (PICTURE, "foto.xlsx"),
    "picture as csv": (PICTURE, "foto.csv"),
    "picture as xls": (PICTURE, "foto.xls"),
    "csv as xlsx": (b"Nama,Instansi\nBudi,Uji\n", "daftar.xlsx"),
    "xlsx as csv": (workbook(("A1", "Nama")), "daftar.csv"),
    "xlsx as xls": (workbook(("A1", "Nama")), "daftar.xls"),
    "other zip as xlsx": (packed(word__document_xml="<w/>"), "surat.xlsx"),
    "empty": (b"", "daftar.xlsx"),
    "no cells": (workbook(), "daftar.xlsx"),
    "only blank lines": (b"\n\n , \n"[:2], "daftar.csv"),
    "cut off": (workbook(("A1", "Nama"))[:900], "daftar.xlsx"),
    "no kind": (b"Nama", "daftar"),
    "pdf": (b"%PDF-1.7", "daftar.pdf"),
    "broken workbook": (packed(xl__workbook_xml="<workbook"), "daftar.xlsx"),
    "broken old workbook": (b"\x09\x08\x10\x00\x00\x06\x05\x00" + b"\xff" * 400, "daftar.xls"),
    "broken ods": (
        packed(mimetype="application/vnd.oasis.opendocument.spreadsheet", content_xml="<office"),
        "daftar.ods",
    ),
    "encrypted ods": (
        packed(
            mimetype="application/vnd.oasis.opendocument.spreadsheet",
            **{"META-INF__manifest_xml": "<m><manifest:encryption-data/></m>"},
        ),
        "daftar.ods",
    ),
    "encrypted xlsx": (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + "EncryptedPackage".encode("utf-16-le"),
        "daftar.xlsx",
    ),
}


@pytest.mark.parametrize(("content", "name"), BAD_FILES.values(), ids=BAD_FILES)
def test_a_bad_file_is_refused_with_a_sentence(content, name):
    assert refusal(content, name).endswith((".", "retry.", "again."))


def test_a_file_of_50_mb_is_refused_unread():
    class Unread(SimpleUploadedFile):
        def read(self, *args):
            raise AssertionError("it must not be read")

    file = Unread("daftar.xlsx", b"")
    file.size = 50 * 1024 * 1024
    with pytest.raises(ValidationError):
        read_upload(file)


def test_an_upload_can_be_read_again():
    file = SimpleUploadedFile("daftar.csv", b"Nama\nBudi\n")
    assert values(read_upload(file)[0]) == values(read_upload(file)[0]) == [["Nama"], ["Budi"]]


def test_too_many_rows_are_refused_with_their_number():
    assert "4" in refusal(b"a\n1\n2\n3\n", "x.csv", max_rows=3)


def test_one_cell_in_the_furthest_corner_takes_no_memory():
    """It would be laid out as a rectangle of 17 thousand million cells, and the process would die."""
    assert refusal(workbook(("A1", "Nama"), ("XFD1048576", "x")), "jauh.xlsx")


@pytest.mark.parametrize("attribute", ["r='XFD1048576'", 'r = "XFD1048576"', 's="1" r="xfd1048576"'])
def test_however_the_far_cell_is_written(attribute):
    original = zipfile.ZipFile(io.BytesIO(workbook(("A1", "Nama"))))
    members = {name: original.read(name) for name in original.namelist()}
    sheet = members["xl/worksheets/sheet1.xml"].decode()
    far = f'<row r="1048576"><c {attribute} t="n"><v>1</v></c></row></sheetData>'
    members["xl/worksheets/sheet1.xml"] = sheet.replace("</sheetData>", far)
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w") as package:
        for name, content in members.items():
            package.writestr(name, content)
    assert refusal(stream.getvalue(), "jauh.xlsx")


@pytest.mark.parametrize("repeat", ["rows", "columns"])
def test_repeated_cells_of_an_ods_take_no_memory(repeat):
    row = 'table:number-rows-repeated="1000000000"' if repeat == "rows" else ""
    cell = 'table:number-columns-repeated="1000000000"' if repeat == "columns" else ""
    content = (
        '<office:document-content xmlns:office="urn:oasis:names:tc:opendocument:xmlns:office:1.0"'
        ' xmlns:table="urn:oasis:names:tc:opendocument:xmlns:table:1.0"'
        ' xmlns:text="urn:oasis:names:tc:opendocument:xmlns:text:1.0"><office:body><office:spreadsheet>'
        f'<table:table table:name="A"><table:table-row {row}><table:table-cell office:value-type="string" {cell}>'
        "<text:p>x</text:p></table:table-cell></table:table-row></table:table>"
        "</office:spreadsheet></office:body></office:document-content>"
    )
    kind = "application/vnd.oasis.opendocument.spreadsheet"
    assert refusal(packed(mimetype=kind, content_xml=content), "jauh.ods")


# --- formulas --------------------------------------------------------------------------------------------

TEXTS = [
    "=1+1",
    "+62 812",
    "-2+3",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    "  =1",
    "\u00a0=1",
    "'=1",
    "''=1",
    "'",
    "'Abang",
    "＝1",
    "",
    "a=1",
    "Romi'at",
    "🏘️ Kampung",
]
if (SHARED / "payloads" / "csv_injection.txt").exists():
    TEXTS += (SHARED / "payloads" / "csv_injection.txt").read_text(encoding="utf-8").splitlines()


@pytest.mark.parametrize("write", [write_csv, write_xlsx])
def test_no_text_is_a_formula_and_every_text_comes_back(write):
    content = write([["Teks", "Tetap"], *([text, "x"] for text in TEXTS)])
    name = "x.csv" if write is write_csv else "x.xlsx"
    (sheet,) = read_tables(content, name)
    assert [row.values[0] or "" for row in sheet.rows[1:]] == TEXTS


def test_what_is_written_never_begins_as_a_formula():
    for text in TEXTS:
        assert not escaped(text).lstrip().startswith(("=", "+", "-", "@"))
    book = load_workbook(io.BytesIO(write_xlsx([["Teks"], *([text] for text in TEXTS)])))
    cells = [cell for (cell,) in book.active.iter_rows(min_row=2)]
    assert {cell.data_type for cell in cells if cell.value is not None} == {"s"}
    assert not [cell.value for cell in cells if str(cell.value or "").lstrip().startswith(("=", "+", "-", "@"))]


def test_numbers_stay_numbers_and_moments_are_local():
    row = [-5, Decimal("1.25"), True, None, date(2019, 7, 16), datetime(2026, 3, 10, 2, 5, tzinfo=UTC)]
    book = load_workbook(io.BytesIO(write_xlsx([list("abcdef"), row])))
    read = [cell.value for cell in book.active[2]]
    assert read == [-5, 1.25, True, None, datetime(2019, 7, 16), datetime(2026, 3, 10, 9, 5)]
    assert write_csv([row]).decode("utf-8-sig") == "-5,1.25,True,,2019-07-16,2026-03-10 09:05:00\r\n"


def test_signs_that_no_workbook_can_hold_are_left_out():
    book = load_workbook(io.BytesIO(write_xlsx([["Teks"], ["a\x00b\x0bc"]])))
    assert book.active["A2"].value == "abc"


def test_a_sheet_title_of_any_text():
    assert load_workbook(io.BytesIO(write_xlsx(TABLE, title="Daftar [hadir]: " + "x" * 40))).active.max_row == 3


# --- the admin's formats ---------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", EXPORT_FORMATS)
def test_what_the_admin_exports_it_can_import(kind):
    tables = kind()
    dataset = tables.create_dataset(write_xlsx(TABLE) if kind is Xlsx else write_csv(TABLE))
    assert (dataset.headers, list(dataset)) == (TABLE[0], [tuple(row) for row in TABLE[1:]])
    dataset.append(["=cmd|' /C calc'!A0", None])
    again = tables.create_dataset(tables.export_data(dataset))
    assert list(again)[2] == ("=cmd|' /C calc'!A0", "")


def test_the_admin_imports_a_page_under_either_name():
    page = b"<table><tr><th>Nama<th>Instansi<tr><td>Budi Contoh<td>Dinas Uji</table>"
    for kind in ("xls", "html"):
        (tables,) = (one for one in IMPORT_FORMATS if kind == one.EXTENSION)
        assert list(tables().create_dataset(page)) == [("Budi Contoh", "Dinas Uji")]


def test_formats_say_what_they_can_do():
    assert [kind().get_extension() for kind in IMPORT_FORMATS] == ["xlsx", "csv", "ods", "xls", "html"]
    assert [kind().get_extension() for kind in IMPORT_FORMATS if kind().can_export()] == ["xlsx", "csv"]
    assert all(kind().is_binary() and kind().get_read_mode() == "rb" and kind.is_available() for kind in IMPORT_FORMATS)
    assert Csv().get_content_type().startswith("text/csv")
