"""The course of a record of agreement, and what becomes of each signature."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.utils.translation import gettext_lazy

from agreements.forms import DelegateForm, ReasonForm, SignForm
from agreements.models import AgreementRecord, Evidence, Signatory
from agreements.views.access import record_for, require, signatory_for
from agreements.views.drafting import to_minutes
from core.refusals import Refused

# verb: (its name, what it will do, what is said when it is done).
RECORD_TEXTS = {
    "open_for_signing": (
        gettext_lazy("Open for signing"),
        gettext_lazy("The texts are frozen, so that everyone signs the same. Signatures can then be noted."),
        gettext_lazy("The agreements are open for signing."),
    ),
    "withdraw": (
        gettext_lazy("Back to the draft"),
        gettext_lazy("The texts can be changed again. Possible as long as nobody has answered."),
        gettext_lazy("The agreements are a draft again."),
    ),
    "publish": (
        gettext_lazy("Publish the agreements"),
        gettext_lazy("Everyone may read them from now on. Texts change only by amendments, signatures no more."),
        gettext_lazy("The agreements are published."),
    ),
}
SIGNATORY_TEXTS = {
    "sign": (gettext_lazy("Note the signature"), gettext_lazy("Noted: signed.")),
    "decline": (gettext_lazy("Note that the signature was declined"), gettext_lazy("Noted: declined.")),
    "delegate": (gettext_lazy("Someone else signs"), gettext_lazy("Noted who signs in their place.")),
    "take_back": (gettext_lazy("Take back what was noted"), gettext_lazy("Taken back; the history keeps it.")),
}
SIGNATORY_FORMS = {"sign": SignForm, "decline": ReasonForm, "delegate": DelegateForm, "take_back": ReasonForm}
NOTICE = gettext_lazy(
    "What is kept is a note that somebody signed, with how it was done. It is not a certified electronic signature."
)


def record_verb(request, slug, verb):
    """A page that says what will happen, and the button that does it."""
    record = record_for(request, slug, AgreementRecord.permission_for(verb))
    if record.pk is None:
        raise Http404
    title, explanation, done = RECORD_TEXTS[verb]
    form = ReasonForm(request.POST or None) if AgreementRecord.TRANSITIONS[verb][2] else None
    if request.method == "POST" and (form is None or form.is_valid()):
        try:
            getattr(record, verb)(by=request.user, at=timezone.now(), **(form.cleaned_data if form else {}))
        except Refused as refusal:
            return _page(request, record.workshop, form, title, explanation, sentence=refusal.sentence, status=409)
        messages.success(request, done)
        return to_minutes(record.workshop)
    return _page(request, record.workshop, form, title, explanation, status=400 if form and form.errors else 200)


def signatory_verb(request, pk, verb):
    signatory = signatory_for(request, pk, "agreements.change_signatory")
    title, done = SIGNATORY_TEXTS[verb]
    initial = {"on": timezone.localdate(), "how": Signatory.How.PAPER} if verb == "sign" else None
    form = SIGNATORY_FORMS[verb](request.POST or None, request.FILES or None, initial=initial)
    workshop = signatory.record.workshop
    explanation = NOTICE if verb == "sign" else signatory.name
    if request.method == "POST" and form.is_valid():
        try:
            getattr(signatory, verb)(by=request.user, at=timezone.now(), **form.cleaned_data)
        except Refused as refusal:
            return _page(request, workshop, form, title, explanation, sentence=refusal.sentence, status=409)
        except ValidationError as error:
            form.add_error(None, error)
        else:
            messages.success(request, done)
            return to_minutes(workshop, f"signatory-{signatory.uid}")
    status = 400 if form.errors else 200
    return _page(request, workshop, form, title, explanation, status=status, signatory=signatory)


def _page(request, workshop, form, title, explanation, *, sentence="", status=200, **context):
    context |= {
        "workshop": workshop,
        "section": "minutes",
        "form": form,
        "title": title,
        "explanation": explanation,
        "sentence": sentence,
    }
    return render(request, "agreements/signing_verb.html", context, status=status)


# --- private files -----------------------------------------------------------------------------------------


def signature_file(request, pk):
    """The picture or scan of a signature, for those who keep the record."""
    signatory = signatory_for(request, pk, "agreements.view_signature")
    return _file(signatory.file, f"tanda-tangan-{signatory.pk}")


def evidence_file(request, pk):
    """A photo or document, with the rights of its follow-up; never from an address of its own."""
    evidence = get_object_or_404(Evidence.objects.visible_to(request.user), pk=pk)
    require(request.user, "agreements.view_evidence")
    return _file(evidence.file, evidence.file_name)


def _file(stored, name):
    if not stored:
        raise Http404
    try:
        return FileResponse(stored.open("rb"), as_attachment=True, filename=name)
    except FileNotFoundError as error:
        raise Http404 from error
