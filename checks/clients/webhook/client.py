"""Sends one request to a webhook. Its URL holds a token, so no message shows more than the reason of a failure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import httpx

from checks.clients.http.client import Transport
from checks.clients.http.environment import UnusableEnvironmentError, open_client
from checks.model.background import run_within
from checks.model.credentials import Secret
from checks.model.urls import is_confidential, is_loopback

SECONDS = 10.0  # for each step of a request
MAX_SECONDS = 20.0  # for a whole request, also to a host with several addresses, or one that sends byte by byte
SLACK = ".slack.com"
HEADERS = {"User-Agent": "building-vitals-checks", "Content-Type": "application/json"}


class DeliveryError(Exception):
    """The request was not accepted. The message is a reason without the URL."""


def is_usable(url: str) -> bool:
    """Return whether a URL can be called: https, or http to this machine, in printable ASCII."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return False
    return bool(host) and is_confidential(url) and url.isascii() and url.isprintable() and " " not in url


def post_message(url: Secret, text: str, *, transport: Transport | None = None, seconds: float = MAX_SECONDS) -> None:
    """Post one message within so many seconds. Raises DeliveryError.

    There is no retry, because a lost answer may follow a delivery.
    """
    content = json.dumps(build_body(url.reveal(), text)).encode()
    _send("POST", url, content=content, transport=transport, seconds=seconds)


def call_heartbeat(url: Secret, *, transport: Transport | None = None, seconds: float = MAX_SECONDS) -> None:
    """Call the address of a dead man's switch within so many seconds. Raises DeliveryError."""
    _send("GET", url, content=None, transport=transport, seconds=seconds)


def build_body(url: str, text: str) -> Mapping[str, Any]:
    """Return the JSON of a message: a text, and an adaptive card for Teams.

    Teams' workflows read ``attachments`` only, and its connectors and most other chats read ``text``. Slack gets the
    text alone, because ``attachments`` have another form there.
    """
    if (urlsplit(url).hostname or "").endswith(SLACK):
        return {"text": text}
    card = {
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": [{"type": "TextBlock", "text": line, "wrap": True} for line in text.splitlines()],
    }
    attachment = {"contentType": "application/vnd.microsoft.card.adaptive", "contentUrl": None, "content": card}
    return {"type": "message", "text": text, "attachments": [attachment]}


def _send(method: str, url: Secret, *, content: bytes | None, transport: Transport | None, seconds: float) -> None:
    trust_env = not is_loopback(url.reveal())

    def request() -> int:
        with (
            open_client(trust_env=trust_env, transport=transport, headers=HEADERS) as client,
            client.stream(method, url.reveal(), content=content, timeout=SECONDS) as response,
        ):
            return response.status_code

    try:
        status = run_within(seconds, request)
    except TimeoutError:
        raise DeliveryError(f"no answer within {seconds:g} s") from None
    except UnusableEnvironmentError as error:
        raise DeliveryError(str(error)) from None
    except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
        raise DeliveryError(type(error).__name__) from None
    if not 200 <= status < 300:
        raise DeliveryError(f"the answer is {status}")
