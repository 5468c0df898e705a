"""Participants of a workshop: listed, invited, edited, imported, exported."""

from django.contrib import messages
from django.core import signing
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST

from core.models import Organization
from core.personal_access import Way, note
from core.refusals import Refused
from core.spreadsheet import Csv, Xlsx, write_csv, write_xlsx
from workshops import importing
from workshops.forms import InviteForm, ParticipantForm, ParticipantImportForm
from workshops.models import Participant, Workshop
from workshops.views.access import workshop_for

PAGE_SIZE = 50
MAY_SEE = "workshops.view_participant"
MAY_ADD = "workshops.add_participant"
MAY_CHANGE = "workshops.change_participant"
MAY_SEE_CONTACTS = "workshops.view_contact"

# What the list can be narrowed to: label, and which rows of the queryset.
SHOWN = {
    "": (gettext_lazy("all"), lambda rows: rows),
    "invited": (gettext_lazy("invited"), lambda rows: rows.invited()),
    "present": (gettext_lazy("present"), lambda rows: rows.present()),
    "absent": (gettext_lazy("not yet here"), lambda rows: rows.absent()),
}


def narrowed(request, rows):
    """The rows that the search and the choice in the address leave, and both for the page."""
    search = " ".join(request.GET.get("search", "")[:100].split())
    show = request.GET.get("show", "")
    show = show if show in SHOWN else ""
    choices = [(key, label) for key, (label, _narrow) in SHOWN.items()]
    return SHOWN[show][1](rows).search(search), {"search": search, "show": show, "show_choices": choices}


def _rows(workshop: Workshop):
    return workshop.participants.select_related("organization")


def _sees_contacts(request, about, way: str) -> bool:
    """Whether this person is shown telephone numbers and addresses, of which a line is written."""
    if not request.user.has_perm(MAY_SEE_CONTACTS):
        return False
    note(request.user, Participant, about, way)
    return True


def participants(request, slug):
    workshop = workshop_for(request, slug, MAY_SEE)
    rows, narrowing = narrowed(request, _rows(workshop))
    page = Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page"))
    context = {
        "workshop": workshop,
        "section": "participants",
        "counts": workshop.participants.counts(),
        "tallies": workshop.participants.by_organization(),
        "page_obj": page,
        "paginator": page.paginator,
        "is_paginated": page.has_other_pages(),
        "with_contacts": _sees_contacts(request, slug, Way.PAGE),
        "may_add": request.user.has_perm(MAY_ADD) and not workshop.is_final,
        "may_change": request.user.has_perm(MAY_CHANGE) and not workshop.is_final,
        **narrowing,
    }
    return render(request, "workshops/participants.html", context)


def suggestions_for(user) -> dict[str, list[str]]:
    """Names, positions and organizations from the workshops that this person may see."""
    found = Participant.objects.visible_to(user).suggestions()
    registered = Organization.objects.filter(is_active=True).values_list("name", flat=True)
    return {**found, "organizations": sorted({*found["organizations"], *registered})}


def participant_create(request, slug):
    workshop = workshop_for(request, slug, MAY_ADD)
    return _participant_page(request, workshop, Participant(workshop=workshop))


def participant_edit(request, slug, pk):
    workshop = workshop_for(request, slug, MAY_CHANGE)
    person = get_object_or_404(_rows(workshop), pk=pk)
    person.workshop = workshop
    return _participant_page(request, workshop, person)


def desk_address(workshop, person) -> str:
    return f"{reverse('workshops:check_in', args=[workshop.slug])}#p-{person.pk}"


def _participant_page(request, workshop, person):
    """A new person or one of the list; who comes from the desk (`?desk`) goes back there."""
    is_new = person.pk is None
    from_desk = "desk" in request.GET and not is_new
    may_arrive = from_desk and not person.arrived_at and workshop.status in Participant.DESK_STATES
    form = ParticipantForm(request.POST or None, instance=person, user=request.user)
    if request.method == "POST" and form.is_valid():
        is_arriving = may_arrive and "arrive" in request.POST
        try:
            with transaction.atomic():
                form.save()
                if is_arriving and not person.arrived_at:
                    person.arrive(at=timezone.now(), by=request.user)
        except Refused as refusal:
            form.add_error(None, refusal)
        else:
            done = _("%(person)s is recorded as present.") if is_arriving else _("%(person)s is saved.")
            messages.success(request, done % {"person": person})
            if from_desk:
                return redirect(desk_address(workshop, person))
            again = is_new and "again" in request.POST
            return redirect("workshops:participant_create" if again else "workshops:participants", workshop.slug)
    if not is_new:
        _sees_contacts(request, f"{workshop.slug}/{person.pk}", Way.FORM)
    context = {
        "workshop": workshop,
        "section": "participants",
        "form": form,
        "person": person,
        "is_new": is_new,
        "may_arrive": may_arrive,
        "from_desk": from_desk,
        "back": desk_address(workshop, person)
        if from_desk
        else reverse("workshops:participants", args=[workshop.slug]),
        "suggestions": suggestions_for(request.user),
    }
    return render(request, "workshops/participant_form.html", context)


@require_POST
def participant_delete(request, slug, pk):
    workshop = workshop_for(request, slug, "workshops.delete_participant")
    person = get_object_or_404(_rows(workshop), pk=pk)
    try:
        person.delete()
        messages.success(request, _("%(person)s is taken off the list.") % {"person": person})
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    return redirect("workshops:participants", slug)


def participant_invite(request, slug):
    """Several organizations and people at once. Sent twice, it adds nothing the second time."""
    workshop = workshop_for(request, slug, MAY_ADD)
    form = InviteForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        people = [
            importing.ListedPerson(0, name, position, organization)
            for name, position, organization in form.cleaned_data["people"]
        ]
        try:
            number = importing.store(
                workshop,
                people,
                by=request.user,
                organizations=form.cleaned_data["organizations"],
                seats=form.cleaned_data["seats"],
            )
        except Refused as refusal:
            form.add_error(None, refusal)
        else:
            _say_how_many(request, number)
            return redirect("workshops:participants", slug)
    context = {
        "workshop": workshop,
        "section": "participants",
        "form": form,
        "organizations": _organizations(workshop, form),
    }
    return render(request, "workshops/participant_invite.html", context)


def _organizations(workshop, form) -> list[dict]:
    """The registered organizations with the seats they have, ticked as they were sent."""
    taken = list(workshop.participants.invited().values_list("organization", flat=True))
    ticked = form["organizations"].value() or []
    return [
        {"it": organization, "seats": taken.count(organization.pk), "is_ticked": str(organization.pk) in ticked}
        for organization in form.fields["organizations"].queryset
    ]


def _say_how_many(request, number: int) -> None:
    if number:
        sentence = ngettext("%(number)s row added to the list.", "%(number)s rows added to the list.", number)
        messages.success(request, sentence % {"number": number})
    else:
        messages.info(request, _("Nothing was added: all of them are listed already."))


# --- import and export -------------------------------------------------------------------------------------

PREVIEW_HOURS = 2


def _salt(request, workshop) -> str:
    return f"workshops.participant-import.{workshop.pk}.{request.user.pk}"


def participant_import(request, slug):
    """First what the file would do, then, confirmed, exactly that. The rows travel in the page, signed."""
    workshop = workshop_for(request, slug, MAY_ADD)
    form = ParticipantImportForm(request.POST or None, request.FILES or None)
    context = {"workshop": workshop, "section": "participants", "form": form, "columns": importing.COLUMNS}
    if "rows" in request.POST:
        return _import_confirmed(request, workshop, context)
    if request.method == "POST" and form.is_valid():
        try:
            workshop_is_open(workshop)
            found = importing.read_list(
                form.cleaned_data["file"], with_contacts=request.user.has_perm(MAY_SEE_CONTACTS)
            )
        except ValidationError as error:
            form.add_error("file", error)
        else:
            comparison = importing.compare(workshop.participants, found.people)
            rows = [list(person.values.values()) for person in found.people]
            context |= {
                "found": found,
                "comparison": comparison,
                "rows": signing.dumps(rows, salt=_salt(request, workshop), compress=True),
                "file_name": form.cleaned_data["file"].name,
                "preview": comparison.new[:PAGE_SIZE],
                "more": max(0, len(comparison.new) - PAGE_SIZE),
            }
    return render(request, "workshops/participant_import.html", context)


def workshop_is_open(workshop) -> None:
    """Refuse before a person goes through a preview that could never be stored."""
    if workshop.is_final:
        with transaction.atomic():
            Workshop.lock_for_change(workshop.pk)


def _import_confirmed(request, workshop, context):
    context["form"] = ParticipantImportForm()
    try:
        rows = signing.loads(request.POST["rows"], salt=_salt(request, workshop), max_age=PREVIEW_HOURS * 3600)
        people = [importing.ListedPerson(0, *row) for row in rows]
        number = importing.store(workshop, people, by=request.user)
    except signing.BadSignature:
        context["sentence"] = _("This preview is too old or was changed. Choose the file again.")
    except Refused as refusal:
        context["sentence"] = refusal.sentence
    else:
        _say_how_many(request, number)
        return redirect("workshops:participants", workshop.slug)
    return render(request, "workshops/participant_import.html", context)


def participant_template(request, slug):
    workshop_for(request, slug, MAY_ADD)
    content = importing.template_workbook(with_contacts=request.user.has_perm(MAY_SEE_CONTACTS))
    return _file(content, Xlsx(), _("participants"))


def participant_export(request, slug, kind):
    """The list exactly as narrowed on the page, all pages of it; contacts only for those who see them there."""
    workshop = workshop_for(request, slug, MAY_SEE)
    rows, _narrowing = narrowed(request, _rows(workshop))
    table = importing.export_rows(rows, with_contacts=_sees_contacts(request, slug, Way.FILE))
    name = f"{_('participants')}-{slug}"
    if kind == "csv":
        return _file(write_csv(table), Csv(), name)
    return _file(write_xlsx(table, title=_("Participants")), Xlsx(), name)


def _file(content: bytes, kind, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind.get_content_type())
    response["Content-Disposition"] = f'attachment; filename="{slugify(name)}.{kind.get_extension()}"'
    response["Cache-Control"] = "private, no-store"
    return response
