import dataclasses

import pytest

from infra import declaration, ledger, live

HAND = {"triggered_by": "secret", "tag": ""}


@pytest.fixture
def promised(read):
    return declaration.promise(read(), project="building-vitals", stack="prod")


@pytest.fixture
def worker(promised):
    """A live worker as the upload left it; the API's own fields beside the declared ones."""
    first = live.Version(
        id="608d4072-aaaa", number=1, tag=promised.worker.tag, message="", triggered_by="upload", author="ci@example.org",
        created_on="2026-11-20T10:00:00Z",
    )  # fmt: skip
    return live.Worker(
        deployment=live.Deployment(versions=(first.id,), author="jo@example.org", created_on="2026-11-21T08:30:00.1Z"),
        versions=(first,),
        bindings=tuple({**item, "jurisdiction": "x"} for item in promised.to_dict()["bindings"]),
        schedules=promised.schedules,
    )


def changed(worker, **fields):
    """The worker after somebody made a newer version live."""
    newer = dataclasses.replace(worker.versions[0], id="ffff0000-bbbb", number=2, **fields)
    deployment = dataclasses.replace(worker.deployment, versions=(newer.id,))
    return dataclasses.replace(worker, versions=(newer, *worker.versions), deployment=deployment)


def outside(what, version="ffff0000"):
    return f"supersedes {version}, changed outside ({what}) by jo@example.org on 2026-11-21 08:30:00 UTC"


def test_no_worker_no_message(promised):
    assert ledger.message(promised, None, adopt=False) is None


def test_ours_and_untouched_keeps_the_live_message(promised, worker):
    assert ledger.message(promised, worker, adopt=False) is None
    said = dataclasses.replace(worker, versions=(dataclasses.replace(worker.versions[0], message="supersedes x"),))
    assert ledger.message(promised, said, adopt=False) == "supersedes x"


def test_an_ordinary_change_of_the_program_is_not_drift(read, worker):
    later = declaration.promise(read(site="other", schedule="0 * * * *"), project="building-vitals", stack="prod")
    assert ledger.message(later, worker, adopt=False) is None


def test_a_changed_secret_is_superseded(promised, worker):
    assert ledger.message(promised, changed(worker, **HAND), adopt=False) == outside("secret")


def test_a_secret_change_that_kept_the_mark_is_superseded(promised, worker):
    assert ledger.message(promised, changed(worker, triggered_by="secret"), adopt=False) == outside("secret")


def test_an_upload_by_hand_is_superseded(promised, worker):
    assert ledger.message(promised, changed(worker, tag="v1"), adopt=False) == outside("upload")


def test_another_stacks_upload_is_superseded(read, promised, worker):
    foreign = declaration.promise(read(), project="building-vitals", stack="dev").worker.tag
    assert ledger.message(promised, changed(worker, tag=foreign), adopt=False) == outside("upload")


def test_a_mark_copied_by_hand_does_not_hide_other_bindings(promised, worker):
    wiped = dataclasses.replace(changed(worker), bindings=worker.bindings[:-1])
    assert ledger.message(promised, wiped, adopt=False) == outside("bindings")
    other = ({**worker.bindings[0]}, {**worker.bindings[1], "bucket_name": "another"}, *worker.bindings[2:])
    assert ledger.message(promised, dataclasses.replace(changed(worker), bindings=other), adopt=False) == outside(
        "bindings"
    )
    unknown = (*worker.bindings, {"name": "AI", "type": "ai"})
    assert ledger.message(promised, dataclasses.replace(changed(worker), bindings=unknown), adopt=False) == outside(
        "bindings"
    )


@pytest.mark.parametrize("rest", ["", "x", "1:2", "1:2:3:4:5", ":::"])
def test_a_mark_of_another_form_is_superseded_and_never_a_crash(promised, worker, rest):
    owner = ":".join(promised.worker.tag.split(":")[:2])
    strange = changed(worker, tag=f"{owner}:{rest}")
    assert ledger.message(promised, strange, adopt=False) == outside("bindings")


def test_a_rollback_is_superseded(promised, worker):
    rolled_back = dataclasses.replace(changed(worker), deployment=worker.deployment)
    assert ledger.message(promised, rolled_back, adopt=False) == outside("rollback", "608d4072")


def test_a_split_is_superseded(promised, worker):
    newer = changed(worker)
    both = dataclasses.replace(newer.deployment, versions=(newer.versions[0].id, worker.versions[0].id))
    assert ledger.message(promised, dataclasses.replace(newer, deployment=both), adopt=False) == outside(
        "split over several versions"
    )


def test_a_version_that_the_list_does_not_know_is_superseded(promised, worker):
    lost = dataclasses.replace(worker.deployment, versions=("deadbeef-0",))
    message = ledger.message(promised, dataclasses.replace(worker, deployment=lost), adopt=False)
    assert message == outside("version unknown", "deadbeef")


def test_changed_crons_are_superseded_and_nobody_is_accused(promised, worker):
    said = ledger.message(promised, dataclasses.replace(worker, schedules=()), adopt=False)
    assert said == "supersedes 608d4072, changed outside (crons)"


def test_a_worker_that_was_never_ours_is_refused_unless_adopted(promised, worker):
    foreign = dataclasses.replace(worker, versions=(dataclasses.replace(worker.versions[0], tag=""),))
    with pytest.raises(ledger.ForeignWorkerError, match="pulumi config set adopt true"):
        ledger.message(promised, foreign, adopt=False)
    assert ledger.message(promised, foreign, adopt=True) == outside("upload", "608d4072")


def test_a_message_is_cut_to_cloudflares_limit(promised, worker):
    long = dataclasses.replace(worker.deployment, author="é" * 2000, versions=("ffff0000-bbbb",))
    message = ledger.message(promised, dataclasses.replace(changed(worker, **HAND), deployment=long), adopt=False)
    assert len(message.encode()) <= 1000
