"""How much the profile of a slum area costs beyond WeasyPrint, and whether its queries grow with the neighbourhoods.

    python benchmarks/area_profile_pdf.py [N]

In one run and taken in turns, N times (5): the whole function from the record to the bytes, and WeasyPrint alone on
the finished HTML. Prints the ratio of the medians (at most 1.3) and the queries with 4 and with 40 neighbourhoods.
Works in a database of its own in memory.
"""

import os
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tests.settings")
os.environ["TEST_DATABASE_URL"] = "sqlite://:memory:"

import django

django.setup()

from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test.utils import CaptureQueriesContext  # noqa: E402
from django.utils import translation  # noqa: E402

from core import pdf  # noqa: E402
from core.models import Region  # noqa: E402
from kotaku import demo  # noqa: E402
from slumareas import documents  # noqa: E402
from slumareas.models import SlumArea  # noqa: E402
from tests import factories  # noqa: E402

TARGET = 1.3


def area_with(neighbourhoods: int, slug: str) -> SlumArea:
    """Two years of each, works, and an outline among the villages of the regency."""
    village = Region.objects.get(code="19.05.01.1001")
    area = factories.SlumAreaFactory(slug=slug, villages=[village])
    factories.AreaBoundaryFactory(slum_area=area, year=2023)
    for number in range(neighbourhoods):
        unit = factories.NeighbourhoodUnitFactory(region=village, rw=slug, rt=str(number + 1), slum_area=area)
        for year in (2024, 2025):
            factories.BaselineFactory(unit=unit, year=year)
        factories.WorkFactory(unit=unit, activity=f"Pekerjaan {number % 6}", cost=1_000_000)
    return area


def seconds(function, *arguments) -> float:
    begin = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - begin


def queries(area: SlumArea) -> int:
    with CaptureQueriesContext(connection) as captured:
        documents.area_profile(area)
    return len(captured)


def main(rounds: int) -> int:
    call_command("migrate", verbosity=0)
    demo.load_regions()
    small, large = area_with(4, "A"), area_with(40, "B")
    with translation.override("id"):
        context, photos = documents.profile_context(large)
    html, files = pdf.to_html("slumareas/pdf/area_profile.html", context)
    documents.area_profile(large)  # the first paper of a process reads fonts and templates
    whole, alone = [], []
    for _round in range(rounds):
        whole.append(seconds(documents.area_profile, large))
        alone.append(seconds(pdf.from_html, html, {**files, **photos}))
    ratio = statistics.median(whole) / statistics.median(alone)
    few, many = queries(small), queries(large)
    print(f"area profile as PDF / WeasyPrint alone: {ratio:.3f} (at most {TARGET}; median of {rounds}, in turns)")
    print(f"queries with 4 neighbourhoods: {few}, with 40 neighbourhoods: {many}")
    return 0 if ratio <= TARGET and few == many else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 5))
