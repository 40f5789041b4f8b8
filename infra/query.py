"""The query worker: where it answers, and what an upload of it will be where this stack deploys one.

It has its own mark and is held against it as the backfill worker is, but it is never adopted: a worker of that name
that this stack never uploaded is another program, which serves somebody.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from contract import manifest
from infra import declaration, ledger, live, policy

if TYPE_CHECKING:
    from contract.drift import Supersession
    from infra.bindings import Binding
    from infra.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Query:
    """The settings: ``name`` is None where this stack deploys no query worker, ``url`` where there is none at all."""

    name: str | None
    url: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Planned:
    """An upload of the query worker, as the program declares it."""

    bound: tuple[Binding, ...]
    promised: manifest.Manifest
    superseded: Supersession | None
    message: str | None


def read(values: Mapping[str, str], flag: str, problems: list[str]) -> Query:
    """Read the settings; what is wrong with them is added to the problems."""
    name, url = values["queryWorkerName"], values["queryUrl"]
    if flag not in {"true", "false"}:
        problems.append(f"queryWorker must be true or false, found {flag!r}")
    if flag != "true":
        return Query(name=None, url=url if url else None)
    if name == values["workerName"]:
        problems.append(f"queryWorkerName must be another than workerName, found {name!r}")
    if not url and not values["workersSubdomain"]:
        problems.append("queryUrl is needed where workersSubdomain is not set")
    return Query(name=name, url=url if url else f"https://{name}.{values['workersSubdomain']}.workers.dev")


def plan(settings: Settings, *, project: str, stack: str) -> Planned | None:
    """Look at what is live and return the upload; None where the stack declares no query worker.

    Raises CloudflareError, NotDeployedError and PolicyError as for the backfill worker, and ForeignWorkerError for a
    worker that is not ours.
    """
    name, ours = settings.query.name, ledger.owner(project, stack)
    if name is None:
        return None
    try:
        with live.connect(
            base_url=settings.api_url, account_id=settings.account_id, token=settings.api_token
        ) as client:
            worker = live.read(client, name, ours=ours)
            uploaded = ledger.uploaded(
                worker,
                ours,
                adopt=False,
                bindings_of=lambda version: live.bindings(client, name, version),
            )
    except ledger.ForeignWorkerError:
        raise ledger.ForeignWorkerError(
            f"the worker {name!r} exists, and no version of it is an upload of this stack: it is never taken over; "
            "to have one beside it, run: pulumi config set queryWorkerName ANOTHER; to verify that one, "
            "run: pulumi config set queryWorker false, and: pulumi config set queryUrl ITS-URL"
        ) from None
    bound = declaration.query_bindings(settings)
    promised = declaration.query_promise(settings, bound, project=project, stack=stack)
    policy.enforce(promised, key=settings.ace_api_key)
    superseded = ledger.superseded(promised, worker, uploaded=uploaded)
    message = ledger.message(promised, worker, superseded)
    return Planned(bound=bound, promised=promised, superseded=superseded, message=message)
