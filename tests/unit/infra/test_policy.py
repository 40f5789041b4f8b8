import dataclasses
import json
import re

import pulumi
import pytest

from infra import policy
from infra.bindings.json import Json
from infra.bindings.kv_namespace import KvNamespace
from infra.bindings.plain_text import PlainText
from infra.bindings.r2_bucket import R2Bucket
from infra.bindings.secret_text import SecretText
from tests.unit.infra.conftest import manifest_of

KEY = "fake-ace-key-for-tests"


@pytest.fixture
def enforce(read):
    def enforce(*bindings, config=None, **worker):
        settings = read(**(config or {}))
        manifest = manifest_of(settings, bindings)
        manifest = dataclasses.replace(manifest, worker=dataclasses.replace(manifest.worker, **worker))
        policy.enforce(manifest, key=KEY, allowed=settings.not_secret)

    return enforce


@pytest.mark.parametrize(
    ("binding", "reason"),
    [
        (PlainText(name="DB_PASSWORD", text="x"), "is named as a secret"),
        (PlainText(name="SLACK_TOKEN", text="x"), "is named as a secret"),
        (PlainText(name="NOTE", text=f"use {KEY}"), "holds the ACE key"),
        (PlainText(name="NOTE", text="https://jo:fakefake@db.example.org"), "has a value that looks like a secret"),
        (Json(name="NOTE", json='{"a": "ghp_' + "a" * 36 + '"}'), "has a value that looks like a secret"),
    ],
)
def test_a_public_binding_that_looks_like_a_secret_is_refused_without_its_value(enforce, binding, reason):
    with pytest.raises(policy.PolicyError, match=reason) as caught:
        enforce(binding)
    said = str(caught.value)
    assert "\n" not in said
    assert binding.name in said
    assert KEY not in said
    assert "ghp_" not in said
    assert "fakefake" not in said


LONG_KEY = "exports/building-sensors/ACME_Headquarters-West/quarterly/{site}/{date}/data.ndjson.gz"
LONG_NAME = "Acme-Headquarters_West-Building7-Quarterly.Sensors9"
SITES = json.dumps([{"name": LONG_NAME, "startDate": "2024-12-10"}])
RANDOM = "q8Zr2LmX0vTnB5kYw7PdHc3JfGs9AeUi"


def test_long_names_of_the_settings_are_not_secrets(enforce):
    """Case P5: a setting with a rule of its own is not scanned for random words."""
    enforce(
        PlainText(name="KEY_TEMPLATE", text=LONG_KEY),
        PlainText(name="SITES", text=SITES),
        PlainText(name="SITES_2", text=SITES),
        R2Bucket(name="MORE", bucket_name=LONG_NAME.lower()),
        config={"keyTemplate": LONG_KEY, "sites": SITES},
    )


def test_a_key_template_in_the_form_of_a_secret_is_refused(enforce):
    with pytest.raises(policy.PolicyError, match="looks like a secret"):
        enforce(PlainText(name="KEY_TEMPLATE", text="ghp_" + "a" * 36 + "/{site}/{date}"))


def test_a_false_alarm_is_allowed_by_name_with_the_command_of_the_line(enforce):
    """Case P5: a way out of a false alarm. Each binding is allowed by its own name."""
    bindings = (PlainText(name="NOTE", text=RANDOM), PlainText(name="LOW_TOKEN", text="x"))
    with pytest.raises(policy.PolicyError) as caught:
        enforce(*bindings, config={"notSecret": "NOTE"})
    line = str(caught.value)
    assert line.startswith("the binding LOW_TOKEN (plain_text) ")
    assert line.endswith("If everybody may read it, run: pulumi config set notSecret NOTE,LOW_TOKEN")
    enforce(*bindings, config={"notSecret": "NOTE,LOW_TOKEN"})


def test_a_setting_is_allowed_by_its_name_too(enforce):
    url = f"https://ace.example/{RANDOM}"
    with pytest.raises(policy.PolicyError, match=r"run: pulumi config set notSecret aceBaseUrl$"):
        enforce(config={"aceBaseUrl": url})
    enforce(config={"aceBaseUrl": url, "notSecret": "aceBaseUrl"})


def test_nothing_allows_the_ace_key(enforce):
    with pytest.raises(policy.PolicyError, match="holds the ACE key") as caught:
        enforce(PlainText(name="NOTE", text=KEY), config={"notSecret": "NOTE"})
    assert "notSecret" not in str(caught.value)


def test_public_values_and_secrets_pass(enforce):
    enforce(
        SecretText(name="SLACK_TOKEN"),
        PlainText(name="KEY_TEMPLATE", text="timeseries/{site}/{date}/data.ndjson.gz"),
        PlainText(name="ACE_BASE_URL", text="https://flightdeck.aceiot.cloud"),
        KvNamespace(name="CACHE", namespace_id="0123456789abcdef0123456789abcdef"),
    )


@pytest.mark.parametrize(
    ("binding", "worker", "named"),
    [
        (KvNamespace(name="CACHE", namespace_id=KEY), {}, r"the binding CACHE \(kv_namespace\)"),
        (SecretText(name="X"), {"url": f"https://x.example.dev/{KEY}"}, "the setting workerUrl"),
    ],
)
def test_the_key_is_refused_wherever_it_would_be_public(enforce, binding, worker, named):
    with pytest.raises(policy.PolicyError, match=named) as caught:
        enforce(binding, **worker)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("setting", ["queryUrl", "etlWorker", "aceBaseUrl"])
@pytest.mark.parametrize("part", [KEY, "ghp_" + "a" * 36, "0123456789abcdef" * 4])
def test_an_address_that_holds_a_secret_is_refused_by_its_setting_and_without_its_value(enforce, setting, part):
    with pytest.raises(policy.PolicyError, match=f"the setting {setting}") as caught:
        enforce(SecretText(name="X"), config={setting: f"https://x.example.dev/{part}"})
    assert part not in str(caught.value)


def test_addresses_without_a_secret_pass(enforce):
    enforce(SecretText(name="X"), config={"queryUrl": "https://q.example.dev", "etlWorker": "building-vitals-etl"})


def test_every_problem_is_a_line(enforce):
    with pytest.raises(policy.PolicyError) as caught:
        enforce(PlainText(name="A_SECRET", text="x"), PlainText(name="B_SECRET", text="y"))
    assert [line.split()[2] for line in str(caught.value).splitlines()] == ["A_SECRET", "B_SECRET"]


@pytest.mark.parametrize(
    ("kind", "protect", "refused"),
    [
        ("cloudflare:index/r2Bucket:R2Bucket", None, True),
        ("cloudflare:index/r2Bucket:R2Bucket", True, False),
        ("x:y:Z", None, False),
    ],
)
def test_a_bucket_without_protection_is_refused(kind, protect, refused):
    args = pulumi.ResourceTransformationArgs(
        resource=None, type_=kind, name="timeseries", props={}, opts=pulumi.ResourceOptions(protect=protect)
    )
    if refused:
        with pytest.raises(pulumi.RunError, match="declared without protect=True"):
            policy._refuse_unprotected(args)
    else:
        assert policy._refuse_unprotected(args) is None


@pytest.mark.parametrize(
    "binding", [PlainText(name="NOTE", text="é" * 3250), Json(name="NOTE", json=f'["{"x" * 6496}"]')]
)
def test_a_variable_that_cloudflare_would_refuse_is_refused_at_preview(enforce, binding):
    """Case P7: bytes count, and the value is not shown."""
    with pytest.raises(policy.PolicyError) as caught:
        enforce(binding)
    size = "the binding NOTE .* has 6,500 bytes, and Cloudflare stores at most 5,120 in a variable"
    assert re.fullmatch(size, str(caught.value))
    enforce(PlainText(name="NOTE", text="x " * 2560))


def test_more_variables_than_a_worker_may_have_are_refused_at_preview(enforce):
    many = [PlainText(name=f"N{number}", text="x") for number in range(127)]
    enforce(*many, SecretText(name="KEY"))
    with pytest.raises(policy.PolicyError, match="has 129 variables and secrets, and Cloudflare allows 128"):
        enforce(*many, SecretText(name="KEY"), SecretText(name="OTHER"))
