"""A follow-up told on: shared by phone, and its reminders paused."""

from django import template
from django.utils import timezone

from agreements.reminding import share_text
from core.forms import PauseForm

register = template.Library()


@register.inclusion_tag("agreements/_telling.html", takes_context=True)
def telling(context, follow_up):
    """The card of a follow-up's page with the text to share and, for whoever may report on it, the pause."""
    request = context["request"]
    url = request.build_absolute_uri(follow_up.get_absolute_url())
    return {
        "follow_up": follow_up,
        "text": share_text(follow_up, url, timezone.localdate()),
        "pause": PauseForm(initial={"until": follow_up.reminders_paused_until}),
        "may_pause": not follow_up.is_final and follow_up.may(request.user, "report"),
        "csrf_token": context.get("csrf_token"),
    }
