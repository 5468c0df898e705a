"""Areas and regions on their pages, and how each number was computed."""

from collections import Counter
from dataclasses import dataclass
from functools import cached_property

from django.core.paginator import Paginator
from django.db.models import Count, F, Prefetch, Q, Sum
from django.db.models.functions import Length
from django.http import Http404, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone

from core.models import Region
from slumareas import decreed, scoring
from slumareas.checking import FINDINGS, label_of
from slumareas.hectares import COLUMNS, measured
from slumareas.models import Assessment, AssessmentYear, Baseline, NeighbourhoodUnit, SlumArea, Work
from slumareas.models.assessments import METHOD_LABELS, METHODS
from slumareas.reading import (
    PlaceRow,
    Reading,
    YearRow,
    class_counts,
    criterion_row,
    cuts,
    length,
    place_row,
    points_sentence,
    whole_hectares,
    year_rows,
)
from slumareas.views.access import area_for, region_for, years_with_results
from slumareas.views.year_keys import year_links, year_or_404, year_query

ROWS_A_PAGE = 25
# Of what is missing the first ones are named, the rest is counted.
NAMED = 10
MOST_FOLLOW_UPS = 10
# RT and RW are text; shorter ones first puts 2 before 10.
IN_ORDER = ("unit__region", Length("unit__rw"), "unit__rw", Length("unit__rt"), "unit__rt")


@dataclass
class Place:
    """A place on its page: which results there are, and where its rows and explanations stand."""

    request: object
    place: SlumArea | Region

    is_area = False

    def __post_init__(self):
        user = self.request.user
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
        return region_url(self.place)

    def criterion_url(self, key: str) -> str:
        return reverse(f"slumareas:{self.place.level}_criterion", args=[self.place.code, key]) + self.query

    @property
    def hectares_url(self) -> str:
        return reverse("slumareas:hectares") + self.query

    @property
    def map_url(self) -> str:
        return reverse("slumareas:map") + self.query

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

    def works(self):
        works = Work.objects.visible_to(self.request.user).filter(self.holds_work())
        groups = works.order_by("-year", "criterion").values("year", "criterion")
        return [
            {**group, "criterion": scoring.CRITERIA[group["criterion"]]}
            for group in groups.annotate(
                volume=Sum("volume"), cost=Sum("cost"), units=Count("unit", distinct=True), number=Count("pk")
            )
        ]

    def holds_work(self) -> Q:
        raise NotImplementedError

    def covers_own(self) -> bool:
        """Whether a village user drafts here."""
        raise NotImplementedError

    def may_draft(self) -> bool:
        """Whether rows of this place are entered by this person in this year."""
        user = self.request.user
        if not user.has_perm("slumareas.add_baseline"):
            return False
        return user.role != user.Role.VILLAGE_USER or self.covers_own()

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


class PlaceWithRows(Place):
    """An area or a village, whose page names neighbourhoods."""

    def baselines(self):
        """The rows of the year that this person may see: of the place as it was cut in that year."""
        rows = Baseline.objects.visible_to(self.request.user).filter(assessment_year=self.year)
        return (
            self.narrowed(rows)
            .select_related("unit__region", "assessment_year", "slum_area")
            .defer("unit__region__boundary")
        )

    def narrowed(self, rows):
        raise NotImplementedError

    def units(self):
        raise NotImplementedError

    def missing(self) -> dict:
        """Which rows are not completely assessed, and which neighbourhoods have none this year."""
        if not self.request.user.has_perm("slumareas.view_baseline") or self.year is None:
            return {"rows": [], "units": [], "more": 0}
        incomplete = list(self.baselines().filter(slum_class="").order_by(*IN_ORDER)[: NAMED + 1])
        units = self.units().exclude(rw="", rt="").select_related("region").defer("boundary", "region__boundary")
        without = list(units.exclude(baselines__assessment_year=self.year).order_by("region", "rw", "rt")[: NAMED + 1])
        return {
            "rows": [incomplete_row(baseline) for baseline in incomplete[:NAMED]],
            "units": without[:NAMED],
            "more": len(incomplete) > NAMED or len(without) > NAMED,
        }


class AreaPlace(PlaceWithRows):
    is_area = True

    @property
    def url(self) -> str:
        return self.place.get_absolute_url()

    def criterion_url(self, key: str) -> str:
        return reverse("slumareas:area_criterion", args=[self.place.slug, key]) + self.query

    @property
    def map_url(self) -> str:
        return f"{super().map_url}#{self.place.slug}"

    def narrowed(self, rows):
        return rows.filter(slum_area=self.place)

    def units(self):
        return NeighbourhoodUnit.objects.visible_to(self.request.user).filter(slum_area=self.place)

    def holds_work(self) -> Q:
        return Q(unit__slum_area=self.place)

    def covers_own(self) -> bool:
        return any(_lies_in(one, self.request.user.region) for one in self.place.villages.all())


class VillagePlace(PlaceWithRows):
    def narrowed(self, rows):
        rows = rows.filter(unit__region=self.place)
        return rows.village_surveys() if self.is_village_survey else rows.of_neighbourhoods()

    def units(self):
        return NeighbourhoodUnit.objects.visible_to(self.request.user).filter(region=self.place)

    def holds_work(self) -> Q:
        return Q(unit__region=self.place)

    def covers_own(self) -> bool:
        return _lies_in(self.place, self.request.user.region)


class HigherPlace(Place):
    """A district or the regency, whose page names the regions right below it."""

    def holds_work(self) -> Q:
        return Q(unit__region__in=Region.objects.within(self.place))

    def covers_own(self) -> bool:
        return False

    @cached_property
    def parts(self) -> list[PlaceRow]:
        """The regions right below, the highest score first, with their results of this year and of the one before."""
        before = self.row.before.year if self.row and self.row.before else None
        results = Assessment.objects.visible_to(self.request.user).filter(assessment_year__in=[self.year, before])
        shown = Prefetch("assessments", results.select_related("assessment_year"), to_attr="results")
        children = self.place.children.defer("boundary").order_by("code").prefetch_related(shown)
        rows = [place_row(child, self.year, before) for child in children]
        return sorted(
            rows,
            key=lambda row: -1 if row.result is None or row.result.total is None else row.result.total,
            reverse=True,
        )

    @property
    def left_out(self) -> int:
        """Parts with a survey alone, which is never added to neighbourhoods."""
        if self.is_village_survey:
            return 0
        return sum(bool(row.result) and row.result.is_village_survey for row in self.parts)

    @property
    def classes(self) -> list[dict]:
        """How many parts have each calculated class; those of which this person may not know are not counted."""
        counts = Counter(row.slum_class for row in self.parts if row.result or not self._is_partly_shown)
        return class_counts(counts)

    @property
    def _is_partly_shown(self) -> bool:
        return bool(self.year) and self.year.is_draft and self.request.user.role == "village_user"

    @property
    def part_level(self) -> str:
        return Region.Level.VILLAGE if self.place.level == Region.Level.DISTRICT else Region.Level.DISTRICT

    def hectares(self) -> list[dict]:
        """By method, the years with their hectares by class, the earliest first."""
        years = list(AssessmentYear.objects.measured())
        found = [row.measured for row in self.rows]
        return [
            {
                "label": METHOD_LABELS[method],
                "years": list(measured(found, method, years).get(self.place.pk, {}).values()),
            }
            for method in METHODS
        ]

    def context(self) -> dict:
        return {**super().context(), "is_partly_shown": self._is_partly_shown}


def region_url(region: Region) -> str:
    return reverse(f"slumareas:{region.level}_detail", args=[region.code])


def _lies_in(region: Region, other: Region | None) -> bool:
    return bool(other) and f"{region.code}.".startswith(f"{other.code}.")


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


def _row_list(request, page: PlaceWithRows) -> dict:
    """The neighbourhoods of the place, the worst first; what is not assessed stands in front of all."""
    if page.measured is None or not request.user.has_perm("slumareas.view_baseline"):
        return {}
    return _page_of(request, page.baselines().order_by(F("total").desc(nulls_first=True), *IN_ORDER))


def area_detail(request, slug):
    area = area_for(request, slug)
    page = AreaPlace(request, area)
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
    own = [one for one in villages if _lies_in(one, user.region)]
    return next(iter(own or villages), None)


def village_detail(request, code):
    village = region_for(request, code, Region.Level.VILLAGE)
    page = VillagePlace(request, village)
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


def district_detail(request, code):
    return _higher_page(request, region_for(request, code, Region.Level.DISTRICT))


def regency_detail(request, code):
    return _higher_page(request, region_for(request, code, Region.Level.REGENCY))


def _higher_page(request, region: Region) -> HttpResponse:
    page = HigherPlace(request, region)
    context = {
        "region": region,
        "areas": _areas_of(request, region, page.year),
        "works": page.works(),
        "columns": COLUMNS,
        "methods": page.hectares(),
        "complete_bar": length(page.measured.assessed_count, page.measured.unit_count) if page.measured else "0",
        **page.context(),
    }
    return render(request, "slumareas/region_detail.html", context)


def _areas_of(request, region: Region, year: AssessmentYear | None) -> list[PlaceRow]:
    """The slum areas that lie in the region, wholly or partly."""
    results = Assessment.objects.visible_to(request.user).filter(assessment_year=year)
    shown = Prefetch("assessments", results.select_related("assessment_year"), to_attr="results")
    areas = SlumArea.objects.visible_to(request.user).in_region(region).prefetch_related(shown)
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
    return _criterion_page(request, AreaPlace(request, area_for(request, slug)), criterion)


def village_criterion(request, code, criterion):
    village = region_for(request, code, Region.Level.VILLAGE)
    return _criterion_page(request, VillagePlace(request, village), criterion)


def district_criterion(request, code, criterion):
    district = region_for(request, code, Region.Level.DISTRICT)
    return _criterion_page(request, HigherPlace(request, district), criterion)


def regency_criterion(request, code, criterion):
    regency = region_for(request, code, Region.Level.REGENCY)
    return _criterion_page(request, HigherPlace(request, regency), criterion)


def _criterion_page(request, page: Place, key: str) -> HttpResponse:
    """404 for what is no criterion, or none of the rule set by which the year was assessed."""
    criterion = scoring.CRITERIA.get(key)
    if criterion is None or page.row is None or key not in page.row.criteria:
        raise Http404
    mine = page.row.criteria[key]
    behind = _parts_behind(page, criterion) if isinstance(page, HigherPlace) else _rows_behind(request, page, criterion)
    context = {
        **page.context(),
        "criterion": criterion,
        "mine": mine,
        "denominator": scoring.DENOMINATORS[criterion.denominator],
        "points_sentence": points_sentence(mine.score),
        "cuts": cuts(),
        "findings": [FINDINGS[code][1] for code in mine.warnings],
        "others": [(row, row.criteria[key]) for row in page.rows if key in row.criteria],
        "criteria": page.reading.criteria,
        **behind,
    }
    return render(request, "slumareas/criterion.html", context)


def _rows_behind(request, page: PlaceWithRows, criterion: scoring.Criterion) -> dict:
    if not request.user.has_perm("slumareas.view_baseline"):
        return {}
    rows = _page_of(request, page.baselines().order_by(*IN_ORDER))
    lines = [
        {"baseline": baseline, "row": criterion_row(baseline, baseline.result(), criterion)}
        for baseline in rows["page_obj"]
    ]
    return {**rows, "lines": lines}


def _parts_behind(page: HigherPlace, criterion: scoring.Criterion) -> dict:
    """The results right below; a survey is named, but was added only where there is nothing else."""
    measured_parts = sorted(
        (row for row in page.parts if row.result and row.result.unit_count), key=lambda row: row.place.code
    )
    return {
        "parts": [
            {
                "place": row.place,
                "url": reverse(f"slumareas:{row.place.level}_criterion", args=[row.place.code, criterion.key]),
                "row": criterion_row(row.result, row.result.result(), criterion),
                "is_left_out": row.result.is_village_survey and not page.is_village_survey,
            }
            for row in measured_parts
        ]
    }
