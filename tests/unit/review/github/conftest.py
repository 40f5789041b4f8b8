from collections.abc import Iterator

import httpx
import pytest

from review.github import client
from tests.fakes.github import FakeGitHub


@pytest.fixture
def hub() -> FakeGitHub:
    return FakeGitHub()


@pytest.fixture
def repository(hub: FakeGitHub) -> Iterator[client.GitHub]:
    """The client of the fake repository."""

    def handle(request: httpx.Request) -> httpx.Response:
        answer = hub.answer(request.method, str(request.url), request.headers, request.content)
        if isinstance(answer, Exception):
            raise answer
        status, headers, body = answer
        return httpx.Response(status, headers=headers, json=body)

    with client.open_repository(hub.environment, httpx.MockTransport(handle)) as opened:
        yield opened
