"""The websocket of a tail: its protocol, TLS and proxy."""

from checks.clients.tail import client as tails


def test_the_real_connection_uses_the_protocol_of_tails(monkeypatch):
    told = []
    monkeypatch.setattr(tails.client, "connect", lambda url, **options: told.append((url, options)))
    tails.connect("ws://127.0.0.1:9/t")
    tails.connect("wss://tail.example/t")
    (_, local), (_, public) = told
    assert local["subprotocols"] == ["trace-v1"]
    assert (local["ssl"], local["proxy"], local["ping_interval"]) == (None, None, 10.0)
    assert public["ssl"] is not None
    assert public["proxy"] is True
