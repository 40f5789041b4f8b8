"""The measurements that a check may attach to its evidence, for the formats that programs read."""

from __future__ import annotations

import enum
import math


class Metric(enum.StrEnum):
    """A measured number. A check that could not measure attaches none, because 0 would be a claim."""

    MISSING_DAYS = "missing_days"
    FAILED_DAYS = "failed_days"
    NEWEST_DAY_AGE = "newest_day_age_seconds"
    LAST_RUN_AGE = "last_run_age_seconds"
    KEY_EXPIRES = "key_expires_seconds"


DESCRIPTIONS = {
    Metric.FAILED_DAYS: "Days that could not be copied, with a record of their failure.",
    Metric.MISSING_DAYS: "Due days without an object in the bucket.",
    Metric.NEWEST_DAY_AGE: "Time since the end of the newest stored day.",
    Metric.LAST_RUN_AGE: "Time since the start of the newest recorded run of the worker.",
    Metric.KEY_EXPIRES: "Time until ACE's key expires. Negative after that.",
}


def is_measurements(found: object) -> bool:
    """Return whether this maps each metric to a finite number. Any other number would break a reader later."""
    return isinstance(found, dict) and all(
        isinstance(name, Metric)
        and isinstance(value, int | float)
        and not isinstance(value, bool)
        and math.isfinite(value)
        for name, value in found.items()
    )
