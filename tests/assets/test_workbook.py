"""All packages come in from one workbook and go out again; what is wrong is said with its cell, and nothing is stored."""

import io
from io import StringIO

import openpyxl
import pytest
from django.contrib.auth.models import Permission
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.management import call_command
from django.test import override_settings
from django.urls import reverse

from assets.admin import AssetResource, PackageResource
from assets.models import Asset, FunctionCheck, Move, Package
from core.models import DemoPart
from core.spreadsheet import write_csv, write_xlsx
from tests import factories
from tests.assets.conftest import put_at

XLSX, CSV = "0", "1"
HEADINGS = ["number", "name", "sector", "giver", "receiver", "value", "village"]
ROW = ["PLP-900", "TPS3R Uji", "plp", "balai-uji", "disperkimhub", 1500000.5, "19.05.01.1001"]


def send(client, content, model="package", kind=XLSX):
    """The answer to an upload."""
    name = "paket.xlsx" if kind == XLSX else "paket.csv"
    file = SimpleUploadedFile(name, content)
    sent = {"format": kind, "import_file": file, "resource": "0"}
    answer = client.post(reverse(f"admin:assets_{model}_import"), sent)
    assert answer.status_code == 200
    return answer


def confirm(client, answer, model="package"):
    form = answer.context.get("confirm_form")
    assert form, findings(answer)
    return client.post(reverse(f"admin:assets_{model}_process_import"), form.initial, follow=True)


def findings(answer):
    """Every sentence about a row, with its cell."""
    return [f"{finding.cell}: {finding.sentence}" for finding in answer.context["result"].findings]


def exported(client, model="package", resource=PackageResource):
    chosen = {f"{resource.__name__.lower()}_{name}": "on" for name in resource._meta.fields}
    answer = client.post(reverse(f"admin:assets_{model}_export"), {"format": XLSX, "resource": "0", **chosen})
    return answer.content


def rows(content):
    return [list(row) for row in openpyxl.load_workbook(io.BytesIO(content)).active.iter_rows(values_only=True)]


@pytest.fixture
def planner_client(as_role, package):
    return as_role("planner")


def stored():
    return list(Package.objects.exclude(name__startswith="Paket Uji").order_by("number").values())


# --- all of them ---------------------------------------------------------------------------------------


def test_the_195_packages_go_out_and_come_in_again(as_role, db):
    with override_settings(DEBUG=True):
        call_command("demo", stdout=StringIO())
    names = list(PackageResource._meta.fields)
    before = list(Package.objects.order_by("number").values(*names))
    assets_before = list(Asset.objects.order_by("package__number").values(*AssetResource._meta.fields[1:]))
    client = as_role("planner")
    workbook = exported(client)
    table = rows(workbook)
    assert (len(table), set(table[0])) == (196, set(names))

    # The same list once more changes nothing.
    answer = send(client, workbook)
    lists = [answer.context["result"], *answer.context["result"].beside]
    assert [{row.import_type for row in told.rows} for told in lists] == [{"skip"}, {"skip"}]
    assert answer.context["result"].notes == []

    FunctionCheck.objects.all().delete()
    Move.objects.all().delete()
    for document in Package.documents.rel.related_model.objects.exclude(versions=None):
        document.versions.all().delete()
    Package.objects.all().delete()
    assert DemoPart.objects.filter(name="packages").exists()
    confirm(client, send(client, workbook))
    assert list(Package.objects.order_by("number").values(*names)) == before
    after = list(Asset.objects.order_by("package__number").values(*AssetResource._meta.fields[1:]))
    assert after == assets_before
    assert Move.objects.filter(kind="take_up").count() == 195
    assert not Package.objects.filter(documents=None).exists()


# --- one row -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [XLSX, CSV])
def test_a_new_package_begins_with_its_giver_or_where_it_stood(planner_client, kind):
    write = write_xlsx if kind == XLSX else write_csv
    opening = ["stage", "stage_reached_on", "condition", "reason", "holder", "holder_desk", "holder_reached_on"]
    table = [
        [*HEADINGS, *opening],
        [*ROW, "", "", "", "", "", "", ""],
        ["plp-901", *ROW[1:], "acceptance_letter", "2018-01-15", "blocked", "letter_unsigned", "disperkimhub",
         "Meja Bupati", "2018-02-01"],
    ]  # fmt: skip
    confirm(planner_client, send(planner_client, write(table), kind=kind))
    assert list(
        Package.objects.filter(number__startswith="PLP-9").values_list(
            "number", "stage", "condition", "holder__key", "holder_desk", "moves__kind"
        )
    ) == [
        ("PLP-900", "identified", "normal", "balai-uji", "", None),
        ("PLP-901", "acceptance_letter", "blocked", "disperkimhub", "Meja Bupati", "take_up"),
    ]
    assert str(Package.objects.get(number="PLP-900").value) == "1500000.50"


BAD = {
    "value": [("F3", -1), ("F3", "satu juta")],
    "number": [("A3", "PLP/1"), ("A3", ""), ("A3", "PLP-900")],
    "sector": [("C3", "jalan")],
    "giver": [("D3", "entah"), ("D3", "")],
    "receiver": [("E3", "balai-uji"), ("E3", "entah")],
    "village": [("G3", "19.05"), ("G3", "99.99")],
    "name": [("B3", "x" * 201)],
}


@pytest.mark.parametrize(("name", "cell", "value"), [(name, *case) for name, cases in BAD.items() for case in cases])
def test_what_is_wrong_is_said_with_its_cell_and_nothing_is_stored(planner_client, name, cell, value):
    wrong = ["PLP-901", *ROW[1:]]
    wrong[HEADINGS.index(name)] = value
    answer = send(planner_client, write_xlsx([HEADINGS, ROW, wrong]))
    assert answer.context.get("confirm_form") is None
    said = findings(answer)
    assert [one.split(": ")[0] for one in said] == [cell], said
    assert len(said[0]) > len(cell) + 10
    assert stored() == []


@pytest.mark.parametrize(
    ("column", "value", "cells"),
    [
        ("stage", "bast_signed", {"A3"}),
        ("stage", "entah", {"A3"}),
        ("stage_reached_on", "kemarin", {"H3"}),
        ("handover_on", "2019-01-01", {"A3"}),
        ("condition", "blocked", {"A3"}),
        ("holder", "entah", {"H3"}),
    ],
)
def test_a_list_jumps_over_no_deed(planner_client, column, value, cells):
    table = [[*HEADINGS, column], [*ROW, ""], ["PLP-901", *ROW[1:], value]]
    answer = send(planner_client, write_xlsx(table))
    assert answer.context.get("confirm_form") is None
    assert {one.split(": ")[0] for one in findings(answer)} == cells
    assert stored() == []


@pytest.mark.parametrize(
    ("column", "value"), [("stage", "operating"), ("holder", "disperkimhub"), ("condition", "blocked")]
)
def test_a_list_moves_no_known_package(planner_client, package, column, value):
    table = [["number", "name", column], [package.number.lower(), "Nama Baru", value]]
    answer = send(planner_client, write_xlsx(table))
    assert answer.context.get("confirm_form") is None
    assert "C2" in {one.split(": ")[0] for one in findings(answer)}
    package.refresh_from_db()
    assert (package.stage, package.name != "Nama Baru") == ("identified", True)


def test_a_list_changes_what_the_verbs_do_not_write(planner_client, package):
    confirm(planner_client, send(planner_client, write_xlsx([["number", "name"], [package.number, "Nama Baru"]])))
    package.refresh_from_db()
    assert package.name == "Nama Baru"
    assert package.history.first().history_user.username == "planner"


def test_a_list_changes_nothing_that_a_deed_says(planner_client, package):
    put_at(package, "grant_deed_signed")
    answer = send(planner_client, write_xlsx([["number", "value"], [package.number, 5]]))
    assert answer.context.get("confirm_form") is None
    assert len(findings(answer)) == 1


def test_blank_rows_do_not_shift_the_cells(planner_client):
    blank = [None] * len(HEADINGS)
    wrong = ["PLP-901", *ROW[1:5], -1, ROW[6]]
    answer = send(planner_client, write_xlsx([HEADINGS, ROW, blank, blank, wrong]))
    assert [one.split(": ")[0] for one in findings(answer)] == ["F5"]


def test_an_asset_comes_into_one_package(planner_client, package):
    factories.AssetFactory(package=package, state_code="X 1")
    other = factories.PackageFactory()
    headings = ["package", "number", "asset_type", "name", "quantity", "unit", "state_code"]
    row = [other.number.lower(), 1, "waste_station", "TPS3R", 1, "unit", "X 1"]
    answer = send(planner_client, write_xlsx([headings, row]), "asset")
    said = findings(answer)
    assert [one.split(": ")[0] for one in said] == ["G2"]
    assert package.number in said[0]
    row[-1] = "X 2"
    confirm(planner_client, send(planner_client, write_xlsx([headings, row]), "asset"), "asset")
    assert other.assets.get().state_code == "X 2"
    assert other.documents.filter(kind="operation_manual").exists()


ASSET_HEADINGS = ["package", "number", "asset_type", "name", "quantity", "unit"]
ASSET = ["PLP-900", 1, "waste_station", "TPS3R", 1, "unit"]


def book(*assets, packages=(ROW,), heading=ASSET_HEADINGS):
    return write_xlsx([HEADINGS, *packages], title="Paket", beside=[("Aset", [heading, *assets])])


def test_packages_and_their_assets_come_in_by_one_workbook(planner_client):
    answer = send(planner_client, book(ASSET, ["plp-900", 2, *ASSET[2:]]))
    assert "Aset" in answer.content.decode()
    assert not Package.objects.filter(number="PLP-900").exists()
    confirm(planner_client, answer)
    assert Package.objects.get(number="PLP-900").assets.count() == 2


def test_a_wrong_asset_keeps_the_packages_out_too(planner_client):
    answer = send(planner_client, book(ASSET, ["PLP-900", 2, "waste_station", "TPS3R", -1, "unit"]))
    assert answer.context.get("confirm_form") is None
    assert [(one.sheet, one.cell) for one in answer.context["result"].findings] == [("Aset", "E3")]
    assert "Lembar “Aset”" in answer.content.decode()
    assert stored() == []


def test_faults_of_both_sheets_are_said_in_one_round(planner_client):
    wrong = [*ROW[:5], -1, ROW[6]]
    answer = send(planner_client, book(ASSET, ["PLP-899", *ASSET[1:]], packages=[wrong]))
    found = [(one.sheet, one.cell) for one in answer.context["result"].findings]
    # The first asset belongs to the wrong package and is not told of.
    assert found == [("Paket", "F2"), ("Aset", "A3")]


def test_a_sheet_beside_that_is_no_list_of_assets_is_named_as_not_read(planner_client):
    answer = send(planner_client, book(["x"], heading=["Catatan"]))
    assert answer.context["result"].beside == []
    assert "Aset" in answer.context["result"].notes[0]


def test_assets_go_out_only_to_who_may_see_them(planner_client, package):
    factories.AssetFactory(package=package)
    group = Permission.objects.get(codename="view_asset").group_set.get(user__username="planner")
    group.permissions.remove(Permission.objects.get(codename="view_asset"))
    sheets = openpyxl.load_workbook(io.BytesIO(exported(planner_client))).worksheets
    assert [sheet.max_row for sheet in sheets] == [2, 1]


def test_a_workbook_that_goes_out_holds_the_assets_of_its_packages_alone(planner_client, package):
    factories.AssetFactory(package=package, name="Aset Uji")
    sheets = openpyxl.load_workbook(io.BytesIO(exported(planner_client))).worksheets
    assert len(sheets) == 2
    assert [row[0] for row in sheets[1].iter_rows(min_row=2, values_only=True)] == [package.number]


def test_the_preview_shows_what_differs_and_counts_the_rest(planner_client, package):
    asset = factories.AssetFactory(package=package, name="Aset lama", built_year=2017)
    Package.objects.update(budget_year=2017)
    out = openpyxl.load_workbook(io.BytesIO(exported(planner_client)))
    heads = [cell.value for cell in out.worksheets[0][1]]
    assert out.worksheets[0].cell(2, heads.index("budget_year") + 1).value == 2017
    names = [cell.value for cell in out.worksheets[1][1]]
    assert out.worksheets[1].cell(2, names.index("built_year") + 1).value == 2017
    out.worksheets[1].cell(2, names.index("name") + 1).value = "Aset baru"
    changed = io.BytesIO()
    out.save(changed)

    answer = send(planner_client, changed.getvalue())
    shown = answer.content.decode()
    assert shown.index("0 baru, 0 berubah, 1 tetap.") < shown.index("0 baru, 1 berubah, 0 tetap.")
    assert shown.count("import-preview") == 1
    said = [str(message) for message in confirm(planner_client, answer).context["messages"]]
    assert said == ["Paket: 0 baru, 0 berubah, 1 tetap.", "Aset: 0 baru, 1 berubah, 0 tetap."]
    assert Asset.objects.get(pk=asset.pk).name == "Aset baru"


def test_the_forms_name_the_columns_and_the_second_sheet(planner_client):
    form = planner_client.get(reverse("admin:assets_package_export")).content.decode()
    assert "Tahun anggaran (budget_year)" in form
    assert '<option value="0" selected>' in form
    assert "lembar kedua" in form
    form = planner_client.get(reverse("admin:assets_package_import")).content.decode()
    assert "lembar kedua" in form
    assert "built_year" in form
    assert "lembar kedua" not in planner_client.get(reverse("admin:assets_asset_import")).content.decode()


@pytest.mark.parametrize("role", ["verifier", "opd_user", "village_user", "viewer"])
def test_lists_come_in_only_from_who_plans(as_role, package, role):
    client = as_role(role)
    for model in ("package", "asset"):
        assert client.get(reverse(f"admin:assets_{model}_import")).status_code == 403
