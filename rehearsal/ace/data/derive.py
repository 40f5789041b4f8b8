"""Derive greensboro-tmy3.csv.gz, the measurements that rehearsals serve, from the wheel that carries the original.

    pip download --no-deps pvlib==0.16.1 -d /tmp/wheel
    python rehearsal/ace/data/derive.py /tmp/wheel/pvlib-0.16.1-py3-none-any.whl

Uses the standard library only. The same wheel gives the same CSV, and with the same zlib the same file. See README.md.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import hashlib
import io
import sys
import zipfile
from pathlib import Path

MEMBER = "pvlib/data/723170TYA.CSV"
MEMBER_SHA256 = "1e96f84638ce98e6b29002bc45a27aa69bb29b0ed0368d3b52b7b1f81610c6c9"
OUTPUT = Path(__file__).with_name("greensboro-tmy3.csv.gz")

COLUMNS = {  # the original's header -> the name here, both time columns first
    "Date (MM/DD/YYYY)": "date",
    "Time (HH:MM)": "time",
    "Dry-bulb (C)": "dry_bulb",
    "Dew-point (C)": "dew_point",
    "RHum (%)": "relative_humidity",
    "Pressure (mbar)": "pressure",
    "Wdir (degrees)": "wind_direction",
    "Wspd (m/s)": "wind_speed",
    "GHI (W/m^2)": "ghi",
    "DNI (W/m^2)": "dni",
    "DHI (W/m^2)": "dhi",
    "TotCld (tenths)": "total_cloud",
    "OpqCld (tenths)": "opaque_cloud",
    "Hvis (m)": "visibility",
    "CeilHgt (m)": "ceiling_height",
    "Lprecip depth (mm)": "precipitation",
}


def reduce(original: str) -> str:
    """Return the kept columns of a TMY3 file with unchanged texts. The file's first line describes the station."""
    lines = csv.reader(io.StringIO(original))
    next(lines)
    header = next(lines)
    places = [header.index(name) for name in COLUMNS]
    reduced = io.StringIO()
    writer = csv.writer(reduced, lineterminator="\n")
    writer.writerow(COLUMNS.values())
    writer.writerows([line[place] for place in places] for line in lines)
    return reduced.getvalue()


def compress(text: str) -> bytes:
    """Return the gzip of a text without a time or a file name."""
    return gzip.compress(text.encode(), compresslevel=9, mtime=0)


def main(arguments: list[str] | None = None) -> int:
    """Write the derived file. Returns 1, with one line on standard error, if the wheel lacks the known original."""
    parser = argparse.ArgumentParser(description=str(__doc__), formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("wheel", type=Path, help="path of pvlib-0.16.1-py3-none-any.whl")
    parser.add_argument("--output", type=Path, default=OUTPUT, help="the file to write (default: beside this program)")
    options = parser.parse_args(arguments)
    try:
        with zipfile.ZipFile(options.wheel) as wheel:
            original = wheel.read(MEMBER)
    except (OSError, KeyError, zipfile.BadZipFile) as error:
        sys.stderr.write(f"{options.wheel}: {error}\n")
        return 1
    found = hashlib.sha256(original).hexdigest()
    if found != MEMBER_SHA256:
        sys.stderr.write(f"{MEMBER}: expected sha256 {MEMBER_SHA256}, found {found}\n")
        return 1
    text = reduce(original.decode("ascii"))
    compressed = compress(text)
    options.output.write_bytes(compressed)
    sys.stdout.write(f"{hashlib.sha256(text.encode()).hexdigest()}  {options.output.stem}\n")
    sys.stdout.write(f"{hashlib.sha256(compressed).hexdigest()}  {options.output.name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
