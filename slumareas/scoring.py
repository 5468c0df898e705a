"""The official score of slum conditions: pure arithmetic on exact numbers, no database.

Two rule sets of the same regulation series, as one table each (domain.md 1.1 to 1.5). The printed scoring tables of the
two regulations were not at hand; the rule rests on published data that used it, which `docs/scoring.md` names.

Numbers are `int` or `Decimal`, never `float`. A numerator and its denominator are in the same unit, so scaled integers
(square centimetres, centimetres, pieces) compare as exactly as the decimals they stand for.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact
from functools import cached_property

from django.utils.translation import gettext_lazy as _

Number = int | Decimal


# --- what is measured ------------------------------------------------------------------------------
@dataclass(frozen=True)
class Unit:
    """`places`: how many decimals are kept; further ones are rounded half up."""

    key: str
    label: str
    places: int


HECTARE = Unit("ha", _("ha"), 6)
METRE = Unit("m", _("m"), 2)
SQUARE_METRE = Unit("m2", _("m²"), 2)
BUILDING = Unit("building", _("units"), 0)
HOUSEHOLD = Unit("household", _("households"), 0)
PERSON = Unit("person", _("people"), 0)


@dataclass(frozen=True)
class Quantity:
    """A measured column of a baseline."""

    key: str
    label: str
    unit: Unit
    help_text: str = ""


DENOMINATORS: dict[str, Quantity] = {
    quantity.key: quantity
    for quantity in (
        Quantity(
            "verified_area_ha", _("Verified area"), HECTARE, _("The part of the RT that was measured as settled.")
        ),
        Quantity("building_count", _("Number of buildings"), BUILDING),
        Quantity("population", _("Population"), PERSON),
        Quantity("household_count", _("Number of households"), HOUSEHOLD),
        Quantity(
            "ideal_road_m", _("Ideal length of neighbourhood roads"), METRE, _("Existing and missing length together.")
        ),
        Quantity("ideal_drainage_m", _("Ideal length of drains"), METRE, _("Existing and missing length together.")),
    )
}
OPEN_SPACE = Quantity(
    "open_space_m2", _("Green open space"), SQUARE_METRE, _("The +1 of “7+1”: recorded, never scored.")
)  # domain 1.6


@dataclass(frozen=True)
class Aspect:
    number: int
    label: str
    short_label: str


ASPECTS: dict[int, Aspect] = {
    aspect.number: aspect
    for aspect in (
        Aspect(1, _("Building condition"), _("Buildings")),
        Aspect(2, _("Neighbourhood roads"), _("Roads")),
        Aspect(3, _("Drinking water supply"), _("Water")),
        Aspect(4, _("Drainage"), _("Drainage")),
        Aspect(5, _("Waste water management"), _("Waste water")),
        Aspect(6, _("Solid waste management"), _("Solid waste")),
        Aspect(7, _("Fire protection"), _("Fire protection")),
    )
}
SERVICE_ASPECTS = (2, 3, 4, 5, 6)  # the five of the programme's own 80 % rule, domain 1.8
SERVICE_LEVEL = 80


@dataclass(frozen=True)
class Criterion:
    """One scored criterion. `key` is also the numerator's name; `codes` are its labels in each rule set that has it."""

    key: str
    codes: Mapping[str, str]
    aspect: int
    label: str
    numerator_label: str
    denominator: str
    help_text: str

    @property
    def unit(self) -> Unit:
        return DENOMINATORS[self.denominator].unit


PERMEN_2_2016, PERMEN_14_2018 = "permen_2_2016", "permen_14_2018"


def _criterion(key, code_2018, code_2016, aspect, denominator, label, numerator_label, help_text) -> Criterion:
    codes = {PERMEN_14_2018: code_2018, PERMEN_2_2016: code_2016}
    return Criterion(
        key,
        {name: code for name, code in codes.items() if code},
        aspect,
        label,
        numerator_label,
        denominator,
        help_text,
    )


# Domain 1.2. The code of a criterion differs between the sets (4c): never use it as a key.
CRITERIA: dict[str, Criterion] = {
    criterion.key: criterion
    for criterion in (
        _criterion(
            "building_irregular", "1a", "1a", 1, "building_count",
            _("Irregular building layout"), _("Buildings without orderly layout"),
            _("Buildings that break the plan's rules on form, size, placing, plot or street face."),
        ),
        _criterion(
            "building_density", "1b", "1b", 1, "verified_area_ha",
            _("Building density"), _("Area that is too dense"),
            _("Area where building coverage or floor area breaks the plan, or with more than 200 buildings a hectare."),
        ),
        _criterion(
            "building_substandard", "1c", "1c", 1, "building_count",
            _("Buildings below the technical requirements"), _("Buildings below the requirements"),
            _("Less than 7.2 m² of floor for each person, or roof, floor or wall not sound."),
        ),
        _criterion(
            "road_coverage", "2a", "2a", 2, "ideal_road_m",
            _("Neighbourhood road coverage"), _("Length of road missing"),
            _("Length that the settlement needs and that has no neighbourhood road."),
        ),
        _criterion(
            "road_surface", "2b", "2b", 2, "ideal_road_m",
            _("Road surface quality"), _("Length with damaged surface"),
            _("Length of existing road with a damaged surface."),
        ),
        _criterion(
            "water_access", "3a", "3a", 3, "household_count",
            _("No safe drinking water"), _("Households without safe water"),
            _("Households without water that is clear and has no smell or taste."),
        ),
        _criterion(
            "water_quantity", "3b", "3b", 3, "household_count",
            _("Water need not met"), _("Households with too little water"),
            _("Households with less than 60 litres a person and day."),
        ),
        _criterion(
            "drainage_flooding", "4a", "4a", 4, "verified_area_ha",
            _("Drains cannot carry the run-off"), _("Area flooded"),
            _("Area under more than 30 cm of water for more than 2 hours more than twice a year."),
        ),
        _criterion(
            "drainage_missing", "4b", "4b", 4, "ideal_drainage_m",
            _("Drains missing"), _("Length of drain missing"),
            _("Length that needs a drain and has none."),
        ),
        _criterion(
            "drainage_unconnected", "", "4c", 4, "ideal_drainage_m",
            _("Not connected to the town's drains"), _("Length not connected"),
            _("Length of drain that is not joined to the next larger drain."),
        ),
        _criterion(
            "drainage_unmaintained", "", "4d", 4, "ideal_drainage_m",
            _("Drains not maintained"), _("Length not maintained"),
            _("Length of drain that is dirty or smells because nobody maintains it."),
        ),
        _criterion(
            "drainage_construction", "4c", "4e", 4, "ideal_drainage_m",
            _("Drain construction quality"), _("Length in bad construction"),
            _("Length of drain that is bare earth or damaged."),
        ),
        _criterion(
            "wastewater_system", "5a", "5a", 5, "household_count",
            _("Waste water system below standard"), _("Households without a proper system"),
            _("Households whose toilet is not connected to a septic tank of their own, shared or central."),
        ),
        _criterion(
            "wastewater_facility", "5b", "5b", 5, "household_count",
            _("Waste water facilities below standard"), _("Households without proper facilities"),
            _("Households without a goose-neck closet on a septic tank, or without local or central treatment."),
        ),
        _criterion(
            "waste_facility", "6a", "6a", 6, "household_count",
            _("Solid waste facilities below standard"), _("Households without proper facilities"),
            _("Households without sorted bins, collection point, cart or truck."),
        ),
        _criterion(
            "waste_system", "6b", "6b", 6, "household_count",
            _("Solid waste system below standard"), _("Households without a working system"),
            _("Households whose waste is not taken away at least twice a week."),
        ),
        _criterion(
            "waste_unmaintained", "", "6c", 6, "household_count",
            _("Solid waste facilities not maintained"), _("Households with facilities not maintained"),
            _("Households whose waste facilities nobody maintains."),
        ),
        _criterion(
            "fire_infrastructure", "7a", "7a", 7, "building_count",
            _("No fire protection infrastructure"), _("Buildings not protected"),
            _("Buildings without water supply, a road wide enough, alarm or fire post within reach."),
        ),
        _criterion(
            "fire_equipment", "7b", "7b", 7, "building_count",
            _("No fire fighting equipment"), _("Buildings not equipped"),
            _("Buildings without extinguisher or pump within reach."),
        ),
    )
}  # fmt: skip


# --- the rule ----------------------------------------------------------------------------------------
HEAVY, MODERATE, LIGHT, NOT_SLUM = "heavy", "moderate", "light", "not_slum"
SLUM_CLASSES = {
    HEAVY: _("Heavy slum"),
    MODERATE: _("Moderate slum"),
    LIGHT: _("Light slum"),
    NOT_SLUM: _("Not a slum"),
}
SLUM = frozenset((HEAVY, MODERATE, LIGHT))
# Lower bounds in per cent, inclusive, on the unrounded value; published data settle the gaps (domain 1.3).
CUTS = ((76, 5), (51, 3), (25, 1))


@dataclass(frozen=True)
class RuleSet:
    """`bands`: (least total, class), highest first; what lies below the last is not a slum (domain 1.4)."""

    key: str
    label: str
    source: str
    bands: tuple[tuple[int, str], ...]

    @cached_property
    def criteria(self) -> tuple[Criterion, ...]:
        return tuple(criterion for criterion in CRITERIA.values() if self.key in criterion.codes)

    @cached_property
    def keys(self) -> tuple[str, ...]:
        return tuple(criterion.key for criterion in self.criteria)

    @cached_property
    def wholes(self) -> tuple[str, ...]:
        """The denominators that its criteria need."""
        return tuple(dict.fromkeys(criterion.denominator for criterion in self.criteria))

    @cached_property
    def places(self) -> tuple[int, ...]:
        """The place among `wholes` of each criterion's denominator."""
        return tuple(self.wholes.index(criterion.denominator) for criterion in self.criteria)

    @cached_property
    def parts_of_whole(self) -> tuple[tuple[int, int, int], ...]:
        """(place of the ideal length, of the missing length, of the damaged length)."""
        return tuple(
            (self.wholes.index(whole), *(self.keys.index(part) for part in parts)) for whole, parts in PARTS_OF_WHOLE
        )

    @cached_property
    def aspects(self) -> dict[int, tuple[str, ...]]:
        """The criteria of each aspect."""
        return {number: tuple(one.key for one in self.criteria if one.aspect == number) for number in ASPECTS}

    @cached_property
    def maximum(self) -> int:
        return CUTS[0][1] * len(self.criteria)

    def class_of(self, total: int) -> str:
        return next((name for least, name in self.bands if total >= least), NOT_SLUM)


RULE_SETS: dict[str, RuleSet] = {
    rule_set.key: rule_set
    for rule_set in (
        RuleSet(
            PERMEN_14_2018,
            "Permen PUPR 14/PRT/M/2018",
            "bands printed on a provincial portal and in a city application; 1,010 published classes agree",
            ((60, HEAVY), (38, MODERATE), (16, LIGHT)),
        ),
        RuleSet(
            PERMEN_2_2016,
            "Permen PUPR 02/PRT/M/2016",
            "program code of a settlement system of the ministry, and the programme's site for the lowest band",
            ((71, HEAVY), (45, MODERATE), (19, LIGHT)),
        ),
    )
}
# Missing and damaged length cannot exceed the ideal length (domain 1.3).
PARTS_OF_WHOLE = (
    ("ideal_road_m", ("road_coverage", "road_surface")),
    ("ideal_drainage_m", ("drainage_missing", "drainage_construction")),
)


def default_rule_set(year: int) -> str:
    """Up to 2018 the older set, from 2019 the newer one (domain 1.1)."""
    return PERMEN_2_2016 if year <= 2018 else PERMEN_14_2018


@dataclass(frozen=True)
class Warning:
    """A condition that is scored all the same but must be seen; `code` as in the findings of the importer."""

    code: str
    field: str


@dataclass
class Result:
    """What follows from one set of values. `None` stands for what could not be assessed.

    `percent` is as it is: negative, or above 100. Negative ones count as 0 in the averages, those above 100 stay.
    """

    rule_set: RuleSet
    denominators: Mapping[str, Number | None]
    numerators: Mapping[str, Number | None]
    score: dict[str, int | None] = field(default_factory=dict)
    warnings: list[Warning] = field(default_factory=list)
    # Two integers in the proportion of each criterion that was assessed; the second is above 0.
    fractions: dict[str, tuple[int, int]] = field(default_factory=dict)

    @property
    def values(self) -> dict[str, tuple[Number, Number]]:
        """Numerator and denominator of what was assessed, as they were given; a numerator over 0 is 0."""
        found = {}
        for criterion in self.rule_set.criteria:
            key = criterion.key
            if key in self.fractions:
                denominator = self.denominators[criterion.denominator]
                found[key] = (self.numerators[key] if denominator else 0, denominator)
        return found

    @property
    def not_assessed(self) -> list[str]:
        return [key for key, score in self.score.items() if score is None]

    @cached_property
    def total(self) -> int | None:
        scores = self.score.values()
        return None if None in scores else sum(scores)

    @property
    def slum_class(self) -> str | None:
        return None if self.total is None else self.rule_set.class_of(self.total)

    @cached_property
    def percent(self) -> dict[str, Decimal | None]:
        return {key: _percent(*self.fractions[key]) if key in self.fractions else None for key in self.score}

    @cached_property
    def aspect_average(self) -> dict[int, Decimal | None]:
        """Plain mean of the percentages of each aspect's criteria (domain 1.5)."""
        return {number: _average(self.percent[key] for key in keys) for number, keys in self.rule_set.aspects.items()}

    @cached_property
    def sector_average(self) -> Decimal | None:
        """Plain mean of the seven aspect averages, not of the percentages (domain 1.5)."""
        return _average(self.aspect_average.values())

    @property
    def meets_service_level(self) -> bool | None:
        """Service above 80 % in five aspects: shown beside the class, never part of it (domain 1.8)."""
        averages = [self.aspect_average[number] for number in SERVICE_ASPECTS]
        return None if None in averages else all(100 - average > SERVICE_LEVEL for average in averages)

    def nearest_floats(self) -> "tuple[dict[str, float | None], dict[int, float | None], float | None]":
        """(percent, aspect averages, sector average), each rounded once, from the exact fraction to the nearest float."""
        known = self.fractions
        percent = {key: 100 * known[key][0] / known[key][1] if key in known else None for key in self.score}
        averages, means = {}, []
        for number, keys in self.rule_set.aspects.items():
            averages[number] = None
            fractions = [known.get(key) for key in keys]
            if None not in fractions:
                above, below = _sum_of_fractions(fractions)
                means.append((above, below * len(keys)))
                averages[number] = 100 * above / (below * len(keys))
        if len(means) < len(ASPECTS):
            return percent, averages, None
        above, below = _sum_of_fractions(means)
        return percent, averages, 100 * above / (below * len(means))


def score(
    denominators: Mapping[str, Number | None], numerators: Mapping[str, Number | None], rule_set: RuleSet
) -> Result:
    """Score one neighbourhood, or the sums of many. Missing keys are blanks, and a blank is never 0."""
    result = Result(rule_set, denominators, numerators, dict.fromkeys(rule_set.keys))
    scores, fractions, warnings = result.score, result.fractions, result.warnings
    parts = [numerators.get(key) for key in rule_set.keys]
    wholes = [denominators.get(key) for key in rule_set.wholes]
    if not WHOLE_OR_BLANK.issuperset(map(type, parts)) or not WHOLE_OR_BLANK.issuperset(map(type, wholes)):
        parts, wholes = _integers(parts, wholes)
    for key, numerator, place in zip(rule_set.keys, parts, rule_set.places, strict=True):
        denominator = wholes[place]
        if numerator is None or denominator is None:
            continue
        if denominator <= 0:
            whole = rule_set.wholes[place]
            if denominator < 0:
                warning = Warning("negative_denominator", whole)
                if warning not in warnings:  # several criteria share it
                    warnings.append(warning)
                continue
            if numerator > 0:
                warnings.append(Warning("zero_denominator", key))
                continue
        if numerator < 0:
            warnings.append(Warning("negative_value", key))
        if denominator == 0:
            numerator, denominator = 0, 1  # no road or drain is needed: nothing is missing
        elif numerator > denominator:
            warnings.append(Warning("above_denominator", key))
        fractions[key] = numerator, denominator
        hundredfold = 100 * numerator
        scores[key] = 0
        for least, reached in CUTS:
            if hundredfold >= least * denominator:
                scores[key] = reached
                break
    for place, first, second in rule_set.parts_of_whole:
        ideal, missing, damaged = wholes[place], parts[first], parts[second]
        if ideal is not None and missing is not None and damaged is not None and missing + damaged > ideal:
            warnings.append(Warning("parts_above_whole", rule_set.wholes[place]))
    return result


def points_of_many(numerators, denominators):
    """The points of one criterion in many places at once: arrays of integers in one scale; denominators above 0."""
    hundredfold, found, below = 100 * numerators, 0, 0
    for least, reached in reversed(CUTS):  # from the lowest on, each adds what it is worth more
        found, below = found + (reached - below) * (hundredfold >= least * denominators), reached
    return found


def points(numerator: Number, denominator: Number) -> int:
    """5, 3, 1 or 0, by exact comparison: never by a rounded percentage. `denominator` is 0 or more."""
    hundredfold = EXACT.multiply(numerator, 100)
    cuts = ((EXACT.multiply(denominator, least), reached) for least, reached in CUTS)
    return next((reached for least, reached in cuts if hundredfold >= least), 0) if denominator else 0


# Decimals are multiplied without rounding; the usual context keeps 28 digits and drops the rest in silence.
EXACT = Context(prec=100_000, Emax=MAX_EMAX, Emin=MIN_EMIN, traps=[Inexact])
WHOLE_OR_BLANK = frozenset((int, type(None)))


def _integers(*lists: list[Number | None]) -> tuple[list[int | None], ...]:
    """All numbers of the lists without their fractions: each as many times what it was as the others."""
    places, times, whole = 6, EXACT.multiply, EXACT.to_integral_exact
    while True:
        scale = 10**places
        try:
            return tuple(
                [
                    None if value is None else value * scale if type(value) is int else int(whole(times(value, scale)))
                    for value in values
                ]
                for values in lists
            )
        except Inexact:  # one of them has more decimals
            places *= 2


def _sum_of_fractions(fractions: list[tuple[int, int]]) -> tuple[int, int]:
    """Of those above 0: negative ones count as 0 in every average (domain 1.5)."""
    above, below = 0, 1
    for numerator, denominator in fractions:
        if numerator > 0:
            if denominator == below:
                above += numerator
            else:
                above, below = above * denominator + numerator * below, below * denominator
    return above, below


def _percent(numerator: int, denominator: int) -> Decimal:
    return Decimal(100 * numerator) / denominator


def _average(percents: Iterable[Decimal | None]) -> Decimal | None:
    percents = list(percents)
    if None in percents:
        return None
    return sum((max(percent, Decimal(0)) for percent in percents), Decimal(0)) / len(percents)


def handling_contribution(before: Decimal | None, after: Decimal | None) -> Decimal | None:
    """How much of the sector average went away, 1 for all of it; negative where it grew (domain 1.5)."""
    if before is None or after is None or before == 0:
        return None
    return min(Decimal(1), (before - after) / before)


def after_works(volume: Number, delivered: Number) -> Number:
    """What is left of a volume when works delivered theirs (domain 1.5)."""
    return max(0, volume - delivered)


# --- other considerations, legality, priority (domain 1.7) --------------------------------------------
HIGH, MEDIUM, LOW = "high", "medium", "low"
CONSIDERATION_LEVELS = {HIGH: _("high"), MEDIUM: _("medium"), LOW: _("low")}
CONSIDERATION_BANDS = ((11, HIGH), (6, MEDIUM), (1, LOW))  # to be confirmed by the agency from the regulation's annex
DENSITY_CUTS = ((200, 5), (150, 3))  # people a hectare, exclusive, medium and small towns
PRIORITY_ROWS, PRIORITY_COLUMNS = (HIGH, MEDIUM, LOW), (HEAVY, MODERATE, LIGHT)
RESTORATION, RENEWAL, RESETTLEMENT = "restoration", "renewal", "resettlement"
HANDLING_PATTERNS = {RESTORATION: _("restoration"), RENEWAL: _("renewal"), RESETTLEMENT: _("resettlement")}
REGENCY, PROVINCE, CENTRE = "regency", "province", "centre"
AUTHORITIES = {REGENCY: _("regency government"), PROVINCE: _("provincial government"), CENTRE: _("central government")}
AUTHORITY_CUTS = ((15, CENTRE), (10, PROVINCE))  # hectares of the area, inclusive (UU 23/2014)


def density_score(people_per_hectare: Number) -> int:
    """5, 3 or 1."""
    return next((reached for above, reached in DENSITY_CUTS if people_per_hectare > above), 1)


def consideration_level(total: int) -> str:
    """The class of the sum of the three considerations, 3 to 15."""
    return next(name for least, name in CONSIDERATION_BANDS if total >= least)


def is_legal(items: Iterable[bool | None]) -> bool | None:
    """More in order than not; None where nothing was looked at."""
    known = [item for item in items if item is not None]
    return sum(1 if item else -1 for item in known) > 0 if known else None


def priority(slum_class: str | None, level: str | None) -> int | None:
    """1 (first) to 9: the class varies fastest, the consideration slowest; legality does not matter here."""
    if slum_class not in PRIORITY_COLUMNS or level is None:
        return None
    return PRIORITY_ROWS.index(level) * len(PRIORITY_COLUMNS) + PRIORITY_COLUMNS.index(slum_class) + 1


def handling_pattern(slum_class: str | None, legal: bool | None) -> str | None:
    if slum_class not in SLUM or legal is None:
        return None
    if not legal:
        return RESETTLEMENT
    return RESTORATION if slum_class == LIGHT else RENEWAL


def authority(hectares: Number) -> str:
    return next((who for least, who in AUTHORITY_CUTS if hectares >= least), REGENCY)
