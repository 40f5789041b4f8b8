"""Prepares the throw-away system of a run. Nothing in the account is made here."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from conformance.account.api import Api
from conformance.account.ledger import Ledger
from conformance.account.worker import Worker
from conformance.engine.stack import EngineError, make_stack
from conformance.names import NameRefusedError, Names
from conformance.world import CRON, World
from contract.ace_key import make_fake_key
from toolchain import engine

LEDGER = "made.json"  # in the run's folder
UNREACHABLE = "https://ace.invalid"  # no host can have this name, so the worker copies nothing
SITE = "ses_falls_city"  # which is never asked for
DAY = "2024-12-10"


def make_world(api: Api, names: Names, *, environment: Mapping[str, str], worker_url: str | None) -> World:
    """Return the system of a run, with a folder of its own. Raises NameRefusedError, EngineError, CloudflareError."""
    try:
        found = engine.find()
    except engine.EngineError as error:
        raise EngineError(str(error)) from None
    if found is None:
        raise EngineError("the Pulumi engine is missing. Run scripts/setup")
    address: dict[str, Any] = {"workerUrl": worker_url}
    if worker_url is None:
        subdomain = api.read("workers/subdomain")["subdomain"]
        address = {"workersSubdomain": subdomain}
        worker_url = f"https://{names.run}.{subdomain}.workers.dev"
    folder = _make_folder(names)
    ledger = Ledger(file=folder / LEDGER, account=api.account_id)
    try:
        stack = make_stack(
            name=names.run,
            folder=folder,
            given=environment,
            engine=found,
            token=environment["CLOUDFLARE_API_TOKEN"],
            base_url=api.base_url,
            key=make_fake_key(now=datetime.now(tz=UTC)),
        )
        ledger.write()
    except OSError as error:
        shutil.rmtree(folder, ignore_errors=True)
        raise EngineError(f"{folder} cannot be filled ({error.strerror}). Set TMPDIR") from None
    stack.settings = _make_settings(api.account_id, names) | address
    return World(api=api, worker=Worker(url=worker_url), stack=stack, names=names, ledger=ledger)


def _make_folder(names: Names) -> Path:
    """Make the folder of the stack. One that exists belongs to a run that did not end, or is still going on."""
    folder = Path(tempfile.gettempdir(), names.run)
    try:
        folder.mkdir(mode=0o700)
    except FileExistsError:
        raise NameRefusedError(
            f"the stack {names.run} exists ({folder}), so nothing was changed. Choose another --name. If its run has "
            f"ended, run: scripts/conformance --clean-up --name {names.run}"
        ) from None
    except OSError as error:
        raise NameRefusedError(f"{folder} cannot be made ({error.strerror}). Set TMPDIR") from None
    return folder


def _make_settings(account_id: str, names: Names) -> dict[str, Any]:
    return {
        "accountId": account_id,
        "workerName": names.run,
        "bucket": names.run,
        "schedule": CRON,
        "aceBaseUrl": UNREACHABLE,
        "sites": [{"name": SITE, "startDate": DAY, "endDate": DAY}],
        "adopt": False,
    }
