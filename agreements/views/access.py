"""The first line of every view of agreements: what this person may see, then what they may do."""

from django.core.exceptions import PermissionDenied
from django.http import Http404
from django.shortcuts import get_object_or_404

from agreements.models import Agreement, AgreementRecord, Evidence, FollowUp, Review, Signatory
from workshops.models import Workshop


def require(user, permission: str | None) -> None:
    if permission and not user.has_perm(permission):
        raise PermissionDenied


def agreement_for(request, key: str, permission: str | None = None) -> Agreement:
    """The agreement, or 404 for what this person may not know of, or 403 for what they may not do with it."""
    visible = Agreement.objects.visible_to(request.user)
    agreement = get_object_or_404(visible.select_related("workshop__agreement_record"), key=key)
    require(request.user, permission)
    return agreement


def workshop_for(request, slug: str, permission: str | None = None) -> Workshop:
    # Not with the record: it may be begun while this workshop is in hand.
    workshop = get_object_or_404(Workshop.objects.visible_to(request.user), slug=slug)
    require(request.user, permission)
    return workshop


def record_for(request, slug: str, permission: str | None = None) -> AgreementRecord:
    """The record of a workshop; for those who draft it also where nothing was written into it yet."""
    workshop = workshop_for(request, slug, permission)
    record = (
        AgreementRecord.objects.visible_to(request.user).select_related("workshop").filter(workshop=workshop).first()
    )
    if record is None and request.user.has_perm("agreements.add_agreementrecord"):
        record = AgreementRecord.of(workshop)
    if record is None:
        raise Http404
    return record


def signatory_for(request, pk: int, permission: str | None = None) -> Signatory:
    visible = Signatory.objects.visible_to(request.user).select_related("organization", "record__workshop")
    signatory = get_object_or_404(visible, pk=pk)
    require(request.user, permission)
    return signatory


FOLLOW_UP_PARTS = ("agreement", "workshop", "responsible_organization", "region", "slum_area", "source_entry")


def follow_up_for(request, pk: int, permission: str | None = None) -> FollowUp:
    visible = FollowUp.objects.visible_to(request.user).select_related(*FOLLOW_UP_PARTS)
    follow_up = get_object_or_404(visible.defer("region__boundary"), pk=pk)
    require(request.user, permission)
    return follow_up


def evidence_for(request, pk: int, permission: str | None = None) -> Evidence:
    visible = Evidence.objects.visible_to(request.user).select_related("follow_up", "submitted_by", "reviewed_by")
    evidence = get_object_or_404(visible, pk=pk)
    require(request.user, permission)
    return evidence


def review_for(request, pk: int, permission: str | None = None) -> Review:
    review = get_object_or_404(Review.objects.visible_to(request.user), pk=pk)
    require(request.user, permission)
    return review
