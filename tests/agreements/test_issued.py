"""Record, sitting and matrix are drafts until their moment; then they are kept as issued, and withdrawn when it passes."""

import hashlib
import json
from datetime import timedelta

import pytest
from django.core.management import call_command
from django.utils import timezone
from django_q.models import OrmQ

from agreements import documents
from agreements.documents.papers import criterion_names
from agreements.models import Agreement, AgreementCriterion, FollowUp, Funding, Review
from core import formats, issuing
from core.models import IssuedPaper
from core.refusals import Refused
from slumareas import scoring
from tests import factories
from tests.agreements import records

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("quick")]
HELD = records.DAY
CODE = b"/verify/"


def issued_of(kind: str) -> IssuedPaper:
    return IssuedPaper.objects.in_force().get(kind=kind)


def sitting(follow_ups, people, held_on=HELD, **values) -> Review:
    """Closed now, so that the history, which knows only the clock, comes before and after it as in life."""
    review = factories.ReviewFactory(held_on=held_on, created_by=people["planner"], **values)
    member = factories.UserFactory(role="pokja_member", organization=factories.OrganizationFactory())
    for follow_up in follow_ups:
        review.decide(follow_up, by=member, at=timezone.now(), decision="continue", note="Arahan rahasia")
    review.close(by=people["verifier"], at=timezone.now())
    return review


@pytest.fixture
def workshop(planner):
    return records.published(planner, title="Lokakarya Uji Terbit")


@pytest.fixture
def work(workshop, agency):
    return records.follow_up(
        workshop.agreements.get(), agency, activity="Kegiatan uji", responsible_person="Rahmat Uji"
    )


@pytest.fixture
def review(work, people):
    return sitting([work], people)


# --- record of agreement ----------------------------------------------------------------------------------
def test_a_record_is_a_draft_until_it_is_published(planner):
    workshop = records.drafted()
    record = workshop.agreement_record
    assert CODE not in documents.record_as_issued(workshop)
    record.open_for_signing(by=planner, at=records.AT)
    workshop.refresh_from_db()
    assert CODE not in documents.record_as_issued(workshop)
    assert not IssuedPaper.objects.exists()


def test_a_published_record_is_kept_with_its_code(workshop, planner):
    first = documents.record_as_issued(workshop)
    paper = issued_of("agreement_record")
    assert CODE + paper.code.encode() in first
    assert paper.grouped_code.encode() in first
    assert documents.record_as_issued(workshop) == first
    assert (paper.sha256, paper.key) == (hashlib.sha256(first).hexdigest(), workshop.slug)
    assert (paper.issued_by, paper.issued_at, paper.dated_on) == (planner, records.AT, workshop.held_on)
    assert paper.signers == "Budi Contoh, Kepala Dinas, Dinas Uji"
    assert paper.record_version == str(workshop.agreement_record.changes.last().pk)


def test_only_those_who_signed_are_signers(planner):
    workshop = records.drafted(signatories=("Budi Contoh", "Siti Menolak", "Wati Menunjuk"))
    record = workshop.agreement_record
    record.open_for_signing(by=planner, at=records.AT)
    signed, declined, delegating = record.signatories.order_by("order")
    signed.sign(by=planner, at=records.AT, how="paper", on=HELD)
    declined.decline(by=planner, at=records.AT, reason="Tidak setuju")
    delegating.delegate(by=planner, at=records.AT, signs_for="a.n.", name="Tono Wakil", position="Sekretaris")
    delegating.sign(by=planner, at=records.AT, how="paper", on=HELD)
    record.publish(by=planner, at=records.AT)
    assert documents.final_record(record).signers == [
        "Budi Contoh, Kepala Dinas, Dinas Uji",
        "Tono Wakil, a.n. Kepala Dinas, Dinas Uji, Sekretaris",
    ]


def test_what_classifies_a_signed_agreement_may_change_and_the_record_stays(workshop, agency):
    first = documents.record_as_issued(workshop)
    agreement = workshop.agreements.get()
    agreement.note = "Catatan yang datang kemudian"
    agreement.save()
    agreement.organizations.add(agency)
    assert documents.record_as_issued(workshop) == first


def test_an_amendment_makes_a_new_issue(workshop, planner):
    first = documents.record_as_issued(workshop)
    former = issued_of("agreement_record")
    amended_at = records.AT + timedelta(days=3)
    workshop.agreements.get().amend(by=planner, at=amended_at, text="Naskah baru.", reason="Salah ketik")
    former.refresh_from_db()
    assert former.withdrawn_at == amended_at
    second = documents.record_as_issued(workshop)
    newer = issued_of("agreement_record")
    former.refresh_from_db()
    assert former.superseded_by == newer
    assert (newer.record_version, newer.issued_at) == (f"{former.record_version}.1", amended_at)
    assert second != first
    assert b"Naskah baru." in second


def test_another_number_makes_a_new_issue_that_is_not_older_than_the_end_of_the_former(workshop):
    documents.record_as_issued(workshop)
    former = issued_of("agreement_record")
    record = workshop.agreement_record
    record.save()
    assert issued_of("agreement_record") == former
    record.number = "12/BA/2026"
    record.save()
    former.refresh_from_db()
    assert former.withdrawn_at
    documents.record_as_issued(workshop)
    newer = issued_of("agreement_record")
    assert (newer.number, newer.issued_at) == ("12/BA/2026", former.withdrawn_at)


@pytest.mark.parametrize("role", ["admin", "planner", "verifier", "pokja_member", "opd_user", "village_user", "viewer"])
def test_whoever_may_not_see_signatures_gets_a_record_without_a_code(as_role, workshop, role):
    content = as_role(role).get(f"/workshops/{workshop.slug}/agreement-record.pdf").content
    assert (CODE in content) == (role in ("admin", "planner", "verifier"))


# --- annex ----------------------------------------------------------------------------------------------
def test_all_criteria_of_a_rule_set_are_said_in_one_line():
    sixteen, nineteen = (set(scoring.RULE_SETS[key].keys) for key in ("permen_14_2018", "permen_2_2016"))
    assert criterion_names(sixteen) == ["semua 16 kriteria (Permen PUPR 14/PRT/M/2018)"]
    assert criterion_names(nineteen) == ["semua 19 kriteria (Permen PUPR 02/PRT/M/2016)"]
    [whole, besides] = criterion_names({*sixteen, scoring.OPEN_SPACE.key})
    assert (whole, besides) == (criterion_names(sixteen)[0], scoring.OPEN_SPACE.label)
    one_short = sorted(sixteen)[1:]
    assert len(criterion_names(set(one_short))) == 15
    assert criterion_names(set()) == []


def test_all_areas_are_said_only_where_they_are_all(planner):
    workshop = records.drafted()
    agreement = workshop.agreements.get()
    for name in ("Kawasan Satu", "Kawasan Dua"):
        agreement.slum_areas.add(factories.SlumAreaFactory(name=name))
    for key in scoring.RULE_SETS["permen_14_2018"].keys:
        AgreementCriterion.objects.create(agreement=agreement, criterion=key)
    told = documents.agreement_record(workshop).decode()
    assert "semua kawasan (2)" in told
    assert "semua 16 kriteria" in told
    assert "Kawasan Satu" not in told
    factories.SlumAreaFactory(name="Kawasan Tiga")
    for told in (
        documents.agreement_record(workshop).decode(),
        documents.agreement_extract(agreement, FollowUp.objects.none()).decode(),
    ):
        assert "semua kawasan" not in told
        assert "Kawasan Satu" in told


def test_the_only_area_there_is_is_named(planner):
    workshop = records.drafted()
    workshop.agreements.get().slum_areas.add(factories.SlumAreaFactory(name="Kawasan Tunggal"))
    assert "Kawasan Tunggal" in documents.agreement_record(workshop).decode()


# --- minutes of a sitting -------------------------------------------------------------------------------
def test_an_open_sitting_has_a_draft(people, work):
    review = factories.ReviewFactory()
    content = documents.review_minutes_as_issued(review)
    assert CODE not in content
    assert b"Rapat belum ditutup" in content
    assert not IssuedPaper.objects.exists()


def test_the_minutes_of_a_closed_sitting_are_kept(review, people):
    first = documents.review_minutes_as_issued(review)
    paper = issued_of("review_minutes")
    assert CODE + paper.code.encode() in first
    assert documents.review_minutes_as_issued(review) == first
    assert (paper.key, paper.dated_on, paper.number) == (HELD.isoformat(), HELD, "")
    assert (paper.issued_by, paper.issued_at) == (people["verifier"], review.closed_at)
    assert paper.signers.split(", ")[0] == str(people["planner"])


def test_reopening_a_sitting_withdraws_its_papers_and_closing_issues_anew(review, people, workshop):
    documents.review_minutes_as_issued(review)
    documents.matrix_of(review, workshop)
    former = list(IssuedPaper.objects.in_force())
    at = review.closed_at + timedelta(seconds=1)
    review.reopen(by=people["verifier"], at=at, reason="Salah catat")
    assert [paper.kind for paper in former] == ["follow_up_matrix", "review_minutes"]
    assert not IssuedPaper.objects.in_force().exists()
    assert CODE not in documents.review_minutes_as_issued(review)
    assert CODE not in documents.matrix_as_issued(workshop, on=HELD)
    assert documents.matrix_of(review, workshop) is None
    review.close(by=people["verifier"], at=timezone.now())
    documents.review_minutes_as_issued(review)
    documents.matrix_of(review, workshop)
    for paper in former:
        paper.refresh_from_db()
        assert (paper.withdrawn_at, paper.superseded_by) == (at, issued_of(paper.kind))


def test_a_refused_reopening_withdraws_nothing(review, people):
    documents.review_minutes_as_issued(review)
    with pytest.raises(Refused):
        review.reopen(by=people["verifier"], at=timezone.now(), reason=" ")
    assert issued_of("review_minutes")


def test_closing_asks_the_worker_for_the_papers_at_once(work, people):
    before = OrmQ.objects.count()
    sitting([work], people)
    assert OrmQ.objects.count() == before + 1
    with pytest.raises(Refused):
        factories.ReviewFactory(held_on=HELD + timedelta(days=1)).close(by=people["verifier"], at=timezone.now())
    assert OrmQ.objects.count() == before + 1


@pytest.mark.parametrize("role", ["admin", "planner", "verifier", "pokja_member", "opd_user"])
def test_whoever_reads_sittings_gets_the_kept_minutes(as_role, review, role):
    content = as_role(role).get(f"/agreements/review/{review.pk}/review-minutes.pdf").content
    assert content == issuing.content_of(issued_of("review_minutes"))


@pytest.mark.parametrize("role", ["village_user", "viewer"])
def test_a_sitting_stays_unknown_to_others(as_role, review, role):
    assert as_role(role).get(f"/agreements/review/{review.pk}/review-minutes.pdf").status_code == 404
    assert not IssuedPaper.objects.exists()


def test_minutes_of_which_somebody_sees_a_part_bear_no_code(as_role, work, people, agency):
    hidden = factories.FollowUpFactory(responsible_organization=agency)
    review = sitting([work, hidden], people)
    type(hidden.workshop).objects.filter(pk=hidden.workshop_id).update(status="draft")
    content = as_role("pokja_member").get(f"/agreements/review/{review.pk}/review-minutes.pdf").content
    assert CODE not in content
    assert CODE in as_role("planner").get(f"/agreements/review/{review.pk}/review-minutes.pdf").content


# --- matrix of follow-ups -------------------------------------------------------------------------------
def test_the_matrix_is_a_draft_until_a_sitting_is_closed(work, workshop, reviewer):
    assert CODE not in documents.matrix_as_issued(workshop, on=HELD)
    review = factories.ReviewFactory(held_on=HELD)
    review.decide(work, by=reviewer, at=timezone.now(), decision="continue")
    assert CODE not in documents.matrix_as_issued(workshop, on=HELD)
    assert documents.matrix_of(review, workshop) is None
    assert not IssuedPaper.objects.exists()


def test_the_matrix_is_kept_as_the_sitting_left_it(review, workshop, people):
    first = documents.matrix_as_issued(workshop, on=HELD + timedelta(days=40))
    paper = issued_of("follow_up_matrix")
    assert CODE + paper.code.encode() in first
    assert f"Lampiran notula rapat Pokja PKP {formats.official_date(HELD)}" in first.decode()
    assert documents.matrix_as_issued(workshop, on=HELD) == first
    assert (paper.key, paper.edition, paper.signers) == (workshop.slug, HELD.isoformat(), "")
    assert (paper.issued_by, paper.issued_at) == (people["verifier"], review.closed_at)
    assert paper.dated_on == timezone.localdate(review.closed_at)


def changed_agreement(work, workshop, people):
    workshop.agreements.get().amend(by=people["planner"], at=timezone.now(), text="Lain.", reason="Keliru")


@pytest.mark.parametrize(
    "change",
    [
        lambda work, workshop, people: work.start(by=people["planner"], at=timezone.now()),
        lambda work, workshop, people: Funding.objects.create(follow_up=work, source="dak", amount=5),
        lambda work, workshop, people: factories.EvidenceFactory(follow_up=work),
        lambda work, workshop, people: records.follow_up(
            workshop.agreements.get(), work.responsible_organization, at=timezone.now(), activity="Baru"
        ),
        changed_agreement,
    ],
    ids=["progress", "funding", "evidence", "new", "amended"],
)
def test_once_something_changes_the_matrix_stands_as_it_is_and_the_edition_stays(
    review, work, workshop, people, change
):
    kept = documents.matrix_as_issued(workshop, on=HELD)
    work.refresh_from_db()
    change(work, workshop, people)
    assert CODE not in documents.matrix_as_issued(workshop, on=HELD)
    assert issuing.content_of(documents.matrix_of(review, workshop)) == kept
    assert issued_of("follow_up_matrix").is_in_force


def test_what_changed_before_it_was_kept_is_no_edition_of_the_sitting(review, work, workshop, people):
    work.refresh_from_db()
    work.start(by=people["planner"], at=timezone.now())
    assert documents.matrix_of(review, workshop) is None
    assert list(documents.unissued_matrices()) == []


def test_a_sitting_has_no_matrix_of_a_workshop_that_it_did_not_look_at(review, planner):
    assert documents.matrix_of(review, records.published(planner)) is None


def test_the_next_sitting_makes_its_own_edition(review, work, workshop, people):
    documents.matrix_of(review, workshop)
    work.refresh_from_db()
    later = sitting([work], people, held_on=HELD + timedelta(days=30))
    assert CODE in documents.matrix_as_issued(workshop, on=HELD)
    editions = IssuedPaper.objects.in_force().filter(kind="follow_up_matrix").values_list("edition", flat=True)
    assert set(editions) == {review.key, later.key}


def test_a_matrix_beyond_what_anybody_reads_is_not_kept(review, workshop, monkeypatch):
    monkeypatch.setattr("agreements.documents.issued.MATRIX_ROWS", 0)
    assert documents.matrix_of(review, workshop) is None
    assert list(documents.unissued_matrices()) == []


@pytest.mark.parametrize("role", ["admin", "planner", "verifier", "pokja_member", "opd_user"])
def test_whoever_reads_sittings_gets_the_kept_matrix(as_role, review, workshop, role):
    page = f"/workshops/{workshop.slug}/follow-up-matrix.pdf"
    content = as_role(role).get(page).content
    assert content == issuing.content_of(issued_of("follow_up_matrix"))
    assert as_role(role).get(f"{page}?sitting={review.key}").content == content


@pytest.mark.parametrize("role", ["village_user", "viewer"])
def test_others_get_a_matrix_without_a_code(as_role, review, workshop, role):
    page = f"/workshops/{workshop.slug}/follow-up-matrix.pdf"
    assert CODE not in as_role(role).get(page).content
    assert as_role(role).get(f"{page}?sitting={review.key}").status_code == 404
    assert not IssuedPaper.objects.exists()


@pytest.mark.parametrize("day", ["2026-01-01", "kemarin", "", "2026-13-40"])
def test_there_is_no_edition_without_a_sitting(as_role, review, workshop, day):
    page = f"/workshops/{workshop.slug}/follow-up-matrix.pdf?sitting={day}"
    assert as_role("planner").get(page).status_code == 404


# --- all of them ----------------------------------------------------------------------------------------
def test_the_command_keeps_what_nobody_asked_for_and_once_only(review, workshop, capsys):
    call_command("issue_papers", "--format", "json")
    told = {(one["kind"], one["key"], one["edition"]) for one in json.loads(capsys.readouterr().out)}
    assert told >= {
        ("follow_up_matrix", workshop.slug, review.key),
        ("review_minutes", review.key, ""),
        ("agreement_record", workshop.slug, ""),
    }
    call_command("issue_papers", "--format", "json")
    assert json.loads(capsys.readouterr().out) == []


@pytest.mark.parametrize(
    ("kind", "key"), [("agreement_record", "slug"), ("follow_up_matrix", "slug"), ("review_minutes", "day")]
)
def test_the_document_command_gives_the_kept_paper(review, workshop, tmp_path, kind, key):
    target = tmp_path / "naskah.pdf"
    call_command("document", kind, workshop.slug if key == "slug" else review.key, "--output", str(target))
    assert target.read_bytes() == issuing.content_of(issued_of(kind))


def test_pages_lead_to_the_kept_papers(as_role, review, workshop):
    call_command("issue_papers")
    record_page = as_role("planner").get(workshop.agreement_record.get_absolute_url()).content.decode()
    review_page = as_role("planner").get(review.get_absolute_url()).content.decode()
    edition = f"/workshops/{workshop.slug}/follow-up-matrix.pdf?sitting={review.key}"
    for page, kinds in (
        (record_page, ("agreement_record", "follow_up_matrix")),
        (review_page, ("review_minutes", "follow_up_matrix")),
    ):
        assert edition in page
        for kind in kinds:
            assert f"/verify/{issued_of(kind).code}/" in page
    assert edition not in as_role("viewer").get(workshop.agreement_record.get_absolute_url()).content.decode()


@pytest.mark.parametrize("kind", ["agreement_record", "follow_up_matrix", "review_minutes"])
def test_anyone_with_the_code_sees_no_more_than_may_be_shown(client, review, workshop, kind):
    call_command("issue_papers")
    paper = issued_of(kind)
    said = client.get(f"/verify/{paper.code}/").content.decode()
    assert paper.sha256 in said
    assert paper.title in said
    for hidden in ("Arahan rahasia", "Rahmat Uji", "Kesepakatan pertama.", "Kegiatan uji"):
        assert hidden not in said
    assert client.get(f"/verify/{paper.code}/paper.pdf").status_code == 404


def test_the_archive_copies_carry_the_rows_without_accounts_files_and_places(workshop, work, people):
    factories.EvidenceFactory(follow_up=work, latitude="-2.07", longitude="105.16")
    review = sitting([work], people, other_members="Tamu Hadir")
    finals = [documents.final_record(workshop.agreement_record), documents.final_review_minutes(review),
              documents.final_matrix(review, workshop)]  # fmt: skip
    for final in finals:
        attached = json.dumps(final.facts, default=str)
        for word in ("created_by", "submitted_by", "closed_by", "latitude", "Tamu Hadir", '"file"'):
            assert word not in attached
    assert finals[0].facts["agreements"][0]["text"] == "Kesepakatan pertama."
    assert finals[1].facts["decisions"][0]["decision"] == "continue"
    assert finals[2].facts["follow_ups"][0]["activity"] == "Kegiatan uji"


def test_the_history_of_an_agreement_is_what_says_that_it_changed(review, workshop):
    """A row that is stored again as it is counts as a change: the matrix then stands as it is."""
    assert review.is_last_word_on(workshop)
    Agreement.objects.get().save()
    assert not review.is_last_word_on(workshop)
