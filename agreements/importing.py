"""Many follow-ups by spreadsheet: a list that goes out, is edited, and comes back through the verbs of each row.

`export` writes the list, `read` turns a file into rows, `run` does what they say, all or nothing, and, for the preview,
takes it back again: what is shown first is what will happen. Each row carries a code with the version it was written
from and a check sum of its values, so that what nobody edited is left alone and what somebody else changed since is
told, not overwritten.
"""

import re
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal, InvalidOperation

from django.core.exceptions import NON_FIELD_ERRORS, PermissionDenied, ValidationError
from django.db import transaction
from django.utils import timezone, translation
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agreements.models import FollowUp
from core.spreadsheet import Row, as_text, read_book, refuse_size, write_xlsx

MAX_ROWS = 5_000
HEADING_ROWS = 10
KEY = re.compile(r"(\d{1,18})\.(\d{1,9})\.([0-9a-f]{8})")
Status = FollowUp.Status
# What offices write for the states, besides the labels of both languages.
STATUS_WORDS = {
    "belum": Status.NOT_STARTED,
    "proses": Status.IN_PROGRESS,
    "berjalan": Status.IN_PROGRESS,
    "selesai": Status.DONE,
    "terkendala": Status.BLOCKED,
    "dibatalkan": Status.CANCELLED,
    "batal": Status.CANCELLED,
}


@dataclass(frozen=True)
class Column:
    """`value` is what the export writes; `read` makes of a cell what is stored, or is None where nothing is read."""

    field: str
    heading: str
    value: Callable[[FollowUp], object]
    read: Callable[[object], object] | None = None


# --- cells ----------------------------------------------------------------------------------------------


def _percent(value) -> Decimal:
    text = as_text(value).replace("%", "").replace(" ", "")
    try:
        number = Decimal(text.replace(",", "."))
    except InvalidOperation:
        raise ValidationError(_("“%(text)s” is no number between 0 and 100.") % {"text": text[:40]})
    if not (number.is_finite() and 0 <= number <= 100):
        raise ValidationError(_("“%(text)s” is no number between 0 and 100.") % {"text": text[:40]})
    return FollowUp._meta.get_field("physical_percent").to_python(number)


def _date(value) -> date | None:
    if isinstance(value, datetime):
        return value.date()
    if isinstance(value, date) or value is None:
        return value
    text = as_text(value)
    if not text or text == "-":
        return None
    for pattern in ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y"):
        try:
            found = datetime.strptime(text, pattern).date()
        except ValueError:
            continue
        if 2000 <= found.year <= 2100:
            return found
    raise ValidationError(_("“%(text)s” is no date; write it as 31/12/2026.") % {"text": text[:40]})


def _status(value) -> str:
    words = as_text(value).lower()
    found = _status_words().get(words)
    if found is None:
        raise ValidationError(
            _("“%(text)s” is no status. Write one of: %(choices)s.")
            % {"text": words[:40], "choices": ", ".join(str(label) for label in Status.labels)}
        )
    return found


def _status_words() -> dict[str, str]:
    found = dict(STATUS_WORDS)
    for language in ("id", "en"):
        with translation.override(language):
            found |= {str(label).lower(): key for key, label in Status.choices}
    return found | {key: key for key in Status.values}


COLUMNS = (
    Column("key", gettext_lazy("Row code (do not change)"), lambda row: key_of(row)),
    Column("code", gettext_lazy("Number"), lambda row: row.code),
    Column("activity", gettext_lazy("Activity"), lambda row: row.activity),
    Column("responsible", gettext_lazy("Responsible"), lambda row: row.responsible_organization.short_name),
    Column("status", gettext_lazy("Status"), lambda row: row.get_status_display(), _status),
    Column("physical_percent", gettext_lazy("Physical (%)"), lambda row: row.physical_percent, _percent),
    Column("financial_percent", gettext_lazy("Financial (%)"), lambda row: row.financial_percent, _percent),
    Column("obstacle", gettext_lazy("Obstacle"), lambda row: row.obstacle, as_text),
    Column("starts_on", gettext_lazy("Start"), lambda row: row.starts_on, _date),
    Column("due_on", gettext_lazy("Due"), lambda row: row.due_on, _date),
    Column("done_on", gettext_lazy("Done on"), lambda row: row.done_on, _date),
    Column("note", gettext_lazy("Note or reason"), lambda row: "", as_text),
)
EDITED = tuple(column for column in COLUMNS if column.read)
COMPARED = tuple(column.field for column in EDITED if column.field != "note")
PLANNED, REPORTED = ("starts_on", "due_on"), ("physical_percent", "financial_percent", "obstacle")


def _stored(row: FollowUp) -> dict[str, object]:
    values = {name: getattr(row, name) for name in COMPARED}
    return values | {"obstacle": as_text(row.obstacle)}


def _check_sum(values: dict[str, object]) -> str:
    text = "|".join(
        f"{values[name]:f}" if isinstance(values[name], Decimal) else str(values[name]) for name in COMPARED
    )
    return f"{zlib.crc32(text.encode()):08x}"


def key_of(row: FollowUp) -> str:
    return f"{row.pk}.{row.version}.{_check_sum(_stored(row))}"


# --- going out ------------------------------------------------------------------------------------------


def export(follow_ups: Iterable[FollowUp]) -> bytes:
    """A workbook of the rows, with how to fill it in on a second sheet."""
    notes = [
        _("Edit only these columns: %(columns)s.") % {"columns": ", ".join(str(column.heading) for column in EDITED)},
        _("Status: %(choices)s.") % {"choices": ", ".join(str(label) for label in Status.labels)},
        _("“Done” needs evidence, which is added on the page of the follow-up."),
        _("A reason in the last column is needed for cancelling and for reopening."),
        _("Rows may be deleted or sorted; the code in the first column says which is which."),
    ]
    rows = [
        [str(column.heading) for column in COLUMNS],
        *([column.value(row) for column in COLUMNS] for row in follow_ups),
    ]
    return write_xlsx(rows, title=_("Follow-ups"), notes=notes)


# --- coming in ------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Finding:
    """What is wrong with a cell, in one sentence."""

    cell: str
    sentence: str


@dataclass
class SentRow:
    """A row of the file: which follow-up, from which version, and what its cells say; `cells` are their addresses."""

    number: int
    pk: int
    version: int
    check_sum: str
    values: dict[str, object]
    cells: dict[str, str]

    @property
    def is_edited(self) -> bool:
        return bool(self.values["note"]) or _check_sum(self.values) != self.check_sum


def pack(rows: Iterable[SentRow]) -> list:
    """What was edited, as plain values; `unpack` makes rows of it again. What nobody edited changes nothing."""
    return [
        [
            row.number,
            row.pk,
            row.version,
            row.check_sum,
            row.cells,
            {name: _packed(value) for name, value in row.values.items()},
        ]
        for row in rows
        if row.is_edited
    ]


def _packed(value):
    return str(value) if isinstance(value, Decimal | date) else value


def unpack(packed: list) -> list[SentRow]:
    rows = []
    for number, pk, version, check_sum, cells, values in packed:
        for name in ("physical_percent", "financial_percent"):
            values[name] = MISSING if values[name] == MISSING else Decimal(values[name])
        for name in ("starts_on", "due_on", "done_on"):
            values[name] = date.fromisoformat(values[name]) if values[name] not in (None, MISSING) else values[name]
        rows.append(SentRow(number, pk, version, check_sum, values, cells))
    return rows


@dataclass
class SentList:
    rows: list[SentRow] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def read(file) -> SentList:
    """The rows of an uploaded list. Raises ValidationError where it cannot be read or is no such list."""
    refuse_size(file.size)
    file.seek(0)
    book = read_book(file.read(), file.name or "", max_rows=MAX_ROWS + HEADING_ROWS)
    for sheet in book.sheets:
        heading = None if sheet.is_hidden else _heading(sheet.rows[:HEADING_ROWS])
        if heading:
            return _read_rows(sheet.rows[heading[0].number :], heading[1], book.marks.get(sheet.name))
    raise ValidationError(
        _("This is no list of follow-ups from here: the column “%(column)s” is missing. Export it first.")
        % {"column": COLUMNS[0].heading}
    )


def _heading(rows: Iterable[Row]) -> tuple[Row, dict[str, int]] | None:
    known = {}
    for language in ("id", "en"):
        with translation.override(language):
            known |= {str(column.heading).lower(): column.field for column in COLUMNS}
    for row in rows:
        places: dict[str, int] = {}
        for place, value in enumerate(row.values):
            name = known.get(as_text(value).lower())
            if name:
                places.setdefault(name, place)
        if "key" in places:
            return row, places
    return None


def _read_rows(rows: Iterable[Row], places: dict[str, int], marks) -> SentList:
    found, seen = SentList(), {}
    for row in rows:
        if row.is_empty:
            continue
        cell = row.address(places["key"])
        match = KEY.fullmatch(as_text(row.values[places["key"]]))
        if not match:
            sentence = _("This row has no code of ours. New follow-ups are planned on the page, not here.")
            found.findings.append(Finding(cell, sentence))
            continue
        pk, version, check_sum = int(match[1]), int(match[2]), match[3]
        if pk in seen:
            found.findings.append(
                Finding(cell, _("The same follow-up stands in row %(row)s already.") % {"row": seen[pk]})
            )
            continue
        seen[pk] = row.number
        values, wrong = _values(row, places, marks)
        found.findings += wrong
        if not wrong:
            cells = {name: row.address(place) for name, place in places.items()}
            found.rows.append(SentRow(row.number, pk, version, check_sum, values, cells))
    return found


def _values(row: Row, places: dict[str, int], marks) -> tuple[dict[str, object], list[Finding]]:
    values, wrong = {}, []
    for column in EDITED:
        if column.field not in places:
            values[column.field] = MISSING
            continue
        place = places[column.field]
        value = row.values[place]
        if marks and (row.number, place) in marks.percent_cells and isinstance(value, int | float):
            value = value * 100  # typed as 40%, which the spreadsheet program keeps as 0.4
        try:
            values[column.field] = column.read(round(value, 6) if isinstance(value, float) else value)
        except ValidationError as error:
            wrong.append(Finding(row.address(place), error.messages[0]))
    return values, wrong


MISSING = "\0"  # the value of a column that was deleted from the file: it stays as it is stored


# --- doing it -------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Change:
    """What a row changes: (label, before, after) of each value."""

    row: int
    follow_up: FollowUp
    lines: list[tuple[str, str, str]]


@dataclass
class Outcome:
    """`outdated`: rows that nobody edited in the file, though they were changed here since; they stay as stored."""

    changes: list[Change] = field(default_factory=list)
    unchanged: int = 0
    outdated: list[int] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def run(rows: list[SentRow], *, by, at, dry: bool) -> Outcome:
    """Do what the rows say through the verbs of each follow-up: all of them, or none where one finds an error.

    Dry, the same is done and taken back.
    """
    outcome = Outcome()
    stored = FollowUp.objects.visible_to(by).select_related(
        "agreement", "workshop", "responsible_organization", "region", "source_entry"
    )
    with transaction.atomic():
        known = stored.in_bulk([row.pk for row in rows])
        for row in rows:
            _one(row, known.get(row.pk), by, at, outcome)
        if dry or outcome.findings:
            transaction.set_rollback(True)
    return outcome


def _one(row: SentRow, follow_up: FollowUp | None, by, at, outcome: Outcome) -> None:
    if follow_up is None:
        outcome.findings.append(Finding(row.cells["key"], _("No follow-up that you may see has this code.")))
        return
    before = _stored(follow_up)
    row.values |= {name: before[name] for name in COMPARED if row.values[name] == MISSING}
    if row.values["note"] == MISSING:
        row.values["note"] = ""
    wanted = {name: row.values[name] for name in COMPARED if row.values[name] != before[name]}
    if not wanted and not row.values["note"]:
        outcome.unchanged += 1
        return
    if row.version != follow_up.version:
        if row.is_edited:
            outcome.findings.append(Finding(row.cells["key"], _stale(follow_up)))
        else:
            outcome.outdated.append(row.number)
        return
    try:
        with transaction.atomic():
            Step(follow_up, row, wanted, by, at).take()
    except (ValidationError, PermissionDenied) as error:
        outcome.findings += _findings(row, wanted, error)
        return
    after = _stored(follow_up)
    lines = [
        (str(column.heading), _shown(before[column.field], column.field), _shown(after[column.field], column.field))
        for column in EDITED
        if column.field in before and before[column.field] != after[column.field]
    ]
    if row.values["note"]:
        lines.append((str(COLUMNS[-1].heading), "–", row.values["note"]))
    outcome.changes.append(Change(row.number, follow_up, lines))


def _stale(follow_up: FollowUp) -> str:
    last = follow_up.changes.select_related("by").last()
    return _(
        "%(who)s changed this on %(day)s, after the list was exported. Export it again and repeat your change."
    ) % {
        "who": (last and last.by) or _("Someone else"),
        "day": date_format(timezone.localtime(last.at)) if last else date_format(follow_up.updated_on),
    }


def _shown(value, name: str) -> str:
    if value in ("", None):
        return "–"
    if isinstance(value, date):
        return date_format(value)
    if isinstance(value, Decimal):
        return (
            f"{value.normalize():f}".replace(".", ",")
            if translation.get_language() == "id"
            else f"{value.normalize():f}"
        )
    return str(Status(value).label) if name == "status" else str(value)


def _findings(row: SentRow, wanted: dict, error) -> list[Finding]:
    """Each sentence at the cell that it is about; what is about the whole row, at the first cell that changes."""
    first = row.cells[next((name for name in ("status", *COMPARED) if name in wanted), "key")]
    if isinstance(error, PermissionDenied):
        return [Finding(first, str(error) or _("You may not change this."))]
    if not hasattr(error, "error_dict"):
        return [Finding(first, sentence) for sentence in error.messages]
    found = []
    for name, errors in error.error_dict.items():
        for one in errors:
            place = {"on": "done_on", "reason": "note"}.get(name, name)
            place = one.code if name == NON_FIELD_ERRORS and one.code in row.cells else place
            found += [Finding(row.cells.get(place, first), sentence) for sentence in one.messages]
    return found


@dataclass
class Step:
    """One row on its way through the verbs. The first one is based on the version that the file was written from."""

    follow_up: FollowUp
    row: SentRow
    wanted: dict[str, object]
    by: object
    at: datetime

    def take(self) -> None:
        dates = {name: self.wanted[name] for name in PLANNED if name in self.wanted}
        if dates:
            self._plan(dates)
        target = self.wanted.get("status", self.follow_up.status)
        if self.follow_up.status in FollowUp.FINAL and target != self.follow_up.status:
            self._do("reopen", reason=self._reason("note", self.note))
        told = {name: self.wanted[name] for name in REPORTED if name in self.wanted}
        if target == Status.BLOCKED and "status" in self.wanted:
            told.pop("obstacle", None)  # it is the reason of the block
        if self.follow_up.status == Status.BLOCKED and target != Status.BLOCKED:
            self._do("unblock", note=self.note)
            told = {name: value for name, value in told.items() if (name, value) != ("obstacle", "")}
        if told or not self.wanted:
            self._do("report", note=self.note, **told)
        self._arrive(target)
        if "done_on" in self.wanted and self.follow_up.done_on != self.wanted["done_on"]:
            raise ValidationError({"done_on": _("This day is set together with the status “done”, and only then.")})

    @property
    def note(self) -> str:
        return self.row.values["note"]

    def _reason(self, field: str, text: str) -> str:
        """Said at the cell where it is missing."""
        if not text:
            raise ValidationError({field: _("Write down the reason first.")})
        return text

    def _plan(self, dates: dict) -> None:
        if not self.by.has_perm("agreements.change_followup"):
            raise PermissionDenied(_("Dates belong to the plan, which you may not change."))
        for name, value in dates.items():
            setattr(self.follow_up, name, value)
        self.follow_up.full_clean(exclude=["workshop"])
        self.follow_up.record(by=self.by, at=self.at, note=self.note, based_on=self.follow_up.version)

    def _arrive(self, target: str) -> None:
        now = self.follow_up.status
        if target == now or ("status" not in self.wanted and now == Status.IN_PROGRESS):
            return
        if target == Status.NOT_STARTED:
            raise ValidationError({"status": _("What was begun does not become “not started” again.")})
        if target == Status.CANCELLED:
            self._do("cancel", reason=self._reason("note", self.note))
        elif target == Status.BLOCKED:
            self._do("block", reason=self._reason("obstacle", self.row.values["obstacle"] or self.note))
        else:
            if now == Status.NOT_STARTED:
                self._do("start", note=self.note)
            if target == Status.DONE:
                on = self.row.values["done_on"]
                self._do("finish", note=self.note, on=on)

    def _do(self, verb: str, **values) -> None:
        if not self.follow_up.may(self.by, verb):
            raise PermissionDenied(
                _("You may not do this with this follow-up: it belongs to somebody else, or needs another role.")
            )
        getattr(self.follow_up, verb)(by=self.by, at=self.at, based_on=self.follow_up.version, **values)
