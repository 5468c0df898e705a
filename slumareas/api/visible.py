"""How records are found: only what this person may see, in an order by the names that they have in the API."""

from django_filters.rest_framework import DjangoFilterBackend
from rest_framework import viewsets
from rest_framework.filters import OrderingFilter


class NamedOrdering(OrderingFilter):
    """`?ordering=-year`: by the names that the objects have in the API; the primary key decides between equals."""

    def get_schema_operation_parameters(self, view):
        parameters = super().get_schema_operation_parameters(view)
        names = ", ".join(view.ordering_names)
        return [{**one, "description": f"One or several of: {names}; - in front turns it."} for one in parameters]

    def get_valid_fields(self, queryset, view, context=None):
        return [(name, name) for name in view.ordering_names]

    def get_ordering(self, request, queryset, view):
        names = super().get_ordering(request, queryset, view)
        if not names:
            return names
        paths = [("-" if name.startswith("-") else "") + view.ordering_names[name.lstrip("-")] for name in names]
        return [*paths, "pk"]


class Visible(viewsets.GenericViewSet):
    """Only what this person may see. The filter searches, as on the page."""

    lookup_url_kwarg = "key"
    lookup_value_regex = r"\d{1,18}"
    filter_backends = [DjangoFilterBackend, NamedOrdering]
    ordering_names: dict[str, str] = {}

    def get_queryset(self):
        queryset = super().get_queryset()
        return queryset.visible_to(self.request.user) if hasattr(queryset, "visible_to") else queryset
