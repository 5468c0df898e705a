"""How the organizations stand: a picture, and the same as numbers."""

from django.shortcuts import render
from django.utils import timezone
from django.utils.translation import gettext_lazy

from agreements.filters import FollowUpFilter
from agreements.models import FollowUp
from agreements.reading import BLOCKED, LATE, ON_TIME, SILENT, scoreboard
from agreements.views.access import require

MARK_LABELS = {
    ON_TIME: gettext_lazy("on time"),
    LATE: gettext_lazy("late"),
    BLOCKED: gettext_lazy("blocked"),
    SILENT: gettext_lazy("silent"),
}
MOST_BARS = 8  # more would not be read


def scoreboard_page(request):
    require(request.user, "agreements.view_followup")
    today = timezone.localdate()
    found = FollowUpFilter(request.GET, queryset=FollowUp.objects.visible_to(request.user), request=request)
    rows, total = scoreboard(found.qs, today)
    context = {
        "section": "scoreboard",
        "filter": found,
        "today": today,
        "rows": rows,
        "total": total,
        "labels": MARK_LABELS,
        "stacked": list(reversed(MARK_LABELS.items())),
        "most_bars": MOST_BARS,
        "cell_labels": [(mark, MARK_LABELS[mark]) for mark in MARK_LABELS],
    }
    return render(request, "agreements/scoreboard.html", context)
