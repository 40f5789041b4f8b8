"""Cloudflare's API, read only, but for a tail that is opened and closed again.

Source: cloudflare-api.md of the project, and the official clients behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote

from checks.clients.cloudflare import answers as answers
from checks.clients.cloudflare import versions as history
from checks.clients.cloudflare.answers import ApiError
from checks.clients.http.client import Answer, Http, retry_after
from checks.model.credentials import Secret
from checks.model.finding import Cause, Finding, ShapeError, TransientError
from checks.model.hint import Hint

BASE = "https://api.cloudflare.com/client/v4"
PAGES = 1000  # more pages than this of one list are a loop
VERSION_PAGES = 50  # of a script's versions: 500 or more of them, by what the API puts on a page
OBJECT_LIMIT = 32 * 2**20  # bytes: the worker stores no more in one object
UNAUTHORISED = frozenset({9106, 9109, 10000, 10001})

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cloudflare:
    """One account. Every call retries what time can cure; without a token each raises ApiError, naming the variable."""

    http: Http
    account_id: str
    token: Secret | None

    def secrets(self, script: str) -> tuple[str, ...]:
        """Return the names of the secrets attached to a script."""
        return self._get(f"{_script(script)}/secrets", lambda result, _: answers.secret_names(result))

    def deployment(self, script: str) -> history.Deployment:
        """Return which versions of a script serve now; raises ApiError, with NO_SCRIPT or NO_SERVICE, without one."""
        return self._get(f"{_script(script)}/deployments", lambda result, _: history.deployment(result))

    def versions(
        self, script: str, enough: Callable[[Mapping[str, history.Version]], bool]
    ) -> tuple[history.Version, ...]:
        """Return a script's versions, newest first, at least as many as are ``enough``.

        The API lists the newest first, so that one page tells nearly always. It is asked for older pages until what
        came so far (by id) is enough, the list ends or repeats itself, or VERSION_PAGES are read: whoever looks for
        something in vain may say only that it is not among those returned.
        """
        found: dict[str, history.Version] = {}
        for page in range(1, VERSION_PAGES + 1):
            params = {"page": str(page), "per_page": "100"}
            more = self._get(f"{_script(script)}/versions", lambda result, _: history.versions(result), params)
            if more.keys() <= found.keys():
                break
            found |= more
            if enough(found):
                break
        return tuple(sorted(found.values(), key=lambda version: version.number, reverse=True))

    def version(self, script: str, version_id: str) -> history.Detail:
        """Return one version of a script with its bindings."""
        path = f"{_script(script)}/versions/{quote(version_id, safe='')}"
        return self._get(path, lambda result, _: history.detail(result))

    def schedules(self, script: str) -> frozenset[str]:
        """Return the crons of a script."""
        return self._get(f"{_script(script)}/schedules", lambda result, _: history.schedules(result))

    def subdomain(self) -> str:
        """Return the account's own name under workers.dev."""
        return self._get("workers/subdomain", lambda result, _: answers.subdomain(result))

    def open_tail(self, script: str) -> tuple[str, str]:
        """Open a tail of a script's live logs; return its id and the URL of its websocket."""
        path, sent = f"{_script(script)}/tails", b'{"filters":[]}'
        return self._get(path, lambda result, _: answers.opened_tail(result), method="POST", content=sent)

    def close_tail(self, script: str, tail: str) -> None:
        """Close a tail, asking once: a script may have ten of them, and each ends by itself, hours later."""
        self._ask(f"{_script(script)}/tails/{quote(tail, safe='')}", {}, "default", method="DELETE")

    def objects(self, bucket: str, *, prefix: str, jurisdiction: str) -> Iterator[answers.StoredObject]:
        """Yield every object under a prefix; follows every cursor."""
        params, seen = {"prefix": prefix, "per_page": "1000"}, {""}
        for _ in range(PAGES):
            page, cursor = self._get(f"{_bucket(bucket)}/objects", _page, params, jurisdiction)
            yield from page
            if cursor in seen:
                break
            seen.add(cursor)
            params = {**params, "cursor": cursor}
        if cursor:
            raise ApiError(
                self.http.finding(
                    f"objects of {bucket}", "a list that ends", "a cursor that repeats, or too many pages"
                )
            )

    def read(self, bucket: str, key: str, *, jurisdiction: str) -> Answer:
        """Return one object as it lies there, in an answer of status 200 or 404."""
        return self.http.deadline.retry(
            lambda: self._ask(f"{_bucket(bucket)}/objects/{quote(key)}", {}, jurisdiction, limit=OBJECT_LIMIT)
        )

    def _get(
        self,
        path: str,
        read: Callable[[object, Mapping[str, Any]], T],
        params: Mapping[str, str] | None = None,
        jurisdiction: str = "default",
        **request: Any,
    ) -> T:
        answer = self.http.deadline.retry(lambda: self._ask(path, params or {}, jurisdiction, **request))
        body = answer.json or {}
        if answer.status != 200 or body.get("success") is not True:
            raise self._error(answer)
        info = body.get("result_info")
        try:
            return read(body.get("result"), info if isinstance(info, dict) else {})
        except ShapeError as error:
            finding = self.http.finding(answer.request, "an answer of the documented form", str(error))
            raise ApiError(finding) from None

    def _ask(
        self, path: str, params: Mapping[str, str], jurisdiction: str, *, method: str = "GET", **request: Any
    ) -> Answer:
        if self.token is None:
            raise ApiError(self._refused("Cloudflare API", "CLOUDFLARE_API_TOKEN is not set"))
        headers = {} if jurisdiction == "default" else {"cf-r2-jurisdiction": jurisdiction}
        path = f"/accounts/{quote(self.account_id, safe='')}/{path}"
        headers |= {"Content-Type": "application/json"} if "content" in request else {}
        answer = self.http.ask(method, path, token=self.token, params=params, headers=headers, **request)
        if answer.status in (408, 429) or answer.status >= 500:
            finding = self.http.finding(answer.request, "an answer of the API", answer.shown)
            raise TransientError(finding, after=retry_after(answer), answered=True)
        if answer.status not in (200, 404):
            raise self._error(answer)
        return answer

    def _error(self, answer: Answer) -> ApiError:
        errors = (answer.json or {}).get("errors")
        found = [item.get("code") for item in errors if isinstance(item, dict)] if isinstance(errors, list) else []
        codes = frozenset(code for code in found if type(code) is int)
        if answer.status in (401, 403) or codes & UNAUTHORISED:
            return ApiError(self._refused(answer.request, answer.shown), codes)
        return ApiError(self.http.finding(answer.request, "200 and success", answer.shown), codes)

    def _refused(self, subject: str, actual: str) -> Finding:
        return Finding(
            subject=subject,
            expected=f"a CLOUDFLARE_API_TOKEN that may read Workers Scripts and R2 of account {self.account_id}",
            found=actual,
            cause=Cause.CONFIGURATION,
            hint=Hint.export("CLOUDFLARE_API_TOKEN"),
        )


def _script(name: str) -> str:
    return f"workers/scripts/{quote(name, safe='')}"


def _bucket(name: str) -> str:
    return f"r2/buckets/{quote(name, safe='')}"


def _page(result: object, info: Mapping[str, Any]) -> tuple[tuple[answers.StoredObject, ...], str]:
    cursor = "" if info.get("is_truncated") is False else info.get("cursor") or ""
    if not isinstance(cursor, str) or (info.get("is_truncated") and not cursor):
        raise ShapeError("a list goes on without a cursor")
    return answers.stored_objects(result), cursor
