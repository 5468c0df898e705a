"""Shared nouns. Admitted here: what at least two apps need and what knows nothing of slums."""

from core.jobs import Job, Worker
from core.models.backups import Backup
from core.models.history_seals import HistorySeal
from core.models.issued_papers import IssuedPaper
from core.models.nouns import (
    DemoPart,
    Letterhead,
    Official,
    Organization,
    Person,
    Region,
    RegionAlias,
    Reminder,
    SavedFilter,
    User,
    normalised_name,
)
from core.models.personal_access import PersonalAccess

__all__ = [
    "Backup",
    "DemoPart",
    "HistorySeal",
    "IssuedPaper",
    "Job",
    "Letterhead",
    "Official",
    "Organization",
    "Person",
    "PersonalAccess",
    "Region",
    "RegionAlias",
    "SavedFilter",
    "Reminder",
    "User",
    "Worker",
    "normalised_name",
]
