"""A client of GitHub's API for comments and issues. It is the only module here that imports httpx."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from review.github.retry import AbsentError, GitHubError, TemporaryError

MAX_BODY = 65_536  # characters of a comment's or an issue's body
SECONDARY_PAUSE = 60.0  # seconds, which GitHub's documentation names for a refusal without Retry-After
MAX_REASON = 300  # characters
MAX_PAGES = 1000  # more pages than this of one list are a loop
_TIMEOUT = 20.0  # seconds
_VARIABLES = ("GITHUB_API_URL", "GITHUB_GRAPHQL_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN")


class VariableError(Exception):
    """A variable of GitHub Actions is missing or cannot be used. The message names it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class GitHub:
    """One repository, with this run's token."""

    client: httpx.Client
    graphql: str
    repository: str
    token: str = field(repr=False)

    def fetch_login(self) -> str:
        """Return the login of this token. An installation's token may not use REST's ``/user``."""
        body = _json(self._ask("POST", self.graphql, json={"query": "query { viewer { login } }"}))
        try:
            return str(body["data"]["viewer"]["login"])
        except (KeyError, TypeError):
            raise GitHubError("GitHub does not return the login of GITHUB_TOKEN") from None

    def list_items(self, path: str, **params: str) -> Iterator[Mapping[str, Any]]:
        """Yield every item of a list, page by page."""
        answer = self._ask("GET", self._url(path), params={**params, "per_page": "100"})
        for _ in range(MAX_PAGES):
            yield from _items(answer)
            following = answer.links.get("next", {}).get("url")
            if following is None:
                return
            if not following.startswith(f"{self.client.base_url}"):  # the token is sent to no other address
                raise GitHubError("GitHub's list continues at another address")
            answer = self._ask("GET", following)
        raise GitHubError(f"GitHub's list has more than {MAX_PAGES} pages")

    def delete(self, path: str) -> None:
        """Delete an item. One that is gone already is no error."""
        try:
            self._ask("DELETE", self._url(path))
        except AbsentError:
            return

    def write(self, method: str, path: str, body: Mapping[str, Any]) -> str:
        """Create or change an item and return its web address, else its path."""
        item = _json(self._ask(method, self._url(path), json=body))
        url = item.get("html_url") if isinstance(item, dict) else None
        return url if isinstance(url, str) and url.isprintable() else path

    def _url(self, path: str) -> str:
        return f"repos/{self.repository}/{path}"

    def _ask(self, method: str, url: str, **more: Any) -> httpx.Response:
        try:
            answer = self.client.request(method, url, **more)
        except httpx.RequestError as error:
            raise TemporaryError(f"GitHub cannot be reached ({type(error).__name__})") from None
        if answer.is_success:
            return answer
        message = f"GitHub answered {answer.status_code} to {method} {answer.request.url.path}{self._reason(answer)}"
        if _is_temporary(answer):
            raise TemporaryError(message, _pause(answer))
        raise (AbsentError if answer.status_code in (404, 410) else GitHubError)(message)

    def _reason(self, answer: httpx.Response) -> str:
        """Return GitHub's reason, in one line. A 422 has it in ``errors[]``."""
        body = _object(answer)
        details = body.get("errors")
        texts = [body.get("message"), *map(_detail, details if isinstance(details, list) else ())]
        reason = ", ".join(text for text in texts if isinstance(text, str) and text)
        if not reason:
            return ""
        line = "".join(c if c.isprintable() else " " for c in reason.replace(self.token, "[redacted]"))
        denied = answer.status_code in (403, 404) and not _is_secondary(answer)
        hint = ". Check the job's `permissions:`" if denied else ""
        return f": {line[:MAX_REASON]}{hint}"


@contextmanager
def open_repository(environ: Mapping[str, str], transport: httpx.BaseTransport | None = None) -> Iterator[GitHub]:
    """Yield the repository of this run. ``transport`` replaces the network. Raises VariableError."""
    api, graphql, repository, token = (_variable(environ, name) for name in _VARIABLES)
    headers = {
        "Authorization": f"Bearer {token}",
        "Accept": "application/vnd.github+json",
        "X-GitHub-Api-Version": "2022-11-28",
        "User-Agent": "building-vitals",
    }
    with httpx.Client(
        base_url=f"{api.rstrip('/')}/", headers=headers, timeout=_TIMEOUT, transport=transport, follow_redirects=False
    ) as client:
        yield GitHub(client=client, graphql=graphql, repository=repository, token=token)


def first_line(item: Mapping[str, Any]) -> str:
    """Return the first line of a comment's or issue's body, empty when it has none."""
    body = item.get("body")
    return body.lstrip().partition("\n")[0].strip() if isinstance(body, str) else ""


def author(item: Mapping[str, Any]) -> str | None:
    """Return the login of the author of a comment or issue, None when the account is deleted."""
    user = item.get("user")
    return user.get("login") if isinstance(user, dict) else None


def _variable(environ: Mapping[str, str], name: str) -> str:
    value = environ.get(name)
    if not value:
        raise VariableError(f"{name} is not set: GitHub Actions sets it, and a step passes it in `env:`")
    if not value.isascii() or not value.isprintable() or " " in value:
        raise VariableError(f"{name} holds white space or a character that no request can carry")
    if name.endswith("_URL"):
        _checked(name, value)
    return value


def _checked(name: str, value: str) -> None:
    try:
        url = httpx.URL(value)
    except httpx.InvalidURL:
        raise VariableError(f"{name} is not a URL") from None
    local = url.scheme == "http" and url.host in ("127.0.0.1", "localhost", "::1")
    if not local and (url.scheme != "https" or not url.host):
        raise VariableError(f"{name} must be an https address, because it receives a token")


def _json(answer: httpx.Response) -> Any:
    try:
        return answer.json()
    except ValueError:
        raise GitHubError(f"GitHub's answer to {answer.request.method} {answer.request.url.path} is not JSON") from None


def _items(answer: httpx.Response) -> list[Mapping[str, Any]]:
    items = _json(answer)
    if not isinstance(items, list) or not all(isinstance(item, dict) for item in items):
        raise GitHubError(f"GitHub's answer to GET {answer.request.url.path} is not a list")
    return items


def _is_temporary(answer: httpx.Response) -> bool:
    limited = answer.headers.get("retry-after") or answer.headers.get("x-ratelimit-remaining") == "0"
    refused = answer.status_code == 403 and (limited or _is_secondary(answer))
    return answer.status_code >= 500 or answer.status_code == 429 or bool(refused)


def _is_secondary(answer: httpx.Response) -> bool:
    """Return whether the secondary rate limit refused. GitHub often says it in the text only."""
    return "secondary rate limit" in str(_object(answer).get("message", "")).lower()


def _object(answer: httpx.Response) -> Mapping[str, Any]:
    try:
        body = answer.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _detail(item: object) -> str:
    """Return one of ``errors[]``: its text, or the field and the code of a text that GitHub leaves out."""
    if not isinstance(item, dict):
        return item if isinstance(item, str) else ""
    text = item.get("message")
    return str(text) if text else " ".join(str(item[name]) for name in ("field", "code") if item.get(name))


def _pause(answer: httpx.Response) -> float:
    """Return the seconds that GitHub asks to wait. An hourly limit names its end, not its duration."""
    after, reset = answer.headers.get("retry-after", ""), answer.headers.get("x-ratelimit-reset", "")
    if after.isdigit():
        return float(after)
    if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(0.0, float(reset) - time.time())
    return SECONDARY_PAUSE if _is_secondary(answer) else 0.0
