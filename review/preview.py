"""Reads the engine's JSON into the fields that a comment may show: an allow-list, and nothing else is read.

The engine's texts (diagnostics, inputs, outputs) can hold anything. The allow-list is: names of resources, the manifest
and the record of drift (both read strictly), and whether a digest or a secret changes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from contract.drift.record import Drift, DriftError
from contract.manifest import Manifest, ManifestError
from review import preview_json
from review.model import (
    BACKFILL,
    BUCKET,
    CODE,
    CONSUMER,
    DRIFT,
    ENABLED,
    GONE,
    KEY,
    MANIFEST,
    PREVIEWS,
    QUERY,
    QUEUE_OF_DAYS,
    SCRIPT,
    SCRIPT_NAME,
    SECRET,
    SETTINGS,
    STACK,
    SUBDOMAIN,
    FailedResource,
    Preview,
    RefreshFinding,
    ResourceChange,
)
from review.preview_json import PreviewOutput, PreviewStep

_OPS = {
    "create": "create", "update": "update", "delete": "delete", "replace": "replace", "import": "import",
    "create-replacement": "replace", "delete-replaced": "replace", "import-replacement": "replace", "discard": "delete",
}  # fmt: skip
_QUIET = {"same", "refresh", "read"}
_WATCHED = {
    SCRIPT: (CODE,), SUBDOMAIN: (ENABLED, PREVIEWS), QUEUE_OF_DAYS: (SETTINGS,), CONSUMER: (SCRIPT_NAME, SETTINGS),
}  # fmt: skip
_PROJECT_FILE = Path(__file__).resolve().parent.parent / "Pulumi.yaml"


def read(raw: bytes, *, stack: str = "") -> Preview:
    """Read the engine's output. One that cannot be read is a failed preview, and ``stack`` names it."""
    output = preview_json.read(raw)
    if output is None or not output.steps:
        refused = () if output is None else _find_refused(output)
        readable = output is not None
        return Preview(
            project=_read_project(), stack=_read_stack(stack), failed=True, refused=refused, readable=readable
        )
    done = [step for step in output.steps if step.op in _OPS]
    script, manifest = _find(done, SCRIPT, BACKFILL), _find(done, MANIFEST, BACKFILL)
    old = None if manifest is None else _read_manifest(manifest.inputs(old=True).get("manifest"))
    new = None if manifest is None else _read_manifest(manifest.inputs().get("manifest"))
    unread = False
    drifts: dict[str, Drift | None] = {}
    for name in (BACKFILL, QUERY):
        try:
            drifts[name] = _read_drift(_find(done, DRIFT, name))
        except DriftError:
            unread = True
    drift = drifts.get(BACKFILL)
    return Preview(
        project=output.steps[0].urn.project,
        stack=output.steps[0].urn.stack,
        failed=bool(output.errors) or unread or not _is_whole(output),
        changes=tuple(dict.fromkeys(_find_changes(done, output))),
        old=old,
        new=new,
        manifest=new if new is not None else _find_unchanged_manifest(output),
        first=manifest is not None and manifest.op == "create",
        rotates=_rotates(output, script, drift),
        loses_bucket=any(step.type == BUCKET and _loses(step) for step in done),
        drift=drift,
        query_drift=drifts.get(QUERY),
        refreshed=tuple(dict.fromkeys(_find_refreshed(done, output))),
        refused=_find_refused(output),
        failed_at=tuple(dict.fromkeys(_find_failed(output))),
    )


def _find(done: list[PreviewStep], kind: str, name: str) -> PreviewStep | None:
    return next((step for step in done if step.type == kind and step.name == name), None)


def _find_failed(output: PreviewOutput) -> Iterator[FailedResource]:
    for error in output.errors:
        if error.type is not None and error.name is not None:
            yield FailedResource(type=error.type, name=error.name)


def _read_drift(step: PreviewStep | None) -> Drift | None:
    """Return the drift that this deployment restores. An unchanged record is about an earlier one."""
    before, after = ({}, {}) if step is None else (step.inputs(old=True).get("record"), step.inputs().get("record"))
    return None if not after or before == after else Drift.from_dict(after)


def _find_unchanged_manifest(output: PreviewOutput) -> Manifest | None:
    steps = (step for step in output.steps if step.type == MANIFEST and step.name == BACKFILL)
    manifests = (_read_manifest(step.inputs().get("manifest")) for step in steps)
    return next((manifest for manifest in manifests if manifest is not None), None)


def _read_project() -> str:
    """Return the name of the project in this checkout, or else in the current folder."""
    files = [file for file in (_PROJECT_FILE, Path(_PROJECT_FILE.name)) if file.is_file()]
    found = re.search(r"^name: ([\w.-]+)$", files[0].read_text(), re.MULTILINE) if files else None
    return "unknown" if found is None else found[1]


def _read_stack(given: str) -> str:
    found = re.fullmatch(r"(?:[\w.-]+/)*([\w.-]{1,100})", given)
    return "unknown" if found is None else found[1]


def _is_whole(output: PreviewOutput) -> bool:
    """Return whether the preview is complete and every step in it is known."""
    known = all(step.op in _OPS or step.op in _QUIET for step in output.steps)
    return known and not output.unread and any(step.type == STACK and step.op != "refresh" for step in output.steps)


def _find_changes(done: list[PreviewStep], output: PreviewOutput) -> Iterator[ResourceChange]:
    for step in done:
        if not step.type.startswith("pulumi:"):
            new_code = step.type == SCRIPT and _code_changes(step, output)
            yield ResourceChange(op=_OPS[step.op], type=step.type, name=step.name, new_code=new_code)


def _read_manifest(data: object) -> Manifest | None:
    try:
        return Manifest.from_dict(data)
    except (ManifestError, RecursionError):
        return None


def _rotates(output: PreviewOutput, script: PreviewStep | None, drift: Drift | None) -> bool | None:
    """Return whether the declared key changes, None where the preview does not show it.

    A secret that is new in the state says nothing about the live worker, unless there is none. A preview with
    ``--target`` is partial: bindings are sent, although neither the manifest nor the secret changes.
    """
    ops = {step.op for step in output.steps if step.type == SECRET and step.name == KEY}
    first = script is not None and script.op == "create" and drift is None
    if "update" in ops or ("create" in ops and first):
        return True
    explained = drift is not None or any(step.type == MANIFEST and step.op in _OPS for step in output.steps)
    partial = script is not None and "bindings" in script.reasons and not explained
    return None if output.errors or partial or "create" in ops else False


def _loses(bucket: PreviewStep) -> bool:
    """Return whether a bucket is lost. A replacement of the same name is an import of the existing one."""
    names = [bucket.inputs(old=old).get("name") for old in (True, False)]
    return _OPS[bucket.op] == "delete" or (_OPS[bucket.op] == "replace" and names[0] != names[1])


def _find_recorded(step: PreviewStep, output: PreviewOutput) -> preview_json.Properties:
    """Return the recorded outputs of a resource before the refresh, empty where it was not refreshed."""
    return next((item.live for item in output.steps if item.op == "refresh" and item.urn.text == step.urn.text), {})


def _code_changes(script: PreviewStep, output: PreviewOutput) -> bool:
    """Return whether the program's code differs from its last upload. Later changes of the live code do not count."""
    before = _find_recorded(script, output) or script.inputs(old=True)
    return script.op == "update" and script.inputs().get(CODE) != before.get(CODE)


def _find_refreshed(done: list[PreviewStep], output: PreviewOutput) -> Iterator[RefreshFinding]:
    """Yield the differences that the engine's refresh found since the last ``up``. No upload records them."""
    for step in done:
        recorded = _find_recorded(step, output)
        if recorded and step.op == "create":
            yield RefreshFinding(type=step.type, name=step.name, property=GONE)
        fields = _WATCHED.get(step.type, ()) if recorded and step.op == "update" else ()
        for field in fields:
            if step.live.get(field) != recorded.get(field):
                yield RefreshFinding(type=step.type, name=step.name, property=field)


def _find_refused(output: PreviewOutput) -> tuple[str, ...]:
    """Return the names of settings at the start of the errors' lines, if the configuration has them."""
    lines = (line.strip() for problem in output.errors for line in problem.text.splitlines())
    words = (re.match(r"(?:error: )?(\w{1,60})", line) for line in lines)
    return tuple(dict.fromkeys(word[1] for word in words if word and word[1] in output.settings))
