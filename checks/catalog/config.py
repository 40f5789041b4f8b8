"""The declared settings and the key are valid. The check makes no request."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

from checks.check import BEFORE_DEPLOYMENT, Check, Context, KnownCause
from checks.model.finding import Cause, Evidence, Finding
from checks.model.hint import Hint
from contract import ace_key
from contract.manifest import DeclaredBinding, Manifest
from contract.manifest.setting_names import SETTING_NAMES
from contract.manifest.sites import format_sites, pack_sites
from contract.setting_rules import find_conflicts, find_violations
from contract.setting_rules.violation import show

MAX_TAG = 100  # characters, Cloudflare's
MAX_SHOWN = 120  # characters of a binding's text
SECRET = "ACE_API_KEY"  # noqa: S105 - the name of a binding, not its value
Problem = tuple[str, str, str]  # subject, expected, found


def config(context: Context) -> Iterator[Evidence | Finding]:
    """Yield a finding for each setting that breaks its rule, and for a key that cannot work."""
    problems = [*_settings(context.manifest), *_tag(context.manifest), *_bindings(context.manifest)]
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
    """Yield the settings that break their rule, which is the program's own (contract/setting_rules/)."""
    values = list(list_settings(manifest))
    broken = [violation for setting, value in values for violation in find_violations(setting, value)]
    for item in (*broken, *find_conflicts(dict(values))):
        yield item.setting, item.expected, item.found


def list_settings(manifest: Manifest) -> Iterator[tuple[str, str]]:
    """Yield each setting that the manifest holds, by its name in Pulumi.yaml."""
    for path, setting in SETTING_NAMES.items():
        value = _read_field(manifest, path)
        values = value if isinstance(value, tuple) else (value,)
        if path == "sites":
            values = (format_sites(manifest.sites),)
        absent = (None, "") if path.startswith("siblings.") else (None,)
        yield from ((setting, str(item)) for item in values if item not in absent)


def _read_field(manifest: Manifest, path: str) -> Any:
    """Return a field of the manifest, None for a field of a record that is absent."""
    value: Any = manifest
    for name in path.split("."):
        value = None if value is None else getattr(value, name)
    return value


def _tag(manifest: Manifest) -> Iterator[Problem]:
    if not 1 <= len(manifest.worker.tag) <= MAX_TAG:
        yield "the upload's tag", f"1 to {MAX_TAG} characters", show(manifest.worker.tag)


def _list_texts(manifest: Manifest, bindings: Mapping[str, DeclaredBinding]) -> dict[str, str | None]:
    """Return the texts that the bindings must have. An older worker has its single site in three of them."""
    ace = manifest.ace
    texts: dict[str, str | None] = {"ACE_BASE_URL": ace.base_url, "PAGE_SIZE": str(ace.page_size)}
    if "SITES" not in bindings and "SITE" in bindings:
        [site, *_] = manifest.sites
        texts |= {"SITE": site.name, "START_DATE": site.start_date, "END_DATE": site.end_date}
    else:
        texts |= {**pack_sites(manifest.sites), "SETTLE_HOURS": str(ace.settle_hours)}
        texts |= {"RECHECK_DAYS": str(ace.recheck_days)}
    return texts | {"KEY_TEMPLATE": manifest.storage.key_template}


def _bindings(manifest: Manifest) -> Iterator[Problem]:
    bindings = {binding.name: binding for binding in manifest.bindings}
    if SECRET not in bindings or bindings[SECRET].type != "secret_text":
        yield f"binding {SECRET}", "declared as secret_text", "it is not declared so"
    buckets = [b.properties.get("bucket_name") for b in manifest.bindings if b.type == "r2_bucket"]
    if manifest.storage.bucket not in buckets:
        yield "binding of the bucket", manifest.storage.bucket, ", ".join(map(str, buckets)) or "none"
    for name, text in _list_texts(manifest, bindings).items():
        found = bindings[name].properties.get("text") if name in bindings else None
        if found != text:
            yield f"binding {name}", _shorten(text), _shorten(found)


def _shorten(text: str | None) -> str:
    shown = repr(text)
    return shown if len(shown) <= MAX_SHOWN else f"{shown[:MAX_SHOWN]}…"


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
