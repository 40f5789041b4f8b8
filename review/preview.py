"""From the engine's JSON to what a comment may show: a list of what passes, and nothing else is ever looked at.

The engine's texts (diagnostics, inputs, outputs) can hold anything. What passes is: names in the engine's own grammar,
the promise (a manifest, read as strictly as the checks read it), the program's line about what it supersedes (read in
its grammar), and whether a digest or a secret changes. Source: shared contracts, section 9.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from contract import drift
from contract.drift import Supersession
from contract.manifest import Manifest, ManifestError
from review import preview_json
from review.model import (
    BACKFILL,
    BUCKET,
    CODE,
    ENABLED,
    GONE,
    KEY,
    PREVIEWS,
    PROMISE,
    QUERY,
    SCRIPT,
    SECRET,
    STACK,
    SUBDOMAIN,
    Broken,
    Change,
    Found,
    Preview,
)
from review.preview_json import Output, Step

_OPS = {
    "create": "create", "update": "update", "delete": "delete", "replace": "replace", "import": "import",
    "create-replacement": "replace", "delete-replaced": "replace", "import-replacement": "replace", "discard": "delete",
}  # fmt: skip
_QUIET = {"same", "refresh", "read"}
_WATCHED = {SCRIPT: (CODE,), SUBDOMAIN: (ENABLED, PREVIEWS)}
_PROJECT_FILE = Path(__file__).resolve().parent.parent / "Pulumi.yaml"


def read(raw: bytes, *, stack: str = "") -> Preview:
    """Read what the engine wrote; what cannot be read is a preview that failed. ``stack`` names it in that case."""
    output = preview_json.read(raw)
    if output is None or not output.steps:
        return Preview(
            project=_project(),
            stack=_stack(stack),
            failed=True,
            refused=() if output is None else _refused(output),
        )
    done = [step for step in output.steps if step.op in _OPS]
    script, promise = _step(done, SCRIPT, BACKFILL), _step(done, PROMISE, BACKFILL)
    superseded = _superseded(script, output)
    old = None if promise is None else _manifest(promise.inputs(old=True).get("manifest"))
    new = None if promise is None else _manifest(promise.inputs().get("manifest"))
    recorded = (
        _manifest(step.inputs().get("manifest"))
        for step in output.steps
        if step.type == PROMISE and step.name == BACKFILL
    )
    return Preview(
        project=output.steps[0].project,
        stack=output.steps[0].stack,
        failed=bool(output.errors) or not _whole(output),
        changes=tuple(dict.fromkeys(_changes(done, output))),
        old=old,
        new=new,
        promised=new if new is not None else next((promise for promise in recorded if promise is not None), None),
        first=promise is not None and promise.op == "create",
        rotates=_rotates(output, script, superseded),
        loses_bucket=any(step.type == BUCKET and _loses(step) for step in done),
        superseded=superseded,
        query=_superseded(_step(done, SCRIPT, QUERY), output),
        by_hand=tuple(dict.fromkeys(_seen_by_refresh(done, output))),
        refused=_refused(output),
        broken=tuple(dict.fromkeys(_broken(output))),
    )


def _step(done: list[Step], kind: str, name: str) -> Step | None:
    return next((step for step in done if step.type == kind and step.name == name), None)


def _broken(output: Output) -> Iterator[Broken]:
    for problem in output.errors:
        if problem.type is not None and problem.name is not None:
            yield Broken(type=problem.type, name=problem.name)


def _project() -> str:
    found = re.search(r"^name: ([\w.-]+)$", _PROJECT_FILE.read_text(), re.MULTILINE)
    return "unknown" if found is None else found[1]


def _stack(given: str) -> str:
    found = re.fullmatch(r"(?:[\w.-]+/)*([\w.-]{1,100})", given)
    return "unknown" if found is None else found[1]


def _whole(output: Output) -> bool:
    """Return whether the preview came to its end, and nothing in it is unknown here: a change that cannot be read."""
    known = all(step.op in _OPS or step.op in _QUIET for step in output.steps)
    return known and not output.unread and any(step.type == STACK and step.op != "refresh" for step in output.steps)


def _changes(done: list[Step], output: Output) -> Iterator[Change]:
    for step in done:
        if not step.type.startswith("pulumi:"):
            new_code = step.type == SCRIPT and _code_changes(step, output)
            yield Change(op=_OPS[step.op], type=step.type, name=step.name, new_code=new_code)


def _manifest(data: object) -> Manifest | None:
    try:
        return Manifest.from_dict(data)
    except (ManifestError, RecursionError):
        return None


def _rotates(output: Output, script: Step | None, superseded: Supersession | None) -> bool | None:
    """Return whether the declared key changes; None where the preview cannot tell.

    A secret that is new in the state says nothing of the live worker, unless there is none. Bindings that are sent
    anew, while neither the promise nor the secret does change, are a preview of a part (``--target``).
    """
    ops = {step.op for step in output.steps if step.type == SECRET and step.name == KEY}
    first = script is not None and script.op == "create" and superseded is None
    if "update" in ops or ("create" in ops and first):
        return True
    explained = superseded is not None or any(step.type == PROMISE and step.op in _OPS for step in output.steps)
    partial = script is not None and "bindings" in script.reasons and not explained
    return None if output.errors or partial or "create" in ops else False


def _loses(bucket: Step) -> bool:
    """Return whether a bucket goes; a replacement of the same name is an import of what is there."""
    names = [bucket.inputs(old=old).get("name") for old in (True, False)]
    return _OPS[bucket.op] == "delete" or (_OPS[bucket.op] == "replace" and names[0] != names[1])


def _recorded(step: Step, output: Output) -> preview_json.Properties:
    """Return what the state knew of a resource before the refresh, empty where nothing was refreshed."""
    return next((item.live for item in output.steps if item.op == "refresh" and item.urn == step.urn), {})


def _code_changes(script: Step, output: Output) -> bool:
    """Return whether the program's code changes: against what was uploaded last, not what somebody put there since."""
    before = _recorded(script, output) or script.inputs(old=True)
    return script.op == "update" and script.inputs().get(CODE) != before.get(CODE)


def _superseded(script: Step | None, output: Output) -> Supersession | None:
    """Return what the upload supersedes; nothing for the message that the live version already has.

    The message has a limit. The program's warning tells the same whole: to the letter in that grammar, or not at all.
    """
    if script is None:
        return None
    before, after = (_message(script.inputs(old=old)) for old in (True, False))
    said = drift.parse(after) if before != after else None
    if said is None or not said.more:
        return said
    for text in output.warnings:
        whole = drift.parse(text)
        if whole is not None and whole.same_as(said) and not whole.more and whole.whole() == text:
            return whole
    return said


def _message(inputs: preview_json.Properties) -> str:
    annotations = inputs.get("annotations")
    line = annotations.get("workersMessage") if isinstance(annotations, dict) else None
    return line if isinstance(line, str) else ""


def _seen_by_refresh(done: list[Step], output: Output) -> Iterator[Found]:
    """Yield what the engine's refresh found changed since the last ``up``: what no upload records."""
    for step in done:
        recorded = _recorded(step, output)
        if recorded and step.op == "create":
            yield Found(type=step.type, name=step.name, what=GONE)
        fields = _WATCHED.get(step.type, ()) if recorded and step.op == "update" else ()
        for field in fields:
            if step.live.get(field) != recorded.get(field):
                yield Found(type=step.type, name=step.name, what=field)


def _refused(output: Output) -> tuple[str, ...]:
    """Return the settings that an error's lines begin with: names only, and only those that the configuration has."""
    lines = (line.strip() for problem in output.errors for line in problem.text.splitlines())
    words = (re.match(r"(?:error: )?(\w{1,60})", line) for line in lines)
    return tuple(dict.fromkeys(word[1] for word in words if word and word[1] in output.settings))
