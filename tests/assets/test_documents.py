"""The checklist: which papers are asked for, and what becomes of each."""

import datetime
import hashlib

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from assets import checklists, stages
from assets.models import Document, Package
from core.refusals import Refused
from tests import factories
from tests.assets.conftest import TODAY, complete, pdf, put_at


def kinds(package):
    return set(package.documents.values_list("kind", flat=True))


def test_the_checklist_follows_from_sector_types_and_way():
    base = {wanted.kind for wanted in checklists.wanted("pkp", [], "regular")}
    water = {wanted.kind for wanted in checklists.wanted("water", ["water_refill"], "regular")}
    plant = {wanted.kind for wanted in checklists.wanted("plp", ["wastewater_plant"], "regular")}
    residents = {wanted.kind for wanted in checklists.wanted("plp", ["latrine"], "community")}
    assert water - base == {"water_test", "operation_manual", "operator_decree"}
    assert plant - base == {"effluent_test", "operation_manual", "operator_decree"}
    assert residents == {"progress_photos", "owner_statement", "community_record"}
    assert {"contract", "grant_deed", "handover_record", "acceptance_letter"} <= base


def test_what_was_planned_as_a_grant_needs_no_approval():
    for planned, required in ((False, True), (True, False)):
        papers = {wanted.kind: wanted for wanted in checklists.wanted("pkp", [], "regular", planned)}
        assert papers["approval_letter"].is_required is required


@pytest.mark.parametrize("path", ["regular", "community"])
def test_every_paper_is_needed_before_a_stage_of_its_way(path):
    keys = stages.COMMUNITY_STAGES if path == "community" else tuple(stages.STAGES)
    wanted = checklists.wanted("plp", ["waste_station", "latrine"], path)
    assert {paper.needed_before for paper in wanted} <= set(keys)


def test_a_package_gets_its_places_and_they_follow_its_assets(package):
    before = kinds(package)
    asset = factories.AssetFactory(package=package, asset_type="waste_station")
    assert kinds(package) - before == {"operation_manual", "operator_decree"}
    asset.delete()
    assert kinds(package) == before


def test_a_paper_that_somebody_brought_stays_and_is_asked_for_no_more(package, planner, now):
    asset = factories.AssetFactory(package=package, asset_type="waste_station")
    manual = package.documents.get(kind="operation_manual")
    manual.receive(pdf(), by=planner, at=now)
    asset.delete()
    manual.refresh_from_db()
    assert (manual.state, manual.is_required) == ("received", False)


def test_checklists_of_many_packages_cost_no_more_queries(package):
    def queries(packages):
        Document.objects.all().delete()
        with CaptureQueriesContext(
            connection,
        ) as found:
            Document.objects.lay_out(packages)
        # SQLite writes many rows in several goes.
        return sum(not query["sql"].startswith("INSERT") for query in found)

    one = queries([package])
    many = [package, *(factories.PackageFactory() for _copy in range(4))]
    assert queries(many) == one
    assert Document.objects.filter(package=many[-1]).count() == len(checklists.wanted("plp", [], "regular"))


def test_completeness_is_counted_by_the_database(package):
    required = package.documents.filter(is_required=True).count()
    package.documents.filter(kind__in=["contract", "water_test", "location_plan"]).update(state="accepted")
    package.documents.filter(kind="inspection_record").update(state="accepted", valid_until=TODAY)
    package.documents.filter(kind="grant_deed").update(state="received")
    found = Package.objects.with_papers(TODAY).get(pk=package.pk)
    assert (found.papers_required, found.papers_accepted) == (required, 2)
    tomorrow = TODAY + datetime.timedelta(days=1)
    assert Package.objects.with_papers(tomorrow).get(pk=package.pk).papers_accepted == 1
    assert Package.objects.lacking_papers(TODAY).filter(pk=package.pk).exists()
    package.documents.update(state="accepted")
    assert not Package.objects.lacking_papers(TODAY).filter(pk=package.pk).exists()
    assert Package.objects.lacking_papers(tomorrow).filter(pk=package.pk).exists()


# --- states --------------------------------------------------------------------------------------------

ALLOWED = {
    ("missing", "receive"): "received",
    ("received", "receive"): "received",
    ("returned", "receive"): "received",
    ("received", "accept"): "accepted",
    ("received", "send_back"): "returned",
    ("accepted", "send_back"): "returned",
}


def call(document, verb, by, at, **extra):
    if verb == "receive":
        return document.receive(pdf(), by=by, at=at, **extra)
    if verb == "send_back":
        extra.setdefault("note", "Belum ditandatangani.")
    return getattr(document, verb)(by=by, at=at, **extra)


@pytest.mark.parametrize("verb", Document.TRANSITIONS)
@pytest.mark.parametrize("state", Document.State.values)
def test_every_pair_of_state_and_verb(package, planner, now, state, verb):
    document = package.documents.get(kind="contract")
    package.documents.filter(pk=document.pk).update(state=state)
    document.refresh_from_db()
    expected = ALLOWED.get((state, verb))
    assert document.can(verb) == bool(expected)
    if expected is None:
        with pytest.raises(Refused):
            call(document, verb, planner, now)
        document.refresh_from_db()
        assert (document.state, document.versions.count()) == (state, 0)
        return
    call(document, verb, planner, now)
    document.refresh_from_db()
    assert (document.state, document.changed_on) == (expected, TODAY)
    assert document.history.first().history_user == planner


def test_versions_keep_file_date_and_fingerprint(package, planner, now):
    document = package.documents.get(kind="contract")
    day = datetime.date(2016, 5, 1)
    document.receive(pdf("satu"), by=planner, at=now, dated_on=day, number="602/UJI/2016")
    document.send_back(by=planner, at=now, note="Halaman 3 tidak terbaca.")
    document.receive(pdf("dua"), by=planner, at=now, dated_on=day)
    content = pdf("dua").read()
    assert list(document.versions.values_list("number", "dated_on")) == [(1, day), (2, day)]
    latest = document.versions.get(number=2)
    assert (latest.sha256, latest.size) == (hashlib.sha256(content).hexdigest(), len(content))
    with latest.file.open() as stored:
        assert stored.read() == content
    assert (latest.by, latest.at) == (planner, now)


def test_the_same_file_twice_is_refused(package, planner, now):
    document = package.documents.get(kind="contract")
    same_page = Document.objects.get(pk=document.pk)
    document.receive(pdf(), by=planner, at=now)
    with pytest.raises(Refused):
        same_page.receive(pdf(), by=planner, at=now)
    assert document.versions.count() == 1


def test_a_file_that_is_not_what_it_says_is_refused(package, planner, now):
    document = package.documents.get(kind="contract")
    disguised = pdf()
    disguised.name = "surat.docx"
    with pytest.raises(ValidationError):
        document.receive(disguised, by=planner, at=now)
    assert not document.versions.exists()


@pytest.mark.parametrize(
    ("dates", "field"),
    [
        ({"dated_on": datetime.date(2026, 3, 11)}, "dated_on"),
        ({"valid_until": datetime.date(2026, 3, 9)}, "valid_until"),
        ({"dated_on": datetime.date(2026, 3, 9), "valid_until": datetime.date(2026, 3, 8)}, "valid_until"),
    ],
)
def test_dates_that_cannot_be(package, planner, now, dates, field):
    document = package.documents.get(kind="contract")
    with pytest.raises(ValidationError) as refused:
        document.receive(pdf(), by=planner, at=now, **dates)
    assert field in refused.value.message_dict
    document.refresh_from_db()
    assert (document.state, document.versions.count()) == ("missing", 0)


def test_the_validity_follows_from_the_checklist(package, planner, now):
    factories.AssetFactory(package=package, asset_type="wastewater_plant")
    test = package.documents.get(kind="effluent_test")
    test.receive(pdf(), by=planner, at=now, dated_on=datetime.date(2026, 1, 1))
    assert test.valid_until == datetime.date(2026, 7, 3)
    with pytest.raises(ValidationError):
        test.receive(pdf("lama"), by=planner, at=now, dated_on=datetime.date(2025, 1, 1))


def test_a_paper_past_its_validity_is_not_accepted(package, planner, now):
    document = package.documents.get(kind="inspection_record")
    document.receive(pdf(), by=planner, at=now, dated_on=datetime.date(2025, 3, 10))
    later = now + datetime.timedelta(days=1)
    with pytest.raises(Refused):
        document.accept(by=planner, at=later)
    document.accept(by=planner, at=now)
    assert document.state == "accepted"


def test_nobody_accepts_papers_of_the_own_giving(package, giver, planner, now):
    planner.organization = package.giver
    planner.save()
    document = package.documents.get(kind="contract")
    document.receive(pdf(), by=giver, at=now)
    for person in (giver, planner):
        with pytest.raises(Refused):
            document.accept(by=person, at=now)
        with pytest.raises(Refused):
            document.send_back(by=person, at=now, note="Uji.")
    document.refresh_from_db()
    assert document.state == "received"


def test_returning_needs_a_note(package, planner, now):
    document = package.documents.get(kind="contract")
    document.receive(pdf(), by=planner, at=now)
    with pytest.raises(Refused):
        document.send_back(by=planner, at=now, note=" ")


def test_what_the_deed_rests_on_stays_accepted(package, planner, now):
    put_at(complete(package), "grant_deed_signed")
    package.documents.settle(stages.up_to("grant_deed_signed"), TODAY)
    with pytest.raises(Refused):
        package.documents.get(kind="contract").send_back(by=planner, at=now, note="Uji.")
    package.documents.get(kind="writeoff_decree").send_back(by=planner, at=now, note="Uji.")
    assert package.documents.get(kind="writeoff_decree").state == "returned"


def test_saving_never_changes_the_state(package):
    document = package.documents.get(kind="contract")
    document.state, document.note = "accepted", "Catatan."
    document.save()
    document.refresh_from_db()
    assert (document.state, document.note) == ("missing", "Catatan.")


def test_a_paper_has_one_place_in_a_package(package):
    with pytest.raises(IntegrityError), transaction.atomic():
        Document.objects.create(package=package, kind="contract")


def test_what_was_valid_when_it_was_needed_may_lose_its_validity_later(package, planner, now):
    put_at(complete(package), "acceptance_letter")
    record = package.documents.filter(kind="inspection_record")
    record.update(valid_until=TODAY)
    package.advance("submitted_to_ministry", by=planner, at=now)
    later = TODAY + datetime.timedelta(days=400)
    required = package.documents.filter(is_required=True).count()
    assert record.get().settled_on == TODAY
    assert Package.objects.with_papers(later).get(pk=package.pk).papers_accepted == required
    assert not package.missing_for("approval", later).exists()


def test_after_a_return_papers_are_looked_at_again(package, planner, now):
    put_at(complete(package), "acceptance_letter")
    package.documents.filter(kind="inspection_record").update(valid_until=TODAY)
    package.advance("submitted_to_ministry", by=planner, at=now)
    package.return_to_giver(by=planner, at=now, reason="document_incomplete", note="Uji.")
    later = TODAY + datetime.timedelta(days=1)
    assert [one.kind for one in package.missing_for("submitted_to_ministry", later)] == ["inspection_record"]


def test_a_package_that_was_handed_over_long_ago_goes_on_without_the_old_papers(package):
    put_at(package, "bast_signed")
    assert {one.needed_before for one in package.missing_for("recorded_regency", TODAY)} == {
        "ministry_writeoff",
        "recorded_regency",
    }
