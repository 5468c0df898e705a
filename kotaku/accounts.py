"""How accounts behave here: nobody signs up, people are invited; repeated failures lock out for a while."""

from allauth.account.adapter import DefaultAccountAdapter
from django.http import JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request):
        return False


def locked_out(request, credentials, *args, **kwargs):
    """The answer of axes once somebody failed too often: a page for people, a sentence for programs."""
    sentence = _("Too many failed attempts. Wait 15 minutes, or ask the administrator, then try again.")
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": sentence}, status=429)
    return render(request, "account/locked_out.html", {"sentence": sentence}, status=429)
