"""The components under Pulumi's own mocks: inputs, secrets and protection."""

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pulumi
import pytest

from contract.drift.record import Drift
from contract.manifest import Manifest
from infra import policy, resources
from infra.bindings.secret_text import SecretText
from infra.declarations import backfill, queues
from infra.declarations.bucket import BucketPlan
from infra.plan import Plan, WorkerPlan
from infra.resources.outputs import list_outputs
from tests.unit.infra.conftest import LOOP, manifest_of


class Recorder(pulumi.runtime.Mocks):
    def __init__(self):
        self.resources, self.named = {}, {}

    def new_resource(self, args):
        self.resources[args.typ] = self.named[args.typ, args.name] = args
        return f"{args.name}-id", {**args.inputs, "queueId": f"{args.name}-id"}

    def call(self, args):
        return {}


@pytest.fixture
def declared(read):
    def declared(message=None, drift=None, kept=(), imported=False, consumed=False, existing=None, **config):
        recorder = Recorder()
        pulumi.runtime.set_mocks(recorder, preview=False)
        settings = read(**config)
        bindings = (*backfill.declare(settings).bindings, *kept)
        worker = WorkerPlan(
            name="backfill",
            source=Path("workers/dist/backfill.js"),
            bindings=bindings,
            manifest=manifest_of(settings, bindings).with_tag("bv:tag"),
            drift=drift,
            message=message,
            bucket_before=None,
            queue_before=None,
            cpu_ms=300_000,
            has_tail_consumers=consumed,
        )
        bucket = BucketPlan(account_id=settings.account_id, name=settings.bucket, imported=imported)

        live = SimpleNamespace(find_queue=lambda name: None)
        planned = queues.plan(settings, live, dict, bound=settings.queue_name, message=message)
        planned = replace(planned, queues=tuple(replace(each, existing=existing) for each in planned.queues))

        @pulumi.runtime.test
        def program():
            resources.create(Plan(workers=(worker,), bucket=bucket, queues=planned, warnings=()))
            return pulumi.Output.from_input(None)

        program()
        return {kind.rpartition(":")[2]: args for kind, args in recorder.resources.items()} | {
            (kind.rpartition(":")[2], name): args for (kind, name), args in recorder.named.items()
        }

    return declared


def unsealed(script):
    """The bindings, which travel as one Pulumi secret because the key is among them."""
    sealed = script["bindings"]
    assert set(sealed) == {pulumi.runtime.rpc._special_sig_key, "value"}
    return sealed["value"]


def test_the_worker_is_declared_whole(declared):
    found = declared(message="drift: x")
    script = found["WorkersScript"].inputs
    assert script["contentFile"] == "workers/dist/backfill.js"
    assert script["mainModule"] == "worker.js"
    assert script["annotations"] == {"workersMessage": "drift: x", "workersTag": "bv:tag"}
    names = [binding["name"] for binding in unsealed(script)]
    assert names[:3] == ["ACE_API_KEY", "BUCKET", "CF_VERSION_METADATA"]
    assert found["WorkersScriptSubdomain"].inputs["enabled"] is True
    assert found["WorkersCronTrigger"].inputs["schedules"] == [{"cron": "*/5 * * * *"}]


def test_the_settings_of_the_script_are_declared(declared):
    """Case X4: an upload sends observability with all fields, logpush and the limit of the CPU."""
    script = declared()["WorkersScript"].inputs
    assert script["observability"] == {
        "enabled": True,
        "headSamplingRate": 1,
        "logs": {"enabled": True, "headSamplingRate": 1, "invocationLogs": True, "persist": True},
        "traces": {"enabled": False, "headSamplingRate": 1, "persist": True},
    }
    assert (script["logpush"], script["limits"]) == (False, {"cpuMs": 300_000})
    assert not {"placement", "tailConsumers"} & script.keys()


def test_tail_consumers_are_removed_where_there_are_any(declared):
    """Case X4: only an empty list removes them."""
    assert declared(consumed=True)["WorkersScript"].inputs["tailConsumers"] == []


def test_no_schedule_is_an_empty_list_and_adopting_imports(declared):
    found = declared(schedule="", imported=True)
    assert found["WorkersCronTrigger"].inputs["schedules"] == []
    assert not found["WorkersScript"].resource_id
    assert found["R2Bucket"].resource_id == "0123456789abcdef0123456789abcdef/ace-timeseries/default"


def test_nothing_is_imported_unless_asked(declared):
    assert not declared()["R2Bucket"].resource_id


def test_no_binding_but_the_key_holds_it(declared):
    bindings = unsealed(declared()["WorkersScript"].inputs)
    assert "fake-ace-key" not in json.dumps([b for b in bindings if b["name"] != "ACE_API_KEY"])


def test_the_manifest_and_the_key_are_inputs_of_components_so_that_a_preview_compares_them(declared):
    found = declared()
    assert found["Manifest"].inputs["manifest"]["worker"]["tag"] == "bv:tag"
    assert "fake-ace-key" not in json.dumps(found["Manifest"].inputs)
    assert found["Secret"].name == "ACE_API_KEY"
    sealed = found["Secret"].inputs["text"]
    assert sealed[pulumi.runtime.rpc._special_sig_key] == pulumi.runtime.rpc._special_secret_sig


def test_the_record_of_drift_is_an_input_of_a_component(declared):
    assert declared()["Drift"].inputs == {"record": {}}
    drift = Drift(version="608d4072", origin="crons", crons=())
    assert declared(drift=drift)["Drift"].inputs == {"record": drift.to_dict()}


def test_a_kept_secret_is_inherited(declared):
    bindings = unsealed(declared(kept=[SecretText(name="SLACK_TOKEN")])["WorkersScript"].inputs)
    assert {"name": "SLACK_TOKEN", "type": "inherit"} in bindings


def test_the_bucket_is_protected_and_kept(monkeypatch, declared):
    seen = []
    monkeypatch.setattr(policy, "_refuse_unprotected", lambda args: seen.append(args))
    declared()
    [options] = [args.opts for args in seen if args.type_.endswith(":R2Bucket")]
    assert (options.protect, options.retain_on_delete) == (True, True)


def test_the_addresses_are_outputs_in_clear_and_the_token_is_not(read):
    """Case P18: the engine prints other outputs than secrets, and a manifest as 60 lines."""
    settings = read(queryUrl="https://query.example.org")
    outputs = list_outputs(manifest_of(settings), key=settings.ace_api_key)
    clear = {name: value for name, value in outputs.items() if not isinstance(value, pulumi.Output)}
    assert clear == {
        "url": settings.worker_url,
        "bucket": settings.bucket,
        "queryUrl": "https://query.example.org",
    }
    assert list(outputs)[3:] == ["operatorToken", "manifest"]
    for name in ("operatorToken", "manifest"):
        assert LOOP.run_until_complete(outputs[name].is_secret())
    text = LOOP.run_until_complete(outputs["manifest"].future())
    assert Manifest.from_output(text) == manifest_of(settings)
    assert "fake-ace-key" not in text
    assert "queryUrl" not in list_outputs(manifest_of(read()), key="fake")


def test_no_type_of_ours_widens_the_tree_of_a_preview(declared, monkeypatch):
    """Case P18: at 80 columns Cloudflare's types decide the width."""
    kinds = []
    monkeypatch.setattr(policy, "_refuse_unprotected", lambda args: kinds.append(args.type_))
    declared()
    shown = [f"{kind.split('/')[0]}:{kind.rpartition(':')[2]}" if "/" in kind else kind for kind in kinds]
    ours = [kind for kind in shown if kind.startswith("building-vitals:")]
    assert len(ours) == 7
    assert (
        max(map(len, ours))
        < max(map(len, set(shown) - set(ours)))
        <= 80 - len("  +   │  ├─   building-vitals-rehearsal")
    )


def test_the_queues_and_their_consumers_are_declared_with_all_their_settings(declared):
    found = declared()
    days, dead = found["Queue", "days"].inputs, found["Queue", "dead-days"].inputs
    assert [days["queueName"], dead["queueName"]] == [
        "building-vitals-backfill-days",
        "building-vitals-backfill-dead-days",
    ]
    settings = {"deliveryDelay": 0, "deliveryPaused": False, "messageRetentionPeriod": 345_600}
    assert days["settings"] == dead["settings"] == settings
    first, second = found["QueueConsumer", "days"].inputs, found["QueueConsumer", "dead-days"].inputs
    assert (first["queueId"], second["queueId"]) == ("days-id", "dead-days-id")
    assert first["scriptName"] == second["scriptName"] == "building-vitals-backfill"
    assert first["deadLetterQueue"] == "building-vitals-backfill-dead-days"
    assert "deadLetterQueue" not in second
    common = {"maxRetries": 4, "maxWaitTimeMs": 5000, "retryDelay": 0}
    assert first["settings"] == {"batchSize": 1, "maxConcurrency": 4, **common}
    assert second["settings"] == {"batchSize": 10, "maxConcurrency": 1, **common}


def test_an_existing_queue_is_imported_by_its_id(declared):
    assert not declared()["Queue", "days"].resource_id
    found = declared(existing="q1")["Queue", "days"]
    assert found.resource_id == "0123456789abcdef0123456789abcdef/q1"
