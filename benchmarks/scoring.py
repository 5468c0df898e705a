"""The score of 100,000 rows against reading the same rows as JSON, `reassess` against scoring them, pages against few.

Ratios of two things measured in one run, medians of several rounds. BENCH_DATABASE_URL chooses the database (SQLite in
a file of its own without it); BENCH_ROWS another number of rows. The database must be empty: it is filled and emptied.
"""

import json
import logging
import os
import statistics
import sys
import tempfile
import time
from decimal import Decimal
from functools import partial
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
FOLDER = Path(tempfile.mkdtemp(prefix="kotaku-bench-"))
os.environ.update(
    DJANGO_SETTINGS_MODULE="kotaku.settings",
    DATABASE_URL=os.environ.get("BENCH_DATABASE_URL", f"sqlite:///{FOLDER / 'bench.sqlite3'}"),
    DEBUG="0",
    SECRET_KEY="only-for-the-benchmark-0123456789abcdef0123456789",  # noqa: S106
    ALLOWED_HOSTS="testserver",
)

import django  # noqa: E402

django.setup()
logging.disable()  # pages that are not built yet answer with an error

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.db.models import F  # noqa: E402
from django.test import Client  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402

from benchmarks.generator import as_json, fill, vectors  # noqa: E402
from core.models import User  # noqa: E402
from slumareas import scoring  # noqa: E402
from slumareas.models import Assessment, AssessmentYear, Baseline, NeighbourhoodUnit, SlumArea  # noqa: E402

ROWS = int(os.environ.get("BENCH_ROWS", 100_000))
ROUNDS = 5
YEARS = (2019, 2020, 2021)
FEW = 100
RULES = scoring.RULE_SETS[scoring.PERMEN_14_2018]


def seconds(action) -> float:
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def ratio(action, against, rounds=ROUNDS) -> float:
    """Median of the rounds, each of which measures both."""
    return statistics.median(seconds(action) / seconds(against) for _round in range(rounds))


def quietly(*arguments, **options):
    with open(os.devnull, "w") as nowhere:
        call_command(*arguments, stdout=nowhere, **options)


def score_against_json():
    text = json.dumps(list(vectors(ROWS)), default=as_json)
    source, target = FOLDER / "vectors.json", FOLDER / "scored.json"
    source.write_text(text)
    read = json.loads(text, parse_float=Decimal)

    def score_all():
        for vector in read:
            scoring.score(vector["denominators"], vector["numerators"], RULES).slum_class  # noqa: B018

    def parse():
        json.loads(text)

    print(f"scoring alone / json: {ratio(score_all, parse):.1f} (at most 6)")
    whole = ratio(lambda: quietly("score", source, output=target), parse)
    print(f"score command / json: {whole:.1f} (at most 15)")


def reassess_against_scoring():
    year = YEARS[0]
    rows = list(Baseline.objects.filter(assessment_year__year=year).values(*RULES.keys, *RULES.wholes))

    def score_all():
        for row in rows:
            scoring.score(row, row, RULES).slum_class  # noqa: B018

    def tamper():
        Baseline.objects.update(total=F("total") + 1)
        Assessment.objects.update(total=F("total") + 1)

    name = connection.vendor
    count = AssessmentYear.objects.count()
    print(
        f"reassess of {count} x {ROWS:,} rows, right / scoring them ({name}): {ratio(lambda: quietly('reassess'), score_all, 3) / count:.1f} (at most 2.5)"
    )
    print(
        f"reassess --check / scoring them ({name}): {ratio(lambda: quietly('reassess', check=True), score_all, 3) / count:.1f} (at most 2.5)"
    )
    ratios = []
    for _round in range(3):
        tamper()
        ratios.append(seconds(lambda: quietly("reassess")) / seconds(score_all) / count)
    print(f"reassess, every row wrong and written again / scoring them ({name}): {statistics.median(ratios):.1f}")


def pages(client) -> dict[str, tuple[float, int]]:
    """{page: (median seconds, queries)} of those that exist."""
    area = SlumArea.objects.order_by("pk").first()
    addresses = {
        "area page": f"/slum-areas/{area.slug}/",
        "list of areas": "/slum-areas/",
        "list of villages": "/slum-areas/villages/",
        "hectares page": "/slum-areas/hectares/",
        "map": "/slum-areas/map/",
        "map data": "/slum-areas/map/data.json",
    }
    found = {}
    for name, address in addresses.items():
        try:
            answer = client.get(address)
        except Exception as error:
            print(f"{name}: {type(error).__name__}, not measured")
            continue
        if answer.status_code != 200:
            print(f"{name}: answers {answer.status_code}, not measured")
            continue
        with CaptureQueriesContext(connection) as seen:
            client.get(address)
        queries = len(seen)  # at once: the next request empties the log
        found[name] = statistics.median(seconds(partial(client.get, address)) for _round in range(9)), queries
    return found


def empty():
    for model in (Assessment, Baseline, AssessmentYear, NeighbourhoodUnit):
        model.objects.all()._raw_delete(using="default")
    SlumArea.villages.through.objects.all()._raw_delete(using="default")
    SlumArea.objects.all()._raw_delete(using="default")


def visitor() -> Client:
    user = User.objects.create_user("bench", password="x", role="planner")  # noqa: S106
    client = Client(raise_request_exception=True)
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def main():
    score_against_json()
    call_command("migrate", verbosity=0)
    if Baseline.objects.exists() or SlumArea.objects.exists():
        sys.exit("The database of the benchmark is not empty.")
    client = visitor()
    try:
        fill(FEW, YEARS)
        few = pages(client)
        empty()
        fill(ROWS, YEARS)
        call_command("refresh_statistics")  # as the worker does every hour
        for name, (many, queries) in pages(client).items():
            if name in few:
                print(
                    f"{name} with {len(YEARS)} x {ROWS:,} rows / with {FEW} ({connection.vendor}): "
                    f"{many / few[name][0]:.1f} (at most 3), {queries} queries (with few: {few[name][1]})"
                )
        reassess_against_scoring()
    finally:
        empty()
        User.objects.filter(username="bench").delete()


main()
