"""Slum hectares: by class and year, by which method, what changed them, reported beside measured."""

import re
from decimal import Decimal

import pytest
from django.urls import reverse

from core.models import Region
from slumareas.hectares import previous_years, timeline
from slumareas.models import Assessment, AssessmentYear, ReportedHectares
from slumareas.scoring import PERMEN_2_2016, PERMEN_14_2018
from tests import factories

pytestmark = pytest.mark.django_db
URL = "/slum-areas/hectares/"
CLEAN = dict.fromkeys(
    [
        "building_irregular", "building_substandard", "road_coverage", "road_surface", "water_access",
        "drainage_flooding", "drainage_missing", "drainage_construction", "wastewater_system", "wastewater_facility",
        "waste_facility", "waste_system", "fire_infrastructure", "fire_equipment",
    ],
    Decimal(0),
)  # fmt: skip


@pytest.fixture
def area(village):
    return factories.SlumAreaFactory(name="Kawasan Uji", villages=[village])


@pytest.fixture
def units(village, area):
    return [factories.NeighbourhoodUnitFactory(region=village, rt=rt, slum_area=area) for rt in ("1", "2")]


@pytest.fixture
def measured(units):
    """2.75 + 2.75 ha of slum in 2024; in 2025 one of the two neighbourhoods is clean and works were done in it."""
    for unit in units:
        factories.BaselineFactory(unit=unit, year=2024)
    factories.WorkFactory(unit=units[0], year=2025)
    factories.BaselineFactory(unit=units[0], year=2025, **CLEAN)
    factories.BaselineFactory(unit=units[1], year=2025)


def publish(**years):
    AssessmentYear.objects.filter(**years).update(status="verified")


def cells(html: str, table: str) -> dict[str, list[str]]:
    """{place on the axis: the text of its cells} of a table of the page."""
    body = html[html.index(f'id="{table}"') :]
    rows = re.findall(r'<tr data-slot="([^"]+)".*?</tr>', body[: body.index("</table>")], re.S)
    parts = re.split(r'<tr data-slot="[^"]+"', body[: body.index("</table>")])[1:]
    return {
        row: [" ".join(re.sub(r"<[^>]+>", " ", cell).split()) for cell in re.findall(r"<td.*?</td>", part, re.S)]
        for row, part in zip(rows, parts, strict=True)
    }


def page(client, query=""):
    answer = client.get(URL + query)
    assert answer.status_code == 200
    return answer.content.decode()


# --- methods ---------------------------------------------------------------------------------------------
def test_both_methods_are_named_and_switched_by_a_link(as_role, measured):
    html = page(as_role("planner"))
    assert 'href="?method=a" aria-current="true"' in html
    assert 'href="?method=b"' in html
    assert 'href="?method=b" aria-current="true"' in page(as_role("planner"), "?method=b")


def test_the_numbers_are_those_of_the_assessment(as_role, measured):
    regency = Assessment.objects.get(level="regency", assessment_year__year=2025)
    assert (regency.slum_hectares("a"), regency.slum_hectares("b")) == (0, Decimal("2.75"))
    by_a, by_b = (cells(page(as_role("planner"), f"?method={method}"), "years-table")["2025"] for method in "ab")
    assert by_a[:6] == ["0,00", "0,00", "0,00", "0,00", "0,00", "5,50"]
    assert by_b[:6] == ["0,00", "0,00", "2,75", "2,75", "0,00", "2,75"]


def test_an_unknown_method_is_method_a(as_role, measured):
    assert 'href="?method=a" aria-current="true"' in page(as_role("planner"), "?method=x")


# --- change ----------------------------------------------------------------------------------------------
def test_a_reduction_is_in_hectares_and_per_cent_of_the_earlier_year(as_role, measured):
    assert cells(page(as_role("planner"), "?method=b"), "years-table")["2025"][6] == "−2,75 ha (−50,00 %)"


def test_the_change_is_split_by_cause(as_role, measured):
    causes = cells(page(as_role("planner"), "?method=b"), "causes-table")
    assert causes == {"2025": ["−2,75", "0,00", "0,00", "0,00", "0,00", "−2,75 ha (−50,00 %)"]}


def test_a_year_that_crosses_a_rule_change_says_so(as_role, units):
    factories.BaselineFactory(unit=units[0], year=2018, old_rules=True)
    factories.BaselineFactory(unit=units[0], year=2019)
    html = page(as_role("planner"))
    assert 'data-rule-change="' in html
    assert html.count("Permen PUPR 02/PRT/M/2016") >= 3  # at its year, in the warning, beside the cause
    assert "data-rule-change" not in html.split('data-slot="2019"')[0]


def test_a_year_under_two_rule_sets_has_two_rows(as_role, units):
    factories.BaselineFactory(unit=units[0], year=2018, old_rules=True)
    factories.BaselineFactory(unit=units[0], year=2018)
    rows = cells(page(as_role("planner")), "years-table")
    assert list(rows) == [f"2018-{PERMEN_14_2018}", f"2018-{PERMEN_2_2016}"]


def test_a_year_is_compared_with_that_of_the_same_rules():
    years = [
        AssessmentYear(pk=number, year=year, rule_set=rule_set)
        for number, (year, rule_set) in enumerate(
            [(2017, PERMEN_2_2016), (2018, PERMEN_2_2016), (2018, PERMEN_14_2018), (2020, PERMEN_14_2018)]
        )
    ]
    assert previous_years(years) == {1: 0, 2: 0, 3: 2}


def test_the_choice_of_the_year_before_is_that_of_the_model(db):
    unit = factories.NeighbourhoodUnitFactory()
    for year, rule_set in [
        (2017, PERMEN_2_2016),
        (2018, PERMEN_2_2016),
        (2018, PERMEN_14_2018),
        (2019, PERMEN_14_2018),
    ]:
        factories.BaselineFactory(unit=unit, year=year, rule_set=rule_set)
    years = list(AssessmentYear.objects.all())
    expected = {year.pk: year.previous().pk for year in years if year.previous()}
    assert len(expected) == 3
    assert previous_years(years) == expected


def test_what_is_not_yet_measured_again_is_no_reduction(as_role, measured):
    """A draft that begins with some neighbourhoods does not claim that the others are no slum any more."""
    unit = factories.NeighbourhoodUnitFactory(region=Region.objects.villages().first(), rt="91")
    area = factories.SlumAreaFactory(villages=[unit.region])
    unit.slum_area = area
    unit.save()
    factories.BaselineFactory(unit=unit, year=2024)
    html = as_role("planner").get("/slum-areas/hectares/?method=b").content.decode()
    assert 'data-series="missing" data-value="-2.75' in html


# --- gaps ------------------------------------------------------------------------------------------------
def reported(year, hectares="10", kind="reported", group=None):
    regency = Region.objects.get(level="regency")
    group = group or factories.ReportingGroupFactory(regions=[regency])
    return factories.ReportedHectaresFactory(group=group, year=year, hectares=Decimal(hectares), kind=kind)


def test_a_year_without_data_is_a_gap_not_a_zero(as_role, measured):
    group = reported(2021).group
    reported(2027, "0", "target", group)
    rows = cells(page(as_role("planner")), "years-table")
    assert list(rows) == ["2021", "2022", "2023", "2024", "2025", "2026", "2027"]
    for year in ("2022", "2023", "2026"):
        assert len(rows[year]) == 2, "one sentence and the empty place of the reported figure"
        assert "0,00" not in rows[year][0]
    assert "data-value" not in page(as_role("planner")).split('data-slot="2026"')[1].split("</tr>")[0]


def test_many_empty_years_are_one_place(village):
    slots = timeline([], [reported(2000), reported(2040, group=None)])
    assert [(slot.first, slot.last) for slot in slots] == [(2000, 2000), (2001, 2039), (2040, 2040)]


def test_the_target_stands_in_its_year(as_role, measured):
    reported(2027, "0", "target")
    assert 'data-target="0.000000"' in page(as_role("planner"))


def test_without_anything_the_page_says_so(as_role, people):
    html = page(as_role("viewer"))
    assert "<table" not in html


# --- reported beside measured ----------------------------------------------------------------------------
@pytest.fixture
def published(village):
    """The regency's figures of the minutes of 2019."""
    regency, mentok = village.parent.parent, village.parent
    others = {
        name: factories.DistrictFactory(code=code, name=name, parent=regency)
        for code, name in (("19.05.06", "Parittiga"), ("19.05.03", "Jebus"), ("19.05.05", "Tempilang"))
    }
    whole = factories.ReportingGroupFactory(name="Kabupaten Bangka Barat", regions=[regency])
    for year, hectares in ((2017, "85.20"), (2018, "82.04")):
        factories.ReportedHectaresFactory(group=whole, year=year, hectares=Decimal(hectares))
    groups = {"Mentok": ([mentok], "16.23"), "Tempilang": ([others["Tempilang"]], "28.84")}
    groups["Parittiga dan Jebus"] = ([others["Parittiga"], others["Jebus"]], "36.97")
    for name, (regions, hectares) in groups.items():
        group = factories.ReportingGroupFactory(name=name, regions=regions)
        factories.ReportedHectaresFactory(group=group, year=2018, hectares=Decimal(hectares))
    factories.ReportedHectaresFactory(group=whole, year=2021, hectares=0, kind="target")


def test_the_published_reduction_is_3_16_ha_or_3_71_per_cent(as_role, published):
    html = page(as_role("viewer"))
    assert re.search(r"3,16 ha = 3,71 %", html)
    assert "−3,16 ha" in html
    assert "(−3,71 %)" in html


def test_the_sum_of_the_groups_is_exact_and_no_group_is_split(as_role, published):
    html = page(as_role("viewer"))
    text = " ".join(re.sub(r"<[^>]+>", "", html).split())
    assert "16,23 + 36,97 + 28,84 = 82,04 ha" in text
    assert html.count("36,97") == 2, "in the sum and in its one row"


def test_a_sum_that_is_not_exact_shows_its_difference(as_role, published):
    ReportedHectares.objects.filter(group__name="Mentok").update(hectares=Decimal("16.00"))
    assert "-0,23 ha" in page(as_role("viewer"))


def test_a_group_of_two_districts_is_measured_as_both(as_role, published, units):
    jebus = factories.VillageFactory(code="19.05.03.2001", parent=Region.objects.get(code="19.05.03"))
    parittiga = factories.VillageFactory(code="19.05.06.2001", parent=Region.objects.get(code="19.05.06"))
    for village in (jebus, parittiga):
        area = factories.SlumAreaFactory(villages=[village])
        factories.BaselineFactory(unit=factories.NeighbourhoodUnitFactory(region=village, slum_area=area), year=2018)
    html = page(as_role("planner"))
    row = html[html.index('id="reported"') :].split("Parittiga dan Jebus")[1].split("</tr>")[0]
    assert "5,50 ha" in row
    assert "−31,47 ha" in row


def test_a_difference_is_shown_until_it_is_explained(as_role, measured):
    figure = reported(2025, "3")
    html = page(as_role("planner"), "?method=b")
    assert "−0,25 ha" in html
    assert "pill-warning" in html
    url = reverse("slumareas:hectares_explain", args=[figure.pk])
    assert url in html
    answer = as_role("planner").post(url, {"explanation": "Batas diukur ulang <b>tebal</b>"})
    assert (answer.status_code, answer["Location"]) == (302, f"{URL}#reported")
    figure.refresh_from_db()
    assert figure.explanation == "Batas diukur ulang <b>tebal</b>"
    html = page(as_role("planner"), "?method=b")
    assert "Batas diukur ulang &lt;b&gt;tebal&lt;/b&gt;" in html
    assert "pill-warning" not in html
    assert figure.history.latest().history_user.username == "planner"


@pytest.mark.parametrize("role", ["verifier", "pokja_member", "opd_user", "village_user", "viewer"])
def test_who_may_not_explain_finds_no_form(as_role, measured, role):
    figure = reported(2025, "3")
    publish(year=2025)
    url = reverse("slumareas:hectares_explain", args=[figure.pk])
    client = as_role(role)
    assert url not in page(client)
    assert client.get(url).status_code == 403
    assert client.post(url, {"explanation": "x"}).status_code == 403
    figure.refresh_from_db()
    assert figure.explanation == ""


def test_a_target_is_nothing_to_explain(as_role, measured):
    figure = reported(2025, "0", "target")
    assert as_role("planner").get(reverse("slumareas:hectares_explain", args=[figure.pk])).status_code == 404


# --- who sees what ----------------------------------------------------------------------------------------
def test_the_public_sees_no_draft_year_and_no_change_against_one(as_role, measured):
    publish(year=2025)
    html = page(as_role("viewer"), "?method=b")
    assert list(cells(html, "years-table")) == ["2025"]
    assert "causes-table" not in html
    assert "-2,75" not in html


def test_a_village_sees_the_regency_of_a_draft_year_not_at_all(as_role, measured):
    html = page(as_role("village_user"))
    assert "years-table" not in html


def test_made_up_figures_are_marked(as_role, units):
    factories.BaselineFactory(unit=units[0], year=2024)
    assert "made-up" not in page(as_role("planner"))
    factories.BaselineFactory(unit=units[1], year=2024, is_made_up=True)
    assert "made-up" in page(as_role("planner"))


def test_the_districts_of_a_year(as_role, measured):
    html = page(as_role("planner"), "?method=b&year=2024")
    table = html[html.index('id="districts"') :]
    assert "2024" in table[: table.index("</h2>")]
    assert re.search(r"Mentok.*?5,50", table, re.S)


# --- cost -------------------------------------------------------------------------------------------------
def test_the_page_costs_the_same_for_more_years_and_places(as_role, measured, django_assert_num_queries, village):
    reported(2025, "3")
    client = as_role("planner")
    page(client)
    with django_assert_num_queries(9):
        page(client)
    for number in range(3):
        other = factories.VillageFactory(
            code=f"19.05.0{number + 2}.2001",
            parent=factories.DistrictFactory(code=f"19.05.0{number + 2}", name=f"Kecamatan {number}"),
        )
        area = factories.SlumAreaFactory(villages=[other])
        unit = factories.NeighbourhoodUnitFactory(region=other, slum_area=area)
        factories.BaselineFactory(unit=unit, year=2020 + number)
        reported(2020 + number, "3", group=factories.ReportingGroupFactory(regions=[other.parent]))
    with django_assert_num_queries(9):
        page(client)
