"""Which papers a package needs, by sector, type of asset and way of handing over. Knows no database.

The kinds come from the programme's sources, which ones are required and how long they hold from practice; where they
come from stands in docs/decisions/assets.md.
"""

from collections.abc import Collection
from dataclasses import dataclass, field

from django.utils.translation import gettext_lazy as _

from assets import stages

ALL_PATHS = frozenset({stages.REGULAR, stages.COMMUNITY})
REGULAR_ONLY, COMMUNITY_ONLY = frozenset({stages.REGULAR}), frozenset({stages.COMMUNITY})

GIVER, RECEIVER, BOTH = _("giver"), _("receiver"), _("giver and receiver")
MINISTRY, BUPATI, CONTRACTOR = _("ministry"), _("Bupati"), _("giver and contractor")


@dataclass(frozen=True)
class Requirement:
    """One line of the checklist.

    `needed_before` is the stage that cannot be reached while the paper is required and not accepted. `valid_days` is
    how long a paper holds after its date (None: without end). `sectors` and `asset_types` None: all of them.
    """

    key: str
    label: str
    issuer: str
    needed_before: str
    is_required: bool = True
    valid_days: int | None = None
    sectors: Collection[str] | None = None
    asset_types: Collection[str] | None = None
    paths: frozenset[str] = field(default=REGULAR_ONLY)
    is_needed_when_planned_as_grant: bool = True

    def applies_to(self, sector: str, asset_types: Collection[str], path: str) -> bool:
        return (
            path in self.paths
            and (self.sectors is None or sector in self.sectors)
            and (self.asset_types is None or not set(self.asset_types).isdisjoint(asset_types))
        )


SUBMISSION, DEED, BAST = stages.SUBMITTED_TO_MINISTRY, stages.GRANT_DEED_SIGNED, stages.BAST_SIGNED
MACHINES = ("waste_station", "communal_sanitation", "wastewater_plant", "water_system", "village_water_system",
            "water_intake", "water_refill")  # fmt: skip
HALF_A_YEAR, A_YEAR = 183, 365

_ROWS = [
    Requirement("contract", _("contract with its addenda"), CONTRACTOR, SUBMISSION),
    Requirement("provisional_handover", _("provisional handover of the works (PHO)"), CONTRACTOR, SUBMISSION),
    Requirement("final_handover", _("final handover of the works (FHO)"), CONTRACTOR, SUBMISSION),
    Requirement("as_built_drawing", _("as-built drawing"), CONTRACTOR, SUBMISSION),
    Requirement("final_quantities", _("final quantities and acquisition value"), CONTRACTOR, SUBMISSION),
    Requirement("progress_photos", _("photos of the works at 0, 50 and 100 %"), GIVER, SUBMISSION, paths=ALL_PATHS),
    Requirement("payment_proof", _("proof of payment (SPM, SP2D)"), GIVER, SUBMISSION, is_required=False),
    Requirement("land_paper", _("land paper (certificate, grant or permit of use)"), RECEIVER, SUBMISSION),
    Requirement("location_plan", _("plan of the place with coordinates"), GIVER, SUBMISSION, is_required=False),
    Requirement("asset_card_data", _("data for the asset card (KIB)"), GIVER, SUBMISSION),
    Requirement("state_asset_listing", _("listing as property of the state (SIMAK-BMN)"), GIVER, SUBMISSION),
    Requirement("recipient_data", _("data of the recipient"), RECEIVER, SUBMISSION),
    Requirement("administrative_check", _("record of the administrative check"), BOTH, SUBMISSION),
    Requirement("inspection_record", _("record of the joint inspection"), BOTH, SUBMISSION, valid_days=A_YEAR),
    Requirement("recapitulation", _("recapitulation of the goods"), GIVER, SUBMISSION),
    Requirement("responsibility_statement", _("statement of responsibility (SPTJM)"), GIVER, SUBMISSION),
    Requirement("acceptance_letter", _("letter of willingness to accept"), BUPATI, DEED),
    Requirement("approval_letter", _("approval of the grant"), MINISTRY, DEED, is_needed_when_planned_as_grant=False),
    Requirement("water_test", _("test of the water quality"), _("laboratory"), BAST, valid_days=HALF_A_YEAR,
                asset_types=("water_system", "village_water_system", "water_intake", "water_refill")),
    Requirement("effluent_test", _("test of the treated waste water"), _("laboratory"), BAST, valid_days=HALF_A_YEAR,
                asset_types=("communal_sanitation", "wastewater_plant")),
    Requirement("operation_manual", _("manual of operation and maintenance"), CONTRACTOR, BAST, asset_types=MACHINES),
    Requirement("grant_deed", _("grant deed"), BOTH, BAST),
    Requirement("handover_record", _("handover record (BAST)"), BOTH, stages.MINISTRY_WRITEOFF),
    Requirement("writeoff_decree", _("decree of write-off"), MINISTRY, stages.RECORDED_REGENCY),
    Requirement("register_entry", _("entry in the asset register"), _("BPKAD"), stages.HANDED_TO_MANAGER),
    Requirement("operator_decree", _("decree of the operating group (KPP, KSM)"), _("village head"),
                stages.HANDED_TO_MANAGER, asset_types=MACHINES),
    Requirement("management_transfer", _("record of the transfer to the manager"), RECEIVER, stages.OPERATING),
    Requirement("owner_statement", _("statement of the owner of the land"), _("residents"), stages.HANDED_TO_MANAGER,
                paths=COMMUNITY_ONLY),
    Requirement("community_record", _("handover record to the residents"), _("giver and residents"),
                stages.HANDED_TO_MANAGER, paths=COMMUNITY_ONLY),
]  # fmt: skip
REQUIREMENTS = {row.key: row for row in _ROWS}
KIND_CHOICES = [(row.key, row.label) for row in _ROWS]


@dataclass(frozen=True)
class Wanted:
    """A paper that a package has a place for."""

    kind: str
    is_required: bool
    needed_before: str


def wanted(sector: str, asset_types: Collection[str], path: str, is_planned_as_grant: bool = False) -> list[Wanted]:
    """The checklist of one package, in the order in which the papers are asked for."""
    return [
        Wanted(row.key, row.is_required and (row.is_needed_when_planned_as_grant or not is_planned_as_grant),
               _stage_of(row, path))
        for row in _ROWS
        if row.applies_to(sector, asset_types, path)
    ]  # fmt: skip


def _stage_of(row: Requirement, path: str) -> str:
    """On the short way of the community there is no proposal: what it would need is needed at the handing over."""
    if path == stages.COMMUNITY and row.needed_before not in stages.COMMUNITY_STAGES:
        return stages.HANDED_TO_MANAGER
    return row.needed_before
