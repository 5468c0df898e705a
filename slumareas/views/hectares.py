"""Slum hectares by class and year, and what changed them."""

from dataclasses import dataclass
from decimal import Decimal

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.db import transaction
from django.db.models import Q
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.generic import UpdateView

from slumareas import scoring
from slumareas.hectares import COLUMNS, Measured, comparisons, measured, parts_of_whole, timeline
from slumareas.models import Assessment, AssessmentYear, ReportedHectares
from slumareas.models.assessments import CAUSE_LABELS, CAUSES, METHODS
from slumareas.views.access import require
from slumareas.views.year_keys import chosen_key, year_keys

# As they lie on each other in the picture, from below; what is not assessed may be slum and lies on top.
STACKED = (scoring.HEAVY, scoring.MODERATE, scoring.LIGHT, "not_assessed")


@dataclass
class DistrictRow:
    measured: Measured
    parts: list[tuple[str, str, str]]  # (class, where it begins, how wide it is), in per cent of the widest row

    @property
    def region(self):
        return self.measured.assessment.region


def hectares(request):
    require(request.user, "slumareas.view_assessment")
    require(request.user, "slumareas.view_reportedhectares")
    method = request.GET.get("method")
    method = method if method in METHODS else METHODS[0]
    figures = list(_figures())
    assessments = list(_assessments(request.user, figures))
    every_year = list(AssessmentYear.objects.measured())
    by_place = measured(assessments, method, every_year)
    regencies = [one for one in assessments if one.level == Assessment.Level.REGENCY]
    regency = regencies[0].region if regencies else None
    years = sorted(by_place[regency.pk].values() if regency else [], key=lambda one: (one.year.year, one.year.rule_set))
    slots = timeline(years, figures)
    keys = year_keys([one.year for one in reversed(years)])
    key = chosen_key(request.GET.get("year", ""), keys) or next(iter(keys), None)
    latest = years[-1] if years else None
    return render(
        request,
        "slumareas/hectares.html",
        {
            "section": "hectares",
            "method": method,
            "regency": regency,
            "slots": slots,
            "changed": [slot for slot in slots if slot.measured and slot.measured.causes],
            "latest": latest,
            "by_other_method": latest and latest.assessment.slum_hectares("b" if method == "a" else "a"),
            "columns": COLUMNS,
            "stacked": [(name, COLUMNS[name]) for name in reversed(STACKED)],
            "causes": [(cause, CAUSE_LABELS[cause]) for cause in CAUSES],
            "year_keys": keys,
            "year_key": key,
            "districts": _districts(by_place, assessments, keys.get(key)),
            "district_total": next((one for one in years if key and one.year == keys[key]), None),
            "reported": [
                (one, one.measured.get(method), one.difference(method), one.not_assessed.get(method))
                for one in comparisons(figures, assessments)
            ],
            "reported_slots": [slot for slot in slots if slot.reduction_reported],
            "sums": parts_of_whole(figures),
            "targets": [figure for figure in figures if figure.kind == ReportedHectares.Kind.TARGET],
            "has_made_up": any(one.has_made_up for one in assessments),
        },
    )


def _figures():
    return ReportedHectares.objects.select_related("group", "decree").prefetch_related("group__regions")


def _assessments(user, figures):
    """The regency, its districts and what the reporting groups name: never more rows than there are such places."""
    named = {region.pk for figure in figures for region in figure.group.regions.all()}
    return (
        Assessment.objects.visible_to(user)
        .filter(Q(level__in=[Assessment.Level.REGENCY, Assessment.Level.DISTRICT]) | Q(region__in=named))
        .select_related("assessment_year", "region")
    )


def _districts(by_place, assessments, year) -> list[DistrictRow]:
    if not year:
        return []
    rows = [
        by_place[one.region_id][year.pk]
        for one in assessments
        if one.level == Assessment.Level.DISTRICT and one.assessment_year_id == year.pk
    ]
    widest = max((sum(row.by_class.values()) for row in rows), default=Decimal(0))
    return [DistrictRow(row, _parts(row.by_class, widest)) for row in sorted(rows, key=lambda row: -row.slum)]


def _parts(by_class: dict[str, Decimal], widest: Decimal) -> list[tuple[str, str, str]]:
    parts, start = [], Decimal(0)
    for name in (*STACKED, scoring.NOT_SLUM):
        if by_class[name]:
            width = 100 * by_class[name] / widest
            parts.append((name, f"{start:.3f}%", f"{width:.3f}%"))
            start += width
    return parts


class HectaresExplain(PermissionRequiredMixin, UpdateView):
    """Why the measured hectares of a group differ from the reported ones."""

    permission_required = "slumareas.change_reportedhectares"
    raise_exception = True
    fields = ["explanation"]
    template_name = "slumareas/hectares_explain.html"

    def get_queryset(self):
        return _figures().filter(kind=ReportedHectares.Kind.REPORTED)

    def get_context_data(self, **kwargs):
        found = _assessments(self.request.user, [self.object])
        (compared,) = comparisons([self.object], found)
        rows = [(method, compared.measured.get(method), compared.difference(method)) for method in METHODS]
        return super().get_context_data(section="hectares", compared=compared, rows=rows, **kwargs)

    def form_valid(self, form):
        with transaction.atomic():  # its line of history too
            answer = super().form_valid(form)
        messages.success(self.request, _("The explanation is saved."))
        return answer

    def get_success_url(self):
        return f"{reverse('slumareas:hectares')}#reported"


hectares_explain = HectaresExplain.as_view()
