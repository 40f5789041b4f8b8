from types import SimpleNamespace

import pulumi
import pytest

from infra.plan import BUCKET, BUCKET_TYPE
from infra.resources import state

URN = "urn:pulumi:prod::building-vitals::building-vitals:storage:Bucket$cloudflare:index/r2Bucket:R2Bucket::timeseries"
OTHER = "urn:pulumi:prod::building-vitals::cloudflare:index/r2Bucket:R2Bucket::another-timeseries"
FULL_NAME = "acme/building-vitals/prod"


class Engine:
    """The engine's answers to a program that reads the state."""

    def __init__(self, monkeypatch):
        self.asked, self.urns, self.errors = [], [], []
        monkeypatch.setattr(pulumi.runtime, "invoke", self.invoke)
        monkeypatch.setattr(state.time, "sleep", lambda pause: None)
        for part, value in zip(("organization", "project", "stack"), FULL_NAME.split("/"), strict=True):
            monkeypatch.setattr(pulumi, f"get_{part}", lambda value=value: value)

    def invoke(self, token, arguments):
        self.asked.append((token, arguments))
        if self.errors:
            raise self.errors.pop()
        return SimpleNamespace(value={"outputs": {urn: {"outputs": "fake-canary"} for urn in self.urns}})


@pytest.fixture
def engine(monkeypatch):
    return Engine(monkeypatch)


@pytest.mark.parametrize(("urns", "found"), [([], False), ([OTHER], False), ([URN], True), ([OTHER, URN], True)])
def test_a_resource_is_found_by_its_type_and_name(engine, urns, found):
    engine.urns = urns
    assert state.state_has(BUCKET_TYPE, BUCKET) is found
    assert engine.asked == [("pulumi:pulumi:readStackResourceOutputs", {"stackName": FULL_NAME})]


def test_a_state_that_is_being_written_is_read_again(engine):
    engine.urns, engine.errors = [URN], [Exception("half a file")] * len(state.PAUSES)
    assert state.state_has(BUCKET_TYPE, BUCKET) is True


def test_a_state_that_cannot_be_read_is_one_line_without_the_engines_text(engine):
    engine.errors = [Exception("fake-canary\nin two lines")] * 10
    with pytest.raises(state.StateError, match=f"the state of {FULL_NAME}") as caught:
        state.state_has(BUCKET_TYPE, BUCKET)
    assert "\n" not in str(caught.value)
    assert "canary" not in str(caught.value)
