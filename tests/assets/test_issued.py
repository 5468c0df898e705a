"""A handover record is a draft until it is signed; then it is kept as issued, and what is put right makes a new issue."""

import csv
import datetime
import hashlib
import io
import json
import zipfile

import pytest
from django.core.management import call_command
from django.urls import reverse

from assets import bundles, documents, stages
from assets.models import Package, Signatory
from core import issuing
from core.models import IssuedPaper
from tests import factories
from tests.assets.conftest import TODAY, complete, pdf, put_at

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick")]
CODE = b"/verify/"


@pytest.fixture
def package(agency):
    package = factories.PackageFactory(receiver=agency, name="TPS3R Uji", value=5_000_000)
    factories.AssetFactory(package=package)
    put_at(package, "grant_deed_signed")
    for role, name in (("giver", "Budi Contoh"), ("receiver", "Sari Contoh"), ("witness", "Tono Contoh")):
        Signatory.objects.create(package=package, role=role, name=name, position="Kepala Uji", nip="198001012005011001")
    return complete(package)


@pytest.fixture
def signed(package, planner, now):
    package.advance(stages.BAST_SIGNED, by=planner, at=now)
    return package


@pytest.fixture
def paper(signed):
    documents.record_as_issued(signed)
    return in_force()


def in_force() -> IssuedPaper:
    return IssuedPaper.objects.in_force().get(kind="handover_record")


@pytest.mark.parametrize("stage", [key for key in stages.STAGES if key not in stages.AFTER_HANDOVER])
def test_before_the_signing_there_is_a_draft(package, stage):
    put_at(package, stage)
    assert CODE not in documents.record_as_issued(package)
    assert list(documents.unissued_handover_records()) == []
    assert not IssuedPaper.objects.exists()


def test_a_signed_record_is_kept_with_its_code(signed, planner, now):
    first = documents.record_as_issued(signed)
    paper = in_force()
    assert CODE + paper.code.encode() in first
    assert documents.record_as_issued(signed) == first
    assert (paper.sha256, paper.key) == (hashlib.sha256(first).hexdigest(), signed.number)
    assert (paper.issued_by, paper.issued_at, paper.dated_on) == (planner, now, TODAY)
    assert paper.signers.splitlines() == [
        "Budi Contoh, Kepala Uji",
        "Sari Contoh, Kepala Uji",
        "Tono Contoh, Kepala Uji",
    ]
    assert paper.record_version == str(signed.moves.get(to_stage=stages.BAST_SIGNED).pk)


def test_later_stages_checks_and_books_leave_it_as_it_is(signed, paper, planner, now):
    before = issuing.content_of(paper)
    signed.documents.update(state="accepted")
    signed.advance(stages.MINISTRY_WRITEOFF, by=planner, at=now)
    signed.assets.update(condition="heavy_damage")
    assert documents.record_as_issued(signed) == before


def test_where_nobody_is_named_the_sides_sign(signed):
    signed.signatories.all().delete()
    assert documents.final_handover_record(signed).signers == [signed.giver.name, signed.receiver.name]


def number_written(package, now, planner):
    package.documents.filter(kind="handover_record").update(state="missing")
    package.documents.get(kind="handover_record").receive(pdf(), by=planner, at=now, number="BA/45/UJI/2026")


def number_corrected(package, now, planner):
    document = package.documents.get(kind="handover_record")
    document.number = "BA/46/UJI/2026"
    document.save()


def signer_corrected(package, now, planner):
    signatory = package.signatories.get(role="giver")
    signatory.name = "Budi Contoh, S.T."
    signatory.save()


@pytest.mark.parametrize(
    "correct",
    [
        number_written,
        number_corrected,
        signer_corrected,
        lambda package, now, planner: package.signatories.get(role="witness").delete(),
        lambda package, now, planner: Signatory.objects.create(package=package, role="witness", name="Wati Contoh"),
    ],
    ids=["number", "other number", "signer", "no witness", "another witness"],
)
def test_what_is_put_right_makes_a_new_issue(signed, paper, planner, now, correct):
    before = issuing.content_of(paper)
    correct(signed, now, planner)
    paper.refresh_from_db()
    assert paper.withdrawn_at
    assert documents.record_as_issued(signed) != before
    paper.refresh_from_db()
    assert paper.superseded_by == in_force()
    assert in_force().issued_at >= paper.withdrawn_at


def test_another_name_of_the_package_makes_a_new_issue(signed, paper):
    signed.note = "Catatan"
    signed.save()
    assert in_force() == paper
    signed.name = "TPS3R Uji Barat"
    signed.save()
    assert not IssuedPaper.objects.in_force().exists()


def test_what_the_record_does_not_print_changes_nothing(signed, paper, planner, now):
    signed.signatories.get(role="giver").save()
    Signatory.objects.create(package=signed, role="inspector", name="Wati Contoh")
    signed.documents.filter(kind="writeoff_decree").update(state="missing")
    signed.documents.get(kind="writeoff_decree").receive(pdf(), by=planner, at=now, number="SK/1")
    assert in_force() == paper


def test_what_was_taken_up_with_its_record_is_final_once_it_moves_on(agency, planner, now):
    package = factories.PackageFactory(receiver=agency)
    package.take_up(
        by=planner, at=now, stage=stages.BAST_SIGNED, holder=package.giver,
        grant_deed_on=datetime.date(2019, 7, 15), handover_on=datetime.date(2019, 7, 16),
    )  # fmt: skip
    assert CODE not in documents.record_as_issued(package)
    complete(package)
    package.advance(stages.MINISTRY_WRITEOFF, by=planner, at=now)
    assert CODE in documents.record_as_issued(package)
    assert in_force().dated_on == datetime.date(2019, 7, 16)


def test_on_the_short_way_it_is_final_when_the_residents_have_it(planner, now):
    package = factories.PackageFactory(path="community", receiver=None)
    factories.AssetFactory(package=package)
    complete(put_at(package, "document_collection"))
    package.documents.filter(kind="community_record").update(number="BA/1", dated_on=datetime.date(2026, 3, 9))
    assert CODE not in documents.record_as_issued(package)
    package.advance(stages.HANDED_TO_MANAGER, by=planner, at=now, note="Diperiksa di tempat")
    assert CODE in documents.record_as_issued(package)
    assert (in_force().number, in_force().dated_on) == ("BA/1", datetime.date(2026, 3, 9))


@pytest.mark.parametrize("role", ["admin", "planner", "verifier", "pokja_member", "opd_user", "village_user"])
def test_whoever_reads_its_papers_gets_the_kept_one(as_role, signed, role):
    content = as_role(role).get(reverse("assets:handover_record_pdf", args=[signed.number])).content
    assert content == issuing.content_of(in_force())


@pytest.mark.parametrize(("role", "status"), [("viewer", 403), (None, 302)])
def test_others_get_none(as_role, signed, role, status):
    Package.objects.update(is_published=True)
    assert as_role(role).get(reverse("assets:handover_record_pdf", args=[signed.number])).status_code == status
    assert not IssuedPaper.objects.exists()


def test_the_zip_and_the_commands_give_the_kept_one(signed, tmp_path, capsys):
    call_command("issue_papers", "--format", "json")
    told = json.loads(capsys.readouterr().out)
    assert ("handover_record", signed.number) in {(one["kind"], one["key"]) for one in told}
    kept = issuing.content_of(in_force())
    call_command("document", "handover_record", signed.number, "--output", str(tmp_path / "bast.pdf"))
    assert (tmp_path / "bast.pdf").read_bytes() == kept
    versions = signed.documents.none().model.versions.rel.related_model.objects.none()
    with zipfile.ZipFile(io.BytesIO(b"".join(bundles.package_file(signed, versions, [])))) as bundle:
        assert bundle.read("cetakan/bast.pdf") == kept
        rows = csv.DictReader(io.StringIO(bundle.read("daftar-isi.csv").decode("utf-8-sig")))
        assert in_force().sha256 in {row["sha256"] for row in rows}
    call_command("issue_papers", "--format", "json")
    assert json.loads(capsys.readouterr().out) == []


def test_the_page_of_the_package_leads_to_it(as_role, signed):
    page = reverse("assets:package_detail", args=[signed.number])
    assert CODE not in as_role("planner").get(page).content.split(b"<footer")[0]
    documents.record_as_issued(signed)
    assert CODE + in_force().code.encode() in as_role("planner").get(page).content


def test_anyone_with_the_code_sees_no_more_than_may_be_shown(client, signed, paper):
    said = client.get(f"/verify/{paper.code}/").content.decode()
    for shown in ("TPS3R Uji", "Budi Contoh", paper.sha256):
        assert shown in said
    for hidden in ("198001012005011001", "5.000.000"):
        assert hidden not in said
    assert client.get(f"/verify/{paper.code}/paper.pdf").status_code == 404


def test_the_attached_rows_hold_no_address_of_a_card_and_no_note(signed):
    signed.note = "Catatan dalam"
    attached = json.dumps(documents.final_handover_record(signed).facts, default=str)
    asset = signed.assets.get()
    assert asset.name in attached
    assert asset.card_code not in attached
    assert "Catatan dalam" not in attached
