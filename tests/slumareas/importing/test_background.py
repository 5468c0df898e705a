"""Large files go to the background worker: what the pages and the API say meanwhile, and what becomes of them."""

import pytest
from django.core import mail
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from core.jobs import Job, Worker, run
from slumareas.importing import doors
from slumareas.models import Baseline, Import
from tests import factories
from tests.slumareas.importing.messy import KINDS

pytestmark = pytest.mark.django_db
LIST = reverse("slumareas:import_list")
API = "/api/v1/imports/"


@pytest.fixture(autouse=True)
def _villages():
    factories.VillageFactory(code="19.05.01.1001", name="Tanjung", kind="kelurahan")
    factories.VillageFactory(code="19.05.01.1003", name="Sungai Baru", kind="kelurahan")


@pytest.fixture(autouse=True)
def _everything_is_large(monkeypatch):
    monkeypatch.setattr(doors, "SMALL_CELLS", 0)


@pytest.fixture
def client(as_role):
    return as_role("planner")


def file_of(kind):
    mess = KINDS[kind]()
    return SimpleUploadedFile(mess.name, mess.content)


def send(client, kind) -> Import:
    assert client.post(LIST, {"file": file_of(kind), "year": 2019}).status_code == 302
    return Import.objects.get()


def work(record) -> Job:
    [job] = Job.objects.of(record).open()
    run(job.pk)
    record.refresh_from_db()
    job.refresh_from_db()
    return job


def at(name, record):
    return reverse(f"slumareas:import_{name}", args=[record.pk])


def test_sent_checked_stored_and_taken_back_in_the_background(client, planner):
    record = send(client, "clean")
    assert (record.state, record.is_large, bool(record.preview)) == ("received", True, False)
    assert work(record).state == Job.State.DONE
    assert (record.state, record.counts["new"]) == ("previewed", 6)
    assert client.post(at("apply", record)).status_code == 302
    assert not Baseline.objects.exists()
    assert work(record).message == "Tersimpan: 6 baris baru, 0 berubah."
    assert (record.state, Baseline.objects.filter(source_import=record).count()) == ("applied", 6)
    client.post(at("undo", record))
    assert Baseline.objects.count() == 6
    assert work(record).message == "6 baris ditarik kembali, 0 dibiarkan."
    assert (record.state, Baseline.objects.count()) == ("undone", 0)
    assert [sent.subject.partition("] ")[2] for sent in mail.outbox] == [
        "Pemeriksaan baseline.xlsx: selesai",
        "Penyimpanan baseline.xlsx: selesai",
        "Penarikan kembali baseline.xlsx: selesai",
    ]
    assert all(f"http://testserver{record.get_absolute_url()}" in sent.body for sent in mail.outbox)


def test_a_page_that_waits_says_so_and_works_without_a_script(client):
    Worker.objects.create(name="uji", seen_at=timezone.now())
    record = send(client, "clean")
    page = client.get(record.get_absolute_url())
    assert not page.context["lacks_worker"]
    text = page.content.decode()
    assert '<noscript><meta http-equiv="refresh" content="5"></noscript>' in text
    assert "Pemeriksaan baseline.xlsx" in text
    Job.objects.update(state=Job.State.RUNNING, step="Checking the rows", done=1500, total=3000)
    text = client.get(record.get_absolute_url()).content.decode()
    assert "Memeriksa baris" in text
    assert "1.500 / 3.000" in text
    assert '<progress value="1500" max="3000"' in text
    told = client.get(at("progress", record)).json()
    assert told == {"is_open": True, "step": "Memeriksa baris", "done": 1500, "total": 3000, "lacks_worker": False}


def test_that_no_worker_runs_is_said(client):
    record = send(client, "clean")
    page = client.get(record.get_absolute_url())
    assert page.context["lacks_worker"]
    assert "Layanan latar belakang tidak berjalan." in page.content.decode()
    assert client.get(at("progress", record)).json()["lacks_worker"]


def test_while_it_is_worked_on_nothing_else_is_done_about_it(client):
    record = send(client, "clean")
    assert client.post(at("delete", record)).status_code == 409
    work(record)
    client.post(at("apply", record))
    for verb in ("apply", "look", "delete", "explain"):
        assert client.post(at(verb, record)).status_code == 409
    assert Import.objects.filter(pk=record.pk).exists()
    assert Job.objects.open().count() == 1


def test_stopped_before_it_began_and_checked_later(client):
    record = send(client, "clean")
    assert client.post(at("stop", record)).status_code == 302
    assert client.post(at("stop", record)).status_code == 409
    assert "Periksa berkas" in client.get(record.get_absolute_url()).content.decode()
    client.post(at("look", record))
    assert work(record).state == Job.State.DONE
    assert record.state == "previewed"


@pytest.mark.parametrize("role", ["viewer", "verifier", "village_user"])
def test_nobody_else_stops_it(client, as_role, role):
    record = send(client, "clean")
    assert as_role(role).post(at("stop", record)).status_code in (403, 404)
    assert Job.objects.open().exists()


def test_what_cannot_be_read_is_told_and_can_be_discarded(client):
    client.post(LIST, {"file": SimpleUploadedFile("foto.xlsx", b"\x89PNG" * 50), "year": 2019})
    record = Import.objects.get()
    job = work(record)
    assert (job.state, record.state) == (Job.State.FAILED, "refused")
    page = client.get(record.get_absolute_url())
    assert job.message in page.content.decode()
    assert job.message in mail.outbox[0].body
    assert client.post(at("apply", record)).status_code == 409
    client.post(at("delete", record))
    assert not Import.objects.exists()


def test_words_are_asked_for_before_the_worker_begins(client):
    record = send(client, "text_in_a_number")
    work(record)
    assert client.post(at("apply", record)).status_code == 400
    assert not Job.objects.open().exists()
    client.post(at("apply", record), {"valid_rows_only": "on"})
    work(record)
    assert (record.state, Baseline.objects.count()) == ("partly_applied", 5)


def test_figures_that_changed_since_are_not_overwritten(client):
    record = send(client, "clean")
    work(record)
    factories.BaselineFactory(
        year=2019, unit__region=factories.VillageFactory(code="19.05.01.1001"), unit__rw="1", unit__rt="1"
    )
    client.post(at("apply", record))
    job = work(record)
    assert (job.state, record.state, Baseline.objects.count()) == (Job.State.FAILED, "previewed", 1)
    assert "berubah" in job.message


def test_the_workbook_with_the_reasons_is_made_once(client):
    record = send(client, "text_in_a_number")
    work(record)
    assert client.get(at("errors", record)).status_code == 409
    client.post(at("explain", record))
    assert work(record).state == Job.State.DONE
    made = client.get(at("errors", record))
    assert b"".join(made.streaming_content)[:2] == b"PK"
    client.post(at("look", record))
    work(record)
    assert not record.reasons  # what was said then need not be true now


# --- the API -------------------------------------------------------------------------------------------------
def test_the_api_answers_202_and_tells_of_the_job(api):
    program = api("planner")
    answer = program.post(API, {"file": file_of("clean"), "year": 2019})
    told = answer.json()
    assert (answer.status_code, told["state"], told["is_large"]) == (202, "received", True)
    assert (told["job"]["state"], told["job"]["about"]) == ("queued", "Pemeriksaan baseline.xlsx")
    record = Import.objects.get()
    assert program.get(f"{API}{record.pk}/report/").status_code == 409
    work(record)
    assert program.post(f"{API}{record.pk}/apply/").status_code == 202
    assert program.post(f"{API}{record.pk}/apply/").status_code == 409
    work(record)
    told = program.get(f"{API}{record.pk}/").json()
    assert (told["state"], told["job"]["state"]) == ("applied", "done")
    assert program.post(f"{API}{record.pk}/undo/").status_code == 202
    assert program.post(f"{API}{record.pk}/stop/").json()["job"]["state"] == "stopped"
    assert program.post(f"{API}{record.pk}/stop/").status_code == 409


def test_a_reader_stops_nothing_over_the_api(api, client):
    record = send(client, "clean")
    assert api("verifier").post(f"{API}{record.pk}/stop/").status_code == 403
    assert api(None).post(f"{API}{record.pk}/stop/").status_code == 401
    assert Job.objects.open().exists()
