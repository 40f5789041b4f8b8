"""The throw-away system of a run: its account, worker, stack and names. A probe gets it."""

from __future__ import annotations

import contextlib
import secrets
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any
from urllib.parse import quote

from cloudflare_client.errors import AbsentError, ApiRefusedError, CloudflareError
from conformance.account import queues
from conformance.account.api import Api
from conformance.account.clean_up import delete_bucket
from conformance.account.ledger import BUCKET, DATABASE, OBJECT, WORKER, Ledger, Thing
from conformance.account.script import Binding, Script
from conformance.account.worker import Worker
from conformance.engine.stack import Stack
from conformance.names import Names
from contract.ace_key import make_fake_key
from contract.operator_token import derive_operator_token

KEY = "ACE_API_KEY"
BUCKET_EXISTS = 10004
# As infra/declarations/script_settings.py declares them.
LIMITS = {"cpu_ms": 300_000}
OBSERVABILITY = {
    "enabled": True,
    "head_sampling_rate": 1,
    "logs": {"enabled": True, "head_sampling_rate": 1, "invocation_logs": True, "persist": True},
    "traces": {"enabled": False, "head_sampling_rate": 1, "persist": True},
}
CRON, OTHER_CRON = "0 0 1 1 *", "30 4 2 1 *"  # once a year, so that none fires during a run


@dataclass(slots=True, kw_only=True)
class World:
    """Everything that a probe may use. ``canary`` is a value that no answer of the API may show."""

    api: Api
    worker: Worker
    stack: Stack
    names: Names
    ledger: Ledger
    former_keys: list[str] = field(default_factory=list)
    canary: str = field(default_factory=lambda: f"canary{secrets.token_hex(12)}")

    @property
    def script(self) -> Script:
        """Return the throw-away worker."""
        return Script(api=self.api, name=self.names.run)

    @property
    def secret(self) -> Binding:
        """Return a secret that no program declares."""
        return {"name": "CANARY", "type": "secret_text", "text": self.canary}

    @property
    def secrets(self) -> list[str]:
        """Return every text that no transcript may show."""
        keys = [self.stack.environment[KEY], *self.former_keys]
        names = ("CLOUDFLARE_API_TOKEN", "PULUMI_CONFIG_PASSPHRASE")
        return [
            self.canary,
            *keys,
            *map(derive_operator_token, keys),
            *(self.stack.environment[name] for name in names),
        ]

    def upload(self, *bindings: Binding, **metadata: Any) -> None:
        """Upload the throw-away worker with exactly these bindings."""
        self.ledger.record(WORKER, self.names.run)
        self.script.upload(bindings, **metadata)

    def delete_worker(self) -> None:
        """Delete the worker. It stays recorded, because an upload makes it again. Its queues stay."""
        queues.remove_consumers(self.api, self.names.run)
        with contextlib.suppress(AbsentError):
            self.api.call("DELETE", self.script.path)

    def make_bucket(self, name: str) -> None:
        """Create a bucket. A bucket that exists by then is not recorded, because another program made it."""
        thing = Thing(kind=BUCKET, name=name)
        known = thing in self.ledger.things
        self.ledger.record(BUCKET, name)
        try:
            self.api.call("POST", "r2/buckets", json={"name": name})
        except ApiRefusedError as error:
            if BUCKET_EXISTS in error.codes and not known:
                self.ledger.forget(thing)
            raise

    def delete_bucket(self, name: str) -> None:
        """Delete a bucket of this run. It stays recorded, because an update creates it again."""
        reason = delete_bucket(self.api, name)
        if reason is not None:
            raise CloudflareError(f"bucket {name} was not deleted: {reason}")

    def make_database(self) -> str:
        """Create a D1 database and return its id."""
        self.ledger.record(DATABASE, self.names.run)
        return str(self.api.call("POST", "d1/database", json={"name": self.names.run})["uuid"])

    def put_object(self, key: str) -> None:
        """Store an object in the bucket."""
        self.ledger.record(OBJECT, key, self.names.run)
        self.api.call("PUT", self._object_path(key), content=b"written by the conformance run")

    def has_object(self, key: str) -> bool:
        """Return whether the bucket has an object."""
        found = self.api.read(f"r2/buckets/{self.names.run}/objects", prefix=key)
        return any(item["key"] == key for item in found)

    def delete_object(self, key: str) -> None:
        """Remove a key that this run wrote."""
        self.api.call("DELETE", self._object_path(key))
        self.ledger.forget(Thing(kind=OBJECT, name=key, place=self.names.run))

    def declare_new_key(self) -> None:
        """Declare another fake key, as a rotation does."""
        self.former_keys.append(self.stack.environment[KEY])
        self.stack.environment[KEY] = make_fake_key(now=datetime.now(tz=UTC))

    def operator_headers(self, key: str | None = None) -> dict[str, str]:
        """Return the headers of an operator's request, by the declared key or another one."""
        token = derive_operator_token(self.stack.environment[KEY] if key is None else key)
        return {"Authorization": f"Bearer {token}"}

    def _object_path(self, key: str) -> str:
        return f"r2/buckets/{self.names.run}/objects/{quote(key)}"
