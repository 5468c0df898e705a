"""Certified signatures: the agency's own seal on issued papers, and those of others in files that are sent."""

import asyncio
import datetime
import os
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import pkcs12
from cryptography.x509.oid import NameOID
from django.core.exceptions import ImproperlyConfigured
from django.core.files.uploadedfile import SimpleUploadedFile

from core import issuing, pdf, signatures
from core.sealing import sealed
from core.signatures import has_signatures, signatures_of
from tests.kotaku.test_issued_papers import closed_workshop
from workshops import documents

PAGE = '<html lang="id"><head><title>Kertas uji</title></head><body><h1>Judul</h1><p>Isi</p></body></html>'
PASSWORD = "rahasia-uji"


def certificate_of(name: str, key, issuer: str, issuer_key, *, is_authority: bool = False):
    def named(common):
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])

    now = datetime.datetime.now(datetime.UTC)
    usage = x509.KeyUsage(
        not is_authority, not is_authority, False, False, False, is_authority, is_authority, False, False
    )
    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=30))
        .add_extension(x509.BasicConstraints(is_authority, None), True)
        .add_extension(usage, True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(issuer_key.public_key()), False)
        .sign(issuer_key, hashes.SHA256())
    )


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    """A made-up authority, and the agency's key with its certificate as a PKCS#12 file."""
    folder = tmp_path_factory.mktemp("kunci")
    root_key, key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    root = certificate_of("Otoritas Uji", root_key, "Otoritas Uji", root_key, is_authority=True)
    own = certificate_of("Badan Uji", key, "Otoritas Uji", root_key)
    encryption = serialization.BestAvailableEncryption(PASSWORD.encode())
    (folder / "segel.p12").write_bytes(pkcs12.serialize_key_and_certificates(b"uji", key, own, [root], encryption))
    (folder / "tepercaya.pem").write_bytes(root.public_bytes(serialization.Encoding.PEM))
    return folder


@pytest.fixture
def certified(settings, authority):
    settings.SEAL_CERTIFICATE = str(authority / "segel.p12")
    settings.SEAL_PASSWORD = PASSWORD
    settings.SEAL_TRUSTED = str(authority / "tepercaya.pem")


@pytest.fixture(scope="module")
def plain():
    return pdf.from_html(PAGE)


def test_without_a_certificate_nothing_is_sealed(plain):
    assert sealed(plain) == plain
    assert not has_signatures(plain)


def test_a_seal_names_the_agency_and_covers_the_whole_paper(certified, plain):
    content = sealed(plain)
    assert content.startswith(plain)  # what was set stays as it was; the seal stands behind
    [found] = signatures_of(content)
    assert (found.signer, found.issuer, found.state) == ("Badan Uji", "Otoritas Uji", "trusted")
    assert abs((datetime.datetime.now(datetime.UTC) - found.signed_at).total_seconds()) < 300


def test_a_paper_is_sealed_beside_a_running_event_loop_too(certified, plain):
    async def seal():
        return sealed(plain)

    with ThreadPoolExecutor(1) as thread:  # where no browser of another test runs its loop
        assert has_signatures(thread.submit(lambda: asyncio.run(seal())).result())


def test_one_flipped_byte_breaks_it(certified, plain):
    content = bytearray(sealed(plain))
    content[content.index(b"/Title") + 10] ^= 1
    [found] = signatures_of(bytes(content))
    assert found.state == "broken"


def test_what_was_added_after_signing_is_found(certified, plain):
    from io import BytesIO

    from pyhanko.pdf_utils import generic
    from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter

    writer = IncrementalPdfFileWriter(BytesIO(sealed(plain)))
    writer.root["/Lang"] = generic.pdf_string("xx")
    writer.update_root()
    out = BytesIO()
    writer.write(out)
    [found] = signatures_of(out.getvalue())
    assert found.state == "broken"


def test_an_authority_that_is_not_trusted_is_said_to_be_unknown(certified, settings, plain):
    content = sealed(plain)
    settings.SEAL_TRUSTED = ""
    [found] = signatures_of(content)
    assert found.state == "unknown_issuer"


@pytest.mark.parametrize("password", ["", "salah"])
def test_a_key_that_does_not_open_stops_with_a_sentence(certified, settings, plain, password):
    settings.SEAL_PASSWORD = password
    with pytest.raises(ImproperlyConfigured):
        sealed(plain)


@pytest.mark.parametrize(
    "content",
    [b"%PDF-1.7\n/ByteRange", b"%PDF-1.7 /ByteRange [0 1 2 3] trailer << /Root 1 0 R >>", b"%PDF" + os.urandom(5000)],
)
def test_what_cannot_be_read_is_no_signature(content):
    assert signatures_of(content) in (None, [])


def test_a_file_that_takes_too_long_is_given_up(monkeypatch):
    monkeypatch.setattr(signatures, "CHILD", "import time; time.sleep(60)")
    monkeypatch.setattr(signatures, "SECONDS", 0.5)
    assert signatures_of(b"%PDF") is None


def test_the_child_knows_no_secrets(monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "rahasia-sekali")
    monkeypatch.setattr(signatures, "CHILD", "import os, json; print(json.dumps(dict(os.environ)))")
    monkeypatch.setattr(signatures, "_signature", str)
    found = signatures_of(b"%PDF")
    assert "SECRET_KEY" not in found
    assert "PATH" in found


@pytest.mark.django_db
def test_issued_papers_are_sealed_and_the_page_says_so(certified, client, people):
    paper = issuing.issued(documents.final_minutes(closed_workshop(people)))
    content = issuing.content_of(paper)
    file = SimpleUploadedFile("notula.pdf", content, content_type="application/pdf")
    answer = client.post(f"/verify/{paper.code}/", {"file": file})
    assert answer.context["verdict"] == "same"
    assert [one.state for one in answer.context["sent"].signatures] == ["trusted"]
    assert "Badan Uji" in answer.content.decode()
    with paper.archive.open("rb") as archive:
        assert [one.state for one in signatures_of(archive.read())] == ["trusted"]


@pytest.mark.django_db
def test_a_signed_file_of_others_is_validated_though_nobody_issued_it_here(certified, client, plain, people):
    file = SimpleUploadedFile("lain.pdf", sealed(plain), content_type="application/pdf")
    answer = client.post("/verify/", {"file": file})
    assert answer.context["is_unknown"]
    assert "Badan Uji" in answer.content.decode()


def test_the_certificate_is_not_in_the_repository():
    root = Path(__file__).parents[2]
    assert not [path for path in root.glob("deploy/**/*") if path.suffix in (".p12", ".pfx", ".key")]
