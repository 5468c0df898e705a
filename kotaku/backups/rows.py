"""Records as lines of JSON and back, alike on every database.

A line is a list of values in the order of the columns. Models are those of a state of the migrations, not those of the
code, so that a backup of an older version is read by its own columns.
"""

import base64
import hashlib
import json
from collections.abc import Iterable, Iterator
from datetime import date, datetime, time
from decimal import Decimal
from itertools import islice
from uuid import UUID

from django.db import connections, models
from django.db.migrations.loader import MigrationLoader

# Who is logged in where is no record: after restoring, people log in anew, and a session that was ended stays ended.
# Nor is the queue of the worker: jobs are records, and those that were open are put into the queue again.
LEFT_OUT = {"sessions.Session", "core.Worker"}
LEFT_OUT_APPS = {"django_q"}
ROWS_AT_ONCE = 200


def kept_models(loader: MigrationLoader, leaves: Iterable[tuple[str, str]]) -> list[type[models.Model]]:
    """All models of that state of the migrations, by name."""
    state = loader.project_state(list(leaves)).apps
    found = [one for one in state.get_models(include_auto_created=True) if one._meta.managed and not one._meta.proxy]
    return sorted((one for one in found if not is_left_out(one)), key=lambda one: one._meta.label)


def is_left_out(model: type[models.Model]) -> bool:
    return model._meta.label in LEFT_OUT or model._meta.app_label in LEFT_OUT_APPS


def columns_of(model: type[models.Model]) -> list[models.Field]:
    return list(model._meta.local_concrete_fields)


def lines_of(model: type[models.Model], alias: str) -> Iterator[bytes]:
    """Every record of a model as a line, by key."""
    fields = columns_of(model)
    rows = model._base_manager.using(alias).order_by("pk").values_list(*(field.attname for field in fields))
    for row in rows.iterator(chunk_size=2000):
        yield line(row, fields)


def line(values: Iterable, fields: list[models.Field]) -> bytes:
    """The values of a record as they are written, compared and sealed: alike on every database."""
    return (
        json.dumps([_as_json(value, field) for value, field in zip(values, fields, strict=True)], **COMPACT).encode()
        + b"\n"
    )


COMPACT = {"ensure_ascii": False, "separators": (",", ":"), "sort_keys": True}


def _as_json(value, field: models.Field):
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(field, models.JSONField):
        return value
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    if isinstance(value, Decimal | UUID):
        return str(value)
    if isinstance(value, bytes | memoryview):
        return base64.b64encode(bytes(value)).decode()
    if isinstance(value, models.fields.files.FieldFile):
        return value.name
    raise TypeError(f"{field} holds a {type(value).__name__}, for which a backup has no form yet")


def _from_json(value, field: models.Field):
    if value is None or isinstance(field, models.JSONField):
        return value
    target = field.target_field if field.remote_field else field
    if isinstance(target, models.BinaryField):
        return base64.b64decode(value, validate=True)
    return target.to_python(value)


def load(model: type[models.Model], lines: Iterable[bytes], alias: str) -> int:
    """Insert records exactly as the lines say: no default, no clock and no signal comes in between.

    Raises ValueError for a line that does not fit the model, DatabaseError for what the database does not take.
    """
    connection, fields = connections[alias], columns_of(model)
    quoted = connection.ops.quote_name
    head = f"INSERT INTO {quoted(model._meta.db_table)} ({', '.join(quoted(field.column) for field in fields)}) VALUES "  # noqa: S608 - names of our own models
    mark = f"({', '.join(['%s'] * len(fields))})"
    rows, count = (_stored(line, fields, connection) for line in lines), 0
    with connection.cursor() as cursor:
        while batch := list(islice(rows, ROWS_AT_ONCE)):
            if connection.vendor == "postgresql":  # whose driver sends `executemany` row by row
                cursor.execute(head + ", ".join([mark] * len(batch)), [value for row in batch for value in row])
            else:
                cursor.executemany(head + mark, batch)
            count += len(batch)
    return count


def _stored(line: bytes, fields: list[models.Field], connection) -> list:
    values = json.loads(line)
    if not isinstance(values, list) or len(values) != len(fields):
        raise ValueError("a line does not have as many values as the model has columns")
    return [
        field.get_db_prep_save(_from_json(value, field), connection)
        for value, field in zip(values, fields, strict=True)
    ]


class Fingerprint:
    """The sum of the hashes of lines: equal for the same records in whatever order a database gives them."""

    def __init__(self):
        self.total, self.count = 0, 0

    def seen(self, lines: Iterable[bytes]) -> Iterator[bytes]:
        for line in lines:
            self.total = (self.total + int.from_bytes(hashlib.sha256(line).digest())) % 2**256
            self.count += 1
            yield line

    def __eq__(self, other):
        return (self.total, self.count) == (other.total, other.count)

    __hash__ = None


# --- the last number that was given -----------------------------------------------------------------------
def last_id(model: type[models.Model], alias: str) -> int | None:
    """The last number the database gave to a record of the model, deleted ones included; None where it gives none.

    Without it a new record could take the number of a deleted one, and with it its history.
    """
    if not isinstance(model._meta.pk, models.AutoField | models.BigAutoField | models.SmallAutoField):
        return None
    connection, table = connections[alias], model._meta.db_table
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT pg_get_serial_sequence(%s, %s)", [connection.ops.quote_name(table), model._meta.pk.column]
            )
            [sequence] = cursor.fetchone()
            cursor.execute(f"SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}")  # noqa: S608
        else:
            cursor.execute("SELECT COALESCE(MAX(seq), 0) FROM sqlite_sequence WHERE name = %s", [table])
        return cursor.fetchone()[0]


def set_last_id(model: type[models.Model], last: int | None, alias: str) -> None:
    """Go on numbering after `last`, or after the highest number that is stored, should that be more."""
    if last is None:
        return
    connection, table, column = connections[alias], model._meta.db_table, model._meta.pk.column
    quoted = connection.ops.quote_name
    highest = model._base_manager.using(alias).aggregate(highest=models.Max("pk"))["highest"] or 0
    last = max(last, highest)
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            cursor.execute(
                "SELECT setval(pg_get_serial_sequence(%s, %s), %s, %s)", [quoted(table), column, max(last, 1), last > 0]
            )
        else:
            cursor.execute("DELETE FROM sqlite_sequence WHERE name = %s", [table])
            cursor.execute("INSERT INTO sqlite_sequence (name, seq) VALUES (%s, %s)", [table, last])
