"""The declared settings and the key are valid. The check makes no request."""

from __future__ import annotations

import operator
from collections.abc import Iterator
from datetime import timedelta

from checks.check import BEFORE_DEPLOYMENT, Check, Context, KnownCause
from checks.model.finding import Cause, Evidence, Finding
from checks.model.hint import Hint
from contract import ace_key
from contract.manifest import Manifest, key_prefix
from contract.manifest.setting_names import SETTING_NAMES
from contract.setting_rules import RULES, find_conflicts, show

MAX_TAG = 100  # characters, Cloudflare's
SECRET = "ACE_API_KEY"  # noqa: S105 - the name of a binding, not its value
Problem = tuple[str, str, str]  # subject, expected, found


def config(context: Context) -> Iterator[Evidence | Finding]:
    """Yield a finding for each setting that breaks its rule, and for a key that cannot work."""
    problems = [*_settings(context.manifest), *_tag_and_prefix(context.manifest), *_bindings(context.manifest)]
    for subject, expected, found in problems:
        yield Finding(
            subject=subject,
            expected=expected,
            found=found,
            cause=Cause.CONFIGURATION,
            hint=Hint.edit_settings(),
        )
    if not problems:
        yield Evidence(f"the settings of {context.manifest.worker.name} are valid")
    yield from _key(context)
    yield from context.credentials.warn_of_unused_variables()


def _key(context: Context) -> Iterator[Evidence | Finding]:
    if context.credentials.ace_key is None:
        return
    notice = timedelta(days=context.manifest.ace.key_expiry_warning_days)
    assessment = ace_key.assess(context.credentials.ace_key.reveal(), now=context.now, notice=notice)
    if assessment.problem or assessment.is_ending:
        broken = f"it {assessment.problem} (the variable and the stack must hold the same)"
        last_days = f"more than {ace_key.LAST_DAYS.days} days left"
        yield Finding(
            subject=context.credentials.ace_source,
            expected="a key that ACE can accept" if assessment.problem else f"a key with {last_days}",
            found=broken if assessment.problem else f"it {assessment.warning}",
            cause=Cause.CONFIGURATION,
            hint=Hint.set_secret("aceApiKey"),
        )
    elif assessment.warning:
        told = "token" in context.selected  # it gives the same warning, which is counted once
        text = f"{context.credentials.ace_source} {assessment.warning}"
        yield Evidence(text, warning=assessment.expires_soon and not told)
    else:
        yield Evidence(f"{context.credentials.ace_source} looks valid")


def _settings(manifest: Manifest) -> Iterator[Problem]:
    """Yield the settings that break their rule, which is the program's own (contract/setting_rules.py)."""
    values = list(list_settings(manifest))
    for setting, value in values:
        expected = RULES[setting].check(value)
        if expected is not None:
            yield setting, expected, show(value)
    for conflict in find_conflicts(dict(values)):
        yield conflict.setting, conflict.expected, conflict.found


def list_settings(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Yield each setting that the manifest holds, by its name in Pulumi.yaml."""
    for path, setting in SETTING_NAMES.items():
        value = operator.attrgetter(path)(manifest)
        values = value if isinstance(value, tuple) else (value,)
        absent = (None, "") if path.startswith("siblings.") else (None,)
        yield from ((setting, str(item)) for item in values if item not in absent)


def _tag_and_prefix(manifest: Manifest) -> Iterator[Problem]:
    if not 1 <= len(manifest.worker.tag) <= MAX_TAG:
        yield "the upload's tag", f"1 to {MAX_TAG} characters", show(manifest.worker.tag)
    prefix = key_prefix(manifest.storage.key_template, manifest.ace.site)
    if manifest.storage.prefix != prefix:
        yield "the manifest's prefix", repr(prefix), repr(manifest.storage.prefix)


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
        yield f"binding {SECRET}", "declared as secret_text", "it is not declared so"
    buckets = [b.properties.get("bucket_name") for b in manifest.bindings if b.type == "r2_bucket"]
    if manifest.storage.bucket not in buckets:
        yield "binding of the bucket", manifest.storage.bucket, ", ".join(map(str, buckets)) or "none"
    for name, text in wanted.items():
        found = bindings[name].properties.get("text") if name in bindings else None
        if found != text:
            yield f"binding {name}", repr(text), repr(found)


CHECK = Check(
    run=config,
    proves="the declared settings, and the key in ACE_API_KEY if it is set, are valid. Sends no request",
    runbook="scripts/verify-backfill-config.sh",
    step=0,
    causes=(
        KnownCause(
            what="ACE_API_KEY is empty, padded with white space, a placeholder or expired",
            fix="pulumi config set --secret aceApiKey --stack NAME, then pulumi up --stack NAME",
        ),
        KnownCause(
            what="a setting breaks its rule, or the manifest was edited",
            fix="correct Pulumi.NAME.yaml, then pulumi up --stack NAME",
        ),
    ),
    tags=frozenset({"read-only", "offline", BEFORE_DEPLOYMENT}),
)
