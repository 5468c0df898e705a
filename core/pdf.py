"""Papers as PDF: a template and its context become bytes. The only module that knows WeasyPrint.

Belongs to core because every app prints papers. The same record gives the same bytes: no clock, no random
identifier and no font of the machine goes into a paper (a character that Arimo does not have, an emoji say,
is the exception: for it the machine's own fonts are asked).
"""

import hashlib
import logging
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from io import BytesIO
from pathlib import Path, PurePath

import pydyf
from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation
from fontTools.ttLib import woff2
from weasyprint import CSS, HTML, Attachment
from weasyprint.text.fonts import FontConfiguration
from weasyprint.urls import URLFetcher, URLFetcherResponse

from core.models import Letterhead

logger = logging.getLogger(__name__)

PAPER_MM = {"F4": (215, 330), "A4": (210, 297)}
MARGIN_CM = "2.5cm 2.5cm 3cm 3cm"  # top right bottom left, the rule of regional offices (domain 3.2)
STYLESHEET = settings.BASE_DIR / "templates" / "pdf" / "paper.css"
FONT_FILES = settings.NODE_MODULES / "@fontsource" / "arimo" / "files"
# Own family names: an Arimo that the machine happens to have must not step in, and WeasyPrint keeps only one
# file of two that share a name and a weight.
FONT_FACES = [
    (family, subset, weight, style)
    for family, subset in (("Paper", "latin"), ("Paper Extended", "latin-ext"))
    for weight in (400, 700)
    for style in ("normal", "italic")
]
READING, ARCHIVE = "pdf/ua-1", "pdf/a-3a"
PRINTED = 4  # the flag of an annotation that is seen on paper as on the screen
FONT_URL, FILE_URL = "paper:font/", "paper:file/"
MEDIA_TYPES = {".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg", ".woff2": "font/woff2"}


@dataclass(frozen=True)
class Attached:
    """A file inside a paper: the data that it was made from."""

    name: str
    content: bytes
    description: str
    made_at: datetime


class ClosedFetcher(URLFetcher):
    """Knows our fonts and the files handed to it, by name. Whatever else a paper asks for does not exist."""

    def __init__(self, files: Mapping[str, bytes]):
        super().__init__(allowed_protocols=["paper"], allow_redirects=False)
        self._files = files

    def fetch(self, url, headers=None):
        if url.startswith(FONT_URL):
            body = _fonts().get(url.removeprefix(FONT_URL))
        elif url.startswith(FILE_URL):
            body = self._files.get(url.removeprefix(FILE_URL))
        else:
            body = None
        if body is None:
            raise ValueError("A paper loads nothing but its own fonts and files.")
        media_type = MEDIA_TYPES.get(PurePath(url).suffix, "application/octet-stream")
        return URLFetcherResponse(url, body, {"Content-Type": media_type})


@cache
def _fonts() -> dict[str, bytes]:
    names = [f"arimo-{subset}-{weight}-{style}.woff2" for _family, subset, weight, style in FONT_FACES]
    return {name: _unpacked(FONT_FILES / name) for name in names}


def _unpacked(path: Path) -> bytes:
    """The font as WeasyPrint would unpack it for every paper, which takes as long as the rest of the paper."""
    content = BytesIO()
    woff2.decompress(str(path), content)
    return content.getvalue()


@cache
def _rules(paper: str, landscape: bool) -> str:
    width, height = PAPER_MM[paper]
    if landscape:
        width, height = height, width
    faces = [
        f'@font-face {{ font-family: "{family}"; font-weight: {weight}; font-style: {style};'
        f' src: url("{FONT_URL}arimo-{subset}-{weight}-{style}.woff2") }}'
        for family, subset, weight, style in FONT_FACES
    ]
    page = f"@page {{ size: {width}mm {height}mm; margin: {MARGIN_CM} }}"
    return "\n".join([*faces, page, STYLESHEET.read_text(encoding="utf-8")])


def _logo(letterhead: Letterhead) -> dict[str, bytes]:
    """The coat of arms under the name by which the template asks for it; nothing where the file is gone."""
    if not letterhead.logo:
        return {}
    try:
        with letterhead.logo.open("rb") as file:
            return {f"logo{PurePath(letterhead.logo.name).suffix.lower()}": file.read()}
    except OSError:
        logger.warning("The coat of arms %s cannot be read; the paper is printed without it.", letterhead.logo.name)
        return {}


def to_html(template: str, context: dict) -> tuple[str, dict[str, bytes]]:
    """The finished HTML of a paper, always in Indonesian, and the files that it names.

    The template finds the letterhead in use as `letterhead` and, where there is a coat of arms, its address
    as `logo_url`.
    """
    letterhead = Letterhead.current()
    files = _logo(letterhead)
    logo_url = next((FILE_URL + name for name in files), "")
    with translation.override("id"):
        html = render_to_string(template, {"letterhead": letterhead, "logo_url": logo_url, **context})
    return html, files


def from_html(
    html: str,
    files: Mapping[str, bytes] | None = None,
    *,
    paper: str | None = None,
    landscape: bool = False,
    variant: str = READING,
    attachments: Sequence[Attached] = (),
) -> bytes:
    """A tagged PDF of finished HTML. `files`: name -> content, asked for as `paper:file/NAME`.

    `paper` is `F4` or `A4`; without it the PAPER setting decides. `variant` is READING (PDF/UA-1) or ARCHIVE (PDF/A-3a),
    which alone may carry attachments.
    """
    if attachments and variant != ARCHIVE:
        raise ValueError("Only the archive copy carries attachments.")
    fetcher = ClosedFetcher(files or {})
    fonts = FontConfiguration()
    stylesheet = CSS(
        string=_rules(paper or settings.PAPER, landscape), font_config=fonts, url_fetcher=fetcher, base_url="paper:"
    )
    document = HTML(string=html, base_url="paper:", url_fetcher=fetcher)
    carried = [
        Attachment(
            string=one.content,
            url_fetcher=fetcher,
            name=one.name,
            description=one.description,
            created=one.made_at,
            modified=one.made_at,
            relationship="Source",
        )
        for one in attachments
    ]
    return document.write_pdf(
        stylesheets=[stylesheet],
        font_config=fonts,
        pdf_variant=variant,
        attachments=carried or None,
        finisher=_finish,
    )


def _finish(_document, written) -> None:
    """What PDF/UA asks for and the renderer leaves out: of every header cell whether it heads a column or a row (one that
    no other cell names, at the corner of a table, would otherwise head nothing), and that links are printed too."""
    objects = {item.reference: item for item in written.objects if isinstance(item, dict)}
    for item in objects.values():
        if item.get("S") == "/TH":
            row = objects.get(item.get("P"), {})
            in_head = objects.get(row.get("P"), {}).get("S") == "/THead"
            item["A"] = pydyf.Dictionary(
                {"O": "/Table", **item.get("A", {}), "Scope": "/Column" if in_head else "/Row"}
            )
        elif item.get("Type") == "/Annot":
            item["F"] = PRINTED


def render(
    template: str,
    context: dict,
    *,
    files: Mapping[str, bytes] | None = None,
    paper: str | None = None,
    landscape: bool = False,
    **copy,
) -> bytes:
    """A paper from its template: `to_html`, then `from_html`, to which `copy` goes on."""
    html, own_files = to_html(template, context)
    return from_html(html, {**own_files, **(files or {})}, paper=paper, landscape=landscape, **copy)


@cache
def template_version(*folders: str) -> str:
    """Names the state of the product and of the templates below these folders of `templates/`, and of the stylesheet."""
    digest = hashlib.sha256()
    for folder in ("pdf", *folders):
        for path in sorted((settings.BASE_DIR / "templates" / folder).iterdir()):
            if path.is_file():
                digest.update(path.name.encode() + path.read_bytes())
    return f"{settings.VERSION}+{digest.hexdigest()[:12]}"
