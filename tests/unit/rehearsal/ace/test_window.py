"""Windows are cut into pages with the real ACE's cursor defect, or without it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rehearsal.ace import LocalAce, Sample
from rehearsal.ace import window as ace_window
from rehearsal.ace.page_request import Cursor, PageRequest, read_page_request
from tests.fakes.volume import Volume
from tests.unit.rehearsal.ace.local_ace import PATH, QUARTER, SITE, WINDOW, Listed, ask_once, repair_cursor, run


async def walk(client: httpx.AsyncClient, size: int, *, repair: bool) -> tuple[int, list[tuple[str, str]], bool]:
    """Return pages, rows, and whether the walk ended by itself and not by a repeated cursor."""
    cursor, pages, rows = None, 0, []
    while True:
        params = {**QUARTER, "page_size": str(size), **({"cursor": cursor} if cursor else {})}
        body = (await client.get(PATH, params=params)).json()
        pages += 1
        rows += [(row["name"], row["time"]) for row in body["point_samples"]]
        if not body["has_more"]:
            return pages, rows, True
        following = repair_cursor(body["point_samples"], cursor) if repair else body["next_cursor"]
        if following == cursor:
            return pages, rows, False
        cursor = following


def measured_window(size: int, *, repair: bool, quirks: bool = True) -> tuple[int, int, int, bool]:
    """Read 3,222 rows, 1,074 points in three buckets, as in the measurement. Return pages, rows, distinct rows, end."""

    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> tuple[int, int, int, bool]:
        pages, rows, ended = await walk(client, size, repair=repair)
        return pages, len(rows), len(set(rows)), ended

    result: tuple[int, int, int, bool] = run(scenario, source=Volume(site=SITE, count=1_074), quirks=quirks)
    return result


@pytest.mark.parametrize(("size", "rows"), [(50, 100), (100, 200), (500, 1_000)])
def test_the_servers_own_cursor_stalls_where_it_was_measured_to(size: int, rows: int) -> None:
    assert measured_window(size, repair=False) == (2, rows, rows, False)


def test_a_page_of_1000_gets_all_in_four_pages() -> None:
    assert measured_window(1_000, repair=False) == (4, 3_222, 3_222, True)


@pytest.mark.parametrize(("size", "pages"), [(50, 65), (100, 33), (500, 7), (1_000, 4), (5_000, 1)])
def test_the_repaired_cursor_gets_all(size: int, pages: int) -> None:
    assert measured_window(size, repair=True) == (pages, 3_222, 3_222, True)


@pytest.mark.parametrize(("size", "pages"), [(50, 65), (500, 7), (1_000, 4)])
def test_without_quirks_the_servers_own_cursor_gets_all(size: int, pages: int) -> None:
    assert measured_window(size, repair=False, quirks=False) == (pages, 3_222, 3_222, True)


def test_a_page_that_ends_with_the_window_is_the_last() -> None:
    body = ask_once(
        params={**QUARTER, "page_size": "100"}, source=Volume(site=SITE, count=100, interval=timedelta(hours=1))
    )
    assert (len(body.json()["point_samples"]), body.json()["has_more"]) == (100, False)


def test_a_cursor_beyond_the_end_gives_an_empty_last_page() -> None:
    cursor = Cursor(offset=5, time=datetime(2024, 12, 12, tzinfo=UTC).replace(tzinfo=None)).encode()
    body = ask_once(params={**WINDOW, "cursor": cursor}).json()
    assert body == {"point_samples": [], "next_cursor": None, "has_more": False}


def test_the_source_is_asked_once_for_all_pages_of_a_window() -> None:
    source = Listed(*[(f"ses/{number:02}", "1", "2024-12-10T00:00:00") for number in range(30)])

    async def scenario(ace: LocalAce, client: httpx.AsyncClient) -> None:
        for offset in range(0, 30, 3):
            cursor = Cursor(offset=offset, time=datetime.fromisoformat("2024-12-10")).encode()
            await client.get(PATH, params={**WINDOW, "page_size": "3", "cursor": cursor})

    run(scenario, source=source)
    assert source.asked == 1


def test_windows_beyond_the_budget_are_forgotten_oldest_first(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ace_window, "MAX_KEPT_ROWS", 3)
    source = Listed(*[("ses/a", "1", f"2024-12-{day}") for day in (10, 11)], ("ses/b", "1", "2024-12-10"))
    windows = ace_window.Windows()

    def asked(day: int) -> int:
        windows.rows(
            SITE, source, read_page_request({"start_time": f"2024-12-{day}", "end_time": f"2024-12-{day + 1}"})
        )
        return source.asked

    assert [asked(10), asked(11), asked(10), asked(11)] == [1, 2, 2, 2]  # 2 + 1 rows: both are kept
    monkeypatch.setattr(ace_window, "MAX_KEPT_ROWS", 2)
    assert [asked(11), asked(10), asked(11)] == [2, 3, 4]


@settings(deadline=None)
@given(
    buckets=st.lists(st.integers(1, 40), min_size=1, max_size=8),
    size=st.sampled_from([3, 10, 50]),
    quirks=st.booleans(),
    data=st.data(),
)
def test_every_row_of_any_window_is_read_by_repair_or_without_quirks(
    buckets: list[int], size: int, data: st.DataObject, *, quirks: bool
) -> None:
    minute = timedelta(minutes=1)
    begin = datetime.fromisoformat("2024-12-10")
    rows = [Sample(f"ses/{n:02}", "1", begin + tick * minute) for tick, many in enumerate(buckets) for n in range(many)]
    repair = quirks or data.draw(st.booleans())
    cursor: Cursor | None = None
    got: list[Sample] = []
    while True:
        query = PageRequest(start=begin, end=begin + 9 * minute, page_size=size, raw=True, cursor=cursor)
        page = ace_window.cut_page(rows, query, quirks=quirks)
        got += page.rows
        if page.next_cursor is None:
            break
        wire = [{"time": row.time.isoformat()} for row in page.rows]
        text = repair_cursor(wire, cursor.encode() if cursor else None) if repair else page.next_cursor.encode()
        cursor = Cursor.decode(text)
    assert got == rows
