"""The Pokja's sitting: its queue one item after the other, decisions, the lock."""

import datetime
import re

import pytest

from agreements.models import FollowUp, Review, ReviewItem
from tests import factories
from workshops.models import Workshop

HELD = datetime.date(2026, 3, 20)


@pytest.fixture
def review(db):
    return factories.ReviewFactory(held_on=HELD)


@pytest.fixture
def queue(people):
    """Three that are late, the first due first."""
    late = [factories.FollowUpFactory(due_on=HELD - datetime.timedelta(days=30 - number)) for number in range(3)]
    announced()
    return late


def announced():
    """Members see what is done about a workshop from its invitation on."""
    Workshop.objects.update(status="in_progress")


@pytest.fixture
def member(client, reviewer):
    client.force_login(reviewer, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def said(answer) -> str:
    return answer.content.decode()


def decide(client, review, follow_up, **values):
    sent = {"version": 0, "decision": "speed_up", "note": "", "next_check_on": "2026-04-20"} | values
    return client.post(f"{review.get_absolute_url()}items/{follow_up.pk}/", sent)


def test_a_sitting_is_opened_with_its_members(as_role, people):
    answer = as_role("planner").post(
        "/agreements/review/new/",
        {"held_on": "2026-03-20", "place": "Ruang uji", "members": [people["pokja_member"].pk]},
    )
    review = Review.objects.get()
    assert answer.headers["Location"] == review.get_absolute_url()
    assert list(review.members.all()) == [people["pokja_member"]]


def test_two_sittings_on_a_day_are_told(as_role, review):
    answer = as_role("planner").post("/agreements/review/new/", {"held_on": HELD.isoformat(), "place": "Tempat saya"})
    assert "Sudah ada sidang pada tanggal ini." in said(answer)
    assert "Tempat saya" in said(answer)
    assert Review.objects.count() == 1


def test_the_queue_is_worked_through_item_after_item(member, review, queue):
    first, second, third = queue
    page = member.get(f"{review.get_absolute_url()}queue/")
    assert first.activity in said(page)
    answer = decide(member, review, first, note="Percepat sebelum musim hujan.")
    assert answer.headers["Location"] == f"{review.get_absolute_url()}queue/?item={second.pk}"
    skipped = said(member.get(answer.headers["Location"]))
    assert f"?item={third.pk}" in skipped
    answer = decide(member, review, third, decision="escalate")
    assert answer.headers["Location"].endswith(f"?item={second.pk}")
    answer = decide(member, review, second, decision="continue")
    end = member.get(answer.headers["Location"], follow=True)
    assert "Seluruh antrean sudah diputuskan" in said(end)
    assert "Percepat sebelum musim hujan." in said(end)
    assert FollowUp.objects.get(pk=first.pk).direction == "Percepat sebelum musim hujan."


def test_what_is_new_since_the_sitting_before_is_marked(member, queue, planner):
    factories.ReviewFactory(held_on=HELD - datetime.timedelta(days=30))
    review = factories.ReviewFactory(held_on=HELD)
    old, new = (datetime.datetime(2026, month, 15, tzinfo=datetime.UTC) for month in (1, 3))
    queue[0].report(by=planner, at=old, note="Kabar lama.")
    queue[0].report(by=planner, at=new, note="Kabar baru.")
    text = said(member.get(f"{review.get_absolute_url()}queue/?item={queue[0].pk}"))
    marked = re.findall(r'<li class="is-new">(.*?)</li>', text, re.DOTALL)
    assert len(marked) == 1
    assert "Kabar baru." in marked[0]


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"decision": ""}, "Pilih keputusannya."),
        ({"next_check_on": "2026-03-20"}, "Pemeriksaan berikutnya harus setelah tanggal sidang."),
    ],
)
def test_a_bad_decision_is_told_and_the_direction_stays(member, review, queue, values, sentence):
    answer = decide(member, review, queue[0], note="Arahan saya.", **values)
    assert sentence in said(answer)
    assert "Arahan saya." in said(answer)
    assert not ReviewItem.objects.exists()


def test_two_reviewers_at_once_are_told_and_the_second_may_repeat(client, member, review, queue, reviewer):
    second = factories.UserFactory(role="pokja_member", organization=factories.OrganizationFactory())
    decide(member, review, queue[0], note="Yang pertama.")
    client.force_login(second, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = decide(client, review, queue[0], note="Yang kedua.")
    assert f"{reviewer} sudah memutuskannya sementara itu" in said(answer)
    assert "Yang kedua." in said(answer)
    assert ReviewItem.objects.get().note == "Yang pertama."
    version = re.search(r'name="version" value="(\d+)"', said(answer))[1]
    assert decide(client, review, queue[0], note="Yang kedua.", version=version).status_code == 302
    assert ReviewItem.objects.get().note == "Yang kedua."


def test_nobody_decides_about_the_own_organizations_work(as_role, review, own):
    FollowUp.objects.update(due_on=HELD - datetime.timedelta(days=5))
    announced()
    client = as_role("pokja_member")
    assert 'name="decision"' not in said(client.get(f"{review.get_absolute_url()}queue/?item={own.pk}"))
    assert "instansi Anda sendiri" in said(decide(client, review, own))
    assert not ReviewItem.objects.exists()


def test_the_queue_passes_over_the_own_organizations_work(member, review, queue, reviewer):
    first, second, third = queue
    FollowUp.objects.filter(pk=second.pk).update(responsible_organization=reviewer.organization)
    assert "diputuskan instansi lain" in said(member.get(review.get_absolute_url()))
    answer = decide(member, review, first)
    assert answer.headers["Location"] == f"{review.get_absolute_url()}queue/?item={third.pk}"
    answer = decide(member, review, third)
    end = said(member.get(answer.headers["Location"], follow=True))
    assert "Anda sudah memutuskan semua yang dapat Anda putuskan." in end
    assert f'href="{review.get_absolute_url()}queue/"' not in end


def test_a_member_is_told_who_opens_a_sitting(as_role, db):
    assert "Perencana yang membuka sidang" in said(as_role("pokja_member").get("/agreements/review/"))
    assert "Perencana yang membuka sidang" not in said(as_role("planner").get("/agreements/review/"))


def test_a_closed_sitting_takes_no_date(member, as_role, review, queue, planner, now):
    decide(member, review, queue[0])
    review.close(by=planner, at=now)
    answer = decide(member, review, queue[1])
    assert answer.headers["Location"] == review.get_absolute_url()
    assert "keputusan dan tanggalnya tetap" in said(member.get(review.get_absolute_url()))
    assert ReviewItem.objects.count() == 1
    assert "keputusan dan tanggalnya tetap" in said(
        as_role("planner").post(f"{review.get_absolute_url()}edit/", {"held_on": "2026-03-25"})
    )


def test_an_empty_sitting_is_not_closed(as_role, review):
    answer = as_role("verifier").post(f"{review.get_absolute_url()}close/", follow=True)
    assert "Belum ada keputusan dalam sidang ini." in said(answer)
    assert Review.objects.get().status == "open"


def test_closing_says_what_is_left(as_role, review, queue):
    assert "3 butir antrean belum diputuskan" in said(as_role("verifier").get(f"{review.get_absolute_url()}close/"))


@pytest.mark.parametrize("role", ["planner", "verifier", "opd_user", "village_user", "viewer"])
def test_only_the_pokja_decides(as_role, review, queue, role):
    assert as_role(role).get(f"{review.get_absolute_url()}queue/").status_code in (403, 404)
    assert decide(as_role(role), review, queue[0]).status_code in (403, 404)
    assert not ReviewItem.objects.exists()


@pytest.mark.parametrize("role", ["village_user", "viewer"])
def test_sittings_are_internal(as_role, review, role):
    assert as_role(role).get("/agreements/review/").status_code == 403
    assert as_role(role).get(review.get_absolute_url()).status_code == 404


@pytest.mark.parametrize(("page", "queries"), [("", 13), ("queue/", 22)])
def test_a_sitting_asks_the_same_number_of_questions(member, review, page, queries, django_assert_num_queries):
    late = HELD - datetime.timedelta(days=5)
    factories.EvidenceFactory(follow_up=factories.FollowUpFactory(due_on=late))
    announced()
    url = f"{review.get_absolute_url()}{page}"
    member.get(url)
    with django_assert_num_queries(queries):
        member.get(url)
    for _number in range(2):
        factories.EvidenceFactory(follow_up=factories.FollowUpFactory(due_on=late))
    announced()
    with django_assert_num_queries(queries):
        member.get(url)


@pytest.fixture
def mixed_queue(people):
    """Two on one day, one later, two without a date; what is not due is no part of it."""
    days = [HELD - datetime.timedelta(days=9), HELD - datetime.timedelta(days=9), HELD, None, None]
    made = [factories.FollowUpFactory(due_on=day, status="not_started" if day else "blocked") for day in days]
    factories.FollowUpFactory(due_on=HELD + datetime.timedelta(days=200))
    announced()
    return made


def test_each_item_knows_its_place_and_its_neighbours(member, review, mixed_queue):
    url = f"{review.get_absolute_url()}queue/"
    pks = [one.pk for one in mixed_queue]
    for place, pk in enumerate(pks, start=1):
        context = member.get(f"{url}?item={pk}").context
        assert (context["place"], context["total"], context["decided"]) == (place, 5, 0)
        assert context["previous_url"] == (f"{url}?item={pks[place - 2]}" if place > 1 else "")
        assert context["next_url"] == (f"{url}?item={pks[place]}" if place < 5 else "")


def test_deciding_goes_on_behind_and_then_from_the_front(member, review, mixed_queue):
    url = f"{review.get_absolute_url()}queue/"
    order = [2, 3, 4, 0, 1]
    for number, (here, following) in enumerate(zip(order, [*order[1:], None], strict=True), start=1):
        answer = decide(member, review, mixed_queue[here])
        expected = url if following is None else f"{url}?item={mixed_queue[following].pk}"
        assert answer.headers["Location"] == expected
        if following is not None:
            assert member.get(expected).context["decided"] == number
    assert member.get(url).headers["Location"] == review.get_absolute_url()


def test_the_queue_begins_with_the_first_that_is_undecided(member, review, mixed_queue):
    for one in mixed_queue[:4]:
        decide(member, review, one)
    assert member.get(f"{review.get_absolute_url()}queue/").context["follow_up"] == mixed_queue[4]


def test_what_is_not_in_the_queue_has_no_page_in_it(member, review, mixed_queue):
    outside = FollowUp.objects.get(due_on__gt=HELD + datetime.timedelta(days=100))
    assert member.get(f"{review.get_absolute_url()}queue/?item={outside.pk}").status_code == 404


# --- home ---------------------------------------------------------------------------------------------------------
def test_home_tells_the_owner_what_is_due(as_role, own):
    FollowUp.objects.update(due_on=datetime.date.today() - datetime.timedelta(days=3))
    announced()
    text = said(as_role("opd_user").get("/"))
    assert own.activity in text
    assert f"{own.get_absolute_url()}report/" in text


def test_home_tells_the_owner_what_was_returned(as_role, own, reviewer, now):
    announced()
    factories.EvidenceFactory(follow_up=own, title="Foto gelap").send_back(by=reviewer, at=now, note="Terlalu gelap.")
    assert "Terlalu gelap." in said(as_role("opd_user").get("/"))


def test_home_tells_the_reviewer_what_waits(member, own, review):
    announced()
    factories.EvidenceFactory(follow_up=own, title="Foto menunggu")
    text = said(member.get("/"))
    assert "Foto menunggu" in text
    assert f"{review.get_absolute_url()}queue/" in text
    assert 'href="/agreements/review/"' in text


def test_home_tells_who_plans_what_is_unsigned_and_unanswered(as_role, record, planner, now):
    factories.MinutesEntryFactory(workshop=record.workshop, kind="promise")
    record.open_for_signing(by=planner, at=now)
    text = said(as_role("planner").get("/"))
    assert "2 belum menjawab" in text
    assert "1 permasalahan atau janji dalam notulen belum dijawab" in text
    assert "belum menjawab" not in said(as_role("opd_user").get("/"))
