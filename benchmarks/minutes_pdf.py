"""How much the minutes cost beyond WeasyPrint, and whether their queries grow with the entries.

    python benchmarks/minutes_pdf.py [N]

In one run and taken in turns, N times (7): the whole function from the record to the bytes, and WeasyPrint alone
on the finished HTML. Prints the ratio of the medians (at most 1.15) and the queries with 60 and with 600 entries.
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

from core import pdf  # noqa: E402
from tests import factories  # noqa: E402
from workshops import documents  # noqa: E402
from workshops.models import Workshop  # noqa: E402

TARGET = 1.15
TEXT = "Perlu keterpaduan antara pemerintah pusat dan daerah dalam penanganan permukiman kumuh. " * 4


def workshop_with(entries: int) -> Workshop:
    """As the minutes of a day: an agenda, speeches, questions with answers, agreements, people."""
    workshop = factories.WorkshopFactory()
    items = factories.AgendaItemFactory.create_batch(8, workshop=workshop)
    factories.LeaderFactory(workshop=workshop, role="chair")
    factories.ParticipantFactory.create_batch(30, workshop=workshop)
    kinds = ("speech", "presentation", "question", "response", "fact", "decision")
    question = None
    for number in range(entries):
        kind = kinds[number % len(kinds)]
        entry = factories.MinutesEntryFactory(
            workshop=workshop,
            kind=kind,
            agenda_item=items[number * len(items) // entries],
            parent=question if kind in ("response", "fact") else None,
            speaker=f"Pembicara {number}",
            text=TEXT,
            points="satu\ndua\ntiga" if kind == "presentation" else "",
        )
        question = entry if kind == "question" else question
    return Workshop.objects.get(pk=workshop.pk)


def seconds(function, *arguments) -> float:
    begin = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - begin


def queries(workshop: Workshop) -> int:
    with CaptureQueriesContext(connection) as captured:
        documents.minutes(workshop)
    return len(captured)


def main(rounds: int) -> int:
    call_command("migrate", verbosity=0)
    workshop = workshop_with(60)
    html, files = pdf.to_html("workshops/pdf/minutes.html", documents._minutes_context(workshop, True, True))
    documents.minutes(workshop)  # the first paper of a process reads fonts and templates
    whole, alone = [], []
    for _round in range(rounds):
        whole.append(seconds(documents.minutes, Workshop.objects.get(pk=workshop.pk)))
        alone.append(seconds(pdf.from_html, html, files))
    ratio = statistics.median(whole) / statistics.median(alone)
    few, many = queries(Workshop.objects.get(pk=workshop.pk)), queries(workshop_with(600))
    print(f"minutes as PDF / WeasyPrint alone: {ratio:.3f} (at most {TARGET}; median of {rounds}, in turns)")
    print(f"queries with 60 entries: {few}, with 600 entries: {many}")
    return 0 if ratio <= TARGET and few == many else 1


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 7))
