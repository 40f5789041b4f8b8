from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from review.github import client
from tests.unit.review.github.hub import Hub


@pytest.fixture
def hub() -> Hub:
    return Hub()


@pytest.fixture
def repository(hub: Hub) -> Iterator[client.GitHub]:
    def handle(request: httpx.Request) -> httpx.Response:
        answer = hub.answer(request.method, str(request.url), request.headers, request.content)
        if isinstance(answer, Exception):
            raise answer
        status, headers, body = answer
        return httpx.Response(status, headers=headers, json=body)

    with client.opened(hub.environment, httpx.MockTransport(handle)) as opened:
        yield opened
