"""`manage.py personal_data`: the register; `--person` exports what is kept of somebody, `--remove` takes it out."""

import json

from django.utils import timezone
from django.utils.translation import gettext as _

from core.commands import HouseCommand, Unusable
from core.models import User
from core.personal_access import Way, note
from kotaku.personal_data import REGISTER, export, remove


class Command(HouseCommand):
    help = "The register of personal data; with --person what is kept of one, with --remove and --reason take it out."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--person", help="Name, user name, e-mail, telephone or NIP, exactly as stored.")
        parser.add_argument("--remove", action="store_true", help="Remove that person from records and history.")
        parser.add_argument("--reason", default="", help="Why, for the new seals of the history.")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *, person, remove: bool, reason, format, **options):
        if remove and not person:
            raise Unusable(_("Missing: %(names)s.") % {"names": "--person"})
        told = self._told(person, remove, reason)
        if format == "json":
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        for line in told:
            self.stdout.write("  ".join(_text(value) for value in line.values() if value))
        if person and not told:
            self.stdout.write(_("Nothing is kept under “%(key)s”.") % {"key": person})

    def _told(self, person, is_removal, reason) -> list[dict]:
        if is_removal:
            changed = remove(person, reason=reason, at=timezone.now())
            return [{"model": model, "rows": rows} for model, rows in changed.items()]
        if person:
            note(None, User, "", Way.COMMAND)
            return export(person)
        return [
            {
                "model": entry.model,
                "fields": list(entry.fields),
                "purpose": str(entry.purpose),
                "basis": str(entry.basis),
                "kept": str(entry.kept),
                "hidden_from": str(entry.hidden_from),
            }
            for entry in REGISTER
        ]


def _text(value) -> str:
    if isinstance(value, list):
        return ", ".join(value)
    if isinstance(value, dict):
        return "; ".join(f"{name}: {one}" for name, one in value.items() if one)
    return str(value)
