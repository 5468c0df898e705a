"""The first line of every view below a workshop: what this person may see, then what they may do."""

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404

from workshops.models import Workshop


def workshop_for(request, slug: str, permission: str | None = None) -> Workshop:
    """The workshop, or 404 for what this person may not know of, or 403 for what they may not do with it."""
    workshop = get_object_or_404(
        Workshop.objects.visible_to(request.user).select_related("organizer", "agreement_record"), slug=slug
    )
    require(request.user, permission)
    return workshop


def sees_agreements(user, workshop: Workshop) -> bool:
    """Whether this person may read what was agreed: outsiders only once it is published."""
    record = getattr(workshop, "agreement_record", None)
    return record is None or type(record).objects.visible_to(user).filter(pk=record.pk).exists()


def require(user, permission: str | None) -> None:
    if permission and not user.has_perm(permission):
        raise PermissionDenied
