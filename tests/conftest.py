"""The cast: one person of each role, and the moment at which tests take place."""

import datetime
import hashlib
import os
import tempfile
from pathlib import Path

import pytest
from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from core import pdf
from tests import factories

USES_THE_DATABASE = {"db", "transactional_db", "live_server", "django_db_setup"}
PAPERS = Path(os.environ.get("TEST_PAPERS") or tempfile.mkdtemp(prefix="kotaku-test-papers-"))
set_paper = pdf.from_html


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Marks what uses the database: the rest cannot differ between databases, and `.ci/test` runs it once."""
    for item in items:
        if item.get_closest_marker("django_db") or USES_THE_DATABASE & set(item.fixturenames):
            item.add_marker("database")


@pytest.fixture(autouse=True)
def _clean_cache():
    cache.clear()


@pytest.fixture(autouse=True)
def _each_paper_is_set_once(request, monkeypatch):
    """Setting takes about a second, and the same HTML gives the same bytes, which the tests marked `sets_papers` prove.

    With TEST_PAPERS the papers stay for the next run, of which they prove that its HTML is the same.
    """
    if not request.node.get_closest_marker("sets_papers"):
        monkeypatch.setattr(pdf, "from_html", kept_paper)


def kept_paper(html, files=None, *, paper=None, landscape=False, **copy):
    asked = (html, sorted((files or {}).items()), paper or settings.PAPER, landscape, sorted(copy.items()))
    kept = PAPERS / f"{hashlib.sha256(repr(asked).encode()).hexdigest()}.pdf"
    if not kept.exists():
        fresh = kept.with_suffix(f".{os.getpid()}")
        fresh.write_bytes(set_paper(html, files, paper=paper, landscape=landscape, **copy))
        fresh.rename(kept)
    return kept.read_bytes()


@pytest.fixture
def unset_papers(monkeypatch):
    """For tests that count queries: the finished HTML asks the database nothing any more."""
    monkeypatch.setattr(pdf, "from_html", lambda *args, **options: b"")


@pytest.fixture
def quick(monkeypatch):
    """Papers that are not set: bytes that differ as papers do, with the text in them."""

    def set_quickly(html, files=None, **copy):
        return b"%PDF-1.7\n" + html.encode() + repr(sorted(copy.items())).encode()

    monkeypatch.setattr(pdf, "from_html", set_quickly)


@pytest.fixture(scope="module")
def store_for_module(django_db_setup, django_db_blocker):
    """`store_for_module(make)` calls make and gives what it returns; the records stay for every test of the module.

    What a test changes is undone after that test as always. Call it in a fixture of the module that is autouse, so
    that the tests of the module see the records in whatever order they run, and hand out records read or copied anew.
    A module with tests of `transaction=True` cannot use it: they empty the database.
    """

    def store(make):
        with django_db_blocker.unblock():
            return make()

    whole = transaction.atomic()
    store(whole.__enter__)
    yield store

    def undo():
        transaction.set_rollback(True)
        whole.__exit__(None, None, None)

    store(undo)


@pytest.fixture
def now():
    return datetime.datetime(2026, 3, 10, 2, 0, tzinfo=datetime.UTC)  # 09.00 WIB on the day of the test workshops


@pytest.fixture
def village(db):
    return factories.VillageFactory(code=factories.OWN_VILLAGE, name="Tanjung", kind="kelurahan")


@pytest.fixture
def agency(db):
    return factories.OrganizationFactory(key="disperkimhub", name="Dinas Uji Permukiman", short_name="Disperkimhub")


@pytest.fixture
def people(village, agency):
    """{role: user} with the password `factories.PASSWORD`."""
    return factories.make_people()


@pytest.fixture
def planner(people):
    return people["planner"]


@pytest.fixture
def as_role(people, client):
    """`as_role("viewer")` gives a client logged in as that role; None stays anonymous."""

    def log_in(role):
        client.logout()
        if role:
            client.force_login(people[role], backend="allauth.account.auth_backends.AuthenticationBackend")
        return client

    return log_in


@pytest.fixture
def api(people):
    """`api("planner")` is a program with a token of that person; `api(None)` has none."""

    def client(role):
        program = APIClient()
        if role:
            _stored, token = AuthToken.objects.create(user=people[role])
            program.credentials(HTTP_AUTHORIZATION=f"Token {token}")
        return program

    return client


@pytest.fixture
def workshop(db):
    return factories.WorkshopFactory()


@pytest.fixture
def moment():
    """A function for times of the test day: moment(9, 15) is 09.15 WIB."""

    def at(hour, minute=0):
        return timezone.make_aware(datetime.datetime(2026, 3, 10, hour, minute))

    return at
