"""The report as GitHub workflow commands on standard output: annotations, worst first, then the causes and the recap.

Source: GitHub's workflow commands. Its runner also obeys the older ``##[command]`` anywhere in a line.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from checks.model.report import Outcome, Report, ReportedFinding, Result
from checks.reporters import Style
from checks.reporters.text import WORDS, format_causes, format_recap, neutralize

MAX_ANNOTATIONS = 10  # of one type and step. GitHub silently drops further ones


@dataclass(frozen=True, slots=True, kw_only=True)
class _Annotation:
    title: str
    text: str


def render(report: Report, style: Style) -> str:  # noqa: ARG001 - this format has no style
    """Return at most MAX_ANNOTATIONS errors, warnings and notices each. Plain lines follow for the others."""
    errors: list[_Annotation] = []
    notices: list[_Annotation] = []
    for outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE, Outcome.SKIP):
        for result in report.results:
            if result.outcome is outcome:
                harmless = outcome is Outcome.SKIP and not report.is_serious(result)
                (notices if harmless else errors).extend(_annotate(result))
    warnings = [
        _Annotation(title=f"{result.id} warning", text=text) for result in report.results for text in result.warnings
    ]
    lines = [
        *_format_annotations("error", errors),
        *_format_annotations("warning", warnings),
        *_format_annotations("notice", notices),
        *format_causes(report),
        *format_recap(report),
    ]
    return "\n".join(lines) + "\n"


def _annotate(result: Result) -> Iterator[_Annotation]:
    title = f"{result.id} {WORDS[result.outcome]}"
    if result.outcome is Outcome.SKIP:
        yield _Annotation(title=title, text=result.reason)
    for finding in result.findings:
        yield _Annotation(title=title, text=_format_finding(finding))


def _format_finding(finding: ReportedFinding) -> str:
    claim = f"{finding.subject}: expected {finding.expected}, found {finding.found}"
    return f"{claim}\ncause: {finding.cause.value}\nnext: {finding.hint}"


def _format_annotations(kind: str, made: list[_Annotation]) -> Iterator[str]:
    shown, rest = (
        (made, []) if len(made) <= MAX_ANNOTATIONS else (made[: MAX_ANNOTATIONS - 1], made[MAX_ANNOTATIONS - 1 :])
    )
    for item in shown:
        yield f"::{kind} title={_escape_property(item.title)}::{_escape_data(item.text)}"
    if rest:
        yield f"::{kind} title=and {len(rest)} more::the log of this step has them all"
    for item in rest:
        yield f"and {neutralize(' '.join(f'{item.title}: {item.text}'.split()))}"


def _escape_data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _escape_property(text: str) -> str:
    return _escape_data(text).replace(":", "%3A").replace(",", "%2C")
