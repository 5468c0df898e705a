"""What was said and agreed, the versions of it, and the files that belong to it."""

import hashlib
import uuid
from decimal import Decimal
from pathlib import PurePath

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.validators import MinValueValidator
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.refusals import Refused
from core.uploads import validate_document
from workshops.entry_kinds import (
    CONTENT_FIELDS,
    ENTRY_KIND_CHOICES,
    ENTRY_KINDS,
    KIND_LABELS,
    RECORD_KINDS,
    reply_kinds,
)
from workshops.models.agenda import AgendaItem
from workshops.models.workshop import OrderedRecord, Workshop, WorkshopRecord


class EntryConflict(Exception):
    """Someone else saved the entry in between. Carries what is stored, so that both texts can be shown."""

    def __init__(self, stored: "MinutesEntry"):
        self.stored = stored
        super().__init__(f"entry {stored.uid} is at version {stored.version}")


class EntryDeleted(Refused):
    """Someone else deleted the entry in between. What was typed can become a new one."""


class MinutesEntry(OrderedRecord):
    """One entry of the minutes. Which fields it uses follows from its kind: `workshops.entry_kinds`."""

    uid = models.UUIDField(default=uuid.uuid4, unique=True, editable=False)
    workshop = models.ForeignKey(Workshop, models.CASCADE, related_name="minutes_entries", verbose_name=_("workshop"))
    agenda_item = models.ForeignKey(
        AgendaItem,
        models.RESTRICT,
        null=True,
        blank=True,
        related_name="minutes_entries",
        verbose_name=_("agenda item"),
    )
    parent = models.ForeignKey(
        "self", models.RESTRICT, null=True, blank=True, related_name="replies", verbose_name=_("belongs to")
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
        return f"{KIND_LABELS[self.kind]}: {self.speaker or self.title or self.text[:60]}"

    @property
    def spec(self):
        return ENTRY_KINDS[self.kind]

    @property
    def reply_kinds(self):
        return reply_kinds(self.kind)

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
        if spec and self.pk and any(self.kind not in reply.spec.parents for reply in self.replies.all()):
            raise ValidationError(
                {"kind": _("Other entries answer this one; it has to stay of a kind that can have them.")}
            )

    def write(self, *, by, based_on: int, after: "MinutesEntry | None" = None) -> None:
        """Store the entry if nobody else did since version `based_on` (0 for a new one).

        A new entry goes to the end, or right behind `after`. Raises EntryConflict with the stored entry where
        somebody else saved it, EntryDeleted where somebody deleted it; nothing is overwritten then.
        """
        with transaction.atomic():
            Workshop.lock_for_change(self.workshop_id)
            stored = MinutesEntry.objects.filter(uid=self.uid).first()
            if (stored.version if stored else 0) != based_on:
                raise (
                    EntryConflict(stored)
                    if stored
                    else EntryDeleted(
                        gettext(
                            "This entry was deleted by someone else. Your text is still here: add it as a new entry."
                        )
                    )
                )
            if after and not stored:
                self.order = after.order + 1
                self.siblings().filter(order__gt=after.order).update(order=F("order") + 1)
            self.version = based_on + 1
            self.updated_by = by
            self.save()
            self._take_replies_along()

    def _take_replies_along(self) -> None:
        """What answers an entry stays under the same agenda item."""
        for reply in self.replies.exclude(agenda_item=self.agenda_item_id):
            reply.agenda_item_id = self.agenda_item_id
            reply.save(update_fields=["agenda_item"])
            reply._take_replies_along()

    def move(self, step: int) -> None:
        """Change places with the entry above (-1) or below (1) under the same agenda item and parent."""
        with transaction.atomic():
            Workshop.lock_for_change(self.workshop_id)
            rows = list(self.siblings().order_by("order", "pk"))
            place = (self.agenda_item_id if not self.parent_id else None, self.parent_id)
            group = [row for row in rows if (row.agenda_item_id if not row.parent_id else None, row.parent_id) == place]
            here = group.index(self)
            if not 0 <= here + step < len(group):
                return
            there = rows.index(group[here + step])
            rows.insert(there, rows.pop(rows.index(self)))
            for number, row in enumerate(rows, start=1):
                row.order = number
            # One statement, and a line of history only for the entry that somebody moved.
            MinutesEntry.objects.bulk_update(rows, ["order"])
            self.order = there + 1
            self.save(update_fields=["order"])

    def delete(self, **kwargs):
        if self.replies.exists():
            raise Refused(gettext("Other entries belong to this one. Move or delete those first."))
        try:
            return super().delete(**kwargs)
        except models.ProtectedError as error:
            raise Refused(
                gettext("Agreements or follow-ups answer this entry, so it stays. Its text can still be changed.")
            ) from error


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

    @classmethod
    def take(cls, workshop: Workshop, *, name: str, by, at) -> "Checkpoint":
        """Keep the minutes as they stand now under a name."""
        with transaction.atomic():
            Workshop.lock_for_change(workshop.pk)
            checkpoint = cls(workshop=workshop, name=name, by=by, at=at, entries=snapshot(workshop))
            checkpoint.save()
        return checkpoint

    def restore(self, *, by, at) -> "Checkpoint":
        """Make the minutes again what they were. Returns the checkpoint of the state before, taken in the same step.

        Agreements and signatories stay: they have versions and a course of their own. Entries keep their uid, so that whoever still writes in one meets a conflict and loses nothing. Entries
        written since are deleted; both stay in the checkpoint returned and in the history.
        """
        with transaction.atomic():
            Workshop.lock_for_change(self.workshop_id)
            before = Checkpoint.take(
                self.workshop, name=gettext("Before returning to “%(name)s”") % {"name": self.name[:60]}, by=by, at=at
            )
            entries = {str(entry.uid): entry for entry in self.workshop.minutes_entries.all()}
            self._delete_others(entries)
            self._write_back(entries, before, by)
        return before

    def _delete_others(self, entries: dict[str, MinutesEntry]) -> None:
        wanted = {row["uid"] for row in self.rows_of_entries}
        surplus = [entries.pop(uid) for uid in list(entries) if uid not in wanted]
        for entry in entries.values():
            if entry.parent_id in {other.pk for other in surplus}:
                entry.parent = None
                entry.save(update_fields=["parent"])
        while surplus:  # an entry can go only after those that answer it
            parents = {entry.parent_id for entry in surplus}
            leaves = [entry for entry in surplus if entry.pk not in parents] or surplus
            for entry in leaves:
                entry._change_reason = self._reason
                entry.delete()
            surplus = [entry for entry in surplus if entry.pk]

    def _write_back(self, entries: dict[str, MinutesEntry], before: "Checkpoint", by) -> None:
        items = set(self.workshop.agenda_items.values_list("pk", flat=True))
        present = {row["uid"]: row for row in before.entries}
        versions = dict(
            MinutesEntry.history.filter(uid__in=[row["uid"] for row in self.rows_of_entries])
            .order_by()
            .values_list("uid")
            .annotate(last=models.Max("version"))
        )
        for row in self.rows_of_entries:
            entry = entries.get(row["uid"])
            if entry and present.get(row["uid"]) == row:
                continue
            if entry is None:
                entry = entries[row["uid"]] = MinutesEntry(workshop=self.workshop, uid=row["uid"])
            for field in ("kind", "order", *CONTENT_FIELDS):
                setattr(entry, field, row[field])
            entry.amount = Decimal(row["amount"]) if row["amount"] else None
            entry.agenda_item_id = row["agenda_item"] if row["agenda_item"] in items else None
            # Above every version that was ever shown, so that an old form of this entry is recognised as old.
            entry.version = versions.get(uuid.UUID(row["uid"]), 0) + 1
            entry.updated_by = by
            entry._change_reason = self._reason
            entry.save()
        self._write_back_links(entries)

    def _write_back_links(self, entries: dict[str, MinutesEntry]) -> None:
        """Parents and files, once every entry is there."""
        for row in self.rows_of_entries:
            entry, parent = entries[row["uid"]], entries.get(row["parent"])
            if entry.parent_id != (parent.pk if parent else None):
                entry.parent = parent
                entry.save(update_fields=["parent"])
            if row["attachments"]:
                for attachment in self.workshop.attachments.filter(pk__in=row["attachments"], entry=None):
                    attachment.entry = entry
                    attachment.save(update_fields=["entry"])

    @property
    def rows_of_entries(self) -> list[dict]:
        return [row for row in self.entries if row["kind"] not in RECORD_KINDS]

    @property
    def _reason(self) -> str:
        return gettext("Returned to the checkpoint “%(name)s”.") % {"name": self.name}


def snapshot(workshop: Workshop) -> list[dict]:
    """The entries as a checkpoint keeps them: plain values, parents by uid; then agreements and signatories."""
    entries = list(workshop.minutes_entries.prefetch_related("attachments"))
    uids = {entry.pk: str(entry.uid) for entry in entries}
    return [
        *(
            {
                "uid": str(entry.uid),
                "order": entry.order,
                "kind": entry.kind,
                "agenda_item": entry.agenda_item_id,
                "parent": uids.get(entry.parent_id),
                "attachments": [attachment.pk for attachment in entry.attachments.all()],
                **{field: getattr(entry, field) for field in CONTENT_FIELDS},
                "amount": "" if entry.amount is None else f"{entry.amount:.2f}",
            }
            for entry in entries
        ),
        *(
            _row_of("agreement", agreement, agreement.number, agreement.agenda_item_id, text=agreement.text)
            for agreement in workshop.agreements.order_by("number")
        ),
        *(_row_of_signatory(signatory) for signatory in workshop.signatories),
    ]


def _row_of(kind: str, record, order: int, agenda_item: int | None = None, **content) -> dict:
    empty = {field: MinutesEntry._meta.get_field(field).get_default() for field in CONTENT_FIELDS}
    return {
        "uid": str(record.uid),
        "order": order,
        "kind": kind,
        "agenda_item": agenda_item,
        "parent": None,
        "attachments": [],
        **empty,
        "amount": "",
        **content,
    }


def _row_of_signatory(signatory) -> dict:
    return _row_of(
        "signatory",
        signatory,
        signatory.order,
        speaker=signatory.name,
        speaker_position=signatory.position,
        speaker_organization=signatory.organization_name,
        on_behalf_of=signatory.represents,
    )


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
