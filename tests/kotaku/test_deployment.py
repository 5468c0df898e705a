"""What `compose.yaml`, the image and the start promise."""

import os
import re
import shutil
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest
import yaml
from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.recorder import MigrationRecorder

from core.refusals import Refused
from kotaku.locks import installation_lock

ROOT = Path(settings.BASE_DIR)


@pytest.fixture(scope="module")
def services():
    return yaml.safe_load((ROOT / "compose.yaml").read_text())["services"]


def test_database_web_worker_and_proxy_are_watched(services):
    assert set(services) == {"db", "web", "worker", "proxy"}
    own_check = {"web"}  # the image brings it
    assert all("healthcheck" in service or name in own_check for name, service in services.items())
    assert "HEALTHCHECK" in (ROOT / "Dockerfile").read_text()


def test_only_the_proxy_is_reached_from_outside(services):
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]


@pytest.mark.parametrize("name", ["web", "worker"])
def test_the_product_runs_without_rights_of_the_machine(services, name):
    service = services[name]
    assert service["cap_drop"] == ["ALL"]
    assert service["read_only"] is True
    assert "no-new-privileges:true" in service["security_opt"]
    assert "privileged" not in service
    lines = (ROOT / "Dockerfile").read_text().splitlines()
    users = [line.split()[1] for line in lines if line.startswith("USER")]
    assert users == ["kotaku"]
    assert lines.index("USER kotaku") < next(at for at, line in enumerate(lines) if line.startswith("CMD"))


@pytest.mark.parametrize("name", ["web", "worker"])
def test_so_it_does_as_a_service_of_systemd(name):
    unit = (ROOT / "deploy" / f"kotaku-{name}.service").read_text().splitlines()
    assert {"User=kotaku", "CapabilityBoundingSet=", "NoNewPrivileges=yes", "ProtectSystem=strict"} <= set(unit)
    assert "ReadWritePaths=/srv/kotaku/var" in unit
    assert f"ExecStart=/srv/kotaku/deploy/{name}.sh" in unit
    (environment,) = (line for line in unit if line.startswith("Environment="))
    assert "DEBUG=0" in environment
    assert ("BIND=127.0.0.1" in environment) == (name == "web")  # the proxy alone is reached from outside


@pytest.mark.parametrize(
    ("kept", "given", "is_loaded"),
    [("DEBUG=1", "", True), ("DEBUG=0", "", False), ("", "", False), ("DEBUG=1", "0", False)],
)
def test_setting_up_loads_the_demo_only_where_debug_is_on(tmp_path, kept, given, is_loaded):
    [line] = [line for line in (settings.BASE_DIR / "Makefile").read_text().splitlines() if "$(MANAGE) demo" in line]
    script = line.replace("$(MANAGE) demo", "echo loaded").replace("$$", "$")
    (tmp_path / "var").mkdir()
    (tmp_path / "var" / "env").write_text(f"SECRET_KEY=x\n{kept}\n")
    told = subprocess.run(  # noqa: S603
        ["/bin/bash", "-eu", "-c", script], cwd=tmp_path, env={"PATH": os.environ["PATH"], "DEBUG": given},
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert told.stdout == ("loaded\n" if is_loaded else "")


def test_no_secret_is_written_down(services):
    for path in ("compose.yaml", "Dockerfile", "deploy/env.example"):
        text = (ROOT / path).read_text()
        assert not re.search(r"^(?:SECRET_KEY|.*PASSWORD)\s*[=:]\s*['\"]?[A-Za-z0-9]{8,}", text, re.MULTILINE), path


def test_no_secret_gets_into_the_image():
    left_out = (ROOT / ".dockerignore").read_text().split()
    assert {"var", ".env", "deploy/env", "deploy/certificates"} <= set(left_out)


def test_the_proxy_passes_on_no_address_that_the_caller_wrote():
    conf = (ROOT / "deploy" / "nginx.conf").read_text()
    assert "proxy_set_header X-Forwarded-For $remote_addr;" in conf
    assert "proxy_request_buffering on;" in conf
    assert "$proxy_add_x_forwarded_for" not in conf


@pytest.mark.django_db(transaction=True)
def test_one_process_at_a_time_brings_the_database_up():
    with installation_lock("migrate", wait=False):
        with pytest.raises(Refused), installation_lock("migrate", wait=False):
            pytest.fail("two hold the same lock")
        with installation_lock("another", wait=False):
            pass
    with installation_lock("migrate", wait=False):
        pass


@pytest.mark.django_db(transaction=True)
def test_upgrading_twice_changes_nothing(capsys):
    call_command("upgrade")
    call_command("upgrade", "--language", "en")
    assert settings.VERSION in capsys.readouterr().out


@pytest.mark.django_db(transaction=True)
def test_a_database_of_a_newer_version_is_told(capsys):
    MigrationRecorder(connection).record_applied("core", "9999_later")
    call_command("upgrade", "--language", "en")
    told = capsys.readouterr()
    assert (told.out, told.err) == (
        "",
        "The database was migrated by another version (core.9999_later); use that version.\n",
    )
    MigrationRecorder(connection).record_unapplied("core", "9999_later")


def test_the_version_has_one_place():
    """And is what the footer shows."""
    found = subprocess.run(  # noqa: S603
        ["git", "grep", "-lF", f'"{settings.VERSION}"', "--", "*.py", "*.toml", "*.json", "*.html"],  # noqa: S607
        cwd=ROOT, capture_output=True, text=True, check=False,
    ).stdout.split()  # fmt: skip
    assert [name for name in found if not name.startswith(("tests/", "package"))] == ["pyproject.toml"]
    assert "{{ version }}" in (ROOT / "templates" / "base.html").read_text()


def test_the_starting_scripts_are_whole():
    for path in sorted((ROOT / "deploy").glob("*.sh")):
        subprocess.run(["sh", "-n", str(path)], check=True)  # noqa: S603, S607
    subprocess.run([sys.executable, "-m", "py_compile", str(ROOT / "deploy" / "healthy.py")], check=True)  # noqa: S603


def test_which_backups_are_kept(tmp_path):
    """The script with a `python` beside it that makes the file and nothing else."""
    (tmp_path / "deploy").mkdir()
    shutil.copy(ROOT / "deploy" / "backup.sh", tmp_path / "deploy")
    python = tmp_path / ".venv" / "bin" / "python"
    python.parent.mkdir(parents=True)
    python.write_text('#!/bin/sh\nif [ "$2" = backup ]; then : > "$3"; fi\n')
    python.chmod(0o755)
    folder = tmp_path / "there"
    folder.mkdir()
    today = date.today()
    days = [today - timedelta(days=age) for age in range(1, 500)]
    for day in days:
        (folder / f"kotaku-{day}.zip").touch()
    (folder / "before.zip").touch()
    subprocess.run([tmp_path / "deploy" / "backup.sh", folder], check=True)  # noqa: S603 - our own script
    kept = {
        today,
        *(day for day in days if (today - day).days < 7),
        *(day for day in days if (today - day).days < 28 and day.isoweekday() == 1),
        *(day for day in days if (today - day).days < 366 and day.day == 1),
    }
    assert {file.name for file in folder.iterdir()} == {"before.zip", *(f"kotaku-{day}.zip" for day in kept)}


def test_no_backup_is_removed_where_none_was_made(tmp_path):
    (tmp_path / "kotaku-2001-02-03.zip").touch()
    script = ROOT / "deploy" / "backup.sh"
    environment = {"PATH": "/usr/bin:/bin", "SECRET_KEY": "", "DATABASE_URL": "sqlite:////nowhere/kotaku.sqlite3"}
    answer = subprocess.run([script, tmp_path], env=environment, capture_output=True, check=False)  # noqa: S603
    assert answer.returncode != 0
    assert [file.name for file in tmp_path.iterdir()] == ["kotaku-2001-02-03.zip"]
