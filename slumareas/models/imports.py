"""A file with baselines as it was sent, what was decided about it, and what became of it."""

from django.conf import settings
from django.db import models, transaction
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from core.jobs import Job
from core.models import Region
from core.refusals import Refused
from slumareas.models.places import YEARS
from slumareas.models.years import RULE_SET_CHOICES


class ImportQuerySet(models.QuerySet):
    def visible_to(self, user):
        """A file speaks of many villages: a village user sees those that were sent for the own region alone."""
        if not user.is_authenticated or not user.has_perm("slumareas.view_import"):
            return self.none()
        if user.role == user.Role.VILLAGE_USER:
            return self.filter(region__in=Region.objects.within(user.region))
        return self


def import_path(record, name: str) -> str:
    return f"imports/{record.year}/{record.sha256[:16]}/{name}"


def preview_path(record, name: str) -> str:
    return f"imports/{record.year}/{record.sha256[:16]}/preview/{name}"


def nothing_counted() -> dict:
    return dict.fromkeys(("rows", "new", "changed", "unchanged", "errors", "warnings", "ignored"), 0)


def nothing_typed() -> dict:
    return {"villages": {}, "cells": {}, "mapping": []}


class ColumnMapping(models.Model):
    """What a person said once about the columns of a heading, for the next file with the same heading."""

    shape = models.CharField(_("shape of the heading"), max_length=64, unique=True, editable=False)
    heading = models.TextField(_("heading"), blank=True)
    columns = models.JSONField(_("meaning of the columns"), default=dict)
    ignored = models.JSONField(_("columns left out"), default=list)

    class Meta:
        verbose_name = _("remembered columns")
        verbose_name_plural = _("remembered columns")

    def __str__(self):
        return Truncator(self.heading).chars(80)


class Import(models.Model):
    """`state` changes through `move` alone."""

    class State(models.TextChoices):
        RECEIVED = "received", _("not checked yet")
        REFUSED = "refused", _("cannot be read")
        PREVIEWED = "previewed", _("checked, not stored yet")
        APPLIED = "applied", _("stored")
        PARTLY_APPLIED = "partly_applied", _("valid rows stored")
        UNDONE = "undone", _("taken back")

    # From which states each one may be reached. A test walks all pairs.
    TRANSITIONS = {
        State.RECEIVED: set(),
        State.REFUSED: {State.RECEIVED},
        State.PREVIEWED: {State.RECEIVED, State.PREVIEWED},
        State.APPLIED: {State.PREVIEWED},
        State.PARTLY_APPLIED: {State.PREVIEWED},
        State.UNDONE: {State.APPLIED, State.PARTLY_APPLIED},
    }
    STORED = (State.APPLIED, State.PARTLY_APPLIED)
    WAITING = (State.RECEIVED, State.PREVIEWED)
    NEVER_STORED = (*WAITING, State.REFUSED)

    file = models.FileField(_("file"), upload_to=import_path, max_length=300, blank=True)
    file_name = models.CharField(_("name of the file"), max_length=255)
    sha256 = models.CharField(_("SHA-256 of the file"), max_length=64)
    year = models.PositiveSmallIntegerField(_("year"), validators=YEARS)
    rule_set = models.CharField(_("rule set"), max_length=20, choices=RULE_SET_CHOICES)
    # Empty: a column of the file says which, or else the year does.
    named_rule_set = models.CharField(max_length=20, choices=RULE_SET_CHOICES, blank=True, editable=False)
    is_large = models.BooleanField(_("goes to the background worker"), default=False, editable=False)
    region = models.ForeignKey(
        Region, models.PROTECT, null=True, blank=True, related_name="+", verbose_name=_("region of the file")
    )
    state = models.CharField(_("state"), max_length=15, choices=State, default=State.PREVIEWED, editable=False)
    # {"sheet", "header_rows", "columns"} that a person confirmed for each sheet; see docs/importing.md.
    mapping = models.JSONField(_("meaning of the columns"), default=list, blank=True)
    # Villages that a person confirmed {name: code}, corrected cells {sheet: {cell: value}}.
    decisions = models.JSONField(_("decisions"), default=dict, blank=True)
    # The same, typed but not checked yet: kept, so that nothing is typed twice where the check refuses it.
    typed = models.JSONField(default=nothing_typed, blank=True, editable=False)
    valid_rows_only = models.BooleanField(_("only the valid rows"), default=False)
    accepts_warnings = models.BooleanField(_("warnings accepted"), default=False)
    reason = models.TextField(_("why the warnings were accepted"), blank=True)
    counts = models.JSONField(_("numbers of rows"), default=dict, blank=True)
    sheets = models.JSONField(_("what was read"), default=list, blank=True)
    preview = models.FileField(upload_to=preview_path, max_length=300, blank=True, editable=False)
    reasons = models.FileField(upload_to=preview_path, max_length=300, blank=True, editable=False)
    # Of the stored rows that the file was compared with, see `stamp_of`.
    stamp = models.JSONField(default=list, blank=True, editable=False)
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("by"))
    at = models.DateTimeField(_("at"))
    applied_at = models.DateTimeField(_("stored at"), null=True)
    undone_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, related_name="+", verbose_name=_("taken back by")
    )
    undone_at = models.DateTimeField(_("taken back at"), null=True)
    undo_result = models.JSONField(_("what was taken back"), default=dict, blank=True)
    objects = ImportQuerySet.as_manager()

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("import")
        verbose_name_plural = _("imports")
        permissions = [("undo_import", "Can take an import back")]
        constraints = [
            # A double click sends a file twice at the same moment.
            models.UniqueConstraint(
                "sha256",
                "year",
                "named_rule_set",
                Coalesce("region", 0),
                "by",
                condition=Q(state__in=["received", "previewed"]) & Q(by__isnull=False),
                name="import_waits_once",
                violation_error_message=_("This file waits here already."),
            )
        ]

    def __str__(self):
        return f"{self.file_name} ({self.year})"

    @property
    def key(self) -> str:
        return str(self.pk)

    @property
    def reason_of_change(self) -> str:
        """What the history of a row says about a change by this import."""
        return f"import {self.pk}"

    @property
    def is_stored(self) -> bool:
        return self.state in self.STORED

    def get_absolute_url(self):
        return reverse("slumareas:import_detail", args=[self.pk])

    def require_previewed(self) -> None:
        """Refused once the file was stored or taken back."""
        if self.state != self.State.PREVIEWED:
            raise Refused(gettext("This import is “%(state)s” already.") % {"state": self.get_state_display()})

    def require_waiting(self) -> None:
        if self.state not in self.WAITING:
            raise Refused(gettext("This import is “%(state)s” already.") % {"state": self.get_state_display()})

    def require_never_stored(self) -> None:
        if self.state not in self.NEVER_STORED:
            raise Refused(gettext("This import is “%(state)s” already.") % {"state": self.get_state_display()})

    def require_stored(self) -> None:
        if not self.is_stored:
            raise Refused(
                gettext("This import is “%(state)s”: there is nothing to take back.")
                % {"state": self.get_state_display()}
            )

    def require_idle(self) -> None:
        """Refused while the background worker has it."""
        if Job.objects.of(self).open().exists():
            raise Refused(gettext("This file is being worked on. Wait until that has ended, or stop it."))

    def latest_job(self) -> Job | None:
        return Job.objects.of(self).first()

    def discard(self) -> None:
        """A file that was never stored goes for good."""
        with transaction.atomic():
            held = Import.objects.select_for_update().get(pk=self.pk)
            held.require_never_stored()
            held.require_idle()
            Job.objects.of(held).delete()
            held.delete()
        for file in (held.file, held.preview, held.reasons):
            if file:
                file.delete(save=False)

    @transaction.atomic
    def move(self, state: str, **columns) -> None:
        """Into another state, together with other columns; refused from a state that does not lead there."""
        held = Import.objects.select_for_update().get(pk=self.pk)
        if held.state not in self.TRANSITIONS[state]:
            raise Refused(gettext("This import is “%(state)s” already.") % {"state": held.get_state_display()})
        for name, value in {**columns, "state": state}.items():
            setattr(self, name, value)
        self.save(update_fields=["state", *columns])
