"""A neighbourhood and what was measured in it."""

from django.shortcuts import get_object_or_404, render

from slumareas import changes, scoring
from slumareas.checking import label_of
from slumareas.models import Baseline, NeighbourhoodUnit, Work
from slumareas.reading import Reading, YearRow, year_rows


def neighbourhood_detail(request, pk):
    units = NeighbourhoodUnit.objects.visible_to(request.user).select_related("region__parent", "slum_area")
    unit = get_object_or_404(units, pk=pk)
    baselines = Baseline.objects.visible_to(request.user).filter(unit=unit).select_related("assessment_year")
    rows = year_rows(baselines)
    context = {
        "unit": unit,
        "rows": rows,
        "row": rows[-1] if rows else None,
        "reading": rows[-1].reading if rows else None,
        "criteria": [(criterion, [row.criteria.get(key) for row in rows]) for key, criterion in _criteria_of(rows)],
        "works": Work.objects.visible_to(request.user).filter(unit=unit),
        "crossing": next((row for row in reversed(rows) if row.crosses_rule), None),
        "may_edit": NeighbourhoodUnit.objects.editable_by(request.user).filter(pk=pk).exists(),
    }
    return render(request, "slumareas/neighbourhood_detail.html", context)


def _criteria_of(rows: list[YearRow]) -> list[tuple[str, scoring.Criterion]]:
    used = {key for row in rows for key in row.criteria}
    return [(key, criterion) for key, criterion in scoring.CRITERIA.items() if key in used]


MOST_CHANGES = 20


def baseline_detail(request, pk):
    baselines = Baseline.objects.visible_to(request.user).select_related(
        "unit__region__parent", "unit__slum_area", "assessment_year", "slum_area"
    )
    baseline = get_object_or_404(baselines, pk=pk)
    may_change = baseline.assessment_year.is_draft and request.user.has_perm("slumareas.change_baseline")
    context = {
        "baseline": baseline,
        "unit": baseline.unit,
        "year": baseline.assessment_year,
        "measured": baseline,
        "reading": Reading(baseline),
        "denominators": [(quantity, getattr(baseline, key)) for key, quantity in scoring.DENOMINATORS.items()],
        "open_space": scoring.OPEN_SPACE,
        "findings": [(finding, label_of(finding.field) if finding.field else "") for finding in baseline.findings()],
        "changes": changes.changes_of(baseline, MOST_CHANGES),
        "may_change": may_change,
        "may_delete": may_change and request.user.has_perm("slumareas.delete_baseline"),
    }
    return render(request, "slumareas/baseline_detail.html", context)
