"""Personal data: every field of it is in the register; one person can be given what is kept, and taken out of it."""

import json
import re

import pytest
from django.apps import apps
from django.core.management import CommandError, call_command
from django.db import models
from django.utils import timezone

from core.models import HistorySeal, User
from core.refusals import Refused
from kotaku.personal_data import NOT_PERSONAL, REGISTER, export, remove
from kotaku.sealed_history import seal, verify
from tests import factories
from workshops.models import Leader, Participant

pytestmark = pytest.mark.django_db
SOUNDS_PERSONAL = re.compile(
    r"(^|_)(name|phone|email|nip|username|ip_address|user_agent|speaker|person|person_in_charge|signers?|credit(_(author|"
    r"photographer|editor))?|fax)$"
)
TEXTS = (models.CharField, models.TextField, models.GenericIPAddressField)


def test_whatever_sounds_personal_is_in_the_register_or_said_not_to_be():
    """A new model that fails here gets a line in kotaku/personal_data.py: in REGISTER, or in NOT_PERSONAL."""
    registered = {entry.model: set(entry.fields) for entry in REGISTER}
    missing = [
        f"{model._meta.label}.{field.name}"
        for model in apps.get_models()
        for field in model._meta.concrete_fields
        if isinstance(field, TEXTS)
        and not field.choices
        and SOUNDS_PERSONAL.search(field.name)
        and not model.__name__.startswith("Historical")
        and field.name not in registered.get(model._meta.label, ())
        and model._meta.label not in NOT_PERSONAL
        # The institution a person came from.
        and field.name not in ("organization_name", "file_name", "original_name")
    ]
    assert missing == []


def test_the_register_names_what_exists():
    for entry in REGISTER:
        names = {field.name for field in apps.get_model(entry.model)._meta.concrete_fields}
        assert set(entry.fields) | set(entry.known_by) <= names
        assert entry.purpose
        assert entry.basis
        assert entry.kept


@pytest.fixture
def siti(workshop):
    """In a closed workshop: as a participant whose name was corrected, and as a speaker."""
    person = factories.ParticipantFactory(workshop=workshop, name="Siti Conto", phone="0812-000-111")
    person.name = "Siti Contoh"
    person.save()
    factories.ParticipantFactory(workshop=workshop, name="Orang Lain", phone="0812-999")
    factories.MinutesEntryFactory(workshop=workshop, speaker="Siti Contoh", text="Saya setuju.")
    factories.LeaderFactory(workshop=workshop, name="Siti Contoh", nip="198001012005012001")
    seal(timezone.now())
    return person


def test_one_person_gets_all_that_is_kept(siti):
    found = export("siti contoh")
    assert {one["model"] for one in found} == {"workshops.Participant", "workshops.MinutesEntry", "workshops.Leader"}
    [row] = [one for one in found if one["model"] == "workshops.Participant"]
    assert row["fields"]["phone"] == "0812-000-111"
    assert row["history"] == 1
    [row] = export("0812-000-111")
    assert (row["id"], row["history"]) == (siti.pk, 2)
    assert export("Siapa Pun") == []


def test_taken_out_of_records_and_history_and_of_nobody_else(siti):
    changed = remove("Siti Contoh", reason="Permintaan 12/2026", at=timezone.now())
    assert changed["workshops.Participant"] == 1
    assert export("Siti Contoh") == []
    siti.refresh_from_db()
    assert (siti.name, siti.phone) == ("(dihapus)", "")
    assert not Leader.history.filter(nip="198001012005012001").exists()
    assert Participant.objects.filter(name="Orang Lain", phone="0812-999").exists()
    # An earlier spelling is another text; its telephone number finds it.
    remove("0812-000-111", reason="Permintaan 12/2026", at=timezone.now())
    assert not Participant.history.filter(name="Siti Conto").exists()
    assert Participant.history.filter(name="Orang Lain").exists()


def test_the_history_stays_sealed_and_says_that_something_was_removed(siti):
    kept = HistorySeal.objects.last().seal
    remove("Siti Contoh", reason="Permintaan 12/2026", at=timezone.now())
    findings, counts = verify(kept)
    assert findings == []
    assert counts["replaced"] == 3
    assert set(HistorySeal.objects.exclude(replaces=None).values_list("reason", flat=True)) == {"Permintaan 12/2026"}
    # What is changed afterwards is found as before.
    Participant.history.filter(name="Orang Lain").update(name="Orang Palsu")
    assert [finding.code for finding in verify()[0]] == ["changed"]


def test_nothing_is_removed_from_a_history_that_was_changed(siti):
    """Otherwise a new seal would cover up the change."""
    Participant.history.filter(name="Orang Lain").update(name="Orang Palsu")
    with pytest.raises(Refused):
        remove("Siti Contoh", reason="Permintaan 12/2026", at=timezone.now())
    siti.refresh_from_db()
    assert siti.name == "Siti Contoh"


def test_without_a_reason_nothing_is_removed(siti):
    with pytest.raises(Refused):
        remove("Siti Contoh", reason="  ", at=timezone.now())
    assert export("Siti Contoh")


def test_an_account_is_closed_and_keeps_its_place_in_the_history(people, client):
    viewer = people["viewer"]
    remove(viewer.email, reason="Permintaan", at=timezone.now())
    stored = User.objects.get(pk=viewer.pk)
    assert (stored.username, stored.name, stored.email, stored.is_active) == (f"dihapus-{viewer.pk}", "", "", False)
    assert not stored.has_usable_password()
    assert not User.history.filter(email=viewer.email).exists()


def test_the_command(siti, capsys):
    call_command("personal_data", "--format", "json")
    assert {entry["model"] for entry in json.loads(capsys.readouterr().out)} == {entry.model for entry in REGISTER}
    call_command("personal_data", "--person", "Siti Contoh", "--format", "json")
    assert json.loads(capsys.readouterr().out) == export("Siti Contoh")
    with pytest.raises(CommandError) as caught:
        call_command("personal_data", "--remove")
    assert caught.value.returncode == 2
    with pytest.raises(CommandError) as caught:
        call_command("personal_data", "--person", "Siti Contoh", "--remove")
    assert caught.value.returncode == 1
    call_command("personal_data", "--person", "Siti Contoh", "--remove", "--reason", "Permintaan", "--format", "json")
    assert {"model": "workshops.Participant", "rows": 1} in json.loads(capsys.readouterr().out)
    call_command("personal_data", "--person", "Siti Contoh")
    assert "Siti Contoh" in capsys.readouterr().out
