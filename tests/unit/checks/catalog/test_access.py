"""The check `access`: one question per permission, and a table of the answers."""

import pytest

from tests.fakes.answers import answer, refusal
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import NAME
from tests.fakes.outcomes import failed_finding, inconclusive_finding

TABLE = [
    "CLOUDFLARE_API_TOKEN      active, without an end  every request",
    "Workers Scripts: Read     yes                     pulumi preview, secrets, bindings, deployed, fresh, history, health",
    "Workers Scripts: Edit     not asked               pulumi up",
    "Workers R2 Storage: Read  yes                     pulumi preview, bucket, fresh, history, proof, r2, query",
    "Workers R2 Storage: Edit  not asked               pulumi up",
    "Queues: Read              yes                     pulumi preview, bindings, failures",
    "Queues: Edit              not asked               pulumi up",
    "Workers Tail: Read        yes                     logs",
    "workers.dev subdomain     rehearsal               the URL of the worker",
]


def test_a_token_with_all_permissions_passes_with_a_table(tmp_path):
    system = healthy_system()
    code, report = system.report(tmp_path, "access")
    assert (code, report["access"]["evidence"]) == (0, TABLE)
    assert len(system.asked) == 6
    assert all(asked.startswith("GET ") for asked in system.asked)
    lines = [line.strip() for line in system.run(tmp_path, "access")[1].splitlines()]
    assert [line for line in lines if line in TABLE] == TABLE


def test_it_runs_only_by_name(tmp_path):
    assert "access" not in healthy_system().report(tmp_path)[1]


def test_it_passes_before_the_first_deployment(tmp_path):
    system = healthy_system()
    system.cloudflare.scripts.clear()
    system.cloudflare.buckets.clear()
    assert system.report(tmp_path, "access")[0] == 0


@pytest.mark.parametrize(
    ("part", "row", "permission"),
    [
        ("/deployments", 1, "Workers Scripts: Read"),
        ("/r2/", 3, "Workers R2 Storage: Read"),
        ("/queues", 5, "Queues: Read"),
        ("/tails", 7, "Workers Tail: Read"),
    ],
)
def test_a_missing_permission_is_named(tmp_path, part, row, permission):
    """Case C1: the token without one permission."""
    system = healthy_system()
    system.routes["GET", part] = refusal(403, 10000, "Authentication error")
    found = failed_finding(tmp_path, system, "access")
    assert found["expected"].startswith(f"a CLOUDFLARE_API_TOKEN with the permission {permission}, ")
    assert (found["found"], found["cause"]) == ("403 Authentication error (code 10000)", "configuration")
    assert f"{permission:<24}  no " in system.report(tmp_path, "access")[1]["access"]["evidence"][row]
    assert f"{permission:<24}  no " in system.run(tmp_path, "access")[1], "the table is shown beside a finding"


def test_an_unusable_token_is_one_finding(tmp_path):
    """Cases C2 and C20: an expired token is reported once."""
    system = healthy_system()
    system.routes["GET", ""] = refusal(403, 9109, "Invalid access token")
    code, report = system.report(tmp_path, "access")
    assert (code, len(report["access"]["findings"])) == (1, 1)
    assert report["access"]["findings"][0]["found"] == "403 Invalid access token (code 9109)"


def test_a_token_that_the_account_owns_passes(tmp_path):
    system = healthy_system()
    system.routes["GET", "/user/tokens/verify"] = refusal(401, 1000, "Invalid API Token")
    assert system.report(tmp_path, "access")[0] == 0


def test_another_subdomain_fails(tmp_path):
    """Case C13: wrong workersSubdomain, found in one request."""
    system = healthy_system()
    system.cloudflare.subdomain = "another"
    found = failed_finding(tmp_path, system, "access")
    assert (found["expected"], found["found"]) == (f"{NAME}.another.workers.dev", f"{NAME}.rehearsal.workers.dev")
    assert found["hint"].startswith("pulumi config set workersSubdomain another --stack prod")


@pytest.mark.parametrize("code", [10063, 10007])
def test_an_account_without_a_subdomain_fails_in_the_words_of_the_api(tmp_path, code):
    """Case C13: 10063."""
    system = healthy_system()
    system.routes["GET", "/workers/subdomain"] = refusal(404, code, "You need a workers.dev subdomain")
    found = failed_finding(tmp_path, system, "access")
    assert found["found"] == f"404 You need a workers.dev subdomain (code {code})"
    assert found["expected"] == "a workers.dev subdomain of the account (in the dashboard: Workers & Pages)"


def test_an_account_without_r2_fails(tmp_path):
    """Case C2: 10042."""
    system = healthy_system()
    system.routes["GET", "/r2/"] = refusal(403, 10042, "Please enable R2 through the Cloudflare Dashboard.")
    assert "R2 enabled" in failed_finding(tmp_path, system, "access")["expected"]


def test_an_api_that_is_down_is_inconclusive(tmp_path):
    system = healthy_system()
    system.routes["GET", "/tails"] = answer(503)
    assert inconclusive_finding(tmp_path, system, "access", seconds=2.0)["cause"] == "cloudflare"


def test_a_long_row_of_the_table_wraps_below_its_last_column(tmp_path):
    """At 80 columns no word is cut, and the next line begins below the column."""
    _, text = healthy_system().run(tmp_path, "access", width=80)
    lines = text.splitlines()
    row = next(number for number, line in enumerate(lines) if "Workers R2 Storage: Read" in line)
    assert all(len(line) <= 80 for line in lines)
    column = lines[row].index("pulumi preview")
    assert [line[column:] for line in lines[row : row + 3]] == [
        "pulumi preview, bucket,",
        "fresh, history, proof, r2,",
        "query",
    ]
    assert lines[row + 1][:column].isspace()
