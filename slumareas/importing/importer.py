"""From a file to stored baselines: read, look, decide, store. Commands come through here, pages and API by way of `doors`."""

import gc
import hashlib
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile
from django.db import transaction
from django.utils import timezone
from django.utils.translation import gettext as _

from core.jobs import no_progress
from core.models import Region
from core.refusals import Refused
from slumareas.importing.analysis import Analysis, Choices, analyse
from slumareas.importing.book import open_book
from slumareas.importing.error_workbook import error_workbook
from slumareas.importing.preview import read_summary, write_preview
from slumareas.importing.report import refusal, report, report_as_json, sentence, sheets_of
from slumareas.importing.steps import MARKING, READING, SHOWING, STORING
from slumareas.importing.storing import Outdated, store
from slumareas.models import ColumnMapping, Import
from slumareas.models.imports import nothing_typed

REFUSED = "refused"  # nothing is kept of such a file
APPLIED, PARTLY_APPLIED = Import.State.APPLIED, Import.State.PARTLY_APPLIED
SMALL_ROWS = 2_000  # what a page answers at once; more goes to the background worker
ATTEMPTS = 3  # somebody else may change the year between looking and storing


@contextmanager
def without_looking_for_circles():
    """For many objects and no circles among them: looking for some takes a sixth of the time."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


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

    @property
    def report_as_json(self) -> str:
        """The same as text, without all of it in memory twice."""
        seconds = {name: round(value, 3) for name, value in self.seconds.items()}
        told = report(self.found, self.state, self.record and self.record.pk, seconds, rows=())
        return report_as_json(told, self.found.rows)

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
        is_large=len(found.rows) > SMALL_ROWS,
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
def finish(record: Import, found: Analysis, state: str, *, by, at, progress=no_progress) -> None:
    """Store, and say so in the record, both or neither."""
    store(found, record, by=by, at=at, progress=progress)
    record.move(state, counts=found.counts(), sheets=sheets_of(found), applied_at=at)


# --- with a look in between: what `doors` does at once or in the background ---------------------------------------
def look(record: Import, content: bytes | None = None, *, progress=no_progress) -> None:
    """Look at the file, with what was decided about it and what was typed since, which then counts as decided.

    Raises ValidationError where the file cannot be read or what was typed does not fit it; nothing is changed then.
    """
    typed = record.typed
    old = [file.name for file in (record.preview, record.reasons) if file]
    mapping, decisions = proposed(record)
    found = analysed(record, content, progress=progress)
    progress(SHOWING)
    record.mapping, record.decisions, record.typed, record.reasons = mapping, decisions, nothing_typed(), ""
    record.rule_set, record.counts, record.sheets, record.stamp = (
        found.rule_set, found.counts(), sheets_of(found), found.stamp,
    )  # fmt: skip
    write_preview(record, found)
    if record.pk is None:
        return
    with transaction.atomic():
        names = (
            "rule_set", "counts", "sheets", "preview", "reasons", "stamp", "mapping", "decisions", "typed",
        )  # fmt: skip
        record.move(Import.State.PREVIEWED, **{name: getattr(record, name) for name in names})
        if typed.get("mapping"):
            _remember(record)
    for name in old:
        record.preview.storage.delete(name)


def proposed(record: Import) -> tuple[list, dict]:
    """(mapping, decisions) as they would be with what was typed since."""
    typed = record.typed
    mapped = {one["sheet"] for one in typed.get("mapping", [])}
    mapping = [*(one for one in record.mapping if one["sheet"] not in mapped), *typed.get("mapping", [])]
    villages = record.decisions.get("villages", {}) | typed.get("villages", {})
    cells = {sheet: dict(known) for sheet, known in record.decisions.get("cells", {}).items()}
    for sheet, changed in typed.get("cells", {}).items():
        cells[sheet] = cells.get(sheet, {}) | changed
    return mapping, {**record.decisions, "villages": villages, "cells": cells}


def _remember(record: Import) -> None:
    """The next file with the same heading needs no question."""
    headings = {one["sheet"]: one for one in read_summary(record)["headings"]}
    for one in record.mapping:
        if heading := headings.get(one["sheet"]):
            told = {"heading": heading["heading"], "columns": one["columns"], "ignored": one["ignored"]}
            ColumnMapping.objects.update_or_create(shape=heading["shape"], defaults=told)


def require_words(record: Import, permits: Permits) -> None:
    """Raises ValidationError by field where errors or warnings need a word."""
    record.require_previewed()
    wanted = {}
    if record.counts["errors"] and not permits.valid_rows_only:
        wanted["valid_rows_only"] = _("There are errors. Mend them, or tick that only the valid rows are stored.")
    if record.counts["warnings"] and not permits.accepts_warnings:
        wanted["reason"] = _("Say why the warnings may pass.")
    if wanted:
        raise ValidationError(wanted)


def apply(record: Import, permits: Permits, *, by, progress=no_progress) -> None:
    """Store what was looked at. Raises Refused where something stands against it or the stored figures are others now."""
    record.require_previewed()
    found = analysed(record, progress=progress)
    if found.stamp != record.stamp:
        look(record, progress=progress)
        raise Outdated
    state = decided(found, permits)
    if state == REFUSED:
        raise Refused(refusal(found, permits.valid_rows_only))
    if not found.changing_rows:
        raise Refused(_("This file changes nothing: everything in it is stored already."))
    progress(STORING)
    with transaction.atomic():
        record.valid_rows_only, record.accepts_warnings = permits.valid_rows_only, permits.accepts_warnings
        record.reason = permits.reason
        record.save(update_fields=["valid_rows_only", "accepts_warnings", "reason"])
        finish(record, found, state, by=by, at=timezone.now(), progress=progress)


def workbook_of_errors(record: Import, *, progress=no_progress) -> bytes:
    record.require_previewed()
    found = analysed(record, progress=progress)
    progress(MARKING)
    return error_workbook(content_of(record), found)


def content_of(record: Import) -> bytes:
    with record.file.open("rb") as file:
        return file.read()


def analysed(record: Import, content: bytes | None = None, *, progress=no_progress) -> Analysis:
    """Raises ValidationError where the file cannot be read, or the decisions do not fit it."""
    content = content_of(record) if content is None else content
    remembered = {one.shape: {"columns": one.columns, "ignored": one.ignored} for one in ColumnMapping.objects.all()}
    mapping, decisions = proposed(record)
    choices = Choices(
        mapping=mapping,
        villages=decisions["villages"],
        cells=decisions["cells"],
        remembered=remembered,
    )
    progress(READING)
    is_first_look = record.state == Import.State.RECEIVED
    found = analyse(
        open_book(content, record.file_name),
        record.sha256,
        record.file_name,
        year=record.year,
        rule_set=(record.named_rule_set or None) if is_first_look else record.rule_set,
        region=record.region,
        choices=choices,
        progress=progress,
    )
    if found.is_unreadable:
        raise ValidationError(next(sentence(finding) for finding in found.findings if finding.is_error))
    return found
