"""The kinds of paper as one table: what `document KIND KEY` and whoever serves a paper read.

Here, since it knows the papers of every app.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from django.core.exceptions import ValidationError
from django.db.models import Model, QuerySet
from django.utils import timezone

from agreements import documents as agreement_papers
from agreements.models import Review
from assets import documents as asset_papers
from assets.models import Package
from core.issuing import Final
from slumareas import documents as area_papers
from slumareas.models import SlumArea
from workshops import documents as workshop_papers
from workshops.models import Workshop

# Final papers that are not kept yet, of each kind that is issued: what `issue_papers` sets.
# Matrices come first: they can be kept only until a follow-up changes.
UNISSUED: list[Callable[[], Iterator[Final]]] = [
    agreement_papers.unissued_matrices,
    agreement_papers.unissued_review_minutes,
    agreement_papers.unissued_records,
    workshop_papers.unissued_minutes,
    area_papers.unissued_profiles,
    asset_papers.unissued_handover_records,
]


@dataclass(frozen=True)
class Paper:
    """`records` and `key` say how KEY finds the record; `permission` is what a person needs, `build` makes the PDF."""

    kind: str
    records: Callable[[], QuerySet]
    key: str
    permission: str
    build: Callable[[Model], bytes]

    def find(self, key: str) -> Model | None:
        try:
            return self.records().filter(**{self.key: key}).first()
        except ValidationError:  # no day, where the key is one
            return None


def _follow_up_matrix(workshop: Workshop) -> bytes:
    return agreement_papers.matrix_as_issued(workshop, on=timezone.localdate())


PAPERS: dict[str, Paper] = {
    paper.kind: paper
    for paper in (
        Paper("invitation", Workshop.objects.all, "slug", "workshops.view_participant", workshop_papers.invitation),
        Paper("attendance", Workshop.objects.all, "slug", "workshops.view_participant", workshop_papers.attendance),
        Paper(
            "minutes", Workshop.objects.all, "slug", "workshops.view_minutesentry", workshop_papers.minutes_as_issued
        ),
        Paper(
            "agreement_record",
            Workshop.objects.all,
            "slug",
            "agreements.view_agreementrecord",
            agreement_papers.record_as_issued,
        ),
        Paper("follow_up_matrix", Workshop.objects.all, "slug", "agreements.view_followup", _follow_up_matrix),
        Paper(
            "review_minutes",
            Review.objects.all,
            "held_on",
            "agreements.view_review",
            agreement_papers.review_minutes_as_issued,
        ),
        Paper("area_profile", SlumArea.objects.all, "slug", "slumareas.view_assessment", area_papers.profile_as_issued),
        Paper("handover_record", Package.objects.all, "number", "assets.view_document", asset_papers.record_as_issued),
    )
}
