"""``python -m backfill``: plan, watch, repeat, replace and pause the copying of days. Nothing here deletes a day."""
