"""A fake GitHub: the parts of its API that `review/github` uses, with state, Link headers and faults on request."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

Item = dict[str, Any]
Answer = tuple[int, dict[str, str], Any]  # status, headers, JSON
ME, ANOTHER = "github-actions[bot]", "mallory"
TOKEN = "ghs_fake0fake1fake2fake3"
PAGE = 3  # items of a page, whatever size is asked for, so that every test turns pages
MAX_BODY = 65_536  # characters


class FakeGitHub:
    """One repository with its issues and comments. Each of ``faults`` takes the place of one answer."""

    def __init__(self, repository: str = "owner/name", token: str = TOKEN) -> None:
        self.repository, self.token, self.base = repository, token, "https://api.hub.test"
        self.comments: dict[int, list[Item]] = {}
        self.issues: list[Item] = []
        self.labels: dict[int, list[str]] = {}
        self.faults: list[Answer | Exception] = []
        self.requests: list[tuple[str, str]] = []

    @property
    def environment(self) -> dict[str, str]:
        """Return the variables that a workflow's job has."""
        return {
            "GITHUB_API_URL": self.base,
            "GITHUB_GRAPHQL_URL": f"{self.base}/graphql",
            "GITHUB_REPOSITORY": self.repository,
            "GITHUB_TOKEN": self.token,
        }

    def comment(self, number: int, body: str, login: str | None = ME) -> Item:
        """Add a comment to an issue or pull request."""
        listed = self.comments.setdefault(number, [])
        identity = 1 + sum(map(len, self.comments.values()))
        listed.append({"id": identity, "body": body, "user": {"login": login} if login else None})
        return listed[-1]

    def issue(self, body: str, login: str = ME, **more: Any) -> Item:
        """Add an issue."""
        item = {"number": 100 + len(self.issues), "body": body, "user": {"login": login}, "state": "open", **more}
        self.issues.append(item)
        return item

    def answer(self, method: str, url: str, headers: Mapping[str, str], content: bytes) -> Answer | Exception:
        """Return the answer to one request, or the next fault."""
        path, query = urlsplit(url).path, parse_qs(urlsplit(url).query)
        self.requests.append((method, path))
        if self.faults:
            return self.faults.pop(0)
        if headers.get("authorization") != f"Bearer {self.token}":
            return 401, {}, {"message": "Bad credentials"}
        body = json.loads(content) if content else None
        if path == "/graphql":
            return 200, {}, {"data": {"viewer": {"login": ME}}}
        if path == "/user":  # as with a real installation's token
            return 403, {}, {"message": "Resource not accessible by integration"}
        return self._rest(method, path.removeprefix(f"/repos/{self.repository}/"), query, body)

    def _rest(self, method: str, path: str, query: Mapping[str, list[str]], body: Any) -> Answer:
        if found := re.fullmatch(r"issues/(\d+)/comments", path):
            number = int(found[1])
            if method == "POST":
                return 201, {}, self._shown(self.comment(number, _text(body)))
            return self._page(self.comments.get(number, []), path, query)
        if found := re.fullmatch(r"issues/(\d+)/labels(?:/(.+))?", path):
            return self._labels(method, int(found[1]), unquote(found[2] or ""), path, query, body)
        if (found := re.fullmatch(r"issues/comments/(\d+)", path)) and method == "DELETE":
            kept = {n: [c for c in listed if c["id"] != int(found[1])] for n, listed in self.comments.items()}
            gone, self.comments = kept == self.comments, kept
            return (404, {}, {"message": "Not Found"}) if gone else (204, {}, None)
        if found := re.fullmatch(r"issues/comments/(\d+)", path):
            item = next(c for listed in self.comments.values() for c in listed if c["id"] == int(found[1]))
            item["body"] = _text(body)
            return 200, {}, self._shown(item)
        if path == "issues" and method == "POST":
            return 201, {}, self._shown(self.issue(_text(body), title=body["title"]))
        if path == "issues":
            return self._page([item for item in self.issues if item["state"] == query["state"][0]], path, query)
        if found := re.fullmatch(r"issues/(\d+)", path):
            item = next(item for item in self.issues if item["number"] == int(found[1]))
            item.update(body)
            return 200, {}, self._shown(item)
        return 404, {}, {"message": "Not Found"}

    def _labels(
        self, method: str, number: int, name: str, path: str, query: Mapping[str, list[str]], body: Any
    ) -> Answer:
        labels = self.labels.setdefault(number, [])
        if method == "DELETE":
            if name not in labels:
                return 404, {}, {"message": "Label does not exist"}
            labels.remove(name)
        if method == "POST":  # GitHub creates labels that the repository does not have
            labels.extend(item for item in body["labels"] if item not in labels)
        shown = [{"name": item} for item in labels]
        return self._page(shown, path, query) if method == "GET" else (200, {}, shown)

    def _page(self, items: list[Item], path: str, query: Mapping[str, list[str]]) -> Answer:
        page = int(query.get("page", ["1"])[0])
        start = (page - 1) * PAGE
        more = f'<{self.base}/repos/{self.repository}/{path}?state=open&page={page + 1}>; rel="next", <x>; rel="last"'
        return 200, {"link": more} if len(items) > start + PAGE else {}, items[start : start + PAGE]

    def _shown(self, item: Item) -> Item:
        return item | {"html_url": f"https://hub.test/{self.repository}/{item.get('number', item.get('id'))}"}


def _text(body: Any) -> str:
    text: str = body["body"]
    assert len(text) <= MAX_BODY
    return text
