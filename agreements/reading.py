"""What the pages say of agreements and follow-ups: counts, histories, timelines. Asks the database, knows no HTTP."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, datetime

from django.db.models import BooleanField, Case, Count, Exists, F, OuterRef, Q, Value, When
from django.utils import timezone
from django.utils.translation import gettext as _

from agreements import timeline
from agreements.models import Agreement, AgreementVersion, Evidence, FollowUp, FollowUpChange, RecordChange
from agreements.models.follow_ups import overdue_on, silent_on
from core.models import Organization
from slumareas.reading import length

# --- counts ---------------------------------------------------------------------------------------------------
STATES = ("done", "in_progress", "not_started", "blocked", "cancelled")


@dataclass(frozen=True)
class Progress:
    """How the follow-ups of an agreement stand, and the parts of a bar that shows it."""

    counts: dict[str, int]
    overdue: int = 0

    @property
    def all(self) -> int:
        return sum(self.counts.values())

    @property
    def counted(self) -> int:
        """Without what was cancelled: that is not waited for any more."""
        return self.all - self.counts["cancelled"]

    @property
    def done(self) -> int:
        return self.counts["done"]

    @property
    def parts(self) -> list[tuple[str, str, str, int]]:
        """(state, where its part begins, how long it is, how many) out of 100."""
        found, start = [], 0.0
        for state in STATES:
            number = self.counts[state]
            if number:
                part = 100 * number / self.all
                found.append((state, f"{start:.2f}", f"{part:.2f}", number))
                start += part
        return found

    @property
    def said(self) -> list[tuple[str, int]]:
        """(label, how many) of each state that occurs."""
        return [(FollowUp.Status(state).label, self.counts[state]) for state in STATES if self.counts[state]]


def progress_of(agreements: list[Agreement], user, on: date) -> dict[int, Progress]:
    """{agreement: how its follow-ups stand} of those that this person may see. One query."""
    rows = (
        FollowUp.objects.visible_to(user)
        .filter(agreement__in=agreements)
        .order_by()
        .values("agreement")
        .annotate(
            overdue=Count("pk", filter=overdue_on(on)),
            **{f"n_{state}": Count("pk", filter=Q(status=state)) for state in STATES},
        )
    )
    found = {row["agreement"]: Progress({state: row[f"n_{state}"] for state in STATES}, row["overdue"]) for row in rows}
    return {one.pk: found.get(one.pk, Progress(dict.fromkeys(STATES, 0))) for one in agreements}


# --- scoreboard -----------------------------------------------------------------------------------------------
# Each follow-up counts once: the first of these that is true of it.
ON_TIME, LATE, BLOCKED, SILENT = "on_time", "late", "blocked", "silent"
MARKS = (ON_TIME, LATE, BLOCKED, SILENT)


def marked(follow_ups, on: date):
    """Each follow-up that is not cancelled with its `mark`."""
    late = overdue_on(on) | Q(status=FollowUp.Status.DONE, due_on__isnull=False, done_on__gt=F("due_on"))
    return follow_ups.exclude(status=FollowUp.Status.CANCELLED).annotate(
        mark=Case(
            When(status=FollowUp.Status.BLOCKED, then=Value(BLOCKED)),
            When(late, then=Value(LATE)),
            When(silent_on(on), then=Value(SILENT)),
            default=Value(ON_TIME),
        )
    )


@dataclass(frozen=True)
class ScoreRow:
    """One organization, or all together."""

    key: str
    name: str
    full_name: str
    counts: dict[str, int]
    done: int

    @property
    def all(self) -> int:
        return sum(self.counts.values())

    @property
    def on_time_percent(self) -> int | None:
        return round(100 * self.counts[ON_TIME] / self.all) if self.all else None

    @property
    def bar(self) -> str:
        return length(self.counts[ON_TIME], self.all)

    def cells(self) -> list[tuple[str, int]]:
        return [(mark, self.counts[mark]) for mark in MARKS]


def scoreboard(follow_ups, on: date) -> tuple[list[ScoreRow], ScoreRow]:
    """The organizations with the most trouble first, and the sum. Two queries; each follow-up is marked once."""
    grouped = marked(follow_ups, on).order_by().values_list("responsible_organization", "mark", "status")
    counts: dict[int, dict[str, int]] = {}
    done: dict[int, int] = defaultdict(int)
    for organization, mark, status, number in grouped.annotate(n=Count("pk")):
        counts.setdefault(organization, dict.fromkeys(MARKS, 0))[mark] += number
        done[organization] += number if status == FollowUp.Status.DONE else 0
    found = [
        ScoreRow(one.key, one.short_name or one.name, one.name, counts[pk], done[pk])
        for pk, one in Organization.objects.in_bulk(counts).items()
    ]
    found.sort(key=lambda row: (row.counts[ON_TIME] - row.all, row.name.lower()))
    total = {mark: sum(row.counts[mark] for row in found) for mark in MARKS}
    return found, ScoreRow("", "", "", total, sum(row.done for row in found))


# --- timeline ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Line:
    """A follow-up in the picture, and the reports that were made of it."""

    follow_up: FollowUp
    bar: timeline.Bar
    reports: list[str]


@dataclass(frozen=True)
class Picture:
    scale: timeline.Scale
    lines: list[Line]
    today: str | None

    @property
    def ticks(self):
        return self.scale.ticks()


def picture_of(follow_ups: list[FollowUp], changes: list[FollowUpChange], today: date) -> Picture | None:
    """When each follow-up runs; None where none has a date. What has no start begins with the workshop."""
    shown = [one for one in follow_ups if one.due_on or one.starts_on or one.done_on]
    if not shown:
        return None
    spans = {one.pk: (_begin(one), one.due_on, _end(one, today)) for one in shown}
    scale = timeline.Scale.around([day for span in spans.values() for day in span])
    reports: dict[int, list[str]] = {}
    for change in changes:
        day = timezone.localtime(change.at).date()
        if change.verb == "report" and scale.first <= day <= scale.last:
            reports.setdefault(change.follow_up_id, []).append(scale.at(day))
    lines = [Line(one, timeline.bar(scale, *spans[one.pk]), reports.get(one.pk, [])) for one in shown]
    return Picture(scale, lines, scale.at(today) if scale.first <= today <= scale.last else None)


def _begin(one: FollowUp) -> date:
    days = [one.starts_on or one.workshop.held_on, one.due_on, one.done_on]
    return one.starts_on or min(day for day in days if day)


def _end(one: FollowUp, today: date) -> date:
    """Until it was done, or cancelled; else until today, so that what is late grows."""
    if one.done_on:
        return max(one.done_on, _begin(one))
    if one.status == FollowUp.Status.CANCELLED:
        return max(min(one.due_on or one.updated_on, one.updated_on), _begin(one))
    return max(today, _begin(one)) if one.due_on and one.due_on < today else max(one.due_on or today, _begin(one))


# --- history ----------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Event:
    """One line of a history: what happened, where it can be seen, who did it, what changed."""

    at: datetime
    icon: str
    title: str
    url: str = ""
    subject: str = ""
    by: object = None
    note: str = ""
    lines: tuple[tuple[str, str, str], ...] = ()


VERB_ICONS = {
    "create": "plus-circle",
    "edit": "pencil",
    "start": "play-circle",
    "report": "graph-up-arrow",
    "block": "sign-stop",
    "unblock": "play-circle",
    "finish": "check-circle",
    "cancel": "x-circle",
    "reopen": "arrow-counterclockwise",
    "direct": "signpost",
    "set_back": "arrow-return-left",
    "pause": "pause-circle",
}
# What the verb itself says already.
SAID_BY_VERB = {"status", "done_on", "cancel_reason"}


def change_event(change: FollowUpChange, is_named: bool) -> Event:
    """`is_named`: with the follow-up, where more than one are told of."""
    lines = () if change.verb == "create" else tuple(change.lines())
    return Event(
        at=change.at,
        icon=VERB_ICONS[change.verb],
        title=str(FollowUpChange.VERBS[change.verb]),
        url=change.follow_up.get_absolute_url() if is_named else "",
        subject=(change.follow_up.code or change.follow_up.activity[:60]) if is_named else "",
        by=change.by,
        note=change.note,
        lines=tuple(line for line in lines if line[1] != line[2]),
    )


def evidence_events(evidence: Evidence, is_named: bool) -> list[Event]:
    subject = (evidence.follow_up.code or evidence.follow_up.activity[:60]) if is_named else ""
    url = evidence.get_absolute_url()
    title = _("evidence submitted: %(title)s") % {"title": evidence}
    found = [Event(evidence.submitted_at, "camera", title, url, subject, evidence.submitted_by)]
    if evidence.reviewed_at:
        accepted = evidence.status == Evidence.Status.ACCEPTED
        title = _("evidence accepted: %(title)s") if accepted else _("evidence returned: %(title)s")
        found.append(
            Event(
                evidence.reviewed_at,
                "patch-check" if accepted else "arrow-return-left",
                title % {"title": evidence},
                url,
                subject,
                evidence.reviewed_by,
                evidence.review_note,
            )
        )
    return found


def follow_up_history(follow_up: FollowUp, changes, evidence) -> list[Event]:
    """Its steps and its evidence, the newest first."""
    events = [change_event(change, False) for change in changes]
    events += [event for one in evidence for event in evidence_events(one, False)]
    return newest_first(events)


def agreement_history(agreement: Agreement, changes, evidence, record_changes, versions) -> list[Event]:
    """Everything that happened to an agreement and its follow-ups, the newest first."""
    events = [change_event(change, True) for change in changes]
    events += [event for one in evidence for event in evidence_events(one, True)]
    events += [record_event(change) for change in record_changes]
    events += [version_event(version) for version in versions]
    return newest_first(events)


def record_event(change: RecordChange) -> Event:
    return Event(
        change.at,
        "pen",
        _("agreements: %(status)s") % {"status": change.get_to_status_display()},
        by=change.by,
        note=change.reason,
    )


def version_event(version: AgreementVersion) -> Event:
    title = _("text amended: version %(new)s replaces version %(old)s") % {
        "new": version.version + 1,
        "old": version.version,
    }
    return Event(version.replaced_at, "file-diff", title, by=version.replaced_by, note=version.reason)


def newest_first(events: list[Event]) -> list[Event]:
    return sorted(events, key=lambda event: event.at, reverse=True)


# --- small questions ---------------------------------------------------------------------------------------------
def with_unconfirmed(follow_ups):
    """Annotated with `is_unconfirmed`: done, but no evidence of it is accepted."""
    accepted = Evidence.objects.accepted().filter(follow_up=OuterRef("pk"))
    return follow_ups.annotate(
        is_unconfirmed=Case(
            When(Q(status=FollowUp.Status.DONE) & ~Exists(accepted), then=Value(True)),
            default=Value(False),
            output_field=BooleanField(),
        )
    )
