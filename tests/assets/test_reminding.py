"""Who is reminded of a yearly check: whoever keeps the asset, once a week, while the check is due."""

import datetime

import pytest
from django.core import mail
from django.core.management import call_command

from assets.models import Asset
from assets.reminding import due_checks
from tests import factories
from tests.assets.conftest import put_at

pytestmark = pytest.mark.django_db
DUE = datetime.date(2026, 4, 1)  # a Wednesday


@pytest.fixture
def asset(package, people):
    asset = factories.AssetFactory(package=package)
    put_at(package, "operating")
    Asset.objects.filter(pk=asset.pk).update(next_check_on=DUE, manager=people["opd_user"].organization)
    return asset


def reminded(on):
    return [(due.recipient.username, [line.text for line in due.lines]) for due in due_checks(on).dues]


def test_the_keeper_is_reminded_from_the_day_on_and_not_before(asset):
    assert reminded(DUE - datetime.timedelta(days=1)) == []
    told = dict(reminded(DUE))
    assert "opd_user" in told
    assert "viewer" not in told
    assert all(asset.name in line and "1 April 2026" in line for lines in told.values() for line in lines)


def test_an_asset_that_is_not_in_use_yet_reminds_nobody(asset):
    put_at(asset.package, "joint_inspection")
    assert reminded(DUE) == []


def test_without_anyone_to_tell_it_is_counted_as_quiet(asset, people):
    type(people["opd_user"]).objects.update(email="")
    found = due_checks(DUE)
    assert (found.dues, found.quiet) == ([], 1)


def test_told_once_a_week(asset):
    def sent(day):
        before = len(mail.outbox)
        call_command("remind", "--on", day.isoformat())
        return len(mail.outbox) - before

    first = sent(DUE)
    assert first > 0
    assert sent(DUE + datetime.timedelta(days=1)) == 0
    assert sent(DUE + datetime.timedelta(days=7)) == first


def test_two_queries_however_many(asset, agency, django_assert_num_queries):
    for _ in range(3):
        package = factories.PackageFactory(receiver=agency)
        factories.AssetFactory(package=package)
        put_at(package, "operating")
    Asset.objects.update(next_check_on=DUE)
    with django_assert_num_queries(2):
        assert due_checks(DUE).dues
