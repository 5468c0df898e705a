"""The first line of every view of slum areas: what this person may see, then what they may do; and which year is meant."""

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404

from core.models import Region
from slumareas.filters import years_with_results
from slumareas.models import AssessmentYear, SlumArea

__all__ = ["area_for", "chosen_year", "region_for", "require", "years_with_results"]


def area_for(request, slug: str, permission: str | None = None) -> SlumArea:
    """The area, or 404 for what this person may not know of, or 403 for what they may not do with it."""
    area = get_object_or_404(SlumArea.objects.visible_to(request.user), slug=slug)
    require(request.user, permission)
    return area


def region_for(request, code: str, level: str) -> Region:
    """A region of the level by its code; who may see slum areas may see which regions there are."""
    require(request.user, "slumareas.view_slumarea")
    regions = Region.objects.select_related("parent__parent").defer(
        "boundary", "parent__boundary", "parent__parent__boundary"
    )
    return get_object_or_404(regions, code=code, level=level)


def require(user, permission: str | None) -> None:
    if permission and not user.has_perm(permission):
        raise PermissionDenied


def chosen_year(request, years: list[AssessmentYear]) -> AssessmentYear | None:
    """The year that `?year=` names (and `?rule_set=` where a year has two); else the latest. None without any."""
    wanted = [
        year
        for year in years
        if str(year.year) == request.GET.get("year", "") and request.GET.get("rule_set", year.rule_set) == year.rule_set
    ]
    return next(iter(wanted or years), None)
