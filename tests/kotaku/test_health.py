"""`/healthz`: open to everyone, true, and silent about what would help an intruder."""

import json
from collections import namedtuple
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import OperationalError, connection
from django.utils import timezone
from jsonschema import Draft202012Validator

from core.models import Backup
from kotaku import health

SCHEMA = json.loads((settings.BASE_DIR / "docs" / "schemas" / "healthz.schema.json").read_text())
Usage = namedtuple("Usage", "total used free")


@pytest.fixture(autouse=True)
def no_worker(settings):
    """Where a test says nothing else."""
    settings.WORKER_SEEN_AT = ""


@pytest.fixture
def ask(client):
    def asked():
        answer = client.get("/healthz")
        told = answer.json()
        Draft202012Validator(SCHEMA).validate(told)
        return answer, told

    return asked


@pytest.fixture
def roomy(monkeypatch):
    monkeypatch.setattr(health.shutil, "disk_usage", lambda folder: Usage(1000, 600, 400))


def backed_up(hours):
    made_at = timezone.now() - timedelta(hours=hours, minutes=1)
    Backup.objects.create(made_at=made_at, file_name="rahasia.zip", sha256="a" * 64, size=1, version="9.9.9")


def seen_just_now():
    return timezone.now() - timedelta(seconds=7)


def seen_long_ago():
    return timezone.now() - timedelta(hours=1)


def never_seen():
    return None


@pytest.mark.django_db
def test_all_is_well(ask, roomy, settings):
    settings.WORKER_SEEN_AT = f"{__name__}.seen_just_now"
    backed_up(hours=5)
    answer, told = ask()
    assert answer.status_code == 200
    assert told == {
        "status": "ok",
        "database": {"state": "ok"},
        "worker": {"state": "ok", "seen_seconds_ago": 7},
        "disk": {"state": "ok", "free_percent": 40},
        "backup": {"state": "ok", "age_hours": 5},
    }
    assert "no-store" in answer.headers["Cache-Control"]


@pytest.mark.django_db
def test_without_a_worker_it_says_so(ask, roomy, settings):
    settings.WORKER_SEEN_AT = ""
    backed_up(hours=1)
    _answer, told = ask()
    assert (told["status"], told["worker"]) == ("ok", {"state": "not_configured"})


@pytest.mark.django_db
@pytest.mark.parametrize("name", ["seen_long_ago", "never_seen"])
def test_a_silent_worker_is_a_warning(ask, roomy, settings, name):
    settings.WORKER_SEEN_AT = f"{__name__}.{name}"
    backed_up(hours=1)
    answer, told = ask()
    assert (answer.status_code, told["status"], told["worker"]["state"]) == (200, "warning", "warning")


@pytest.mark.django_db
@pytest.mark.parametrize(("hours", "state"), [(48, "ok"), (49, "warning"), (None, "warning")])
def test_an_old_backup_or_none_is_a_warning(ask, roomy, hours, state):
    if hours is not None:
        backed_up(hours)
    _answer, told = ask()
    assert told["backup"] == {"state": state, "age_hours": hours}
    assert told["status"] == state


@pytest.mark.django_db
def test_the_last_backup_counts(ask, roomy):
    backed_up(hours=100)
    backed_up(hours=2)
    assert ask()[1]["backup"] == {"state": "ok", "age_hours": 2}


@pytest.mark.django_db
@pytest.mark.parametrize(("free", "state"), [(100, "ok"), (99, "warning")])
def test_a_disk_that_fills_up_is_a_warning(ask, monkeypatch, free, state):
    monkeypatch.setattr(health.shutil, "disk_usage", lambda folder: Usage(1000, 1000 - free, free))
    assert ask()[1]["disk"] == {"state": state, "free_percent": free // 10}


@pytest.mark.django_db
def test_without_the_database_it_is_503_and_still_an_answer(ask, monkeypatch, settings):
    """As the driver says it: with the name of the host and of the user, of which nothing may be passed on."""
    settings.WORKER_SEEN_AT = f"{__name__}.seen_just_now"

    def gone(*_arguments, **_options):
        raise OperationalError('connection to server at "db.dalam" failed: user "kotaku" password "rahasia"')

    monkeypatch.setattr(connection, "cursor", gone)
    answer, told = ask()
    assert answer.status_code == 503
    assert told["status"] == told["database"]["state"] == "failed"
    assert told["backup"] == {"state": "unknown", "age_hours": None}


@pytest.mark.django_db
def test_a_database_that_was_never_migrated_is_no_database(ask):
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM django_migrations")
    assert ask()[0].status_code == 503


@pytest.mark.django_db
def test_nothing_secret_is_told(ask):
    backed_up(hours=1)
    answer, _told = ask()
    words = [settings.SECRET_KEY, str(settings.BASE_DIR), str(settings.MEDIA_ROOT), settings.VERSION, "rahasia", "aaaa"]
    words += [
        str(value) for key, value in connection.settings_dict.items() if key in ("NAME", "USER", "HOST") and value
    ]
    assert not [word for word in words if word in answer.content.decode()]


@pytest.mark.django_db
def test_it_is_answered_without_https_from_inside(client, settings):
    settings.SECURE_SSL_REDIRECT = True
    assert client.get("/healthz").status_code == 200
    assert client.get("/accounts/login/").status_code == 301
