"""Bad input to a workshop: one sentence next to its cause, nothing lost of what was typed, nothing stored."""

import re
from html import unescape

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from tests import factories
from workshops.models import Workshop

TYPED = {
    "title": "Rapat Uji",
    "programme": "KOTAKU",
    "level": "regency",
    "held_on": "2026-03-10",
    "start_time": "09:00",
    "end_time": "12:00",
    "place": "Balai Uji",
}
LARGE = 50 * 1024 * 1024


def stored():
    """Everything that the app holds, history included."""
    models = apps.get_app_config("workshops").get_models()
    return {model.__name__: list(model.objects.order_by("pk").values()) for model in models}


def url(name, workshop, *args):
    return reverse(f"workshops:{name}", args=[workshop.slug, *args])


def fields_with_sentences(answer) -> dict[str, int]:
    """{field: number of sentences}; each sentence stands in the page behind its input and is tied to it."""
    page = unescape(answer.content.decode())
    errors = answer.context["form"].errors
    for name, sentences in errors.items():
        if name == "__all__":
            continue
        tied = re.search(rf'name="{name}"[^>]*aria-describedby="([^"]*)"', page)
        assert f"id_{name}_error" in tied[1].split(), name
        assert sentences[0] in page.split(f'id="id_{name}_error"', 1)[1][:600]
    return {name: len(sentences) for name, sentences in errors.items()}


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"end_time": "08:00"}, "end_time"),
        ({"call_time": "10:00"}, "call_time"),
        ({"start_time": "25:00"}, "start_time"),
        ({"held_on": "31-02-2026"}, "held_on"),
        ({"title": "x" * 501}, "title"),
        ({"place": "x" * 501}, "place"),
        ({"title": "  "}, "title"),
    ],
    ids=["ends before it starts", "called too late", "no hour", "no day", "long title", "long place", "no title"],
)
def test_a_workshop_that_cannot_be(as_role, people, changed, field):
    before, typed = stored(), TYPED | changed
    answer = as_role("planner").post(reverse("workshops:workshop_create"), typed)
    assert fields_with_sentences(answer) == {field: 1}
    assert {name: answer.context["form"][name].value() for name in typed} == typed
    assert stored() == before


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("foto.jpg", b"bukan gambar"),
        ("dokumen.pdf", b"<html><script>1</script></html>"),
        ("program.exe", b"MZ"),
        ("foto.jpg", b"\xff\xd8\xff" + b"\0" * LARGE),
        ("kosong.pdf", b""),
    ],
    ids=["no picture", "a page as a paper", "a program", "50 MB", "empty"],
)
def test_a_file_that_cannot_be_kept(as_role, workshop, name, content):
    before = stored()
    sent = {"file": SimpleUploadedFile(name, content), "kind": "other", "title": "Foto bersama"}
    answer = as_role("planner").post(url("files", workshop), sent)
    assert fields_with_sentences(answer) == {"file": 1}
    assert answer.context["form"]["title"].value() == "Foto bersama"
    assert stored() == before


def test_html_in_a_name_is_shown_as_it_was_typed(as_role, people):
    client, name = as_role("planner"), '<img src=x onerror="alert(1)"> & Rekan'
    assert client.post(reverse("workshops:workshop_create"), TYPED | {"title": name}).status_code == 302
    workshop = Workshop.objects.get()
    assert workshop.title == name
    factories.ParticipantFactory(workshop=workshop, name=name)
    factories.AgendaItemFactory(workshop=workshop, title=name)
    pages = [workshop.get_absolute_url(), reverse("workshops:workshop_list")]
    pages += [url(part, workshop) for part in ("agenda", "participants", "minutes", "files", "check_in")]
    for address in pages:
        page = client.get(address).content.decode()
        assert "<img src=x" not in page, address
        assert "&lt;img src=x" in page, address


def test_a_stale_form_overwrites_nothing(as_role, workshop):
    client, address = as_role("planner"), url("workshop_edit", workshop)
    form = client.get(address).context["form"]
    typed = {name: "" if form[name].value() is None else form[name].value() for name in form.fields}
    assert client.post(address, typed | {"place": "Aula Satu"}).status_code == 302
    before = stored()
    answer = client.post(address, typed | {"place": "Aula Dua"})
    assert fields_with_sentences(answer) == {"place": 1, "__all__": 1}
    assert "Yang tersimpan sekarang: Aula Satu" in answer.content.decode()
    assert answer.context["form"]["place"].value() == "Aula Dua"
    assert stored() == before
    again = typed | {"place": "Aula Dua", "seen": answer.context["form"]["seen"].value()}
    assert client.post(address, again).status_code == 302
    assert Workshop.objects.get().place == "Aula Dua"


def test_a_text_that_is_too_long_comes_back_whole(as_role, people):
    client, address = as_role("planner"), reverse("workshops:workshop_create")
    assert "maxlength" not in client.get(address).content.decode()
    answer = client.post(address, TYPED | {"title": "Panjang " * 60})
    assert fields_with_sentences(answer) == {"title": 1}
    assert answer.context["form"]["title"].value() == "Panjang " * 60
    assert not Workshop.objects.exists()


def test_whoever_may_not_reopen_closed_minutes_is_told_whom_to_ask(as_role, workshop):
    Workshop.objects.update(status="closed")
    sentence, address = "minta verifikator membukanya kembali", url("minutes", workshop)
    assert sentence in as_role("planner").get(address).content.decode()
    for role in ("verifier", "viewer"):
        assert sentence not in as_role(role).get(address).content.decode(), role


def test_a_second_click_stores_nothing_again(as_role, people):
    client = as_role("planner")
    client.post(reverse("workshops:workshop_create"), TYPED)
    before = stored()
    answer = client.post(reverse("workshops:workshop_create"), TYPED)
    assert fields_with_sentences(answer) == {"title": 1}
    assert stored() == before


@pytest.mark.parametrize("status", ["closed", "cancelled"])
def test_a_workshop_that_is_over_takes_nothing(as_role, workshop, status):
    Workshop.objects.filter(pk=workshop.pk).update(status=status)
    client, before = as_role("planner"), stored()
    sent = {
        "workshop_edit": TYPED,
        "agenda": {"title": "Paparan", "kind": "session"},
        "participant_create": {"name": "Budi Contoh"},
        "files": {"file": SimpleUploadedFile("uji.pdf", b"%PDF-1.4 uji"), "kind": "other", "title": "Uji"},
        "check_in_walk_in": {"name": "Budi Contoh"},
    }
    for name, typed in sent.items():
        answer = client.post(url(name, workshop), typed, follow=True)
        said = [str(message) for message in answer.context["messages"]]
        said += [one for key in ("form", "walk_in_form") if key in answer.context for one in answer.context[key].errors]
        assert (answer.status_code, bool(said)) in {(200, True), (409, True), (409, False)}, (name, answer.status_code)
        assert stored() == before, name


@pytest.mark.parametrize("role", ["pokja_member", "opd_user", "village_user", "viewer"])
def test_someone_without_the_right_stores_nothing(as_role, workshop, role):
    Workshop.objects.filter(pk=workshop.pk).update(status="in_progress")
    client, before = as_role(role), stored()
    for name in ("workshop_edit", "agenda", "participant_create", "files", "check_in_walk_in", "workshop_finish"):
        assert client.post(url(name, workshop), {"title": "Lain", "name": "Lain"}).status_code in (403, 404), name
    assert stored() == before


@pytest.mark.parametrize("status", ["draft", "invited", "correction", "closed", "cancelled"])
def test_a_code_outside_its_time_records_nobody(client, workshop, status):
    Workshop.objects.filter(pk=workshop.pk).update(status=status)
    before = stored()
    address = reverse("workshops:check_in_self", args=[workshop.check_in_code])
    answer = client.post(address, {"name": "Tamu Contoh", "sex": ""})
    assert answer.status_code == (404 if status in ("draft", "invited") else 410)
    assert stored() == before
