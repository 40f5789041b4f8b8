"""The report for people, in the manner of Ansible: one line per check, then the findings and a recap."""

from __future__ import annotations

from collections.abc import Iterator

from checks.model.report import Outcome, Report, ReportedFinding, Result, RootCause
from checks.reporters import Style

WORDS = {Outcome.PASS: "ok", Outcome.SKIP: "skipped", Outcome.INCONCLUSIVE: "inconclusive", Outcome.FAIL: "failed"}
COLORS = {Outcome.PASS: 32, Outcome.SKIP: 36, Outcome.INCONCLUSIVE: 33, Outcome.FAIL: 31}  # ANSI
CONCLUSIONS = {
    Outcome.PASS: "all checks passed",
    Outcome.INCONCLUSIVE: "inconclusive",
    Outcome.FAIL: "at least one check failed",
}
WORD_WIDTH = max(map(len, WORDS.values()))


def render(report: Report, style: Style) -> str:
    """Return the report as lines. The causes and the recap are the last ones."""
    width = max((len(result.id) for result in report.results), default=0)
    lines = [line for result in report.results for line in _format_result(result, width, style)]
    return "\n".join(neutralize(line) for line in (*lines, *format_causes(report), format_recap(report, style))) + "\n"


def _format_result(result: Result, width: int, style: Style) -> Iterator[str]:
    if style.quiet and result.outcome is Outcome.PASS and not result.warnings:
        return
    word = _paint(f"{WORDS[result.outcome]:<{WORD_WIDTH}}", result.outcome, style)
    indent = " " * (width + WORD_WIDTH + 4)
    details = [line for finding in result.findings for line in _format_finding(finding)]
    if style.verbose or not details:
        details += [*([result.reason] if result.reason else []), *result.evidence]
    if not style.verbose and result.outcome is Outcome.PASS:
        details = ["; ".join(details)] if details else []
    details += [f"warning: {text}" for text in result.warnings]
    first, *rest = [
        *details,
        *([f"took {result.seconds:.2f} s"] if style.verbose and result.outcome is not Outcome.SKIP else []),
    ] or [""]
    yield f"{result.id:<{width}}  {word}  {first}".rstrip()
    for line in rest:
        yield indent + line


def _format_finding(finding: ReportedFinding) -> Iterator[str]:
    yield f"{finding.subject}: expected {finding.expected}, found {finding.found}"
    yield f"  cause: {finding.cause.value}   next: {finding.hint}"


def neutralize(line: str) -> str:
    """Return a line that GitHub's runner does not obey as a command. A system may answer with any text."""
    prefix = "- " if line.lstrip().startswith("::") else ""
    return prefix + line.replace("##[", "## [")


def format_causes(report: Report) -> Iterator[str]:
    """Yield one line per distinct cause: how many checks it concerns, and the next command."""
    for cause in report.causes:
        yield f"{count_checks(cause)}, one cause: {cause.what}. Next: {cause.hint}"


def count_checks(cause: RootCause) -> str:
    """Return the number of checks with a cause, by outcome."""
    counts = {WORDS[Outcome.FAIL]: cause.failed, WORDS[Outcome.INCONCLUSIVE]: cause.inconclusive}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def format_recap(report: Report, style: Style) -> str:
    """Return the last line: the number of checks for each outcome, and the conclusion."""
    counts = "  ".join(f"{WORDS[outcome]}={count}" for outcome, count in report.counts.items())
    counts += f"  warnings={report.warnings}" if report.warnings else ""
    conclusion = CONCLUSIONS[report.outcome]
    if report.outcome is Outcome.PASS and report.omitted:
        conclusion = "all checks that ran passed"
    if report.outcome is Outcome.INCONCLUSIVE and not report.counts[Outcome.INCONCLUSIVE]:
        conclusion += ": no check ran"
    conclusion = _paint(conclusion, report.outcome, style)
    return f"{report.stack}: {counts}  in {report.seconds:.1f} s: {conclusion} (exit {report.exit_code})"


def _paint(text: str, outcome: Outcome, style: Style) -> str:
    return f"\x1b[{COLORS[outcome]}m{text}\x1b[0m" if style.color else text
