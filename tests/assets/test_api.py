"""The API of the handover: what each role reads, what each verb answers, and what is refused."""

import datetime
from decimal import Decimal
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from PIL import Image
from rest_framework.test import APIClient

from assets.models import Asset, Package
from core.models import User
from tests import factories
from tests.agreements.photographs import phone_photo
from tests.assets.conftest import complete, pdf, put_at

PACKAGES, ASSETS, DOCUMENTS = "/api/v1/packages/", "/api/v1/assets/", "/api/v1/documents/"


def program(person):
    client = APIClient()
    client.force_authenticate(person)
    return client


def verb(package, name):
    return f"{PACKAGES}{package.number}/{name}/"


def state(package):
    package.refresh_from_db()
    return package.stage, package.condition, package.moves.count()


# --- reading -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [PACKAGES, ASSETS, DOCUMENTS])
def test_the_anonymous_read_nothing(api, package, address):
    assert api(None).get(address).status_code == 401


@pytest.mark.parametrize("role", User.Role.values)
def test_each_role_reads_what_it_may_see(api, package, role):
    factories.AssetFactory(package=package)
    answers = {address: api(role).get(address) for address in (PACKAGES, ASSETS, DOCUMENTS)}
    shown = role != "viewer"
    assert answers[PACKAGES].json()["count"] == answers[ASSETS].json()["count"] == int(shown)
    assert answers[DOCUMENTS].status_code == (200 if shown else 403)
    assert api(role).get(f"{PACKAGES}{package.number}/").status_code == (200 if shown else 404)


def test_an_object_carries_key_holder_and_days(api, package, people):
    since = timezone.localdate() - datetime.timedelta(days=12)
    put_at(package, "acceptance_letter", stage_reached_on=since, holder_reached_on=since, holder_desk="Meja Bupati")
    found = api("planner").get(f"{PACKAGES}{package.number.lower()}/").json()
    assert {name: found[name] for name in ("key", "stage", "condition", "holder", "holder_desk", "value")} == {
        "key": package.number,
        "stage": "acceptance_letter",
        "condition": "normal",
        "holder": "balai-uji",
        "holder_desk": "Meja Bupati",
        "value": "500000000",
    }
    assert (found["days_waiting"], found["days_at_stage"], found["papers_accepted"]) == (12, 12, 0)
    assert found["papers_required"] == package.documents.filter(is_required=True).count()
    assert [step["stage"] for step in found["next_stages"]] == ["submitted_to_ministry", "joint_inspection", "approval"]
    assert found["next_stages"][0]["hindrances"]


def test_a_viewer_reads_what_is_published_without_notes_and_names(api, package, planner, now):
    Package.objects.filter(pk=package.pk).update(note="Rahasia", holder_desk="Meja Budi Contoh")
    package.publish(by=planner, at=now)
    found = api("viewer").get(f"{PACKAGES}{package.number}/").json()
    assert (found["stage"], found["holder"]) == ("identified", "balai-uji")
    assert not {"note", "holder_desk", "condition_note"} & found.keys()
    assert found["moves"] == found["verbs"] == found["next_stages"] == []
    assert "Budi" not in str(found)


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("sector=water", {"B"}),
        ("stage=approval", {"B"}),
        ("condition=blocked", {"C"}),
        ("holder=pemkab-uji", {"C"}),
        ("days_waiting=100", {"C"}),
        ("days_waiting=30", {"B", "C"}),
        ("reason=letter_unsigned", {"C"}),
        ("year=2011", {"B"}),
        ("giver=balai-uji&search=paket c", {"C"}),
        ("region=19.05.01", {"A", "B", "C"}),
        ("is_open=false", set()),
        ("lacks_papers=true", {"A", "B", "C"}),
        ("path=community", set()),
        ("ordering=-days_waiting&page_size=1", {"C"}),
        ("ordering=days_waiting&page_size=1", {"A"}),
    ],
)
def test_packages_are_filtered_as_on_the_page(api, people, query, found):
    pemkab = factories.OrganizationFactory(key="pemkab-uji")
    today = timezone.localdate()
    days = {"A": 1, "B": 30, "C": 100}
    for number, values in {
        "A": {},
        "B": {"sector": "water", "stage": "approval", "budget_year": 2011},
        "C": {"condition": "blocked", "reason": "letter_unsigned", "holder": pemkab},
    }.items():
        package = factories.PackageFactory(number=number, name=f"Paket {number}")
        since = today - datetime.timedelta(days=days[number])
        Package.objects.filter(pk=package.pk).update(holder_reached_on=since, **values)
    answer = api("planner").get(f"{PACKAGES}?{query}")
    assert answer.status_code == 200
    assert {row["key"] for row in answer.json()["results"]} == found


@pytest.mark.parametrize("query", ["stage=entah", "days_waiting=-1", "days_waiting=banyak", "holder=entah", "year=1"])
def test_a_filter_that_cannot_be_gets_a_sentence(api, package, query):
    answer = api("planner").get(f"{PACKAGES}?{query}")
    assert answer.status_code == 400
    assert list(answer.json()) == [query.split("=")[0]]


@pytest.mark.parametrize("address", [PACKAGES, ASSETS, DOCUMENTS])
def test_a_list_asks_the_same_for_one_and_for_many(api, people, address):
    client = api("planner")

    def queries():
        with CaptureQueriesContext(connection) as found:
            assert client.get(address).status_code == 200
        return len(found)

    factories.AssetFactory(manager=factories.OrganizationFactory())
    one = queries()
    for _copy in range(3):
        package = factories.PackageFactory(
            giver=factories.OrganizationFactory(),
            receiver=factories.OrganizationFactory(),
            village=factories.VillageFactory(),
        )
        factories.AssetFactory(package=package, manager=factories.OrganizationFactory())
    assert queries() == one


# --- writing -------------------------------------------------------------------------------------------

NEW = {"number": "baru-1", "name": "Paket Baru", "sector": "pkp", "giver": "balai-uji", "value": "1500000.5"}


def test_a_planner_records_a_package(api, package):
    answer = api("planner").post(PACKAGES, {**NEW, "stage": "operating", "holder": "disperkimhub"}, format="json")
    assert answer.status_code == 201
    made = Package.objects.get(number="BARU-1")
    assert (made.value, made.stage, made.holder.key) == (Decimal("1500000.50"), "identified", "balai-uji")
    assert answer.json()["papers_required"] == made.documents.filter(is_required=True).count() > 10


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"value": "-1"}, "value"),
        ({"value": "1.5.0"}, "value"),
        ({"number": "A/1"}, "number"),
        ({"sector": "jalan"}, "sector"),
        ({"giver": "entah"}, "giver"),
        ({"giver": None}, "giver"),
        ({"village": "19.05"}, "village"),
        ({"receiver": "balai-uji"}, "receiver"),
    ],
)
def test_bad_input_gets_a_sentence_at_its_field(api, package, wrong, field):
    answer = api("planner").post(PACKAGES, {**NEW, **wrong}, format="json")
    assert (answer.status_code, list(answer.json())) == (400, [field])
    assert Package.objects.count() == 1


def test_the_same_number_twice_is_refused(api, package):
    answer = api("planner").post(PACKAGES, {**NEW, "number": package.number.lower()}, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["number"])


def test_an_agency_records_and_changes_what_it_gives(api, package, giver, stranger):
    assert program(giver).post(PACKAGES, NEW, format="json").status_code == 201
    assert program(stranger).post(PACKAGES, {**NEW, "number": "X"}, format="json").status_code == 403
    url = f"{PACKAGES}{package.number}/"
    assert program(giver).patch(url, {"name": "Nama Balai"}, format="json").status_code == 200
    assert program(stranger).patch(url, {"name": "Nama Lain"}, format="json").status_code == 403
    assert program(stranger).patch(url, {"giver": stranger.organization.key}, format="json").status_code == 403
    assert program(giver).patch(url, {"giver": stranger.organization.key}, format="json").status_code == 403
    package.refresh_from_db()
    assert (package.name, package.giver) == ("Nama Balai", giver.organization)


@pytest.mark.parametrize("role", ["verifier", "pokja_member", "village_user"])
def test_readers_write_nothing(api, package, role):
    url = f"{PACKAGES}{package.number}/"
    assert api(role).post(PACKAGES, NEW, format="json").status_code == 403
    assert api(role).patch(url, {"name": "Lain"}, format="json").status_code == 403
    assert api(role).delete(url).status_code == 403
    assert Package.objects.get().name == package.name


def test_what_has_moved_is_not_deleted(api, package, planner, now):
    url = f"{PACKAGES}{package.number}/"
    package.advance("document_collection", by=planner, at=now)
    assert api("planner").delete(url).status_code == 409
    factories.PackageFactory(number="HAPUS")
    assert api("planner").delete(f"{PACKAGES}HAPUS/").status_code == 204


def test_an_organization_of_a_package_is_not_deleted(api, package):
    assert api("admin").delete(f"/api/v1/organizations/{package.giver.key}/").status_code == 409


# --- verbs ---------------------------------------------------------------------------------------------

BODIES = {
    "advance": {"stage": "document_collection"},
    "send-to": {"holder": "disperkimhub", "desk": "Meja Kabid"},
    "accept": {},
    "reject": {"reason": "physical_damaged", "note": "Uji."},
    "return-to-giver": {"reason": "document_incomplete", "note": "Uji."},
    "block": {"reason": "land_unclear"},
    "unblock": {},
    "set-aside": {"reason": "community_owned", "note": "Uji."},
    "resume": {"note": "Uji."},
    "hand-over-for-use": {"number": "01/UJI"},
    "publish": {},
    "withdraw": {},
}


@pytest.mark.parametrize("name", BODIES)
def test_strangers_and_readers_use_no_verb(api, package, stranger, name):
    before = state(package)
    assert program(stranger).post(verb(package, name), BODIES[name], format="json").status_code == 403
    assert api("pokja_member").post(verb(package, name), BODIES[name], format="json").status_code == 403
    assert api("viewer").post(verb(package, name), BODIES[name], format="json").status_code == 404
    assert api(None).post(verb(package, name), BODIES[name], format="json").status_code == 401
    assert state(package) == before


@pytest.mark.parametrize(
    ("name", "start", "who"),
    [
        ("unblock", {}, "planner"),
        ("resume", {}, "planner"),
        ("withdraw", {}, "planner"),
        ("accept", {}, "opd_user"),
        ("return-to-giver", {}, "planner"),
        ("block", {"condition": "blocked", "reason": "land_unclear"}, "planner"),
        ("advance", {"stage": "approval"}, "planner"),
        ("reject", {"stage": "grant_deed_signed", "grant_deed_on": "2026-02-01"}, "opd_user"),
    ],
)
def test_a_wrong_state_is_a_conflict_with_a_sentence(api, package, name, start, who):
    Package.objects.filter(pk=package.pk).update(**start)
    before = state(package)
    answer = api(who).post(verb(package, name), BODIES[name], format="json")
    assert (answer.status_code, list(answer.json())) == (409, ["detail"])
    assert state(package) == before


@pytest.mark.parametrize(
    ("name", "body", "field"),
    [
        ("advance", {}, "stage"),
        ("advance", {"stage": "entah"}, "stage"),
        ("advance", {"stage": "document_collection", "on": "kemarin"}, "on"),
        ("block", {"reason": "entah"}, "reason"),
        ("send-to", {"holder": "entah"}, "holder"),
        ("set-aside", {"reason": "community_owned"}, "note"),
    ],
)
def test_what_is_missing_is_said_at_its_field(api, package, name, body, field):
    answer = api("planner").post(verb(package, name), body, format="json")
    assert (answer.status_code, list(answer.json())) == (400, [field])


def test_the_giver_is_told_that_it_does_not_accept_itself(package, giver):
    put_at(package, "acceptance_letter")
    answer = program(giver).post(verb(package, "accept"), {}, format="json")
    assert answer.status_code == 409
    assert answer.json()["detail"]
    assert state(package) == ("acceptance_letter", "normal", 0)


def test_a_package_goes_from_the_list_into_operation_through_the_hands_of_four(api, package, giver, people):
    """Giver, receiver, planner and village: each does what is theirs."""
    balai, opd, planner = program(giver), api("opd_user"), api("planner")
    put_at(package, "identified")
    asset = factories.AssetFactory(package=package)
    village = factories.OrganizationFactory(key="kelurahan-uji", kind="village_government")

    def to(client, stage, **more):
        answer = client.post(verb(package, "advance"), {"stage": stage, **more}, format="json")
        assert answer.status_code == 200, answer.json()
        return answer.json()

    to(balai, "document_collection")
    for document in package.documents.all():
        key = f"{DOCUMENTS}{package.number}:{document.kind}/"
        sent = balai.post(f"{key}receive/", {"file": pdf(document.kind), "dated_on": timezone.localdate()})
        assert sent.status_code == 200, sent.json()
        assert balai.post(f"{key}accept/", {}, format="json").status_code == 409
        assert planner.post(f"{key}accept/", {}, format="json").status_code == 200
    to(opd, "joint_inspection", holder="disperkimhub", desk="Bidang Cipta Karya")
    to(balai, "acceptance_letter")
    assert balai.post(verb(package, "advance"), {"stage": "bast_signed"}, format="json").status_code in (403, 409)
    assert planner.post(verb(package, "advance"), {"stage": "bast_signed"}, format="json").status_code == 409
    to(balai, "submitted_to_ministry")
    to(planner, "approval")
    refused = balai.post(verb(package, "advance"), {"stage": "grant_deed_signed"}, format="json")
    assert refused.status_code == 409
    assert opd.post(verb(package, "accept"), {}, format="json").status_code == 200
    for client, stage in ((balai, "grant_deed_signed"), (opd, "bast_signed"), (balai, "ministry_writeoff")):
        to(client, stage)
    url = f"{ASSETS}{asset.key}/"
    booked = opd.post(f"{url}enter-in-books/", {"kib_class": "C", "kib_code": "1.3.3"}, format="json")
    assert booked.status_code == 200
    to(opd, "recorded_regency")
    named = opd.post(f"{url}assign-manager/", {"manager": village.key, "duties": "Merawat."}, format="json")
    assert named.json()["manager"] == "kelurahan-uji"
    to(opd, "handed_to_manager", holder="kelurahan-uji")
    people["village_user"].organization = None
    people["village_user"].save()
    done = to(api("village_user"), "operating")
    assert (done["stage"], done["papers_accepted"]) == ("operating", done["papers_required"])
    assert [move["to_stage"] for move in done["moves"] if move["kind"] == "advance"][-1] == "operating"
    checked = api("village_user").post(
        f"{url}record-check/", {"is_functioning": True, "condition": "good"}, format="json"
    )
    assert [check["condition"] for check in checked.json()["checks"]] == ["good"]
    assert len({move["by"] for move in done["moves"]}) == 4


# --- assets and papers ---------------------------------------------------------------------------------


def test_assets_are_written_by_who_edits_the_package(api, package, giver, stranger):
    body = {"package": package.number, "asset_type": "waste_station", "name": "TPS3R", "quantity": "1", "unit": "unit"}
    assert program(stranger).post(ASSETS, body, format="json").status_code == 403
    made = program(giver).post(ASSETS, body, format="json")
    assert (made.status_code, made.json()["key"]) == (201, f"{package.number}-1")
    wrong = program(giver).post(ASSETS, {**body, "quantity": "0"}, format="json")
    assert (wrong.status_code, list(wrong.json())) == (400, ["quantity"])
    wrong = program(giver).post(ASSETS, {**body, "value": "-5"}, format="json")
    assert (wrong.status_code, list(wrong.json())) == (400, ["value"])
    url = f"{ASSETS}{package.number}-1/"
    assert program(stranger).delete(url).status_code == 403
    put_at(package, "grant_deed_signed")
    assert program(giver).delete(url).status_code == 409
    assert Asset.objects.count() == 1


def test_an_asset_is_not_in_two_packages(api, package):
    factories.AssetFactory(package=package, state_code="X 1")
    other = factories.PackageFactory()
    body = {"package": other.number, "asset_type": "waste_station", "name": "TPS3R", "state_code": "x 1"}
    answer = api("planner").post(ASSETS, body, format="json")
    assert (answer.status_code, list(answer.json())) == (400, ["state_code"])
    moved = api("planner").patch(f"{ASSETS}{package.number}-1/", {"package": other.number}, format="json")
    assert moved.status_code == 409
    assert Asset.objects.get().package == package


def test_a_paper_shows_its_versions_and_hands_them_out(api, package, planner, now):
    document = package.documents.get(kind="contract")
    document.receive(pdf("isi"), by=planner, at=now)
    url = f"{DOCUMENTS}{package.number}:contract/"
    found = api("pokja_member").get(url).json()
    assert (found["state"], found["versions"][0]["number"], found["versions"][0]["by"]) == ("received", 1, "planner")
    file = api("pokja_member").get(f"{url}versions/1/")
    assert b"".join(file.streaming_content) == pdf("isi").read()
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert api("pokja_member").get(f"{url}versions/2/").status_code == 404
    assert api("viewer").get(f"{url}versions/1/").status_code == 403
    assert api(None).get(f"{url}versions/1/").status_code == 401


def test_a_bad_file_and_a_paper_past_its_validity_are_refused(api, package):
    url = f"{DOCUMENTS}{package.number}:contract/"
    disguised = pdf()
    disguised.name = "surat.exe"
    assert api("planner").post(f"{url}receive/", {"file": disguised}).status_code == 400
    late = api("planner").post(f"{url}receive/", {"file": pdf(), "valid_until": "2001-01-01"})
    assert (late.status_code, list(late.json())) == (400, ["valid_until"])
    assert api("planner").post(f"{url}receive/", {}).json().keys() == {"file"}
    assert api("planner").post(f"{url}accept/", {}, format="json").status_code == 409
    assert api("planner").post(f"{url}send-back/", {}, format="json").status_code == 400


@pytest.mark.parametrize("name", ["receive", "accept", "send-back"])
def test_strangers_and_readers_touch_no_paper(api, package, stranger, name):
    url = f"{DOCUMENTS}{package.number}:contract/{name}/"
    assert program(stranger).post(url, {"note": "Uji"}, format="json").status_code == 403
    assert api("village_user").post(url, {"note": "Uji"}, format="json").status_code == 403
    assert api("viewer").post(url, {"note": "Uji"}, format="json").status_code == 403


@pytest.mark.parametrize(("query", "count"), [("kind=contract", 1), ("state=received", 1), ("is_lacking=true", 19)])
def test_papers_are_filtered(api, package, planner, now, query, count):
    package.documents.get(kind="contract").receive(pdf(), by=planner, at=now)
    found = api("planner").get(f"{DOCUMENTS}?package={package.number.lower()}&{query}").json()
    expected = package.documents.filter(is_required=True).count() if "lacking" in query else count
    assert found["count"] == expected


@pytest.mark.parametrize("address", [f"{PACKAGES}TIADA/", f"{ASSETS}TIADA-1/", f"{DOCUMENTS}TIADA:contract/"])
def test_what_is_not_there_is_404(api, people, address):
    assert api("admin").get(address).status_code == 404


def test_completing_a_package_leaves_nothing_in_its_way(api, package):
    factories.AssetFactory(package=package)
    put_at(complete(package), "approval")
    found = api("planner").get(f"{PACKAGES}{package.number}/").json()
    assert found["next_stages"][0] == {"stage": "grant_deed_signed", "needs_note": False, "hindrances": []}
    assert found["papers_required"] == found["papers_accepted"]


# --- photos ------------------------------------------------------------------------------------------------
@pytest.fixture
def asset_with_photo(package, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    asset = factories.AssetFactory(package=package)
    return asset, f"/api/v1/assets/{asset.key}/"


def photo(content=None):
    return {"picture": SimpleUploadedFile("foto.jpg", content or phone_photo(), "image/jpeg"), "caption": "Depan"}


def test_a_photo_comes_in_is_read_and_goes_out_again(api, asset_with_photo):
    asset, url = asset_with_photo
    program = api("planner")
    [told] = program.post(f"{url}photos/", photo()).json()["photos"]
    assert (told["caption"], "picture" in told) == ("Depan", False)
    answer = program.get(f"{url}photos/{told['key']}/")
    assert answer["Content-Type"] == "image/jpeg"
    assert not Image.open(BytesIO(b"".join(answer.streaming_content))).getexif()
    assert program.delete(f"{url}photos/{told['key']}/").status_code == 204
    assert program.get(f"{url}photos/{told['key']}/").status_code == 404
    assert program.get(url).json()["photos"] == []


def test_what_is_no_photo_is_refused_and_nothing_is_stored(api, asset_with_photo):
    asset, url = asset_with_photo
    answer = api("planner").post(f"{url}photos/", photo(b"<script>alert(1)</script>"))
    assert (answer.status_code, list(answer.json())) == (400, ["picture"])
    assert api("planner").post(f"{url}photos/", {"caption": "Depan"}).status_code == 400
    assert not asset.photos.exists()


@pytest.mark.parametrize(
    ("role", "post", "get"),
    [("verifier", 403, 200), ("village_user", 403, 200), ("viewer", 403, 404), (None, 401, 401)],
)
def test_photos_are_added_by_who_edits_and_seen_by_right(api, asset_with_photo, role, post, get):
    asset, url = asset_with_photo
    api("planner").post(f"{url}photos/", photo())
    asset.package.publish(by=User.objects.get(role="planner"), at=timezone.now())
    kept = asset.photos.get()
    program = api(role)
    assert program.post(f"{url}photos/", photo()).status_code == post
    answer = program.get(f"{url}photos/{kept.pk}/")
    if answer.streaming:
        assert b"".join(answer.streaming_content)
    assert answer.status_code == get
    assert program.delete(f"{url}photos/{kept.pk}/").status_code in (401, 403, 404)
    assert asset.photos.count() == 1
    if role == "viewer":
        assert program.get(url).json()["photos"] == []
