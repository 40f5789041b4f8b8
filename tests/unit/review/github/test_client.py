import time

import httpx
import pytest

from review.github import client, pull_request, retry
from tests.fakes.github import TOKEN

BODY = "<!-- m -->\ntext"
BUSY = (502, {}, {"message": "Server Error"})


def placed(repository, pauses):
    return retry.retry(lambda: pull_request.post_comment(repository, 7, BODY, ""), pauses.append)


def test_a_temporary_error_is_retried(hub, repository):
    hub.faults = [BUSY, httpx.ConnectError("refused"), (403, {"retry-after": "9"}, {"message": "secondary rate limit"})]
    pauses = []
    assert placed(repository, pauses).startswith("comment created")
    assert pauses == [1.0, 2.0, 9.0]


def test_a_lost_answer_does_not_create_a_second_comment(hub, repository):
    real, lost = hub.answer, []

    def answer(method, *rest):
        done = real(method, *rest)
        if method == "POST" and done[0] == 201 and not lost:
            lost.append(done)
            return BUSY
        return done

    hub.answer = answer
    assert placed(repository, []).startswith("comment replaced")
    assert len(hub.comments[7]) == 1


def test_retries_end(hub, repository):
    hub.faults = [BUSY] * 10
    pauses = []
    with pytest.raises(retry.GitHubError, match=r"^GitHub answered 502 to POST /graphql: Server Error$"):
        placed(repository, pauses)
    assert pauses == [1.0, 2.0, 4.0]


@pytest.mark.parametrize(
    "headers",
    [{"retry-after": "3600"}, {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 3000)}],
)
def test_a_limit_of_an_hour_is_not_waited_for(hub, repository, headers):
    hub.faults = [(403, headers, {"message": "rate limit exceeded"})] * 2
    pauses = []
    with pytest.raises(retry.GitHubError, match="rate limit"):
        placed(repository, pauses)
    assert pauses == []


def test_a_secondary_limit_in_the_text_only_is_waited_for(hub, repository):
    """Case P13: GitHub sends 403 without Retry-After and asks for a minute."""
    text = "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."
    hub.faults = [(403, {}, {"message": text})]
    pauses = []
    assert placed(repository, pauses).startswith("comment created")
    assert pauses == [60.0]
    hub.faults = [(403, {}, {"message": text})] * 10
    with pytest.raises(retry.GitHubError, match="secondary rate limit") as caught:
        placed(repository, [])
    assert "permissions" not in str(caught.value)


@pytest.mark.parametrize(
    ("errors", "said"),
    [
        ([{"resource": "Issue", "field": "body", "code": "invalid"}], ": Validation Failed, body invalid"),
        ([{"code": "custom", "message": f"body is too long for {TOKEN}"}], ", body is too long for [redacted]"),
        (["first", {"message": "second\nline"}, 3, {}], ", first, second line"),
        ("no list", ": Validation Failed"),
    ],
)
def test_a_refusal_gives_each_reason(hub, repository, errors, said):
    """Case P13: the reason of a 422 is in `errors[]`."""
    hub.faults = [(422, {}, {"message": "Validation Failed", "errors": errors})]
    with pytest.raises(retry.GitHubError) as caught:
        placed(repository, [])
    assert str(caught.value).endswith(said)


def test_a_refusal_is_not_retried_and_names_permissions_without_the_token(hub, repository):
    hub.faults = [(403, {}, {"message": f"Resource not accessible\nby {TOKEN}"})]
    pauses = []
    with pytest.raises(retry.GitHubError) as caught:
        placed(repository, pauses)
    said = str(caught.value)
    assert said.startswith(
        "GitHub answered 403 to POST /graphql: Resource not accessible by [redacted]. Check the job's"
    )
    assert TOKEN not in said
    assert pauses == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((302, {"location": "https://evil.test/"}, {}), "answered 302"),
        ((200, {}, {"errors": [{"message": "no"}]}), "return the login"),
        ((200, {}, []), "return the login"),
    ],
)
def test_an_answer_of_another_form_is_one_line(hub, repository, answer, said):
    hub.faults = [answer]
    with pytest.raises(retry.GitHubError, match=said):
        repository.fetch_login()
    assert len(hub.requests) == 1


def test_the_token_does_not_follow_a_link_elsewhere(hub, repository):
    hub.faults = [(200, {"link": '<https://evil.test/x>; rel="next"'}, [])]
    with pytest.raises(retry.GitHubError, match="at another address"):
        list(repository.list_items("issues", state="open"))
    assert len(hub.requests) == 1


def test_a_list_of_another_form_is_one_line(hub, repository):
    hub.faults = [(200, {}, {"message": "hello"})]
    with pytest.raises(retry.GitHubError, match="is not a list"):
        list(repository.list_items("issues", state="open"))


def test_an_answer_that_is_not_json_is_one_line():
    transport = httpx.MockTransport(lambda request: httpx.Response(200, text="<html>"))
    environ = {name: "https://hub.test" if name.endswith("URL") else "fake/name" for name in client._VARIABLES}
    with (
        client.open_repository(environ, transport) as repository,
        pytest.raises(retry.GitHubError, match="is not JSON"),
    ):
        repository.fetch_login()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"GITHUB_TOKEN": ""}, "GITHUB_TOKEN is not set"),
        ({"GITHUB_REPOSITORY": "a b"}, "GITHUB_REPOSITORY holds white space"),
        ({"GITHUB_TOKEN": "fake\ntoken"}, "GITHUB_TOKEN holds white space or a character"),
        ({"GITHUB_API_URL": "http://hub.test"}, "GITHUB_API_URL must be an https address"),
        ({"GITHUB_API_URL": "https://"}, "GITHUB_API_URL must be an https address"),
        ({"GITHUB_GRAPHQL_URL": "https://hub:test"}, "GITHUB_GRAPHQL_URL is not a URL"),
    ],
)
def test_an_unusable_variable_is_named_and_not_shown(hub, change, said):
    with pytest.raises(client.VariableError, match=said) as caught, client.open_repository(hub.environment | change):
        pass
    assert "fake" not in str(caught.value)


def test_the_token_is_in_no_representation(repository):
    assert TOKEN not in repr(repository)
