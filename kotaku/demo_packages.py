"""The 195 packages of the demo programme, the same in every installation.

How many there are in each sector and which ones are stuck are facts of the workshop of 2019; everything else is made
up, says so, and follows from the running number. Stored in bulk: what the verbs would have written step by step is
written here at once, and a test walks every line of it through the table of steps.
"""

import hashlib
import json
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal

from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.utils import timezone
from simple_history.utils import bulk_create_with_history

from assets import checklists, stages
from assets.asset_types import ASSET_TYPES
from assets.models import Asset, Document, DocumentVersion, FunctionCheck, Move, Package
from assets.models.assets import a_year_after
from core.models import Organization, Region, User
from slumareas.models import SlumArea

FIXTURES = settings.BASE_DIR / "fixtures" / "demo"
GIVER, REGENCY = "balai-prasarana-permukiman", "pemkab-bangka-barat"
LAST_DAY = date(2019, 7, 15)  # the day before the workshop
MADE_UP = "Rincian rekaan untuk contoh."
PAPER = "assets/demo/berkas-contoh.pdf"


@dataclass
class Plan:
    """One package as it is to be stored: the row of the data, and what follows from its place in the list."""

    place: int
    number: str
    row: dict
    receiver: str | None
    manager: str | None
    village: Region
    holders: list[tuple[str, str]]
    days: list[date] = field(default_factory=list)
    package: Package | None = None

    @property
    def path(self) -> str:
        return self.row.get("path", stages.REGULAR)

    @property
    def route(self) -> list[str]:
        """The stages it went through, the present one last."""
        keys = stages.COMMUNITY_STAGES if self.path == stages.COMMUNITY else tuple(stages.STAGES)
        return list(keys[: keys.index(self.row["stage"]) + 1])

    def reached(self, stage: str) -> date | None:
        return self.days[self.route.index(stage)] if stage in self.route else None

    @property
    def accepted_on(self) -> date | None:
        """The receiver's answer, the day its letter went on."""
        return self.reached(stages.SUBMITTED_TO_MINISTRY)


def load_packages() -> None:
    if Package.objects.exists():
        return
    data = json.loads((FIXTURES / "packages.json").read_text(encoding="utf-8"))
    organizations = {organization.key: organization for organization in Organization.objects.all()}
    people = {user.username: user for user in User.objects.filter(username__in=["balai", "opd_user", "planner"])}
    plans = list(_plans(data))
    packages = [_package(plan, organizations) for plan in plans]
    for plan, package in zip(plans, bulk_create_with_history(packages, Package, batch_size=200), strict=True):
        plan.package = package
    Move.objects.bulk_create([move for plan in plans for move in _moves(plan, organizations, people)], batch_size=500)
    assets = [_asset(plan, organizations, data) for plan in plans]
    stored = bulk_create_with_history(assets, Asset, batch_size=200)
    checks = [_check(plan, asset) for plan, asset in zip(plans, stored, strict=True) if _is_operating(plan)]
    FunctionCheck.objects.bulk_create(checks)
    Document.objects.bulk_create([paper for plan in plans for paper in _papers(plan)], batch_size=1000)
    _store_versions(people)


def _plans(data: dict):
    villages = list(Region.objects.villages().order_by("code"))
    by_code = {village.code: village for village in villages}
    place = 0
    for sector, count in data["counts"].items():
        cases = [case for case in data["cases"] if case["sector"] == sector]
        for running in range(1, count + 1):
            case = cases[running - 1] if running <= len(cases) else None
            number = f"{data['prefixes'][sector]}-{running:03d}"
            yield _plan(
                place, number, case or _made_up(data, sector, running - len(cases), place), data, villages, by_code
            )
            place += 1


def _made_up(data: dict, sector: str, running: int, place: int) -> dict:
    patterns = data["patterns"][sector]
    row = {"sector": sector, "stage": data["stages"][place % len(data["stages"])], **patterns[running % len(patterns)]}
    if place % 6 == 5 and stages.is_before(row["stage"], stages.GRANT_DEED_SIGNED):
        row["reason"], row["condition_note"] = data["blocks"][place // 6 % len(data["blocks"])]
        row["condition"] = "blocked"
    return row


def _plan(place, number, row, data, villages, by_code) -> Plan:
    receiver = None if row.get("path") == stages.COMMUNITY or row.get("reason") == "no_recipient_unit" else (
        data["receivers"][row["sector"]]
    )  # fmt: skip
    manager, seat = data["managers"][place % len(data["managers"])]
    is_late = not stages.is_before(row["stage"], stages.HANDED_TO_MANAGER) and "village" not in row
    # Only these two villages have an office in the programme that could run anything.
    village = by_code[
        row.get("village") or (seat if is_late else villages[(place * 7 + place // len(villages)) % len(villages)].code)
    ]
    plan = Plan(place, number, row, receiver, manager if is_late else None, village, [])
    plan.holders = [_holder(plan, stage, data) for stage in plan.route]
    plan.days = _days(plan)
    return plan


def _holder(plan: Plan, stage: str, data: dict) -> tuple[str, str]:
    """(organization, desk) of the file at a stage."""
    if stage == plan.row["stage"] and "holder" in plan.row:
        return plan.row["holder"], plan.row["desk"]
    if plan.path == stages.COMMUNITY:
        return GIVER, "Satker PLP"
    choices = data["holders"][stage]
    key, desk = choices[plan.place // len(data["stages"]) % len(choices)]
    named = {"{receiver}": plan.receiver or GIVER, "{manager}": plan.manager or REGENCY}
    return named.get(key, key), desk


def _days(plan: Plan) -> list[date]:
    """When each stage was reached, counted backwards from the last one."""
    last = date.fromisoformat(plan.row["since"]) if "since" in plan.row else LAST_DAY - timedelta(
        days=12 + plan.place * 53 % 700
    )  # fmt: skip
    days = [last]
    for step in range(1, len(plan.route)):
        days.append(days[-1] - timedelta(days=15 + (plan.place * 31 + step * 47) % 110))
    return days[::-1]


def _package(plan: Plan, organizations: dict[str, Organization]) -> Package:
    row, (holder, desk) = plan.row, plan.holders[-1]
    year = plan.days[0].year - 1
    value = None if row.get("reason") == "value_unknown" or "value" not in row else (
        Decimal(row["value"]) * (100 + plan.place * 37 % 60) / 100
    )  # fmt: skip
    area = SlumArea.objects.filter(slug=row["slum_area"]).first() if "slum_area" in row else None
    return Package(
        number=plan.number,
        name=row["name"].format(village=plan.village.name),
        sector=row["sector"],
        giver=organizations[GIVER],
        receiver=organizations.get(plan.receiver),
        legal_basis=f"DIPA Satker contoh Tahun Anggaran {year}",
        budget_year=year,
        value=value,
        village=plan.village,
        slum_area=area,
        path=plan.path,
        is_planned_as_grant=plan.place % 40 == 9,
        is_made_up=True,
        note=" ".join(filter(None, (row.get("note"), MADE_UP))),
        stage=row["stage"],
        stage_reached_on=plan.days[-1],
        condition=row.get("condition", "normal"),
        reason=row.get("reason", ""),
        condition_note=row.get("condition_note", ""),
        holder=organizations[holder],
        holder_desk=desk,
        holder_reached_on=_since(plan.holders, plan.days),
        accepted_on=plan.accepted_on,
        grant_deed_on=plan.reached(stages.GRANT_DEED_SIGNED),
        handover_on=plan.reached(stages.BAST_SIGNED),
        is_published=not stages.is_before(row["stage"], stages.ACCEPTANCE_LETTER) or "condition" in row,
    )


def _since(holders: list, days: list[date]) -> date:
    """Since when the last holder has had the file without a break."""
    first = len(holders) - 1
    while first and holders[first - 1] == holders[-1]:
        first -= 1
    return days[first]


def _moves(plan: Plan, organizations, people) -> list[Move]:
    """The way to the present stage as the verbs would have logged it."""
    found = []
    by = people.get("balai")

    def write(kind, on, place, before, **extra):
        (from_holder, from_desk), (to_holder, to_desk) = before[1], plan.holders[place]
        found.append(
            Move(
                package=plan.package, kind=kind, on=on, at=_noon(on), by=extra.pop("by", by),
                from_stage=before[0], to_stage=plan.route[place], from_condition="normal",
                from_holder=organizations[from_holder], from_desk=from_desk,
                to_holder=organizations[to_holder], to_desk=to_desk,
                **{"to_condition": "normal", **extra},
            )
        )  # fmt: skip

    for place in range(1, len(plan.route)):
        on, before = plan.days[place], (plan.route[place - 1], plan.holders[place - 1])
        if plan.route[place] == stages.SUBMITTED_TO_MINISTRY:
            write(Move.Kind.ACCEPT, on, place - 1, before, by=people.get("opd_user"))
        is_handed_on = plan.holders[place] != plan.holders[place - 1]
        held_since = _since(plan.holders[:place], plan.days[:place])
        write(
            Move.Kind.ADVANCE, on, place, before, stage_days=(on - plan.days[place - 1]).days,
            holder_days=(on - held_since).days if is_handed_on else None,
        )  # fmt: skip
    if reason := plan.row.get("reason"):
        on = min(plan.days[-1] + timedelta(days=9), LAST_DAY)
        write(Move.Kind.BLOCK, on, len(plan.route) - 1, (plan.route[-1], plan.holders[-1]), to_condition="blocked",
              reason=reason, note=plan.row["condition_note"])  # fmt: skip
    return found


def _is_operating(plan: Plan) -> bool:
    return plan.row["stage"] == stages.OPERATING


def _asset(plan: Plan, organizations, data) -> Asset:
    row, kind = plan.row, ASSET_TYPES[plan.row["type"]]
    is_booked = plan.path == stages.REGULAR and not stages.is_before(row["stage"], stages.RECORDED_REGENCY)
    handed_on = plan.reached(stages.HANDED_TO_MANAGER)
    longitude, latitude = _middle(plan.village)
    return Asset(
        package=plan.package,
        number=1,
        asset_type=kind.key,
        name=plan.package.name,
        quantity=row.get("quantity", 1),
        unit=kind.unit,
        built_year=plan.package.budget_year,
        condition=["good", "good", "light_damage", "good", "heavy_damage", ""][plan.place % 6],
        land_status="private"
        if plan.path == stages.COMMUNITY
        else ["village", "regency", "granted", ""][plan.place % 4],
        latitude=latitude,
        longitude=longitude,
        value=plan.package.value,
        kib_class=kind.kib_class if is_booked else "",
        kib_code=f"CONTOH.{plan.place:04d}" if is_booked else "",
        manager=organizations.get(plan.manager),
        duties=data["duties"] if plan.manager else "",
        next_check_on=handed_on and a_year_after(plan.days[-1] if _is_operating(plan) else handed_on),
    )


def _check(plan: Plan, asset: Asset) -> FunctionCheck:
    """The look at it with which the operation began."""
    on = plan.days[-1]
    return FunctionCheck(
        asset=asset, year=on.year, checked_on=on, is_functioning=True, condition=asset.condition or "good", at=_noon(on)
    )


def _middle(village: Region) -> tuple[Decimal | None, Decimal | None]:
    """A point amid the village; none where no boundary is known."""
    geometry = village.boundary
    if not geometry:
        return None, None
    ring = geometry["coordinates"][0] if geometry["type"] == "Polygon" else geometry["coordinates"][0][0]
    return tuple(Decimal(str(sum(axis) / len(ring))).quantize(Decimal("0.000001")) for axis in zip(*ring, strict=True))


# How far papers have come that no stage needed yet, by kind and package.
STATES = ("missing", "received", "missing", "accepted", "missing", "returned", "accepted", "missing")
RETURNED = "Halaman terakhir belum ditandatangani."


def _papers(plan: Plan) -> list[Document]:
    wanted = plan.package.wanted_papers([plan.row["type"]])
    return [_paper(plan, paper, place) for place, paper in enumerate(wanted)]


def _paper(plan: Plan, wanted: checklists.Wanted, place: int) -> Document:
    document = Document(
        package=plan.package, kind=wanted.kind, is_required=wanted.is_required, needed_before=wanted.needed_before
    )
    passed = [(stage, on) for stage, on in zip(plan.route, plan.days, strict=True)
              if not stages.is_before(stage, wanted.needed_before)]  # fmt: skip
    can_exist = (
        stages.is_before(wanted.needed_before, stages.GRANT_DEED_SIGNED) and plan.row["stage"] != stages.IDENTIFIED
    )
    if passed and wanted.is_required:
        document.state, document.settled_on = Document.State.ACCEPTED, passed[0][1]
        document.dated_on = passed[0][1] - timedelta(days=20)
    elif can_exist:
        document.state = STATES[(plan.place * 3 + place * 5) % len(STATES)]
        document.dated_on = plan.days[-1] - timedelta(days=10) if document.state != Document.State.MISSING else None
    if document.state == Document.State.RETURNED:
        document.note = RETURNED
    if document.dated_on:
        document.changed_on = document.dated_on + timedelta(days=5)
        document.number = f"{place + 1:02d}/{plan.number}/CONTOH/{document.dated_on.year}"
        days = checklists.REQUIREMENTS[wanted.kind].valid_days
        document.valid_until = document.dated_on + timedelta(days=days) if days else None
    return document


def _store_versions(people: dict[str, User]) -> None:
    """Every paper that somebody brought holds the same sheet, which says that it is an example."""
    content = (FIXTURES / "berkas-contoh.pdf").read_bytes()
    name = PAPER if default_storage.exists(PAPER) else default_storage.save(PAPER, ContentFile(content))
    sha256 = hashlib.sha256(content).hexdigest()
    brought = Document.objects.exclude(state=Document.State.MISSING)
    versions = [
        DocumentVersion(
            document=document, number=1, file=name, sha256=sha256, size=len(content), dated_on=document.dated_on,
            by=people.get("balai"), at=_noon(document.changed_on),
        )
        for document in brought
    ]  # fmt: skip
    DocumentVersion.objects.bulk_create(versions, batch_size=1000)


def _noon(day: date) -> datetime:
    return timezone.make_aware(datetime.combine(day, time(12)))
