"""The backfill worker and workers with the same routes."""
