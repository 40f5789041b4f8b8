"""Faults of the backfill worker's own code, as patches of its source."""

from rehearsal.faults.program import requests, storage

FAULTS = (*requests.FAULTS, *storage.FAULTS)
