"""The four commands, called as other programs call them."""

import contextlib
import gc
import io
import json
from decimal import Decimal

import pytest
from django.core.management import CommandError, call_command
from openpyxl import load_workbook

from core.models import Region
from slumareas.importing import storing
from slumareas.importing.rows import says_made_up
from slumareas.models import Assessment, AssessmentYear, Baseline, Import, NeighbourhoodUnit
from tests import factories
from tests.slumareas.importing.messy import KINDS

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def villages():
    factories.VillageFactory(code="19.05.01.1001", name="Tanjung", kind="kelurahan")
    factories.VillageFactory(code="19.05.01.1003", name="Sungai Baru", kind="kelurahan")


@pytest.fixture
def file_of(tmp_path):
    def make(kind):
        mess = KINDS[kind]()
        path = tmp_path / mess.name
        path.write_bytes(mess.content)
        return path

    return make


def called(name, *arguments, **options):
    """(exit code, what was printed)"""
    out = io.StringIO()
    try:
        call_command(name, *arguments, stdout=out, stderr=io.StringIO(), **options)
    except CommandError as refused:
        return refused.returncode, out.getvalue()
    return 0, out.getvalue()


def imported(path, *arguments, year="2019"):
    code, told = called("import_baseline", str(path), "--year", year, "--format", "json", *arguments)
    return code, json.loads(told)


def stored():
    rows = Baseline.objects.select_related("unit__region").order_by("pk")
    return {row.unit.key: row.values for row in rows}


def test_a_clean_workbook_is_stored_scored_and_traced(file_of):
    path = file_of("clean")
    code, told = imported(path)
    assert (code, told["state"]) == (0, "applied")
    assert told["counts"] == {
        "rows": 6, "new": 6, "changed": 0, "unchanged": 0, "errors": 0, "warnings": 0, "ignored": 0,
    }  # fmt: skip
    first = told["rows"][0]
    baseline = Baseline.objects.get(unit__region__code=first["region"], unit__rw=first["rw"], unit__rt=first["rt"])
    assert {key: baseline.values[key] for key in first["values"]} == {
        key: Decimal(value) for key, value in first["values"].items()
    }
    assert (baseline.total, baseline.slum_class) == (first["total"], first["class"])
    assert (baseline.source_import_id, baseline.source_sheet, baseline.source_row) == (
        told["import_id"], first["sheet"], first["row"],
    )  # fmt: skip
    record = Import.objects.get()
    assert record.sha256 == told["sha256"]
    with record.file.open() as kept:
        assert kept.read() == path.read_bytes()
    assert set(Assessment.objects.values_list("level", flat=True)) == {"village", "district", "regency"}
    assert called("reassess", "--check")[0] == 0
    assert Baseline.history.filter(history_change_reason=record.reason_of_change, history_type="+").count() == 6


@pytest.mark.parametrize("content", [b"no workbook", None])
def test_whatever_becomes_of_it_memory_is_tidied_again(file_of, tmp_path, content):
    path = file_of("clean") if content is None else tmp_path / "rusak.xlsx"
    if content:
        path.write_bytes(content)
    with contextlib.suppress(CommandError):
        call_command("import_baseline", str(path), "--year", "2019")
    assert gc.isenabled()


def test_a_neighbourhood_that_somebody_records_meanwhile_is_taken(file_of, monkeypatch):
    first = imported(file_of("clean"), "--dry-run")[1]["rows"][0]
    known = storing._known_units

    def a_moment_later(villages):
        monkeypatch.setattr(storing, "_known_units", known)
        units = known(villages)
        NeighbourhoodUnit.objects.create(
            region=Region.objects.get(code=first["region"]), rw=first["rw"], rt=first["rt"]
        )
        return units

    monkeypatch.setattr(storing, "_known_units", a_moment_later)
    code, told = imported(file_of("clean"))
    assert (code, told["state"]) == (0, "applied")
    assert (Baseline.objects.count(), NeighbourhoodUnit.objects.count()) == (6, 6)
    assert NeighbourhoodUnit.history.count() == 6


def test_the_same_file_again_changes_nothing_and_says_so(file_of):
    imported(file_of("clean"))
    before = stored(), Baseline.history.count()
    code, told = imported(file_of("clean"))
    assert (code, told["state"], told["import_id"]) == (0, "applied", None)
    assert told["counts"]["unchanged"] == 6
    assert (stored(), Baseline.history.count()) == before
    assert Import.objects.count() == 1


def test_a_dry_run_stores_nothing(file_of):
    code, told = imported(file_of("clean"), "--dry-run")
    assert (code, told["state"], told["import_id"]) == (0, "previewed", None)
    assert not AssessmentYear.objects.exists()
    assert not NeighbourhoodUnit.objects.exists()
    code, told = imported(file_of("text_in_a_number"), "--dry-run")
    assert (code, told["state"]) == (1, "previewed")


def test_one_error_refuses_the_whole_file_unless_only_valid_rows_are_asked_for(file_of):
    code, told = imported(file_of("text_in_a_number"))
    assert (code, told["state"], told["import_id"]) == (1, "refused", None)
    assert not Baseline.objects.exists()
    assert not Import.objects.exists()
    code, told = imported(file_of("text_in_a_number"), "--valid-rows-only")
    assert (code, told["state"]) == (0, "partly_applied")
    assert Baseline.objects.count() == told["counts"]["new"] == 5


def test_no_valid_row_is_refused_even_where_only_valid_rows_are_asked_for(file_of):
    code, told = imported(file_of("another_year_in_the_title"), "--valid-rows-only")
    assert (code, told["state"]) == (1, "refused")


def test_warnings_must_be_accepted(file_of):
    code, told = imported(file_of("more_than_the_whole"))
    assert (code, told["state"]) == (1, "refused")
    assert not Baseline.objects.exists()
    code, told = imported(file_of("more_than_the_whole"), "--accept-warnings")
    assert (code, told["state"]) == (0, "applied")
    assert Baseline.objects.count() == 6


def test_a_file_that_is_no_import_table_is_told_in_a_report_too(tmp_path):
    path = tmp_path / "foto.xlsx"
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + b"0" * 100)
    code, told = called("import_baseline", str(path), "--year", "2019", "--report", str(tmp_path / "r.json"))
    assert code == 2
    written = json.loads((tmp_path / "r.json").read_text())
    assert written["state"] == "refused"
    assert [finding["code"] for finding in written["findings"]] == ["unreadable_file"]
    assert written["findings"][0]["cell"] is None


@pytest.mark.parametrize(
    "arguments",
    [
        ["--year", "1890"],
        ["--year", "2019", "--region", "19.05.01.9999"],
        ["--year", "2019", "--region", "Tanjung"],
        ["--year", "2019", "--mapping", "missing.json"],
    ],
)
def test_unusable_arguments(file_of, arguments):
    assert called("import_baseline", str(file_of("clean")), *arguments)[0] == 2
    assert not Baseline.objects.exists()


@pytest.mark.parametrize(
    "mapping",
    [
        {"columns": {"building_irregular": "ZZ"}},
        {"columns": {"no_such_field": "K"}},
        {"sheet": "No such sheet"},
        {"header_rows": [900]},
        {"header_rows": [1, 3]},
        {"header_rows": "1"},
        {"something": 1},
        [],
    ],
)
def test_a_mapping_that_does_not_fit_is_refused(file_of, tmp_path, mapping):
    path = tmp_path / "mapping.json"
    path.write_text(json.dumps(mapping))
    assert called("import_baseline", str(file_of("clean")), "--year", "2019", "--mapping", str(path))[0] == 2


def test_a_mapping_says_what_a_heading_does_not(file_of, tmp_path):
    path, source = tmp_path / "mapping.json", file_of("a_heading_that_nobody_understands")
    _code, told = imported(source, "--dry-run")
    [unknown] = told["sheets"][0]["unmapped"]
    path.write_text(json.dumps({"sheet": "Baseline", "ignored": [unknown]}))
    code, told = imported(source, "--mapping", str(path), "--dry-run")
    assert (code, told["sheets"][0]["unmapped"], told["findings"]) == (0, [], [])
    path.write_text(json.dumps({"sheet": "Baseline", "header_rows": [1], "columns": {"fire_equipment": unknown}}))
    code, told = imported(source, "--mapping", str(path), "--dry-run")
    assert (code, told["sheets"][0]["columns"]["fire_equipment"]) == (1, unknown)
    assert {(finding["code"], finding["cell"]) for finding in told["findings"]} == {
        ("not_a_number", f"{unknown}{row}") for row in range(2, 8)
    }


def test_a_changed_row_keeps_what_the_file_has_no_column_for(file_of):
    imported(file_of("clean"))
    whole = stored()
    Baseline.objects.update(note="seen on the spot")
    code, told = imported(file_of("a_criterion_that_is_missing"), "--accept-warnings")
    assert (code, told["counts"]["unchanged"]) == (0, 6)
    assert stored() == whole


def test_undo_takes_back_new_rows_and_restores_changed_ones(file_of):
    code, first = imported(file_of("clean"))
    before = stored()
    scores = list(Baseline.objects.order_by("pk").values_list("pk", "total", "slum_class", "source_import"))
    code, second = imported(file_of("more_than_the_whole"), "--accept-warnings")
    assert second["counts"]["changed"] == 1
    assert stored() != before
    code, told = called("undo_import", str(second["import_id"]), "--format", "json")
    assert (code, json.loads(told)) == (0, {"import_id": second["import_id"], "undone": 1, "kept": []})
    assert stored() == before
    assert list(Baseline.objects.order_by("pk").values_list("pk", "total", "slum_class", "source_import")) == scores
    assert called("reassess", "--check")[0] == 0
    code, told = called("undo_import", str(first["import_id"]), "--format", "json")
    assert json.loads(told)["undone"] == 6
    assert not Baseline.objects.exists()
    assert not NeighbourhoodUnit.objects.exists()
    assert not Assessment.objects.exists()


def test_undo_keeps_and_tells_what_was_changed_since(file_of):
    _code, told = imported(file_of("clean"))
    edited, deleted = Baseline.objects.select_related("unit__region").order_by("pk")[:2]
    units = [edited.unit.key, deleted.unit.key]
    edited.note = "counted again"
    edited.save()
    deleted.delete()
    code, result = called("undo_import", str(told["import_id"]), "--format", "json")
    result = json.loads(result)
    assert (code, result["undone"]) == (0, 4)
    assert ["/".join((row["region"], row["rw"], row["rt"])) for row in result["kept"]] == units
    assert all(row["reason"] for row in result["kept"])
    assert list(Baseline.objects.values_list("pk", flat=True)) == [edited.pk]
    assert NeighbourhoodUnit.objects.filter(pk=edited.unit_id).exists()


def test_undo_a_second_time_is_refused(file_of):
    _code, told = imported(file_of("clean"))
    assert called("undo_import", str(told["import_id"]))[0] == 0
    assert called("undo_import", str(told["import_id"]))[0] == 1
    assert called("undo_import", "999999")[0] == 2


def test_an_import_over_another_is_kept_when_the_first_is_taken_back(file_of):
    _code, first = imported(file_of("clean"))
    _code, second = imported(file_of("more_than_the_whole"), "--accept-warnings")
    _code, result = called("undo_import", str(first["import_id"]), "--format", "json")
    [kept] = json.loads(result)["kept"]
    assert str(second["import_id"]) in kept["reason"]
    assert Baseline.objects.count() == 1


def test_a_verified_year_takes_no_import_and_no_undo(file_of, people):
    _code, told = imported(file_of("clean"))
    year = AssessmentYear.objects.get()
    year.verify(people["verifier"], at=Import.objects.get().at)
    code, again = imported(file_of("more_than_the_whole"), "--accept-warnings")
    assert code == 1
    assert {finding["code"] for finding in again["findings"]} >= {"locked_year"}
    assert called("undo_import", str(told["import_id"]))[0] == 1
    assert Baseline.objects.count() == 6


@pytest.mark.parametrize("kind", ["xlsx", "csv", "json", "geojson"])
def test_what_is_exported_comes_in_unchanged(file_of, tmp_path, kind):
    for name in ("more_than_the_whole", "blank_in_a_number"):
        if name in KINDS:
            imported(file_of(name), "--accept-warnings")
    whole = Baseline.objects.first()
    whole.verified_area_ha, whole.ideal_road_m = Decimal("1.234"), Decimal("1234.50")
    whole.save()
    path = tmp_path / f"keluar.{kind}"
    assert called("export_baseline", "--year", "2019", "--output", str(path))[0] == 0
    before = stored()
    code, told = imported(path)
    assert (code, told["state"], told["import_id"]) == (0, "applied", None)
    assert told["counts"]["unchanged"] == told["counts"]["rows"] == len(before)
    Baseline.objects.all().delete()
    code, told = imported(path, "--accept-warnings")
    assert (code, told["state"]) == (0, "applied")
    assert stored() == before


def test_an_export_needs_a_measured_year_and_a_known_ending(tmp_path):
    assert called("export_baseline", "--year", "2019", "--output", str(tmp_path / "x.xlsx"))[0] == 1
    assert called("export_baseline", "--year", "2019", "--output", str(tmp_path / "x.doc"))[0] == 2


def test_a_template_comes_back_filled_without_a_question(file_of, tmp_path):
    imported(file_of("clean"))
    path = tmp_path / "isian.xlsx"
    arguments = ("--region", "19.05.01.1001", "--year", "2020", "--output", str(path))
    assert called("baseline_template", *arguments)[0] == 0
    workbook = load_workbook(path)
    sheet = workbook.active
    keys = [cell.value for cell in sheet[5]]
    of_village = Baseline.objects.filter(unit__region__code="19.05.01.1001")
    rows = [row for row in sheet.iter_rows(min_row=6) if row[0].value]
    assert len(rows) == of_village.count()
    assert {(row[2].value, row[3].value) for row in rows} == set(of_village.values_list("unit__rw", "unit__rt"))
    for row in rows:
        for cell, key in zip(row, keys, strict=True):
            if cell.value is None and key != "open_space_m2":
                cell.value = 0
    workbook.save(path)
    code, told = imported(path, year="2020")
    assert (code, told["state"], told["findings"]) == (0, "applied", [])
    assert told["counts"]["new"] == len(rows)


def test_a_template_of_a_village_without_neighbourhoods_has_rows_to_fill(tmp_path):
    path = tmp_path / "isian.xlsx"
    assert called("baseline_template", "--region", "1905011003", "--year", "2020", "--output", str(path))[0] == 0
    code, told = imported(path, year="2020")
    assert (code, told["counts"]["rows"]) == (1, 0)


def test_the_error_workbook_names_every_reason_and_comes_in_again_when_mended(file_of, tmp_path):
    path = tmp_path / "salah.xlsx"
    _code, told = imported(file_of("text_in_a_number"), "--error-workbook", str(path))
    [finding] = told["findings"]
    workbook = load_workbook(path)
    sheet = workbook["Baseline"]
    assert sheet[finding["cell"]].comment.text == finding["message"]
    assert sheet[finding["cell"]].fill.fgColor.rgb.endswith("FCA5A5")
    assert finding["message"] in sheet.cell(finding["row"], sheet.max_column).value
    sheet[finding["cell"]].value = 3
    workbook.save(path)
    code, told = imported(path)
    assert (code, told["state"], told["findings"]) == (0, "applied", [])


@pytest.mark.parametrize("name", KINDS)
def test_every_kind_has_an_error_workbook_with_all_its_cells(file_of, tmp_path, name):
    path = tmp_path / "salah.xlsx"
    _code, told = imported(file_of(name), "--dry-run", "--error-workbook", str(path))
    workbook = load_workbook(path)
    cells = [cell for sheet in workbook for row in sheet.iter_rows() for cell in row]
    texts = [str(cell.value) for cell in cells if cell.value] + [cell.comment.text for cell in cells if cell.comment]
    for finding in told["findings"]:
        assert any(finding["message"] in text for text in texts)


@pytest.mark.parametrize("kind", ["xlsx", "csv", "json", "geojson"])
def test_the_mark_of_made_up_figures_goes_out_and_comes_back(file_of, tmp_path, kind):
    path = tmp_path / f"keluar.{kind}"
    called("import_baseline", str(file_of("clean")), "--year", "2019")
    Baseline.objects.filter(unit__rt="1").update(is_made_up=True)
    marked = set(Baseline.objects.filter(is_made_up=True).values_list("unit__region__code", "unit__rw", "unit__rt"))
    assert 0 < len(marked) < 6
    called("export_baseline", "--year", "2019", "--output", str(path))
    told = json.loads(called("import_baseline", str(path), "--year", "2019", "--format", "json")[1])
    assert (told["counts"]["unchanged"], told["counts"]["warnings"]) == (6, 0)
    Baseline.objects.update(is_made_up=False)
    told = json.loads(called("import_baseline", str(path), "--year", "2019", "--format", "json")[1])
    assert (told["counts"]["changed"], told["state"]) == (len(marked), "applied")
    found = Baseline.objects.filter(is_made_up=True).values_list("unit__region__code", "unit__rw", "unit__rt")
    assert set(found) == marked
    Baseline.objects.all().delete()
    called("import_baseline", str(path), "--year", "2019")
    assert Baseline.objects.filter(is_made_up=True).count() == len(marked)


@pytest.mark.parametrize(
    ("written", "is_so"),
    [
        (True, True),
        ("ya", True),
        (1.0, True),
        ("rekaan", True),
        (False, False),
        (0.0, False),
        ("Tidak ", False),
        (None, False),
    ],
)
def test_what_says_that_figures_are_made_up(written, is_so):
    assert says_made_up(written) is is_so
