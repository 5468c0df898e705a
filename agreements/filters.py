"""How agreements, follow-ups, evidence and sittings are looked for, on the pages and in the API alike."""

import django_filters
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field

from agreements.models import Agreement, Evidence, FollowUp, RaisedEntry, Review, Signatory
from agreements.models.records import CRITERION_CHOICES
from core.models import Organization, Region
from slumareas.models import SlumArea
from workshops.models import Workshop


def keyed(label, queryset, key: str, **options):
    """A filter by the key of a record; said for the schema, which cannot see that."""
    return extend_schema_field(str)(django_filters.ModelChoiceFilter)(
        label=label, queryset=queryset, to_field_name=key, empty_label=_("all"), **options
    )


def visible_workshops(request):
    return Workshop.objects.visible_to(request.user) if request else Workshop.objects.none()


class AgreementFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(label=_("Search"), field_name="text", lookup_expr="icontains")
    workshop = keyed(_("Workshop"), visible_workshops, "slug")
    organization = keyed(_("Organization"), Organization.objects.all(), "key", field_name="organizations")
    slum_area = keyed(_("Slum area"), SlumArea.objects.all(), "slug", field_name="slum_areas")
    criterion = django_filters.ChoiceFilter(
        label=_("Criterion"), choices=CRITERION_CHOICES, field_name="criteria__criterion", empty_label=_("all")
    )
    kind = django_filters.ChoiceFilter(label=_("Kind"), choices=Agreement.Kind.choices, empty_label=_("all"))

    class Meta:
        model = Agreement
        fields = ["search", "workshop", "organization", "slum_area", "criterion", "kind"]


class SignatoryFilter(django_filters.FilterSet):
    workshop = keyed(_("Workshop"), visible_workshops, "slug", field_name="record__workshop")
    state = django_filters.ChoiceFilter(label=_("State"), choices=Signatory.State.choices, empty_label=_("all"))

    class Meta:
        model = Signatory
        fields = ["workshop", "state"]


class FollowUpFilter(django_filters.FilterSet):
    search = django_filters.CharFilter(label=_("Search"), method="filter_search")
    status = django_filters.ChoiceFilter(label=_("Status"), choices=FollowUp.Status.choices, empty_label=_("all"))
    organization = keyed(_("Organization"), Organization.objects.all(), "key", field_name="responsible_organization")
    overdue = django_filters.BooleanFilter(label=_("Overdue"), method="filter_overdue")
    silent = django_filters.BooleanFilter(label=_("No update for 90 days"), method="filter_silent")
    workshop = keyed(_("Workshop"), visible_workshops, "slug")
    agreement = django_filters.CharFilter(label=_("Agreement"), field_name="agreement__key")
    region = keyed(_("Region"), Region.objects.all(), "code", method="filter_region")
    slum_area = keyed(_("Slum area"), SlumArea.objects.all(), "slug")
    criterion = django_filters.ChoiceFilter(label=_("Criterion"), choices=CRITERION_CHOICES, empty_label=_("all"))
    due_from = django_filters.DateFilter(label=_("Due from"), field_name="due_on", lookup_expr="gte")
    due_until = django_filters.DateFilter(label=_("Due until"), field_name="due_on", lookup_expr="lte")
    proposal = django_filters.BooleanFilter(label=_("Proposal"), field_name="is_proposal")

    class Meta:
        model = FollowUp
        fields = [
            "search",
            "status",
            "organization",
            "overdue",
            "silent",
            "workshop",
            "agreement",
            "region",
            "slum_area",
            "criterion",
            "due_from",
            "due_until",
            "proposal",
        ]

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the search words is set."""
        return any(value for name, value in self.data.items() if name in self.filters and name != "search")

    def filter_search(self, queryset, name, value):
        return queryset.filter(
            Q(activity__icontains=value)
            | Q(output__icontains=value)
            | Q(location__icontains=value)
            | Q(agreement__text__icontains=value)
        )

    def filter_overdue(self, queryset, name, value):
        overdue = FollowUp.objects.overdue(timezone.localdate())
        return queryset.filter(pk__in=overdue.values("pk")) if value else queryset.exclude(pk__in=overdue.values("pk"))

    def filter_silent(self, queryset, name, value):
        silent = FollowUp.objects.silent(timezone.localdate())
        return queryset.filter(pk__in=silent.values("pk")) if value else queryset.exclude(pk__in=silent.values("pk"))

    def filter_region(self, queryset, name, value):
        return queryset.filter(region__in=Region.objects.within(value))


class EvidenceFilter(django_filters.FilterSet):
    follow_up = django_filters.NumberFilter(label=_("Follow-up"))
    status = django_filters.ChoiceFilter(label=_("Status"), choices=Evidence.Status.choices, empty_label=_("all"))
    kind = django_filters.ChoiceFilter(label=_("Kind"), choices=Evidence.Kind.choices, empty_label=_("all"))
    to_review = django_filters.BooleanFilter(label=_("Waits for my judgement"), method="filter_to_review")

    class Meta:
        model = Evidence
        fields = ["follow_up", "status", "kind", "to_review"]

    def filter_to_review(self, queryset, name, value):
        mine = Evidence.objects.reviewable_by(self.request.user).values("pk")
        return queryset.filter(pk__in=mine) if value else queryset.exclude(pk__in=mine)


class ReviewFilter(django_filters.FilterSet):
    status = django_filters.ChoiceFilter(label=_("Status"), choices=Review.Status.choices, empty_label=_("all"))

    class Meta:
        model = Review
        fields = ["status"]


class RaisedEntryFilter(django_filters.FilterSet):
    workshop = keyed(_("Workshop"), visible_workshops, "slug")
    unanswered = django_filters.BooleanFilter(label=_("Unanswered"), method="filter_unanswered")

    class Meta:
        model = RaisedEntry
        fields = ["workshop", "unanswered"]

    def filter_unanswered(self, queryset, name, value):
        waiting = RaisedEntry.objects.unanswered().values("pk")
        return queryset.filter(pk__in=waiting) if value else queryset.exclude(pk__in=waiting)
