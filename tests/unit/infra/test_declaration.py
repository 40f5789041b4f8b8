import dataclasses
import json

from contract import manifest
from infra import declaration
from infra.bindings import kinds


def promised(read, **config):
    settings = read(**config)
    return declaration.promise(settings, declaration.bindings(settings), project="building-vitals", stack="prod")


def test_every_declared_binding_has_a_reserved_name(read):
    names = {binding.name for binding in declaration.bindings(read(endDate="2024-12-12"))}
    assert names == set(declaration.BINDING_NAMES)


def test_an_unset_end_is_not_bound(read):
    assert "END_DATE" not in {binding.name for binding in declaration.bindings(read())}


def test_the_manifest_promises_what_is_bound_and_no_secret(read):
    data = promised(read).to_dict()
    assert {"name": "ACE_API_KEY", "type": "secret_text"} in data["bindings"]
    assert {"name": "BUCKET", "type": "r2_bucket", "bucket_name": "ace-timeseries"} in data["bindings"]
    assert data["storage"]["prefix"] == "timeseries/ses_falls_city/"
    assert "fake" not in json.dumps(data)
    assert manifest.Manifest.from_dict(json.loads(json.dumps(data))).to_dict() == data


def test_the_tag_fits_and_follows_what_is_promised_but_not_the_key(read):
    tag = promised(read).worker.tag
    assert tag.startswith("bv:")
    assert len(tag.encode()) <= 100
    assert promised(read, aceApiKey="another-fake-key").worker.tag == tag
    assert promised(read, site="other").worker.tag != tag
    assert promised(read, schedule="").worker.tag != tag


def test_no_schedule_is_an_empty_promise(read):
    assert promised(read, schedule="").schedules == ()


def test_each_kind_promises_its_public_fields():
    for name, kind in kinds().items():
        fields = {f.name: f"fake-{f.name}" for f in dataclasses.fields(kind)}
        promise = kind(**fields).promise()
        assert promise.type == kind.type == name
        assert dict(promise.properties) == (
            {} if name == "secret_text" else {k: v for k, v in fields.items() if k != "name"}
        )
        assert kind(**fields).upload().name == "fake-name"
