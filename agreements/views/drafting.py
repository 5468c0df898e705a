"""Writing agreements and who signs them, from the minutes page. Every page is a plain form."""

from django.contrib import messages
from django.db import IntegrityError
from django.http import JsonResponse
from django.shortcuts import redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agreements.forms import AgreementForm, NewAgreementForm, NewSignatoryForm, RecordForm, SignatoryForm
from agreements.models import Agreement, Signatory
from agreements.views.access import agreement_for, record_for, signatory_for, workshop_for
from core.refusals import Refused


def wants_json(request) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def to_minutes(workshop, anchor="agreements"):
    return redirect(f"{reverse('workshops:minutes', args=[workshop.slug])}#{anchor}")


@require_POST
def agreement_create(request, slug):
    """Store one more sentence. The same uid a second time is the same sentence, sent again."""
    workshop = workshop_for(request, slug, "agreements.add_agreement")
    form = NewAgreementForm(request.POST, workshop=workshop)
    if form.is_valid() and Agreement.objects.filter(uid=form.cleaned_data["uid"], workshop=workshop).exists():
        return _written(request, workshop)
    if form.is_valid():
        form.instance.uid = form.cleaned_data["uid"]
        form.instance.created_by = request.user
        try:
            form.save()
        except Refused as refusal:
            return _not_written(request, workshop, form, refusal.sentence, 409)
        except IntegrityError:  # the second click, so close that both found nothing
            return _written(request, workshop)
        return _written(request, workshop)
    return _not_written(request, workshop, form, "", 400)


def _written(request, workshop):
    if wants_json(request):
        return JsonResponse({"html": _list(request, workshop)})
    return to_minutes(workshop, "add-agreement")


def _list(request, workshop) -> str:
    context = {
        "workshop": workshop,
        "agreements": workshop.agreements.order_by("number"),
        "record": workshop.agreement_record,
        "may_draft": True,
    }
    return render_to_string("agreements/_drafted.html", context, request)


def _not_written(request, workshop, form, sentence, status):
    """The text stays in the form, whatever the reason."""
    if wants_json(request):
        sentence = sentence or " ".join(error for errors in form.errors.values() for error in errors)
        return JsonResponse({"detail": sentence}, status=status)
    return _page(request, workshop, form, _("New agreement"), sentence=sentence, status=status)


def agreement_edit(request, key):
    agreement = agreement_for(request, key, "agreements.change_agreement")
    is_draft = agreement.workshop.agreement_record.is_draft and not agreement.workshop.is_final
    form = AgreementForm(request.POST or None, instance=agreement, is_draft=is_draft)
    title = _("Agreement %(number)s") % {"number": agreement.number}
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
        except Refused as refusal:
            return _page(request, agreement.workshop, form, title, sentence=refusal.sentence, status=409)
        messages.success(request, _("Saved."))
        return to_minutes(agreement.workshop, f"agreement-{agreement.uid}")
    return _page(
        request,
        agreement.workshop,
        form,
        title,
        status=400 if form.errors else 200,
        agreement=agreement,
        frozen=not is_draft,
    )


@require_POST
def agreement_move(request, key):
    agreement = agreement_for(request, key, "agreements.change_agreement")
    agreement.move(-1 if "up" in request.POST else 1)
    return to_minutes(agreement.workshop, f"agreement-{agreement.uid}")


def agreement_delete(request, key):
    """A page that shows what goes, and the button that does it."""
    agreement = agreement_for(request, key, "agreements.delete_agreement")
    if request.method == "POST":
        return _deleted(
            request, agreement, agreement.workshop, _("The agreement is deleted; the others are numbered anew.")
        )
    context = {"workshop": agreement.workshop, "record": agreement, "text": agreement.text, "section": "minutes"}
    return render(request, "agreements/draft_delete.html", {**context, "title": _("Delete this agreement")})


def _deleted(request, record, workshop, done):
    try:
        record.delete()
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, done)
    return to_minutes(workshop)


def record_edit(request, slug):
    """Preamble, place and date, and the number that the record gets."""
    record = record_for(request, slug, "agreements.change_agreementrecord")
    form = RecordForm(request.POST or None, instance=record)
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
        except Refused as refusal:
            return _page(
                request, record.workshop, form, _("Record of agreement"), sentence=refusal.sentence, status=409
            )
        messages.success(request, _("Saved."))
        return to_minutes(record.workshop)
    return _page(
        request,
        record.workshop,
        form,
        _("Record of agreement"),
        status=400 if form.errors else 200,
        frozen=not record.is_draft,
    )


@require_POST
def signatory_create(request, slug):
    record = record_for(request, slug, "agreements.add_signatory")
    form = NewSignatoryForm(request.POST, record=record)
    if form.is_valid():
        if not Signatory.objects.filter(uid=form.cleaned_data["uid"]).exists():
            form.instance.uid = form.cleaned_data["uid"]
            try:
                form.save()
            except Refused as refusal:
                return _page(request, record.workshop, form, _("New signatory"), sentence=refusal.sentence, status=409)
        return to_minutes(record.workshop, "add-signatory")
    return _page(request, record.workshop, form, _("New signatory"), status=400)


def signatory_edit(request, pk):
    signatory = signatory_for(request, pk, "agreements.change_signatory")
    workshop = signatory.record.workshop
    form = SignatoryForm(request.POST or None, instance=signatory, user=request.user)
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
        except Refused as refusal:
            return _page(request, workshop, form, signatory.name, sentence=refusal.sentence, status=409)
        messages.success(request, _("Saved."))
        return to_minutes(workshop, f"signatory-{signatory.uid}")
    return _page(request, workshop, form, signatory.name, status=400 if form.errors else 200)


@require_POST
def signatory_move(request, pk):
    signatory = signatory_for(request, pk, "agreements.change_signatory")
    signatory.move(-1 if "up" in request.POST else 1)
    return to_minutes(signatory.record.workshop, f"signatory-{signatory.uid}")


def signatory_delete(request, pk):
    signatory = signatory_for(request, pk, "agreements.delete_signatory")
    workshop = signatory.record.workshop
    if request.method == "POST":
        return _deleted(request, signatory, workshop, _("Removed from those who sign."))
    context = {"workshop": workshop, "record": signatory, "text": signatory.name, "section": "minutes"}
    return render(request, "agreements/draft_delete.html", {**context, "title": _("Remove from those who sign")})


def _page(request, workshop, form, title, *, sentence="", status=200, **context):
    context |= {"workshop": workshop, "section": "minutes", "form": form, "title": title, "sentence": sentence}
    return render(request, "agreements/draft_form.html", context, status=status)
