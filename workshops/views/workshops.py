"""The list of workshops, one workshop, its parts and its verbs."""

from dataclasses import dataclass

from django.contrib import messages
from django.contrib.auth.mixins import PermissionRequiredMixin
from django.db import transaction
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST
from django.views.generic import CreateView, ListView

from core.personal_access import Way, note
from core.refusals import Refused
from workshops import documents, forms
from workshops.filters import WorkshopFilter
from workshops.models import Leader, Workshop, number_in_order
from workshops.views.access import sees_agreements, workshop_for
from workshops.views.papers import dotted_lines


class WorkshopList(ListView):
    paginate_by = 15
    template_name = "workshops/workshop_list.html"

    def get_queryset(self):
        visible = Workshop.objects.visible_to(self.request.user).select_related("organizer")
        self.filter = WorkshopFilter(self.request.GET, queryset=visible)
        return self.filter.qs.prefetch_related("areas")

    def get_context_data(self, **kwargs):
        return super().get_context_data(filter=self.filter, today=timezone.localdate(), **kwargs)


class WorkshopCreate(PermissionRequiredMixin, CreateView):
    permission_required = "workshops.add_workshop"
    form_class = forms.WorkshopForm
    template_name = "workshops/workshop_form.html"

    def get_initial(self):
        return {"organizer": self.request.user.organization_id}

    def form_valid(self, form):
        form.instance.created_by = self.request.user
        return super().form_valid(form)

    def get_success_url(self):
        messages.success(self.request, _("The workshop is saved as a draft. Next: the agenda."))
        return reverse("workshops:agenda", args=[self.object.slug])


def workshop_detail(request, slug):
    workshop = workshop_for(request, slug)
    return render(
        request,
        "workshops/workshop_detail.html",
        {
            "workshop": workshop,
            "section": "overview",
            "today": timezone.localdate(),
            "areas": workshop.areas.select_related("region"),
            "leaders": workshop.leaders.all(),
            "agenda": workshop.agenda_items.top().prefetch_related("children"),
            "status_changes": workshop.status_changes.select_related("by"),
            "counts": workshop.participants.visible_to(request.user).counts(),
            "entry_counts": _entry_counts(workshop, request.user),
            "agreement_counts": _agreement_counts(workshop, request.user),
            "steps": _steps(workshop),
            **_actions(workshop, request.user),
        },
    )


def _steps(workshop) -> list[dict]:
    course = [value for value in Workshop.Status if value != Workshop.Status.CANCELLED]
    here = course.index(workshop.status) if workshop.status in course else -1
    return [
        {"label": status.label, "is_current": place == here, "is_done": place < here}
        for place, status in enumerate(course)
    ]


VERB_ICONS = {
    "invite": "send",
    "start": "play-fill",
    "finish": "stop-fill",
    "close": "lock",
    "reopen": "unlock",
    "cancel": "x-circle",
}
# The one next step of each state; what else is possible stands in the menu.
PRIMARY_VERB = {"draft": "invite", "invited": "start", "correction": "close"}


def _actions(workshop, user) -> dict:
    """The primary action and the others that this person may take in the present state."""
    allowed = [
        verb for verb in Workshop.TRANSITIONS if workshop.can(verb) and user.has_perm(Workshop.permission_for(verb))
    ]
    verb_actions = {
        verb: {
            "url": reverse(f"workshops:workshop_{verb}", args=[workshop.slug]),
            "label": VERB_TEXTS[verb][0],
            "icon": VERB_ICONS[verb],
        }
        for verb in allowed
    }
    primary = verb_actions.pop(PRIMARY_VERB.get(workshop.status), None)
    if (
        primary is None
        and workshop.status == Workshop.Status.IN_PROGRESS
        and user.has_perm("workshops.change_workshop")
    ):
        primary = {
            "url": reverse("workshops:minutes", args=[workshop.slug]),
            "label": _("Write the minutes"),
            "icon": "pencil",
        }
    if primary is None:
        primary = {
            "url": f"{workshop.get_absolute_url()}minutes.pdf",
            "label": _("Minutes as PDF"),
            "icon": "file-earmark-pdf",
        }
    others = list(verb_actions.values())
    if workshop.status == Workshop.Status.DRAFT and user.has_perm("workshops.delete_workshop"):
        delete = reverse("workshops:workshop_delete", args=[workshop.slug])
        others.append({"url": delete, "label": _("Delete the draft"), "icon": "trash"})
    return {"primary": primary, "other_actions": others}


def _entry_counts(workshop, user) -> dict[str, int]:
    kinds = list(workshop.minutes_entries.values_list("kind", flat=True))
    agreements = workshop.agreements.visible_to(user).count()
    return {"all": len(kinds), "agreement": agreements, "problem": kinds.count("problem")}


def _agreement_counts(workshop, user) -> dict[str, int] | None:
    """How the follow-ups stand; None where this person may not read what was agreed, or nothing was."""
    if getattr(workshop, "agreement_record", None) is None or not sees_agreements(user, workshop):
        return None
    return workshop.follow_ups.visible_to(user).counts(timezone.localdate())


@dataclass(frozen=True)
class Part:
    """A part of the record that is edited on a page of its own."""

    form: type
    title: str
    help: str = ""
    # Fields that few rows need: folded away, under this title.
    folded: tuple[str, ...] = ()
    folded_title: str = ""
    # The address of the paper that is made of it, by name.
    paper: str = ""
    # The papers that are signed by whom the page, or the page of roles, names.
    signed: tuple[str, ...] = ()


PARTS = {
    "edit": Part(forms.WorkshopForm, gettext_lazy("Time and place")),
    "invitation": Part(
        forms.InvitationForm,
        gettext_lazy("Letter of invitation"),
        gettext_lazy("Fields left empty are printed as dotted lines, to be filled in by hand."),
        paper="workshops:invitation_pdf",
        signed=("invitation",),
    ),
    "record": Part(forms.OfficialRecordForm, gettext_lazy("Official record and authors")),
}
ROWS = {
    "areas": Part(
        forms.AreaFormSet,
        gettext_lazy("Areas of interest"),
        gettext_lazy("The slum areas or neighbourhoods that the workshop is about."),
    ),
    "leaders": Part(
        forms.LeaderFormSet,
        gettext_lazy("Roles at the event"),
        gettext_lazy("Chair, moderator, minute taker, closer: one row per role, written as on the day."),
        folded=("signs_for", "signs_for_office", "rank_grade", "nip"),
        folded_title=gettext_lazy("For the signature block: rank, NIP, acting for"),
        signed=tuple(documents.SIGNERS),
    ),
    "report": Part(
        forms.ReportSectionFormSet,
        gettext_lazy("Committee report"),
        gettext_lazy("The sections in their order, with the numeral as written in the report."),
    ),
    "wording": Part(
        forms.TextualNoteFormSet,
        gettext_lazy("Notes on the wording"),
        gettext_lazy(
            "Where the source, such as a letter or a list, writes something else than is meant, say a name misspelt, write both here."
        ),
    ),
}


def workshop_part(request, slug, part):
    workshop = workshop_for(request, slug, "workshops.change_workshop")
    form = PARTS[part].form(request.POST or None, instance=workshop)
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("Saved."))
        # Who has written a letter prints it next.
        return redirect(request.path if PARTS[part].paper else workshop)
    context = {"workshop": workshop, "form": form, "part": PARTS[part], "section": "overview"}
    context["dotted"] = dotted_lines(workshop, *PARTS[part].signed)
    return render(request, "workshops/workshop_part.html", context)


def workshop_rows(request, slug, part):
    workshop = workshop_for(request, slug, "workshops.change_workshop")
    if part == "leaders":
        note(request.user, Leader, slug, Way.FORM)
    formset = ROWS[part].form(request.POST or None, instance=workshop)
    if request.method == "POST" and formset.is_valid():
        with transaction.atomic():
            formset.save()
            kept = [form for form in formset.ordered_forms if form.instance.pk]
            number_in_order([form.instance for form in kept])
        messages.success(request, _("Saved."))
        return redirect(request.path) if "again" in request.POST else redirect(workshop)
    context = {"workshop": workshop, "formset": formset, "part": ROWS[part], "section": "overview"}
    context["dotted"] = dotted_lines(workshop, *ROWS[part].signed)
    return render(request, "workshops/workshop_rows.html", context)


# verb: (its name, what it will do, what is said when it is done and who goes on).
VERB_TEXTS = {
    "invite": (
        gettext_lazy("Announce the workshop"),
        gettext_lazy("The workshop becomes visible to members and agencies. The letter can be printed."),
        gettext_lazy("The workshop is announced. The letter of invitation is printed under Papers and files."),
    ),
    "start": (
        gettext_lazy("Start the event"),
        gettext_lazy("Check-in opens and the minutes can be written."),
        gettext_lazy("The event has started. Attendance is recorded under Participants."),
    ),
    "finish": (
        gettext_lazy("End the event"),
        gettext_lazy("Check-in closes. The minutes stay open for corrections."),
        gettext_lazy("The event is over. Correct the minutes; a verifier finds them on the home page and closes them."),
    ),
    "close": (
        gettext_lazy("Close the minutes"),
        gettext_lazy("Nothing can be changed any more, on no page. Reopening asks for a reason."),
        gettext_lazy("The minutes are closed. Print them for signing."),
    ),
    "reopen": (
        gettext_lazy("Reopen the minutes"),
        gettext_lazy("The minutes can be corrected again. The reason stays in the history."),
        gettext_lazy("The minutes are open for corrections. A verifier closes them again."),
    ),
    "cancel": (
        gettext_lazy("Cancel the workshop"),
        gettext_lazy("The record stays, calendars show the workshop as cancelled. This cannot be taken back."),
        gettext_lazy("This workshop is cancelled."),
    ),
}


def workshop_verb(request, slug, verb):
    """A page that says what will happen, and the button that does it."""
    workshop = workshop_for(request, slug, Workshop.permission_for(verb))
    title, explanation, done = VERB_TEXTS[verb]
    needs_reason = Workshop.TRANSITIONS[verb][2]
    form = forms.ReasonForm(request.POST or None) if needs_reason else None
    if request.method == "POST" and (form is None or form.is_valid()):
        reason = {"reason": form.cleaned_data["reason"]} if form else {}
        try:
            getattr(workshop, verb)(by=request.user, at=timezone.now(), **reason)
        except Refused as refusal:
            messages.error(request, refusal.sentence)
        else:
            messages.success(request, done)
        return redirect(workshop)
    return render(
        request,
        "workshops/workshop_verb.html",
        {
            "workshop": workshop,
            "form": form,
            "title": title,
            "explanation": explanation,
            "verb": verb,
            "possible": workshop.can(verb),
            "lacks_place": verb == "invite" and not workshop.place,
            "dotted": dotted_lines(workshop, "minutes") if verb in ("finish", "close") else "",
            "invites_nobody": verb == "invite" and not workshop.participants.invited().exists(),
            "is_early": verb == "start" and timezone.localdate() < workshop.held_on,
            "section": "overview",
        },
    )


def workshop_delete(request, slug):
    workshop = workshop_for(request, slug, "workshops.delete_workshop")
    if request.method == "POST":
        try:
            workshop.delete()
        except Refused as refusal:
            messages.error(request, refusal.sentence)
            return redirect(workshop)
        messages.success(request, _("The draft is deleted."))
        return redirect("workshops:workshop_list")
    return render(request, "workshops/workshop_delete.html", {"workshop": workshop, "section": "overview"})


@require_POST
def workshop_report_sent(request, slug):
    workshop = workshop_for(request, slug, "workshops.change_workshop")
    try:
        workshop.mark_reported(by=request.user, on=timezone.localdate())
        messages.success(request, _("Noted: the report was sent today."))
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    return redirect(workshop)
