"""The API: who may come in, what is seen, what is refused and how."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from knox.models import AuthToken
from rest_framework.test import APIClient

from tests import factories
from workshops.models import MinutesEntry, Participant, Workshop

COLLECTIONS = [
    "regions",
    "organizations",
    "workshops",
    "agenda-items",
    "participants",
    "minutes-entries",
    "slum-areas",
    "neighbourhoods",
    "baselines",
    "assessments",
    "imports",
    "assessment-years",
    "works",
    "decrees",
    "reporting-groups",
    "reported-hectares",
    "packages",
    "assets",
    "documents",
    "tokens",
]


@pytest.fixture
def record(workshop, village):
    """A draft with one record of each kind."""
    factories.WorkshopAreaFactory(workshop=workshop, region=village)
    item = factories.AgendaItemFactory(workshop=workshop)
    person = factories.ParticipantFactory(workshop=workshop, phone="0812000", email="a@contoh.test")
    entry = factories.MinutesEntryFactory(workshop=workshop, agenda_item=item)
    return {
        "workshops": workshop.slug,
        "agenda-items": item.pk,
        "participants": person.pk,
        "minutes-entries": entry.uid,
    }


def put_in(workshop, status):
    Workshop.objects.filter(pk=workshop.pk).update(status=status)


@pytest.mark.parametrize("name", COLLECTIONS)
def test_nobody_comes_in_without_a_name(api, name):
    answer = api(None).get(f"/api/v1/{name}/")
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Token")
    assert list(answer.json()) == ["detail"]


def test_a_token_for_a_name_and_password(client, people):
    answer = client.post("/api/v1/tokens/", {"username": "planner", "password": factories.PASSWORD})
    assert answer.status_code == 201
    token = answer.json()["token"]
    assert set(answer.json()) == {"token", "expires_at"}
    assert not AuthToken.objects.filter(digest=token).exists(), "the token itself is not stored"
    program = APIClient(headers={"authorization": f"Token {token}"})
    listed = program.get("/api/v1/tokens/").json()["results"]
    assert len(listed) == 1
    assert program.delete(f"/api/v1/tokens/{listed[0]['key']}/").status_code == 204
    assert program.get("/api/v1/regions/").status_code == 401


@pytest.mark.parametrize(
    "given",
    [{"username": "planner", "password": "salah"}, {"username": "nobody", "password": "x"}, {}, {"username": "\0"}],
)
def test_no_token_for_less(client, people, given):
    assert client.post("/api/v1/tokens/", given, content_type="application/json").status_code == 400
    assert not AuthToken.objects.exists()


def test_repeated_failures_lock_out(client, people):
    for _attempt in range(5):
        client.post("/api/v1/tokens/", {"username": "planner", "password": "salah"})
    answer = client.post("/api/v1/tokens/", {"username": "planner", "password": factories.PASSWORD})
    assert answer.status_code == 429
    assert list(answer.json()) == ["detail"]
    other = client.post("/api/v1/tokens/", {"username": "verifier", "password": factories.PASSWORD})
    assert other.status_code == 201


def test_someone_elses_token_is_not_there(api, people):
    api("planner")
    key = AuthToken.objects.get(user=people["planner"]).token_key
    assert api("verifier").delete(f"/api/v1/tokens/{key}/").status_code == 404


def test_an_inactive_person_has_no_way_in(api, people):
    program = api("planner")
    people["planner"].is_active = False
    people["planner"].save()
    assert program.get("/api/v1/regions/").status_code == 401


def test_a_region_by_its_code(api, village):
    answer = api("viewer").get("/api/v1/regions/19.05.01.1001/")
    assert (answer.status_code, answer.json()["key"]) == (200, "19.05.01.1001")
    assert "boundary" not in api("viewer").get("/api/v1/regions/").json()["results"][0]


@pytest.mark.parametrize("role", ["pokja_member", "opd_user", "village_user", "viewer"])
def test_a_draft_is_unknown_to_others(api, record, role):
    program = api(role)
    assert program.get("/api/v1/workshops/").json()["results"] == []
    for name, key in record.items():
        expected = 403 if name == "participants" and role in ("village_user", "viewer") else 404
        assert program.get(f"/api/v1/{name}/{key}/").status_code == expected


def test_every_object_has_its_key(api, record):
    for name, key in record.items():
        answer = api("planner").get(f"/api/v1/{name}/{key}/")
        assert (answer.status_code, answer.json()["key"]) == (200, str(key))


@pytest.mark.parametrize(
    ("role", "is_shown"), [("planner", True), ("admin", True), ("verifier", False), ("pokja_member", False)]
)
def test_contacts_are_for_those_who_organize(api, record, workshop, role, is_shown):
    put_in(workshop, "invited")
    row = api(role).get(f"/api/v1/participants/{record['participants']}/").json()
    assert ("phone" in row, "email" in row) == (is_shown, is_shown)


@pytest.mark.parametrize("role", ["verifier", "pokja_member", "opd_user", "viewer", "village_user"])
def test_readers_do_not_write(api, record, workshop, role):
    put_in(workshop, "closed")
    program = api(role)
    for name, key in record.items():
        assert program.patch(f"/api/v1/{name}/{key}/", {"title": "x"}, format="json").status_code == 403
        assert program.delete(f"/api/v1/{name}/{key}/").status_code == 403
        assert program.post(f"/api/v1/{name}/", {}, format="json").status_code == 403


@pytest.mark.parametrize("status", ["closed", "cancelled"])
def test_what_is_final_does_not_change(api, record, workshop, status):
    put_in(workshop, status)
    program = api("admin")
    sent = {"title": "Lain", "name": "Lain", "text": "Lain", "version": 1}
    for name, key in record.items():
        answer = program.patch(f"/api/v1/{name}/{key}/", sent, format="json")
        assert (answer.status_code, list(answer.json())) == (409, ["detail"])
        assert program.delete(f"/api/v1/{name}/{key}/").status_code == 409
    assert not Participant.objects.filter(name="Lain").exists()


def test_the_verbs_are_the_models_own(api, record, workshop):
    address = f"/api/v1/workshops/{workshop.slug}"
    planner, verifier = api("planner"), api("verifier")
    assert planner.post(f"{address}/finish/").status_code == 409
    assert planner.post(f"{address}/invite/").json()["status"] == "invited"
    assert planner.post(f"{address}/invite/").status_code == 409
    assert planner.post(f"{address}/start/").json()["status"] == "in_progress"
    assert planner.post(f"{address}/finish/").json()["status"] == "correction"
    assert planner.post(f"{address}/close/").status_code == 403
    assert verifier.post(f"{address}/close/").json()["status"] == "closed"
    assert verifier.post(f"{address}/reopen/").status_code == 400
    assert verifier.post(f"{address}/reopen/", {"reason": "Salah ketik."}).json()["status"] == "correction"
    assert api("viewer").post(f"{address}/close/").status_code == 404
    assert workshop.status_changes.count() == 5


def test_the_status_is_not_a_field_to_set(api, workshop):
    answer = api("planner").patch(f"/api/v1/workshops/{workshop.slug}/", {"status": "closed"}, format="json")
    assert (answer.status_code, answer.json()["status"]) == (200, "draft")


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({}, "title"),
        ({"title": "Uji", "held_on": "kemarin"}, "held_on"),
        ({"title": "x" * 301, "held_on": "2026-03-10"}, "title"),
        ({"title": "Uji", "held_on": "1200-01-01"}, "held_on"),
        ({"title": "Uji", "held_on": "2026-03-10", "start_time": "10:00", "end_time": "09:00"}, "detail"),
        ({"title": "Uji", "held_on": "2026-03-10", "organizer": "tidak-ada"}, "organizer"),
        ({"title": "U\0ji", "held_on": "2026-03-10"}, "title"),
    ],
)
def test_wrong_input_is_named(api, sent, wrong):
    answer = api("planner").post("/api/v1/workshops/", sent, format="json")
    assert answer.status_code == 400
    assert wrong in answer.json()
    assert not Workshop.objects.exists()


def test_a_workshop_and_its_records_are_made(api, people, agency):
    program = api("planner")
    made = program.post(
        "/api/v1/workshops/",
        {"title": "Lokakarya API", "held_on": "2026-05-02", "organizer": "disperkimhub"},
        format="json",
    )
    assert made.status_code == 201
    key = made.json()["key"]
    assert Workshop.objects.get(slug=key).created_by == people["planner"]
    item = program.post("/api/v1/agenda-items/", {"workshop": key, "title": "Pembukaan"}, format="json")
    entry = {"workshop": key, "agenda_item": int(item.json()["key"]), "kind": "note", "text": "Isi."}
    assert program.post("/api/v1/minutes-entries/", entry, format="json").status_code == 201
    person = {"workshop": key, "name": "Budi Contoh", "organization": "disperkimhub"}
    assert program.post("/api/v1/participants/", person, format="json").status_code == 201
    assert program.post("/api/v1/participants/", {"workshop": key}, format="json").status_code == 400


def test_a_change_on_an_old_version_overwrites_nothing(api, record):
    program, address = api("planner"), f"/api/v1/minutes-entries/{record['minutes-entries']}/"
    assert program.patch(address, {"text": "Pertama.", "version": 1}, format="json").json()["version"] == 2
    answer = program.patch(address, {"text": "Kedua.", "version": 1}, format="json")
    assert (answer.status_code, answer.json()["stored"]["text"]) == (409, "Pertama.")
    assert program.patch(address, {"text": "Tanpa versi."}, format="json").status_code == 400
    assert MinutesEntry.objects.get().text == "Pertama."


def test_a_record_stays_with_its_workshop(api, record):
    other = factories.WorkshopFactory()
    answer = api("planner").patch(
        f"/api/v1/participants/{record['participants']}/", {"workshop": other.slug}, format="json"
    )
    assert answer.status_code == 400


def test_arrival_is_noted_once(api, record, workshop):
    put_in(workshop, "in_progress")
    address = f"/api/v1/participants/{record['participants']}/arrive/"
    assert api("planner").post(address).json()["arrived_at"]
    assert api("planner").post(address).status_code == 409
    assert api("pokja_member").post(address).status_code == 403


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("?status=closed", 200),
        ("?status=unknown", 400),
        ("?year=abc", 400),
        ("?region=99.99", 400),
        ("?search=%00", 400),
        ("?page=999999999999999999999", 404),
        ("?page_size=0", 200),
        ("?ordering=password", 200),
    ],
)
def test_odd_questions_get_an_answer(api, workshop, query, status):
    assert api("planner").get(f"/api/v1/workshops/{query}").status_code == status


def test_damaged_json_is_refused(api):
    answer = api("planner").post("/api/v1/workshops/", "{", content_type="application/json")
    assert (answer.status_code, list(answer.json())) == (400, ["detail"])


@pytest.mark.parametrize(
    "name", ["regions", "organizations", "workshops", "agenda-items", "participants", "minutes-entries"]
)
def test_the_number_of_queries_does_not_grow(api, name, agency):
    program, counted = api("planner"), []

    def ask():
        with CaptureQueriesContext(connection) as queries:
            assert program.get(f"/api/v1/{name}/").status_code == 200
        counted.append(len(queries))

    for number in (1, 2):
        for _copy in range(number):
            workshop = factories.WorkshopFactory(organizer=factories.OrganizationFactory())
            factories.WorkshopAreaFactory(workshop=workshop)
            item = factories.AgendaItemFactory(workshop=workshop)
            factories.AgendaItemFactory(workshop=workshop, parent=item)
            factories.ParticipantFactory(workshop=workshop, organization=agency)
            factories.MinutesEntryFactory(workshop=workshop, agenda_item=item)
        ask()
    assert counted[0] == counted[1]


@pytest.mark.parametrize("address", ["/api/schema/", "/api/docs/"])
def test_schema_and_reading_page(as_role, address):
    assert as_role("viewer").get(address).status_code == 200
    assert as_role(None).get(address).status_code in (302, 401)
