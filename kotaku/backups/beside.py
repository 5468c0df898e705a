"""A database beside the one in use: filled at leisure, then put in its place in one transaction.

SQLite: a file beside it, copied over by SQLite's own backup, which is one transaction of the target. PostgreSQL: a schema
of the same database, whose tables then move. Killed at any moment, the database in use is either as before or as after.
"""

import copy
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

from django.db import connections, transaction
from django.utils.functional import cached_property

ALIAS = "beside"
SCHEMA = "kotaku_beside"
SNAPSHOT = "snapshot"
LOCK_SECONDS = 30


class _Postgresql:
    def settings(self, settings: dict) -> dict:
        options = settings.setdefault("OPTIONS", {})
        options["options"] = f"{options.get('options', '')} -c search_path={SCHEMA}".strip()
        return settings

    def prepare(self) -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")
            cursor.execute(f"CREATE SCHEMA {SCHEMA}")

    def remove(self) -> None:
        with connections["default"].cursor() as cursor:
            cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE")

    def put_in_place(self) -> None:
        in_use = connections["default"]
        quoted = in_use.ops.quote_name
        with transaction.atomic(), in_use.cursor() as cursor:
            cursor.execute(f"SET LOCAL lock_timeout = '{LOCK_SECONDS}s'")
            cursor.execute("SELECT current_schema()")
            [schema] = cursor.fetchone()
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", [SCHEMA])
            new = [table for [table] in cursor.fetchall()]
            cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = %s ORDER BY 1", [schema])
            ours = {*new, *in_use.introspection.django_table_names(include_views=False)}
            if old := [table for [table] in cursor.fetchall() if table in ours]:
                cursor.execute(f"DROP TABLE {', '.join(f'{quoted(schema)}.{quoted(table)}' for table in old)} CASCADE")
            for table in new:
                cursor.execute(f"ALTER TABLE {SCHEMA}.{quoted(table)} SET SCHEMA {quoted(schema)}")


class _Sqlite:
    @cached_property
    def path(self) -> Path:
        return Path(f"{connections['default'].settings_dict['NAME']}.{ALIAS}")

    def settings(self, settings: dict) -> dict:
        return {**settings, "NAME": str(self.path)}

    def prepare(self) -> None:
        self.remove()

    def remove(self) -> None:
        for ending in ("", "-wal", "-shm", "-journal"):
            with suppress(FileNotFoundError):
                Path(f"{self.path}{ending}").unlink()

    def put_in_place(self) -> None:
        in_use = connections["default"]
        in_use.ensure_connection()
        connections[ALIAS].ensure_connection()
        connections[ALIAS].connection.backup(in_use.connection)


def _kind():
    return _Postgresql() if connections["default"].vendor == "postgresql" else _Sqlite()


@contextmanager
def empty_database() -> Iterator[_Postgresql | _Sqlite]:
    """An empty database under the alias `beside`; gone when the block ends. `put_in_place` makes it the one in use."""
    kind = _kind()
    kind.prepare()
    try:
        with _alias(ALIAS, kind.settings(_settings())):
            yield kind
    finally:
        kind.remove()


@contextmanager
def snapshot() -> Iterator[str]:
    """The alias of a connection that sees the database as it is now, to the end of the block, and never writes.

    Nobody waits for it: SQLite's log of changes keeps the old pages, PostgreSQL the old rows.
    """
    settings = _settings()
    options = settings.setdefault("OPTIONS", {})
    if connections["default"].vendor == "postgresql":
        from psycopg2.extensions import ISOLATION_LEVEL_REPEATABLE_READ  # only where that database is used

        options["isolation_level"] = ISOLATION_LEVEL_REPEATABLE_READ
    else:
        options["transaction_mode"] = "DEFERRED"
    with _alias(SNAPSHOT, settings), transaction.atomic(using=SNAPSHOT):
        with connections[SNAPSHOT].cursor() as cursor:
            is_postgresql = connections["default"].vendor == "postgresql"
            cursor.execute("SET TRANSACTION READ ONLY" if is_postgresql else "PRAGMA query_only = 1")
            # The first reading fixes what is seen.
            cursor.execute("SELECT COUNT(*) FROM django_migrations")
        yield SNAPSHOT


def _settings() -> dict:
    return copy.deepcopy(connections["default"].settings_dict)


@contextmanager
def _alias(alias: str, settings: dict) -> Iterator[None]:
    connections.settings[alias] = settings
    connection = connections[alias]
    try:
        with closing(connection):
            yield
    finally:
        del connections[alias]
        del connections.settings[alias]
