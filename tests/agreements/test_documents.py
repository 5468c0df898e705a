"""The papers of agreements hold everything that the records hold, and nothing that they may not."""

import datetime
from decimal import Decimal
from io import BytesIO

import pytest
from django.db import models
from pypdf import PdfReader

from agreements import documents
from agreements.models import (
    Agreement,
    AgreementCriterion,
    AgreementRecord,
    Evidence,
    FollowUp,
    Funding,
    Review,
    ReviewItem,
    Signatory,
)
from core import formats
from slumareas.models.quantities import QuantityField
from tests import factories
from tests.agreements import records
from tests.workshops.test_documents import squeezed, text_of

pytestmark = pytest.mark.django_db

# Why a field is not in the paper of its record.
NOT_PRINTED = {
    "AgreementRecord.status": "a choice, said in the margin",
    "Agreement.uid": "a technical name",
    "Agreement.key": "the address of a page",
    "Agreement.number": "counted on the paper",
    "Agreement.version": "counted on the paper",
    "Agreement.kind": "a choice, printed as its label",
    "Agreement.target_kind": "a choice, printed with the target",
    "Signatory.uid": "a technical name",
    "Signatory.order": "the order on the paper",
    "Signatory.state": "a choice, printed as its label",
    "Signatory.how": "a choice, printed as its label",
    "Signatory.signs_for": "a choice, printed above the name",
    "Signatory.answered_at": "when it was noted, not when it was signed",
    "Signatory.delegate_name": "has a test of its own",
    "Signatory.delegate_position": "has a test of its own",
    "Signatory.signs_for_office": "has a test of its own",
    "Signatory.reason": "has a test of its own",
    "Signatory.signed_on": "set by the verb, has a test of its own",
    "Signatory.file": "printed as a picture",
    "Signatory.sha256": "a technical seal",
    "Signatory.nip": "18 digits, has a test of its own",
    "FollowUp.order": "in the code",
    "FollowUp.status": "a choice, printed as its label",
    "FollowUp.criterion": "a choice, printed as its label",
    "FollowUp.recurrence": "a choice, printed as its label",
    "FollowUp.is_proposal": "yes or no, has a test of its own",
    "FollowUp.version": "technical",
    "FollowUp.done_on": "set by the verb, printed below the status",
    "FollowUp.cancel_reason": "set by the verb, has a test of its own",
    "Funding.source": "a choice, printed as its label",
    "Evidence.kind": "a choice, printed as its label",
    "Evidence.file": "where the file lies",
    "Evidence.taken_on": "stands on the page of the evidence; the matrix names the piece",
    "Evidence.location": "stands on the page of the evidence",
    "Evidence.latitude": "stands on the page of the evidence",
    "Evidence.longitude": "stands on the page of the evidence",
    "Evidence.sha256": "a technical seal",
    "Evidence.size": "technical",
    "Evidence.status": "a choice, printed as its label",
    "Evidence.submitted_at": "stands on the page of the evidence",
    "Evidence.reviewed_at": "stands on the page of the evidence",
    "Evidence.review_note": "between the owner and the reviewer",
    "Review.status": "a choice, said in the margin",
    "Review.closed_at": "when it was noted",
    "ReviewItem.decision": "a choice, printed as its label",
    "ReviewItem.status": "a choice, printed as its label",
    "ReviewItem.at": "when it was typed",
    "ReviewItem.version": "technical",
    "FollowUp.reminders_paused_until": "about messages, not about the work",
}


class Filler:
    """Gives every field of a model a value of its own and remembers how a paper must write it."""

    def __init__(self):
        self.count = 0
        self.expected: dict[str, str] = {}

    def values(self, model, name="", **fixed) -> dict:
        values = dict(fixed)
        for field in model._meta.get_fields():
            label = f"{model.__name__}.{field.name}"
            if field.name in fixed or field.auto_created or field.is_relation or label in NOT_PRINTED:
                continue
            values[field.name], self.expected[f"{label} {name}"] = self.value(field)
        return values

    def value(self, field):
        self.count += 1
        number = self.count
        if isinstance(field, QuantityField):
            value = Decimal(number) + Decimal("0.25")
            money = field.name == "amount"
            return value, formats.decimal_number(value, 2) if money else formats.plain_number(value)
        if isinstance(field, models.DateField):
            on = datetime.date(2026, 3, 11) + datetime.timedelta(days=number)
            return on, formats.official_date(on)
        if isinstance(field, models.CharField | models.TextField):
            marker = f"z{number:04d}{field.name}"[: field.max_length]
            return (f"https://contoh.test/{marker}",) * 2 if field.name == "url" else (marker, marker)
        raise AssertionError(f"{field} is new: print it, or say in NOT_PRINTED why not")

    def missing_in(self, content: bytes) -> dict[str, str]:
        text = squeezed(text_of(content))
        return {label: value for label, value in self.expected.items() if squeezed(value) not in text}


def text(content: bytes) -> str:
    return " ".join(text_of(content).split())


# --- record of agreement --------------------------------------------------------------------------------


def test_the_record_holds_every_value(planner, agency):
    filler = Filler()
    workshop = factories.WorkshopFactory(status="in_progress", copies=3)
    record = AgreementRecord(workshop=workshop, **filler.values(AgreementRecord, agreed_on=datetime.date(2026, 3, 10)))
    record.save()
    agreement = Agreement(
        workshop=workshop, kind="continuous", target_kind="number", **filler.values(Agreement, "first")
    )
    agreement.save()
    agreement.organizations.add(agency)
    area = factories.SlumAreaFactory(name="Kawasan Penanda")
    agreement.slum_areas.add(area)
    AgreementCriterion.objects.create(agreement=agreement, criterion="water_access")
    Signatory(record=record, **filler.values(Signatory, "first")).save()
    record.open_for_signing(by=planner, at=records.AT)
    content = documents.agreement_record(workshop)
    assert filler.missing_in(content) == {}
    told = text(content)
    for value in ("Kawasan Penanda", agency.name, "terus-menerus", "Ketidaktersediaan Akses Aman Air Minum"):
        assert value in told
    assert "Selasa, tanggal sepuluh bulan Maret tahun dua ribu dua puluh enam (10 Maret 2026)" in told
    assert "dalam 3 (tiga) rangkap untuk dipergunakan sebagaimana mestinya" in told
    assert "Belum diterbitkan" in told


def answered(planner):
    """Five who sign, each in another state: drawn, on paper, declined, delegated, not yet."""
    workshop = records.drafted(
        signatories=("Gambar Contoh", "Kertas Contoh", "Tolak Contoh", "Wakil Contoh", "Tunggu Contoh")
    )
    record = workshop.agreement_record
    people = list(record.signatories.all())
    people[0].nip = "198001012005011001"
    people[0].save()
    record.open_for_signing(by=planner, at=records.AT)
    people[0].sign(by=planner, at=records.AT, how="drawn", on=records.DAY, file=records.png())
    people[1].sign(by=planner, at=records.AT, how="paper", on=records.DAY)
    people[2].decline(by=planner, at=records.AT, reason="Anggaran belum ada.")
    people[3].delegate(by=planner, at=records.AT, signs_for="a.n.", name="Dewi Contoh", position="Sekretaris Uji")
    return workshop


def test_each_answer_is_told_and_none_is_called_certified(planner):
    workshop = answered(planner)
    content = documents.agreement_record(workshop)
    told = text(content)
    for said in (
        "dibubuhkan pada layar, 10 Maret 2026",
        "telah menandatangani ditandatangani di atas kertas, 10 Maret 2026",
        "tidak menandatangani Alasan: Anggaran belum ada.",
        "Dewi Contoh untuk Wakil Contoh",
        "a.n. Kepala Dinas, Dinas Uji",
        "Sekretaris Uji",
        "4. ....................",
        "5. ....................",
        "bukan tanda tangan elektronik tersertifikasi",
        "NIP. 19800101 200501 1 001",
    ):
        assert said in told, said
    assert told.count("....................") == 2
    assert sum(len(page.images) for page in PdfReader(BytesIO(content)).pages) == 1


def test_outsiders_get_neither_nip_nor_signature_nor_reason(planner):
    content = documents.agreement_record(answered(planner), people=False)
    told = text(content)
    assert "198001" not in told.replace(" ", "")
    assert "••••1001" in told
    assert "Anggaran belum ada" not in told
    assert "tidak menandatangani" in told
    assert "berkas disimpan terpisah" in told
    assert sum(len(page.images) for page in PdfReader(BytesIO(content)).pages) == 0


def test_acting_officials_keep_their_office(planner):
    workshop = records.drafted(signatories=())
    record = workshop.agreement_record
    Signatory(record=record, name="Budi Contoh", position="Kepala Dinas", signs_for="Plt.").save()
    Signatory(
        record=record, name="Siti Contoh", position="Kepala Bidang", signs_for="u.b.", signs_for_office="Sekretaris Uji"
    ).save()
    told = text(documents.agreement_record(workshop))
    assert "Plt. Kepala Dinas" in told
    assert "Sekretaris Uji u.b. Kepala Bidang" in told


def test_a_signature_whose_file_is_gone_is_said_to_be_kept_apart(planner, caplog):
    workshop = answered(planner)
    person = workshop.agreement_record.signatories.first()
    person.file.storage.delete(person.file.name)
    told = text(documents.agreement_record(workshop))
    assert "dibubuhkan pada layar, 10 Maret 2026; berkas disimpan terpisah" in told
    assert "cannot be read" in caplog.text


def test_what_was_signed_stays_and_the_amendment_stands_behind_it(planner):
    workshop = records.published(planner, texts=("Naskah semula.",))
    before = documents.agreement_record(workshop)
    workshop.agreements.get().amend(by=planner, at=records.AT, text="Naskah baru.", reason="Salah tulis.")
    told = text(documents.agreement_record(workshop))
    assert told.index("Naskah semula.") < told.index("Demikian berita acara")
    assert told.index("Naskah baru.") > told.index("PERUBAHAN SETELAH PENANDATANGANAN")
    assert "Salah tulis." in told
    assert "PERUBAHAN" not in text(before)


def test_a_workshop_without_agreements_has_lines_to_fill_in():
    told = text(documents.agreement_record(factories.WorkshopFactory()))
    assert "Belum ada kesepakatan yang dicatat." in told
    assert told.count("....................") == 5
    assert "Nomor: ......../......../......../2026" in told


@pytest.mark.sets_papers
def test_the_same_record_gives_the_same_bytes(planner, agency):
    workshop = answered(planner)
    assert documents.agreement_record(workshop) == documents.agreement_record(workshop)
    rows = FollowUp.objects.all()
    records.follow_up(workshop.agreements.get(), agency)
    day = records.DAY
    assert documents.follow_up_matrix(rows, on=day) == documents.follow_up_matrix(rows, on=day)


@pytest.mark.parametrize("number", [8, 80])
def test_many_items_keep_their_numbers_and_the_signatures_their_place(number):
    texts = [f"Butir uji ke-{count} yang disepakati bersama." for count in range(1, number + 1)]
    name = "Dr. Ir. Raden Mas Contoh Sangat Panjang Sekali Namanya Kusumadiningrat, M.Si., M.T"
    workshop = records.drafted(texts=texts, signatories=(name,))
    content = documents.agreement_record(workshop)
    pages = [" ".join(page.extract_text().split()) for page in PdfReader(BytesIO(content)).pages]
    whole = squeezed(" ".join(pages))
    places = [whole.index(squeezed(line)) for line in texts]
    assert places == sorted(places)
    assert f"{number}." in " ".join(pages)
    signing = next(page for page in pages if "Tanda tangan" in page)
    assert "Demikian berita acara" in signing
    assert squeezed(name) in squeezed(signing)


# --- extracts -------------------------------------------------------------------------------------------


def test_an_extract_is_about_one_agreement_and_its_follow_ups(planner, agency):
    workshop = records.published(planner, texts=("Butir satu.", "Butir dua."))
    first, second = workshop.agreements.order_by("number")
    records.follow_up(first, agency, activity="Kegiatan satu", responsible_person="Rahmat Contoh")
    records.follow_up(second, agency, activity="Kegiatan dua")
    told = text(documents.agreement_extract(first, FollowUp.objects.all()))
    assert "Butir satu." in told
    assert "Kegiatan satu" in told
    assert "Rahmat Contoh" in told
    assert "Butir dua." not in told
    assert "Kegiatan dua" not in told
    assert "Petikan ini sesuai dengan berita acara." in told
    hidden = text(documents.agreement_extract(first, FollowUp.objects.all(), people=False))
    assert "Rahmat Contoh" not in hidden


def test_an_extract_of_an_organization_holds_what_names_it_or_waits_for_it(planner, agency):
    workshop = records.published(planner, texts=("Butir satu.", "Butir dua.", "Butir tiga."))
    other = factories.OrganizationFactory()
    first, second, third = workshop.agreements.order_by("number")
    first.organizations.add(agency)
    records.follow_up(second, agency, activity="Kegiatan sendiri")
    records.follow_up(second, other, activity="Kegiatan lain")
    records.follow_up(third, other, activity="Kegiatan bersama").partners.add(agency)
    told = text(documents.organization_extract(agency, workshop, FollowUp.objects.all()))
    for said in ("Butir satu.", "Butir dua.", "Butir tiga.", "Kegiatan sendiri", "Kegiatan bersama", agency.name):
        assert said in told
    assert "Kegiatan lain" not in told
    nobody = factories.OrganizationFactory()
    assert "Tidak ada kesepakatan" in text(documents.organization_extract(nobody, workshop, FollowUp.objects.all()))


# --- matrix ---------------------------------------------------------------------------------------------


def test_the_matrix_has_sixteen_columns_and_every_value(people, agency, village):
    filler = Filler()
    planner = people["planner"]
    workshop = records.drafted()
    area = factories.SlumAreaFactory(name="Kawasan Penanda", villages=[village])
    row = FollowUp(
        agreement=workshop.agreements.get(),
        responsible_organization=agency,
        region=village,
        slum_area=area,
        criterion="water_access",
        recurrence="quarterly",
        **filler.values(FollowUp, updated_on=records.DAY, physical_percent=0, financial_percent=0, next_check_on=None),
    )
    row.full_clean()
    row.save()
    owned = {"physical_percent": Decimal("37.25"), "financial_percent": Decimal("12.5")}
    FollowUp.objects.filter(pk=row.pk).update(**owned, next_check_on=datetime.date(2027, 5, 4))
    filler.expected |= {"physical": "37,25", "financial": "12,5", "next check": "4 Mei 2027"}
    Funding.objects.create(follow_up=row, source="village_fund", **filler.values(Funding))
    row.partners.add(factories.OrganizationFactory(short_name="Dinas Mitra"))
    Evidence(follow_up=row, kind="link", **filler.values(Evidence)).submit(by=planner, at=records.AT)
    content = documents.follow_up_matrix(FollowUp.objects.all(), on=records.DAY, workshop=workshop)
    assert filler.missing_in(content) == {}
    told = text(content)
    for said in ("Kawasan Penanda", "Kelurahan Tanjung", "Dana Desa", "setiap triwulan", "Dinas Mitra", "belum"):
        assert said in told, said
    reader = PdfReader(BytesIO(content))
    width, height = (float(side) / 72 * 25.4 for side in reader.pages[0].mediabox[2:])
    assert (round(width), round(height)) == (330, 215)
    for heading in (
        "No.", "Kesepakatan/ Kegiatan (RTL)", "Lokasi", "Keluaran/Target (volume, satuan)", "Penanggung jawab",
        "Pelaku terlibat", "Waktu", "Sumber dana", "Anggaran (Rp)", "Fisik", "Keu.", "Status", "Kendala",
        "Solusi/Arahan", "Bukti dukung", "Tanggal pembaruan",
    ):  # fmt: skip
        assert squeezed(heading) in squeezed(told), heading


def test_the_matrix_counts_by_organization_and_status_on_its_day(planner, agency):
    workshop = records.drafted()
    agreement = workshop.agreements.get()
    other = factories.OrganizationFactory(name="Dinas Lain", short_name="Lain")
    late = records.follow_up(agreement, agency, due_on=datetime.date(2026, 3, 20), is_proposal=True)
    records.follow_up(agreement, other)
    gone = records.follow_up(agreement, other)
    late.block(by=planner, at=records.AT, reason="Lahan belum bebas.")
    gone.cancel(by=planner, at=records.AT, reason="Tidak diperlukan.")
    told = text(documents.follow_up_matrix(FollowUp.objects.all(), on=datetime.date(2026, 3, 21)))
    assert f"{agency.name} 0 0 1 0 0 1 1" in told
    assert "Dinas Lain 1 0 0 0 1 2 0" in told
    assert "Jumlah 1 0 1 0 1 3 1" in told
    for said in ("terlambat", "usulan", "Lahan belum bebas.", "Tidak diperlukan.", f"disetujui {planner}"):
        assert said in told
    assert "Jumlah 1 0 1 0 1 3 0" in text(
        documents.follow_up_matrix(FollowUp.objects.all(), on=datetime.date(2026, 3, 20))
    )


def test_the_matrix_hides_people_and_evidence_from_outsiders(planner, agency):
    row = records.follow_up(records.drafted().agreements.get(), agency, responsible_person="Rahmat Contoh")
    Evidence(follow_up=row, kind="link", title="Bukti Rahasia", url="https://contoh.test/a").submit(
        by=planner, at=records.AT
    )
    told = text(
        documents.follow_up_matrix(
            FollowUp.objects.all(), on=records.DAY, evidence=Evidence.objects.none(), people=False
        )
    )
    assert "Rahmat Contoh" not in told
    assert "Bukti Rahasia" not in told


def test_what_answers_a_problem_stands_under_it(agency):
    entry = factories.MinutesEntryFactory(kind="problem", text="Lahan milik PT Uji.")
    FollowUp(source_entry=entry, responsible_organization=agency, activity="Mediasi lahan").record(
        by=None, at=records.AT
    )
    told = text(documents.follow_up_matrix(FollowUp.objects.all(), on=records.DAY, workshop=entry.workshop))
    assert "Permasalahan: Lahan milik PT Uji." in told
    assert "Mediasi lahan" in told


def test_an_empty_matrix_says_so():
    told = text(documents.follow_up_matrix(FollowUp.objects.none(), on=records.DAY))
    assert "Belum ada tindak lanjut yang dicatat." in told
    assert "Ringkasan" not in told


@pytest.mark.usefixtures("unset_papers")
def test_the_matrix_asks_the_same_number_of_queries_for_more_rows(planner, agency, django_assert_num_queries):
    agreement = records.drafted().agreements.get()

    def add():
        row = records.follow_up(agreement, agency)
        Funding.objects.create(follow_up=row, source="dak", amount=1)
        row.partners.add(factories.OrganizationFactory())
        Evidence(follow_up=row, kind="link", title="Uji", url=f"https://contoh.test/{row.pk}").submit(
            by=planner, at=records.AT
        )

    add()
    for _count in range(2):
        with django_assert_num_queries(6):
            documents.follow_up_matrix(FollowUp.objects.all(), on=records.DAY)
        add()
        add()


# --- sitting --------------------------------------------------------------------------------------------


def test_the_minutes_of_a_sitting_hold_every_value(people, agency):
    filler = Filler()
    member = factories.UserFactory(role="pokja_member", name="Anggota Contoh", organization=None)
    row = records.follow_up(records.drafted().agreements.get(), agency, activity="Kegiatan yang ditinjau")
    review = Review.objects.create(**filler.values(Review), created_by=people["planner"])
    review.members.add(member)
    item = ReviewItem(
        review=review, follow_up=row, by=member, at=records.AT, decision="escalate", status="blocked",
        **filler.values(ReviewItem, next_check_on=datetime.date(2027, 5, 4)),
    )  # fmt: skip
    item.save()
    content = documents.review_minutes(review, review.items.all())
    assert filler.missing_in(content) == {}
    told = text(content)
    for said in (
        "Kegiatan yang ditinjau", "dibawa ke pimpinan", "terkendala", "4 Mei 2027", "Anggota Contoh", agency.name,
        str(people["planner"]), "Rapat belum ditutup", "1 tindak lanjut: 1 dibawa ke pimpinan",
    ):  # fmt: skip
        assert said in told, said


# --- rights ---------------------------------------------------------------------------------------------


@pytest.fixture
def addresses(planner, agency):
    workshop = records.published(planner)
    agreement = workshop.agreements.get()
    records.follow_up(agreement, agency, responsible_person="Rahmat Contoh")
    review = Review.objects.create(held_on=records.DAY)
    page = workshop.get_absolute_url()
    return {
        "record": f"{page}agreement-record.pdf",
        "matrix": f"{page}follow-up-matrix.pdf",
        "filtered": "/agreements/follow-ups/follow-up-matrix.pdf?status=not_started",
        "extract": f"/agreements/{agreement.key}/agreement-extract.pdf",
        "organization": f"{page}organizations/{agency.key}/agreement-extract.pdf",
        "review": f"/agreements/review/{review.pk}/review-minutes.pdf",
    }


@pytest.mark.parametrize("role", ["admin", "planner", "verifier", "pokja_member", "opd_user", "village_user", "viewer"])
def test_each_role_reads_what_is_published(as_role, addresses, role):
    client = as_role(role)
    inside = role not in ("viewer", "village_user")
    for name, address in addresses.items():
        answer = client.get(address)
        if name == "review" and not inside:
            assert answer.status_code == 404
            continue
        assert (answer.status_code, answer["Content-Type"]) == (200, "application/pdf"), name
        assert "no-cache" in answer["Cache-Control"]
        if name in ("matrix", "filtered", "extract", "organization"):
            assert ("Rahmat Contoh" in text(answer.content)) == (role != "viewer"), name


def test_each_page_offers_its_papers(as_role, addresses):
    client = as_role("viewer")
    slug = addresses["record"].split("/")[2]
    key = addresses["extract"].split("/")[2]
    for page, names in {
        f"/agreements/records/{slug}/": ["record", "matrix", "organization"],
        f"/agreements/{key}/": ["extract"],
        "/agreements/follow-ups/?status=not_started": ["filtered"],
        "/agreements/follow-ups/matrix/?status=not_started": ["filtered"],
    }.items():
        said = client.get(page).content.decode()
        for name in names:
            assert f'href="{addresses[name]}"' in said, (page, name)
    sitting = addresses["review"].removesuffix("review-minutes.pdf")
    assert f'href="{addresses["review"]}"' in as_role("pokja_member").get(sitting).content.decode()
    assert as_role("viewer").get(sitting).status_code == 404


def test_nobody_reads_without_logging_in(client, addresses):
    for address in addresses.values():
        assert client.get(address).status_code == 302


@pytest.mark.parametrize("role", ["viewer", "village_user"])
def test_a_record_that_is_not_published_is_closed_to_outsiders(as_role, planner, role):
    workshop = records.drafted()
    type(workshop).objects.filter(pk=workshop.pk).update(status="closed")
    client = as_role(role)
    page = workshop.get_absolute_url()
    assert client.get(f"{page}agreement-record.pdf").status_code == 403
    assert client.get(f"/agreements/{workshop.agreements.get().key}/agreement-extract.pdf").status_code == 404


def test_whole_nip_and_signature_are_for_those_with_the_right(as_role, planner):
    workshop = answered(planner)
    page = f"{workshop.get_absolute_url()}agreement-record.pdf"
    assert "19800101 200501 1 001" in text(as_role("planner").get(page).content)
    told = text(as_role("pokja_member").get(page).content)
    assert "••••1001" in told
    assert "200501" not in told


def test_a_matrix_beyond_what_anybody_reads_is_refused(as_role, planner, agency, monkeypatch):
    monkeypatch.setattr("agreements.documents.MATRIX_ROWS", 1)
    agreement = records.drafted().agreements.get()
    records.follow_up(agreement, agency)
    records.follow_up(agreement, agency)
    assert as_role("planner").get("/agreements/follow-ups/follow-up-matrix.pdf").status_code == 409
