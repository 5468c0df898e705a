"""The pages of one workshop: what is asked, where a mistake is shown, and what the next step is."""

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from django.utils import timezone

from tests import factories
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


# --- the next step -----------------------------------------------------------------------------------------


def test_the_organizer_is_ones_own_agency_until_another_is_chosen(as_role, agency):
    answer = as_role("planner").get(reverse("workshops:workshop_create"))
    assert answer.context["form"]["organizer"].value() == agency.pk


def test_inviting_nobody_is_pointed_out_with_the_way_to_the_list(as_role, workshop):
    client, way = as_role("planner"), url("participant_invite", workshop)
    assert way in client.get(url("workshop_invite", workshop)).content.decode()
    factories.ParticipantFactory(workshop=workshop, is_invited=True)
    assert way not in client.get(url("workshop_invite", workshop)).content.decode()


@pytest.mark.parametrize(("days", "warned"), [(1, True), (0, False), (-1, False)])
def test_starting_before_the_day_is_pointed_out(as_role, workshop, days, warned):
    Workshop.objects.update(held_on=timezone.localdate() + datetime.timedelta(days))
    answer = as_role("planner").get(url("workshop_start", workshop))
    assert ("notice-warning" in answer.content.decode()) == warned


@pytest.mark.parametrize("verb", Workshop.TRANSITIONS)
def test_every_step_says_what_was_done_once(as_role, workshop, verb):
    put_in(workshop, min(Workshop.TRANSITIONS[verb][0]))
    client = as_role("admin")
    for level in ("success", "error"):
        answer = client.post(url(f"workshop_{verb}", workshop), {"reason": "Alasan uji."}, follow=True)
        assert [message.level_tag for message in answer.context["messages"]] == [level]


def test_the_letter_is_saved_and_printed_on_one_page(as_role, workshop):
    client, page = as_role("planner"), url("workshop_invitation", workshop)
    answer = client.post(page, {"invitation_number": "005/1", "invitation_nature": "Biasa"}, follow=True)
    assert answer.redirect_chain == [(page, 302)]
    assert url("invitation_pdf", workshop) in answer.content.decode()
    workshop.refresh_from_db()
    assert workshop.invitation_number == "005/1"


@pytest.mark.parametrize("page", ["workshop_invitation", "workshop_leaders", "files"])
def test_a_missing_signer_is_told_before_printing(as_role, workshop, page):
    client = as_role("planner")
    assert client.get(url(page, workshop)).context["dotted"]
    for role in ("inviter", "chair", "minute_taker"):
        factories.LeaderFactory(workshop=workshop, role=role)
    assert not client.get(url(page, workshop)).context["dotted"]


@pytest.mark.parametrize("page", ["workshop_edit", "workshop_record", "workshop_areas", "workshop_wording"])
def test_signers_are_not_spoken_of_where_nothing_is_signed(as_role, workshop, page):
    assert not as_role("planner").get(url(page, workshop)).context["dotted"]


def test_the_last_moment_to_name_who_signs_the_minutes_is_pointed_out(as_role, workshop):
    put_in(workshop, "in_progress")
    way = url("workshop_leaders", workshop)
    assert way in as_role("planner").get(url("workshop_finish", workshop)).content.decode()
    put_in(workshop, "correction")
    answer = as_role("verifier").get(url("workshop_close", workshop))
    assert answer.context["dotted"]
    assert way not in answer.content.decode()


def test_a_workshop_without_a_place_cannot_be_announced_but_is_shown_the_way(as_role, workshop):
    client, way = as_role("planner"), url("workshop_edit", workshop)
    assert way not in client.get(url("workshop_invite", workshop)).content.decode()
    Workshop.objects.update(place="")
    page = client.get(url("workshop_invite", workshop)).content.decode()
    assert (way in page, "btn-primary" in page) == (True, False)


@pytest.mark.parametrize(
    ("status", "offered"), [("draft", False), ("invited", False), ("in_progress", True), ("closed", True)]
)
def test_a_report_cannot_be_sent_before_the_event(as_role, workshop, status, offered):
    put_in(workshop, status)
    assert (
        url("workshop_report_sent", workshop)
        in as_role("planner").get(url("workshop_detail", workshop)).content.decode()
    ) == offered


@pytest.mark.parametrize(
    ("role", "status", "offered"),
    [("planner", "in_progress", True), ("planner", "invited", False), ("verifier", "in_progress", False)],
)
def test_check_in_is_one_tap_from_the_overview_while_the_event_runs(as_role, workshop, role, status, offered):
    put_in(workshop, status)
    page = as_role(role).get(url("workshop_detail", workshop)).content.decode()
    assert (f'href="{url("check_in", workshop)}"' in page) == offered


@pytest.mark.parametrize(
    ("status", "invited", "offered"), [("draft", True, True), ("draft", False, False), ("invited", True, False)]
)
def test_who_has_a_list_is_shown_the_way_to_announce(as_role, workshop, status, invited, offered):
    put_in(workshop, status)
    factories.ParticipantFactory(workshop=workshop, is_invited=invited)
    page = as_role("planner").get(url("participants", workshop)).content.decode()
    assert (url("workshop_invite", workshop) in page) == offered


def test_the_overview_says_from_which_agency_somebody_comes(as_role, workshop):
    factories.LeaderFactory(workshop=workshop, role="moderator", organization_name="Dinas <Uji>")
    assert "Dinas &lt;Uji&gt;" in as_role("planner").get(url("workshop_detail", workshop)).content.decode()


# --- the minutes and the files -----------------------------------------------------------------------------


@pytest.mark.parametrize("page", ["minutes", "check_in"])
def test_going_back_shows_what_was_saved_meanwhile(as_role, workshop, page):
    assert "no-store" in as_role("planner").get(url(page, workshop))["Cache-Control"]


@pytest.mark.parametrize(
    ("role", "status", "ways"),
    [
        ("planner", "in_progress", ["finish"]),
        ("planner", "correction", []),
        ("verifier", "correction", ["close"]),
        ("verifier", "in_progress", []),
        ("viewer", "closed", []),
        ("planner", "draft", []),
    ],
)
def test_the_minutes_lead_to_the_next_step_of_those_who_may_take_it(as_role, workshop, role, status, ways):
    put_in(workshop, status)
    page = as_role(role).get(url("minutes", workshop)).content.decode()
    assert [verb for verb in ("finish", "close") if url(f"workshop_{verb}", workshop) in page] == ways


@pytest.mark.parametrize(("status", "running"), [("in_progress", True), ("correction", False), ("closed", False)])
def test_nothing_runs_any_more_when_the_event_is_over(as_role, workshop, status, running):
    factories.AgendaItemFactory(workshop=workshop, actual_start=datetime.time(9))
    put_in(workshop, status)
    page = as_role("planner").get(url("minutes", workshop)).content.decode()
    assert ("pill-in_progress" in page.split("data-minutes>")[1]) == running


def test_a_file_that_is_not_what_its_name_says_is_refused_where_one_looks(as_role, workshop):
    sent = {"file": SimpleUploadedFile("foto.jpg", b"bukan gambar"), "kind": "other", "title": "Foto"}
    answer = as_role("planner").post(url("files", workshop), sent)
    assert list(answer.context["form"].errors) == ["file"]
    assert 'href="#add-file"' in answer.content.decode()
    assert not workshop.attachments.exists()


# --- the history -------------------------------------------------------------------------------------------


def test_the_history_writes_moments_times_and_names_as_people_do(as_role, workshop, planner, agency, moment):
    person = factories.ParticipantFactory(workshop=workshop)
    put_in(workshop, "in_progress")
    person.refresh_from_db()
    person.arrive(at=moment(9, 5), by=planner)
    workshop.start_time, workshop.organizer = datetime.time(8, 45), agency
    workshop.save()
    page = as_role("planner").get(url("history", workshop)).context["page_obj"]
    shown = {(before, after) for change in page for _label, before, after in change.fields}
    assert {("–", "10 Mar 2026, 09.05"), ("09.00", "08.45"), ("–", str(agency))} <= shown
