"""What no deployment may have, whoever changes the program: refused at preview, one line each."""

from __future__ import annotations

from collections.abc import Iterator

import pulumi

from contract import manifest, secret_scan

_READABLE = {"plain_text", "json"}  # kinds whose value is a text of the user's


class PolicyError(ValueError):
    """A rule is broken; the message is one line a problem, and never holds a value."""


def enforce(promised: manifest.Manifest, *, key: str) -> None:
    """Refuse a promise in which something public looks like a secret, or holds the key; raises PolicyError.

    A placeholder for the key is refused with the settings (``ace_key.py``).
    """
    problems = [
        f"{what} can be read by anybody with access to the account, and {reason}: "
        "make it a secret (wrangler secret put), and rotate what was in the file"
        for what, reason in _problems(promised, key)
    ]
    if problems:
        raise PolicyError("\n".join(problems))


def watch() -> None:
    """Refuse, from here on, every bucket that is declared without protection."""
    pulumi.runtime.register_stack_transformation(_protected)


def _problems(promised: manifest.Manifest, key: str) -> Iterator[tuple[str, str]]:
    for binding in promised.bindings:
        reason = _reason(" ".join(binding.properties.values()), key)
        if reason is None and binding.type in _READABLE and secret_scan.by_name(binding.name):
            reason = "is named as a secret"
        if reason is not None:
            yield f"the binding {binding.name} is {binding.type}, which", reason
    for setting, text in (
        ("workerUrl", promised.worker.url),
        ("aceBaseUrl", promised.ace.base_url),
        ("queryUrl", promised.siblings.query_url),
        ("etlWorker", promised.siblings.etl_worker),
    ):
        reason = None if text is None else _reason(text, key)
        if reason is not None:
            yield f"the setting {setting}", reason


def _reason(text: str, key: str) -> str | None:
    if key in text:
        return "holds the ACE key"
    return "has a value that looks like a secret" if secret_scan.by_form(text) else None


def _protected(args: pulumi.ResourceTransformationArgs) -> None:
    if args.type_.endswith(":R2Bucket") and not args.opts.protect:
        raise pulumi.RunError(f"the bucket {args.name!r} is declared without protect=True: `destroy` would delete data")
