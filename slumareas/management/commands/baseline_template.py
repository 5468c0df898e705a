"""`manage.py baseline_template --region CODE --year Y --output FILE.xlsx`: the blank workbook of a region."""

from pathlib import Path

from django.utils.translation import gettext as _

from core.commands import HouseCommand, Unusable, write_file
from slumareas import scoring
from slumareas.importing.exports import template
from slumareas.management.commands.import_baseline import refuse_year, region_of


class Command(HouseCommand):
    help = "Write a blank workbook with the neighbourhoods of a region and last year's wholes."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--region", metavar="CODE", required=True)
        parser.add_argument("--year", type=int, required=True)
        parser.add_argument("--rule-set", choices=list(scoring.RULE_SETS))
        parser.add_argument("--output", metavar="FILE.xlsx", type=Path, required=True)

    def handle(self, *, region, year, rule_set, output, **options):
        refuse_year(year)
        if output.suffix.lower() != ".xlsx":
            raise Unusable(_("The file must end in one of: %(kinds)s.") % {"kinds": "xlsx"})
        write_file(output, template(region_of(region), year, rule_set or scoring.default_rule_set(year)))
