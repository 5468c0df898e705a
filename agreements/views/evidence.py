"""Evidence: sending it in, looking at it, judging it. Files go out through the rights of these pages."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from agreements import forms
from agreements.models import Evidence
from agreements.views.access import evidence_for, follow_up_for
from agreements.views.drafting import next_page
from agreements.views.follow_ups import may_add_evidence
from core import photos
from core.refusals import Refused

KEPT_SECONDS = 7 * 24 * 3600  # a photo never changes under its address


def evidence_create(request, pk):
    follow_up = follow_up_for(request, pk, "agreements.add_evidence")
    follow_up.require(request.user, "report")
    evidence = Evidence(follow_up=follow_up)
    form = forms.EvidenceForm(request.POST or None, request.FILES or None, instance=evidence)
    if request.method == "POST" and form.is_valid():
        evidence.title = evidence.title or follow_up.activity.split("\n")[0][:200].strip()
        try:
            evidence.submit(by=request.user, at=timezone.now())
        except Refused as refusal:
            form.add_error(None, refusal)
        except ValidationError as error:
            _tell(form, error)
        else:
            messages.success(request, _("The evidence is submitted. The Pokja looks at it."))
            return redirect(f"{follow_up.get_absolute_url()}#evidence")
    context = {
        "follow_up": follow_up,
        "form": form,
        "possible": may_add_evidence(request.user, follow_up),
        "file_was_sent": bool(request.FILES),
        "section": "follow_ups",
    }
    return render(request, "agreements/evidence_form.html", context)


def _tell(form, error: ValidationError) -> None:
    for name, sentences in getattr(error, "message_dict", {None: error.messages}).items():
        form.add_error(name if name in form.fields else None, sentences)


def evidence_detail(request, pk):
    """One piece, large, with what is known of it; for a reviewer with the judgement."""
    evidence = evidence_for(request, pk)
    return _evidence_page(request, evidence, forms.JudgeForm())


def may_judge(user, evidence: Evidence) -> bool:
    return (
        user.has_perm("agreements.review_evidence")
        and evidence.can("accept")
        and evidence.submitted_by_id != user.pk
        and not evidence.follow_up.is_owned_by(user)
    )


def _evidence_page(request, evidence: Evidence, form):
    user = request.user
    follow_up = follow_up_for(request, evidence.follow_up_id)
    evidence.follow_up = follow_up
    is_own = evidence.submitted_by_id == user.pk or follow_up.is_owned_by(user)
    context = {
        "evidence": evidence,
        "follow_up": follow_up,
        "form": form,
        "next": next_page(request),
        "may_judge": may_judge(user, evidence),
        "is_own": is_own,
        "reviews": user.has_perm("agreements.review_evidence"),
        "sees_people": user.has_perm("agreements.view_people") or is_own,
        "may_delete": _may_delete(user, evidence),
        "section": "follow_ups",
    }
    return render(request, "agreements/evidence_detail.html", context)


def evidence_judge(request, pk):
    """Accept, or return with a note. `next` leads back to the queue of a sitting."""
    evidence = evidence_for(request, pk, "agreements.review_evidence")
    if request.method != "POST":
        return redirect(evidence)
    form = forms.JudgeForm(request.POST)
    if not form.is_valid():
        return _evidence_page(request, evidence, form)
    try:
        judge(evidence, request.user, "return" in request.POST, form.cleaned_data["note"])
    except Refused as refusal:
        form.add_error("note" if "return" in request.POST and not form.cleaned_data["note"] else None, refusal)
        evidence.refresh_from_db()
        return _evidence_page(request, evidence, form)
    sentence = _("The evidence is accepted.") if "return" not in request.POST else _("The evidence is returned.")
    messages.success(request, sentence)
    return redirect(next_page(request) or f"{evidence.follow_up.get_absolute_url()}#evidence")


def judge(evidence: Evidence, by, is_returned: bool, note: str) -> None:
    verb = evidence.send_back if is_returned else evidence.accept
    verb(by=by, at=timezone.now(), note=note)


def _may_delete(user, evidence: Evidence) -> bool:
    return (
        evidence.status == Evidence.Status.SUBMITTED
        and user.has_perm("agreements.delete_evidence")
        and (evidence.submitted_by_id == user.pk or user.role in (user.Role.ADMIN, user.Role.PLANNER))
    )


def evidence_delete(request, pk):
    evidence = evidence_for(request, pk, "agreements.delete_evidence")
    if evidence.submitted_by_id != request.user.pk and request.user.role not in ("admin", "planner"):
        raise PermissionDenied
    back = f"{evidence.follow_up.get_absolute_url()}#evidence"
    if request.method == "POST":
        try:
            evidence.delete()
        except Refused as refusal:
            messages.error(request, refusal.sentence)
        else:
            messages.success(request, _("The evidence is removed."))
        return redirect(back)
    context = {
        "title": _("Remove the evidence"),
        "subject": str(evidence),
        "explanation": _("For what was sent by mistake. The file is deleted."),
        "button": _("Remove"),
        "is_danger": True,
        "back": evidence.get_absolute_url(),
        "possible": evidence.status == Evidence.Status.SUBMITTED,
        "impossible": _("This evidence was judged already, so it stays."),
        "section": "follow_ups",
    }
    return render(request, "agreements/confirm.html", context)


# --- files ---------------------------------------------------------------------------------------------------------
@require_GET
def evidence_file(request, pk):
    """The file itself. A photo is shown, anything else is downloaded."""
    evidence = evidence_for(request, pk)
    is_photo = evidence.kind == Evidence.Kind.PHOTO
    answer = FileResponse(_opened(evidence), as_attachment=not is_photo, filename=evidence.file_name)
    answer["Cache-Control"] = f"private, max-age={KEPT_SECONDS}" if is_photo else "private, no-store"
    return answer


@require_GET
def evidence_thumbnail(request, pk):
    evidence = evidence_for(request, pk)
    if evidence.kind != Evidence.Kind.PHOTO:
        raise Http404
    with _opened(evidence) as file:
        answer = HttpResponse(photos.thumbnail(file), content_type="image/jpeg")
    answer["Cache-Control"] = f"private, max-age={KEPT_SECONDS}"
    return answer


def _opened(evidence: Evidence):
    if not evidence.file:
        raise Http404
    try:
        return evidence.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
