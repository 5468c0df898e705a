"""Map and hectares: what they weigh, and what many neighbourhoods cost them.

Weights are of the demo programme's 66 villages, as sent (gzip). The cost is a ratio: the same page with 100
neighbourhoods in each of 3 years and with `NEIGHBOURHOODS` (100,000 unless given), in one run. Runs in a database of its own.
"""

import os
import re
import statistics
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

from core.models import Region, User  # noqa: E402
from kotaku import demo  # noqa: E402
from slumareas.models import AssessmentYear, Baseline, NeighbourhoodUnit, SlumArea  # noqa: E402
from slumareas.models.assessments import reassess  # noqa: E402

ROUNDS, YEARS = 9, (2021, 2022, 2023)
NEIGHBOURHOODS = int(os.environ.get("NEIGHBOURHOODS", "100000"))
MAP, DATA, BOUNDARIES, HECTARES = (
    "/slum-areas/map/",
    "/slum-areas/map/data.json",
    "/slum-areas/map/boundaries.json",
    "/slum-areas/hectares/",
)
NUMBERS = {
    "verified_area_ha": Decimal("2.75"),
    "building_count": 120,
    "population": 480,
    "household_count": 125,
    "ideal_road_m": 800,
    "ideal_drainage_m": 1200,
}


def sent(client, url):
    return len(client.get(url, headers={"accept-encoding": "gzip"}).content)


def static_files(client, url):
    """Bytes of the static files that the page names, compressed as collected."""
    total = 0
    for name in sorted(set(re.findall(r'(?:href|src)="/static/([^"]+)"', client.get(url).content.decode()))):
        stored = ROOT / "var" / "static" / name
        packed = [stored.with_name(stored.name + ending) for ending in (".br", ".gz")]
        total += next(file for file in (*packed, stored) if file.exists()).stat().st_size
    return total


def seconds(client, url):
    start = time.perf_counter()
    assert client.get(url).status_code == 200
    return time.perf_counter() - start


def measured(client, url):
    client.get(url)
    with CaptureQueriesContext(connection) as seen:
        client.get(url)
    queries = len(seen)  # before further requests empty the log
    return statistics.median(seconds(client, url) for _round in range(ROUNDS)), queries


def fill(count):
    """So many neighbourhoods spread over all villages, each year with other numbers; results by their own door."""
    villages = list(Region.objects.villages().order_by("code"))
    areas = {}
    for village in villages:
        areas[village.pk], is_new = SlumArea.objects.get_or_create(name=f"Kawasan {village.code}")
        if is_new:
            areas[village.pk].villages.add(village)
    start = NeighbourhoodUnit.objects.filter(rw="99").count()
    units = NeighbourhoodUnit.objects.bulk_create(
        [
            NeighbourhoodUnit(
                region=villages[number % len(villages)],
                rw="99",
                rt=str(number),
                slum_area=areas[villages[number % len(villages)].pk],
            )
            for number in range(start, count)
        ],
        batch_size=5000,
    )
    for year in YEARS:
        assessment_year, _new = AssessmentYear.objects.get_or_create(year=year, rule_set="permen_14_2018")
        keys = [one.key for one in assessment_year.rules.criteria]
        Baseline.objects.bulk_create(
            (
                Baseline(
                    unit=unit,
                    assessment_year=assessment_year,
                    slum_area=unit.slum_area,
                    **NUMBERS,
                    **{key: (number * 7 + at * 3 + year) % 120 for at, key in enumerate(keys)},
                )
                for number, unit in enumerate(units)
            ),
            batch_size=2000,
        )
        reassess(assessment_year)


def main():
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    list(demo.load_demo())
    user = User.objects.get(username="planner")
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")

    first = static_files(client, "/account/")
    for url in (HECTARES, MAP):
        page, files = sent(client, url), static_files(client, url)
        print(
            f"{url} first visit {(page + files) / 1000:.1f} kB (at most 150), later {page / 1000:.1f} kB (at most 40);"
        )
        print(f"    {(files - first) / 1000:.1f} kB of its static files are its own")
    parts = {url: sent(client, url) / 1000 for url in (DATA, BOUNDARIES)}
    named = ", ".join(f"{url.rsplit('/', 1)[1]} {size:.1f}" for url, size in parts.items())
    print(f"map data of 66 villages: {sum(parts.values()):.1f} kB (at most 60): {named}")

    fill(100)
    few = {url: measured(client, url) for url in (MAP, DATA, HECTARES)}
    parts = sum(sent(client, url) for url in (DATA, BOUNDARIES)) / 1000
    print(f"the same with all 66 villages measured in 3 more years: {parts:.1f} kB")
    fill(NEIGHBOURHOODS)
    for url, (before, queries) in few.items():
        after, more = measured(client, url)
        print(
            f"{url} {NEIGHBOURHOODS:,} neighbourhoods x {len(YEARS)} years / 100: {after / before:.2f} (at most 3), "
            f"{queries} and {more} queries"
        )


main()
