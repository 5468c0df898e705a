"""`manage.py undo_import ID`: take an import back; rows changed since are kept and told."""

import json

from django.utils import timezone
from django.utils.translation import gettext as _

from core.commands import HouseCommand, Unusable
from slumareas.importing.storing import undo
from slumareas.models import Import


class Command(HouseCommand):
    help = "Take an import back. Rows that were changed since are kept and listed."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("id", metavar="ID", type=int)
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *, id, format, **options):
        record = Import.objects.filter(pk=id).first()
        if record is None:
            raise Unusable(_("There is no import %(number)s.") % {"number": id})
        result = undo(record, by=None, at=timezone.now())
        if format == "json":
            self.stdout.write(json.dumps(result, ensure_ascii=False))
            return
        for row in result["kept"]:
            self.stdout.write(f"{row['region']} RT {row['rt']} RW {row['rw']}: {row['reason']}")
        self.stdout.write(
            _("%(undone)s rows taken back, %(kept)s kept.") % {"undone": result["undone"], "kept": len(result["kept"])}
        )
