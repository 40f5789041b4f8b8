import random
import string

import pytest

from contract import secret_scan

OF_SECRETS = [
    "DB_PASSWORD", "SLACK_TOKEN", "API_KEY", "KEY", "CLIENT_SECRET", "session-token", "SECRET_SAUCE", "DB_PASS",
    "SMTP_PASS", "PASS", "MYSQL_PW", "DB_PASSWORDS", "SECRETS", "API_TOKENS", "API_KEYS", "GITHUB_TOKEN_OLD",
    "SLACK_TOKEN_PROD", "STRIPE_KEY_LIVE", "TOKEN_2", "KEY_V2", "ACCESSTOKEN", "ADMINPWD", "APIKEY", "DBPASSWORD",
    "apiKey", "smtpPass", "githubToken_old", "DB_CREDENTIALS", "PASSWORD_SALT", "VAULT_SECRET_ID", "AUTH_JWT",
    "TOKEN_", "SIGNINGKEY",
]  # fmt: skip
OF_SOMETHING_PUBLIC = [
    "KEY_TEMPLATE", "SITES", "SITES_2", "DEAD_LETTER_QUEUE", "MONKEY", "TOKENIZER", "VAPID_PUBLIC_KEY", "PUBLIC_TOKEN", "PAGE_SIZE", "TOKEN_TTL",
    "PAGE_TOKEN_LIMIT", "PASSENGERS", "COMPASS", "KEYS_PREFIX", "KEYS", "SORT_KEYS", "TOKENS_PER_MINUTE",
    "BYPASS_CACHE", "PASS_THROUGH", "LOW_PASS", "PASSWORD_LENGTH", "SECRET_NAME", "SECRETS_PREFIX", "KEYBOARD",
    "SECRETARY", "STRIPE_PUBLISHABLE_KEY_LIVE", "PW_FACTOR", "LIVE", "OLD", "KEY_COLUMN", "TOKEN_URL", "_", "x",
]  # fmt: skip


@pytest.mark.parametrize("name", OF_SECRETS)
def test_a_name_that_people_give_to_secrets(name):
    assert secret_scan.has_secret_name(name)


@pytest.mark.parametrize("name", OF_SOMETHING_PUBLIC)
def test_a_name_of_something_public(name):
    assert not secret_scan.has_secret_name(name)


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN RSA PRIVATE KEY-----\nfake",
        "https://jo:fakefake@db.example.org",
        "ghp_" + "a" * 36,
        "AKIA" + "FAKEFAKEFAKEFAKE",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJmYWtlIn0.c2lnbmF0dXJlc2lnbmF0dXJl",
        "first line\nx ghp_" + "b" * 36,
        "0123456789abcdef" * 4,
        "key=" + "0123456789ABCDEF" * 8,
    ],
)
def test_a_value_in_a_known_form(text):
    assert secret_scan.has_secret_form(text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "ses_falls_city",
        "timeseries/{site}/{date}/data.ndjson.gz",
        "https://building-vitals-backfill.jstahr.workers.dev",
        "0123456789abcdef0123456789abcdef",
        "0123456789abcdef0123456789abcdef01234567",
        "0123456789abcdef" * 2 + "/" + "0123456789abcdef" * 2,
        "*/5 * * * *",
        "Site-With-Long-Name-2024-For-Building-12-North",
        "bv:d2e906f2:96f4f4b42f52:f3f2e2a0:ed0e3cbc",
    ],
)
def test_a_value_of_something_public(text):
    assert not secret_scan.has_secret_form(text)


def test_nearly_every_random_word_of_a_tokens_length_is_seen():
    source = random.Random(7)  # noqa: S311 - a fixed seed, so that the test is the same each time
    words = ["".join(source.choices(string.ascii_letters + string.digits, k=40)) for _ in range(200)]
    assert sum(map(secret_scan.has_secret_form, words)) >= 198
