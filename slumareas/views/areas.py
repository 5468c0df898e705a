"""Areas, villages and neighbourhoods: lists, pages, how each number was computed."""

from dataclasses import dataclass

from django.core.paginator import Paginator
from django.db.models import Count, F, Prefetch, Sum
from django.db.models.functions import Length
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext_lazy
from django.views.generic import ListView

from core.models import Region
from slumareas import changes, decreed, exporting, scoring
from slumareas.checking import FINDINGS, label_of
from slumareas.filters import SlumAreaFilter, VillageFilter
from slumareas.models import Assessment, AssessmentYear, Baseline, NeighbourhoodUnit, SlumArea, Work
from slumareas.models.assessments import BUCKETS, METHODS
from slumareas.reading import (
    PlaceRow,
    Reading,
    YearRow,
    class_counts,
    criterion_row,
    cuts,
    place_row,
    points_sentence,
    whole_hectares,
    year_rows,
)
from slumareas.views.access import area_for, chosen_year, require, village_for, years_with_results

ROWS_A_PAGE = 25
# Of what is missing the first ones are named, the rest is counted.
NAMED = 10
MOST_FOLLOW_UPS = 10
# RT and RW are text; shorter ones first puts 2 before 10.
IN_ORDER = ("unit__region", Length("unit__rw"), "unit__rw", Length("unit__rt"), "unit__rt")


# --- which year --------------------------------------------------------------------------------------------
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


# --- lists ---------------------------------------------------------------------------------------------------
class PlaceList(ListView):
    """Places with their results of one year, and of the year before for comparison."""

    paginate_by = ROWS_A_PAGE
    filter_class = None
    level = ""
    section = ""

    def visible(self):
        raise NotImplementedError

    def get_queryset(self):
        request = self.request
        self.years = years_with_results(request.user)
        self.year = year_or_404(request, self.years)
        previous = self.year and self.year.previous()
        self.before = previous if previous in self.years else None
        self.results = Assessment.objects.visible_to(request.user).filter(level=self.level)
        self.filter = self.filter_class(request.GET, queryset=self.visible(), results=self.of_year(self.year))
        self.found = self.filter.qs
        both = self.results.filter(assessment_year__in=[year for year in (self.year, self.before) if year])
        shown = Prefetch("assessments", both.select_related("assessment_year"), to_attr="results")
        return self.with_places(self.found).prefetch_related(shown)

    def of_year(self, year):
        return self.results.filter(assessment_year=year) if year else self.results.none()

    def rows(self, places) -> list[PlaceRow]:
        return [place_row(place, self.year, self.before) for place in places]

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        rows = self.rows(context["page_obj"])
        return {
            **context,
            "section": self.section,
            "filter": self.filter,
            "rows": rows,
            "is_mixed": any(row.is_made_up for row in rows) and any(row.is_measured for row in rows),
            "year": self.year,
            "before": self.before,
            "years": year_links(self.years, self.year),
            "year_query": year_query(self.year, self.years),
            "export_query": self.request.GET.urlencode(),
            "formats": exporting.FORMATS,
            "is_partly_shown": self.is_partly_shown,
        }

    @property
    def is_partly_shown(self) -> bool:
        """Of a draft a village user sees the own results; of the other places it is not said whether they have any."""
        return bool(self.year) and self.year.is_draft and self.request.user.role == "village_user"

    def in_numbers(self, year) -> dict:
        """Hectares and classes of the places that were found, by one query."""
        results = self.of_year(year).filter(**{f"{self.filter.place}__in": self.found.order_by().values("pk")})
        sums = {f"{method}_{name}": Sum(f"{method}_{name}") for method in METHODS for name in BUCKETS}
        groups = list(
            results.order_by()
            .values("slum_class", "has_made_up")
            .annotate(number=Count("pk"), measured=Sum("unit_count"), complete=Sum("assessed_count"), **sums)
        )
        counts = {name: sum(group["number"] for group in groups if group["slum_class"] == name) for name in CLASS_NAMES}
        return {
            "counts": counts,
            **{method: _slum(groups, method) for method in METHODS},
            **{f"unknown_{method}": sum(group[f"{method}_not_assessed"] for group in groups) for method in METHODS},
            "has_results": bool(groups),
            "has_made_up": any(group["has_made_up"] for group in groups),
            "units": sum(group["measured"] for group in groups),
            "complete": sum(group["complete"] for group in groups),
        }

    def tiles(self, count: int) -> dict:
        now, then = self.in_numbers(self.year), self.in_numbers(self.before)
        if not self.is_partly_shown:
            now["counts"][""] += count - sum(now["counts"].values())
        return {
            "now": now,
            **{f"change_{method}": _change(now, then, method) for method in METHODS},
            "classes": class_counts(now["counts"]),
        }


CLASS_NAMES = (*scoring.SLUM_CLASSES, "")


def _slum(groups: list[dict], method: str):
    """Slum hectares of all groups; None where none of the hectares has a class."""
    sums = {name: sum(group[f"{method}_{name}"] for group in groups) for name in BUCKETS}
    if not groups or (sums["not_assessed"] and not any(sums[name] for name in scoring.SLUM_CLASSES)):
        return None
    return sum(sums[name] for name in scoring.SLUM)


def _change(now: dict, then: dict, method: str):
    """The difference of slum hectares; None while a part of either year is not assessed."""
    if None in (now[method], then[method]) or now[f"unknown_{method}"] or then[f"unknown_{method}"]:
        return None
    return now[method] - then[method]


class AreaList(PlaceList):
    template_name = "slumareas/area_list.html"
    filter_class = SlumAreaFilter
    level = Assessment.Level.AREA
    section = "areas"
    columns = exporting.AREA_COLUMNS
    title = gettext_lazy("Slum areas")

    def visible(self):
        return SlumArea.objects.visible_to(self.request.user)

    def with_places(self, found):
        return found.prefetch_related(Prefetch("villages", Region.objects.select_related("parent").defer("boundary")))

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        return {**context, "tiles": self.tiles(context["paginator"].count)}


class VillageList(PlaceList):
    template_name = "slumareas/village_list.html"
    filter_class = VillageFilter
    level = Assessment.Level.VILLAGE
    section = "villages"
    columns = exporting.VILLAGE_COLUMNS
    title = gettext_lazy("Villages")

    def visible(self):
        require(self.request.user, "slumareas.view_slumarea")
        return Region.objects.visible_to(self.request.user).villages()

    def with_places(self, found):
        return found.select_related("parent").prefetch_related("slum_areas")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        return {**context, "tiles": self.tiles(context["paginator"].count)}


def area_export(request, format):
    return _export(AreaList, request, format)


def village_export(request, format):
    return _export(VillageList, request, format)


def _export(view_class, request, kind: str) -> HttpResponse:
    """The list as narrowed on the page, all pages of it."""
    if kind not in exporting.FORMATS:
        raise Http404
    view = view_class()
    view.setup(request)
    rows = view.rows(view.get_queryset())
    title = str(view.title)
    name = slugify(" ".join([title, *([str(view.year.year)] if view.year else [])]))
    response = HttpResponse(
        exporting.write(kind, rows, view.columns, view.year, title), content_type=exporting.FORMATS[kind]
    )
    response["Content-Disposition"] = f'attachment; filename="{name}.{kind}"'
    response["Cache-Control"] = "private, no-store"
    return response


# --- one place ----------------------------------------------------------------------------------------------
@dataclass
class Place:
    """An area or a village on its page: which results there are, and where its rows and explanations stand."""

    request: object
    place: SlumArea | Region

    def __post_init__(self):
        user = self.request.user
        self.is_area = isinstance(self.place, SlumArea)
        results = self.place.assessments.visible_to(user).select_related("assessment_year")
        self.years = years_with_results(user)
        self.rows = year_rows(results)
        # Without a wish the latest year with a total, else the latest in which anything was measured here.
        complete = [row.year for row in self.rows if row.is_complete] or [row.year for row in self.rows]
        latest = [year for year in self.years if year in complete] or self.years
        self.year = year_or_404(self.request, self.years if self.request.GET.get("year") else latest)
        self.row = next((row for row in self.rows if row.year == self.year), None)
        self.query = year_query(self.year, self.years)

    @property
    def measured(self) -> Assessment | None:
        return self.row.measured if self.row else None

    @property
    def reading(self) -> Reading | None:
        return self.row.reading if self.row else None

    @property
    def is_village_survey(self) -> bool:
        return bool(self.measured) and self.measured.is_village_survey

    @property
    def url(self) -> str:
        if self.is_area:
            return self.place.get_absolute_url()
        return reverse("slumareas:village_detail", args=[self.place.code])

    def criterion_url(self, key: str) -> str:
        name, place = ("area", self.place.slug) if self.is_area else ("village", self.place.code)
        return reverse(f"slumareas:{name}_criterion", args=[place, key]) + self.query

    @property
    def hectares_url(self) -> str:
        return reverse("slumareas:hectares") + self.query

    @property
    def map_url(self) -> str:
        address = reverse("slumareas:map") + self.query
        return f"{address}#{self.place.slug}" if self.is_area else address

    @property
    def last_complete(self) -> YearRow | None:
        """Where the year that is shown has no total: the latest one before it that has."""
        if self.year is None or (self.row and self.row.is_complete):
            return None
        earlier = [row for row in self.rows if row.is_complete and row.year.year < self.year.year]
        return earlier[-1] if earlier else None

    @property
    def unfinished(self) -> YearRow | None:
        """The latest year after the one that is shown of which only a part is known."""
        later = (
            [row for row in self.rows if not row.is_complete and row.year.year > self.year.year] if self.year else []
        )
        return later[-1] if later else None

    @property
    def crossing(self) -> YearRow | None:
        """The latest year that was assessed by another rule than the one before it."""
        return next((row for row in reversed(self.rows) if row.crosses_rule), None)

    def baselines(self):
        """The rows of the year that this person may see: of the place as it was cut in that year."""
        rows = Baseline.objects.visible_to(self.request.user).filter(assessment_year=self.year)
        if self.is_area:
            rows = rows.filter(slum_area=self.place)
        else:
            rows = rows.filter(unit__region=self.place)
            rows = rows.village_surveys() if self.is_village_survey else rows.of_neighbourhoods()
        return rows.select_related("unit__region", "assessment_year", "slum_area").defer("unit__region__boundary")

    def units(self):
        units = NeighbourhoodUnit.objects.visible_to(self.request.user)
        units = units.filter(slum_area=self.place) if self.is_area else units.filter(region=self.place)
        return units.exclude(rw="", rt="").select_related("region").defer("boundary", "region__boundary")

    def works(self):
        works = Work.objects.visible_to(self.request.user)
        works = works.filter(unit__slum_area=self.place) if self.is_area else works.filter(unit__region=self.place)
        groups = works.order_by("-year", "criterion").values("year", "criterion")
        return [
            {**group, "criterion": scoring.CRITERIA[group["criterion"]]}
            for group in groups.annotate(
                volume=Sum("volume"), cost=Sum("cost"), units=Count("unit", distinct=True), number=Count("pk")
            )
        ]

    def missing(self) -> dict:
        """Which rows are not completely assessed, and which neighbourhoods have none this year."""
        user = self.request.user
        if not user.has_perm("slumareas.view_baseline") or self.year is None:
            return {"rows": [], "units": [], "more": 0}
        incomplete = list(self.baselines().filter(slum_class="").order_by(*IN_ORDER)[: NAMED + 1])
        without = list(
            self.units().exclude(baselines__assessment_year=self.year).order_by("region", "rw", "rt")[: NAMED + 1]
        )
        return {
            "rows": [incomplete_row(baseline) for baseline in incomplete[:NAMED]],
            "units": without[:NAMED],
            "more": len(incomplete) > NAMED or len(without) > NAMED,
        }

    def may_draft(self) -> bool:
        """Whether rows of this place are entered by this person in this year."""
        user = self.request.user
        if not user.has_perm("slumareas.add_baseline"):
            return False
        if user.role != user.Role.VILLAGE_USER:
            return True
        places = self.place.villages.all() if self.is_area else [self.place]
        return bool(user.region) and any(f"{one.code}.".startswith(f"{user.region.code}.") for one in places)

    def context(self) -> dict:
        user = self.request.user
        return {
            "page": self,
            "place": self.place,
            "year": self.year,
            "years": year_links(self.years, self.year),
            "measured": self.measured,
            "reading": self.reading,
            "row": self.row,
            "may_draft": self.may_draft(),
            "sees_rows": user.has_perm("slumareas.view_baseline"),
            "is_hidden_draft": self.row is None and self.year is not None and self._is_hidden_draft(),
        }

    def _is_hidden_draft(self) -> bool:
        """A village user sees of a draft only what lies in the own village."""
        return self.year.is_draft and self.request.user.role == "village_user" and not self.may_draft()


@dataclass(frozen=True)
class IncompleteRow:
    baseline: Baseline
    labels: list[str]


def incomplete_row(baseline: Baseline) -> IncompleteRow:
    """A row with what is missing in it: the empty columns, or the criteria that cannot be scored."""
    rules, values = baseline.assessment_year.rules, baseline.values
    needed = dict.fromkeys(key for one in rules.criteria for key in (one.denominator, one.key))
    empty = [str(label_of(key)) for key in needed if values[key] is None]
    return IncompleteRow(
        baseline, empty or [str(scoring.CRITERIA[key].label) for key in baseline.result().not_assessed]
    )


def _page_of(request, rows, size: int = ROWS_A_PAGE) -> dict:
    paginator = Paginator(rows, size)
    page = paginator.get_page(request.GET.get("page"))
    return {"paginator": paginator, "page_obj": page, "is_paginated": page.has_other_pages()}


def _row_list(request, page: Place) -> dict:
    """The neighbourhoods of the place, the worst first; what is not assessed stands in front of all."""
    if page.measured is None or not request.user.has_perm("slumareas.view_baseline"):
        return {}
    return _page_of(request, page.baselines().order_by(F("total").desc(nulls_first=True), *IN_ORDER))


def area_detail(request, slug):
    area = area_for(request, slug)
    page = Place(request, area)
    measured = page.measured
    context = {
        "area": area,
        "villages": area.villages.select_related("parent").defer("boundary", "parent__boundary"),
        "decrees": decreed.naming_decrees(area, whole_hectares(measured)),
        "handling": _handling(area, measured),
        "works": page.works(),
        "missing": page.missing(),
        **page.context(),
        **_row_list(request, page),
    }
    villages = list(context["villages"])
    context["names_place"] = len(villages) > 1
    context["figures"] = decreed.group_figures(villages, request.user)
    context["entry_village"] = _entry_village(villages, request.user)
    # Of a later app, reached by name: what was agreed about the area, and what is done there.
    context["agreements"] = area.agreements.visible_to(request.user).select_related("workshop")
    follow_ups = area.follow_ups.visible_to(request.user).with_facts(timezone.localdate())
    context["follow_ups"] = follow_ups.select_related("agreement", "responsible_organization")[:MOST_FOLLOW_UPS]
    return render(request, "slumareas/area_detail.html", context)


def _entry_village(villages: list[Region], user) -> Region | None:
    """Where a form that is opened from the area begins: for a village user the own village."""
    own = [one for one in villages if user.region and f"{one.code}.".startswith(f"{user.region.code}.")]
    return next(iter(own or villages), None)


def village_detail(request, code):
    village = village_for(request, code)
    page = Place(request, village)
    context = {
        "village": village,
        "entry_village": village,
        "areas": _areas_of(request, village, page.year),
        "works": page.works(),
        "missing": page.missing() if not page.is_village_survey else {"rows": [], "units": []},
        **page.context(),
        **_row_list(request, page),
    }
    return render(request, "slumareas/village_detail.html", context)


def _areas_of(request, village: Region, year: AssessmentYear | None) -> list[PlaceRow]:
    results = Assessment.objects.visible_to(request.user).filter(assessment_year=year)
    shown = Prefetch("assessments", results.select_related("assessment_year"), to_attr="results")
    areas = SlumArea.objects.visible_to(request.user).filter(villages=village).prefetch_related(shown)
    return [place_row(area, year, None) for area in areas]


def _handling(area: SlumArea, measured: Assessment | None) -> dict:
    """Priority, pattern and authority, and which of the answers behind them is still open."""
    hectares = whole_hectares(measured)
    total = area.consideration_total(measured.population if measured else None, measured and measured.verified_area_ha)
    level = None if total is None else scoring.consideration_level(total)
    slum_class, legal = (measured.slum_class if measured else None), area.is_legal
    pattern = scoring.handling_pattern(slum_class, legal)
    authority = scoring.authority(hectares) if hectares else None
    density = measured.population / measured.verified_area_ha if measured and _has_density(measured) else None
    return {
        "priority": scoring.priority(slum_class, level),
        "level": scoring.CONSIDERATION_LEVELS.get(level),
        "total": total,
        "density": density,
        "density_score": None if density is None else scoring.density_score(density),
        "is_slum": slum_class in scoring.SLUM,
        "is_legal": legal,
        "pattern": scoring.HANDLING_PATTERNS.get(pattern),
        "authority": scoring.AUTHORITIES.get(authority),
    }


def _has_density(measured: Assessment) -> bool:
    return measured.population is not None and bool(measured.verified_area_ha)


# --- how a number was computed -----------------------------------------------------------------------------------
def area_criterion(request, slug, criterion):
    area = area_for(request, slug)
    return _criterion_page(request, Place(request, area), criterion, {"area": area})


def village_criterion(request, code, criterion):
    village = village_for(request, code)
    return _criterion_page(request, Place(request, village), criterion, {"village": village})


def _criterion_page(request, page: Place, key: str, context: dict) -> HttpResponse:
    """404 for what is no criterion, or none of the rule set by which the year was assessed."""
    criterion = scoring.CRITERIA.get(key)
    if criterion is None or page.row is None or key not in page.row.criteria:
        raise Http404
    mine = page.row.criteria[key]
    rows = {}
    if request.user.has_perm("slumareas.view_baseline"):
        rows = _page_of(request, page.baselines().order_by(*IN_ORDER))
        rows["lines"] = [
            {"baseline": baseline, "row": criterion_row(baseline, baseline.result(), criterion)}
            for baseline in rows["page_obj"]
        ]
    context |= {
        **page.context(),
        "criterion": criterion,
        "mine": mine,
        "denominator": scoring.DENOMINATORS[criterion.denominator],
        "points_sentence": points_sentence(mine.score),
        "cuts": cuts(),
        "findings": [FINDINGS[code][1] for code in mine.warnings],
        "others": [(row, row.criteria[key]) for row in page.rows if key in row.criteria],
        "criteria": page.reading.criteria,
        **rows,
    }
    return render(request, "slumareas/criterion.html", context)


# --- a neighbourhood and what was measured in it ------------------------------------------------------------------
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
