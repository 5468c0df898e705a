"""`manage.py export_baseline --year Y --output FILE`: the baselines of a year; importing the file again changes nothing."""

from pathlib import Path

from django.utils.translation import gettext as _

from core.commands import HouseCommand, Unusable, write_file
from core.refusals import Refused
from slumareas import scoring
from slumareas.importing.exports import FORMATS, export
from slumareas.models import AssessmentYear


class Command(HouseCommand):
    help = "Write the baselines of a year as xlsx, csv, json or geojson, told by the ending of the file."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("--year", type=int, required=True)
        parser.add_argument("--rule-set", choices=list(scoring.RULE_SETS))
        parser.add_argument("--output", metavar="FILE", type=Path, required=True)

    def handle(self, *, year, rule_set, output, **options):
        kind = output.suffix.lower().lstrip(".")
        if kind not in FORMATS:
            raise Unusable(_("The file must end in one of: %(kinds)s.") % {"kinds": ", ".join(FORMATS)})
        measured = {one.rule_set: one for one in AssessmentYear.objects.measured().filter(year=year)}
        if not measured or (rule_set and rule_set not in measured):
            raise Refused(_("There are no baselines of %(year)s.") % {"year": year})
        chosen = rule_set or scoring.default_rule_set(year)
        if chosen not in measured:
            [chosen] = measured  # measured under the other one only
        write_file(output, export(measured[chosen], kind))
        if not rule_set and len(measured) > 1:
            other = next(key for key in measured if key != chosen)
            self.stderr.write(
                _("%(year)s was also measured under %(rule_set)s; --rule-set writes it.")
                % {"year": year, "rule_set": other}
            )
