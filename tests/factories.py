"""Records for tests. People are plainly made up."""

import datetime
from decimal import Decimal

import factory
from factory.django import DjangoModelFactory

from agreements.models import (
    Agreement,
    AgreementRecord,
    Evidence,
    FollowUp,
    Funding,
    Review,
    Signatory,
)
from core.models import Organization, Region, User
from slumareas import scoring
from slumareas.models import (
    AreaBoundary,
    AssessmentYear,
    Baseline,
    Decree,
    DecreeArea,
    Import,
    NeighbourhoodUnit,
    ReportedHectares,
    ReportingGroup,
    SlumArea,
    Work,
)
from workshops.models import AgendaItem, Leader, MinutesEntry, Participant, Workshop, WorkshopArea

PASSWORD = "kata-sandi-uji"


class RegencyFactory(DjangoModelFactory):
    class Meta:
        model = Region
        django_get_or_create = ["code"]

    code = "19.05"
    name = "Bangka Barat"
    level = Region.Level.REGENCY


class DistrictFactory(DjangoModelFactory):
    class Meta:
        model = Region
        django_get_or_create = ["code"]

    code = "19.05.01"
    name = "Mentok"
    level = Region.Level.DISTRICT
    parent = factory.SubFactory(RegencyFactory)


class VillageFactory(DjangoModelFactory):
    class Meta:
        model = Region
        django_get_or_create = ["code"]

    code = factory.Sequence(lambda number: f"19.05.01.{2001 + number}")
    name = factory.Sequence(lambda number: f"Desa Uji {number}")
    level = Region.Level.VILLAGE
    kind = Region.Kind.DESA
    parent = factory.SubFactory(DistrictFactory)


class OrganizationFactory(DjangoModelFactory):
    class Meta:
        model = Organization
        django_get_or_create = ["key"]

    key = factory.Sequence(lambda number: f"dinas-uji-{number}")
    name = factory.Sequence(lambda number: f"Dinas Uji Coba {number}")
    short_name = factory.Sequence(lambda number: f"Dinas Uji {number}")


class UserFactory(DjangoModelFactory):
    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda number: f"pengguna{number}")
    email = factory.LazyAttribute(lambda user: f"{user.username}@contoh.test")
    name = factory.LazyAttribute(lambda user: f"Uji {user.username.title()}")
    password = factory.django.Password(PASSWORD)


OWN_VILLAGE = "19.05.01.1001"  # where the village user is at home


def make_people() -> dict[str, User]:
    """{role: user} with the password `PASSWORD`, all of one agency."""
    village = VillageFactory(code=OWN_VILLAGE, name="Tanjung", kind="kelurahan")
    agency = OrganizationFactory(key="disperkimhub", name="Dinas Uji Permukiman", short_name="Disperkimhub")
    scope = {"village_user": {"region": village}}
    return {
        role: UserFactory(username=role, role=role, organization=agency, **scope.get(role, {}))
        for role in User.Role.values
    }


class WorkshopFactory(DjangoModelFactory):
    class Meta:
        model = Workshop

    title = factory.Sequence(lambda number: f"Lokakarya Uji {number}")
    held_on = datetime.date(2026, 3, 10)
    call_time = datetime.time(8, 30)
    start_time = datetime.time(9)
    end_time = datetime.time(15)
    place = "Balai Uji"


class WorkshopAreaFactory(DjangoModelFactory):
    class Meta:
        model = WorkshopArea

    workshop = factory.SubFactory(WorkshopFactory)
    name = "Kampung Uji"
    region = factory.SubFactory(VillageFactory)


class AgendaItemFactory(DjangoModelFactory):
    class Meta:
        model = AgendaItem

    workshop = factory.SubFactory(WorkshopFactory)
    title = factory.Sequence(lambda number: f"Acara {number}")


class LeaderFactory(DjangoModelFactory):
    class Meta:
        model = Leader

    workshop = factory.SubFactory(WorkshopFactory)
    role = Leader.Role.CHAIR
    name = "Budi Contoh, S.T."


class ParticipantFactory(DjangoModelFactory):
    class Meta:
        model = Participant

    workshop = factory.SubFactory(WorkshopFactory)
    name = factory.Sequence(lambda number: f"Peserta Contoh {number}")
    organization_name = "Dinas Uji"


class MinutesEntryFactory(DjangoModelFactory):
    class Meta:
        model = MinutesEntry

    workshop = factory.SubFactory(WorkshopFactory)
    kind = "note"
    text = factory.Sequence(lambda number: f"Catatan uji {number}.")


class AgreementFactory(DjangoModelFactory):
    """An agreement of a draft; `publish(workshop)` makes its record one that everyone has signed."""

    class Meta:
        model = Agreement

    workshop = factory.SubFactory(WorkshopFactory)
    text = factory.Sequence(lambda number: f"Sepakat uji {number}.")


class AgreementRecordFactory(DjangoModelFactory):
    class Meta:
        model = AgreementRecord

    workshop = factory.SubFactory(WorkshopFactory)


class SignatoryFactory(DjangoModelFactory):
    """`SignatoryFactory(record=record)`; without one it gets a workshop with one agreement."""

    class Meta:
        model = Signatory

    record = factory.LazyFunction(lambda: AgreementFactory().workshop.agreement_record)
    name = factory.Sequence(lambda number: f"Penanda Contoh {number}")
    position = "Kepala Bidang Uji"
    organization_name = "Dinas Uji"


def publish(workshop) -> AgreementRecord:
    """As after a whole day: the minutes are closed and everyone has signed on paper."""
    record = AgreementRecord.objects.get_or_create(workshop=workshop)[0]
    if not record.signatories.exists():
        Signatory.objects.bulk_create([SignatoryFactory.build(record=record, order=1)])  # whatever state it is in
    record.signatories.update(state="signed", how="paper", signed_on=workshop.held_on)
    AgreementRecord.objects.filter(pk=record.pk).update(status="published")
    Workshop.objects.filter(pk=workshop.pk).update(status="closed")
    record.refresh_from_db()
    return record


class FollowUpFactory(DjangoModelFactory):
    """Open, of an agency, due a month after the test day. `FollowUpFactory(status="done")` sets what its verb would."""

    class Meta:
        model = FollowUp

    agreement = factory.SubFactory(AgreementFactory)
    activity = factory.Sequence(lambda number: f"Tindak lanjut uji {number}")
    responsible_organization = factory.SubFactory(OrganizationFactory)
    due_on = datetime.date(2026, 4, 10)
    updated_on = datetime.date(2026, 3, 10)

    @classmethod
    def _create(cls, model_class, *args, status="not_started", **kwargs):
        follow_up = super()._create(model_class, *args, **kwargs)
        if status != "not_started":
            values = {
                "blocked": {"obstacle": "Terkendala uji"},
                "done": {"done_on": follow_up.updated_on},
                "cancelled": {"cancel_reason": "Batal uji", "cancelled_by": UserFactory(role="planner")},
            }.get(status, {})
            FollowUp.objects.filter(pk=follow_up.pk).update(status=status, **values)
            follow_up.refresh_from_db()
        return follow_up


class FundingFactory(DjangoModelFactory):
    class Meta:
        model = Funding

    follow_up = factory.SubFactory(FollowUpFactory)
    source = "apbd_regency"
    amount = Decimal(1_000_000)


class EvidenceFactory(DjangoModelFactory):
    """A link, so that no file is written."""

    class Meta:
        model = Evidence

    follow_up = factory.SubFactory(FollowUpFactory)
    kind = "link"
    title = "Bukti uji"
    url = factory.Sequence(lambda number: f"https://contoh.test/bukti/{number}")
    sha256 = factory.Sequence(lambda number: f"{number:064d}")
    submitted_by = factory.SubFactory(UserFactory)
    submitted_at = datetime.datetime(2026, 3, 10, 2, 0, tzinfo=datetime.UTC)


class ReviewFactory(DjangoModelFactory):
    class Meta:
        model = Review

    held_on = datetime.date(2026, 3, 20)


class SlumAreaFactory(DjangoModelFactory):
    """`SlumAreaFactory(villages=[village])`; without villages it gets a new one."""

    class Meta:
        model = SlumArea
        skip_postgeneration_save = True

    name = factory.Sequence(lambda number: f"Kawasan Uji {number}")

    @factory.post_generation
    def villages(area, create, given, **kwargs):
        if create:
            area.villages.set(given if given is not None else [VillageFactory()])


class AreaBoundaryFactory(DjangoModelFactory):
    class Meta:
        model = AreaBoundary

    slum_area = factory.SubFactory(SlumAreaFactory)
    year = 2024
    geometry = factory.LazyFunction(
        lambda: {
            "type": "Polygon",
            "coordinates": [[[105.16, -2.07], [105.17, -2.07], [105.17, -2.06], [105.16, -2.06], [105.16, -2.07]]],
        }
    )
    area_ha = Decimal("122.94")


class DecreeFactory(DjangoModelFactory):
    class Meta:
        model = Decree

    number = factory.Sequence(lambda number: f"188.45/{number}/UJI/2024")
    year = 2024


class DecreeAreaFactory(DjangoModelFactory):
    class Meta:
        model = DecreeArea

    decree = factory.SubFactory(DecreeFactory)
    slum_area = factory.SubFactory(SlumAreaFactory)
    hectares = Decimal("2.5")


class ReportingGroupFactory(DjangoModelFactory):
    """`ReportingGroupFactory(regions=[district])`; without regions it gets a district."""

    class Meta:
        model = ReportingGroup
        skip_postgeneration_save = True

    slug = factory.Sequence(lambda number: f"kelompok-uji-{number}")
    name = factory.Sequence(lambda number: f"Kelompok Uji {number}")

    @factory.post_generation
    def regions(group, create, given, **kwargs):
        if create:
            group.regions.set(given if given is not None else [DistrictFactory()])


class ReportedHectaresFactory(DjangoModelFactory):
    class Meta:
        model = ReportedHectares

    group = factory.SubFactory(ReportingGroupFactory)
    year = 2024
    hectares = Decimal("10")
    source = "Laporan uji"


class NeighbourhoodUnitFactory(DjangoModelFactory):
    """An RT of its own RT number; in a slum area where one is given, which should lie in the same village."""

    class Meta:
        model = NeighbourhoodUnit

    region = factory.SubFactory(VillageFactory)
    rw = "1"
    rt = factory.Sequence(lambda number: str(number + 1))


class AssessmentYearFactory(DjangoModelFactory):
    class Meta:
        model = AssessmentYear
        django_get_or_create = ["year", "rule_set"]

    year = 2025
    rule_set = scoring.PERMEN_14_2018


# Complete under `permen_14_2018`, without a warning: total 32, a light slum.
BASELINE_VALUES = {
    key: Decimal(value)
    for key, value in {
        "verified_area_ha": "2.75",
        "building_count": "120",
        "population": "480",
        "household_count": "125",
        "ideal_road_m": "800",
        "ideal_drainage_m": "1200",
        "building_irregular": "40",
        "building_density": "0",
        "building_substandard": "70",
        "road_coverage": "240",
        "road_surface": "420",
        "water_access": "50",
        "water_quantity": "0",
        "drainage_flooding": "0.9",
        "drainage_missing": "640",
        "drainage_construction": "480",
        "wastewater_system": "70",
        "wastewater_facility": "60",
        "waste_facility": "100",
        "waste_system": "80",
        "fire_infrastructure": "36",
        "fire_equipment": "120",
    }.items()
}
# The three that only `permen_2_2016` asks for besides.
OLD_RULES_VALUES = {
    "drainage_unconnected": Decimal(600),
    "drainage_unmaintained": Decimal(300),
    "waste_unmaintained": Decimal(50),
}
BASELINE_TOTAL, BASELINE_CLASS = 32, scoring.LIGHT


class BaselineFactory(DjangoModelFactory):
    """Saved through the model's own door, so that it is scored and the results above it exist.

    `BaselineFactory(year=2024)` sets the year, `rule_set=` the rule set; any value may be given by its key.
    """

    class Meta:
        model = Baseline
        exclude = ["year", "rule_set"]

    class Params:
        old_rules = factory.Trait(rule_set=scoring.PERMEN_2_2016, **OLD_RULES_VALUES)

    year = 2025
    rule_set = scoring.PERMEN_14_2018
    unit = factory.SubFactory(NeighbourhoodUnitFactory)
    assessment_year = factory.SubFactory(
        AssessmentYearFactory, year=factory.SelfAttribute("..year"), rule_set=factory.SelfAttribute("..rule_set")
    )

    @classmethod
    def _adjust_kwargs(cls, **kwargs):
        return {**BASELINE_VALUES, **kwargs}


class WorkFactory(DjangoModelFactory):
    class Meta:
        model = Work

    unit = factory.SubFactory(NeighbourhoodUnitFactory)
    year = 2025
    criterion = "road_surface"
    activity = "Perbaikan jalan uji"
    volume = Decimal(120)


class ImportFactory(DjangoModelFactory):
    """A file that was sent and in which nothing was found."""

    class Meta:
        model = Import

    file_name = "uji.csv"
    file = factory.django.FileField(filename="uji.csv", data=b"a,b\n1,2\n")
    sha256 = "0" * 64
    year = 2025
    rule_set = scoring.PERMEN_14_2018
    counts = factory.LazyFunction(
        lambda: dict.fromkeys(("rows", "new", "changed", "unchanged", "errors", "warnings", "ignored"), 0)
    )
    at = datetime.datetime(2026, 3, 10, 2, 0, tzinfo=datetime.UTC)
