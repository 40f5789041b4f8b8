"""ACE's API."""
