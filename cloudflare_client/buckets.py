"""The lifecycle rules and public addresses of an R2 bucket, as the API describes them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from cloudflare_client.errors import UnknownShapeError
from cloudflare_client.fields import read_items, read_object, read_text

SECONDS_OF_A_DAY = 86_400
FEDRAMP = "fedramp"
JURISDICTIONS = ("default", "eu", FEDRAMP)  # each has buckets of its own, and one name may exist in several


@dataclass(frozen=True, slots=True, kw_only=True)
class LifecycleRule:
    """A rule for the objects under ``prefix``. ``deletion`` is when it deletes them, ``moves`` when it moves them.

    Both are texts for a message, empty where the rule does not do it.
    """

    id: str
    enabled: bool
    prefix: str
    deletion: str
    moves: str

    def covers(self, prefix: str) -> bool:
        """Return whether the rule applies to an object that may be under this prefix."""
        return self.enabled and (prefix.startswith(self.prefix) or self.prefix.startswith(prefix))


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicDomain:
    """A host name at which a bucket is public if it is enabled."""

    name: str
    enabled: bool


def parse_rules(result: object) -> tuple[LifecycleRule, ...]:
    """Return the rules from ``GET r2/buckets/{bucket}/lifecycle``."""
    found = read_object(result, "the lifecycle").get("rules")
    return tuple(_parse_rule(item) for item in read_items([] if found is None else found, "the lifecycle rules"))


def parse_managed_domain(result: object) -> PublicDomain:
    """Return the bucket's address under r2.dev from ``GET …/domains/managed``."""
    return _parse_domain(read_object(result, "the managed domain"))


def parse_custom_domains(result: object) -> tuple[PublicDomain, ...]:
    """Return the domains from ``GET …/domains/custom``."""
    found = read_object(result, "the custom domains").get("domains")
    return tuple(_parse_domain(item) for item in read_items([] if found is None else found, "the custom domains"))


def _parse_domain(item: Mapping[str, Any]) -> PublicDomain:
    enabled = item.get("enabled")
    if not isinstance(enabled, bool):
        raise UnknownShapeError("a domain does not say whether it is enabled")
    return PublicDomain(name=read_text(item, "domain"), enabled=enabled)


def _parse_rule(item: Mapping[str, Any]) -> LifecycleRule:
    enabled = item.get("enabled", True)
    if not isinstance(enabled, bool):
        raise UnknownShapeError("a lifecycle rule does not say whether it is enabled")
    conditions = read_object(item.get("conditions") or {}, "a rule's conditions")
    deletion = item.get("deleteObjectsTransition")
    moves = read_items(item.get("storageClassTransitions") or [], "a rule's storageClassTransitions")
    return LifecycleRule(
        id=read_text(item, "id", "without an id"),
        enabled=enabled,
        prefix=read_text(conditions, "prefix", ""),
        deletion="" if deletion is None else _describe_time(read_object(deletion, "a rule's deletion")),
        moves=", ".join(f"to {read_text(move, 'storageClass', '?')} {_describe_time(move)}" for move in moves),
    )


def _describe_time(transition: Mapping[str, Any]) -> str:
    """Return when a transition happens. It is never an empty text."""
    condition = read_object(transition.get("condition") or {}, "a rule's condition")
    age = condition.get("maxAge")
    if isinstance(age, int | float) and not isinstance(age, bool):
        return f"after {age / SECONDS_OF_A_DAY:g} days"
    date = condition.get("date")
    return f"on {date[:10]}" if isinstance(date, str) and date else "at a time that the rule does not name"
