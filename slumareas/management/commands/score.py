"""`manage.py score FILE.json`: the official score of any vectors of values, without the database."""

import json
import sys
from decimal import Decimal
from pathlib import Path

from django.utils.translation import gettext as _

from core.commands import HouseCommand, Unusable, write_file
from slumareas import scoring

LARGEST_EXPONENT = 30  # 10^30 is more than any place on earth holds of anything


class Command(HouseCommand):
    help = "Score the vectors of a JSON file; prints or writes a list in the same order."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE.json", type=Path)
        parser.add_argument("--output", metavar="OUT.json", type=Path)
        parser.add_argument("--format", choices=["json"], default="json")

    def handle(self, *, file, output, **options):
        vectors = read_vectors(file)
        text = json.dumps([score_vector(vector, place) for place, vector in enumerate(vectors, 1)], ensure_ascii=False)
        if output:
            write_file(output, text.encode("utf-8"))
        else:
            sys.stdout.write(text + "\n")


def read_vectors(file: Path) -> list:
    """The list in the file; numbers exactly as they are written. Raises Unusable."""
    try:
        content = file.read_bytes().decode("utf-8-sig")
        vectors = json.loads(content, parse_float=Decimal, parse_constant=_no_number)
    except OSError:
        raise Unusable(_("%(path)s cannot be read.") % {"path": file})
    except (ValueError, ArithmeticError, RecursionError):
        raise Unusable(_("%(path)s is not valid JSON.") % {"path": file})
    if not isinstance(vectors, list):
        raise Unusable(_("%(path)s must hold a list of vectors.") % {"path": file})
    return vectors


def _no_number(name: str):
    raise ValueError(name)


KNOWN = {
    key: (frozenset(scoring.DENOMINATORS), frozenset(c.key for c in rules.criteria) | {scoring.OPEN_SPACE.key})
    for key, rules in scoring.RULE_SETS.items()
}


def score_vector(vector, place: int) -> dict:
    """One vector of the contract as its result. Raises Unusable, naming the vector."""
    if not isinstance(vector, dict):
        raise Unusable(_("Vector %(place)s is not an object.") % {"place": place})
    name = vector.get("id", place)
    unknown = vector.keys() - {"id", "rule_set", "denominators", "numerators"}
    if unknown:
        raise _unknown_key(name, sorted(unknown)[0])
    rules = scoring.RULE_SETS.get(vector.get("rule_set")) if isinstance(vector.get("rule_set"), str) else None
    if rules is None:
        raise Unusable(_("Vector %(id)s names no known rule set.") % {"id": name})
    denominators, numerators = (
        _numbers(vector.get(part), known, name)
        for part, known in zip(("denominators", "numerators"), KNOWN[rules.key], strict=True)
    )
    result = scoring.score(denominators, numerators, rules)
    return {
        "id": vector.get("id"),
        "percent": {key: _float(value) for key, value in result.percent.items()},
        "score": result.score,
        "total": result.total,
        "class": result.slum_class,
        "aspect_average": {str(number): _float(value) for number, value in result.aspect_average.items()},
        "sector_average": _float(result.sector_average),
        "not_assessed": result.not_assessed,
        "warnings": [{"code": warning.code, "field": warning.field} for warning in result.warnings],
    }


def _numbers(values, known: frozenset[str], name) -> dict:
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise Unusable(_("Vector %(id)s: denominators and numerators must be objects.") % {"id": name})
    numbers = {}
    for key, value in values.items():
        if key not in known:
            raise _unknown_key(name, key)
        numbers[key] = value if value is None or type(value) is int else _number(value, name, key)
    return numbers


def _number(value, name, key) -> Decimal:
    try:
        if isinstance(value, str):
            value = Decimal(value.strip())
        if isinstance(value, Decimal) and value.is_finite() and abs(value.adjusted()) <= LARGEST_EXPONENT:
            return value
    except ArithmeticError:
        pass
    raise Unusable(_("Vector %(id)s: the value of %(key)s is not a number.") % {"id": name, "key": key})


def _unknown_key(name, key) -> Unusable:
    return Unusable(_("Vector %(id)s: %(key)s is no key of this rule set.") % {"id": name, "key": key})


def _float(value: Decimal | None) -> float | None:
    return None if value is None else float(value)
