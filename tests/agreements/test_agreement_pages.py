"""The pages of agreements: who sees what, what is found, how text and classification change."""

import datetime
import json

import pytest
from django.conf import settings
from jsonschema import Draft202012Validator

from agreements.models import Agreement, AgreementRecord, Evidence, FollowUp
from assets.models import Package
from slumareas import scoring
from tests import factories
from workshops.models import Workshop

LIST = "/agreements/"
CHAIN = Draft202012Validator(
    json.loads((settings.BASE_DIR / "docs" / "schemas" / "agreement-chain.schema.json").read_text()),
    format_checker=Draft202012Validator.FORMAT_CHECKER,
)


@pytest.fixture
def published(agreement):
    factories.publish(agreement.workshop)
    return Agreement.objects.get()


def said(answer) -> str:
    return answer.content.decode()


# --- the list ------------------------------------------------------------------------------------------------
@pytest.mark.parametrize("role", ["planner", "verifier", "pokja_member", "opd_user"])
def test_insiders_see_what_is_not_published_yet(as_role, agreement, role):
    Workshop.objects.update(status="in_progress")
    assert agreement.text in said(as_role(role).get(LIST))


@pytest.mark.parametrize("role", ["village_user", "viewer"])
def test_outsiders_see_only_what_is_published(as_role, agreement, role):
    factories.SignatoryFactory(record=agreement.workshop.agreement_record)
    Workshop.objects.update(status="closed")
    assert agreement.text not in said(as_role(role).get(LIST))
    assert as_role(role).get(agreement.get_absolute_url()).status_code == 404
    factories.publish(agreement.workshop)
    assert agreement.text in said(as_role(role).get(LIST))
    assert as_role(role).get(agreement.get_absolute_url()).status_code == 200


def test_the_list_asks_the_same_number_of_questions_for_one_and_for_three(
    as_role, agency, django_assert_max_num_queries, django_assert_num_queries
):
    workshop = factories.WorkshopFactory()

    def one_more():
        agreement = factories.AgreementFactory(workshop=workshop)
        agreement.organizations.add(agency)
        agreement.slum_areas.add(factories.SlumAreaFactory())
        factories.FollowUpFactory(agreement=agreement)

    one_more()
    client = as_role("planner")
    client.get(LIST)
    with django_assert_max_num_queries(20) as asked:
        client.get(LIST)
    one_more()
    one_more()
    with django_assert_num_queries(len(asked)):
        assert said(client.get(LIST)).count("Sepakat uji") >= 3


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("search=drainase", True),
        ("search=1", True),
        ("search=jalan", False),
        ("kind=periodic", True),
        ("kind=once", False),
        ("criterion=road_surface", True),
        ("criterion=water_access", False),
        ("organization=disperkimhub", True),
        ("organization=dinas-lain", False),
        ("workshop={slug}", True),
    ],
)
def test_agreements_are_found_by_what_they_are_about(as_role, agency, query, found):
    factories.OrganizationFactory(key="dinas-lain")
    agreement = factories.AgreementFactory(text="Perbaikan drainase bersama", kind="periodic")
    agreement.organizations.add(agency)
    agreement.criteria.create(criterion="road_surface")
    answer = as_role("planner").get(f"{LIST}?{query.format(slug=agreement.workshop.slug)}")
    assert ("Perbaikan drainase bersama" in said(answer)) is found


def test_an_organization_is_found_by_what_it_does_as_well(as_role, own):
    assert own.agreement.text in said(as_role("planner").get(f"{LIST}?organization=disperkimhub"))


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("status=blocked", {"Terkendala"}),
        ("status=done", {"Selesai"}),
        ("status=cancelled", set()),
        ("due=overdue", {"Terlambat"}),
        ("due=14", {"Segera"}),
        ("due=7", set()),
        ("due=none", {"Terkendala"}),
        ("status=entah", {"Terkendala", "Selesai", "Terlambat", "Segera"}),
    ],
)
def test_agreements_are_found_by_how_their_follow_ups_stand(as_role, query, found):
    today = datetime.date.today()
    for text, status, due_on in [
        ("Terkendala", "blocked", None),
        ("Selesai", "done", today - datetime.timedelta(days=30)),
        ("Terlambat", "in_progress", today - datetime.timedelta(days=1)),
        ("Segera", "not_started", today + datetime.timedelta(days=10)),
    ]:
        agreement = factories.AgreementFactory(text=f"Sepakat {text}")
        factories.FollowUpFactory(agreement=agreement, status=status, due_on=due_on, obstacle="Lahan")
    answer = as_role("planner").get(f"{LIST}?{query}")
    assert {agreement.text.removeprefix("Sepakat ") for agreement in answer.context["agreements"]} == found


def test_a_village_does_not_learn_how_follow_ups_stand_that_it_may_not_see(as_role, agreement, village):
    """It sees the agreement of its own workshop before that is published, but only its own follow-ups."""
    factories.FollowUpFactory(agreement=agreement, status="blocked", obstacle="Lahan")
    factories.WorkshopAreaFactory(workshop=agreement.workshop, region=village)
    Workshop.objects.update(status="correction")
    for role, found in [("planner", True), ("village_user", False)]:
        assert agreement.text in said(as_role(role).get(LIST))
        assert (agreement.text in said(as_role(role).get(f"{LIST}?status=blocked"))) is found


def test_the_list_says_how_the_follow_ups_stand(as_role, own):
    factories.FollowUpFactory(agreement=own.agreement, status="done")
    factories.FollowUpFactory(agreement=own.agreement, status="cancelled")
    assert "1 dari 2 selesai" in said(as_role("planner").get(LIST))


# --- one agreement ---------------------------------------------------------------------------------------------
def test_the_page_has_the_same_number_of_questions_however_much_is_done(as_role, agreement, django_assert_num_queries):
    def one_more():
        follow_up = factories.FollowUpFactory(agreement=agreement)
        factories.EvidenceFactory(follow_up=follow_up)
        follow_up.changes.create(verb="report", at="2026-03-10T02:00Z", by=factories.UserFactory())

    one_more()
    client, url = as_role("planner"), agreement.get_absolute_url()
    client.get(url)
    with django_assert_num_queries(17):
        client.get(url)
    one_more()
    one_more()
    with django_assert_num_queries(17):
        assert said(client.get(url)).count("/report/") == 0


def test_a_viewer_reads_no_names_no_evidence_and_no_history(as_role, published):
    follow_up = factories.FollowUpFactory(agreement=published, responsible_person="Orang Terlindung")
    factories.EvidenceFactory(follow_up=follow_up, title="Foto Terlindung")
    follow_up.changes.create(verb="report", at="2026-03-10T02:00Z", note="Catatan Terlindung")
    for url in (published.get_absolute_url(), follow_up.get_absolute_url(), "/agreements/follow-ups/matrix/"):
        text = said(as_role("viewer").get(url))
        assert follow_up.activity in text
        assert "Terlindung" not in text, url


def test_what_it_is_about_changes_after_publishing_too_but_not_the_text(as_role, published):
    answer = as_role("planner").post(
        f"{published.get_absolute_url()}edit/",
        {
            "text": "Diam-diam diubah", "kind": "continuous", "target_kind": "number", "target": "Panjang jalan",
            "target_number": "1.250,5", "target_unit": "m", "criteria": ["road_surface"],
            "next": published.get_absolute_url(),
        },
    )  # fmt: skip
    assert answer.status_code == 302
    assert answer.headers["Location"].startswith(published.get_absolute_url())
    stored = Agreement.objects.get()
    assert (stored.text, stored.kind, str(stored.target_number)) == (published.text, "continuous", "1250.50")
    assert [one.criterion for one in stored.criteria.all()] == ["road_surface"]


def test_a_number_without_a_unit_is_told_and_what_was_typed_stays(as_role, published):
    answer = as_role("planner").post(
        f"{published.get_absolute_url()}edit/",
        {"kind": "once", "target_kind": "number", "target_number": "33", "target": "Jamban terbangun"},
    )
    assert answer.status_code == 400
    assert "memerlukan angka dan satuan" in said(answer)
    assert "Jamban terbangun" in said(answer)
    assert Agreement.objects.get().target == ""


@pytest.mark.parametrize("target", ["https://jahat.test/", "//jahat.test/"])
def test_nobody_is_led_to_another_host(as_role, published, target):
    answer = as_role("planner").post(f"{published.get_absolute_url()}edit/", {"kind": "once", "next": target})
    assert "jahat" not in answer.headers["Location"]


# --- amending ---------------------------------------------------------------------------------------------------
def test_an_amendment_keeps_what_was_signed(as_role, published):
    signed = published.text
    answer = as_role("planner").post(
        f"{published.get_absolute_url()}amend/",
        {"text": "Naskah yang baru.", "reason": "Putusan sidang uji.", "version": 1},
    )
    assert answer.status_code == 302
    text = said(as_role("viewer").get(published.get_absolute_url()))
    for words in ("Naskah yang baru.", signed, "Putusan sidang uji."):
        assert words in text
    assert Agreement.objects.get().version == 2


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        ({"text": "Naskah yang baru.", "reason": "", "version": 1}, "Tuliskan alasannya dulu."),
        ({"text": "", "reason": "Putusan.", "version": 1}, "Tuliskan apa yang disepakati."),
        ({"text": "Naskah yang baru.", "reason": "Putusan.", "version": 7}, "Ada yang mengamendemen sementara itu."),
    ],
)
def test_a_bad_amendment_is_told_and_changes_nothing(as_role, published, sent, sentence):
    answer = as_role("planner").post(f"{published.get_absolute_url()}amend/", sent)
    assert sentence in said(answer)
    assert all(words in said(answer) for words in (sent["text"], sent["reason"]))
    assert Agreement.objects.get().version == 1


def test_a_draft_is_not_amended(as_role, agreement):
    answer = as_role("planner").post(
        f"{agreement.get_absolute_url()}amend/", {"text": "Baru.", "reason": "Putusan.", "version": 1}
    )
    assert "Hanya kesepakatan yang sudah diterbitkan" in said(answer)
    assert Agreement.objects.get().text == agreement.text


@pytest.mark.parametrize("role", ["verifier", "pokja_member", "opd_user", "village_user", "viewer"])
@pytest.mark.parametrize("page", ["edit", "amend", "delete"])
def test_only_who_plans_changes_agreements(as_role, published, role, page):
    url = f"{published.get_absolute_url()}{page}/"
    assert as_role(role).get(url).status_code == 403
    assert as_role(role).post(url, {"text": "Lain", "reason": "Lain"}).status_code == 403


# --- answers to problems and promises -----------------------------------------------------------------------------
@pytest.fixture
def promise(db):
    workshop = factories.WorkshopFactory(status="in_progress")
    return factories.MinutesEntryFactory(workshop=workshop, kind="promise", text="Janji gerobak sampah.")


def test_a_promise_waits_until_a_follow_up_answers_it(as_role, promise, agency):
    client = as_role("planner")
    assert "Janji gerobak sampah." in said(client.get("/agreements/unanswered/"))
    form = client.get(f"/agreements/follow-ups/new/?entry={promise.pk}")
    assert "Janji gerobak sampah." in said(form)
    answer = client.post(
        f"/agreements/follow-ups/new/?entry={promise.pk}",
        {
            "source_entry": promise.pk, "activity": "Mengadakan gerobak", "responsible_organization": agency.pk,
            "due_on": "2026-05-01", "fundings-TOTAL_FORMS": 0, "fundings-INITIAL_FORMS": 0,
        },
    )  # fmt: skip
    assert answer.status_code == 302
    assert "Janji gerobak sampah." not in said(client.get("/agreements/unanswered/"))
    assert promise.follow_ups.get().activity == "Mengadakan gerobak"


def test_a_promise_becomes_an_agreement(as_role, promise):
    client, slug = as_role("planner"), promise.workshop.slug
    url = f"/agreements/records/{slug}/agreements/new/?entry={promise.pk}"
    assert "Janji gerobak sampah." in said(client.get(url))
    answer = client.post(url, {"text": "Gerobak diadakan.", "kind": "once", "source_entry": promise.pk})
    assert answer.status_code == 302
    assert promise.agreements.get().text == "Gerobak diadakan."
    assert AgreementRecord.objects.get().is_draft


def test_a_promise_is_refused_with_a_reason_and_opened_again(as_role, promise):
    client = as_role("planner")
    refuse = f"/agreements/unanswered/{promise.pk}/refuse/"
    assert "Tuliskan alasannya dulu." in said(client.post(refuse, {"reason": "  "}))
    assert client.post(refuse, {"reason": "Sudah dianggarkan pihak lain."}).status_code == 302
    assert "Sudah dianggarkan pihak lain." in said(client.get("/agreements/unanswered/?show=refused"))
    assert "Ini sudah dijawab." in said(client.post(refuse, {"reason": "Kedua kali."}))
    assert client.post(f"/agreements/unanswered/{promise.pk}/reopen/").status_code == 302
    assert "Janji gerobak sampah." in said(client.get("/agreements/unanswered/"))


# --- the chain ----------------------------------------------------------------------------------------------------
@pytest.fixture
def chained(published, village):
    """An agreement whose follow-up repairs a road of an area that was measured before and after."""
    area = factories.SlumAreaFactory(villages=[village])
    unit = factories.NeighbourhoodUnitFactory(region=village, slum_area=area)
    factories.BaselineFactory(unit=unit, year=2025)
    factories.BaselineFactory(unit=unit, year=2026, road_surface=120)
    factories.AssessmentYearFactory._meta.model.objects.update(status="locked")
    follow_up = factories.FollowUpFactory(agreement=published, slum_area=area, criterion="road_surface")
    factories.EvidenceFactory(follow_up=follow_up, title="Jalan yang diperbaiki")
    return follow_up


def test_the_chain_leads_from_the_workshop_to_the_changed_indicator(as_role, chained):
    text = said(as_role("pokja_member").get(f"{chained.agreement.get_absolute_url()}chain/"))
    for link in (
        chained.workshop.get_absolute_url(),
        chained.agreement.get_absolute_url(),
        chained.get_absolute_url(),
        chained.evidence.get().get_absolute_url(),
        f"{chained.slum_area.get_absolute_url()}criteria/road_surface/",
    ):
        assert f'href="{link}"' in text
    assert "52,50\xa0%" in text
    assert "15,00\xa0%" in text


def test_the_chain_is_walked_back_from_the_area_and_the_workshop(as_role, chained):
    client = as_role("pokja_member")
    area = said(client.get(chained.slum_area.get_absolute_url()))
    assert f'href="{chained.get_absolute_url()}"' in area
    assert "/agreements/records/" in said(client.get(chained.workshop.get_absolute_url()))
    follow_up = said(client.get(chained.get_absolute_url()))
    assert f"{chained.agreement.get_absolute_url()}chain/#follow-up-{chained.pk}" in follow_up


@pytest.mark.parametrize("address", ["chain.json", "chain/?format=json"])
def test_the_chain_as_json(as_role, chained, address):
    answer = as_role("pokja_member").get(f"{chained.agreement.get_absolute_url()}{address}")
    found = json.loads(answer.content)
    assert found["agreement"]["key"] == chained.agreement.key
    (step,) = found["follow_ups"]
    assert [one["title"] for one in step["evidence"]] == ["Jalan yang diperbaiki"]
    (indicator,) = step["indicators"]
    assert (indicator["before"]["year"], indicator["latest"]["year"]) == (2025, 2026)
    assert (indicator["before"]["value"], indicator["latest"]["value"], indicator["change"]) == ("52.5", "15", "-37.5")
    assert step["url"].endswith(chained.get_absolute_url())


def test_a_viewer_walks_the_chain_without_evidence(as_role, chained):
    answer = as_role("viewer").get(f"{chained.agreement.get_absolute_url()}chain.json")
    assert json.loads(answer.content)["follow_ups"][0]["evidence"] == []


def test_the_chain_of_what_is_not_published_does_not_exist_for_a_viewer(as_role, agreement):
    assert as_role("viewer").get(f"{agreement.get_absolute_url()}chain.json").status_code == 404


@pytest.fixture
def with_packages(chained, village):
    """Packages of the follow-up and of the agreement; one of them is published."""
    of_step = factories.PackageFactory(number="RANTAI-1", village=village, follow_up=chained)
    of_all = factories.PackageFactory(number="RANTAI-2", village=village, agreement=chained.agreement)
    Package.objects.filter(pk=of_all.pk).update(is_published=True)
    return of_step, of_all


def chain(client, agreement) -> dict:
    return json.loads(client.get(f"{agreement.get_absolute_url()}chain.json").content)


@pytest.mark.parametrize(
    ("role", "of_step", "of_all"),
    [
        ("planner", ["RANTAI-1"], ["RANTAI-2"]),
        ("village_user", ["RANTAI-1"], ["RANTAI-2"]),
        ("viewer", [], ["RANTAI-2"]),
    ],
)
def test_the_chain_reaches_the_packages_that_the_person_may_see(as_role, chained, with_packages, role, of_step, of_all):
    found = chain(as_role(role), chained.agreement)
    assert [one["key"] for one in found["follow_ups"][0]["assets"]] == of_step
    assert [one["key"] for one in found["assets"]] == of_all
    page = said(as_role(role).get(f"{chained.agreement.get_absolute_url()}chain/"))
    assert {key for key in ("RANTAI-1", "RANTAI-2") if f"/assets/{key}/" in page} == {*of_step, *of_all}


def test_the_chain_asks_the_same_number_of_questions_however_long_it_is(
    as_role, chained, with_packages, village, django_assert_max_num_queries, django_assert_num_queries
):
    client, address = as_role("planner"), f"{chained.agreement.get_absolute_url()}chain.json"
    client.get(address)
    with django_assert_max_num_queries(14) as asked:
        client.get(address)
    for _again in range(3):
        follow_up = factories.FollowUpFactory(agreement=chained.agreement, slum_area=chained.slum_area)
        factories.EvidenceFactory(follow_up=follow_up)
        factories.PackageFactory(village=village, follow_up=follow_up)
    with django_assert_num_queries(len(asked)):
        client.get(address)


@pytest.mark.parametrize("role", ["admin", "planner", "pokja_member", "opd_user", "village_user", "viewer"])
def test_the_chain_as_json_fits_its_schema(as_role, chained, with_packages, role):
    agreement = chained.agreement
    agreement.criteria.create(criterion="water_access")
    agreement.slum_areas.add(factories.SlumAreaFactory(), chained.slum_area)
    for status in ("blocked", "done", "cancelled"):
        factories.FollowUpFactory(agreement=agreement, status=status, slum_area=chained.slum_area)
    factories.FollowUpFactory(agreement=agreement, due_on=None)
    found = chain(as_role(role), agreement)
    assert [error.message for error in CHAIN.iter_errors(found)] == []
    assert len(found["follow_ups"]) == 5
    assert found["indicators"]


def test_an_agreement_with_nothing_behind_it_fits_the_schema_too(as_role, published):
    assert CHAIN.is_valid(chain(as_role("viewer"), published))


@pytest.mark.parametrize(
    ("where", "wrong"),
    [
        (("follow_ups", 0, "status"), "finished"),
        (("follow_ups", 0, "due_on"), "10-4-2026"),
        (("follow_ups", 0, "evidence", 0, "status"), "returned"),
        (("follow_ups", 0, "indicators", 0, "latest", "value"), 15.0),
        (("follow_ups", 0, "responsible_person"), "Budi Contoh"),
        (("agreement", "source_entry"), "bukan-uuid"),
        (("workshop", "url"), "/workshops/uji/"),
        (("assets",), None),
    ],
)
def test_the_schema_of_the_chain_refuses_what_is_not_one(as_role, chained, where, wrong):
    found = chain(as_role("planner"), chained.agreement)
    place = found
    for step in where[:-1]:
        place = place[step]
    place[where[-1]] = wrong
    assert not CHAIN.is_valid(found)


def test_the_schema_of_the_chain_knows_the_words_of_the_product():
    parts = CHAIN.schema["$defs"]
    assert parts["follow_up"]["properties"]["status"]["enum"] == FollowUp.Status.values
    assert parts["evidence"]["properties"]["kind"]["enum"] == Evidence.Kind.values
    assert set(parts["measure"]["properties"]["rule_set"]["enum"]) == set(scoring.RULE_SETS)
    assert set(parts["measure"]["properties"]["class"]["enum"]) == {*scoring.SLUM_CLASSES, None}
