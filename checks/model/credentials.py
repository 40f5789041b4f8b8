"""The credentials of a run, in a type that is never printed."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from checks.model.finding import Evidence
from contract.operator_token import derive_operator_token

NOTIFY, HEARTBEAT = "NOTIFY_URL", "HEARTBEAT_URL"  # URLs that hold a token
QUOTES = "'\"`"


class Credential(StrEnum):
    """A credential that a check may need. The value describes its sources for the report."""

    CLOUDFLARE = "CLOUDFLARE_API_TOKEN"
    OPERATOR = "OPERATOR_TOKEN (or ACE_API_KEY, or the output operatorToken of --stack)"
    ACE = "ACE_API_KEY (or aceApiKey of --stack)"

    @property
    def variable(self) -> str:
        """Return the environment variable that holds it."""
        return self.partition(" ")[0]


class CredentialError(ValueError):
    """A credential cannot be used. The message names its variable and never its value."""


class Secret:
    """A secret text that is never printed, compared or pickled by accident."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """Return the text for the header of a request or for the redaction, never for an output."""
        return self._value

    def __repr__(self) -> str:
        return "Secret(...)"

    def __reduce__(self) -> str:
        raise TypeError("a secret is not pickled")


class Source(StrEnum):
    """The source of the operator token, for the report. A variable is described by its name."""

    ENVIRONMENT = "OPERATOR_TOKEN"
    STACK = "the stack's output operatorToken"
    DERIVED = "ACE_API_KEY"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """The available credentials. ``ace_key`` may be unusable, which the check ``config`` reports.

    ``ace_source`` describes the source of the key for the report. ``unused`` are the variables of the environment that
    differ from the stack's own values, which are used instead.
    """

    cloudflare: Secret | None = None
    operator: Secret | None = None
    operator_source: Source | None = None
    ace_key: Secret | None = None
    ace_source: str = "the key in ACE_API_KEY"
    unused: tuple[str, ...] = ()

    def is_missing(self, credential: Credential) -> bool:
        """Return whether a credential is missing."""
        available = {
            Credential.CLOUDFLARE: self.cloudflare,
            Credential.OPERATOR: self.operator,
            Credential.ACE: self.ace_key,
        }
        return available[credential] is None

    def warn_of_unused_variables(self) -> Iterator[Evidence]:
        """Yield a warning for each variable that differs from the stack's own value. It never shows a value."""
        for name in self.unused:
            text = f"{name} of the environment differs from the stack's own and was not used. Run: unset {name}"
            yield Evidence(text, warning=True)


def gather_credentials(
    environ: Mapping[str, str], *, stack_token: Secret | None = None, stack_key: Secret | None = None
) -> Credentials:
    """Read the credentials from the environment and from a stack. The values of the stack come first.

    The operator token is ``stack_token`` (the stack's output), else OPERATOR_TOKEN, else derived from ACE_API_KEY.
    ACE's key is ``stack_key`` (of the stack's configuration), else ACE_API_KEY, in the order of the program.
    An empty variable counts as absent, because CI systems pass absent secrets as empty texts.
    Raises CredentialError for a credential that an HTTP header cannot contain.
    """
    held = environ.get("ACE_API_KEY")
    key = Secret(held) if held else None
    tokens = {
        Source.STACK: _check_token(Source.STACK, stack_token.reveal() if stack_token else None),
        Source.ENVIRONMENT: _check_token(Source.ENVIRONMENT, environ.get("OPERATOR_TOKEN")),
        Source.DERIVED: None if _differ(key, stack_key) else _derive_token(held),
    }
    source = next((source for source, token in tokens.items() if token is not None), None)
    pairs = (("ACE_API_KEY", key, stack_key), ("OPERATOR_TOKEN", tokens[Source.ENVIRONMENT], tokens[Source.STACK]))
    return Credentials(
        cloudflare=_check_token("CLOUDFLARE_API_TOKEN", environ.get("CLOUDFLARE_API_TOKEN")),
        operator=None if source is None else tokens[source],
        operator_source=source,
        ace_key=key if stack_key is None else stack_key,
        ace_source="the key in ACE_API_KEY" if stack_key is None else "the stack's aceApiKey",
        unused=tuple(name for name, mine, other in pairs if _differ(mine, other)),
    )


def _differ(one: Secret | None, other: Secret | None) -> bool:
    """Return whether both secrets exist and differ."""
    if one is None or other is None:
        return False
    texts = [secret.reveal().encode("utf-8", "surrogateescape") for secret in (one, other)]
    return not hmac.compare_digest(*texts)


def list_secrets(environ: Mapping[str, str], *tokens: Secret | None) -> tuple[str, ...]:
    """Return every secret of this process, used or not, for the redaction."""
    key = environ.get("ACE_API_KEY")
    texts = [environ.get(name) for name in ("CLOUDFLARE_API_TOKEN", "OPERATOR_TOKEN", "ACE_API_KEY")]
    texts += [_find_secret_part(environ.get(name, "")) for name in (NOTIFY, HEARTBEAT)]
    texts += [secret.reveal() for secret in (*tokens, _derive_token(key)) if secret is not None]
    return tuple({text for text in texts if text})


def _find_secret_part(url: str) -> str:
    """Return the path and the query of a URL. The host may be in other URLs, which stay readable."""
    rest = url.partition("://")[2]
    return re.sub(r"^[^/?#]*[/?#]?", "", rest)


def _derive_token(key: str | None) -> Secret | None:
    if not key:
        return None
    try:
        return Secret(derive_operator_token(key))
    except UnicodeEncodeError:  # the variable is not UTF-8, which `config` reports
        return None


def _check_token(name: str, value: str | None) -> Secret | None:
    if not value:
        return None
    if value[0] in QUOTES or value[-1] in QUOTES:
        raise CredentialError(f"{name}: is in quotes, which are a part of the value. Set it without them")
    if not value.isascii() or not value.isprintable() or " " in value:
        raise CredentialError(f"{name}: contains white space or a character that an HTTP header cannot contain")
    return Secret(value)
