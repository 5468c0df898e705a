"""The profile of a locked year: issued once, and kept as issued."""

from collections.abc import Iterator

from django.utils import timezone

from core import issuing
from core.models import IssuedPaper
from slumareas.documents.profile import area_profile, results_of
from slumareas.documents.visible import baselines_of
from slumareas.models import Assessment, AssessmentYear, SlumArea

AREA_PROFILE = AssessmentYear.AREA_PROFILE  # the kind of paper


def profile_as_issued(area: SlumArea, year: AssessmentYear | None = None) -> bytes:
    """The profile of a locked year as it was issued; of any other year as it stands now."""
    if year is None:
        year = next((one.assessment_year for one in results_of(area)), None)
    if year is None or year.status != AssessmentYear.Status.LOCKED:
        return area_profile(area, year)
    return issuing.content_of(issuing.issued(final_profile(area, year)))


def final_profile(area: SlumArea, year: AssessmentYear) -> issuing.Final:
    """Final by the step that locked the year: who took it issued the paper, then. Signed by nobody: it is no decision."""
    step = year.status_changes.filter(status=AssessmentYear.Status.LOCKED).select_related("by").last()
    results = Assessment.objects.filter(slum_area=area, assessment_year=year)
    return issuing.Final(
        kind=AREA_PROFILE,
        record=area,
        edition=year.key,
        key=area.slug,
        title=f"{area.name} {year.year}",
        dated_on=timezone.localdate(step.at if step else None),
        build=lambda verification, **copy: area_profile(area, year, verification=verification, **copy),
        templates=("slumareas/pdf",),
        version=f"{step.pk}" if step else "",
        at=step.at if step else timezone.now(),
        by=step.by if step else None,
        facts={
            "area": issuing.rows_of([area]),
            "year": issuing.rows_of([year]),
            "result": issuing.rows_of(results),
            "baselines": issuing.rows_of(baselines_of(area, year, None), "photo", "updated_by"),
        },
    )


def unissued_profiles() -> Iterator[issuing.Final]:
    """Profiles of locked years that nobody has asked for yet."""
    for year in AssessmentYear.objects.filter(status=AssessmentYear.Status.LOCKED):
        issued = IssuedPaper.objects.in_force().filter(kind=AREA_PROFILE, edition=year.key).values("record_id")
        measured = Assessment.objects.filter(assessment_year=year, unit_count__gt=0).exclude(slum_area=None)
        for area in SlumArea.objects.filter(pk__in=measured.values("slum_area")).exclude(pk__in=issued):
            yield final_profile(area, year)
