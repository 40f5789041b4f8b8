"""One run: refuses names that exist, probes every statement, deletes what it made, and returns the transcript."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from cloudflare_client.client import script_path
from cloudflare_client.errors import AbsentError, ApiRefusedError, CloudflareError
from conformance import statements
from conformance.account import queues
from conformance.account.api import Api, explain
from conformance.account.clean_up import Left, clean_up
from conformance.names import NameRefusedError, Names
from conformance.statement import Answer, Result, Statement, Verdict, probe, unknown
from conformance.statements.drift import Row, probe_batch
from conformance.transcript import Transcript
from conformance.world import World

DRIFT_PAGE = "docs/drift.md"
MASK = "[secret]"
Show = Callable[[Result], None]


class Interrupted(BaseException):
    """A signal ends the run. It is no Exception, so that no probe takes it for a failure of its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """The statements of a run, in their order."""

    api: Sequence[Statement] = statements.API
    engine: Sequence[Statement] = statements.ENGINE
    drift: Sequence[Sequence[Row]] = statements.DRIFT

    def list_all(self) -> Iterator[Result]:
        """Yield every statement as a result that was not reached."""
        nothing = unknown("the run ended before")
        for item in (*self.api, *self.engine):
            yield Result(id=item.id, text=item.text, source=item.source, answer=nothing)
        for row in (row for batch in self.drift for row in batch):
            yield Result(id=row.id, text=row.text, source=DRIFT_PAGE, answer=nothing)


def refuse_existing_names(api: Api, names: Names) -> None:
    """Raise NameRefusedError for a worker, bucket, queue or database that exists. Raises CloudflareError."""
    paths = [("worker", names.run, f"{script_path(names.run)}/settings")]
    paths += [("bucket", name, f"r2/buckets/{name}") for name in names.buckets]
    for kind, name, path in paths:
        try:
            api.read(path)
        except AbsentError:
            continue
        raise NameRefusedError(f"the {kind} {name} exists, so nothing was changed. Choose another --name")
    for queue in queues.list_queues(api, names.run):
        name = queue["queue_name"]
        raise NameRefusedError(f"the queue {name} exists, so nothing was changed. Choose another --name")
    try:
        found = [item["name"] for item in api.read("d1/database", name=names.run)]
    except ApiRefusedError as error:
        if not error.is_unauthorised:
            raise
        return  # D1 is one statement, which says that the token lacks the permission
    if names.run in found:
        raise NameRefusedError(f"the database {names.run} exists, so nothing was changed. Choose another --name")


def run(
    world: World,
    *,
    now: datetime,
    versions: dict[str, str],
    show: Show,
    plan: Plan | None = None,
    begin_clean_up: Callable[[], None] = lambda: None,
) -> Transcript:
    """Probe every statement and return the transcript. Everything that was made is deleted, also after a failure.

    ``show`` gets each result at once. ``begin_clean_up`` is called before the deletion, which no signal may end.
    """
    plan = Plan() if plan is None else plan
    results = {result.id: result for result in plan.list_all()}
    left: list[Left] = []

    def tell(name: str, answer: Answer) -> None:
        masked = replace(answer, evidence=_mask(answer.evidence, world.secrets))
        results[name] = replace(results[name], answer=masked)
        show(results[name])

    try:
        world.make_bucket(world.names.run)
        _probe_all(world, plan, tell)
    except (CloudflareError, Interrupted) as error:
        reason = explain(error) if isinstance(error, CloudflareError) else str(error)
        answer = unknown(f"the run ended before: {_mask(reason, world.secrets)}")
        results = {
            name: replace(result, answer=answer) if _is_open(result) else result for name, result in results.items()
        }
    finally:
        begin_clean_up()
        left = clean_up(world.api, world.ledger)
    return Transcript(
        name=world.names.run,
        at=now,
        versions=versions,
        results=tuple(results.values()),
        left=left,
        requests=world.api.requests,
    )


def _probe_all(world: World, plan: Plan, tell: Callable[[str, Answer], None]) -> None:
    for statement in plan.api:
        tell(statement.id, probe(statement, world))
    stopped: str | None = None
    for statement in plan.engine:
        answer = probe(statement, world) if stopped is None else unknown(stopped)
        tell(statement.id, answer)
        stopped = stopped or _stop(statement.id, answer)
    for batch in plan.drift:
        found = probe_batch(batch, world) if stopped is None else [unknown(stopped) for _ in batch]
        for row, answer in zip(batch, found, strict=True):
            tell(row.id, answer)
            stopped = stopped or _stop(row.id, answer)


def _stop(name: str, answer: Answer) -> str | None:
    """Return the reason not to go on with the engine. The next statements start from the end of this one."""
    return f"not reached, because {name} is unknown" if answer.verdict is Verdict.UNKNOWN else None


def _is_open(result: Result) -> bool:
    return result.answer == unknown("the run ended before")


def _mask(text: str, secrets: Sequence[str]) -> str:
    for secret in secrets:
        text = text.replace(secret, MASK)
    return text
