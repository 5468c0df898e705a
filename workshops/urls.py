"""Addresses of workshops. Fixed words stand before the slug, which may not be one of them."""

app_name = "workshops"
urlpatterns = []
