"""The first lines of every view: what this person may see, then what they may do."""

from django.core.exceptions import PermissionDenied
from django.shortcuts import get_object_or_404

from agreements.models import Agreement, AgreementRecord, Signatory
from workshops.models import Workshop


def require(user, permission: str) -> None:
    if not user.has_perm(permission):
        raise PermissionDenied


def workshop_for(request, slug: str, permission: str) -> Workshop:
    """The workshop, or 404 for what this person may not know of, or 403 for what they may not do with it."""
    workshop = get_object_or_404(Workshop.objects.visible_to(request.user), slug=slug)
    require(request.user, permission)
    return workshop


def record_for(request, slug: str, permission: str) -> AgreementRecord:
    """The record of a workshop; not stored as long as nothing was written into it."""
    return AgreementRecord.of(workshop_for(request, slug, permission))


def agreement_for(request, key: str, permission: str) -> Agreement:
    visible = Agreement.objects.visible_to(request.user).select_related("workshop__agreement_record")
    agreement = get_object_or_404(visible, key=key)
    require(request.user, permission)
    return agreement


def signatory_for(request, pk: int, permission: str) -> Signatory:
    visible = Signatory.objects.visible_to(request.user).select_related("record__workshop")
    signatory = get_object_or_404(visible, pk=pk)
    require(request.user, permission)
    return signatory
