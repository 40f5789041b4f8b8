"""What can be wrong with the made-up system: one function a fault; each breaks a promise that the checks must miss."""

from __future__ import annotations

import gzip
from collections.abc import Callable, Mapping
from typing import Any

from bench.fake import days, promises
from bench.fake.system import System

Body = dict[str, Any]


def _bound(name: str, **changed: str) -> Callable[[System], None]:
    return lambda system: system.cloudflare.bound[name].update(changed)


def _said(path: str, **changed: Any) -> Callable[[System], None]:
    """Let the worker say something else on one of its routes; names with ``__`` lie in an object of the body."""

    def break_(system: System) -> None:
        def edit(asked: str, status: int, body: Body) -> tuple[int, Body]:
            if asked != path or status not in (200, 503):
                return status, body
            for name, value in changed.items():
                *rooms, last = name.split("__")
                place = body
                for room in rooms:
                    place[room] = place = dict(place[room])
                place[last] = value
            return changed.get("code", status), body

        system.edit = edit

    return break_


def _stored(**changes: Callable[[days.Stored], Any]) -> Callable[[System], None]:
    return lambda system: system.spoil(**changes)


def _missing_key(system: System) -> None:
    system.key = ""
    system.cloudflare.secrets = []
    system.cloudflare.upload("", "secret")


def _other_key(system: System) -> None:
    system.key = "fake-key-put-by-hand"
    system.cloudflare.upload("", "secret")


def _shipped_key(system: System) -> None:
    system.key = "fake-key-of-another-deployment"


def _added_secret(system: System) -> None:
    system.cloudflare.secrets.append("BY_HAND")
    system.cloudflare.upload("", "secret")


def _foreign_upload(system: System) -> None:
    system.cloudflare.upload("", "upload")


def _rollback(system: System) -> None:
    system.cloudflare.live = [system.cloudflare.older["id"]]


def _split(system: System) -> None:
    system.cloudflare.live.append(system.cloudflare.older["id"])


def _hole(system: System) -> None:
    """Every day is called complete, and one is not there."""
    system.claimed, system.idle = set(system.days), True
    for of in system.days:
        system.objects[promises.key(of)] = days.stored(of, system.days[of])
    del system.objects[promises.key(system.random.choice(list(system.days)))]


def _outage(system: System) -> None:
    """ACE is out while a day is missing."""
    system.objects.pop(promises.key(days.day(0)), None)
    system.ace_down = True


def _loss(system: System) -> None:
    """The program loses the first row of every day that it copies."""
    system.objects.clear()
    system.rows = lambda rows: rows[1:]


def _set(**attributes: Any) -> Callable[[System], None]:
    def break_(system: System) -> None:
        for name, value in attributes.items():
            setattr(system, name, value)

    return break_


def _account(**attributes: Any) -> Callable[[System], None]:
    def break_(system: System) -> None:
        for name, value in attributes.items():
            setattr(system.cloudflare, name, value)

    return break_


FAULTS: Mapping[str, Callable[[System], None]] = {
    "the key is missing": _missing_key,
    "another key was put by hand": _other_key,
    "another key was shipped": _shipped_key,
    "a secret was added": _added_secret,
    "an upload by hand": _foreign_upload,
    "a rollback": _rollback,
    "a split": _split,
    "a plain text was changed": _bound("SITE", text="elsewhere"),
    "another bucket is bound": _bound("BUCKET", bucket_name="another-bucket"),
    "a binding is of another type": _bound("PAGE_SIZE", type="json"),
    "a binding is gone": lambda system: system.cloudflare.bound.__delitem__("PAGE_SIZE"),
    "the bucket is not bound": lambda system: system.cloudflare.bound.__delitem__("BUCKET"),
    "a binding was added": lambda system: system.cloudflare.bound.update(KV={"name": "KV", "type": "kv_namespace"}),
    "the cron was changed": _account(crons=["0 1 * * *"]),
    "the cron was removed": _account(crons=[]),
    "the bucket is gone": _account(has_bucket=False),
    "the worker is unhealthy": _set(healthy=False),
    "the trigger is open": _set(open=True),
    "counters are null": _set(counters={"samples_fetched": None, "samples_written": None}),
    "another service answers": _said("/health", service="another-worker"),
    "another version answers": _said("/health", version="0.9.0"),
    "health is a constant": _said("/health", worker_version=None),
    "the edge serves another mark": _said("/health", worker_version={"id": "x", "tag": "bv:other"}),
    "the trigger lies": _said("/trigger", status="error"),
    "the trigger contradicts itself": _said("/trigger", continuation="yes"),
    "the trigger counts other days": _said("/trigger", progress__days_total=400),
    "status lags behind": _said("/status", progress=None),
    "a day was cut off": _stored(body=lambda day: day.body[:-12]),
    "a day was garbled": _stored(body=lambda day: bytes(byte ^ 0x55 for byte in day.body)),
    "a day was compressed twice": _stored(body=lambda day: gzip.compress(day.body)),
    "a day was emptied": _stored(body=lambda _: b""),
    "a day says nothing of itself": _stored(custom=lambda _: {}),
    "a day counts wrongly": _stored(custom=lambda day: day.custom | {"samples": "7777"}),
    "a day's digest is wrong": _stored(custom=lambda day: day.custom | {"sha256": "0" * 64}),
    "a day declares its encoding": _stored(encoding=lambda _: "gzip"),
    "a complete day is not there": _hole,
    "ACE is out": _outage,
    "the program loses a row": _loss,
}
