"""The report as JUnit XML for GitLab, Jenkins and GitHub's actions, with one test case per check."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

from checks.model.report import Outcome, Report, ReportedFinding, Result
from checks.reporters import Style
from checks.reporters.text import format_causes

HEAD = '<?xml version="1.0" encoding="UTF-8"?>'
# Characters that XML 1.0 does not allow, not even as a reference.
FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def render(report: Report, style: Style) -> str:  # noqa: ARG001 - this format has no style
    """Return the report as XML in ASCII, with a final newline."""
    serious = sum(report.is_serious(result) for result in report.results)
    suite = ET.Element(
        "testsuite",
        name=_replace_forbidden(f"{report.project} {report.stack}"),
        tests=str(len(report.results)),
        failures=str(report.counts[Outcome.FAIL]),
        errors=str(report.counts[Outcome.INCONCLUSIVE] + serious),
        skipped=str(report.counts[Outcome.SKIP] - serious),
        time=f"{report.seconds:.3f}",
    )
    for result in report.results:
        suite.append(_build_case(report, result))
    if report.causes:
        lines = "\n".join(format_causes(report))
        ET.SubElement(suite, "system-out").text = _replace_forbidden(lines)
    ET.indent(suite)
    body: bytes = ET.tostring(suite, encoding="us-ascii")
    return f"{HEAD}\n{body.decode()}\n"


def _build_case(report: Report, result: Result) -> ET.Element:
    case = ET.Element(
        "testcase",
        classname=_replace_forbidden(f"{report.project}.{report.stack}"),
        name=_replace_forbidden(result.id),
        time=f"{result.seconds:.3f}",
    )
    if result.outcome in (Outcome.FAIL, Outcome.INCONCLUSIVE):
        first = result.findings[0]
        kind = "failure" if result.outcome is Outcome.FAIL else "error"
        element = ET.SubElement(case, kind, message=_replace_forbidden(_summarize(first)), type=first.cause.value)
        element.text = _replace_forbidden("\n".join(_format_finding(finding) for finding in result.findings))
    elif result.outcome is Outcome.SKIP:
        if report.is_serious(result):
            ET.SubElement(case, "error", message=_replace_forbidden(f"skipped: {result.reason}"), type="skipped")
        else:
            ET.SubElement(case, "skipped", message=_replace_forbidden(result.reason))
    seen = [*(f"warning: {text}" for text in result.warnings), *result.evidence]
    if seen:
        ET.SubElement(case, "system-out").text = _replace_forbidden("\n".join(seen))
    return case


def _summarize(finding: ReportedFinding) -> str:
    return f"{finding.subject}: expected {finding.expected}, found {finding.found}"


def _format_finding(finding: ReportedFinding) -> str:
    return f"{_summarize(finding)}\n  cause: {finding.cause.value}\n  next: {finding.hint}"


def _replace_forbidden(text: str) -> str:
    """Return the text with a replacement for each character that XML 1.0 does not allow."""
    return FORBIDDEN.sub("\N{REPLACEMENT CHARACTER}", text)
