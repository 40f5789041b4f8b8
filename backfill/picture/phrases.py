"""The phrases that the text and the page share."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import TYPE_CHECKING

from backfill.picture.site import State
from checks.model.finding import count
from contract.ace_key import describe_expiry
from contract.schedule import format_time

if TYPE_CHECKING:
    from backfill.picture.model import PastRun, Picture
    from backfill.picture.site import Rate
    from contract.control_objects import Pause


MIN_NAME = 15  # columns for the name of a site: the other columns of a table have 65, so that a row has 80


def choose_name_columns(names: Iterable[str], width: int | None) -> int:
    """Return the columns for the names of a table: as many as the longest needs and the terminal has."""
    longest = max(map(len, names), default=0) + 1
    return max(MIN_NAME, longest if width is None else min(longest, width - 80 + MIN_NAME))


def fit_name(name: str, columns: int) -> str:
    """Return a name in so many columns. A long one loses its middle, because sites often differ at the end."""
    if len(name) < columns:
        return name.ljust(columns)
    head = (columns - 2) // 2
    return f"{name[:head]}~{name[head + 2 - columns :]} "


def describe_pace(picture: Picture) -> str:
    """Return the rate and the estimated end, or the pause with its author."""
    if picture.pause is not None:
        return describe_pause(picture.pause)
    missing = picture.counts[State.MISSING]
    if not picture.rate.copied:
        waiting = "only failed days are left" if picture.failed else "no day is waiting"
        return "no day was copied in the last hour" if missing else waiting
    end = f", complete at about {picture.ends:%Y-%m-%d %H:%M} UTC" if picture.ends else ""
    return f"{format_rate(picture.rate)} days per hour{end}"


def describe_pause(pause: Pause) -> str:
    """Return the pause with its time, author and reason."""
    return f"paused since {format_time(pause.at)} by {pause.by}: {pause.reason}"


def describe_key(picture: Picture) -> str:
    """Return the expiry of ACE's key, or the reason why it is not known."""
    if picture.key is None:
        return "not known here. Set ACE_API_KEY, or use --stack, to see its expiry"
    if picture.key.expires is None:
        return f"{picture.key.source} does not say when it expires"
    if picture.key.expires <= picture.at:
        return f"{picture.key.source} has expired, on {picture.key.expires:%Y-%m-%d}"
    return f"{picture.key.source} {describe_expiry(picture.key.expires, now=picture.at)}"


def describe_work(run: PastRun) -> str:
    """Return the stored and the re-checked days of a run, and the rows that it kept."""
    numbers = [(run.stored, f"stored {run.stored:,}"), (run.rechecked, f"re-checked {run.rechecked:,}")]
    numbers += [(run.kept, f"kept {count(run.kept, 'row')} that only R2 has")]
    return ", ".join(text for number, text in numbers if number) or "stored 0"


def format_rate(rate: Rate) -> str:
    """Return the days per hour, and ``-`` for none."""
    shown = rate.days_per_hour
    return "-" if not shown else f"{shown:,.0f}" if shown >= 10 else f"{shown:.1f}"


def format_span(span: timedelta) -> str:
    """Return a time span in its largest unit, as in ``3 h``."""
    minutes = max(0, round(span / timedelta(minutes=1)))
    if minutes < 2:
        return f"{max(0, round(span.total_seconds()))} s"
    if minutes < 100:
        return f"{minutes} min"
    return f"{minutes / 60:.0f} h" if minutes < 48 * 60 else f"{minutes / 1440:,.0f} d"
