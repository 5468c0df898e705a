"""Loading the demo programme never takes anything back from whoever uses it."""

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from agreements.models import (
    Agreement,
    AgreementCriterion,
    AgreementRecord,
    FollowUp,
    FollowUpChange,
    Funding,
    RecordChange,
    Signatory,
)
from core.models import DemoPart, Organization, Region, RegionAlias, User
from kotaku.demo import PARTS
from kotaku.demo_store import FIXTURES
from slumareas.models import (
    AreaBoundary,
    Assessment,
    AssessmentYear,
    Baseline,
    Decree,
    DecreeArea,
    NeighbourhoodUnit,
    ReportedHectares,
    ReportingGroup,
    SlumArea,
    Work,
    YearStatusChange,
)
from workshops.models import AgendaItem, MinutesEntry, Participant, StatusChange, Workshop

SLUG = "lokakarya-kotaku-2019"
SLUM_MODELS = (
    SlumArea,
    Decree,
    DecreeArea,
    ReportingGroup,
    ReportedHectares,
    AreaBoundary,
    NeighbourhoodUnit,
    AssessmentYear,
    YearStatusChange,
    Baseline,
    Assessment,
    Work,
)
DEMO_MODELS = (
    Region,
    RegionAlias,
    Organization,
    User,
    Workshop,
    AgendaItem,
    MinutesEntry,
    Participant,
    StatusChange,
    Agreement,
    AgreementCriterion,
    AgreementRecord,
    FollowUp,
    FollowUpChange,
    Funding,
    RecordChange,
    Signatory,
    *SLUM_MODELS,
)


def load():
    output = StringIO()
    call_command("demo", stdout=output)
    return output.getvalue()


@pytest.fixture
def debug(db, settings):
    settings.DEBUG = True


@pytest.fixture
def demo(debug):
    load()
    return Workshop.objects.get(slug=SLUG)


def everything():
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in DEMO_MODELS}


# --- when it may load ----------------------------------------------------------------------------------


def test_is_refused_where_debug_is_off_and_stores_nothing(db, settings):
    settings.DEBUG = False
    with pytest.raises(CommandError) as refusal:
        load()
    assert refusal.value.returncode == 1
    assert len(str(refusal.value).splitlines()) == 1
    assert {name: rows for name, rows in everything().items() if rows} == {}
    assert not DemoPart.objects.exists()


def test_a_part_that_fails_leaves_nothing_behind_and_is_loaded_by_the_next_run(debug):
    clash = Organization.objects.create(key="lain", name="Dinas Kesehatan Kabupaten Bangka Barat", short_name="Lain")
    with pytest.raises(CommandError) as refusal:
        load()
    assert refusal.value.returncode == 1
    assert [part.name for part in DemoPart.objects.all()] == ["regions"]
    assert [organization.key for organization in Organization.objects.all()] == ["lain"]

    clash.delete()
    load()
    assert set(DemoPart.objects.values_list("name", flat=True)) == set(PARTS)


def test_a_second_run_changes_nothing(demo):
    before = everything()
    load()
    assert everything() == before


def test_nothing_that_a_person_changed_or_deleted_comes_back(demo):
    account = User.objects.get(username="planner")
    account.set_password("kata-sandi-sendiri")
    account.name = "Nama Baru"
    account.save()
    User.objects.get(username="viewer").delete()
    Organization.objects.get(key="pt-timah").delete()
    RegionAlias.objects.get(name="Muntok").delete()
    FollowUp.objects.all().delete()
    AgreementRecord.objects.update(status=AgreementRecord.Status.DRAFT)
    Agreement.objects.all().delete()
    Workshop.objects.filter(pk=demo.pk).update(status=Workshop.Status.DRAFT)
    MinutesEntry.objects.filter(workshop=demo).update(parent=None, agenda_item=None)
    Workshop.objects.get(pk=demo.pk).delete()
    area = SlumArea.objects.get(slug="puput")
    area.name = "Puput Baru"
    area.save()
    measured = Baseline.objects.filter(assessment_year__year=2019).first()
    unit = measured.unit
    measured.delete()
    Work.objects.all().delete()
    ReportedHectares.objects.get(kind="target").delete()
    DecreeArea.objects.filter(slum_area__slug="sinar-manik").delete()
    SlumArea.objects.get(slug="sinar-manik").delete()

    load()

    account.refresh_from_db()
    assert account.check_password("kata-sandi-sendiri")
    assert account.name == "Nama Baru"
    assert not User.objects.filter(username="viewer").exists()
    assert not Organization.objects.filter(key="pt-timah").exists()
    assert not RegionAlias.objects.filter(name="Muntok").exists()
    assert not Workshop.objects.filter(slug=SLUG).exists()
    assert SlumArea.objects.get(slug="puput").name == "Puput Baru"
    assert not SlumArea.objects.filter(slug="sinar-manik").exists()
    assert not Baseline.objects.filter(assessment_year__year=2019, unit=unit).exists()
    assert not Work.objects.exists()
    assert not ReportedHectares.objects.filter(kind="target").exists()


def test_slum_areas_of_ones_own_are_not_mixed_with_those_of_the_demo(debug):
    area = SlumArea.objects.create(name="Kawasan Sendiri")
    load()
    assert list(SlumArea.objects.all()) == [area]
    assert not Baseline.objects.exists()


def test_what_was_there_before_the_first_run_stays_as_it_is(debug):
    Region.objects.create(code="19.05", name="Nama Sendiri", level="regency")
    Organization.objects.create(key="bappelitbangda", name="Badan Sendiri", short_name="Badan")
    own = User.objects.create_user("planner", password="kata-sandi-sendiri", role="viewer")
    load()
    assert Region.objects.get(code="19.05").name == "Nama Sendiri"
    assert Organization.objects.get(key="bappelitbangda").name == "Badan Sendiri"
    own.refresh_from_db()
    assert own.role == "viewer"
    assert own.check_password("kata-sandi-sendiri")


# --- its files ------------------------------------------------------------------------------------------


def test_fixtures_are_in_the_order_of_codes_and_keys_and_carry_no_row_numbers():
    regions = json.loads((FIXTURES / "regions.json").read_text())
    organizations = json.loads((FIXTURES / "organizations.json").read_text())
    codes = [row["fields"]["code"] for row in regions if row["model"] == "core.region"]
    keys = [row["fields"]["key"] for row in organizations]
    assert codes == sorted(codes)
    assert keys == sorted(keys)
    assert not any("pk" in row for row in regions + organizations)


def test_fixtures_load_by_themselves(db):
    call_command("loaddata", FIXTURES / "regions.json", FIXTURES / "organizations.json", verbosity=0)
    assert Region.objects.count() == 73
    assert Organization.objects.get(key="lkm-tanjung").region.code == "19.05.01.1001"
