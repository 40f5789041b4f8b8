"""The query worker."""
