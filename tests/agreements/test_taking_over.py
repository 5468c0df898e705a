"""The migration that took agreements and signatories over from the minutes, on records as they were before it."""

import datetime

import pytest
from django.db import connection
from django.db.migrations.executor import MigrationExecutor

BEFORE = [("agreements", "0001_records"), ("workshops", "0004_areas_name_their_slum_area")]
TAKEN = [("agreements", "0002_take_over_minutes_entries"), ("workshops", "0004_areas_name_their_slum_area")]
DAY = datetime.date(2019, 7, 16)
MOMENT = datetime.datetime(2019, 7, 16, 9, 0, tzinfo=datetime.UTC)

pytestmark = pytest.mark.django_db(transaction=True)


def migrate(targets):
    executor = MigrationExecutor(connection)
    executor.migrate(targets)
    return executor.loader.project_state(targets).apps


@pytest.fixture
def before():
    """The models as they were. Afterwards the schema is the present one again."""
    yield migrate(BEFORE)
    executor = MigrationExecutor(connection)
    executor.migrate(executor.loader.graph.leaf_nodes())


def old_workshop(apps, status="closed", **values):
    model = apps.get_model("workshops", "Workshop")
    number = model.objects.count()
    values = {
        "title": "Lokakarya Uji",
        "slug": f"uji-{number}",
        "held_on": DAY,
        "check_in_code": f"UJI{number}",
    } | values
    return model.objects.create(status=status, **values)


def entry(apps, workshop, kind, order, **values):
    model = apps.get_model("workshops", "MinutesEntry")
    return model.objects.create(workshop=workshop, kind=kind, order=order, **values)


def lived(apps, one, kind, **values):
    """A line of history of an entry, as saving it in the minutes wrote one."""
    fields = {
        field.attname: getattr(one, field.attname) for field in one._meta.concrete_fields if hasattr(one, field.attname)
    }
    return apps.get_model("workshops", "HistoricalMinutesEntry").objects.create(
        **fields | values, history_date=MOMENT, history_type=kind, history_change_reason="Uji"
    )


def test_numbers_signatures_frame_and_history_go_along_and_the_rest_of_the_minutes_stays(before):
    workshop = old_workshop(before, agreement_preamble="Dengan ini", agreement_place="Balai Uji", agreement_on=DAY)
    item = before.get_model("workshops", "AgendaItem").objects.create(workshop=workshop, title="Perumusan")
    second = entry(before, workshop, "agreement", 3, text="Kedua", agenda_item=item)
    first = entry(before, workshop, "agreement", 1, text="Pertama\nbaris dua", agenda_item=item)
    entry(before, workshop, "note", 2, text="Catatan")
    signed = entry(
        before, workshop, "signatory", 4, speaker="Budi Contoh", speaker_position="Kabid", speaker_organization="Dinas Uji",
        on_behalf_of="Kepala Dinas", signature="signed",
    )  # fmt: skip
    entry(before, workshop, "signatory", 5, speaker="Sari Contoh", signature="declined")
    lived(before, first, "+", text="Perta")
    lived(before, first, "~")

    apps = migrate(TAKEN)

    agreements = apps.get_model("agreements", "Agreement").objects.order_by("number")
    assert list(agreements.values_list("number", "key", "text", "uid", "agenda_item", "version", "note")) == [
        (1, "uji-0-1", "Pertama\nbaris dua", first.uid, item.pk, 1, ""),
        (2, "uji-0-2", "Kedua", second.uid, item.pk, 1, ""),
    ]
    record = apps.get_model("agreements", "AgreementRecord").objects.get()
    assert (record.status, record.preamble, record.place, record.agreed_on) == (
        "published",
        "Dengan ini",
        "Balai Uji",
        DAY,
    )
    people = record.signatories.order_by("order")
    assert list(
        people.values_list("name", "position", "organization_name", "represents", "state", "how", "signed_on")
    ) == [
        ("Budi Contoh", "Kabid", "Dinas Uji", "Kepala Dinas", "signed", "paper", DAY),
        ("Sari Contoh", "", "", "", "declined", "", None),
    ]
    assert people[0].uid == signed.uid
    assert people[1].reason
    lines = apps.get_model("agreements", "HistoricalAgreement").objects.order_by("history_id")
    assert list(lines.values_list("text", "history_type", "history_date", "history_change_reason", "id")) == [
        ("Perta", "+", MOMENT, "Uji", agreements[0].pk),
        ("Pertama\nbaris dua", "~", MOMENT, "Uji", agreements[0].pk),
    ]
    left = apps.get_model("workshops", "MinutesEntry").objects
    assert list(left.values_list("kind", "text")) == [("note", "Catatan")]
    assert not apps.get_model("workshops", "HistoricalMinutesEntry").objects.exists()


def test_nothing_written_is_lost_when_an_agreement_used_other_fields(before):
    workshop = old_workshop(before)
    entry(
        before, workshop, "agreement", 1, title="Judul uji", text="Isi uji", points="satu\ndua", speaker="Budi Contoh",
        location="Kampung Uji", amount="1500.50", verse="Pantun uji", has_slides=True,
    )  # fmt: skip
    entry(before, workshop, "agreement", 2, text="", points="")
    entry(before, workshop, "signatory", 3, speaker="", speaker_position="K" * 250, text="Catatan tangan")
    apps = migrate(TAKEN)
    first, empty = apps.get_model("agreements", "Agreement").objects.order_by("number")
    assert first.text == "Judul uji\nIsi uji\n1. satu\n2. dua"
    for said in ("Budi Contoh", "Kampung Uji", "1500.5", "Pantun uji", "Slide: ya"):
        assert said in first.note
    assert empty.text == "–"
    person = apps.get_model("agreements", "Signatory").objects.get()
    assert person.name == "K" * 200
    assert "K" * 250 in person.note
    assert "Catatan tangan" in person.note


AS_FAR = [
    ("closed", ["signed", "signed"], "published"),
    ("closed", ["signed", "declined"], "published"),
    ("closed", ["signed", ""], "signing"),
    ("closed", ["pending"], "signing"),
    ("closed", ["declined"], "signing"),
    ("closed", [], "draft"),
    ("correction", ["signed"], "signing"),
    ("in_progress", ["pending", ""], "draft"),
    ("in_progress", ["signed", "pending"], "signing"),
]


def test_a_record_is_as_far_as_its_signatures_say_and_a_workshop_without_any_of_it_gets_none(before):
    """All at once: going there and back takes ten seconds."""
    entry(before, old_workshop(before, title="Tanpa"), "note", 1, text="Catatan")
    wanted = {}
    for status, signatures, state in AS_FAR:
        workshop = old_workshop(before, status)
        entry(before, workshop, "agreement", 1, text="Sepakat")
        for order, signature in enumerate(signatures, start=2):
            entry(before, workshop, "signatory", order, speaker=f"Orang {order}", signature=signature)
        wanted[workshop.pk] = state
    found = migrate(TAKEN).get_model("agreements", "AgreementRecord").objects.values_list("workshop", "status")
    assert dict(found) == wanted


def test_what_hung_on_an_entry_stays_with_the_workshop(before):
    workshop = old_workshop(before)
    agreement = entry(before, workshop, "agreement", 1, text="Sepakat")
    reply = entry(before, workshop, "note", 2, text="Jawaban", parent=agreement)
    file = before.get_model("workshops", "Attachment").objects.create(
        workshop=workshop, entry=agreement, title="Berkas", file="berkas.pdf", sha256="0" * 64
    )
    apps = migrate(TAKEN)
    assert apps.get_model("workshops", "MinutesEntry").objects.get().pk == reply.pk
    assert apps.get_model("workshops", "Attachment").objects.get(pk=file.pk).entry_id is None


def test_a_checkpoint_keeps_its_rows_with_the_agreements_last(before):
    workshop = old_workshop(before)
    rows = [
        {"uid": "a", "kind": "agreement", "parent": None, "agenda_item": 7, "text": "Sepakat"},
        {"uid": "s", "kind": "signatory", "parent": None, "agenda_item": 7, "speaker": "Budi Contoh"},
        {"uid": "n", "kind": "closing", "parent": None, "agenda_item": 8, "text": "Penutup"},
    ]
    before.get_model("workshops", "Checkpoint").objects.create(workshop=workshop, name="Uji", at=MOMENT, entries=rows)
    kept = migrate(TAKEN).get_model("workshops", "Checkpoint").objects.get().entries
    assert kept == [rows[2], rows[0], {**rows[1], "agenda_item": None}]


def test_it_can_be_taken_back(before):
    workshop = old_workshop(before, agreement_preamble="Dengan ini")
    uid = entry(before, workshop, "agreement", 1, text="Sepakat").uid
    entry(before, workshop, "signatory", 2, speaker="Budi Contoh", signature="signed")
    migrate(TAKEN)
    apps = migrate(BEFORE)
    found = apps.get_model("workshops", "MinutesEntry").objects.order_by("order")
    assert list(found.values_list("kind", "text", "speaker", "signature")) == [
        ("agreement", "Sepakat", "", ""),
        ("signatory", "", "Budi Contoh", "signed"),
    ]
    assert found[0].uid == uid
    assert apps.get_model("workshops", "Workshop").objects.get().agreement_preamble == "Dengan ini"
    assert not apps.get_model("agreements", "Agreement").objects.exists()
