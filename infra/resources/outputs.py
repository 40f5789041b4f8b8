"""The outputs of the stack: the addresses and the bucket in clear, the token and the manifest as secrets."""

from __future__ import annotations

import json

import pulumi

from contract.manifest import Manifest
from contract.operator_token import derive_operator_token


def list_outputs(manifest: Manifest, *, key: str) -> dict[str, pulumi.Input[str]]:
    """Return the outputs by their names.

    The manifest holds no secret. It is marked as one because the engine prints other JSON as 60 lines after each
    update, and a secret as one word. A preview with ``--diff`` shows it as the input of a component.
    """
    query = manifest.siblings.query_url
    return {
        "url": manifest.worker.url,
        "bucket": manifest.storage.bucket,
        **({} if query is None else {"queryUrl": query}),
        "operatorToken": pulumi.Output.secret(derive_operator_token(key)),
        "manifest": pulumi.Output.secret(json.dumps(manifest.to_dict())),
    }
