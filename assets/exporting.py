"""The list of packages as a file: exactly the rows of the page, all pages of it."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assets.models import Package
from core.spreadsheet import Csv, Xlsx, write_csv, write_xlsx

FORMATS = {"xlsx": Xlsx.CONTENT_TYPE, "csv": Csv.CONTENT_TYPE, "json": "application/json"}


@dataclass(frozen=True)
class Column:
    """`key` heads the column for machines, `heading` for people; `shown` is what people read where it differs."""

    key: str
    heading: str
    value: Callable[[Package], object]
    shown: Callable[[Package], object] | None = None


def _plain(name: str, heading) -> Column:
    return Column(name, heading, lambda package: getattr(package, name))


def _choice(name: str, heading) -> Column:
    return Column(
        name, heading, lambda package: getattr(package, name), lambda package: getattr(package, f"get_{name}_display")()
    )


def _organization(name: str, heading) -> Column:
    return Column(
        name, heading, lambda package: getattr(package, name) and getattr(package, name).key,
        lambda package: getattr(package, name) and getattr(package, name).short_name,
    )  # fmt: skip


COLUMNS = (
    _plain("number", gettext_lazy("Number")),
    _plain("name", gettext_lazy("Package")),
    _choice("sector", gettext_lazy("Sector")),
    _choice("stage", gettext_lazy("Stage")),
    _plain("days_at_stage", gettext_lazy("Days at the stage")),
    _choice("condition", gettext_lazy("Condition")),
    Column("reason", gettext_lazy("Reason"), lambda one: one.reason or None, lambda one: one.get_reason_display()),
    _organization("holder", gettext_lazy("Who has the file")),
    _plain("holder_desk", gettext_lazy("Desk")),
    _plain("days_waiting", gettext_lazy("Days waiting")),
    _organization("giver", gettext_lazy("Giver")),
    _organization("receiver", gettext_lazy("Receiver")),
    Column(
        "village",
        gettext_lazy("Village"),
        lambda one: one.village and one.village.code,
        lambda one: one.village and f"{one.village.full_name}, {one.village.parent.name}",
    ),
    _plain("budget_year", gettext_lazy("Budget year")),
    _plain("value", gettext_lazy("Value (Rp)")),
    _plain("papers_accepted", gettext_lazy("Required papers accepted")),
    _plain("papers_required", gettext_lazy("Required papers")),
    Column(
        "is_made_up",
        gettext_lazy("Details are made up"),
        lambda one: one.is_made_up,
        lambda one: _("yes") if one.is_made_up else _("no"),
    ),
)


def write(kind: str, packages: Iterable[Package], columns: Iterable[Column], title: str) -> bytes:
    """A file of one of FORMATS. The packages carry the days and the papers (`days_waiting`, `with_papers`)."""
    columns = list(columns)
    if kind == "json":
        rows = [{column.key: _flat(column.value(one)) for column in columns} for one in packages]
        return json.dumps(rows, ensure_ascii=False, indent=1).encode()
    table = [[str(column.heading) for column in columns]]
    table += [[_readable((column.shown or column.value)(one)) for column in columns] for one in packages]
    return write_csv(table) if kind == "csv" else write_xlsx(table, title=title)


def _flat(value):
    """Money goes out as text, so that no reader rounds it."""
    return str(value) if isinstance(value, Decimal) else value


def _readable(value):
    return value if value is None or isinstance(value, int | Decimal | str) else str(value)
