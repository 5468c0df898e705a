"""The pages of assessment years: who sees which, and the three verbs with everything they refuse."""

import re
from html import unescape

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from core.models import User
from slumareas import scoring
from slumareas.models import AssessmentYear
from tests import factories

VERBS = list(AssessmentYear.TRANSITIONS)
TARGET = {"verify": "verified", "lock": "locked", "reopen": "draft"}
POSSIBLE = {("draft", "verify"), ("verified", "lock"), ("verified", "reopen"), ("locked", "reopen")}
MAY = {"admin", "verifier"}
LIST = "/slum-areas/years/"


@pytest.fixture
def year(village):
    area = factories.SlumAreaFactory(villages=[village])
    unit = factories.NeighbourhoodUnitFactory(region=village, slum_area=area, rt="1")
    return factories.BaselineFactory(unit=unit, year=2025).assessment_year


def put_in(year, status):
    AssessmentYear.objects.filter(pk=year.pk).update(status=status)


def state(year):
    year.refresh_from_db()
    return year.status


def address(year, verb):
    return reverse(f"slumareas:year_{verb}", args=[year.pk])


def text_of(answer):
    assert answer.status_code == 200
    main = answer.content.decode().split("<main", 1)[1]
    return " ".join(unescape(re.sub(r"<[^>]+>", " ", main)).replace("\u00a0", " ").split())


# --- who sees which year ---------------------------------------------------------------------------------
def test_the_anonymous_are_sent_to_the_login(as_role, year):
    client = as_role(None)
    for url in (LIST, year.get_absolute_url(), *(address(year, verb) for verb in VERBS)):
        assert client.get(url).status_code == client.post(url).status_code == 302
    assert state(year) == "draft"


@pytest.mark.parametrize("role", [role for role in User.Role.values if role != "viewer"])
def test_who_works_in_the_programme_sees_a_draft(as_role, year, role):
    client = as_role(role)
    assert "2025" in text_of(client.get(LIST))
    assert client.get(year.get_absolute_url()).status_code == 200


def test_the_public_does_not_know_of_a_draft(as_role, year):
    client = as_role("viewer")
    assert "2025" not in text_of(client.get(LIST)).replace("kotaku", "")
    assert client.get(year.get_absolute_url()).status_code == 404
    for verb in VERBS:
        assert client.post(address(year, verb), {"reason": "Uji"}).status_code == 404


@pytest.mark.parametrize("status", ["verified", "locked"])
def test_the_public_sees_what_was_verified_but_no_rows_and_no_steps(as_role, year, people, status):
    more = factories.NeighbourhoodUnitFactory(region=people["village_user"].region, rt="55")
    factories.BaselineFactory(unit=more, year=2025, fire_equipment=None)
    year.verify(by=people["verifier"], at=timezone.now())
    put_in(year, status)
    shown = text_of(as_role("viewer").get(year.get_absolute_url()))
    assert "1 belum lengkap" in shown
    assert "RT 55" not in shown
    assert str(people["verifier"]) not in shown


def test_an_unknown_year_is_not_found(as_role, year):
    client = as_role("verifier")
    assert client.get("/slum-areas/years/99999/").status_code == 404
    for verb in VERBS:
        assert client.post(f"/slum-areas/years/99999/{verb}/").status_code == 404


# --- what is shown -------------------------------------------------------------------------------------------
def test_the_list_counts_rows_and_complete_rows(as_role, year, village):
    for rt in ("2", "3"):
        unit = factories.NeighbourhoodUnitFactory(region=village, rt=rt)
        factories.BaselineFactory(unit=unit, year=2025, fire_equipment=None)
    shown = text_of(as_role("planner").get(LIST))
    assert "2025 Draf Permen PUPR 14/PRT/M/2018 3 1 dari 3" in shown


def test_incomplete_rows_are_listed_with_what_is_missing(as_role, year, village):
    unit = factories.NeighbourhoodUnitFactory(region=village, rt="55")
    missing = factories.BaselineFactory(unit=unit, year=2025, fire_equipment=None, household_count=None)
    answer = as_role("planner").get(year.get_absolute_url())
    shown = text_of(answer).split("Baris yang belum dinilai lengkap")[1]
    assert "RT 55 RW 1, Kelurahan Tanjung" in shown
    assert "RT 1 RW 1" not in shown
    assert "Bangunan tanpa sarana pemadam" in shown
    assert "Jumlah rumah tangga" in shown or "Jumlah KK" in shown
    assert reverse("slumareas:baseline_edit", args=[missing.pk]) in answer.content.decode()


def test_a_village_user_sees_only_the_own_incomplete_rows(as_role, year):
    far = factories.NeighbourhoodUnitFactory(region=factories.VillageFactory(name="Jauh"), rt="77")
    factories.BaselineFactory(unit=far, year=2025, fire_equipment=None)
    assert "RT 77" in text_of(as_role("planner").get(year.get_absolute_url()))
    assert "RT 77" not in text_of(as_role("village_user").get(year.get_absolute_url()))


def test_steps_tell_who_and_why(as_role, year, people):
    year.verify(by=people["verifier"], at=timezone.now())
    year.reopen(by=people["admin"], at=timezone.now(), reason="Angka uji salah.")
    shown = text_of(as_role("planner").get(year.get_absolute_url())).split("Langkah")[1]
    assert str(people["verifier"]) in shown
    assert f"{people['admin']} Angka uji salah." in shown


def test_made_up_figures_are_called_so(as_role, year, village):
    unit = factories.NeighbourhoodUnitFactory(region=village, rt="2")
    factories.BaselineFactory(unit=unit, year=2025, is_made_up=True)
    client = as_role("verifier")
    assert "angka rekaan" in text_of(client.get(LIST))
    assert "Angka rekaan." in text_of(client.get(year.get_absolute_url()))
    assert "Tahun ini memuat angka rekaan." in text_of(client.get(address(year, "verify")))


def test_both_rules_of_a_year_are_two_years(as_role, year, village):
    unit = factories.NeighbourhoodUnitFactory(region=village, rt="9")
    factories.BaselineFactory(unit=unit, year=2025, old_rules=True)
    shown = text_of(as_role("planner").get(LIST))
    assert all(rules.label in shown for rules in scoring.RULE_SETS.values())


def test_without_a_year_the_list_says_so(as_role, db):
    assert "Belum ada tahun yang dapat dilihat." in text_of(as_role("viewer").get(LIST))


# --- the verbs --------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("role", User.Role.values)
def test_a_verb_needs_its_permission(as_role, year, role, verb):
    source = next(status for status, one in sorted(POSSIBLE) if one == verb)
    put_in(year, source)
    client = as_role(role)
    expected = 200 if role in MAY else 404 if role == "viewer" and source == "draft" else 403
    assert client.get(address(year, verb)).status_code == expected
    answer = client.post(address(year, verb), {"reason": "Alasan uji."})
    assert answer.status_code == (302 if role in MAY else expected)
    assert state(year) == (TARGET[verb] if role in MAY else source)


@pytest.mark.parametrize("verb", VERBS)
@pytest.mark.parametrize("status", AssessmentYear.Status.values)
def test_every_pair_of_state_and_verb(as_role, year, people, status, verb):
    put_in(year, status)
    client = as_role("verifier")
    page = text_of(client.get(address(year, verb)))
    answer = client.post(address(year, verb), {"reason": "Alasan uji."}, follow=True)
    if (status, verb) in POSSIBLE:
        assert "Saat ini tidak dapat dilakukan" not in page
        assert state(year) == TARGET[verb]
        assert [(one.verb, one.by) for one in year.status_changes.all()] == [(verb, people["verifier"])]
    else:
        assert "Saat ini tidak dapat dilakukan" in page
        assert "Tahun ini sudah" in text_of(answer)
        assert state(year) == status
        assert not year.status_changes.exists()


@pytest.mark.parametrize("verb", VERBS)
def test_looking_at_the_page_of_a_verb_changes_nothing(as_role, year, verb):
    for status in AssessmentYear.Status.values:
        put_in(year, status)
        as_role("verifier").get(address(year, verb))
        assert state(year) == status


def test_the_second_click_is_refused(as_role, year):
    client = as_role("verifier")
    client.post(address(year, "verify"))
    again = client.post(address(year, "verify"), follow=True)
    assert "Tahun ini sudah diverifikasi." in text_of(again)
    assert year.status_changes.count() == 1


@pytest.mark.parametrize("reason", ["", "   ", None])
def test_reopening_without_a_reason_is_refused(as_role, year, reason):
    put_in(year, "locked")
    answer = as_role("verifier").post(address(year, "reopen"), {} if reason is None else {"reason": reason, "x": "1"})
    shown = text_of(answer)
    assert "Alasan" in shown
    if reason is not None:
        assert "Sebutkan mengapa" in shown or "dibuka kembali" in shown
    assert state(year) == "locked"


def test_verifying_warns_of_rows_that_are_incomplete(as_role, year, village):
    unit = factories.NeighbourhoodUnitFactory(region=village, rt="2")
    client = as_role("verifier")
    assert "belum dinilai lengkap" not in text_of(client.get(address(year, "verify")))
    factories.BaselineFactory(unit=unit, year=2025, fire_equipment=None)
    assert "1 baris belum dinilai lengkap" in text_of(client.get(address(year, "verify")))


@pytest.mark.parametrize(
    ("role", "status", "offered"),
    [
        ("verifier", "draft", {"verify"}),
        ("verifier", "verified", {"lock", "reopen"}),
        ("verifier", "locked", {"reopen"}),
        ("planner", "draft", set()),
        ("viewer", "locked", set()),
    ],
)
def test_only_possible_steps_are_offered(as_role, year, role, status, offered):
    put_in(year, status)
    page = as_role(role).get(year.get_absolute_url()).content.decode()
    assert {verb for verb in VERBS if address(year, verb) in page} == offered


# --- the same cost however much there is -----------------------------------------------------------------------------
@pytest.mark.parametrize("number", [1, 3, 30])
def test_the_number_of_queries_does_not_grow(as_role, year, village, people, number):
    for rt in range(2, number + 2):
        unit = factories.NeighbourhoodUnitFactory(region=village, rt=str(rt))
        factories.BaselineFactory(unit=unit, year=2025, fire_equipment=None)
        if rt <= 3:
            factories.BaselineFactory(unit=unit, year=2025 - rt)
    client, counted = as_role("verifier"), {}
    for name, url in {"list": LIST, "year": year.get_absolute_url(), "verb": address(year, "verify")}.items():
        with CaptureQueriesContext(connection) as queries:
            assert client.get(url).status_code == 200
        counted[name] = len(queries)
    assert counted == {"list": 7, "year": 10, "verb": 7}


def test_many_incomplete_rows_come_in_pages(as_role, year, village):
    for rt in range(2, 32):
        unit = factories.NeighbourhoodUnitFactory(region=village, rt=str(rt))
        factories.BaselineFactory(unit=unit, year=2025, fire_equipment=None)
    client = as_role("planner")
    pages = [text_of(client.get(year.get_absolute_url(), {"page": page})) for page in (1, 2)]
    assert [len(re.findall(r"RT \d+ RW 1", page)) for page in pages] == [25, 5]
