"""The measurements on any date are the file's own, and the file is the one in its README."""

from __future__ import annotations

import gzip
import hashlib
import importlib.util
import zipfile
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType

import pytest

from rehearsal.ace.weather import DATA, Weather, find_row

DAY = timedelta(days=1)


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC).replace(tzinfo=None)  # type: ignore[misc, arg-type]  # the parts are a date's


def values(start: datetime, end: datetime, column: str) -> list[str]:
    return [sample.value for sample in Weather(site="s").samples(start, end) if sample.name.endswith(f"/{column}")]


@pytest.fixture(scope="module")
def derive() -> ModuleType:
    spec = importlib.util.spec_from_file_location("derive", DATA.with_name("derive.py"))
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_committed_file_is_the_one_that_the_readme_describes() -> None:
    readme = DATA.with_name("README.md").read_text()
    compressed = DATA.read_bytes()
    assert hashlib.sha256(compressed).hexdigest() in readme
    assert hashlib.sha256(gzip.decompress(compressed)).hexdigest() in readme
    assert compressed[3:8] == b"\0\0\0\0\0", "no file name and no time in the gzip header"
    assert len(compressed) < 250_000


def test_the_file_has_a_complete_year_and_no_empty_field() -> None:
    lines = gzip.decompress(DATA.read_bytes()).decode("ascii").splitlines()
    assert len(lines) == 1 + 8760
    assert lines[1] == "01/01/1988,01:00,10.0,6.1,77,993,200,6.2,0,0,0,10,10,16100,1370,0"
    assert lines[-1] == "12/31/1980,24:00,2.2,0.6,89,980,180,2.6,0,0,0,10,10,16100,550,0"
    assert all(all(line.split(",")) for line in lines)


def test_points_are_the_columns_under_the_site() -> None:
    points = Weather(site="ses_falls_city").points
    assert len(points) == 14
    assert list(points) == sorted(points)
    assert "ses/ses_falls_city/weather/dry_bulb" in points
    assert not [point for point in points if point.endswith(("/date", "/time"))]


@pytest.mark.parametrize("year", [1969, 2023, 2024, 2031])
def test_the_hour_that_ends_at_one_local_time_is_served_at_six_utc(year: int) -> None:
    [first] = values(utc(year, 1, 1, 6), utc(year, 1, 1, 7), "dry_bulb")
    [last] = values(utc(year, 1, 1, 5), utc(year, 1, 1, 6), "dry_bulb")
    assert (first, last) == ("10.0", "2.2")  # 01/01 01:00, and 12/31 24:00 before it


@pytest.mark.parametrize(
    "day", [utc(2024, 2, 28), utc(2024, 2, 29), utc(2024, 3, 1), utc(2023, 2, 28), utc(2024, 12, 31)]
)
def test_every_utc_day_has_24_samples_a_point_without_a_gap(day: datetime) -> None:
    source = Weather(site="s")
    samples = source.samples(day, day + DAY)
    assert Counter(sample.name for sample in samples) == dict.fromkeys(source.points, 24)
    assert sorted({sample.time for sample in samples}) == [day + timedelta(hours=hour) for hour in range(24)]
    assert samples == sorted(samples, key=lambda sample: (sample.time, sample.name))


def test_a_year_serves_each_row_once_and_a_leap_year_the_28th_of_february_twice() -> None:
    hours = timedelta(hours=1)
    common = Counter(find_row(utc(2023, 1, 1) + n * hours) for n in range(8760))
    assert common == dict.fromkeys(range(8760), 1)
    leap = Counter(find_row(utc(2024, 1, 1) + n * hours) for n in range(8784))
    twice = {row for row, count in leap.items() if count == 2}
    assert twice == set(range(58 * 24, 59 * 24))
    assert len(leap) == 8760


def test_a_window_starts_at_its_start_and_ends_before_its_end() -> None:
    assert len(values(utc(2024, 6, 1, 0, 0, 1), utc(2024, 6, 1, 2), "ghi")) == 1
    assert len(values(utc(2024, 6, 1), utc(2024, 6, 1, 2), "ghi")) == 2
    assert values(utc(2024, 6, 1), utc(2024, 6, 1), "ghi") == []


def test_adjacent_windows_have_all_samples() -> None:
    source, start, cut, end = Weather(site="s"), utc(2024, 2, 27), utc(2024, 2, 29, 13, 30), utc(2024, 3, 3)
    assert source.samples(start, cut) + source.samples(cut, end) == source.samples(start, end)


def wheel_with(folder: Path, member: str, content: bytes) -> str:
    wheel = folder / "pvlib.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        archive.writestr(member, content)
    return str(wheel)


def test_deriving_keeps_the_named_columns_and_their_text(
    derive: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    header = [*derive.COLUMNS, "Alb (unitless)"]
    fields = [f"0{number}.50" for number in range(len(header))]
    original = ("723170,station\r\n" + ",".join(header) + "\r\n" + ",".join(fields) + "\r\n").encode()
    monkeypatch.setattr(derive, "MEMBER_SHA256", hashlib.sha256(original).hexdigest())
    outputs = [tmp_path / "a.csv.gz", tmp_path / "b.csv.gz"]
    for output in outputs:
        assert derive.main([wheel_with(tmp_path, derive.MEMBER, original), "--output", str(output)]) == 0
    text = gzip.decompress(outputs[0].read_bytes()).decode()
    assert text == ",".join(derive.COLUMNS.values()) + "\n" + ",".join(fields[:-1]) + "\n"
    assert outputs[0].read_bytes() == outputs[1].read_bytes()


@pytest.mark.parametrize(
    ("member", "complaint"), [("pvlib/data/723170TYA.CSV", "expected sha256"), ("other", "no item named")]
)
def test_deriving_refuses_another_file_than_the_original(
    derive: ModuleType, tmp_path: Path, capsys: pytest.CaptureFixture[str], member: str, complaint: str
) -> None:
    output = tmp_path / "never.csv.gz"
    assert derive.main([wheel_with(tmp_path, member, b"x"), "--output", str(output)]) == 1
    assert complaint in capsys.readouterr().err
    assert not output.exists()
