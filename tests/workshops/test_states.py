"""The states of a workshop: which verb leads where, and what is refused."""

import pytest
from django.core.exceptions import ValidationError

from core.refusals import Refused
from tests import factories
from workshops.models import Workshop

ALLOWED = {
    ("draft", "invite"): "invited",
    ("draft", "start"): "in_progress",
    ("draft", "cancel"): "cancelled",
    ("invited", "start"): "in_progress",
    ("invited", "cancel"): "cancelled",
    ("in_progress", "finish"): "correction",
    ("in_progress", "cancel"): "cancelled",
    ("correction", "close"): "closed",
    ("closed", "reopen"): "correction",
}


def put_in(workshop, status):
    Workshop.objects.filter(pk=workshop.pk).update(status=status)
    workshop.refresh_from_db()


def call(workshop, verb, **extra):
    if Workshop.TRANSITIONS[verb][2]:
        extra.setdefault("reason", "Alasan uji.")
    return getattr(workshop, verb)(**extra)


@pytest.mark.parametrize("verb", Workshop.TRANSITIONS)
@pytest.mark.parametrize("status", Workshop.Status.values)
def test_every_pair_of_state_and_verb(workshop, planner, now, status, verb):
    put_in(workshop, status)
    expected = ALLOWED.get((status, verb))
    assert workshop.can(verb) == bool(expected)
    if expected is None:
        with pytest.raises(Refused):
            call(workshop, verb, by=planner, at=now)
        expected, steps = status, []
    else:
        call(workshop, verb, by=planner, at=now)
        steps = [(status, expected, planner.pk, now)]
    workshop.refresh_from_db()
    assert workshop.status == expected
    assert list(workshop.status_changes.values_list("from_status", "to_status", "by", "at")) == steps


@pytest.mark.parametrize(("status", "verb"), [("closed", "reopen"), ("draft", "cancel")])
def test_a_reason_is_asked_for(workshop, planner, now, status, verb):
    put_in(workshop, status)
    with pytest.raises(Refused):
        call(workshop, verb, by=planner, at=now, reason="   ")
    workshop.refresh_from_db()
    assert workshop.status == status


def test_the_second_click_is_refused(workshop, planner, now):
    same_page = Workshop.objects.get(pk=workshop.pk)
    workshop.invite(by=planner, at=now)
    with pytest.raises(Refused):
        same_page.invite(by=planner, at=now)
    assert workshop.status_changes.count() == 1


def test_no_invitation_without_a_place(planner, now):
    workshop = factories.WorkshopFactory(place="")
    with pytest.raises(Refused):
        workshop.invite(by=planner, at=now)


def test_saving_never_changes_the_status(workshop):
    workshop.status = Workshop.Status.CLOSED
    workshop.save()
    workshop.refresh_from_db()
    assert workshop.status == "draft"


RECORDS = {
    "agenda item": factories.AgendaItemFactory,
    "leader": factories.LeaderFactory,
    "participant": factories.ParticipantFactory,
    "area": factories.WorkshopAreaFactory,
    "minutes entry": factories.MinutesEntryFactory,
}


@pytest.mark.parametrize("status", ["closed", "cancelled"])
@pytest.mark.parametrize("make", RECORDS.values(), ids=RECORDS)
def test_nothing_changes_in_a_final_workshop(workshop, make, status):
    record = make(workshop=workshop)
    put_in(workshop, status)
    with pytest.raises(Refused):
        make(workshop=workshop)
    with pytest.raises(Refused):
        record.save()
    with pytest.raises(Refused):
        record.delete()
    with pytest.raises(Refused):
        workshop.save()
    assert type(record).objects.filter(pk=record.pk).exists()


def test_only_a_draft_can_be_deleted(workshop, planner, now):
    workshop.invite(by=planner, at=now)
    with pytest.raises(Refused):
        workshop.delete()
    other = factories.WorkshopFactory()
    other.delete()
    assert list(Workshop.objects.all()) == [workshop]


def test_the_end_is_after_the_start(db):
    workshop = factories.WorkshopFactory.build(start_time="10:00", end_time="09:00", slug="uji", check_in_code="AAAAAA")
    with pytest.raises(ValidationError):
        workshop.full_clean()


def test_the_address_comes_from_title_and_year_and_is_free(db):
    slugs = [factories.WorkshopFactory(title="Lokakarya KOTAKU 🏘️").slug for _copy in range(2)]
    assert slugs == ["lokakarya-kotaku-2026", "lokakarya-kotaku-2026-2"]
    assert factories.WorkshopFactory(title="🏘️").slug == "lokakarya-2026"
