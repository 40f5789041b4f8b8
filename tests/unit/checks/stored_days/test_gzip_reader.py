"""A gzip bomb is refused within the stated memory."""

import gzip
import json
import subprocess
import sys
import tracemalloc
from datetime import date
from pathlib import Path

import pytest

from checks.stored_days import gzip_reader
from checks.stored_days.gzip_reader import DayTooLargeError
from checks.stored_days.stored_day import compare_with_metadata, decode_day
from tests.fakes.days import lines, stored_in_members

DAY = date(2024, 12, 10)


GOOD = lines("2024-12-10")


def read_day(raw, metadata=None):
    found = decode_day(raw, {} if metadata is None else metadata, day=DAY)
    if metadata is not None:
        compare_with_metadata(found, metadata)
    return found


@pytest.mark.untraced
def test_a_bomb_is_refused_in_little_memory(monkeypatch):
    monkeypatch.setattr(gzip_reader, "MAX_DAY", 4 * 2**20)
    rows = (GOOD[0] | {"timestamp": GOOD[0]["timestamp"] + n} for n in range(70_000))
    bomb = gzip.compress(b"".join(json.dumps(row).encode() + b"\n" for row in rows), compresslevel=1)
    tracemalloc.start()
    with pytest.raises(DayTooLargeError, match="more than 4,194,304 bytes"):
        read_day(bomb)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * 2**20


def test_the_limit_counts_all_members_together(monkeypatch):
    rows = [GOOD[0] | {"point_name": f"p{n}"} for n in range(200)]
    day = stored_in_members("2024-12-10", rows)
    size = len(gzip.decompress(day.body))
    monkeypatch.setattr(gzip_reader, "MAX_DAY", size)
    assert read_day(day.body, day.custom).samples == 200
    monkeypatch.setattr(gzip_reader, "MAX_DAY", size - 1)
    with pytest.raises(DayTooLargeError, match=f"more than {size - 1:,} bytes in a day"):
        read_day(day.body, day.custom)


BOMB = r"""
import resource, struct, sys, zlib
from datetime import date
from checks.stored_days import gzip_reader, stored_day
from checks.stored_days.comparison import row_comparison

DAY, START = date(2024, 12, 10), 1733788800000
LONG = b"p" * 60_000
WIDE = ("\U0001f600" + "n" * 59_000).encode()  # one emoji, and Python takes four bytes for each character

def compress(part):
    packer = zlib.compressobj(1, zlib.DEFLATED, -15)
    return packer.compress(part) + packer.flush(zlib.Z_FULL_FLUSH)  # blocks that may follow any others

def pack(parts):
    packed, long, check, size = [b"\x1f\x8b\x08" + bytes(7)], {}, 0, 0
    for part in parts:
        check, size = zlib.crc32(part, check), size + len(part)
        if len(part) > 1_000:
            long[part] = long.get(part) or compress(part)  # once, because it takes most of the time
        packed.append(long.get(part) or compress(part))
    return b"".join([*packed, b"\x03\x00", struct.pack("<LL", check, size)])

def line(name, moment, value=(b"1",)):
    return [b'{"point_name":"', *name, f'","timestamp":{moment},"value":'.encode(), *value, b"}\n"]

def make(kind):
    if kind == "zeros":
        return [bytes(2**20)] * 128
    if kind == "lines":
        lines = (line([LONG], START + n * 10_000) for n in range(4_500))
    elif kind == "names":
        lines = (line([b"%d" % n, WIDE], START + n) for n in range(4_300))
    elif kind == "names at once":
        lines = (line([b"%d" % n, WIDE], START) for n in range(4_300))
    else:
        lines = (line([b"%d" % n], START, [b'"', WIDE, b'"']) for n in range(4_300))
    return (part for parts in lines for part in parts)

raw = pack(make(sys.argv[1]))
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for read in (
    lambda: stored_day.decode_day(raw, {}, day=DAY),
    lambda: row_comparison.compare_rows([], stored_day.read_samples(raw, {}, day=DAY)),
):
    try:
        read()
        print("read")
    except gzip_reader.DayTooLargeError as error:
        print(error)
print(len(raw), (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) * 1024)
"""


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("zeros", "a line of more than 65,536 bytes"),
        ("lines", "more than 268,435,456 bytes in a day"),
        ("names", "more than 16,777,216 characters of names"),
        ("names at once", "more than 16,777,216 characters of names"),
        ("values at once", "read"),
    ],
)
def test_a_real_bomb_stays_within_the_stated_memory(kind, text):
    done = subprocess.run(
        [sys.executable, "-c", BOMB, kind], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[4]
    )
    day, compared, measured = done.stdout.splitlines()
    size, grown = map(int, measured.split())
    assert (day, compared) == (text, text)
    assert size < 2**22
    assert grown < gzip_reader.MAX_MEMORY, f"{grown:,} bytes"
