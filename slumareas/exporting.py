"""The lists of areas and villages as files: exactly the rows and columns of the page, all pages of it."""

import json
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.spreadsheet import Csv, Xlsx, write_csv, write_xlsx
from slumareas.models import AreaBoundary, AssessmentYear
from slumareas.reading import PlaceRow

JSON, GEOJSON = "json", "geojson"
FORMATS = {
    "xlsx": Xlsx.CONTENT_TYPE,
    "csv": Csv.CONTENT_TYPE,
    JSON: "application/json",
    GEOJSON: "application/geo+json",
}


@dataclass(frozen=True)
class Column:
    """`key` heads the column for machines, `heading` for people; `shown` is what people read where it differs."""

    key: str
    heading: str
    value: Callable[[PlaceRow], object]
    shown: Callable[[PlaceRow], object] | None = None


def _class_label(row: PlaceRow) -> str:
    return row.result.get_slum_class_display() if row.slum_class else _("Not assessed")


def _yes_no(value) -> str:
    return _("yes") if value else _("no")


def _of_result(name: str) -> Callable[[PlaceRow], object]:
    return lambda row: getattr(row.result, name) if row.result else None


RESULT = (
    Column("class", gettext_lazy("Class"), lambda row: row.slum_class or None, _class_label),
    Column("total", gettext_lazy("Total score"), _of_result("total")),
    Column("maximum", gettext_lazy("Highest possible score"), lambda row: row.maximum),
    Column("slum_hectares_a", gettext_lazy("Slum hectares, method A"), lambda row: row.slum_a),
    Column("slum_hectares_b", gettext_lazy("Slum hectares, method B"), lambda row: row.slum_b),
    Column(
        "not_assessed_hectares_a",
        gettext_lazy("Not assessed hectares, method A"),
        lambda row: row.result and row.unknown_a,
    ),
    Column("verified_area_ha", gettext_lazy("Verified area (ha)"), lambda row: row.hectares),
    Column(
        "class_before",
        gettext_lazy("Class of the year before"),
        lambda row: (row.before and row.before.slum_class) or None,
        lambda row: row.before and (row.before.get_slum_class_display() or _("Not assessed")),
    ),
    Column("points_change", gettext_lazy("Change of the score"), lambda row: row.points_change),
    Column("hectares_change_a", gettext_lazy("Change of slum hectares, method A"), lambda row: row.hectares_change),
    Column("rows", gettext_lazy("Rows"), _of_result("unit_count")),
    Column("assessed_rows", gettext_lazy("Rows completely assessed"), _of_result("assessed_count")),
    Column(
        "is_made_up",
        gettext_lazy("Made-up figures"),
        _of_result("has_made_up"),
        lambda row: row.result and _yes_no(row.result.has_made_up),
    ),
)
AREA_COLUMNS = (
    Column("key", gettext_lazy("Key"), lambda row: row.place.slug),
    Column("name", gettext_lazy("Slum area"), lambda row: row.place.name),
    Column("kind", gettext_lazy("Kind"), lambda row: row.place.kind, lambda row: row.place.get_kind_display()),
    Column(
        "villages",
        gettext_lazy("Villages"),
        lambda row: "; ".join(village.code for village in row.place.villages.all()),
        lambda row: "; ".join(village.full_name for village in row.place.villages.all()),
    ),
    *RESULT,
)
VILLAGE_COLUMNS = (
    Column("key", gettext_lazy("Code"), lambda row: row.place.code),
    Column("name", gettext_lazy("Village"), lambda row: row.place.full_name),
    Column("district", gettext_lazy("District"), lambda row: row.place.parent.name),
    Column(
        "areas",
        gettext_lazy("Slum areas"),
        lambda row: "; ".join(area.slug for area in row.areas),
        lambda row: "; ".join(area.name for area in row.areas),
    ),
    Column(
        "is_village_survey",
        gettext_lazy("From a survey of the whole village"),
        _of_result("is_village_survey"),
        lambda row: row.result and _yes_no(row.result.is_village_survey),
    ),
    *RESULT,
)


def write(
    kind: str, rows: Iterable[PlaceRow], columns: Iterable[Column], year: AssessmentYear | None, title: str
) -> bytes:
    """A file of one of FORMATS. Of the year and its rule set every row tells."""
    rows, columns = list(rows), [*columns, *_year_columns(year)]
    if kind == JSON:
        return _json([_flat(row, columns) for row in rows])
    if kind == GEOJSON:
        return _json({"type": "FeatureCollection", "features": _features(rows, columns, year)})
    table = [[str(column.heading) for column in columns]]
    table += [[(column.shown or column.value)(row) for column in columns] for row in rows]
    return write_csv(table) if kind == "csv" else write_xlsx(table, title=title)


def _year_columns(year: AssessmentYear | None) -> list[Column]:
    return [
        Column("year", gettext_lazy("Year"), lambda row: year and year.year),
        Column(
            "rule_set",
            gettext_lazy("Rule set"),
            lambda row: year and year.rule_set,
            lambda row: year and year.get_rule_set_display(),
        ),
    ]


def _flat(row: PlaceRow, columns: list[Column]) -> dict:
    return {column.key: _plain(column.value(row)) for column in columns}


def _plain(value):
    """A number of at most six decimals survives the way through JSON digit by digit."""
    return float(value) if isinstance(value, Decimal) else value


def _features(rows: list[PlaceRow], columns: list[Column], year: AssessmentYear | None) -> list[dict]:
    """Places without a boundary keep their row, without a geometry (RFC 7946)."""
    outlines = _outlines([row.place for row in rows], year)
    return [
        {
            "type": "Feature",
            "id": columns[0].value(row),
            "geometry": outlines.get(row.place.pk),
            "properties": _flat(row, columns),
        }
        for row in rows
    ]


def _outlines(places: list, year: AssessmentYear | None) -> dict[int, dict]:
    """The outline of each place as it was in that year."""
    if places and hasattr(places[0], "boundary"):
        return {place.pk: place.boundary for place in places}
    known = AreaBoundary.objects.order_by("year")
    if year:
        known = known.filter(year__lte=year.year)
    return dict(known.values_list("slum_area", "geometry"))


def _json(data) -> bytes:
    return json.dumps(data, ensure_ascii=False, indent=1).encode()
