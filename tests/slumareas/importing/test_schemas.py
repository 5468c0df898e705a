"""What `import_baseline` and `undo_import` print, and what the API tells, against the published schemas."""

import contextlib
import io
import json
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from jsonschema import Draft202012Validator

from slumareas.importing.importer import import_file
from slumareas.importing.rows import ERRORS
from slumareas.models import Baseline
from slumareas.models.quantities import QUANTITY_KEYS
from slumareas.scoring import RULE_SETS
from tests import factories
from tests.slumareas.importing.messy import KINDS

pytestmark = pytest.mark.django_db
SCHEMAS = Path(__file__).resolve().parents[3] / "docs" / "schemas"


def schema(name):
    text = json.loads((SCHEMAS / f"{name}.schema.json").read_text())
    Draft202012Validator.check_schema(text)
    return Draft202012Validator(text)


REPORT, UNDO = schema("import-report"), schema("undo-output")


@pytest.fixture(autouse=True)
def villages():
    factories.VillageFactory(code="19.05.01.1001", name="Tanjung", kind="kelurahan")
    factories.VillageFactory(code="19.05.01.1003", name="Sungai Baru", kind="kelurahan")


def printed(name, *arguments):
    """What the command prints, whether it refuses or not."""
    out = io.StringIO()
    with contextlib.suppress(CommandError):
        call_command(name, *arguments, "--format", "json", stdout=out, stderr=io.StringIO())
    return json.loads(out.getvalue())


@pytest.fixture
def imported(tmp_path):
    """`imported(content, name, …)` is the report of a file."""

    def run(content, name, *arguments):
        path = tmp_path / name
        path.write_bytes(content)
        told = printed("import_baseline", str(path), "--year", "2019", *arguments)
        REPORT.validate(told)
        return told

    return run


def of(kind):
    mess = KINDS[kind]()
    return mess.content, mess.name


@pytest.mark.parametrize("kind", KINDS)
def test_the_report_of_every_kind_keeps_the_schema(imported, kind):
    assert imported(*of(kind), "--dry-run")["state"] == "previewed"


@pytest.mark.parametrize(
    ("kind", "arguments", "state"),
    [
        ("clean", [], "applied"),
        ("text_in_a_number", [], "refused"),
        ("text_in_a_number", ["--valid-rows-only"], "partly_applied"),
        ("more_than_the_whole", [], "refused"),
        ("more_than_the_whole", ["--accept-warnings"], "applied"),
    ],
)
def test_the_report_keeps_the_schema_whatever_became_of_the_file(imported, kind, arguments, state):
    told = imported(*of(kind), *arguments)
    assert (told["state"], told["import_id"] is None) == (state, state == "refused")


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"\x89PNG" * 50, "foto.xlsx"), (b"", "kosong.xlsx"), (b"Kepada Yth.\nBapak Camat\n", "surat.csv")],
)
def test_the_report_of_what_cannot_be_read_keeps_the_schema(imported, content, name):
    told = imported(content, name)
    assert (told["state"], told["rows"]) == ("refused", [])
    assert [finding["cell"] for finding in told["findings"]] == [None]


def test_the_same_again_and_a_change_keep_the_schema(imported):
    imported(*of("clean"))
    assert imported(*of("clean"))["import_id"] is None
    assert imported(*of("more_than_the_whole"), "--accept-warnings")["counts"]["changed"] == 1


def test_an_undo_keeps_the_schema_with_rows_that_are_kept(imported):
    first, second = imported(*of("clean")), imported(*of("more_than_the_whole"), "--accept-warnings")
    edited, deleted = Baseline.objects.order_by("pk").exclude(source_import=second["import_id"])[:2]
    edited.note = "counted again"
    edited.save()
    deleted.delete()
    for told, undone, kept in ((first, 3, 3), (second, 1, 0)):
        result = printed("undo_import", str(told["import_id"]))
        UNDO.validate(result)
        assert (result["undone"], len(result["kept"])) == (undone, kept)


@pytest.mark.parametrize(
    ("place", "wrong"),
    [
        (["import_id"], 7),
        (["state"], "undone"),
        (["sha256"], ""),
        (["counts", "errors"], -1),
        (["rows", 0, "region"], "1905011001"),
        (["rows", 0, "values", "water_access"], "1.50"),
        (["rows", 0, "values", "water_access"], 12),
        (["rows", 0, "values", "colour"], "1"),
        (["rows", 1, "total"], 38),
        (["findings", 0, "cell"], "3"),
        (["findings", 0, "severity"], "warning"),
        (["findings", 0, "code"], "odd"),
        (["seconds"], {}),
    ],
)
def test_the_schema_refuses_what_the_contract_does_not_know(imported, place, wrong):
    told = imported(*of("text_in_a_number"))
    *way, last = place
    part = told
    for step in way:
        part = part[step]
    part[last] = wrong
    assert not REPORT.is_valid(told)


def test_the_schema_names_what_the_tables_name():
    known = REPORT.schema["properties"]
    finding = known["findings"]["items"]
    assert set(finding["then"]["properties"]["code"]["enum"]) == ERRORS
    assert known["rule_set"]["enum"] == list(RULE_SETS)
    assert known["rows"]["items"]["properties"]["values"]["propertyNames"]["enum"] == list(QUANTITY_KEYS)


@pytest.mark.parametrize("kind", ["clean", "text_in_a_number", "a_heading_that_nobody_understands"])
def test_the_report_as_text_is_the_report(kind):
    """Made row by row, also where the file bears the words of the report itself."""
    outcome = import_file(KINDS[kind]().content, 'aneh "rows": [].xlsx', year=2019, is_dry_run=True)
    assert json.loads(outcome.report_as_json) == outcome.report
    assert len(outcome.report["rows"]) == 6
