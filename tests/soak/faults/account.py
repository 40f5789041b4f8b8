"""Faults of the account: changed versions, secrets, bindings and crons, and a missing bucket."""

from __future__ import annotations

from collections.abc import Mapping

from tests.fakes.random_system import RandomSystem
from tests.soak.fault import Fault, assign, fault


def _bound(name: str, **changed: str) -> Fault:
    return fault(lambda system: system.script.bound[name].update(changed), "configuration")


def _unbound(name: str) -> Fault:
    return fault(lambda system: system.script.unbind(name), "configuration")


def _remove_key(system: RandomSystem) -> None:
    system.worker.key = ""
    system.script.change_secrets()


def _replace_key(system: RandomSystem) -> None:
    system.worker.key = "fake-key-put-outside-pulumi"
    system.script.change_secrets("ACE_API_KEY")


def _deploy_another_key(system: RandomSystem) -> None:
    system.worker.key = "fake-key-of-another-deployment"


def _add_secret(system: RandomSystem) -> None:
    system.script.change_secrets("ACE_API_KEY", "ADDED")


def _upload_without_tag(system: RandomSystem) -> None:
    system.script.upload("")


def _roll_back(system: RandomSystem) -> None:
    system.script.live = [system.worker.older["id"]]


def _split(system: RandomSystem) -> None:
    system.script.live.append(system.worker.older["id"])


FAULTS: Mapping[str, Fault] = {
    "the key is missing": fault(_remove_key, "outside_change", "configuration"),
    "another key was put outside Pulumi": fault(_replace_key, "outside_change", "configuration"),
    "another key was deployed": fault(_deploy_another_key, "configuration"),
    "a secret was added": fault(_add_secret, "outside_change", "configuration"),
    "an upload outside Pulumi": fault(_upload_without_tag, "outside_change", "configuration"),
    "a rollback": fault(_roll_back, "outside_change", "configuration"),
    "a split": fault(_split, "outside_change", "configuration"),
    "a plain text was changed": _bound("PAGE_SIZE", text="5000"),
    "another bucket is bound": _bound("BUCKET", bucket_name="another-bucket"),
    "a binding is of another type": _bound("PAGE_SIZE", type="json"),
    "a binding is gone": _unbound("PAGE_SIZE"),
    "the bucket is not bound": _unbound("BUCKET"),
    "a binding was added": fault(
        lambda system: system.script.bind({"name": "KV", "type": "kv_namespace"}), "configuration"
    ),
    "the cron was changed": fault(assign("script", crons=["0 1 * * *"]), "configuration"),
    "the cron was removed": fault(assign("script", crons=[]), "configuration"),
    "the bucket is gone": fault(lambda system: system.cloudflare.buckets.clear(), "outside_change", "storage"),
}
