"""Sittings of the Pokja PKP: what they look at, what they decide, and when they look again."""

from datetime import date, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import ExpressionWrapper, Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from agreements.models.evidence import Evidence
from agreements.models.follow_ups import DUE_SOON_DAYS, FollowUp, FollowUpChange, Funding, overdue_on
from agreements.models.records import Agreement
from core import jobs
from core.models import IssuedPaper
from core.refusals import Refused
from slumareas.models.quantities import QuantityField


class ReviewQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Sittings are internal; outside the programme nobody reads what is said there."""
        if not user.is_authenticated or not user.has_perm("agreements.view_review"):
            return self.none()
        return self


class Review(models.Model):
    """A sitting: date, members, and one decision for each follow-up it looked at."""

    class Status(models.TextChoices):
        OPEN = "open", _("open")
        CLOSED = "closed", _("closed")

    TRANSITIONS = {
        "close": ({Status.OPEN}, Status.CLOSED, False),
        "reopen": ({Status.CLOSED}, Status.OPEN, True),
    }
    MINUTES, MATRIX = "review_minutes", "follow_up_matrix"  # the kinds of paper that are final with a closed sitting
    VERB_PERMISSIONS = {"close": "agreements.close_review", "reopen": "agreements.reopen_review"}

    held_on = models.DateField(_("date"), db_index=True)
    place = models.CharField(_("place"), max_length=200, blank=True)
    subject = models.CharField(_("subject"), max_length=200, blank=True)
    members = models.ManyToManyField(
        settings.AUTH_USER_MODEL, blank=True, related_name="reviews", verbose_name=_("members present")
    )
    other_members = models.TextField(_("others present"), blank=True, help_text=_("One per line, as written."))
    note = models.TextField(_("note"), blank=True)
    status = models.CharField(_("status"), max_length=6, choices=Status, default=Status.OPEN, editable=False)
    created_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    closed_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, null=True, blank=True, editable=False, related_name="+"
    )
    closed_at = models.DateTimeField(_("closed at"), null=True, blank=True, editable=False)
    objects = ReviewQuerySet.as_manager()
    history = HistoricalRecords(m2m_fields=[members])

    class Meta:
        ordering = ["-held_on", "-pk"]
        verbose_name = _("sitting of the Pokja PKP")
        verbose_name_plural = _("sittings of the Pokja PKP")
        permissions = [
            ("decide_review", "Can decide in a sitting"),
            ("close_review", "Can close a sitting"),
            ("reopen_review", "Can reopen a closed sitting"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["held_on"],
                name="review_once_a_day",
                violation_error_message=_("There is a sitting on this day already."),
                violation_error_code="held_on",
            ),
            models.CheckConstraint(
                name="review_closed_by_someone",
                condition=Q(status="open", closed_by=None, closed_at=None)
                | Q(status="closed", closed_by__isnull=False, closed_at__isnull=False),
                violation_error_message=_("A closed sitting has somebody who closed it."),
            ),
        ]

    def __str__(self):
        return gettext("Sitting of %(date)s") % {"date": self.held_on.isoformat()}

    def get_absolute_url(self):
        return reverse("agreements:review_detail", args=[self.pk])

    def clean(self):
        if self.held_on and not 2000 <= self.held_on.year <= 2100:
            raise ValidationError({"held_on": _("Enter a date between 2000 and 2100.")})

    def save(self, **kwargs):
        with transaction.atomic():
            if self.pk:
                self.lock_for_change(self.pk)
                earlier = self.items.filter(next_check_on__lte=self.held_on)
                if earlier.exists():
                    raise ValidationError({"held_on": _("Some items are looked at again before this day.")})
            super().save(**kwargs)

    def delete(self, **kwargs):
        with transaction.atomic():
            self.lock_for_change(self.pk)
            if self.items.exists():
                raise Refused(gettext("Something was decided in this sitting; it stays."))
            return super().delete(**kwargs)

    @classmethod
    def lock_for_change(cls, pk) -> "Review":
        """The locked row, for whoever is about to change the sitting or a decision of it. Refuses when it is closed."""
        held = cls.objects.select_for_update(of=("self",)).get(pk=pk)
        if held.status == cls.Status.CLOSED:
            raise Refused(gettext("This sitting is closed; its decisions and dates stay as they are."))
        return held

    # --- queue ----------------------------------------------------------------------------------------

    def previous(self) -> "Review | None":
        return Review.objects.filter(held_on__lt=self.held_on).order_by("-held_on").first()

    def since(self):
        """The moment from which on a change is new to the members: the end of the day of the sitting before."""
        before = self.previous()
        day = before.held_on if before else date(2000, 1, 1)
        return timezone.make_aware(timezone.datetime.combine(day + timedelta(days=1), timezone.datetime.min.time()))

    def queue(self, user):
        """Follow-ups to look at: due soon, overdue, blocked, to be checked by now, done but unconfirmed, or changed since
        the sitting before. Annotated with why (`is_due`, `is_overdue`, `is_blocked`, `is_changed`, `is_to_check`,
        `is_unconfirmed`) and with `is_decided`; what was decided stays in it."""
        on, moment = self.held_on, self.since()
        # Each a set that is made once, not a question asked for each of all follow-ups.
        changed = FollowUpChange.objects.filter(at__gte=moment).exclude(verb__in=("create", "direct")).order_by()
        evidence = Evidence.objects.order_by()
        sets = {
            "changed": changed,
            "shown": evidence.filter(submitted_at__gte=moment),
            "accepted": evidence.filter(status="accepted"),
            "decided": ReviewItem.objects.filter(review=self).order_by(),
        }
        is_in = {name: Q(pk__in=rows.values("follow_up")) for name, rows in sets.items()}
        is_open = Q(status__in=FollowUp.OPEN)
        reasons = {
            "is_due": is_open & Q(due_on__isnull=False, due_on__gte=on, due_on__lte=on + timedelta(days=DUE_SOON_DAYS)),
            "is_overdue": overdue_on(on),
            "is_blocked": Q(status=FollowUp.Status.BLOCKED),
            "is_to_check": is_open & Q(next_check_on__isnull=False, next_check_on__lte=on),
            "is_changed": is_in["changed"] | is_in["shown"],
            "is_unconfirmed": Q(status=FollowUp.Status.DONE) & ~is_in["accepted"],
            "is_decided": is_in["decided"],
        }
        wanted = Q()
        for reason in reasons.values():
            wanted |= reason
        told = {name: ExpressionWrapper(reason, models.BooleanField()) for name, reason in reasons.items()}
        return FollowUp.objects.visible_to(user).filter(wanted).annotate(**told)

    # --- states -----------------------------------------------------------------------------------------

    @classmethod
    def permission_for(cls, verb: str) -> str:
        return cls.VERB_PERMISSIONS[verb]

    def can(self, verb: str) -> bool:
        return self.status in self.TRANSITIONS[verb][0]

    @property
    def is_closed(self) -> bool:
        return self.status == self.Status.CLOSED

    def close(self, *, by, at) -> None:
        """Nothing of it changes any more. Its papers are set soon, before the follow-ups go on changing."""
        with transaction.atomic():
            self._move("close", by=by, at=at)
            jobs.run_soon("issue_papers")

    def reopen(self, *, by, at, reason: str) -> None:
        with transaction.atomic():
            held = self._move("reopen", by=None, at=None, reason=reason)
            IssuedPaper.objects.withdraw(self.MINUTES, record_id=held.pk, at=at)
            IssuedPaper.objects.withdraw(self.MATRIX, edition=held.key, at=at)

    def _move(self, verb: str, by, at, reason: str = "") -> "Review":
        sources, target, needs_reason = self.TRANSITIONS[verb]
        with transaction.atomic():
            held = Review.objects.select_for_update(of=("self",)).get(pk=self.pk)
            if held.status not in sources:
                raise Refused(gettext("This sitting is already “%(status)s”.") % {"status": held.get_status_display()})
            if needs_reason and not reason.strip():
                raise Refused(gettext("Write down the reason first."))
            if verb == "close" and not held.items.exists():
                raise Refused(gettext("Nothing was decided yet in this sitting."))
            held.status, held.closed_by, held.closed_at = target, by, at
            held._change_reason = reason.strip() or None
            models.Model.save(held, update_fields=["status", "closed_by", "closed_at"])
        self.status, self.closed_by, self.closed_at = target, by, at
        return held

    @property
    def key(self) -> str:
        """There is one a day."""
        return self.held_on.isoformat()

    def is_last_word_on(self, workshop) -> bool:
        """Whether nothing that the matrix of follow-ups prints has changed since this sitting was closed."""
        later = {"history_date__gt": self.closed_at}
        follow_ups = FollowUp.objects.filter(workshop=workshop).values("pk")
        return not (
            FollowUp.history.filter(workshop_id=workshop.pk, **later).exists()
            or Funding.history.filter(follow_up_id__in=follow_ups, **later).exists()
            or Evidence.history.filter(follow_up_id__in=follow_ups, **later).exists()
            or Agreement.history.filter(workshop_id=workshop.pk, **later).exists()
        )

    def decide(
        self,
        follow_up: FollowUp,
        *,
        by,
        at,
        decision: str,
        note: str = "",
        next_check_on: date | None = None,
        based_on: int | None = None,
    ) -> "ReviewItem":
        """One decision for a follow-up. `based_on` is the version of an earlier one that is changed, 0 for a new one.

        Who has to do the work does not decide about it. Refused in a closed sitting, and where somebody else decided
        in between.
        """
        with transaction.atomic():
            self.lock_for_change(self.pk)
            if follow_up.is_owned_by(by):
                raise Refused(gettext("Your own organization has to do this, so somebody else decides about it."))
            if decision == ReviewItem.Decision.ACCEPT and follow_up.status != FollowUp.Status.DONE:
                sentence = gettext(
                    "This is not reported as done yet, so it cannot be confirmed. Choose another decision."
                )
                raise ValidationError({"decision": sentence})
            item = self.items.select_for_update(of=("self",)).filter(follow_up=follow_up).first()
            version = item.version if item else 0
            if version != (version if based_on is None and item and item.by_id == by.pk else based_on or 0):
                raise Refused(
                    gettext("%(who)s has decided this meanwhile. Look at it again, then repeat your step.")
                    % {"who": item.by if item else gettext("Someone else")}
                )
            item = item or ReviewItem(review=self, follow_up=follow_up)
            item.decision, item.note, item.next_check_on = decision, note.strip(), next_check_on
            item.by, item.at, item.version = by, at, version + 1
            item.status, item.physical_percent = follow_up.status, follow_up.physical_percent
            item.full_clean()
            item.save()
            follow_up.give_direction(by=by, at=at, direction=item.note, next_check_on=next_check_on)
        return item


class ReviewItemQuerySet(models.QuerySet):
    def visible_to(self, user):
        return self.filter(review__in=Review.objects.visible_to(user), follow_up__in=FollowUp.objects.visible_to(user))


class ReviewItem(models.Model):
    """What a sitting decided about one follow-up. Proposals to cancel or to declare done are carried out elsewhere."""

    class Decision(models.TextChoices):
        CONTINUE = "continue", _("goes on")
        SPEED_UP = "speed_up", _("to be sped up")
        CLARIFY = "clarify", _("to be explained or evidenced")
        ESCALATE = "escalate", _("taken to the leadership")
        ACCEPT = "accept", _("confirmed as done")
        PROPOSE_CANCEL = "propose_cancel", _("proposed for cancelling")

    review = models.ForeignKey(Review, models.PROTECT, related_name="items", verbose_name=_("sitting"))
    follow_up = models.ForeignKey(FollowUp, models.PROTECT, related_name="review_items", verbose_name=_("follow-up"))
    decision = models.CharField(_("decision"), max_length=14, choices=Decision)
    note = models.TextField(_("direction"), blank=True)
    next_check_on = models.DateField(_("next check"), null=True, blank=True)
    status = models.CharField(_("status then"), max_length=11, choices=FollowUp.Status, editable=False)
    physical_percent = QuantityField(_("physical progress then (%)"), places=2, editable=False)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.PROTECT, editable=False, related_name="+", verbose_name=_("decided by")
    )
    at = models.DateTimeField(_("at"), editable=False)
    version = models.PositiveIntegerField(default=1, editable=False)
    objects = ReviewItemQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["review", "at", "pk"]
        verbose_name = _("decision of a sitting")
        verbose_name_plural = _("decisions of sittings")
        constraints = [
            models.UniqueConstraint(
                fields=["review", "follow_up"],
                name="review_item_once",
                violation_error_message=_("This sitting has decided about this follow-up already."),
            )
        ]

    def __str__(self):
        return f"{self.follow_up}: {self.get_decision_display()}"

    def clean(self):
        if self.next_check_on and self.next_check_on <= self.review.held_on:
            raise ValidationError({"next_check_on": _("The next check lies after the sitting.")})

    def save(self, **kwargs):
        with transaction.atomic():
            Review.lock_for_change(self.review_id)
            super().save(**kwargs)

    def delete(self, **kwargs):
        with transaction.atomic():
            Review.lock_for_change(self.review_id)
            return super().delete(**kwargs)
