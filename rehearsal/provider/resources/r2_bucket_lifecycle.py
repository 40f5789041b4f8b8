"""`cloudflare.R2BucketLifecycle`: a bucket's rules, which the API takes and gives whole."""

from collections.abc import Mapping
from typing import Any

from rehearsal.provider.api import Api
from rehearsal.provider.resource import Found, RefusedError, Resource
from rehearsal.provider.values import Props


class R2BucketLifecycle(Resource):
    """The rules of one bucket; a destroy leaves them, and there is no import."""

    token = "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle"  # noqa: S105  # a type token is no secret
    inputs = ("bucketName", "accountId", "jurisdiction", "rules")
    identity = frozenset({"bucketName", "accountId", "jurisdiction"})
    kept = frozenset({"jurisdiction"})
    destroyable = False

    async def create(self, api: Api, new: Props) -> Found:
        """PUT all rules."""
        return Found(id=new["bucketName"], outputs=await self.update(api, Found(id="", outputs={}), new))

    async def update(self, api: Api, found: Found, new: Props) -> Props:  # noqa: ARG002  # it is sent whole
        """PUT all rules again; the API's fields are camelCase here, as Pulumi's."""
        await api.result("PUT", _path(new), json={"rules": new.get("rules", [])}, headers=_headers(new))
        return {"jurisdiction": "default", **new}

    async def read(self, api: Api, found: Found) -> Found | None:
        """See the rules as they are."""
        live = await api.found("GET", _path(found.outputs), headers=_headers(found.outputs))
        if live is None:
            return None
        rules = {"rules": live["rules"]} if live.get("rules") or "rules" in found.outputs else {}
        return Found(id=found.id, outputs=found.outputs | rules)

    async def adopt(self, api: Api, import_id: str) -> Found | None:  # noqa: ARG002  # there is nothing to ask
        """Refuse: the official plugin has no import for it."""
        raise RefusedError(f'cloudflare_r2_bucket_lifecycle does not support import ("{import_id}")')

    async def delete(self, api: Api, found: Found) -> None:
        """Leave the rules: the API has no such request."""


def _path(props: Mapping[str, Any]) -> str:
    return f"accounts/{props['accountId']}/r2/buckets/{props['bucketName']}/lifecycle"


def _headers(props: Mapping[str, Any]) -> dict[str, str]:
    return {"cf-r2-jurisdiction": props.get("jurisdiction", "default")}
