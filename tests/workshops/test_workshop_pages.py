"""The pages of one workshop: what is asked, where a mistake is shown, and what the next step is."""

import pytest
from django.urls import reverse

from workshops.models import Workshop

NEW = {
    "title": "Rapat Uji",
    "programme": "KOTAKU",
    "level": "regency",
    "held_on": "2026-03-10",
    "start_time": "09:00",
    "end_time": "12:00",
    "place": "Balai Uji",
}


def url(name, workshop, *args):
    return reverse(f"workshops:{name}", args=[workshop.slug, *args])


def put_in(workshop, status):
    Workshop.objects.filter(pk=workshop.pk).update(status=status)
    workshop.refresh_from_db()


def create(client, **changed):
    answer = client.post(reverse("workshops:workshop_create"), NEW | changed)
    return {} if answer.status_code == 302 else answer.context["form"].errors


@pytest.mark.parametrize(
    ("changed", "field"), [({"end_time": "08:00"}, "end_time"), ({"call_time": "10:00"}, "call_time")]
)
def test_a_wrong_time_is_shown_at_its_field(as_role, changed, field):
    assert list(create(as_role("planner"), **changed)) == [field]
    assert not Workshop.objects.exists()


def test_a_wrong_plan_is_shown_at_its_field(as_role, workshop):
    sent = {"title": "Paparan", "kind": "session", "planned_start": "10:00", "planned_end": "09:00"}
    answer = as_role("planner").post(url("agenda", workshop), sent)
    assert list(answer.context["form"].errors) == ["planned_end"]


def test_going_back_and_saving_again_makes_no_second_workshop(as_role):
    client = as_role("planner")
    assert create(client) == {}
    assert list(create(client, title="  Rapat   Uji ")) == ["title"]
    assert Workshop.objects.count() == 1


@pytest.mark.parametrize("other", [{"place": "Aula"}, {"held_on": "2026-03-11"}, {"start_time": "08:00"}])
def test_another_day_time_or_place_is_another_workshop(as_role, other):
    client = as_role("planner")
    assert (create(client), create(client, **other)) == ({}, {})


def test_a_cancelled_workshop_can_be_planned_again_and_a_saved_one_changed(as_role):
    client = as_role("planner")
    assert create(client) == {}
    put_in(Workshop.objects.get(), "cancelled")
    assert create(client) == {}
    again = Workshop.objects.get(status="draft")
    assert client.post(url("workshop_edit", again), NEW | {"unit": "Bidang Uji"}).status_code == 302
