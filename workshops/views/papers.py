"""Papers, files, calendar and history of a workshop."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import FileResponse, Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from core import issuing
from core.calendars import calendar_file
from core.personal_access import Way, note
from core.refusals import Refused
from workshops import documents
from workshops.calendars import events, with_revisions
from workshops.changes import changes_of
from workshops.forms import AttachmentForm
from workshops.models import Attachment, Leader, Participant, Workshop
from workshops.views.access import sees_agreements, workshop_for


def _pdf(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response["Cache-Control"] = "private, no-cache"
    return response


def minutes_pdf(request, slug):
    """Closed minutes as they were issued. What leaves persons or agreements out is another paper, which bears no code."""
    workshop = workshop_for(request, slug, "workshops.view_minutesentry")
    shown = {
        "participants": request.user.has_perm("workshops.view_participant"),
        "agreements": sees_agreements(request.user, workshop),
    }
    whole = all(shown.values())
    content = documents.minutes_as_issued(workshop) if whole else documents.minutes(workshop, **shown)
    return _pdf(content, f"notulen-{slug}")


def invitation_pdf(request, slug):
    workshop = workshop_for(request, slug, "workshops.view_participant")
    return _pdf(documents.invitation(workshop), f"undangan-{slug}")


def attendance_pdf(request, slug):
    """Filled with who is listed; `?blank=1` gives empty rows for signing at the door."""
    workshop = workshop_for(request, slug, "workshops.view_participant")
    return _pdf(documents.attendance(workshop, blank="blank" in request.GET), f"daftar-hadir-{slug}")


def extract_pdf(request, slug, pk):
    workshop = workshop_for(request, slug, "workshops.view_minutesentry")
    item = get_object_or_404(workshop.agenda_items.top(), pk=pk)
    paper = documents.extract(item, agreements=sees_agreements(request.user, workshop))
    return _pdf(paper, f"kutipan-{slug}-{pk}")


PAPER_NAMES = {
    "invitation": gettext_lazy("Letter of invitation"),
    "attendance": gettext_lazy("Attendance list"),
    "minutes": gettext_lazy("Minutes"),
}


def dotted_lines(workshop, *papers: str) -> str:
    """Papers that nobody signs yet, each with the roles that would: `minutes (chair, minute taker)`."""
    return ", ".join(
        f"{PAPER_NAMES[paper].lower()} ({', '.join(str(Leader.Role(role).label) for role in roles)})"
        for paper, roles in documents.without_signer(workshop, *papers).items()
    )


def files(request, slug):
    workshop = workshop_for(request, slug)
    may_add = request.user.has_perm("workshops.add_attachment") and not workshop.is_final
    papers = documents.SIGNERS if request.user.has_perm("workshops.view_participant") else ["minutes"]
    form = AttachmentForm(workshop=workshop)
    if request.method == "POST":
        workshop_for(request, slug, "workshops.add_attachment")
        form = AttachmentForm(
            request.POST, request.FILES, instance=Attachment(uploaded_by=request.user), workshop=workshop
        )
        if form.is_valid():
            try:
                form.save()
            except Refused as refusal:
                form.add_error(None, refusal)
            else:
                messages.success(request, _("The file is stored."))
                return redirect("workshops:files", slug)
    return render(
        request,
        "workshops/files.html",
        {
            "workshop": workshop,
            "section": "files",
            "form": form,
            "may_add": may_add,
            "attachments": workshop.attachments.select_related("entry", "uploaded_by"),
            "items": workshop.agenda_items.top(),
            "dotted": dotted_lines(workshop, *papers),
            "issued": issuing.in_force(documents.MINUTES, workshop),
        },
    )


def attachment(request, slug, pk):
    """The file itself, with the rights of its workshop; never from an address of its own."""
    workshop = workshop_for(request, slug, "workshops.view_attachment")
    stored = get_object_or_404(workshop.attachments, pk=pk)
    try:
        return FileResponse(stored.file.open("rb"), as_attachment=True, filename=stored.file_name)
    except FileNotFoundError as error:
        raise Http404 from error


@require_POST
def attachment_delete(request, slug, pk):
    workshop = workshop_for(request, slug, "workshops.delete_attachment")
    stored = get_object_or_404(workshop.attachments, pk=pk)
    try:
        stored.delete()
        messages.success(request, _("“%(file)s” is removed.") % {"file": stored})
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    return redirect("workshops:files", slug)


def history(request, slug):
    workshop = workshop_for(request, slug, "workshops.view_participant")
    with_contacts = request.user.has_perm("workshops.view_contact")
    if with_contacts:
        note(request.user, Participant, slug, Way.HISTORY)
    changes = changes_of(workshop, with_contacts=with_contacts)
    page = Paginator(changes, 50).get_page(request.GET.get("page"))
    context = {
        "workshop": workshop,
        "section": "history",
        "page_obj": page,
        "paginator": page.paginator,
        "is_paginated": page.has_other_pages(),
    }
    return render(request, "workshops/history.html", context)


def workshop_calendar(request, slug):
    workshop = workshop_for(request, slug)
    one = with_revisions(Workshop.objects.filter(pk=workshop.pk))
    content = calendar_file(events(one, host=request.get_host(), scheme=request.scheme), name=workshop.title)
    response = HttpResponse(content, content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{slug}.ics"'
    return response
