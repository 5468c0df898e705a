"""50 people for ten minutes on the server as it runs in production: no error, nothing lost, beside an empty page.

`make load` installs what it needs. Starts gunicorn as `make serve` does (two processes of two threads) and the
background worker on a database of its own, BENCH_DATABASE_URL (which is emptied) or else SQLite in a file; LOAD_USERS and
LOAD_SECONDS change the size. Prints requests, failures and, for each page, the median and the 95th percentile as multiples
of the median of an empty page of the same run; then whether all that was said to be stored is there.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT))
FOLDER = Path(tempfile.mkdtemp(prefix="kotaku-load-"))
USERS = int(os.environ.get("LOAD_USERS", "50"))
SECONDS = int(os.environ.get("LOAD_SECONDS", "600"))
with socket.socket() as free:
    free.bind(("127.0.0.1", 0))
    PORT = free.getsockname()[1]
os.environ.update(
    DJANGO_SETTINGS_MODULE="kotaku.settings",
    DATABASE_URL=os.environ.get("BENCH_DATABASE_URL", f"sqlite:///{FOLDER / 'load.sqlite3'}"),
    MEDIA_ROOT=str(FOLDER / "media"),
    DEBUG="0",
    HTTPS="0",
    SECRET_KEY="only-for-the-benchmark-0123456789abcdef0123456789",  # noqa: S106
    ALLOWED_HOSTS="127.0.0.1,testserver",
)

import django  # noqa: E402

django.setup()

from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: E402
from django.contrib.sessions.backends.db import SessionStore  # noqa: E402
from django.core.management import call_command  # noqa: E402
from django.db import connection  # noqa: E402
from django.test import Client  # noqa: E402
from django.utils import timezone  # noqa: E402

from core.models import Organization, User  # noqa: E402
from kotaku import demo  # noqa: E402
from workshops.models import MinutesEntry, Participant, Workshop  # noqa: E402

ROLES = (
    "planner",
    "planner",
    "verifier",
    "opd_user",
    "pokja_member",
    "viewer",
    "viewer",
    "balai",
    "opd_user",
    "viewer",
)
EMPTY, BACKEND = "empty page", "allauth.account.auth_backends.AuthenticationBackend"
PAGES = {
    "home": "/",
    "workshops": "/workshops/",
    "slum areas": "/slum-areas/",
    "hectares": "/slum-areas/hectares/",
    "map": "/slum-areas/map/",
    "map data": "/slum-areas/map/data.json",
    "agreements": "/agreements/",
    "follow-ups": "/agreements/follow-ups/",
    "scoreboard": "/agreements/scoreboard/",
    "packages": "/assets/",
    "stages": "/assets/stages/",
    "ageing": "/assets/ageing/",
}


def people() -> list[dict]:
    office = Organization.objects.order_by("pk").first()
    made, readable, client = [], {}, Client()
    for number in range(USERS):
        role = ROLES[number % len(ROLES)]
        user = User.objects.create_user(f"beban-{number}", role=role, organization=office)
        if role not in readable:
            client.force_login(user, backend=BACKEND)
            readable[role] = [(name, url) for name, url in PAGES.items() if client.get(url).status_code == 200]
        session = SessionStore()
        session[SESSION_KEY] = str(user.pk)
        session[BACKEND_SESSION_KEY] = BACKEND
        session[HASH_SESSION_KEY] = user.get_session_auth_hash()
        session.save()
        made.append({"role": role, "session": session.session_key, "pages": readable[role]})
    return made


def prepare() -> None:
    call_command("migrate", verbosity=0)
    call_command("collectstatic", interactive=False, verbosity=0)
    list(demo.load_demo())
    workshop = Workshop.objects.create(title="Lokakarya Uji Beban", held_on=timezone.localdate(), place="Balai Uji")
    Workshop.objects.filter(pk=workshop.pk).update(status="in_progress")
    (FOLDER / "told.json").write_text(json.dumps({"people": people(), "workshop": workshop.slug}))
    connection.close()


def started(*command) -> subprocess.Popen:
    with (FOLDER / "server.log").open("a") as log:
        return subprocess.Popen([sys.executable, "-m", *command], cwd=ROOT, stdout=log, stderr=log)


def wait_for_server() -> None:
    for _attempt in range(60):
        try:
            urllib.request.urlopen(f"http://127.0.0.1:{PORT}/accounts/login/", timeout=2).close()
            return
        except OSError:
            time.sleep(0.5)
    sys.exit((FOLDER / "server.log").read_text()[-2000:])


def run_users() -> list[dict]:
    """The figures of locust, one entry a kind of request."""
    told = subprocess.run(
        [
            sys.executable, "-m", "locust", "-f", "benchmarks/load/users.py", "--headless", "--json", "--loglevel", "ERROR",
            "--csv", str(FOLDER / "figures"), "--only-summary",
            "-u", str(USERS), "-r", "10", "-t", f"{SECONDS}s", "--host", f"http://127.0.0.1:{PORT}",
        ],
        cwd=ROOT, capture_output=True, text=True, check=False,
        env={**os.environ, "LOAD_TOLD": str(FOLDER / "told.json"), "LOAD_STORED": str(FOLDER / "stored.jsonl")},
    )  # fmt: skip
    if not told.stdout.strip().startswith("["):
        sys.exit(told.stderr[-2000:])
    return json.loads(told.stdout)


def percentile(entry: dict, share: float) -> float:
    """Milliseconds under which this share of the answers came."""
    times = sorted((float(time), count) for time, count in entry["response_times"].items())
    wanted, seen = share * sum(count for _time, count in times), 0
    for milliseconds, count in times:
        seen += count
        if seen >= wanted:
            return milliseconds
    return 0.0


def look_for_what_was_stored() -> int:
    """How many records were promised; ends with what is missing where one is."""
    promised, guests = {}, []
    for line in (FOLDER / "stored.jsonl").read_text().splitlines():
        told = json.loads(line)
        if "guest" in told:
            guests.append(told["guest"])
        else:
            promised[told["uid"]] = (told["text"], told["version"])
    stored = {
        str(uid): (text, version) for uid, text, version in MinutesEntry.objects.values_list("uid", "text", "version")
    }
    missing = [uid for uid, told in promised.items() if stored.get(uid) != told]
    found = list(Participant.objects.filter(name__in=guests).values_list("name", flat=True))
    missing += [name for name in guests if found.count(name) != 1]
    if not promised or not guests:
        sys.exit("Nothing was written; the users of the load run do not do what they should.")
    if missing:
        sys.exit(f"Said to be stored and not there as it was said: {missing[:5]} ({len(missing)})")
    return len(promised) + len(guests)


def main() -> None:
    prepare()
    worker = started("django", "qcluster")
    web = started(
        "gunicorn",
        "kotaku.wsgi",
        "--bind",
        f"127.0.0.1:{PORT}",
        "--workers",
        "2",
        "--threads",
        "2",
        "--keep-alive",
        "75",
    )
    try:
        wait_for_server()
        figures = run_users()
    finally:
        for process in (web, worker):
            process.terminate()
            process.wait(30)
    requests = sum(entry["num_requests"] for entry in figures)
    failures = sum(entry["num_failures"] for entry in figures)
    print(f"{connection.vendor}: {USERS} users, {SECONDS} s, {requests} requests, {failures} failures")
    empty = percentile(next(entry for entry in figures if entry["name"] == EMPTY), 0.5)
    for entry in sorted(figures, key=lambda entry: entry["name"]):
        middle, high = (percentile(entry, share) / empty for share in (0.5, 0.95))
        print(
            f"  {entry['name']:22} {entry['num_requests']:6} times  median {middle:5.1f}  95 % {high:5.1f} of an empty page"
        )
    print(f"all {look_for_what_was_stored()} entries and guests that were said to be stored are there")
    for told in (FOLDER / "figures_failures.csv").read_text().splitlines()[1:]:
        print(f"  failed: {told}")
    errors = [line for line in (FOLDER / "server.log").read_text().splitlines() if "Traceback" in line]
    if failures or errors:
        sys.exit(f"{failures} failures, {len(errors)} errors in {FOLDER / 'server.log'}")


main()
