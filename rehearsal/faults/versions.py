"""Faults by uploads and deployments outside Pulumi."""

from __future__ import annotations

import json
from functools import partial

from rehearsal.faults import ExpectedResult, Fault, actions
from rehearsal.local_system import LocalSystem, outside_pulumi, slow_propagation

_KV = {"name": "KV", "type": "kv_namespace", "namespace_id": "0f" * 16}
_EXTRA_BINDINGS = (
    {"name": "CACHE", "type": "kv_namespace", "namespace_id": "0c" * 16},
    {"name": "LEDGER", "type": "d1", "id": "0d" * 16},
)


async def _bind_other_bucket(local: LocalSystem) -> None:
    def edit(found: outside_pulumi.Bindings) -> outside_pulumi.Bindings:
        return [{**item, "bucket_name": "another-bucket"} if item["name"] == "BUCKET" else item for item in found]

    await outside_pulumi.call_api(local, "POST", "r2/buckets", json={"name": "another-bucket"})
    await outside_pulumi.upload_script(local, edit=edit)


async def _upload_other_code(local: LocalSystem) -> None:
    code = b"export default { fetch() { return new Response('by hand') }, queue() {} }"
    await outside_pulumi.upload_script(local, code=code)


async def _upload_other_code_with_tag(local: LocalSystem) -> None:
    """Upload the worker with a comment more, which no answer of the worker shows."""
    code = actions.read_source() + b"\n// changed outside Pulumi\n"
    await outside_pulumi.upload_script(local, code=code, tag=lambda ours: ours)


async def _roll_back(local: LocalSystem) -> None:
    def make_older_tag(tag: str) -> str:
        return ":".join([*tag.split(":")[:2], *["0" * 12] * 3])

    ours = (await outside_pulumi.list_versions(local))[0]["annotations"][outside_pulumi.TAG]
    await outside_pulumi.upload_script(local, edit=actions.set_text("PAGE_SIZE", "5000"), tag=make_older_tag)
    older = (await outside_pulumi.list_versions(local))[0]["id"]
    await outside_pulumi.upload_script(local, edit=actions.set_text("PAGE_SIZE", "10000"), tag=lambda _: ours)
    await outside_pulumi.deploy_versions(local, {older: 100})


async def _split_requests(local: LocalSystem) -> None:
    ours = (await outside_pulumi.list_versions(local))[0]["id"]
    await outside_pulumi.upload_script(local)
    other = (await outside_pulumi.list_versions(local))[0]["id"]
    await outside_pulumi.deploy_versions(local, {ours: 50, other: 50})


async def _deploy_with_wrangler(local: LocalSystem) -> None:
    folder = local.folder / "by-hand"
    folder.mkdir(exist_ok=True)
    (folder / outside_pulumi.MODULE).write_bytes(actions.read_source())
    config = {"name": local.worker_name, "main": outside_pulumi.MODULE, "keep_vars": True}
    config["compatibility_date"] = outside_pulumi.COMPATIBILITY_DATE
    (folder / "wrangler.json").write_text(json.dumps(config))
    await local.wrangler("deploy", "--config", str(folder / "wrangler.json"))


UPLOADS = (
    Fault(
        name="binding-added",
        description="a KV namespace that is not declared was bound",
        caught_by=("secrets", "bindings", "deployed", "health"),
        cause="outside_change",
        apply=partial(outside_pulumi.upload_script, edit=lambda found: [*found, _KV]),
    ),
    Fault(
        name="bindings-wiped",
        description="an upload, as `wrangler deploy` makes it, bound the bucket and dropped all plain texts",
        caught_by=("secrets", "bindings", "deployed", "health", "r2"),
        cause="outside_change",
        other_causes={"r2": "configuration"},
        apply=partial(
            outside_pulumi.upload_script, edit=lambda found: [item for item in found if item["name"] == "BUCKET"]
        ),
    ),
    Fault(
        name="bucket-swapped",
        description="another bucket was bound under the same name",
        caught_by=("secrets", "bindings", "deployed", "health"),
        cause="outside_change",
        may_report={"r2": "configuration"},
        apply=_bind_other_bucket,
    ),
    Fault(
        name="code-replaced",
        description="other code was uploaded with every binding kept",
        caught_by=("secrets", "deployed", "health", "key"),
        cause="outside_change",
        may_report={"trigger": "configuration"},
        apply=_upload_other_code,
    ),
    Fault(
        name="code-replaced-with-tag",
        description="other code was uploaded with every binding kept, and with a copy of the program's tag",
        caught_by=("deployed",),
        cause="outside_change",
        keeps_digest=True,
        apply=_upload_other_code_with_tag,
    ),
    Fault(
        name="extras-wiped",
        description="an upload dropped the declared KV and D1 bindings",
        caught_by=("secrets", "bindings", "deployed", "health"),
        cause="outside_change",
        settings={"extraBindings": [*_EXTRA_BINDINGS]},
        apply=partial(
            outside_pulumi.upload_script, edit=actions.drop_bindings(*(item["name"] for item in _EXTRA_BINDINGS))
        ),
    ),
    Fault(
        name="storage-unbound",
        description="`wrangler deploy` was run with a configuration that does not bind the bucket",
        caught_by=("secrets", "bindings", "deployed", "health", "r2"),
        cause="outside_change",
        other_causes={"r2": "configuration"},
        apply=_deploy_with_wrangler,
    ),
    Fault(
        name="text-changed",
        description="an upload changed the plain text PAGE_SIZE",
        caught_by=("secrets", "bindings", "deployed", "health"),
        cause="outside_change",
        may_report={"trigger": "configuration"},
        apply=partial(outside_pulumi.upload_script, edit=actions.set_text("PAGE_SIZE", "5000")),
    ),
)

DEPLOYMENTS = (
    Fault(
        name="rollback",
        description="the worker was rolled back to the program's previous upload, which had another pageSize",
        caught_by=("secrets", "bindings", "deployed", "health"),
        cause="outside_change",
        apply=_roll_back,
    ),
    Fault(
        name="split",
        description="another version got half of the requests (a gradual deployment that never ended)",
        caught_by=("secrets", "deployed"),
        cause="outside_change",
        may_report={"health": "outside_change"},
        apply=_split_requests,
    ),
    Fault(
        name="stale-edge",
        description="the edge serves the older version for 12 s after a deployment",
        expected=ExpectedResult.PASSED,
        min_seconds=10.0,
        apply=partial(slow_propagation.deploy_slowly, seconds=12.0),
    ),
    Fault(
        name="worker-deleted",
        description="the worker was deleted",
        caught_by=("secrets", "bindings", "deployed", "fresh", "health", "history", "key"),
        cause="configuration",
        apply=outside_pulumi.delete_worker,
    ),
)

FAULTS = (*UPLOADS, *DEPLOYMENTS)
