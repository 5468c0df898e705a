"""Boundaries: what is read, what is repaired and said so, what is refused, and that nothing outside the file is opened."""

import gzip
import io
import json
import math
import random
import socket
import sqlite3
import subprocess
import sys
import zipfile
from decimal import Decimal

import numpy as np
import pyogrio
import pytest
import shapely
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import translation
from shapely.geometry import shape

from slumareas.geo import (
    UnreadableBoundary,
    area_ha,
    checked_geometry,
    read_boundaries,
    share_within,
    simplified,
    svg_paths,
    union,
)

SHARED = settings.BASE_DIR.parent / "shared" / "data"
needs_shared = pytest.mark.skipif(not (SHARED / "geo").is_dir(), reason="the shared boundaries are not here")

DAMAGED = "This file is damaged or locked and cannot be read as %s. Export it again from the map program."
NO_AREAS = "This file has no areas in it. Draw the boundary as a polygon, not as points or a line, and export again."
EMPTY = "This boundary is empty. Draw it in the map program or delete it there, and export again."
NO_POLYGON = "A boundary must be a polygon or several polygons. Draw it as an area."
BAD_COORDINATES = (
    "The coordinates of the boundary are damaged: each point needs a longitude and a latitude. Export it again."
)
NOT_DEGREES = "These are no longitudes and latitudes. Export in WGS 84 (EPSG:4326), or add the projection (.prj)."
SWAPPED = "Longitude and latitude are swapped: the longitude comes first (105.16, -2.06). Export it again that way."
NO_AREA = "The boundary encloses no area. Draw it again with at least three corners."
BOW_TIE = "The boundary crosses itself, like a bow tie, so that its area is uncertain. Draw it without crossings."
UNKNOWN_PROJECTION = "The projection of this file is not known. Export it again in WGS 84 (EPSG:4326)."
OUTSIDE = "This KML file refers to content outside itself, which is never fetched. Save the boundaries themselves."
NO_SHAPEFILE = "This zip file has no shapefile in it. Put .shp, .shx, .dbf and .prj into one zip file."

CLOSED = "The boundary was not closed; its last point was joined to the first."
TURNED = "The boundary was drawn in the other direction and was turned round; its shape is unchanged."
REPAIRED = "The boundary crossed or touched itself and was repaired; compare it with the drawing."
JOINED = "The boundary came as a collection of shapes; its polygons were joined to one boundary."


@pytest.fixture(autouse=True)
def _english():
    with translation.override("en"):
        yield


def ring(west=105.16, south=-2.07, size=0.01) -> list[list[float]]:
    """A square, counter-clockwise from its south-western corner, closed."""
    east, north = round(west + size, 6), round(south + size, 6)
    return [[west, south], [east, south], [east, north], [west, north], [west, south]]


def polygon(*rings) -> dict:
    return {"type": "Polygon", "coordinates": list(rings) or [ring()]}


def geojson(*geometries, **more) -> bytes:
    rows = [
        {"type": "Feature", "properties": {"name": f"RT {number}"}, "geometry": geometry}
        for number, geometry in enumerate(geometries, 1)
    ]
    return json.dumps({"type": "FeatureCollection", "features": rows, **more}).encode()


def kml(*placemarks: str, head: str = "", extra: str = "") -> bytes:
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>{head}<kml xmlns="http://www.opengis.net/kml/2.2"><Document>{extra}'
        f"{''.join(placemarks)}</Document></kml>"
    ).encode()


PLACEMARK = """<Placemark><name>RT 001</name><ExtendedData><Data name="RW"><value>02</value></Data></ExtendedData>
<Polygon><outerBoundaryIs><LinearRing><coordinates>
105.16,-2.07,0 105.17,-2.07,0 105.17,-2.06,0 105.16,-2.06,0 105.16,-2.07,0
</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"""


def written(path, *geometries, driver, crs="EPSG:4326") -> bytes:
    """A file that GDAL makes of these geometries, each with a name."""
    names = [f"RT {number:03}" for number in range(1, len(geometries) + 1)]
    pyogrio.raw.write(
        path,
        shapely.to_wkb([shape(one) for one in geometries]),
        [np.array(names, dtype=object)],
        ["name"],
        geometry_type=geometries[0]["type"],
        crs=crs,
        driver=driver,
    )
    return path.read_bytes()


def shapefile(folder, *geometries, crs="EPSG:4326", leave_out=(), within="") -> bytes:
    written(folder / "batas.shp", *geometries, driver="ESRI Shapefile", crs=crs)
    files = {file.name: file.read_bytes() for file in sorted(folder.glob("batas.*"))}
    return zipped({within + name: data for name, data in files.items() if not name.endswith(tuple(leave_out))})


def zipped(files: dict[str, bytes]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return packed.getvalue()


def refusal(content: bytes, name: str) -> str:
    with pytest.raises(UnreadableBoundary) as caught:
        read_boundaries(content, name)
    (sentence,) = caught.value.messages
    return sentence


def complaint(geometry) -> str:
    with pytest.raises(ValidationError) as caught:
        checked_geometry(geometry)
    (sentence,) = caught.value.messages
    return sentence


def borders(geometries: dict[str, dict]) -> list[frozenset]:
    """Every piece of line of every boundary, without direction."""
    parts = [part for one in geometries.values() for part in shapely.get_parts(shape(one))]
    rings = [one.coords[:] for part in parts for one in (part.exterior, *part.interiors)]
    return [frozenset(pair) for points in rings for pair in zip(points, points[1:], strict=False)]


# --- GeoJSON ---------------------------------------------------------------------------------------------


def test_geojson_gives_its_areas_with_properties_and_hectares():
    (read,) = read_boundaries(geojson(polygon()), "rt.geojson")
    assert read.properties == {"name": "RT 1"}
    assert read.geometry == polygon()
    assert read.notes == ()
    assert read.area_ha == Decimal("123.012923")  # 1,112.48 m by 1,105.76 m


def test_a_bare_geometry_and_a_single_feature_are_read_too():
    feature = {"type": "Feature", "properties": None, "geometry": polygon()}
    for data in (polygon(), feature):
        (read,) = read_boundaries(b"\xef\xbb\xbf" + json.dumps(data).encode(), "RT.JSON")
        assert (read.properties, read.geometry) == ({}, polygon())


def test_points_and_lines_beside_an_area_are_left_out_and_said():
    point = {"type": "Point", "coordinates": [105, -2]}
    (read,) = read_boundaries(geojson(point, polygon(), point), "rt.geojson")
    assert read.properties == {"name": "RT 2"}
    assert read.notes == ("Points and lines in the file were left out: 2.",)


def test_the_polygons_of_a_collection_become_one_boundary():
    other = ring(west=105.2)
    shapes = [polygon(), {"type": "Point", "coordinates": [105, -2]}, polygon(other)]
    (read,) = read_boundaries(geojson({"type": "GeometryCollection", "geometries": shapes}), "rt.geojson")
    assert read.geometry == {"type": "MultiPolygon", "coordinates": [[ring()], [other]]}
    assert read.notes == (JOINED,)


def test_properties_are_flat_and_safe_to_store():
    row = {"type": "Feature", "geometry": polygon(), "properties": {"a": "x\0\ud800", "b": [1], "c": 1e999, "d": True}}
    (read,) = read_boundaries(json.dumps(row).replace("Infinity", "1e999").encode(), "rt.geojson")
    assert read.properties == {"a": "x?", "b": "[1]", "c": None, "d": True}


def test_a_named_projection_is_turned_into_degrees():
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::32748"}}
    square = [[518000, 9771000], [519000, 9771000], [519000, 9772000], [518000, 9772000], [518000, 9771000]]
    (read,) = read_boundaries(geojson(polygon(square), crs=crs), "rt.geojson")
    assert read.geometry["coordinates"][0][0] == [105.161866, -2.071817]
    assert read.area_ha == pytest.approx(Decimal(100), abs=Decimal("0.1"))  # the grid is 0.04 % short here


def test_an_unknown_projection_is_refused():
    for name in ("EPSG:99999", "lokal", "+proj=utm +zone=48", "http://example.org/crs"):
        content = geojson(polygon(), crs={"type": "name", "properties": {"name": name}})
        assert refusal(content, "rt.geojson") == UNKNOWN_PROJECTION


@pytest.mark.parametrize(
    "content",
    [
        b"null",
        b"[]",
        b"7",
        b"{}",
        b"{",
        b"\xff\xfe\x00",
        b'{"type": "FeatureCollection"}',
        b'{"type": "FeatureCollection", "features": [7]}',
        b'{"type": "Feature"}',
        b'{"type": "Feature", "geometry": "x"}',
        b'{"type": "Polygon"}',
        b"[" * 100_000,
        b"%PDF-1.7",
        b"<kml/>",
        b"SQLite format 3\0",
    ],
)
def test_what_is_no_geojson_is_refused(content):
    assert refusal(content, "rt.geojson") == DAMAGED % "GeoJSON"


def test_a_file_without_areas_is_refused():
    line = {"type": "LineString", "coordinates": [[105, -2], [106, -2]]}
    assert refusal(geojson(), "rt.geojson") == NO_AREAS
    assert refusal(geojson(line, {"type": "Point", "coordinates": [105, -2]}), "rt.geojson") == NO_AREAS


def test_one_bad_area_refuses_the_file_and_is_named_by_its_number():
    bow = polygon([[105, -2], [105.01, -1.99], [105.01, -2], [105, -1.99], [105, -2]])
    assert refusal(geojson(polygon(), None), "rt.geojson") == f"Boundary 2 of the file: {EMPTY}"
    assert refusal(geojson({"type": "Polygon", "coordinates": []}), "rt.geojson") == EMPTY
    assert refusal(geojson(polygon(), polygon(), bow), "rt.geojson") == f"Boundary 3 of the file: {BOW_TIE}"
    assert refusal(geojson({"type": "Circle", "coordinates": [1]}), "rt.geojson") == NO_POLYGON


def test_metres_without_a_projection_are_refused():
    assert refusal(geojson(polygon(ring(518000, 9771000, 500))), "rt.geojson") == NOT_DEGREES


# --- files in general ------------------------------------------------------------------------------------


def test_only_boundary_files_are_taken():
    sentence = "Files of this kind are not accepted. Choose one of: geojson, gpkg, json, kml, kmz, zip."
    for name in ("rt.pdf", "rt.vrt", "rt.gml", "rt", "", "geojson"):
        assert refusal(geojson(polygon()), name) == sentence


def test_a_shapefile_alone_is_told_to_bring_its_companions():
    sentence = "A shapefile is several files. Put .shp, .shx, .dbf and .prj into one zip file."
    assert refusal(b"x", "rt.SHP") == sentence


def test_an_empty_and_a_large_file_are_refused():
    assert refusal(b"", "rt.geojson") == "This file is empty. Choose another one."
    sentence = refusal(b" " * (20 * 1024 * 1024 + 1), "rt.geojson").replace("\xa0", " ")
    assert sentence == "This file is 20.0 MB; at most 20.0 MB is accepted. Make it smaller and choose it again."


VRT = b'<OGRVRTDataSource><OGRVRTLayer name="x"><SrcDataSource>/etc/passwd</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>'


@pytest.mark.parametrize(("name", "kind"), [("a.geojson", "GeoJSON"), ("a.zip", "zip"), ("a.gpkg", "GeoPackage")])
def test_a_file_that_only_points_to_another_is_never_opened(name, kind):
    assert refusal(VRT, name) == DAMAGED % kind
    assert refusal(b"/vsicurl/http://127.0.0.1:9/x.geojson", name) == DAMAGED % kind


def test_a_virtual_file_inside_a_zip_or_under_a_kml_name_is_no_boundary():
    assert refusal(VRT, "a.kml") == NO_AREAS
    assert refusal(zipped({"a.vrt": VRT}), "a.zip") == NO_SHAPEFILE
    assert refusal(zipped({"a.shp": VRT, "a.shx": VRT, "a.dbf": VRT}), "a.zip") == DAMAGED % "zip"


# --- shapefile -------------------------------------------------------------------------------------------


def test_a_zipped_shapefile_is_read_also_inside_a_folder(tmp_path):
    holed = polygon(ring(105.2), ring(105.203, -2.067, 0.002))
    content = shapefile(tmp_path, polygon(), holed, within="data/")
    first, second = read_boundaries(content, "batas.zip")
    assert (first.properties, first.notes) == ({"name": "RT 001"}, ())  # its rings turn the other way by its own rule
    assert shape(first.geometry).equals(shape(polygon()))
    assert shape(first.geometry).exterior.is_ccw
    assert [len(points) for points in second.geometry["coordinates"]] == [5, 5]


def test_the_projection_of_a_shapefile_is_applied(tmp_path):
    square = polygon(ring(518000, 9771000, 1000))
    (read,) = read_boundaries(shapefile(tmp_path, square, crs="EPSG:32748"), "batas.zip")
    assert read.geometry["coordinates"][0][0] == [105.161866, -2.071817]


def test_a_shapefile_in_metres_without_its_projection_is_refused(tmp_path):
    content = shapefile(tmp_path, polygon(ring(518000, 9771000, 1000)), crs="EPSG:32748", leave_out=[".prj"])
    assert refusal(content, "batas.zip") == NOT_DEGREES


def test_a_shapefile_in_degrees_needs_no_projection(tmp_path):
    (read,) = read_boundaries(shapefile(tmp_path, polygon(), leave_out=[".prj", ".cpg"]), "batas.zip")
    assert read.area_ha == Decimal("123.012923")


def test_a_projection_that_is_none_is_refused(tmp_path):
    written(tmp_path / "batas.shp", polygon(), driver="ESRI Shapefile")
    (tmp_path / "batas.prj").write_text("http://example.org/epsg")
    files = {file.name: file.read_bytes() for file in tmp_path.glob("batas.*")}
    assert refusal(zipped(files), "batas.zip") == UNKNOWN_PROJECTION


@pytest.mark.parametrize("suffix", [".shp", ".shx", ".dbf"])
def test_an_incomplete_shapefile_is_refused(tmp_path, suffix):
    content = shapefile(tmp_path, polygon(), leave_out=[suffix])
    assert refusal(content, "batas.zip") == (
        f"The shapefile is incomplete: {suffix} is missing. Put .shp, .shx, .dbf and .prj into one zip file."
    )


def test_a_zip_without_or_with_several_shapefiles_is_refused():
    assert refusal(zipped({"foto.jpg": b"x"}), "batas.zip") == NO_SHAPEFILE
    assert refusal(zipped({"a/rt.shp": b"x", "rw.shp": b"x"}), "batas.zip") == (
        "This zip file has several shapefiles (rt, rw). Put only one into a zip file."
    )


def test_points_in_a_shapefile_are_no_boundary(tmp_path):
    content = shapefile(tmp_path, {"type": "Point", "coordinates": [105.16, -2.07]})
    assert refusal(content, "batas.zip") == NO_AREAS


def test_a_damaged_shapefile_is_refused(tmp_path):
    content = shapefile(tmp_path, polygon())
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    for name in ("batas.shp", "batas.shx", "batas.dbf"):
        assert refusal(zipped({**files, name: b"\0" * 200}), "batas.zip") == DAMAGED % "zip"
    assert refusal(content[: len(content) // 2], "batas.zip") == DAMAGED % "zip"
    assert refusal(b"PK\x03\x04" + b"x" * 100, "batas.zip") == DAMAGED % "zip"


def test_a_zip_bomb_is_refused_before_it_is_unpacked(monkeypatch):
    content = zipped({"a.shp": b"\0" * 21_000_000, "a.shx": b"", "a.dbf": b""})
    assert len(content) < 100_000
    monkeypatch.setattr(zipfile.ZipFile, "open", lambda *_args, **_more: pytest.fail("it was unpacked"))
    sentence = refusal(content, "batas.zip").replace("\xa0", " ")
    assert sentence == "Unpacked, this file is 20.0 MB; at most 20.0 MB is accepted. Leave only the boundary in it."


def test_a_zip_that_lies_about_its_size_is_refused():
    content = zipped({"a.kml": kml(PLACEMARK)})
    size = len(kml(PLACEMARK)).to_bytes(4, "little")
    assert content.count(size) == 2
    assert refusal(content.replace(size, (10).to_bytes(4, "little")), "a.kmz") == DAMAGED % "zip"


# --- KML -------------------------------------------------------------------------------------------------


def test_kml_is_read_also_packed_as_kmz():
    for content, name in ((kml(PLACEMARK), "rt.kml"), (zipped({"doc.kml": kml(PLACEMARK)}), "rt.kmz")):
        (read,) = read_boundaries(content, name)
        assert read.properties == {"name": "RT 001", "RW": "02"}
        assert read.geometry == polygon()


def test_kml_of_a_map_program_is_read(tmp_path):
    hole = ring(105.163, -2.067, 0.002)
    first, second = read_boundaries(
        written(tmp_path / "a.kml", polygon(), polygon(ring(), hole), driver="KML"), "a.kml"
    )
    assert first.properties["name"] == "RT 001"
    assert shape(second.geometry).equals(shape(polygon(ring(), hole)))


def test_several_polygons_of_a_place_are_one_boundary():
    shapes = "".join(
        f"<Polygon><outerBoundaryIs><LinearRing><coordinates>{text}</coordinates></LinearRing></outerBoundaryIs></Polygon>"
        for text in (" ".join(f"{x},{y}" for x, y in ring(west)) for west in (105.16, 105.2))
    )
    (read,) = read_boundaries(kml(f"<Placemark><MultiGeometry>{shapes}</MultiGeometry></Placemark>"), "rt.kml")
    assert read.geometry == {"type": "MultiPolygon", "coordinates": [[ring()], [ring(105.2)]]}


@pytest.mark.parametrize(
    ("head", "extra"),
    [
        ('<!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]>', "<name>&x;</name>"),
        ('<!DOCTYPE kml [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;">]>', "<name>&b;</name>"),
        ('<!DOCTYPE kml SYSTEM "http://127.0.0.1:9/kml.dtd">', ""),
        ("", "<NetworkLink><Link><href>http://127.0.0.1:9/rt.kml</href></Link></NetworkLink>"),
    ],
)
def test_kml_that_refers_to_anything_outside_is_refused(monkeypatch, head, extra):
    monkeypatch.setattr(socket, "socket", lambda *_args, **_more: pytest.fail("it was fetched"))
    content = kml(PLACEMARK, head=head, extra=extra)
    assert refusal(content, "rt.kml") == OUTSIDE
    assert refusal(content.decode().replace("UTF-8", "UTF-16").encode("utf-16"), "rt.kml") == OUTSIDE


def test_the_picture_of_a_kml_style_is_simply_not_looked_at():
    style = "<Style><IconStyle><Icon><href>http://127.0.0.1:9/x.png</href></Icon></IconStyle></Style>"
    assert len(read_boundaries(kml(PLACEMARK, extra=style), "rt.kml")) == 1


def test_kml_without_areas_or_broken_is_refused():
    point = "<Placemark><Point><coordinates>105,-2</coordinates></Point></Placemark>"
    assert refusal(kml(), "rt.kml") == NO_AREAS
    assert refusal(kml(point), "rt.kml") == NO_AREAS
    assert refusal(kml("<Placemark><name>x</name></Placemark>"), "rt.kml") == EMPTY
    assert refusal(kml(PLACEMARK.replace("105.16,", "timur,")), "rt.kml") == DAMAGED % "KML"
    assert refusal(kml(PLACEMARK)[:-5], "rt.kml") == DAMAGED % "KML"
    assert refusal(kml("<Placemark><name>&x;</name></Placemark>"), "rt.kml") == DAMAGED % "KML"


# --- GeoPackage ------------------------------------------------------------------------------------------


def test_a_geopackage_is_read_and_its_projection_applied(tmp_path):
    square = polygon(ring(518000, 9771000, 1000))
    for name, crs, geometry in (("a.gpkg", "EPSG:4326", polygon()), ("b.gpkg", "EPSG:32748", square)):
        (read,) = read_boundaries(written(tmp_path / name, geometry, driver="GPKG", crs=crs), name)
        assert read.properties["name"] == "RT 001"
        assert read.geometry["coordinates"][0][0] == (
            [105.16, -2.07] if crs == "EPSG:4326" else [105.161866, -2.071817]
        )


def test_a_geopackage_that_a_map_program_left_in_write_ahead_mode_is_read(tmp_path):
    content = written(tmp_path / "a.gpkg", polygon(), driver="GPKG")
    assert len(read_boundaries(content[:18] + b"\x02\x02" + content[20:], "a.gpkg")) == 1


def changed(path, *statements: str) -> bytes:
    written(path, polygon(), driver="GPKG")
    database = sqlite3.connect(path)
    for (trigger,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
        database.execute(f'DROP TRIGGER "{trigger}"')
    for statement in statements:
        database.execute(statement)
    database.commit()
    database.close()
    return path.read_bytes()


@pytest.mark.parametrize(
    "statements",
    [
        ["UPDATE gpkg_geometry_columns SET table_name = 'sqlite_master'"],
        ["CREATE VIEW v AS SELECT * FROM a", "UPDATE gpkg_geometry_columns SET table_name = 'v'"],
        ["CREATE VIRTUAL TABLE v USING fts4(geom)", "UPDATE gpkg_geometry_columns SET table_name = 'v'"],
        ["UPDATE a SET geom = 'x'"],
        ["UPDATE a SET geom = substr(geom, 1, 60)"],
        ["UPDATE gpkg_geometry_columns SET column_name = 'x'"],
        ["DROP TABLE gpkg_spatial_ref_sys"],
    ],
)
def test_a_geopackage_is_read_from_its_plain_tables_only(tmp_path, statements):
    assert refusal(changed(tmp_path / "a.gpkg", *statements), "a.gpkg") == DAMAGED % "GeoPackage"


def test_an_empty_row_of_a_geopackage_is_refused(tmp_path):
    assert refusal(changed(tmp_path / "a.gpkg", "UPDATE a SET geom = NULL"), "a.gpkg") == EMPTY


def test_a_geopackage_that_is_no_database_is_refused(tmp_path):
    content = written(tmp_path / "a.gpkg", polygon(), driver="GPKG")
    other = sqlite3.connect(":memory:")
    other.execute("CREATE TABLE x (y)")
    plain = other.serialize()
    other.close()
    for damaged in (b"x", geojson(polygon()), content[:5000], content[:100] + b"\xff" * 5000, plain):
        assert refusal(damaged, "a.gpkg") == DAMAGED % "GeoPackage"


# --- one boundary ----------------------------------------------------------------------------------------


def test_a_good_boundary_stays_as_it_is():
    hole = ring(105.163, -2.067, 0.002)[::-1]
    for geometry in (polygon(), polygon(ring(), hole), {"type": "MultiPolygon", "coordinates": [[ring()]]}):
        assert checked_geometry(geometry) == (geometry, ())


def test_an_open_boundary_is_closed():
    assert checked_geometry(polygon(ring()[:-1])) == (polygon(), (CLOSED,))


def test_a_boundary_drawn_the_other_way_is_turned():
    turned, notes = checked_geometry(polygon(ring()[::-1]))
    assert shape(turned).exterior.is_ccw
    assert notes == (TURNED,)
    holed, notes = checked_geometry(polygon(ring(), ring(105.163, -2.067, 0.002)))
    assert not shape(holed).interiors[0].is_ccw
    assert notes == (TURNED,)


def test_a_small_crossing_is_repaired_and_said():
    south_west, south_east, north_east, north_west, _same = ring()
    loop = [[105.165, -2.06], [105.1651, -2.0598], [105.1651, -2.0601]]  # over the northern edge and back
    crossed = [south_west, south_east, north_east, *loop, north_west, south_west]
    repaired, notes = checked_geometry(polygon(crossed))
    assert notes == (REPAIRED,)
    assert shape(repaired).is_valid
    assert checked_geometry(repaired) == (repaired, ())


def test_a_repair_of_more_than_one_percent_is_refused():
    south, north = -2.07, -2.06
    bow = polygon([[105.16, south], [105.17, north], [105.17, south], [105.16, north], [105.16, south]])
    twice = {"type": "MultiPolygon", "coordinates": [[ring()], [ring(105.165)]]}
    hole_outside = polygon(ring(), ring(105.3)[::-1])
    for geometry in (bow, twice, hole_outside):
        assert complaint(geometry) == BOW_TIE


def test_a_scribble_is_refused_in_no_time():
    pen = random.Random(1)  # noqa: S311 - a drawing, no secret
    points = [[105 + pen.random(), -2 + pen.random()] for _ in range(20_000)]
    assert complaint(polygon([*points, points[0]])) == BOW_TIE


def test_heights_are_dropped_and_figures_rounded():
    points = [[x + 1e-9, y, 12.5] for x, y in ring()]
    assert checked_geometry(polygon(points)) == (polygon(), ())


@pytest.mark.parametrize(
    "geometry",
    [
        None,
        [],
        {},
        "Polygon",
        {"type": "polygon", "coordinates": [ring()]},
        {"type": "Point", "coordinates": [105, -2]},
        {"type": "LineString", "coordinates": ring()},
        {"type": "GeometryCollection", "geometries": [polygon()]},
        {"type": ["Polygon"], "coordinates": [ring()]},
    ],
)
def test_only_polygons_are_boundaries(geometry):
    assert complaint(geometry) == NO_POLYGON


@pytest.mark.parametrize(
    "coordinates",
    [
        None,
        [],
        [[]],
        7,
        "105",
        {"a": 1},
        [[[1]]],
        [[["105", "-2"]] * 4],
        [[[True, False]] * 4],
        [[[None, 1]] * 4],
        [[105, -2, 105, -2]],
        [[[math.nan, -2], *ring()[1:]]],
        [[[105, math.inf], *ring()[1:]]],
        [[[10**400, -2], *ring()[1:]]],
        [ring(), []],
    ],
)
def test_damaged_coordinates_are_refused(coordinates):
    assert complaint({"type": "Polygon", "coordinates": coordinates}) == BAD_COORDINATES
    assert complaint({"type": "MultiPolygon", "coordinates": [coordinates]}) == BAD_COORDINATES


def test_swapped_and_impossible_coordinates_are_refused():
    assert complaint(polygon([[y, x] for x, y in ring()])) == SWAPPED
    assert complaint(polygon(ring(179.995))) == NOT_DEGREES
    assert complaint(polygon(ring(105, 89.995))) == NOT_DEGREES
    assert checked_geometry(polygon(ring(179.99)))[1] == ()


def test_a_boundary_without_area_is_refused():
    flat = [[105, -2], [105.1, -2], [105.2, -2], [105, -2]]
    tiny = [[105, -2], [105.0000001, -2], [105.0000001, -1.9999999], [105, -2]]
    for points in (flat, tiny, flat[:1], flat[:2], [*flat[:2], flat[0]], flat[:1] * 5):
        assert complaint(polygon(points)) == NO_AREA


def test_too_many_points_are_refused():
    def circle(count):
        steps = [2 * math.pi * number / (count - 1) for number in range(count - 1)]
        points = [[105 + math.cos(step), -2 + math.sin(step)] for step in steps]
        return polygon([*points, points[0]])

    assert checked_geometry(circle(50_000))[1] == ()
    assert complaint(circle(50_001)) == (
        "The boundary has 50,001 points; at most 50,000 are accepted. Simplify it in the map program."
    )


# --- measuring and comparing -----------------------------------------------------------------------------


def test_areas_are_measured_on_the_ellipsoid():
    degree = area_ha(polygon(ring(105, 0, 1)))
    assert degree == Decimal("1230877.836147")  # 111.32 km by 110.57 km
    assert area_ha(polygon(ring(105, 0, 1)[::-1])) == degree
    hole = area_ha(polygon(ring(105.2, 0.2, 0.5)))
    assert area_ha(polygon(ring(105, 0, 1), ring(105.2, 0.2, 0.5))) == degree - hole


def test_the_share_of_an_area_in_another():
    village = polygon()
    assert share_within(polygon(ring(105.162, -2.068, 0.001)), village) == 1
    assert share_within(polygon(ring(105.165)), village) == Decimal("0.5000")
    assert share_within(polygon(ring(106)), village) == 0


def test_neighbours_are_united():
    united = union([polygon(), polygon(ring(105.17))])
    assert shape(united).equals(shapely.box(105.16, -2.07, 105.18, -2.06))
    assert checked_geometry(united)[1] == ()
    apart = union([polygon(), polygon(ring(105.3))])
    assert apart["type"] == "MultiPolygon"
    with pytest.raises(ValueError, match="nothing to unite"):
        union([])


# --- drawing ---------------------------------------------------------------------------------------------


def wavy(west, east) -> dict:
    """A strip whose eastern and western edges go in small waves, the same for whoever shares them."""
    wave = [(-2.07 + step / 1000, (step % 2) / 5000) for step in range(11)]
    up = [[east + shift, y] for y, shift in wave]
    down = [[west + shift, y] for y, shift in reversed(wave)]
    return checked_geometry(polygon([*up, *down, up[0]]))[0]


def test_neighbours_share_their_edge_after_simplifying():
    strips = {"a": wavy(105.16, 105.17), "b": wavy(105.17, 105.18)}
    simple = simplified(strips)
    assert list(simple) == ["a", "b"]
    assert len(borders(simple)) < len(borders(strips)) / 2
    first, second = (shape(one) for one in simple.values())
    assert first.intersection(second).area == 0
    assert first.union(second).area == pytest.approx(first.area + second.area)
    assert first.union(second).geom_type == "Polygon"


def test_an_area_that_lies_over_another_is_simplified_by_itself():
    both = {"village": polygon(), "slum": polygon(ring(105.162, -2.068, 0.004))}
    assert {key: shape(one).equals(shape(both[key])) for key, one in simplified(both).items()} == {
        "village": True,
        "slum": True,
    }


def test_an_area_too_small_for_the_map_is_kept_as_it_is():
    tiny = polygon(ring(size=0.00003))
    assert simplified({"tiny": tiny}) == {"tiny": tiny}
    assert simplified({}) == {}


def test_a_map_is_undistorted_north_up_and_inside_its_margin():
    south = {"south": polygon(ring(105.16, -2.07)), "north": polygon(ring(105.16, -2.06))}
    drawn = svg_paths(south, 200, 100, margin=10)
    assert drawn.paths["south"] == "M79.88,90.00L120.12,90.00L120.12,50.00L79.88,50.00Z"
    assert drawn.paths["north"].startswith("M79.88,50.00L")
    assert drawn.labels["south"] == pytest.approx((100, 70), abs=0.2)
    assert drawn.labels["north"] == pytest.approx((100, 30), abs=0.2)
    # 2,211.5 metres from south to north on 80 units
    assert drawn.metres_per_unit == pytest.approx(27.643, abs=0.001)
    assert drawn.scale_bar == (1000, pytest.approx(1000 / 27.643, abs=0.01))


def test_holes_and_islands_are_drawn_and_labels_lie_inside():
    ring_road = polygon(ring(), ring(105.161, -2.069, 0.008)[::-1])
    islands = {"type": "MultiPolygon", "coordinates": [[ring(105.18)], [ring(105.2)]]}
    drawn = svg_paths({"road": ring_road, "islands": islands}, 100, 100)
    assert [path.count("Z") for path in drawn.paths.values()] == [2, 2]
    outer, inner = (
        shapely.Polygon([point.split(",") for point in one.strip("MZ").split("L")])
        for one in drawn.paths["road"].split("Z")[:2]
    )
    assert outer.difference(inner).contains(shapely.Point(drawn.labels["road"]))


def test_a_map_of_nothing_or_without_room_is_refused():
    for arguments in (({}, 100, 100), ({"a": polygon()}, 100, 10, 5)):
        with pytest.raises(ValueError, match="nothing to draw"):
            svg_paths(*arguments)


# --- real files ------------------------------------------------------------------------------------------


def shared(folder: str) -> list:
    paths = sorted((SHARED / folder).glob("*.geojson"))
    missing = pytest.mark.skip(reason="the shared boundaries are not here")
    return [pytest.param(path, id=path.name) for path in paths] or [pytest.param(None, marks=missing)]


AREAS = {
    "bangka_barat_desa_kelurahan.geojson": (64, 285_141),
    "bangka_barat_kabupaten.geojson": (1, 285_846),
    "baubau_rt_tarafu.geojson": (22, 37),
    "kota_pekalongan_kelurahan.geojson": (27, 4_621),
    "kota_yogyakarta_kelurahan.geojson": (45, 3_281),
}


@pytest.mark.parametrize("path", shared("geo"))
def test_real_boundaries_are_read_and_pass_a_second_time_untouched(path):
    read = read_boundaries(path.read_bytes(), path.name)
    assert len(read) == len(json.loads(path.read_bytes())["features"])
    for one in read:
        assert checked_geometry(one.geometry) == (one.geometry, ())
    assert {note for one in read for note in one.notes} <= {TURNED, JOINED}
    if path.name in AREAS:
        assert (len(read), round(sum(one.area_ha for one in read))) == AREAS[path.name]
    simple = simplified({str(number): one.geometry for number, one in enumerate(read)})
    assert shapely.coverage_is_valid([shape(one) for one in simple.values()])


NOTHING_THERE = dict.fromkeys(
    [
        "badfeatureid",
        "bbox-contains-string",
        "excessive_precision_truncated",
        "geometry_changed_semantics",
        "multipoint-multidimension",
        "point-string",
        "point-toomany",
        "stringcoord",
    ],
    NO_AREAS,
)
BAD = NOTHING_THERE | {
    "bad-polygon-interiorring-rhr": (TURNED,),
    "different-first-last": (CLOSED,),
    "short-linearring": (CLOSED,),
    "bad-properties-as-array": EMPTY,
    "badcoordtype": BAD_COORDINATES,
    "false": NO_POLYGON,
    "geometrycollection_single": NO_POLYGON,
}


@pytest.mark.parametrize("path", shared("geojson_bad"))
def test_bad_geojson_is_repaired_with_a_note_or_refused_with_a_sentence(path):
    expected = BAD.get(path.stem, DAMAGED % "GeoJSON")
    if isinstance(expected, str):
        assert refusal(path.read_bytes(), path.name) == expected
    else:
        (read,) = read_boundaries(path.read_bytes(), path.name)
        assert read.notes == expected


@needs_shared
def test_the_villages_are_light_enough_for_a_map_and_share_their_edges():
    path = SHARED / "geo" / "bangka_barat_desa_kelurahan.geojson"
    villages = {one.properties["kode"]: one.geometry for one in read_boundaries(path.read_bytes(), path.name)}
    simple = simplified(villages)
    assert list(simple) == list(villages)
    assert len(gzip.compress(json.dumps(simple, separators=(",", ":")).encode())) < 32_000
    assert shapely.coverage_is_valid([shape(one) for one in simple.values()])
    for code, geometry in simple.items():
        assert area_ha(geometry) == pytest.approx(area_ha(villages[code]), rel=Decimal("0.01"))


@needs_shared
def test_every_village_has_its_label_on_the_paper_map():
    path = SHARED / "geo" / "bangka_barat_desa_kelurahan.geojson"
    villages = {one.properties["kode"]: one.geometry for one in read_boundaries(path.read_bytes(), path.name)}
    drawn = svg_paths(villages, 160, 120, margin=2)
    assert drawn.scale_bar == (20_000, pytest.approx(32.167, abs=0.001))
    assert len(set(drawn.labels.values())) == 64
    assert all(2 <= x <= 158 and 2 <= y <= 118 for x, y in drawn.labels.values())


def test_the_slow_libraries_wait_until_they_are_needed():
    code = "import sys, slumareas.geo; sys.exit(bool({'pyogrio', 'pyproj'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], cwd=settings.BASE_DIR, check=False).returncode == 0  # noqa: S603
