"""`manage.py reassess [--check]`: compute all stored results anew from their rows, or prove that they follow."""

import json

from django.db import transaction
from django.utils.translation import gettext as _

from core.commands import HouseCommand
from core.refusals import Refused
from slumareas.models import AssessmentYear
from slumareas.models.assessments import WholeYears, reassess


class Command(HouseCommand):
    help = "Compute all results anew from the baselines; with --check only compare, exit 1 where one differs."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--check", action="store_true")
        parser.add_argument("--format", choices=["text", "json"], default="text")

    def handle(self, *, check, format, **options):
        found = {"baselines": 0, "assessments": 0, "differing": []}
        rows_of = WholeYears()
        with transaction.atomic():
            for year in AssessmentYear.objects.select_for_update().order_by("year", "rule_set"):
                compared = reassess(year, rows_of, store=not check)
                found["baselines"] += compared.baselines
                found["assessments"] += compared.assessments
                found["differing"] += compared.differing
        if format == "json":
            self.stdout.write(json.dumps({"check": check, **found}, ensure_ascii=False))
        elif not check or not found["differing"]:
            self.stdout.write(_("%(baselines)s rows and %(assessments)s results: all follow from the numbers.") % found)
        if check and found["differing"]:
            raise Refused(
                _("%(number)s stored results differ from their rows: %(names)s. Run reassess without --check.")
                % {"number": len(found["differing"]), "names": ", ".join(found["differing"][:5])}
            )
