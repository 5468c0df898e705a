"""What is done about an agreement: by whom, until when, with which money, and how far it is."""

import calendar
from datetime import date, timedelta

from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Count, Exists, ExpressionWrapper, F, OuterRef, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from agreements.models.records import (
    CRITERION_CHOICES,
    INSIDERS,
    STAFF,
    Agreement,
    AgreementRecord,
    refuse_if_refused,
)
from core.models import Organization, Region
from core.refusals import Refused
from slumareas.models import SlumArea
from slumareas.models.quantities import QuantityField
from workshops.models import MinutesEntry, Workshop

SILENT_DAYS = 90
DUE_SOON_DAYS = 30
PERCENT = [MinValueValidator(0), MaxValueValidator(100)]
NOT_NEGATIVE = [MinValueValidator(0)]


class FollowUpQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Who plans and verifies sees all; members and agencies the programme; a village its own and what is
        published; a viewer what is published."""
        if not user.is_authenticated or not user.has_perm("agreements.view_followup"):
            return self.none()
        if user.role in STAFF:
            return self
        if user.role in INSIDERS:
            return self.exclude(workshop__status=Workshop.Status.DRAFT)
        published = Q(workshop__status=Workshop.Status.CLOSED) & (
            Q(agreement=None) | Q(workshop__agreement_record__status=AgreementRecord.Status.PUBLISHED)
        )
        if user.role == user.Role.VILLAGE_USER:
            return self.filter(published | self.owned_condition(user) & ~Q(workshop__status=Workshop.Status.DRAFT))
        return self.filter(published)

    @staticmethod
    def owned_condition(user) -> Q:
        """An agency owns what it is responsible for, a village also what lies in it."""
        own = Q(responsible_organization=user.organization_id) if user.organization_id else Q(pk__in=[])
        if user.role == user.Role.VILLAGE_USER:
            own |= Q(region__in=Region.objects.within(user.region))
        return own

    def owned_by(self, user):
        """What this person's organization, or village, has to do."""
        return self.filter(self.owned_condition(user))

    def changeable_by(self, user):
        """Those that this person may report on. The right to do so at all is asked beside it."""
        visible = self.visible_to(user)
        if user.role in (user.Role.ADMIN, user.Role.PLANNER):
            return visible
        if user.role in (user.Role.OPD_USER, user.Role.VILLAGE_USER):
            return visible.filter(self.owned_condition(user))
        return visible.none()

    def open(self):
        """Neither done nor cancelled."""
        return self.filter(status__in=FollowUp.OPEN)

    def overdue(self, on: date):
        return self.filter(overdue_on(on))

    def due_within(self, on: date, days: int = DUE_SOON_DAYS):
        """Open and due from this day on, at the latest so many days later."""
        return self.open().filter(due_on__gte=on, due_on__lte=on + timedelta(days=days))

    def silent(self, on: date):
        """Open, begun or to be begun by then, and without an update for 90 days."""
        return self.filter(silent_on(on))

    def unconfirmed(self):
        """Done, but no evidence of it is accepted yet."""
        accepted = FollowUp.evidence.rel.related_model.objects.accepted().filter(follow_up=OuterRef("pk"))
        return self.filter(status=FollowUp.Status.DONE).exclude(Exists(accepted))

    def late(self):
        return self.filter(status=FollowUp.Status.DONE, done_on__gt=F("due_on"))

    def with_facts(self, on: date):
        """Annotated with `is_overdue` and `is_silent` on that day, for lists."""
        return self.annotate(
            is_overdue=ExpressionWrapper(overdue_on(on), models.BooleanField()),
            is_silent=ExpressionWrapper(silent_on(on), models.BooleanField()),
        )

    def in_due_order(self):
        """What is due first comes first, what has no date last."""
        return self.order_by(F("due_on").asc(nulls_last=True), "pk")

    def next_due(self, after: "FollowUp | None" = None) -> int | None:
        """The key of the first in that order, or of the first behind a follow-up."""
        dated, undated = self._in_parts()
        if after and after.due_on is None:
            dated, undated = dated.none(), undated.filter(pk__gt=after.pk)
        elif after:
            dated = dated.filter(Q(due_on__gt=after.due_on) | Q(pk__gt=after.pk), due_on__gte=after.due_on)
        return _first_key(dated, undated)

    def previous_due(self, before: "FollowUp") -> int | None:
        """The key of the last one in front of a follow-up."""
        dated, undated = self._in_parts()
        if before.due_on is None:
            undated = undated.filter(pk__lt=before.pk)
        else:
            dated = dated.filter(Q(due_on__lt=before.due_on) | Q(pk__lt=before.pk), due_on__lte=before.due_on)
            undated = undated.none()
        return _first_key(undated.reverse(), dated.reverse())

    def _in_parts(self):
        """With and without a date, each in order: so the database walks its index and stops, instead of sorting all. A
        range is what makes SQLite take the index."""
        return self.filter(due_on__gte=date.min).order_by("due_on", "pk"), self.filter(due_on=None).order_by("pk")

    def counts(self, on: date) -> dict[str, int]:
        """How many there are by status, and how many are overdue or silent on that day. One query."""
        return self.order_by().aggregate(
            all=Count("pk"),
            **{status: Count("pk", filter=Q(status=status)) for status in FollowUp.Status.values},
            overdue=Count("pk", filter=overdue_on(on)),
            silent=Count("pk", filter=silent_on(on)),
        )


def _first_key(*parts) -> int | None:
    """Of the first part that holds any. All are asked, so that the number of queries does not depend on the place."""
    found = [pk for part in parts for pk in part.values_list("pk", flat=True)[:1]]
    return found[0] if found else None


def due_before(follow_up: "FollowUp") -> Q:
    """What stands in front of a follow-up in the order of `in_due_order`."""
    if follow_up.due_on is None:
        return Q(due_on__isnull=False) | Q(pk__lt=follow_up.pk)
    return Q(due_on__lt=follow_up.due_on) | Q(due_on=follow_up.due_on, pk__lt=follow_up.pk)


def overdue_on(on: date) -> Q:
    return Q(due_on__isnull=False, due_on__lt=on, status__in=FollowUp.OPEN)


def silent_on(on: date) -> Q:
    """Without an update for 90 days, though it was begun or had to be."""
    since = on - timedelta(days=SILENT_DAYS)
    is_waiting = Q(status=FollowUp.Status.NOT_STARTED, starts_on__isnull=False, starts_on__gte=since)
    return Q(status__in=FollowUp.OPEN, updated_on__lt=since) & ~is_waiting


class FollowUp(models.Model):
    """One thing to do (RTL) for an agreement, or in answer to a problem or promise of the minutes."""

    class Status(models.TextChoices):
        NOT_STARTED = "not_started", _("not started")
        IN_PROGRESS = "in_progress", _("in progress")
        DONE = "done", _("done")
        BLOCKED = "blocked", _("blocked")
        CANCELLED = "cancelled", _("cancelled")

    class Recurrence(models.TextChoices):
        MONTHLY = "monthly", _("every month")
        QUARTERLY = "quarterly", _("every three months")
        YEARLY = "yearly", _("every year")

    # verb: {from which state: to which}. A test walks all pairs.
    TRANSITIONS = {
        "start": {Status.NOT_STARTED: Status.IN_PROGRESS},
        "report": {
            Status.NOT_STARTED: Status.IN_PROGRESS,
            Status.IN_PROGRESS: Status.IN_PROGRESS,
            Status.BLOCKED: Status.BLOCKED,
        },
        "block": {Status.NOT_STARTED: Status.BLOCKED, Status.IN_PROGRESS: Status.BLOCKED},
        "unblock": {Status.BLOCKED: Status.IN_PROGRESS},
        "finish": {Status.IN_PROGRESS: Status.DONE},
        "cancel": {
            Status.NOT_STARTED: Status.CANCELLED,
            Status.IN_PROGRESS: Status.CANCELLED,
            Status.BLOCKED: Status.CANCELLED,
        },
        "reopen": {Status.DONE: Status.IN_PROGRESS, Status.CANCELLED: Status.IN_PROGRESS},
    }
    NEEDS_REASON = {"block", "cancel", "reopen"}
    VERB_PERMISSIONS = {
        "cancel": "agreements.cancel_followup",
        "reopen": "agreements.reopen_followup",
    }
    OPEN = (Status.NOT_STARTED, Status.IN_PROGRESS, Status.BLOCKED)
    FINAL = (Status.DONE, Status.CANCELLED)
    OWNED_BY_VERBS = (
        "workshop", "order", "status", "physical_percent", "financial_percent", "done_on", "cancel_reason",
        "cancelled_by", "next_check_on", "reminders_paused_until",
    )  # fmt: skip
    MONTHS = {Recurrence.MONTHLY: 1, Recurrence.QUARTERLY: 3, Recurrence.YEARLY: 12}

    workshop = models.ForeignKey(
        Workshop, models.PROTECT, related_name="follow_ups", editable=False, verbose_name=_("workshop")
    )
    agreement = models.ForeignKey(
        Agreement, models.PROTECT, null=True, blank=True, related_name="follow_ups", verbose_name=_("agreement")
    )
    source_entry = models.ForeignKey(
        MinutesEntry,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="follow_ups",
        verbose_name=_("answers the entry"),
        help_text=_("The problem or promise in the minutes that it answers."),
    )
    order = models.PositiveSmallIntegerField(_("order"), default=0, editable=False)
    activity = models.TextField(_("activity"), help_text=_("What is done."))
    output = models.CharField(_("output"), max_length=300, blank=True, help_text=_("What is there afterwards."))
    volume = QuantityField(_("volume"), places=2, null=True, blank=True, validators=NOT_NEGATIVE)
    unit = models.CharField(_("unit"), max_length=40, blank=True)
    location = models.CharField(_("location"), max_length=200, blank=True)
    region = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, related_name="follow_ups", verbose_name=_("region")
    )
    slum_area = models.ForeignKey(
        SlumArea, models.PROTECT, null=True, blank=True, related_name="follow_ups", verbose_name=_("slum area")
    )
    criterion = models.CharField(_("criterion"), max_length=30, choices=CRITERION_CHOICES, blank=True)
    responsible_organization = models.ForeignKey(
        Organization, models.PROTECT, related_name="follow_ups", verbose_name=_("responsible organization")
    )
    responsible_person = models.CharField(_("responsible person"), max_length=200, blank=True)
    partners = models.ManyToManyField(
        Organization, blank=True, related_name="partnered_follow_ups", verbose_name=_("others involved")
    )
    other_parties = models.CharField(
        _("others involved, not on the list"), max_length=300, blank=True, help_text=_("Separated by commas.")
    )
    starts_on = models.DateField(_("start"), null=True, blank=True)
    due_on = models.DateField(_("due"), null=True, blank=True, db_index=True)
    recurrence = models.CharField(
        _("comes again"),
        max_length=9,
        choices=Recurrence,
        blank=True,
        help_text=_("When it is done, the next round is laid out."),
    )
    follows = models.OneToOneField(
        "self", models.SET_NULL, null=True, blank=True, editable=False, related_name="next_round"
    )
    is_proposal = models.BooleanField(
        _("proposal"), default=False, help_text=_("Organization and dates are proposed, not yet confirmed.")
    )
    needs_confirmation = models.CharField(
        _("to be confirmed"), max_length=300, blank=True, help_text=_("What is not clear in the source.")
    )

    status = models.CharField(
        _("status"), max_length=11, choices=Status, default=Status.NOT_STARTED, editable=False, db_index=True
    )
    physical_percent = QuantityField(_("physical progress (%)"), places=2, default=0, validators=PERCENT)
    financial_percent = QuantityField(_("financial progress (%)"), places=2, default=0, validators=PERCENT)
    obstacle = models.TextField(_("obstacle"), blank=True)
    direction = models.TextField(_("direction"), blank=True, help_text=_("What the Pokja asks for."))
    next_check_on = models.DateField(_("next check"), null=True, blank=True, editable=False)
    done_on = models.DateField(_("done on"), null=True, blank=True, editable=False)
    cancel_reason = models.TextField(_("reason for cancelling"), blank=True, editable=False)
    cancelled_by = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        related_name="+",
        verbose_name=_("cancelled by"),
    )
    reminders_paused_until = models.DateField(_("no reminders until"), null=True, blank=True, editable=False)
    updated_on = models.DateField(_("last update"), editable=False, db_index=True)
    version = models.PositiveIntegerField(default=0, editable=False)
    objects = FollowUpQuerySet.as_manager()
    history = HistoricalRecords(m2m_fields=[partners])

    class Meta:
        ordering = ["-workshop__held_on", "workshop", "agreement__number", "order", "pk"]
        verbose_name = _("follow-up")
        verbose_name_plural = _("follow-ups")
        permissions = [
            ("report_followup", "Can report on a follow-up of the own organization or village"),
            ("cancel_followup", "Can cancel a follow-up"),
            ("reopen_followup", "Can reopen a follow-up that is done or cancelled"),
        ]
        constraints = [
            models.CheckConstraint(
                name="follow_up_has_origin",
                condition=Q(agreement__isnull=False) | Q(source_entry__isnull=False),
                violation_error_message=_("Say which agreement, problem or promise this follows."),
                violation_error_code="agreement",
            ),
            models.CheckConstraint(
                name="follow_up_has_activity",
                condition=~Q(activity=""),
                violation_error_message=_("Write down what is to be done."),
                violation_error_code="activity",
            ),
            models.CheckConstraint(
                name="follow_up_due_after_start",
                condition=Q(starts_on=None) | Q(due_on=None) | Q(due_on__gte=F("starts_on")),
                violation_error_message=_("It cannot be due before it starts."),
                violation_error_code="due_on",
            ),
            models.CheckConstraint(
                name="follow_up_recurs_with_due_date",
                condition=Q(recurrence="") | Q(due_on__isnull=False),
                violation_error_message=_("What comes again needs the date on which it is due this time."),
                violation_error_code="due_on",
            ),
            models.CheckConstraint(
                name="follow_up_volume_not_negative",
                condition=Q(volume=None) | Q(volume__gte=0),
                violation_error_message=_("A volume cannot be negative."),
                violation_error_code="volume",
            ),
            models.CheckConstraint(
                name="follow_up_volume_has_unit",
                condition=Q(volume=None) | ~Q(unit=""),
                violation_error_message=_("A volume needs its unit."),
                violation_error_code="unit",
            ),
            models.CheckConstraint(
                name="follow_up_physical_percent",
                condition=Q(physical_percent__gte=0, physical_percent__lte=100),
                violation_error_message=_("Progress lies between 0 and 100 per cent."),
                violation_error_code="physical_percent",
            ),
            models.CheckConstraint(
                name="follow_up_financial_percent",
                condition=Q(financial_percent__gte=0, financial_percent__lte=100),
                violation_error_message=_("Progress lies between 0 and 100 per cent."),
                violation_error_code="financial_percent",
            ),
            models.CheckConstraint(
                name="follow_up_blocked_by_something",
                condition=~Q(status="blocked") | ~Q(obstacle=""),
                violation_error_message=_("Write down what blocks it."),
                violation_error_code="obstacle",
            ),
            models.CheckConstraint(
                name="follow_up_cancelled_with_reason",
                condition=Q(status="cancelled", cancelled_by__isnull=False) & ~Q(cancel_reason="")
                | ~Q(status="cancelled") & Q(cancelled_by=None, cancel_reason=""),
                violation_error_message=_("Cancelling needs a reason and somebody who approves it."),
            ),
            models.CheckConstraint(
                name="follow_up_done_on_a_day",
                condition=Q(status="done", done_on__isnull=False) | ~Q(status="done") & Q(done_on=None),
                violation_error_message=_("What is done has the day on which it was done."),
            ),
        ]

    def __str__(self):
        return f"{self.code} {self.activity[:80]}".strip()

    def get_absolute_url(self):
        return reverse("agreements:follow_up_detail", args=[self.pk])

    @property
    def code(self) -> str:
        """`12.1` for the first follow-up of agreement 12; nothing where there is no agreement."""
        return f"{self.agreement.number}.{self.order}" if self.agreement_id else ""

    def clean(self):
        origin = self.agreement or self.source_entry
        if self.agreement and self.source_entry and self.agreement.workshop_id != self.source_entry.workshop_id:
            raise ValidationError({"source_entry": _("Choose an entry of the same workshop.")})
        if self.pk and origin and origin.workshop_id != self.workshop_id:
            raise ValidationError({"agreement": _("A follow-up stays with its workshop.")})
        refuse_if_refused(self.source_entry)

    # --- rights -----------------------------------------------------------------------------------

    @classmethod
    def permission_for(cls, verb: str) -> str:
        return cls.VERB_PERMISSIONS.get(verb, "agreements.report_followup")

    def is_owned_by(self, user) -> bool:
        """Whether this person belongs to those who have to do it."""
        if user.organization_id and user.organization_id == self.responsible_organization_id:
            return True
        return user.role == user.Role.VILLAGE_USER and user.covers(self.region)

    def may(self, user, verb: str) -> bool:
        """Whether this person may ever do this here; whether the state allows it, `can` says."""
        return user.has_perm(self.permission_for(verb)) and (
            user.role in (user.Role.ADMIN, user.Role.PLANNER) or self.is_owned_by(user)
        )

    def require(self, user, verb: str) -> None:
        if not self.may(user, verb):
            raise PermissionDenied

    # --- storing ------------------------------------------------------------------------------------

    def record(self, *, by, at, note: str = "", based_on: int | None = None) -> "FollowUpChange | None":
        """Store what was planned, new or changed, with a line of what changed. For plans; progress has its verbs.

        `based_on` is the version that the person saw; somebody else's change in between is refused.
        """
        with transaction.atomic():
            before = self._lock(based_on) if self.pk else None
            for name in self.OWNED_BY_VERBS if before else ():
                setattr(self, name, getattr(before, name))
            if before and before.status == self.Status.CANCELLED:
                raise Refused(gettext("This follow-up is cancelled. Reopen it before changing anything."))
            if before is None:
                self._place()
                self.updated_on = self.updated_on or _day(at)
            changed = self._differences(before)
            if before and not changed:
                return None
            self.version = (before.version if before else 0) + 1
            super().save()
            return self._note("edit" if before else "create", by, at, note, changed)

    def _place(self) -> None:
        """The workshop of what it follows, and the next number there."""
        origin = self.agreement or self.source_entry
        if origin is None:
            raise ValidationError({"agreement": _("Say which agreement, problem or promise this follows.")})
        self.workshop = Workshop.objects.lock(origin.workshop_id)
        if self.workshop.status == Workshop.Status.CANCELLED:
            raise Refused(gettext("This workshop is cancelled; nothing in it can be changed."))
        siblings = FollowUp.objects.filter(workshop=self.workshop, agreement=self.agreement)
        self.order = (siblings.aggregate(last=models.Max("order"))["last"] or 0) + 1

    def save(self, **kwargs):
        """What is planned. What the verbs own stays as it is stored, whatever the instance says."""
        with transaction.atomic():
            stored = FollowUp.objects.filter(pk=self.pk).first() if self.pk else None
            if stored is None:
                self._place()
                self.updated_on = self.updated_on or self.workshop.held_on
                self.version = self.version or 1
            else:
                for name in self.OWNED_BY_VERBS:
                    setattr(self, name, getattr(stored, name))
            super().save(**kwargs)

    def delete(self, **kwargs):
        with transaction.atomic():
            stored = FollowUp.objects.select_for_update(of=("self",)).get(pk=self.pk)
            if stored.status != self.Status.NOT_STARTED or stored.evidence.exists() or stored.review_items.exists():
                raise Refused(gettext("This follow-up has a history already. Cancel it instead, with a reason."))
            return super().delete(**kwargs)

    # --- states -------------------------------------------------------------------------------------

    def can(self, verb: str) -> bool:
        return self.status in self.TRANSITIONS[verb]

    def start(self, *, by, at, note: str = "", based_on: int | None = None):
        return self._move("start", by, at, note, based_on)

    def report(
        self,
        *,
        by,
        at,
        note: str = "",
        physical_percent=None,
        financial_percent=None,
        obstacle: str | None = None,
        based_on: int | None = None,
    ):
        """How far it is. What is not given stays as it is."""
        told = {"physical_percent": physical_percent, "financial_percent": financial_percent, "obstacle": obstacle}
        return self._move(
            "report", by, at, note, based_on, {key: value for key, value in told.items() if value is not None}
        )

    def block(self, *, by, at, reason: str, based_on: int | None = None):
        return self._move("block", by, at, reason, based_on, {"obstacle": reason.strip()})

    def unblock(self, *, by, at, note: str = "", based_on: int | None = None):
        return self._move("unblock", by, at, note, based_on, {"obstacle": ""})

    def finish(self, *, by, at, note: str = "", on: date | None = None, based_on: int | None = None):
        """Done, on a day until today. There has to be evidence that was not returned."""
        with transaction.atomic():
            change = self._move("finish", by, at, note, based_on, {"done_on": on or _day(at), "physical_percent": 100})
            if self.recurrence:
                self._lay_out_next_round(by, at)
        return change

    def cancel(self, *, by, at, reason: str, based_on: int | None = None):
        """`by` is who approves it."""
        return self._move("cancel", by, at, reason, based_on, {"cancel_reason": reason.strip(), "cancelled_by": by})

    def reopen(self, *, by, at, reason: str, based_on: int | None = None):
        cleared = {"done_on": None, "cancel_reason": "", "cancelled_by": None}
        return self._move("reopen", by, at, reason, based_on, cleared)

    def set_back(self, *, by, at, note: str) -> "FollowUpChange | None":
        """Done rests on evidence: when the last piece was returned, the work goes on."""
        with transaction.atomic():
            before = self._lock(None)
            if before.status != self.Status.DONE or before.evidence.standing().exists():
                return None
            self.refresh_from_db()
            self.status, self.done_on = self.Status.IN_PROGRESS, None
            return self._store("set_back", by, at, note, before, is_update=False)

    def give_direction(self, *, by, at, direction: str, next_check_on: date | None) -> "FollowUpChange":
        """What a sitting asks for, and when it looks again. Possible in every state: it is said, not done."""
        with transaction.atomic():
            before = self._lock(None)
            self.refresh_from_db()
            self.direction, self.next_check_on = direction, next_check_on
            return self._store("direct", by, at, direction, before, is_update=False)

    def pause_reminders(self, *, by, at, until: date | None, note: str = "") -> "FollowUpChange | None":
        """Remind nobody up to and including that day; None ends the pause. It is no update of the work."""
        with transaction.atomic():
            before = self._lock(None)
            if before.is_final:
                raise Refused(gettext("Nobody is reminded of what is done or cancelled."))
            if until and until < _day(at):
                raise ValidationError({"until": _("This day is past.")})
            if before.reminders_paused_until == until:
                return None
            self.refresh_from_db()
            self.reminders_paused_until = until
            return self._store("pause", by, at, note.strip(), before, is_update=False)

    def _move(self, verb, by, at, note, based_on, values=None) -> "FollowUpChange":
        note = note.strip()
        with transaction.atomic():
            before = self._lock(based_on)
            target = self.TRANSITIONS[verb].get(before.status)
            if target is None:
                raise Refused(
                    gettext("This is not possible now: the follow-up is “%(status)s”.")
                    % {"status": before.get_status_display()}
                )
            if verb in self.NEEDS_REASON and not note:
                raise Refused(gettext("Write down the reason first."))
            if verb == "finish":
                before._check_finish(values["done_on"], at)
            self.refresh_from_db()
            for name, value in (values or {}).items():
                setattr(self, name, value)
            self.status = target
            self.clean_fields(exclude={field.name for field in self._meta.fields} - set(values or {}))
            if target == self.Status.BLOCKED and not self.obstacle:
                raise ValidationError({"obstacle": _("Write down what blocks it.")})
            return self._store(verb, by, at, note, before)

    def _check_finish(self, on: date, at) -> None:
        if not self.evidence.standing().exists():
            raise Refused(gettext("Add evidence first: a photo, a document or a link that shows that it is done."))
        if on > _day(at):
            raise ValidationError({"on": _("It cannot be done on a day that is still to come.")})
        if self.starts_on and on < self.starts_on:
            raise ValidationError({"on": _("It cannot be done before it starts.")})

    def _lock(self, based_on: int | None) -> "FollowUp":
        stored = FollowUp.objects.select_for_update(of=("self",)).get(pk=self.pk)
        if based_on is not None and stored.version != based_on:
            last = stored.changes.select_related("by").last()
            raise Refused(
                gettext("%(who)s changed this meanwhile. Look at it again, then repeat your step.")
                % {"who": (last and last.by) or gettext("Someone else")}
            )
        return stored

    def _store(self, verb, by, at, note, before, is_update=True) -> "FollowUpChange":
        changed = self._differences(before)
        self.version = before.version + 1
        if is_update:
            self.updated_on = max(before.updated_on, _day(at))
        self._change_reason = note or None
        super().save()
        return self._note(verb, by, at, note, changed)

    def _differences(self, before: "FollowUp | None") -> dict[str, tuple]:
        """{field: (before, after)} as plain values, of every field that says something."""
        found = {}
        for name in FollowUpChange.TRACKED:
            old, new = (_plain(row, name) if row else None for row in (before, self))
            if old != new and not (before is None and new in ("", None)):
                found[name] = (old, new)
        return found

    def _note(self, verb, by, at, note, changed) -> "FollowUpChange":
        return FollowUpChange.objects.create(
            follow_up=self,
            verb=verb,
            by=by,
            at=at,
            note=note,
            before={name: old for name, (old, _new) in changed.items()},
            after={name: new for name, (_old, new) in changed.items()},
        )

    def _lay_out_next_round(self, by, at) -> None:
        """The same again, later; once only, also when this one is reopened and done again."""
        if FollowUp.objects.filter(follows=self).exists():
            return
        months = self.MONTHS[self.recurrence]
        kept = (
            "agreement", "source_entry", "activity", "output", "volume", "unit", "location", "region", "slum_area",
            "criterion", "responsible_organization", "responsible_person", "other_parties", "recurrence", "is_proposal",
        )  # fmt: skip
        following = FollowUp(follows=self, **{name: getattr(self, name) for name in kept})
        following.due_on = months_later(self.due_on, months)
        following.starts_on = self.starts_on and months_later(self.starts_on, months)
        following.updated_on = _day(at)
        following.record(by=by, at=at)
        following.partners.set(self.partners.all())

    # --- derived ------------------------------------------------------------------------------------

    @property
    def is_final(self) -> bool:
        return self.status in self.FINAL

    @property
    def budget(self):
        """Sum of the amounts that are known; None where none is. Uses prefetched fundings."""
        amounts = [funding.amount for funding in self.fundings.all() if funding.amount is not None]
        return sum(amounts) if amounts else None


def _day(at) -> date:
    return timezone.localtime(at).date()


def months_later(day: date, months: int) -> date:
    """The same day so many months later; the last day of a month that is too short for it."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    return date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))


def _plain(row: FollowUp, name: str):
    """The value as JSON and people read it; related records by their names."""
    field = FollowUp._meta.get_field(name)
    value = getattr(row, name)
    if value is None or isinstance(value, bool | str):
        return value
    return str(value) if field.is_relation else field.value_to_string(row)


class FollowUpChange(models.Model):
    """One step of a follow-up: who, when, what was said, and each field before and after. Never edited."""

    VERBS = {
        "create": _("planned"),
        "edit": _("plan changed"),
        "start": _("started"),
        "report": _("progress reported"),
        "block": _("blocked"),
        "unblock": _("no longer blocked"),
        "finish": _("done"),
        "cancel": _("cancelled"),
        "reopen": _("reopened"),
        "direct": _("direction given"),
        "set_back": _("evidence returned"),
        "pause": _("reminders paused or resumed"),
    }
    TRACKED = (
        "agreement", "source_entry", "activity", "output", "volume", "unit", "location", "region", "slum_area",
        "criterion", "responsible_organization", "responsible_person", "other_parties", "starts_on", "due_on",
        "recurrence", "is_proposal", "needs_confirmation", "status", "physical_percent", "financial_percent",
        "obstacle", "direction", "next_check_on", "done_on", "cancel_reason", "reminders_paused_until",
    )  # fmt: skip

    follow_up = models.ForeignKey(FollowUp, models.CASCADE, related_name="changes", verbose_name=_("follow-up"))
    verb = models.CharField(_("step"), max_length=8, choices=list(VERBS.items()))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"), db_index=True)
    note = models.TextField(_("note"), blank=True)
    before = models.JSONField(_("before"), default=dict)
    after = models.JSONField(_("after"), default=dict)

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = _("step of a follow-up")
        verbose_name_plural = _("steps of follow-ups")

    def __str__(self):
        return f"{self.follow_up.code} {self.get_verb_display()}".strip()

    def lines(self) -> list[tuple[str, str, str]]:
        """(label, before, after) of each field that changed, choices by their labels."""
        found = []
        for name in self.TRACKED:
            if name in self.before or name in self.after:
                field = FollowUp._meta.get_field(name)
                labels = dict(field.flatchoices) if field.choices else {}
                old, new = self.before.get(name), self.after.get(name)
                found.append((str(field.verbose_name), *(str(labels.get(value, value) or "–") for value in (old, new))))
        return found


class FundingQuerySet(models.QuerySet):
    def visible_to(self, user):
        if not user.is_authenticated or not user.has_perm("agreements.view_funding"):
            return self.none()
        return self.filter(follow_up__in=FollowUp.objects.visible_to(user))


class Funding(models.Model):
    """Where the money of a follow-up comes from, and how much, where it is known."""

    class Source(models.TextChoices):
        APBN = "apbn", _("APBN")
        APBD_PROVINCE = "apbd_province", _("APBD of the province")
        APBD_REGENCY = "apbd_regency", _("APBD of the regency")
        DAK = "dak", _("DAK")
        VILLAGE_FUND = "village_fund", _("Dana Desa")
        KELURAHAN_FUND = "kelurahan_fund", _("Dana Kelurahan")
        CSR = "csr", _("BUMN or CSR")
        SELF_HELP = "self_help", _("self-help")

    follow_up = models.ForeignKey(FollowUp, models.CASCADE, related_name="fundings", verbose_name=_("follow-up"))
    source = models.CharField(_("source of funds"), max_length=14, choices=Source)
    note = models.CharField(_("note"), max_length=300, blank=True)
    amount = QuantityField(_("amount (Rp)"), places=2, null=True, blank=True, validators=NOT_NEGATIVE)
    objects = FundingQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["follow_up", "pk"]
        verbose_name = _("funding")
        verbose_name_plural = _("fundings")
        constraints = [
            models.CheckConstraint(
                name="funding_amount_not_negative",
                condition=Q(amount=None) | Q(amount__gte=0),
                violation_error_message=_("An amount cannot be negative."),
                violation_error_code="amount",
            )
        ]

    def __str__(self):
        return self.get_source_display()
