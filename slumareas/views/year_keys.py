"""How an address and a choice field name a year: `2018`, and with its rule set where the year has two."""

from collections import Counter

from django.http import Http404

from slumareas.models import AssessmentYear
from slumareas.views.access import chosen_year


def year_keys(years: list[AssessmentYear]) -> dict[str, AssessmentYear]:
    often = Counter(year.year for year in years)
    return {f"{year.year}-{year.rule_set}" if often[year.year] > 1 else str(year.year): year for year in years}


def chosen_key(wanted: str, keys: dict[str, AssessmentYear]) -> str | None:
    """The key that is meant, by its year alone where the rest does not fit; None where there is none."""
    return wanted if wanted in keys else next((key for key in keys if wanted and key.startswith(wanted[:4])), None)


def year_or_404(request, years: list[AssessmentYear]) -> AssessmentYear | None:
    """The year that is asked for, or the latest; 404 for one of which this person sees nothing."""
    wanted = request.GET.get("year")
    year = chosen_year(request, years)
    if wanted and (year is None or str(year.year) != wanted):
        raise Http404
    return year


def year_query(year: AssessmentYear | None, years: list[AssessmentYear]) -> str:
    """`?year=2019`, with the rule set where the year was assessed under both."""
    if year is None:
        return ""
    both = sum(other.year == year.year for other in years) > 1
    return f"?year={year.year}" + (f"&rule_set={year.rule_set}" if both else "")


def year_links(years: list[AssessmentYear], shown: AssessmentYear | None) -> list[dict]:
    return [
        {
            "year": year,
            "query": query,
            "rule_set": year.rule_set if "rule_set" in query else None,
            "is_current": year == shown,
        }
        for year in sorted(years, key=lambda one: (one.year, one.rule_set))
        for query in (year_query(year, years),)
    ]
