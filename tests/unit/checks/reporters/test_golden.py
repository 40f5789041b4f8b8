"""Whole reports, word for word. UPDATE_GOLDEN=1 rewrites the files; read the difference then."""

import os
import re
from pathlib import Path

import httpx
import pytest

from tests.fakes.manifest import ENVIRON, TAG, manifest_data
from tests.unit.checks.world import World, answer

GOLDEN = Path(__file__).parents[3] / "golden" / "checks"


def healthy():
    return World(), {}


def secret_missing():
    world = World()
    world.key = ""
    world.change_secret()
    return world, {}


def secret_wrong():
    world = World()
    world.key = "another-key-put-by-hand"
    world.change_secret("ACE_API_KEY")
    return world, {}


def storage_unbound():
    world = World()
    world.healthy = False
    world.upload("", "version_upload")
    world.unbind("BUCKET", "CF_VERSION_METADATA")
    error = {"code": "storage", "message": "no bucket is bound"}
    world.status = lambda: answer(502, {"status": "error", "error": error, "last_error": None})
    return world, {}


def bindings_wiped():
    world = World()
    world.healthy = False
    world.upload("")
    world.unbind("SITE", "START_DATE", "END_DATE", "CF_VERSION_METADATA")
    world.bound["PAGE_SIZE"]["text"] = "a secret that somebody pasted"
    world.schedules = ["0 * * * *"]
    return world, {}


def split():
    world = World()
    world.change_secret("ACE_API_KEY")
    world.live = ["v2", "v1"]
    return world, {}


def rollback():
    world = World()
    world.versions[0] = world.version(1, TAG.replace("2", "9"), "upload")
    world.bound["PAGE_SIZE"]["text"] = "5000"
    world.versions.insert(0, world.version(2, TAG, "upload"))
    world.tag = world.versions[1]["annotations"]["workers/tag"]
    return world, {}


def stale_token():
    environ = {**ENVIRON, "OPERATOR_TOKEN": "the-token-of-another-stack"}
    return World(), {"names": ("key",), "environ": environ}


def elsewhere():
    world = World(manifest=manifest_data(worker__url="https://building-vitals-backfill.rehersal.workers.dev"))
    world.routes["GET", "/health"] = world.routes["GET", "/status"] = httpx.Response(404, text="<h1>Nothing|here</h1>")
    return world, {}


def ace_down():
    world = World(days=0)
    error = {"code": "upstream_unavailable", "message": "ACE answered 503"}
    idle = {"status": "in_progress", "progress": world.progress(), "continuation": True}
    world.status = lambda: answer(200, {**idle, "last_error": error if "POST /trigger" in world.asked else None})
    world.routes["GET", "/paginated"] = answer(503, **{"retry-after": "3600"})  # nobody waits: time passes for all
    world.routes["POST", "/trigger"] = answer(502, {"status": "error", "error": error, "continuation": True})
    return world, {}


def unreachable():
    def refuse(request):
        raise httpx.ConnectError("[Errno 111] Connection refused")

    world = World()
    world.routes = {("GET", "/"): refuse, ("POST", "/"): refuse}
    return world, {}


def no_credentials():
    return World(), {"environ": {}}


def strict():
    return World(), {"environ": {}, "strict": True}


def nothing_to_judge():
    return World(), {"environ": {}, "names": ("secrets",), "skip": ("config",)}


def read_only():
    return World(), {"read_only": True, "verbose": True}


def quiet():
    world, _ = ace_down()
    return world, {"quiet": True}


def color():
    world, _ = ace_down()
    return world, {"color": True}


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
    no_credentials: 0,
    strict: 3,
    nothing_to_judge: 3,
    read_only: 0,
    quiet: 1,
    color: 1,
}


FORMATS = {"text": "txt", "json": "json", "junit": "xml", "markdown": "md", "github": "github"}


@pytest.mark.parametrize("format_", FORMATS)
@pytest.mark.parametrize("case", CASES)
def test_golden(tmp_path, case, format_):
    world, options = case()
    names = options.pop("names", ())
    code, text = world.run(tmp_path, *names, formats=(format_,), **options)
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
