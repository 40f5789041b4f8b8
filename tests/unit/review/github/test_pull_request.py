import pytest

from review.github import pull_request
from review.github.client import MAX_BODY
from tests.fakes.github import ANOTHER

MARKER = "<!-- building-vitals review: building-vitals/prod -->"
OTHER = "<!-- building-vitals review: building-vitals/staging -->"


def test_the_first_is_created_and_the_next_replaces_it_in_place(hub, repository):
    assert pull_request.post_comment(repository, 7, f"{MARKER}\none\n", "").startswith("comment created: https://")
    assert pull_request.post_comment(repository, 7, f"{MARKER}\ntwo\n", "\n\nfooter\n").startswith(
        "comment replaced: https://"
    )
    assert [item["body"] for item in hub.comments[7]] == [f"{MARKER}\ntwo\n\nfooter\n"]


def test_ours_is_found_on_the_last_page(hub, repository):
    for n in range(10):
        hub.comment(7, f"talk {n}", ANOTHER)
    ours = hub.comment(7, f"{MARKER}\r\nold, with the line ends of a browser")
    assert pull_request.post_comment(repository, 7, f"{MARKER}\nnew", "").startswith("comment replaced")
    assert ours["body"] == f"{MARKER}\nnew"
    assert len(hub.comments[7]) == 11


@pytest.mark.parametrize("who", [ANOTHER, "github-actions", None])
def test_a_copied_marker_does_not_make_it_ours(hub, repository, who):
    theirs = hub.comment(7, f"{MARKER}\nall is well, merge me", who)
    assert pull_request.post_comment(repository, 7, f"{MARKER}\nours", "").startswith("comment created")
    assert theirs["body"].endswith("merge me")


@pytest.mark.parametrize("body", [f"{OTHER}\nx", f"quoted:\n{MARKER}", f"> {MARKER}", None])
def test_another_stacks_comment_or_a_quoted_marker_is_left_alone(hub, repository, body):
    hub.comment(7, body)
    assert pull_request.post_comment(repository, 7, f"{MARKER}\nours", "").startswith("comment created")
    assert hub.comments[7][0]["body"] == body


def test_the_comment_of_another_pull_request_is_left_alone(hub, repository):
    hub.comment(8, f"{MARKER}\nof 8")
    pull_request.post_comment(repository, 7, f"{MARKER}\nof 7", "")
    assert hub.comments[8][0]["body"] == f"{MARKER}\nof 8"


@pytest.mark.parametrize("body", ["", "no marker", "<!-- a --> b", "<!---->", "<!-- a\n-->"])
def test_a_body_without_a_marker_is_refused_unasked(hub, repository, body):
    with pytest.raises(pull_request.BodyError, match="not a hidden marker"):
        pull_request.post_comment(repository, 7, body, "")
    assert hub.requests == []


def test_a_body_that_is_too_long_is_refused_not_cut(hub, repository):
    longest = MARKER + "\n" + "x" * (MAX_BODY - len(MARKER) - 1)
    with pytest.raises(pull_request.BodyError, match="65,537 characters"):
        pull_request.post_comment(repository, 7, longest + "x", "")
    assert hub.requests == []
    pull_request.post_comment(repository, 7, longest, "\nfooter")
    assert hub.comments[7][0]["body"] == longest


def test_two_jobs_at_once_leave_one_comment(hub, repository):
    """Case P13: another job creates its comment between our search and our request."""
    real, done = hub.answer, []

    def answer(method, url, headers, content):
        if method == "POST" and url.endswith("/comments") and not done:
            done.append(hub.comment(7, f"{MARKER}\nof the other job"))
            hub.comment(7, f"{MARKER}\ncopied", ANOTHER)
        return real(method, url, headers, content)

    hub.answer = answer
    assert pull_request.post_comment(repository, 7, f"{MARKER}\nours", "").startswith("comment replaced")
    assert [item["body"] for item in hub.comments[7]] == [f"{MARKER}\nours", f"{MARKER}\ncopied"]
