"""Tokens that are derived from the ACE key. A worker that accepts one holds the key, and the key stays secret."""

from __future__ import annotations

import base64
import hashlib
import hmac

_OPERATOR = b"building-vitals/operator/v1"


def derive_operator_token(key: str) -> str:
    """Return the operator token of an ACE key: base64url of HKDF-SHA256, 32 bytes, unpadded.

    The key is taken as UTF-8 and untrimmed. Source: RFC 5869 with an empty salt.
    """
    pseudorandom = hmac.digest(bytes(hashlib.sha256().digest_size), key.encode(), hashlib.sha256)
    first_block = hmac.digest(pseudorandom, _OPERATOR + b"\x01", hashlib.sha256)
    return base64.urlsafe_b64encode(first_block).rstrip(b"=").decode()
