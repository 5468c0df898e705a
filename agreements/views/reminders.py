"""Pausing the reminders of one follow-up."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from agreements.views.access import follow_up_for
from core.forms import PauseForm
from core.refusals import Refused


@require_POST
def follow_up_pause(request, pk):
    """By whoever may report on it."""
    follow_up = follow_up_for(request, pk)
    follow_up.require(request.user, "report")
    form = PauseForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(sentence for errors in form.errors.values() for sentence in errors))
        return redirect(follow_up)
    try:
        follow_up.pause_reminders(by=request.user, at=timezone.now(), until=form.cleaned_data["until"])
    except Refused as refusal:
        messages.error(request, refusal.sentence)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
    else:
        messages.success(request, form.said())
    return redirect(follow_up)
