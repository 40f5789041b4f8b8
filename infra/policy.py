"""What no deployment may have, whoever changes the program: refused at preview, one line each."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi

import secret_scan
from infra.bindings import Binding
from infra.bindings.json import Json
from infra.bindings.plain_text import PlainText


class PolicyError(ValueError):
    """A rule is broken; the message is one line a problem, and never holds a value."""


def enforce(bound: Sequence[Binding], *, key: str) -> None:
    """Refuse a public binding that looks like a secret or holds the key; raises PolicyError.

    A placeholder for the key is refused with the settings (``ace_key.py``).
    """
    problems = []
    for binding in bound:
        if not isinstance(binding, PlainText | Json):
            continue
        text = binding.text if isinstance(binding, PlainText) else binding.json
        if key in text:
            reason = "holds the ACE key"
        elif secret_scan.by_name(binding.name):
            reason = "is named as a secret"
        elif secret_scan.by_form(text):
            reason = "has a value that looks like a secret"
        else:
            continue
        problems.append(
            f"the binding {binding.name} is {binding.type}, which anybody with access to the account can read, and "
            f"{reason}: make it a secret (wrangler secret put), and rotate what was in the file"
        )
    if problems:
        raise PolicyError("\n".join(problems))


def watch() -> None:
    """Refuse, from here on, every bucket that is declared without protection."""
    pulumi.runtime.register_stack_transformation(_protected)


def _protected(args: pulumi.ResourceTransformationArgs) -> None:
    if args.type_.endswith(":R2Bucket") and not args.opts.protect:
        raise pulumi.RunError(f"the bucket {args.name!r} is declared without protect=True: `destroy` would delete data")
