"""The agenda: items with optional times, and ordered sub-items."""

from datetime import time

from django.core.exceptions import ValidationError
from django.db import models, transaction
from django.db.models import F, Q
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from simple_history.models import HistoricalRecords

from core.refusals import Refused
from workshops.clock import ClockWarning, Slot, clock_warnings
from workshops.models.workshop import OrderedRecord, Workshop, WorkshopRecordQuerySet


class AgendaItemQuerySet(WorkshopRecordQuerySet):
    def top(self):
        return self.filter(parent=None)


class AgendaItem(OrderedRecord):
    """An item of the agenda, or a sub-item of one. Planned and actual times differ: both are kept."""

    class Kind(models.TextChoices):
        SESSION = "session", _("session")
        REGISTRATION = "registration", _("registration")
        OPENING = "opening", _("opening")
        PANEL = "panel", _("panel")
        BREAK = "break", _("break")
        DISCUSSION = "discussion", _("group discussion")
        AGREEMENT = "agreement", _("formulation and signing")
        CLOSING = "closing", _("closing")

    workshop = models.ForeignKey(Workshop, models.CASCADE, related_name="agenda_items", verbose_name=_("workshop"))
    parent = models.ForeignKey(
        "self", models.CASCADE, null=True, blank=True, related_name="children", verbose_name=_("part of")
    )
    kind = models.CharField(_("kind"), max_length=12, choices=Kind, default=Kind.SESSION)
    title = models.CharField(_("activity"), max_length=300)
    planned_start = models.TimeField(_("planned start"), null=True, blank=True)
    planned_end = models.TimeField(_("planned end"), null=True, blank=True)
    actual_start = models.TimeField(_("actual start"), null=True, blank=True)
    actual_end = models.TimeField(_("actual end"), null=True, blank=True)
    person_in_charge = models.CharField(_("person in charge"), max_length=300, blank=True)
    moderator = models.CharField(_("moderator"), max_length=200, blank=True)
    note = models.TextField(_("note"), blank=True)
    objects = AgendaItemQuerySet.as_manager()
    history = HistoricalRecords()

    class Meta(OrderedRecord.Meta):
        verbose_name = _("agenda item")
        verbose_name_plural = _("agenda items")
        constraints = [
            models.CheckConstraint(
                name="agenda_planned_end_after_start",
                condition=Q(planned_start=None) | Q(planned_end=None) | Q(planned_end__gt=F("planned_start")),
                violation_error_message=_("The planned end must be after the planned start."),
                violation_error_code="planned_end",
            ),
            models.CheckConstraint(
                name="agenda_actual_end_after_start",
                condition=Q(actual_start=None) | Q(actual_end=None) | Q(actual_end__gt=F("actual_start")),
                violation_error_message=_("The actual end must be after the actual start."),
                violation_error_code="actual_end",
            ),
        ]

    def __str__(self):
        return self.title

    def siblings(self):
        return super().siblings().filter(parent=self.parent_id)

    def clean(self):
        if self.parent and self.parent.parent_id:
            raise ValidationError({"parent": _("A sub-item cannot have sub-items of its own.")})
        if self.parent and self.parent.workshop_id != self.workshop_id:
            raise ValidationError({"parent": _("The item above belongs to another workshop.")})
        if self.parent_id and self.parent_id == self.pk:
            raise ValidationError({"parent": _("An item cannot be part of itself.")})
        if self.parent_id and self.pk and self.children.exists():
            raise ValidationError({"parent": _("An item with sub-items cannot become a sub-item.")})

    def note_start(self, at: time) -> None:
        """Write down that the item begins now. What is written down already is changed in the agenda, not here."""
        self._note_time("actual_start", at)

    def note_end(self, at: time) -> None:
        self._note_time("actual_end", at)

    def _note_time(self, field: str, at: time) -> None:
        with transaction.atomic():
            Workshop.lock_for_change(self.workshop_id)
            self.refresh_from_db(fields=["actual_start", "actual_end"])
            if getattr(self, field):
                raise Refused(gettext("This time is already written down. Correct it in the agenda."))
            setattr(self, field, at)
            if self.actual_start and self.actual_end and self.actual_end <= self.actual_start:
                raise Refused(gettext("The actual end must be after the actual start."))
            self.save(update_fields=[field])

    def delete(self, **kwargs):
        if self.minutes_entries.exists() or self.children.filter(minutes_entries__isnull=False).exists():
            raise Refused(gettext("Minutes were written under this item. Move or delete those entries first."))
        return super().delete(**kwargs)


def agenda_warnings(workshop: Workshop, items: list[AgendaItem]) -> list[ClockWarning]:
    """What the agenda clock says of the top items' planned times against the event's time."""
    slots = [Slot(item, item.planned_start, item.planned_end) for item in items if not item.parent_id]
    return clock_warnings(slots, workshop.start_time, workshop.end_time)


def copy_agenda(source: Workshop, target: Workshop) -> int:
    """Append the agenda of an earlier workshop, planned times included, actual times not. Returns how many items."""
    copied = ("kind", "title", "planned_start", "planned_end", "person_in_charge", "moderator", "note")
    new_for_old: dict[int, AgendaItem] = {}
    with transaction.atomic():
        for item in source.agenda_items.order_by(F("parent").asc(nulls_first=True), "order", "pk"):
            new_for_old[item.pk] = AgendaItem.objects.create(
                workshop=target,
                parent=new_for_old.get(item.parent_id),
                **{field: getattr(item, field) for field in copied},
            )
    return len(new_for_old)
