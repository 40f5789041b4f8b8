"""Lists the stored days once for all checks of a run, and fetches their objects."""
