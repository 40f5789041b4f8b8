"""Reads Pulumi's configuration into one frozen Settings and reports all problems at once."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Mapping
from datetime import timedelta

from contract import ace_key, secret_scan
from contract.ace_key import EXPIRY_NOTICE
from contract.manifest.sites import read_sites
from contract.setting_rules import OTHER_STACK, RULES, find_conflicts, find_violation, find_violations
from contract.setting_rules.violation import Violation
from infra.errors import DeploymentError
from infra.settings.extra_bindings import read_extra_bindings
from infra.settings.former import FORMER, refuse_former
from infra.settings.names import NAMES, derive_name, find_broken_name
from infra.settings.provider import read_api_token, read_api_url
from infra.settings.settings import Settings
from infra.settings.source import SettingsSource

KNOWN = frozenset((*RULES, "aceApiKey", "extraBindings"))


class SettingsError(DeploymentError):
    """The configuration cannot be used. The message is one line a problem."""


def read_settings(source: SettingsSource) -> Settings:
    """Read and validate all settings.

    Raises SettingsError with every problem, one line each. A line names the setting and the expected form.
    """
    values, derived = _read_values(source)
    problems = _find_problems(source, values, derived)
    days = values["keyExpiryWarningDays"]
    notice = EXPIRY_NOTICE if _is_broken(values, "keyExpiryWarningDays") else timedelta(days=int(days))
    key, warnings = _read_key(source, problems, notice)
    if source.is_secret("extraBindings"):
        problems.append(_refuse_secret("extraBindings holds a value that"))
    extra = read_extra_bindings(_text(source, "extraBindings"), problems)
    api_token, api_url = read_api_token(source, problems), read_api_url(source, problems)
    if problems:
        raise SettingsError("\n".join(problems))
    query_name = values["queryWorkerName"] if values["queryWorker"] == "true" else None
    query_address = values["queryUrl"] if values["queryUrl"] else query_name
    subdomain = values["workersSubdomain"]
    return Settings(
        project=source.project,
        stack=source.stack,
        account_id=values["accountId"],
        ace_api_key=key,
        key_expiry_warning_days=int(values["keyExpiryWarningDays"]),
        bucket=values["bucket"],
        worker_name=values["workerName"],
        derived_names=derived,
        worker_url=_url_of(values["workerUrl"] if values["workerUrl"] else values["workerName"], subdomain),
        sites=read_sites(values["sites"]),
        ace_base_url=values["aceBaseUrl"],
        page_size=int(values["pageSize"]),
        key_template=values["keyTemplate"],
        schedule=_optional(values["schedule"]),
        settle_hours=int(values["settleHours"]),
        recheck_days=int(values["recheckDays"]),
        parallelism=int(values["parallelism"]),
        extra_bindings=extra,
        not_secret=frozenset(values["notSecret"].split(",")) - {""},
        adopt=values["adopt"] != "false",
        adopts_other_stack=values["adopt"] == OTHER_STACK,
        etl_worker=_url_of(values["etlWorker"], subdomain) if values["etlWorker"] else None,
        query_worker_name=query_name,
        query_url=None if query_address is None else _url_of(query_address, subdomain),
        api_url=api_url,
        api_token=api_token,
        warnings=warnings,
    )


def _text(source: SettingsSource, setting: str) -> str:
    value = source.get(setting)
    return "" if value is None else value


def _read_values(source: SettingsSource) -> tuple[dict[str, str], frozenset[str]]:
    """Return the value of each setting that has a rule, and the names that are not set but derived."""
    given = {setting: _text(source, setting) for setting in RULES}
    used = [name for name in NAMES if name != "queryWorkerName" or given["queryWorker"] == "true"]
    derived = {name: derive_name(name, source.stack) for name in used if not given[name]}
    return {**given, **derived}, frozenset(derived)


def _is_broken(values: Mapping[str, str], setting: str) -> bool:
    return setting in RULES and find_violation(setting, values[setting]) is not None


def _find_problems(source: SettingsSource, values: Mapping[str, str], derived: Collection[str]) -> list[str]:
    """Return a line for each setting that no code reads, each broken rule, and each broken rule between settings."""
    problems = [_refuse_unknown(name) for name in sorted(source.names) if name not in (*KNOWN, *FORMER)]
    problems += refuse_former(source)
    for setting, value in values.items():
        problems += _find_problem(source, setting, value, derived=setting in derived)
    return problems + [str(item) for item in find_conflicts(values) if not _is_broken(values, item.setting)]


def _find_problem(source: SettingsSource, setting: str, value: str, *, derived: bool) -> list[str]:
    if source.is_secret(setting):
        return [_refuse_secret(setting)]
    if derived:
        broken = find_broken_name(setting, source.stack)
        return [] if broken is None else [broken]
    violations = find_violations(setting, value)
    if violations and not value:
        return [f"{violations[0]}. Run: pulumi config set {setting} VALUE"]
    if violations and secret_scan.has_secret_form(value):  # a secret under the wrong name
        hidden = "a text that looks like a secret"
        return [str(Violation(setting=setting, expected=violations[0].expected, found=hidden))]
    return [str(violation) for violation in violations]


def _refuse_secret(subject: str) -> str:
    return f"{subject} is stored as a secret, but it will be public: set it without --secret"


def _refuse_unknown(name: str) -> str:
    """Return a line about a setting that no code reads: a misspelt one would leave the default in force."""
    if secret_scan.has_secret_form(name):
        return "a setting's name has the form of a secret: remove it from the stack's file, and rotate the secret"
    known = {key.lower(): key for key in KNOWN}
    near = difflib.get_close_matches(name.lower().replace("_", ""), known, n=1)
    hint = f"did you mean {known[near[0]]}?" if near else "Pulumi.yaml lists all settings."
    return f"{name!r} is not a setting: {hint} Run: pulumi config rm NAME"


def _url_of(worker: str, subdomain: str) -> str:
    """Return the URL of a worker that is given by its URL, or by its name under the same workers.dev."""
    return worker if "://" in worker else f"https://{worker}.{subdomain}.workers.dev"


def _optional(value: str) -> str | None:
    return value if value else None


def _read_key(source: SettingsSource, problems: list[str], notice: timedelta) -> tuple[str, tuple[str, ...]]:
    origin, key = "aceApiKey", _text(source, "aceApiKey")
    if key and not source.is_secret("aceApiKey"):
        problems.append("aceApiKey is stored in clear (run: pulumi config set --secret aceApiKey, and rotate the key)")
        return "", ()
    if not key:
        if "ACE_API_KEY" not in source.environment:
            problems.append("aceApiKey is not set (run: pulumi config set --secret aceApiKey, or export ACE_API_KEY)")
            return "", ()
        origin, key = "ACE_API_KEY (environment)", source.environment["ACE_API_KEY"]
    assessment = ace_key.assess(key, now=source.now, notice=notice)
    if assessment.problem:
        problems.append(f"{origin} {assessment.problem}")
    return key, (f"{origin} {assessment.warning}",) if assessment.warning else ()
