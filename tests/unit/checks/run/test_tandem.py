"""Without a tail to open, the trigger does not wait."""

import time

from checks.run.tandem import Tandem


def test_nobody_waits_in_a_tandem_of_one():
    begun = time.monotonic()
    Tandem().await_tail(5)
    assert time.monotonic() - begun < 0.1
