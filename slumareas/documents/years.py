"""The years side by side, and what changed between them."""

from dataclasses import dataclass
from functools import cached_property

from core import formats
from slumareas import reading, scoring
from slumareas.documents.wording import CAUSES, CLASSES, STATUSES, percent, quantity
from slumareas.models import Assessment


def with_previous(shown: list[Assessment]) -> list[tuple[Assessment, Assessment | None]]:
    """The oldest first, each with the one before it."""
    oldest_first = shown[::-1]
    return list(zip(oldest_first, [None, *oldest_first], strict=False))


@dataclass(frozen=True)
class YearColumn:
    assessment: Assessment
    previous: Assessment | None

    @cached_property
    def result(self) -> scoring.Result:
        return self.assessment.result()

    @property
    def year(self) -> int:
        return self.assessment.assessment_year.year

    @property
    def rules(self) -> str:
        return self.result.rule_set.label

    @property
    def status(self) -> str:
        return STATUSES[self.assessment.assessment_year.status]

    @property
    def slum_class(self) -> str:
        return self.result.slum_class or ""

    @property
    def class_label(self) -> str:
        return CLASSES[self.slum_class]

    @property
    def total(self) -> str:
        return "" if self.result.total is None else f"{self.result.total} dari {self.result.rule_set.maximum}"

    @property
    def sector_average(self) -> str:
        return percent(self.result.sector_average)

    @property
    def aspect_averages(self) -> list[str]:
        return [percent(average) for average in self.result.aspect_average.values()]

    @property
    def contribution(self) -> str:
        before = self.previous.result() if self.previous else None
        if before is None or before.rule_set != self.result.rule_set:
            return ""
        share = scoring.handling_contribution(before.sector_average, self.result.sector_average)
        return "" if share is None else formats.decimal_number(share * 100, 2)

    @property
    def hectares(self) -> str:
        return quantity(self.assessment.verified_area_ha, scoring.HECTARE)

    @property
    def slum_hectares_a(self) -> str:
        return _slum_hectares(self.assessment, "a")

    @property
    def slum_hectares_b(self) -> str:
        return _slum_hectares(self.assessment, "b")

    @property
    def units(self) -> str:
        return f"{self.assessment.assessed_count} dari {self.assessment.unit_count}"


def _slum_hectares(assessment: Assessment, method: str) -> str:
    """`6,25; belum dinilai 0,96`."""
    unknown = assessment.hectares(method)["not_assessed"]
    known = reading.slum_hectares(assessment, method)
    parts = [] if known is None else [formats.decimal_number(known, 2)]
    return "; ".join([*parts, f"belum dinilai {formats.decimal_number(unknown, 2)}"] if unknown else parts)


def _unknown_hectares(assessment: Assessment) -> bool:
    return any(assessment.hectares(method)["not_assessed"] for method in ("a", "b"))


def changes(current: Assessment | None, earlier: list[Assessment]) -> list[str]:
    """`metode A (kawasan): turun 7,14 ha karena pekerjaan`, one sentence for each method and cause."""
    if not earlier or any(_unknown_hectares(one) for one in (current, earlier[0])):
        return []  # what was not assessed is no change
    names = {"a": "metode A (kawasan utuh)", "b": "metode B (per RT)"}
    sentences = []
    for method, name in names.items():
        for cause, hectares in current.changes(method).items():
            if hectares:
                direction = "turun" if hectares < 0 else "naik"
                amount = formats.decimal_number(abs(hectares), 2)
                sentences.append(f"{name}: {direction} {amount} ha karena {CAUSES[cause]}")
    return sentences


def rule_changes(shown: list[Assessment]) -> list[str]:
    return [
        f"Antara {before.assessment_year.year} dan {one.assessment_year.year} aturan berganti dari "
        f"{before.assessment_year.rules.label} ke {one.assessment_year.rules.label}; nilai dan kelas kedua tahun itu "
        "tidak dapat dibandingkan langsung."
        for one, before in with_previous(shown)
        if before and before.assessment_year.rule_set != one.assessment_year.rule_set
    ]
