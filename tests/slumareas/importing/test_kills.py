"""A process that is killed in the middle of an import leaves everything or nothing, and the work is found and done.

The processes are real and so is the kill; each database has its own. What is killed is held inside its open transaction,
where the harm would be greatest.
"""

import datetime
import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connection
from django.utils import timezone
from knox.models import AuthToken

from core.jobs import Job
from slumareas.importing import doors
from slumareas.models import Baseline, Import
from slumareas.models.assessments import Assessment
from tests import factories
from tests.slumareas.importing.messy import KINDS

pytestmark = pytest.mark.django_db(transaction=True)
ROWS = 6  # of the clean workbook
SECONDS = 25
# Holds whoever stores or takes back after the rows are written and before the transaction ends.
HELD = """
import pathlib, sys, time, django
django.setup()
from slumareas.importing import storing
def hold(*_args, **_options):
    pathlib.Path(sys.argv[1]).touch()
    time.sleep(60)
storing.refresh = hold
"""
WORKER = HELD + "from core.jobs import run; run(int(sys.argv[2]))"
SERVER = (
    HELD
    + "from django.core.management import call_command; call_command('runserver', sys.argv[2], use_reloader=False, verbosity=0)"
)


def database_url() -> str:
    known = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{Path(known['NAME']).resolve()}"
    return f"postgres://{known['USER']}:{known['PASSWORD']}@{known['HOST']}:{known['PORT']}/{known['NAME']}"


@pytest.fixture
def mails(tmp_path):
    folder = tmp_path / "mails"
    folder.mkdir()
    return folder


@pytest.fixture
def start(tmp_path, mails):
    """Starts a process of its own group; all of them are gone when the test ends."""
    running = []
    known = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "kotaku.settings",
        "DATABASE_URL": database_url(),
        "MEDIA_ROOT": str(settings.MEDIA_ROOT),
        "EMAIL_URL": f"filemail:///{mails}",
        "DEBUG": "0",
        "SECRET_KEY": settings.SECRET_KEY,
        "ALLOWED_HOSTS": "127.0.0.1",
    }

    def begin(*arguments):
        process = subprocess.Popen(  # noqa: S603  our own interpreter and words
            [sys.executable, *arguments], cwd=settings.BASE_DIR, env=known, start_new_session=True
        )
        running.append(process)
        return process

    yield begin
    for process in running:
        kill(process)


def kill(process) -> None:
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    process.wait()


def wait_until(is_so, what: str) -> None:
    until = time.monotonic() + SECONDS
    while not is_so():
        assert time.monotonic() < until, f"{what} did not come"
        time.sleep(0.05)


@pytest.fixture
def planner(people):
    return people["planner"]


@pytest.fixture
def record(planner):
    """Six rows, which the doors take for many."""
    factories.VillageFactory(code="19.05.01.1001", name="Tanjung", kind="kelurahan")
    factories.VillageFactory(code="19.05.01.1003", name="Sungai Baru", kind="kelurahan")
    mess = KINDS["clean"]()
    file = ContentFile(mess.content, name=mess.name)
    record = doors.send(file, year=2019, rule_set=None, region=None, by=planner).record
    Import.objects.filter(pk=record.pk).update(is_large=True)
    record.refresh_from_db()
    return record


def nothing_is_stored(record) -> bool:
    record.refresh_from_db()
    return (
        record.state == Import.State.PREVIEWED
        and not Baseline.objects.exists()
        and not Baseline.history.exists()
        and not Assessment.objects.filter(unit_count__gt=0).exists()
    )


def kill_in_the_middle(process, marker) -> None:
    wait_until(marker.exists, "the middle of the transaction")
    kill(process)


def resumed(job, start) -> Job:
    """A new worker finds the job. It would wait for the signs of the lost one; those are made old here."""
    Job.objects.filter(pk=job.pk).update(beat_at=timezone.now() - datetime.timedelta(minutes=1))
    start("manage.py", "qcluster")
    wait_until(lambda: not Job.objects.get(pk=job.pk).is_open, "the end of the job")
    return Job.objects.get(pk=job.pk)


def test_a_killed_worker_leaves_nothing_and_its_job_is_done_once(record, planner, start, tmp_path, mails):
    job = doors.apply(record, valid_rows_only=False, reason="", by=planner)
    marker = tmp_path / "held"
    kill_in_the_middle(start("-c", WORKER, str(marker), str(job.pk)), marker)
    assert nothing_is_stored(record)
    assert Job.objects.get(pk=job.pk).state == Job.State.RUNNING
    job = resumed(job, start)
    assert (job.state, job.attempts) == (Job.State.DONE, 2)
    record.refresh_from_db()
    assert record.state == Import.State.APPLIED
    assert Baseline.objects.filter(source_import=record).count() == ROWS
    assert Baseline.history.count() == ROWS
    wait_until(lambda: any(mails.iterdir()), "the mail")
    [sent] = mails.iterdir()
    assert "selesai" in sent.read_text()


def test_a_worker_that_is_killed_after_storing_stores_nothing_twice(record, planner, start):
    job = doors.apply(record, valid_rows_only=False, reason="", by=planner)
    job.claim()
    doors.store(job, record, lambda *_told: None)  # the kill comes before the job can say that it is done
    lines = Baseline.history.count()
    job = resumed(job, start)
    assert (job.state, Baseline.objects.count(), Baseline.history.count()) == (Job.State.DONE, ROWS, lines)


def test_a_worker_killed_while_it_takes_back_leaves_all_rows(record, planner, start, tmp_path):
    doors.store(doors.apply(record, valid_rows_only=False, reason="", by=planner), record, lambda *_told: None)
    Job.objects.all().delete()
    record.refresh_from_db()
    job = doors.undo(record, by=planner)
    marker = tmp_path / "held"
    kill_in_the_middle(start("-c", WORKER, str(marker), str(job.pk)), marker)
    record.refresh_from_db()
    assert (record.state, Baseline.objects.count()) == (Import.State.APPLIED, ROWS)
    job = resumed(job, start)
    record.refresh_from_db()
    assert (job.state, record.state, Baseline.objects.count()) == (Job.State.DONE, Import.State.UNDONE, 0)


def test_a_killed_server_leaves_nothing_and_the_file_is_stored_at_the_next_try(record, planner, start, tmp_path):
    Import.objects.filter(pk=record.pk).update(is_large=False)  # stored while the page waits
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    marker = tmp_path / "held"
    server = start("-c", SERVER, str(marker), str(port))
    _stored, token = AuthToken.objects.create(user=planner)
    address = f"http://127.0.0.1:{port}/api/v1/imports/{record.pk}/apply/"
    words = {"Authorization": f"Token {token}", "Content-Type": "application/json"}
    asked = urllib.request.Request(address, data=json.dumps({}).encode(), headers=words, method="POST")
    wait_until(lambda: answers(port), "the server")
    asking = subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", ASK, address, token], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    kill_in_the_middle(server, marker)
    asking.wait(timeout=SECONDS)
    assert nothing_is_stored(record)
    again = start("manage.py", "runserver", str(port), "--noreload", "--verbosity", "0")
    wait_until(lambda: answers(port), "the server")
    with urllib.request.urlopen(asked, timeout=SECONDS) as answer:  # noqa: S310
        assert json.load(answer)["state"] == "applied"
    kill(again)
    assert (Baseline.objects.count(), Baseline.history.count()) == (ROWS, ROWS)


ASK = """
import sys, urllib.request
asked = urllib.request.Request(sys.argv[1], data=b"{}", method="POST")
asked.add_header("Authorization", "Token " + sys.argv[2])
asked.add_header("Content-Type", "application/json")
urllib.request.urlopen(asked)
"""


def answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2):
            return True
    except urllib.error.HTTPError:
        return True
    except OSError:
        return False
