"""What was said and agreed, the versions of it, and the files that belong to it."""

import hashlib
import uuid
from pathlib import PurePath

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.refusals import Refused
from core.uploads import validate_document
from workshops.entry_kinds import ENTRY_KIND_CHOICES, ENTRY_KINDS
from workshops.models.agenda import AgendaItem
from workshops.models.workshop import OrderedRecord, Workshop, WorkshopRecord


class EntryConflict(Exception):
    """Someone else saved the entry in between. Carries what is stored, so that both texts can be shown."""

    def __init__(self, stored: "MinutesEntry"):
        self.stored = stored
        super().__init__(f"entry {stored.uid} is at version {stored.version}")


class MinutesEntry(OrderedRecord):
    """One entry of the minutes. Which fields it uses follows from its kind: `workshops.entry_kinds`."""

    class Signature(models.TextChoices):
        PENDING = "pending", _("not yet signed")
        SIGNED = "signed", _("signed")
        DECLINED = "declined", _("declined")

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workshop = models.ForeignKey(Workshop, models.CASCADE, related_name="minutes_entries", verbose_name=_("workshop"))
    agenda_item = models.ForeignKey(
        AgendaItem, models.PROTECT, null=True, blank=True, related_name="minutes_entries", verbose_name=_("agenda item")
    )
    parent = models.ForeignKey(
        "self", models.PROTECT, null=True, blank=True, related_name="replies", verbose_name=_("belongs to")
    )
    kind = models.CharField(_("kind"), max_length=16, choices=ENTRY_KIND_CHOICES, default="note")
    title = models.CharField(_("topic"), max_length=300, blank=True)
    speaker = models.CharField(_("speaker"), max_length=200, blank=True)
    speaker_position = models.CharField(_("position or capacity"), max_length=300, blank=True)
    speaker_organization = models.CharField(_("organization"), max_length=200, blank=True)
    on_behalf_of = models.CharField(_("on behalf of"), max_length=300, blank=True)
    addressed_to = models.TextField(_("addressed to"), blank=True, help_text=_("One per line."))
    text = models.TextField(_("text"), blank=True)
    points = models.TextField(_("numbered points"), blank=True, help_text=_("One per line."))
    figures = models.TextField(_("figures quoted"), blank=True, help_text=_("One per line."))
    verse = models.TextField(_("verse (pantun)"), blank=True)
    statement = models.TextField(
        _("formal statement"), blank=True, help_text=_("E.g. the sentence that opens the event.")
    )
    location = models.CharField(_("location"), max_length=200, blank=True)
    amount = models.DecimalField(
        _("amount (Rp)"), max_digits=17, decimal_places=2, null=True, blank=True, validators=[MinValueValidator(0)]
    )
    has_slides = models.BooleanField(_("slides"), default=False)
    has_hardcopy = models.BooleanField(_("printed copy"), default=False)
    signature = models.CharField(_("signature"), max_length=8, choices=Signature, blank=True)
    version = models.PositiveIntegerField(default=1, editable=False)
    updated_at = models.DateTimeField(auto_now=True)
    updated_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    history = HistoricalRecords()

    class Meta(OrderedRecord.Meta):
        verbose_name = _("minutes entry")
        verbose_name_plural = _("minutes entries")
        constraints = [
            models.CheckConstraint(
                name="minutes_amount_not_negative",
                condition=Q(amount=None) | Q(amount__gte=0),
                violation_error_message=_("An amount cannot be negative."),
            )
        ]

    def __str__(self):
        return f"{self.get_kind_display()}: {self.speaker or self.title or self.text[:60]}"

    @property
    def spec(self):
        return ENTRY_KINDS[self.kind]

    def clean(self):
        spec = ENTRY_KINDS.get(self.kind)
        if spec and not any(getattr(self, field) for field in spec.required):
            raise ValidationError({spec.required[0]: _("This kind of entry cannot stay empty.")})
        if self.agenda_item and self.agenda_item.workshop_id != self.workshop_id:
            raise ValidationError({"agenda_item": _("The agenda item belongs to another workshop.")})
        if self.parent:
            if self.parent.workshop_id != self.workshop_id or self.parent_id == self.pk:
                raise ValidationError({"parent": _("Choose an entry of the same workshop.")})
            if spec and self.parent.kind not in spec.parents:
                raise ValidationError({"parent": _("This kind of entry does not belong under that one.")})
        if self.kind == "signatory" and not self.signature:
            self.signature = self.Signature.PENDING

    def write(self, *, by, based_on: int) -> None:
        """Store the entry if nobody else did since version `based_on` (0 for a new one).

        Raises EntryConflict with the stored entry where somebody did; nothing is overwritten then.
        """
        with transaction.atomic():
            Workshop.lock_for_change(self.workshop_id)
            stored = MinutesEntry.objects.filter(uid=self.uid).first()
            if (stored.version if stored else 0) != based_on:
                raise (
                    EntryConflict(stored)
                    if stored
                    else Refused(
                        gettext(
                            "This entry was deleted by someone else. Your text is still here: add it as a new entry."
                        )
                    )
                )
            self.version = based_on + 1
            self.updated_by = by
            self.save()

    def delete(self, **kwargs):
        if self.replies.exists():
            raise Refused(gettext("Other entries belong to this one. Move or delete those first."))
        return super().delete(**kwargs)


class Checkpoint(WorkshopRecord):
    """The minutes as they stood at a named moment, to compare with and to return to."""

    workshop = models.ForeignKey(Workshop, models.CASCADE, related_name="checkpoints", verbose_name=_("workshop"))
    name = models.CharField(_("name"), max_length=100)
    at = models.DateTimeField(_("at"))
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+", verbose_name=_("by"))
    entries = models.JSONField(editable=False, default=list)

    class Meta:
        ordering = ["-at", "-pk"]
        verbose_name = _("checkpoint")
        verbose_name_plural = _("checkpoints")

    def __str__(self):
        return self.name


class Attachment(WorkshopRecord):
    """A file of the workshop, perhaps of one entry. Served only through the rights of its workshop."""

    class Kind(models.TextChoices):
        PHOTO = "photo", _("photo")
        SLIDE = "slide", _("slides")
        HARDCOPY = "hardcopy", _("scan of a printed copy")
        ATTENDANCE = "attendance", _("attendance list")
        INVITATION = "invitation", _("invitation")
        OTHER = "other", _("other")

    workshop = models.ForeignKey(Workshop, models.CASCADE, related_name="attachments", verbose_name=_("workshop"))
    entry = models.ForeignKey(
        MinutesEntry,
        models.SET_NULL,
        null=True,
        blank=True,
        related_name="attachments",
        verbose_name=_("minutes entry"),
    )
    kind = models.CharField(_("kind"), max_length=10, choices=Kind, default=Kind.OTHER)
    title = models.CharField(_("title"), max_length=200)
    credit = models.CharField(_("made by"), max_length=100, blank=True)
    file = models.FileField(_("file"), upload_to="workshops/%Y/%m/", validators=[validate_document])
    sha256 = models.CharField(max_length=64, editable=False)
    size = models.PositiveBigIntegerField(editable=False, default=0)
    uploaded_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, editable=False, related_name="+"
    )
    uploaded_at = models.DateTimeField(auto_now_add=True)
    history = HistoricalRecords()

    class Meta:
        ordering = ["kind", "uploaded_at", "pk"]
        verbose_name = _("attachment")
        verbose_name_plural = _("attachments")

    def __str__(self):
        return self.title

    @property
    def file_name(self) -> str:
        """The name it is downloaded under."""
        return PurePath(self.file.name).name

    def save(self, **kwargs):
        if not self.pk:
            digest = hashlib.sha256()
            self.file.seek(0)
            for chunk in self.file.chunks():
                digest.update(chunk)
            self.sha256, self.size = digest.hexdigest(), self.file.size
        super().save(**kwargs)
