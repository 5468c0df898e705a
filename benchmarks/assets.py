"""Asset handover as ratios: 50,000 packages with 500,000 papers against 195 packages, on the same machine in one run.

Generates made-up packages in a database of its own, in memory unless BENCH_DATABASE_URL names an empty one. Prints for
each reading the fastest of its rounds (other work on the machine counts least in it), the ratio to that with 195
packages, and the number of queries of both. PACKAGES and PAPERS set the size, ROUNDS how often each is read.
"""

import datetime
import os
import sys
import time
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
os.environ.update(
    DJANGO_SETTINGS_MODULE="kotaku.settings",
    DATABASE_URL=os.environ.get("BENCH_DATABASE_URL", "sqlite://:memory:"),
    DEBUG="0",
    SECRET_KEY="only-for-the-benchmark-0123456789abcdef0123456789",  # noqa: S106
    ALLOWED_HOSTS="testserver",
)

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.urls import NoReverseMatch, reverse  # noqa: E402

from assets import ageing, asset_types, checklists, stages  # noqa: E402
from assets.models import Asset, Document, Move, Package  # noqa: E402
from core.models import Organization, Region, User  # noqa: E402

SMALL = 195
LARGE = int(os.environ.get("PACKAGES", "50000"))
PAPERS = int(os.environ.get("PAPERS", str(LARGE * 10)))
ROUNDS = int(os.environ.get("ROUNDS", "7"))
TODAY = datetime.date(2026, 3, 10)
# Of the process alone where the database works in it, so that other work on the machine does not count.
CLOCK = time.process_time if connection.vendor == "sqlite" else time.perf_counter
LIMIT = 3  # a reading of the large register may take so many times that of the small one
HOLDERS = 12  # as many offices and desks in the small register as in the large one
SECTORS = list(asset_types.SECTORS)
KEYS = tuple(stages.STAGES)


class Register:
    """Made-up packages by their running number; more can be added, and the first ones stay as they are."""

    def __init__(self):
        regency = Region.objects.create(code="19.05", name="Uji", level="regency")
        district = Region.objects.create(code="19.05.01", name="Uji", level="district", parent=regency)
        self.villages = [
            Region.objects.create(
                code=f"19.05.01.{2001 + place}", name=f"Desa {place}", level="village", kind="desa", parent=district
            )
            for place in range(66)
        ]
        names = ["Balai Uji", *(f"Dinas Uji {place}" for place in range(HOLDERS))]
        self.offices = [
            Organization.objects.create(key=f"uji-{place}", name=name, short_name=name)
            for place, name in enumerate(names)
        ]
        self.user = User.objects.create_user("uji", password="uji-uji-uji", role="planner")  # noqa: S106
        self.count = 0

    def grow(self, count: int, papers: int) -> None:
        for start in range(self.count, count, 5000):
            self._add(range(start, min(start + 5000, count)), -(-papers // count))
        self.count = count
        with connection.cursor() as cursor:
            # What a server does by itself while it runs.
            cursor.execute("VACUUM ANALYZE" if connection.vendor == "postgresql" else "PRAGMA optimize")

    def _add(self, numbers: range, papers: int) -> None:
        packages = Package.objects.bulk_create([self._package(number) for number in numbers], batch_size=1000)
        Asset.objects.bulk_create([self._asset(package) for package in packages], batch_size=1000)
        Move.objects.bulk_create([move for package in packages for move in self._moves(package)], batch_size=1000)
        kinds = list(checklists.REQUIREMENTS)[:papers]
        Document.objects.bulk_create(
            [
                Document(
                    package=package, kind=kind, state=("accepted", "missing", "received")[(package.pk + place) % 3]
                )
                for package in packages
                for place, kind in enumerate(kinds)
            ],
            batch_size=2000,
        )

    def _package(self, number: int) -> Package:
        stage = KEYS[number * 7 % 12]
        reached = TODAY - datetime.timedelta(days=number * 37 % 2500)
        deed, handover = stage in stages.AFTER_DEED, stage in stages.AFTER_HANDOVER
        is_blocked = number % 9 == 0
        return Package(
            number=f"UJI-{number:06d}",
            name=f"Paket uji {number}",
            sector=SECTORS[number % 4],
            giver=self.offices[0],
            receiver=self.offices[1 + number % HOLDERS],
            budget_year=2008 + number % 15,
            value=None if number % 11 == 0 else Decimal(number * 7919 % 6_000_000_000),
            village=self.villages[number % 66],
            stage=stage,
            stage_reached_on=reached,
            condition="blocked" if is_blocked else "normal",
            reason="letter_unsigned" if is_blocked else "",
            holder=self.offices[1 + number * 5 % HOLDERS],
            holder_desk="Meja Bupati" if number % 5 == 0 else "",
            holder_reached_on=reached,
            grant_deed_on=TODAY - datetime.timedelta(days=3000) if deed else None,
            handover_on=TODAY - datetime.timedelta(days=2990) if handover else None,
            is_published=number % 2 == 0,
        )

    def _asset(self, package: Package) -> Asset:
        kinds = asset_types.of_sector(package.sector)
        return Asset(package=package, number=1, asset_type=kinds[package.pk % len(kinds)].key, name=package.name)

    def _moves(self, package: Package):
        for place in range(3):
            yield Move(
                package=package, kind="advance", from_stage=KEYS[place], to_stage=KEYS[place + 1],
                from_condition="normal", to_condition="normal", from_holder=self.offices[1 + package.pk % HOLDERS],
                to_holder=package.holder, on=package.stage_reached_on, by=self.user,
                at=datetime.datetime(2026, 1, 1, place, tzinfo=datetime.UTC),
                stage_days=package.pk * 13 % 700, holder_days=package.pk * 17 % 700,
            )  # fmt: skip


AGEING = ("by stage", "by holder", "past by stage", "past by holder", "totals", "by value", "longest waiting")


def readings(client: Client) -> dict:
    packages, moves = Package.objects.visible_to, Move.objects.visible_to
    user = User.objects.get(username="uji")
    found = {
        "by stage": lambda: ageing.by_stage(packages(user), TODAY),
        "by holder": lambda: ageing.by_holder(packages(user), TODAY),
        "past by stage": lambda: ageing.past_by_stage(moves(user)),
        "past by holder": lambda: ageing.past_by_holder(moves(user)),
        "totals": lambda: ageing.totals(packages(user)),
        "by value": lambda: ageing.by_value(packages(user)),
        "longest waiting": lambda: list(ageing.longest_waiting(packages(user), TODAY)),
        "first page with papers": lambda: list(packages(user).with_papers(TODAY).days_waiting(TODAY)[:50]),
        "checklist of a package": lambda: list(
            Document.objects.filter(package__number="UJI-000017").in_checklist_order().select_related("package")
        ),
    }
    parts = [read for name, read in found.items() if name in AGEING]
    found["ageing in all"] = lambda: [read() for read in parts]
    addresses = {
        "API list": "/api/v1/packages/",
        "API list, waiting": "/api/v1/packages/?stage=acceptance_letter&ordering=-days_waiting",
        "API package": "/api/v1/packages/UJI-000017/",
    }
    for name in ("package_list", "stage_board", "ageing", "totals"):
        addresses |= _address(f"page {name}", f"assets:{name}")
    addresses |= _address("page package_detail", "assets:package_detail", "UJI-000017")
    return found | {name: lambda url=url: _get(client, url) for name, url in addresses.items()}


def _address(label: str, name: str, *args) -> dict[str, str]:
    try:
        return {label: reverse(name, args=args)}
    except NoReverseMatch:
        return {}


def _get(client: Client, url: str) -> None:
    answer = client.get(url)
    assert answer.status_code == 200, (url, answer.status_code)


def measured(client: Client) -> dict[str, tuple[float, int]]:
    """{name: (fastest seconds, queries)}; the first reading warms up and counts."""
    found = {}
    for name, read in readings(client).items():
        with CaptureQueriesContext(connection) as seen:
            read()
        queries = len(seen)  # at once: the next request empties the log
        times = []
        for _round in range(ROUNDS):
            start = CLOCK()
            read()
            times.append(CLOCK() - start)
        found[name] = min(times), queries
    return found


def main() -> None:
    call_command("migrate", verbosity=0)
    register, client = Register(), Client()
    client.force_login(register.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    register.grow(SMALL, SMALL * 10)
    small = measured(client)
    start = time.perf_counter()
    register.grow(LARGE, PAPERS)
    generated = time.perf_counter() - start
    large = measured(client)
    counts = Package.objects.count(), Document.objects.count(), Move.objects.count()
    print(
        f"{connection.vendor}: {counts[0]} packages, {counts[1]} papers, {counts[2]} moves (made in {generated:.0f} s)"
    )
    print(f"{'':26}{SMALL:>10}{LARGE:>12}{'ratio':>8}  queries")
    for name, (seconds, queries) in large.items():
        before, same = small[name]
        ratio = seconds / before
        is_slow = ratio > LIMIT and name.startswith(("API", "page"))
        mark = "  <- above the limit" if is_slow or queries != same else ""
        print(f"{name:26}{before * 1000:8.1f}ms{seconds * 1000:10.1f}ms{ratio:8.1f}  {same}/{queries}{mark}")


if __name__ == "__main__":
    main()
