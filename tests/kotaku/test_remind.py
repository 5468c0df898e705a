"""`manage.py remind`: each thing once, one mail a person, and never twice whatever happens in between."""

import datetime
import io
import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from jsonschema import Draft202012Validator

from agreements import reminding
from agreements.models import FollowUp, FollowUpChange
from core import reminders
from core.models import Reminder
from core.refusals import Refused
from kotaku.management.commands import remind
from tests import factories
from tests.agreements import records
from tests.kotaku.mail_catcher import caught_mails

pytestmark = pytest.mark.django_db
SCHEMA = Draft202012Validator(
    json.loads((Path(__file__).resolve().parents[2] / "docs/schemas/remind-output.schema.json").read_text())
)
DUE = datetime.date(2026, 4, 1)  # a Wednesday


def days_before(days: int) -> datetime.date:
    return DUE - datetime.timedelta(days=days)


def run(on: datetime.date, *arguments):
    """(what is told, stderr)."""
    out, err = io.StringIO(), io.StringIO()
    call_command("remind", "--on", on.isoformat(), "--format", "json", *arguments, stdout=out, stderr=err)
    told = json.loads(out.getvalue())
    SCHEMA.validate(told)
    return told, err.getvalue()


@pytest.fixture
def owner(agency):
    return factories.UserFactory(username="petugas", name="Petugas Contoh", role="opd_user", organization=agency)


@pytest.fixture
def agreement(db):
    return records.drafted().agreements.get()


@pytest.fixture
def follow_up(agreement, agency, owner):
    return records.follow_up(agreement, agency, activity="Bangun jamban", due_on=DUE)


@pytest.fixture
def somebody(db):
    """Who plans, and owns nothing."""
    return factories.UserFactory(role="planner")


# --- when -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("days", "kind"),
    [
        (15, None),
        (14, "due_14"),
        (11, "due_14"),
        (10, None),
        (4, None),
        (3, "due_3"),
        (0, "due_3"),
        (-1, "overdue"),
        (-400, "overdue"),
    ],
)
def test_the_days_before_and_after(follow_up, days, kind):
    told, _err = run(days_before(days))
    assert told == {"sent": int(kind is not None), "skipped": 0, "by_kind": {kind: 1} if kind else {}}
    assert len(mail.outbox) == told["sent"]


def test_over_the_weeks_each_stage_is_told_once_and_the_digest_weekly(follow_up):
    sent = {}
    for days in range(20, -22, -1):
        told, _err = run(days_before(days))
        if told["sent"]:
            sent[days] = list(told["by_kind"])
    # Due on a Wednesday: the digest comes the day after, then on Mondays.
    assert sent == {14: ["due_14"], 3: ["due_3"], -1: ["overdue"], -5: ["overdue"], -12: ["overdue"], -19: ["overdue"]}


def test_a_missed_day_is_caught_up_with_and_the_second_run_is_silent(follow_up):
    assert run(days_before(12))[0] == {"sent": 1, "skipped": 0, "by_kind": {"due_14": 1}}
    assert run(days_before(12))[0] == {"sent": 0, "skipped": 1, "by_kind": {}}
    assert run(days_before(11))[0]["sent"] == 0
    assert len(mail.outbox) == 1


def test_another_due_date_is_told_anew(follow_up, somebody):
    run(days_before(3))
    follow_up.due_on = DUE + datetime.timedelta(days=30)
    follow_up.record(by=somebody, at=records.AT)
    assert run(follow_up.due_on - datetime.timedelta(days=3))[0]["by_kind"] == {"due_3": 1}


@pytest.mark.parametrize("verb", ["cancel", "finish"])
def test_what_is_done_or_cancelled_reminds_nobody(follow_up, somebody, verb):
    if verb == "cancel":
        follow_up.cancel(by=somebody, at=records.AT, reason="Uji")
    else:
        FollowUp.objects.update(status="done", done_on=DUE)
    assert run(days_before(3))[0] == {"sent": 0, "skipped": 0, "by_kind": {}}


@pytest.mark.parametrize("status", ["draft", "cancelled"])
def test_a_workshop_that_is_drafted_or_cancelled_reminds_nobody(follow_up, status):
    type(follow_up.workshop).objects.update(status=status)
    assert run(days_before(3))[0]["sent"] == 0


# --- whom -----------------------------------------------------------------------------------------------


def test_one_mail_a_person_holds_all_kinds(agreement, agency, owner):
    for days in (14, 3, -1, -2):
        records.follow_up(agreement, agency, activity=f"Kegiatan {days}", due_on=DUE + datetime.timedelta(days=days))
    told, _err = run(DUE)
    assert told == {"sent": 1, "skipped": 0, "by_kind": {"due_14": 1, "due_3": 1, "overdue": 1}}
    (sent,) = mail.outbox
    assert sent.to == [owner.email]
    assert sent.subject == "[kotaku] Pengingat: 4 hal untuk ditindaklanjuti"
    places = [sent.body.index(text) for text in ("Kegiatan 14", "Kegiatan 3", "Kegiatan -2", "Kegiatan -1")]
    assert len(set(places)) == 4


def test_owners_are_those_of_the_organization_and_of_the_village(people, agreement, village):
    """Who reads only, plans for somebody else or lives elsewhere is not reminded."""
    other = factories.OrganizationFactory()
    stranger = factories.UserFactory(role="opd_user", organization=factories.OrganizationFactory())
    mate = factories.UserFactory(role="opd_user", organization=other)
    district_user = factories.UserFactory(role="village_user", region=village.parent)
    factories.UserFactory(role="viewer", organization=other)
    factories.UserFactory(role="opd_user", organization=other, email="")
    factories.UserFactory(role="opd_user", organization=other, is_active=False)
    elsewhere = factories.UserFactory(role="village_user", region=factories.VillageFactory(code="19.05.01.1999"))
    records.follow_up(agreement, other, region=village, due_on=DUE)
    run(days_before(3))
    reached = {address for sent in mail.outbox for address in sent.to}
    assert reached == {mate.email, district_user.email, people["village_user"].email}
    assert not reached & {stranger.email, elsewhere.email}


def test_what_nobody_can_be_told_of_is_counted(agreement):
    records.follow_up(agreement, factories.OrganizationFactory(), due_on=DUE)
    assert run(days_before(3))[0] == {"sent": 0, "skipped": 1, "by_kind": {}}


# --- quiet ----------------------------------------------------------------------------------------------


def test_a_paused_follow_up_is_quiet_until_that_day(follow_up, owner, somebody):
    follow_up.pause_reminders(by=somebody, at=records.AT, until=days_before(3))
    assert run(days_before(3))[0] == {"sent": 0, "skipped": 1, "by_kind": {}}
    assert run(days_before(2))[0]["by_kind"] == {"due_3": 1}
    change = FollowUpChange.objects.last()
    assert (change.verb, change.after) == ("pause", {"reminders_paused_until": "2026-03-29"})


def test_pausing_is_no_sign_of_life_and_can_be_taken_back(follow_up, somebody):
    before = FollowUp.objects.get().updated_on
    follow_up.pause_reminders(by=somebody, at=records.AT + datetime.timedelta(days=9), until=DUE)
    assert FollowUp.objects.get().updated_on == before
    assert follow_up.pause_reminders(by=somebody, at=records.AT, until=DUE) is None
    follow_up.pause_reminders(by=somebody, at=records.AT, until=None)
    assert run(days_before(3))[0]["sent"] == 1


def test_a_pause_is_refused_for_the_past_and_for_what_is_over(follow_up, somebody):
    with pytest.raises(Exception, match="lewat"):
        follow_up.pause_reminders(by=somebody, at=records.AT, until=datetime.date(2026, 3, 9))
    follow_up.cancel(by=somebody, at=records.AT, reason="Uji")
    with pytest.raises(Refused):
        follow_up.pause_reminders(by=somebody, at=records.AT, until=DUE)


def test_a_paused_person_is_quiet_and_the_others_are_not(follow_up, owner, agency):
    mate = factories.UserFactory(role="opd_user", organization=agency)
    owner.pause_reminders(days_before(3))
    assert run(days_before(3))[0] == {"sent": 1, "skipped": 1, "by_kind": {"due_3": 1}}
    assert mail.outbox[0].to == [mate.email]
    assert run(days_before(2))[0]["sent"] == 1
    assert mail.outbox[1].to == [owner.email]


# --- the mail itself ------------------------------------------------------------------------------------


@pytest.fixture
def server(settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.SITE_URL = "https://kotaku.contoh.test"
    with caught_mails() as catcher:
        settings.EMAIL_PORT = catcher.port
        yield catcher


def test_the_mail_as_it_arrives(server, follow_up, owner):
    told, err = run(days_before(14))
    assert (told["sent"], err) == (1, "")
    (arrived,) = server.mails
    assert server.recipients == [owner.email]
    assert arrived["Subject"] == "[kotaku] Pengingat: 1 hal untuk ditindaklanjuti"
    assert [part.get_content_type() for part in arrived.walk()] == ["text/plain"]
    body = arrived.get_content()
    assert "Yth. Petugas Contoh," in body
    assert "Jatuh tempo dalam 14 hari:" in body
    assert "- 1.1 Bangun jamban (jatuh tempo 1 April 2026, 14 hari lagi)" in body
    assert f"  https://kotaku.contoh.test{follow_up.get_absolute_url()}" in body
    assert "https://kotaku.contoh.test/account/" in body
    assert not re.search(r"</?[a-z]+>|&[a-z#0-9]+;", body)
    assert all(url.startswith("https://kotaku.contoh.test/") for url in re.findall(r"https?://\S+", body))
    assert "\n\n\n" not in body.replace("\r\n", "\n")


def test_the_mail_is_indonesian_though_the_command_speaks_english(server, follow_up):
    run(days_before(3), "--language", "en")
    assert "Jatuh tempo dalam 3 hari:" in server.mails[0].get_content()


def test_signs_of_markup_arrive_as_they_were_written(server, agreement, agency, owner):
    records.follow_up(agreement, agency, activity="Jalan < 3 m & “drainase”", due_on=DUE)
    run(days_before(3))
    assert "Jalan < 3 m & “drainase”" in server.mails[0].get_content()


def test_many_lines_are_cut_and_say_where_the_rest_stands(agreement, agency, owner):
    for number in range(25):
        records.follow_up(agreement, agency, activity=f"Kegiatan nomor {number}", due_on=days_before(30))
    run(DUE)
    body = mail.outbox[0].body
    assert body.count("Kegiatan nomor") == reminders.LINES_OF_A_KIND
    assert "dan 5 lagi: http" in body
    assert "overdue=true" in body
    assert "25 hal" in mail.outbox[0].subject


# --- dry run, arguments, text ----------------------------------------------------------------------------


def test_a_dry_run_sends_and_stores_nothing(follow_up):
    told, _err = run(days_before(3), "--dry-run")
    assert told == {"sent": 1, "skipped": 0, "by_kind": {"due_3": 1}}
    assert (mail.outbox, Reminder.objects.count()) == ([], 0)
    assert run(days_before(3))[0] == told


def test_a_date_that_is_none_is_unusable():
    with pytest.raises(CommandError) as caught:
        call_command("remind", "--on", "kemarin")
    assert caught.value.returncode == 2
    assert "kemarin" in str(caught.value)


def test_the_text_is_indonesian_unless_english_is_asked_for(follow_up):
    for language, sentence in (
        ("id", "1 pesan akan dikirim, 0 pengingat dilewati."),
        ("en", "1 messages would be sent"),
    ):
        out = io.StringIO()
        call_command("remind", "--on", days_before(3).isoformat(), "--dry-run", "--language", language, stdout=out)
        assert sentence in out.getvalue()


def test_an_app_adds_a_source_and_nothing_else(monkeypatch, owner):
    kind = reminders.Kind("check_due", "Pemeriksaan tahunan:", "/assets/")

    def source(on):
        key = reminders.key_of(kind, "asset-1", on, owner)
        return reminders.Found([reminders.Due(owner, kind, key, (reminders.Line("Periksa sumur", "/assets/1/"),))])

    monkeypatch.setattr(remind, "SOURCES", [reminding.due_follow_ups, source])
    assert run(DUE)[0]["by_kind"] == {"check_due": 1}
    assert "Periksa sumur" in mail.outbox[0].body


# --- when something breaks ------------------------------------------------------------------------------


def three_owners(agreement):
    """Three people of three organizations with one thing due each."""
    people = []
    for number in range(3):
        agency = factories.OrganizationFactory()
        people.append(
            factories.UserFactory(
                username=f"petugas{number}", role="opd_user", organization=agency, name=f"Petugas {number}"
            )
        )
        records.follow_up(agreement, agency, due_on=DUE)
    return people


def test_a_server_that_is_away_leaves_nothing_in_doubt(settings, follow_up):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    with pytest.raises(CommandError) as caught:
        run(days_before(3))
    assert caught.value.returncode == 1
    assert Reminder.objects.count() == 0


def test_what_the_server_refuses_is_told_and_tried_again(server, agreement):
    people = three_owners(agreement)
    server.answer = lambda number: "550 kotak surat penuh" if number == 2 else "250 OK"
    told, err = run(days_before(3))
    assert told["sent"] == 2
    assert f"{people[1]}" in err
    assert "kotak surat penuh" in err
    server.answer = lambda number: "250 OK"
    assert run(days_before(3))[0]["sent"] == 1
    assert server.recipients == [people[0].email, people[1].email, people[2].email, people[1].email]


def test_a_line_that_breaks_leaves_it_to_a_person(server, agreement):
    people = three_owners(agreement)
    real = reminders.EmailMessage.send

    def send(message, *args, **kwargs):
        answer = real(message, *args, **kwargs)
        if message.to == [people[1].email]:
            raise TimeoutError
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reminders.EmailMessage, "send", send)
        told, err = run(days_before(3))
    assert told["sent"] == 2
    assert str(people[1]) in err
    told, err = run(days_before(3))
    assert (told["sent"], server.recipients.count(people[1].email)) == (0, 1)
    assert str(people[1]) in err


def test_two_runs_at_once_claim_each_key_once(follow_up, owner):
    """What another run claimed between looking and sending is left to it."""
    kinds = {"a:1": "a", "b:2": "b"}
    first = Reminder.claim(mail="0" * 32, recipient=owner, kinds={"a:1": "a"}, run_on=DUE, at=timezone.now())
    second = Reminder.claim(mail="1" * 32, recipient=owner, kinds=kinds, run_on=DUE, at=timezone.now())
    assert (first, second) == ({"a:1"}, {"b:2"})
    assert set(Reminder.objects.values_list("kind", "key", "recipient", "run_on")) == {
        ("a", "a:1", owner.pk, DUE),
        ("b", "b:2", owner.pk, DUE),
    }


@pytest.mark.parametrize(("action", "again"), [("call_sent", 0), ("send_again", 1)])
def test_the_admin_settles_what_nobody_knows(as_role, follow_up, owner, people, action, again):
    run(days_before(3))
    claimed = Reminder.objects.filter(recipient=owner)
    claimed.update(sent_at=None)
    client = as_role("admin")
    page = client.get("/admin/core/reminder/?sent=unknown")
    assert "Petugas Contoh" in page.content.decode()
    client.post(
        "/admin/core/reminder/", {"action": action, "_selected_action": list(claimed.values_list("pk", flat=True))}
    )
    told, err = run(days_before(3))
    assert (told["sent"], err) == (again, "")


def test_others_settle_nothing(as_role, follow_up, people):
    run(days_before(3))
    Reminder.objects.update(sent_at=None)
    for role in ("planner", "verifier", "opd_user", "viewer"):
        as_role(role).post(
            "/admin/core/reminder/", {"action": "send_again", "_selected_action": [Reminder.objects.first().pk]}
        )
    assert Reminder.objects.unconfirmed().exists()


# --- how much it asks -----------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [1, 400])
def test_ten_queries_and_two_a_message(agreement, number):
    """Also where one person has hundreds of things due on the same day."""
    people = three_owners(agreement)
    FollowUp.objects.bulk_create(
        FollowUp(
            workshop=agreement.workshop, agreement=agreement, order=order + 10, activity=f"Kegiatan {order}",
            responsible_organization=people[order % 3].organization, due_on=DUE, updated_on=records.DAY,
        )
        for order in range(number)
    )  # fmt: skip
    with CaptureQueriesContext(connection) as seen:
        told, _err = run(days_before(3))
    assert (told["sent"], told["by_kind"]) == (3, {"due_3": number + 3})
    assert len(seen) <= 10 + 2 * 3
    with CaptureQueriesContext(connection) as seen:
        assert run(days_before(3))[0]["sent"] == 0
    assert len(seen) <= 10


# --- kill -9 --------------------------------------------------------------------------------------------


def database_url() -> str:
    stored = connection.settings_dict
    if connection.vendor == "sqlite":
        return f"sqlite:///{stored['NAME']}"
    return f"postgres://{stored['USER']}:{stored['PASSWORD'] or ''}@{stored['HOST']}:{stored['PORT'] or 5432}/{stored['NAME']}"


def process(port, settings):
    return subprocess.Popen(  # noqa: S603 - our own command
        [sys.executable, "manage.py", "remind", "--on", days_before(3).isoformat(), "--format", "json"],
        cwd=settings.BASE_DIR,
        env={
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "kotaku.settings",
            "DATABASE_URL": database_url(),
            "EMAIL_URL": f"smtp://127.0.0.1:{port}",
            "DEBUG": "0",
            "SECRET_KEY": "x" * 50,
            "ALLOWED_HOSTS": "localhost",
        },
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("deliver", [True, False], ids=["after it was taken", "before it was taken"])
def test_killed_in_the_middle_it_never_sends_twice_and_says_what_nobody_knows(settings, deliver):
    people = three_owners(records.drafted().agreements.get())
    with caught_mails() as catcher:
        running = []

        def kill(number):
            if number == 2:
                running[0].send_signal(signal.SIGKILL)
                running[0].wait()
                if not deliver:
                    catcher.mails.pop()
                    catcher.recipients.pop()
                    return "451 try later"
            return "250 OK"

        catcher.answer = kill
        running.append(process(catcher.port, settings))
        running[0].communicate(timeout=60)
        assert running[0].returncode == -signal.SIGKILL
        states = {
            row.recipient.username: row.sent_at is not None for row in Reminder.objects.select_related("recipient")
        }
        assert states == {"petugas0": True, "petugas1": False}

        catcher.answer = lambda number: "250 OK"
        for sent in (1, 0):
            again = process(catcher.port, settings)
            out, err = again.communicate(timeout=60)
            assert again.returncode == 0, err
            assert json.loads(out)["sent"] == sent
            assert "Petugas 1" in err
    addresses = [person.email for person in people]
    assert sorted(catcher.recipients) == (sorted(addresses) if deliver else [addresses[0], addresses[2]])
