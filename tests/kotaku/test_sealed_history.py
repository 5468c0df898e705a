"""One changed byte in the history is found, whoever changed it and wherever."""

import json

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.utils import timezone
from jsonschema import Draft202012Validator

from core.models import HistorySeal, Organization, User
from core.refusals import Refused
from kotaku import sealed_history
from kotaku.sealed_history import histories, seal, verify
from slumareas.importing.bulk import write_history
from slumareas.models import Baseline
from tests import factories

pytestmark = pytest.mark.django_db
HISTORY = Organization.history.model


@pytest.fixture
def changed():
    """An organization with three lines of history, all sealed."""
    organization = factories.OrganizationFactory(name="Dinas Satu")
    for name in ("Dinas Dua", "Dinas Tiga"):
        organization.name = name
        organization.save()
    seal(timezone.now())
    return organization


def codes():
    return [finding.code for finding in verify()[0]]


def test_every_history_is_sealed():
    names = {model._meta.label for model in histories()}
    assert {"core.HistoricalUser", "slumareas.HistoricalBaseline", "workshops.HistoricalMinutesEntry"} <= names
    assert names == {
        model._meta.label for model in sealed_history.apps.get_models() if model.__name__.startswith("Historical")
    }


def test_what_was_not_touched_is_intact(changed):
    findings, counts = verify()
    assert findings == []
    assert counts["sealed"] == sum(model.objects.count() for model in histories())
    assert counts["unsealed"] == 0
    assert counts["last_seal"] == HistorySeal.objects.last().seal


def test_one_changed_byte_is_found(changed):
    line = changed.history.earliest()
    HISTORY.objects.filter(pk=line.pk).update(name="Dinas Sotu")
    [finding] = verify()[0]
    assert (finding.code, finding.model) == ("changed", "core.HistoricalOrganization")
    assert finding.first_id <= line.pk <= finding.last_id


@pytest.mark.parametrize("column", ["history_date", "history_user_id", "history_type", "history_change_reason", "kind"])
def test_who_when_how_and_why_are_sealed_too(changed, people, column):
    value = {"history_date": timezone.now(), "history_user_id": people["viewer"].pk}.get(column, "x")
    HISTORY.objects.filter(pk=changed.history.earliest().pk).update(**{column: value})
    assert "changed" in codes()


def test_a_line_taken_out_or_put_in_is_found(changed):
    HISTORY.objects.filter(pk=changed.history.earliest().pk).delete()
    assert codes() == ["changed"]


def test_a_line_put_in_below_a_seal_is_found(changed):
    free = changed.history.earliest()
    HISTORY.objects.filter(pk=free.pk).delete()
    HistorySeal.objects.all().delete()
    seal(timezone.now())
    assert codes() == []
    free.save(force_insert=True)
    assert codes() == ["changed"]


def test_a_seal_made_to_fit_breaks_the_chain(changed):
    """Whoever changes a line and its seal must change every later one, and then the one that was kept elsewhere."""
    factories.RegencyFactory()
    seal(timezone.now())
    kept = HistorySeal.objects.last().seal
    HISTORY.objects.filter(pk=changed.history.earliest().pk).update(name="Dinas Palsu")
    forged = HistorySeal.objects.get(model="core.HistoricalOrganization")
    lines = HISTORY.objects.filter(pk__gte=forged.first_id, pk__lte=forged.last_id)
    forged.digest, _count = sealed_history._digest(lines, list(HISTORY._meta.local_concrete_fields))
    forged.save()
    assert codes() == ["broken_chain"]
    forged.seal = forged.computed()
    forged.save()
    assert codes() == ["broken_chain"]
    HistorySeal.objects.all().delete()
    seal(timezone.now())
    assert codes() == []
    assert [finding.code for finding in verify(kept)[0]] == ["seal_missing"]


def test_a_seal_taken_out_is_found(changed):
    factories.RegencyFactory()
    seal(timezone.now())
    HistorySeal.objects.first().delete()
    assert "broken_chain" in codes()


def test_new_lines_are_told_as_unsealed_until_the_next_sealing(changed):
    changed.name = "Dinas Empat"
    changed.save()
    assert verify()[1]["unsealed"] == 1
    [made] = seal(timezone.now())
    assert (made.model, made.count) == ("core.HistoricalOrganization", 1)
    assert verify()[0] == []
    assert verify()[1]["unsealed"] == 0
    assert seal(timezone.now()) == []


def test_lines_of_an_import_are_sealed_like_others(people):
    row = factories.BaselineFactory()
    write_history(Baseline.objects.all(), at=timezone.now(), by=people["planner"], reason="import 7", kind="~")
    seal(timezone.now())
    assert verify()[1]["unsealed"] == 0
    Baseline.history.model.objects.filter(id=row.pk, history_change_reason="import 7").update(note="lain")
    assert codes() == ["changed"]


def test_many_lines_come_under_many_seals(monkeypatch, changed):
    monkeypatch.setattr(sealed_history, "LINES_OF_A_SEAL", 2)
    for number in range(5):
        changed.name = f"Dinas {number}"
        changed.save()
    made = seal(timezone.now())
    assert [one.count for one in made] == [2, 2, 1]
    line = changed.history.latest()
    HISTORY.objects.filter(pk=line.pk).update(name="Dinas lain")
    [finding] = verify()[0]
    assert (finding.first_id, finding.last_id) == (line.pk, line.pk)


def test_a_column_that_a_later_version_adds_changes_nothing(changed):
    one = HistorySeal.objects.get(model="core.HistoricalOrganization")
    assert set(one.columns) == {field.attname for field in HISTORY._meta.local_concrete_fields}
    one.columns = [*one.columns, "dropped_since"]
    one.seal = one.computed()
    one.save()
    assert "column_gone" in codes()


def test_the_command(changed, capsys):
    schema = json.loads((settings.BASE_DIR / "docs" / "schemas" / "verify-history-output.schema.json").read_text())
    call_command("verify_history", "--format", "json")
    told = json.loads(capsys.readouterr().out)
    Draft202012Validator(schema).validate(told)
    assert told["intact"]
    HISTORY.objects.filter(pk=changed.history.earliest().pk).update(name="Dinas Sotu")
    with pytest.raises(SystemExit) as ended:
        call_command("verify_history", "--format", "json")
    assert ended.value.code == 1
    told = json.loads(capsys.readouterr().out)
    Draft202012Validator(schema).validate(told)
    assert not told["intact"]
    with pytest.raises(CommandError, match="HistoricalOrganization: a line between") as caught:
        call_command("verify_history", "--language", "en")
    assert caught.value.returncode == 1


def test_the_command_that_seals(capsys):
    factories.OrganizationFactory()
    call_command("seal_history", "--format", "json")
    told = json.loads(capsys.readouterr().out)
    assert told["lines"] >= 1
    assert told["last_seal"] == HistorySeal.objects.last().seal


def test_an_account_that_wrote_history_is_closed_not_deleted(people, changed):
    changed._history_user = people["planner"]
    changed.name = "Dinas Lima"
    changed.save()
    with pytest.raises(Refused):
        people["planner"].delete()
    assert User.objects.filter(username="planner").exists()
    people["viewer"].delete()
