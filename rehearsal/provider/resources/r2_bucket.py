"""`cloudflare.R2Bucket`."""

from collections.abc import Mapping
from typing import Any

from rehearsal.provider.api import Api
from rehearsal.provider.resource import Found, Resource, import_parts
from rehearsal.provider.values import Props, without_none


class R2Bucket(Resource):
    """A bucket; everything but its storage class is its identity."""

    token = "cloudflare:index/r2Bucket:R2Bucket"  # noqa: S105  # a type token is no secret
    inputs = ("name", "accountId", "jurisdiction", "location", "storageClass")
    identity = frozenset({"name", "accountId", "jurisdiction", "location"})
    kept = frozenset({"jurisdiction", "location", "storageClass"})
    computed = ("creationDate",)

    async def create(self, api: Api, new: Props) -> Found:
        """POST the bucket; one that exists is refused with 10004."""
        body = {"name": new["name"], "locationHint": new.get("location"), "storageClass": new.get("storageClass")}
        told = await api.result("POST", _path(new), json=without_none(body), headers=_headers(new))
        return Found(id=new["name"], outputs=_outputs(new, told))

    async def update(self, api: Api, found: Found, new: Props) -> Props:
        """PATCH the storage class, which travels in a header."""
        headers = _headers(new) | {"cf-r2-storage-class": new.get("storageClass", "Standard")}
        told = await api.result("PATCH", _path(new, found.id), headers=headers)
        return _outputs({**found.outputs, **new}, told or {})

    async def read(self, api: Api, found: Found) -> Found | None:
        """See everything, and that it is gone."""
        told = await api.found("GET", _path(found.outputs, found.id), headers=_headers(found.outputs))
        return None if told is None else Found(id=found.id, outputs=_outputs(found.outputs, told))

    async def adopt(self, api: Api, import_id: str) -> Found | None:
        """Return an existing bucket."""
        account, name, jurisdiction = import_parts(import_id, "<account_id>/<bucket_name>/<jurisdiction>")
        props: Props = {"accountId": account, "name": name, "jurisdiction": jurisdiction}
        return await self.read(api, Found(id=name, outputs=props))

    async def delete(self, api: Api, found: Found) -> None:
        """DELETE the bucket; that it is gone already, or holds objects, is an error."""
        await api.result("DELETE", _path(found.outputs, found.id), headers=_headers(found.outputs))


def _path(props: Mapping[str, Any], name: str = "") -> str:
    return f"accounts/{props['accountId']}/r2/buckets" + (f"/{name}" if name else "")


def _headers(props: Mapping[str, Any]) -> dict[str, str]:
    return {"cf-r2-jurisdiction": props.get("jurisdiction", "default")}


def _outputs(props: Mapping[str, Any], told: Mapping[str, Any]) -> Props:
    """Join what was asked for with what is; a location's case is no difference (the API answers in capitals)."""
    names = {"creation_date": "creationDate", "storage_class": "storageClass", "location": "location"}
    live = {ours: told[theirs] for theirs, ours in names.items() if told.get(theirs) is not None}
    asked = str(props.get("location", ""))
    if asked.lower() == str(live.get("location", "")).lower():
        live.pop("location", None)
    return {"jurisdiction": "default", "storageClass": "Standard", **props, **live}
