"""Baselines from files: send one, look at what was understood, mend, store, take back."""

import re
from datetime import timedelta

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.http import FileResponse, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.timesince import timesince
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from core.jobs import Job, has_worker
from core.models import Region
from core.refusals import Refused
from core.spreadsheet import Xlsx
from slumareas import checking
from slumareas.exporting import FORMATS
from slumareas.forms import BlankWorkbookForm, ImportForm, ReasonToStoreForm
from slumareas.importing import doors
from slumareas.importing.exports import export, template
from slumareas.importing.headings import MADE_UP
from slumareas.importing.importer import proposed, workbook_of_errors
from slumareas.importing.preview import ROWS_A_PAGE, STATES, read_rows, read_summary
from slumareas.importing.tables import MAPPABLE, QUANTITIES
from slumareas.models import AssessmentYear, Import
from slumareas.models.imports import nothing_typed
from slumareas.views.access import require

IMPORTS_A_PAGE = 20


def import_list(request):
    """The files that came in, and the form for the next one."""
    require(request.user, "slumareas.view_import")
    may_add = request.user.has_perm("slumareas.add_import")
    form = ImportForm(request.POST or None, request.FILES or None) if may_add else None
    if request.method == "POST":
        require(request.user, "slumareas.add_import")
        if form.is_valid():
            try:
                sent = doors.send(
                    form.cleaned_data["file"],
                    year=form.cleaned_data["year"],
                    rule_set=form.cleaned_data["rule_set_named"],
                    region=form.cleaned_data["region"],
                    by=request.user,
                    address=_address(request),
                )
                if sent.is_known:
                    messages.info(request, _("You sent this file before and it still waits. Here it is."))
                return redirect(sent.record)
            except ValidationError as refused:
                form.add_error(None, refused)
    records = Import.objects.visible_to(request.user).select_related("by", "region")
    page = Paginator(records, IMPORTS_A_PAGE).get_page(request.GET.get("page"))
    context = {
        "form": form,
        "blank_form": BlankWorkbookForm(),
        "page_obj": page,
        "paginator": page.paginator,
        "is_paginated": page.has_other_pages(),
        "section": "imports",
    }
    return render(request, "slumareas/import_list.html", context, status=400 if form and form.errors else 200)


def _address(request):
    """For mails, which are read outside the site."""
    return lambda record: request.build_absolute_uri(record.get_absolute_url())


def import_detail(request, pk):
    return _shown(request, _record(request, pk))


def _record(request, pk: int, permission: str | None = None) -> Import:
    record = get_object_or_404(
        Import.objects.visible_to(request.user).select_related("by", "undone_by", "region"), pk=pk
    )
    require(request.user, permission)
    return record


def _shown(request, record: Import, *, form=None, sentence: str = "", status: int = 200):
    summary = read_summary(record) if record.preview else None
    job = record.latest_job()
    tiles = [(key, label, record.counts.get(key, 0)) for key, label in TILES.items()]
    if record.state in (Import.State.RECEIVED, Import.State.REFUSED):
        tiles = []
    context = {"record": record, "summary": summary, "sentence": sentence, "tiles": tiles, **_job_context(request, job)}
    if summary and not context["is_busy"]:
        context |= _rows_context(request, record, summary)
    may_decide = (
        record.state == Import.State.PREVIEWED
        and not context["is_busy"]
        and request.user.has_perm("slumareas.add_import")
    )
    may_discard = record.state in Import.NEVER_STORED and request.user.has_perm("slumareas.delete_import")
    context |= {
        "may_decide": may_decide,
        "may_discard": may_discard and not context["is_busy"],
        "has_typed": record.typed != nothing_typed(),
        "form": form or ReasonToStoreForm(),
    }
    return render(request, "slumareas/import_detail.html", context, status=status)


def _job_context(request, job: Job | None) -> dict:
    now = timezone.now()
    is_busy = bool(job and job.is_open)
    return {
        "job": job,
        "is_busy": is_busy,
        "lacks_worker": is_busy and not has_worker(now),
        "waited": job and _waited(job, now),
        "may_stop": is_busy and not job.is_stop_asked and request.user.has_perm("slumareas.add_import"),
    }


def _waited(job: Job, now) -> str:
    return timesince(job.asked_at, now) if now - job.asked_at >= timedelta(minutes=1) else _("less than a minute")


def _rows_context(request, record: Import, summary: dict) -> dict:
    numbers = summary["numbers"]
    state = request.GET.get("state")
    if state not in STATES or not numbers[state]:
        state = next((one for one in STATES if numbers[one]), STATES[0])
    pages = Paginator(range(numbers[state]), ROWS_A_PAGE)
    page = pages.get_page(request.GET.get("page"))
    rows = read_rows(record, state, page.number) if numbers[state] else []
    mapping, decisions = proposed(record)
    _label(rows, decisions["cells"])
    return {
        "state": state,
        "states": [(one, STATE_LABELS[one], numbers[one]) for one in STATES if numbers[one]],
        "rows": rows,
        "page_obj": page,
        "paginator": pages,
        "is_paginated": page.has_other_pages(),
        "villages": [
            (name, _choices(told), decisions["villages"].get(name, "")) for name, told in summary["villages"].items()
        ],
        "columns": [_column_choices(one, mapping) for one in summary["columns"]],
    }


TILES = {
    "new": gettext_lazy("new rows"),
    "changed": gettext_lazy("changed rows"),
    "unchanged": gettext_lazy("unchanged rows"),
    "errors": gettext_lazy("rows with errors"),
    "warnings": gettext_lazy("warnings"),
    "ignored": gettext_lazy("rows that are no data"),
}
STATE_LABELS = {
    "error": gettext_lazy("with errors"),
    "warning": gettext_lazy("with warnings"),
    "changed": gettext_lazy("changed"),
    "new": gettext_lazy("new"),
    "unchanged": gettext_lazy("unchanged"),
}


def _label(rows: list[dict], typed: dict[str, dict[str, str]]) -> None:
    """Names for codes, and what is said brought together by cell: one place to mend each."""
    names = dict(Region.objects.filter(code__in={row["region"] for row in rows}).values_list("code", "name"))
    for row in rows:
        row["village"] = names.get(row["region"])
        fixed = typed.get(row["sheet"], {})
        cells = {}
        for finding in sorted(row["findings"], key=lambda one: one["severity"]):  # errors first
            cell = cells.setdefault((finding["cell"], finding["field"]), {"findings": []})
            cell["findings"].append(finding)
            cell["cell"] = finding["cell"]
            cell["label"] = _field_label(finding)
            cell["typed"] = fixed.get(finding["cell"], finding["value"] or "")
        row["cells"] = list(cells.values())
        row["changes"] = [_change(key, before, now) for key, (before, now) in row["changes"].items()]


def _change(key: str, before, now) -> tuple:
    if key == MADE_UP:
        return _("Made-up figures"), *(_("yes") if one else _("no") for one in (before, now))
    return checking.label_of(key), before, now


# What else than a figure can be mended at its cell.
IDENTITY_LABELS = {
    "no_identity": gettext_lazy("Village, RW and RT"),
    "date_in_cell": "RT",
    "unknown_region": gettext_lazy("Village"),
}


def _field_label(finding: dict):
    if finding["field"] in QUANTITIES:
        return checking.label_of(finding["field"])
    return IDENTITY_LABELS.get(finding["code"], "")


def _choices(told: str) -> list[tuple[str, str]]:
    """The codes that a sentence names, as (code, words)."""
    codes = re.findall(r"[0-9]{2}\.[0-9]{2}\.[0-9]{2}\.[0-9]{4}", told)
    names = dict(Region.objects.filter(code__in=codes).values_list("code", "name"))
    return [(code, f"{names.get(code, '')} ({code})") for code in codes]


def _column_choices(one: dict, mapping: list[dict]) -> dict:
    """Fields that no column was found for, with their words, and what was chosen so far."""
    said = next((known for known in mapping if known["sheet"] == one["sheet"]), {})
    chosen = {letter: key for key, letter in said.get("columns", {}).items()}
    chosen |= dict.fromkeys(said.get("ignored", []), "ignored")
    columns = [{**column, "chosen": chosen.get(column["column"], "")} for column in one["unmapped"]]
    return {**one, "unmapped": columns, "fields": [(key, checking.label_of(key)) for key in one["missing"]]}


# --- deciding --------------------------------------------------------------------------------------------
@require_POST
def import_look(request, pk):
    """What a person said about cells, villages and columns; then the file is looked at again."""
    record = _record(request, pk, "slumareas.add_import")
    record.require_waiting()
    record.require_idle()
    record.typed = nothing_typed() if "forget" in request.POST else _typed(request.POST, record)
    record.save(update_fields=["typed"])
    back = f"{record.get_absolute_url()}?{request.GET.urlencode()}" if request.GET else record.get_absolute_url()
    if "forget" in request.POST:
        messages.success(request, _("What you typed last was left out."))
        return redirect(back)
    try:
        job = doors.look(record, by=request.user, address=_address(request))
    except ValidationError as refused:
        record.refresh_from_db()
        return _shown(request, record, sentence=refused.messages[0], status=400)
    if job is None:
        messages.success(request, _("Looked at again with your corrections."))
    return redirect(back)


def _typed(posted, record: Import) -> dict:
    """What was typed now, with what was typed before and not accepted yet."""
    typed = nothing_typed() | record.typed
    for name, value in posted.items():
        kind, _colon, about = name.partition(":")
        if kind == "village" and value:
            typed["villages"][about] = value
        elif kind == "cell" and value != posted.get(f"was:{about}", ""):
            sheet, _mark, cell = about.rpartition("!")
            typed["cells"].setdefault(sheet, {})[cell] = value
    mapped = _mapped(posted, record)
    sheets = {one["sheet"] for one in mapped}
    typed["mapping"] = [*(one for one in typed["mapping"] if one["sheet"] not in sheets), *mapped]
    return typed


def _mapped(posted, record: Import) -> list[dict]:
    """The mapping that follows from the choices for columns; empty where nothing was chosen."""
    found = []
    for one in read_summary(record)["columns"] if record.preview else ():
        columns, ignored = {}, []
        for column in one["unmapped"]:
            chosen = posted.get(f"column:{one['sheet']}!{column['column']}", "")
            if chosen == "ignored":
                ignored.append(column["column"])
            elif chosen in MAPPABLE:
                columns[chosen] = column["column"]
        if columns or ignored:
            found.append({"sheet": one["sheet"], "columns": columns, "ignored": ignored})
    return found


@require_POST
def import_apply(request, pk):
    record = _record(request, pk, "slumareas.add_import")
    form = ReasonToStoreForm(request.POST)
    if not form.is_valid():
        return _shown(request, record, form=form, status=400)
    try:
        job = doors.apply(record, **form.cleaned_data, by=request.user, address=_address(request))
    except Refused as refused:
        record.refresh_from_db()
        return _shown(request, record, form=form, sentence=refused.sentence, status=409)
    except ValidationError as refused:
        form.add_error(None, refused)
        return _shown(request, record, form=form, status=400)
    if job is None:
        messages.success(request, _("Stored. The results of the year follow from the new figures."))
    return redirect(record)


@require_POST
def import_explain(request, pk):
    """Has the workbook with the reasons made for a large file."""
    record = _record(request, pk, "slumareas.add_import")
    doors.explain(record, by=request.user, address=_address(request))
    return redirect(record)


@require_POST
def import_stop(request, pk):
    """What the background worker does about this file ends, and changes nothing."""
    record = _record(request, pk, "slumareas.add_import")
    job = record.latest_job()
    if job is None:
        raise Refused(_("This work has ended already."))
    job.stop()
    messages.info(request, _("The work stops."))
    return redirect(record)


def import_progress(request, pk):
    """For the page that waits: how far the work about this file is."""
    record = _record(request, pk)
    job = record.latest_job()
    told = {"is_open": False}
    if job and job.is_open:
        told = {
            "is_open": True,
            "step": job.step_label or job.get_state_display(),
            "done": job.done,
            "total": job.total,
            "lacks_worker": not has_worker(timezone.now()),
        }
    return JsonResponse(told, headers={"Cache-Control": "no-store"})


def import_undo(request, pk):
    record = _record(request, pk, "slumareas.undo_import")
    if request.method == "POST":
        if doors.undo(record, by=request.user, address=_address(request)) is None:
            record.refresh_from_db()
            told = record.undo_result
            words = {"undone": told["undone"], "kept": len(told["kept"])}
            messages.success(request, _("%(undone)s rows taken back, %(kept)s kept.") % words)
        return redirect(record)
    return render(request, "slumareas/import_undo.html", {"record": record})


def import_delete(request, pk):
    """A file that was looked at and never stored."""
    record = _record(request, pk, "slumareas.delete_import")
    record.require_never_stored()
    if request.method == "POST":
        record.discard()
        messages.success(request, _("The file was discarded; nothing of it was stored."))
        return redirect("slumareas:import_list")
    return render(request, "slumareas/import_delete.html", {"record": record})


# --- files -----------------------------------------------------------------------------------------------
def import_file(request, pk):
    record = _record(request, pk)
    return FileResponse(record.file.open("rb"), as_attachment=True, filename=record.file_name)


def import_errors(request, pk):
    """The workbook with the reasons; that of a large file is made in the background first."""
    record = _record(request, pk, "slumareas.add_import")
    record.require_previewed()
    name = f"{record.file_name.rpartition('.')[0] or record.file_name}-diperiksa.xlsx"
    if record.reasons:
        return FileResponse(record.reasons.open("rb"), as_attachment=True, filename=name)
    if record.is_large:
        raise Refused(_("The workbook with the reasons is not made yet. Have it made on the page of the file."))
    try:
        content = workbook_of_errors(record)
    except ValidationError as refused:
        raise Refused(refused.messages[0])
    return _attachment(content, name, Xlsx.CONTENT_TYPE)


def year_export(request, pk, format):
    """The baselines of a year that this person may see; the file comes in again unchanged."""
    year = get_object_or_404(AssessmentYear.objects.visible_to(request.user), pk=pk)
    require(request.user, "slumareas.view_baseline")
    if format not in FORMATS:
        return HttpResponse(status=404)
    return _attachment(export(year, format, request.user), f"baseline-{year.key}.{format}", FORMATS[format])


def import_blank(request):
    """The blank workbook of a region."""
    require(request.user, "slumareas.add_baseline")
    form = BlankWorkbookForm(request.GET)
    if not form.is_valid():
        return render(request, "slumareas/import_blank.html", {"blank_form": form}, status=400)
    region, year = form.cleaned_data["region"], form.cleaned_data["year"]
    content = template(region, year, form.rule_set)
    return _attachment(content, f"isian-baseline-{year}-{region.code}.xlsx", Xlsx.CONTENT_TYPE)


def _attachment(content: bytes, name: str, kind: str) -> HttpResponse:
    response = HttpResponse(content, content_type=kind)
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    response["Cache-Control"] = "private, no-cache"
    return response
