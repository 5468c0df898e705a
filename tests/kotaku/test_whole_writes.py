"""What ends in the middle of a request leaves everything of it or nothing, its lines of history too."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.urls import reverse

from agreements.models import Review
from assets.models import AssetPhoto
from assets.models import Signatory as PackageSignatory
from core.models import User
from tests import factories
from tests.agreements.photographs import picture
from workshops.models import Leader, Participant

pytestmark = pytest.mark.django_db(transaction=True)


class Ended(Exception):
    """As if the process were killed here."""


@pytest.fixture
def ending(people):
    """Do something as the planner, and end it before the given line of history is written."""
    client = Client(raise_request_exception=False)
    client.force_login(people["planner"], backend="allauth.account.auth_backends.AuthenticationBackend")

    def post(address, values, *, before_line: int):
        lines = []

        def end(execute, sql, *arguments):
            if sql.startswith("INSERT") and "historical" in sql:
                lines.append(sql)
                if len(lines) == before_line:
                    raise Ended
            return execute(sql, *arguments)

        with connection.execute_wrapper(end):
            answer = client.post(address, values)
        assert (answer.status_code, len(lines)) == (500, before_line)

    return post


def rows_of(prefix: str, *rows: dict) -> dict:
    form = {f"{prefix}-TOTAL_FORMS": len(rows), f"{prefix}-INITIAL_FORMS": 0}
    return form | {f"{prefix}-{number}-{name}": value for number, row in enumerate(rows) for name, value in row.items()}


def test_an_account_and_its_history(ending, people):
    before = people["planner"].feed_version
    ending(reverse("renew_feed"), {}, before_line=1)
    assert User.objects.get(pk=people["planner"].pk).feed_version == before


def test_the_leaders_of_a_workshop(ending):
    workshop = factories.WorkshopFactory()
    leaders = rows_of("leaders", {"role": "chair", "name": "Budi Contoh"}, {"role": "moderator", "name": "Siti Contoh"})
    ending(reverse("workshops:workshop_leaders", args=[workshop.slug]), leaders, before_line=2)
    assert not Leader.objects.exists()


def test_the_signatories_of_a_package(ending):
    package = factories.PackageFactory()
    people = rows_of(
        "signatories", {"role": "giver", "name": "Budi Contoh"}, {"role": "receiver", "name": "Siti Contoh"}
    )
    ending(reverse("assets:package_signatories", args=[package.number]), people, before_line=2)
    assert not PackageSignatory.objects.exists()


def test_a_sitting_that_a_program_plans_with_its_members(ending, people):
    sitting = {"held_on": "2026-03-02", "place": "Ruang uji", "members": [people["pokja_member"].username]}
    ending("/api/v1/reviews/", sitting, before_line=2)
    assert not Review.objects.exists()


def test_why_reported_hectares_differ(ending):
    figure = factories.ReportedHectaresFactory(kind="reported")
    ending(reverse("slumareas:hectares_explain", args=[figure.pk]), {"explanation": "Diukur ulang"}, before_line=1)
    figure.refresh_from_db()
    assert figure.explanation == ""


def test_a_photo_of_an_asset(ending):
    asset = factories.AssetFactory()
    address = reverse("assets:asset_photos", args=[asset.package.number, asset.number])
    ending(address, {"picture": SimpleUploadedFile("uji.jpg", picture()), "caption": "Uji"}, before_line=1)
    assert not AssetPhoto.objects.exists()


def test_a_correction_at_the_desk_with_the_arrival(ending):
    person = factories.ParticipantFactory(workshop__status="in_progress", name="Nama Lama")
    address = reverse("workshops:participant_edit", args=[person.workshop.slug, person.pk])
    ending(f"{address}?desk", {"name": "Nama Baru", "arrive": ""}, before_line=2)
    assert Participant.objects.values_list("name", "arrived_at").get(pk=person.pk) == ("Nama Lama", None)
