"""Addresses of agreements. Fixed words stand before the key, which always ends in a number."""

from django.urls import path

from agreements import paper_urls
from agreements.models import AgreementRecord, Signatory
from agreements.views import drafting, signing

app_name = "agreements"
urlpatterns = [
    *paper_urls.urlpatterns,
    # drafting and signing, from the minutes of a workshop
    path("workshops/<slug:slug>/add/", drafting.agreement_create, name="agreement_create"),
    path("workshops/<slug:slug>/record/", drafting.record_edit, name="record_edit"),
    *[
        path(
            f"workshops/<slug:slug>/record/{verb.replace('_', '-')}/",
            signing.record_verb,
            {"verb": verb},
            name=f"record_{verb}",
        )
        for verb in AgreementRecord.TRANSITIONS
    ],
    path("workshops/<slug:slug>/signatories/add/", drafting.signatory_create, name="signatory_create"),
    path("signatories/<int:pk>/edit/", drafting.signatory_edit, name="signatory_edit"),
    path("signatories/<int:pk>/move/", drafting.signatory_move, name="signatory_move"),
    path("signatories/<int:pk>/delete/", drafting.signatory_delete, name="signatory_delete"),
    *[
        path(
            f"signatories/<int:pk>/{verb.replace('_', '-')}/",
            signing.signatory_verb,
            {"verb": verb},
            name=f"signatory_{verb}",
        )
        for verb in Signatory.TRANSITIONS
    ],
    path("signatories/<int:pk>/file/", signing.signature_file, name="signatory_file"),
    path("evidence/<int:pk>/file/", signing.evidence_file, name="evidence_file"),
    path("<slug:key>/edit/", drafting.agreement_edit, name="agreement_edit"),
    path("<slug:key>/move/", drafting.agreement_move, name="agreement_move"),
    path("<slug:key>/delete/", drafting.agreement_delete, name="agreement_delete"),
]
