"""Papers of a slum area."""

from django.http import Http404, HttpResponse

from slumareas import documents
from slumareas.views.access import area_for, chosen_year


def area_profile(request, slug):
    """The profile of the latest year that this person may see, or of `?year=` (and `?rule_set=`); of a locked year as
    it was issued."""
    area = area_for(request, slug, "slumareas.view_assessment")
    years = [result.assessment_year for result in documents.results_of(area, request.user)]
    year = chosen_year(request, years)
    if _is_another(request, year):
        raise Http404
    if _sees_all(request.user) and year:
        content = documents.profile_as_issued(area, year)
    else:
        content = documents.area_profile(area, year, reader=request.user)
    name = f"profil-kawasan-{slug}-{year.year}" if year else f"profil-kawasan-{slug}"
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response["Cache-Control"] = "private, no-cache"
    return response


def _sees_all(user) -> bool:
    """Whoever sees less gets another paper, which bears no code."""
    return user.has_perm("slumareas.view_baseline") and user.role != user.Role.VILLAGE_USER


def _is_another(request, year) -> bool:
    """Whether the address names a year of which there is no result to be seen."""
    wanted = {"year": year and str(year.year), "rule_set": year and year.rule_set}
    return any(name in request.GET and request.GET[name] != value for name, value in wanted.items())
