"""The one admin site, in the product's name and with the product's login."""

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
from django.core.exceptions import PermissionDenied
from django.shortcuts import redirect
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _


class KotakuAdminConfig(AdminConfig):
    default_site = "kotaku.admin.KotakuAdminSite"


class KotakuAdminSite(admin.AdminSite):
    site_header = "kotaku"
    site_title = "kotaku"
    index_title = _("Administration")
    enable_nav_sidebar = True

    def has_permission(self, request):
        """Whoever is known but not of the staff is told so at once, instead of being asked to log in again."""
        if request.user.is_authenticated and not super().has_permission(request):
            raise PermissionDenied
        return super().has_permission(request)

    def login(self, request, extra_context=None):
        """One login for everything: lock-out and second factor hold here too."""
        target = request.GET.get("next", reverse("admin:index"))
        return redirect(f"{reverse('account_login')}?{urlencode({'next': target})}")
