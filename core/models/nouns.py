"""Regions, organizations, users, letterhead: what every app names."""

import json
import re
import uuid
from datetime import date

from django.apps import apps
from django.conf import settings
from django.contrib.auth.models import AbstractUser, Group, UserManager
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import connection, models, transaction
from django.db.models import Q
from django.db.models.functions import Lower
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.refusals import Refused
from core.uploads import validate_picture


def normalised_name(text: str) -> str:
    """The form in which two spellings of a place or office are compared: `Parit  Tiga` and `PARITTIGA` are one."""
    return re.sub(r"[^a-z0-9]", "", text.lower())


class RegionQuerySet(models.QuerySet):
    def within(self, region: "Region"):
        """The region itself and everything below it."""
        return self.filter(Q(code=region.code) | Q(code__startswith=f"{region.code}."))

    def visible_to(self, user):
        """Regions are public reference data for everyone who may log in."""
        return self if user.is_authenticated else self.none()

    def villages(self):
        return self.filter(level=Region.Level.VILLAGE)

    def get_by_natural_key(self, code):
        return self.get(code=code)


class Region(models.Model):
    """A regency, district or village under its Kemendagri code (dotted; BPS codes are other codes)."""

    class Level(models.TextChoices):
        REGENCY = "regency", _("regency")
        DISTRICT = "district", _("district")
        VILLAGE = "village", _("village")

    class Kind(models.TextChoices):
        KELURAHAN = "kelurahan", _("urban village (kelurahan)")
        DESA = "desa", _("village (desa)")

    DOTS = {Level.REGENCY: 1, Level.DISTRICT: 2, Level.VILLAGE: 3}

    code = models.CharField(
        _("code"),
        max_length=13,
        unique=True,
        validators=[
            RegexValidator(
                r"^\d\d(\.\d\d){1,2}(\.\d{4})?$", _("Enter the Kemendagri code with dots, e.g. 19.05.01.1001.")
            )
        ],
        help_text=_("Kemendagri code with dots, e.g. 19.05.01.1001."),
    )
    name = models.CharField(_("name"), max_length=100)
    level = models.CharField(_("level"), max_length=8, choices=Level)
    kind = models.CharField(_("kind"), max_length=9, choices=Kind, blank=True)
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="children", verbose_name=_("part of")
    )
    boundary = models.JSONField(
        _("boundary"),
        null=True,
        blank=True,
        help_text=_("GeoJSON geometry, WGS84 longitude and latitude; may be empty."),
    )
    objects = RegionQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["boundary"])

    class Meta:
        ordering = ["code"]
        verbose_name = _("region")
        verbose_name_plural = _("regions")
        constraints = [
            models.CheckConstraint(
                name="region_kind_for_villages_only",
                condition=Q(level="village", kind__in=["kelurahan", "desa"]) | (~Q(level="village") & Q(kind="")),
                violation_error_message=_("Say kelurahan or desa for a village, and only for a village."),
            )
        ]

    def __str__(self):
        return self.full_name

    @property
    def full_name(self) -> str:
        """`Kelurahan Tanjung`, `Kecamatan Mentok`, `Kabupaten Bangka Barat`: as official papers write it."""
        title = {"regency": "Kabupaten", "district": "Kecamatan"}.get(self.level) or self.kind.capitalize()
        return self.name if self.name.startswith(title) else f"{title} {self.name}"

    def natural_key(self):
        return (self.code,)

    def clean(self):
        if self.code and self.level and self.code.count(".") != self.DOTS.get(self.level):
            raise ValidationError({"code": _("The code does not have the number of parts of this level.")})
        if self.parent and not self.code.startswith(f"{self.parent.code}."):
            raise ValidationError({"parent": _("The code of the higher region must be the beginning of this code.")})


class RegionAliasQuerySet(models.QuerySet):
    def get_by_natural_key(self, code, normalised):
        return self.get(region__code=code, normalised=normalised)


class RegionAlias(models.Model):
    """Another spelling under which people and spreadsheets name a region (Muntok for Mentok)."""

    region = models.ForeignKey(Region, models.CASCADE, related_name="aliases", verbose_name=_("region"))
    name = models.CharField(_("other spelling"), max_length=100)
    normalised = models.CharField(max_length=100, editable=False, db_index=True)
    objects = RegionAliasQuerySet.as_manager()

    class Meta:
        ordering = ["name"]
        verbose_name = _("other spelling")
        verbose_name_plural = _("other spellings")
        constraints = [
            models.UniqueConstraint(
                fields=["region", "normalised"],
                name="region_alias_once",
                violation_error_message=_("This spelling is already noted for the region."),
            )
        ]

    def __str__(self):
        return self.name

    def natural_key(self):
        return (self.region.code, self.normalised)

    def save(self, **kwargs):
        self.normalised = normalised_name(self.name)
        super().save(**kwargs)


class OrganizationQuerySet(models.QuerySet):
    def visible_to(self, user):
        """Organizations are public reference data for everyone who may log in."""
        return self if user.is_authenticated else self.none()

    def get_by_natural_key(self, key):
        return self.get(key=key)


class Organization(models.Model):
    """An institution that invites, attends, signs, owns a follow-up or hands over an asset."""

    class Kind(models.TextChoices):
        AGENCY = "agency", _("regional agency (OPD)")
        GOVERNMENT = "government", _("regional government")
        MINISTRY = "ministry", _("ministry or its regional office")
        VILLAGE_GOVERNMENT = "village_government", _("district, kelurahan or desa office")
        COMMUNITY = "community", _("community body (LKM, BKM, KSM, KPP)")
        COMPANY = "company", _("company")
        CONSULTANT = "consultant", _("consultant")
        OTHER = "other", _("other")

    key = models.SlugField(
        _("key"), max_length=60, unique=True, help_text=_("Short, for addresses; letters and hyphens.")
    )
    name = models.CharField(_("name"), max_length=200, unique=True)
    short_name = models.CharField(_("short name"), max_length=60)
    kind = models.CharField(_("kind"), max_length=20, choices=Kind, default=Kind.AGENCY)
    region = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, related_name="organizations", verbose_name=_("region")
    )
    is_active = models.BooleanField(_("active"), default=True)
    objects = OrganizationQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["short_name"]
        verbose_name = _("organization")
        verbose_name_plural = _("organizations")

    def __str__(self):
        return self.short_name

    def natural_key(self):
        return (self.key,)


def _histories() -> list[type[models.Model]]:
    return [model for model in apps.get_models() if hasattr(model, "history_user")]


class User(AbstractUser):
    """A person with an account. The role decides what may be done, organization and region where."""

    class Role(models.TextChoices):
        ADMIN = "admin", _("administrator")
        PLANNER = "planner", _("planner")
        VERIFIER = "verifier", _("verifier")
        POKJA_MEMBER = "pokja_member", _("Pokja PKP member")
        OPD_USER = "opd_user", _("agency user")
        VILLAGE_USER = "village_user", _("village user")
        VIEWER = "viewer", _("viewer")

    first_name = last_name = None
    name = models.CharField(_("name with titles"), max_length=150, blank=True)
    position = models.CharField(_("position"), max_length=150, blank=True)
    role = models.CharField(_("role"), max_length=20, choices=Role, default=Role.VIEWER)
    organization = models.ForeignKey(
        Organization, models.PROTECT, null=True, blank=True, related_name="users", verbose_name=_("organization")
    )
    region = models.ForeignKey(
        Region,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="users",
        verbose_name=_("region"),
        help_text=_("A village user sees and drafts this region and what lies in it."),
    )
    feed_version = models.UUIDField(default=uuid.uuid4, editable=False)
    reminders_paused_until = models.DateField(
        _("no reminders until"),
        null=True,
        blank=True,
        help_text=_("Up to and including this day no reminders are sent by e-mail."),
    )
    objects = UserManager()
    # The hash of a password and the moment of a login are nobody's history.
    history = HistoricalRecords(excluded_fields=["password", "last_login", "feed_version"])

    class Meta(AbstractUser.Meta):
        verbose_name = _("user")
        verbose_name_plural = _("users")
        constraints = [
            models.UniqueConstraint(
                Lower("email"),
                name="user_email_once",
                condition=~Q(email=""),
                violation_error_message=_("Another account already uses this e-mail address."),
            ),
            models.CheckConstraint(
                name="user_scope_for_role",
                condition=~Q(role="village_user", region=None) & ~Q(role="opd_user", organization=None),
                violation_error_message=_("A village user needs a region, an agency user needs an organization."),
            ),
        ]

    def __str__(self):
        return self.name or self.username

    def get_full_name(self):
        return self.name or self.username

    def get_short_name(self):
        return self.name or self.username

    def save(self, **kwargs):
        """The role is the one place that decides: the group of that name, and no other, is set from it."""
        if self._state.adding and self.is_superuser:  # `createsuperuser` asks for no role
            self.role = self.Role.ADMIN
            self.validate_constraints()  # nor whether the e-mail address is free
        self.is_staff = self.role in (self.Role.ADMIN, self.Role.PLANNER, self.Role.VERIFIER) or self.is_superuser
        with transaction.atomic():
            super().save(**kwargs)
            self.groups.set(Group.objects.filter(name=self.role))

    def delete(self, **kwargs):
        """Who changed something stays named in its history; deleting the account would empty those lines."""
        if any(model._base_manager.filter(history_user=self).exists() for model in _histories()):
            raise Refused(gettext("This person is named in the history. Close the account instead of deleting it."))
        return super().delete(**kwargs)

    def covers(self, region: Region | None) -> bool:
        """Whether the region lies in this person's scope; someone without a region has no scope."""
        if not (region and self.region):
            return False
        return region.code == self.region.code or region.code.startswith(f"{self.region.code}.")

    # The address of a calendar feed is signed, not stored; a new version makes every earlier address invalid.
    FEED_SALT = "core.calendar-feed"

    @property
    def feed_secret(self) -> str:
        return signing.dumps([self.pk, self.feed_version.hex], salt=self.FEED_SALT)

    @classmethod
    def from_feed_secret(cls, secret: str) -> "User | None":
        try:
            pk, version = signing.loads(secret, salt=cls.FEED_SALT)
        except signing.BadSignature:
            return None
        return cls.objects.filter(pk=pk, feed_version=version, is_active=True).first()

    def wants_quiet(self, on: date) -> bool:
        return self.reminders_paused_until is not None and on <= self.reminders_paused_until

    def pause_reminders(self, until: date | None) -> None:
        self.reminders_paused_until = until
        self.save(update_fields=["reminders_paused_until", "is_staff"])

    def renew_feed(self) -> None:
        self.feed_version = uuid.uuid4()
        self.save(update_fields=["feed_version", "is_staff"])


class Letterhead(models.Model):
    """The head of official papers (kop naskah dinas). Until one is stored, the AGENCY settings serve."""

    government = models.CharField(_("government"), max_length=150)
    name = models.CharField(_("agency"), max_length=200)
    address = models.CharField(_("address"), max_length=200, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    fax = models.CharField(_("fax"), max_length=40, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    website = models.CharField(_("website"), max_length=100, blank=True)
    postcode = models.CharField(_("postcode"), max_length=10, blank=True)
    place = models.CharField(_("place of letters"), max_length=60, help_text=_("Stands before the date of a letter."))
    logo = models.ImageField(
        _("coat of arms"),
        upload_to="letterhead/",
        blank=True,
        validators=[validate_picture],
        help_text=_("PNG or JPEG."),
    )
    is_active = models.BooleanField(_("in use"), default=True)
    history = HistoricalRecords()

    class Meta:
        verbose_name = _("letterhead")
        verbose_name_plural = _("letterheads")
        constraints = [
            models.UniqueConstraint(
                fields=["is_active"],
                condition=Q(is_active=True),
                name="letterhead_one_in_use",
                violation_error_message=_("Another letterhead is in use; take that one out of use first."),
            )
        ]

    def __str__(self):
        return self.name

    @classmethod
    def current(cls) -> "Letterhead":
        return cls.objects.filter(is_active=True).first() or cls(**settings.AGENCY)


class Person(models.Model):
    """Someone as written on the day. Never merged with another spelling behind the writer's back."""

    name = models.CharField(_("name with titles"), max_length=200, blank=True)
    position = models.CharField(_("position"), max_length=200, blank=True)
    organization_name = models.CharField(_("organization"), max_length=200, blank=True)

    class Meta:
        abstract = True

    def __str__(self):
        return self.name or self.position or self.organization_name


class Official(Person):
    """Someone who signs a paper: as in office forms, with rank, NIP and in whose place."""

    class SignsFor(models.TextChoices):
        ON_BEHALF_OF = "a.n.", _("a.n. (on behalf of)")
        FOR = "u.b.", _("u.b. (for)")
        ACTING = "Plt.", _("Plt. (acting)")
        DAILY_ACTING = "Plh.", _("Plh. (daily acting)")

    signs_for = models.CharField(_("signs as"), max_length=4, choices=SignsFor, blank=True)
    signs_for_office = models.CharField(
        _("office signed for"), max_length=200, blank=True, help_text=_("With a.n. or u.b.: the office above the name.")
    )
    rank_grade = models.CharField(
        _("rank and grade"), max_length=80, blank=True, help_text=_("E.g. Penata Tk. I (III/d).")
    )
    nip = models.CharField(
        _("NIP"),
        max_length=18,
        blank=True,
        help_text=_("18 digits; empty for elected officials and community members."),
    )

    class Meta:
        abstract = True

    def clean(self):
        self.nip = self.nip.replace(" ", "")
        if self.nip and not (self.nip.isascii() and self.nip.isdigit() and len(self.nip) == 18):
            raise ValidationError({"nip": _("A NIP has 18 digits. Check it, or leave it empty.")})


class ReminderQuerySet(models.QuerySet):
    def unconfirmed(self):
        """Claimed, but nobody knows whether the mail went out: the run ended in between."""
        return self.filter(sent_at=None)


class Reminder(models.Model):
    """That a person was reminded of something. Written before the mail goes out, so that nothing goes out twice.

    What one mail holds bears the same `mail`. The key names kind, object, day and person; once it is there, nobody
    sends it again, whatever became of the mail.
    """

    mail = models.UUIDField(_("mail"), db_index=True, editable=False)
    recipient = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="reminders", verbose_name=_("recipient")
    )
    kind = models.CharField(_("kind"), max_length=40)
    key = models.CharField(_("what it is about"), max_length=200, unique=True)
    run_on = models.DateField(_("day of the run"), db_index=True)
    claimed_at = models.DateTimeField(_("claimed at"))
    sent_at = models.DateTimeField(_("sent at"), null=True, blank=True, db_index=True)
    objects = ReminderQuerySet.as_manager()

    class Meta:
        ordering = ["-claimed_at", "pk"]
        verbose_name = _("reminder")
        verbose_name_plural = _("reminders")
        permissions = [("settle_reminder", "Can settle reminders of which nobody knows whether they went out")]

    def __str__(self):
        return self.key

    # How each database takes a list apart.
    ELEMENTS = {"sqlite": "json_each(%s)", "postgresql": "jsonb_array_elements(%s::jsonb)"}

    @classmethod
    def claim(cls, *, mail: uuid.UUID, recipient: User, kinds: dict[str, str], run_on: date, at) -> set[str]:
        """Claim keys (`kinds`: key -> kind) for one mail; returns those that nobody had claimed before.

        One statement however many there are, which is whole by itself: `bulk_create` would need several in a
        transaction, and could not say which keys were new.
        """
        values = {"mail": mail, "recipient": recipient.pk, "run_on": run_on, "claimed_at": at}
        fields = [cls._meta.get_field(name) for name in values]
        columns = ", ".join(field.column for field in fields)
        statement = (
            f"INSERT INTO {cls._meta.db_table} ({columns}, kind, key)"  # noqa: S608 - names of our own columns
            f" SELECT %s, %s, %s, %s, value ->> 0, value ->> 1 FROM {cls.ELEMENTS[connection.vendor]} WHERE true"
            " ON CONFLICT (key) DO NOTHING RETURNING key"
        )
        prepared = [
            field.get_db_prep_save(value, connection) for field, value in zip(fields, values.values(), strict=True)
        ]
        with connection.cursor() as cursor:
            cursor.execute(statement, [*prepared, json.dumps([[kind, key] for key, kind in kinds.items()])])
            return {key for (key,) in cursor.fetchall()}


class SavedFilterQuerySet(models.QuerySet):
    def of(self, user, path: str):
        """Those of one person for one list."""
        return self.filter(user=user, path=path)


class SavedFilter(models.Model):
    """A way to look at a list that a person keeps: the address of the list and what stands behind its `?`."""

    user = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.CASCADE, related_name="saved_filters", verbose_name=_("user")
    )
    path = models.CharField(_("list"), max_length=100)
    name = models.CharField(_("name"), max_length=60)
    query = models.CharField(_("filters"), max_length=1000)
    objects = SavedFilterQuerySet.as_manager()

    class Meta:
        ordering = ["path", "name"]
        verbose_name = _("saved filter")
        verbose_name_plural = _("saved filters")
        constraints = [
            models.UniqueConstraint(
                fields=["user", "path", "name"],
                name="saved_filter_name_once",
                violation_error_message=_("You have kept another filter under this name."),
            )
        ]

    def __str__(self):
        return self.name

    def get_absolute_url(self):
        return f"{self.path}?{self.query}"


class DemoPart(models.Model):
    """A part of the demo programme that was loaded once, so that what a person deleted does not come back."""

    name = models.CharField(max_length=60, unique=True)
    loaded_at = models.DateTimeField(auto_now_add=True)

    def __str__(self):
        return self.name
