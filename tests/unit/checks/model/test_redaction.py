"""No part of a secret leaves in a report, wherever a system echoes it and wherever the text is cut."""

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.model.redaction import MASK, MAX_LINE, MIN_PART, Redactor
from contract.operator_token import derive_operator_token
from tests.fakes.answers import answer
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import ENVIRON, KEY


def test_a_token_that_the_system_echoes_is_masked_before_it_is_cut(tmp_path):
    system, token = healthy_system(), derive_operator_token(KEY)
    system.routes["GET", "/status"] = lambda request: answer(500, {"x" * 180: request.headers.get("Authorization", "")})
    _, report = system.report(tmp_path, "key")
    assert not any(token[:n] in json.dumps(report) for n in range(5, len(token)))


@pytest.mark.parametrize("before", [170, 181, 189, 199])
@pytest.mark.parametrize("path", ["/health", "/status", "/deployments"])
def test_any_secret_that_a_system_sends_is_masked_before_it_is_cut(tmp_path, path, before):
    """The key is never sent: a system that tells it is not the one that it was sent to."""
    system = healthy_system()
    system.routes["GET", path] = httpx.Response(404, text="x" * before + KEY)
    _, report = system.report(tmp_path, environ={**ENVIRON, "ACE_API_KEY": KEY})
    assert not any(KEY[:n] in json.dumps(report) for n in range(5, len(KEY)))


def echo(request):
    import httpx

    shown = f"{request.headers.get('Authorization')} {KEY} \x1b[31m\n::error::{KEY[:15]}"
    return httpx.Response(418, text=shown)


@pytest.mark.parametrize("options", [{}, {"verbose": True}, {"quiet": True}, {"formats": ("json",)}, {"color": True}])
def test_a_hostile_system_that_echoes_its_request(tmp_path, options):

    system = healthy_system()
    system.routes = {("GET", ""): echo, ("POST", ""): echo}
    code, text = system.run(tmp_path, **options)
    assert code == 1
    for secret in (KEY, derive_operator_token(KEY), ENVIRON["CLOUDFLARE_API_TOKEN"]):
        assert all(secret[n : n + 12] not in text for n in range(len(secret) - 11))
    assert "\n::error" not in text
    assert "[redacted]" in text


CANARY = "canary-Zq7xV2pL9tB4wR8nK3mD6"


@given(st.integers(0, len(CANARY)), st.integers(0, len(CANARY)), st.text(), st.text())
def test_no_part_of_a_secret_leaves(start, end, before, after):
    part = CANARY[start:end]
    found = Redactor([CANARY]).redact_line(before + part + after)
    assert all(CANARY[n : n + MIN_PART] not in found for n in range(len(CANARY) - MIN_PART + 1))


@given(st.text(max_size=2000))
def test_every_text_becomes_one_printable_line(text):
    line = Redactor().redact_line(text)
    assert len(line.splitlines()) <= 1
    assert "\x1b" not in line
    assert len(line) <= MAX_LINE + 3
    line.encode()


def test_several_and_short_secrets():
    redactor = Redactor([CANARY, "hunter2", "ab", "ab ", "  padded-secret  "])
    assert redactor.mask(f"{CANARY} {CANARY[3:]} hunter2 ab:padded-secret") == f"{MASK} {MASK} {MASK} ab:{MASK}"
    assert "hunter2" not in repr(redactor)


@given(st.integers(0, 40), st.sampled_from([CANARY, "hunter2"]), st.text(max_size=5))
def test_a_cut_text_holds_no_part_of_a_secret(shift, secret, before):
    from checks.model.redaction import MAX_READ

    filler = "another-secret-that-is-masked-as-a-whole-0123456789"
    text = before + filler * (MAX_READ // len(filler)) + " "
    text = text[: MAX_READ - shift] + secret + "x" * MAX_READ
    found = Redactor([secret, filler]).redact_line(text)
    assert secret[:8] not in found
    assert len(found) <= MAX_LINE + 3
