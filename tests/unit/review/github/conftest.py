import httpx
import pytest

from review.github import client
from tests.unit.review.github.hub import Hub


@pytest.fixture
def hub():
    return Hub()


@pytest.fixture
def repository(hub):
    def handle(request):
        answer = hub.answer(request.method, str(request.url), request.headers, request.content)
        if isinstance(answer, Exception):
            raise answer
        status, headers, body = answer
        return httpx.Response(status, headers=headers, json=body)

    with client.open_repository(hub.environment, httpx.MockTransport(handle)) as opened:
        yield opened
