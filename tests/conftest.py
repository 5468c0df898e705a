"""The cast: one person of each role, and the moment at which tests take place."""

import datetime

import pytest
from django.core.cache import cache
from django.utils import timezone
from knox.models import AuthToken
from rest_framework.test import APIClient

from core.models import User
from tests import factories

ROLES = list(User.Role.values)


@pytest.fixture(autouse=True)
def _clean_cache():
    cache.clear()


@pytest.fixture
def now():
    return datetime.datetime(2026, 3, 10, 2, 0, tzinfo=datetime.UTC)  # 09.00 WIB on the day of the test workshops


@pytest.fixture
def village(db):
    return factories.VillageFactory(code="19.05.01.1001", name="Tanjung", kind="kelurahan")


@pytest.fixture
def agency(db):
    return factories.OrganizationFactory(key="disperkimhub", name="Dinas Uji Permukiman", short_name="Disperkimhub")


@pytest.fixture
def people(db, village, agency):
    """{role: user} with the password `factories.PASSWORD`."""
    scope = {"village_user": {"region": village}}
    return {
        role: factories.UserFactory(username=role, role=role, organization=agency, **scope.get(role, {}))
        for role in ROLES
    }


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
