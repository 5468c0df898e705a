"""The papers of agreements, with the rights of their pages.

Whoever may read all of a final paper gets it as it was issued; whoever may read less gets another one, which bears no code.
"""

from datetime import date

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _

from agreements import documents
from agreements.filters import FollowUpFilter
from agreements.models import Agreement, AgreementRecord, Evidence, FollowUp, Review, ReviewItem
from agreements.views.access import require, workshop_for
from core import issuing
from core.models import Organization
from core.refusals import Refused
from workshops.models import Workshop


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
    content = documents.record_as_issued(workshop) if whole else documents.agreement_record(workshop, people=False)
    return _pdf(content, f"berita-acara-{slug}")


def follow_up_matrix_pdf(request, slug):
    """The matrix as it stands, or of `?sitting=` (a day) as that sitting of the Pokja left it."""
    workshop = workshop_for(request, slug, "agreements.view_followup")
    user = request.user
    follow_ups = FollowUp.objects.visible_to(user).filter(workshop=workshop)
    whole = _sees_whole_matrix(user, workshop, follow_ups)
    if "sitting" in request.GET:
        paper = _matrix_of_sitting(request.GET["sitting"], workshop) if whole else None
        if paper is None:
            raise Http404
        return _pdf(issuing.content_of(paper), f"matriks-rtl-{slug}-{paper.edition}")
    _refuse_endless(follow_ups)
    content = (
        documents.matrix_as_issued(workshop, on=timezone.localdate()) if whole else _matrix(user, follow_ups, workshop)
    )
    return _pdf(content, f"matriks-rtl-{slug}")


def _sees_whole_matrix(user, workshop: Workshop, follow_ups) -> bool:
    """Every line of it, with people and evidence, and the sitting that it was final with."""
    wanted = ("agreements.view_review", "agreements.view_people", "agreements.view_evidence")
    return user.has_perms(wanted) and follow_ups.count() == workshop.follow_ups.count()


def _matrix_of_sitting(day: str, workshop: Workshop):
    try:
        review = Review.objects.filter(held_on=date.fromisoformat(day)).first()
    except ValueError:
        return None
    return documents.matrix_of(review, workshop) if review and review.is_closed else None


def filtered_matrix_pdf(request):
    """The list as it is narrowed on the page, whatever workshop its follow-ups come from."""
    require(request.user, "agreements.view_followup")
    found = FollowUpFilter(request.GET, FollowUp.objects.visible_to(request.user), request=request)
    _refuse_endless(found.qs)
    return _pdf(_matrix(request.user, found.qs), "matriks-rtl")


def _refuse_endless(follow_ups) -> None:
    number = follow_ups.count()
    if number > documents.MATRIX_ROWS:
        raise Refused(
            _("A matrix on paper holds at most %(limit)s follow-ups; these are %(number)s. Narrow the list first.")
            % {"limit": documents.MATRIX_ROWS, "number": number}
        )


def _matrix(user, follow_ups, workshop=None) -> bytes:
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
    whole = items.count() == review.items.count()
    content = documents.review_minutes_as_issued(review) if whole else documents.review_minutes(review, items)
    return _pdf(content, f"notula-pokja-{review.key}")
