"""Network faults in front of ACE, Cloudflare's API and the worker."""

from __future__ import annotations

from rehearsal.faults import ExpectedResult, Fault, actions
from rehearsal.network_faults import NetworkFault, NetworkFaultKind

DELAY, RESET = NetworkFaultKind.DELAY, NetworkFaultKind.RESET
STATUS, TRUNCATED = NetworkFaultKind.STATUS, NetworkFaultKind.TRUNCATED

ACE = (
    Fault(
        name="ace-down",
        description="a proxy answers 503 to every request to ACE",
        caught_by=("trigger", "logs"),
        cause="ace",
        deadline=8.0,
        apply=actions.disturb_ace(NetworkFault(kind=STATUS, status=503)),
    ),
    Fault(
        name="ace-html",
        description="a maintenance page with status 200 answers every request to ACE",
        caught_by=("token", "trigger", "logs"),
        cause="ace",
        apply=actions.disturb_ace(NetworkFault(kind=STATUS, status=200)),
    ),
    Fault(
        name="ace-rate-limited",
        description="every request to ACE is answered 429 with Retry-After",
        caught_by=("trigger", "logs"),
        cause="ace",
        deadline=8.0,
        apply=actions.disturb_ace(NetworkFault(kind=STATUS, status=429, retry_after=1)),
    ),
    Fault(
        name="ace-reset",
        description="every connection to ACE is reset",
        caught_by=("trigger", "logs"),
        cause="ace",
        deadline=8.0,
        apply=actions.disturb_ace(NetworkFault(kind=RESET)),
    ),
    Fault(
        name="ace-slow",
        description="every request to ACE takes 0.3 s longer",
        expected=ExpectedResult.PASSED,
        apply=actions.disturb_ace(NetworkFault(kind=DELAY, seconds=0.3)),
    ),
    Fault(
        name="ace-truncated",
        description="every response of ACE is truncated",
        caught_by=("trigger", "logs"),
        cause="ace",
        deadline=8.0,
        apply=actions.disturb_ace(NetworkFault(kind=TRUNCATED)),
    ),
)

API = (
    Fault(
        name="api-429",
        description="the first three requests to Cloudflare's API are answered 429 with Retry-After",
        expected=ExpectedResult.PASSED,
        min_seconds=1.0,
        apply=actions.disturb_api(NetworkFault(kind=STATUS, status=429, retry_after=1, times=3)),
    ),
    Fault(
        name="api-down",
        description="a proxy answers 502 to every request to Cloudflare's API",
        caught_by=("secrets", "deployed", "bindings"),
        cause="cloudflare",
        expected=ExpectedResult.INCONCLUSIVE,
        deadline=3.7,  # the retries of the first checks end after 1.75 s, and most is left for those after them
        may_report={"r2": "cloudflare"},
        apply=actions.disturb_api(NetworkFault(kind=STATUS)),
    ),
    Fault(
        name="api-reset-at-times",
        description="every third connection to Cloudflare's API is reset",
        expected=ExpectedResult.PASSED,
        apply=actions.disturb_api(NetworkFault(kind=RESET, every=3)),
    ),
    Fault(
        name="api-slow",
        description="every request to Cloudflare's API takes 0.2 s longer",
        expected=ExpectedResult.PASSED,
        apply=actions.disturb_api(NetworkFault(kind=DELAY, seconds=0.2)),
    ),
)

WORKER = (
    Fault(
        name="worker-429",
        description="the first two requests to the worker are answered 429 with Retry-After",
        expected=ExpectedResult.PASSED,
        min_seconds=1.0,
        apply=actions.disturb_worker(NetworkFault(kind=STATUS, status=429, retry_after=1, times=2)),
    ),
    Fault(
        name="worker-5xx",
        description="a proxy answers 502 to every request to the worker",
        caught_by=("health",),
        cause="worker",
        deadline=5.0,  # the fourth answer, after 3 s, is the failure
        may_report={"key": "worker", "trigger": "worker", "r2": "worker"},
        apply=actions.disturb_worker(NetworkFault(kind=STATUS)),
    ),
    Fault(
        name="worker-5xx-at-times",
        description="a proxy answers 502 to one request in a hundred to the worker, including the first",
        expected=ExpectedResult.PASSED,
        apply=actions.disturb_worker(NetworkFault(kind=STATUS, every=100)),
    ),
    Fault(
        name="worker-reset",
        description="every connection to the worker is reset",
        caught_by=("health", "key"),
        cause="access",
        expected=ExpectedResult.INCONCLUSIVE,
        deadline=4.0,
        may_report={"r2": "access", "trigger": "access"},
        apply=actions.disturb_worker(NetworkFault(kind=RESET)),
    ),
    Fault(
        name="worker-reset-at-times",
        description="every third connection to the worker is reset",
        expected=ExpectedResult.PASSED,
        apply=actions.disturb_worker(NetworkFault(kind=RESET, every=3)),
    ),
    Fault(
        name="worker-slow",
        description="every request to the worker takes 0.2 s longer",
        expected=ExpectedResult.PASSED,
        apply=actions.disturb_worker(NetworkFault(kind=DELAY, seconds=0.2)),
    ),
    Fault(
        name="worker-truncated",
        description="every response of the worker is truncated",
        caught_by=("health", "key"),
        cause="worker",
        expected=ExpectedResult.INCONCLUSIVE,
        deadline=4.0,
        may_report={"r2": "worker", "trigger": "worker"},
        apply=actions.disturb_worker(NetworkFault(kind=TRUNCATED)),
    ),
    Fault(
        name="worker-truncated-at-times",
        description="every third response of the worker is truncated",
        expected=ExpectedResult.PASSED,
        apply=actions.disturb_worker(NetworkFault(kind=TRUNCATED, every=3)),
    ),
)

FAULTS = (*ACE, *API, *WORKER)
