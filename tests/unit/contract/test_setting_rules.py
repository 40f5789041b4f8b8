import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract import setting_rules

KEPT = [
    (setting_rules.account_id, ["0123456789abcdef0123456789abcdef", "0123456789ABCDEF0123456789abcdef"]),
    (setting_rules.bucket, ["ace-timeseries", "abc", "a" * 63, "1-2"]),
    (setting_rules.hostname_label, ["building-vitals-backfill", "a", "0"]),
    (
        setting_rules.url,
        ["https://flightdeck.aceiot.cloud", "https://a.b/c", "http://127.0.0.1:8080", "http://localhost:1", "http://[::1]:1"],
    ),
    (setting_rules.site, ["ses_falls_city", "a", "A.b-c"]),
    (setting_rules.iso_date, ["2024-12-10", "2024-02-29"]),
    (setting_rules.page_size, ["1000", "5000", "10000", "50000", "100000"]),
    (setting_rules.key_template, ["timeseries/{site}/{date}/data.ndjson.gz", "{site}-{date}", "a={site}/d={date}.gz"]),
    (
        setting_rules.cron,
        ["*/5 * * * *", "0 0 1,15 * *", "59 23 31 12 7", "0 9-17 * JAN-MAR MON-FRI", "0 0 L * *", "0 0 15W * *", "0 0 LW * *",
         "0 0 * * 6L", "0 0 * * FRIL", "0 0 * * 2#1", "1-5/2 * * * sun"],
    ),
]  # fmt: skip
BROKEN = [
    (setting_rules.account_id, ["", "0123", "g" * 32, " 0123456789abcdef0123456789abcde", "0123456789abcdef0123456789abcdef\n"]),
    (setting_rules.bucket, ["", "ab", "a" * 64, "-abc", "abc-", "a_b_c", "ABC", "a.bc"]),
    (setting_rules.hostname_label, ["", "-a", "a-", "a_b", "a" * 64, "A", "a.b"]),
    (
        setting_rules.url,
        ["", "flightdeck.aceiot.cloud", "http://flightdeck.aceiot.cloud", "https://u:p@host", "https://host/", "https://host?x=1",
         "https://host#x", "ftp://host", "https://", "https://[::1", "https://host:port", "http://10.0.0.1"],
    ),
    (setting_rules.site, ["", "a/b", "a b", ".hidden", "é"]),
    (setting_rules.iso_date, ["", "2024-13-01", "20241210", "2024-1-1", "yesterday", "2024-12-10T00:00", "2023-02-29"]),
    (setting_rules.page_size, ["", "10", "500", "300000", "10_000", "ten", "1000.0"]),
    (
        setting_rules.key_template,
        ["", "x/{site}", "x/{date}", "{date}/{site}", "{site}{date}", "{site}/{site}/{date}", "/{site}/{date}", "a//{site}/{date}",
         "../{site}/{date}", "{site}/{date}?x", "{site}/ {date}", "{site}/{date}/{hour}"],
    ),
    (
        setting_rules.cron,
        ["* * * *", "* * * * * *", "60 * * * *", "* 24 * * *", "* * 0 * *", "* * * 13 *", "* * * * 0", "* * * * 8", "*/0 * * * *",
         "*/x * * * *", "5-1 * * * *", "a * * * *", "L * * * *", "0 0 * * 15W", "* * * * MON-", "1-2-3 * * * *", "@daily", "0 0 L/2 * *"],
    ),
]  # fmt: skip


def cases(table):
    return [pytest.param(rule, value, id=f"{rule.__name__}-{value}") for rule, values in table for value in values]


@pytest.mark.parametrize(("rule", "value"), cases(KEPT))
def test_kept(rule, value):
    assert rule(value) is None


@pytest.mark.parametrize(("rule", "value"), cases(BROKEN))
def test_broken(rule, value):
    problem = rule(value)
    assert problem
    assert "\n" not in problem


@given(st.sampled_from([rule for rule, _ in KEPT]), st.text(max_size=80))
def test_any_text_is_judged_in_one_line(rule, value):
    problem = rule(value)
    assert problem is None or "\n" not in problem
