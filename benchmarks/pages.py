"""Pages as ratios: the list of 5,000 workshops against an empty page of the same site, and what a visit weighs.

Runs in a database of its own, in memory. Prints the median ratio and the queries of each page; weights are of
the answers as sent (gzip), static files as the collected, compressed ones.
"""

import datetime
import os
import re
import statistics
import sys
import time
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

from core.models import User  # noqa: E402
from workshops.models import MinutesEntry, Workshop  # noqa: E402

ROUNDS = 15


def seconds(client, url):
    start = time.perf_counter()
    answer = client.get(url)
    assert answer.status_code == 200, (url, answer.status_code)
    return time.perf_counter() - start


def queries(client, url):
    with CaptureQueriesContext(connection) as seen:
        client.get(url)
    return len(seen)


def workshops(number, start=0):
    day = datetime.date(2020, 1, 1)
    Workshop.objects.bulk_create(
        Workshop(
            title=f"Lokakarya uji {index}",
            slug=f"uji-{index}",
            check_in_code=f"{index:06}",
            held_on=day + datetime.timedelta(days=index % 2000),
            place="Balai Uji",
        )
        for index in range(start, start + number)
    )


def weight(client, url):
    """(bytes of the page, bytes of the static files it names), as sent to a browser that takes gzip."""
    answer = client.get(url, headers={"accept-encoding": "gzip"})
    html = client.get(url).content.decode()
    files = sorted(set(re.findall(r'(?:href|src)="/static/([^"]+)"', html)))
    total = 0
    for name in files:
        stored = ROOT / "var" / "static" / name
        packed = stored.with_name(stored.name + ".gz")
        total += (packed if packed.exists() else stored).stat().st_size
    return len(answer.content), total


def main():
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    user = User.objects.create_user("uji", password="x", role="planner")  # noqa: S106
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")

    workshops(1)
    few = queries(client, "/workshops/")
    detail_few = queries(client, "/workshops/uji-0/")
    workshops(999, start=1)
    first = Workshop.objects.get(slug="uji-0")
    MinutesEntry.objects.bulk_create(
        MinutesEntry(workshop=first, text=f"Catatan {index}", order=index) for index in range(1000)
    )
    print(f"list: {few} queries with 1 workshop, {queries(client, '/workshops/')} with 1,000")
    print(f"detail: {detail_few} queries with no entry, {queries(client, '/workshops/uji-0/')} with 1,000")
    workshops(4000, start=1000)
    empty, full = "/account/", "/workshops/"
    ratios = [seconds(client, full) / seconds(client, empty) for _round in range(ROUNDS)]
    print(f"list of 5,000 workshops / empty page: {statistics.median(ratios):.2f} (at most 3)")

    for label, url in (("list", full), ("home", "/"), ("detail", "/workshops/uji-1/")):
        page, files = weight(client, url)
        print(f"{label}: page {page / 1000:.1f} kB, first visit with static files {(page + files) / 1000:.1f} kB")


main()
