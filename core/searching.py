"""Finding records by words: how what was typed is read, matched, ranked and told, in every list and over all subjects.

Belongs here because every app has records that are looked for. An app says in its `searching` what they are found by.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from django.db.models import Case, Count, IntegerField, Model, Q, QuerySet, Value, When, Window
from django.urls import reverse
from django.utils.http import urlencode

MOST_WORDS = 10
ROWS = 5
PIECE = 160  # letters of a text around what was found
NOTHING = Q(pk__in=[])
# In this order they are shown: known by exactly this; a word of the name begins with it; it stands inside the name;
# it was found in something else.
EXACT, BEGINS, INSIDE, ELSEWHERE = range(4)


def words_of(text: str) -> list[str]:
    """The words that must all be found. More than ten are not asked for."""
    return text.split()[:MOST_WORDS]


@dataclass(frozen=True)
class Hit:
    """One record that was found. `piece` is the text around the words where title and detail do not show them, and
    `piece_url` its own place where it has one."""

    key: str
    title: str
    detail: str
    url: str
    piece: str = ""
    piece_url: str = ""


@dataclass(frozen=True)
class Found:
    """What was found of one subject: the first rows, how many there are, and where the rest is listed."""

    key: str
    label: str
    icon: str
    hits: list[Hit] = field(default_factory=list)
    total: int = 0
    list_url: str = ""

    @property
    def more(self) -> int:
        return self.total - len(self.hits)


class Searcher:
    """One subject. Every word must stand in one of `names`, in one of `texts`, or where `elsewhere` says.

    `names` and `texts` are columns, also of records that a row names (`village__name`). What many records hold together
    is asked in `elsewhere` by the keys of those records, so that no row comes twice.
    """

    key = ""
    label = ""
    icon = ""
    names: tuple[str, ...] = ()
    texts: tuple[str, ...] = ()
    order: tuple[str, ...] = ("pk",)
    list_name = ""  # the address of the list that takes the same words as `search`

    def visible_to(self, user) -> QuerySet:
        """What this person sees on the pages of these records, with what a hit tells of it."""
        raise NotImplementedError

    def hit(self, record: Model) -> Hit:
        raise NotImplementedError

    def exact(self, text: str) -> Q:
        """Known by exactly this number, code or name."""
        return NOTHING

    def elsewhere(self, word: str, user=None) -> Q:
        """Where else a word may stand. `user` is asked for only where others see less of those records than of these."""
        return NOTHING

    def words(self, text: str) -> list[str]:
        return words_of(text)

    def condition(self, text: str, user=None) -> Q:
        """What a list and the search ask alike."""
        found = Q()
        for word in self.words(text):
            found &= _any((*self.names, *self.texts), "icontains", word) | self.elsewhere(word, user)
        return found | self.exact(text) if found else self.exact(text)

    def find(self, text: str, user) -> Found:
        """One query for the first rows and their number, and those of `pieces` and prefetches."""
        found = self.visible_to(user).filter(self.condition(text, user))
        ranked = found.annotate(rank=self._rank(text), total=Window(Count("*")))
        rows = list(ranked.order_by("rank", *self.order)[:ROWS])
        words = self.words(text)
        pieces = self.pieces(rows, words)
        hits = [_with_piece(self.hit(row), [*self._texts_of(row), *pieces.get(row.pk, [])], words) for row in rows]
        return Found(self.key, self.label, self.icon, hits, rows[0].total if rows else 0, self._list_url(text))

    def pieces(self, rows: list, words: list[str]) -> dict[int, list[tuple[str, str]]]:
        """Texts of other records in which the words were found, with their addresses, by the row they belong to."""
        return {}

    def _rank(self, text: str) -> Case:
        words = self.words(text)
        cases = [When(self.exact(text), then=Value(EXACT))]
        if words:
            begins, inside = Q(), Q()
            for word in words:
                begins &= _any(self.names, "iregex", rf"(^|\W){re.escape(word)}")
                inside &= _any(self.names, "icontains", word)
            cases += [When(begins, then=Value(BEGINS)), When(inside, then=Value(INSIDE))]
        return Case(*cases, default=Value(ELSEWHERE), output_field=IntegerField())

    def _texts_of(self, row: Model) -> list[tuple[str, str]]:
        found = []
        for path in (*self.names, *self.texts):
            value = row
            for name in path.split("__"):
                value = getattr(value, name, None)
            found.append((str(value or ""), ""))
        return found

    def _list_url(self, text: str) -> str:
        return f"{reverse(self.list_name)}?{urlencode({'search': text})}" if self.list_name else ""


def _any(paths: Iterable[str], lookup: str, value: str) -> Q:
    found = Q()
    for path in paths:
        found |= Q(**{f"{path}__{lookup}": value})
    return found


def _with_piece(hit: Hit, texts: list[tuple[str, str]], words: list[str]) -> Hit:
    """With the first text that holds a word which title and detail do not show."""
    shown = f"{hit.title} {hit.detail}".lower()
    hidden = [word for word in words if word.lower() not in shown]
    for text, url in texts if hidden else []:
        if piece := piece_around(text, hidden):
            return replace(hit, piece=piece, piece_url=url)
    return hit


def piece_around(text: str, words: list[str]) -> str:
    """The piece of a text around the first of the words in it; empty where it holds none."""
    flat = " ".join(text.split())
    places = [place.start() for word in words if (place := re.search(re.escape(word), flat, re.IGNORECASE))]
    if not places:
        return ""
    start = max(0, min(places) - PIECE // 3)
    start = flat.rfind(" ", 0, start + 1) + 1
    end = min(len(flat), start + PIECE)
    if end < len(flat) and (last := flat.rfind(" ", start, end)) > min(places):
        end = last
    return f"{'… ' if start else ''}{flat[start:end]}{' …' if end < len(flat) else ''}"
