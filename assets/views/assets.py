"""The assets of a package: their record, photos, books, manager, yearly check, and the card behind the label."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import FileResponse, Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from assets import forms
from assets.models import Asset, AssetPhoto
from assets.views.access import asset_for, editable_package, may_edit, package_for
from core.refusals import Refused


# --- the record --------------------------------------------------------------------------------------------
def asset_create(request, number):
    package = editable_package(request, number, "assets.add_asset")
    asset = Asset(package=package, built_year=package.budget_year)
    form = forms.AssetForm(request.POST or None, instance=asset)
    if request.method == "POST" and form.is_valid() and _tried(form, form.save):
        messages.success(request, _("The asset is in the package."))
        if "again" in request.POST:
            return redirect(request.path)
        return redirect(form.instance)
    return render(request, "assets/asset_form.html", {"package": package, "form": form, "is_new": True})


def asset_edit(request, number, asset):
    package = editable_package(request, number, "assets.change_asset")
    stored = asset_for(request, package, asset)
    form = forms.AssetForm(request.POST or None, instance=stored)
    if request.method == "POST" and form.is_valid() and _tried(form, form.save):
        messages.success(request, _("Saved."))
        return redirect(stored)
    context = {"package": package, "asset": stored, "form": form, "is_new": False}
    return render(request, "assets/asset_form.html", context)


def asset_delete(request, number, asset):
    package = editable_package(request, number, "assets.delete_asset")
    stored = asset_for(request, package, asset)
    if request.method == "POST":
        name = stored.name
        try:
            stored.delete()
        except Refused as refusal:
            messages.error(request, refusal.sentence)
            return redirect(stored)
        messages.success(request, _("“%(asset)s” is taken out of the package.") % {"asset": name})
        return redirect(package)
    return render(request, "assets/asset_delete.html", {"package": package, "asset": stored})


def _tried(form, call, *args, **values) -> bool:
    """Whether it went through; a refusal stands in the form, with what was typed."""
    try:
        call(*args, **values)
    except (Refused, ValidationError) as refusal:
        form.add_error(None, refusal.messages)
        return False
    return True


# --- photos ------------------------------------------------------------------------------------------------
def asset_photos(request, number, asset):
    package = package_for(request, number, "assets.view_assetphoto")
    stored = asset_for(request, package, asset)
    may_add = may_edit(request.user, package) and request.user.has_perm("assets.add_assetphoto")
    form = forms.PhotoForm() if may_add else None
    if request.method == "POST":
        if not may_add:
            raise PermissionDenied
        form = forms.PhotoForm(request.POST, request.FILES, instance=AssetPhoto(asset=stored))
        if form.is_valid():
            form.save()
            messages.success(request, _("The photo is stored."))
            return redirect(request.path)
    context = {"package": package, "asset": stored, "photos": stored.photos.all(), "form": form, "may_add": may_add}
    return render(request, "assets/asset_photos.html", context)


def asset_photo(request, number, pk):
    """The picture itself, with the rights of its package."""
    package = package_for(request, number, "assets.view_assetphoto")
    photo = get_object_or_404(AssetPhoto, asset__package=package, pk=pk)
    try:
        response = FileResponse(photo.picture.open("rb"))
    except FileNotFoundError as error:
        raise Http404 from error
    response["Cache-Control"] = "private, max-age=3600"
    return response


@require_POST
def asset_photo_delete(request, number, pk):
    package = editable_package(request, number, "assets.delete_assetphoto")
    photo = get_object_or_404(AssetPhoto.objects.select_related("asset"), asset__package=package, pk=pk)
    asset = photo.asset.number
    photo.delete()
    messages.success(request, _("The photo is removed."))
    return redirect("assets:asset_photos", number, asset)


# --- after the handover ------------------------------------------------------------------------------------
def asset_book(request, number, asset):
    """The entry in the asset register of the regency."""
    stored = _after_handover(request, number, asset, "book_asset")
    form = forms.BookForm(request.POST or None, asset=stored)
    if _went_through(request, form, stored.enter_in_books, by=request.user):
        messages.success(request, _("The entry in the books is written down."))
        return redirect(stored)
    explanation = _(
        "Class and code as the regency keeps the asset in its register; the package needs them before its next stage."
    )
    return _small_form(request, stored, form, _("Enter in the books"), explanation)


def asset_manager(request, number, asset):
    stored = _after_handover(request, number, asset, "book_asset")
    form = forms.ManagerForm(request.POST or None, asset=stored)
    if _went_through(request, form, stored.assign_manager, by=request.user):
        messages.success(request, _("The manager is written down."))
        return redirect(stored)
    explanation = _("Who runs it and looks after it once it is handed over, and what that means.")
    return _small_form(request, stored, form, _("Name the manager"), explanation)


def asset_check(request, number, asset):
    """The yearly look at whether it works and how it is."""
    stored = _after_handover(request, number, asset, "check_asset")
    form = forms.CheckForm(request.POST or None)
    if _went_through(request, form, stored.record_check, by=request.user, at=timezone.now()):
        messages.success(request, _("The check is recorded. The next one is due in a year."))
        return redirect(stored)
    explanation = _("Once a year: does it work, and how is it?")
    return _small_form(request, stored, form, _("Record the yearly check"), explanation)


def _went_through(request, form, verb, **values) -> bool:
    """Whether the form was sent, is valid, and the verb took what it says."""
    return request.method == "POST" and form.is_valid() and _tried(form, verb, **form.cleaned_data, **values)


def _after_handover(request, number, asset, verb):
    package = package_for(request, number)
    stored = asset_for(request, package, asset)
    package.require_may(request.user, verb)
    return stored


def _small_form(request, asset, form, title, explanation):
    context = {"package": asset.package, "asset": asset, "form": form, "title": title, "explanation": explanation}
    return render(request, "assets/asset_verb.html", context)


# --- the card behind the QR label --------------------------------------------------------------------------
@login_not_required
@never_cache
def asset_card(request, code):
    """Open to whoever stands before the asset. Tells nothing of a package that is not published, and of no person."""
    found = Asset.objects.select_related("package__giver", "package__receiver", "package__village__parent", "manager")
    asset = get_object_or_404(found, card_code=code)
    user = request.user
    sees_package = user.is_authenticated and Asset.objects.visible_to(user).filter(pk=asset.pk).exists()
    context = {"asset": asset if asset.package.is_published else None, "code": code}
    context["package_url"] = asset.get_absolute_url() if sees_package else ""
    if asset.package.is_published:
        context["check"] = asset.checks.order_by("-year").first()
    return render(request, "assets/asset_card.html", context)


def card_address(request, asset) -> str:
    return request.build_absolute_uri(reverse("assets:asset_card", args=[asset.card_code]))
