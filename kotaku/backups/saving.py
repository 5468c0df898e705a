"""Making a backup while people work."""

import os
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

from django.conf import settings
from django.core.files.storage import default_storage
from django.db import connections, models
from django.db.migrations.loader import MigrationLoader
from django.utils.translation import gettext as _

from core.commands import unwritable
from core.models import Backup
from core.refusals import Refused
from kotaku.backups import archive, rows
from kotaku.backups.beside import snapshot


def save(path: Path, at: datetime) -> dict:
    """Write the backup, note that it was made, and tell what is in it: the output of the command.

    The file appears under its name only once it is complete; nobody but its owner may read it.
    """
    started, temporary = time.monotonic(), None
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
        with os.fdopen(descriptor, "wb") as file:
            writer = archive.ArchiveWriter(file)
            try:
                facts = _write(writer, at)
            except BaseException:
                writer.abandon()
                raise
            file.flush()
            os.fsync(file.fileno())
        with archive.opened(Path(temporary)) as written:  # what cannot be read back is no backup
            sha256 = written.sha256
        size = os.path.getsize(temporary)
        os.replace(temporary, path)
    except OSError as error:
        raise unwritable(path, error)
    finally:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
    Backup.objects.create(made_at=at, file_name=path.name[:255], sha256=sha256, size=size, version=settings.VERSION)
    return {
        "file": str(path),
        "sha256": sha256,
        "bytes": size,
        "version": settings.VERSION,
        "made_at": at.isoformat(),
        "models": len(facts["models"]),
        "rows": sum(model["rows"] for model in facts["models"]),
        "files": facts["files"],
        "missing_files": facts["missing_files"],
        "seconds": round(time.monotonic() - started, 2),
    }


def _write(writer: archive.ArchiveWriter, at: datetime) -> dict:
    with snapshot() as alias:
        loader = MigrationLoader(connections[alias])
        facts = {
            "version": settings.VERSION,
            "made_at": at.isoformat(),
            "database": connections[alias].vendor,
            "migrations": _applied(loader),
            "models": [],
        }
        named: set[str] = set()
        for model in rows.kept_models(loader, leaves_of(facts["migrations"], loader)):
            part = archive.part_of(model._meta.label)
            seen = rows.Fingerprint()
            writer.add(part, seen.seen(rows.lines_of(model, alias)), compress=True)
            facts["models"].append(
                {
                    "model": model._meta.label,
                    "part": part,
                    "columns": [field.attname for field in rows.columns_of(model)],
                    "rows": seen.count,
                    "last_id": rows.last_id(model, alias),
                }
            )
            named |= _files_of(model, alias)
    # After the records, so that every file which they name was there; what came later does no harm.
    written = set(_write_files(writer))
    facts |= {"files": len(written), "missing_files": sorted(named - written)}
    writer.close(facts)
    return facts


def migrated_by_another_version(loader: MigrationLoader) -> str:
    """What to say where the database knows a migration that this version does not; empty where it does not."""
    unknown = sorted(key for key in loader.applied_migrations if key not in loader.graph.nodes)
    if not unknown:
        return ""
    return _("The database was migrated by another version (%(name)s); use that version.") % {
        "name": ".".join(unknown[0])
    }


def _applied(loader: MigrationLoader) -> dict[str, list[str]]:
    """{app: names} of what was migrated, in order of name."""
    if sentence := migrated_by_another_version(loader):
        raise Refused(sentence)
    found: dict[str, list[str]] = {}
    for app, name in sorted(loader.applied_migrations):
        found.setdefault(app, []).append(name)
    return found


def leaves_of(migrations: dict[str, list[str]], loader: MigrationLoader) -> list[tuple[str, str]]:
    """The last migrations of each app among these."""
    applied = {(app, name) for app, names in migrations.items() for name in names}
    followed = {
        parent.key for key in applied for parent in loader.graph.node_map[key].parents if parent.key[0] == key[0]
    }
    return sorted(applied - followed)


def _files_of(model: type[models.Model], alias: str) -> set[str]:
    found: set[str] = set()
    for field in rows.columns_of(model):
        if isinstance(field, models.FileField):
            names = model._base_manager.using(alias).exclude(**{field.name: ""}).values_list(field.attname, flat=True)
            found |= {str(name) for name in names.order_by() if name}
    return found


def _write_files(writer: archive.ArchiveWriter) -> Iterator[str]:
    for name in stored_files():
        try:
            file = default_storage.open(name)
        except FileNotFoundError:
            continue  # removed meanwhile; if a record names it, it is told as missing
        with file:
            writer.add(archive.MEDIA + name, file.chunks(archive.READ_BYTES), compress=False)
        yield name


def stored_files(folder: str = "") -> Iterator[str]:
    """The names of all files in the store, whichever store that is."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for name in sorted(files):
        yield f"{folder}{name}"
    for name in sorted(folders):
        yield from stored_files(f"{folder}{name}/")
