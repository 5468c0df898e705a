"""How an address and a choice field name a year: `2018`, and with its rule set where the year has two."""

from collections import Counter

from slumareas.models import AssessmentYear


def year_keys(years: list[AssessmentYear]) -> dict[str, AssessmentYear]:
    often = Counter(year.year for year in years)
    return {f"{year.year}-{year.rule_set}" if often[year.year] > 1 else str(year.year): year for year in years}


def chosen_key(wanted: str, keys: dict[str, AssessmentYear]) -> str | None:
    """The key that is meant, by its year alone where the rest does not fit; None where there is none."""
    return wanted if wanted in keys else next((key for key in keys if wanted and key.startswith(wanted[:4])), None)
