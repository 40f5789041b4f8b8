"""Rules for every deployment. Each broken rule is one line, and the preview fails."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass

import pulumi

from contract import secret_scan
from contract.ace_key import MAX_TEXT
from contract.manifest import Manifest
from infra.errors import DeploymentError

MAX_VARIABLES = 128  # of a worker, secrets included

HOLDS_KEY = "holds the ACE key"
_READABLE = {"plain_text", "json"}  # kinds whose value is a text of the user's


class PolicyError(DeploymentError):
    """A rule is broken. The message is one line a problem, and never holds a value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Problem:
    """A public value that looks like a secret. ``name`` is the one of the binding or setting."""

    name: str
    subject: str
    reason: str


def enforce(manifest: Manifest, *, key: str, allowed: Collection[str] = ()) -> None:
    """Refuse a manifest in which a public text looks like a secret, holds the ACE key, or is too large.

    ``allowed`` are the names of bindings and settings that only look so. Raises PolicyError. A key that cannot be one
    is refused with the settings (``contract/ace_key.py``).
    """
    problems = [
        f"{found.subject} can be read by all members of the account, but it {found.reason}: "
        f"make it a secret (wrangler secret put), and rotate the value that was in the file{_advise(found, allowed)}"
        for found in _find_problems(manifest, key)
        if found.name not in allowed or found.reason == HOLDS_KEY
    ]
    problems += _find_large(manifest)
    if problems:
        raise PolicyError("\n".join(problems))


def refuse_unprotected_buckets() -> None:
    """Refuse, from here on, every bucket that is declared without protection."""
    pulumi.runtime.register_stack_transformation(_refuse_unprotected)


def _find_problems(manifest: Manifest, key: str) -> Iterator[_Problem]:
    for binding in manifest.bindings:
        is_free = secret_scan.is_free_text(binding.name, binding.type)
        reason = _find_reason(" ".join(binding.properties.values()), key, is_free=is_free)
        if reason is None and binding.type in _READABLE and secret_scan.has_secret_name(binding.name):
            reason = "is named as a secret"
        if reason is not None:
            subject = f"the binding {binding.name} ({binding.type})"
            yield _Problem(name=binding.name, subject=subject, reason=reason)
    for setting, text in (
        ("workerUrl", manifest.worker.url),
        ("aceBaseUrl", manifest.ace.base_url),
        ("queryUrl", manifest.siblings.query_url),
        ("etlWorker", manifest.siblings.etl_worker),
    ):
        reason = None if text is None else _find_reason(text, key)
        if reason is not None:
            yield _Problem(name=setting, subject=f"the setting {setting}", reason=reason)


def _advise(found: _Problem, allowed: Collection[str]) -> str:
    """Return the command that allows a false alarm. Nothing allows the ACE key."""
    if found.reason == HOLDS_KEY:
        return ""
    names = ",".join([*sorted(allowed), found.name])
    return f". If everybody may read it, run: pulumi config set notSecret {names}"


def _find_large(manifest: Manifest) -> Iterator[str]:
    """Yield a line for each variable that Cloudflare would refuse (10054), and for too many of them (10055)."""
    for binding in manifest.bindings:
        size = max((len(value.encode()) for value in binding.properties.values()), default=0)
        if size > MAX_TEXT:
            name = f"the binding {binding.name} ({binding.type})"
            yield f"{name} has {size:,} bytes, and Cloudflare stores at most {MAX_TEXT:,} in a variable"
    count = sum(binding.type in (*_READABLE, "secret_text") for binding in manifest.bindings)
    if count > MAX_VARIABLES:
        name = manifest.worker.name
        yield f"the worker {name} has {count} variables and secrets, and Cloudflare allows {MAX_VARIABLES}"


def _find_reason(text: str, key: str, *, is_free: bool = True) -> str | None:
    if key in text:
        return HOLDS_KEY
    return "has a value that looks like a secret" if secret_scan.has_secret_form(text, is_free=is_free) else None


def _refuse_unprotected(args: pulumi.ResourceTransformationArgs) -> None:
    if args.type_.endswith(":R2Bucket") and not args.opts.protect:
        raise pulumi.RunError(f"the bucket {args.name!r} is declared without protect=True: `destroy` would delete data")
