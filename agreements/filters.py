"""How agreements and follow-ups are looked for, on the page and in the API alike."""

import django_filters
from django.db.models import BooleanField, ExpressionWrapper, F, Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field

from agreements.models import Agreement, AgreementCriterion, Evidence, FollowUp, RaisedEntry, Review, Signatory
from agreements.models.follow_ups import DUE_SOON_DAYS
from agreements.models.records import CRITERION_CHOICES
from agreements.searching import AGREEMENTS, FOLLOW_UPS
from core.models import Organization, Region
from slumareas.filters import AreaKeyFilter, RegionFilter
from workshops.models import Workshop

BY_DUE, BY_NUMBER, BY_UPDATE = "due", "number", "update"
SORT_CHOICES = [(BY_DUE, _("due first")), (BY_NUMBER, _("number")), (BY_UPDATE, _("longest without an update"))]
DUE_CHOICES = [
    ("7", _("within 7 days")),
    ("14", _("within 14 days")),
    (str(DUE_SOON_DAYS), _("within 30 days")),
    ("90", _("within 90 days")),
    ("none", _("without a date")),
]
OVERDUE = "overdue"


# Said for the schema, which cannot see that a record is named by its key.
@extend_schema_field(str)
class OrganizationFilter(django_filters.ModelChoiceFilter):
    """An organization by its key."""

    def __init__(self, *args, **kwargs):
        super().__init__(
            *args,
            **{
                "label": _("Organization"),
                "queryset": Organization.objects.all(),
                "to_field_name": "key",
                "empty_label": _("all"),
            }
            | kwargs,
        )


@extend_schema_field(str)
class WorkshopKeyFilter(django_filters.ModelChoiceFilter):
    """A workshop by its address. Offered are those that the person who asks may see."""

    def __init__(self, *args, **kwargs):
        super().__init__(
            *args,
            **{
                "label": _("Workshop"),
                "queryset": visible_workshops,
                "to_field_name": "slug",
                "empty_label": _("all"),
            }
            | kwargs,
        )


def visible_workshops(request):
    """For the schema there is nobody, and nothing to see."""
    return Workshop.objects.visible_to(request.user) if request is not None else Workshop.objects.none()


def _due(follow_ups, asked: str):
    today = timezone.localdate()
    if asked == OVERDUE:
        return follow_ups.overdue(today)
    if asked == "none":
        return follow_ups.open().filter(due_on=None)
    return follow_ups.due_within(today, int(asked))


class NarrowedMixin:
    """What the page asks of its filter."""

    @property
    def is_narrowed(self) -> bool:
        """Whether anything but the search words and the order is set."""
        return any(value for name, value in self._asked() if name not in ("search", "sort"))

    @property
    def is_searched(self) -> bool:
        """Whether fewer than all are asked for."""
        return any(value for name, value in self._asked() if name != "sort")

    def _asked(self):
        return [(name, value) for name, value in self.data.items() if name in self.filters]


class AgreementFilter(NarrowedMixin, django_filters.FilterSet):
    search = django_filters.CharFilter(label=_("Search"), method="filter_search")
    workshop = WorkshopKeyFilter()
    organization = OrganizationFilter(method="filter_organization")
    slum_area = AreaKeyFilter(field_name="slum_areas")
    criterion = django_filters.ChoiceFilter(
        label=_("Criterion"), choices=CRITERION_CHOICES, empty_label=_("all"), method="filter_criterion"
    )
    kind = django_filters.ChoiceFilter(label=_("Kind"), choices=Agreement.Kind.choices, empty_label=_("all"))
    status = django_filters.ChoiceFilter(
        label=_("Follow-ups"), choices=FollowUp.Status.choices, empty_label=_("all"), method="filter_status"
    )
    due = django_filters.ChoiceFilter(
        label=_("Due"),
        choices=[(OVERDUE, _("overdue")), *DUE_CHOICES],
        empty_label=_("all"),
        method="filter_due",
    )

    class Meta:
        model = Agreement
        fields = ["search", "workshop", "organization", "slum_area", "criterion", "kind", "status", "due"]

    def filter_search(self, queryset, name, value):
        return queryset.filter(AGREEMENTS.condition(value, self.request.user))

    def filter_organization(self, queryset, name, value):
        """Named in the agreement, or responsible for one of its follow-ups."""
        named = Agreement.organizations.through.objects.filter(organization=value)
        doing = FollowUp.objects.filter(responsible_organization=value, agreement__isnull=False)
        return queryset.filter(Q(pk__in=named.values("agreement")) | Q(pk__in=doing.values("agreement")))

    def filter_criterion(self, queryset, name, value):
        return queryset.filter(pk__in=AgreementCriterion.objects.filter(criterion=value).values("agreement"))

    def filter_status(self, queryset, name, value):
        return queryset.filter(pk__in=self._follow_ups().filter(status=value).values("agreement"))

    def filter_due(self, queryset, name, value):
        """Only what is still to be done is due."""
        return queryset.filter(pk__in=_due(self._follow_ups(), value).values("agreement"))

    def _follow_ups(self):
        """Of agreements, as far as this person may see them."""
        visible = FollowUp.objects.visible_to(self.request.user)
        return visible.filter(agreement__isnull=False).order_by()


class FollowUpFilter(NarrowedMixin, django_filters.FilterSet):
    search = django_filters.CharFilter(label=_("Search"), method="filter_search")
    status = django_filters.ChoiceFilter(label=_("Status"), choices=FollowUp.Status.choices, empty_label=_("all"))
    organization = OrganizationFilter(field_name="responsible_organization")
    workshop = WorkshopKeyFilter()
    agreement = django_filters.CharFilter(label=_("Agreement"), field_name="agreement__key")
    slum_area = AreaKeyFilter()
    region = RegionFilter(queryset=Region.objects.exclude(level=Region.Level.REGENCY))
    criterion = django_filters.ChoiceFilter(label=_("Criterion"), choices=CRITERION_CHOICES, empty_label=_("all"))
    due = django_filters.ChoiceFilter(label=_("Due"), choices=DUE_CHOICES, empty_label=_("all"), method="filter_due")
    overdue = django_filters.BooleanFilter(label=_("Overdue"), method="filter_overdue")
    silent = django_filters.BooleanFilter(label=_("Without an update for 90 days"), method="filter_silent")
    unconfirmed = django_filters.BooleanFilter(label=_("Done, not confirmed yet"), method="filter_unconfirmed")
    mine = django_filters.BooleanFilter(label=_("Mine"), method="filter_mine")
    due_from = django_filters.DateFilter(label=_("Due from"), field_name="due_on", lookup_expr="gte")
    due_until = django_filters.DateFilter(label=_("Due until"), field_name="due_on", lookup_expr="lte")
    proposal = django_filters.BooleanFilter(label=_("Proposal"), field_name="is_proposal")
    sort = django_filters.ChoiceFilter(
        label=_("Order"), choices=SORT_CHOICES, empty_label=None, method="filter_sort", required=False
    )

    class Meta:
        model = FollowUp
        fields = [
            "search", "status", "organization", "workshop", "agreement", "slum_area", "region", "criterion", "due", "due_from",
            "due_until", "overdue", "silent", "unconfirmed", "mine", "proposal", "sort",
        ]  # fmt: skip

    def filter_search(self, queryset, name, value):
        return queryset.filter(FOLLOW_UPS.condition(value))

    def filter_due(self, queryset, name, value):
        return _due(queryset, value)

    def filter_overdue(self, queryset, name, value):
        return self._either(queryset, queryset.overdue(timezone.localdate()), value)

    def filter_silent(self, queryset, name, value):
        return self._either(queryset, queryset.silent(timezone.localdate()), value)

    def filter_unconfirmed(self, queryset, name, value):
        return self._either(queryset, queryset.unconfirmed(), value)

    def filter_mine(self, queryset, name, value):
        return self._either(queryset, queryset.owned_by(self.request.user), value)

    @staticmethod
    def _either(queryset, those, value):
        return those if value else queryset.exclude(pk__in=those.order_by().values("pk"))

    def filter_sort(self, queryset, name, value):
        if value == BY_DUE:
            is_final = ExpressionWrapper(Q(status__in=FollowUp.FINAL), BooleanField())
            return queryset.annotate(is_final_row=is_final).order_by(
                "is_final_row", F("due_on").asc(nulls_last=True), "pk"
            )
        if value == BY_UPDATE:
            return queryset.open().order_by("updated_on", "pk")
        # What follows no agreement stands behind those that do, on either database.
        number = F("agreement__number").asc(nulls_last=True)
        return queryset.order_by("-workshop__held_on", "workshop", number, "order", "pk")


class SignatoryFilter(django_filters.FilterSet):
    workshop = WorkshopKeyFilter(field_name="record__workshop")
    state = django_filters.ChoiceFilter(label=_("State"), choices=Signatory.State.choices, empty_label=_("all"))

    class Meta:
        model = Signatory
        fields = ["workshop", "state"]


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
    workshop = WorkshopKeyFilter()
    unanswered = django_filters.BooleanFilter(label=_("Unanswered"), method="filter_unanswered")

    class Meta:
        model = RaisedEntry
        fields = ["workshop", "unanswered"]

    def filter_unanswered(self, queryset, name, value):
        waiting = RaisedEntry.objects.unanswered().values("pk")
        return queryset.filter(pk__in=waiting) if value else queryset.exclude(pk__in=waiting)
