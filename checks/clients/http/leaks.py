"""Finds the run's own secrets in answers of workers and in their logs, and gives the findings to the running check.

The reports mask every secret, so a leak would stay unseen without a finding. A finding names the place and never the
value.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Collection, Iterator, Mapping
from contextvars import ContextVar

from checks.model.credentials import Credentials
from checks.model.finding import Cause, Finding
from checks.model.hint import Hint

BLOCK = 12  # bytes. Any part of a secret of twice this length holds a whole block
EXPECTED = "no secret"  # the expected value of a finding about a leak
MAX_READ = 8 * 2**20  # bytes of one text that are searched
API_TOKEN, OPERATOR_TOKEN, KEY = "CLOUDFLARE_API_TOKEN", "the operator token", "the ACE key"

_take: ContextVar[Callable[[Finding], None] | None] = ContextVar("take", default=None)


class SecretFinder:
    """Finds known secrets, and parts of them, in a text. A secret shorter than a block is not searched."""

    __slots__ = ("_blocks",)

    def __init__(self, names: Mapping[str, str]) -> None:
        """``names`` are the names of the secrets by their texts."""
        self._blocks = {block: name for text, name in names.items() for block in _split(text)}

    @classmethod
    def create(cls, secrets: Collection[str], credentials: Credentials) -> SecretFinder:
        """Return the finder of a run's secrets. One that is not a credential in use has no name of its own."""
        held = (
            (credentials.cloudflare, API_TOKEN),
            (credentials.operator, OPERATOR_TOKEN),
            (credentials.ace_key, KEY),
        )
        names = {secret.reveal(): name for secret, name in held if secret is not None}
        return cls(dict.fromkeys(secrets, "a secret of this run") | names)

    def __repr__(self) -> str:
        return "SecretFinder(...)"

    def find(self, text: bytes) -> str:
        """Return the name of a secret that the text contains, or an empty text."""
        searched = text[:MAX_READ]
        return next((name for block, name in self._blocks.items() if block in searched), "")


def describe_leak(place: str, name: str, *, found: str = "") -> Finding:
    """Return the finding for a secret at a place. The key may have been read by others, so it must be replaced."""
    return Finding(
        subject=place,
        expected=EXPECTED,
        found=f"{name}{found}: correct the code, then replace the secret",
        cause=Cause.WORKER,
        hint=Hint.export(API_TOKEN) if name == API_TOKEN else Hint.set_secret("aceApiKey"),
    )


@contextlib.contextmanager
def collect_leaks(take: Callable[[Finding], None]) -> Iterator[None]:
    """Give each finding of this thread, and of its threads in the background, to a function meanwhile."""
    token = _take.set(take)
    try:
        yield
    finally:
        _take.reset(token)


def note_leak(finding: Finding) -> None:
    """Give a finding to the running check. Without one it is dropped."""
    take = _take.get()
    if take is not None:
        take(finding)


def _split(text: str) -> Iterator[bytes]:
    """Yield the blocks of a secret. The first part of a JWT is left out, because other tokens have the same."""
    first, _, rest = text.strip().partition(".")
    data = (rest if first.startswith("eyJ") and rest.count(".") == 1 else text.strip()).encode("utf-8", "replace")
    for start in range(0, len(data) - BLOCK + 1, BLOCK):
        yield data[start : start + BLOCK]


def note_leaks(finder: SecretFinder, request: str, headers: Mapping[str, str], body: bytes) -> None:
    """Note each secret in an answer to the running check."""
    parts = {f"header {name} of {request}": value.encode("utf-8", "replace") for name, value in headers.items()}
    for place, text in {**parts, f"body of {request}": body}.items():
        name = finder.find(text)
        if name:
            note_leak(describe_leak(place, name))
