"""Whole reports, word for word. UPDATE_GOLDEN=1 rewrites the files. Read the difference then."""

import os
import re
from pathlib import Path

import httpx
import pytest

from tests.fakes.answers import answer
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import ENVIRON, TAG, manifest_data

GOLDEN = Path(__file__).parents[3] / "golden" / "checks"


def healthy():
    return healthy_system(), {}


def secret_missing():
    system = healthy_system()
    system.worker.key = ""
    system.script.change_secrets()
    return system, {}


def secret_wrong():
    system = healthy_system()
    system.worker.key = "another-key-put-by-hand"
    system.script.change_secrets("ACE_API_KEY")
    return system, {}


def storage_unbound():
    system = healthy_system()
    system.worker.is_healthy = False
    system.script.upload("", "version_upload")
    system.script.unbind("BUCKET", "CF_VERSION_METADATA")
    error = {"code": "storage", "message": "no bucket is bound"}
    system.worker.status = lambda: (502, {"status": "error", "error": error, "last_error": None})
    return system, {}


def bindings_wiped():
    system = healthy_system()
    system.worker.is_healthy = False
    system.script.upload("")
    system.script.unbind("SITES", "CF_VERSION_METADATA")
    system.script.bound["PAGE_SIZE"]["text"] = "a secret that somebody pasted"
    system.script.crons = ["0 * * * *"]
    return system, {}


def split():
    system = healthy_system()
    system.script.change_secrets("ACE_API_KEY")
    system.script.live = ["v2", "v1"]
    return system, {}


def rollback():
    system = healthy_system()
    system.script.versions[0] = system.script.version(1, TAG.replace("2", "9"), "upload")
    system.script.bound["PAGE_SIZE"]["text"] = "5000"
    system.script.versions.insert(0, system.script.version(2, TAG, "upload"))
    return system, {}


def stale_token():
    environ = {**ENVIRON, "OPERATOR_TOKEN": "the-token-of-another-stack"}
    return healthy_system(), {"names": ("key",), "environ": environ}


def elsewhere():
    system = healthy_system(manifest=manifest_data(worker__url="https://building-vitals-backfill.rehersal.workers.dev"))
    system.routes["GET", "/health"] = system.routes["GET", "/status"] = httpx.Response(
        404, text="<h1>Nothing|here</h1>"
    )
    return system, {}


def ace_down():
    system = healthy_system(stored=0)
    error = {"code": "upstream_unavailable", "message": "ACE answered 503"}
    idle = {"status": "in_progress", "progress": system.worker.progress(), "continuation": True}
    system.worker.status = lambda: (200, {**idle, "last_error": error if "POST /trigger" in system.asked else None})
    system.routes["GET", "/paginated"] = answer(503, **{"retry-after": "3600"})  # so long that no check waits for it
    system.routes["POST", "/trigger"] = system.worker.guard(
        answer(502, {"status": "error", "error": error, "continuation": True})
    )
    return system, {}


def unreachable():
    def refuse(request):
        raise httpx.ConnectError("[Errno 111] Connection refused")

    system = healthy_system()
    system.routes = {("GET", "/"): refuse, ("POST", "/"): refuse}
    return system, {}


def no_credentials():
    return healthy_system(), {"environ": {}}


def missing_allowed():
    return healthy_system(), {"environ": {}, "allow_missing_credentials": True}


def no_check_applies():
    return healthy_system(), {"names": ("query",), "skip": ("config", "health", "key", "r2")}


def read_only():
    return healthy_system(), {"read_only": True, "verbose": True}


def quiet():
    system, _ = ace_down()
    return system, {"quiet": True}


def color():
    system, _ = ace_down()
    return system, {"color": True}


CASES = {
    healthy: 0,
    secret_missing: 1,
    secret_wrong: 1,
    storage_unbound: 1,
    bindings_wiped: 1,
    split: 1,
    rollback: 1,
    stale_token: 1,
    elsewhere: 1,
    ace_down: 1,
    unreachable: 3,
    no_credentials: 3,
    missing_allowed: 0,
    no_check_applies: 3,
    read_only: 0,
    quiet: 1,
    color: 1,
}


FORMATS = {"text": "txt", "json": "json", "junit": "xml", "markdown": "md", "github": "github", "prometheus": "prom"}


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("case", CASES)
def test_golden(tmp_path, case, format_):
    system, options = case()
    names = options.pop("names", ())
    code, text = system.run(tmp_path, *names, formats=(format_,), **options)
    text = re.sub(
        r'in [\d.]+ (s|invocations)\b|"seconds": [\d.]+|took [\d.]+ s|time="[\d.]+"',
        lambda found: re.sub(r"[\d.]+", "0.0", found[0]),
        text,
    )
    file = GOLDEN / f"{case.__name__}.exit{code}.{FORMATS[format_]}"
    if os.environ.get("UPDATE_GOLDEN"):
        file.write_text(text)
    assert code == CASES[case]
    assert text == file.read_text()


def test_no_golden_file_is_left_over():
    expected = {f"{case.__name__}.exit{code}.{end}" for case, code in CASES.items() for end in FORMATS.values()}
    assert {file.name for file in GOLDEN.iterdir()} == expected
