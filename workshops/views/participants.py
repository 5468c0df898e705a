"""Participants: invited, present, imported, checked in."""

from django.shortcuts import render

from workshops.views.access import workshop_for


def participants(request, slug):
    workshop = workshop_for(request, slug, "workshops.view_participant")
    return render(request, "workshops/participants.html", {"workshop": workshop, "section": "participants"})
