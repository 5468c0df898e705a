"""Two people with the same record open: whoever saves second is told, however short after the first."""

import datetime

import pytest
from django.utils import timezone

from agreements.forms import AgreementForm
from core.refusals import Refused
from tests import factories
from workshops.forms import ParticipantForm

pytestmark = pytest.mark.django_db


def values_of(form) -> dict:
    return {name: form[name].value() or "" for name in form.fields}


def opened(make, **typed):
    """A form as the browser sends it back: what it showed, with something typed."""
    return make(values_of(make(None)) | typed)


def test_of_two_that_were_judged_together_one_is_stored():
    agreement = factories.AgreementFactory(text="Sepakat lama")

    def make(data):
        return AgreementForm(data, instance=type(agreement).objects.get(pk=agreement.pk), is_draft=True)

    one, other = opened(make, text="Sepakat satu"), opened(make, text="Sepakat dua")
    assert (one.is_valid(), other.is_valid()) == (True, True)
    one.save()
    with pytest.raises(Refused, match="mengubah data ini saat Anda mengetik"):
        other.save()
    agreement.refresh_from_db()
    assert agreement.text == "Sepakat satu"
    assert agreement.history.count() == 2


def test_an_arrival_between_judging_and_storing_is_not_overwritten(planner):
    person = factories.ParticipantFactory(workshop__status="in_progress", name="Nama Lama")

    def make(data):
        return ParticipantForm(data, instance=type(person).objects.get(pk=person.pk), user=planner)

    form = opened(make, name="Nama Baru")
    assert form.is_valid(), form.errors
    person.arrive(at=timezone.now(), by=planner)
    with pytest.raises(Refused):
        form.save()
    person.refresh_from_db()
    assert (person.name, person.arrived_at is None) == ("Nama Lama", False)


def test_a_form_alone_is_stored_with_its_many_to_many(planner):
    agreement = factories.AgreementFactory(text="Sepakat lama")
    office = factories.OrganizationFactory()
    form = opened(
        lambda data: AgreementForm(data, instance=agreement, is_draft=True), text="Baru", organizations=[office.pk]
    )
    assert form.is_valid(), form.errors
    form.save()
    agreement.refresh_from_db()
    assert (agreement.text, list(agreement.organizations.all())) == ("Baru", [office])


def test_a_clock_that_was_ahead_hides_no_change():
    agreement = factories.AgreementFactory(text="Sepakat lama")
    agreement.history.update(history_date=timezone.now() + datetime.timedelta(days=2))

    def make(data):
        return AgreementForm(data, instance=type(agreement).objects.get(pk=agreement.pk), is_draft=True)

    mine = values_of(make(None)) | {"text": "Sepakat saya"}
    agreement.text = "Sepakat orang lain"
    agreement.save()
    form = make(mine)
    assert not form.is_valid()
    assert "saat Anda mengetik" in str(form.errors)
