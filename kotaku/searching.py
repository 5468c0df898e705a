"""Search over all subjects: the table of what is searched, the papers among it, and the page."""

import unicodedata
from dataclasses import dataclass, field

from django import forms
from django.db.models import Q
from django.shortcuts import render
from django.urls import reverse
from django.utils.formats import date_format
from django.utils.functional import cached_property
from django.utils.translation import gettext_lazy as _

import agreements.searching
import assets.searching
import slumareas.searching
import workshops.searching
from core.models import IssuedPaper
from core.searching import MOST_WORDS, Found, Hit, Searcher, words_of
from kotaku.verifying import KINDS, normalised

SHORTEST, LONGEST = 2, 100


class PaperSearcher(Searcher):
    """For whoever watches over papers. Everyone else checks a code that they hold, on the page for it."""

    key = "papers"
    label = _("Issued papers")
    icon = "file-earmark-pdf"
    names = ("title",)
    texts = ("number", "key")
    order = ("-issued_at", "-pk")

    def visible_to(self, user):
        return IssuedPaper.objects.visible_to(user)

    def exact(self, text):
        return Q(code=normalised(text)) | (Q(number__iexact=text) & ~Q(number=""))

    def hit(self, record):
        facts = [KINDS.get(record.kind, record.kind), record.number, record.grouped_code]
        facts.append(date_format(record.issued_at, "j M Y"))
        address = reverse("verify_paper", args=[record.code])
        return Hit(record.code, record.title, " · ".join(str(fact) for fact in facts if fact), address)


SEARCHERS = [
    *workshops.searching.SEARCHERS,
    *slumareas.searching.SEARCHERS,
    *agreements.searching.SEARCHERS,
    *assets.searching.SEARCHERS,
    PaperSearcher(),
]


class SearchForm(forms.Form):
    """Reads what was typed: one sentence where it cannot be searched for."""

    q = forms.CharField(label=_("Search"), required=False, strip=True)

    def clean_q(self):
        text = " ".join(unicodedata.normalize("NFC", self.cleaned_data["q"]).split())
        if not text:
            raise forms.ValidationError(_("Type a name, a number or words of a text."), code="empty")
        if len(text) < SHORTEST and not text.isdecimal():
            raise forms.ValidationError(_("Type at least two letters, or a number."), code="short")
        if len(text) > LONGEST or len(text.split()) > MOST_WORDS:
            raise forms.ValidationError(
                _("That is too long to search for: keep the ten words that tell most, at most 100 letters."),
                code="long",
            )
        return text


@dataclass(frozen=True)
class Answer:
    text: str
    groups: list[Found] = field(default_factory=list)

    @cached_property
    def total(self) -> int:
        return sum(group.total for group in self.groups)

    @property
    def marks(self) -> list[str]:
        """What is marked in the results. Single signs are left out: they stand everywhere."""
        words = words_of(self.text)
        return [word for word in words if len(word) > 1] or words


def answer_to(text: str, user) -> Answer:
    """What this person may find, by subject in the programme's own order. As many queries however much there is."""
    found = (searcher.find(text, user) for searcher in SEARCHERS)
    return Answer(text, [group for group in found if group.total])


def search(request):
    form = SearchForm(request.GET)
    answer = answer_to(form.cleaned_data["q"], request.user) if form.is_valid() else None
    asked = "q" in request.GET
    return render(
        request, "search.html", {"form": form, "answer": answer, "asked": asked, "q": request.GET.get("q", "")}
    )
