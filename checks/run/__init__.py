"""One run, from the request to the exit code."""
