"""From a file to stored baselines: read, look, decide, store. Commands, pages and API come through here."""

import hashlib
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.models import Region
from core.refusals import Refused
from core.spreadsheet import refuse_size
from slumareas.importing.analysis import Analysis, Choices, analyse
from slumareas.importing.book import open_book
from slumareas.importing.error_workbook import error_workbook
from slumareas.importing.preview import write_preview
from slumareas.importing.report import refusal, report, sentence, sheets_of
from slumareas.importing.storing import Outdated, store
from slumareas.models import ColumnMapping, Import

REFUSED = "refused"  # nothing is kept of such a file
APPLIED, PARTLY_APPLIED = Import.State.APPLIED, Import.State.PARTLY_APPLIED
ATTEMPTS = 3  # somebody else may change the year between looking and storing


@dataclass(frozen=True)
class Permits:
    """What whoever imports lets pass; `reason` says why the warnings are accepted."""

    valid_rows_only: bool = False
    accepts_warnings: bool = False
    reason: str = ""


@dataclass
class Outcome:
    found: Analysis
    state: str
    record: Import | None = None
    seconds: dict[str, float] = field(default_factory=lambda: {"read": 0.0, "check": 0.0, "write": 0.0})

    @property
    def report(self) -> dict:
        seconds = {name: round(value, 3) for name, value in self.seconds.items()}
        return report(self.found, self.state, self.record and self.record.pk, seconds)

    @contextmanager
    def timed(self, name: str):
        start = time.perf_counter()
        try:
            yield
        finally:
            self.seconds[name] += time.perf_counter() - start


def decided(found: Analysis, permits: Permits) -> str:
    """The state that follows from what was found and what is let pass; storing is still to be done."""
    counts = found.counts()
    valid = counts["new"] + counts["changed"] + counts["unchanged"]
    if found.is_unreadable or not valid:
        return REFUSED
    if found.has_errors and not permits.valid_rows_only:
        return REFUSED
    if found.changing_rows and found.has_warnings and not permits.accepts_warnings:
        return REFUSED
    return PARTLY_APPLIED if found.has_errors else APPLIED


def import_file(
    content: bytes,
    name: str,
    *,
    year: int,
    rule_set: str | None = None,
    region: Region | None = None,
    choices: Choices | None = None,
    permits: Permits | None = None,
    is_dry_run: bool = False,
    by=None,
) -> Outcome:
    """The whole way at once; nothing is left behind unless something was stored. Raises ValidationError for the choices."""
    choices, permits = choices or Choices(), permits or Permits()
    sha256 = hashlib.sha256(content).hexdigest()
    outcome = Outcome(None, "")
    with outcome.timed("read"):
        book = open_book(content, name)
    for attempt in range(1, ATTEMPTS + 1):
        with outcome.timed("check"):
            outcome.found = found = analyse(
                book, sha256, name, year=year, rule_set=rule_set, region=region, choices=choices
            )
        outcome.state = decided(found, permits)
        if is_dry_run or outcome.state == REFUSED or not found.changing_rows:
            return outcome
        with outcome.timed("write"):
            try:
                outcome.record = _stored(content, outcome, region, choices, permits, by)
                return outcome
            except Outdated:
                if attempt == ATTEMPTS:
                    raise
    return outcome


def _stored(content: bytes, outcome: Outcome, region, choices: Choices, permits: Permits, by) -> Import:
    found, now = outcome.found, timezone.now()
    record = Import(
        file_name=found.file[-255:],
        sha256=found.sha256,
        year=found.year,
        rule_set=found.rule_set,
        region=region,
        mapping=choices.mapping,
        decisions={"villages": choices.villages, "cells": choices.cells},
        valid_rows_only=permits.valid_rows_only,
        accepts_warnings=permits.accepts_warnings,
        reason=permits.reason,
        by=by,
        at=now,
    )
    record.file.save(found.file, ContentFile(content), save=False)
    try:
        with transaction.atomic():
            record.save()
            finish(record, found, outcome.state, by=by, at=now)
    except BaseException:
        record.file.delete(save=False)
        raise
    return record


@transaction.atomic
def finish(record: Import, found: Analysis, state: str, *, by, at) -> None:
    """Store, and say so in the record, both or neither."""
    store(found, record, by=by, at=at)
    record.move(state, counts=found.counts(), sheets=sheets_of(found), applied_at=at)


# --- with a look in between: pages and API --------------------------------------------------------------------
def upload(file, *, year: int, rule_set: str, region: Region | None, by) -> Import:
    """Keep a file that was sent, looked at and ready to be decided about.

    Without a rule set the file's own counts, or else that of the year. Raises ValidationError at `file` for what is too
    large or no table.
    """
    record = Import(file_name=file.name[-255:], year=year, rule_set=rule_set, region=region, by=by, at=timezone.now())
    try:
        refuse_size(file.size)
        content = file.read()
        record.sha256 = hashlib.sha256(content).hexdigest()
        found = _analysed(record, content)
    except ValidationError as refused:
        raise ValidationError({"file": refused.messages})
    record.rule_set = found.rule_set
    record.file.save(file.name, ContentFile(content), save=False)
    _note(record, found)
    record.save()
    return record


def look(record: Import) -> None:
    """Look at the file again, with what was decided about it since. Raises ValidationError for decisions that do not fit."""
    record.require_previewed()
    found, old = _analysed(record), record.preview.name
    _note(record, found)
    names = ("counts", "sheets", "preview", "stamp", "mapping", "decisions")
    record.move(Import.State.PREVIEWED, **{name: getattr(record, name) for name in names})
    record.preview.storage.delete(old)


def _note(record: Import, found: Analysis) -> None:
    record.counts, record.sheets, record.stamp = found.counts(), sheets_of(found), found.stamp
    write_preview(record, found)


def apply(record: Import, *, valid_rows_only: bool, reason: str, by) -> None:
    """Store what was looked at.

    Raises ValidationError by field where errors or warnings need a word, Refused where something else stands against it
    or the stored figures are others now.
    """
    record.require_previewed()
    permits = Permits(valid_rows_only=valid_rows_only, accepts_warnings=bool(reason), reason=reason)
    _require_words(record.counts, permits)
    found = _analysed(record)
    if found.stamp != record.stamp:
        look(record)
        raise Outdated
    state = decided(found, permits)
    if state == REFUSED:
        raise Refused(refusal(found, permits.valid_rows_only))
    if not found.changing_rows:
        raise Refused(_("This file changes nothing: everything in it is stored already."))
    with transaction.atomic():
        record.valid_rows_only, record.accepts_warnings = permits.valid_rows_only, permits.accepts_warnings
        record.reason = permits.reason
        record.save(update_fields=["valid_rows_only", "accepts_warnings", "reason"])
        finish(record, found, state, by=by, at=timezone.now())


def _require_words(counts: dict, permits: Permits) -> None:
    wanted = {}
    if counts["errors"] and not permits.valid_rows_only:
        wanted["valid_rows_only"] = _("There are errors. Mend them, or tick that only the valid rows are stored.")
    if counts["warnings"] and not permits.accepts_warnings:
        wanted["reason"] = _("Say why the warnings may pass.")
    if wanted:
        raise ValidationError(wanted)


def workbook_of_errors(record: Import) -> bytes:
    return error_workbook(_content(record), _analysed(record))


def _content(record: Import) -> bytes:
    with record.file.open("rb") as file:
        return file.read()


def _analysed(record: Import, content: bytes | None = None) -> Analysis:
    """Raises ValidationError where the file cannot be read, or the decisions do not fit it."""
    content = _content(record) if content is None else content
    remembered = {one.shape: {"columns": one.columns, "ignored": one.ignored} for one in ColumnMapping.objects.all()}
    choices = Choices(
        mapping=record.mapping,
        villages=record.decisions.get("villages", {}),
        cells=record.decisions.get("cells", {}),
        remembered=remembered,
    )
    found = analyse(
        open_book(content, record.file_name),
        record.sha256,
        record.file_name,
        year=record.year,
        rule_set=record.rule_set,
        region=record.region,
        choices=choices,
    )
    if found.is_unreadable:
        raise ValidationError(next(sentence(finding) for finding in found.findings if finding.is_error))
    return found
