"""What the handover of assets puts on the home page."""

from django.db.models import QuerySet
from django.utils import timezone

from assets.models import Asset, Document, Move, Package

SHOWN = 5


def waiting_for(user) -> dict:
    """What waits for this person, by how the person stands to a package; empty for who may only read."""
    if not user.has_perm("assets.view_document"):
        return {}
    today = timezone.localdate()
    packages = Package.objects.visible_to(user)
    own = user.organization_id
    told = {"checks_due": due_checks(user, today)[:SHOWN]} if user.has_perm("assets.check_asset") else {}
    if own and user.has_perm("assets.move_package"):
        held = packages.open().filter(holder=own).days_waiting(today).order_by("holder_reached_on", "number")
        told |= {"held_count": held.count(), "held": held[:SHOWN]}
    if own and user.has_perm("assets.accept_package"):
        told["to_accept"] = packages.filter(
            receiver=own,
            condition=Package.Condition.NORMAL,
            stage__in=Package.ACCEPTABLE,
            accepted_on=None,
            path=Package.Path.REGULAR,
        ).order_by("stage_reached_on", "number")[:SHOWN]
    if own and user.has_perm("assets.judge_document"):
        papers = Document.objects.filter(state=Document.State.RECEIVED, package__receiver=own)
        told["papers_to_judge"] = _with_packages(papers)
    if own and user.has_perm("assets.receive_document"):
        returned = Document.objects.filter(state=Document.State.RETURNED, package__giver=own)
        told["papers_returned"] = _with_packages(returned)
        sent_back = Move.objects.visible_to(user).unanswered_returns().filter(package__giver=own)
        told["packages_returned"] = sent_back.select_related("package").order_by("-on", "-pk")[:SHOWN]
    if user.role in ("admin", "planner", "verifier"):
        told["blocked"] = (
            packages.filter(condition=Package.Condition.BLOCKED)
            .select_related("holder")
            .days_waiting(today)
            .order_by("holder_reached_on", "number")[:SHOWN]
        )
    return told


def _with_packages(papers) -> QuerySet:
    return papers.select_related("package").order_by("changed_on", "pk")[:SHOWN]


def due_checks(user, on) -> QuerySet:
    """Assets whose yearly check is due, of those that this person may check."""
    found = Asset.objects.visible_to(user).due_checks(on).select_related("package")
    if user.role == user.Role.OPD_USER:
        found = found.filter(package__receiver=user.organization_id)
    return found.order_by("next_check_on", "pk")
