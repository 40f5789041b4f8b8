"""Makes the version of a worker live again that served before: the only write of this program to Cloudflare's API.

``cloudflare_client`` only reads, so the request is here.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import httpx

from cloudflare_client.answers import parse_answer
from cloudflare_client.client import BASE_URL, account_path, script_path
from cloudflare_client.errors import ApiRefusedError, ApiUnreachableError, CloudflareError
from cloudflare_client.http_answer import HttpAnswer
from cloudflare_client.httpx_transport import connect, load_certificates
from cloudflare_client.retry import RetryPolicy
from cloudflare_client.transport import is_transient
from cloudflare_client.versions import WorkerDeployment
from contract.drift.rollback import message_of_rollback
from deployment.events import Worker

SECRETS_CHANGED = 10220  # the code of a rollback to a version with other secrets
SECONDS = 30.0  # of one request


class RollbackError(Exception):
    """The earlier version was not made live. The message is one line with the reason and the next step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A version that served before, with its tag. ``failed`` is the version that serves now."""

    account: str
    worker: str
    version: str
    failed: str
    tag: str = ""

    @property
    def command(self) -> str:
        """Return the command that makes the version live again."""
        options = {"--account": self.account, "--worker": self.worker, "--version": self.version}
        words = [word for option in {**options, "--failed": self.failed}.items() for word in option]
        return shlex.join(["python", "-m", "deployment", "rollback", *words])


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """The live version of a worker, and the version that served before its upload, None where there is none."""

    worker: Worker
    version: str
    target: Target | None


def read_live(workers: Sequence[Worker], *, environ: Mapping[str, str]) -> tuple[Live, ...]:
    """Read the live versions of workers. Raises CloudflareError."""
    return tuple(_read_live(worker, environ) for worker in workers)


def _read_live(worker: Worker, environ: Mapping[str, str]) -> Live:
    token = environ.get("CLOUDFLARE_API_TOKEN", "")
    with connect(base_url=_base_url(environ), account_id=worker.account, token=token) as client:
        live = find_live(worker, client.list_deployments(worker.name))
        if live.target is None:
            return live
        tag = client.read_version(worker.name, live.target.version).version.tag
        return replace(live, target=replace(live.target, tag=tag))


def find_live(worker: Worker, deployments: Sequence[WorkerDeployment]) -> Live:
    """Return the live version, and the one before it if this `pulumi up` uploaded the worker. Newest first."""
    versions = ["".join(share.version_id for share in item.shares[:1]) for item in deployments]
    live = versions[0] if versions else ""
    # A version that only a part of the requests reached did not serve alone, so it is not put back.
    before = next((item for item in deployments[1:] if item.ids and live not in item.ids), None)
    target = None
    if worker.is_uploaded and before is not None and len(before.shares) == 1:
        version = before.shares[0].version_id
        target = Target(account=worker.account, worker=worker.name, version=version, failed=live)
    return Live(worker=worker, version=live, target=target)


def roll_back(target: Target, *, environ: Mapping[str, str], network: httpx.BaseTransport | None = None) -> None:
    """Send all requests of a worker to an earlier version. Raises RollbackError.

    A repeated request has the same effect, so transient answers are retried.
    """
    url = _base_url(environ) + account_path(target.account, f"{script_path(target.worker)}/deployments")
    content = {
        "strategy": "percentage",
        "versions": [{"version_id": target.version, "percentage": 100}],
        "annotations": {"workers/message": message_of_rollback(target.failed)},
    }
    try:
        headers = {"Authorization": f"Bearer {environ.get('CLOUDFLARE_API_TOKEN', '')}"}
        with httpx.Client(headers=headers, transport=network, verify=load_certificates(), timeout=SECONDS) as http:
            answer = RetryPolicy.start().run(lambda: _post(http, url, content))
        parse_answer(answer, lambda result, _: result)
    except ApiRefusedError as error:
        raise RollbackError(_explain(error, target)) from None
    except (CloudflareError, OSError, ValueError, ImportError) as error:
        raise RollbackError(
            f"{error}. Nothing was changed, or the answer was lost: look before you repeat it"
        ) from None


def _post(http: httpx.Client, url: str, content: Mapping[str, object]) -> HttpAnswer:
    try:
        response = http.post(url, json=content)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise ApiUnreachableError(type(error).__name__, url) from None
    answer = HttpAnswer(
        request=f"POST {url}", status=response.status_code, headers=response.headers, body=response.content
    )
    if is_transient(answer):
        raise ApiRefusedError(answer)
    return answer


def _explain(error: ApiRefusedError, target: Target) -> str:
    if SECRETS_CHANGED not in error.codes:
        return f"Cloudflare refused the rollback of {target.worker}: {error.reason}"
    names = "".join(message.partition("have changed:")[2] for message in error.messages).strip(" .")
    secrets = f" ({names})" if names else ""
    return (
        f"Cloudflare refused the rollback of {target.worker} (code {SECRETS_CHANGED}), because a secret has changed "
        f"since version {target.version[:8]} served{secrets}: that version has the old value, which may be revoked. "
        "Correct the program and deploy again"
    )


def _base_url(environ: Mapping[str, str]) -> str:
    """Return the API's address: the variable that the provider reads as well, else Cloudflare's."""
    return (environ.get("CLOUDFLARE_BASE_URL") or BASE_URL).rstrip("/")
