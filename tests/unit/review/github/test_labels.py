"""The labels of a pull request, and the gate for a loss."""

import pytest

from review.github import labels
from tests.fakes.github import PAGE

LOSS = ["preview:changes", "preview:loss"]


@pytest.mark.parametrize(
    ("found", "wanted", "shown", "left", "accepted"),
    [
        ([], ["preview:changes"], True, ["preview:changes"], True),
        ([], LOSS, True, LOSS, False),
        (["preview:loss", "loss-acknowledged"], LOSS, True, ["preview:loss", "loss-acknowledged", LOSS[0]], True),
        (["preview:loss", "loss-acknowledged"], LOSS, False, ["preview:loss", LOSS[0]], False),
        (["loss-acknowledged"], LOSS, True, LOSS, False),  # set before the comment showed a loss
        (["loss-acknowledged", "preview:loss"], ["preview:changes"], False, ["preview:changes"], True),
        (["bug", "preview:drift", "preview:no-change"], ["preview:changes"], True, ["bug", "preview:changes"], True),
        (["preview:changes"], ["preview:changes"], True, ["preview:changes"], True),
    ],
)
def test_labels_follow_the_preview_and_a_loss_needs_a_person(hub, repository, found, wanted, shown, left, accepted):
    hub.labels[7] = list(found)
    assert labels.set_labels(repository, 7, wanted, shown=shown) is accepted
    assert hub.labels[7] == left


def test_the_acknowledgement_is_found_on_the_last_page(hub, repository):
    hub.labels[7] = [*(f"label {n}" for n in range(PAGE * 2)), "preview:loss", "loss-acknowledged"]
    assert labels.set_labels(repository, 7, LOSS, shown=True)


def test_labels_that_are_right_are_not_written_again(hub, repository):
    hub.labels[7] = list(LOSS)
    labels.set_labels(repository, 7, LOSS, shown=True)
    assert {method for method, _ in hub.requests} == {"GET"}


def test_a_label_that_another_job_removed_meanwhile_is_no_error(hub, repository):
    hub.labels[7] = ["preview:drift"]
    remove = hub.answer

    def answer(method, url, headers, content):
        if method == "DELETE":
            hub.labels[7].clear()
        return remove(method, url, headers, content)

    hub.answer = answer
    assert labels.set_labels(repository, 7, ["preview:changes"], shown=True)
    assert hub.labels[7] == ["preview:changes"]
