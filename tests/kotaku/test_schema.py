"""The API answers as its schema says, whatever a program sends: schemathesis makes the requests from the schema itself.

SCHEMA_EXAMPLES is how many requests each operation gets: a few here, some hundred before a release.
"""

import json
import os

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from drf_spectacular.generators import SchemaGenerator
from hypothesis import HealthCheck, settings
from knox.models import AuthToken
from schemathesis import checks

from kotaku.wsgi import application
from tests import factories, programme

pytestmark = [pytest.mark.django_db, pytest.mark.one_database]
EXAMPLES = int(os.environ.get("SCHEMA_EXAMPLES", "3"))
CONFIG = schemathesis.Config.from_dict(
    {"phases": {"coverage": {"enabled": False}, "stateful": {"enabled": False}}, "generation": {"deterministic": True}}
)
checks.load_all_checks()
ASKED = checks.CHECKS.get_by_names(
    ["not_a_server_error", "status_code_conformance", "content_type_conformance", "response_schema_conformance"]
)


def api_schema():
    told = SchemaGenerator().get_schema(request=None, public=True)
    made = schemathesis.openapi.from_dict(json.loads(json.dumps(told, default=str)), config=CONFIG)
    made.app = application
    return made


schema = api_schema()


@pytest.fixture(autouse=True)
def _one_connection():
    """A server closes its connection after each request; here they share that of the test."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@pytest.fixture
def headers(db):
    """Of somebody who may do most, in a programme with one record of most kinds."""
    programme.make_programme()
    follow_up = factories.FollowUpFactory()
    factories.EvidenceFactory(follow_up=follow_up)
    factories.AssetFactory(package=factories.PackageFactory(follow_up=follow_up))
    user = factories.UserFactory(role="planner")
    _stored, token = AuthToken.objects.create(user=user)
    return {"Authorization": f"Token {token}", "Accept-Encoding": "identity"}


@schema.parametrize()
@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
def test_each_operation_answers_as_documented(case, headers):
    case.call_and_validate(headers=headers, checks=ASKED)
