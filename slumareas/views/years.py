"""Assessment years and their verbs."""

from django.http import Http404


def year_list(request, **kwargs):
    raise Http404


def year_detail(request, **kwargs):
    raise Http404


def year_verify(request, **kwargs):
    raise Http404


def year_lock(request, **kwargs):
    raise Http404


def year_reopen(request, **kwargs):
    raise Http404
