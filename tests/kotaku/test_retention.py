"""Personal data is removed by its date, from records and history, and nothing before it."""

from datetime import date, timedelta

import pytest
from axes.models import AccessAttempt
from django.core.management import call_command
from django.utils import timezone

from core.models import HistorySeal, PersonalAccess, User
from core.refusals import Refused
from kotaku.personal_data import expire
from kotaku.sealed_history import seal, verify
from tests import factories
from workshops.models import Participant

pytestmark = pytest.mark.django_db


@pytest.fixture
def person(workshop):
    """On the list of a closed workshop, sealed in the history."""
    made = factories.ParticipantFactory(
        workshop=workshop, name="Sari Contoh", phone="0812-000", email="sari@contoh.test"
    )
    type(workshop).objects.update(status="closed", held_on=date(2026, 3, 10))
    seal(timezone.now())
    return made


def a_year_later(days=0):
    return timezone.make_aware(timezone.datetime(2027, 3, 10, 12)) + timedelta(days=days)


def test_within_a_year_of_the_workshop_contacts_stay(person):
    expire(at=a_year_later())
    person.refresh_from_db()
    assert (person.phone, person.email) == ("0812-000", "sari@contoh.test")


def test_after_a_year_contacts_go_and_the_name_stays(person):
    assert expire(at=a_year_later(2))["workshops.Participant"] == 1
    person.refresh_from_db()
    assert (person.name, person.phone, person.email) == ("Sari Contoh", "", "")
    assert set(Participant.history.values_list("name", "phone")) == {("Sari Contoh", "")}
    assert verify()[0] == []
    assert expire(at=a_year_later(3)) == {}


def test_contacts_of_a_participant_who_was_deleted_go_too(person):
    type(person.workshop).objects.update(status="in_progress")
    Participant.objects.get(pk=person.pk).delete()
    seal(timezone.now())
    expire(at=a_year_later(2))
    assert not Participant.history.exclude(phone="").exists()


def test_nothing_is_removed_from_a_history_that_was_changed(person):
    Participant.history.update(name="Palsu")
    with pytest.raises(Refused):
        expire(at=a_year_later(2))
    person.refresh_from_db()
    assert person.phone == "0812-000"


def closed_account(days):
    user = factories.UserFactory(username="lama", email="lama@contoh.test", name="Lama Contoh")
    user.is_active = False
    user.save()
    User.history.filter(id=user.pk).update(history_date=timezone.now() - timedelta(days=days))
    seal(timezone.now())
    return user


def test_an_account_closed_for_two_years_loses_its_person(db):
    user = closed_account(731)
    expire(at=timezone.now())
    stored = User.objects.get(pk=user.pk)
    assert (stored.username, stored.name, stored.email) == (f"dihapus-{user.pk}", "", "")
    assert not User.history.filter(name="Lama Contoh").exists()
    assert HistorySeal.objects.exclude(reason="").exists()


def test_an_account_closed_since_or_open_keeps_it(db, people):
    user = closed_account(729)
    expire(at=timezone.now())
    assert User.objects.get(pk=user.pk).name == "Lama Contoh"
    assert User.objects.get(pk=people["viewer"].pk).name != ""


@pytest.mark.parametrize(("days", "stays"), [(89, True), (91, False)])
def test_failed_logins_are_kept_ninety_days(db, days, stays):
    AccessAttempt.objects.create(username="siapa", ip_address="192.0.2.1", failures_since_start=1)
    AccessAttempt.objects.update(attempt_time=timezone.now() - timedelta(days=days))
    call_command("expire_personal_data")
    assert AccessAttempt.objects.exists() is stays


@pytest.mark.parametrize(("days", "stays"), [(729, True), (731, False)])
def test_lines_of_the_access_log_are_kept_two_years(planner, days, stays):
    then = timezone.now() - timedelta(days=days)
    PersonalAccess.objects.create(day=then.date(), by=planner, model="x", way="page", first_at=then, last_at=then)
    expire(at=timezone.now())
    assert PersonalAccess.objects.exists() is stays
