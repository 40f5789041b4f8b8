"""The report as metrics in Prometheus' text format, for node_exporter's textfile collector or a Pushgateway.

A number that no check measured is left out. So is ``building_vitals_check_ok`` of a check without a result, because
neither 1 nor 0 would be true. ``building_vitals_check_outcome`` says so with a sample for each outcome.
Source: Prometheus' exposition formats, text version 0.0.4.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from checks.model.metric import DESCRIPTIONS, Metric
from checks.model.report import Outcome, Report
from checks.reporters import Style

PREFIX = "building_vitals"
Sample = tuple[Mapping[str, str], float]


def render(report: Report, style: Style) -> str:  # noqa: ARG001 - this format has no style
    """Return the metrics: each with its HELP, its TYPE and its samples, or not at all."""
    families: list[tuple[str, str, list[Sample]]] = [
        ("check_ok", "1 for a check that passed, 0 for one that failed.", _list_ok(report)),
        ("check_outcome", "1 for the outcome of the check, 0 for the others.", _list_outcomes(report)),
        *((metric.value, DESCRIPTIONS[metric], _list_measured(report, metric)) for metric in Metric),
        *((f"site_{metric.value}", DESCRIPTIONS[metric], _list_sites(report, metric)) for metric in Metric),
        (
            "exit_code",
            "Exit code of the run: 0 passed, 1 failed, 3 inconclusive.",
            [({"stack": report.stack}, report.exit_code)],
        ),
    ]
    return "".join(f"{line}\n" for family in families for line in _format_family(*family))


def _list_ok(report: Report) -> list[Sample]:
    values = {Outcome.PASS: 1, Outcome.FAIL: 0}
    return [
        ({"check": result.id, "stack": report.stack}, values[result.outcome])
        for result in report.results
        if result.outcome in values
    ]


def _list_outcomes(report: Report) -> list[Sample]:
    return [
        ({"check": result.id, "outcome": outcome.name.lower(), "stack": report.stack}, result.outcome is outcome)
        for result in report.results
        for outcome in Outcome
    ]


def _list_measured(report: Report, metric: Metric) -> list[Sample]:
    return [
        ({"check": result.id, "stack": report.stack}, result.metrics[metric])
        for result in report.results
        if metric in result.metrics
    ]


def _list_sites(report: Report, metric: Metric) -> list[Sample]:
    return [
        ({"check": result.id, "site": site, "stack": report.stack}, measured[metric])
        for result in report.results
        for site, measured in result.site_metrics.items()
        if metric in measured
    ]


def _format_family(short: str, text: str, samples: list[Sample]) -> Iterator[str]:
    if not samples:
        return
    name = f"{PREFIX}_{short}"
    yield f"# HELP {name} {text}"
    yield f"# TYPE {name} gauge"
    for labels, value in samples:
        listed = ",".join(f'{label}="{_escape_value(content)}"' for label, content in labels.items())
        yield f"{name}{{{listed}}} {float(value):.15g}"


def _escape_value(text: str) -> str:
    return text.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")
