"""The one admin site, in the product's name and with the product's login."""

from django.contrib import admin
from django.contrib.admin.apps import AdminConfig
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

    def login(self, request, extra_context=None):
        """One login for everything: lock-out and second factor hold here too."""
        if request.user.is_authenticated:
            return super().login(request, extra_context)
        return redirect(f"{reverse('account_login')}?{urlencode({'next': request.get_full_path()})}")
