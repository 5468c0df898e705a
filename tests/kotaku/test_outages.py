"""The disk is full, the database is gone or held by others: one sentence to whoever asks, and nothing half stored."""

import errno
import sqlite3

import pytest
from django.core.files.base import ContentFile
from django.db import InterfaceError, OperationalError, connection
from django.test import Client

from kotaku import storage

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def by_sqlite(name: str, text: str):
    cause = sqlite3.OperationalError(text)
    cause.sqlite_errorname = name
    return _from(cause, text)


def by_postgresql(state: str | None, text: str):
    cause = type("OperationalError", (Exception,), {"pgcode": state})(text)
    return _from(cause, text)


def _from(cause, text):
    error = OperationalError(text)
    error.__cause__ = cause
    return error


FAULTS = [
    (by_sqlite("SQLITE_FULL", "database or disk is full"), 507),
    (by_sqlite("SQLITE_BUSY", "database is locked"), 503),
    (by_sqlite("SQLITE_CANTOPEN", "unable to open database file"), 503),
    (by_postgresql("53100", "could not extend file"), 507),
    (by_postgresql("57P01", "terminating connection due to administrator command"), 503),
    (by_postgresql("40P01", "deadlock detected"), 503),
    (by_postgresql(None, "connection refused"), 503),
    (InterfaceError("the connection is closed"), 503),
    (OSError(errno.ENOSPC, "No space left on device"), 507),
]
IDS = [f"{error}" for error, _status in FAULTS]


@pytest.fixture
def asking(planner):
    """Ask as somebody logged in while every question to the database fails so."""
    client = Client(raise_request_exception=False)
    client.force_login(planner, backend="allauth.account.auth_backends.AuthenticationBackend")

    def asked(error, address="/workshops/", **headers):
        def fail(*_arguments):
            raise error

        with connection.execute_wrapper(fail):
            return client.get(address, headers=headers)

    return asked


@pytest.mark.parametrize(("error", "status"), FAULTS, ids=IDS)
def test_a_page_says_it_in_a_sentence(asking, error, status):
    answer = asking(error)
    assert answer.status_code == status
    assert 'class="sentence"' in answer.content.decode()
    assert str(error) not in answer.content.decode()
    assert answer.headers["Retry-After"] == "10"


@pytest.mark.parametrize(
    ("address", "headers"), [("/api/v1/workshops/", {}), ("/workshops/", {"accept": "application/json"})]
)
def test_a_program_is_told_as_json(asking, address, headers):
    answer = asking(FAULTS[1][0], address, **headers)
    assert answer.status_code == 503
    assert set(answer.json()) == {"detail"}


@pytest.mark.parametrize(
    "error", [by_sqlite("SQLITE_ERROR", "no such table: uji"), ValueError("uji"), OSError(errno.ENOENT, "uji")]
)
def test_a_fault_of_the_program_stays_one(asking, error):
    assert asking(error).status_code == 500


def test_a_file_that_did_not_fit_leaves_nothing(tmp_path):
    class TooMuch(ContentFile):
        def chunks(self, chunk_size=None):
            yield b"uji"
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(OSError, match="No space"):
        storage.WholeFilesStorage(location=tmp_path).save("uji/berkas.pdf", TooMuch(b"uji"))
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_file_stands_under_its_name_once_it_is_whole(tmp_path):
    kept = storage.WholeFilesStorage(location=tmp_path)
    names = {kept.save("uji/berkas.pdf", ContentFile(text)) for text in (b"satu", b"dua")}
    assert len(names) == 2
    assert {(tmp_path / name).read_bytes() for name in names} == {b"satu", b"dua"}
    assert {str(path.relative_to(tmp_path)) for path in tmp_path.rglob("*") if path.is_file()} == names


def test_a_name_that_was_taken_meanwhile_is_not_overwritten(tmp_path):
    kept = storage.WholeFilesStorage(location=tmp_path)
    (tmp_path / "berkas.pdf").write_bytes(b"orang lain")
    name = kept._save("berkas.pdf", ContentFile(b"saya"))
    assert (tmp_path / "berkas.pdf").read_bytes() == b"orang lain"
    assert (tmp_path / name).read_bytes() == b"saya"
