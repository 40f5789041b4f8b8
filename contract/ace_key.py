"""The rules of the ACE key, needed on both sides of the seam: is it plausible, and which token proves it.

``infra/`` refuses an implausible key before anything is deployed and exports the operator token; ``checks/``
judges the key at hand and derives the same token. Standard library only. Source: shared contracts, sections 1 and 2.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
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
EXPIRY_NOTICE = timedelta(days=30)
_TOKEN_INFO = b"building-vitals/operator/v1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Assessment:
    """What can be said of a key without asking anybody; the texts never hold any part of it."""

    problem: str | None = None
    warning: str | None = None
    expires: datetime | None = None


def assess(key: str, *, now: datetime) -> Assessment:
    """Judge a key by its form: a problem means that it can't work, a warning that somebody should look."""
    if not key:
        return Assessment(problem="is empty")
    if not key.strip():
        return Assessment(problem="is only white space")
    if key != key.strip():
        return Assessment(problem="has white space around it (a copied line end?)")
    if not key.isascii() or not key.isprintable() or " " in key:
        return Assessment(problem="holds a character that no HTTP header can carry (white space, control, non-ASCII)")
    if key.lower().startswith("bearer"):
        return Assessment(problem="starts with 'Bearer': give the key alone")
    if key.strip("<>{}[]$\"'").lower() in PLACEHOLDERS or len(set(key)) == 1:
        return Assessment(problem="is a placeholder, not a key")
    return _assess_jwt(key, now)


def _assess_jwt(key: str, now: datetime) -> Assessment:
    claims = _claims(key)
    if claims is None:
        return Assessment(warning="is no JWT, and ACE's keys are: is it the right one?")
    expiry = claims.get("exp")
    if expiry is None:
        return Assessment()
    expires = _time(expiry)
    if expires is None:
        return Assessment(warning="is a JWT whose `exp` cannot be read: is it the right one?")
    if expires <= now:
        return Assessment(problem=f"expired on {expires:%Y-%m-%d %H:%M} UTC", expires=expires)
    if expires - now <= EXPIRY_NOTICE:
        days = (expires - now).days
        return Assessment(warning=f"expires in {days} days, on {expires:%Y-%m-%d %H:%M} UTC", expires=expires)
    return Assessment(expires=expires)


def _time(seconds: object) -> datetime | None:
    if not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, tz=UTC)
    except (ValueError, OverflowError, OSError):
        return None


def _claims(key: str) -> dict[str, object] | None:
    parts = key.split(".")
    if len(parts) != 3 or not all(parts):
        return None
    try:
        decoded = [json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))) for part in parts[:2]]
    except (ValueError, RecursionError):
        return None
    header, claims = decoded
    return claims if isinstance(header, dict) and "alg" in header and isinstance(claims, dict) else None


def operator_token(key: str) -> str:
    """Return the token that a worker holding this key accepts: base64url of HKDF-SHA256, 32 bytes, unpadded.

    The key is taken as UTF-8 and untrimmed. Source: RFC 5869 with an empty salt; shared contracts, section 2.
    """
    pseudorandom = hmac.digest(bytes(hashlib.sha256().digest_size), key.encode(), hashlib.sha256)
    first_block = hmac.digest(pseudorandom, _TOKEN_INFO + b"\x01", hashlib.sha256)
    return base64.urlsafe_b64encode(first_block).rstrip(b"=").decode()
