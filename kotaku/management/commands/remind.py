"""`manage.py remind [--on DATE] [--dry-run]`: send the reminders of a day by e-mail, each once."""

import json
from datetime import date

from django.utils import timezone
from django.utils.translation import gettext as _

from agreements.reminding import due_follow_ups
from assets.reminding import due_checks
from core.commands import HouseCommand, Unusable
from core.reminders import Outcome, Source, remind

# Every app that knows of something due has its function here; the order is that of the sections in a mail.
SOURCES: list[Source] = [due_follow_ups, due_checks]


class Command(HouseCommand):
    help = "Send what is due on a day as one e-mail a person. Run it daily; what was told is never told twice."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--on", metavar="DATE", help="Day of the reminders, e.g. 2026-03-10; today without it.")
        parser.add_argument("--dry-run", action="store_true", help="Say what would be sent, and send nothing.")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *, on, dry_run, format, **options):
        outcome = remind(SOURCES, on=_day(on), dry_run=dry_run)
        told = {"sent": outcome.sent, "skipped": outcome.skipped, "by_kind": outcome.by_kind}
        if format == "json":
            self.stdout.write(json.dumps(told, ensure_ascii=False))
        else:
            self._tell(outcome, dry_run)
        self._warn(outcome)

    def _tell(self, outcome: Outcome, dry_run: bool) -> None:
        sentence = (
            _("%(sent)s messages would be sent, %(skipped)s reminders skipped.")
            if dry_run
            else _("%(sent)s messages sent, %(skipped)s reminders skipped.")
        )
        self.stdout.write(sentence % {"sent": outcome.sent, "skipped": outcome.skipped})
        for kind, number in outcome.by_kind.items():
            self.stdout.write(f"{kind}: {number}")

    def _warn(self, outcome: Outcome) -> None:
        for person, reason in outcome.refused:
            self.stderr.write(
                _("The message to %(person)s was not taken by the mail server: %(reason)s")
                % {"person": person, "reason": reason}
            )
        if outcome.unconfirmed:
            self.stderr.write(
                _(
                    "Of %(number)s messages nobody knows whether they went out (%(people)s). They are not sent again; "
                    "settle them in the admin under “Reminders”."
                )
                % {"number": len(outcome.unconfirmed), "people": ", ".join(map(str, outcome.unconfirmed[:10]))}
            )


def _day(text: str | None) -> date:
    if text is None:
        return timezone.localdate()
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise Unusable(_("“%(text)s” is no date; write it as 2026-03-10.") % {"text": text})
