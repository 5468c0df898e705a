"""Storing what was read of a file, and taking it back: one short transaction behind the lock of the year.

Reading, checking and scoring are done before. The history of each row is both the proof of what the import wrote and the
way back: taking back restores the line before it, and leaves alone what was changed since.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cache
from operator import itemgetter

from django.db import IntegrityError, models, transaction
from django.db.models import Exists, Max, OuterRef, Q, Subquery
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from core.jobs import no_progress
from core.models import Region
from core.refusals import Refused
from slumareas.importing.analysis import Analysis
from slumareas.importing.bulk import insert, restore, upsert, write_history
from slumareas.importing.rows import ReadRow
from slumareas.importing.steps import ROWS_A_SIGN, STORING, SUMMING, TAKING_BACK
from slumareas.models import AssessmentYear, Baseline, Import, NeighbourhoodUnit, refresh
from slumareas.models.assessments import FIRST_QUANTITY, row_of, score_again
from slumareas.models.baselines import stamp_of
from slumareas.models.quantities import QUANTITY_KEYS

# Columns of a new row that the file says nothing of.
_EMPTY = {"open_space_kind": "", "open_space_note": "", "note": "", "photo": ""}
_WRITTEN = ("total", "slum_class", "source", "is_made_up", "source_import_id", "source_sheet", "source_row")


class Outdated(Refused):
    """What is stored changed since the file was compared with it."""

    def __init__(self):
        super().__init__(_("The stored figures changed meanwhile. Look at the preview again before you store."))


@transaction.atomic
def store(found: Analysis, record: Import, *, by, at, progress=no_progress) -> None:
    """Write the rows that change something and the results above them. `record` is saved already.

    Raises Outdated where the stored rows are others than those the file was compared with, Refused where the year is
    verified or locked.
    """
    year = AssessmentYear.lock_for_change(found.year, found.rule_set)
    if stamp_of(year) != found.stamp:
        raise Outdated
    rows = found.changing_rows
    regions = dict(Region.objects.filter(code__in={row.region for row in rows}).values_list("code", "pk"))
    units = _units(rows, regions, record, by=by, at=at)
    columns = ["unit_id", "assessment_year_id", "slum_area_id", *QUANTITY_KEYS, *_EMPTY, *_WRITTEN]
    made = [_as_read(row, regions[row.region], units[regions[row.region], row.unit.rw, row.unit.rt]) for row in rows]
    values = _columns(zip(made, _counted(rows, progress), strict=True), year, record)
    has_more = year.baselines.exists()
    told = {"at": at, "reason": record.reason_of_change}
    written = Baseline.objects.filter(source_import=record)
    before = Baseline.objects.filter(assessment_year=year, unit__region__in=regions.values())
    if before.exists():
        write_history(before, **told | {"reason": f"before {told['reason']}"}, by=None, kind="+", is_known=False)
        unique = ["unit_id", "assessment_year_id"]
        upsert(Baseline, columns, values, unique=unique, updated=[*QUANTITY_KEYS, *_WRITTEN])
        write_history(written, **told, by=by, kind="~", is_known=True)
        write_history(written, **told, by=by, kind="+", is_known=False)
    else:  # whoever holds the year is the only one to add rows
        insert(Baseline, columns, values)
        write_history(written, **told, by=by, kind="+")
    progress(SUMMING)
    refresh(year, regions.values(), {area for _unit, area in units.values() if area}, None if has_more else made)
    progress(SUMMING)  # the last moment at which it can be stopped


def _counted(rows: list[ReadRow], progress):
    for number, row in enumerate(rows):
        if number % ROWS_A_SIGN == 0:
            progress(STORING, number, len(rows))
        yield row


def _units(rows: list[ReadRow], regions: dict[str, int], record: Import, *, by, at) -> dict[tuple, tuple]:
    """{(village, RW, RT): (neighbourhood, slum area)}; those that are not recorded yet are recorded."""
    known = _known_units(regions.values())
    identities = {(regions[row.region], row.unit.rw, row.unit.rt): None for row in rows}
    missing = [(*identity,) for identity in identities if identity not in known]
    if not missing:
        return known
    last = NeighbourhoodUnit.objects.aggregate(last=Max("pk"))["last"] or 0
    unique = ["region_id", "rw", "rt"]
    try:
        with transaction.atomic():
            insert(NeighbourhoodUnit, unique, missing)
    except IntegrityError:  # somebody recorded one of them meanwhile
        upsert(NeighbourhoodUnit, unique, missing, unique=unique)
    added = NeighbourhoodUnit.objects.filter(pk__gt=last, region__in=regions.values())
    write_history(added, at=at, by=by, reason=record.reason_of_change, kind="+", is_known=False)
    return _known_units(regions.values())


def _known_units(villages) -> dict[tuple, tuple]:
    units = NeighbourhoodUnit.objects.filter(region__in=list(villages)).order_by()
    names = ("region_id", "rw", "rt", "pk", "slum_area_id")
    return {(region, rw, rt): (pk, area) for region, rw, rt, pk, area in units.values_list(*names)}


def _as_read(row: ReadRow, village: int, unit: tuple) -> tuple:
    """The baseline as it will be read."""
    if row.before is None:
        quantities = _getter(row.table.keys)((*row.scaled, None))
    else:
        quantities = map((row.before | row.scaled_values).get, QUANTITY_KEYS)
    result = row.total, row.slum_class or "", bool(row.is_made_up)
    return row_of(*unit, village, row.unit.rw, row.unit.rt, result, quantities)


def _columns(rows: Iterable[tuple[tuple, ReadRow]], year: AssessmentYear, record: Import) -> Iterator[tuple]:
    year_key, import_key, source, empty = year.pk, record.pk, record.file_name[:200], tuple(_EMPTY.values())
    for made, row in rows:
        _pk, unit, _village, area, _rw, _rt, total, slum_class, is_made_up = made[:FIRST_QUANTITY]
        yield (
            unit, year_key, area, *made[FIRST_QUANTITY:], *empty,
            total, slum_class, source, int(is_made_up), import_key, row.sheet, row.number,
        )  # fmt: skip


@cache
def _getter(keys: tuple[str, ...]):
    """Picks the quantities in the order of the columns out of those that a table has, and a blank behind them."""
    return itemgetter(*(keys.index(key) if key in keys else len(keys) for key in QUANTITY_KEYS))


# --- taking back -----------------------------------------------------------------------------------------
@transaction.atomic
def undo(record: Import, *, by, at, progress=no_progress) -> dict:
    """{"import_id", "undone", "kept": [{"region", "rw", "rt", "reason"}]}. Raises Refused.

    New rows go, changed ones are again as they were; neighbourhoods that came with the file go where nothing else
    speaks of them. Kept is what was changed or deleted since.
    """
    record = Import.objects.select_for_update().get(pk=record.pk)
    record.require_stored()
    progress(TAKING_BACK)
    year = AssessmentYear.lock_for_change(record.year, record.rule_set)
    history = Baseline.history.model.objects
    of_row = history.filter(id=OuterRef("id"))
    by_import = of_row.filter(history_change_reason=record.reason_of_change)
    # Of each row that it wrote: the first line about it, and the last one of all.
    written = (
        history.filter(history_change_reason=record.reason_of_change)
        .filter(~Exists(by_import.filter(history_id__lt=OuterRef("history_id"))))
        .annotate(last=Subquery(of_row.order_by("-history_id").values("history_id")[:1]))
        .annotate(last_reason=Subquery(of_row.order_by("-history_id").values("history_change_reason")[:1]))
        .annotate(before=Subquery(_before(of_row).values("history_id")[:1]))
        .annotate(reason_before=Subquery(_before(of_row).values("history_change_reason")[:1]))
        .order_by()
    )
    villages = set(written.values_list("unit__region", flat=True))
    areas = set(written.exclude(slum_area=None).values_list("slum_area", flat=True))
    untouched = written.filter(last_reason=record.reason_of_change)
    kept = _kept(written.filter(Q(last_reason=None) | ~Q(last_reason=record.reason_of_change)))
    told = {"at": at, "by": by}
    reason = f"undo of {record.reason_of_change}"
    lines = list(untouched.values_list("id", "before", "reason_before"))
    for chunk in _chunks([pk for pk, before, _reason in lines if before is None]):
        _delete(Baseline.objects.filter(pk__in=chunk), reason=reason, **told)
    progress(TAKING_BACK)
    restored = defaultdict(list)
    for pk, before, reason_before in lines:
        if before is not None:
            # What an earlier import wrote is again as that import wrote it, and can be taken back with it.
            again = reason_before if re.fullmatch(r"import \d+", reason_before or "") else reason
            restored[again].append((pk, before))
    for again, pairs in restored.items():
        for chunk in _chunks(pairs):
            restore(Baseline, history.filter(history_id__in=[before for _pk, before in chunk]).values("history_id"))
            rows = Baseline.objects.filter(pk__in=[pk for pk, _before in chunk])
            write_history(rows, kind="~", reason=again, **told)
    if restored:
        score_again(year, villages)
    _delete_units(record, reason=reason, **told)
    progress(SUMMING)
    refresh(year, villages, areas)
    progress(SUMMING)
    result = {"import_id": record.pk, "undone": len(lines), "kept": kept}
    record.move(Import.State.UNDONE, undone_by=by, undone_at=at, undo_result=result)
    return result


def _before(lines: models.QuerySet) -> models.QuerySet:
    return lines.filter(history_id__lt=OuterRef("history_id")).order_by("-history_id")


def _kept(written: models.QuerySet) -> list[dict]:
    """What the import wrote and somebody changed since, with the last change of each."""
    rows = list(written.values_list("unit__region__code", "unit__rw", "unit__rt", "last"))
    lines = Baseline.history.model.objects.select_related("history_user").in_bulk([last for *_place, last in rows])
    return [
        {"region": region, "rw": rw, "rt": rt, "reason": _last_change(lines[last])} for region, rw, rt, last in rows
    ]


def _last_change(line) -> str:
    words = {
        "on": date_format(timezone.localdate(line.history_date), "j F Y"),
        "who": line.history_user or _("the system"),
    }
    if line.history_type == "-":
        return _("deleted since, on %(on)s by %(who)s") % words
    if found := re.fullmatch(r"(?:undo of )?import (\d+)", line.history_change_reason or ""):
        return _("changed since by import %(number)s, on %(on)s") % {**words, "number": found[1]}
    return _("changed since, on %(on)s by %(who)s") % words


def _delete_units(record: Import, **told) -> None:
    history = NeighbourhoodUnit.history.model.objects
    later = history.filter(id=OuterRef("id"), history_id__gt=OuterRef("history_id"))
    added = history.filter(history_type="+", history_change_reason=record.reason_of_change).filter(~Exists(later))
    for chunk in _chunks(list(added.order_by().values_list("id", flat=True))):
        unused = NeighbourhoodUnit.objects.filter(pk__in=chunk, baselines=None, works=None)
        _delete(NeighbourhoodUnit.objects.filter(pk__in=list(unused.values_list("pk", flat=True))), **told)


def _delete(records: models.QuerySet, **told) -> None:
    """Nothing points at these records any more; the history is told by one statement."""
    write_history(records, kind="-", **told)
    records._raw_delete(using=records.db)


def _chunks(items: list, size: int = 10_000):
    """As many as every database takes in one query."""
    return (items[start : start + size] for start in range(0, len(items), size))
