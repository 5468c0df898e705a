"""The two sides of a handover, and packages at any stage."""

import datetime

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from assets import stages
from assets.models import Package
from tests import factories

TODAY = datetime.date(2026, 3, 10)  # the local day of the fixture `now`


def put_at(package, stage, **values):
    """The package as it is at a stage, past the verbs, with what the constraints ask of it."""
    values = {"stage": stage, "stage_reached_on": datetime.date(2026, 3, 1), **values}
    values.setdefault("holder_reached_on", datetime.date(2026, 3, 1))
    if package.path == "regular" and stage in stages.AFTER_DEED:
        values.setdefault("accepted_on", datetime.date(2026, 1, 5))
        values.setdefault("grant_deed_on", datetime.date(2026, 2, 1))
    if package.path == "regular" and stage in stages.AFTER_HANDOVER:
        values.setdefault("handover_on", datetime.date(2026, 2, 2))
    Package.objects.filter(pk=package.pk).update(**values)
    package.refresh_from_db()
    return package


def complete(package):
    """All papers accepted, books and managers entered: nothing hinders the package but the order of stages."""
    package.documents.update(state="accepted")
    package.assets.update(kib_class="C", kib_code="1.3.3.01", manager=package.receiver or package.giver)
    Package.objects.filter(pk=package.pk, path="regular").update(accepted_on=datetime.date(2026, 1, 5))
    package.refresh_from_db()
    return package


def pdf(text="satu", name="surat.pdf"):
    content = b"%PDF-1.4\n1 0 obj\n<< /Type /Catalog >>\nendobj\n% " + text.encode() + b"\n%%EOF\n"
    return SimpleUploadedFile(name, content, "application/pdf")


@pytest.fixture
def package(agency):
    return factories.PackageFactory(receiver=agency)


@pytest.fixture
def giver(package):
    """A person of the organization that gives the package."""
    return factories.UserFactory(username="pemberi", role="opd_user", organization=package.giver)


@pytest.fixture
def stranger(package):
    """An agency that has nothing to do with the package."""
    return factories.UserFactory(username="lain", role="opd_user", organization=factories.OrganizationFactory())


@pytest.fixture
def receiver(people):
    """A person of the agency that receives it."""
    return people["opd_user"]
