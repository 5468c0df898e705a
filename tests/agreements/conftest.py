"""The cast of agreements: who owns a follow-up, who plans it, who judges it."""

import datetime

import pytest

from tests import factories

TODAY = datetime.date(2026, 3, 10)


@pytest.fixture
def agreement(db):
    return factories.AgreementFactory()


@pytest.fixture
def record(agreement):
    """A draft with one agreement and two who are to sign."""
    record = agreement.workshop.agreement_record
    factories.SignatoryFactory.create_batch(2, record=record)
    return record


@pytest.fixture
def reviewer(people):
    """A Pokja member of another organization than the one that owns the work."""
    return factories.UserFactory(username="penilai", role="pokja_member", organization=factories.OrganizationFactory())


@pytest.fixture
def own(agency, agreement):
    """A follow-up of the agency of the cast."""
    return factories.FollowUpFactory(agreement=agreement, responsible_organization=agency)
