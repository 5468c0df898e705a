"""The agenda editor: everything by plain forms; dragging is an addition in the browser."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from core.refusals import Refused
from workshops.forms import AgendaItemForm, CopyAgendaForm, NewAgendaItemForm
from workshops.models import AgendaItem
from workshops.models.agenda import agenda_warnings, copy_agenda
from workshops.views.access import workshop_for

MAY_EDIT = "workshops.change_agendaitem"


def agenda(request, slug):
    """The agenda with what its clock says; for those who may, with the means to change it."""
    workshop = workshop_for(request, slug)
    may_edit = request.user.has_perm(MAY_EDIT) and not workshop.is_final
    form = NewAgendaItemForm()
    if request.method == "POST":
        workshop_for(request, slug, MAY_EDIT)
        item = AgendaItem(workshop=workshop, parent=_parent(workshop, request.POST.get("parent")))
        form = NewAgendaItemForm(request.POST, instance=item)
        if form.is_valid():
            try:
                form.save()
            except Refused as refusal:
                form.add_error(None, refusal)
            else:
                return redirect(f"{request.path}#item-{item.pk}")
    items = list(workshop.agenda_items.top().prefetch_related("children"))
    return render(
        request,
        "workshops/agenda.html",
        {
            "workshop": workshop,
            "section": "agenda",
            "items": with_warnings(workshop, items),
            "form": form,
            "may_edit": may_edit,
            "copy_form": CopyAgendaForm(user=request.user, target=workshop) if may_edit else None,
        },
    )


CLOCK_SENTENCES = {
    "starts_before_event": lambda w: _("Starts before the event does."),
    "ends_after_event": lambda w: _("Ends after the event has ended."),
    "ends_before_start": lambda w: _("Ends before it starts."),
    "overlaps": lambda w: _("Overlaps with “%(other)s”.") % {"other": w.other.title},
}


def with_warnings(workshop, items) -> list[tuple[AgendaItem, list[str]]]:
    sentences: dict[int, list[str]] = {}
    for warning in agenda_warnings(workshop, items):
        sentences.setdefault(warning.key.pk, []).append(CLOCK_SENTENCES[warning.code](warning))
    return [(item, sentences.get(item.pk, [])) for item in items]


def _parent(workshop, pk):
    return get_object_or_404(workshop.agenda_items.top(), pk=pk) if pk else None


def agenda_item(request, slug, pk):
    """One item with all its fields; also where a sub-item is edited."""
    workshop = workshop_for(request, slug, MAY_EDIT)
    item = get_object_or_404(workshop.agenda_items.select_related("parent"), pk=pk)
    form = AgendaItemForm(request.POST or None, instance=item)
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
        except Refused as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, _("Saved."))
            return redirect("workshops:agenda", slug)
    context = {"workshop": workshop, "item": item, "form": form, "section": "agenda"}
    return render(request, "workshops/agenda_item.html", context)


@require_POST
def agenda_item_move(request, slug, pk):
    """Up, down, or to a place among its siblings (`to`, counted from 0), as dragging asks for."""
    workshop = workshop_for(request, slug, MAY_EDIT)
    item = get_object_or_404(workshop.agenda_items, pk=pk)
    if request.POST.get("to", "").isdecimal():
        siblings = list(item.siblings().values_list("pk", flat=True))
        item.move(int(request.POST["to"]) - siblings.index(item.pk))
    else:
        item.move(-1 if "up" in request.POST else 1)
    return redirect(f"{workshop.get_absolute_url()}agenda/#item-{item.pk}")


@require_POST
def agenda_item_delete(request, slug, pk):
    workshop = workshop_for(request, slug, "workshops.delete_agendaitem")
    item = get_object_or_404(workshop.agenda_items, pk=pk)
    try:
        item.delete()
        messages.success(request, _("“%(item)s” is removed from the agenda.") % {"item": item})
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    return redirect("workshops:agenda", slug)


@require_POST
def agenda_copy(request, slug):
    workshop = workshop_for(request, slug, MAY_EDIT)
    form = CopyAgendaForm(request.POST, user=request.user, target=workshop)
    if form.is_valid():
        number = copy_agenda(form.cleaned_data["source"], workshop)
        messages.success(
            request,
            ngettext("%(number)s agenda item copied.", "%(number)s agenda items copied.", number) % {"number": number},
        )
    else:
        messages.error(request, _("Choose a workshop whose agenda is to be copied."))
    return redirect("workshops:agenda", slug)
