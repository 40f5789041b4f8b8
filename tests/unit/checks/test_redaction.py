"""No secret, nor a part of one, leaves; nor anything that a terminal would obey."""

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.model.credentials import Credential, CredentialError, Credentials, Secret, gather, known
from checks.model.redaction import LONGEST, MASK, PART, Redactor

CANARY = "canary-Zq7xV2pL9tB4wR8nK3mD6"


@given(st.integers(0, len(CANARY)), st.integers(0, len(CANARY)), st.text(), st.text())
def test_no_part_of_a_secret_leaves(start, end, before, after):
    part = CANARY[start:end]
    found = Redactor([CANARY]).line(before + part + after)
    assert all(CANARY[n : n + PART] not in found for n in range(len(CANARY) - PART + 1))


@given(st.text(max_size=2000))
def test_what_leaves_is_one_printable_line(text):
    line = Redactor().line(text)
    assert len(line.splitlines()) <= 1
    assert "\x1b" not in line
    assert len(line) <= LONGEST + 3
    line.encode()


def test_several_and_short_secrets():
    redactor = Redactor([CANARY, "hunter2", "ab", "ab ", "  padded-secret  "])
    assert redactor.text(f"{CANARY} {CANARY[3:]} hunter2 ab:padded-secret") == f"{MASK} {MASK} {MASK} ab:{MASK}"
    assert "hunter2" not in repr(redactor)


def test_a_secret_shows_nothing():
    secret = Secret(CANARY)
    assert CANARY not in f"{secret} {secret!r} {Credentials(operator=secret)}"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)


def test_the_operator_token_comes_from_the_nearest_source():
    from contract.operator_token import derive_operator_token

    derived = derive_operator_token("a-key")
    environ = {"OPERATOR_TOKEN": "given", "ACE_API_KEY": "a-key"}
    assert gather(environ, stack_token=Secret("of-stack")).operator.reveal() == "given"
    assert gather({"ACE_API_KEY": "a-key"}, stack_token=Secret("of-stack")).operator.reveal() == "of-stack"
    assert gather({"ACE_API_KEY": "a-key", "OPERATOR_TOKEN": ""}).operator.reveal() == derived
    assert set(known(environ, Secret("of-stack"), None)) == {"given", "a-key", "of-stack", derived}


def test_what_is_missing():
    none = gather({"CLOUDFLARE_API_TOKEN": "", "ACE_API_KEY": ""})
    assert all(none.missing(credential) for credential in Credential)
    assert none.ace_key is None
    assert gather({"ACE_API_KEY": "\udcff"}).operator is None


@pytest.mark.parametrize("name", ["CLOUDFLARE_API_TOKEN", "OPERATOR_TOKEN"])
@pytest.mark.parametrize("value", [f"{CANARY}\n", f" {CANARY}", f"{CANARY}é"])
def test_a_token_that_no_header_can_carry(name, value):
    with pytest.raises(CredentialError) as caught:
        gather({name: value})
    assert name in str(caught.value)
    assert "canary" not in str(caught.value)


@given(st.integers(0, 40), st.sampled_from([CANARY, "hunter2"]), st.text(max_size=5))
def test_what_is_cut_off_leaves_no_part_of_a_secret(shift, secret, before):
    from checks.model.redaction import READ

    filler = "another-secret-that-is-masked-as-a-whole-0123456789"
    text = before + filler * (READ // len(filler)) + " "
    text = text[: READ - shift] + secret + "x" * READ
    found = Redactor([secret, filler]).line(text)
    assert secret[:8] not in found
    assert len(found) <= LONGEST + 3
