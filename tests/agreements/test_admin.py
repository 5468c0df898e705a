"""Agreements in the administration: the same doors, plans as lists, states for the pages alone."""

import datetime
import io
from decimal import Decimal

import pytest
from django.urls import reverse

from agreements.models import Agreement, AgreementRecord, FollowUp, Signatory
from core.spreadsheet import write_csv
from tests import factories

pytestmark = pytest.mark.django_db


def address(model, page, *args):
    return reverse(f"admin:agreements_{model._meta.model_name}_{page}", args=args)


def come_in(client, model, rows) -> bool:
    """Send a list, and confirm where that is offered. Returns whether it was."""
    file = io.BytesIO(write_csv(rows))
    file.name = "data.csv"
    page = client.post(address(model, "import"), {"format": "1", "import_file": file, "resource": "0"})
    assert page.status_code == 200
    form = page.context.get("confirm_form")
    if form:
        client.post(address(model, "process_import"), form.initial)
    return bool(form)


def test_a_frozen_text_is_read_only(as_role, record, agreement):
    client = as_role("planner")
    page = client.get(address(Agreement, "change", agreement.pk)).content.decode()
    assert 'name="text"' in page
    AgreementRecord.objects.update(status="signing")
    for model, pk, name in ((Agreement, agreement.pk, "text"), (AgreementRecord, record.pk, "preamble")):
        assert f'name="{name}"' not in client.get(address(model, "change", pk)).content.decode()


def test_changing_a_plan_leaves_a_line_and_no_state_changes(as_role, own, people):
    form = {
        "agreement": own.agreement_id, "activity": "Kegiatan lain", "responsible_organization": own.responsible_organization_id,
        "due_on": "2026-04-10", "status": "done", "fundings-TOTAL_FORMS": "1", "fundings-INITIAL_FORMS": "0",
        "fundings-0-source": "dak", "fundings-0-amount": "1500000,50",
    }  # fmt: skip
    answer = as_role("planner").post(address(FollowUp, "change", own.pk), form)
    assert answer.status_code == 302, answer.context["errors"]
    stored = FollowUp.objects.get()
    assert (stored.activity, stored.status) == ("Kegiatan lain", "not_started")
    change = stored.changes.get()
    assert (change.verb, change.by, change.after) == ("edit", people["planner"], {"activity": "Kegiatan lain"})
    assert stored.fundings.get().amount == Decimal("1500000.50")


def test_plans_come_in_as_a_list_new_and_changed(as_role, own, agency):
    head = [
        "id",
        "agreement",
        "activity",
        "volume",
        "unit",
        "responsible_organization",
        "starts_on",
        "due_on",
        "status",
    ]
    rows = [
        head,
        [own.pk, own.agreement.key, "Kegiatan lain", "12.5", "m", agency.key, "2026-01-01", "2026-04-10", "done"],
        ["", own.agreement.key, "Kegiatan baru", "", "", agency.key, "2026-01-01", "2026-12-31", ""],
    ]
    assert come_in(as_role("planner"), FollowUp, rows)
    assert list(FollowUp.objects.order_by("pk").values_list("activity", "volume", "status", "order")) == [
        ("Kegiatan lain", Decimal("12.5"), "not_started", 1),
        ("Kegiatan baru", None, "not_started", 2),
    ]
    assert [change.verb for change in own.changes.all()] == ["edit"]


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("due_on", "2025-01-01"),
        ("volume", "banyak"),
        ("responsible_organization", "tidak-ada"),
        ("agreement", ""),
        ("activity", ""),
    ],
)
def test_one_wrong_row_stops_the_whole_list(as_role, own, agency, column, value):
    good = {
        "id": "", "agreement": own.agreement.key, "activity": "Baru", "volume": "1", "unit": "m",
        "responsible_organization": agency.key, "starts_on": "2026-01-01", "due_on": "2026-12-31",
    }  # fmt: skip
    rows = [list(good), list(good.values()), list((good | {column: value}).values())]
    assert not come_in(as_role("planner"), FollowUp, rows)
    assert FollowUp.objects.get() == own


def test_agreements_and_signatories_come_in_only_into_a_draft(as_role, record):
    client, slug = as_role("planner"), record.workshop.slug
    assert come_in(client, Agreement, [["key", "workshop", "text"], ["", slug, "Sepakat dari daftar"]])
    assert come_in(client, Signatory, [["workshop", "name", "position"], [slug, "Orang Daftar", "Kabid"]])
    assert Agreement.objects.get(number=2).text == "Sepakat dari daftar"
    assert record.signatories.count() == 3
    AgreementRecord.objects.update(status="signing")
    come_in(client, Agreement, [["key", "workshop", "text"], ["", slug, "Terlambat"]])
    come_in(client, Signatory, [["workshop", "name", "position"], [slug, "Terlambat", "Kabid"]])
    assert Agreement.objects.count() == 2
    assert record.signatories.count() == 3


def test_a_closed_sitting_is_read_only(as_role, reviewer, planner, now):
    review = factories.ReviewFactory(held_on=datetime.date(2026, 3, 20))
    review.decide(factories.FollowUpFactory(), by=reviewer, at=now, decision="continue")
    review.close(by=planner, at=now)
    client = as_role("planner")
    client.post(address(type(review), "change", review.pk), {"held_on": "2026-03-21"})
    review.refresh_from_db()
    assert review.held_on == datetime.date(2026, 3, 20)


def test_a_nip_is_for_those_who_keep_the_record(as_role, record, people):
    record.signatories.update(nip="198001012005011001")
    pk = record.signatories.first().pk
    assert "198001012005011001" in as_role("verifier").get(address(Signatory, "change", pk)).content.decode()
    people["verifier"].groups.first().permissions.remove(
        *people["verifier"].groups.first().permissions.filter(codename="view_signature")
    )
    assert "198001012005011001" not in as_role("verifier").get(address(Signatory, "change", pk)).content.decode()
