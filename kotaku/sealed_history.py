"""The history of every object under seals that follow each other: one changed byte is found.

Lines are sealed in batches by `seal_history`, not one by one: the importer writes a hundred thousand in one statement, and
must not be slowed. Until the next sealing a line is history like any other, but unsealed; `verify_history` says how many.
Whoever can write to the database could also write all seals anew, so the last seal is worth keeping elsewhere
(`verify_history --seal`).
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from django.apps import apps
from django.db import connection, models, transaction
from django.db.models import Max

from core.models import HistorySeal
from kotaku.backups.rows import line

LINES_OF_A_SEAL = 500


@dataclass(frozen=True)
class Finding:
    """`code`: `changed` lines, a `broken_chain`, a `column_gone` that a later version dropped, a `seal_missing`."""

    code: str
    model: str = ""
    first_id: int | None = None
    last_id: int | None = None


def histories() -> list[type[models.Model]]:
    """The tables of django-simple-history, by name."""
    found = [model for model in apps.get_models() if _is_history(model)]
    return sorted(found, key=lambda model: model._meta.label)


def _is_history(model: type[models.Model]) -> bool:
    """Lines about an object, or about what it was linked with."""
    return model._meta.pk.name in ("history_id", "m2m_history_id")


def _digest(lines: models.QuerySet, fields: list[models.Field]) -> tuple[str, int]:
    digest, count = hashlib.sha256(), 0
    for values in lines.order_by("pk").values_list(*(field.attname for field in fields)).iterator():
        digest.update(line(values, fields))
        count += 1
    return digest.hexdigest(), count


# --- sealing ----------------------------------------------------------------------------------------------
def seal(at: datetime) -> list[HistorySeal]:
    """Seal every line that is not sealed yet."""
    return [made for model in histories() for made in _seal_model(model, at)]


def _seal_model(model: type[models.Model], at: datetime) -> list[HistorySeal]:
    made = []
    with transaction.atomic():
        _wait_for_writers(model)
        sealed = HistorySeal.objects.filter(model=model._meta.label).aggregate(last=Max("last_id"))["last"] or 0
        last = HistorySeal.objects.last()
        previous = last.seal if last else ""
        for first, end in _batches(model, sealed):
            fields = list(model._meta.local_concrete_fields)
            digest, count = _digest(model._base_manager.filter(pk__gte=first, pk__lte=end), fields)
            one = HistorySeal(
                model=model._meta.label,
                first_id=sealed + 1,
                last_id=end,
                count=count,
                columns=[field.attname for field in fields],
                digest=digest,
                previous=previous,
                sealed_at=at,
            )
            one.seal = previous = one.computed()
            sealed = end
            made.append(one)
        HistorySeal.objects.bulk_create(made)
    return made


def _wait_for_writers(model: type[models.Model]) -> None:
    """A line that is being written may bear a lower number than one that is there: none may slip in below a seal.

    On SQLite the transaction itself is the only one that writes.
    """
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            tables = ", ".join(connection.ops.quote_name(one._meta.db_table) for one in (HistorySeal, model))
            cursor.execute(f"LOCK TABLE {tables} IN SHARE ROW EXCLUSIVE MODE")


def _batches(model: type[models.Model], after: int) -> Iterator[tuple[int, int]]:
    while numbers := list(
        model._base_manager.filter(pk__gt=after).order_by("pk").values_list("pk", flat=True)[:LINES_OF_A_SEAL]
    ):
        yield numbers[0], numbers[-1]
        after = numbers[-1]


def seal_again(model: type[models.Model], keys: list[int], *, reason: str, at: datetime) -> None:
    """Seal anew what these lines are sealed in, since they were changed for a reason that is written down."""
    _wait_for_writers(model)
    for old in HistorySeal.objects.filter(model=model._meta.label, replaced_by=None).order_by("pk"):
        if not any(old.first_id <= key <= old.last_id for key in keys):
            continue
        fields = list(model._meta.local_concrete_fields)
        digest, count = _digest(model._base_manager.filter(pk__gte=old.first_id, pk__lte=old.last_id), fields)
        new = HistorySeal(
            model=old.model,
            first_id=old.first_id,
            last_id=old.last_id,
            count=count,
            columns=[field.attname for field in fields],
            digest=digest,
            previous=HistorySeal.objects.last().seal,
            replaces=old,
            reason=reason,
            sealed_at=at,
        )
        new.seal = new.computed()
        new.save()


# --- verifying --------------------------------------------------------------------------------------------
def verify(expected: str = "") -> tuple[list[Finding], dict]:
    """What is not as it was sealed, and {"seals", "replaced", "sealed", "unsealed", "last_seal"}.

    `expected` is a seal that was kept elsewhere.
    """
    by_label = {model._meta.label: model for model in histories()}
    replaced = set(HistorySeal.objects.exclude(replaces=None).values_list("replaces", flat=True))
    findings, previous, ends, seals, sealed, is_known = [], "", {}, 0, 0, not expected
    for one in HistorySeal.objects.select_related("replaces").order_by("pk").iterator():
        place = {"model": one.model, "first_id": one.first_id, "last_id": one.last_id}
        if one.previous != previous or not _follows(one, ends) or one.computed() != one.seal:
            findings.append(Finding("broken_chain", **place))
        if one.pk not in replaced:
            findings += _lines_of(one, by_label, place)
            sealed += one.count
        previous, seals, is_known = one.seal, seals + 1, is_known or one.seal == expected
        ends[one.model] = max(one.last_id, ends.get(one.model, 0))
    if not is_known:
        findings.append(Finding("seal_missing"))
    unsealed = sum(model._base_manager.filter(pk__gt=ends.get(label, 0)).count() for label, model in by_label.items())
    return findings, {
        "seals": seals,
        "replaced": len(replaced),
        "sealed": sealed,
        "unsealed": unsealed,
        "last_seal": previous,
    }


def _follows(one: HistorySeal, ends: dict[str, int]) -> bool:
    """Where the last seal of the same history ended, or over the very lines of the one it replaces."""
    if one.replaces is None:
        return one.first_id == ends.get(one.model, 0) + 1
    old = one.replaces
    return (old.model, old.first_id, old.last_id) == (one.model, one.first_id, one.last_id) and bool(one.reason)


def _lines_of(one: HistorySeal, by_label: dict, place: dict) -> list[Finding]:
    model = by_label.get(one.model)
    known = {field.attname: field for field in model._meta.local_concrete_fields} if model else {}
    if not set(one.columns) <= set(known):
        return [Finding("column_gone", **place)]
    lines = model._base_manager.filter(pk__gte=one.first_id, pk__lte=one.last_id)
    if _digest(lines, [known[name] for name in one.columns]) != (one.digest, one.count):
        return [Finding("changed", **place)]
    return []
