"""What forms of every app share: native date and time fields, and the check that a form is not stale."""

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS
from django.db import transaction
from django.db.models import Manager
from django.utils import timezone
from django.utils.formats import date_format, localize
from django.utils.text import Truncator
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from core.refusals import Refused

LONGEST_SHOWN = 200


class DateInput(forms.DateInput):
    """The device's own calendar; its value is always ISO, whatever the language."""

    input_type = "date"

    def __init__(self, attrs=None):
        super().__init__(attrs, format="%Y-%m-%d")


class TimeInput(forms.TimeInput):
    """The device's own clock; its value is always HH:MM, whatever the language."""

    input_type = "time"

    def __init__(self, attrs=None):
        super().__init__(attrs, format="%H:%M")


class NativeInputsMixin:
    """Dates and times get the device's own pickers, and a rule between fields speaks at the field its code names."""

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            if isinstance(field, forms.DateField):
                field.widget = DateInput(field.widget.attrs)
            elif isinstance(field, forms.TimeField):
                field.widget = TimeInput(field.widget.attrs)

    def add_error(self, field, error):
        for rule in getattr(error, "error_dict", {}).pop(NON_FIELD_ERRORS, []):
            error.error_dict.setdefault(rule.code if rule.code in self.fields else NON_FIELD_ERRORS, []).append(rule)
        super().add_error(field, error)


class FreshModelForm(NativeInputsMixin, forms.ModelForm):
    """A form that refuses to overwrite what somebody else saved since it was opened.

    What was typed stays in the form, what the other person saved is named, and saving once more is then a decision.
    """

    seen = forms.IntegerField(required=False, widget=forms.HiddenInput)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["seen"].initial = self._latest_id()

    def _latest(self):
        """By the order of writing: after a clock that was ahead, the latest line is not the one with the latest date."""
        lines = self.instance.history.select_related("history_user").order_by("-history_id")
        return lines.first() if self.instance.pk else None

    def _latest_id(self):
        latest = self._latest()
        return latest.history_id if latest else None

    def clean(self):
        cleaned = super().clean()
        latest = self._latest()
        self._judged = latest.history_id if latest else 0
        seen = cleaned.get("seen")
        if latest and seen and latest.history_id != seen:
            before = self.instance.history.filter(history_id=seen).first()
            changed = {change.field for change in latest.diff_against(before).changes} if before else set()
            named = [name for name in self.fields if name in changed]
            labels = [str(self.fields[name].label) for name in named]
            mine = [name for name in named if cleaned.get(name) != getattr(latest.instance, name)]
            for name in mine:
                self.add_error(name, _("Stored now: %(value)s") % {"value": _as_written(latest.instance, name)})
            self.data = self.data.copy()
            self.data[self.add_prefix("seen")] = latest.history_id
            who = latest.history_user or _("someone else")
            message = _("%(who)s changed this while you were typing. Compare, then save again to keep your text.")
            if labels:
                message = _(
                    "%(who)s changed “%(fields)s” while you were typing. Compare, then save again to keep your text."
                )
            raise forms.ValidationError(message % {"who": who, "fields": ", ".join(labels)})
        return cleaned

    def save(self, commit=True):
        """Refused where somebody else stored something since this was judged.

        Looked for after storing and in the same transaction: by then the record's own locks have put the two in order.
        """
        if not commit or not self.instance.pk:
            return super().save(commit)
        own = self.instance._history_date = timezone.now()
        try:
            with transaction.atomic():
                record = super().save()
                other = record.history.filter(history_id__gt=self._judged).exclude(history_date=own).first()
                if other:
                    who = other.history_user or _("someone else")
                    message = _(
                        "%(who)s changed this while you were typing. Compare, then save again to keep your text."
                    )
                    raise Refused(message % {"who": who})
        finally:
            del self.instance._history_date
        return record


def _as_written(record, name: str) -> str:
    """A stored value as the pages show it."""
    shown = getattr(record, f"get_{name}_display", None)
    value = shown() if shown else getattr(record, name)
    if isinstance(value, bool):
        return _("yes") if value else _("no")
    if isinstance(value, Manager):
        value = ", ".join(map(str, value.all()))
    if value in (None, ""):
        return _("empty")
    return Truncator(localize(value)).chars(LONGEST_SHOWN)


class PauseForm(NativeInputsMixin, forms.Form):
    """Until when nobody is reminded. Empty ends the pause."""

    until = forms.DateField(label=gettext_lazy("No reminders until"), required=False)

    def said(self) -> str:
        """What to tell whoever sent it."""
        if self.cleaned_data["until"]:
            return _("No reminders until %(day)s.") % {"day": date_format(self.cleaned_data["until"])}
        return _("Reminders are sent again.")
