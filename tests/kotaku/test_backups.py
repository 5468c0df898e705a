"""`backup OUT` and `restore FILE`: all comes back as it was, on either database, or nothing is touched at all."""

import hashlib
import io
import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
import textwrap
import zipfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.core.management import CommandError, call_command
from django.db import connection, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.loader import MigrationLoader
from jsonschema import Draft202012Validator

from core.models import Backup, Organization, Region, User
from kotaku.backups import archive, beside, rows
from kotaku.backups.beside import snapshot
from kotaku.backups.saving import leaves_of
from slumareas.models import Baseline, SlumArea
from tests import factories
from tests.programme import FILE, make_programme
from workshops.models import Attachment, Workshop

pytestmark = pytest.mark.django_db(transaction=True)

SCHEMAS = settings.BASE_DIR / "docs" / "schemas"
KEPT = sorted((Path(__file__).parents[1] / "data" / "backups").glob("*.zip"))


@pytest.fixture(autouse=True)
def connections_of_our_own(monkeypatch):
    """The snapshot and the database beside go to the test database too, which the guard of the tests cannot know."""
    guarded = BaseDatabaseWrapper.ensure_connection

    def ensure_connection(self):
        if self.alias not in (beside.ALIAS, beside.SNAPSHOT):
            guarded(self)
        elif self.connection is None:
            with self.wrap_database_errors:
                self.connect()

    monkeypatch.setattr(BaseDatabaseWrapper, "ensure_connection", ensure_connection)


MIGRATED: dict[tuple, sqlite3.Connection] = {}


@pytest.fixture(autouse=True)
def migrated_once(monkeypatch):
    """Migrating takes ten seconds: on SQLite the database beside is a copy of the first one that was migrated so far.

    Those of earlier versions and of killed processes are migrated each time, and all on PostgreSQL.
    """
    migrate = MigrationExecutor.migrate

    def migrate_or_copy(self, targets, plan=None, **options):
        if self.connection.alias != beside.ALIAS or self.connection.vendor != "sqlite" or plan is not None:
            return migrate(self, targets, plan, **options)
        self.connection.ensure_connection()
        database, key = self.connection.connection, tuple(sorted(targets))
        if key in MIGRATED:
            return MIGRATED[key].backup(database)
        state = migrate(self, targets, plan, **options)
        MIGRATED[key] = sqlite3.connect(":memory:")
        database.backup(MIGRATED[key])
        return state

    monkeypatch.setattr(MigrationExecutor, "migrate", migrate_or_copy)


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path / "media"
    return settings.MEDIA_ROOT


def told_by(capsys, *arguments) -> dict:
    call_command(*arguments, "--format", "json")
    return json.loads(capsys.readouterr().out)


def refusal_of(*arguments) -> CommandError:
    with pytest.raises(CommandError) as caught:
        call_command(*arguments, "--language", "en")
    return caught.value


def everything() -> dict[str, list[bytes]]:
    """Every row of every table but what making a backup itself leaves."""
    loader = MigrationLoader(connection)
    migrations: dict[str, list[str]] = {}
    for app, name in loader.applied_migrations:
        migrations.setdefault(app, []).append(name)
    models = rows.kept_models(loader, leaves_of(migrations, loader))
    return {m._meta.label: sorted(rows.lines_of(m, "default")) for m in models if m._meta.label != "core.Backup"}


def files() -> dict[str, bytes]:
    root = Path(settings.MEDIA_ROOT)
    return {str(path.relative_to(root)): path.read_bytes() for path in root.rglob("*") if path.is_file()}


def empty():
    call_command("flush", "--no-input", verbosity=0)
    shutil.rmtree(settings.MEDIA_ROOT, ignore_errors=True)


@pytest.fixture
def saved(tmp_path):
    """A tiny programme and its backup."""
    make_programme()
    path = tmp_path / "cadangan.zip"
    call_command("backup", str(path), stdout=io.StringIO())
    return path


# --- all comes back ---------------------------------------------------------------------------------------
def test_everything_comes_back(saved, capsys):
    before, stored = everything(), files()
    assert any(content == FILE for content in stored.values())
    empty()
    assert not User.objects.exists()
    told = told_by(capsys, "restore", str(saved))
    assert everything() == before
    assert files() == stored
    assert told["rows"] == sum(map(len, before.values()))
    assert (told["files"], told["removed_files"], told["migrated"]) == (1, 0, [])
    assert told["sha256"] == hashlib.sha256(saved.read_bytes()).hexdigest()


def test_passwords_roles_and_numbering_go_on_but_nobody_is_logged_in(saved):
    last = SlumArea.history.order_by("-id").values_list("id", flat=True).first()
    assert not SlumArea.objects.filter(pk=last).exists()
    empty()
    call_command("restore", str(saved), stdout=io.StringIO())
    assert User.objects.get(username="planner").check_password(factories.PASSWORD)
    # A deleted record's number, given again, would give its history to another record.
    assert factories.SlumAreaFactory(villages=[]).pk > last
    assert "sessions.Session" not in [entry["model"] for entry in manifest_of(saved)["models"]]
    assert User.objects.get(username="verifier").has_perm("workshops.close_workshop")


def test_the_answers_fit_their_schemas(saved, capsys, tmp_path):
    outputs = {
        "backup": told_by(capsys, "backup", str(tmp_path / "lagi.zip")),
        "restore": told_by(capsys, "restore", str(saved), "--replace-everything"),
    }
    for name, told in outputs.items():
        schema = json.loads((SCHEMAS / f"{name}-output.schema.json").read_text())
        Draft202012Validator.check_schema(schema)
        Draft202012Validator(schema).validate(told)
    schema = json.loads((SCHEMAS / "backup-manifest.schema.json").read_text())
    Draft202012Validator(schema).validate(manifest_of(saved))


def test_a_backup_is_noted_and_read_by_its_owner_alone(saved):
    noted = Backup.objects.get()
    assert noted.sha256 == hashlib.sha256(saved.read_bytes()).hexdigest()
    assert (noted.file_name, noted.size, noted.version) == (saved.name, saved.stat().st_size, settings.VERSION)
    assert stat.S_IMODE(saved.stat().st_mode) == 0o600


def test_the_same_records_give_the_same_parts(saved, tmp_path):
    again = tmp_path / "lagi.zip"
    Backup.objects.all().delete()
    call_command("backup", str(again), stdout=io.StringIO())
    assert manifest_of(again)["parts"] == manifest_of(saved)["parts"]


def test_what_is_stored_while_a_backup_runs_is_not_half_in_it():
    """Another connection writes between the first and the last table; the backup sees neither of its rows."""
    factories.VillageFactory()
    with snapshot() as alias:
        seen = Region.objects.using(alias).count(), Organization.objects.using(alias).count()
        factories.OrganizationFactory()
        factories.VillageFactory()
        assert (Region.objects.using(alias).count(), Organization.objects.using(alias).count()) == seen
        with pytest.raises(Exception, match=r"(?i)read.?only"):
            _write_through(alias)
    assert Organization.objects.count() == seen[1] + 1


def _write_through(alias):
    if connections[alias].vendor == "sqlite":
        with connections[alias].cursor() as cursor:
            cursor.execute("DELETE FROM core_region")
    else:
        Region.objects.using(alias).all()._raw_delete(alias)


def test_a_file_that_is_gone_is_told(saved, tmp_path, capsys):
    [attachment] = Attachment.objects.all()
    default_storage.delete(attachment.file.name)
    call_command("backup", str(tmp_path / "lagi.zip"), "--language", "en")
    answer = capsys.readouterr()
    assert attachment.file.name in answer.err
    assert "0 files" in answer.out


@pytest.mark.parametrize("kept", KEPT, ids=[path.stem for path in KEPT])
def test_a_backup_of_each_earlier_version_comes_back(kept, capsys):
    """From SQLite and from PostgreSQL into whichever these tests use; migrated to this version, and used."""
    told = told_by(capsys, "restore", str(kept))
    counts = {entry["model"]: entry["rows"] for entry in manifest_of(kept)["models"]}
    assert told["rows"] == sum(counts.values()) > 0
    assert Workshop.objects.count() == counts["workshops.Workshop"] == 1
    assert Baseline.objects.get().total == factories.BASELINE_TOTAL
    assert Workshop.objects.get().minutes_entries.get().text.endswith("\u2028tiga \U0001f3e0")
    with Attachment.objects.get().file.open() as file:
        assert file.read() == FILE
    loader = MigrationLoader(connection)
    assert set(loader.graph.nodes) == set(loader.applied_migrations)
    call_command("reassess", "--check", stdout=io.StringIO())


def test_a_backup_of_this_version_is_kept_from_both_databases():
    assert {f"{settings.VERSION}-sqlite", f"{settings.VERSION}-postgresql"} <= {path.stem for path in KEPT}


# --- what is refused --------------------------------------------------------------------------------------
def test_an_installation_with_records_is_not_overwritten(saved):
    before = everything()
    error = refusal_of("restore", str(saved))
    assert error.returncode == 1
    assert str(error).startswith("This installation is not empty")
    assert everything() == before


def test_the_explicit_word_replaces_everything(saved, capsys):
    before, stored = everything(), files()
    [name] = stored
    factories.WorkshopFactory(title="Setelah cadangan")
    default_storage.delete(name)
    default_storage.save(name, ContentFile(b"lain"))
    default_storage.save("lain/sisa.txt", ContentFile(b"sisa"))
    told = told_by(capsys, "restore", str(saved), "--replace-everything")
    assert everything() == before
    assert files() == stored
    assert told["removed_files"] == 1


@pytest.mark.parametrize("language", ["id", "en"])
def test_a_file_that_is_no_backup(tmp_path, language):
    for name, content in {"kosong": b"", "teks": b"bukan cadangan", "zip": _zip({"a.txt": b"a"})}.items():
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(CommandError) as caught:
            call_command("restore", str(path), "--language", language)
        assert caught.value.returncode == 2
        assert str(caught.value).count(".") == 1
    missing = refusal_of("restore", str(tmp_path / "tidak-ada"))
    assert missing.returncode == 2


def test_no_byte_can_be_flipped(saved, tmp_path):
    """At places over the whole file: in parts, between them, in the list of parts and in the seal."""
    whole = saved.read_bytes()
    places = {0, len(whole) - 1, len(whole) - 65, len(whole) - 70, *range(7, len(whole), max(len(whole) // 40, 1))}
    damaged = tmp_path / "rusak.zip"
    for place in sorted(places):
        changed = bytearray(whole)
        changed[place] ^= 1
        damaged.write_bytes(changed)
        with pytest.raises(CommandError) as caught, archive.opened(damaged):
            pytest.fail(f"byte {place} was not missed")
        assert caught.value.returncode == 2


def test_a_damaged_file_touches_nothing(saved, tmp_path):
    before, stored = everything(), files()
    whole = bytearray(saved.read_bytes())
    whole[len(whole) // 2] ^= 255
    (tmp_path / "rusak.zip").write_bytes(whole)
    (tmp_path / "terpotong.zip").write_bytes(saved.read_bytes()[: len(whole) // 2])
    for name in ("rusak.zip", "terpotong.zip"):
        error = refusal_of("restore", str(tmp_path / name), "--replace-everything")
        assert error.returncode == 2
    assert (everything(), files()) == (before, stored)


def _zip(parts: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    return file.getvalue()


def manifest_of(path: Path) -> dict:
    with zipfile.ZipFile(path) as packed:
        return json.loads(packed.read("manifest.json"))


def rewritten(path: Path, target: Path, change) -> Path:
    """The backup with other parts, sealed anew: as somebody would who means harm. `change(parts, manifest)`."""
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    manifest = json.loads(parts.pop("manifest.json"))
    change(parts, manifest)
    with target.open("wb") as file:
        writer = archive.ArchiveWriter(file)
        for name, content in parts.items():
            writer.add(name, [content], compress=True)
        given = manifest.pop("parts_as_given", None)
        if given is not None:
            writer.parts = given
        writer.close({name: value for name, value in manifest.items() if name != "parts"})
    return target


def add_file(name):
    def change(parts, _manifest):
        parts[name] = b"jahat"

    return change


def lie_about_a_part(parts, manifest):
    name = next(iter(parts))
    manifest["parts_as_given"] = {**manifest["parts"], name: {"sha256": "0" * 64, "bytes": len(parts[name])}}


def drop_a_model(parts, manifest):
    gone = manifest["models"].pop()
    del parts[gone["part"]]


def other_columns(_parts, manifest):
    manifest["models"][0]["columns"].reverse()


def a_bomb(parts, _manifest):
    parts["media/besar.bin"] = bytes(archive.SMALL_BYTES + 1)


def deep_lines(parts, manifest):
    parts["database/core.Region.jsonl"] = b"[" * 100_000 + b"]" * 100_000 + b"\n"


def later_migration(_parts, manifest):
    manifest["migrations"]["core"].append("9999_from_the_future")


def broken_link(parts, manifest):
    """Organizations stay away from those who refer to them."""
    parts["database/core.Organization.jsonl"] = b""
    next(entry for entry in manifest["models"] if entry["model"] == "core.Organization")["rows"] = 0


@pytest.mark.parametrize(
    ("change", "code"),
    [
        *(
            (add_file(name), 2)
            for name in ("media/../luar.txt", "media//etc/luar", "media/a\\..\\b", "/luar", "media/a/./b", "x.py")
        ),
        (lie_about_a_part, 2),
        pytest.param(drop_a_model, 2, marks=pytest.mark.one_database),
        pytest.param(other_columns, 2, marks=pytest.mark.one_database),
        (a_bomb, 2),
        pytest.param(deep_lines, 1, marks=pytest.mark.one_database),
        (later_migration, 1),
        (broken_link, 1),
    ],
)
def test_a_hostile_file_writes_nothing(saved, tmp_path, change, code):
    before, stored, around = everything(), files(), sorted(os.listdir(tmp_path))
    target = rewritten(saved, tmp_path / "jahat.zip", change)
    error = refusal_of("restore", str(target), "--replace-everything")
    assert error.returncode == code
    assert "\n" not in str(error)
    target.unlink()
    assert (everything(), files(), sorted(os.listdir(tmp_path))) == (before, stored, around)


@pytest.mark.one_database
def test_full_store_takes_back_what_was_added(saved, monkeypatch):
    empty()
    before = everything()

    def full(*_arguments, **_options):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(type(default_storage._wrapped), "_save", full)
    error = refusal_of("restore", str(saved))
    assert error.returncode == 1
    assert "No space left on device" in str(error)
    assert (everything(), files()) == (before, {})


def test_a_place_that_cannot_be_written(tmp_path):
    missing = refusal_of("backup", str(tmp_path / "tidak" / "ada.zip"))
    assert (missing.returncode, str(missing)) == (2, f"The folder {tmp_path / 'tidak'} does not exist; make it first.")
    assert refusal_of("backup", str(tmp_path)).returncode == 2
    assert not Backup.objects.exists()


# --- killed in the middle ---------------------------------------------------------------------------------
KILLS = {
    "while records are stored": """
        from kotaku.backups import rows
        rows.set_last_id = lambda model, *rest: die() if model._meta.label == "slumareas.Baseline" else None
    """,
    "before the new takes the place of the old": """
        from kotaku.backups import beside
        beside._Sqlite.put_in_place = beside._Postgresql.put_in_place = lambda self: die()
    """,
    "while the new takes the place of the old": """
        from kotaku.backups import beside
        from django.db import connections
        def half(self):
            source, target = connections["beside"], connections["default"]
            source.ensure_connection(), target.ensure_connection()
            source.connection.backup(target.connection, pages=40, progress=lambda *state: die())
        beside._Sqlite.put_in_place = half
        from django.db.backends.utils import CursorWrapper
        execute = CursorWrapper.execute
        def until_half(self, sql, params=None):
            if "SET SCHEMA" in str(sql) and "workshops_participant" in sql:
                die()
            return execute(self, sql, params)
        CursorWrapper.execute = until_half
    """,
}


@pytest.mark.parametrize("moment", KILLS)
def test_killed_in_the_middle_the_old_state_stays(saved, moment):
    factories.WorkshopFactory(title="Setelah cadangan")
    before, stored = everything(), files()
    script = textwrap.dedent("""
        import os, signal, sys
        import django
        django.setup()
        from django.conf import settings
        settings.MEDIA_ROOT = sys.argv[3]
        def die():
            os.kill(os.getpid(), signal.SIGKILL)
        {kill}
        from django.db import connections
        from django.core.management import call_command
        connections["default"].settings_dict["NAME"] = sys.argv[1]
        call_command("restore", sys.argv[2], "--replace-everything")
    """).format(kill=textwrap.dedent(KILLS[moment]))
    name = str(connection.settings_dict["NAME"])
    environment = {**os.environ, "DJANGO_SETTINGS_MODULE": "tests.settings"}
    connection.close()
    ended = subprocess.run(  # noqa: S603
        [sys.executable, "-c", script, name, str(saved), str(settings.MEDIA_ROOT)],
        cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    assert (everything(), files()) == (before, stored)
    if moment == "while records are stored":  # and what was left lying about stops nobody
        call_command("restore", str(saved), "--replace-everything", stdout=io.StringIO())
        assert not Workshop.objects.filter(title="Setelah cadangan").exists()
