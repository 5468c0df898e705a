"""Works that change a number."""

from collections import defaultdict
from collections.abc import Iterable

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.models import Region
from core.refusals import Refused
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
            explained = explained_years(self.select_related("unit"))
            deleted = super().delete()
            _refresh(explained)
        return deleted

    delete.alters_data = True
    delete.queryset_only = True


def explained_years(works: Iterable["Work"]) -> dict[AssessmentYear, set[int]]:
    """{year: villages} whose change of hectares may be due to the works: of each the first year measured since.

    Held until the transaction ends; refused where such a year is verified or locked, since its causes would change.
    """
    villages = defaultdict(set)
    for work in works:
        later = AssessmentYear.objects.measured().filter(year__gte=work.year).order_by("year")
        villages[later.values_list("year", flat=True).first()].add(work.unit.region_id)
    held = AssessmentYear.objects.measured().filter(year__in=villages.keys() - {None}).select_for_update()
    found = {year: villages[year.year] for year in held.order_by("year", "rule_set")}
    for year in found:
        if not year.is_draft:
            raise Refused(
                gettext("These works count for %(year)s, which is %(status)s. Ask a verifier to reopen it first.")
                % {"year": year.year, "status": year.get_status_display()},
                code="locked_year",
            )
    return found


def _refresh(explained: dict[AssessmentYear, set[int]]) -> None:
    for year, villages in explained.items():
        refresh(year, villages)


SAME_WORKS = _("These works are already recorded.")


class Work(models.Model):
    """Works (investasi) that change a number: what was built, for which criterion, how much of it, by whose money.

    They are recorded, changed and deleted while the year whose change they explain is a draft.
    """

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
            # Twice, since an unknown cost equals no other in a database.
            models.UniqueConstraint(
                fields=["unit", "year", "criterion", "activity", "volume", "funding_source", "cost"],
                name="work_once",
                violation_error_message=SAME_WORKS,
            ),
            models.UniqueConstraint(
                fields=["unit", "year", "criterion", "activity", "volume", "funding_source"],
                name="work_without_cost_once",
                condition=Q(cost=None),
                violation_error_message=SAME_WORKS,
            ),
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

    @transaction.atomic
    def save(self, **kwargs):
        stored = Work.objects.filter(pk=self.pk).select_related("unit").first() if self.pk else None
        explained = explained_years(filter(None, (stored, self)))
        super().save(**kwargs)
        _refresh(explained)

    @transaction.atomic
    def delete(self, **kwargs):
        explained = explained_years([self])
        deleted = super().delete(**kwargs)
        _refresh(explained)
        return deleted

    @property
    def criterion_info(self) -> scoring.Criterion:
        return scoring.CRITERIA[self.criterion]
