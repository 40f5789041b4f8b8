"""Counts that describe the language: noun-clause words and semicolons per 1,000 words of prose."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from tests.contract.prose_sources import KINDS, SUFFIXES, Kind, texts
from tests.contract.source_tree import SourceTree, working_tree

MAX_WORDS = 3.0  # noun-clause words per 1,000 words, for each kind in the whole repository
MAX_SEMICOLONS = 3.0  # per 1,000 words, for each kind in the whole repository
MAX_IN_FILE = 12.0  # of either, per 1,000 words, in a file
MIN_FILE_WORDS = 150  # a file with less prose has no rate of its own
NOUN_WORDS = frozenset({"what", "who", "whose", "whoever", "nobody", "somebody"})
FAMILY = frozenset({"whom", "anybody", "everybody", "whatever"})  # reported, without a limit

_LIMITED = re.compile("|".join(NOUN_WORDS | FAMILY), re.IGNORECASE)
_TEST = re.compile(r"^\s*(?:async )?def (test_\w+)", re.MULTILINE)
_FENCE = re.compile(r"^[ \t]*(```+|~~~+)(?s:.*?)^[ \t]*\1[ \t]*$", re.MULTILINE)
_UNREAD = (
    re.compile(r"<!--.*?-->", re.DOTALL),
    re.compile(r"(``+)(?:(?!\1).)+\1|`[^`\n]+`", re.DOTALL),  # code within a line
    re.compile(r"\]\([^)\s]*\)|https?://\S+"),  # addresses
    re.compile(r"&\w+;"),  # HTML entities
)
_HEADING = re.compile(r"^#{1,6} .*$", re.MULTILINE)
_QUESTION = re.compile(r"[^.!?;:\n|]*(?:\n(?!\n)[^.!?;:\n|]+)*\?(?=\s|$|[*\"'”)|])")
_WORD = re.compile(r"(?<![\w./@$<-])[A-Za-z][a-z]*(?:['\u2019-][A-Za-z]+)*(?![\w/=(@]|\.\w)|\b[A-Z]{2,}\b")
_SEMICOLON = re.compile(r"(?<=[\w)\]\"'”*}%…]);(?=\s|$)|(?<=CODE);(?=\s|$)")
_CODE_LINE = re.compile(r"[{}]\s*$|^\s*[}<]|;\s*$|=>|\$\(|\(\)|^\s*(import|export|const|return|await) |= \{ |; //")


@dataclass(frozen=True, slots=True, kw_only=True)
class Count:
    """The words of a prose, and the ones among them that have a limit."""

    words: int = 0
    nouns: int = 0
    family: int = 0
    semicolons: int = 0

    def __add__(self, other: Count) -> Count:
        """Returns the count of both texts together."""
        return Count(
            words=self.words + other.words,
            nouns=self.nouns + other.nouns,
            family=self.family + other.family,
            semicolons=self.semicolons + other.semicolons,
        )

    def per_thousand(self, number: int) -> float:
        """Returns a number of this count per 1,000 words, 0 for a text without words."""
        return 1000 * number / self.words if self.words else 0.0

    @property
    def noun_rate(self) -> float:
        """Noun-clause words per 1,000 words."""
        return self.per_thousand(self.nouns)

    @property
    def semicolon_rate(self) -> float:
        """Semicolons per 1,000 words."""
        return self.per_thousand(self.semicolons)


def count(text: str, kind: Kind = "docs") -> Count:
    """Counts one text. Code, addresses, headings and questions have no noun-clause words, and code no semicolons."""
    prose = _FENCE.sub("\n", text) if kind == "docs" else text
    for pattern in _UNREAD:
        prose = pattern.sub(" CODE", prose)
    if kind == "messages" and _is_code(prose):
        return Count()
    words = sum(word != "CODE" for word in _WORD.findall(prose))
    counted: list[str] = []
    if _LIMITED.search(prose):  # few texts have such a word
        answered = _QUESTION.sub(" ", _HEADING.sub("", prose) if kind == "docs" else prose)
        counted = [re.split(r"['\u2019]", word.lower())[0] for word in _WORD.findall(answered)]
    return Count(
        words=words,
        nouns=sum(word in NOUN_WORDS for word in counted),
        family=sum(word in FAMILY for word in counted),
        semicolons=len(_SEMICOLON.findall(prose)),
    )


def _is_code(text: str) -> bool:
    """Returns whether a string literal is code: most of its lines look like a program's."""
    lines = [line for line in text.splitlines() if line.strip()]
    return sum(bool(_CODE_LINE.search(line.replace("{}", "x"))) for line in lines) * 2 > len(lines)


def count_files(tree: SourceTree) -> dict[Kind, dict[str, Count]]:
    """Counts every shipped file, for each kind of prose: kind -> path -> count."""
    return _count(tree, tree.shipped(*SUFFIXES))


def count_tests(tree: SourceTree) -> dict[Kind, dict[str, Count]]:
    """Counts the docstrings and comments of every Python file of the tests: kind -> path -> count."""
    return _count(tree, tree.tests(), messages=False)


def list_test_names(tree: SourceTree) -> list[str]:
    """Returns each test function with a noun-clause word in its name, as ``path::name``."""
    names = [(path, name) for path in tree.tests() for name in _TEST.findall(tree.read(path))]
    return [f"{path}::{name}" for path, name in names if (NOUN_WORDS | FAMILY).intersection(name.split("_"))]


def _count(tree: SourceTree, paths: Iterable[str], *, messages: bool = True) -> dict[Kind, dict[str, Count]]:
    found: dict[Kind, dict[str, Count]] = {kind: {} for kind in KINDS}
    for path in paths:
        for kind, text in texts(path, tree.read(path), messages=messages):
            found[kind][path] = found[kind].get(path, Count()) + count(text, kind)
    return found


def total(counts: Mapping[str, Count]) -> Count:
    """Returns the count of all files together."""
    return sum(counts.values(), start=Count())


def excesses(files: Mapping[Kind, Mapping[str, Count]]) -> list[str]:
    """Returns one line for each file with enough prose and too many noun-clause words or semicolons, worst first."""
    paths = {path for counts in files.values() for path in counts}
    found = []
    for path in paths:
        kinds = {kind: counts[path] for kind, counts in files.items() if path in counts}
        for name, item in [*kinds.items(), ("all prose", sum(kinds.values(), start=Count()))]:
            worst = max(item.noun_rate, item.semicolon_rate)
            if item.words >= MIN_FILE_WORDS and worst > MAX_IN_FILE:
                line = f"{path} ({name}): words {item.noun_rate:.1f}, semicolons {item.semicolon_rate:.1f}"
                found.append((worst, line))
    return [line for _, line in sorted(found, reverse=True)]


def list_offences(tree: SourceTree, *prefixes: str) -> list[str]:
    """Returns one line for each text with a noun-clause word or a semicolon, in files whose paths have a prefix."""
    return [
        f"{path} ({kind}): words {found.nouns}, semicolons {found.semicolons}: {' '.join(text.split())[:200]}"
        for path in tree.shipped(*SUFFIXES)
        if path.startswith(prefixes or "")
        for kind, text in texts(path, tree.read(path))
        if (found := count(text, kind)).nouns or found.semicolons
    ]


if __name__ == "__main__":  # python -m tests.contract.prose [PREFIX...]
    sys.stdout.writelines(f"{line}\n" for line in list_offences(working_tree(), *sys.argv[1:]))
