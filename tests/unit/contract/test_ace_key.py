import base64
import json
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import ace_key

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
        ("abc", "has fewer than 16 characters"),
        ("'fake-ace-key-for-tests'", "has quotes around it"),
        (f'"{jwt({})}"', "has quotes around it"),
        (f"{jwt({})}'", "has quotes around it"),
        (jwt({"nbf": (NOW + timedelta(hours=1)).timestamp()}), "is valid only from 2026-11-23 01:00 UTC"),
        (jwt({"iat": (NOW + timedelta(days=1)).timestamp()}), "says that it was issued on 2026-11-24 00:00 UTC"),
        ("fake key", "holds a character"),
        ("fake-kéy", "holds a character"),
        ("Bearer fake-key", "holds a character"),
        ("Bearer:fake-key", "starts with 'Bearer'"),
        ("your-token-here", "is a placeholder"),
        ("<YOUR_TOKEN>", "is a placeholder"),
        ("undefined", "is a placeholder"),
        ("changeme", "is a placeholder"),
        ("xxxxxxxxxxxx", "is a placeholder"),
        ("k" * 3661 + "K" * 3661, "has more than 5,120 characters, and Cloudflare stores no longer secret"),
        (jwt({"exp": 1_000_000_000}), "expired on 2001-09-09 01:46 UTC"),
        (jwt({"exp": NOW.timestamp()}), "expired on 2026-11-23 00:00 UTC"),
    ],
)
def test_a_key_that_cannot_work_is_a_problem(key, problem):
    """Case P6: quotes, a JWT of the future, `abc`. Case P7: more than Cloudflare stores."""
    assessment = ace_key.assess(key, now=NOW)
    assert assessment.problem is not None
    assert assessment.problem.startswith(problem)


@pytest.mark.parametrize(
    ("key", "warning"),
    [
        ("fake-ace-key-for-tests", "is not a JWT"),
        ("not-base64.b.c-and-more", "is not a JWT"),
        (jwt([]), "is not a JWT"),
        (jwt({"exp": "soon"}), "is a JWT whose `exp` cannot be read"),
        (jwt({"exp": 1e300}), "is a JWT whose `exp` cannot be read"),
        (jwt({"exp": (NOW + timedelta(days=30)).timestamp()}), "expires in 30 days, on 2026-12-23 00:00 UTC"),
        (jwt({"exp": (NOW + timedelta(hours=1)).timestamp()}), "expires in 1 hour, on 2026-11-23 01:00 UTC"),
        (jwt({"exp": (NOW + timedelta(minutes=14)).timestamp()}), "expires in 14 minutes, on 2026-11-23 00:14 UTC"),
        (jwt({"exp": (NOW + timedelta(seconds=5)).timestamp()}), "expires in 0 minutes, on 2026-11-23 00:00 UTC"),
    ],
)
def test_a_key_that_may_work_is_a_warning(key, warning):
    assessment = ace_key.assess(key, now=NOW)
    assert assessment.problem is None
    assert assessment.warning is not None
    assert assessment.warning.startswith(warning)


@pytest.mark.parametrize(
    ("left", "notice", "soon", "ending"),
    [
        (timedelta(days=60), 60, True, False),
        (timedelta(days=60, seconds=1), 60, False, False),
        (timedelta(days=3, seconds=1), 3, False, False),
        (timedelta(days=3), 3, True, True),
        (timedelta(days=3, seconds=1), 30, True, False),
        (timedelta(minutes=14), 30, True, True),
    ],
)
def test_a_warning_begins_at_the_notice_and_the_last_days_are_three(left, notice, soon, ending):
    """Case T5: a key that is about to expire."""
    key = jwt({"exp": (NOW + left).timestamp()})
    assessment = ace_key.assess(key, now=NOW, notice=timedelta(days=notice))
    assert (assessment.problem, assessment.expires_soon, assessment.is_ending) == (None, soon, ending)
    assert (assessment.warning is not None) is soon


def test_a_jwt_of_this_moment_is_accepted_while_the_clocks_differ_a_little():
    soon = (NOW + timedelta(minutes=4)).timestamp()
    assert ace_key.assess(jwt({"nbf": soon, "iat": soon}), now=NOW) == ace_key.Assessment()


def test_a_jwt_without_expiry_is_accepted_silently():
    assert ace_key.assess(jwt({"sub": "x"}), now=NOW) == ace_key.Assessment()


@given(st.text(max_size=60))
def test_no_text_ever_holds_the_key(key):
    assessment = ace_key.assess(key, now=NOW)
    said = f"{assessment.problem} {assessment.warning}"
    assert len(key.strip()) < 12 or key.strip() not in said
