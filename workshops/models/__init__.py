from workshops.models.agenda import AgendaItem
from workshops.models.minutes import Attachment, Checkpoint, MinutesEntry
from workshops.models.participants import Participant
from workshops.models.workshop import (
    Leader,
    ReportSection,
    StatusChange,
    TextualNote,
    Workshop,
    WorkshopArea,
    WorkshopRecord,
    number_in_order,
)

__all__ = [
    "AgendaItem",
    "Attachment",
    "Checkpoint",
    "Leader",
    "MinutesEntry",
    "Participant",
    "ReportSection",
    "StatusChange",
    "TextualNote",
    "Workshop",
    "WorkshopArea",
    "WorkshopRecord",
    "number_in_order",
]
