"""How areas and villages are looked for, on the page and in the API alike."""

import django_filters
from django.db.models import BigIntegerField, ExpressionWrapper, F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field

from core.models import Region, RegionAlias
from slumareas import scoring
from slumareas.models import Assessment, SlumArea

NOT_ASSESSED = "not_assessed"
CLASS_CHOICES = [*scoring.SLUM_CLASSES.items(), (NOT_ASSESSED, _("Not assessed"))]
BY_SCORE, BY_NAME, BY_HECTARES = "score", "name", "hectares"
SORT_CHOICES = [(BY_SCORE, _("highest score")), (BY_NAME, _("name")), (BY_HECTARES, _("most hectares"))]
YES_NO = [("yes", _("yes")), ("no", _("no"))]


class ResultFilter(django_filters.FilterSet):
    """Places by what was measured in them. `results` are the visible results of the year that is looked at."""

    place = ""  # the column of a result that names the place
    name_field = "name"

    search = django_filters.CharFilter(label=_("Search"), method="filter_search")
    region = extend_schema_field(str)(django_filters.ModelChoiceFilter)(
        label=_("District"),
        queryset=Region.objects.filter(level=Region.Level.DISTRICT),
        to_field_name="code",
        empty_label=_("all"),
        method="filter_region",
    )
    slum_class = django_filters.ChoiceFilter(
        label=_("Class"), choices=CLASS_CHOICES, empty_label=_("all"), method="filter_class"
    )
    sort = django_filters.ChoiceFilter(
        label=_("Order"), choices=SORT_CHOICES, empty_label=None, method="filter_sort", required=False
    )

    def __init__(self, *args, results=None, **kwargs):
        super().__init__(*args, **kwargs)
        self.results = Assessment.objects.none() if results is None else results

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the search words and the year is set."""
        return any(value for name, value in self.data.items() if name in self.filters and name != "search")

    @property
    def is_searched(self) -> bool:
        """Whether fewer places than all of them are asked for."""
        return any(value for name, value in self.data.items() if name in self.filters and name != "sort")

    @property
    def qs(self):
        found = super().qs
        return found if self.form.cleaned_data.get("sort") else self.filter_sort(found, "sort", BY_SCORE)

    def filter_class(self, queryset, name, value):
        if value == NOT_ASSESSED:
            return queryset.exclude(pk__in=self.results.exclude(slum_class="").values(self.place))
        return queryset.filter(pk__in=self.results.filter(slum_class=value).values(self.place))

    def filter_sort(self, queryset, name, value):
        if value == BY_NAME:
            return queryset.order_by(self.name_field, "pk")
        mine = self.results.filter(**{self.place: OuterRef("pk")})
        if value == BY_HECTARES:
            hectares = ExpressionWrapper(F("a_heavy") + F("a_moderate") + F("a_light"), output_field=BigIntegerField())
            mine = mine.annotate(sorted_by=hectares)
        else:
            mine = mine.annotate(sorted_by=F("total"))
        first = F("sorted_by").desc(nulls_last=True)
        return queryset.annotate(sorted_by=Subquery(mine.values("sorted_by")[:1])).order_by(
            first, self.name_field, "pk"
        )


class SlumAreaFilter(ResultFilter):
    place = "slum_area"

    kind = django_filters.ChoiceFilter(label=_("Kind"), choices=SlumArea.Kind.choices, empty_label=_("all"))

    class Meta:
        model = SlumArea
        fields = ["search", "region", "slum_class", "kind", "sort"]

    def filter_search(self, queryset, name, value):
        inside = SlumArea.villages.through.objects.filter(region__name__icontains=value)
        return queryset.filter(Q(name__icontains=value) | Q(pk__in=inside.values("slumarea")))

    def filter_region(self, queryset, name, value):
        return queryset.in_region(value)


class VillageFilter(ResultFilter):
    place = "region"

    kind = django_filters.ChoiceFilter(label=_("Kind"), choices=Region.Kind.choices, empty_label=_("all"))
    has_area = django_filters.ChoiceFilter(
        label=_("With slum areas"), choices=YES_NO, empty_label=_("all"), method="filter_has_area"
    )

    class Meta:
        model = Region
        fields = ["search", "region", "slum_class", "kind", "has_area", "sort"]

    def filter_search(self, queryset, name, value):
        aliases = RegionAlias.objects.filter(name__icontains=value)
        areas = SlumArea.villages.through.objects.filter(slumarea__name__icontains=value)
        return queryset.filter(
            Q(name__icontains=value)
            | Q(code=value.strip())
            | Q(pk__in=aliases.values("region"))
            | Q(pk__in=areas.values("region"))
        )

    def filter_region(self, queryset, name, value):
        return queryset.within(value)

    def filter_has_area(self, queryset, name, value):
        inside = SlumArea.villages.through.objects.values("region")
        return queryset.filter(pk__in=inside) if value == "yes" else queryset.exclude(pk__in=inside)
