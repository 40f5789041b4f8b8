from types import SimpleNamespace

import pulumi
import pytest

from infra import recorded, storage

URN = "urn:pulumi:prod::building-vitals::building-vitals:storage:Bucket$cloudflare:index/r2Bucket:R2Bucket::timeseries"
OTHER = "urn:pulumi:prod::building-vitals::cloudflare:index/r2Bucket:R2Bucket::another-timeseries"
FULL_NAME = "acme/building-vitals/prod"


class Engine:
    """What the engine answers to a program that asks for the state."""

    def __init__(self, monkeypatch):
        self.asked, self.urns, self.error = [], [], None
        monkeypatch.setattr(pulumi.runtime, "invoke", self.invoke)
        for part, value in zip(("organization", "project", "stack"), FULL_NAME.split("/"), strict=True):
            monkeypatch.setattr(pulumi, f"get_{part}", lambda value=value: value)

    def invoke(self, token, arguments):
        self.asked.append((token, arguments))
        if self.error is not None:
            raise self.error
        return SimpleNamespace(value={"outputs": {urn: {"outputs": "fake-canary"} for urn in self.urns}})


@pytest.fixture
def engine(monkeypatch):
    return Engine(monkeypatch)


@pytest.mark.parametrize(
    ("adopt", "ours", "there", "urns", "taken_over"),
    [
        ("false", False, False, [], False),  # a first deployment
        ("false", False, True, [URN], False),  # the worker was deleted by hand, or its first upload failed
        ("true", False, False, [], False),
        ("true", False, True, [], True),
        ("true", False, True, [OTHER], True),
        ("true", True, True, [], True),  # the state was lost
        ("true", True, True, [URN, OTHER], False),  # adopt was left on
        ("true", True, False, [URN], False),  # the bucket was deleted by hand
    ],
)
def test_the_bucket_is_imported_where_it_is_there_and_not_in_the_state(
    read, engine, adopt, ours, there, urns, taken_over
):
    engine.urns = urns
    assert storage.takes_over(read(adopt=adopt), ours=ours, there=lambda: there) is taken_over
    assert engine.asked == ([("pulumi:pulumi:readStackResourceOutputs", {"stackName": FULL_NAME})] if there else [])


def test_an_ordinary_preview_asks_nobody(read, engine):
    def there():
        raise AssertionError

    assert storage.takes_over(read(), ours=True, there=there) is False
    assert engine.asked == []


def test_a_bucket_of_somebody_s_is_refused_in_one_line_that_names_adopt(read, engine):
    engine.urns = [OTHER]
    with pytest.raises(storage.BucketExistsError, match="pulumi config set adopt true") as caught:
        storage.takes_over(read(), ours=False, there=lambda: True)
    assert "'ace-timeseries'" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_state_that_cannot_be_read_is_one_line_without_the_engine_s_words(read, engine):
    engine.error = Exception("fake-canary\nin two lines")
    with pytest.raises(recorded.StateError, match=f"the state of {FULL_NAME}") as caught:
        storage.takes_over(read(), ours=False, there=lambda: True)
    assert "\n" not in str(caught.value)
    assert "canary" not in str(caught.value)
