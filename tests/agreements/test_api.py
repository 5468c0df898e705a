"""The API of agreements: rights and doors are those of the records."""

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from agreements.models import Agreement, AgreementRecord, Evidence, FollowUp, Review, Signatory
from tests import factories
from tests.agreements.photographs import phone_photo
from workshops.models import Workshop

pytestmark = pytest.mark.django_db
V1 = "/api/v1"
COLLECTIONS = ["agreement-records", "agreements", "signatories", "raised-entries", "follow-ups", "evidence", "reviews"]


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def world(own, people, record):
    """Published: an agreement with a follow-up of the agency, its evidence, a sitting, a problem that waits."""
    entry = factories.MinutesEntryFactory(workshop=own.workshop, kind="problem")
    evidence = factories.EvidenceFactory(follow_up=own, submitted_by=people["opd_user"])
    review = factories.ReviewFactory()
    record = factories.publish(own.workshop)
    return {
        "agreement-records": record.workshop.slug,
        "agreements": own.agreement.key,
        "signatories": record.signatories.first().pk,
        "raised-entries": entry.uid,
        "follow-ups": own.pk,
        "evidence": evidence.pk,
        "reviews": review.pk,
    }


def post(program, name, verb, **data):
    return program.post(f"{V1}/{name}/{verb}/", data, format="json")


# --- who comes in ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COLLECTIONS)
def test_nobody_comes_in_without_a_name(api, name):
    assert api(None).get(f"{V1}/{name}/").status_code == 401


SEEN = {
    "viewer": {"agreement-records", "agreements", "signatories", "follow-ups"},
    "village_user": {"agreement-records", "agreements", "signatories", "follow-ups", "evidence"},
}


def test_what_each_role_reads_of_published_records(api, people, world):
    people["village_user"].organization = None
    people["village_user"].save()
    FollowUp.objects.update(region=people["village_user"].region)
    for role in people:
        program = api(role)
        found = set()
        for name, key in world.items():
            answer = program.get(f"{V1}/{name}/{key}/")
            if answer.status_code == 200:
                found.add(name)
                assert answer.json()["key"] == str(key)
                assert program.get(f"{V1}/{name}/").json()["count"] >= 1
            else:
                assert answer.status_code in (403, 404), (role, name)
        assert found == SEEN.get(role, set(COLLECTIONS)), role


def test_what_is_not_published_does_not_exist_for_a_viewer(api, world):
    AgreementRecord.objects.update(status="signing")
    program = api("viewer")
    for name in ("agreement-records", "agreements", "signatories", "follow-ups"):
        assert program.get(f"{V1}/{name}/").json()["results"] == [], name
        assert program.get(f"{V1}/{name}/{world[name]}/").status_code == 404


def test_a_viewer_reads_no_person(api, world):
    FollowUp.objects.update(responsible_person="Orang Terlindung")
    Signatory.objects.update(nip="198001012005011001", reason="Rahasia", note="Rahasia")
    Workshop.objects.update(status="closed")
    for name in ("agreements", "signatories", "follow-ups", "agreement-records"):
        said = api("viewer").get(f"{V1}/{name}/").content.decode()
        for secret in ("Orang Terlindung", "19800101", "Rahasia"):
            assert secret not in said, name
    assert "Orang Terlindung" in api("opd_user").get(f"{V1}/follow-ups/").content.decode()
    for role, nip in (("opd_user", "1001"), ("planner", "198001012005011001")):
        row = api(role).get(f"{V1}/signatories/{world['signatories']}/").json()
        assert row["nip"].endswith(nip)
        assert ("19800101" in row["nip"]) == (role == "planner")


@pytest.mark.parametrize("role", ["verifier", "pokja_member", "opd_user", "village_user", "viewer"])
def test_only_who_plans_writes_plans(api, world, agency, role):
    program = api(role)
    for name, key in world.items():
        for answer in (
            program.post(f"{V1}/{name}/", {}, format="json"),
            program.patch(f"{V1}/{name}/{key}/", {"text": "Lain", "activity": "Lain"}, format="json"),
        ):
            may_send = name == "evidence" and role in ("opd_user", "village_user")
            assert answer.status_code in ({400, 403, 405} if may_send else {403, 404, 405}), (name, answer.status_code)
    assert not Agreement.objects.filter(text="Lain").exists()


# --- agreements ---------------------------------------------------------------------------------------------


def test_an_agreement_is_written_signed_published_and_amended(api, workshop, agency):
    planner = api("planner")
    area = factories.SlumAreaFactory()
    body = {
        "workshop": workshop.slug, "text": "Membangun jamban", "target_kind": "number", "target_number": "33",
        "target_unit": "unit", "organizations": [agency.key], "slum_areas": [area.slug],
        "criteria": ["wastewater_system"],
    }  # fmt: skip
    answer = planner.post(f"{V1}/agreements/", body, format="json")
    assert answer.status_code == 201, answer.json()
    made = answer.json()
    assert {name: made[name] for name in body if name != "target_number"} == {
        name: value for name, value in body.items() if name != "target_number"
    }
    assert (made["number"], made["key"], made["record_status"]) == (1, f"{workshop.slug}-1", "draft")
    person = planner.post(
        f"{V1}/signatories/", {"workshop": workshop.slug, "name": "Budi Contoh"}, format="json"
    ).json()
    record = f"agreement-records/{workshop.slug}"
    assert post(planner, record, "open-for-signing").json()["status"] == "signing"
    assert planner.patch(f"{V1}/agreements/{made['key']}/", {"text": "Lain"}, format="json").status_code == 409
    assert planner.patch(f"{V1}/agreements/{made['key']}/", {"note": "Lain"}, format="json").status_code == 200
    assert (
        post(planner, f"signatories/{person['key']}", "sign", how="paper", on="2026-03-10").json()["state"] == "signed"
    )
    assert post(planner, f"signatories/{person['key']}", "sign", how="paper", on="2026-03-10").status_code == 409
    assert post(planner, record, "publish").status_code == 403
    assert post(api("verifier"), record, "publish").json()["status"] == "published"
    assert post(planner, f"signatories/{person['key']}", "decline", reason="Terlambat").status_code == 409
    amended = post(planner, f"agreements/{made['key']}", "amend", text="Membangun 40 jamban", reason="Rapat").json()
    assert (amended["version"], amended["text"]) == (2, "Membangun 40 jamban")
    assert [(row["version"], row["text"]) for row in amended["versions"]] == [(1, "Membangun jamban")]
    assert post(api("verifier"), f"agreements/{made['key']}", "amend", text="X", reason="Y").status_code == 403


def test_bad_agreements_are_named_at_their_fields(api, workshop, agreement):
    program = api("planner")
    for body, field in (
        ({"workshop": "tidak-ada", "text": "x"}, "workshop"),
        ({"workshop": workshop.slug, "text": " "}, "text"),
        ({"workshop": workshop.slug, "text": "x", "criteria": ["lain"]}, "criteria"),
        ({"workshop": workshop.slug, "text": "x", "target_kind": "number"}, "detail"),
        ({"workshop": workshop.slug, "text": "x", "organizations": ["tidak-ada"]}, "organizations"),
    ):
        answer = program.post(f"{V1}/agreements/", body, format="json")
        assert (answer.status_code, list(answer.json())) == (400, [field]), answer.json()
    Workshop.objects.filter(pk=workshop.pk).update(status="closed")
    answer = program.post(f"{V1}/agreements/", {"workshop": workshop.slug, "text": "x"}, format="json")
    assert answer.status_code == 409
    assert Agreement.objects.count() == 1


# --- follow-ups ---------------------------------------------------------------------------------------------


def test_a_follow_up_is_planned_with_its_money_and_its_steps_are_told(api, agreement, agency):
    planner = api("planner")
    body = {
        "agreement": agreement.key, "activity": "Bangun jamban", "volume": "33.5", "unit": "unit",
        "responsible_organization": agency.key, "partners": [], "starts_on": "2026-01-01", "due_on": "2026-12-31",
        "fundings": [{"source": "apbd_regency", "amount": "100000000", "note": "Perlu dipastikan"}],
    }  # fmt: skip
    answer = planner.post(f"{V1}/follow-ups/", body, format="json")
    assert answer.status_code == 201, answer.json()
    made = answer.json()
    assert (made["code"], made["status"], made["workshop"], made["volume"]) == (
        "1.1", "not_started", agreement.workshop.slug, "33.5",
    )  # fmt: skip
    assert made["fundings"] == [{"source": "apbd_regency", "note": "Perlu dipastikan", "amount": "100000000"}]
    url = f"follow-ups/{made['key']}"
    told = post(planner, url, "report", physical_percent="40.5", note="Pondasi", based_on=made["version"])
    assert (told.json()["status"], told.json()["physical_percent"]) == ("in_progress", "40.5")
    assert post(planner, url, "report", physical_percent="41", based_on=made["version"]).status_code == 409
    assert planner.patch(f"{V1}/{url}/", {"unit": "buah", "version": made["version"]}, format="json").status_code == 409
    steps = planner.get(f"{V1}/{url}/changes/").json()
    assert [(step["verb"], step["by"]) for step in steps] == [("create", "Uji Planner"), ("report", "Uji Planner")]
    assert steps[1]["after"]["physical_percent"] == "40.50"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"due_on": "2025-12-31"}, "detail"),
        ({"agreement": None}, "detail"),
        ({"responsible_organization": "tidak-ada"}, "responsible_organization"),
        ({"activity": ""}, "activity"),
        ({"volume": "-1", "unit": "m"}, "volume"),
        ({"fundings": [{"source": "apbd_regency", "amount": "-5"}]}, "fundings"),
    ],
)
def test_a_bad_plan_stores_nothing(api, agreement, agency, body, field):
    good = {
        "agreement": agreement.key, "activity": "Uji", "responsible_organization": agency.key,
        "starts_on": "2026-01-01", "due_on": "2026-12-31",
    }  # fmt: skip
    answer = api("planner").post(f"{V1}/follow-ups/", good | body, format="json")
    assert answer.status_code == 400
    assert field in answer.json() or "amount" in answer.json(), answer.json()
    assert not FollowUp.objects.exists()


def test_an_agency_reports_on_its_own_alone(api, world, own):
    Workshop.objects.update(status="invited")
    foreign = factories.FollowUpFactory()
    Workshop.objects.update(status="invited")
    program = api("opd_user")
    for verb in ("start", "report", "block", "finish"):
        assert post(program, f"follow-ups/{foreign.pk}", verb, reason="Uji").status_code == 403
    assert post(program, f"follow-ups/{own.pk}", "start").status_code == 200
    assert post(program, f"follow-ups/{own.pk}", "start").status_code == 409
    assert post(program, f"follow-ups/{own.pk}", "cancel", reason="Uji").status_code == 403
    assert post(program, f"follow-ups/{own.pk}", "block").status_code == 400
    assert post(program, f"follow-ups/{own.pk}", "report", physical_percent=120).status_code == 400
    assert post(program, f"follow-ups/{own.pk}", "finish", on="2025-01-01").json()["status"] == "done"
    assert foreign.changes.count() == 0


def test_done_without_evidence_is_refused(api, own):
    Workshop.objects.update(status="invited")
    assert post(api("opd_user"), f"follow-ups/{own.pk}", "start").status_code == 200
    answer = post(api("opd_user"), f"follow-ups/{own.pk}", "finish")
    assert (answer.status_code, list(answer.json())) == (409, ["detail"])


def test_the_planner_cancels_with_a_reason(api, own):
    assert post(api("planner"), f"follow-ups/{own.pk}", "cancel").status_code == 400
    answer = post(api("planner"), f"follow-ups/{own.pk}", "cancel", reason="Pindah lokasi").json()
    assert (answer["status"], answer["cancel_reason"]) == ("cancelled", "Pindah lokasi")


def test_follow_ups_are_found_by_status_organization_and_overdue(api, agency):
    on = datetime.date.today()
    day = datetime.timedelta(days=1)
    late = factories.FollowUpFactory(responsible_organization=agency, due_on=on - day, updated_on=on)
    factories.FollowUpFactory(due_on=on - day, status="done", updated_on=on)
    silent = factories.FollowUpFactory(due_on=None, status="blocked", updated_on=on - 91 * day)
    program = api("planner")

    def found(**query):
        return {row["key"] for row in program.get(f"{V1}/follow-ups/", query).json()["results"]}

    assert found(status="blocked") == {str(silent.pk)}
    assert found(organization=agency.key) == {str(late.pk)}
    assert found(overdue="true") == {str(late.pk)}
    assert len(found(overdue="false")) == 2
    assert found(silent="true") == {str(silent.pk)}
    assert found(search="tindak lanjut") == found()
    assert program.get(f"{V1}/follow-ups/", {"status": "lost"}).status_code == 400
    row = program.get(f"{V1}/follow-ups/{late.pk}/").json()
    assert (row["overdue"], row["silent"]) == (True, False)


# --- evidence -----------------------------------------------------------------------------------------------


def test_evidence_is_sent_by_the_owner_and_judged_by_another(api, own, reviewer, people):
    Workshop.objects.update(status="invited")
    owner = api("opd_user")
    photo = SimpleUploadedFile("foto.jpg", phone_photo())
    body = {"follow_up": own.pk, "kind": "photo", "title": "Jamban jadi", "file": photo}
    answer = owner.post(f"{V1}/evidence/", body, format="multipart")
    assert answer.status_code == 201, answer.json()
    made = answer.json()
    assert (made["status"], made["latitude"], made["taken_on"]) == ("submitted", "-2.075", "2026-03-08")
    url = f"evidence/{made['key']}"
    assert post(owner, url, "accept").status_code == 403
    assert post(api("planner"), url, "accept").status_code == 403
    assert post(api("pokja_member"), url, "accept").status_code == 409, "of the agency that does the work"
    people["penilai"] = reviewer
    judge = api("penilai")
    assert [row["key"] for row in judge.get(f"{V1}/evidence/?to_review=true").json()["results"]] == [made["key"]]
    assert post(judge, url, "return").status_code == 400
    accepted = post(judge, url, "accept", note="Jelas").json()
    assert (accepted["status"], accepted["reviewed_by"]) == ("accepted", str(reviewer))
    assert post(judge, url, "return", note="Kabur").status_code == 409
    file = judge.get(f"{V1}/{url}/file/")
    assert b"".join(file.streaming_content)[:2] == b"\xff\xd8"
    assert api("viewer").get(f"{V1}/{url}/file/").status_code == 403
    assert owner.delete(f"{V1}/{url}/").status_code == 409


def test_bad_evidence_is_named_and_not_kept(api, own):
    Workshop.objects.update(status="invited")
    owner = api("opd_user")
    no_photo = SimpleUploadedFile("foto.jpg", b"bukan gambar")
    answer = owner.post(
        f"{V1}/evidence/", {"follow_up": own.pk, "kind": "photo", "title": "x", "file": no_photo}, format="multipart"
    )
    assert (answer.status_code, list(answer.json())) == (400, ["file"])
    link = {"follow_up": own.pk, "kind": "link", "title": "x", "url": "https://contoh.test/a"}
    assert owner.post(f"{V1}/evidence/", link, format="json").status_code == 201
    assert owner.post(f"{V1}/evidence/", link, format="json").status_code == 400
    foreign = factories.FollowUpFactory()
    Workshop.objects.update(status="invited")
    assert owner.post(f"{V1}/evidence/", link | {"follow_up": foreign.pk}, format="json").status_code == 403
    assert Evidence.objects.count() == 1


# --- sittings -----------------------------------------------------------------------------------------------


def test_a_sitting_works_through_its_queue_and_is_locked(api, people, reviewer):
    people["penilai"] = reviewer
    follow_up = factories.FollowUpFactory(due_on=datetime.date(2026, 3, 25))
    Workshop.objects.update(status="invited")
    made = (
        api("planner")
        .post(f"{V1}/reviews/", {"held_on": "2026-03-20", "members": ["penilai"], "place": "Aula"}, format="json")
        .json()
    )
    url, judge = f"reviews/{made['key']}", api("penilai")
    queue = judge.get(f"{V1}/{url}/queue/").json()
    assert [(row["key"], row["is_due"], row["is_decided"]) for row in queue["results"]] == [
        (str(follow_up.pk), True, False)
    ]
    decision = {"follow_up": follow_up.pk, "decision": "speed_up", "note": "Segera", "next_check_on": "2026-04-20"}
    assert post(api("planner"), url, "decide", **decision).status_code == 403
    assert post(judge, url, "decide", **decision | {"next_check_on": "2026-03-20"}).status_code == 400
    assert post(judge, url, "decide", **decision).json()["version"] == 1
    assert FollowUp.objects.get().direction == "Segera"
    assert post(judge, url, "close").status_code == 403
    assert post(api("planner"), url, "close").json()["status"] == "closed"
    assert post(api("planner"), url, "close").status_code == 409
    assert post(judge, url, "decide", **decision).status_code == 409
    assert api("planner").patch(f"{V1}/{url}/", {"held_on": "2026-03-21"}, format="json").status_code == 409
    assert post(api("planner"), url, "reopen", reason="Salah").status_code == 403
    assert post(api("verifier"), url, "reopen", reason="Salah").json()["status"] == "open"
    assert Review.objects.count() == 1


def test_problems_wait_until_they_are_answered(api, workshop):
    entry = factories.MinutesEntryFactory(workshop=workshop, kind="promise")
    program = api("planner")
    assert program.get(f"{V1}/raised-entries/?unanswered=true").json()["count"] == 1
    assert post(program, f"raised-entries/{entry.uid}", "refuse").status_code == 400
    answer = post(program, f"raised-entries/{entry.uid}", "refuse", reason="Bukan kewenangan").json()
    assert answer["refusal"] == "Bukan kewenangan"
    assert post(program, f"raised-entries/{entry.uid}", "refuse", reason="Lagi").status_code == 409
    assert program.get(f"{V1}/raised-entries/?unanswered=true").json()["count"] == 0


# --- how many queries ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", COLLECTIONS)
def test_lists_ask_the_same_number_of_queries_for_one_row_and_for_three(api, agency, people, name):
    program, counts = api("planner"), []
    for rows in (1, 3):
        for number in range(rows):
            agreement = factories.AgreementFactory()
            agreement.organizations.add(agency)
            factories.SignatoryFactory(record=agreement.workshop.agreement_record)
            follow_up = factories.FollowUpFactory(agreement=agreement, region=factories.VillageFactory())
            follow_up.partners.add(agency)
            factories.FundingFactory(follow_up=follow_up)
            factories.EvidenceFactory(follow_up=follow_up)
            factories.MinutesEntryFactory(workshop=agreement.workshop, kind="problem")
            review = factories.ReviewFactory(
                held_on=datetime.date(2026, 3, 10 * rows) + datetime.timedelta(days=number)
            )
            review.decide(follow_up, by=people["verifier"], at=datetime.datetime.now(datetime.UTC), decision="continue")
        with CaptureQueriesContext(connection) as asked:
            assert program.get(f"{V1}/{name}/").json()["count"] == (1 if rows == 1 else 4)
        counts.append(len(asked))
    assert counts[0] == counts[1]
    assert counts[0] <= 12
