"""How long files lie, and what packages add up to: exact figures, and the same queries for one package or many."""

import datetime
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from assets import ageing
from assets.models import Asset, Move, Package
from tests import factories
from tests.assets.conftest import TODAY, put_at


def days_ago(days):
    return TODAY - datetime.timedelta(days=days)


def waiting(stage, *days, holder=None, desk="", **values):
    for count in days:
        package = factories.PackageFactory()
        place = {"holder": holder or package.giver, "holder_desk": desk}
        put_at(package, stage, stage_reached_on=days_ago(count), holder_reached_on=days_ago(count), **place, **values)


@pytest.fixture
def pemkab(db):
    return factories.OrganizationFactory(key="pemkab-uji", name="Pemerintah Uji", short_name="Pemkab Uji")


@pytest.fixture
def files(pemkab):
    waiting("document_collection", 10)
    waiting("acceptance_letter", 5, 900, holder=pemkab, desk="Meja Bupati")
    waiting("acceptance_letter", 40, 40, holder=pemkab, desk="Meja Bupati", condition="blocked", reason="land_unclear")
    waiting("approval", 1, 2, 30)
    waiting("operating", 2000)
    waiting("approval", 3000, condition="not_applicable", reason="community_owned")


def test_days_at_each_stage_in_the_order_of_stages(files):
    rows = ageing.by_stage(Package.objects.all(), TODAY)
    assert [(row.stage.key, row.count, row.median, row.worst, row.stuck) for row in rows] == [
        ("document_collection", 1, 10, 10, 0),
        ("acceptance_letter", 4, 40, 900, 2),
        ("approval", 3, 2, 30, 0),
    ]


def test_the_desk_of_the_bupati_is_seen_at_one_look(files, pemkab):
    rows = ageing.by_holder(Package.objects.all(), TODAY)
    assert [(row.holder.key, row.desk, row.count, row.median, row.worst, row.stuck) for row in rows] == [
        ("pemkab-uji", "Meja Bupati", 4, 40, 900, 2),
        ("balai-uji", "", 4, 6, 30, 0),
    ]
    assert [row.holder for row in ageing.by_holder(Package.objects.all(), TODAY, most=1)] == [pemkab]


def test_past_stays_come_from_the_moves(planner, now, pemkab):
    for wait in (3, 5, 8, 100):
        package = put_at(
            factories.PackageFactory(), "identified", stage_reached_on=days_ago(wait), holder_reached_on=days_ago(wait)
        )
        package.advance("document_collection", by=planner, at=now, holder=pemkab, desk="Meja Bupati")
    stages, holders = ageing.past_by_stage(Move.objects.all()), ageing.past_by_holder(Move.objects.all())
    assert [(row.stage.key, row.count, row.median, row.worst) for row in stages] == [("identified", 4, 6.5, 100)]
    assert [(row.holder.key, row.count, row.median, row.worst) for row in holders] == [("balai-uji", 4, 6.5, 100)]


def test_nothing_at_all_is_an_empty_table(db):
    assert ageing.by_stage(Package.objects.all(), TODAY) == []
    assert ageing.by_holder(Package.objects.all(), TODAY) == []
    assert ageing.past_by_stage(Move.objects.all()) == ageing.past_by_holder(Move.objects.all()) == []
    assert ageing.totals(Package.objects.all()).all == ageing.Total()


def test_totals_by_everything_add_up(pemkab, agency):
    factories.PackageFactory(value=Decimal("100.25"), budget_year=2015, receiver=agency)
    factories.PackageFactory(value=Decimal("0"), sector="water", budget_year=None, receiver=None)
    factories.PackageFactory(value=None, budget_year=2014, receiver=pemkab)
    blocked = factories.PackageFactory(value=Decimal("1.75"), budget_year=2015, receiver=agency)
    put_at(blocked, "identified", condition="blocked", reason="land_unclear")
    found = ageing.totals(Package.objects.all())
    total = ageing.Total
    assert found.all == total(4, Decimal("102.00"), 1, stuck=1)
    assert found.sector == {"plp": total(3, Decimal("102.00"), 1, stuck=1), "water": total(1, Decimal(0), 0)}
    assert found.receiver == {
        agency: total(2, Decimal("102.00"), 0, stuck=1),
        None: total(1, Decimal(0), 0),
        pemkab: total(1, Decimal(0), 1),
    }
    assert list(found.year) == [2014, 2015, None]
    assert found.condition == {
        "normal": total(3, Decimal("100.25"), 1),
        "blocked": total(1, Decimal("1.75"), 0, stuck=1),
    }
    for dimension in (found.sector, found.receiver, found.year, found.condition):
        assert sum(one.count for one in dimension.values()) == 4


def test_bands_of_value_leave_nothing_between_them(db):
    for value in (0, 99_999_999, "99999999.99", 100_000_000, 500_000_000, 4_999_999_999, 5_000_000_000, None):
        factories.PackageFactory(value=None if value is None else Decimal(value))
    found = ageing.by_value(Package.objects.all())
    assert {key: total.count for key, total in found.items()} == {
        "under_100": 3,
        "under_500": 1,
        "under_1000": 1,
        "under_5000": 1,
        "over_5000": 1,
        "unknown": 1,
    }
    assert found["under_100"].value == Decimal("199999998.99")


def test_assets_by_condition(package):
    for condition in ("good", "good", "heavy_damage", ""):
        factories.AssetFactory(package=package, condition=condition)
    assert ageing.by_asset_condition(Asset.objects.all()) == {"good": 2, "heavy_damage": 1, "": 1}


def test_who_waits_longest(files):
    rows = list(ageing.longest_waiting(Package.objects.all(), TODAY, most=2))
    assert [row.days_waiting for row in rows] == [900, 40]


def test_only_what_was_chosen_is_counted(files, people):
    Package.objects.filter(stage="approval").update(is_published=True)
    seen = ageing.by_stage(Package.objects.visible_to(people["viewer"]), TODAY)
    assert [(row.stage.key, row.count) for row in seen] == [("approval", 3)]


READINGS = {
    "by_stage": (lambda: ageing.by_stage(Package.objects.all(), TODAY), 2),
    "by_holder": (lambda: ageing.by_holder(Package.objects.all(), TODAY), 3),
    "past_by_stage": (lambda: ageing.past_by_stage(Move.objects.all()), 2),
    "past_by_holder": (lambda: ageing.past_by_holder(Move.objects.all()), 3),
    "totals": (lambda: ageing.totals(Package.objects.all()), 2),
    "by_value": (lambda: ageing.by_value(Package.objects.all()), 1),
    "longest": (lambda: list(ageing.longest_waiting(Package.objects.exclude(village=None), TODAY)), 3),
    "completeness": (lambda: list(Package.objects.with_papers(TODAY).days_waiting(TODAY)), 1),
}


@pytest.mark.parametrize("name", READINGS)
def test_the_number_of_queries_does_not_grow(planner, now, name):
    read, expected = READINGS[name]
    for count in (1, 4):
        for _copy in range(count):
            factories.PackageFactory(giver=factories.OrganizationFactory()).advance(
                "document_collection", by=planner, at=now, holder=factories.OrganizationFactory()
            )
        with CaptureQueriesContext(connection) as found:
            read()
        assert len(found) == expected
