"""The minutes of a workshop, written while others speak."""

from django.shortcuts import render

from workshops.views.access import workshop_for


def minutes(request, slug):
    workshop = workshop_for(request, slug)
    return render(request, "workshops/minutes.html", {"workshop": workshop, "section": "minutes"})
