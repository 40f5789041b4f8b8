"""Masks every known secret in the texts of a report, and makes each text one printable line."""

from __future__ import annotations

import dataclasses
import unicodedata
from collections.abc import Iterable, Iterator

from checks.model.report import Report, ReportedFinding, Result

MASK = "[redacted]"
MIN_PART = 12  # characters. A shorter part of a random token reveals nothing, and may be a word by chance
MIN_SECRET = 4  # characters. Masking a shorter "secret" would mask many words of the report
MAX_LINE = 600  # characters
MAX_READ = 4 * MAX_LINE  # characters. The rest of a longer text is dropped unread, because masking it takes too long


class Redactor:
    """Masks each known secret, and each part of one of at least MIN_PART characters."""

    __slots__ = ("_parts", "_whole")

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        forms = {form for secret in secrets for form in (secret, secret.strip()) if len(form) >= MIN_SECRET}
        self._whole = sorted((form for form in forms if len(form) < MIN_PART), key=len, reverse=True)
        self._parts = {form[i : i + MIN_PART] for form in forms for i in range(len(form) - MIN_PART + 1)}

    def __repr__(self) -> str:
        return "Redactor(...)"

    def mask(self, text: str) -> str:
        """Return the text with every known secret masked."""
        hits = (
            [i for i in range(len(text) - MIN_PART + 1) if text[i : i + MIN_PART] in self._parts] if self._parts else []
        )
        for start, end in reversed(list(_merge_hits(hits))):
            text = text[:start] + MASK + text[end:]
        for whole in self._whole:
            text = text.replace(whole, MASK)
        return text

    def redact_line(self, text: str) -> str:
        """Return the text as one printable line of bounded length, with every known secret masked."""
        masked = self.mask(_replace_unprintable(text[:MAX_READ]))
        if len(text) > MAX_READ:  # a secret may have been cut, and its rest would not be a known secret
            masked = masked[:-MIN_PART]
        masked = masked.strip()
        return masked if len(masked) <= MAX_LINE else masked[:MAX_LINE] + "..."

    def redact_report(self, report: Report) -> Report:
        """Return the report with every text redacted."""
        return dataclasses.replace(
            report,
            project=self.redact_line(report.project),
            stack=self.redact_line(report.stack),
            worker=self.redact_line(report.worker),
            url=self.redact_line(report.url),
            results=tuple(self._redact_result(result) for result in report.results),
        )

    def _redact_result(self, result: Result) -> Result:
        return dataclasses.replace(
            result,
            findings=tuple(self._redact_finding(finding) for finding in result.findings),
            evidence=tuple(self.redact_line(text) for text in result.evidence),
            warnings=tuple(self.redact_line(text) for text in result.warnings),
            reason=self.redact_line(result.reason),
        )

    def _redact_finding(self, finding: ReportedFinding) -> ReportedFinding:
        return dataclasses.replace(
            finding,
            subject=self.redact_line(finding.subject),
            expected=self.redact_line(finding.expected),
            found=self.redact_line(finding.found),
            hint=self.redact_line(finding.hint),
            root=self.redact_line(finding.root),
        )


def _replace_unprintable(text: str) -> str:
    if text.isprintable():
        return text
    return "".join(" " if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"} else c for c in text)


def _merge_hits(hits: list[int]) -> Iterator[tuple[int, int]]:
    start = end = -1
    for hit in hits:
        if hit > end:
            if start >= 0:
                yield start, end
            start = hit
        end = hit + MIN_PART
    if start >= 0:
        yield start, end
