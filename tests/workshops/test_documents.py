"""The papers of a workshop hold everything that its record holds, and nothing that they may not."""

import datetime
import re
from functools import cache
from io import BytesIO

import pytest
from django.core.files.base import ContentFile
from django.db import connection, models
from django.test.utils import CaptureQueriesContext
from django.utils import timezone
from pypdf import PdfReader

from agreements.models import Agreement, AgreementRecord, FollowUp
from core import formats
from tests import factories
from workshops import documents
from workshops.entry_kinds import ENTRY_KINDS
from workshops.models import (
    AgendaItem,
    Attachment,
    Checkpoint,
    Leader,
    MinutesEntry,
    Participant,
    ReportSection,
    StatusChange,
    TextualNote,
    Workshop,
    WorkshopArea,
)

pytestmark = pytest.mark.django_db

NOT_IN_MINUTES = {
    "Workshop.slug": "the address of a page",
    "Workshop.status": "said in the margin while it is not closed",
    "Workshop.level": "a choice, printed as its label",
    "Workshop.check_in_code": "a secret of the day",
    "Workshop.reported_on": "about the record, not in it: noted after closing, and the paper must not change then",
    "Leader.role": "a choice, printed as its label",
    "Leader.signs_for": "a choice, printed in the sign-off",
    "ReportSection.kind": "sorts; the heading says it in the committee's own words",
    "StatusChange.from_status": "a choice, printed as its label",
    "StatusChange.to_status": "a choice, printed as its label",
    "AgendaItem.kind": "a choice, decides where an entry stands",
    "MinutesEntry.kind": "a choice, printed as its label",
    "MinutesEntry.updated_at": "when it was typed, not when it was said",
    "Participant.phone": "personal, for those who organize",
    "Participant.email": "personal, for those who organize",
    "Participant.sex": "a choice, printed as L or P",
    "Attachment.kind": "a choice, printed as its label",
    "Attachment.file": "where the file lies, not what it is",
    "Attachment.sha256": "a technical seal",
    "Attachment.uploaded_at": "when it was uploaded, not when it was made",
}
RECORDS = (
    WorkshopArea,
    Leader,
    ReportSection,
    TextualNote,
    AgendaItem,
    MinutesEntry,
    Participant,
    Attachment,
    StatusChange,
)
OUTSIDE = {
    Checkpoint: "earlier versions of the same entries",
    AgreementRecord: "tests/agreements/test_minutes_paper.py",
    Agreement: "tests/agreements/test_minutes_paper.py",
    FollowUp: "what happened afterwards",
}


def squeezed(text: str) -> str:
    """Without spaces and case: where a line breaks, and what is set in capitals, is a matter of looks."""
    return re.sub(r"\s+", "", text).lower()


@cache
def text_of(content: bytes) -> str:
    # Where no font has an emoji, this reader (not poppler) puts a NUL before every other letter of the page.
    return "\n".join(page.extract_text() for page in PdfReader(BytesIO(content)).pages).replace("\0", "")


class Filler:
    """Gives every field of a model a value of its own and remembers how a paper must write it."""

    def __init__(self):
        self.count = 0
        self.expected: dict[str, str] = {}

    def values(self, model, name="", **fixed) -> dict:
        values = dict(fixed)
        for field in model._meta.get_fields():
            label = f"{model.__name__}.{field.name}"
            if field.name in fixed or field.auto_created or field.is_relation or label in NOT_IN_MINUTES:
                continue
            made = self.value(field)
            if made:
                values[field.name], self.expected[f"{label} {name}"] = made
        return values

    def value(self, field):
        self.count += 1
        number = self.count
        if isinstance(field, models.CharField | models.TextField):
            marker = f"z{number:04d}{field.name}"[: field.max_length]
            return marker, marker
        if isinstance(field, models.DateTimeField):
            moment = timezone.make_aware(datetime.datetime(2019, 7, 16, 8 + number % 2, number % 60))
            return moment, formats.official_time(timezone.localtime(moment).time(), "")
        if isinstance(field, models.DateField):
            on = datetime.date(2019, 1, 1) + datetime.timedelta(days=number)
            return on, formats.official_date(on)
        if isinstance(field, models.DecimalField):
            return 1000 + number, formats.money(1000 + number)
        if isinstance(field, models.TimeField | models.BooleanField | models.UUIDField) or field.name in UNSEEN_NUMBERS:
            return None
        if field.name == "copies":
            return number, f"{number} ({formats.number_in_words(number)}) rangkap"
        raise AssertionError(f"{field} is new: print it in the minutes, or say in NOT_IN_MINUTES why not")


# Times have tests of their own; the order is the order on the paper; a size is rounded.
UNSEEN_NUMBERS = {"order", "version", "size"}


@pytest.fixture
def filled(people):
    """A workshop in which every field of every record holds something that occurs nowhere else."""
    filler = Filler()
    held = {"held_on": datetime.date(2019, 7, 16), "status": "draft"}
    workshop = Workshop.objects.create(**filler.values(Workshop, **held), organizer=people["planner"].organization)
    for model in (WorkshopArea, ReportSection, TextualNote):
        model.objects.create(**filler.values(model, workshop=workshop))
    for role in ("chair", "minute_taker"):
        nip = "198001012005011001"
        Leader.objects.create(**filler.values(Leader, role, workshop=workshop, role=role, signs_for="u.b.", nip=nip))
    top = AgendaItem.objects.create(**filler.values(AgendaItem, "top", workshop=workshop))
    sub = AgendaItem.objects.create(**filler.values(AgendaItem, "sub", workshop=workshop, parent=top))
    for kind in ENTRY_KINDS:
        entry = MinutesEntry.objects.create(
            **filler.values(MinutesEntry, kind, workshop=workshop, kind=kind, agenda_item=sub)
        )
        MinutesEntry.objects.create(
            **filler.values(MinutesEntry, f"under {kind}", workshop=workshop, kind=kind, parent=entry)
        )
    arrived = timezone.make_aware(datetime.datetime(2019, 7, 16, 8, 1))
    Participant.objects.create(
        **filler.values(
            Participant, "present", workshop=workshop, arrived_at=arrived, left_at=arrived.replace(hour=9), sex="P",
            phone="0812-RAHASIA", email="rahasia@contoh.test",
        )
    )  # fmt: skip
    Participant.objects.create(
        **filler.values(Participant, "absent", workshop=workshop, arrived_at=None, left_at=None, phone="0813-RAHASIA")
    )
    Attachment.objects.create(
        **filler.values(Attachment, workshop=workshop, entry=entry), file=ContentFile(b"isi", "berkas.pdf")
    )
    StatusChange.objects.create(
        **filler.values(StatusChange, workshop=workshop, from_status="closed", to_status="correction"),
        by=people["verifier"],
    )
    filler.expected |= {"nip": "19800101 200501 1 001", "by": str(people["verifier"])}
    return workshop, filler.expected


def test_the_minutes_print_every_field_of_the_record(filled):
    workshop, expected = filled
    text = squeezed(text_of(documents.minutes(workshop)))
    assert [label for label, value in expected.items() if squeezed(value) not in text] == []
    assert len(expected) > 300


def test_every_record_of_a_workshop_is_known_to_the_test_above():
    related = {
        relation.related_model
        for relation in Workshop._meta.related_objects
        if not relation.related_model.__name__.startswith("Historical")
    }
    assert related == {*RECORDS, *OUTSIDE}
    fields = {f"{model.__name__}.{field.name}" for model in (Workshop, *RECORDS) for field in model._meta.get_fields()}
    assert set(NOT_IN_MINUTES) <= fields


def test_phone_and_mail_stand_in_no_paper_unless_asked_for(filled):
    workshop, _expected = filled
    papers = [
        documents.minutes(workshop),
        documents.invitation(workshop),
        documents.attendance(workshop),
        documents.extract(workshop.agenda_items.first()),
    ]
    assert [paper for paper in papers if "rahasia" in squeezed(text_of(paper))] == []
    with_phones = squeezed(text_of(documents.attendance(workshop, phones=True)))
    assert "0812-rahasia" in with_phones
    assert "rahasia@contoh.test" not in with_phones


def test_without_participants_the_minutes_name_nobody_of_the_list_but_count_them(filled):
    workshop, expected = filled
    text = squeezed(text_of(documents.minutes(workshop, participants=False)))
    assert squeezed(expected["Participant.name present"]) not in text
    assert "1oranghadir" in text


def test_times_are_written_as_planned_and_as_they_were():
    workshop = factories.WorkshopFactory(
        call_time=datetime.time(8, 1), start_time=datetime.time(9, 2), end_time=datetime.time(15, 3)
    )
    times = [datetime.time(10, minute) for minute in (11, 12, 13, 14)]
    fields = ("planned_start", "planned_end", "actual_start", "actual_end")
    factories.AgendaItemFactory(workshop=workshop, **dict(zip(fields, times, strict=True)))
    text = squeezed(text_of(documents.minutes(workshop)))
    for written in ("08.01wib", "09.02s.d.15.03wib", "10.11s.d.10.12", "10.13s.d.10.14"):
        assert written in text


def test_a_nip_is_whole_under_a_signature_and_masked_elsewhere():
    workshop = factories.WorkshopFactory()
    factories.LeaderFactory(workshop=workshop, role="chair", nip="198001012005011001")
    factories.LeaderFactory(workshop=workshop, role="moderator", nip="198502022010022002", name="Sri Contoh")
    text = text_of(documents.minutes(workshop))
    assert "19800101 200501 1 001" in text
    assert "19850202" not in text
    assert "2002" in text


def test_the_date_of_the_agreements_is_written_in_words_and_they_are_numbered():
    workshop = factories.WorkshopFactory(copies=2)
    factories.AgreementRecordFactory(
        workshop=workshop, agreed_on=datetime.date(2019, 7, 16), place="Balai Uji", preamble="Dengan memperhatikan uji"
    )
    for word in ("pertama", "kedua"):
        factories.AgreementFactory(workshop=workshop, text=f"Sepakat {word}")
    read = text_of(documents.minutes(workshop))
    text = squeezed(read)
    assert "selasa,tanggalenambelasbulanjulitahunduaribusembilanbelas" in text
    assert "2(dua)rangkap" in text
    assert "denganmemperhatikanuji" in text
    assert "balaiuji" in text
    assert text.index("sepakatpertama") < text.index("sepakatkedua")
    assert [line.strip() for line in read.splitlines() if line.strip() in ("1.", "2.", "3.")] == ["1.", "2."]


def test_the_official_form_has_its_four_parts_in_order_and_entries_stand_in_theirs():
    workshop = factories.WorkshopFactory()
    item = factories.AgendaItemFactory(workshop=workshop, kind="closing")
    for kind in ("closing", "decision", "question", "speech", "opening"):
        factories.MinutesEntryFactory(workshop=workshop, kind=kind, text=f"penanda-{kind}")
    factories.MinutesEntryFactory(workshop=workshop, kind="note", text="penanda-note", agenda_item=item)
    text = squeezed(text_of(documents.minutes(workshop)))
    order = (
        "1.pembukaan", "penanda-speech", "2.paparandanpembahasan", "penanda-question",
        "3.kesimpulandankesepakatan", "penanda-decision", "4.penutup", "penanda-closing",
    )  # fmt: skip
    places = [text.index(mark) for mark in order]
    assert places == sorted(places)
    assert text.index("penanda-note") > text.index("4.penutup")


def test_a_circle_of_replies_loses_no_entry():
    workshop = factories.WorkshopFactory()
    entries = [factories.MinutesEntryFactory(workshop=workshop, kind="question", text=f"putar-{n}") for n in range(4)]
    for entry, parent in zip(entries[:3], [entries[1], entries[2], entries[0]], strict=True):
        MinutesEntry.objects.filter(pk=entry.pk).update(parent=parent)
    MinutesEntry.objects.filter(pk=entries[3].pk).update(parent=entries[1])
    text = text_of(documents.minutes(workshop))
    assert [text.count(f"putar-{number}") for number in range(4)] == [1, 1, 1, 1]


def test_an_unclosed_record_says_so_in_the_margin_and_a_closed_one_does_not(people, now):
    workshop = factories.WorkshopFactory()
    workshop.start(by=people["planner"], at=now)
    assert "Notula belum ditutup" in text_of(documents.minutes(workshop))
    workshop.finish(by=people["planner"], at=now)
    workshop.close(by=people["verifier"], at=now)
    assert "belum ditutup" not in text_of(documents.minutes(workshop))


def test_an_empty_workshop_gives_papers_that_can_be_signed_by_hand():
    workshop = factories.WorkshopFactory(place="", start_time=None, end_time=None, call_time=None)
    for content in (documents.minutes(workshop), documents.invitation(workshop), documents.attendance(workshop)):
        assert "(......" in text_of(content)


@pytest.mark.parametrize(
    ("roles", "missing"),
    [
        ([], {"invitation": ["inviter"], "attendance": ["committee_head"], "minutes": ["chair", "minute_taker"]}),
        (
            ["moderator", "secretary"],
            {"invitation": ["inviter"], "attendance": ["committee_head"], "minutes": ["chair", "minute_taker"]},
        ),
        (["chair"], {"invitation": ["inviter"], "minutes": ["minute_taker"]}),
        (["committee_head", "chair", "minute_taker"], {}),
    ],
)
def test_a_dotted_line_is_foretold_exactly_where_the_paper_has_one(workshop, roles, missing):
    for role in roles:
        factories.LeaderFactory(workshop=workshop, role=role)
    assert documents.without_signer(workshop, *documents.SIGNERS) == missing
    for paper in documents.SIGNERS:
        text = text_of(getattr(documents, paper)(workshop))
        assert ("(......" in text) == (paper in missing), paper


@pytest.mark.sets_papers
def test_the_same_record_gives_the_same_bytes(filled):
    workshop, _expected = filled
    assert documents.minutes(workshop) == documents.minutes(Workshop.objects.get(pk=workshop.pk))


def test_html_in_a_name_stays_text_and_a_long_one_is_broken():
    workshop = factories.WorkshopFactory(title="<b>Judul</b> & co")
    factories.ParticipantFactory(workshop=workshop, name="N" * 80)
    factories.MinutesEntryFactory(workshop=workshop, speaker="<script>alert(1)</script>", text="👷 " + "M" * 80)
    text = squeezed(text_of(documents.minutes(workshop)))
    assert "<script>alert(1)</script>" in text
    assert "<b>judul</b>&co" in text
    assert "m" * 80 in text
    assert documents.attendance(workshop).startswith(b"%PDF")


def _rows(content: bytes) -> list[int]:
    return [int(number) for number in re.findall(r"^(\d+)\.", text_of(content), flags=re.MULTILINE)]


def test_the_attendance_list_has_thirty_blank_rows_where_nobody_is_listed_or_on_request():
    workshop = factories.WorkshopFactory()
    assert max(_rows(documents.attendance(workshop))) == 30
    factories.ParticipantFactory(workshop=workshop, name="Ani Penanda")
    filled = documents.attendance(workshop)
    assert "Ani Penanda" in text_of(filled)
    assert max(_rows(filled)) == 6
    blank = documents.attendance(workshop, blank=True)
    assert "Ani Penanda" not in text_of(blank)
    assert max(_rows(blank)) == 30


def test_a_long_attendance_list_repeats_its_head_on_every_page():
    workshop = factories.WorkshopFactory()
    factories.ParticipantFactory.create_batch(60, workshop=workshop)
    pages = PdfReader(BytesIO(documents.attendance(workshop))).pages
    assert len(pages) > 2
    assert all("Jabatan/Instansi" in page.extract_text() for page in pages)


def test_seats_of_one_organization_are_one_line_of_the_list_and_people_are_their_own():
    workshop = factories.WorkshopFactory()
    for name, organization in [("", "Dinkes"), ("", "Dinkes"), ("", "DPUPR"), ("Ana", "Dinkes"), ("Ana", "Dinkes")]:
        factories.ParticipantFactory(workshop=workshop, name=name, organization_name=organization, is_invited=True)
    lines = " ".join(text_of(documents.invitation(workshop)).split())
    assert "Dinkes (2 orang)" in lines
    assert (lines.count("Dinkes"), lines.count("DPUPR"), lines.count("orang)")) == (3, 1, 1)


def test_the_invitation_names_those_invited_or_the_list_of_them():
    workshop = factories.WorkshopFactory(carbon_copies="Tembusan Penanda")
    factories.ParticipantFactory(workshop=workshop, name="Ani Penanda")
    factories.ParticipantFactory(workshop=workshop, name="Tamu Penanda", is_invited=False)
    text = text_of(documents.invitation(workshop))
    assert "(daftar terlampir)" in text
    assert "Ani Penanda" in text
    assert "Tamu Penanda" not in text
    assert "Tembusan Penanda" in text
    workshop.invitation_to = "Camat Penanda"
    text = text_of(documents.invitation(workshop))
    assert "Camat Penanda" in text
    assert "Ani Penanda" not in text


def test_who_signs_for_someone_says_so():
    workshop = factories.WorkshopFactory()
    factories.LeaderFactory(
        workshop=workshop, role="inviter", position="Sekretaris", signs_for="a.n.", signs_for_office="Kepala Badan Uji"
    )
    text = text_of(documents.invitation(workshop))
    assert text.index("a.n. Kepala Badan Uji") < text.index("Sekretaris") < text.index("Budi Contoh")


@pytest.mark.parametrize(
    ("signs_for", "office", "lines"),
    [
        ("", "", ["Sekretaris"]),
        ("Plt.", "", ["Plt. Sekretaris"]),
        ("Plh.", "Kepala", ["Plh. Kepala", "Sekretaris"]),
        ("a.n.", "Kepala", ["a.n. Kepala", "Sekretaris"]),
        ("u.b.", "a.n. Bupati", ["a.n. Bupati", "u.b.", "Sekretaris"]),
    ],
)
def test_the_office_above_a_signature(signs_for, office, lines):
    leader = Leader(position="Sekretaris", signs_for=signs_for, signs_for_office=office)
    assert documents._office_lines(leader) == lines


def test_an_extract_holds_its_item_and_nothing_of_the_others():
    workshop = factories.WorkshopFactory()
    first, second = factories.AgendaItemFactory.create_batch(2, workshop=workshop)
    sub = factories.AgendaItemFactory(workshop=workshop, parent=first, title="Subacara Penanda")
    question = factories.MinutesEntryFactory(workshop=workshop, agenda_item=sub, kind="question", text="dalam-item")
    factories.MinutesEntryFactory(workshop=workshop, parent=question, kind="response", text="jawaban-nya")
    factories.MinutesEntryFactory(workshop=workshop, agenda_item=second, text="item-lain")
    text = text_of(documents.extract(first))
    assert "dalam-item" in text
    assert "jawaban-nya" in text
    assert "Subacara Penanda" in text
    assert "item-lain" not in text


@pytest.mark.parametrize("paper", ["minutes", "invitation", "attendance"])
def test_the_queries_do_not_grow_with_the_record(paper, unset_papers):
    counts = []
    for entries in (3, 60):
        workshop = factories.WorkshopFactory()
        organization = factories.OrganizationFactory()
        item = factories.AgendaItemFactory(workshop=workshop)
        for _number in range(entries):
            entry = factories.MinutesEntryFactory(workshop=workshop, kind="question", agenda_item=item)
            factories.MinutesEntryFactory(workshop=workshop, kind="response", parent=entry)
            factories.ParticipantFactory(workshop=workshop, organization_name="", organization=organization)
            factories.WorkshopAreaFactory(workshop=workshop)
            Attachment.objects.create(workshop=workshop, entry=entry, title="x", file=ContentFile(b"x", "x.pdf"))
        workshop = Workshop.objects.get(pk=workshop.pk)
        with CaptureQueriesContext(
            connection,
        ) as queries:
            getattr(documents, paper)(workshop)
        counts.append(len(queries))
    assert counts[0] == counts[1]
    assert counts[0] <= 12
