"""How accounts behave here: nobody signs up, people are invited; repeated failures lock out for a while."""

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.forms import LoginForm as PackagedLoginForm
from django.http import JsonResponse
from django.shortcuts import render
from django.utils.translation import gettext as _


class LoginForm(PackagedLoginForm):
    """The stock form in words that say what belongs in each field."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for name, label in {
            "login": _("User name or e-mail"),
            "password": _("Password"),
            "remember": _("Stay logged in on this device"),
        }.items():
            self.fields[name].label = label
            self.fields[name].widget.attrs.pop("placeholder", None)


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request):
        return False


def locked_out(request, credentials, *args, **kwargs):
    """The answer of axes once somebody failed too often: a page for people, a sentence for programs."""
    sentence = _("Too many failed attempts. Wait 15 minutes, or ask the administrator, then try again.")
    if request.path.startswith("/api/"):
        return JsonResponse({"detail": sentence}, status=429)
    return render(request, "account/locked_out.html", {"sentence": sentence}, status=429)
