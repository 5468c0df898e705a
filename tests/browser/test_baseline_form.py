"""The form of a baseline in a real browser: the score follows typing exactly as the server computes it, at any width."""

import random
import re
from decimal import Decimal

import pytest
from django.urls import reverse
from django.utils import translation
from django.utils.formats import get_format

from slumareas import scoring
from slumareas.forms import shown_percent, typed_number
from slumareas.models import Baseline
from tests import factories
from tests.factories import BASELINE_VALUES
from tests.slumareas.test_entry import NO_NUMBERS, NUMBERS

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {"width": 390, "height": 844}


@pytest.fixture
def unit(village):
    return factories.NeighbourhoodUnitFactory(region=village, rw="1", rt="1")


@pytest.fixture
def open_form(page_as, unit):
    def open_page(role="planner", **options):
        page = page_as(role, **options)
        page.on("dialog", lambda dialog: dialog.accept())
        page.goto(f"{reverse('slumareas:baseline_create')}?unit={unit.pk}&year=2025")
        return page

    return open_page


def beside(page, key):
    output = page.locator(f"[data-result={key}]")
    return output.locator("[data-percent]").inner_text(), output.locator("[data-points]").inner_text()


def fill(page, values=(), **others):
    for key, value in {**dict(values), **others}.items():
        page.locator(f"[name={key}]").fill(value)


COMPLETE = {key: f"{value:f}".replace(".", ",") for key, value in BASELINE_VALUES.items()}


def test_the_score_follows_typing(open_form):
    factories.AssessmentYearFactory()
    page = open_form("village_user", viewport=PHONE, has_touch=True)
    fill(page, ideal_road_m="100.000", road_surface="75.999")
    assert beside(page, "road_surface") == ("75,999 %", "3")
    fill(page, road_surface="76.000")
    assert beside(page, "road_surface") == ("76,00 %", "5")
    fill(page, road_surface="-3")
    assert beside(page, "road_surface") == ("0,00 %", "0")
    fill(page, road_surface="banyak")
    assert beside(page, "road_surface") == ("–", "–")
    assert page.locator("[data-total]").inner_text() == "–"
    fill(page, COMPLETE)
    assert page.locator("[data-total]").inner_text() == str(factories.BASELINE_TOTAL)
    assert page.locator("[data-assessed]").inner_text() == "16"
    assert page.locator("[data-class] .pill").get_attribute("class") == f"pill class-{factories.BASELINE_CLASS}"
    page.locator(".score-buttons .btn-primary").click()
    page.wait_for_url(re.compile(r"/baselines/\d+/$"))
    assert Baseline.objects.get().total == factories.BASELINE_TOTAL


def test_the_form_fits_a_phone_and_asks_for_numbers(open_form):
    page = open_form(viewport=PHONE, reduced_motion="reduce")
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    inputs = page.locator(".measure-input input")
    assert {one.get_attribute("inputmode") for one in inputs.all()} == {"decimal", "numeric"}
    assert page.locator("[name=verified_area_ha]").get_attribute("inputmode") == "decimal"
    bar, menu = page.locator(".score-bar").bounding_box(), page.locator(".mainnav").bounding_box()
    assert bar["y"] + bar["height"] <= menu["y"] + 1
    page.locator("[name=verified_area_ha]").focus()
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.name") == "building_count"
    for one in inputs.all():  # nothing that is typed into hides behind the bar
        one.focus()
        box = one.bounding_box()
        assert box["y"] + box["height"] <= page.locator(".score-bar").bounding_box()["y"] + 1


def test_last_years_values_are_taken_over_without_losing_what_is_typed(open_form, unit):
    factories.BaselineFactory(unit=unit, year=2024)
    page = open_form()
    fill(page, road_surface="5")
    page.locator("[data-take=id_ideal_road_m]").click()
    assert beside(page, "road_surface") == ("0,63 %", "0")
    page.locator("[data-take-all]").click()
    assert page.locator("[name=road_surface]").input_value() == "5"
    assert page.locator("[name=verified_area_ha]").input_value() == "2,75"
    assert page.locator("[data-total]").inner_text() == str(factories.BASELINE_TOTAL - 3)


def test_warnings_are_confirmed_by_hand_and_what_was_typed_stays(open_form):
    page = open_form(viewport=PHONE)
    fill(page, COMPLETE, building_irregular="-3")
    save = page.locator(".score-buttons .btn-primary")
    save.click()
    page.locator(".confirm-warnings").wait_for()
    assert page.locator("[name=building_irregular]").input_value() == "-3"
    assert page.locator("[data-total]").inner_text() == "31"
    assert not Baseline.objects.exists()
    page.locator("[name=confirmed]").check()
    save.click()
    page.wait_for_url(re.compile(r"/baselines/\d+/$"))
    assert Baseline.objects.get().building_irregular == -3


def test_the_form_works_without_a_script(open_form):
    page = open_form(java_script_enabled=False)
    fill(page, COMPLETE, waste_system="")
    page.locator(".score-buttons .btn-primary").click()
    assert beside(page, "road_surface") == ("52,50 %", "3")
    assert page.locator("[name=road_surface]").input_value() == "420"
    page.locator("[name=confirmed]").check()
    page.locator(".score-buttons .btn-primary").click()
    page.wait_for_url(re.compile(r"/baselines/\d+/$"))
    assert Baseline.objects.get().total is None


def pairs():
    """Values around every cut, and any others."""
    chance = random.Random(2018)  # noqa: S311 - the same ones every time
    for _round in range(300):
        whole = Decimal(chance.randrange(1, 10**8)).scaleb(-2)
        cut = chance.choice([25, 51, 76, 100, 0])
        part = (whole * cut / 100).quantize(Decimal("0.01")) + Decimal(chance.randrange(-2, 3)).scaleb(-2)
        yield part, whole
        yield Decimal(chance.randrange(-1000, 10**9)).scaleb(-2), whole
    yield from ((Decimal(0), Decimal(0)), (Decimal(-1), Decimal(0)), (Decimal(1), Decimal(0)))


def test_script_and_server_read_and_compute_alike(open_form):
    page = open_form()
    module = page.evaluate("document.querySelector('script[type=module]').src")
    page.evaluate("async (address) => { window.baseline = await import(address); }", module)
    texts = [written for written, _languages, _number in NUMBERS] + NO_NUMBERS
    for language in ("id", "en"):
        with translation.override(language):
            separator = get_format("DECIMAL_SEPARATOR")
        read = page.evaluate(
            "([texts, separator]) => texts.map((text) => { const n = baseline.typedNumber(text, separator);"
            " return n && [String(n.digits), n.places]; })",
            [texts, separator],
        )
        expected = []
        for written in texts:
            try:
                expected.append(typed_number(written, separator))
            except ValueError:
                expected.append(None)
        assert [one and Decimal(one[0]).scaleb(-one[1]) for one in read] == expected
    numbers = list(pairs())
    computed = page.evaluate(
        "(pairs) => { const scheme = JSON.parse(document.getElementById('scheme').textContent);"
        " return pairs.map(([part, whole]) => { const [n, d] = [BigInt(part), BigInt(whole)];"
        " return [baseline.points(n, d, scheme.cuts), baseline.shownPercent(n, d, scheme)]; }); }",
        [[str(int(part * 100)), str(int(whole * 100))] for part, whole in numbers],
    )
    with translation.override("id"):
        assert [tuple(one) for one in computed] == [
            (None, None)
            if not whole and part > 0
            else (scoring.points(max(part, 0) if not whole else part, whole), shown_percent(part, whole))
            for part, whole in numbers
        ]
