"""`cloudflare.WorkersScript`: one module with bindings and annotations, uploaded as one multipart request."""

import hashlib
import json
from collections.abc import Mapping
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import Any, ClassVar

import httpx
from pulumi.runtime.rpc import UNKNOWN

from rehearsal.pulumi_stand_ins.api_client import ApiClient
from rehearsal.pulumi_stand_ins.property_values import Props, drop_none, to_camel, to_snake
from rehearsal.pulumi_stand_ins.resource import Found, RefusedByPluginError, Resource, make_script_path, split_import_id
from rehearsal.pulumi_stand_ins.script_read import merge_settings

_METADATA = ("bindings", "bodyPart", "compatibilityDate", "compatibilityFlags", "keepAssets", "keepBindings", "limits",
             "logpush", "mainModule", "migrations", "observability", "placement", "tailConsumers",
             "usageModel")  # fmt: skip
_DEFAULTS = {"logpush": False, "usageModel": "standard"}  # the official plugin always sends them


class WorkersScript(Resource):
    """A worker's script. Any change, except of name or account, uploads the script and all bindings again."""

    token = "cloudflare:index/workersScript:WorkersScript"  # noqa: S105  # a type token is no secret
    inputs = ("scriptName", "accountId", "annotations", "assets", "content", "contentFile", "contentSha256",
              "contentType", *_METADATA)  # fmt: skip
    identity = frozenset({"scriptName", "accountId"})
    kept = frozenset({"annotations", "bindings", "compatibilityDate", "compatibilityFlags"})
    left_to_api = ("compatibilityFlags", "placement", "tailConsumers")
    computed: ClassVar[tuple[str, ...]] = (
        "createdOn", "etag", "handlers", "hasAssets", "hasModules", "lastDeployedFrom", "migrationTag", "modifiedOn",
        "namedHandlers", "placementMode", "placementStatus", "startupTimeMs",
    )  # fmt: skip

    def check(self, new: Mapping[str, Any]) -> dict[str, str]:
        """Check the account, and that content_file has the digest content_sha256."""
        invalid = super().check(new)
        file, digest = new.get("contentFile"), new.get("contentSha256")
        if file is None or UNKNOWN in {file, digest}:
            return invalid
        if digest is None:
            return invalid | {"contentSha256": 'The argument "content_sha256" is required with "content_file"'}
        try:
            found = hashlib.sha256(Path(file).read_bytes()).hexdigest()
        except OSError as error:
            return invalid | {"contentFile": f"failed to read file: {error.strerror}: {file}"}
        differs = f'The content_sha256 "{digest}" does not match the SHA-256 of {file}, "{found}"'
        return invalid if found == digest else invalid | {"contentSha256": differs}

    def list_unknown(self, new: Mapping[str, Any]) -> list[str]:
        """Add the annotations, because the API adds one to them."""
        return [*super().list_unknown(new), "annotations"]

    def find_changes(self, old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
        """Compare also the defaults of the official plugin. An undeclared setting differs from a live one."""
        state = {**_DEFAULTS, **old}
        if "tailConsumers" not in new and not state.get("tailConsumers"):
            state.pop("tailConsumers", None)
        return super().find_changes(state, {**_DEFAULTS, **new})

    async def update(self, api: ApiClient, found: Found, new: Props) -> Props:
        """PUT the script with all its bindings. An existing script of that name is replaced."""
        module = new.get("mainModule") or new.get("bodyPart") or "script"
        kind = new.get("contentType") or (
            "application/javascript+module" if "mainModule" in new else "application/javascript"
        )
        metadata = json.dumps(_make_metadata(new))
        parts = [(module, (module, _read_content(new), kind)), ("metadata", (None, metadata, "application/json"))]
        result = await api.fetch_result("PUT", make_script_path(new), files=parts)
        kept = {key: found.outputs[key] for key in self.kept if key in found.outputs}
        return {**kept, **_DEFAULTS, **new, **_select_computed(self.computed, result)}

    async def delete(self, api: ApiClient, found: Found) -> None:
        """DELETE the script. A missing script is an error, as in the official plugin."""
        await api.fetch_result("DELETE", make_script_path(found.outputs))

    async def read(self, api: ApiClient, found: Found) -> Found | None:
        """Read computed fields, the digest of the content, settings, missing secrets, and added bindings."""
        live = await _read_live(api, found.outputs)
        if live is None:
            return None
        service, settings, content = live
        outputs = merge_settings(found.outputs, settings) | _select_computed(self.computed, service)
        if "contentSha256" in outputs:
            outputs["contentSha256"] = hashlib.sha256(content).hexdigest()
        if "contentFile" not in outputs:
            outputs["content"] = content.decode(errors="replace")
        return Found(id=found.id, outputs=outputs)

    async def adopt(self, api: ApiClient, import_id: str) -> Found | None:
        """Return the live script with its code and every binding that the API shows, except secrets."""
        account, name = split_import_id(import_id, "<account_id>/<script_name>")
        props: Props = {"accountId": account, "scriptName": name}
        await api.fetch("GET", make_script_path(props))
        return await self.read(api, Found(id=name, outputs=props))


def _make_metadata(new: Mapping[str, Any]) -> Props:
    given = {key: new[key] for key in _METADATA if key in new}
    metadata: Props = to_snake({**_DEFAULTS, **given})
    annotations = new.get("annotations", {})
    shown = {"workers/message": annotations.get("workersMessage"), "workers/tag": annotations.get("workersTag")}
    return drop_none({**metadata, "annotations": shown}) if annotations else metadata


def _read_content(new: Mapping[str, Any]) -> bytes:
    if "contentFile" not in new:
        return str(new.get("content", "")).encode()
    try:
        return Path(new["contentFile"]).read_bytes()
    except OSError as error:
        raise RefusedByPluginError(f"failed to read file: {error.strerror}: {new['contentFile']}") from error


def _select_computed(names: tuple[str, ...], shown: Mapping[str, Any]) -> Props:
    renamed = {to_camel(key): value for key, value in drop_none(shown).items()}
    return {name: renamed[name] for name in names if name in renamed}


async def _read_live(api: ApiClient, props: Props) -> tuple[Props, Props, bytes] | None:
    """Return script, settings and content by the three requests of the official Read, None for a missing script."""
    service = await api.find_result("GET", f"accounts/{props['accountId']}/workers/services/{props['scriptName']}")
    settings = await api.find_result("GET", make_script_path(props, "/settings")) if service is not None else None
    if settings is None:
        return None
    if "placement" not in settings:
        raise RefusedByPluginError(
            f'the settings of {props["scriptName"]} have no "placement", and the official plugin panics without it'
        )
    return (
        service["default_environment"]["script"],
        settings,
        _extract_first_module(await api.fetch("GET", make_script_path(props, "/content/v2"))),
    )


def _extract_first_module(answer: httpx.Response) -> bytes:
    kind = answer.headers.get("content-type", "")
    if not kind.startswith("multipart/"):
        return answer.content
    message: Message = BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + answer.content)
    first = message.get_payload(0)
    body = first.get_payload(decode=True) if isinstance(first, Message) else b""
    return body if isinstance(body, bytes) else b""
