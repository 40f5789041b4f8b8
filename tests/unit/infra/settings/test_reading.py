import json
from pathlib import Path

import pytest

from contract.manifest.sites import DeclaredSite
from infra.bindings.kv_namespace import KvNamespace
from infra.settings.reading import KNOWN, SettingsError
from tests.unit.infra.conftest import defaults

EXAMPLES = json.loads((Path(__file__).parents[3] / "contract" / "setting_examples.json").read_text())
SITES = json.dumps(
    [
        {"name": "ses_falls_city", "startDate": "2024-12-10", "endDate": "2024-12-12"},
        {"name": "ses_other", "startDate": "2025-01-01"},
    ]
)
KV = {"type": "kv_namespace", "name": "CACHE", "namespace_id": "abc"}


def test_three_values_are_enough(read):
    found = read()
    assert found.worker_url == "https://building-vitals-backfill.example.workers.dev"
    assert found.bucket == "ace-timeseries"
    assert found.sites == (DeclaredSite(name="ses_falls_city", start_date="2024-12-10"),)
    assert (found.parallelism, found.recheck_days) == (4, 3)
    assert (found.queue_name, found.dead_letter_name) == (
        "building-vitals-backfill-days",
        "building-vitals-backfill-dead-days",
    )
    assert (found.page_size, found.schedule, found.adopt, found.extra_bindings) == (10000, "*/5 * * * *", False, ())
    assert found.settle_hours == 6
    assert found.api_url == "https://api.cloudflare.com/client/v4"
    assert found.warnings == ("aceApiKey is not a JWT, but ACE's keys are: is it the right one?",)


def test_no_secret_shows_in_its_repr(read):
    shown = repr(read())
    assert "fake-ace-key" not in shown
    assert "fake-cloudflare-token" not in shown


def test_a_whole_url_an_end_and_no_schedule(read):
    found = read(workersSubdomain="", workerUrl="https://backfill.example.org", sites=SITES, schedule="")
    assert found.worker_url == "https://backfill.example.org"
    assert [site.range for site in found.sites] == ["2024-12-10 to 2024-12-12", "2025-01-01 to yesterday"]
    assert found.schedule is None


def test_the_key_comes_from_the_environment_where_the_stack_has_none(read):
    found = read(
        aceApiKey="", environment={"ACE_API_KEY": "fake-key-of-the-environment", "CLOUDFLARE_API_TOKEN": "fake" * 10}
    )
    assert found.ace_api_key == "fake-key-of-the-environment"
    assert found.warnings[0].startswith("ACE_API_KEY (environment) is not a JWT")


def test_the_providers_own_settings_are_used_where_set(read):
    found = read(
        environment={
            "CLOUDFLARE_API_TOKEN": "fake-of-environment-padded-to-forty-characters",
            "CLOUDFLARE_BASE_URL": "http://127.0.0.1:1/x",
        },
        provider={"apiToken": "fake-of-stack-padded-to-more-than-forty-characters"},
    )
    assert found.api_token == "fake-of-stack-padded-to-more-than-forty-characters"
    assert found.api_url == "http://127.0.0.1:1/x"


def test_all_problems_at_once_one_line_each(read):
    with pytest.raises(SettingsError) as caught:
        read(accountId="", bucket="B", sites='[{"name": "a"}, {"name": "a", "startDate": "x"}]', adopt="maybe", aceApiKey="changeme",
             environment={})  # fmt: skip
    assert str(caught.value).splitlines() == [
        "accountId: expected 32 hex digits, found nothing. Run: pulumi config set accountId VALUE",
        "bucket: expected 3 to 63 of a-z, 0-9 and '-', with no '-' at either end, found 'B'",
        "sites[0].startDate: expected a date as YYYY-MM-DD, found nothing",
        "sites[1].startDate: expected a date as YYYY-MM-DD, found 'x'",
        "sites[1].name: expected a name that no other site has, found 'a'",
        "adopt: expected true, false or from-other-stack, found 'maybe'",
        "aceApiKey is a placeholder, not a key",
        "cloudflare:apiToken is not set (export CLOUDFLARE_API_TOKEN)",
    ]


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"workersSubdomain": ""}, "workersSubdomain or workerUrl: expected exactly one of them, found neither"),
        ({"workerUrl": "https://x.example"}, "workersSubdomain or workerUrl: expected exactly one of them, found both"),
        ({"aceApiKey": ""}, "aceApiKey is not set (run: pulumi config set --secret aceApiKey, or export ACE_API_KEY)"),
        ({"settlehours": "2"}, "'settlehours' is not a setting: did you mean settleHours? Run: pulumi config rm NAME"),
        ({"ACE_API_KEY": "fake"}, "'ACE_API_KEY' is not a setting: did you mean aceApiKey?"),
        ({"colour": "red"}, "'colour' is not a setting: Pulumi.yaml lists all settings. Run: pulumi config rm NAME"),
        ({"f" * 64: ""}, "a setting's name has the form of a secret: remove it from the stack's file, and rotate the secret"),
        ({"aceApiKey": " fake"}, "aceApiKey has white space around it (a copied line end?)"),
        ({"secret": ()}, "aceApiKey is stored in clear (run: pulumi config set --secret aceApiKey, and rotate the key)"),
        ({"extraBindings": "{}"}, "extraBindings: expected a list of objects with name and type"),
        ({"extraBindings": "["}, "extraBindings: expected a list of objects with name and type"),
        ({"extraBindings": "[1]"}, "extraBindings[0]: expected an object whose values are strings"),
        (
            {"extraBindings": json.dumps([{"type": "secret_text", "name": "X", "text": "fake"}])},
            "extraBindings[0]: expected no text, because a secret does not belong in the stack's file",
        ),
        ({"extraBindings": json.dumps([KV, KV])}, "extraBindings[1].name: expected a name that no other binding has, found 'CACHE'"),
        ({"extraBindings": json.dumps([{**KV, "name": "SITES"}])}, "extraBindings[0].name: expected a name that no other"),
        ({"extraBindings": json.dumps([{**KV, "name": "SITES_7"}])}, "extraBindings[0].name: expected a name that no other"),
        ({"sites": ""}, "sites: expected a list of sites, each with name, startDate and perhaps endDate, found nothing. Run: "),
        ({"workerName": "w" * 54}, "workerName: expected 1 to 53 of a-z"),
        ({"extraBindings": json.dumps([{"type": "kv_namespace", "name": "C"}])}, "extraBindings[0]: expected the fields name, namesp"),
        ({"extraBindings": json.dumps([{"type": "service", "name": "C"}])}, "extraBindings[0]: expected the fields name, service, type, and optionally environment"),
        ({"extraBindings": json.dumps([{**KV, "jurisdiction": "eu"}])}, "extraBindings[0]: expected the fields name, namesp"),
        ({"extraBindings": json.dumps([{"type": "magic", "name": "C"}])}, "extraBindings[0].type: expected one of d1, json,"),
    ],
)  # fmt: skip
def test_each_rule_is_one_line_that_names_the_key(read, config, problem):
    with pytest.raises(SettingsError) as caught:
        read(**config)
    assert len(str(caught.value).splitlines()) == 1
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize("example", [item for item in EXAMPLES if item["value"]], ids=str)
def test_the_program_agrees_with_the_examples(read, example):
    setting, value = example["setting"], example["value"]
    others = {
        "workerUrl": {"workersSubdomain": ""},
    }
    try:
        read(**{**others.get(setting, {}), setting: value})
        found = []
    except SettingsError as error:
        found = [
            line for line in str(error).splitlines() if line.startswith((f"{setting}: ", f"{setting} ", f"{setting}["))
        ]
    assert (found == []) is example["valid"]


def test_every_setting_of_the_project_file_has_a_rule_or_its_own_reader():
    assert defaults().keys() == KNOWN


def test_an_empty_key_in_the_environment_is_refused(read):
    with pytest.raises(SettingsError, match=r"ACE_API_KEY \(environment\) is empty"):
        read(aceApiKey="", environment={"ACE_API_KEY": "", "CLOUDFLARE_API_TOKEN": "fake" * 10})


def test_extra_bindings_become_bindings(read):
    assert read(extraBindings=json.dumps([KV])).extra_bindings == (KvNamespace(name="CACHE", namespace_id="abc"),)


@pytest.mark.parametrize(
    ("given", "declared"),
    [
        ({"type": "r2_bucket", "bucket_name": "b"}, {"bucket_name": "b"}),
        ({"type": "r2_bucket", "bucket_name": "b", "jurisdiction": "eu"}, {"bucket_name": "b", "jurisdiction": "eu"}),
        ({"type": "service", "service": "s"}, {"service": "s"}),
        ({"type": "service", "service": "s", "environment": "e"}, {"service": "s", "environment": "e"}),
    ],
)
def test_an_optional_field_is_declared_where_it_is_given(read, given, declared):
    [binding] = read(extraBindings=json.dumps([{"name": "X", **given}])).extra_bindings
    assert binding.declare().properties == declared
    assert binding.upload() == {"name": "X", "type": given["type"], **declared}


@pytest.mark.parametrize(
    ("given", "url"),
    [
        ("", None),
        ("etl", "https://etl.example.workers.dev"),
        ("https://etl.example.org", "https://etl.example.org"),
    ],
)
def test_the_etl_worker_is_a_name_or_a_url(read, given, url):
    assert read(etlWorker=given).etl_worker == url


@pytest.mark.parametrize(
    ("config", "problem"),
    [
        ({"etlWorker": "E T L"}, "etlWorker: expected 1 to 63 of a-z"),
        ({"etlWorker": "http://etl.example.org"}, "etlWorker: expected an https URL"),
        (
            {"etlWorker": "etl", "workersSubdomain": "", "workerUrl": "https://backfill.example.org"},
            "etlWorker: expected a whole URL, because workersSubdomain is not set, found 'etl'",
        ),
    ],
)
def test_an_etl_worker_that_cannot_be_is_one_line(read, config, problem):
    with pytest.raises(SettingsError) as caught:
        read(**config)
    assert len(str(caught.value).splitlines()) == 1
    assert str(caught.value).startswith(problem)


@pytest.mark.parametrize("key", ["sites", "bucket", "extraBindings"])
def test_a_setting_stored_as_a_secret_would_be_public_and_is_refused(read, key):
    with pytest.raises(SettingsError, match=f"^{key} .*stored as a secret, but it will be public"):
        read(secret=("aceApiKey", key))


@pytest.mark.parametrize("key", ["bucket", "accountId", "sites", "schedule"])
def test_a_secret_under_the_wrong_key_is_not_repeated(read, key):
    value = "https://jo:fakefake@db.example.org"
    with pytest.raises(SettingsError) as caught:
        read(**{key: value})
    assert "fakefake" not in str(caught.value)
    assert key in str(caught.value)


@pytest.mark.parametrize("token", ["fake", "fake" * 10 + "\n", "é" * 40, "fake token " * 5])
def test_a_token_that_cannot_be_cloudflares_is_refused_without_being_shown(read, token):
    with pytest.raises(SettingsError, match="does not have the form of Cloudflare's tokens") as caught:
        read(environment={"CLOUDFLARE_API_TOKEN": token})
    assert token.strip() not in str(caught.value)


def test_an_api_address_with_a_password_is_refused_without_it(read):
    environment = {"CLOUDFLARE_API_TOKEN": "fake" * 10, "CLOUDFLARE_BASE_URL": "https://jo:fakefake@api.example.org"}
    with pytest.raises(SettingsError, match="cloudflare:baseUrl: expected a URL without a user name") as caught:
        read(environment=environment)
    assert "fakefake" not in str(caught.value)
