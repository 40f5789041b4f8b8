"""The message about a change of the state: the change, each cause with its next command, and the link to the run."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks.model.report import Outcome, Report
from checks.reporters.text import WORDS, count_checks
from checks.run.output.state import RUN, State, Told

MAX_FINDINGS = 8  # lines about checks. The log has the rest
TITLES = {
    Told.GREEN: "GREEN again: every check that failed passes",
    Told.RED: "RED: a check failed",
    Told.INCONCLUSIVE: "INCONCLUSIVE: it could not be verified, twice in a row",
}
# Characters that make links and mentions in Slack and Teams. A system may answer with any text.
_INERT = str.maketrans("<>[]", "()()")


def format_message(
    state: State, report: Report | None, refusal: str, environ: Mapping[str, str], *, is_lost: bool
) -> str:
    """Return the text of a message, one line per fact. ``is_lost`` says that the earlier state is unknown."""
    before = "unknown, because its file could not be read" if is_lost else state.told or "not told yet"
    title = "GREEN: no check failed" if is_lost and state.current is Told.GREEN else TITLES[state.current]
    lines = [
        f"Building Vitals, stack {state.stack if report is None else report.stack}: {title}. Before: {before}.",
        *_list_facts(state, report),
    ]
    if refusal:
        lines.append(f"The run ended before its checks: {refusal}")
    link = _build_link(environ)
    lines = [line.translate(_INERT) for line in lines]
    return "\n".join([*lines, f"Run: {link}"] if link else lines)


def format_note(stack: str, text: str, environ: Mapping[str, str]) -> str:
    """Return the message of one line that is no result of a run."""
    line, link = f"Building Vitals, stack {stack}: {' '.join(text.split())}".translate(_INERT), _build_link(environ)
    return f"{line}\nRun: {link}" if link else line


def _list_facts(state: State, report: Report | None) -> Iterator[str]:
    if report is None:
        return
    findings = [
        f"{result.id} {WORDS[result.outcome]}: {finding.subject}: {finding.found}"
        for result in report.results
        if result.outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE)
        for finding in result.findings
    ]
    yield from findings[:MAX_FINDINGS]
    if len(findings) > MAX_FINDINGS:
        yield f"and {len(findings) - MAX_FINDINGS} more"
    for cause in report.causes:
        yield f"{count_checks(cause)}, cause {cause.cause.value}. Next: {cause.hint}"
    shown = {result.id for result in report.results if result.outcome is not Outcome.SKIP} | {RUN}
    for name, check in state.checks.items():
        if check.state is not Told.GREEN and name not in shown:
            yield f"{name} is still {check.state.value}, from an earlier run"


def _build_link(environ: Mapping[str, str]) -> str:
    """Return the address of the job on GitHub, or an empty text elsewhere."""
    parts = [environ.get(f"GITHUB_{name}", "") for name in ("SERVER_URL", "REPOSITORY", "RUN_ID")]
    server, repository, number = parts
    return f"{server}/{repository}/actions/runs/{number}" if all(parts) else ""
