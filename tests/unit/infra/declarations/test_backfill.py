import json

from contract.manifest import Manifest
from infra.declarations import backfill
from infra.settings.binding_names import BACKFILL_BINDINGS
from tests.unit.infra.conftest import manifest_of


def declared(read, **config):
    return manifest_of(read(**config))


def test_every_declared_binding_has_a_reserved_name(read):
    names = {binding.name for binding in backfill.declare(read(endDate="2024-12-12")).bindings}
    assert names == set(BACKFILL_BINDINGS)


def test_an_unset_end_is_not_bound(read):
    assert "END_DATE" not in {binding.name for binding in backfill.declare(read()).bindings}


def test_the_manifest_has_every_binding_and_no_secret(read):
    data = declared(read).to_dict()
    assert {"name": "ACE_API_KEY", "type": "secret_text"} in data["bindings"]
    assert {"name": "BUCKET", "type": "r2_bucket", "bucket_name": "ace-timeseries"} in data["bindings"]
    assert data["storage"]["prefix"] == "timeseries/ses_falls_city/"
    assert "fake" not in json.dumps(data)
    assert Manifest.from_dict(json.loads(json.dumps(data))).to_dict() == data


def test_the_tag_fits_and_follows_from_the_manifest_but_not_from_the_key(read):
    tag = declared(read).worker.tag
    assert tag.startswith("bv:")
    assert len(tag.encode()) <= 100
    assert declared(read, aceApiKey="another-fake-key").worker.tag == tag
    assert declared(read, site="other").worker.tag != tag
    assert declared(read, schedule="").worker.tag != tag


def test_no_schedule_is_an_empty_list(read):
    assert declared(read, schedule="").schedules == ()
