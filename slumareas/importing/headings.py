"""What the heading of a column means: words, abbreviations and codes become the fields of a baseline. No database.

A heading is compared as a set of plain words. Each meaning is a rule of words that must, may and must not be there; a
heading that no rule or more than one rule fits is not understood, and whoever imports is asked.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

from slumareas.scoring import CRITERIA, RULE_SETS

# Identity columns, and columns that are known and left out without a word.
REGION_CODE, VILLAGE, DISTRICT, RW, RT, RT_RW, RW_RT, HAMLET, AREA_NAME = (
    "region", "village", "district", "rw", "rt", "rt_rw", "rw_rt", "hamlet", "area_name",
)  # fmt: skip
PUBLIC_SPACE = "public_space_m2"
TOTAL, CLASS, YEAR, RULE_SET, NOTE, KNOWN = "total", "class", "year", "rule_set", "note", "known"
MADE_UP = "is_made_up"
VOLUME, PERCENT, SCORE, SHARE = "volume", "percent", "score", "share"

_SHORT = {
    "jml": "jumlah", "jmlh": "jumlah", "jlh": "jumlah", "jum": "jumlah", "banyaknya": "jumlah", "total": "total",
    "dg": "dengan", "dgn": "dengan", "tdk": "tidak", "tak": "tidak", "blm": "belum", "yg": "yang", "thd": "terhadap",
    "pjg": "panjang", "panj": "panjang", "pnjg": "panjang", "jln": "jalan", "jl": "jalan", "drain": "drainase",
    "bgn": "bangunan", "bang": "bangunan", "bangunannya": "bangunan", "lingk": "lingkungan", "ling": "lingkungan",
    "kel": "kelurahan", "kec": "kecamatan", "kab": "kabupaten", "kws": "kawasan", "penddk": "penduduk", "pddk": "penduduk",
    "pras": "prasarana", "sapras": "prasarana sarana", "sarpras": "prasarana sarana", "kk": "kk",
    "sampahan": "persampahan", "sampah": "persampahan", "airminum": "air minum", "airlimbah": "air limbah",
    "verif": "verifikasi", "terverifikasi": "verifikasi", "luasan": "luas", "persen": "persen", "prosen": "persen",
    "prosentase": "persen", "persentase": "persen", "vol": "volume", "skor": "nilai", "score": "nilai",
    "keluarga": "keluarga", "kepala": "kepala", "jiwa": "jiwa", "konstr": "konstruksi", "teratur": "teratur",
}  # fmt: skip
_UNITS = {"ha", "m", "m2", "m²", "unit", "kk", "jiwa", "meter", "hektar", "hektare", "orang", "rumah tangga"}
_CODE = re.compile(r"^\s*\(?([1-7])\s*[.\-]?\s*([a-e])\)?(?=$|[\s.:)\-])\s*[.:)\-]*\s*", re.IGNORECASE)


def normalised(text: str) -> str:
    """`Jml. KK dg sistem …  (KK)` as plain words, abbreviations written out, unit and code taken off."""
    text = unicodedata.normalize("NFKC", text).lower().replace("_", " ")
    text = _CODE.sub("", text.strip())
    text = re.sub(r"\(([^)]*)\)", lambda found: " " if found[1].strip() in _UNITS else f" {found[1]} ", text)
    words = re.findall(r"[a-z0-9%+²]+", text)
    return " ".join(_SHORT.get(word, word) for word in words)


def code_of(text: str) -> str | None:
    """`4c` for `4c. Kualitas …`, `4.c`, `(4C)`; None where the heading begins with no code."""
    found = _CODE.match(unicodedata.normalize("NFKC", text).replace("_", " ").strip())
    return f"{found[1]}{found[2].lower()}" if found else None


@dataclass(frozen=True)
class Rule:
    """Every group of `needs` must have one of its words in the heading, none of `never` may be there."""

    field: str
    needs: tuple[frozenset[str], ...]
    never: frozenset[str] = frozenset()

    def fits(self, words: set[str]) -> bool:
        return not words & self.never and all(words & group for group in self.needs)


def _rule(field: str, *needs: str, never: str = "") -> Rule:
    return Rule(field, tuple(frozenset(group.split("|")) for group in needs), frozenset(never.split()))


_NEGATIONS = "tidak|belum|tanpa|kurang|non|bukan"
_NO = "tidak belum tanpa kurang non bukan rusak ideal"
RULES = (
    _rule("verified_area_ha", "luas", "verifikasi"),
    _rule("building_count", "jumlah", "bangunan|rumah", never=f"{_NO} kepadatan mbr teratur keteraturan kk"),
    _rule("population", "penduduk|jiwa", never=f"{_NO} kepadatan laki perempuan l p pria wanita mbr kk"),
    _rule("household_count", "kk", "jumlah", never=f"{_NO} mbr air limbah persampahan minum jamban penduduk jiwa"),
    _rule("household_count", "kepala|rumah", "keluarga|tangga", never=f"{_NO} mbr air limbah persampahan minum jamban"),
    _rule("ideal_road_m", "jalan", "ideal"),
    _rule("ideal_drainage_m", "drainase|saluran", "ideal"),
    _rule("building_irregular", "ketidakteraturan"),
    _rule("building_irregular", _NEGATIONS, "keteraturan|teratur|beraturan"),
    _rule("building_density", "kepadatan", never="penduduk jiwa"),
    _rule("building_density", "melebihi|padat", "kdb|klb|bangunan", never="penduduk"),
    _rule("building_substandard", "persyaratan|standar|syarat", "bangunan|rumah", never="limbah persampahan kebakaran drainase jalan"),
    _rule("building_substandard", "rtlh"),
    _rule("building_substandard", _NEGATIONS, "layak", "huni|bangunan|rumah"),
    _rule("road_coverage", "cakupan", "jalan"),
    _rule("road_coverage", _NEGATIONS, "jalan", "terlayani|tersedia|ada|layanan", never="rusak permukaan"),
    _rule("road_coverage", "ketidaktersediaan|baru", "jalan"),
    _rule("road_surface", "jalan", "permukaan|rusak|kualitas|kondisi", never="cakupan kebakaran eksisting ideal"),
    _rule("water_access", "air", "akses|aksesibilitas", never="limbah"),
    _rule("water_access", "ketidaktersediaan", "air", "minum"),
    _rule("water_quantity", "air", "kebutuhan|terpenuhinya|terpenuhi|mencukupi|cukup|60", never="limbah akses"),
    _rule("drainage_flooding", "limpasan|genangan|tergenang|banjir"),
    _rule("drainage_missing", "ketidaktersediaan|ketersediaan|baru", "drainase"),
    _rule("drainage_missing", _NEGATIONS, "drainase", "tersedia|ada|memiliki", never="hubung terhubung terpelihara konstruksi"),
    _rule("drainage_unconnected", "ketidakterhubungan|keterhubungan", "drainase"),
    _rule("drainage_unconnected", _NEGATIONS, "terhubung|hubung", "drainase|saluran"),
    _rule("drainage_unmaintained", "terpeliharanya|terpelihara|pemeliharaan|dipelihara|kotor|berbau", "drainase|saluran"),
    _rule("drainage_construction", "konstruksi|kualitas|rusak|kondisi", "drainase|saluran", never="limpasan genangan"),
    _rule("wastewater_facility", "prasarana|sarana|fasilitas|jamban|kloset", "limbah|jamban|sanitasi"),
    _rule("wastewater_system", "sistem", "limbah|sanitasi", never="prasarana sarana fasilitas"),
    _rule("waste_unmaintained", "terpeliharanya|terpelihara|pemeliharaan|dipelihara", "persampahan"),
    _rule("waste_facility", "prasarana|sarana|fasilitas", "persampahan", never="terpelihara terpeliharanya pemeliharaan dipelihara sistem"),
    _rule("waste_system", "sistem|pengelolaan|pengolahan|pengangkutan", "persampahan", never="prasarana sarana fasilitas terpelihara terpeliharanya pemeliharaan"),
    _rule("fire_infrastructure", "prasarana|pasokan", "kebakaran|pemadam"),
    _rule("fire_equipment", "sarana|alat|apar|peralatan", "kebakaran|pemadam|apar", never="prasarana"),
    _rule("open_space_m2", "rth"),
    _rule("open_space_m2", "ruang", "terbuka", "hijau"),
    _rule(PUBLIC_SPACE, "rtp"),
    _rule(PUBLIC_SPACE, "ruang", "terbuka", "publik"),
    # --- who and where
    _rule(VILLAGE, "kelurahan|desa|village|gampong|nagari", never="kode id luas jumlah"),
    _rule(DISTRICT, "kecamatan|distrik", never="kode id luas jumlah"),
    _rule(REGION_CODE, "kode|id", "kelurahan|desa|wilayah|kemendagri"),
    _rule(AREA_NAME, "nama", "kawasan"),
    _rule(TOTAL, "total|jumlah", "nilai", never="rata"),
    _rule(CLASS, "tingkat|kategori|klasifikasi", "kekumuhan|kumuh"),
    _rule(YEAR, "tahun", never="anggaran"),
    _rule(NOTE, "keterangan|catatan|ket"),
)  # fmt: skip
_EXACT = {
    "rt": RT, "no rt": RT, "nomor rt": RT, "nama rt": RT, "rw": RW, "no rw": RW, "nomor rw": RW, "rt rw": RT_RW,
    "wilayah rt rw": RT_RW, "rt / rw": RT_RW, "rw rt": RW_RT, "dusun": HAMLET, "dusun lingkungan": HAMLET,
    "kode": REGION_CODE, "kode wilayah": REGION_CODE, "region": REGION_CODE, "kawasan": AREA_NAME, "kampung": AREA_NAME,
    "lingkungan": AREA_NAME, "no": KNOWN, "nomor": KNOWN, "no urut": KNOWN, "provinsi": KNOWN, "propinsi": KNOWN,
    "kabupaten": KNOWN, "kabupaten kota": KNOWN, "kota": KNOWN, "kab kota": KNOWN, "penduduk": "population",
    "jiwa": "population", "kk": "household_count", "bangunan": "building_count", "luas": "verified_area_ha",
    "rata rata": KNOWN, "kontribusi penanganan": KNOWN, "rata rata kekumuhan sektoral": KNOWN, "year": YEAR,
    "rule set": RULE_SET, "pemeriksaan kotaku": KNOWN, "total": TOTAL, "class": CLASS, "luas rt": KNOWN, "luas wilayah rt": KNOWN, "rt luas": KNOWN,
    "slum area": AREA_NAME, "note": NOTE, "source": KNOWN,
}  # fmt: skip
# Known columns that a baseline does not keep.
_LEFT_OUT = (
    _rule(KNOWN, "luas", "flag|permukiman|delineasi|wilayah|sk", never="verifikasi"),
    _rule(KNOWN, "jumlah", "laki|perempuan|pria|wanita"),
    _rule(KNOWN, "mbr"),
    _rule(KNOWN, "jalan|drainase", "eksisting|existing"),
    _rule(KNOWN, "legalitas|legal|kewenangan|prioritas|koordinat|latitude|longitude|lintang|bujur"),
    _rule(KNOWN, "rata"),
)
_KINDS = {
    VOLUME: {"volume"},
    PERCENT: {"persen", "%"},
    SCORE: {"nilai", "numerik"},
    SHARE: {"proporsi"},
}


@dataclass(frozen=True)
class Meaning:
    """`field` is a key of a baseline or one of the names above; `kind` says which of the columns of a criterion it is."""

    field: str
    kind: str = VOLUME
    code: str | None = None


@cache
def meaning_of(text: str, rule_set: str) -> Meaning | None:
    """What a heading means under a rule set; None where it is not understood or could mean several things."""
    plain = normalised(text)
    words = set(plain.split())
    kind = _kind_of(plain)
    code = code_of(text)
    own = text.strip().lower().replace(" ", "_")
    if own in CRITERIA or own in _OWN_NAMES:
        return Meaning(own, VOLUME, None)
    if plain in _EXACT:
        return Meaning(_EXACT[plain], kind, code)
    fields = {rule.field for rule in RULES if rule.fits(words)}
    fields = _settled(fields, words)
    if len(fields) == 1:
        return Meaning(fields.pop(), kind, code)
    if not fields and code and not (words - _CODE_ONLY):
        field = _by_code(rule_set).get(code)
        return Meaning(field, kind, code) if field else None
    if not fields and any(rule.fits(words) for rule in _LEFT_OUT):
        return Meaning(KNOWN)
    return None


_OWN_NAMES = {
    "verified_area_ha", "building_count", "population", "household_count", "ideal_road_m", "ideal_drainage_m",
    "open_space_m2", "region", "rw", "rt", "year", "rule_set", "total", "class", "is_made_up",
}  # fmt: skip
_CODE_ONLY = {"volume", "persen", "%", "nilai", "proporsi", "kriteria", "awal", "akhir", "numerik", "kebutuhan"}
# Where two rules fit, the more particular one is meant.
_STRONGER = (
    ("open_space_m2", "verified_area_ha"), ("drainage_flooding", "drainage_construction"),
    ("drainage_flooding", "drainage_missing"), ("drainage_unmaintained", "drainage_construction"),
    ("drainage_unmaintained", "drainage_missing"), ("drainage_unconnected", "drainage_construction"),
    ("drainage_unconnected", "drainage_missing"), ("building_irregular", "building_count"),
    ("building_substandard", "building_count"), ("waste_unmaintained", "waste_system"),
    ("waste_unmaintained", "waste_facility"), ("fire_infrastructure", "road_surface"),
    ("fire_infrastructure", "water_quantity"), ("fire_infrastructure", "water_access"),
    ("fire_equipment", "building_count"), ("fire_infrastructure", "building_count"), ("ideal_road_m", "road_coverage"),
    ("ideal_drainage_m", "drainage_missing"), ("ideal_road_m", "water_quantity"), ("road_coverage", "road_surface"),
    ("water_access", "water_quantity"), ("road_surface", "building_count"), ("drainage_missing", "drainage_construction"),
    ("wastewater_facility", "water_quantity"), (REGION_CODE, VILLAGE), (CLASS, AREA_NAME), (TOTAL, CLASS),
    ("building_density", "building_count"), (AREA_NAME, VILLAGE),
)  # fmt: skip


def _settled(fields: Iterable[str], words: set[str]) -> set[str]:
    fields = set(fields)
    for stronger, weaker in _STRONGER:
        if stronger in fields:
            fields.discard(weaker)
    return fields


def _kind_of(plain: str) -> str:
    """Which column of a criterion: the last word that tells one decides (`… VOLUME`, `… (%)`, `… NILAI`)."""
    for word in reversed(plain.split()):
        for kind, names in _KINDS.items():
            if word in names:
                return kind
    return VOLUME


@cache
def _by_code(rule_set: str) -> dict[str, str]:
    return {criterion.codes[rule_set]: criterion.key for criterion in RULE_SETS[rule_set].criteria}
