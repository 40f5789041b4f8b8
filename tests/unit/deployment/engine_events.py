"""Lines of the engine's event log, as engine 3.259.0 writes them."""

import json

URN = "urn:pulumi:prod::building-vitals::"
SCRIPT = "cloudflare:index/workersScript:WorkersScript"
MANIFEST = "building-vitals:edge:Manifest"


def line(**event):
    return json.dumps({"sequence": 1, "timestamp": 1, **event}).encode()


def step(event, op, kind, name, old=None, new=None):
    state = {"type": kind, "urn": f"{URN}{kind}::{name}"}
    states = {
        "old": None if old is None else state | {"inputs": old},
        "new": None if new is None else state | {"inputs": new},
    }
    return line(**{event: {"metadata": {"op": op, "type": kind, "urn": f"{URN}{kind}::{name}", **states}}})


def error(message, urn=""):
    return line(diagnosticEvent={"severity": "error", "message": message, "urn": urn, "prefix": "error: "})


def worker(op, name="w", account="a"):
    return step("resOutputsEvent", op, SCRIPT, "backfill", new={"scriptName": name, "accountId": account})


def manifest(op, before, after):
    old, new = {"manifest": before}, {"manifest": after}
    return [
        step("resourcePreEvent", op, MANIFEST, "backfill", old=old, new=new),
        step("resOutputsEvent", op, MANIFEST, "backfill", old=old, new=new),
    ]


PRELUDE = line(preludeEvent={"config": {}})
SUMMARY = line(summaryEvent={"resourceChanges": {"same": 8, "update": 2}, "result": "succeeded"})
