"""`cloudflare.WorkersScript`: one module, its bindings and its annotations, uploaded as one multipart request."""

import hashlib
import json
from collections.abc import Mapping
from email.message import Message
from email.parser import BytesParser
from pathlib import Path
from typing import Any, ClassVar

import httpx

from rehearsal.provider.api import Api
from rehearsal.provider.resource import Found, RefusedError, Resource, import_parts
from rehearsal.provider.values import UNKNOWN, Props, camel, snake, without_none

_METADATA = ("bindings", "bodyPart", "compatibilityDate", "compatibilityFlags", "keepAssets", "keepBindings", "limits",
             "logpush", "mainModule", "migrations", "observability", "placement", "tailConsumers",
             "usageModel")  # fmt: skip


class WorkersScript(Resource):
    """A worker's script; a change of anything but its name or account uploads script and all bindings again."""

    token = "cloudflare:index/workersScript:WorkersScript"  # noqa: S105  # a type token is no secret
    inputs = ("scriptName", "accountId", "annotations", "assets", "content", "contentFile", "contentSha256",
              "contentType", *_METADATA)  # fmt: skip
    identity = frozenset({"scriptName", "accountId"})
    kept = frozenset({"annotations", "bindings", "compatibilityDate", "compatibilityFlags", "limits", "logpush",
                      "observability", "placement", "tailConsumers", "usageModel"})  # fmt: skip
    computed: ClassVar[tuple[str, ...]] = (
        "createdOn", "etag", "handlers", "hasAssets", "hasModules", "lastDeployedFrom", "migrationTag", "modifiedOn",
        "namedHandlers", "placementMode", "placementStatus", "startupTimeMs",
    )  # fmt: skip

    def check(self, new: Mapping[str, Any]) -> dict[str, str]:
        """Besides the account: content_file needs content_sha256, and the file must have that digest."""
        wrong = super().check(new)
        file, digest = new.get("contentFile"), new.get("contentSha256")
        if file is None or UNKNOWN in {file, digest}:
            return wrong
        if digest is None:
            return wrong | {"contentSha256": 'The argument "content_sha256" is required with "content_file"'}
        try:
            actual = hashlib.sha256(Path(file).read_bytes()).hexdigest()
        except OSError as error:
            return wrong | {"contentFile": f"failed to read file: {error.strerror}: {file}"}
        differs = f'The content_sha256 "{digest}" does not match the SHA-256 of {file}, "{actual}"'
        return wrong if actual == digest else wrong | {"contentSha256": differs}

    async def create(self, api: Api, new: Props) -> Found:
        """PUT the script, whether or not one of that name exists."""
        return Found(id=new["scriptName"], outputs=await self._upload(api, {}, new))

    async def update(self, api: Api, found: Found, new: Props) -> Props:
        """PUT the script again, with all its bindings."""
        return await self._upload(api, found.outputs, new)

    async def delete(self, api: Api, found: Found) -> None:
        """DELETE the script; that one is gone already is an error, as officially."""
        await api.result("DELETE", _path(found.outputs))

    async def read(self, api: Api, found: Found) -> Found | None:
        """See what moved: computed fields, the content's digest, and secrets that are gone; nothing else."""
        live = await _live(api, found.outputs)
        if live is None:
            return None
        service, settings, content = live
        outputs = {**found.outputs, **_computed(self.computed, service)}
        if "contentSha256" in outputs:
            outputs["contentSha256"] = hashlib.sha256(content).hexdigest()
        elif "content" in outputs:
            outputs["content"] = content.decode(errors="replace")
        if "bindings" in outputs:
            names = {binding["name"] for binding in settings.get("bindings", [])}
            outputs["bindings"] = [each for each in outputs["bindings"] if not _is_gone(each, names)]
        return Found(id=found.id, outputs=outputs)

    async def adopt(self, api: Api, import_id: str) -> Found | None:
        """Return the live script with every binding that the API tells; a secret's text it never tells."""
        account, name = import_parts(import_id, "<account_id>/<script_name>")
        props: Props = {"accountId": account, "scriptName": name}
        await api.answer("GET", _path(props))
        live = await _live(api, props)
        if live is None:
            return None
        service, settings, content = live
        told = {camel(key): value for key, value in without_none(settings).items()}
        props |= {key: told[key] for key in ("compatibilityDate", "compatibilityFlags", "usageModel") if key in told}
        bindings = [{camel(key): value for key, value in each.items()} for each in settings.get("bindings", [])]
        props |= {"bindings": without_none(bindings), "content": content.decode(errors="replace")}
        return Found(id=name, outputs=props | _computed(self.computed, service))

    async def _upload(self, api: Api, old: Mapping[str, Any], new: Props) -> Props:
        module = new.get("mainModule") or new.get("bodyPart") or "script"
        kind = new.get("contentType") or (
            "application/javascript+module" if "mainModule" in new else "application/javascript"
        )
        metadata = json.dumps(_metadata(new))
        parts = [(module, (module, _content(new), kind)), ("metadata", (None, metadata, "application/json"))]
        result = await api.result("PUT", _path(new), files=parts)
        kept = {key: old[key] for key in self.kept if key in old}
        return {**kept, "logpush": False, **new, **_computed(self.computed, result)}


def _path(props: Mapping[str, Any], below: str = "") -> str:
    return f"accounts/{props['accountId']}/workers/scripts/{props['scriptName']}{below}"


def _metadata(new: Mapping[str, Any]) -> Props:
    metadata: Props = snake({key: new[key] for key in _METADATA if key in new})
    annotations = new.get("annotations", {})
    told = {"workers/message": annotations.get("workersMessage"), "workers/tag": annotations.get("workersTag")}
    return without_none({**metadata, "annotations": told}) if annotations else metadata


def _content(new: Mapping[str, Any]) -> bytes:
    if "contentFile" not in new:
        return str(new.get("content", "")).encode()
    try:
        return Path(new["contentFile"]).read_bytes()
    except OSError as error:
        raise RefusedError(f"failed to read file: {error.strerror}: {new['contentFile']}") from error


def _computed(names: tuple[str, ...], told: Mapping[str, Any]) -> Props:
    renamed = {camel(key): value for key, value in without_none(told).items()}
    return {name: renamed[name] for name in names if name in renamed}


def _is_gone(binding: Mapping[str, Any], names: set[str]) -> bool:
    return binding.get("type") == "secret_text" and binding["name"] not in names


async def _live(api: Api, props: Props) -> tuple[Props, Props, bytes] | None:
    """Return script, settings and content, by the three requests of the official plugin's Read; None when gone."""
    service = await api.found("GET", f"accounts/{props['accountId']}/workers/services/{props['scriptName']}")
    settings = await api.found("GET", _path(props, "/settings")) if service is not None else None
    if settings is None:
        return None
    if "placement" not in settings:
        raise RefusedError(
            f'the settings of {props["scriptName"]} hold no "placement", on which the official plugin panics'
        )
    return (
        service["default_environment"]["script"],
        settings,
        _first_module(await api.answer("GET", _path(props, "/content/v2"))),
    )


def _first_module(answer: httpx.Response) -> bytes:
    kind = answer.headers.get("content-type", "")
    if not kind.startswith("multipart/"):
        return answer.content
    message: Message = BytesParser().parsebytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + answer.content)
    first = message.get_payload(0)
    body = first.get_payload(decode=True) if isinstance(first, Message) else b""
    return body if isinstance(body, bytes) else b""
