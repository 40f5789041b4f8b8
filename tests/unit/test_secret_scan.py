import random
import string

import pytest

import secret_scan


@pytest.mark.parametrize(
    "name", ["DB_PASSWORD", "SLACK_TOKEN", "API_KEY", "KEY", "CLIENT_SECRET", "session-token", "SECRET_SAUCE"]
)
def test_a_name_that_people_give_to_secrets(name):
    assert secret_scan.by_name(name)


@pytest.mark.parametrize(
    "name", ["KEY_TEMPLATE", "SITE", "MONKEY", "TOKENIZER", "VAPID_PUBLIC_KEY", "PUBLIC_TOKEN", "PAGE_SIZE"]
)
def test_a_name_of_something_public(name):
    assert not secret_scan.by_name(name)


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA PRIVATE KEY-----\nfake",
        "https://jo:fakefake@db.example.org",
        "ghp_" + "a" * 36,
        "AKIA" + "FAKEFAKEFAKEFAKE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJmYWtlIn0.c2lnbmF0dXJlc2lnbmF0dXJl",
        "first line\nx ghp_" + "b" * 36,
    ],
)
def test_a_value_in_a_known_form(text):
    assert secret_scan.by_form(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ses_falls_city",
        "timeseries/{site}/{date}/data.ndjson.gz",
        "https://building-vitals-backfill.jstahr.workers.dev",
        "0123456789abcdef0123456789abcdef",
        "*/5 * * * *",
        "Site-With-Long-Name-2024-For-Building-12-North",
        "bv:d2e906f2:96f4f4b42f52:f3f2e2a0:ed0e3cbc",
    ],
)
def test_a_value_of_something_public(text):
    assert not secret_scan.by_form(text)


def test_nearly_every_random_word_of_a_tokens_length_is_seen():
    source = random.Random(7)  # noqa: S311 - a fixed seed, so that the test is the same each time
    words = ["".join(source.choices(string.ascii_letters + string.digits, k=40)) for _ in range(200)]
    assert sum(map(secret_scan.by_form, words)) >= 198
