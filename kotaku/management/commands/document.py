"""`manage.py document KIND KEY --output FILE.pdf`: write a paper as PDF."""

from pathlib import Path

from django.utils.translation import gettext as _

from core.commands import HouseCommand, Unusable, write_file
from kotaku.documents import PAPERS


class Command(HouseCommand):
    help = (
        "Write a paper as PDF. KIND is one of: "
        + ", ".join(PAPERS)
        + ". KEY is the address (slug) of a workshop or a slum area, the number of a package, or the day of a sitting."
    )

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("kind", metavar="KIND")
        parser.add_argument("key", metavar="KEY")
        parser.add_argument("--output", metavar="FILE.pdf", type=Path, required=True)

    def handle(self, *, kind, key, output, **options):
        paper = PAPERS.get(kind)
        if paper is None:
            raise Unusable(
                _("There is no paper of the kind “%(kind)s”; choose one of: %(kinds)s.")
                % {"kind": kind, "kinds": ", ".join(PAPERS)}
            )
        record = paper.find(key)
        if record is None:
            raise Unusable(_("Nothing is stored under “%(key)s”.") % {"key": key})
        write_file(output, paper.build(record))
