"""The content of a stored day: its values, its gzip members, and its size."""
