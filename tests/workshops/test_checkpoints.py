"""Named versions of the minutes: what is compared, and that returning brings everything back."""

import uuid

import pytest
from django.urls import reverse

from core.refusals import Refused
from tests import factories
from workshops.checkpoints import compare, word_diff
from workshops.models import Attachment, Checkpoint, MinutesEntry, Workshop
from workshops.models.minutes import EntryConflict, snapshot

SCRIPT = "<script>alert(1)</script>"


@pytest.fixture
def open_workshop(workshop):
    Workshop.objects.filter(pk=workshop.pk).update(status="in_progress")
    workshop.refresh_from_db()
    return workshop


@pytest.fixture
def question(open_workshop):
    item = factories.AgendaItemFactory(workshop=open_workshop)
    return factories.MinutesEntryFactory(
        workshop=open_workshop, agenda_item=item, kind="question", text="Bagaimana air?"
    )


@pytest.fixture
def answer(open_workshop, question):
    return factories.MinutesEntryFactory(
        workshop=open_workshop,
        agenda_item=question.agenda_item,
        kind="promise",
        parent=question,
        text="Janji.",
        amount="50000000.50",
    )


@pytest.fixture
def kept(open_workshop, question, answer, planner, now):
    return Checkpoint.take(open_workshop, name="Sebelum dibacakan", by=planner, at=now)


def address(workshop, name, *args):
    return reverse(f"workshops:{name}", args=[workshop.slug, *args])


# --- words ----------------------------------------------------------------------------------------------


def marked(pieces):
    return "".join(f"[{piece.text}]" if piece.is_changed else piece.text for piece in pieces)


@pytest.mark.parametrize(
    ("before", "after", "left", "right"),
    [
        ("", "", "", ""),
        ("Sama.", "Sama.", "Sama.", "Sama."),
        ("", "Baru.", "", "[Baru.]"),
        (
            "Anggaran tahun 2017 tersisa.",
            "Anggaran tahun 2018 tersisa.",
            "Anggaran tahun [2017] tersisa.",
            "Anggaran tahun [2018] tersisa.",
        ),
        ("Rumah di tepi laut.", "Rumah laut.", "Rumah [di tepi ]laut.", "Rumah laut."),
    ],
)
def test_differences_are_whole_words(before, after, left, right):
    assert tuple(marked(pieces) for pieces in word_diff(before, after)) == (left, right)


def test_both_texts_stay_whole_whatever_is_marked():
    before = "Satu dua, tiga.\nEmpat <b>lima</b> 😀 enam. " * 900
    after = before.replace("tiga", "3").replace("😀", "") + "Akhir."
    left, right = word_diff(before, after)
    assert "".join(piece.text for piece in left) == before
    assert "".join(piece.text for piece in right) == after


def test_added_removed_changed_moved_and_nothing_else():
    def row(uid, text, **more):
        return {"uid": uid, "kind": "note", "agenda_item": 1, "parent": None, "text": text, **more}

    before = [row("a", "A"), row("b", "B"), row("c", "C"), row("d", "D"), row("e", "E")]
    after = [row("b", "B"), row("a", "A2"), row("d", "D"), row("e", "E", agenda_item=2), row("f", "F")]
    assert [(d.state, (d.after or d.before)["uid"]) for d in compare(before, after)] == [
        ("removed", "c"),
        ("changed", "a"),
        ("moved", "e"),
        ("added", "f"),
    ]


def test_a_state_compared_with_itself_differs_in_nothing(open_workshop, kept):
    kept.refresh_from_db()
    assert compare(kept.entries, snapshot(open_workshop)) == []


# --- returning ------------------------------------------------------------------------------------------


def test_everything_comes_back_and_the_state_before_is_kept(open_workshop, question, answer, kept, planner, moment):
    before = snapshot(open_workshop)
    answer.delete()
    question.text = "Diubah."
    question.write(by=planner, based_on=1)
    late = factories.MinutesEntryFactory(workshop=open_workshop, kind="question", text="Terlambat.")
    factories.MinutesEntryFactory(workshop=open_workshop, kind="response", parent=late)
    changed = snapshot(open_workshop)

    kept.refresh_from_db()
    other = kept.restore(by=planner, at=moment(11))

    assert snapshot(open_workshop) == before
    assert other.entries == changed
    assert open_workshop.minutes_entries.get(uid=answer.uid).parent == question
    other.refresh_from_db()
    other.restore(by=planner, at=moment(12))
    assert snapshot(open_workshop) == changed


def test_a_file_finds_its_entry_again(open_workshop, question, planner, now, moment):
    Attachment.objects.bulk_create([Attachment(workshop=open_workshop, entry=question, title="Foto", file="foto.jpg")])
    kept = Checkpoint.take(open_workshop, name="Titik", by=planner, at=now)
    question.delete()
    assert open_workshop.attachments.get().entry is None
    kept.refresh_from_db()
    kept.restore(by=planner, at=moment(11))
    assert open_workshop.attachments.get().entry.uid == question.uid


def test_an_old_form_of_a_restored_entry_meets_a_conflict(open_workshop, question, kept, planner, moment):
    """Someone is still writing in version 1, which was deleted and brought back meanwhile."""
    mine = MinutesEntry.objects.get(pk=question.pk)
    open_workshop.minutes_entries.get(kind="promise").delete()
    question.delete()
    kept.refresh_from_db()
    kept.restore(by=planner, at=moment(11))
    mine.text = "Masih menulis."
    with pytest.raises(EntryConflict):
        mine.write(by=planner, based_on=1)


def test_an_entry_whose_agenda_item_is_gone_comes_back_without_one(
    open_workshop, question, answer, kept, planner, moment
):
    item = question.agenda_item
    answer.delete()
    question.delete()
    item.delete()
    kept.refresh_from_db()
    kept.restore(by=planner, at=moment(11))
    assert list(open_workshop.minutes_entries.values_list("uid", "agenda_item")) == [
        (question.uid, None),
        (answer.uid, None),
    ]


def test_a_final_workshop_is_returned_to_nothing(open_workshop, question, kept, planner, moment):
    MinutesEntry.objects.filter(pk=question.pk).update(text="Tetap.")
    Workshop.objects.filter(pk=open_workshop.pk).update(status="closed")
    kept.refresh_from_db()
    with pytest.raises(Refused):
        kept.restore(by=planner, at=moment(11))
    with pytest.raises(Refused):
        Checkpoint.take(open_workshop, name="Lagi", by=planner, at=moment(11))
    question.refresh_from_db()
    assert question.text == "Tetap."
    assert list(open_workshop.checkpoints.values_list("name", flat=True)) == ["Sebelum dibacakan"]


# --- pages ----------------------------------------------------------------------------------------------


def test_a_checkpoint_is_taken_listed_compared_and_restored_by_page(open_workshop, question, as_role, people):
    client = as_role("planner")
    client.post(address(open_workshop, "checkpoints"), {"name": SCRIPT})
    checkpoint = open_workshop.checkpoints.get()
    assert (checkpoint.name, checkpoint.by) == (SCRIPT, people["planner"])
    question.text = f"Bagaimana {SCRIPT}?"
    question.write(by=people["planner"], based_on=1)

    pages = [
        client.get(address(open_workshop, "checkpoints")),
        client.get(address(open_workshop, "checkpoint_compare"), {"a": checkpoint.pk, "b": "now"}),
        client.get(address(open_workshop, "checkpoint_restore", checkpoint.pk)),
    ]
    assert [page.status_code for page in pages] == [200, 200, 200]
    assert all(SCRIPT not in page.content.decode() for page in pages)
    assert [difference["state"] for difference in pages[1].context["differences"]] == ["changed"]
    assert pages[2].context["counts"] == {"added": 0, "removed": 0, "changed": 1, "moved": 0}

    client.post(address(open_workshop, "checkpoint_restore", checkpoint.pk))
    question.refresh_from_db()
    assert (question.text, question.version) == ("Bagaimana air?", 3)
    assert open_workshop.checkpoints.count() == 2


@pytest.mark.parametrize("sides", [("now", "old"), ("old", "now"), ("old", "")])
def test_the_earlier_state_stands_on_the_left(open_workshop, question, kept, as_role, sides):
    keys = {"old": kept.pk, "now": "now", "": ""}
    page = as_role("opd_user").get(
        address(open_workshop, "checkpoint_compare"), {"a": keys[sides[0]], "b": keys[sides[1]]}
    )
    assert page.context["before"]["name"] == kept.name


@pytest.mark.parametrize("name", ["", "x" * 101])
def test_a_name_is_needed_and_short(open_workshop, as_role, name):
    assert as_role("planner").post(address(open_workshop, "checkpoints"), {"name": name}).status_code == 200
    assert open_workshop.checkpoints.count() == 0


def test_readers_compare_and_do_not_restore(open_workshop, question, kept, as_role):
    client = as_role("opd_user")
    MinutesEntry.objects.filter(pk=question.pk).update(text="Tetap.")
    assert client.get(address(open_workshop, "checkpoints")).status_code == 200
    assert client.get(address(open_workshop, "checkpoint_restore", kept.pk)).status_code == 403
    assert client.post(address(open_workshop, "checkpoint_restore", kept.pk)).status_code == 403
    question.refresh_from_db()
    assert question.text == "Tetap."


@pytest.mark.parametrize("role", ["viewer", "village_user"])
def test_outsiders_know_nothing_of_checkpoints(open_workshop, kept, as_role, role):
    client = as_role(role)
    names = [("checkpoints",), ("checkpoint_compare",), ("checkpoint_restore", kept.pk)]
    assert [client.get(address(open_workshop, *name)).status_code for name in names] == [404, 404, 404]
    Workshop.objects.filter(pk=open_workshop.pk).update(status="closed")
    assert [client.get(address(open_workshop, *name)).status_code for name in names] == [403, 403, 403]


def test_checkpoints_of_another_workshop_are_unknown_here(open_workshop, as_role, planner, now):
    foreign = Checkpoint.take(factories.WorkshopFactory(), name="Lain", by=planner, at=now)
    client = as_role("planner")
    assert client.get(address(open_workshop, "checkpoint_compare"), {"a": foreign.pk}).status_code == 404
    assert client.post(address(open_workshop, "checkpoint_restore", foreign.pk)).status_code == 404


@pytest.mark.parametrize("number", [1, 60])
def test_queries_do_not_grow(open_workshop, as_role, planner, now, django_assert_num_queries, number):
    MinutesEntry.objects.bulk_create(
        MinutesEntry(workshop=open_workshop, text="x", order=n, uid=uuid.uuid4()) for n in range(number)
    )
    checkpoints = [Checkpoint.take(open_workshop, name=f"T{n}", by=planner, at=now) for n in range(min(number, 5))]
    client = as_role("planner")
    with django_assert_num_queries(7):
        client.get(address(open_workshop, "checkpoints"))
    with django_assert_num_queries(11):
        client.get(address(open_workshop, "checkpoint_compare"), {"a": checkpoints[0].pk})
