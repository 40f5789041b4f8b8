"""Drift: pure functions that compare a live worker with the tag of its upload. Nothing here imports Pulumi."""
