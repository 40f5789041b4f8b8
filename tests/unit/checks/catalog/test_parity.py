"""The check `parity`: the ETL worker accepts the same operator token and refuses another one."""

import httpx
import pytest

from tests.fakes.answers import answer
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import ETL, URL, manifest_data
from tests.fakes.outcomes import first_finding


def paired_system(url=ETL):
    return healthy_system(manifest=manifest_data(siblings__etl_worker=url))


def failed_parity(tmp_path, system):
    code, report = system.report(tmp_path, "parity")
    assert (code, report["parity"]["outcome"]) == (1, "fail"), report["parity"]
    return first_finding(report["parity"])


def test_both_workers_hold_one_key(tmp_path):
    code, report = paired_system().report(tmp_path, "parity")
    assert code == 0
    assert report["parity"]["evidence"] == [
        "the ETL worker has the same key, because it accepts the operator token",
        "both workers refuse a wrong token",
    ]


@pytest.mark.parametrize("sibling", [None, ""])
def test_without_an_etl_worker_it_does_not_apply(tmp_path, sibling):
    system = paired_system(sibling)
    system.worker.key = "another"
    _, report = system.report(tmp_path, "parity")
    assert (report["parity"]["outcome"], report["parity"]["reason"]) == ("skip", "no ETL worker is declared")
    assert paired_system(sibling).report(tmp_path, "parity")[0] == 0
    assert "all checks passed" in paired_system(sibling).run(tmp_path, "parity")[1]


def test_an_etl_worker_with_another_failure_still_holds_the_key(tmp_path):
    system = paired_system()
    whole = system.etl.answer
    storage = answer(502, {"status": "error", "error": {"code": "storage", "message": "gone"}})
    system.etl.answer = lambda request: whole(request) if whole(request).status_code == 401 else storage
    assert system.report(tmp_path, "parity")[0] == 0


@pytest.mark.parametrize(
    ("url", "hint"),
    [
        (ETL, "npx wrangler secret put ACE_API_KEY --name building-vitals-etl"),
        ("https://etl.example.org", "pulumi config get etlWorker --stack prod"),
    ],
)
def test_another_key_at_the_etl_worker(tmp_path, url, hint):
    system = paired_system(url)
    system.etl.key = "another-fake-key"
    system.routes["GET", "/status"] = lambda request: (
        system.worker.answer(request) if "backfill" in request.url.host else system.etl.answer(request)
    )
    found = failed_parity(tmp_path, system)
    assert (found["cause"], found["hint"]) == ("configuration", hint)
    assert "another key" in found["found"]


@pytest.mark.parametrize(
    "reply",
    [
        httpx.Response(404, text="<h1>nothing here</h1>"),
        answer(404, {"status": "error", "error": {"code": "not_found", "message": "no such route"}}),
        answer(503, {"status": "error", "error": {"code": "not_configured", "message": "lacks a binding"}}),
    ],
)
def test_an_etl_worker_without_an_authentication(tmp_path, reply):
    system = paired_system()
    system.etl.answer = lambda request: reply
    found = failed_parity(tmp_path, system)
    assert "does etlWorker name the ETL worker" in found["found"]
    assert found["hint"].startswith("${EDITOR:-vi} Pulumi.prod.yaml")


def test_an_etl_worker_that_accepts_every_token(tmp_path):
    system = paired_system()
    system.etl.answer = lambda request: answer(200, {"status": "idle"})
    found = failed_parity(tmp_path, system)
    assert (found["cause"], found["found"]) == ("worker", "200: it accepts the request")


def test_a_backfill_worker_that_begins_to_accept_every_token(tmp_path):
    system = paired_system()
    times = []  # `key` asks three times: no token, the operator's, a wrong one

    def status(request):
        if "etl" in request.url.host:
            return system.etl.answer(request)
        times.append(request)
        return answer(*system.worker.status()) if len(times) > 3 else system.worker.answer(request)

    system.routes["GET", "/status"] = status
    found = failed_parity(tmp_path, system)
    assert "backfill" in found["subject"]
    assert found["hint"] == "pulumi up --stack prod"


def test_an_etl_worker_that_cannot_be_reached_is_inconclusive(tmp_path):
    system = paired_system()

    def refuse(request):
        raise httpx.ConnectError("[Errno 111] Connection refused")

    system.etl.answer = refuse
    code, report = system.report(tmp_path, "parity")
    assert (code, report["parity"]["outcome"]) == (3, "inconclusive")


def test_an_etl_worker_with_an_unusable_url(tmp_path):
    found = failed_parity(tmp_path, paired_system("etl"))
    assert (found["subject"], found["cause"]) == ("etlWorker", "configuration")


@pytest.mark.parametrize("path", ["", "/etl"])
def test_the_backfill_worker_itself_is_refused_by_config_and_parity(tmp_path, path):
    """Case X3: `etlWorker` names the backfill worker itself, by the same host or by another one."""
    system = paired_system(f"{URL.upper().replace('HTTPS', 'https')}{path}")
    _, report = system.report(tmp_path, "config")
    assert first_finding(report["config"])["expected"] == "another worker than the backfill worker"
    system = paired_system()
    system.etl.answer = system.worker.answer
    found = failed_parity(tmp_path, system)
    assert (found["subject"], found["expected"], found["cause"]) == ("etlWorker", "another worker", "configuration")
    assert found["found"] == "the backfill worker itself: version v1 answers at both URLs"
