"""The home page tells each person what waits, and nothing that is not theirs."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from slumareas.models import AssessmentYear
from tests import factories


def text_of(answer):
    assert answer.status_code == 200
    return answer.content.decode()


@pytest.fixture
def areas(village):
    """A draft of 2025 with a missing figure in the own village and one elsewhere; a locked 2024."""
    for region, rt in ((village, "71"), (factories.VillageFactory(code="19.05.02.2009"), "72")):
        area = factories.SlumAreaFactory(villages=[region])
        unit = factories.NeighbourhoodUnitFactory(region=region, slum_area=area, rt=rt)
        factories.BaselineFactory(unit=unit, year=2024, verified_area_ha="1.50")
        factories.BaselineFactory(unit=unit, year=2025, fire_equipment=None)
    AssessmentYear.objects.filter(year=2024).update(status="locked")


def test_a_planner_sees_every_missing_figure_and_the_latest_hectares(as_role, areas):
    html = text_of(as_role("planner").get("/"))
    assert "RT 71" in html
    assert "RT 72" in html
    assert "kumuh tahun 2025" in html


def test_a_village_sees_only_its_own(as_role, areas):
    html = text_of(as_role("village_user").get("/"))
    assert "RT 71" in html
    assert "RT 72" not in html


@pytest.mark.parametrize("role", ["viewer", "pokja_member", "opd_user", "verifier"])
def test_who_enters_nothing_is_asked_for_nothing(as_role, areas, role):
    assert "RT 71" not in text_of(as_role(role).get("/"))


def test_the_public_sees_the_hectares_of_what_was_verified(as_role, areas):
    html = text_of(as_role("viewer").get("/"))
    assert "3,00 ha" in html
    assert "kumuh tahun 2024" in html
    assert "2025" not in html


def test_without_results_there_is_no_figure(as_role, people):
    assert "home-figure" not in text_of(as_role("planner").get("/"))


def test_the_number_of_queries_does_not_grow(as_role, areas, village):
    client = as_role("planner")
    counted = []
    for turn in range(2):
        with CaptureQueriesContext(connection) as seen:
            client.get("/")
        counted.append(len(seen))
        for rt in (f"8{turn}", f"9{turn}"):
            unit = factories.NeighbourhoodUnitFactory(region=village, rt=rt)
            factories.BaselineFactory(unit=unit, year=2025, fire_equipment=None)
    assert counted[0] == counted[1]
