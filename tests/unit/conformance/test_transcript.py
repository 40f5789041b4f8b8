"""The transcript: its exit code, and its two forms."""

import json
import re

import pytest

from conformance.account.clean_up import Left
from conformance.account.ledger import Thing
from conformance.statement import Answer, Result, Verdict
from conformance.transcript import Transcript
from tests.fakes.manifest import NOW

C, R, U = Verdict.CONFIRMED, Verdict.REFUTED, Verdict.UNKNOWN
LEFT = Left(thing=Thing(kind="worker", name="w"), reason="the API refused")


def transcript(*verdicts, left=(), evidence="a | b\nc"):
    results = [
        Result(
            id=f"s{number}", text="A holds.", source="docs/drift.md", answer=Answer(verdict=verdict, evidence=evidence)
        )
        for number, verdict in enumerate(verdicts)
    ]
    return Transcript(
        name="bv-conformance-a", at=NOW, versions={"engine": "v3"}, results=results, left=list(left), requests=7
    )


@pytest.mark.parametrize(
    ("verdicts", "left", "code"),
    [
        ([C, C], [], 0),
        ([C, R, U], [], 1),
        ([C, U], [], 3),
        ([C], [LEFT], 3),
        ([R], [LEFT], 1),
        ([], [], 3),
    ],
)
def test_a_refuted_statement_outranks_an_unknown_one_and_a_thing_that_is_left(verdicts, left, code):
    found = transcript(*verdicts, left=left)
    assert (found.code, json.loads(found.to_json())["exit_code"]) == (code, code)


def test_json_has_every_statement_with_its_verdict_and_evidence():
    data = json.loads(transcript(C, R, left=[LEFT]).to_json())
    assert data["at"] == "2024-12-20T12:00:00Z"
    assert data["counts"] == {"confirmed": 1, "refuted": 1, "unknown": 0}
    assert data["statements"][1] == {
        "id": "s1",
        "statement": "A holds.",
        "source": "docs/drift.md",
        "verdict": "refuted",
        "evidence": "a | b\nc",
    }
    assert data["left"] == [{"kind": "worker", "name": "w", "reason": "the API refused"}]


def test_markdown_has_one_row_for_each_statement():
    text = transcript(C, U, left=[LEFT]).to_markdown()
    assert text.startswith(
        "# Conformance run bv-conformance-a\n\n2024-12-20 12:00:00 UTC: 1 confirmed, 0 refuted, 1 unknown."
    )
    assert "* worker w was not deleted: the API refused\n" in text
    assert r"| **unknown** | A holds. (`s1`) | a \| b c | `docs/drift.md` |" in text
    assert len(re.findall(r"^\| \*\*", text, re.MULTILINE)) == 2
    assert "Everything that the run made was deleted." in transcript(C).to_markdown()
