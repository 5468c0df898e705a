"""`manage.py verify_history`: whether every sealed line of history is as it was sealed. Exit 1 where one is not."""

import json
import sys

from django.utils.translation import gettext as _

from core.commands import REFUSED, HouseCommand
from core.refusals import Refused
from kotaku.sealed_history import verify

SENTENCES = {
    "changed": lambda: _("%(model)s: a line between %(first_id)s and %(last_id)s was changed, removed or added."),
    "broken_chain": lambda: _("%(model)s: the seal of the lines %(first_id)s to %(last_id)s was changed or does not follow."),
    "column_gone": lambda: _("%(model)s: the lines %(first_id)s to %(last_id)s have a column less and cannot be checked."),
    "seal_missing": lambda: _("The seal you named is not among those stored."),
}  # fmt: skip


class Command(HouseCommand):
    help = "Check the history of every object against its seals."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--seal", default="", help="A seal that was noted elsewhere and must still be there.")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *, seal, format, **options):
        findings, counts = verify(seal)
        if format == "json":
            told = {"intact": not findings, **counts, "findings": [vars(finding) for finding in findings]}
            self.stdout.write(json.dumps(told))
            if findings:
                sys.exit(REFUSED)
            return
        if findings:
            more = len(findings) - 1
            sentence = SENTENCES[findings[0].code]() % vars(findings[0])
            raise Refused(sentence + (" " + _("(and %(count)s more)") % {"count": more} if more else ""))
        if counts["replaced"]:
            self.stdout.write(_("%(replaced)s seals were replaced, with a reason.") % counts)
        self.stdout.write(
            _("Intact: %(sealed)s lines under %(seals)s seals; %(unsealed)s are not sealed yet.") % counts
        )
