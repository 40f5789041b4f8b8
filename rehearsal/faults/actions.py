"""The actions of faults. Each function returns the ``apply`` of a fault, or is one."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rehearsal.local_system import outside_pulumi
from toolchain import engine

if TYPE_CHECKING:
    from rehearsal.ace import AceFault
    from rehearsal.ace.samples import SampleSource
    from rehearsal.faults import Apply
    from rehearsal.local_system import LocalSystem
    from rehearsal.network_faults import NetworkFault

WORKER_SOURCE = "workers/dist/{worker}.js"
Patch = tuple[str, str]


def read_source(worker: str = "backfill") -> bytes:
    """Return the source of a worker of this program."""
    return (engine.ROOT / WORKER_SOURCE.format(worker=worker)).read_bytes()


def patch_source(*patches: Patch, worker: str = "backfill") -> bytes:
    """Return the source of a worker with each (old, new) text replaced.

    Raises ValueError unless each old text occurs exactly once. Then the worker has changed, and its faults must follow.
    """
    code = read_source(worker).decode()
    for old, new in patches:
        if code.count(old) != 1:
            raise ValueError(
                f"expected this text once in the source of the worker, found {code.count(old)} times: {old}"
            )
        code = code.replace(old, new)
    return code.encode()


def patch_worker(*patches: Patch) -> Apply:
    """Deploy a patched backfill worker with the program's tag, as if the program itself had this defect."""

    async def apply(local: LocalSystem) -> None:
        await outside_pulumi.upload_script(local, code=patch_source(*patches), tag=lambda ours: ours)

    return apply


def patch_query_worker(*patches: Patch) -> Apply:
    """Deploy a patched query worker. It has no tag, because no check reads its tag."""

    async def apply(local: LocalSystem) -> None:
        code = patch_source(*patches, worker="query")
        await outside_pulumi.upload_script(local, code=code, name=local.query_name)

    return apply


def deploy_etl_worker(*patches: Patch, key: str | None = None) -> Apply:
    """Deploy an ETL worker with another key or with a patched source."""

    async def apply(local: LocalSystem) -> None:
        await outside_pulumi.deploy_etl_worker(local, code=patch_source(*patches), key=key)

    return apply


def set_text(name: str, text: str) -> outside_pulumi.EditBindings:
    """Return an edit that sets a plain text."""
    return lambda found: [{**item, "text": text} if item["name"] == name else item for item in found]


def drop_bindings(*names: str) -> outside_pulumi.EditBindings:
    """Return an edit that drops bindings."""
    return lambda found: [item for item in found if item["name"] not in names]


def set_ace_fault(fault: AceFault) -> Apply:
    """Set a fault of ACE's own behaviour."""

    async def apply(local: LocalSystem) -> None:
        local.ace.fault = fault

    return apply


def change_ace_key(key: str) -> Apply:
    """Let ACE accept another key than the declared one."""

    async def apply(local: LocalSystem) -> None:
        local.ace.accept(key)

    return apply


def add_site(site: str, source: SampleSource, then: Apply) -> Apply:
    """Let ACE serve one more site, and apply another fault."""

    async def apply(local: LocalSystem) -> None:
        local.ace.set_site(site, source)
        await then(local)

    return apply


def disturb_worker(fault: NetworkFault) -> Apply:
    """Set a network fault in front of the worker."""

    async def apply(local: LocalSystem) -> None:
        await local.edge.set_network_fault(local.worker_name, fault)

    return apply


def disturb_api(fault: NetworkFault) -> Apply:
    """Set a network fault in front of Cloudflare's API."""

    async def apply(local: LocalSystem) -> None:
        local.cloudflare.network.fault = fault

    return apply


def disturb_ace(fault: NetworkFault) -> Apply:
    """Set a network fault in front of ACE."""

    async def apply(local: LocalSystem) -> None:
        local.ace.network.fault = fault

    return apply
