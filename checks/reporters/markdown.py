"""The report as Markdown for a GitHub step summary: the conclusion, the causes, a table, and the findings."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from checks.model.report import Outcome, Report, ReportedFinding, Result
from checks.reporters import Style
from checks.reporters.text import CONCLUSIONS, WORDS, count_checks

MAX_BYTES = 2**20  # GitHub does not show a longer summary at all
PLAIN_CHARACTERS = " ,;()/-+='%?"  # not syntax after `<code>`. Without : . and @ there are no links
RESERVED_BYTES = 1000  # for the line that counts the omitted parts
TABLE = "| check | outcome | details |\n|---|---|---|\n"
NOTE = "\n{} left out, because the summary would be too long. `--format text` or `json` has all parts.\n"


def render(report: Report, style: Style) -> str:
    """Return the report as Markdown of less than 1 MiB. Rows and findings that do not fit are left out and counted."""
    text = f"## {_format_conclusion(report)}: {_format_code(report.stack)}\n\n{_format_counts(report)}\n\n"
    shown = [result for result in report.results if not _is_quiet(result, style)]
    text, hidden = _append_parts(text, _format_causes(report))
    text, lost = _append_parts(f"{text}{TABLE}", (_format_row(result) for result in shown))
    details, more = _append_parts(text, (part for result in shown for part in _format_details(result)))
    lost += hidden + more
    return details + (NOTE.format("1 part is" if lost == 1 else f"{lost} parts are") if lost else "")


def _is_quiet(result: Result, style: Style) -> bool:
    return style.quiet and result.outcome is Outcome.PASS and not result.warnings


def _append_parts(text: str, parts: Iterable[str]) -> tuple[str, int]:
    """Return the text followed by the whole parts that fit, and the number of the others."""
    fitting, size, lost = [text], len(text.encode()), 0
    for part in parts:
        size += len(part.encode())
        if size > MAX_BYTES - RESERVED_BYTES:
            lost += 1
        else:
            fitting.append(part)
    return "".join(fitting), lost


def _format_conclusion(report: Report) -> str:
    conclusion = CONCLUSIONS[report.outcome]
    return conclusion[0].upper() + conclusion[1:]


def _format_counts(report: Report) -> str:
    counts = ", ".join(f"{count} {WORDS[outcome]}" for outcome, count in report.counts.items())
    if report.warnings:
        counts += f", {report.warnings} warning{'s' if report.warnings > 1 else ''}"
    worker = f"{_format_code(report.worker)} at {_format_code(report.url)}"
    return f"{counts}, in {report.seconds:.1f} s (exit {report.exit_code}): {worker}"


def _format_causes(report: Report) -> Iterator[str]:
    """Yield a list of the distinct causes."""
    causes = report.causes
    for number, cause in enumerate(causes, 1):
        end = "\n\n" if number == len(causes) else "\n"
        what, command = _format_code(cause.what), _format_code(cause.hint)
        yield f"* {count_checks(cause)}, one cause: {what}. Next: {command}{end}"


def _format_row(result: Result) -> str:
    word = WORDS[result.outcome] if result.outcome is Outcome.PASS else f"**{WORDS[result.outcome]}**"
    return f"| {_format_code(result.id)} | {word} | {_format_code(_summarize(result))} |\n"


def _summarize(result: Result) -> str:
    if not result.findings:
        return result.reason or "; ".join([*(f"warning: {text}" for text in result.warnings), *result.evidence])
    first, more = result.findings[0], len(result.findings) - 1
    return f"{first.subject}: {first.found}" + (f" (and {more} more)" if more else "")


def _format_details(result: Result) -> Iterator[str]:
    for finding in result.findings:
        title = f"{_format_code(result.id)} {WORDS[result.outcome]}: {_format_code(finding.subject)}"
        yield f"\n### {title}\n\n{_format_finding(finding)}"


def _format_finding(finding: ReportedFinding) -> str:
    return (
        f"* expected: {_format_code(finding.expected)}\n* found: {_format_code(finding.found)}\n"
        f"* cause: {finding.cause.value}\n\n{_format_block(finding.hint)}"
    )


def _format_code(text: str) -> str:
    """Return a text as code without HTML, Markdown, links, mentions or the end of a table cell.

    Backticks do not work in a table, where a bar ends them. An entity is not syntax, and GitHub adds no link in
    ``code``.
    """
    line = " ".join(text.split())
    return (
        "<code>"
        + "".join(c if c.isalnum() or c in PLAIN_CHARACTERS else f"&#{ord(c)};" for c in _replace_unprintable(line))
        + "</code>"
    )


def _format_block(text: str) -> str:
    """Return a command as a code block. Its fence is longer than any fence in the text."""
    line = _replace_unprintable(" ".join(text.split()))
    fence = "`" * max(3, 1 + max((len(run) for run in re.findall("`+", line)), default=0))
    return f"{fence}sh\n{line}\n{fence}\n"


def _replace_unprintable(text: str) -> str:
    return "".join(c if c.isprintable() else "\N{REPLACEMENT CHARACTER}" for c in text)
