"""That a backup was made. The file itself lies elsewhere."""

from django.db import models
from django.utils.translation import gettext_lazy as _


class Backup(models.Model):
    """Written once the file was complete, so that whoever watches over the service sees how old the last one is."""

    made_at = models.DateTimeField(_("made at"), db_index=True)
    file_name = models.CharField(_("file"), max_length=255)
    sha256 = models.CharField("SHA-256", max_length=64)
    size = models.PositiveBigIntegerField(_("bytes"))
    version = models.CharField(_("version"), max_length=40)

    class Meta:
        ordering = ["-made_at"]
        verbose_name = _("backup")
        verbose_name_plural = _("backups")

    def __str__(self):
        return f"{self.file_name} ({self.made_at:%Y-%m-%d})"
