"""The history of a workshop and of everything in it, as lines that a person can read."""

import datetime
from collections.abc import Iterator
from dataclasses import dataclass, field

from django.db.models import Model
from django.utils import timezone
from django.utils.formats import date_format, localize
from django.utils.translation import gettext_lazy as _

from workshops.models import (
    AgendaItem,
    Attachment,
    Leader,
    MinutesEntry,
    Participant,
    ReportSection,
    TextualNote,
    Workshop,
    WorkshopArea,
)

RECORDS: list[type[Model]] = [
    WorkshopArea,
    Leader,
    AgendaItem,
    ReportSection,
    TextualNote,
    Participant,
    MinutesEntry,
    Attachment,
]
# What changes by itself with every change and says nothing.
SILENT = {"id", "workshop", "version", "updated_at", "updated_by", "uid", "sha256", "size", "uploaded_at", "order"}
CONTACT = {"phone", "email", "nip"}
HIDDEN = _("changed; shown only to those who organize")
GONE = _("no longer there")
YES, NO = _("yes"), _("no")


@dataclass
class Change:
    """One saved change: what, who, when, why, and each field before and after (labels and readable values)."""

    at: datetime.datetime
    by: str
    record: str
    name: str
    kind: str
    reason: str
    fields: list[tuple[str, str, str]] = field(default_factory=list)


def changes_of(workshop: Workshop, *, with_contacts: bool) -> list[Change]:
    """All changes, the newest first. One query a kind of record, however many changes there are."""
    found: list[Change] = []
    for model in [Workshop, *RECORDS]:
        key = "id" if model is Workshop else "workshop_id"
        rows = model.history.filter(**{key: workshop.pk}).select_related("history_user").order_by("id", "history_id")
        found.extend(_of_one_kind(model, rows, with_contacts))
    return sorted(found, key=lambda change: change.at, reverse=True)


def _of_one_kind(model: type[Model], rows, with_contacts: bool) -> Iterator[Change]:
    tracked = [
        one
        for one in model._meta.concrete_fields
        if one.name not in SILENT and one.name in {f.name for f in rows.model._meta.fields}
    ]
    names = _names_of_related(tracked, rows)
    before = None
    for row in rows:
        if before is not None and before.id != row.id:
            before = None
        change = Change(
            at=row.history_date,
            by=str(row.history_user or "–"),
            record=str(model._meta.verbose_name),
            name=str(row.instance),
            kind=row.history_type,
            reason=row.history_change_reason or "",
        )
        if row.history_type == "~" and before is not None:
            change.fields = [
                _difference(one, before, row, names, with_contacts)
                for one in tracked
                if getattr(before, one.attname) != getattr(row, one.attname)
            ]
        before = row
        if row.history_type != "~" or change.fields:
            yield change


def _names_of_related(tracked, rows) -> dict[str, dict]:
    """{field: {key: name}} of the records that the rows point to; one query a field."""
    names = {}
    for one in tracked:
        keys = {getattr(row, one.attname) for row in rows} - {None} if one.is_relation else None
        if keys:
            related = one.related_model._base_manager.in_bulk(keys)
            names[one.attname] = {key: str(record) for key, record in related.items()}
    return names


def _difference(one, before, row, names: dict, with_contacts: bool) -> tuple[str, str, str]:
    if one.name in CONTACT and not with_contacts:
        return (str(one.verbose_name), str(HIDDEN), "")
    return (str(one.verbose_name), _shown(one, before, names), _shown(one, row, names))


def _shown(one, row, names: dict) -> str:
    value = getattr(row, one.attname)
    if value is None or value == "":
        return "–"
    if one.is_relation:
        return names[one.attname].get(value, str(GONE))
    if one.choices:
        return str(dict(one.flatchoices).get(value, value))
    if isinstance(value, bool):
        return str(YES if value else NO)
    if isinstance(value, datetime.datetime):
        return date_format(timezone.localtime(value), "j M Y, H.i")
    return str(localize(value))
