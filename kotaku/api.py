"""The router: every resource of the contract, and the token door."""

from rest_framework.routers import SimpleRouter

router = SimpleRouter()
