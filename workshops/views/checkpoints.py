"""Named versions of the minutes: take one, compare two, return to one."""

from django.contrib import messages
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from core.refusals import Refused
from workshops.checkpoints import Piece, compare
from workshops.entry_kinds import KIND_LABELS, RECORD_KINDS
from workshops.forms import CheckpointForm
from workshops.models import Checkpoint, MinutesEntry
from workshops.models.minutes import snapshot
from workshops.views.access import workshop_for

MAY_SEE = "workshops.view_checkpoint"
MAY_RESTORE = "workshops.change_minutesentry"
NOW = "now"
ENTRY_STATES = {
    "added": lambda: _("added"),
    "removed": lambda: _("removed"),
    "changed": lambda: _("changed"),
    "moved": lambda: _("moved"),
}


def checkpoints(request, slug):
    workshop = workshop_for(request, slug, MAY_SEE)
    form = CheckpointForm()
    if request.method == "POST":
        workshop_for(request, slug, "workshops.add_checkpoint")
        form = CheckpointForm(request.POST)
        if form.is_valid():
            try:
                Checkpoint.take(workshop, name=form.cleaned_data["name"], by=request.user, at=timezone.now())
            except Refused as refusal:
                messages.error(request, refusal.sentence)
            else:
                messages.success(request, _("The minutes as they stand now are kept as a checkpoint."))
            return redirect("workshops:checkpoints", slug)
    found = list(workshop.checkpoints.select_related("by"))
    for checkpoint in found:
        checkpoint.number_of_entries = len(checkpoint.entries)
    return render(
        request,
        "workshops/checkpoints.html",
        {
            "workshop": workshop,
            "section": "minutes",
            "checkpoints": found,
            "form": form,
            "may_take": not workshop.is_final and request.user.has_perm("workshops.add_checkpoint"),
            "may_restore": not workshop.is_final and request.user.has_perm(MAY_RESTORE),
        },
    )


def checkpoint_compare(request, slug):
    """Two states side by side. `a` and `b` are checkpoints; without `b`, or with `now`, the present state."""
    workshop = workshop_for(request, slug, MAY_SEE)
    before, after = (_side(workshop, request.GET.get(name, NOW)) for name in ("a", "b"))
    if after["at"] and (not before["at"] or before["at"] > after["at"]):
        before, after = after, before
    differences = compare(before["entries"], after["entries"])
    items = dict(workshop.agenda_items.values_list("pk", "title"))
    return render(
        request,
        "workshops/checkpoint_compare.html",
        {
            "workshop": workshop,
            "section": "minutes",
            "before": before,
            "after": after,
            "differences": [_for_page(difference, items) for difference in differences],
            "same": len(after["entries"]) - sum(difference.state != "removed" for difference in differences),
        },
    )


def _side(workshop, key: str) -> dict:
    if not key.isdecimal():
        return {"name": _("the present state"), "at": None, "by": None, "entries": snapshot(workshop)}
    checkpoint = get_object_or_404(workshop.checkpoints.select_related("by"), pk=key)
    return {
        "name": checkpoint.name,
        "at": checkpoint.at,
        "by": checkpoint.by,
        "entries": checkpoint.entries,
    }


def _for_page(difference, items: dict) -> dict:
    row = difference.after or difference.before
    return {
        "state": difference.state,
        "state_label": ENTRY_STATES[difference.state](),
        "kind": KIND_LABELS[row["kind"]],
        "fields": labelled(difference.fields),
        "from": items.get((difference.before or {}).get("agenda_item")),
        "to": items.get((difference.after or {}).get("agenda_item")),
    }


def labelled(fields) -> list[dict]:
    """Differences with the labels of their fields, and of their choices."""
    rows = []
    for difference in fields:
        model_field = MinutesEntry._meta.get_field(difference.name)
        labels = dict(model_field.flatchoices)
        before, after = (
            [Piece(str(labels.get(piece.text, piece.text)), True) for piece in pieces] if labels else pieces
            for pieces in (difference.before, difference.after)
        )
        rows.append({"label": model_field.verbose_name, "before": before, "after": after})
    return rows


def checkpoint_restore(request, slug, pk):
    """A page that says what will happen, and the button that does it."""
    workshop = workshop_for(request, slug, MAY_RESTORE)
    checkpoint = get_object_or_404(workshop.checkpoints.select_related("by", "workshop"), pk=pk)
    if request.method == "POST":
        try:
            before = checkpoint.restore(by=request.user, at=timezone.now())
        except Refused as refusal:
            messages.error(request, refusal.sentence)
            return redirect("workshops:checkpoints", slug)
        messages.success(
            request,
            _("The minutes are again as in “%(name)s”. What stood here before is kept as “%(before)s”.")
            % {"name": checkpoint.name, "before": before.name},
        )
        return redirect("workshops:minutes", slug)
    present = [row for row in snapshot(workshop) if row["kind"] not in RECORD_KINDS]
    states = [difference.state for difference in compare(present, checkpoint.rows_of_entries)]
    return render(
        request,
        "workshops/checkpoint_restore.html",
        {
            "workshop": workshop,
            "section": "minutes",
            "checkpoint": checkpoint,
            "counts": {state: states.count(state) for state in ENTRY_STATES},
        },
    )
