"""The stages of a handover, which of them follow each other, and why a file gets stuck. Knows no database.

The order and the short way of the community are those of the programme's practice; see docs/decisions/assets.md.
"""

from dataclasses import dataclass

from django.utils.translation import gettext_lazy as _

IDENTIFIED = "identified"
DOCUMENT_COLLECTION = "document_collection"
JOINT_INSPECTION = "joint_inspection"
ACCEPTANCE_LETTER = "acceptance_letter"
SUBMITTED_TO_MINISTRY = "submitted_to_ministry"
APPROVAL = "approval"
GRANT_DEED_SIGNED = "grant_deed_signed"
BAST_SIGNED = "bast_signed"
MINISTRY_WRITEOFF = "ministry_writeoff"
RECORDED_REGENCY = "recorded_regency"
HANDED_TO_MANAGER = "handed_to_manager"
OPERATING = "operating"

# Who stands to a package in which way. Holder is whoever has the file at the moment.
GIVER, RECEIVER, HOLDER, COORDINATOR, VILLAGE = "giver", "receiver", "holder", "coordinator", "village"


@dataclass(frozen=True)
class Stage:
    """`who` and `evidence` are for the reader; `movers` are the sides that may bring a package here."""

    key: str
    number: int
    label: str
    who: str
    evidence: str
    movers: frozenset[str]


def _stages(*rows) -> dict[str, Stage]:
    return {
        key: Stage(key, number, label, who, evidence, frozenset({*movers, COORDINATOR}))
        for number, (key, label, who, evidence, movers) in enumerate(rows)
    }


STAGES = _stages(
    (IDENTIFIED, _("on the list"), _("giver or regency"), _("list of packages"), {GIVER}),
    (DOCUMENT_COLLECTION, _("collecting documents"), _("giver"), _("checklist"), {GIVER}),
    (
        JOINT_INSPECTION,
        _("joint inspection"),
        _("giver, receiver and village"),
        _("inspection record, photos, coordinates"),
        {GIVER, RECEIVER},
    ),
    (ACCEPTANCE_LETTER, _("letter of acceptance"), _("Bupati, or the Sekda for him"), _("signed letter"), {GIVER}),
    (
        SUBMITTED_TO_MINISTRY,
        _("proposed to the ministry"),
        _("giver"),
        _("proposal with its enclosures"),
        {GIVER},
    ),
    (APPROVAL, _("approval of the grant"), _("ministry"), _("letter of approval"), {GIVER}),
    (
        GRANT_DEED_SIGNED,
        _("grant deed signed"),
        _("giver and receiver"),
        _("deed with the list of goods"),
        {GIVER, RECEIVER},
    ),
    (
        BAST_SIGNED,
        _("handover record (BAST) signed"),
        _("giver and receiver"),
        _("handover record"),
        {GIVER, RECEIVER},
    ),
    (MINISTRY_WRITEOFF, _("written off by the ministry"), _("ministry"), _("decree of write-off"), {GIVER}),
    (
        RECORDED_REGENCY,
        _("in the books of the regency"),
        _("BPKAD and the user of the goods"),
        _("asset card (KIB) with number, code and value"),
        {RECEIVER},
    ),
    (
        HANDED_TO_MANAGER,
        _("handed to the manager"),
        _("receiver, to village, BUMDes or KPP"),
        _("agreement or record of transfer"),
        {RECEIVER},
    ),
    (OPERATING, _("operating and maintained"), _("manager"), _("report on the condition"), {RECEIVER, VILLAGE}),
)
STAGE_CHOICES = [(stage.key, stage.label) for stage in STAGES.values()]

REGULAR, COMMUNITY = "regular", "community"
# Facilities of a household on its own land go straight to the residents: no deed, no handover record of the state.
COMMUNITY_STAGES = (IDENTIFIED, DOCUMENT_COLLECTION, JOINT_INSPECTION, HANDED_TO_MANAGER, OPERATING)
# The stages that follow from a signed deed; nothing leads here without one.
AFTER_DEED = tuple(key for key, stage in STAGES.items() if stage.number >= STAGES[GRANT_DEED_SIGNED].number)
AFTER_HANDOVER = tuple(key for key, stage in STAGES.items() if stage.number >= STAGES[BAST_SIGNED].number)

# On the short way the record is signed with the residents before they get it.
WITH_RESIDENTS = (HANDED_TO_MANAGER, OPERATING)


def is_before(key: str, other: str) -> bool:
    return STAGES[key].number < STAGES[other].number


def up_to(key: str) -> list[str]:
    """The keys from the first stage to this one."""
    return [stage.key for stage in STAGES.values() if stage.number <= STAGES[key].number]


# (from, to): whether a note is needed. Every pair that does not stand here is refused. A test walks all pairs.
def _steps(keys, with_note=()) -> dict[tuple[str, str], bool]:
    return {**dict.fromkeys(zip(keys, keys[1:], strict=False), False), **dict.fromkeys(with_note, True)}


REGULAR_STEPS = _steps(
    tuple(STAGES),
    with_note=[
        # The letter may come before the inspection, and the inspection be made afterwards.
        (DOCUMENT_COLLECTION, ACCEPTANCE_LETTER),
        (ACCEPTANCE_LETTER, JOINT_INSPECTION),
        # Letter, proposal and approval come in any order.
        (JOINT_INSPECTION, SUBMITTED_TO_MINISTRY),
        (JOINT_INSPECTION, APPROVAL),
        (ACCEPTANCE_LETTER, APPROVAL),
        (SUBMITTED_TO_MINISTRY, ACCEPTANCE_LETTER),
        (APPROVAL, ACCEPTANCE_LETTER),
        (APPROVAL, SUBMITTED_TO_MINISTRY),
    ],
)
# What the budget already planned as a grant needs no approval of its own.
PLANNED_GRANT_STEPS = {**REGULAR_STEPS, (SUBMITTED_TO_MINISTRY, GRANT_DEED_SIGNED): True}
COMMUNITY_STEPS = _steps(COMMUNITY_STAGES, with_note=[(DOCUMENT_COLLECTION, HANDED_TO_MANAGER)])
# From here a file can be returned to the giver: it is back among those whose documents are collected.
RETURNABLE = (JOINT_INSPECTION, ACCEPTANCE_LETTER, SUBMITTED_TO_MINISTRY, APPROVAL)


def steps(path: str, is_planned_as_grant: bool = False) -> dict[tuple[str, str], bool]:
    """The allowed moves of a package: {(from, to): whether a note is needed}."""
    if path == COMMUNITY:
        return COMMUNITY_STEPS
    return PLANNED_GRANT_STEPS if is_planned_as_grant else REGULAR_STEPS


# Why a file is blocked, refused or set aside.
REASONS = {
    "letter_unsigned": _("the letter is not signed"),
    "document_incomplete": _("documents are incomplete"),
    "not_listed_at_centre": _("not listed at the centre"),
    "land_unclear": _("the land is not clear"),
    "value_unknown": _("the value is not known"),
    "physical_damaged": _("damaged"),
    "not_functioning": _("not functioning"),
    "location_disputed": _("the place is disputed or occupied"),
    "no_recipient_unit": _("no unit to receive it"),
    "no_budget_om": _("no budget for operation and maintenance"),
    "waiting_approval": _("waiting for approval"),
    "personnel_changed": _("the responsible person changed"),
    "community_owned": _("owned by residents"),
}
REASON_CHOICES = list(REASONS.items())
