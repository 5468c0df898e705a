"""Neighbourhoods by the hundred thousand, the same ones each time: units and baselines of several years, with results.

    from benchmarks.generator import fill
    fill(100_000, years=(2019, 2020, 2021))

66 villages in six districts, about one slum area for every fifty neighbourhoods. Rows are written in bulk and scored
by `reassess`; a few percent have a blank, a negative or a volume above its whole, as real tables have.
"""

import random
from collections.abc import Iterator
from decimal import Decimal

from django.db import transaction

from core.models import Region
from slumareas.models import AssessmentYear, Baseline, NeighbourhoodUnit, SlumArea
from slumareas.models.assessments import WholeYears, reassess
from slumareas.models.quantities import DENOMINATOR_KEYS
from slumareas.scoring import PERMEN_14_2018, RULE_SETS, RuleSet

DISTRICTS, VILLAGES = 6, 66
UNITS_OF_AN_AREA = 50
BATCH = 2_000


def values_of(dice: random.Random, rules: RuleSet) -> dict:
    """Volumes of one neighbourhood, as they would be typed: counts whole, metres and hectares with decimals."""
    households = dice.randint(20, 150)
    values = {
        "verified_area_ha": Decimal(dice.randint(300_000, 5_000_000)).scaleb(-6),
        "building_count": dice.randint(20, 130),
        "household_count": households,
        "population": households * dice.randint(2, 5),
        "ideal_road_m": Decimal(dice.randint(10_000, 200_000)).scaleb(-2),
        "ideal_drainage_m": Decimal(dice.randint(10_000, 200_000)).scaleb(-2),
    }
    badness = dice.random()  # bad neighbourhoods are bad in most things
    for criterion in rules.criteria:
        whole, places = values[criterion.denominator], criterion.unit.places
        volume = Decimal(int(whole * 10**places * Decimal(dice.random() * badness))).scaleb(-places)
        values[criterion.key] = volume if places else int(volume)
    chance = dice.random()
    if chance < 0.02:
        values[dice.choice(rules.keys)] = None
    elif chance < 0.04:
        values["drainage_flooding"] = Decimal("-0.004623")
    elif chance < 0.06:
        values["road_surface"] = values["ideal_road_m"] * 2
    return values


def vectors(number: int, rule_set: str = PERMEN_14_2018) -> Iterator[dict]:
    """The input of `manage.py score`; Decimals where a fraction is kept."""
    dice, rules = random.Random(2019), RULE_SETS[rule_set]  # noqa: S311
    for index in range(number):
        values = values_of(dice, rules)
        yield {
            "id": f"K{index + 1:06}",
            "rule_set": rule_set,
            "denominators": {key: values[key] for key in DENOMINATOR_KEYS},
            "numerators": {key: values[key] for key in rules.keys},
        }


def villages() -> list[Region]:
    """Those of the programme's regency, made where there are none."""
    found = list(Region.objects.villages().order_by("code")[:VILLAGES])
    if len(found) == VILLAGES:
        return found
    regency, _made = Region.objects.get_or_create(code="19.05", defaults={"name": "Uji", "level": Region.Level.REGENCY})
    found = []
    for number in range(VILLAGES):
        place = f"{number % DISTRICTS + 1:02}"
        district, _made = Region.objects.get_or_create(
            code=f"19.05.{place}", defaults={"name": f"Uji {place}", "level": Region.Level.DISTRICT, "parent": regency}
        )
        village, _made = Region.objects.get_or_create(
            code=f"19.05.{place}.{2001 + number // DISTRICTS}",
            defaults={"name": f"Uji {number}", "level": Region.Level.VILLAGE, "kind": "desa", "parent": district},
        )
        found.append(village)
    return found


@transaction.atomic
def fill(units: int, years: tuple[int, ...] = (2019, 2020, 2021), rule_set: str = PERMEN_14_2018) -> None:
    """Write so many neighbourhoods in each year. Areas lie in one village each; every tenth RT lies in none."""
    dice, rules, places = random.Random(2019), RULE_SETS[rule_set], villages()  # noqa: S311
    areas = SlumArea.objects.bulk_create(
        SlumArea(name=f"Kawasan {number}", slug=f"kawasan-{number}")
        for number in range(max(1, units // UNITS_OF_AN_AREA))
    )
    through = SlumArea.villages.through
    through.objects.bulk_create(
        (through(slumarea=area, region=places[number % len(places)]) for number, area in enumerate(areas)),
        batch_size=BATCH,
    )
    made = NeighbourhoodUnit.objects.bulk_create(
        (
            NeighbourhoodUnit(
                region=places[number % len(areas) % len(places)],
                rw=str(number // 10_000 + 1),
                rt=str(number % 10_000 + 1),
                slum_area=areas[number % len(areas)] if number % 10 else None,
            )
            for number in range(units)
        ),
        batch_size=BATCH,
    )
    rows_of = WholeYears()
    for number in years:
        year = AssessmentYear.objects.create(year=number, rule_set=rule_set)
        for start in range(0, units, BATCH):
            Baseline.objects.bulk_create(
                Baseline(
                    unit=unit,
                    assessment_year=year,
                    slum_area_id=unit.slum_area_id,
                    is_made_up=True,
                    **values_of(dice, rules),
                )
                for unit in made[start : start + BATCH]
            )
        reassess(year, rows_of)


def as_json(value):
    """For `json.dumps(default=…)`: the decimal as it is written. Floats of six decimals print as they were."""
    return float(value) if isinstance(value, Decimal) else str(value)
