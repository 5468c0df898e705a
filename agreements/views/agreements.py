"""Agreements: the list, one agreement, its chain; what it is about, and how its text changes."""

from django.contrib import messages
from django.db.models import Prefetch
from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.generic import ListView

from agreements import forms
from agreements.chain import as_json, chain_of
from agreements.filters import AgreementFilter
from agreements.models import Agreement, AgreementRecord, Evidence, FollowUp, FollowUpChange, Signatory
from agreements.reading import agreement_history, picture_of, progress_of, with_unconfirmed
from agreements.views.access import agreement_for
from core.models import SavedFilter
from core.refusals import Refused
from slumareas.models import SlumArea
from workshops.models import Workshop

ROWS_A_PAGE = 25
MOST_EVENTS = 60


class AgreementList(ListView):
    paginate_by = ROWS_A_PAGE
    template_name = "agreements/agreement_list.html"

    def get_queryset(self):
        visible = Agreement.objects.visible_to(self.request.user)
        self.filter = AgreementFilter(self.request.GET, queryset=visible, request=self.request)
        areas = Prefetch("slum_areas", SlumArea.objects.visible_to(self.request.user))
        return self.filter.qs.select_related("workshop__agreement_record").prefetch_related("organizations", areas)

    def get_context_data(self, **kwargs):
        context = super().get_context_data(**kwargs)
        today, user = timezone.localdate(), self.request.user
        agreements = list(context["page_obj"])
        progress = progress_of(agreements, user, today)
        for agreement in agreements:
            agreement.progress = progress[agreement.pk]
        counts = None
        if not self.filter.is_searched:
            counts = FollowUp.objects.visible_to(user).counts(today)
        return {
            **context,
            "section": "agreements",
            "filter": self.filter,
            "agreements": agreements,
            "counts": counts,
            "saved_filters": SavedFilter.objects.of(user, self.request.path),
            "is_searched": self.filter.is_searched,
            "may_add": user.has_perm("agreements.add_agreement"),
        }


# --- one agreement --------------------------------------------------------------------------------------------
def agreement_detail(request, key):
    agreement = agreement_for(request, key)
    user, today = request.user, timezone.localdate()
    record = agreement.workshop.agreement_record
    follow_ups = list(
        with_unconfirmed(FollowUp.objects.visible_to(user).filter(agreement=agreement).with_facts(today))
        .select_related("agreement", "workshop", "responsible_organization", "slum_area", "region")
        .defer("region__boundary")
        .order_by("order", "pk")
    )
    evidence = list(
        Evidence.objects.visible_to(user)
        .filter(follow_up__in=follow_ups)
        .select_related("follow_up__agreement", "submitted_by", "reviewed_by")
    )
    changes = _changes(user, follow_ups)
    versions = list(agreement.versions.select_related("replaced_by"))
    sees_steps = user.has_perm("agreements.view_followupchange")
    steps = record.changes.select_related("by") if user.has_perm("agreements.view_recordchange") else []
    history = agreement_history(agreement, changes, evidence, steps, versions) if sees_steps else []
    context = {
        "agreement": agreement,
        "record": record,
        "section": "agreements",
        "today": today,
        "follow_ups": follow_ups,
        "progress": progress_of([agreement], user, today)[agreement.pk],
        "picture": picture_of(follow_ups, changes, today),
        "evidence": evidence,
        "versions": versions,
        "history": history[:MOST_EVENTS],
        "hidden_events": max(0, len(history) - MOST_EVENTS),
        "organizations": agreement.organizations.all(),
        "areas": SlumArea.objects.visible_to(user).filter(agreements=agreement),
        "criteria": agreement.criteria.all(),
        "signatories": Signatory.objects.visible_to(user).filter(record=record).select_related("organization"),
        "neighbours": _neighbours(agreement, user),
        **_actions(agreement, record, follow_ups, user),
    }
    return render(request, "agreements/agreement_detail.html", context)


def _changes(user, follow_ups) -> list[FollowUpChange]:
    if not user.has_perm("agreements.view_followupchange"):
        return []
    return list(FollowUpChange.objects.filter(follow_up__in=follow_ups).select_related("by", "follow_up__agreement"))


def _neighbours(agreement: Agreement, user) -> dict:
    """The agreement before and the one after in the same record."""
    rows = Agreement.objects.visible_to(user).filter(
        workshop=agreement.workshop, number__in=[agreement.number - 1, agreement.number + 1]
    )
    return {"previous" if one.number < agreement.number else "next": one for one in rows}


def _actions(agreement: Agreement, record: AgreementRecord, follow_ups: list[FollowUp], user) -> dict:
    """The one primary action, and the others that this person may take in the present state."""
    address = agreement.get_absolute_url()
    chain = {"url": f"{address}chain/", "label": _("Follow the chain"), "icon": "diagram-3"}
    others = [chain]
    primary = None
    is_cancelled = agreement.workshop.status == Workshop.Status.CANCELLED
    mine = [one for one in follow_ups if not one.is_final and one.may(user, "report") and one.is_owned_by(user)]
    if mine:
        one = min(mine, key=lambda follow_up: (follow_up.due_on is None, follow_up.due_on or 0, follow_up.pk))
        label = _("Report on %(code)s") % {"code": one.code}
        primary = {"url": f"{one.get_absolute_url()}report/", "label": label, "icon": "graph-up-arrow"}
    if user.has_perm("agreements.add_followup") and not is_cancelled:
        add = {
            "url": f"{reverse('agreements:follow_up_create')}?agreement={agreement.key}",
            "label": _("Add a follow-up"),
            "icon": "plus-lg",
        }
        primary, others = (primary, [add, *others]) if primary else (add, others)
    if user.has_perm("agreements.change_agreement") and not is_cancelled:
        label = _("Edit the agreement") if record.is_draft else _("Edit what it is about")
        others.append({"url": f"{address}edit/?next={address}", "label": label, "icon": "pencil"})
    if user.has_perm("agreements.amend_agreement") and record.is_published and not is_cancelled:
        others.append({"url": f"{address}amend/", "label": _("Amend the text"), "icon": "file-diff"})
    if user.has_perm("agreements.delete_agreement") and record.is_draft and not is_cancelled:
        others.append(
            {
                "url": f"{address}delete/?next={record.get_absolute_url()}",
                "label": _("Delete the agreement"),
                "icon": "trash",
            }
        )
    if primary is None:
        primary, others = chain, others[1:]
    return {"primary": primary, "other_actions": others}


# --- the chain ------------------------------------------------------------------------------------------------
def agreement_chain(request, key):
    agreement = agreement_for(request, key)
    chain = chain_of(agreement, request.user)
    if request.GET.get("format") == "json":
        return _chain_json(request, chain)
    context = {"agreement": agreement, "chain": chain, "section": "agreements", "today": timezone.localdate()}
    return render(request, "agreements/agreement_chain.html", context)


def agreement_chain_json(request, key):
    return _chain_json(request, chain_of(agreement_for(request, key), request.user))


def _chain_json(request, chain) -> JsonResponse:
    answer = JsonResponse(as_json(chain, request.build_absolute_uri))
    answer["Cache-Control"] = "private, no-store"
    return answer


# --- writing ------------------------------------------------------------------------------------------------
def agreement_amend(request, key):
    """Another text for a published agreement; the one that is replaced stays, with the reason."""
    agreement = agreement_for(request, key, "agreements.amend_agreement")
    initial = {"text": agreement.text, "version": agreement.version}
    form = forms.AmendForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        if form.cleaned_data["version"] != agreement.version:
            form.add_error(None, _("Someone amended this meanwhile. Read the text that is in force, then save again."))
            form.data = form.data | {"version": agreement.version}
        elif _amend(agreement, form, request.user):
            messages.success(request, _("Version %(number)s is in force.") % {"number": agreement.version})
            return redirect(agreement)
    context = {
        "form": form,
        "agreement": agreement,
        "possible": agreement.workshop.agreement_record.is_published,
        "section": "agreements",
    }
    return render(request, "agreements/agreement_amend.html", context)


def _amend(agreement: Agreement, form, user) -> bool:
    words = form.cleaned_data
    try:
        agreement.amend(by=user, at=timezone.now(), text=words["text"], reason=words["reason"])
    except Refused as refusal:
        form.add_error(None, refusal)
        return False
    return True
