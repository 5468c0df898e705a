"""Entering areas, boundaries, neighbourhoods, baselines and works: who may, what is refused, and that nothing is lost."""

import io
import json
import re
from decimal import Decimal

import pytest
from django.apps import apps
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import translation
from django.utils.formats import get_format
from django.utils.html import escape
from django.utils.http import urlencode
from django.utils.translation import gettext
from PIL import Image

from slumareas import checking, scoring
from slumareas.forms import plain_number, shown_percent, typed_number
from slumareas.models import (
    AreaBoundary,
    Assessment,
    AssessmentYear,
    Baseline,
    Decree,
    DecreeArea,
    NeighbourhoodUnit,
    SlumArea,
    Work,
)
from tests import factories
from tests.factories import BASELINE_VALUES

LOOKERS = ["verifier", "pokja_member", "opd_user"]
UNCONFIRMED = "Not saved yet: please look at the warnings. Correct the numbers, or confirm them below."
LOCKED = "%(year)s is %(status)s. Ask a verifier to reopen it before changing anything."


@pytest.fixture
def area(village):
    return factories.SlumAreaFactory(name="Kampung Uji", villages=[village])


@pytest.fixture
def unit(village, area):
    return factories.NeighbourhoodUnitFactory(region=village, rw="1", rt="1", slum_area=area)


@pytest.fixture
def foreign_unit(db):
    return factories.NeighbourhoodUnitFactory(rw="1", rt="1")


def address(name, *args, **query):
    return reverse(f"slumareas:{name}", args=args) + (f"?{urlencode(query)}" if query else "")


def form_of(unit, year=2025, **query):
    return address("baseline_create", unit=unit.pk, year=year, **query)


def typed(**changed):
    """The form as a person fills it in, with decimal commas."""
    return {**{key: f"{value:f}".replace(".", ",") for key, value in BASELINE_VALUES.items()}, **changed}


def stored():
    """Everything that the app holds, history included."""
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in apps.get_app_config("slumareas").get_models()}  # fmt: skip


def words(sentence, **values):
    with translation.override("id"):
        return escape(gettext(sentence) % values if values else gettext(sentence))


def text(answer):
    return answer.content.decode()


def errors(answer, name="form"):
    return {field: len(found) for field, found in answer.context[name].errors.items()}


def value_of(answer, name):
    return answer.context["form"][name].value()


# --- numbers as people write them -----------------------------------------------------------------------------

BOTH = ["id", "en"]
NUMBERS = [
    ("2,75", BOTH, "2.75"),
    ("2.75", BOTH, "2.75"),
    ("0,123", BOTH, "0.123"),
    ("0.123", BOTH, "0.123"),
    ("1.234", ["id"], "1234"),
    ("1.234", ["en"], "1.234"),
    ("1,234", ["id"], "1.234"),
    ("1,234", ["en"], "1234"),
    ("1.234,5", BOTH, "1234.5"),
    ("1,234.5", BOTH, "1234.5"),
    ("1.234.567", BOTH, "1234567"),
    ("12.3456", BOTH, "12.3456"),
    (" 55 ", BOTH, "55"),
    ("-3", BOTH, "-3"),
    ("−0,5", BOTH, "-0.5"),
    (",5", BOTH, "0.5"),
    ("5,", BOTH, "5"),
    ("0", BOTH, "0"),
]
NO_NUMBERS = [
    "+5",
    "-",
    ",",
    "12 5",
    "1.2.3",
    "1,2,3",
    "1.234,5,6",
    "1.23,456.7",
    "12a",
    "1e3",
    "½",
    "٣",
    "NaN",
    "1" * 41,
]


@pytest.mark.parametrize(
    ("written", "language", "number"),
    [(written, language, number) for written, languages, number in NUMBERS for language in languages],
)
def test_a_number_is_read_as_it_is_meant(written, language, number):
    with translation.override(language):
        assert typed_number(written, get_format("DECIMAL_SEPARATOR")) == Decimal(number)


@pytest.mark.parametrize("written", NO_NUMBERS)
@pytest.mark.parametrize("separator", [",", "."])
def test_what_is_no_number_is_not_guessed(written, separator):
    with pytest.raises(ValueError, match=re.escape(written)):
        typed_number(written, separator)


def test_nothing_is_no_number():
    with pytest.raises(ValueError, match="^$"):
        typed_number("", ",")


@pytest.mark.parametrize("language", BOTH)
@pytest.mark.parametrize("number", ["1.234", "1234", "1234.5", "0.000001", "1.62", "100", "0", "-3.5", "12345.678"])
def test_what_the_form_shows_is_read_back_as_the_same_number(number, language):
    with translation.override(language):
        assert typed_number(plain_number(Decimal(number)), get_format("DECIMAL_SEPARATOR")) == Decimal(number)


@pytest.mark.parametrize(
    ("numerator", "denominator", "shown"),
    [
        ("1", "3", "33,33"),
        ("2", "3", "66,67"),
        ("75999", "100000", "75,999"),
        ("7599999", "10000000", "75,99999"),
        ("76", "100", "76,00"),
        ("50.999", "100", "50,999"),
        ("24.9951", "100", "24,995"),
        ("-3", "55", "-5,45"),
        ("300", "100", "300,00"),
        ("12", "1", "1.200,00"),
        ("0", "0", "0,00"),
    ],
)
def test_no_per_cent_is_shown_that_would_score_otherwise(numerator, denominator, shown):
    with translation.override("id"):
        assert shown_percent(Decimal(numerator), Decimal(denominator)) == shown


def test_the_script_gets_the_rule_with_the_page_and_holds_no_threshold_itself(unit, as_role):
    page = text(as_role("planner").get(form_of(unit)))
    scheme = json.loads(re.search(r'<script id="scheme" type="application/json">(.*?)</script>', page)[1])
    rules = scoring.RULE_SETS[scoring.PERMEN_14_2018]
    assert scheme["cuts"] == [list(cut) for cut in scoring.CUTS]
    assert scheme["bands"] == [list(band) for band in rules.bands]
    assert scheme["criteria"] == [{"key": one.key, "whole": one.denominator} for one in rules.criteria]
    assert (scheme["decimal"], scheme["thousands"]) == (",", ".")
    script = (settings.BASE_DIR / "static" / "js" / "baseline.js").read_text(encoding="utf-8")
    thresholds = {str(least) for least, _reached in (*scoring.CUTS, *rules.bands)}
    assert thresholds.isdisjoint(re.findall(r"\d+", script))


# --- who may ------------------------------------------------------------------------------------------------


@pytest.fixture
def world(unit, area, foreign_unit, as_role):
    baseline = factories.BaselineFactory(unit=unit)
    boundary = factories.AreaBoundaryFactory(slum_area=area)
    work = factories.WorkFactory(unit=unit)
    return {
        "area_create": address("area_create"),
        "area_edit": address("area_edit", area.slug),
        "area_boundaries": address("area_boundaries", area.slug),
        "boundary_delete": address("boundary_delete", area.slug, boundary.pk),
        "neighbourhood_create": address("neighbourhood_create"),
        "neighbourhood_edit": address("neighbourhood_edit", unit.pk),
        "baseline_create": form_of(unit, 2026, rule_set=scoring.PERMEN_14_2018),
        "baseline_edit": address("baseline_edit", baseline.pk),
        "baseline_delete": address("baseline_delete", baseline.pk),
        "work_create": address("work_create", unit=unit.pk),
        "work_edit": address("work_edit", work.pk),
        "work_delete": address("work_delete", work.pk),
    }


MAY = {
    "planner": {},
    "admin": {},
    "village_user": {
        "area_create": 403, "area_edit": 403, "area_boundaries": 200, "boundary_delete": 403, "baseline_delete": 403,
        "work_create": 403, "work_edit": 403, "work_delete": 403,
    },
    "viewer": {
        "area_create": 403, "area_edit": 403, "area_boundaries": 200, "boundary_delete": 403,
        "neighbourhood_create": 403, "neighbourhood_edit": 404, "baseline_create": 404, "baseline_edit": 404,
        "baseline_delete": 404, "work_create": 404, "work_edit": 404, "work_delete": 404,
    },
}  # fmt: skip


@pytest.mark.parametrize("role", [*MAY, *LOOKERS])
def test_each_role_opens_the_forms_that_it_may_use(world, as_role, role):
    expected = MAY.get(role, {name: 403 for name in world if name != "area_boundaries"})
    client = as_role(role)
    assert {name: client.get(url).status_code for name, url in world.items()} == {
        name: expected.get(name, 200) for name in world
    }


@pytest.mark.parametrize("role", ["village_user", "viewer", *LOOKERS])
def test_what_may_not_be_opened_may_not_be_sent_either(world, as_role, role):
    expected = MAY.get(role, dict.fromkeys(world, 403))
    refused = {name: code for name, code in expected.items() if code != 200} | {"area_boundaries": 403}
    client, before = as_role(role), stored()
    assert {name: client.post(world[name], typed(name="Uji")).status_code for name in refused} == refused
    assert stored() == before


def test_the_anonymous_are_sent_to_the_login(world, client):
    before = stored()
    for url in world.values():
        for ask in (client.get, client.post):
            assert ask(url).headers["Location"].startswith("/accounts/login/")
    assert stored() == before


def test_another_village_does_not_exist_for_a_village_user(foreign_unit, as_role):
    baseline = factories.BaselineFactory(unit=foreign_unit)
    client, before = as_role("village_user"), stored()
    for url in (
        form_of(foreign_unit, 2026),
        address("baseline_edit", baseline.pk),
        address("baseline_photo", baseline.pk),
        address("neighbourhood_edit", foreign_unit.pk),
    ):
        assert client.get(url).status_code == 404, url
        assert client.post(url, typed()).status_code == 404, url
    assert stored() == before


def test_a_village_user_cannot_put_a_neighbourhood_into_another_village(unit, foreign_unit, as_role):
    client, before = as_role("village_user"), stored()
    there = {"region": foreign_unit.region.code, "rt": "9", "rw": "1"}
    for url in (address("neighbourhood_create"), address("neighbourhood_edit", unit.pk)):
        assert "region" in errors(client.post(url, there))
    assert stored() == before


@pytest.mark.parametrize("number", ["x", "0", "-1", "99999999999999999999999", "1' OR 1=1"])
def test_a_neighbourhood_that_is_none_is_not_found(as_role, people, number):
    assert as_role("planner").get(address("baseline_create", unit=number, year=2025)).status_code == 404


# --- which neighbourhood, which year --------------------------------------------------------------------------


def test_one_is_led_from_village_to_neighbourhood_to_year(unit, foreign_unit, as_role):
    client = as_role("planner")
    page = client.get(address("baseline_create"))
    assert not page.context["form"].has_units
    page = client.get(address("baseline_create", village=unit.region.code))
    assert list(page.context["form"].fields["unit"].queryset) == [unit]
    assert errors(page) == {}


def test_a_village_user_is_asked_for_no_village(unit, foreign_unit, as_role):
    form = as_role("village_user").get(address("baseline_create")).context["form"]
    assert list(form.fields["unit"].queryset) == [unit]
    assert list(form.fields["village"].queryset) == [unit.region]


@pytest.mark.parametrize("year", ["", "1999", "2101", "abc", "-5"])
def test_a_year_out_of_range_is_refused_at_its_field(unit, as_role, year):
    client, before = as_role("planner"), stored()
    for answer in (client.get(form_of(unit, year)), client.post(form_of(unit, year), typed())):
        assert "year" in errors(answer)
    assert stored() == before


def test_only_who_plans_begins_a_year(unit, as_role):
    before = stored()
    answer = as_role("village_user").post(form_of(unit, 2026), typed())
    assert words("This year is not open for entry. Ask the planner to begin it.") in text(answer)
    assert stored() == before
    as_role("planner").post(form_of(unit, 2026), typed())
    assert list(AssessmentYear.objects.values_list("year", "rule_set")) == [(2026, scoring.PERMEN_14_2018)]


def test_a_refused_baseline_leaves_no_year_behind(unit, as_role):
    assert as_role("planner").post(form_of(unit, 2026), typed(building_count="x")).status_code == 200
    assert not AssessmentYear.objects.exists()


@pytest.mark.parametrize(
    ("year", "rule_set"),
    [(2018, scoring.PERMEN_2_2016), (2019, scoring.PERMEN_14_2018), (2024, scoring.PERMEN_14_2018)],
)
def test_each_year_asks_for_the_criteria_of_its_rule_set(unit, as_role, year, rule_set):
    form = as_role("planner").get(form_of(unit, year)).context["form"]
    asked = [key for key in form.fields if key in scoring.CRITERIA]
    assert asked == [one.key for one in scoring.RULE_SETS[rule_set].criteria]


@pytest.mark.parametrize("number", [1, 60])
def test_queries_do_not_grow_with_neighbourhoods(unit, as_role, django_assert_num_queries, number):
    factories.NeighbourhoodUnitFactory.create_batch(number, region=unit.region)
    factories.BaselineFactory(unit=unit, year=2024)
    client = as_role("planner")
    with django_assert_num_queries(14):
        assert client.get(form_of(unit)).status_code == 200
    with django_assert_num_queries(13):
        assert client.get(address("baseline_create", village=unit.region.code)).status_code == 200


# --- baselines: stored as typed ---------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["planner", "village_user"])
def test_a_baseline_is_stored_as_typed_and_scored(unit, area, as_role, people, role):
    factories.AssessmentYearFactory()
    answer = as_role(role).post(
        form_of(unit), typed(note="Catatan uji", source="Survei uji", open_space_m2="150,5", open_space_kind="park")
    )
    baseline = Baseline.objects.get()
    assert (answer.status_code, answer.headers["Location"]) == (302, baseline.get_absolute_url())
    expected = BASELINE_VALUES | {"open_space_m2": Decimal("150.5")}
    assert {key: value for key, value in baseline.values.items() if value is not None} == expected
    assert (baseline.total, baseline.slum_class) == (factories.BASELINE_TOTAL, factories.BASELINE_CLASS)
    assert (baseline.note, baseline.source, baseline.open_space_kind) == ("Catatan uji", "Survei uji", "park")
    assert baseline.history.get().history_user == people[role]
    assert Assessment.objects.get(slum_area=area).total == factories.BASELINE_TOTAL


@pytest.mark.parametrize(
    ("written", "kept"), [("0,7512345", "0.751235"), ("2.75", "2.75"), ("1,000", "1"), ("0,0000005", "0.000001")]
)
def test_further_digits_are_rounded_half_up(unit, as_role, written, kept):
    as_role("planner").post(form_of(unit), typed(drainage_flooding=written, building_density="0"))
    assert Baseline.objects.get().drainage_flooding == Decimal(kept)


def test_english_pages_take_a_comma_too_and_never_a_hundredfold(unit, as_role):
    client = as_role("planner")
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    client.post(form_of(unit), typed())
    assert Baseline.objects.get().verified_area_ha == Decimal("2.75")


def test_the_result_stands_beside_the_fields_without_a_script(unit, as_role):
    answer = as_role("planner").post(form_of(unit), typed(building_count="x"))
    measures = {one.field.name: one for group in answer.context["aspects"] for one in group["measures"]}
    assert (measures["road_surface"].percent, measures["road_surface"].score) == ("52,50", 3)
    assert (measures["building_irregular"].percent, measures["building_irregular"].score) == ("", None)
    assert answer.context["result"].total is None
    baseline = factories.BaselineFactory(unit=unit)
    assert as_role("planner").get(address("baseline_edit", baseline.pk)).context["result"].total == 32


def test_the_year_before_stands_beside_each_field_and_can_be_taken_over(unit, as_role):
    factories.BaselineFactory(unit=unit, year=2024, road_surface=Decimal("411.5"))
    factories.BaselineFactory(unit=unit, year=2023, road_surface=Decimal(1))
    client = as_role("planner")
    page = client.get(form_of(unit))
    measures = {one.field.name: one for group in page.context["aspects"] for one in group["measures"]}
    assert measures["road_surface"].previous == "411,5"
    assert 'data-value="411,5"' in text(page)
    assert value_of(page, "road_surface") is None
    assert page.context["take_query"] in text(page).replace("&amp;", "&")
    assert value_of(client.get(f"?{page.context['take_query']}", PATH_INFO=address("baseline_create")), "road_surface") == "411,5"  # fmt: skip


def test_what_works_left_of_a_volume_stands_beside_its_field(unit, as_role):
    earlier = factories.BaselineFactory(unit=unit, year=2023, road_surface=Decimal("411.5"), water_access=None)
    for year, criterion, volume in (
        (2023, "road_surface", 400),  # measured since
        (2024, "road_surface", 100),
        (2025, "road_surface", Decimal("50.5")),
        (2026, "road_surface", 100),  # later than what is entered
        (2024, "waste_facility", 100_000),
        (2024, "water_access", 1),
    ):
        factories.WorkFactory(unit=unit, year=year, criterion=criterion, volume=volume)
    factories.WorkFactory(year=2024, criterion="road_surface", volume=1)
    assert earlier.waste_facility
    page = as_role("planner").get(form_of(unit))
    measures = {one.field.name: one.after_works for group in page.context["aspects"] for one in group["measures"]}
    assert {name: left for name, left in measures.items() if left is not None} == {
        "road_surface": "261",
        "waste_facility": "0",
    }


def test_saving_can_lead_to_the_next_neighbourhood_without_numbers(unit, as_role):
    done = factories.NeighbourhoodUnitFactory(region=unit.region, rw="1", rt="2")
    following = factories.NeighbourhoodUnitFactory(region=unit.region, rw="1", rt="3")
    factories.NeighbourhoodUnitFactory(region=unit.region, rw="", rt="")
    factories.BaselineFactory(unit=done)
    client = as_role("planner")
    answer = client.post(form_of(unit), typed(next=""))
    assert answer.headers["Location"] == form_of(following, 2025, rule_set=scoring.PERMEN_14_2018)
    answer = client.post(form_of(following), typed(next=""))
    assert answer.headers["Location"] == Baseline.objects.get(unit=following).get_absolute_url()


def test_the_whole_village_may_be_as_large_as_a_village(unit, as_role):
    whole = factories.NeighbourhoodUnitFactory(region=unit.region, rw="", rt="")
    large = typed(verified_area_ha="900", building_count="2.500", population="9.000")
    assert "verified_area_ha" in errors(as_role("planner").post(form_of(unit), large))
    assert as_role("planner").post(form_of(whole), large).status_code == 302


# --- baselines: errors ----------------------------------------------------------------------------------------

REFUSED = [
    ({"building_count": "-1"}, ["building_count"]),
    ({"verified_area_ha": "-2"}, ["verified_area_ha"]),
    ({"open_space_m2": "-1"}, ["open_space_m2"]),
    ({"verified_area_ha": "0"}, ["verified_area_ha"]),
    ({"verified_area_ha": "27500"}, ["verified_area_ha"]),  # square metres typed as hectares
    ({"verified_area_ha": "27.500"}, ["verified_area_ha"]),
    ({"household_count": "12500"}, ["household_count"]),
    ({"waste_facility": "99999"}, ["waste_facility"]),
    ({"building_count": "120,5"}, ["building_count"]),
    ({"water_access": "0,5"}, ["water_access"]),
    ({"population": "2.5"}, ["population"]),
    ({"ideal_road_m": "0"}, ["road_coverage", "road_surface"]),
    ({"road_surface": "banyak"}, ["road_surface"]),
    ({"road_surface": "10-20"}, ["road_surface"]),
    ({"road_surface": "9" * 30}, ["road_surface"]),
    ({"open_space_kind": "istana"}, ["open_space_kind"]),
    ({"source": "x" * 201}, ["source"]),
    ({"building_count": "-1", "population": "1,5", "note": "Uji"}, ["building_count", "population"]),
]


@pytest.mark.parametrize(("changed", "fields"), REFUSED, ids=[str(changed) for changed, _fields in REFUSED])
def test_errors_stand_at_their_fields_once_each_and_nothing_is_stored(unit, as_role, changed, fields):
    before = stored()
    answer = as_role("planner").post(form_of(unit), typed(**changed))
    assert answer.status_code == 200
    assert errors(answer) == dict.fromkeys(fields, 1)
    assert stored() == before
    for name, written in typed(**changed).items():
        assert value_of(answer, name) == written


@pytest.mark.parametrize(("changed", "fields"), REFUSED[:6], ids=[str(changed) for changed, _fields in REFUSED[:6]])
def test_a_stored_baseline_is_not_spoilt_either(unit, as_role, changed, fields):
    baseline = factories.BaselineFactory(unit=unit)
    before = stored()
    assert errors(as_role("planner").post(address("baseline_edit", baseline.pk), typed(**changed))) == dict.fromkeys(
        fields, 1
    )
    assert stored() == before


def test_an_error_can_not_be_confirmed_away(unit, as_role):
    before = stored()
    client = as_role("planner")
    seen = value_of(client.post(form_of(unit), typed(building_count="-1")), "warnings_seen")
    client.post(form_of(unit), typed(building_count="-1", confirmed="on", warnings_seen=seen))
    assert stored() == before


# --- baselines: warnings ---------------------------------------------------------------------------------------

WARNED = [
    ({"building_irregular": "-3"}, {("negative_value", "building_irregular")}),
    ({"building_irregular": "121"}, {("above_denominator", "building_irregular")}),
    ({"road_coverage": "400", "road_surface": "400,01"}, {("parts_above_whole", "ideal_road_m")}),
    ({"waste_system": ""}, {("blank_value", "waste_system")}),
    ({"household_count": "500"}, {("implausible", "")}),
]


@pytest.mark.parametrize(("changed", "found"), WARNED, ids=[str(changed) for changed, _found in WARNED])
def test_a_warning_is_asked_about_and_then_stored_as_typed(unit, as_role, changed, found):
    client, before = as_role("planner"), stored()
    answer = client.post(form_of(unit), typed(note="Catatan uji", **changed))
    assert {(one.code, one.field) for one in answer.context["form"].warnings} == found
    assert words(UNCONFIRMED) in text(answer)
    assert stored() == before
    for name, written in typed(note="Catatan uji", **changed).items():
        assert value_of(answer, name) == written
    for code, _field in found:
        assert escape(str(checking.FINDINGS[code][1])) in text(answer)
    seen = value_of(answer, "warnings_seen")
    client.post(form_of(unit), typed(warnings_seen=seen, **changed))  # seen, but not ticked
    assert stored() == before
    assert client.post(form_of(unit), typed(warnings_seen=seen, confirmed="on", **changed)).status_code == 302
    key, written = next(iter(changed.items()))
    assert plain_number(getattr(Baseline.objects.get(), key)) == written


def test_a_tick_without_having_seen_the_warnings_counts_for_nothing(unit, as_role):
    before = stored()
    answer = as_role("planner").post(form_of(unit), typed(building_irregular="-3", confirmed="on"))
    assert not value_of(answer, "confirmed")
    assert stored() == before


def test_warnings_that_are_new_since_are_asked_about_again(unit, as_role):
    client, before = as_role("planner"), stored()
    changed = {"building_irregular": "-3"}
    seen = value_of(client.post(form_of(unit), typed(**changed)), "warnings_seen")
    for more in ({"waste_system": ""}, {"building_irregular": "-30"}):
        answer = client.post(form_of(unit), typed(**{**changed, **more}, warnings_seen=seen, confirmed="on"))
        assert words(UNCONFIRMED) in text(answer)
        assert not value_of(answer, "confirmed")
        assert stored() == before
    seen = value_of(client.post(form_of(unit), typed(**changed, waste_system="")), "warnings_seen")
    fewer = typed(**changed, warnings_seen=seen, confirmed="on")
    assert client.post(form_of(unit), fewer).status_code == 302


def test_a_jump_against_the_year_before_is_a_warning(unit, as_role):
    factories.BaselineFactory(unit=unit, year=2024)
    answer = as_role("planner").post(form_of(unit), typed(building_count="200"))
    assert [(one.code, one.field) for one in answer.context["form"].warnings] == [("year_jump", "building_count")]


def test_all_empty_is_a_warning_at_each_field_not_an_error(unit, as_role):
    client = as_role("planner")
    answer = client.post(form_of(unit), {"note": "Belum diukur"})
    form = answer.context["form"]
    assert list(form.errors) == ["__all__"]
    assert {one.code for one in form.warnings} == {"blank_value"}
    seen = value_of(answer, "warnings_seen")
    client.post(form_of(unit), {"note": "Belum diukur", "confirmed": "on", "warnings_seen": seen})
    baseline = Baseline.objects.get()
    assert set(baseline.values.values()) == {None}
    assert (baseline.total, baseline.slum_class) == (None, "")


def test_what_was_confirmed_before_is_shown_when_it_is_opened_again(unit, as_role):
    baseline = factories.BaselineFactory(unit=unit, building_irregular=Decimal(-3))
    client = as_role("planner")
    page = client.get(address("baseline_edit", baseline.pk))
    assert [one.code for one in page.context["form"].warnings] == ["negative_value"]
    again = typed(
        building_irregular="-3", note="Baru", warnings_seen=value_of(page, "warnings_seen"), confirmed="on",
        seen=value_of(page, "seen"),
    )  # fmt: skip
    assert client.post(address("baseline_edit", baseline.pk), again).status_code == 302
    assert Baseline.objects.get().note == "Baru"


# --- baselines: two people, two clicks, locked years -------------------------------------------------------------


@pytest.mark.parametrize("status", ["verified", "locked"])
def test_a_year_that_is_no_draft_takes_nothing_and_loses_nothing(unit, as_role, status):
    baseline = factories.BaselineFactory(unit=unit)
    other = factories.NeighbourhoodUnitFactory(region=unit.region)
    AssessmentYear.objects.update(status=status)
    before, sentence = stored(), words(LOCKED, year=2025, status=AssessmentYear.objects.get().get_status_display())
    client = as_role("village_user")
    for url in (form_of(other), address("baseline_edit", baseline.pk)):
        answer = client.post(url, typed(note="Lama diketik", building_count="111"))
        assert sentence in text(answer)
        assert (value_of(answer, "note"), value_of(answer, "building_count")) == ("Lama diketik", "111")
    assert stored() == before
    assert client.get(form_of(other)).headers["Location"] == other.get_absolute_url()
    assert client.get(address("baseline_edit", baseline.pk)).headers["Location"] == baseline.get_absolute_url()


def test_a_second_click_on_new_is_told_that_it_is_there(unit, as_role):
    client = as_role("planner")
    client.post(form_of(unit), typed())
    before = stored()
    answer = client.post(form_of(unit), typed(note="Klik kedua"))
    assert words("This neighbourhood already has a baseline for this year and rule set.") in text(answer)
    assert f'href="{Baseline.objects.get().get_absolute_url()}"' in text(answer)
    assert value_of(answer, "note") == "Klik kedua"
    assert stored() == before


def test_opening_new_where_there_is_one_leads_to_it(unit, as_role):
    baseline = factories.BaselineFactory(unit=unit)
    answer = as_role("planner").get(form_of(unit))
    assert answer.headers["Location"] == address("baseline_edit", baseline.pk)


def test_a_second_click_on_save_stores_nothing_twice(unit, as_role):
    baseline = factories.BaselineFactory(unit=unit)
    client, url = as_role("planner"), address("baseline_edit", baseline.pk)
    change = typed(note="Baru", seen=value_of(client.get(url), "seen"))
    client.post(url, change)
    before = stored()
    assert client.post(url, change).headers["Location"] == baseline.get_absolute_url()
    assert stored() == before


def test_of_two_who_save_the_same_row_the_second_is_told(unit, as_role, people):
    baseline = factories.BaselineFactory(unit=unit)
    url = address("baseline_edit", baseline.pk)
    seen = value_of(as_role("planner").get(url), "seen")
    as_role("village_user").post(url, typed(building_irregular="41", seen=seen))
    before = stored()
    client = as_role("planner")
    answer = client.post(url, typed(building_irregular="42", seen=seen))
    assert escape(str(people["village_user"])) in text(answer)
    assert value_of(answer, "building_irregular") == "42"
    assert stored() == before
    assert client.post(url, typed(building_irregular="42", seen=value_of(answer, "seen"))).status_code == 302
    assert Baseline.objects.get().building_irregular == 42


def test_deleting_asks_first_and_sums_follow(unit, area, as_role):
    baseline = factories.BaselineFactory(unit=unit)
    client, url = as_role("planner"), address("baseline_delete", baseline.pk)
    assert client.get(url).status_code == 200
    assert Baseline.objects.exists()
    assert client.post(url).headers["Location"] == unit.get_absolute_url()
    assert not Baseline.objects.exists()
    assert not Assessment.objects.filter(slum_area=area).exists()
    assert client.post(url).status_code == 404


def test_a_locked_baseline_is_not_deleted(unit, as_role):
    baseline = factories.BaselineFactory(unit=unit)
    AssessmentYear.objects.update(status="locked")
    before = stored()
    answer = as_role("planner").post(address("baseline_delete", baseline.pk))
    assert answer.headers["Location"] == baseline.get_absolute_url()
    assert stored() == before


# --- photo ------------------------------------------------------------------------------------------------------


def picture(name="foto.jpg", kind="JPEG"):
    file = io.BytesIO()
    Image.new("RGB", (8, 8), "green").save(file, kind)
    return SimpleUploadedFile(name, file.getvalue())


@pytest.mark.parametrize(
    "file",
    [
        SimpleUploadedFile("foto.jpg", b"<script>alert(1)</script>"),
        SimpleUploadedFile("foto.svg", b"<svg xmlns='http://www.w3.org/2000/svg'/>"),
        SimpleUploadedFile("foto.png", b"\x89PNG\r\n\x1a\n rusak"),
        SimpleUploadedFile("kosong.jpg", b""),
    ],
    ids=lambda file: file.name,
)
def test_what_is_no_picture_is_refused_by_its_content(unit, as_role, file):
    before = stored()
    assert list(errors(as_role("planner").post(form_of(unit), typed(photo=file)))) == ["photo"]
    assert stored() == before


def test_a_picture_under_another_name_is_refused(unit, as_role):
    assert list(errors(as_role("planner").post(form_of(unit), typed(photo=picture("foto.png"))))) == ["photo"]


def test_a_photo_is_served_with_the_rights_of_its_page(unit, as_role):
    as_role("planner").post(form_of(unit), typed(photo=picture()))
    url = address("baseline_photo", Baseline.objects.get().pk)
    for role in ("planner", "village_user", *LOOKERS):
        answer = as_role(role).get(url)
        assert (answer.status_code, answer.headers["Content-Type"]) == (200, "image/jpeg")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert b"".join(answer.streaming_content)[:2] == b"\xff\xd8"
    assert as_role("viewer").get(url).status_code == 404
    assert as_role(None).get(url).status_code == 302


def test_a_photo_is_exchanged_taken_away_and_asked_for_again(unit, as_role):
    client = as_role("planner")
    answer = client.post(form_of(unit), typed(photo=picture(), building_irregular="-3"))
    assert words("Browsers do not keep a chosen file: please choose the photo once more.") in text(answer)
    client.post(form_of(unit), typed(photo=picture()))
    baseline = Baseline.objects.get()
    url = address("baseline_edit", baseline.pk)
    client.post(url, typed(note="Foto tetap", seen=baseline.history.first().pk))
    baseline.refresh_from_db()
    assert (bool(baseline.photo), baseline.note) == (True, "Foto tetap")
    client.post(url, typed(note="Foto tetap", remove_photo="on", seen=baseline.history.first().pk))
    baseline.refresh_from_db()
    assert not baseline.photo
    assert client.get(address("baseline_photo", baseline.pk)).status_code == 404


# --- areas --------------------------------------------------------------------------------------------------------


def area_typed(village, rows=(), **changed):
    data = {
        "name": "Kampung Baru",
        "kind": "prevention",
        "villages": [village.pk],
        "is_tenure_clear": "unknown",
        "fits_spatial_plan": "true",
        "has_building_permits": "false",
        "decree_areas-TOTAL_FORMS": max(len(rows), 1),
        "decree_areas-INITIAL_FORMS": sum("id" in row for row in rows),
    }
    for place, row in enumerate(rows):
        data |= {f"decree_areas-{place}-{name}": value for name, value in row.items()}
    return {**data, **changed}


def test_an_area_with_its_decrees_is_stored_at_once(village, as_role):
    decree = factories.DecreeFactory()
    rows = [{"decree": decree.pk, "hectares": "2,75"}]
    new = {"new-number": "188.45/1/BARU", "new-year": "2026", "new-issued_on": "2026-02-03", "new-hectares": "3,1"}
    answer = as_role("planner").post(address("area_create"), area_typed(village, rows, **new))
    area = SlumArea.objects.get()
    assert answer.headers["Location"] == area.get_absolute_url()
    assert (area.slug, area.kind, list(area.villages.all())) == ("kampung-baru", "prevention", [village])
    assert (area.is_tenure_clear, area.fits_spatial_plan, area.has_building_permits) == (None, True, False)
    assert set(area.decree_areas.values_list("decree__number", "hectares")) == {
        (decree.number, Decimal("2.75")),
        ("188.45/1/BARU", Decimal("3.1")),
    }


@pytest.mark.parametrize(
    "changed",
    [
        {"name": ""},
        {"name": "  "},
        {"villages": []},
        {"villages": ["x"]},
        {"kind": "istana"},
        {"is_strategic": "3"},
        {"decree_areas-0-hectares": "2,75"},
        {"decree_areas-0-decree": "999999"},
        {"new-number": "188.45/2", "new-year": "1900"},
        {"new-number": "188.45/2", "new-year": "2024", "new-issued_on": "2023-01-01"},
        {"new-number": "188.45/2", "new-year": "2024", "new-hectares": "0"},
        {"new-hectares": "2"},
    ],
    ids=str,
)
def test_one_wrong_field_and_no_part_of_an_area_is_stored(village, as_role, changed):
    before = stored()
    answer = as_role("planner").post(address("area_create"), area_typed(village, **changed))
    assert answer.status_code == 200
    assert words("Not saved yet: please look at the marked fields. What you typed is still here.") in text(answer)
    assert stored() == before


def test_a_village_has_no_two_areas_of_one_name(area, village, as_role):
    before = stored()
    answer = as_role("planner").post(address("area_create"), area_typed(village, name=" kampung  UJI "))
    assert errors(answer) == {"name": 1}
    assert stored() == before


def test_a_village_stays_while_the_area_has_neighbourhoods_in_it(unit, area, village, as_role):
    other = factories.VillageFactory()
    before = stored()
    answer = as_role("planner").post(address("area_edit", area.slug), area_typed(other, name=area.name))
    assert errors(answer) == {"villages": 1}
    assert escape(village.full_name) in text(answer)
    assert stored() == before


def test_decree_rows_are_changed_and_removed(area, village, as_role):
    kept, gone = factories.DecreeAreaFactory.create_batch(2, slum_area=area)
    rows = [
        {"id": kept.pk, "decree": kept.decree_id, "hectares": "9,5"},
        {"id": gone.pk, "decree": gone.decree_id, "hectares": "1", "DELETE": "on"},
    ]
    answer = as_role("planner").post(address("area_edit", area.slug), area_typed(village, rows))
    assert answer.status_code == 302
    assert list(area.decree_areas.values_list("pk", "hectares")) == [(kept.pk, Decimal("9.5"))]


def test_a_decree_row_is_not_the_row_of_another_area(area, village, as_role):
    foreign = factories.DecreeAreaFactory()
    rows = [{"id": foreign.pk, "decree": foreign.decree_id, "hectares": "9"}]
    as_role("planner").post(address("area_edit", area.slug), area_typed(village, rows))
    assert list(DecreeArea.objects.values_list("slum_area", "hectares")) == [(foreign.slum_area_id, Decimal("2.5"))]


def test_a_decree_row_that_someone_removed_meanwhile_is_told(area, village, as_role):
    row = factories.DecreeAreaFactory(slum_area=area)
    rows = [{"id": row.pk, "decree": row.decree_id, "hectares": "9"}]
    row.delete()
    before = stored()
    answer = as_role("planner").post(address("area_edit", area.slug), area_typed(village, rows))
    assert words("Someone else removed this row while you were typing. Open the page again.") in text(answer)
    assert stored() == before


def test_a_decree_names_an_area_once(area, village, as_role):
    decree = factories.DecreeFactory()
    before = stored()
    rows = [{"decree": decree.pk, "hectares": "1"}, {"decree": decree.pk, "hectares": "2"}]
    assert as_role("planner").post(address("area_edit", area.slug), area_typed(village, rows)).status_code == 200
    assert stored() == before


def test_of_two_who_edit_an_area_the_second_is_told(area, village, as_role, people):
    url = address("area_edit", area.slug)
    seen = value_of(as_role("planner").get(url), "seen")
    as_role("admin").post(url, area_typed(village, name="Kampung Lain", seen=seen))
    before = stored()
    answer = as_role("planner").post(url, area_typed(village, name="Kampung Ketiga", seen=seen))
    assert escape(str(people["admin"])) in text(answer)
    assert value_of(answer, "name") == "Kampung Ketiga"
    assert stored() == before


def test_of_two_who_edit_a_decree_row_the_second_is_told(area, village, as_role):
    row = factories.DecreeAreaFactory(slum_area=area)
    client, url = as_role("planner"), address("area_edit", area.slug)
    page = client.get(url)
    typed_row = {"id": row.pk, "decree": row.decree_id, "seen": row.history.first().pk}
    same = {"seen": value_of(page, "seen"), "name": area.name, "kind": area.kind, "fits_spatial_plan": "unknown", "has_building_permits": "unknown"}  # fmt: skip
    client.post(url, area_typed(village, [{**typed_row, "hectares": "7"}], **same))
    assert DecreeArea.objects.get().hectares == 7
    before = stored()
    same["seen"] = area.history.first().pk
    assert client.post(url, area_typed(village, [{**typed_row, "hectares": "8"}], **same)).status_code == 200
    assert stored() == before


# --- boundaries -----------------------------------------------------------------------------------------------------


def square(west=105.16, south=-2.07, size=0.01):
    east, north = west + size, south + size
    return [[[west, south], [east, south], [east, north], [west, north], [west, south]]]


def polygon(*args, **kwargs):
    return {"type": "Polygon", "coordinates": square(*args, **kwargs)}


def collection(*geometries):
    features = [
        {"type": "Feature", "properties": {"nama": f"Bidang {number}"}, "geometry": one}
        for number, one in enumerate(geometries, 1)
    ]
    return {"type": "FeatureCollection", "features": features}


def upload(client, area, content, **changed):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()
    data = {"year": "2024", "source": "Uji", "file": SimpleUploadedFile("batas.geojson", body), **changed}
    return client.post(address("area_boundaries", area.slug), {key: value for key, value in data.items() if value is not None})  # fmt: skip


def told(answer):
    return [str(message) for message in answer.wsgi_request._messages]


def test_a_boundary_is_measured_and_its_repairs_are_told(area, village, as_role):
    village.boundary = polygon(105.15, -2.08, 0.05)
    village.save()
    open_ring = {"type": "Polygon", "coordinates": [square()[0][:4]]}
    answer = upload(as_role("planner"), area, open_ring)
    assert answer.headers["Location"] == address("area_boundaries", area.slug)
    boundary = AreaBoundary.objects.get()
    assert (boundary.year, boundary.source, boundary.slum_area) == (2024, "Uji", area)
    assert boundary.area_ha == pytest.approx(Decimal("122.9"), abs=Decimal("0.2"))
    assert len(told(answer)) == 2


@pytest.mark.parametrize(
    "content",
    [
        {
            "type": "Polygon",
            "coordinates": [[[105.16, -2.07], [105.17, -2.06], [105.17, -2.07], [105.16, -2.06], [105.16, -2.07]]],
        },  # fmt: skip
        {"type": "Point", "coordinates": [105.16, -2.07]},
        {"type": "Polygon", "coordinates": [[[-2.07, 105.16], [-2.06, 105.16], [-2.06, 105.17], [-2.07, 105.16]]]},
        {"type": "FeatureCollection", "features": []},
        b"bukan berkas",
        b"",
    ],
    ids=["bow tie", "point", "swapped", "nothing in it", "no json", "empty"],
)
def test_a_bad_boundary_is_refused_with_a_sentence_at_the_file(area, as_role, content):
    before = stored()
    answer = upload(as_role("planner"), area, content)
    assert errors(answer) == {"file": 1}
    assert (value_of(answer, "year"), value_of(answer, "source")) == ("2024", "Uji")
    assert stored() == before


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"year": ""}, ["year"]),
        ({"year": "1999"}, ["year"]),
        ({"file": None}, ["file"]),
        ({"file": None, "year": ""}, ["file", "year"]),
        ({"source": "x" * 201}, ["source"]),
        ({"file": SimpleUploadedFile("batas.exe", b"MZ")}, ["file"]),
        ({"file": SimpleUploadedFile("batas.shp", b"\x00\x00\x27\x0a")}, ["file"]),
    ],
    ids=str,
)
def test_what_is_missing_is_asked_for_at_its_field(area, as_role, changed, fields):
    before = stored()
    answer = upload(as_role("planner"), area, polygon(), **changed)
    assert sorted(errors(answer)) == fields
    assert stored() == before


def test_a_file_that_was_read_need_not_be_chosen_again(area, as_role):
    client = as_role("planner")
    answer = upload(client, area, polygon(), year="")
    kept = value_of(answer, "kept")
    assert upload(client, area, polygon(), file=None, kept=kept).status_code == 302
    assert AreaBoundary.objects.count() == 1


def test_what_the_page_hands_back_cannot_be_made_up(area, as_role):
    client = as_role("planner")
    kept = value_of(upload(client, area, polygon(), year=""), "kept")
    other = factories.SlumAreaFactory()
    before = stored()
    for place, token in ((area, kept[:-4] + "xxxx"), (area, "[]"), (other, kept)):
        answer = upload(client, place, polygon(), file=None, kept=token)
        assert words("Please choose the file once more.") in text(answer)
    assert stored() == before


def test_a_boundary_that_lies_elsewhere_is_refused(area, village, as_role):
    village.boundary = polygon(106, -3, 0.05)
    village.save()
    before = stored()
    assert errors(upload(as_role("planner"), area, polygon())) == {"file": 1}
    assert stored() == before


def test_a_boundary_partly_outside_is_taken_with_a_note(area, village, as_role):
    village.boundary = polygon(105.16, -2.07, 0.009)
    village.save()
    answer = upload(as_role("planner"), area, polygon())
    assert "81" in told(answer)[1]
    assert AreaBoundary.objects.exists()


def test_a_village_without_boundary_is_no_obstacle(area, as_role):
    answer = upload(as_role("planner"), area, polygon())
    assert told(answer)[1:] == [gettext("Not every village has a boundary here, so the place of this one could not be checked.")]  # fmt: skip
    assert AreaBoundary.objects.exists()


def test_of_several_areas_the_meant_ones_are_chosen_and_joined(area, as_role):
    client, before = as_role("planner"), stored()
    answer = upload(client, area, collection(polygon(), polygon(105.17), polygon(106)))
    assert errors(answer) == {"parts": 1}
    assert "Bidang 2" in text(answer)
    assert stored() == before
    kept = value_of(answer, "kept")
    answer = upload(client, area, None, file=None, kept=kept, parts=["0", "9"])
    assert "parts" in errors(answer)
    assert stored() == before
    assert upload(client, area, None, file=None, kept=kept, parts=["0", "1"]).status_code == 302
    boundary = AreaBoundary.objects.get()
    assert boundary.geometry["type"] == "Polygon"
    assert boundary.area_ha == pytest.approx(Decimal("245.9"), abs=Decimal("0.4"))


def test_a_year_has_one_boundary(area, as_role):
    factories.AreaBoundaryFactory(slum_area=area, year=2024)
    before = stored()
    assert errors(upload(as_role("planner"), area, polygon())) == {"year": 1}
    assert stored() == before


def test_the_outline_stands_beside_the_hectares_measured_in_its_years(area, unit, as_role):
    factories.AreaBoundaryFactory(slum_area=area, year=2024, area_ha=Decimal("3.00"))
    factories.AreaBoundaryFactory(slum_area=area, year=2020, area_ha=Decimal("9.00"))
    factories.BaselineFactory(unit=unit, year=2025)
    page = as_role("planner").get(address("area_boundaries", area.slug))
    rows = [(row["outline"].year, row["year"], row["difference"]) for row in page.context["boundaries"]]
    assert rows == [(2024, 2025, Decimal("0.25")), (2020, None, None)]
    draft = as_role("viewer").get(address("area_boundaries", area.slug)).context["boundaries"]
    assert [row["year"] for row in draft] == [None, None]


def test_a_boundary_is_deleted_only_after_asking(area, as_role):
    boundary = factories.AreaBoundaryFactory(slum_area=area)
    client, url = as_role("planner"), address("boundary_delete", area.slug, boundary.pk)
    client.get(url)
    assert AreaBoundary.objects.exists()
    other = factories.SlumAreaFactory()
    assert client.post(address("boundary_delete", other.slug, boundary.pk)).status_code == 404
    client.post(url)
    assert not AreaBoundary.objects.exists()


# --- neighbourhoods -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rt", "rw", "kept"),
    [("RT 001", "RW. 04", ("1", "4")), ("06a", "", ("6A", "")), ("1", "Dusun 3", ("1", "DS03"))],
)
def test_rt_and_rw_are_kept_in_one_spelling(village, area, as_role, rt, rw, kept):
    data = {"region": village.code, "rt": rt, "rw": rw, "slum_area": area.pk}
    assert as_role("village_user").post(address("neighbourhood_create"), data).status_code == 302
    unit = NeighbourhoodUnit.objects.get()
    assert ((unit.rt, unit.rw), unit.slum_area) == (kept, area)


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"rt": "001", "rw": "RW 1"}, "__all__"),
        ({"rt": "", "rw": ""}, "rt"),
        ({"rt": "5", "is_whole_village": "on"}, "is_whole_village"),
        ({"rt": "5", "region": ""}, "region"),
        ({"rt": "5", "region": "19.05"}, "region"),
        ({"rt": "5" * 13}, "rt"),
    ],
    ids=str,
)
def test_a_neighbourhood_that_cannot_be_is_refused(unit, village, as_role, changed, field):
    before = stored()
    data = {"region": village.code, "rw": "1", **changed}
    answer = as_role("planner").post(address("neighbourhood_create"), data)
    assert field in errors(answer)
    assert stored() == before


def test_a_neighbourhood_lies_in_an_area_of_its_village(unit, village, as_role):
    elsewhere = factories.SlumAreaFactory()
    before = stored()
    data = {"region": village.code, "rw": "1", "rt": "7", "slum_area": elsewhere.pk}
    answer = as_role("planner").post(address("neighbourhood_create"), data)
    assert words("This slum area does not lie in the village of the RT.") in text(answer)
    assert list(answer.context["form"].fields["slum_area"].queryset) == [unit.slum_area]
    assert stored() == before


def test_a_whole_village_is_meant_only_when_it_is_ticked(village, area, as_role):
    client = as_role("planner")
    data = {"region": village.code, "is_whole_village": "on"}
    before = stored()
    assert errors(client.post(address("neighbourhood_create"), {**data, "slum_area": area.pk}))
    assert stored() == before
    assert client.post(address("neighbourhood_create"), data).status_code == 302
    assert NeighbourhoodUnit.objects.get().is_village_survey


def test_a_measured_neighbourhood_stays_in_its_village(unit, as_role):
    factories.BaselineFactory(unit=unit)
    other = factories.VillageFactory()
    data = {"region": other.code, "rt": "2", "rw": "1"}
    assert as_role("planner").post(address("neighbourhood_edit", unit.pk), data).status_code == 302
    unit.refresh_from_db()
    assert (unit.region.code, unit.rt) == ("19.05.01.1001", "2")


def test_moving_a_neighbourhood_into_another_area_moves_its_draft_results(unit, area, village, as_role):
    factories.BaselineFactory(unit=unit)
    other = factories.SlumAreaFactory(villages=[village])
    data = {"region": village.code, "rt": "1", "rw": "1", "slum_area": other.pk}
    as_role("planner").post(address("neighbourhood_edit", unit.pk), data)
    assert list(Assessment.objects.filter(level="area").values_list("slum_area", flat=True)) == [other.pk]


def test_of_two_who_edit_a_neighbourhood_the_second_is_told(unit, village, as_role, people):
    url = address("neighbourhood_edit", unit.pk)
    seen = value_of(as_role("planner").get(url), "seen")
    as_role("village_user").post(url, {"region": village.code, "rt": "8", "rw": "1", "seen": seen})
    before = stored()
    answer = as_role("planner").post(url, {"region": village.code, "rt": "9", "rw": "1", "seen": seen})
    assert escape(str(people["village_user"])) in text(answer)
    assert stored() == before


# --- works ------------------------------------------------------------------------------------------------------------


def work_typed(unit, **changed):
    data = {"unit": unit.pk, "year": "2025", "criterion": "road_surface", "activity": "Jalan uji", "volume": "162,5"}
    return {**data, "funding_source": "APBD uji", "cost": "105.300.000", **changed}


def test_works_are_stored_as_typed(unit, as_role):
    answer = as_role("planner").post(address("work_create", unit=unit.pk), work_typed(unit))
    assert answer.headers["Location"] == unit.get_absolute_url()
    work = Work.objects.get()
    assert (work.unit, work.year, work.criterion) == (unit, 2025, "road_surface")
    assert (work.volume, work.cost, work.funding_source) == (Decimal("162.5"), 105_300_000, "APBD uji")
    page = as_role("planner").get(address("work_edit", work.pk))
    assert (value_of(page, "cost"), value_of(page, "volume")) == ("105.300.000", "162,5")


@pytest.mark.parametrize(
    ("changed", "fields"),
    [
        ({"volume": ""}, ["volume"]),
        ({"volume": "0"}, ["volume"]),
        ({"volume": "-5"}, ["volume"]),
        ({"volume": "2,5", "criterion": "water_access"}, ["volume"]),
        ({"cost": "-1"}, ["cost"]),
        ({"year": "1999"}, ["year"]),
        ({"criterion": "4c"}, ["criterion"]),
        ({"activity": ""}, ["activity"]),
    ],
    ids=str,
)
def test_works_that_cannot_be_are_refused(unit, as_role, changed, fields):
    before = stored()
    answer = as_role("planner").post(address("work_create", unit=unit.pk), work_typed(unit, **changed))
    assert sorted(errors(answer)) == fields
    assert value_of(answer, "funding_source") == "APBD uji"
    assert stored() == before


def test_works_are_not_put_into_another_village(unit, foreign_unit, as_role):
    answer = as_role("planner").post(address("work_create", unit=unit.pk), work_typed(foreign_unit))
    assert errors(answer) == {"unit": 1}
    assert not Work.objects.exists()


def test_a_second_click_records_works_once(unit, as_role):
    client = as_role("planner")
    client.post(address("work_create", unit=unit.pk), work_typed(unit))
    answer = client.post(address("work_create", unit=unit.pk), work_typed(unit))
    assert words("These works are already recorded.") in text(answer)
    assert Work.objects.count() == 1


COUNTED = "These works count for %(year)s, which is %(status)s. Ask a verifier to reopen it first."


def settle(unit, status="locked"):
    """A year that was measured and is closed for changes."""
    factories.BaselineFactory(unit=unit)
    AssessmentYear.objects.update(status=status)


@pytest.mark.parametrize(("status", "word"), [("verified", "verified"), ("locked", "locked")])
def test_works_of_a_settled_year_are_refused_beside_the_year(unit, as_role, status, word):
    settle(unit, status)
    before = stored()
    answer = as_role("planner").post(address("work_create", unit=unit.pk), work_typed(unit))
    assert errors(answer) == {"year": 1}
    with translation.override("id"):
        said = gettext(COUNTED) % {"year": 2025, "status": AssessmentYear.Status(status).label}
    assert escape(said) in text(answer)
    assert (value_of(answer, "activity"), value_of(answer, "volume")) == ("Jalan uji", "162,5")
    assert stored() == before
    assert (
        as_role("planner").post(address("work_create", unit=unit.pk), work_typed(unit, year="2026")).status_code == 302
    )


def test_works_of_a_settled_year_are_neither_changed_nor_deleted(unit, as_role):
    work = factories.WorkFactory(unit=unit)
    settle(unit)
    client, before = as_role("planner"), stored()
    url = address("work_edit", work.pk)
    seen = value_of(client.get(url), "seen")
    assert errors(client.post(url, work_typed(unit, volume="10", seen=seen))) == {"year": 1}
    answer = client.post(address("work_delete", work.pk), follow=True)
    assert "2025" in str(next(iter(answer.context["messages"])))
    assert stored() == before


def test_of_two_who_edit_works_the_second_is_told(unit, as_role):
    work = factories.WorkFactory(unit=unit)
    client, url = as_role("planner"), address("work_edit", work.pk)
    seen = value_of(client.get(url), "seen")
    client.post(url, work_typed(unit, volume="10", seen=seen))
    before = stored()
    assert list(errors(client.post(url, work_typed(unit, volume="20", seen=seen)))) == ["volume", "__all__"]
    assert stored() == before


def test_works_are_deleted_only_after_asking(unit, as_role):
    work = factories.WorkFactory(unit=unit)
    client, url = as_role("planner"), address("work_delete", work.pk)
    client.get(url)
    assert Work.objects.exists()
    assert client.post(url).headers["Location"] == unit.get_absolute_url()
    assert not Work.objects.exists()
    assert client.post(url).status_code == 404


def test_decrees_left_empty_are_not_stored(village, as_role):
    as_role("planner").post(address("area_create"), area_typed(village))
    assert (Decree.objects.count(), DecreeArea.objects.count()) == (0, 0)
