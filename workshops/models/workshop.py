"""A workshop, its states, and the records that belong to its frame."""

import secrets
from datetime import date, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.models import IssuedPaper, Official, Organization, Region
from core.refusals import Refused
from slumareas.models import SlumArea

REPORT_DAYS = 7
CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that a person reads as another
RESERVED_SLUGS = {"new", "check-in", "feed"}


class WorkshopQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Who plans and verifies sees all; members and agencies from the invitation on; a village also only its own
        before they are closed; a viewer what is closed."""
        if not user.is_authenticated or not user.has_perm("workshops.view_workshop"):
            return self.none()
        if user.role in (user.Role.ADMIN, user.Role.PLANNER, user.Role.VERIFIER):
            return self
        if user.role in (user.Role.POKJA_MEMBER, user.Role.OPD_USER):
            return self.exclude(status=Workshop.Status.DRAFT)
        closed = Q(status=Workshop.Status.CLOSED)
        if user.role == user.Role.VILLAGE_USER:
            own = WorkshopArea.objects.filter(region__in=Region.objects.within(user.region)).values("workshop")
            return self.filter(closed | (Q(pk__in=own) & ~Q(status=Workshop.Status.DRAFT)))
        return self.filter(closed)

    def lock(self, pk):
        """The row, held until the transaction ends, so that nothing changes beside a change of status."""
        return self.select_for_update().get(pk=pk)

    def report_overdue(self, on: date):
        """Workshops that are over and whose report was not sent within seven days."""
        return self.filter(
            held_on__lt=on - timedelta(days=REPORT_DAYS),
            reported_on=None,
            status__in=[Workshop.Status.IN_PROGRESS, Workshop.Status.CORRECTION, Workshop.Status.CLOSED],
        )


class Workshop(models.Model):
    """A workshop (lokakarya) with everything its minutes need."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        INVITED = "invited", _("invited")
        IN_PROGRESS = "in_progress", _("in progress")
        CORRECTION = "correction", _("correction")
        CLOSED = "closed", _("closed")
        CANCELLED = "cancelled", _("cancelled")

    class Level(models.TextChoices):
        REGENCY = "regency", _("regency")
        DISTRICT = "district", _("district")
        VILLAGE = "village", _("kelurahan or desa")

    # verb: (from which states, to which state, whether a reason is needed). A test walks all pairs.
    TRANSITIONS = {
        "invite": ({Status.DRAFT}, Status.INVITED, False),
        "start": ({Status.DRAFT, Status.INVITED}, Status.IN_PROGRESS, False),
        "finish": ({Status.IN_PROGRESS}, Status.CORRECTION, False),
        "close": ({Status.CORRECTION}, Status.CLOSED, False),
        "reopen": ({Status.CLOSED}, Status.CORRECTION, True),
        "cancel": ({Status.DRAFT, Status.INVITED, Status.IN_PROGRESS}, Status.CANCELLED, True),
    }
    VERB_PERMISSIONS = {"close": "workshops.close_workshop", "reopen": "workshops.reopen_workshop"}
    FINAL = {Status.CLOSED, Status.CANCELLED}
    MINUTES = "minutes"  # the kind of paper that is issued once it is closed

    slug = models.SlugField(_("address"), max_length=80, unique=True, blank=True)
    title = models.CharField(_("title"), max_length=300)
    programme = models.CharField(_("programme"), max_length=100, default="KOTAKU")
    level = models.CharField(_("level"), max_length=8, choices=Level, default=Level.REGENCY)
    organizer = models.ForeignKey(
        Organization, models.PROTECT, null=True, blank=True, related_name="workshops", verbose_name=_("organizer")
    )
    unit = models.CharField(_("unit of the organizer"), max_length=200, blank=True)
    consultant = models.CharField(_("consultant"), max_length=200, blank=True)
    status = models.CharField(_("status"), max_length=12, choices=Status, default=Status.DRAFT, editable=False)

    held_on = models.DateField(_("date"), db_index=True)
    call_time = models.TimeField(
        _("call time"), null=True, blank=True, help_text=_("When people are asked to be there.")
    )
    start_time = models.TimeField(_("start"), null=True, blank=True)
    end_time = models.TimeField(_("end"), null=True, blank=True)
    place = models.CharField(_("place"), max_length=200, blank=True)

    invitation_number = models.CharField(_("letter number"), max_length=80, blank=True)
    invitation_on = models.DateField(_("letter date"), null=True, blank=True)
    invitation_nature = models.CharField(_("nature of the letter"), max_length=40, blank=True, default="Biasa")
    invitation_enclosure = models.CharField(_("enclosure"), max_length=80, blank=True)
    invitation_to = models.TextField(
        _("addressed to"), blank=True, help_text=_("One per line. Empty: “list enclosed”, with everyone invited.")
    )
    invitation_opening = models.TextField(_("opening paragraph"), blank=True, help_text=_("The basis and the reason."))
    invitation_closing = models.TextField(_("closing paragraph"), blank=True)
    carbon_copies = models.TextField(_("carbon copies (tembusan)"), blank=True, help_text=_("One per line."))

    minutes_number = models.CharField(_("number of the minutes"), max_length=80, blank=True)
    copies = models.PositiveSmallIntegerField(_("copies of the official record"), default=1)
    report_addressed_to = models.TextField(_("report addressed to"), blank=True, help_text=_("One per line."))

    credit_source = models.CharField(_("source"), max_length=100, blank=True)
    credit_author = models.CharField(_("author"), max_length=100, blank=True)
    credit_photographer = models.CharField(_("photographer"), max_length=100, blank=True)
    credit_editor = models.CharField(_("editor"), max_length=100, blank=True)
    information_unit = models.CharField(_("information unit"), max_length=100, blank=True)
    tags = models.CharField(_("tags"), max_length=300, blank=True, help_text=_("Separated by commas."))

    reported_on = models.DateField(_("report sent on"), null=True, blank=True, editable=False)
    check_in_code = models.CharField(max_length=6, unique=True, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    objects = WorkshopQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["check_in_code"])

    class Meta:
        ordering = ["-held_on", "-pk"]
        verbose_name = _("workshop")
        verbose_name_plural = _("workshops")
        permissions = [
            ("close_workshop", "Can close the minutes of a workshop"),
            ("reopen_workshop", "Can reopen closed minutes"),
            ("view_contact", "Can see phone numbers and e-mail addresses of participants"),
        ]
        constraints = [
            models.CheckConstraint(
                name="workshop_ends_after_start",
                condition=Q(start_time=None) | Q(end_time=None) | Q(end_time__gt=F("start_time")),
                violation_error_message=_("The event must end after it starts."),
                violation_error_code="end_time",
            ),
            models.CheckConstraint(
                name="workshop_called_before_start",
                condition=Q(call_time=None) | Q(start_time=None) | Q(call_time__lte=F("start_time")),
                violation_error_message=_("People cannot be called later than the event starts."),
                violation_error_code="call_time",
            ),
            models.CheckConstraint(
                name="workshop_copies_positive",
                condition=Q(copies__gte=1),
                violation_error_message=_("At least one copy is made."),
            ),
        ]

    def __str__(self):
        return self.title

    def get_absolute_url(self):
        return reverse("workshops:workshop_detail", args=[self.slug])

    def clean(self):
        if self.held_on and not 2000 <= self.held_on.year <= 2100:
            raise ValidationError({"held_on": _("Enter a date between 2000 and 2100.")})
        if self.slug in RESERVED_SLUGS:
            raise ValidationError({"slug": _("This address is taken; choose another one.")})
        if self._state.adding and self._written_before().exists():
            raise ValidationError(
                {"title": _("This workshop is on the list already: same title, day, time and place. Open it there.")}
            )

    def _written_before(self) -> models.QuerySet:
        """The same event, as it comes when somebody goes back after saving and saves again."""
        same = {name: getattr(self, name) for name in ("title", "held_on", "start_time", "place")}
        return Workshop.objects.exclude(status=self.Status.CANCELLED).filter(**same)

    def save(self, **kwargs):
        """Create or change what is not final. The status itself changes only by the verbs below."""
        with transaction.atomic():
            if self.pk:
                self.status = self.lock_for_change(self.pk).status
            else:
                self.slug = self.slug or self._free_slug()
                self.check_in_code = self.check_in_code or self.new_code()
            super().save(**kwargs)

    def delete(self, **kwargs):
        with transaction.atomic():
            stored = Workshop.objects.lock(self.pk)
            if stored.status != self.Status.DRAFT:
                raise Refused(gettext("Only a draft can be deleted. Cancel the workshop instead; its record stays."))
            try:
                return super().delete(**kwargs)
            except models.ProtectedError as error:
                raise Refused(gettext("There are agreements of this workshop. Delete those first.")) from error

    @classmethod
    def lock_for_change(cls, pk) -> "Workshop":
        """The locked row, for whoever is about to change the workshop or a record of it. Refuses when it is final."""
        stored = cls.objects.lock(pk)
        if stored.status == cls.Status.CLOSED:
            raise Refused(gettext("These minutes are closed. To correct them, ask a verifier to reopen them."))
        if stored.status == cls.Status.CANCELLED:
            raise Refused(gettext("This workshop is cancelled; nothing in it can be changed."))
        return stored

    def _free_slug(self) -> str:
        base = slugify(self.title)[:60].strip("-") or "lokakarya"
        base = f"{base}-{self.held_on.year}" if not base.endswith(str(self.held_on.year)) else base
        slug, number = base, 1
        while slug in RESERVED_SLUGS or Workshop.objects.filter(slug=slug).exists():
            number += 1
            slug = f"{base}-{number}"
        return slug

    @staticmethod
    def new_code() -> str:
        return "".join(secrets.choice(CODE_LETTERS) for _position in range(6))

    # --- states -----------------------------------------------------------------------------------

    def can(self, verb: str) -> bool:
        """Whether the present state allows the verb. Whether the person may is a question of permissions."""
        return self.status in self.TRANSITIONS[verb][0]

    @classmethod
    def permission_for(cls, verb: str) -> str:
        return cls.VERB_PERMISSIONS.get(verb, "workshops.change_workshop")

    def invite(self, *, by, at):
        return self._move("invite", by, at)

    def start(self, *, by, at):
        return self._move("start", by, at)

    def finish(self, *, by, at):
        return self._move("finish", by, at)

    def close(self, *, by, at):
        return self._move("close", by, at)

    def reopen(self, *, by, at, reason):
        return self._move("reopen", by, at, reason)

    def cancel(self, *, by, at, reason):
        return self._move("cancel", by, at, reason)

    def _move(self, verb: str, by, at, reason: str = "") -> "StatusChange":
        sources, target, needs_reason = self.TRANSITIONS[verb]
        reason = reason.strip()
        with transaction.atomic():
            stored = Workshop.objects.lock(self.pk)
            if stored.status not in sources:
                raise Refused(
                    gettext("This is not possible now: the workshop is “%(status)s”.")
                    % {"status": stored.get_status_display()}
                )
            if needs_reason and not reason:
                raise Refused(gettext("Write down the reason first."))
            if verb == "invite" and not stored.place:
                raise Refused(gettext("Fill in the place before you invite."))
            change = StatusChange(
                workshop=stored, from_status=stored.status, to_status=target, by=by, at=at, reason=reason
            )
            stored.status = target
            stored._change_reason = reason or None
            models.Model.save(stored, update_fields=["status"])
            change.save()
            if verb == "reopen":
                IssuedPaper.objects.withdraw(self.MINUTES, record_id=self.pk, at=at)
        self.status = target
        return change

    def mark_reported(self, *, by, on: date) -> None:
        """Note that the report went out. Possible also when closed: it is about the record, not in it."""
        with transaction.atomic():
            stored = Workshop.objects.lock(self.pk)
            if stored.reported_on:
                raise Refused(
                    gettext("The report was already sent on %(date)s.") % {"date": stored.reported_on.isoformat()}
                )
            if on < stored.held_on:
                raise Refused(gettext("The report cannot be sent before the workshop."))
            stored.reported_on = on
            models.Model.save(stored, update_fields=["reported_on"])
        self.reported_on = on

    def renew_check_in_code(self) -> None:
        self.check_in_code = self.new_code()
        self.save(update_fields=["check_in_code"])

    # --- derived ----------------------------------------------------------------------------------

    @property
    def is_final(self) -> bool:
        return self.status in self.FINAL

    @property
    def year(self) -> int:
        return self.held_on.year

    @property
    def signatories(self) -> list:
        """Who signs its agreements, in order; nobody as long as no record of agreement was begun."""
        record = getattr(self, "agreement_record", None)
        return list(record.signatories.all()) if record else []

    @property
    def report_due_on(self) -> date:
        """One week after the event: the rule of the programme's committee report, chapter X."""
        return self.held_on + timedelta(days=REPORT_DAYS)


class WorkshopRecordQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(workshop__in=Workshop.objects.visible_to(user))


class WorkshopRecord(models.Model):
    """What belongs to a workshop and can change only while the workshop can."""

    workshop = models.ForeignKey(Workshop, models.CASCADE, verbose_name=_("workshop"))
    objects = WorkshopRecordQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, **kwargs):
        with transaction.atomic():
            Workshop.lock_for_change(self.workshop_id)
            super().save(**kwargs)

    def delete(self, **kwargs):
        with transaction.atomic():
            Workshop.lock_for_change(self.workshop_id)
            return super().delete(**kwargs)


class OrderedRecord(WorkshopRecord):
    """A record with a place among its siblings; a new one goes to the end."""

    order = models.PositiveIntegerField(_("order"), default=0, editable=False)

    class Meta:
        abstract = True
        ordering = ["order", "pk"]

    def siblings(self):
        return type(self).objects.filter(workshop=self.workshop_id)

    def save(self, **kwargs):
        if not self.pk and not self.order:
            last = self.siblings().aggregate(last=models.Max("order"))["last"]
            self.order = (last or 0) + 1
        super().save(**kwargs)

    def move(self, step: int) -> None:
        """Change places with the sibling `step` places away (-1 up, 1 down); at the end nothing happens."""
        with transaction.atomic():
            Workshop.lock_for_change(self.workshop_id)
            rows = list(self.siblings().order_by("order", "pk"))
            here = next(index for index, row in enumerate(rows) if row.pk == self.pk)
            there = here + step
            if 0 <= there < len(rows):
                rows.insert(there, rows.pop(here))
                number_in_order(rows)


def number_in_order(rows: list) -> None:
    """Give rows the order 1, 2, 3 … in which they stand, writing only those that change."""
    for number, row in enumerate(rows, start=1):
        if row.order != number:
            row.order = number
            row.save(update_fields=["order"])


class StatusChange(models.Model):
    """One step of a workshop through its states: who, when, why. Written by the verbs, never edited."""

    workshop = models.ForeignKey(Workshop, models.CASCADE, related_name="status_changes", verbose_name=_("workshop"))
    from_status = models.CharField(_("from"), max_length=12, choices=Workshop.Status)
    to_status = models.CharField(_("to"), max_length=12, choices=Workshop.Status)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))
    reason = models.TextField(_("reason"), blank=True)
    objects = WorkshopRecordQuerySet.as_manager()

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = _("status change")
        verbose_name_plural = _("status changes")

    def __str__(self):
        return f"{self.get_from_status_display()} → {self.get_to_status_display()}"


class WorkshopArea(OrderedRecord):
    """A slum area or neighbourhood that the workshop is about: its name, and the region it lies in."""

    workshop = models.ForeignKey(Workshop, models.CASCADE, related_name="areas", verbose_name=_("workshop"))
    name = models.CharField(_("area"), max_length=150)
    region = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, related_name="workshop_areas", verbose_name=_("region")
    )
    slum_area = models.ForeignKey(
        SlumArea,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="workshop_areas",
        verbose_name=_("slum area in the list"),
        help_text=_("The one that is meant, however it was written."),
    )
    history = HistoricalRecords()

    class Meta(OrderedRecord.Meta):
        verbose_name = _("area of interest")
        verbose_name_plural = _("areas of interest")

    def __str__(self):
        return self.name


class Leader(OrderedRecord, Official):
    """A role in leading the event. One person may hold several roles; each is written as on the day."""

    class Role(models.TextChoices):
        CHAIR = "chair", _("chair")
        SECRETARY = "secretary", _("secretary")
        MODERATOR = "moderator", _("moderator")
        MINUTE_TAKER = "minute_taker", _("minute taker")
        OPENER = "opener", _("opens the event")
        CLOSER = "closer", _("closes the event")
        COMMITTEE_HEAD = "committee_head", _("head of the committee")
        INVITER = "inviter", _("signs the invitation")

    workshop = models.ForeignKey(Workshop, models.CASCADE, related_name="leaders", verbose_name=_("workshop"))
    role = models.CharField(_("role"), max_length=15, choices=Role)
    history = HistoricalRecords()

    class Meta(OrderedRecord.Meta):
        verbose_name = _("leading person")
        verbose_name_plural = _("leading persons")
        constraints = [
            models.CheckConstraint(
                name="leader_has_name", condition=~Q(name=""), violation_error_message=_("Write down the name.")
            )
        ]


class ReportSection(OrderedRecord):
    """One section of the committee's report. The numeral is kept as written; the order is our own."""

    class Kind(models.TextChoices):
        OBJECTIVES = "objectives", _("objectives")
        OUTPUTS = "outputs", _("outputs")
        PARTICIPANTS = "participants", _("participants")
        RESOURCE_PERSONS = "resource_persons", _("resource persons")
        MATERIALS = "materials", _("materials")
        METHODS = "methods", _("methods")
        TIME = "time", _("time")
        FINANCING = "financing", _("financing")
        REPORTING = "reporting", _("reporting")
        CLOSING = "closing", _("closing")
        OTHER = "other", _("other")

    workshop = models.ForeignKey(Workshop, models.CASCADE, related_name="report_sections", verbose_name=_("workshop"))
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.OTHER)
    numeral = models.CharField(
        _("numeral"), max_length=10, blank=True, help_text=_("As written in the report, e.g. IX.")
    )
    heading = models.CharField(_("heading"), max_length=150)
    text = models.TextField(_("text"), blank=True)
    items = models.TextField(_("numbered items"), blank=True, help_text=_("One per line."))
    history = HistoricalRecords()

    class Meta(OrderedRecord.Meta):
        verbose_name = _("section of the committee report")
        verbose_name_plural = _("sections of the committee report")

    def __str__(self):
        return f"{self.numeral} {self.heading}".strip()


class TextualNote(OrderedRecord):
    """A place where the source writes something else than what is meant: both are kept."""

    workshop = models.ForeignKey(Workshop, models.CASCADE, related_name="textual_notes", verbose_name=_("workshop"))
    subject = models.CharField(_("subject"), max_length=150)
    as_written = models.TextField(_("as written"))
    read_as = models.TextField(_("read as"))
    history = HistoricalRecords()

    class Meta(OrderedRecord.Meta):
        verbose_name = _("note on the wording")
        verbose_name_plural = _("notes on the wording")

    def __str__(self):
        return self.subject
