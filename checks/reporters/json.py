"""The report as one JSON object, schema 3, for programs."""

from __future__ import annotations

import dataclasses
import json
from typing import Any

from checks.model.report import Report, Result
from checks.reporters import Style

SCHEMA = 3


def render(report: Report, style: Style) -> str:  # noqa: ARG001 - this format has no style
    """Return the report as indented JSON, with a final newline."""
    data = {
        "schema": SCHEMA,
        "project": report.project,
        "stack": report.stack,
        "worker": {"name": report.worker, "url": report.url},
        "outcome": report.outcome.name.lower(),
        "exit_code": report.exit_code,
        "seconds": round(report.seconds, 3),
        "warnings": report.warnings,
        "counts": {outcome.name.lower(): count for outcome, count in report.counts.items()},
        "causes": [dataclasses.asdict(cause) for cause in report.causes],
        "checks": [_convert_result(result) for result in report.results],
    }
    return json.dumps(data, indent=2) + "\n"


def _convert_result(result: Result) -> dict[str, Any]:
    return {
        "id": result.id,
        "outcome": result.outcome.name.lower(),
        "applies": result.applies,
        "seconds": round(result.seconds, 3),
        "reason": result.reason,
        "evidence": list(result.evidence),
        "warnings": list(result.warnings),
        "metrics": dict(result.metrics),
        "sites": {site: dict(metrics) for site, metrics in result.site_metrics.items()},
        "findings": [dataclasses.asdict(finding) for finding in result.findings],
    }
