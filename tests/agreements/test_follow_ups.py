"""What is done about agreements: every step by a verb, each with who, when, what was said, before and after."""

import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import IntegrityError, transaction

from agreements.models import FollowUp, FollowUpChange
from agreements.models.follow_ups import months_later
from core.refusals import Refused
from tests import factories
from tests.agreements.conftest import TODAY
from workshops.models import Workshop

pytestmark = pytest.mark.django_db
REASONED = {"block", "cancel", "reopen"}


def do(follow_up, verb, by, at, **arguments):
    if verb in REASONED:
        arguments.setdefault("reason", "Alasan uji")
    return getattr(follow_up, verb)(by=by, at=at, **arguments)


# --- states -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", FollowUp.Status.values)
@pytest.mark.parametrize("verb", FollowUp.TRANSITIONS)
def test_every_verb_from_every_state(planner, now, status, verb):
    follow_up = factories.FollowUpFactory(status=status)
    factories.EvidenceFactory(follow_up=follow_up)
    target = FollowUp.TRANSITIONS[verb].get(status)
    if target:
        change = do(follow_up, verb, planner, now)
        assert (change.verb, change.by, change.at, change.follow_up) == (verb, planner, now, follow_up)
        assert change.note == ("Alasan uji" if verb in REASONED else "")
        if target != status:
            assert (change.before["status"], change.after["status"]) == (status, target)
    else:
        with pytest.raises(Refused):
            do(follow_up, verb, planner, now)
        assert not follow_up.changes.exists()
    stored = FollowUp.objects.get(pk=follow_up.pk)
    assert stored.status == (target or status)
    stored.full_clean()


@pytest.mark.parametrize("verb", sorted(REASONED))
def test_what_needs_a_reason_is_refused_without_one(planner, now, verb):
    status = "done" if verb == "reopen" else "in_progress"
    follow_up = factories.FollowUpFactory(status=status)
    with pytest.raises(Refused):
        do(follow_up, verb, planner, now, reason="   ")
    assert FollowUp.objects.get().status == status


def test_done_needs_evidence_that_was_not_returned(planner, reviewer, now):
    follow_up = factories.FollowUpFactory(status="in_progress")
    with pytest.raises(Refused):
        follow_up.finish(by=planner, at=now)
    evidence = factories.EvidenceFactory(follow_up=follow_up)
    evidence.send_back(by=reviewer, at=now, note="Tidak terbaca")
    with pytest.raises(Refused):
        follow_up.finish(by=planner, at=now)
    factories.EvidenceFactory(follow_up=follow_up)
    follow_up.finish(by=planner, at=now)
    assert (follow_up.status, follow_up.done_on, follow_up.physical_percent) == ("done", TODAY, 100)


@pytest.mark.parametrize("on", [TODAY + datetime.timedelta(days=1), datetime.date(2026, 1, 31)])
def test_nothing_is_done_tomorrow_or_before_it_starts(planner, now, on):
    follow_up = factories.FollowUpFactory(status="in_progress", starts_on=datetime.date(2026, 2, 1))
    factories.EvidenceFactory(follow_up=follow_up)
    with pytest.raises(ValidationError) as refused:
        follow_up.finish(by=planner, at=now, on=on)
    assert list(refused.value.error_dict) == ["on"]
    assert FollowUp.objects.get().status == "in_progress"


def test_a_report_says_how_far_it_is_and_keeps_before_and_after(planner, now):
    follow_up = factories.FollowUpFactory(updated_on=datetime.date(2026, 1, 1))
    change = follow_up.report(
        by=planner, at=now, note="Pondasi", physical_percent="40.5", financial_percent=30, obstacle="Hujan"
    )
    assert change.before == {
        "status": "not_started", "physical_percent": "0.00", "financial_percent": "0.00", "obstacle": "",
    }  # fmt: skip
    assert change.after == {
        "status": "in_progress", "physical_percent": "40.50", "financial_percent": "30.00", "obstacle": "Hujan",
    }  # fmt: skip
    stored = FollowUp.objects.get()
    assert (stored.physical_percent, stored.updated_on, stored.version) == (Decimal("40.5"), TODAY, 2)
    assert [line[1:] for line in change.lines()][0] == ("belum mulai", "proses") or change.lines()
    follow_up.report(by=planner, at=now, physical_percent=50)
    assert FollowUp.objects.get().obstacle == "Hujan"


@pytest.mark.parametrize("percent", ["101", "-1", "banyak"])
def test_progress_lies_between_nothing_and_all(planner, now, percent):
    follow_up = factories.FollowUpFactory(status="in_progress")
    with pytest.raises(ValidationError) as refused:
        follow_up.report(by=planner, at=now, physical_percent=percent)
    assert list(refused.value.error_dict) == ["physical_percent"]
    assert not follow_up.changes.exists()
    with pytest.raises(IntegrityError), transaction.atomic():
        FollowUp.objects.update(physical_percent=101)


def test_what_is_blocked_says_by_what_until_it_is_not(planner, now):
    follow_up = factories.FollowUpFactory(status="in_progress")
    follow_up.block(by=planner, at=now, reason="Tanah belum jelas")
    with pytest.raises(ValidationError):
        follow_up.report(by=planner, at=now, obstacle="")
    follow_up.report(by=planner, at=now, physical_percent=10)
    assert FollowUp.objects.get().status == "blocked"
    follow_up.unblock(by=planner, at=now)
    assert (follow_up.status, follow_up.obstacle) == ("in_progress", "")


def test_cancelling_keeps_reason_and_approver_and_reopening_takes_them_away(planner, now):
    follow_up = factories.FollowUpFactory()
    follow_up.cancel(by=planner, at=now, reason="Lokasi pindah")
    stored = FollowUp.objects.get()
    assert (stored.cancel_reason, stored.cancelled_by) == ("Lokasi pindah", planner)
    with pytest.raises(Refused):
        stored.record(by=planner, at=now)
    stored.reopen(by=planner, at=now, reason="Lokasi kembali")
    stored = FollowUp.objects.get()
    assert (stored.status, stored.cancel_reason, stored.cancelled_by) == ("in_progress", "", None)


def test_the_second_click_and_someone_elses_change_in_between_are_refused(planner, now):
    follow_up = factories.FollowUpFactory(status="in_progress")
    seen = follow_up.version
    follow_up.report(by=planner, at=now, physical_percent=40, based_on=seen)
    other = FollowUp.objects.get()
    with pytest.raises(Refused, match=str(planner)):
        other.report(by=planner, at=now, physical_percent=40, based_on=seen)
    assert follow_up.changes.count() == 1


def test_no_door_but_the_verbs_changes_the_status(planner, now):
    follow_up = factories.FollowUpFactory()
    follow_up.status, follow_up.physical_percent, follow_up.done_on = "done", 100, TODAY
    follow_up.save()
    follow_up.status = "done"
    follow_up.activity = "Kegiatan lain"
    follow_up.record(by=planner, at=now)
    stored = FollowUp.objects.get()
    assert (stored.status, stored.physical_percent, stored.done_on) == ("not_started", 0, None)
    assert stored.activity == "Kegiatan lain"


# --- plan -------------------------------------------------------------------------------------------------


def test_planning_and_changing_the_plan_leave_lines(agreement, agency, planner, now):
    follow_up = FollowUp(agreement=agreement, activity="Bangun jamban", responsible_organization=agency)
    change = follow_up.record(by=planner, at=now)
    assert (change.verb, change.before["activity"], change.after["activity"]) == ("create", None, "Bangun jamban")
    assert (follow_up.workshop, follow_up.code, follow_up.updated_on) == (agreement.workshop, "1.1", TODAY)
    assert follow_up.record(by=planner, at=now) is None
    follow_up.due_on = datetime.date(2026, 12, 31)
    change = follow_up.record(by=planner, at=now, note="Sesuai APBD")
    assert (change.verb, change.note, change.after) == ("edit", "Sesuai APBD", {"due_on": "2026-12-31"})
    second = FollowUp(agreement=agreement, activity="Lain", responsible_organization=agency)
    second.record(by=planner, at=now)
    assert second.code == "1.2"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"starts_on": datetime.date(2026, 5, 1), "due_on": datetime.date(2026, 4, 30)}, "due_on"),
        ({"volume": -1, "unit": "unit"}, "volume"),
        ({"volume": 3, "unit": ""}, "__all__"),
        ({"activity": ""}, "activity"),
        ({"recurrence": "yearly", "due_on": None}, "__all__"),
        ({"agreement": None}, "__all__"),
    ],
)
def test_a_plan_that_cannot_be_is_refused_by_form_and_database(own, values, field):
    for name, value in values.items():
        setattr(own, name, value)
    with pytest.raises(ValidationError) as refused:
        own.full_clean(exclude=["workshop"])
    assert field in refused.value.error_dict or "__all__" in refused.value.error_dict
    with pytest.raises(IntegrityError), transaction.atomic():
        FollowUp.objects.filter(pk=own.pk).update(**values)


def test_what_comes_again_lays_out_its_next_round_once(own, planner, now):
    partner = factories.OrganizationFactory()
    own.partners.add(partner)
    FollowUp.objects.update(
        status="in_progress",
        recurrence="quarterly",
        starts_on=datetime.date(2026, 1, 31),
        due_on=datetime.date(2026, 3, 31),
    )
    own.refresh_from_db()
    factories.EvidenceFactory(follow_up=own)
    own.finish(by=planner, at=now)
    own.reopen(by=planner, at=now, reason="Keliru")
    own.finish(by=planner, at=now)
    following = FollowUp.objects.get(follows=own)
    assert (following.starts_on, following.due_on) == (datetime.date(2026, 4, 30), datetime.date(2026, 6, 30))
    assert (following.status, following.activity, following.order) == ("not_started", own.activity, 2)
    assert list(following.partners.all()) == [partner]


@pytest.mark.parametrize(
    ("day", "months", "later"),
    [("2026-01-31", 1, "2026-02-28"), ("2024-01-31", 1, "2024-02-29"), ("2026-12-15", 1, "2027-01-15"), ("2024-02-29", 12, "2025-02-28")],
)  # fmt: skip
def test_months_later(day, months, later):
    assert months_later(datetime.date.fromisoformat(day), months) == datetime.date.fromisoformat(later)


def test_only_what_never_began_is_deleted(own, planner, now):
    begun = factories.FollowUpFactory(status="in_progress")
    evidenced = factories.FollowUpFactory()
    factories.EvidenceFactory(follow_up=evidenced)
    for follow_up in (begun, evidenced):
        with pytest.raises(Refused):
            follow_up.delete()
    own.delete()
    assert set(FollowUp.objects.all()) == {begun, evidenced}


def test_amounts_add_up_exactly(own):
    for amount in ("0.10", "0.20", "100000000", None):
        factories.FundingFactory(follow_up=own, amount=amount and Decimal(amount))
    assert own.budget == Decimal("100000000.30")
    assert factories.FollowUpFactory().budget is None


# --- facts derived from dates --------------------------------------------------------------------------------


def test_overdue_and_silent_follow_from_the_day_given():
    day = datetime.timedelta(days=1)
    make = factories.FollowUpFactory
    on = TODAY
    late = make(due_on=on - day, updated_on=on)
    due_today = make(due_on=on, updated_on=on)
    make(due_on=on - day, status="done", updated_on=on)
    make(due_on=on - day, status="cancelled", updated_on=on)
    endless = make(due_on=None, updated_on=on - 90 * day)
    silent = make(due_on=None, updated_on=on - 91 * day)
    blocked = make(due_on=None, updated_on=on - 91 * day, status="blocked")
    waiting = make(due_on=None, starts_on=on - 10 * day, updated_on=on - 200 * day)
    found = FollowUp.objects
    assert list(found.overdue(on)) == [late]
    assert set(found.overdue(on + day)) == {late, due_today}
    assert set(found.silent(on)) == {silent, blocked}
    assert set(found.silent(on + 100 * day)) >= {silent, blocked, endless, waiting}
    facts = {row.pk: (row.is_overdue, row.is_silent) for row in found.with_facts(on)}
    assert (facts[late.pk], facts[silent.pk], facts[endless.pk]) == ((True, False), (False, True), (False, False))
    counts = found.counts(on)
    assert counts == {
        "all": 8, "not_started": 5, "in_progress": 0, "done": 1, "blocked": 1, "cancelled": 1, "overdue": 1, "silent": 2,
    }  # fmt: skip
    assert list(found.due_within(on, 0)) == [due_today]


def test_late_and_unconfirmed(reviewer, now):
    make = factories.FollowUpFactory
    in_time = make(status="done", due_on=TODAY)
    late = make(status="done", due_on=TODAY - datetime.timedelta(days=1))
    endless = make(status="done", due_on=None)
    factories.EvidenceFactory(follow_up=late).accept(by=reviewer, at=now)
    factories.EvidenceFactory(follow_up=in_time)
    assert list(FollowUp.objects.late()) == [late]
    assert set(FollowUp.objects.unconfirmed()) == {in_time, endless}


def test_lists_ask_the_same_number_of_queries(people, django_assert_num_queries):
    agreement = factories.AgreementFactory()
    people["planner"].get_all_permissions()
    for number in (1, 3):
        factories.FollowUpFactory.create_batch(number, agreement=agreement)
        with django_assert_num_queries(1):
            rows = FollowUp.objects.visible_to(people["planner"]).with_facts(TODAY).select_related("agreement")
            assert [row.code for row in rows]


# --- rights -----------------------------------------------------------------------------------------------


@pytest.fixture
def village_work(village):
    follow_up = factories.FollowUpFactory(region=village)
    Workshop.objects.update(status="invited")
    return follow_up


def test_who_sees_follow_ups_that_are_not_published(people, own, village_work):
    Workshop.objects.update(status="invited")
    seen = {role: set(FollowUp.objects.visible_to(user)) for role, user in people.items()}
    everything = {own, village_work}
    # The village user of the cast also belongs to the agency.
    assert seen == dict.fromkeys(people, everything) | {"viewer": set()}
    foreign = factories.FollowUpFactory()
    assert foreign not in FollowUp.objects.visible_to(people["village_user"])
    factories.publish(foreign.workshop)
    assert foreign in FollowUp.objects.visible_to(people["village_user"])
    assert list(FollowUp.objects.visible_to(people["viewer"])) == [foreign]


def test_a_draft_is_seen_by_those_who_plan_alone(people, own):
    seen = {role for role, user in people.items() if FollowUp.objects.visible_to(user).exists()}
    assert seen == {"admin", "planner", "verifier"}


def test_an_answer_to_a_problem_is_published_with_the_minutes(people):
    entry = factories.MinutesEntryFactory(kind="problem")
    factories.FollowUpFactory(agreement=None, source_entry=entry)
    assert not FollowUp.objects.visible_to(people["viewer"]).exists()
    Workshop.objects.update(status="closed")
    assert FollowUp.objects.visible_to(people["viewer"]).exists()


ALLOWED = {
    "admin": {"start", "report", "block", "unblock", "finish", "cancel", "reopen"},
    "planner": {"start", "report", "block", "unblock", "finish", "cancel", "reopen"},
    "opd_user": {"start", "report", "block", "unblock", "finish"},
    "village_user": {"start", "report", "block", "unblock", "finish"},
}


def test_what_each_role_may_do_with_the_own_and_with_anothers(people, own):
    foreign = factories.FollowUpFactory(region=factories.VillageFactory())
    for role, user in people.items():
        allowed = {verb for verb in FollowUp.TRANSITIONS if own.may(user, verb)}
        assert allowed == ALLOWED.get(role, set()), role
        elsewhere = {verb for verb in FollowUp.TRANSITIONS if foreign.may(user, verb)}
        assert elsewhere == (ALLOWED[role] if role in ("admin", "planner") else set()), role
    with pytest.raises(PermissionDenied):
        foreign.require(people["opd_user"], "report")


def test_a_village_reports_on_what_lies_in_it_and_an_agency_on_what_is_its_own(people, village):
    Workshop.objects.update(status="invited")
    here = factories.FollowUpFactory(region=village)
    there = factories.FollowUpFactory(region=factories.VillageFactory())
    Workshop.objects.update(status="invited")
    assert here.may(people["village_user"], "report")
    assert not there.may(people["village_user"], "report")
    assert not here.may(people["opd_user"], "report")
    assert list(FollowUp.objects.changeable_by(people["village_user"])) == [here]
    assert not FollowUp.objects.changeable_by(people["opd_user"]).exists()
    assert not FollowUp.objects.changeable_by(people["pokja_member"]).exists()
    assert set(FollowUp.objects.changeable_by(people["planner"])) == {here, there}


def test_lines_are_never_edited_by_the_product(own, planner, now):
    own.start(by=planner, at=now)
    own.report(by=planner, at=now, physical_percent=5)
    assert list(FollowUpChange.objects.values_list("verb", flat=True)) == ["start", "report"]
    assert own.history.count() == 3
