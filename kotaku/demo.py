"""The demo programme: named parts that are loaded once and then belong to whoever uses the installation.

A part that was loaded is never looked at again, so nothing that a person changed or deleted is overwritten
or restored. The data stand in `fixtures/`; they pass through the models' own checks and verbs.
"""

from collections.abc import Callable, Iterator
from datetime import datetime, time

from django.db import transaction
from django.utils import timezone

from agreements.models import Agreement, AgreementCriterion, AgreementRecord, FollowUp, Funding, Signatory
from core.models import DemoPart, Organization, Region, User
from kotaku.demo_packages import load_packages
from kotaku.demo_store import load_missing, local, read, store, values_of
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
    return [account["username"] for account in read("demo/accounts.json")]


def load_regions() -> None:
    load_missing("regions.json")


def load_organizations() -> None:
    load_missing("organizations.json")


def load_accounts() -> None:
    for data in read("demo/accounts.json"):
        if User.objects.filter(username=data["username"]).exists():
            continue
        user = User(email=f"{data['username']}@kotaku.test", **values_of(data))
        user.set_password(PASSWORD)
        store(user)


def load_workshop_2019() -> None:
    data = read("demo/lokakarya-kotaku-2019.json")
    if Workshop.objects.filter(slug=data["workshop"]["slug"]).exists():
        return
    planner = User.objects.filter(username="planner").first()
    workshop = store(Workshop(created_by=planner, **values_of(data["workshop"])))
    for name, model in (
        ("areas", WorkshopArea),
        ("leaders", Leader),
        ("report_sections", ReportSection),
        ("textual_notes", TextualNote),
    ):
        for row in data[name]:
            store(model(workshop=workshop, **values_of(row)))
    _store_agenda(workshop, data["agenda"])
    _store_agreements(workshop, data)
    began_at = local(datetime.combine(workshop.held_on, workshop.start_time or time.min))
    for row in data["participants"]:
        store(Participant(workshop=workshop, arrived_at=began_at, **values_of(row)))
    for step in data["steps"]:
        by = User.objects.filter(username=step["by"]).first()
        getattr(workshop, step["verb"])(by=by, at=local(datetime.fromisoformat(step["at"])))


def _store_agreements(workshop: Workshop, data: dict) -> None:
    """Drafted while the minutes were open, signed on paper by all, published with the minutes."""
    record = store(AgreementRecord(workshop=workshop, **values_of(data["agreement_record"])))
    item = workshop.agenda_items.get(kind=AgendaItem.Kind.AGREEMENT)
    for text in data["agreements"]:
        store(Agreement(workshop=workshop, text=text, agenda_item=item, created_by=workshop.created_by))
    for row in data["signatories"]:
        store(Signatory(record=record, **values_of(row)))
    by, at = workshop.created_by, local(datetime.combine(workshop.held_on, workshop.end_time or time.max))
    record.open_for_signing(by=by, at=at)
    for signatory in record.signatories.all():
        signatory.sign(by=by, at=at, how=Signatory.How.PAPER, on=workshop.held_on)
    record.publish(by=by, at=at)


def load_agreements_2019() -> None:
    """What can be measured of the agreements and what is done about them. What the source does not say is marked."""
    data = read("demo/agreements-2019.json")
    workshop = Workshop.objects.filter(slug=data["workshop"]).first()
    if workshop is None:
        return
    by, at = workshop.created_by, local(datetime.combine(workshop.held_on, workshop.end_time or time.max))
    agreements = {agreement.number: agreement for agreement in workshop.agreements.all()}
    for row in data["agreements"]:
        if agreement := agreements.get(row["number"]):
            _classify(agreement, row["values"])
            for follow_up in row["follow_ups"]:
                _store_follow_up(follow_up, by, at, agreement=agreement)
    for row in data["problems"]:
        if entry := workshop.minutes_entries.filter(kind="problem", title=row["title"]).first():
            _store_follow_up(row["follow_up"], by, at, source_entry=entry)


def _classify(agreement: Agreement, values: dict) -> None:
    for name, value in values_of(values, "organizations", "slum_areas", "criteria").items():
        setattr(agreement, name, value)
    store(agreement)
    agreement.organizations.set(Organization.objects.filter(key__in=values["organizations"]))
    agreement.slum_areas.set(SlumArea.objects.filter(slug__in=values.get("slum_areas", [])))
    for criterion in values.get("criteria", []):
        AgreementCriterion.objects.get_or_create(agreement=agreement, criterion=criterion)


def _store_follow_up(row: dict, by, at, **origin) -> None:
    follow_up = FollowUp(**origin, **values_of(row, "partners", "fundings"))
    if follow_up.responsible_organization is None:
        return  # a person removed that organization
    follow_up.full_clean(exclude=["workshop", "updated_on"])
    follow_up.record(by=by, at=at)
    follow_up.partners.set(Organization.objects.filter(key__in=row.get("partners", [])))
    for funding in row.get("fundings", []):
        store(Funding(follow_up=follow_up, **funding))


def load_slum_areas() -> None:
    """Areas, decrees and reported hectares are facts; boundaries and baselines are made up and marked as such."""
    data = read("demo/slum-areas.json")
    if SlumArea.objects.exists():
        return
    areas = {}
    for row in data["areas"]:
        area = areas[row["slug"]] = store(SlumArea(**values_of(row, "villages")))
        area.villages.set(Region.objects.filter(code__in=row["villages"]))
    for row in data["decrees"]:
        decree = store(Decree(**values_of(row, "areas")))
        for slug in row["areas"]:
            store(DecreeArea(decree=decree, slum_area=areas[slug]))
    groups = {}
    for row in data["groups"]:
        groups[row["slug"]] = store(ReportingGroup(**values_of(row, "regions")))
        groups[row["slug"]].regions.set(Region.objects.filter(code__in=row["regions"]))
    for row in data["figures"]:
        store(ReportedHectares(group=groups[row["group"]], **values_of(row, "group")))
    for row in data["boundaries"]:
        store(AreaBoundary(slum_area=areas[row["slum_area"]], **values_of(row, "slum_area")))
    units = {}
    for row in data["units"]:
        unit = store(NeighbourhoodUnit(slum_area=areas.get(row["slum_area"]), **values_of(row, "slum_area")))
        units[(row["region"], row["rw"], row["rt"])] = unit
    for row in data["works"]:
        store(Work(unit=units[tuple(row["unit"])], **values_of(row, "unit")))
    _store_baselines(data["baselines"], units)


def _store_baselines(rows: list[dict], units: dict[tuple, NeighbourhoodUnit]) -> None:
    years = {
        year: store(AssessmentYear(year=year, rule_set=scoring.PERMEN_14_2018))
        for year in sorted({row["year"] for row in rows})
    }
    for row in rows:
        store(
            Baseline(
                unit=units[tuple(row["unit"])],
                assessment_year=years[row["year"]],
                is_made_up=True,
                source="Angka rekaan untuk contoh",
                **row["values"],
                **values_of(row, "unit", "year", "values"),
            )
        )
    verifier = User.objects.filter(username="verifier").first()
    for verb in ("verify", "lock"):
        getattr(years[2018], verb)(by=verifier, at=timezone.now())


def _store_agenda(workshop: Workshop, rows: list[dict], parent: AgendaItem | None = None) -> None:
    for row in rows:
        item = store(AgendaItem(workshop=workshop, parent=parent, **values_of(row, "minutes", "sub_items")))
        _store_minutes(item, row.get("minutes", []))
        _store_agenda(workshop, row.get("sub_items", []), parent=item)


def _store_minutes(item: AgendaItem, rows: list[dict], parent: MinutesEntry | None = None) -> None:
    for row in rows:
        entry = MinutesEntry(
            workshop=item.workshop,
            agenda_item=item,
            parent=parent,
            updated_by=item.workshop.created_by,
            **values_of(row, "replies"),
        )
        _store_minutes(item, row.get("replies", []), parent=store(entry))


# In the order in which they need each other.
PARTS: dict[str, Callable[[], None]] = {
    "regions": load_regions,
    "organizations": load_organizations,
    "accounts": load_accounts,
    "slum-areas": load_slum_areas,
    "lokakarya-kotaku-2019": load_workshop_2019,
    "agreements-2019": load_agreements_2019,
    "packages": load_packages,
}
