"""Drift as one sentence for people: a warning of the preview, and the message of the upload. No program reads it."""

from __future__ import annotations

from contract.drift.record import (
    BINDINGS,
    CRONS,
    DEPLOYMENT,
    PUT_BACK,
    QUEUE_CONSUMER,
    ROLLBACK,
    SCRIPT_SETTINGS,
    SECRET,
    SETTINGS,
    SPLIT,
    UNFINISHED,
    UPLOAD,
    Drift,
    EarlierChange,
    SettingChange,
)
from contract.drift.rollback import CORRECT_FIRST

MAX_MESSAGE = 1_000  # bytes of a version's message, Cloudflare's limit
MAX_CRONS = 5  # shown in a sentence
MAX_NAME = 128  # characters of one name in a sentence
NOT_FINISHED = "the last `pulumi up` did not finish, so its crons are not live"
NOT_OWN = "not an upload of this stack"
_ACTIONS = {  # origin -> with an author, without one
    SECRET: ("changed secrets", "secrets were changed"),
    UPLOAD: ("uploaded another version", "another version was uploaded"),
    DEPLOYMENT: ("deployed another version", "another version was deployed"),
    ROLLBACK: ("made an older version live again", "an older version was made live again"),
    PUT_BACK: (
        "put an earlier version back after a failed verification",
        "an earlier version was put back after a failed verification",
    ),
    SPLIT: ("split the traffic over several versions", "the traffic was split over several versions"),
    BINDINGS: ("deployed bindings that differ from the tag", "bindings that differ from the tag were deployed"),
    SETTINGS: ("changed settings", "settings were changed"),
    CRONS: ("changed the crons", "the crons were changed"),
    SCRIPT_SETTINGS: ("changed the script settings", "the script settings were changed"),
    QUEUE_CONSUMER: ("changed the consumer of the queue", "the consumer of the queue was changed"),
}
UNRECORDED = {  # changes without an author
    CRONS: "Cloudflare does not record the author and the time of a cron change",
    SCRIPT_SETTINGS: "Cloudflare does not record the author and the time of a changed script setting",
    QUEUE_CONSUMER: "Cloudflare does not record the author and the time of a changed consumer",
}


def action_of(drift: Drift | EarlierChange) -> tuple[str, str]:
    """Return the change as a verb for its author, and as a clause without an author."""
    return _ACTIONS.get(drift.origin, ("changed the worker", "the worker was changed"))


def describe(drift: Drift) -> str:
    """Return the whole record as one line of ASCII, however long."""
    return _sentence(drift, sum(map(len, _lists(drift).values())))


def message_of(drift: Drift) -> str:
    """Return the line within MAX_MESSAGE bytes of ASCII: names that do not fit are counted."""
    text = ""
    for shown in range(sum(map(len, _lists(drift).values())), -1, -1):
        text = _sentence(drift, shown)
        if len(text) <= MAX_MESSAGE:
            break
    return text


def _sentence(drift: Drift, shown: int) -> str:
    sentences = [_head(drift)]
    left = shown
    for title, words in _lists(drift).items():
        kept = words[:left]
        left -= len(kept)
        sentences += _listed(title, kept, len(words) - len(kept))
    if drift.crons is not None:
        crons = [_escape(cron) for cron in drift.crons]
        sentences += _listed("Live crons", crons[:MAX_CRONS] if crons else ["none"], len(crons[MAX_CRONS:]))
    if drift.origin == UNFINISHED:
        return ". ".join([*sentences, "`pulumi up` completes it"])
    if drift.origin in UNRECORDED:
        sentences.append(UNRECORDED[drift.origin])
    if drift.origin == PUT_BACK:
        return ". ".join([*sentences, CORRECT_FIRST])
    sentences.append("`pulumi up` takes it over" if drift.adopted else "`pulumi up` restores it")
    return ". ".join(sentences)


def _head(drift: Drift) -> str:
    version, when = _escape(drift.version[:8]), f"on {_escape(drift.at)} UTC" if drift.at else ""
    author = _escape(drift.author) if drift.author else None
    if drift.adopted:
        last = f" (last changed by {author} {when})" if author and when else ""
        origin = f"an upload of another stack (its tag begins with {_escape(drift.stack)})" if drift.stack else NOT_OWN
        return f"adopts live version {version}, which is {origin}{last}"
    if drift.origin == UNFINISHED:
        return f"drift: {NOT_FINISHED} (live version {version})"
    active, passive = action_of(drift)
    if _names_one_secret(drift):
        name, change = _escape(drift.changes[0].name), _escape(drift.changes[0].change)
        active, passive = f"{change} {name}", f"{name} was {change}"
    place = "" if drift.origin == PUT_BACK else " outside Pulumi"
    action = f"{author} {active}{place} {when}".rstrip() if author else f"{passive}{place}"
    return f"drift: {action} (live version {version})"


def _names_one_secret(drift: Drift) -> bool:
    return drift.origin == SECRET and len(drift.changes) == 1


def _lists(drift: Drift) -> dict[str, list[str]]:
    """Return the lists that a limit may shorten, the most important first."""
    changes = () if _names_one_secret(drift) else drift.changes
    return {
        "Bindings": [f"{_escape(item.name)} {_escape(item.change)}" for item in changes],
        "Settings": [describe_setting(item) for item in drift.settings],
        "Lost": [f"{_escape(item.name)} ({_escape(item.type)})" for item in drift.lost],
        "Replaced": [f"{_escape(item.name)} ({_escape(item.type)})" for item in drift.replaced],
        "Before that": [_describe_earlier(item) for item in drift.earlier],
    }


def describe_setting(item: SettingChange) -> str:
    """Return a setting with its expected and its found value, in ASCII."""
    return f"{_escape(item.title)} (expected {_escape(item.expected)}, found {_escape(item.found)})"


def _describe_earlier(change: EarlierChange) -> str:
    when = f" on {_escape(change.at)} UTC" if change.at else ""
    return f"{_escape(change.author)} {action_of(change)[0]}{when} (version {_escape(change.version[:8])})"


def _listed(title: str, words: list[str], more: int) -> list[str]:
    shown = [*words, *([f"and {more} more"] if more else [])]
    return [f"{title}: {', '.join(shown)}"] if shown else []


def _escape(text: str) -> str:
    """Return a text from outside in printable ASCII, at most MAX_NAME characters."""
    escaped = "".join(c if c.isascii() and c.isprintable() else c.encode("unicode_escape").decode() for c in text)
    return f"{escaped[: MAX_NAME - 3]}..." if len(escaped) > MAX_NAME else escaped
