"""Findings, reports, credentials, redaction and the deadline."""
