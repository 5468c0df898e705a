"""Pages that belong to no single app: home, the account, the colours, the state of the service."""

from datetime import timedelta
from itertools import chain

from csp.constants import SELF, UNSAFE_INLINE
from csp.decorators import csp_update
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import Count, Q
from django.http import Http404, HttpResponse, JsonResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST
from drf_spectacular.views import SpectacularSwaggerSplitView

from agreements import calendars as agreement_calendar
from agreements.models import AgreementRecord, Evidence, FollowUp, RaisedEntry, Review
from agreements.models.follow_ups import DUE_SOON_DAYS
from core.calendars import calendar_file
from core.forms import PauseForm
from core.models import User
from kotaku import health
from kotaku.handover import waiting_for
from kotaku.navigation import THEMES
from slumareas.models import Assessment, AssessmentYear, Baseline
from workshops import calendars as workshop_calendar
from workshops.models import Workshop


def home(request):
    """What waits for this person, and what comes next."""
    today = timezone.localdate()
    visible = Workshop.objects.visible_to(request.user)
    return render(
        request,
        "home.html",
        {
            "today": today,
            "now_on": visible.filter(status=Workshop.Status.IN_PROGRESS),
            "coming": visible.filter(
                held_on__gte=today, status__in=[Workshop.Status.DRAFT, Workshop.Status.INVITED]
            ).order_by("held_on")[:5],
            "to_close": visible.filter(status=Workshop.Status.CORRECTION).order_by("held_on")[:5],
            "reports_overdue": visible.report_overdue(today).order_by("held_on")[:5],
            "recent": visible.filter(status=Workshop.Status.CLOSED)[:5],
            **_slum_areas(request.user),
            **_agreements(request.user, today),
            "handover": waiting_for(request.user),
        },
    )


def _slum_areas(user) -> dict:
    """The latest results of the regency that this person may see, and the rows that wait for figures."""
    results = Assessment.objects.visible_to(user).filter(level=Assessment.Level.REGENCY, unit_count__gt=0)
    latest = (
        results.select_related("assessment_year")
        .order_by("-assessment_year__year", "assessment_year__rule_set")
        .first()
    )
    incomplete = Baseline.objects.visible_to(user).filter(
        slum_class="", assessment_year__status=AssessmentYear.Status.DRAFT
    )
    return {
        "slum_result": latest,
        "slum_hectares": latest and latest.slum_hectares("a"),
        "incomplete": incomplete.select_related("unit__region", "assessment_year").order_by(
            "-assessment_year__year", "pk"
        )[:5],
    }


MOST_WAITING = 5


def _agreements(user, today) -> dict:
    """What waits for this person: as the owner of follow-ups, as a reviewer, as the one who plans."""
    visible = FollowUp.objects.visible_to(user).select_related("agreement", "responsible_organization")
    context = {}
    if user.has_perm("agreements.report_followup") and user.role not in (user.Role.ADMIN, user.Role.PLANNER):
        mine = visible.owned_by(user)
        pressing = mine.open().filter(due_on__lte=today + timedelta(days=DUE_SOON_DAYS)).with_facts(today)
        context["my_follow_ups"] = pressing.order_by("due_on", "pk")[:MOST_WAITING]
        context["my_open_count"] = mine.open().count()
        returned = Evidence.objects.visible_to(user).filter(follow_up__in=mine.open(), status=Evidence.Status.RETURNED)
        context["my_returned"] = returned.select_related("follow_up__agreement").order_by("-reviewed_at")[:MOST_WAITING]
    if user.has_perm("agreements.review_evidence"):
        waiting = Evidence.objects.reviewable_by(user).select_related("follow_up__agreement")
        context["to_judge"] = waiting.order_by("submitted_at")[:MOST_WAITING]
        context["open_sittings"] = Review.objects.visible_to(user).filter(status=Review.Status.OPEN)[:MOST_WAITING]
    if user.has_perm("agreements.add_followup"):
        context["unanswered_count"] = RaisedEntry.objects.visible_to(user).unanswered().count()
        unsigned = AgreementRecord.objects.visible_to(user).filter(status=AgreementRecord.Status.SIGNING)
        context["unsigned_records"] = unsigned.select_related("workshop").annotate(
            waiting=Count("signatories", filter=Q(signatories__state__in=("pending", "delegated")))
        )[:MOST_WAITING]
    if user.has_perm("agreements.publish_agreementrecord"):
        signed = AgreementRecord.objects.visible_to(user).filter(status=AgreementRecord.Status.SIGNING)
        answered = signed.exclude(signatories__state__in=("pending", "delegated"))
        context["records_to_publish"] = answered.select_related("workshop")[:MOST_WAITING]
    if user.has_perm("agreements.view_followup"):
        context["follow_up_counts"] = FollowUp.objects.visible_to(user).counts(today)
    return context


@login_not_required
@require_POST
def set_theme(request):
    """Remember light, dark, or as the device prefers."""
    target = request.POST.get("next", "/")
    if not url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()):
        target = "/"
    response = redirect(target)
    if request.POST.get("theme") in THEMES:
        response.set_cookie(
            "theme",
            request.POST["theme"],
            max_age=settings.LANGUAGE_COOKIE_AGE,
            secure=settings.HTTPS,
            httponly=True,
            samesite="Lax",
        )
    return response


@method_decorator(csp_update({"style-src": [SELF, UNSAFE_INLINE]}), name="dispatch")
class ApiDocs(SpectacularSwaggerSplitView):
    """The reading page of the API. The package draws with style attributes, which only this page allows."""


def account(request):
    """The person's own account: what it may do, its calendar address, its second factor."""
    feed_url = request.build_absolute_uri(reverse("feed", args=[request.user.feed_secret]))
    context = {"feed_url": feed_url, "pause": PauseForm(initial={"until": request.user.reminders_paused_until})}
    return render(request, "account.html", context)


@require_POST
def pause_reminders(request):
    form = PauseForm(request.POST)
    if form.is_valid():
        request.user.pause_reminders(form.cleaned_data["until"])
        messages.success(request, form.said())
    else:
        messages.error(request, " ".join(sentence for errors in form.errors.values() for sentence in errors))
    return redirect("account")


@login_not_required
def feed(request, secret):
    """What the owner of the address may see: workshops, cancelled ones included, and the due dates of what the own
    organization or village has to do. The address is the key."""
    user = User.from_feed_secret(secret)
    if user is None:
        raise Http404
    here = {"host": request.get_host(), "scheme": request.scheme}
    workshops = workshop_calendar.with_revisions(Workshop.objects.visible_to(user))
    due = agreement_calendar.due_dates_of(user, timezone.localdate())
    events = chain(workshop_calendar.events(workshops, **here), agreement_calendar.events(due, **here))
    response = HttpResponse(calendar_file(events, name="kotaku"), content_type="text/calendar; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="kotaku.ics"'
    return response


@require_POST
def renew_feed(request):
    request.user.renew_feed()
    messages.success(request, _("The calendar has a new address; the old one no longer works."))
    return redirect("account")


@login_not_required
@never_cache
def healthz(request):
    """Answers 200 where the database answers, 503 where it does not, and tells the rest."""
    told = health.report()
    return JsonResponse(told, status=503 if told["status"] == health.FAILED else 200)
