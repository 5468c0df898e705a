"""A list that people send: what is understood, what is shown first, what is refused, and that nothing is half done."""

import io

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse
from openpyxl import Workbook

from core.spreadsheet import read_tables, write_csv, write_xlsx
from tests import factories
from workshops.models import Participant, Workshop

HEADINGS = ["No", "Nama", "Jabatan", "Instansi", "L/P", "No. HP", "E-mail", "Keterangan"]
ROWS = [
    [1, "Ana Contoh, S.T.", "Kasi", "Dinas Uji", "P", "0812 0000 0001", "ana@contoh.test", ""],
    [2, "Budi Contoh", "", "LKM Uji", "Laki-laki", "", "", "narasumber"],
    [3, "", "", "DPUPR", "", "", "", ""],
]
EXPECTED = [
    ("Ana Contoh, S.T.", "Kasi", "Dinas Uji", "P", "0812 0000 0001", "ana@contoh.test", True, ""),
    ("Budi Contoh", "", "LKM Uji", "L", "", "", True, "narasumber"),
    ("", "", "DPUPR", "", "", "", True, ""),
]
FIELDS = ("name", "position", "organization_name", "sex", "phone", "email", "is_invited", "note")


@pytest.fixture
def send(as_role, workshop):
    """Send a file and get the preview: rows as an xlsx file, or (content, name)."""

    def post(rows, name="daftar.xlsx", role="planner"):
        content = rows if isinstance(rows, bytes) else write_xlsx(rows)
        return as_role(role).post(address(workshop), {"file": SimpleUploadedFile(name, content)})

    return post


@pytest.fixture
def confirm(client, workshop):
    def post(preview, **changed):
        return client.post(address(workshop), {"rows": preview.context["rows"], **changed})

    return post


def address(workshop, page="participant_import"):
    return reverse(f"workshops:{page}", args=[workshop.slug])


def stored(workshop) -> list[tuple]:
    return list(workshop.participants.values_list(*FIELDS))


def errors(answer) -> list[str]:
    return answer.context["form"].errors.get("file", [])


def cells(findings) -> list[str]:
    return [finding.cell for finding in findings]


def test_nothing_is_stored_before_it_is_confirmed(workshop, send, confirm):
    preview = send([HEADINGS, *ROWS])
    assert [person.row for person in preview.context["comparison"].new] == [2, 3, 4]
    assert stored(workshop) == []
    confirm(preview)
    assert stored(workshop) == EXPECTED
    assert {row.history.get().history_user.username for row in workshop.participants.all()} == {"planner"}


def test_confirmed_twice_or_sent_again_nothing_is_doubled(workshop, send, confirm):
    preview = send([HEADINGS, *ROWS])
    confirm(preview)
    confirm(preview)
    assert stored(workshop) == EXPECTED
    again = send([HEADINGS, *ROWS])
    assert (again.context["comparison"].new, len(again.context["comparison"].listed)) == ([], 3)


@pytest.mark.parametrize("above", [0, 1, 9])
def test_the_heading_may_stand_anywhere_in_the_first_ten_rows(workshop, send, confirm, above):
    confirm(send([*[["DAFTAR UNDANGAN"]] * above, HEADINGS, *ROWS]))
    assert stored(workshop) == EXPECTED


def test_a_heading_further_down_is_not_found(workshop, send):
    assert errors(send([*[["DAFTAR"]] * 10, HEADINGS, *ROWS]))


@pytest.mark.parametrize(
    ("headings", "fields"),
    [
        (["NAMA LENGKAP", "OPD"], ("name", "organization_name")),
        (["Nama  Peserta", "Lembaga"], ("name", "organization_name")),
        (["name", "Jenis Kelamin"], ("name", "sex")),
        (["Nama", "No. Telepon"], ("name", "phone")),
        (["Instansi", "Surel"], ("organization_name", "email")),
    ],
)
def test_headings_by_their_synonyms(workshop, send, headings, fields):
    texts = {"name": "Ana", "organization_name": "DPUPR", "sex": "P", "phone": "0812", "email": "a@contoh.test"}
    (person,) = send([headings, [texts[field] for field in fields]]).context["found"].people
    assert [getattr(person, field) for field in fields] == [texts[field] for field in fields]


def test_official_lists_have_two_things_in_one_column_and_a_row_of_numbers(send):
    found = send([["No", "Nama", "Jabatan/Instansi", "Tanda Tangan"], [1, 2, 3, 4], [1, "Ana", "DPUPR", ""]]).context[
        "found"
    ]
    assert [(person.name, person.organization_name) for person in found.people] == [("Ana", "DPUPR")]
    assert cells(found.remarks) == ["C1"]


def test_columns_that_are_not_read_are_named(send):
    found = send([["Nama", "NIK", "Golongan"], ["Ana", "1905", "III/a"]]).context["found"]
    (remark,) = found.remarks
    assert "NIK, Golongan" in remark.sentence


def test_errors_name_their_cell_and_all_of_them_are_told(workshop, send, confirm):
    rows = [
        [1, "Ana", "", "", "X", "", "bukan-surel", ""],
        [2, "B" * 201, "", "", "", "", "", ""],
        [3, "Citra", "", "", "P", "", "", ""],
        [4, "", "", "", "P", "", "", ""],
    ]
    preview = send([HEADINGS, *rows])
    assert cells(preview.context["found"].errors) == ["E2", "G2", "B3", "B5"]
    assert 'name="rows"' not in preview.content.decode()
    assert stored(workshop) == []


def test_signs_for_nothing_are_nothing(send):
    (person,) = send([["Nama", "Instansi", "No HP"], ["Ana", "-", "–"], ["", " ", ""]]).context["found"].people
    assert (person.name, person.organization_name, person.phone) == ("Ana", "", "")


def test_a_phone_number_that_excel_took_for_a_number(send):
    (person,) = send([["Nama", "HP"], ["Ana", 81200000001]]).context["found"].people
    assert person.phone == "81200000001"


def test_the_same_row_twice_is_kept_once_different_ones_are_shown(workshop, send, confirm):
    preview = send(
        [
            ["Nama", "Instansi", "Jabatan"],
            ["Ana", "DPUPR", ""],
            ["ANA", "dpupr", ""],
            ["Ana", "DPUPR", ""],
            ["Ana", "DPUPR", "Kasi"],
        ]
    )
    comparison = preview.context["comparison"]
    assert ([p.row for p in comparison.new], [p.row for p in comparison.repeated]) == ([2, 3, 5], [4])
    assert [p.row for p in comparison.unclear] == [3, 5]


def test_seats_of_one_organization_are_counted(workshop, send, confirm):
    confirm(send([["Instansi"], ["DPUPR"], ["DPUPR"]]))
    preview = send([["Instansi"], ["dpupr"], ["DPUPR"], ["DPUPR"]])
    assert [len(preview.context["comparison"].listed), len(preview.context["comparison"].new)] == [2, 1]


@pytest.mark.parametrize("kind", ["xlsx", "csv"])
def test_what_is_exported_comes_back_unchanged(as_role, agency, send, workshop, moment, kind):
    source = factories.WorkshopFactory()
    make = factories.ParticipantFactory
    make(workshop=source, name="=1+1", position="@Kasi", organization_name='-Dinas; "Uji"', sex="P", phone="+62 812")
    make(workshop=source, name="'Abang", note="\t=x", is_invited=False, arrived_at=moment(9), left_at=moment(12))
    make(
        workshop=source,
        name="<b>Budi</b> 🏘️",
        organization=agency,
        organization_name="Disperkimhub",
        email="b@contoh.test",
    )
    for _seat in range(2):
        make(workshop=source, name="", organization_name="DPUPR")
    before = [row.strip() if isinstance(row, str) else row for row in stored(source)]
    client = as_role("planner")
    content = client.get(address(source, f"participant_export_{kind}")).content
    again = client.post(address(source), {"file": SimpleUploadedFile(f"x.{kind}", content)})
    assert (again.context["found"].errors, again.context["comparison"].new) == ([], [])
    preview = send(content, f"x.{kind}")
    client.post(address(workshop), {"rows": preview.context["rows"]})
    clean = [tuple(" ".join(v.split()) if isinstance(v, str) else v for v in row) for row in before]
    assert stored(workshop) == clean
    assert workshop.participants.present().count() == 0
    assert workshop.participants.get(name="<b>Budi</b> 🏘️").organization == agency


def test_the_template_can_be_filled_in_and_read(as_role, workshop):
    content = as_role("planner").get(address(workshop, "participant_template")).content
    table, notes = read_tables(content, "templat.xlsx")
    assert len(table.rows[0].values) == 8
    assert len(notes.rows) == 4


@pytest.mark.parametrize(
    ("content", "name"),
    [
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "foto.xlsx"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 50, "foto.csv"),
        (b"", "daftar.xlsx"),
        (b"%PDF-1.7", "daftar.pdf"),
        (b"PK\x03\x04rusak", "daftar.xlsx"),
        (write_csv([["Tanggal", "Jumlah"], ["1", "2"]]), "lain.csv"),
    ],
)
def test_a_bad_file_gives_a_sentence_beside_it(workshop, send, content, name):
    answer = send(content, name)
    assert (answer.status_code, len(errors(answer))) == (200, 1)
    assert stored(workshop) == []


def test_a_file_of_50_mb_is_refused(send, settings):
    settings.UPLOAD_MAX_BYTES = 1000
    assert len(errors(send(b"x" * 1001, "daftar.csv"))) == 1


def test_too_many_rows_are_refused(workshop, send):
    assert errors(send(write_csv([["Nama"], *[[f"Orang {n}"] for n in range(2_100)]]), "x.csv"))


def test_two_thousand_rows_go_through(workshop, send, confirm):
    confirm(send(write_csv([["Nama", "Instansi"], *[[f"Orang {n}", "Dinas Uji"] for n in range(2_000)]]), "x.csv"))
    assert workshop.participants.count() == 2_000


def test_only_the_shown_sheet_is_read_and_hidden_ones_never(send):
    book = Workbook()
    book.active.append(["Nama"])
    book.active.append(["Ana"])
    for title, state in (("Lama", "hidden"), ("Lain", "visible")):
        sheet = book.create_sheet(title)
        sheet.sheet_state = state
        sheet.append(["Nama"])
        sheet.append(["Rahasia"])
    stream = io.BytesIO()
    book.save(stream)
    found = send(stream.getvalue()).context["found"]
    assert [person.name for person in found.people] == ["Ana"]
    assert "Lain" in found.remarks[0].sentence


def test_a_changed_or_foreign_preview_is_refused(workshop, client, people, send, confirm):
    preview = send([HEADINGS, *ROWS])
    rows = preview.context["rows"]
    other = factories.WorkshopFactory()
    answers = [
        confirm(preview, rows=rows[:-2] + "xx"),
        confirm(preview, rows=""),
        client.post(address(other), {"rows": rows}),
    ]
    client.force_login(people["admin"], backend="allauth.account.auth_backends.AuthenticationBackend")
    answers.append(confirm(preview))
    assert [bool(answer.context["sentence"]) for answer in answers] == [True] * 4
    assert Participant.objects.count() == 0


def test_a_workshop_closed_in_between_stores_nothing(workshop, send, confirm):
    preview = send([HEADINGS, *ROWS])
    Workshop.objects.filter(pk=workshop.pk).update(status="closed")
    assert confirm(preview).context["sentence"]
    assert errors(send([HEADINGS, *ROWS]))
    assert stored(workshop) == []


def test_without_the_right_to_contacts_they_are_left_out_and_that_is_said(people, send):
    group = people["planner"].groups.get()
    group.permissions.remove(*group.permissions.filter(codename="view_contact"))
    found = send([HEADINGS, *ROWS]).context["found"]
    assert {(person.phone, person.email) for person in found.people} == {("", "")}
    assert "No. HP, E-mail" in found.remarks[0].sentence


@pytest.mark.django_db(transaction=True)
def test_a_list_for_a_closed_workshop_is_refused_before_its_preview(as_role):
    workshop = factories.WorkshopFactory(status="closed")
    file = SimpleUploadedFile("peserta.csv", b"nama\nBudi Contoh\n")
    answer = as_role("planner").post(f"/workshops/{workshop.slug}/participants/import/", {"file": file})
    assert answer.status_code < 500
    assert "Notulen ini sudah ditutup" in answer.content.decode()
