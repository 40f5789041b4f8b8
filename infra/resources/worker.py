"""A worker: its script with every binding, its workers.dev address and its schedule."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pulumi
import pulumi_cloudflare as cloudflare

from infra.bindings import Binding
from infra.bindings.secret_text import SecretText
from infra.declarations import script_settings
from infra.plan import WorkerPlan
from infra.resources.records import DriftComponent, ManifestComponent, SecretComponent

COMPATIBILITY_DATE = "2026-04-01"
MAIN_MODULE = "worker.js"  # the name at Cloudflare, the same as before the workers were bundled
_NO_DRIFT = "nothing superseded"  # in the state of existing stacks: another text would send every schedule again


class WorkerComponent(pulumi.ComponentResource):
    """A worker that is declared completely, because an upload removes every binding that it does not name."""

    def __init__(self, name: str, *, plan: WorkerPlan, opts: pulumi.ResourceOptions) -> None:
        """Declare the worker of a plan."""
        super().__init__("building-vitals:edge:Worker", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        script = self._script(name, plan, child)
        after = pulumi.ResourceOptions.merge(child, pulumi.ResourceOptions(depends_on=[script]))
        address = cloudflare.WorkersScriptSubdomain(
            name,
            account_id=plan.manifest.account_id,
            script_name=plan.manifest.worker.name,
            enabled=True,
            previews_enabled=False,
            opts=after,
        )
        crons = cloudflare.WorkersCronTrigger(
            name,
            account_id=plan.manifest.account_id,
            script_name=plan.manifest.worker.name,
            schedules=[{"cron": cron} for cron in plan.manifest.schedules],
            opts=pulumi.ResourceOptions.merge(after, _replace_with(plan.message)),
        )
        ManifestComponent(name, manifest=plan.manifest, opts=after)
        for binding in plan.bindings:
            if isinstance(binding, SecretText) and binding.text is not None:
                SecretComponent(binding.name, text=binding.text, opts=after)
        restored = pulumi.ResourceOptions(depends_on=[script, address, crons])
        DriftComponent(name, drift=plan.drift, opts=pulumi.ResourceOptions.merge(child, restored))
        self.register_outputs({})

    def _script(self, name: str, plan: WorkerPlan, opts: pulumi.ResourceOptions) -> cloudflare.WorkersScript:
        """Declare the script. It is never imported: an upload takes over an existing one."""
        return cloudflare.WorkersScript(
            name,
            account_id=plan.manifest.account_id,
            script_name=plan.manifest.worker.name,
            main_module=MAIN_MODULE,
            content_file=str(plan.source),
            content_sha256=plan.manifest.worker.code,
            compatibility_date=COMPATIBILITY_DATE,
            bindings=[_upload(binding) for binding in plan.bindings],
            keep_bindings=[],  # without this field an upload may keep secrets that it does not name
            observability=_observability(script_settings.OBSERVABILITY),
            logpush=script_settings.LOGPUSH,
            limits=cloudflare.WorkersScriptLimitsArgs(cpu_ms=plan.cpu_ms),
            # An empty list removes them. A refresh reads no list as null, so an empty one would differ in every preview
            tail_consumers=[] if plan.has_tail_consumers else None,
            annotations=cloudflare.WorkersScriptAnnotationsArgs(
                workers_tag=plan.manifest.worker.tag, workers_message=plan.message
            ),
            opts=opts,
        )


def _observability(declared: Mapping[str, Any]) -> cloudflare.WorkersScriptObservabilityArgs:
    parts = {
        "logs": cloudflare.WorkersScriptObservabilityLogsArgs(**declared["logs"]),
        "traces": cloudflare.WorkersScriptObservabilityTracesArgs(**declared["traces"]),
    }
    return cloudflare.WorkersScriptObservabilityArgs(**{**declared, **parts})


def _upload(binding: Binding) -> cloudflare.WorkersScriptBindingArgs:
    secret = binding.secret_fields()
    fields: dict[str, Any] = {
        name: pulumi.Output.secret(value) if name in secret else value for name, value in binding.upload().items()
    }
    return cloudflare.WorkersScriptBindingArgs(**fields)


def _replace_with(message: str | None) -> pulumi.ResourceOptions:
    """Replace a resource that the provider never reads again with every new message. Its deletion does nothing.

    The trigger is never null, because the engine does not compare a new trigger with a missing one.
    """
    return pulumi.ResourceOptions(replacement_trigger=_NO_DRIFT if message is None else message)
