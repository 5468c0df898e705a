"""Check-in: at the desk, and on the own phone without an account. Mostly: what does not work."""

import re
import threading
import uuid

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from core.refusals import Refused
from tests import factories
from workshops.models import Participant, Workshop


def put_in(workshop, status):
    Workshop.objects.filter(pk=workshop.pk).update(status=status)
    workshop.refresh_from_db()


@pytest.fixture
def running(workshop):
    put_in(workshop, "in_progress")
    return workshop


@pytest.fixture
def phone(db):
    """A phone: a browser without an account."""
    return Client()


def self_url(workshop, code=None):
    return reverse("workshops:check_in_self", args=[code or workshop.check_in_code])


def desk_url(workshop, name="check_in", *args):
    return reverse(f"workshops:{name}", args=[workshop.slug, *args])


def typed(**changed):
    return {
        "name": "Ana Contoh",
        "organization_name": "DPUPR",
        "position": "",
        "sex": "P",
        "phone": "",
        "token": str(uuid.uuid4()),
    } | changed


def present(workshop) -> list[tuple]:
    rows = workshop.participants.present()
    return list(rows.values_list("name", "organization_name", "is_invited"))


def is_recorded(answer) -> bool:
    return [template.name for template in answer.templates][:1] == ["workshops/check_in_recorded.html"]


# --- without an account: when and where --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "expected"),
    [("draft", 404), ("invited", 404), ("in_progress", 200), ("correction", 410), ("closed", 410), ("cancelled", 410)],
)
def test_the_code_works_only_while_the_event_is_in_progress(workshop, phone, status, expected):
    put_in(workshop, status)
    answer = phone.get(self_url(workshop))
    assert answer.status_code == expected
    assert (workshop.title in answer.content.decode()) == (expected == 200)
    assert phone.post(self_url(workshop), typed()).status_code == (302 if expected == 200 else expected)
    assert len(present(workshop)) == (1 if expected == 200 else 0)


def test_an_unknown_code_and_a_draft_look_alike(workshop, phone):
    answers = [phone.get(self_url(workshop)), phone.get(self_url(workshop, "ZZZZZZ"))]
    sentences = {answer.context["sentence"] for answer in answers}
    assert ([answer.status_code for answer in answers], len(sentences)) == ([404, 404], 1)


def test_a_renewed_code_ends_the_old_one(as_role, running, phone):
    old = running.check_in_code
    as_role("planner").post(desk_url(running, "check_in_renew"))
    assert phone.get(self_url(running, old)).status_code == 404
    running.refresh_from_db()
    assert phone.get(self_url(running)).status_code == 200


def test_the_code_is_typed_as_people_type_it(running, phone):
    code = running.check_in_code
    for text in (code, code.lower(), f" {code[:3]}-{code[3:]} "):
        answer = phone.post(reverse("workshops:check_in_start"), {"code": text})
        assert answer["Location"] == self_url(running)
    assert phone.get(self_url(running, code.lower())).status_code == 200


@pytest.mark.parametrize("code", ["", "12345", "<b>", "x" * 21])
def test_what_is_no_code_stays_in_the_form(phone, code):
    answer = phone.post(reverse("workshops:check_in_start"), {"code": code})
    assert (answer.status_code, list(answer.context["form"].errors)) == (200, ["code"])


def test_guessing_codes_ends_after_twenty(running, phone):
    for _try in range(20):
        assert phone.get(self_url(running, "ZZZZZZ")).status_code == 404
    assert phone.get(self_url(running, "ZZZZZZ")).status_code == 429
    assert phone.get(self_url(running)).status_code == 429
    assert phone.post(reverse("workshops:check_in_start"), {"code": running.check_in_code}).status_code == 429
    assert Client(REMOTE_ADDR="10.0.0.2").get(self_url(running)).status_code == 200


def test_right_codes_are_never_counted(running, phone):
    for _try in range(25):
        assert phone.get(self_url(running)).status_code == 200


def test_a_form_of_another_site_is_refused(running):
    strict = Client(enforce_csrf_checks=True)
    assert strict.post(self_url(running), typed()).status_code == 403
    assert present(running) == []


# --- without an account: who -------------------------------------------------------------------------------


def test_a_walk_in_is_recorded_and_told_so(running, phone):
    answer = phone.post(self_url(running), typed(), follow=True)
    assert is_recorded(answer)
    assert present(running) == [("Ana Contoh", "DPUPR", False)]


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "Budi 🏘️ Contoh", "X" * 80, "Romi'at & Co"])
def test_names_stay_as_typed_and_run_nowhere(running, phone, name):
    answer = phone.post(self_url(running), typed(name=name), follow=True)
    assert "<script>alert" not in answer.content.decode()
    assert present(running) == [(name, "DPUPR", False)]


@pytest.mark.parametrize(
    "changed", [{"name": ""}, {"name": "   "}, {"name": "X" * 201}, {"sex": "Z"}, {"token": "x"}, {"token": ""}]
)
def test_what_is_wrong_stays_in_the_form(running, phone, changed):
    answer = phone.post(self_url(running), typed(**changed))
    assert list(answer.context["form"].errors) == list(changed)
    assert "DPUPR" in answer.content.decode()
    assert present(running) == []


@pytest.mark.parametrize(
    ("invited", "name"),
    [
        ("Ana Contoh", "ana  contoh"),
        ("Drs. Ana Contoh, M.Si", "Ana Contoh"),
        ("Ana Contoh", "Hj. Ana Contoh, S.T."),
        ("Ana Contoh Wijaya", "Ana Contoh"),
    ],
)
def test_the_invited_are_asked_whether_it_is_them(running, phone, invited, name):
    row = factories.ParticipantFactory(workshop=running, name=invited, organization_name="Dinas Uji")
    form = typed(name=name, sex="P", phone="0812")
    asked = phone.post(self_url(running), form)
    assert [candidate.pk for candidate in asked.context["candidates"]] == [row.pk]
    assert present(running) == []
    assert is_recorded(phone.post(self_url(running), form | {"choice": row.pk}, follow=True))
    assert present(running) == [(invited, "Dinas Uji", True)]
    row.refresh_from_db()
    assert (row.sex, row.phone, str(row.check_in_token)) == ("P", "0812", form["token"])


def test_a_seat_gets_the_name_of_who_comes(running, agency, phone):
    seat = factories.ParticipantFactory(workshop=running, name="", organization=agency, organization_name=agency.name)
    form = typed(organization_name=agency.short_name.lower())
    assert [candidate.pk for candidate in phone.post(self_url(running), form).context["candidates"]] == [seat.pk]
    phone.post(self_url(running), form | {"choice": seat.pk})
    assert present(running) == [("Ana Contoh", agency.name, True)]


def test_none_of_these_is_a_walk_in(running, phone):
    factories.ParticipantFactory(workshop=running, name="Ana Contoh", organization_name="Dinas Uji")
    phone.post(self_url(running), typed(choice="none"))
    assert present(running) == [("Ana Contoh", "DPUPR", False)]


@pytest.mark.parametrize("name", ["A", "Ana", "Contoh", "Budi", "%", "Ana Budi", "Ana_Contoh"])
def test_the_guest_list_cannot_be_read_by_guessing(running, phone, name):
    for invited in ("Ana Contoh", "Budi Contoh", "Contoh Ana Budi Citra"):
        factories.ParticipantFactory(workshop=running, name=invited, organization_name="Dinas Uji")
    page = phone.post(self_url(running), typed(name=name, organization_name=""), follow=True).content.decode()
    if name != "Ana Budi":  # all words of the third
        assert not re.search("Dinas Uji", page)


def test_at_most_three_are_offered(running, phone):
    for number in range(5):
        factories.ParticipantFactory(workshop=running, name="Ana Contoh", organization_name=f"Dinas {number}")
    assert len(phone.post(self_url(running), typed()).context["candidates"]) == 3


def test_only_a_row_that_was_offered_can_be_taken(running, phone):
    other = factories.ParticipantFactory(workshop=running, name="Budi Misal", organization_name="Dinas Uji")
    elsewhere = factories.ParticipantFactory(workshop=factories.WorkshopFactory(), name="Ana Contoh")
    for pk in (other.pk, elsewhere.pk, "0", "'", "99999999999999999999"):
        answer = phone.post(self_url(running), typed(choice=pk))
        assert answer.context["form"].non_field_errors()
    assert Participant.objects.present().count() == 0


# --- one form, one person; one person, once ----------------------------------------------------------------


def test_the_same_form_sent_twice_says_so_and_creates_nothing(running, phone):
    form = typed()
    phone.post(self_url(running), form)
    for sender in (phone, Client()):
        answer = sender.post(self_url(running), form)
        assert is_recorded(answer)
        assert answer.context["is_repeat"] is True
    assert len(present(running)) == 1


def test_a_form_replayed_in_another_workshop_is_refused(running, phone):
    other = factories.WorkshopFactory()
    put_in(other, "in_progress")
    form = typed()
    phone.post(self_url(running), form)
    answer = Client().post(self_url(other), form)
    assert (answer.status_code, running.title in answer.content.decode()) == (410, False)
    assert present(other) == []


def test_a_check_in_that_the_desk_took_back_cannot_be_replayed(running, phone, planner):
    form = typed()
    phone.post(self_url(running), form)
    running.participants.get().undo_arrival(by=planner)
    assert Client().post(self_url(running), form).status_code == 410
    assert present(running) == []


def test_the_same_name_and_organization_is_sent_to_the_desk(running, phone):
    phone.post(self_url(running), typed())
    answer = Client().post(self_url(running), typed(name="ANA  CONTOH", organization_name="dpupr"))
    assert answer.context["form"].non_field_errors()
    assert len(present(running)) == 1


def test_the_same_name_elsewhere_is_another_person(running, phone):
    phone.post(self_url(running), typed())
    Client().post(self_url(running), typed(organization_name="LKM Tanjung"))
    assert len(present(running)) == 2


def test_a_phone_checks_in_one_person_unless_told_otherwise(running, phone):
    phone.post(self_url(running), typed())
    assert is_recorded(phone.get(self_url(running)))
    assert is_recorded(phone.post(self_url(running), typed(name="Budi Misal")))
    assert len(present(running)) == 1
    assert not is_recorded(phone.get(self_url(running) + "?another=1"))
    phone.post(self_url(running), typed(name="Budi Misal", another="1"))
    assert len(present(running)) == 2


def test_a_forged_or_foreign_cookie_means_nothing(running, phone):
    person = factories.ParticipantFactory(workshop=running, arrived_at=running.history.first().history_date)
    phone.cookies[f"check_in_{running.pk}"] = str(person.pk)
    assert not is_recorded(phone.get(self_url(running)))
    other = factories.WorkshopFactory()
    put_in(other, "in_progress")
    Client().post(self_url(other), typed())
    assert not is_recorded(phone.get(self_url(other)))


def test_an_invitation_used_meanwhile_is_used(running, planner, moment):
    row = factories.ParticipantFactory(workshop=running, name="Ana Contoh")
    first, second = Participant.objects.get(pk=row.pk), Participant.objects.get(pk=row.pk)
    first.check_in(at=moment(9), token=uuid.uuid4(), typed={})
    with pytest.raises(Refused):
        second.check_in(at=moment(9, 1), token=uuid.uuid4(), typed={"sex": "P"})
    row.refresh_from_db()
    assert (row.arrived_at, row.sex) == (moment(9), "")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("with_same_token", [True, False])
def test_two_at_once_for_the_same_row(workshop, with_same_token):
    put_in(workshop, "in_progress")
    row = factories.ParticipantFactory(workshop=workshop, name="Ana Contoh")
    token = str(uuid.uuid4())
    start = threading.Barrier(2)
    statuses = []

    def send():
        form = typed(choice=row.pk, token=token if with_same_token else str(uuid.uuid4()))
        start.wait()
        statuses.append(Client().post(self_url(workshop), form).status_code)
        connection.close()

    threads = [threading.Thread(target=send) for _phone in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [200, 302]
    assert present(workshop) == [("Ana Contoh", "Dinas Uji", True)]
    assert row.history.count() == 2


def test_two_walk_ins_with_one_token(running, moment):
    token = uuid.uuid4()
    Participant(workshop=running, name="Ana").walk_in(at=moment(9), token=token)
    with pytest.raises(Refused):
        Participant(workshop=running, name="Ana").walk_in(at=moment(9), token=token)
    assert len(present(running)) == 1


# --- at the desk -------------------------------------------------------------------------------------------


@pytest.fixture
def desk(as_role, running):
    return as_role("planner")


def test_one_tap_marks_a_person_and_comes_back_to_the_same_search(desk, running):
    person = factories.ParticipantFactory(workshop=running, name="Ana Contoh")
    answer = desk.post(desk_url(running, "check_in_arrive", person.pk), {"search": "ana c", "show": "absent"})
    assert answer["Location"] == f"{desk_url(running)}?search=ana+c&show=absent#p-{person.pk}"
    assert present(running) == [("Ana Contoh", "Dinas Uji", True)]


def test_all_four_verbs_and_their_second_click(desk, running):
    person = factories.ParticipantFactory(workshop=running)

    def tap(verb):
        answer = desk.post(desk_url(running, f"check_in_{verb}", person.pk), follow=True)
        person.refresh_from_db()
        refused = any(message.level_tag == "error" for message in answer.context["messages"])
        return bool(person.arrived_at), bool(person.left_at), refused

    assert tap("leave") == (False, False, True)
    assert tap("arrive") == (True, False, False)
    assert tap("arrive") == (True, False, True)
    assert tap("leave") == (True, True, False)
    assert tap("leave") == (True, True, True)
    assert tap("undo_leaving") == (True, False, False)
    assert tap("undo_leaving") == (True, False, True)
    assert tap("undo_arrival") == (False, False, False)
    assert tap("undo_arrival") == (False, False, True)


def seat_form(answer, **changed):
    form = answer.context["form"]
    return {name: form[name].value() or "" for name in form.fields} | {"is_invited": "on"} | changed


def test_who_takes_a_seat_is_named_marked_and_found_again_at_the_desk(desk, running):
    seat = factories.ParticipantFactory(workshop=running, name="", is_invited=True)
    page = desk_url(running, "participant_edit", seat.pk) + "?desk"
    assert page in desk.get(desk_url(running)).content.decode()
    answer = desk.post(page, seat_form(desk.get(page), name="Ana Contoh", arrive=""))
    assert answer["Location"] == f"{desk_url(running)}#p-{seat.pk}"
    assert present(running) == [("Ana Contoh", "Dinas Uji", True)]


def test_a_wrong_tap_is_taken_back_by_a_button_with_words(desk, running, moment):
    person = factories.ParticipantFactory(workshop=running, arrived_at=moment(9))
    row = desk.get(desk_url(running)).content.decode().partition('id="desk"')[2].partition("</ul>")[0]
    undo = row.partition(desk_url(running, "check_in_undo_arrival", person.pk))[2].partition("</button>")[0]
    assert re.search(r"</svg>\w+ \w+<span", undo)


@pytest.mark.parametrize(("letters", "folded"), [(20, False), (150, True)])
def test_a_long_organization_is_cut_short_at_the_desk_and_opens_on_a_tap(desk, running, letters, folded):
    factories.ParticipantFactory(workshop=running, organization_name="D" * letters)
    page = desk.get(desk_url(running)).content.decode()
    assert f"{'D' * letters}<" in page
    assert ('<details class="desk-long' in page) == folded


def test_a_registered_organization_is_written_short_at_the_desk(desk, running, agency):
    factories.ParticipantFactory(workshop=running, organization=agency, organization_name=agency.name)
    row = desk.get(desk_url(running)).content.decode().partition('id="desk"')[2].partition("</ul>")[0]
    assert f">{agency.short_name}<" in row
    assert f">{agency.name}<" not in row


def test_a_name_alone_marks_nobody(desk, running):
    seat = factories.ParticipantFactory(workshop=running, name="", is_invited=True)
    page = desk_url(running, "participant_edit", seat.pk) + "?desk"
    answer = desk.post(page, seat_form(desk.get(page), name="Ana Contoh"))
    assert answer["Location"] == f"{desk_url(running)}#p-{seat.pk}"
    assert present(running) == []


@pytest.mark.parametrize(("status", "query"), [("in_progress", ""), ("invited", "?desk"), ("draft", "?desk")])
def test_nobody_is_marked_from_the_list_or_before_the_event(as_role, workshop, status, query):
    seat = factories.ParticipantFactory(workshop=workshop, name="", is_invited=True)
    put_in(workshop, status)
    desk = as_role("planner")
    page = desk_url(workshop, "participant_edit", seat.pk) + query
    shown = desk.get(page)
    assert 'name="arrive"' not in shown.content.decode()
    desk.post(page, seat_form(shown, name="Ana Contoh", arrive=""))
    assert present(workshop) == []


@pytest.mark.parametrize("status", ["draft", "invited", "closed", "cancelled"])
def test_the_desk_says_why_nobody_can_be_marked(as_role, workshop, status):
    person = factories.ParticipantFactory(workshop=workshop)
    put_in(workshop, status)
    client = as_role("planner")
    page = client.get(desk_url(workshop)).content.decode()
    assert desk_url(workshop, "check_in_arrive", person.pk) not in page
    answer = client.post(desk_url(workshop, "check_in_arrive", person.pk), follow=True)
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    answer = client.post(desk_url(workshop, "check_in_walk_in"), {"name": "Tamu Contoh"})
    assert "Tamu Contoh" in answer.content.decode()
    assert workshop.participants.get().arrived_at is None


def test_what_was_searched_for_is_the_walk_in(desk, running):
    page = desk.get(desk_url(running), {"search": "tamu contoh"})
    assert page.context["walk_in_form"]["name"].value() == "Tamu Contoh"
    desk.post(desk_url(running, "check_in_walk_in"), {"name": "Tamu Contoh", "organization_name": "LKM"})
    assert present(running) == [("Tamu Contoh", "LKM", False)]


def test_the_form_stays_open_for_the_next_walk_in(desk, running):
    shut = '<details class="fold walk-in" id="walk-in">'
    desk.post(desk_url(running, "check_in_walk_in"), {"name": "Tamu Pertama"})
    assert shut in desk.get(desk_url(running, "check_in")).content.decode()
    answer = desk.post(desk_url(running, "check_in_walk_in"), {"name": "Tamu Contoh"}, follow=True)
    page = answer.content.decode()
    assert answer.redirect_chain[-1][0].endswith("#walk-in")
    assert shut not in page
    assert '<details class="fold walk-in" id="walk-in" open>' in page
    assert answer.context["walk_in_form"]["name"].value() in ("", None)
    assert not re.search(r"desk-show.*again", page)


def test_a_walk_in_that_is_already_there_is_asked_about(desk, running):
    factories.ParticipantFactory(workshop=running, name="Tamu Contoh", organization_name="LKM")
    data = {"name": "tamu contoh", "organization_name": "LKM"}
    answer = desk.post(desk_url(running, "check_in_walk_in"), data)
    assert answer.context["walk_in_form"].looks_like
    assert present(running) == []
    desk.post(desk_url(running, "check_in_walk_in"), data | {"is_another_person": "on"})
    assert present(running) == [("tamu contoh", "LKM", False)]


@pytest.mark.parametrize("rows", [1, 1_000])
def test_the_desk_asks_the_same_number_of_questions(desk, running, django_assert_num_queries, rows):
    people = [factories.ParticipantFactory.build(workshop=running) for _row in range(rows)]
    Participant.objects.bulk_create(people)
    with django_assert_num_queries(12):
        page = desk.get(desk_url(running))
    assert len(page.context["page_obj"]) == min(rows, 60)


def test_thirty_people_are_thirty_taps(desk, running):
    """Every row carries its own button: no page is opened, nothing is confirmed, and no row hides on another page."""
    for number in range(30):
        factories.ParticipantFactory(workshop=running, name=f"Orang {number}")
    page = desk.get(desk_url(running)).content.decode()
    buttons = re.findall(r'action="([^"]+/arrive/)"', page)
    assert len(buttons) == 30
    for address in buttons:
        desk.post(address)
    assert running.participants.counts()["present"] == 30


def test_the_poster_shows_code_picture_and_counter_to_the_committee_only(as_role, running):
    page = as_role("planner").get(desk_url(running, "check_in_poster"))
    text = page.content.decode()
    assert running.check_in_code in text
    assert "<svg" in text
    assert "style=" not in text
    assert page["Cache-Control"].startswith("max-age=0")
    assert as_role("opd_user").get(desk_url(running, "check_in_poster")).status_code == 403


def test_before_the_event_the_poster_keeps_the_code_to_itself(as_role, workshop):
    assert workshop.check_in_code not in as_role("planner").get(desk_url(workshop, "check_in_poster")).content.decode()


def test_a_closed_workshop_gets_no_new_code(as_role, workshop):
    put_in(workshop, "closed")
    answer = as_role("planner").post(desk_url(workshop, "check_in_renew"), follow=True)
    assert [message.level_tag for message in answer.context["messages"]] == ["error"]
    assert Workshop.objects.get().check_in_code == workshop.check_in_code


def test_check_in_is_the_only_door_that_stands_open(running, phone):
    for name in ("check_in", "check_in_poster", "participants"):
        assert phone.get(desk_url(running, name))["Location"].startswith(reverse(settings.LOGIN_URL))
