"""The kinds of paper as one table: what `document KIND KEY` and whoever serves a paper read.

Here, since it knows the papers of every app.
"""

from collections.abc import Callable
from dataclasses import dataclass

from django.db.models import Model, QuerySet

from assets import documents as asset_papers
from assets.models import Package
from slumareas import documents as area_papers
from slumareas.models import SlumArea
from workshops import documents as workshop_papers
from workshops.models import Workshop


@dataclass(frozen=True)
class Paper:
    """`records` and `key` say how KEY finds the record; `permission` is what a person needs, `build` makes the PDF."""

    kind: str
    records: Callable[[], QuerySet]
    key: str
    permission: str
    build: Callable[[Model], bytes]

    def find(self, key: str) -> Model | None:
        return self.records().filter(**{self.key: key}).first()


PAPERS: dict[str, Paper] = {
    paper.kind: paper
    for paper in (
        Paper("invitation", Workshop.objects.all, "slug", "workshops.view_participant", workshop_papers.invitation),
        Paper("attendance", Workshop.objects.all, "slug", "workshops.view_participant", workshop_papers.attendance),
        Paper("minutes", Workshop.objects.all, "slug", "workshops.view_minutesentry", workshop_papers.minutes),
        Paper("area_profile", SlumArea.objects.all, "slug", "slumareas.view_assessment", area_papers.area_profile),
        Paper("handover_record", Package.objects.all, "number", "assets.view_document", asset_papers.handover_record),
    )
}
