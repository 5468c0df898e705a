"""Many follow-ups by spreadsheet: out, edited, in again, with a look at what it would do in between."""

from django import forms
from django.core import signing
from django.core.exceptions import ValidationError
from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.text import slugify
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agreements import importing
from agreements.filters import FollowUpFilter
from agreements.models import FollowUp
from agreements.views.access import require
from core.refusals import Refused
from core.spreadsheet import Xlsx

MAY_REPORT = "agreements.report_followup"
PREVIEW_HOURS = 2
SHOWN = 200


class SpreadsheetForm(forms.Form):
    file = forms.FileField(
        label=gettext_lazy("File"), help_text=gettext_lazy("The exported list, edited: xlsx, xls, ods or csv.")
    )

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["file"].widget.attrs["accept"] = ".xlsx,.xls,.ods,.csv"


def follow_up_export(request):
    """The list as it is narrowed on the page, of what this person may report on."""
    require(request.user, MAY_REPORT)
    mine = FollowUp.objects.changeable_by(request.user)
    rows = FollowUpFilter(request.GET, mine, request=request).qs
    if rows.count() > importing.MAX_ROWS:
        raise Refused(_("A list holds at most %(limit)s follow-ups. Narrow it first.") % {"limit": importing.MAX_ROWS})
    kind = Xlsx()
    content = importing.export(rows.select_related("agreement", "responsible_organization"))
    response = HttpResponse(content, content_type=kind.get_content_type())
    response["Content-Disposition"] = f'attachment; filename="{slugify(_("Follow-ups"))}.{kind.get_extension()}"'
    response["Cache-Control"] = "private, no-store"
    return response


def _salt(user) -> str:
    return f"agreements.follow-up-import.{user.pk}"


def follow_up_import(request):
    """First what the file would do, then, confirmed, exactly that. The edited rows travel in the page, signed."""
    require(request.user, MAY_REPORT)
    kept = [(name, value) for name, value in request.GET.items() if value and name != "page"]
    context = {"query": f"?{urlencode(kept)}" if kept else "", "section": "follow_ups"}
    if "rows" in request.POST:
        return _confirmed(request, context)
    form = SpreadsheetForm(request.POST or None, request.FILES or None)
    context["form"] = form
    if request.method == "POST" and form.is_valid():
        try:
            sent = importing.read(form.cleaned_data["file"])
        except ValidationError as error:
            form.add_error("file", error)
        else:
            context |= _preview(request.user, sent) | {"file_name": form.cleaned_data["file"].name}
    return render(request, "agreements/followup_import.html", context, status=400 if form.errors else 200)


def _preview(user, sent) -> dict:
    outcome = importing.run(sent.rows, by=user, at=timezone.now(), dry=True)
    findings = [*sent.findings, *outcome.findings]
    return {
        **_shown(outcome, findings),
        "rows": "" if findings else signing.dumps(importing.pack(sent.rows), salt=_salt(user), compress=True),
    }


def _shown(outcome, findings) -> dict:
    return {
        "outcome": outcome,
        "findings": findings[:SHOWN],
        "number_of_findings": len(findings),
        "changes": outcome.changes[:SHOWN],
        "more": max(0, len(outcome.changes) - SHOWN),
    }


def _confirmed(request, context):
    context["form"] = SpreadsheetForm()
    try:
        packed = signing.loads(request.POST["rows"], salt=_salt(request.user), max_age=PREVIEW_HOURS * 3600)
    except signing.BadSignature:
        context["sentence"] = _("This preview is too old or was changed. Choose the file again.")
        return render(request, "agreements/followup_import.html", context, status=400)
    outcome = importing.run(importing.unpack(packed), by=request.user, at=timezone.now(), dry=False)
    context |= _shown(outcome, outcome.findings) | {"is_stored": not outcome.findings}
    return render(request, "agreements/followup_import.html", context, status=409 if outcome.findings else 200)
