"""Addresses of agreements. The fixed words stand before the key, which always ends in a number."""

from django.urls import path

from agreements import paper_urls
from agreements.models import AgreementRecord, Review, Signatory
from agreements.views import agreements, drafting, evidence, follow_ups, reviews, scoreboard, signing

app_name = "agreements"
urlpatterns = [
    *paper_urls.urlpatterns,
    path("", agreements.AgreementList.as_view(), name="agreement_list"),
    path("scoreboard/", scoreboard.scoreboard_page, name="scoreboard"),
    # what the minutes left open
    path("unanswered/", follow_ups.unanswered, name="unanswered"),
    path("unanswered/<int:pk>/refuse/", follow_ups.entry_refuse, name="entry_refuse"),
    path("unanswered/<int:pk>/reopen/", follow_ups.entry_reopen, name="entry_reopen"),
    # follow-ups
    path("follow-ups/", follow_ups.FollowUpList.as_view(), name="follow_up_list"),
    path("follow-ups/matrix/", follow_ups.FollowUpMatrix.as_view(), name="follow_up_matrix"),
    path("follow-ups/new/", follow_ups.follow_up_create, name="follow_up_create"),
    path("follow-ups/<int:pk>/", follow_ups.follow_up_detail, name="follow_up_detail"),
    path("follow-ups/<int:pk>/edit/", follow_ups.follow_up_edit, name="follow_up_edit"),
    path("follow-ups/<int:pk>/delete/", follow_ups.follow_up_delete, name="follow_up_delete"),
    path("follow-ups/<int:pk>/report/", follow_ups.follow_up_report, name="follow_up_report"),
    path("follow-ups/<int:pk>/evidence/", evidence.evidence_create, name="evidence_create"),
    *[
        path(f"follow-ups/<int:pk>/{verb}/", follow_ups.follow_up_verb, {"verb": verb}, name=f"follow_up_{verb}")
        for verb in follow_ups.VERB_TEXTS
    ],
    # evidence
    path("evidence/<int:pk>/", evidence.evidence_detail, name="evidence_detail"),
    path("evidence/<int:pk>/judge/", evidence.evidence_judge, name="evidence_judge"),
    path("evidence/<int:pk>/delete/", evidence.evidence_delete, name="evidence_delete"),
    path("evidence/<int:pk>/file/", evidence.evidence_file, name="evidence_file"),
    path("evidence/<int:pk>/thumbnail.jpg", evidence.evidence_thumbnail, name="evidence_thumbnail"),
    # sittings
    path("review/", reviews.review_list, name="review_list"),
    path("review/new/", reviews.review_create, name="review_create"),
    path("review/<int:pk>/", reviews.review_detail, name="review_detail"),
    path("review/<int:pk>/edit/", reviews.review_edit, name="review_edit"),
    path("review/<int:pk>/queue/", reviews.review_queue, name="review_queue"),
    path("review/<int:pk>/items/<int:follow_up>/", reviews.review_decide, name="review_decide"),
    *[
        path(f"review/<int:pk>/{verb}/", reviews.review_verb, {"verb": verb}, name=f"review_{verb}")
        for verb in Review.TRANSITIONS
    ],
    # records: drafted from the minutes or from their own page, signed, published
    path("records/", signing.record_list, name="record_list"),
    path("records/<slug:slug>/", signing.record_detail, name="record_detail"),
    path("records/<slug:slug>/edit/", drafting.record_edit, name="record_edit"),
    path("records/<slug:slug>/agreements/add/", drafting.agreement_create, name="agreement_create"),
    path("records/<slug:slug>/agreements/new/", drafting.agreement_new, name="agreement_new"),
    path("records/<slug:slug>/signatories/add/", drafting.signatory_create, name="signatory_create"),
    *[
        path(
            f"records/<slug:slug>/{verb.replace('_', '-')}/", signing.record_verb, {"verb": verb}, name=f"record_{verb}"
        )
        for verb in AgreementRecord.TRANSITIONS
    ],
    path("signatories/<int:pk>/edit/", drafting.signatory_edit, name="signatory_edit"),
    path("signatories/<int:pk>/move/", drafting.signatory_move, name="signatory_move"),
    path("signatories/<int:pk>/delete/", drafting.signatory_delete, name="signatory_delete"),
    path("signatories/<int:pk>/file/", signing.signature_file, name="signatory_file"),
    *[
        path(f"signatories/<int:pk>/{verb.replace('_', '-')}/", signing.ANSWERS[verb], name=f"signatory_{verb}")
        for verb in Signatory.TRANSITIONS
    ],
    # one agreement
    path("<slug:key>/", agreements.agreement_detail, name="agreement_detail"),
    path("<slug:key>/edit/", drafting.agreement_edit, name="agreement_edit"),
    path("<slug:key>/amend/", agreements.agreement_amend, name="agreement_amend"),
    path("<slug:key>/delete/", drafting.agreement_delete, name="agreement_delete"),
    path("<slug:key>/move/", drafting.agreement_move, name="agreement_move"),
    path("<slug:key>/chain/", agreements.agreement_chain, name="agreement_chain"),
    path("<slug:key>/chain.json", agreements.agreement_chain_json, name="agreement_chain_json"),
]
