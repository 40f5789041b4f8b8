"""The commands, one module each: plan, retry, replace, pause. Each takes a session and returns data."""
