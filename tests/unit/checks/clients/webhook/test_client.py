"""Webhooks: the form for each chat, and failures without the URL."""

import threading

import httpx
import pytest

from checks.clients.webhook.client import DeliveryError, build_body, call_heartbeat, post_message
from checks.model.credentials import Secret, list_secrets

URL = "https://hooks.example.com/services/T0FAKE/B0FAKE/fake-token"


def test_slack_gets_a_text_and_every_other_chat_a_card_as_well():
    assert build_body("https://hooks.slack.com/services/x", "a\nb") == {"text": "a\nb"}
    body = build_body("https://prod-1.westeurope.logic.azure.com/workflows/x", "a\nb")
    assert (body["type"], body["text"]) == ("message", "a\nb")
    assert body["attachments"][0]["content"]["type"] == "AdaptiveCard"
    assert build_body("https://evil-slack.com/x", "a").keys() == body.keys()


@pytest.mark.parametrize("status", [204, 299])
def test_any_2xx_is_a_delivery(status):
    post_message(Secret(URL), "text", transport=httpx.MockTransport(lambda request: httpx.Response(status)))


@pytest.mark.parametrize("status", [301, 400, 404, 429, 500])
def test_another_answer_is_a_failure_and_a_redirect_is_not_followed(status):
    asked = []

    def answer(request):
        asked.append(request)
        return httpx.Response(status, headers={"location": URL}, text=URL)

    with pytest.raises(DeliveryError) as caught:
        post_message(Secret(URL), "text", transport=httpx.MockTransport(answer))
    assert str(caught.value) == f"the answer is {status}"
    assert len(asked) == 1


@pytest.mark.parametrize("raised", [httpx.ConnectError, httpx.ReadTimeout, httpx.RemoteProtocolError])
def test_no_answer_is_a_failure_that_does_not_show_the_url(raised):
    def refuse(request):
        raise raised(f"cannot reach {URL}", request=request)

    for send in (
        lambda t: call_heartbeat(Secret(URL), transport=t),
        lambda t: post_message(Secret(URL), "x", transport=t),
    ):
        with pytest.raises(DeliveryError) as caught:
            send(httpx.MockTransport(refuse))
        assert str(caught.value) == raised.__name__


def test_the_path_of_an_address_is_a_secret_and_its_host_is_not():
    found = list_secrets({"NOTIFY_URL": URL, "HEARTBEAT_URL": "https://beat.example.com/ping/fake-uuid?x=1"})
    assert set(found) == {"services/T0FAKE/B0FAKE/fake-token", "ping/fake-uuid?x=1"}
    assert list_secrets({"NOTIFY_URL": "https://beat.example.com", "HEARTBEAT_URL": ""}) == ()
    assert list_secrets({"NOTIFY_URL": "https://beat.example.com?token=fake-uuid"}) == ("token=fake-uuid",)


def test_a_receiver_that_never_answers_does_not_hold_the_run():
    ended = threading.Event()

    def wait(_request):
        ended.wait(60)
        return httpx.Response(200)

    try:
        with pytest.raises(DeliveryError, match=r"^no answer within 0\.05 s$"):
            post_message(Secret(URL), "text", transport=httpx.MockTransport(wait), seconds=0.05)
    finally:
        ended.set()
