"""The consumers of the queues, which the program declares and the checks compare with the live ones."""

from __future__ import annotations

BATCH_SIZE = 1  # a day is one message, so that a killed consumer costs one day an attempt
MAX_RETRIES = 4  # five deliveries
DEAD_LETTER_BATCH_SIZE = 10
DEAD_LETTER_CONCURRENCY = 1
