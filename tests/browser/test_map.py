"""The map in a browser: what is chosen is what is drawn, said and listed; names are text; the keyboard gets everywhere."""

from decimal import Decimal

import pytest

from core.models import Region
from tests import factories
from tests.browser.test_accessibility import violations

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
BAD_NAME = "<img src=x onerror=document.title='broken'>"


def square(west, south=-2.1):
    east, north = west + 0.05, south + 0.05
    return {
        "type": "Polygon",
        "coordinates": [[[west, south], [east, south], [east, north], [west, north], [west, south]]],
    }


@pytest.fixture
def world(people, village):
    """Tanjung, a light slum in both years; beside it a village of a dangerous name, whose water is the worst in 2025."""
    other = factories.VillageFactory(code="19.05.01.2002", name=BAD_NAME)
    for number, one in enumerate((village, other)):
        Region.objects.filter(pk=one.pk).update(boundary=square(105.1 + number * 0.05))
    area = factories.SlumAreaFactory(name=BAD_NAME, villages=[village])
    factories.AreaBoundaryFactory(slum_area=area, year=2020)
    unit = factories.NeighbourhoodUnitFactory(region=village, slum_area=area)
    bad = factories.NeighbourhoodUnitFactory(region=other)
    for year, water in ((2024, 0), (2025, 125)):
        factories.BaselineFactory(unit=unit, year=year)
        factories.BaselineFactory(unit=bad, year=year, water_access=Decimal(water))
    return {"village": village.code, "other": other.code}


def fills(page, side="year"):
    """{name of the village and what it says: its fill}."""
    paths = page.locator(f'.map[data-side="{side}"] path.village').all()
    return {path.get_attribute("aria-label"): path.get_attribute("fill") for path in paths}


def opened(page, address="/slum-areas/map/"):
    page.goto(address)
    page.locator("path.village").nth(1).wait_for()
    return page


def test_colours_legend_and_table_follow_the_choice(page_as, world):
    page = opened(page_as("planner", locale="id"))
    assert set(fills(page).values()) == {"url(#fill-light)"}
    page.select_option("#id_show", "water_access")
    assert set(fills(page).values()) == {"url(#fill-heavy)", "url(#fill-light)"}
    page.locator("#map-table td", has_text="100,00 %").wait_for()
    assert page.locator('[data-legend="percent"] [data-bin="points5"] [data-count]').inner_text() == "1"
    assert page.locator('[data-legend="class"]').is_hidden()
    assert "show=water_access" in page.url

    page.locator("#year-slider").focus()
    page.keyboard.press("ArrowLeft")
    assert set(fills(page).values()) == {"url(#fill-not_slum)", "url(#fill-light)"}
    page.locator("#map-table td", has_text="0,00 %").first.wait_for()
    assert "year=2024" in page.url
    assert page.locator("#year-slider").get_attribute("aria-valuetext").startswith("2024")

    page.select_option("#id_compare", "2025")
    page.locator('.map[data-side="compare"] path.village').nth(1).wait_for()
    assert "url(#fill-heavy)" in fills(page, "compare").values()
    assert page.locator(".map-title").all_inner_texts() == ["2024", "2025"]
    page.locator("#map-table td", has_text="100,00 %").wait_for()


def test_two_maps_move_together(page_as, world):
    page = opened(page_as("planner"), "/slum-areas/map/?compare=2024")
    page.locator('.map[data-side="compare"] path.village').nth(1).wait_for()
    before = [path.get_attribute("d") for path in page.locator('.map[data-side="compare"] path.village').all()]
    page.locator('.map[data-side="year"] .leaflet-control-zoom-in').click()
    page.wait_for_timeout(600)
    after = [path.get_attribute("d") for path in page.locator('.map[data-side="compare"] path.village').all()]
    assert before != after


def test_the_keyboard_opens_a_village_and_reaches_the_table(page_as, world):
    page = opened(page_as("planner"))
    page.locator('path.village[tabindex="0"]').focus()
    page.keyboard.press("ArrowRight")
    focused = page.evaluate("document.activeElement.getAttribute('aria-label')")
    assert focused.startswith(BAD_NAME)
    page.keyboard.press("Enter")
    popup = page.locator(".map-popup")
    assert popup.locator("[data-name]").inner_text() == BAD_NAME
    assert page.evaluate("document.activeElement.textContent") == popup.locator("[data-link]").inner_text()
    assert popup.locator("[data-link]").get_attribute("href") == f"/slum-areas/villages/{world['other']}/"
    page.keyboard.press("Escape")
    popup.wait_for(state="detached")
    for _press in range(25):
        page.keyboard.press("Tab")
        if page.evaluate("Boolean(document.activeElement.closest('#map-table'))"):
            break
    assert page.evaluate("Boolean(document.activeElement.closest('#map-table'))")


def test_names_are_text_in_labels_and_popups(page_as, world):
    page = opened(page_as("planner"))
    page.locator("[data-zoom-to]").click()
    assert page.locator(".map-popup [data-name]").inner_text() == BAD_NAME
    assert page.locator("#map-figure img").count() == 0
    assert "broken" not in page.title()


def test_without_javascript_the_table_answers(page_as, world):
    page = page_as("planner", java_script_enabled=False)
    page.goto("/slum-areas/map/")
    assert page.locator("#map-figure").is_hidden()
    page.select_option("#id_show", "water_access")
    page.locator("#map-form button").click()
    assert page.locator("#map-table td", has_text="100,00 %").is_visible()


@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.parametrize("colours", ["light", "dark"])
@pytest.mark.parametrize(
    "address", ["/slum-areas/map/?show=water_access&compare=2024", "/slum-areas/hectares/?method=b"]
)
def test_the_pages_keep_the_rules_of_accessibility(page_as, world, width, colours, address):
    page = page_as("planner", viewport={"width": width, "height": 800}, color_scheme=colours, bypass_csp=True)
    page.goto(address)
    page.locator("path.village, .chart-area rect").first.wait_for()
    assert violations(page) == []
    assert not page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth")


def test_the_picture_is_the_table(page_as, world):
    page = page_as("planner")
    refused = []
    page.on("console", lambda message: refused.append(message.text) if message.type == "error" else None)
    page.goto("/slum-areas/hectares/?method=b")
    page.locator(".chart-area rect").first.wait_for()
    drawn = page.locator('[data-chart-of="years-table"] rect title').all_text_contents()
    assert [text.split(": ")[1] for text in drawn] == ["2,75", "2,75"]
    assert page.locator('[data-chart-of="years-table"] svg[role="img"]').get_attribute("aria-label")
    assert refused == [], "nothing is against the content security policy"
