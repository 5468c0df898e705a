"""The papers of a package as PDF, and all of a package as one file."""

from django.http import HttpResponse, StreamingHttpResponse
from django.utils import timezone
from django.utils.text import slugify

from assets import bundles, documents
from assets.models import Asset, AssetPhoto, DocumentVersion
from assets.views.access import package_for
from assets.views.assets import card_address


def _pdf(content: bytes, name: str) -> HttpResponse:
    response = HttpResponse(content, content_type="application/pdf")
    response["Content-Disposition"] = f'inline; filename="{name}.pdf"'
    response["Cache-Control"] = "private, no-cache"
    return response


def missing_documents(request, number):
    package = package_for(request, number, "assets.view_document")
    return _pdf(documents.missing_documents(package, on=timezone.localdate()), f"kekurangan-dokumen-{slugify(number)}")


def inspection_record(request, number):
    package = package_for(request, number, "assets.view_document")
    return _pdf(documents.inspection_record(package), f"ba-pemeriksaan-{slugify(number)}")


def recapitulation(request, number):
    package = package_for(request, number, "assets.view_asset")
    return _pdf(documents.recapitulation(package), f"rekapitulasi-{slugify(number)}")


def handover_record(request, number):
    package = package_for(request, number, "assets.view_document")
    return _pdf(documents.record_as_issued(package), f"bast-{slugify(number)}")


def labels(request, number):
    """A sheet of QR labels, one an asset."""
    package = package_for(request, number, "assets.view_asset")
    assets = list(Asset.objects.visible_to(request.user).filter(package=package).order_by("number"))
    for asset in assets:
        asset.package = package
    addresses = {asset.number: card_address(request, asset) for asset in assets}
    return _pdf(documents.labels(package, assets, addresses), f"label-{slugify(number)}")


def package_zip(request, number):
    """All papers of the package, in their last and earlier versions, with a table of contents and hashes."""
    package = package_for(request, number, "assets.view_documentversion")
    versions = DocumentVersion.objects.visible_to(request.user).filter(document__package=package)
    photos = AssetPhoto.objects.visible_to(request.user).filter(asset__package=package)
    photos = photos.select_related("asset").order_by("asset__number", "pk")
    content = bundles.package_file(package, versions, photos)
    response = StreamingHttpResponse(content, content_type="application/zip")
    response["Content-Disposition"] = f'attachment; filename="{slugify(number)}.zip"'
    response["Cache-Control"] = "private, no-store"
    return response
