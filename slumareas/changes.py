"""The history of a baseline as lines that a person can read: what changed, who changed it, and when."""

import datetime
from dataclasses import dataclass

from slumareas.models import Baseline
from slumareas.models.quantities import QUANTITY_KEYS
from slumareas.templatetags.results import quantity

SILENT = {"id", "unit", "assessment_year", "slum_area"}


@dataclass(frozen=True)
class Change:
    at: datetime.datetime
    by: str
    kind: str
    fields: list[tuple[str, str, str]]


def changes_of(baseline: Baseline, most: int) -> list[Change]:
    """The latest changes, the newest first; of each what stood before and after. What changed nothing is left out."""
    rows = list(baseline.history.select_related("history_user").order_by("-history_date", "-history_id")[: most + 1])
    found = []
    for row, before in zip(rows, [*rows[1:], None], strict=True):
        fields = _differences(before, row) if before and row.history_type == "~" else []
        if fields or row.history_type != "~":
            found.append(Change(row.history_date, str(row.history_user or "–"), row.history_type, fields))
    return found[:most]


def _differences(before, row) -> list[tuple[str, str, str]]:
    tracked = {one.name for one in row._meta.fields} - SILENT
    return [
        (str(one.verbose_name), _shown(one, before), _shown(one, row))
        for one in Baseline._meta.concrete_fields
        if one.name in tracked and getattr(before, one.attname) != getattr(row, one.attname)
    ]


def _shown(one, row) -> str:
    value = getattr(row, one.attname)
    if value is None or value == "":
        return "–"
    if one.name in QUANTITY_KEYS:
        return quantity(value)
    return str(dict(one.flatchoices).get(value, value))
