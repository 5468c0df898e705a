"""Seals over the lines of history, each bearing the hash of the one before."""

import hashlib
import json
from datetime import UTC

from django.db import models
from django.utils.translation import gettext_lazy as _


class HistorySeal(models.Model):
    """The lines `first_id` to `last_id` of one history, as they stood when they were sealed.

    `columns` are those that `digest` was made over: a later version may know more. `seal` covers all of this and the
    seal before, so that none can be taken out or put in between. Where personal data was removed from sealed lines, a later
    seal `replaces` the one over them, with the reason.
    """

    model = models.CharField(_("history of"), max_length=100)
    first_id = models.PositiveBigIntegerField()
    last_id = models.PositiveBigIntegerField()
    count = models.PositiveIntegerField(_("lines"))
    columns = models.JSONField()
    digest = models.CharField(max_length=64)
    previous = models.CharField(max_length=64, blank=True)
    seal = models.CharField(_("seal"), max_length=64, unique=True)
    replaces = models.ForeignKey("self", models.PROTECT, null=True, related_name="replaced_by", editable=False)
    reason = models.TextField(_("reason"), blank=True)
    sealed_at = models.DateTimeField(_("sealed at"))

    class Meta:
        ordering = ["pk"]
        verbose_name = _("seal of the history")
        verbose_name_plural = _("seals of the history")
        indexes = [models.Index(fields=["model", "last_id"], name="history_seal_of_model")]
        # Two processes that seal at once would both follow the same seal.
        constraints = [models.UniqueConstraint(fields=["previous"], name="history_seal_one_follows")]

    def __str__(self):
        return f"{self.model} {self.first_id}–{self.last_id}"

    def computed(self) -> str:
        """What `seal` must be."""
        told = [self.previous, self.model, self.first_id, self.last_id, self.count, self.columns, self.digest]
        told += [self.sealed_at.astimezone(UTC).isoformat(), self.reason, self.replaces.seal if self.replaces else ""]
        return hashlib.sha256(json.dumps(told, separators=(",", ":")).encode()).hexdigest()
