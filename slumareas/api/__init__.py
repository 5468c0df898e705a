"""The API of slum areas: the same records, rights and doors as the pages."""

from slumareas.api.areas import SlumAreaViewSet
from slumareas.api.assessments import AssessmentViewSet
from slumareas.api.baselines import BaselineViewSet
from slumareas.api.decrees import DecreeViewSet, ReportedHectaresViewSet, ReportingGroupViewSet
from slumareas.api.imports import ImportViewSet
from slumareas.api.neighbourhoods import NeighbourhoodViewSet
from slumareas.api.works import WorkViewSet
from slumareas.api.years import AssessmentYearViewSet

__all__ = [
    "AssessmentViewSet",
    "AssessmentYearViewSet",
    "BaselineViewSet",
    "DecreeViewSet",
    "ImportViewSet",
    "NeighbourhoodViewSet",
    "ReportedHectaresViewSet",
    "ReportingGroupViewSet",
    "SlumAreaViewSet",
    "WorkViewSet",
]
