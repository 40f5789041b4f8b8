"""A client of GitHub's API for comments and issues. It is the only module here that imports httpx."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

import httpx

MAX_BODY = 65_536  # characters of a comment's or an issue's body
PAUSES, MAX_PAUSE = (1.0, 2.0, 4.0), 60.0  # seconds, with one attempt more than pauses
MAX_PAGES = 1000  # more pages than this of one list are a loop
_TIMEOUT = 20.0  # seconds
_VARIABLES = ("GITHUB_API_URL", "GITHUB_GRAPHQL_URL", "GITHUB_REPOSITORY", "GITHUB_TOKEN")

T = TypeVar("T")


class GitHubError(Exception):
    """GitHub refused, cannot be reached, or answered in an undocumented form. The message is one line."""


class VariableError(Exception):
    """A variable of GitHub Actions is missing or cannot be used. The message names it."""


class TemporaryError(GitHubError):
    """An error that a retry can solve. ``after`` is the pause that GitHub asks for, in seconds."""

    def __init__(self, message: str, after: float = 0.0) -> None:
        super().__init__(message)
        self.after = after


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
        if _passes(answer):
            raise TemporaryError(message, _pause(answer))
        raise GitHubError(message)

    def _reason(self, answer: httpx.Response) -> str:
        try:
            reason = str(answer.json()["message"])
        except (ValueError, KeyError, TypeError):
            return ""
        line = "".join(c if c.isprintable() else " " for c in reason.replace(self.token, "[redacted]"))
        hint = ". Check the job's `permissions:`" if answer.status_code in (403, 404) else ""
        return f": {line[:200]}{hint}"


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


def retry(work: Callable[[], T], sleep: Callable[[float], None] = time.sleep) -> T:
    """Repeat the whole work after a TemporaryError.

    The work begins with a search, so an item that was created before its answer was lost is found, not created twice.
    """
    for pause in PAUSES:
        try:
            return work()
        except TemporaryError as error:
            wait = max(pause, error.after)
            if wait > MAX_PAUSE:
                raise
        sleep(wait)
    return work()


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


def _passes(answer: httpx.Response) -> bool:
    limited = answer.headers.get("retry-after") or answer.headers.get("x-ratelimit-remaining") == "0"
    return answer.status_code >= 500 or answer.status_code == 429 or bool(answer.status_code == 403 and limited)


def _pause(answer: httpx.Response) -> float:
    """Return the seconds that GitHub asks to wait. An hourly limit names its end, not its duration."""
    after, reset = answer.headers.get("retry-after", ""), answer.headers.get("x-ratelimit-reset", "")
    if after.isdigit():
        return float(after)
    if answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(0.0, float(reset) - time.time())
    return 0.0
