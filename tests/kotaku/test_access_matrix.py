"""Every address with every role and without one: what the anonymous, the stranger and the reader get.

The addresses come from the resolver, so a new one is in here from its first day.
"""

import re

import pytest
from django.apps import apps
from django.core.files.base import ContentFile
from django.urls import URLPattern, get_resolver, reverse

from core.models import User
from tests import factories
from workshops.models import Attachment, Checkpoint, Workshop

OPEN = {
    "account_login",
    "account_logout",
    "account_inactive",
    "account_signup",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "healthz",
    "set_theme",
    "set_language",
    "mfa_authenticate",
    "workshops:check_in_start",
    "workshops:check_in_self",
    "workshops:feed",
}
OUTSIDERS = ["pokja_member", "opd_user", "village_user", "viewer"]
READERS = ["verifier", *OUTSIDERS]
# What a reader may not open at all, because it is for those inside the programme.
INSIDE = {
    "workshops:participants",
    "workshops:participant_export_csv",
    "workshops:participant_export_xlsx",
    "workshops:check_in_poster",
    "workshops:history",
    "workshops:invitation_pdf",
    "workshops:attendance_pdf",
    "workshops:checkpoints",
    "workshops:checkpoint_compare",
}


def addresses():
    """[(name with its namespace, [parameters])] of all pages but the admin's and the API's, which have own tests."""
    found = []

    def walk(patterns, namespace=""):
        for entry in patterns:
            if isinstance(entry, URLPattern):
                if entry.name:
                    parameters = list(entry.pattern.regex.groupindex)
                    found.append((f"{namespace}{entry.name}", parameters, dict(entry.default_args)))
            elif str(entry.pattern) not in ("admin/", "api/v1/"):
                walk(entry.url_patterns, f"{entry.namespace}:" if entry.namespace else namespace)

    walk(get_resolver().url_patterns)
    return sorted({name: (name, parameters) for name, parameters, _defaults in found if name}.values())


ALL = addresses()
IDS = [name for name, _parameters in ALL]
OF_A_WORKSHOP = [row for row in ALL if "slug" in row[1]]


@pytest.fixture
def world(people, workshop, village, now):
    """A workshop with one record of each kind that an address can name."""
    factories.WorkshopAreaFactory(workshop=workshop, region=village)
    item = factories.AgendaItemFactory(workshop=workshop)
    person = factories.ParticipantFactory(workshop=workshop)
    entry = factories.MinutesEntryFactory(workshop=workshop, agenda_item=item)
    file = Attachment(workshop=workshop, title="Berkas uji", file=ContentFile(b"%PDF-1.4 uji", name="uji.pdf"))
    file.save()
    checkpoint = Checkpoint.objects.create(workshop=workshop, name="Uji", at=now, by=people["planner"], entries=[])
    return {
        "slug": workshop.slug,
        "uid": entry.uid,
        "code": workshop.check_in_code,
        "secret": people["viewer"].feed_secret,
        "uidb36": "1",
        "key": "salah-kunci",
        "format": "csv",
        "verb": "arrive",
        "pk": {"participant": person.pk, "check_in": person.pk, "attachment": file.pk, "checkpoint": checkpoint.pk},
        "item": item.pk,
    }


def url_of(name, parameters, world):
    short = name.removeprefix("workshops:")
    pk = next((pk for start, pk in world["pk"].items() if short.startswith(start)), world["item"])
    values = {parameter: pk if parameter == "pk" else world[parameter] for parameter in parameters}
    return reverse(name, kwargs=values)


def read_to_the_end(answer):
    """A file that is sent is closed only when it was read."""
    if answer.streaming:
        b"".join(answer.streaming_content)


def changes():
    """How much history there is: anything stored anywhere makes it grow."""
    return sum(model.objects.count() for model in apps.get_models() if model.__name__.startswith("Historical"))


@pytest.mark.parametrize(("name", "parameters"), ALL, ids=IDS)
def test_the_anonymous_are_sent_to_the_login(client, world, name, parameters):
    url, before = url_of(name, parameters, world), changes()
    for ask in (client.get, client.post):
        answer = ask(url)
        if name in OPEN:
            assert answer.status_code < 500
        else:
            assert answer.status_code in (302, 401)
            assert answer.status_code == 401 or answer.headers["Location"].startswith("/accounts/login/")
    assert changes() == before


@pytest.mark.parametrize("role", OUTSIDERS)
def test_a_draft_does_not_exist_for_others(as_role, world, role):
    client, before = as_role(role), changes()
    for name, parameters in OF_A_WORKSHOP:
        for ask in (client.get, client.post):
            assert ask(url_of(name, parameters, world)).status_code in (404, 405), name
    assert changes() == before


@pytest.mark.parametrize("role", READERS)
def test_readers_change_nothing_anywhere(as_role, world, role):
    Workshop.objects.update(status="correction" if role == "verifier" else "closed")
    client, before = as_role(role), changes()
    allowed = {"workshops:workshop_close", "workshops:workshop_reopen"} if role == "verifier" else set()
    for name, parameters in OF_A_WORKSHOP:
        if name in allowed:
            continue
        answer = client.post(url_of(name, parameters, world), {"reason": "Uji", "name": "Uji", "text": "Uji"})
        assert answer.status_code in (200, 403, 404, 405, 409, 400), (name, answer.status_code)
        read_to_the_end(answer)
    assert changes() == before


@pytest.mark.parametrize("role", ["village_user", "viewer"])
def test_what_is_inside_stays_inside(as_role, world, role):
    Workshop.objects.update(status="closed")
    client = as_role(role)
    for name, parameters in OF_A_WORKSHOP:
        if name in INSIDE:
            assert client.get(url_of(name, parameters, world)).status_code == 403, name


@pytest.mark.parametrize("role", User.Role.values)
def test_looking_changes_nothing_and_never_breaks(as_role, world, role):
    Workshop.objects.update(status="in_progress")
    client, before = as_role(role), changes()
    for name, parameters in ALL:
        answer = client.get(url_of(name, parameters, world))
        assert answer.status_code < 500, name
        read_to_the_end(answer)
    assert changes() == before


def test_the_addresses_kept_inside_exist():
    assert set(IDS) >= INSIDE


def test_every_address_has_a_name_that_tells():
    assert all(re.fullmatch(r"(workshops:)?[a-z_]+", name) for name, _parameters in ALL)
