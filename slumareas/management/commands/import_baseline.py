"""`manage.py import_baseline FILE --year Y`: baselines from a workbook as it was sent; the contract tells the rest."""

import json
import re
from pathlib import Path

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from core.commands import HouseCommand, Unusable, write_file
from core.models import Region
from core.refusals import Refused
from slumareas import scoring
from slumareas.importing.analysis import Analysis, Choices
from slumareas.importing.error_workbook import error_workbook
from slumareas.importing.importer import REFUSED, Outcome, Permits, import_file, without_looking_for_circles
from slumareas.importing.report import place_of, refusal, sentence
from slumareas.models.places import FIRST_YEAR, LAST_YEAR

MOST_LINES = 100


class Command(HouseCommand):
    help = "Import baselines from a workbook, csv or html table; whole file or nothing."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE", type=Path)
        parser.add_argument("--year", type=int, required=True)
        parser.add_argument("--rule-set", choices=list(scoring.RULE_SETS))
        parser.add_argument("--region", metavar="CODE", help="The village of the file, or a district to look in.")
        parser.add_argument("--mapping", metavar="FILE.json", type=Path)
        parser.add_argument("--dry-run", action="store_true")
        parser.add_argument("--valid-rows-only", action="store_true")
        parser.add_argument("--accept-warnings", action="store_true")
        parser.add_argument("--report", metavar="OUT.json", type=Path)
        parser.add_argument("--error-workbook", metavar="OUT.xlsx", type=Path)
        parser.add_argument("--format", choices=["text", "json"], default="text")

    @without_looking_for_circles()
    def handle(self, *, file, year, rule_set, dry_run, valid_rows_only, accept_warnings, format, **options):
        refuse_year(year)
        content = read_file(file)
        permits = Permits(valid_rows_only=valid_rows_only, accepts_warnings=accept_warnings)
        try:
            outcome = import_file(
                content,
                file.name,
                year=year,
                rule_set=rule_set,
                region=region_of(options["region"]) if options["region"] else None,
                choices=Choices(mapping=read_mapping(options["mapping"])),
                permits=permits,
                is_dry_run=dry_run,
            )
        except ValidationError as refused:
            raise Unusable(refused.messages[0])
        state = outcome.state
        if dry_run:
            outcome.state = "previewed"
        told = outcome.report_as_json if options["report"] or format == "json" else ""
        if options["report"]:
            write_file(options["report"], told.encode())
        if options["error_workbook"]:
            write_file(options["error_workbook"], error_workbook(content, outcome.found))
        self.stdout.write(told if format == "json" else self.told(outcome))
        if outcome.found.is_unreadable:
            raise Unusable(next(sentence(finding) for finding in outcome.found.findings if finding.is_error))
        if state == REFUSED:
            raise Refused(refusal(outcome.found, permits.valid_rows_only))

    def told(self, outcome: Outcome) -> str:
        found = outcome.found
        lines = [f"{place_of(finding)}: {sentence(finding)}" for finding in found.findings[:MOST_LINES]]
        if len(found.findings) > MOST_LINES:
            lines.append(_("and %(number)s more; --report tells all") % {"number": len(found.findings) - MOST_LINES})
        return "\n".join([*lines, self.summary(found, outcome)])

    @staticmethod
    def summary(found: Analysis, outcome: Outcome) -> str:
        summary = (
            _(
                "%(rows)s rows: %(new)s new, %(changed)s changed, %(unchanged)s unchanged, %(errors)s with errors; "
                "%(warnings)s warnings, %(ignored)s rows are no data."
            )
            % found.counts()
        )
        if outcome.record:
            return _("%(summary)s Stored as import %(number)s.") % {"summary": summary, "number": outcome.record.pk}
        return summary


def read_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError:
        raise Unusable(_("%(path)s cannot be read.") % {"path": path})


def refuse_year(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise Unusable(
            _("The year must lie between %(first)s and %(last)s.") % {"first": FIRST_YEAR, "last": LAST_YEAR}
        )


def region_of(code: str) -> Region:
    """A village, district or regency by its Kemendagri code, with or without points. Raises Unusable."""
    digits = code.replace(".", "")
    if re.fullmatch("[0-9]{4,10}", digits):
        dotted = ".".join(part for part in (digits[:2], digits[2:4], digits[4:6], digits[6:]) if part)
        if found := Region.objects.filter(code=dotted).first():
            return found
    raise Unusable(_("There is no region with the code %(code)s.") % {"code": code})


def read_mapping(path: Path | None) -> list[dict]:
    if path is None:
        return []
    try:
        mapping = json.loads(read_file(path))
    except (ValueError, RecursionError):
        raise Unusable(_("%(path)s is not valid JSON.") % {"path": path})
    if not isinstance(mapping, dict) or not all(_MAPPING.get(key, _nothing)(value) for key, value in mapping.items()):
        raise Unusable(
            _('%(path)s must look like {"sheet": "…", "header_rows": [3, 4], "columns": {"building_irregular": "K"}}.')
            % {"path": path}
        )
    return [mapping]


def _nothing(value) -> bool:
    return False


_MAPPING = {
    "sheet": lambda value: isinstance(value, str),
    "header_rows": lambda value: isinstance(value, list) and value and all(type(row) is int for row in value),
    "columns": lambda value: (
        isinstance(value, dict) and all(letters is None or isinstance(letters, str) for letters in value.values())
    ),
    "ignored": lambda value: isinstance(value, list) and all(isinstance(letters, str) for letters in value),
}
