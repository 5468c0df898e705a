"""The page of an area on a phone: short, and nothing of it is lost without a script or on paper."""

import io

import pytest
from playwright.sync_api import expect
from pypdf import PdfReader

from tests import factories

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
PHONE = {"viewport": {"width": 390, "height": 800}}
# What stands in each section below its heading.
SECTIONS = {
    "criteria": "Total nilai",
    "years": "Kontribusi: seberapa besar",
    "works": "Belum ada pekerjaan yang dicatat",
    "rows": "Luas (ha)",
    "aspects": "Rata-rata persentase tiap aspek",
    "priority": "Pertimbangan lain",
    "service": "Program memintanya pada lima aspek",
    "decrees": "Belum ada surat keputusan",
}


@pytest.fixture
def area(people, village):
    area = factories.SlumAreaFactory(villages=[village])
    unit = factories.NeighbourhoodUnitFactory(region=village, slum_area=area)
    factories.BaselineFactory(unit=unit, year=2025)
    return area


def expect_open(page, *names: str) -> None:
    """These sections and no other."""
    expect(page.locator("details.fold-card[open]")).to_have_count(len(names))
    for name in names:
        expect(page.locator(f"#{name}")).to_have_attribute("open", "")


def test_sections_are_folded_on_a_phone_and_a_link_opens_its_own(page_as, area):
    page = page_as("planner", **PHONE)
    page.goto(area.get_absolute_url())
    expect_open(page)
    page.click(".answer a[href='#criteria'] >> nth=0")
    expect_open(page, "criteria")
    expect(page.locator("#criteria tbody tr").first).to_be_in_viewport()
    page.click("#criteria > summary")
    expect_open(page)
    page.click(".answer a[href='#criteria'] >> nth=0")
    expect_open(page, "criteria")
    page.goto(f"{area.get_absolute_url()}#years")
    page.reload()
    expect_open(page, "years")


@pytest.mark.parametrize("options", [{**PHONE, "java_script_enabled": False}, {}], ids=["without a script", "wide"])
def test_otherwise_every_section_is_open(page_as, area, options):
    page = page_as("planner", **options)
    page.goto(area.get_absolute_url())
    for name, words in SECTIONS.items():
        expect(page.locator(f"#{name}").get_by_text(words).first).to_be_visible()


def test_paper_holds_every_section_and_the_screen_stays_as_it_was(page_as, area):
    page = page_as("planner", **PHONE)
    page.goto(area.get_absolute_url())
    page.click("#years > summary")
    paper = PdfReader(io.BytesIO(page.pdf()))
    printed = " ".join(" ".join(sheet.extract_text() for sheet in paper.pages).split())
    assert [words for words in SECTIONS.values() if words not in printed] == []
    expect_open(page, "years")


def test_the_map_opens_on_the_area_from_which_one_comes(page_as, area):
    factories.AreaBoundaryFactory(slum_area=area, year=2025)
    page = page_as("planner")
    page.goto(area.get_absolute_url())
    page.click(f"a[href$='#{area.slug}']")
    expect(page.locator(".leaflet-popup-content .popup-name")).to_have_text(area.name)
