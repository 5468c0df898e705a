"""What every paper keeps: its sheet, its fonts, its tags, its bytes, and that it loads nothing from anywhere."""

import datetime
import hashlib
import http.server
import re
import subprocess
import sys
import threading
from io import BytesIO
from pathlib import Path

import pytest
from django.core.files.base import ContentFile
from django.template.loader import render_to_string
from PIL import Image
from pypdf import PdfReader

from core import pdf
from core.models import Letterhead

pytestmark = pytest.mark.sets_papers

PAGE = '<html lang="id"><head><title>Kertas uji</title></head><body>{}</body></html>'


def read(content: bytes) -> PdfReader:
    return PdfReader(BytesIO(content))


def text_of(content: bytes) -> str:
    return "\n".join(page.extract_text() for page in read(content).pages)


def paper(body: str, **options) -> bytes:
    return pdf.from_html(PAGE.format(body), **options)


@pytest.mark.parametrize(
    ("name", "landscape", "size"),
    [
        ("F4", False, (215, 330)),
        ("F4", True, (330, 215)),
        ("A4", False, (210, 297)),
        ("A4", True, (297, 210)),
    ],
)
def test_the_sheet_has_the_size_asked_for(name, landscape, size):
    box = read(paper("<p>x", paper=name, landscape=landscape)).pages[0].mediabox
    assert tuple(round(float(side) * 25.4 / 72) for side in (box.width, box.height)) == size


def test_the_setting_decides_where_nothing_is_asked(settings):
    settings.PAPER = "A4"
    assert round(float(read(paper("<p>x")).pages[0].mediabox.height) * 25.4 / 72) == 297


def test_pages_are_numbered():
    content = paper('<p>satu<p style="break-before: page">dua')
    assert [
        f"Halaman {number} dari 2"
        for number, page in enumerate(read(content).pages, 1)
        if f"Halaman {number} dari 2" in page.extract_text()
    ] == ["Halaman 1 dari 2", "Halaman 2 dari 2"]


def _fonts(content: bytes) -> dict:
    fonts = {}
    for page in read(content).pages:
        for font in page["/Resources"]["/Font"].values():
            font = font.get_object()
            descendant = font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font
            fonts[font["/BaseFont"]] = descendant["/FontDescriptor"].get_object()
    return fonts


def test_only_the_own_font_is_used_embedded_and_subset():
    fonts = _fonts(paper("<h1>Judul</h1><p>Isi <i>miring</i> ā ș"))
    assert {name.split("+")[1].split("-")[0] for name in fonts} == {"Paper"}
    assert all(len(name.split("+")[0]) == 7 for name in fonts)  # "/ABCDEF": a subset tag
    assert all("/FontFile2" in descriptor for descriptor in fonts.values())


def test_headings_are_tagged_and_title_and_language_are_set():
    reader = read(paper("<h1>Satu</h1><h2>Dua</h2><p>x<table><tr><th scope=row>a<td>b</table>"))
    tags = set()

    def collect(element):
        element = element.get_object()
        if isinstance(element, dict):
            tags.add(element.get("/S"))
            children = element.get("/K", [])
            for child in children if isinstance(children, list) else [children]:
                collect(child)

    collect(reader.trailer["/Root"]["/StructTreeRoot"])
    assert {"/H1", "/H2", "/P", "/Table", "/TH", "/TD"} <= tags
    assert reader.trailer["/Root"]["/MarkInfo"]["/Marked"]
    assert reader.trailer["/Root"]["/Lang"] == "id"
    assert reader.metadata.title == "Kertas uji"


def test_two_processes_make_the_same_bytes(settings):
    body = "<h1>Judul</h1><p><b>tebal</b> <i>miring</i> ā"
    program = (
        "import hashlib, sys, django; django.setup(); from core import pdf;"
        "print(hashlib.sha256(pdf.from_html(sys.argv[1])).hexdigest())"
    )
    digests = {hashlib.sha256(paper(body)).hexdigest()}
    for seed in ("1", "2"):
        digests.add(
            subprocess.run(  # noqa: S603
                [sys.executable, "-c", program, PAGE.format(body)],
                cwd=settings.BASE_DIR,
                env={"DJANGO_SETTINGS_MODULE": "tests.settings", "PYTHONHASHSEED": seed, "PATH": "/usr/bin:/bin"},
                capture_output=True,
                text=True,
                check=True,
            ).stdout.strip()
        )
    assert len(digests) == 1


@pytest.fixture
def listener():
    """A web server on this machine that notes every request."""
    asked = []

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.end_headers()

        def log_message(self, *arguments):
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/", asked
    server.shutdown()
    thread.join()
    server.server_close()


TRAPS = [
    '<img src="{}">',
    '<link rel="stylesheet" href="{}">',
    '<style>@import url("{}");</style>',
    '<style>@font-face {{ font-family: x; src: url("{}") }} p {{ font-family: x }}</style><p>x',
    '<p style="background: url({})">x',
    '<p style="list-style-image: url({}); display: list-item">x',
    '<object data="{}"></object>',
    '<embed src="{}">',
    '<iframe src="{}"></iframe>',
    '<svg width="9" height="9"><image href="{0}" xlink:href="{0}" width="9" height="9"/></svg>',
    '<svg width="9" height="9"><use href="{}#x"/></svg>',
    '<link rel="attachment" href="{}">',
    '<a rel="attachment" href="{}">x</a>',
    '<base href="{}"><img src="x.png">',
    '<p style="content: url({})">x',
]


@pytest.mark.parametrize("trap", TRAPS)
def test_a_paper_asks_no_server(trap, listener):
    address, asked = listener
    assert paper(trap.format(address)).startswith(b"%PDF")
    assert asked == []


@pytest.mark.parametrize("trap", TRAPS)
def test_a_paper_reads_no_file_of_the_machine(trap, tmp_path):
    secret = tmp_path / "rahasia.txt"
    secret.write_text("RAHASIA " * 50)
    content = paper(trap.format(secret.as_uri()))
    assert "RAHASIA" not in text_of(content)
    assert read(content).attachments == {}


@pytest.mark.parametrize(
    "url",
    [
        "file:///etc/passwd",
        "http://169.254.169.254/latest/meta-data/",
        "https://example.org/x.png",
        "ftp://127.0.0.1/x",
        "data:image/png;base64,iVBORw0KGgo=",
        "paper:font/../../../../etc/passwd",
        "paper:file/../../etc/passwd",
        "paper:file//etc/passwd",
        "paper:file/logo.png%00",
        "PAPER:file/lambang.png",
        "gopher://127.0.0.1:25/x",
        "//127.0.0.1/x",
        "/etc/passwd",
        "",
    ],
)
def test_the_fetcher_knows_names_only(url):
    fetcher = pdf.ClosedFetcher({"lambang.png": b"x"})
    with pytest.raises(ValueError, match="loads nothing"):
        fetcher.fetch(url)


def test_the_fetcher_gives_what_was_handed_to_it():
    assert pdf.ClosedFetcher({"lambang.png": b"isi"}).fetch("paper:file/lambang.png").read() == b"isi"


@pytest.mark.parametrize(
    "text", ["N" * 80, "👷🏽‍♀️ Siti 🏘️", "مرحبا", "a\u0301\u200b\u202eterbalik", "&lt;b&gt;", "\u0007"]
)
def test_strange_text_neither_breaks_nor_leaves_the_sheet(text):
    body = f"<table class=grid><tr><td>{text}<td>lain</table><p>{text}"
    content = paper(body)
    assert len(read(content).pages) == 1
    # A line of the paper holds at most 52 of the widest letters; what is longer has been broken.
    assert max(len(line) for line in text_of(content).splitlines()) < 53


@pytest.fixture
def template(tmp_path, settings):
    """A paper's template that exists only in the test."""
    (tmp_path / "uji.html").write_text(
        '{% extends "pdf/base.html" %}{% block title %}{{ name }}{% endblock %}{% block body %}<h1>{{ name }}</h1>{% endblock %}'
    )
    engines = [{**settings.TEMPLATES[0], "DIRS": [tmp_path, *settings.TEMPLATES[0]["DIRS"]]}]
    settings.TEMPLATES = engines
    return "uji.html"


@pytest.mark.django_db
def test_the_letterhead_in_use_stands_on_top(template):
    Letterhead.objects.create(government="Pemerintah Uji", name="Dinas Penanda", address="Jalan Contoh 1", place="Uji")
    text = text_of(pdf.render(template, {"name": "Judul"}))
    assert "PEMERINTAH UJI" in text
    assert "DINAS PENANDA" in text
    assert "Jalan Contoh 1" in text


@pytest.mark.django_db
def test_html_in_a_value_stays_text(template, listener):
    address, asked = listener
    text = text_of(pdf.render(template, {"name": f'<img src="{address}"><b>x'}))
    assert "<img" in text.lower()
    assert asked == []


@pytest.mark.django_db
def test_the_coat_of_arms_is_printed_and_its_loss_is_survived(template):
    picture = BytesIO()
    Image.new("RGB", (8, 8), "red").save(picture, "PNG")
    head = Letterhead.objects.create(
        government="Pemerintah Uji", name="Dinas", place="Uji", logo=ContentFile(picture.getvalue(), "lambang.png")
    )
    with_arms = pdf.render(template, {"name": "Judul"})
    assert len(read(with_arms).pages[0].images) == 1
    Path(head.logo.path).unlink()
    assert len(read(pdf.render(template, {"name": "Judul"})).pages[0].images) == 0


def _elements(content: bytes, kind: str) -> list:
    reader = read(content)
    found = (reader.get_object(number) for number in range(1, reader.trailer["/Size"]))
    return [item for item in found if isinstance(item, dict) and item.get("/S") == kind]


def test_every_heading_of_a_table_says_what_it_heads():
    """Also the one in the corner, which no cell names."""
    content = paper(
        "<table><thead><tr><th scope=col>Sudut<th scope=col>Nilai</thead>"
        "<tbody><tr><th scope=row>Satu<td>1<tr><th scope=row>Dua<td>2</tbody></table>"
    )
    assert sorted(cell["/A"]["/Scope"] for cell in _elements(content, "/TH")) == ["/Column"] * 2 + ["/Row"] * 2


def test_links_are_printed_too():
    [page] = read(paper('<p><a href="https://contoh.test/">Contoh</a>')).pages
    assert [note.get_object()["/F"] for note in page["/Annots"]] == [4]


def test_the_archive_copy_is_pdf_a_3_with_its_data():
    data = pdf.Attached("data.json", b'{"satu": 1}', "Data", datetime.datetime(2026, 3, 10, tzinfo=datetime.UTC))
    reader = read(paper("<p>x", variant=pdf.ARCHIVE, attachments=[data]))
    said = reader.xmp_metadata.stream.get_data()
    assert re.search(rb'pdfaid:part(>|=")3', said)
    assert re.search(rb'pdfaid:conformance(>|=")A', said)
    assert reader.attachments["data.json"] == [b'{"satu": 1}']
    assert "/AF" in reader.trailer["/Root"]
    assert "/OutputIntents" in reader.trailer["/Root"]


def test_the_reading_copy_carries_nothing():
    data = pdf.Attached("data.json", b"{}", "Data", datetime.datetime(2026, 3, 10, tzinfo=datetime.UTC))
    with pytest.raises(ValueError, match="archive copy"):
        paper("<p>x", attachments=[data])


def test_signatures_are_laid_out_without_a_table():
    """A table without headings is what checkers of PDF/UA find first."""
    person = {"name": "Budi Contoh", "office_lines": ["Kepala Bidang Uji"], "rank_grade": "", "nip": ""}
    html = render_to_string("pdf/_signature_single.html", {"person": person, "place": "Mentok", "caption": "Ketua"})
    assert "<table" not in html
    content = paper(html)
    assert not _elements(content, "/Table")
    assert "Budi Contoh" in text_of(content)
