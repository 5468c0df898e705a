"""Sittings of the Pokja PKP: opening one, working through its queue, closing it."""

from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db import transaction
from django.db.models import Count, Q
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from agreements import forms
from agreements.models import Evidence, FollowUp, FollowUpChange, Funding, Review, ReviewItem
from agreements.models.follow_ups import due_before
from agreements.views.access import FOLLOW_UP_PARTS, require, review_for
from agreements.views.evidence import may_judge
from core import issuing
from core.models import IssuedPaper
from core.refusals import Refused

ROWS_A_PAGE = 25
MOST_CHANGES = 12
USUAL_DAYS = 30  # until something is looked at again
MAY_DECIDE = "agreements.decide_review"

# Why something is in the queue: (label, icon), the most pressing first.
REASONS = {
    "is_blocked": (gettext_lazy("blocked"), "sign-stop"),
    "is_overdue": (gettext_lazy("overdue"), "alarm"),
    "is_unconfirmed": (gettext_lazy("done, not confirmed"), "patch-question"),
    "is_to_check": (gettext_lazy("to be looked at again"), "arrow-repeat"),
    "is_changed": (gettext_lazy("changed"), "stars"),
    "is_due": (gettext_lazy("due soon"), "calendar-event"),
}


def reasons_of(follow_up: FollowUp) -> list[dict]:
    return [
        {"name": name.removeprefix("is_"), "label": label, "icon": icon}
        for name, (label, icon) in REASONS.items()
        if getattr(follow_up, name, False)
    ]


def review_list(request):
    require(request.user, "agreements.view_review")
    reviews = (
        Review.objects.visible_to(request.user)
        .annotate(item_count=Count("items", distinct=True), member_count=Count("members", distinct=True))
        .order_by("-held_on", "-pk")
    )
    page = Paginator(reviews, ROWS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "section": "reviews",
        "page_obj": page,
        "paginator": page.paginator,
        "is_paginated": page.has_other_pages(),
    }
    return render(request, "agreements/review_list.html", context)


def review_create(request):
    require(request.user, "agreements.add_review")
    review = Review(created_by=request.user)
    initial = {"held_on": timezone.localdate()}
    if request.user.role == request.user.Role.POKJA_MEMBER:
        initial["members"] = [request.user.pk]
    return _review_form(request, review, initial)


def review_edit(request, pk):
    return _review_form(request, review_for(request, pk, "agreements.change_review"), {})


def _review_form(request, review: Review, initial: dict):
    is_new, title = review.pk is None, str(review.held_on or "")
    form = forms.ReviewForm(request.POST or None, instance=review, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                form.save()
        except (Refused, ValidationError) as error:
            form.add_error(None, error)
        else:
            if is_new:
                messages.success(request, _("The sitting is open. Its queue is waiting."))
            else:
                messages.success(request, _("Saved."))
            return redirect(review)
    context = {"form": form, "review": review, "is_new": is_new, "title": title, "section": "reviews"}
    return render(request, "agreements/review_form.html", context)


def review_detail(request, pk):
    review = review_for(request, pk)
    user = request.user
    items = list(
        ReviewItem.objects.visible_to(user)
        .filter(review=review)
        .select_related("follow_up__agreement", "follow_up__responsible_organization", "by")
    )
    context = {
        "review": review,
        "section": "reviews",
        "members": review.members.select_related("organization"),
        "items": items,
        "sees_people": user.has_perm("agreements.view_people"),
        "may_decide": not review.is_closed and user.has_perm(MAY_DECIDE),
        "previous": review.previous(),
        **_actions(review, user),
    }
    context |= _issued(review) if review.is_closed else _queue_context(request, review)
    return render(request, "agreements/review_detail.html", context)


def _issued(review: Review) -> dict:
    """The papers that are kept of a closed sitting: its minutes, and the matrix of each workshop that it looked at."""
    matrices = IssuedPaper.objects.in_force().filter(kind=Review.MATRIX, edition=review.key).order_by("key")
    return {"issued_minutes": issuing.in_force(Review.MINUTES, review), "issued_matrices": list(matrices)}


def _queue_context(request, review: Review) -> dict:
    queue = review.queue(request.user)
    numbers = queue.order_by().aggregate(
        all=Count("pk"),
        decided=Count("pk", filter=Q(is_decided=True)),
        left=Count("pk", filter=Q(is_decided=False) & ~FollowUp.objects.owned_condition(request.user)),
        **{f"n_{name}": Count("pk", filter=Q(**{name: True})) for name in REASONS},
    )
    waiting = queue.filter(is_decided=False).select_related("agreement", "responsible_organization")
    page = Paginator(waiting.in_due_order(), ROWS_A_PAGE).get_page(request.GET.get("page"))
    for follow_up in page:
        follow_up.reasons = reasons_of(follow_up)
        follow_up.is_own = follow_up.is_owned_by(request.user)
    return {
        "numbers": numbers,
        "reasons": [
            {"name": name.removeprefix("is_"), "label": label, "icon": icon, "number": numbers[f"n_{name}"]}
            for name, (label, icon) in REASONS.items()
            if numbers[f"n_{name}"]
        ],
        "page_obj": page,
        "paginator": page.paginator,
        "is_paginated": page.has_other_pages(),
    }


VERB_TEXTS = {
    "close": (
        gettext_lazy("Close the sitting"),
        gettext_lazy(
            "Decisions and dates stay as they are from now on. The minutes of the sitting are made from them."
        ),
        gettext_lazy("The sitting is closed."),
        "lock",
    ),
    "reopen": (
        gettext_lazy("Reopen the sitting"),
        gettext_lazy("Decisions can be changed again. The reason stays in the history."),
        gettext_lazy("The sitting is open again."),
        "unlock",
    ),
}


def _actions(review: Review, user) -> dict:
    address = review.get_absolute_url()
    others = [
        {"url": f"{address}{verb}/", "label": VERB_TEXTS[verb][0], "icon": VERB_TEXTS[verb][3]}
        for verb in VERB_TEXTS
        if review.can(verb) and user.has_perm(Review.permission_for(verb))
    ]
    if not review.is_closed and user.has_perm("agreements.change_review"):
        others.append({"url": f"{address}edit/", "label": _("Date and members"), "icon": "pencil"})
    return {"other_actions": others}


def review_verb(request, pk, verb):
    review = review_for(request, pk, Review.permission_for(verb))
    form = forms.ReasonForm(request.POST or None) if Review.TRANSITIONS[verb][2] else None
    title, explanation, said, _icon = VERB_TEXTS[verb]
    if request.method == "POST" and (form is None or form.is_valid()):
        reason = {"reason": form.cleaned_data["reason"]} if form else {}
        try:
            getattr(review, verb)(by=request.user, at=timezone.now(), **reason)
        except Refused as refusal:
            messages.error(request, refusal.sentence)
        else:
            messages.success(request, said)
        return redirect(review)
    left = 0
    if verb == "close" and review.can(verb):
        left = review.queue(request.user).filter(is_decided=False).count()
    context = {
        "title": title,
        "subject": str(review),
        "explanation": explanation,
        "form": form,
        "button": title,
        "back": review.get_absolute_url(),
        "possible": review.can(verb),
        "impossible": _("This sitting is already “%(status)s”.") % {"status": review.get_status_display()},
        "left": left,
        "section": "reviews",
    }
    return render(request, "agreements/confirm.html", context)


# --- the queue --------------------------------------------------------------------------------------------------
def review_queue(request, pk):
    """One item of the queue at a time: `?item=` names it, else the first that is undecided."""
    review = review_for(request, pk, MAY_DECIDE)
    if review.is_closed:
        messages.error(request, _("This sitting is closed; its decisions and dates stay as they are."))
        return redirect(review)
    asked = request.GET.get("item", "")
    return _queue_page(request, review, int(asked) if asked.isdecimal() and len(asked) < 19 else None)


def _waiting(review: Review, user):
    """What this person may still decide: the own organization's work is for others."""
    return review.queue(user).filter(is_decided=False).exclude(FollowUp.objects.owned_condition(user))


def _through(request, review: Review):
    if review.queue(request.user).filter(is_decided=False).exists():
        said = _("You have decided what you can. What is left is your own organization's work; others decide about it.")
    else:
        said = _("Everything in the queue is decided. The planner or the verifier closes the sitting.")
    messages.success(request, said)
    return redirect(review)


def _queue_page(request, review: Review, asked: int | None, form=None):
    user = request.user
    queue = review.queue(user)
    pk = asked or _waiting(review, user).next_due()
    if pk is None:
        return _through(request, review)
    follow_up = get_object_or_404(
        queue.select_related(*FOLLOW_UP_PARTS).prefetch_related("partners").defer("region__boundary"),
        pk=pk,
    )
    item = ReviewItem.objects.filter(review=review, follow_up=follow_up).select_related("by").first()
    since = review.since()
    evidence = list(
        Evidence.objects.visible_to(user).filter(follow_up=follow_up).select_related("submitted_by", "reviewed_by")
    )
    for one in evidence:
        one.follow_up = follow_up
        one.is_new = one.submitted_at >= since
        one.may_judge = may_judge(user, one)
    changes = list(
        FollowUpChange.objects.filter(follow_up=follow_up).select_related("by").order_by("-at", "-pk")[:MOST_CHANGES]
    )
    for change in changes:
        change.is_new = change.at >= since and change.verb not in ("create", "direct")
    numbers = queue.order_by().aggregate(
        total=Count("pk"),
        decided=Count("pk", filter=Q(is_decided=True)),
        before=Count("pk", filter=due_before(follow_up)),
    )
    previous, following = queue.previous_due(follow_up), queue.next_due(follow_up)
    context = {
        "review": review,
        "section": "reviews",
        "follow_up": follow_up,
        "reasons": reasons_of(follow_up),
        "item": item,
        "is_own": follow_up.is_owned_by(user),
        "form": form or forms.DecideForm(review=review, item=item, initial=_usual_day(review, item)),
        "numbers": list(enumerate(ReviewItem.Decision.labels, start=1)),
        "evidence": evidence,
        "changes": changes,
        "fundings": list(Funding.objects.visible_to(user).filter(follow_up=follow_up)),
        "earlier": ReviewItem.objects.visible_to(user)
        .filter(follow_up=follow_up, review__held_on__lt=review.held_on)
        .select_related("review")
        .order_by("-review__held_on")
        .first(),
        "place": numbers["before"] + 1,
        "total": numbers["total"],
        "decided": numbers["decided"],
        "previous_url": _item_url(review, previous) if previous else "",
        "next_url": _item_url(review, following) if following else "",
        "here": _item_url(review, pk),
        "today": timezone.localdate(),
    }
    return render(request, "agreements/review_queue.html", context)


def _usual_day(review: Review, item: ReviewItem | None) -> dict:
    return {} if item else {"next_check_on": review.held_on + timedelta(days=USUAL_DAYS)}


def _item_url(review: Review, pk: int) -> str:
    return f"{reverse('agreements:review_queue', args=[review.pk])}?item={pk}"


@require_POST
def review_decide(request, pk, follow_up):
    """Store one decision and go on to the next item that waits."""
    review = review_for(request, pk, MAY_DECIDE)
    one = get_object_or_404(FollowUp.objects.visible_to(request.user).select_related(*FOLLOW_UP_PARTS), pk=follow_up)
    item = ReviewItem.objects.filter(review=review, follow_up=one).first()
    form = forms.DecideForm(request.POST, review=review, item=item)
    if form.is_valid():
        words = form.cleaned_data
        try:
            review.decide(
                one,
                by=request.user,
                at=timezone.now(),
                decision=words["decision"],
                note=words["note"],
                next_check_on=words["next_check_on"],
                based_on=words["version"],
            )
        except Refused as refusal:
            form.add_error(None, refusal)
            now = ReviewItem.objects.filter(review=review, follow_up=one).first()
            form.data = form.data | {"version": now.version if now else 0}
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(
                request,
                _("%(what)s: %(decision)s.")
                % {"what": one.code or one.activity[:40], "decision": ReviewItem.Decision(words["decision"]).label},
            )
            return redirect(_after(review, request.user, one))
    review.refresh_from_db()
    if review.is_closed:
        messages.error(request, _("This sitting is closed; its decisions and dates stay as they are."))
        return redirect(review)
    return _queue_page(request, review, one.pk, form)


def _after(review: Review, user, decided: FollowUp) -> str:
    """The next item behind this one that this person may decide, else the first that was skipped, else the sitting."""
    waiting = _waiting(review, user)
    pk = waiting.next_due(decided) or waiting.next_due()
    return _item_url(review, pk) if pk else reverse("agreements:review_queue", args=[review.pk])
