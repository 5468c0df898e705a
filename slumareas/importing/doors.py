"""Where pages and API knock: a small file is looked at, stored and taken back at once, a large one by the background worker.

Each door gives the job where there is one, else None. What a job does stands below; each looks first whether it was done
already, since a worker that is killed has its job begun again.
"""

import hashlib
import io
import zipfile
from contextlib import suppress
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import IntegrityError, transaction
from django.utils import timezone
from django.utils.formats import localize
from django.utils.translation import gettext as _

from core.jobs import Job
from core.models import Region
from core.spreadsheet import refuse_size
from slumareas import scoring
from slumareas.importing import importer, storing
from slumareas.importing.importer import Permits
from slumareas.importing.steps import TAKING_BACK
from slumareas.models import Import
from slumareas.models.imports import nothing_counted

# Of 2,000 rows in 40 columns: how many bytes a cell takes in each kind of file, unpacked.
SMALL_CELLS = 80_000
BYTES_A_CELL = {"xlsx": 40, "ods": 150, "xls": 14, "csv": 8, "html": 40, "htm": 40, "json": 40, "geojson": 60}


@dataclass
class Sent:
    """`is_known`: the same person sent this file before, and it still waits."""

    record: Import
    is_known: bool = False


def send(file, *, year: int, rule_set: str | None, region: Region | None, by, address=None) -> Sent:
    """Keep a file that was sent; a small one is looked at too. `address(record)` gives its page for the mail.

    Without a rule set the file's own counts, or else that of the year. Raises ValidationError at `file` for what is too
    large or no table.
    """
    try:
        refuse_size(file.size)
        content = file.read()
    except ValidationError as refused:
        raise ValidationError({"file": refused.messages})
    record = Import(
        file_name=file.name[-255:],
        sha256=hashlib.sha256(content).hexdigest(),
        year=year,
        rule_set=rule_set or scoring.default_rule_set(year),
        named_rule_set=rule_set or "",
        region=region,
        state=Import.State.RECEIVED,
        counts=nothing_counted(),
        is_large=is_large(content, file.name),
        by=by,
        at=timezone.now(),
    )
    if known := _waiting_twin(record):
        return Sent(known, is_known=True)
    if not record.is_large:
        try:
            importer.look(record, content)
        except ValidationError as refused:
            raise ValidationError({"file": refused.messages})
        record.state = Import.State.PREVIEWED
    record.file.save(file.name, ContentFile(content), save=False)
    try:
        with transaction.atomic():
            record.save()
            if record.is_large:
                _begin(check, record, by=by, address=address)
    except IntegrityError:
        _delete_files(record)
        if known := _waiting_twin(record):  # the second half of a double click
            return Sent(known, is_known=True)
        raise
    except BaseException:
        _delete_files(record)
        raise
    return Sent(record)


def _waiting_twin(record: Import) -> Import | None:
    return Import.objects.filter(
        sha256=record.sha256,
        year=record.year,
        named_rule_set=record.named_rule_set,
        region=record.region,
        by=record.by,
        state__in=Import.WAITING,
    ).first()


def _delete_files(record: Import) -> None:
    for file in (record.file, record.preview):
        if file:
            file.delete(save=False)


def is_large(content: bytes, name: str) -> bool:
    """Whether reading and checking take longer than a page may; what the file unpacks to is told without unpacking it."""
    size = len(content)
    with suppress(zipfile.BadZipFile), zipfile.ZipFile(io.BytesIO(content)) as package:
        size = sum(part.file_size for part in package.infolist() if part.filename.endswith(".xml"))
    return size > SMALL_CELLS * BYTES_A_CELL.get(name.lower().rpartition(".")[2], 8)


def look(record: Import, *, by, address=None) -> Job | None:
    """Check again with what was typed. Raises ValidationError where that does not fit the file; it stays typed."""
    record.require_waiting()
    record.require_idle()
    if record.is_large:
        return _begin(check, record, by=by, address=address)
    return importer.look(record)


def apply(record: Import, *, valid_rows_only: bool, reason: str, by, address=None) -> Job | None:
    """Raises ValidationError by field where errors or warnings need a word, Refused as `importer.apply` does."""
    record.require_idle()
    permits = Permits(valid_rows_only=valid_rows_only, accepts_warnings=bool(reason), reason=reason)
    importer.require_words(record, permits)
    if not record.is_large:
        return importer.apply(record, permits, by=by)
    with transaction.atomic():
        record.valid_rows_only, record.accepts_warnings, record.reason = valid_rows_only, bool(reason), reason
        record.save(update_fields=["valid_rows_only", "accepts_warnings", "reason"])
        return _begin(store, record, by=by, address=address)


def undo(record: Import, *, by, address=None) -> Job | None:
    """Raises Refused where there is nothing to take back, or the year is closed."""
    record.require_idle()
    record.require_stored()
    if record.is_large:
        return _begin(take_back, record, by=by, address=address)
    storing.undo(record, by=by, at=timezone.now())
    return None


def explain(record: Import, *, by, address=None) -> Job:
    """Have the workbook with the reasons made, for a large file; it is kept until the file is looked at again."""
    record.require_previewed()
    record.require_idle()
    return _begin(write_reasons, record, by=by, address=address)


ABOUT = {
    "check": lambda record: _("Check of %(file)s") % {"file": record.file_name},
    "store": lambda record: _("Storing of %(file)s") % {"file": record.file_name},
    "take_back": lambda record: _("Taking back of %(file)s") % {"file": record.file_name},
    "write_reasons": lambda record: _("Workbook with the reasons for %(file)s") % {"file": record.file_name},
}


def _begin(work, record: Import, *, by, address) -> Job:
    about = ABOUT[work.__name__](record)
    return Job.begin(work, record, about=about, address=address(record) if address else "", by=by)


# --- what the background worker does -----------------------------------------------------------------------------
def check(job: Job, record: Import, progress) -> str:
    with importer.without_looking_for_circles():
        try:
            importer.look(record, progress=progress)
        except ValidationError:
            record.refresh_from_db()
            if record.state == Import.State.RECEIVED:
                record.move(Import.State.REFUSED)
            raise
    numbers = {name: localize(record.counts[name]) for name in ("rows", "errors", "warnings")}
    return _("%(rows)s rows, %(errors)s with errors, %(warnings)s warnings.") % numbers


def store(job: Job, record: Import, progress) -> str:
    if not record.is_stored:
        permits = Permits(record.valid_rows_only, record.accepts_warnings, record.reason)
        with importer.without_looking_for_circles():
            importer.apply(record, permits, by=job.by, progress=progress)
    numbers = {name: localize(record.counts[name]) for name in ("new", "changed")}
    return _("Stored: %(new)s new rows, %(changed)s changed.") % numbers


def take_back(job: Job, record: Import, progress) -> str:
    progress(TAKING_BACK)
    if record.state != Import.State.UNDONE:
        with importer.without_looking_for_circles():
            storing.undo(record, by=job.by, at=timezone.now(), progress=progress)
        record.refresh_from_db()
    told = record.undo_result
    words = {"undone": localize(told["undone"]), "kept": localize(len(told["kept"]))}
    return _("%(undone)s rows taken back, %(kept)s kept.") % words


def write_reasons(job: Job, record: Import, progress) -> str:
    if not record.reasons:
        with importer.without_looking_for_circles():
            content = importer.workbook_of_errors(record, progress=progress)
        stem = record.file_name.rpartition(".")[0] or record.file_name
        record.reasons.save(f"{stem[:60]}.xlsx", ContentFile(content), save=False)
        record.save(update_fields=["reasons"])
    return _("The workbook can be downloaded on the page of the file.")
