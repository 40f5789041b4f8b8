"""The settings that every script has besides its bindings. An upload sends them, so it also restores them.

Observability has all fields that Cloudflare's answer has, because the provider updates a script forever where a field
of the answer is not declared.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

from cloudflare_client.script_settings import parse_settings
from contract.manifest import DeclaredSettings

OBSERVABILITY: Mapping[str, Any] = {
    "enabled": True,
    "head_sampling_rate": 1,
    "logs": {"enabled": True, "head_sampling_rate": 1, "invocation_logs": True, "persist": True},
    "traces": {"enabled": False, "head_sampling_rate": 1, "persist": True},
}
LOGPUSH = False
CPU_MS = 30_000  # Cloudflare's own for a paid worker, declared so that a lower one is found
QUEUE_CPU_MS = 300_000  # the most for the consumer of a queue: one large day takes about 3 s, and its merge more


def declare_settings(cpu_ms: int) -> DeclaredSettings:
    """Return the settings of a script with this CPU limit, in the words of the manifest.

    No placement and no tail consumers: an upload without a placement has none. See infra/resources/worker.py.
    """
    answer = {"observability": OBSERVABILITY, "logpush": LOGPUSH, "limits": {"cpu_ms": cpu_ms}}  # the form of the API
    return DeclaredSettings(**dataclasses.asdict(parse_settings(answer)))
