"""Slum areas, neighbourhoods and baselines for tests; the figures of the worked example are invented (domain 1.9)."""

from decimal import Decimal

from slumareas.models import AssessmentYear, Baseline, NeighbourhoodUnit, SlumArea
from slumareas.scoring import CRITERIA, DENOMINATORS, PERMEN_14_2018, RULE_SETS
from tests import factories

# {key: (volume of RT 1, score, volume of RT 2, score, score of both together)}
WORKED_EXAMPLE = {
    "building_irregular": (33, 3, 6, 0, 1),
    "building_density": (0, 0, 0, 0, 0),
    "building_substandard": (16, 1, 4, 0, 0),
    "road_coverage": (60, 0, 0, 0, 0),
    "road_surface": (208, 1, 90, 1, 1),
    "water_access": (54, 5, 10, 1, 3),
    "water_quantity": (12, 0, 0, 0, 0),
    "drainage_flooding": (Decimal("0.35"), 1, 0, 0, 0),
    "drainage_missing": (120, 0, 40, 0, 0),
    "drainage_construction": (262, 1, 60, 0, 1),
    "wastewater_system": (20, 1, 4, 0, 0),
    "wastewater_facility": (36, 3, 8, 0, 1),
    "waste_facility": (70, 5, 38, 5, 5),
    "waste_system": (53, 3, 0, 0, 1),
    "fire_infrastructure": (48, 3, 0, 0, 1),
    "fire_equipment": (64, 5, 40, 5, 5),
}
WHOLES = {
    "verified_area_ha": (Decimal("1.20"), Decimal("0.80")),
    "building_count": (64, 40),
    "household_count": (70, 38),
    "population": (268, 150),
    "ideal_road_m": (410, 300),
    "ideal_drainage_m": (520, 260),
}
RT_1 = {key: row[0] for key, row in WORKED_EXAMPLE.items()} | {key: both[0] for key, both in WHOLES.items()}
RT_2 = {key: row[2] for key, row in WORKED_EXAMPLE.items()} | {key: both[1] for key, both in WHOLES.items()}
DRAFT_YEAR = 2020


def split(values):
    """(denominators, numerators) of one mapping."""
    return (
        {key: value for key, value in values.items() if key in DENOMINATORS},
        {key: value for key, value in values.items() if key in CRITERIA},
    )


def with_score(total: int, hectares="1", rule_set=PERMEN_14_2018, **values) -> dict:
    """Values of a neighbourhood with 100 of everything whose scores add up to `total`."""
    whole = dict.fromkeys(DENOMINATORS, 100) | {"verified_area_ha": Decimal(hectares)}
    parts = {}
    for criterion in RULE_SETS[rule_set].criteria:
        points = next(points for points in (5, 3, 1, 0) if points <= total)
        total -= points
        share = {5: 80, 3: 60, 1: 30, 0: 0}[points]
        ideal = whole[criterion.denominator]
        parts[criterion.key] = ideal * share / 100 if isinstance(ideal, Decimal) else share
    assert total == 0
    return whole | parts | values


def make_area(name: str, *villages) -> SlumArea:
    area = SlumArea.objects.create(name=name)
    area.villages.set(villages)
    return area


def make_unit(village, rt: str, area: SlumArea | None = None, rw: str = "1") -> NeighbourhoodUnit:
    return NeighbourhoodUnit.objects.create(region=village, rw=rw if rt else "", rt=rt, slum_area=area)


def make_year(year: int = DRAFT_YEAR, rule_set: str = PERMEN_14_2018) -> AssessmentYear:
    return AssessmentYear.objects.get_or_create(year=year, rule_set=rule_set)[0]


def make_baseline(unit: NeighbourhoodUnit, values: dict, year=DRAFT_YEAR, rule_set=PERMEN_14_2018) -> Baseline:
    return Baseline.objects.create(unit=unit, assessment_year=make_year(year, rule_set), **values)


def make_village(code: str, name: str = "Desa Uji"):
    district = factories.DistrictFactory(code=code[:8], name=f"Kecamatan {code[:8]}")
    return factories.VillageFactory(code=code, name=name, parent=district)
