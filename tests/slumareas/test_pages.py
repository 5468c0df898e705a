"""The pages of areas, villages, neighbourhoods and criteria: who sees what, and that what is shown is what was computed."""

import csv
import io
import json
import re
from decimal import Decimal
from html import unescape

import openpyxl
import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from core.models import User
from slumareas import scoring
from slumareas.models import Assessment, AssessmentYear, Baseline, ReportedHectares
from slumareas.reading import Reading, YearRow, cuts, points_sentence, year_rows
from slumareas.templatetags import results
from tests import factories

LAST, NOW = 2024, 2025  # verified, and still a draft
OLD, NEW = scoring.PERMEN_2_2016, scoring.PERMEN_14_2018
INSIDE = ["admin", "planner", "verifier", "pokja_member", "opd_user"]
EMPTY = dict.fromkeys(("fire_equipment",))


@pytest.fixture
def area(village):
    return factories.SlumAreaFactory(name="Kampung Uji", villages=[village])


@pytest.fixture
def unit(village, area):
    return factories.NeighbourhoodUnitFactory(region=village, slum_area=area, rt="1")


@pytest.fixture
def measured(unit, people):
    """The neighbourhood in a verified year (39 points) and in a draft year (32 points)."""
    more = {"water_quantity": 40, "building_irregular": 100, "waste_system": 100}
    before = factories.BaselineFactory(unit=unit, year=LAST, **more)
    now = factories.BaselineFactory(unit=unit, year=NOW)
    verify(LAST, people)
    return before, now


@pytest.fixture
def elsewhere(people):
    """Another village with an area of its own, measured in the draft year."""
    village = factories.VillageFactory(code="19.05.01.2009", name="Jauh")
    area = factories.SlumAreaFactory(name="Kampung Jauh", villages=[village])
    unit = factories.NeighbourhoodUnitFactory(region=village, slum_area=area, rt="1")
    return factories.BaselineFactory(unit=unit, year=NOW)


def verify(year, people):
    for one in AssessmentYear.objects.filter(year=year):
        one.verify(by=people["verifier"], at=timezone.now())


def assessment(place, year=NOW):
    name = "slum_area" if hasattr(place, "slug") else "region"
    return Assessment.objects.get(**{name: place}, assessment_year__year=year)


def text_of(answer):
    """What a person reads: without tags, spaces made single."""
    assert answer.status_code == 200
    main = answer.content.decode().split("<main", 1)[1]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).replace("\u00a0", " ").split())


def written(value, how):
    with translation.override("id"):
        return how(value).replace("\u00a0", " ")


def village_url(village, *, criterion=""):
    if criterion:
        return reverse("slumareas:village_criterion", args=[village.code, criterion])
    return reverse("slumareas:village_detail", args=[village.code])


def criterion_url(area, key):
    return reverse("slumareas:area_criterion", args=[area.slug, key])


def pages_of(unit, baseline):
    area = unit.slum_area
    return {
        "areas": reverse("slumareas:area_list"),
        "villages": reverse("slumareas:village_list"),
        "area": area.get_absolute_url(),
        "village": village_url(unit.region),
        "criterion": criterion_url(area, "water_access"),
        "village criterion": village_url(unit.region, criterion="water_access"),
        "export": reverse("slumareas:area_export", args=["csv"]),
        "village export": reverse("slumareas:village_export", args=["json"]),
        "neighbourhood": unit.get_absolute_url(),
        "baseline": baseline.get_absolute_url(),
    }


PUBLIC = ["areas", "villages", "area", "village", "criterion", "village criterion", "export", "village export"]


# --- who sees what ---------------------------------------------------------------------------------------
def test_the_anonymous_see_nothing(as_role, measured, unit):
    for url in pages_of(unit, measured[1]).values():
        answer = as_role(None).get(url)
        assert answer.status_code == 302
        assert answer.url.startswith("/accounts/login/")


@pytest.mark.parametrize("role", User.Role.values)
def test_results_are_open_to_every_role(as_role, measured, unit, role):
    client, pages = as_role(role), pages_of(unit, measured[1])
    assert [client.get(pages[name]).status_code for name in PUBLIC] == [200] * len(PUBLIC)


@pytest.mark.parametrize("role", [*INSIDE, "village_user"])
def test_rows_are_open_inside_the_programme(as_role, measured, unit, role):
    client, pages = as_role(role), pages_of(unit, measured[1])
    assert client.get(pages["neighbourhood"]).status_code == 200
    assert client.get(pages["baseline"]).status_code == 200
    assert "RT 1 RW 1" in text_of(client.get(pages["area"]))


def test_the_public_reads_no_rows(as_role, measured, unit):
    client, pages = as_role("viewer"), pages_of(unit, measured[0])
    assert client.get(pages["neighbourhood"]).status_code == 404
    assert client.get(pages["baseline"]).status_code == 404
    for name in ("area", "village", "criterion", "village criterion"):
        assert "RT 1 RW 1" not in text_of(client.get(pages[name]))


@pytest.mark.parametrize("name", ["areas", "villages", "area", "village", "criterion", "export", "village export"])
def test_the_public_does_not_know_of_a_draft(as_role, measured, unit, name):
    client, url = as_role("viewer"), pages_of(unit, measured[1])[name]
    assert client.get(url, {"year": NOW}).status_code == 404
    shown = client.get(url)
    assert shown.status_code == 200
    assert str(NOW) not in shown.content.decode().split("<main")[-1]


def test_the_public_hears_nothing_of_a_draft_before_a_verified_year(as_role, area, unit, people):
    factories.BaselineFactory(unit=unit, year=LAST)
    factories.BaselineFactory(unit=unit, year=NOW, water_access=0)
    verify(NOW, people)
    client = as_role("viewer")
    for url in (reverse("slumareas:area_list"), reverse("slumareas:village_list"), area.get_absolute_url()):
        assert str(LAST) not in text_of(client.get(url))
    row = json.loads(client.get(reverse("slumareas:area_export", args=["json"])).content)[0]
    assert (row["class_before"], row["points_change"]) == (None, None)


def test_the_public_sees_the_verified_year_instead(as_role, measured, area):
    shown = text_of(as_role("viewer").get(area.get_absolute_url()))
    assert f"{measured[0].total} dari 80 poin" in shown
    assert f"{measured[1].total} dari 80 poin" not in shown


def test_a_village_user_sees_no_rows_of_others(as_role, measured, elsewhere):
    client = as_role("village_user")
    assert client.get(elsewhere.get_absolute_url()).status_code == 404
    assert client.get(elsewhere.unit.get_absolute_url()).status_code == 404


def test_a_village_user_sees_of_a_draft_only_the_own_village(as_role, measured, elsewhere, area):
    client = as_role("village_user")
    shown = text_of(client.get(elsewhere.slum_area.get_absolute_url(), {"year": NOW}))
    assert "Belum terbuka untuk umum." in shown
    assert f"{elsewhere.total} dari 80 poin" not in shown
    assert client.get(criterion_url(elsewhere.slum_area, "water_access"), {"year": NOW}).status_code == 404
    assert f"{measured[1].total} dari 80 poin" in text_of(client.get(area.get_absolute_url(), {"year": NOW}))
    listed = text_of(client.get(reverse("slumareas:area_list"), {"year": NOW}))
    assert "Belum dinilai" not in listed.split("Kampung Jauh")[1]
    assert "belum terbuka" in listed.split("Kampung Jauh")[1]
    rows = json.loads(client.get(reverse("slumareas:area_export", args=["json"]), {"year": NOW}).content)
    assert {row["key"]: row["total"] for row in rows} == {area.slug: measured[1].total, elsewhere.slum_area.slug: None}


@pytest.mark.parametrize(
    ("role", "may_edit", "may_draft"),
    [("planner", True, True), ("village_user", False, True), ("verifier", False, False), ("viewer", False, False)],
)
def test_only_who_may_is_offered_the_forms(as_role, measured, area, role, may_edit, may_draft):
    page = as_role(role).get(area.get_absolute_url()).content.decode()
    assert (reverse("slumareas:area_edit", args=[area.slug]) in page) == may_edit
    assert (reverse("slumareas:baseline_create") in page) == may_draft


def test_a_village_user_is_not_offered_forms_for_others(as_role, elsewhere):
    page = as_role("village_user").get(elsewhere.slum_area.get_absolute_url()).content.decode()
    assert reverse("slumareas:baseline_create") not in page


# --- unknown keys and years --------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "path",
    [
        "tidak-ada/",
        "tidak-ada/criteria/water_access/",
        "kampung-uji/criteria/tidak-ada/",
        "kampung-uji/criteria/waste_unmaintained/",
        "villages/19.05.01.9999/",
        "villages/19.05.01/",
        "villages/19.05.01.1001/criteria/tidak-ada/",
        "neighbourhoods/99999/",
        "baselines/99999/",
        "export.pdf",
        "villages/export.pdf",
    ],
)
def test_what_is_unknown_is_not_found(as_role, measured, path):
    assert as_role("planner").get(f"/slum-areas/{path}").status_code == 404


@pytest.mark.parametrize("year", ["1999", "2026", "abc", "-1", "2025.5"])
@pytest.mark.parametrize("name", ["areas", "villages", "area", "village", "criterion", "export"])
def test_an_unknown_year_is_not_found(as_role, measured, unit, name, year):
    assert as_role("planner").get(pages_of(unit, measured[1])[name], {"year": year}).status_code == 404


def test_a_criterion_of_a_place_that_was_not_measured_is_not_found(as_role, measured, elsewhere):
    url = criterion_url(elsewhere.slum_area, "water_access")
    assert as_role("planner").get(url, {"year": LAST}).status_code == 404


# --- the numbers are those of the result ---------------------------------------------------------------------
@pytest.mark.parametrize("place", ["area", "village"])
def test_every_number_of_the_page_is_that_of_the_result(as_role, measured, area, village, unit, place):
    second = factories.NeighbourhoodUnitFactory(region=village, slum_area=area, rt="2")
    factories.BaselineFactory(unit=second, year=NOW, water_access=100, drainage_flooding=Decimal("0.123456"))
    stored = assessment(area if place == "area" else village)
    url = area.get_absolute_url() if place == "area" else village_url(village)
    page, result = as_role("planner").get(url), stored.result()
    shown = re.sub(r" terbesar ke-\d", "", text_of(page))
    assert f"{stored.total} dari 80 poin" in shown
    for criterion in stored.assessment_year.rules.criteria:
        volume = written(
            getattr(stored, criterion.key), lambda value, unit=criterion.unit: results.quantity(value, unit)
        )
        whole = written(
            getattr(stored, criterion.denominator), lambda value, unit=criterion.unit: results.quantity(value, unit)
        )
        percent = written(result.percent[criterion.key], results.percent)
        with translation.override("id"):
            row = f"{criterion.codes[NEW]} {criterion.label} {volume} {whole} {criterion.unit.label} {percent}"
        assert f"{row} {result.score[criterion.key]}" in shown
    for average in result.aspect_average.values():
        assert written(average, results.percent) in shown
    assert written(result.sector_average, results.percent) in shown
    assert written(stored.slum_hectares("a"), results.hectares) in shown
    assert "0,123456" in text_of(as_role("planner").get(criterion_url(area, "drainage_flooding")))


def test_every_number_leads_to_how_it_was_computed(as_role, measured, area):
    page = as_role("planner").get(area.get_absolute_url()).content.decode()
    for criterion in scoring.RULE_SETS[NEW].criteria:
        assert page.count(f'href="{criterion_url(area, criterion.key)}?year={NOW}"') >= 2
    assert f'href="{reverse("slumareas:hectares")}?year={NOW}"' in page


def test_the_first_words_answer_the_three_questions(as_role, measured, area):
    shown = text_of(as_role("planner").get(area.get_absolute_url()))
    answer = shown.split("Seberapa kumuh?")[1].split("16 kriteria Permen")[0]
    assert "Kumuh ringan" in answer
    assert f"{measured[1].total} dari 80 poin" in answer
    # The highest shares that give 5 points.
    assert [name for name in ("Sarana Proteksi", "Persampahan Tidak") if name in answer.split("Mengapa?")[1]]
    assert f"turun {measured[0].total - measured[1].total} poin" in answer.split("Apakah berkurang?")[1]


def test_years_side_by_side_tell_how_much_went_away(as_role, measured, area):
    before, now = assessment(area, LAST).result(), assessment(area).result()
    share = scoring.handling_contribution(before.sector_average, now.sector_average)
    shown = text_of(as_role("planner").get(area.get_absolute_url()))
    years = shown.split("Perbandingan antartahun")[1]
    assert years.count(written(share, results.share)) == 2  # against last year, which is also the first one
    assert written(before.sector_average, results.percent) in years


def test_years_under_two_rules_are_compared_only_by_class_and_hectares(as_role, area, unit, people):
    factories.BaselineFactory(unit=unit, year=2018, old_rules=True)
    factories.BaselineFactory(unit=unit, year=NOW)
    shown = text_of(as_role("planner").get(area.get_absolute_url()))
    assert "Antara 2018 dan 2025 aturannya berganti" in shown
    assert "turun" not in shown
    assert "aturan berbeda: poin tidak dapat dibandingkan" in shown
    assert "–" in shown.split("Perbandingan antartahun")[1]
    assert "19 kriteria" in text_of(as_role("planner").get(area.get_absolute_url(), {"year": 2018}))
    assert (
        criterion_url(area, "waste_unmaintained")
        not in as_role("planner").get(area.get_absolute_url()).content.decode()
    )
    assert as_role("planner").get(criterion_url(area, "waste_unmaintained"), {"year": 2018}).status_code == 200
    assert as_role("planner").get(criterion_url(area, "waste_unmaintained"), {"year": NOW}).status_code == 404


def test_a_year_assessed_by_both_rules_is_shown_by_either(as_role, area, unit):
    factories.BaselineFactory(unit=unit, year=2018, rule_set=NEW)
    factories.BaselineFactory(unit=unit, year=2018, old_rules=True)
    client = as_role("planner")
    assert "16 kriteria" in text_of(client.get(area.get_absolute_url(), {"year": 2018}))
    assert "19 kriteria" in text_of(client.get(area.get_absolute_url(), {"year": 2018, "rule_set": OLD}))
    assert f"?year=2018&amp;rule_set={OLD}" in client.get(area.get_absolute_url()).content.decode()


def test_made_up_figures_are_called_so(as_role, area, unit):
    baseline = factories.BaselineFactory(unit=unit, year=NOW, is_made_up=True)
    client = as_role("planner")
    for url in pages_of(unit, baseline).values():
        if "export" not in url:
            assert "Angka rekaan." in text_of(client.get(url)), url
    row = json.loads(client.get(reverse("slumareas:area_export", args=["json"])).content)[0]
    assert row["is_made_up"] is True


def test_measured_figures_are_not_called_made_up(as_role, measured, area):
    assert "rekaan" not in text_of(as_role("planner").get(area.get_absolute_url()))


# --- not assessed is never 0 ----------------------------------------------------------------------------------
@pytest.fixture
def incomplete(unit):
    return factories.BaselineFactory(unit=unit, year=NOW, **EMPTY)


def test_what_is_missing_is_named_with_the_way_to_fill_it(as_role, incomplete, area):
    answer = as_role("planner").get(area.get_absolute_url())
    shown = text_of(answer)
    assert "Belum dinilai" in shown.split("Mengapa?")[0]
    assert "27 sampai 32 poin" in shown
    assert "dari 80 poin" not in shown
    missing = shown.split("Yang belum ada")[1].split("16 kriteria")[0]
    assert "RT 1 RW 1" in missing
    assert "7b" in missing
    assert reverse("slumareas:baseline_edit", args=[incomplete.pk]) in answer.content.decode()


def test_what_is_not_assessed_adds_no_hectares_and_takes_none_away(as_role, incomplete, area, unit, people):
    stored = assessment(area)
    assert (stored.slum_hectares("a"), stored.a_not_assessed) == (0, Decimal("2.75"))
    client = as_role("planner")
    for url in (reverse("slumareas:area_list"), area.get_absolute_url()):
        shown = text_of(client.get(url))
        assert "2,75" in shown
        assert "0,00 ha kumuh" not in shown
    row = json.loads(client.get(reverse("slumareas:area_export", args=["json"])).content)[0]
    assert row["slum_hectares_a"] is None
    assert row["not_assessed_hectares_a"] == 2.75
    assert row["total"] is None
    assert row["class"] is None


def test_no_change_is_claimed_while_a_part_is_not_assessed(as_role, area, unit, people):
    factories.BaselineFactory(unit=unit, year=LAST)
    factories.BaselineFactory(unit=unit, year=NOW, **EMPTY)
    row = json.loads(as_role("planner").get(reverse("slumareas:area_export", args=["json"])).content)[0]
    assert (row["class_before"], row["points_change"], row["hectares_change_a"]) == ("light", None, None)
    assert "−2,75" not in text_of(as_role("planner").get(reverse("slumareas:area_list")))
    assert "−2,75" not in text_of(as_role("planner").get(area.get_absolute_url()))


def test_the_public_is_told_what_is_missing_but_not_where(as_role, incomplete, area, people):
    verify(NOW, people)
    missing = text_of(as_role("viewer").get(area.get_absolute_url())).split("Yang belum ada")[1].split("16 kriteria")[0]
    assert "7b" in missing
    assert "RT 1" not in missing
    assert "hanya terlihat di dalam program" in missing


def test_a_neighbourhood_without_a_row_is_named(as_role, measured, area, village):
    factories.NeighbourhoodUnitFactory(region=village, slum_area=area, rt="77")
    client = as_role("planner")
    assert "RT 77 RW 1" in text_of(client.get(area.get_absolute_url()))
    assert "Isi data dasar" in text_of(client.get(area.get_absolute_url())).split("RT 77 RW 1")[1]


def test_an_area_without_any_row_is_not_called_free_of_slums(as_role, measured, village):
    empty = factories.SlumAreaFactory(name="Kampung Kosong", villages=[village])
    shown = text_of(as_role("planner").get(empty.get_absolute_url()))
    assert "Belum dinilai tidak sama dengan bebas kumuh." in shown
    assert "0 dari 80" not in shown


def test_without_any_year_the_pages_say_so(as_role, area, village):
    client = as_role("planner")
    assert "Belum ada tahun yang dinilai." in text_of(client.get(area.get_absolute_url()))
    assert "Belum ada tahun yang dinilai." in text_of(client.get(village_url(village)))
    assert "Kampung Uji" in text_of(client.get(reverse("slumareas:area_list")))


# --- how one number was computed -------------------------------------------------------------------------------
def test_the_formula_stands_with_its_real_numbers(as_role, measured, area, village):
    second = factories.NeighbourhoodUnitFactory(region=village, slum_area=area, rt="2")
    factories.BaselineFactory(unit=second, year=NOW, household_count=1919, water_access=648)
    shown = text_of(as_role("planner").get(criterion_url(area, "water_access")))
    assert "698 dari 2.044 KK = 34,15 % → mulai 25 %: 1 poin" in shown
    rows = shown.split("Baris di balik angka ini")[1]
    assert "RT 1 RW 1 50 125 40,00 % 1" in rows
    assert "RT 2 RW 1 648 1.919 33,77 % 1" in rows
    assert "Jumlah semua baris 698 2.044 34,15 % 1" in rows


def test_rows_are_in_the_order_of_their_numbers(as_role, measured, area, village):
    for rt in ("10", "2"):
        unit = factories.NeighbourhoodUnitFactory(region=village, slum_area=area, rt=rt)
        factories.BaselineFactory(unit=unit, year=NOW)
    rows = text_of(as_role("planner").get(criterion_url(area, "water_access"))).split("Baris di balik angka ini")[1]
    assert re.findall(r"RT (\d+) RW", rows) == ["1", "2", "10"]


def test_the_other_years_stand_beside_it(as_role, measured, area):
    shown = text_of(as_role("planner").get(criterion_url(area, "water_quantity"))).split("Tahun lainnya")[1]
    assert "2024 40 32,00 % 1" in shown
    assert "2025 0 0,00 % 0" in shown


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"drainage_flooding": Decimal("-0.5")}, "dihitung 0 dalam nilai"),
        ({"drainage_flooding": Decimal("3.5")}, "bernilai 5"),
        ({"drainage_flooding": None}, "Yang kosong tidak pernah dihitung 0."),
        ({"verified_area_ha": None}, "Yang kosong tidak pernah dihitung 0."),
    ],
)
def test_a_strange_number_is_kept_and_explained(as_role, area, unit, values, sentence):
    factories.BaselineFactory(unit=unit, year=NOW, **values)
    shown = text_of(as_role("planner").get(criterion_url(area, "drainage_flooding")))
    assert sentence in shown.split("Baris di balik")[0]


def test_a_village_user_sees_the_own_rows_and_the_whole_sum(as_role, village, area, people):
    other = factories.VillageFactory(code="19.05.01.2009")
    area.villages.add(other)
    for region, rt in ((village, "1"), (other, "99")):
        unit = factories.NeighbourhoodUnitFactory(region=region, slum_area=area, rt=rt)
        factories.BaselineFactory(unit=unit, year=NOW)
    shown = text_of(as_role("village_user").get(criterion_url(area, "water_access")))
    assert "RT 1 RW 1" in shown
    assert "RT 99" not in shown
    assert "Jumlah semua baris 100 250 40,00 %" in shown
    assert "jumlahnya dari semua baris" in shown
    shown = text_of(as_role("village_user").get(area.get_absolute_url()))
    assert "RT 99" not in shown
    assert "jumlahnya dari semua baris" in shown


@pytest.mark.parametrize(
    ("score", "sentence"),
    [
        (0, "di bawah 25 %: 0 poin"),
        (1, "mulai 25 %: 1 poin"),
        (3, "mulai 51 %: 3 poin"),
        (5, "mulai 76 %: 5 poin"),
        (None, ""),
    ],
)
def test_the_steps_are_those_of_the_rule(score, sentence):
    with translation.override("id"):
        assert points_sentence(score) == sentence
    assert [(cut["from"], cut["to"], cut["points"]) for cut in cuts()] == [
        (0, 25, 0),
        (25, 51, 1),
        (51, 76, 3),
        (76, 100, 5),
    ]


# --- decree, priority, works -------------------------------------------------------------------------------------
def test_the_decree_stands_against_what_was_measured(as_role, measured, area):
    factories.DecreeAreaFactory(slum_area=area, hectares=Decimal("2.5"), decree__number="188.45/7/UJI")
    shown = text_of(as_role("planner").get(area.get_absolute_url())).split("Surat keputusan dan hasil ukur")[1]
    assert "188.45/7/UJI (2024) keputusan (SK) 2,50 ha terukur 2,75 ha selisih +0,25 ha belum dijelaskan" in shown


def test_no_difference_is_made_up_where_the_decree_gives_no_hectares(as_role, measured, area):
    factories.DecreeAreaFactory(slum_area=area, hectares=None)
    shown = text_of(as_role("planner").get(area.get_absolute_url())).split("Surat keputusan dan hasil ukur")[1]
    assert "belum tersedia" in shown
    assert "selisih" not in shown


def test_the_figure_of_a_group_is_compared_with_the_whole_group(as_role, measured, area, village):
    far = factories.DistrictFactory(code="19.05.03", name="Jebus")
    group = factories.ReportingGroupFactory(name="Kelompok Uji", regions=[village.parent, far])
    regency = factories.ReportingGroupFactory(name="Seluruh Kabupaten", regions=[village.parent.parent])
    figure = factories.ReportedHectaresFactory(group=group, year=LAST, hectares=Decimal("10"))
    factories.ReportedHectaresFactory(group=regency, year=LAST, hectares=Decimal("99"))
    client = as_role("planner")
    shown = text_of(client.get(area.get_absolute_url())).split("Surat keputusan dan hasil ukur")[1]
    assert "angka itu tidak dibagi" in shown
    assert "Kelompok Uji, 2024 dilaporkan 10,00 ha terukur, A 2,75 ha (−7,25) terukur, B 2,75 ha (−7,25)" in shown
    assert "selisih belum dijelaskan" in shown
    assert "Seluruh Kabupaten" not in shown
    explain = reverse("slumareas:hectares_explain", args=[figure.pk])
    assert explain in client.get(area.get_absolute_url()).content.decode()
    assert explain not in as_role("viewer").get(area.get_absolute_url()).content.decode()
    client = as_role("planner")
    ReportedHectares.objects.filter(pk=figure.pk).update(explanation="Batas uji diukur ulang.")
    shown = text_of(client.get(area.get_absolute_url()))
    assert "Batas uji diukur ulang." in shown
    assert "selisih belum dijelaskan" not in shown


def test_a_figure_of_a_draft_year_is_not_compared_for_the_public(as_role, measured, area, village):
    group = factories.ReportingGroupFactory(regions=[village.parent])
    factories.ReportedHectaresFactory(group=group, year=NOW, hectares=Decimal("10"))
    shown = text_of(as_role("viewer").get(area.get_absolute_url())).split("Surat keputusan dan hasil ukur")[1]
    assert "tidak ada hasil pada tahun itu" in shown
    assert "−7,25" not in shown


@pytest.mark.parametrize(
    ("answers", "priority", "pattern"),
    [
        ({"is_strategic": 5, "has_community_support": 5, "is_tenure_clear": True, "fits_spatial_plan": True}, 3, "pemugaran"),
        ({"is_strategic": 1, "has_community_support": 1, "is_tenure_clear": False, "fits_spatial_plan": True}, 9, "pemukiman kembali"),
    ],
)  # fmt: skip
def test_priority_and_handling_follow_the_rule(as_role, measured, area, answers, priority, pattern):
    type(area).objects.filter(pk=area.pk).update(**answers)
    area.refresh_from_db()
    stored = assessment(area)
    level = scoring.consideration_level(area.consideration_total(stored.population, stored.verified_area_ha))
    assert scoring.priority(stored.slum_class, level) in (3, 6, 9)
    shown = text_of(as_role("planner").get(area.get_absolute_url())).split("Prioritas dan penanganan")[1]
    assert f"Prioritas {scoring.priority(stored.slum_class, level)} dari 9" in shown
    assert pattern in shown
    assert "pemerintah kabupaten" in shown.lower()


def test_without_the_considerations_there_is_no_priority(as_role, measured, area):
    shown = text_of(as_role("planner").get(area.get_absolute_url())).split("Prioritas dan penanganan")[1]
    assert "terbuka: pertimbangan lain belum lengkap" in shown
    assert "dari 9" not in shown


def test_works_are_added_up_by_year_and_criterion(as_role, measured, area, unit, village):
    second = factories.NeighbourhoodUnitFactory(region=village, slum_area=area, rt="2")
    factories.WorkFactory(unit=unit, year=NOW, volume=Decimal("100.5"), cost=1_000_000)
    factories.WorkFactory(unit=second, year=NOW, volume=20, cost=500_000)
    shown = text_of(as_role("planner").get(area.get_absolute_url()))
    assert "2025 Kualitas Permukaan Jalan Lingkungan 120,5 m 2 1.500.000" in shown
    assert "1.500.000" not in text_of(as_role("viewer").get(area.get_absolute_url()))


# --- villages ---------------------------------------------------------------------------------------------------
def test_a_survey_of_the_whole_village_is_called_so(as_role, measured):
    far = factories.VillageFactory(code="19.05.01.2010", name="Survei")
    survey = factories.NeighbourhoodUnitFactory(region=far, rw="", rt="")
    factories.BaselineFactory(unit=survey, year=NOW)
    client = as_role("planner")
    shown = text_of(client.get(village_url(far)))
    assert "angka berasal dari survei seluruh kelurahan/desa dan tidak menambah luas kumuh" in shown
    assert "Seluruh" in shown.split("Survei seluruh kelurahan/desa 1")[1]
    rows = json.loads(client.get(reverse("slumareas:village_export", args=["json"])).content)
    assert {row["key"]: row["is_village_survey"] for row in rows} == {
        far.code: True,
        "19.05.01.1001": False,
    }


def test_the_class_of_a_village_is_called_a_calculated_one(as_role, measured, village):
    assert "Kelas hitungan" in text_of(as_role("planner").get(village_url(village)))
    assert "Kelas hitungan" in text_of(as_role("planner").get(reverse("slumareas:village_list")))


# --- lists and their files -----------------------------------------------------------------------------------------
def keys_shown(client, name, **narrowed):
    """The keys of the list, all its pages, in their order."""
    pattern, found, page = (
        {"area": r'main-cell"><a href="/slum-areas/([^/"]+)/', "village": r"villages/([\d.]+)/"}[name],
        [],
        1,
    )
    while True:
        answer = client.get(reverse(f"slumareas:{name}_list"), {**narrowed, "page": page})
        if answer.status_code == 404:
            return found
        found += re.findall(pattern, answer.content.decode())
        page += 1


@pytest.fixture
def many(village, people):
    """Thirty areas, of which every third was measured; their names come in no order."""
    areas = [factories.SlumAreaFactory(name=f"Uji {29 - number:02d}", villages=[village]) for number in range(30)]
    for number, area in enumerate(areas[::3]):
        unit = factories.NeighbourhoodUnitFactory(region=village, slum_area=area, rt=str(number + 1))
        factories.BaselineFactory(unit=unit, year=NOW, building_irregular=12 * number)
    return areas


@pytest.mark.parametrize(
    "narrowed",
    [
        {},
        {"search": "Uji 1"},
        {"slum_class": "light"},
        {"slum_class": "not_assessed"},
        {"sort": "name"},
        {"sort": "hectares"},
        {"kind": "prevention"},
        {"region": "19.05.01", "slum_class": "light", "sort": "name"},
    ],
)
def test_the_file_holds_exactly_what_the_list_shows(as_role, many, narrowed):
    client = as_role("planner")
    shown = keys_shown(client, "area", **narrowed)
    address = {kind: reverse("slumareas:area_export", args=[kind]) for kind in ("csv", "json", "xlsx", "geojson")}
    rows = json.loads(client.get(address["json"], narrowed).content)
    assert [row["key"] for row in rows] == shown
    text = client.get(address["csv"], narrowed).content.decode("utf-8-sig")
    assert [row[0] for row in csv.reader(io.StringIO(text))][1:] == shown
    sheet = openpyxl.load_workbook(io.BytesIO(client.get(address["xlsx"], narrowed).content)).worksheets[0]
    assert [row[0] for row in sheet.iter_rows(values_only=True)][1:] == shown
    features = json.loads(client.get(address["geojson"], narrowed).content)["features"]
    assert [feature["id"] for feature in features] == shown


def test_the_values_of_the_file_are_those_of_the_result(as_role, measured, area, village):
    row = json.loads(as_role("planner").get(reverse("slumareas:area_export", args=["json"])).content)[0]
    stored, before = assessment(area), assessment(area, LAST)
    assert row == {
        "key": "kampung-uji",
        "name": "Kampung Uji",
        "kind": "quality_improvement",
        "villages": "19.05.01.1001",
        "class": "light",
        "total": stored.total,
        "maximum": 80,
        "slum_hectares_a": 2.75,
        "slum_hectares_b": 2.75,
        "not_assessed_hectares_a": 0.0,
        "verified_area_ha": 2.75,
        "class_before": before.slum_class,
        "points_change": stored.total - before.total,
        "hectares_change_a": 0.0,
        "rows": 1,
        "assessed_rows": 1,
        "is_made_up": False,
        "year": NOW,
        "rule_set": NEW,
    }


def test_a_name_that_begins_a_formula_is_written_as_text(as_role, village):
    factories.SlumAreaFactory(name="=HYPERLINK(1)", villages=[village])
    client = as_role("planner")
    assert b"'=HYPERLINK(1)" in client.get(reverse("slumareas:area_export", args=["csv"])).content
    content = client.get(reverse("slumareas:area_export", args=["xlsx"])).content
    cells = [cell for row in openpyxl.load_workbook(io.BytesIO(content)).worksheets[0].iter_rows() for cell in row]
    assert {cell.data_type for cell in cells if cell.value == "'=HYPERLINK(1)"} == {"s"}
    assert not any(cell.data_type == "f" for cell in cells)


def test_a_file_goes_to_this_person_alone(as_role, measured):
    answer = as_role("planner").get(reverse("slumareas:area_export", args=["geojson"]))
    assert answer["Cache-Control"] == "private, no-store"
    assert answer["Content-Type"] == "application/geo+json"
    assert answer["Content-Disposition"] == f'attachment; filename="kawasan-kumuh-{NOW}.geojson"'


def test_an_area_is_drawn_as_it_was_in_the_year(as_role, measured, area):
    old = factories.AreaBoundaryFactory(slum_area=area, year=LAST)
    new = factories.AreaBoundaryFactory(slum_area=area, year=NOW, geometry={"type": "Point", "coordinates": [105, -2]})
    url = reverse("slumareas:area_export", args=["geojson"])
    drawn = {
        year: json.loads(as_role("planner").get(url, {"year": year}).content)["features"][0]["geometry"]
        for year in (LAST, NOW)
    }
    assert drawn == {LAST: old.geometry, NOW: new.geometry}


@pytest.mark.parametrize(
    ("narrowed", "found"),
    [
        ({"search": "tanjung"}, {"19.05.01.1001"}),
        ({"search": "Kampung Jauh"}, {"19.05.01.2009"}),
        ({"region": "19.05.03"}, set()),
        ({"kind": "desa"}, {"19.05.01.2009"}),
        ({"has_area": "no"}, set()),
        ({"slum_class": "light"}, {"19.05.01.1001", "19.05.01.2009"}),
        ({"slum_class": "heavy"}, set()),
    ],
)
def test_villages_are_found_by_what_is_asked(as_role, measured, elsewhere, narrowed, found):
    factories.DistrictFactory(code="19.05.03", name="Jebus")
    client = as_role("planner")
    assert set(keys_shown(client, "village", **narrowed)) == found
    rows = json.loads(client.get(reverse("slumareas:village_export", args=["json"]), narrowed).content)
    assert {row["key"] for row in rows} == found


def test_the_worst_come_first(as_role, many):
    rows = json.loads(as_role("planner").get(reverse("slumareas:area_export", args=["json"])).content)
    totals = [row["total"] for row in rows]
    known = [total for total in totals if total is not None]
    assert known == sorted(known, reverse=True)
    assert totals == known + [None] * 20


def test_the_tiles_add_up_what_was_found(as_role, many):
    stored = list(Assessment.objects.filter(level="area"))
    hectares = sum(one.slum_hectares("a") for one in stored)
    shown = text_of(as_role("planner").get(reverse("slumareas:area_list")))
    assert f"{written(hectares, results.hectares)} ha kumuh, metode A" in shown
    assert f"{sum(one.slum_class == 'light' for one in stored)} ringan" in shown
    assert "20 belum dinilai" in shown


def test_an_empty_list_says_what_to_do(as_role, db):
    client = as_role("planner")
    assert "Belum ada kawasan kumuh." in text_of(client.get(reverse("slumareas:area_list")))
    assert "Tidak ada kawasan kumuh yang cocok." in text_of(
        client.get(reverse("slumareas:area_list"), {"search": "zzz"})
    )
    assert (
        reverse("slumareas:area_create") not in as_role("viewer").get(reverse("slumareas:area_list")).content.decode()
    )


# --- neighbourhood and baseline ------------------------------------------------------------------------------------
def test_a_neighbourhood_shows_its_years_beside_each_other(as_role, measured, unit):
    shown = text_of(as_role("planner").get(unit.get_absolute_url()))
    assert f"Total nilai {measured[0].total} / 80 {measured[1].total} / 80 (−" in shown
    assert "Tidak Terpenuhinya Kebutuhan Air Minum 32,00 % 1 0,00 % 0" in shown


def test_a_baseline_tells_where_it_comes_from_and_who_changed_it(as_role, measured, people, unit):
    baseline = Baseline.objects.get(pk=measured[1].pk)
    baseline.source, baseline.water_access = "Survei uji 2025", Decimal(60)
    baseline._history_user = people["planner"]
    baseline.save()
    shown = text_of(as_role("planner").get(baseline.get_absolute_url()))
    assert "Survei uji 2025" in shown
    assert f"{people['planner']} " in shown.split("Siapa mengubah apa")[1]
    assert "50 60" in shown.split("Siapa mengubah apa")[1]


def test_the_findings_of_a_baseline_are_said(as_role, area, unit):
    baseline = factories.BaselineFactory(unit=unit, year=NOW, drainage_flooding=Decimal("-0.5"), **EMPTY)
    shown = text_of(as_role("planner").get(baseline.get_absolute_url())).split("Catatan atas isian")[1]
    assert "dihitung 0 dalam nilai" in shown
    assert "Dikosongkan" in shown


@pytest.mark.parametrize(("role", "offered"), [("planner", True), ("village_user", True), ("verifier", False)])
def test_a_draft_baseline_is_edited_by_those_who_draft(as_role, measured, role, offered):
    page = as_role(role).get(measured[1].get_absolute_url()).content.decode()
    assert (reverse("slumareas:baseline_edit", args=[measured[1].pk]) in page) == offered


def test_a_verified_baseline_is_edited_by_nobody(as_role, measured):
    page = as_role("planner").get(measured[0].get_absolute_url()).content.decode()
    assert reverse("slumareas:baseline_edit", args=[measured[0].pk]) not in page
    assert reverse("slumareas:baseline_delete", args=[measured[0].pk]) not in page


# --- a year that is not complete --------------------------------------------------------------------------------------
@pytest.fixture
def unfinished(measured, people):
    """The draft year misses a number; the year before has a total of 39 points."""
    baseline = Baseline.objects.get(pk=measured[1].pk)
    baseline.fire_equipment = None
    baseline.save()


@pytest.mark.parametrize("name", ["area", "village"])
def test_a_place_opens_on_its_last_complete_year_and_names_the_other(as_role, measured, unfinished, unit, name):
    url, client = pages_of(unit, measured[1])[name], as_role("planner")
    page = client.get(url)
    assert page.context["year"].year == LAST
    assert f"{NOW} belum lengkap: 27 sampai 32 poin" in text_of(page)
    later = client.get(url, {"year": NOW})
    assert f"Hasil lengkap terakhir: Kumuh sedang {LAST}: 39 dari 80 poin" in text_of(later)
    assert f'href="{url}?year={LAST}&amp;rule_set={NEW}"' in later.content.decode()
    assert "belum lengkap: 27" not in text_of(later)


@pytest.mark.parametrize("name", ["area", "village"])
def test_a_complete_year_points_to_no_other(as_role, measured, unit, name):
    for year in (LAST, NOW):
        page = text_of(as_role("planner").get(pages_of(unit, measured[1])[name], {"year": year}))
        assert "belum lengkap: " not in page
        assert "Hasil lengkap terakhir" not in page


def test_what_is_drafted_is_not_told_to_readers(as_role, measured, unfinished, area):
    page = as_role("viewer").get(area.get_absolute_url())
    assert str(NOW) not in text_of(page)
    assert page.context["page"].unfinished is None


@pytest.mark.parametrize("name", ["areas", "villages"])
def test_a_list_tells_the_last_result_of_what_is_not_assessed(as_role, measured, unfinished, unit, name):
    shown = text_of(as_role("planner").get(pages_of(unit, measured[1])[name], {"year": NOW}))
    assert f"hasil terakhir, {LAST}: sedang 39 / 80" in shown


def test_the_profile_and_the_map_are_those_of_the_year_that_is_shown(as_role, measured, area):
    profile = reverse("slumareas:area_profile_pdf", args=[area.slug])
    for year in (LAST, NOW):
        page = as_role("planner").get(area.get_absolute_url(), {"year": year}).content.decode()
        assert f'href="{profile}?year={year}"' in page
        assert f'href="{reverse("slumareas:map")}?year={year}#{area.slug}"' in page


def test_the_criteria_that_cost_most_are_marked_in_the_table(as_role, measured, area):
    page = text_of(as_role("planner").get(area.get_absolute_url(), {"year": NOW}))
    table = page.split("16 kriteria", 1)[1]
    for rank, row in enumerate(Reading(measured[1]).costliest, start=1):
        with translation.override("id"):
            assert f"{row.criterion.label} terbesar ke-{rank}" in table


def test_a_search_shows_what_was_found_before_the_sums(as_role, measured, area):
    for query, is_first in (({}, False), ({"search": "Uji"}, True)):
        page = as_role("planner").get(reverse("slumareas:area_list"), query).content.decode()
        assert (page.index(area.get_absolute_url()) < page.index("tiles-results")) == is_first


# --- what people typed -----------------------------------------------------------------------------------------------
def test_what_people_typed_is_escaped(as_role, village, unit, area):
    type(area).objects.filter(pk=area.pk).update(name="<script>x</script>", description="<b>tebal</b>")
    baseline = factories.BaselineFactory(unit=unit, year=NOW, note="<script>y</script>", source="<i>z</i>")
    for url in pages_of(unit, baseline).values():
        if "export" not in url:
            page = as_role("planner").get(url).content.decode()
            assert "<script>x" not in page
            assert "<script>y" not in page
            assert "<b>tebal" not in page
            assert "<i>z" not in page


# --- the same cost however much there is ---------------------------------------------------------------------------------
QUERIES = {
    "areas": 14,
    "villages": 15,
    "area": 22,
    "village": 15,
    "criterion": 10,
    "village criterion": 10,
    "export": 9,
    "village export": 9,
    "neighbourhood": 9,
    "baseline": 8,
}


@pytest.mark.parametrize("number", [1, 3, 30])
def test_the_number_of_queries_does_not_grow(as_role, measured, unit, village, number):
    group = factories.ReportingGroupFactory(regions=[village.parent])
    factories.ReportedHectaresFactory(group=group, year=LAST, hectares=Decimal("10"))
    for rt in range(2, number + 1):
        if rt <= 3:
            other = factories.SlumAreaFactory(villages=[village])
            far = factories.NeighbourhoodUnitFactory(region=factories.VillageFactory(), slum_area=other, rt=str(rt))
            factories.BaselineFactory(unit=far, year=NOW)
            factories.WorkFactory(unit=unit, criterion="road_coverage")
            factories.DecreeAreaFactory(slum_area=unit.slum_area)
        more = factories.NeighbourhoodUnitFactory(region=village, slum_area=unit.slum_area, rt=str(rt))
        factories.BaselineFactory(unit=more, year=NOW, **(EMPTY if rt % 2 else {}))
    client, counted = as_role("planner"), {}
    for name, url in pages_of(unit, measured[1]).items():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        counted[name] = len(queries)
    assert counted == QUERIES


def test_many_rows_come_in_pages(as_role, measured, unit, village):
    for rt in range(2, 31):
        more = factories.NeighbourhoodUnitFactory(region=village, slum_area=unit.slum_area, rt=str(rt))
        factories.BaselineFactory(unit=more, year=NOW)
    client = as_role("planner")
    first = text_of(client.get(criterion_url(unit.slum_area, "water_access")))
    second = text_of(client.get(criterion_url(unit.slum_area, "water_access"), {"page": 2}))
    assert len(re.findall(r"RT \d+ RW 1", first)) == 25
    assert len(re.findall(r"RT \d+ RW 1", second)) == 5
    for page in (first, second):
        assert "Jumlah semua baris 1.500 3.750 40,00 %" in page  # the sum is of all, on every page


# --- what is read from a result ----------------------------------------------------------------------------------------
def unsaved(year=NOW, rule_set=NEW, **values):
    one = Baseline(
        assessment_year=AssessmentYear(year=year, rule_set=rule_set), **{**factories.BASELINE_VALUES, **values}
    )
    one.total, one.slum_class = one.result().total, one.result().slum_class or ""
    return one


def test_the_costliest_criteria_give_most_points_and_have_the_highest_shares():
    costliest = Reading(unsaved()).costliest
    assert [row.key for row in costliest] == ["fire_equipment", "waste_facility", "waste_system"]
    assert [row.score for row in costliest] == [5, 5, 3]


def test_it_is_said_what_the_costliest_give_together_and_how_many_give_as_much():
    reading = Reading(unsaved())
    threes = sum(row.score == 3 for row in reading.criteria)
    assert (reading.points_of_costliest, reading.equally_costly, reading.most_points) == (13, threes - 1, 5)
    assert Reading(unsaved(**dict.fromkeys(scoring.CRITERIA, 0))).equally_costly == 0


def test_where_something_is_missing_the_total_lies_in_a_span():
    reading = Reading(unsaved(fire_equipment=None, waste_facility=None, waste_system=None))
    assert (reading.points_so_far, reading.points_at_most) == (19, 34)
    assert reading.possible_classes == ["light"]
    assert Reading(unsaved(fire_equipment=None)).mark is None


@pytest.mark.parametrize("rule_set", scoring.RULE_SETS)
def test_the_bands_cover_the_whole_scale(rule_set):
    bands = Reading(unsaved(rule_set=rule_set)).bands
    rules = scoring.RULE_SETS[rule_set]
    assert [band["class"] for band in bands] == ["not_slum", "light", "moderate", "heavy"]
    assert [rules.class_of(band["from"]) for band in bands] == [band["class"] for band in bands]
    assert [rules.class_of(band["to"]) for band in bands] == [band["class"] for band in bands]
    assert bands[-1]["to"] == rules.maximum
    assert round(sum(float(band["width"]) for band in bands)) == 100


def test_a_year_is_compared_with_its_own_rule_where_the_year_before_has_both():
    rows = year_rows([unsaved(2020), unsaved(2019, OLD), unsaved(2019), unsaved(2018, OLD)])
    by_year = {(row.year.year, row.year.rule_set): row for row in rows}
    assert by_year[2020, NEW].before is by_year[2019, NEW]
    assert not by_year[2020, NEW].crosses_rule
    assert by_year[2019, OLD].before is by_year[2018, OLD]
    assert by_year[2019, NEW].crosses_rule
    assert by_year[2019, NEW].points_change is None
    assert by_year[2020, NEW].against_first is None  # the first year has another rule
    assert by_year[2018, OLD].before is None


def test_a_year_that_grew_worse_has_a_negative_contribution():
    better, worse = unsaved(2020), unsaved(2021, water_access=125)
    row = year_rows([better, worse])[1]
    assert isinstance(row, YearRow)
    assert row.against_last < 0
    assert row.points_change == 4


@pytest.mark.parametrize(
    ("value", "unit", "shown"),
    [
        (Decimal("2044"), scoring.HOUSEHOLD, "2.044"),
        (Decimal("0.004700"), scoring.HECTARE, "0,0047"),
        (Decimal("7.210000"), scoring.HECTARE, "7,21"),
        (Decimal("0"), scoring.HECTARE, "0,00"),
        (Decimal("1181.00"), scoring.METRE, "1.181"),
        (Decimal("1181.50"), scoring.METRE, "1.181,5"),
        (Decimal("-0.5"), scoring.HECTARE, "−0,50"),
        (Decimal("100"), None, "100"),
        (None, scoring.METRE, "–"),
    ],
)
def test_quantities_are_written_as_they_were_measured(value, unit, shown):
    with translation.override("id"):
        assert results.quantity(value, unit) == shown


@pytest.mark.parametrize(
    ("value", "shown"), [(3, "+3"), (-3, "−3"), (0, "0"), (Decimal("-0.004"), "0,00"), (Decimal("1.2"), "+1,20")]
)
def test_changes_have_their_sign(value, shown):
    with translation.override("id"):
        assert results.signed(value) == shown


def test_an_area_that_a_decree_names_with_hectares_is_shown_before_it_is_measured(as_role):
    named = factories.DecreeAreaFactory(hectares=Decimal("12.5"))
    page = as_role("planner").get(named.slum_area.get_absolute_url())
    assert page.status_code == 200
    assert "12,50 ha" in page.content.decode()
