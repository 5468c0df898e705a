"""Check-in: at the desk by the committee, and on the own phone without an account."""

import uuid
from functools import wraps

import segno
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.safestring import mark_safe
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from core.refusals import Refused
from core.throttle import Throttle
from workshops.forms import CheckInCodeForm, SelfCheckInForm, WalkInForm
from workshops.models import Participant, Workshop
from workshops.views.access import workshop_for
from workshops.views.participants import narrowed, suggestions_for

MAY_CHECK_IN = "workshops.change_participant"
DESK_PAGE_SIZE = 60

# --- at the desk -------------------------------------------------------------------------------------------


@never_cache  # who goes back sees who has come meanwhile
def check_in(request, slug):
    """Everyone expected, by name, with one button each; the search narrows, the wrong tap can be taken back."""
    workshop = workshop_for(request, slug, MAY_CHECK_IN)
    return _desk(request, workshop)


def _desk(request, workshop, walk_in_form=None):
    rows, narrowing = narrowed(request, workshop.participants.select_related("organization").by_name())
    page = Paginator(rows, DESK_PAGE_SIZE).get_page(request.GET.get("page"))
    if walk_in_form is None:
        empty = Participant(workshop=workshop, name=narrowing["search"].title() if narrowing["search"] else "")
        walk_in_form = WalkInForm(instance=empty, user=request.user)
    context = {
        "workshop": workshop,
        "section": "participants",
        "counts": workshop.participants.counts(),
        "listed": workshop.participants.count(),
        "page_obj": page,
        "paginator": page.paginator,
        "is_paginated": page.has_other_pages(),
        "walk_in_form": walk_in_form,
        "suggestions": suggestions_for(request.user),
        "is_open": workshop.status in Participant.DESK_STATES,
        **narrowing,
    }
    return render(request, "workshops/check_in.html", context)


def _back_to_desk(request, slug, pk=None):
    """The desk with the same search, scrolled to the row that was tapped."""
    kept = {name: request.POST[name] for name in ("search", "show", "page") if request.POST.get(name)}
    address = reverse("workshops:check_in", args=[slug])
    return redirect(f"{address}{'?' + urlencode(kept) if kept else ''}{f'#p-{pk}' if pk else ''}")


# verb in the address: what is done to the participant.
DESK_VERBS = {
    "arrive": lambda person, by: person.arrive(at=timezone.now(), by=by),
    "leave": lambda person, by: person.leave(at=timezone.now(), by=by),
    "undo-arrival": lambda person, by: person.undo_arrival(by=by),
    "undo-leaving": lambda person, by: person.undo_leaving(by=by),
}


@require_POST
def check_in_verb(request, slug, pk, verb):
    workshop = workshop_for(request, slug, MAY_CHECK_IN)
    person = get_object_or_404(workshop.participants, pk=pk)
    try:
        DESK_VERBS[verb](person, request.user)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    return _back_to_desk(request, slug, pk)


@require_POST
def check_in_walk_in(request, slug):
    """Someone at the desk who is not on the list."""
    workshop = workshop_for(request, slug, MAY_CHECK_IN)
    form = WalkInForm(request.POST, instance=Participant(workshop=workshop), user=request.user)
    if form.is_valid():
        try:
            person = form.save()
        except Refused as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, _("%(person)s is recorded as present.") % {"person": person})
            # The next one at the door is often not on the list either: the form stays open.
            return redirect(f"{reverse('workshops:check_in', args=[slug])}?again=1#walk-in")
    return _desk(request, workshop, form)


# --- the poster at the door --------------------------------------------------------------------------------


@never_cache
def check_in_poster(request, slug):
    workshop = workshop_for(request, slug, MAY_CHECK_IN)
    address = request.build_absolute_uri(reverse("workshops:check_in_self", args=[workshop.check_in_code]))
    drawing = segno.make(address, error="m", micro=False).svg_inline(border=2, dark="#000", light="#fff", omitsize=True)
    context = {
        "workshop": workshop,
        "counts": workshop.participants.counts(),
        "listed": workshop.participants.count(),
        "code": workshop.check_in_code,
        "start_address": request.build_absolute_uri(reverse("workshops:check_in_start")),
        "drawing": mark_safe(drawing),  # noqa: S308  drawn here from our own address
        "is_open": workshop.status == Workshop.Status.IN_PROGRESS,
    }
    return render(request, "workshops/check_in_poster.html", context)


@require_POST
def check_in_renew(request, slug):
    workshop = workshop_for(request, slug, MAY_CHECK_IN)
    try:
        workshop.renew_check_in_code()
        messages.success(request, _("The code is new. The earlier one no longer works."))
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    return redirect("workshops:check_in_poster", slug)


# --- on the own phone --------------------------------------------------------------------------------------

WRONG_CODES = Throttle("check-in-misses", limit=20, seconds=10 * 60)
COOKIE_SECONDS = 24 * 3600


class TurnedAway(Exception):
    """No check-in under this code: one sentence, and nothing about any workshop."""

    def __init__(self, status: int, sentence: str):
        super().__init__(sentence)
        self.status, self.sentence = status, sentence


def open_to_everyone(view):
    """A page without login that answers a `TurnedAway` with its sentence."""

    @wraps(view)
    def wrapped(request, *args, **kwargs):
        try:
            return view(request, *args, **kwargs)
        except TurnedAway as away:
            context = {"sentence": away.sentence}
            return render(request, "workshops/check_in_closed.html", context, status=away.status)

    return login_not_required(never_cache(wrapped))


def _workshop_with(request, code: str) -> Workshop:
    """The workshop that is running under this code. Many wrong codes from one address are answered no more."""
    if WRONG_CODES.is_exhausted(request):
        raise TurnedAway(429, _("Too many wrong codes. Wait ten minutes, or check in at the desk."))
    workshop = Workshop.objects.filter(check_in_code=code.upper()).first()
    if workshop is None or workshop.status == Workshop.Status.DRAFT:
        WRONG_CODES.count(request)
        raise TurnedAway(404, _("This code is not known. Check it on the poster, or ask at the desk."))
    if workshop.status == Workshop.Status.INVITED:
        raise TurnedAway(404, _("Check-in is not open yet. It opens when the event starts."))
    if workshop.status != Workshop.Status.IN_PROGRESS:
        raise TurnedAway(
            410,
            _("Check-in is closed: this event is over or does not take place. Tell the committee if you were there."),
        )
    return workshop


@open_to_everyone
def check_in_start(request):
    """Where those type the code whose camera does not read the picture."""
    form = CheckInCodeForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        workshop = _workshop_with(request, form.cleaned_data["code"])
        return redirect("workshops:check_in_self", workshop.check_in_code)
    return render(request, "workshops/check_in_start.html", {"form": form})


def _cookie(workshop) -> str:
    return f"check_in_{workshop.pk}"


def _recorded_on_this_phone(request, workshop) -> Participant | None:
    pk = request.get_signed_cookie(_cookie(workshop), default=None, max_age=COOKIE_SECONDS)
    return workshop.participants.present().filter(pk=pk).first() if pk else None


def _recorded(request, workshop, person, *, is_repeat=False) -> HttpResponse:
    context = {"workshop": workshop, "person": person, "is_repeat": is_repeat}
    return render(request, "workshops/check_in_recorded.html", context)


@open_to_everyone
def check_in_self(request, code):
    """Name typed, oneself found among those invited or added as new, present: without an account.

    A form is good for one check-in, and a phone for one person unless somebody says otherwise.
    """
    workshop = _workshop_with(request, code)
    for_another = "another" in request.GET or "another" in request.POST
    form = SelfCheckInForm(
        request.POST or None, instance=Participant(workshop=workshop), initial={"token": uuid.uuid4()}
    )
    sent = _sent_before(workshop, form) if request.method == "POST" else None
    if sent:
        return _recorded(request, workshop, sent, is_repeat=True)
    mine = None if for_another else _recorded_on_this_phone(request, workshop)
    if mine:
        return _recorded(request, workshop, mine)
    context = {"workshop": workshop, "form": form, "for_another": for_another}
    if request.method == "POST" and form.is_valid():
        candidates = workshop.participants.might_be(form.typed["name"], form.typed["organization_name"])
        if candidates and "choice" not in request.POST and not _already_here(workshop, form):
            return render(request, "workshops/check_in_confirm.html", {**context, "candidates": candidates})
        person = _let_in(request, workshop, form, candidates)
        if person:
            response = redirect("workshops:check_in_self", workshop.check_in_code)
            response.set_signed_cookie(
                _cookie(workshop),
                person.pk,
                max_age=COOKIE_SECONDS,
                path=reverse("workshops:check_in_start"),
                secure=request.is_secure(),
                httponly=True,
                samesite="Lax",
            )
            return response
    return render(request, "workshops/check_in_self.html", context)


def _sent_before(workshop, form) -> Participant | None:
    """Whom this very form has recorded already. A form of another workshop, or one taken back, is no good any more."""
    form.full_clean()
    token = form.cleaned_data.get("token")
    sent = Participant.objects.filter(check_in_token=token).first() if token else None
    if sent and (sent.workshop_id != workshop.pk or not sent.arrived_at):
        raise TurnedAway(410, _("This form has been used and taken back. Please go to the desk."))
    return sent


def _already_here(workshop, form) -> Participant | None:
    here = workshop.participants.present().same_person(form.typed["name"], form.typed["organization_name"])
    return here[0] if here else None


def _let_in(request, workshop, form, candidates) -> Participant | None:
    """The one row that is now present, or None with the reason on the form."""
    choice = request.POST.get("choice", "none")
    token, at = form.cleaned_data["token"], timezone.now()
    here = _already_here(workshop, form)
    if here:
        form.add_error(
            None,
            _("%(name)s of %(organization)s is already recorded as present. If you are someone else, go to the desk.")
            % {"name": here.name, "organization": here.institution or "–"},
        )
        return None
    try:
        if choice == "none":
            person = form.instance
            person.walk_in(at=at, token=token)
            return person
        person = next((candidate for candidate in candidates if str(candidate.pk) == choice), None)
        if person is None:
            form.add_error(None, _("This invitation has already been used. Please go to the desk."))
            return None
        person.check_in(at=at, token=token, typed=form.typed)
        return person
    except Refused as refusal:
        form.add_error(None, refusal)
        return None
