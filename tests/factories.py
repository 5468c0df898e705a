"""Records for tests. People are plainly made up."""

import datetime

import factory
from factory.django import DjangoModelFactory

from core.models import Organization, Region, User
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
