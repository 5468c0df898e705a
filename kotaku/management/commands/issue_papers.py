"""`manage.py issue_papers`: set and keep the final papers that nobody has asked for yet; the worker runs it."""

import json

from django.utils.translation import gettext as _

from core.commands import HouseCommand
from core.issuing import issued
from kotaku.documents import UNISSUED


class Command(HouseCommand):
    help = "Set and keep the final papers that nobody has asked for yet: minutes, records, matrices, profiles."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *, format, **options):
        papers = [issued(final) for find in UNISSUED for final in find()]
        if format == "json":
            told = [
                {"kind": paper.kind, "key": paper.key, "edition": paper.edition, "code": paper.code} for paper in papers
            ]
            self.stdout.write(json.dumps(told, ensure_ascii=False))
            return
        for paper in papers:
            self.stdout.write(f"{paper.kind}  {paper.key}  {paper.edition}  {paper.grouped_code}".replace("    ", "  "))
        if not papers:
            self.stdout.write(_("All final papers are kept already."))
