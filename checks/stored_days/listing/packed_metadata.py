"""The metadata of listed objects in little memory, because a stack may have 200,000 of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, MutableMapping

SEPARATOR = "\0"  # not in a value, because metadata are HTTP headers

Names = tuple[str, ...]


class PackedMetadata(Mapping[str, str]):
    """Metadata as one text of all values. Objects with the same names share them."""

    __slots__ = ("_names", "_values")

    def __init__(self, names: Names, values: bytes) -> None:
        self._names, self._values = names, values

    def __getitem__(self, name: str) -> str:
        try:
            number = self._names.index(name)
        except ValueError:
            raise KeyError(name) from None
        return self._values.decode("utf-8", "surrogatepass").split(SEPARATOR)[number]

    def __contains__(self, name: object) -> bool:
        return name in self._names

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def __len__(self) -> int:
        return len(self._names)


def pack_metadata(metadata: Mapping[str, str], known: MutableMapping[Names, Names]) -> Mapping[str, str]:
    """Return the metadata packed. ``known`` holds the names that objects share."""
    names, values = tuple(metadata), SEPARATOR.join(metadata.values())
    if not names or values.count(SEPARATOR) != len(names) - 1:
        return metadata
    return PackedMetadata(known.setdefault(names, names), values.encode("utf-8", "surrogatepass"))
