"""A year of assessment under one rule set: draft, verified, locked. The one lock for everything measured in it."""

from django.conf import settings
from django.db import models, transaction
from django.db.models import Exists, OuterRef
from django.urls import reverse
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.models import IssuedPaper
from core.refusals import Refused
from slumareas import scoring
from slumareas.models.places import YEARS

RULE_SET_CHOICES = [(key, rule_set.label) for key, rule_set in scoring.RULE_SETS.items()]


class AssessmentYearQuerySet(models.QuerySet):
    def visible_to(self, user):
        """The public sees what was verified; whoever works in the programme also what is being drafted."""
        if not user.is_authenticated or not user.has_perm("slumareas.view_assessment"):
            return self.none()
        if user.role == user.Role.VIEWER:
            return self.exclude(status=AssessmentYear.Status.DRAFT)
        return self

    def measured(self):
        """Years with at least one baseline: an empty one is compared with nothing."""
        baselines = AssessmentYear.baselines.rel.related_model.objects
        return self.filter(Exists(baselines.filter(assessment_year=OuterRef("pk"))))


class AssessmentYear(models.Model):
    class Status(models.TextChoices):
        DRAFT = "draft", _("draft")
        VERIFIED = "verified", _("verified")
        LOCKED = "locked", _("locked")

    # verb: (from which states, to which state, whether a reason is needed). A test walks all pairs.
    TRANSITIONS = {
        "verify": ({Status.DRAFT}, Status.VERIFIED, False),
        "lock": ({Status.VERIFIED}, Status.LOCKED, False),
        "reopen": ({Status.VERIFIED, Status.LOCKED}, Status.DRAFT, True),
    }

    AREA_PROFILE = "area_profile"  # the kind of paper that is issued once the year is locked

    year = models.PositiveSmallIntegerField(_("year"), validators=YEARS)
    rule_set = models.CharField(_("rule set"), max_length=20, choices=RULE_SET_CHOICES)
    status = models.CharField(_("status"), max_length=8, choices=Status, default=Status.DRAFT, editable=False)
    objects = AssessmentYearQuerySet.as_manager()

    class Meta:
        ordering = ["-year", "rule_set"]
        verbose_name = _("assessment year")
        verbose_name_plural = _("assessment years")
        permissions = [
            ("verify_assessmentyear", "Can verify an assessment year"),
            ("lock_assessmentyear", "Can lock an assessment year"),
            ("reopen_assessmentyear", "Can reopen an assessment year"),
        ]
        constraints = [
            models.UniqueConstraint(
                fields=["year", "rule_set"],
                name="assessment_year_once",
                violation_error_message=_("This year already exists under this rule set."),
            )
        ]

    def __str__(self):
        return f"{self.year} ({self.get_rule_set_display()})"

    def get_absolute_url(self):
        return reverse("slumareas:year_detail", args=[self.pk])

    def save(self, **kwargs):
        if self.pk and self.baselines.exists():
            stored = AssessmentYear.objects.filter(pk=self.pk).values_list("year", "rule_set").first()
            if stored != (self.year, self.rule_set):
                raise Refused(gettext("There are baselines of this year: its number and its rule set stay."))
        super().save(**kwargs)

    @property
    def key(self) -> str:
        return f"{self.year}-{self.rule_set}"

    @property
    def rules(self) -> scoring.RuleSet:
        return scoring.RULE_SETS[self.rule_set]

    @property
    def is_draft(self) -> bool:
        return self.status == self.Status.DRAFT

    def previous(self) -> "AssessmentYear | None":
        """The latest earlier year that was measured, under the same rule set where it has both."""
        earlier = AssessmentYear.objects.measured().filter(year__lt=self.year).order_by("-year", "rule_set")
        newest = earlier.first()
        if newest is None or newest.rule_set == self.rule_set:
            return newest
        return earlier.filter(year=newest.year, rule_set=self.rule_set).first() or newest

    def next_measured(self) -> models.QuerySet:
        """The next later year that was measured, under each rule set it has."""
        later = AssessmentYear.objects.measured().filter(year__gt=self.year).order_by("year", "rule_set")
        return later.filter(year=later.values_list("year", flat=True).first())

    def followers(self) -> "list[AssessmentYear]":
        """The years that are compared with this one."""
        return [year for year in self.next_measured() if year.previous() == self]

    @classmethod
    def lock_for_change(cls, year: int, rule_set: str) -> "AssessmentYear":
        """The row of the year, made where it is missing and held until the transaction ends.

        Whoever changes what is measured in a year comes through here, so that two people at once never leave
        sums that miss one of them. Refused once the year is verified or locked.
        """
        cls.objects.get_or_create(year=year, rule_set=rule_set)
        held = cls.objects.select_for_update().get(year=year, rule_set=rule_set)
        held.require_draft()
        return held

    def require_draft(self) -> None:
        """Refused once the year is verified or locked."""
        if not self.is_draft:
            raise Refused(
                gettext("%(year)s is %(status)s. Ask a verifier to reopen it before changing anything.")
                % {"year": self.year, "status": self.get_status_display()},
                code="locked_year",
            )

    def can(self, verb: str) -> bool:
        return self.status in self.TRANSITIONS[verb][0]

    def verify(self, by, at):
        self._move("verify", by, at)

    def lock(self, by, at):
        self._move("lock", by, at)

    def reopen(self, by, at, reason: str):
        self._move("reopen", by, at, reason)

    @transaction.atomic
    def _move(self, verb: str, by, at, reason: str = ""):
        sources, target, needs_reason = self.TRANSITIONS[verb]
        held = AssessmentYear.objects.select_for_update().get(pk=self.pk)
        if held.status not in sources:
            raise Refused(gettext("This year is already %(status)s.") % {"status": held.get_status_display()})
        reason = reason.strip()
        if needs_reason and not reason:
            raise Refused(gettext("Say why the year is reopened."))
        held.status = self.status = target
        held.save(update_fields=["status"])
        if verb == "reopen":
            IssuedPaper.objects.withdraw(self.AREA_PROFILE, edition=self.key, at=at)
        YearStatusChange.objects.create(assessment_year=self, verb=verb, status=target, by=by, at=at, reason=reason)


class YearStatusChange(models.Model):
    """Who moved a year, when, and why."""

    VERBS = {"verify": _("verified"), "lock": _("locked"), "reopen": _("reopened")}

    assessment_year = models.ForeignKey(
        AssessmentYear, models.CASCADE, related_name="status_changes", verbose_name=_("assessment year")
    )
    verb = models.CharField(_("step"), max_length=8, choices=list(VERBS.items()))
    status = models.CharField(_("status"), max_length=8, choices=AssessmentYear.Status)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))
    reason = models.TextField(_("reason"), blank=True)

    class Meta:
        ordering = ["at", "pk"]
        verbose_name = _("step of an assessment year")
        verbose_name_plural = _("steps of assessment years")

    def __str__(self):
        return f"{self.assessment_year}: {self.get_verb_display()}"
