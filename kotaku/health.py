"""Whether the service stands: what `/healthz` tells to whoever asks, without a word that helps an intruder.

A check answers with its state and a figure or two. Only a database that does not answer makes the whole unhealthy:
restarting a server mends neither a full disk nor a missing backup.
"""

import shutil
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.db import DatabaseError, connection
from django.utils import timezone
from django.utils.module_loading import import_string

from core.models import Backup

OK, WARNING, FAILED, UNKNOWN = "ok", "warning", "failed", "unknown"
NOT_CONFIGURED = "not_configured"
LEAST_FREE_PERCENT = 10
WORKER_SILENCE = timedelta(minutes=5)


def database() -> dict:
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1 FROM django_migrations LIMIT 1")
            return {"state": OK if cursor.fetchone() else FAILED}
    except DatabaseError:
        return {"state": FAILED}


def worker() -> dict:
    """The worker's last sign of life, as the function of the WORKER_SEEN_AT setting tells it (a moment, or None)."""
    if not settings.WORKER_SEEN_AT:
        return {"state": NOT_CONFIGURED}
    try:
        seen_at = import_string(settings.WORKER_SEEN_AT)()
    except DatabaseError:
        return {"state": UNKNOWN}
    if seen_at is None:
        return {"state": WARNING, "seen_seconds_ago": None}
    silence = timezone.now() - seen_at
    state = OK if silence <= WORKER_SILENCE else WARNING
    return {"state": state, "seen_seconds_ago": max(int(silence.total_seconds()), 0)}


def disk() -> dict:
    """The fullest of the disks that the installation writes to."""
    written = [settings.VAR_DIR, Path(settings.MEDIA_ROOT)]
    if connection.vendor == "sqlite":
        written.append(Path(connection.settings_dict["NAME"]).parent)
    usages = [shutil.disk_usage(folder) for folder in written if folder.is_dir()]
    free = min((int(100 * usage.free / usage.total) for usage in usages), default=None)
    if free is None:
        return {"state": UNKNOWN, "free_percent": None}
    return {"state": OK if free >= LEAST_FREE_PERCENT else WARNING, "free_percent": free}


def backup() -> dict:
    try:
        last = Backup.objects.values_list("made_at", flat=True).first()
    except DatabaseError:
        return {"state": UNKNOWN, "age_hours": None}
    if last is None:
        return {"state": WARNING, "age_hours": None}
    hours = int((timezone.now() - last).total_seconds() // 3600)
    return {"state": OK if hours <= settings.BACKUP_HOURS else WARNING, "age_hours": max(hours, 0)}


CHECKS: dict[str, Callable[[], dict]] = {"database": database, "worker": worker, "disk": disk, "backup": backup}


def report() -> dict:
    """{"status": ok, warning or failed, and each check by its name}."""
    checks = {name: check() for name, check in CHECKS.items()}
    if checks["database"]["state"] == FAILED:
        status = FAILED
    elif any(check["state"] in (WARNING, UNKNOWN) for check in checks.values()):
        status = WARNING
    else:
        status = OK
    return {"status": status, **checks}
