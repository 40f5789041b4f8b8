"""Faults of ACE's own behaviour. Faults of the network in front of ACE are in ``rehearsal.network_faults``."""

from __future__ import annotations

from enum import StrEnum


class AceFault(StrEnum):
    """A fault of ACE. Set it as ``LocalAce.fault`` while ACE runs, None ends it."""

    EXPIRED = "expired"  # the right key is refused as an expired token: 401
    WRONG_SHAPE = "wrong-shape"  # the rows are under `data` instead of `point_samples`
    STALL = "stall"  # every cursor returns the first page, has_more, and the same next cursor
