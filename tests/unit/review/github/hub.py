"""A GitHub in memory for review/github: comments, issues, pages by Link headers, and faults on request."""

import json
import re
from urllib.parse import parse_qs, urlsplit

ME, ANOTHER = "github-actions[bot]", "mallory"
TOKEN = "ghs_fake0fake1fake2fake3"
PAGE = 3  # items a page, so that every test reads several pages


class Hub:
    def __init__(self, repository="owner/name", token=TOKEN):
        self.repository, self.token, self.base = repository, token, "https://api.hub.test"
        self.comments, self.issues, self.faults, self.requests = {}, [], [], []

    @property
    def environment(self):
        return {
            "GITHUB_API_URL": self.base,
            "GITHUB_GRAPHQL_URL": f"{self.base}/graphql",
            "GITHUB_REPOSITORY": self.repository,
            "GITHUB_TOKEN": self.token,
        }

    def comment(self, number, body, who=ME):
        listed = self.comments.setdefault(number, [])
        identity = 1 + sum(map(len, self.comments.values()))
        listed.append({"id": identity, "body": body, "user": {"login": who} if who else None})
        return listed[-1]

    def issue(self, body, who=ME, **more):
        item = {"number": 100 + len(self.issues), "body": body, "user": {"login": who}, "state": "open", **more}
        self.issues.append(item)
        return item

    def answer(self, method, url, headers, content):
        """Return (status, headers, JSON) of one request; the next fault, when there is one, instead."""
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

    def _rest(self, method, path, query, body):
        if found := re.fullmatch(r"issues/(\d+)/comments", path):
            number = int(found[1])
            if method == "POST":
                return 201, {}, self._shown(self.comment(number, self._text(body)))
            return self._page(self.comments.get(number, []), path, query)
        if found := re.fullmatch(r"issues/comments/(\d+)", path):
            item = next(c for listed in self.comments.values() for c in listed if c["id"] == int(found[1]))
            item["body"] = self._text(body)
            return 200, {}, self._shown(item)
        if path == "issues" and method == "POST":
            return 201, {}, self._shown(self.issue(self._text(body), title=body["title"]))
        if path == "issues":
            return self._page([item for item in self.issues if item["state"] == query["state"][0]], path, query)
        if found := re.fullmatch(r"issues/(\d+)", path):
            item = next(item for item in self.issues if item["number"] == int(found[1]))
            item.update(body)
            return 200, {}, self._shown(item)
        return 404, {}, {"message": "Not Found"}

    def _page(self, items, path, query):
        page = int(query.get("page", ["1"])[0])
        start = (page - 1) * PAGE
        more = f'<{self.base}/repos/{self.repository}/{path}?state=open&page={page + 1}>; rel="next", <x>; rel="last"'
        return 200, {"link": more} if len(items) > start + PAGE else {}, items[start : start + PAGE]

    def _shown(self, item):
        return item | {"html_url": f"https://hub.test/{self.repository}/{item.get('number', item.get('id'))}"}

    @staticmethod
    def _text(body):
        assert len(body["body"]) <= 65_536
        return body["body"]
