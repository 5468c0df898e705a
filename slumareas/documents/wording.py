"""Words and numbers of the papers: those of Indonesian planning documents, in every language of the pages."""

from decimal import Decimal

from core import formats
from slumareas import scoring

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


def percent(value: Decimal | None) -> str:
    return "" if value is None else formats.decimal_number(value, 2)


def quantity(value: Decimal | None, unit: scoring.Unit) -> str:
    """Counts whole, hectares with two decimals (four below 0.01, which would look like nothing), lengths as short as can be."""
    if value is None:
        return ""
    if unit == scoring.HECTARE:
        return formats.decimal_number(value, 4 if 0 < abs(value) < Decimal("0.01") else 2)
    return formats.decimal_number(value, 0 if value == value.to_integral_value() else unit.places)


def amount(value: Decimal | None, unit: scoring.Unit) -> str:
    return f"{quantity(value, unit)} {UNITS[unit.key]}" if value is not None else ""


def per_hectare(count: Decimal | None, hectares: Decimal | None, what: str) -> str:
    return f"{formats.decimal_number(count / hectares, 0)} {what}/ha" if count is not None and hectares else ""
