"""The papers of agreements, with the rights of their pages."""

from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _

from agreements import documents
from agreements.filters import FollowUpFilter
from agreements.models import Agreement, AgreementRecord, Evidence, FollowUp, Review, ReviewItem
from agreements.views.access import require, workshop_for
from core.models import Organization
from core.refusals import Refused
from workshops.models import Workshop

# A matrix of more lines than anybody reads on paper would take minutes to set.
MATRIX_ROWS = 500


def _pdf(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response["Cache-Control"] = "private, no-cache"
    return response


def _knows_people(user) -> bool:
    return user.has_perm("agreements.view_people")


def _may_read(user, workshop: Workshop) -> None:
    """Where there is a record, it has to be one that this person may see."""
    record = AgreementRecord.objects.filter(workshop=workshop)
    if record.exists() and not record.visible_to(user).exists():
        raise PermissionDenied


def agreement_record_pdf(request, slug):
    """Whole NIP and signatures only for those who may see them; for others they are masked and left out."""
    workshop = workshop_for(request, slug, "agreements.view_agreementrecord")
    _may_read(request.user, workshop)
    whole = request.user.has_perm("agreements.view_signature")
    return _pdf(documents.agreement_record(workshop, people=whole), f"berita-acara-{slug}")


def follow_up_matrix_pdf(request, slug):
    workshop = workshop_for(request, slug, "agreements.view_followup")
    follow_ups = FollowUp.objects.visible_to(request.user).filter(workshop=workshop)
    return _pdf(_matrix(request.user, follow_ups, workshop), f"matriks-rtl-{slug}")


def filtered_matrix_pdf(request):
    """The list as it is narrowed on the page, whatever workshop its follow-ups come from."""
    require(request.user, "agreements.view_followup")
    found = FollowUpFilter(request.GET, FollowUp.objects.visible_to(request.user), request=request)
    return _pdf(_matrix(request.user, found.qs), "matriks-rtl")


def _matrix(user, follow_ups, workshop=None) -> bytes:
    number = follow_ups.count()
    if number > MATRIX_ROWS:
        raise Refused(
            _("A matrix on paper holds at most %(limit)s follow-ups; these are %(number)s. Narrow the list first.")
            % {"limit": MATRIX_ROWS, "number": number}
        )
    return documents.follow_up_matrix(
        follow_ups,
        on=timezone.localdate(),
        workshop=workshop,
        evidence=Evidence.objects.visible_to(user),
        people=_knows_people(user),
    )


def agreement_extract_pdf(request, key):
    agreement = get_object_or_404(Agreement.objects.visible_to(request.user).select_related("workshop"), key=key)
    follow_ups = FollowUp.objects.visible_to(request.user)
    people = _knows_people(request.user)
    return _pdf(documents.agreement_extract(agreement, follow_ups, people=people), f"petikan-{key}")


def organization_extract_pdf(request, slug, key):
    """What concerns one organization in the agreements of a workshop."""
    workshop = workshop_for(request, slug, "agreements.view_agreement")
    _may_read(request.user, workshop)
    organization = get_object_or_404(Organization.objects.visible_to(request.user), key=key)
    content = documents.organization_extract(
        organization, workshop, FollowUp.objects.visible_to(request.user), people=_knows_people(request.user)
    )
    return _pdf(content, f"petikan-{slug}-{key}")


def review_minutes_pdf(request, pk):
    review = get_object_or_404(Review.objects.visible_to(request.user), pk=pk)
    items = ReviewItem.objects.visible_to(request.user).filter(review=review)
    return _pdf(documents.review_minutes(review, items), f"notula-pokja-{review.held_on:%Y-%m-%d}")
