"""The Pulumi program: settings in, components, manifest out."""

import gc

gc.disable()  # what the provider's SDK makes at its import stays: looking for garbage in it costs a fifth of a preview

import os
from datetime import UTC, datetime
from pathlib import Path

import pulumi
from pulumi.runtime.config import CONFIG, is_config_secret

from cloudflare_client.errors import CloudflareError
from contract import ace_key
from infra import adoption, declaration, ledger, live, policy, query, recorded, settings, storage
from infra.worker import Worker

gc.freeze()
gc.enable()
config = pulumi.Config()
prefix = config.full_key("")
source = settings.Source(
    names=[key.removeprefix(prefix) for key in CONFIG.get() if key.startswith(prefix)],
    get=config.get,
    provider=pulumi.Config("cloudflare").get,
    is_secret=lambda key: is_config_secret(config.full_key(key)),
    environment=os.environ,
    now=datetime.now(tz=UTC),
)
names = {"project": pulumi.get_project(), "stack": pulumi.get_stack()}
try:
    stack = settings.read(source)
    with live.connect(base_url=stack.api_url, account_id=stack.account_id, token=stack.api_token) as client:
        worker = live.read(client, stack.worker_name, ours=ledger.owner(**names))
        uploaded = ledger.uploaded(
            worker,
            ledger.owner(**names),
            adopt=stack.adopt,
            bindings_of=lambda version: live.bindings(client, stack.worker_name, version),
        )
        taken_over = storage.takes_over(
            stack,
            ours=uploaded is not None,
            there=lambda: client.has_bucket(stack.bucket),
        )
    bound = declaration.bindings(stack, kept=adoption.kept_secrets(stack, worker, uploaded=uploaded))
    promised = declaration.promise(stack, bound, **names)
    policy.enforce(promised, key=stack.ace_api_key)
    beside = query.plan(stack, **names)  # after the policy, which knows by which settings to call what both are given
except (
    settings.SettingsError,
    CloudflareError,
    live.NotDeployedError,
    ledger.ForeignWorkerError,
    storage.BucketExistsError,
    recorded.StateError,
    policy.PolicyError,
) as error:
    raise pulumi.RunError(str(error)) from None
superseded = ledger.superseded(promised, worker, uploaded=uploaded)
for warning in stack.warnings:
    pulumi.log.warn(warning)
for line in (superseded, None if beside is None else beside.superseded):
    if line is not None:
        pulumi.log.warn(line.whole())  # all of it: only Cloudflare's message has a limit

policy.watch()
bucket = storage.Bucket(storage.NAME, settings=stack, taken_over=taken_over)
Worker(
    "backfill",
    bindings=bound,
    promised=promised,
    message=ledger.message(promised, worker, superseded),
    source=Path("workers", "dist", "backfill.js"),
    opts=pulumi.ResourceOptions(depends_on=[bucket]),
)
if beside is not None:
    Worker(
        "query",
        bindings=beside.bound,
        promised=beside.promised,
        message=beside.message,
        source=Path("workers", "dist", "query.js"),
        opts=pulumi.ResourceOptions(depends_on=[bucket]),
    )
pulumi.export("manifest", promised.to_dict())
pulumi.export("operatorToken", pulumi.Output.secret(ace_key.operator_token(stack.ace_api_key)))
