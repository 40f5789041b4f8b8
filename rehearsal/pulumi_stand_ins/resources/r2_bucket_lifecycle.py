"""`cloudflare.R2BucketLifecycle`: the rules of a bucket, which the API reads and writes as one list."""

from collections.abc import Mapping
from typing import Any

from rehearsal.pulumi_stand_ins.api_client import ApiClient
from rehearsal.pulumi_stand_ins.property_values import Props
from rehearsal.pulumi_stand_ins.resource import Found, RefusedByPluginError, Resource, make_bucket_headers


class R2BucketLifecycle(Resource):
    """The rules of one bucket. A destroy leaves them, and import does not exist."""

    token = "cloudflare:index/r2BucketLifecycle:R2BucketLifecycle"  # noqa: S105  # a type token is no secret
    name = "bucketName"
    inputs = ("bucketName", "accountId", "jurisdiction", "rules")
    identity = frozenset({"bucketName", "accountId", "jurisdiction"})
    kept = frozenset({"jurisdiction"})
    destroyable = False

    async def update(self, api: ApiClient, found: Found, new: Props) -> Props:  # noqa: ARG002  # all rules are sent
        """PUT all rules. The API's fields are camelCase here, as Pulumi's."""
        await api.fetch_result(
            "PUT", _path(new), json={"rules": new.get("rules", [])}, headers=make_bucket_headers(new)
        )
        return {"jurisdiction": "default", **new}

    async def read(self, api: ApiClient, found: Found) -> Found | None:
        """Read the live rules."""
        live = await api.find_result("GET", _path(found.outputs), headers=make_bucket_headers(found.outputs))
        if live is None:
            return None
        rules = {"rules": live["rules"]} if live.get("rules") or "rules" in found.outputs else {}
        return Found(id=found.id, outputs=found.outputs | rules)

    async def adopt(self, api: ApiClient, import_id: str) -> Found | None:  # noqa: ARG002  # no request is needed
        """Refuse, because the official plugin has no import of this type."""
        raise RefusedByPluginError(f'cloudflare_r2_bucket_lifecycle does not support import ("{import_id}")')

    async def delete(self, api: ApiClient, found: Found) -> None:
        """Leave the rules, because the API cannot delete them."""


def _path(props: Mapping[str, Any]) -> str:
    return f"accounts/{props['accountId']}/r2/buckets/{props['bucketName']}/lifecycle"
