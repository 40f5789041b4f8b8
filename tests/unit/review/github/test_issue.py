import pytest

from review.github import issue
from review.github.client import MAX_BODY
from review.github.pull_request import BodyError
from tests.fakes.github import ANOTHER

MARKER = "building-vitals drift: prod"
FIRST = f"<!-- {MARKER} -->\n"


def test_the_first_drift_opens_one_and_the_next_updates_it(hub, repository):
    said = issue.open_issue(repository, MARKER, "Drift", ["one"], "\n\nfooter\n")
    assert said.startswith("issue opened: https://")
    for text in ("two", "three"):
        assert issue.open_issue(repository, MARKER, "Drift again", [text], "").startswith("issue updated: https://")
    assert [(item["title"], item["body"], item["state"]) for item in hub.issues] == [
        ("Drift again", f"{FIRST}three", "open")
    ]


def test_the_end_of_a_drift_closes_it_with_a_comment(hub, repository):
    open_ = hub.issue(f"{FIRST}drifted")
    assert issue.close_issue(repository, MARKER, "Restored.", "\n\nrun").startswith("issue closed: https://")
    assert (open_["state"], open_["state_reason"]) == ("closed", "completed")
    assert [item["body"] for item in hub.comments[open_["number"]]] == [f"{FIRST}Restored.\n\nrun"]


def test_nothing_to_close_writes_nothing(hub, repository):
    assert issue.close_issue(repository, MARKER, "Restored.", "") == "no issue is open"
    assert {method for method, path in hub.requests if path != "/graphql"} == {"GET"}


def test_a_drift_that_comes_back_is_a_new_issue(hub, repository):
    hub.issue(f"{FIRST}restored long ago", state="closed")
    assert issue.open_issue(repository, MARKER, "Drift", ["again"], "").startswith("issue opened")
    assert [item["state"] for item in hub.issues] == ["closed", "open"]


def test_only_ours_is_touched_and_found_on_any_page(hub, repository):
    others = [
        hub.issue(f"{FIRST}a copied marker", ANOTHER),
        hub.issue("<!-- building-vitals drift: staging -->\nanother stack's"),
        hub.issue(f"{FIRST}a pull request", pull_request={"url": "x"}),
        *(hub.issue(f"talk {n}", ANOTHER) for n in range(4)),
    ]
    before = [item["body"] for item in others]
    ours = hub.issue(f"{FIRST}old")
    issue.open_issue(repository, MARKER, "Drift", ["new"], "")
    issue.close_issue(repository, MARKER, "Restored.", "")
    assert (ours["body"], ours["state"]) == (f"{FIRST}new", "closed")
    assert [item["body"] for item in others] == before
    assert {item["state"] for item in others} == {"open"}


def test_a_part_without_room_is_left_out_whole_and_the_next_is_not():
    body = issue.compose(MARKER, ["first", "x" * MAX_BODY, "third"], "\nfooter")
    assert body == f"{FIRST}first\n\nthird{issue.LEFT_OUT}\nfooter"
    full = issue.compose(MARKER, ["first", "x" * (MAX_BODY - 200)], "\nfooter")
    assert len(full) <= MAX_BODY
    assert issue.LEFT_OUT not in full


def test_a_first_part_without_room_is_refused(hub, repository):
    with pytest.raises(BodyError, match="more than GitHub's"):
        issue.open_issue(repository, MARKER, "Drift", ["x" * MAX_BODY], "")


@pytest.mark.parametrize("marker", ["a --> b", "<b>", ""])
def test_a_marker_that_would_not_stay_hidden_is_refused(hub, repository, marker):
    with pytest.raises(BodyError, match="not a hidden marker"):
        issue.open_issue(repository, marker, "Drift", ["text"], "")
    assert hub.issues == []
