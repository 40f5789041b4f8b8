"""The local ACE answers each request with the status and message that were measured at the real one."""

from __future__ import annotations

import base64

import httpx
import pytest

from rehearsal.ace import LocalAce
from tests.unit.rehearsal.ace.local_ace import BAD_KEY, KEY, PATH, SITE, WINDOW, Listed, ask_once, run


def test_no_authorization_is_401() -> None:
    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> list[httpx.Response]:
        del client.headers["Authorization"]
        basic = {"Authorization": f"Basic {KEY}"}
        return [await client.get(PATH, params=WINDOW), await client.get(PATH, params=WINDOW, headers=basic)]

    for answer in run(scenario):
        assert answer.status_code == 401
        assert list(answer.json()) == ["message"]


@pytest.mark.parametrize("key", ["undefined", "fake-ace-key-for-test", KEY + "s", KEY.upper()])
def test_a_wrong_key_is_500_with_the_message(key: str) -> None:
    answer = ask_once(key=key)
    assert (answer.status_code, answer.json()) == (500, BAD_KEY)


def test_a_wrong_key_that_is_not_utf8_is_500_too() -> None:
    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> httpx.Response:
        return await client.get(PATH, params=WINDOW, headers=[(b"Authorization", b"Bearer \xff\xfe")])

    assert run(scenario).status_code == 500


def test_an_unknown_site_is_403_with_an_all_null_site() -> None:
    answer = ask_once("/api/sites/another/timeseries/paginated")
    assert answer.status_code == 403
    assert {"id", "name", "client"} <= set(answer.json())
    assert set(answer.json().values()) == {None}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("page_size", "1001"), ("page_size", "20000"), ("page_size", "x"), ("page_size", ""), ("page_size", "-10"),
        ("start_time", "yesterday"), ("start_time", ""), ("end_time", "1702137600000"), ("raw_data", "perhaps"),
        ("cursor", "!"), ("cursor", "e30="), ("cursor", "WzFd"), ("cursor", "MQ=="),
        ("cursor", base64.b64encode(b'{"offset":-1,"timestamp":"2024-12-10"}').decode()),
        ("cursor", base64.b64encode(b'{"offset":1,"timestamp":7}').decode()),
        ("cursor", base64.b64encode(b'{"offset":true,"timestamp":"2024-12-10"}').decode()),
    ],
)  # fmt: skip
def test_a_bad_parameter_is_400_and_named(name: str, value: str) -> None:
    answer = ask_once(params={**WINDOW, name: value})
    assert answer.status_code == 400
    assert answer.json()["message"] == "Input payload validation failed"
    assert list(answer.json()["errors"]) == [name]


def test_all_bad_parameters_are_named_at_once() -> None:
    answer = ask_once(params={"page_size": "7"})
    assert answer.status_code == 400
    assert set(answer.json()["errors"]) == {"start_time", "end_time", "page_size"}


def test_the_key_is_checked_before_parameters_and_parameters_before_the_site() -> None:
    unknown = "/api/sites/another/timeseries/paginated"
    assert ask_once(unknown, params={}, key="undefined").status_code == 500
    assert ask_once(unknown, params={}).status_code == 400


def test_an_empty_window_is_200_and_404_on_request() -> None:
    empty = ask_once(source=Listed())
    assert (empty.status_code, empty.json()) == (200, {"point_samples": [], "next_cursor": None, "has_more": False})
    absent = ask_once(source=Listed(), empty_is_404=True)
    assert (absent.status_code, absent.json()) == (404, {"message": "No data for time period"})


@pytest.mark.parametrize("path", ["/", "/api/sites", f"/api/sites/{SITE}", PATH + "/", "/health"])
def test_an_unknown_path_is_404_json(path: str) -> None:
    answer = ask_once(path)
    assert (answer.status_code, list(answer.json())) == (404, ["message"])


def test_another_method_is_405() -> None:
    assert ask_once(method="POST").status_code == 405
