"""Which village a row speaks of: code, name, alias, or a resemblance that a person must confirm."""

import difflib
import re
from dataclasses import dataclass

from core.models import Region, RegionAlias, normalised_name
from core.spreadsheet import Value
from slumareas.importing.cells import tidy

LEAST_RESEMBLANCE = 0.75
_TITLE = re.compile(r"^(?:kelurahan|kel|desa|ds|kecamatan|kec|kampung|kp|village)\b[.:\s]*", re.IGNORECASE)
_CODE = re.compile(r"(\d\d)\.?(\d\d)\.?(\d\d)\.?(\d{4})", re.ASCII)
_SHORT = (("sei", "sungai"), ("sungei", "sungai"), ("tj", "tanjung"), ("tg", "tanjung"), ("kp", "kampung"))


@dataclass(frozen=True)
class Found:
    """`code` of the village, or the finding that says why there is none; `suggestion` for `similar_region`."""

    code: str = ""
    finding: str = ""
    suggestion: str = ""


def plain_name(text: str) -> str:
    """`Kel. Sei  Baru` as `sungaibaru`."""
    text = _TITLE.sub("", tidy(text))
    words = re.findall(r"[a-z0-9]+", text.lower())
    words = [dict(_SHORT).get(word, word) for word in words]
    return normalised_name(" ".join(words))


class Villages:
    """The villages in scope by every name they go by; asked once for each different text."""

    def __init__(self, scope: Region | None = None, confirmed: dict[str, str] | None = None):
        villages = Region.objects.villages().select_related("parent")
        if scope is not None:
            villages = villages.within(scope)
        self.only = scope.code if scope is not None and scope.level == Region.Level.VILLAGE else ""
        self.names = {village.code: village.name for village in villages}
        self.confirmed = {name: code for name, code in (confirmed or {}).items() if code in self.names}
        self.districts: dict[str, set[str]] = {}
        self.by_name: dict[str, set[str]] = {}
        for village in villages:
            self._note(self.by_name, village.name, village.code)
        for name, code in RegionAlias.objects.values_list("name", "region__code"):
            if code in self.names:
                self._note(self.by_name, name, code)
        for district in Region.objects.filter(level=Region.Level.DISTRICT).prefetch_related("aliases"):
            for name in (district.name, *(alias.name for alias in district.aliases.all())):
                self._note(self.districts, name, district.code)
        self._asked: dict[tuple, Found] = {}

    @staticmethod
    def _note(names: dict[str, set[str]], name: str, code: str) -> None:
        names.setdefault(plain_name(name), set()).add(code)

    def find(self, code: Value = None, name: Value = None, district: Value = None) -> Found:
        """The village of a row. Without any of the three: the one that was named for the whole file, if one was."""
        asked = (code, name, district)
        if asked not in self._asked:
            self._asked[asked] = self._find(*(tidy(str(value)) if value is not None else "" for value in asked))
        return self._asked[asked]

    def _find(self, code: str, name: str, district: str) -> Found:
        if not code and _CODE.fullmatch(name):
            code, name = name, ""
        if code:
            return self._by_code(code.removesuffix(".0"), name)
        if not name:
            return Found(self.only) if self.only else Found(finding="no_identity")
        plain = plain_name(name)
        if not plain:
            return Found(finding="no_identity")
        if plain in self.confirmed:
            return Found(self.confirmed[plain])
        codes = self._in_district(self.by_name.get(plain, set()), district)
        if len(codes) == 1:
            return Found(next(iter(codes)))
        if codes:
            return Found(finding="similar_region", suggestion=", ".join(sorted(codes)))
        alike = difflib.get_close_matches(plain, self.by_name, n=1, cutoff=LEAST_RESEMBLANCE)
        if alike:
            suggested = sorted(self.by_name[alike[0]])[0]
            return Found(finding="similar_region", suggestion=f"{self.names[suggested]} ({suggested})")
        return Found(finding="unknown_region")

    def _by_code(self, code: str, name: str) -> Found:
        found = _CODE.fullmatch(code)
        dotted = ".".join(found.groups()) if found else ""
        if dotted not in self.names:
            return Found(finding="unknown_region")
        codes = self.by_name.get(plain_name(name)) if name else None
        if codes and dotted not in codes:
            return Found(finding="unknown_region")  # the code and the name speak of two villages
        return Found(dotted)

    def _in_district(self, codes: set[str], district: str) -> set[str]:
        if len(codes) < 2 or not district:
            return codes
        districts = self.districts.get(plain_name(district), set())
        return {code for code in codes if code.rpartition(".")[0] in districts} or codes
