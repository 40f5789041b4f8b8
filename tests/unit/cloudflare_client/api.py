"""A fake API for the client's tests: routes by the end of the path, a clock without waiting, and a log of requests."""

import httpx

from cloudflare_client import httpx_transport
from cloudflare_client.retry import RetryPolicy

BASE_URL = "https://api.example.org/client/v4"


class Clock:
    """A clock that only sleeping moves, or a test."""

    def __init__(self):
        self.now, self.slept = 1000.0, []

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.slept.append(seconds)
        self.now += seconds


class Api:
    """Answers each path with the next of its replies, and the last of them for ever."""

    def __init__(self, **replies):
        self.clock, self.requests = Clock(), []
        self.replies = {f"/{path}": list(found) for path, found in replies.items()}

    def handle(self, request):
        self.requests.append(request)
        replies = next(found for path, found in self.replies.items() if request.url.path.endswith(path))
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        if isinstance(reply, Exception):
            raise reply
        return reply(request) if callable(reply) else reply

    def connect(self, **bounds):
        return httpx_transport.connect(
            base_url=BASE_URL,
            account_id="acc",
            token="fake-token",
            retries=RetryPolicy.start(clock=self.clock, sleep=self.clock.sleep, **bounds),
            network=httpx.MockTransport(self.handle),
        )


def ok(result, **info):
    """A new answer each time, because httpx reads a response's stream once."""
    return lambda _: httpx.Response(200, json={"success": True, "errors": [], "result": result, "result_info": info})


def failed(status, *codes, **headers):
    errors = [{"code": code, "message": f"message of {code}"} for code in codes]
    headers = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: httpx.Response(status, json={"success": False, "errors": errors}, headers=headers)


def page(status, text="<html>an error of the proxy</html>", **headers):
    return lambda _: httpx.Response(status, text=text, headers=headers)
