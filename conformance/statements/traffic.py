"""Statements about requests to the worker itself."""

from __future__ import annotations

from cloudflare_client.http_answer import HttpAnswer
from conformance.account.worker import describe
from conformance.statement import Answer, Statement, judge, unknown
from conformance.world import World

OVERRIDES = "Cloudflare-Workers-Version-Overrides"
METADATA = {"name": "VERSION", "type": "version_metadata"}


def _override_reaches_version(world: World) -> Answer:
    world.upload(METADATA)
    world.script.switch_address(enabled=True)
    live = world.script.shares()[0][0]
    other = world.script.add_version([METADATA])
    world.script.deploy((live, 100), (other, 0))
    reached, answer = world.worker.wait(lambda answer: _version_of(answer) == live)
    if not reached:
        return unknown(f"{world.worker.url} did not serve the live version: {describe(answer)}")
    chosen, answer = world.worker.wait(
        lambda answer: _version_of(answer) == other, headers={OVERRIDES: f'{world.names.run}="{other}"'}
    )
    if answer is None or _version_of(answer) not in {live, other}:
        return unknown(f"no version answered a request with the header: {describe(answer)}")
    served = "the version at 0 %" if chosen else "the version at 100 %"
    return judge(chosen, f"a request with the header was served by {served}")


def _version_of(answer: HttpAnswer) -> object:
    return (answer.json or {}).get("version")


STATEMENTS = (
    Statement(
        id="override-header-works-on-workers-dev",
        text=f"`{OVERRIDES}` reaches a version at 0 % by the workers.dev address.",
        source="docs/decisions.md",
        probe=_override_reaches_version,
    ),
)
