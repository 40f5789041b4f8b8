"""Judges the result of a queue handler: the messages that are done, and those that are delivered again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def find_retries(ids: list[str], result: Mapping[str, Any]) -> dict[str, int | None]:
    """Return the messages to retry with their delay in seconds, None for the consumer's own.

    A call for one message counts before a call for the batch, and an acknowledged message is not retried when the
    handler fails later. A handler that failed retries all its other messages.
    """
    acknowledged = set(result.get("explicitAcks") or ())
    retried = {item["msgId"]: item.get("delaySeconds") for item in result.get("retryMessages") or ()}
    batch = result.get("retryBatch") or {}
    others = batch.get("retry") is True or (result["outcome"] != "ok" and not result.get("ackAll"))
    rest = dict.fromkeys(ids, batch.get("delaySeconds")) if others else {}
    return {each: delay for each, delay in (rest | retried).items() if each not in acknowledged}
