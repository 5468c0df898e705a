"""Who may use which verb: the permission it needs and the sides of a package that may. Knows no database.

The permission comes from the role (`kotaku/roles.py`), the side from how a person stands to the package.
"""

from typing import NamedTuple

from assets.stages import COORDINATOR, GIVER, HOLDER, RECEIVER, VILLAGE

COORDINATORS = ("admin", "planner", "verifier")
EVERYONE = frozenset({GIVER, RECEIVER, HOLDER, COORDINATOR})


class Right(NamedTuple):
    permission: str
    sides: frozenset[str]


MOVE = "assets.move_package"
# Nobody judges the own giving, whatever the role.
NEVER_BY_GIVER = {"accept", "reject", "return_to_giver", "judge_document"}
VERBS = {
    # For `advance` the table of stages says which side leads where.
    "advance": Right(MOVE, frozenset({GIVER, RECEIVER, COORDINATOR, VILLAGE})),
    "send_to": Right(MOVE, EVERYONE),
    "block": Right(MOVE, EVERYONE),
    "unblock": Right(MOVE, EVERYONE),
    "return_to_giver": Right(MOVE, frozenset({RECEIVER, HOLDER, COORDINATOR})),
    "hand_over_for_use": Right(MOVE, frozenset({GIVER, RECEIVER, COORDINATOR})),
    # The receiver answers for itself: nobody else accepts or refuses in its place.
    "accept": Right("assets.accept_package", frozenset({RECEIVER})),
    "reject": Right("assets.accept_package", frozenset({RECEIVER})),
    "set_aside": Right("assets.set_aside_package", frozenset({COORDINATOR})),
    "resume": Right(MOVE, frozenset({GIVER, COORDINATOR})),
    "publish": Right("assets.publish_package", frozenset({COORDINATOR})),
    "withdraw": Right("assets.publish_package", frozenset({COORDINATOR})),
    "receive_document": Right("assets.receive_document", EVERYONE),
    "judge_document": Right("assets.judge_document", frozenset({RECEIVER, COORDINATOR})),
    "book_asset": Right("assets.book_asset", frozenset({RECEIVER, COORDINATOR})),
    "check_asset": Right("assets.check_asset", frozenset({RECEIVER, COORDINATOR, VILLAGE})),
}
