"""The minutes of a workshop, written while others speak.

Each page works as a plain form. The same addresses answer JSON to `static/js/minutes.js`, which saves as one types.
"""

import uuid

from django.conf import settings
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.http import Http404, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format, localize_input
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from core.refusals import Refused
from workshops.checkpoints import field_differences
from workshops.entry_kinds import CONTENT_FIELDS, ENTRY_KINDS, NUMBERED_KINDS
from workshops.forms import MinutesEntryForm
from workshops.models import AgendaItem, Leader, MinutesEntry, Participant, Workshop
from workshops.models.minutes import EntryConflict, EntryDeleted
from workshops.views.access import require, sees_agreements, workshop_for
from workshops.views.checkpoints import labelled

MAY_WRITE = "workshops.change_minutesentry"
# What is usually written first under an agenda item of this kind.
USUAL_KIND = {
    AgendaItem.Kind.OPENING: "speech",
    AgendaItem.Kind.PANEL: "presentation",
    AgendaItem.Kind.DISCUSSION: "discussion_group",
    AgendaItem.Kind.AGREEMENT: "decision",
    AgendaItem.Kind.CLOSING: "closing",
}
PEOPLE_SHOWN = 300
PEOPLE_FOUND = 12
LETTERS_NEEDED = 2


def wants_json(request) -> bool:
    return request.headers.get("Accept", "").startswith("application/json")


# --- reading ------------------------------------------------------------------------------------------


@never_cache  # who goes back sees what was saved on leaving, not the page as it was before
def minutes(request, slug):
    """All that was said, under the agenda; for those who may, with the means to write."""
    workshop = workshop_for(request, slug)
    items = agenda_in_order(workshop)
    roots = threads(workshop)
    may_write = _may_write(request.user, workshop)
    agreements = list(workshop.agreements.visible_to(request.user).order_by("number"))
    context = {
        "workshop": workshop,
        "section": "minutes",
        "sections": _sections(items, roots, may_write),
        "is_empty": not roots and not agreements,
        "may_write": may_write,
        "may_stamp": not workshop.is_final and request.user.has_perm("workshops.change_agendaitem"),
        "settings": _settings_of_script(request, workshop, may_write),
        "time_zone": settings.TIME_ZONE,
        "agreements": agreements,
        "record": getattr(workshop, "agreement_record", None),
        "sees_agreements": sees_agreements(request.user, workshop),
        "agreement_item": next((item.pk for item in items if item.kind == AgendaItem.Kind.AGREEMENT), None),
    }
    record = context["record"]
    context["may_draft"] = (
        not workshop.is_final
        and request.user.has_perm("agreements.add_agreement")
        and (record is None or record.is_draft)
    )
    if may_write:
        context |= {
            "form": MinutesEntryForm(workshop=workshop, items=items, auto_id="entry_%s"),
            "people": _people_here(request.user, workshop),
        }
    return render(request, "workshops/minutes.html", context)


def agenda_in_order(workshop) -> list[AgendaItem]:
    """Items with their sub-items behind them, in one query."""
    items = list(workshop.agenda_items.all())
    return [item for top in items if not top.parent_id for item in (top, *(i for i in items if i.parent_id == top.pk))]


def threads(workshop) -> list[MinutesEntry]:
    """Entries that stand on their own, in order. Each carries `answers`, and `number` where its kind is counted."""
    entries = {
        entry.pk: entry
        for entry in workshop.minutes_entries.select_related("updated_by").prefetch_related("attachments")
    }
    for entry in entries.values():
        entry.answers, entry.number = [], None
    roots = []
    for entry in entries.values():
        parent = entries.get(entry.parent_id)
        (parent.answers if parent else roots).append(entry)
    reached = {entry.pk for entry in _walk(roots)}
    for entry in entries.values():  # a circle of parents hangs on nothing; it is shown all the same
        if entry.pk not in reached:
            entries[entry.parent_id].answers.remove(entry)
            roots.append(entry)
            reached |= {other.pk for other in _walk([entry])}
    counts = dict.fromkeys(NUMBERED_KINDS, 0)
    for entry in _walk(roots):
        if entry.kind in counts:
            counts[entry.kind] += 1
            entry.number = counts[entry.kind]
    return roots


def _walk(entries):
    for entry in entries:
        yield entry
        yield from _walk(entry.answers)


def _sections(items, roots, may_write) -> list[dict]:
    under: dict[int | None, list] = {}
    for entry in roots:
        under.setdefault(entry.agenda_item_id, []).append(entry)
    sections = [
        {"item": item, "entries": under.get(item.pk, []), "usual_kind": USUAL_KIND.get(item.kind, "note")}
        for item in items
    ]
    if None in under or may_write:
        sections.append({"item": None, "entries": under.get(None, []), "usual_kind": "note"})
    return sections


@require_GET
def minutes_state(request, slug):
    """What stands where and in which version: asked every few seconds by pages that are open."""
    workshop = workshop_for(request, slug)
    may_write = _may_write(request.user, workshop)
    return JsonResponse({"may_write": may_write, "entries": _state(workshop)})


def _state(workshop) -> list[list]:
    """[uid, version, uid of the parent, agenda item, number] in the order of the page."""
    roots = threads(workshop)
    uids = {entry.pk: str(entry.uid) for entry in _walk(roots)}
    return [
        [str(entry.uid), entry.version, uids.get(entry.parent_id), entry.agenda_item_id, entry.number]
        for entry in _walk(roots)
    ]


@require_GET
def minutes_cards(request, slug):
    """The entries asked for (`uid`, repeatedly) as pieces of the page."""
    workshop = workshop_for(request, slug)
    wanted = {value for value in request.GET.getlist("uid") if _is_uuid(value)}
    may_write = _may_write(request.user, workshop)
    return JsonResponse(
        {
            str(entry.uid): _card(request, workshop, entry, may_write)
            for entry in _walk(threads(workshop))
            if str(entry.uid) in wanted
        }
    )


def _is_uuid(value: str) -> bool:
    try:
        uuid.UUID(value)
    except ValueError:
        return False
    return True


def _card(request, workshop, entry, may_write) -> str:
    return render_to_string(
        "workshops/_entry_card.html", {"workshop": workshop, "entry": entry, "may_write": may_write}, request
    )


# --- writing ------------------------------------------------------------------------------------------


def _may_write(user, workshop) -> bool:
    return user.has_perm(MAY_WRITE) and not workshop.is_final


def minutes_new(request, slug):
    """The form of a new entry as a page of its own. Its uid comes with it, so that sending it twice makes one."""
    workshop = workshop_for(request, slug, MAY_WRITE)
    if workshop.is_final:
        messages.error(request, _final_sentence(workshop))
        return redirect("workshops:minutes", slug)
    initial = {name: request.GET[name] for name in ("kind", "parent", "after") if request.GET.get(name)}
    parent = initial.get("parent", "")
    parent = workshop.minutes_entries.filter(uid=parent).first() if _is_uuid(parent) else None
    item = request.GET.get("item", "")
    item = workshop.agenda_items.filter(pk=item).first() if item.isdecimal() else None
    initial["agenda_item"] = item.pk if item else None
    initial.setdefault("kind", USUAL_KIND.get(item.kind, "note") if item else "note")
    form = MinutesEntryForm(initial=initial, workshop=workshop, items=agenda_in_order(workshop))
    return _form_page(request, workshop, form, uid=uuid.uuid4(), parent=parent)


def minutes_entry(request, slug, uid):
    """GET: one entry to change. POST: store it; a uid that is not there yet becomes a new entry."""
    try:
        workshop = workshop_for(request, slug, MAY_WRITE)
    except PermissionDenied:
        if wants_json(request):
            return JsonResponse({"detail": _("You may read these minutes, but not write in them.")}, status=403)
        raise
    entry = MinutesEntry.objects.select_related("parent", "updated_by").filter(uid=uid).first()
    if entry and entry.workshop_id != workshop.pk:
        raise Http404
    if request.method == "POST":
        return _store(request, workshop, entry or MinutesEntry(workshop=workshop, uid=uid))
    if entry is None:
        raise Http404
    if wants_json(request):
        return JsonResponse(_as_stored(entry))
    if workshop.is_final:
        messages.error(request, _final_sentence(workshop))
        return redirect("workshops:minutes", slug)
    form = MinutesEntryForm(instance=entry, workshop=workshop, items=agenda_in_order(workshop))
    return _form_page(request, workshop, form, uid=uid, parent=entry.parent)


def _store(request, workshop, entry):
    form = MinutesEntryForm(request.POST, instance=entry, workshop=workshop)
    if workshop.is_final:
        return _refused(request, workshop, form, uid=entry.uid, sentence=_final_sentence(workshop))
    if "show" in request.POST:  # the fields of another kind were asked for; nothing is stored yet
        fresh = MinutesEntryForm(initial=request.POST.dict(), instance=entry, workshop=workshop)
        return _form_page(request, workshop, fresh, uid=entry.uid, parent=entry.parent)
    if not form.is_valid():
        if wants_json(request):
            return JsonResponse({"errors": form.errors}, status=400)
        return _form_page(request, workshop, form, uid=entry.uid, parent=entry.parent, status=400)
    try:
        entry.write(by=request.user, based_on=form.cleaned_data["based_on"], after=form.cleaned_data["after"])
    except EntryConflict as conflict:
        if _says_the_same(entry, conflict.stored):  # the same request again: its answer was lost on the way
            return _saved(request, workshop, conflict.stored)
        return _conflict(request, workshop, form, conflict.stored)
    except Refused as refusal:
        deleted = isinstance(refusal, EntryDeleted)
        return _refused(request, workshop, form, uid=entry.uid, sentence=refusal.sentence, deleted=deleted)
    return _saved(request, workshop, entry)


def _says_the_same(mine, stored) -> bool:
    return all(getattr(mine, name) == getattr(stored, name) for name in ("kind", "agenda_item_id", *CONTENT_FIELDS))


def _saved(request, workshop, entry):
    if wants_json(request):
        entry.answers, entry.number = [], None
        return JsonResponse({**_as_stored(entry), "html": _card(request, workshop, entry, may_write=True)})
    if "next" in request.POST:
        query = {"kind": entry.kind, "item": entry.agenda_item_id or "", "after": entry.uid}
        if entry.parent:
            query["parent"] = entry.parent.uid
        return redirect(reverse("workshops:minutes_new", args=[workshop.slug], query=query))
    return redirect(f"{reverse('workshops:minutes', args=[workshop.slug])}#entry-{entry.uid}")


def _as_stored(entry) -> dict:
    return {
        "uid": str(entry.uid),
        "version": entry.version,
        "by": str(entry.updated_by or ""),
        "at": date_format(timezone.localtime(entry.updated_at), "H.i"),
        "parent": str(entry.parent.uid) if entry.parent else None,
        "fields": {
            "kind": entry.kind,
            "agenda_item": entry.agenda_item_id or "",
            **{name: getattr(entry, name) for name in CONTENT_FIELDS},
            "amount": _amount(entry.amount),
        },
    }


def _amount(amount) -> str:
    if amount is None:
        return ""
    return localize_input(int(amount) if amount == int(amount) else amount)


def _final_sentence(workshop) -> str:
    try:
        with transaction.atomic():
            Workshop.lock_for_change(workshop.pk)
    except Refused as refusal:
        return refusal.sentence
    return ""


def _form_page(request, workshop, form, *, uid, parent=None, status=200, sentence=""):
    return render(
        request,
        "workshops/minutes_entry.html",
        {
            "workshop": workshop,
            "section": "minutes",
            "form": form,
            "uid": uid,
            "parent": parent,
            "kind": ENTRY_KINDS[form.kind_key],
            "kinds": ENTRY_KINDS.values(),
            "is_new": not form.instance.pk,
            "sentence": sentence,
            "people": _people_here(request.user, workshop),
            "settings": _settings_of_script(request, workshop, may_write=True),
        },
        status=status,
    )


def _refused(request, workshop, form, *, uid, sentence, deleted=False):
    """Not possible now, 409. The text stays; where the entry is gone, the form is that of a new one."""
    if wants_json(request):
        return JsonResponse({"detail": sentence, "deleted": deleted}, status=409)
    if deleted:
        form.data = form.data.copy()
        form.data["based_on"] = 0
        uid = uuid.uuid4()
    return _form_page(request, workshop, form, uid=uid, status=409, sentence=sentence)


def _conflict(request, workshop, form, stored):
    """Somebody saved in between: both texts side by side, and the person decides, 409."""
    mine = {name: getattr(form.instance, name) for name in ("kind", *CONTENT_FIELDS)}
    theirs = {name: getattr(stored, name) for name in ("kind", *CONTENT_FIELDS)}
    context = {
        "workshop": workshop,
        "section": "minutes",
        "stored": stored,
        "rows": labelled(field_differences(mine, theirs)),
        "place_differs": form.instance.agenda_item_id != stored.agenda_item_id,
        "copy_uid": uuid.uuid4(),
        "mine": [
            (name, form.data[name]) for name in form.fields if name in form.data and name not in ("based_on", "after")
        ],
    }
    if wants_json(request):
        html = render_to_string("workshops/_entry_conflict.html", context, request)
        return JsonResponse({**_as_stored(stored), "conflict": True, "html": html}, status=409)
    return render(request, "workshops/minutes_conflict.html", context, status=409)


def _find(request, slug, uid, permission):
    workshop = workshop_for(request, slug, permission)
    return workshop, get_object_or_404(workshop.minutes_entries, uid=uid)


@require_POST
def minutes_entry_move(request, slug, uid):
    workshop, entry = _find(request, slug, uid, MAY_WRITE)
    try:
        entry.move(-1 if "up" in request.POST else 1)
    except Refused as refusal:
        if wants_json(request):
            return JsonResponse({"detail": refusal.sentence}, status=409)
        messages.error(request, refusal.sentence)
    if wants_json(request):
        return JsonResponse({"may_write": True, "entries": _state(workshop)})
    return redirect(f"{reverse('workshops:minutes', args=[slug])}#entry-{uid}")


def minutes_entry_delete(request, slug, uid):
    """A page that shows what goes, and the button that does it."""
    workshop, entry = _find(request, slug, uid, "workshops.delete_minutesentry")
    if request.method == "POST":
        if request.POST.get("version") != str(entry.version):
            messages.error(
                request, _("Someone changed this entry in the meantime. Look at it again before you delete it.")
            )
            return redirect(request.path)
        try:
            entry.delete()
        except Refused as refusal:
            messages.error(request, refusal.sentence)
        else:
            messages.success(request, _("The entry is deleted. It stays in the history and in earlier checkpoints."))
        return redirect("workshops:minutes", slug)
    entry.answers, entry.number = [], None
    context = {"workshop": workshop, "entry": entry, "section": "minutes", "has_answers": entry.replies.exists()}
    return render(request, "workshops/minutes_entry_delete.html", context)


@require_POST
def minutes_stamp(request, slug, pk):
    """Write down that an agenda item begins or ends now."""
    workshop = workshop_for(request, slug, "workshops.change_agendaitem")
    item = get_object_or_404(workshop.agenda_items, pk=pk)
    now = timezone.localtime().time().replace(second=0, microsecond=0)
    try:
        item.note_end(now) if "end" in request.POST else item.note_start(now)
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    return redirect(f"{reverse('workshops:minutes', args=[slug])}#item-{pk}")


# --- people -------------------------------------------------------------------------------------------


@require_GET
def minutes_people(request, slug):
    """Persons whose name contains the letters `q`, from this and earlier workshops that this user may see."""
    workshop = workshop_for(request, slug)
    require(request.user, MAY_WRITE)
    letters = request.GET.get("q", "").strip()
    if len(letters) < LETTERS_NEEDED:
        return JsonResponse({"people": []})
    found: list[tuple] = []
    for rows, name, *rest in _sources(request.user):
        rows = rows.filter(**{f"{name}__icontains": letters}).order_by("-workshop__held_on", name)
        here = rows.filter(workshop=workshop).values_list(name, *rest).distinct()[:PEOPLE_FOUND]
        elsewhere = rows.exclude(workshop=workshop).values_list(name, *rest).distinct()[:PEOPLE_FOUND]
        found = [*here, *found, *elsewhere]
    people = list(dict.fromkeys(row[:3] for row in found))[:PEOPLE_FOUND]
    return JsonResponse({"people": people})


def _sources(user):
    """Where persons are written down: the rows this user may see, and the fields name, position, organization."""
    return [
        (
            MinutesEntry.objects.visible_to(user).exclude(speaker=""),
            "speaker",
            "speaker_position",
            "speaker_organization",
        ),
        (Leader.objects.visible_to(user).exclude(name=""), "name", "position", "organization_name"),
        (Participant.objects.visible_to(user).exclude(name=""), "name", "position", "organization_name"),
    ]


def _people_here(user, workshop) -> list[tuple]:
    """The persons of this workshop as written: different spellings and positions stay different persons."""
    people = [
        row
        for rows, *fields in _sources(user)
        for row in rows.filter(workshop=workshop).order_by("order").values_list(*fields)
    ]
    return list(dict.fromkeys(people))[:PEOPLE_SHOWN]


# --- what the script needs ------------------------------------------------------------------------------


def _settings_of_script(request, workshop, may_write) -> dict:
    def address(name, *args):
        return reverse(f"workshops:{name}", args=[workshop.slug, *args])

    if workshop.is_final:
        return {}
    follow = {"state": address("minutes_state"), "cards": address("minutes_cards")}
    if not may_write:
        return {"urls": follow}
    nobody = uuid.UUID(int=0)
    return {
        "may_write": True,
        "key": f"kotaku:minutes:{request.user.pk}:{workshop.slug}:",
        "nobody": str(nobody),
        "urls": {
            **follow,
            "minutes": address("minutes"),
            "new": address("minutes_new"),
            "people": address("minutes_people"),
            "entry": address("minutes_entry", nobody),
            "move": address("minutes_entry_move", nobody),
            "login": reverse("account_login"),
        },
        "kinds": {
            kind.key: {"label": kind.label, "help": kind.help, "fields": kind.fields, "required": kind.required}
            for kind in ENTRY_KINDS.values()
        },
        "texts": {
            "unsaved": _("not saved yet"),
            "saving": _("saving…"),
            "saved": _("saved %s"),
            "offline": _("not saved: no network. Your text is kept in this browser."),
            "server": _("not saved: the server does not answer. Your text is kept in this browser."),
            "incomplete": _("kept in this browser; it is saved once you fill in: %s"),
            "invalid": _("not saved: look at the marked field"),
            "conflict": _("not saved: someone else changed this entry. Choose below."),
            "login": _("not saved: you are logged out. Log in on a new page, then come back; your text stays."),
            "token": _("not saved: the page is too old. Log in on a new page, then come back; your text stays."),
            "changed": _("Someone else changed this entry while you write. Saving will show both texts."),
            "gone": _("This entry was deleted by someone else. Your text is still here: add it as a new entry."),
            "final": _("The minutes were closed. You can read them; what is not saved yet is kept in this browser."),
            "draft": _("There is text that is not saved yet"),
        },
    }
