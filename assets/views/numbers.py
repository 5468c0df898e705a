"""Packages in numbers: where they stand, how long they wait and with whom, and what they add up to."""

from dataclasses import dataclass, field

from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assets import ageing, stages
from assets.ageing import Holding, StageWait, Total, Wait
from assets.asset_types import SECTORS
from assets.filters import PackageFilter
from assets.models import Asset, Move, Package
from assets.views.access import visible_packages
from core.models import SavedFilter

NAMED_HOLDERS = 3
YEAR = 365
# So many must have gone on before their days say what is usual.
FEW = 5


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
    count: int
    blocked: int
    rejected: int
    wait: StageWait | None
    holders: list[Holding]
    width: str  # of its bar, in per cent of the fullest stage

    @property
    def is_first_after_deed(self) -> bool:
        return self.stage.key == stages.GRANT_DEED_SIGNED

    @property
    def named(self) -> list[Holding]:
        return self.holders[:NAMED_HOLDERS]

    @property
    def others(self) -> int:
        return sum(holding.count for holding in self.holders[NAMED_HOLDERS:])


def stage_board(request):
    """How many packages stand at each stage, for how long, and who has them."""
    told = _narrowed(request)
    packages = told["packages"].exclude(condition=Package.Condition.NOT_APPLICABLE)
    waits = {wait.stage.key: wait for wait in ageing.by_stage(packages, told["today"])}
    conditions = ageing.conditions_at_stages(packages)
    holdings = ageing.who_holds(packages)
    counts = {
        key: sum(number for (stage, _condition), number in conditions.items() if stage == key) for key in stages.STAGES
    }
    fullest = max(counts.values())
    rows = [
        StageRow(
            stage,
            counts[key],
            conditions.get((key, Package.Condition.BLOCKED), 0),
            conditions.get((key, Package.Condition.REJECTED), 0),
            waits.get(key),
            [one for one in holdings if one.stage == key],
            f"{100 * counts[key] / fullest:.2f}" if fullest else "0",
        )
        for key, stage in stages.STAGES.items()
    ]
    told |= {"section": "stages", "rows": rows, "total": sum(counts.values())}
    return render(request, "assets/stage_board.html", told)


# --- ageing ------------------------------------------------------------------------------------------------
@dataclass
class AgeRow:
    """`now` are those that wait, `left` those that have gone on before them."""

    now: Wait
    left: Wait | None

    @property
    def is_slow(self) -> bool:
        """Whether the middle of those that wait is longer than it usually was, or than a year where few went on."""
        return self.now.median > (self.left.median if self.left and self.left.count >= FEW else YEAR)


def ageing_page(request):
    """Days at each stage and with each holder: the middle and the worst, now and of those that have gone on."""
    told = _narrowed(request)
    packages, today, moves = told["packages"], told["today"], _moves(request, told)
    stages_left = {wait.stage.key: wait for wait in ageing.past_by_stage(moves)}
    holders_left = {(wait.holder.pk, wait.desk): wait for wait in ageing.past_by_holder(moves)}
    by_holder = ageing.by_holder(packages, today)
    told |= {
        "section": "ageing",
        "by_stage": [AgeRow(wait, stages_left.get(wait.stage.key)) for wait in ageing.by_stage(packages, today)],
        "by_holder": [
            AgeRow(wait, holders_left.get((wait.holder.pk, wait.desk)))
            for wait in sorted(by_holder, key=lambda wait: (-wait.median, -wait.count, wait.holder.short_name))
        ],
        "longest": ageing.longest_waiting(packages, today),
        "sees_moves": request.user.has_perm("assets.view_move"),
    }
    told["total"] = sum(row.now.count for row in told["by_stage"])
    givers = set(packages.values_list("giver", flat=True).distinct())
    told["stuck"] = _stuck(told["by_holder"], givers)
    return render(request, "assets/ageing.html", told)


def _stuck(holders: list[AgeRow], givers: set[int]) -> list[AgeRow]:
    """The desks outside the giver on which most waiting lies, in days times files: there the others wait."""
    outside = [row for row in holders if row.now.holder.pk not in givers]
    return sorted(outside, key=lambda row: -row.now.count * row.now.median)[:4]


def _moves(request, told):
    """The moves of the packages that are counted. What was taken up from paper had no days here before."""
    moves = Move.objects.visible_to(request.user).exclude(kind=Move.Kind.TAKE_UP)
    return moves.filter(package__in=told["packages"].values("pk")) if told["is_searched"] else moves


# --- totals ------------------------------------------------------------------------------------------------
STATES = {
    "done": gettext_lazy("handed over"),
    "on_the_way": gettext_lazy("on the way"),
    "stuck": gettext_lazy("blocked or refused"),
}


@dataclass
class TotalRow:
    """A line of a table: `query` leads to its packages, `short` names it below the picture."""

    label: str
    total: Total
    query: str = ""
    short: str = ""

    @property
    def states(self) -> list[tuple[str, str, int]]:
        return [(name, label, getattr(self.total, name)) for name, label in STATES.items()]

    @property
    def value(self):
        """What is known of it; None where nothing is."""
        return self.total.value if self.total.count > self.total.unknown else None


@dataclass
class Table:
    key: str
    heading: str
    rows: list[TotalRow] = field(default_factory=list)


def totals(request):
    """By sector, receiver, year, value and condition, each as a picture and as numbers."""
    told = _narrowed(request)
    packages = told["packages"].exclude(condition=Package.Condition.NOT_APPLICABLE)
    found = ageing.totals(packages)
    assets = ageing.by_asset_condition(Asset.objects.filter(package__in=packages.values("pk")))
    told |= {
        "section": "totals",
        "states": list(reversed(STATES.items())),
        "whole": TotalRow("", found.all),
        "tables": [
            Table("sector", _("By sector"), _sectors(found.sector)),
            Table("receiver", _("By receiver"), _receivers(found.receiver)),
            Table("year", _("By budget year"), _years(found.year)),
            Table("value", _("By value"), _values(ageing.by_value(packages))),
            Table("condition", _("By condition of the file"), _conditions(found.condition)),
        ],
        "asset_conditions": [
            (key or "unknown", label, assets[key])
            for key, label in [*Asset.Condition.choices, ("", _("not known"))]
            if key in assets
        ],
        "set_aside": told["packages"].filter(condition=Package.Condition.NOT_APPLICABLE).count(),
    }
    return render(request, "assets/totals.html", told)


def _sectors(found: dict[str, Total]) -> list[TotalRow]:
    short = {"water": _("Water")}
    return [
        TotalRow(label, found[key], f"sector={key}", short.get(key, key.upper()))
        for key, label in SECTORS.items()
        if key in found
    ]


def _receivers(found: dict) -> list[TotalRow]:
    rows = [
        TotalRow(receiver.short_name, total, f"receiver={receiver.key}")
        for receiver, total in found.items()
        if receiver
    ]
    if None in found:
        rows.append(TotalRow(_("none yet, or the residents"), found[None], short=_("none yet")))
    return rows


def _years(found: dict[int | None, Total]) -> list[TotalRow]:
    return [
        TotalRow(str(year), total, f"year={year}") if year else TotalRow(_("not known"), total)
        for year, total in found.items()
    ]


def _values(found: dict[str, Total]) -> list[TotalRow]:
    labels = {key: label for key, label, _low, _high in ageing.VALUE_BANDS}
    labels[ageing.UNKNOWN_VALUE] = _("not known")
    return [TotalRow(labels[key], total) for key, total in found.items() if total.count]


def _conditions(found: dict[str, Total]) -> list[TotalRow]:
    return [TotalRow(Package.Condition(key).label, total, f"condition={key}") for key, total in found.items()]
