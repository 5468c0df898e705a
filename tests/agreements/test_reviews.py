"""Sittings: their queue, one decision an item, and a lock when they are closed."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction

from agreements.models import FollowUp, Review, ReviewItem
from core.refusals import Refused
from tests import factories

pytestmark = pytest.mark.django_db
HELD = datetime.date(2026, 3, 20)
DAY = datetime.timedelta(days=1)


@pytest.fixture
def review(db):
    return factories.ReviewFactory(held_on=HELD)


def decide(review, follow_up, by, at, **values):
    return review.decide(follow_up, by=by, at=at, **({"decision": "continue"} | values))


def test_the_queue_holds_what_is_due_late_blocked_changed_to_check_or_unconfirmed(review, people, planner, reviewer):
    before = factories.ReviewFactory(held_on=HELD - 30 * DAY)
    after = datetime.datetime(2026, 3, 1, tzinfo=datetime.UTC)
    earlier = datetime.datetime(2026, 2, 10, tzinfo=datetime.UTC)
    make = factories.FollowUpFactory
    quiet = make(due_on=HELD + 31 * DAY)
    due = make(due_on=HELD + 30 * DAY)
    late = make(due_on=HELD - DAY)
    blocked = make(due_on=None, status="blocked")
    changed = make(due_on=None)
    changed.start(by=planner, at=after)
    old = make(due_on=None)
    old.start(by=planner, at=earlier)
    shown = make(due_on=None)
    factories.EvidenceFactory(follow_up=shown, submitted_at=after)
    checked = make(due_on=None)
    FollowUp.objects.filter(pk=checked.pk).update(next_check_on=HELD)
    unconfirmed = make(due_on=None, status="done")
    confirmed = make(due_on=None, status="done")
    factories.EvidenceFactory(follow_up=confirmed, submitted_at=earlier).accept(by=reviewer, at=earlier)
    make(due_on=HELD - DAY, status="cancelled")
    queue = {row.pk: row for row in review.queue(planner)}
    assert set(queue) == {row.pk for row in (due, late, blocked, changed, shown, checked, unconfirmed)}
    assert quiet.pk not in queue
    assert old.pk not in queue
    reasons = ("is_due", "is_overdue", "is_blocked", "is_changed", "is_to_check", "is_unconfirmed")
    why = {pk: [name for name in reasons if getattr(row, name)] for pk, row in queue.items()}
    assert [why[row.pk] for row in (due, late, blocked, changed, shown, checked, unconfirmed)] == [
        ["is_due"], ["is_overdue"], ["is_blocked"], ["is_changed"], ["is_changed"], ["is_to_check"], ["is_unconfirmed"],
    ]  # fmt: skip
    assert review.previous() == before


def test_what_was_decided_stays_in_the_queue(review, people, reviewer, now):
    follow_up = factories.FollowUpFactory(due_on=HELD)
    decide(review, follow_up, reviewer, now)
    FollowUp.objects.update(due_on=None)
    row = review.queue(people["planner"]).get()
    assert row.is_decided


def test_a_decision_gives_direction_and_the_next_date(review, reviewer, now):
    follow_up = factories.FollowUpFactory(status="in_progress")
    item = decide(
        review, follow_up, reviewer, now, decision="speed_up", note="Segera lelang", next_check_on=HELD + 30 * DAY
    )
    assert (item.by, item.at, item.version, item.status) == (reviewer, now, 1, "in_progress")
    stored = FollowUp.objects.get()
    assert (stored.direction, stored.next_check_on) == ("Segera lelang", HELD + 30 * DAY)
    change = stored.changes.get()
    assert (change.verb, change.by, change.after) == (
        "direct", reviewer, {"direction": "Segera lelang", "next_check_on": "2026-04-19"},
    )  # fmt: skip
    assert stored.updated_on == follow_up.updated_on, "what the Pokja says is no sign of life of the owner"


def test_two_reviewers_at_once_decide_once_and_the_same_one_may_correct(review, reviewer, now):
    other = factories.UserFactory(role="pokja_member", organization=factories.OrganizationFactory())
    follow_up = factories.FollowUpFactory()
    decide(review, follow_up, reviewer, now)
    with pytest.raises(Refused, match=str(reviewer)):
        decide(review, follow_up, other, now, decision="escalate", based_on=0)
    with pytest.raises(Refused):
        decide(review, follow_up, other, now, decision="escalate")
    decide(review, follow_up, reviewer, now, decision="clarify")
    decide(review, follow_up, other, now, decision="escalate", based_on=2)
    item = ReviewItem.objects.get()
    assert (item.decision, item.by, item.version) == ("escalate", other, 3)


def test_who_does_the_work_does_not_decide_about_it(review, own, people, now):
    with pytest.raises(Refused):
        decide(review, own, people["pokja_member"], now)
    assert not ReviewItem.objects.exists()


@pytest.mark.parametrize("next_check_on", [HELD, HELD - DAY])
def test_the_next_check_lies_after_the_sitting(review, reviewer, now, next_check_on):
    with pytest.raises(ValidationError) as refused:
        decide(review, factories.FollowUpFactory(), reviewer, now, next_check_on=next_check_on)
    assert list(refused.value.error_dict) == ["next_check_on"]


@pytest.mark.parametrize("status", ["not_started", "in_progress", "blocked", "cancelled"])
def test_only_what_is_reported_as_done_is_confirmed(review, reviewer, now, status):
    follow_up = factories.FollowUpFactory(status=status)
    with pytest.raises(ValidationError) as refused:
        decide(review, follow_up, reviewer, now, decision="accept")
    assert list(refused.value.error_dict) == ["decision"]
    assert decide(review, factories.FollowUpFactory(status="done"), reviewer, now, decision="accept").pk


def test_an_unknown_decision_is_refused(review, reviewer, now):
    with pytest.raises(ValidationError):
        decide(review, factories.FollowUpFactory(), reviewer, now, decision="sleep")
    assert not FollowUp.objects.get().changes.exists()


@pytest.mark.parametrize("status", Review.Status.values)
@pytest.mark.parametrize("verb", Review.TRANSITIONS)
def test_every_verb_of_a_sitting_from_every_state(review, reviewer, planner, now, status, verb):
    item = decide(review, factories.FollowUpFactory(), reviewer, now)
    if status == "closed":
        review.close(by=planner, at=now)
    arguments = {"reason": "Uji"} if verb == "reopen" else {}
    if status in Review.TRANSITIONS[verb][0]:
        getattr(review, verb)(by=planner, at=now, **arguments)
    else:
        with pytest.raises(Refused):
            getattr(review, verb)(by=planner, at=now, **arguments)
    assert Review.objects.get().status == (
        Review.TRANSITIONS[verb][1] if status in Review.TRANSITIONS[verb][0] else status
    )
    assert ReviewItem.objects.get() == item


def test_a_closed_sitting_keeps_its_dates_and_decisions(review, reviewer, planner, now):
    follow_up = factories.FollowUpFactory()
    item = decide(review, follow_up, reviewer, now)
    review.close(by=planner, at=now)
    item.next_check_on = HELD + DAY
    review.held_on = HELD + DAY
    doors = [
        item.save,
        item.delete,
        review.save,
        review.delete,
        lambda: decide(review, follow_up, reviewer, now, next_check_on=HELD + DAY),
        lambda: decide(review, factories.FollowUpFactory(), reviewer, now),
    ]
    for door in doors:
        with pytest.raises(Refused):
            door()
    assert (Review.objects.get().held_on, ReviewItem.objects.get().next_check_on) == (HELD, None)
    with pytest.raises(Refused):
        review.reopen(by=planner, at=now, reason=" ")


def test_an_empty_sitting_is_not_closed_and_one_with_decisions_not_deleted(review, reviewer, planner, now):
    with pytest.raises(Refused):
        review.close(by=planner, at=now)
    decide(review, factories.FollowUpFactory(), reviewer, now)
    with pytest.raises(Refused):
        review.delete()


def test_there_is_one_sitting_a_day_and_it_is_not_moved_beyond_its_checks(review, reviewer, now):
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.ReviewFactory(held_on=HELD)
    decide(review, factories.FollowUpFactory(), reviewer, now, next_check_on=HELD + DAY)
    review.held_on = HELD + DAY
    with pytest.raises(ValidationError):
        review.save()


def test_sittings_are_read_inside_alone(review, people):
    seen = {role for role, user in people.items() if Review.objects.visible_to(user).exists()}
    assert seen == {"admin", "planner", "verifier", "pokja_member", "opd_user"}


def test_the_queue_asks_once(review, planner, django_assert_num_queries):
    planner.get_all_permissions()
    for number in (1, 3):
        factories.FollowUpFactory.create_batch(number, due_on=HELD)
        with django_assert_num_queries(2):
            assert len(review.queue(planner).select_related("agreement", "responsible_organization"))
