"""Papers of a slum area."""

from django.http import Http404


def area_profile(request, **kwargs):
    raise Http404
