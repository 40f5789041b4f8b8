"""Builds elements of HTML. Every text and attribute is escaped, because no markup is joined from texts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from xml.etree.ElementTree import Element, tostring

Content = Element | str
REPLACEMENT = "\N{REPLACEMENT CHARACTER}"  # of a character that a page must not have

_DATE = re.compile(r"(\d{4}-\d\d-\d\d)")


def make(tag: str, *contents: Content, **attributes: object) -> Element:
    """Return an element. ``_`` ends a name that Python reserves, and is a hyphen within one. None leaves it out."""
    element = Element(tag)
    for name, value in attributes.items():
        if value is not None:
            element.set(name.rstrip("_").replace("_", "-"), clean(str(value)))
    for content in contents:
        _append(element, content)
    return element


def split(text: str) -> Iterator[Content]:
    """Yield the parts of a name, between which a line may end: after each ``_``."""
    first, *others = text.split("_")
    yield first
    for other in others:
        yield from ("_", make("wbr"), other)


def keep_dates(text: str) -> Iterator[Content]:
    """Yield the parts of a text, so that no line ends within a date."""
    for number, part in enumerate(_DATE.split(text)):
        yield make("span", part, class_="whole") if number % 2 else part


def clean(text: str) -> str:
    """Return the text without control characters, and without those that change the direction of the text."""
    if text.isprintable():
        return text
    return "".join(REPLACEMENT if unicodedata.category(char) in {"Cc", "Cf", "Cs"} else char for char in text)


def render(element: Element) -> str:
    """Return an element as HTML."""
    return tostring(element, encoding="unicode", method="html")


def _append(element: Element, content: Content) -> None:
    if isinstance(content, Element):
        element.append(content)
    elif len(element):
        element[-1].tail = (element[-1].tail or "") + clean(content)
    else:
        element.text = (element.text or "") + clean(content)
