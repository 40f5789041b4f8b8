"""`python -m backfill retry`, `replace`, `pause` and `resume`: nothing is lost, and each refusal is one line."""

import json

import pytest

from contract.control_objects import FAILURES_PREFIX, PAUSE_KEY
from tests.fakes import days
from tests.fakes.answers import answer, worker_error
from tests.fakes.healthy_system import endless_system, healthy_system
from tests.fakes.manifest import NOW, SITE, manifest_data
from tests.fakes.operator_routes import write_failure
from tests.unit.backfill.test_status import read_json

FIRST, SECOND, THIRD = "2024-12-10", "2024-12-11", "2024-12-12"


@pytest.fixture
def system():
    """Five days, of which two are stored and two of the others have failed."""
    system = healthy_system(stored=2)
    write_failure(system.objects, THIRD, at=NOW)
    write_failure(system.objects, "2024-12-13", at=NOW)
    return system


def failures(system):
    return [key for key in system.objects if key.startswith(FAILURES_PREFIX)]


def refused(run, system, *arguments, code=2, **more):
    """Return the line of a command that is refused and changes nothing."""
    before = dict(system.objects)
    found, out, err = run(system, *arguments, **more)
    assert (found, out, err.count("\n")) == (code, "", 1), (out, err)
    assert system.objects == before
    return err.removeprefix("error: ").rstrip("\n")


# ---- retry


def test_retry_copies_each_failed_day_and_the_worker_removes_its_failure(run, system):
    code, out, err = run(system, "retry")
    assert (code, err, failures(system)) == (0, "", [])
    assert out == f"{SITE} {THIRD}  stored\n{SITE} 2024-12-13  stored\n2 days: 2 stored\n"
    assert not any(line.startswith(("DELETE", "PUT")) for line in system.asked), "the command deletes nothing itself"
    assert run(system, "retry")[:2] == (0, "no day has failed\n")


def test_retry_copies_a_named_day_that_is_missing_without_the_api(run, system):
    system.cloudflare.token = "another"
    code, out, _ = run(system, "retry", "--site", SITE, "--day", "2024-12-14", "--day", FIRST)
    assert (code, out.splitlines()[-1]) == (0, "2 days: 2 stored")
    assert days.key_of("2024-12-14") in system.objects


def test_retry_chooses_by_day(run, system):
    code, out, _ = run(system, "retry", "--day", THIRD, "--format", "json")
    data = read_json(out)
    assert (code, [(item["day"], item["outcome"]) for item in data["days"]]) == (0, [(THIRD, "stored")])


def test_a_day_that_fails_again_is_shown_and_the_others_are_copied(run, system):
    system.worker.operated.failing[THIRD] = "upstream_contract"
    code, out, _ = run(system, "retry")
    assert code == 1
    assert out.splitlines() == [
        f"{SITE} {THIRD}  failed        upstream_contract, made up",
        f"{SITE} 2024-12-13  stored",
        "2 days: 1 stored, 1 failed",
        "To see the cause: python -m checks run token failures --manifest manifest.json",
    ]
    assert failures(system) == [f"{FAILURES_PREFIX}{SITE}/{THIRD}.json"]


def test_a_refused_key_ends_the_attempts_and_an_outage_does_after_three_days(run):
    for code, tried in (("upstream_auth", 1), ("upstream_unavailable", 3)):
        system = healthy_system(stored=0)
        system.worker.operated.failing = dict.fromkeys(map(days.date_of, range(5)), code)
        names = [word for number in range(5) for word in ("--day", days.date_of(number))]
        found, out, _ = run(system, "retry", "--site", SITE, *names)
        assert (found, out.splitlines()[-2]) == (1, f"5 days: {tried} failed, {5 - tried} not tried")


def test_a_refused_site_is_left_after_three_days_and_another_one_is_copied(run):
    system = healthy_system(stored=0, manifest=manifest_data(names=("a", "b")))
    for number in range(5):
        write_failure(system.objects, days.date_of(number), at=NOW, site="a")
    write_failure(system.objects, FIRST, at=NOW, site="b")
    system.worker.operated.failing = dict.fromkeys(map(days.date_of, range(1, 5)), "upstream_rejected")
    code, out, _ = run(system, "retry")
    assert (code, out.splitlines()[-2]) == (1, "6 days: 2 stored, 3 failed, 1 not tried")
    assert out.splitlines()[4:6] == [f"a {days.date_of(4)}  not tried", f"b {FIRST}  stored"]


def test_a_day_that_is_busy_or_too_large_is_not_done(run, system):
    system.worker.operated.busy, system.worker.operated.slow = {THIRD}, {"2024-12-13"}
    code, out, _ = run(system, "retry")
    assert (code, out.splitlines()[-1]) == (1, "2 days: 1 unfinished, 1 busy")


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--site", "none"), f"no site 'none' in prod. Declared: {SITE}"),
        (
            ("--site", SITE, "--day", "2024-12-09"),
            f"2024-12-09 is not a day of {SITE}, which is declared from {FIRST} to 2024-12-14",
        ),
        (("--day", "2024-12-32"), "Invalid value for '--day': expected a day such as 2024-12-10, found '2024-12-32'"),
    ],
)
def test_retry_refuses_days_that_are_not_declared(run, system, arguments, text):
    assert refused(run, system, "retry", *arguments) == text


def test_a_day_of_several_sites_needs_the_name_of_its_site(run):
    system = healthy_system(stored=2, manifest=manifest_data(names=(SITE, "plant_2")))
    write_failure(system.objects, THIRD, at=NOW, site="plant_2")
    text = refused(run, system, "retry", "--day", "2024-12-13")
    assert text == "2024-12-13 is not a failed day of any site. Name the site of a missing day with --site NAME"
    out = run(system, "retry", "--day", THIRD)[1]
    assert out.startswith(f"plant_2 {THIRD}  stored")


def test_a_day_that_is_not_due_is_refused(run):
    text = refused(run, endless_system(stored=2), "retry", "--site", SITE, "--day", "2024-12-20")
    assert text == f"2024-12-20 of {SITE} is not due before 2024-12-21 06:00:00 UTC"


# ---- replace


def halve(system, day=FIRST):
    """Let ACE lose all rows of a day but the first."""
    system.ace.days[day] = system.ace.days[day][:1]


def test_a_dry_run_shows_the_change_and_makes_none(run, system):
    """Case D2."""
    system.ace.days[FIRST] += days.to_rows(days.lines(FIRST, 5))[3:]
    before = dict(system.objects)
    code, out, _ = run(system, "replace", "--site", SITE, "--day", FIRST, "--dry-run")
    assert (code, system.objects) == (0, before)
    assert out.splitlines() == [
        f"{SITE} {FIRST}  would change  3 -> 5 rows: 2 added, 0 changed, 0 kept, revision 2",
        "1 day: 1 would change. rows: 2 added, 0 changed, 0 kept that only R2 has",
    ]


def test_a_replacement_stores_the_rows_and_keeps_every_row_that_only_r2_has(run, system):
    """Cases D1 and D2."""
    halve(system)
    before = days.read_lines(system.objects[days.key_of(FIRST)])
    code, out, _ = run(system, "replace", "--site", SITE, "--from", FIRST, "--to", SECOND, "--yes", "--format", "json")
    data = read_json(out)
    assert (code, data["dry_run"]) == (0, False)
    assert data["days"][0]["rows"] == {"before": 3, "after": 3, "added": 0, "changed": 0, "kept": 2}
    stored = system.objects[days.key_of(FIRST)]
    assert sorted(days.read_lines(stored), key=lambda line: line["timestamp"]) == before
    assert stored.custom["revision"] == "2"


def test_days_in_format_1_are_rewritten_without_ace(run, system):
    system.objects[days.key_of(SECOND)] = days.stored_in_members(SECOND)
    code, out, _ = run(system, "replace", "--site", SITE, "--format-1", "--from-stored", "--yes")
    assert f"{SITE} {FIRST}  revised       the format alone, revision 2" in out
    assert (code, out.splitlines()[-1].split(".")[0]) == (0, "1 day: 1 revised")
    assert system.objects[days.key_of(FIRST)].custom["format"] == "2"
    assert not any("paginated" in line for line in system.asked)
    assert run(system, "replace", "--site", SITE, "--format-1", "--yes")[:2] == (
        0,
        f"no stored day of {SITE} is in format 1\n",
    )


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (("--day", FIRST), "this is not a terminal. Add --dry-run to look, or --yes to replace"),
        (("--yes",), "choose the days by one of: --day DAY, --from DAY --to DAY, --format-1"),
        (
            ("--yes", "--day", FIRST, "--format-1"),
            "choose the days by one of: --day DAY, --from DAY --to DAY, --format-1",
        ),
        (("--yes", "--from", FIRST), "--from needs --to: the first and the last day, both included"),
        (("--yes", "--to", FIRST), "--to needs --from: the first and the last day, both included"),
        (("--yes", "--from", SECOND, "--to", FIRST), f"--from {SECOND} is after --to {FIRST}"),
        (
            ("--yes", "--from", FIRST, "--to", THIRD),
            f"{THIRD} is not stored. Copy it first: "
            f"python -m backfill retry --site {SITE} --day {THIRD} --manifest manifest.json",
        ),
        (
            ("--yes", "--from", FIRST, "--to", "2024-12-14"),
            f"3 of these days are not stored: {THIRD}, 2024-12-13, 2024-12-14. Copy them first: python -m backfill retry "
            f"--site {SITE} --day {THIRD} --day 2024-12-13 --day 2024-12-14 --manifest manifest.json",
        ),
        (
            ("--yes", "--day", "2024-12-15"),
            f"2024-12-15 is not a day of {SITE}, which is declared from {FIRST} to 2024-12-14",
        ),
    ],
)
def test_replace_refuses_each_choice_that_is_not_clear_or_not_stored(run, system, arguments, text):
    assert refused(run, system, "replace", "--site", SITE, *arguments) == text


def test_replace_refuses_an_unknown_site(run, system):
    assert refused(run, system, "replace", "--site", "x", "--yes", "--day", FIRST).startswith("no site 'x' in prod")


def test_a_failure_of_ace_or_a_lease_leaves_the_day_as_it_is(run, system):
    before = dict(system.objects)
    system.worker.operated.failing[FIRST], system.worker.operated.busy = "upstream_contract", {SECOND}
    code, out, _ = run(system, "replace", "--site", SITE, "--day", FIRST, "--day", SECOND, "--yes")
    assert (code, out.splitlines()[-2], system.objects) == (1, "2 days: 1 busy, 1 failed", before)
    assert "or its re-check is due" in out


# ---- a terminal


@pytest.fixture
def terminal(monkeypatch):
    """Standard input and output are a terminal, at which a person types an answer."""
    import io
    import sys

    def type_answer(text):
        stream = io.StringIO(text)
        monkeypatch.setattr(stream, "isatty", lambda: True, raising=False)
        monkeypatch.setattr(sys, "stdin", stream)
        monkeypatch.setattr("backfill.cli.changing.is_terminal", lambda: True)

    return type_answer


@pytest.mark.parametrize(("typed", "revision"), [("y\n", "2"), ("n\n", None), ("\n", None)])
def test_a_terminal_shows_the_change_and_asks(run, system, terminal, typed, revision):
    system.ace.days[FIRST] += days.to_rows(days.lines(FIRST, 4))[3:]
    system.objects[days.key_of(SECOND)] = days.stored_in_members(SECOND, days.lines(SECOND, 1))
    system.ace.days[SECOND] = days.to_rows(days.lines(SECOND, 1))
    terminal(typed)
    code, out, err = run(system, "replace", "--site", SITE, "--day", FIRST, "--day", SECOND)
    assert code == 0
    assert "would change" in out
    assert f"Store 1 day of {SITE} as a new revision?" in err + out
    assert ("nothing was changed" in out) == (revision is None)
    assert system.objects[days.key_of(FIRST)].custom.get("revision") == revision


def test_nothing_is_asked_where_nothing_differs(run, system, terminal):
    system.objects[days.key_of(FIRST)] = days.stored_in_members(FIRST, days.lines(FIRST, 1))
    system.ace.days[FIRST] = days.to_rows(days.lines(FIRST, 1))
    terminal("")
    code, out, _ = run(system, "replace", "--site", SITE, "--day", FIRST)
    assert (code, out) == (0, f"{SITE} {FIRST}  unchanged     1 row\n1 day: 1 unchanged\n")


# ---- Ctrl-C


@pytest.mark.parametrize(
    ("command", "text"),
    [
        (("status",), "interrupted"),
        (("replace", "--site", SITE, "--day", FIRST, "--dry-run"), "interrupted"),
        (
            ("replace", "--site", SITE, "--day", FIRST, "--yes"),
            "interrupted. Each day that is shown as stored or revised",
        ),
        (("retry",), "interrupted. Each day that is shown as stored or revised is stored"),
    ],
)
def test_an_interruption_is_one_line_and_names_the_stored_days(run, system, monkeypatch, command, text):
    def interrupt(*_, **__):
        raise KeyboardInterrupt

    for place in ("replace_day", "copy_day"):
        monkeypatch.setattr(f"backfill.worker.OperatedWorker.{place}", interrupt)
    monkeypatch.setattr("backfill.picture.reading.list_failures", interrupt)
    code, out, err = run(system, *command)
    assert (code, out, err.strip().count("\n")) == (3, "", 0)
    assert err.strip().startswith(f"error: {text}")


def test_the_end_of_the_input_at_the_question_changes_nothing(run, system, terminal):
    system.ace.days[FIRST] += days.to_rows(days.lines(FIRST, 4))[3:]
    before = dict(system.objects)
    terminal("")
    code, out, err = run(system, "replace", "--site", SITE, "--day", FIRST)
    assert (code, system.objects) == (3, before)
    assert (out + err).endswith("\nerror: interrupted. Nothing was changed\n")


# ---- pause and resume


def test_a_pause_is_kept_by_a_second_one_and_ends_once(run, system, monkeypatch):
    environ = system.environ | {"GITHUB_ACTOR": "jo"}
    code, out, _ = run(system, "pause", "--reason", "ACE  moves", environ=environ)
    assert (code, out) == (0, "paused since 2024-12-20 12:00:00 UTC by jo: ACE moves\n")
    assert run(system, "pause", "--reason", "other", environ=system.environ | {"GITHUB_ACTOR": "al"})[1] == out
    data = read_json(run(system, "pause", "--reason", "x", "--format", "json")[1])
    assert data["pause"] == {"reason": "ACE moves", "by": "jo", "at": "2024-12-20T12:00:00Z"}
    code, out, _ = run(system, "resume")
    assert (code, out) == (0, "resumed. It was paused since 2024-12-20 12:00:00 UTC by jo: ACE moves\n")
    assert PAUSE_KEY not in system.objects
    assert run(system, "resume")[:2] == (0, "the backfill was not paused\n")


def test_resume_needs_no_api_token(run, system):
    code, out, _ = run(system, "resume", environ={"ACE_API_KEY": system.key})
    assert (code, out) == (0, "resumed\n")


def test_a_pause_of_another_author_is_shown_without_secrets_and_control_characters(run, system):
    body = {"reason": f"{system.key} \x1b[31m", "by": "jo", "at": "2024-12-20T10:00:00Z"}
    system.objects[PAUSE_KEY] = days.Stored(body=json.dumps(body).encode(), custom={})
    for command in (("pause", "--reason", "x"), ("resume",)):
        out = run(system, *command)[1]
        assert "by jo: ***" in out
        assert "\x1b" not in out


@pytest.mark.parametrize("reason", ["", " \n", "x" * 201, "\N{OFFICE BUILDING}" * 101])
def test_a_pause_has_a_reason(run, system, reason):
    assert refused(run, system, "pause", "--reason", reason) == "--reason: expected 1 to 200 characters"


# ---- answers that are not about the day


def test_a_wrong_operator_token_is_one_line_with_the_next_command(run, system):
    environ = system.environ | {"ACE_API_KEY": "another-key-of-ace-0001"}
    text = refused(run, system, "pause", "--reason", "x", environ=environ, code=1)
    assert text == (
        "POST /pause: the worker refuses the operator token of ACE_API_KEY."
        " Next: python -m checks run key --manifest manifest.json"
    )


def test_no_operator_token_is_inconclusive(run, system):
    text = refused(run, system, "resume", environ={}, code=3)
    assert text == "no operator token. Use --stack NAME, or set OPERATOR_TOKEN or ACE_API_KEY"


@pytest.mark.parametrize(
    ("reply", "code", "text"),
    [
        (worker_error(404, "not_found"), 1, "the worker has no such route (404 not_found (made up)). It is older"),
        (worker_error(503, "not_configured", "no BUCKET"), 1, "503 not_configured (no BUCKET). Next: python -m checks"),
        (answer(200, {"status": "odd"}), 1, "expected the rows of"),
        (answer(200, ["<html>"]), 1, "Next: python -m checks run health key"),
    ],
)
def test_another_answer_is_one_line(run, system, reply, code, text):
    system.routes["POST", "/replace"] = reply
    assert text in refused(run, system, "replace", "--site", SITE, "--day", FIRST, "--yes", code=code)


def test_a_worker_that_fails_is_asked_a_few_times(run, system):
    system.routes["POST", "/resume"] = answer(500)
    assert "POST" in refused(run, system, "resume", code=1)
    assert system.asked.count("POST /resume") == 4


def test_no_deployment_is_named(run, system, capsys):
    from backfill.cli import commands

    with pytest.raises(SystemExit) as ended:
        commands.main(["status"])
    assert (ended.value.code, capsys.readouterr().err) == (
        2,
        "error: name the deployment with --stack NAME or --manifest FILE\n",
    )


def test_a_result_without_rows_is_data_too(run, system):
    system.worker.operated.busy = {FIRST}
    data = read_json(run(system, "replace", "--site", SITE, "--day", FIRST, "--yes", "--format", "json")[1])
    assert (data["days"][0]["outcome"], data["days"][0]["rows"]) == ("busy", None)
