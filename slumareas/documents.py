"""The paper of a slum area: a function from the record to the bytes of a PDF.

The words are those of Indonesian planning documents and stay Indonesian in every language of the pages; names of
criteria and aspects come from the table of the rule. No clock: the same record gives the same bytes.
"""

import logging
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property
from io import BytesIO

from django.db.models import Count, F, Q, QuerySet, Sum
from django.utils import timezone, translation
from PIL import Image, ImageOps

from core import formats, issuing, pdf
from core.models import IssuedPaper, Region, User
from slumareas import pictures, reading, scoring
from slumareas.models import (
    AreaBoundary,
    Assessment,
    AssessmentYear,
    Baseline,
    DecreeArea,
    NeighbourhoodUnit,
    SlumArea,
    Work,
)

logger = logging.getLogger(__name__)

AREA_PROFILE = AssessmentYear.AREA_PROFILE  # the kind of paper
CLASSES = {
    scoring.HEAVY: "Kumuh berat",
    scoring.MODERATE: "Kumuh sedang",
    scoring.LIGHT: "Kumuh ringan",
    scoring.NOT_SLUM: "Tidak kumuh",
    "": "Belum dinilai",
}
STATUSES = {
    "draft": "rancangan, belum diverifikasi",
    "verified": "terverifikasi",
    "locked": "terverifikasi dan dikunci",
}
UNITS = {"ha": "ha", "m": "m", "m2": "m²", "building": "unit", "household": "KK", "person": "jiwa"}
KINDS = {"quality_improvement": "peningkatan kualitas", "prevention": "pencegahan"}
LEVELS = {scoring.HIGH: "tinggi", scoring.MEDIUM: "sedang", scoring.LOW: "rendah"}
PATTERNS = {
    scoring.RESTORATION: "pemugaran",
    scoring.RENEWAL: "peremajaan",
    scoring.RESETTLEMENT: "pemukiman kembali",
}
AUTHORITIES = {
    scoring.REGENCY: "pemerintah kabupaten",
    scoring.PROVINCE: "pemerintah provinsi",
    scoring.CENTRE: "pemerintah pusat",
}
CAUSES = {
    "works": "pekerjaan",
    "delineation": "penetapan ulang batas",
    "rule": "perubahan aturan",
    "correction": "pembetulan atau pengukuran ulang",
    "missing": "data yang lengkap hanya pada salah satu tahun",
}
# What is said under the table about a value that is scored all the same.
REMARKS = {
    "negative_value": "Nilai di bawah 0 dicatat sebagaimana adanya dan dihitung 0.",
    "above_denominator": "Volume melebihi penyebutnya; dicatat sebagaimana adanya dan bernilai 5.",
    "zero_denominator": "Volume di atas 0 sedangkan penyebutnya 0; tidak dapat dinilai sebelum diperbaiki.",
    "negative_denominator": "Penyebut di bawah 0; tidak dapat dinilai sebelum diperbaiki.",
    "parts_above_whole": "Panjang yang belum ada dan yang rusak bersama-sama melebihi panjang ideal.",
}
MOST_YEARS, MOST_UNITS, MOST_WORKS, MOST_PHOTOS, MOST_OUTLINES = 5, 25, 12, 6, 300
PHOTO_PIXELS = 1100
BARS, SCALE, EDGE = 84, 170, 18  # millimetres: bars at 100 %, the scale of a total, room for a label on it
BOUNDARIES = ("boundary", "parent__boundary", "parent__parent__boundary")  # heavy, and read only where they are drawn


def results_of(area: SlumArea, reader: User | None = None) -> list[Assessment]:
    """The results of an area that this person may see, the latest first; all of them where nobody is named.

    A year in which no neighbourhood of the area was measured has no result, only a change of hectares.
    """
    found = _seen(Assessment.objects.filter(slum_area=area, unit_count__gt=0), reader)
    return list(found.select_related("assessment_year").order_by("-assessment_year__year", "assessment_year__rule_set"))


def area_profile(
    area: SlumArea,
    year: AssessmentYear | None = None,
    *,
    reader: User | None = None,
    verification: issuing.Verification | None = None,
    **copy,
) -> bytes:
    """How slum the area is, why, and whether it is getting less: two to four pages.

    `year` is the year whose state is told, by default the latest with a result; later years are left out. With `reader`
    the paper holds only what this person may see: who may not read rows gets the results without neighbourhoods.
    """
    with translation.override("id"):  # names of criteria and aspects become text here
        context, files = profile_context(area, year, reader)
    context["verification"] = verification
    files = {**files, **(verification.files if verification else {})}
    return pdf.render("slumareas/pdf/area_profile.html", context, files=files, **copy)


def profile_as_issued(area: SlumArea, year: AssessmentYear | None = None) -> bytes:
    """The profile of a locked year as it was issued; of any other year as it stands now."""
    if year is None:
        year = next((one.assessment_year for one in results_of(area)), None)
    if year is None or year.status != AssessmentYear.Status.LOCKED:
        return area_profile(area, year)
    return issuing.content_of(issuing.issued(final_profile(area, year)))


def final_profile(area: SlumArea, year: AssessmentYear) -> issuing.Final:
    """Final by the step that locked the year: who took it issued the paper, then. Signed by nobody: it is no decision."""
    step = year.status_changes.filter(status=AssessmentYear.Status.LOCKED).select_related("by").last()
    results = Assessment.objects.filter(slum_area=area, assessment_year=year)
    return issuing.Final(
        kind=AREA_PROFILE,
        record=area,
        edition=year.key,
        key=area.slug,
        title=f"{area.name} {year.year}",
        dated_on=timezone.localdate(step.at if step else None),
        build=lambda verification, **copy: area_profile(area, year, verification=verification, **copy),
        templates=("slumareas/pdf",),
        version=f"{step.pk}" if step else "",
        at=step.at if step else timezone.now(),
        by=step.by if step else None,
        facts={
            "area": issuing.rows_of([area]),
            "year": issuing.rows_of([year]),
            "result": issuing.rows_of(results),
            "baselines": issuing.rows_of(_baselines(area, year, None), "photo", "updated_by"),
        },
    )


def unissued_profiles() -> Iterator[issuing.Final]:
    """Profiles of locked years that nobody has asked for yet."""
    for year in AssessmentYear.objects.filter(status=AssessmentYear.Status.LOCKED):
        issued = IssuedPaper.objects.in_force().filter(kind=AREA_PROFILE, edition=year.key).values("record_id")
        measured = Assessment.objects.filter(assessment_year=year, unit_count__gt=0).exclude(slum_area=None)
        for area in SlumArea.objects.filter(pk__in=measured.values("slum_area")).exclude(pk__in=issued):
            yield final_profile(area, year)


def profile_context(
    area: SlumArea, year: AssessmentYear | None = None, reader: User | None = None
) -> tuple[dict, dict[str, bytes]]:
    """What the template is given, and the photos by the names under which it asks for them."""
    results = results_of(area, reader)
    current = next((one for one in results if year is None or one.assessment_year_id == year.pk), None)
    year = current.assessment_year if current else year
    # A second rule set of the same year is no earlier state.
    earlier = [one for one in results if current and one.assessment_year.year < year.year]
    shown = ([current, *earlier] if current else [])[:MOST_YEARS]
    villages = list(area.villages.select_related("parent__parent").defer(*BOUNDARIES).order_by("code"))
    boundary = _boundary(area, year)
    photos, files = _photos(area, year, reader)
    context = {
        "area": area,
        "kind": KINDS[area.kind],
        "year": year,
        "status": STATUSES[year.status] if year else "",
        "is_draft": bool(year) and year.is_draft,
        "is_made_up": any(one.has_made_up for one in shown),
        "places": _places(villages),
        "state": State(current, earlier[0] if earlier else None) if current else None,
        "figures": _figures(area, current),
        "facts": [_measured(current, boundary), _standing(area, current)],
        "maps": _maps(area, villages, boundary, current, reader),
        "boundary": boundary,
        "middle": _middle(boundary),
        "surveys": [] if current else _surveys(villages, year, reader),
        "years": [YearColumn(one, before) for one, before in _with_previous(shown)],
        "changes": _changes(current, earlier),
        "rule_changes": _rule_changes(shown),
        "rows": _rows(area, year, reader),
        "works": _works(area, year, reader),
        "photos": photos,
        "hides_rows": reader is not None and not reader.has_perm("slumareas.view_baseline"),
        "classes": CLASSES,
    }
    return context, files


def _seen(records: QuerySet, reader: User | None) -> QuerySet:
    return records if reader is None else records.visible_to(reader)


# --- the answer -----------------------------------------------------------------------------------------
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
        part = f"{_quantity(numerator, criterion.unit)} dari {_quantity(whole, criterion.unit)}"
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
            _percent(now),
            _percent(then),
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
            _quantity(numerator, criterion.unit),
            _quantity(whole, criterion.unit),
            UNITS[criterion.unit.key],
            _percent(self.result.percent[criterion.key]),
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
        return _percent(self.result.sector_average)

    @property
    def sector_average_before(self) -> str:
        return _percent(self.before.sector_average) if self.before else ""

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


# --- numbers ----------------------------------------------------------------------------------------------
def _percent(value: Decimal | None) -> str:
    return "" if value is None else formats.decimal_number(value, 2)


def _quantity(value: Decimal | None, unit: scoring.Unit) -> str:
    """Counts whole, hectares with two decimals (four below 0.01, which would look like nothing), lengths as short as can be."""
    if value is None:
        return ""
    if unit == scoring.HECTARE:
        return formats.decimal_number(value, 4 if 0 < abs(value) < Decimal("0.01") else 2)
    return formats.decimal_number(value, 0 if value == value.to_integral_value() else unit.places)


def _amount(value: Decimal | None, unit: scoring.Unit) -> str:
    return f"{_quantity(value, unit)} {UNITS[unit.key]}" if value is not None else ""


def _per_hectare(count: Decimal | None, hectares: Decimal | None, what: str) -> str:
    return f"{formats.decimal_number(count / hectares, 0)} {what}/ha" if count is not None and hectares else ""


# --- facts --------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Fact:
    label: str
    value: str
    note: str = ""


def _places(villages: list[Region]) -> str:
    """`Kelurahan Tanjung, Kecamatan Mentok, Kabupaten Bangka Barat`, each district and the regency once."""
    parents = [village.parent for village in villages if village.parent]
    regencies = [parent.parent for parent in parents if parent.parent]
    names = [one.full_name for one in (*villages, *parents, *regencies)]
    return ", ".join(dict.fromkeys(names))


def _figures(area: SlumArea, current: Assessment | None) -> list[Fact]:
    """What stands in large type beside the answer."""
    if current is None:
        return []
    number = scoring.priority(current.slum_class, _consideration(area, current)[1])
    figures = (
        Fact("prioritas (1 paling mendesak)", f"{number} dari 9" if number else ""),
        Fact("luas terverifikasi", _amount(current.verified_area_ha, scoring.HECTARE)),
        Fact("penduduk", _amount(current.population, scoring.PERSON)),
        Fact("rumah tangga", _amount(current.household_count, scoring.HOUSEHOLD)),
        Fact("bangunan", _amount(current.building_count, scoring.BUILDING)),
    )
    return [figure for figure in figures if figure.value]


def _measured(current: Assessment | None, boundary: AreaBoundary | None) -> list[Fact]:
    outline = Fact(
        "Luas dalam garis batas",
        _amount(boundary.area_ha, scoring.HECTARE) if boundary else "",
        "" if boundary else "garis batas belum digambar",
    )
    if current is None:
        return [outline, Fact("Data dasar RT", "", "belum ada")]
    hectares, people = current.verified_area_ha, current.population
    share = None
    if current.open_space_m2 is not None and hectares:
        share = current.open_space_m2 / (hectares * 10_000) * 100
    amounts = [
        Fact("Luas terverifikasi", _amount(hectares, scoring.HECTARE)),
        outline,
        Fact("Penduduk", _amount(people, scoring.PERSON)),
        Fact("Rumah tangga", _amount(current.household_count, scoring.HOUSEHOLD)),
        Fact("Bangunan", _amount(current.building_count, scoring.BUILDING)),
        Fact("Kepadatan penduduk", _per_hectare(people, hectares, "jiwa")),
        Fact("Kepadatan bangunan", _per_hectare(current.building_count, hectares, "unit")),
        Fact("Jalan ideal", _amount(current.ideal_road_m, scoring.METRE)),
        Fact("Drainase ideal", _amount(current.ideal_drainage_m, scoring.METRE)),
        Fact(
            "Ruang terbuka hijau",
            _amount(current.open_space_m2, scoring.SQUARE_METRE),
            f"{_percent(share)} % dari luas (+1: dicatat, tidak dinilai)" if share is not None else "belum dicatat",
        ),
        Fact(
            "RT dinilai lengkap",
            f"{formats.decimal_number(current.assessed_count)} dari {formats.decimal_number(current.unit_count)} RT",
        ),
    ]
    return [fact if fact.value or fact.note else Fact(fact.label, "", "belum lengkap dicatat") for fact in amounts]


def _standing(area: SlumArea, current: Assessment | None) -> list[Fact]:
    slum_class = current.slum_class if current else ""
    total, level = _consideration(area, current)
    number = scoring.priority(slum_class, level)
    pattern = scoring.handling_pattern(slum_class, area.is_legal)
    authority = AUTHORITIES[scoring.authority(current.verified_area_ha)] if current and current.verified_area_ha else ""
    unknown = "tidak berlaku bagi kawasan tidak kumuh" if slum_class == scoring.NOT_SLUM else "belum dapat ditetapkan"
    return [
        *_decrees(area),
        Fact("Jenis penanganan", KINDS[area.kind]),
        Fact("Prioritas", f"{number} dari 9" if number else "", "1 paling mendesak" if number else unknown),
        Fact(
            "Pertimbangan lain",
            LEVELS[level] if level else "",
            f"jumlah {total} dari 15" if total else "belum lengkap diisi",
        ),
        _legality(area),
        Fact("Pola penanganan", PATTERNS[pattern] if pattern else "", "" if pattern else unknown),
        Fact(
            "Kewenangan",
            authority,
            "menurut luas kawasan" if authority else "belum dapat ditetapkan",
        ),
        _service(current),
    ]


def _consideration(area: SlumArea, current: Assessment | None) -> tuple[int | None, str | None]:
    """Sum and level of the other considerations."""
    total = area.consideration_total(current.population, current.verified_area_ha) if current else None
    return total, scoring.consideration_level(total) if total else None


def _decrees(area: SlumArea) -> list[Fact]:
    named = list(DecreeArea.objects.filter(slum_area=area).select_related("decree").order_by("-decree__year", "-pk"))
    if not named:
        return [Fact("Keputusan bupati", "", "belum disebut dalam keputusan")]
    return [
        Fact(
            "Keputusan bupati" if one is named[0] else "Keputusan sebelumnya",
            one.decree.number,
            f"tahun {one.decree.year}" + (f", luas {_amount(one.hectares, scoring.HECTARE)}" if one.hectares else ""),
        )
        for one in named[:3]
    ]


def _legality(area: SlumArea) -> Fact:
    items = (
        ("status lahan", area.is_tenure_clear, "jelas", "belum jelas"),
        ("tata ruang", area.fits_spatial_plan, "sesuai", "tidak sesuai"),
        ("izin bangunan", area.has_building_permits, "lengkap", "belum lengkap"),
    )
    known = [f"{label} {yes if value else no}" for label, value, yes, no in items if value is not None]
    value = {True: "legal", False: "tidak legal", None: ""}[area.is_legal]
    return Fact("Legalitas lahan", value, ", ".join(known) or "belum diperiksa")


def _service(current: Assessment | None) -> Fact:
    label = f"Layanan di atas {scoring.SERVICE_LEVEL} %"
    result = current.result() if current else None
    if result is None or result.meets_service_level is None:
        return Fact(label, "", "belum dapat dihitung")
    if result.meets_service_level:
        return Fact(label, "terpenuhi", "pada kelima aspek layanan")
    below = [
        str(scoring.ASPECTS[number].short_label).lower()
        for number in scoring.SERVICE_ASPECTS
        if 100 - result.aspect_average[number] <= scoring.SERVICE_LEVEL
    ]
    return Fact(label, "belum terpenuhi", "pada " + ", ".join(below))


@dataclass(frozen=True)
class Survey:
    """The survey of a whole village, where no neighbourhood of the area was measured."""

    village: str
    year: AssessmentYear
    class_label: str
    total: int | None
    maximum: int


def _surveys(villages: list[Region], year: AssessmentYear | None, reader: User | None) -> list[Survey]:
    found = _seen(Assessment.objects.filter(region__in=villages, is_village_survey=True), reader)
    if year:
        found = found.filter(assessment_year=year)
    latest: dict[int, Assessment] = {}
    for one in found.select_related("assessment_year").order_by("region__code", "-assessment_year__year"):
        latest.setdefault(one.region_id, one)
    names = {village.pk: village.full_name for village in villages}
    return [
        Survey(
            names[one.region_id],
            one.assessment_year,
            CLASSES[one.slum_class],
            one.total,
            one.assessment_year.rules.maximum,
        )
        for one in latest.values()
    ]


# --- years --------------------------------------------------------------------------------------------------
def _with_previous(shown: list[Assessment]) -> list[tuple[Assessment, Assessment | None]]:
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
        return _percent(self.result.sector_average)

    @property
    def aspect_averages(self) -> list[str]:
        return [_percent(average) for average in self.result.aspect_average.values()]

    @property
    def contribution(self) -> str:
        before = self.previous.result() if self.previous else None
        if before is None or before.rule_set != self.result.rule_set:
            return ""
        share = scoring.handling_contribution(before.sector_average, self.result.sector_average)
        return "" if share is None else formats.decimal_number(share * 100, 2)

    @property
    def hectares(self) -> str:
        return _quantity(self.assessment.verified_area_ha, scoring.HECTARE)

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


def _changes(current: Assessment | None, earlier: list[Assessment]) -> list[str]:
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


def _rule_changes(shown: list[Assessment]) -> list[str]:
    return [
        f"Antara {before.assessment_year.year} dan {one.assessment_year.year} aturan berganti dari "
        f"{before.assessment_year.rules.label} ke {one.assessment_year.rules.label}; nilai dan kelas kedua tahun itu "
        "tidak dapat dibandingkan langsung."
        for one, before in _with_previous(shown)
        if before and before.assessment_year.rule_set != one.assessment_year.rule_set
    ]


# --- neighbourhoods, works, photos ------------------------------------------------------------------------
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


def _baselines(area: SlumArea, year: AssessmentYear | None, reader: User | None) -> QuerySet:
    return _seen(Baseline.objects.filter(slum_area=area, assessment_year=year), reader)


def _rows(area: SlumArea, year: AssessmentYear | None, reader: User | None) -> Rows:
    worst_first = (
        _baselines(area, year, reader)
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
        _quantity(baseline.verified_area_ha, scoring.HECTARE),
        _quantity(baseline.building_count, scoring.BUILDING),
        _quantity(baseline.household_count, scoring.HOUSEHOLD),
        _quantity(baseline.population, scoring.PERSON),
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


def _works(area: SlumArea, year: AssessmentYear | None, reader: User | None) -> Works:
    """Works in the neighbourhoods that were in the area that year, up to that year; the same kind of works added up."""
    found = _seen(Work.objects.all(), reader)
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
        _amount(group["delivered"], criterion.unit),
        group["units"],
        group["funding_source"],
        "" if group["paid"] is None else formats.money(group["paid"]),
    )


@dataclass(frozen=True)
class Photo:
    url: str
    place: str
    note: str


def _photos(area: SlumArea, year: AssessmentYear | None, reader: User | None) -> tuple[list[Photo], dict[str, bytes]]:
    with_photo = (
        _baselines(area, year, reader)
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


# --- maps ---------------------------------------------------------------------------------------------------
@dataclass(frozen=True)
class Shape:
    path: str
    kind: str


@dataclass(frozen=True)
class Label:
    """`left`, `top`, `width` are the ground under it."""

    x: str
    y: str
    left: str
    top: str
    width: str
    text: str
    kind: str


@dataclass(frozen=True)
class Key:
    kind: str
    text: str


@dataclass(frozen=True)
class Map:
    """A picture in millimetres. `ring` is the middle of a mark around what would be too small to see."""

    title: str
    alt: str
    width: float
    height: float
    shapes: list[Shape]
    labels: list[Label]
    metres: int
    bar_length: float
    ring: tuple[str, str] | None = None
    legend: tuple[Key, ...] = ()

    @property
    def size(self) -> tuple[str, str]:
        return pictures.mm(self.width), pictures.mm(self.height)

    @property
    def frame(self) -> tuple[str, str]:
        return pictures.mm(self.width - 0.3), pictures.mm(self.height - 0.3)

    @property
    def bar(self) -> dict[str, str]:
        """The scale bar from its left end; `box` is the ground under it."""
        metres = self.metres
        text = f"{formats.decimal_number(metres // 1000)} km" if metres >= 1000 else f"{metres} m"
        length = self.bar_length
        return {
            "text": text,
            "y": pictures.mm(self.height - 2.6),
            "end": pictures.mm(length),
            "middle": pictures.mm(length / 2),
            "left": pictures.mm(min(length / 2 - len(text) * 0.7, 0) - 0.8),
            "box": pictures.mm(max(length, len(text) * 1.4) + 1.6),
        }

    @property
    def arrow_x(self) -> str:
        return pictures.mm(self.width - 4)


AREA_MAP, SIDE_MAP = (116, 79), (63, 35.5)
# Where a label may move to; that of a neighbourhood stays in it.
NUDGES = ((0, 0), (0, -3), (0, 3), (5, 0), (-5, 0), (5, -3), (5, 3), (0, -5.5), (0, 5.5))
UNIT_NUDGES = ((0, 0), (0, -1.2), (0, 1.2), (1.5, 0), (-1.5, 0))
LETTER = {"unit": 1.55, "place": 1.22, "own": 1.4, "other": 1.2}  # millimetres a letter takes, roughly


def _boundary(area: SlumArea, year: AssessmentYear | None) -> AreaBoundary | None:
    """The outline that held in that year."""
    known = area.boundaries.filter(year__lte=year.year) if year else area.boundaries
    return known.order_by("-year").first()


def _middle(boundary: AreaBoundary | None) -> str:
    """`105,1404° BT, 2,0400° LS`."""
    if boundary is None:
        return ""
    west, south, east, north = pictures.degrees_box(boundary.geometry)
    x, y = (formats.decimal_number(Decimal(abs(one)), 4) for one in ((west + east) / 2, (south + north) / 2))
    return f"{x}° {'BT' if west >= 0 else 'BB'}, {y}° {'LS' if north <= 0 else 'LU'}"


def _maps(area, villages, boundary, current, reader) -> dict[str, Map]:
    """`area`, `village` and `regency`, each only where there are boundaries for it."""
    regions = {region.code: region for region in _regions_around(villages)}
    own = {village.code for village in villages}
    places = {code: region for code, region in regions.items() if region.level == Region.Level.VILLAGE}
    units = _outlines(area, current, reader)
    others = _other_outlines(area, villages, current)
    geometries = {code: region.boundary for code, region in _neighbouring(places, own).items()}
    geometries |= {f"other:{pk}": geometry for pk, (_name, geometry) in others.items()}
    geometries |= {key: geometry for key, (_label, _class, geometry) in units.items()} if boundary else {}
    if boundary:
        geometries["area"] = boundary.geometry
    found = {}
    sheet = pictures.Sheet(geometries) if geometries else None
    drawn_own = sorted(own & set(geometries))
    if boundary:
        window = sheet.window(["area", *units], *AREA_MAP, padding=0.16, least_metres=150)
        found["area"] = _area_map(area, window, units, others, places, own, current)
    if drawn_own:
        window = sheet.window(drawn_own, *SIDE_MAP, padding=0.08, least_metres=1000)
        found["village"] = _village_map(window, others, places, own, boundary)
    districts = {code: one for code, one in regions.items() if one.level == Region.Level.DISTRICT}
    if districts and (boundary or drawn_own):
        found["regency"] = _regency_map(districts, {code: places[code] for code in drawn_own}, boundary)
    return found


def _regions_around(villages: list[Region]) -> QuerySet | list:
    """Districts and villages of the regency that have an outline."""
    regency = next((one.parent.parent for one in villages if one.parent and one.parent.parent), None)
    if regency is None:
        return []
    return Region.objects.within(regency).exclude(level=Region.Level.REGENCY).exclude(boundary=None).order_by("code")


def _neighbouring(places: dict[str, Region], own: set[str]) -> dict[str, Region]:
    boxes = {code: pictures.degrees_box(region.boundary) for code, region in places.items()}
    mine = [boxes[code] for code in own if code in boxes]
    return {code: places[code] for code, box in boxes.items() if any(pictures.near(one, box, 0.6) for one in mine)}


def _outlines(area: SlumArea, current: Assessment | None, reader: User | None) -> dict[str, tuple[str, str, dict]]:
    """{key: (label, class, boundary)} of the neighbourhoods that have one."""
    if current is None:
        units = _seen(NeighbourhoodUnit.objects.filter(slum_area=area), reader).exclude(boundary=None)
        return {f"unit:{unit.pk}": (_short(unit), "", unit.boundary) for unit in units[:MOST_OUTLINES]}
    rows = (
        _baselines(area, current.assessment_year, reader)
        .exclude(unit__boundary=None)
        .order_by("unit__region__code", "unit__rw", "unit__rt")
        .values_list("unit", "unit__rw", "unit__rt", "unit__boundary", "slum_class")[:MOST_OUTLINES]
    )
    return {
        f"unit:{pk}": (_short(NeighbourhoodUnit(rw=rw, rt=rt)), slum_class, boundary)
        for pk, rw, rt, boundary, slum_class in rows
    }


def _short(unit: NeighbourhoodUnit) -> str:
    """`1/20`, RT and RW, for a map."""
    return "/".join(filter(None, (unit.rt, unit.rw)))


def _other_outlines(area, villages, current) -> dict[int, tuple[str, dict]]:
    """{area: (name, boundary)} of the other slum areas in the same villages, as they were that year."""
    neighbours = SlumArea.objects.filter(villages__in=villages).exclude(pk=area.pk)
    known = AreaBoundary.objects.filter(slum_area__in=neighbours).select_related("slum_area")
    if current:
        known = known.filter(year__lte=current.assessment_year.year)
    return {one.slum_area_id: (one.slum_area.name, one.geometry) for one in known.order_by("slum_area__name", "year")}


def _area_map(area, window, units, others, places, own, current) -> Map:
    slum_class = (current.slum_class if current else "") or "not_assessed"
    shapes, labels = [], []
    for key, path in window.paths.items():
        if key in places:
            shapes.append(Shape(path, "village" if key in own else "neighbour"))
    shapes += [Shape(window.paths[key], "other") for key in window.paths if key.startswith("other:")]
    shapes.append(Shape(window.paths["area"], "area" if units else slum_class))
    for key, (label, unit_class, _boundary) in units.items():
        shapes.append(Shape(window.paths[key], unit_class or "not_assessed"))
        labels.append((key, label, "unit"))
    shapes.append(Shape(window.paths["area"], "outline"))
    labels += [
        (key, others[int(key.removeprefix("other:"))][0], "other") for key in window.labels if key[:6] == "other:"
    ]
    labels += [(key, places[key].full_name, "place") for key in window.labels if key in places and key not in own]
    legend = [Key("outline", "batas kawasan")]
    classes = {unit_class for _label, unit_class, _boundary in units.values()} if units else {slum_class}
    what = "RT" if units else "kawasan"
    legend += [
        Key(name, f"{what}: {label.lower()}")
        for name, label in (CLASSES | {"not_assessed": CLASSES[""]}).items()
        if name and (name in classes or (name == "not_assessed" and "" in classes))
    ]
    if any(shape.kind == "other" for shape in shapes):
        legend.append(Key("other", "kawasan kumuh lain"))
    if units:
        legend.append(Key("", "angka: nomor RT/RW"))
    drawn = f"{len(units)} RT dengan garis batasnya" if units else "tanpa garis batas RT"
    return _map(
        "Kawasan", f"Peta kawasan {area.name}: garis batas kawasan, {drawn}.", window, shapes, labels, None, legend
    )


def _village_map(window, others, places, own, boundary) -> Map:
    shapes = [Shape(window.paths[key], "neighbour") for key in window.paths if key in places and key not in own]
    shapes += [Shape(window.paths[key], "village") for key in window.paths if key in own]
    shapes += [Shape(window.paths[key], "other") for key in window.paths if key.startswith("other:")]
    if boundary:
        shapes.append(Shape(window.paths["area"], "spot"))
    labels = [(key, places[key].full_name, "own") for key in window.labels if key in own]
    labels += [(key, places[key].name, "place") for key in window.labels if key in places and key not in own]
    names = ", ".join(places[key].full_name for key in sorted(own) if key in places)
    neighbours = ", ".join(places[key].full_name for key in window.paths if key in places and key not in own)
    alt = f"Letak kawasan di {names}" + (f"; tetangganya {neighbours}." if neighbours else ".")
    return _map("Letak di kelurahan/desa", alt, window, shapes, labels, window.labels.get("area"))


def _regency_map(districts: dict[str, Region], own: dict[str, Region], boundary: AreaBoundary | None) -> Map:
    geometries = {code: one.boundary for code, one in (districts | own).items()}
    if boundary:
        geometries["area"] = boundary.geometry
    window = pictures.Sheet(geometries).window(list(districts), *SIDE_MAP, padding=0.03, least_metres=1000)
    shapes = [Shape(window.paths[code], "village") for code in districts if code in window.paths]
    shapes += [Shape(window.paths[code], "spot") for code in own if code in window.paths]
    labels = [(code, districts[code].name, "place") for code in districts if code in window.labels]
    spot = window.labels.get("area") or next((window.labels[code] for code in own if code in window.labels), None)
    return _map(
        "Letak di kabupaten", "Letak kawasan di kabupaten, dengan batas kecamatan.", window, shapes, labels, spot
    )


def _map(title, alt, window: pictures.Window, shapes, labels, spot=None, legend=()) -> Map:
    metres, length = window.scale_bar
    ring = (pictures.mm(spot[0]), pictures.mm(spot[1])) if spot else None
    return Map(
        title,
        alt,
        window.width,
        window.height,
        shapes,
        _placed(labels, window, spot),
        metres,
        length,
        ring,
        tuple(legend),
    )


def _placed(labels: Iterable[tuple[str, str, str]], window: pictures.Window, spot) -> list[Label]:
    """The labels that fit inside the frame and stand on no other, nor on the ring, the scale or the arrow."""
    width, height = window.width, window.height
    taken = [(0, height - 7, width * 0.4, height), (width - 8, 0, width, 11)]
    if spot:
        taken.append((spot[0] - 3, spot[1] - 3, spot[0] + 3, spot[1] + 3))
    kept = []
    for key, text, kind in labels:
        if key not in window.labels:
            continue
        half, (middle_x, middle_y) = len(text) * LETTER[kind] / 2, window.labels[key]
        for right, down in UNIT_NUDGES if kind == "unit" else NUDGES:
            x, y = middle_x + right, middle_y + down
            box = (x - half, y - 1.6, x + half, y + 1.6)
            inside = box[0] > 1 and box[2] < width - 1 and box[1] > 1 and box[3] < height - 1
            if inside and not any(pictures.meet(box, other) for other in taken):
                taken.append(box)
                kept.append(
                    Label(
                        *map(pictures.mm, (x, y + 0.9, box[0] - 0.6, y - 1.8, box[2] - box[0] + 1.2)),
                        text,
                        kind,
                    )
                )
                break
    return kept
