"""The admin: who comes in, what they may change, what stays closed, what goes in and out as a spreadsheet."""

import io
import re

import openpyxl
import pytest
from django.contrib import admin
from django.core import mail
from django.urls import reverse

from core.models import Organization, User
from core.spreadsheet import write_csv
from slumareas.models import YearStatusChange
from tests import factories
from tests.assets.conftest import pdf
from workshops.models import AgendaItem, Participant, Workshop

APPS = ("core", "slumareas", "workshops", "agreements", "assets")
MODELS = [model for model in admin.site._registry if model._meta.app_label in APPS]


def address(model, page="changelist", *args):
    return reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}", args=args)


@pytest.fixture
def records(people, workshop, village, now):
    """One record of each kind, by model."""
    item = factories.AgendaItemFactory(workshop=workshop)
    area = factories.SlumAreaFactory(villages=[village])
    unit = factories.NeighbourhoodUnitFactory(region=village, slum_area=area)
    baseline = factories.BaselineFactory(unit=unit)
    figure = factories.ReportedHectaresFactory()
    decree_area = factories.DecreeAreaFactory(slum_area=area)
    step = YearStatusChange(assessment_year=baseline.assessment_year, verb="verify", status="verified", at=now)
    step.save()
    made = [
        area,
        factories.AreaBoundaryFactory(slum_area=area),
        decree_area.decree,
        decree_area,
        figure.group,
        figure,
        unit,
        baseline.assessment_year,
        step,
        baseline,
        factories.WorkFactory(unit=unit),
        baseline.assessment_year.assessments.first(),
        village,
        people["viewer"].organization,
        people["viewer"],
        workshop,
        factories.WorkshopAreaFactory(workshop=workshop, region=village),
        factories.LeaderFactory(workshop=workshop),
        item,
        factories.ParticipantFactory(workshop=workshop, phone="0812000"),
        factories.MinutesEntryFactory(workshop=workshop, agenda_item=item),
        *agreement_records(people, now),
        *handed_over(people["planner"], now),
    ]
    return {type(record): record for record in made}


def agreement_records(people, now):
    """Of a workshop of their own, since some stay while their workshop is deleted or closed."""
    agreement = factories.AgreementFactory()
    record = agreement.workshop.agreement_record
    signatory = factories.SignatoryFactory(record=record)
    follow_up = factories.FollowUpFactory(agreement=agreement)
    follow_up.start(by=people["planner"], at=now)
    evidence = factories.EvidenceFactory(follow_up=follow_up)
    review = factories.ReviewFactory()
    return [agreement, record, signatory, follow_up, follow_up.changes.get(), evidence, review]


def handed_over(planner, now):
    """A package with a move, an asset with its check, and a paper with a version."""
    package = factories.PackageFactory()
    asset = factories.AssetFactory(package=package)
    move = package.hand_over_for_use(by=planner, at=now, number="01/UJI")
    check = asset.record_check(is_functioning=True, condition="good", by=planner, at=now)
    document = package.documents.get(kind="contract")
    return package, move, asset, check, document, document.receive(pdf(), by=planner, at=now)


@pytest.mark.parametrize("role", ["pokja_member", "opd_user", "village_user", "viewer"])
def test_only_the_staff_comes_in(as_role, role):
    assert as_role(role).get("/admin/").status_code == 403
    assert as_role(role).get(address(Workshop)).status_code == 403


def test_the_anonymous_log_in_at_the_one_door(client, db):
    answer = client.get("/admin/", follow=True)
    assert answer.redirect_chain[-1][0].startswith("/accounts/login/?")


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_page_of_every_model_opens_for_the_administrator(as_role, records, model):
    client = as_role("admin")
    assert client.get(address(model), {"q": "uji"}).status_code == 200
    assert client.get(address(model, "add")).status_code in (200, 403)
    if model in records:
        assert client.get(address(model, "change", records[model].pk)).status_code == 200
        assert client.get(address(model, "history", records[model].pk)).status_code == 200
    if hasattr(admin.site._registry[model], "import_action"):
        assert client.get(address(model, "import")).status_code == 200
    if hasattr(admin.site._registry[model], "export_action"):
        assert client.get(address(model, "export")).status_code == 200


@pytest.mark.parametrize(
    ("role", "model", "status"),
    [
        ("planner", User, 403),
        ("planner", Workshop, 200),
        ("planner", Organization, 200),
        ("verifier", User, 403),
        ("verifier", Workshop, 200),
    ],
)
def test_the_rights_are_those_of_the_role(as_role, records, role, model, status):
    assert as_role(role).get(address(model)).status_code == status


def test_a_verifier_changes_nothing(as_role, records, workshop):
    client = as_role("verifier")
    client.post(address(Workshop, "change", workshop.pk), {"title": "Lain"})
    workshop.refresh_from_db()
    assert workshop.title != "Lain"
    assert client.get(address(Workshop, "add")).status_code == 403


@pytest.mark.parametrize("status", ["closed", "cancelled"])
@pytest.mark.parametrize("model", [Workshop, AgendaItem, Participant])
def test_what_is_final_is_read_only(as_role, records, workshop, model, status):
    Workshop.objects.filter(pk=workshop.pk).update(status=status)
    client = as_role("admin")
    record = records[model]
    page = client.get(address(model, "change", record.pk)).content.decode()
    assert 'name="_save"' not in page
    assert client.post(address(model, "change", record.pk), {"title": "Lain", "name": "Lain"}).status_code == 403
    assert client.post(address(model, "delete", record.pk), {"post": "yes"}).status_code == 403
    client.post(address(model), {"action": "delete_selected", "_selected_action": record.pk, "post": "yes"})
    assert model.objects.filter(pk=record.pk).exists()


def test_contacts_are_for_those_who_organize(as_role, records):
    page = address(Participant, "change", records[Participant].pk)
    assert "0812000" in as_role("planner").get(page).content.decode()
    assert "0812000" not in as_role("verifier").get(page).content.decode()


def test_a_new_person_is_invited_by_mail(as_role, agency, client):
    sent = {"username": "baru", "name": "Orang Contoh", "email": "baru@contoh.test", "role": "viewer"}
    answer = as_role("admin").post(address(User, "add"), sent)
    assert answer.status_code == 302
    user = User.objects.get(username="baru")
    assert (user.has_usable_password(), mail.outbox[0].to) == (False, ["baru@contoh.test"])
    link = re.search(r"http://testserver(\S+)", mail.outbox[0].body)[1]
    client.logout()
    page = client.get(link, follow=True)
    chosen = {"password1": "sandi-yang-panjang-9", "password2": "sandi-yang-panjang-9"}
    client.post(page.request["PATH_INFO"], chosen)
    user.refresh_from_db()
    assert user.check_password("sandi-yang-panjang-9")
    again = client.get(link, follow=True)
    assert "password1" not in again.content.decode(), "the link works once"


def test_nobody_is_invited_without_an_address(as_role, db):
    answer = as_role("admin").post(address(User, "add"), {"username": "baru", "role": "viewer"})
    assert answer.status_code == 200
    assert not User.objects.filter(username="baru").exists()
    assert mail.outbox == []


def imported(client, model, rows):
    """Upload, and confirm where the admin offers it. Returns whether it was offered."""
    file = io.BytesIO(write_csv(rows))
    file.name = "data.csv"
    page = client.post(address(model, "import"), {"format": "1", "import_file": file, "resource": "0"})
    assert page.status_code == 200
    form = page.context.get("confirm_form")
    if not form:
        return False
    client.post(address(model, "process_import"), form.initial)
    return True


IMPORTED = [model for model in MODELS if hasattr(admin.site._registry[model], "import_action")]


@pytest.mark.parametrize("model", IMPORTED, ids=lambda model: model.__name__)
def test_a_list_comes_in_only_from_who_may_write(as_role, records, model):
    client = as_role("verifier")
    assert client.get(address(model, "import")).status_code == 403
    assert client.post(address(model, "process_import"), {}).status_code == 403
    assert client.get(address(model, "export")).status_code == (403 if model is User else 200)


@pytest.mark.parametrize("role", ["planner", "verifier"])
def test_nobody_makes_an_administrator_of_themselves_by_a_list(as_role, people, role):
    client = as_role(role)
    assert client.get(address(User, "import")).status_code == 403
    file = io.BytesIO(write_csv([["username", "role"], [role, "admin"], ["baru", "admin"]]))
    file.name = "data.csv"
    sent = {"format": "1", "import_file": file, "resource": "0"}
    assert client.post(address(User, "import"), sent).status_code == 403
    assert set(User.objects.filter(role="admin").values_list("username", flat=True)) == {"admin"}


ROWS = [["key", "name", "short_name", "kind", "region", "is_active"]]


def test_a_list_of_organizations_comes_in(as_role, people):
    client = as_role("admin")
    assert imported(client, Organization, [*ROWS, ["dinas-a", "Dinas A", "Dinas A", "agency", "19.05.01.1001", "1"]])
    made = Organization.objects.get(key="dinas-a")
    assert (made.name, made.region.code) == ("Dinas A", "19.05.01.1001")


@pytest.mark.parametrize(
    "row",
    [
        ["dinas-b", "Dinas B", "Dinas B", "unknown", "", "1"],
        ["dinas b", "Dinas B", "Dinas B", "agency", "", "1"],
        ["dinas-b", "x" * 201, "Dinas B", "agency", "", "1"],
    ],
)
def test_one_wrong_row_stops_the_whole_list(as_role, people, row):
    good = ["dinas-a", "Dinas A", "Dinas A", "agency", "", "1"]
    assert not imported(as_role("admin"), Organization, [*ROWS, good, row])
    assert not Organization.objects.filter(key__startswith="dinas-a").exists()


def test_a_list_changes_nothing_in_a_closed_workshop(as_role, workshop):
    Workshop.objects.filter(pk=workshop.pk).update(status="closed")
    rows = [["workshop", "name", "organization_name", "is_invited"], [workshop.slug, "Budi Contoh", "Dinas Uji", "1"]]
    assert not imported(as_role("admin"), Participant, rows)
    assert not Participant.objects.exists()


def test_what_goes_out_is_no_formula(as_role, workshop):
    factories.ParticipantFactory(workshop=workshop, name="=HYPERLINK(1)", organization_name="+1+1")
    answer = as_role("planner").post(address(Participant, "export"), {"format": "0", "resource": "0"} | FIELDS)
    sheet = openpyxl.load_workbook(io.BytesIO(answer.content)).active
    cells = [cell for row in sheet.iter_rows() for cell in row if cell.value]
    assert all(cell.data_type != "f" for cell in cells)
    assert not any(str(cell.value).startswith(("=", "+")) for cell in cells)
    assert any("HYPERLINK" in str(cell.value) for cell in cells)


FIELDS = {
    f"participantresource_{name}": "on"
    for name in ("workshop", "name", "position", "organization", "organization_name", "sex", "is_invited", "note")
}


def test_the_history_of_what_belonged_to_something_deleted_is_told_in_a_sentence(as_role):
    client = as_role("admin")
    row = factories.DecreeAreaFactory()
    pk, line, decree = row.pk, row.history.first().pk, row.decree
    row.delete()
    decree.delete()
    for page, *arguments in (("history", pk), ("simple_history", pk, line)):
        answer = client.get(address(type(row), page, *arguments), follow=True)
        assert answer.redirect_chain == [(address(type(row)), 302)], page
        assert answer.status_code == 200
        assert [message.level_tag for message in answer.context["messages"]] == ["error"]
