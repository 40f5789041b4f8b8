"""The engine of a run: its throw-away stack, and the versions of its programs."""
