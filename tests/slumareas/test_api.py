"""The API of slum areas: who sees what, what is refused and how, what follows from what was stored."""

import json
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.models import Region
from slumareas.models import (
    Assessment,
    AssessmentYear,
    Baseline,
    Decree,
    NeighbourhoodUnit,
    ReportedHectares,
    SlumArea,
    Work,
)
from tests import factories
from tests.factories import BASELINE_CLASS, BASELINE_TOTAL, BASELINE_VALUES

COLLECTIONS = [
    "slum-areas",
    "neighbourhoods",
    "baselines",
    "assessments",
    "assessment-years",
    "imports",
    "works",
    "decrees",
    "reporting-groups",
    "reported-hectares",
]
INSIDE = ["neighbourhoods", "baselines", "works"]
OLD, NEW = "permen_2_2016", "permen_14_2018"
TEXT_VALUES = {key: str(value) for key, value in BASELINE_VALUES.items()}
OTHER_VILLAGE = "19.05.01.2002"


@pytest.fixture
def area(village):
    return factories.SlumAreaFactory(name="Kampung Uji", villages=[village])


@pytest.fixture
def baseline(village, area):
    unit = factories.NeighbourhoodUnitFactory(region=village, slum_area=area, rw="1", rt="2")
    return factories.BaselineFactory(unit=unit)


@pytest.fixture
def elsewhere(village):
    """The same in another village, which is not the village user's."""
    other = factories.VillageFactory(code=OTHER_VILLAGE)
    area = factories.SlumAreaFactory(name="Kampung Lain", villages=[other])
    unit = factories.NeighbourhoodUnitFactory(region=other, slum_area=area, rw="1", rt="1")
    factories.WorkFactory(unit=unit)
    return factories.BaselineFactory(unit=unit)


@pytest.fixture
def records(baseline, area):
    """{collection: key of one record}."""
    decree = factories.DecreeAreaFactory(slum_area=area).decree
    figure = factories.ReportedHectaresFactory()
    return {
        "slum-areas": area.slug,
        "neighbourhoods": baseline.unit.pk,
        "baselines": baseline.pk,
        "assessments": f"2025-{NEW}-area-{area.slug}",
        "assessment-years": f"2025-{NEW}",
        "imports": factories.ImportFactory(region=baseline.unit.region).pk,
        "works": factories.WorkFactory(unit=baseline.unit).pk,
        "decrees": decree.pk,
        "reporting-groups": figure.group.slug,
        "reported-hectares": figure.pk,
    }


def put_in(status, year=2025):
    AssessmentYear.objects.filter(year=year).update(status=status)


def identity(**changed):
    return {"region": "19.05.01.1001", "rw": "1", "rt": "3", "year": 2025, "rule_set": NEW, **changed}


def address(name, key="", verb=""):
    return "/".join(["/api/v1", name, *[str(part) for part in (key, verb) if part], ""])


def rows(answer):
    assert answer.status_code == 200, answer.content
    return answer.json()["results"]


def stored():
    return {
        model.__name__: list(model.objects.order_by("pk").values())
        for model in (SlumArea, NeighbourhoodUnit, Baseline, AssessmentYear, Assessment, Work, Decree, ReportedHectares)
    }


# --- who comes in, and what is seen ------------------------------------------------------------------------


def test_nobody_comes_in_without_a_name(api, records):
    for name in COLLECTIONS:
        for url in (address(name), address(name, records[name])):
            answer = api(None).get(url)
            assert (answer.status_code, list(answer.json())) == (401, ["detail"]), name
        assert api(None).post(address(name), {}, format="json").status_code == 401, name


@pytest.mark.parametrize("role", ["admin", "planner", "verifier", "pokja_member", "opd_user", "village_user"])
def test_whoever_works_in_the_programme_sees_the_records_of_the_own_place(api, records, role):
    program = api(role)
    for name in COLLECTIONS:
        assert len(rows(program.get(address(name)))) >= 1, name
        answer = program.get(address(name, records[name]))
        assert (answer.status_code, answer.json()["key"]) == (200, str(records[name])), name


@pytest.mark.parametrize("name", [*INSIDE, "imports"])
def test_a_viewer_sees_no_rows(api, records, name):
    put_in("locked")
    program = api("viewer")
    assert program.get(address(name)).status_code == 403
    assert program.get(address(name, records[name])).status_code == 403


def test_a_viewer_sees_results_only_of_what_was_verified(api, records):
    program = api("viewer")
    for name in ("assessments", "assessment-years"):
        assert rows(program.get(address(name))) == []
        assert program.get(address(name, records[name])).status_code == 404
    assert rows(program.get(address("slum-areas")))[0]["assessment"] is None
    put_in("verified")
    for name in ("assessments", "assessment-years"):
        assert program.get(address(name, records[name])).status_code == 200
    assert rows(program.get(address("slum-areas")))[0]["assessment"]["class"] == BASELINE_CLASS


def test_a_village_user_sees_rows_of_the_own_village_alone(api, records, elsewhere):
    program = api("village_user")
    for name in INSIDE:
        assert [row["region"] for row in rows(program.get(address(name)))] == ["19.05.01.1001"]
    assert program.get(address("baselines", elsewhere.pk)).status_code == 404
    assert program.get(address("neighbourhoods", elsewhere.unit.pk)).status_code == 404
    assert program.get(address("works", elsewhere.unit.works.get().pk)).status_code == 404
    assert rows(program.get(address("baselines"), {"region": OTHER_VILLAGE})) == []


def test_a_village_user_sees_drafts_of_the_own_results_alone(api, records, elsewhere):
    program = api("village_user")
    names = {(row["level"], row["region"] or row["slum_area"]) for row in rows(program.get(address("assessments")))}
    assert names == {("village", "19.05.01.1001"), ("area", "kampung-uji")}
    put_in("verified")
    assert len(rows(program.get(address("assessments")))) == 6


@pytest.mark.parametrize(("role", "is_told"), [("planner", True), ("village_user", False), ("viewer", False)])
def test_a_difference_does_not_tell_what_is_drafted_for_the_year_before(api, baseline, role, is_told):
    factories.BaselineFactory(unit=baseline.unit, year=2024)
    put_in("verified", year=2025)
    for row in (
        rows(api(role).get(address("assessments"), {"year": 2025, "level": "area"}))[0],
        api(role).get(address("assessments", f"2025-{NEW}-area-kampung-uji")).json(),
        rows(api(role).get(address("slum-areas")))[0]["assessment"],
    ):
        assert (row["changes"] is not None) == is_told
    put_in("verified", year=2024)
    assert rows(api(role).get(address("slum-areas")))[0]["assessment"]["changes"] is not None


# --- who writes --------------------------------------------------------------------------------------------

READERS = ["verifier", "pokja_member", "opd_user", "viewer"]


@pytest.mark.parametrize("role", READERS)
def test_readers_do_not_write(api, records, role):
    program, before = api(role), stored()
    for name, key in records.items():
        for answer in (
            program.post(address(name), identity(), format="json"),
            program.patch(address(name, key), {"name": "x", "note": "x"}, format="json"),
            program.put(address(name, key), identity(), format="json"),
            program.delete(address(name, key)),
        ):
            assert answer.status_code in ((403, 404) if role == "viewer" else (403, 405)), name
    assert stored() == before


@pytest.mark.parametrize("name", ["slum-areas", "works", "decrees", "reporting-groups", "reported-hectares"])
def test_a_village_user_writes_baselines_and_neighbourhoods_alone(api, records, name):
    program, before = api("village_user"), stored()
    assert program.post(address(name), {}, format="json").status_code == 403
    assert program.patch(address(name, records[name]), {"name": "x"}, format="json").status_code == 403
    assert stored() == before


def test_a_village_user_deletes_nothing(api, records):
    for name, key in records.items():
        assert api("village_user").delete(address(name, key)).status_code in (403, 405)
    assert Baseline.objects.count() == 1


@pytest.mark.parametrize("name", ["assessments", "assessment-years"])
@pytest.mark.parametrize("method", ["post", "put", "patch", "delete"])
def test_what_is_computed_is_not_written(api, records, name, method):
    before = stored()
    url = address(name) if method == "post" else address(name, records[name])
    assert getattr(api("admin"), method)(url, {"status": "locked", "total": 0}, format="json").status_code == 405
    assert stored() == before


# --- baselines: what is stored and what follows ------------------------------------------------------------


def test_a_baseline_is_stored_scored_and_added_up(api, village, area):
    factories.NeighbourhoodUnitFactory(region=village, slum_area=area, rw="1", rt="3")
    answer = api("village_user").post(address("baselines"), {**identity(), **TEXT_VALUES}, format="json")
    assert answer.status_code == 201, answer.json()
    made = answer.json()
    assert {name: made[name] for name in TEXT_VALUES} == TEXT_VALUES
    assert (made["region"], made["rw"], made["rt"], made["year"], made["rule_set"]) == tuple(identity().values())
    assert (made["total"], made["class"], made["slum_area"]) == (BASELINE_TOTAL, BASELINE_CLASS, area.slug)
    assert (made["not_assessed"], made["warnings"], made["status"]) == ([], [], "draft")
    assert made["score"]["building_substandard"] == 3
    assert made["percent"]["building_density"] == "0"
    assert made["percent"]["road_surface"] == "52.5"
    assert made["aspect_average"]["2"] == "41.25"
    assert set(made["aspect_average"]) == set("1234567")
    assert Decimal(made["sector_average"]).quantize(Decimal("0.01")) == Decimal("46.12")
    assert Assessment.objects.get(level="village").total == BASELINE_TOTAL


def test_an_rt_that_is_not_recorded_is_recorded_with_its_baseline(api, village):
    sent = {**identity(rw="RW 001", rt="rt 06a"), **TEXT_VALUES}
    answer = api("village_user").post(address("baselines"), sent, format="json")
    assert (answer.status_code, answer.json()["rw"], answer.json()["rt"]) == (201, "1", "6A")
    assert NeighbourhoodUnit.objects.get().region == village


def test_without_rt_and_rw_it_is_the_survey_of_the_village(api, village):
    answer = api("planner").post(
        address("baselines"), {"region": village.code, "year": 2025, **TEXT_VALUES}, format="json"
    )
    assert (answer.status_code, answer.json()["rt"]) == (201, "")
    assert Assessment.objects.get(level="village").is_village_survey


@pytest.mark.parametrize(("year", "rule_set"), [(2018, OLD), (2019, NEW)])
def test_the_rule_set_follows_from_the_year_where_it_is_not_given(api, village, year, rule_set):
    sent = identity(year=year)
    del sent["rule_set"]
    answer = api("planner").post(address("baselines"), {**sent, **TEXT_VALUES}, format="json")
    assert (answer.status_code, answer.json()["rule_set"]) == (201, rule_set)
    assert AssessmentYear.objects.get().key == f"{year}-{rule_set}"


def test_numbers_keep_their_places_and_blank_is_null(api, village):
    sent = {"verified_area_ha": "2.12345675", "ideal_road_m": 100.125, "building_count": "1E2", "population": ""}
    made = api("planner").post(address("baselines"), {**identity(), **sent, "household_count": None}, format="json")
    assert made.status_code == 201
    row = made.json()
    assert (row["verified_area_ha"], row["ideal_road_m"], row["building_count"]) == ("2.123457", "100.13", "100")
    assert (row["population"], row["household_count"], row["building_irregular"]) == (None, None, None)
    assert (row["total"], row["class"], row["sector_average"]) == (None, None, None)
    assert "building_irregular" in row["not_assessed"]


def test_a_warning_comes_back_with_what_was_stored_and_refuses_nothing(api, village):
    odd = {"drainage_flooding": "-0.5", "fire_equipment": "150", "road_coverage": "500", "waste_system": None}
    answer = api("planner").post(address("baselines"), {**identity(), **TEXT_VALUES, **odd}, format="json")
    assert answer.status_code == 201
    found = {(one["code"], one["field"]) for one in answer.json()["warnings"]}
    assert found == {
        ("negative_value", "drainage_flooding"),
        ("above_denominator", "fire_equipment"),
        ("parts_above_whole", "ideal_road_m"),
        ("blank_value", "waste_system"),
    }
    assert all(one["message"] for one in answer.json()["warnings"])
    kept = Baseline.objects.get()
    assert (kept.drainage_flooding, kept.fire_equipment) == (Decimal("-0.5"), 150)
    assert answer.json()["percent"]["drainage_flooding"].startswith("-18.18")


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"verified_area_ha": "0"}, "verified_area_ha"),
        ({"verified_area_ha": "-1"}, "verified_area_ha"),
        ({"verified_area_ha": "27500"}, "verified_area_ha"),
        ({"verified_area_ha": "2,75"}, "verified_area_ha"),
        ({"verified_area_ha": "NaN"}, "verified_area_ha"),
        ({"verified_area_ha": "Infinity"}, "verified_area_ha"),
        ({"verified_area_ha": "1_000"}, "verified_area_ha"),
        ({"verified_area_ha": "1e99"}, "verified_area_ha"),
        ({"verified_area_ha": "9" * 5000}, "verified_area_ha"),
        ({"verified_area_ha": True}, "verified_area_ha"),
        ({"verified_area_ha": ["1"]}, "verified_area_ha"),
        ({"verified_area_ha": {"a": 1}}, "verified_area_ha"),
        ({"building_count": "12.5"}, "building_count"),
        ({"building_irregular": "tidak ada"}, "building_irregular"),
        ({"household_count": "0"}, "water_access"),
        ({"open_space_m2": "-1"}, "open_space_m2"),
        ({"open_space_kind": "lake"}, "open_space_kind"),
        ({"region": "19.05.01"}, "region"),
        ({"region": "99.99.99.9999"}, "region"),
        ({"region": None}, "region"),
        ({"rt": "X" * 13}, "rt"),
        ({"rt": "1\0"}, "rt"),
        ({"rw": 10**50}, "rw"),
        ({"year": 1999}, "year"),
        ({"year": 2101}, "year"),
        ({"year": "lalu"}, "year"),
        ({"rule_set": "permen_1_1900"}, "rule_set"),
        ({"note": "\0"}, "note"),
    ],
)
def test_wrong_input_is_named_and_leaves_nothing(api, village, sent, wrong):
    before = stored()
    answer = api("planner").post(address("baselines"), {**identity(), **TEXT_VALUES, **sent}, format="json")
    assert answer.status_code == 400, answer.json()
    assert isinstance(answer.json()[wrong][0], str)
    assert stored() == before


def test_a_neighbourhood_has_one_baseline_a_year(api, baseline):
    sent = {**identity(rw=baseline.unit.rw, rt=f"00{baseline.unit.rt}"), **TEXT_VALUES}
    answer = api("planner").post(address("baselines"), sent, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["detail"])
    assert api("planner").post(address("baselines"), {**sent, "year": 2024}, format="json").status_code == 201


def test_another_village_is_not_there_for_a_village_user(api, elsewhere):
    before = stored()
    program = api("village_user")
    answer = program.post(address("baselines"), {**identity(region=OTHER_VILLAGE), **TEXT_VALUES}, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["region"])
    assert program.patch(address("baselines", elsewhere.pk), {"note": "x"}, format="json").status_code == 404
    answer = program.post(address("neighbourhoods"), {"region": OTHER_VILLAGE, "rw": "9", "rt": "9"}, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["region"])
    assert stored() == before


def test_who_may_not_record_an_rt_records_it_by_no_other_door(api, people, village):
    people["village_user"].groups.get().permissions.remove(
        *people["village_user"].groups.get().permissions.filter(codename="add_neighbourhoodunit")
    )
    answer = api("village_user").post(address("baselines"), {**identity(), **TEXT_VALUES}, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["rt"])
    assert not NeighbourhoodUnit.objects.exists()
    assert not AssessmentYear.objects.exists()


@pytest.mark.parametrize("status", ["verified", "locked"])
def test_a_year_that_is_no_draft_does_not_change(api, baseline, status):
    put_in(status)
    program, before = api("admin"), stored()
    answers = [
        program.post(address("baselines"), {**identity(), **TEXT_VALUES}, format="json"),
        program.patch(address("baselines", baseline.pk), {"building_irregular": "1"}, format="json"),
        program.patch(address("baselines", baseline.pk), {"note": "x"}, format="json"),
        program.delete(address("baselines", baseline.pk)),
    ]
    assert [(answer.status_code, list(answer.json())) for answer in answers] == [(409, ["detail"])] * 4
    assert stored() == before


def test_a_change_scores_again_and_keeps_what_is_not_sent(api, baseline):
    answer = api("village_user").patch(address("baselines", baseline.pk), {"fire_equipment": "0"}, format="json")
    assert (answer.status_code, answer.json()["total"]) == (200, BASELINE_TOTAL - 5)
    assert answer.json()["building_count"] == "120"
    assert Assessment.objects.get(level="village").total == BASELINE_TOTAL - 5


@pytest.mark.parametrize(
    "sent", [{"rt": "9"}, {"rw": ""}, {"year": 2024}, {"rule_set": OLD}, {"region": OTHER_VILLAGE}], ids=str
)
def test_a_baseline_stays_where_it_was_measured(api, baseline, elsewhere, sent):
    before = stored()
    answer = api("planner").patch(address("baselines", baseline.pk), sent, format="json")
    assert (answer.status_code, list(answer.json())) == (400, list(sent))
    assert stored() == before


def test_the_same_identity_may_be_sent_along(api, baseline):
    sent = {**identity(rt="RT 02"), "note": "Diperiksa lagi."}
    answer = api("planner").put(address("baselines", baseline.pk), sent, format="json")
    assert (answer.status_code, answer.json()["note"]) == (200, "Diperiksa lagi.")


@pytest.mark.parametrize("name", ["total", "class", "slum_area", "status", "key", "percent"])
def test_results_are_not_to_be_set(api, baseline, name):
    before = Baseline.objects.values().get()
    sent = {"total": 0, "class": "not_slum", "slum_area": None, "status": "locked", "key": "7", "percent": {}}
    answer = api("admin").patch(address("baselines", baseline.pk), {name: sent[name]}, format="json")
    assert answer.status_code == 200
    assert Baseline.objects.values().get() == before


def test_a_deleted_baseline_takes_its_results_along(api, baseline):
    assert api("planner").delete(address("baselines", baseline.pk)).status_code == 204
    assert not Assessment.objects.exists()


def test_the_list_holds_the_volumes_and_the_detail_what_follows(api, baseline):
    listed = rows(api("planner").get(address("baselines")))[0]
    detail = api("planner").get(address("baselines", baseline.pk)).json()
    assert {name: detail[name] for name in listed} == listed
    assert set(detail) - set(listed) == {
        "percent",
        "score",
        "aspect_average",
        "sector_average",
        "not_assessed",
        "warnings",
    }


# --- looking for rows --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"region": "19.05.01.1001"}, 2),
        ({"region": "19.05.01"}, 3),
        ({"region": "19.05"}, 3),
        ({"region": OTHER_VILLAGE}, 1),
        ({"year": 2025}, 2),
        ({"year": 2024, "rule_set": NEW}, 1),
        ({"year": 2024, "rule_set": OLD}, 0),
        ({"class": "light"}, 2),
        ({"class": "not_assessed"}, 1),
        ({"class": "heavy"}, 0),
        ({"slum_area": "kampung-uji"}, 2),
        ({"region": "19.05.01.1001", "year": 2025, "rule_set": NEW, "class": "light"}, 1),
        ({"search": "kampung lain"}, 1),
        ({"is_made_up": "true"}, 0),
    ],
)
def test_baselines_are_found_by_place_year_and_class(api, baseline, elsewhere, query, count):
    factories.BaselineFactory(unit=baseline.unit, year=2024, building_irregular=None)
    answer = api("planner").get(address("baselines"), query)
    assert (answer.status_code, answer.json()["count"]) == (200, count)


@pytest.mark.parametrize(
    ("query", "count"),
    [
        ({"level": "area"}, 2),
        ({"level": "village", "region": "19.05.01.1001"}, 1),
        ({"region": "19.05.01.1001"}, 2),
        ({"region": "19.05.01"}, 5),
        ({"level": "regency", "class": "light"}, 1),
        ({"class": "not_assessed"}, 0),
        ({"year": 2024}, 0),
        ({"year": 2025, "rule_set": NEW}, 6),
    ],
)
def test_results_are_found_by_level_place_and_class(api, baseline, elsewhere, query, count):
    answer = api("planner").get(address("assessments"), query)
    assert (answer.status_code, answer.json()["count"]) == (200, count)


@pytest.mark.parametrize(
    "query",
    ["?page=0", "?page=x", "?page=99999999999999999999", "?ordering=password", "?page_size=0", "?ordering=-key,-name"],
)
def test_odd_questions_get_an_answer(api, records, query):
    program = api("planner")
    for name in COLLECTIONS:
        assert program.get(f"{address(name)}{query}").status_code in (200, 404), name


@pytest.mark.parametrize("year", ["abc", "1", "99999", "2019.5", "-1", "%00"])
def test_a_year_that_cannot_be_is_named(api, records, year):
    program = api("planner")
    for name in ("baselines", "assessments", "slum-areas", "works", "decrees", "assessment-years", "imports"):
        answer = program.get(f"{address(name)}?year={year}")
        assert (answer.status_code, list(answer.json())) == (400, ["year"]), name


@pytest.mark.parametrize(
    ("name", "query"),
    [
        ("baselines", "class=unknown"),
        ("baselines", "region=99.99"),
        ("baselines", "rule_set=x"),
        ("baselines", "search=%00"),
        ("assessments", "level=province"),
        ("assessments", "region=x"),
        ("slum-areas", "class=x"),
        ("slum-areas", "kind=x"),
        ("neighbourhoods", "region=x"),
        ("works", "criterion=x"),
        ("imports", "state=entah"),
        ("imports", "rule_set=x"),
        ("reported-hectares", "group=x"),
    ],
)
def test_a_wrong_filter_is_named(api, records, name, query):
    answer = api("planner").get(f"{address(name)}?{query}")
    assert (answer.status_code, list(answer.json())) == (400, [query.split("=")[0]])


@pytest.mark.parametrize(("ordering", "first"), [("year", 2024), ("-year", 2025)])
def test_the_order_has_the_names_of_the_objects(api, baseline, ordering, first):
    factories.BaselineFactory(unit=baseline.unit, year=2024)
    assert rows(api("planner").get(address("baselines"), {"ordering": ordering}))[0]["year"] == first


# --- results -----------------------------------------------------------------------------------------------


def test_a_result_shows_sums_and_what_follows_from_them(api, baseline, area):
    second = factories.NeighbourhoodUnitFactory(region=baseline.unit.region, slum_area=area)
    factories.BaselineFactory(unit=second)
    row = api("planner").get(address("assessments", f"2025-{NEW}-area-{area.slug}")).json()
    assert (row["level"], row["slum_area"], row["region"], row["name"]) == ("area", area.slug, None, area.name)
    assert (row["year"], row["rule_set"], row["status"]) == (2025, NEW, "draft")
    assert row["denominators"]["verified_area_ha"] == "5.5"
    assert row["numerators"]["building_irregular"] == "80"
    assert set(row["numerators"]) == set(row["percent"]) == set(row["score"])
    assert (row["total"], row["class"], row["unit_count"]) == (BASELINE_TOTAL, BASELINE_CLASS, 2)
    assert row["hectares"]["a"] == {
        "heavy": "0",
        "moderate": "0",
        "light": "5.5",
        "not_slum": "0",
        "not_assessed": "0",
    }
    assert set(row["changes"]["b"]) == {"works", "delineation", "rule", "correction", "missing"}
    assert row["sector_average"] == api("planner").get(address("baselines", baseline.pk)).json()["sector_average"]


@pytest.mark.parametrize(
    "key",
    [
        f"2024-{NEW}-area-kampung-uji",
        f"2025-{OLD}-area-kampung-uji",
        f"2025-{NEW}-village-kampung-uji",
        f"2025-{NEW}-area-tidak-ada",
        f"2025-{NEW}-area-",
        "2025",
        "x",
    ],
)
def test_a_result_that_is_not_there(api, baseline, key):
    assert api("planner").get(address("assessments", key)).status_code == 404


def test_every_result_is_found_by_its_key(api, baseline, elsewhere):
    program = api("planner")
    for row in rows(program.get(address("assessments"))):
        assert program.get(address("assessments", row["key"])).json()["name"] == row["name"]


# --- years -------------------------------------------------------------------------------------------------


def test_a_year_moves_by_its_verbs(api, baseline):
    key, verifier = f"2025-{NEW}", api("verifier")
    assert verifier.post(address("assessment-years", key, "lock")).status_code == 409
    assert verifier.post(address("assessment-years", key, "verify")).json()["status"] == "verified"
    assert verifier.post(address("assessment-years", key, "verify")).status_code == 409
    assert verifier.post(address("assessment-years", key, "lock")).json()["status"] == "locked"
    for sent in ({}, {"reason": ""}, {"reason": "  "}, {"reason": "x" * 1001}):
        answer = verifier.post(address("assessment-years", key, "reopen"), sent, format="json")
        assert (answer.status_code, list(answer.json())) == (400, ["reason"])
    answer = verifier.post(address("assessment-years", key, "reopen"), {"reason": "Salah catat."}, format="json")
    assert answer.json()["status"] == "draft"
    steps = [(step["verb"], step["by"], step["reason"]) for step in answer.json()["status_changes"]]
    assert steps == [("verify", "verifier", ""), ("lock", "verifier", ""), ("reopen", "verifier", "Salah catat.")]


@pytest.mark.parametrize(
    ("role", "code"),
    [
        ("planner", 403),
        ("pokja_member", 403),
        ("opd_user", 403),
        ("village_user", 403),
        ("viewer", 404),
        (None, 401),
    ],
)
def test_only_a_verifier_moves_a_year(api, baseline, role, code):
    program = api(role)
    for verb in ("verify", "lock", "reopen"):
        answer = program.post(address("assessment-years", f"2025-{NEW}", verb), {"reason": "x"}, format="json")
        assert answer.status_code == code, verb
        assert AssessmentYear.objects.get().status == "draft", verb


@pytest.mark.parametrize("verb", ["verify", "lock", "reopen"])
def test_looking_moves_nothing(api, baseline, verb):
    assert api("verifier").get(address("assessment-years", f"2025-{NEW}", verb)).status_code == 405


def test_readers_do_not_learn_who_moved_a_year(api, baseline):
    api("verifier").post(address("assessment-years", f"2025-{NEW}", "verify"))
    assert api("viewer").get(address("assessment-years", f"2025-{NEW}")).json()["status_changes"] == []


# --- areas -------------------------------------------------------------------------------------------------


def test_an_area_is_made_and_changed(api, village):
    program = api("planner")
    sent = {"name": "Tanjung Uji", "kind": "prevention", "villages": [village.code], "is_tenure_clear": False}
    answer = program.post(address("slum-areas"), sent, format="json")
    assert answer.status_code == 201, answer.json()
    assert (answer.json()["key"], answer.json()["is_legal"], answer.json()["assessment"]) == (
        "tanjung-uji",
        False,
        None,
    )
    other = factories.VillageFactory()
    answer = program.patch(address("slum-areas", "tanjung-uji"), {"villages": [other.code]}, format="json")
    assert answer.json()["villages"] == [other.code]
    assert list(SlumArea.objects.get().villages.all()) == [other]


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 151}, "name"),
        ({"villages": []}, "villages"),
        ({"villages": ["19.05"]}, "villages"),
        ({"villages": "19.05.01.1001"}, "villages"),
        ({"kind": "x"}, "kind"),
        ({"is_strategic": 3}, "is_strategic"),
    ],
)
def test_a_wrong_area_is_refused(api, village, sent, wrong):
    answer = api("planner").post(
        address("slum-areas"), {"name": "Uji", "villages": [village.code], **sent}, format="json"
    )
    assert answer.status_code == 400
    assert wrong in answer.json()
    assert not SlumArea.objects.exists()


def test_an_area_keeps_the_villages_of_its_neighbourhoods(api, baseline, area):
    other = factories.VillageFactory()
    answer = api("planner").patch(address("slum-areas", area.slug), {"villages": [other.code]}, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["villages"])
    assert [one.code for one in area.villages.all()] == ["19.05.01.1001"]


def test_a_village_has_one_area_of_a_name(api, area):
    village, elsewhere = area.villages.get(), factories.VillageFactory()
    other = factories.SlumAreaFactory(name="Lain", villages=[village])
    far = factories.SlumAreaFactory(name=area.name, villages=[elsewhere])
    program, before = api("planner"), list(SlumArea.objects.values())
    new = {"name": f" {area.name.upper()}", "kind": "prevention", "villages": [village.code]}
    for answer in (
        program.post(address("slum-areas"), new, format="json"),
        program.patch(address("slum-areas", other.slug), {"name": area.name}, format="json"),
        program.patch(address("slum-areas", far.slug), {"villages": [village.code]}, format="json"),
    ):
        assert (answer.status_code, list(answer.json())) == (400, ["name"])
    assert list(SlumArea.objects.values()) == before
    assert list(far.villages.all()) == [elsewhere]
    assert program.patch(address("slum-areas", area.slug), {"name": area.name}, format="json").status_code == 200


def test_what_others_refer_to_is_not_deleted(api, baseline, area):
    for name, key in (("slum-areas", area.slug), ("neighbourhoods", baseline.unit.pk)):
        answer = api("admin").delete(address(name, key))
        assert (answer.status_code, list(answer.json())) == (409, ["detail"])
    assert SlumArea.objects.exists()


def test_an_area_shows_the_result_of_the_year_that_is_asked_for(api, baseline):
    factories.BaselineFactory(unit=baseline.unit, year=2024, fire_equipment=0)
    program = api("planner")

    def shown(**query):
        result = rows(program.get(address("slum-areas"), query))[0]["assessment"]
        return result and (result["year"], result["total"])

    assert shown() == (2025, BASELINE_TOTAL)
    assert shown(year=2024) == (2024, BASELINE_TOTAL - 5)
    assert shown(year=2023) is None
    assert shown(year=2025, rule_set=OLD) is None
    assert rows(program.get(address("slum-areas"), {"class": "heavy"})) == []
    assert len(rows(program.get(address("slum-areas"), {"class": "light", "year": 2024}))) == 1


# --- areas on a map ----------------------------------------------------------------------------------------


def geojson(program, url, **query):
    answer = program.get(url, {"format": "geojson", **query})
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "application/geo+json")
    return json.loads(answer.content)


def test_areas_as_geojson_have_the_list_as_properties(api, baseline, area):
    drawn = factories.AreaBoundaryFactory(slum_area=area)
    program = api("planner")
    found = geojson(program, address("slum-areas"))
    assert set(found) == {"type", "features"}
    assert found["type"] == "FeatureCollection"
    feature = found["features"][0]
    assert set(feature) == {"type", "id", "geometry", "properties"}
    assert (feature["type"], feature["id"], feature["geometry"]) == ("Feature", area.slug, drawn.geometry)
    assert feature["properties"] == rows(program.get(address("slum-areas")))[0]
    assert geojson(program, address("slum-areas", area.slug)) == feature


def test_the_boundary_is_the_latest_up_to_the_year(api, area):
    for year, size in ((2020, 0.01), (2024, 0.02)):
        ring = [[105, -2], [105 + size, -2], [105, -2 + size], [105, -2]]
        shape = {"type": "Polygon", "coordinates": [ring]}
        factories.AreaBoundaryFactory(slum_area=area, year=year, geometry=shape)

    def width(**query):
        geometry = geojson(api("planner"), address("slum-areas"), **query)["features"][0]["geometry"]
        return geometry and geometry["coordinates"][0][1][0]

    assert width(year=2019) is None
    assert (width(year=2020), width(year=2023), width(year=2024), width()) == (105.01, 105.01, 105.02, 105.02)


def test_the_map_holds_all_areas_unless_a_page_is_asked_for(api, village):
    factories.SlumAreaFactory.create_batch(53, villages=[village])
    program = api("viewer")
    assert len(geojson(program, address("slum-areas"))["features"]) == 53
    page = geojson(program, address("slum-areas"), page_size=2)
    assert (len(page["features"]), page["count"], page["previous"]) == (2, 53, None)
    assert "format=geojson" in page["next"]
    assert geojson(program, address("slum-areas"), search="tidak ada")["features"] == []


def test_the_media_type_asks_for_the_same(api, area):
    answer = api("planner").get(address("slum-areas"), headers={"accept": "application/geo+json"})
    assert answer.headers["Content-Type"] == "application/geo+json"


@pytest.mark.parametrize(
    ("role", "url", "code"),
    [
        (None, "", 401),
        ("planner", "?year=x", 400),
        ("planner", "tidak-ada/", 404),
        ("planner", "?page=99", 404),
    ],
)
def test_errors_of_a_map_are_those_of_a_list(api, area, role, url, code):
    joint = "&" if "?" in url else "?"
    answer = api(role).get(f"{address('slum-areas')}{url}{joint}format=geojson")
    assert (answer.status_code, answer.headers["Content-Type"]) == (code, "application/json")
    assert list(answer.json()) in (["detail"], ["year"])


def test_only_what_is_read_has_a_form_for_maps(api, area):
    answer = api("planner").patch(f"{address('slum-areas', area.slug)}?format=geojson", {"name": "x"}, format="json")
    assert answer.status_code == 404
    assert api("planner").get(f"{address('baselines')}?format=geojson").status_code == 404
    area.refresh_from_db()
    assert area.name != "x"


# --- neighbourhoods, works, decrees, hectares ---------------------------------------------------------------


def test_a_neighbourhood_is_recorded_once_however_it_is_written(api, village, area):
    program = api("village_user")
    sent = {"region": village.code, "rw": "RW 02", "rt": "RT 003", "slum_area": area.slug}
    answer = program.post(address("neighbourhoods"), sent, format="json")
    assert answer.status_code == 201, answer.json()
    assert (answer.json()["rw"], answer.json()["rt"], answer.json()["label"]) == ("2", "3", "RT 3 RW 2")
    answer = program.post(address("neighbourhoods"), {**sent, "rw": "2", "rt": "3"}, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["detail"])
    assert rows(program.get(address("neighbourhoods"), {"rt": "RT 03"}))[0]["rt"] == "3"


@pytest.mark.parametrize("sent", [{"region": OTHER_VILLAGE}, {"rw": "", "rt": ""}])
def test_a_neighbourhood_with_baselines_stays_what_and_where_it_is(api, baseline, sent):
    factories.VillageFactory(code=OTHER_VILLAGE)
    NeighbourhoodUnit.objects.update(slum_area=None)
    answer = api("planner").patch(address("neighbourhoods", baseline.unit.pk), sent, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["region"])


def test_a_neighbourhood_lies_in_no_area_of_another_village(api, baseline, elsewhere):
    sent = {"slum_area": elsewhere.slum_area.slug}
    answer = api("planner").patch(address("neighbourhoods", baseline.unit.pk), sent, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["slum_area"])


def test_a_neighbourhood_takes_its_drafts_into_another_area(api, baseline, area):
    other = factories.SlumAreaFactory(villages=[baseline.unit.region])
    answer = api("planner").patch(address("neighbourhoods", baseline.unit.pk), {"slum_area": other.slug}, format="json")
    assert answer.status_code == 200
    assert Assessment.objects.get(level="area").slum_area == other


def test_works_are_recorded_for_a_neighbourhood(api, baseline):
    sent = {
        "neighbourhood": baseline.unit.pk,
        "year": 2025,
        "criterion": "road_surface",
        "activity": "Paving jalan",
        "volume": "120.5",
        "cost": "75000000",
    }
    program = api("planner")
    answer = program.post(address("works"), sent, format="json")
    assert answer.status_code == 201, answer.json()
    assert (answer.json()["volume"], answer.json()["cost"], answer.json()["rt"]) == ("120.5", "75000000", "2")
    for name, wrong in (("volume", "0"), ("volume", None), ("cost", "-1"), ("criterion", "x"), ("year", 1900)):
        answer = program.post(address("works"), {**sent, name: wrong}, format="json")
        assert answer.status_code == 400
        assert set(answer.json()) <= {name, "detail"}
    counted = {**sent, "criterion": "water_access", "volume": "2.5"}
    assert list(program.post(address("works"), counted, format="json").json()) == ["volume"]
    again = program.post(address("works"), sent, format="json")
    assert (again.status_code, list(again.json())) == (400, ["detail"])
    assert Work.objects.count() == 1


def test_works_of_a_settled_year_are_a_conflict(api, baseline):
    work = factories.WorkFactory(unit=baseline.unit)
    put_in("locked")
    before, program = stored(), api("planner")
    sent = {
        "neighbourhood": baseline.unit.pk,
        "year": 2025,
        "criterion": "road_surface",
        "activity": "Paving",
        "volume": "1",
    }
    url = address("works", work.pk)
    for answer in (
        program.post(address("works"), sent, format="json"),
        program.patch(url, {"volume": "9"}, format="json"),
        program.delete(url),
    ):
        assert (answer.status_code, list(answer.json())) == (409, ["detail"])
        assert "2025" in answer.json()["detail"]
    assert stored() == before


def test_a_decree_names_its_areas_as_a_whole(api, area, village):
    program = api("planner")
    other = factories.SlumAreaFactory(villages=[village])
    sent = {
        "number": "188.45/1/UJI/2024",
        "year": 2024,
        "areas": [{"slum_area": area.slug, "hectares": "2.5"}, {"slum_area": other.slug}],
    }
    made = program.post(address("decrees"), sent, format="json")
    assert made.status_code == 201, made.json()
    assert made.json()["areas"] == [
        {"slum_area": area.slug, "hectares": "2.5"},
        {"slum_area": other.slug, "hectares": None},
    ]
    url = address("decrees", made.json()["key"])
    assert len(program.patch(url, {"title": "Penetapan"}, format="json").json()["areas"]) == 2
    changed = program.patch(url, {"areas": [{"slum_area": other.slug, "hectares": "3"}]}, format="json")
    assert changed.json()["areas"] == [{"slum_area": other.slug, "hectares": "3"}]
    for wrong in ([{"slum_area": other.slug}] * 2, [{"slum_area": "x"}], [{"slum_area": area.slug, "hectares": "0"}]):
        assert program.patch(url, {"areas": wrong}, format="json").status_code == 400
    assert program.patch(url, {"issued_on": "2023-01-01"}, format="json").status_code == 400
    assert [row["hectares"] for row in program.get(url).json()["areas"]] == ["3"]


def test_a_figure_stands_once_for_its_group_and_year(api, records):
    figure = ReportedHectares.objects.get()
    sent = {"group": figure.group.slug, "year": figure.year, "hectares": "1", "source": "Uji"}
    assert api("planner").post(address("reported-hectares"), sent, format="json").status_code == 400
    answer = api("planner").post(address("reported-hectares"), {**sent, "kind": "target"}, format="json")
    assert (answer.status_code, answer.json()["hectares"]) == (201, "1")
    assert api("planner").delete(address("reporting-groups", figure.group.slug)).status_code == 409


def test_a_group_is_made_of_regions(api, village):
    sent = {"key": "jebus-parittiga", "name": "Jebus dan Parittiga", "regions": ["19.05.01"]}
    program = api("planner")
    assert program.post(address("reporting-groups"), sent, format="json").status_code == 201
    assert program.post(address("reporting-groups"), sent, format="json").status_code == 400
    assert program.post(address("reporting-groups"), {**sent, "key": "x y"}, format="json").status_code == 400
    changed = program.patch(address("reporting-groups", sent["key"]), {"name": "Lain"}, format="json").json()
    assert changed == {**sent, "name": "Lain"}


# --- cost --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("name", "query"), [*((name, "") for name in COLLECTIONS), ("slum-areas", "?format=geojson")])
def test_the_number_of_queries_does_not_grow(api, village, name, query):
    program, counted = api("village_user"), []
    for number in (1, 3):
        for _copy in range(number):
            area = factories.SlumAreaFactory(villages=[village, factories.VillageFactory()])
            factories.AreaBoundaryFactory(slum_area=area)
            factories.DecreeAreaFactory(slum_area=area)
            factories.ReportedHectaresFactory(decree=factories.DecreeFactory())
            unit = factories.NeighbourhoodUnitFactory(region=village, slum_area=area)
            factories.BaselineFactory(unit=unit)
            factories.WorkFactory(unit=unit)
            factories.ImportFactory(region=village)
        AssessmentYear.objects.get_or_create(year=2020 + number, rule_set=NEW)
        with CaptureQueriesContext(connection) as queries:
            assert program.get(f"{address(name)}{query}").status_code == 200
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_regions_of_other_places_stay_as_they_are(api, elsewhere):
    """A region is no door to rows: what lies in it is asked for with the same rights."""
    assert Region.objects.filter(code=OTHER_VILLAGE).exists()
    assert rows(api("village_user").get(address("neighbourhoods"), {"region": "19.05"})) == []
