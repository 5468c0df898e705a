"""How areas and villages are looked for, on the page and in the API alike."""

import django_filters
from django import forms
from django.db.models import BigIntegerField, Exists, ExpressionWrapper, F, OuterRef, Q, Subquery
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field

from core.models import Region
from slumareas import scoring
from slumareas.models import (
    Assessment,
    AssessmentYear,
    Baseline,
    Decree,
    Import,
    NeighbourhoodUnit,
    ReportedHectares,
    ReportingGroup,
    SlumArea,
    Work,
)
from slumareas.models.places import FIRST_YEAR, LAST_YEAR, normalised_unit
from slumareas.models.years import RULE_SET_CHOICES
from slumareas.searching import AREAS, VILLAGES

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
        """Whether anything but the search words, the order and the year is set."""
        return any(
            value for name, value in self.data.items() if name in self.filters and name not in ("search", "sort")
        )

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
        return queryset.filter(AREAS.condition(value))

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
        return queryset.filter(VILLAGES.condition(value))

    def filter_region(self, queryset, name, value):
        return queryset.within(value)

    def filter_has_area(self, queryset, name, value):
        inside = SlumArea.villages.through.objects.values("region")
        return queryset.filter(pk__in=inside) if value == "yes" else queryset.exclude(pk__in=inside)


# --- baselines, neighbourhoods, results ------------------------------------------------------------------
# Said for the schema, which cannot see that a place is named by its code or its address.
@extend_schema_field(str)
class RegionFilter(django_filters.ModelChoiceFilter):
    """A village, district or regency by its code, and what lies below it. `path` leads to the region."""

    def __init__(self, *args, path: str = "region", **kwargs):
        self.path = path
        super().__init__(
            *args,
            **{"label": _("Region"), "queryset": Region.objects.all(), "to_field_name": "code", "empty_label": _("all")}
            | kwargs,
        )

    def filter(self, queryset, region):
        return queryset.filter(**{f"{self.path}__in": Region.objects.within(region)}) if region else queryset


@extend_schema_field(str)
class AreaKeyFilter(django_filters.ModelChoiceFilter):
    """A slum area by its address."""

    def __init__(self, *args, **kwargs):
        super().__init__(
            *args,
            **{
                "label": _("Slum area"),
                "queryset": SlumArea.objects.all(),
                "to_field_name": "slug",
                "empty_label": _("all"),
            }
            | kwargs,
        )


@extend_schema_field(int)
class YearFilter(django_filters.NumberFilter):
    field_class = forms.IntegerField

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **{"label": _("Year"), "min_value": FIRST_YEAR, "max_value": LAST_YEAR} | kwargs)


class MeasuredFilter(django_filters.FilterSet):
    """By year, rule set and class: what a row and a sum have in common."""

    year = YearFilter(field_name="assessment_year__year")
    rule_set = django_filters.ChoiceFilter(
        label=_("Rule set"), field_name="assessment_year__rule_set", choices=RULE_SET_CHOICES, empty_label=_("all")
    )

    @classmethod
    def get_filters(cls):
        # `class` is a word of the language and cannot be an attribute.
        named = django_filters.ChoiceFilter(
            label=_("Class"), choices=CLASS_CHOICES, method="filter_class", empty_label=_("all")
        )
        return {**super().get_filters(), "class": named}

    def filter_class(self, queryset, name, value):
        return queryset.filter(slum_class="" if value == NOT_ASSESSED else value)


class BaselineFilter(MeasuredFilter):
    search = django_filters.CharFilter(label=_("Search"), method="filter_search")
    region = RegionFilter(path="unit__region")
    slum_area = AreaKeyFilter()
    is_made_up = django_filters.BooleanFilter(label=_("Made-up figures"))

    class Meta:
        model = Baseline
        fields = ["search", "region", "slum_area", "year", "rule_set", "is_made_up"]

    def filter_search(self, queryset, name, value):
        return queryset.filter(
            Q(unit__region__name__icontains=value) | Q(slum_area__name__icontains=value) | Q(source__icontains=value)
        )


class AssessmentFilter(MeasuredFilter):
    search = django_filters.CharFilter(label=_("Search"), method="filter_search")
    level = django_filters.ChoiceFilter(label=_("Level"), choices=Assessment.Level.choices, empty_label=_("all"))
    region = RegionFilter(method="filter_region")
    slum_area = AreaKeyFilter()

    class Meta:
        model = Assessment
        fields = ["search", "level", "region", "slum_area", "year", "rule_set"]

    def filter_search(self, queryset, name, value):
        return queryset.filter(Q(slum_area__name__icontains=value) | Q(region__name__icontains=value))

    def filter_region(self, queryset, name, value):
        """The region, what lies below it, and the areas that lie in it, wholly or partly."""
        areas = SlumArea.objects.in_region(value).values("pk")
        return queryset.filter(Q(region__in=Region.objects.within(value)) | Q(slum_area__in=areas))


class NeighbourhoodFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(label=_("Search"), method="filter_search")
    region = RegionFilter()
    slum_area = AreaKeyFilter()
    rw = django_filters.CharFilter(label=_("RW"), method="filter_unit")
    rt = django_filters.CharFilter(label=_("RT"), method="filter_unit")

    class Meta:
        model = NeighbourhoodUnit
        fields = ["search", "region", "slum_area", "rw", "rt"]

    def filter_search(self, queryset, name, value):
        return queryset.filter(Q(region__name__icontains=value) | Q(slum_area__name__icontains=value))

    def filter_unit(self, queryset, name, value):
        """However it is written: `RT 001`, `001` and `1` are one."""
        return queryset.filter(**{name: normalised_unit(value)})


class WorkFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(label=_("Search"), field_name="activity", lookup_expr="icontains")
    region = RegionFilter(path="unit__region")
    slum_area = AreaKeyFilter(field_name="unit__slum_area")
    year = YearFilter()

    class Meta:
        model = Work
        fields = ["search", "region", "slum_area", "year", "criterion"]


class DecreeFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(label=_("Search"), method="filter_search")
    slum_area = AreaKeyFilter(field_name="areas__slum_area")
    year = YearFilter()

    class Meta:
        model = Decree
        fields = ["search", "slum_area", "year"]

    def filter_search(self, queryset, name, value):
        return queryset.filter(Q(number__icontains=value) | Q(title__icontains=value))


class ReportedHectaresFilter(django_filters.FilterSet):
    group = extend_schema_field(str)(django_filters.ModelChoiceFilter)(
        label=_("Reporting group"),
        queryset=ReportingGroup.objects.all(),
        to_field_name="slug",
        empty_label=_("all"),
    )
    year = YearFilter()

    class Meta:
        model = ReportedHectares
        fields = ["group", "year", "kind"]


class AssessmentYearFilter(django_filters.FilterSet):
    year = YearFilter()

    class Meta:
        model = AssessmentYear
        fields = ["year", "rule_set", "status"]


class ImportFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(label=_("Search"), field_name="file_name", lookup_expr="icontains")
    year = YearFilter()

    class Meta:
        model = Import
        fields = ["search", "year", "rule_set", "state"]


# --- which year is meant ---------------------------------------------------------------------------------
def years_with_results(user) -> list[AssessmentYear]:
    """The years of which this person may see a result, the latest first."""
    results = Assessment.objects.visible_to(user).filter(assessment_year=OuterRef("pk"))
    return list(AssessmentYear.objects.visible_to(user).filter(Exists(results)))
