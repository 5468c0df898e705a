"""`manage.py expire_personal_data`: remove personal data whose time is over; the worker or cron runs it."""

import json

from django.utils import timezone
from django.utils.translation import gettext as _

from core.commands import HouseCommand
from kotaku.personal_data import expire


class Command(HouseCommand):
    help = "Remove personal data that was kept long enough; `personal_data` tells how long."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *, format, **options):
        changed = expire(at=timezone.now())
        if format == "json":
            self.stdout.write(json.dumps(changed))
            return
        for label, rows in changed.items():
            self.stdout.write(f"{label}  {rows}")
        if not changed:
            self.stdout.write(_("Nothing has been kept too long."))
