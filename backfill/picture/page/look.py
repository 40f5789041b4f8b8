"""The look of the page: its colours in both themes, its style sheet, and the sign of each state."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Mapping
from xml.etree.ElementTree import Element

from backfill.picture.page.markup import make
from backfill.picture.site import State

LIGHT = {
    "paper": "#ffffff",
    "card": "#f4f6f8",
    "ink": "#1b1f24",
    "soft": "#57606a",
    "line": "#d0d7de",
    "stored": "#1a7f37",
    "rechecked": "#0969da",
    "empty": "#1a7f37",
    "late": "#8250df",
    "failed": "#cf222e",
    "missing": "#8a5d00",
    "not_due": "#6e7781",
}
DARK = {
    "paper": "#0d1117",
    "card": "#161b22",
    "ink": "#e6edf3",
    "soft": "#9aa4af",
    "line": "#3d444d",
    "stored": "#3fb950",
    "rechecked": "#58a6ff",
    "empty": "#3fb950",
    "late": "#bc8cff",
    "failed": "#f85149",
    "missing": "#d29922",
    "not_due": "#7d8590",
}
SHAPES = {  # the signs of the terminal, in a cell of 1 x 1: a path that is filled, or drawn as a line
    State.STORED: ("fill", "M.08.08h.84v.84h-.84z"),
    State.RECHECKED: ("fill", "M.5 0L1 .5.5 1 0 .5z"),
    State.EMPTY: ("line", "M.17.17h.66v.66h-.66z"),
    State.LATE: ("line", "M.5.1L.9.5.5.9.1.5z"),
    State.FAILED: ("fill", "M0 0h1v1h-1z"),
    State.MISSING: ("line", "M.5.16a.34.34 0 1 0 .01 0z"),
    State.NOT_DUE: ("fill", "M.5.36a.14.14 0 1 0 .01 0z"),
}
CROSS = "M.25.25L.75.75M.75.25L.25.75"  # on the square of a failed day
CODES = dict(zip(State, "srelfmn", strict=True))  # short, because a page may have 100,000 of them

SHEET = """
:root{color-scheme:light dark;%(light)s}
@media(prefers-color-scheme:dark){:root{%(dark)s}}
*{box-sizing:border-box}
body{margin:0 auto;padding:24px 16px 48px;max-width:1202px;background:var(--paper);color:var(--ink);
font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif;overflow-wrap:anywhere}
h1{font-size:26px;line-height:1.2;margin:0 0 4px}
h2{font-size:19px;margin:36px 0 10px}
p{margin:4px 0}
a{color:inherit}
.soft{color:var(--soft)}
.notice{margin:12px 0;padding:10px 14px;border-left:5px solid var(--missing);background:var(--card)}
.notice.bad{border-color:var(--failed)}
nav{display:flex;flex-wrap:wrap;gap:4px 18px;margin:12px 0}
nav a{padding:4px 0}
.facts{display:flex;flex-wrap:wrap;gap:10px;margin:16px 0}
.facts div{flex:1 1 165px;background:var(--card);border:1px solid var(--line);border-radius:8px;padding:8px 12px}
.facts .broad{flex:2 1 340px}
dt{color:var(--soft);font-size:13px}
dd{margin:0;font-variant-numeric:tabular-nums}
dd b{font-size:21px;line-height:1.3}
.bar{display:block;width:100%%;height:8px;margin-top:6px}
.bar .rest{fill:var(--line)}.bar .done{fill:var(--stored)}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%%;font-variant-numeric:tabular-nums;font-size:14px}
th,td{text-align:left;vertical-align:top;padding:5px 14px 5px 0;border-bottom:1px solid var(--line);
overflow-wrap:break-word}
th{color:var(--soft);font-weight:600}
.number{text-align:right;white-space:nowrap}
.whole{white-space:nowrap}
.failed{color:var(--failed);font-weight:600}
.missing{color:var(--missing);font-weight:600}
.late{color:var(--late);font-weight:600}
.stored{color:var(--stored);font-weight:600}
details{border-top:1px solid var(--line);padding:6px 0}
summary{cursor:pointer;padding:4px 0}
summary b{margin-right:10px}
.years{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(100%%,374px),1fr));gap:12px 24px;margin:10px 0}
figure{margin:0;min-width:0}
figcaption{font-size:14px}
.year{display:block;width:100%%;max-width:374px;height:auto}
text{fill:var(--soft);font-size:9px;font-family:inherit}
.legend{display:flex;flex-wrap:wrap;gap:6px 20px;margin:8px 0;padding:0;list-style:none}
.legend svg{width:16px;height:16px;vertical-align:-3px;margin-right:7px}
.defs{position:absolute;width:0;height:0}
.cross{stroke:var(--paper);stroke-width:.17;fill:none}
%(states)s
@media(max-width:640px){body{padding:14px 8px 32px}.facts{gap:8px}.extra{display:none}
th,td{padding-right:9px;font-size:13px}h1{font-size:22px}}
@media print{details{break-inside:avoid}}
"""


def make_sheet() -> str:
    """Return the style sheet."""
    states = "".join(
        f".{CODES[state]}{{fill:url(#{CODES[state]})}}"
        + (f".{CODES[state]}g{{fill:var(--{state})}}" if kind == "fill" else "")
        + (f".{CODES[state]}g{{stroke:var(--{state});stroke-width:.16;fill:none}}" if kind == "line" else "")
        for state, (kind, _) in SHAPES.items()
    )
    values = {"light": _list_colors(LIGHT), "dark": _list_colors(DARK), "states": states}
    return "".join((SHEET % values).splitlines())


def make_policy(sheet: str) -> str:
    """Return the Content-Security-Policy, which allows this style sheet and nothing else."""
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"


def make_definitions() -> Element:
    """Return the invisible drawing that defines the sign of each state as a pattern, and the head of a calendar."""
    return make("svg", make("defs", *map(_define, State)), class_="defs", aria_hidden="true")


def _define(state: State) -> Element:
    code = CODES[state]
    paths = [make("path", class_=f"{code}g", d=SHAPES[state][1])]
    if state is State.FAILED:
        paths.append(make("path", class_="cross", d=CROSS))
    return make("pattern", *paths, id=code, width=1, height=1, patternUnits="userSpaceOnUse")


def _list_colors(colors: Mapping[str, str]) -> str:
    return ";".join(f"--{name}:{value}" for name, value in colors.items())
