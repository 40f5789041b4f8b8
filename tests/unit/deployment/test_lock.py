"""A lock of the state is explained, with its release only where no holder is known to run."""

import os
import socket
import subprocess
import sys

import pytest

from deployment import lock as locks
from deployment.child import Ended
from deployment.lock import Holder, Lock, find_lock, release

FILE = "  file:///state/.pulumi/locks/organization/building-vitals/prod/69a09ef6.json"
FIRST = (
    "error: the stack is currently locked by 1 lock(s). Either wait for the other process(es) to end or delete the lock "
    "file with `pulumi cancel`."
)
CLOUD = "error: [409] Conflict: Another update is currently in progress."
GITHUB = {"GITHUB_SERVER_URL": "https://hub.test", "GITHUB_REPOSITORY": "owner/name"}


def dead_pid():
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    return ended.pid


def lock_by(host, pid):
    return find_lock(
        "prod", ["Updating", FIRST, f"{FILE}: created by ann lee@{host} (pid {pid}) at 2026-11-28T00:42:04Z"]
    )


def test_a_holder_on_another_machine_must_be_looked_for_first():
    """Case P15: hosted runners are other machines each time."""
    lock = lock_by("runner-7", 12)
    assert lock.holders == (Holder(user="ann lee", host="runner-7", pid=12, at="2026-11-28T00:42:04Z"),)
    assert not lock.is_held
    assert lock.explain(GITHUB) == [
        "The state of stack prod is locked, so nothing was deployed.",
        "Held by ann lee on runner-7 (process 12) since 2026-11-28T00:42:04Z. It is another machine, so it is unknown "
        "whether the process still runs.",
        "1. Look whether another job or terminal still deploys this stack: https://hub.test/owner/name/actions.",
        "2. Only if none does, release the lock and deploy again:",
        "   pulumi cancel --yes --stack prod",
        "   or on GitHub: run the workflow `deploy` with the input release-lock",
    ]


def test_a_holder_that_ended_on_this_machine():
    lock = lock_by(socket.gethostname(), dead_pid())
    assert not lock.is_held
    text = "\n".join(lock.explain({}))
    assert "This process does not run any more." in text
    assert "pulumi cancel --yes --stack prod" in text


def test_a_holder_that_runs_is_waited_for():
    lock = lock_by(socket.gethostname(), os.getpid())
    assert lock.is_held
    assert "pulumi cancel" not in "\n".join(lock.explain(GITHUB))
    assert lock.explain(GITHUB)[-1] == "Wait for its end, then deploy again."


def test_pulumi_cloud_names_no_holder():
    lock = find_lock("prod", [CLOUD])
    assert lock.holders == ()
    assert "The backend does not name its holder." in lock.explain({})


@pytest.mark.parametrize("lines", [[], ["error: update failed"], ["created by a@b (pid 1) at now"]])
def test_other_failures_are_not_locks(lines):
    assert find_lock("prod", lines) is None


@pytest.mark.parametrize(("code", "released"), [(0, True), (1, False)])
def test_the_release_is_the_engine_s_own(monkeypatch, code, released):
    seen = []
    monkeypatch.setattr(
        locks, "run_child", lambda command, *_, **__: seen.append(command) or Ended(code=code, lines=())
    )
    assert release(Lock(stack="prod", holders=()), None, environ={}) is released
    assert seen == [("pulumi", "cancel", "--yes", "--non-interactive", "--stack", "prod")]
