"""One package: its page, its record, and the verbs that move it."""

from dataclasses import dataclass, field

from django.contrib import messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.db import transaction
from django.db.models import Prefetch
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from assets import forms, stages
from assets.models import Asset, AssetPhoto, Document, DocumentVersion, FunctionCheck, Move, Package, Signatory
from assets.views.access import editable_package, may_edit, package_for, require
from core import issuing
from core.personal_access import Way, note
from core.refusals import Refused


@dataclass(frozen=True)
class Verb:
    """One verb as a page: its name, what it will do, what is said when it is done; `icon` for the menu."""

    title: str
    explanation: str
    done: str
    icon: str
    form: type = forms.NoteForm
    is_grave: bool = False


VERBS = {
    "advance": Verb(
        gettext_lazy("Bring to another stage"),
        gettext_lazy("The day and the stage go into the record, and who has the file from then on."),
        gettext_lazy("The package is at its new stage."),
        "arrow-right-circle",
        forms.AdvanceForm,
    ),
    "send_to": Verb(
        gettext_lazy("Hand the file on"),
        gettext_lazy("The stage stays; the days of waiting begin anew with the new holder."),
        gettext_lazy("The file is handed on."),
        "send",
        forms.HandOnForm,
    ),
    "accept": Verb(
        gettext_lazy("Accept the package"),
        gettext_lazy("The receiver is willing to take the package. The grant deed needs this."),
        gettext_lazy("The package is accepted."),
        "hand-thumbs-up",
    ),
    "reject": Verb(
        gettext_lazy("Refuse the package"),
        gettext_lazy("The file goes back to the giver with the reason. Everything stays on record."),
        gettext_lazy("The package is refused; the giver has the file."),
        "hand-thumbs-down",
        forms.ReasonForm,
        True,
    ),
    "return_to_giver": Verb(
        gettext_lazy("Return to the giver"),
        gettext_lazy("The giver completes the documents. The package goes back to the stage of collecting documents."),
        gettext_lazy("The package is returned to the giver."),
        "arrow-return-left",
        forms.ReasonForm,
        True,
    ),
    "block": Verb(
        gettext_lazy("Mark as blocked"),
        gettext_lazy("The stage stays. The reason is counted, so that it is seen where packages get stuck."),
        gettext_lazy("The package is marked as blocked."),
        "cone-striped",
        forms.BlockForm,
        True,
    ),
    "unblock": Verb(
        gettext_lazy("Lift the block"),
        gettext_lazy("The package goes on from where it stopped."),
        gettext_lazy("The block is lifted."),
        "play-circle",
    ),
    "hand_over_for_use": Verb(
        gettext_lazy("Hand over for use"),
        gettext_lazy("An interim record: the receiver may use and maintain it before the grant deed is signed."),
        gettext_lazy("The package is handed over for use."),
        "key",
        forms.InterimForm,
    ),
    "set_aside": Verb(
        gettext_lazy("Set aside as not needed"),
        gettext_lazy("There is nothing to hand over after all. The record stays and can be taken up again."),
        gettext_lazy("The package is set aside."),
        "archive",
        forms.ReasonForm,
        True,
    ),
    "resume": Verb(
        gettext_lazy("Take up again"),
        gettext_lazy("The package goes on from where it stopped."),
        gettext_lazy("The package is taken up again."),
        "arrow-counterclockwise",
        forms.ResumeForm,
    ),
    "publish": Verb(
        gettext_lazy("Publish"),
        gettext_lazy(
            "Everyone with an account sees the package and its assets, and the cards behind the QR labels open. Papers, moves and photos stay inside."
        ),
        gettext_lazy("The package is published."),
        "globe",
        forms.SureForm,
    ),
    "withdraw": Verb(
        gettext_lazy("No longer publish"),
        gettext_lazy("Only those who work in the programme see the package."),
        gettext_lazy("The package is no longer published."),
        "eye-slash",
        forms.SureForm,
    ),
}
# In this order the first that the person may use now is the one button; `advance` only where nothing hinders it.
FIRST = ("unblock", "resume", "accept")


@dataclass
class Action:
    url: str
    label: str
    icon: str
    is_grave: bool = False


@dataclass
class Next:
    """The usual next stage, what still hinders it, and who leads there."""

    stage: stages.Stage | None = None
    missing: list[Document] = field(default_factory=list)
    facts: list[str] = field(default_factory=list)
    may: bool = False
    is_possible: bool = False

    @property
    def is_clear(self) -> bool:
        return self.stage is not None and not self.missing and not self.facts


# --- the page ----------------------------------------------------------------------------------------------
def package_detail(request, number):
    package = package_for(request, number)
    user, today = request.user, timezone.localdate()
    papers = _papers(package, user)
    assets = _assets(package, user)
    ahead = _next(package, papers, user, today)
    required = [paper for paper in papers if paper.is_required]
    held = [paper for paper in required if paper.holds(today)]
    moves = _moves(package, user)
    course = stages.COMMUNITY_STAGES if package.path == Package.Path.COMMUNITY else tuple(stages.STAGES)
    return render(
        request,
        "assets/package_detail.html",
        {
            "package": package,
            "today": today,
            "stage": stages.STAGES[package.stage],
            "course": [
                {
                    "stage": stages.STAGES[key],
                    "is_current": key == package.stage,
                    "is_done": stages.is_before(key, package.stage),
                }
                for key in course
            ],
            "place_in_course": course.index(package.stage) + 1,
            "waited": package.waited_days(today),
            "at_stage": (today - package.stage_reached_on).days,
            "next": ahead,
            "papers": _by_stage(papers),
            "required": len(required),
            "held": len(held),
            "percent": f"{100 * len(held) / len(required):.0f}" if required else "",
            "lacks": len(required) - len(held),
            "assets": assets,
            "assets_sum": _sum_that_differs(package, assets),
            "moves": moves,
            "returned": next((move for move in moves if move.is_unanswered_return), None),
            "may_edit": may_edit(user, package),
            "may_add_asset": may_edit(user, package) and user.has_perm("assets.add_asset") and not package.is_deeded,
            "may_book": package.may(user, "book_asset") and _is_handed_over(package),
            "may_check": package.may(user, "check_asset") and (_is_in_use(package)),
            "is_handed_over": _is_handed_over(package) or package.path == Package.Path.COMMUNITY,
            "may_sign": may_sign(user, package),
            "sees_papers": user.has_perm("assets.view_document"),
            "sees_signatories": user.has_perm("assets.view_signatory"),
            "issued": issuing.in_force(Package.HANDOVER_RECORD, package),
            "can_record": package.path == Package.Path.REGULAR,
            **_actions(package, user, ahead),
        },
    )


def _is_handed_over(package: Package) -> bool:
    return package.path == Package.Path.REGULAR and package.stage in stages.AFTER_HANDOVER


def _is_in_use(package: Package) -> bool:
    return bool(package.interim_on) or package.stage in stages.AFTER_HANDOVER


def may_sign(user, package: Package) -> bool:
    """Each side, and who coordinates, names who signs its papers."""
    sides = package.sides_of(user) & {stages.GIVER, stages.RECEIVER, stages.COORDINATOR}
    return bool(sides) and user.has_perm("assets.change_signatory")


def _papers(package: Package, user) -> list[Document]:
    versions = Prefetch("versions", DocumentVersion.objects.order_by("-number"))
    found = Document.objects.visible_to(user).filter(package=package).in_checklist_order().prefetch_related(versions)
    papers = list(found)
    for paper in papers:
        paper.package = package
    return papers


def _by_stage(papers: list[Document]) -> list[tuple[stages.Stage, list[Document]]]:
    """Papers under the stage before which they are needed, as far as there are any."""
    groups: dict[str, list[Document]] = {}
    for paper in papers:
        groups.setdefault(paper.needed_before, []).append(paper)
    return [(stage, groups[key]) for key, stage in stages.STAGES.items() if key in groups]


def _assets(package: Package, user) -> list[Asset]:
    photos = Prefetch("photos", AssetPhoto.objects.visible_to(user).filter(asset__package=package))
    checks = Prefetch(
        "checks", FunctionCheck.objects.visible_to(user).filter(asset__package=package).select_related("by")
    )
    found = Asset.objects.visible_to(user).filter(package=package).select_related("manager")
    assets = list(found.order_by("number").prefetch_related(photos, checks))
    for asset in assets:
        asset.package = package
    return assets


def _sum_that_differs(package: Package, assets: list[Asset]):
    """What the assets add up to, where all values are known and the package says another one; else None."""
    values = [asset.value for asset in assets]
    if not values or None in values or package.value is None or sum(values) == package.value:
        return None
    return sum(values)


def _moves(package: Package, user) -> list[Move]:
    found = Move.objects.visible_to(user).filter(package=package).select_related("from_holder", "to_holder", "by")
    moves = list(found.order_by("-on", "-at", "-pk"))
    for move in moves:
        move.package = package
    return moves


def _next(package: Package, papers, user, today) -> Next:
    key = package.next_stage
    if key is None:
        return Next()
    kinds = set(package.missing_for(key, today).values_list("kind", flat=True))
    missing = [paper for paper in papers if paper.kind in kinds]
    return Next(
        stages.STAGES[key], missing, list(package.unmet_facts(key)), package.may(user, "advance", key),
        package.condition == Package.Condition.NORMAL,
    )  # fmt: skip


def _actions(package: Package, user, ahead: Next) -> dict:
    """The one next step for this person, and what else may be done."""
    open_to = [name for name in VERBS if package.can(name) and package.may(user, name)]
    actions = {
        name: Action(_verb_url(package, name), str(VERBS[name].title), VERBS[name].icon, VERBS[name].is_grave)
        for name in open_to
    }
    primary = next((actions.pop(name) for name in FIRST if name in actions), None)
    if primary is None and "advance" in actions and ahead.may and ahead.is_clear:
        actions.pop("advance")
        primary = Action(
            f"{_verb_url(package, 'advance')}?to={ahead.stage.key}",
            _("Next: %(stage)s") % {"stage": ahead.stage.label},
            "arrow-right-circle",
        )
    if primary is None and ahead.missing and user.has_perm("assets.view_document"):
        primary = _about_papers(package, user, ahead.missing)
    return {"primary": primary, "other_actions": list(actions.values())}


def _about_papers(package: Package, user, missing: list[Document]) -> Action:
    """What brings the papers on: to judge one that came in, for the giver to bring one, for all others the letter."""
    waiting = [paper for paper in missing if paper.state == Document.State.RECEIVED]
    if waiting and package.may(user, "judge_document"):
        return Action(_paper_url(waiting[0]), _("Look at a paper that came in"), "file-earmark-check")
    to_bring = [paper for paper in missing if paper not in waiting]
    if to_bring and stages.GIVER in package.sides_of(user) and package.may(user, "receive_document"):
        return Action(_paper_url(to_bring[0]), _("Bring a missing paper"), "upload")
    letter = reverse("assets:missing_documents_pdf", args=[package.number])
    return Action(letter, _("Letter: missing papers"), "envelope-paper")


def _paper_url(paper: Document) -> str:
    return reverse("assets:document_detail", args=[paper.package.number, paper.kind])


def _verb_url(package: Package, verb: str) -> str:
    return reverse(f"assets:package_{verb}", args=[package.number])


# --- verbs -------------------------------------------------------------------------------------------------
def package_verb(request, number, verb):
    """A page that says what will happen, with the small form that it needs."""
    package, told = package_for(request, number), VERBS[verb]
    package.require_may(request.user, verb)
    sent = request.POST if request.method == "POST" else None
    form = told.form(sent, package=package, user=request.user, initial=_initial(request, package))
    if request.method == "POST" and form.is_valid():
        arguments = form.arguments()
        if verb == "advance":
            package.require_may(request.user, verb, arguments["to"])
        try:
            _call(package, verb, request.user, arguments)
        except (Refused, ValidationError) as refusal:
            form.add_error(None, refusal.messages)
        else:
            messages.success(request, told.done)
            return redirect(package)
    today = timezone.localdate()
    target = form["to"].value() if verb == "advance" else ""
    hindrances = package.hindrances(target, today) if target in stages.STAGES else []
    return render(
        request,
        "assets/package_verb.html",
        {
            "package": package,
            "verb": verb,
            "told": told,
            "form": form,
            "possible": package.can(verb),
            "hindrances": hindrances if not form.is_bound else [],
            "target": stages.STAGES.get(target),
            "waited": package.waited_days(today),
        },
    )


def _initial(request, package) -> dict:
    to = request.GET.get("to", package.next_stage)
    return {"to": to} if to else {}


def _call(package, verb: str, user, arguments: dict) -> None:
    arguments = {"by": user, "at": timezone.now()} | arguments
    if verb in ("publish", "withdraw"):
        arguments = {name: arguments[name] for name in ("by", "at")}
    if verb == "send_to":
        package.send_to(arguments.pop("holder"), **arguments)
    elif verb == "advance":
        package.advance(arguments.pop("to"), **arguments)
    else:
        getattr(package, verb)(**arguments)


# --- the record --------------------------------------------------------------------------------------------
def package_create(request):
    require(request.user, "assets.add_package")
    form = forms.PackageForm(request.POST or None, user=request.user, initial=_asked(request))
    if request.method == "POST" and form.is_valid() and _stored(form):
        messages.success(request, _("The package is on the list. Next: its assets, then its papers."))
        return redirect(form.instance)
    return render(request, "assets/package_form.html", {"form": form, "is_new": True})


def _asked(request) -> dict:
    return {name: request.GET[name] for name in ("sector",) if name in request.GET}


def package_edit(request, number):
    package = editable_package(request, number)
    name = str(package)
    form = forms.PackageForm(request.POST or None, instance=package, user=request.user)
    if request.method == "POST" and form.is_valid() and _stored(form):
        messages.success(request, _("Saved."))
        return redirect(form.instance)
    context = {"form": form, "package": package, "name": name, "number": number, "is_new": False}
    return render(request, "assets/package_form.html", context)


def _stored(form) -> bool:
    """Whether it was saved; a refusal stands in the form, with what was typed."""
    try:
        form.save()
    except Refused as refusal:
        form.add_error(None, refusal.messages)
        return False
    return True


def package_delete(request, number):
    package = editable_package(request, number, "assets.delete_package")
    if request.method == "POST":
        try:
            package.delete()
        except Refused as refusal:
            messages.error(request, refusal.sentence)
            return redirect("assets:package_detail", number)
        messages.success(request, _("The package is deleted."))
        return redirect("assets:package_list")
    return render(request, "assets/package_delete.html", {"package": package})


def package_signatories(request, number):
    package = package_for(request, number, "assets.change_signatory")
    if not may_sign(request.user, package):
        raise PermissionDenied
    note(request.user, Signatory, number, Way.FORM)
    formset = forms.SignatoryFormSet(request.POST or None, instance=package)
    if request.method == "POST" and formset.is_valid():
        with transaction.atomic():
            formset.save()
        messages.success(request, _("Saved."))
        return redirect(request.path) if "again" in request.POST else redirect(package)
    return render(request, "assets/package_signatories.html", {"package": package, "formset": formset})
