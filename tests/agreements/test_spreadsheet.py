"""Many follow-ups by spreadsheet: what nobody edited stays, what is wrong is named by its cell, all or nothing."""

import datetime
import io
import re
from decimal import Decimal

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from agreements import importing
from agreements.models import Evidence, FollowUp, FollowUpChange
from tests import factories
from tests.agreements import records

pytestmark = pytest.mark.django_db
IMPORT, EXPORT = "/agreements/follow-ups/import/", "/agreements/follow-ups/follow-ups.xlsx"
LETTERS = {column.field: "ABCDEFGHIJKL"[place] for place, column in enumerate(importing.COLUMNS)}


@pytest.fixture
def agreement(people):
    return records.published(people["planner"]).agreements.get()


@pytest.fixture
def rows(agreement, agency):
    """Three of the agency: untouched, begun, blocked with two lines of obstacle."""
    day = datetime.date(2026, 4, 1)
    made = [
        records.follow_up(agreement, agency, activity=f"Kegiatan {number}", starts_on=records.DAY, due_on=day)
        for number in range(3)
    ]
    made[1].report(by=None, at=records.AT, physical_percent=Decimal("37.5"))
    made[2].block(by=None, at=records.AT, reason="Lahan belum bebas;\nmenunggu mediasi.")
    return made


def exported(client, query=""):
    answer = client.get(EXPORT + query)
    assert answer.status_code == 200
    return openpyxl.load_workbook(io.BytesIO(answer.content))


def edited(book, **cells):
    """`edited(book, status_2="selesai")` writes into the status of row 2."""
    for name, value in cells.items():
        field, number = name.rsplit("_", 1)
        book.worksheets[0][f"{LETTERS[field]}{number}"] = value
    content = io.BytesIO()
    book.save(content)
    return SimpleUploadedFile("tindak-lanjut.xlsx", content.getvalue())


def preview(client, file):
    return client.post(IMPORT, {"file": file})


def findings(answer):
    return {finding.cell: finding.sentence for finding in answer.context["findings"]}


def store(client, answer):
    return client.post(IMPORT, {"rows": answer.context["rows"]})


# --- out ------------------------------------------------------------------------------------------------


def test_the_export_holds_what_the_person_may_report_on_as_narrowed(as_role, agreement, rows):
    other = records.follow_up(agreement, factories.OrganizationFactory(), activity="Kegiatan orang lain")
    sheet = exported(as_role("opd_user"), "?status=blocked").worksheets[0]
    assert [cell.value for cell in sheet[1]][:4] == [
        "Kode baris (jangan diubah)",
        "Nomor",
        "Kegiatan",
        "Penanggung jawab",
    ]
    assert [[cell.value for cell in row[1:6]] for row in sheet.iter_rows(min_row=2)] == [
        ["1.3", "Kegiatan 2", "Disperkimhub", "terkendala", 0]
    ]
    whole = [row[2].value for row in exported(as_role("planner")).worksheets[0].iter_rows(min_row=2)]
    assert other.activity in whole
    assert len(whole) == 4


@pytest.mark.parametrize("language", ["id", "en"])
def test_the_unchanged_export_changes_nothing_and_says_so(as_role, rows, client, language):
    client = as_role("planner")
    client.cookies["django_language"] = language
    before = FollowUpChange.objects.count()
    answer = preview(client, edited(exported(client)))
    assert (answer.context["outcome"].unchanged, answer.context["outcome"].changes) == (3, [])
    assert answer.context["findings"] == []
    assert 'name="rows"' not in answer.content.decode()
    assert FollowUpChange.objects.count() == before


# --- in -------------------------------------------------------------------------------------------------


def test_the_preview_stores_nothing_and_what_it_shows_is_stored(as_role, rows, people):
    client = as_role("planner")
    file = edited(
        exported(client), status_2="proses", physical_percent_2="12,5 %", physical_percent_3=80, due_on_3="30/06/2026",
        status_4="proses", obstacle_4=None, note_4="Mediasi berhasil",
    )  # fmt: skip
    before = FollowUpChange.objects.count()
    answer = preview(client, file)
    shown = {change.row: change.lines for change in answer.context["changes"]}
    assert shown == {
        2: [("Status", "belum dimulai", "berlangsung"), ("Fisik (%)", "0", "12,5")],
        3: [("Fisik (%)", "37,5", "80"), ("Tenggat", "1 April 2026", "30 Juni 2026")],
        4: [
            ("Status", "terkendala", "berlangsung"),
            ("Kendala", "Lahan belum bebas; menunggu mediasi.", "–"),
            ("Catatan atau alasan", "–", "Mediasi berhasil"),
        ],
    }
    assert FollowUpChange.objects.count() == before
    answer = store(client, answer)
    assert answer.context["is_stored"]
    first, second, third = FollowUp.objects.order_by("pk")
    assert (first.status, first.physical_percent) == ("in_progress", Decimal("12.5"))
    assert (second.physical_percent, second.due_on) == (80, datetime.date(2026, 6, 30))
    assert (third.status, third.obstacle) == ("in_progress", "")
    assert set(FollowUpChange.objects.filter(by=people["planner"]).values_list("verb", "note")) == {
        ("report", ""), ("edit", ""), ("unblock", "Mediasi berhasil"),
    }  # fmt: skip


def test_done_needs_evidence_and_cancelling_a_reason_and_both_are_said_at_once(as_role, rows):
    client = as_role("planner")
    answer = preview(client, edited(exported(client), status_3="selesai", status_4="dibatalkan", physical_percent_2=50))
    assert set(findings(answer)) == {"E3", "L4"}
    assert "bukti" in findings(answer)["E3"]
    assert "rows" not in answer.context or answer.context["rows"] == ""
    assert FollowUp.objects.get(pk=rows[0].pk).physical_percent == 0


def test_done_with_evidence_on_its_day_and_cancelled_with_a_reason(as_role, rows, people):
    Evidence(follow_up=rows[0], kind="link", title="Uji", url="https://contoh.test/a").submit(
        by=people["opd_user"], at=records.AT
    )
    client = as_role("planner")
    file = edited(
        exported(client),
        status_2="selesai",
        done_on_2=datetime.date(2026, 3, 20),
        status_4="dibatalkan",
        note_4="Ganti",
    )
    assert store(client, preview(client, file)).context["is_stored"]
    done, cancelled = FollowUp.objects.get(pk=rows[0].pk), FollowUp.objects.get(pk=rows[2].pk)
    assert (done.status, done.done_on, done.physical_percent) == ("done", datetime.date(2026, 3, 20), 100)
    assert (cancelled.status, cancelled.cancel_reason, cancelled.cancelled_by) == (
        "cancelled",
        "Ganti",
        people["planner"],
    )


def test_all_errors_are_named_by_their_cells_and_nothing_is_stored(as_role, rows):
    client = as_role("planner")
    file = edited(
        exported(client), status_2="hampir", physical_percent_2=140, financial_percent_2="banyak", due_on_2="besok",
        due_on_3="2026-03-01", physical_percent_4=10, key_4="apa ini",
    )  # fmt: skip
    answer = preview(client, file)
    found = findings(answer)
    assert set(found) == {"E2", "F2", "G2", "J2", "J3", "A4"}
    assert all(sentence.endswith(".") for sentence in found.values())
    assert "hampir" in found["E2"]
    assert "belum dimulai" in found["E2"]
    assert FollowUp.objects.filter(physical_percent=10).count() == 0


@pytest.mark.parametrize(
    ("cells", "cell"),
    [
        ({"status_3": "belum dimulai"}, "E3"),
        ({"status_2": "terkendala"}, "H2"),
        ({"done_on_3": "2026-03-12"}, "K3"),
    ],
)
def test_what_a_verb_refuses_stands_at_the_cell(as_role, rows, cells, cell):
    client = as_role("planner")
    answer = preview(client, edited(exported(client), **cells))
    assert list(findings(answer)) == [cell]


def test_a_percentage_typed_with_its_sign_is_understood(as_role, rows):
    client = as_role("planner")
    book = exported(client)
    book.worksheets[0]["F3"].number_format = "0%"
    answer = preview(client, edited(book, physical_percent_3=0.4))
    assert answer.context["changes"][0].lines == [("Fisik (%)", "37,5", "40")]


def test_a_deleted_column_and_a_deleted_row_are_left_as_stored(as_role, rows):
    client = as_role("planner")
    book = exported(client)
    book.worksheets[0].delete_cols(8)  # the obstacle
    book.worksheets[0].delete_rows(2)
    answer = preview(client, edited(book))
    assert (answer.context["outcome"].unchanged, answer.context["findings"]) == (2, [])


def test_a_row_twice_is_told(as_role, rows):
    client = as_role("planner")
    book = exported(client)
    for column, cell in enumerate(book.worksheets[0][2], start=1):
        book.worksheets[0].cell(row=9, column=column, value=cell.value)
    assert list(findings(preview(client, edited(book)))) == ["A9"]


# --- changed since --------------------------------------------------------------------------------------


def test_a_stale_row_that_was_edited_is_told_and_one_that_was_not_is_left(as_role, rows, people):
    client = as_role("planner")
    book = exported(client)
    for row in rows[:2]:
        row.report(by=people["opd_user"], at=records.AT, physical_percent=20)
    answer = preview(client, edited(book, physical_percent_2=55))
    assert list(findings(answer)) == ["A2"]
    assert str(people["opd_user"]) in findings(answer)["A2"]
    assert answer.context["outcome"].outdated == [3]
    answer = preview(client, edited(book, physical_percent_2=0, physical_percent_4=5))
    assert answer.context["findings"] == []
    assert store(client, answer).context["is_stored"]
    assert list(FollowUp.objects.order_by("pk").values_list("physical_percent", flat=True)) == [20, 20, 5]


def test_what_changes_between_preview_and_confirmation_stops_it_whole(as_role, rows, people):
    client = as_role("planner")
    answer = preview(client, edited(exported(client), physical_percent_2=55, physical_percent_3=66))
    rows[0].report(by=people["opd_user"], at=records.AT, physical_percent=20)
    answer = store(client, answer)
    assert answer.status_code == 409
    assert list(findings(answer)) == ["A2"]
    assert FollowUp.objects.get(pk=rows[1].pk).physical_percent == Decimal("37.5")


def test_confirming_twice_changes_nothing_more(as_role, rows):
    client = as_role("planner")
    shown = preview(client, edited(exported(client), physical_percent_2=55))
    store(client, shown)
    number = FollowUpChange.objects.count()
    store(client, shown)
    assert FollowUpChange.objects.count() == number


# --- rights ---------------------------------------------------------------------------------------------


def test_an_agency_reports_on_its_own_but_changes_no_dates_and_cancels_nothing(as_role, rows):
    client = as_role("opd_user")
    answer = preview(client, edited(exported(client), due_on_2="2026-12-31", status_3="dibatalkan", note_3="Uji"))
    assert set(findings(answer)) == {"J2", "E3"}
    answer = preview(client, edited(exported(client), physical_percent_2=10))
    assert store(client, answer).context["is_stored"]


def test_somebody_elses_row_is_refused_by_its_cell(as_role, agreement, rows, people):
    other = records.follow_up(agreement, factories.OrganizationFactory(), activity="Kegiatan orang lain")
    book = exported(as_role("planner"))
    place = next(row[0].row for row in book.worksheets[0].iter_rows(min_row=2) if row[2].value == other.activity)
    answer = preview(as_role("opd_user"), edited(book, **{f"physical_percent_{place}": 10}))
    assert list(findings(answer)) == [f"F{place}"]
    FollowUp.objects.filter(pk=other.pk).delete()
    answer = preview(as_role("opd_user"), edited(book))
    assert list(findings(answer)) == [f"A{place}"]


@pytest.mark.parametrize("role", ["verifier", "pokja_member", "viewer"])
def test_others_have_no_such_page(as_role, rows, role):
    client = as_role(role)
    assert client.get(EXPORT).status_code == 403
    assert client.get(IMPORT).status_code == 403
    assert client.post(IMPORT, {"rows": "x"}).status_code == 403


def test_a_preview_belongs_to_who_made_it(as_role, rows):
    answer = preview(as_role("planner"), edited(exported(as_role("planner")), physical_percent_2=10))
    stolen = as_role("opd_user").post(IMPORT, {"rows": answer.context["rows"]})
    assert stolen.status_code == 400
    assert FollowUp.objects.get(pk=rows[0].pk).physical_percent == 0


# --- files ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "file",
    [
        SimpleUploadedFile("a.xlsx", b""),
        SimpleUploadedFile("a.xlsx", b"ini bukan excel"),
        SimpleUploadedFile("a.pdf", b"%PDF-1.4"),
        SimpleUploadedFile("a.csv", b"Nama,Nilai\nA,1\n"),
    ],
    ids=["empty", "no workbook", "another kind", "another list"],
)
def test_a_file_that_is_no_such_list_is_refused_with_a_sentence(as_role, rows, file):
    answer = preview(as_role("planner"), file)
    assert answer.status_code == 400
    assert answer.context["form"].errors["file"]


def test_csv_comes_back_as_well(as_role, rows):
    client = as_role("planner")
    sheet = exported(client).worksheets[0]
    lines = [[("" if value is None else str(value).replace(" 00:00:00", "")) for value in row] for row in sheet.values]
    lines[2][5] = "41"
    text = "\n".join(";".join(f'"{value}"' for value in line) for line in lines)
    answer = preview(client, SimpleUploadedFile("a.csv", text.encode()))
    assert [change.lines for change in answer.context["changes"]] == [[("Fisik (%)", "37,5", "41")]]


def test_the_number_of_queries_does_not_grow_with_what_is_unchanged(
    as_role, agreement, agency, django_assert_max_num_queries
):
    for number in range(30):
        records.follow_up(agreement, agency, activity=f"Kegiatan {number}")
    client = as_role("planner")
    file = edited(exported(client))
    with django_assert_max_num_queries(12):
        answer = preview(client, file)
    assert answer.context["outcome"].unchanged == 30
    assert re.search(r"<b>30</b>", answer.content.decode())
