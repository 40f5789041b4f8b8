"""Reads the manifest from a Pulumi stack, from a file or from standard input."""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from checks.model.credentials import Secret
from checks.run import pulumi_cli
from checks.run.pulumi_cli import UnreadableError, UnusableError
from contract.manifest import Manifest, ManifestError

MAX_BYTES = 2**20  # of a manifest
OUTPUTS = ("stack", "output", "--json", "--show-secrets")
KEY = ("config", "get", "aceApiKey")
PREVIEW = ("preview", "--json")
MANIFEST = "building-vitals:edge:Manifest::backfill"  # the component with the input `manifest`
NOT_SET = "not found"  # the engine's message for a setting that a stack does not have


class _NoJsonError(ValueError):
    pass


@dataclass(frozen=True, slots=True, kw_only=True)
class DeployedManifest:
    """A manifest, and the operator token of its stack."""

    manifest: Manifest
    operator_token: Secret | None = None


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
        return DeployedManifest(manifest=Manifest.from_dict(_parse_json(raw)))
    except _NoJsonError:
        found = "it is not JSON" if raw.strip() else "it is empty"
        raise UnusableError(f"manifest {path}: {found}. Write one with: pulumi stack output manifest --json") from None
    except ManifestError as error:
        raise UnusableError(f"{path}: {error}") from None


def read_from_stack(stack: str, *, planned: bool = False) -> DeployedManifest:
    """Read a manifest from a stack's outputs, or with ``planned`` from its preview where nothing is deployed yet."""
    done = pulumi_cli.run_pulumi(stack, *OUTPUTS)
    if done.returncode:
        raise pulumi_cli.convert_failure(OUTPUTS, pulumi_cli.read_reason(done.stderr))
    try:
        outputs = _parse_json(done.stdout)
    except _NoJsonError:
        raise UnreadableError("pulumi stack output: the answer is not JSON") from None
    declared = outputs.get("manifest") if isinstance(outputs, dict) else None
    if declared is None and planned:
        return DeployedManifest(manifest=_parse_manifest(stack, _read_planned(stack)))
    if declared is None:
        raise UnreadableError(f"stack {stack} has no output manifest. Deploy it with: pulumi up --stack {stack}")
    token = outputs.get("operatorToken")
    return DeployedManifest(
        manifest=_parse_manifest(stack, declared),
        operator_token=Secret(token) if isinstance(token, str) and token else None,
    )


def read_ace_key(stack: str) -> Secret | None:
    """Return ACE's key from the stack's configuration, where it is encrypted, or None if it is not set."""
    done = pulumi_cli.run_pulumi(stack, *KEY)
    reason = pulumi_cli.read_reason(done.stderr)
    if done.returncode and NOT_SET in reason:
        return None
    if done.returncode:
        raise pulumi_cli.convert_failure(KEY, reason)
    text = done.stdout.decode("utf-8", "replace").removesuffix("\n")  # the engine's own line end
    return Secret(text) if text else None


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
        return Manifest.from_dict(data)
    except ManifestError as error:
        raise UnreadableError(f"stack {stack}: {error}. Deploy it again with: pulumi up --stack {stack}") from None


def _select_objects(found: object) -> list[dict[str, Any]]:
    return [item for item in found if isinstance(item, dict)] if isinstance(found, list) else []


def _parse_json(raw: bytes) -> Any:
    try:
        return json.loads(raw)
    except (ValueError, RecursionError):
        raise _NoJsonError from None
