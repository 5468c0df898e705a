"""What packages and their assets are found by: their numbers, names and villages."""

from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from assets.models import Asset, Package
from core.searching import Hit, Searcher


class PackageSearcher(Searcher):
    key = "packages"
    label = _("Packages")
    icon = "box-seam"
    names = ("number", "name")
    texts = ("village__name",)
    order = ("number",)
    list_name = "assets:package_list"

    def visible_to(self, user):
        return Package.objects.visible_to(user).select_related("village").defer("village__boundary")

    def exact(self, text):
        return Q(number__iexact=text) | Q(name__iexact=text)

    def elsewhere(self, word, user=None):
        return Q(pk__in=Asset.objects.filter(name__icontains=word).order_by().values("package"))

    def hit(self, record):
        facts = [record.village.full_name if record.village else "", record.get_stage_display()]
        title = f"{record.number} {record.name}"
        return Hit(record.number, title, " · ".join(filter(None, map(str, facts))), record.get_absolute_url())


class AssetSearcher(Searcher):
    """`P-12-3` is the third asset of the package P-12."""

    key = "assets"
    label = _("Assets")
    icon = "building"
    names = ("name",)
    texts = ("state_code", "package__number")
    order = ("package__number", "number")

    def visible_to(self, user):
        named = Asset.objects.visible_to(user).select_related("package__village")
        return named.defer("package__village__boundary")

    def exact(self, text):
        known = Q(name__iexact=text) | (Q(state_code__iexact=text) & ~Q(state_code=""))
        package, _dash, number = text.rpartition("-")
        if package and number.isdecimal() and len(number) < 5:
            known |= Q(package__number__iexact=package, number=int(number))
        return known

    def hit(self, record):
        package = record.package
        facts = [record.key, package.village.full_name if package.village else ""]
        return Hit(record.key, record.name, " · ".join(filter(None, facts)), record.get_absolute_url())


PACKAGES, ASSETS = PackageSearcher(), AssetSearcher()
SEARCHERS = [PACKAGES, ASSETS]
