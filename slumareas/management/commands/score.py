"""`manage.py score FILE.json`: the official score of any vectors of values, without the database."""

import json
import re
import sys
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

from django.utils.translation import gettext as _

from core.commands import HouseCommand, Unusable, write_file
from slumareas import scoring

LARGEST = 10**30  # more than any place on earth holds of anything
LARGEST_EXPONENT = 30
DECIMAL_STRING = re.compile(r"\s*-?[0-9]+(?:\.[0-9]+)?(?:[eE][-+]?[0-9]+)?\s*")
TOGETHER = 1_000  # vectors turned into text at a time: the results of a large file need not be held as objects


class Command(HouseCommand):
    help = "Score the vectors of a JSON file; prints or writes a list in the same order."

    def add_arguments(self, parser):
        super().add_arguments(parser)
        parser.add_argument("file", metavar="FILE.json", type=Path)
        parser.add_argument("--output", metavar="OUT.json", type=Path)
        parser.add_argument("--format", choices=["json"], default="json")

    def handle(self, *, file, output, **options):
        text = f"[{', '.join(scored_texts(read_vectors(file)))}]"
        if output:
            write_file(output, text.encode("utf-8"))
        else:
            sys.stdout.write(text + "\n")


def read_vectors(file: Path) -> list:
    """The list in the file; numbers exactly as they are written. Raises Unusable."""
    try:
        content = file.read_bytes().decode("utf-8-sig")
        vectors = json.loads(content, parse_float=Decimal, parse_constant=_no_number, object_pairs_hook=_each_key_once)
    except _RepeatedKey as repeated:
        raise Unusable(_("%(path)s names %(key)s twice in one object.") % {"path": file, "key": repeated})
    except OSError:
        raise Unusable(_("%(path)s cannot be read.") % {"path": file})
    except (ValueError, ArithmeticError, RecursionError):
        raise Unusable(_("%(path)s is not valid JSON.") % {"path": file})
    if not isinstance(vectors, list):
        raise Unusable(_("%(path)s must hold a list of vectors.") % {"path": file})
    return vectors


class _RepeatedKey(ValueError):
    pass


def _no_number(name: str):
    raise ValueError(name)


def _each_key_once(pairs: list[tuple]) -> dict:
    found = dict(pairs)
    if len(found) < len(pairs):
        keys = [key for key, _value in pairs]
        raise _RepeatedKey(next(key for key in keys if keys.count(key) > 1))
    return found


def scored_texts(vectors: list) -> Iterator[str]:
    """The results as JSON, without the brackets of the list."""
    for start in range(0, len(vectors), TOGETHER):
        results = [
            score_vector(vector, place) for place, vector in enumerate(vectors[start : start + TOGETHER], start + 1)
        ]
        yield json.dumps(results, ensure_ascii=False, allow_nan=False)[1:-1]


KNOWN = {
    key: (frozenset(scoring.DENOMINATORS), frozenset(c.key for c in rules.criteria) | {scoring.OPEN_SPACE.key})
    for key, rules in scoring.RULE_SETS.items()
}
PARTS = frozenset(("id", "rule_set", "denominators", "numerators"))


def score_vector(vector, place: int) -> dict:
    """One vector of the contract as its result. Raises Unusable, naming the vector."""
    if not isinstance(vector, dict):
        raise Unusable(_("Vector %(place)s is not an object.") % {"place": place})
    name = vector.get("id")
    if name is None:
        name = place
    elif type(name) not in (str, int):
        raise Unusable(_("The id of vector %(place)s is neither text nor a whole number.") % {"place": place})
    if not vector.keys() <= PARTS:
        raise _unknown_key(name, sorted(vector.keys() - PARTS)[0])
    rules = scoring.RULE_SETS.get(vector.get("rule_set")) if isinstance(vector.get("rule_set"), str) else None
    if rules is None:
        raise Unusable(_("Vector %(id)s names no known rule set.") % {"id": name})
    known_denominators, known_numerators = KNOWN[rules.key]
    denominators = _numbers(vector.get("denominators"), known_denominators, name)
    numerators = _numbers(vector.get("numerators"), known_numerators, name)
    result = scoring.score(denominators, numerators, rules)
    percent, aspect_average, sector_average = result.nearest_floats()
    return {
        "id": vector.get("id"),
        "percent": percent,
        "score": result.score,
        "total": result.total,
        "class": result.slum_class,
        "aspect_average": aspect_average,
        "sector_average": sector_average,
        "not_assessed": result.not_assessed,
        "warnings": [{"code": warning.code, "field": warning.field} for warning in result.warnings],
    }


def _numbers(values, known: frozenset[str], name) -> dict:
    if values is None:
        return {}
    if not isinstance(values, dict):
        raise Unusable(_("Vector %(id)s: denominators and numerators must be objects.") % {"id": name})
    if not values.keys() <= known:
        raise _unknown_key(name, sorted(values.keys() - known)[0])
    for key, value in values.items():
        if value is not None and not (type(value) is int and -LARGEST < value < LARGEST):
            values[key] = _decimal(value, name, key)
    return values


def _decimal(value, name, key) -> Decimal:
    if isinstance(value, str) and DECIMAL_STRING.fullmatch(value):
        value = Decimal(value.strip())
    if isinstance(value, Decimal) and (-LARGEST_EXPONENT <= value.adjusted() < LARGEST_EXPONENT or not value):
        return value if value else Decimal(0)
    raise Unusable(_("Vector %(id)s: the value of %(key)s is not a number.") % {"id": name, "key": key})


def _unknown_key(name, key) -> Unusable:
    return Unusable(_("Vector %(id)s: %(key)s is no key of this rule set.") % {"id": name, "key": key})
