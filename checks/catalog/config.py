"""The declared settings and the key at hand are plausible; asks nobody."""

from __future__ import annotations

import re
from collections.abc import Iterator

from checks.check import BEFORE_DEPLOYMENT, Check, Context, KnownCause
from checks.model.finding import Cause, Evidence, Finding
from checks.model.hint import Hint
from checks.model.urls import is_base
from contract import ace_key
from contract.manifest import Ace, Manifest
from contract.schedule import parse_day

PAGE_SIZES = (1000, 5000, 10000, 50000, 100000)
SECRET = "ACE_API_KEY"  # noqa: S105 - the name of a binding, not its value
Problem = tuple[str, str, str]  # subject, expected, actual


def config(context: Context) -> Iterator[Evidence | Finding]:
    """Yield a finding for each setting that can't work, and for a key in ACE_API_KEY that can't."""
    problems = [*_places(context.manifest), *_range(context.manifest.ace), *_bindings(context.manifest)]
    for subject, expected, actual in problems:
        yield Finding(
            subject=subject,
            expected=expected,
            found=actual,
            cause=Cause.CONFIGURATION,
            hint=Hint.edit_settings(),
        )
    if not problems:
        yield Evidence(f"settings of {context.manifest.worker.name} are plausible")
    yield from _key(context)


def _key(context: Context) -> Iterator[Evidence | Finding]:
    if context.credentials.ace_key is None:
        return
    assessment = ace_key.assess(context.credentials.ace_key.reveal(), now=context.now)
    if assessment.problem:
        yield Finding(
            subject=context.credentials.ace_source,
            expected="a key that can work",
            found=f"it {assessment.problem} (the variable and the stack must hold the same)",
            cause=Cause.CONFIGURATION,
            hint=Hint.set_secret("aceApiKey"),
        )
    elif assessment.warning:
        yield Evidence(f"{context.credentials.ace_source} {assessment.warning}")
    else:
        yield Evidence(f"{context.credentials.ace_source} is plausible")


def _places(manifest: Manifest) -> Iterator[Problem]:
    rules = (
        ("accountId", "32 hex digits", manifest.account_id, r"[0-9a-fA-F]{32}"),
        ("workerName", "a worker's name", manifest.worker.name, r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?"),
        ("site", "a name without slashes", manifest.ace.site, r"[\w.-]+"),
        ("bucket", "a bucket's name", manifest.storage.bucket, r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]"),
        (
            "keyTemplate",
            "{site} before {date}, each once",
            manifest.storage.key_template,
            r"[^{}]*\{site\}[^{}]+\{date\}[^{}]*",
        ),
        *(("schedule", "a cron of five fields", cron, r"\S+(\s+\S+){4}") for cron in manifest.schedules),
        ("the upload's mark", "1 to 100 characters", manifest.worker.tag, r".{1,100}"),
    )
    for subject, expected, actual, rule in rules:
        if not re.fullmatch(rule, actual):
            yield subject, expected, repr(actual)
    for subject, url in (("workerUrl", manifest.worker.url), ("aceBaseUrl", manifest.ace.base_url)):
        if not is_base(url):
            yield subject, "https://HOST, without credentials, query or a slash at its end", repr(url)
    prefix = manifest.storage.key_template.partition("{date}")[0].replace("{site}", manifest.ace.site)
    if manifest.storage.prefix != prefix:
        yield "the manifest's prefix", repr(prefix), repr(manifest.storage.prefix)


def _range(ace: Ace) -> Iterator[Problem]:
    if ace.page_size not in PAGE_SIZES:
        yield "pageSize", f"one of {', '.join(map(str, PAGE_SIZES))}", str(ace.page_size)
    dates = [("startDate", ace.start_date), *([] if ace.end_date is None else [("endDate", ace.end_date)])]
    bad = [(name, text) for name, text in dates if parse_day(text) is None]
    for name, text in bad:
        yield name, "a date as YYYY-MM-DD", repr(text)
    if not bad and dates[0][1] > dates[-1][1]:
        yield "endDate", f"startDate {ace.start_date} or later", dates[-1][1]


def _bindings(manifest: Manifest) -> Iterator[Problem]:
    bindings = {binding.name: binding for binding in manifest.bindings}
    wanted = {
        "ACE_BASE_URL": manifest.ace.base_url,
        "SITE": manifest.ace.site,
        "START_DATE": manifest.ace.start_date,
        "END_DATE": manifest.ace.end_date,
        "PAGE_SIZE": str(manifest.ace.page_size),
        "KEY_TEMPLATE": manifest.storage.key_template,
    }
    if SECRET not in bindings or bindings[SECRET].type != "secret_text":
        yield f"binding {SECRET}", "declared as secret_text", "it is not"
    buckets = [b.properties.get("bucket_name") for b in manifest.bindings if b.type == "r2_bucket"]
    if manifest.storage.bucket not in buckets:
        yield "binding of the bucket", manifest.storage.bucket, ", ".join(map(str, buckets)) or "none"
    for name, text in wanted.items():
        actual = bindings[name].properties.get("text") if name in bindings else None
        if actual != text:
            yield f"binding {name}", repr(text), repr(actual)


CHECK = Check(
    run=config,
    proves="the declared settings and the key in ACE_API_KEY (if it is set) are plausible; nobody is asked",
    runbook="scripts/verify-backfill-config.sh",
    step=0,
    causes=(
        KnownCause(
            what="ACE_API_KEY is empty, padded with white space, a placeholder or expired",
            fix="pulumi config set --secret aceApiKey --stack NAME, then pulumi up --stack NAME",
        ),
        KnownCause(
            what="a setting has a form that cannot work, or the manifest was edited by hand",
            fix="correct Pulumi.NAME.yaml, then pulumi up --stack NAME",
        ),
    ),
    tags=frozenset({"read-only", "offline", BEFORE_DEPLOYMENT}),
)
