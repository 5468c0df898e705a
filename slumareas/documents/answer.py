"""How slum the area is: the result that the paper is about, beside the one before it."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from core import formats
from slumareas import pictures, scoring
from slumareas.documents.wording import CLASSES, REMARKS, UNITS, percent, quantity
from slumareas.models import Assessment

BARS, SCALE, EDGE = 84, 170, 18  # millimetres: bars at 100 %, the scale of a total, room for a label on it


@dataclass(frozen=True)
class CriterionRow:
    code: str
    label: str
    volume: str
    whole: str
    unit: str
    percent: str
    score: int | None
    marks: str


@dataclass(frozen=True)
class AspectRow:
    """An aspect with its criteria; `bar` and `bar_before` are millimetres, None where nothing is known."""

    label: str
    points: int | None
    most: int
    percent: str
    percent_before: str
    bar: str | None
    bar_before: str | None
    is_cut: bool
    has_service_mark: bool
    criteria: list[CriterionRow]

    @property
    def alt(self) -> str:
        before = f"; sebelumnya {self.percent_before} persen" if self.percent_before else ""
        return f"{self.label}: {self.percent} persen kebutuhan belum terpenuhi{before}" if self.percent else self.label


@dataclass(frozen=True)
class State:
    """The result that the paper is about, beside the one before it."""

    assessment: Assessment
    previous: Assessment | None

    @cached_property
    def result(self) -> scoring.Result:
        return self.assessment.result()

    @cached_property
    def before(self) -> scoring.Result | None:
        return self.previous.result() if self.previous else None

    @property
    def rules(self) -> scoring.RuleSet:
        return self.result.rule_set

    @property
    def slum_class(self) -> str:
        return self.result.slum_class or ""

    @property
    def class_label(self) -> str:
        return CLASSES[self.slum_class]

    @property
    def total(self) -> int | None:
        return self.result.total

    @property
    def assessed_total(self) -> int:
        """What the assessed criteria add up to; the whole total is at least as much."""
        return sum(score or 0 for score in self.result.score.values())

    @property
    def has_same_rules(self) -> bool:
        return self.before is None or self.before.rule_set == self.rules

    @property
    def headline(self) -> str:
        """`Kumuh ringan, 26 dari 80, turun dari 35 pada 2018`."""
        if self.total is None:
            missing = len(self.result.not_assessed)
            now = f"Kelas belum dapat ditetapkan: {missing} dari {len(self.rules.criteria)} kriteria belum dinilai"
        else:
            now = f"{self.class_label}, {self.total} dari {self.rules.maximum}"
        return "".join((now, self._trend))

    @property
    def _trend(self) -> str:
        if self.before is None or self.before.total is None:
            return ""
        year, old = self.previous.assessment_year.year, self.before.total
        if self.total is None or not self.has_same_rules:
            other = "" if self.has_same_rules else " menurut aturan lain"
            name = CLASSES[self.before.slum_class].lower()
            return f"; pada {year}{other} {name}, {old} dari {self.before.rule_set.maximum}"
        if self.total == old:
            return f", tetap seperti pada {year}"
        return f", {'turun' if self.total < old else 'naik'} dari {old} pada {year}"

    @property
    def bands(self) -> list[pictures.Band]:
        return pictures.bands(self.rules, SCALE)

    @property
    def scale(self) -> "Scale":
        before = self.before.total if self.before and self.has_same_rules else None
        return Scale(
            bands=[
                ScaleBand(
                    pictures.mm(band.x),
                    pictures.mm(band.width),
                    pictures.mm(band.x + band.width / 2),
                    band.slum_class,
                    CLASSES[band.slum_class],
                    f"{band.least}–{band.most}",
                )
                for band in self.bands
            ],
            now=self._marker(self.assessment, self.total),
            before=self._marker(self.previous, before, beside=self.total),
        )

    def _marker(self, assessment: Assessment | None, total: int | None, beside: int | None = None) -> "Marker | None":
        """Its text stands above, or on the free side of another mark."""
        if total is None:
            return None
        x = text_x = pictures.position(total, self.rules, SCALE)
        anchor = "start" if x < EDGE else "end" if x > SCALE - EDGE else "middle"
        if beside is not None and abs(pictures.position(beside, self.rules, SCALE) - x) < 2 * EDGE:
            is_left = (total < beside or x > SCALE - EDGE) and x > EDGE
            anchor = "end" if is_left else "start"
            outer = min(total, beside) if is_left else max(total, beside)
            text_x = pictures.position(outer, self.rules, SCALE) + (-2.2 if is_left else 2.2)
        text = f"{assessment.assessment_year.year}: {total}"
        return Marker(*map(pictures.mm, (x, x - 1.7, x + 1.7, text_x)), anchor, text)

    @cached_property
    def costliest(self) -> list[str]:
        """The criteria with the highest score, the worst percentage first and with its numbers."""
        highest = max((score for score in self.result.score.values() if score), default=0)
        found = [one for one in self.rules.criteria if highest and self.result.score[one.key] == highest]
        found.sort(key=lambda one: -self.result.percent[one.key])
        return [self._named(found[0]), *(self._title(one) for one in found[1:])] if found else []

    @property
    def highest_score(self) -> int:
        return max((score or 0 for score in self.result.score.values()), default=0)

    def _named(self, criterion: scoring.Criterion) -> str:
        numerator, whole = self.result.values[criterion.key]
        part = f"{quantity(numerator, criterion.unit)} dari {quantity(whole, criterion.unit)}"
        percent = formats.decimal_number(self.result.percent[criterion.key], 2)
        return f"{self._title(criterion)}: {percent} %, {part} {UNITS[criterion.unit.key]}"

    def _title(self, criterion: scoring.Criterion) -> str:
        return f"{criterion.label} ({criterion.codes[self.rules.key]})"

    @property
    def heaviest_aspect(self) -> AspectRow | None:
        known = [row for row in self.aspects if row.points]
        return max(known, key=lambda row: row.points, default=None)

    @property
    def not_assessed(self) -> list[str]:
        missing = self.result.not_assessed
        return [self._title(one) for one in self.rules.criteria if one.key in missing]

    @cached_property
    def aspects(self) -> list[AspectRow]:
        return [self._aspect(aspect) for aspect in scoring.ASPECTS.values()]

    def _aspect(self, aspect: scoring.Aspect) -> AspectRow:
        criteria = [one for one in self.rules.criteria if one.aspect == aspect.number]
        scores = [self.result.score[one.key] for one in criteria]
        now = self.result.aspect_average[aspect.number]
        then = self.before.aspect_average[aspect.number] if self.before else None
        return AspectRow(
            str(aspect.label),
            None if None in scores else sum(scores),
            scoring.CUTS[0][1] * len(criteria),
            percent(now),
            percent(then),
            _bar(now),
            _bar(then),
            now is not None and now > 100,
            aspect.number in scoring.SERVICE_ASPECTS,
            [self._criterion(one) for one in criteria],
        )

    def _criterion(self, criterion: scoring.Criterion) -> CriterionRow:
        numerator = getattr(self.assessment, criterion.key)
        whole = getattr(self.assessment, criterion.denominator)
        found = {warning.code for warning in self.result.warnings if warning.field == criterion.key}
        return CriterionRow(
            criterion.codes[self.rules.key],
            str(criterion.label),
            quantity(numerator, criterion.unit),
            quantity(whole, criterion.unit),
            UNITS[criterion.unit.key],
            percent(self.result.percent[criterion.key]),
            self.result.score[criterion.key],
            "".join(mark for mark, code, _text in self.remarks if code in found),
        )

    @cached_property
    def remarks(self) -> list[tuple[str, str, str]]:
        """(mark, code, sentence) of what is to be said about the values."""
        found = {warning.code for warning in self.result.warnings}
        codes = [code for code in REMARKS if code in found]
        return [("*" * number, code, REMARKS[code]) for number, code in enumerate(codes, start=1)]

    @property
    def sector_average(self) -> str:
        return percent(self.result.sector_average)

    @property
    def sector_average_before(self) -> str:
        return percent(self.before.sector_average) if self.before else ""

    @property
    def cuts(self) -> str:
        """`5 mulai 76 %, 3 mulai 51 %, 1 mulai 25 %`."""
        return ", ".join(f"{reached} mulai {least} %" for least, reached in scoring.CUTS)

    @property
    def limits(self) -> str:
        """`tidak kumuh 0–15, kumuh ringan 16–37, …`."""
        return ", ".join(f"{CLASSES[band.slum_class].lower()} {band.least}–{band.most}" for band in self.bands)


@dataclass(frozen=True)
class ScaleBand:
    x: str
    width: str
    middle: str
    slum_class: str
    label: str
    limits: str


@dataclass(frozen=True)
class Marker:
    x: str
    left: str
    right: str
    text_x: str
    anchor: str
    text: str


@dataclass(frozen=True)
class Scale:
    """The total between the classes, in millimetres."""

    bands: list[ScaleBand]
    now: Marker | None
    before: Marker | None
    width: int = SCALE


def _bar(percent: Decimal | None) -> str | None:
    return None if percent is None else pictures.mm(min(float(percent), 100) / 100 * BARS)
