"""The area profile as a whole: which result it tells, and what its template is given."""

from django.utils import translation

from core import issuing, pdf
from core.models import User
from slumareas.documents.answer import State
from slumareas.documents.facts import figures, measured, places, standing, surveys
from slumareas.documents.maps import boundary_of, maps_of, middle_of
from slumareas.documents.rows import photos_of, rows_of, works_of
from slumareas.documents.visible import seen
from slumareas.documents.wording import CLASSES, KINDS, STATUSES
from slumareas.documents.years import YearColumn, changes, rule_changes, with_previous
from slumareas.models import Assessment, AssessmentYear, SlumArea

MOST_YEARS = 5
BOUNDARIES = ("boundary", "parent__boundary", "parent__parent__boundary")  # heavy, and read only where they are drawn


def results_of(area: SlumArea, reader: User | None = None) -> list[Assessment]:
    """The results of an area that this person may see, the latest first; all of them where nobody is named.

    A year in which no neighbourhood of the area was measured has no result, only a change of hectares.
    """
    found = seen(Assessment.objects.filter(slum_area=area, unit_count__gt=0), reader)
    return list(found.select_related("assessment_year").order_by("-assessment_year__year", "assessment_year__rule_set"))


def area_profile(
    area: SlumArea,
    year: AssessmentYear | None = None,
    *,
    reader: User | None = None,
    verification: issuing.Verification | None = None,
    **copy,
) -> bytes:
    """How slum the area is, why, and whether it is getting less: two to four pages.

    `year` is the year whose state is told, by default the latest with a result; later years are left out. With `reader`
    the paper holds only what this person may see: who may not read rows gets the results without neighbourhoods.
    """
    with translation.override("id"):  # names of criteria and aspects become text here
        context, files = profile_context(area, year, reader)
    context["verification"] = verification
    files = {**files, **(verification.files if verification else {})}
    return pdf.render("slumareas/pdf/area_profile.html", context, files=files, **copy)


def profile_context(
    area: SlumArea, year: AssessmentYear | None = None, reader: User | None = None
) -> tuple[dict, dict[str, bytes]]:
    """What the template is given, and the photos by the names under which it asks for them."""
    results = results_of(area, reader)
    current = next((one for one in results if year is None or one.assessment_year_id == year.pk), None)
    year = current.assessment_year if current else year
    # A second rule set of the same year is no earlier state.
    earlier = [one for one in results if current and one.assessment_year.year < year.year]
    shown = ([current, *earlier] if current else [])[:MOST_YEARS]
    villages = list(area.villages.select_related("parent__parent").defer(*BOUNDARIES).order_by("code"))
    boundary = boundary_of(area, year)
    photos, files = photos_of(area, year, reader)
    context = {
        "area": area,
        "kind": KINDS[area.kind],
        "year": year,
        "status": STATUSES[year.status] if year else "",
        "is_draft": bool(year) and year.is_draft,
        "is_made_up": any(one.has_made_up for one in shown),
        "places": places(villages),
        "state": State(current, earlier[0] if earlier else None) if current else None,
        "figures": figures(area, current),
        "facts": [measured(current, boundary), standing(area, current)],
        "maps": maps_of(area, villages, boundary, current, reader),
        "boundary": boundary,
        "middle": middle_of(boundary),
        "surveys": [] if current else surveys(villages, year, reader),
        "years": [YearColumn(one, before) for one, before in with_previous(shown)],
        "changes": changes(current, earlier),
        "rule_changes": rule_changes(shown),
        "rows": rows_of(area, year, reader),
        "works": works_of(area, year, reader),
        "photos": photos,
        "hides_rows": reader is not None and not reader.has_perm("slumareas.view_baseline"),
        "classes": CLASSES,
    }
    return context, files
