"""Addresses of the handover: the collection, then what stands beside the packages, then one package.

Numbers of packages are in capitals, so that none is ever the address of a page.
"""

from django.urls import path

from assets.views import assets, files, lists, numbers, packages, papers

app_name = "assets"
urlpatterns = [
    path("", lists.PackageList.as_view(), name="package_list"),
    path("export.<str:format>", lists.package_export, name="package_export"),
    path("stages/", numbers.stage_board, name="stage_board"),
    path("ageing/", numbers.ageing_page, name="ageing"),
    path("totals/", numbers.totals, name="totals"),
    path("new/", packages.package_create, name="package_create"),
    path("cards/<str:code>/", assets.asset_card, name="asset_card"),
    path("<str:number>/", packages.package_detail, name="package_detail"),
    path("<str:number>/edit/", packages.package_edit, name="package_edit"),
    path("<str:number>/delete/", packages.package_delete, name="package_delete"),
    path("<str:number>/signatories/", packages.package_signatories, name="package_signatories"),
    *(
        path(f"<str:number>/{verb.replace('_', '-')}/", packages.package_verb, {"verb": verb}, name=f"package_{verb}")
        for verb in packages.VERBS
    ),
    path("<str:number>/missing-documents.pdf", papers.missing_documents, name="missing_documents_pdf"),
    path("<str:number>/inspection-record.pdf", papers.inspection_record, name="inspection_record_pdf"),
    path("<str:number>/recapitulation.pdf", papers.recapitulation, name="recapitulation_pdf"),
    path("<str:number>/handover-record.pdf", papers.handover_record, name="handover_record_pdf"),
    path("<str:number>/labels.pdf", papers.labels, name="labels_pdf"),
    path("<str:number>/package.zip", papers.package_zip, name="package_zip"),
    path("<str:number>/documents/<slug:kind>/", files.document_detail, name="document_detail"),
    path("<str:number>/documents/<slug:kind>/receive/", files.document_receive, name="document_receive"),
    path("<str:number>/documents/<slug:kind>/accept/", files.document_accept, name="document_accept"),
    path("<str:number>/documents/<slug:kind>/send-back/", files.document_send_back, name="document_send_back"),
    path("<str:number>/documents/<slug:kind>/edit/", files.document_edit, name="document_edit"),
    path("<str:number>/documents/<slug:kind>/<int:version>/", files.document_version, name="document_version"),
    path("<str:number>/assets/new/", assets.asset_create, name="asset_create"),
    path("<str:number>/assets/<int:asset>/edit/", assets.asset_edit, name="asset_edit"),
    path("<str:number>/assets/<int:asset>/delete/", assets.asset_delete, name="asset_delete"),
    path("<str:number>/assets/<int:asset>/photos/", assets.asset_photos, name="asset_photos"),
    path("<str:number>/assets/<int:asset>/book/", assets.asset_book, name="asset_book"),
    path("<str:number>/assets/<int:asset>/manager/", assets.asset_manager, name="asset_manager"),
    path("<str:number>/assets/<int:asset>/check/", assets.asset_check, name="asset_check"),
    path("<str:number>/photos/<int:pk>/", assets.asset_photo, name="asset_photo"),
    path("<str:number>/photos/<int:pk>/delete/", assets.asset_photo_delete, name="asset_photo_delete"),
]
