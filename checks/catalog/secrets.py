"""Each promised secret is attached, none is unexpected, none was changed outside the program since its upload."""

from __future__ import annotations

from collections.abc import Iterator

from checks.clients.cloudflare_answers import NO_SCRIPT, NO_SERVICE, ApiError
from checks.context import Context
from checks.model import Blame, Cause, Check, Credential, Evidence, Finding, NoVerdictError


def secrets(context: Context) -> Iterator[Evidence | Finding]:
    """Yield a finding for each secret that is missing, unexpected or changed by hand, with who and when."""
    worker = context.manifest.worker.name
    promised = {binding.name for binding in context.manifest.bindings if binding.type == "secret_text"}
    try:
        attached = set(context.cloudflare.secrets(worker))
    except ApiError as error:
        if not error.codes & {NO_SCRIPT, NO_SERVICE}:
            raise
        yield _finding(context, f"worker {worker}", "deployed", f"Cloudflare knows no such worker ({context.stack})")
        return
    history_error: NoVerdictError | None = None
    changed = None
    try:
        changed = _changed_outside(context)
    except NoVerdictError as error:  # what is missing is said first: it needs no history
        history_error = error
    because = f"; {changed}" if changed else ""
    for name in sorted(promised - attached):
        yield _finding(context, f"secret {name}", f"attached to {worker}", f"absent{because}")
    for name in sorted(attached - promised):
        yield _finding(
            context, f"secret {name}", f"not attached to {worker}: nothing declares it", f"attached{because}"
        )
    if changed and promised == attached:
        yield _finding(context, f"secrets of {worker}", "as the program uploaded them", changed)
    if history_error:
        raise history_error
    yield Evidence(f"{', '.join(sorted(promised & attached)) or 'none'} attached to {worker}")
    if not changed:
        yield Evidence("no secret changed by hand is live")


def _changed_outside(context: Context) -> str | None:
    """Return who changed a secret after the program's upload and when, None if what is live is that upload."""
    worker = context.manifest.worker
    live = context.cloudflare.live(worker.name)
    versions = context.cloudflare.versions(worker.name)
    by_hand = [version for version in versions if "secret" in version.triggered_by]
    ours = [version for version in versions if version.tag == worker.tag and version not in by_hand]
    if not ours:
        return "no version carries the mark of the program's upload"
    if live == {ours[0].id}:
        return None
    newest = max((version.number for version in versions if version.id in live), default=versions[0].number)
    changes = [v for v in by_hand if v.id in live or ours[0].number < v.number <= newest]
    if not changes:
        shown = ", ".join(sorted(version[:8] for version in live)) or "none"
        return f"live is {shown}, and not the program's last upload {ours[0].id[:8]}"
    moment = changes[0].created_on[:19].replace("T", " ")
    return f"changed outside the program by {changes[0].author} on {moment} UTC"


def _finding(context: Context, subject: str, expected: str, actual: str) -> Finding:
    return Finding(subject=subject, expected=expected, actual=actual, blame=Blame.CONFIG, hint=context.pulumi("up"))


CHECK = Check(
    run=secrets,
    proves="each declared secret is attached to the worker, no other is, and none was changed outside the program",
    runbook="steps 1 and 2",
    step=2,
    causes=(
        Cause(what="the secret was never deployed, or somebody deleted it", fix="pulumi up --stack NAME"),
        Cause(what="somebody put another value by hand (wrangler secret put)", fix="pulumi up --stack NAME"),
        Cause(what="CLOUDFLARE_API_TOKEN may not read this account", fix="use a token with Workers Scripts: Read"),
    ),
    wants=(Credential.CLOUDFLARE,),
    tags=frozenset({"read-only", "api"}),
)
