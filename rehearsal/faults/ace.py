"""Faults of ACE itself and of its key."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from rehearsal.ace import AceFault
from rehearsal.ace.changed_source import Change, ChangedSource
from rehearsal.ace.samples import Sample
from rehearsal.faults import Apply, Fault, actions
from rehearsal.local_system import LocalSystem, environment, outside_pulumi


async def _remove_site(local: LocalSystem) -> None:
    local.ace.set_site(next(iter(local.ace.sites)), None)


def _change_rows(change: Change) -> Apply:
    """Copy all days, then change ACE's rows of every day, because `proof` reads another stored day each day."""

    async def apply(local: LocalSystem) -> None:
        await outside_pulumi.trigger_batch(local)
        site, source = next(iter(local.ace.sites.items()))
        local.ace.set_site(site, ChangedSource(source=source, change=change))

    return apply


def _add_late_rows(samples: Sequence[Sample]) -> list[Sample]:
    """Add a row half an hour after each noon."""
    late = [item._replace(time=item.time + timedelta(minutes=30)) for item in samples if item.time.hour == 12]
    return sorted([*samples, *late[:1]], key=lambda item: (item.time, item.name))


def _correct_values(samples: Sequence[Sample]) -> list[Sample]:
    return [item._replace(value="1.5") if item.time.hour == 12 else item for item in samples]


FAULTS = (
    Fault(
        name="ace-expired",
        description="ACE refuses the key as expired (401)",
        caught_by=("token", "trigger", "logs"),
        cause="configuration",
        apply=actions.set_ace_fault(AceFault.EXPIRED),
    ),
    Fault(
        name="ace-expired-500",
        description="the declared key expired half a year ago, and ACE answers 500 as for a wrong key",
        caught_by=("config", "token"),
        cause="configuration",
        environment=lambda: {"ACE_API_KEY": environment.make_fake_key(days=-182)},
        apply=actions.change_ace_key("fake-key-that-was-issued-since"),
    ),
    Fault(
        name="ace-key-rotated",
        description="ACE accepts another key than the declared one and answers 500",
        caught_by=("token", "trigger", "logs"),
        cause="configuration",
        apply=actions.change_ace_key("fake-key-after-a-rotation"),
    ),
    Fault(
        name="ace-late-rows",
        description="ACE received rows of the stored days after they were copied",
        caught_by=("proof",),
        cause="ace",
        apply=_change_rows(_add_late_rows),
    ),
    Fault(
        name="ace-rows-gone",
        description="ACE no longer has half of the rows of the stored days, so that R2 holds the only copy",
        caught_by=("proof",),
        cause="ace",
        apply=_change_rows(lambda samples: [item for item in samples if item.time.hour >= 12]),
    ),
    Fault(
        name="ace-values-corrected",
        description="ACE corrected values of the stored days after they were copied",
        caught_by=("proof",),
        cause="ace",
        apply=_change_rows(_correct_values),
    ),
    Fault(
        name="ace-site-unknown",
        description="ACE does not know the declared site (403, all fields null)",
        caught_by=("token", "trigger", "logs"),
        cause="configuration",
        apply=_remove_site,
    ),
    Fault(
        name="ace-stalled",
        description="ACE sends the first page again for every cursor",
        caught_by=("trigger", "logs"),
        cause="ace",
        apply=actions.set_ace_fault(AceFault.STALL),
    ),
    Fault(
        # A worker that does not notice this stores every day as empty and complete.
        name="ace-wrong-shape",
        description="ACE sends its samples in `data` instead of `point_samples`",
        caught_by=("token", "trigger", "logs"),
        cause="ace",
        apply=actions.set_ace_fault(AceFault.WRONG_SHAPE),
    ),
)
