import copy
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.manifest import (
    DeclaredAce,
    DeclaredBinding,
    DeclaredWorker,
    Manifest,
    ManifestError,
    RelatedWorkers,
    Storage,
)

MANIFEST = Manifest(
    project="building-vitals",
    stack="prod",
    account_id="0123456789abcdef0123456789abcdef",
    worker=DeclaredWorker(
        name="w", url="https://w.x.workers.dev", service="backfill-worker", version="1.0.0", tag="bv:a:b:c:d"
    ),
    bindings=(
        DeclaredBinding(name="ACE_API_KEY", type="secret_text"),
        DeclaredBinding(name="SITE", type="plain_text", properties={"text": "ses_falls_city"}),
    ),
    schedules=("*/5 * * * *",),
    storage=Storage(
        bucket="ace-timeseries",
        jurisdiction="default",
        key_template="timeseries/{site}/{date}/data.ndjson.gz",
        prefix="timeseries/ses_falls_city/",
    ),
    ace=DeclaredAce(
        base_url="https://flightdeck.aceiot.cloud",
        site="ses_falls_city",
        start_date="2024-12-10",
        end_date=None,
        page_size=10000,
    ),
    siblings=RelatedWorkers(),
)
SETTINGS = {
    "observability": "logs at 100 %",
    "logpush": "off",
    "tail_consumers": "none",
    "limits": "cpu_ms 30000",
    "placement": "none",
}


def test_a_manifest_survives_json():
    assert Manifest.from_dict(json.loads(json.dumps(MANIFEST.to_dict()))) == MANIFEST


def test_the_output_is_a_json_text_and_the_object_of_an_older_program_is_read_too():
    assert Manifest.from_output(json.dumps(MANIFEST.to_dict())) == MANIFEST
    assert Manifest.from_output(MANIFEST.to_dict()) == MANIFEST


@pytest.mark.parametrize("data", ["", "[secret]", "[", "[" * 10**5, "1" * 5000, "null", "[]", '"{}"', None, 1])
def test_another_output_is_refused_in_one_line(data):
    with pytest.raises(ManifestError, match=r"^manifest: expected an object"):
        Manifest.from_output(data)


def test_a_manifest_of_an_older_program_has_the_default_settle_hours():
    data = MANIFEST.to_dict()
    del data["ace"]["settle_hours"]
    assert Manifest.from_dict(data).ace.settle_hours == 6


def test_a_manifest_of_an_older_deployment_has_no_digest_of_the_code():
    data = MANIFEST.to_dict()
    del data["worker"]["code"]
    assert Manifest.from_dict(data).worker.code == ""


def test_a_manifest_of_an_older_deployment_has_no_settings_of_the_script():
    data = MANIFEST.to_dict()
    assert Manifest.from_dict({**data, "worker": {**data["worker"], "settings": SETTINGS}}).to_dict()["worker"] == {
        **data["worker"],
        "settings": SETTINGS,
    }
    del data["worker"]["settings"]
    assert Manifest.from_dict(data).worker.settings is None


@pytest.mark.parametrize("wrong", [{**SETTINGS, "limits": 50}, {**SETTINGS, "more": "x"}, {"logpush": "off"}, []])
def test_settings_of_another_form_are_refused(wrong):
    data = MANIFEST.to_dict()
    data["worker"]["settings"] = wrong
    with pytest.raises(ManifestError, match=r"^manifest\.worker\.settings"):
        Manifest.from_dict(data)


def test_a_manifest_of_an_older_deployment_gets_the_default():
    data = MANIFEST.to_dict()
    data["ace"].pop("key_expiry_warning_days")
    assert Manifest.from_dict(data) == MANIFEST


def test_bindings_are_written_flat():
    assert MANIFEST.to_dict()["bindings"][1] == {"name": "SITE", "type": "plain_text", "text": "ses_falls_city"}


def test_key_of_a_day():
    assert MANIFEST.storage.key("s", "2024-12-10") == "timeseries/s/2024-12-10/data.ndjson.gz"


def test_the_digest_depends_on_everything_but_the_tag():
    assert MANIFEST.with_tag("other").digest() == MANIFEST.digest()
    changed = MANIFEST.to_dict()
    changed["bindings"][1]["text"] = "another_site"
    assert Manifest.from_dict(changed).digest() != MANIFEST.digest()


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ((), [], "manifest: expected an object, found list"),
        (("schema",), 2, "manifest.schema: expected 1, found 2"),
        (("worker",), None, "manifest.worker: expected an object, found nothing"),
        (("worker", "url"), 7, "manifest.worker.url: expected str, found int"),
        (("ace", "page_size"), True, "manifest.ace.page_size: expected int, found bool"),
        (("ace", "settle_hours"), None, "manifest.ace.settle_hours: expected int, found nothing"),
        (("ace", "end_date"), 5, "manifest.ace.end_date: expected str or null, found int"),
        (("bindings",), {}, "manifest.bindings: expected a list, found dict"),
        (("bindings", 0), {"type": "d1"}, "manifest.bindings[0].name: missing"),
        (("bindings", 0, "x"), 1, "manifest.bindings[0].x: expected str, found int"),
        (("schedules", 0), None, "manifest.schedules[0]: expected str, found nothing"),
        (("more",), 1, "manifest: unknown field 'more'"),
        (("storage", "more"), 1, "manifest.storage: unknown field 'more'"),
        (("stack",), None, "manifest.stack: expected str, found nothing"),
    ],
)
def test_other_data_is_refused_in_one_line(path, value, message):
    data = {"root": MANIFEST.to_dict()}
    place, keys = data, ("root", *path)
    for key in keys[:-1]:
        place = place[key]
    place[keys[-1]] = value
    with pytest.raises(ManifestError) as caught:
        Manifest.from_dict(data["root"])
    assert str(caught.value) == message


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)


@given(JSON, st.sampled_from(sorted(MANIFEST.to_dict())))
def test_any_other_value_of_a_field_is_read_or_refused_never_a_crash(value, name):
    data = copy.deepcopy(MANIFEST.to_dict())
    data[name] = value
    try:
        Manifest.from_dict(data)
    except ManifestError as error:
        assert "\n" not in str(error)
