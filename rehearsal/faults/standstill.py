"""Faults of a backfill that stands still unseen. Time passes, so that days are overdue before the checks run."""

from __future__ import annotations

from datetime import timedelta

from rehearsal.faults import Apply, Fault
from rehearsal.faults.actions import Patch, patch_worker
from rehearsal.local_system import LocalSystem, outside_pulumi

_HOURS = timedelta(hours=2)
_SCHEDULED = "async scheduled(_, env) {"


def _stand_still(patch: Patch, *, crons: int = 1) -> Apply:
    """Deploy a patched worker, and let so many of its crons run within two hours."""

    async def apply(local: LocalSystem) -> None:
        await patch_worker(patch)(local)
        for _ in range(crons):
            await local.move_clock(_HOURS / crons)

    return apply


_BUILD = "const object = await buildObject(await members.close());"


async def _lose_newest_days(local: LocalSystem) -> None:
    """Store days, let time pass, and delete the newest one, which no cron stores again."""
    await outside_pulumi.trigger_batch(local)
    await local.move_clock(_HOURS, with_crons=False)
    newest = (await local.edge.r2_list(local.bucket, prefix="timeseries/"))["objects"][-1]
    await local.edge.r2_delete(local.bucket, newest["key"])


FAULTS = (
    Fault(
        name="days-never-stored",
        description="the worker's batch reads each day after the first one, does not store it, and reports no error",
        caught_by=("failures", "trigger"),
        cause="worker",
        other_causes={"failures": "ace"},  # the worker's record says that ACE did not send the whole day
        apply=_stand_still(
            (
                _BUILD,
                f'if (day.date !== config.sites[0].start) return "unfinished";\n    {_BUILD}',
            ),
            crons=4,
        ),
    ),
    Fault(
        name="newest-days-lost",
        description="the newest stored day was deleted, and no cron stored it again for two hours",
        caught_by=("fresh", "history"),
        cause="worker",
        other_causes={"history": "outside_change"},
        apply=_lose_newest_days,
    ),
    Fault(
        name="scheduled-idle",
        description="the worker's cron returns at once, for two hours",
        caught_by=("fresh", "history"),
        cause="worker",
        apply=_stand_still((_SCHEDULED, f"{_SCHEDULED}\n if (env) return;")),
    ),
    Fault(
        name="scheduled-missing",
        description="the worker has no handler for its cron, for two hours",
        caught_by=("fresh", "history"),
        cause="worker",
        apply=_stand_still((_SCHEDULED, "async unscheduled(_, env) {")),
    ),
    Fault(
        name="scheduled-throws",
        description="the worker's cron throws, for two hours",
        caught_by=("fresh", "history"),
        cause="worker",
        apply=_stand_still((_SCHEDULED, f"{_SCHEDULED}\n if (env) throw new Error('made up');")),
    ),
)
