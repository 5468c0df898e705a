"""Pictures for paper as plain shapes in millimetres: maps, the scale of a total, bars. No database, no words.

A map is drawn once for all its places and then cut out (`Sheet.window`): the neighbourhoods of an area and the village
around it share one drawing. Templates turn the shapes into SVG; numbers are text there, since a page writes 1,5 for 1.5.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from slumareas import geo, scoring

Box = tuple[float, float, float, float]  # left, top, right, bottom
SHEET = 100_000  # units of the drawing that is cut out afterwards: a village of 10 km is drawn to a decimetre
_POINT = re.compile(r"(-?[\d.]+),(-?[\d.]+)")


def mm(length: float) -> str:
    """`12.34`, as SVG wants it in every language."""
    return f"{length:.2f}".rstrip("0").rstrip(".")


# --- maps -----------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Window:
    """A part of a sheet, `width` by `height` millimetres: paths and label points of what can be seen in it."""

    width: float
    height: float
    paths: dict[str, str]
    labels: dict[str, tuple[float, float]]
    metres_per_mm: float

    @property
    def scale_bar(self) -> tuple[int, float]:
        """A round number of metres and its length in millimetres, about a quarter of the width at most."""
        metres = geo.round_length(self.metres_per_mm * self.width / 4)
        return metres, metres / self.metres_per_mm


class Sheet:
    """All these boundaries in one drawing."""

    def __init__(self, geometries: Mapping[str, dict]):
        drawn = geo.svg_paths(dict(geometries), SHEET, SHEET)
        self._paths, self._labels = drawn.paths, drawn.labels
        self._metres_per_unit = drawn.metres_per_unit
        self._boxes = {key: _box(path) for key, path in drawn.paths.items()}

    def window(self, around: list[str], width: float, height: float, *, padding: float, least_metres: float) -> Window:
        """What lies around these boundaries: with so much of their size free on each side, and never nearer than so."""
        left, top, right, bottom = _joined(self._boxes[key] for key in around)
        free = 1 + 2 * padding
        units_per_mm = max(
            (right - left) * free / width,
            (bottom - top) * free / height,
            least_metres / self._metres_per_unit / width,
        )
        left = (left + right) / 2 - units_per_mm * width / 2
        top = (top + bottom) / 2 - units_per_mm * height / 2
        seen = (left, top, left + units_per_mm * width, top + units_per_mm * height)

        def placed(x: float, y: float) -> tuple[float, float]:
            return (x - left) / units_per_mm, (y - top) / units_per_mm

        def moved(match: re.Match) -> str:
            x, y = placed(float(match[1]), float(match[2]))
            return f"{x:.2f},{y:.2f}"

        shown = [key for key, box in self._boxes.items() if meet(box, seen)]
        labels = {key: placed(*self._labels[key]) for key in shown}
        return Window(
            width,
            height,
            {key: _POINT.sub(moved, self._paths[key]) for key in shown},
            {key: (x, y) for key, (x, y) in labels.items() if 0 <= x <= width and 0 <= y <= height},
            self._metres_per_unit * units_per_mm,
        )


def degrees_box(geometry: dict) -> Box:
    """West, south, east, north of a boundary."""
    points = list(_points(geometry["coordinates"]))
    return (
        min(x for x, _y in points),
        min(y for _x, y in points),
        max(x for x, _y in points),
        max(y for _x, y in points),
    )


def near(one: Box, other: Box, margin: float) -> bool:
    """Whether two boxes meet once the first has grown by this share of its size."""
    left, top, right, bottom = one
    wide, high = (right - left) * margin, (bottom - top) * margin
    return meet((left - wide, top - high, right + wide, bottom + high), other)


def _points(coordinates) -> Iterator[tuple[float, float]]:
    if isinstance(coordinates[0], int | float):
        yield coordinates[0], coordinates[1]
    else:
        yield from chain.from_iterable(_points(one) for one in coordinates)


def _box(path: str) -> Box:
    points = [(float(x), float(y)) for x, y in _POINT.findall(path)]
    return (
        min(x for x, _y in points),
        min(y for _x, y in points),
        max(x for x, _y in points),
        max(y for _x, y in points),
    )


def _joined(boxes) -> Box:
    lefts, tops, rights, bottoms = zip(*boxes, strict=True)
    return min(lefts), min(tops), max(rights), max(bottoms)


def meet(one: Box, other: Box) -> bool:
    """Whether two boxes touch or overlap."""
    return one[0] <= other[2] and other[0] <= one[2] and one[1] <= other[3] and other[1] <= one[3]


# --- the scale of a total ---------------------------------------------------------------------------------
@dataclass(frozen=True)
class Band:
    """A class on the scale: from which total to which, and where on the drawing."""

    slum_class: str
    least: int
    most: int
    x: float
    width: float

    @property
    def middle(self) -> float:
        return self.x + self.width / 2


def bands(rules: scoring.RuleSet, width: float) -> list[Band]:
    """The classes from the lightest to the heaviest along a bar of this width."""
    lower = [(0, scoring.NOT_SLUM), *reversed(rules.bands)]
    upper = [least for least, _name in lower[1:]] + [rules.maximum + 1]
    found = []
    for (least, name), above in zip(lower, upper, strict=True):
        x, end = position(least, rules, width), position(min(above, rules.maximum), rules, width)
        found.append(Band(name, least, above - 1, x, end - x))
    return found


def position(total: int, rules: scoring.RuleSet, width: float) -> float:
    return total / rules.maximum * width
