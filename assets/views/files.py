"""The papers of the checklist: what is in each place, and the verbs that fill and judge it."""

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from assets import forms
from assets.models import Document, DocumentVersion
from assets.views.access import document_for, may_edit, package_for, require
from core.refusals import Refused


def document_detail(request, number, kind):
    package = package_for(request, number)
    return _page(request, document_for(request, package, kind))


def _page(request, document, **bound_forms):
    """What is in the place, and the forms that this person may use; a bound one keeps what was typed."""
    user, package = request.user, document.package
    may_receive = document.can("receive") and package.may(user, "receive_document")
    may_judge = package.may(user, "judge_document")
    offered = {
        "receive": may_receive and forms.ReceiveForm(document=document),
        "accept": may_judge and document.can("accept") and forms.JudgeForm(prefix="accept"),
        "send_back": may_judge and document.can("send_back") and forms.ReturnForm(prefix="return"),
    }
    may_edit_record = may_edit(user, package) and user.has_perm("assets.change_document")
    offered["edit"] = may_edit_record and forms.DocumentForm(instance=document, prefix="edit")
    return render(
        request,
        "assets/document_detail.html",
        {
            "package": package,
            "document": document,
            "today": timezone.localdate(),
            "is_expired": document.has_expired(timezone.localdate()),
            "versions": document.versions.visible_to(user).select_related("by").order_by("-number"),
            "forms": offered | bound_forms,
            "is_own_giving": package.giver_id == user.organization_id and user.has_perm("assets.judge_document"),
        },
    )


def document_receive(request, number, kind):
    document = _asked_to(request, number, kind, "receive_document")
    if request.method != "POST":
        return redirect(_address(document))
    form = forms.ReceiveForm(request.POST, request.FILES, document=document)
    if form.is_valid() and _done(form, document.receive, request, **form.cleaned_data):
        messages.success(request, _("The paper is here. The receiver looks at it next."))
        return redirect(_address(document))
    return _page(request, document, receive=form)


def document_accept(request, number, kind):
    document = _asked_to(request, number, kind, "judge_document")
    if request.method != "POST":
        return redirect(_address(document))
    form = forms.JudgeForm(request.POST, prefix="accept")
    if form.is_valid() and _done(form, document.accept, request, note=form.cleaned_data["note"]):
        messages.success(request, _("“%(paper)s” is accepted.") % {"paper": document.label})
        return redirect(document.package)
    return _page(request, document, accept=form)


def document_send_back(request, number, kind):
    document = _asked_to(request, number, kind, "judge_document")
    if request.method != "POST":
        return redirect(_address(document))
    form = forms.ReturnForm(request.POST, prefix="return")
    if form.is_valid() and _done(form, document.send_back, request, note=form.cleaned_data["note"]):
        messages.success(request, _("“%(paper)s” is returned with your note.") % {"paper": document.label})
        return redirect(document.package)
    return _page(request, document, send_back=form)


def document_edit(request, number, kind):
    """Number, dates and note of the paper, without a file."""
    document = document_for(request, package_for(request, number), kind)
    require(request.user, "assets.change_document")
    if not may_edit(request.user, document.package):
        raise PermissionDenied
    if request.method != "POST":
        return redirect(_address(document))
    form = forms.DocumentForm(request.POST, instance=document, prefix="edit")
    if form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        return redirect(_address(document))
    return _page(request, document, edit=form)


def document_version(request, number, kind, version):
    """The file itself, with the rights of its package; never from an address of its own."""
    package = package_for(request, number)
    document = document_for(request, package, kind, "assets.view_documentversion")
    stored = get_object_or_404(DocumentVersion, document=document, number=version)
    try:
        content = stored.file.open("rb")
    except FileNotFoundError as error:
        raise Http404 from error
    name = f"{package.number}-{document.kind}-v{stored.number}-{stored.file_name}"
    response = FileResponse(content, as_attachment=True, filename=name)
    response["Cache-Control"] = "private, no-store"
    return response


def _asked_to(request, number, kind, verb) -> Document:
    package = package_for(request, number)
    document = document_for(request, package, kind)
    package.require_may(request.user, verb)
    return document


def _done(form, verb, request, file=None, **values) -> bool:
    """Whether the verb went through; what it says stands in the form at its field, with what was typed."""
    try:
        verb(*[file] if file else [], by=request.user, at=timezone.now(), **values)
    except Refused as refusal:
        form.add_error(None, refusal.messages)
    except ValidationError as error:
        form.add_error(None, error)
    else:
        return True
    return False


def _address(document) -> str:
    return reverse("assets:document_detail", args=[document.package.number, document.kind])
