"""The official score written a second time, as slowly and plainly as can be, from the contract and domain 1.1 to 1.5.

It shares nothing with `slumareas/scoring.py`: fractions instead of decimals, its own table of criteria, bands and cuts.
Tests compare the two; `python -m tests.slumareas.slow_rule` writes the expected results of the conformance vectors.
"""

import json
import sys
from fractions import Fraction
from pathlib import Path

VECTORS = Path(__file__).resolve().parents[1] / "data" / "score_vectors.json"

BUILDINGS, AREA, ROAD, DRAIN, HOMES = (
    "building_count",
    "verified_area_ha",
    "ideal_road_m",
    "ideal_drainage_m",
    "household_count",
)
# (key, aspect, whole, in the set of 2018, in the set of 2016)
TABLE = [
    ("building_irregular", 1, BUILDINGS, True, True),
    ("building_density", 1, AREA, True, True),
    ("building_substandard", 1, BUILDINGS, True, True),
    ("road_coverage", 2, ROAD, True, True),
    ("road_surface", 2, ROAD, True, True),
    ("water_access", 3, HOMES, True, True),
    ("water_quantity", 3, HOMES, True, True),
    ("drainage_flooding", 4, AREA, True, True),
    ("drainage_missing", 4, DRAIN, True, True),
    ("drainage_unconnected", 4, DRAIN, False, True),
    ("drainage_unmaintained", 4, DRAIN, False, True),
    ("drainage_construction", 4, DRAIN, True, True),
    ("wastewater_system", 5, HOMES, True, True),
    ("wastewater_facility", 5, HOMES, True, True),
    ("waste_facility", 6, HOMES, True, True),
    ("waste_system", 6, HOMES, True, True),
    ("waste_unmaintained", 6, HOMES, False, True),
    ("fire_infrastructure", 7, BUILDINGS, True, True),
    ("fire_equipment", 7, BUILDINGS, True, True),
]
OLD = "permen_2_2016"


def exact(value):
    return None if value is None else Fraction(str(value))


def slow_score(vector: dict) -> dict:
    """One vector of the contract as its result; fractions where the contract says number."""
    old = vector["rule_set"] == OLD
    rows = [row for row in TABLE if (row[4] if old else row[3])]
    wholes = {key: exact(value) for key, value in vector.get("denominators", {}).items()}
    parts = {key: exact(value) for key, value in vector.get("numerators", {}).items()}
    percent, points, warnings = {}, {}, []
    for key, _aspect, whole_key, *_sets in rows:
        part, whole = parts.get(key), wholes.get(whole_key)
        percent[key] = points[key] = None
        if part is None or whole is None:
            continue
        if whole < 0:
            if ("negative_denominator", whole_key) not in warnings:
                warnings.append(("negative_denominator", whole_key))
            continue
        if part < 0:
            warnings.append(("negative_value", key))
        if whole == 0:
            if part > 0:
                warnings.append(("zero_denominator", key))
            else:
                percent[key], points[key] = Fraction(0), 0
            continue
        if part > whole:
            warnings.append(("above_denominator", key))
        share = Fraction(100) * part / whole
        percent[key] = share
        if share >= 76:
            points[key] = 5
        elif share >= 51:
            points[key] = 3
        elif share >= 25:
            points[key] = 1
        else:
            points[key] = 0
    for whole_key, one, other in (
        (ROAD, "road_coverage", "road_surface"),
        (DRAIN, "drainage_missing", "drainage_construction"),
    ):
        values = [parts.get(one), parts.get(other), wholes.get(whole_key)]
        if None not in values and values[0] + values[1] > values[2]:
            warnings.append(("parts_above_whole", whole_key))
    not_assessed = [key for key, value in points.items() if value is None]
    averages = {}
    for number in range(1, 8):
        values = [percent[row[0]] for row in rows if row[1] == number]
        known = None not in values
        averages[str(number)] = sum(max(value, Fraction(0)) for value in values) / len(values) if known else None
    total = name = sector = None
    if not not_assessed:
        total = sum(points.values())
        sector = sum(averages.values()) / 7
        heavy, moderate, light = (71, 45, 19) if old else (60, 38, 16)
        name = "not_slum"
        if total >= light:
            name = "light"
        if total >= moderate:
            name = "moderate"
        if total >= heavy:
            name = "heavy"
    return {
        "id": vector.get("id"),
        "percent": percent,
        "score": points,
        "total": total,
        "class": name,
        "aspect_average": averages,
        "sector_average": sector,
        "not_assessed": not_assessed,
        "warnings": [{"code": code, "field": field} for code, field in warnings],
    }


def as_numbers(result):
    """Fractions as the nearest double, which is what a JSON number is read as."""
    if isinstance(result, dict):
        return {key: as_numbers(value) for key, value in result.items()}
    if isinstance(result, list):
        return [as_numbers(value) for value in result]
    if isinstance(result, Fraction):
        return int(result) if result.denominator == 1 else result.numerator / result.denominator
    return result


def read_vectors() -> list[dict]:
    """[{"why", "vector", "expected"}]"""
    return json.loads(VECTORS.read_text(encoding="utf-8"))


def main():
    lines = []
    for case in read_vectors():
        case["expected"] = as_numbers(slow_score(case["vector"]))
        lines.append(json.dumps(case, ensure_ascii=False))
    VECTORS.write_text("[\n" + ",\n".join(lines) + "\n]\n", encoding="utf-8")
    sys.stdout.write(f"{len(lines)} vectors\n")


if __name__ == "__main__":
    main()
