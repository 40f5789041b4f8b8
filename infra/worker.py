"""A worker: its script with every binding, its workers.dev switch and its schedule."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import pulumi
import pulumi_cloudflare as cloudflare

from contract import manifest
from infra.bindings import Binding
from infra.bindings.secret_text import SecretText
from infra.promise import Promise
from infra.secret import Secret

COMPATIBILITY_DATE = "2026-04-01"
MAIN_MODULE = "worker.js"  # the name at Cloudflare, the same as before the workers were bundled


class Worker(pulumi.ComponentResource):
    """A script at the edge, declared whole: an upload replaces every binding that it does not name."""

    def __init__(
        self,
        name: str,
        *,
        bindings: Sequence[Binding],
        promised: manifest.Manifest,
        message: str | None,
        source: Path,
        opts: pulumi.ResourceOptions,
    ) -> None:
        """Declare the worker: ``source`` is its bundle, the promise and ``message`` mark the upload."""
        super().__init__("building-vitals:edge:Worker", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        script = cloudflare.WorkersScript(
            name,
            account_id=promised.account_id,
            script_name=promised.worker.name,
            main_module=MAIN_MODULE,
            content_file=str(source),
            content_sha256=hashlib.sha256(source.read_bytes()).hexdigest(),
            compatibility_date=COMPATIBILITY_DATE,
            bindings=[binding.upload() for binding in bindings],
            keep_bindings=[],  # said aloud: without it an upload may keep secrets that it does not name
            annotations=cloudflare.WorkersScriptAnnotationsArgs(
                workers_tag=promised.worker.tag, workers_message=message
            ),
            # Never imported: an upload takes over what exists, and an import into a stack that has it would delete it.
            opts=child,
        )
        after = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[script]))
        cloudflare.WorkersScriptSubdomain(
            name,
            account_id=promised.account_id,
            script_name=promised.worker.name,
            enabled=True,
            previews_enabled=False,
            opts=after,
        )
        cloudflare.WorkersCronTrigger(
            name,
            account_id=promised.account_id,
            script_name=promised.worker.name,
            schedules=[{"cron": cron} for cron in promised.schedules],
            opts=pulumi.ResourceOptions.merge(after, _sent_again_with(message)),
        )
        Promise(name, promised=promised, opts=after)
        for binding in bindings:
            if isinstance(binding, SecretText) and binding.text is not None:
                Secret(binding.name, text=binding.text, opts=after)
        self.register_outputs({})


def _sent_again_with(message: str | None) -> pulumi.ResourceOptions:
    """Replace a resource that the provider never reads again whenever something is superseded; its delete is a no-op.

    Never null: the engine does not compare a trigger with one that was not there.
    """
    return pulumi.ResourceOptions(replacement_trigger="nothing superseded" if message is None else message)
