"""Whom to remind of the yearly check of an asset: its manager or receiver, and its village, once a week while it is due."""

from collections import defaultdict
from datetime import date, timedelta

from django.db.models.functions import Coalesce
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from agreements.reminding import Owners
from assets.models import Asset
from core import formats
from core.reminders import LINES_OF_A_KIND, Due, Found, Kind, Line, key_of

CHECK, HEADING = "asset_check", gettext_lazy("Yearly checks that are due (told once a week):")


def due_checks(on: date) -> Found:
    """A source of `core.reminders`. Two queries, however many assets and people there are."""
    owners = Owners("assets.check_asset")
    kind = Kind(CHECK, HEADING, reverse("home"))
    found, waiting = Found(), defaultdict(list)
    rows = (
        Asset.objects.due_checks(on)
        .annotate(keeper=Coalesce("manager", "package__receiver"))
        .order_by("next_check_on", "pk")
        .values_list("name", "next_check_on", "package__number", "keeper", "package__village__code")
    )
    for name, check_on, number, keeper, village in rows.iterator():
        people = owners.of(keeper, village)
        found.quiet += not people
        for person in people:
            told = _("%(name)s, check due on %(date)s") % {"name": name, "date": formats.official_date(check_on)}
            waiting[person].append(Line(f"{number} {told}", reverse("assets:package_detail", args=[number])))
    monday = on - timedelta(days=on.weekday())
    for person, lines in waiting.items():
        more = max(len(lines) - LINES_OF_A_KIND, 0)
        key = key_of(kind, "checks", monday, person)
        found.dues.append(Due(person, kind, key, tuple(lines[:LINES_OF_A_KIND]), more=more))
    return found
