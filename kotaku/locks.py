"""One at a time in the whole installation: migrating and restoring, from whichever process or machine."""

import fcntl
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from django.db import connections
from django.utils.translation import gettext as _

from core.refusals import Refused

ALIAS = "lock"


@contextmanager
def installation_lock(name: str, *, wait: bool) -> Iterator[None]:
    """Hold the lock of that name. With `wait` others are waited for; without it they are a Refused.

    On PostgreSQL it is an advisory lock of an own connection, so it ends with the process, however that ends; on SQLite
    a lock on a file beside the database, which ends likewise.
    """
    hold = _advisory if connections["default"].vendor == "postgresql" else _file
    with hold(name, wait) as is_ours:
        if not is_ours:
            raise Refused(_("Another process is migrating or restoring this installation; try again when it is done."))
        yield


@contextmanager
def _advisory(name: str, wait: bool) -> Iterator[bool]:
    connection = connections["default"].copy(ALIAS)
    try:
        with connection.cursor() as cursor:
            # The key is one of the whole server; the name of the database keeps installations apart.
            key = zlib.crc32(f"{connection.settings_dict['NAME']}:{name}".encode())
            cursor.execute(f"SELECT {'pg_advisory_lock' if wait else 'pg_try_advisory_lock'}(%s)", [key])
            yield wait or cursor.fetchone()[0]
    finally:
        connection.close()


@contextmanager
def _file(name: str, wait: bool) -> Iterator[bool]:
    path = Path(f"{connections['default'].settings_dict['NAME']}.{name}.lock")
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            yield False
        else:
            yield True
