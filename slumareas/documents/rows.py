"""Neighbourhoods, works and photos of an area."""

import logging
from dataclasses import dataclass
from io import BytesIO

from django.db.models import Count, F, Q, Sum
from PIL import Image, ImageOps

from core import formats, pdf
from core.models import User
from slumareas import scoring
from slumareas.documents.visible import baselines_of, seen
from slumareas.documents.wording import CLASSES, amount, quantity
from slumareas.models import AssessmentYear, Baseline, SlumArea, Work

logger = logging.getLogger(__name__)
MOST_UNITS, MOST_WORKS, MOST_PHOTOS = 25, 12, 6
PHOTO_PIXELS = 1100


@dataclass(frozen=True)
class UnitRow:
    label: str
    village: str
    hectares: str
    buildings: str
    households: str
    people: str
    total: int | None
    slum_class: str
    worst: str

    @property
    def class_label(self) -> str:
        return CLASSES[self.slum_class]


@dataclass(frozen=True)
class Rows:
    """The neighbourhoods; with too many of them those with the highest total."""

    units: list[UnitRow]
    has_more: bool
    has_villages: bool
    limit: int = MOST_UNITS


def rows_of(area: SlumArea, year: AssessmentYear | None, reader: User | None) -> Rows:
    worst_first = (
        baselines_of(area, year, reader)
        .select_related("unit__region", "assessment_year")
        .defer("unit__boundary", "unit__region__boundary")
        .order_by(F("total").desc(nulls_first=True), "unit__region__code", "unit__rw", "unit__rt")
    )
    found = list(worst_first[: MOST_UNITS + 1])
    kept = sorted(found[:MOST_UNITS], key=_natural)
    is_spread = len({baseline.unit.region_id for baseline in kept}) > 1
    return Rows([_unit_row(baseline) for baseline in kept], len(found) > MOST_UNITS, is_spread)


def _natural(baseline: Baseline) -> tuple:
    """RT 10 after RT 9."""
    unit = baseline.unit
    return unit.region.code, unit.rw.zfill(12), unit.rt.zfill(12)


def _unit_row(baseline: Baseline) -> UnitRow:
    result = baseline.result()
    full = scoring.CUTS[0][1]
    codes = [one.codes[result.rule_set.key] for one in result.rule_set.criteria if result.score[one.key] == full]
    return UnitRow(
        baseline.unit.label,
        baseline.unit.region.name,
        quantity(baseline.verified_area_ha, scoring.HECTARE),
        quantity(baseline.building_count, scoring.BUILDING),
        quantity(baseline.household_count, scoring.HOUSEHOLD),
        quantity(baseline.population, scoring.PERSON),
        result.total,
        result.slum_class or "",
        ", ".join(codes),
    )


@dataclass(frozen=True)
class WorkRow:
    year: int
    activity: str
    criterion: str
    volume: str
    units: int
    funding: str
    cost: str


@dataclass(frozen=True)
class Works:
    """`total` is the cost of all works, also of those that are not listed."""

    rows: list[WorkRow]
    has_more: bool
    total: str
    without_cost: int


def works_of(area: SlumArea, year: AssessmentYear | None, reader: User | None) -> Works:
    """Works in the neighbourhoods that were in the area that year, up to that year; the same kind of works added up."""
    found = seen(Work.objects.all(), reader)
    if year:
        inside = Q(unit__in=Baseline.objects.filter(slum_area=area, assessment_year=year).values("unit"))
        found = found.filter(inside, year__lte=year.year)
    else:
        found = found.filter(unit__slum_area=area)
    sums = found.aggregate(paid=Sum("cost"), unknown=Count("pk", filter=Q(cost=None)))
    groups = list(
        found.values("year", "criterion", "activity", "funding_source")
        .annotate(delivered=Sum("volume"), paid=Sum("cost"), units=Count("unit", distinct=True))
        .order_by("-year", "activity", "criterion", "funding_source")[: MOST_WORKS + 1]
    )
    return Works(
        [_work_row(group, year) for group in groups[:MOST_WORKS]],
        len(groups) > MOST_WORKS,
        "" if sums["paid"] is None else formats.money(sums["paid"]),
        sums["unknown"],
    )


def _work_row(group: dict, year: AssessmentYear | None) -> WorkRow:
    criterion = scoring.CRITERIA[group["criterion"]]
    rule_set = year.rule_set if year else scoring.default_rule_set(group["year"])
    code = criterion.codes.get(rule_set, "")
    return WorkRow(
        group["year"],
        group["activity"],
        f"{code} {criterion.label}".strip(),
        amount(group["delivered"], criterion.unit),
        group["units"],
        group["funding_source"],
        "" if group["paid"] is None else formats.money(group["paid"]),
    )


@dataclass(frozen=True)
class Photo:
    url: str
    place: str
    note: str


def photos_of(area: SlumArea, year: AssessmentYear | None, reader: User | None) -> tuple[list[Photo], dict[str, bytes]]:
    with_photo = (
        baselines_of(area, year, reader)
        .exclude(photo="")
        .select_related("unit__region")
        .defer("unit__boundary", "unit__region__boundary")
        .order_by("unit__region__code", "unit__rw", "unit__rt")
    )
    photos, files = [], {}
    for baseline in with_photo[:MOST_PHOTOS]:
        content = _small_photo(baseline)
        if content:
            name = f"photo-{len(photos) + 1}.jpg"
            files[name] = content
            photos.append(Photo(pdf.FILE_URL + name, str(baseline.unit), baseline.note))
    return photos, files


def _small_photo(baseline: Baseline) -> bytes | None:
    """Upright, fit for the paper, and without what the camera noted of place and person."""
    try:
        with baseline.photo.open("rb") as file, Image.open(file) as picture:
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, ValueError, Image.DecompressionBombError):
        logger.warning("The photo %s cannot be read; the profile is printed without it.", baseline.photo.name)
        return None
    upright.thumbnail((PHOTO_PIXELS, PHOTO_PIXELS))
    content = BytesIO()
    upright.save(content, "JPEG", quality=82)
    return content.getvalue()
