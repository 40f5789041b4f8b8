"""The client of Cloudflare's API without a token."""

import httpx
import pytest

from tests.fakes.healthy_system import healthy_system


def test_a_client_without_a_token_names_the_variable(tmp_path):
    from checks.clients.cloudflare.answers import ApiError
    from checks.clients.cloudflare.client import Cloudflare
    from checks.clients.http.client import Http
    from checks.model.deadline import Deadline
    from checks.model.finding import Cause

    deadline = Deadline.starting_now(1.0)
    transport = httpx.MockTransport(healthy_system().handle)
    opened = Http.open("https://api.cloudflare.com", cause=Cause.CLOUDFLARE, deadline=deadline, transport=transport)
    with opened as http, pytest.raises(ApiError, match="CLOUDFLARE_API_TOKEN is not set"):
        Cloudflare(http=http, account_id="a", token=None).secrets("w")
