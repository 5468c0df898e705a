"""Papers, files, calendar and history of a workshop."""

from django.shortcuts import render

from workshops.views.access import workshop_for


def files(request, slug):
    workshop = workshop_for(request, slug)
    return render(request, "workshops/files.html", {"workshop": workshop, "section": "files"})


def history(request, slug):
    workshop = workshop_for(request, slug, "workshops.view_participant")
    return render(request, "workshops/history.html", {"workshop": workshop, "section": "history"})


def workshop_calendar(request, slug):
    workshop = workshop_for(request, slug)
    return render(request, "workshops/files.html", {"workshop": workshop, "section": "files"})
