from __future__ import annotations

from typing import Any


def test_schedules_are_replaced_together(account: Any, code: Any) -> None:
    path = "workers/scripts/page/schedules"
    account.upload()
    assert account.result(path) == {"schedules": []}
    account.http.put(path, json=[{"cron": "*/5 * * * *"}])
    (kept,) = account.result(path)["schedules"]
    assert kept["cron"] == "*/5 * * * *"
    both = account.http.put(path, json=[{"cron": "*/5 * * * *"}, {"cron": "0 0 * * *"}]).json()["result"]["schedules"]
    assert both[0] == kept
    assert account.http.put(path, json=[]).json()["result"] == {"schedules": []}
    malformed: list[Any] = [{}, [{"cron": "every day"}], [{"cron": "* 24 * * *"}], ["* * * * *"]]
    for wrong in malformed:
        assert account.http.put(path, json=wrong).status_code == 400
    assert code(account.http.delete(path)) == (404, 7003)
