"""A workbook from file to stored and scored, against reading it alone and against the stock import of django-import-export.

Ratios of two things measured in one run, by the clock and by the time of the processor with that of child processes: on a
machine that is shared with others only the latter says something. What the database server works itself is in the clock
alone. BENCH_DATABASE_URL chooses the database (SQLite in a file of its own without it),
BENCH_ROWS the large workbook, BENCH_STOCK_ROWS and BENCH_BULK_ROWS those that the stock import gets, which needs minutes
for many. The database must be empty.
"""

import io
import os
import random
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
FOLDER = Path(tempfile.mkdtemp(prefix="kotaku-bench-"))
os.environ.update(
    DJANGO_SETTINGS_MODULE="kotaku.settings",
    DATABASE_URL=os.environ.get("BENCH_DATABASE_URL", f"sqlite:///{FOLDER / 'bench.sqlite3'}"),
    MEDIA_ROOT=str(FOLDER),
    DEBUG="0",
    SECRET_KEY="only-for-the-benchmark-0123456789abcdef0123456789",  # noqa: S106
    ALLOWED_HOSTS="testserver",
)

import django  # noqa: E402

django.setup()

import tablib  # noqa: E402
from django.core.files.uploadedfile import SimpleUploadedFile  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection, models  # noqa: E402
from django.test import Client  # noqa: E402
from django.urls import reverse  # noqa: E402
from import_export import fields, resources, widgets  # noqa: E402
from openpyxl import Workbook  # noqa: E402
from python_calamine import CalamineWorkbook  # noqa: E402

from benchmarks.generator import values_of, villages  # noqa: E402
from core.models import Region, User  # noqa: E402
from slumareas.importing.importer import Permits, import_file, without_looking_for_circles  # noqa: E402
from slumareas.models import Assessment, AssessmentYear, Baseline, Import, NeighbourhoodUnit  # noqa: E402
from slumareas.models.quantities import QuantityField  # noqa: E402
from slumareas.scoring import DENOMINATORS, PARTS_OF_WHOLE, PERMEN_14_2018, RULE_SETS  # noqa: E402

ROWS = int(os.environ.get("BENCH_ROWS", 100_000))
STOCK_ROWS = int(os.environ.get("BENCH_STOCK_ROWS", 1_000))
BULK_ROWS = int(os.environ.get("BENCH_BULK_ROWS", 10_000))
DISTRICT_ROWS = 1_000
ROUNDS = 3
RULES = RULE_SETS[PERMEN_14_2018]
QUANTITIES = [*DENOMINATORS, *RULES.keys]
YEAR = 2019


@dataclass(frozen=True)
class Took:
    clock: float
    processor: float

    def __truediv__(self, other: "Took | float") -> "Took":
        if isinstance(other, Took):
            return Took(self.clock / other.clock, self.processor / other.processor)
        return Took(self.clock / other, self.processor / other)

    def told(self, places: int = 1) -> str:
        return f"{self.clock:.{places}f} by the clock, {self.processor:.{places}f} by the processor"


def median(taken: list[Took]) -> Took:
    return Took(*(statistics.median(getattr(one, name) for one in taken) for name in ("clock", "processor")))


def processor() -> float:
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def measured(action) -> tuple[Took, object]:
    start, used = time.perf_counter(), processor()
    made = action()
    return Took(time.perf_counter() - start, processor() - used), made


def seconds(action) -> Took:
    return measured(action)[0]


def table(rows: int) -> list[list]:
    """27 columns: place, year, all quantities and the open space."""
    dice, places = random.Random(2019), villages()  # noqa: S311
    lines = [["region", "rw", "rt", "year", *QUANTITIES, "open_space_m2"]]
    for number in range(rows):
        values, place = values_of(dice, RULES), number // len(places)
        for whole, (missing, damaged) in PARTS_OF_WHOLE:
            if None not in (values[missing], values[damaged]):
                values[missing] = min(values[missing], max(values[whole] - values[damaged], 0))
        row = [places[number % len(places)].code, str(place // 40 + 1), str(place % 40 + 1), YEAR]
        row += [float(value) if isinstance(value, Decimal) else value for value in map(values.get, QUANTITIES)]
        lines.append([*row, number % 500])
    return lines


def xlsx(lines: list[list]) -> bytes:
    book = Workbook(write_only=True)
    sheet = book.create_sheet("Baseline")
    for line in lines:
        sheet.append(line)
    stream = io.BytesIO()
    book.save(stream)
    return stream.getvalue()


MODELS = (
    Baseline.history.model, NeighbourhoodUnit.history.model, Assessment, Baseline, AssessmentYear, NeighbourhoodUnit, Import,
)  # fmt: skip


def empty():
    """As new: on PostgreSQL, rows that are only deleted stand in the way of those that come after them."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute(f"TRUNCATE {', '.join(model._meta.db_table for model in MODELS)} CASCADE")
    else:
        for model in MODELS:
            model.objects.all()._raw_delete(using="default")


def read_alone(content: bytes) -> list[list]:
    return CalamineWorkbook.from_filelike(io.BytesIO(content)).get_sheet_by_index(0).to_python()


def ours(content: bytes):
    with without_looking_for_circles():  # as the command does
        outcome = import_file(
            content, "bench.xlsx", year=YEAR, permits=Permits(valid_rows_only=True, accepts_warnings=True)
        )
    assert outcome.record, outcome.found.findings[:3]
    return outcome


IMPORT = """
import sys, django
django.setup()
from django.core.management import call_command
call_command("import_baseline", sys.argv[1], "--year", sys.argv[2], "--valid-rows-only", "--accept-warnings")
print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmHWM")))
"""


def peak_memory(content: bytes) -> int:
    """MB of a process that does nothing else; its reading child needs less."""
    file = FOLDER / "bench.xlsx"
    file.write_bytes(content)
    command = [sys.executable, "-c", IMPORT, str(file), str(YEAR)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    empty()
    return int(told.stdout.split()[-1]) // 1024


# --- the stock import: rows one by one, or in bulk, without the door of the baseline ------------------------
class StockResource(resources.ModelResource):
    class Meta:
        model = Baseline
        fields = ["unit", "assessment_year", *QUANTITIES]
        import_id_fields = ["unit", "assessment_year"]

    unit = fields.Field("unit", "unit", widgets.ForeignKeyWidget(NeighbourhoodUnit, "pk"))
    assessment_year = fields.Field("assessment_year", "assessment_year", widgets.ForeignKeyWidget(AssessmentYear, "pk"))

    @classmethod
    def widget_from_django_field(cls, field, default=widgets.Widget):
        return widgets.DecimalWidget if isinstance(field, QuantityField) else super().widget_from_django_field(field)

    def do_instance_save(self, instance, is_create):
        models.Model.save(instance)


class BulkResource(StockResource):
    class Meta(StockResource.Meta):
        use_bulk = True
        skip_diff = True
        batch_size = 1_000


def stock(resource_class, lines: list[list]):
    """What its admin does: a dry run, then the import."""
    year = AssessmentYear.objects.get_or_create(year=YEAR, rule_set=PERMEN_14_2018)[0]
    regions = dict(Region.objects.values_list("code", "pk"))
    units = NeighbourhoodUnit.objects.bulk_create(
        [NeighbourhoodUnit(region_id=regions[line[0]], rw=line[1], rt=line[2]) for line in lines[1:]], batch_size=1_000
    )
    headers = ["unit", "assessment_year", *QUANTITIES]

    def run():
        for is_dry_run in (True, False):
            data = tablib.Dataset(
                *[[unit.pk, year.pk, *line[4:-1]] for unit, line in zip(units, lines[1:], strict=True)], headers=headers
            )
            resource_class().import_data(data, dry_run=is_dry_run, raise_errors=False)

    return run


def main():
    call_command("migrate", verbosity=0)
    if Baseline.objects.exists():
        sys.exit("The database of the benchmark is not empty.")
    name = connection.vendor
    lines = table(ROWS)
    content = xlsx(lines)
    print(f"{ROWS:,} rows x {len(lines[0])} columns, {len(content) / 1e6:.1f} MB ({name})")
    ratios, shares, wholes = [], [], []
    for _round in range(ROUNDS):
        with without_looking_for_circles():  # as ours
            alone = seconds(lambda: read_alone(content))
        whole, outcome = measured(lambda: ours(content))
        ratios.append(whole / alone)
        wholes.append(whole)
        shares.append({part: value / alone.clock for part, value in outcome.seconds.items()})
        del outcome
        empty()
    parts = ", ".join(f"{part} {statistics.median(one[part] for one in shares):.1f}" for part in shares[0])
    print(f"file to stored and scored / calamine alone (at most 5): {median(ratios).told()}; by the clock: {parts}")
    print(f"  seconds: {median(wholes).told()}")
    print(f"peak memory (at most 700): {peak_memory(content)} MB")
    a_row = median(wholes) / ROWS

    few = lines[: STOCK_ROWS + 1]
    took = seconds(stock(StockResource, few))
    assert Baseline.objects.count() > STOCK_ROWS * 0.9
    print(
        f"a row, stock import of {STOCK_ROWS:,} / ours of {ROWS:,} (at least 60): {(took / STOCK_ROWS / a_row).told(0)}"
    )
    empty()
    took = seconds(stock(BulkResource, lines[: BULK_ROWS + 1]))
    print(f"a row, its bulk mode of {BULK_ROWS:,} / ours (at least 7): {(took / BULK_ROWS / a_row).told()}")
    empty()

    district = lines[: DISTRICT_ROWS + 1]
    user = User.objects.create_user("bench", password="x", role="planner")  # noqa: S106
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    file = xlsx(district)

    def preview():
        sent = SimpleUploadedFile("kecamatan.xlsx", file)
        answer = client.post(reverse("slumareas:import_list"), {"file": sent, "year": YEAR}, follow=True)
        assert answer.status_code == 200, answer.content[:500]
        assert b"kecamatan.xlsx" in answer.content
        assert Import.objects.get().counts["rows"] == DISTRICT_ROWS

    taken = []
    for _round in range(ROUNDS):
        taken.append(seconds(preview))
        Import.objects.all()._raw_delete(using="default")
    took = seconds(stock(StockResource, district))
    print(f"stock import / preview page, {DISTRICT_ROWS:,} rows (at least 20): {(took / median(taken)).told(0)}")
    empty()
    user.delete()


main()
