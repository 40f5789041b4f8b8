"""Executes the commands that a report prints on a copy of the system, and finds the samples that are lost then."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from contract.control_objects import CONTROL_PREFIX, PAUSE_KEY, RUN_LOG_KEY
from tests.fakes import days, manifest
from tests.fakes.random_system import RandomSystem

MAX_CRONS = 400  # more than any random system has missing days
Rows = frozenset[tuple[str, int, str]]  # point, time in ms, value as a text

HARMLESS = (  # they show or wait, or they change a setting, a secret or a variable of the shell
    "${EDITOR:-vi} ",
    "curl -sS",
    "date -u",
    "npx wrangler r2 object get ",
    "npx wrangler secret put ",
    "npx wrangler tail ",
    "npx wrangler versions list ",
    "npx wrangler versions view ",
    "pulumi config",
    "pulumi stack",
    "python -m checks explain ",
    "read -rs ",
    "export ",
    "sleep ",
    "unset ",
)


class UnknownCommandError(ValueError):
    """A report prints a command that the soak cannot execute."""


def find_lost_samples(make: Callable[[], RandomSystem], commands: Collection[str], folder: Path) -> list[str]:
    """Return each command after which samples are lost, and the key of their day.

    ``make`` returns a new copy of the system. A sample is lost if the bucket had it, does not have it after the command
    and the next crons, and ACE does not have it any more. A day that cannot be read counts as lost where its object
    changes and ACE has no sample of that day.
    """
    lost = []
    for command in sorted(set(commands)):
        system = make()
        before = dict(system.objects)
        execute(system, command, folder)
        run_crons(system)
        lost += [
            f"{command} loses samples of {key}"
            for key in before
            if not key.startswith(CONTROL_PREFIX) and _is_lost(system, key, before)
        ]
    return lost


def execute(system: RandomSystem, command: str, folder: Path) -> None:
    """Execute one line for a shell. Raises UnknownCommandError for any command that is not printed so far."""
    for step in command.split(" && "):
        _execute_step(system, step, folder)


def run_crons(system: RandomSystem) -> None:
    """Run the cron until no day is missing, or no further day is copied."""
    for _ in range(MAX_CRONS):
        before = system.objects.keys() - {RUN_LOG_KEY}
        system.worker.trigger()
        if system.objects.keys() - {RUN_LOG_KEY} == before:
            return


def _execute_step(system: RandomSystem, step: str, folder: Path) -> None:
    if re.match(r"(env( -u \w+)+ )?python -m checks run ", step):
        words = shlex.split(step.partition(" run ")[2])
        system.report(folder, *words[: next(i for i, word in enumerate([*words, "--"]) if word.startswith("--"))])
    elif step.startswith("pulumi up "):
        _deploy(system)
    elif found := re.fullmatch(r"npx wrangler r2 object delete '?([^/]+)/(.+?)'? --remote", step):
        system.cloudflare.buckets.get(found[1], {}).pop(found[2], None)
    elif step.startswith("python -m backfill resume "):
        system.objects.pop(PAUSE_KEY, None)
    elif step.startswith("python -m backfill retry "):
        system.worker.trigger()
    elif not step.startswith(HARMLESS):
        raise UnknownCommandError(step)


def _deploy(system: RandomSystem) -> None:
    """Upload the program's worker with the declared secrets, bindings and crons, and create the bucket if it is gone."""
    system.cloudflare.buckets.setdefault(manifest.BUCKET, {})
    system.worker.key = system.key
    system.script.secrets = [item["name"] for item in system.manifest["bindings"] if item["type"] == "secret_text"]
    system.script.crons = list(system.manifest["schedules"])
    system.script.upload(manifest.TAG)


def _is_lost(system: RandomSystem, key: str, before: Mapping[str, days.Stored]) -> bool:
    after = system.objects.get(key)
    if after is not None and after.body == before[key].body:
        return False
    at_ace = frozenset(_read_line(days.to_line(row)) for row in system.ace.days.get(_day_of(key), ()))
    had = _read_rows(before[key])
    if had is None:
        return not at_ace
    has = frozenset() if after is None else _read_rows(after)
    return bool(had - at_ace - (has or frozenset()))


def _read_rows(stored: days.Stored) -> Rows | None:
    """Return the samples of an object, None for one that cannot be read."""
    try:
        return frozenset(map(_read_line, days.read_lines(stored)))
    except (OSError, EOFError, ValueError, KeyError, TypeError):
        return None


def _read_line(line: days.Line) -> tuple[str, int, str]:
    return str(line["point_name"]), int(line["timestamp"]), str(line["value"])


def _day_of(key: str) -> str:
    found = re.search(r"\d{4}-\d\d-\d\d", key)
    return found[0] if found else ""
