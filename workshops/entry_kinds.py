"""The kinds of minutes entry: one table that form, page, paper, API and help text read.

Each kind names the fields it uses, in the order in which they are asked for. Agreements and signatories are
records of their own; minutes, papers and checkpoints show them beside the entries.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

PERSON = ("speaker", "speaker_position", "speaker_organization")
STATEMENT = (*PERSON, "text", "points")


@dataclass(frozen=True)
class EntryKind:
    """`fields` in the order of the form; `required` is what an entry of this kind cannot do without (any one of)."""

    key: str
    label: str
    help: str
    fields: tuple[str, ...]
    required: tuple[str, ...] = ("text", "points")
    parents: tuple[str, ...] = ()
    icon: str = "chat-left-text"


ENTRY_KINDS: dict[str, EntryKind] = {
    kind.key: kind
    for kind in (
        EntryKind("note", _("note"), _("What happened, in plain sentences."), ("text",), icon="card-text"),
        EntryKind("opening", _("opening"), _("Who opened the event, and how."), (*PERSON, "text"), icon="door-open"),
        EntryKind(
            "speech",
            _("speech"),
            _("Who delivered it, on whose behalf, whom it addressed, and what was said."),
            (*PERSON, "on_behalf_of", "addressed_to", "text", "figures", "points", "verse", "statement"),
            required=("text", "points", "statement"),
            icon="megaphone",
        ),
        EntryKind(
            "presentation",
            _("presentation"),
            _("Speaker, topic, and the points presented; tick which material was handed out."),
            (*PERSON, "on_behalf_of", "title", "text", "points", "has_slides", "has_hardcopy"),
            required=("title", "text", "points"),
            icon="easel",
        ),
        EntryKind(
            "question", _("question"), _("Who asks or comments, and each point."), STATEMENT, icon="question-circle"
        ),
        EntryKind(
            "response",
            _("response"),
            _("An answer or a further comment on a question."),
            STATEMENT,
            parents=("question", "response", "rebuttal", "presentation"),
            icon="reply",
        ),
        EntryKind(
            "rebuttal",
            _("rebuttal"),
            _("An answer that disagrees or corrects."),
            STATEMENT,
            parents=("question", "response", "rebuttal", "presentation"),
            icon="arrow-left-right",
        ),
        EntryKind(
            "promise",
            _("promise"),
            _("What someone promised or was promised, with the amount if one was named."),
            (*PERSON, "text", "amount"),
            required=("text",),
            parents=("question", "response", "rebuttal", "presentation", "speech"),
            icon="hand-thumbs-up",
        ),
        EntryKind(
            "fact",
            _("fact"),
            _("A figure or fact stated in the discussion, worth finding again."),
            (*PERSON, "text"),
            required=("text",),
            parents=("question", "response", "rebuttal", "presentation", "speech"),
            icon="info-circle",
        ),
        EntryKind(
            "discussion_group",
            _("discussion group"),
            _("The group, who is in it, and its topic."),
            ("title", "text"),
            required=("title",),
            icon="people",
        ),
        EntryKind(
            "problem",
            _("problem"),
            _("A problem that the group found: where, and what."),
            ("title", "location", "text"),
            required=("title", "text"),
            parents=("discussion_group",),
            icon="exclamation-triangle",
        ),
        EntryKind(
            "decision", _("conclusion"), _("What the meeting concluded."), ("text", "points"), icon="check2-square"
        ),
        EntryKind("closing", _("closing"), _("Who closed the event, and how."), (*PERSON, "text"), icon="door-closed"),
    )
}
ENTRY_KIND_CHOICES = [(kind.key, kind.label) for kind in ENTRY_KINDS.values()]
NUMBERED_KINDS = ("problem",)
# What a checkpoint keeps beside entries, in rows of the same shape, and what old lines of history speak of.
RECORD_KINDS = {"agreement": _("agreement"), "signatory": _("signatory")}
KIND_LABELS = {**dict(ENTRY_KIND_CHOICES), **RECORD_KINDS}
# What few entries need: folded away in the form as long as it is empty.
FOLDED_FIELDS = ("addressed_to", "figures", "verse", "statement")
# What an entry says, in the order of every form; forms, conflicts and checkpoints read this.
CONTENT_FIELDS = (
    *PERSON,
    "on_behalf_of",
    "title",
    "location",
    "text",
    "points",
    "amount",
    "has_slides",
    "has_hardcopy",
    *FOLDED_FIELDS,
)
# What may be written as an answer, in the order of the buttons.
REPLY_KINDS = ("response", "rebuttal", "promise", "fact", "problem")


def reply_kinds(kind: str) -> list[EntryKind]:
    """The kinds that may stand under an entry of this kind."""
    return [ENTRY_KINDS[key] for key in REPLY_KINDS if kind in ENTRY_KINDS[key].parents]
