"""The record of a package: what is refused, what stays, who sees and may do what."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import AnonymousUser
from django.core.exceptions import ValidationError
from django.db.models import ProtectedError, Sum

from agreements.models import Agreement, FollowUp
from assets import rights
from assets.models import Package
from core.models import User
from core.refusals import Refused
from tests import factories
from tests.assets.conftest import pdf, put_at

# role: which packages of (own village, another village, published) it sees.
SEES = {
    "admin": "own other published",
    "planner": "own other published",
    "verifier": "own other published",
    "pokja_member": "own other published",
    "opd_user": "own other published",
    "village_user": "own",
    "viewer": "published",
}


@pytest.mark.parametrize("role", User.Role.values)
def test_who_sees_which_packages_and_what_belongs_to_them(people, role):
    elsewhere = factories.VillageFactory()
    factories.PackageFactory(number="OWN")
    factories.PackageFactory(number="OTHER", village=elsewhere)
    Package.objects.filter(pk=factories.PackageFactory(number="PUBLISHED", village=elsewhere).pk).update(
        is_published=True
    )
    for package in Package.objects.all():
        factories.AssetFactory(package=package)
    expected = sorted(name.upper() for name in SEES[role].split())
    person = people[role]
    assert sorted(Package.objects.visible_to(person).values_list("number", flat=True)) == expected
    assets = factories.Asset.objects.visible_to(person)
    assert sorted(assets.values_list("package__number", flat=True)) == expected
    papers = Package.documents.rel.related_model.objects.visible_to(person)
    shown = sorted(papers.values_list("package__number", flat=True).distinct().order_by())
    assert shown == ([] if role == "viewer" else expected)


def test_the_anonymous_see_nothing(package):
    assert not Package.objects.visible_to(AnonymousUser()).exists()
    assert not package.documents.visible_to(AnonymousUser()).exists()


@pytest.mark.parametrize("role", User.Role.values)
def test_who_edits_a_package(people, package, role):
    assert Package.objects.editable_by(people[role]).exists() == (role in ("admin", "planner"))


def test_the_giver_edits_what_it_gives_and_nothing_else(package, giver, stranger):
    other = factories.PackageFactory(giver=factories.OrganizationFactory())
    assert list(Package.objects.editable_by(giver)) == [package]
    assert list(Package.objects.editable_by(stranger)) == []
    assert other.giver != package.giver


VERBS_OF = {
    "giver": "advance send_to block unblock hand_over_for_use resume receive_document",
    "receiver": "send_to block unblock hand_over_for_use return_to_giver accept reject receive_document "
    "judge_document book_asset check_asset",
    "stranger": "",
    "planner": "advance send_to block unblock hand_over_for_use return_to_giver resume set_aside publish withdraw "
    "receive_document judge_document book_asset check_asset",
    "pokja_member": "",
    "village_user": "check_asset",
    "viewer": "",
}


@pytest.mark.parametrize("who", VERBS_OF)
def test_who_may_use_which_verb(people, package, giver, stranger, receiver, who):
    """At the first stage: only the giver and who coordinates lead on from there."""
    other = factories.OrganizationFactory()
    User.objects.exclude(pk__in=[giver.pk, receiver.pk, stranger.pk]).update(organization=other)
    cast = {"giver": giver, "receiver": receiver, "stranger": stranger}
    person = cast.get(who) or User.objects.get(pk=people[who].pk)
    assert {verb for verb in rights.VERBS if package.may(person, verb)} == set(VERBS_OF[who].split())


@pytest.mark.parametrize(
    ("stage", "target", "movers"),
    [
        ("identified", "document_collection", {"giver"}),
        ("document_collection", "joint_inspection", {"giver", "receiver"}),
        ("joint_inspection", "acceptance_letter", {"giver"}),
        ("approval", "grant_deed_signed", {"giver", "receiver"}),
        ("ministry_writeoff", "recorded_regency", {"receiver"}),
        ("recorded_regency", "handed_to_manager", {"receiver"}),
        ("handed_to_manager", "operating", {"receiver", "village_user"}),
    ],
)
def test_which_side_leads_to_which_stage(people, package, giver, stranger, receiver, stage, target, movers):
    put_at(package, stage)
    village = User.objects.get(pk=people["village_user"].pk)
    cast = {"giver": giver, "receiver": receiver, "stranger": stranger, "village_user": village}
    cast |= {"planner": people["planner"], "viewer": people["viewer"]}
    village.organization = None
    assert {who for who, person in cast.items() if package.may(person, "advance", target)} == movers | {"planner"}


def test_a_village_user_elsewhere_may_nothing(people, package):
    put_at(package, "handed_to_manager")
    people["village_user"].region, people["village_user"].organization = factories.VillageFactory(), None
    assert not package.may(people["village_user"], "advance", "operating")


# --- what is refused -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"value": Decimal("-1")}, "value"),
        ({"value": "satu juta"}, "value"),
        ({"number": "PLP/001"}, "number"),
        ({"number": "PLP 001"}, "number"),
        ({"number": "UJI-X\n"}, None),
        ({"number": ""}, "number"),
        ({"sector": "jalan"}, "sector"),
        ({"budget_year": 1899}, "budget_year"),
        ({"name": ""}, "name"),
    ],
)
def test_bad_values_get_a_sentence(package, wrong, field):
    for name, value in wrong.items():
        setattr(package, name, value)
    if field is None:
        package.full_clean()
        assert package.number == "UJI-X"
        return
    with pytest.raises(ValidationError) as refused:
        package.full_clean()
    assert list(refused.value.message_dict) == [field]


def test_giver_and_receiver_are_two(package):
    package.receiver = package.giver
    with pytest.raises(ValidationError, match="dua"):
        package.full_clean()


def test_an_unknown_value_is_not_zero(package):
    Package.objects.filter(pk=package.pk).update(value=None)
    factories.PackageFactory(value=Decimal("0"))
    assert list(Package.objects.order_by("pk").values_list("value", flat=True)) == [None, Decimal("0.00")]


def test_money_adds_up_to_the_cent(db):
    for _copy in range(3):
        factories.PackageFactory(value=Decimal("33333333333.34"))
    assert Package.objects.aggregate(total=Sum("value"))["total"] == Decimal("100000000000.02")


def test_numbers_are_kept_in_capitals_so_that_none_is_the_address_of_a_page(package):
    package.number = "new"
    package.full_clean()
    assert package.number == "NEW"


def test_saving_never_moves_a_package(package):
    package.stage, package.condition, package.holder = "approval", "blocked", package.receiver
    package.name = "Nama Baru"
    package.save()
    package.refresh_from_db()
    assert (package.stage, package.condition, package.holder) == ("identified", "normal", package.giver)
    assert package.name == "Nama Baru"


def test_a_new_package_begins_with_its_giver(agency):
    package = factories.PackageFactory(stage="operating", condition="blocked", holder=agency)
    package.refresh_from_db()
    assert (package.stage, package.condition, package.holder) == ("identified", "normal", package.giver)


@pytest.mark.parametrize(
    ("name", "value"),
    [("value", Decimal(1)), ("sector", "water"), ("number", "LAIN"), ("budget_year", 2001), ("receiver", None)],
)
def test_what_the_deed_says_stays(package, name, value):
    put_at(package, "grant_deed_signed")
    setattr(package, name, value)
    with pytest.raises(Refused):
        package.save()
    package.refresh_from_db()
    assert getattr(package, name) != value


def test_after_acceptance_the_receiver_stays(package, receiver, now):
    put_at(package, "acceptance_letter")
    package.accept(by=receiver, at=now)
    package.receiver = factories.OrganizationFactory()
    with pytest.raises(Refused):
        package.save()


def test_a_package_on_its_way_does_not_turn_to_the_residents(package):
    put_at(package, "approval")
    package.path = "community"
    with pytest.raises(Refused):
        package.save()


def test_what_has_moved_or_has_papers_is_not_deleted(package, planner, now):
    moved = factories.PackageFactory()
    moved.advance("document_collection", by=planner, at=now)
    package.documents.first().receive(pdf(), by=planner, at=now)
    for one in (moved, package):
        with pytest.raises(Refused):
            one.delete()
        with pytest.raises(ProtectedError):
            Package.objects.filter(pk=one.pk).delete()
    fresh = factories.PackageFactory()
    factories.AssetFactory(package=fresh)
    fresh.delete()
    assert set(Package.objects.all()) == {moved, package}


def test_organizations_and_regions_of_a_package_are_not_deleted(package):
    for record in (package.giver, package.receiver, package.village):
        with pytest.raises(ProtectedError):
            record.delete()


def test_the_sector_follows_from_what_the_package_holds(package):
    factories.AssetFactory(package=package)
    package.sector = "pbl"
    with pytest.raises(ValidationError) as refused:
        package.full_clean()
    assert "sector" in refused.value.message_dict


def test_a_slum_area_lies_in_the_village(package):
    package.slum_area = factories.SlumAreaFactory()
    with pytest.raises(ValidationError) as refused:
        package.full_clean()
    assert "slum_area" in refused.value.message_dict


def test_a_package_leads_back_to_its_agreement_and_follow_up(package):
    workshop = factories.WorkshopFactory()
    agreements = Agreement.objects.bulk_create(
        Agreement(workshop=workshop, key=f"kesepakatan-{number}", number=number, text="Uji.") for number in (1, 2)
    )
    follow_up = FollowUp(
        workshop=workshop, agreement=agreements[0], activity="Uji.", order=1, updated_on="2026-03-01",
        responsible_organization=package.receiver,
    )  # fmt: skip
    FollowUp.objects.bulk_create([follow_up])
    package.agreement, package.follow_up = agreements[0], follow_up
    package.full_clean()
    package.save()
    assert (agreements[0].packages.get(), follow_up.packages.get()) == (package, package)
    package.agreement = agreements[1]
    with pytest.raises(ValidationError) as refused:
        package.full_clean()
    assert list(refused.value.message_dict) == ["follow_up"]
    for record in (follow_up, agreements[0]):
        with pytest.raises(ProtectedError):
            type(record).objects.filter(pk=record.pk).delete()
