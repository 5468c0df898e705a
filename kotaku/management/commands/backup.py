"""`manage.py backup OUT`: all records and files of this installation as one file, while people work."""

import json
import os
from pathlib import Path

from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from core.commands import HouseCommand, Unusable
from kotaku.backups.saving import save


class Command(HouseCommand):
    help = (
        "Write all records and files as one file, with the SHA-256 of every part. It holds personal data: keep it safe."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("output", metavar="OUT", type=Path)
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *, output, format, **options):
        if os.path.exists(output) and not output.is_file():  # Path.exists() would raise where this account may not look
            raise Unusable(_("%(path)s is not a file.") % {"path": output})
        told = save(output, timezone.now())
        if format == "json":
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        self.stdout.write(_("%(file)s: %(rows)s rows and %(files)s files, %(bytes)s bytes, SHA-256 %(sha256)s.") % told)
        if missing := told["missing_files"]:
            self.stderr.write(
                ngettext(
                    "%(count)s file that a record names is not in the store: %(name)s",
                    "%(count)s files that records name are not in the store, the first: %(name)s",
                    len(missing),
                )
                % {"count": len(missing), "name": missing[0]}
            )
