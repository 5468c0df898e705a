"""What was agreed at a workshop, who signed it, and how a signed text changes."""

import hashlib
import uuid
from datetime import date

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.models import IssuedPaper, Official, Organization, Region
from core.refusals import Refused
from core.uploads import validate_document, validate_picture
from slumareas import scoring
from slumareas.models import SlumArea
from slumareas.models.quantities import QuantityField
from workshops.models import AgendaItem, MinutesEntry, Workshop

CRITERION_CHOICES = [
    *((key, criterion.label) for key, criterion in scoring.CRITERIA.items()),
    (scoring.OPEN_SPACE.key, scoring.OPEN_SPACE.label),
]
STAFF = ("admin", "planner", "verifier")
INSIDERS = ("pokja_member", "opd_user")


class AgreementRecordQuerySet(models.QuerySet):
    def visible_to(self, user):
        """With the minutes of the workshop; outside the programme only what is published."""
        if not user.is_authenticated or not user.has_perm("agreements.view_agreementrecord"):
            return self.none()
        return self.filter(workshop__in=Workshop.objects.visible_to(user)).filter(published_for(user, ""))


def published_for(user, record: str) -> Q:
    """What is left to outsiders of records reached by the path `record`: the viewer sees what is published, a village
    also its own workshops before that."""
    if user.role in (*STAFF, *INSIDERS):
        return Q()
    published = Q(**{f"{record}status": AgreementRecord.Status.PUBLISHED})
    if user.role == user.Role.VILLAGE_USER:
        own = Workshop.objects.visible_to(user).filter(areas__region__in=Region.objects.within(user.region))
        return published | Q(**{f"{record}workshop__in": own.values("pk")})
    return published


class AgreementRecord(models.Model):
    """The record of agreement (berita acara kesepakatan) of one workshop: its frame and its course."""

    class Status(models.TextChoices):
        DRAFT = "draft", _("being drafted")
        SIGNING = "signing", _("open for signing")
        PUBLISHED = "published", _("published")

    # verb: (from which states, to which state, whether a reason is needed). A test walks all pairs.
    TRANSITIONS = {
        "open_for_signing": ({Status.DRAFT}, Status.SIGNING, False),
        "withdraw": ({Status.SIGNING}, Status.DRAFT, True),
        "publish": ({Status.SIGNING}, Status.PUBLISHED, False),
    }
    VERB_PERMISSIONS = {"publish": "agreements.publish_agreementrecord"}
    # What those who sign put their names under.
    SIGNED_FIELDS = ("preamble", "place", "agreed_on")
    PAPER = "agreement_record"  # the kind of paper that is final once this is published

    # Only a draft of a workshop can be deleted, and not while it has agreements: those protect it.
    workshop = models.OneToOneField(
        Workshop, models.CASCADE, related_name="agreement_record", verbose_name=_("workshop")
    )
    status = models.CharField(_("status"), max_length=9, choices=Status, default=Status.DRAFT, editable=False)
    number = models.CharField(_("number of the record"), max_length=80, blank=True)
    preamble = models.TextField(_("preamble of the agreements"), blank=True)
    place = models.CharField(_("place of the agreements"), max_length=200, blank=True)
    agreed_on = models.DateField(_("date of the agreements"), null=True, blank=True)
    objects = AgreementRecordQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["-workshop__held_on", "pk"]
        verbose_name = _("record of agreement")
        verbose_name_plural = _("records of agreement")
        permissions = [
            ("publish_agreementrecord", "Can publish a signed record of agreement"),
            ("view_people", "Can see who is named in follow-ups, evidence and sittings"),
        ]

    def __str__(self):
        return gettext("Agreements of “%(workshop)s”") % {"workshop": self.workshop}

    def get_absolute_url(self):
        return reverse("agreements:record_detail", args=[self.workshop.slug])

    @classmethod
    def of(cls, workshop: Workshop) -> "AgreementRecord":
        """The record of a workshop; where there is none yet, one that is stored with what is first written into it."""
        return getattr(workshop, "agreement_record", None) or cls(workshop=workshop)

    @classmethod
    def lock_for_drafting(cls, workshop_id) -> "AgreementRecord":
        """The locked record, for whoever is about to change what is going to be signed. Refuses once it is frozen."""
        workshop = Workshop.lock_for_change(workshop_id)
        cls.objects.get_or_create(workshop=workshop)
        record = cls.objects.select_for_update().get(workshop=workshop)
        if record.status != cls.Status.DRAFT:
            raise Refused(
                gettext(
                    "These agreements are %(status)s, so their text stays. A later change is written as an amendment."
                )
                % {"status": record.get_status_display()}
            )
        return record

    @classmethod
    def lock_for_signing(cls, pk) -> "AgreementRecord":
        """The locked record, for whoever signs, declines or delegates. Refuses before and after the time for it."""
        record = cls._lock(pk)
        if record.status == cls.Status.DRAFT:
            raise Refused(gettext("The agreements are still being drafted. Open them for signing first."))
        if record.status == cls.Status.PUBLISHED:
            raise Refused(gettext("The record is published; its signatures stay as they are."))
        return record

    @classmethod
    def _lock(cls, pk) -> "AgreementRecord":
        record = cls.objects.select_for_update(of=("self",)).select_related("workshop").get(pk=pk)
        if record.workshop.status == Workshop.Status.CANCELLED:
            raise Refused(gettext("This workshop is cancelled; nothing in it can be changed."))
        return record

    def save(self, **kwargs):
        """The frame is part of what is signed. The status itself changes only by the verbs below."""
        with transaction.atomic():
            stored = AgreementRecord.objects.filter(pk=self.pk).first()
            if stored:
                self.status = stored.status
            if stored is None:
                Workshop.lock_for_change(self.workshop_id)
            elif any(getattr(stored, name) != getattr(self, name) for name in self.SIGNED_FIELDS):
                self.lock_for_drafting(self.workshop_id)
            super().save(**kwargs)
            if stored and stored.number != self.number:
                self.withdraw_paper(at=timezone.now())

    def withdraw_paper(self, *, at) -> None:
        """What was issued no longer says what the record says; the next issue supersedes it."""
        IssuedPaper.objects.withdraw(self.PAPER, record_id=self.pk, at=at)

    def delete(self, **kwargs):
        with transaction.atomic():
            self.lock_for_drafting(self.workshop_id)
            if self.workshop.agreements.exists():
                raise Refused(gettext("Agreements belong to this record. Delete those first."))
            return super().delete(**kwargs)

    def can(self, verb: str) -> bool:
        return self.status in self.TRANSITIONS[verb][0]

    @classmethod
    def permission_for(cls, verb: str) -> str:
        return cls.VERB_PERMISSIONS.get(verb, "agreements.change_agreementrecord")

    def open_for_signing(self, *, by, at):
        """Freeze the texts, so that everyone signs the same."""
        return self._move("open_for_signing", by, at)

    def withdraw(self, *, by, at, reason):
        """Back to the draft, as long as nobody has answered."""
        return self._move("withdraw", by, at, reason)

    def publish(self, *, by, at):
        return self._move("publish", by, at)

    def _move(self, verb: str, by, at, reason: str = "") -> "RecordChange":
        sources, target, needs_reason = self.TRANSITIONS[verb]
        reason = reason.strip()
        with transaction.atomic():
            stored = self._lock(self.pk)
            if stored.status not in sources:
                raise Refused(
                    gettext("This is not possible now: the agreements are %(status)s.")
                    % {"status": stored.get_status_display()}
                )
            if needs_reason and not reason:
                raise Refused(gettext("Write down the reason first."))
            getattr(stored, f"_check_{verb}")()
            change = RecordChange(
                record=stored, from_status=stored.status, to_status=target, by=by, at=at, reason=reason
            )
            stored.status = target
            stored._change_reason = reason or None
            models.Model.save(stored, update_fields=["status"])
            change.save()
        self.status = target
        return change

    def _check_open_for_signing(self):
        if not self.workshop.agreements.exists():
            raise Refused(gettext("Write down the agreements first."))
        if not self.signatories.exists():
            raise Refused(gettext("Name those who will sign first."))

    def _check_withdraw(self):
        if self.signatories.exclude(state=Signatory.State.PENDING).exists():
            raise Refused(gettext("Someone has answered already. Take that answer back first, with its reason."))

    def _check_publish(self):
        if self.signatories.waiting().exists():
            raise Refused(gettext("Someone has not answered yet. Note each signature, or why it was declined, first."))
        if not self.signatories.filter(state=Signatory.State.SIGNED).exists():
            raise Refused(gettext("Nobody has signed, so there is nothing to publish."))

    @property
    def is_draft(self) -> bool:
        return self.status == self.Status.DRAFT

    @property
    def is_published(self) -> bool:
        return self.status == self.Status.PUBLISHED


class RecordChange(models.Model):
    """One step of a record of agreement: who, when, why. Written by the verbs, never edited."""

    record = models.ForeignKey(
        AgreementRecord, models.CASCADE, related_name="changes", verbose_name=_("record of agreement")
    )
    from_status = models.CharField(_("from"), max_length=9, choices=AgreementRecord.Status)
    to_status = models.CharField(_("to"), max_length=9, choices=AgreementRecord.Status)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))
    reason = models.TextField(_("reason"), blank=True)

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = _("step of a record of agreement")
        verbose_name_plural = _("steps of records of agreement")

    def __str__(self):
        return f"{self.get_from_status_display()} → {self.get_to_status_display()}"


class AgreementQuerySet(models.QuerySet):
    def visible_to(self, user):
        """As the record that they belong to."""
        if not user.is_authenticated or not user.has_perm("agreements.view_agreement"):
            return self.none()
        return self.filter(workshop__in=Workshop.objects.visible_to(user)).filter(
            published_for(user, "workshop__agreement_record__")
        )

    def with_texts(self):
        """With the replaced versions, of which papers need the first."""
        return self.prefetch_related("versions")


class Agreement(models.Model):
    """One numbered sentence of the record, with what can be measured of it."""

    class Kind(models.TextChoices):
        ONCE = "once", _("once")
        PERIODIC = "periodic", _("periodic")
        CONTINUOUS = "continuous", _("continuous")

    class TargetKind(models.TextChoices):
        NUMBER = "number", _("a number")
        YES_NO = "yes_no", _("yes or no")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    key = models.SlugField(_("address"), max_length=90, unique=True, editable=False)
    workshop = models.ForeignKey(Workshop, models.PROTECT, related_name="agreements", verbose_name=_("workshop"))
    number = models.PositiveSmallIntegerField(_("number"), editable=False)
    text = models.TextField(_("text"))
    note = models.TextField(_("note"), blank=True, help_text=_("What is no part of the signed text."))
    version = models.PositiveSmallIntegerField(_("version"), default=1, editable=False)
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.ONCE)
    target_kind = models.CharField(_("kind of target"), max_length=6, choices=TargetKind, blank=True)
    target = models.CharField(_("target"), max_length=300, blank=True, help_text=_("What is measured."))
    target_number = QuantityField(
        _("target number"), places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    target_unit = models.CharField(_("unit"), max_length=40, blank=True)
    organizations = models.ManyToManyField(
        Organization, blank=True, related_name="agreements", verbose_name=_("organizations")
    )
    slum_areas = models.ManyToManyField(SlumArea, blank=True, related_name="agreements", verbose_name=_("slum areas"))
    agenda_item = models.ForeignKey(
        AgendaItem,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="agreements",
        verbose_name=_("agenda item"),
    )
    source_entry = models.ForeignKey(
        MinutesEntry,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="agreements",
        verbose_name=_("answers the entry"),
        help_text=_("The problem or promise in the minutes that it answers."),
    )
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    objects = AgreementQuerySet.as_manager()
    history = HistoricalRecords(m2m_fields=[organizations, slum_areas])

    class Meta:
        ordering = ["-workshop__held_on", "workshop", "number"]
        verbose_name = _("agreement")
        verbose_name_plural = _("agreements")
        permissions = [("amend_agreement", "Can amend a signed agreement")]
        constraints = [
            models.UniqueConstraint(
                fields=["workshop", "number"],
                name="agreement_number_once",
                violation_error_message=_("This number is taken in this workshop."),
            ),
            models.CheckConstraint(
                name="agreement_has_text",
                condition=~Q(text=""),
                violation_error_message=_("Write down what was agreed."),
                violation_error_code="text",
            ),
            models.CheckConstraint(
                name="agreement_target_number_has_unit",
                condition=Q(target_kind="number", target_number__isnull=False) & ~Q(target_unit="")
                | ~Q(target_kind="number") & Q(target_number__isnull=True),
                violation_error_message=_(
                    "A target in numbers needs its number and unit; another target has no number."
                ),
                violation_error_code="target_number",
            ),
            models.CheckConstraint(
                name="agreement_target_not_negative",
                condition=Q(target_number=None) | Q(target_number__gte=0),
                violation_error_message=_("A target cannot be negative."),
                violation_error_code="target_number",
            ),
        ]

    def __str__(self):
        return f"{self.number}. {self.text[:80]}"

    def get_absolute_url(self):
        return reverse("agreements:agreement_detail", args=[self.key])

    def clean(self):
        self.text = self.text.replace("\r\n", "\n").strip()
        if self.agenda_item and self.agenda_item.workshop_id != self.workshop_id:
            raise ValidationError({"agenda_item": _("The agenda item belongs to another workshop.")})
        if self.source_entry and self.source_entry.workshop_id != self.workshop_id:
            raise ValidationError({"source_entry": _("Choose an entry of the same workshop.")})
        refuse_if_refused(self.source_entry)

    def save(self, **kwargs):
        """A new text or a changed one needs the draft; what only classifies the agreement may change later too."""
        with transaction.atomic():
            stored = Agreement.objects.filter(pk=self.pk).first() if self.pk else None
            if stored is None or stored.text != self.text:
                AgreementRecord.lock_for_drafting(self.workshop_id)
            else:
                self._refuse_when_cancelled()
            if stored is None:
                self.number = (self.siblings().aggregate(last=models.Max("number"))["last"] or 0) + 1
            else:
                self.number, self.version = stored.number, stored.version
            self.key = f"{self.workshop.slug}-{self.number}"
            super().save(**kwargs)

    def _refuse_when_cancelled(self):
        if Workshop.objects.lock(self.workshop_id).status == Workshop.Status.CANCELLED:
            raise Refused(gettext("This workshop is cancelled; nothing in it can be changed."))

    def delete(self, **kwargs):
        with transaction.atomic():
            AgreementRecord.lock_for_drafting(self.workshop_id)
            if self.follow_ups.exists():
                raise Refused(gettext("Follow-ups belong to this agreement. Delete or move those first."))
            deleted = super().delete(**kwargs)
            self._number([agreement for agreement in self.siblings().order_by("number") if agreement.pk != self.pk])
        return deleted

    delete.alters_data = True

    def siblings(self):
        return Agreement.objects.filter(workshop=self.workshop_id)

    def move(self, step: int) -> None:
        """Change numbers with the agreement above (-1) or below (1), while the text is a draft."""
        with transaction.atomic():
            AgreementRecord.lock_for_drafting(self.workshop_id)
            rows = list(self.siblings().order_by("number"))
            here = rows.index(self)
            if 0 <= here + step < len(rows):
                rows.insert(here + step, rows.pop(here))
                self._number(rows)
                self.refresh_from_db(fields=["number", "key"])

    def _number(self, rows: "list[Agreement]") -> None:
        """Give rows the numbers 1, 2, 3 …; first out of each other's way, since a number is taken once."""
        changed = [(number, row) for number, row in enumerate(rows, start=1) if row.number != number]
        beyond = max((row.number for row in rows), default=0)
        for offset in (beyond + len(rows), 0):
            for number, row in changed:
                row.number = number + offset
                row.key = f"{self.workshop.slug}-{row.number}"
                models.Model.save(row, update_fields=["number", "key"])

    def amend(self, *, by, at, text: str, reason: str) -> "AgreementVersion":
        """Put another text in force. What it replaces is kept with the reason. Only after publishing."""
        text, reason = text.replace("\r\n", "\n").strip(), reason.strip()
        with transaction.atomic():
            self._refuse_when_cancelled()
            record = AgreementRecord.objects.select_for_update().get(workshop=self.workshop_id)
            stored = Agreement.objects.select_for_update().get(pk=self.pk)
            if not record.is_published:
                raise Refused(gettext("Only a published agreement is amended. Until then its text is changed itself."))
            if not reason:
                raise Refused(gettext("Write down the reason first."))
            if not text or text == stored.text:
                raise Refused(gettext("The new text has to differ from what is in force."))
            replaced = AgreementVersion.objects.create(
                agreement=stored,
                version=stored.version,
                text=stored.text,
                reason=reason,
                replaced_by=by,
                replaced_at=at,
            )
            stored.text, stored.version = text, stored.version + 1
            stored._change_reason = reason
            models.Model.save(stored, update_fields=["text", "version"])
            record.withdraw_paper(at=at)
        self.text, self.version = stored.text, stored.version
        return replaced

    @property
    def signed_text(self) -> str:
        """What stood there when it was signed: the text of the first version."""
        first = next(iter(self.versions.all()), None)
        return first.text if first else self.text

    @property
    def has_changed(self) -> bool:
        return self.version > 1


class AgreementVersion(models.Model):
    """A text that was in force and was replaced: by whom, when, why."""

    agreement = models.ForeignKey(Agreement, models.CASCADE, related_name="versions", verbose_name=_("agreement"))
    version = models.PositiveSmallIntegerField(_("version"))
    text = models.TextField(_("text"))
    reason = models.TextField(_("reason"))
    replaced_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("replaced by")
    )
    replaced_at = models.DateTimeField(_("replaced at"))

    class Meta:
        ordering = ["version"]
        verbose_name = _("replaced text")
        verbose_name_plural = _("replaced texts")
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "version"],
                name="agreement_version_once",
                violation_error_message=_("This version is kept already."),
            )
        ]

    def __str__(self):
        return f"{self.agreement.key}, {self.version}"


class AgreementCriterion(models.Model):
    """A criterion of the 7+1 that an agreement is about."""

    agreement = models.ForeignKey(Agreement, models.CASCADE, related_name="criteria", verbose_name=_("agreement"))
    criterion = models.CharField(_("criterion"), max_length=30, choices=CRITERION_CHOICES)

    class Meta:
        ordering = ["pk"]
        verbose_name = _("criterion of an agreement")
        verbose_name_plural = _("criteria of agreements")
        constraints = [
            models.UniqueConstraint(
                fields=["agreement", "criterion"],
                name="agreement_criterion_once",
                violation_error_message=_("This criterion is named already."),
            )
        ]

    def __str__(self):
        return self.get_criterion_display()


class SignatoryQuerySet(models.QuerySet):
    def visible_to(self, user):
        if not user.is_authenticated or not user.has_perm("agreements.view_signatory"):
            return self.none()
        return self.filter(record__in=AgreementRecord.objects.visible_to(user))

    def waiting(self):
        return self.filter(state__in=[Signatory.State.PENDING, Signatory.State.DELEGATED])


class Signatory(Official):
    """Who signs a record of agreement, as written on the day, and what became of it.

    A signature is noted with how it was given; it is no certified electronic signature and is never called one.
    """

    class State(models.TextChoices):
        PENDING = "pending", _("not yet signed")
        SIGNED = "signed", _("signed")
        DECLINED = "declined", _("declined")
        DELEGATED = "delegated", _("delegated")

    class How(models.TextChoices):
        DRAWN = "drawn", _("drawn on a tablet")
        SCAN = "scan", _("scan uploaded")
        PAPER = "paper", _("on paper")

    # verb: (from which states, to which state, whether a reason is needed). A test walks all pairs.
    TRANSITIONS = {
        "sign": ({State.PENDING, State.DELEGATED}, State.SIGNED, False),
        "decline": ({State.PENDING, State.DELEGATED}, State.DECLINED, True),
        "delegate": ({State.PENDING}, State.DELEGATED, False),
        "take_back": ({State.SIGNED, State.DECLINED, State.DELEGATED}, State.PENDING, True),
    }
    SIGNED_FIELDS = ("order", "name", "position", "organization_name", "represents", "rank_grade", "nip")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    record = models.ForeignKey(
        AgreementRecord, models.CASCADE, related_name="signatories", verbose_name=_("record of agreement")
    )
    order = models.PositiveIntegerField(_("order"), default=0, editable=False)
    organization = models.ForeignKey(
        Organization,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="signatories",
        verbose_name=_("organization in the list"),
        help_text=_("The one that is meant, however it was written."),
    )
    represents = models.CharField(_("on behalf of"), max_length=300, blank=True)
    note = models.TextField(_("note"), blank=True)
    state = models.CharField(_("state"), max_length=9, choices=State, default=State.PENDING, editable=False)
    how = models.CharField(_("how it was signed"), max_length=5, choices=How, blank=True, editable=False)
    signed_on = models.DateField(_("signed on"), null=True, blank=True, editable=False)
    answered_at = models.DateTimeField(_("noted at"), null=True, blank=True, editable=False)
    answered_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    reason = models.TextField(_("reason for declining"), blank=True, editable=False)
    delegate_name = models.CharField(_("signs in their place"), max_length=200, blank=True, editable=False)
    delegate_position = models.CharField(_("position of who signs"), max_length=200, blank=True, editable=False)
    file = models.FileField(_("signature"), upload_to="signatures/%Y/%m/", blank=True, editable=False)
    sha256 = models.CharField(max_length=64, blank=True, editable=False)
    objects = SignatoryQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["file"])

    class Meta:
        ordering = ["record", "order", "pk"]
        verbose_name = _("signatory")
        verbose_name_plural = _("signatories")
        permissions = [("view_signature", "Can see a signature itself and the whole NIP")]
        constraints = [
            models.CheckConstraint(
                name="signatory_has_name",
                condition=~Q(name=""),
                violation_error_message=_("Write down the name."),
                violation_error_code="name",
            ),
            models.CheckConstraint(
                name="signatory_says_how",
                condition=Q(state="signed") & ~Q(how="") | ~Q(state="signed") & Q(how=""),
                violation_error_message=_("A signature is noted with how it was given."),
            ),
            models.CheckConstraint(
                name="signatory_declines_with_reason",
                condition=~Q(state="declined") | ~Q(reason=""),
                violation_error_message=_("Write down why the signature was declined."),
            ),
            models.CheckConstraint(
                name="signatory_delegates_to_someone",
                condition=~Q(state="delegated") | ~Q(delegate_name=""),
                violation_error_message=_("Write down who signs in their place."),
            ),
        ]

    def save(self, **kwargs):
        """Who signs is part of the draft. What became of it changes only by the verbs below."""
        with transaction.atomic():
            stored = Signatory.objects.filter(pk=self.pk).first() if self.pk else None
            if stored is None or any(getattr(stored, name) != getattr(self, name) for name in self.SIGNED_FIELDS):
                self.record = AgreementRecord.lock_for_drafting(self.record.workshop_id)
            if stored is None and not self.order:
                self.order = (self.siblings().aggregate(last=models.Max("order"))["last"] or 0) + 1
            super().save(**kwargs)

    def delete(self, **kwargs):
        with transaction.atomic():
            AgreementRecord.lock_for_drafting(self.record.workshop_id)
            return super().delete(**kwargs)

    def siblings(self):
        return Signatory.objects.filter(record=self.record_id)

    def move(self, step: int) -> None:
        """Change places with the one above (-1) or below (1), while the record is a draft."""
        with transaction.atomic():
            AgreementRecord.lock_for_drafting(self.record.workshop_id)
            rows = list(self.siblings().order_by("order", "pk"))
            here = rows.index(self)
            if 0 <= here + step < len(rows):
                rows.insert(here + step, rows.pop(here))
                for number, row in enumerate(rows, start=1):
                    if row.order != number:
                        row.order = number
                        models.Model.save(row, update_fields=["order"])
                self.refresh_from_db(fields=["order"])

    def can(self, verb: str) -> bool:
        return self.state in self.TRANSITIONS[verb][0]

    def sign(self, *, by, at, how: str, on: date, file=None) -> None:
        """Note a signature: `drawn` with its picture, `scan` with its file, `paper` without one."""
        with transaction.atomic():
            self._begin("sign")
            self._check_file(how, file)
            self.how, self.signed_on = how, on
            if file:
                self.sha256 = hashlib.sha256(file.read()).hexdigest()
                file.seek(0)
                self.file.save(file.name, file, save=False)
            self._end("sign", by, at, "how", "signed_on", "file", "sha256")

    def _check_file(self, how: str, file) -> None:
        if how not in self.How.values:
            raise ValidationError({"how": _("Say how it was signed.")})
        if how == self.How.PAPER:
            if file:
                raise ValidationError({"file": _("A signature on paper comes without a file; choose “scan uploaded”.")})
            return
        if not file:
            raise ValidationError({"file": _("The signature itself is missing.")})
        try:
            validate_picture(file) if how == self.How.DRAWN else validate_document(file)
        except ValidationError as error:
            raise ValidationError({"file": error.messages})

    def decline(self, *, by, at, reason: str) -> None:
        with transaction.atomic():
            self._begin("decline", reason)
            self.reason = reason.strip()
            self._end("decline", by, at, "reason")

    def delegate(self, *, by, at, signs_for: str, name: str, position: str = "") -> None:
        """Someone else signs in their place: `a.n.`, `u.b.`, `Plt.` or `Plh.` with the name."""
        with transaction.atomic():
            self._begin("delegate")
            if signs_for not in self.SignsFor.values:
                raise ValidationError({"signs_for": _("Say in which way: a.n., u.b., Plt. or Plh.")})
            if not name.strip():
                raise ValidationError({"name": _("Write down who signs in their place.")})
            self.signs_for, self.delegate_name, self.delegate_position = signs_for, name.strip(), position.strip()
            self._end("delegate", by, at, "signs_for", "delegate_name", "delegate_position")

    def take_back(self, *, by, at, reason: str) -> None:
        """Undo what was noted by mistake. The history keeps it; a picture of a signature is deleted."""
        with transaction.atomic():
            self._begin("take_back", reason)
            self._change_reason = reason.strip()
            if self.delegate_name:
                self.signs_for = ""
            self.how = self.reason = self.delegate_name = self.delegate_position = self.sha256 = ""
            self.signed_on = None
            old, self.file = self.file, ""
            self._end(
                "take_back", by, at, "how", "reason", "signs_for", "delegate_name", "delegate_position", "signed_on",
                "file", "sha256",
            )  # fmt: skip
            if old:
                transaction.on_commit(lambda: old.storage.delete(old.name))

    def _begin(self, verb: str, reason: str = "") -> None:
        """Lock record and row, look at what is stored, and refuse what its state does not allow."""
        AgreementRecord.lock_for_signing(self.record_id)
        stored = Signatory.objects.select_for_update().get(pk=self.pk)
        sources, _target, needs_reason = self.TRANSITIONS[verb]
        if stored.state not in sources:
            raise Refused(
                gettext("This is not possible now: for %(name)s it already says “%(state)s”.")
                % {"name": stored.name, "state": stored.get_state_display()}
            )
        if needs_reason and not reason.strip():
            raise Refused(gettext("Write down the reason first."))

    def _end(self, verb: str, by, at, *fields: str) -> None:
        self.state = self.TRANSITIONS[verb][1]
        self.answered_by, self.answered_at = by, at
        models.Model.save(self, update_fields=["state", "answered_by", "answered_at", *fields])

    @property
    def institution(self) -> str:
        return self.organization_name or (self.organization.name if self.organization else "")


class EntryRefusal(models.Model):
    """Why a problem or a promise of the minutes led to no agreement and no follow-up."""

    entry = models.OneToOneField(MinutesEntry, models.PROTECT, related_name="refusal", verbose_name=_("minutes entry"))
    reason = models.TextField(_("reason"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))
    history = HistoricalRecords()

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = _("refused problem or promise")
        verbose_name_plural = _("refused problems and promises")
        constraints = [
            models.CheckConstraint(
                name="entry_refusal_has_reason",
                condition=~Q(reason=""),
                violation_error_message=_("Write down the reason first."),
                violation_error_code="reason",
            )
        ]

    def __str__(self):
        return self.reason[:80]


class RaisedEntryQuerySet(models.QuerySet):
    def visible_to(self, user):
        if not user.is_authenticated or not user.has_perm("workshops.view_minutesentry"):
            return self.none()
        return self.filter(workshop__in=Workshop.objects.visible_to(user))

    def unanswered(self):
        """Problems and promises that became no agreement and no follow-up and were not refused either."""
        return self.filter(agreements=None, follow_ups=None, refusal=None).exclude(
            workshop__status=Workshop.Status.CANCELLED
        )


class RaisedEntryManager(models.Manager.from_queryset(RaisedEntryQuerySet)):
    def get_queryset(self):
        return super().get_queryset().filter(kind__in=RaisedEntry.KINDS)


class RaisedEntry(MinutesEntry):
    """A problem or a promise in the minutes: what waits for an answer."""

    KINDS = ("problem", "promise")

    objects = RaisedEntryManager()

    class Meta:
        proxy = True
        ordering = ["workshop", "order", "pk"]
        verbose_name = _("problem or promise")
        verbose_name_plural = _("problems and promises")

    def refuse(self, *, by, at, reason: str) -> EntryRefusal:
        """Answer with a reason instead of an agreement or a follow-up."""
        reason = reason.strip()
        with transaction.atomic():
            MinutesEntry.objects.select_for_update().get(pk=self.pk)
            if not RaisedEntry.objects.filter(pk=self.pk).unanswered().exists():
                raise Refused(gettext("This was answered already."))
            if not reason:
                raise Refused(gettext("Write down the reason first."))
            return EntryRefusal.objects.create(entry_id=self.pk, reason=reason, by=by, at=at)

    def withdraw_refusal(self) -> None:
        """Open the question again, so that an agreement or a follow-up can answer it."""
        refusal = EntryRefusal.objects.filter(entry=self.pk).first()
        if refusal is None:
            raise Refused(gettext("This was not refused."))
        refusal.delete()


def refuse_if_refused(entry: MinutesEntry | None) -> None:
    """An entry has one kind of answer: what was refused with a reason is not worked on at the same time."""
    if entry is not None and EntryRefusal.objects.filter(entry=entry).exists():
        raise ValidationError({"source_entry": _("This was refused with a reason; open it again first.")})
