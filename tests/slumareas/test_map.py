"""The thematic map: its data, its boundaries, and the table that is the same without a map."""

import gzip
import json
import re
from decimal import Decimal

import pytest
from django.core.management import call_command

from core.models import Region
from slumareas import scoring, thematic
from slumareas.models import Assessment, AssessmentYear
from slumareas.models.quantities import rounded
from slumareas.scoring import PERMEN_2_2016
from tests import factories

pytestmark = pytest.mark.django_db
URL, DATA, BOUNDARIES = "/slum-areas/map/", "/slum-areas/map/data.json", "/slum-areas/map/boundaries.json"
BAD_NAME = "<img src=x onerror=alert(1)>"


def square(west, south=-2.1, size=0.05):
    east, north = west + size, south + size
    ring = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    return {"type": "Polygon", "coordinates": [ring]}


@pytest.fixture
def neighbour(village):
    return factories.VillageFactory(code="19.05.01.2002", name="Air Belo")


@pytest.fixture
def area(village):
    return factories.SlumAreaFactory(name="Kawasan Uji", villages=[village])


@pytest.fixture
def world(village, neighbour, area):
    """Two villages with a boundary and one without; 2024 is verified, 2025 a draft."""
    for number, one in enumerate((village, neighbour)):
        Region.objects.filter(pk=one.pk).update(boundary=square(105.1 + number * 0.05))
    factories.VillageFactory(code="19.05.01.2009", name="Keranggan")
    factories.AreaBoundaryFactory(slum_area=area, year=2020, geometry=square(105.11, -2.09, 0.01))
    factories.AreaBoundaryFactory(slum_area=area, year=2025, geometry=square(105.11, -2.09, 0.02))
    inside = factories.NeighbourhoodUnitFactory(region=village, slum_area=area)
    outside = factories.NeighbourhoodUnitFactory(region=neighbour)
    for year in (2024, 2025):
        factories.BaselineFactory(unit=inside, year=year)
        factories.BaselineFactory(unit=outside, year=year, water_access=Decimal(125))
    AssessmentYear.objects.filter(year=2024).update(status="verified")


def data(client):
    return client.get(DATA).json()


def page(client, query=""):
    answer = client.get(URL + query)
    assert answer.status_code == 200
    return answer.content.decode()


def table(html: str) -> dict[str, list[str]]:
    """{village: its cells} in the order of the page."""
    rows = re.findall(r'<tr data-village="([^"]+)">(.*?)</tr>', html, re.S)
    return {
        code: [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<td.*?</td>", row, re.S)]
        for code, row in rows
    }


# --- the rule ----------------------------------------------------------------------------------------------
def test_the_bands_of_the_legend_are_those_of_the_score():
    keys = [one.key for one in thematic.PERCENT_BINS]
    assert keys == ["points5", "points3", "points1", "points0", "not_assessed", "no_data"]
    for (least, points), one in zip(scoring.CUTS, thematic.PERCENT_BINS, strict=False):
        assert one.key == f"points{points}"
        assert str(least) in str(one.label)


def test_every_theme_is_the_class_or_a_criterion():
    assert ("class", *scoring.CRITERIA) == thematic.THEMES


# --- data --------------------------------------------------------------------------------------------------
def test_the_data_are_the_numbers_of_the_assessments(as_role, world, village):
    found = data(as_role("planner"))
    values = found["villages"][village.code]["years"]["2025"]
    stored = Assessment.objects.get(region=village, assessment_year__year=2025)
    result = stored.result()
    assert (values["class"], values["total"], values["max"]) == (stored.slum_class, stored.total, 80)
    for at, key in enumerate(found["criteria"]):
        if key in result.score:
            assert values["points"][at] == result.score[key]
            assert Decimal(str(values["percent"][at])) == rounded(result.percent[key], 2)
        else:
            assert (values["points"][at], values["percent"][at]) == (-1, None)
    assert values["slum"] == [float(stored.slum_hectares(method)) for method in "ab"]


def test_what_was_not_assessed_is_null(as_role, world, village):
    unit = factories.NeighbourhoodUnitFactory(region=village)
    factories.BaselineFactory(unit=unit, year=2025, water_access=None)
    found = data(as_role("planner"))
    values = found["villages"][village.code]["years"]["2025"]
    assert (values["class"], values["total"]) == ("not_assessed", None)
    assert values["points"][found["criteria"].index("water_access")] is None


def test_areas_carry_their_official_class(as_role, world, area):
    values = data(as_role("planner"))["areas"][area.slug]["years"]["2024"]
    assert (values["class"], values["hectares"]) == ("light", 2.75)


def test_two_rule_sets_of_a_year_are_two_entries(as_role, world, village):
    unit = village.neighbourhood_units.first()
    factories.BaselineFactory(unit=unit, year=2018, old_rules=True)
    factories.BaselineFactory(unit=unit, year=2018)
    years = data(as_role("planner"))["villages"][village.code]["years"]
    assert {f"2018-{PERMEN_2_2016}", "2018-permen_14_2018"} < set(years)
    assert years[f"2018-{PERMEN_2_2016}"]["max"] == 95


def test_the_public_gets_no_draft_year(as_role, world, village):
    client = as_role("viewer")
    assert set(data(client)["villages"][village.code]["years"]) == {"2024"}
    assert "2025" not in re.findall(r'<option value="(\d{4})', page(client))


def test_a_village_user_gets_drafts_of_the_own_village_alone(as_role, world, village, neighbour):
    client = as_role("village_user")
    villages = data(client)["villages"]
    assert set(villages[village.code]["years"]) == {"2024", "2025"}
    assert set(villages[neighbour.code]["years"]) == {"2024"}
    rows = table(page(client, "?year=2025"))
    assert "2,75" not in str(rows[neighbour.code])
    assert rows[village.code][0] != rows[neighbour.code][0]


@pytest.mark.parametrize("url", [URL, DATA, BOUNDARIES])
def test_only_reading(as_role, world, url):
    assert as_role("planner").post(url).status_code == 405
    assert as_role(None).get(url).status_code == 302


def test_unchanged_data_are_not_sent_again(as_role, world):
    client = as_role("planner")
    tag = client.get(DATA)["ETag"]
    again = client.get(DATA, headers={"if-none-match": tag})
    assert (again.status_code, again.content) == (304, b"")
    factories.BaselineFactory(year=2026)
    assert client.get(DATA, headers={"if-none-match": tag}).status_code == 200


# --- boundaries ---------------------------------------------------------------------------------------------
def test_boundaries_are_kept_for_good_under_the_name_of_their_content(as_role, world, village, neighbour, area):
    client = as_role("viewer")
    (url,) = re.findall(r'data-boundaries="([^"]+)"', page(client))
    answer = client.get(url)
    assert "immutable" in answer["Cache-Control"]
    found = answer.json()
    assert set(found["villages"]) == {village.code, neighbour.code}
    assert [year for year, _geometry in found["areas"][area.slug]] == [2020, 2025]
    Region.objects.filter(pk=neighbour.pk).update(boundary=square(105.15, size=0.04))
    (changed,) = re.findall(r'data-boundaries="([^"]+)"', page(client))
    assert changed != url
    stale = client.get(url)
    assert "immutable" not in stale["Cache-Control"]
    assert stale.json() == client.get(changed).json()


def test_boundaries_are_simplified_once(as_role, world, monkeypatch):
    client = as_role("viewer")
    first = client.get(BOUNDARIES).content
    monkeypatch.setattr("slumareas.geo.simplified", lambda *arguments: pytest.fail("simplified in a request"))
    assert client.get(BOUNDARIES).content == first
    tag = client.get(BOUNDARIES)["ETag"]
    assert client.get(BOUNDARIES, headers={"if-none-match": tag}).status_code == 304


def test_neighbours_keep_sharing_their_edge(as_role, world, village, neighbour):
    found = as_role("viewer").get(BOUNDARIES).json()["villages"]
    shared = {tuple(point) for point in found[village.code]["coordinates"][0]} & {
        tuple(point) for point in found[neighbour.code]["coordinates"][0]
    }
    assert len(shared) == 2


# --- the page -------------------------------------------------------------------------------------------------
def test_the_table_is_the_map_without_a_map(as_role, world, village, neighbour):
    client = as_role("planner")
    rows = table(page(client, "?show=water_access&year=2025"))
    assert re.match(r"40,00 % \D*1", rows[village.code][0])
    assert re.match(r"100,00 % \D*5", rows[neighbour.code][0])
    assert list(rows) == [neighbour.code, village.code, "19.05.01.2009"], "the worst first, those without data last"
    assert list(table(page(client, "?show=water_access&sort=value")))[-1] == "19.05.01.2009"
    assert list(table(page(client, "?sort=name"))) == [neighbour.code, "19.05.01.2009", village.code]


def test_two_years_stand_in_the_order_of_time(as_role, world, village):
    unit = village.neighbourhood_units.first()
    factories.BaselineFactory(unit=unit, year=2026, water_access=Decimal(100))
    for query in ("?show=water_access&year=2024&compare=2026", "?show=water_access&year=2026&compare=2024"):
        cells = table(page(as_role("planner"), query))[village.code]
        assert [cell.split()[0] for cell in cells[:2]] == ["40,00", "80,00"]


def test_a_criterion_that_the_rules_lack_is_said(as_role, world, village):
    html = page(as_role("planner"), "?show=drainage_unconnected")
    assert "clock-warning" in html
    assert "%" not in table(html)[village.code][0]


@pytest.mark.parametrize(
    "query", ["?show=x&year=1&compare=y&sort=z", "?year=&compare=&sort=", "?year=2024-x&compare=9"]
)
def test_a_damaged_address_shows_the_class_of_the_latest_year(as_role, world, query):
    html = page(as_role("planner"), query)
    assert '<option value="class" selected>' in html
    assert len(table(html)) == 3


def test_villages_without_a_boundary_are_listed(as_role, world):
    html = page(as_role("viewer"))
    caption = html[html.index("<figcaption>") : html.index("</figcaption>")]
    assert "Keranggan" in caption
    assert "Tanjung" not in caption


def test_without_any_year_the_page_stands(as_role, people):
    assert len(table(page(as_role("viewer")))) == 1


def test_a_name_is_never_markup(as_role, world, neighbour, area):
    Region.objects.filter(pk=neighbour.pk).update(name=BAD_NAME)
    area.name = BAD_NAME
    area.save()
    client = as_role("planner")
    assert BAD_NAME not in page(client)
    answer = client.get(DATA)
    assert answer["Content-Type"] == "application/json"
    assert answer["X-Content-Type-Options"] == "nosniff"


# --- other hosts ------------------------------------------------------------------------------------------------
def test_no_other_host_is_named(as_role, world):
    html = page(as_role("planner"))
    assert 'data-tiles=""' in html
    assert not re.findall(r'(?:src|href)="https?://', html)
    assert "img-src 'self' data: blob:;" in as_role("planner").get(URL)["Content-Security-Policy"] + ";"


# --- cost ---------------------------------------------------------------------------------------------------------
def test_page_and_data_cost_the_same_for_more_places_and_years(as_role, world, django_assert_num_queries):
    client = as_role("planner")
    for url in (URL, DATA, BOUNDARIES):
        client.get(url)
    with django_assert_num_queries(13):
        client.get(URL + "?compare=2024")
    with django_assert_num_queries(9):
        client.get(DATA)
    for number in range(4):
        village = factories.VillageFactory(code=f"19.05.01.30{number:02}")
        area = factories.SlumAreaFactory(villages=[village])
        factories.AreaBoundaryFactory(slum_area=area)
        unit = factories.NeighbourhoodUnitFactory(region=village, slum_area=area)
        factories.BaselineFactory(unit=unit, year=2020 + number)
    client.get(BOUNDARIES)
    with django_assert_num_queries(13):
        client.get(URL + "?compare=2024")
    with django_assert_num_queries(9):
        client.get(DATA)


def test_the_64_boundaries_of_the_regency_weigh_at_most_60_kb(as_role, people):
    call_command("loaddata", "fixtures/regions.json", verbosity=0)
    client = as_role("planner")
    sent = [gzip.compress(client.get(url).content) for url in (DATA, BOUNDARIES)]
    assert len(json.loads(gzip.decompress(sent[1]))["villages"]) == 64
    assert sum(map(len, sent)) < 60_000
