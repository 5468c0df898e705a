"""Pictures of the papers: where things stand, in millimetres."""

import re

import pytest

from slumareas import pictures, scoring
from slumareas.pictures import Sheet, bands, degrees_box, meet, mm, near, position

RULES = scoring.RULE_SETS[scoring.PERMEN_14_2018]


def square(west: float, south: float, size: float) -> dict:
    ring = [[west, south], [west + size, south], [west + size, south + size], [west, south + size], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


def box_of(path: str) -> tuple[float, ...]:
    numbers = [float(number) for number in re.findall(r"-?\d+\.\d+", path)]
    return min(numbers[::2]), min(numbers[1::2]), max(numbers[::2]), max(numbers[1::2])


def test_a_window_shows_its_place_in_the_middle_with_room_around_it():
    window = Sheet({"area": square(105.16, -2.07, 0.002)}).window(["area"], 100, 80, padding=0.1, least_metres=100)
    left, top, right, bottom = box_of(window.paths["area"])
    assert left + right == pytest.approx(100, abs=0.1)
    assert top + bottom == pytest.approx(80, abs=0.1)
    assert bottom - top == pytest.approx(80 / 1.2, abs=0.5)
    assert window.metres_per_mm * (bottom - top) == pytest.approx(221, abs=2)  # 0.002° of latitude


def test_a_window_leaves_out_what_lies_elsewhere():
    sheet = Sheet(
        {"area": square(105.16, -2.07, 0.002), "near": square(105.162, -2.07, 0.002), "far": square(106, -2, 1)}
    )
    window = sheet.window(["area"], 100, 80, padding=0.1, least_metres=100)
    assert set(window.paths) == {"area", "near"}
    assert set(window.labels) <= {"area", "near"}


def test_a_window_never_comes_nearer_than_allowed():
    window = Sheet({"area": square(105.16, -2.07, 0.0001)}).window(["area"], 100, 80, padding=0.1, least_metres=200)
    assert window.metres_per_mm == pytest.approx(2)
    assert window.scale_bar == (50, pytest.approx(25))


def test_the_classes_fill_the_scale_without_gap():
    found = bands(RULES, 160)
    assert [(band.slum_class, band.least, band.most) for band in found] == [
        ("not_slum", 0, 15),
        ("light", 16, 37),
        ("moderate", 38, 59),
        ("heavy", 60, 80),
    ]
    assert [band.x for band in found] == [0, 32, 76, 120]
    assert sum(band.width for band in found) == 160
    assert position(40, RULES, 160) == 80


@pytest.mark.parametrize("rules", scoring.RULE_SETS.values())
def test_each_total_lies_in_the_band_of_its_class(rules):
    for total in range(rules.maximum + 1):
        inside = [band for band in bands(rules, 100) if band.least <= total <= band.most]
        assert [band.slum_class for band in inside] == [rules.class_of(total)]


def test_boxes():
    assert degrees_box(square(105, -2, 1)) == (105, -2, 106, -1)
    assert meet((0, 0, 1, 1), (1, 1, 2, 2))
    assert not meet((0, 0, 1, 1), (1.1, 0, 2, 1))
    assert near((0, 0, 1, 1), (1.1, 0, 2, 1), 0.2)
    assert not near((0, 0, 1, 1), (1.3, 0, 2, 1), 0.2)


@pytest.mark.parametrize(("length", "text"), [(12.5, "12.5"), (3.0, "3"), (0.126, "0.13"), (-2, "-2")])
def test_numbers_are_written_for_svg(length, text):
    assert mm(length) == text
    assert pictures.mm(length) == text
