"""The rule of the ACE key: its form, and the dates of a JWT. No message holds a part of the key.

The program refuses a broken key before anything is deployed. The checks ``config`` and ``token`` use the same rule.
"""

from __future__ import annotations

import base64
import json
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

PLACEHOLDERS = frozenset(
    {
        "...",
        "ace_api_key",
        "ace_api_token",
        "changeme",
        "change-me",
        "dummy",
        "example",
        "none",
        "null",
        "placeholder",
        "secret",
        "tbd",
        "test",
        "todo",
        "token",
        "undefined",
        "xxx",
        "your-api-key",
        "your-token",
        "your-token-here",
        "your_token",
        "your_token_here",
    }
)
MIN_LENGTH = 16  # characters. A shorter text can be guessed, so ACE cannot have issued it
EXPIRY_NOTICE = timedelta(days=30)  # the default of the setting keyExpiryWarningDays
LAST_DAYS = timedelta(days=3)  # before the expiry. A check fails then, because a renewal takes a person some days
MAX_TEXT = 5 * 1024  # bytes of a variable or a secret, Cloudflare's (code 10054)
MAX_CLOCK_DIFFERENCE = timedelta(minutes=5)  # between this machine and ACE


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """The result of a look at a key: a problem, a warning, or neither. ``expires`` where the key is a JWT.

    ``expires_soon`` says that the warning is about the expiry, and ``is_ending`` that its last days have begun.
    """

    problem: str | None = None
    warning: str | None = None
    expires: datetime | None = None
    expires_soon: bool = False
    is_ending: bool = False


def assess(key: str, *, now: datetime, notice: timedelta = EXPIRY_NOTICE) -> Assessment:
    """Judge a key without a request: a problem means that it cannot work, a warning that it is unusual.

    ``notice`` is the time before its expiry from which there is a warning.
    """
    problem = _find_problem(key)
    return _assess_jwt(key, now, notice) if problem is None else Assessment(problem=problem)


def make_fake_key(*, now: datetime, days: int = 365) -> str:
    """Return a new key in the form of ACE's keys that ACE refuses: an unsigned JWT that expires in ``days`` days."""

    def part(value: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    claims = {"sub": "rehearsal", "exp": int((now + timedelta(days=days)).timestamp())}
    return f"{part({'alg': 'none', 'typ': 'JWT'})}.{part(claims)}.{secrets.token_urlsafe(32)}"


def describe_expiry(expires: datetime, *, now: datetime) -> str:
    """Return when a valid key expires: the whole days, hours or minutes that are left, and the date and time."""
    minutes = (expires - now) // timedelta(minutes=1)
    days, hours = minutes // (24 * 60), minutes // 60
    count, unit = (days, "day") if days else (hours, "hour") if hours else (minutes, "minute")
    return f"expires in {count} {unit}{'' if count == 1 else 's'}, on {expires:%Y-%m-%d %H:%M} UTC"


def _find_problem(key: str) -> str | None:
    if not key:
        return "is empty"
    if not key.strip():
        return "is only white space"
    if key != key.strip():
        return "has white space around it (a copied line end?)"
    if key.strip("<>{}[]$\"'").lower() in PLACEHOLDERS or len(set(key)) == 1:
        return "is a placeholder, not a key"
    if key[0] in "\"'`" or key[-1] in "\"'`":
        return "has quotes around it: give the key without them"
    if not key.isascii() or not key.isprintable() or " " in key:
        return "holds a character that no HTTP header can carry (white space, control, non-ASCII)"
    if key.lower().startswith("bearer"):
        return "starts with 'Bearer': give the key alone"
    if len(key) > MAX_TEXT:
        return f"has more than {MAX_TEXT:,} characters, and Cloudflare stores no longer secret"
    if len(key) < MIN_LENGTH:
        return f"has fewer than {MIN_LENGTH} characters, and ACE's keys are longer"
    return None


def _assess_jwt(key: str, now: datetime, notice: timedelta) -> Assessment:
    claims = _read_claims(key)
    if claims is None:
        return Assessment(warning="is not a JWT, but ACE's keys are: is it the right one?")
    for claim, meaning in (("nbf", "is valid only from"), ("iat", "says that it was issued on")):
        moment = _read_time(claims.get(claim))
        if moment is not None and moment > now + MAX_CLOCK_DIFFERENCE:
            return Assessment(problem=f"{meaning} {moment:%Y-%m-%d %H:%M} UTC, which is in the future (`{claim}`)")
    expiry = claims.get("exp")
    if expiry is None:
        return Assessment()
    expires = _read_time(expiry)
    if expires is None:
        return Assessment(warning="is a JWT whose `exp` cannot be read: is it the right one?")
    if expires <= now:
        return Assessment(problem=f"expired on {expires:%Y-%m-%d %H:%M} UTC", expires=expires)
    left = expires - now
    if left <= max(notice, LAST_DAYS):
        warning = describe_expiry(expires, now=now)
        return Assessment(warning=warning, expires=expires, expires_soon=True, is_ending=left <= LAST_DAYS)
    return Assessment(expires=expires)


def _read_time(seconds: object) -> datetime | None:
    if not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _read_claims(key: str) -> dict[str, object] | None:
    parts = key.split(".")
    if len(parts) != 3 or not all(parts):
        return None
    try:
        decoded = [json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2]]
    except (ValueError, RecursionError):
        return None
    header, claims = decoded
    return claims if isinstance(header, dict) and "alg" in header and isinstance(claims, dict) else None
