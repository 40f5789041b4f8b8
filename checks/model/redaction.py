"""The last line of defence: whatever leaves is one line, printable, and free of every secret that is known."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Iterable, Iterator

from checks.model.report import Report, ReportedFinding, Result

MASK = "[redacted]"
PART = 12  # characters: a shorter part of a random token says nothing, and may be a word by chance
WHOLE = 4  # characters: masking shorter "secrets" would only blacken the report
LONGEST = 600  # characters of one text
READ = 4 * LONGEST  # of them: what lies beyond is not even looked at, which would take longer than the checks


class Redactor:
    """Masks each known secret, and each part of one of at least PART characters."""

    __slots__ = ("_parts", "_whole")

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in (secret, secret.strip()) if len(form) >= WHOLE}
        self._whole = sorted((form for form in forms if len(form) < PART), key=len, reverse=True)
        self._parts = {form[i : i + PART] for form in forms for i in range(len(form) - PART + 1)}

    def __repr__(self) -> str:
        return "Redactor(...)"

    def text(self, text: str) -> str:
        """Return the text with every known secret masked."""
        hits = [i for i in range(len(text) - PART + 1) if text[i : i + PART] in self._parts] if self._parts else []
        for start, end in reversed(list(_spans(hits))):
            text = text[:start] + MASK + text[end:]
        for whole in self._whole:
            text = text.replace(whole, MASK)
        return text

    def line(self, text: str) -> str:
        """Return the text as one printable line of bounded length, with every known secret masked."""
        masked = self.text(_printable(text[:READ]))
        if len(text) > READ:  # a secret may have been cut in two, and would be no secret that is known
            masked = masked[:-PART]
        masked = masked.strip()
        return masked if len(masked) <= LONGEST else masked[:LONGEST] + "..."

    def report(self, report: Report) -> Report:
        """Return the report with every text in it made safe."""
        return dataclasses.replace(
            report,
            project=self.line(report.project),
            stack=self.line(report.stack),
            worker=self.line(report.worker),
            url=self.line(report.url),
            results=tuple(self._result(result) for result in report.results),
        )

    def _result(self, result: Result) -> Result:
        return dataclasses.replace(
            result,
            findings=tuple(self._finding(finding) for finding in result.findings),
            evidence=tuple(self.line(text) for text in result.evidence),
            reason=self.line(result.reason),
        )

    def _finding(self, finding: ReportedFinding) -> ReportedFinding:
        return dataclasses.replace(
            finding,
            subject=self.line(finding.subject),
            expected=self.line(finding.expected),
            found=self.line(finding.found),
            hint=self.line(finding.hint),
        )


def _printable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(" " if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else c for c in text)


def _spans(hits: list[int]) -> Iterator[tuple[int, int]]:
    start = end = -1
    for hit in hits:
        if hit > end:
            if start >= 0:
                yield start, end
            start = hit
        end = hit + PART
    if start >= 0:
        yield start, end
