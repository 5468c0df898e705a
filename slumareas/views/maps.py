"""The thematic map and its data. The table beside the map is the same data without it."""

import hashlib
import json
from dataclasses import dataclass

from django.conf import settings
from django.core.cache import cache
from django.db.models import TextField
from django.db.models.functions import Cast
from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from core.models import Region
from slumareas import geo, scoring, thematic
from slumareas.models import AreaBoundary, Assessment, SlumArea
from slumareas.views.access import require, years_with_results
from slumareas.views.year_keys import chosen_key, year_keys

VILLAGE_TOLERANCE, AREA_TOLERANCE = 0.0005, 0.00002  # degrees: about 55 m, unseen on a map of the regency, and 2 m
BOUNDARIES_VERSION = 1  # to be raised when boundaries are simplified differently
MAX_AREAS = 50
SORTS = ("name", "-name", "district", "-district", "value", "-value", "other", "-other")


@dataclass
class VillageRow:
    region: Region
    has_boundary: bool
    value: thematic.Shown | None
    other: thematic.Shown | None


@require_safe
def slum_map(request):
    require(request.user, "slumareas.view_assessment")
    years = years_with_results(request.user)
    keys = year_keys(years)
    key = chosen_key(request.GET.get("year", ""), keys) or next(iter(keys), None)
    other_key = chosen_key(request.GET.get("compare", ""), keys)
    if other_key == key:
        other_key = None
    theme = request.GET.get("show")
    theme = theme if theme in thematic.THEMES else thematic.CLASS
    sort = request.GET.get("sort")
    sort = sort if sort in SORTS else "-value"
    year, other = keys.get(key), keys.get(other_key)
    rows = _rows(request.user, theme, year, other)
    return render(
        request,
        "slumareas/map.html",
        {
            "section": "map",
            "show": theme,
            "criterion": scoring.CRITERIA.get(theme),
            "aspects": _aspects(),
            "year_keys": dict(reversed(keys.items())),
            "year_key": key,
            "other_key": other_key,
            "year": year,
            "other": other,
            # Beside each other in the order of time, whichever was chosen first.
            "columns": sorted(
                [(one.year, one.rule_set, name) for name, one in (("value", year), ("other", other)) if one]
            ),
            "rows": sorted_rows(rows, sort),
            "sort": sort,
            "has_made_up": year and _villages(request.user).filter(assessment_year=year, has_made_up=True).exists(),
            "missing": [row.region for row in rows if not row.has_boundary],
            "areas": _areas_of(request.user, year),
            "is_in_rules": theme == thematic.CLASS or not year or year.rule_set in scoring.CRITERIA[theme].codes,
            "legends": {"class": thematic.CLASS_BINS, "percent": thematic.PERCENT_BINS},
            "boundaries_url": f"{reverse('slumareas:map_boundaries')}?v={_stored_boundaries()[0]}",
            "tiles_url": settings.MAP_TILES_URL,
            "tiles_credit": settings.MAP_TILES_CREDIT,
        },
    )


def _aspects():
    """[(aspect, its criteria)] for the choice field."""
    return [
        (aspect, [one for one in scoring.CRITERIA.values() if one.aspect == number])
        for number, aspect in scoring.ASPECTS.items()
    ]


def _villages(user):
    return Assessment.objects.visible_to(user).filter(level=Assessment.Level.VILLAGE)


def _rows(user, theme, *years) -> list[VillageRow]:
    """Every village, with what is shown of it in the year and in the one it is compared with."""
    found = {
        (one.region_id, one.assessment_year_id): thematic.shown(one, theme)
        for one in _villages(user)
        .filter(assessment_year__in=[year for year in years if year])
        .select_related("assessment_year")
    }
    with_boundary = set(Region.objects.villages().filter(boundary__isnull=False).values_list("pk", flat=True))
    return [
        VillageRow(
            region, region.pk in with_boundary, *(found.get((region.pk, year.pk)) if year else None for year in years)
        )
        for region in Region.objects.villages().select_related("parent").defer("boundary", "parent__boundary")
    ]


def sorted_rows(rows: list[VillageRow], sort: str) -> list[VillageRow]:
    """Villages of which nothing is known come last in both directions."""
    name = sort.removeprefix("-")
    by_name = sorted(rows, key=lambda row: row.region.name.casefold(), reverse=sort == "-name")
    if name == "name":
        return by_name
    if name == "district":
        return sorted(by_name, key=lambda row: row.region.parent.name, reverse=sort.startswith("-"))
    known = [row for row in by_name if getattr(row, name)]
    known.sort(key=lambda row: getattr(row, name).order, reverse=sort.startswith("-"))
    return known + [row for row in by_name if not getattr(row, name)]


def _areas_of(user, year):
    if not year:
        return []
    return (
        Assessment.objects.visible_to(user)
        .filter(level=Assessment.Level.AREA, assessment_year=year)
        .select_related("slum_area", "assessment_year")
        .order_by("-total", "slum_area__name")[:MAX_AREAS]
    )


@require_safe
def map_data(request):
    """The results of villages and outlined areas in every year that this person may see."""
    require(request.user, "slumareas.view_assessment")
    keys = {year.pk: key for key, year in year_keys(years_with_results(request.user)).items()}
    villages = {
        region.code: {
            "name": region.name,
            "district": region.parent.name,
            "url": reverse("slumareas:village_detail", args=[region.code]),
            "years": {},
        }
        for region in Region.objects.villages().select_related("parent").defer("boundary", "parent__boundary")
    }
    for one in _villages(request.user).select_related("assessment_year", "region"):
        villages[one.region.code]["years"][keys[one.assessment_year_id]] = thematic.village_values(one)
    outlined = SlumArea.objects.visible_to(request.user).filter(boundaries__isnull=False).distinct()
    areas = {area.slug: {"name": area.name, "url": area.get_absolute_url(), "years": {}} for area in outlined}
    results = Assessment.objects.visible_to(request.user).filter(slum_area__in=outlined.values("pk"))
    for one in results.select_related("assessment_year", "slum_area"):
        areas[one.slum_area.slug]["years"][keys[one.assessment_year_id]] = thematic.area_values(one)
    content = {"criteria": list(scoring.CRITERIA), "villages": villages, "areas": areas}
    body = json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()
    return _json(request, body, hashlib.sha256(body).hexdigest()[:20], "private, no-cache")


@require_safe
def map_boundaries(request):
    """Boundaries with as many points as the map can show. Named by their content, they may be kept for good."""
    require(request.user, "slumareas.view_areaboundary")
    digest, villages, areas = _stored_boundaries()
    body = cache.get(f"slumareas.boundaries.{digest}")
    if body is None:
        body = _drawn(villages, areas)
        cache.set(f"slumareas.boundaries.{digest}", body, timeout=None)
    keep = request.GET.get("v") == digest
    return _json(request, body, digest, "private, max-age=31536000, immutable" if keep else "private, no-cache")


def _stored_boundaries() -> tuple[str, list, list]:
    """Their fingerprint and themselves, as text: reading them as JSON is left to whoever simplifies them."""
    villages = Region.objects.villages().filter(boundary__isnull=False).order_by("code")
    villages = list(villages.values_list("code", Cast("boundary", TextField())))
    areas = AreaBoundary.objects.order_by("slum_area__slug", "year")
    areas = list(areas.values_list("slum_area__slug", "year", Cast("geometry", TextField())))
    content = repr((BOUNDARIES_VERSION, villages, areas)).encode()
    return hashlib.sha256(content).hexdigest()[:20], villages, areas


def _drawn(villages, areas) -> bytes:
    outlines = geo.simplified({(slug, year): json.loads(text) for slug, year, text in areas}, AREA_TOLERANCE, 5)
    by_area = {}
    for (slug, year), geometry in outlines.items():
        by_area.setdefault(slug, []).append([year, geometry])
    content = {
        "villages": geo.simplified({code: json.loads(text) for code, text in villages}, VILLAGE_TOLERANCE, 4),
        "areas": by_area,
    }
    return json.dumps(content, separators=(",", ":")).encode()


def _json(request, body: bytes, digest: str, cache_control: str) -> HttpResponse:
    response = HttpResponse(body, content_type="application/json")
    response["ETag"], response["Cache-Control"] = f'"{digest}"', cache_control
    return get_conditional_response(request, etag=response["ETag"], response=response)
