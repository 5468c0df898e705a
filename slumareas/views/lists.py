"""The lists of areas and villages, and their files."""

from django.db.models import Count, Prefetch, Sum
from django.http import Http404, HttpResponse
from django.utils.text import slugify
from django.utils.translation import gettext_lazy
from django.views.generic import ListView

from core.models import Region
from slumareas import exporting, scoring
from slumareas.filters import SlumAreaFilter, VillageFilter
from slumareas.models import Assessment, SlumArea
from slumareas.models.assessments import BUCKETS, METHODS
from slumareas.reading import PlaceRow, class_counts, place_row
from slumareas.views.access import require, years_with_results
from slumareas.views.year_keys import year_links, year_or_404, year_query

ROWS_A_PAGE = 25


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
        return found.select_related("parent").defer("boundary", "parent__boundary").prefetch_related("slum_areas")

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        higher = Region.objects.exclude(level=Region.Level.VILLAGE).defer("boundary").order_by("code")
        return {**context, "tiles": self.tiles(context["paginator"].count), "higher": higher}


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
