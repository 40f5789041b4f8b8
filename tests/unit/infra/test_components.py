"""The components under Pulumi's own mocks: what is declared, and what is marked secret or protected."""

import json
from pathlib import Path

import pulumi
import pytest

from infra import declaration
from infra.storage import Bucket
from infra.worker import Worker


class Recorder(pulumi.runtime.Mocks):
    def __init__(self):
        self.resources = {}

    def new_resource(self, args):
        self.resources[args.typ] = args
        return f"{args.name}-id", args.inputs

    def call(self, args):
        return {}


@pytest.fixture
def declared(read):
    def declared(message=None, **config):
        recorder = Recorder()
        pulumi.runtime.set_mocks(recorder, preview=False)
        settings = read(**config)

        @pulumi.runtime.test
        def program():
            bucket = Bucket("timeseries", settings=settings, exists=True)
            Worker(
                "backfill",
                settings=settings,
                bindings=declaration.bindings(settings),
                tag="bv:tag",
                message=message,
                source=Path("workers/backfill/worker.js"),
                opts=pulumi.ResourceOptions(depends_on=[bucket]),
            )
            return pulumi.Output.from_input(None)

        program()
        return {kind.rpartition(":")[2]: args for kind, args in recorder.resources.items()}

    return declared


def unsealed(script):
    """The bindings, which travel as one Pulumi secret because the key is among them."""
    sealed = script["bindings"]
    assert set(sealed) == {pulumi.runtime.rpc._special_sig_key, "value"}
    return sealed["value"]


def test_the_worker_is_declared_whole(declared):
    found = declared(message="supersedes x")
    script = found["WorkersScript"].inputs
    assert script["contentFile"] == "workers/backfill/worker.js"
    assert script["mainModule"] == "worker.js"
    assert script["annotations"] == {"workersMessage": "supersedes x", "workersTag": "bv:tag"}
    names = [binding["name"] for binding in unsealed(script)]
    assert names[:3] == ["ACE_API_KEY", "BUCKET", "CF_VERSION_METADATA"]
    assert found["WorkersScriptSubdomain"].inputs["enabled"] is True
    assert found["WorkersCronTrigger"].inputs["schedules"] == [{"cron": "*/5 * * * *"}]


def test_no_schedule_is_an_empty_list_and_adopting_imports(declared):
    found = declared(schedule="", adopt="true")
    assert found["WorkersCronTrigger"].inputs["schedules"] == []
    assert not found["WorkersScript"].resource_id
    assert found["R2Bucket"].resource_id == "0123456789abcdef0123456789abcdef/ace-timeseries/default"


def test_nothing_is_imported_unless_asked(declared):
    assert not declared()["R2Bucket"].resource_id


def test_no_binding_but_the_key_holds_it(declared):
    bindings = unsealed(declared()["WorkersScript"].inputs)
    assert "fake-ace-key" not in json.dumps([b for b in bindings if b["name"] != "ACE_API_KEY"])
