"""The credentials at hand, in a type that shows nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from contract.operator_token import derive_operator_token


class Credential(StrEnum):
    """What a check may have to hold; the value says, for people, where it is looked for."""

    CLOUDFLARE = "CLOUDFLARE_API_TOKEN"
    OPERATOR = "OPERATOR_TOKEN (or ACE_API_KEY, or the output operatorToken of --stack)"
    ACE = "ACE_API_KEY (or aceApiKey of --stack)"


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


class Source(StrEnum):
    """Where the operator token comes from, for people; the value of a variable is the variable's name."""

    ENVIRONMENT = "OPERATOR_TOKEN"
    STACK = "the stack's output operatorToken"
    DERIVED = "ACE_API_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """What there is; ``ace_key`` may be empty or useless, the check ``config`` says so.

    ``stack_operator`` is the stack's own operator token, used or not: what is declared. ``ace_source`` names, for
    people, where the key comes from.
    """

    cloudflare: Secret | None = None
    operator: Secret | None = None
    operator_source: Source | None = None
    stack_operator: Secret | None = None
    ace_key: Secret | None = None
    ace_source: str = "the key in ACE_API_KEY"

    def is_missing(self, credential: Credential) -> bool:
        """Return whether a credential is not at hand."""
        held = {
            Credential.CLOUDFLARE: self.cloudflare,
            Credential.OPERATOR: self.operator,
            Credential.ACE: self.ace_key,
        }
        return held[credential] is None


def gather_credentials(
    environ: Mapping[str, str], *, stack_token: Secret | None = None, stack_key: Secret | None = None
) -> Credentials:
    """Read the credentials from the environment.

    The operator token is, in this order, OPERATOR_TOKEN, ``stack_token`` (the stack's output), or derived from
    ACE_API_KEY. ACE's key is ACE_API_KEY, else ``stack_key``, of the stack's configuration.
    An empty variable counts as absent, as CI systems pass absent secrets so.
    Raises CredentialError for one that no HTTP header can carry.
    """
    key = environ.get("ACE_API_KEY")
    stack = _check_token(Source.STACK, stack_token.reveal() if stack_token else None)
    held = {
        Source.ENVIRONMENT: _check_token(Source.ENVIRONMENT, environ.get("OPERATOR_TOKEN")),
        Source.STACK: stack,
        Source.DERIVED: _derive_token(key),
    }
    source = next((source for source, token in held.items() if token is not None), None)
    return Credentials(
        cloudflare=_check_token("CLOUDFLARE_API_TOKEN", environ.get("CLOUDFLARE_API_TOKEN")),
        operator=None if source is None else held[source],
        operator_source=source,
        stack_operator=stack,
        ace_key=Secret(key) if key else stack_key,
        ace_source="the stack's aceApiKey" if not key and stack_key is not None else "the key in ACE_API_KEY",
    )


def list_secrets(environ: Mapping[str, str], *tokens: Secret | None) -> tuple[str, ...]:
    """Return every secret text that this process may hold, used or not, for the redaction."""
    key = environ.get("ACE_API_KEY")
    texts = [environ.get(name) for name in ("CLOUDFLARE_API_TOKEN", "OPERATOR_TOKEN", "ACE_API_KEY")]
    texts += [secret.reveal() for secret in (*tokens, _derive_token(key)) if secret is not None]
    return tuple({text for text in texts if text})


def _derive_token(key: str | None) -> Secret | None:
    if not key:
        return None
    try:
        return Secret(derive_operator_token(key))
    except UnicodeEncodeError:  # bytes of the environment that are no UTF-8: `config` says so
        return None


def _check_token(name: str, value: str | None) -> Secret | None:
    if not value:
        return None
    if not value.isascii() or not value.isprintable() or " " in value:
        raise CredentialError(f"{name}: holds white space or a character that no HTTP header can carry")
    return Secret(value)
