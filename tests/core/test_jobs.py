"""Background jobs: one at a time for a record, done once, begun again after a worker was lost, stopped, and told of."""

import datetime
import threading

import pytest
from django.core import mail
from django.db import OperationalError, connection
from django.utils import timezone
from django_q.models import OrmQ, Schedule

from core import jobs
from core.jobs import Job, Progress, Worker, has_worker, pick_up, run, worker_seen_at
from core.models import Region
from core.refusals import Refused
from tests import factories

pytestmark = pytest.mark.django_db(transaction=True)
CALLS = []


def rename(job, region, progress):
    """The work of these tests: done twice, it does it once."""
    CALLS.append(job.attempts)
    progress("Renaming", 1, 2)
    region.name = "Bernama baru"
    region.save()
    return "Sudah."


def refuse(job, region, progress):
    raise Refused("Tidak boleh.")


def fail(job, region, progress):
    raise RuntimeError("rahasia dari dalam")


def find_the_database_held(job, region, progress):
    if job.attempts < 2:
        raise OperationalError("database is locked")
    return rename(job, region, progress)


def wait_to_be_stopped(job, region, progress):
    region.name = "Tidak jadi"
    CALLS.append("started")
    for _turn in range(200):
        threading.Event().wait(0.05)
        progress("Waiting", 0, 1)
    region.save()


@pytest.fixture(autouse=True)
def _no_calls():
    CALLS.clear()


@pytest.fixture
def region():
    return factories.VillageFactory(code="19.05.01.1001", name="Tanjung", kind="kelurahan")


@pytest.fixture
def planner(people):
    return people["planner"]


@pytest.fixture
def begin(region, planner):
    def asked(work, by=planner):
        return Job.begin(work, region, about="Uji", address="https://kotaku.example/uji/", by=by)

    return asked


def test_done_once_and_told_by_mail(begin, region, planner):
    job = begin(rename)
    assert OrmQ.objects.count() == 1
    run(job.pk)
    run(job.pk)  # the queue may give a job out twice
    job.refresh_from_db()
    assert (job.state, job.message, job.attempts, CALLS) == (Job.State.DONE, "Sudah.", 1, [1])
    assert Region.objects.get(pk=region.pk).name == "Bernama baru"
    [sent] = mail.outbox
    assert sent.to == [planner.email]
    assert sent.subject == "[kotaku] Uji: selesai"
    assert "Pekerjaan Anda sudah selesai: Uji." in sent.body
    assert "Sudah." in sent.body
    assert "https://kotaku.example/uji/" in sent.body


def test_a_record_has_one_open_job(begin):
    job = begin(rename)
    with pytest.raises(Refused):
        begin(refuse)
    assert OrmQ.objects.count() == 1
    run(job.pk)
    begin(refuse)


def test_the_queue_holds_a_number_and_nothing_about_people(begin, planner):
    begin(rename)
    [queued] = OrmQ.objects.all()
    assert queued.task["args"] == (Job.objects.get().pk,)
    assert queued.task["kwargs"] == {}


def test_a_refusal_is_told_in_its_sentence(begin):
    job = begin(refuse)
    run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.message) == (Job.State.FAILED, "Tidak boleh.")
    assert "tidak dapat diselesaikan" in mail.outbox[0].body


def test_a_fault_is_told_without_its_inside(begin):
    job = begin(fail)
    run(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert "rahasia" not in job.message + mail.outbox[0].body


def test_nobody_without_an_address_is_written_to(begin, planner):
    planner.email = ""
    planner.save()
    run(begin(rename).pk)
    assert mail.outbox == []


def test_what_it_is_about_may_be_gone(planner):
    there = factories.VillageFactory(code="19.05.01.1009", name="Sementara", kind="desa")
    job = Job.begin(rename, there, about="Uji", address="", by=planner)
    there.delete()
    run(job.pk)
    job.refresh_from_db()
    assert (job.state, CALLS) == (Job.State.STOPPED, [])


def test_a_waiting_job_is_stopped_at_once(begin):
    job = begin(rename)
    job.stop()
    run(job.pk)
    assert (job.state, CALLS, mail.outbox) == (Job.State.STOPPED, [], [])
    with pytest.raises(Refused):
        job.stop()


def test_a_running_job_is_stopped_at_its_next_step(begin, region, monkeypatch):
    monkeypatch.setattr(jobs, "PULSE_SECONDS", 0.05)
    job = begin(wait_to_be_stopped)

    def work():
        try:
            run(job.pk)
        finally:
            connection.close()

    worker = threading.Thread(target=work)
    worker.start()
    while CALLS != ["started"]:
        threading.Event().wait(0.01)
    Job.objects.get(pk=job.pk).stop()
    worker.join(20)
    job.refresh_from_db()
    assert (job.state, Region.objects.get(pk=region.pk).name) == (Job.State.STOPPED, "Tanjung")


def test_how_far_it_is_is_seen_while_its_transaction_is_open(begin, monkeypatch):
    """On SQLite, where there is one writer, at least the stop is heard and nothing breaks."""
    monkeypatch.setattr(jobs, "PULSE_SECONDS", 0.05)
    monkeypatch.setattr(jobs, "BUSY_SECONDS", 0.1)
    job = begin(rename)
    job.claim()
    with Progress(job) as progress:
        progress("Renaming", 1, 2)
        while Job.objects.get(pk=job.pk).done != 1:
            threading.Event().wait(0.02)
        job.refresh_from_db()
        assert (job.step, job.total, job.percent) == ("Renaming", 2, 50)


def lost(job, now, **columns):
    """As a worker leaves it that was killed a minute ago."""
    minute_ago = now - datetime.timedelta(minutes=1)
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, beat_at=minute_ago, **columns)


def test_a_job_whose_worker_was_lost_begins_again(begin):
    job, now = begin(rename), timezone.now()
    lost(job, now, attempts=1)
    OrmQ.objects.all().delete()
    pick_up(now)
    pick_up(now)
    assert OrmQ.objects.count() == 1
    run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.attempts, CALLS) == (Job.State.DONE, 2, [2])


def test_a_job_that_found_the_database_held_or_gone_begins_again(begin, region):
    job = begin(find_the_database_held)
    with pytest.raises(OperationalError):
        run(job.pk)
    job.refresh_from_db()
    assert job.state == Job.State.RUNNING
    pick_up(timezone.now() + jobs.LEASE + datetime.timedelta(seconds=1))
    run(job.pk)
    job.refresh_from_db()
    assert (job.state, job.message, job.attempts) == (Job.State.DONE, "Sudah.", 2)
    assert len(mail.outbox) == 1


def test_a_job_that_gives_signs_is_left_alone(begin):
    job, now = begin(rename), timezone.now()
    job.claim()
    pick_up(now)
    job.refresh_from_db()
    assert (job.state, OrmQ.objects.count()) == (Job.State.RUNNING, 1)


def test_a_job_that_kills_its_workers_is_given_up(begin):
    job, now = begin(rename), timezone.now()
    lost(job, now, attempts=jobs.MOST_ATTEMPTS)
    pick_up(now)
    job.refresh_from_db()
    assert job.state == Job.State.FAILED
    assert "3 kali" in mail.outbox[0].body


def test_a_lost_job_that_was_to_stop_stops(begin):
    job, now = begin(rename), timezone.now()
    lost(job, now, attempts=1, is_stop_asked=True)
    pick_up(now)
    job.refresh_from_db()
    assert job.state == Job.State.STOPPED


def test_a_job_that_fell_out_of_the_queue_comes_back(begin):
    job, now = begin(rename), timezone.now()
    OrmQ.objects.all().delete()
    pick_up(now)
    assert not OrmQ.objects.exists()
    pick_up(now + datetime.timedelta(minutes=11))
    assert OrmQ.objects.count() == 1
    run(job.pk)
    assert CALLS == [1]


def test_a_worker_that_lost_its_job_does_not_end_it(begin):
    job = begin(rename)
    job.claim()
    Job.objects.filter(pk=job.pk).update(attempts=2)  # another one has it now
    job.attempts = 1
    assert not job.end(Job.State.DONE)
    assert Job.objects.get(pk=job.pk).state == Job.State.RUNNING


def test_whether_there_is_a_worker(begin):
    now = timezone.now()
    assert not has_worker(now)
    Worker.objects.create(name="uji 1", seen_at=now - datetime.timedelta(minutes=5))
    assert not has_worker(now)
    job = begin(rename)
    job.claim()  # a job that gives signs is one too, while a long transaction keeps the worker silent
    assert has_worker(now)


AHEAD = datetime.timedelta(days=2)


def test_jobs_of_a_clock_that_was_ahead_begin_again(begin):
    job, now = begin(rename), timezone.now()
    ahead = {"beat_at": now + AHEAD, "queued_at": now + AHEAD}
    Job.objects.filter(pk=job.pk).update(state=Job.State.RUNNING, attempts=1, **ahead)
    OrmQ.objects.all().delete()
    pick_up(now)
    pick_up(now)
    assert OrmQ.objects.count() == 1
    Job.objects.filter(pk=job.pk).update(queued_at=now + AHEAD)  # put into the queue before the clock went back
    pick_up(now)
    pick_up(now)
    assert OrmQ.objects.count() == 2
    run(job.pk)
    run(job.pk)
    assert CALLS == [2]


def test_a_sign_of_a_clock_that_was_ahead_is_no_sign():
    now = timezone.now()
    Worker.objects.create(name="uji", seen_at=now + AHEAD)
    assert (has_worker(now), worker_seen_at()) == (False, None)


def test_work_by_the_clock_does_not_wait_for_a_clock_that_was_ahead():
    now = timezone.now()
    Schedule.objects.filter(name="seal_history").update(next_run=now + AHEAD)
    pick_up(now)
    assert Schedule.objects.get(name="seal_history").next_run <= now + datetime.timedelta(hours=1)


def test_own_jobs_are_seen_and_those_of_others_by_the_administrator(begin, people):
    begin(rename)
    assert [Job.objects.visible_to(people[role]).count() for role in ("planner", "verifier", "admin")] == [1, 0, 1]


def test_the_queue_itself_is_nobodys_page(as_role):
    for name in ("schedule", "success", "failure", "ormq"):
        assert as_role("admin").get(f"/admin/django_q/{name}/").status_code == 404
    assert as_role("admin").get("/admin/core/job/").status_code == 200
    assert as_role("planner").get("/admin/core/job/").status_code == 403
