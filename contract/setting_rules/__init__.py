"""The rule of each setting, for the program (``infra/settings``) and for the check ``config``.

A rule takes a value and returns the form that was expected, or None for a valid value. ``RULES`` is the list of all
settings that have one, and ``find_violations`` applies one. ``find_conflicts`` holds the rules between settings. The
examples are tests/contract/setting_examples.json, which the workers' tests use as well.
Source: R2's and Workers' naming rules, ACE's page sizes, Cloudflare's cron parser.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from contract.ace_key import LAST_DAYS, MAX_TEXT
from contract.control_objects import CONTROL_PREFIX
from contract.cron.dialect import find_broken_field
from contract.hosts import is_backfill_worker, is_loopback
from contract.setting_rules.sites import check_sites, find_site_violations
from contract.setting_rules.violation import Violation, show

Rule = Callable[[str], str | None]

# Larger pages exceed a worker's 128 MB, smaller ones stall ACE's cursor.
PAGE_SIZES = (1_000, 5_000, 10_000, 50_000, 100_000)
MAX_SETTLE_HOURS = 72
MAX_RECHECK_DAYS = 30
MAX_PARALLELISM = 50
MAX_QUEUE_NAME = 63  # characters
DAYS_QUEUE, DEAD_LETTER_QUEUE = "-days", "-dead-days"  # the ends of the queues' names
MAX_WORKER_NAME = MAX_QUEUE_NAME - len(DEAD_LETTER_QUEUE)
OTHER_STACK = "from-other-stack"  # value of adopt


@dataclass(frozen=True, slots=True, kw_only=True)
class SettingRule:
    """The rule of one setting. An optional setting may be empty. ``find`` yields the broken parts of a list."""

    check: Rule
    optional: bool = False
    find: Callable[[str], Iterator[Violation]] | None = None


def check_account_id(value: str) -> str | None:
    """Expect 32 hex digits."""
    return None if re.fullmatch(r"[0-9a-fA-F]{32}", value) else "32 hex digits"


def check_bucket(value: str) -> str | None:
    """Expect a name that R2 accepts."""
    valid = re.fullmatch(r"[a-z0-9][a-z0-9-]{1,61}[a-z0-9]", value)
    return None if valid else "3 to 63 of a-z, 0-9 and '-', with no '-' at either end"


def check_hostname_label(value: str) -> str | None:
    """Expect one label of a host name, because a worker's name is a part of its URL."""
    valid = re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", value)
    return None if valid else "1 to 63 of a-z, 0-9 and '-', with no '-' at either end"


def check_worker_name(value: str) -> str | None:
    """Expect one label of a host name that is short enough for the names of the queues, which follow from it."""
    valid = check_hostname_label(value) is None and len(value) <= MAX_WORKER_NAME
    return None if valid else f"1 to {MAX_WORKER_NAME} of a-z, 0-9 and '-', with no '-' at either end"


def check_url(value: str) -> str | None:
    """Expect an https URL without credentials, query or trailing slash. Plain http is for this machine only."""
    try:
        parts = urlsplit(value)
        host, port = parts.hostname, parts.port
    except ValueError:
        return "a URL"
    if "@" in parts.netloc or (not parts.netloc and "@" in value):
        return "a URL without a user name or a password"
    if not value.isascii() or not value.isprintable() or " " in value or "\\" in value:
        return "a URL without spaces and without characters outside ASCII"
    if not host or port == 0 or parts.scheme not in {"http", "https"}:
        return "a whole URL that starts with https://"
    if parts.scheme == "http" and not is_loopback(host):
        return "an https URL (http is only for this machine)"
    if "?" in value or "#" in value or value.endswith("/"):
        return "a URL without a query, a fragment, and a slash at its end"
    return None


def check_worker_address(value: str) -> str | None:
    """Expect a worker's name, or its whole URL."""
    return check_url(value) if "://" in value else check_hostname_label(value)


def check_page_size(value: str) -> str | None:
    """Expect a page size of ACE that neither exceeds a worker's memory nor stalls ACE's cursor."""
    return None if value in map(str, PAGE_SIZES) else f"one of {', '.join(map(str, PAGE_SIZES))}"


def check_key_template(value: str) -> str | None:
    """Expect ``{site}`` before ``{date}``, each once, text between them, in a key that URLs take as it is."""
    if value.count("{site}") != 1 or value.count("{date}") != 1:
        return "{site} and {date}, each once"
    before, _, rest = value.partition("{site}")
    between, found, after = rest.partition("{date}")
    if not found:
        return "{site} before {date}"
    if not between:
        return "text between {site} and {date}"
    if not re.fullmatch(r"[A-Za-z0-9_./=-]+", before + between + after):
        return "letters, digits and '_', '.', '/', '=', '-' besides {site} and {date}"
    if len(value) > MAX_TEXT:
        return f"at most {MAX_TEXT:,} characters"
    if value.startswith("/") or "//" in value or any(part in {".", ".."} for part in value.split("/")):
        return "a relative key without empty, '.' or '..' parts"
    return f"a key outside {CONTROL_PREFIX}, which holds the run log" if value.startswith(CONTROL_PREFIX) else None


def check_cron(value: str) -> str | None:
    """Expect a cron in Cloudflare's dialect."""
    broken = find_broken_field(value)
    if broken == "cron":
        return "a cron of 5 fields (minute hour day month weekday), with one space between them"
    return None if broken is None else f"a cron with a {broken} that Cloudflare accepts"


def check_names(value: str) -> str | None:
    """Expect names of bindings and settings."""
    valid = re.fullmatch(r"[A-Za-z0-9_.-]+(,[A-Za-z0-9_.-]+)*", value)
    return None if valid else "names separated by commas, without spaces"


def expect_number(first: int, last: int, unit: str) -> Rule:
    """Return the rule of a setting with a whole number."""
    return lambda value: None if value in map(str, range(first, last + 1)) else f"{first} to {last} {unit}"


def expect_one_of(*values: str) -> Rule:
    """Return the rule of a setting with these values."""
    expected = f"{', '.join(values[:-1])} or {values[-1]}"
    return lambda value: None if value in values else expected


RULES: Mapping[str, SettingRule] = {
    "accountId": SettingRule(check=check_account_id),
    "bucket": SettingRule(check=check_bucket),
    "workerName": SettingRule(check=check_worker_name),
    "workersSubdomain": SettingRule(check=check_hostname_label, optional=True),
    "workerUrl": SettingRule(check=check_url, optional=True),
    "sites": SettingRule(check=check_sites, find=find_site_violations),
    "aceBaseUrl": SettingRule(check=check_url),
    "pageSize": SettingRule(check=check_page_size),
    "keyTemplate": SettingRule(check=check_key_template),
    "keyExpiryWarningDays": SettingRule(check=expect_number(LAST_DAYS.days, 365, "days")),
    "schedule": SettingRule(check=check_cron, optional=True),
    "settleHours": SettingRule(check=expect_number(0, MAX_SETTLE_HOURS, "hours")),
    "recheckDays": SettingRule(check=expect_number(0, MAX_RECHECK_DAYS, "days")),
    "parallelism": SettingRule(check=expect_number(1, MAX_PARALLELISM, "days at once")),
    "notSecret": SettingRule(check=check_names, optional=True),
    "etlWorker": SettingRule(check=check_worker_address, optional=True),
    "queryWorker": SettingRule(check=expect_one_of("true", "false")),
    "queryWorkerName": SettingRule(check=check_hostname_label, optional=True),
    "queryUrl": SettingRule(check=check_url, optional=True),
    "adopt": SettingRule(check=expect_one_of("true", "false", OTHER_STACK)),
}


def find_violation(setting: str, value: str) -> Violation | None:
    """Return how a value breaks the rule of its setting, None for a valid one. Raises KeyError for another name."""
    return next(iter(find_violations(setting, value)), None)


def find_violations(setting: str, value: str) -> list[Violation]:
    """Return all that breaks the rule of a setting: several violations of a list. Raises KeyError for another name."""
    rule = RULES[setting]
    if rule.find is not None:
        return list(rule.find(value))
    expected = None if rule.optional and not value else rule.check(value)
    return [] if expected is None else [Violation(setting=setting, expected=expected, found=show(value))]


def find_conflicts(values: Mapping[str, str]) -> Iterator[Violation]:
    """Yield the rules between settings that are broken. A setting that is not in ``values`` is not judged."""
    given = {name: value for name, value in values.items() if value}
    if {"workersSubdomain", "workerUrl"} <= values.keys():
        chosen = [name for name in ("workersSubdomain", "workerUrl") if name in given]
        if len(chosen) != 1:
            found = "both" if chosen else "neither"
            yield Violation(setting="workersSubdomain or workerUrl", expected="exactly one of them", found=found)
    if "workersSubdomain" in values and "workersSubdomain" not in given:
        yield from _find_missing_addresses(given)
    if given.get("queryWorker") == "true" and given.get("queryWorkerName", "") in {"", given.get("workerName")}:
        found = show(given.get("queryWorkerName", ""))
        yield Violation(setting="queryWorkerName", expected="a name that is not workerName", found=found)
    if is_backfill_worker(given, "etlWorker"):
        expected, found = "another worker than the backfill worker", show(given["etlWorker"])
        yield Violation(setting="etlWorker", expected=expected, found=found)


def _find_missing_addresses(given: Mapping[str, str]) -> Iterator[Violation]:
    reason = "because workersSubdomain is not set"
    if "://" not in given.get("etlWorker", "://"):
        yield Violation(setting="etlWorker", expected=f"a whole URL, {reason}", found=show(given["etlWorker"]))
    if given.get("queryWorker") == "true" and "queryUrl" not in given:
        yield Violation(setting="queryUrl", expected=f"a whole URL, {reason}", found="nothing")
