"""`manage.py assess --year Y --level L`: the results of a year, from RT to regency."""

import json

from django.utils.translation import gettext as _

from core.commands import HouseCommand, Unusable
from slumareas import scoring
from slumareas.models import Assessment, AssessmentYear, Baseline
from slumareas.models.assessments import BUCKETS, METHODS

NEIGHBOURHOOD = "neighbourhood"


class Command(HouseCommand):
    help = "Print the results of a year on one level."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--year", type=int, required=True)
        parser.add_argument("--level", choices=[NEIGHBOURHOOD, *Assessment.Level.values], required=True)
        parser.add_argument("--rule-set", choices=list(scoring.RULE_SETS))
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *, year, level, rule_set, format, **options):
        years = AssessmentYear.objects.filter(year=year)
        if rule_set:
            years = years.filter(rule_set=rule_set)
        if not years:
            raise Unusable(_("Nothing was measured for %(year)s.") % {"year": year})
        found = [entry for one in years.order_by("rule_set") for entry in results(one, level)]
        if format == "json":
            self.stdout.write(json.dumps(found, ensure_ascii=False))
            return
        for entry in found:
            total = _("not assessed") if entry["total"] is None else entry["total"]
            self.stdout.write(f"{entry['key']}  {entry['name']}  {total}  {entry['class'] or ''}".rstrip())


def results(year: AssessmentYear, level: str) -> list[dict]:
    """The entries of the contract, ordered by key."""
    if level == NEIGHBOURHOOD:
        rows = year.baselines.of_neighbourhoods().select_related("unit__region", "assessment_year")
        found = [entry(level, row.unit.key, str(row.unit), row, _hectares_of(row)) for row in rows]
    else:
        stored = year.assessments.filter(level=level).select_related("slum_area", "region", "assessment_year")
        found = [
            entry(level, one.place_key, str(one.place), one, {name: one.hectares(name) for name in METHODS})
            for one in stored
        ]
    return sorted(found, key=lambda one: one["key"])


def _hectares_of(row: Baseline) -> dict:
    """A neighbourhood counts where it belongs to an area, by method B alone: A speaks of whole areas."""
    hectares = {method: dict.fromkeys(BUCKETS, 0) for method in METHODS}
    if row.slum_area_id:
        hectares["b"][row.slum_class or "not_assessed"] = row.verified_area_ha or 0
    return hectares


def entry(level: str, key: str, name: str, values: Baseline | Assessment, hectares: dict) -> dict:
    result = values.result()
    criteria = [criterion.key for criterion in result.rule_set.criteria]
    return {
        "level": level,
        "key": key,
        "name": name,
        "rule_set": result.rule_set.key,
        "denominators": {key: _number(value) for key, value in values.denominators.items()},
        "numerators": {key: _number(value) for key, value in values.numerators.items() if key in criteria},
        "percent": {key: _number(value) for key, value in result.percent.items()},
        "score": result.score,
        "total": result.total,
        "class": result.slum_class,
        "aspect_average": {str(number): _number(value) for number, value in result.aspect_average.items()},
        "sector_average": _number(result.sector_average),
        "hectares": {
            method: {bucket: _number(value) for bucket, value in buckets.items()}
            for method, buckets in hectares.items()
        },
    }


def _number(value):
    """A whole number as such, anything else as a JSON number."""
    if value is None:
        return None
    return int(value) if value == int(value) else float(value)
