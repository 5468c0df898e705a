"""Issuing final papers: the one door through which a paper is set for good, kept and given out again.

Belongs here because every app has papers that end something. An app says what the paper is (`Final`), its function of
`documents.py` sets it with the code in it, and `issued` keeps both copies: one to read (PDF/UA-1), one for the archive
(PDF/A-3a, which carries the record as JSON).
"""

import hashlib
import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from io import BytesIO

import segno
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.serializers.json import DjangoJSONEncoder
from django.db import IntegrityError, models, transaction
from django.urls import reverse

from core import pdf
from core.models import IssuedPaper, User
from core.models.issued_papers import new_code
from core.sealing import sealed

QR_FILE = "verification.png"


@dataclass(frozen=True)
class Verification:
    """What a paper prints in its signature block. `files` goes to `pdf.render`, which prints the picture by its name."""

    code: str

    @property
    def grouped_code(self) -> str:
        return f"{self.code[:5]}-{self.code[5:]}"

    @property
    def url(self) -> str:
        return settings.SITE_URL.rstrip("/") + reverse("verify_paper", args=[self.code])

    @property
    def picture_url(self) -> str:
        return pdf.FILE_URL + QR_FILE

    @property
    def files(self) -> dict[str, bytes]:
        content = BytesIO()
        segno.make(self.url, error="m", micro=False).save(content, kind="png", scale=8, border=2)
        return {QR_FILE: content.getvalue()}


@dataclass(frozen=True)
class Final:
    """A record in a final state and how its paper is set.

    `build(verification, **copy)` gives bytes; `copy` are the options of `pdf.render` that tell the two copies apart.
    `facts` are what the archive copy carries as JSON: {what: rows}, see `rows_of`.
    """

    kind: str
    record: models.Model
    key: str
    title: str
    build: Callable[..., bytes]
    templates: tuple[str, ...]
    version: str
    at: datetime
    by: User | None = None
    edition: str = ""
    number: str = ""
    dated_on: date | None = None
    signers: list[str] = field(default_factory=list)
    facts: dict[str, list[dict]] = field(default_factory=dict)


def in_force(kind: str, record: models.Model, edition: str = "") -> IssuedPaper | None:
    return IssuedPaper.objects.of(kind, record.pk, edition).in_force().first()


def issued(final: Final) -> IssuedPaper:
    """The paper in force, set and kept now where it was not yet. Asked twice at once, one of the two is kept."""
    found = in_force(final.kind, final.record, final.edition)
    if found:
        return found
    earlier = IssuedPaper.objects.of(final.kind, final.record.pk, final.edition)
    withdrawn_at = earlier.aggregate(last=models.Max("withdrawn_at"))["last"]
    paper = IssuedPaper(
        kind=final.kind,
        record_id=final.record.pk,
        edition=final.edition,
        key=final.key,
        number=final.number,
        title=final.title[:300],
        dated_on=final.dated_on,
        signers="\n".join(final.signers),
        code=new_code(),
        issued_at=max(filter(None, (final.at, withdrawn_at))),  # no issue is older than the end of the one before
        issued_by=final.by,
        record_version=final.version,
        template_version=pdf.template_version(*final.templates),
    )
    verification = Verification(paper.code)
    reading = sealed(final.build(verification))
    archive = sealed(final.build(verification, variant=pdf.ARCHIVE, attachments=[_attachment(paper, final.facts)]))
    name = final.kind.replace("_", "-")
    paper.sha256, paper.archive_sha256 = (hashlib.sha256(copy).hexdigest() for copy in (reading, archive))
    try:
        paper.file.save(f"{name}.pdf", ContentFile(reading), save=False)
        paper.archive.save(f"{name}-arsip.pdf", ContentFile(archive), save=False)
        with transaction.atomic():
            replaced = list(earlier.filter(superseded_by=None).exclude(withdrawn_at=None).values_list("pk", flat=True))
            paper.save()
            IssuedPaper.objects.filter(pk__in=replaced).update(superseded_by=paper)
    except BaseException as error:
        for stored in (paper.file, paper.archive):
            if stored:
                stored.delete(save=False)
        if isinstance(error, IntegrityError) and (found := in_force(final.kind, final.record, final.edition)):
            return found
        raise
    return paper


def content_of(paper: IssuedPaper) -> bytes:
    with paper.file.open("rb") as file:
        return file.read()


def rows_of(records: Iterable[models.Model], *without: str) -> list[dict]:
    """Records as plain values by the names of their columns, but for those that a paper must not carry on."""
    return [
        {
            field.attname: field.value_from_object(record)
            for field in record._meta.concrete_fields
            if field.name not in without
        }
        for record in records
    ]


def _attachment(paper: IssuedPaper, facts: dict[str, list[dict]]) -> pdf.Attached:
    told = {"kind": paper.kind, "key": paper.key, "edition": paper.edition, "version": paper.record_version, **facts}
    content = json.dumps(told, ensure_ascii=False, indent=1, cls=DjangoJSONEncoder)
    return pdf.Attached(f"{paper.kind}.json", content.encode(), "Data naskah ini", paper.issued_at)
