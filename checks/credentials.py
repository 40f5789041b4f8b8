"""The credentials at hand, in a type that shows nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import ace_key
from checks.model import Credential


class CredentialError(ValueError):
    """A credential cannot be used; the message names its variable and never its value."""


class Secret:
    """A text that nothing prints, compares or pickles by accident."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text itself; for a request's header and for the redaction, never for an output."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(...)"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What there is; ``ace_key`` may be empty or useless, the check ``config`` says so."""

    cloudflare: Secret | None = None
    operator: Secret | None = None
    ace_key: Secret | None = None

    def missing(self, credential: Credential) -> bool:
        """Return whether a credential is not at hand."""
        held = {Credential.CLOUDFLARE: self.cloudflare, Credential.OPERATOR: self.operator}
        return held[credential] is None


def gather(environ: Mapping[str, str], *, stack_token: Secret | None = None) -> Credentials:
    """Read the credentials from the environment.

    The operator token is, in this order, OPERATOR_TOKEN, ``stack_token`` (the stack's output), or derived from
    ACE_API_KEY. An empty variable counts as absent, as CI systems pass absent secrets so.
    Raises CredentialError for one that no HTTP header can carry.
    """
    key = environ.get("ACE_API_KEY")
    return Credentials(
        cloudflare=_token("CLOUDFLARE_API_TOKEN", environ.get("CLOUDFLARE_API_TOKEN")),
        operator=_token("OPERATOR_TOKEN", environ.get("OPERATOR_TOKEN"))
        or _token("the stack's output operatorToken", stack_token.reveal() if stack_token else None)
        or _derived(key),
        ace_key=Secret(key) if key else None,
    )


def known(environ: Mapping[str, str], *tokens: Secret | None) -> tuple[str, ...]:
    """Return every secret text that this process may hold, used or not, for the redaction."""
    key = environ.get("ACE_API_KEY")
    texts = [environ.get(name) for name in ("CLOUDFLARE_API_TOKEN", "OPERATOR_TOKEN", "ACE_API_KEY")]
    texts += [secret.reveal() for secret in (*tokens, _derived(key)) if secret is not None]
    return tuple({text for text in texts if text})


def _derived(key: str | None) -> Secret | None:
    if not key:
        return None
    try:
        return Secret(ace_key.operator_token(key))
    except UnicodeEncodeError:  # bytes of the environment that are no UTF-8: `config` says so
        return None


def _token(name: str, value: str | None) -> Secret | None:
    if not value:
        return None
    if not value.isascii() or not value.isprintable() or " " in value:
        raise CredentialError(f"{name}: holds white space or a character that no HTTP header can carry")
    return Secret(value)
