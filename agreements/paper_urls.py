"""Addresses of papers, spreadsheets and reminders of agreements.

`urlpatterns` stand below /agreements/, before the keys of agreements; `of_workshops` below the page of a workshop, as
the object that these papers are about.
"""

from django.urls import path

from agreements.views import papers, reminders, spreadsheet

urlpatterns = [
    path("follow-ups/follow-up-matrix.pdf", papers.filtered_matrix_pdf, name="filtered_matrix_pdf"),
    path("follow-ups/follow-ups.xlsx", spreadsheet.follow_up_export, name="follow_up_export"),
    path("follow-ups/import/", spreadsheet.follow_up_import, name="follow_up_import"),
    path("follow-ups/<int:pk>/pause/", reminders.follow_up_pause, name="follow_up_pause"),
    path("review/<int:pk>/review-minutes.pdf", papers.review_minutes_pdf, name="review_minutes_pdf"),
    path("<slug:key>/agreement-extract.pdf", papers.agreement_extract_pdf, name="agreement_extract_pdf"),
]
of_workshops = [
    path("<slug:slug>/agreement-record.pdf", papers.agreement_record_pdf, name="agreement_record_pdf"),
    path("<slug:slug>/follow-up-matrix.pdf", papers.follow_up_matrix_pdf, name="follow_up_matrix_pdf"),
    path(
        "<slug:slug>/organizations/<slug:key>/agreement-extract.pdf",
        papers.organization_extract_pdf,
        name="organization_extract_pdf",
    ),
]
