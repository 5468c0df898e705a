"""The router: every resource of the contract, and the token door."""

from rest_framework.routers import SimpleRouter

from agreements.api import (
    AgreementRecordViewSet,
    AgreementViewSet,
    EvidenceViewSet,
    FollowUpViewSet,
    RaisedEntryViewSet,
    ReviewViewSet,
    SignatoryViewSet,
)
from assets.api import AssetViewSet, DocumentViewSet, PackageViewSet
from core.api import OrganizationViewSet, RegionViewSet
from kotaku.api_search import SearchViewSet
from kotaku.api_tokens import TokenViewSet
from slumareas.api import (
    AssessmentViewSet,
    AssessmentYearViewSet,
    BaselineViewSet,
    DecreeViewSet,
    ImportViewSet,
    NeighbourhoodViewSet,
    ReportedHectaresViewSet,
    ReportingGroupViewSet,
    SlumAreaViewSet,
    WorkViewSet,
)
from workshops.api import AgendaItemViewSet, MinutesEntryViewSet, ParticipantViewSet, WorkshopViewSet

router = SimpleRouter()
router.register("tokens", TokenViewSet)
router.register("search", SearchViewSet, basename="search")
router.register("regions", RegionViewSet)
router.register("organizations", OrganizationViewSet)
router.register("slum-areas", SlumAreaViewSet)
router.register("decrees", DecreeViewSet)
router.register("reporting-groups", ReportingGroupViewSet)
router.register("reported-hectares", ReportedHectaresViewSet)
router.register("neighbourhoods", NeighbourhoodViewSet)
router.register("assessment-years", AssessmentYearViewSet)
router.register("baselines", BaselineViewSet)
router.register("assessments", AssessmentViewSet)
router.register("imports", ImportViewSet)
router.register("works", WorkViewSet)
router.register("workshops", WorkshopViewSet)
router.register("agenda-items", AgendaItemViewSet)
router.register("participants", ParticipantViewSet)
router.register("minutes-entries", MinutesEntryViewSet)
router.register("agreement-records", AgreementRecordViewSet)
router.register("agreements", AgreementViewSet)
router.register("signatories", SignatoryViewSet)
router.register("raised-entries", RaisedEntryViewSet, basename="raisedentry")
router.register("follow-ups", FollowUpViewSet)
router.register("evidence", EvidenceViewSet)
router.register("reviews", ReviewViewSet)
router.register("packages", PackageViewSet)
router.register("assets", AssetViewSet)
router.register("documents", DocumentViewSet)
