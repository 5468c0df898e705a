"""The thematic map and its data."""

from django.http import Http404


def slum_map(request, **kwargs):
    raise Http404


def map_data(request, **kwargs):
    raise Http404


def map_boundaries(request, **kwargs):
    raise Http404
