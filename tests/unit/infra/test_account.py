import contextlib

import httpx
import pytest

from infra import account, api
from infra.errors import DeploymentError


def test_every_problem_of_the_api_is_one_line(read, monkeypatch):
    def refuse(request):
        return httpx.Response(403, json={"success": False, "errors": [{"code": 10000}]})

    @contextlib.contextmanager
    def connect(url, token):
        with httpx.Client(base_url=url, transport=httpx.MockTransport(refuse)) as client:
            yield client

    monkeypatch.setattr(api, "connect", connect)
    with pytest.raises(DeploymentError, match="refused with 403") as caught, account.open_account(read()) as opened:
        opened.has_bucket("ace-timeseries")
    assert "\n" not in str(caught.value)
