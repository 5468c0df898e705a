"""The first line of every view of the handover: what this person may see, then what they may do."""

from django.core.exceptions import PermissionDenied
from django.db.models import QuerySet
from django.shortcuts import get_object_or_404

from assets.models import Asset, Document, Package

NAMED = ("giver", "receiver", "holder", "village__parent", "slum_area", "agreement", "follow_up")


def visible_packages(request) -> QuerySet:
    require(request.user, "assets.view_package")
    return Package.objects.visible_to(request.user)


def package_for(request, number: str, permission: str | None = None) -> Package:
    """The package, or 404 for what this person may not know of, or 403 for what they may not do with it."""
    package = get_object_or_404(Package.objects.visible_to(request.user).select_related(*NAMED), number=number)
    require(request.user, permission)
    return package


def editable_package(request, number: str, permission: str = "assets.change_package") -> Package:
    """The package for who writes its record: who plans, and the giver its own."""
    package = package_for(request, number, permission)
    if not may_edit(request.user, package):
        raise PermissionDenied
    return package


def may_edit(user, package: Package) -> bool:
    """As `editable_by`, without asking the database: the package was found through `visible_to`."""
    own = user.role != user.Role.OPD_USER or package.giver_id == user.organization_id
    return own and user.has_perm("assets.change_package")


def asset_for(request, package: Package, number: int, permission: str | None = None) -> Asset:
    found = Asset.objects.visible_to(request.user).select_related("manager")
    asset = get_object_or_404(found, package=package, number=number)
    asset.package = package
    require(request.user, permission)
    return asset


def document_for(request, package: Package, kind: str, permission: str = "assets.view_document") -> Document:
    require(request.user, permission)
    document = get_object_or_404(Document.objects.visible_to(request.user), package=package, kind=kind)
    document.package = package
    return document


def require(user, permission: str | None) -> None:
    if permission and not user.has_perm(permission):
        raise PermissionDenied
