"""The papers of agreements as PDF: as they stand now (`papers`), and as they were issued (`issued`)."""

from agreements.documents.issued import (
    MATRIX_ROWS,
    final_matrix,
    final_record,
    final_review_minutes,
    matrix_as_issued,
    matrix_of,
    record_as_issued,
    review_minutes_as_issued,
    unissued_matrices,
    unissued_records,
    unissued_review_minutes,
)
from agreements.documents.papers import (
    agreement_extract,
    agreement_record,
    follow_up_matrix,
    organization_extract,
    review_minutes,
)

__all__ = [
    "MATRIX_ROWS",
    "agreement_extract",
    "agreement_record",
    "final_matrix",
    "final_record",
    "final_review_minutes",
    "follow_up_matrix",
    "matrix_as_issued",
    "matrix_of",
    "organization_extract",
    "record_as_issued",
    "review_minutes",
    "review_minutes_as_issued",
    "unissued_matrices",
    "unissued_records",
    "unissued_review_minutes",
]
