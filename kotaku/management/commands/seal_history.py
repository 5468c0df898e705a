"""`manage.py seal_history`: seal the lines of history that are new since the last time; the worker or cron runs it."""

import json

from django.utils import timezone
from django.utils.translation import gettext as _

from core.commands import HouseCommand
from core.models import HistorySeal
from kotaku.sealed_history import seal


class Command(HouseCommand):
    help = "Seal new lines of the history. Keep the last seal elsewhere: verify_history --seal asks for it."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *, format, **options):
        made = seal(timezone.now())
        last = HistorySeal.objects.last()
        told = {"seals": len(made), "lines": sum(one.count for one in made), "last_seal": last.seal if last else ""}
        if format == "json":
            self.stdout.write(json.dumps(told))
        else:
            self.stdout.write(_("%(lines)s lines sealed. Last seal: %(last_seal)s") % told)
