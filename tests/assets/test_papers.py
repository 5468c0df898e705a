"""The papers of a package: every value of the record is in the text, and the same record gives the same bytes."""

import csv
import datetime
import hashlib
import io
import zipfile
from decimal import Decimal

import pytest
from django.core.management import call_command
from django.urls import reverse
from pypdf import PdfReader

from assets import bundles, documents
from assets.models import Package, Signatory
from tests import factories
from tests.assets.conftest import pdf, put_at

ON = datetime.date(2026, 3, 10)


def words(content: bytes) -> str:
    return " ".join(" ".join(page.extract_text() for page in PdfReader(io.BytesIO(content)).pages).split())


@pytest.fixture
def full(package, planner):
    """A package that is handed over, with two assets and everybody who signs."""
    package.name, package.legal_basis = "TPS3R Uji Tanjung", "DIPA Uji 2016 / SPK 12/UJI/2016"
    package.value = Decimal("1234567890.50")
    package.save()
    factories.AssetFactory(
        package=package, name="Bangunan TPS3R", value=Decimal("1200000000.25"), state_code="2.01.03-7",
        latitude=Decimal("-2.0712"), longitude=Decimal("105.163"), land_status="village",
    )  # fmt: skip
    factories.AssetFactory(
        package=package, name="Mesin pencacah", value=None, quantity=Decimal("2.5"), condition="heavy_damage"
    )
    put_at(package, "bast_signed", grant_deed_on=datetime.date(2019, 7, 15), handover_on=datetime.date(2019, 7, 16))
    package.documents.filter(kind="handover_record").update(number="BA/45/UJI/2019")
    package.documents.filter(kind="grant_deed").update(
        number="HK.02/9/UJI", dated_on=datetime.date(2019, 7, 15), state="accepted"
    )
    for order, (role, name, position, nip) in enumerate(
        [
            ("giver", "Budi Contoh, S.T.", "Kepala Balai Uji", "198001012005011001"),
            ("receiver", "Sari Contoh, M.Si.", "Kepala Dinas Uji", "198203042006042002"),
            ("witness", "Tono Contoh", "Lurah Uji", ""),
            ("inspector", "Wati Contoh", "Pengawas Uji", ""),
            ("sender", "Joko Contoh, S.E.", "Kepala Badan Uji", ""),
        ]
    ):
        Signatory.objects.create(package=package, role=role, name=name, position=position, nip=nip, order=order)
    return package


def test_the_handover_record_holds_every_value_in_figures_and_words(full):
    said = words(documents.handover_record(full))
    for value in (
        "Nomor: BA/45/UJI/2019",
        "Selasa, tanggal enam belas bulan Juli tahun dua ribu sembilan belas",
        "Budi Contoh, S.T.", "NIP. 19800101 200501 1 001", "Kepala Balai Uji", "Balai Uji",
        "Sari Contoh, M.Si.", "Kepala Dinas Uji", "Dinas Uji Permukiman", "PIHAK PERTAMA", "PIHAK KEDUA",
        "DIPA Uji 2016 / SPK 12/UJI/2016", "nomor HK.02/9/UJI tanggal 15 Juli 2019",
        "Rp1.234.567.890,50",
        "satu miliar dua ratus tiga puluh empat juta lima ratus enam puluh tujuh ribu delapan ratus sembilan puluh "
        "rupiah lima puluh sen",
        "Bangunan TPS3R", "2.01.03-7", "Rp1.200.000.000,25", "Mesin pencacah", "2,5 unit", "Rusak berat (RB)",
        "belum diketahui", "Kelurahan Tanjung, Kecamatan Mentok", "Saksi-saksi", "Tono Contoh", "Lurah Uji", "3 (tiga)",
    ):  # fmt: skip
        assert value in said, value
    assert "Rancangan" not in said


def test_before_the_deed_the_record_is_a_draft_with_dotted_lines(package):
    said = words(documents.handover_record(package))
    assert "Rancangan: naskah hibah belum ditandatangani" in said
    assert "Pada hari ini, ....." in said
    assert "Nomor: ......../" in said


def test_the_record_to_the_residents_needs_no_deed(package):
    Package.objects.filter(pk=package.pk).update(path="community", receiver=None)
    package.refresh_from_db()
    factories.AssetFactory(package=package, asset_type="latrine", name="Jamban Uji")
    said = words(documents.handover_record(package))
    for value in (
        "BERITA ACARA SERAH TERIMA KEPADA WARGA",
        "Jamban Uji",
        "warga penerima",
        "Lampiran: Warga penerima".upper(),
    ):
        assert value in said, value
    assert "Rancangan" not in said


def test_the_letter_names_holder_days_and_each_missing_paper(full):
    put_at(full, "acceptance_letter", holder_desk="Meja Bupati", holder_reached_on=datetime.date(2026, 1, 1))
    full.documents.update(state="accepted", valid_until=None)
    full.documents.filter(kind="contract").update(state="returned", note="Halaman 3 kosong")
    full.documents.filter(kind="land_paper").update(state="missing")
    full.documents.filter(kind="inspection_record").update(valid_until=datetime.date(2026, 2, 1))
    full.documents.filter(kind="handover_record").update(state="missing")
    said = words(documents.missing_documents(full, on=ON))
    required = full.documents.filter(is_required=True).count()
    for value in (
        "Mentok, 10 Maret 2026", f"Kekurangan dokumen serah terima aset paket {full.number}", "Yth. Meja Bupati",
        "sejak 1 Januari 2026 (68 (enam puluh delapan) hari)", "Kontrak beserta adendum", "Dikembalikan",
        "Catatan: Halaman 3 kosong", "Surat tanah (sertifikat, hibah, atau izin pakai)", "Belum ada",
        "Berita acara pemeriksaan bersama", "Habis masa berlaku 1 Februari 2026", "usulan ke kementerian",
        f"{required - 4} (", "Joko Contoh, S.E.", "Kepala Badan Uji", "Dinas Uji Permukiman", "Pokja PKP",
        "LAMPIRAN: DOKUMEN UNTUK TAHAP SELANJUTNYA", "Berita acara serah terima (BAST)",
    ):  # fmt: skip
        assert value in said, value
    assert "Gambar terlaksana" not in said


def test_the_letter_says_so_where_nothing_is_missing(full):
    full.documents.update(state="accepted", valid_until=None)
    said = words(documents.missing_documents(full, on=ON))
    assert "tidak ada dokumen yang kurang" in said


def test_the_recapitulation_has_the_nine_columns_and_the_sum(full):
    said = words(documents.recapitulation(full))
    for value in (
        "No.", "Nama Barang", "Type", "Tahun", "Jumlah", "Nilai perolehan", "Penerima", "Lokasi", "Kondisi",
        "Bangunan TPS3R", "TPS3R", "2016", "1 unit", "Rp1.200.000.000,25", "Disperkimhub", "Kelurahan Tanjung",
        "-2.0712, 105.163", "Baik (B)", "Jumlah 2 (dua) barang", "1 (satu) barang belum diketahui nilainya",
        "satu miliar dua ratus juta rupiah dua puluh lima sen",
    ):  # fmt: skip
        assert value in said, value


def test_the_inspection_record_leaves_room_for_what_is_seen(full):
    full.documents.filter(kind="inspection_record").update(dated_on=datetime.date(2019, 5, 6), number="BAP/3/2019")
    said = words(documents.inspection_record(full))
    for value in (
        "Nomor: BAP/3/2019", "Senin, tanggal enam bulan Mei tahun dua ribu sembilan belas", "Wati Contoh",
        "Pengawas Uji", "Mesin pencacah", "tanah desa atau kelurahan", "Berfungsi (ya/tidak)", "Catatan", "Kesimpulan",
        "belum dapat diserahterimakan", "Rp1.234.567.890,50",
    ):  # fmt: skip
        assert value in said, value


def test_each_asset_has_a_label_that_leads_to_its_card(full):
    assets = list(full.assets.order_by("number"))
    addresses = {asset.number: f"https://kotaku.test/assets/cards/{asset.card_code}/" for asset in assets}
    said = words(documents.labels(full, assets, addresses))
    for asset in assets:
        assert asset.key in said
        assert asset.card_code in said.replace(" ", "")
    path, side = documents.qr_path(addresses[1])
    assert side > 25
    assert path.startswith("M2 2h7v1h-7z")  # the upper left corner mark of every QR code


@pytest.mark.sets_papers
@pytest.mark.parametrize("paper", ["missing", "inspection", "recapitulation", "record", "labels"])
def test_the_same_record_gives_the_same_bytes(full, paper):
    make = {
        "missing": lambda: documents.missing_documents(full, on=ON),
        "inspection": lambda: documents.inspection_record(full),
        "recapitulation": lambda: documents.recapitulation(full),
        "record": lambda: documents.handover_record(full),
        "labels": lambda: documents.labels(full, list(full.assets.all()), {1: "https://a/1/", 2: "https://a/2/"}),
    }[paper]
    assert make() == make()


def test_the_command_writes_the_record(full, tmp_path):
    target = tmp_path / "bast.pdf"
    call_command("document", "handover_record", full.number, "--output", str(target))
    assert full.number in PdfReader(target).metadata.title


def test_a_paper_is_indonesian_on_an_english_page(client, full, planner, settings):
    client.force_login(planner, backend="allauth.account.auth_backends.AuthenticationBackend")
    client.cookies[settings.LANGUAGE_COOKIE_NAME] = "en"
    answer = client.get(reverse("assets:handover_record_pdf", args=[full.number]))
    assert answer.headers["Content-Type"] == "application/pdf"
    assert "Naskah Perjanjian Hibah" in words(answer.content)
    assert "Grant deed" not in words(answer.content)


# --- the whole package as one file -------------------------------------------------------------------------
@pytest.fixture
def bundle(client, full, planner, now, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    contract = full.documents.get(kind="contract")
    for text in ("satu", "dua"):
        contract.receive(pdf(text, name="Kontrak Uji.pdf"), by=planner, at=now)
    client.force_login(planner, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.get(reverse("assets:package_zip", args=[full.number]))
    assert answer.streaming
    return zipfile.ZipFile(io.BytesIO(b"".join(answer.streaming_content)))


def test_the_zip_holds_papers_old_versions_and_prints(bundle):
    assert bundle.testzip() is None
    names = set(bundle.namelist())
    assert {
        "daftar-isi.pdf", "daftar-isi.csv", "SHA256SUMS", "cetakan/bast.pdf", "cetakan/rekapitulasi.pdf",
        "cetakan/ba-pemeriksaan.pdf", "dokumen/01-contract-v2.pdf", "dokumen/versi-lama/01-contract-v1.pdf",
    } == names  # fmt: skip
    assert b"dua" in bundle.read("dokumen/01-contract-v2.pdf")


def test_the_hashes_of_the_zip_are_those_of_its_files(bundle):
    rows = list(csv.DictReader(io.StringIO(bundle.read("daftar-isi.csv").decode("utf-8-sig"))))
    assert len(rows) == len(bundle.namelist()) - 3
    contents = words(bundle.read("daftar-isi.pdf")).replace(" ", "")
    for row in rows:
        content = bundle.read(row["berkas"])
        assert hashlib.sha256(content).hexdigest() == row["sha256"]
        assert len(content) == int(row["ukuran"])
        assert f"{row['sha256']}  {row['berkas']}\n" in bundle.read("SHA256SUMS").decode()
        assert row["sha256"] in contents


def test_a_file_that_is_gone_is_named_and_breaks_nothing(full, planner, now, settings, tmp_path):
    settings.MEDIA_ROOT = tmp_path
    document = full.documents.get(kind="contract")
    version = document.receive(pdf(), by=planner, at=now)
    version.file.storage.delete(version.file.name)
    content = b"".join(bundles.package_file(full, document.versions.all(), []))
    with zipfile.ZipFile(io.BytesIO(content)) as found:
        assert not [name for name in found.namelist() if name.startswith("dokumen/")]
        assert "berkas tidak ditemukan" in found.read("daftar-isi.csv").decode("utf-8-sig")


def test_the_same_package_gives_the_same_zip(full):
    versions = full.documents.none().model.versions.rel.related_model.objects.none()
    make = lambda: b"".join(bundles.package_file(full, versions, []))  # noqa: E731
    assert make() == make()


@pytest.mark.parametrize(
    "name", ["missing_documents_pdf", "inspection_record_pdf", "handover_record_pdf", "package_zip"]
)
def test_papers_are_not_for_the_viewer(as_role, full, name):
    Package.objects.update(is_published=True)
    assert as_role("viewer").get(reverse(f"assets:{name}", args=[full.number])).status_code == 403
