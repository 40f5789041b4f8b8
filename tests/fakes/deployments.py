"""Live deployments and script settings for unit tests."""

from cloudflare_client.script_settings import ScriptSettings
from cloudflare_client.versions import TrafficShare, WorkerDeployment

DECLARED_SETTINGS = ScriptSettings(
    observability="logs at 100 %",
    logpush="off",
    tail_consumers="none",
    limits="cpu_ms 300000",
    placement="none",
)


def make_deployment(
    *version_ids: str, author: str = "jo@example.org", created_on: str = "2026-11-21T08:30:00.1Z", message: str = ""
) -> WorkerDeployment:
    """Return a deployment in which these versions have equal shares."""
    shares = tuple(TrafficShare(version_id=each, percentage=100 / len(version_ids)) for each in version_ids)
    return WorkerDeployment(shares=shares, strategy="percentage", author=author, created_on=created_on, message=message)
