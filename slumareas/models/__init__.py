"""The records of slum areas; the rooms are by noun."""

from slumareas.models.assessments import Assessment, refresh
from slumareas.models.baselines import Baseline
from slumareas.models.imports import ColumnMapping, Import
from slumareas.models.places import (
    AreaBoundary,
    Decree,
    DecreeArea,
    NeighbourhoodUnit,
    ReportedHectares,
    ReportingGroup,
    SlumArea,
)
from slumareas.models.works import Work
from slumareas.models.years import AssessmentYear, YearStatusChange

__all__ = [
    "AreaBoundary",
    "Assessment",
    "AssessmentYear",
    "Baseline",
    "ColumnMapping",
    "Decree",
    "DecreeArea",
    "Import",
    "NeighbourhoodUnit",
    "ReportedHectares",
    "ReportingGroup",
    "SlumArea",
    "Work",
    "YearStatusChange",
    "refresh",
]
