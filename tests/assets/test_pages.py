"""The pages of the handover: what each side sees and may do, what is refused, what stays typed."""

import datetime
import re
from decimal import Decimal
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from PIL import Image

from assets.models import Asset, DocumentVersion, FunctionCheck, Move, Package, Signatory
from core.models import SavedFilter
from tests import factories
from tests.agreements.photographs import phone_photo
from tests.assets.conftest import complete, pdf, put_at

TODAY = datetime.date.today


@pytest.fixture
def as_person(client):
    def log_in(person):
        client.force_login(person, backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return log_in


def address(name, package, *args):
    return reverse(f"assets:{name}", args=[package.number, *args])


def text(answer) -> str:
    """What a person reads: without tags, in one line."""
    return " ".join(
        re.sub(r"<[^>]+>", " ", re.sub(r"<(script|svg).*?</\1>", "", answer.content.decode(), flags=re.S)).split()
    )


# --- list --------------------------------------------------------------------------------------------------
@pytest.fixture
def three(agency):
    bupati = factories.OrganizationFactory(key="pemkab", short_name="Pemkab Uji")
    long_ago = datetime.date(2020, 1, 1)
    first = factories.PackageFactory(number="A-1", name="TPS3R Uji", budget_year=2015)
    put_at(first, "acceptance_letter", holder=bupati, holder_desk="Bupati", holder_reached_on=long_ago)
    second = factories.PackageFactory(number="B-2", name="SPAM Uji", sector="water", value=None, receiver=None)
    put_at(
        second, "operating", grant_deed_on=long_ago, handover_on=long_ago, receiver=agency, holder_reached_on=TODAY()
    )
    third = factories.PackageFactory(number="C-3", name="Jalan Uji", sector="pkp", village=factories.VillageFactory())
    put_at(third, "identified", condition="blocked", reason="land_unclear", holder_reached_on=TODAY())
    return [first, second, third]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", "A-1 B-2 C-3"),
        ("search=tps3r", "A-1"),
        ("search=b-2", "B-2"),
        ("sector=water", "B-2"),
        ("stage=identified", "C-3"),
        ("condition=blocked", "C-3"),
        ("holder=pemkab", "A-1"),
        ("holder=pemkab&desk=Bupati", "A-1"),
        ("desk=Sekda", ""),
        ("days_waiting=100", "A-1"),
        ("year=2015", "A-1"),
        ("region=19.05.01.1001", "A-1 B-2"),
        ("is_open=true", "A-1 C-3"),
        ("sort=waiting", "A-1 B-2 C-3"),
        ("sort=stage", "B-2 A-1 C-3"),
        ("sort=value", "A-1 C-3 B-2"),
    ],
)
def test_the_list_the_file_and_the_filters_agree(as_role, three, query, expected):
    client = as_role("planner")
    answer = client.get(f"/assets/?{query}")
    assert [package.number for package in answer.context["object_list"]] == expected.split()
    lines = client.get(f"/assets/export.csv?{query}").content.decode("utf-8-sig").splitlines()
    assert [line.split(",")[0] for line in lines[1:]] == expected.split()
    rows = client.get(f"/assets/export.json?{query}").json()
    assert [row["number"] for row in rows] == expected.split()


def test_a_file_of_another_kind_does_not_exist(as_role, three):
    assert as_role("planner").get("/assets/export.exe").status_code == 404


def test_the_file_tells_a_viewer_nothing_of_papers(as_role, three):
    Package.objects.update(is_published=True)
    (row, *_others) = as_role("viewer").get("/assets/export.json").json()
    assert "papers_required" not in row
    assert row["value"] == "500000000.00"


def test_a_filter_is_kept_and_removed(as_role, three):
    client = as_role("planner")
    client.post("/filters/", {"path": "/assets/", "name": "Di Bupati", "query": "desk=Bupati&search=&page=3"})
    kept = SavedFilter.objects.get()
    assert (kept.name, kept.get_absolute_url()) == ("Di Bupati", "/assets/?desk=Bupati")
    assert "Di Bupati" in text(client.get("/assets/"))
    assert "Di Bupati" not in text(as_role("verifier").get("/assets/"))
    assert as_role("verifier").post(f"/filters/{kept.pk}/remove/").status_code == 404
    as_role("planner").post(f"/filters/{kept.pk}/remove/")
    assert not SavedFilter.objects.exists()


@pytest.mark.parametrize(
    ("sent", "target"),
    [
        ({"path": "https://jahat.test/", "name": "x", "query": "a=1"}, "/"),
        ({"path": "/tidak/ada/", "name": "x", "query": "a=1"}, "/"),
        ({"path": "/assets/", "name": " ", "query": "desk=A"}, "/assets/?desk=A"),
    ],
)
def test_a_filter_without_name_or_list_is_not_kept(as_role, sent, target):
    answer = as_role("planner").post("/filters/", sent)
    assert (answer.status_code, answer.headers["Location"]) == (302, target)
    assert not SavedFilter.objects.exists()


def test_the_same_name_twice_gets_a_sentence(as_role):
    client = as_role("planner")
    for _again in range(2):
        client.post("/filters/", {"path": "/assets/", "name": "Sama", "query": "desk=A"})
    assert SavedFilter.objects.count() == 1
    assert "Anda sudah menyimpan saringan lain dengan nama ini." in text(client.get("/assets/"))


# --- numbers -----------------------------------------------------------------------------------------------
def test_the_board_says_how_many_how_long_and_who(as_role, three):
    answer = as_role("planner").get("/assets/stages/")
    rows = {row.stage.key: row for row in answer.context["rows"]}
    assert {key: row.count for key, row in rows.items() if row.count} == {
        "identified": 1, "acceptance_letter": 1, "operating": 1,
    }  # fmt: skip
    assert rows["identified"].blocked == 1
    (holding,) = rows["acceptance_letter"].holders
    assert (holding.holder.key, holding.desk, holding.count) == ("pemkab", "Bupati", 1)
    assert rows["operating"].wait is None


def test_stuck_with_the_bupati_is_seen_in_one_look(as_role, three):
    answer = as_role("planner").get("/assets/ageing/")
    (stuck,) = answer.context["stuck"]
    days = (TODAY() - datetime.date(2020, 1, 1)).days
    assert (stuck.now.desk, stuck.now.count, stuck.now.median, stuck.now.worst) == ("Bupati", 1, days, days)
    assert "Bupati" in text(answer)


def test_totals_add_up_in_every_table(as_role, three):
    answer = as_role("planner").get("/assets/totals/")
    for table in answer.context["tables"]:
        assert sum(row.total.count for row in table.rows) == 3, table.key
        assert sum(row.total.done + row.total.stuck + row.total.on_the_way for row in table.rows) == 3
    whole = answer.context["whole"]
    assert (whole.total.done, whole.total.stuck, whole.value) == (1, 1, Decimal("1000000000.00"))


@pytest.mark.parametrize("page", ["", "stages/", "ageing/", "totals/"])
def test_pages_of_many_ask_the_database_as_often_for_one_as_for_three(as_role, page):
    client = as_role("planner")
    counts = []
    for number in (1, 2):
        for _copy in range(number):
            package = factories.PackageFactory(
                receiver=factories.OrganizationFactory(), village=factories.VillageFactory()
            )
            factories.AssetFactory(package=package)
        client.get(f"/assets/{page}")
        with CaptureQueriesContext(connection) as found:
            assert client.get(f"/assets/{page}").status_code == 200
        counts.append(len(found))
    assert counts[0] == counts[1]


def test_a_package_page_asks_as_often_for_one_asset_as_for_three(as_role, package, planner, now):
    client, counts = as_role("planner"), []
    for number in (1, 2):
        for _copy in range(number):
            factories.AssetFactory(package=package, manager=factories.OrganizationFactory())
        document = package.documents.filter(state="missing").first()
        document.receive(pdf(str(number)), by=planner, at=now)
        client.get(package.get_absolute_url())
        with CaptureQueriesContext(connection) as found:
            client.get(package.get_absolute_url())
        counts.append(len(found))
    assert counts[0] == counts[1]


# --- one package -------------------------------------------------------------------------------------------
def test_what_is_missing_who_has_it_and_for_how_long(as_role, package):
    put_at(package, "acceptance_letter", holder_desk="Bupati", holder_reached_on=TODAY() - datetime.timedelta(days=41))
    answer = as_role("opd_user").get(package.get_absolute_url())
    said = text(answer)
    assert "Bupati" in said
    assert "41 hari" in said
    missing = package.missing_for("submitted_to_ministry", TODAY()).count()
    assert len(answer.context["next"].missing) == missing > 5
    assert "Kontrak beserta adendum" in said


@pytest.mark.parametrize(
    ("who", "stage", "primary"),
    [
        ("giver", "identified", "Berikutnya: pengumpulan dokumen"),
        ("receiver", "joint_inspection", "Sanggupi paket"),
        ("planner", "document_collection", "Berikutnya: pemeriksaan bersama"),
        ("giver", "acceptance_letter", "Kirim dokumen yang kurang"),
        ("planner", "acceptance_letter", "Surat kekurangan dokumen"),
    ],
)
def test_one_primary_action_for_each_person(as_person, people, package, giver, receiver, who, stage, primary):
    put_at(package, stage)
    person = {"giver": giver, "receiver": receiver, "planner": people["planner"]}[who]
    if who == "planner":
        person.organization = None
        person.save()
    answer = as_person(person).get(package.get_absolute_url())
    assert answer.context["primary"].label == primary


def test_a_viewer_sees_no_papers_moves_or_notes(as_role, package, planner, now):
    package.advance("document_collection", by=planner, at=now, note="Rahasia dapur")
    Package.objects.filter(pk=package.pk).update(is_published=True, note="Catatan dalam")
    said = text(as_role("viewer").get(package.get_absolute_url()))
    assert package.name in said
    assert "Rahasia dapur" not in said
    assert "Catatan dalam" not in said
    assert "Surat kekurangan" not in said


@pytest.mark.parametrize(
    ("stage", "sent", "sentence"),
    [
        ("identified", {"to": "approval"}, "Masukkan pilihan yang valid"),
        ("joint_inspection", {"to": "submitted_to_ministry", "note": "Alasan uji"}, "dokumen kurang"),
        ("joint_inspection", {"to": "approval"}, "keluar dari urutan tahap yang biasa"),
        ("identified", {"to": "document_collection", "on": "2999-01-01"}, "Tanggal yang akan datang"),
        ("identified", {"to": "document_collection", "on": "2019-01-01"}, "tidak mungkin terjadi sebelumnya"),
    ],
)
def test_a_refused_step_says_why_and_keeps_what_was_typed(as_role, package, stage, sent, sentence):
    put_at(package, stage)
    sent = {"on": TODAY().isoformat(), "holder": package.holder_id, "desk": "Meja uji", **sent}
    answer = as_role("planner").post(address("package_advance", package), sent)
    assert answer.status_code == 200
    assert sentence in text(answer)
    assert "Meja uji" in answer.content.decode()
    package.refresh_from_db()
    assert package.stage == stage


def test_a_step_is_taken_once(as_person, package, giver):
    client = as_person(giver)
    sent = {"to": "document_collection", "on": TODAY().isoformat(), "holder": package.holder_id, "desk": "PPK"}
    assert client.post(address("package_advance", package), sent).status_code == 302
    again = client.post(address("package_advance", package), sent)
    assert again.status_code == 200
    package.refresh_from_db()
    assert (package.stage, package.holder_desk, package.moves.count()) == ("document_collection", "PPK", 1)


def test_the_giver_does_not_accept_its_own_giving(as_person, package, giver):
    put_at(package, "joint_inspection")
    answer = as_person(giver).post(address("package_accept", package), {"on": TODAY().isoformat()})
    assert answer.status_code == 409
    assert "tidak menyanggupi" in text(answer)
    package.refresh_from_db()
    assert package.accepted_on is None


@pytest.mark.parametrize(
    ("verb", "stage", "sent", "changed"),
    [
        ("accept", "joint_inspection", {}, {"accepted_on": TODAY()}),
        ("reject", "joint_inspection", {"reason": "land_unclear", "note": "Sengketa."}, {"condition": "rejected"}),
        (
            "return_to_giver",
            "approval",
            {"reason": "document_incomplete", "note": "x"},
            {"stage": "document_collection"},
        ),
        ("block", "approval", {"reason": "waiting_approval"}, {"condition": "blocked"}),
        ("send_to", "approval", {"desk": "Bidang"}, {"holder_desk": "Bidang"}),
        ("hand_over_for_use", "approval", {"number": "BA/1"}, {"interim_number": "BA/1"}),
    ],
)
def test_each_verb_of_the_receiver_does_what_it_says(as_person, package, receiver, verb, stage, sent, changed):
    put_at(package, stage)
    client, url = as_person(receiver), address(f"package_{verb}", package)
    assert client.get(url).status_code == 200
    assert not Move.objects.exists()
    answer = client.post(url, {"on": TODAY().isoformat(), "holder": package.holder_id, **sent})
    assert answer.status_code == 302, text(answer)
    package.refresh_from_db()
    assert {name: getattr(package, name) for name in changed} == changed
    assert Move.objects.get().by == receiver


@pytest.mark.parametrize(
    ("verb", "sent"),
    [("reject", {"reason": "", "note": "Ditulis"}), ("reject", {"reason": "land_unclear", "note": ""}), ("block", {})],
)
def test_a_reason_is_asked_for(as_person, package, receiver, verb, sent):
    put_at(package, "joint_inspection")
    answer = as_person(receiver).post(address(f"package_{verb}", package), {"on": TODAY().isoformat(), **sent})
    assert answer.status_code == 200
    assert "harus diisi" in text(answer) or "wajib diisi" in text(answer)
    assert sent.get("note", "") in answer.content.decode()
    assert not Move.objects.exists()


def test_lifting_resuming_setting_aside_and_publishing(as_role, package):
    client, day = as_role("verifier"), {"on": TODAY().isoformat()}
    put_at(package, "approval")
    for verb, sent, condition in (
        ("block", {"reason": "land_unclear"}, "blocked"),
        ("unblock", {}, "normal"),
        ("set_aside", {"reason": "community_owned", "note": "Milik warga."}, "not_applicable"),
        ("resume", {"note": "Ternyata perlu."}, "normal"),
    ):
        assert client.post(address(f"package_{verb}", package), day | sent).status_code == 302, verb
        package.refresh_from_db()
        assert package.condition == condition
    for verb, shown in (("publish", True), ("withdraw", False)):
        client.post(address(f"package_{verb}", package))
        package.refresh_from_db()
        assert package.is_published is shown


# --- the record --------------------------------------------------------------------------------------------
def test_the_giver_lists_a_package_in_its_own_name_only(as_person, package, giver, stranger):
    other = factories.OrganizationFactory()
    sent = {"number": "plp-900", "name": "Paket Baru", "sector": "plp", "path": "regular", "giver": other.pk}
    assert as_person(giver).post("/assets/new/", sent).status_code == 200
    answer = as_person(giver).post("/assets/new/", sent | {"giver": giver.organization_id, "value": "1.250.000.000"})
    assert answer.headers["Location"] == "/assets/PLP-900/"
    made = Package.objects.get(number="PLP-900")
    assert (made.giver, made.holder, made.value) == (giver.organization, giver.organization, Decimal("1250000000"))
    assert as_person(stranger).get("/assets/PLP-900/edit/").status_code == 403


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"value": "-1"}, "Nilai tidak boleh di bawah 0"),
        ({"number": "PLP 1"}, "Gunakan huruf, angka, titik, dan tanda hubung"),
        ({"receiver": "giver"}, "dua instansi yang berbeda"),
        ({"number": "UJI-ADA"}, "telah ada"),
    ],
)
def test_bad_input_gets_a_sentence_and_stays_typed(as_role, package, wrong, sentence):
    factories.PackageFactory(number="UJI-ADA")
    sent = {"number": "X-1", "name": "Nama yang diketik", "sector": "plp", "path": "regular", "giver": package.giver_id}
    sent |= {name: package.giver_id if value == "giver" else value for name, value in wrong.items()}
    answer = as_role("planner").post("/assets/new/", sent)
    assert answer.status_code == 200
    assert sentence in text(answer)
    assert "Nama yang diketik" in answer.content.decode()
    assert Package.objects.count() == 2


def test_after_the_deed_what_it_names_is_closed_on_the_form(as_role, package):
    put_at(package, "grant_deed_signed")
    sent = {"number": "LAIN", "name": "Nama Baru", "sector": "plp", "path": "regular", "giver": package.giver_id}
    as_role("planner").post(address("package_edit", package), sent | {"value": "1"})
    package.refresh_from_db()
    assert (package.name, package.value) == ("Nama Baru", Decimal("500000000.00"))


def test_two_people_at_once_lose_nothing(as_role, package):
    client = as_role("planner")
    form = client.get(address("package_edit", package)).context["form"]
    Package.objects.get(pk=package.pk).history.all()
    other = Package.objects.get(pk=package.pk)
    other.name = "Nama orang lain"
    other.save()
    sent = {
        "number": package.number,
        "name": "Nama saya",
        "sector": "plp",
        "path": "regular",
        "giver": package.giver_id,
    }
    answer = client.post(address("package_edit", package), sent | {"seen": form["seen"].value()})
    assert answer.status_code == 200
    assert "Nama saya" in answer.content.decode()
    package.refresh_from_db()
    assert package.name == "Nama orang lain"


def test_a_fresh_package_is_deleted_and_a_moved_one_stays(as_role, package, planner, now):
    fresh = factories.PackageFactory()
    package.advance("document_collection", by=planner, at=now)
    client = as_role("planner")
    client.post(address("package_delete", fresh))
    client.post(address("package_delete", package))
    assert list(Package.objects.all()) == [package]


def test_who_signs_is_written_down_by_either_side(as_person, package, giver, receiver, stranger):
    url = address("package_signatories", package)
    form = {"signatories-TOTAL_FORMS": "1", "signatories-INITIAL_FORMS": "0", "signatories-0-role": "giver"}
    assert as_person(stranger).post(url, form).status_code == 403
    answer = as_person(receiver).post(url, form | {"signatories-0-nip": "123", "signatories-0-name": "Budi Contoh"})
    assert "18" in text(answer)
    assert "Budi Contoh" in answer.content.decode()
    as_person(giver).post(url, form | {"signatories-0-name": "Budi Contoh, S.T."})
    assert Signatory.objects.get().name == "Budi Contoh, S.T."


# --- assets ------------------------------------------------------------------------------------------------
ASSET = {"asset_type": "waste_station", "name": "TPS3R Baru", "quantity": "1", "unit": "unit"}


def test_an_asset_comes_into_the_package(as_person, package, giver):
    sent = ASSET | {"latitude": "-2,071", "longitude": "105.163", "value": "12.500.000,50"}
    assert as_person(giver).post(address("asset_create", package), sent).status_code == 302
    asset = Asset.objects.get()
    assert (asset.latitude, asset.longitude, asset.value) == (
        Decimal("-2.071000"), Decimal("105.163000"), Decimal("12500000.50"),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("wrong", "sentence"),
    [
        ({"state_code": "1.2.3-7"}, "tidak dapat berada dalam dua paket"),
        ({"quantity": "0"}, "Jumlah harus di atas 0"),
        ({"value": "-5"}, "Nilai tidak boleh di bawah 0"),
        ({"latitude": "-2"}, "lintang dan bujur"),
    ],
)
def test_a_bad_asset_gets_a_sentence(as_role, package, wrong, sentence):
    factories.AssetFactory(package=factories.PackageFactory(), state_code="1.2.3-7")
    answer = as_role("planner").post(address("asset_create", package), ASSET | wrong)
    assert answer.status_code == 200
    assert sentence in text(answer)
    assert "TPS3R Baru" in answer.content.decode()
    assert not package.assets.exists()


def test_after_the_deed_no_asset_comes_or_goes(as_role, package):
    asset = factories.AssetFactory(package=package)
    put_at(package, "grant_deed_signed")
    client = as_role("planner")
    assert "daftar asetnya ditutup" in text(client.post(address("asset_create", package), ASSET))
    client.post(address("asset_delete", package, asset.number))
    assert package.assets.get() == asset


def test_books_manager_and_check_after_the_handover(as_person, package, receiver, giver, village):
    asset = factories.AssetFactory(package=package)
    complete(put_at(package, "bast_signed"))
    client = as_person(receiver)
    client.post(address("asset_book", package, asset.number), {"kib_class": "C", "kib_code": "1.3.3.01"})
    keeper = factories.OrganizationFactory(short_name="KPP Uji")
    client.post(address("asset_manager", package, asset.number), {"manager": keeper.pk, "duties": "Menyapu"})
    check = {"is_functioning": "no", "condition": "light_damage", "on": TODAY().isoformat(), "note": "Pompa mati"}
    assert client.post(address("asset_check", package, asset.number), check).status_code == 302
    again = client.post(address("asset_check", package, asset.number), check)
    assert "sudah dicatat" in text(again)
    assert "Pompa mati" in again.content.decode()
    asset.refresh_from_db()
    assert (asset.kib_code, asset.manager, asset.duties, asset.condition) == (
        "1.3.3.01", keeper, "Menyapu", "light_damage",
    )  # fmt: skip
    assert FunctionCheck.objects.get().is_functioning is False
    said = text(client.get(package.get_absolute_url()))
    assert "tidak berfungsi" in said
    assert as_person(giver).post(address("asset_book", package, asset.number), {}).status_code == 403


def test_photos_are_judged_by_content_and_served_by_right(as_person, as_role, package, giver, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    asset = factories.AssetFactory(package=package)
    url = address("asset_photos", package, asset.number)
    client = as_person(giver)
    fake = SimpleUploadedFile("foto.png", b"<script>alert(1)</script>", "image/png")
    assert not asset.photos.exists()
    answer = client.post(url, {"picture": fake, "caption": "Tampak depan"})
    assert "Tampak depan" in answer.content.decode()
    client.post(url, {"picture": SimpleUploadedFile("foto.jpg", phone_photo(), "image/jpeg")})
    photo = asset.photos.get()
    served = b"".join(client.get(address("asset_photo", package, photo.pk)).streaming_content)
    assert not Image.open(BytesIO(served)).getexif(), "what the camera wrote, the place among it, is left out"
    seen = as_role("village_user").get(address("asset_photo", package, photo.pk))
    assert b"".join(seen.streaming_content) == served
    Package.objects.update(is_published=True)
    assert as_role("viewer").get(address("asset_photo", package, photo.pk)).status_code == 403


# --- papers ------------------------------------------------------------------------------------------------
@pytest.fixture
def paper(package):
    return package.documents.get(kind="contract")


def test_a_paper_is_brought_returned_brought_again_and_accepted(as_person, package, paper, giver, receiver):
    receive = address("document_receive", package, "contract")
    as_person(giver).post(receive, {"file": pdf("satu"), "number": "SPK/1", "dated_on": "2016-03-01"})
    as_person(receiver).post(address("document_send_back", package, "contract"), {"return-note": "Halaman 3 kosong."})
    said = text(as_person(giver).get(package.get_absolute_url()))
    assert "Halaman 3 kosong." in said
    as_person(giver).post(receive, {"file": pdf("dua"), "number": "SPK/1"})
    as_person(receiver).post(address("document_accept", package, "contract"), {"accept-note": ""})
    paper.refresh_from_db()
    assert (paper.state, paper.number, paper.versions.count()) == ("accepted", "SPK/1", 2)


@pytest.mark.parametrize(
    ("sent", "sentence"),
    [
        (
            {"file": SimpleUploadedFile("surat.pdf", b"MZ\x90\x00 bukan pdf")},
            "bukan yang tersirat dari namanya|tidak sesuai|namanya",
        ),
        ({"file": SimpleUploadedFile("surat.exe", b"MZ")}, "tidak diterima"),
        ({}, "harus diisi|wajib diisi"),
        ({"file": pdf(), "dated_on": "2999-01-01"}, "masa depan"),
        ({"file": pdf(), "dated_on": "2016-01-02", "valid_until": "2016-01-01"}, "tidak dapat berakhir sebelum"),
        ({"file": pdf(), "dated_on": "2016-01-02", "valid_until": "2017-01-01"}, "Mintalah yang baru"),
    ],
)
def test_a_paper_that_will_not_do_gets_a_sentence(as_person, package, paper, giver, sent, sentence):
    for one in sent.values():
        if hasattr(one, "seek"):
            one.seek(0)
    answer = as_person(giver).post(address("document_receive", package, "contract"), {"number": "SPK/7", **sent})
    assert answer.status_code == 200
    assert re.search(sentence, text(answer)), text(answer)
    assert "SPK/7" in answer.content.decode()
    assert not DocumentVersion.objects.exists()


def test_the_giver_judges_no_paper_of_its_own(as_person, package, paper, giver, now):
    paper.receive(pdf(), by=giver, at=now)
    for verb in ("accept", "send_back"):
        answer = as_person(giver).post(address(f"document_{verb}", package, "contract"), {"return-note": "x"})
        assert answer.status_code == 409
    paper.refresh_from_db()
    assert paper.state == "received"


def test_a_second_acceptance_says_that_it_is_done(as_person, package, paper, giver, receiver, now):
    paper.receive(pdf(), by=giver, at=now)
    url = address("document_accept", package, "contract")
    assert as_person(receiver).post(url, {}).status_code == 302
    assert "Saat ini tidak dapat dilakukan: dokumen “diterima”" in text(as_person(receiver).post(url, {}))


def test_a_file_is_served_by_right_alone(as_person, as_role, package, paper, giver, now):
    paper.receive(pdf("isi"), by=giver, at=now)
    url = address("document_version", package, "contract", 1)
    served = as_person(giver).get(url)
    assert b"isi" in b"".join(served.streaming_content)
    assert served.headers["Content-Disposition"].startswith("attachment")
    Package.objects.update(is_published=True)
    assert as_role("viewer").get(url).status_code == 403
    assert as_role(None).get(url).status_code == 302
    village = factories.VillageFactory()
    Package.objects.update(village=village)
    assert as_role("village_user").get(url).status_code == 404


# --- the card ----------------------------------------------------------------------------------------------
def test_the_card_opens_to_all_once_the_package_is_published(client, package):
    asset = factories.AssetFactory(package=package, name="TPS3R Rahasia")
    url = reverse("assets:asset_card", args=[asset.card_code])
    closed = client.get(url)
    assert closed.status_code == 200
    assert "TPS3R Rahasia" not in text(closed)
    assert package.number not in text(closed)
    Package.objects.update(is_published=True)
    opened = text(client.get(url))
    assert "TPS3R Rahasia" in opened
    assert "Kelurahan Tanjung" in opened
    assert client.get(reverse("assets:asset_card", args=["TIDAKADA99"])).status_code == 404


def test_the_card_names_no_person_and_no_value(client, package, planner, now):
    asset = factories.AssetFactory(package=package)
    put_at(package, "operating")
    asset.record_check(is_functioning=True, condition="good", by=planner, at=now, note="Dilihat Bu Sari")
    Signatory.objects.create(package=package, role="giver", name="Budi Contoh")
    Package.objects.update(is_published=True)
    said = text(client.get(reverse("assets:asset_card", args=[asset.card_code])))
    assert "berfungsi" in said
    for hidden in ("Budi", "Sari", str(planner), "500.000.000"):
        assert hidden not in said


# --- elsewhere ---------------------------------------------------------------------------------------------
def test_home_tells_each_side_what_waits(as_person, package, giver, receiver, now):
    put_at(package, "joint_inspection")
    document = package.documents.get(kind="contract")
    document.receive(pdf(), by=giver, at=now)
    said = text(as_person(receiver).get("/"))
    assert "Paket yang perlu disanggupi atau ditolak" in said
    assert "Dokumen yang perlu diperiksa" in said
    assert "Berkas yang ada pada Anda" not in said
    document.send_back(by=receiver, at=now, note="Kurang jelas")
    said = text(as_person(giver).get("/"))
    assert "Berkas yang ada pada Anda" in said
    assert "Kurang jelas" in said


def test_the_giver_is_told_why_a_package_came_back(as_person, as_role, package, giver, receiver, now):
    put_at(package, "joint_inspection")
    package.return_to_giver(by=receiver, at=now, reason="document_incomplete", note="Peta lokasi belum ada.")
    home = text(as_person(giver).get("/"))
    assert "Paket yang dikembalikan kepada Anda" in home
    assert "Peta lokasi belum ada." in home
    notice = "Dikembalikan 10 Mar 2026: dokumen belum lengkap"
    assert notice in text(as_person(giver).get(package.get_absolute_url()))
    assert "Peta lokasi belum ada." not in text(as_person(receiver).get("/"))
    Package.objects.update(is_published=True)
    assert "Peta lokasi belum ada." not in text(as_role("viewer").get(package.get_absolute_url()))

    put_at(package, "joint_inspection")
    assert "Peta lokasi belum ada." not in text(as_person(giver).get("/"))
    assert notice not in text(as_person(giver).get(package.get_absolute_url()))


def test_home_reminds_of_the_yearly_check(as_role, package, people):
    asset = factories.AssetFactory(package=package, name="TPS3R Tanjung", next_check_on=TODAY())
    assert "TPS3R Tanjung" not in text(as_role("village_user").get("/"))
    put_at(package, "operating")
    assert list(Asset.objects.due_checks(TODAY())) == [asset]
    assert not Asset.objects.due_checks(TODAY() - datetime.timedelta(days=1)).exists()
    for role in ("village_user", "opd_user", "planner"):
        assert "TPS3R Tanjung" in text(as_role(role).get("/")), role


def test_the_page_of_a_slum_area_lists_its_assets(as_role, package, village):
    area = factories.SlumAreaFactory(villages=[village])
    Package.objects.filter(pk=package.pk).update(slum_area=area)
    factories.AssetFactory(package=package, name="TPS3R Kawasan")
    assert "TPS3R Kawasan" in text(as_role("planner").get(area.get_absolute_url()))
    assert "TPS3R Kawasan" not in text(as_role("viewer").get(area.get_absolute_url()))
