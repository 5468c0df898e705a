"""Whom to remind of which follow-up: 14 and 3 days before it is due, and once a week while it is overdue."""

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agreements.models import FollowUp
from core import formats
from core.models import User
from core.reminders import LINES_OF_A_KIND, Due, Found, Kind, Line, key_of
from workshops.models import Workshop


@dataclass(frozen=True)
class Stage:
    """Told so many days before. A run that was missed is caught up with until `latest` days are left."""

    kind: str
    heading: str
    days: int
    latest: int


STAGES = (
    Stage("due_14", gettext_lazy("Due within 14 days:"), 14, 11),
    Stage("due_3", gettext_lazy("Due within 3 days:"), 3, 0),
)
OVERDUE, LATE_HEADING = "overdue", gettext_lazy("Overdue (told once a week):")
SIGNS_OF_AN_ACTIVITY = 140
SHARED_STATUSES = {
    "not_started": "belum dimulai",
    "in_progress": "sedang berjalan",
    "blocked": "terkendala",
    "done": "selesai",
    "cancelled": "dibatalkan",
}


@dataclass(frozen=True)
class Row:
    """What a reminder says of a follow-up, and whom it concerns."""

    pk: int
    agreement_number: int | None
    order: int
    activity: str
    due_on: date
    organization_id: int
    region_code: str | None
    paused_until: date | None

    FIELDS = (
        "pk", "agreement__number", "order", "activity", "due_on", "responsible_organization", "region__code",
        "reminders_paused_until",
    )  # fmt: skip

    def line(self, on: date) -> Line:
        code = f"{self.agreement_number}.{self.order} " if self.agreement_number else ""
        activity = Truncator(" ".join(self.activity.split())).chars(SIGNS_OF_AN_ACTIVITY)
        days = (self.due_on - on).days
        if days < 0:
            when = _("due on %(date)s, %(days)s days late")
        elif days:
            when = _("due on %(date)s, %(days)s days left")
        else:
            when = _("due today, %(date)s")
        told = when % {"date": formats.official_date(self.due_on), "days": abs(days)}
        return Line(f"{code}{activity} ({told})", reverse("agreements:follow_up_detail", args=[self.pk]))


def due_follow_ups(on: date) -> Found:
    """A source of `core.reminders`. Two queries, however many follow-ups and people there are."""
    owners = Owners("agreements.report_followup")
    stages = [
        (stage, Kind(stage.kind, stage.heading, f"{reverse('agreements:follow_up_list')}?mine=true&due={stage.days}"))
        for stage in STAGES
    ]
    late = Kind(OVERDUE, LATE_HEADING, f"{reverse('agreements:follow_up_list')}?mine=true&overdue=true")
    found, overdue = Found(), defaultdict(list)
    for row in _rows(on):
        people = [] if row.paused_until and on <= row.paused_until else owners.of(row.organization_id, row.region_code)
        days = (row.due_on - on).days
        kinds = [kind for stage, kind in stages if stage.latest <= days <= stage.days]
        if days >= 0 and not kinds:
            continue
        if not people:
            found.quiet += 1
        for person in people:
            if days < 0:
                overdue[person].append(row)
            for kind in kinds:
                key = key_of(kind, f"followup-{row.pk}", row.due_on, person)
                found.dues.append(Due(person, kind, key, (row.line(on),)))
    monday = on - timedelta(days=on.weekday())
    for person, rows in overdue.items():
        lines = tuple(row.line(on) for row in rows[:LINES_OF_A_KIND])
        key = key_of(late, "followups", monday, person)
        found.dues.append(Due(person, late, key, lines, more=len(rows) - len(lines)))
    return found


def share_text(follow_up: FollowUp, url: str, on: date) -> str:
    """A short message to send by phone, in Indonesian whatever the language of the page."""
    due = f"Tenggat: {formats.official_date(follow_up.due_on)}" if follow_up.due_on else ""
    if due and not follow_up.is_final and follow_up.due_on < on:
        due += f" (terlambat {(on - follow_up.due_on).days} hari)"
    status = SHARED_STATUSES[follow_up.status]
    lines = [
        f"*Tindak lanjut {follow_up.code}*".replace(" *", "*"),
        Truncator(" ".join(follow_up.activity.split())).chars(SIGNS_OF_AN_ACTIVITY),
        f"Penanggung jawab: {follow_up.responsible_organization.short_name}",
        due,
        f"Status: {status}, fisik {formats.plain_number(follow_up.physical_percent)}%",
        url,
    ]
    return "\n".join(line for line in lines if line)


def _rows(on: date) -> Iterator[Row]:
    """Open follow-ups that are due by then or soon, the longest overdue first."""
    until = on + timedelta(days=max(stage.days for stage in STAGES))
    rows = (
        FollowUp.objects.open()
        .filter(due_on__lte=until)
        .exclude(workshop__status__in=[Workshop.Status.DRAFT, Workshop.Status.CANCELLED])
        .order_by("due_on", "pk")
    )
    return (Row(*values) for values in rows.values_list(*Row.FIELDS).iterator())


class Owners:
    """Who may do something because it is theirs: by organization, and in villages by region."""

    def __init__(self, permission: str):
        self._of_organization, self._of_region = defaultdict(list), defaultdict(list)
        people = (
            User.objects.with_perm(
                permission,
                backend="django.contrib.auth.backends.ModelBackend",
                include_superusers=False,
            )
            .exclude(email="")
            .select_related("region")
            .order_by("pk")
        )
        for person in people:
            if person.organization_id:
                self._of_organization[person.organization_id].append(person)
            if person.role == User.Role.VILLAGE_USER and person.region:
                self._of_region[person.region.code].append(person)

    def of(self, organization_id: int | None, region_code: str | None) -> list[User]:
        found = list(self._of_organization[organization_id])
        parts = region_code.split(".") if region_code else []
        for length in range(1, len(parts) + 1):
            found += self._of_region.get(".".join(parts[:length]), [])
        return sorted(set(found), key=lambda person: person.pk)
