"""Areas, villages and neighbourhoods: lists, pages, how each number was computed."""

from django.http import Http404
from django.views.generic import ListView

from slumareas.models import SlumArea


class AreaList(ListView):
    model = SlumArea


class VillageList(ListView):
    model = SlumArea


def area_export(request, **kwargs):
    raise Http404


def village_export(request, **kwargs):
    raise Http404


def village_detail(request, **kwargs):
    raise Http404


def village_criterion(request, **kwargs):
    raise Http404


def neighbourhood_detail(request, **kwargs):
    raise Http404


def baseline_detail(request, **kwargs):
    raise Http404


def area_detail(request, **kwargs):
    raise Http404


def area_criterion(request, **kwargs):
    raise Http404
