"""Due dates in the calendar, the message to share, and pausing on the page."""

import datetime

import pytest
from icalendar import Calendar

from agreements.models import FollowUp, FollowUpChange
from agreements.reading import VERB_ICONS
from agreements.reminding import share_text
from tests import factories
from tests.agreements import records

pytestmark = pytest.mark.django_db
DUE = datetime.date(2026, 4, 1)


@pytest.fixture
def today(monkeypatch):
    monkeypatch.setattr("django.utils.timezone.localdate", lambda *args: records.DAY)
    return records.DAY


def events(client, user):
    answer = client.get(f"/workshops/feed/{user.feed_secret}/kotaku.ics")
    assert answer["Content-Type"].startswith("text/calendar")
    return {str(event["UID"]): event for event in Calendar.from_ical(answer.content).walk("VEVENT")}


# --- calendar -------------------------------------------------------------------------------------------


def test_the_feed_holds_workshops_and_the_own_due_dates(client, people, agency, today):
    workshop = records.published(people["planner"])
    agreement = workshop.agreements.get()
    own = records.follow_up(agreement, agency, activity="Bangun jamban", due_on=DUE, location="Kampung Uji")
    other = records.follow_up(agreement, factories.OrganizationFactory(), due_on=DUE)
    undated = records.follow_up(agreement, agency)
    found = events(client, people["opd_user"])
    assert f"workshop-{workshop.pk}@testserver" in found
    assert not {f"follow-up-{row.pk}@testserver" for row in (other, undated)} & set(found)
    event = found[f"follow-up-{own.pk}@testserver"]
    assert (event.decoded("dtstart"), event.decoded("dtend")) == (DUE, datetime.date(2026, 4, 2))
    assert str(event["summary"]) == "Tenggat 1.1: Bangun jamban"
    assert str(event["url"]) == f"http://testserver{own.get_absolute_url()}"
    assert str(event["location"]) == "Kampung Uji"
    assert str(event["status"]) == "CONFIRMED"


def test_a_change_raises_the_sequence_and_a_cancelled_one_says_so(client, people, agency, today):
    row = records.follow_up(records.published(people["planner"]).agreements.get(), agency, due_on=DUE)
    uid = f"follow-up-{row.pk}@testserver"
    before = events(client, people["opd_user"])[uid]
    row.cancel(by=people["planner"], at=records.AT + datetime.timedelta(days=1), reason="Uji")
    after = events(client, people["opd_user"])[uid]
    assert int(after["sequence"]) > int(before["sequence"])
    assert after.decoded("dtstamp") > before.decoded("dtstamp")
    assert str(after["status"]) == "CANCELLED"


def test_what_is_long_over_stays_out_but_not_what_is_late(client, people, agency, today):
    agreement = records.published(people["planner"]).agreements.get()
    day = today - datetime.timedelta(days=400)
    late, over = (records.follow_up(agreement, agency, due_on=day) for _count in range(2))
    FollowUp.objects.filter(pk=over.pk).update(status="done", done_on=day)
    found = events(client, people["opd_user"])
    assert f"follow-up-{late.pk}@testserver" in found
    assert f"follow-up-{over.pk}@testserver" not in found


def test_a_draft_of_a_workshop_is_in_no_calendar_of_an_agency(client, people, agency, today):
    workshop = records.drafted()
    records.follow_up(workshop.agreements.get(), agency, due_on=DUE)
    type(workshop).objects.update(status="draft")
    assert events(client, people["opd_user"]) == {}


def test_a_renewed_address_closes_the_old_one_for_both(client, people, agency):
    old = people["opd_user"].feed_secret
    people["opd_user"].renew_feed()
    assert client.get(f"/workshops/feed/{old}/kotaku.ics").status_code == 404


def test_the_feed_asks_the_same_number_of_queries_for_more(client, people, agency, today, django_assert_num_queries):
    agreement = records.published(people["planner"]).agreements.get()
    for _count in range(2):
        records.follow_up(agreement, agency, due_on=DUE)
        with django_assert_num_queries(5):
            events(client, people["opd_user"])


# --- message to share -----------------------------------------------------------------------------------


def test_the_message_says_what_who_until_when_and_where(agency, planner):
    row = records.follow_up(records.drafted().agreements.get(), agency, activity="Bangun jamban", due_on=DUE)
    told = share_text(row, "https://contoh.test/1/", DUE + datetime.timedelta(days=2))
    assert told.splitlines() == [
        "*Tindak lanjut 1.1*",
        "Bangun jamban",
        "Penanggung jawab: Disperkimhub",
        "Tenggat: 1 April 2026 (terlambat 2 hari)",
        "Status: belum dimulai, fisik 0%",
        "https://contoh.test/1/",
    ]
    assert "terlambat" not in share_text(row, "https://contoh.test/1/", DUE)


def test_a_long_activity_is_cut_and_a_missing_date_left_out(agency):
    row = records.follow_up(records.drafted().agreements.get(), agency, activity="kata " * 200)
    told = share_text(row, "https://contoh.test/1/", DUE)
    assert len(told) < 320
    assert "Tenggat" not in told


def test_the_page_offers_the_message(as_role, people, agency):
    row = records.follow_up(records.published(people["planner"]).agreements.get(), agency, activity="Jalan < 3 m")
    page = as_role("viewer").get(row.get_absolute_url()).content.decode()
    assert "Jalan &lt; 3 m\nPenanggung jawab: Disperkimhub" in page
    assert f"http://testserver{row.get_absolute_url()}</textarea>" in page
    assert "js/share.js" in page
    assert "/pause/" not in page


# --- pausing --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "status"),
    [("planner", 302), ("opd_user", 302), ("verifier", 403), ("pokja_member", 403), ("viewer", 403), (None, 302)],
)
def test_who_may_pause_a_follow_up(as_role, people, agency, role, status):
    row = records.follow_up(records.published(people["planner"]).agreements.get(), agency)
    answer = as_role(role).post(f"{row.get_absolute_url()}pause/", {"until": "2099-12-31"})
    assert answer.status_code == status
    stored = FollowUp.objects.get().reminders_paused_until
    assert stored == (datetime.date(2099, 12, 31) if role in ("planner", "opd_user") else None)


def test_somebody_elses_follow_up_is_not_paused(as_role, people):
    row = records.follow_up(records.published(people["planner"]).agreements.get(), factories.OrganizationFactory())
    assert as_role("opd_user").post(f"{row.get_absolute_url()}pause/", {"until": "2099-12-31"}).status_code == 403


@pytest.mark.parametrize("day", ["2020-01-01", "kapan"])
def test_a_day_that_makes_no_sense_is_told(as_role, people, agency, day):
    row = records.follow_up(records.published(people["planner"]).agreements.get(), agency)
    answer = as_role("planner").post(f"{row.get_absolute_url()}pause/", {"until": day}, follow=True)
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    assert FollowUp.objects.get().reminders_paused_until is None


def test_a_person_pauses_and_resumes_on_the_account_page(as_role, people):
    client, user = as_role("opd_user"), people["opd_user"]
    client.post("/account/reminders/", {"until": "2099-12-31"})
    user.refresh_from_db()
    assert user.reminders_paused_until == datetime.date(2099, 12, 31)
    assert 'value="2099-12-31"' in client.get("/account/").content.decode()
    client.post("/account/reminders/", {"until": ""})
    user.refresh_from_db()
    assert user.reminders_paused_until is None
    assert client.get("/account/reminders/").status_code == 405


def test_every_verb_of_a_follow_up_has_its_picture():
    assert set(VERB_ICONS) == set(FollowUpChange.VERBS)
