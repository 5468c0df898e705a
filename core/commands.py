"""The manner of the house's own commands: Indonesian unless asked, one sentence on stderr, exit 0, 1 or 2.

Belongs here because every app's commands are called by the same people and programs.
"""

import errno
import os
import re
import sys
import tempfile
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError
from django.utils import translation
from django.utils.translation import gettext as _

from core.refusals import Refused

REFUSED, UNUSABLE = 1, 2


class Unusable(CommandError):
    """Arguments or a file that cannot be used: exit 2."""

    def __init__(self, sentence: str):
        super().__init__(sentence, returncode=UNUSABLE)


def _language_of(arguments: list[str]) -> str:
    return "en" if re.search(r"--language[= ]en\b", " ".join(arguments)) else "id"


def _sentence(message: str) -> str:
    """Python words these errors in English only; the names in them are the names of our options."""
    if found := re.match(r"the following arguments are required: (.*)", message):
        return _("Missing: %(names)s.") % {"names": found[1]}
    if found := re.match(r"unrecognized arguments: (.*)", message):
        return _("Not an option of this command: %(names)s.") % {"names": found[1]}
    if found := re.match(r"argument ([^:]*):", message):
        return _("The value of %(name)s cannot be used.") % {"name": found[1]}
    return _("These arguments cannot be used; --help lists the right ones.")


class HouseCommand(BaseCommand):
    """Base of our commands. Raise `Unusable` for bad arguments or files, `Refused` where the record's state says no."""

    def create_parser(self, prog_name, subcommand, **kwargs):
        parser = super().create_parser(prog_name, subcommand, **kwargs)
        # The stock parser prints a page of usage before the error.
        parser.error = self._refuse_arguments
        return parser

    def _refuse_arguments(self, message: str):
        # The language option is not read yet where reading the arguments failed.
        with translation.override(_language_of(sys.argv)):
            sentence = _sentence(message)
        if not self._called_from_command_line:
            raise Unusable(sentence)
        self.stderr.write(sentence)
        sys.exit(UNUSABLE)

    def add_arguments(self, parser):
        parser.add_argument(
            "--language", choices=["id", "en"], default="id", help="Language of the messages: id (default) or en."
        )

    def execute(self, *args, **options):
        try:
            with translation.override(options.get("language") or "id"):
                return super().execute(*args, **options)
        except Refused as refusal:
            error = CommandError(refusal.sentence, returncode=REFUSED)
        except CommandError as refused:
            error = refused
        if not self._called_from_command_line or options.get("traceback"):
            raise error
        self.stderr.write(str(error))
        return sys.exit(error.returncode)


def unwritable(path: Path, error: OSError) -> Unusable:
    """What to say, and to mend, where the file could not be written."""
    folder = path.absolute().parent
    match error.errno:
        case errno.ENOENT:
            sentence = _("The folder %(folder)s does not exist; make it first.")
        case errno.EACCES | errno.EPERM | errno.EROFS:
            sentence = _("This account may not write in the folder %(folder)s.")
        case errno.ENOSPC | errno.EDQUOT:
            sentence = _("There is no room left in the folder %(folder)s.")
        case _other:
            sentence = _("%(path)s cannot be written.")
    return Unusable(sentence % {"path": path, "folder": folder})


def write_file(path: Path, content: bytes) -> None:
    """Write the whole file or nothing: a reader never sees a half-written one. Raises Unusable."""
    if os.path.exists(path) and not path.is_file():  # Path.exists() would raise on a name that is too long
        raise Unusable(_("%(path)s is not a file.") % {"path": path})
    temporary = None
    try:
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}.")
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
        umask = os.umask(0)
        os.umask(umask)
        os.chmod(temporary, 0o666 & ~umask)
        os.replace(temporary, path)
    except OSError as error:
        if temporary:
            Path(temporary).unlink(missing_ok=True)
        raise unwritable(path, error)
