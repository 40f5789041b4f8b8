import httpx
import pytest

from ci import github
from tests.unit.ci.hub import Hub


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

    with github.opened(hub.environment, httpx.MockTransport(handle)) as opened:
        yield opened
