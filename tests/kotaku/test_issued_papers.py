"""Final papers are kept as issued and can be verified by anyone, who learns no more than may be shown."""

import hashlib
import json
import re
from datetime import UTC, datetime, timedelta
from io import BytesIO

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.db import IntegrityError, transaction
from pypdf import PdfReader

from core import issuing, pdf
from core.models import IssuedPaper
from core.models.issued_papers import CODE_LETTERS
from core.refusals import Refused
from kotaku import verifying
from slumareas import documents as area_papers
from tests import factories
from workshops import documents

pytestmark = pytest.mark.django_db
AT = datetime(2026, 3, 11, 3, tzinfo=UTC)


def closed_workshop(people, **values):
    workshop = factories.WorkshopFactory(title="Lokakarya Uji Terbit", minutes_number="005/UJI/2026", **values)
    factories.LeaderFactory(workshop=workshop, name="Budi Contoh, S.T.", position="Kepala Bidang Uji")
    factories.ParticipantFactory(workshop=workshop, name="Siti Peserta", phone="0812000111", email="siti@contoh.test")
    factories.MinutesEntryFactory(workshop=workshop, text="Isi notula yang tertutup")
    workshop.start(by=people["planner"], at=AT)
    workshop.finish(by=people["planner"], at=AT)
    workshop.close(by=people["verifier"], at=AT)
    return workshop


@pytest.fixture
def workshop(people):
    return closed_workshop(people)


@pytest.fixture
def paper(workshop, quick):
    return issuing.issued(documents.final_minutes(workshop))


def reissued(workshop, people):
    """Opened again, changed, closed again, issued anew."""
    workshop.reopen(by=people["verifier"], at=AT + timedelta(days=1), reason="Salah ketik")
    entry = workshop.minutes_entries.get()
    entry.text = "Isi yang diperbaiki"
    entry.save()
    workshop.close(by=people["verifier"], at=AT + timedelta(days=2))
    return issuing.issued(documents.final_minutes(workshop))


def locked_area(people):
    area = factories.SlumAreaFactory(name="Kawasan Uji")
    unit = factories.NeighbourhoodUnitFactory(region=area.villages.get(), slum_area=area)
    year = factories.BaselineFactory(unit=unit, year=2024).assessment_year
    year.refresh_from_db()
    year.verify(by=people["verifier"], at=AT)
    year.lock(by=people["verifier"], at=AT)
    return area, year


def sent(content: bytes, name="notula.pdf"):
    return {"file": SimpleUploadedFile(name, content, content_type="application/pdf")}


# --- issuing ----------------------------------------------------------------------------------------------
def test_minutes_are_kept_as_issued(workshop, people, quick):
    first = documents.minutes_as_issued(workshop)
    [paper] = IssuedPaper.objects.all()
    assert paper.sha256 == hashlib.sha256(first).hexdigest()
    assert (paper.kind, paper.key, paper.record_id, paper.number) == (
        "minutes", workshop.slug, workshop.pk, "005/UJI/2026",
    )  # fmt: skip
    assert (paper.issued_by, paper.issued_at, paper.dated_on) == (people["verifier"], AT, workshop.held_on)
    assert paper.signers == "Budi Contoh, S.T., Kepala Bidang Uji"
    assert paper.record_version == str(workshop.status_changes.last().pk)
    assert paper.template_version == pdf.template_version("workshops/pdf")
    assert not paper.is_published
    assert set(paper.code) <= set(CODE_LETTERS)
    assert len(paper.code) == 10
    assert documents.minutes_as_issued(workshop) == first
    assert IssuedPaper.objects.count() == 1


def test_what_is_not_final_is_not_issued(quick):
    open_workshop = factories.WorkshopFactory()
    documents.minutes_as_issued(open_workshop)
    area = factories.SlumAreaFactory()
    area_papers.profile_as_issued(area)
    assert not IssuedPaper.objects.exists()


def test_a_later_letterhead_does_not_change_an_issued_paper(workshop, paper):
    before = documents.minutes_as_issued(workshop)
    factories_letterhead = {"government": "Pemerintah Lain", "name": "Badan Lain", "place": "Lain"}
    pdf.Letterhead.objects.create(**factories_letterhead)
    assert documents.minutes_as_issued(workshop) == before
    assert b"Badan Lain" in documents.minutes(workshop)


def test_the_profile_of_a_locked_year_is_kept(people, quick):
    area, year = locked_area(people)
    content = area_papers.profile_as_issued(area, year)
    [paper] = IssuedPaper.objects.all()
    assert (paper.kind, paper.key, paper.edition) == ("area_profile", area.slug, year.key)
    assert paper.sha256 == hashlib.sha256(content).hexdigest()
    year.reopen(by=people["verifier"], at=AT + timedelta(days=1), reason="Salah hitung")
    paper.refresh_from_db()
    assert paper.withdrawn_at == AT + timedelta(days=1)


def test_opened_again_and_issued_anew(workshop, people, paper):
    newer = reissued(workshop, people)
    paper.refresh_from_db()
    assert (paper.superseded_by, paper.withdrawn_at) == (newer, AT + timedelta(days=1))
    assert newer.code != paper.code
    assert newer.is_in_force
    assert issuing.content_of(paper) != issuing.content_of(newer)
    assert issuing.in_force("minutes", workshop) == newer


def test_only_one_issue_is_in_force(paper):
    twin = IssuedPaper.objects.get(pk=paper.pk)
    twin.pk, twin.code = None, "AAAAABBBBB"
    with pytest.raises(IntegrityError), transaction.atomic():
        twin.save()


def test_of_two_at_once_one_is_kept(workshop, quick, monkeypatch):
    """While one is being set, another process issues it."""
    final = documents.final_minutes(workshop)
    others = []

    def slowly(verification, **copy):
        if not others:
            others.append(None)
            others[0] = issuing.issued(documents.final_minutes(workshop))
        return final.build(verification, **copy)

    mine = issuing.issued(issuing.Final(**{**vars(final), "build": slowly}))
    assert mine == others[0]
    assert IssuedPaper.objects.count() == 1
    assert mine.file.storage.exists(mine.file.name)


def test_the_command_issues_what_nobody_asked_for(workshop, people, quick, capsys):
    area, year = locked_area(people)
    call_command("issue_papers", "--format", "json")
    told = json.loads(capsys.readouterr().out)
    assert {(one["kind"], one["key"], one["edition"]) for one in told} == {
        ("minutes", workshop.slug, ""),
        ("area_profile", area.slug, year.key),
    }
    call_command("issue_papers", "--format", "json")
    assert json.loads(capsys.readouterr().out) == []


def test_the_archive_copy_carries_the_record_and_no_contacts(workshop):
    paper = issuing.issued(documents.final_minutes(workshop))
    with paper.archive.open("rb") as file:
        content = file.read()
    reader = PdfReader(BytesIO(content))
    [attached] = reader.attachments["minutes.json"]
    told = json.loads(attached)
    assert told["workshop"][0]["title"] == workshop.title
    assert told["entries"][0]["text"] == "Isi notula yang tertutup"
    assert told["version"] == paper.record_version
    assert not [
        word for word in (b"0812000111", b"siti@contoh.test", workshop.check_in_code.encode()) if word in attached
    ]
    assert re.search(rb"pdfaid:part(>|=\")3", reader.xmp_metadata.stream.get_data())
    assert hashlib.sha256(content).hexdigest() == paper.archive_sha256
    with paper.file.open("rb") as file:
        reading = PdfReader(file)
        assert not reading.attachments
        assert b"pdfuaid:part" in reading.xmp_metadata.stream.get_data()
        text = " ".join(page.extract_text() for page in reading.pages).replace("\n", " ")
    assert f"/verify/{paper.code}/" in text.replace(" ", "")
    assert paper.grouped_code in text
    assert "bukan tanda tangan elektronik tersertifikasi" in text


# --- verifying --------------------------------------------------------------------------------------------
def test_anyone_sees_what_may_be_shown_and_no_more(client, paper):
    answer = client.get(f"/verify/{paper.code}/")
    said = answer.content.decode()
    for shown in (
        "Lokakarya Uji Terbit",
        "005/UJI/2026",
        "10 Maret 2026",
        "Budi Contoh",
        paper.sha256,
        paper.grouped_code,
    ):
        assert shown in said
    assert "TTE/BSrE" in said
    for hidden in ("Siti Peserta", "0812000111", "Isi notula", "verifier"):
        assert hidden not in said
    assert "no-store" in answer.headers["Cache-Control"]


def test_how_a_code_is_typed_does_not_matter(client, paper):
    typed = f" {paper.code[:5].lower()}-{paper.code[5:]} "
    answer = client.post("/verify/", {"code": typed})
    assert answer.headers["Location"] == f"/verify/{paper.code}/"
    assert client.get(f"/verify/{paper.grouped_code.lower()}/").status_code == 200


@pytest.mark.parametrize("where", ["/verify/", "/verify/{code}/"])
def test_the_file_that_was_issued_is_the_same(client, paper, where):
    answer = client.post(where.format(code=paper.code), sent(issuing.content_of(paper)))
    assert answer.context["verdict"] == "same"
    with paper.archive.open("rb") as file:
        assert client.post(where.format(code=paper.code), sent(file.read())).context["verdict"] == "same"


def test_a_flipped_byte_is_found(client, paper):
    content = bytearray(issuing.content_of(paper))
    content[len(content) // 2] ^= 1
    answer = client.post(f"/verify/{paper.code}/", sent(bytes(content)))
    assert answer.context["verdict"] == "changed"
    assert "Berubah" in answer.content.decode()
    answer = client.post("/verify/", sent(bytes(content)))
    assert answer.context["is_unknown"]


def test_an_earlier_issue_is_older_and_names_the_one_in_force(client, workshop, people, paper):
    before = issuing.content_of(paper)
    newer = reissued(workshop, people)
    for code in (paper.code, newer.code):
        assert client.post(f"/verify/{code}/", sent(before)).context["verdict"] == "older"
    said = client.get(f"/verify/{paper.code}/").content.decode()
    assert f"/verify/{newer.code}/" in said
    assert f"/verify/{paper.code}/" not in client.get(f"/verify/{newer.code}/").content.decode()
    assert client.post(f"/verify/{newer.code}/", sent(issuing.content_of(newer))).context["verdict"] == "same"


def test_a_withdrawn_paper_says_so(client, workshop, people, paper):
    workshop.reopen(by=people["verifier"], at=AT + timedelta(days=1), reason="Salah ketik")
    assert "12 Maret 2026" in client.get(f"/verify/{paper.code}/").content.decode()


def test_another_paper_of_another_record_is_changed(client, people, paper):
    other = issuing.issued(documents.final_minutes(closed_workshop(people, place="Tempat lain")))
    assert client.post(f"/verify/{paper.code}/", sent(issuing.content_of(other))).context["verdict"] == "changed"


@pytest.mark.parametrize(("content", "name"), [(b"", "a.pdf"), (b"bukan pdf", "a.pdf"), (b"%PDF-1.4", "a.exe")])
def test_what_is_no_pdf_is_refused_with_a_sentence(client, paper, content, name):
    answer = client.post(f"/verify/{paper.code}/", sent(content, name))
    assert answer.status_code == 400
    assert answer.context["file_form"].errors["file"]


def test_a_code_that_was_never_given_is_not_there(client, paper):
    assert client.get("/verify/AAAAAAAAAA/").status_code == 404
    assert client.post("/verify/", {"code": "AAAAA-AAAAA"}).status_code == 404
    assert client.post("/verify/", {"code": "123"}).status_code == 400


def test_guessing_codes_is_stopped(client, paper):
    for _turn in range(verifying.WRONG_CODES.limit):
        assert client.get("/verify/AAAAAAAAAA/").status_code == 404
    for url in (f"/verify/{paper.code}/", f"/verify/{paper.code}/paper.pdf", "/verify/"):
        assert client.get(url).status_code == 429
    assert client.get(f"/verify/{paper.code}/", REMOTE_ADDR="198.51.100.7").status_code == 200


def test_sending_files_without_end_is_stopped(client, paper):
    for _turn in range(verifying.UPLOADS.limit):
        assert client.post(f"/verify/{paper.code}/", sent(b"%PDF-1.4 x")).status_code == 200
    assert client.post(f"/verify/{paper.code}/", sent(b"%PDF-1.4 x")).status_code == 429
    assert client.post("/verify/", sent(b"%PDF-1.4 x")).status_code == 429


def test_behind_a_proxy_the_caller_is_counted_not_the_proxy(client, paper, settings):
    settings.PROXIES = 1
    for _turn in range(verifying.WRONG_CODES.limit):
        client.get("/verify/AAAAAAAAAA/", HTTP_X_FORWARDED_FOR="203.0.113.5, 198.51.100.9")
    url = f"/verify/{paper.code}/"
    # What the caller wrote himself further left changes nothing.
    assert client.get(url, HTTP_X_FORWARDED_FOR="203.0.113.77, 198.51.100.9").status_code == 429
    assert client.get(url, HTTP_X_FORWARDED_FOR="198.51.100.10").status_code == 200
    settings.PROXIES = 0
    assert client.get(url, HTTP_X_FORWARDED_FOR="198.51.100.9").status_code == 200


# --- who gets the paper itself -----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("role", "status"),
    [(None, 404), ("viewer", 404), ("village_user", 404), ("pokja_member", 404), ("opd_user", 404), ("planner", 404),
     ("verifier", 200), ("admin", 200)],
)  # fmt: skip
def test_the_paper_itself_only_where_it_is_published(as_role, paper, role, status):
    answer = as_role(role).get(f"/verify/{paper.code}/paper.pdf")
    assert answer.status_code == status
    if status == 200:
        assert b"".join(answer.streaming_content) == issuing.content_of(paper)


def test_a_published_paper_is_everyones(client, people, paper):
    paper.publish(by=people["verifier"], at=AT)
    answer = client.get(f"/verify/{paper.code}/paper.pdf")
    assert b"".join(answer.streaming_content) == issuing.content_of(paper)
    assert f"/verify/{paper.code}/paper.pdf" in client.get(f"/verify/{paper.code}/").content.decode()


def test_a_file_that_is_gone_is_not_there(client, people, paper):
    paper.publish(by=people["verifier"], at=AT)
    paper.file.storage.delete(paper.file.name)
    assert client.get(f"/verify/{paper.code}/paper.pdf").status_code == 404


@pytest.mark.parametrize("role", [None, "viewer", "village_user", "pokja_member", "opd_user", "planner"])
@pytest.mark.parametrize("verb", ["publish", "unpublish"])
def test_others_publish_nothing(as_role, paper, role, verb):
    answer = as_role(role).post(f"/verify/{paper.code}/{verb}/")
    assert answer.status_code == (403 if role else 302)
    assert not IssuedPaper.objects.get().is_published


def test_a_verifier_publishes_and_takes_it_back(as_role, people, paper):
    client = as_role("verifier")
    assert client.get(f"/verify/{paper.code}/publish/").status_code == 405
    client.post(f"/verify/{paper.code}/publish/")
    stored = IssuedPaper.objects.get()
    assert (stored.is_published, stored.published_by) == (True, people["verifier"])
    with pytest.raises(Refused):
        stored.publish(by=people["verifier"], at=AT)
    client.post(f"/verify/{paper.code}/unpublish/")
    assert not IssuedPaper.objects.get().is_published
    with pytest.raises(Refused):
        IssuedPaper.objects.get().unpublish(by=people["verifier"], at=AT)
    assert client.post("/verify/AAAAAAAAAA/publish/").status_code == 404


def test_what_is_withdrawn_is_not_published(workshop, people, paper):
    workshop.reopen(by=people["verifier"], at=AT, reason="Salah ketik")
    paper.refresh_from_db()
    with pytest.raises(Refused):
        paper.publish(by=people["verifier"], at=AT)


def test_who_sees_less_gets_a_paper_without_a_code(as_role, workshop, paper, monkeypatch):
    full = as_role("pokja_member").get(f"/workshops/{workshop.slug}/minutes.pdf").content
    assert full == issuing.content_of(paper)
    less = as_role("viewer").get(f"/workshops/{workshop.slug}/minutes.pdf").content
    assert b"/verify/" not in less
    assert b"Siti Peserta" not in less


def test_a_profile_for_those_who_see_all_rows_is_the_issued_one(as_role, people, quick):
    area, _year = locked_area(people)
    full = as_role("opd_user").get(f"/slum-areas/{area.slug}/area-profile.pdf").content
    assert full == issuing.content_of(IssuedPaper.objects.get())
    for role in ("viewer", "village_user"):
        assert b"/verify/" not in as_role(role).get(f"/slum-areas/{area.slug}/area-profile.pdf").content


def test_the_page_of_papers_leads_to_the_issued_one(as_role, workshop, quick):
    client, url = as_role("planner"), f"/workshops/{workshop.slug}/files/"
    assert "/verify/" not in client.get(url).content.decode().split("<footer")[0]
    paper = issuing.issued(documents.final_minutes(workshop))
    assert f"/verify/{paper.code}/" in client.get(url).content.decode()


def test_the_administration_shows_issued_papers_and_changes_none(as_role, paper):
    client = as_role("verifier")
    assert paper.code in client.get("/admin/core/issuedpaper/").content.decode()
    url = f"/admin/core/issuedpaper/{paper.pk}/change/"
    assert client.get(url).status_code == 200
    assert client.post(url, {"title": "Lain"}).status_code == 403
    assert as_role("planner").get("/admin/core/issuedpaper/").status_code == 403
