"""Every address of the product."""

from django.contrib import admin
from django.urls import include, path, re_path
from drf_spectacular.views import SpectacularAPIView

from agreements import paper_urls
from core.api import NoSuchAddress
from kotaku import handbook, saved_filters, searching, verifying, views
from kotaku.api import router

handler500 = "kotaku.outages.server_error"
urlpatterns = [
    path("", views.home, name="home"),
    path("search/", searching.search, name="search"),
    path("healthz", views.healthz, name="healthz"),
    path("verify/", verifying.verify, name="verify"),
    path("verify/<str:code>/", verifying.verify_paper, name="verify_paper"),
    path("verify/<str:code>/paper.pdf", verifying.verify_file, name="verify_file"),
    *[
        path(f"verify/<str:code>/{verb}/", verifying.verify_publish, {"verb": verb}, name=f"verify_{verb}")
        for verb in ("publish", "unpublish")
    ],
    path("help/", handbook.handbook, name="help"),
    path("help/<slug:key>/", handbook.handbook_topic, name="help_topic"),
    path("account/", views.account, name="account"),
    path("account/reminders/", views.pause_reminders, name="pause_reminders"),
    path("account/calendar/", views.renew_feed, name="renew_feed"),
    path("theme/", views.set_theme, name="set_theme"),
    path("filters/", saved_filters.saved_filter_add, name="saved_filter_add"),
    path("filters/<int:pk>/remove/", saved_filters.saved_filter_remove, name="saved_filter_remove"),
    path("i18n/", include("django.conf.urls.i18n")),
    path("accounts/", include("kotaku.account_urls")),
    path("accounts/2fa/", include("allauth.mfa.urls")),
    # The address that people subscribed to when only workshops were in it.
    path("workshops/feed/<str:secret>/kotaku.ics", views.feed, name="feed"),
    path("workshops/", include((paper_urls.of_workshops, "agreement_papers"))),
    path("workshops/", include("workshops.urls")),
    path("slum-areas/", include("slumareas.urls")),
    path("agreements/", include("agreements.urls")),
    path("assets/", include("assets.urls")),
    path("api/v1/", include(router.urls)),
    re_path(r"^api/v1/.*/$", NoSuchAddress.as_view(), name="api_nothing"),
    path("api/schema/", SpectacularAPIView.as_view(), name="api_schema"),
    path("api/docs/", views.ApiDocs.as_view(url_name="api_schema"), name="api_docs"),
    path("admin/", admin.site.urls),
]
