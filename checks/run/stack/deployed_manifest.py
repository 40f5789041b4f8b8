"""Reads the manifest from a Pulumi stack, from a file or from standard input."""

from __future__ import annotations

import contextlib
import dataclasses
import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.model.background import run_in_background
from checks.model.credentials import Secret
from checks.run.stack import pulumi_cli
from checks.run.stack.configuration import Configuration, read_configuration
from checks.run.stack.pulumi_cli import UnreadableError, UnusableError
from contract.manifest import Manifest, ManifestError

MAX_BYTES = 2**20  # of a manifest
OUTPUTS = ("stack", "output", "--json", "--show-secrets")
PREVIEW = ("preview", "--json")
MANIFEST = "building-vitals:edge:Manifest::backfill"  # the component with the input `manifest`


_WRITE = "pulumi stack output manifest --show-secrets"
_NOT_JSON = {b"": "it is empty", b"[secret]": "the engine left the manifest out"}


class _NoJsonError(ValueError):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedManifest:
    """A manifest, and the operator token and the key of its stack."""

    manifest: Manifest
    operator_token: Secret | None = None
    ace_key: Secret | None = None


def read_manifest(stack: str | None, file: str | None, *, planned: bool = False, key: bool = False) -> DeployedManifest:
    """Read a manifest from a stack, or from a file. Without either it comes from standard input.

    With a stack and a file, the file has the manifest, such as an earlier one, and the stack has the credentials.
    Raises UnusableError or UnreadableError.
    """
    if stack is None:
        return read_from_file("-" if file is None else file)
    deployed = read_from_stack(stack, planned=planned, key=key)
    return deployed if file is None else dataclasses.replace(deployed, manifest=read_from_file(file).manifest)


def read_from_file(path: str) -> DeployedManifest:
    """Read a manifest from a file, or from standard input when the path is ``-``."""
    try:
        if path == "-" and sys.stdin is None:
            raise UnusableError("manifest -: standard input is closed")
        if path == "-":
            raw = sys.stdin.buffer.read(MAX_BYTES + 1)
        else:
            with Path(path).open("rb") as file:
                raw = file.read(MAX_BYTES + 1)
    except OSError as error:
        raise UnusableError(f"manifest {path}: {error.strerror}") from None
    if len(raw) > MAX_BYTES:
        raise UnusableError(f"manifest {path}: more than {MAX_BYTES:,} bytes")
    try:
        return DeployedManifest(manifest=Manifest.from_output(_parse_json(raw)))
    except _NoJsonError:
        found = _NOT_JSON.get(raw.strip(), "it is not JSON")
        raise UnusableError(f"manifest {path}: {found}. Write one with: {_WRITE}") from None
    except ManifestError as error:
        raise UnusableError(f"{path}: {error}") from None


def read_from_stack(stack: str, *, planned: bool = False, key: bool = False) -> DeployedManifest:
    """Read a manifest from a stack's outputs.

    With ``planned`` it comes from a preview if nothing is deployed yet, or if the configured settings differ from the
    deployed ones. With ``key`` the key of the stack's configuration is read as well. The engine answers both
    questions concurrently.
    """
    configured = run_in_background(lambda: read_configuration(stack)) if planned or key else Configuration
    try:
        outputs = _read_outputs(stack)
    except (UnusableError, UnreadableError):
        with contextlib.suppress(UnusableError, UnreadableError):
            configured()  # so that no engine runs on
        raise
    settings = configured()
    declared, token = outputs.get("manifest"), outputs.get("operatorToken")
    if declared is None and not planned:
        raise UnreadableError(f"stack {stack} has no output manifest. Deploy it with: pulumi up --stack {stack}")
    manifest = None if declared is None else _parse_manifest(stack, declared)
    if manifest is None or (planned and settings.list_changes(manifest)):
        manifest = _parse_manifest(stack, _read_planned(stack))
    return DeployedManifest(
        manifest=manifest,
        operator_token=Secret(token) if isinstance(token, str) and token else None,
        ace_key=settings.ace_key if key else None,
    )


def _read_outputs(stack: str) -> Mapping[str, Any]:
    outputs = pulumi_cli.read_json(stack, *OUTPUTS)
    return outputs if isinstance(outputs, dict) else {}


def _read_planned(stack: str) -> object:
    """Return the manifest that the next ``pulumi up`` would deploy, from the preview's steps."""
    done = pulumi_cli.run_pulumi(stack, *PREVIEW)
    try:
        data = _parse_json(done.stdout)
    except _NoJsonError:
        data = None
    preview: Mapping[str, Any] = data if isinstance(data, dict) else {}
    if done.returncode:
        messages = [
            item.get("message")
            for item in _select_objects(preview.get("diagnostics"))
            if item.get("severity") == "error"
        ]
        lines = [
            line.strip() for text in messages if isinstance(text, str) for line in text.splitlines() if line.strip()
        ]
        raise pulumi_cli.convert_failure(PREVIEW, lines[0] if lines else pulumi_cli.read_reason(done.stderr))
    for step in _select_objects(preview.get("steps")):
        if step.get("op") == "refresh":  # it has the inputs that are deployed
            continue
        urn, new = step.get("urn"), step.get("newState")
        inputs = new.get("inputs") if isinstance(new, dict) else None
        if isinstance(urn, str) and _parse_component(urn) == MANIFEST and isinstance(inputs, dict):
            return inputs.get("manifest")
    raise UnreadableError(f"pulumi preview: it shows no {MANIFEST}, so there is no manifest")


def _parse_component(urn: str) -> str:
    """Return the type and the name of a resource, without the types of its parents."""
    return "::".join(urn.split("::")[2:]).rpartition("$")[2]


def _parse_manifest(stack: str, data: object) -> Manifest:
    try:
        return Manifest.from_output(data)
    except ManifestError as error:
        raise UnreadableError(f"stack {stack}: {error}. Deploy it again with: pulumi up --stack {stack}") from None


def _select_objects(found: object) -> list[dict[str, Any]]:
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _parse_json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise _NoJsonError from None
