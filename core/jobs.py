"""Work that takes longer than a page may wait: kept as a record, done by the background worker, told to whoever asked.

Belongs to core because every app has long work. A job knows its work by the dotted name of a function and its subject by
model and key; what the work is about is the business of the app. The queue is django-q2's, in the same database; a job
is never in it but by its number, so nothing about people is packed into the queue.

A job may be begun more than once: a worker can be killed at any moment, and another one begins its job again. So every
work must first look whether it was done already.
"""

import logging
import os
import socket
import threading
from collections.abc import Callable
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import wraps

from django.apps import apps
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import send_mail
from django.db import DatabaseError, IntegrityError, InterfaceError, OperationalError, connection, models, transaction
from django.db.models import Q
from django.template.loader import render_to_string
from django.utils import timezone, translation
from django.utils.module_loading import import_string
from django.utils.text import Truncator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _
from django_q.exceptions import TimeoutException
from django_q.models import Schedule
from django_q.tasks import async_task

from core.refusals import Refused

logger = logging.getLogger(__name__)

PULSE_SECONDS = 1  # how often a running job tells how far it is
BEAT_SECONDS = 5  # how often a worker tells that it lives
LEASE = timedelta(seconds=20)  # a job that said nothing for so long has lost its worker
MOST_ATTEMPTS = 3
LOST_IN_QUEUE = timedelta(minutes=2)
LONGEST_PLANNED = timedelta(hours=25)  # what runs by the clock runs at least once a day
# On SQLite a long transaction keeps other writers out: who only tells how far it is does not wait for it.
BUSY_SECONDS = 1


class Stopped(Exception):
    """Somebody asked to stop; raised inside the work, so that an open transaction is rolled back."""


class JobQuerySet(models.QuerySet):
    def open(self):
        return self.filter(state__in=Job.OPEN)

    def of(self, record: models.Model):
        return self.filter(subject=subject_of(record))

    def visible_to(self, user):
        """Own jobs; all of them for those who may look into the administration."""
        if not user.is_authenticated:
            return self.none()
        return self if user.has_perm("core.view_job") else self.filter(by=user)


class Job(models.Model):
    """`state` changes through `begin`, `claim`, `end`, `stop` and `pick_up` alone."""

    class State(models.TextChoices):
        QUEUED = "queued", _("waiting")
        RUNNING = "running", _("running")
        DONE = "done", _("done")
        FAILED = "failed", _("failed")
        STOPPED = "stopped", _("stopped")

    OPEN = (State.QUEUED, State.RUNNING)

    work = models.CharField(_("work"), max_length=100)
    subject = models.CharField(_("subject"), max_length=100, db_index=True)
    about = models.CharField(_("about"), max_length=255)
    address = models.CharField(_("address of the page"), max_length=500, blank=True)
    by = models.ForeignKey(
        settings.AUTH_USER_MODEL, models.SET_NULL, null=True, blank=True, related_name="+", verbose_name=_("asked by")
    )
    state = models.CharField(_("state"), max_length=10, choices=State, default=State.QUEUED, editable=False)
    step = models.CharField(_("step"), max_length=100, blank=True)  # a source string, translated when shown
    done = models.PositiveIntegerField(_("done"), default=0)
    total = models.PositiveIntegerField(_("of"), default=0)  # 0: nobody knows yet
    message = models.TextField(_("what became of it"), blank=True)
    attempts = models.PositiveSmallIntegerField(_("attempts"), default=0)
    is_stop_asked = models.BooleanField(_("asked to stop"), default=False)
    asked_at = models.DateTimeField(_("asked at"))
    queued_at = models.DateTimeField(_("put into the queue at"))
    beat_at = models.DateTimeField(_("last sign at"), null=True, blank=True)
    ended_at = models.DateTimeField(_("ended at"), null=True, blank=True)
    objects = JobQuerySet.as_manager()

    class Meta:
        ordering = ["-asked_at", "-pk"]
        verbose_name = _("background job")
        verbose_name_plural = _("background jobs")
        constraints = [
            models.UniqueConstraint(
                fields=["subject"],
                condition=Q(state__in=["queued", "running"]),
                name="job_one_open_of_a_subject",
                violation_error_message=_("This is being worked on already."),
            )
        ]

    def __str__(self):
        return self.about

    @classmethod
    def begin(cls, work: Callable, record: models.Model, *, about: str, address: str, by) -> "Job":
        """Ask for `work(job, record, progress)`. Refused while another job of the record is open."""
        now = timezone.now()
        try:
            with transaction.atomic():
                job = cls.objects.create(
                    work=f"{work.__module__}.{work.__qualname__}",
                    subject=subject_of(record),
                    about=Truncator(about).chars(255),
                    address=address[:500],
                    by=by,
                    asked_at=now,
                    queued_at=now,
                )
                job._put_into_queue()
        except IntegrityError as error:
            raise Refused(gettext("This is being worked on already.")) from error
        return job

    def _put_into_queue(self) -> None:
        async_task("core.jobs.run", self.pk, task_name=f"job {self.pk}")

    @property
    def is_open(self) -> bool:
        return self.state in self.OPEN

    @property
    def step_label(self) -> str:
        return gettext(self.step) if self.step else ""

    @property
    def percent(self) -> int | None:
        return min(100, self.done * 100 // self.total) if self.total else None

    def record(self) -> models.Model | None:
        """What the job is about, or None where it was deleted."""
        label, _dot, pk = self.subject.rpartition(".")
        return apps.get_model(label)._default_manager.filter(pk=pk).first()

    def stop(self) -> None:
        """One that waits ends at once, a running one at its next step. Refused once it has ended."""
        asked = Job.objects.filter(pk=self.pk)
        with transaction.atomic():
            ended = {"state": self.State.STOPPED, "ended_at": timezone.now(), "is_stop_asked": True}
            if not (
                asked.filter(state=self.State.QUEUED).update(**ended)
                or asked.filter(state=self.State.RUNNING).update(is_stop_asked=True)
            ):
                raise Refused(gettext("This work has ended already."))
        self.refresh_from_db()

    def claim(self) -> bool:
        """Whether this worker is the one that does it; the same job may stand in the queue more than once."""
        now = timezone.now()
        waiting = Job.objects.filter(pk=self.pk, state=self.State.QUEUED)
        claimed = waiting.update(
            state=self.State.RUNNING, attempts=models.F("attempts") + 1, beat_at=now, step="", done=0, total=0
        )
        if claimed:
            self.refresh_from_db()
        return bool(claimed)

    def end(self, state: str, message: str = "") -> bool:
        """False where another worker took over meanwhile: then it is that one's to say."""
        mine = Job.objects.filter(pk=self.pk, attempts=self.attempts, state=self.State.RUNNING)
        ended = mine.update(state=state, message=message, ended_at=timezone.now())
        self.refresh_from_db()
        return bool(ended)


class Worker(models.Model):
    """A background worker and when it last gave a sign."""

    name = models.CharField(max_length=100, unique=True)
    seen_at = models.DateTimeField()

    def __str__(self):
        return self.name


def subject_of(record: models.Model) -> str:
    return f"{record._meta.label_lower}.{record.pk}"


def run_soon(command: str) -> None:
    """Put a command of the clock into the queue, where something should not wait for its hour."""
    async_task("django.core.management.call_command", command, task_name=command)


# --- how far it is -----------------------------------------------------------------------------------------------
def no_progress(step: str, done: int = 0, total: int = 0) -> None:
    """For work that nobody watches."""


class Progress:
    """`progress(step, done, total)` notes how far the work is, and raises Stopped where somebody asked to stop.

    Told by a thread with a connection of its own, so that it is seen while the work's transaction is open, and the work
    never waits for it. `step` is a source string.
    """

    def __init__(self, job: Job):
        self.job = job
        self.told = ("", 0, 0)
        self.is_stop_asked = False
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._pulse, daemon=True)

    def __call__(self, step: str, done: int = 0, total: int = 0) -> None:
        is_new, self.told = step != self.told[0], (step, done, total)
        if is_new and not connection.in_atomic_block:
            # Before a transaction that on SQLite lets nothing more be told until it ends.
            with suppress(DatabaseError):
                self._look_and_tell()
        if self.is_stop_asked:
            raise Stopped

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_error):
        self._ended.set()
        self._thread.join()

    def _pulse(self) -> None:
        try:
            while not self._ended.wait(PULSE_SECONDS):
                with suppress(DatabaseError), _impatient():
                    self._look_and_tell()
        finally:
            connection.close()

    def _look_and_tell(self) -> None:
        found = Job.objects.filter(pk=self.job.pk).first()
        if found is None:
            return
        is_mine = found.state == Job.State.RUNNING and found.attempts == self.job.attempts
        self.is_stop_asked = found.is_stop_asked or not is_mine  # another worker has it: nothing is done twice
        mine = Job.objects.filter(pk=found.pk, attempts=self.job.attempts, state=Job.State.RUNNING)
        step, done, total = self.told
        mine.update(step=step, done=done, total=total, beat_at=timezone.now())


@contextmanager
def _impatient():
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}")
    yield


# --- in the worker -----------------------------------------------------------------------------------------------
def in_language_of_the_house(function):
    """What is noted and mailed is in the language of the installation; a mail is read outside any page."""

    @wraps(function)
    def spoken(*args):
        with translation.override(settings.LANGUAGE_CODE):
            return function(*args)

    return spoken


@in_language_of_the_house
def run(pk: int) -> None:
    """What the queue calls: does the job if it is still to be done, and tells whoever asked what became of it."""
    job = Job.objects.filter(pk=pk).first()
    if job is None or not job.claim():
        return
    state, message = _done(job)
    if job.end(state, message):
        _tell(job)


def _done(job: Job) -> tuple[str, str]:
    state = Job.State
    record = job.record()
    if record is None:
        return state.STOPPED, gettext("What this was about is no longer there.")
    try:
        with Progress(job) as progress:
            return state.DONE, import_string(job.work)(job, record, progress) or ""
    except Stopped:
        return state.STOPPED, gettext("Stopped; nothing was changed.")
    except ValidationError as refused:
        return state.FAILED, refused.messages[0]
    except (OperationalError, InterfaceError):
        raise  # the database went away or is held by others: the job falls silent, and is picked up again
    except TimeoutException:
        return state.FAILED, gettext("This took longer than the background worker may work. Split the file and retry.")
    except Exception:
        logger.exception("Job %s (%s) failed.", job.pk, job.work)
        return state.FAILED, gettext("A fault of the program kept this from being finished; nothing was changed.")


def _tell(job: Job) -> None:
    """By mail, in the language of the installation; a mail that cannot be sent changes nothing about the work."""
    if not (job.by and job.by.email) or job.state == Job.State.STOPPED:
        return
    words = {"about": job.about, "state": job.get_state_display()}
    subject = settings.ACCOUNT_EMAIL_SUBJECT_PREFIX + gettext("%(about)s: %(state)s") % words
    try:
        send_mail(" ".join(subject.split()), render_to_string("email/job.txt", {"job": job}), None, [job.by.email])
    except OSError as error:
        logger.warning("The mail about job %s could not be sent: %s", job.pk, error)


@in_language_of_the_house
def pick_up(now: datetime) -> None:
    """Jobs whose worker gave no sign begin again; after some attempts they count as failed. Safe to call at any time.

    What lies ahead was written by a clock that was wrong, and is as good as nothing said.
    """
    state = Job.State
    for job in Job.objects.filter(state=state.RUNNING).exclude(beat_at__range=(now - LEASE, now + LEASE)):
        lost = Job.objects.filter(pk=job.pk, state=state.RUNNING, beat_at=job.beat_at)
        if job.is_stop_asked:
            lost.update(state=state.STOPPED, ended_at=now, message=gettext("Stopped; nothing was changed."))
        elif job.attempts >= MOST_ATTEMPTS:
            sentence = gettext("The background worker ended %(number)s times during this work.")
            message = sentence % {"number": job.attempts}
            if lost.update(state=state.FAILED, ended_at=now, message=message):
                job.refresh_from_db()
                _tell(job)
        else:
            with transaction.atomic():
                if lost.update(state=state.QUEUED, queued_at=now):
                    job._put_into_queue()
    in_time = (now - LOST_IN_QUEUE, now + LEASE)
    for job in Job.objects.filter(state=state.QUEUED).exclude(queued_at__range=in_time):
        with transaction.atomic():
            if Job.objects.filter(pk=job.pk, state=state.QUEUED, queued_at=job.queued_at).update(queued_at=now):
                job._put_into_queue()
    for planned in Schedule.objects.filter(schedule_type=Schedule.CRON, next_run__gt=now + LONGEST_PLANNED):
        Schedule.objects.filter(pk=planned.pk).update(next_run=planned.calculate_next_run())


def keep_beating(**_signal) -> None:
    """Called in each worker process when it starts: a thread tells that it lives, and picks up what others left."""
    threading.Thread(target=_beat, daemon=True).start()


def _beat() -> None:
    name, pause = f"{socket.gethostname()} {os.getpid()}", threading.Event()
    while True:
        try:
            connection.close_if_unusable_or_obsolete()
            now = timezone.now()
            with _impatient():
                Worker.objects.update_or_create(name=name, defaults={"seen_at": now})
                Worker.objects.exclude(seen_at__range=(now - timedelta(days=1), now + SILENCE)).delete()
                pick_up(now)
        except DatabaseError:
            logger.info("The database did not take the sign of this worker.", exc_info=True)
        pause.wait(BEAT_SECONDS)


# --- whether there is one ----------------------------------------------------------------------------------------
SILENCE = timedelta(seconds=60)  # longer than a transaction on SQLite keeps a worker from giving its sign


def worker_seen_at() -> datetime | None:
    """When a background worker last gave a sign, or None. A sign that lies ahead is of a clock that was wrong."""
    by_now = timezone.now() + SILENCE
    of_workers = Worker.objects.filter(seen_at__lt=by_now).aggregate(last=models.Max("seen_at"))["last"]
    running = Job.objects.filter(state=Job.State.RUNNING, beat_at__lt=by_now)
    of_jobs = running.aggregate(last=models.Max("beat_at"))["last"]
    return max(filter(None, (of_workers, of_jobs)), default=None)


def has_worker(now: datetime) -> bool:
    seen = worker_seen_at()
    return seen is not None and seen > now - SILENCE
