"""The report for people: one line per check and four per finding, then the causes and a recap."""

from __future__ import annotations

from collections.abc import Iterator

from checks.model.report import Outcome, Report, ReportedFinding, Result, RootCause
from checks.reporters import Style, wrap, wrap_command

WORDS = {Outcome.PASS: "ok", Outcome.SKIP: "skipped", Outcome.INCONCLUSIVE: "inconclusive", Outcome.FAIL: "failed"}
COLORS = {Outcome.PASS: 32, Outcome.SKIP: 36, Outcome.INCONCLUSIVE: 33, Outcome.FAIL: 31}  # ANSI
CONCLUSIONS = {
    Outcome.PASS: "all checks passed",
    Outcome.INCONCLUSIVE: "inconclusive",
    Outcome.FAIL: "at least one check failed",
}
PLAIN = Style()
GREY = 90  # ANSI
COLUMN = "  "  # in evidence that is a row of a table: a line of its own, shown in any outcome
WORD_WIDTH = max(map(len, WORDS.values()))
DETAIL = " " * 4  # before a detail. A short indent leaves room for the text
LABEL_WIDTH = len("expected") + 2


def render(report: Report, style: Style) -> str:
    """Return the report as lines. The checks that do not apply are the last ones, before the causes and the recap."""
    width = max((len(result.id) for result in report.results), default=0)
    ordered = sorted(report.results, key=lambda result: not result.applies)
    lines = [line for result in ordered for line in _format_result(result, width, style)]
    findings = [finding for result in report.results for finding in result.findings]
    is_said = len(findings) == 1 and not findings[0].root and not style.fold  # a cause would repeat the finding
    causes = () if is_said else format_causes(report, style)
    return "\n".join((*lines, *causes, *format_recap(report, style))) + "\n"


def _format_result(result: Result, width: int, style: Style) -> Iterator[str]:
    if style.quiet and result.outcome is Outcome.PASS and not result.warnings:
        return
    word = WORDS[result.outcome]
    first, *rest = _list_lines(result, f"{result.id:<{width}}  {word:<{WORD_WIDTH}}  ", style)
    if not result.applies:
        first, *rest = (_paint(line, GREY, style) for line in (first, *rest))
    else:
        start = width + 2
        end = start + len(word)
        first = first[:start] + _paint(first[start:end], COLORS[result.outcome], style) + first[end:]
    yield from (f"::group::{first}", *rest, "::endgroup::") if style.fold and rest else (first, *rest)


def _list_lines(result: Result, head: str, style: Style) -> list[str]:
    """Return the lines of one check. A text beside its outcome has a hanging indent, a detail a short one.

    The rows of a table are details with aligned columns, of which the last one wraps.
    """
    column = " " * len(head)
    found = bool(result.findings)
    shown = [*([result.reason] if result.reason else []), *result.evidence] if style.verbose or not found else []
    rows = [text for text in result.evidence if COLUMN in text]
    shown = [text for text in shown if text not in rows]
    if not style.verbose and not style.fold and not found:
        shown = ["; ".join(shown)] if shown else []
    short = found or (style.fold and result.outcome is Outcome.PASS)  # then the head has no text, or another one
    lines = [line for finding in result.findings for line in _format_finding(finding, column, style)]
    start = DETAIL if short else column
    lines += [line for text in rows for line in _wrap_row(text, style)]
    lines += [line for text in shown for line in _wrap(text, style, first=start, rest=start)]
    for text in result.warnings:
        first, *rest = _wrap(f"warning: {text}", style, first=start, rest=start)
        lines += [first.replace("warning:", _paint("warning:", COLORS[Outcome.INCONCLUSIVE], style), 1), *rest]
    if style.verbose and result.outcome is not Outcome.SKIP:
        lines.append(f"{start}took {result.seconds:.2f} s")
    if lines and lines[0].startswith(column):
        return [head + lines[0].removeprefix(column), *lines[1:]]
    return [head.rstrip(), *lines]


def _format_finding(finding: ReportedFinding, column: str, style: Style) -> Iterator[str]:
    found = f"{finding.subject}: {finding.found}" if style.fold else finding.subject
    yield from _wrap(found, style, first=column, rest=column)
    for name, text in (("expected", finding.expected), ("found", finding.found)):
        label = f"{DETAIL}{name:<{LABEL_WIDTH}}"
        yield from _wrap(text, style, first=label, rest=" " * len(label))
    cause = f"{DETAIL}cause: {finding.cause.value}"
    whole = f"{cause}   next: {finding.hint}"
    if style.width is None or len(whole) <= style.width:
        yield neutralize(whole)
    else:
        yield cause
        yield from map(neutralize, wrap_command(finding.hint, style.width, first=f"{DETAIL}next: ", rest=DETAIL * 2))


def _wrap_row(text: str, style: Style) -> list[str]:
    """Return the lines of a row of a table."""
    start = text.rfind(COLUMN) + len(COLUMN)
    head = DETAIL + text[:start]
    return _wrap(text[start:], style, first=head, rest=" " * len(head))


def _wrap(text: str, style: Style, *, first: str, rest: str) -> list[str]:
    return [neutralize(line) for line in wrap(text, style.width, first=first, rest=rest)]


def neutralize(line: str) -> str:
    """Return a line that GitHub's runner does not obey as a command. A system may answer with any text."""
    prefix = "- " if line.lstrip().startswith("::") else ""
    return prefix + line.replace("##[", "## [")


def format_causes(report: Report, style: Style = PLAIN) -> Iterator[str]:
    """Yield one line per distinct cause: how many checks it concerns, and the next command."""
    for cause in report.causes:
        prose = f"{count_checks(cause)}, one cause: {cause.what}."
        whole = f"{prose} Next: {cause.hint}"
        if style.width is None or len(whole) <= style.width:
            yield neutralize(whole)
        else:
            yield from _wrap(prose, style, first="", rest=DETAIL)
            yield from map(neutralize, wrap_command(cause.hint, style.width, first=f"{DETAIL}Next: ", rest=DETAIL * 2))


def count_checks(cause: RootCause) -> str:
    """Return the number of checks with a cause, by outcome."""
    counts = {WORDS[Outcome.FAIL]: cause.failed, WORDS[Outcome.INCONCLUSIVE]: cause.inconclusive}
    return ", ".join(f"{count} {word}" for word, count in counts.items() if count)


def format_recap(report: Report, style: Style = PLAIN) -> Iterator[str]:
    """Yield the last line, which is broken in two where it is too long: the number of checks, and the conclusion."""
    counts = "  ".join(f"{WORDS[outcome]}={count}" for outcome, count in report.counts.items())
    counts += f"  warnings={report.warnings}" if report.warnings else ""
    conclusion = CONCLUSIONS[report.outcome]
    if report.outcome is Outcome.PASS and report.omitted:
        conclusion = "all checks that ran passed"
    if report.outcome is Outcome.INCONCLUSIVE and not report.counts[Outcome.INCONCLUSIVE]:
        conclusion += ": no check ran"
    begin, end = neutralize(f"{report.stack}: {counts}  in {report.seconds:.1f} s:"), f"(exit {report.exit_code})"
    painted = _paint(conclusion, COLORS[report.outcome], style)
    if style.width is None or len(f"{begin} {conclusion} {end}") <= style.width:
        yield f"{begin} {painted} {end}"
    else:
        yield begin
        yield f"{DETAIL}{painted} {end}"


def _paint(text: str, color: int, style: Style) -> str:
    return f"\x1b[{color}m{text}\x1b[0m" if style.color else text
