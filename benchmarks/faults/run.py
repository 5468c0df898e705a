"""Faults on the product as it runs in production: what was acknowledged is there, what was not is whole or not at all.

`make faults` runs everything; `python benchmarks/faults/run.py kill two` some of it:

    kill    people and a program write everywhere while web and worker are killed with SIGKILL and started again
    two     two people save the same loaded version of the same record at the same moment
    disk    the disk is full, then has room again (needs root: a small disk of its own in a mount namespace)
    gone    the database goes away and comes back (PostgreSQL: a server of its own; SQLite: held by another writer)
    clock   the clock jumps two days ahead and back (needs faketime)

The database is BENCH_DATABASE_URL (give an empty one; `disk` adds one with `_disk` behind its name) or else SQLite in a
temporary folder; `gone` starts a PostgreSQL of its own. FAULTS_SECONDS (100) is how long `kill` writes, and a fifth of it how
long each part of the others takes; FAULTS_ROUNDS (12) how often `two` tries each record; FAULTS_SEED (1) what is chosen. Exit
0: nothing was lost or half done.
"""

import atexit
import json
import os
import random
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections import Counter, defaultdict
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit

import psycopg2

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
PHASES = ("two", "kill", "clock", "disk", "gone")
SECONDS = int(os.environ.get("FAULTS_SECONDS", "100"))
ROUNDS = int(os.environ.get("FAULTS_ROUNDS", "12"))
SEED = int(os.environ.get("FAULTS_SEED", "1"))
URL = os.environ.get("BENCH_DATABASE_URL", "")
IS_POSTGRES = URL.startswith("postgres")


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def everything(phases: list[str]) -> int:
    """Each phase in a process of its own, since a process has one database."""
    folder, ended = Path(tempfile.mkdtemp(prefix="kotaku-faults-")), {}
    for phase in phases:
        own = {"two": "shared", "kill": "shared", "clock": "shared"}.get(phase, phase)
        command = [sys.executable, str(Path(__file__)), "--inside", phase, str(folder / own)]
        if phase == "disk":
            if os.geteuid() or not shutil.which("unshare"):
                print("disk: skipped, needs root and unshare")
                continue
            command = ["unshare", "--mount", *command]
        (folder / own).mkdir(exist_ok=True)
        folder.chmod(0o755)
        print(f"== {phase} ({'postgresql' if IS_POSTGRES else 'sqlite'})", flush=True)
        ended[phase] = subprocess.run(command, cwd=ROOT, check=False).returncode
    bad = [phase for phase, code in ended.items() if code]
    print(
        f"faults: {', '.join(ended)} tried; {'nothing lost, nothing half done' if not bad else 'wrong: ' + ', '.join(bad)}"
    )
    print(f"logs in {folder}")
    return bool(bad)


if sys.argv[1:2] != ["--inside"]:
    sys.exit(everything(sys.argv[1:] or list(PHASES)))

PHASE, FOLDER = sys.argv[2], Path(sys.argv[3])
PORT = free_port()
BASE = f"http://127.0.0.1:{PORT}"
if PHASE == "gone" and IS_POSTGRES:
    CLUSTER_PORT = free_port()
    DATABASE = f"postgres://postgres@127.0.0.1:{CLUSTER_PORT}/postgres"
elif PHASE == "disk" and IS_POSTGRES:  # its files lie apart from those of the other phases, and so must its records
    DATABASE = f"{URL}_disk"
    with suppress(psycopg2.errors.DuplicateDatabase):
        server = psycopg2.connect(URL)
        server.autocommit = True
        server.cursor().execute(f'CREATE DATABASE "{urlsplit(DATABASE).path[1:]}"')
elif not URL or PHASE == "disk":
    (FOLDER / "disk").mkdir(exist_ok=True)
    DATABASE = f"sqlite:///{FOLDER / 'disk' / 'faults.sqlite3'}"
else:
    DATABASE = URL
os.environ.update(
    DJANGO_SETTINGS_MODULE="kotaku.settings",
    DATABASE_URL=DATABASE,
    MEDIA_ROOT=str(FOLDER / "disk" / "media"),
    DEBUG="0",
    HTTPS="0",
    SECRET_KEY="only-for-the-benchmark-0123456789abcdef0123456789",  # noqa: S106
    ALLOWED_HOSTS="127.0.0.1,testserver",
    EMAIL_URL="dummymail://",
)


class Cluster:
    """A PostgreSQL server of our own that may be stopped."""

    def __init__(self):
        self.bin = next(iter(sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)))
        self.folder = FOLDER / "cluster"
        self.folder.mkdir()
        shutil.chown(self.folder, "postgres")
        self._call("initdb", "--auth=trust", "--no-sync", "--encoding=UTF8", "--locale=C.UTF-8", "-D", str(self.folder))

    def _call(self, name: str, *arguments) -> None:
        command = ["runuser", "-u", "postgres", "--", str(self.bin / name), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, cwd=self.folder)

    def start(self) -> None:
        self._call("pg_ctl", "-D", str(self.folder), "-w", "-l", str(self.folder / "log"), "-o", f"-p {CLUSTER_PORT} -k {self.folder}", "start")  # fmt: skip

    def stop(self) -> None:
        self._call("pg_ctl", "-D", str(self.folder), "-m", "immediate", "stop")


if PHASE == "disk":
    (FOLDER / "disk").mkdir(exist_ok=True)
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(FOLDER / "disk")], check=True)
CLUSTER = Cluster() if PHASE == "gone" and IS_POSTGRES else None
if CLUSTER:
    CLUSTER.start()
    atexit.register(CLUSTER.stop)

import django  # noqa: E402

django.setup()

import lxml.html  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.utils import timezone  # noqa: E402
from django_q.models import Schedule  # noqa: E402
from drf_spectacular.generators import SchemaGenerator  # noqa: E402

from benchmarks.faults import proofs, scenes  # noqa: E402
from benchmarks.faults.people import LEFT_ALONE, Importer, Machine, Person, Shared, forms_of, large_list  # noqa: E402
from core.jobs import Job, has_worker  # noqa: E402
from kotaku import demo  # noqa: E402
from slumareas.models import Import  # noqa: E402

ROLES = ("planner", "verifier", "pokja_member", "opd_user", "balai", "village_user", "viewer", "admin")


class Server:
    """Web and worker as `make serve` starts them, each in a process group of its own."""

    def __init__(self, before: tuple = ()):
        self.before, self.running = before, {}
        atexit.register(self.kill)

    def start(self, *which) -> None:
        commands = {
            "web": ["gunicorn", "kotaku.wsgi", "--bind", f"127.0.0.1:{PORT}", "--workers", "2", "--threads", "2", "--keep-alive", "75"],
            "worker": ["django", "qcluster"],
        }  # fmt: skip
        for name in which or ("web", "worker"):
            with (FOLDER / f"{PHASE}.log").open("a") as log:
                self.running[name] = subprocess.Popen(
                    [*self.before, sys.executable, "-m", *commands[name]], cwd=ROOT, stdout=log, stderr=log, start_new_session=True
                )  # fmt: skip

    def kill(self, *which, by=signal.SIGKILL) -> None:
        for name in which or ("web", "worker"):
            process = self.running.pop(name, None)
            if process:
                os.killpg(process.pid, by)
                try:
                    process.wait(30)
                except subprocess.TimeoutExpired:
                    os.killpg(process.pid, signal.SIGKILL)
                    process.wait()

    def wait(self) -> None:
        for _attempt in range(120):
            if ask("/healthz")[0]:
                return
            time.sleep(0.5)
        sys.exit((FOLDER / f"{PHASE}.log").read_text()[-2000:])


def ask(path: str, wait: float = 30) -> tuple[int, str, float]:
    """Status (0 where nobody answers), text and seconds of an answer without a session."""
    begun = time.time()
    try:
        with urllib.request.urlopen(BASE + path, timeout=wait) as answer:  # noqa: S310
            return answer.status, answer.read().decode(), time.time() - begun
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode(), time.time() - begun
    except OSError:
        return 0, "", time.time() - begun


def prepare() -> None:
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    list(demo.load_demo())
    scenes.set_up()
    connection.close()


def crowd(stages: list[tuple], meanwhile=lambda: None) -> tuple[Shared, dict[str, list]]:
    """Everybody writes through the stages, each (name, seconds, what begins it); gives also what was sent in each."""
    shared = Shared(
        BASE, DICE, starts=scenes.starts(), schema=SchemaGenerator().get_schema(public=True),
        files=scenes.boundaries(), targets=scenes.write_paths(), kept=scenes.kept(),
    )  # fmt: skip
    everybody = [
        Person(shared, name)
        for name in (*ROLES, "uji-perencana", "uji-verifikator", "uji-pengelola", "uji-pengelola-2", None)
    ]
    for path in scenes.starts_for_guests():
        everybody[-1]._remember(path)
    everybody += [Importer(shared, name) for name in ("uji-pengimpor", "uji-pengimpor-2")]
    everybody += [Machine(shared, name) for name in ("uji-program", "uji-program-2", "uji-program-3")]
    connection.close()
    threads = [threading.Thread(target=one.run, daemon=True) for one in everybody]
    for thread in threads:
        thread.start()
    marks = []
    for name, seconds, begin in stages:
        marks.append((name, time.time()))
        begin()
        end = time.time() + seconds
        while time.time() < end:
            meanwhile()
            time.sleep(0.2)
    shared.stop.set()
    for thread in threads:
        thread.join(90)
    ends = [at for _name, at in marks[1:]] + [time.time()]
    sent = {
        name: [one for one in shared.sent if begun <= one.begun < end]
        for (name, begun), end in zip(marks, ends, strict=True)
    }
    for name, those in sent.items():
        print(f"  {name}: {len(those)} requests that write or failed, {dict(Counter(one.outcome for one in those))}")
    return shared, sent


def failures(sent: list, polite: tuple = ()) -> list[str]:
    """Answers of 5xx, each kind once with how often; one of the `polite` numbers with its sentence is as it should be."""
    found, examples = Counter(), {}
    for one in sent:
        if one.outcome == "failed" and not (
            one.status in polite and ('"detail"' in one.told or 'class="sentence"' in one.told)
        ):
            found[one.status, one.method, one.name] += 1
            examples[one.status, one.method, one.name] = one.path
    politely = Counter(one.status for one in sent if one.outcome == "failed")
    if polite and politely:
        print(f"    answered {dict(politely)}")
    return [f"{key[0]} {number} times: {key[1]} {key[2]} (e.g. {examples[key]})" for key, number in found.items()]


def jobs_end(seconds: int = 240) -> list[str]:
    """Work that was begun is taken up and ended by whichever worker there is."""
    end = time.time() + seconds
    while Job.objects.open().exists() and time.time() < end:
        time.sleep(1)
    states = dict(Counter(Job.objects.values_list("state", flat=True)))
    print(
        f"  background jobs: {states}, most attempts {max(Job.objects.values_list('attempts', flat=True), default=0)}"
    )
    return [f"job {job.pk} {job.work} is still {job.state}" for job in Job.objects.open()]


def pages_answer(names: tuple = ("planner",)) -> list[str]:
    """No page answers 500 once all is over: they walk through one page of each kind."""
    shared, walked = Shared(BASE, DICE, starts=scenes.starts()), 0
    for name in names:
        person = Person(shared, name)
        person.login()
        for path in [paths[-1] for paths in person.places.values() if paths]:
            person.get(path)
            walked += 1
    print(f"  {walked} pages walked afterwards")
    return failures(shared.sent)


def tell_log() -> None:
    """The last lines of what the log calls a traceback, each once."""
    lines, found, inside = (FOLDER / f"{PHASE}.log").read_text(errors="replace").splitlines(), Counter(), False
    for line in lines:
        if line.startswith("Traceback"):
            inside = True
        elif inside and line and not line.startswith((" ", "Traceback")):
            found[line[:160]] += 1
            inside = False
    for line, number in found.most_common(12):
        print(f"    log, {number} times: {line}")


def write_paths(shared: Shared) -> None:
    """Which addresses that write went through, and which did not and why."""
    every = shared.targets
    outcomes = defaultdict(Counter)
    for one in shared.sent:
        outcomes[one.method, one.name][one.outcome] += 1
    acked = {key for key, counted in outcomes.items() if counted["acked"]}
    print(f"  write paths: {len(every | acked)}; acknowledged at least once {len(acked)}")
    for key in sorted(acked):
        print(f"    + {key[0]} {key[1]} {dict(outcomes[key])}")
    for key in sorted(every - acked):
        reason = LEFT_ALONE.get(key[1])
        if reason is None and key in outcomes:
            last = next(one for one in reversed(shared.sent) if (one.method, one.name) == key)
            reason = f"tried {sum(outcomes[key].values())} times, refused ({last.status}): {last.told[:160]}"
        print(f"    - {key[0]} {key[1]}: {reason or 'no writer came there'}")


# --- the phases --------------------------------------------------------------------------------------------
def kill() -> list[str]:
    server, kills, bare = Server(), Counter(), proofs.without_history()
    server.start()
    server.wait()
    next_kill = [time.time() + 15]

    def meanwhile() -> None:
        if time.time() < next_kill[0]:
            return
        which = DICE.choice([("web",), ("web",), ("worker",), ("web", "worker")])
        server.kill(*which)
        kills[" and ".join(which)] += 1
        time.sleep(DICE.random())
        server.start(*which)
        next_kill[0] = time.time() + DICE.uniform(7, 14)

    shared, _sent = crowd([("writing", SECONDS, lambda: None)], meanwhile)
    server.kill()
    server.start()
    server.wait()
    print(f"  killed: {dict(kills)}")
    wrong = [*jobs_end(), *failures(shared.sent), *proofs.all_of(shared.sent, bare), *pages_answer(ROLES)]
    server.kill(by=signal.SIGTERM)
    write_paths(shared)
    return wrong


def two() -> list[str]:
    server, wrong = Server(), []
    server.start("web")
    server.wait()
    shared = Shared(BASE, DICE)
    pair = [Person(shared, "planner"), Person(shared, "uji-perencana")]
    for one in pair:
        one.login()
    for what, path, name, stored in scenes.editable():
        outcome = Counter()
        for _round in range(ROUNDS):
            forms = [
                next((form for form, _target, _action in one.learn(one.get(path), path) if name in form.fields), None)
                for one in pair
            ]
            if None in forms:
                outcome["no form"] += 1
                continue
            start, marks, answers = threading.Barrier(2), [one.mark() for one in pair], [None, None]

            def save(index, path=path, name=name, forms=forms, start=start, marks=marks, answers=answers):
                values = [(key, value) for key, value in forms[index].form_values() if key != name]
                start.wait()
                answers[index] = pair[index].post(path, [*values, (name, f"Uji {marks[index]}")], [], [marks[index]])[0]

            threads = [threading.Thread(target=save, args=[index]) for index in (0, 1)]
            [thread.start() for thread in threads]
            [thread.join() for thread in threads]
            kept = [mark for mark, sent in zip(marks, answers, strict=True) if sent.outcome == "acked"]
            now = str(stored())
            if any(sent.outcome == "failed" for sent in answers):
                outcome["failed"] += 1
            elif len(kept) == 1 and kept[0] in now:
                outcome["one stored, the other told"] += 1
            elif len(kept) == 2:
                outcome["LOST: both were told it is stored"] += 1
            elif not kept and not any(mark in now for mark in marks):
                outcome["both told, nothing stored"] += 1
            else:
                outcome[f"odd: {len(kept)} acknowledged, stored {now[:30]}"] += 1
        print(f"  {what}: {dict(outcome)}")
        good = ("one stored, the other told",)
        wrong += [
            f"{what}: {number} times {how}"
            for how, number in outcome.items()
            if how not in good and not how.startswith("both told")
        ]
        if outcome["both told, nothing stored"] > ROUNDS / 2:
            wrong.append(f"{what}: nobody could save")
    server.kill(by=signal.SIGTERM)
    return wrong + failures(shared.sent)


def disk() -> list[str]:
    server, bare, filler, said = Server(), proofs.without_history(), FOLDER / "disk" / "filler", []
    server.start()
    server.wait()

    def fill() -> None:
        with filler.open("ab", buffering=0) as file:
            for size in (1 << 20, 1 << 12):
                with suppress(OSError):
                    while file.write(b"\0" * size) == size:
                        pass
        said.append(ask("/healthz"))

    shared, sent = crowd(
        [("room", 15, lambda: None), ("full", SECONDS / 5, fill), ("room again", SECONDS / 6, filler.unlink)]
    )
    health = json.loads(said[0][1])
    print(f"  /healthz while full: {said[0][0]} {health['status']}, disk {health['disk']}")
    wrong = (
        failures(sent["room"], (503, 507))
        + failures(sent["full"], (503, 507))
        + failures([one for one in sent["room again"] if one.begun > sent["room again"][0].begun + 2])
    )
    if health["disk"] != {"state": "warning", "free_percent": 0}:
        wrong.append("/healthz does not say that the disk is full")
    if not any(one.outcome == "acked" for one in sent["room again"]):
        wrong.append("nothing could be stored after there was room again")
    wrong += [*jobs_end(), *proofs.all_of(shared.sent, bare), *pages_answer()]
    server.kill(by=signal.SIGTERM)
    return wrong


def large_file_sent() -> None:
    """Work for the background worker, sent as a person does."""
    shared = Shared(BASE, DICE)
    person = Person(shared, "planner")
    person.login()
    page = person.get("/slum-areas/imports/")
    form = next(form for form in forms_of(page) if "file" in form.fields)
    values = [*(one for one in form.form_values() if one[0] not in ("file", "year")), ("year", "2023")]
    sent, _answer = person.post(
        "/slum-areas/imports/", values, [("file", ("besar.csv", large_list(DICE, 2023), "text/csv"))], []
    )
    print(f"  a large workbook was sent: {sent.outcome} {sent.told}, jobs open: {Job.objects.open().count()}")
    connection.close()


def gone() -> list[str]:
    server, bare, said = Server(), proofs.without_history(), {}
    server.start()
    server.wait()
    person = Person(Shared(BASE, DICE), "planner")
    person.login()

    def go() -> None:
        large_file_sent()
        time.sleep(1)
        if CLUSTER:
            CLUSTER.stop()
        else:
            held.append(
                sqlite3.connect(connection.settings_dict["NAME"], isolation_level=None, check_same_thread=False)
            )
            held[0].execute("BEGIN IMMEDIATE")

    def look() -> None:
        for path in ("/healthz", "/workshops/", "/api/v1/workshops/", "/admin/"):
            if path not in said and time.time() > went[0] + 3:
                begun = time.time()
                answer = person.get(path)
                said[path] = (
                    (answer.status_code, answer.text, time.time() - begun) if answer is not None else (0, "", 0)
                )

    held, went = [], [float("inf")]

    def come_back() -> None:
        went[0] = float("inf")
        if CLUSTER:
            CLUSTER.start()
        else:
            held[0].execute("ROLLBACK")
            held[0].close()

    def leave() -> None:
        go()
        went[0] = time.time()

    away = SECONDS / 5 if CLUSTER else 45  # SQLite waits for 20 seconds before it gives up
    shared, sent = crowd([("there", 12, lambda: None), ("gone", away, leave), ("back", SECONDS / 5, come_back)], look)
    for path, (status, text, seconds) in said.items():
        print(
            f"  {path} while gone: {status} after {seconds:.1f} s: {' '.join(lxml.html.fromstring(text or '-').text_content().split())[:110]}"
        )
    wrong = failures(shared.sent, (503,))
    if CLUSTER:
        wrong += [
            f"{path} answered {status} after {seconds:.0f} s"
            for path, (status, _text, seconds) in said.items()
            if status != 503 or seconds > 15
        ]
        wrong += [] if '"detail"' in said["/api/v1/workshops/"][1] else ["the API does not say it as JSON"]
    if not any(one.outcome == "acked" for one in sent["back"]):
        wrong.append("nothing could be stored after it came back")
    alive = {name: process.poll() is None for name, process in server.running.items()}
    print(f"  processes that lived through it: {alive}")
    for name, is_alive in alive.items():
        if not is_alive:
            server.start(name)
    wrong += [*jobs_end(), *proofs.all_of(shared.sent, bare), *pages_answer()]
    if not has_worker(timezone.now()):
        wrong.append("no worker gives a sign")
    server.kill(by=signal.SIGTERM)
    return wrong


DAYS_AHEAD = 2


def clock() -> list[str]:
    if not shutil.which("faketime"):
        print("  skipped: faketime is not installed (apt-get install faketime)")
        return []
    now, ahead, bare = Server(), Server(("faketime", "-f", f"+{DAYS_AHEAD}d")), proofs.without_history()
    now.start()
    now.wait()

    def jump() -> None:
        now.kill()
        ahead.start()
        ahead.wait()

    def locked() -> None:
        person = Person(Shared(BASE, DICE), "viewer")
        for _attempt in range(6):
            person.login("salah-sandi")
        large_file_sent()
        time.sleep(1)

    def jump_back() -> None:
        locked()
        ahead.kill()
        now.start()
        now.wait()

    third = SECONDS / 5
    shared, sent = crowd(
        [("as it is", third, large_file_sent), (f"{DAYS_AHEAD} days ahead", third, jump), ("back", third, jump_back)]
    )
    person = Person(Shared(BASE, DICE), "viewer")
    print(f"  an account that was locked two days ahead may log in after the clock is back: {person.login()}")
    print(f"  another account may log in: {Person(Shared(BASE, DICE), 'verifier').login()}")
    wrong = [
        *jobs_end(),
        *failures(shared.sent),
        *proofs.all_of(shared.sent, bare, DAYS_AHEAD * 86400),
        *pages_answer(),
    ]
    stored = Counter(Import.objects.filter(state="applied").values_list("sha256", flat=True))
    wrong += [f"{number} times stored: import {sha}" for sha, number in stored.items() if number > 1]
    late = [
        f"{row.name} {row.next_run - timezone.now()}"
        for row in Schedule.objects.all()
        if row.next_run > timezone.now() + timedelta(days=1, hours=12)
    ]
    print(f"  work by the clock that waits longer than a day and a half: {late or 'none'}")
    now.kill(by=signal.SIGTERM)
    return wrong


def main() -> None:
    began = time.time()
    prepare()
    wrong = {"kill": kill, "two": two, "disk": disk, "gone": gone, "clock": clock}[PHASE]()
    tell_log()
    for sentence in wrong[:40]:
        print(f"  WRONG: {sentence}")
    print(
        f"  {PHASE}: {'as it should be' if not wrong else f'{len(wrong)} things are wrong'} ({time.time() - began:.0f} s)"
    )
    sys.exit(bool(wrong))


DICE = random.Random(SEED)  # noqa: S311 - no secret
main()
