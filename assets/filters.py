"""How packages, assets and papers are looked for, on the page and in the API alike."""

import django_filters
from django import forms
from django.db.models import F
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django_filters.widgets import BooleanWidget
from drf_spectacular.utils import extend_schema_field

from assets import checklists, stages
from assets.asset_types import ASSET_TYPE_CHOICES, SECTOR_CHOICES
from assets.models import Asset, Document, Package
from assets.searching import ASSETS, PACKAGES
from core.models import Organization
from slumareas.filters import AreaKeyFilter, RegionFilter, YearFilter

BY_NUMBER, BY_WAITING, BY_VALUE, BY_STAGE = "number", "waiting", "value", "stage"
SORT_CHOICES = [
    (BY_NUMBER, _("number")),
    (BY_WAITING, _("waiting longest")),
    (BY_VALUE, _("highest value")),
    (BY_STAGE, _("furthest stage")),
]


class YesNo(BooleanWidget):
    """Where nothing is chosen, all are meant."""

    def __init__(self, attrs=None):
        super().__init__(attrs)
        self.choices = [("", _("all")), ("true", _("yes")), ("false", _("no"))]


def _choice(label, choices, **kwargs) -> django_filters.ChoiceFilter:
    return django_filters.ChoiceFilter(label=label, choices=choices, empty_label=_("all"), **kwargs)


@extend_schema_field(str)
class OrganizationFilter(django_filters.ModelChoiceFilter):
    """An organization by its key."""

    def __init__(self, *args, **kwargs):
        named = {"queryset": Organization.objects.all(), "to_field_name": "key", "empty_label": _("all")}
        super().__init__(*args, **named | kwargs)


@extend_schema_field(str)
class PackageNumberFilter(django_filters.CharFilter):
    def filter(self, queryset, value):
        return queryset.filter(package__number=value.strip().upper()) if value else queryset


class WholeNumberFilter(django_filters.NumberFilter):
    field_class = forms.IntegerField


class PackageFilter(django_filters.FilterSet):
    """`days_waiting` is at least so many days at the present holder; `on` is the day that counts as today."""

    search = django_filters.CharFilter(label=_("Search"), method="filter_search")
    sector = _choice(_("Sector"), SECTOR_CHOICES)
    stage = _choice(_("Stage"), stages.STAGE_CHOICES)
    condition = _choice(_("Condition"), Package.Condition.choices)
    reason = _choice(_("Reason"), stages.REASON_CHOICES)
    holder = OrganizationFilter(label=_("Holder of the file"))
    desk = django_filters.CharFilter(label=_("Desk"), field_name="holder_desk")
    days_waiting = WholeNumberFilter(
        label=_("Waiting at least (days)"), method="filter_waiting", min_value=0, max_value=100_000
    )
    giver = OrganizationFilter(label=_("Giver"))
    receiver = OrganizationFilter(label=_("Receiver"))
    year = YearFilter(field_name="budget_year", label=_("Budget year"))
    region = RegionFilter(path="village", label=_("Village or district"))
    slum_area = AreaKeyFilter(label=_("Slum area"))
    path = _choice(_("Way"), Package.Path.choices)
    lacks_papers = django_filters.BooleanFilter(label=_("Papers missing"), method="filter_lacking", widget=YesNo)
    is_open = django_filters.BooleanFilter(label=_("Still on its way"), method="filter_open", widget=YesNo)
    sort = django_filters.ChoiceFilter(
        label=_("Order"), choices=SORT_CHOICES, empty_label=None, method="filter_sort", required=False
    )

    # What the pages show at once, and what they fold away.
    FIRST = ("sector", "stage", "holder", "days_waiting")
    MORE = ("condition", "reason", "giver", "receiver", "region", "slum_area", "year", "path", "lacks_papers", "is_open",
            "desk", "sort")  # fmt: skip

    class Meta:
        model = Package
        fields = [
            "search", "sector", "stage", "condition", "reason", "holder", "desk", "days_waiting", "giver", "receiver",
            "year", "region", "slum_area", "path", "lacks_papers", "is_open", "sort",
        ]  # fmt: skip

    def __init__(self, *args, on=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.on = on or timezone.localdate()

    def first_fields(self):
        return [self.form[name] for name in self.FIRST]

    def more_fields(self):
        """A desk is asked for by following a link; its field is there to be cleared."""
        return [self.form[name] for name in self.MORE if name != "desk" or self.form["desk"].value()]

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the search words and the order is set."""
        return any(value for name, value in self._asked() if name not in ("search", "sort"))

    @property
    def is_narrowed_further(self) -> bool:
        """Whether anything is set that is folded away."""
        return any(value for name, value in self._asked() if name in self.MORE)

    @property
    def is_searched(self) -> bool:
        """Whether fewer packages than all of them are asked for."""
        return any(value for name, value in self._asked() if name != "sort")

    def _asked(self) -> list[tuple[str, str]]:
        return [(name, value) for name, value in self.data.items() if name in self.filters]

    def filter_search(self, queryset, name, value):
        return queryset.filter(PACKAGES.condition(value))

    def filter_waiting(self, queryset, name, value):
        return queryset.waiting_at_least(int(value), self.on)

    def filter_lacking(self, queryset, name, value):
        lacking = queryset.lacking_papers(self.on)
        return lacking if value else queryset.exclude(pk__in=lacking.values("pk"))

    def filter_open(self, queryset, name, value):
        return queryset.open() if value else queryset.exclude(pk__in=queryset.open().values("pk"))

    def filter_sort(self, queryset, name, value):
        if value == BY_WAITING:
            return queryset.order_by("holder_reached_on", "number")
        if value == BY_VALUE:
            return queryset.order_by(F("value").desc(nulls_last=True), "number")
        if value == BY_STAGE:
            return queryset.in_stage_order().reverse()
        return queryset.order_by("number")


class AssetFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(label=_("Search"), method="filter_search")
    package = PackageNumberFilter(label=_("Package"))
    asset_type = _choice(_("Type"), ASSET_TYPE_CHOICES)
    condition = _choice(_("Condition"), Asset.Condition.choices)
    land_status = _choice(_("Land status"), Asset.LandStatus.choices)
    manager = OrganizationFilter(label=_("Manager"))
    sector = _choice(_("Sector"), SECTOR_CHOICES, field_name="package__sector")
    region = RegionFilter(path="package__village", label=_("Village or district"))
    check_due = django_filters.BooleanFilter(label=_("Check is due"), method="filter_due")

    class Meta:
        model = Asset
        fields = [
            "search", "package", "asset_type", "condition", "land_status", "manager", "sector", "region", "check_due",
        ]  # fmt: skip

    def filter_search(self, queryset, name, value):
        return queryset.filter(ASSETS.condition(value))

    def filter_due(self, queryset, name, value):
        due = queryset.check_due(timezone.localdate())
        return due if value else queryset.exclude(pk__in=due.values("pk"))


class DocumentFilter(django_filters.FilterSet):
    package = PackageNumberFilter(label=_("Package"))
    kind = _choice(_("Kind"), checklists.KIND_CHOICES)
    state = _choice(_("State"), Document.State.choices)
    is_required = django_filters.BooleanFilter(label=_("Required"))
    needed_before = _choice(_("Needed before"), stages.STAGE_CHOICES)
    is_lacking = django_filters.BooleanFilter(label=_("Required and not accepted"), method="filter_lacking")

    class Meta:
        model = Document
        fields = ["package", "kind", "state", "is_required", "needed_before", "is_lacking"]

    def filter_lacking(self, queryset, name, value):
        lacking = queryset.filter(is_required=True).lacking(timezone.localdate())
        return lacking if value else queryset.exclude(pk__in=lacking.values("pk"))
