"""What workshops are found by: their frame, their areas, and what was said in them."""

from django.db.models import Q
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.translation import gettext_lazy as _

from core.searching import Hit, Searcher
from workshops.models import MinutesEntry, Workshop, WorkshopArea

# Whoever may open the minutes reads all of this there, the speaker too.
SAID = ("speaker", "speaker_organization", "title", "text", "points", "figures", "statement", "location")
MOST_ENTRIES = 50  # read to find a piece of text to show


class WorkshopSearcher(Searcher):
    key = "workshops"
    label = _("Workshops")
    icon = "calendar-event"
    names = ("title",)
    texts = ("place", "slug")
    order = ("-held_on", "-pk")
    list_name = "workshops:workshop_list"

    def visible_to(self, user):
        return Workshop.objects.visible_to(user)

    def exact(self, text):
        return Q(slug__iexact=text) | Q(title__iexact=text)

    def elsewhere(self, word, user=None):
        areas = WorkshopArea.objects.filter(name__icontains=word)
        return Q(pk__in=areas.values("workshop")) | Q(pk__in=_entries_with(word).values("workshop"))

    def pieces(self, rows, words):
        found = MinutesEntry.objects.filter(workshop__in=rows)
        for word in words:
            found = found.filter(pk__in=_entries_with(word).values("pk"))
        pieces: dict[int, list[tuple[str, str]]] = {}
        for entry in found.select_related("workshop").order_by("workshop", "pk")[:MOST_ENTRIES]:
            said = " ".join(getattr(entry, name) for name in SAID)
            address = reverse("workshops:minutes", args=[entry.workshop.slug])
            pieces.setdefault(entry.workshop_id, []).append((said, f"{address}#entry-{entry.uid}"))
        return pieces

    def hit(self, record):
        when = date_format(record.held_on, "j F Y")
        detail = " · ".join(filter(None, [when, record.place, record.get_status_display()]))
        return Hit(record.slug, record.title, detail, record.get_absolute_url())


def _entries_with(word: str):
    found = Q()
    for name in SAID:
        found |= Q(**{f"{name}__icontains": word})
    return MinutesEntry.objects.filter(found)


WORKSHOPS = WorkshopSearcher()
SEARCHERS = [WORKSHOPS]
