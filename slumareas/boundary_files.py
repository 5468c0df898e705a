"""The files that boundaries come in, opened: GeoJSON, KML and KMZ, GeoPackage, zipped shapefile. No database.

Nothing is ever fetched. GeoJSON, KML and GeoPackage are read without GDAL, which opens whatever a file points to; GDAL
gets only shapefiles, under a neutral name and inside a zip file made here. What the coordinates are worth is judged in
`slumareas.geo`.
"""

import io
import json
import re
import sqlite3
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import PurePosixPath
from xml.etree.ElementTree import Element, TreeBuilder
from xml.parsers import expat

import shapely
from django.core.exceptions import ValidationError
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _
from shapely.geometry import mapping

MAX_BYTES = 20 * 1024 * 1024
KINDS = {".geojson": "GeoJSON", ".json": "GeoJSON", ".zip": "zip", ".kml": "KML", ".kmz": "zip", ".gpkg": "GeoPackage"}

# What a damaged file brings up in json, expat, zipfile, sqlite3, GDAL (RuntimeError) and GEOS.
DAMAGE = (
    *(ValueError, TypeError, AttributeError, LookupError, RecursionError, EOFError, OSError, RuntimeError),
    *(expat.ExpatError, zipfile.BadZipFile, zlib.error, sqlite3.Error, shapely.errors.ShapelyError),
)

Move = Callable[[tuple, tuple], tuple]  # longitudes and latitudes from eastings and northings
Feature = tuple[dict, dict | None, Move | None]  # properties, geometry as it came, its projection


class UnreadableBoundary(ValidationError):
    """A file that gives no boundaries; its one message says why and what to do."""


def kind_of(file_name: str) -> str:
    """GeoJSON, KML, GeoPackage or zip, by the extension. Raises UnreadableBoundary."""
    extension = PurePosixPath(file_name).suffix.lower()
    if extension == ".shp":
        raise UnreadableBoundary(_("A shapefile is several files. Put .shp, .shx, .dbf and .prj into one zip file."))
    if extension not in KINDS:
        kinds = ", ".join(sorted(name.lstrip(".") for name in KINDS))
        raise UnreadableBoundary(_("Files of this kind are not accepted. Choose one of: %(kinds)s.") % {"kinds": kinds})
    return KINDS[extension]


def read_features(content: bytes, kind: str) -> list[Feature]:
    """Every row of a file of this kind, in its order, geometries unjudged. Raises UnreadableBoundary."""
    if len(content) > MAX_BYTES:
        raise UnreadableBoundary(
            _("This file is %(size)s; at most %(limit)s is accepted. Make it smaller and choose it again.")
            % {"size": filesizeformat(len(content)), "limit": filesizeformat(MAX_BYTES)}
        )
    if not content:
        raise UnreadableBoundary(_("This file is empty. Choose another one."))
    readers = {"GeoJSON": _read_geojson, "zip": _read_zip, "KML": _read_kml, "GeoPackage": _read_geopackage}
    try:
        return list(readers[kind](content))
    except DAMAGE as error:
        raise _damaged(kind) from error


def _damaged(kind: str) -> UnreadableBoundary:
    return UnreadableBoundary(
        _("This file is damaged or locked and cannot be read as %(kind)s. Export it again from the map program.")
        % {"kind": kind}
    )


def _projection(name: str | int) -> Move:
    """From an EPSG number or well-known text to WGS 84."""
    # Imported here: only files with a projection need the library and its database.
    import pyproj

    pyproj.network.set_network_enabled(active=False)
    try:
        crs = pyproj.CRS.from_epsg(name) if isinstance(name, int) else pyproj.CRS.from_wkt(name)
        return pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform
    except pyproj.exceptions.ProjError as error:
        raise UnreadableBoundary(
            _("The projection of this file is not known. Export it again in WGS 84 (EPSG:4326).")
        ) from error


def _read_geojson(content: bytes) -> Iterator[Feature]:
    data = json.loads(content)
    name = str(((data.get("crs") or {}).get("properties") or {}).get("name", ""))
    number = re.search(r"EPSG:.*?(\d{4,6})$", name)
    move = None
    if name and not name.endswith("CRS84"):
        move = _projection(int(number[1]) if number else name)
    kind = data.get("type")
    rows = data["features"] if kind == "FeatureCollection" else [data]
    for row in rows:
        if row["type"] == "Feature":
            properties = row.get("properties")
            geometry = row["geometry"]
            if not isinstance(geometry, dict | None):
                raise TypeError("no geometry")
            yield properties if isinstance(properties, dict) else {}, geometry, move
        elif kind == "FeatureCollection" or not ("coordinates" in row or "geometries" in row):
            raise ValueError("neither a feature nor a geometry")
        else:
            yield {}, row, move


def _read_zip(content: bytes) -> Iterator[Feature]:
    """The one shapefile, or the one KML, of a zip file."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        members = [member for member in archive.infolist() if not member.filename.startswith("__MACOSX/")]
        # zipfile never unpacks more of a member than its size says here.
        unpacked = sum(member.file_size for member in members)
        if unpacked > MAX_BYTES:
            raise UnreadableBoundary(
                _("Unpacked, this file is %(size)s; at most %(limit)s is accepted. Leave only the boundary in it.")
                % {"size": filesizeformat(unpacked), "limit": filesizeformat(MAX_BYTES)}
            )
        paths = {PurePosixPath(member.filename): member for member in members}
        parts = {(str(path.with_suffix("")).lower(), path.suffix.lower()): member for path, member in paths.items()}
        places = [member for (_stem, suffix), member in parts.items() if suffix == ".kml"]
        stems = sorted({stem for stem, suffix in parts if suffix in (".shp", ".shx")})
        if not stems and len(places) == 1:
            yield from _read_kml(archive.read(places[0]))
            return
        if not stems:
            raise UnreadableBoundary(
                _("This zip file has no shapefile in it. Put .shp, .shx, .dbf and .prj into one zip file.")
            )
        if len(stems) > 1:
            raise UnreadableBoundary(
                _("This zip file has several shapefiles (%(names)s). Put only one into a zip file.")
                % {"names": ", ".join(PurePosixPath(stem).name for stem in stems)}
            )
        missing = [suffix for suffix in (".shp", ".shx", ".dbf") if (stems[0], suffix) not in parts]
        if missing:
            raise UnreadableBoundary(
                _(
                    "The shapefile is incomplete: %(missing)s is missing. Put .shp, .shx, .dbf and .prj into one zip file."
                )
                % {"missing": ", ".join(missing)}
            )
        wanted = (".shp", ".shx", ".dbf", ".prj", ".cpg")
        files = {suffix: archive.read(parts[stems[0], suffix]) for suffix in wanted if (stems[0], suffix) in parts}
    prj = files.pop(".prj", b"").decode("utf-8", "replace").strip()
    yield from _read_shapefile(files, _projection(prj) if prj else None)


def _read_shapefile(files: dict[str, bytes], move: Move | None) -> Iterator[Feature]:
    # Imported here: GDAL takes its time, and only shapefiles need it.
    import pyogrio

    if not files[".shp"].startswith(b"\x00\x00\x27\x0a"):
        raise ValueError("no shapefile")
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for suffix, data in files.items():
            archive.writestr("area" + suffix, data)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # GDAL's remarks, for example on a file without rows
        if pyogrio.read_info(packed.getvalue())["driver"] != "ESRI Shapefile":
            raise ValueError("no shapefile")
        meta, _ids, shapes, columns = pyogrio.raw.read(packed.getvalue(), force_2d=True, datetime_as_string=True)
    if not columns:  # GDAL passes over a damaged .dbf, and every real one has a column
        raise ValueError("no attributes")
    for index, blob in enumerate(shapes):
        properties = {
            name: column[index : index + 1].tolist()[0] for name, column in zip(meta["fields"], columns, strict=True)
        }
        yield properties, mapping(shapely.from_wkb(blob)) if blob else None, move


def _read_kml(content: bytes) -> Iterator[Feature]:
    for place in _xml(content).iter("Placemark"):
        properties = {"name": (place.findtext("name") or "").strip()}
        for data in place.iter("Data"):
            properties[data.get("name", "")] = data.findtext("value")
        for data in place.iter("SimpleData"):
            properties[data.get("name", "")] = data.text
        polygons = [
            [
                [[float(number) for number in point.split(",")] for point in (ring.text or "").split()]
                for side in ("outerBoundaryIs", "innerBoundaryIs")
                for ring in polygon.iterfind(f"{side}/LinearRing/coordinates")
            ]
            for polygon in place.iter("Polygon")
        ]
        if polygons:
            kind = "MultiPolygon" if len(polygons) > 1 else "Polygon"
            yield properties, {"type": kind, "coordinates": polygons if len(polygons) > 1 else polygons[0]}, None
        else:
            found = next((kind for kind in ("Point", "LineString") if place.find(f".//{kind}") is not None), None)
            yield properties, {"type": found} if found else None, None


def _xml(content: bytes) -> Element:
    """The root of an XML document without namespaces. Refuses what refers to anything outside the document."""

    def refuse(*_arguments):
        raise UnreadableBoundary(
            _("This KML file refers to content outside itself, which is never fetched. Save the boundaries themselves.")
        )

    def start(tag: str, attributes: dict):
        name = tag.rpartition("}")[2]
        if name == "NetworkLink":
            refuse()
        builder.start(name, attributes)

    builder = TreeBuilder()
    parser = expat.ParserCreate(namespace_separator="}")
    parser.buffer_text = True
    parser.StartDoctypeDeclHandler = refuse  # so there is no entity either
    parser.StartElementHandler = start
    parser.EndElementHandler = lambda tag: builder.end(tag.rpartition("}")[2])
    parser.CharacterDataHandler = builder.data
    parser.Parse(content, True)
    return builder.close()


def _read_geopackage(content: bytes) -> Iterator[Feature]:
    """Plain tables only: a view or a virtual table could run what its author wrote."""
    if not content.startswith(b"SQLite format 3\0"):
        raise ValueError("no database")
    # A database in write-ahead mode would look for a second file; bytes 18 and 19 say the mode.
    content = content[:18] + b"\x01\x01" + content[20:]
    with closing(sqlite3.connect(":memory:")) as database:
        database.deserialize(content)
        database.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MAX_BYTES)
        database.execute("PRAGMA trusted_schema = OFF")
        database.row_factory = sqlite3.Row
        plain = {
            name
            for name, sql in database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'")
            if not re.match(r"\s*CREATE\s+VIRTUAL", sql or "", re.IGNORECASE)
        }
        if not {"gpkg_geometry_columns", "gpkg_spatial_ref_sys"} <= plain:
            raise ValueError("no GeoPackage")
        for layer in database.execute("SELECT * FROM gpkg_geometry_columns").fetchall():
            if layer["table_name"] not in plain:
                raise ValueError("no plain table")
            move = _geopackage_projection(database, layer["srs_id"])
            table = layer["table_name"].replace('"', '""')
            for row in database.execute(f'SELECT * FROM "{table}"'):  # noqa: S608 - a name of sqlite_master, quoted
                properties = dict(row)
                blob = properties.pop(layer["column_name"])
                yield properties, _geopackage_shape(blob), move


def _geopackage_projection(database: sqlite3.Connection, number: int) -> Move | None:
    query = "SELECT * FROM gpkg_spatial_ref_sys WHERE srs_id = ?"
    row = database.execute(query, [number]).fetchone()
    if row is None or number in (0, -1):  # not known, by the standard
        return None
    is_epsg = str(row["organization"]).upper() == "EPSG"
    return _projection(int(row["organization_coordsys_id"]) if is_epsg else str(row["definition"]))


def _geopackage_shape(blob: bytes | None) -> dict | None:
    if blob is None:
        return None
    if blob[:2] != b"GP":
        raise ValueError("no geometry")
    box = (0, 32, 48, 48, 64)[blob[3] >> 1 & 7]
    return mapping(shapely.force_2d(shapely.from_wkb(blob[8 + box :])))
