"""Faults of ACE itself and of its key."""

from __future__ import annotations

from rehearsal.ace import AceFault
from rehearsal.faults import Fault, actions
from rehearsal.local_system import LocalSystem, environment


async def _remove_site(local: LocalSystem) -> None:
    local.ace.set_site(next(iter(local.ace.sites)), None)


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
