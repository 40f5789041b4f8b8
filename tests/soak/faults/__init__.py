"""All faults of the fake system, one at a time. The checks must see each of them."""

from __future__ import annotations

from collections.abc import Mapping

from tests.soak.fault import Fault
from tests.soak.faults import account, data, logs, queue, related_workers, sites, unattended, worker

FAULTS: Mapping[str, Fault] = {
    name: fault
    for module in (account, data, logs, queue, related_workers, sites, unattended, worker)
    for name, fault in module.FAULTS.items()
}
