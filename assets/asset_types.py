"""What is handed over: the sectors and the types of asset in each. Knows no database."""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

PLP, WATER, PKP, PBL = "plp", "water", "pkp", "pbl"
SECTORS = {
    PLP: _("sanitation (PLP)"),
    WATER: _("drinking water"),
    PKP: _("settlement areas (PKP)"),
    PBL: _("buildings and their surroundings (PBL)"),
}
SECTOR_CHOICES = list(SECTORS.items())

UNITS = {
    "unit": _("unit"),
    "m": _("m"),
    "m2": _("m²"),
    "connection": _("house connection (SR)"),
    "household": _("household (KK)"),
}
UNIT_CHOICES = list(UNITS.items())


@dataclass(frozen=True)
class AssetType:
    """`kib_class` is the part of the asset register that it usually comes to; the receiver decides."""

    key: str
    label: str
    sectors: frozenset[str]
    unit: str
    kib_class: str


def _types(*rows) -> dict[str, AssetType]:
    return {key: AssetType(key, label, frozenset(sectors), unit, kib) for key, label, sectors, unit, kib in rows}


ASSET_TYPES = _types(
    ("waste_station", _("waste station (TPS3R)"), {PLP}, "unit", "C"),
    ("communal_sanitation", _("communal sanitation (SANIMAS)"), {PLP}, "unit", "D"),
    ("wastewater_plant", _("communal treatment plant or washing place (IPAL, MCK)"), {PLP}, "unit", "D"),
    ("latrine", _("household latrine"), {PLP}, "unit", "C"),
    ("drainage", _("drain"), {PLP, PKP}, "m", "D"),
    ("water_system", _("water supply system (SPAM)"), {WATER}, "connection", "D"),
    ("village_water_system", _("village water supply (PAMSIMAS)"), {WATER}, "connection", "D"),
    ("water_intake", _("intake"), {WATER}, "unit", "D"),
    ("pipe_network", _("pipe network"), {WATER}, "m", "D"),
    ("water_refill", _("refill station"), {WATER}, "unit", "C"),
    ("neighbourhood_road", _("neighbourhood road"), {PKP}, "m", "D"),
    ("bridge", _("bridge"), {PKP}, "unit", "D"),
    ("area_improvement", _("improvement of an area"), {PKP}, "m2", "D"),
    ("green_open_space", _("green open space (RTH)"), {PBL}, "m2", "C"),
    ("plaza", _("plaza"), {PBL}, "m2", "C"),
    ("retention_pond", _("retention pond (BOOZEM)"), {PBL, PKP}, "m2", "D"),
    ("building", _("building"), {PBL}, "m2", "C"),
)
ASSET_TYPE_CHOICES = [(asset_type.key, asset_type.label) for asset_type in ASSET_TYPES.values()]

KIB_CLASSES = {
    "A": _("A: land"),
    "B": _("B: equipment and machines"),
    "C": _("C: buildings"),
    "D": _("D: roads, irrigation and networks"),
    "E": _("E: other fixed assets"),
    "F": _("F: construction in progress"),
}
KIB_CHOICES = list(KIB_CLASSES.items())


def of_sector(sector: str) -> list[AssetType]:
    return [asset_type for asset_type in ASSET_TYPES.values() if sector in asset_type.sectors]
