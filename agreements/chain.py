"""From the workshop to the changed indicator and back: one structure that page and JSON read.

Every link has an address, so that the chain can be walked from either end.
"""

from dataclasses import dataclass, field
from decimal import Decimal

from agreements.models import Agreement, Evidence, FollowUp
from slumareas import scoring
from slumareas.models import Assessment, SlumArea
from slumareas.reading import criterion_row

# What the app of assets hangs on a follow-up or an agreement, by the name under which it is reached.
ASSETS = "packages"


@dataclass(frozen=True)
class Measure:
    """A result of a slum area: of one criterion in per cent, or of all together in points."""

    year: int
    rule_set: str
    value: Decimal | int | None
    score: int | None
    slum_class: str
    is_made_up: bool

    @property
    def rule_set_label(self) -> str:
        return scoring.RULE_SETS[self.rule_set].label


@dataclass(frozen=True)
class Indicator:
    """How an area stood before and how it stands now. `criterion` is empty for the total score."""

    area: SlumArea
    criterion: str
    before: Measure | None
    latest: Measure | None

    @property
    def label(self) -> str:
        return str(scoring.CRITERIA[self.criterion].label) if self.criterion else ""

    @property
    def url(self) -> str:
        return self.area.get_absolute_url() + (f"criteria/{self.criterion}/" if self.criterion else "")

    @property
    def is_comparable(self) -> bool:
        """Two years under different rules are compared by class alone, unless it is the per cent of one criterion."""
        return bool(self.before and self.latest) and (
            bool(self.criterion) or self.before.rule_set == self.latest.rule_set
        )

    @property
    def change(self):
        """Below nought: less of a slum."""
        if not self.is_comparable or None in (self.before.value, self.latest.value):
            return None
        return self.latest.value - self.before.value


@dataclass(frozen=True)
class Step:
    """A follow-up with what it led to."""

    follow_up: FollowUp
    evidence: list[Evidence]
    indicators: list[Indicator]
    assets: list


@dataclass(frozen=True)
class Chain:
    agreement: Agreement
    steps: list[Step]
    indicators: list[Indicator] = field(default_factory=list)
    assets: list = field(default_factory=list)


def chain_of(agreement: Agreement, user) -> Chain:
    """The chain as far as this person may see it. The number of queries does not depend on how long it is."""
    follow_ups = list(
        FollowUp.objects.visible_to(user)
        .filter(agreement=agreement)
        .select_related("agreement", "workshop", "responsible_organization", "slum_area", "source_entry")
        .order_by("order", "pk")
    )
    shown: dict[int, list[Evidence]] = {}
    for one in Evidence.objects.visible_to(user).filter(follow_up__in=follow_ups).exclude(status="returned"):
        shown.setdefault(one.follow_up_id, []).append(one)
    criteria = [row.criterion for row in agreement.criteria.all() if row.criterion in scoring.CRITERIA]
    areas = list(agreement.slum_areas.all())
    pairs = {one.pk: _pairs(one, areas, criteria) for one in follow_ups}
    own = {pair for found in pairs.values() for pair in found}
    general = [(area, key) for area in areas for key in (criteria or [""]) if (area, key) not in own]
    results = _results({area for area, _key in [*own, *general]}, agreement.workshop.held_on.year, user)
    assets = _assets(FollowUp, follow_ups, user)
    return Chain(
        agreement,
        [
            Step(
                one,
                shown.get(one.pk, []),
                [_indicator(area, key, *results.get(area.pk, (None, None))) for area, key in pairs[one.pk]],
                assets.get(one.pk, []),
            )
            for one in follow_ups
        ],
        [_indicator(area, key, *results.get(area.pk, (None, None))) for area, key in general],
        _assets(Agreement, [agreement], user).get(agreement.pk, []),
    )


def _pairs(follow_up: FollowUp, areas: list[SlumArea], criteria: list[str]) -> list[tuple[SlumArea, str]]:
    """The area and criterion of the follow-up; where it names only one of them, the other one of the agreement."""
    own = [follow_up.criterion] if follow_up.criterion in scoring.CRITERIA else []
    if follow_up.slum_area:
        return [(follow_up.slum_area, key) for key in own or criteria or [""]]
    return [(area, key) for area in areas for key in own]


def _results(areas: set[SlumArea], year: int, user) -> dict[int, tuple[Assessment | None, Assessment | None]]:
    """{area: (the result before the workshop, the latest one)}. Before is the last year before that of the workshop;
    where the first measurement came later, that one."""
    found: dict[int, list[Assessment]] = {}
    rows = Assessment.objects.visible_to(user).filter(
        slum_area__in=areas, level=Assessment.Level.AREA, unit_count__gt=0
    )
    for one in rows.select_related("assessment_year").order_by("assessment_year__year", "assessment_year__rule_set"):
        found.setdefault(one.slum_area_id, []).append(one)
    return {pk: (_before(results, year), results[-1]) for pk, results in found.items()}


def _before(results: list[Assessment], year: int) -> Assessment | None:
    earlier = [one for one in results if one.assessment_year.year < year]
    before = earlier[-1] if earlier else results[0]
    return None if before is results[-1] else before


def _indicator(area: SlumArea, key: str, before: Assessment | None, latest: Assessment | None) -> Indicator:
    return Indicator(area, key, _measure(before, key), _measure(latest, key))


def _measure(result: Assessment | None, key: str) -> Measure | None:
    if result is None:
        return None
    value, score = result.total, result.total
    if key:
        if key not in result.result().percent:
            return None
        row = criterion_row(result, result.result(), scoring.CRITERIA[key])
        value, score = row.percent, row.score
    year = result.assessment_year
    return Measure(year.year, year.rule_set, value, score, result.slum_class, result.has_made_up)


def _assets(model, records: list, user) -> dict[int, list]:
    """{record: what hangs on it}, of all these records in one query."""
    related = getattr(model, ASSETS).rel
    found: dict[int, list] = {}
    for one in related.related_model.objects.visible_to(user).filter(**{f"{related.field.name}__in": records}):
        found.setdefault(getattr(one, related.field.attname), []).append(one)
    return found


# --- as JSON -------------------------------------------------------------------------------------------------
def as_json(chain: Chain, absolute) -> dict:
    """Plain values, as `docs/schemas/agreement-chain.schema.json` describes them; `absolute` makes an address of a path."""
    agreement = chain.agreement
    return {
        "workshop": {
            "key": agreement.workshop.slug,
            "title": agreement.workshop.title,
            "held_on": agreement.workshop.held_on.isoformat(),
            "url": absolute(agreement.workshop.get_absolute_url()),
        },
        "agreement": {
            "key": agreement.key,
            "number": agreement.number,
            "version": agreement.version,
            "text": agreement.text,
            "source_entry": str(agreement.source_entry.uid) if agreement.source_entry else None,
            "url": absolute(agreement.get_absolute_url()),
        },
        "follow_ups": [_step(step, absolute) for step in chain.steps],
        "indicators": [_indicator_json(one, absolute) for one in chain.indicators],
        "assets": [_asset(one, absolute) for one in chain.assets],
    }


def _step(step: Step, absolute) -> dict:
    one = step.follow_up
    return {
        "key": str(one.pk),
        "code": one.code,
        "activity": one.activity,
        "status": one.status,
        "responsible": one.responsible_organization.key,
        "due_on": one.due_on.isoformat() if one.due_on else None,
        "done_on": one.done_on.isoformat() if one.done_on else None,
        "url": absolute(one.get_absolute_url()),
        "evidence": [
            {
                "key": str(piece.pk),
                "kind": piece.kind,
                "title": piece.title,
                "status": piece.status,
                "sha256": piece.sha256,
                "url": absolute(piece.get_absolute_url()),
            }
            for piece in step.evidence
        ],
        "indicators": [_indicator_json(indicator, absolute) for indicator in step.indicators],
        "assets": [_asset(asset, absolute) for asset in step.assets],
    }


def _indicator_json(indicator: Indicator, absolute) -> dict:
    return {
        "slum_area": indicator.area.slug,
        "criterion": indicator.criterion or None,
        "before": _measure_json(indicator.before),
        "latest": _measure_json(indicator.latest),
        "change": None if indicator.change is None else _number(indicator.change),
        "url": absolute(indicator.url),
    }


def _measure_json(measure: Measure | None) -> dict | None:
    if measure is None:
        return None
    return {
        "year": measure.year,
        "rule_set": measure.rule_set,
        "value": None if measure.value is None else _number(measure.value),
        "score": measure.score,
        "class": measure.slum_class or None,
        "is_made_up": measure.is_made_up,
    }


def _number(value) -> str:
    """Exact, as everywhere in the API: decimals travel as text."""
    return f"{value.quantize(Decimal('0.0001')).normalize():f}" if isinstance(value, Decimal) else str(value)


def _asset(asset, absolute) -> dict:
    return {"key": asset.key, "title": str(asset), "url": absolute(asset.get_absolute_url())}
