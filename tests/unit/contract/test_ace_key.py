import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import ace_key
from contract.operator_token import derive_operator_token

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def jwt(claims, header=None):
    def part(value):
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    return f"{part(header or {'alg': 'HS256'})}.{part(claims)}.fake-signature"


def test_a_valid_jwt_has_neither_problem_nor_warning():
    expires = NOW + timedelta(days=31)
    assessment = ace_key.assess(jwt({"exp": expires.timestamp()}), now=NOW)
    assert assessment == ace_key.Assessment(expires=expires)


@pytest.mark.parametrize(
    ("key", "problem"),
    [
        ("", "is empty"),
        (" \n", "is only white space"),
        ("fake-key\n", "has white space around it (a copied line end?)"),
        ("fake key", "holds a character"),
        ("fake-kéy", "holds a character"),
        ("Bearer fake-key", "holds a character"),
        ("Bearer:fake-key", "starts with 'Bearer'"),
        ("your-token-here", "is a placeholder"),
        ("<YOUR_TOKEN>", "is a placeholder"),
        ("undefined", "is a placeholder"),
        ("changeme", "is a placeholder"),
        ("xxxxxxxxxxxx", "is a placeholder"),
        (jwt({"exp": 1_000_000_000}), "expired on 2001-09-09 01:46 UTC"),
        (jwt({"exp": NOW.timestamp()}), "expired on 2026-11-23 00:00 UTC"),
    ],
)
def test_a_key_that_cannot_work_is_a_problem(key, problem):
    assessment = ace_key.assess(key, now=NOW)
    assert assessment.problem is not None
    assert assessment.problem.startswith(problem)


@pytest.mark.parametrize(
    ("key", "warning"),
    [
        ("fake-ace-key-for-tests", "is no JWT"),
        ("a.b.c", "is no JWT"),
        (jwt([]), "is no JWT"),
        (jwt({"exp": "soon"}), "is a JWT whose `exp` cannot be read"),
        (jwt({"exp": 1e300}), "is a JWT whose `exp` cannot be read"),
        (jwt({"exp": (NOW + timedelta(days=30)).timestamp()}), "expires in 30 days, on 2026-12-23 00:00 UTC"),
        (jwt({"exp": (NOW + timedelta(hours=1)).timestamp()}), "expires in 0 days"),
    ],
)
def test_a_key_that_may_work_is_a_warning(key, warning):
    assessment = ace_key.assess(key, now=NOW)
    assert assessment.problem is None
    assert assessment.warning is not None
    assert assessment.warning.startswith(warning)


def test_a_jwt_without_expiry_is_accepted_silently():
    assert ace_key.assess(jwt({"sub": "x"}), now=NOW) == ace_key.Assessment()


def test_the_operator_token_is_the_contracts():
    # Computed once with `cryptography`'s HKDF(SHA256, 32, salt=None, info=b"building-vitals/operator/v1").
    assert derive_operator_token("fake-ace-key-for-tests") == "YWOhM5z3RtB4JVCM8LQj111ff2Gvrwymryp2HphPANA"
    assert derive_operator_token("fake-ace-key-for-tests ") != derive_operator_token("fake-ace-key-for-tests")


@given(st.text(max_size=60))
def test_no_text_ever_holds_the_key(key):
    assessment = ace_key.assess(key, now=NOW)
    said = f"{assessment.problem} {assessment.warning}"
    assert len(key.strip()) < 12 or key.strip() not in said
