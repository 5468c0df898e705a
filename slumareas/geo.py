"""Boundaries of villages, slum areas and neighbourhoods: read, repaired, measured, compared and drawn. No database.

A boundary is a GeoJSON Polygon or MultiPolygon (RFC 7946): WGS 84, longitude before latitude, 6 decimals (about 0.1 m),
closed rings, outer ones counter-clockwise. Areas are hectares on the ellipsoid. What cannot be taken is refused with
one sentence that says what to do.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import pairwise

import shapely
from django.core.exceptions import ValidationError
from django.utils.formats import number_format
from django.utils.translation import gettext as _
from shapely.geometry import MultiPolygon, Polygon, mapping, shape

from slumareas.boundary_files import Feature, Move, UnreadableBoundary, kind_of, read_features

MAX_POINTS = 50_000
MAX_REPAIR = 0.01  # the share of its area that a repair may change
DECIMALS = 6
POLYGONS = ("Polygon", "MultiPolygon")
NOT_AREAS = ("Point", "MultiPoint", "LineString", "MultiLineString")


@dataclass(frozen=True)
class ReadBoundary:
    """One area of a file. Properties are flat: text, numbers, truth values and None, safe to store as JSON."""

    properties: dict
    geometry: dict
    area_ha: Decimal
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class SvgMap:
    """Boundaries as SVG path data by key, the point of each with most room around it for a label, and the scale.

    Lengths are in the units of the drawing; `scale_bar` is a round number of metres and its length on the drawing.
    """

    paths: dict[str, str]
    labels: dict[str, tuple[float, float]]
    metres_per_unit: float
    scale_bar: tuple[int, float]


# --- reading ---------------------------------------------------------------------------------------------


def read_boundaries(content: bytes, file_name: str) -> list[ReadBoundary]:
    """The areas of a GeoJSON, KML or KMZ, GeoPackage or zipped shapefile, in the order of the file.

    The extension of `file_name` says the kind, the content must agree. Projected coordinates whose projection the file
    names are turned into WGS 84. Points and lines beside areas are left out, which the first area's notes say.
    Raises UnreadableBoundary with one sentence; one bad area refuses the whole file and is named by its number.
    """
    kind = kind_of(file_name)
    return _areas(read_features(content, kind), kind)


def _areas(features: list[Feature], kind: str) -> list[ReadBoundary]:
    read, left_out = [], 0
    for number, (properties, geometry, move) in enumerate(features, 1):
        try:
            if geometry and geometry.get("type") in NOT_AREAS:
                left_out += 1
                continue
            if not geometry or not (geometry.get("coordinates") or geometry.get("geometries")):
                raise ValidationError(
                    _("This boundary is empty. Draw it in the map program or delete it there, and export again.")
                )
            geometry, joined = _joined(geometry)
            # Only GeoJSON has a rule for the direction, so only there it is worth a note.
            checked, notes = _checked(geometry, move, kind == "GeoJSON")
        except ValidationError as error:
            if len(features) == 1:
                raise UnreadableBoundary(error.messages[0]) from error
            raise UnreadableBoundary(
                _("Boundary %(number)d of the file: %(reason)s") % {"number": number, "reason": error.messages[0]}
            ) from error
        read.append(ReadBoundary(_flat(properties), checked, area_ha(checked), joined + notes))
    if not read:
        raise UnreadableBoundary(
            _(
                "This file has no areas in it. Draw the boundary as a polygon, not as points or a line, and export again."
            )
        )
    if left_out:
        note = _("Points and lines in the file were left out: %(count)d.") % {"count": left_out}
        read[0] = replace(read[0], notes=(*read[0].notes, note))
    return read


def _joined(geometry: dict) -> tuple[dict, tuple[str, ...]]:
    """A GeometryCollection as the MultiPolygon of its polygons, anything else as it is."""
    members = geometry.get("geometries")
    if geometry.get("type") != "GeometryCollection" or not isinstance(members, list | tuple):
        return geometry, ()
    parts = []
    for member in members:
        if isinstance(member, dict) and member.get("type") in POLYGONS and member.get("coordinates"):
            parts += [member["coordinates"]] if member["type"] == "Polygon" else member["coordinates"]
    if not parts:
        return geometry, ()  # refused as no polygon
    return {"type": "MultiPolygon", "coordinates": parts}, (
        _("The boundary came as a collection of shapes; its polygons were joined to one boundary."),
    )


def _flat(properties: dict) -> dict:
    def plain(value):
        if isinstance(value, float) and not math.isfinite(value):
            return None
        if value is None or isinstance(value, bool | int | float):
            return value
        text = value if isinstance(value, str) else json.dumps(value, default=str)
        # A database takes neither NUL nor half a surrogate pair.
        return text.replace("\0", "").encode("utf-8", "replace").decode()

    return {plain(str(name)): plain(value) for name, value in properties.items()}


# --- judging, measuring, comparing -----------------------------------------------------------------------


def checked_geometry(geometry: dict) -> tuple[dict, tuple[str, ...]]:
    """The boundary as this module promises it, and a sentence for each repair.

    Raises ValidationError with one sentence for what is no Polygon or MultiPolygon, has damaged, swapped or impossible
    coordinates, no area, more than 50,000 points, or crosses itself so that a repair changes more than 1 % of its area.
    """
    return _checked(geometry, None, direction_matters=True)


def _checked(geometry: dict, move: Move | None, direction_matters: bool) -> tuple[dict, tuple[str, ...]]:
    polygons = _rings(geometry, move)
    notes = []
    for ring in (ring for polygon in polygons for ring in polygon):
        if ring[0] != ring[-1]:
            ring.append(ring[0])
            notes = [_("The boundary was not closed; its last point was joined to the first.")]
        if len(ring) < 4:
            raise ValidationError(_no_area())
    parts = [Polygon(polygon[0], polygon[1:]) for polygon in polygons]
    drawn = parts[0] if geometry["type"] == "Polygon" else MultiPolygon(parts)
    whole = drawn
    if not drawn.is_valid:
        if not _is_scribble(parts):
            whole = _only_polygons(shapely.make_valid(drawn, method="structure", keep_collapsed=False))
        if whole is drawn or abs(whole.area - drawn.area) > MAX_REPAIR * whole.area:
            raise ValidationError(
                _(
                    "The boundary crosses itself, like a bow tie, so that its area is uncertain. Draw it without crossings."
                )
            )
        notes.append(_("The boundary crossed or touched itself and was repaired; compare it with the drawing."))
    elif direction_matters and any(
        part.exterior.is_ccw is False or any(hole.is_ccw for hole in part.interiors) for part in parts
    ):
        notes.append(_("The boundary was drawn in the other direction and was turned round; its shape is unchanged."))
    whole = _rounded(whole, DECIMALS)
    if not whole.area:
        raise ValidationError(_no_area())
    return _geojson(whole), tuple(notes)


def _is_scribble(parts: list[Polygon]) -> bool:
    """So many crossings that a repair would hold the server up for minutes; counted a few lines at a time, so quick."""
    rings = [ring.coords for part in parts for ring in (part.exterior, *part.interiors)]
    lines = shapely.linestrings([pair for ring in rings for pair in pairwise(ring)])
    tree, met = shapely.STRtree(lines), 0
    for start in range(0, len(lines), 20):
        met += tree.query(lines[start : start + 20], predicate="intersects").shape[1]
        if met > 8 * len(lines) + 1000:  # a clean line meets itself and two neighbours, on a shared edge six
            return True
    return False


def _no_area() -> str:
    return _("The boundary encloses no area. Draw it again with at least three corners.")


def _rings(geometry: dict, move: Move | None) -> list[list[list[tuple[float, float]]]]:
    """The rings of each polygon in WGS 84, each point judged."""
    if not isinstance(geometry, dict) or geometry.get("type") not in POLYGONS:
        raise ValidationError(_("A boundary must be a polygon or several polygons. Draw it as an area."))
    try:
        parts = geometry["coordinates"] if geometry["type"] == "MultiPolygon" else [geometry["coordinates"]]
        polygons = [[[_point(*point) for point in ring] for ring in part] for part in parts]
        if not polygons or not all(polygon and all(polygon) for polygon in polygons):
            raise ValueError("nothing in it")
    except (TypeError, ValueError, LookupError, OverflowError) as error:
        raise ValidationError(
            _(
                "The coordinates of the boundary are damaged: each point needs a longitude and a latitude. Export it again."
            )
        ) from error
    count = sum(len(ring) for polygon in polygons for ring in polygon)
    if count > MAX_POINTS:
        raise ValidationError(
            _("The boundary has %(count)s points; at most %(limit)s are accepted. Simplify it in the map program.")
            % {"count": _grouped(count), "limit": _grouped(MAX_POINTS)}
        )
    if move:
        polygons = [[list(zip(*move(*zip(*ring, strict=True)), strict=True)) for ring in part] for part in polygons]
    points = [point for polygon in polygons for ring in polygon for point in ring]
    if all(abs(x) <= 180 and abs(y) <= 90 for x, y in points):
        return polygons
    if all(abs(x) <= 90 and abs(y) <= 180 for x, y in points):
        raise ValidationError(
            _(
                "Longitude and latitude are swapped: the longitude comes first (105.16, -2.06). Export it again that way."
            )
        )
    raise ValidationError(
        _("These are no longitudes and latitudes. Export in WGS 84 (EPSG:4326), or add the projection (.prj).")
    )


def _point(x: float, y: float, *_height) -> tuple[float, float]:
    for number in (x, y):
        if isinstance(number, bool) or not isinstance(number, int | float) or not math.isfinite(number):
            raise ValueError("no coordinate")
    return float(x), float(y)


def _grouped(number: int) -> str:
    return number_format(number, force_grouping=True)


def area_ha(geometry: dict) -> Decimal:
    """Hectares on the WGS 84 ellipsoid, to 6 places, of a checked boundary."""
    area, _length = _ellipsoid().geometry_area_perimeter(shapely.orient_polygons(shape(geometry)))
    return Decimal(area / 10_000).quantize(Decimal("0.000001"))


def _ellipsoid():
    # Imported here: the library opens its database, which most pages do not need.
    from pyproj import Geod

    return Geod(ellps="WGS84")


def share_within(inner: dict, outer: dict) -> Decimal:
    """How much of the checked boundary `inner` lies in the checked boundary `outer`: 0 to 1, to 4 places."""
    inside = shape(inner)
    # Degrees do: over one village the length of a degree changes by less than the fourth place shows.
    share = inside.intersection(shape(outer)).area / inside.area
    return min(Decimal(share).quantize(Decimal("0.0001")), Decimal(1))


def union(geometries: list[dict]) -> dict:
    """One boundary around all these checked boundaries. Raises ValueError for an empty list."""
    if not geometries:
        raise ValueError("nothing to unite")
    return _geojson(_rounded(shapely.union_all([shape(one) for one in geometries], grid_size=10**-DECIMALS), DECIMALS))


def _only_polygons(geometry) -> Polygon | MultiPolygon:
    parts = [part for one in shapely.get_parts(geometry) for part in shapely.get_parts(one)]
    parts = [part for part in parts if isinstance(part, Polygon) and part.area]
    return parts[0] if len(parts) == 1 else MultiPolygon(parts)


def _rounded(geometry: Polygon | MultiPolygon, decimals: int) -> Polygon | MultiPolygon:
    """Valid at this many decimals, which plain rounding is not always. May be empty."""
    rounded = shapely.transform(geometry, lambda points: points.round(decimals))
    if not rounded.is_valid:
        rounded = _only_polygons(shapely.set_precision(geometry, 10**-decimals))
    return shapely.orient_polygons(shapely.remove_repeated_points(rounded))


def _geojson(geometry: Polygon | MultiPolygon, decimals: int = DECIMALS) -> dict:
    def plain(coordinates):
        if isinstance(coordinates[0], float):
            return [round(number, decimals) for number in coordinates]
        return [plain(one) for one in coordinates]

    return {"type": geometry.geom_type, "coordinates": plain(mapping(geometry)["coordinates"])}


# --- drawing ---------------------------------------------------------------------------------------------


def simplified(geometries: dict[str, dict], tolerance_degrees: float = 0.0005, decimals: int = 4) -> dict[str, dict]:
    """Checked boundaries with fewer points for a map, by the same keys; neighbours keep sharing their edge.

    Hairline gaps and overlaps between neighbours are closed first. A boundary that this would change much, because it
    really lies over another one, is simplified by itself. For looking at only: areas are measured on the originals.
    """
    shapes = [shape(one) for one in geometries.values()]
    if not shapes:
        return {}
    try:
        cleaned = shapely.coverage_clean(shapes, gap_width=tolerance_degrees / 5)
        together = [_rounded(one, decimals) for one in shapely.coverage_simplify(cleaned, tolerance_degrees)]
        together = shapely.coverage_clean(together)  # where rounding had to cut off a point that the neighbour kept
    except shapely.errors.GEOSException:
        cleaned = together = [Polygon()] * len(shapes)
    result = {}
    for key, original, clean, simple in zip(geometries, shapes, cleaned, together, strict=True):
        if abs(clean.area - original.area) > 0.05 * original.area:
            simple = original.simplify(tolerance_degrees)
        simple = _rounded(simple, decimals)
        result[key] = _geojson(simple, decimals) if simple.area else geometries[key]
    return result


def svg_paths(geometries: dict[str, dict], width: float, height: float, margin: float = 0) -> SvgMap:
    """Checked boundaries drawn to fill a sheet of `width` by `height` units, north up, undistorted and centred.

    Fit for a regency or less: a degree is taken to be as long everywhere as in the middle of the map. Pass what
    `simplified` gives where paths of many hundred points are too many. Raises ValueError without boundaries or room.
    """
    if not geometries or min(width, height) <= 2 * margin:
        raise ValueError("nothing to draw, or no room for it")
    shapes = {key: shape(one) for key, one in geometries.items()}
    west, south, east, north = shapely.total_bounds(list(shapes.values())).tolist()
    x, y = (west + east) / 2, (south + north) / 2
    metres_x = _ellipsoid().inv(x - 0.005, y, x + 0.005, y)[2] * 100  # to a degree of longitude here
    metres_y = _ellipsoid().inv(x, y - 0.005, x, y + 0.005)[2] * 100
    metres_per_unit = max(
        (east - west) * metres_x / (width - 2 * margin), (north - south) * metres_y / (height - 2 * margin)
    )

    def place(points):
        return (points - (x, y)) * (metres_x, -metres_y) / metres_per_unit + (width / 2, height / 2)

    drawn = {key: shapely.transform(one, place) for key, one in shapes.items()}
    labels = {key: shapely.get_point(shapely.maximum_inscribed_circle(one), 0) for key, one in drawn.items()}
    metres = round_length(metres_per_unit * width / 4)
    return SvgMap(
        paths={key: "".join(_path(one)) for key, one in drawn.items()},
        labels={key: (round(point.x, 2), round(point.y, 2)) for key, point in labels.items()},
        metres_per_unit=metres_per_unit,
        scale_bar=(metres, metres / metres_per_unit),
    )


def _path(geometry: Polygon | MultiPolygon) -> Iterable[str]:
    for part in shapely.get_parts(geometry):
        for ring in (part.exterior, *part.interiors):
            yield "M" + "L".join(f"{x:.2f},{y:.2f}" for x, y in ring.coords[:-1]) + "Z"


def round_length(metres: float) -> int:
    """The longest of 1, 2 or 5 times a power of ten that is no longer than this, at least 1."""
    power = 10 ** max(math.floor(math.log10(metres)), 0)
    return next((step * power for step in (5, 2, 1) if step * power <= metres), 1)
