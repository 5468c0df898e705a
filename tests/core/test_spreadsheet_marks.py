"""What a workbook says beside its values, in every kind of file: nothing of it may be lost silently."""

import io
from pathlib import Path

import pytest
import xlwt
from django.core.exceptions import ValidationError
from openpyxl import Workbook
from openpyxl.styles import Font

from core.spreadsheet import KINDS, read_book, read_here
from core.spreadsheet_shapes import Cells, Marks, column_letters, column_number
from tests.core.spreadsheet_files import ods, packed, xlsx, xlsx_parts

SHARED = Path(__file__).resolve().parents[3] / "shared" / "data"


def marks_of(content: bytes, name: str) -> Marks:
    book = read_here(content, name)
    return book.marks.get(book.sheets[0].name) or Marks()


def values_of(content: bytes, name: str) -> list[list]:
    return [list(row.values) for row in read_here(content, name).sheets[0].rows]


# --- xlsx ------------------------------------------------------------------------------------------------
def by_openpyxl() -> bytes:
    book = Workbook()
    sheet = book.active
    sheet.append(["Nama", 1, 2, 3])
    sheet["B2"], sheet["B3"], sheet["C3"] = "=1+1", 0.25, "#REF!"
    sheet["C3"].data_type = "e"
    sheet["B3"].number_format = "0.00%"
    sheet["A4"], sheet["A5"] = "batal", "sembunyi"
    sheet["A4"].font = Font(strike=True)
    sheet.row_dimensions[5].hidden = True
    sheet.merge_cells("A6:B8")
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


STYLES = (
    '<numFmts><numFmt numFmtId="170" formatCode="0.0\\%"/></numFmts><fonts><font/><font><strike/></font></fonts>'
    '<cellXfs><xf numFmtId="0" fontId="0"/><xf numFmtId="170" fontId="0"/><xf numFmtId="0" fontId="1"/></cellXfs>'
)
# The same sheet, as different programs may write it.
WRITTEN = {
    "plainly": (
        '<row r="1"><c r="A1"><v>1</v></c></row>'
        '<row r="2" ht="15" hidden="1"><c r="B2"><f>1+1</f></c><c r="C2" t="str"><f>""</f><v></v></c></row>'
        '<row r="3"><c r="B3" s="1"><v>0.25</v></c><c r="C3" t="e"><f>A9</f><v>#REF!</v></c></row>'
        '<row r="4"><c r="A4" s="2"><v>1</v></c></row>'
    ),
    "with apostrophes": (
        "<row r='1'><c r='A1'><v>1</v></c></row>"
        "<row hidden='true' r='2'><c r='B2'><f>1+1</f><v/></c><c t='str' r='C2'><f>\"\"</f><v></v></c></row>"
        "<row r='3'><c s='1' r='B3'><v>0.25</v></c><c t='e' r='C3'><f>A9</f><v>#REF!</v></c></row>"
        "<row r='4'><c s='2' r='A4'><v>1</v></c></row>"
    ),
    "without references": (
        "<row><c><v>1</v></c></row>"
        '<row hidden="1"><c/><c><f>1+1</f><v></v></c><c t="str"><f>""</f><v></v></c></row>'
        '<row><c/><c s="1"><v>0.25</v></c><c t="e"><f>A9</f><v>#REF!</v></c></row>'
        '<row><c s="2"><v>1</v></c></row>'
    ),
    "with shared formulas and the reference behind": (
        '<row r="1"><c r="A1"><v>1</v></c></row>'
        '<row hidden="1" r="2"><c s="0" r="B2"><f t="shared" si="0"/></c><c r="C2" t="str"><f t="shared" si="1"/><v/></c></row>'
        '<row r="3"><c s="1" r="B3"><v>0.25</v></c><c s="0" r="C3" t="e"><v>#REF!</v></c></row>'
        '<row r="4"><c s="2" r="A4"><v>1</v></c></row>'
    ),
}
EXPECTED = Marks({2}, {4}, Cells({1: [(2, 2)]}), {(3, 2): "#REF!"}, Cells({1: [(3, 3)]}), [((5, 0), (7, 1))])
MERGED = '<mergeCells count="1"><mergeCell ref="A6:B8"/></mergeCells>'


@pytest.mark.parametrize("way", WRITTEN)
def test_marks_of_xlsx_however_it_is_written(way):
    assert marks_of(xlsx(WRITTEN[way], styles=STYLES, tail=MERGED), "a.xlsx") == EXPECTED


def test_marks_of_xlsx_with_a_prefix_before_each_tag():
    parts = xlsx_parts(styles=STYLES)
    body = WRITTEN["plainly"].replace("<", "<x:").replace("<x:/", "</x:")
    parts["xl/worksheets/sheet1.xml"] = (
        '<x:worksheet xmlns:x="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><x:sheetData>'
        f"{body}</x:sheetData>{MERGED.replace('<', '<x:').replace('<x:/', '</x:')}</x:worksheet>"
    )
    assert marks_of(packed(parts), "a.xlsx") == EXPECTED


def test_marks_are_found_wherever_the_parts_are_cut(monkeypatch):
    for size in (7, 64, 500):
        monkeypatch.setattr("core.spreadsheet_reading.CHUNK", size)
        for body in WRITTEN.values():
            assert marks_of(xlsx(body, styles=STYLES, tail=MERGED), "a.xlsx") == EXPECTED


def test_marks_of_what_openpyxl_writes_also_from_the_other_process():
    content = by_openpyxl()
    marks = marks_of(content, "a.xlsx")
    assert marks == Marks({5}, {4}, Cells({1: [(2, 2)]}), {(3, 2): "#REF!"}, Cells({1: [(3, 3)]}), [((5, 0), (7, 1))])
    assert read_book(content, "a.xlsx") == read_here(content, "a.xlsx")


def test_the_part_of_a_sheet_is_found_in_any_case_and_with_windows_paths():
    for name in ("xl/worksheets/Sheet1.XML", "xl\\worksheets\\sheet1.xml"):
        parts = xlsx_parts(WRITTEN["plainly"])
        parts[name] = parts.pop("xl/worksheets/sheet1.xml")
        assert marks_of(packed(parts), "a.xlsx").hidden_rows == {2}


# --- ods -------------------------------------------------------------------------------------------------
def ods_cell(value="", shown="", attributes="") -> str:
    number = f'office:value-type="float" office:value="{value}"' if value != "" else ""
    text = f"<text:p>{shown}</text:p>" if shown else ""
    return f"<table:table-cell {number} {attributes}>{text}</table:table-cell>"


def ods_row(*cells, attributes="") -> str:
    return f"<table:table-row {attributes}>{''.join(cells)}</table:table-row>"


def test_marks_of_ods():
    percent = 'office:value-type="percentage" office:value="0.25"'
    error = 'table:formula="of:=1/0" office:value-type="string" office:string-value="" calcext:value-type="error"'
    content = ods(
        ods_row(ods_cell(1, "1"), ods_cell(attributes=percent, shown="25%"))
        + ods_row(
            ods_cell(2, "2"), ods_cell(attributes=error, shown="#DIV/0!"), attributes='table:visibility="collapse"'
        )
        + ods_row(ods_cell(0, "Err:502", 'table:formula="of:=A"'), ods_cell(attributes='table:formula="of:=A1"'))
        + f'<table:table-row-group table:display="false">{ods_row(ods_cell(3, "3"))}</table:table-row-group>'
        + ods_row(ods_cell(4, "4", 'table:style-name="ce2"'))
        + ods_row(ods_cell(5, "5", 'table:number-columns-spanned="2" table:number-rows-spanned="2"')),
        styles='<style:style style:name="ce1" style:family="table-cell"/><style:style style:name="ce2"'
        ' style:family="table-cell"><style:text-properties style:text-line-through-style="solid"/></style:style>',
    )
    assert marks_of(content, "a.ods") == Marks(
        {2, 4},
        {5},
        Cells({1: [(3, 3)]}),
        {(2, 1): "#DIV/0!", (3, 0): "Err:502"},
        Cells({1: [(1, 1)]}),
        [((5, 0), (6, 1))],
    )


def test_repeated_cells_and_rows_of_ods_are_all_marked():
    repeated = 'table:number-columns-repeated="2" table:formula="of:=A1"'
    rows = ods_row(ods_cell(attributes=repeated), ods_cell(1, "1"), attributes='table:number-rows-repeated="3"')
    assert set(marks_of(ods(rows), "a.ods").without_value) == {(row, column) for row in (1, 2, 3) for column in (0, 1)}


# --- xls -------------------------------------------------------------------------------------------------
def test_marks_of_xls():
    book = xlwt.Workbook()
    sheet = book.add_sheet("Baseline")
    sheet.write(0, 0, "Nama")
    sheet.write(1, 1, 0.25, xlwt.easyxf(num_format_str="0.00%"))
    sheet.write(2, 0, "batal", xlwt.easyxf("font: struck_out on"))
    sheet.row(3).write(0, "sembunyi")
    sheet.row(3).hidden = True
    sheet.row(4).set_cell_error(2, "#REF!")
    sheet.write_merge(5, 6, 0, 1, "gabung")
    stream = io.BytesIO()
    book.save(stream)
    book = read_book(stream.getvalue(), "a.xls")
    assert book.marks["Baseline"] == Marks(
        {4}, {3}, Cells(), {(5, 2): "#REF!"}, Cells({1: [(2, 2)]}), [((5, 0), (6, 1))]
    )
    assert book.sheets[0].rows[1].values[1] == 0.25


# --- html ------------------------------------------------------------------------------------------------
HTML = """<html xmlns:o="urn:schemas-microsoft-com:office:office" xmlns:x="urn:schemas-microsoft-com:office:excel">
<head><meta http-equiv=Content-Type content="text/html; charset=utf-8"><style>td { color: red }</style>
<!--[if gte mso 9]><xml><x:ExcelWorkbook><x:Name>Sheet1</x:Name></x:ExcelWorkbook></xml><![endif]--></head>
<body><h3>Kelurahan Tanjung</h3>
<table x:str border=0><col width=64>
<TR><td rowspan=2>RT</td><td colspan=2 class=xl24>Jumlah&nbsp;<b>KK</b></td><td>&nbsp;</td></TR>
<tr><th>L<th>P</tr>
<tr style='display:none'><td x:num="1234.5">1.234,5</td><td>1&lt;2<br>x</td><td>'=1+1</td>
<tr><td><s>batal</s></td></tr>
</table></body></html>"""


@pytest.mark.parametrize("name", ["a.xls", "a.html", "A.HTM"])
def test_html_is_a_sheet_of_text(name):
    assert values_of(HTML.encode(), name) == [
        ["Kelurahan Tanjung", None, None, None],
        ["RT", "Jumlah KK", None, None],
        [None, "L", "P", None],
        ["1.234,5", "1<2 x", "=1+1", None],
        ["batal", None, None, None],
    ]
    assert marks_of(HTML.encode(), name) == Marks({4}, {5}, merged=[((1, 0), (2, 0)), ((1, 1), (1, 2))])


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "cp1252"])
def test_html_in_every_encoding(encoding):
    page = "<table><tr><td>Café</td><td>2</td></tr></table>".encode(encoding)
    assert values_of(page, "a.xls") == [["Café", "2"]]


def test_several_tables_of_a_page_stand_one_below_the_other():
    page = b"<html>Satu<table><tr><td>1</table><p>Dua</p><table><tr><td>2<table><tr><td>x</table></table></html>"
    assert values_of(page, "a.html") == [["Satu"], ["1"], ["Dua"], ["2 x"]]


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (HTML.encode(), "a.csv"),
        (HTML.encode(), "a.xlsx"),
        (b"Nama,Teks\nBudi,<table>\n", "a.html"),
        (b"MIME-Version: 1.0\nContent-Type: multipart/related\n\n<html><table><tr><td>1</table>", "a.xls"),
        (b'<?xml version="1.0"?><Workbook xmlns="urn:schemas-microsoft-com:office:spreadsheet"/>', "a.xls"),
    ],
)
def test_what_is_no_page_is_not_read_as_one(content, name):
    with pytest.raises(ValidationError) as caught:
        read_here(content, name)
    assert caught.value.code == "not_what_it_says"


# --- shapes ----------------------------------------------------------------------------------------------
def test_cells_are_a_set():
    cells, expected = Cells(), set()
    assert not cells
    for row, column in ((5, 1), (6, 1), (2, 1), (9, 1), (5, 1), (3, 30), (7, 1)):
        cells.add(row, column)
        expected.add((row, column))
    assert cells == expected
    assert {(row, column) for row in range(12) for column in (0, 1, 30) if (row, column) in cells} == expected
    assert cells.runs[1] == [(2, 2), (5, 6), (7, 7), (9, 9)]


@pytest.mark.parametrize(
    ("number", "letters"), [(0, "A"), (25, "Z"), (26, "AA"), (701, "ZZ"), (702, "AAA"), (16383, "XFD")]
)
def test_columns_have_letters(number, letters):
    assert (column_letters(number), column_number(letters.encode())) == (letters, number)


REFUSED = {
    "issue127.xls": "no_table",
    "issue343.xls": "no_table",
    "issue_594_dos.ods": "too_many_filled_rows",
    "misc_biff5_parsing.xls": "no_table",
    "optional_records.xls": "macros",
    "pass_protected.xlsx": "encrypted",
    "pictures_in_cell_and_over_cell.xlsx": "no_table",
    "too_small.xls": "not_what_it_says",
}


# --- real files ------------------------------------------------------------------------------------------
@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared spreadsheets are not here")
def test_every_real_file_is_read_or_refused_in_words():
    refused = {}
    files = sorted(path for folder in ("spreadsheets", "payloads") for path in (SHARED / folder).rglob("*.*"))
    for path in files:
        try:
            assert read_here(path.read_bytes(), path.name).sheets
        except ValidationError as error:
            refused[path.name] = error.code
    assert len(files) > 60
    assert {name: code for name, code in refused.items() if name.rpartition(".")[2] in KINDS} == REFUSED
