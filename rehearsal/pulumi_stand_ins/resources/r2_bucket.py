"""`cloudflare.R2Bucket`."""

from collections.abc import Mapping
from typing import Any

from rehearsal.pulumi_stand_ins.api_client import ApiClient
from rehearsal.pulumi_stand_ins.property_values import Props, drop_none
from rehearsal.pulumi_stand_ins.resource import Found, Resource, make_bucket_headers, split_import_id


class R2Bucket(Resource):
    """A bucket. Only its storage class can change without a replacement."""

    token = "cloudflare:index/r2Bucket:R2Bucket"  # noqa: S105  # a type token is no secret
    inputs = ("name", "accountId", "jurisdiction", "location", "storageClass")
    identity = frozenset({"name", "accountId", "jurisdiction", "location"})
    kept = frozenset({"jurisdiction", "location", "storageClass"})
    computed = ("creationDate",)

    async def create(self, api: ApiClient, new: Props) -> Found:
        """POST the bucket. An existing bucket is refused with 10004."""
        body = {"name": new["name"], "locationHint": new.get("location"), "storageClass": _read_class(new)}
        shown = await api.fetch_result("POST", _path(new), json=drop_none(body), headers=make_bucket_headers(new))
        return Found(id=new["name"], outputs=_outputs(new, shown))

    async def update(self, api: ApiClient, found: Found, new: Props) -> Props:
        """PATCH the storage class, which is in a header."""
        headers = make_bucket_headers(new) | {"cf-r2-storage-class": _read_class(new)}
        shown = await api.fetch_result("PATCH", _path(new, found.id), headers=headers)
        return _outputs({**found.outputs, **new}, shown or {})

    async def read(self, api: ApiClient, found: Found) -> Found | None:
        """Read all properties."""
        shown = await api.find_result("GET", _path(found.outputs, found.id), headers=make_bucket_headers(found.outputs))
        return None if shown is None else Found(id=found.id, outputs=_outputs(found.outputs, shown))

    async def adopt(self, api: ApiClient, import_id: str) -> Found | None:
        """Return an existing bucket."""
        account, name, jurisdiction = split_import_id(import_id, "<account_id>/<bucket_name>/<jurisdiction>")
        props: Props = {"accountId": account, "name": name, "jurisdiction": jurisdiction}
        return await self.read(api, Found(id=name, outputs=props))

    async def delete(self, api: ApiClient, found: Found) -> None:
        """DELETE the bucket. A missing bucket and a bucket with objects are errors."""
        await api.fetch_result("DELETE", _path(found.outputs, found.id), headers=make_bucket_headers(found.outputs))


def _read_class(props: Mapping[str, Any]) -> str:
    return str(props.get("storageClass", "Standard"))  # the official plugin sends its default


def _path(props: Mapping[str, Any], name: str = "") -> str:
    return f"accounts/{props['accountId']}/r2/buckets" + (f"/{name}" if name else "")


def _outputs(props: Mapping[str, Any], shown: Mapping[str, Any]) -> Props:
    """Merge inputs and live values. Ignores the case of the location, because the API answers in capitals."""
    names = {"creation_date": "creationDate", "storage_class": "storageClass", "location": "location"}
    live = {ours: shown[theirs] for theirs, ours in names.items() if shown.get(theirs) is not None}
    asked = str(props.get("location", ""))
    if asked.lower() == str(live.get("location", "")).lower():
        live.pop("location", None)
    return {"jurisdiction": "default", "storageClass": "Standard", **props, **live}
