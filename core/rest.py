"""Ground rules of the API that the REST framework reads while it is itself being loaded.

Apart from `core.api`, which needs the framework's views.
"""

from rest_framework import pagination, permissions

READ = {
    **permissions.DjangoModelPermissions.perms_map,
    "GET": ["%(app_label)s.view_%(model_name)s"],
    "HEAD": ["%(app_label)s.view_%(model_name)s"],
}


class ModelPermissions(permissions.DjangoModelPermissions):
    """As Django's, but reading needs the right to view as well."""

    perms_map = READ


class VerbPermissions(permissions.DjangoModelPermissions):
    """Who may see an object may ask for a verb of it; the verb itself then checks its own right."""

    perms_map = {**READ, "POST": READ["GET"]}


class Pagination(pagination.PageNumberPagination):
    page_size = 50
    page_size_query_param = "page_size"
    max_page_size = 500
