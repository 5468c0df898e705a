"""Verifying a paper: without login, by the code that stands on it or by the file itself."""

import hashlib
import re
from dataclasses import dataclass

from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required, permission_required
from django.http import FileResponse, Http404
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from core.models import IssuedPaper
from core.models.issued_papers import CODE_LENGTH
from core.refusals import Refused
from core.signatures import Signature, has_signatures, signatures_of
from core.throttle import Throttle
from core.uploads import validate_pdf

WRONG_CODES = Throttle("verify-misses", limit=20, seconds=10 * 60)
UPLOADS = Throttle("verify-uploads", limit=30, seconds=10 * 60)
KINDS = {
    "minutes": gettext_lazy("Minutes of a workshop"),
    "area_profile": gettext_lazy("Profile of a slum area"),
    "agreement_record": gettext_lazy("Record of agreement"),
    "follow_up_matrix": gettext_lazy("Matrix of follow-ups"),
    "review_minutes": gettext_lazy("Minutes of a sitting of the Pokja PKP"),
    "handover_record": gettext_lazy("Record of a handover"),
}


class CodeForm(forms.Form):
    code = forms.CharField(
        label=gettext_lazy("Code"),
        max_length=40,
        help_text=gettext_lazy("Ten letters and digits beside the QR picture."),
    )

    def clean_code(self):
        code = normalised(self.cleaned_data["code"])
        if len(code) != CODE_LENGTH:
            raise forms.ValidationError(_("A code has ten letters and digits. Check it on the paper."))
        return code


class FileForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("PDF file"),
        validators=[validate_pdf],
        help_text=gettext_lazy("It is compared and not kept."),
        widget=forms.FileInput(attrs={"accept": "application/pdf,.pdf"}),
    )


def normalised(code: str) -> str:
    return re.sub(r"[^A-Z0-9]", "", code.upper())


def _paper_with(request, code: str) -> IssuedPaper | None:
    """The paper of this code. Many wrong codes from one address are answered no more."""
    paper = IssuedPaper.objects.select_related("superseded_by").filter(code=normalised(code)).first()
    if paper is None:
        WRONG_CODES.count(request)
    return paper


def _too_many(request):
    sentence = _("Too many attempts from this connection. Wait ten minutes, then try again.")
    return render(request, "verify/start.html", {"sentence": sentence, **_forms()}, status=429)


def _forms(code_form=None, file_form=None) -> dict:
    return {"code_form": code_form or CodeForm(), "file_form": file_form or FileForm()}


@login_not_required
@never_cache
def verify(request):
    """Where a code is typed, or a file is sent of which no code is known."""
    if WRONG_CODES.is_exhausted(request):
        return _too_many(request)
    if request.method != "POST":
        return render(request, "verify/start.html", _forms())
    if "code" in request.POST:
        form = CodeForm(request.POST)
        if not form.is_valid():
            return render(request, "verify/start.html", _forms(code_form=form), status=400)
        paper = _paper_with(request, form.cleaned_data["code"])
        if paper:
            return redirect("verify_paper", paper.code)
        form.add_error("code", _("No paper of this installation has this code. Check it on the paper."))
        return render(request, "verify/start.html", _forms(code_form=form), status=404)
    sent = _sent_file(request)
    if isinstance(sent, FileForm):
        return render(request, "verify/start.html", _forms(file_form=sent), status=400)
    if sent is None:
        return _too_many(request)
    paper = IssuedPaper.with_hash(sent.sha256)
    if paper:
        return _answer(request, paper, sent)
    return render(request, "verify/start.html", {"is_unknown": True, "sent": sent, **_forms()})


@dataclass(frozen=True)
class Sent:
    """A file that was sent: its hash, and the signatures in it. `signatures` is None where they cannot be read."""

    sha256: str
    has_signatures: bool
    signatures: list[Signature] | None


def _sent_file(request) -> Sent | FileForm | None:
    """What was sent; the form with what is wrong about it; None after too many."""
    if UPLOADS.is_exhausted(request):
        return None
    UPLOADS.count(request)
    form = FileForm(request.POST, request.FILES)
    if not form.is_valid():
        return form
    content = form.cleaned_data["file"].read()
    has_any = has_signatures(content)
    return Sent(hashlib.sha256(content).hexdigest(), has_any, signatures_of(content) if has_any else [])


@login_not_required
@never_cache
def verify_paper(request, code):
    """What may be shown of a paper, and whether a file that is sent is the one."""
    if WRONG_CODES.is_exhausted(request):
        return _too_many(request)
    paper = _paper_with(request, code)
    if paper is None:
        raise Http404
    if request.method != "POST":
        return _answer(request, paper)
    sent = _sent_file(request)
    if sent is None:
        return _too_many(request)
    if isinstance(sent, FileForm):
        return _answer(request, paper, form=sent, status=400)
    return _answer(request, paper, sent)


def _answer(request, paper: IssuedPaper, sent: Sent | None = None, form: FileForm | None = None, status: int = 200):
    newest = paper.newest()
    context = {
        "paper": paper,
        "kind": KINDS.get(paper.kind, paper.kind),
        "newest": newest if newest.pk != paper.pk else None,
        "sent": sent,
        "verdict": paper.compare(sent.sha256) if sent else "",
        "file_form": form or FileForm(),
        "may_publish": request.user.has_perm("core.publish_issuedpaper"),
    }
    return render(request, "verify/paper.html", context, status=status)


@login_not_required
def verify_file(request, code):
    """The paper itself, where it is published or this person watches over papers; else it is not there."""
    if WRONG_CODES.is_exhausted(request):
        return _too_many(request)
    paper = _paper_with(request, code)
    if paper is None or not (paper.is_published or request.user.has_perm("core.view_issuedpaper")):
        raise Http404
    copy = paper.archive if "archive" in request.GET else paper.file
    try:
        return FileResponse(copy.open("rb"), filename=f"{paper.kind.replace('_', '-')}-{paper.code}.pdf")
    except FileNotFoundError as error:
        raise Http404 from error


@require_POST
@permission_required("core.publish_issuedpaper", raise_exception=True)
def verify_publish(request, code, verb):
    paper = IssuedPaper.objects.filter(code=code).first()
    if paper is None:
        raise Http404
    try:
        getattr(paper, verb)(by=request.user, at=timezone.now())
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    return redirect("verify_paper", code)
