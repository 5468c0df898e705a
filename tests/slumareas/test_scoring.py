"""The official rule (domain 1.1 to 1.8): scores, totals, classes, averages, priority."""

import itertools
import random
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from slumareas import scoring
from slumareas.scoring import (
    ASPECTS,
    CENTRE,
    CRITERIA,
    DENOMINATORS,
    HEAVY,
    HIGH,
    LIGHT,
    LOW,
    MEDIUM,
    MODERATE,
    NOT_SLUM,
    PERMEN_2_2016,
    PERMEN_14_2018,
    PROVINCE,
    REGENCY,
    RENEWAL,
    RESETTLEMENT,
    RESTORATION,
    RULE_SETS,
    Warning,
    after_works,
    authority,
    consideration_level,
    default_rule_set,
    density_score,
    handling_contribution,
    handling_pattern,
    is_legal,
    points,
    priority,
    score,
)
from tests.slumareas.records import RT_1, RT_2, WORKED_EXAMPLE, split, with_score
from tests.slumareas.slow_rule import read_vectors, slow_score

NEW, OLD = RULE_SETS[PERMEN_14_2018], RULE_SETS[PERMEN_2_2016]
RULES = [NEW, OLD]


def scored(values, rules=NEW):
    return score(*split(values), rules)


def with_all(numerator, denominator=100, rules=NEW, **values):
    """100 of everything, and of every criterion so much."""
    return dict.fromkeys(DENOMINATORS, denominator) | dict.fromkeys(rules.keys, numerator) | values


# --- the table ---------------------------------------------------------------------------------------------
def test_the_criteria_and_their_codes():
    """Domain 1.2; 4c means another thing in each set."""
    assert [c.codes[PERMEN_14_2018] for c in NEW.criteria] == (
        ["1a", "1b", "1c", "2a", "2b", "3a", "3b", "4a", "4b", "4c", "5a", "5b", "6a", "6b", "7a", "7b"]
    )
    assert [c.codes[PERMEN_2_2016] for c in OLD.criteria] == (
        [
            "1a",
            "1b",
            "1c",
            "2a",
            "2b",
            "3a",
            "3b",
            "4a",
            "4b",
            "4c",
            "4d",
            "4e",
            "5a",
            "5b",
            "6a",
            "6b",
            "6c",
            "7a",
            "7b",
        ]
    )
    assert CRITERIA["drainage_construction"].codes == {PERMEN_14_2018: "4c", PERMEN_2_2016: "4e"}
    assert CRITERIA["drainage_unconnected"].codes == {PERMEN_2_2016: "4c"}


@pytest.mark.parametrize(
    ("rules", "sizes", "maximum"), [(NEW, [3, 2, 2, 3, 2, 2, 2], 80), (OLD, [3, 2, 2, 5, 2, 3, 2], 95)]
)
def test_how_many_criteria_each_aspect_has(rules, sizes, maximum):
    assert [len(keys) for keys in rules.aspects.values()] == sizes
    assert list(rules.aspects) == list(ASPECTS) == [1, 2, 3, 4, 5, 6, 7]
    assert rules.maximum == maximum
    assert sum(rules.aspects.values(), ()) == rules.keys


def test_the_denominators_of_the_criteria():
    by_whole = {}
    for criterion in CRITERIA.values():
        by_whole.setdefault(criterion.denominator, []).append(criterion.key)
    assert by_whole == {
        "building_count": ["building_irregular", "building_substandard", "fire_infrastructure", "fire_equipment"],
        "verified_area_ha": ["building_density", "drainage_flooding"],
        "ideal_road_m": ["road_coverage", "road_surface"],
        "household_count": [
            "water_access", "water_quantity", "wastewater_system", "wastewater_facility",
            "waste_facility", "waste_system", "waste_unmaintained",
        ],
        "ideal_drainage_m": [
            "drainage_missing", "drainage_unconnected", "drainage_unmaintained", "drainage_construction",
        ],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("key", "unit", "places"),
    [("drainage_flooding", "ha", 6), ("road_coverage", "m", 2), ("water_access", "household", 0), ("fire_equipment", "building", 0)],
)  # fmt: skip
def test_units_and_kept_decimals(key, unit, places):
    assert (CRITERIA[key].unit.key, CRITERIA[key].unit.places) == (unit, places)


@pytest.mark.parametrize(("year", "expected"), [(2016, PERMEN_2_2016), (2018, PERMEN_2_2016), (2019, PERMEN_14_2018), (2026, PERMEN_14_2018)])  # fmt: skip
def test_the_rule_set_of_a_year(year, expected):
    assert default_rule_set(year) == expected


def test_what_is_recorded_beside_the_criteria():
    """The population and the open space (the +1) are no criterion's numerator or denominator."""
    population, open_space = DENOMINATORS["population"], scoring.OPEN_SPACE
    assert (population.unit.key, population.unit.places, population.help_text) == ("person", 0, "")
    assert (open_space.key, open_space.unit.key, open_space.unit.places) == ("open_space_m2", "m2", 2)


def test_the_keys_that_are_stored_and_sent():
    assert list(scoring.SLUM_CLASSES) == ["heavy", "moderate", "light", "not_slum"]
    assert list(scoring.CONSIDERATION_LEVELS) == ["high", "medium", "low"]
    assert list(scoring.HANDLING_PATTERNS) == ["restoration", "renewal", "resettlement"]
    assert list(scoring.AUTHORITIES) == ["regency", "province", "centre"]
    assert list(RULE_SETS) == ["permen_14_2018", "permen_2_2016"]


def test_tables_are_made_of_what_they_say():
    assert scoring.PARTS_OF_WHOLE == (
        ("ideal_road_m", ("road_coverage", "road_surface")),
        ("ideal_drainage_m", ("drainage_missing", "drainage_construction")),
    )
    assert {HEAVY, MODERATE, LIGHT} == scoring.SLUM
    assert scoring.SERVICE_ASPECTS == (2, 3, 4, 5, 6)


# --- the worked example (domain 1.9) ------------------------------------------------------------------------------
BOTH = {key: RT_1[key] + RT_2[key] for key in RT_1}


@pytest.mark.parametrize(
    ("values", "column", "total", "slum_class", "sector"),
    [(RT_1, 1, 32, LIGHT, "50.7019"), (RT_2, 3, 12, NOT_SLUM, "23.5859"), (BOTH, 4, 19, LIGHT, "40.6905")],
)
def test_the_worked_example(values, column, total, slum_class, sector):
    result = scored(values)
    assert result.score == {key: row[column] for key, row in WORKED_EXAMPLE.items()}
    assert (result.total, result.slum_class) == (total, slum_class)
    assert round(result.sector_average, 4) == Decimal(sector)
    assert result.not_assessed == []
    assert result.warnings == []


def test_per_cents_of_the_worked_example_are_not_rounded():
    percent = scored(RT_1).percent
    assert percent["building_irregular"] == Decimal("51.5625")
    assert percent["waste_system"] == Decimal(5300) / 70
    assert round(percent["waste_system"], 2) == Decimal("75.71")
    assert percent["building_density"] == 0


# --- cuts --------------------------------------------------------------------------------------------------
CUTS = [
    ("0", 0), ("24.84", 0), ("24.99", 0), ("25", 1), ("25.01", 1), ("49.99", 1), ("50", 1), ("50.5", 1), ("50.97", 1),
    ("50.995", 1), ("50.999999", 1), ("51", 3), ("51.09", 3), ("75", 3), ("75.5", 3), ("75.90", 3), ("75.995", 3),
    ("76", 5), ("76.00", 5), ("100", 5), ("136.84", 5), ("300", 5), ("-0.0001", 0), ("-76", 0),
]  # fmt: skip


@pytest.mark.parametrize(("percent", "expected"), CUTS)
@pytest.mark.parametrize("rules", RULES, ids=lambda rules: rules.key)
def test_the_lower_bounds_are_inclusive_and_nothing_is_rounded_first(rules, percent, expected):
    for key in rules.keys:
        assert scored(with_all(0, 100, rules, **{key: Decimal(percent)}), rules).score[key] == expected
    assert points(Decimal(percent), Decimal(100)) == expected


@pytest.mark.parametrize(
    "denominator", ["4.63", "1.23", "0.333333", "0.28", "0.007", "123456.78", "999999999.999999", "3"]
)
@pytest.mark.parametrize(("cut", "at", "below"), [("0.76", 5, 3), ("0.51", 3, 1), ("0.25", 1, 0)])
def test_cuts_are_exact_for_awkward_decimals(denominator, cut, at, below):
    """Binary floats miss some of these by the last bit."""
    with localcontext() as context:
        context.prec = 60
        whole, little = Decimal(denominator), Decimal("1e-20")
        part = whole * Decimal(cut)
        less, more, wider = part - little, part + little, whole + little
    assert points(part, whole) == at
    assert points(less, whole) == below
    assert points(part, wider) == below
    assert points(more, whole) == at
    values = with_all(0, verified_area_ha=whole, drainage_flooding=less)
    assert scored(values).score["drainage_flooding"] == below
    assert scored(values | {"drainage_flooding": part}).score["drainage_flooding"] == at


@pytest.mark.parametrize("digits", [27, 28, 29, 40, 60])
def test_no_digit_is_lost_however_many_there_are(digits):
    """The usual context of Decimal keeps 28 digits: 75.999... would become 76."""
    below = Decimal("75." + "9" * (digits - 2))
    above = Decimal("76." + "0" * (digits - 3) + "1")
    for percent, expected in ((below, 3), (above, 5)):
        assert points(percent, Decimal(100)) == expected
        assert points(percent, 100) == expected
        assert scored(with_all(0, road_coverage=percent)).score["road_coverage"] == expected
    whole = Decimal("3." + "9" * (digits - 1))
    assert scored(with_all(0, ideal_road_m=whole, road_coverage=1)).score["road_coverage"] == 1
    over = Decimal("4." + "0" * (digits - 2) + "1")
    assert scored(with_all(0, ideal_road_m=over, road_coverage=1)).score["road_coverage"] == 0


def test_the_calling_program_s_decimal_context_does_not_matter():
    with localcontext() as context:
        context.prec = 3
        assert points(Decimal("75.999"), Decimal(100)) == 3
        assert scored(with_all(0, road_coverage=Decimal("75.999"))).score["road_coverage"] == 3


def test_points_of_nothing_over_nothing():
    assert points(0, 0) == points(Decimal(0), Decimal("0.00")) == 0


def test_floats_are_refused():
    with pytest.raises(TypeError):
        scored(with_all(0, road_coverage=75.9))
    with pytest.raises(TypeError):
        points(0.76, 1)


# --- bands ---------------------------------------------------------------------------------------------------
BANDS = [
    (NEW, [(0, 15, NOT_SLUM), (16, 37, LIGHT), (38, 59, MODERATE), (60, 80, HEAVY)]),
    (OLD, [(0, 18, NOT_SLUM), (19, 44, LIGHT), (45, 70, MODERATE), (71, 95, HEAVY)]),
]


@pytest.mark.parametrize(("rules", "bands"), BANDS, ids=["2018", "2016"])
def test_every_total_has_the_class_of_its_band(rules, bands):
    for first, last, name in bands:
        assert {rules.class_of(total) for total in range(first, last + 1)} == {name}
    assert bands[-1][1] == rules.maximum


@pytest.mark.parametrize(
    ("rules", "total"), [(NEW, total) for total in (0, 15, 16, 37, 38, 59, 60, 80)] + [(OLD, total) for total in (0, 18, 19, 44, 45, 70, 71, 95)]
)  # fmt: skip
def test_volumes_reach_the_class_of_their_total(rules, total):
    result = scored(with_score(total, rule_set=rules.key), rules)
    assert (result.total, result.slum_class) == (total, rules.class_of(total))


# --- blanks, negatives, zeros, above the whole ------------------------------------------------------------------
@pytest.mark.parametrize("rules", RULES, ids=lambda rules: rules.key)
def test_a_blank_is_never_0(rules):
    for key in rules.keys:
        result = scored(with_all(30, 100, rules, **{key: None}), rules)
        assert result.not_assessed == [key]
        assert (result.percent[key], result.score[key]) == (None, None)
        assert (result.total, result.slum_class, result.sector_average) == (None, None, None)
        blank = CRITERIA[key].aspect
        assert [number for number, mean in result.aspect_average.items() if mean is None] == [blank]
        assert result.meets_service_level is (None if blank in scoring.SERVICE_ASPECTS else False)
        assert result.warnings == []


def test_a_missing_key_is_a_blank():
    values = with_all(30)
    del values["water_access"]
    assert scored(values).not_assessed == ["water_access"]
    assert score({}, {}, NEW).not_assessed == list(NEW.keys)


def test_a_blank_denominator_blanks_all_its_criteria():
    result = scored(with_all(30, ideal_drainage_m=None))
    assert result.not_assessed == ["drainage_missing", "drainage_construction"]
    assert result.total is None


def test_the_population_is_asked_by_no_criterion():
    assert scored(with_all(30, population=None)).total == 16


def test_criteria_of_the_other_set_are_not_looked_at():
    values = with_all(0, 100, OLD, waste_unmaintained=100)
    assert "waste_unmaintained" not in scored(values).score
    assert scored(values, OLD).score["waste_unmaintained"] == 5


def test_a_negative_volume_scores_0_and_is_said():
    result = scored(with_all(0, drainage_flooding=Decimal("-43.46"), drainage_missing=60))
    assert (result.score["drainage_flooding"], result.percent["drainage_flooding"]) == (0, Decimal("-43.46"))
    assert result.warnings == [Warning("negative_value", "drainage_flooding")]
    assert result.aspect_average[4] == 20  # (0 + 60 + 0) / 3: cut to 0 in the average


def test_above_the_whole_scores_5_counts_fully_and_is_said():
    result = scored(with_all(0, drainage_flooding=300))
    assert (result.score["drainage_flooding"], result.percent["drainage_flooding"]) == (5, 300)
    assert result.aspect_average[4] == 100
    assert result.warnings == [Warning("above_denominator", "drainage_flooding")]
    assert scored(with_all(0, drainage_flooding=100)).warnings == []


def test_0_of_0_is_0():
    result = scored(with_all(0, ideal_road_m=0))
    assert (result.percent["road_coverage"], result.score["road_coverage"]) == (0, 0)
    assert result.warnings == []
    assert result.total == 0
    assert result.aspect_average[2] == 0


def test_below_0_of_0_is_0_and_said():
    result = scored(with_all(0, ideal_road_m=0, road_surface=-1))
    assert (result.percent["road_surface"], result.score["road_surface"]) == (0, 0)
    assert result.warnings == [Warning("negative_value", "road_surface")]


def test_above_0_of_0_is_not_assessed_and_said():
    result = scored(with_all(0, ideal_road_m=0, road_surface=1))
    assert result.not_assessed == ["road_surface"]
    assert result.percent["road_surface"] is None
    assert result.total is None
    assert Warning("zero_denominator", "road_surface") in result.warnings


@pytest.mark.parametrize("denominator", [-1, Decimal("-0.5"), -64])
def test_any_denominator_below_0_is_a_negative_one(denominator):
    result = scored(with_all(1, building_count=denominator))  # whole numbers are compared as they are
    assert [warning.code for warning in result.warnings] == ["negative_denominator"]


def test_a_negative_denominator_is_not_assessed_and_said_once():
    result = scored(with_all(-1, building_count=-100))
    assert result.not_assessed == [
        "building_irregular",
        "building_substandard",
        "fire_infrastructure",
        "fire_equipment",
    ]
    assert [warning for warning in result.warnings if warning.code == "negative_denominator"] == [
        Warning("negative_denominator", "building_count")
    ]


@pytest.mark.parametrize(
    ("whole", "first", "second"),
    [("ideal_road_m", "road_coverage", "road_surface"), ("ideal_drainage_m", "drainage_missing", "drainage_construction")],
)  # fmt: skip
def test_missing_and_damaged_length_are_parts_of_the_ideal_one(whole, first, second):
    def warnings(**values):
        return scored(with_all(0, **values)).warnings

    assert warnings(**{first: 60, second: 40}) == []
    assert warnings(**{first: 60, second: Decimal("40.01")}) == [Warning("parts_above_whole", whole)]
    assert warnings(**{first: 60, second: None}) == []
    assert warnings(**{first: None, second: 60}) == []
    assert warnings(**{first: 60, second: 60, whole: None}) == []
    tiny = Decimal("1e-40")
    assert warnings(**{first: 60, second: 40 + 0, whole: 100}) == []
    with localcontext() as context:
        context.prec = 60
        above = 40 + tiny
    assert warnings(**{first: 60, second: above}) == [Warning("parts_above_whole", whole)]


def test_values_are_given_back_as_they_came():
    values = with_all(0, road_surface=Decimal("12.50"), ideal_drainage_m=0, drainage_missing=-3, water_access=None)
    found = scored(values).values
    assert found["road_surface"] == (Decimal("12.50"), 100)
    assert found["drainage_missing"] == (0, 0)
    assert "water_access" not in found


# --- averages ------------------------------------------------------------------------------------------------
def test_the_sector_average_is_the_mean_of_the_seven_aspects_not_of_the_criteria():
    result = scored(with_all(0, 100, OLD, **dict.fromkeys(OLD.aspects[4], 100)), OLD)
    assert result.aspect_average == {number: (100 if number == 4 else 0) for number in ASPECTS}
    assert result.sector_average == Decimal(100) / 7


@pytest.mark.parametrize(("share", "expected"), [(19, True), (20, False), (21, False)])
def test_service_above_80_per_cent_in_five_aspects(share, expected):
    """Exactly 80 % is not above it; buildings and fire protection do not count."""
    values = with_all(share) | dict.fromkeys((*NEW.aspects[1], *NEW.aspects[7]), 100)
    assert scored(values).meets_service_level is expected


def test_one_aspect_below_the_service_level_is_enough():
    for number in scoring.SERVICE_ASPECTS:
        assert scored(with_all(0) | dict.fromkeys(NEW.aspects[number], 50)).meets_service_level is False


# --- properties ------------------------------------------------------------------------------------------------
# A machine under load draws slowly; that says nothing of the rule.
patiently = settings(deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow])
amounts = st.one_of(
    st.integers(0, 10**6),
    st.decimals(0, 10**6, places=2),
    st.decimals(0, 50, places=6),
    st.decimals(0, 10, places=15),
    st.decimals(0, 10, places=40),
)
rule_sets = st.sampled_from(RULES)


@st.composite
def vectors(draw, blanks=False, part=amounts):
    """(rule set, values); wholes are above 0."""
    rules = draw(rule_sets)
    maybe = (lambda strategy: st.one_of(st.none(), strategy)) if blanks else (lambda strategy: strategy)
    values = {key: draw(maybe(amounts.filter(bool))) for key in DENOMINATORS}
    return rules, values | {key: draw(maybe(part)) for key in rules.keys}


@patiently
@given(vectors())
def test_scores_stay_within_0_and_the_maximum(drawn):
    rules, values = drawn
    result = scored(values, rules)
    assert set(result.score.values()) <= {0, 1, 3, 5}
    assert result.total == sum(result.score.values())
    assert 0 <= result.total <= rules.maximum
    assert result.slum_class == rules.class_of(result.total)


@patiently
@given(vectors(), st.data())
def test_more_damage_never_lowers_a_score_a_total_or_an_average(drawn, data):
    rules, values = drawn
    key = data.draw(st.sampled_from(rules.keys))
    more = values | {key: values[key] + data.draw(st.integers(0, 1000))}
    before, after = scored(values, rules), scored(more, rules)
    assert after.score[key] >= before.score[key]
    assert after.total >= before.total
    assert [*scoring.SLUM_CLASSES].index(after.slum_class) <= [*scoring.SLUM_CLASSES].index(before.slum_class)
    assert after.sector_average >= before.sector_average or round(after.sector_average - before.sector_average, 15) == 0


@patiently
@given(vectors(), st.integers(1, 10**9))
def test_scaling_everything_alike_changes_nothing(drawn, factor):
    rules, values = drawn
    with localcontext() as context:
        context.prec = 200
        scaled = {key: value * factor for key, value in values.items()}
    before, after = scored(values, rules), scored(scaled, rules)
    assert after.score == before.score
    assert after.nearest_floats() == before.nearest_floats()


@patiently
@given(vectors(part=st.integers(0, 10**6)))
def test_integers_and_decimals_agree(drawn):
    rules, values = drawn
    whole = {key: int(value) + 1 for key, value in values.items()}
    decimals = {key: Decimal(value) for key, value in whole.items()}
    numbers, exact = scored(whole, rules), scored(decimals, rules)
    assert numbers.score == exact.score
    assert numbers.percent == exact.percent
    assert numbers.warnings == exact.warnings
    assert numbers.nearest_floats() == exact.nearest_floats()


@patiently
@given(vectors())
def test_a_score_is_the_comparison_of_exact_fractions(drawn):
    rules, values = drawn
    result = scored(values, rules)
    for criterion in rules.criteria:
        share = Fraction(values[criterion.key]) / Fraction(values[criterion.denominator]) * 100
        expected = 5 if share >= 76 else 3 if share >= 51 else 1 if share >= 25 else 0
        assert result.score[criterion.key] == points(values[criterion.key], values[criterion.denominator]) == expected


@patiently
@given(vectors(blanks=True, part=st.one_of(amounts, amounts.map(lambda value: -value))))
def test_the_slow_rule_says_the_same(drawn):
    """A second implementation with fractions, which shares nothing with this one."""
    rules, values = drawn
    denominators, numerators = split(values)
    text = lambda part: {key: None if value is None else f"{value:f}" for key, value in part.items()}  # noqa: E731
    expected = slow_score({"rule_set": rules.key, "denominators": text(denominators), "numerators": text(numerators)})
    result = score(denominators, numerators, rules)
    assert result.score == expected["score"]
    assert (result.total, result.slum_class) == (expected["total"], expected["class"])
    assert [{"code": one.code, "field": one.field} for one in result.warnings] == expected["warnings"]
    percent, averages, sector = result.nearest_floats()
    assert percent == nearest(expected["percent"])
    assert {str(number): mean for number, mean in averages.items()} == nearest(expected["aspect_average"])
    assert sector == nearest(expected)["sector_average"]
    for decimals, exact in ((result.percent, expected["percent"]), (result.aspect_average, {int(k): v for k, v in expected["aspect_average"].items()})):  # fmt: skip
        for key, value in decimals.items():
            assert (value is None) == (exact[key] is None)
            assert value is None or abs(Fraction(value) - exact[key]) <= abs(exact[key]) * Fraction(1, 10**24)


def nearest(fractions: dict) -> dict:
    return {
        key: value.numerator / value.denominator if isinstance(value, Fraction) else value
        for key, value in fractions.items()
    }


@patiently
@given(st.lists(st.tuples(st.integers(0, 100), st.integers(1, 100)), min_size=2, max_size=5))
def test_sums_lie_between_their_parts(rows):
    """Volumes and wholes added: never above the worst neighbourhood, never below the best."""
    parts, wholes = zip(*rows, strict=True)
    reached = [points(part, whole) for part, whole in rows]
    assert min(reached) <= points(sum(parts), sum(wholes)) <= max(reached)


# --- conformance vectors ------------------------------------------------------------------------------------------
CASES = read_vectors()


def test_there_are_enough_vectors_and_each_says_why():
    assert len(CASES) >= 60
    assert len({case["why"] for case in CASES}) == len(CASES)
    assert {case["vector"]["rule_set"] for case in CASES} == set(RULE_SETS)
    assert {name for case in CASES for name in [case["expected"]["class"]]} == {HEAVY, MODERATE, LIGHT, NOT_SLUM, None}


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["why"])
def test_the_expected_results_of_the_vectors_are_those_of_the_slow_rule(case):
    slow = slow_score(case["vector"])
    expected = case["expected"]
    assert expected.keys() == slow.keys()
    for key in ("id", "score", "total", "class", "not_assessed", "warnings"):
        assert expected[key] == slow[key]
    for key in ("percent", "aspect_average"):
        assert expected[key] == nearest(slow[key])
    assert expected["sector_average"] == nearest(slow)["sector_average"]


# --- works, considerations, priority -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [("50", "25", "0.5"), ("50", "0", "1"), ("50", "50", "0"), ("50", "60", "-0.2"), ("50", "-1", "1"), ("0", "10", None), (None, "1", None), ("1", None, None)],
)  # fmt: skip
def test_the_contribution_of_works(before, after, expected):
    """Capped at 1, may be negative; without anything before there is nothing to compare with."""
    number = lambda text: None if text is None else Decimal(text)  # noqa: E731
    assert handling_contribution(number(before), number(after)) == number(expected)


@pytest.mark.parametrize(("volume", "delivered", "left"), [(100, 40, 60), (100, 100, 0), (100, 140, 0), (Decimal("1.5"), 1, Decimal("0.5")), (-1, 0, 0)])  # fmt: skip
def test_what_works_leave(volume, delivered, left):
    assert after_works(volume, delivered) == left


@pytest.mark.parametrize(("density", "expected"), [(0, 1), (150, 1), ("150.01", 3), (151, 3), (200, 3), ("200.01", 5), (401, 5)])  # fmt: skip
def test_the_score_of_population_density(density, expected):
    assert density_score(Decimal(density)) == expected


@pytest.mark.parametrize(("total", "level"), [(3, LOW), (5, LOW), (6, MEDIUM), (10, MEDIUM), (11, HIGH), (15, HIGH)])
def test_the_level_of_other_considerations(total, level):
    assert consideration_level(total) == level


@pytest.mark.parametrize(
    ("items", "expected"),
    [((True, True), True), ((True, False), False), ((False, False), False), ((True,), True), ((True, None), True), ((True, True, False), True), ((True, False, False), False), ((None, None), None), ((), None)],
)  # fmt: skip
def test_land_legality(items, expected):
    assert is_legal(items) is expected


MATRIX = {
    HIGH: {HEAVY: 1, MODERATE: 2, LIGHT: 3},
    MEDIUM: {HEAVY: 4, MODERATE: 5, LIGHT: 6},
    LOW: {HEAVY: 7, MODERATE: 8, LIGHT: 9},
}


@pytest.mark.parametrize(("level", "slum_class"), list(itertools.product(MATRIX, MATRIX[HIGH])))
def test_the_priority_matrix(level, slum_class):
    assert priority(slum_class, level) == MATRIX[level][slum_class]


@pytest.mark.parametrize(("slum_class", "level"), [(NOT_SLUM, HIGH), (None, HIGH), (HEAVY, None), (None, None)])
def test_no_priority_without_a_slum_or_a_level(slum_class, level):
    assert priority(slum_class, level) is None


@pytest.mark.parametrize(
    ("slum_class", "legal", "pattern"),
    [
        (HEAVY, True, RENEWAL), (MODERATE, True, RENEWAL), (LIGHT, True, RESTORATION),
        (HEAVY, False, RESETTLEMENT), (MODERATE, False, RESETTLEMENT), (LIGHT, False, RESETTLEMENT),
        (NOT_SLUM, True, None), (NOT_SLUM, False, None), (None, True, None), (HEAVY, None, None), (LIGHT, None, None),
    ],
)  # fmt: skip
def test_the_handling_pattern(slum_class, legal, pattern):
    assert handling_pattern(slum_class, legal) == pattern
    if slum_class:
        assert handling_pattern("".join(list(slum_class)), legal) == pattern  # another string, as a database gives it


@pytest.mark.parametrize(("hectares", "who"), [(0, REGENCY), ("9.999999", REGENCY), (10, PROVINCE), ("14.999999", PROVINCE), (15, CENTRE), (85, CENTRE)])  # fmt: skip
def test_authority_by_area(hectares, who):
    assert authority(Decimal(hectares)) == who


def test_many_places_at_once_get_the_points_of_each():
    dice = random.Random(2019)  # noqa: S311
    wholes = [dice.randint(1, 400) for _number in range(2_000)]
    parts = [dice.randint(0, whole) for whole in wholes]
    exact = [(76, 100), (51, 100), (25, 100), (759999, 1000000), (0, 7), (7, 7)]
    parts, wholes = [*parts, *(one[0] for one in exact)], [*wholes, *(one[1] for one in exact)]
    expected = [scoring.points(part, whole) for part, whole in zip(parts, wholes, strict=True)]
    assert scoring.points_of_many(np.array(parts), np.array(wholes)).tolist() == expected
