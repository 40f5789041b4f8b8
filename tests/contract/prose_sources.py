"""Finds the prose of a file: docstrings, comments, docs and messages, each as a list of texts."""

from __future__ import annotations

import ast
import io
import re
import tokenize
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import Literal

Kind = Literal["docstrings", "comments", "docs", "messages"]
KINDS: tuple[Kind, ...] = ("docstrings", "comments", "docs", "messages")
SUFFIXES = (".py", ".js", ".mjs", ".md", ".sh", ".yml", ".yaml", ".toml", ".in", "")
MIN_MESSAGE_WORDS = 3
_UNREAD = ("LICENSE", "CHANGELOG.md")
_DIRECTIVE = re.compile(r"#!|# *(noqa|type:|fmt:|ruff:|mypy:|pragma|shellcheck|yaml-language-server|zizmor:)")
_REGEX = re.compile(r"\\[dswbSWDB.]|\(\?|\[\^|\.\*|\^\w|\w\$$")
# Strings, template literals and comments of JavaScript. A regular expression comes first where one can start.
_SCRIPT = re.compile(
    r"""(?P<regex>(?<=[(,=:\[!&|?{};\n])\s*/(?![/*])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n])+/[a-z]*)"""
    r"""|(?P<doc>/\*\*.*?\*/)|(?P<block>/\*.*?\*/)|(?P<line>//[^\n]*)"""
    r"""|(?P<text>"(?:\\.|[^"\\\n])*"|'(?:\\.|[^'\\\n])*'|`(?:\\.|[^`\\])*`)""",
    re.DOTALL,
)


def texts(path: str, source: str, *, messages: bool = True) -> Iterator[tuple[Kind, str]]:
    """Yields the kind and the text of each piece of prose in a file. ``messages`` says whether those of Python are read."""
    name, suffix = PurePosixPath(path).name, PurePosixPath(path).suffix
    if name in _UNREAD:
        return
    if suffix == ".py":
        yield from _python(source, messages=messages)
    elif suffix in {".js", ".mjs"}:
        yield from _script(source, messages=path.startswith("workers/"))
    elif suffix == ".md":
        yield "docs", source
    elif suffix in {".sh", ".yml", ".yaml", ".toml", ".in"} or source.startswith("#!"):
        yield from (("comments", text) for text in _joined(_hash_comments(source)))


def _python(source: str, *, messages: bool) -> Iterator[tuple[Kind, str]]:
    tree = ast.parse(source)
    statements = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    for value in statements:
        if isinstance(value, ast.Constant) and isinstance(value.value, str):
            yield "docstrings", value.value
    if messages:
        skipped = {id(value) for value in statements}
        yield from (("messages", text) for text in _literals(tree, skipped) if _is_message(text))
    yield from (("comments", text) for text in _joined(_python_comments(source)))


def _literals(node: ast.AST, skipped: set[int]) -> Iterator[str]:
    """Yields each string and f-string. A placeholder reads as ``{}``, and strings within it are apart."""
    if isinstance(node, ast.JoinedStr):
        parts = [part.value if isinstance(part, ast.Constant) else "{}" for part in node.values]
        yield "".join(str(part) for part in parts)
        inner: list[ast.AST] = [part.value for part in node.values if isinstance(part, ast.FormattedValue)]
    else:
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in skipped:
            yield node.value
        inner = list(ast.iter_child_nodes(node))
    for child in inner:
        yield from _literals(child, skipped)


def _is_message(text: str) -> bool:
    words = re.findall(r"(?<!\S)[A-Za-z][a-z'\u2019-]*(?=[\s.,:;!?)]|$)", text)
    return len(words) >= MIN_MESSAGE_WORDS and not _REGEX.search(text)


def _python_comments(source: str) -> Iterator[tuple[int, str]]:
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and not _DIRECTIVE.match(token.string):
            yield token.start[0], token.string.lstrip("# ").partition("  # ")[0]


def _hash_comments(source: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(source.splitlines()):
        if (found := re.search(r"(?:^|\s)(#\s.*)", line)) and not _DIRECTIVE.match(found[1]):
            yield number, found[1].lstrip("# ")


def _joined(lines: Iterator[tuple[int, str]]) -> Iterator[str]:
    """Yields the comments of neighbouring lines as one text, so that a sentence is whole."""
    block: list[str] = []
    last = -1
    for number, line in lines:
        if block and number != last + 1:
            yield "\n".join(block)
            block = []
        block.append(line)
        last = number
    if block:
        yield "\n".join(block)


def _script(source: str, *, messages: bool) -> Iterator[tuple[Kind, str]]:
    comments: list[tuple[int, str]] = []
    for found in _SCRIPT.finditer(source):
        number = source.count("\n", 0, found.start())
        if found["doc"]:
            yield "docstrings", re.sub(r"^\s*\*+ ?|^/\*+|\*+/$|@\w+( \{[^}]*\})?", "", found["doc"], flags=re.MULTILINE)
        elif found["block"] or found["line"]:
            comments.append((number, (found["block"] or found["line"]).strip("/* ")))
        elif found["text"] and messages:
            text = re.sub(r"\$\{[^}]*\}", "{}", found["text"][1:-1])
            if _is_message(text):
                yield "messages", text
    yield from (("comments", text) for text in _joined(iter(comments)))
