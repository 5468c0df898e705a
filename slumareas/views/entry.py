"""Forms: areas, boundaries, neighbourhoods, baselines, works."""

from django.http import Http404


def area_create(request, **kwargs):
    raise Http404


def neighbourhood_create(request, **kwargs):
    raise Http404


def neighbourhood_edit(request, **kwargs):
    raise Http404


def baseline_create(request, **kwargs):
    raise Http404


def baseline_edit(request, **kwargs):
    raise Http404


def baseline_delete(request, **kwargs):
    raise Http404


def baseline_photo(request, **kwargs):
    raise Http404


def work_create(request, **kwargs):
    raise Http404


def work_edit(request, **kwargs):
    raise Http404


def work_delete(request, **kwargs):
    raise Http404


def area_edit(request, **kwargs):
    raise Http404


def area_boundaries(request, **kwargs):
    raise Http404


def boundary_delete(request, **kwargs):
    raise Http404
