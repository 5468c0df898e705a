"""Files that want to do harm: each is read or refused in words, in little time and memory, and nothing else happens."""

import io
import resource
import threading
import zipfile
from contextlib import contextmanager, suppress
from itertools import chain
from pathlib import Path

import pytest
import xlwt
from django.core.exceptions import ValidationError

from core import spreadsheet_process
from core.spreadsheet import read_book, read_tables
from core.spreadsheet_process import read_apart
from core.spreadsheet_shapes import Unreadable
from tests.core.spreadsheet_files import ODS, blanks, ods, overlapping, packed, with_false_size, xlsx, xlsx_parts

MEGABYTE = 1024 * 1024

CELL = '<row r="1"><c r="A1"><v>1</v></c></row>'
DOCTYPE = '<!DOCTYPE a [<!ENTITY a "lollollol">{}]>'.format(
    "".join(f'<!ENTITY {chr(98 + n)} "{f"&{chr(97 + n)};" * 10}">' for n in range(9))
)
FETCHING = '<!DOCTYPE a [<!ENTITY a SYSTEM "file:///etc/passwd"><!ENTITY b SYSTEM "http://127.0.0.1:9/x">]>'
TEXT = '<row r="1"><c r="A1" t="inlineStr"><is><t>&{};</t></is></c></row>'
ODS_TEXT = (
    '<table:table-row><table:table-cell office:value-type="string"><text:p>&{};</text:p></table:table-cell>'
    "</table:table-row>"
)


def old_workbook(change=lambda book, sheet: None) -> bytes:
    book = xlwt.Workbook()
    sheet = book.add_sheet("A")
    sheet.write(0, 0, "Nama")
    change(book, sheet)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


def renamed_in_place(content: bytes, old: bytes, new: bytes) -> bytes:
    assert old in content
    return content.replace(old, new)


def encrypted_parts() -> bytes:
    content = bytearray(xlsx(CELL))
    for head, flags in ((b"PK\3\4", 6), (b"PK\1\2", 8)):
        place = content.find(head)
        while place >= 0:
            content[place + flags] |= 1
            place = content.find(head, place + 1)
    return bytes(content)


# --- refused, with this reason -----------------------------------------------------------------------------
REFUSED = {
    "unpacks to more than 200 MB": (lambda: xlsx(chain([CELL], blanks(201 * MEGABYTE))), "a.xlsx", "unpacks_too_large"),
    "a picture that unpacks to more": (
        lambda: packed({**xlsx_parts(CELL), "xl/media/a.png": blanks(201 * MEGABYTE)}), "a.xlsx", "unpacks_too_large",
    ),
    "many parts that unpack to more": (
        lambda: packed({**xlsx_parts(CELL), **{f"xl/{n}.xml": blanks(21 * MEGABYTE) for n in range(10)}}),
        "a.xlsx", "unpacks_too_large",
    ),
    "one packed part named many times": (
        lambda: overlapping(xlsx_parts(chain([CELL], blanks(90 * MEGABYTE))), "xl/worksheets/sheet1.xml", 3),
        "a.xlsx", "unpacks_too_large",
    ),
    "a lie about the size": (
        lambda: with_false_size(xlsx(chain([CELL], blanks(210 * MEGABYTE))), "xl/worksheets/sheet1.xml", 400),
        "a.xlsx", "unpacks_too_large",
    ),
    "a small lie about the size": (
        lambda: with_false_size(xlsx(CELL), "xl/worksheets/sheet1.xml", 10), "a.xlsx", "damaged",
    ),
    "a package in a package": (lambda: packed({"xl/inner.zip": xlsx(CELL)}), "a.xlsx", "not_what_it_says"),
    "200,001 filled rows": (
        lambda: xlsx(f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, 200_002)),
        "a.xlsx", "too_many_filled_rows",
    ),
    "200,001 filled rows without their numbers": (
        lambda: xlsx("<row><c><v>1</v></c></row>" * 200_001), "a.xlsx", "too_many_filled_rows",
    ),
    "200,001 filled rows of csv": (lambda: b"1\n" * 200_001, "a.csv", "too_many_filled_rows"),
    "200,001 rows of ods": (lambda: ods(ODS_TEXT.format("lt") * 200_001), "a.ods", "too_many_filled_rows"),
    "one row of ods, a million times": (
        lambda: ods(ODS_TEXT.format("lt").replace("row>", 'row table:number-rows-repeated="1000000">', 1)),
        "a.ods", "too_many_filled_rows",
    ),
    "the furthest corner": (
        lambda: xlsx(CELL + '<row r="1048576"><c r="XFD1048576"><v>1</v></c></row>'), "a.xlsx", "too_complicated",
    ),
    "a cell that says it is in row nine million": (
        lambda: xlsx(CELL + '<row r="9999999"><c r="A9999999"><v>1</v></c></row>'), "a.xlsx", "too_complicated",
    ),
    "the furthest column of ods, 500 times": (
        lambda: ods(ODS_TEXT.format("lt").replace("cell ", 'cell table:number-columns-repeated="900000000" ', 1) * 500),
        "a.ods", "too_complicated",
    ),
    "entities in a sheet": (lambda: xlsx(TEXT.format("j"), head=DOCTYPE), "a.xlsx", "damaged"),
    "entities in the strings": (
        lambda: xlsx('<row r="1"><c r="A1" t="s"><v>0</v></c></row>', strings="<si><t>&j;</t></si>", head=DOCTYPE),
        "a.xlsx", "damaged",
    ),
    "entities in the styles": (
        lambda: packed({**xlsx_parts(CELL), "xl/styles.xml": DOCTYPE + "<styleSheet>&j;</styleSheet>"}), "a.xlsx", "damaged",
    ),
    "entities behind a long comment": (
        lambda: xlsx(TEXT.format("j"), head=f"<!--{' ' * 3 * MEGABYTE}-->" + DOCTYPE), "a.xlsx", "damaged",
    ),
    "entities in an ods": (lambda: ods(ODS_TEXT.format("j"), head=DOCTYPE), "a.ods", "damaged"),
    "files to fetch": (lambda: xlsx(TEXT.format("a"), head=FETCHING), "a.xlsx", "damaged"),
    "files to fetch from an ods": (lambda: ods(ODS_TEXT.format("a"), head=FETCHING), "a.ods", "damaged"),
    "entities in two bytes a letter": (
        lambda: packed({**xlsx_parts(), "xl/worksheets/sheet1.xml": (DOCTYPE + "<worksheet/>").encode("utf-16")}),
        "a.xlsx", "damaged",
    ),
    "macros under another name": (
        lambda: packed({**xlsx_parts(CELL), "xl/vbaProject.bin": b"macro"}), "a.xlsx", "macros",
    ),
    "macros of an ods": (
        lambda: packed({"mimetype": ODS, "content.xml": "<a/>", "Basic/Standard/Module1.xml": "<a/>"}), "a.ods", "macros",
    ),
    "macros of an xls": (
        lambda: old_workbook(lambda book, sheet: sheet.write(1, 0, "_VBA_PROJECT_CUR \u0416")), "a.xls", "macros",
    ),
    "a million short texts out of one long text": (
        lambda: xlsx(
            ("<row>" + '<c t="s"><v>0</v></c>' * 20 + "</row>") * 50_000,
            strings=f"<si><t>{'x' * 30_000}</t></si>",
        ), "a.xlsx", "too_complicated",
    ),
    "a text of 10 MB": (
        lambda: xlsx(f'<row r="1"><c r="A1" t="inlineStr"><is><t>{"x" * 10 * MEGABYTE}</t></is></c></row>'),
        "a.xlsx", "too_complicated",
    ),
    "a tag of 10 MB": (lambda: xlsx(f'<row r="1" x="{"x" * 10 * MEGABYTE}"/>'), "a.xlsx", "too_complicated"),
    "two parts of one name": (
        lambda: packed([*xlsx_parts(CELL).items(), ("XL\\worksheets/sheet1.xml", "<worksheet/>")]), "a.xlsx", "damaged",
    ),
    "two sheets of one name": (lambda: xlsx(CELL, names=("A", "A")), "a.xlsx", "damaged"),
    "a thousand sheets out of one part": (
        lambda: xlsx(
            (f'<row r="{n}"><c r="A{n}"><v>1</v></c></row>' for n in range(1, 1_001)),
            names=[f"S{n}" for n in range(1_000)],
        ), "a.xlsx", "too_many_filled_rows",
    ),
    "encrypted parts": (encrypted_parts, "a.xlsx", "encrypted"),
    "an encrypted xls": (
        # The record that says so, in the place of another of the same length.
        lambda: renamed_in_place(old_workbook(), b"\xe1\x00\x02\x00\xb0\x04", b"\x2f\x00\x02\x00\xb0\x04"), "a.xls", "encrypted",
    ),
    "a compression that no workbook uses": (
        lambda: packed(xlsx_parts(CELL), compression=zipfile.ZIP_LZMA), "a.xlsx", "damaged",
    ),
    "an xls cut off": (lambda: old_workbook()[:-2_000], "a.xls", "not_what_it_says"),
    "one line of 24 MB": (lambda: b"x" * (24 * MEGABYTE), "a.csv", "damaged"),
    "ten million commas": (lambda: b"," * 10_000_000, "a.csv", "too_complicated"),
    "ten million commas in lines": (lambda: (b"," * 1_000 + b"\n") * 10_000, "a.csv", "too_complicated"),
    "a quote that is never closed": (lambda: b'a,"' + b"b\n" * 5_000_000, "a.csv", "damaged"),
    "zero bytes in a csv": (lambda: b"a,b\n1,\0\n", "a.csv", "not_what_it_says"),
    "only zero bytes": (lambda: b"\0" * 1_000_000, "a.csv", "not_what_it_says"),
    "csv under the name of Excel": (lambda: b"a;b\n1;2\n", "a.xls", "not_what_it_says"),
    "html that spans a million columns": (
        lambda: b"<table>" + b"<tr><td colspan=999999>1</td><td>2</td></tr>" * 10 + b"</table>", "a.html", "too_complicated",
    ),
    "html that spans without end": (
        lambda: b"<table>" + b"<tr><td colspan=900>1</td></tr>" * 10_000 + b"</table>", "a.xls", "too_complicated",
    ),
    "html that opens tables only": (lambda: b"<table><tr><td>" * 100_000, "a.xls", "no_table"),
    "html without text": (lambda: b"<html><table><tr><td>&nbsp;</td></tr></table></html>", "a.xls", "no_table"),
    "a comment that is never closed": (lambda: b"<html><!--" + b"<!-- " * 2_000_000, "a.html", "too_complicated"),
    "a sheet of errors": (
        lambda: xlsx(f'<row r="{n}"><c r="A{n}" t="e"><v>#REF!</v></c></row>' for n in range(1, 30_000)),
        "a.xlsx", "too_many_errors",
    ),
    "a million merged cells": (
        lambda: xlsx(CELL, tail="<mergeCells>" + '<mergeCell ref="A1:B1"/>' * 1_000_000 + "</mergeCells>"), "a.xlsx", "too_complicated",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "name", "code"), REFUSED.values(), ids=REFUSED)
def test_it_is_refused_for_the_right_reason_in_little_time_and_memory(make, name, code):
    content = make()
    with costs_little(), pytest.raises(ValidationError) as caught:
        read_book(content, name)
    assert caught.value.code == code
    (sentence,) = caught.value.messages
    assert sentence.endswith(".")
    assert "%(" not in sentence


# --- read, without harm ------------------------------------------------------------------------------------
READ = {
    "a million empty rows": (
        lambda: xlsx(chain([CELL], (f'<row r="{n}" ht="15"/>' for n in range(2, 1_000_001)))), "a.xlsx", [[1]],
    ),
    "a million rows of cells with a format": (
        lambda: xlsx(chain([CELL], (f'<row r="{n}"><c r="A{n}" s="0"/></row>' for n in range(2, 1_000_001)))),
        "a.xlsx", [[1]],
    ),
    "a million empty rows of ods": (
        lambda: ods(
            '<table:table-row><table:table-cell office:value-type="float" office:value="1"/></table:table-row>'
            '<table:table-row table:number-rows-repeated="1048575"><table:table-cell'
            ' table:number-columns-repeated="16384"/></table:table-row>'
        ), "a.ods", [[1]],
    ),
    "paths outside of the archive": (
        lambda: packed({**xlsx_parts(CELL), "../../../tmp/kotaku-outside.txt": "x", "/etc/kotaku-outside": "x"}),
        "a.xlsx", [[1]],
    ),
    "a formula as a name": (
        lambda: xlsx(
            CELL,
            workbook=xlsx_parts()["xl/workbook.xml"].replace(
                "</sheets>", "</sheets><definedNames><definedName name=\"_xlnm.Auto_Open\">cmd|'/C calc'!A0</definedName>"
                "</definedNames>"
            ),
        ), "a.xlsx", [[1]],
    ),
    "a reference to a part that may not be read": (
        lambda: packed({
            **xlsx_parts(CELL),
            "xl/worksheets/_rels/sheet1.xml.rels": '<Relationships><Relationship Id="r1" Target="file:///etc/passwd"'
            ' TargetMode="External"/></Relationships>',
        }), "a.xlsx", [[1]],
    ),
}  # fmt: skip


@pytest.mark.parametrize(("make", "name", "values"), READ.values(), ids=READ)
def test_it_is_read_without_harm(make, name, values):
    content = make()
    with costs_little():
        (sheet,) = read_tables(content, name)
    assert [list(row.values) for row in sheet.rows] == values
    assert not Path("/tmp/kotaku-outside.txt").exists()  # noqa: S108


@contextmanager
def costs_little():
    """At most 10 seconds of the machine, and 300 MB in the process that reads.

    What the system itself tells of a child's memory begins with that of its parent; so the child is looked at instead.
    """
    peaks, is_over, before = [0], threading.Event(), _seconds()
    watch = threading.Thread(target=_watch, args=(peaks, is_over))
    watch.start()
    try:
        yield
    finally:
        is_over.set()
        watch.join()
    assert _seconds() - before < 10
    assert max(peaks) < 300 * 1024


def _watch(peaks: list[int], is_over: threading.Event) -> None:
    while not is_over.wait(0.01):
        for children in Path("/proc/self/task").glob("*/children"):
            with suppress(OSError, StopIteration, IndexError):
                child = Path("/proc") / children.read_text().split(maxsplit=1)[0]
                if b"spreadsheet_process" in (child / "cmdline").read_bytes():
                    lines = (child / "status").read_text().splitlines()
                    peaks.append(next(int(line.split()[1]) for line in lines if line.startswith("VmHWM")))


def _seconds() -> float:
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in used)


# --- the process -------------------------------------------------------------------------------------------
def test_a_child_that_takes_too_long_is_ended():
    with pytest.raises(Unreadable) as caught:
        read_apart(xlsx(CELL), "a.xlsx", seconds=0)
    assert caught.value.code == "too_complicated"


def test_a_child_that_takes_too_much_time_of_the_machine_is_ended(monkeypatch):
    monkeypatch.setattr(spreadsheet_process, "_START", CHILD + "process.CPU_SECONDS = 1; hang(); process.child()")
    with pytest.raises(Unreadable) as caught:
        read_apart(xlsx(CELL), "a.xlsx")
    assert caught.value.code == "too_complicated"


CHILD = """
import sys; sys.path.insert(0, sys.argv.pop(1))
import os, pickle
from core import spreadsheet_process as process
def hang():
    def read_pieces(*args):
        while True: pass
    process.read_pieces = read_pieces
class Harm:
    def __reduce__(self):
        return os.system, ("touch /tmp/kotaku-harm",)
"""


@pytest.mark.parametrize(
    "does",
    [
        "os.abort()",
        "sys.exit(0)",
        "raise MemoryError",
        "sys.stdout.buffer.write(b'nonsense')",
        "pickle.dump(Harm(), sys.stdout.buffer)",
        "pickle.dump(('rows', [(Harm(),)]), sys.stdout.buffer)",
    ],
)
def test_nothing_that_a_child_does_harms_the_parent(monkeypatch, does):
    monkeypatch.setattr(spreadsheet_process, "_START", CHILD + does)
    with pytest.raises(Unreadable) as caught:
        read_apart(xlsx(CELL), "a.xlsx")
    assert caught.value.code == "too_complicated"
    assert not Path("/tmp/kotaku-harm").exists()  # noqa: S108


def test_a_child_knows_no_secrets_and_can_start_and_write_nothing(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "geheim")
    told = "process._send = lambda piece, send=process._send: send(('refused', 'damaged', {'told': tell()}) if piece[0] == 'end' else piece)"
    tell = """
def tell():
    import resource
    limits = [resource.getrlimit(getattr(resource, 'RLIMIT_' + name)) for name in ('FSIZE', 'NPROC', 'CORE')]
    return [dict(os.environ).get('SECRET_KEY'), 'django' in sys.modules, 'openpyxl' in sys.modules, limits]
"""
    monkeypatch.setattr(spreadsheet_process, "_START", CHILD + tell + told + "; process.child()")
    with pytest.raises(Unreadable) as caught:
        read_apart(xlsx(CELL), "a.xlsx")
    assert caught.value.params["told"] == [None, False, False, [(0, 0)] * 3]
