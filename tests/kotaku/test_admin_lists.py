"""Lists that come in through the admin: read as any workbook is, and refused cell by cell, all faults at once."""

import io

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from core.models import Organization
from core.spreadsheet import write_csv, write_xlsx
from slumareas.models import Work
from tests import factories
from workshops.models import Participant

pytestmark = pytest.mark.django_db
FORMATS = {"xlsx": "0", "csv": "1"}
WORKS = ["region", "rw", "rt", "year", "criterion", "activity", "volume", "funding_source", "cost"]


def sent(client, model, content, kind="xlsx"):
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_import")
    file = SimpleUploadedFile(f"daftar.{kind}", content)
    return client.post(address, {"format": FORMATS[kind], "import_file": file, "resource": "0"})


def findings(page) -> list[tuple[str, str, str]]:
    assert page.context.get("confirm_form") is None
    return [(one.cell, one.value, one.sentence) for one in page.context["result"].findings]


def confirm(client, model, page):
    address = reverse(f"admin:{model._meta.app_label}_{model._meta.model_name}_process_import")
    return client.post(address, page.context["confirm_form"].initial)


@pytest.fixture
def planner_client(as_role):
    return as_role("planner")


@pytest.fixture
def unit():
    village = factories.VillageFactory(code="19.05.01.1001", name="Tanjung", kind="kelurahan")
    return factories.NeighbourhoodUnitFactory(region=village, rw="1", rt="2")


GOOD = ["19.05.01.1001", "1", "2", 2024, "road_surface", "Perbaikan jalan", 120.5, "APBD", 1_000_000]


def test_each_fault_of_a_works_list_is_named_at_its_cell(planner_client, unit):
    rows = [
        ["Daftar investasi tahun 2024"],
        [],
        WORKS,
        GOOD,
        ["19.05.01.1001", "1", "9", 2024, "road_surface", "Jalan", 10, "", None],
        ["19.05.01.1001", "1", "2", "dua ribu", "road_surface", "Jalan", "banyak", "", None],
        ["19.05.01.9999", "1", "2", 2024, "jembatan", "Jalan", 10, "", None],
        ["19.05.01.1001", "1", "2", 2024, "road_surface", "Jalan", -4, "", None],
    ]
    page = sent(planner_client, Work, write_xlsx(rows, title="Investasi"))
    found = findings(page)
    assert [(cell, value) for cell, value, _sentence in found] == [
        ("C5", "9"),
        ("D6", "dua ribu"),
        ("G6", "banyak"),
        ("A7", "19.05.01.9999"),
        ("E7", "jembatan"),
        ("G8", "-4"),
    ]
    assert found[0][2] == "RT ini belum tercatat di kelurahan atau desa itu."
    assert found[1][2] == "“dua ribu” tidak cocok di sini. Tulis bilangan bulat."
    text = page.content.decode()
    assert "daftar.xlsx · Investasi" in text
    assert '<th scope="row">G6</th>' in text
    assert not Work.objects.exists()


def test_a_works_list_with_a_title_and_labels_for_headings_comes_in(planner_client, unit):
    labels = [str(Work._meta.get_field(name).verbose_name) for name in ("activity", "volume")]
    heading = ["No", "region", "RW", "RT", "Tahun", "criterion", *labels, "Catatan lapangan"]
    rows = [["INVESTASI"], heading, [1, "19.05.01.1001", "01", "002", 2024, "road_surface", "Jalan uji", 120.5, "baik"]]
    page = sent(planner_client, Work, write_xlsx(rows))
    assert page.context["confirm_form"] is not None, page.context["result"].findings
    assert "Kolom berikut tidak dibaca: No, Catatan lapangan." in page.content.decode()
    confirm(planner_client, Work, page)
    work = Work.objects.get()
    assert (work.unit, work.activity, work.volume, work.year) == (unit, "Jalan uji", 120.5, 2024)


def test_each_fault_of_a_participant_list_is_named_at_its_cell(planner_client, workshop):
    heading = ["workshop", "name", "position", "organization", "organization_name", "sex", "is_invited", "note"]
    rows = [
        heading,
        [workshop.slug, "Budi Contoh", "", "", "Dinas Uji", "L", "1", ""],
        ["tidak-ada", "Ani Contoh", "", "", "Dinas Uji", "P", "1", ""],
        [workshop.slug, "Citra Contoh", "", "dinas-khayal", "Dinas Uji", "X", "1", ""],
    ]
    for kind, write in (("csv", write_csv), ("xlsx", write_xlsx)):
        found = findings(sent(planner_client, Participant, write(rows), kind))
        assert [(cell, value) for cell, value, _sentence in found] == [
            ("A3", "tidak-ada"),
            ("D4", "dinas-khayal"),
            ("F4", "X"),
        ]
        assert found[0][2] == "Tidak ada lokakarya “tidak-ada”. Periksa ejaannya."
    assert not Participant.objects.exists()


def test_an_error_in_a_cell_does_not_pass_for_a_blank(planner_client, unit):
    book = openpyxl.Workbook()
    for row in (WORKS, GOOD):
        book.active.append(row)
    book.active["I2"] = "#REF!"
    book.active["I2"].data_type = "e"
    stream = io.BytesIO()
    book.save(stream)
    [(cell, value, sentence)] = findings(sent(planner_client, Work, stream.getvalue()))
    assert (cell, value, sentence) == ("I2", "#REF!", "Sel ini berisi kesalahan. Perbaiki rumusnya.")


def test_hidden_rows_and_other_sheets_are_said(planner_client, unit):
    book = openpyxl.Workbook()
    book.active.title = "Investasi"
    for row in (WORKS, GOOD):
        book.active.append(row)
    book.active.row_dimensions[2].hidden = True
    book.create_sheet("Lampiran").append(["x"])
    stream = io.BytesIO()
    book.save(stream)
    text = sent(planner_client, Work, stream.getvalue()).content.decode()
    assert "Baris 2 tersembunyi; tetap dibaca." in text
    assert "Lampiran" in text


def test_without_a_heading_the_columns_are_named(as_role):
    page = sent(as_role("admin"), Organization, write_xlsx([["apa", "ini"], [1, 2]]))
    assert page.context["result"].has_errors()
    assert "key, name, short_name, kind, region, is_active" in page.content.decode()
    assert "Traceback" not in page.content.decode()
