"""The record of a workshop: its frame, the order of those who sign, and what each of them answers."""

from datetime import date

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Case, Count, Q, When
from django.forms.utils import ErrorList
from django.http import FileResponse, Http404
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agreements import forms
from agreements.models import Agreement, AgreementRecord, FollowUp, Review, Signatory
from agreements.reading import progress_of
from agreements.views.access import record_for, require, signatory_for
from core.models import IssuedPaper, Organization
from core.refusals import Refused

ROWS_A_PAGE = 25

# verb: (its name, what it will do, what is said when it is done, icon).
VERB_TEXTS = {
    "open_for_signing": (
        gettext_lazy("Open for signing"),
        gettext_lazy("Preamble, numbers and texts are fixed from now on, so that everyone signs the same."),
        gettext_lazy("The agreements are open for signing. Hand the tablet to the first of the list."),
        "pen",
    ),
    "withdraw": (
        gettext_lazy("Back to the draft"),
        gettext_lazy("The texts can be changed again. Possible as long as nobody has answered."),
        gettext_lazy("The agreements are a draft again."),
        "arrow-counterclockwise",
    ),
    "publish": (
        gettext_lazy("Publish the record"),
        gettext_lazy(
            "Everyone may read the agreements and how they go on. Signatures stay as they are; "
            "a text changes only by an amendment."
        ),
        gettext_lazy("The record is published."),
        "megaphone",
    ),
}
PRIMARY_VERB = {AgreementRecord.Status.DRAFT: "open_for_signing", AgreementRecord.Status.SIGNING: "publish"}


def record_list(request):
    """The records of agreement with how many have signed; those that wait stand first."""
    require(request.user, "agreements.view_agreementrecord")
    signed = Count("signatories", filter=Q(signatories__state=Signatory.State.SIGNED), distinct=True)
    records = (
        AgreementRecord.objects.visible_to(request.user)
        .select_related("workshop")
        .annotate(
            agreement_count=Count("workshop__agreements", distinct=True),
            signatory_count=Count("signatories", distinct=True),
            signed_count=signed,
            is_settled=Case(When(status=AgreementRecord.Status.PUBLISHED, then=1), default=0),
        )
        .exclude(agreement_count=0, signatory_count=0)
        .order_by("is_settled", "-workshop__held_on", "pk")
    )
    page = Paginator(records, ROWS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "section": "records",
        "page_obj": page,
        "paginator": page.paginator,
        "is_paginated": page.has_other_pages(),
    }
    return render(request, "agreements/record_list.html", context)


def record_detail(request, slug):
    record = record_for(request, slug)
    user, workshop = request.user, record.workshop
    agreements = list(Agreement.objects.visible_to(user).filter(workshop=workshop).order_by("number"))
    progress = progress_of(agreements, user, timezone.localdate())
    for agreement in agreements:
        agreement.progress = progress[agreement.pk]
    signatories = list(
        Signatory.objects.visible_to(user).filter(record=record.pk or 0).select_related("organization", "answered_by")
    )
    states = [one.state for one in signatories]
    may_change = user.has_perm("agreements.change_agreementrecord") and workshop.status != workshop.Status.CANCELLED
    context = {
        "record": record,
        "workshop": workshop,
        "section": "records",
        "agreements": agreements,
        "signatories": signatories,
        "signed": states.count(Signatory.State.SIGNED),
        "answered": sum(state in (Signatory.State.SIGNED, Signatory.State.DECLINED) for state in states),
        "next_waiting": next((one for one in signatories if one.can("sign")), None),
        "may_draft": may_change and record.is_draft and not workshop.is_final,
        "may_sign": record.status == AgreementRecord.Status.SIGNING and user.has_perm("agreements.change_signatory"),
        "may_change": may_change,
        "steps": _steps(record),
        "issued": _issued(record),
        "concerned": _concerned(user, workshop, agreements),
        "changes": record.changes.select_related("by")
        if record.pk and user.has_perm("agreements.view_recordchange")
        else [],
        **_actions(record, user, agreements, signatories),
    }
    return render(request, "agreements/record_detail.html", context)


def _concerned(user, workshop, agreements: list[Agreement]):
    """The organizations of which there is an extract: named in an agreement, or with something to do."""
    follow_ups = FollowUp.objects.visible_to(user).filter(workshop=workshop)
    named = Agreement.organizations.through.objects.filter(agreement__in=agreements)
    taking_part = FollowUp.partners.through.objects.filter(followup__in=follow_ups)
    return Organization.objects.visible_to(user).filter(
        Q(pk__in=named.values("organization"))
        | Q(pk__in=follow_ups.order_by().values("responsible_organization"))
        | Q(pk__in=taking_part.values("organization"))
    )


def _issued(record: AgreementRecord) -> dict:
    """The papers in force: of the record itself, and of the latest sitting that looked at its follow-ups."""
    found = IssuedPaper.objects.in_force().filter(
        Q(kind=AgreementRecord.PAPER, record_id=record.pk or 0) | Q(kind=Review.MATRIX, record_id=record.workshop_id)
    )
    papers = {paper.kind: paper for paper in found.order_by("edition")}
    matrix = papers.get(Review.MATRIX)
    return {
        "record": papers.get(AgreementRecord.PAPER),
        "matrix": matrix,
        "matrix_day": matrix and date.fromisoformat(matrix.edition),
    }


def _steps(record: AgreementRecord) -> list[dict]:
    course = list(AgreementRecord.Status)
    here = course.index(record.status)
    return [
        {"label": status.label, "is_current": place == here, "is_done": place < here}
        for place, status in enumerate(course)
    ]


def _actions(record: AgreementRecord, user, agreements, signatories) -> dict:
    allowed = [verb for verb in VERB_TEXTS if record.can(verb) and user.has_perm(record.permission_for(verb))]
    if record.workshop.status == record.workshop.Status.CANCELLED:
        allowed = []
    found = {
        verb: {
            "url": reverse(f"agreements:record_{verb}", args=[record.workshop.slug]),
            "label": VERB_TEXTS[verb][0],
            "icon": VERB_TEXTS[verb][3],
        }
        for verb in allowed
    }
    waiting = next((one for one in signatories if one.can("sign")), None)
    if record.status == AgreementRecord.Status.SIGNING and waiting and user.has_perm("agreements.change_signatory"):
        url = reverse("agreements:signatory_sign", args=[waiting.pk])
        label = _("Sign: %(name)s") % {"name": waiting.name}
        return {"primary": {"url": url, "label": label, "icon": "pen"}, "other_actions": list(found.values())}
    first = PRIMARY_VERB.get(record.status)
    if first == "open_for_signing" and not (agreements and signatories):
        first = None
    primary = found.pop(first, None)
    return {"primary": primary, "other_actions": list(found.values())}


def record_verb(request, slug, verb):
    """A page that says what will happen, and the button that does it."""
    record = record_for(request, slug, AgreementRecord.permission_for(verb))
    needs_reason = AgreementRecord.TRANSITIONS[verb][2]
    form = forms.ReasonForm(request.POST or None) if needs_reason else None
    if record.pk is None:
        raise Http404
    if request.method == "POST" and (form is None or form.is_valid()):
        reason = {"reason": form.cleaned_data["reason"]} if form else {}
        try:
            getattr(record, verb)(by=request.user, at=timezone.now(), **reason)
        except Refused as refusal:
            return _verb_page(request, record, verb, form, refusal.sentence)
        messages.success(request, VERB_TEXTS[verb][2])
        return redirect(record)
    return _verb_page(request, record, verb, form)


def _verb_page(request, record, verb, form, sentence=""):
    title, explanation, _said, _icon = VERB_TEXTS[verb]
    context = {
        "title": title,
        "subject": record.workshop.title,
        "explanation": explanation,
        "form": form,
        "sentence": sentence,
        "button": title,
        "back": record.get_absolute_url(),
        "possible": record.can(verb),
        "impossible": _("This is not possible now: the agreements are %(status)s.")
        % {"status": record.get_status_display()},
        "section": "records",
        "workshop": record.workshop,
    }
    return render(request, "agreements/confirm.html", context, status=409 if sentence else answer_status(form))


def answer_status(form) -> int:
    """400 for a form with an error, 409 where the present state refused it."""
    if form is None or not form.errors:
        return 200
    refused = any(isinstance(error, Refused) for error in form.errors.get("__all__", ErrorList()).as_data())
    return 409 if refused else 400


# --- what each answers -------------------------------------------------------------------------------------------
MAY_ANSWER = "agreements.change_signatory"


def signatory_sign(request, pk):
    """Hand the tablet over: sign by drawing, with a scan, or note that it was signed on paper."""
    signatory = signatory_for(request, pk, MAY_ANSWER)
    initial = {"on": timezone.localdate(), "how": Signatory.How.SCAN}
    form = forms.SignForm(request.POST or None, request.FILES or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        words = form.cleaned_data
        try:
            signatory.sign(by=request.user, at=timezone.now(), how=words["how"], on=words["on"], file=form.signature)
        except Refused as refusal:
            form.add_error(None, refusal)
        except ValidationError as error:
            form.add_refusal(error)
        else:
            return _after_answer(request, signatory, _("The signature of %(name)s is noted."))
        signatory.refresh_from_db()
    return _answer_page(request, signatory, form, "sign")


def signatory_decline(request, pk):
    signatory = signatory_for(request, pk, MAY_ANSWER)
    form = forms.ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if _answer(form, lambda: signatory.decline(by=request.user, at=timezone.now(), reason=reason)):
            return _after_answer(request, signatory, _("It is noted that %(name)s declined, and why."))
    return _answer_page(request, signatory, form, "decline")


def signatory_delegate(request, pk):
    signatory = signatory_for(request, pk, MAY_ANSWER)
    form = forms.DelegateForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        words = form.cleaned_data
        if _answer(form, lambda: signatory.delegate(by=request.user, at=timezone.now(), **words)):
            messages.success(request, _("It is noted who signs for %(name)s.") % {"name": signatory.name})
            return redirect("agreements:signatory_sign", pk)
    return _answer_page(request, signatory, form, "delegate")


def signatory_take_back(request, pk):
    signatory = signatory_for(request, pk, MAY_ANSWER)
    form = forms.ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"]
        if _answer(form, lambda: signatory.take_back(by=request.user, at=timezone.now(), reason=reason)):
            messages.success(request, _("What was noted for %(name)s is taken back.") % {"name": signatory.name})
            return redirect(signatory.record)
    return _answer_page(request, signatory, form, "take_back")


def _answer(form, verb) -> bool:
    try:
        verb()
    except Refused as refusal:
        form.add_error(None, refusal)
    except ValidationError as error:
        for name, sentences in getattr(error, "message_dict", {None: error.messages}).items():
            form.add_error(name if name in form.fields else None, sentences)
    else:
        return True
    return False


def _after_answer(request, signatory: Signatory, sentence: str):
    """To whoever is next on the list, while the tablet goes round; else back to the record."""
    messages.success(request, sentence % {"name": signatory.name})
    following = (
        signatory.siblings().waiting().filter(order__gt=signatory.order).first() if "next" in request.POST else None
    )
    if following:
        return redirect("agreements:signatory_sign", following.pk)
    return redirect(f"{signatory.record.get_absolute_url()}#signatory-{signatory.uid}")


ANSWER_TITLES = {
    "sign": gettext_lazy("Sign"),
    "decline": gettext_lazy("Decline to sign"),
    "delegate": gettext_lazy("Someone else signs"),
    "take_back": gettext_lazy("Take back what was noted"),
}


def _answer_page(request, signatory: Signatory, form, verb: str):
    record = signatory.record
    following = signatory.siblings().waiting().filter(order__gt=signatory.order).exclude(pk=signatory.pk).first()
    context = {
        "signatory": signatory,
        "record": record,
        "workshop": record.workshop,
        "agreements": record.workshop.agreements.order_by("number").prefetch_related("versions"),
        "form": form,
        "verb": verb,
        "title": ANSWER_TITLES[verb],
        "following": following,
        "is_open": record.status == AgreementRecord.Status.SIGNING,
        "possible": record.status == AgreementRecord.Status.SIGNING and signatory.can(verb),
        "section": "records",
    }
    name = "agreements/signatory_sign.html" if verb == "sign" else "agreements/signatory_answer.html"
    return render(request, name, context, status=answer_status(form))


def signature_file(request, pk):
    """The drawn or scanned signature itself, for those who may see it; never from an address of its own."""
    signatory = signatory_for(request, pk)
    require(request.user, "agreements.view_signature")
    if not signatory.file:
        raise Http404
    try:
        answer = FileResponse(signatory.file.open("rb"), filename=f"tanda-tangan-{signatory.pk}{_ending(signatory)}")
    except FileNotFoundError as error:
        raise Http404 from error
    answer["Cache-Control"] = "private, no-store"
    return answer


def _ending(signatory: Signatory) -> str:
    return f".{signatory.file.name.rpartition('.')[2]}"


ANSWERS = {
    "sign": signatory_sign,
    "decline": signatory_decline,
    "delegate": signatory_delegate,
    "take_back": signatory_take_back,
}
