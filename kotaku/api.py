"""The router: every resource of the contract, and the token door."""

from rest_framework.routers import SimpleRouter

from core.api import OrganizationViewSet, RegionViewSet
from kotaku.api_tokens import TokenViewSet
from workshops.api import AgendaItemViewSet, MinutesEntryViewSet, ParticipantViewSet, WorkshopViewSet

router = SimpleRouter()
router.register("tokens", TokenViewSet)
router.register("regions", RegionViewSet)
router.register("organizations", OrganizationViewSet)
router.register("workshops", WorkshopViewSet)
router.register("agenda-items", AgendaItemViewSet)
router.register("participants", ParticipantViewSet)
router.register("minutes-entries", MinutesEntryViewSet)
