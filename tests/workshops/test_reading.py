"""The pages on which minutes and participants are read."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from tests import factories


@pytest.mark.parametrize(("role", "status"), [(None, 302), ("viewer", 404), ("village_user", 404), ("planner", 200)])
@pytest.mark.parametrize("page", ["minutes", "participants", "agenda", "files", "history"])
def test_a_draft_is_open_to_those_who_plan(as_role, workshop, role, status, page):
    answer = as_role(role).get(f"{workshop.get_absolute_url()}{page}/")
    assert answer.status_code == status


def test_what_people_typed_is_escaped_and_shown(as_role, workshop):
    factories.MinutesEntryFactory(workshop=workshop, speaker="<script>x</script>", text="Isi uji")
    text = as_role("planner").get(f"{workshop.get_absolute_url()}minutes/").content.decode()
    assert "Isi uji" in text
    assert "<script>x" not in text


@pytest.mark.parametrize("page", ["minutes", "participants"])
def test_the_number_of_queries_does_not_grow(as_role, workshop, page):

    client, url, counted = as_role("planner"), f"{workshop.get_absolute_url()}{page}/", []
    for _round in range(2):
        factories.MinutesEntryFactory(workshop=workshop)
        factories.ParticipantFactory(workshop=workshop)
        with CaptureQueriesContext(connection) as queries:
            client.get(url)
        counted.append(len(queries))
    assert counted[0] == counted[1]


def test_the_login_page_is_open(client, db):
    assert client.get("/accounts/login/").status_code == 200
