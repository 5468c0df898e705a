"""What a package holds: what is refused, and what happens to it after the handover."""

import datetime
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import IntegrityError, transaction
from django.db.models import ProtectedError

from assets.models import Asset, AssetPhoto
from core.refusals import Refused
from tests import factories
from tests.assets.conftest import TODAY, put_at


@pytest.fixture
def asset(package):
    return factories.AssetFactory(package=package, state_code="5.01.01.05.001 NUP 1")


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"value": Decimal("-0.01")}, "value"),
        ({"quantity": Decimal(0)}, "quantity"),
        ({"quantity": Decimal(-1)}, "quantity"),
        ({"latitude": Decimal("-2.07")}, "longitude"),
        ({"longitude": Decimal("105.1")}, "latitude"),
        ({"latitude": Decimal(91), "longitude": Decimal(105)}, "latitude"),
        ({"latitude": Decimal(-2), "longitude": Decimal(181)}, "longitude"),
        ({"asset_type": "water_intake"}, "asset_type"),
        ({"asset_type": "entah"}, "asset_type"),
        ({"condition": "rusak"}, "condition"),
        ({"kib_class": "Z"}, "kib_class"),
        ({"built_year": 1899}, "built_year"),
    ],
)
def test_bad_values_get_a_sentence(asset, wrong, field):
    for name, value in wrong.items():
        setattr(asset, name, value)
    with pytest.raises(ValidationError) as refused:
        asset.full_clean()
    assert list(refused.value.message_dict) == [field]


@pytest.mark.parametrize("wrong", [{"value": -1}, {"quantity": 0}, {"latitude": 1}, {"latitude": 91, "longitude": 1}])
def test_the_database_itself_refuses_them(asset, wrong):
    with pytest.raises(IntegrityError), transaction.atomic():
        Asset.objects.filter(pk=asset.pk).update(**wrong)


def test_an_asset_is_in_one_package(asset):
    other = factories.PackageFactory()
    copy = factories.AssetFactory.build(package=other, number=1, state_code=" 5.01.01.05.001  nup 1")
    with pytest.raises(ValidationError) as refused:
        copy.full_clean()
    assert asset.package.number in str(refused.value.message_dict["state_code"])
    with pytest.raises(IntegrityError), transaction.atomic():
        factories.AssetFactory(package=other, state_code=asset.state_code)
    asset.package = other
    with pytest.raises(Refused):
        asset.save()


def test_assets_without_a_code_are_not_the_same(package):
    factories.AssetFactory(package=package)
    factories.AssetFactory(package=package)
    assert [asset.key for asset in package.assets.all()] == [f"{package.number}-1", f"{package.number}-2"]


def test_coordinates_and_money_are_kept_exactly(asset):
    asset.latitude, asset.longitude = Decimal("-2.0712345"), Decimal("105.16")
    asset.value = Decimal("123456789.10")
    asset.full_clean()
    asset.save()
    asset.refresh_from_db()
    assert (asset.latitude, asset.longitude, asset.value) == (
        Decimal("-2.071235"),
        Decimal("105.160000"),
        Decimal("123456789.10"),
    )


@pytest.mark.parametrize(("name", "value"), [("value", Decimal(1)), ("quantity", Decimal(2)), ("name", "Lain")])
def test_what_the_deed_lists_stays(asset, name, value):
    put_at(asset.package, "grant_deed_signed")
    setattr(asset, name, value)
    with pytest.raises(Refused):
        asset.save()
    asset.refresh_from_db()
    assert getattr(asset, name) != value


def test_a_signed_list_is_closed_but_the_condition_goes_on(asset):
    put_at(asset.package, "grant_deed_signed")
    with pytest.raises(Refused):
        factories.AssetFactory(package=asset.package)
    with pytest.raises(Refused):
        asset.delete()
    asset.condition = "light_damage"
    asset.save()
    asset.refresh_from_db()
    assert (asset.condition, asset.package.assets.count()) == ("light_damage", 1)


def test_books_open_with_the_handover_record(asset, planner):
    put_at(asset.package, "grant_deed_signed")
    with pytest.raises(Refused):
        asset.enter_in_books(kib_class="C", kib_code="1.3.3.01", by=planner)
    put_at(asset.package, "bast_signed")
    with pytest.raises(Refused):
        asset.enter_in_books(kib_class="C", kib_code=" ", by=planner)
    asset.enter_in_books(kib_class="C", kib_code="1.3.3.01", by=planner)
    asset.refresh_from_db()
    assert (asset.kib_class, asset.kib_code) == ("C", "1.3.3.01")
    assert asset.history.first().history_user == planner


def test_a_manager_is_named_with_duties(asset, planner):
    village = factories.OrganizationFactory(kind="village_government")
    asset.assign_manager(village, duties="Iuran Rp15.000 per rumah.", by=planner)
    asset.refresh_from_db()
    assert (asset.manager, asset.duties) == (village, "Iuran Rp15.000 per rumah.")
    with pytest.raises(ProtectedError):
        village.delete()


def test_the_yearly_check(asset, planner, now):
    with pytest.raises(Refused):
        asset.record_check(is_functioning=True, condition="good", by=planner, at=now)
    put_at(asset.package, "operating")
    with pytest.raises(Refused):
        asset.record_check(
            is_functioning=True, condition="good", by=planner, at=now, on=TODAY + datetime.timedelta(days=1)
        )
    with pytest.raises(ValidationError):
        asset.record_check(is_functioning=True, condition="", by=planner, at=now)
    asset.record_check(is_functioning=False, condition="heavy_damage", by=planner, at=now, note="Mesin pencacah rusak.")
    with pytest.raises(Refused):
        asset.record_check(is_functioning=True, condition="good", by=planner, at=now)
    asset.refresh_from_db()
    assert (asset.condition, asset.next_check_on) == ("heavy_damage", datetime.date(2027, 3, 10))
    check = asset.checks.get()
    assert (check.year, check.is_functioning, check.by) == (2026, False, planner)


def test_an_earlier_check_does_not_overwrite_a_later_one(asset, planner, now):
    put_at(asset.package, "operating")
    asset.record_check(is_functioning=True, condition="good", by=planner, at=now)
    asset.record_check(is_functioning=True, condition="light_damage", by=planner, at=now, on=datetime.date(2025, 12, 1))
    asset.refresh_from_db()
    assert (asset.condition, asset.next_check_on) == ("good", datetime.date(2027, 3, 10))


def test_what_is_lent_for_use_may_be_checked(asset, planner, now):
    asset.package.hand_over_for_use(by=planner, at=now, number="01/UJI")
    asset.record_check(is_functioning=True, condition="good", by=planner, at=now)
    assert asset.checks.count() == 1


def test_checks_that_are_due(asset, planner, now):
    Asset.objects.filter(pk=asset.pk).update(next_check_on=TODAY)
    assert Asset.objects.check_due(TODAY).get() == asset
    assert not Asset.objects.check_due(TODAY - datetime.timedelta(days=1)).exists()


def test_card_codes_differ_and_tell_nothing(package):
    codes = {factories.AssetFactory(package=package).card_code for _copy in range(5)}
    assert len(codes) == 5
    assert {len(code) for code in codes} == {10}


def test_a_photo_is_a_picture(asset):
    photo = AssetPhoto(asset=asset, picture=SimpleUploadedFile("foto.png", b"bukan gambar"))
    with pytest.raises(ValidationError):
        photo.full_clean()


def test_what_was_taken_up_with_its_deed_is_written_down_until_it_moves_on(package, planner, now):
    day = datetime.date(2018, 1, 2)
    package.take_up(
        by=planner, at=now, stage="grant_deed_signed", holder=package.giver, stage_reached_on=day,
        holder_reached_on=day, grant_deed_on=day,
    )  # fmt: skip
    asset = factories.AssetFactory(package=package)
    package.send_to(package.receiver, by=planner, at=now)
    with pytest.raises(Refused):
        factories.AssetFactory(package=package)
    with pytest.raises(Refused):
        asset.delete()
