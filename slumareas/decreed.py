"""What decrees and reports say of an area's hectares, beside what was measured.

Of a reporting group only the figure of the whole group is known; it is compared with the whole group and never split.
"""

from dataclasses import dataclass
from decimal import Decimal

from core.models import Region
from slumareas.models import Assessment, DecreeArea, ReportedHectares, ReportingGroup, SlumArea


@dataclass(frozen=True)
class Figure:
    """A published figure of a group, with the slum hectares measured in the group in that year (None: not visible)."""

    reported: ReportedHectares
    measured_a: Decimal | None
    measured_b: Decimal | None

    @property
    def difference_a(self) -> Decimal | None:
        return None if self.measured_a is None else self.measured_a - self.reported.hectares

    @property
    def difference_b(self) -> Decimal | None:
        return None if self.measured_b is None else self.measured_b - self.reported.hectares


@dataclass(frozen=True)
class Named:
    """A decree that names the area; the difference is what was measured less what the decree says."""

    decree_area: DecreeArea
    difference: Decimal | None


def naming_decrees(area: SlumArea, measured: Decimal | None) -> list[Named]:
    return [
        Named(named, None if None in (measured, named.hectares) else measured - named.hectares)
        for named in area.decree_areas.select_related("decree")
    ]


def group_figures(regions: list[Region], user) -> list[Figure]:
    """Reported figures of the smallest reporting groups that hold one of these regions."""
    above = {".".join(region.code.split(".")[:depth]) for region in regions for depth in (2, 3, 4)}
    groups = ReportingGroup.objects.filter(regions__code__in=above).distinct().prefetch_related("regions")
    if not groups:
        return []
    depths = {group: max(region.code.count(".") for region in group.regions.all()) for group in groups}
    smallest = [group for group in groups if depths[group] == max(depths.values())]
    figures = list(
        ReportedHectares.objects.filter(group__in=smallest, kind=ReportedHectares.Kind.REPORTED).select_related(
            "group", "decree"
        )
    )
    regions_of = {group.pk: {region.pk for region in group.regions.all()} for group in smallest}
    measured = _measured(set().union(*regions_of.values()), {figure.year for figure in figures}, user)
    return [Figure(figure, *_sum_of(measured, figure.year, regions_of[figure.group_id])) for figure in figures]


def _measured(regions: set[int], years: set[int], user) -> dict[tuple[int, int], Assessment]:
    """{(year, region): result}, of two rule sets in a year the newer one."""
    results = Assessment.objects.visible_to(user).filter(region__in=regions, assessment_year__year__in=years)
    results = results.select_related("assessment_year").order_by("-assessment_year__rule_set")
    return {(result.assessment_year.year, result.region_id): result for result in results}


def _sum_of(measured, year: int, regions: set[int]) -> tuple[Decimal | None, Decimal | None]:
    """Of a district without any row nothing was measured, which adds nothing; without all of them nothing is known."""
    found = [measured[(year, region)] for region in regions if (year, region) in measured]
    if not found:
        return None, None
    return sum(one.slum_hectares("a") for one in found), sum(one.slum_hectares("b") for one in found)
