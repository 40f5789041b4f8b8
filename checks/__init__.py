"""Verifies a deployment against its manifest, check by check, and names the cause of each failure."""
