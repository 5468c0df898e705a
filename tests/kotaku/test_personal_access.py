"""Who was shown telephone numbers, e-mail addresses or NIP of others stands in a log; who was not, does not."""

import pytest
from django.core.management import call_command
from django.urls import reverse

from core.models import PersonalAccess
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(workshop, people):
    return factories.ParticipantFactory(workshop=workshop, name="Sari Contoh", phone="0812-000")


def noted():
    lines = PersonalAccess.objects.order_by("pk")
    return [(line.by and line.by.username, line.model, line.about, line.way) for line in lines]


def places(workshop, person):
    """{address: the line that looking at it writes}."""
    kind = "workshops.Participant"
    mine = f"{workshop.slug}/{person.pk}"
    return {
        reverse("workshops:participants", args=[workshop.slug]): (kind, workshop.slug, "page"),
        reverse("workshops:participant_export_csv", args=[workshop.slug]): (kind, workshop.slug, "file"),
        reverse("workshops:participant_edit", args=[workshop.slug, person.pk]): (kind, mine, "form"),
        reverse("workshops:history", args=[workshop.slug]): (kind, workshop.slug, "history"),
        reverse("admin:workshops_participant_change", args=[person.pk]): (kind, str(person.pk), "admin"),
        reverse("workshops:workshop_leaders", args=[workshop.slug]): ("workshops.Leader", workshop.slug, "form"),
    }


def test_each_way_of_looking_is_noted(as_role, workshop, person):
    client = as_role("planner")
    for address, line in places(workshop, person).items():
        PersonalAccess.objects.all().delete()
        assert client.get(address).status_code == 200, address
        assert noted() == [("planner", *line)], address


def test_the_second_look_of_the_day_moves_the_line_on(as_role, workshop, person):
    client = as_role("planner")
    for _look in range(2):
        client.get(reverse("workshops:participants", args=[workshop.slug]))
    line = PersonalAccess.objects.get()
    assert line.last_at > line.first_at


@pytest.mark.parametrize("role", ["verifier", "pokja_member", "opd_user", "village_user", "viewer", None])
def test_who_is_shown_none_is_not_noted(as_role, workshop, person, role):
    client = as_role(role)
    for address in places(workshop, person):
        answer = client.get(address)
        assert "0812-000" not in answer.content.decode()
    assert [line for line in noted() if line[1] == "workshops.Participant"] == []


@pytest.mark.parametrize(("role", "count"), [("planner", 2), ("verifier", 0)])
def test_the_api_notes_lists_and_single_records(api, workshop, person, role, count):
    program = api(role)
    assert program.get("/api/v1/participants/").status_code == 200
    assert program.get(f"/api/v1/participants/{person.pk}/").status_code == 200
    assert [line[1:] for line in noted()] == [
        ("workshops.Participant", "", "api"),
        ("workshops.Participant", str(person.pk), "api"),
    ][:count]


def test_accounts_in_the_administration_are_noted(as_role, people):
    as_role("admin").get(reverse("admin:core_user_change", args=[people["viewer"].pk]))
    assert noted() == [("admin", "core.User", str(people["viewer"].pk), "admin")]


def test_the_export_of_one_person_is_noted_without_the_name(person):
    call_command("personal_data", "--person", "Sari Contoh")
    assert noted() == [(None, "core.User", "", "command")]


def test_the_log_is_read_by_the_administrator_alone_and_changed_by_nobody(as_role, workshop, person):
    as_role("planner").get(reverse("workshops:participants", args=[workshop.slug]))
    address = reverse("admin:core_personalaccess_changelist")
    assert as_role("planner").get(address).status_code == 403
    client = as_role("admin")
    assert client.get(address).status_code == 200
    line = PersonalAccess.objects.get()
    assert client.post(reverse("admin:core_personalaccess_delete", args=[line.pk]), {"post": "yes"}).status_code == 403
