"""The list of participants: who sees what, what is refused, and arriving and leaving by their verbs."""

import datetime

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from core.refusals import Refused
from core.spreadsheet import read_tables
from tests import factories
from workshops.models import Participant, Workshop

INSIDE = ["admin", "planner", "verifier", "pokja_member", "opd_user"]
OUTSIDE = ["village_user", "viewer"]
WRITERS = ["admin", "planner"]
READERS = ["verifier", "pokja_member", "opd_user"]
PAGES = [
    "participant_create",
    "participant_invite",
    "participant_import",
    "participant_template",
    "check_in",
    "check_in_poster",
]


def put_in(workshop, status):
    Workshop.objects.filter(pk=workshop.pk).update(status=status)
    workshop.refresh_from_db()


@pytest.fixture
def running(workshop):
    put_in(workshop, "in_progress")
    return workshop


def url(name, workshop, *args):
    return reverse(f"workshops:{name}", args=[workshop.slug, *args])


def names(workshop) -> list[str]:
    return list(workshop.participants.values_list("name", flat=True))


# --- arriving and leaving --------------------------------------------------------------------------------


@pytest.fixture
def person(running):
    return factories.ParticipantFactory(workshop=running)


def times(person):
    return Participant.objects.values_list("arrived_at", "left_at").get(pk=person.pk)


def test_a_person_arrives_and_leaves(person, planner, moment):
    person.arrive(at=moment(9, 5), by=planner)
    person.leave(at=moment(12), by=planner)
    assert times(person) == (person.arrived_at, person.left_at) == (moment(9, 5), moment(12))
    assert [row.history_user for row in person.history.all()[:2]] == [planner, planner]


def test_the_second_tap_is_refused_also_from_an_old_page(person, planner, moment):
    old_page = Participant.objects.get(pk=person.pk)
    person.arrive(at=moment(9, 5), by=planner)
    with pytest.raises(Refused, match=r"09\.05"):
        old_page.arrive(at=moment(9, 6), by=planner)
    assert times(person) == (moment(9, 5), None)


def test_nobody_leaves_before_arriving(person, planner, moment):
    with pytest.raises(Refused):
        person.leave(at=moment(12), by=planner)
    person.arrive(at=moment(9), by=planner)
    with pytest.raises(Refused):
        person.leave(at=moment(8, 59), by=planner)
    assert times(person) == (moment(9), None)


def test_nobody_leaves_twice(person, planner, moment):
    person.arrive(at=moment(9), by=planner)
    person.leave(at=moment(12), by=planner)
    with pytest.raises(Refused):
        person.leave(at=moment(13), by=planner)
    assert times(person) == (moment(9), moment(12))


def test_a_wrong_tap_is_taken_back(person, planner, moment):
    with pytest.raises(Refused):
        person.undo_arrival(by=planner)
    person.arrive(at=moment(9), by=planner)
    with pytest.raises(Refused):
        person.undo_leaving(by=planner)
    person.leave(at=moment(12), by=planner)
    person.undo_leaving(by=planner)
    assert times(person) == (moment(9), None)
    person.leave(at=moment(12), by=planner)
    person.undo_arrival(by=planner)
    assert times(person) == (None, None)


def test_times_can_be_corrected_but_not_turned_around(person, planner, moment):
    with pytest.raises(Refused):
        person.correct_times(arrived_at=None, left_at=moment(12), by=planner)
    with pytest.raises(Refused):
        person.correct_times(arrived_at=moment(12), left_at=moment(9), by=planner)
    person.correct_times(arrived_at=moment(8, 40), left_at=moment(12), by=planner)
    assert times(person) == (moment(8, 40), moment(12))


@pytest.mark.parametrize("status", ["draft", "invited", "closed", "cancelled"])
def test_attendance_waits_for_the_event_and_ends_with_the_minutes(workshop, planner, moment, status):
    person = factories.ParticipantFactory(workshop=workshop)
    put_in(workshop, status)
    for verb in (
        lambda: person.arrive(at=moment(9), by=planner),
        lambda: person.correct_times(arrived_at=moment(9), left_at=None, by=planner),
        lambda: Participant(workshop=workshop, name="Tamu").walk_in(at=moment(9), by=planner),
    ):
        with pytest.raises(Refused):
            verb()
    assert times(person) == (None, None)


def test_after_the_event_only_the_desk_records(running, person, planner, moment):
    put_in(running, "correction")
    with pytest.raises(Refused):
        person.arrive(at=moment(16))
    person.arrive(at=moment(16), by=planner)
    assert times(person) == (moment(16), None)


def test_the_database_keeps_leaving_after_arriving(person, moment):
    with pytest.raises(IntegrityError), transaction.atomic():
        Participant.objects.filter(pk=person.pk).update(left_at=moment(9))


def test_a_row_says_at_least_one_thing(running):
    with pytest.raises(ValidationError):
        factories.ParticipantFactory.build(workshop=running, name="", organization_name="").full_clean()


# --- who may ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("role", INSIDE)
def test_those_inside_see_the_list(as_role, running, person, role):
    answer = as_role(role).get(url("participants", running))
    assert answer.status_code == 200
    assert person.name in answer.content.decode()


@pytest.mark.parametrize("role", OUTSIDE)
def test_those_outside_do_not(as_role, workshop, role):
    put_in(workshop, "closed")
    for name in ("participants", "participant_export_xlsx", "participant_export_csv"):
        assert as_role(role).get(url(name, workshop)).status_code == 403


@pytest.mark.parametrize("page", ["participants", "participant_export_csv", *PAGES])
def test_a_workshop_one_may_not_know_of_is_not_there(as_role, workshop, page):
    assert as_role("pokja_member").get(url(page, workshop)).status_code == 404
    assert as_role(None).get(url(page, workshop)).status_code == 302


@pytest.mark.parametrize("role", READERS)
@pytest.mark.parametrize("page", PAGES)
def test_readers_do_not_write(as_role, running, role, page):
    assert as_role(role).get(url(page, running)).status_code == 403


@pytest.mark.parametrize("role", [*READERS, *OUTSIDE])
def test_readers_change_nothing_by_post(as_role, running, person, role):
    client = as_role(role)
    status = 403 if role in READERS else 404
    for name, *args in (
        ("participant_create",),
        ("participant_edit", person.pk),
        ("participant_delete", person.pk),
        ("participant_invite",),
        ("participant_import",),
        ("check_in_arrive", person.pk),
        ("check_in_walk_in",),
        ("check_in_renew",),
    ):
        assert client.post(url(name, running, *args), {"name": "Lain"}).status_code == status
    assert names(running) == [person.name]
    assert times(person) == (None, None)


@pytest.mark.parametrize("role", INSIDE)
def test_contacts_only_for_those_who_organize(as_role, running, role):
    factories.ParticipantFactory(workshop=running, phone="0812 0000 1111", email="rahasia@contoh.test")
    client = as_role(role)
    page = client.get(url("participants", running)).content.decode()
    (sheet,) = read_tables(client.get(url("participant_export_xlsx", running)).content, "x.xlsx")
    csv = client.get(url("participant_export_csv", running)).content.decode()
    may_see = role in WRITERS
    for text in (page, str(sheet), csv):
        assert ("0812 0000 1111" in text, "rahasia@contoh.test" in text) == (may_see, may_see)


def test_a_person_of_another_workshop_is_not_found(as_role, running):
    other = factories.ParticipantFactory(workshop=factories.WorkshopFactory())
    client = as_role("planner")
    for name in (
        "participant_edit",
        "participant_delete",
        "check_in_arrive",
        "check_in_leave",
        "check_in_undo_arrival",
    ):
        assert client.post(url(name, running, other.pk)).status_code == 404


def test_nothing_changes_by_get(as_role, running, person):
    client = as_role("planner")
    for name, *args in (("check_in_arrive", person.pk), ("participant_delete", person.pk), ("check_in_renew",)):
        assert client.get(url(name, running, *args)).status_code == 405
    assert times(person) == (None, None)


# --- the list --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rows", [1, 3, 1_000])
def test_the_list_asks_the_same_number_of_questions(as_role, running, django_assert_num_queries, rows):
    people = [
        factories.ParticipantFactory.build(workshop=running, organization_name=f"Dinas {n % 9}") for n in range(rows)
    ]
    Participant.objects.bulk_create(people)
    client = as_role("planner")
    with django_assert_num_queries(11):
        page = client.get(url("participants", running))
    assert page.context["counts"]["invited"] == rows
    assert len(page.context["page_obj"]) == min(rows, 50)


def test_counts_in_all_and_by_organization(running, agency, moment):
    make = factories.ParticipantFactory
    make(workshop=running, organization=agency, organization_name="Disperkimhub", sex="P", arrived_at=moment(9))
    make(workshop=running, organization=agency, organization_name=agency.name.upper(), sex="L")
    make(workshop=running, organization_name="LKM  Tanjung", sex="L", arrived_at=moment(9), is_invited=False)
    make(workshop=running, organization_name="lkm tanjung", arrived_at=moment(9))
    make(workshop=factories.WorkshopFactory())
    assert running.participants.counts() == {
        "invited": 3, "present": 3, "walk_in": 1, "female": 1, "male": 1, "sex_unknown": 1,
    }  # fmt: skip
    assert {
        (t.institution.casefold().replace("  ", " "), t.invited, t.present, t.female, t.male)
        for t in running.participants.by_organization()
    } == {
        ("dinas uji permukiman", 2, 1, 1, 0),
        ("lkm tanjung", 1, 2, 0, 1),
    }


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({}, ["Ana", "Budi", "Citra"]),
        ({"show": "present"}, ["Budi", "Citra"]),
        ({"show": "absent"}, ["Ana"]),
        ({"show": "invited"}, ["Ana", "Budi"]),
        ({"show": "nonsense"}, ["Ana", "Budi", "Citra"]),
        ({"search": "bud"}, ["Budi"]),
        ({"search": "disperkim lurah"}, ["Ana"]),
        ({"search": "ana", "show": "present"}, []),
        ({"page": "99"}, ["Ana", "Budi", "Citra"]),
        ({"search": "%' OR 1=1 --"}, []),
    ],
)
def test_search_and_filter_on_the_page_and_in_the_export(as_role, running, agency, moment, query, expected):
    make = factories.ParticipantFactory
    make(workshop=running, name="Ana", position="Lurah", organization=agency, organization_name="")
    make(workshop=running, name="Budi", arrived_at=moment(9))
    make(workshop=running, name="Citra", arrived_at=moment(9), is_invited=False)
    client = as_role("planner")
    page = client.get(url("participants", running), query)
    assert [row.name for row in page.context["page_obj"]] == expected
    (sheet,) = read_tables(client.get(url("participant_export_csv", running), query).content, "x.csv")
    assert [row.values[0] for row in sheet.rows[1:]] == expected


# --- add, edit, remove -----------------------------------------------------------------------------------

NEW = {
    "name": "Budi Contoh, S.T.",
    "position": "Kasi",
    "organization_name": "Disperkimhub",
    "sex": "L",
    "phone": "",
    "email": "",
    "is_invited": "on",
    "note": "",
}


def test_add_a_person_as_written_and_link_the_organization(as_role, workshop, agency):
    as_role("planner").post(url("participant_create", workshop), NEW)
    (person,) = workshop.participants.all()
    assert (person.name, person.organization_name, person.organization, person.is_invited) == (
        "Budi Contoh, S.T.", "Disperkimhub", agency, True,
    )  # fmt: skip


@pytest.mark.parametrize("name", ["<script>alert(1)</script>", "Budi 🏘️ Contoh", "X" * 80, "Romi'at & Co", "=1+1"])
def test_names_stay_as_they_are_written(as_role, workshop, name):
    client = as_role("planner")
    client.post(url("participant_create", workshop), NEW | {"name": name})
    assert names(workshop) == [name]
    page = client.get(url("participants", workshop)).content.decode()
    assert "<script>alert" not in page


def test_a_name_that_is_too_long_stays_in_the_form(as_role, workshop):
    answer = as_role("planner").post(url("participant_create", workshop), NEW | {"name": "X" * 201})
    assert answer.context["form"].errors.keys() == {"name"}
    assert "X" * 201 in answer.content.decode()
    assert names(workshop) == []


def test_the_same_name_and_organization_is_asked_about_not_refused(as_role, workshop):
    factories.ParticipantFactory(workshop=workshop, name="budi contoh  s.t.", organization_name="DISPERKIMHUB")
    client = as_role("planner")
    answer = client.post(url("participant_create", workshop), NEW)
    assert (answer.status_code, len(names(workshop))) == (200, 1)
    assert 'name="is_another_person"' in answer.content.decode()
    client.post(url("participant_create", workshop), NEW | {"is_another_person": "on"})
    assert len(names(workshop)) == 2


def test_somebody_of_the_same_name_elsewhere_is_no_question(as_role, workshop):
    factories.ParticipantFactory(workshop=workshop, name=NEW["name"], organization_name="LKM Tanjung")
    as_role("planner").post(url("participant_create", workshop), NEW)
    assert len(names(workshop)) == 2


def test_times_are_edited_on_the_day_of_the_event(as_role, running, person, moment):
    values = NEW | {"arrived_time": "08:40", "left_time": "12:30"}
    as_role("planner").post(url("participant_edit", running, person.pk), values)
    assert times(person) == (moment(8, 40), moment(12, 30))


def test_times_that_were_not_touched_keep_their_seconds(as_role, running, person, planner, moment):
    at = moment(9, 5) + datetime.timedelta(seconds=42)
    person.arrive(at=at, by=planner)
    as_role("planner").post(url("participant_edit", running, person.pk), NEW | {"arrived_time": "09:05"})
    assert times(person) == (at, None)


@pytest.mark.parametrize(
    "times_typed", [{"left_time": "12:30"}, {"arrived_time": "12:30", "left_time": "09:00"}, {"arrived_time": "25:00"}]
)
def test_impossible_times_stay_in_the_form(as_role, running, person, times_typed):
    answer = as_role("planner").post(url("participant_edit", running, person.pk), NEW | times_typed)
    assert answer.context["form"].errors
    assert names(running) == [person.name]
    assert times(person) == (None, None)


def test_a_stale_form_does_not_overwrite(as_role, running, person):
    client = as_role("planner")
    seen = client.get(url("participant_edit", running, person.pk)).context["form"]["seen"].value()
    client.post(url("participant_edit", running, person.pk), NEW | {"seen": seen, "name": "Pertama"})
    answer = client.post(url("participant_edit", running, person.pk), NEW | {"seen": seen, "name": "Kedua"})
    assert "Kedua" in answer.content.decode()
    assert names(running) == ["Pertama"]


@pytest.mark.parametrize("status", ["closed", "cancelled"])
def test_in_a_final_workshop_one_sentence_and_what_was_typed_stays(as_role, workshop, status):
    person = factories.ParticipantFactory(workshop=workshop, name="Ana")
    put_in(workshop, status)
    client = as_role("planner")
    for address in (url("participant_create", workshop), url("participant_edit", workshop, person.pk)):
        answer = client.post(address, NEW)
        assert answer.context["form"].non_field_errors()
        assert NEW["name"] in answer.content.decode()
    answer = client.post(url("participant_invite", workshop), {"seats": 1, "people": "Citra; Kasi"})
    assert "Citra; Kasi" in answer.content.decode()
    assert client.post(url("participant_delete", workshop, person.pk), follow=True).status_code == 200
    assert names(workshop) == ["Ana"]


def test_without_the_right_to_see_contacts_they_are_not_overwritten(as_role, running, people):
    person = factories.ParticipantFactory(workshop=running, name="Ana", phone="0812 0000 1111")
    people["planner"].groups.get().permissions.remove(
        *people["planner"].groups.get().permissions.filter(codename="view_contact")
    )
    client = as_role("planner")
    page = client.get(url("participant_edit", running, person.pk)).content.decode()
    assert "0812" not in page
    client.post(url("participant_edit", running, person.pk), NEW | {"phone": "1"})
    person.refresh_from_db()
    assert (person.name, person.phone) == (NEW["name"], "0812 0000 1111")


def test_suggestions_come_from_workshops_that_one_may_see(as_role, workshop, people):
    factories.ParticipantFactory(workshop=factories.WorkshopFactory(), name="Ana Lama", phone="0812 0000 1111")
    page = as_role("planner").get(url("participant_create", workshop)).content.decode()
    assert "Ana Lama" in page
    assert "0812 0000 1111" not in page
    visible = Participant.objects.visible_to(people["opd_user"])
    assert visible.suggestions() == {"names": [], "positions": [], "organizations": []}


# --- inviting --------------------------------------------------------------------------------------------


def test_several_organizations_and_people_at_once(as_role, workshop, agency):
    other = factories.OrganizationFactory(name="Dinas Uji Lain", short_name="DUL")
    data = {"organizations": [agency.pk, other.pk], "seats": 2, "people": "Ana Contoh; Lurah; DUL\n\n Budi  Contoh "}
    client = as_role("planner")
    client.post(url("participant_invite", workshop), data)
    rows = list(
        workshop.participants.values_list("name", "position", "organization_name", "organization", "is_invited")
    )
    seats = [("", "", o.name, o.pk, True) for o in (agency, agency, other, other)]
    assert sorted(rows[:4]) == sorted(seats)
    assert rows[4:] == [("Ana Contoh", "Lurah", "DUL", other.pk, True), ("Budi Contoh", "", "", None, True)]
    # the second click, and two more seats for one of them
    client.post(url("participant_invite", workshop), data)
    assert workshop.participants.count() == 6
    client.post(url("participant_invite", workshop), {"organizations": [agency.pk], "seats": 4, "people": ""})
    assert workshop.participants.filter(organization=agency).count() == 4
    assert workshop.participants.first().history.get().history_user.username == "planner"


@pytest.mark.parametrize(
    "data",
    [
        {"seats": 1, "people": ""},
        {"seats": 0, "people": "Ana"},
        {"seats": 1, "people": "a; b; c; d"},
        {"seats": 1, "people": "x" * 201},
        {"seats": 1, "people": "Ana", "organizations": ["999999"]},
    ],
)
def test_an_invitation_that_cannot_be_read_stays_in_the_form(as_role, workshop, data):
    answer = as_role("planner").post(url("participant_invite", workshop), data)
    assert answer.context["form"].errors
    assert data["people"] in answer.content.decode()
    assert names(workshop) == []


def test_taken_off_the_list(as_role, running, person):
    as_role("planner").post(url("participant_delete", running, person.pk))
    assert names(running) == []
    assert Participant.history.filter(history_type="-", name=person.name).count() == 1


def test_an_empty_list_says_the_next_step(as_role, workshop):
    page = as_role("planner").get(url("participants", workshop)).content.decode()
    assert url("participant_invite", workshop) in page
    put_in(workshop, "closed")
    assert (
        url("participant_invite", workshop)
        not in as_role("planner").get(url("participants", workshop)).content.decode()
    )


def test_export_gives_local_times(as_role, running, person, planner, moment):
    person.arrive(at=moment(9, 5), by=planner)
    content = as_role("planner").get(url("participant_export_csv", running)).content.decode()
    assert "09.05" in content
    assert timezone.localtime(person.arrived_at).hour == 9
