"""What was measured in a neighbourhood (or a whole village) for a year."""

from collections import defaultdict
from collections.abc import Collection

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import Max, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.models import Region
from core.photos import PhotoField
from slumareas import checking, scoring
from slumareas.models.assessments import refresh
from slumareas.models.histories import ManyRecords
from slumareas.models.imports import Import
from slumareas.models.places import NeighbourhoodUnit, SlumArea
from slumareas.models.quantities import DENOMINATOR_KEYS, Quantities
from slumareas.models.years import AssessmentYear

CLASS_CHOICES = list(scoring.SLUM_CLASSES.items())


class BaselineQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Everyone inside the programme; a village user the own village; the public reads results, not rows."""
        if not user.is_authenticated or not user.has_perm("slumareas.view_baseline"):
            return self.none()
        if user.role == user.Role.VILLAGE_USER:
            return self.filter(unit__region__in=Region.objects.within(user.region))
        return self

    def of_neighbourhoods(self):
        return self.exclude(unit__rw="", unit__rt="")

    def village_surveys(self):
        return self.filter(unit__rw="", unit__rt="")

    def delete(self):
        """The door of many rows at once: behind the lock of their years, with the results above them."""
        with transaction.atomic():
            touched = defaultdict(lambda: (set(), set()))
            places = ("assessment_year__year", "assessment_year__rule_set", "unit__region", "slum_area")
            keys = self.order_by("assessment_year__year", "assessment_year__rule_set").values_list(*places[:2])
            years = {key: AssessmentYear.lock_for_change(*key) for key in dict.fromkeys(keys)}
            for year, rule_set, village, area in self.order_by().values_list(*places):
                villages, areas = touched[year, rule_set]
                villages.add(village)
                areas.update({area} - {None})
            deleted = super().delete()
            for key, (villages, areas) in touched.items():
                refresh(years[key], villages, areas)
        return deleted

    delete.alters_data = True
    delete.queryset_only = True

    def previous_to(self, baseline: "Baseline"):
        """The same neighbourhood in earlier years, the latest first."""
        return self.filter(unit=baseline.unit_id, assessment_year__year__lt=baseline.assessment_year.year).order_by(
            "-assessment_year__year"
        )


def photo_path(baseline, name: str) -> str:
    return f"baselines/{baseline.assessment_year.year}/{name}"


class Baseline(Quantities):
    """Saving scores the row and refreshes the results above it, in one transaction and behind the year's lock."""

    class OpenSpaceKind(models.TextChoices):
        GREEN = "green", _("green open space (RTH)")
        PUBLIC = "public", _("public open space (RTP)")
        PARK = "park", _("park")
        FIELD = "field", _("field")
        RETENTION_POND = "retention_pond", _("retention pond (BOOZEM)")

    # Found by the index of `baseline_once_a_year`; each one more costs every import.
    unit = models.ForeignKey(
        NeighbourhoodUnit,
        models.PROTECT,
        related_name="baselines",
        verbose_name=_("neighbourhood (RT)"),
        db_index=False,
    )
    assessment_year = models.ForeignKey(
        AssessmentYear, models.PROTECT, related_name="baselines", verbose_name=_("assessment year")
    )
    # The area to which the neighbourhood belonged in that year; an area that is drawn anew leaves earlier years alone.
    slum_area = models.ForeignKey(
        SlumArea,
        models.PROTECT,
        null=True,
        blank=True,
        editable=False,
        db_index=False,
        related_name="baselines",
        verbose_name=_("slum area"),
    )
    open_space_kind = models.CharField(_("kind of open space"), max_length=15, choices=OpenSpaceKind, blank=True)
    open_space_note = models.CharField(
        _("open space: land, condition, manager"),
        max_length=300,
        blank=True,
        help_text=_("Also what encroaches on it."),
    )
    note = models.TextField(_("note"), blank=True)
    photo = PhotoField(_("photo"), upload_to=photo_path, blank=True)
    source = models.CharField(
        _("where the numbers come from"),
        max_length=200,
        blank=True,
        help_text=_("Survey, document or file, with its date."),
    )
    is_made_up = models.BooleanField(_("made-up figures, for practice"), default=False)
    # The file, sheet and row of the numbers; the columns stand in `Import.sheets`.
    source_import = models.ForeignKey(
        Import, models.PROTECT, null=True, editable=False, related_name="baselines", verbose_name=_("import")
    )
    source_sheet = models.CharField(_("sheet"), max_length=255, blank=True, editable=False)
    source_row = models.PositiveIntegerField(_("row of the sheet"), null=True, editable=False)
    total = models.PositiveSmallIntegerField(_("total score"), null=True, editable=False)
    slum_class = models.CharField(_("slum class"), max_length=8, choices=CLASS_CHOICES, blank=True, editable=False)
    objects = BaselineQuerySet.as_manager()
    history = ManyRecords(excluded_fields=["total", "slum_class"], no_db_index=["unit", "slum_area", "source_import"])

    class Meta:
        ordering = ["-assessment_year__year", "unit"]
        verbose_name = _("baseline")
        verbose_name_plural = _("baselines")
        # Most lie in no area, and cost nothing here.
        indexes = [models.Index(fields=["slum_area"], name="baseline_in_area", condition=~Q(slum_area=None))]
        constraints = [
            models.UniqueConstraint(
                fields=["unit", "assessment_year"],
                name="baseline_once_a_year",
                violation_error_message=_("This neighbourhood already has a baseline for this year and rule set."),
            ),
            models.CheckConstraint(
                name="baseline_denominators_not_negative",
                condition=Q(*[Q(**{key: None}) | Q(**{f"{key}__gte": 0}) for key in DENOMINATOR_KEYS]),
                violation_error_message=_("Area, buildings, people, households and lengths cannot be below 0."),
            ),
            models.CheckConstraint(
                name="baseline_area_not_zero",
                condition=Q(verified_area_ha=None) | ~Q(verified_area_ha=0),
                violation_error_message=_(
                    "An area of 0 cannot be. Enter the verified area in hectares, or leave it empty."
                ),
            ),
            models.CheckConstraint(
                name="baseline_open_space_not_negative",
                condition=Q(open_space_m2=None) | Q(open_space_m2__gte=0),
                violation_error_message=_("Open space cannot be below 0."),
            ),
        ]

    def __str__(self):
        return f"{self.unit}, {self.assessment_year}"

    @property
    def key(self) -> str:
        return f"{self.unit.key}/{self.assessment_year.year}/{self.assessment_year.rule_set}"

    def get_absolute_url(self):
        return reverse("slumareas:baseline_detail", args=[self.pk])

    def result(self) -> scoring.Result:
        return scoring.score(self.denominators, self.numerators, self.assessment_year.rules)

    def previous(self) -> "Baseline | None":
        return Baseline.objects.previous_to(self).select_related("assessment_year").first()

    def findings(self) -> list[checking.Finding]:
        """What is to be said about the values, errors and warnings, also against the year before."""
        previous = self.previous()
        return checking.check_values(
            self.values,
            self.assessment_year.rules,
            previous=previous and previous.values,
            is_village=self.unit.is_village_survey,
        )

    def clean(self):
        if self.unit_id and self.assessment_year_id:
            found = [finding for finding in self.findings() if finding.severity == checking.ERROR]
            if found:
                raise ValidationError({finding.field: finding.message for finding in reversed(found)})

    @transaction.atomic
    def save(self, **kwargs):
        """The area is that of the neighbourhood when the row is made; later only `NeighbourhoodUnit.save` moves it."""
        year = AssessmentYear.lock_for_change(self.assessment_year.year, self.assessment_year.rule_set)
        stored = self._stored()
        if stored and stored.assessment_year_id != self.assessment_year_id:
            raise ValueError("A baseline stays in its year.")
        # What this object was loaded with may be old. A neighbourhood that moves holds all drafted years, so this is not.
        unit = NeighbourhoodUnit.objects.get(pk=self.unit_id)
        stays = stored and stored.unit_id == self.unit_id
        self.slum_area_id = stored.slum_area_id if stays else unit.slum_area_id
        self.round_quantities()
        result = self.result()
        self.total, self.slum_class = result.total, result.slum_class or ""
        if kwargs.get("update_fields") is not None:
            kwargs["update_fields"] = {*kwargs["update_fields"], "slum_area", "total", "slum_class"}
        super().save(**kwargs)
        left = [stored] if stored else []
        refresh(
            year,
            [unit.region_id, *[row.unit.region_id for row in left]],
            [row.slum_area_id for row in (self, *left) if row.slum_area_id],
        )

    @transaction.atomic
    def follow_unit(self, villages: Collection[int]) -> None:
        """The neighbourhood moved to another area or village; `villages` are those it left and joined."""
        year = AssessmentYear.lock_for_change(self.assessment_year.year, self.assessment_year.rule_set)
        left, self.slum_area_id = self.slum_area_id, self.unit.slum_area_id
        super().save(update_fields=["slum_area"])
        refresh(year, villages, [area for area in (left, self.slum_area_id) if area])

    @transaction.atomic
    def delete(self, **kwargs):
        year = AssessmentYear.lock_for_change(self.assessment_year.year, self.assessment_year.rule_set)
        stored = self._stored()
        deleted = super().delete(**kwargs)
        if stored:
            refresh(year, [stored.unit.region_id], [stored.slum_area_id] if stored.slum_area_id else [])
        return deleted

    def _stored(self) -> "Baseline | None":
        return Baseline.objects.select_related("unit").filter(pk=self.pk).first() if self.pk else None


def stamp_of(year: AssessmentYear | None) -> list:
    """Differs as soon as anything measured in the year was changed: every change leaves a line in the history."""
    if year is None:
        return [AssessmentYear.Status.DRAFT, None]
    last = Baseline.history.filter(assessment_year=year.pk).aggregate(last=Max("history_id"))["last"]
    return [year.status, last]
