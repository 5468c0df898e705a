"""How workshops are looked for, on the page and in the API alike."""

import django_filters
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field

from core.models import Region
from workshops.models import Workshop, WorkshopArea
from workshops.searching import WORKSHOPS


class WorkshopFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(label=_("Search"), method="filter_search")
    status = django_filters.ChoiceFilter(label=_("Status"), choices=Workshop.Status.choices, empty_label=_("all"))
    year = django_filters.NumberFilter(label=_("Year"), field_name="held_on", lookup_expr="year", min_value=2000)
    # Said for the schema, which cannot see that a region is named by its code.
    region = extend_schema_field(str)(django_filters.ModelChoiceFilter)(
        label=_("District"),
        queryset=Region.objects.filter(level=Region.Level.DISTRICT),
        to_field_name="code",
        empty_label=_("all"),
        method="filter_region",
    )
    report_overdue = django_filters.BooleanFilter(label=_("Report overdue"), method="filter_report_overdue")

    class Meta:
        model = Workshop
        fields = ["search", "status", "year", "region", "report_overdue"]

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the search words is set."""
        return any(value for name, value in self.data.items() if name in self.filters and name != "search")

    def filter_search(self, queryset, name, value):
        return queryset.filter(WORKSHOPS.condition(value))

    def filter_region(self, queryset, name, value):
        areas = WorkshopArea.objects.filter(region__in=Region.objects.within(value))
        return queryset.filter(pk__in=areas.values("workshop"))

    def filter_report_overdue(self, queryset, name, value):
        overdue = queryset.report_overdue(timezone.localdate())
        return overdue if value else queryset.exclude(pk__in=overdue.values("pk"))
