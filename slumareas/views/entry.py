"""Forms: areas, boundaries, neighbourhoods, baselines, works.

Every POST judges and stores behind one lock, so that of two people saving at once the second is told.
"""

from django.contrib import messages
from django.db import transaction
from django.db.models import Exists, OuterRef
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.formats import number_format
from django.utils.http import urlencode
from django.utils.translation import gettext as _

from core.refusals import Refused
from slumareas import forms, geo, scoring
from slumareas.models import (
    AreaBoundary,
    Assessment,
    AssessmentYear,
    Baseline,
    NeighbourhoodUnit,
    SlumArea,
    Work,
)
from slumareas.views.access import area_for, require


def _found(queryset, pk):
    """A row by the number that an address or a query string names, or 404."""
    if not str(pk).isdecimal() or len(str(pk)) > 18:
        raise Http404
    return get_object_or_404(queryset, pk=pk)


def _held(instance):
    """The row as it stands now, held until the transaction ends."""
    return get_object_or_404(type(instance).objects.select_for_update(), pk=instance.pk)


def _posted(request):
    return request.POST if request.method == "POST" else None


# --- areas -------------------------------------------------------------------------------------------------
def area_create(request):
    require(request.user, "slumareas.add_slumarea")
    return _area_form(request, SlumArea())


def area_edit(request, slug):
    return _area_form(request, area_for(request, slug, "slumareas.change_slumarea"))


@transaction.atomic
def _area_form(request, area):
    is_new = area.pk is None
    if request.method == "POST" and not is_new:
        area = _held(area)
    title = area.name
    form = forms.AreaForm(_posted(request), instance=area)
    rows = forms.DecreeFormSet(_posted(request), instance=area)
    decree = forms.NewDecreeForm(_posted(request))
    if request.method == "POST" and all([form.is_valid(), rows.is_valid(), decree.is_valid()]):
        form.save()
        rows.save()
        decree.save_for(area)
        if is_new:
            messages.success(request, _("The area is saved. Next: its boundary and its neighbourhoods."))
        else:
            messages.success(request, _("Saved."))
        return redirect(area)
    context = {"area": area, "title": title, "form": form, "rows": rows, "decree": decree, "is_new": is_new}
    return render(request, "slumareas/area_form.html", context | {"section": "areas"})


# --- boundaries --------------------------------------------------------------------------------------------
def area_boundaries(request, slug):
    area = area_for(request, slug, "slumareas.view_areaboundary")
    if request.method == "POST":
        require(request.user, "slumareas.add_areaboundary")
    form = None
    if request.user.has_perm("slumareas.add_areaboundary"):
        form = forms.BoundaryForm(_posted(request), request.FILES, area=area)
        with transaction.atomic():
            if request.method == "POST" and _held(area) and form.is_valid():
                boundary = form.save()
                _tell_boundary(request, boundary, form.notes)
                return redirect("slumareas:area_boundaries", slug)
    context = {"area": area, "form": form, "section": "areas", **_boundaries(area, request.user)}
    return render(request, "slumareas/entry_boundaries.html", context)


def _tell_boundary(request, boundary: AreaBoundary, notes: list[str]) -> None:
    words = {"hectares": number_format(boundary.area_ha, decimal_pos=2), "year": boundary.year}
    messages.success(request, _("The boundary from %(year)s on is stored: %(hectares)s ha.") % words)
    for note in notes:
        messages.info(request, note)


PICTURE = 320, 240


def _boundaries(area: SlumArea, user) -> dict:
    """The outlines with the hectares measured in their years, and their picture."""
    outlines = list(area.boundaries.order_by("-year"))
    results = Assessment.objects.visible_to(user).filter(slum_area=area).exclude(verified_area_ha=None)
    measured = list(
        results.order_by("-assessment_year__year", "assessment_year__rule_set").values_list(
            "assessment_year__year", "verified_area_ha"
        )
    )
    rows, until = [], None
    for outline in outlines:
        within = [row for row in measured if row[0] >= outline.year and (until is None or row[0] < until)]
        year, hectares = within[0] if within else (None, None)
        difference = outline.area_ha - hectares if within else None
        rows.append({"outline": outline, "year": year, "hectares": hectares, "difference": difference})
        until = outline.year
    if not outlines:
        return {"boundaries": []}
    fine = geo.simplified({str(one.pk): one.geometry for one in outlines}, 0.00001, 6)
    drawn = geo.svg_paths(fine, *PICTURE, margin=12)
    metres, length = drawn.scale_bar
    for row in rows:
        row["path"] = drawn.paths[str(row["outline"].pk)]
    return {
        "boundaries": rows,
        "picture": {
            "width": PICTURE[0], "height": PICTURE[1], "metres": metres, "bar": f"M12,{PICTURE[1] - 8}h{length:.1f}",
        },
    }  # fmt: skip


def boundary_delete(request, slug, pk):
    area = area_for(request, slug, "slumareas.view_areaboundary")
    boundary = get_object_or_404(area.boundaries, pk=pk)
    require(request.user, "slumareas.delete_areaboundary")
    back = reverse("slumareas:area_boundaries", args=[slug])
    if request.method == "POST":
        boundary.delete()
        messages.success(request, _("The boundary is deleted."))
        return redirect(back)
    sentence = _("The boundary from %(year)s on is deleted; the map shows the one before it, if there is one.")
    return _ask_delete(request, area.name, _("Delete the boundary"), sentence % {"year": boundary.year}, back)


def _ask_delete(request, subject, title, sentence, back):
    context = {"subject": subject, "title": title, "sentence": sentence, "back": back, "section": "areas"}
    return render(request, "slumareas/entry_delete.html", context)


# --- neighbourhoods ----------------------------------------------------------------------------------------
def _visible_units(user):
    """With their places, but without the outlines, which no form shows."""
    units = NeighbourhoodUnit.objects.visible_to(user).select_related("region__parent", "slum_area")
    return units.defer("boundary", "region__boundary", "region__parent__boundary")


def neighbourhood_create(request):
    require(request.user, "slumareas.add_neighbourhoodunit")
    villages = forms.villages_for(request.user)
    chosen = villages.filter(code=request.GET.get("village") or "-").first()
    if chosen is None and request.user.role == request.user.Role.VILLAGE_USER and villages.count() == 1:
        chosen = villages.get()
    unit = NeighbourhoodUnit(region=chosen) if chosen else NeighbourhoodUnit()
    form = forms.NeighbourhoodForm(
        _posted(request), instance=unit, user=request.user, initial={"region": chosen and chosen.code}
    )
    if request.method == "POST" and form.is_valid():
        form.save()
        messages.success(request, _("%(unit)s is saved.") % {"unit": unit})
        if "again" in request.POST:
            query = urlencode({"village": unit.region.code})
            return redirect(f"{reverse('slumareas:neighbourhood_create')}?{query}")
        return redirect(unit)
    context = {"form": form, "is_new": True, "section": "villages"}
    return render(request, "slumareas/entry_neighbourhood.html", context)


def neighbourhood_edit(request, pk):
    unit = _found(_visible_units(request.user), pk)
    require(request.user, "slumareas.change_neighbourhoodunit")
    title = str(unit)
    with transaction.atomic():
        if request.method == "POST":
            unit = _held(unit)
        form = forms.NeighbourhoodForm(_posted(request), instance=unit, user=request.user)
        if request.method == "POST" and form.is_valid():
            form.save()
            messages.success(request, _("%(unit)s is saved.") % {"unit": unit})
            return redirect(unit)
    context = {"form": form, "unit": unit, "title": title, "section": "villages"}
    return render(request, "slumareas/entry_neighbourhood.html", context)


# --- baselines ---------------------------------------------------------------------------------------------
def baseline_create(request):
    chosen = request.GET.get("unit")
    unit = _found(_visible_units(request.user), chosen) if chosen else None
    require(request.user, "slumareas.add_baseline")
    start = forms.BaselineStartForm(request.GET, user=request.user, unit=unit)
    if not (unit and "year" in request.GET and start.is_valid()):
        return _start(request, start, _("Enter a baseline"), is_asked="year" in request.GET or unit)
    year = start.cleaned_data["assessment_year"]
    if request.method == "POST":
        return _baseline_post(request, Baseline(unit=unit), year)
    existing = Baseline.objects.filter(unit=unit, assessment_year=year).first() if year.pk else None
    if existing:
        messages.info(request, _("This neighbourhood already has numbers for this year; here they are."))
        return redirect("slumareas:baseline_edit", existing.pk)
    try:
        year.require_draft()
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect(unit)
    baseline = Baseline(unit=unit, assessment_year=year)
    initial = {}
    if "take" in request.GET and (previous := baseline.previous()):
        initial = {key: value for key, value in previous.values.items() if value is not None}
    return _baseline_page(request, forms.BaselineForm(instance=baseline, initial=initial))


def _with_places(baselines):
    return baselines.select_related("unit__region", "unit__slum_area", "assessment_year").defer(
        "unit__boundary", "unit__region__boundary"
    )


def baseline_edit(request, pk):
    baselines = Baseline.objects.visible_to(request.user)
    baseline = _found(_with_places(baselines), pk)
    require(request.user, "slumareas.change_baseline")
    if request.method == "POST":
        return _baseline_post(request, baseline, baseline.assessment_year)
    try:
        baseline.assessment_year.require_draft()
    except Refused as refusal:
        messages.error(request, refusal.sentence)
        return redirect(baseline)
    return _baseline_page(request, forms.BaselineForm(instance=baseline))


def _baseline_post(request, baseline: Baseline, year: AssessmentYear):
    """Judged and stored behind the year's lock; whatever is refused leaves nothing, not even a new year."""
    refusal = None
    with transaction.atomic():
        try:
            baseline.assessment_year = AssessmentYear.lock_for_change(year.year, year.rule_set)
        except Refused as error:
            baseline.assessment_year, refusal = year, error
        else:
            if baseline.pk:
                baseline = _held(baseline)
            baseline.unit = _found(_visible_units(request.user), baseline.unit_id)
        form = forms.BaselineForm(request.POST, request.FILES, instance=baseline)
        if refusal is None and form.is_unchanged():
            messages.info(request, _("Nothing was changed: these numbers are stored already."))
            return redirect(baseline)
        if refusal is None and form.is_valid():
            form.save()
            _tell_baseline(request, baseline)
            return redirect(_next_baseline(request, baseline))
        transaction.set_rollback(True)
    return _baseline_page(request, form, refusal)


def _tell_baseline(request, baseline: Baseline) -> None:
    words = {"unit": baseline.unit.label, "total": baseline.total}
    if baseline.total is None:
        messages.success(request, _("%(unit)s is saved. There is no class yet: numbers are missing.") % words)
        return
    words["name"] = scoring.SLUM_CLASSES[baseline.slum_class]
    messages.success(request, _("%(unit)s is saved: %(total)s points, %(name)s.") % words)


def _next_baseline(request, baseline: Baseline):
    """Its page, or the form of the next neighbourhood of the village that has no numbers yet."""
    if "next" not in request.POST:
        return baseline.get_absolute_url()
    year = baseline.assessment_year
    entered = year.baselines.filter(unit=OuterRef("pk"))
    waiting = NeighbourhoodUnit.objects.visible_to(request.user).filter(region=baseline.unit.region_id)
    unit = waiting.exclude(Exists(entered)).exclude(rw="", rt="").order_by("rw", "rt").first()
    if unit is None:
        messages.info(request, _("All neighbourhoods of this village have numbers for this year."))
        return baseline.get_absolute_url()
    query = urlencode({"unit": unit.pk, "year": year.year, "rule_set": year.rule_set})
    return f"{reverse('slumareas:baseline_create')}?{query}"


def _baseline_page(request, form: forms.BaselineForm, refusal: Refused | None = None):
    baseline = form.instance
    form.is_valid()  # so that all findings stand at their fields, also where the year was refused
    result = form.result()
    take = {"unit": baseline.unit_id, "year": baseline.assessment_year.year, "rule_set": form.rules.key, "take": 1}
    context = {
        "form": form,
        "baseline": baseline,
        "unit": baseline.unit,
        "year": baseline.assessment_year,
        "refusal": refusal,
        "photo_was_sent": "photo" in request.FILES,
        "wholes": form.wholes(),
        "aspects": form.aspects(result),
        "open_space": form.open_space(),
        "result": result,
        "assessed": len(result.score) - len(result.not_assessed),
        "take_query": urlencode(take),
        "scheme": form.scheme(),
        "previous": form.previous,
        "section": "villages",
    }
    return render(request, "slumareas/baseline_form.html", context)


def baseline_delete(request, pk):
    baselines = Baseline.objects.visible_to(request.user)
    baseline = _found(_with_places(baselines), pk)
    require(request.user, "slumareas.delete_baseline")
    if request.method == "POST":
        try:
            baseline.delete()
        except Refused as refusal:
            messages.error(request, refusal.sentence)
            return redirect(baseline)
        messages.success(request, _("The baseline is deleted."))
        return redirect(baseline.unit)
    sentence = _("The numbers of %(unit)s for %(year)s are deleted; all sums are computed again without them.")
    words = {"unit": baseline.unit, "year": baseline.assessment_year}
    return _ask_delete(
        request, str(baseline.unit), _("Delete the baseline"), sentence % words, baseline.get_absolute_url()
    )


def baseline_photo(request, pk):
    """The picture itself, with the rights of its baseline; never from an address of its own."""
    baseline = _found(Baseline.objects.visible_to(request.user), pk)
    if not baseline.photo:
        raise Http404
    try:
        response = FileResponse(baseline.photo.open("rb"))
    except FileNotFoundError as error:
        raise Http404 from error
    response["Cache-Control"] = "private, no-cache"
    return response


def _start(request, start: forms.StartForm, title: str, is_asked: bool):
    """Which neighbourhood, which year; nothing is marked as missing before it was asked for."""
    if not is_asked:
        start.errors.clear()
    return render(request, "slumareas/entry_start.html", {"form": start, "title": title, "section": "villages"})


# --- works -------------------------------------------------------------------------------------------------
def work_create(request):
    chosen = request.GET.get("unit")
    unit = _found(_visible_units(request.user), chosen) if chosen else None
    require(request.user, "slumareas.add_work")
    if unit is None:
        start = forms.StartForm(request.GET, user=request.user)
        return _start(request, start, _("Record works"), is_asked=False)
    initial = {"year": request.GET.get("year", "")}
    form = forms.WorkForm(_posted(request), instance=Work(unit=unit), user=request.user, initial=initial)
    return _work_form(request, form, unit)


def work_edit(request, pk):
    work = _found(Work.objects.visible_to(request.user).select_related("unit__region__parent"), pk)
    require(request.user, "slumareas.change_work")
    with transaction.atomic():
        if request.method == "POST":
            work = _held(work)
        return _work_form(request, forms.WorkForm(_posted(request), instance=work, user=request.user), work.unit)


def _work_form(request, form: forms.WorkForm, unit: NeighbourhoodUnit):
    work, is_new = form.instance, form.instance.pk is None
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
        except Refused as refusal:
            form.add_error("year", refusal.sentence)
        else:
            messages.success(request, _("The works are saved."))
            return redirect(work.unit)
    context = {"form": form, "work": work, "unit": unit, "is_new": is_new, "section": "villages"}
    return render(request, "slumareas/work_form.html", context)


def work_delete(request, pk):
    work = _found(Work.objects.visible_to(request.user).select_related("unit__region"), pk)
    require(request.user, "slumareas.delete_work")
    unit = work.unit
    if request.method == "POST":
        try:
            work.delete()
        except Refused as refusal:
            messages.error(request, refusal.sentence)
        else:
            messages.success(request, _("The works are deleted."))
        return redirect(unit)
    sentence = _("“%(work)s” is deleted; what caused the change of slum hectares is computed again.") % {"work": work}
    return _ask_delete(request, str(unit), _("Delete the works"), sentence, unit.get_absolute_url())
