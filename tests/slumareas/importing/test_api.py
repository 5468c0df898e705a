"""Files with baselines over the API: who may, what is told, what is refused and at which field, and that nothing is stored
before somebody says so.
"""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.utils import timezone

from slumareas.importing.importer import import_file
from slumareas.models import AssessmentYear, Baseline, Import
from tests import factories
from tests.slumareas.importing.messy import KINDS, grid, text_file, truth

LIST = "/api/v1/imports/"
TANJUNG, SUNGAI_BARU = "19.05.01.1001", "19.05.01.1003"


@pytest.fixture(autouse=True)
def villages(village):
    return village, factories.VillageFactory(code=SUNGAI_BARU, name="Sungai Baru", kind="kelurahan")


@pytest.fixture
def planner(api):
    return api("planner")


def send(program, kind, **values):
    mess = KINDS[kind]()
    return program.post(LIST, {"file": SimpleUploadedFile(mess.name, mess.content), "year": 2019, **values})


def sent(program, kind, **values):
    answer = send(program, kind, **values)
    assert answer.status_code == 201, answer.json()
    return answer.json()


def at(told, verb=""):
    return f"{LIST}{told['key']}/{verb + '/' if verb else ''}"


def refused(answer):
    """(status, what the answer speaks of)"""
    told = answer.json()
    assert all(isinstance(one, list) for name, one in told.items() if name != "detail")
    return answer.status_code, sorted(told)


# --- sending -----------------------------------------------------------------------------------------------


def test_a_sent_file_is_looked_at_and_not_stored(planner):
    told = sent(planner, "clean", region="19.05.01")
    record = Import.objects.get()
    assert told["counts"] == {
        "rows": 6, "new": 6, "changed": 0, "unchanged": 0, "errors": 0, "warnings": 0, "ignored": 0,
    }  # fmt: skip
    assert {name: told[name] for name in told if name not in ("counts", "sheets", "at")} == {
        "key": str(record.pk),
        "file_name": "baseline.xlsx",
        "sha256": record.sha256,
        "year": 2019,
        "rule_set": "permen_14_2018",
        "region": "19.05.01",
        "state": "previewed",
        "valid_rows_only": False,
        "accepts_warnings": False,
        "reason": "",
        "by": "planner",
        "applied_at": None,
        "undone_at": None,
        "is_large": False,
        "undo_result": None,
        "job": None,
    }
    assert told["sheets"][0]["columns"]["village"] == "A"
    assert planner.get(at(told)).json() == told
    [listed] = planner.get(LIST).json()["results"]
    assert listed == {name: told[name] for name in told if name not in ("is_large", "sheets", "undo_result", "job")}
    assert not Baseline.objects.exists()
    assert not AssessmentYear.objects.exists()


@pytest.mark.parametrize(
    ("sent", "wrong"),
    [
        ({"file": ""}, "file"),
        ({"file": "baseline.xlsx"}, "file"),
        ({"file": SimpleUploadedFile("kosong.xlsx", b"")}, "file"),
        ({"file": SimpleUploadedFile("foto.xlsx", b"\x89PNG" * 50)}, "file"),
        ({"file": SimpleUploadedFile("surat.csv", b"Kepada Yth.\nBapak Camat\n")}, "file"),
        ({"year": ""}, "year"),
        ({"year": 1999}, "year"),
        ({"year": "lalu"}, "year"),
        ({"rule_set": "permen_1_1900"}, "rule_set"),
        ({"region": "99.99"}, "region"),
    ],
)
def test_what_is_wrong_is_named_and_leaves_nothing(planner, sent, wrong):
    assert refused(send(planner, "clean", **sent)) == (400, [wrong])
    assert not Import.objects.exists()


def test_a_file_is_not_sent_as_json(planner):
    assert refused(planner.post(LIST, {"file": "x", "year": 2019}, format="json")) == (400, ["file"])


def test_a_file_that_is_too_large_is_not_read(planner, settings):
    settings.UPLOAD_MAX_BYTES = 1000
    assert refused(send(planner, "clean")) == (400, ["file"])
    assert not Import.objects.exists()


@pytest.mark.parametrize(
    ("values", "named", "rule_set"),
    [
        ({}, "permen_2_2016", "permen_2_2016"),
        ({"rule_set": ""}, "permen_2_2016", "permen_2_2016"),
        ({"rule_set": "permen_14_2018"}, None, "permen_14_2018"),
        ({"year": 2018}, None, "permen_2_2016"),
        ({"year": 2018, "rule_set": "permen_14_2018"}, None, "permen_14_2018"),
        ({}, None, "permen_14_2018"),
    ],
)
def test_the_rule_set_is_the_named_one_else_the_files_else_the_years(planner, values, named, rule_set):
    cells = [[*line, named] for line in grid(truth())] if named else grid(truth())
    if named:
        cells[0][-1] = "rule_set"
    file = SimpleUploadedFile("baseline.csv", text_file(cells))
    answer = planner.post(LIST, {"file": file, "year": 2019, **values})
    assert (answer.status_code, answer.json()["rule_set"]) == (201, rule_set)


# --- who may -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", ["verifier", "pokja_member", "opd_user", "village_user", "viewer"])
def test_only_who_may_import_sends_a_file(api, role):
    assert refused(send(api(role), "clean")) == (403, ["detail"])
    assert not Import.objects.exists()


@pytest.mark.parametrize("role", ["verifier", "pokja_member", "opd_user", "village_user", "viewer"])
@pytest.mark.parametrize("kind", ["clean", "text_in_a_number"])
def test_nobody_else_decides_about_it(api, planner, role, kind):
    told, program = sent(planner, kind, region=TANJUNG), api(role)
    for answer in (
        program.post(at(told, "apply")),
        program.post(at(told, "apply"), {"valid_rows_only": "x"}),
        program.post(at(told, "undo")),
        program.delete(at(told)),
    ):
        assert refused(answer) == (403, ["detail"])
    assert Import.objects.get().state == "previewed"


def test_a_village_user_knows_of_files_of_the_own_village_alone(api, planner):
    own, other, whole = (sent(planner, "clean", region=region) for region in (TANJUNG, SUNGAI_BARU, ""))
    program = api("village_user")
    assert [row["key"] for row in program.get(LIST).json()["results"]] == [own["key"]]
    assert program.get(at(own, "report")).status_code == 200
    for told in (other, whole):
        for answer in (
            program.get(at(told)),
            program.get(at(told, "report")),
            program.post(at(told, "apply")),
            program.post(at(told, "undo")),
        ):
            assert refused(answer) == (404, ["detail"])


def test_a_viewer_knows_of_no_file(api, planner):
    told = sent(planner, "clean")
    for url in (LIST, at(told), at(told, "report")):
        assert refused(api("viewer").get(url)) == (403, ["detail"])


@pytest.mark.parametrize("method", ["put", "patch"])
def test_what_was_sent_stays_as_it_was_sent(api, planner, method):
    told = sent(planner, "clean")
    assert getattr(api("admin"), method)(at(told), {"state": "applied"}, format="json").status_code == 405
    assert Import.objects.get().state == "previewed"


# --- storing and taking back -------------------------------------------------------------------------------


def test_stored_and_taken_back_once_each(planner):
    told = sent(planner, "clean")
    assert refused(planner.post(at(told, "undo"))) == (409, ["detail"])
    stored = planner.post(at(told, "apply"))
    assert (stored.status_code, stored.json()["state"]) == (200, "applied")
    assert stored.json()["applied_at"]
    assert Baseline.objects.filter(source_import=told["key"]).count() == 6
    for verb in ("apply", "report"):
        answer = planner.post(at(told, verb)) if verb == "apply" else planner.get(at(told, verb))
        assert refused(answer) == (409, ["detail"])
    Baseline.objects.order_by("pk").first().delete()
    undone = planner.post(at(told, "undo"))
    assert (undone.status_code, undone.json()["state"]) == (200, "undone")
    result = undone.json()["undo_result"]
    assert (result["import_id"], result["undone"], len(result["kept"])) == (int(told["key"]), 5, 1)
    assert undone.json()["undone_at"]
    assert planner.get(at(told)).json() == undone.json()
    assert not Baseline.objects.exists()
    for answer in (planner.post(at(told, "undo")), planner.post(at(told, "apply"))):
        assert refused(answer) == (409, ["detail"])


@pytest.mark.parametrize("words", [{}, {"valid_rows_only": False}, {"reason": "sudah dicek"}])
def test_errors_need_a_word(planner, words):
    told = sent(planner, "text_in_a_number")
    assert refused(planner.post(at(told, "apply"), words, format="json")) == (400, ["valid_rows_only"])
    assert not Baseline.objects.exists()
    stored = planner.post(at(told, "apply"), {"valid_rows_only": True}, format="json").json()
    assert (stored["state"], stored["valid_rows_only"], stored["accepts_warnings"]) == ("partly_applied", True, False)
    assert Baseline.objects.count() == 5


@pytest.mark.parametrize("words", [{}, {"valid_rows_only": True}, {"reason": "  "}, {"reason": "x" * 2001}])
def test_warnings_need_a_reason(planner, words):
    told = sent(planner, "more_than_the_whole")
    assert refused(planner.post(at(told, "apply"), words, format="json")) == (400, ["reason"])
    assert not Baseline.objects.exists()
    stored = planner.post(at(told, "apply"), {"reason": "Dicek di lapangan"}, format="json").json()
    assert (stored["state"], stored["accepts_warnings"], stored["reason"]) == ("applied", True, "Dicek di lapangan")


def test_each_missing_word_is_named(planner):
    told = sent(planner, "something_over_nothing")
    Import.objects.update(counts=told["counts"] | {"errors": 1, "warnings": 1})
    assert refused(planner.post(at(told, "apply"))) == (400, ["reason", "valid_rows_only"])


def test_a_file_without_a_valid_row_or_a_change_is_not_stored(planner):
    told = sent(planner, "another_year_in_the_title")
    assert refused(planner.post(at(told, "apply"), {"valid_rows_only": True})) == (409, ["detail"])
    planner.post(at(sent(planner, "clean"), "apply"))
    again = sent(planner, "clean")
    assert again["counts"]["unchanged"] == 6
    assert refused(planner.post(at(again, "apply"))) == (409, ["detail"])
    assert Import.objects.get(pk=again["key"]).state == "previewed"


def test_figures_that_changed_since_the_look_are_not_overwritten(planner):
    first, second = sent(planner, "clean"), sent(planner, "more_than_the_whole")
    planner.post(at(first, "apply"))
    words = {"reason": "sudah dicek"}
    assert refused(planner.post(at(second, "apply"), words)) == (409, ["detail"])
    assert planner.get(at(second)).json()["counts"]["changed"] == 1
    assert planner.post(at(second, "apply"), words).status_code == 200


def test_a_closed_year_is_neither_stored_into_nor_taken_back_from(planner, people):
    told, other = sent(planner, "clean"), sent(planner, "more_than_the_whole")
    planner.post(at(told, "apply"))
    AssessmentYear.objects.get().verify(people["verifier"], at=timezone.now())
    planner.post(at(other, "apply"), {"reason": "sudah dicek"})
    again = planner.post(at(other, "apply"), {"reason": "sudah dicek", "valid_rows_only": True})
    assert refused(again) == (409, ["detail"])
    assert refused(planner.post(at(told, "undo"))) == (409, ["detail"])
    assert Baseline.objects.count() == 6


def test_only_what_was_never_stored_is_deleted(planner):
    told = sent(planner, "clean")
    record = Import.objects.get()
    planner.post(at(told, "apply"))
    assert refused(planner.delete(at(told))) == (409, ["detail"])
    planner.post(at(told, "undo"))
    assert refused(planner.delete(at(told))) == (409, ["detail"])
    assert record.file.storage.exists(record.file.name)
    discarded = sent(planner, "clean")
    record = Import.objects.get(pk=discarded["key"])
    assert planner.delete(at(discarded)).status_code == 204
    assert not Import.objects.filter(pk=record.pk).exists()
    assert not any(record.file.storage.exists(file.name) for file in (record.file, record.preview))


# --- what is told ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
def test_the_report_is_that_of_the_command(planner, kind):
    mess = KINDS[kind]()
    file = SimpleUploadedFile(mess.name, mess.content)
    told = planner.post(LIST, {"file": file, "year": 2019}).json()
    wanted = import_file(mess.content, mess.name, year=2019, is_dry_run=True).report
    del wanted["seconds"]
    report = planner.get(at(told, "report")).json()
    assert report == {**wanted, "state": "previewed", "import_id": int(told["key"])}


# --- looking for files -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ({"year": 2024}, ["b.csv"]),
        ({"state": "applied"}, ["b.csv"]),
        ({"state": "previewed"}, ["a.xlsx"]),
        ({"rule_set": "permen_2_2016"}, ["a.xlsx"]),
        ({"search": "XLS"}, ["a.xlsx"]),
        ({"search": "%"}, []),
        ({"ordering": "file_name"}, ["a.xlsx", "b.csv"]),
        ({"ordering": "-year"}, ["a.xlsx", "b.csv"]),
        ({"ordering": "year"}, ["b.csv", "a.xlsx"]),
    ],
)
def test_files_are_found_by_name_year_and_state(planner, query, names):
    factories.ImportFactory(file_name="a.xlsx", rule_set="permen_2_2016")
    factories.ImportFactory(file_name="b.csv", year=2024, state="applied")
    answer = planner.get(LIST, query)
    assert answer.status_code == 200
    assert [row["file_name"] for row in answer.json()["results"]] == names
