import re
from dataclasses import replace

import pytest
from hypothesis import given

from contract.drift import record as drift
from contract.drift.record import ADDED, CHANGED, DELETED, BindingChange, Drift, EarlierChange, LiveBinding
from contract.drift.sentence import MAX_MESSAGE, describe, message_of
from tests.unit.contract.drift.test_record import RECORDS

EARLIER = EarlierChange(
    version="608d4072-aaaa", origin=drift.SECRET, author="ann@example.org", at="2026-11-24 11:10:47"
)
WHO = {"author": "jo@example.org", "at": "2026-11-24 11:10:48"}


def changed(*names, change=CHANGED):
    return tuple(BindingChange(name=name, change=change) for name in names)


@pytest.mark.untraced
@given(RECORDS)
def test_every_sentence_is_one_line_of_ascii_and_the_message_fits(record):
    for text in (describe(record), message_of(record)):
        assert text.isascii()
        assert text.isprintable()
    assert len(message_of(record)) <= MAX_MESSAGE


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        (
            Drift(version="c1529256-aaaa", origin=drift.SECRET, **WHO, changes=changed("ACE_API_KEY")),
            "drift: jo@example.org changed ACE_API_KEY outside Pulumi on 2026-11-24 11:10:48 UTC (live version c1529256). "
            "`pulumi up` restores it",
        ),
        (
            Drift(version="c1529256", origin=drift.PUT_BACK, **WHO, changes=changed("SITE")),
            "drift: jo@example.org put an earlier version back after a failed verification on 2026-11-24 11:10:48 UTC "
            "(live version c1529256). Bindings: SITE changed. `pulumi up` deploys the program again, so correct it first",
        ),
        (
            Drift(version="c1529256", origin=drift.SECRET, **WHO),
            "drift: jo@example.org changed secrets outside Pulumi on 2026-11-24 11:10:48 UTC (live version c1529256). "
            "`pulumi up` restores it",
        ),
        (
            Drift(
                version="c1529256",
                origin=drift.SECRET,
                **WHO,
                changes=(*changed("ACE_API_KEY", change=DELETED), *changed("MY-SECRET", "my.secret", change=ADDED)),
            ),
            "drift: jo@example.org changed secrets outside Pulumi on 2026-11-24 11:10:48 UTC (live version c1529256). "
            "Bindings: ACE_API_KEY deleted, MY-SECRET added, my.secret added. `pulumi up` restores it",
        ),
        (
            Drift(version="c1529256", origin=drift.CRONS, crons=()),
            "drift: the crons were changed outside Pulumi (live version c1529256). Live crons: none. "
            "Cloudflare does not record the author and the time of a cron change. `pulumi up` restores it",
        ),
        (
            Drift(version="c1529256", origin=drift.UPLOAD, **WHO, changes=changed("SITE"), crons=("0 1 * * *",)),
            "drift: jo@example.org uploaded another version outside Pulumi on 2026-11-24 11:10:48 UTC "
            "(live version c1529256). Bindings: SITE changed. Live crons: 0 1 * * *. `pulumi up` restores it",
        ),
        (
            Drift(version="c1529256", origin=drift.UNFINISHED, crons=("0 1 * * *",)),
            "drift: the last `pulumi up` did not finish, so its crons are not live (live version c1529256). "
            "Live crons: 0 1 * * *. `pulumi up` completes it",
        ),
        (
            Drift(version="c1529256", origin=drift.UPLOAD, **WHO, earlier=(EARLIER, replace(EARLIER, origin="upload"))),
            "drift: jo@example.org uploaded another version outside Pulumi on 2026-11-24 11:10:48 UTC "
            "(live version c1529256). Before that: ann@example.org changed secrets on 2026-11-24 11:10:47 UTC "
            "(version 608d4072), ann@example.org uploaded another version on 2026-11-24 11:10:47 UTC (version 608d4072). "
            "`pulumi up` restores it",
        ),
        (
            Drift(version="c1529256", origin="a new word", author="jo"),
            "drift: jo changed the worker outside Pulumi (live version c1529256). `pulumi up` restores it",
        ),
        (
            Drift(
                version="608d4072",
                origin=drift.UPLOAD,
                **WHO,
                adopted=True,
                lost=(LiveBinding(name="FLAG", type="plain_text"),),
                replaced=(LiveBinding(name="BUCKET", type="r2_bucket"),),
            ),
            "adopts live version 608d4072, which is not an upload of this stack (last changed by jo@example.org on "
            "2026-11-24 11:10:48 UTC). Lost: FLAG (plain_text). Replaced: BUCKET (r2_bucket). `pulumi up` takes it over",
        ),
    ],
    ids=lambda value: value.origin if isinstance(value, Drift) else "",
)
def test_a_sentence_for_people(record, sentence):
    assert describe(record) == sentence
    assert message_of(record) == sentence


def test_a_name_with_a_line_end_is_escaped():
    record = Drift(version="608d4072", origin=drift.SECRET, **WHO, changes=changed("A\n##[error]größe"))
    assert "changed A\\n##[error]gr\\xf6\\xdfe outside Pulumi" in describe(record)


def test_a_message_that_is_too_long_loses_whole_names_and_counts_them():
    lost = tuple(LiveBinding(name=f"LOST_{number:03}", type="kv_namespace") for number in range(60))
    record = Drift(
        version="608d4072", origin=drift.UPLOAD, changes=changed(*(f"NAME_{n:02}" for n in range(20))), lost=lost
    )
    assert "NAME_19 changed. Lost: LOST_000" in message_of(record)
    shown = len(re.findall("LOST_", message_of(record)))
    assert f"(kv_namespace), and {60 - shown} more. `pulumi up`" in message_of(record)
    assert "LOST_059 (kv_namespace). `pulumi up`" in describe(record)


def test_many_crons_are_counted():
    record = Drift(version="608d4072", origin=drift.CRONS, crons=tuple(f"{n} * * * *" for n in range(7)))
    assert "4 * * * *, and 2 more. Cloudflare" in message_of(record)
