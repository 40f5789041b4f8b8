"""The plugin reads and shows the properties that the official one does, as the real engine sees it.

The official plugin passes these tests, too: .github/CONTRIBUTING.md.
"""

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from rehearsal.cloudflare import views
from rehearsal.pulumi_stand_ins import PLUGIN
from tests.contract.provider_program import ACCOUNT, CANARY
from tests.contract.provider_world import NAMED_ALWAYS, Seen, World, open_world

SCRIPT = "workers/scripts/backfill"
Change = Callable[[World], object]


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """Changes outside Pulumi, and their steps in `preview --refresh`. Plain `preview` shows none of them."""

    name: str
    change: Change
    steps: dict[str, str] = field(default_factory=dict)
    changed: dict[str, frozenset[str]] = field(default_factory=dict)


def _replace_secret(world: World) -> object:
    body = {"name": "ACE_API_KEY", "text": "another-fake-key", "type": "secret_text"}
    return world.api("PUT", f"{SCRIPT}/secrets", json=body)


SETTINGS = {
    "observability": {"enabled": False},
    "logpush": True,
    "limits": {"cpu_ms": 50},
    "placement": {"mode": "smart"},
    "tail_consumers": [{"service": "tail"}],
}
CRONS = f"{SCRIPT}/schedules"
# One preview shows several changes where each has its own resource, or where all of them are invisible.
TABLE = [
    Row(
        name="values of secret, text, annotation and cron changed",
        change=lambda world: (
            _replace_secret(world),
            world.upload_outside_pulumi(SITES="another_site", message="outside Pulumi"),
            world.api("PUT", CRONS, json=[{"cron": "0 1 * * *"}]),
        ),
    ),
    Row(
        name="text, bucket binding and crons removed",
        change=lambda world: (
            world.upload_outside_pulumi(drop="SITES"),
            world.upload_outside_pulumi(drop="BUCKET"),
            world.api("PUT", CRONS, json=[]),
        ),
    ),
    Row(
        name="secret deleted",
        change=lambda world: world.api("DELETE", f"{SCRIPT}/secrets/ACE_API_KEY?url_encoded=true"),
        steps={"script": "update"},
        changed={"script": frozenset({"bindings"})},
    ),
    Row(
        name="binding added",
        change=lambda world: world.upload_outside_pulumi(add={"name": "MORE", "type": "plain_text", "text": "x"}),
        steps={"script": "update"},
        changed={"script": frozenset({"bindings"})},
    ),
    Row(
        name="content changed, bucket deleted and workers.dev switched off",
        change=lambda world: (
            world.upload_outside_pulumi(content="export default {}"),
            world.api("DELETE", "r2/buckets/ace-timeseries"),
            world.api("POST", f"{SCRIPT}/subdomain", json={"enabled": False}),
        ),
        steps={"script": "update", "bucket": "create", "switch": "update"},
        changed={
            "script": frozenset({"contentSha256"}),
            "bucket": frozenset(),
            "switch": frozenset({"enabled"}),
        },
    ),
]


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with open_world(tmp_path_factory.mktemp("provider")) as opened:
        for stack in ("live", "second", "adopting"):
            opened.pulumi("stack", "init", stack=stack)
        opened.up()
        yield opened


@pytest.fixture(scope="module")
def rebound(world: World) -> Seen:
    """A preview with another value of a binding."""
    with world.declared(site="another_site"):
        return world.preview()


def test_no_change_is_visible_without_refresh(world: World) -> None:
    with world.account_restored():
        for row in TABLE:
            row.change(world)
        assert world.preview().steps == {}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.name)
def test_a_refresh_reads_the_properties_that_the_official_one_reads(world: World, row: Row) -> None:
    with world.account_restored():
        row.change(world)
        seen = world.preview("--refresh")
    assert (seen.steps, seen.changed) == (row.steps, row.changed)


def test_a_changed_binding_is_one_secret_in_text(world: World) -> None:
    with world.declared(site="another_site"):
        text = world.pulumi("preview", "--diff")
    assert "~ 1 to update" in text
    assert [line.split() for line in text.splitlines() if "bindings" in line] == [["bindings", ":", "[secret]"]]
    assert "another_site" not in text


def test_a_changed_binding_is_one_secret_in_json(rebound: Seen) -> None:
    seen = rebound
    [step] = [step for step in seen.shown["steps"] if step["op"] != "same"]
    assert step["detailedDiff"] is None
    # Padded with all that the API may compute, so that only `bindings` can be trusted.
    assert {"annotations", "bindings", "compatibilityFlags", "etag", "placement"} <= set(step["diffReasons"])
    assert step["oldState"]["inputs"]["bindings"] == step["newState"]["inputs"]["bindings"] == "[secret]"
    assert "another_site" not in seen.text


def test_a_changed_message_sends_script_and_every_binding_again(world: World) -> None:
    with world.restored(), world.declared(message="second"):
        world.api("DELETE", f"{SCRIPT}/secrets/ACE_API_KEY?url_encoded=true")
        seen = world.preview()
        assert (seen.steps, seen.changed) == ({"script": "update"}, {"script": frozenset()})
        assert "annotations" in seen.named["script"]
        world.up()
        live = world.cloudflare.account.workers["backfill"].live
        assert live.annotations["workers/message"] == "second"
        assert live.secrets == {"ACE_API_KEY": CANARY}
        assert world.preview("--refresh").steps == {}


def test_an_upload_is_known_by_its_file_and_its_digest_and_another_cron_is_sent(world: World) -> None:
    (world.folder / "other.js").write_text("export default { }\n")
    with world.declared(content="other.js", crons=("0 * * * *",)):
        assert world.preview().changed == {
            "script": frozenset({"contentFile", "contentSha256"}),
            "cron": frozenset({"schedules"}),
        }


@pytest.mark.parametrize(
    ("change", "replaced"),
    [({"bucket": "another-bucket"}, {"bucket"}), ({"script": "another-script"}, {"script", "switch", "cron"})],
    ids=["bucket", "script"],
)
def test_another_name_is_another_resource(world: World, change: dict[str, str], replaced: set[str]) -> None:
    with world.declared(protect=False, **change):
        steps = world.preview().steps
    assert {name for name, operation in steps.items() if operation != "update"} == replaced


def test_a_protected_bucket_is_not_destroyed(world: World) -> None:
    text = world.pulumi("destroy", "--yes", succeeds=False)
    assert "cannot be deleted" in text
    assert "because it is protected" in text
    assert "ace-timeseries" in world.cloudflare.account.buckets


def find_errors(text: str) -> list[str]:
    """Return the lines of errors of the plugin, without those of the engine."""
    lines = (line.strip() for line in text.splitlines())
    return [line for line in lines if line.startswith("error:") and "failed to make http request" in line]


def test_a_bucket_that_exists_is_refused_twice_in_raw_json(world: World) -> None:
    with world.account_restored(), world.declared(script="second"):
        text = world.up(stack="second", succeeds=False)
    errors = find_errors(text)
    assert len(errors) == 2
    for line in errors:
        assert f'POST "{world.url}/accounts/{ACCOUNT}/r2/buckets": 409 Conflict {{' in line
        assert '"code": 10004' in line


def test_a_refresh_with_a_wrong_token_shows_each_resource_twice_and_no_line_of_the_program(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(world.environment, "CLOUDFLARE_API_TOKEN", "wrong" * 8)
    with world.declared(content="absent.js"):  # the program would fail with another error, but does not run
        text = world.pulumi("preview", "--refresh", succeeds=False)
    assert len(find_errors(text)) == 8, text
    assert "absent.js" not in text


@pytest.mark.stand_in(PLUGIN)  # the official plugin retries over two minutes
def test_a_refresh_without_the_api_shows_each_resource_twice(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(world.environment, "CLOUDFLARE_BASE_URL", "http://127.0.0.1:9/client/v4")
    monkeypatch.setitem(world.environment, "STAND_IN_RETRY_PAUSE", "0")
    assert len(find_errors(world.pulumi("preview", "--refresh", succeeds=False))) == 8


def test_settings_that_the_program_does_not_declare_are_an_update_in_every_preview(world: World) -> None:
    with world.restored():
        world.upload_outside_pulumi(more=SETTINGS)
        seen = world.preview("--refresh")
        assert seen.steps == {"script": "update"}
        assert {"limits", "logpush", "observability", *NAMED_ALWAYS} <= seen.named["script"]
        world.pulumi("up", "--yes", "--skip-preview", "--refresh")
        seen = world.preview("--refresh")  # `up` did not restore what it does not send
        assert seen.steps == {"script": "update"}
        assert "observability" in seen.named["script"]
        assert (
            not {"limits", "logpush"} & seen.named["script"]
        )  # it sends `logpush`, and each upload has its own limits


def test_an_empty_object_of_limits_is_an_update_in_every_preview(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(views, "_show_limits", lambda version: {"limits": {}})
    seen = world.preview("--refresh")
    assert seen.steps == {"script": "update"}
    assert "limits" in seen.named["script"]


def test_ids_and_outputs_are_those_of_the_official_plugin(world: World) -> None:
    state = json.loads(world.pulumi("stack", "export"))["deployment"]["resources"]
    found = {item["urn"].rpartition("::")[2]: item for item in state}
    ids = {name: found[name]["id"] for name in ("bucket", "script", "switch", "cron")}
    assert ids == {"bucket": "ace-timeseries", "script": "backfill", "switch": ACCOUNT, "cron": "backfill"}
    [schedule] = found["cron"]["outputs"]["schedules"]
    assert schedule.keys() == {"cron", "createdOn", "modifiedOn"}
    assert world.cloudflare.account.workers["backfill"].live.source == "terraform"
    assert world.cloudflare.account.workers["backfill"].settings["logpush"] is False


def test_existing_resources_are_adopted_and_the_lost_bindings_are_listed(world: World) -> None:
    with world.account_restored(), world.declared(adopt=True, site="adopted_site", protect=False):
        seen = world.preview(stack="adopting")
        operations = [(step["op"], step["urn"].rpartition("::")[2]) for step in seen.shown["steps"]]
        assert {("import", "bucket"), ("import", "script"), ("update", "script")} <= set(operations)
        assert "ses_falls_city" in seen.text  # the live binding that would vanish, in clear
        world.up(stack="adopting")
        [site] = [each for each in world.api("GET", f"{SCRIPT}/settings")["bindings"] if each["name"] == "SITES"]
        assert site["text"] == "adopted_site"
        assert world.preview("--refresh", stack="adopting").steps == {}
        assert "will not change it in the API" in world.pulumi("destroy", "--yes", stack="adopting")
        assert world.cloudflare.account.workers == {}


@pytest.mark.stand_in(PLUGIN)
def test_it_reports_that_it_is_a_stand_in(rebound: Seen) -> None:
    diagnostics = [each["message"].strip() for each in rebound.shown["diagnostics"]]
    assert diagnostics.count("stand-in for the official cloudflare plugin: rehearsals and tests only") == 1


def test_the_key_is_nowhere(world: World, rebound: Seen) -> None:
    assert rebound.text in "".join(world.output)
    state = world.pulumi("stack", "export")
    assert "ses_falls_city" not in state  # the bindings are encrypted as one
    assert ACCOUNT in state
    written = [path.read_text(errors="replace") for path in world.folder.rglob("*") if path.is_file()]
    for text in (*world.output, *written, str(world.cloudflare.requests)):
        assert CANARY not in text
