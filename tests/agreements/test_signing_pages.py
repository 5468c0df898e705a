"""Signing at the end of a workshop: drawn, scanned or on paper, declined, delegated, published."""

import base64
import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from agreements.models import AgreementRecord, Signatory
from tests import factories
from tests.agreements.photographs import picture
from workshops.models import Workshop

DRAWING = f"data:image/png;base64,{base64.b64encode(picture('PNG')).decode()}"
TODAY = datetime.date.today().isoformat()


@pytest.fixture(autouse=True)
def media(settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path


@pytest.fixture
def signing(record, planner, now):
    record.open_for_signing(by=planner, at=now)
    return record


@pytest.fixture
def first(signing):
    return signing.signatories.first()


def said(answer) -> str:
    return answer.content.decode()


def sign(client, signatory, **values):
    return client.post(f"/agreements/signatories/{signatory.pk}/sign/", {"how": "paper", "on": TODAY} | values)


def test_the_record_shows_the_order_and_says_what_it_is_not(as_role, signing):
    text = said(as_role("planner").get(signing.get_absolute_url()))
    names = [one.name for one in signing.signatories.all()]
    assert text.index(names[0]) < text.index(names[1])
    assert "bukan tanda tangan elektronik tersertifikasi" in text
    assert "bukan tanda tangan elektronik tersertifikasi" in said(
        as_role("planner").get(f"/agreements/signatories/{signing.signatories.first().pk}/sign/")
    )


def test_drawn_on_the_spot_and_handed_on(as_role, first, people):
    second = first.siblings().last()
    answer = sign(as_role("planner"), first, how="drawn", drawing=DRAWING, next="")
    assert answer.headers["Location"] == f"/agreements/signatories/{second.pk}/sign/"
    first.refresh_from_db()
    assert (first.state, first.how, first.answered_by) == ("signed", "drawn", people["planner"])
    with first.file.open("rb") as file:
        assert file.read() == picture("PNG")


def test_a_scan_without_script(as_role, first):
    scan = SimpleUploadedFile("lembar.pdf", b"%PDF-1.4 uji")
    assert sign(as_role("planner"), first, how="scan", file=scan).status_code == 302
    first.refresh_from_db()
    assert (first.state, first.how) == ("signed", "scan")


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"how": "drawn", "drawing": ""}, "Bubuhkan tanda tangan di bidangnya"),
        ({"how": "drawn", "drawing": "data:image/png;base64,rusak!"}, "tidak terkirim utuh"),
        ({"how": "drawn", "drawing": "data:text/html;base64,PGI+"}, "tidak terkirim utuh"),
        ({"how": "drawn", "drawing": "data:image/png;base64,aW5pIHRla3M="}, "tidak sesuai dengan namanya"),
        ({"how": "scan"}, "Pilih berkas pindaian"),
        ({"on": "2999-01-01"}, "Tanggal ini belum tiba."),
    ],
)
def test_a_bad_signature_is_told(as_role, first, values, sentence):
    answer = sign(as_role("planner"), first, **values)
    assert answer.status_code == 400
    assert sentence in said(answer)
    assert Signatory.objects.get(pk=first.pk).state == "pending"


def test_signing_twice_is_told(as_role, first):
    client = as_role("planner")
    sign(client, first)
    answer = sign(client, first)
    assert answer.status_code == 409
    assert "sudah tercatat “sudah ditandatangani”" in said(answer)


def test_nobody_signs_a_draft(as_role, record):
    answer = sign(as_role("planner"), record.signatories.first())
    assert answer.status_code == 409
    assert "Buka untuk penandatanganan lebih dahulu" in said(answer)


def test_declined_with_a_reason_and_delegated(as_role, first):
    client, second = as_role("planner"), first.siblings().last()
    url = f"/agreements/signatories/{first.pk}/decline/"
    assert client.post(url, {"reason": ""}).status_code == 400
    assert client.post(url, {"reason": "Belum sepakat soal biaya."}).status_code == 302
    answer = client.post(
        f"/agreements/signatories/{second.pk}/delegate/",
        {"signs_for": "a.n.", "name": "Wakil Contoh", "position": "Sekretaris"},
    )
    assert answer.headers["Location"] == f"/agreements/signatories/{second.pk}/sign/"
    text = said(client.get(first.record.get_absolute_url()))
    assert "Belum sepakat soal biaya." in text
    assert "Wakil Contoh menandatangani sebagai gantinya" in text


def test_a_mistake_is_taken_back_with_a_reason(as_role, first):
    client = as_role("planner")
    sign(client, first)
    url = f"/agreements/signatories/{first.pk}/take-back/"
    assert client.post(url, {"reason": " "}).status_code == 400
    assert client.post(url, {"reason": "Salah orang."}).status_code == 302
    assert Signatory.objects.get(pk=first.pk).state == "pending"


def test_published_by_the_verifier_once_everyone_has_answered(as_role, signing):
    url = f"{signing.get_absolute_url()}publish/"
    assert as_role("planner").post(url).status_code == 403
    answer = as_role("verifier").post(url)
    assert answer.status_code == 409
    assert "Masih ada yang belum menjawab" in said(answer)
    for one in signing.signatories.all():
        sign(as_role("planner"), one)
    assert as_role("verifier").post(url).status_code == 302
    answer = as_role("planner").post(
        f"/agreements/signatories/{signing.signatories.first().pk}/decline/", {"reason": "Terlambat."}
    )
    assert answer.status_code == 409
    assert "tanda tangannya tetap seperti adanya" in said(answer)


def test_back_to_the_draft_only_while_nobody_answered(as_role, first):
    client, url = as_role("planner"), f"{first.record.get_absolute_url()}withdraw/"
    sign(client, first)
    answer = client.post(url, {"reason": "Salah tulis."})
    assert answer.status_code == 409
    assert "Sudah ada yang menjawab" in said(answer)
    assert AgreementRecord.objects.get().status == "signing"


@pytest.mark.parametrize("role", ["verifier", "pokja_member", "opd_user", "village_user", "viewer"])
def test_only_who_keeps_the_record_notes_signatures(as_role, first, role):
    for verb in ("sign", "decline", "delegate", "take-back"):
        answer = as_role(role).post(f"/agreements/signatories/{first.pk}/{verb}/", {"reason": "Uji"})
        assert answer.status_code in (403, 404)
    assert Signatory.objects.get(pk=first.pk).state == "pending"


def test_the_signature_itself_is_for_few(as_role, first):
    sign(as_role("planner"), first, how="drawn", drawing=DRAWING)
    Workshop.objects.update(status="in_progress")
    url = f"/agreements/signatories/{first.pk}/file/"
    assert b"".join(as_role("planner").get(url)) == picture("PNG")
    for role in ("pokja_member", "opd_user"):
        assert as_role(role).get(url).status_code == 403
    assert as_role("viewer").get(url).status_code == 404


def test_the_list_of_records_asks_no_more_for_three(as_role, signing, django_assert_num_queries):
    client = as_role("planner")
    client.get("/agreements/records/")
    with django_assert_num_queries(7):
        client.get("/agreements/records/")
    factories.SignatoryFactory.create_batch(2)
    with django_assert_num_queries(7):
        assert said(client.get("/agreements/records/")).count("Lokakarya Uji") >= 3
