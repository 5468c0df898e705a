"""Writing agreements and who signs them, from the minutes page. Every page is a plain form."""

from django.contrib import messages
from django.db import IntegrityError
from django.http import JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from agreements.forms import AgreementForm, NewAgreementForm, NewSignatoryForm, RecordForm, SignatoryForm
from agreements.models import Agreement, AgreementRecord, RaisedEntry, Signatory
from agreements.views.access import agreement_for, record_for, signatory_for, workshop_for
from core.personal_access import Way, note
from core.refusals import Refused


def wants_json(request) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


def next_page(request) -> str:
    """Where the person came from, if that is a page of the product."""
    target = request.POST.get("next") or request.GET.get("next") or ""
    return target if url_has_allowed_host_and_scheme(target, {request.get_host()}, request.is_secure()) else ""


def back(request, workshop, anchor="agreements"):
    """To the page that led here, usually the minutes."""
    return redirect(f"{next_page(request) or reverse('workshops:minutes', args=[workshop.slug])}#{anchor}")


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
    return back(request, workshop, "add-agreement")


def _list(request, workshop) -> str:
    context = {
        "workshop": workshop,
        "agreements": workshop.agreements.order_by("number"),
        "record": AgreementRecord.objects.get(workshop=workshop),  # begun just now, perhaps
        "may_draft": True,
    }
    return render_to_string("agreements/_drafted.html", context, request)


def _not_written(request, workshop, form, sentence, status):
    """The text stays in the form, whatever the reason."""
    if wants_json(request):
        sentence = sentence or " ".join(error for errors in form.errors.values() for error in errors)
        return JsonResponse({"detail": sentence}, status=status)
    return _page(request, workshop, form, _("New agreement"), sentence=sentence, status=status)


def agreement_new(request, slug):
    """A whole agreement on a page of its own, say in answer to a problem or promise (`?entry=`)."""
    record = record_for(request, slug, "agreements.add_agreement")
    if not record.is_draft:
        messages.error(request, _("The text of these agreements is fixed; a new one needs a record that is drafted."))
        return redirect(record)
    entry = _asked_entry(request, record.workshop)
    agreement = Agreement(workshop=record.workshop, source_entry=entry, created_by=request.user)
    form = AgreementForm(
        request.POST or None, instance=agreement, is_draft=True, initial={"text": entry.text} if entry else {}
    )
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
        except Refused as refusal:
            return _agreement_page(request, form, sentence=refusal.sentence, entry=entry)
        messages.success(request, _("Agreement %(number)s is written down.") % {"number": agreement.number})
        return redirect(agreement)
    return _agreement_page(request, form, entry=entry)


def _asked_entry(request, workshop) -> RaisedEntry | None:
    asked = request.GET.get("entry", "")
    if not asked:
        return None
    entries = RaisedEntry.objects.visible_to(request.user).filter(workshop=workshop)
    return get_object_or_404(entries, pk=asked if asked.isdecimal() and len(asked) < 19 else 0)


def agreement_edit(request, key):
    """What it is about and how it is measured; as long as the record is a draft, also the text."""
    agreement = agreement_for(request, key, "agreements.change_agreement")
    is_draft = agreement.workshop.agreement_record.is_draft and not agreement.workshop.is_final
    form = AgreementForm(request.POST or None, instance=agreement, is_draft=is_draft)
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
        except Refused as refusal:
            return _agreement_page(request, form, sentence=refusal.sentence, agreement=agreement)
        messages.success(request, _("Saved."))
        return back(request, agreement.workshop, f"agreement-{agreement.uid}")
    return _agreement_page(request, form, agreement=agreement)


def _agreement_page(request, form, *, sentence="", **context):
    context |= {
        "form": form,
        "sentence": sentence,
        "workshop": form.instance.workshop,
        "next": next_page(request),
        "section": "agreements",
    }
    status = 409 if sentence else 400 if form.errors else 200
    return render(request, "agreements/agreement_form.html", context, status=status)


@require_POST
def agreement_move(request, key):
    agreement = agreement_for(request, key, "agreements.change_agreement")
    agreement.move(-1 if "up" in request.POST else 1)
    return back(request, agreement.workshop, f"agreement-{agreement.uid}")


def agreement_delete(request, key):
    """A page that shows what goes, and the button that does it."""
    agreement = agreement_for(request, key, "agreements.delete_agreement")
    if request.method == "POST":
        return _deleted(
            request, agreement, agreement.workshop, _("The agreement is deleted; the others are numbered anew.")
        )
    context = {
        "workshop": agreement.workshop,
        "record": agreement,
        "text": agreement.text,
        "section": "minutes",
        "next": next_page(request),
    }
    return render(request, "agreements/draft_delete.html", {**context, "title": _("Delete this agreement")})


def _deleted(request, record, workshop, done):
    try:
        record.delete()
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    else:
        messages.success(request, done)
    return back(request, workshop)


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
        return back(request, record.workshop)
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
        return back(request, record.workshop, "add-signatory")
    return _page(request, record.workshop, form, _("New signatory"), status=400)


def signatory_edit(request, pk):
    signatory = signatory_for(request, pk, "agreements.change_signatory")
    workshop = signatory.record.workshop
    form = SignatoryForm(request.POST or None, instance=signatory, user=request.user)
    if "nip" in form.fields:
        note(request.user, Signatory, f"{workshop.slug}/{pk}", Way.FORM)
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
        except Refused as refusal:
            return _page(request, workshop, form, signatory.name, sentence=refusal.sentence, status=409)
        messages.success(request, _("Saved."))
        return back(request, workshop, f"signatory-{signatory.uid}")
    return _page(request, workshop, form, signatory.name, status=400 if form.errors else 200)


@require_POST
def signatory_move(request, pk):
    signatory = signatory_for(request, pk, "agreements.change_signatory")
    signatory.move(-1 if "up" in request.POST else 1)
    return back(request, signatory.record.workshop, f"signatory-{signatory.uid}")


def signatory_delete(request, pk):
    signatory = signatory_for(request, pk, "agreements.delete_signatory")
    workshop = signatory.record.workshop
    if request.method == "POST":
        return _deleted(request, signatory, workshop, _("Removed from those who sign."))
    context = {
        "workshop": workshop,
        "record": signatory,
        "text": signatory.name,
        "section": "minutes",
        "next": next_page(request),
    }
    return render(request, "agreements/draft_delete.html", {**context, "title": _("Remove from those who sign")})


def _page(request, workshop, form, title, *, sentence="", status=200, **context):
    context |= {
        "workshop": workshop,
        "section": "minutes",
        "form": form,
        "title": title,
        "sentence": sentence,
        "next": next_page(request),
    }
    return render(request, "agreements/draft_form.html", context, status=status)
