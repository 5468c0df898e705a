"""The minutes of a workshop, as they are read."""

from django.db.models import F
from django.shortcuts import render

from workshops.views.access import workshop_for


def minutes(request, slug):
    workshop = workshop_for(request, slug, "workshops.view_minutesentry")
    entries = workshop.minutes_entries.select_related("agenda_item").order_by(
        F("agenda_item__order").asc(nulls_last=True), "agenda_item", "order", "pk"
    )
    return render(request, "workshops/minutes.html", {"workshop": workshop, "section": "minutes", "entries": entries})
