"""What places are found by: slum areas, villages and what lies above them, neighbourhoods."""

import re
from dataclasses import replace

from django.db.models import Prefetch, Q
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from core.models import Region, RegionAlias
from core.models.nouns import normalised_name
from core.searching import NOTHING, Hit, Searcher
from slumareas.models import NeighbourhoodUnit, SlumArea
from slumareas.models.places import normalised_unit

UNIT = re.compile(r"\b(RT|RW)[\s.:]*(\d\w*)[\s/,]*", re.IGNORECASE)
KEY = re.compile(r"(\d\d\.\d\d\.\d\d\.\d{4})/(\w*)/(\w*)")
# Written before the name of a region, and no part of it.
TITLES = {"kelurahan", "kel.", "kel", "desa", "kecamatan", "kec.", "kec", "kabupaten", "kab.", "kab"}
UNDOTTED = re.compile(r"(\d\d)(\d\d)(\d\d)?(\d{4})?")


def _aliases(**conditions):
    return Q(pk__in=RegionAlias.objects.filter(**conditions).values("region"))


def named_like(word: str, path: str = "") -> Q:
    """Regions with the word in their name or in another spelling of it."""
    aliases = RegionAlias.objects.filter(name__icontains=word).values("region")
    return Q(**{f"{path}name__icontains": word}) | Q(**{f"{path}pk__in": aliases})


def without_titles(words: list[str]) -> list[str]:
    """`Kelurahan Tanjung` is looked for as `Tanjung`."""
    return [word for word in words if word.lower() not in TITLES] or words


def dotted(code: str) -> str:
    """`1905011001` as `19.05.01.1001`; what is no code stays as it is."""
    parts = UNDOTTED.fullmatch(code)
    return ".".join(filter(None, parts.groups())) if parts else code


class AreaSearcher(Searcher):
    key = "slum-areas"
    label = _("Slum areas")
    icon = "houses"
    names = ("name",)
    order = ("name", "pk")
    list_name = "slumareas:area_list"

    def visible_to(self, user):
        villages = Prefetch("villages", Region.objects.defer("boundary"))
        return SlumArea.objects.visible_to(user).prefetch_related(villages)

    def exact(self, text):
        return Q(slug__iexact=text) | Q(name__iexact=text)

    def elsewhere(self, word, user=None):
        inside = SlumArea.villages.through.objects.filter(named_like(word, "region__"))
        return Q(pk__in=inside.values("slumarea"))

    def hit(self, record):
        places = ", ".join(village.full_name for village in record.villages.all())
        return Hit(record.slug, record.name, places, record.get_absolute_url())


class RegionSearcher(Searcher):
    """By name, other spelling, code or the beginning of one."""

    icon = "pin-map"
    names = ("name",)
    order = ("code",)

    def visible_to(self, user):
        if not user.has_perm("slumareas.view_slumarea"):
            return Region.objects.none()
        return Region.objects.visible_to(user).select_related("parent").defer("boundary", "parent__boundary")

    def words(self, text):
        return without_titles(super().words(text))

    def exact(self, text):
        text = " ".join(self.words(text))
        other = normalised_name(text)
        named = Q(code=dotted(text)) | Q(name__iexact=text)
        return named | _aliases(normalised=other) if other else named

    def elsewhere(self, word, user=None):
        return Q(code__startswith=word) | _aliases(name__icontains=word)

    def hit(self, record):
        above = record.parent.full_name if record.parent else ""
        return Hit(record.code, record.full_name, " · ".join(filter(None, [record.code, above])), region_url(record))


class VillageSearcher(RegionSearcher):
    key = "villages"
    label = _("Villages")
    list_name = "slumareas:village_list"

    def visible_to(self, user):
        areas = Prefetch("slum_areas", SlumArea.objects.visible_to(user))
        return super().visible_to(user).villages().prefetch_related(areas)

    def elsewhere(self, word, user=None):
        areas = SlumArea.villages.through.objects.filter(slumarea__name__icontains=word)
        return super().elsewhere(word, user) | Q(pk__in=areas.values("region"))

    def hit(self, record):
        hit = super().hit(record)
        areas = ", ".join(area.name for area in record.slum_areas.all())
        return replace(hit, detail=" · ".join(filter(None, [hit.detail, areas])))


class HigherSearcher(RegionSearcher):
    key = "districts"
    label = _("Districts and regencies")
    icon = "map"

    def visible_to(self, user):
        return super().visible_to(user).exclude(level=Region.Level.VILLAGE)


def region_url(region: Region) -> str:
    return reverse(f"slumareas:{region.level}_detail", args=[region.code])


class NeighbourhoodSearcher(Searcher):
    """By RT, RW or both, with the village where one is named; a village alone would list all of its neighbourhoods."""

    key = "neighbourhoods"
    label = _("Neighbourhoods (RT)")
    icon = "house-door"
    names = ("region__name",)
    order = ("region__code", "rw", "rt", "pk")

    def visible_to(self, user):
        units = NeighbourhoodUnit.objects.visible_to(user).select_related("region", "slum_area")
        return units.defer("boundary", "region__boundary")

    def words(self, text):
        return without_titles(super().words(UNIT.sub(" ", text)))

    def exact(self, text):
        key = KEY.fullmatch(text)
        if not key:
            return NOTHING
        return Q(region__code=key[1], rw=normalised_unit(key[2]), rt=normalised_unit(key[3]))

    def elsewhere(self, word, user=None):
        return named_like(word, "region__") | Q(slum_area__name__icontains=word)

    def condition(self, text, user=None):
        asked = {kind.lower(): normalised_unit(number) for kind, number in UNIT.findall(text)}
        if not asked:
            return self.exact(text)
        found = Q(**asked)
        for word in self.words(text):
            found &= self.elsewhere(word, user)
        return found

    def hit(self, record):
        places = [record.region.full_name, record.slum_area.name if record.slum_area else ""]
        return Hit(record.key, record.label, " · ".join(filter(None, places)), record.get_absolute_url())


AREAS, VILLAGES = AreaSearcher(), VillageSearcher()
SEARCHERS = [AREAS, VILLAGES, HigherSearcher(), NeighbourhoodSearcher()]
