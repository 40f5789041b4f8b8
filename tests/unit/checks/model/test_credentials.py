"""The source of each credential, and credentials that no header can carry."""

import pickle

import pytest

from checks.model.credentials import Credential, CredentialError, Credentials, Secret, gather_credentials, list_secrets
from contract.operator_token import derive_operator_token


def test_a_credential_that_no_header_can_carry_names_where_it_comes_from():
    with pytest.raises(CredentialError, match="operatorToken"):
        gather_credentials({}, stack_token=Secret("a b\n"))


CANARY = "canary-Zq7xV2pL9tB4wR8nK3mD6"


def test_a_secret_shows_nothing():
    secret = Secret(CANARY)
    assert CANARY not in f"{secret} {secret!r} {Credentials(operator=secret)}"
    with pytest.raises(TypeError, match="not pickled"):
        pickle.dumps(secret)


def test_the_operator_token_comes_from_the_nearest_source():

    derived = derive_operator_token("a-key")
    environ = {"OPERATOR_TOKEN": "given", "ACE_API_KEY": "a-key"}
    assert gather_credentials(environ, stack_token=Secret("of-stack")).operator.reveal() == "of-stack"
    assert gather_credentials(environ).operator.reveal() == "given"
    assert gather_credentials({"ACE_API_KEY": "a-key"}, stack_token=Secret("of-stack")).operator.reveal() == "of-stack"
    assert gather_credentials({"ACE_API_KEY": "a-key", "OPERATOR_TOKEN": ""}).operator.reveal() == derived
    assert set(list_secrets(environ, Secret("of-stack"), None)) == {"given", "a-key", "of-stack", derived}


def test_missing_credentials():
    none = gather_credentials({"CLOUDFLARE_API_TOKEN": "", "ACE_API_KEY": ""})
    assert all(none.is_missing(credential) for credential in Credential)
    assert none.ace_key is None
    assert gather_credentials({"ACE_API_KEY": "\udcff"}).operator is None


@pytest.mark.parametrize("name", ["CLOUDFLARE_API_TOKEN", "OPERATOR_TOKEN"])
@pytest.mark.parametrize("value", [f"{CANARY}\n", f" {CANARY}", f"{CANARY}é"])
def test_a_token_that_no_header_can_carry(name, value):
    with pytest.raises(CredentialError) as caught:
        gather_credentials({name: value})
    assert name in str(caught.value)
    assert "canary" not in str(caught.value)


def test_the_key_of_the_stack_is_named_as_such_and_comes_first():
    from checks.model.credentials import Secret, gather_credentials

    assert gather_credentials({}, stack_key=Secret("k")).ace_source == "the stack's aceApiKey"
    both = gather_credentials({"ACE_API_KEY": "e"}, stack_key=Secret("k"))
    assert (both.ace_key.reveal(), both.unused, both.operator) == ("k", ("ACE_API_KEY",), None)
    same = gather_credentials({"ACE_API_KEY": "k"}, stack_key=Secret("k"))
    assert (same.ace_source, same.unused) == ("the stack's aceApiKey", ())
    assert gather_credentials({}).ace_key is None


@pytest.mark.parametrize("name", ["CLOUDFLARE_API_TOKEN", "OPERATOR_TOKEN"])
@pytest.mark.parametrize("quoted", ['"canary-1"', "'canary-1'", '"canary-1', "`canary-1`"])
def test_a_token_in_quotes_is_refused_before_a_request(name, quoted):
    """Case C2: a quoted token."""
    with pytest.raises(CredentialError, match="is in quotes") as caught:
        gather_credentials({name: quoted})
    assert name in str(caught.value)
    assert "canary" not in str(caught.value)
