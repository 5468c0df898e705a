"""Participants of a workshop, as they are listed."""

from django.core.paginator import Paginator
from django.shortcuts import render

from workshops.views.access import workshop_for


def participants(request, slug):
    workshop = workshop_for(request, slug, "workshops.view_participant")
    rows = workshop.participants.select_related("organization")
    page = Paginator(rows, 100).get_page(request.GET.get("page"))
    context = {
        "workshop": workshop,
        "section": "participants",
        "counts": rows.counts(),
        "page_obj": page,
        "paginator": page.paginator,
        "is_paginated": page.has_other_pages(),
    }
    return render(request, "workshops/participants.html", context)
