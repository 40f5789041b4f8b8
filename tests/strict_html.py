"""Reads a page of HTML strictly: each element that is opened is closed, and in order."""

from __future__ import annotations

from html.parser import HTMLParser
from xml.etree.ElementTree import Element, TreeBuilder

VOID = frozenset({"meta", "wbr"})


def parse_page(page: str) -> Element:
    """Return the root of a page. Raises AssertionError for a page that is not well formed."""
    parser = _Parser()
    parser.feed(page)
    parser.close()
    assert not parser.open, parser.open
    return parser.builder.close()


class _Parser(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.builder, self.open = TreeBuilder(), list[str]()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"an attribute of {tag} is repeated"
        self.builder.start(tag, {name: value or "" for name, value in attrs})
        if tag in VOID:
            self.builder.end(tag)
        else:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open, f"{tag} is not open"
        assert self.open.pop() == tag, f"{tag} is closed out of order"
        self.builder.end(tag)

    def handle_data(self, data: str) -> None:
        if self.open:
            self.builder.data(data)
