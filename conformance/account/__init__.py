"""The account of a run: its API with reads and writes, the address of the worker, and the things that were made."""
