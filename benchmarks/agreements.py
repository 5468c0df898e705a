"""Agreements with 20,000 follow-ups against 100: pages and queries as ratios in one run, and what `remind` asks.

    .venv/bin/python benchmarks/agreements.py
    BENCH_MANY=2000 DATABASE_URL=postgres://postgres@127.0.0.1:5432/bench .venv/bin/python benchmarks/agreements.py

BENCH_FEW, BENCH_MANY and BENCH_ROUNDS set the sizes. SQLite in a temporary folder; with TEST_DATABASE_URL the named
PostgreSQL database is made anew and dropped afterwards. Aims: at most 3 times as long, the same number of queries;
`remind` at most 10 queries and two a message.
"""

import datetime
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
FEW, MANY = int(os.environ.get("BENCH_FEW", 100)), int(os.environ.get("BENCH_MANY", 20_000))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", 7))
SERVER = os.environ.get("TEST_DATABASE_URL", "")
FOLDER = tempfile.TemporaryDirectory()
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "kotaku.settings",
    "DEBUG": "0",
    "SECRET_KEY": "only-for-benchmarks-0123456789abcdefghijklmnopqrstuvwxyz",
    "ALLOWED_HOSTS": "testserver",
    "EMAIL_URL": "memorymail://",
    "DATABASE_URL": SERVER or f"sqlite:///{FOLDER.name}/bench.sqlite3",
}

import django  # noqa: E402

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection, transaction  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import timezone  # noqa: E402

from agreements.models import Agreement, Evidence, FollowUp, FollowUpChange, Funding, Review  # noqa: E402
from core.models import Organization, Reminder, User  # noqa: E402
from core.reminders import remind  # noqa: E402
from kotaku.management.commands.remind import SOURCES  # noqa: E402
from workshops.models import Workshop  # noqa: E402

ORGANIZATIONS, AGREEMENTS_OF_A_WORKSHOP = 30, 13
TODAY = datetime.date.today()
BATCH = 2_000


def people() -> User:
    """Thirty agencies with two people each, and the Pokja member who looks."""
    for number in range(ORGANIZATIONS):
        agency = Organization.objects.create(
            key=f"dinas-{number}", name=f"Dinas {number}", short_name=f"Dinas {number}"
        )
        for place in "ab":
            User.objects.create_user(
                f"petugas{number}{place}", f"petugas{number}{place}@contoh.test", role="opd_user", organization=agency
            )
    return User.objects.create_user("uji", role="pokja_member")


@transaction.atomic
def fill(number: int) -> None:
    """So many follow-ups in all: thirteen agreements a workshop, three to thirty follow-ups an agreement."""
    dice = random.Random(2019)  # noqa: S311
    agencies = list(Organization.objects.order_by("pk"))
    workshops = Workshop.objects.bulk_create(
        Workshop(
            title=f"Lokakarya uji {index}", slug=f"uji-{index}", check_in_code=f"{index:06}", status="closed",
            held_on=TODAY - datetime.timedelta(days=dice.randint(30, 2000)),
        )
        for index in range(max(1, number // 200))
    )  # fmt: skip
    agreements = Agreement.objects.bulk_create(
        Agreement(workshop=workshop, number=place, key=f"{workshop.slug}-{place}", text=f"Kesepakatan uji {place}.")
        for workshop in workshops
        for place in range(1, AGREEMENTS_OF_A_WORKSHOP + 1)
    )
    follow_ups = FollowUp.objects.bulk_create(
        (_follow_up(index, dice, agreements, agencies) for index in range(number)), BATCH
    )
    Funding.objects.bulk_create(
        (Funding(follow_up=row, source="apbd_regency", amount=1_000_000) for row in follow_ups), BATCH
    )
    by, at = User.objects.get(username="petugas0a"), timezone.now()
    FollowUpChange.objects.bulk_create(
        (
            FollowUpChange(follow_up=row, verb=verb, by=by, at=at - datetime.timedelta(days=dice.randint(1, 700)))
            for row in follow_ups
            for verb in ("create", "report", "report")
        ),
        BATCH,
    )
    Evidence.objects.bulk_create(
        (
            Evidence(
                follow_up=row, kind="link", title="Uji", url=f"https://contoh.test/{row.pk}", sha256=f"{row.pk:064}",
                submitted_by=by, submitted_at=at - datetime.timedelta(days=dice.randint(1, 700)),
            )
            for row in follow_ups
            if row.status == "done"
        ),
        BATCH,
    )  # fmt: skip


def _follow_up(index, dice, agreements, agencies) -> FollowUp:
    agreement = agreements[index % len(agreements)]
    status = dice.choices(FollowUp.Status.values, [20, 40, 25, 10, 0])[0]
    due = TODAY + datetime.timedelta(days=dice.randint(-700, 700))
    return FollowUp(
        workshop_id=agreement.workshop_id, agreement=agreement, order=index // len(agreements) + 1,
        activity=f"Kegiatan uji nomor {index}", responsible_organization=dice.choice(agencies), status=status,
        due_on=due, starts_on=due - datetime.timedelta(days=90), physical_percent=dice.randint(0, 100),
        obstacle="Lahan" if status == "blocked" else "", done_on=min(due, TODAY) if status == "done" else None,
        updated_on=TODAY - datetime.timedelta(days=dice.randint(0, 300)), version=1,
    )  # fmt: skip


PAGES = {
    "list": "/agreements/follow-ups/",
    "list, overdue": "/agreements/follow-ups/?overdue=true",
    "matrix": "/agreements/follow-ups/matrix/",
    "scoreboard": "/agreements/scoreboard/",
    "agreements": "/agreements/",
}


def measure(client, pages) -> dict[str, tuple[float, int]]:
    """{page: (median seconds, queries)}."""
    found = {}
    for label, url in pages.items():
        answer = client.get(url)
        assert answer.status_code == 200, (url, answer.status_code)
        with CaptureQueriesContext(connection) as seen:
            client.get(url)
        asked = len(seen)  # now: the next request empties the log
        times = []
        for _round in range(ROUNDS):
            start = time.perf_counter()
            client.get(url)
            times.append(time.perf_counter() - start)
        found[label] = statistics.median(times), asked
    return found


def with_numbers(number: int, client) -> dict[str, tuple[float, int]]:
    fill(number)
    Review.objects.create(held_on=TODAY - datetime.timedelta(days=60))
    review = Review.objects.create(held_on=TODAY)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
    return measure(client, PAGES | {"queue": f"/agreements/review/{review.pk}/queue/"})


def empty() -> None:
    for model in (Review, Evidence, FollowUpChange, Funding, FollowUp, Agreement, Workshop):
        model.objects.all()._raw_delete("default")


def reminders() -> None:
    with CaptureQueriesContext(connection) as seen:
        start = time.perf_counter()
        outcome = remind(SOURCES, on=TODAY)
        seconds = time.perf_counter() - start
    allowed = 10 + 2 * outcome.sent
    print(
        f"remind over {FollowUp.objects.count():,}: {len(seen)} queries for {outcome.sent} messages (at most {allowed}), "
        f"{Reminder.objects.count()} reminders, {seconds:.1f} s"
    )
    assert len(seen) <= allowed
    with CaptureQueriesContext(connection) as seen:
        again = remind(SOURCES, on=TODAY)
    print(f"again: {len(seen)} queries, {again.sent} messages")
    assert (again.sent, len(seen) <= 10) == (0, True)


def main() -> None:
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    user = people()
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    few = with_numbers(FEW, client)
    empty()
    many = with_numbers(MANY, client)
    print(f"{connection.vendor}: {MANY:,} follow-ups against {FEW:,}")
    for label, (seconds, queries) in many.items():
        before, asked = few[label]
        print(
            f"  {label:14} {seconds / before:5.2f} times as long (at most 3; {before * 1000:.0f} -> {seconds * 1000:.0f} ms), "
            f"{asked} -> {queries} queries"
        )
    reminders()


def on_server(url: str) -> None:
    """In a database of its own."""
    import psycopg2

    name = urlsplit(url).path.lstrip("/")
    for statements in ([f'DROP DATABASE IF EXISTS "{name}"', f'CREATE DATABASE "{name}"'], [f'DROP DATABASE "{name}"']):
        server = psycopg2.connect(url.rsplit("/", 1)[0] + "/postgres")
        server.autocommit = True
        for statement in statements:
            server.cursor().execute(statement)
        server.close()
        if len(statements) == 2:
            main()
            connection.close()


if SERVER:
    on_server(SERVER)
else:
    main()
