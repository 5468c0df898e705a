"""`manage.py restore FILE`: put a backup back, all of it or nothing."""

import json
from pathlib import Path

from django.utils.translation import gettext as _

from core.commands import HouseCommand
from kotaku.backups.restoring import restore


class Command(HouseCommand):
    help = "Put a backup of this or an earlier version into this installation: all of it or nothing."
    # A database without tables is an empty one too.
    requires_migrations_checks = False

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument(
            "--replace-everything",
            action="store_true",
            help="Also where there are records already: all records and files there are now are replaced.",
        )
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *, file, replace_everything, format, **options):
        told = restore(file, replace=replace_everything)
        if format == "json":
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        self.stdout.write(
            _(
                "Restored: %(rows)s rows and %(files)s files of %(made_at)s, version %(backup_version)s; all hashes are equal."
            )
            % told
        )
        self.stdout.write(_("Start the web server and the worker again now."))
