"""The desk on a phone, where a finger taps twice."""

import pytest
from playwright.sync_api import expect

from tests import factories
from workshops.models import Workshop

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {"width": 390, "height": 800}
SECOND_TAP_AFTER_MS = 100


@pytest.fixture
def desk(page_as, workshop):
    """The desk of a running workshop, scrolled to the ninth of twelve people."""
    Workshop.objects.filter(pk=workshop.pk).update(status="in_progress")
    for number in range(12):
        factories.ParticipantFactory(workshop=workshop, name=f"Orang {number:02}", is_invited=True)
    page = page_as("planner", viewport=PHONE, has_touch=True)

    def open_desk(query=""):
        page.goto(f"{workshop.get_absolute_url()}check-in/{query}")
        page.locator("#desk li", has_text="Orang 08").scroll_into_view_if_needed()
        return page

    return open_desk


def tap_twice(page, name):
    """Twice at the same place of the glass, the second time when the answer has just appeared."""
    box = page.locator("#desk li", has_text=name).locator(".btn-primary").bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    with page.expect_navigation(wait_until="load"):
        page.touchscreen.tap(x, y)
    page.wait_for_timeout(SECOND_TAP_AFTER_MS)
    page.touchscreen.tap(x, y)
    page.wait_for_timeout(500)


def attendance(workshop):
    return list(workshop.participants.present().values_list("name", "left_at"))


@pytest.mark.parametrize("query", ["", "?show=absent"])
def test_a_double_tap_is_one_person_who_is_here_and_has_not_left(desk, workshop, query):
    page = desk(query)
    tap_twice(page, "Orang 08")
    assert attendance(workshop) == [("Orang 08", None)]


def test_the_tapped_row_stays_under_the_finger(desk):
    page = desk()
    row = page.locator("#desk li", has_text="Orang 08")
    before = row.bounding_box()["y"]
    with page.expect_navigation(wait_until="load"):
        row.locator(".btn-primary").tap()
    expect(row).to_contain_class("is-here")
    page.wait_for_timeout(SECOND_TAP_AFTER_MS)
    assert abs(row.bounding_box()["y"] - before) < 2


def test_the_next_person_can_be_tapped_at_once(desk, workshop):
    page = desk()
    for name in ("Orang 07", "Orang 08"):
        with page.expect_navigation(wait_until="load"):
            page.locator("#desk li", has_text=name).locator(".btn-primary").tap()
    assert attendance(workshop) == [("Orang 07", None), ("Orang 08", None)]


def test_a_long_organization_keeps_the_row_low_until_it_is_opened(desk, workshop):
    long = "Forum Komunikasi Badan Keswadayaan Masyarakat " * 4
    factories.ParticipantFactory(workshop=workshop, name="Orang 99", organization_name=long.strip())
    page = desk()
    row = page.locator("#desk li", has_text="Orang 99")
    closed = row.bounding_box()["height"]
    assert closed < 100
    row.locator("summary").tap()
    assert row.bounding_box()["height"] > closed
