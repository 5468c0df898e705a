"""What stands beside the answer: figures, decrees, priority, legality, surveys of whole villages."""

from dataclasses import dataclass

from core import formats
from core.models import Region, User
from slumareas import scoring
from slumareas.documents.visible import seen
from slumareas.documents.wording import AUTHORITIES, CLASSES, KINDS, LEVELS, PATTERNS, amount, per_hectare, percent
from slumareas.models import AreaBoundary, Assessment, AssessmentYear, DecreeArea, SlumArea


@dataclass(frozen=True)
class Fact:
    label: str
    value: str
    note: str = ""


def places(villages: list[Region]) -> str:
    """`Kelurahan Tanjung, Kecamatan Mentok, Kabupaten Bangka Barat`, each district and the regency once."""
    parents = [village.parent for village in villages if village.parent]
    regencies = [parent.parent for parent in parents if parent.parent]
    names = [one.full_name for one in (*villages, *parents, *regencies)]
    return ", ".join(dict.fromkeys(names))


def figures(area: SlumArea, current: Assessment | None) -> list[Fact]:
    """What stands in large type beside the answer."""
    if current is None:
        return []
    number = scoring.priority(current.slum_class, _consideration(area, current)[1])
    figures = (
        Fact("prioritas (1 paling mendesak)", f"{number} dari 9" if number else ""),
        Fact("luas terverifikasi", amount(current.verified_area_ha, scoring.HECTARE)),
        Fact("penduduk", amount(current.population, scoring.PERSON)),
        Fact("rumah tangga", amount(current.household_count, scoring.HOUSEHOLD)),
        Fact("bangunan", amount(current.building_count, scoring.BUILDING)),
    )
    return [figure for figure in figures if figure.value]


def measured(current: Assessment | None, boundary: AreaBoundary | None) -> list[Fact]:
    outline = Fact(
        "Luas dalam garis batas",
        amount(boundary.area_ha, scoring.HECTARE) if boundary else "",
        "" if boundary else "garis batas belum digambar",
    )
    if current is None:
        return [outline, Fact("Data dasar RT", "", "belum ada")]
    hectares, people = current.verified_area_ha, current.population
    share = None
    if current.open_space_m2 is not None and hectares:
        share = current.open_space_m2 / (hectares * 10_000) * 100
    amounts = [
        Fact("Luas terverifikasi", amount(hectares, scoring.HECTARE)),
        outline,
        Fact("Penduduk", amount(people, scoring.PERSON)),
        Fact("Rumah tangga", amount(current.household_count, scoring.HOUSEHOLD)),
        Fact("Bangunan", amount(current.building_count, scoring.BUILDING)),
        Fact("Kepadatan penduduk", per_hectare(people, hectares, "jiwa")),
        Fact("Kepadatan bangunan", per_hectare(current.building_count, hectares, "unit")),
        Fact("Jalan ideal", amount(current.ideal_road_m, scoring.METRE)),
        Fact("Drainase ideal", amount(current.ideal_drainage_m, scoring.METRE)),
        Fact(
            "Ruang terbuka hijau",
            amount(current.open_space_m2, scoring.SQUARE_METRE),
            f"{percent(share)} % dari luas (+1: dicatat, tidak dinilai)" if share is not None else "belum dicatat",
        ),
        Fact(
            "RT dinilai lengkap",
            f"{formats.decimal_number(current.assessed_count)} dari {formats.decimal_number(current.unit_count)} RT",
        ),
    ]
    return [fact if fact.value or fact.note else Fact(fact.label, "", "belum lengkap dicatat") for fact in amounts]


def standing(area: SlumArea, current: Assessment | None) -> list[Fact]:
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
            f"tahun {one.decree.year}" + (f", luas {amount(one.hectares, scoring.HECTARE)}" if one.hectares else ""),
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


def surveys(villages: list[Region], year: AssessmentYear | None, reader: User | None) -> list[Survey]:
    found = seen(Assessment.objects.filter(region__in=villages, is_village_survey=True), reader)
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
