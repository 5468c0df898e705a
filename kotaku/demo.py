"""The demo programme: named parts that are loaded once and then belong to whoever uses the installation.

A part that was loaded is never looked at again, so nothing that a person changed or deleted is overwritten
or restored. The data stand in `fixtures/`; they pass through the models' own checks and verbs.
"""

import json
from collections.abc import Callable, Iterator
from datetime import datetime, time

from django.conf import settings
from django.core import serializers
from django.db import models, transaction
from django.utils import timezone

from core.models import DemoPart, Organization, Region, User
from kotaku.demo_packages import load_packages
from slumareas import scoring
from slumareas.models import (
    AreaBoundary,
    AssessmentYear,
    Baseline,
    Decree,
    DecreeArea,
    NeighbourhoodUnit,
    ReportedHectares,
    ReportingGroup,
    SlumArea,
    Work,
)
from workshops.models import (
    AgendaItem,
    Leader,
    MinutesEntry,
    Participant,
    ReportSection,
    TextualNote,
    Workshop,
    WorkshopArea,
)

FIXTURES = settings.BASE_DIR / "fixtures"
PASSWORD = "kotaku-demo"  # noqa: S105 - published on purpose; the command is refused outside development


def load_demo() -> Iterator[str]:
    """Load every part that was never loaded, each in its own transaction; yields the names of those loaded now."""
    for name, load in PARTS.items():
        with transaction.atomic():
            _part, is_new = DemoPart.objects.get_or_create(name=name)
            if is_new:
                load()
        if is_new:
            yield name


def account_names() -> list[str]:
    return [account["username"] for account in _read("demo/accounts.json")]


def load_regions() -> None:
    _load_missing("regions.json")


def load_organizations() -> None:
    _load_missing("organizations.json")


def load_accounts() -> None:
    for data in _read("demo/accounts.json"):
        if User.objects.filter(username=data["username"]).exists():
            continue
        user = User(email=f"{data['username']}@kotaku.test", **_values(data))
        user.set_password(PASSWORD)
        _store(user)


def load_workshop_2019() -> None:
    data = _read("demo/lokakarya-kotaku-2019.json")
    if Workshop.objects.filter(slug=data["workshop"]["slug"]).exists():
        return
    planner = User.objects.filter(username="planner").first()
    workshop = _store(Workshop(created_by=planner, **_values(data["workshop"])))
    for name, model in (
        ("areas", WorkshopArea),
        ("leaders", Leader),
        ("report_sections", ReportSection),
        ("textual_notes", TextualNote),
    ):
        for row in data[name]:
            _store(model(workshop=workshop, **_values(row)))
    _store_agenda(workshop, data["agenda"])
    began_at = _local(datetime.combine(workshop.held_on, workshop.start_time or time.min))
    for row in data["participants"]:
        _store(Participant(workshop=workshop, arrived_at=began_at, **_values(row)))
    for step in data["steps"]:
        by = User.objects.filter(username=step["by"]).first()
        getattr(workshop, step["verb"])(by=by, at=_local(datetime.fromisoformat(step["at"])))


def load_slum_areas() -> None:
    """Areas, decrees and reported hectares are facts; boundaries and baselines are made up and marked as such."""
    data = _read("demo/slum-areas.json")
    if SlumArea.objects.exists():
        return
    areas = {}
    for row in data["areas"]:
        area = areas[row["slug"]] = _store(SlumArea(**_values(row, "villages")))
        area.villages.set(Region.objects.filter(code__in=row["villages"]))
    for row in data["decrees"]:
        decree = _store(Decree(**_values(row, "areas")))
        for slug in row["areas"]:
            _store(DecreeArea(decree=decree, slum_area=areas[slug]))
    groups = {}
    for row in data["groups"]:
        groups[row["slug"]] = _store(ReportingGroup(**_values(row, "regions")))
        groups[row["slug"]].regions.set(Region.objects.filter(code__in=row["regions"]))
    for row in data["figures"]:
        _store(ReportedHectares(group=groups[row["group"]], **_values(row, "group")))
    for row in data["boundaries"]:
        _store(AreaBoundary(slum_area=areas[row["slum_area"]], **_values(row, "slum_area")))
    units = {}
    for row in data["units"]:
        unit = _store(NeighbourhoodUnit(slum_area=areas.get(row["slum_area"]), **_values(row, "slum_area")))
        units[(row["region"], row["rw"], row["rt"])] = unit
    for row in data["works"]:
        _store(Work(unit=units[tuple(row["unit"])], **_values(row, "unit")))
    _store_baselines(data["baselines"], units)


def _store_baselines(rows: list[dict], units: dict[tuple, NeighbourhoodUnit]) -> None:
    years = {
        year: _store(AssessmentYear(year=year, rule_set=scoring.PERMEN_14_2018))
        for year in sorted({row["year"] for row in rows})
    }
    for row in rows:
        _store(
            Baseline(
                unit=units[tuple(row["unit"])],
                assessment_year=years[row["year"]],
                is_made_up=True,
                source="Angka rekaan untuk contoh",
                **row["values"],
                **_values(row, "unit", "year", "values"),
            )
        )
    verifier = User.objects.filter(username="verifier").first()
    for verb in ("verify", "lock"):
        getattr(years[2018], verb)(by=verifier, at=timezone.now())


def _store_agenda(workshop: Workshop, rows: list[dict], parent: AgendaItem | None = None) -> None:
    for row in rows:
        item = _store(AgendaItem(workshop=workshop, parent=parent, **_values(row, "minutes", "sub_items")))
        _store_minutes(item, row.get("minutes", []))
        _store_agenda(workshop, row.get("sub_items", []), parent=item)


def _store_minutes(item: AgendaItem, rows: list[dict], parent: MinutesEntry | None = None) -> None:
    for row in rows:
        entry = MinutesEntry(
            workshop=item.workshop,
            agenda_item=item,
            parent=parent,
            updated_by=item.workshop.created_by,
            **_values(row, "replies"),
        )
        _store_minutes(item, row.get("replies", []), parent=_store(entry))


def _read(name: str):
    return json.loads((FIXTURES / name).read_text(encoding="utf-8"))


def _load_missing(name: str) -> None:
    """Store what the fixture holds and the database does not; what is there already stays as it is."""
    for row in serializers.deserialize("json", (FIXTURES / name).read_text(encoding="utf-8")):
        if row.object.pk is None:
            _store(row.object)


def _values(row: dict, *without: str) -> dict:
    """A row of the data as model values: lists are lines of text, codes and keys name regions and organizations."""
    return {name: _value(name, value) for name, value in row.items() if name not in without}


def _value(name: str, value):
    if isinstance(value, list):
        return "\n".join(value)
    if name == "region":
        return Region.objects.filter(code=value).first()
    if name in ("organization", "organizer"):
        return Organization.objects.filter(key=value).first()
    return value


def _store(instance: models.Model):
    instance.full_clean()
    instance.save()
    return instance


def _local(moment: datetime) -> datetime:
    return timezone.make_aware(moment)


# In the order in which they need each other.
PARTS: dict[str, Callable[[], None]] = {
    "regions": load_regions,
    "organizations": load_organizations,
    "accounts": load_accounts,
    "lokakarya-kotaku-2019": load_workshop_2019,
    "slum-areas": load_slum_areas,
    "packages": load_packages,
}
