"""The right place and day, and another site's data in it, true to its metadata."""

from __future__ import annotations

import gzip
import hashlib
from dataclasses import replace

from rehearsal import breaking
from rehearsal.breaking import Stored
from rehearsal.faults import Fault


def _edit(day: Stored) -> Stored:
    content = gzip.decompress(day.body).replace(b'"point_name":"ses/', b'"point_name":"elsewhere/')
    return replace(
        day, body=gzip.compress(content), custom={**day.custom, "sha256": hashlib.sha256(content).hexdigest()}
    )


FAULT = Fault(
    breaks="a stored day holds another site's data, and metadata that are true of them",
    caught_by=("proof",),
    blame="worker",
    apply=breaking.first_day(_edit),
)
