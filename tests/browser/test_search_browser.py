"""The search box of the head: one key, one tap, and with JavaScript off."""

import pytest

from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}


@pytest.fixture
def package(people):
    return factories.PackageFactory(number="CARI-1", name="Pompa yang dicari")


def test_a_slash_goes_to_the_box_and_enter_searches(page_as, package):
    page = page_as("planner", viewport=WIDE)
    page.goto("/assets/")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search-q"
    page.keyboard.type("pompa")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=pompa")
    page.get_by_role("link", name="CARI-1 Pompa yang dicari").click()
    page.wait_for_url("**/assets/CARI-1/")


def test_a_slash_is_a_slash_while_one_is_typing(page_as, people):
    page = page_as("planner", viewport=WIDE)
    page.goto("/workshops/")
    page.fill("#id_search", "a")
    page.press("#id_search", "/")
    assert page.input_value("#id_search") == "a/"
    assert page.evaluate("document.activeElement.id") == "id_search"


def test_on_a_phone_one_tap_leads_to_a_box_that_is_ready(page_as, package):
    page = page_as("planner", viewport=PHONE, has_touch=True, is_mobile=True)
    page.goto("/")
    assert not page.is_visible("#search-q")
    page.tap(".search-link")
    page.wait_for_url("**/search/")
    page.wait_for_function("document.activeElement.id == 'id_q'")
    page.keyboard.type("pompa")
    page.keyboard.press("Enter")
    page.wait_for_url("**/search/?q=pompa")
    assert page.is_visible("text=Pompa yang dicari")


@pytest.mark.parametrize("viewport", [WIDE, PHONE])
def test_without_javascript_it_searches_too(page_as, package, viewport):
    page = page_as("planner", viewport=viewport, java_script_enabled=False)
    page.goto("/search/")
    box = "#search-q" if viewport is WIDE else "#id_q"
    page.fill(box, "pompa")
    page.press(box, "Enter")
    page.wait_for_url("**/search/?q=pompa")
    assert page.is_visible("text=Pompa yang dicari")
