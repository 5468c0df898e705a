"""The agenda clock: where a plan does not fit its own event. It warns and never blocks. No database here."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import time


@dataclass(frozen=True)
class Slot:
    """One agenda item with its planned times; either may be missing. `key` is whatever the caller knows it by."""

    key: object
    start: time | None
    end: time | None


@dataclass(frozen=True)
class ClockWarning:
    """`code` is one of starts_before_event, ends_after_event, ends_before_start, overlaps; `other` only for overlaps."""

    key: object
    code: str
    other: object = None


def clock_warnings(slots: Iterable[Slot], event_start: time | None, event_end: time | None) -> list[ClockWarning]:
    """Warnings in the order of the slots.

    An item that begins before the event starts, or ends after it ends, leaves the event's time. Two items
    overlap where the later one begins before the earlier one has ended; touching ends do not overlap.
    """
    warnings = []
    timed: list[Slot] = []
    for slot in slots:
        if slot.start and slot.end and slot.end <= slot.start:
            warnings.append(ClockWarning(slot.key, "ends_before_start"))
            continue
        if event_start and slot.start and slot.start < event_start:
            warnings.append(ClockWarning(slot.key, "starts_before_event"))
        if event_end and slot.end and slot.end > event_end:
            warnings.append(ClockWarning(slot.key, "ends_after_event"))
        if slot.start and slot.end:
            for earlier in timed:
                if slot.start < earlier.end and earlier.start < slot.end:
                    warnings.append(ClockWarning(slot.key, "overlaps", earlier.key))
            timed.append(slot)
    return warnings
