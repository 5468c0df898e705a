"""How packages are looked for, on the pages and in the API alike."""

import django_filters
from django import forms
from django.db.models import F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field

from assets import stages
from assets.asset_types import SECTOR_CHOICES
from assets.models import Asset, Package
from core.models import Organization
from slumareas.filters import RegionFilter, YearFilter

BY_NUMBER, BY_WAITING, BY_VALUE, BY_STAGE = "number", "waiting", "value", "stage"
SORT_CHOICES = [
    (BY_NUMBER, _("number")),
    (BY_WAITING, _("waiting longest")),
    (BY_VALUE, _("highest value")),
    (BY_STAGE, _("furthest stage")),
]
YES_NO = [("yes", _("yes")), ("no", _("no"))]
MOST_DAYS = 36_500


# Said for the schema, which cannot see that an organization is named by its key.
@extend_schema_field(str)
class OrganizationFilter(django_filters.ModelChoiceFilter):
    """Only organizations that stand to a package in this way are offered; every one is understood."""

    def __init__(self, *args, **kwargs):
        super().__init__(
            *args,
            **{"queryset": Organization.objects.all(), "to_field_name": "key", "empty_label": _("all")} | kwargs,
        )


@extend_schema_field(int)
class DaysFilter(django_filters.NumberFilter):
    field_class = forms.IntegerField


class PackageFilter(django_filters.FilterSet):
    """`days_waiting` is a number of days at least, counted at the present holder."""

    search = django_filters.CharFilter(label=_("Search"), method="filter_search")
    sector = django_filters.ChoiceFilter(label=_("Sector"), choices=SECTOR_CHOICES, empty_label=_("all"))
    stage = django_filters.ChoiceFilter(label=_("Stage"), choices=stages.STAGE_CHOICES, empty_label=_("all"))
    condition = django_filters.ChoiceFilter(
        label=_("Condition"), choices=Package.Condition.choices, empty_label=_("all")
    )
    holder = OrganizationFilter(label=_("Who has the file"))
    desk = django_filters.CharFilter(label=_("Desk"), field_name="holder_desk")
    receiver = OrganizationFilter(label=_("Receiver"))
    giver = OrganizationFilter(label=_("Giver"))
    region = RegionFilter(path="village", label=_("District or village"))
    year = YearFilter(field_name="budget_year", label=_("Budget year"))
    days_waiting = DaysFilter(
        label=_("Days waiting, at least"), method="filter_waiting", min_value=0, max_value=MOST_DAYS
    )
    reason = django_filters.ChoiceFilter(label=_("Reason"), choices=stages.REASON_CHOICES, empty_label=_("all"))
    lacking = django_filters.ChoiceFilter(
        label=_("Papers missing"), choices=YES_NO, empty_label=_("all"), method="filter_lacking"
    )
    sort = django_filters.ChoiceFilter(
        label=_("Order"), choices=SORT_CHOICES, empty_label=None, method="filter_sort", required=False
    )

    class Meta:
        model = Package
        fields = [
            "search", "sector", "stage", "condition", "holder", "desk", "receiver", "giver", "region", "year",
            "days_waiting", "reason", "lacking", "sort",
        ]  # fmt: skip

    # What the pages show at once, and what they fold away.
    FIRST = ("sector", "stage", "holder", "days_waiting")
    MORE = ("condition", "receiver", "region", "year", "reason", "lacking", "desk", "sort")

    def first_fields(self):
        return [self.form[name] for name in self.FIRST]

    def more_fields(self):
        """A desk is asked for by following a link; its field is there to be cleared."""
        return [self.form[name] for name in self.MORE if name != "desk" or self.form["desk"].value()]

    @property
    def is_narrowed_further(self) -> bool:
        return any(value for name, value in self._asked() if name in self.MORE)

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the search words and the order is set."""
        return any(value for name, value in self._asked() if name not in ("search", "sort"))

    @property
    def is_searched(self) -> bool:
        """Whether fewer packages than all of them are asked for."""
        return any(value for name, value in self._asked() if name != "sort")

    def _asked(self):
        return [(name, value) for name, value in self.data.items() if name in self.filters]

    def filter_search(self, queryset, name, value):
        words = value.strip()
        inside = Asset.objects.filter(Q(name__icontains=words) | Q(state_code__iexact=words)).values("package")
        return queryset.filter(
            Q(number__icontains=words)
            | Q(name__icontains=words)
            | Q(village__name__icontains=words)
            | Q(legal_basis__icontains=words)
            | Q(pk__in=inside)
        )

    def filter_waiting(self, queryset, name, value):
        return queryset.open().waiting_at_least(value, timezone.localdate())

    def filter_lacking(self, queryset, name, value):
        lacking = Package.objects.lacking_papers(timezone.localdate()).values("pk")
        return queryset.filter(pk__in=lacking) if value == "yes" else queryset.exclude(pk__in=lacking)

    def filter_sort(self, queryset, name, value):
        if value == BY_WAITING:
            return queryset.order_by("holder_reached_on", "number")
        if value == BY_VALUE:
            return queryset.order_by(F("value").desc(nulls_last=True), "number")
        if value == BY_STAGE:
            return queryset.in_stage_order().reverse()
        return queryset.order_by("number")
