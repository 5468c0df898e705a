"""Slum hectares by class and year, and what changed them."""

from django.http import Http404


def hectares(request, **kwargs):
    raise Http404


def hectares_explain(request, **kwargs):
    raise Http404
