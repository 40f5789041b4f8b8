"""Reads one account of Cloudflare's API.

Source: docs/reference/cloudflare-api.md, and Cloudflare's official clients.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from cloudflare_client import answers, buckets, content, queues, script_settings, versions
from cloudflare_client.errors import AbsentError, CloudflareError, EndlessListError, refusal
from cloudflare_client.fields import read_object
from cloudflare_client.http_answer import HttpAnswer
from cloudflare_client.transport import MAX_JSON_BYTES, Transport

BASE_URL = "https://api.cloudflare.com/client/v4"
VERIFY = "tokens/verify"
MAX_LIST_PAGES = 1000  # of one list of objects
MAX_VERSION_PAGES = 100  # of a worker's versions: at least 1,000 versions, because a page holds 10 to 100
MAX_OBJECT_BYTES = 32 * 2**20  # of an object, because the worker stores no larger one, and of a worker's code

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class CloudflareClient:
    """Reads one account. Every method raises what ``convert`` returns for a CloudflareError.

    ``convert`` lets a caller raise its own exceptions. The transport's exceptions pass as they are.
    """

    transport: Transport
    account_id: str
    convert: Callable[[CloudflareError], Exception] = lambda error: error

    def list_secrets(self, script: str) -> tuple[str, ...]:
        """Return the names of a worker's secrets."""
        return self._read(f"{script_path(script)}/secrets", lambda result, _: answers.parse_secrets(result))

    def read_deployment(self, script: str) -> versions.WorkerDeployment:
        """Return a worker's live deployment. Raises AbsentError if there is no such worker."""
        return self._read(f"{script_path(script)}/deployments", lambda result, _: versions.parse_deployments(result))

    def list_deployments(self, script: str) -> tuple[versions.WorkerDeployment, ...]:
        """Return a worker's latest deployments, the live one first. The API lists ten."""
        return self._read(f"{script_path(script)}/deployments", lambda result, _: versions.list_deployments(result))

    def list_versions(
        self, script: str, enough: Callable[[Mapping[str, versions.WorkerVersion]], bool]
    ) -> tuple[versions.WorkerVersion, ...]:
        """Return a worker's versions, newest first, until those read so far (by id) are ``enough``.

        The API lists the newest first, so one page nearly always suffices. A list that repeats itself has ended.
        At most MAX_VERSION_PAGES are read, so an older version may be missing.
        """
        found: dict[str, versions.WorkerVersion] = {}
        for page in range(1, MAX_VERSION_PAGES + 1):
            params = {"page": str(page), "per_page": "100"}
            path = f"{script_path(script)}/versions"
            more = self._read(path, lambda result, _: versions.parse_versions(result), params)
            if more.keys() <= found.keys():
                break
            found |= more
            if enough(found):
                break
        return tuple(sorted(found.values(), key=lambda version: version.number, reverse=True))

    def read_version(self, script: str, version_id: str) -> versions.VersionDetail:
        """Return one version of a worker with its bindings."""
        path = f"{script_path(script)}/versions/{quote(version_id, safe='')}"
        return self._read(path, lambda result, _: versions.parse_version(result))

    def read_code(self, script: str, version_id: str) -> tuple[bytes, ...]:
        """Return the modules of one version of a worker."""
        path = f"{script_path(script)}/content/v2"
        answer = self._get(path, {"version": version_id}, limit=MAX_OBJECT_BYTES)
        try:
            return content.parse_modules(answer)
        except CloudflareError as error:
            raise self.convert(error) from None

    def list_schedules(self, script: str) -> tuple[versions.Schedule, ...]:
        """Return the crons of a worker."""
        return self._read(f"{script_path(script)}/schedules", lambda result, _: versions.parse_schedules(result))

    def list_tails(self, script: str) -> int:
        """Return the number of open tails of a worker."""
        path = f"{script_path(script)}/tails"
        return self._read(path, lambda result, _: len(result) if isinstance(result, list) else 0)

    def read_token(self, *, of_account: bool = False) -> answers.TokenState:
        """Return the state of the client's own token: one of a user, or one that the account owns."""
        path = account_path(self.account_id, VERIFY) if of_account else f"/user/{VERIFY}"
        answer = self.transport.get(path, params={}, headers={}, limit=MAX_JSON_BYTES)
        try:
            return answers.parse_answer(answer, lambda result, _: answers.parse_token(result))
        except CloudflareError as error:
            raise self.convert(error) from None

    def read_subdomain(self) -> str:
        """Return the account's name under workers.dev."""
        return self._read("workers/subdomain", lambda result, _: answers.parse_subdomain(result))

    def read_settings(self, script: str) -> script_settings.ScriptSettings:
        """Return the settings of a live worker besides its bindings."""
        return self._read(f"{script_path(script)}/settings", lambda result, _: script_settings.parse_settings(result))

    def find_queue(self, name: str) -> queues.Queue | None:
        """Return the queue of this name with its consumers, None if the account has none."""
        found = self._read("queues", lambda result, _: queues.parse_queues(result), {"name": name})
        return next((queue for queue in found if queue.name == name), None)

    def read_backlog(self, queue_id: str) -> queues.Backlog:
        """Return the messages of a queue that are not acknowledged."""
        path = f"queues/{quote(queue_id, safe='')}/metrics"
        return self._read(path, lambda result, _: queues.parse_backlog(result))

    def has_bucket(self, bucket: str, *, jurisdiction: str = "default") -> bool:
        """Return whether the account has an R2 bucket of this name in a jurisdiction."""
        answer = self._get(_bucket_path(bucket), jurisdiction=jurisdiction)
        try:
            answers.parse_answer(answer, lambda result, _: read_object(result, "the bucket"))
        except AbsentError:
            return False
        except CloudflareError as error:
            raise self.convert(error) from None
        return True

    def list_lifecycle_rules(self, bucket: str, *, jurisdiction: str) -> tuple[buckets.LifecycleRule, ...]:
        """Return the lifecycle rules of a bucket."""
        path = f"{_bucket_path(bucket)}/lifecycle"
        return self._read(path, lambda result, _: buckets.parse_rules(result), jurisdiction=jurisdiction)

    def read_managed_domain(self, bucket: str, *, jurisdiction: str) -> buckets.PublicDomain:
        """Return the address of a bucket under r2.dev."""
        path = f"{_bucket_path(bucket)}/domains/managed"
        return self._read(path, lambda result, _: buckets.parse_managed_domain(result), jurisdiction=jurisdiction)

    def list_custom_domains(self, bucket: str, *, jurisdiction: str) -> tuple[buckets.PublicDomain, ...]:
        """Return the custom domains of a bucket."""
        path = f"{_bucket_path(bucket)}/domains/custom"
        return self._read(path, lambda result, _: buckets.parse_custom_domains(result), jurisdiction=jurisdiction)

    def list_objects(self, bucket: str, *, prefix: str, jurisdiction: str) -> Iterator[answers.StoredObject]:
        """Yield every object under a prefix, page by page."""
        params, seen = {"prefix": prefix, "per_page": "1000"}, {""}
        for _ in range(MAX_LIST_PAGES):
            page, cursor = self._read(f"{_bucket_path(bucket)}/objects", answers.parse_objects, params, jurisdiction)
            yield from page
            if cursor in seen:
                break
            seen.add(cursor)
            params = {**params, "cursor": cursor}
        if cursor:
            raise self.convert(EndlessListError(f"objects of {bucket}"))

    def read_object(self, bucket: str, key: str, *, jurisdiction: str) -> HttpAnswer:
        """Return the answer with an object's stored bytes (status 200), or that it does not exist (status 404)."""
        path = f"{_bucket_path(bucket)}/objects/{quote(key)}"
        answer = self._get(path, jurisdiction=jurisdiction, limit=MAX_OBJECT_BYTES)
        if answer.status not in (200, 404):
            raise self.convert(refusal(answer))
        return answer

    def _read(
        self,
        path: str,
        parse: Callable[[object, Mapping[str, Any]], T],
        params: Mapping[str, str] | None = None,
        jurisdiction: str = "default",
    ) -> T:
        answer = self._get(path, params, jurisdiction)
        try:
            return answers.parse_answer(answer, parse)
        except CloudflareError as error:
            raise self.convert(error) from None

    def _get(
        self,
        path: str,
        params: Mapping[str, str] | None = None,
        jurisdiction: str = "default",
        limit: int = MAX_JSON_BYTES,
    ) -> HttpAnswer:
        headers = {} if jurisdiction == "default" else {"cf-r2-jurisdiction": jurisdiction}
        path = account_path(self.account_id, path)
        return self.transport.get(path, params=params or {}, headers=headers, limit=limit)


def account_path(account_id: str, path: str) -> str:
    """Return the path of a request for an account, below the API's base URL."""
    return f"/accounts/{quote(account_id, safe='')}/{path}"


def script_path(script: str) -> str:
    """Return the path of a worker, below the account's."""
    return f"workers/scripts/{quote(script, safe='')}"


def _bucket_path(bucket: str) -> str:
    return f"r2/buckets/{quote(bucket, safe='')}"
