"""Rules for a set of bindings: inherited and kept bindings, refused bindings, and the public form."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rehearsal.cloudflare.responses import RefusalError
from rehearsal.cloudflare.state import SECRET, Binding, Version

# Without `keep_bindings` only secrets stay: `wrangler deploy` sends no secret and loses none.
KEPT_BY_DEFAULT = (SECRET, "secret_key")
VARIABLES = {SECRET: "text", "plain_text": "text", "json": "json"}  # and the field that holds the value
MAX_VARIABLES, MAX_TEXT = 128, 5 * 1024  # of a worker, and bytes of one


def show_bindings(bindings: Iterable[Binding]) -> list[dict[str, Any]]:
    """Return the bindings as the API shows them. A secret has a name and a type only."""
    return [
        {"name": item["name"], "type": item["type"]} if item["type"] in KEPT_BY_DEFAULT else dict(item)
        for item in bindings
    ]


def resolve_bindings(metadata: Mapping[str, Any], previous: Version | None, *, strict: bool) -> tuple[Binding, ...]:
    """Return the complete new set of bindings for an upload's metadata.

    Raises RefusalError 10021 for an ill-formed binding, 10053 for a repeated name, 10054 for a variable that is too
    large, 10055 for too many of them, and 10057, if ``strict``, for an ``inherit`` of a binding that does not exist.
    """
    before = {item["name"]: item for item in previous.bindings} if previous else {}
    asked = [
        _find_inherited(item, before, strict=strict) if item.get("type") == "inherit" else _check_binding(item)
        for item in _check_list(metadata.get("bindings", []))
    ]
    bindings = [item for item in asked if item is not None]
    names = [item["name"] for item in bindings]
    for name in names:
        if names.count(name) > 1:
            raise refuse_used_name(name)
    kinds = metadata.get("keep_bindings")
    kinds = KEPT_BY_DEFAULT if kinds is None else kinds
    kept = [item for name, item in before.items() if item["type"] in kinds and name not in names]
    return check_count((*bindings, *kept))


def check_count(bindings: tuple[Binding, ...]) -> tuple[Binding, ...]:
    """Return the bindings. Raises RefusalError 10055 for more variables and secrets than a worker may have."""
    if sum(item["type"] in VARIABLES for item in bindings) > MAX_VARIABLES:
        raise RefusalError(400, 10055, f"A Worker may have at most {MAX_VARIABLES} environment variables.")
    return bindings


def refuse_used_name(name: str) -> RefusalError:
    """Return the refusal of a name that another binding has."""
    return RefusalError(400, 10053, f"Binding name '{name}' already in use. Please use a different name and try again.")


def _check_list(bindings: Any) -> list[Mapping[str, Any]]:
    if not isinstance(bindings, list) or not all(isinstance(item, dict) for item in bindings):
        raise RefusalError(400, 10021, "metadata.bindings must be a list of objects")
    return bindings


def _find_inherited(item: Mapping[str, Any], before: Mapping[str, Binding], *, strict: bool) -> Binding | None:
    name = str(item.get("name", ""))
    source = before.get(str(item.get("old_name") or name))
    if source is None and strict:
        raise RefusalError(400, 10057, f"inherit binding '{name}' is invalid: there is no such binding to inherit.")
    return None if source is None else {**source, "name": name}


def _check_binding(item: Mapping[str, Any]) -> Binding:
    name, kind = item.get("name"), item.get("type")
    if not isinstance(name, str) or not name or not isinstance(kind, str):
        raise RefusalError(400, 10021, "every binding must have a `name` and a `type`")
    fields = {SECRET: "text", "plain_text": "text", "r2_bucket": "bucket_name", "json": "json", "queue": "queue_name"}
    field = fields.get(kind)
    if kind == "queue" and not item.get("queue_name"):
        raise RefusalError(400, 10021, f"binding {name} of type queue must have a queue specified")
    if field is not None and field not in item:
        raise RefusalError(400, 10021, f"binding {name} of type {kind} must have a `{field}` specified")
    if field not in (None, "json") and not isinstance(item[str(field)], str):
        raise RefusalError(400, 10021, f"binding {name} of type {kind} must have a string as its `{field}`")
    if kind in VARIABLES:
        value = item[VARIABLES[kind]]
        if len((value if isinstance(value, str) else json.dumps(value, separators=(",", ":"))).encode()) > MAX_TEXT:
            raise RefusalError(400, 10054, "workers.api.error.text_binding_too_large")
    return dict(item)
