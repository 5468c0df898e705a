from agreements.models.evidence import Evidence
from agreements.models.follow_ups import FollowUp, FollowUpChange, Funding
from agreements.models.records import (
    Agreement,
    AgreementCriterion,
    AgreementRecord,
    AgreementVersion,
    EntryRefusal,
    RaisedEntry,
    RecordChange,
    Signatory,
)
from agreements.models.reviews import Review, ReviewItem

__all__ = [
    "Agreement",
    "AgreementCriterion",
    "AgreementRecord",
    "AgreementVersion",
    "EntryRefusal",
    "Evidence",
    "FollowUp",
    "FollowUpChange",
    "Funding",
    "RaisedEntry",
    "RecordChange",
    "Review",
    "ReviewItem",
    "Signatory",
]
