"""Works that change a number."""

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.models import Region
from slumareas import checking, scoring
from slumareas.models.assessments import refresh
from slumareas.models.places import YEARS, NeighbourhoodUnit
from slumareas.models.quantities import QuantityField
from slumareas.models.years import AssessmentYear


class WorkQuerySet(models.QuerySet):
    def visible_to(self, user):
        """As the neighbourhoods in which they were built."""
        if not user.is_authenticated or not user.has_perm("slumareas.view_work"):
            return self.none()
        if user.role == user.Role.VILLAGE_USER:
            return self.filter(unit__region__in=Region.objects.within(user.region))
        return self

    def delete(self):
        """The door of many works at once, with the causes that followed from them."""
        with transaction.atomic():
            works = list(self.select_related("unit"))
            deleted = super().delete()
            for work in {(work.year, work.unit_id): work for work in works}.values():
                work._refresh_causes()
        return deleted

    delete.alters_data = True
    delete.queryset_only = True


class Work(models.Model):
    """Works (investasi) that change a number: what was built, for which criterion, how much of it, by whose money."""

    unit = models.ForeignKey(
        NeighbourhoodUnit, models.PROTECT, related_name="works", verbose_name=_("neighbourhood (RT)")
    )
    year = models.PositiveSmallIntegerField(_("year"), validators=YEARS)
    criterion = models.CharField(
        _("criterion"), max_length=30, choices=[(key, criterion.label) for key, criterion in scoring.CRITERIA.items()]
    )
    activity = models.CharField(_("activity"), max_length=200)
    volume = QuantityField(_("volume"), places=6, help_text=_("In the unit of the criterion."))
    funding_source = models.CharField(_("funding source"), max_length=100, blank=True)
    cost = QuantityField(_("cost (Rp)"), places=2, null=True, blank=True)
    objects = WorkQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["-year", "criterion", "pk"]
        verbose_name = _("works")
        verbose_name_plural = _("works")
        constraints = [
            models.CheckConstraint(
                name="work_volume_positive",
                condition=Q(volume__gt=0),
                violation_error_code="volume",
                violation_error_message=_("The volume must be above 0."),
            ),
            models.CheckConstraint(
                name="work_cost_not_negative",
                condition=Q(cost=None) | Q(cost__gte=0),
                violation_error_code="cost",
                violation_error_message=_("The cost cannot be below 0."),
            ),
        ]

    def __str__(self):
        return f"{self.activity} {self.year}"

    def clean(self):
        criterion = scoring.CRITERIA.get(self.criterion)
        if criterion and self.volume and not criterion.unit.places and self.volume % 1:
            raise ValidationError({"volume": checking.FINDINGS["fraction_in_count"][1]})
        named = ("unit_id", "year", "criterion", "activity", "volume", "funding_source", "cost")
        same = Work.objects.filter(**{name: getattr(self, name) for name in named})
        if same.exclude(pk=self.pk).exists():
            raise ValidationError(_("These works are already recorded."))

    @transaction.atomic
    def save(self, **kwargs):
        stored = Work.objects.filter(pk=self.pk).select_related("unit").first() if self.pk else None
        super().save(**kwargs)
        for work in filter(None, (stored, self)):
            work._refresh_causes()

    @transaction.atomic
    def delete(self, **kwargs):
        deleted = super().delete(**kwargs)
        self._refresh_causes()
        return deleted

    def _refresh_causes(self):
        """Of the first year measured since: the change of its hectares may be due to these works."""
        later = AssessmentYear.objects.measured().filter(year__gte=self.year).order_by("year", "rule_set")
        since = later.values_list("year", flat=True).first()
        for year in AssessmentYear.objects.select_for_update().filter(year=since).order_by("rule_set"):
            refresh(year, [self.unit.region_id])

    @property
    def criterion_info(self) -> scoring.Criterion:
        return scoring.CRITERIA[self.criterion]
