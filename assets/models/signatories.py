"""Who signs the papers of a package, as written on the paper."""

from django.db import models, transaction
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from assets.models.packages import Package, of_visible_packages
from core.models import Official


class SignatoryQuerySet(models.QuerySet):
    def visible_to(self, user):
        return of_visible_packages(self, user, "assets.view_signatory")


class Signatory(Official):
    class Role(models.TextChoices):
        GIVER = "giver", _("for the giver (first party)")
        RECEIVER = "receiver", _("for the receiver (second party)")
        WITNESS = "witness", _("witness")
        INSPECTOR = "inspector", _("inspector on the spot")
        SENDER = "sender", _("signs the letter about missing papers")

    ON_RECORD = (Role.GIVER, Role.RECEIVER, Role.WITNESS)  # who signs the handover record

    package = models.ForeignKey(Package, models.CASCADE, related_name="signatories", verbose_name=_("package"))
    role = models.CharField(_("signs"), max_length=9, choices=Role)
    order = models.PositiveSmallIntegerField(_("order"), default=0, editable=False)
    objects = SignatoryQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta:
        ordering = ["package", "role", "order", "pk"]
        verbose_name = _("signatory of a package")
        verbose_name_plural = _("signatories of packages")

    def save(self, **kwargs):
        with transaction.atomic():
            stored = Signatory.objects.filter(pk=self.pk).first() if self.pk else None
            if stored is None or any(
                field.value_from_object(stored) != field.value_from_object(self) for field in self._meta.concrete_fields
            ):
                self._withdraw_record()
            super().save(**kwargs)

    def delete(self, **kwargs):
        with transaction.atomic():
            self._withdraw_record()
            return super().delete(**kwargs)

    def _withdraw_record(self):
        """With other names below it, the handover record that was issued is true no longer."""
        if self.role in self.ON_RECORD:
            self.package.withdraw_record(at=timezone.now())

    @property
    def office_lines(self) -> list[str]:
        """What stands above the space for the signature: the office, with `a.n.`, `u.b.`, `Plt.` where it is so."""
        own = [line for line in (self.position, self.organization_name) if line]
        if not self.signs_for:
            return own
        if self.signs_for == self.SignsFor.FOR:
            return [line for line in (self.signs_for_office, self.signs_for, *own) if line]
        if self.signs_for_office:
            return [f"{self.signs_for} {self.signs_for_office}", *own]
        return [f"{self.signs_for} {own[0]}", *own[1:]] if own else [str(self.signs_for)]
