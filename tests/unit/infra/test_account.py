import httpx
import pytest

from cloudflare_client import httpx_transport
from infra import account
from infra.errors import DeploymentError


def test_every_problem_of_the_api_is_one_line(read, monkeypatch):
    def refuse(request):
        return httpx.Response(403, json={"success": False, "errors": [{"code": 10000}]})

    real = httpx.Client
    monkeypatch.setattr(
        httpx_transport.httpx, "Client", lambda **options: real(**{**options, "transport": httpx.MockTransport(refuse)})
    )
    with pytest.raises(DeploymentError, match="refused with 403") as caught, account.open_account(read()) as opened:
        opened.has_bucket("ace-timeseries")
    assert "\n" not in str(caught.value)
