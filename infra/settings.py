"""The only reader of Pulumi's configuration: from strings to one frozen Settings, all problems at once."""

from __future__ import annotations

import difflib
import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from contract import ace_key, secret_scan, setting_rules
from infra import extra_bindings, query
from infra.bindings import Binding


class SettingsError(ValueError):
    """The configuration cannot be used; the message is one line a problem."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The whole configuration of a stack, validated."""

    account_id: str
    ace_api_key: str = field(repr=False)
    bucket: str
    worker_name: str
    worker_url: str
    site: str
    start_date: str
    end_date: str | None
    ace_base_url: str
    page_size: int
    key_template: str
    schedule: str | None
    extra_bindings: tuple[Binding, ...]
    adopt: bool
    etl_worker: str | None
    query: query.Query
    api_url: str
    api_token: str = field(repr=False)
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Where the settings come from: configuration of the stack and of the provider, environment and clock.

    ``names`` are all settings that the stack has, whoever reads them.
    """

    names: Collection[str]
    get: Callable[[str], str | None]
    provider: Callable[[str], str | None]
    is_secret: Callable[[str], bool]
    environment: Mapping[str, str]
    now: datetime


_RULES: Mapping[str, Callable[[str], str | None]] = {
    "accountId": setting_rules.account_id,
    "bucket": setting_rules.bucket,
    "workerName": setting_rules.hostname_label,
    "site": setting_rules.site,
    "startDate": setting_rules.iso_date,
    "aceBaseUrl": setting_rules.url,
    "pageSize": setting_rules.page_size,
    "keyTemplate": setting_rules.key_template,
}
_API_URL = "https://api.cloudflare.com/client/v4"
_OPTIONAL_RULES: Mapping[str, Callable[[str], str | None]] = {
    "workersSubdomain": setting_rules.hostname_label,
    "workerUrl": setting_rules.url,
    "endDate": setting_rules.iso_date,
    "schedule": setting_rules.cron,
    "etlWorker": setting_rules.sibling,
    "queryWorkerName": setting_rules.hostname_label,
    "queryUrl": setting_rules.url,
}
_KNOWN = frozenset((*_RULES, *_OPTIONAL_RULES, "aceApiKey", "adopt", "extraBindings", "queryWorker"))


def read(source: Source) -> Settings:
    """Read and validate everything.

    Raises SettingsError with every problem found, one line each, naming the key and what to do.
    """
    problems = [_unknown(name) for name in sorted(source.names) if name not in _KNOWN]
    values = {key: _text(source, key) for key in (*_RULES, *_OPTIONAL_RULES)}
    for key, value in values.items():
        rule = _RULES.get(key)
        if rule is None and value:
            rule = _OPTIONAL_RULES[key]
        problem = rule(value) if rule else None
        if source.is_secret(key):
            problems.append(f"{key} is stored as a secret, and would be public: set it without --secret")
        elif problem:
            problems.append(f"{key} {_shown(problem, value)}")
    problems += _between(values)
    key, key_warning = _key(source, problems)
    if source.is_secret("extraBindings"):
        problems.append("extraBindings holds a value stored as a secret, and would be public: set it without --secret")
    extra = extra_bindings.read(_text(source, "extraBindings"), problems)
    adopt = _flag(_text(source, "adopt"), problems)
    asked = query.read(values, _text(source, "queryWorker"), problems)
    api_token = _of_provider(source, "apiToken", "CLOUDFLARE_API_TOKEN")
    if api_token is None:
        problems.append("cloudflare:apiToken is not set (export CLOUDFLARE_API_TOKEN)")
    elif not re.fullmatch(r"[0-9A-Za-z_-]{40,80}", api_token):
        problems.append(
            "cloudflare:apiToken has not the form of Cloudflare's tokens: 40 to 80 letters, digits, '_', '-'"
        )
    api_url = _of_provider(source, "baseUrl", "CLOUDFLARE_BASE_URL")
    if api_url is not None and (problem := setting_rules.url(api_url)):
        problems.append(f"cloudflare:baseUrl {problem.partition(', found')[0]}")
    if problems or api_token is None:
        raise SettingsError("\n".join(problems))
    url = values["workerUrl"]
    if not url:
        url = f"https://{values['workerName']}.{values['workersSubdomain']}.workers.dev"
    return Settings(
        account_id=values["accountId"],
        ace_api_key=key,
        bucket=values["bucket"],
        worker_name=values["workerName"],
        worker_url=url,
        site=values["site"],
        start_date=values["startDate"],
        end_date=values["endDate"] if values["endDate"] else None,
        ace_base_url=values["aceBaseUrl"],
        page_size=int(values["pageSize"]),
        key_template=values["keyTemplate"],
        schedule=values["schedule"] if values["schedule"] else None,
        extra_bindings=extra,
        adopt=adopt,
        etl_worker=_sibling(values["etlWorker"], values["workersSubdomain"]),
        query=asked,
        api_url=_API_URL if api_url is None else api_url,
        api_token=api_token,
        warnings=key_warning,
    )


def _unknown(name: str) -> str:
    """Say that nobody reads a setting: one that is misspelt would else leave the default in force, unsaid."""
    if secret_scan.by_form(name):
        return "a setting's name has the form of a secret: remove it from the stack's file, and rotate the secret"
    known = {key.lower(): key for key in _KNOWN}
    near = difflib.get_close_matches(name.lower().replace("_", ""), known, n=1)
    hint = f"did you mean {known[near[0]]}?" if near else "Pulumi.yaml lists them"
    return f"{name!r} is no setting; {hint} (pulumi config rm takes it out)"


def _shown(problem: str, value: str) -> str:
    """Return a problem without the value that was found, where that may be a secret under the wrong key."""
    return problem.partition(", found")[0] if secret_scan.by_form(value) else problem


def _text(source: Source, key: str) -> str:
    value = source.get(key)
    return "" if value is None else value


def _of_provider(source: Source, key: str, variable: str) -> str | None:
    """Return the provider's own setting: its configuration, else its environment variable; empty is not set."""
    for value in (source.provider(key), source.environment.get(variable)):
        if value:
            return value
    return None


def _between(values: Mapping[str, str]) -> list[str]:
    problems = []
    if bool(values["workerUrl"]) == bool(values["workersSubdomain"]):
        found = "both are set" if values["workerUrl"] else "neither is set"
        problems.append(f"workersSubdomain or workerUrl is needed, exactly one of them: {found}")
    if values["etlWorker"] and "://" not in values["etlWorker"] and not values["workersSubdomain"]:
        problems.append("etlWorker must be a whole URL where workersSubdomain is not set")
    start, end = values["startDate"], values["endDate"]
    if end and not setting_rules.iso_date(start) and not setting_rules.iso_date(end) and start > end:
        problems.append(f"startDate {start} is after endDate {end}")
    return problems


def _sibling(name: str, subdomain: str) -> str | None:
    """Return the URL of a worker that is named by its URL, or by its name under the same workers.dev."""
    if not name:
        return None
    return name if "://" in name else f"https://{name}.{subdomain}.workers.dev"


def _key(source: Source, problems: list[str]) -> tuple[str, tuple[str, ...]]:
    origin, key = "aceApiKey", _text(source, "aceApiKey")
    if key and not source.is_secret("aceApiKey"):
        problems.append("aceApiKey is stored in clear (run: pulumi config set --secret aceApiKey, and rotate the key)")
        return "", ()
    if not key:
        if "ACE_API_KEY" not in source.environment:
            problems.append("aceApiKey is not set (run: pulumi config set --secret aceApiKey, or export ACE_API_KEY)")
            return "", ()
        origin, key = "ACE_API_KEY (environment)", source.environment["ACE_API_KEY"]
    assessment = ace_key.assess(key, now=source.now)
    if assessment.problem:
        problems.append(f"{origin} {assessment.problem}")
    return key, (f"{origin} {assessment.warning}",) if assessment.warning else ()


def _flag(text: str, problems: list[str]) -> bool:
    if text not in {"true", "false"}:
        problems.append(f"adopt must be true or false, found {text!r}")
    return text == "true"
