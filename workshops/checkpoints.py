"""What differs between two states of the minutes, down to the word. No database here."""

import re
from dataclasses import dataclass, field
from itertools import count

from diff_match_patch import diff_match_patch

from workshops.entry_kinds import CONTENT_FIELDS

SECONDS_FOR_A_DIFF = 0.5  # a longer search only makes the marks finer
FIRST_SIGN = 0xE000  # beyond the surrogates: every word becomes one sign, and signs are compared


@dataclass(frozen=True)
class Piece:
    text: str
    is_changed: bool


def word_diff(before: str, after: str) -> tuple[list[Piece], list[Piece]]:
    """Both texts cut into pieces, of which those are marked that the other text does not have."""
    if before == after:
        return [Piece(before, False)], [Piece(after, False)]
    numbers = count(FIRST_SIGN)
    signs: dict[str, str] = {}
    words: dict[str, str] = {}

    def as_signs(text: str) -> str:
        found = re.findall(r"\w+|\s+|[^\w\s]", text)
        for word in found:
            if word not in signs:
                sign = chr(next(numbers))
                signs[word], words[sign] = sign, word
        return "".join(signs[word] for word in found)

    differ = diff_match_patch()
    differ.Diff_Timeout = SECONDS_FOR_A_DIFF
    diffs = differ.diff_main(as_signs(before), as_signs(after), False)
    differ.diff_cleanupSemantic(diffs)
    left: list[Piece] = []
    right: list[Piece] = []
    for operation, run in diffs:
        text = "".join(words[sign] for sign in run)
        if operation <= 0:
            left.append(Piece(text, operation < 0))
        if operation >= 0:
            right.append(Piece(text, operation > 0))
    return left, right


@dataclass(frozen=True)
class FieldDifference:
    name: str
    before: list[Piece]
    after: list[Piece]


@dataclass(frozen=True)
class EntryDifference:
    """`state` is one of added, removed, changed, moved. `before` and `after` are rows of a checkpoint, or None."""

    state: str
    before: dict | None
    after: dict | None
    fields: list[FieldDifference] = field(default_factory=list)


def field_differences(before: dict, after: dict, names=("kind", *CONTENT_FIELDS)) -> list[FieldDifference]:
    """The named fields that differ. Values are compared as the texts that a person reads."""
    return [
        FieldDifference(name, *word_diff(_text(before.get(name)), _text(after.get(name))))
        for name in names
        if _text(before.get(name)) != _text(after.get(name))
    ]


def compare(before: list[dict], after: list[dict]) -> list[EntryDifference]:
    """The entries that differ between two states, in the order of the later one, removed ones where they stood."""
    old = {row["uid"]: row for row in before}
    new = {row["uid"]: row for row in after}
    moved = _moved([uid for uid in old if uid in new], [uid for uid in new if uid in old])
    differences = []
    for uid in _merged(list(old), list(new)):
        was, now = old.get(uid), new.get(uid)
        if was is None or now is None:
            state = "added" if was is None else "removed"
            differences.append(
                EntryDifference(state, was, now, field_differences(was or {}, now or {}, CONTENT_FIELDS))
            )
            continue
        fields = field_differences(was, now)
        if fields:
            differences.append(EntryDifference("changed", was, now, fields))
        elif uid in moved or any(was.get(name) != now.get(name) for name in ("agenda_item", "parent")):
            differences.append(EntryDifference("moved", was, now))
    return differences


def _merged(old: list[str], new: list[str]) -> list[str]:
    merged, known = list(new), set(new)
    for place, uid in enumerate(old):
        if uid not in known:
            before = next((other for other in reversed(old[:place]) if other in known), None)
            merged.insert(merged.index(before) + 1 if before else 0, uid)
            known.add(uid)
    return merged


def _moved(old: list[str], new: list[str]) -> set[str]:
    """Those that do not keep their place: everything outside the longest run that both orders share."""
    signs = {uid: chr(FIRST_SIGN + number) for number, uid in enumerate(old)}
    uids = {sign: uid for uid, sign in signs.items()}
    diffs = diff_match_patch().diff_main("".join(signs[uid] for uid in old), "".join(signs[uid] for uid in new), False)
    return {uids[sign] for operation, run in diffs if operation > 0 for sign in run}


def _text(value) -> str:
    if value is True:
        return "✓"
    return "" if value in (None, False) else str(value)
