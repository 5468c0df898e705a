"""Who looked at personal fields of others, and when."""

from django.conf import settings
from django.db import models
from django.utils.translation import gettext_lazy as _


class PersonalAccess(models.Model):
    """One line for a person, a day, a record and a way of looking. Written by `core.personal_access.note` alone.

    `about` is the key of what was opened (a workshop's list, a participant), never a name.
    """

    class Way(models.TextChoices):
        PAGE = "page", _("page")
        FORM = "form", _("form")
        HISTORY = "history", _("history")
        FILE = "file", _("downloaded file")
        API = "api", "API"
        ADMIN = "admin", _("administration")
        COMMAND = "command", _("command of the server")

    day = models.DateField(_("day"), db_index=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("by")
    )
    model = models.CharField(_("kind of record"), max_length=100)
    about = models.CharField(_("key"), max_length=100, blank=True)
    way = models.CharField(_("how"), max_length=10, choices=Way)
    first_at = models.DateTimeField(_("first at"))
    last_at = models.DateTimeField(_("last at"))

    class Meta:
        ordering = ["-last_at", "-pk"]
        verbose_name = _("access to personal data")
        verbose_name_plural = _("accesses to personal data")
        constraints = [
            models.UniqueConstraint(fields=["day", "by", "model", "about", "way"], name="personal_access_once_a_day")
        ]

    def __str__(self):
        return f"{self.model} {self.about} ({self.day})"
