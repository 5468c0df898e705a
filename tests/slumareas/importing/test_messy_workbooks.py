"""Every kind of messy workbook: what is read is the truth, and what is said is exactly what is wrong."""

from decimal import Decimal

import pytest

from core.spreadsheet import read_here
from slumareas.importing.analysis import ERROR, analyse
from slumareas.importing.book import open_book
from slumareas.importing.report import report, sentence
from slumareas.importing.rows import ERRORS
from tests import factories
from tests.slumareas.importing.messy import KINDS, QUANTITIES, column


@pytest.fixture
def villages(db):
    factories.VillageFactory(code="19.05.01.1001", name="Tanjung", kind="kelurahan")
    factories.VillageFactory(code="19.05.01.1003", name="Sungai Baru", kind="kelurahan")


def analysed(mess):
    return analyse(open_book(mess.content, mess.name, read_here), "", mess.name, year=2019)


@pytest.mark.parametrize("name", KINDS)
def test_what_is_read_is_the_truth(villages, name):
    mess = KINDS[name]()
    found = analysed(mess)
    read = {row.identity: row.values for row in found.rows if row.state != ERROR}
    wanted = {
        identity: {key: None if values[key] is None else Decimal(str(values[key])) for key in QUANTITIES}
        for identity, values in mess.truth.items()
    }
    assert {key: {name: row.get(name) for name in QUANTITIES} for key, row in read.items()} == wanted


@pytest.mark.parametrize("name", KINDS)
def test_what_is_said_is_what_is_wrong(villages, name):
    mess = KINDS[name]()
    found = analysed(mess)
    assert {(finding.code, finding.cell) for finding in found.findings} == mess.said
    assert sum(len(table.ignored) for table in found.tables) == mess.ignored


@pytest.mark.parametrize("name", KINDS)
def test_every_finding_has_a_sentence_and_the_severity_of_its_code(villages, name):
    for finding in analysed(KINDS[name]()).findings:
        assert finding.is_error == (finding.code in ERRORS)
        assert len(sentence(finding)) > 15
        assert "%(" not in sentence(finding)


def test_there_are_enough_kinds():
    assert len(KINDS) >= 30


def test_the_report_holds_what_the_contract_asks(villages):
    told = report(analysed(KINDS["text_in_a_number"]()), "refused", None, {})
    assert told["counts"] == {
        "rows": 6, "new": 5, "changed": 0, "unchanged": 0, "errors": 1, "warnings": 0, "ignored": 0,
    }  # fmt: skip
    assert told["sheets"][0]["header_rows"] == [1]
    assert told["sheets"][0]["columns"]["village"] == "A"
    [finding] = told["findings"]
    assert (finding["severity"], finding["code"], finding["row"], finding["value"]) == (
        "error",
        "not_a_number",
        3,
        "tiga",
    )
    assert finding["cell"] == f"{column('water_access')}3"
    first = told["rows"][0]
    assert (first["state"], first["region"], first["rw"], first["rt"]) == ("new", "19.05.01.1001", "1", "1")
    assert first["values"]["building_density"] == "0"
    assert first["class"] in ("light", "moderate")
