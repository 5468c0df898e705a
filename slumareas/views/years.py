"""Assessment years and their verbs."""

from django import forms
from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Q, Sum
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.refusals import Refused
from slumareas.models import Assessment, AssessmentYear, Baseline
from slumareas.reading import length
from slumareas.views.access import require
from slumareas.views.places import IN_ORDER, ROWS_A_PAGE, incomplete_row

VERB_TEXTS = {
    "verify": (
        gettext_lazy("Verify the year"),
        gettext_lazy(
            "The results become visible to everyone who may read the programme. "
            "Rows can only be changed after the year is reopened."
        ),
        "check2-circle",
    ),
    "lock": (
        gettext_lazy("Lock the year"),
        gettext_lazy("The figures are final and are used in plans and reports. Reopening asks for a reason."),
        "lock",
    ),
    "reopen": (
        gettext_lazy("Reopen the year"),
        gettext_lazy(
            "The year becomes a draft again: rows can be changed, and the public does not see its results "
            "until it is verified again. The reason stays in the history."
        ),
        "unlock",
    ),
}


class ReasonForm(forms.Form):
    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 3}),
        error_messages={"required": gettext_lazy("Say why the year is reopened.")},
    )


def year_list(request):
    require(request.user, "slumareas.view_assessmentyear")
    years = list(AssessmentYear.objects.visible_to(request.user))
    counts = _counts(request.user, years)
    rows = [{"year": year, "counts": counts.get(year.pk)} for year in years]
    return render(request, "slumareas/year_list.html", {"rows": rows, "section": "years"})


def _counts(user, years) -> dict[int, dict]:
    """{year: how many rows, how many of them complete}: from the stored results of the villages, never from the rows."""
    results = Assessment.objects.visible_to(user).filter(assessment_year__in=years, level=Assessment.Level.VILLAGE)
    sums = (
        results.order_by()
        .values("assessment_year")
        .annotate(
            rows=Sum("unit_count"),
            complete=Sum("assessed_count"),
            made_up=Sum("unit_count", filter=Q(has_made_up=True)),
        )
    )
    return {
        one["assessment_year"]: {
            **one,
            "bar": length(one["complete"], one["rows"]),
            "missing": one["rows"] - one["complete"],
        }
        for one in sums
        if one["rows"]
    }


def _year_for(request, pk) -> AssessmentYear:
    return get_object_or_404(AssessmentYear.objects.visible_to(request.user), pk=pk)


def year_detail(request, pk):
    require(request.user, "slumareas.view_assessmentyear")
    year = _year_for(request, pk)
    incomplete = Baseline.objects.visible_to(request.user).filter(assessment_year=year, slum_class="")
    incomplete = incomplete.select_related("unit__region", "assessment_year", "slum_area").order_by(*IN_ORDER)
    paginator = Paginator(incomplete, ROWS_A_PAGE)
    page = paginator.get_page(request.GET.get("page"))
    sees_steps = request.user.has_perm("slumareas.view_yearstatuschange")
    context = {
        "year": year,
        "section": "years",
        "counts": _counts(request.user, [year]).get(year.pk),
        "steps": _steps(year),
        "actions": _actions(year, request.user),
        "status_changes": year.status_changes.select_related("by") if sees_steps else [],
        "sees_rows": request.user.has_perm("slumareas.view_baseline"),
        "lines": [incomplete_row(baseline) for baseline in page],
        "paginator": paginator,
        "page_obj": page,
        "is_paginated": page.has_other_pages(),
    }
    return render(request, "slumareas/year_detail.html", context)


def _steps(year: AssessmentYear) -> list[dict]:
    course = list(AssessmentYear.Status)
    here = course.index(year.status)
    return [
        {"label": status.label, "is_current": place == here, "is_done": place < here}
        for place, status in enumerate(course)
    ]


def _actions(year: AssessmentYear, user) -> list[dict]:
    return [
        {"verb": verb, "label": label, "icon": icon}
        for verb, (label, _explanation, icon) in VERB_TEXTS.items()
        if year.can(verb) and user.has_perm(permission_for(verb))
    ]


def permission_for(verb: str) -> str:
    return f"slumareas.{verb}_assessmentyear"


def year_verify(request, pk):
    return _verb(request, pk, "verify")


def year_lock(request, pk):
    return _verb(request, pk, "lock")


def year_reopen(request, pk):
    return _verb(request, pk, "reopen")


def _verb(request, pk, verb: str):
    """A page that says what will happen, and the button that does it."""
    year = _year_for(request, pk)
    require(request.user, permission_for(verb))
    needs_reason = AssessmentYear.TRANSITIONS[verb][2]
    form = ReasonForm(request.POST or None) if needs_reason else None
    if request.method == "POST" and (form is None or form.is_valid()):
        reason = {"reason": form.cleaned_data["reason"]} if form else {}
        try:
            getattr(year, verb)(by=request.user, at=timezone.now(), **reason)
        except Refused as refusal:
            messages.error(request, refusal.sentence)
        else:
            messages.success(request, _("The year is now “%(status)s”.") % {"status": year.get_status_display()})
        return redirect(year)
    title, explanation, _icon = VERB_TEXTS[verb]
    context = {
        "year": year,
        "section": "years",
        "form": form,
        "title": title,
        "explanation": explanation,
        "verb": verb,
        "possible": year.can(verb),
        "counts": _counts(request.user, [year]).get(year.pk),
    }
    return render(request, "slumareas/year_verb.html", context)
