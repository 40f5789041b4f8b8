"""Without a tail to open, the trigger does not wait."""

import time

from checks.run.tandem import Tandem


def test_a_trigger_without_logs_does_not_wait():
    begun = time.monotonic()
    Tandem().await_tail(5)
    assert time.monotonic() - begun < 0.1
