"""The 195 packages of the demo: the source's counts and cases, and a way behind each that the verbs would have allowed."""

from collections import Counter
from io import StringIO

import pytest
from django.core.management import call_command
from django.db.models import Q
from django.test import override_settings

from assets import checklists, stages
from assets.models import Asset, Document, DocumentVersion, Move, Package
from kotaku.demo_packages import LAST_DAY, load_packages


@pytest.fixture(scope="module", autouse=True)
def _loaded(store_for_module):
    with override_settings(DEBUG=True):
        store_for_module(lambda: call_command("demo", stdout=StringIO()))


@pytest.fixture
def packages(db):
    return list(Package.objects.select_related("village", "holder", "giver", "receiver", "slum_area"))


def test_holds_the_counts_of_the_source(packages):
    assert Counter(package.sector for package in packages) == {"plp": 43, "water": 128, "pkp": 15, "pbl": 9}
    assert len({package.name for package in packages}) > 150


def test_all_details_are_marked_as_made_up(packages):
    assert all(package.is_made_up and "rekaan" in package.note.lower() for package in packages)


def test_waste_stations_wait_at_the_desk_of_the_bupati(packages):
    stuck = Package.objects.filter(name__in=["TPS3R Tempilang", "TPS3R Parittiga", "TPS3R Kelabat"])
    places = set(stuck.values_list("stage", "holder__key", "holder_desk", "condition"))
    assert places == {("acceptance_letter", "pemkab-bangka-barat", "Meja Bupati", "blocked")}
    assert stuck.count() == 3
    assert set(stuck.values_list("reason", flat=True)) == {
        "letter_unsigned",
        "personnel_changed",
        "document_incomplete",
    }


def test_the_boozem_waits_and_new_buildings_stand_in_it(packages):
    boozem = Package.objects.get(name="BOOZEM Teluk Rubiah")
    assert (boozem.sector, boozem.condition, boozem.reason) == ("pbl", "blocked", "location_disputed")
    assert (boozem.village.name, boozem.slum_area.slug) == ("Tanjung", "teluk-rubiah")
    assert boozem.assets.get().asset_type == "retention_pond"


def test_household_latrines_went_straight_to_the_residents(packages):
    given = Package.objects.filter(path="community")
    assert set(given.values_list("village__name", flat=True)) == {"Pangek", "Tumbak Petar", "Rukam"}
    assert set(given.values_list("stage", "receiver", "grant_deed_on")) == {("operating", None, None)}
    assert all("rumah tangga" in package.name for package in given)


def test_every_record_passes_its_own_checks(packages):
    for record in (*packages, *Asset.objects.select_related("package"), *Document.objects.select_related("package")):
        record.full_clean()


def test_every_way_is_one_that_the_verbs_allow(packages):
    moves = {package.pk: [] for package in packages}
    for move in Move.objects.order_by("on", "at", "pk"):
        moves[move.package_id].append(move)
    for package in packages:
        state = (
            "identified",
            "normal",
            moves[package.pk][0].from_holder_id if moves[package.pk] else package.holder_id,
        )
        for move in moves[package.pk]:
            assert (move.from_stage, move.from_condition, move.from_holder_id) == state, package
            if move.kind == "advance":
                assert package.steps[move.from_stage, move.to_stage] is False, package
            assert move.on <= LAST_DAY
            state = (move.to_stage, move.to_condition, move.to_holder_id)
        assert state == (package.stage, package.condition, package.holder_id), package
        arrivals = [move.on for move in moves[package.pk] if move.holder_days is not None]
        assert not arrivals or arrivals[-1] == package.holder_reached_on, package
        last_stage = [move.on for move in moves[package.pk] if move.stage_days is not None]
        assert not last_stage or last_stage[-1] == package.stage_reached_on, package


def test_stages_of_all_kinds_and_every_holder_is_known(packages):
    assert {package.stage for package in packages} == set(stages.STAGES)
    assert all(package.holder_id for package in packages)


def test_each_package_has_its_checklist_and_nothing_passed_a_stage_without_it(packages):
    for package in packages:
        kinds = [paper.kind for paper in checklists.wanted(package.sector, [package.assets.get().asset_type],
                                                           package.path, package.is_planned_as_grant)]  # fmt: skip
        assert list(package.documents.in_checklist_order().values_list("kind", flat=True)) == kinds
        passed = package.documents.filter(is_required=True, needed_before__in=stages.up_to(package.stage))
        assert not passed.lacking(LAST_DAY).exists(), package


def test_what_was_brought_holds_a_sheet_that_says_it_is_an_example(packages):
    brought = Document.objects.exclude(state="missing")
    assert brought.count() == DocumentVersion.objects.count() > 500
    assert not brought.filter(Q(versions=None) | Q(dated_on=None)).exists()
    version = DocumentVersion.objects.first()
    with version.file.open() as file:
        assert file.read().startswith(b"%PDF")


def test_packages_of_ones_own_are_not_mixed_with_those_of_the_demo(packages):
    before = list(Package.objects.order_by("pk").values())
    load_packages()
    assert list(Package.objects.order_by("pk").values()) == before
