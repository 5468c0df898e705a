"""Writing the minutes: who may, what is refused, and that no text is ever lost."""

import datetime
import uuid

import pytest
from django.urls import reverse
from django.utils.html import escape

from tests import factories
from workshops.entry_kinds import CONTENT_FIELDS, ENTRY_KINDS
from workshops.models import MinutesEntry, Participant, Workshop
from workshops.models.minutes import EntryConflict

JSON = {"HTTP_ACCEPT": "application/json"}
SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def open_workshop(workshop):
    Workshop.objects.filter(pk=workshop.pk).update(status="in_progress")
    workshop.refresh_from_db()
    return workshop


@pytest.fixture
def item(open_workshop):
    return factories.AgendaItemFactory(workshop=open_workshop, title="Panel Uji")


def address(workshop, name="minutes", *args):
    return reverse(f"workshops:{name}", args=[workshop.slug, *args])


def values(**changed):
    return {"kind": "note", "based_on": 0, "text": "Catatan.", **changed}


def write(client, workshop, uid, *, json=True, **changed):
    return client.post(address(workshop, "minutes_entry", uid), values(**changed), **(JSON if json else {}))


def stored(workshop):
    return list(workshop.minutes_entries.values_list("kind", "text", "version"))


# --- reading ------------------------------------------------------------------------------------------


def test_every_field_of_every_kind_can_be_read(open_workshop, item, as_role):
    filled = {
        name: f"Isi {name} uji" for name in CONTENT_FIELDS if name not in ("amount", "has_slides", "has_hardcopy")
    }
    for kind in ENTRY_KINDS:
        factories.MinutesEntryFactory(
            workshop=open_workshop,
            agenda_item=item,
            kind=kind,
            **{name: f"{text} {kind}" for name, text in filled.items()},
            amount="50000000",
        )
    page = as_role("opd_user").get(address(open_workshop)).content.decode()
    missing = [f"{text} {kind}" for kind in ENTRY_KINDS for text in filled.values() if f"{text} {kind}" not in page]
    assert missing == []
    assert page.count("50.000.000") == len(ENTRY_KINDS)


def test_answers_stand_under_what_they_answer_and_problems_are_numbered(open_workshop, item, as_role):
    question = factories.MinutesEntryFactory(workshop=open_workshop, agenda_item=item, kind="question")
    first = factories.MinutesEntryFactory(workshop=open_workshop, agenda_item=item, kind="problem")
    answer = factories.MinutesEntryFactory(workshop=open_workshop, agenda_item=item, kind="response", parent=question)
    second = factories.MinutesEntryFactory(workshop=open_workshop, kind="problem")
    state = as_role("opd_user").get(address(open_workshop, "minutes_state")).json()
    assert state == {
        "may_write": False,
        "entries": [
            [str(question.uid), 1, None, item.pk, None],
            [str(answer.uid), 1, str(question.uid), item.pk, None],
            [str(first.uid), 1, None, item.pk, 1],
            [str(second.uid), 1, None, None, 2],
        ],
    }


def test_a_circle_of_parents_is_shown_all_the_same(open_workshop, as_role):
    one = factories.MinutesEntryFactory(workshop=open_workshop, kind="response")
    other = factories.MinutesEntryFactory(workshop=open_workshop, kind="response", parent=one)
    MinutesEntry.objects.filter(pk=one.pk).update(parent=other)
    state = as_role("planner").get(address(open_workshop, "minutes_state")).json()
    assert sorted(row[0] for row in state["entries"]) == sorted([str(one.uid), str(other.uid)])


@pytest.mark.parametrize("role", ["opd_user", "verifier", "pokja_member"])
def test_readers_get_no_means_to_write(open_workshop, item, as_role, role):
    factories.MinutesEntryFactory(workshop=open_workshop, agenda_item=item)
    page = as_role(role).get(address(open_workshop)).content.decode()
    assert "entry-form" not in page
    assert "data-add" not in page
    assert "formaction" not in page


def test_closed_minutes_are_only_read(open_workshop, item, as_role):
    Workshop.objects.filter(pk=open_workshop.pk).update(status="closed")
    page = as_role("planner").get(address(open_workshop)).content.decode()
    assert "data-add" not in page
    assert "formaction" not in page


def test_what_people_write_is_never_markup(open_workshop, item, as_role):
    factories.MinutesEntryFactory(
        workshop=open_workshop,
        agenda_item=item,
        kind="presentation",
        text=SCRIPT,
        speaker=SCRIPT,
        title=SCRIPT,
        points=SCRIPT,
    )
    factories.ParticipantFactory(workshop=open_workshop, name=SCRIPT, position=SCRIPT)
    page = as_role("planner").get(address(open_workshop)).content.decode()
    assert SCRIPT not in page
    assert page.count(escape(SCRIPT)) >= 5


@pytest.mark.parametrize("number", [1, 200])
@pytest.mark.parametrize(
    ("name", "role", "queries"),
    [("minutes", "planner", 13), ("minutes", "opd_user", 10), ("minutes_state", "planner", 7)],
)
def test_queries_do_not_grow_with_entries(
    open_workshop, item, as_role, django_assert_num_queries, number, name, role, queries
):
    question = factories.MinutesEntryFactory(workshop=open_workshop, agenda_item=item, kind="question")
    MinutesEntry.objects.bulk_create(
        MinutesEntry(workshop=open_workshop, agenda_item=item, kind="response", parent=question, text="x", order=n)
        for n in range(number - 1)
    )
    client = as_role(role)
    with django_assert_num_queries(queries):
        assert client.get(address(open_workshop, name)).status_code == 200


def test_pieces_of_the_page_are_given_for_the_entries_asked_for(open_workshop, as_role):
    wanted, other = factories.MinutesEntryFactory.create_batch(2, workshop=open_workshop)
    answer = as_role("opd_user").get(
        address(open_workshop, "minutes_cards"), {"uid": [wanted.uid, "no-uid", uuid.uuid4()]}
    )
    assert list(answer.json()) == [str(wanted.uid)]
    assert wanted.text in answer.json()[str(wanted.uid)]
    assert other.text not in answer.content.decode()


# --- who may write --------------------------------------------------------------------------------------


POSTS = [
    ("minutes_entry", True),
    ("minutes_entry_move", True),
    ("minutes_entry_delete", True),
    ("minutes_stamp", False),
    ("checkpoints", None),
]


def post_everything(client, workshop, item, entry):
    keys = {True: [entry.uid], False: [item.pk], None: []}
    return {
        name: client.post(address(workshop, name, *keys[key]), values(based_on=1, name="Titik")).status_code
        for name, key in POSTS
    }


@pytest.mark.parametrize(("role", "status"), [("opd_user", 403), ("viewer", 404), ("village_user", 404), (None, 302)])
def test_who_only_reads_or_may_not_know_changes_nothing(open_workshop, item, as_role, role, status):
    entry = factories.MinutesEntryFactory(workshop=open_workshop, agenda_item=item)
    assert post_everything(as_role(role), open_workshop, item, entry) == {name: status for name, _key in POSTS}
    assert stored(open_workshop) == [("note", entry.text, 1)]
    assert open_workshop.checkpoints.count() == 0


def test_a_viewer_may_not_write_in_what_is_closed_and_known(open_workshop, item, as_role):
    entry = factories.MinutesEntryFactory(workshop=open_workshop, agenda_item=item)
    Workshop.objects.filter(pk=open_workshop.pk).update(status="closed")
    assert set(post_everything(as_role("viewer"), open_workshop, item, entry).values()) == {403}


def test_the_script_is_told_in_a_sentence_that_one_may_not_write(open_workshop, as_role):
    answer = write(as_role("opd_user"), open_workshop, uuid.uuid4())
    assert answer.status_code == 403
    assert list(answer.json()) == ["detail"]


@pytest.mark.parametrize("status", ["closed", "cancelled"])
@pytest.mark.parametrize("json", [True, False])
def test_what_is_final_stays_and_the_typed_text_too(open_workshop, as_role, status, json):
    entry = factories.MinutesEntryFactory(workshop=open_workshop)
    Workshop.objects.filter(pk=open_workshop.pk).update(status=status)
    client = as_role("planner")
    for uid, based_on in ((entry.uid, 1), (uuid.uuid4(), 0)):
        answer = write(client, open_workshop, uid, text="Tulisan yang terlambat.", based_on=based_on, json=json)
        assert answer.status_code == 409
        assert "Tulisan yang terlambat." in answer.content.decode() or set(answer.json()) == {"detail", "deleted"}
    assert stored(open_workshop) == [("note", entry.text, 1)]


def test_entries_of_another_workshop_are_unknown_here(open_workshop, as_role):
    foreign = factories.MinutesEntryFactory()
    client = as_role("planner")
    assert write(client, open_workshop, foreign.uid).status_code == 404
    assert write(client, open_workshop, foreign.uid, based_on=1).status_code == 404
    assert client.get(address(open_workshop, "minutes_entry", foreign.uid)).status_code == 404
    assert stored(foreign.workshop) == [("note", foreign.text, 1)]


# --- writing ------------------------------------------------------------------------------------------


def test_a_new_entry_is_stored_under_its_item_with_who_and_version(open_workshop, item, as_role, people):
    uid = uuid.uuid4()
    answer = write(
        as_role("planner"),
        open_workshop,
        uid,
        kind="promise",
        agenda_item=item.pk,
        text="Baris 1\r\nBaris 2",
        amount="50.000.000",
    )
    entry = open_workshop.minutes_entries.get()
    assert (entry.uid, entry.agenda_item, entry.updated_by, entry.version) == (uid, item, people["planner"], 1)
    assert (entry.text, entry.amount) == ("Baris 1\nBaris 2", 50000000)
    assert answer.json()["version"] == 1
    assert answer.json()["fields"]["amount"] == "50.000.000"


def test_the_same_request_twice_makes_one_entry(open_workshop, as_role):
    client, uid = as_role("planner"), uuid.uuid4()
    answers = [write(client, open_workshop, uid) for _time in range(2)]
    assert [(answer.status_code, answer.json()["version"]) for answer in answers] == [(200, 1), (200, 1)]
    answers = [write(client, open_workshop, uid, text="Lanjutan.", based_on=1) for _time in range(2)]
    assert [(answer.status_code, answer.json()["version"]) for answer in answers] == [(200, 2), (200, 2)]
    assert stored(open_workshop) == [("note", "Lanjutan.", 2)]


@pytest.mark.parametrize("first", ["Paragraf satu.", "Paragraf dua."])
def test_two_writers_never_lose_a_paragraph(open_workshop, as_role, first):
    """Whoever is second is shown both texts, and keeps both."""
    second = ({"Paragraf satu.", "Paragraf dua."} - {first}).pop()
    entry = factories.MinutesEntryFactory(workshop=open_workshop)
    client = as_role("planner")
    assert write(client, open_workshop, entry.uid, text=first, based_on=1).status_code == 200
    conflict = write(client, open_workshop, entry.uid, text=second, based_on=1)
    assert conflict.status_code == 409
    assert conflict.json()["fields"]["text"] == first
    assert conflict.json()["version"] == 2
    assert stored(open_workshop) == [("note", first, 2)]
    both = write(client, open_workshop, uuid.uuid4(), text=second, based_on=0, after=entry.uid)
    assert both.status_code == 200
    assert stored(open_workshop) == [("note", first, 2), ("note", second, 1)]


def test_keeping_mine_is_a_decision_on_the_version_that_was_shown(open_workshop, as_role):
    entry = factories.MinutesEntryFactory(workshop=open_workshop)
    client = as_role("planner")
    write(client, open_workshop, entry.uid, text="Lama.", based_on=1)
    write(client, open_workshop, entry.uid, text="Lebih baru.", based_on=2)
    assert write(client, open_workshop, entry.uid, text="Punya saya.", based_on=2).status_code == 409
    assert write(client, open_workshop, entry.uid, text="Punya saya.", based_on=3).status_code == 200
    assert stored(open_workshop) == [("note", "Punya saya.", 4)]


def test_a_stale_object_in_memory_overwrites_nothing_either(open_workshop, planner):
    entry = factories.MinutesEntryFactory(workshop=open_workshop)
    mine, theirs = MinutesEntry.objects.get(pk=entry.pk), MinutesEntry.objects.get(pk=entry.pk)
    theirs.text = "Mereka."
    theirs.write(by=planner, based_on=1)
    mine.text = "Saya."
    with pytest.raises(EntryConflict) as conflict:
        mine.write(by=planner, based_on=1)
    assert conflict.value.stored.text == "Mereka."
    assert stored(open_workshop) == [("note", "Mereka.", 2)]


def test_without_javascript_the_conflict_is_a_page_with_three_ways_on(open_workshop, as_role):
    entry = factories.MinutesEntryFactory(workshop=open_workshop, text="Semula.")
    client = as_role("planner")
    write(client, open_workshop, entry.uid, text="Mereka & co.", speaker=SCRIPT, based_on=1)
    answer = write(client, open_workshop, entry.uid, text=f"Saya {SCRIPT}", based_on=1, json=False)
    page = answer.content.decode()
    assert answer.status_code == 409
    assert SCRIPT not in page
    assert escape(SCRIPT) in page
    mine, both = answer.context["mine"], answer.context["copy_uid"]
    assert ("text", f"Saya {SCRIPT}") in mine
    assert page.count(f'action="{address(open_workshop, "minutes_entry", entry.uid)}"') == 1
    assert page.count(f'action="{address(open_workshop, "minutes_entry", both)}"') == 1
    client.post(address(open_workshop, "minutes_entry", both), {**dict(mine), "based_on": 0, "after": entry.uid})
    assert [text for _kind, text, _version in stored(open_workshop)] == ["Mereka & co.", f"Saya {SCRIPT}"]


def test_the_dialog_of_the_script_is_escaped(open_workshop, as_role):
    entry = factories.MinutesEntryFactory(workshop=open_workshop)
    client = as_role("planner")
    write(client, open_workshop, entry.uid, text=SCRIPT, speaker=SCRIPT, based_on=1)
    answer = write(client, open_workshop, entry.uid, text="Saya.", based_on=1)
    assert "<script" not in answer.json()["html"]
    assert "&lt;" in answer.json()["html"]


@pytest.mark.parametrize("json", [True, False])
def test_what_someone_deleted_meanwhile_is_offered_as_a_new_entry(open_workshop, as_role, json):
    entry = factories.MinutesEntryFactory(workshop=open_workshop)
    entry.delete()
    client = as_role("planner")
    answer = write(client, open_workshop, entry.uid, text="Masih ada.", based_on=1, json=json)
    assert answer.status_code == 409
    assert stored(open_workshop) == []
    if json:
        assert answer.json()["deleted"] is True
    else:
        assert "Masih ada." in answer.content.decode()
        assert answer.context["form"]["based_on"].value() == 0
        assert answer.context["uid"] != entry.uid


def test_an_answer_keeps_its_text_when_what_it_answers_is_gone(open_workshop, item, as_role):
    answer = write(
        as_role("planner"), open_workshop, uuid.uuid4(), kind="response", parent=uuid.uuid4(), agenda_item=item.pk
    )
    assert answer.status_code == 200
    assert open_workshop.minutes_entries.get().agenda_item == item


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"text": "  "}, "text"),
        ({"kind": "discussion_group", "title": ""}, "title"),
        ({"kind": "agreement"}, "kind"),
        ({"speaker": "x" * 201}, "speaker"),
        ({"kind": "gossip"}, "kind"),
        ({"amount": "banyak"}, "amount"),
        ({"amount": "-5"}, "amount"),
        ({"based_on": ""}, "based_on"),
    ],
)
def test_bad_input_is_named_at_its_field_and_nothing_is_stored(open_workshop, as_role, changed, field):
    client = as_role("planner")
    answer = write(client, open_workshop, uuid.uuid4(), **changed)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == [field]
    page = write(client, open_workshop, uuid.uuid4(), **changed, json=False)
    assert page.status_code == 400
    assert str(changed[field]).strip() in page.content.decode()
    assert stored(open_workshop) == []


def test_long_text_is_kept_whole(open_workshop, as_role):
    text = "Kalimat panjang. " * 3600
    assert write(as_role("planner"), open_workshop, uuid.uuid4(), text=text).status_code == 200
    assert open_workshop.minutes_entries.get().text == text.strip()


def test_an_item_of_another_workshop_is_refused(open_workshop, as_role):
    foreign = factories.AgendaItemFactory()
    assert write(as_role("planner"), open_workshop, uuid.uuid4(), agenda_item=foreign.pk).status_code == 400
    assert stored(open_workshop) == []


def test_an_answer_goes_only_under_what_can_have_it(open_workshop, as_role):
    note = factories.MinutesEntryFactory(workshop=open_workshop)
    answer = write(as_role("planner"), open_workshop, uuid.uuid4(), kind="response", parent=note.uid)
    assert answer.status_code == 400
    assert stored(open_workshop) == [("note", note.text, 1)]


def test_what_has_answers_stays_of_a_kind_that_can_have_them(open_workshop, as_role):
    question = factories.MinutesEntryFactory(workshop=open_workshop, kind="question")
    factories.MinutesEntryFactory(workshop=open_workshop, kind="response", parent=question)
    answer = write(as_role("planner"), open_workshop, question.uid, kind="note", based_on=1)
    assert list(answer.json()["errors"]) == ["kind"]


# --- plain forms ----------------------------------------------------------------------------------------


def test_a_plain_form_shows_the_fields_of_the_kind_and_what_holds_something(open_workshop, item, as_role):
    client = as_role("planner")
    page = client.get(address(open_workshop, "minutes_new"), {"item": item.pk, "kind": "problem"})
    assert [field.name for field in page.context["form"].shown()] == ["title", "location", "text"]
    entry = factories.MinutesEntryFactory(workshop=open_workshop, kind="note", verse="Pantun uji.")
    page = client.get(address(open_workshop, "minutes_entry", entry.uid))
    assert [field.name for field in page.context["form"].shown()] == ["text", "verse"]


def test_another_kind_is_chosen_without_losing_what_was_typed(open_workshop, as_role):
    answer = write(as_role("planner"), open_workshop, uuid.uuid4(), kind="promise", text="Janji.", show="1", json=False)
    assert [field.name for field in answer.context["form"].shown()][-2:] == ["text", "amount"]
    assert answer.context["form"]["text"].value() == "Janji."
    assert stored(open_workshop) == []


def test_saving_leads_back_to_the_entry_or_on_to_the_next(open_workshop, item, as_role):
    client, uid = as_role("planner"), uuid.uuid4()
    answer = write(client, open_workshop, uid, agenda_item=item.pk, json=False)
    assert answer.url == f"{address(open_workshop)}#entry-{uid}"
    answer = write(client, open_workshop, uuid.uuid4(), agenda_item=item.pk, next="1", json=False)
    form = client.get(answer.url).context["form"]
    assert (form["kind"].value(), form["agenda_item"].value()) == ("note", item.pk)


# --- order ----------------------------------------------------------------------------------------------


@pytest.fixture
def texts(open_workshop, item):
    other = factories.AgendaItemFactory(workshop=open_workshop)
    for text, place in (("A", item), ("X", other), ("B", item), ("C", item)):
        factories.MinutesEntryFactory(workshop=open_workshop, agenda_item=place, text=text)

    def in_order(place=item):
        return "".join(open_workshop.minutes_entries.filter(agenda_item=place).values_list("text", flat=True))

    in_order.other = other
    return in_order


def entry_of(workshop, text):
    return workshop.minutes_entries.get(text=text)


def test_moving_passes_the_neighbour_under_the_same_item(open_workshop, as_role, texts):
    client = as_role("planner")
    move = address(open_workshop, "minutes_entry_move", entry_of(open_workshop, "B").uid)
    client.post(move, {"up": "1"})
    assert texts() == "BAC"
    client.post(move, {"up": "1"})
    assert texts() == "BAC"
    for _step in range(3):
        client.post(move, {"down": "1"})
    assert texts() == "ACB"
    assert texts(texts.other) == "X"


def test_an_entry_goes_to_another_item_with_its_answers(open_workshop, as_role, texts):
    question = entry_of(open_workshop, "B")
    MinutesEntry.objects.filter(pk=question.pk).update(kind="question")
    factories.MinutesEntryFactory(
        workshop=open_workshop, agenda_item=question.agenda_item, kind="response", parent=question, text="jawab"
    )
    write(
        as_role("planner"),
        open_workshop,
        question.uid,
        kind="question",
        text="B",
        agenda_item=texts.other.pk,
        based_on=1,
    )
    assert texts() == "AC"
    assert texts(texts.other) == "XBjawab"


def test_a_new_entry_can_stand_right_behind_another(open_workshop, item, as_role, texts):
    write(
        as_role("planner"),
        open_workshop,
        uuid.uuid4(),
        text="n",
        agenda_item=item.pk,
        after=entry_of(open_workshop, "A").uid,
    )
    assert texts() == "AnBC"


def test_moving_is_refused_when_closed(open_workshop, as_role, texts):
    Workshop.objects.filter(pk=open_workshop.pk).update(status="closed")
    move = address(open_workshop, "minutes_entry_move", entry_of(open_workshop, "B").uid)
    assert as_role("planner").post(move, {"up": "1"}, **JSON).status_code == 409
    assert texts() == "ABC"


# --- deleting -------------------------------------------------------------------------------------------


def test_deleting_asks_first_and_minds_what_changed_meanwhile(open_workshop, as_role):
    entry = factories.MinutesEntryFactory(workshop=open_workshop)
    client, delete = as_role("planner"), address(open_workshop, "minutes_entry_delete", entry.uid)
    assert client.get(delete).status_code == 200
    client.post(delete, {"version": 7})
    client.post(delete)
    assert stored(open_workshop) == [("note", entry.text, 1)]
    client.post(delete, {"version": 1})
    assert stored(open_workshop) == []
    assert client.post(delete, {"version": 1}).status_code == 404


def test_what_has_answers_is_not_deleted(open_workshop, as_role):
    question = factories.MinutesEntryFactory(workshop=open_workshop, kind="question")
    factories.MinutesEntryFactory(workshop=open_workshop, kind="response", parent=question)
    as_role("planner").post(address(open_workshop, "minutes_entry_delete", question.uid), {"version": 1})
    assert open_workshop.minutes_entries.count() == 2


def test_deleting_is_refused_when_closed(open_workshop, as_role):
    entry = factories.MinutesEntryFactory(workshop=open_workshop)
    Workshop.objects.filter(pk=open_workshop.pk).update(status="closed")
    as_role("planner").post(address(open_workshop, "minutes_entry_delete", entry.uid), {"version": 1})
    assert stored(open_workshop) == [("note", entry.text, 1)]


# --- people ---------------------------------------------------------------------------------------------


def test_persons_are_suggested_as_written_and_never_changed(open_workshop, as_role):
    factories.ParticipantFactory(
        workshop=open_workshop, name="Sari Contoh", position="Lurah", organization_name="Desa A"
    )
    earlier = factories.WorkshopFactory(held_on=datetime.date(2025, 1, 1))
    factories.MinutesEntryFactory(workshop=earlier, speaker="Saripudin Uji", speaker_position="Ketua LKM")
    factories.LeaderFactory(workshop=earlier, name="Sarifudin Uji")
    before = list(Participant.objects.values())
    found = as_role("planner").get(address(open_workshop, "minutes_people"), {"q": "sari"}).json()["people"]
    assert sorted(found) == [
        ["Sari Contoh", "Lurah", "Desa A"],
        ["Sarifudin Uji", "", ""],
        ["Saripudin Uji", "Ketua LKM", ""],
    ]
    assert found[0][0] == "Sari Contoh"
    assert list(Participant.objects.values()) == before


@pytest.mark.parametrize("letters", ["", " ", "s"])
def test_a_single_letter_suggests_nobody(open_workshop, as_role, letters):
    factories.ParticipantFactory(workshop=open_workshop, name="Sari Contoh")
    assert as_role("planner").get(address(open_workshop, "minutes_people"), {"q": letters}).json() == {"people": []}


def test_who_does_not_write_asks_for_no_persons(open_workshop, as_role):
    assert as_role("opd_user").get(address(open_workshop, "minutes_people"), {"q": "sari"}).status_code == 403


# --- actual times ---------------------------------------------------------------------------------------


def test_beginning_and_end_are_written_down_once(open_workshop, item, as_role, monkeypatch, moment):
    client, stamp = as_role("planner"), address(open_workshop, "minutes_stamp", item.pk)
    for at, verb in (
        (moment(9, 20), "start"),
        (moment(9, 20), "end"),
        (moment(9, 45), "start"),
        (moment(10, 5), "end"),
        (moment(11), "end"),
    ):
        monkeypatch.setattr("django.utils.timezone.now", lambda at=at: at)
        assert client.post(stamp, {verb: "1"}).status_code == 302
    item.refresh_from_db()
    assert (item.actual_start, item.actual_end) == (datetime.time(9, 20), datetime.time(10, 5))


def test_no_time_is_written_down_when_closed(open_workshop, item, as_role):
    Workshop.objects.filter(pk=open_workshop.pk).update(status="closed")
    as_role("planner").post(address(open_workshop, "minutes_stamp", item.pk), {"start": "1"})
    item.refresh_from_db()
    assert item.actual_start is None


def test_a_draft_is_deleted_with_its_entries_and_answers(workshop):
    item = factories.AgendaItemFactory(workshop=workshop)
    question = factories.MinutesEntryFactory(workshop=workshop, agenda_item=item, kind="question")
    factories.MinutesEntryFactory(workshop=workshop, agenda_item=item, kind="response", parent=question)
    workshop.delete()
    assert MinutesEntry.objects.count() == 0
