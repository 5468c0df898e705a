"""Slum areas, the decrees that name them, and the neighbourhood units (RT) in them."""

import re
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils.text import slugify
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.models import Region
from core.refusals import Refused
from slumareas import scoring
from slumareas.models.histories import ManyRecords
from slumareas.models.quantities import QuantityField

FIRST_YEAR, LAST_YEAR = 2000, 2100
YEARS = [MinValueValidator(FIRST_YEAR), MaxValueValidator(LAST_YEAR)]
# What stands where an area's key would stand in an address.
RESERVED_SLUGS = {
    "new", "map", "hectares", "villages", "imports", "neighbourhoods", "baselines", "years", "works", "export", "decrees",
    "districts", "regencies",
}  # fmt: skip


class SlumAreaQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Which areas there are is public in the programme; what was measured in them is asked at the results."""
        return self if user.is_authenticated and user.has_perm("slumareas.view_slumarea") else self.none()

    def in_region(self, region: Region):
        """Areas that lie in the region, wholly or partly."""
        inside = SlumArea.villages.through.objects.filter(region__in=Region.objects.within(region))
        return self.filter(pk__in=inside.values("slumarea"))


class SlumArea(models.Model):
    """An area (kawasan) that a decree names as a slum, or that is kept from becoming one."""

    class Kind(models.TextChoices):
        QUALITY_IMPROVEMENT = "quality_improvement", _("quality improvement")
        PREVENTION = "prevention", _("prevention")

    class Rating(models.IntegerChoices):
        HAS = 5, _("yes")
        HAS_NOT = 1, _("no")

    slug = models.SlugField(_("address"), max_length=80, unique=True, blank=True)
    name = models.CharField(_("name"), max_length=150)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.QUALITY_IMPROVEMENT)
    villages = models.ManyToManyField(
        Region, related_name="slum_areas", verbose_name=_("villages"), limit_choices_to={"level": Region.Level.VILLAGE}
    )
    description = models.TextField(_("description"), blank=True)
    # Other considerations and land legality, domain 1.7; the population density comes from the baseline.
    is_strategic = models.PositiveSmallIntegerField(
        _("strategic place in town or region"), choices=Rating, null=True, blank=True
    )
    has_community_support = models.PositiveSmallIntegerField(
        _("social and economic potential, community support"), choices=Rating, null=True, blank=True
    )
    is_tenure_clear = models.BooleanField(_("land tenure is clear"), null=True, blank=True)
    fits_spatial_plan = models.BooleanField(_("fits the spatial plan"), null=True, blank=True)
    has_building_permits = models.BooleanField(_("all buildings have a permit"), null=True, blank=True)
    objects = SlumAreaQuerySet.as_manager()
    history = HistoricalRecords(m2m_fields=[villages])

    class Meta:
        ordering = ["name", "pk"]
        verbose_name = _("slum area")
        verbose_name_plural = _("slum areas")

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return reverse("slumareas:area_detail", args=[self.slug])

    def clean(self):
        self.name = " ".join(self.name.split())
        if self.slug in RESERVED_SLUGS:
            raise ValidationError({"slug": _("This address is taken by a page of the site; choose another.")})

    def save(self, **kwargs):
        if not self.slug:
            self.slug = self._free_slug()
        super().save(**kwargs)

    def check_villages(self, villages) -> None:
        """Asked of a checked area by every door, since the villages are set after the area is stored.

        No other area of its name lies in them, and its neighbourhoods still do.
        """
        same = SlumArea.objects.filter(name__iexact=self.name, villages__in=villages)
        if same.exclude(pk=self.pk).exists():
            raise ValidationError({"name": gettext("This village already has an area of this name.")})
        left = self.neighbourhood_units.exclude(region__in=villages) if self.pk else NeighbourhoodUnit.objects.none()
        names = sorted({unit.region.full_name for unit in left.select_related("region")})
        if names:
            sentence = gettext("Neighbourhoods of this area lie in %(villages)s. Take them out of the area first.")
            raise ValidationError({"villages": sentence % {"villages": ", ".join(names)}})

    def _free_slug(self) -> str:
        wanted = slugify(self.name)[:70].strip("-") or "kawasan"
        taken = set(SlumArea.objects.filter(slug__startswith=wanted).values_list("slug", flat=True)) | RESERVED_SLUGS
        slug, number = wanted, 1
        while slug in taken:
            number += 1
            slug = f"{wanted}-{number}"
        return slug

    @property
    def is_legal(self) -> bool | None:
        return scoring.is_legal([self.is_tenure_clear, self.fits_spatial_plan, self.has_building_permits])

    def consideration_total(self, population: Decimal | None, hectares: Decimal | None) -> int | None:
        """Sum of the three considerations, 3 to 15; None while one of them is not known."""
        if None in (self.is_strategic, self.has_community_support, population) or not hectares:
            return None
        return self.is_strategic + scoring.density_score(population / hectares) + self.has_community_support


class Decree(models.Model):
    """A decree (SK) that names slum areas; it is reviewed at least every five years (domain 6)."""

    number = models.CharField(_("number"), max_length=120, unique=True)
    year = models.PositiveSmallIntegerField(_("year"), validators=YEARS)
    issued_on = models.DateField(_("date"), null=True, blank=True)
    title = models.CharField(_("title"), max_length=300, blank=True)
    note = models.TextField(_("note"), blank=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["-year", "-pk"]
        verbose_name = _("decree")
        verbose_name_plural = _("decrees")

    def __str__(self):
        return self.number

    def clean(self):
        if self.issued_on and self.year and self.issued_on.year != self.year:
            raise ValidationError({"issued_on": _("The date does not lie in the year of the decree.")})


class DecreeArea(models.Model):
    """A slum area as the decree names it; hectares where the decree's table is at hand."""

    decree = models.ForeignKey(Decree, models.CASCADE, related_name="areas", verbose_name=_("decree"))
    slum_area = models.ForeignKey(SlumArea, models.PROTECT, related_name="decree_areas", verbose_name=_("slum area"))
    hectares = QuantityField(_("hectares"), places=6, null=True, blank=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["-decree__year", "pk"]
        verbose_name = _("area of a decree")
        verbose_name_plural = _("areas of a decree")
        constraints = [
            models.UniqueConstraint(
                fields=["decree", "slum_area"],
                name="decree_area_once",
                violation_error_message=_("The decree already names this area."),
            ),
            models.CheckConstraint(
                name="decree_area_hectares_positive",
                condition=Q(hectares=None) | Q(hectares__gt=0),
                violation_error_message=_("Hectares must be above 0; leave the field empty where they are not known."),
            ),
        ]

    def __str__(self):
        return f"{self.slum_area}: {self.decree}"


class ReportingGroup(models.Model):
    """Regions whose hectares are published as one figure, which is never split (Parittiga and Jebus)."""

    slug = models.SlugField(_("key"), max_length=60, unique=True)
    name = models.CharField(_("name"), max_length=150, unique=True)
    regions = models.ManyToManyField(Region, related_name="reporting_groups", verbose_name=_("regions"))
    history = HistoricalRecords(m2m_fields=[regions])

    class Meta:
        ordering = ["name"]
        verbose_name = _("reporting group")
        verbose_name_plural = _("reporting groups")

    def __str__(self):
        return self.name


class ReportedHectares(models.Model):
    """Slum hectares as a decree, a report or a plan gives them for a group and a year."""

    class Kind(models.TextChoices):
        REPORTED = "reported", _("reported")
        TARGET = "target", _("target")

    group = models.ForeignKey(ReportingGroup, models.PROTECT, related_name="figures", verbose_name=_("reporting group"))
    year = models.PositiveSmallIntegerField(_("year"), validators=YEARS)
    kind = models.CharField(_("kind"), max_length=8, choices=Kind, default=Kind.REPORTED)
    hectares = QuantityField(_("hectares"), places=6)
    decree = models.ForeignKey(
        Decree, models.PROTECT, null=True, blank=True, related_name="figures", verbose_name=_("decree")
    )
    source = models.CharField(_("source"), max_length=300)
    explanation = models.TextField(
        _("explanation of the difference"),
        blank=True,
        help_text=_("Why the measured hectares differ. Until this is filled the difference is shown as unexplained."),
    )
    history = HistoricalRecords()

    class Meta:
        ordering = ["year", "group__name", "kind"]
        verbose_name = _("reported hectares")
        verbose_name_plural = _("reported hectares")
        constraints = [
            models.UniqueConstraint(
                fields=["group", "year", "kind"],
                name="reported_hectares_once",
                violation_error_message=_("There is already a figure of this kind for this group and year."),
            ),
            models.CheckConstraint(
                name="reported_hectares_not_negative",
                condition=Q(hectares__gte=0),
                violation_error_message=_("Hectares cannot be below 0."),
            ),
        ]

    def __str__(self):
        return f"{self.group} {self.year}"


class AreaBoundary(models.Model):
    """The outline of an area from a year on, until a later one follows."""

    slum_area = models.ForeignKey(SlumArea, models.CASCADE, related_name="boundaries", verbose_name=_("slum area"))
    year = models.PositiveSmallIntegerField(_("from the year"), validators=YEARS)
    geometry = models.JSONField(_("boundary"), help_text=_("GeoJSON geometry, WGS84 longitude and latitude."))
    area_ha = QuantityField(_("area of the outline (ha)"), places=6)
    source = models.CharField(_("source"), max_length=200, blank=True)
    history = HistoricalRecords(excluded_fields=["geometry"])

    class Meta:
        ordering = ["slum_area", "year"]
        verbose_name = _("boundary of an area")
        verbose_name_plural = _("boundaries of areas")
        constraints = [
            models.UniqueConstraint(
                fields=["slum_area", "year"],
                name="area_boundary_once_a_year",
                violation_error_message=_("There is already a boundary of this area for this year."),
            )
        ]

    def __str__(self):
        return f"{self.slum_area} {self.year}"


def hamlet_prefix(digits: str) -> str:
    """What stands for a dusun in front of its RW: `DS03`."""
    return f"DS{int(digits):02d}"


def normalised_unit(text: str) -> str:
    """RT and RW as they are compared: `RT 001`, `001` and `1` are `1`, `06a` is `6A`, `Dusun 3` is `DS03`.

    A dusun of two digits may stand right before the RW, as it is kept: `DS031` is dusun 3, RW 1.
    """
    text = str(text).upper().strip()
    if hamlet := re.match(r"(?:DUSUN|DSN|DS)[\W_]*(\d+)(.*)$", text):
        digits, rest = hamlet.groups()
        if len(digits) > 2 and not digits.startswith("00"):
            digits, rest = digits[:2], digits[2:] + rest
        return f"{hamlet_prefix(digits)}{normalised_unit(rest)}"
    text = re.sub(r"[^A-Z0-9/]", "", text)
    text = re.sub(r"^(RT|RW|NO)(?=\d)", "", text)
    return text.lstrip("0") or ("0" if text else "")


class NeighbourhoodUnitQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Everyone inside the programme; a village user the own village; the public reads results, not rows."""
        if not user.is_authenticated or not user.has_perm("slumareas.view_neighbourhoodunit"):
            return self.none()
        if user.role == user.Role.VILLAGE_USER:
            return self.filter(region__in=Region.objects.within(user.region))
        return self

    def editable_by(self, user):
        return self.visible_to(user) if user.has_perm("slumareas.change_neighbourhoodunit") else self.none()


class NeighbourhoodUnit(models.Model):
    """A neighbourhood (RT) of a village; with RW and RT empty it stands for the survey of the whole village."""

    # Found by the index of `neighbourhood_once`.
    region = models.ForeignKey(
        Region,
        models.PROTECT,
        related_name="neighbourhood_units",
        verbose_name=_("village"),
        limit_choices_to={"level": Region.Level.VILLAGE},
        db_index=False,
    )
    rw = models.CharField(
        _("RW"), max_length=12, blank=True, help_text=_("Without leading zeros; a dusun goes in front: DS03.")
    )
    rt = models.CharField(_("RT"), max_length=12, blank=True, help_text=_("Without leading zeros."))
    slum_area = models.ForeignKey(
        SlumArea,
        models.PROTECT,
        null=True,
        blank=True,
        db_index=False,
        related_name="neighbourhood_units",
        verbose_name=_("slum area"),
        help_text=_("Empty where the neighbourhood lies in no slum area."),
    )
    boundary = models.JSONField(
        _("boundary"),
        null=True,
        blank=True,
        help_text=_("GeoJSON geometry, WGS84 longitude and latitude; may be empty."),
    )
    objects = NeighbourhoodUnitQuerySet.as_manager()
    history = ManyRecords(excluded_fields=["boundary"], no_db_index=["region", "slum_area"])

    class Meta:
        ordering = ["region", "rw", "rt"]
        verbose_name = _("neighbourhood (RT)")
        verbose_name_plural = _("neighbourhoods (RT)")
        indexes = [models.Index(fields=["slum_area"], name="neighbourhood_in_area", condition=~Q(slum_area=None))]
        constraints = [
            models.UniqueConstraint(
                fields=["region", "rw", "rt"],
                name="neighbourhood_once",
                violation_error_message=_("This RT is already recorded in the village."),
            ),
            models.CheckConstraint(
                name="neighbourhood_survey_in_no_area",
                condition=~Q(rw="", rt="") | Q(slum_area=None),
                violation_error_message=_("The survey of a whole village belongs to no slum area."),
            ),
        ]

    def __str__(self):
        return f"{self.label}, {self.region.full_name}"

    @property
    def is_village_survey(self) -> bool:
        return not (self.rw or self.rt)

    @property
    def label(self) -> str:
        if self.is_village_survey:
            return gettext("Whole village")
        return " ".join(filter(None, (self.rt and f"RT {self.rt}", self.rw and f"RW {self.rw}")))

    @property
    def key(self) -> str:
        """`19.05.01.1001/1/2`: region, RW, RT."""
        return "/".join((self.region.code, self.rw, self.rt))

    def get_absolute_url(self):
        return reverse("slumareas:neighbourhood_detail", args=[self.pk])

    def clean_fields(self, exclude=None):
        self.rw, self.rt = normalised_unit(self.rw), normalised_unit(self.rt)
        super().clean_fields(exclude=exclude)

    def clean(self):
        if self.region_id and self.region.level != Region.Level.VILLAGE:
            raise ValidationError({"region": _("Choose a kelurahan or desa.")})
        if self.slum_area_id and self.region_id and not self.slum_area.villages.filter(pk=self.region_id).exists():
            raise ValidationError({"slum_area": _("This slum area does not lie in the village of the RT.")})
        stored = NeighbourhoodUnit.objects.filter(pk=self.pk, baselines__isnull=False).first() if self.pk else None
        if stored and (stored.region_id, stored.is_village_survey) != (self.region_id, self.is_village_survey):
            raise ValidationError(
                {"region": _("Baselines are recorded here already, so it stays in its village and what it is.")}
            )

    @transaction.atomic
    def save(self, **kwargs):
        """What is still being drafted follows the neighbourhood into another area; verified years stay as they are."""
        before = NeighbourhoodUnit.objects.filter(pk=self.pk).first() if self.pk else None
        moved = before is not None and before._place != self._place
        if moved:
            # Whoever changes a row holds its year: taken first, and oldest first, nobody waits in a circle.
            drafts = self.baselines.model.assessment_year.field.related_model.objects.filter(status="draft")
            list(drafts.select_for_update().order_by("year", "rule_set"))
        if moved and before._place[1:] != self._place[1:]:
            self._refuse_where_verified()
        super().save(**kwargs)
        if moved:
            drafted = self.baselines.filter(assessment_year__status="draft").select_related("assessment_year")
            for baseline in drafted.order_by("assessment_year__year", "assessment_year__rule_set"):
                baseline.unit = self
                baseline.follow_unit({before.region_id, self.region_id})

    @property
    def _place(self) -> tuple:
        """What the results above a neighbourhood depend on."""
        return self.slum_area_id, self.region_id, self.is_village_survey

    def _refuse_where_verified(self):
        """Its village is that of every year: a verified year would change with it."""
        if self.baselines.exclude(assessment_year__status="draft").exists():
            raise Refused(
                gettext("This RT has baselines of verified years, so it stays in its village. Record a new RT instead.")
            )
