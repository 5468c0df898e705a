"""Packages in numbers: where they stand, how long they wait and with whom, and what they add up to."""

from dataclasses import dataclass
from decimal import Decimal

from django.db.models import Case, CharField, Count, Q, Sum, Value, When
from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assets import ageing, stages
from assets.ageing import Holding, Spread
from assets.asset_types import SECTORS
from assets.filters import PackageFilter
from assets.models import Asset, Move, Package
from assets.views.access import visible_packages
from core.models import Organization, SavedFilter

NAMED_HOLDERS = 3
NOTHING = Spread()


def _narrowed(request) -> dict:
    """The packages that these pages count: those that may be seen, narrowed like the list."""
    found = PackageFilter(request.GET, queryset=visible_packages(request))
    return {
        "filter": found,
        "packages": found.qs.order_by(),
        "today": timezone.localdate(),
        "query": request.GET.urlencode(),
        "is_searched": found.is_searched,
        "saved_filters": SavedFilter.objects.of(request.user, request.path),
    }


# --- stages ------------------------------------------------------------------------------------------------
@dataclass
class StageRow:
    stage: stages.Stage
    spread: Spread
    blocked: int
    rejected: int
    holders: list[tuple[Organization, Holding]]
    width: str  # of its bar, in per cent of the fullest stage

    @property
    def is_first_after_deed(self) -> bool:
        return self.stage.key == stages.GRANT_DEED_SIGNED

    @property
    def named(self):
        return self.holders[:NAMED_HOLDERS]

    @property
    def others(self) -> int:
        return sum(holding.count for _organization, holding in self.holders[NAMED_HOLDERS:])


def stage_board(request):
    """How many packages stand at each stage, for how long, and who has them."""
    told = _narrowed(request)
    packages = told["packages"].exclude(condition=Package.Condition.NOT_APPLICABLE)
    spreads = ageing.at_stages(packages, told["today"])
    conditions = ageing.conditions_at_stages(packages)
    holdings = ageing.who_holds(packages, told["today"])
    names = ageing.names_of(one.holder for one in holdings)
    fullest = max((spread.count for spread in spreads.values()), default=0)
    rows = [
        StageRow(
            stage,
            spreads.get(key, NOTHING),
            conditions.get((key, "blocked"), 0),
            conditions.get((key, "rejected"), 0),
            [(names[one.holder], one) for one in holdings if one.stage == key],
            _percent(spreads.get(key, NOTHING).count, fullest),
        )
        for key, stage in stages.STAGES.items()
    ]
    told |= {"section": "stages", "rows": rows, "total": sum(row.spread.count for row in rows)}
    return render(request, "assets/stage_board.html", told)


def _percent(part, whole) -> str:
    return f"{100 * part / whole:.2f}" if whole else "0"


# --- ageing ------------------------------------------------------------------------------------------------
@dataclass
class AgeRow:
    """`now` are those that wait, `left` those that have gone on."""

    now: Spread
    left: Spread
    stage: stages.Stage | None = None
    holder: Organization | None = None
    desk: str = ""

    @property
    def is_slow(self) -> bool:
        """Whether half of those that wait do so longer than those before them mostly did, or longer than a year."""
        if self.now.median is None:
            return False
        return self.now.median > (self.left.median if self.left.count >= 5 else YEAR)


YEAR = 365


def ageing_page(request):
    """Days at each stage and with each holder: the middle and the worst, now and of those that have gone on."""
    told = _narrowed(request)
    today, waiting = told["today"], told["packages"].open()
    left_of = _moves(request, told)
    stages_now, stages_left = ageing.at_stages(waiting, today), ageing.stages_left(left_of)
    holders_now, holders_left = ageing.with_holders(waiting, today), ageing.holders_left(left_of)
    places = {*holders_now, *holders_left}
    names = ageing.names_of(pk for pk, _desk in places)
    holders = [
        AgeRow(holders_now.get(place, NOTHING), holders_left.get(place, NOTHING), holder=names[place[0]], desk=place[1])
        for place in places
    ]
    by_stage = [
        AgeRow(stages_now.get(key, NOTHING), stages_left.get(key, NOTHING), stage=stage)
        for key, stage in stages.STAGES.items()
        if key in stages_now or key in stages_left
    ]
    total = sum((row.now.count for row in holders), 0)
    told |= {
        "section": "ageing",
        "by_stage": by_stage,
        "by_holder": sorted(holders, key=lambda row: (-(row.now.median or -1), -row.now.count, row.holder.short_name)),
        "longest": list(_longest(waiting, today)),
        "total": total,
        "sees_moves": request.user.has_perm("assets.view_move"),
    }
    told["stuck"] = _stuck(told["by_holder"])
    return render(request, "assets/ageing.html", told)


def _stuck(holders: list[AgeRow]) -> list[AgeRow]:
    """The desks with the longest middle, one file alone counting only where there is nothing else."""
    waiting = [row for row in holders if row.now.count]
    return ([row for row in waiting if row.now.count > 1] or waiting)[:3]


def _moves(request, told):
    """The moves of the packages that are counted, for who may read moves; they stay unread for all others."""
    moves = Move.objects.visible_to(request.user)
    if told["is_searched"]:
        moves = moves.filter(package__in=told["packages"].values("pk"))
    return moves


def _longest(waiting, today):
    named = waiting.select_related("holder", "village").days_waiting(today)
    return named.order_by("holder_reached_on", "number")[:10]


# --- totals ------------------------------------------------------------------------------------------------
DONE, ON_THE_WAY, STUCK = "done", "on_the_way", "stuck"
STATES = {
    DONE: gettext_lazy("handed over"),
    ON_THE_WAY: gettext_lazy("on the way"),
    STUCK: gettext_lazy("blocked or refused"),
}
MILLION = 10**6
VALUE_BANDS = [
    (None, 100 * MILLION, gettext_lazy("below 100 million")),
    (100 * MILLION, 500 * MILLION, gettext_lazy("100 to 500 million")),
    (500 * MILLION, 1000 * MILLION, gettext_lazy("500 million to 1 billion")),
    (1000 * MILLION, 5000 * MILLION, gettext_lazy("1 to 5 billion")),
    (5000 * MILLION, None, gettext_lazy("5 billion and more")),
]
UNKNOWN = gettext_lazy("not known")
STUCK_IN = ("blocked", "rejected")
_handed_over = Q(stage__in=[*stages.AFTER_HANDOVER, stages.HANDED_TO_MANAGER, stages.OPERATING])
SUMS = {
    "count": Count("pk"),
    DONE: Count("pk", filter=_handed_over & ~Q(condition__in=STUCK_IN)),
    STUCK: Count("pk", filter=Q(condition__in=STUCK_IN)),
    "value_sum": Sum("value"),
    "valued": Count("value"),
}


@dataclass
class TotalRow:
    label: str
    count: int
    done: int
    stuck: int
    value_sum: Decimal | None
    valued: int
    query: str = ""
    short: str = ""

    @property
    def on_the_way(self) -> int:
        return self.count - self.done - self.stuck

    @property
    def unvalued(self) -> int:
        return self.count - self.valued

    @property
    def states(self) -> list[tuple[str, str, int]]:
        return [(name, label, getattr(self, name)) for name, label in STATES.items()]


@dataclass
class Total:
    """One way to add up: its rows, in order. `picture` where its rows are few enough to be drawn."""

    key: str
    heading: str
    rows: list[TotalRow]

    @property
    def whole(self) -> TotalRow:
        sums = [row.value_sum for row in self.rows if row.value_sum is not None]
        return TotalRow(
            "", sum(row.count for row in self.rows), sum(row.done for row in self.rows),
            sum(row.stuck for row in self.rows), sum(sums) if sums else None, sum(row.valued for row in self.rows),
        )  # fmt: skip


def totals(request):
    told = _narrowed(request)
    packages = told["packages"].exclude(condition=Package.Condition.NOT_APPLICABLE)
    told |= {
        "section": "totals",
        "states": list(reversed(STATES.items())),
        "totals": [
            Total("sector", _("By sector"), _by_sector(packages)),
            Total("receiver", _("By receiver"), _by_receiver(packages)),
            Total("year", _("By budget year"), _by_year(packages)),
            Total("value", _("By value"), _by_value(packages)),
            Total("condition", _("By condition of the file"), _by_condition(packages)),
        ],
        "asset_conditions": _asset_conditions(packages),
        "set_aside": told["packages"].filter(condition=Package.Condition.NOT_APPLICABLE).count(),
    }
    told["whole"] = told["totals"][0].whole
    told["left_open"] = told["whole"].count - told["whole"].done
    return render(request, "assets/totals.html", told)


def _grouped(packages, name: str) -> dict:
    return {row.pop(name): row for row in packages.values(name).annotate(**SUMS)}


def _by_sector(packages) -> list[TotalRow]:
    found = _grouped(packages, "sector")
    return [
        TotalRow(label, **found[key], query=f"sector={key}", short=key.upper() if key != "water" else str(_("Water")))
        for key, label in SECTORS.items()
        if key in found
    ]


def _by_receiver(packages) -> list[TotalRow]:
    found = _grouped(packages, "receiver")
    names = ageing.names_of(pk for pk in found if pk)
    rows = [
        TotalRow(names[pk].short_name, **row, query=f"receiver={names[pk].key}")
        if pk
        else TotalRow(_("none yet, or the residents"), **row, short=_("none yet"))
        for pk, row in found.items()
    ]
    return sorted(rows, key=lambda row: (row.query == "", -row.count, row.label))


def _by_year(packages) -> list[TotalRow]:
    found = _grouped(packages, "budget_year")
    known = sorted(year for year in found if year)
    rows = [TotalRow(str(year), **found[year], query=f"year={year}") for year in known]
    return rows + ([TotalRow(str(UNKNOWN), **found[None])] if None in found else [])


def _by_value(packages) -> list[TotalRow]:
    bands = [
        When(_between(low, high), then=Value(str(number))) for number, (low, high, _label) in enumerate(VALUE_BANDS)
    ]
    banded = packages.annotate(band=Case(*bands, default=Value(""), output_field=CharField()))
    found = _grouped(banded, "band")
    rows = [
        TotalRow(str(label), **found[str(number)])
        for number, (_low, _high, label) in enumerate(VALUE_BANDS)
        if str(number) in found
    ]
    return rows + ([TotalRow(str(UNKNOWN), **found[""])] if "" in found else [])


def _between(low, high) -> Q:
    found = Q(value__isnull=False)
    if low is not None:
        found &= Q(value__gte=low)
    return found & Q(value__lt=high) if high is not None else found


def _by_condition(packages) -> list[TotalRow]:
    found = _grouped(packages, "condition")
    return [
        TotalRow(Package.Condition(key).label, **found[key], query=f"condition={key}")
        for key in Package.Condition.values
        if key in found
    ]


def _asset_conditions(packages) -> list[dict]:
    """The things themselves: how many are in which state, and of what value."""
    found = {
        row["condition"]: row
        for row in Asset.objects.filter(package__in=packages.values("pk"))
        .order_by()
        .values("condition")
        .annotate(count=Count("pk"), value_sum=Sum("value"))
    }
    labels = [*Asset.Condition.choices, ("", UNKNOWN)]
    return [found[key] | {"key": key or "unknown", "label": label} for key, label in labels if key in found]
