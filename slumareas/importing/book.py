"""The file as it was read, from whatever kind of file: workbooks, csv and html by core, json and geojson of our own export."""

import json
from decimal import Decimal
from pathlib import PurePath

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from core.spreadsheet import Book, Row, Sheet, read_book

__all__ = ["Book", "open_book"]
OWN_KINDS = (".json", ".geojson")


def open_book(content: bytes, name: str, read=read_book) -> Book | ValidationError:
    """The file, or why it cannot be read."""
    try:
        return _own_export(content, name) if name.lower().endswith(OWN_KINDS) else read(content, name)
    except ValidationError as refused:
        return refused


def _own_export(content: bytes, name: str) -> Book:
    """A list of flat objects, or the properties of features; the keys are the headings, in row 1."""
    try:
        data = json.loads(content, parse_float=Decimal, parse_constant=str)
    except (ValueError, RecursionError) as error:
        raise ValidationError(
            _("This file is damaged and cannot be read. Open it, save it again and retry.")
        ) from error
    if isinstance(data, dict) and data.get("type") == "FeatureCollection":
        features = data.get("features")
        data = [one.get("properties") if isinstance(one, dict) else None for one in features or []]
    if not isinstance(data, list) or not data or not all(isinstance(row, dict) for row in data):
        raise ValidationError(_("There is no table in this file. Choose another one."))
    keys = list(dict.fromkeys(key for row in data for key in row))
    rows = [Row(1, tuple(keys))]
    rows += [Row(number, tuple(_cell(row.get(key)) for key in keys)) for number, row in enumerate(data, start=2)]
    return Book([Sheet(PurePath(name).name, tuple(rows))], {})


def _cell(value):
    """Numbers stay exact; what is no single value becomes a text that no column takes for a number."""
    if value is None or isinstance(value, bool | int | Decimal):
        return value
    return (value or None) if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
