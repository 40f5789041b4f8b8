"""The statements of a run, in their order: the API alone, then the program with the engine."""

from __future__ import annotations

from conformance.statements import adoption, answers, traffic, uploads
from conformance.statements.matrix import BATCHES

API = (*answers.STATEMENTS, *uploads.STATEMENTS, *traffic.STATEMENTS)
ENGINE = adoption.STATEMENTS
DRIFT = BATCHES
