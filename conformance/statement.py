"""A statement about Cloudflare or the engine, its verdict, and the evidence for it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from cloudflare_client.errors import CloudflareError
from conformance.account.api import explain
from conformance.engine.stack import EngineError
from conformance.world import World

SHAPE_ERRORS = (
    LookupError,
    TypeError,
    ValueError,
    AttributeError,
)  # an unknown form of an answer


class Verdict(StrEnum):
    """The result of a probe. *Unknown* means that the probe could not look."""

    CONFIRMED = "confirmed"
    REFUTED = "refuted"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A verdict and its evidence, which holds no secret."""

    verdict: Verdict
    evidence: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """A statement, the place in this repository that relies on it, and its probe."""

    id: str
    text: str
    source: str
    probe: Callable[[World], Answer]


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """The answer to one statement."""

    id: str
    text: str
    source: str
    answer: Answer


def judge(holds: bool, evidence: str) -> Answer:
    """Return a confirmation or a refutation."""
    return Answer(verdict=Verdict.CONFIRMED if holds else Verdict.REFUTED, evidence=evidence)


def unknown(evidence: str) -> Answer:
    """Return that the probe could not look."""
    return Answer(verdict=Verdict.UNKNOWN, evidence=evidence)


def probe(statement: Statement, world: World) -> Answer:
    """Return the answer of a statement's probe. A probe that could not look is unknown."""
    try:
        return statement.probe(world)
    except CloudflareError as error:
        return unknown(explain(error))
    except EngineError as error:
        return unknown(str(error))
    except SHAPE_ERRORS as error:
        return unknown(describe_shape(error))


def describe_shape(error: Exception) -> str:
    """Return one line about an answer of another form than the documented one."""
    return f"an answer of the API has an unknown form ({type(error).__name__}: {error})"
