"""Many rows in one statement: what the ORM takes minutes for. Knows tables and columns, nothing of what they mean.

Names in the statements come from the models, every value is a parameter.
"""
# ruff: noqa: S608

import io
from collections.abc import Iterable, Sequence
from itertools import islice

from django.db import connection, models

ROWS_AT_ONCE = 5_000


def insert(model: type[models.Model], columns: Sequence[str], rows: Iterable[Sequence]) -> None:
    """Insert rows of which none is stored yet.

    Columns are named as in the database, values are as it stores them.
    """
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            _copy(cursor, *_quoted(model, columns), rows)
        else:
            _insert_each(cursor, model, columns, rows)


def upsert(
    model: type[models.Model],
    columns: Sequence[str],
    rows: Iterable[Sequence],
    unique: Sequence[str],
    updated: Sequence[str] = (),
) -> None:
    """As `insert`; where a row exists by the unique columns, only its `updated` columns change."""
    changes = ", ".join(f"{name} = excluded.{name}" for name in map(connection.ops.quote_name, updated))
    conflict = f"ON CONFLICT ({', '.join(map(connection.ops.quote_name, unique))}) DO "
    conflict += f"UPDATE SET {changes}" if changes else "NOTHING"
    with connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            table, names = _quoted(model, columns)
            cursor.execute(f"CREATE TEMP TABLE bulk_rows ON COMMIT DROP AS SELECT {names} FROM {table} WITH NO DATA")
            _copy(cursor, "bulk_rows", names, rows)
            cursor.execute(f"INSERT INTO {table} ({names}) SELECT {names} FROM bulk_rows {conflict}")
            cursor.execute("DROP TABLE bulk_rows")
        else:
            _insert_each(cursor, model, columns, rows, conflict)


def _quoted(model: type[models.Model], columns: Sequence[str]) -> tuple[str, str]:
    quoted = connection.ops.quote_name
    return quoted(model._meta.db_table), ", ".join(map(quoted, columns))


def _copy(cursor, table: str, names: str, rows: Iterable[Sequence]) -> None:
    with connection.wrap_database_errors:
        cursor.copy_expert(f"COPY {table} ({names}) FROM STDIN", _CopyStream(rows))


def _insert_each(cursor, model, columns: Sequence[str], rows: Iterable[Sequence], conflict: str = "") -> None:
    (table, names), rows = _quoted(model, columns), iter(rows)
    marks = ", ".join(["%s"] * len(columns))
    while batch := list(islice(rows, ROWS_AT_ONCE)):  # the driver keeps what it was given
        cursor.executemany(f"INSERT INTO {table} ({names}) VALUES ({marks}) {conflict}", batch)


class _CopyStream(io.RawIOBase):
    """Rows in the text form of COPY, made while they are sent."""

    def __init__(self, rows: Iterable[Sequence]):
        self.rows, self.rest = iter(rows), b""

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        parts, length = [self.rest], len(self.rest)
        while length < size or size < 0:
            row = next(self.rows, None)
            if row is None:
                break
            line = "\t".join([str(value) if type(value) is int else _escaped(value) for value in row]).encode() + b"\n"
            parts.append(line)
            length += len(line)
        whole = b"".join(parts)
        self.rest = b"" if size < 0 else whole[size:]
        return whole if size < 0 else whole[:size]


def _escaped(value) -> str:
    if value is None:
        return "\\N"
    if isinstance(value, str):
        return value.replace("\\", "\\\\").replace("\t", "\\t").replace("\n", "\\n").replace("\r", "\\r")
    return str(value)


def write_history(records: models.QuerySet, *, at, by, reason: str, kind: str, is_known: bool | None = None) -> None:
    """A line in the history of each record, as it is stored now, in one statement.

    `kind` is `+`, `~` or `-` as django-simple-history writes it; with `is_known` only for those that have a history
    already, or that have none.
    """
    model = records.model
    history = model.history.model
    target = connection.ops.quote_name(history._meta.db_table)
    columns = ", ".join(_kept_columns(model))
    kept = [field.attname for field in _kept_fields(model)]
    sql, parameters = records.order_by().values(*kept).query.sql_with_params()
    known = f"EXISTS (SELECT 1 FROM {target} known WHERE known.id = told.id)"
    condition = {None: "", True: f"WHERE {known}", False: f"WHERE NOT {known}"}[is_known]
    with connection.cursor() as cursor:
        cursor.execute(
            f"INSERT INTO {target} ({columns}, history_date, history_change_reason, history_type, history_user_id) "
            f"SELECT {columns}, %s, %s, %s, %s FROM ({sql}) told {condition}",
            [connection.ops.adapt_datetimefield_value(at), reason, kind, by and by.pk, *parameters],
        )


def restore(model: type[models.Model], history_ids: models.QuerySet) -> None:
    """Make records again what these lines of their history say; what the history does not keep stays."""
    table, source = (connection.ops.quote_name(one._meta.db_table) for one in (model, model.history.model))
    changes = ", ".join(f"{name} = old.{name}" for name in _kept_columns(model) if name != '"id"')
    sql, parameters = history_ids.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute(
            f"UPDATE {table} SET {changes} FROM {source} old WHERE old.id = {table}.id AND old.history_id IN ({sql})",
            parameters,
        )


def _kept_columns(model: type[models.Model]) -> list[str]:
    """The columns that the history keeps, quoted."""
    return [connection.ops.quote_name(field.column) for field in _kept_fields(model)]


def _kept_fields(model: type[models.Model]) -> list[models.Field]:
    fields = model.history.model._meta.concrete_fields
    return [field for field in fields if not field.name.startswith("history_")]
