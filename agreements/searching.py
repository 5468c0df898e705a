"""What agreements and follow-ups are found by: their numbers, what was agreed, what is done and what stands in the way."""

from django.db.models import Q
from django.utils.formats import date_format
from django.utils.text import Truncator
from django.utils.translation import gettext_lazy as _

from agreements.models import Agreement, FollowUp
from core.searching import NOTHING, Hit, Searcher

LETTERS = 160


def _number(text: str) -> int | None:
    return int(text) if text.isdecimal() and len(text) < 5 else None


class AgreementSearcher(Searcher):
    key = "agreements"
    label = _("Agreements")
    icon = "file-earmark-check"
    names = ("text",)
    texts = ("target",)
    order = ("-workshop__held_on", "number", "pk")
    list_name = "agreements:agreement_list"

    def visible_to(self, user):
        return Agreement.objects.visible_to(user).select_related("workshop")

    def exact(self, text):
        number = _number(text)
        return Q(key__iexact=text) if number is None else Q(key__iexact=text) | Q(number=number)

    def elsewhere(self, word, user):
        doing = FollowUp.objects.visible_to(user).filter(activity__icontains=word, agreement__isnull=False)
        return Q(pk__in=doing.order_by().values("agreement"))

    def hit(self, record):
        title = f"{record.number}. {Truncator(record.text).chars(LETTERS)}"
        return Hit(record.key, title, record.workshop.title, record.get_absolute_url())


class FollowUpSearcher(Searcher):
    """`12.1` is the first follow-up of agreement 12. Who does it is personal and is not searched."""

    key = "follow-ups"
    label = _("Follow-ups")
    icon = "list-check"
    names = ("activity",)
    texts = ("output", "obstacle", "location", "agreement__text")
    order = ("-workshop__held_on", "agreement__number", "order", "pk")
    list_name = "agreements:follow_up_list"

    def visible_to(self, user):
        return FollowUp.objects.visible_to(user).select_related("agreement", "workshop", "responsible_organization")

    def exact(self, text):
        head, dot, tail = text.strip().partition(".")
        number, order = _number(head), _number(tail)
        if number is None or (dot and order is None):
            return NOTHING
        return Q(agreement__number=number, order=order) if dot else Q(agreement__number=number)

    def hit(self, record):
        due = date_format(record.due_on, "j M Y") if record.due_on else ""
        facts = [str(record.responsible_organization), due, record.get_status_display()]
        title = f"{record.code} {Truncator(record.activity).chars(LETTERS)}".strip()
        return Hit(str(record.pk), title, " · ".join(filter(None, facts)), record.get_absolute_url())


AGREEMENTS, FOLLOW_UPS = AgreementSearcher(), FollowUpSearcher()
SEARCHERS = [AGREEMENTS, FOLLOW_UPS]
