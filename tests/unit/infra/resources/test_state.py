from types import SimpleNamespace

import pulumi
import pytest

from infra.declarations.bucket import BUCKET, BUCKET_TYPE
from infra.resources import state

URN = "urn:pulumi:prod::building-vitals::building-vitals:storage:Bucket$cloudflare:index/r2Bucket:R2Bucket::timeseries"
SCRIPT = "urn:pulumi:prod::building-vitals::building-vitals:edge:Worker$cloudflare:index/workersScript:WorkersScript::backfill"
OTHER = "urn:pulumi:prod::building-vitals::cloudflare:index/r2Bucket:R2Bucket::another-timeseries"
FULL_NAME = "acme/building-vitals/prod"


class Engine:
    """The engine's answers to a program that reads the state."""

    def __init__(self, monkeypatch):
        self.asked, self.urns, self.errors, self.outputs = [], [], [], {"text": "fake-canary"}
        monkeypatch.setattr(pulumi.runtime, "invoke", self.invoke)
        monkeypatch.setattr(state.time, "sleep", lambda pause: None)
        for part, value in zip(("organization", "project", "stack"), FULL_NAME.split("/"), strict=True):
            monkeypatch.setattr(pulumi, f"get_{part}", lambda value=value: value)

    def invoke(self, token, arguments):
        self.asked.append((token, arguments))
        if self.errors:
            raise self.errors.pop()
        return SimpleNamespace(value={"outputs": {urn: {"type": "x", "outputs": self.outputs} for urn in self.urns}})


@pytest.fixture
def engine(monkeypatch):
    return Engine(monkeypatch)


@pytest.mark.parametrize(("urns", "found"), [([], False), ([OTHER], False), ([URN], True), ([OTHER, URN], True)])
def test_a_resource_is_found_by_its_type_and_name(engine, urns, found):
    engine.urns = urns
    assert ((BUCKET_TYPE, BUCKET) in state.read_state()) is found
    assert engine.asked == [("pulumi:pulumi:readStackResourceOutputs", {"stackName": FULL_NAME})]


@pytest.mark.parametrize(
    ("urn", "outputs", "name"),
    [
        (URN, {"name": "ace-timeseries", "accountId": "fake-canary"}, "ace-timeseries"),
        (SCRIPT, {"scriptName": "worker-of-dev", "bindings": "fake-canary"}, "worker-of-dev"),
        (SCRIPT, {"bindings": "fake-canary"}, ""),
        (SCRIPT, {"scriptName": None}, ""),
    ],
)
def test_only_the_name_at_cloudflare_is_read(engine, urn, outputs, name):
    engine.urns, engine.outputs = [urn], outputs
    assert list(state.read_state().values()) == [name]


def test_a_state_that_is_being_written_is_read_again(engine):
    engine.urns, engine.errors = [URN], [Exception("half a file")] * len(state.PAUSES)
    assert (BUCKET_TYPE, BUCKET) in state.read_state()


def test_a_state_that_cannot_be_read_is_one_line_without_the_engines_text(engine):
    engine.errors = [Exception("fake-canary\nin two lines")] * 10
    with pytest.raises(state.StateError, match=f"the state of {FULL_NAME}") as caught:
        state.read_state()
    assert "\n" not in str(caught.value)
    assert "canary" not in str(caught.value)
