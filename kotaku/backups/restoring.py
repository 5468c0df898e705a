"""Putting a backup back: into an empty installation, or in place of everything there is.

The order is what keeps the old state whole until the new one is: the file is checked to its last byte; its records go
into a database beside the one in use, under the migrations of the version that wrote them, and are compared line by line;
that database is migrated to this version; files that are missing are added; then the database takes the place of the
old one in one transaction. Only after that are files replaced or removed that the old state had under other content.
"""

import hashlib
import time
from pathlib import Path

from django.apps import apps
from django.conf import settings
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import SuspiciousFileOperation, ValidationError
from django.core.files import File
from django.core.files.storage import default_storage
from django.core.management.sql import emit_post_migrate_signal
from django.db import DatabaseError, OperationalError, connections, transaction
from django.db.migrations.exceptions import NodeNotFoundError
from django.db.migrations.executor import MigrationExecutor
from django.utils.translation import gettext as _

from core.models import Backup
from core.refusals import Refused
from kotaku.backups import archive, rows
from kotaku.backups.beside import ALIAS, empty_database
from kotaku.backups.saving import leaves_of, stored_files
from kotaku.locks import installation_lock

# What migrating, logging in and making a backup bring along: no record of the programme.
NOT_COUNTED = {"contenttypes", "auth", "sessions", "admin", "axes"}


def restore(path: Path, *, replace: bool = False) -> dict:
    """Raises Unusable for a file that is no whole backup, Refused where the installation or the version says no."""
    started = time.monotonic()
    with archive.opened(path) as backup, installation_lock("migrate", wait=False):
        if not replace and (filled := _first_filled_model()):
            raise Refused(
                _(
                    "This installation is not empty (%(what)s); a backup goes into an empty one, "
                    "or with --replace-everything in place of all records and files."
                )
                % {"what": filled}
            )
        try:
            with empty_database() as beside:
                migrated = _fill(backup)
                added = _Files(backup)
                try:
                    added.add_missing()
                    beside.put_in_place()
                except BaseException:
                    added.take_back()
                    raise
        except OperationalError as error:
            raise Refused(
                _("The database refused, and nothing was changed: %(reason)s") % {"reason": _first_line(error)}
            )
        removed = added.finish()
        ContentType.objects.clear_cache()
        emit_post_migrate_signal(verbosity=0, interactive=False, db="default")
        return {
            "file": str(path),
            "sha256": backup.sha256,
            "backup_version": backup.manifest["version"],
            "version": settings.VERSION,
            "made_at": backup.manifest["made_at"],
            "rows": sum(model["rows"] for model in backup.manifest["models"]),
            "files": len(backup.media_names),
            "missing_files": backup.manifest.get("missing_files", []),
            "removed_files": removed,
            "migrated": migrated,
            "seconds": round(time.monotonic() - started, 2),
        }


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _first_filled_model() -> str | None:
    """The name of a model that holds something a person or another program stored."""
    tables = set(connections["default"].introspection.table_names())
    for model in apps.get_models():
        if model is Backup or rows.is_left_out(model) or model._meta.app_label in NOT_COUNTED:
            continue
        if model._meta.db_table not in tables:
            continue
        if model._base_manager.exists():
            return str(model._meta.verbose_name_plural)
    return None


# --- records ----------------------------------------------------------------------------------------------
def _fill(backup: archive.Archive) -> list[str]:
    """Records as in the backup, then migrated to this version. Returns the names of the migrations after loading."""
    manifest, connection = backup.manifest, connections[ALIAS]
    executor = MigrationExecutor(connection)
    known = executor.loader.graph.nodes
    unknown = [
        f"{app}.{name}" for app, names in manifest["migrations"].items() for name in names if (app, name) not in known
    ]
    if unknown:
        raise Refused(
            _(
                "This backup comes from another version (%(version)s, %(name)s), which this version cannot read; install that or a later one."
            )
            % {"version": manifest["version"], "name": unknown[0]}
        )
    leaves = leaves_of(manifest["migrations"], executor.loader)
    try:
        executor.migrate(leaves)
    except NodeNotFoundError:
        raise archive.damaged()
    executor = MigrationExecutor(connection)
    models = {model._meta.label: model for model in rows.kept_models(executor.loader, leaves)}
    described = {entry["model"]: entry for entry in manifest["models"]}
    if set(models) != set(described):
        raise archive.damaged()
    with transaction.atomic(using=ALIAS):
        for model in models.values():
            model._base_manager.using(ALIAS).all()._raw_delete(ALIAS)  # what the migrations themselves brought
        for label, model in models.items():
            _load(backup, described[label], model)
        _check_links(connection)
    executor = MigrationExecutor(connection)
    later = executor.migration_plan(executor.loader.graph.leaf_nodes())
    executor.migrate(executor.loader.graph.leaf_nodes(), plan=later)
    return [str(migration) for migration, _is_backwards in later]


def _load(backup: archive.Archive, entry: dict, model) -> None:
    """The records of one model, compared line by line with what the database then holds."""
    if entry["columns"] != [field.attname for field in rows.columns_of(model)]:
        raise archive.damaged()
    wanted, found = rows.Fingerprint(), rows.Fingerprint()
    try:
        rows.load(model, wanted.seen(backup.lines(entry["part"])), ALIAS)
    except OperationalError:
        raise
    except (DatabaseError, ValidationError, ValueError, TypeError, ArithmeticError, RecursionError):
        raise _does_not_fit(entry["model"])
    rows.set_last_id(model, entry["last_id"], ALIAS)
    for _line in found.seen(rows.lines_of(model, ALIAS)):
        pass
    if wanted != found or wanted.count != entry["rows"]:
        raise _does_not_fit(entry["model"])


def _does_not_fit(label: str) -> Refused:
    return Refused(
        _("Records of %(model)s do not fit this database or are not the same after storing; nothing was restored.")
        % {"model": label}
    )


def _check_links(connection) -> None:
    try:
        connection.check_constraints()
    except DatabaseError:
        raise Refused(_("Records in this backup name others that it does not hold; nothing was restored."))


# --- files ------------------------------------------------------------------------------------------------
class _Files:
    """Adding a file under a new name harms nothing, so that is done before; what replaces or removes comes after."""

    def __init__(self, backup: archive.Archive):
        self.backup, self.added, self.differing = backup, [], []

    def add_missing(self) -> None:
        try:
            for name in self.backup.media_names:
                if not default_storage.exists(name):
                    self.added.append(name)
                    self._store(name)
                elif _hash_of(name) != self.backup.media_hash(name):
                    self.differing.append(name)
        except SuspiciousFileOperation:
            raise archive.damaged()
        except OSError as error:
            raise Refused(
                _("Files could not be stored, and nothing was changed: %(reason)s")
                % {"reason": error.strerror or error}
            )

    def take_back(self) -> None:
        for name in self.added:
            default_storage.delete(name)

    def finish(self) -> int:
        """Replace what has another content, remove what the backup does not hold; how many were removed.

        Killed here, the same restoring again ends it: nothing is done twice.
        """
        for name in self.differing:
            default_storage.delete(name)
            self._store(name)
        kept = set(self.backup.media_names)
        left = [name for name in stored_files() if name not in kept]
        for name in left:
            default_storage.delete(name)
        return len(left)

    def _store(self, name: str) -> None:
        with self.backup.media(name) as file:
            stored = default_storage.save(name, File(file, name=name))
        if stored != name:
            default_storage.delete(stored)
            raise archive.damaged()


def _hash_of(name: str) -> str:
    with default_storage.open(name) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
