"""What a package holds: things with a place, a state and, after the handover, somebody who looks after them."""

import secrets
from datetime import date, datetime
from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from assets import stages
from assets.asset_types import ASSET_TYPE_CHOICES, ASSET_TYPES, KIB_CHOICES, UNIT_CHOICES
from assets.models.packages import NOT_NEGATIVE, Package, of_visible_packages
from core.models import Organization
from core.photos import PhotoField
from core.refusals import Refused
from slumareas.models.places import YEARS
from slumareas.models.quantities import QuantityField

CODE_LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"  # none that a person reads as another


def new_card_code() -> str:
    return "".join(secrets.choice(CODE_LETTERS) for _position in range(10))


def a_year_after(day: date) -> date:
    try:
        return day.replace(year=day.year + 1)
    except ValueError:  # 29 February
        return day.replace(year=day.year + 1, day=28)


class AssetQuerySet(models.QuerySet):
    def visible_to(self, user):
        return of_visible_packages(self, user, "assets.view_asset")

    def editable_by(self, user):
        if not user.is_authenticated or not user.has_perm("assets.change_asset"):
            return self.none()
        return self.filter(package__in=Package.objects.editable_by(user))

    def check_due(self, on: date):
        """Those whose yearly check is due."""
        return self.filter(next_check_on__lte=on)

    def due_checks(self, on: date):
        """Those to remind of: due on that day, and in use still."""
        in_use = Q(package__stage__in=[*stages.AFTER_HANDOVER, stages.OPERATING]) | Q(package__interim_on__isnull=False)
        return self.check_due(on).filter(in_use).exclude(package__condition=Package.Condition.NOT_APPLICABLE)

    def plan_first_check(self, on: date) -> None:
        """A year after the handover, where no check is planned yet."""
        self.filter(next_check_on=None).update(next_check_on=a_year_after(on))

    plan_first_check.alters_data = True


class Asset(models.Model):
    class Condition(models.TextChoices):
        GOOD = "good", _("good (B)")
        LIGHT_DAMAGE = "light_damage", _("lightly damaged (RR)")
        HEAVY_DAMAGE = "heavy_damage", _("heavily damaged (RB)")

    class LandStatus(models.TextChoices):
        REGENCY = "regency", _("land of the regency")
        VILLAGE = "village", _("land of the village")
        STATE = "state", _("land of the state")
        GRANTED = "granted", _("granted by its owner")
        PERMIT = "permit", _("used with a permit")
        PRIVATE = "private", _("private land")
        DISPUTED = "disputed", _("disputed or not clear")

    # What the deed lists, and therefore stays once it is signed.
    DEED_FIELDS = ("package", "number", "asset_type", "name", "quantity", "unit", "built_year", "value", "state_code")

    package = models.ForeignKey(
        Package, models.CASCADE, related_name="assets", verbose_name=_("package"), db_index=False
    )
    number = models.PositiveSmallIntegerField(_("number in the package"), blank=True)
    asset_type = models.CharField(_("type"), max_length=20, choices=ASSET_TYPE_CHOICES)
    name = models.CharField(_("name"), max_length=200)
    quantity = QuantityField(
        _("quantity"),
        places=2,
        default=Decimal(1),
        validators=[MinValueValidator(Decimal("0.01"), _("The quantity must be above 0."))],
    )
    unit = models.CharField(_("unit"), max_length=10, choices=UNIT_CHOICES, default="unit")
    built_year = models.PositiveSmallIntegerField(_("year built"), validators=YEARS, null=True, blank=True)
    condition = models.CharField(_("condition"), max_length=12, choices=Condition, blank=True)
    land_status = models.CharField(_("land status"), max_length=8, choices=LandStatus, blank=True)
    latitude = QuantityField(
        _("latitude"), places=6, null=True, blank=True, validators=[MinValueValidator(-90), MaxValueValidator(90)]
    )
    longitude = QuantityField(
        _("longitude"), places=6, null=True, blank=True, validators=[MinValueValidator(-180), MaxValueValidator(180)]
    )
    value = QuantityField(_("value (Rp)"), places=2, null=True, blank=True, validators=[NOT_NEGATIVE])
    state_code = models.CharField(
        _("code and number in SIMAK-BMN"),
        max_length=60,
        blank=True,
        help_text=_("The asset is known by it: no other package may hold it."),
    )
    # After the handover: the books of the regency, and who looks after it.
    kib_class = models.CharField(_("KIB class"), max_length=1, choices=KIB_CHOICES, blank=True)
    kib_code = models.CharField(_("asset code of the regency"), max_length=60, blank=True)
    manager = models.ForeignKey(
        Organization,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="assets_managed",
        verbose_name=_("manager"),
        help_text=_("Village, BUMDes or operating group (KPP) that runs it."),
    )
    duties = models.TextField(_("duties of the manager"), blank=True)
    next_check_on = models.DateField(_("next check"), null=True, blank=True)
    card_code = models.CharField(max_length=10, unique=True, editable=False, default=new_card_code)
    objects = AssetQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["card_code"])

    class Meta:
        ordering = ["package", "number"]
        verbose_name = _("asset")
        verbose_name_plural = _("assets")
        permissions = [
            ("book_asset", "Can enter an asset into the books and name its manager"),
            ("check_asset", "Can record the yearly check of an asset"),
        ]
        indexes = [models.Index(fields=["next_check_on"], name="asset_by_next_check")]
        constraints = [
            models.UniqueConstraint(
                fields=["package", "number"],
                name="asset_number_once",
                violation_error_message=_("This number is taken in the package."),
            ),
            models.UniqueConstraint(
                fields=["state_code"],
                condition=~Q(state_code=""),
                name="asset_in_one_package",
                violation_error_message=_("An asset with this code is in a package already; it cannot be in two."),
            ),
            models.CheckConstraint(
                name="asset_quantity_positive",
                condition=Q(quantity__gt=0),
                violation_error_message=_("The quantity must be above 0."),
                violation_error_code="quantity",
            ),
            models.CheckConstraint(
                name="asset_value_not_negative",
                condition=Q(value=None) | Q(value__gte=0),
                violation_error_message=_("The value cannot be below 0; leave it empty while it is not known."),
                violation_error_code="value",
            ),
            models.CheckConstraint(
                name="asset_coordinates",
                condition=Q(latitude=None, longitude=None)
                | Q(
                    latitude__isnull=False,
                    longitude__isnull=False,
                    latitude__gte=-90,
                    latitude__lte=90,
                    longitude__gte=-180,
                    longitude__lte=180,
                ),
                violation_error_message=_(
                    "Latitude lies between -90 and 90, longitude between -180 and 180; give both."
                ),
                violation_error_code="latitude",
            ),
        ]

    def __str__(self):
        return f"{self.key} {self.name}"

    @property
    def key(self) -> str:
        """`PLP-001-2`: the package and the number in it."""
        return f"{self.package.number}-{self.number}"

    def get_absolute_url(self):
        return reverse("assets:package_detail", args=[self.package.number]) + f"#asset-{self.number}"

    def clean(self):
        self.name = " ".join(self.name.split())
        self.state_code = " ".join(self.state_code.split()).upper()
        if (self.latitude is None) != (self.longitude is None):
            missing = "latitude" if self.latitude is None else "longitude"
            raise ValidationError({missing: _("Give both latitude and longitude, or neither.")})
        asset_type = ASSET_TYPES.get(self.asset_type)
        if asset_type and self.package_id and self.package.sector not in asset_type.sectors:
            sentence = _("This type does not belong to the sector “%(sector)s” of the package.")
            raise ValidationError({"asset_type": sentence % {"sector": self.package.get_sector_display()}})

    def validate_unique(self, exclude=None):
        """Names the package that holds the asset already, which the constraint cannot."""
        super().validate_unique(exclude)
        same = Asset.objects.filter(state_code=self.state_code).exclude(state_code="").exclude(pk=self.pk)
        if taken := same.select_related("package").first():
            sentence = _("This asset is in the package %(package)s already; it cannot be in two.")
            raise ValidationError({"state_code": sentence % {"package": taken.package.number}})

    def save(self, **kwargs):
        with transaction.atomic():
            package = Package.objects.lock(self.package_id)
            stored = Asset.objects.get(pk=self.pk) if self.pk else None
            self._refuse_what_is_settled(package, stored)
            if self.number is None:
                last = package.assets.aggregate(last=models.Max("number"))["last"]
                self.number = (last or 0) + 1
            super().save(**kwargs)
            if stored is None or stored.asset_type != self.asset_type:
                package.lay_out_checklist()

    def _refuse_what_is_settled(self, package: Package, stored: "Asset | None"):
        if stored and stored.package_id != self.package_id:
            raise Refused(gettext("An asset stays in its package. Take it out there first, then record it here."))
        if not package.is_deed_closed():
            return
        if stored is None:
            raise Refused(gettext("The deed of this package is signed: its list of assets is closed."))
        for name in self.DEED_FIELDS:
            field = self._meta.get_field(name)
            if getattr(self, field.attname) != getattr(stored, field.attname):
                raise Refused(
                    gettext("The deed is signed, so “%(field)s” stays as it is.") % {"field": field.verbose_name}
                )

    def delete(self, **kwargs):
        with transaction.atomic():
            package = Package.objects.lock(self.package_id)
            if package.is_deed_closed():
                raise Refused(gettext("The deed of this package is signed: its list of assets is closed."))
            deleted = super().delete(**kwargs)
            package.lay_out_checklist()
            return deleted

    # --- after the handover -----------------------------------------------------------------------------

    def enter_in_books(self, *, kib_class: str, kib_code: str, by) -> None:
        """The entry in the asset register of the regency, from the handover record on."""
        with transaction.atomic():
            package = Package.objects.lock(self.package_id)
            if package.stage not in stages.AFTER_HANDOVER or package.path == Package.Path.COMMUNITY:
                raise Refused(gettext("An asset comes into the books of the regency after the handover record."))
            if not kib_class or not kib_code.strip():
                raise Refused(gettext("Choose the KIB class and write down the code."))
            self._write(by, kib_class=kib_class, kib_code=kib_code.strip())

    def assign_manager(self, manager: Organization, *, duties: str, by) -> None:
        with transaction.atomic():
            Package.objects.lock(self.package_id)
            self._write(by, manager=manager, duties=duties.strip())

    def record_check(self, *, is_functioning: bool, condition: str, by, at: datetime, on: date | None = None,
                     note: str = "") -> "FunctionCheck":  # fmt: skip
        """The yearly look at whether it works and how it is. Once a year; the next is planned a year later."""
        today = timezone.localdate(at)
        on = on or today
        with transaction.atomic():
            package = Package.objects.lock(self.package_id)
            in_use = package.stage in (*stages.AFTER_HANDOVER, stages.OPERATING) or package.interim_on
            if not in_use:
                raise Refused(gettext("An asset is checked once it is handed over, at least for use."))
            if on > today:
                raise Refused(gettext("A date in the future cannot be written down."))
            if self.checks.filter(year=on.year).exists():
                raise Refused(gettext("The check of %(year)s is recorded already.") % {"year": on.year})
            check = FunctionCheck(
                asset=self, year=on.year, checked_on=on, is_functioning=is_functioning, condition=condition,
                note=note.strip(), by=by, at=at,
            )  # fmt: skip
            check.full_clean(exclude=["asset", "by"])
            check.save()
            if not self.checks.filter(checked_on__gt=on).exists():
                self._write(by, condition=condition, next_check_on=a_year_after(on))
        return check

    def _write(self, by, **values) -> None:
        for name, value in values.items():
            setattr(self, name, value)
        self.clean_fields(exclude=[field.name for field in self._meta.fields if field.name not in values])
        self._history_user = by
        models.Model.save(self, update_fields=list(values))


class AssetRecordQuerySet(models.QuerySet):
    def visible_to(self, user):
        permission = f"assets.view_{self.model._meta.model_name}"
        if not user.is_authenticated or not user.has_perm(permission):
            return self.none()
        return self.filter(asset__in=Asset.objects.visible_to(user))


class FunctionCheck(models.Model):
    """What somebody saw of an asset in a year. Never changed."""

    asset = models.ForeignKey(Asset, models.PROTECT, related_name="checks", verbose_name=_("asset"), db_index=False)
    year = models.PositiveSmallIntegerField(_("year"), validators=YEARS)
    checked_on = models.DateField(_("checked on"))
    is_functioning = models.BooleanField(_("functioning"))
    condition = models.CharField(_("condition"), max_length=12, choices=Asset.Condition)
    note = models.TextField(_("note"), blank=True)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("written at"))
    objects = AssetRecordQuerySet.as_manager()

    class Meta:
        ordering = ["asset", "year"]
        verbose_name = _("check of an asset")
        verbose_name_plural = _("checks of assets")
        constraints = [
            models.UniqueConstraint(
                fields=["asset", "year"],
                name="function_check_once_a_year",
                violation_error_message=_("The check of this year is recorded already."),
            )
        ]

    def __str__(self):
        return f"{self.asset} {self.year}"


def photo_path(photo, name: str) -> str:
    return f"assets/{photo.asset.package.number}/photos/{name}"


class AssetPhoto(models.Model):
    asset = models.ForeignKey(Asset, models.CASCADE, related_name="photos", verbose_name=_("asset"))
    picture = PhotoField(_("picture"), upload_to=photo_path, max_length=300)
    caption = models.CharField(_("caption"), max_length=200, blank=True)
    taken_on = models.DateField(_("taken on"), null=True, blank=True)
    objects = AssetRecordQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["asset", "taken_on", "pk"]
        verbose_name = _("photo of an asset")
        verbose_name_plural = _("photos of assets")

    def __str__(self):
        return self.caption or str(self.asset)

    def save(self, **kwargs):
        with transaction.atomic():  # with its line of history
            super().save(**kwargs)
