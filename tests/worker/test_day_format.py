"""The worker's members are those of contract/day_object.py, and other programs can read an object."""

from __future__ import annotations

import gzip
import json
import subprocess
from pathlib import Path
from typing import Any

from .conftest import DAYS, SOURCES, START, World
from .harness import ROOT

VECTORS: dict[str, Any] = json.loads((ROOT / "tests/contract/day_object_examples.json").read_text())


def test_the_worker_has_the_members_and_lengths_of_the_contract(world: World) -> None:
    names, members = zip(*VECTORS["members"], strict=True)
    right = ",".join(["0", "z", "10", "1000000000", *["1"] * 60])
    given = {"names": [f"ses/any/{name}" for name in names], "lengths": [*VECTORS["wrong_lengths"], right]}
    answer = world.harness.http.post(world.urls["days"] + "/format", content=json.dumps(given)).json()
    assert answer["members"] == list(members)
    assert answer["lengths"] == [None] * len(VECTORS["wrong_lengths"]) + [[0, 35, 36, 36**9, *[1] * 60]]
    assert answer["again"][-1] == right


def test_gunzip_and_python_read_an_object_whole(world: World, tmp_path: Path) -> None:
    world.clear("volume")
    assert world.trigger("volume").status_code == 200
    _, body = world.stored("volume", f"timeseries/volume/{START}/data.ndjson.gz")
    (tmp_path / "data.ndjson.gz").write_bytes(body)
    assert body.count(b"\x1f\x8b\x08") > 1  # several members
    subprocess.run(["gunzip", "--test", "data.ndjson.gz"], check=True, cwd=tmp_path)
    subprocess.run(["gunzip", "--keep", "data.ndjson.gz"], check=True, cwd=tmp_path)
    content = (tmp_path / "data.ndjson").read_bytes()
    assert content == gzip.decompress(body)
    names = {json.loads(line)["point_name"] for line in content.splitlines()}
    assert names == set(SOURCES["volume"].points)  # type: ignore[attr-defined]
    assert len(DAYS) == len(world.keys("volume"))


def test_gunzip_reads_an_empty_day(world: World, tmp_path: Path) -> None:
    world.clear("times")
    assert world.trigger("times").status_code == 200
    _, body = world.stored("times", f"timeseries/times/{DAYS[2]}/data.ndjson.gz")
    found = subprocess.run(["gunzip", "--to-stdout"], check=True, input=body, capture_output=True)
    assert (found.stdout, found.stderr) == (b"", b"")
