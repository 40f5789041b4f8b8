"""Any manifest, setting, stored day, drift or preview is read or refused, without another exception."""

import gzip
import json
from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from checks.run.stack import deployed_manifest
from checks.stored_days.gzip_reader import BrokenDayError, DayTooLargeError
from checks.stored_days.stored_day import compare_with_metadata, decode_day
from contract.drift import record as drift
from contract.drift import sentence as drift_sentence
from contract.manifest import Manifest, ManifestError
from infra.settings.reading import KNOWN, SettingsError, read_settings
from infra.settings.source import SettingsSource
from review import comment, preview
from tests.fakes.days import lines, stored
from tests.fakes.manifest import manifest_data
from tests.fakes.strategies import BYTES, JSON, TEXT, encode, mutants, some

pytestmark = pytest.mark.untraced  # thousands of runs: other tests tell which lines are tested


@some(100)
@given(mutants(manifest_data()) | JSON)
def test_a_manifest_is_read_whole_or_refused(data):
    try:
        read_ = Manifest.from_dict(data)
    except ManifestError as error:
        assert str(error)
    else:
        related = {"query_url": None, "etl_worker": None} | data["siblings"]  # the fields that may be absent
        assert read_.to_dict() == {**data, "siblings": related}


@some(60)
@given(BYTES | mutants(manifest_data()).map(lambda data: json.dumps(data).encode()))
def test_a_manifest_s_file_is_read_or_refused_in_one_line(tmp_path, raw):
    file = tmp_path / "manifest.json"
    file.write_bytes(raw)
    try:
        deployed_manifest.read_from_file(str(file))
    except deployed_manifest.UnusableError as error:
        assert str(error)


KEYS = sorted(KNOWN)


SITES = '[{"name":"ses_falls_city","startDate":"2024-12-10"}]'
DECLARED = {
    "accountId": "0" * 32, "aceApiKey": "fake-key-for-fuzzing-0001", "bucket": "ace-timeseries", "workerName": "w",
    "workersSubdomain": "s", "sites": SITES, "adopt": "false", "pageSize": "10000",
    "aceBaseUrl": "https://flightdeck.aceiot.cloud", "keyTemplate": "timeseries/{site}/{date}/data.ndjson.gz",
    "schedule": "*/5 * * * *", "extraBindings": "[]",
}  # fmt: skip


@some(100)
@given(st.dictionaries(st.sampled_from(KEYS), TEXT | JSON.map(json.dumps) | st.none(), max_size=3), st.booleans())
def test_a_configuration_is_used_or_refused_by_one_line_a_problem(values, secret):
    source = SettingsSource(
        project="building-vitals",
        stack="prod",
        names=(DECLARED | values).keys(),
        get=(DECLARED | values).get,
        provider=lambda key: "fake-token-0001" if key == "apiToken" else None,
        is_secret=lambda key: secret,
        environment={},
        now=datetime(2024, 12, 20, tzinfo=UTC),
    )
    try:
        used = read_settings(source)
    except SettingsError as error:
        assert all(line.strip() for line in str(error).split("\n"))
    else:
        assert secret
        assert all(site.start_date <= (site.end_date or site.start_date) for site in used.sites)


@some(80)
@given(st.one_of(BYTES, BYTES.map(gzip.compress), mutants(lines("2024-12-10")).map(json.dumps).map(str.encode)))
def test_a_stored_day_of_any_bytes_is_not_a_day(raw):
    for content in (raw, gzip.compress(raw, mtime=0), gzip.compress(raw)[:-5]):
        try:
            found = decode_day(content, {}, day=date(2024, 12, 10))
        except (BrokenDayError, DayTooLargeError) as error:
            assert str(error)
        else:
            assert found.samples == 0


@some(120)
@given(
    mutants(lines("2024-12-10", 1)[0]), st.dictionaries(st.sampled_from(["samples", "first", "last", "sha256"]), TEXT)
)
def test_a_line_is_a_sample_or_the_day_is_broken(sample, metadata):
    try:
        day = stored("2024-12-10", content=(json.dumps(sample) + "\n").encode())
        found = decode_day(day.body, day.custom, day=date(2024, 12, 10))
        compare_with_metadata(found, day.custom | metadata)
    except (BrokenDayError, DayTooLargeError):
        return
    assert isinstance(sample["point_name"], str)
    assert type(sample["timestamp"]) is int


DRIFT = {
    "version": "608d4072",
    "origin": "secret",
    "author": "jo",
    "at": "2026-11-20 08:30:00",
    "adopted": True,
    "changes": [{"name": "A", "change": "added"}],
    "crons": ["* * * * *"],
    "lost": [{"name": "B", "type": "d1"}],
}


@some(100)
@given(mutants(DRIFT))
def test_a_record_of_drift_is_read_or_refused(data):
    try:
        found = drift.Drift.from_dict(data)
    except drift.DriftError:
        return
    assert drift.Drift.from_dict(found.to_dict()) == found
    assert len(drift_sentence.message_of(found).encode()) <= drift_sentence.MAX_MESSAGE


STEP = {
    "op": "update",
    "urn": "urn:pulumi:prod::building-vitals::building-vitals:edge:Worker::w",
    "oldState": {"inputs": {"promise": manifest_data()}, "outputs": {"contentSha256": "a"}},
    "newState": {"inputs": {"promise": manifest_data(names=["other"])}},
}


STEPS = {
    "config": {"building-vitals:site": "x"},
    "steps": [STEP, {**STEP, "urn": STEP["urn"].replace("building-vitals:edge:Worker", preview.SCRIPT)}],
    "diagnostics": [{"message": "site must be", "severity": "error", "urn": STEP["urn"]}],
}


@some(40)
@given(BYTES | mutants(STEPS).map(encode))
def test_a_review_is_a_comment_for_any_output_of_the_engine(raw):
    seen = preview.read(raw, stack="prod")
    text = comment.render(seen)
    assert 0 < len(text) <= 65_536
    assert seen.failed or seen.changes or "urn" in raw.decode("utf-8", "replace")
