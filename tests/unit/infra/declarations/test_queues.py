"""The queues of a stack: new, deployed by this stack, or taken over. Each refusal is one line with the next command."""

import pytest

from cloudflare_client.queues import Queue, QueueConsumer
from contract.drift.record import SettingChange
from infra.declarations import queues
from infra.declarations.queues import QUEUE_TYPE, QueueExistsError

DAYS, DEAD = "building-vitals-backfill-days", "building-vitals-backfill-dead-days"
DEPLOYED = {(QUEUE_TYPE, "days"): DAYS, (QUEUE_TYPE, "dead-days"): DEAD}


class Account:
    """Live queues by name. Every read is recorded."""

    def __init__(self, *found):
        self.found, self.asked = {queue.name: queue for queue in found}, []

    def find_queue(self, name):
        self.asked.append(name)
        return self.found.get(name)


def consumer(script="building-vitals-backfill", dead_letter_queue=DEAD, **settings):
    given = {"batch_size": 1, "max_concurrency": 4, "max_retries": 4, **settings}
    kind = "worker" if script else "http_pull"
    return QueueConsumer(id="c1", type=kind, script=script, dead_letter_queue=dead_letter_queue, **given)


def live(name=DAYS, *consumers):
    return Queue(id=f"id-{name}", name=name, paused=False, consumers=consumers)


@pytest.fixture
def planned(read):
    def planned(account, state=(), bound=None, **config):
        return queues.plan(read(**config), account, lambda: dict(state), bound=bound, message=None)

    return planned


def test_a_new_stack_creates_both_queues(planned):
    account = Account()
    found = planned(account)
    assert [(each.resource, each.name, each.existing) for each in found.queues] == [
        ("dead-days", DEAD, None),
        ("days", DAYS, None),
    ]
    assert account.asked == [DAYS, DEAD]


@pytest.mark.parametrize(("config", "most"), [({}, 4), ({"parallelism": "1"}, 1), ({"parallelism": "50"}, 50)])
def test_the_days_have_as_many_consumers_as_the_setting_says(planned, config, most):
    """One message at a time each, and one consumer for the dead letters."""
    found = planned(Account(), **config).queues
    assert [(each.resource, each.batch_size, each.max_concurrency) for each in found] == [
        ("dead-days", 10, 1),
        ("days", 1, most),
    ]


def test_an_ordinary_preview_reads_neither_the_state_nor_the_queues_again(planned):
    account = Account()
    assert [each.existing for each in planned(account, state=None, bound=DAYS).queues] == [None, None]
    assert account.asked == []


def test_queues_in_the_state_are_this_stacks(planned):
    """An `up` that ended between the queues and the script has them in its state, and no upload that binds them."""
    account = Account(live(), live(DEAD))
    assert [each.existing for each in planned(account, state=DEPLOYED).queues] == [None, None]
    assert account.asked == []


def test_an_existing_queue_is_refused_or_taken_over(planned):
    account = Account(live(), live(DEAD))
    with pytest.raises(QueueExistsError) as caught:
        planned(account)
    assert str(caught.value) == (
        f"queue {DAYS!r} already exists but was not created by this stack. If another stack uses it, run: pulumi "
        "config set workerName ANOTHER. Otherwise, to take it over, run: pulumi config set adopt true"
    )
    assert [each.existing for each in planned(account, adopt="true").queues] == [f"id-{DEAD}", f"id-{DAYS}"]


@pytest.mark.parametrize("adopt", ["true", "false"])
@pytest.mark.parametrize(("script", "named"), [("another-worker", "the worker 'another-worker'"), ("", "a pull")])
def test_a_queue_with_another_consumer_is_refused_with_and_without_adopt(planned, adopt, script, named):
    with pytest.raises(QueueExistsError, match=f"is consumed by {named}.*config set workerName ANOTHER") as caught:
        planned(Account(live(DAYS, consumer(script))), adopt=adopt)
    assert "\n" not in str(caught.value)


def test_an_own_consumer_that_the_state_lost_must_be_removed_first(planned):
    with pytest.raises(QueueExistsError) as caught:
        planned(Account(live(DAYS, consumer())), adopt="true")
    assert str(caught.value).endswith(f"so run: npx wrangler queues consumer remove {DAYS} building-vitals-backfill")


@pytest.mark.parametrize(
    ("found", "shown"),
    [(DEAD, None), (None, None), ("another-queue", "another-queue"), ("", "none")],
)
def test_a_changed_dead_letter_queue_is_found_because_no_refresh_reads_it(read, found, shown):
    account = Account(live(DAYS, consumer(dead_letter_queue=found, max_concurrency=1)))
    changes = queues.find_changes(read(), account, bound=DAYS)
    expected = () if shown is None else (SettingChange(name="dead_letter_queue", expected=DEAD, found=shown),)
    assert changes == expected
    assert account.asked == [DAYS]


def test_a_stack_without_queues_and_a_deleted_queue_have_no_consumer_to_compare(read):
    account = Account()
    assert queues.find_changes(read(), account, bound=None) == ()
    assert account.asked == []
    assert queues.find_changes(read(), account, bound=DAYS) == ()
