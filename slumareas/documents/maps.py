"""The maps of an area: where it lies, its outline, its neighbourhoods; placed in millimetres."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from django.db.models import QuerySet

from core import formats
from core.models import Region, User
from slumareas import pictures
from slumareas.documents.visible import baselines_of, seen
from slumareas.documents.wording import CLASSES
from slumareas.models import AreaBoundary, Assessment, AssessmentYear, NeighbourhoodUnit, SlumArea

MOST_OUTLINES = 300


@dataclass(frozen=True)
class Shape:
    path: str
    kind: str


@dataclass(frozen=True)
class Label:
    """`left`, `top`, `width` are the ground under it."""

    x: str
    y: str
    left: str
    top: str
    width: str
    text: str
    kind: str


@dataclass(frozen=True)
class Key:
    kind: str
    text: str


@dataclass(frozen=True)
class Map:
    """A picture in millimetres. `ring` is the middle of a mark around what would be too small to see."""

    title: str
    alt: str
    width: float
    height: float
    shapes: list[Shape]
    labels: list[Label]
    metres: int
    bar_length: float
    ring: tuple[str, str] | None = None
    legend: tuple[Key, ...] = ()

    @property
    def size(self) -> tuple[str, str]:
        return pictures.mm(self.width), pictures.mm(self.height)

    @property
    def frame(self) -> tuple[str, str]:
        return pictures.mm(self.width - 0.3), pictures.mm(self.height - 0.3)

    @property
    def bar(self) -> dict[str, str]:
        """The scale bar from its left end; `box` is the ground under it."""
        metres = self.metres
        text = f"{formats.decimal_number(metres // 1000)} km" if metres >= 1000 else f"{metres} m"
        length = self.bar_length
        return {
            "text": text,
            "y": pictures.mm(self.height - 2.6),
            "end": pictures.mm(length),
            "middle": pictures.mm(length / 2),
            "left": pictures.mm(min(length / 2 - len(text) * 0.7, 0) - 0.8),
            "box": pictures.mm(max(length, len(text) * 1.4) + 1.6),
        }

    @property
    def arrow_x(self) -> str:
        return pictures.mm(self.width - 4)


AREA_MAP, SIDE_MAP = (116, 79), (63, 35.5)
# Where a label may move to; that of a neighbourhood stays in it.
NUDGES = ((0, 0), (0, -3), (0, 3), (5, 0), (-5, 0), (5, -3), (5, 3), (0, -5.5), (0, 5.5))
UNIT_NUDGES = ((0, 0), (0, -1.2), (0, 1.2), (1.5, 0), (-1.5, 0))
LETTER = {"unit": 1.55, "place": 1.22, "own": 1.4, "other": 1.2}  # millimetres a letter takes, roughly


def boundary_of(area: SlumArea, year: AssessmentYear | None) -> AreaBoundary | None:
    """The outline that held in that year."""
    known = area.boundaries.filter(year__lte=year.year) if year else area.boundaries
    return known.order_by("-year").first()


def middle_of(boundary: AreaBoundary | None) -> str:
    """`105,1404° BT, 2,0400° LS`."""
    if boundary is None:
        return ""
    west, south, east, north = pictures.degrees_box(boundary.geometry)
    x, y = (formats.decimal_number(Decimal(abs(one)), 4) for one in ((west + east) / 2, (south + north) / 2))
    return f"{x}° {'BT' if west >= 0 else 'BB'}, {y}° {'LS' if north <= 0 else 'LU'}"


def maps_of(area, villages, boundary, current, reader) -> dict[str, Map]:
    """`area`, `village` and `regency`, each only where there are boundaries for it."""
    regions = {region.code: region for region in _regions_around(villages)}
    own = {village.code for village in villages}
    places = {code: region for code, region in regions.items() if region.level == Region.Level.VILLAGE}
    units = _outlines(area, current, reader)
    others = _other_outlines(area, villages, current)
    geometries = {code: region.boundary for code, region in _neighbouring(places, own).items()}
    geometries |= {f"other:{pk}": geometry for pk, (_name, geometry) in others.items()}
    geometries |= {key: geometry for key, (_label, _class, geometry) in units.items()} if boundary else {}
    if boundary:
        geometries["area"] = boundary.geometry
    found = {}
    sheet = pictures.Sheet(geometries) if geometries else None
    drawn_own = sorted(own & set(geometries))
    if boundary:
        window = sheet.window(["area", *units], *AREA_MAP, padding=0.16, least_metres=150)
        found["area"] = _area_map(area, window, units, others, places, own, current)
    if drawn_own:
        window = sheet.window(drawn_own, *SIDE_MAP, padding=0.08, least_metres=1000)
        found["village"] = _village_map(window, others, places, own, boundary)
    districts = {code: one for code, one in regions.items() if one.level == Region.Level.DISTRICT}
    if districts and (boundary or drawn_own):
        found["regency"] = _regency_map(districts, {code: places[code] for code in drawn_own}, boundary)
    return found


def _regions_around(villages: list[Region]) -> QuerySet | list:
    """Districts and villages of the regency that have an outline."""
    regency = next((one.parent.parent for one in villages if one.parent and one.parent.parent), None)
    if regency is None:
        return []
    return Region.objects.within(regency).exclude(level=Region.Level.REGENCY).exclude(boundary=None).order_by("code")


def _neighbouring(places: dict[str, Region], own: set[str]) -> dict[str, Region]:
    boxes = {code: pictures.degrees_box(region.boundary) for code, region in places.items()}
    mine = [boxes[code] for code in own if code in boxes]
    return {code: places[code] for code, box in boxes.items() if any(pictures.near(one, box, 0.6) for one in mine)}


def _outlines(area: SlumArea, current: Assessment | None, reader: User | None) -> dict[str, tuple[str, str, dict]]:
    """{key: (label, class, boundary)} of the neighbourhoods that have one."""
    if current is None:
        units = seen(NeighbourhoodUnit.objects.filter(slum_area=area), reader).exclude(boundary=None)
        return {f"unit:{unit.pk}": (_short(unit), "", unit.boundary) for unit in units[:MOST_OUTLINES]}
    rows = (
        baselines_of(area, current.assessment_year, reader)
        .exclude(unit__boundary=None)
        .order_by("unit__region__code", "unit__rw", "unit__rt")
        .values_list("unit", "unit__rw", "unit__rt", "unit__boundary", "slum_class")[:MOST_OUTLINES]
    )
    return {
        f"unit:{pk}": (_short(NeighbourhoodUnit(rw=rw, rt=rt)), slum_class, boundary)
        for pk, rw, rt, boundary, slum_class in rows
    }


def _short(unit: NeighbourhoodUnit) -> str:
    """`1/20`, RT and RW, for a map."""
    return "/".join(filter(None, (unit.rt, unit.rw)))


def _other_outlines(area, villages, current) -> dict[int, tuple[str, dict]]:
    """{area: (name, boundary)} of the other slum areas in the same villages, as they were that year."""
    neighbours = SlumArea.objects.filter(villages__in=villages).exclude(pk=area.pk)
    known = AreaBoundary.objects.filter(slum_area__in=neighbours).select_related("slum_area")
    if current:
        known = known.filter(year__lte=current.assessment_year.year)
    return {one.slum_area_id: (one.slum_area.name, one.geometry) for one in known.order_by("slum_area__name", "year")}


def _area_map(area, window, units, others, places, own, current) -> Map:
    slum_class = (current.slum_class if current else "") or "not_assessed"
    shapes, labels = [], []
    for key, path in window.paths.items():
        if key in places:
            shapes.append(Shape(path, "village" if key in own else "neighbour"))
    shapes += [Shape(window.paths[key], "other") for key in window.paths if key.startswith("other:")]
    shapes.append(Shape(window.paths["area"], "area" if units else slum_class))
    for key, (label, unit_class, _boundary) in units.items():
        shapes.append(Shape(window.paths[key], unit_class or "not_assessed"))
        labels.append((key, label, "unit"))
    shapes.append(Shape(window.paths["area"], "outline"))
    labels += [
        (key, others[int(key.removeprefix("other:"))][0], "other") for key in window.labels if key[:6] == "other:"
    ]
    labels += [(key, places[key].full_name, "place") for key in window.labels if key in places and key not in own]
    legend = [Key("outline", "batas kawasan")]
    classes = {unit_class for _label, unit_class, _boundary in units.values()} if units else {slum_class}
    what = "RT" if units else "kawasan"
    legend += [
        Key(name, f"{what}: {label.lower()}")
        for name, label in (CLASSES | {"not_assessed": CLASSES[""]}).items()
        if name and (name in classes or (name == "not_assessed" and "" in classes))
    ]
    if any(shape.kind == "other" for shape in shapes):
        legend.append(Key("other", "kawasan kumuh lain"))
    if units:
        legend.append(Key("", "angka: nomor RT/RW"))
    drawn = f"{len(units)} RT dengan garis batasnya" if units else "tanpa garis batas RT"
    return _map(
        "Kawasan", f"Peta kawasan {area.name}: garis batas kawasan, {drawn}.", window, shapes, labels, None, legend
    )


def _village_map(window, others, places, own, boundary) -> Map:
    shapes = [Shape(window.paths[key], "neighbour") for key in window.paths if key in places and key not in own]
    shapes += [Shape(window.paths[key], "village") for key in window.paths if key in own]
    shapes += [Shape(window.paths[key], "other") for key in window.paths if key.startswith("other:")]
    if boundary:
        shapes.append(Shape(window.paths["area"], "spot"))
    labels = [(key, places[key].full_name, "own") for key in window.labels if key in own]
    labels += [(key, places[key].name, "place") for key in window.labels if key in places and key not in own]
    names = ", ".join(places[key].full_name for key in sorted(own) if key in places)
    neighbours = ", ".join(places[key].full_name for key in window.paths if key in places and key not in own)
    alt = f"Letak kawasan di {names}" + (f"; tetangganya {neighbours}." if neighbours else ".")
    return _map("Letak di kelurahan/desa", alt, window, shapes, labels, window.labels.get("area"))


def _regency_map(districts: dict[str, Region], own: dict[str, Region], boundary: AreaBoundary | None) -> Map:
    geometries = {code: one.boundary for code, one in (districts | own).items()}
    if boundary:
        geometries["area"] = boundary.geometry
    window = pictures.Sheet(geometries).window(list(districts), *SIDE_MAP, padding=0.03, least_metres=1000)
    shapes = [Shape(window.paths[code], "village") for code in districts if code in window.paths]
    shapes += [Shape(window.paths[code], "spot") for code in own if code in window.paths]
    labels = [(code, districts[code].name, "place") for code in districts if code in window.labels]
    spot = window.labels.get("area") or next((window.labels[code] for code in own if code in window.labels), None)
    return _map(
        "Letak di kabupaten", "Letak kawasan di kabupaten, dengan batas kecamatan.", window, shapes, labels, spot
    )


def _map(title, alt, window: pictures.Window, shapes, labels, spot=None, legend=()) -> Map:
    metres, length = window.scale_bar
    ring = (pictures.mm(spot[0]), pictures.mm(spot[1])) if spot else None
    return Map(
        title,
        alt,
        window.width,
        window.height,
        shapes,
        _placed(labels, window, spot),
        metres,
        length,
        ring,
        tuple(legend),
    )


def _placed(labels: Iterable[tuple[str, str, str]], window: pictures.Window, spot) -> list[Label]:
    """The labels that fit inside the frame and stand on no other, nor on the ring, the scale or the arrow."""
    width, height = window.width, window.height
    taken = [(0, height - 7, width * 0.4, height), (width - 8, 0, width, 11)]
    if spot:
        taken.append((spot[0] - 3, spot[1] - 3, spot[0] + 3, spot[1] + 3))
    kept = []
    for key, text, kind in labels:
        if key not in window.labels:
            continue
        half, (middle_x, middle_y) = len(text) * LETTER[kind] / 2, window.labels[key]
        for right, down in UNIT_NUDGES if kind == "unit" else NUDGES:
            x, y = middle_x + right, middle_y + down
            box = (x - half, y - 1.6, x + half, y + 1.6)
            inside = box[0] > 1 and box[2] < width - 1 and box[1] > 1 and box[3] < height - 1
            if inside and not any(pictures.meet(box, other) for other in taken):
                taken.append(box)
                kept.append(
                    Label(
                        *map(pictures.mm, (x, y + 0.9, box[0] - 0.6, y - 1.8, box[2] - box[0] + 1.2)),
                        text,
                        kind,
                    )
                )
                break
    return kept
