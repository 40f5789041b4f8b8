"""The operator token, which is derived from the ACE key."""

from __future__ import annotations

import base64
import hashlib
import hmac

_INFO = b"building-vitals/operator/v1"


def derive_operator_token(key: str) -> str:
    """Return the token that a worker with this key accepts: base64url of HKDF-SHA256, 32 bytes, without padding.

    The key is taken as UTF-8, and white space around it counts. Source: RFC 5869 with an empty salt.
    """
    pseudorandom = hmac.digest(bytes(hashlib.sha256().digest_size), key.encode(), hashlib.sha256)
    first_block = hmac.digest(pseudorandom, _INFO + b"\x01", hashlib.sha256)
    return base64.urlsafe_b64encode(first_block).rstrip(b"=").decode()
