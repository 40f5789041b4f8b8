"""`python -m backfill plan`: the rest of the work, from the stored days, from measured pages, or from nothing."""

import json

import pytest

from contract.control_objects import PAUSE_KEY
from tests.fakes import days
from tests.fakes.answers import refusal
from tests.fakes.healthy_system import healthy_system
from tests.fakes.manifest import SITE, manifest_data
from tests.unit.backfill.test_status import read_json

PAUSE = b'{"reason":"ACE moves","by":"jo","at":"2024-12-20T10:00:00Z"}'


def make_plan(run, system, *arguments):
    code, out, err = run(system, "plan", "--format", "json", *arguments)
    assert (code, err) == (0, "")
    return read_json(out)


def test_the_samples_are_those_of_the_stored_days(run):
    found = make_plan(run, healthy_system(stored=2))
    assert found["sites"] == [
        {
            "name": SITE,
            "due": 5,
            "missing": 3,
            "failed": 0,
            "samples_per_day": 3,
            "requests": 3,
            "seconds": 4,
            "bytes": 60,
        }
    ]
    assert (found["parallelism"], found["page_seconds"], found["month"]["usd"]) == (1, 1.0, 5.0)


def test_nothing_is_left_of_a_complete_backfill(run):
    found = make_plan(run, healthy_system(stored=5))
    assert (found["requests"], found["seconds"], found["bytes"]) == (0, 0, 0)


def test_three_pages_are_measured_and_their_rows_count(run):
    system = healthy_system(stored=0, manifest=manifest_data(ace__page_size=3))
    asked = len(system.asked)
    found = make_plan(run, system, "--measure")
    assert sum("paginated" in line for line in system.asked[asked:]) == 3
    assert [page["day"] for page in found["measured"]] == ["2024-12-10", "2024-12-12", "2024-12-14"]
    assert found["sites"][0]["samples_per_day"] == 3
    assert all(line.startswith("GET ") for line in system.asked)


def test_a_site_without_a_stored_day_has_the_mean_of_the_others(run):
    system = healthy_system(stored=2, manifest=manifest_data(names=(SITE, "plant_2")))
    assert [site["samples_per_day"] for site in make_plan(run, system)["sites"]] == [3, 3]


def test_a_stack_that_is_not_deployed_has_no_bucket_and_all_its_days_missing(run):
    system = healthy_system()
    system.cloudflare.buckets.clear()
    found = make_plan(run, system)
    assert (found["sites"][0]["missing"], found["requests"]) == (5, 5)


def test_without_a_stored_or_a_measured_day_the_size_and_the_cost_are_not_known(run):
    """A plan of an empty stack said 20 bytes a day, and the price of an idle worker."""
    system = healthy_system(stored=0)
    found = make_plan(run, system)
    assert (found["sites"][0]["samples_per_day"], found["sites"][0]["bytes"]) == (None, None)
    assert (found["requests"], found["bytes"], found["month"]) == (5, None, None)
    out = run(system, "plan")[1]
    assert out.splitlines()[1].split() == [SITE, "5", "5", "0", "-", "5", "8", "s", "-"]
    assert "the size and the cost are not known" in " ".join(out.split())
    assert "USD" not in out
    assert "USD" in run(system, "plan", "--measure")[1]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        (lambda _: None, "The backfill needs no command. To see its state: python -m backfill status"),
        (
            lambda system: system.routes.update({("GET", "/deployments"): refusal(404, 10007)}),
            "After `pulumi up` the backfill needs no command. To see its state: python -m backfill status",
        ),
        (
            lambda system: system.objects.update({PAUSE_KEY: days.Stored(body=PAUSE, custom={})}),
            "paused since 2024-12-20 10:00:00 UTC by jo: ACE moves. To resume it: python -m backfill resume",
        ),
        (
            lambda system: system.manifest.update(schedules=[]),
            "nothing starts the backfill. To declare one: pulumi config set schedule '*/5 * * * *' --stack prod",
        ),
    ],
)
def test_the_last_line_is_the_next_command(run, change, text):
    system = healthy_system(stored=2)
    change(system)
    assert text in " ".join(run(system, "plan")[1].removesuffix(" --manifest manifest.json\n").split())


def test_an_ace_that_refuses_the_key_is_one_line(run):
    system = healthy_system()
    system.ace.key = "another-key-than-the-stack's"
    code, out, err = run(system, "plan", "--measure")
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert "probably a wrong key" in err
    assert err.endswith("Next: python -m checks run token --manifest manifest.json\n")


def test_without_the_key_the_next_command_sets_it(run):
    """The line named a request to ACE, which says nothing about the key."""
    system = healthy_system()
    environ = {name: value for name, value in system.environ.items() if name != "ACE_API_KEY"}
    code, out, err = run(system, "plan", "--measure", environ=environ)
    assert (code, out, err.count("\n")) == (3, "", 1)
    assert err.endswith("ACE_API_KEY is not set. Next: read -rs ACE_API_KEY && export ACE_API_KEY\n")


def test_a_queue_gives_its_parallelism(run):
    queue = {"name": "a-days", "dead_letter_name": "a-dead-days", "parallelism": 8}
    assert make_plan(run, healthy_system(manifest=manifest_data(queue=queue)))["parallelism"] == 8


@pytest.mark.parametrize("names", [(SITE,), (SITE, "plant_2")])
def test_the_text_fits_80_columns(run, names, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    code, out, _ = run(healthy_system(manifest=manifest_data(names=names)), "plan")
    assert code == 0
    assert max(map(len, out.splitlines())) <= 80
    assert ("\nall " in out) == (len(names) > 1)
    assert "a month costs about 5.00 USD" in " ".join(out.split())
    assert "python -m backfill status --manifest manifest.json" in " ".join(out.split())
    assert "{" not in json.dumps(out).strip('"')
