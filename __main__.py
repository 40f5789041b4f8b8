"""The Pulumi program: settings in, components, manifest out."""

import os
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pulumi
from pulumi.runtime.config import is_config_secret

import ace_key
from infra import declaration, ledger, live, settings
from infra.storage import Bucket
from infra.worker import Worker

config = pulumi.Config()
source = settings.Source(
    get=config.get,
    provider=pulumi.Config("cloudflare").get,
    is_secret=lambda key: is_config_secret(config.full_key(key)),
    environment=os.environ,
    now=datetime.now(tz=UTC),
)
try:
    stack = settings.read(source)
    promised = declaration.promise(stack, project=pulumi.get_project(), stack=pulumi.get_stack())
    headers = {"Authorization": f"Bearer {stack.api_token}"}
    with httpx.Client(base_url=stack.api_url, headers=headers, timeout=live.TIMEOUT) as client:
        worker = live.read(client, stack.account_id, stack.worker_name)
        exists = stack.adopt and live.has_bucket(client, stack.account_id, stack.bucket)
    message = ledger.message(promised, worker, adopt=stack.adopt)
except (settings.SettingsError, live.ApiError, ledger.ForeignWorkerError) as error:
    raise pulumi.RunError(str(error)) from None
for warning in stack.warnings:
    pulumi.log.warn(warning)

bucket = Bucket("timeseries", settings=stack, exists=exists)
Worker(
    "backfill",
    settings=stack,
    bindings=declaration.bindings(stack),
    tag=promised.worker.tag,
    message=message,
    source=Path("workers", "backfill", "worker.js"),
    opts=pulumi.ResourceOptions(depends_on=[bucket]),
)
pulumi.export("manifest", promised.to_dict())
pulumi.export("operatorToken", pulumi.Output.secret(ace_key.operator_token(stack.ace_api_key)))
