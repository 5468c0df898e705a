"""Who is invited and who came."""

from django.db import models
from django.db.models import Count, F, Q
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.models import Organization, Person
from workshops.models.workshop import OrderedRecord, Workshop, WorkshopRecordQuerySet


class ParticipantQuerySet(WorkshopRecordQuerySet):
    def visible_to(self, user):
        if not user.has_perm("workshops.view_participant"):
            return self.none()
        return super().visible_to(user)

    def present(self):
        return self.exclude(arrived_at=None)

    def counts(self) -> dict[str, int]:
        """{"invited", "present", "walk_in", "female", "male", "sex_unknown"}; sexes are counted among those present."""
        came = ~Q(arrived_at=None)
        return self.aggregate(
            invited=Count("pk", filter=Q(is_invited=True)),
            present=Count("pk", filter=came),
            walk_in=Count("pk", filter=came & Q(is_invited=False)),
            female=Count("pk", filter=came & Q(sex="P")),
            male=Count("pk", filter=came & Q(sex="L")),
            sex_unknown=Count("pk", filter=came & Q(sex="")),
        )


class Participant(OrderedRecord, Person):
    """Someone invited or present. An invitation may name only an office or organization; the name comes on the day."""

    class Sex(models.TextChoices):
        FEMALE = "P", _("female")
        MALE = "L", _("male")

    workshop = models.ForeignKey(Workshop, models.CASCADE, related_name="participants", verbose_name=_("workshop"))
    organization = models.ForeignKey(
        Organization,
        models.PROTECT,
        null=True,
        blank=True,
        related_name="participations",
        verbose_name=_("registered organization"),
    )
    sex = models.CharField(_("sex"), max_length=1, choices=Sex, blank=True)
    phone = models.CharField(_("phone"), max_length=40, blank=True)
    email = models.EmailField(_("e-mail"), blank=True)
    is_invited = models.BooleanField(_("invited"), default=True)
    arrived_at = models.DateTimeField(_("arrived"), null=True, blank=True)
    left_at = models.DateTimeField(_("left"), null=True, blank=True)
    # One check-in form, one check-in: the same form sent twice is recognised by this.
    check_in_token = models.UUIDField(null=True, blank=True, unique=True, editable=False)
    note = models.CharField(_("note"), max_length=200, blank=True)
    objects = ParticipantQuerySet.as_manager()
    history = HistoricalRecords(excluded_fields=["check_in_token"])

    class Meta(OrderedRecord.Meta):
        verbose_name = _("participant")
        verbose_name_plural = _("participants")
        constraints = [
            models.CheckConstraint(
                name="participant_named",
                condition=~Q(name="") | ~Q(position="") | ~Q(organization_name="") | Q(organization__isnull=False),
                violation_error_message=_("Write down a name, a position or an organization."),
            ),
            models.CheckConstraint(
                name="participant_leaves_after_arriving",
                condition=Q(left_at=None) | Q(arrived_at__isnull=False, left_at__gte=F("arrived_at")),
                violation_error_message=_("Someone can leave only after arriving."),
            ),
        ]

    def __str__(self):
        return self.name or self.position or self.institution

    @property
    def institution(self) -> str:
        """The organization as written on the day, or the registered one's name."""
        return self.organization_name or (self.organization.name if self.organization else "")
