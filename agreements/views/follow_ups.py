"""Follow-ups: list, matrix, one follow-up, its plan and its steps."""

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Prefetch, Q
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.generic import ListView

from agreements import forms
from agreements.filters import BY_DUE, BY_NUMBER, FollowUpFilter
from agreements.models import (
    Agreement,
    AgreementRecord,
    Evidence,
    FollowUp,
    FollowUpChange,
    Funding,
    RaisedEntry,
    ReviewItem,
)
from agreements.models.follow_ups import DUE_SOON_DAYS, overdue_on, silent_on
from agreements.reading import follow_up_history, picture_of, with_unconfirmed
from agreements.views.access import follow_up_for, require
from core.models import Region, SavedFilter
from core.refusals import Refused
from workshops.models import Workshop

ROWS_A_PAGE = 25
ROWS_A_MATRIX = 50
MOST_EVENTS = 60


# --- lists ------------------------------------------------------------------------------------------------------
class FollowUpList(ListView):
    paginate_by = ROWS_A_PAGE
    template_name = "agreements/followup_list.html"
    section = "follow_ups"

    def get_queryset(self):
        user, self.today = self.request.user, timezone.localdate()
        self.visible = FollowUp.objects.visible_to(user)
        self.filter = FollowUpFilter(self.request.GET, queryset=self.visible, request=self.request)
        return with_unconfirmed(self.in_order(self.filter.qs).with_facts(self.today)).select_related(
            "agreement", "workshop", "responsible_organization", "slum_area"
        )

    def in_order(self, found):
        asked = self.filter.form.cleaned_data.get("sort") if self.filter.form.is_valid() else None
        return found if asked else self.filter.filter_sort(found, "sort", BY_DUE)

    def get_context_data(self, **kwargs):
        return {
            **super().get_context_data(**kwargs),
            "section": self.section,
            "filter": self.filter,
            "today": self.today,
            "views": saved_views(self.request, self.visible, self.today),
            "kept_query": kept_query(self.request),
            "saved_filters": SavedFilter.objects.of(self.request.user, self.request.path),
            "is_searched": self.filter.is_searched,
        }


class FollowUpMatrix(FollowUpList):
    """The same rows in the columns of the RTL form."""

    paginate_by = ROWS_A_MATRIX
    template_name = "agreements/followup_matrix.html"
    section = "matrix"

    def get_queryset(self):
        user = self.request.user
        found = (
            super().get_queryset().prefetch_related("partners", Prefetch("fundings", Funding.objects.visible_to(user)))
        )
        evidence = Evidence.objects.visible_to(user).exclude(status=Evidence.Status.RETURNED)
        regions = Prefetch("region", Region.objects.defer("boundary"))
        return found.prefetch_related(Prefetch("evidence", evidence, to_attr="shown_evidence"), regions)

    def in_order(self, found):
        return self.filter.filter_sort(found, "sort", BY_NUMBER)


def kept_query(request) -> str:
    """What was asked for, for the same rows in the other view."""
    kept = [(name, value) for name, value in request.GET.items() if value and name not in ("page", "sort")]
    return f"?{urlencode(kept)}" if kept else ""


def saved_views(request, visible, today) -> list[dict]:
    """Views that everyone needs, each a link with its number. One query for all of them."""
    user = request.user
    mine = FollowUp.objects.all().owned_condition(user)
    owns = user.has_perm("agreements.report_followup") and (user.organization_id or user.region_id)
    numbers = visible.order_by().aggregate(
        all=Count("pk"),
        mine=Count("pk", filter=mine & Q(status__in=FollowUp.OPEN)),
        **{name: Count("pk", filter=condition) for name, condition in _conditions(today).items()},
    )
    views = [
        ("all", _("All"), {}),
        *([("mine", _("Mine"), {"mine": "true"})] if owns else []),
        ("overdue", _("Overdue"), {"overdue": "true"}),
        ("due", _("Due in 30 days"), {"due": str(DUE_SOON_DAYS)}),
        ("blocked", _("Blocked"), {"status": "blocked"}),
        ("silent", _("Silent"), {"silent": "true"}),
        ("done", _("Done"), {"status": "done"}),
    ]
    asked = {name: value for name, value in request.GET.items() if value and name not in ("page", "sort")}
    return [
        {
            "name": name,
            "label": label,
            "number": numbers[name],
            "query": f"?{urlencode(query)}" if query else "?",
            "is_current": asked == query,
        }
        for name, label, query in views
    ]


def _conditions(today) -> dict[str, Q]:
    from_now = Q(status__in=FollowUp.OPEN, due_on__gte=today)
    return {
        "overdue": overdue_on(today),
        "due": from_now & Q(due_on__lte=today + timedelta(days=DUE_SOON_DAYS)),
        "blocked": Q(status=FollowUp.Status.BLOCKED),
        "silent": silent_on(today),
        "done": Q(status=FollowUp.Status.DONE),
    }


# --- one follow-up ------------------------------------------------------------------------------------------------
# verb: (its name, what it will do, what is said when it is done, icon).
VERB_TEXTS = {
    "start": (
        gettext_lazy("Start the work"),
        gettext_lazy("The follow-up is in progress from now on."),
        gettext_lazy("The work has started."),
        "play-circle",
    ),
    "block": (
        gettext_lazy("Something blocks it"),
        gettext_lazy("The follow-up waits until somebody helps. The Pokja sees it in its next sitting."),
        gettext_lazy("It is noted what blocks the work."),
        "sign-stop",
    ),
    "unblock": (
        gettext_lazy("It goes on"),
        gettext_lazy("What blocked the work is out of the way. The history keeps it."),
        gettext_lazy("The work goes on."),
        "play-circle",
    ),
    "finish": (
        gettext_lazy("Mark as done"),
        gettext_lazy("The Pokja looks at the evidence and confirms it. If all evidence is returned, the work goes on."),
        gettext_lazy("The follow-up is done. The Pokja looks at the evidence."),
        "check-circle",
    ),
    "cancel": (
        gettext_lazy("Cancel the follow-up"),
        gettext_lazy("It is not waited for any more. Your name stands beside the reason as the one who approved it."),
        gettext_lazy("The follow-up is cancelled."),
        "x-circle",
    ),
    "reopen": (
        gettext_lazy("Reopen the follow-up"),
        gettext_lazy("The follow-up is in progress again. The reason stays in the history."),
        gettext_lazy("The follow-up is open again."),
        "arrow-counterclockwise",
    ),
}
VERB_FORMS = {
    "start": forms.NoteForm,
    "block": forms.BlockForm,
    "unblock": forms.NoteForm,
    "finish": forms.FinishForm,
    "cancel": forms.FollowUpReasonForm,
    "reopen": forms.FollowUpReasonForm,
}


def follow_up_detail(request, pk):
    follow_up = follow_up_for(request, pk)
    user, today = request.user, timezone.localdate()
    is_owner = follow_up.is_owned_by(user)
    evidence = list(
        Evidence.objects.visible_to(user)
        .filter(follow_up=follow_up)
        .select_related("submitted_by", "reviewed_by", "follow_up__agreement")
    )
    changes = []
    if user.has_perm("agreements.view_followupchange"):
        changes = list(FollowUpChange.objects.filter(follow_up=follow_up).select_related("by", "follow_up__agreement"))
    history = follow_up_history(follow_up, changes, evidence) if changes else []
    facts = FollowUp.objects.with_facts(today).values("is_overdue", "is_silent").get(pk=pk)
    is_accepted = any(one.status == Evidence.Status.ACCEPTED for one in evidence)
    fundings = list(Funding.objects.visible_to(user).filter(follow_up=follow_up))
    amounts = [funding.amount for funding in fundings if funding.amount is not None]
    may_judge = user.has_perm("agreements.review_evidence") and not is_owner
    context = {
        "follow_up": follow_up,
        "section": "follow_ups",
        "today": today,
        **facts,
        "is_unconfirmed": follow_up.status == FollowUp.Status.DONE
        and user.has_perm("agreements.view_evidence")
        and not is_accepted,
        "is_owner": is_owner,
        "sees_people": user.has_perm("agreements.view_people") or is_owner,
        "partners": follow_up.partners.all(),
        "fundings": fundings,
        "budget": sum(amounts) if amounts else None,
        "evidence": evidence,
        "may_add_evidence": may_add_evidence(user, follow_up),
        "waiting": [one for one in evidence if one.can("accept") and may_judge and one.submitted_by_id != user.pk],
        "decisions": ReviewItem.objects.visible_to(user)
        .filter(follow_up=follow_up)
        .select_related("review", "by")
        .order_by("-review__held_on"),
        "history": history[:MOST_EVENTS],
        "hidden_events": max(0, len(history) - MOST_EVENTS),
        "picture": picture_of([follow_up], changes, today),
        "next_round": FollowUp.objects.visible_to(user).filter(follows=follow_up).first(),
        "earlier_round": follow_up.follows_id
        and FollowUp.objects.visible_to(user).filter(pk=follow_up.follows_id).first(),
        **_actions(follow_up, user, evidence),
    }
    return render(request, "agreements/followup_detail.html", context)


def may_add_evidence(user, follow_up: FollowUp) -> bool:
    return (
        user.has_perm("agreements.add_evidence")
        and follow_up.may(user, "report")
        and follow_up.status != FollowUp.Status.CANCELLED
    )


def _actions(follow_up: FollowUp, user, evidence: list[Evidence]) -> dict:
    """The one primary action, and the other steps that this person may take in the present state."""
    address = follow_up.get_absolute_url()
    found = {
        verb: {"url": f"{address}{verb}/", "label": VERB_TEXTS[verb][0], "icon": VERB_TEXTS[verb][3]}
        for verb in VERB_TEXTS
        if follow_up.can(verb) and follow_up.may(user, verb)
    }
    primary = None
    if follow_up.can("report") and follow_up.may(user, "report"):
        report = {"url": f"{address}report/", "label": _("Report progress"), "icon": "camera"}
        stands = any(one.status != Evidence.Status.RETURNED for one in evidence)
        if "finish" in found and stands and follow_up.physical_percent == 100:
            primary, found = found.pop("finish"), {"report": report, **found}
        else:
            primary = report
    elif any(one.can("accept") for one in evidence) and user.has_perm("agreements.review_evidence"):
        primary = {"url": "#evidence", "label": _("Look at the evidence"), "icon": "patch-check"}
    others = list(found.values())
    if user.has_perm("agreements.change_followup") and follow_up.status != FollowUp.Status.CANCELLED:
        others.append({"url": f"{address}edit/", "label": _("Edit the plan"), "icon": "pencil"})
    if user.has_perm("agreements.delete_followup") and follow_up.status == FollowUp.Status.NOT_STARTED:
        others.append({"url": f"{address}delete/", "label": _("Delete"), "icon": "trash"})
    return {"primary": primary, "other_actions": others}


# --- the plan -------------------------------------------------------------------------------------------------------
def follow_up_create(request):
    """For an agreement (`?agreement=KEY`), or in answer to a problem or promise (`?entry=ID`)."""
    require(request.user, "agreements.add_followup")
    agreement, entry = _origin(request)
    origin = agreement or entry
    if origin is None:
        messages.info(request, _("Choose the agreement first; its page has “Add a follow-up”."))
        return redirect("agreements:agreement_list")
    follow_up = FollowUp(agreement=agreement, source_entry=entry)
    initial = {}
    if entry and not agreement:
        initial = {"activity": entry.text, "location": entry.location}
    if agreement:
        areas, criteria = list(agreement.slum_areas.all()[:2]), list(agreement.criteria.all()[:2])
        initial["slum_area"] = areas[0].pk if len(areas) == 1 else None
        initial["criterion"] = criteria[0].criterion if len(criteria) == 1 else ""
    return _plan_form(request, follow_up, origin.workshop, initial)


def _origin(request) -> tuple[Agreement | None, RaisedEntry | None]:
    user, asked = request.user, request.GET.get("entry", "")
    agreement = entry = None
    if request.GET.get("agreement"):
        visible = Agreement.objects.visible_to(user).select_related("workshop")
        agreement = get_object_or_404(visible, key=request.GET["agreement"])
    if asked:
        if not asked.isdecimal() or len(asked) > 18:
            raise Http404
        entry = get_object_or_404(RaisedEntry.objects.visible_to(user).select_related("workshop"), pk=asked)
    return agreement, entry


def follow_up_edit(request, pk):
    follow_up = follow_up_for(request, pk, "agreements.change_followup")
    if follow_up.status == FollowUp.Status.CANCELLED:
        messages.error(request, _("This follow-up is cancelled. Reopen it before changing anything."))
        return redirect(follow_up)
    return _plan_form(request, follow_up, follow_up.workshop, {})


@transaction.atomic
def _plan_form(request, follow_up: FollowUp, workshop: Workshop, initial: dict):
    is_new = follow_up.pk is None
    title = str(follow_up) if not is_new else ""
    form = forms.FollowUpForm(
        request.POST or None, instance=follow_up, initial=initial, user=request.user, workshop=workshop
    )
    fundings = forms.FundingFormSet(request.POST or None, instance=follow_up, prefix="fundings")
    if request.method == "POST" and all([form.is_valid(), fundings.is_valid()]):
        try:
            with transaction.atomic():
                form.record(request.user, timezone.now())
                fundings.save()
        except Refused as refusal:
            form.add_error(None, refusal)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, _("The follow-up is planned.") if is_new else _("Saved."))
            return redirect(follow_up)
        if is_new:
            follow_up.pk = None
    context = {
        "form": form,
        "fundings": fundings,
        "follow_up": follow_up,
        "workshop": workshop,
        "agreement": follow_up.agreement,
        "is_new": is_new,
        "title": title,
        "section": "follow_ups",
    }
    return render(request, "agreements/followup_form.html", context)


def follow_up_delete(request, pk):
    follow_up = follow_up_for(request, pk, "agreements.delete_followup")
    if request.method == "POST":
        target = follow_up.agreement or follow_up.workshop
        try:
            follow_up.delete()
        except Refused as refusal:
            messages.error(request, refusal.sentence)
            return redirect(follow_up)
        messages.success(request, _("The follow-up is deleted."))
        return redirect(target)
    context = {
        "title": _("Delete the follow-up"),
        "subject": str(follow_up),
        "explanation": _("For what was entered by mistake. Work that is not to be done any more is cancelled instead."),
        "button": _("Delete"),
        "is_danger": True,
        "back": follow_up.get_absolute_url(),
        "possible": follow_up.status == FollowUp.Status.NOT_STARTED,
        "impossible": _("This follow-up has a history already. Cancel it instead, with a reason."),
        "section": "follow_ups",
    }
    return render(request, "agreements/confirm.html", context)


# --- steps ------------------------------------------------------------------------------------------------------------
def follow_up_report(request, pk):
    """How far it is, a word, a photo, and whether that was all: one form, stored as a whole or not at all."""
    follow_up = follow_up_for(request, pk)
    follow_up.require(request.user, "report")
    form = forms.ReportForm(request.POST or None, request.FILES or None, follow_up=follow_up)
    if request.method == "POST" and form.is_valid():
        if _store_step(request, form, follow_up, lambda: _report(form, follow_up, request.user)):
            if form.cleaned_data.get("is_done"):
                messages.success(request, VERB_TEXTS["finish"][2])
            else:
                messages.success(request, _("Thank you. Your report is stored."))
            return redirect(follow_up)
        follow_up = follow_up_for(request, pk)
    context = {
        "follow_up": follow_up,
        "form": form,
        "possible": follow_up.can("report"),
        "photo_was_sent": "photo" in request.FILES,
        "section": "follow_ups",
    }
    return render(request, "agreements/followup_report.html", context)


def _report(form, follow_up: FollowUp, by) -> None:
    words, at = form.cleaned_data, timezone.now()
    follow_up.report(by=by, at=at, based_on=words["based_on"], **form.told)
    if words.get("photo"):
        _submit_photo(follow_up, words["photo"], words["photo_title"] or words["note"], by, at)
    if words.get("is_done"):
        follow_up.finish(by=by, at=at)


def _submit_photo(follow_up: FollowUp, photo, title: str, by, at) -> None:
    evidence = Evidence(follow_up=follow_up, kind=Evidence.Kind.PHOTO, file=photo)
    evidence.title = (title or follow_up.activity).split("\n")[0][:200].strip()
    try:
        evidence.submit(by=by, at=at)
    except Refused:
        raise
    except ValidationError as error:
        # Whatever is wrong with the picture is said at the field by which it came.
        raise ValidationError({"photo": error.messages}) from error


def _store_step(request, form, follow_up: FollowUp, step) -> bool:
    """Run the step as a whole; what it refuses is told in the form, where everything typed still stands."""
    try:
        with transaction.atomic():
            step()
    except Refused as refusal:
        form.add_error(None, refusal)
        # Whoever was told that somebody else was faster has seen it now and may repeat the step.
        form.data = form.data | {"based_on": FollowUp.objects.values_list("version", flat=True).get(pk=follow_up.pk)}
    except ValidationError as error:
        for name, sentences in getattr(error, "message_dict", {None: error.messages}).items():
            form.add_error(name if name in form.fields else None, sentences)
    else:
        return True
    return False


def follow_up_verb(request, pk, verb):
    """A page that says what will happen, and the button that does it."""
    follow_up = follow_up_for(request, pk)
    follow_up.require(request.user, verb)
    initial = {"based_on": follow_up.version, "on": timezone.localdate()}
    form = VERB_FORMS[verb](request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        if _store_step(request, form, follow_up, lambda: _take_step(form, follow_up, verb, request.user)):
            messages.success(request, VERB_TEXTS[verb][2])
            return redirect(follow_up)
        follow_up = follow_up_for(request, pk)
    title, explanation, _said, _icon = VERB_TEXTS[verb]
    has_evidence = follow_up.evidence.standing().exists()
    context = {
        "follow_up": follow_up,
        "form": form,
        "verb": verb,
        "title": title,
        "explanation": explanation,
        "possible": follow_up.can(verb),
        "has_evidence": has_evidence,
        "photo_was_sent": "photo" in request.FILES,
        "section": "follow_ups",
    }
    return render(request, "agreements/followup_verb.html", context)


def _take_step(form, follow_up: FollowUp, verb: str, by) -> None:
    words, at = dict(form.cleaned_data), timezone.now()
    photo = words.pop("photo", None)
    if photo:
        _submit_photo(follow_up, photo, words["note"], by, at)
    getattr(follow_up, verb)(by=by, at=at, **words)


# --- what the minutes left open -----------------------------------------------------------------------------------------
def unanswered(request):
    """Problems and promises that became no agreement, no follow-up, and were not refused either; and those refused."""
    require(request.user, "agreements.view_entryrefusal")
    entries = RaisedEntry.objects.visible_to(request.user).select_related("workshop", "refusal__by", "agenda_item")
    show = "refused" if request.GET.get("show") == "refused" else "open"
    refused = entries.filter(refusal__isnull=False)
    found = refused if show == "refused" else entries.unanswered()
    page = Paginator(found.order_by("-workshop__held_on", "workshop", "order", "pk"), ROWS_A_PAGE).get_page(
        request.GET.get("page")
    )
    drafts = set(
        AgreementRecord.objects.filter(
            workshop__in={one.workshop_id for one in page}, status=AgreementRecord.Status.DRAFT
        ).values_list("workshop", flat=True)
    )
    for one in page:
        one.takes_agreements = one.workshop_id in drafts and not one.workshop.is_final
    context = {
        "section": "unanswered",
        "show": show,
        "page_obj": page,
        "paginator": page.paginator,
        "is_paginated": page.has_other_pages(),
        "may_answer": request.user.has_perm("agreements.add_followup"),
        "counts": {"open": entries.unanswered().count(), "refused": refused.count()},
    }
    return render(request, "agreements/unanswered.html", context)


def _entry_for(request, pk) -> RaisedEntry:
    return get_object_or_404(RaisedEntry.objects.visible_to(request.user).select_related("workshop"), pk=pk)


def entry_refuse(request, pk):
    entry = _entry_for(request, pk)
    require(request.user, "agreements.add_entryrefusal")
    form = forms.RefuseForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            entry.refuse(by=request.user, at=timezone.now(), reason=form.cleaned_data["reason"])
        except Refused as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, _("It is noted why this leads to nothing."))
            return redirect("agreements:unanswered")
    context = {"entry": entry, "form": form, "section": "unanswered"}
    return render(request, "agreements/entry_refuse.html", context)


def entry_reopen(request, pk):
    entry = _entry_for(request, pk)
    require(request.user, "agreements.delete_entryrefusal")
    if request.method == "POST":
        try:
            entry.withdraw_refusal()
        except Refused as refusal:
            messages.error(request, refusal.sentence)
        else:
            messages.success(request, _("The question is open again."))
        return redirect("agreements:unanswered")
    context = {
        "title": _("Open the question again"),
        "subject": entry.text or entry.title,
        "explanation": _("The reason is removed; an agreement or a follow-up can answer it. The history keeps it."),
        "button": _("Open again"),
        "back": f"{reverse('agreements:unanswered')}?show=refused",
        "possible": hasattr(entry, "refusal"),
        "impossible": _("This was not refused."),
        "section": "unanswered",
    }
    return render(request, "agreements/confirm.html", context)
