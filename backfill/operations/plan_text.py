"""The plan as text, and as data for JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from backfill.estimate import WORKERS_PAID
from backfill.picture.phrases import choose_name_columns, describe_pause, fit_name
from checks.model.finding import count
from checks.reporters import wrap

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from backfill.estimate import Month
    from backfill.operations.plan import Plan, SitePlan

HEAD = ("due", "missing", "failed", "samples", "requests", "time", "size")
WIDTHS = (7, 9, 8, 11, 11, 9, 10)
CHARGES = {
    "class_a": "R2 writes and lists",
    "class_b": "R2 reads",
    "queue": "queue",
    "requests": "requests",
    "cpu_ms": "CPU",
    "stored_bytes": "R2 storage",
}


def render(plan: Plan, width: int | None, name_command: Callable[..., str]) -> str:
    """Return the plan for a terminal. ``name_command`` returns the text of a command."""
    rows: list[tuple[str, ...]] = [("site", *HEAD), *map(_describe_site, plan.sites)]
    if len(plan.sites) > 1:
        days = sum(site.due for site in plan.sites), sum(site.missing for site in plan.sites)
        failed = sum(site.failed for site in plan.sites)
        numbers = (*days, failed)
        total = (*(f"{number:,}" for number in numbers), "", f"{plan.requests:,}", format_seconds(plan.seconds))
        rows.append(("all", *total, format_bytes(plan.bytes)))
    columns = choose_name_columns((site.name for site in plan.sites), width)
    lines = [*(_draw_row(row, columns) for row in rows), ""]
    for text in _explain(plan):
        lines += wrap(text, width)
    text, command = _choose_next(plan, name_command)
    lines += ["", *wrap(text, width), f"  {command}"]
    return "\n".join(lines) + "\n"


def _explain(plan: Plan) -> Iterator[str]:
    source = f"measured: {count(len(plan.pages), 'page')}" if plan.pages else "assumed. --measure times three pages"
    yield (
        f"parallelism {plan.parallelism}, {plan.page_size:,} rows a page, {plan.page_seconds:.2g} s for a page of ACE"
        f" ({source}). The requests are the least possible number, and the samples are the mean of a day."
    )
    for page in plan.pages:
        yield f"page of {page.site} {page.day}: {count(page.rows, 'row')} in {page.seconds:.3f} s"
    month = plan.month
    if month is None:
        yield (
            "No day is stored, so the samples of a day, the size and the cost are not known."
            " Each day counts as one page. --measure reads three pages."
        )
        return
    beyond = [f"{CHARGES[name]} {usd:.2f}" for name, usd in month.charges.items() if usd >= 0.005]
    parts = ", ".join([f"Workers Paid {WORKERS_PAID:.2f}", *beyond])
    stored = format_bytes(month.stored_bytes)
    yield f"Afterwards R2 holds {stored}, and a month costs about {month.usd:.2f} USD: {parts}."


def _choose_next(plan: Plan, name_command: Callable[..., str]) -> tuple[str, str]:
    """Return the last sentence and its command."""
    if plan.pause is not None:
        return f"The backfill is {describe_pause(plan.pause)}. To resume it:", name_command("resume")
    if not plan.has_cron:
        command = f"pulumi config set schedule '*/5 * * * *' --stack {plan.stack}"
        return "No declared cron fires, so nothing starts the backfill. To declare one:", command
    start = "The" if plan.is_live else "After `pulumi up` the"
    return f"{start} backfill needs no command. To see its state:", name_command("status")


def _describe_site(site: SitePlan) -> tuple[str, ...]:
    samples = "-" if site.samples is None else f"{site.samples:,.0f}"
    numbers = (f"{site.due:,}", f"{site.missing:,}", f"{site.failed:,}", samples, f"{site.work.requests:,}")
    return (site.name, *numbers, format_seconds(site.work.seconds), format_bytes(site.bytes))


def _draw_row(cells: tuple[str, ...], columns: int) -> str:
    name, *others = cells
    return fit_name(name, columns) + "".join(text.rjust(width) for text, width in zip(others, WIDTHS, strict=True))


def format_seconds(seconds: float) -> str:
    """Return a time in its largest unit."""
    if seconds < 100:
        return f"{seconds:.0f} s"
    if seconds < 6000:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:,.1f} h" if seconds < 172_800 else f"{seconds / 86_400:,.1f} d"


def format_bytes(size: float | None) -> str:
    """Return a size in its largest decimal unit, and ``-`` for one that is not known."""
    if size is None:
        return "-"
    for unit, factor in (("TB", 1e12), ("GB", 1e9), ("MB", 1e6), ("kB", 1e3)):
        if size >= factor:
            return f"{size / factor:,.3g} {unit}"
    return f"{size:,.0f} B"


def build_data(plan: Plan) -> dict[str, Any]:
    """Return the plan as JSON-ready data."""
    return {
        "stack": plan.stack,
        "parallelism": plan.parallelism,
        "page_size": plan.page_size,
        "page_seconds": round(plan.page_seconds, 3),
        "measured": [
            {"site": page.site, "day": f"{page.day}", "rows": page.rows, "seconds": round(page.seconds, 3)}
            for page in plan.pages
        ],
        "sites": [_build_site(site) for site in plan.sites],
        "requests": plan.requests,
        "seconds": round(plan.seconds),
        "bytes": _round(plan.bytes),
        "month": None if plan.month is None else _build_month(plan.month),
    }


def _build_month(month: Month) -> dict[str, Any]:
    return {
        "stored_bytes": round(month.stored_bytes),
        "usd": round(month.usd, 2),
        "usage": {name: round(amount) for name, amount in month.usage.items()},
    }


def _round(number: float | None) -> int | None:
    return None if number is None else round(number)


def _build_site(site: SitePlan) -> dict[str, Any]:
    return {
        "name": site.name,
        "due": site.due,
        "missing": site.missing,
        "failed": site.failed,
        "samples_per_day": _round(site.samples),
        "requests": site.work.requests,
        "seconds": round(site.work.seconds),
        "bytes": _round(site.bytes),
    }
