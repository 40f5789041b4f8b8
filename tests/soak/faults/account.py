"""What somebody changed in the account: versions, secrets, bindings, crons, the bucket."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fakes.system import System
from tests.soak.fault import Fault, assign, fault


def _bound(name: str, **changed: str) -> Fault:
    return fault(lambda system: system.cloudflare.bound[name].update(changed), "configuration")


def _missing_key(system: System) -> None:
    system.worker.key = ""
    system.cloudflare.secrets = []
    system.cloudflare.upload("", "secret")


def _other_key(system: System) -> None:
    system.worker.key = "fake-key-put-by-hand"
    system.cloudflare.upload("", "secret")


def _shipped_key(system: System) -> None:
    system.worker.key = "fake-key-of-another-deployment"


def _added_secret(system: System) -> None:
    system.cloudflare.secrets.append("BY_HAND")
    system.cloudflare.upload("", "secret")


def _foreign_upload(system: System) -> None:
    system.cloudflare.upload("", "upload")


def _rollback(system: System) -> None:
    system.cloudflare.live = [system.cloudflare.older["id"]]


def _split(system: System) -> None:
    system.cloudflare.live.append(system.cloudflare.older["id"])


def _unbound(name: str) -> Fault:
    return fault(lambda system: system.cloudflare.bound.__delitem__(name), "configuration")


def _added_binding(system: System) -> None:
    system.cloudflare.bound["KV"] = {"name": "KV", "type": "kv_namespace"}


FAULTS: Mapping[str, Fault] = {
    "the key is missing": fault(_missing_key, "configuration"),
    "another key was put by hand": fault(_other_key, "configuration"),
    "another key was shipped": fault(_shipped_key, "configuration"),
    "a secret was added": fault(_added_secret, "configuration"),
    "an upload by hand": fault(_foreign_upload, "configuration"),
    "a rollback": fault(_rollback, "configuration"),
    "a split": fault(_split, "configuration"),
    "a plain text was changed": _bound("SITE", text="elsewhere"),
    "another bucket is bound": _bound("BUCKET", bucket_name="another-bucket"),
    "a binding is of another type": _bound("PAGE_SIZE", type="json"),
    "a binding is gone": _unbound("PAGE_SIZE"),
    "the bucket is not bound": _unbound("BUCKET"),
    "a binding was added": fault(_added_binding, "configuration"),
    "the cron was changed": fault(assign("cloudflare", crons=["0 1 * * *"]), "configuration"),
    "the cron was removed": fault(assign("cloudflare", crons=[]), "configuration"),
    "the bucket is gone": fault(assign("cloudflare", has_bucket=False), "storage"),
}
