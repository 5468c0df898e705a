"""The pages of districts and the regency: sums of their villages, called calculated, with the way down and up."""

import re
from decimal import Decimal
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from core.models import Region, User
from slumareas import scoring
from slumareas.models import Assessment, AssessmentYear
from slumareas.templatetags import results
from tests import factories

LAST, NOW = 2024, 2025  # verified, and still a draft
LEVELS = ["district", "regency"]


@pytest.fixture(autouse=True)
def measured(village, people):
    """The own village in both years, another one of the district and one of another district in the draft alone."""
    own = factories.NeighbourhoodUnitFactory(region=village, slum_area=make_area(village), rt="1")
    factories.BaselineFactory(unit=own, year=LAST, building_irregular=100)
    factories.BaselineFactory(unit=own, year=NOW)
    for year in AssessmentYear.objects.filter(year=LAST):
        year.verify(by=people["verifier"], at=timezone.now())
    for code, changed in (("19.05.01.2008", {"water_access": None}), ("19.05.02.2001", {"verified_area_ha": "3.21"})):
        add_village(code, **changed)
    return own


def make_area(village):
    return factories.SlumAreaFactory(name=f"Kampung {village.code}", villages=[village])


def add_village(code, **changed):
    district = factories.DistrictFactory(code=code[:8], name=f"Kecamatan {code[:8]}")
    village = factories.VillageFactory(code=code, name=f"Desa {code}", parent=district)
    unit = factories.NeighbourhoodUnitFactory(region=village, slum_area=make_area(village), rt="1")
    return factories.BaselineFactory(unit=unit, year=NOW, **changed)


def region(level):
    return Region.objects.get(code={"district": "19.05.01", "regency": "19.05"}[level])


def url_of(level, criterion=""):
    arguments = [region(level).code, *filter(None, [criterion])]
    return reverse(f"slumareas:{level}_{'criterion' if criterion else 'detail'}", args=arguments)


def text_of(answer):
    assert answer.status_code == 200
    main = answer.content.decode().split("<main", 1)[1]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).replace("\u00a0", " ").split())


def written(value, how):
    with translation.override("id"):
        return how(value).replace("\u00a0", " ")


def result(level, year=NOW):
    return Assessment.objects.get(region=region(level), assessment_year__year=year)


# --- who sees what ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("level", LEVELS)
def test_the_anonymous_are_sent_to_the_login(as_role, level):
    for url in (url_of(level), url_of(level, "water_access")):
        assert as_role(None).get(url).headers["Location"].startswith("/accounts/login/")


@pytest.mark.parametrize("role", User.Role.values)
@pytest.mark.parametrize("level", LEVELS)
def test_verified_results_are_open_to_every_role(as_role, role, level):
    shown = text_of(as_role(role).get(url_of(level), {"year": LAST}))
    assert f"{result(level, LAST).total} dari 80 poin" in shown
    assert as_role(role).get(url_of(level, "water_access"), {"year": LAST}).status_code == 200


@pytest.mark.parametrize("level", LEVELS)
def test_the_public_does_not_know_of_a_draft(as_role, level):
    client = as_role("viewer")
    assert client.get(url_of(level), {"year": NOW}).status_code == 404
    assert str(NOW) not in text_of(client.get(url_of(level)))


@pytest.mark.parametrize("level", LEVELS)
def test_a_village_user_sees_of_a_draft_only_the_own_village(as_role, level):
    client = as_role("village_user")
    shown = text_of(client.get(url_of(level), {"year": NOW}))
    assert "Belum terbuka untuk umum." in shown
    assert "3,21" not in shown
    assert client.get(url_of(level, "water_access"), {"year": NOW}).status_code == 404
    listed = text_of(client.get(url_of("district"), {"year": NOW}))
    assert "belum terbuka" in listed.split("Desa 19.05.01.2008", 1)[1]
    assert "belum terbuka" not in listed.split("Kelurahan Tanjung", 1)[1].split("Desa 19.05.01.2008")[0]


@pytest.mark.parametrize(
    "path",
    [
        "districts/19.05.01.1001/",
        "districts/19.05/",
        "districts/19.05.99/",
        "districts/",
        "regencies/19.05.01/",
        "regencies/19.06/",
        "villages/19.05.01/",
        "districts/19.05.01/criteria/tidak-ada/",
        "regencies/19.05/criteria/waste_unmaintained/",
    ],
)
def test_what_is_unknown_is_not_found(as_role, path):
    assert as_role("planner").get(f"/slum-areas/{path}").status_code == 404


@pytest.mark.parametrize("year", ["1999", "2026", "abc"])
@pytest.mark.parametrize("level", LEVELS)
def test_an_unknown_year_is_not_found(as_role, level, year):
    assert as_role("planner").get(url_of(level), {"year": year}).status_code == 404


# --- what is shown ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("level", LEVELS)
def test_every_number_is_that_of_the_result(as_role, level):
    stored = result(level)
    shown = text_of(as_role("planner").get(url_of(level), {"year": NOW}))
    assert "Kelas hasil hitungan" in shown
    for criterion in stored.assessment_year.rules.criteria:
        with translation.override("id"):
            volume = results.quantity(getattr(stored, criterion.key), criterion.unit)
            whole = results.quantity(getattr(stored, criterion.denominator), criterion.unit)
            row = f"{criterion.label} {volume} {whole} {criterion.unit.label}"
        assert re.sub(r"\s+", " ", row.replace("\u00a0", " ")) in re.sub(r" terbesar ke-\d", "", shown)
    assert f"{stored.assessed_count} dari {stored.unit_count}" in shown
    assert written(stored.result().percent["road_surface"], results.percent) in shown
    assert stored.total is None  # a blank below makes the sum a blank
    assert "Belum dinilai" in shown


@pytest.mark.parametrize("level", LEVELS)
def test_hectares_stand_by_class_year_and_both_methods(as_role, level):
    shown = text_of(as_role("planner").get(url_of(level)))
    by_method = re.split(r"Metode [AB]: ", shown.split("Luas menurut kelas dan tahun", 1)[1])[1:3]
    for method, table in zip("ab", by_method, strict=True):
        for year in (LAST, NOW):
            stored = result(level, year)
            found = stored.hectares(method)
            cells = [found["heavy"], found["moderate"], found["light"], stored.slum_hectares(method)]
            cells += [found["not_assessed"], found["not_slum"]]
            row = " ".join(written(cell, results.hectares) for cell in cells)
            assert re.search(rf"{year} (draf )?{re.escape(row)}", table), (method, year, row)


@pytest.mark.parametrize("level", LEVELS)
def test_the_years_stand_side_by_side(as_role, level):
    shown = text_of(as_role("planner").get(url_of(level))).split("Perbandingan antartahun 2", 1)[1]
    assert f"{LAST} " in shown
    assert f"{NOW} draf" in shown


def test_the_villages_of_a_district_stand_with_class_hectares_and_completeness(as_role):
    page = as_role("planner").get(url_of("district"), {"year": NOW})
    table = text_of(page).split("Kelurahan/desa 2", 1)[1]
    own, other = table.split("Desa 19.05.01.2008", 1)
    total = Assessment.objects.get(region__code=factories.OWN_VILLAGE, assessment_year__year=NOW).total
    assert f"{total} / 80" in own
    assert "1 dari 1" in own
    assert "Belum dinilai" in other
    assert "0 dari 1" in other
    links = re.findall(r'href="/slum-areas/villages/([\d.]+)/\?year=2025"', page.content.decode())
    assert links == [factories.OWN_VILLAGE, "19.05.01.2008"]


def test_the_districts_of_the_regency_stand_with_theirs(as_role):
    page = as_role("planner").get(url_of("regency"), {"year": NOW}).content.decode()
    assert re.findall(r'href="/slum-areas/districts/([\d.]+)/\?year=2025"', page) == ["19.05.02", "19.05.01"]


@pytest.mark.parametrize("level", LEVELS)
def test_the_areas_of_a_region_are_those_that_lie_in_it(as_role, level):
    page = as_role("planner").get(url_of(level)).content.decode()
    for code, is_inside in ((factories.OWN_VILLAGE, True), ("19.05.02.2001", level == "regency")):
        assert (f"Kampung {code}" in page) == is_inside


def test_a_survey_is_shown_and_not_added(as_role):
    village = factories.VillageFactory(code="19.05.01.2010", name="Survei")
    factories.BaselineFactory(unit=factories.NeighbourhoodUnitFactory(region=village, rw="", rt=""), year=NOW)
    client = as_role("planner")
    assert "1 hanya memiliki survei seluruh kelurahan/desa" in text_of(client.get(url_of("district"), {"year": NOW}))
    behind = text_of(client.get(url_of("district", "road_surface"), {"year": NOW}))
    assert "Survei survei seluruh kelurahan/desa: tidak ikut dijumlahkan" in behind
    assert result("district").unit_count == 2


def test_a_district_with_surveys_alone_says_so(as_role):
    survey = add_village("19.05.03.2001")
    survey.delete()
    whole = factories.NeighbourhoodUnitFactory(region=survey.unit.region, rw="", rt="")
    factories.BaselineFactory(unit=whole, year=NOW)
    shown = text_of(as_role("planner").get("/slum-areas/districts/19.05.03/"))
    assert "angkanya berasal dari survei seluruh kelurahan/desa" in shown


def test_a_district_in_which_nothing_was_measured_is_not_called_free_of_slums(as_role):
    factories.VillageFactory(code="19.05.04.2001", parent=factories.DistrictFactory(code="19.05.04", name="Sepi"))
    shown = text_of(as_role("planner").get("/slum-areas/districts/19.05.04/"))
    assert "Belum dinilai tidak sama dengan bebas kumuh." in shown


def test_works_are_added_up_for_the_region(as_role, measured):
    for code, volume in ((None, 40), ("19.05.02.2001", 60)):
        unit = measured if code is None else Region.objects.get(code=code).neighbourhood_units.get()
        factories.WorkFactory(unit=unit, year=2026, criterion="road_surface", volume=volume)
    client = as_role("planner")
    assert "100 m" in text_of(client.get(url_of("regency"))).split("Kegiatan fisik 1", 1)[1]
    assert "40 m" in text_of(client.get(url_of("district"))).split("Kegiatan fisik 1", 1)[1]


# --- how a number was computed ------------------------------------------------------------------------------
def test_the_sum_leads_down_to_the_rows(as_role, measured):
    client, key = as_role("planner"), "road_surface"
    page, criterion = url_of("regency", key), scoring.CRITERIA[key]
    for code in ("19.05.01", factories.OWN_VILLAGE):
        answer = client.get(page, {"year": NOW})
        stored = Assessment.objects.get(region__code=page.split("/")[3], assessment_year__year=NOW)
        sums = (stored.road_surface, stored.ideal_road_m)
        line = " ".join(written(one, lambda value: results.quantity(value, criterion.unit)) for one in sums)
        assert f"Jumlah semua baris {line}" in text_of(answer)
        links = re.findall(rf'href="([^"?]*{re.escape(code)}/criteria/{key}/)\?year=2025"', answer.content.decode())
        assert links
        page = links[0]
    assert "RT 1 RW" in text_of(client.get(page, {"year": NOW}))


def test_a_part_that_is_not_known_is_not_called_0(as_role):
    behind = text_of(as_role("planner").get(url_of("district", "water_access"), {"year": NOW}))
    assert "Desa 19.05.01.2008 belum diketahui" in behind


# --- the way there -----------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("path", "links"),
    [
        ("/slum-areas/villages/", ["districts/19.05.01", "regencies/19.05"]),
        ("/slum-areas/hectares/", ["districts/19.05.01", "regencies/19.05"]),
        (f"/slum-areas/villages/{factories.OWN_VILLAGE}/", ["districts/19.05.01", "regencies/19.05"]),
        ("/slum-areas/districts/19.05.01/", ["regencies/19.05"]),
        ("/slum-areas/districts/19.05.01/criteria/water_access/", ["districts/19.05.01", "regencies/19.05"]),
        ("/slum-areas/kampung-190501-1001/", ["districts/19.05.01"]),
    ],
)
def test_regions_are_linked_from_where_one_looks_for_them(as_role, path, links):
    if path.startswith("/slum-areas/kampung"):
        path = Region.objects.get(code=factories.OWN_VILLAGE).slum_areas.get().get_absolute_url()
    page = as_role("planner").get(path).content.decode()
    for link in links:
        assert f'href="/slum-areas/{link}/' in page


def test_the_pages_speak_english_too(as_role):
    client = as_role("planner")
    client.cookies["django_language"] = "en"
    shown = text_of(client.get(url_of("district")))
    assert "Calculated class." in shown
    assert "Method A: whole areas" in shown
    assert "Method B: neighbourhoods" in shown


# --- the same cost however much there is ----------------------------------------------------------------------
@pytest.mark.parametrize("number", [0, 3, 12])
def test_the_number_of_queries_does_not_grow(as_role, measured, number):
    for place in range(number):
        add_village(f"19.05.0{1 + place % 3}.{2101 + place}", verified_area_ha=Decimal("1.5"))
        factories.BaselineFactory(
            unit=factories.NeighbourhoodUnitFactory(region=measured.region, rt=str(10 + place)), year=NOW
        )
        factories.WorkFactory(unit=measured, year=2026, volume=1 + place)
    client, counted = as_role("planner"), {}
    for level in LEVELS:
        for criterion in ("", "road_surface"):
            with CaptureQueriesContext(connection) as queries:
                assert client.get(url_of(level, criterion)).status_code == 200
            counted[level, bool(criterion)] = len(queries)
    assert counted == QUERIES


QUERIES = {("district", False): 15, ("district", True): 11, ("regency", False): 15, ("regency", True): 11}
