"""A program with one resource of each kind, and the language host that runs it inside the tests' own process."""

import contextvars
import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import pulumi
import pulumi_cloudflare as cf
from pulumi.automation._server import LanguageServer
from pulumi.runtime import reset_options, set_all_config

from rehearsal.pulumi_stand_ins.language_host import run_program

ACCOUNT = "0123456789abcdef0123456789abcdef"
CANARY = "canary-ace-key-4f1d2c"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """The declarations of the program."""

    script: str = "backfill"
    bucket: str = "ace-timeseries"
    site: str = "ses_falls_city"
    message: str = "first"
    crons: tuple[str, ...] = ("*/5 * * * *",)
    protect: bool = True
    adopt: bool = False
    content: str = "worker.js"


def declare(wanted: Wanted, folder: Path) -> None:
    """Declare a bucket, a script with a secret, its switch and its crons."""
    protected = pulumi.ResourceOptions(
        protect=wanted.protect, import_=f"{ACCOUNT}/{wanted.bucket}/default" if wanted.adopt else None
    )
    bucket = cf.R2Bucket("bucket", account_id=ACCOUNT, name=wanted.bucket, opts=protected)
    bindings: list[cf.WorkersScriptBindingArgsDict] = [
        {"name": "ACE_API_KEY", "type": "secret_text", "text": pulumi.Output.secret(CANARY)},
        {"name": "BUCKET", "type": "r2_bucket", "bucket_name": bucket.name},
        {"name": "SITES", "type": "plain_text", "text": wanted.site},
        {"name": "CF_VERSION_METADATA", "type": "version_metadata"},
    ]
    script = cf.WorkersScript(
        "script",
        account_id=ACCOUNT,
        script_name=wanted.script,
        main_module="worker.js",
        content_file=wanted.content,
        content_sha256=hashlib.sha256((folder / wanted.content).read_bytes()).hexdigest(),
        compatibility_date="2026-04-01",
        annotations={"workers_message": wanted.message, "workers_tag": "bv:held"},
        bindings=bindings,
        opts=pulumi.ResourceOptions(import_=f"{ACCOUNT}/{wanted.script}" if wanted.adopt else None),
    )
    name = script.script_name
    cf.WorkersScriptSubdomain("switch", account_id=ACCOUNT, script_name=name, enabled=True, previews_enabled=False)
    schedules: list[cf.WorkersCronTriggerScheduleArgsDict] = [{"cron": cron} for cron in wanted.crons]
    cf.WorkersCronTrigger("cron", account_id=ACCOUNT, script_name=name, schedules=schedules)
    pulumi.export("id", script.id)
    pulumi.export("etag", script.etag)


class Inline(LanguageServer):
    """Runs a function of this process as the program, so that the SDK is imported once for all runs."""

    def Run(self, request: Any, context: Any) -> Any:  # noqa: N802  # the service's signature
        return contextvars.copy_context().run(self._run, request, context)

    def _run(self, request: Any, context: Any) -> Any:
        reset_options(
            project=request.project,
            stack=request.stack,
            parallel=request.parallel,
            engine_address=request.args[0],
            monitor_address=request.monitor_address,
            preview=request.dryRun,
            organization="organization",
        )
        set_all_config(dict(request.config), list(request.configSecretKeys))
        run = cast("Callable[[], None]", self.program)
        return run_program(run, program=Path(), parallel=request.parallel, context=context)
