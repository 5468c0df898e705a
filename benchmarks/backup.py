"""A backup and its restoring, there and back between the databases, against Django's own dumpdata and loaddata.

Fills a SQLite database of its own with BENCH_ROWS baselines (10,000) with their history, seals it, saves, restores into
BENCH_POSTGRES_URL (an empty database; left out without it) and back into another SQLite file, and compares the SHA-256 of
every part. Ratios are of two things measured in one run.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import zipfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
FOLDER = Path(tempfile.mkdtemp(prefix="kotaku-bench-"))
ROWS = int(os.environ.get("BENCH_ROWS", 10_000))
POSTGRES = os.environ.get("BENCH_POSTGRES_URL", "")
FILL = f"""
import django; django.setup()
from django.utils import timezone
from benchmarks.generator import fill
from slumareas.importing.bulk import write_history
from slumareas.models import Baseline, NeighbourhoodUnit
fill({ROWS} // 3 + 1)
for records in (Baseline.objects.all(), NeighbourhoodUnit.objects.all()):
    write_history(records, at=timezone.now(), by=None, reason="import 1", kind="+")
"""


def run(database: str, *arguments: str) -> tuple[float, str]:
    environment = {
        **os.environ,
        "DATABASE_URL": database,
        "MEDIA_ROOT": str(FOLDER / "media"),
        "DJANGO_SETTINGS_MODULE": "kotaku.settings",
        "DEBUG": "0",
        "SECRET_KEY": "only-for-the-benchmark-0123456789abcdef0123456789",
        "ALLOWED_HOSTS": "testserver",
    }
    start = time.perf_counter()
    ended = subprocess.run(
        [sys.executable, *arguments], cwd=ROOT, env=environment, check=True, capture_output=True, text=True
    )
    return time.perf_counter() - start, ended.stdout


def manage(database: str, *arguments: str) -> tuple[float, str]:
    return run(database, "manage.py", *arguments)


def parts(path: Path) -> dict:
    with zipfile.ZipFile(path) as packed:
        return {name: part["sha256"] for name, part in json.loads(packed.read("manifest.json"))["parts"].items()}


def main() -> None:
    first, second, third = (
        f"sqlite:///{FOLDER / name}" for name in ("first.sqlite3", "second.sqlite3", "third.sqlite3")
    )
    manage(first, "migrate", "-v0")
    run(first, "-c", FILL)
    sealing, _told = manage(first, "seal_history")
    verifying, told = manage(first, "verify_history", "--format", "json")
    print(f"{json.loads(told)['sealed']} lines of history: sealed in {sealing:.1f} s, verified in {verifying:.1f} s")
    dumping, _told = manage(first, "dumpdata", "--output", str(FOLDER / "dump.json"))
    saving, told = manage(first, "backup", str(FOLDER / "a.zip"), "--format", "json")
    saved = json.loads(told)
    print(f"{saved['rows']} rows, {saved['bytes']} bytes")
    print(f"backup {saving:.1f} s, dumpdata {dumping:.1f} s: {saving / dumping:.2f} times")
    manage(second, "migrate", "-v0")
    loading, _told = manage(second, "loaddata", str(FOLDER / "dump.json"))
    restoring, told = manage(third, "restore", str(FOLDER / "a.zip"), "--format", "json")
    print(f"restore {restoring:.1f} s, loaddata {loading:.1f} s: {restoring / loading:.2f} times")
    if not POSTGRES:
        print("no BENCH_POSTGRES_URL: the way to PostgreSQL and back is left out")
        return
    there, _told = manage(POSTGRES, "restore", str(FOLDER / "a.zip"))
    manage(POSTGRES, "verify_history")
    again, _told = manage(POSTGRES, "backup", str(FOLDER / "b.zip"))
    back, _told = manage(third, "restore", str(FOLDER / "b.zip"), "--replace-everything")
    manage(third, "backup", str(FOLDER / "c.zip"))
    # That a backup was made is itself a record, so its own table differs.
    without = {"database/core.Backup.jsonl"}
    same = [parts(FOLDER / name) for name in ("a.zip", "b.zip", "c.zip")]
    equal = all(
        {k: v for k, v in one.items() if k not in without} == {k: v for k, v in same[0].items() if k not in without}
        for one in same
    )
    print(
        f"to PostgreSQL {there:.1f} s, backup there {again:.1f} s, back to SQLite {back:.1f} s; equal hashes: {equal}"
    )
    sys.exit(0 if equal else 1)


if __name__ == "__main__":
    main()
