"""What can be wrong with the made-up system, one thing at a time: each breaks a promise that the checks must miss."""

from __future__ import annotations

from collections.abc import Mapping

from tests.soak.fault import Fault
from tests.soak.faults import account, data, logs, siblings, worker

FAULTS: Mapping[str, Fault] = {
    name: fault for module in (account, data, logs, siblings, worker) for name, fault in module.FAULTS.items()
}
