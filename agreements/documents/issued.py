"""The final papers of agreements: issued once, and kept as issued.

The record of agreement is final once it is published; an amendment or another number makes a new issue of it. The minutes
of a sitting are final once it is closed. The matrix of follow-ups is never final by itself, since work goes on: it is final
as a closed sitting of the Pokja left it, as the enclosure to its minutes, one edition a sitting. It is set while nothing in
it has changed since the closing, so that it tells the state that the members saw; until the first change it is also the
matrix as it stands.
"""

from collections.abc import Iterator
from datetime import date

from django.utils import timezone

from agreements.documents.papers import agreement_record, follow_up_matrix, review_minutes, signings_of
from agreements.models import (
    Agreement,
    AgreementCriterion,
    AgreementRecord,
    AgreementVersion,
    Evidence,
    FollowUp,
    Funding,
    Review,
    Signatory,
)
from core import formats, issuing
from core.models import IssuedPaper
from workshops.models import Workshop

# A matrix of more lines than anybody reads on paper would take minutes to set.
MATRIX_ROWS = 500
# What the attached rows leave out: who typed them, who else was present, files, and where photos were taken.
UNPRINTED = (
    "created_by", "answered_by", "replaced_by", "closed_by", "cancelled_by", "submitted_by", "reviewed_by", "by", "file",
    "latitude", "longitude", "review_note", "reminders_paused_until", "other_members",
)  # fmt: skip


# --- record of agreement --------------------------------------------------------------------------------


def record_as_issued(workshop: Workshop) -> bytes:
    """The published record as it was issued; before that as it stands now."""
    record = AgreementRecord.of(workshop)
    if not record.is_published:
        return agreement_record(workshop)
    return issuing.content_of(issuing.issued(final_record(record)))


def final_record(record: AgreementRecord) -> issuing.Final:
    """Final by the step that published it, or by the last amendment since; signed by those who signed."""
    workshop = record.workshop
    agreements = workshop.agreements.order_by("number")
    amendments = AgreementVersion.objects.filter(agreement__workshop=workshop).order_by("replaced_at", "pk")
    step = record.changes.filter(to_status=AgreementRecord.Status.PUBLISHED).select_related("by").last()
    version, at, by = (f"{step.pk}", step.at, step.by) if step else ("", timezone.now(), None)
    if last := amendments.select_related("replaced_by").last():
        version, at, by = f"{version}.{amendments.count()}", last.replaced_at, last.replaced_by
    signed = [one for one in signings_of(record, people=False)[0] if one.person.state == Signatory.State.SIGNED]
    return issuing.Final(
        kind=AgreementRecord.PAPER,
        record=record,
        key=workshop.slug,
        number=record.number,
        title=workshop.title,
        dated_on=record.agreed_on or workshop.held_on,
        signers=[", ".join([one.signer, *one.office_lines]) for one in signed],
        build=lambda verification, **copy: agreement_record(workshop, verification=verification, **copy),
        templates=("agreements/pdf",),
        version=version,
        at=at,
        by=by,
        facts={
            name: issuing.rows_of(records, *UNPRINTED)
            for name, records in {
                "record": [record],
                "agreements": agreements,
                "organizations": Agreement.organizations.through.objects.filter(agreement__in=agreements),
                "areas": Agreement.slum_areas.through.objects.filter(agreement__in=agreements),
                "criteria": AgreementCriterion.objects.filter(agreement__in=agreements),
                "amended": amendments,
                "signatories": record.signatories.all(),
            }.items()
        },
    )


def unissued_records() -> Iterator[issuing.Final]:
    """Published records that nobody has asked for yet."""
    issued = IssuedPaper.objects.in_force().filter(kind=AgreementRecord.PAPER).values("record_id")
    published = AgreementRecord.objects.filter(status=AgreementRecord.Status.PUBLISHED)
    for record in published.exclude(pk__in=issued).select_related("workshop"):
        yield final_record(record)


# --- minutes of a sitting -------------------------------------------------------------------------------


def review_minutes_as_issued(review: Review) -> bytes:
    """The minutes of a closed sitting as they were issued; of an open one as they stand now."""
    if not review.is_closed:
        return review_minutes(review, review.items.all())
    return issuing.content_of(issuing.issued(final_review_minutes(review)))


def final_review_minutes(review: Review) -> issuing.Final:
    """Final by the closing. What was talked about is internal, so that the name of the paper tells no more than its day."""
    minute_taker = review.created_by
    return issuing.Final(
        kind=Review.MINUTES,
        record=review,
        key=review.key,
        title=f"Notula Rapat Pokja PKP {formats.official_date(review.held_on)}",
        dated_on=review.held_on,
        signers=[", ".join(filter(None, (str(minute_taker), minute_taker.position)))] if minute_taker else [],
        build=lambda verification, **copy: review_minutes(
            review, review.items.all(), verification=verification, **copy
        ),
        templates=("agreements/pdf",),
        version=review.closed_at.isoformat(),
        at=review.closed_at,
        by=review.closed_by,
        facts={
            "sitting": issuing.rows_of([review], *UNPRINTED),
            "decisions": issuing.rows_of(review.items.order_by("pk"), *UNPRINTED),
        },
    )


def unissued_review_minutes() -> Iterator[issuing.Final]:
    """Minutes of closed sittings that nobody has asked for yet."""
    issued = IssuedPaper.objects.in_force().filter(kind=Review.MINUTES).values("record_id")
    closed = Review.objects.filter(status=Review.Status.CLOSED).exclude(pk__in=issued)
    for review in closed.select_related("created_by", "closed_by"):
        yield final_review_minutes(review)


# --- matrix of follow-ups -------------------------------------------------------------------------------


def matrix_as_issued(workshop: Workshop, *, on: date) -> bytes:
    """The matrix that the last sitting left, as long as nothing in it has changed; after that as it stands on that day."""
    review = Review.objects.filter(items__follow_up__workshop=workshop).order_by("held_on").last()
    if review and review.is_closed and (paper := matrix_of(review, workshop)) and review.is_last_word_on(workshop):
        return issuing.content_of(paper)
    return follow_up_matrix(FollowUp.objects.filter(workshop=workshop), on=on, workshop=workshop)


def matrix_of(review: Review, workshop: Workshop) -> IssuedPaper | None:
    """The edition of a sitting: as it is kept, or kept now while that is still possible; None where it is not."""
    found = issuing.in_force(Review.MATRIX, workshop, review.key)
    if found is None and _can_be_kept(review, workshop):
        found = issuing.issued(final_matrix(review, workshop))
    return found


def _can_be_kept(review: Review, workshop: Workshop) -> bool:
    return (
        review.is_closed
        and review.items.filter(follow_up__workshop=workshop).exists()
        and workshop.follow_ups.count() <= MATRIX_ROWS
        and review.is_last_word_on(workshop)
    )


def final_matrix(review: Review, workshop: Workshop) -> issuing.Final:
    """Final by the closing of the sitting, whose day decides what was overdue. Signed by nobody: its minutes are."""
    on = timezone.localdate(review.closed_at)
    follow_ups = FollowUp.objects.filter(workshop=workshop)
    return issuing.Final(
        kind=Review.MATRIX,
        record=workshop,
        edition=review.key,
        key=workshop.slug,
        title=workshop.title,
        dated_on=on,
        build=lambda verification, **copy: follow_up_matrix(
            follow_ups, on=on, workshop=workshop, review=review, verification=verification, **copy
        ),
        templates=("agreements/pdf",),
        version=review.closed_at.isoformat(),
        at=review.closed_at,
        by=review.closed_by,
        facts={
            name: issuing.rows_of(records.order_by("pk"), *UNPRINTED)
            for name, records in {
                "follow_ups": follow_ups,
                "partners": FollowUp.partners.through.objects.filter(followup__in=follow_ups),
                "fundings": Funding.objects.filter(follow_up__in=follow_ups),
                "evidence": Evidence.objects.filter(follow_up__in=follow_ups),
                "agreements": workshop.agreements.all(),
            }.items()
        },
    )


def unissued_matrices() -> Iterator[issuing.Final]:
    """Matrices of closed sittings that nobody has asked for yet, as far as they still tell what the sitting saw."""
    kept = set(IssuedPaper.objects.in_force().filter(kind=Review.MATRIX).values_list("record_id", "edition"))
    for review in Review.objects.filter(status=Review.Status.CLOSED).select_related("closed_by"):
        for workshop in Workshop.objects.filter(follow_ups__review_items__review=review).distinct():
            if (workshop.pk, review.key) not in kept and _can_be_kept(review, workshop):
                yield final_matrix(review, workshop)
